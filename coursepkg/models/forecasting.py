"""Networks that forecast: from a window of past steps to the next value or values.

Inputs have the shape (batch, sequence_length, n_features), as ``windows`` yields
them, and outputs have the shape of its targets: (batch,) for one value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import keras
import numpy as np

from coursepkg._validation import check_choice, check_integer
from coursepkg.models._convolutional import add_convolutional_layers
from coursepkg.models._recurrent import (
    add_recurrent_layers,
    check_dropout,
    draw_seeds,
)

__all__ = [
    "build_conv_forecaster",
    "build_linear_forecaster",
    "build_quantile_forecaster",
    "build_rnn_forecaster",
    "build_seq2seq_forecaster",
    "build_tcn_forecaster",
]

_POOLINGS = {
    "max": keras.layers.GlobalMaxPooling1D,
    "average": keras.layers.GlobalAveragePooling1D,
    "flatten": keras.layers.Flatten,
}


def build_linear_forecaster(
    *,
    sequence_length: int,
    n_features: int = 1,
    n_outputs: int = 1,
    seed: int | np.random.Generator = 0,
) -> keras.Model:
    """Weighted sum of all values in the window: an autoregression in Keras.

    Parameters
    ----------
    sequence_length : int
        Steps in the window. It cannot be flexible: every step has its own weight.
    n_features : int, default 1
        Columns of the inputs.
    n_outputs : int, default 1
        Values to predict.
    seed : int or numpy.random.Generator, default 0
        What the first weights are drawn from.

    Returns
    -------
    keras.Model
        Built, not compiled; (batch, sequence_length, n_features) to (batch,), or to
        (batch, n_outputs) for several outputs. It has
        ``(sequence_length * n_features + 1) * n_outputs`` parameters.

    Raises
    ------
    ValueError
        If a count is less than 1.

    Examples
    --------
    >>> model = build_linear_forecaster(sequence_length=56)
    >>> model.count_params(), model.output_shape
    (57, (None,))
    """
    length = check_integer(sequence_length, "sequence_length", minimum=1)
    features = check_integer(n_features, "n_features", minimum=1)
    outputs = check_integer(n_outputs, "n_outputs", minimum=1)
    draw = draw_seeds(seed)
    window = keras.Input((length, features), name="window")
    x = keras.layers.Flatten(name="flatten")(window)  # (batch, length * features)
    x = _head(outputs, draw)(x)  # (batch, outputs)
    if outputs == 1:
        x = keras.layers.Reshape((), name="squeeze")(x)  # (batch,)
    return keras.Model(window, x, name="linear_forecaster")


def build_rnn_forecaster(
    cell: Literal["simple_rnn", "lstm", "gru"] = "lstm",
    *,
    units: int | Sequence[int] = (32,),
    n_features: int = 1,
    sequence_length: int | None = None,
    n_outputs: int = 1,
    every_step: bool = False,
    direction: Literal["forward", "backward", "both"] = "forward",
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    seed: int | np.random.Generator = 0,
) -> keras.Model:
    """Recurrent layers, then one linear layer on the last output (or on each).

    The linear layer has no activation, since a forecast may take any value.

    Parameters
    ----------
    cell : {"lstm", "gru", "simple_rnn"}
        The kind of all recurrent layers.
    units : int or sequence of int, default (32,)
        Size of each recurrent layer, from the input upwards: ``(32, 32, 32)`` is a
        deep network of three layers.
    n_features : int, default 1
        Columns of the inputs.
    sequence_length : int, optional
        Steps in the window; any number of steps if left out.
    n_outputs : int, default 1
        Values to predict, for example 2 for rail and bus, or 14 for two weeks.
    every_step : bool, default False
        If true, predict at every step of the window, as ``windows`` does with
        ``every_step=True``, and not at the last one only.
    direction : {"forward", "backward", "both"}
        How the layers read the window. "backward" starts at its last step;
        "both" runs two sets of layers and joins their outputs, so that the upper
        part gets ``2 * units`` values.
    dropout : float, default 0.0
        Share of the inputs of each recurrent layer that is set to 0 in training, with
        one mask for all steps of a window, as in Keras.
    recurrent_dropout : float, default 0.0
        Share of the state that is hidden from the recurrent product in training,
        with one mask for all steps of a window.
    seed : int or numpy.random.Generator, default 0
        What the first weights and the dropout masks are drawn from. Keras's own
        random state is neither read nor changed.

    Returns
    -------
    keras.Model
        Built, not compiled; (batch, sequence_length, n_features) to (batch,), or to
        (batch, n_outputs) for several outputs; with `every_step` to
        (batch, sequence_length) or (batch, sequence_length, n_outputs).

    Raises
    ------
    ValueError
        If `cell` or `direction` is unknown, a count is less than 1, a share is not in
        [0, 1), or `every_step` is asked of a network that reads backward: it would
        see the values that it is to predict.

    References
    ----------
    Y. Gal and Z. Ghahramani (2016). A theoretically grounded application of dropout
    in recurrent neural networks. NeurIPS 29.

    Examples
    --------
    >>> model = build_rnn_forecaster("gru", units=(32, 16), n_features=5)
    >>> model.output_shape, [layer.name for layer in model.layers]
    ((None,), ['window', 'gru_1', 'gru_2', 'forecast', 'squeeze'])
    """
    features = check_integer(n_features, "n_features", minimum=1)
    outputs = check_integer(n_outputs, "n_outputs", minimum=1)
    length = sequence_length
    if length is not None:
        length = check_integer(length, "sequence_length", minimum=1)
    if every_step and direction in ("backward", "both"):
        message = (
            '`every_step` needs `direction="forward"`, got '
            f"{direction!r}. Reading backward, the network has already seen the value "
            "that it is asked to predict at each step."
        )
        raise ValueError(message)

    draw = draw_seeds(seed)
    window = keras.Input((length, features), name="window")
    x = add_recurrent_layers(
        window,  # (batch, length, features)
        cell,
        units,
        direction=direction,
        every_step=every_step,
        dropouts=(dropout, recurrent_dropout),
        draw=draw,
    )  # (batch, width) or (batch, length, width)
    x = _head(outputs, draw)(x)  # (batch, outputs) or (batch, length, outputs)
    if outputs == 1:
        shape = (-1,) if every_step else ()
        x = keras.layers.Reshape(shape, name="squeeze")(x)  # (batch,) | (batch, length)
    return keras.Model(window, x, name=f"{cell}_forecaster")


def build_conv_forecaster(
    *,
    filters: int | Sequence[int] = (32,),
    kernel_size: int | Sequence[int] = 3,
    strides: int | Sequence[int] = 1,
    padding: Literal["valid", "same", "causal"] = "valid",
    dilation_rate: int | Sequence[int] = 1,
    pool_size: int | Sequence[int] = 1,
    pooling: Literal["max", "average", "last", "flatten"] = "max",
    n_features: int = 1,
    sequence_length: int | None = None,
    n_outputs: int = 1,
    dropout: float = 0.0,
    seed: int | np.random.Generator = 0,
) -> keras.Model:
    """Convolutions over the window, their outputs pooled, then one linear layer.

    What is said of a layer, `filters` apart, is one number for all layers or one for
    each.

    Parameters
    ----------
    filters : int or sequence of int, default (32,)
        Number of filters (ReLU) of each layer, from the input upwards.
    kernel_size : int or sequence of int, default 3
        Steps that a filter covers.
    strides : int or sequence of int, default 1
        Steps by which a filter moves on.
    padding : {"valid", "same", "causal"}
        Whether a filter stays within the window, or may hang over both of its ends or
        its beginning, where zeros stand. Strides and pools may leave steps out: the
        newest ones with "valid" and "same", the oldest ones with "causal" (see Notes).
    dilation_rate : int or sequence of int, default 1
        Steps between neighbouring weights of a filter; with strides of 1 only.
    pool_size : int or sequence of int, default 1
        Steps of which a layer hands on the greatest value; 1 for no pooling.
    pooling : {"max", "average", "last", "flatten"}
        What the linear layer gets of the last layer's outputs: the greatest or the mean
        of each filter over all steps, the last output, or all of them. Only with
        "flatten" has each step of the window a weight of its own; with the maximum and
        the mean it does not count where in the window something was.
    n_features : int, default 1
        Columns of the inputs.
    sequence_length : int, optional
        Steps in the window; any number of steps if left out. Required by "flatten".
    n_outputs : int, default 1
        Values to predict, for example 14 for two weeks.
    dropout : float, default 0.0
        Share of the values after each layer that is set to 0 in training.
    seed : int or numpy.random.Generator, default 0
        What the first weights and the dropout masks are drawn from. Keras's own
        random state is neither read nor changed.

    Returns
    -------
    keras.Model
        Built, not compiled; (batch, sequence_length, n_features) to (batch,), or to
        (batch, n_outputs) for several outputs. Its layers are called "conv_1", "pool_1"
        and so on, "pooling" and "forecast".

    Raises
    ------
    TypeError
        If a size is not an integer, or `dropout` not a number.
    ValueError
        If `padding` or `pooling` is unknown, a count is less than 1, there is another
        number of values than of layers, a layer has both strides and dilation, a share
        is not in [0, 1), "flatten" has no `sequence_length`, or the window is too short
        for the layers.

    Notes
    -----
    With "valid" and "same" padding strides and pooled groups are counted from the
    beginning of the window, as in Keras, and an incomplete group at the end is left
    out. The newest steps are then lost to the forecast, whatever `pooling` is: of 120
    hours the last five, with three layers of width 5 and pools of (3, 3, 1). With
    "causal" padding they are counted from the end: the last output has seen the last
    step of the window, whatever its length, and what may be left out are the oldest
    steps.

    Examples
    --------
    >>> model = build_conv_forecaster(filters=(16, 8), kernel_size=4, strides=(2, 1))
    >>> model.output_shape, model.count_params()  # (4 + 1)*16 + (4*16 + 1)*8 + 8 + 1
    ((None,), 609)
    """
    features = check_integer(n_features, "n_features", minimum=1)
    outputs = check_integer(n_outputs, "n_outputs", minimum=1)
    check_choice(pooling, "pooling", ("max", "average", "last", "flatten"))
    length = sequence_length
    if length is not None:
        length = check_integer(length, "sequence_length", minimum=1)
    elif pooling == "flatten":
        message = (
            '`sequence_length` must be given with pooling="flatten", got None. Pass '
            "the number of steps in a window."
        )
        raise ValueError(message)

    draw = draw_seeds(seed)
    window = keras.Input((length, features), name="window")
    x, _ = add_convolutional_layers(
        window,  # (batch, length, features)
        filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding,
        dilation_rate=dilation_rate,
        pool_size=pool_size,
        dropout=dropout,
        draw=draw,
        from_end=padding == "causal",
    )  # (batch, new length, width)
    # (batch, width), flattened (batch, new length * width)
    x = x[:, -1] if pooling == "last" else _POOLINGS[pooling](name="pooling")(x)
    x = _head(outputs, draw)(x)  # (batch, outputs)
    if outputs == 1:
        x = keras.layers.Reshape((), name="squeeze")(x)  # (batch,)
    return keras.Model(window, x, name="conv_forecaster")


def build_tcn_forecaster(
    *,
    n_filters: int = 32,
    kernel_size: int = 2,
    dilations: Sequence[int] = (1, 2, 4, 8, 16),
    n_features: int = 1,
    sequence_length: int | None = None,
    n_outputs: int = 1,
    every_step: bool = False,
    dropout: float = 0.0,
    seed: int | np.random.Generator = 0,
) -> keras.Model:
    r"""Causal convolutions with growing gaps, each added to what it reads.

    A layer of one weight matrix a step widens the inputs to `n_filters`. Then follow as
    many blocks as there are dilations: a causal convolution with ReLU, whose output is
    added to its input. All steps are computed at once, and none of them sees a later
    one.

    Parameters
    ----------
    n_filters : int, default 32
        Filters of each convolution.
    kernel_size : int, default 2
        Steps k that a filter looks at.
    dilations : sequence of int, default (1, 2, 4, 8, 16)
        Distance between these steps in each block, from the input upwards.
    n_features : int, default 1
        Columns of the inputs.
    sequence_length : int, optional
        Steps in the window; any number of steps if left out. Steps before the window
        count as 0.
    n_outputs : int, default 1
        Values to predict.
    every_step : bool, default False
        If true, predict at every step of the window, and not at the last one only.
    dropout : float, default 0.0
        Share of the filters of each convolution that is silenced in training, with one
        mask for all steps of a window.
    seed : int or numpy.random.Generator, default 0
        What the first weights and the dropout masks are drawn from. Keras's own random
        state is neither read nor changed.

    Returns
    -------
    keras.Model
        Built, not compiled; (batch, sequence_length, n_features) to (batch,), or to
        (batch, n_outputs) for several outputs; with `every_step` to
        (batch, sequence_length) or (batch, sequence_length, n_outputs). Its layers are
        called "widen", "conv_1" and "add_1" and so on, and "forecast".

    Raises
    ------
    ValueError
        If a count is less than 1, there is no dilation, or `dropout` is not in [0, 1).

    Notes
    -----
    An output sees the last

    .. math:: R = 1 + (k - 1) \sum_j d_j

    steps, its own among them, and no others: 32 with the default settings. If each
    dilation is twice the one below, one more block makes :math:`R` about twice as long.
    What lies further back is out of reach, however long the training.

    One convolution a block is the form of WaveNet, without its gates. The blocks of Bai
    et al. (2018) hold two each, which doubles the sum.

    References
    ----------
    A. van den Oord et al. (2016). WaveNet: a generative model for raw audio.
    arXiv:1609.03499.
    S. Bai, J. Z. Kolter and V. Koltun (2018). An empirical evaluation of generic
    convolutional and recurrent networks for sequence modeling. arXiv:1803.01271.

    Examples
    --------
    >>> model = build_tcn_forecaster(n_filters=8, kernel_size=3, dilations=(1, 2))
    >>> model.output_shape, model.count_params()  # 16 + 2 x (3 x 8 + 1) x 8 + 9
    ((None,), 425)
    """
    filters = check_integer(n_filters, "n_filters", minimum=1)
    kernel = check_integer(kernel_size, "kernel_size", minimum=1)
    if not isinstance(dilations, Iterable) or isinstance(dilations, str):
        message = (
            f"`dilations` must be a sequence of integers, got {dilations!r}. Pass one "
            "for each block, such as (1, 2, 4)."
        )
        raise TypeError(message)
    gaps = [check_integer(gap, "dilations", minimum=1) for gap in dilations]
    if not gaps:
        message = "`dilations` must hold at least one block, got none. Pass (1, 2, 4)."
        raise ValueError(message)
    features = check_integer(n_features, "n_features", minimum=1)
    outputs = check_integer(n_outputs, "n_outputs", minimum=1)
    length = sequence_length
    if length is not None:
        length = check_integer(length, "sequence_length", minimum=1)
    check_dropout(dropout)

    draw = draw_seeds(seed)
    window = keras.Input((length, features), name="window")
    x = keras.layers.Dense(
        filters,
        kernel_initializer=keras.initializers.GlorotUniform(seed=draw()),
        name="widen",
    )(window)  # (batch, length, filters)
    for number, gap in enumerate(gaps, start=1):
        added = keras.layers.Conv1D(
            filters,
            kernel,
            dilation_rate=gap,
            padding="causal",
            activation="relu",
            kernel_initializer=keras.initializers.GlorotUniform(seed=draw()),
            name=f"conv_{number}",
        )(x)  # (batch, length, filters)
        dropout_seed = draw()
        if dropout:
            added = keras.layers.SpatialDropout1D(
                dropout, seed=dropout_seed, name=f"dropout_{number}"
            )(added)
        x = keras.layers.Add(name=f"add_{number}")([x, added])
    if not every_step:
        x = x[:, -1]  # (batch, filters)
    x = _head(outputs, draw)(x)  # (batch, outputs) or (batch, length, outputs)
    if outputs == 1:
        shape = (-1,) if every_step else ()
        x = keras.layers.Reshape(shape, name="squeeze")(x)  # (batch,) | (batch, length)
    return keras.Model(window, x, name="tcn_forecaster")


def build_seq2seq_forecaster(
    cell: Literal["simple_rnn", "lstm", "gru"] = "lstm",
    *,
    units: int | Sequence[int] = (32,),
    n_features: int = 1,
    sequence_length: int | None = None,
    n_outputs: int = 1,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    seed: int | np.random.Generator = 0,
) -> keras.Model:
    """Recurrent forecaster that answers at every step of its window.

    It is :func:`build_rnn_forecaster` with ``every_step=True`` under the name that the
    field uses: the same weights, of which each window trains with a loss at all of its
    steps instead of one at the last. For a forecast take the last step, ``[:, -1]``.

    Parameters
    ----------
    cell, units, n_features, sequence_length, dropout, recurrent_dropout, seed
        As in :func:`build_rnn_forecaster`.
    n_outputs : int, default 1
        Values to predict at each step, for example the next 14 days.

    Returns
    -------
    keras.Model
        Built, not compiled; (batch, time, n_features) to (batch, time, n_outputs), or
        to (batch, time) for one output: the targets that ``windows`` cuts with
        ``every_step=True``.

    Raises
    ------
    ValueError
        As in :func:`build_rnn_forecaster`.

    References
    ----------
    A. Géron (2022). Hands-On Machine Learning with Scikit-Learn, Keras, and
    TensorFlow, 3rd edition, chapter 15. O'Reilly.

    Examples
    --------
    >>> model = build_seq2seq_forecaster("gru", n_features=5, n_outputs=14)
    >>> model.output_shape
    (None, None, 14)
    """
    return build_rnn_forecaster(
        cell,
        units=units,
        n_features=n_features,
        sequence_length=sequence_length,
        n_outputs=n_outputs,
        every_step=True,
        dropout=dropout,
        recurrent_dropout=recurrent_dropout,
        seed=seed,
    )


def build_quantile_forecaster(
    cell: Literal["simple_rnn", "lstm", "gru"] = "lstm",
    *,
    n_quantiles: int = 3,
    n_outputs: int = 1,
    units: int | Sequence[int] = (32,),
    n_features: int = 1,
    sequence_length: int | None = None,
    seed: int | np.random.Generator = 0,
) -> keras.Model:
    r"""Recurrent forecaster of several quantiles, which cannot cross.

    The linear layer gives :math:`z_1, \ldots, z_m` for each value that is forecast, and
    the quantiles are

    .. math:: q_1 = z_1, \qquad q_i = q_{i-1} + \ln(1 + e^{z_i}),

    each one the quantile below plus a step that is never negative (softplus). Train it
    with the pinball loss of the levels in rising order.

    Parameters
    ----------
    cell, units, n_features, sequence_length, seed
        As in :func:`build_rnn_forecaster`.
    n_quantiles : int, default 3
        Quantiles of each value, for example 3 for the levels .05, .5 and .95.
    n_outputs : int, default 1
        Values to predict, for example the next 14 days.

    Returns
    -------
    keras.Model
        Built, not compiled; (batch, sequence_length, n_features) to
        (batch, n_quantiles), or to (batch, n_outputs, n_quantiles) for several
        outputs. The last axis never falls.

    Raises
    ------
    ValueError
        If `cell` is unknown or a count is less than 1.

    Examples
    --------
    >>> model = build_quantile_forecaster("gru", n_outputs=14, n_features=2)
    >>> model.output_shape
    (None, 14, 3)
    """
    quantiles = check_integer(n_quantiles, "n_quantiles", minimum=1)
    outputs = check_integer(n_outputs, "n_outputs", minimum=1)
    recurrent = build_rnn_forecaster(
        cell,
        units=units,
        n_features=n_features,
        sequence_length=sequence_length,
        n_outputs=outputs * quantiles,
        seed=seed,
    )
    shape = (quantiles,) if outputs == 1 else (outputs, quantiles)
    z = recurrent.output  # (batch, outputs * quantiles)
    z = keras.layers.Reshape(shape, name="levels")(z)  # (batch, ..., quantiles)
    steps = keras.ops.softplus(z[..., 1:])  # (batch, ..., quantiles - 1)
    rising = keras.ops.concatenate([z[..., :1], steps], axis=-1)
    x = keras.ops.cumsum(rising, axis=-1)  # (batch, ..., quantiles)
    return keras.Model(recurrent.input, x, name=f"{cell}_quantile_forecaster")


def _head(n_outputs: int, draw: Callable[[], int]) -> keras.layers.Layer:
    """Return the linear layer that makes the forecast."""
    return keras.layers.Dense(
        n_outputs,
        kernel_initializer=keras.initializers.GlorotUniform(seed=draw()),
        name="forecast",
    )
