"""Tasks that cannot be solved without memory, and what is lost by not having any."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coursepkg._validation import check_integer
from coursepkg.datasets.truth import TaskTruth

_ORDER_SYMBOLS = ("a", "b", "c", "d", "X", "Y", "E", "B")
_N_DISTRACTORS = 4


@dataclass(frozen=True, eq=False)
class TaskData:
    """Sequences of a generated task, its targets, and what is known about it.

    Parameters
    ----------
    inputs : array of shape (n_sequences, sequence_length, features)
        float32.
    targets : array of shape (n_sequences,) or (n_sequences, sequence_length)
        Numbers (float32) or classes (integers): one a sequence, or one a step.
    symbols : tuple of str
        What the columns of `inputs` stand for.
    classes : tuple of str
        What the integers of `targets` stand for; empty where they are numbers.
    truth : TaskTruth
        The best attainable score, and the best without memory.
    """

    inputs: NDArray[np.float32]
    targets: NDArray[Any]
    symbols: tuple[str, ...]
    classes: tuple[str, ...]
    truth: TaskTruth

    def __repr__(self) -> str:
        """Return the size and how the optimum is known."""
        n, length, _ = self.inputs.shape
        return f"TaskData({n} sequences of {length} steps, {self.truth!r})"


def make_adding_problem(
    *, n_sequences: int, sequence_length: int, seed: int = 0
) -> TaskData:
    r"""Generate the adding problem: the sum of two marked numbers among many.

    Parameters
    ----------
    n_sequences : int
        Number of sequences, at least 1.
    sequence_length : int
        Steps T in each, at least 2.
    seed : int or numpy.random.Generator
        Source of the numbers and the marks.

    Returns
    -------
    TaskData
        `.inputs` (n_sequences, sequence_length, 2): a number uniform between 0 and 1,
        and a mark that is 1 at one step of the first half (T // 2 steps) and at one
        step of the second, 0 elsewhere; `.targets` (n_sequences,): the sum of the two
        marked numbers; `.truth` with metric "mse".

    Raises
    ------
    TypeError
        If a size is not an integer.
    ValueError
        If a size is too small.

    Notes
    -----
    The task is that of Hochreiter and Schmidhuber (1997) with the fixed length of Le
    et al. (2015) and one mark in each half as in Arjovsky et al. (2016). The oracle
    adds what was marked: its error is 0. Always answering 1, the mean, costs the
    variance of the sum, 1/6. A guesser that sees only the last input x learns
    something where that is marked, with probability 1 / (T - T // 2): it answers
    x + 1/2 there and is left with the variance of one number, so that it has

    .. math:: \frac16 - \frac{1}{12 \, (T - \lfloor T / 2 \rfloor)}.

    References
    ----------
    S. Hochreiter and J. Schmidhuber (1997), "Long short-term memory", *Neural
    Computation* 9(8), 1735-1780, experiment 4.
    Q. V. Le, N. Jaitly and G. E. Hinton (2015), "A simple way to initialize recurrent
    networks of rectified linear units", arXiv:1504.00941.
    M. Arjovsky, A. Shah and Y. Bengio (2016), "Unitary evolution recurrent neural
    networks", *ICML*, 1120-1128.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> task = datasets.make_adding_problem(n_sequences=3, sequence_length=100)
    >>> task.inputs.shape, task.targets.shape
    ((3, 100, 2), (3,))
    >>> round(task.truth.memoryless(), 3)
    0.165
    """
    n_sequences = check_integer(n_sequences, "n_sequences", minimum=1)
    length = check_integer(sequence_length, "sequence_length", minimum=2)
    rng = np.random.default_rng(seed)
    half = length // 2
    rows = np.arange(n_sequences)
    inputs = np.zeros((n_sequences, length, 2), dtype=np.float32)  # (n, T, 2)
    inputs[:, :, 0] = rng.random((n_sequences, length), dtype=np.float32)
    inputs[rows, rng.integers(0, half, n_sequences), 1] = 1.0
    inputs[rows, rng.integers(half, length, n_sequences), 1] = 1.0
    published = inputs.copy()

    def predict() -> NDArray[np.float32]:
        return np.prod(published, axis=2).sum(axis=1)  # (n,)

    without_memory = 1 / 6 - 1 / 12 / (length - half)
    return TaskData(
        inputs=inputs,
        targets=predict(),
        symbols=("value", "mark"),
        classes=(),
        truth=_exact(
            "mse",
            f"The adding problem with {length} steps: numbers uniform between 0 and 1, "
            "of which two are marked, one in each half. The oracle adds these two. "
            "Always answering 1, the mean of the sum, has an MSE of 1/6 = 0.1667.",
            best=0.0,
            without_memory=(without_memory, without_memory),
            predict=predict,
        ),
    )


def make_copy_task(
    *,
    n_sequences: int,
    lag: int,
    n_copied: int = 10,
    n_symbols: int = 8,
    seed: int = 0,
) -> TaskData:
    r"""Generate the copy task: symbols to be repeated after a wait.

    Parameters
    ----------
    n_sequences : int
        Number of sequences, at least 1.
    lag : int
        Steps L between the last symbol to be copied and the first step of the recall,
        at least 1.
    n_copied : int
        Symbols K to be copied, at least 1.
    n_symbols : int
        Number S of different symbols, at least 2.
    seed : int or numpy.random.Generator
        Source of the symbols.

    Returns
    -------
    TaskData
        `.inputs` (n_sequences, L + 2 K, S + 2), one-hot: K symbols, L - 1 blanks, one
        "go", K blanks; `.targets` (n_sequences, L + 2 K): blank for L + K steps, then
        the K symbols in their order; `.classes`: the S symbols and the blank, the
        integers of `.targets`; `.truth` with metric "cross-entropy", in nats a step,
        averaged over all L + 2 K steps.

    Raises
    ------
    TypeError
        If a size is not an integer.
    ValueError
        If a size is too small.

    Notes
    -----
    The task as Arjovsky et al. (2016) set it, after the long time lags of Hochreiter
    and Schmidhuber (1997). Each symbol comes back L + K steps after it was read. The
    oracle's cross-entropy is 0. A guesser that sees only the current input sees the
    same blank while it waits (L - 1 steps) and while it must recall (K steps): it can
    do no better than to answer a blank with the frequencies of both,

    .. math:: \frac{(L - 1) \log\frac{N}{L - 1} + K \log\frac{N}{K} + K \log S}
              {L + 2 K}, \qquad N = L - 1 + K.

    The well-known :math:`K \log S / (L + 2 K)` is the score of a guesser that also
    counts the steps, so knows when to recall but not what:
    ``truth.memoryless(knows_step=True)``.

    References
    ----------
    S. Hochreiter and J. Schmidhuber (1997), "Long short-term memory", *Neural
    Computation* 9(8), 1735-1780.
    M. Arjovsky, A. Shah and Y. Bengio (2016), "Unitary evolution recurrent neural
    networks", *ICML*, 1120-1128.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> task = datasets.make_copy_task(n_sequences=3, lag=100)
    >>> task.inputs.shape, task.targets.shape, len(task.classes)
    ((3, 120, 10), (3, 120), 9)
    >>> round(task.truth.memoryless(), 3)
    0.452
    >>> round(task.truth.memoryless(knows_step=True), 3)
    0.173
    """
    n_sequences = check_integer(n_sequences, "n_sequences", minimum=1)
    lag = check_integer(lag, "lag", minimum=1)
    n_copied = check_integer(n_copied, "n_copied", minimum=1)
    n_symbols = check_integer(n_symbols, "n_symbols", minimum=2)
    rng = np.random.default_rng(seed)
    blank, go = n_symbols, n_symbols + 1
    n_steps = lag + 2 * n_copied
    message = rng.integers(0, n_symbols, (n_sequences, n_copied))  # (n, K)
    codes = np.full((n_sequences, n_steps), blank, dtype=np.int64)  # (n, T)
    codes[:, :n_copied] = message
    codes[:, n_copied + lag - 1] = go
    targets = np.full((n_sequences, n_steps), blank, dtype=np.int64)  # (n, T)
    targets[:, -n_copied:] = message

    def predict() -> NDArray[np.float64]:
        best = np.zeros((n_sequences, n_steps, n_symbols + 1))  # (n, T, S + 1)
        best[:, :-n_copied, blank] = 1.0
        best[:, -n_copied:] = np.eye(n_symbols + 1)[codes[:, :n_copied]]
        return best

    waiting, blanks = lag - 1, lag - 1 + n_copied
    recall = n_copied * math.log(n_symbols)
    place = n_copied * math.log(blanks / n_copied)
    if waiting:
        place += waiting * math.log(blanks / waiting)
    symbols = (*(str(number + 1) for number in range(n_symbols)), "blank", "go")
    return TaskData(
        inputs=_one_hot(codes, n_symbols + 2),
        targets=targets,
        symbols=symbols,
        classes=symbols[:-1],
        truth=_exact(
            "cross-entropy",
            f"The copy task: {n_copied} of {n_symbols} symbols, each to be repeated "
            f"{lag + n_copied} steps after it was read, and blanks before. The oracle "
            "repeats what it read. Scores are nats a step, averaged over all "
            f"{n_steps} steps.",
            best=0.0,
            without_memory=((place + recall) / n_steps, recall / n_steps),
            predict=predict,
        ),
    )


def make_temporal_order(
    *, n_sequences: int, sequence_length: int, seed: int = 0
) -> TaskData:
    """Generate the temporal order task: which of X and Y came first, which second.

    Parameters
    ----------
    n_sequences : int
        Number of sequences, at least 1.
    sequence_length : int
        Steps T in each, at least 10.
    seed : int or numpy.random.Generator
        Source of symbols and places.

    Returns
    -------
    TaskData
        `.inputs` (n_sequences, sequence_length, 8), one-hot: E at the start, B at the
        end, an X or Y at one step from T // 10 up to (not including) 2 T // 10 and
        another at one from T // 2 up to 6 T // 10, counted from 0, and elsewhere one
        of a, b, c and d; `.targets` (n_sequences,): 0 for X then X, 1 for X then Y, 2
        for Y then X, 3 for Y then Y; `.truth` with metric "accuracy".

    Raises
    ------
    TypeError
        If a size is not an integer.
    ValueError
        If a size is too small.

    Notes
    -----
    Experiment 6a of Hochreiter and Schmidhuber (1997), whose sequences have 100 to 110
    steps with the two symbols at steps 10 to 20 and 50 to 60, scaled to any length.
    The last input is always B, so that a guesser without memory is right in one of
    four cases; one that remembers only the later of the two symbols in one of two.

    References
    ----------
    S. Hochreiter and J. Schmidhuber (1997), "Long short-term memory", *Neural
    Computation* 9(8), 1735-1780.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> task = datasets.make_temporal_order(n_sequences=3, sequence_length=100)
    >>> task.inputs.shape, task.classes
    ((3, 100, 8), ('XX', 'XY', 'YX', 'YY'))
    >>> task.truth.memoryless(), task.truth.optimum()
    (0.25, 1.0)
    """
    n_sequences = check_integer(n_sequences, "n_sequences", minimum=1)
    length = check_integer(sequence_length, "sequence_length", minimum=10)
    rng = np.random.default_rng(seed)
    rows = np.arange(n_sequences)
    x_code = _ORDER_SYMBOLS.index("X")
    codes = rng.integers(0, _N_DISTRACTORS, (n_sequences, length))  # (n, T)
    codes[:, 0] = _ORDER_SYMBOLS.index("E")
    codes[:, -1] = _ORDER_SYMBOLS.index("B")
    relevant = rng.integers(0, 2, (n_sequences, 2))  # (n, 2): 0 is X, 1 is Y
    early = rng.integers(length // 10, 2 * length // 10, n_sequences)  # (n,)
    late = rng.integers(length // 2, 6 * length // 10, n_sequences)  # (n,)
    codes[rows, early] = x_code + relevant[:, 0]
    codes[rows, late] = x_code + relevant[:, 1]

    def predict() -> NDArray[np.int64]:
        read = codes[(codes == x_code) | (codes == x_code + 1)].reshape(-1, 2)
        first, second = (read - x_code).T  # (n,) each
        return 2 * first + second

    return TaskData(
        inputs=_one_hot(codes, len(_ORDER_SYMBOLS)),
        targets=2 * relevant[:, 0] + relevant[:, 1],  # (n,)
        symbols=_ORDER_SYMBOLS,
        classes=("XX", "XY", "YX", "YY"),
        truth=_exact(
            "accuracy",
            f"The temporal order task with {length} steps: an X or Y in the second "
            "tenth, another in the sixth, and symbols that mean nothing around them; "
            "the class is the pair in its order. The oracle names it. Remembering only "
            "the later one of the two has an accuracy of 0.5.",
            best=1.0,
            without_memory=(0.25, 0.25),
            predict=predict,
        ),
    )


def _one_hot(codes: NDArray[np.int64], n_columns: int) -> NDArray[np.float32]:
    return np.eye(n_columns, dtype=np.float32)[codes]


def _exact(
    metric: str,
    description: str,
    *,
    best: float,
    without_memory: tuple[float, float],
    predict: Callable[[], NDArray[Any]],
) -> TaskTruth:
    return TaskTruth(
        metric=metric,
        kind="exact",
        standard_error=0.0,
        description=description,
        best=best,
        without_memory=without_memory,
        predict=predict,
    )
