"""Sources of text that choose among strings, and the odds of each character."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Generic, TypeVar

import numpy as np

from coursepkg.datasets.truth import FloatArray

State = TypeVar("State")


@dataclass(frozen=True, eq=False)
class Choice:
    """Strings of which the source writes one, and their probabilities.

    No string is the beginning of another one, so that the reader knows where the
    string ends and which one it was: derivations and texts match one to one.

    Parameters
    ----------
    options : tuple of str
        The strings, none empty.
    probabilities : tuple of float
        Of each string; they sum to 1.
    cumulative : tuple of float
        Their running sums.
    masses : dict
        For each beginning of a string, from "" to the whole of it, the total
        probability of the strings that begin so.
    number : dict
        For each string, its place in `options`.
    """

    options: tuple[str, ...]
    probabilities: tuple[float, ...]
    cumulative: tuple[float, ...]
    masses: dict[str, float]
    number: dict[str, int]

    @classmethod
    def of(
        cls, options: Sequence[str], weights: Sequence[float] | None = None
    ) -> Choice:
        """Return the choice among strings, equally likely unless weighted.

        Parameters
        ----------
        options : sequence of str
            The strings.
        weights : sequence of float, optional
            Positive; proportional to their probabilities.

        Returns
        -------
        Choice

        Raises
        ------
        ValueError
            If a string is empty or begins with another one.
        """
        weights = [1.0] * len(options) if weights is None else list(weights)
        total = math.fsum(weights)
        shares = tuple(weight / total for weight in weights)
        masses: dict[str, float] = {}
        for option, share in zip(options, shares, strict=True):
            for length in range(len(option) + 1):
                beginning = option[:length]
                masses[beginning] = masses.get(beginning, 0.0) + share
        number = {option: place for place, option in enumerate(options)}
        for option, share in zip(options, shares, strict=True):
            if not option or masses[option] != share:
                message = f"The option {option!r} is empty or begins another one."
                raise ValueError(message)
        return cls(tuple(options), shares, tuple(accumulate(shares)), masses, number)

    @property
    def entropy(self) -> float:
        """Expected surprise, in nats."""
        return -math.fsum(p * math.log(p) for p in self.probabilities)

    @property
    def mean_length(self) -> float:
        """Expected number of characters."""
        pairs = zip(self.options, self.probabilities, strict=True)
        return math.fsum(p * len(option) for option, p in pairs)

    @property
    def least_length(self) -> int:
        """Characters of the shortest string."""
        return min(map(len, self.options))

    def continuations(self, prefix: str) -> dict[str, float]:
        """Return the probabilities of the next character after a beginning.

        Parameters
        ----------
        prefix : str
            A beginning of one of the strings, not a whole one.

        Returns
        -------
        dict
            Maps characters, in alphabetical order, to their probabilities.
        """
        length = len(prefix)
        following = sorted(
            {option[length] for option in self.options if option.startswith(prefix)}
        )
        mass = self.masses[prefix]
        return {one: self.masses[prefix + one] / mass for one in following}


@dataclass(frozen=True, eq=False)
class TextSource(Generic[State]):
    """A source in which state and text determine the next state.

    Parameters
    ----------
    start : state
        Where every text begins.
    choice : callable
        Maps a state to the `Choice` that is made in it.
    successor : callable
        Maps a state and the number of the chosen option to the next state.
    """

    start: State
    choice: Callable[[State], Choice]
    successor: Callable[[State, int], State]

    def generate(self, n_characters: int, rng: np.random.Generator) -> str:
        """Return the first characters of a new text.

        Parameters
        ----------
        n_characters : int
            Length; the last string is cut off there.
        rng : numpy.random.Generator
            Source of the choices.

        Returns
        -------
        str
        """
        parts: list[str] = []
        length, state = 0, self.start
        while length < n_characters:
            choice = self.choice(state)
            last = len(choice.options) - 1
            place = min(bisect_right(choice.cumulative, rng.random()), last)
            parts.append(choice.options[place])
            length += len(parts[-1])
            state = self.successor(state, place)
        return "".join(parts)[:n_characters]

    def read(
        self, text: str, state: State, scores: FloatArray
    ) -> tuple[int, State, str]:
        """Follow a text and write the log-probability of each character.

        Parameters
        ----------
        text : str
            What to read.
        state : state
            The state before its first character.
        scores : array of shape (at least len(text),)
            Receives the logarithms, in nats; minus infinity at the first character
            that is impossible, where reading stops.

        Returns
        -------
        n_read : int
            Characters that were possible.
        state : state
            The state in which the last choice was begun.
        prefix : str
            What was read of that choice.
        """
        prefix, choice = "", self.choice(state)
        for position, character in enumerate(text):
            longer = prefix + character
            mass = choice.masses.get(longer)
            if mass is None:
                scores[position] = -math.inf
                return position, state, prefix
            scores[position] = math.log(mass / choice.masses[prefix])
            place = choice.number.get(longer)
            if place is None:
                prefix = longer
            else:
                state = self.successor(state, place)
                prefix, choice = "", self.choice(state)
        return len(text), state, prefix
