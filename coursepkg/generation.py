"""Writing with a model: drawing the next token, and searching for a likely whole.

Nothing here knows a network. All that is asked for is a function ``next_logits(ids)``
that takes the whole sequence so far and returns the unnormalised log-probabilities of
what may come next, one for each entry of the vocabulary. They may be minus infinity:
such a token is never written.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursepkg._validation import check_array, check_fraction, check_integer

__all__ = [
    "beam_search",
    "generate",
    "next_token_probabilities",
    "sample_next_token",
]

FloatArray = NDArray[np.float64]
NextLogits = Callable[[list[int]], ArrayLike]


def next_token_probabilities(
    logits: ArrayLike,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> FloatArray:
    r"""Return the distribution that the next token is drawn from.

    The options act in the order in which they stand here: first the temperature
    changes the probabilities, then `top_k` keeps the most probable tokens, then `top_p`
    keeps the smallest set of those that is probable enough. After each cut the
    probabilities of what is left are divided by their sum.

    Parameters
    ----------
    logits : array_like of shape (vocabulary,)
        Unnormalised log-probabilities, in nats; minus infinity for what is impossible.
    temperature : float, default 1.0
        What the logits are divided by, at least 0. Below 1 the distribution is
        sharper, above 1 flatter; 0 is the limit, all probability on the most probable
        token.
    top_k : int, optional
        Keep only this many of the most probable tokens, at least 1. Of equally probable
        ones the lower ids are kept, so that there are never more.
    top_p : float, optional
        Keep only the smallest set of most probable tokens whose probability is at least
        this share, between 0 and 1, and at least one token. Also called nucleus.

    Returns
    -------
    ndarray of shape (vocabulary,)
        Probabilities, which sum to 1; a new array.

    Raises
    ------
    TypeError
        If `logits` does not hold numbers, or an option is no number of its kind.
    ValueError
        If `logits` is not one-dimensional or empty, has a NaN or plus infinity, or
        nothing but minus infinity; or if an option is out of its range.

    Notes
    -----
    With logits :math:`z_i` and temperature :math:`\tau`

    .. math:: p_i = \frac{e^{z_i / \tau}}{\sum_j e^{z_j / \tau}},

    which is proportional to the :math:`1/\tau`-th power of the probabilities at
    temperature 1.

    References
    ----------
    A. Holtzman, J. Buys, L. Du, M. Forbes and Y. Choi (2020). The curious case of
    neural text degeneration. ICLR.

    Examples
    --------
    >>> logits = np.log([0.5, 0.3, 0.2])
    >>> next_token_probabilities(logits).round(3)
    array([0.5, 0.3, 0.2])
    >>> next_token_probabilities(logits, temperature=0.5).round(3)
    array([0.658, 0.237, 0.105])
    >>> next_token_probabilities(logits, top_k=2).round(3)
    array([0.625, 0.375, 0.   ])
    >>> next_token_probabilities(logits, top_p=0.75).round(3)
    array([0.625, 0.375, 0.   ])
    """
    options = _checked_options(temperature, top_k, top_p)
    return _distribution(_checked_logits(logits, "logits"), options)


def sample_next_token(
    logits: ArrayLike,
    *,
    seed: int | np.random.Generator,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> int:
    """Draw the id of the next token.

    Parameters
    ----------
    logits : array_like of shape (vocabulary,)
        Unnormalised log-probabilities, in nats; it is not changed.
    seed : int or numpy.random.Generator
        Source of the draw. In a loop pass one Generator to all calls: one and the same
        integer would draw the same quantile each time.
    temperature, top_k, top_p
        As for :func:`next_token_probabilities`. At temperature 0 the first most
        probable token is taken, and nothing is drawn.

    Returns
    -------
    int
        Between 0 and the size of the vocabulary less one.

    Raises
    ------
    TypeError, ValueError
        As :func:`next_token_probabilities` does.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> [sample_next_token(np.log([0.5, 0.3, 0.2]), seed=rng) for _ in range(8)]
    [1, 0, 0, 0, 2, 2, 1, 1]
    >>> sample_next_token([0.0, 2.0, 1.0], seed=rng, temperature=0)
    1
    """
    options = _checked_options(temperature, top_k, top_p)
    probabilities = _distribution(_checked_logits(logits, "logits"), options)
    return _draw(probabilities, options, np.random.default_rng(seed))


def generate(
    next_logits: NextLogits,
    prompt: Iterable[int],
    *,
    n_tokens: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int | np.random.Generator = 0,
) -> list[int]:
    """Continue a sequence token by token, each drawn given all before it.

    Parameters
    ----------
    next_logits : callable
        Maps the list of all ids so far, those of `prompt` first, to the logits of the
        next one, of shape (vocabulary,). It gets a new list each time.
    prompt : iterable of int
        The ids to start from; may be empty if `next_logits` can start from nothing.
    n_tokens : int
        How many ids to add, at least 0.
    temperature, top_k, top_p
        As for :func:`next_token_probabilities`.
    seed : int or numpy.random.Generator, default 0
        Source of all draws: one Generator for the whole call.

    Returns
    -------
    list of int
        The `n_tokens` new ids, without the prompt.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, or `next_logits` returns something that
        :func:`next_token_probabilities` refuses; the message says at which token.

    Examples
    --------
    >>> def count_up(ids):  # 0, 1, 2, 0, 1, 2, ... with certainty
    ...     return np.where(np.arange(3) == (ids[-1] + 1) % 3, 0.0, -np.inf)
    >>> generate(count_up, [0, 1], n_tokens=4)
    [2, 0, 1, 2]
    """
    options = _checked_options(temperature, top_k, top_p)
    n_tokens = check_integer(n_tokens, "n_tokens", minimum=0)
    ids = _checked_prompt(prompt)
    n_prompt = len(ids)
    rng = np.random.default_rng(seed)
    for _ in range(n_tokens):
        logits = _logits_after(next_logits, ids)  # (vocabulary,)
        ids.append(_draw(_distribution(logits, options), options, rng))
    return ids[n_prompt:]


def beam_search(
    next_logits: NextLogits,
    prompt: Iterable[int],
    *,
    n_tokens: int,
    beam_width: int,
    end_id: int | None = None,
) -> tuple[list[int], float]:
    r"""Look for the most probable continuation, several hypotheses at a time.

    Each step extends every unfinished hypothesis by every token and keeps the
    `beam_width` most probable of all that there are, finished ones among them. A width
    of 1 is greedy search; from ``vocabulary ** n_tokens`` on nothing is ever dropped
    and the result is the best there is.

    Parameters
    ----------
    next_logits : callable
        As for :func:`generate`.
    prompt : iterable of int
        The ids to start from; may be empty if `next_logits` can start from nothing.
    n_tokens : int
        Greatest number of new ids, at least 0.
    beam_width : int
        Number of hypotheses to keep, at least 1.
    end_id : int, optional
        The id that finishes a hypothesis. Without it all have `n_tokens` new ids.

    Returns
    -------
    ids : list of int
        The new ids, without the prompt; the last one is `end_id` if it was reached.
    log_probability : float
        The sum of the natural logarithms of their probabilities, each given all ids
        before it. Finished and unfinished hypotheses compete by it as it stands: it
        falls with every further id, so an early end is at an advantage.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, or `next_logits` returns something that
        :func:`next_token_probabilities` refuses.

    Notes
    -----
    Of equally probable hypotheses the one that comes from the more probable beginning
    wins, then the lower id.

    Examples
    --------
    Token 0 is the better start, but only token 1 has a sure way on.

    >>> def next_logits(ids):
    ...     table = {(): [0.6, 0.4], (0,): [0.5, 0.5], (1,): [0.1, 0.9]}
    ...     return np.log(table[tuple(ids)])
    >>> ids, log_probability = beam_search(next_logits, [], n_tokens=2, beam_width=1)
    >>> ids, round(float(np.exp(log_probability)), 2)
    ([0, 0], 0.3)
    >>> ids, log_probability = beam_search(next_logits, [], n_tokens=2, beam_width=2)
    >>> ids, round(float(np.exp(log_probability)), 2)
    ([1, 1], 0.36)
    """
    n_tokens = check_integer(n_tokens, "n_tokens", minimum=0)
    width = check_integer(beam_width, "beam_width", minimum=1)
    end = None if end_id is None else check_integer(end_id, "end_id", minimum=0)
    start = _checked_prompt(prompt)
    beam = [_Hypothesis([], 0.0, finished=False)]
    for _ in range(n_tokens):
        if all(hypothesis.finished for hypothesis in beam):
            break
        candidates: list[_Hypothesis] = []
        for hypothesis in beam:
            if hypothesis.finished:
                candidates.append(hypothesis)
            else:
                candidates += _extended(hypothesis, next_logits, start, width, end)
        # The sort is stable: ties stay in the order of the beam, then of the ids.
        candidates.sort(key=lambda one: -one.log_probability)
        beam = candidates[:width]
    return list(beam[0].ids), beam[0].log_probability


class _Hypothesis(NamedTuple):
    ids: list[int]
    log_probability: float
    finished: bool


def _extended(
    hypothesis: _Hypothesis,
    next_logits: NextLogits,
    start: list[int],
    width: int,
    end: int | None,
) -> list[_Hypothesis]:
    """Return the best extensions of one hypothesis, at most `width`, best first."""
    logits = _logits_after(next_logits, start + hypothesis.ids)  # (vocabulary,)
    if end is not None and end >= len(logits):
        message = (
            f"`end_id` must be an id of the vocabulary of {len(logits)}, got {end}. "
            "Pass the id of the token that ends a sequence, or None."
        )
        raise ValueError(message)
    log_probabilities = logits - np.log(np.exp(logits).sum())  # (vocabulary,)
    best = np.argsort(-log_probabilities, kind="stable")[:width]
    return [
        _Hypothesis(
            [*hypothesis.ids, int(token)],
            hypothesis.log_probability + float(log_probabilities[token]),
            finished=int(token) == end,
        )
        for token in best
        if log_probabilities[token] > -np.inf
    ]


class _Options(NamedTuple):
    temperature: float
    top_k: int | None
    top_p: float | None


def _checked_options(
    temperature: float, top_k: int | None, top_p: float | None
) -> _Options:
    if isinstance(temperature, (bool, np.bool_)) or not isinstance(
        temperature, (int, float, np.integer, np.floating)
    ):
        message = (
            "`temperature` must be a number of at least 0, got "
            f"{type(temperature).__name__}. Pass 1.0 to sample as the model says, or 0 "
            "for the most probable token."
        )
        raise TypeError(message)
    number = float(temperature)
    if not 0.0 <= number < math.inf:
        message = (
            f"`temperature` must be at least 0 and finite, got {number}. Pass 1.0 to "
            "sample as the model says, or 0 for the most probable token."
        )
        raise ValueError(message)
    return _Options(
        number,
        None if top_k is None else check_integer(top_k, "top_k", minimum=1),
        None if top_p is None else check_fraction(top_p, "top_p"),
    )


def _checked_prompt(prompt: Iterable[int]) -> list[int]:
    if isinstance(prompt, str):
        message = (
            "`prompt` must hold integer ids, got a str. Encode it first, for example "
            "with `Vocabulary.encode(tokenize_characters(prompt))`."
        )
        raise TypeError(message)
    return [
        check_integer(one, f"prompt[{number}]", minimum=0)
        for number, one in enumerate(prompt)
    ]


def _logits_after(next_logits: NextLogits, ids: list[int]) -> FloatArray:
    """Call the function with a list of its own, and check what it returns."""
    name = f"next_logits(ids) after {len(ids)} ids"
    return _checked_logits(next_logits(list(ids)), name)


def _checked_logits(logits: ArrayLike, name: str) -> FloatArray:
    """Return logits in float64, the greatest shifted to 0; a new array."""
    array = check_array(logits, name, ndim=1).astype(np.float64)  # (vocabulary,)
    if not array.size:
        message = (
            f"`{name}` must hold one number for each token, got none. Pass an array of "
            "shape (vocabulary,)."
        )
        raise ValueError(message)
    bad = np.isnan(array) | (array == np.inf)
    if bad.any():
        where = int(np.argmax(bad))
        message = (
            f"`{name}` must be numbers or minus infinity, got {array[where]} for token "
            f"{where}. A NaN usually means that the training diverged."
        )
        raise ValueError(message)
    greatest = array.max()
    if greatest == -np.inf:
        message = (
            f"`{name}` must leave at least one token possible, got minus infinity for "
            f"all {len(array)}. Check the rule that excludes tokens."
        )
        raise ValueError(message)
    return array - greatest


def _distribution(shifted: FloatArray, options: _Options) -> FloatArray:
    """Return probabilities from logits whose greatest is 0."""
    if options.temperature == 0.0:
        greedy = np.zeros(len(shifted))  # (vocabulary,)
        greedy[np.argmax(shifted)] = 1.0
        return greedy
    with np.errstate(over="ignore"):  # a tiny temperature: -1 / 1e-320 is -inf
        probabilities = np.exp(shifted / options.temperature)  # (vocabulary,)
    probabilities /= probabilities.sum()
    if options.top_k is not None:
        probabilities = _kept(probabilities, options.top_k)
    if options.top_p is not None and options.top_p < 1.0:
        falling = np.sort(probabilities)[::-1]  # (vocabulary,)
        # 1e-12: the sum .5 + .3 may fall short of a share of .8 by rounding alone
        enough = np.cumsum(falling) >= options.top_p - 1e-12
        probabilities = _kept(probabilities, int(np.argmax(enough)) + 1)
    return probabilities


def _kept(probabilities: FloatArray, n_kept: int) -> FloatArray:
    """Return the distribution with only the most probable tokens left."""
    best = np.argsort(-probabilities, kind="stable")[:n_kept]  # (n_kept,)
    cut = np.zeros_like(probabilities)  # (vocabulary,)
    cut[best] = probabilities[best]
    return cut / cut.sum()


def _draw(
    probabilities: FloatArray, options: _Options, rng: np.random.Generator
) -> int:
    if options.temperature == 0.0:
        return int(np.argmax(probabilities))
    ends = np.cumsum(probabilities)  # (vocabulary,)
    # "right" steps over tokens of probability 0, whose interval is empty; the last
    # end may differ from 1 by rounding, so the draw is scaled to it.
    place = rng.random() * ends[-1]
    return min(
        int(np.searchsorted(ends, place, side="right")),
        int(np.flatnonzero(probabilities)[-1]),
    )
