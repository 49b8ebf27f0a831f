"""Networks that predict the next token of a text, one character or word at a time.

Inputs are token ids of shape (batch, time). Outputs are logits: before the softmax,
one number for each token of the vocabulary at every step, for the token that follows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import keras
import numpy as np

from coursepkg._validation import check_choice, check_integer
from coursepkg.models._recurrent import add_recurrent_layers, draw_seeds

__all__ = ["build_language_model"]


def build_language_model(
    vocabulary_size: int,
    *,
    cell: Literal["gru", "lstm"] = "gru",
    units: int | Sequence[int] = (128,),
    embedding_dim: int | None = 32,
    dropout: float = 0.0,
    stateful: bool = False,
    batch_size: int | None = None,
    time_scale: float | None = None,
    seed: int | np.random.Generator = 0,
) -> keras.Model:
    r"""Token vectors, recurrent layers that read forward, one linear layer of logits.

    Parameters
    ----------
    vocabulary_size : int
        Number of different tokens; ids are from 0 to ``vocabulary_size - 1``. No id
        is special: there is no padding.
    cell : {"gru", "lstm"}
        The kind of all recurrent layers.
    units : int or sequence of int, default (128,)
        Size of each recurrent layer, from the input upwards.
    embedding_dim : int or None, default 32
        Length of the vector that is learnt for each token; None feeds one-hot vectors.
        These are rows of an identity matrix that is not trained, so that
        ``model.count_params()`` counts ``vocabulary_size ** 2`` numbers too many.
    dropout : float, default 0.0
        In training, the share of the inputs of each recurrent layer that is set to 0,
        with one mask for all steps of a row, as in Keras; and the share of the
        inputs of the logits, with a new mask at each step.
    stateful : bool, default False
        If true, each row of a batch goes on with the state in which the same row of
        the batch before ended, as the rows of `text.contiguous_batches` do. The state
        starts at zero; ``layer.reset_states()`` of each recurrent layer puts it back.
    batch_size : int, optional
        Rows of all batches; required when `stateful`, for there is one state a row.
    time_scale : float, optional
        Steps, more than 1, over which the slowest units shall remember before any
        training (see Notes). None leaves the biases as Keras sets them.
    seed : int or numpy.random.Generator, default 0
        What the first weights and the dropout masks are drawn from. Keras's own
        random state is neither read nor changed. It does not matter for the weights
        whether the model is stateful: ``set_weights`` moves them from one to the other.

    Returns
    -------
    keras.Model
        Built, not compiled; (batch, time) to (batch, time, vocabulary_size), for any
        number of steps. The loss must know that these are logits:
        ``SparseCategoricalCrossentropy(from_logits=True)``.

    Raises
    ------
    ValueError
        If `cell` is unknown, a count is less than 1 (less than 2 for
        `vocabulary_size`), a share is not in [0, 1), `time_scale` is not a finite
        number above 1, or the model is stateful without a batch size.

    Notes
    -----
    A gate that keeps the share k of the state at each step forgets within about
    :math:`1 / (1 - k)` steps. Keras lets a GRU begin with k near 1/2 and an LSTM with
    .73: what lay thirty characters back has next to no gradient. With `time_scale`
    each unit draws u uniformly from 1 to `time_scale` and begins with
    :math:`k = u / (1 + u)`, that is with the bias :math:`\log u` of the update gate of
    a GRU (which in Keras is the share kept) or of the forget gate of an LSTM, whose
    input gate gets :math:`-\log u`. This is the chrono initialisation of Tallec and
    Ollivier.

    References
    ----------
    C. Tallec and Y. Ollivier (2018). Can recurrent neural networks warp time? ICLR.

    Examples
    --------
    >>> model = build_language_model(30, units=(64,))
    >>> model.output_shape, [layer.name for layer in model.layers]
    ((None, None, 30), ['ids', 'embedding', 'gru_1', 'logits'])
    """
    size = check_integer(vocabulary_size, "vocabulary_size", minimum=2)
    check_choice(cell, "cell", ("gru", "lstm"))
    if stateful and batch_size is None:
        message = (
            "`batch_size` must be given when `stateful` is true, got None: the layers "
            "keep one state for each row. Pass the number of rows of your batches."
        )
        raise ValueError(message)
    rows = batch_size
    if rows is not None:
        rows = check_integer(rows, "batch_size", minimum=1)
    if time_scale is not None and not (math.isfinite(time_scale) and time_scale > 1):
        message = (
            f"`time_scale` must be a finite number above 1, got {time_scale}. Pass the "
            "number of steps over which something has to be remembered, such as 200."
        )
        raise ValueError(message)
    draw = draw_seeds(seed)
    ids = keras.Input(batch_shape=(rows, None), dtype="int32", name="ids")
    if embedding_dim is None:
        vectors = keras.layers.Embedding(
            size,
            size,
            embeddings_initializer="identity",
            trainable=False,
            name="one_hot",
        )
    else:
        vectors = keras.layers.Embedding(
            size,
            check_integer(embedding_dim, "embedding_dim", minimum=1),
            embeddings_initializer=keras.initializers.RandomUniform(seed=draw()),
            name="embedding",
        )
    x = add_recurrent_layers(
        vectors(ids),  # (batch, time, embedding_dim)
        cell,
        units,
        direction="forward",
        every_step=True,
        dropouts=(dropout, 0.0),
        draw=draw,
        stateful=stateful,
    )  # (batch, time, units)
    mask_seed = draw()  # drawn in any case, so that the logits' weights stay the same
    if dropout:
        x = keras.layers.Dropout(dropout, seed=mask_seed, name="dropout")(x)
    logits = keras.layers.Dense(
        size,
        kernel_initializer=keras.initializers.GlorotUniform(seed=draw()),
        name="logits",
    )(x)  # (batch, time, vocabulary_size)
    model = keras.Model(ids, logits, name=f"{cell}_language_model")
    if time_scale is not None:
        _spread_time_scales(model, time_scale, draw())
    return model


def _spread_time_scales(model: keras.Model, longest: float, seed: int) -> None:
    """Set the gates' biases so that units begin with memories of 1 to `longest` steps.

    Parameters
    ----------
    model : keras.Model
        Its GRU and LSTM layers are changed in place.
    longest : float
        Steps.
    seed : int
        Source of each unit's time.
    """
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if not isinstance(layer, keras.layers.GRU | keras.layers.LSTM):
            continue
        n = layer.units
        keep = np.log(rng.uniform(1.0, longest, n))  # (units,)
        kernel, recurrent_kernel, bias = layer.get_weights()
        if isinstance(layer, keras.layers.GRU):
            bias[0, :n] = keep  # bias is (2, 3 * units): update, reset, candidate
        else:
            bias[:n], bias[n : 2 * n] = -keep, keep  # input, forget, candidate, output
        layer.set_weights([kernel, recurrent_kernel, bias])
