"""Networks that forecast: from a window of past steps to the next value or values.

Inputs have the shape (batch, sequence_length, n_features), as ``windows`` yields
them, and outputs have the shape of its targets: (batch,) for one value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import keras
import numpy as np

from coursepkg._validation import check_integer
from coursepkg.models._recurrent import add_recurrent_layers, draw_seeds

__all__ = ["build_linear_forecaster", "build_rnn_forecaster"]


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


def _head(n_outputs: int, draw: Callable[[], int]) -> keras.layers.Layer:
    """Return the linear layer that makes the forecast."""
    return keras.layers.Dense(
        n_outputs,
        kernel_initializer=keras.initializers.GlorotUniform(seed=draw()),
        name="forecast",
    )
