"""Text from a known Markov chain: the plainest source with an exact entropy rate."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.sparse import linalg

from coursepkg._validation import check_array, check_finite, check_integer
from coursepkg.datasets.truth import FloatArray, TextTruth

_MOST_CONTEXTS = 10_000


@dataclass(frozen=True, eq=False)
class MarkovTextData:
    """Text of a Markov chain, the chain, and what is known about it.

    Parameters
    ----------
    text : str
        The characters.
    alphabet : str
        The characters that can occur, in the order of the axes of `transitions`.
    transitions : array of shape (n_letters,) * (order + 1)
        Entry [i, ..., j, k]: the probability of letter k after the letters i, ..., j.
    truth : TextTruth
        The entropy rate and the probability of each character.
    """

    text: str
    alphabet: str
    transitions: FloatArray
    truth: TextTruth

    def __repr__(self) -> str:
        """Return the size, the order and how the optimum is known."""
        return (
            f"MarkovTextData({len(self.text):,} characters, order "
            f"{self.transitions.ndim - 1}, {self.truth!r})"
        )


def make_markov_text(
    *,
    n_characters: int,
    order: int = 1,
    alphabet: str = "abcdefgh ",
    transitions: ArrayLike | None = None,
    seed: int = 0,
) -> MarkovTextData:
    r"""Generate text in which the last few characters decide the odds of the next.

    Parameters
    ----------
    n_characters : int
        Length of the text, at least 1.
    order : int
        How many characters decide, at least 1.
    alphabet : str
        Different characters, at least two.
    transitions : array_like of shape (n_letters,) * (order + 1), optional
        Positive probabilities of the next letter (last axis) after each context. By
        default each row is drawn from a flat Dirichlet distribution, with `seed`.
    seed : int or numpy.random.Generator
        Source of the transitions, unless given, and of the text.

    Returns
    -------
    MarkovTextData
        `.text`, `.alphabet`, `.transitions` and `.truth`, in nats a character.

    Raises
    ------
    TypeError
        If a size is not an integer, `alphabet` not a string or `transitions` not
        numeric.
    ValueError
        If a size is below 1, a letter is given twice, there are more than 10,000
        contexts, or `transitions` has another shape or is not of positive
        probabilities that sum to 1.

    Notes
    -----
    With :math:`\pi` the stationary distribution of the contexts c, which is also that
    of the first one, the entropy rate is

    .. math:: -\sum_c \pi_c \sum_k p(k \mid c) \log p(k \mid c).

    The first `order` characters are harder to guess: the oracle has no whole context
    yet and gives them their marginal probabilities. Without any past the least
    expected score is the entropy of single characters, `truth.without_memory()`.

    References
    ----------
    C. E. Shannon (1948), "A mathematical theory of communication", *Bell System
    Technical Journal* 27(3), 379-423.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> chain = datasets.make_markov_text(
    ...     n_characters=1000, alphabet="ab", transitions=[[0.9, 0.1], [0.5, 0.5]]
    ... )
    >>> round(chain.truth.optimum(), 4), round(chain.truth.without_memory(), 4)
    (0.3864, 0.4506)
    >>> chain.truth.next_characters("ab")
    {'a': 0.5, 'b': 0.5}
    """
    n_characters = check_integer(n_characters, "n_characters", minimum=1)
    order = check_integer(order, "order", minimum=1)
    letters = _checked_alphabet(alphabet)
    n_letters = len(letters)
    if n_letters**order > _MOST_CONTEXTS:
        message = (
            f"`order` must leave at most {_MOST_CONTEXTS:,} contexts, got {order} "
            f"with {n_letters} letters: {n_letters**order:,}. Use a smaller one."
        )
        raise ValueError(message)
    rng = np.random.default_rng(seed)
    shape = (n_letters,) * (order + 1)
    if transitions is None:
        rows = rng.exponential(size=shape)
        table = rows / rows.sum(axis=-1, keepdims=True)  # (K, ..., K)
    else:
        table = _checked_transitions(transitions, shape)
    chain = _Chain(letters, table)
    text = chain.write(n_characters, rng)
    return MarkovTextData(
        text=text, alphabet=letters, transitions=table.copy(), truth=chain.truth(text)
    )


class _Chain:
    """The chain as a table: contexts in rows, the letters of a context as digits."""

    def __init__(self, letters: str, table: FloatArray) -> None:
        self._letters = letters
        self._number = {letter: k for k, letter in enumerate(letters)}
        self._n = len(letters)
        self._order = table.ndim - 1
        self._rows = table.reshape(-1, self._n)  # (contexts, K)
        self._contexts = _stationary(self._rows)  # (contexts,)

    def write(self, n_characters: int, rng: np.random.Generator) -> str:
        draws = rng.random(n_characters + 1)
        start = _place(np.cumsum(self._contexts).tolist(), draws[0])
        running = np.cumsum(self._rows, axis=1).tolist()
        codes = [start // self._n**k % self._n for k in reversed(range(self._order))]
        context = start
        for draw in draws[1:].tolist():
            code = _place(running[context], draw)
            codes.append(code)
            context = (context * self._n + code) % len(running)
        return "".join(self._letters[code] for code in codes[:n_characters])

    def truth(self, text: str) -> TextTruth:
        rate = float(self._contexts @ _entropy(self._rows))
        alone = float(_entropy(self._contexts @ self._rows))
        return TextTruth(
            metric="cross-entropy",
            kind="exact",
            standard_error=0.0,
            description=(
                f"A Markov chain of order {self._order} over {self._n} characters, "
                "started from its stationary distribution."
            ),
            rate=rate,
            worth={"past": alone - rate},
            gap=0,
            text=text,
            score=self.score,
            follow=self.follow,
        )

    def score(self, text: str) -> FloatArray:
        """Return log-probabilities; NaN where a foreign character hides the context."""
        scores = np.full(len(text), math.nan)
        since = 0  # characters since the last foreign one
        for position, letter in enumerate(text):
            past = text[max(position - self._order, 0) : position]
            known = since >= min(self._order, position)
            if letter not in self._number:
                scores[position] = -math.inf
                since = 0
                continue
            if known:
                scores[position] = math.log(self._next(past)[self._number[letter]])
            since += 1
        return scores

    def follow(self, text: str) -> dict[str, float]:
        foreign = [letter for letter in text if letter not in self._number]
        if foreign:
            message = (
                f"`text` must consist of the characters {self._letters!r}, got "
                f"{foreign[0]!r}. Leave it out."
            )
            raise ValueError(message)
        odds = self._next(text[-self._order :])
        return {
            letter: float(odds[self._number[letter]])
            for letter in sorted(self._letters)
        }

    def _next(self, past: str) -> FloatArray:
        """Return the odds of each letter after at most `order` letters of past."""
        code = 0
        for letter in past:
            code = code * self._n + self._number[letter]
        if len(past) == self._order:
            return self._rows[code]
        # The first letters: contexts that begin with `past`, by the letter after it.
        beginning = self._contexts.reshape(self._n ** len(past), self._n, -1)[code]
        odds = beginning.sum(axis=1)  # (K,)
        return odds / odds.sum()


def _place(running: list[float], draw: float) -> int:
    return min(bisect_right(running, draw), len(running) - 1)


def _entropy(probabilities: FloatArray) -> FloatArray:
    return -(probabilities * np.log(probabilities)).sum(axis=-1)


def _stationary(rows: FloatArray) -> FloatArray:
    """Return the distribution of contexts that one more letter leaves as it is."""
    n_contexts, n_letters = rows.shape
    context = np.repeat(np.arange(n_contexts), n_letters)
    letter = np.tile(np.arange(n_letters), n_contexts)
    following = (context * n_letters + letter) % n_contexts
    moves = sparse.coo_array(
        (rows.ravel(), (following, context)), shape=(n_contexts, n_contexts)
    )
    # One of the equations repeats the others: "the sum is 1" takes its place.
    balance = (sparse.eye_array(n_contexts) - moves).tolil()
    balance[0, :] = 1.0
    total = np.zeros(n_contexts)
    total[0] = 1.0
    return linalg.spsolve(balance.tocsc(), total)


def _checked_alphabet(alphabet: str) -> str:
    if not isinstance(alphabet, str):
        message = (
            f"`alphabet` must be a string, got {type(alphabet).__name__}. "
            'Pass the characters, such as "abc ".'
        )
        raise TypeError(message)
    if len(alphabet) < 2 or len(set(alphabet)) < len(alphabet):
        message = (
            "`alphabet` must hold at least two characters, each once, got "
            f"{alphabet[:40]!r}. Leave out the copies."
        )
        raise ValueError(message)
    return alphabet


def _checked_transitions(transitions: ArrayLike, shape: Sequence[int]) -> FloatArray:
    table = check_array(transitions, "transitions", ndim=len(shape)).astype(np.float64)
    check_finite(table, "transitions")
    if table.shape != tuple(shape):
        message = (
            f"`transitions` must have shape {tuple(shape)}, one axis for each letter "
            f"of the context and one for the next, got {table.shape}. Change it, "
            "`order` or `alphabet`."
        )
        raise ValueError(message)
    if (table <= 0).any() or not np.allclose(table.sum(axis=-1), 1.0, atol=1e-9):
        message = (
            "`transitions` must hold positive probabilities that sum to 1 over the "
            f"last axis, got a least one of {table.min():.3g} and sums from "
            f"{table.sum(axis=-1).min():.6g} to {table.sum(axis=-1).max():.6g}. "
            "Normalise them."
        )
        raise ValueError(message)
    return table / table.sum(axis=-1, keepdims=True)
