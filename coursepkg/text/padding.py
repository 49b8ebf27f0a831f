"""Sequences of different lengths in one array."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from coursepkg._validation import check_array, check_choice, check_integer
from coursepkg.text._checks import check_sequences

_SIDES = ("pre", "post")


def pad(
    sequences: Iterable[Any],
    *,
    maxlen: int | None = None,
    padding: str = "post",
    truncating: str = "post",
    value: float = 0,
    dtype: DTypeLike = "int32",
) -> NDArray[Any]:
    """Bring sequences to one length: fill up the short ones and cut the long ones.

    Parameters
    ----------
    sequences : iterable of array_like, each of shape (length,) or (length, features)
        Sequences of numbers, or of vectors that all have the same number of features.
        A sequence may be empty, and so may be the whole.
    maxlen : int, optional
        Length of the result, at least 1. By default that of the longest sequence.
    padding : {"post", "pre"}
        Whether to fill after or before the sequence.
    truncating : {"post", "pre"}
        Whether to cut a long sequence at its end, or at its beginning.
    value : float
        What to fill with.
    dtype : data type
        Of the result: an integer, floating or boolean type.

    Returns
    -------
    numpy.ndarray, shape (n_sequences, maxlen) or (n_sequences, maxlen, features)
        Without any sequence, (0, maxlen), and 0 steps if `maxlen` is not given.

    Raises
    ------
    TypeError
        If a sequence does not hold numbers, or if `dtype` is no type of numbers.
    ValueError
        If the vectors have different numbers of features, if sequences of numbers and
        of vectors are mixed, if a side is not one of the two, or if `value` or a
        number of a sequence does not fit `dtype`: 0.5 in an integer type, 300 in
        eight bits. Floats are rounded to the precision of a floating type.

    Notes
    -----
    The result is that of ``keras.utils.pad_sequences`` with the same options, but the
    defaults differ: Keras fills, and what is worse cuts, at the beginning unless told
    otherwise, so that ``maxlen=20`` leaves the *last* 20 words. Keras also cuts off
    fractions without a word where `dtype` is an integer type.

    Examples
    --------
    >>> pad([[4, 12, 33], [5], []], maxlen=2)
    array([[ 4, 12],
           [ 5,  0],
           [ 0,  0]], dtype=int32)
    >>> pad([[[2, 1], [3, 3]], [[4, 3]]], padding="pre").tolist()
    [[[2, 1], [3, 3]], [[0, 0], [4, 3]]]
    """
    check_choice(padding, "padding", _SIDES)
    check_choice(truncating, "truncating", _SIDES)
    target = _check_dtype(dtype)
    filler = check_array(value, "value", ndim=0)
    rows = [
        check_array(row, f"sequences[{number}]", ndim=(1, 2))
        for number, row in enumerate(check_sequences(sequences, "sequences"))
    ]
    features = _check_features(rows)
    if maxlen is None:
        maxlen = max(map(len, rows), default=0)
    else:
        maxlen = check_integer(maxlen, "maxlen", minimum=1)
    shape = (len(rows), maxlen, *features)
    padded = np.full(
        shape, _fitting(filler, "value", target)
    )  # (n, maxlen[, features])
    for number, row in enumerate(rows):
        if not len(row):
            continue
        kept = row[:maxlen] if truncating == "post" else row[-maxlen:]
        start = 0 if padding == "post" else maxlen - len(kept)
        padded[number, start : start + len(kept)] = _fitting(
            kept, f"sequences[{number}]", target
        )
    return padded


def _check_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    """Return the type of the result, which holds real numbers."""
    try:
        target = np.dtype(dtype)
    except TypeError:
        target = np.dtype(object)
    if target.kind not in "biuf":
        message = (
            f"`dtype` must be a type of real numbers, got {dtype!r}. "
            'Pass "int32" for tokens or "float32" for features; encode strings first.'
        )
        raise TypeError(message)
    return target


def _check_features(rows: list[NDArray[Any]]) -> tuple[int, ...]:
    """Return the shape of one step: () or (features,), the same in all sequences."""
    known: tuple[int, ...] | None = None
    first = 0
    for number, row in enumerate(rows):
        if row.ndim == 1 and not len(row):
            continue  # an empty list tells nothing about its steps
        if known is None:
            known, first = row.shape[1:], number
        elif row.shape[1:] != known:
            message = (
                "`sequences` must agree in the shape of a step, got "
                f"{known} in sequences[{first}] and {row.shape[1:]} in "
                f"sequences[{number}]. Give every step the same number of features."
            )
            raise ValueError(message)
    return known or ()


def _fitting(array: NDArray[Any], name: str, target: np.dtype[Any]) -> NDArray[Any]:
    """Return `array` in another type, if that type can hold its values."""
    if array.dtype == target or array.dtype == bool:
        return array.astype(target)
    with np.errstate(invalid="ignore", over="ignore"):
        cast = array.astype(target)
    wrong = cast != array
    if target.kind == "f":  # rounding is allowed, becoming infinite is not
        wrong = np.isinf(cast) & ~np.isinf(array)
    if wrong.any():
        bad = array[wrong].flat[0] if array.ndim else array
        message = (
            f"`{name}` must hold values that fit dtype {target}, got {bad}. "
            'Pass a wider `dtype`, such as "float32" for numbers with fractions.'
        )
        raise ValueError(message)
    return cast
