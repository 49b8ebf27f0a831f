"""Pooling over steps, forward and backward: the maximum, the average, or of all.

Every kind of pooling is a weighted sum of the steps that a window covers. The average
gives each the same weight; the maximum gives 1 to the greatest and 0 to the others. So
one rule is enough on the way back: the gradient goes where the weights were.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from coursepkg._validation import check_array
from coursepkg.reference._sliding import (
    Windows,
    check_layer,
    gradient_like,
    windows_of,
)
from coursepkg.reference._steps import FloatArray, check_cache, common_dtype


@dataclass(frozen=True, eq=False, repr=False)
class PoolingCache:
    """What the forward function of a pooling layer keeps for the backward one.

    Parameters
    ----------
    kind : str
        The layer: "max_pool1d", "average_pool1d", "global_max_pool1d" or
        "global_average_pool1d".
    weights : array of shape (batch, new time, pool_size, features)
        The share of each step in the output of its window.
    windows : Windows
        Which steps each window covers.
    outputs : array of shape (batch, new time, features) or (batch, features)
    """

    kind: str
    weights: FloatArray
    windows: Windows
    outputs: FloatArray

    def __repr__(self) -> str:
        """Return the kind and the sizes."""
        batch, time, size, features = self.weights.shape
        return (
            f"PoolingCache({self.kind}, batch={batch}, new time={time}, "
            f"pool_size={size}, features={features})"
        )


def max_pool1d_forward(
    x: ArrayLike,
    *,
    pool_size: int = 2,
    strides: int | None = None,
    padding: str = "valid",
) -> tuple[FloatArray, PoolingCache]:
    """Keep the greatest value of each feature in each window.

    It computes what ``keras.layers.MaxPooling1D`` computes.

    Parameters
    ----------
    x : array of shape (batch, time, features)
        Inputs.
    pool_size : int
        Steps in a window.
    strides : int, optional
        Steps from one window to the next; `pool_size` by default, so that windows
        neither overlap nor leave a step out.
    padding : {"valid", "same"}
        With "valid", an incomplete window at the end is left out; with "same" windows
        may hang over both ends, and what is not there never is the greatest.

    Returns
    -------
    outputs : array of shape (batch, new time, features)
        The new time is ``ceil((time - pool_size + 1) / strides)`` with "valid" padding
        and ``ceil(time / strides)`` with "same".
    cache : PoolingCache
        What `max_pool1d_backward` needs.

    Raises
    ------
    TypeError
        If `x` does not hold real numbers, or a size is not an integer.
    ValueError
        If `x` has not three axes or too few steps, a size is less than 1, or there is
        no such padding.

    Examples
    --------
    >>> x = np.array([[[1.0], [5.0], [2.0], [3.0], [9.0]]])  # (batch, time, features)
    >>> outputs, cache = max_pool1d_forward(x, pool_size=2)
    >>> outputs[0, :, 0]  # the 9 stands in an incomplete window
    array([5., 3.])
    """
    x, windows = _prepared(x, pool_size, strides, padding)
    covered = windows.gather(x, outside=-np.inf)
    # covered: (batch, new time, pool_size, features)
    places = np.arange(covered.shape[2])[:, np.newaxis]  # (pool_size, 1)
    first = covered.argmax(axis=2)[:, :, np.newaxis]  # (batch, new time, 1, features)
    weights = (places == first).astype(x.dtype)  # as covered
    outputs = covered.max(axis=2)  # (batch, new time, features)
    return outputs, PoolingCache("max_pool1d", weights, windows, outputs.copy())


def max_pool1d_backward(d_outputs: ArrayLike, cache: PoolingCache) -> FloatArray:
    """Return dL/dx: the gradient of a window goes to its greatest step alone.

    Of several equal ones the first gets all of it, as in Keras on TensorFlow.

    Parameters
    ----------
    d_outputs : array of shape (batch, new time, features)
        dL/d(outputs).
    cache : PoolingCache
        The second result of `max_pool1d_forward`.

    Returns
    -------
    array of shape (batch, time, features)

    Raises
    ------
    TypeError
        If `cache` is not what `max_pool1d_forward` returned.
    ValueError
        If a shape does not fit.

    Examples
    --------
    >>> x = np.array([[[1.0], [5.0], [2.0], [3.0]]])
    >>> outputs, cache = max_pool1d_forward(x, pool_size=2)
    >>> max_pool1d_backward([[[10.0], [20.0]]], cache)[0, :, 0]
    array([ 0., 10.,  0., 20.])
    """
    return _backward(d_outputs, cache, "max_pool1d")


def average_pool1d_forward(
    x: ArrayLike,
    *,
    pool_size: int = 2,
    strides: int | None = None,
    padding: str = "valid",
) -> tuple[FloatArray, PoolingCache]:
    """Average each feature over each window.

    It computes what ``keras.layers.AveragePooling1D`` computes.

    Parameters
    ----------
    x : array of shape (batch, time, features)
        Inputs.
    pool_size : int
        Steps in a window.
    strides : int, optional
        Steps from one window to the next; `pool_size` by default.
    padding : {"valid", "same"}
        With "valid", an incomplete window at the end is left out; with "same" windows
        may hang over both ends, and the average is that of the steps that are there.

    Returns
    -------
    outputs : array of shape (batch, new time, features)
    cache : PoolingCache
        What `average_pool1d_backward` needs.

    Raises
    ------
    TypeError
        If `x` does not hold real numbers, or a size is not an integer.
    ValueError
        If `x` has not three axes or too few steps, a size is less than 1, or there is
        no such padding.

    Examples
    --------
    >>> x = np.array([[[1.0], [5.0], [2.0], [4.0]]])  # (batch, time, features)
    >>> outputs, cache = average_pool1d_forward(x, pool_size=2)
    >>> outputs[0, :, 0]
    array([3., 3.])
    """
    x, windows = _prepared(x, pool_size, strides, padding)
    covered = windows.gather(x)  # (batch, new time, pool_size, features)
    inside = windows.inside.astype(x.dtype)  # (new time, pool_size)
    shares = inside / inside.sum(axis=1, keepdims=True)  # (new time, pool_size)
    weights = np.broadcast_to(shares[..., np.newaxis], covered.shape)
    outputs = (covered * weights).sum(axis=2)  # (batch, new time, features)
    return outputs, PoolingCache("average_pool1d", weights, windows, outputs.copy())


def average_pool1d_backward(d_outputs: ArrayLike, cache: PoolingCache) -> FloatArray:
    """Return dL/dx: the gradient of a window is divided equally among its steps.

    Parameters
    ----------
    d_outputs : array of shape (batch, new time, features)
        dL/d(outputs).
    cache : PoolingCache
        The second result of `average_pool1d_forward`.

    Returns
    -------
    array of shape (batch, time, features)

    Raises
    ------
    TypeError
        If `cache` is not what `average_pool1d_forward` returned.
    ValueError
        If a shape does not fit.

    Examples
    --------
    >>> outputs, cache = average_pool1d_forward(np.zeros((1, 4, 1)), pool_size=2)
    >>> average_pool1d_backward([[[10.0], [20.0]]], cache)[0, :, 0]
    array([ 5.,  5., 10., 10.])
    """
    return _backward(d_outputs, cache, "average_pool1d")


def global_max_pool1d_forward(x: ArrayLike) -> tuple[FloatArray, PoolingCache]:
    """Keep the greatest value of each feature over all steps.

    It computes what ``keras.layers.GlobalMaxPooling1D`` computes.

    Parameters
    ----------
    x : array of shape (batch, time, features)
        Inputs. If there is a NaN, it is the maximum.

    Returns
    -------
    outputs : array of shape (batch, features)
    cache : PoolingCache
        What `global_max_pool1d_backward` needs.

    Raises
    ------
    TypeError
        If `x` does not hold real numbers.
    ValueError
        If `x` has not three axes or no step.

    Examples
    --------
    >>> outputs, cache = global_max_pool1d_forward([[[1.0], [5.0], [2.0]]])
    >>> outputs
    array([[5.]])
    """
    x, windows = _prepared(x, None, None, "valid")
    covered = windows.gather(x)  # (batch, 1, time, features)
    greatest = covered == covered.max(axis=2, keepdims=True)  # as covered
    greatest |= np.isnan(covered)  # where there is a NaN, it is the maximum
    weights = greatest / greatest.sum(axis=2, keepdims=True, dtype=x.dtype)
    outputs = x.max(axis=1)  # (batch, features)
    return outputs, PoolingCache("global_max_pool1d", weights, windows, outputs.copy())


def global_max_pool1d_backward(d_outputs: ArrayLike, cache: PoolingCache) -> FloatArray:
    """Return dL/dx: each feature's gradient goes to the step where it was greatest.

    Several equal ones share it equally: so do Keras's global layers on TensorFlow, in
    contrast to `max_pool1d_backward`.

    Parameters
    ----------
    d_outputs : array of shape (batch, features)
        dL/d(outputs).
    cache : PoolingCache
        The second result of `global_max_pool1d_forward`.

    Returns
    -------
    array of shape (batch, time, features)

    Raises
    ------
    TypeError
        If `cache` is not what `global_max_pool1d_forward` returned.
    ValueError
        If a shape does not fit.

    Examples
    --------
    >>> outputs, cache = global_max_pool1d_forward([[[1.0], [5.0], [2.0]]])
    >>> global_max_pool1d_backward([[10.0]], cache)[0, :, 0]
    array([ 0., 10.,  0.])
    """
    return _backward(d_outputs, cache, "global_max_pool1d")


def global_average_pool1d_forward(x: ArrayLike) -> tuple[FloatArray, PoolingCache]:
    """Average each feature over all steps.

    It computes what ``keras.layers.GlobalAveragePooling1D`` computes without a mask.

    Parameters
    ----------
    x : array of shape (batch, time, features)
        Inputs.

    Returns
    -------
    outputs : array of shape (batch, features)
    cache : PoolingCache
        What `global_average_pool1d_backward` needs.

    Raises
    ------
    TypeError
        If `x` does not hold real numbers.
    ValueError
        If `x` has not three axes or no step.

    Examples
    --------
    >>> outputs, cache = global_average_pool1d_forward([[[1.0], [5.0], [3.0]]])
    >>> outputs
    array([[3.]])
    """
    x, windows = _prepared(x, None, None, "valid")
    batch, time, features = x.shape
    share = x.dtype.type(1 / time)
    weights = np.broadcast_to(share, (batch, 1, time, features))
    outputs = x.mean(axis=1)  # (batch, features)
    return outputs, PoolingCache(
        "global_average_pool1d", weights, windows, outputs.copy()
    )


def global_average_pool1d_backward(
    d_outputs: ArrayLike, cache: PoolingCache
) -> FloatArray:
    """Return dL/dx: each feature's gradient is divided equally among all steps.

    Parameters
    ----------
    d_outputs : array of shape (batch, features)
        dL/d(outputs).
    cache : PoolingCache
        The second result of `global_average_pool1d_forward`.

    Returns
    -------
    array of shape (batch, time, features)

    Raises
    ------
    TypeError
        If `cache` is not what `global_average_pool1d_forward` returned.
    ValueError
        If a shape does not fit.

    Examples
    --------
    >>> outputs, cache = global_average_pool1d_forward(np.zeros((1, 4, 1)))
    >>> global_average_pool1d_backward([[20.0]], cache)[0, :, 0]
    array([5., 5., 5., 5.])
    """
    return _backward(d_outputs, cache, "global_average_pool1d")


def _prepared(
    x: ArrayLike, pool_size: int | None, strides: int | None, padding: str
) -> tuple[FloatArray, Windows]:
    """Return the checked inputs as floats, and the windows; None is one over all."""
    x = check_array(x, "x", ndim=3)
    size = max(1, x.shape[1]) if pool_size is None else pool_size
    step = size if strides is None else strides
    check_layer(step, padding, size=size, name="pool_size", causal=False)
    windows = windows_of(x.shape[1], size, strides=step, padding=padding)
    return x.astype(common_dtype([x])), windows


def _backward(d_outputs: ArrayLike, cache: PoolingCache, kind: str) -> FloatArray:
    """Send the gradient of each window back to its steps, by their weights."""
    check_cache(cache, PoolingCache, kind)
    if cache.kind != kind:
        message = (
            f"`cache` must be that of `{kind}_forward`, got one of "
            f"`{cache.kind}_forward`. Pass the cache of the same layer."
        )
        raise TypeError(message)
    d_outputs = gradient_like(d_outputs, cache.outputs)
    batch, new_time, _, features = cache.weights.shape
    d_windows = d_outputs.reshape(batch, new_time, 1, features)
    return cache.windows.scatter(d_windows * cache.weights)
