"""The stack of 1D convolutions that forecasters and classifiers share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import keras

from coursepkg._validation import check_choice, check_integer
from coursepkg.models._recurrent import check_dropout

__all__ = ["add_convolutional_layers", "output_length"]


def add_convolutional_layers(
    x: keras.KerasTensor,
    filters: int | Sequence[int],
    *,
    kernel_size: int | Sequence[int],
    draw: Callable[[], int],
    strides: int | Sequence[int] = 1,
    padding: str = "valid",
    dilation_rate: int | Sequence[int] = 1,
    pool_size: int | Sequence[int] = 1,
    activation: str = "relu",
    dropout: float = 0.0,
    mask: keras.KerasTensor | None = None,
    from_end: bool = False,
) -> tuple[keras.KerasTensor, keras.KerasTensor | None]:
    """Put convolutional layers upon `x`; refuse what no such stack can be.

    What is said of a layer, `filters` apart, is one number for all layers or one for
    each.

    Parameters
    ----------
    x : keras.KerasTensor
        Of shape (batch, time, features).
    filters : int or sequence of int
        Number of filters of each layer, from the input upwards.
    kernel_size : int or sequence of int
        Steps that a filter covers.
    draw : callable
        Returns the next seed. Each layer takes two: kernel, dropout mask.
    strides : int or sequence of int, default 1
        Steps by which a filter moves on.
    padding : {"valid", "same", "causal"}
        Whether a filter stays within the sequence, or may hang over both of its ends
        or its beginning, where zeros stand.
    dilation_rate : int or sequence of int, default 1
        Steps between neighbouring weights of a filter.
    pool_size : int or sequence of int, default 1
        Steps of which the layer hands on the greatest value; 1 for no pooling. An
        incomplete group at the end is left out, as in Keras.
    activation : str, default "relu"
        A mask needs one that is never negative, such that 0 is the least value.
    dropout : float, default 0.0
        Share of the values after each layer that is set to 0 in training.
    mask : keras.KerasTensor, optional
        Of shape (batch, time, 1), 1 where a step counts and 0 where it is padding.
        Keras's own masks are dropped by Conv1D.
    from_end : bool, default False
        Whether strides and pooled groups are counted from the last step, so that what
        is left out are the oldest steps and not the newest. For "causal" padding
        without a mask. A strided layer then computes all steps before it drops some.

    Returns
    -------
    x : keras.KerasTensor
        (batch, new time, filters of the last layer); 0 where the mask is 0.
    mask : keras.KerasTensor or None
        (batch, new time, 1): 1 where the filter covered steps that count. With "valid"
        padding all of them must count, as if the sequence had no padding; with "same"
        and "causal" the one to which the output belongs. Pooled steps count if one of
        them does.

    Raises
    ------
    TypeError
        If a size is not an integer, or `dropout` not a number.
    ValueError
        If there is no layer, a count is less than 1, there is another number of values
        than of layers, `padding` is unknown, a layer has both strides and dilation, a
        share is not in [0, 1), or the sequence is shorter than a filter.
    """
    sizes = list(filters) if isinstance(filters, Iterable) else [filters]
    sizes = [check_integer(size, "filters", minimum=1) for size in sizes]
    if not sizes:
        message = "`filters` must hold at least one layer, got none. Pass (32,)."
        raise ValueError(message)
    check_choice(padding, "padding", ("valid", "same", "causal"))
    check_dropout(dropout)
    widths = _for_each_layer(kernel_size, "kernel_size", len(sizes))
    steps = _for_each_layer(strides, "strides", len(sizes))
    rates = _for_each_layer(dilation_rate, "dilation_rate", len(sizes))
    pools = _for_each_layer(pool_size, "pool_size", len(sizes))

    for number, (size, width, stride, rate, pool) in enumerate(
        zip(sizes, widths, steps, rates, pools, strict=True), start=1
    ):
        if stride > 1 and rate > 1:
            message = (
                f"Layer {number} has strides={stride} and dilation_rate={rate}: Keras "
                "knows one or the other. Set one of them to 1."
            )
            raise ValueError(message)
        length = x.shape[1]
        if length is not None:
            after = output_length(
                length, width, strides=stride, padding=padding, dilation_rate=rate
            )
            if after // pool < 1:
                message = (
                    f"Layer {number} of the convolutions gets {length} steps, too few "
                    f"for kernel_size={width}, dilation_rate={rate}, "
                    f'pool_size={pool} and padding="{padding}". Take a longer '
                    "sequence, smaller numbers or fewer layers."
                )
                raise ValueError(message)
        x = keras.layers.Conv1D(
            size,
            width,
            strides=1 if from_end else stride,
            padding=padding,
            dilation_rate=rate,
            activation=activation,
            kernel_initializer=keras.initializers.GlorotUniform(seed=draw()),
            name=f"conv_{number}",
        )(x)  # (batch, new time, size)
        if mask is not None:
            mask = _moved(mask, width, stride, padding, rate)  # (batch, new time, 1)
            x = x * mask
        if from_end and stride * pool > 1:
            x = x[:, ::-stride]  # the last step first
        if pool > 1:
            x = keras.layers.MaxPooling1D(pool, name=f"pool_{number}")(x)
            if mask is not None:
                mask = keras.layers.MaxPooling1D(pool)(mask)
        if from_end and stride * pool > 1:
            x = x[:, ::-1]
        seed = draw()
        if dropout > 0.0:
            x = keras.layers.Dropout(dropout, seed=seed, name=f"dropout_{number}")(x)
    return x, mask


def output_length(
    length: int,
    kernel_size: int,
    *,
    strides: int = 1,
    padding: str = "valid",
    dilation_rate: int = 1,
) -> int:
    """Return the number of steps that a convolution puts out; 0 if there are none."""
    if padding == "valid":
        length = max(0, length - (kernel_size - 1) * dilation_rate)
    return -(-length // strides)


def _for_each_layer(value: int | Sequence[int], name: str, n_layers: int) -> list[int]:
    """Return one number for each layer."""
    values = list(value) if isinstance(value, Iterable) else [value] * n_layers
    if len(values) != n_layers:
        message = (
            f"`{name}` must be one number or one for each of the {n_layers} layers, "
            f"got {len(values)}."
        )
        raise ValueError(message)
    return [check_integer(one, name, minimum=1) for one in values]


def _moved(
    mask: keras.KerasTensor, width: int, stride: int, padding: str, rate: int
) -> keras.KerasTensor:
    """Return which outputs of a convolution count, (batch, new time, 1)."""
    if padding != "valid":
        return mask[:, ::stride]
    reach = (width - 1) * rate
    covered = mask[:, : -reach or None]
    for offset in range(rate, reach + 1, rate):
        covered = covered * mask[:, offset : offset - reach or None]
    return covered[:, ::stride]
