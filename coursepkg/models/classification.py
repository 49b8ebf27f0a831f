"""Networks that classify: from a sequence to the probabilities of some classes.

Inputs have the shape (batch, time, n_features), for example the rows of an image from
top to bottom, and outputs hold one probability for each class, which sum to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import keras
import numpy as np

from coursepkg._validation import check_integer
from coursepkg.models._recurrent import add_recurrent_layers, draw_seeds

__all__ = ["build_row_classifier"]


def build_row_classifier(
    cell: Literal["simple_rnn", "lstm", "gru"] = "lstm",
    *,
    units: int | Sequence[int] = (32,),
    n_features: int = 8,
    n_classes: int = 10,
    direction: Literal["forward", "backward", "both"] = "forward",
    every_step: bool = False,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    seed: int | np.random.Generator = 0,
) -> keras.Model:
    """Recurrent layers that read rows of numbers, then one softmax layer.

    Parameters
    ----------
    cell : {"lstm", "gru", "simple_rnn"}
        The kind of all recurrent layers.
    units : int or sequence of int, default (32,)
        Size of each recurrent layer, from the input upwards: ``(32, 32)`` is a deep
        network of two layers.
    n_features : int, default 8
        Numbers in a row, for example the pixels of one line of an image.
    n_classes : int, default 10
        Classes to tell apart.
    direction : {"forward", "backward", "both"}
        How the layers read the rows. "backward" starts at the last one; "both" runs
        two sets of layers and joins their outputs, so that the softmax layer gets
        ``2 * units`` values.
    every_step : bool, default False
        If true, give probabilities at every row, and not after the last one only.
        The output at row t then rests on the rows up to t; reading "backward", on
        those from t on; with "both", on all rows.
    dropout : float, default 0.0
        Share of the inputs of each recurrent layer that is set to 0 in training, with
        one mask for all rows of a sequence, as in Keras.
    recurrent_dropout : float, default 0.0
        Share of the state that is hidden from the recurrent product in training,
        with one mask for all rows of a sequence.
    seed : int or numpy.random.Generator, default 0
        What the first weights and the dropout masks are drawn from. Keras's own
        random state is neither read nor changed.

    Returns
    -------
    keras.Model
        Built, not compiled; (batch, time, n_features) to (batch, n_classes), or with
        `every_step` to (batch, time, n_classes), for any number of rows. The softmax
        layer is called "classes".

    Raises
    ------
    ValueError
        If `cell` or `direction` is unknown, a count is less than 1 (less than 2 for
        `n_classes`), or a share is not in [0, 1).

    Examples
    --------
    >>> model = build_row_classifier("gru", units=(32, 16))
    >>> model.output_shape, [layer.name for layer in model.layers]
    ((None, 10), ['rows', 'gru_1', 'gru_2', 'classes'])
    """
    features = check_integer(n_features, "n_features", minimum=1)
    classes = check_integer(n_classes, "n_classes", minimum=2)
    draw = draw_seeds(seed)
    rows = keras.Input((None, features), name="rows")
    x = add_recurrent_layers(
        rows,  # (batch, time, features)
        cell,
        units,
        direction=direction,
        every_step=every_step,
        dropouts=(dropout, recurrent_dropout),
        draw=draw,
    )  # (batch, width) or (batch, time, width)
    x = keras.layers.Dense(
        classes,
        activation="softmax",
        kernel_initializer=keras.initializers.GlorotUniform(seed=draw()),
        name="classes",
    )(x)  # (batch, classes) or (batch, time, classes)
    return keras.Model(rows, x, name=f"{cell}_row_classifier")
