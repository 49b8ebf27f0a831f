"""The grammar of Reber, plain and embedded, as an automaton."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coursepkg._validation import check_integer
from coursepkg.datasets.truth import FloatArray, TaskTruth

_SYMBOLS = ("B", "T", "S", "X", "P", "V", "E")

# In each state the symbols that may follow, equally likely, and where they lead.
_Grammar = tuple[dict[str, int], ...]
_PLAIN: _Grammar = (
    {"B": 1},
    {"T": 2, "P": 3},
    {"S": 2, "X": 4},
    {"T": 3, "V": 5},
    {"X": 3, "S": 6},
    {"P": 4, "V": 6},
    {"E": 7},
)


def _moved(first: int) -> _Grammar:
    return tuple(
        {name: first + state for name, state in choices.items()} for choices in _PLAIN
    )


_EMBEDDED: _Grammar = (
    {"B": 1},
    {"T": 2, "P": 10},
    *_moved(2),
    {"T": 18},
    *_moved(10),
    {"P": 18},
    {"E": 19},
)


@dataclass(frozen=True, eq=False)
class ReberData:
    """Strings of a Reber grammar, to be read symbol by symbol.

    Parameters
    ----------
    inputs : array of shape (n_sequences, time, 7)
        The strings without their last symbol, one-hot float32; zeros after the end.
        `time` is one less than the length of the longest string.
    targets : array of shape (n_sequences, time)
        The next symbol at each step, an integer; 0 after the end, where `mask` is
        False.
    mask : array of shape (n_sequences, time)
        True at the steps that have a target.
    legal : array of shape (n_sequences, time, 7)
        True for the symbols that the grammar allows next; all False after the end.
    critical : array of shape (n_sequences,), or None
        Embedded: the step whose target, the last symbol but one, is known only to
        those who remember the second symbol. None for the plain grammar.
    strings : tuple of str
        The strings, from B to E.
    symbols : tuple of str
        What the columns of `inputs` and the integers of `targets` stand for.
    memoryless_legal : float
        Greatest expected share of legal symbols that a guesser can have who sees only
        the current symbol and names one as the next.
    truth : TaskTruth
        The best attainable cross-entropy, and the best without memory.
    """

    inputs: NDArray[np.float32]
    targets: NDArray[np.int64]
    mask: NDArray[np.bool_]
    legal: NDArray[np.bool_]
    critical: NDArray[np.int64] | None
    strings: tuple[str, ...]
    symbols: tuple[str, ...]
    memoryless_legal: float
    truth: TaskTruth

    def __repr__(self) -> str:
        """Return the number of strings, the longest and how the optimum is known."""
        kind = "plain" if self.critical is None else "embedded"
        longest = self.inputs.shape[1] + 1
        return (
            f"ReberData({len(self.strings)} {kind} strings of up to {longest} "
            f"symbols, {self.truth!r})"
        )


def make_reber(*, n_sequences: int, embedded: bool = False, seed: int = 0) -> ReberData:
    r"""Generate strings of the Reber grammar, plain or embedded.

    Parameters
    ----------
    n_sequences : int
        Number of strings, at least 1.
    embedded : bool
        If True, each string is B, then T or P, then a string of the plain grammar,
        then the same T or P again, then E.
    seed : int or numpy.random.Generator
        Source of the choices.

    Returns
    -------
    ReberData
        `.inputs` (n_sequences, time, 7), `.targets`, `.mask`, `.legal`, `.critical`,
        `.strings`, `.symbols`, `.memoryless_legal`; `.truth` with metric
        "cross-entropy", in nats a predicted symbol: the mean over all steps of all
        strings that `.mask` marks. `.truth.oracle()` has shape (n_sequences, time, 7),
        zeros after the end.

    Raises
    ------
    TypeError
        If `n_sequences` is not an integer or `embedded` is not a bool.
    ValueError
        If `n_sequences` is below 1.

    Notes
    -----
    Where the grammar (Reber, 1967) leaves a choice there are two symbols, each with
    probability 1/2. What was read determines the state of the grammar, and the state
    determines what may follow: the oracle follows the text through the grammar. With
    v the expected visits to the states, :math:`v = (I - Q^\top)^{-1} e_1` for the
    chain Q among them, the optimum is the expected number of choices times
    :math:`\log 2`, divided by the expected number of predicted symbols: 6/7
    :math:`\log 2` for the plain grammar, 7/11 :math:`\log 2` for the embedded one.

    The guesser without memory knows how often each symbol follows each other one:
    its score is the conditional entropy of those expected counts. A guesser that knows
    the embedded grammar but has forgotten the second symbol loses one more bit a
    string, at `.critical`: 8/11 :math:`\log 2`, and 21 of 22 of its likeliest symbols
    are legal. So a share of legal symbols below 0.955 shows no long memory; look at
    `.critical`, where chance is 1/2.

    References
    ----------
    A. S. Reber (1967), "Implicit learning of artificial grammars", *Journal of Verbal
    Learning and Verbal Behavior* 6(6), 855-863.
    A. Cleeremans, D. Servan-Schreiber and J. L. McClelland (1989), "Finite state
    automata and simple recurrent networks", *Neural Computation* 1(3), 372-381.
    S. E. Fahlman (1991), "The recurrent cascade-correlation architecture", *NIPS 3*,
    190-196.
    S. Hochreiter and J. Schmidhuber (1997), "Long short-term memory", *Neural
    Computation* 9(8), 1735-1780, experiment 1.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> task = datasets.make_reber(n_sequences=1000, embedded=True)
    >>> string, step = task.strings[0], task.critical[0]
    >>> string[1] == string[-2] == task.symbols[task.targets[0, step]]
    True
    >>> round(task.truth.optimum(), 4)
    0.4411
    """
    n_sequences = check_integer(n_sequences, "n_sequences", minimum=1)
    if not isinstance(embedded, (bool, np.bool_)):
        message = (
            f"`embedded` must be True or False, got {embedded!r} "
            f"({type(embedded).__name__}). Pass embedded=True for the embedded grammar."
        )
        raise TypeError(message)
    grammar = _EMBEDDED if embedded else _PLAIN
    probabilities, successor = _tables(grammar)
    codes, lengths = _generate(grammar, n_sequences, np.random.default_rng(seed))
    mask = np.arange(codes.shape[1] - 1) < lengths[:, None] - 1  # (n, T)
    read = np.where(mask, codes[:, :-1], -1)  # (n, T): what a model reads

    def predict() -> FloatArray:
        best = np.zeros((*read.shape, len(_SYMBOLS)))  # (n, T, 7)
        state = np.zeros(len(read), dtype=np.int64)  # (n,)
        for t in range(read.shape[1]):
            state = np.where(read[:, t] >= 0, successor[state, read[:, t]], -1)
            best[:, t] = np.where(state[:, None] >= 0, probabilities[state], 0.0)
        return best

    one_hot = np.eye(len(_SYMBOLS), dtype=np.float32)[read]  # (n, T, 7)
    letters = np.array(_SYMBOLS)
    numbers = _Numbers.of(grammar)
    return ReberData(
        inputs=one_hot * mask[:, :, None],
        targets=np.where(mask, codes[:, 1:], 0),
        mask=mask,
        legal=predict() > 0,
        critical=lengths - 3 if embedded else None,
        strings=tuple(
            "".join(letters[row[:length]])
            for row, length in zip(codes, lengths, strict=True)
        ),
        symbols=_SYMBOLS,
        memoryless_legal=numbers.memoryless_legal,
        truth=TaskTruth(
            metric="cross-entropy",
            kind="exact",
            standard_error=0.0,
            description=_describe(embedded),
            best=numbers.optimum,
            without_memory=(numbers.memoryless, numbers.counting),
            predict=predict,
        ),
    )


def _tables(grammar: _Grammar) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return each symbol's probability, and its next state, in each state."""
    probabilities = np.zeros((len(grammar), len(_SYMBOLS)))  # (states, 7)
    successor = np.full((len(grammar), len(_SYMBOLS)), -1)  # (states, 7)
    for state, choices in enumerate(grammar):
        for name, following in choices.items():
            probabilities[state, _SYMBOLS.index(name)] = 1 / len(choices)
            successor[state, _SYMBOLS.index(name)] = following
    return probabilities, successor


def _generate(
    grammar: _Grammar, n_sequences: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return codes (n, longest), -1 after the end, and lengths (n,)."""
    pairs = [  # (states, 2): where there is no choice, the same thing twice
        [(_SYMBOLS.index(name), following) for name, following in choices.items()]
        * (2 // len(choices))
        for choices in grammar
    ]
    emitted, following = np.moveaxis(np.array(pairs), 2, 0)  # (states, 2) each
    end = len(grammar)
    state = np.zeros(n_sequences, dtype=np.int64)  # (n,)
    columns = []
    while (state < end).any():
        side = rng.integers(0, 2, n_sequences)  # (n,)
        going = state < end
        here = np.where(going, state, 0)
        columns.append(np.where(going, emitted[here, side], -1))
        state = np.where(going, following[here, side], end)
    codes = np.stack(columns, axis=1)  # (n, longest)
    return codes, (codes >= 0).sum(axis=1)


@dataclass(frozen=True)
class _Numbers:
    """What can be expected of guessers on one grammar, in nats a predicted symbol."""

    optimum: float
    memoryless: float
    counting: float
    memoryless_legal: float

    @classmethod
    def of(cls, grammar: _Grammar) -> _Numbers:
        """Compute the four numbers from the Markov chain of the states."""
        probabilities, successor = _tables(grammar)
        states, names = np.nonzero(probabilities)
        n_states, n_symbols = probabilities.shape
        moves = np.zeros((n_states, n_states + 1))  # last column: the end
        np.add.at(moves, (states, successor[states, names]), 1.0)
        moves /= moves.sum(axis=1, keepdims=True)
        visits = np.linalg.solve(
            np.eye(n_states) - moves[:, :n_states].T, np.eye(n_states)[0]
        )  # (states,): expected visits in a string

        # arrivals[s, a]: how often state s is entered by reading a. All predictions are
        # made there; the end is left out, and so is the start, where nothing was read.
        arrivals = np.zeros((n_states + 1, n_symbols))
        np.add.at(
            arrivals,
            (successor[states, names], names),
            visits[states] * probabilities[states, names],
        )
        arrivals = arrivals[:n_states]
        per_string = arrivals.sum()
        surprise = np.log(np.count_nonzero(probabilities, axis=1))  # (states,)

        joint = arrivals.T @ probabilities  # (7, 7): current and next symbol
        legal = arrivals.T @ (probabilities > 0)  # (7, 7): next symbol would be legal

        counting = 0.0
        now = np.zeros((n_states, n_symbols))
        now[1, _SYMBOLS.index("B")] = 1.0
        while now.sum() > 1e-18:
            counting += _conditional_nats(now.T @ probabilities)
            after = np.zeros((n_states + 1, n_symbols))
            np.add.at(
                after,
                (successor[states, names], names),
                now.sum(axis=1)[states] * probabilities[states, names],
            )
            now = after[:n_states]
        return cls(
            optimum=float(arrivals.sum(axis=1) @ surprise / per_string),
            memoryless=_conditional_nats(joint) / per_string,
            counting=counting / per_string,
            memoryless_legal=float(legal.max(axis=1).sum() / per_string),
        )


def _conditional_nats(joint: FloatArray) -> float:
    """Return the sum over joint[a, b] of -log p(b | a)."""
    here, there = np.nonzero(joint)
    counts = joint[here, there]
    return float(-(counts * np.log(counts / joint.sum(axis=1)[here])).sum())


def _describe(embedded: bool) -> str:
    if not embedded:
        return (
            "Strings of the Reber grammar, each next symbol to be predicted from those "
            "before. The oracle follows the grammar. Scores are nats a predicted "
            "symbol."
        )
    forgetful = 8 / 11 * math.log(2)
    return (
        "Strings of the embedded Reber grammar, each next symbol to be predicted from "
        "those before; the last symbol but one repeats the second. The oracle follows "
        "the grammar. Scores are nats a predicted symbol; whoever knows the grammar "
        f"but has forgotten the second symbol has {forgetful:.4g}, and 21 of 22 of its "
        "likeliest symbols are legal."
    )
