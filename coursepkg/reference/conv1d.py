"""The one-dimensional convolution, forward and backward."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from coursepkg._validation import check_array, check_integer
from coursepkg.reference._sliding import (
    Windows,
    check_layer,
    gradient_like,
    windows_of,
)
from coursepkg.reference._steps import (
    FloatArray,
    activation_and_slope,
    check_cache,
    common_dtype,
)


@dataclass(frozen=True, eq=False, repr=False)
class Conv1DCache:
    """What `conv1d_forward` keeps for `conv1d_backward`.

    Parameters
    ----------
    covered : array of shape (batch, new time, kernel_size, features)
        What each window covers: zeros where it hangs over an end.
    windows : Windows
        Which steps these are.
    kernel : array of shape (kernel_size, features, filters)
    has_bias : bool
    outputs : array of shape (batch, new time, filters)
    activation : str
    """

    covered: FloatArray
    windows: Windows
    kernel: FloatArray
    has_bias: bool
    outputs: FloatArray
    activation: str

    def __repr__(self) -> str:
        """Return the sizes."""
        batch, time, filters = self.outputs.shape
        return f"Conv1DCache(batch={batch}, new time={time}, filters={filters})"


@dataclass(frozen=True, eq=False, repr=False)
class Conv1DGradients:
    """Gradients of a loss with respect to all that a convolution was given.

    Parameters
    ----------
    x : array of shape (batch, time, features)
    kernel : array of shape (kernel_size, features, filters)
    bias : array of shape (filters,) or None
        None if the layer has no bias.
    """

    x: FloatArray
    kernel: FloatArray
    bias: FloatArray | None

    def __repr__(self) -> str:
        """Return the sizes."""
        return f"Conv1DGradients(x={self.x.shape}, kernel={self.kernel.shape})"


def conv1d_forward(
    x: ArrayLike,
    kernel: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    strides: int = 1,
    padding: str = "valid",
    dilation_rate: int = 1,
    activation: str = "linear",
) -> tuple[FloatArray, Conv1DCache]:
    r"""Slide filters along a batch of sequences.

    .. math:: z^{(i)}_f = b_f + \sum_{j=0}^{k-1} \sum_{c}
              x^{(s i + d j - p)}_c \, W_{j c f},

    with stride s, dilation d and, by the padding, p zeros before the beginning. It
    computes what ``keras.layers.Conv1D`` computes, which statisticians call a
    cross-correlation: the filter is not turned round.
    ``conv1d_forward(x, *layer.get_weights())`` is the layer.

    Parameters
    ----------
    x : array of shape (batch, time, features)
        Inputs. NaN and infinite values are not refused: they flow through.
    kernel : array of shape (kernel_size, features, filters)
        The filters, each (kernel_size, features).
    bias : array of shape (filters,), optional
        None for a layer without bias.
    strides : int
        Steps s by which a filter moves on.
    padding : {"valid", "same", "causal"}
        Filters stay inside the sequence, or hang over both of its ends, or over its
        beginning such that output i sees nothing later than step ``s * i``.
    dilation_rate : int
        Steps d between neighbouring weights of a filter. As in Keras, either `strides`
        or `dilation_rate` is 1.
    activation : str
        "linear", "relu", "tanh" or "sigmoid".

    Returns
    -------
    outputs : array of shape (batch, new time, filters)
        With "same" and "causal" padding the new time is ``ceil(time / s)``, with
        "valid" padding ``ceil((time - d * (kernel_size - 1)) / s)``.
    cache : Conv1DCache
        What `conv1d_backward` needs.

    Raises
    ------
    TypeError
        If an array does not hold real numbers, or a size is not an integer.
    ValueError
        If a shape does not fit, a size is less than 1, both `strides` and
        `dilation_rate` are greater than 1, the sequence is shorter than a filter, or
        there is no such padding or activation.

    Notes
    -----
    The arrays are computed in the widest floating dtype among `x` and the weights. None
    of them is changed.

    References
    ----------
    V. Dumoulin and F. Visin (2016). A guide to convolution arithmetic for deep
    learning. arXiv:1603.07285.

    Examples
    --------
    A filter that finds rises:

    >>> x = np.array([[[0.0], [0.0], [3.0], [3.0], [1.0]]])  # (batch, time, features)
    >>> outputs, cache = conv1d_forward(x, [[[-1.0]], [[1.0]]])
    >>> outputs[0, :, 0]
    array([ 0.,  3.,  0., -2.])
    """
    activate, _ = activation_and_slope(activation, "activation")
    x = check_array(x, "x", ndim=3)
    kernel = check_array(kernel, "kernel", ndim=3)
    _check_kernel(kernel, x)
    given = [x, kernel]
    if bias is not None:
        bias = check_array(bias, "bias", ndim=1)
        if bias.shape != (kernel.shape[2],):
            message = (
                f"`bias` must have shape {(kernel.shape[2],)}, one number for each "
                f"filter, got {bias.shape}. Pass the bias of the same layer, or None."
            )
            raise ValueError(message)
        given.append(bias)
    check_layer(strides, padding, size=kernel.shape[0], name="kernel_size", causal=True)
    check_integer(dilation_rate, "dilation_rate", minimum=1)
    if strides > 1 and dilation_rate > 1:
        message = (
            f"`strides` or `dilation_rate` must be 1, got {strides} and "
            f"{dilation_rate}. Keras does not combine them either."
        )
        raise ValueError(message)
    dtype = common_dtype(given)
    windows = windows_of(
        x.shape[1],
        kernel.shape[0],
        strides=strides,
        padding=padding,
        dilation_rate=dilation_rate,
    )
    W = np.array(kernel, dtype)
    b = 0 if bias is None else bias.astype(dtype)

    covered = windows.gather(
        x.astype(dtype)
    )  # (batch, new time, kernel_size, features)
    z = np.tensordot(covered, W, axes=2) + b  # (batch, new time, filters)
    outputs = activate(z)  # (batch, new time, filters)

    cache = Conv1DCache(
        covered=covered,
        windows=windows,
        kernel=W,
        has_bias=bias is not None,
        outputs=outputs.copy(),
        activation=activation,
    )
    return outputs, cache


def conv1d_backward(d_outputs: ArrayLike, cache: Conv1DCache) -> Conv1DGradients:
    r"""Return the gradients of a loss.

    Every weight is used in every window, so its gradient is a sum over all windows; a
    step of the input gets a share from every window that covers it:

    .. math::

        \frac{\partial L}{\partial W_{j c f}} &=
            \sum_i x^{(s i + d j - p)}_c \frac{\partial L}{\partial z^{(i)}_f}, \\
        \frac{\partial L}{\partial x^{(t)}_c} &=
            \sum_{i, j:\, s i + d j - p = t} \sum_f
            W_{j c f} \frac{\partial L}{\partial z^{(i)}_f}.

    Parameters
    ----------
    d_outputs : array of shape (batch, new time, filters)
        dL/d(outputs).
    cache : Conv1DCache
        The second result of `conv1d_forward`.

    Returns
    -------
    Conv1DGradients
        `x`, `kernel` and `bias`, with the shapes of what was given.

    Raises
    ------
    TypeError
        If `cache` is not what `conv1d_forward` returned.
    ValueError
        If a shape does not fit.

    Examples
    --------
    Each of four windows of two steps sends 1 back to both of its steps:

    >>> outputs, cache = conv1d_forward(np.zeros((1, 5, 1)), np.ones((2, 1, 1)))
    >>> conv1d_backward(np.ones((1, 4, 1)), cache).x[0, :, 0]
    array([1., 2., 2., 2., 1.])
    """
    check_cache(cache, Conv1DCache, "conv1d")
    _, slope = activation_and_slope(cache.activation, "activation")
    d_outputs = gradient_like(d_outputs, cache.outputs)

    d_z = d_outputs * slope(cache.outputs)  # (batch, new time, filters)
    d_covered = np.tensordot(d_z, cache.kernel, axes=([2], [2]))
    # d_covered: (batch, new time, kernel_size, features)
    return Conv1DGradients(
        x=cache.windows.scatter(d_covered),
        kernel=np.tensordot(cache.covered, d_z, axes=([0, 1], [0, 1])),
        bias=d_z.sum(axis=(0, 1)) if cache.has_bias else None,
    )


def _check_kernel(kernel: FloatArray, x: FloatArray) -> None:
    """Refuse filters that do not fit the features of `x`."""
    features = x.shape[2]
    if kernel.shape[1] == features and min(kernel.shape) > 0:
        return
    message = (
        f"`kernel` must have shape (kernel_size, {features}, filters), since `x` has "
        f"{features} features, got {kernel.shape}. Pass `*layer.get_weights()` of one "
        "layer, in this order."
    )
    raise ValueError(message)
