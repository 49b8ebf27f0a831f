"""Networks that classify: from a sequence to the probabilities of some classes.

The row classifier takes numbers, (batch, time, n_features), for example the rows of an
image from top to bottom. The others take texts as integers, (batch, time), with 0 as
padding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursepkg._validation import (
    check_array,
    check_choice,
    check_finite,
    check_integer,
)
from coursepkg.models._convolutional import add_convolutional_layers
from coursepkg.models._recurrent import (
    add_recurrent_layers,
    check_dropout,
    draw_seeds,
)

__all__ = [
    "build_bag_classifier",
    "build_conv_classifier",
    "build_hybrid_classifier",
    "build_rnn_classifier",
    "build_row_classifier",
]


def build_bag_classifier(
    vocabulary_size: int,
    *,
    embedding_dim: int = 16,
    units: int | Sequence[int] = (),
    pooling: Literal["average", "flatten"] = "average",
    sequence_length: int | None = None,
    n_classes: int = 2,
    dropout: float = 0.0,
    embeddings: ArrayLike | None = None,
    trainable: bool = True,
    seed: int | np.random.Generator = 0,
) -> keras.Model:
    """One vector for each word, their average or all of them, then dense layers.

    With "average" the network is a bag of words: any order of the words gives the same
    answer. With "flatten" each position has weights of its own in the layer above, so
    that what is learned about a word at one place says nothing about it at another.

    Parameters
    ----------
    vocabulary_size : int
        Number of different ids, padding (0) and unknown (1) among them.
    embedding_dim : int, default 16
        Length of a word's vector. If `embeddings` are given, theirs counts.
    units : int or sequence of int, default ()
        Size of each hidden layer (ReLU) between the vectors and the last layer.
    pooling : {"average", "flatten"}
        What is made of the vectors: their mean over the words without the padding, or
        one long vector of `sequence_length` times `embedding_dim` numbers, where
        padding has a vector like any word.
    sequence_length : int, optional
        Number of ids in a sequence. Required by "flatten", where it decides about the
        number of weights; otherwise any length will do.
    n_classes : int, default 2
        Classes to tell apart. With two the output is one number, the probability of
        class 1 (a sigmoid); with more, one probability for each (a softmax).
    dropout : float, default 0.0
        Share of the inputs of each dense layer that is set to 0 in training.
    embeddings : array_like of shape (vocabulary_size, dimension), optional
        First vectors of the words, for example pretrained ones; row 0 is padding's.
    trainable : bool, default True
        Whether training changes the words' vectors.
    seed : int or numpy.random.Generator, default 0
        What the first weights and the dropout masks are drawn from. Keras's own random
        state is neither read nor changed.

    Returns
    -------
    keras.Model
        Built, not compiled; (batch, time) to (batch, 1), or to (batch, n_classes) for
        more than two classes. Its layers are called "embedding", "pooling", "dense_1"
        and so on, and "probability" or "classes".

    Raises
    ------
    ValueError
        If `pooling` is unknown, "flatten" has no `sequence_length`, a count is less
        than 1 (less than 2 for `vocabulary_size` and `n_classes`), a share is not in
        [0, 1), or `embeddings` have another number of rows or are not finite.

    Notes
    -----
    A sequence without any word, nothing but padding, has the mean 0.

    Examples
    --------
    >>> model = build_bag_classifier(780)
    >>> model.output_shape, model.count_params()  # 780 x 16 + (16 + 1) x 1
    ((None, 1), 12497)
    >>> flat = build_bag_classifier(780, pooling="flatten", sequence_length=20)
    >>> flat.count_params()  # 780 x 16 + (20 x 16 + 1) x 1
    12801
    """
    check_choice(pooling, "pooling", ("average", "flatten"))
    length = sequence_length
    if length is not None:
        length = check_integer(length, "sequence_length", minimum=1)
    elif pooling == "flatten":
        message = (
            '`sequence_length` must be given with pooling="flatten", got None. Pass '
            "the length to which the texts are padded."
        )
        raise ValueError(message)
    classes = check_integer(n_classes, "n_classes", minimum=2)
    share = check_dropout(dropout)
    draw = draw_seeds(seed)
    ids = keras.Input((length,), dtype="int32", name="ids")
    vectors, first = _embedding(
        vocabulary_size, embedding_dim, embeddings, draw=draw, trainable=trainable
    )
    x = vectors(ids)  # (batch, time, dimension)
    if pooling == "average":
        x = _pooled("average", x, ids)  # (batch, dimension)
    else:
        x = keras.layers.Flatten(name="pooling")(x)  # (batch, time * dimension)
    x = _dense_layers(x, units, share, draw)  # (batch, size of the last)
    model = keras.Model(ids, _head(x, classes, draw), name=f"{pooling}_bag_classifier")
    if first is not None:
        vectors.set_weights([first])
    return model


def build_conv_classifier(
    vocabulary_size: int | None = None,
    *,
    embedding_dim: int = 16,
    n_features: int = 1,
    filters: int | Sequence[int] = (32,),
    kernel_size: int | Sequence[int] = 3,
    strides: int | Sequence[int] = 1,
    padding: Literal["valid", "same", "causal"] = "valid",
    dilation_rate: int | Sequence[int] = 1,
    pool_size: int | Sequence[int] = 1,
    pooling: Literal["max", "average", "flatten"] = "max",
    sequence_length: int | None = None,
    units: int | Sequence[int] = (),
    mask_zero: bool = True,
    n_classes: int = 2,
    dropout: float = 0.0,
    embeddings: ArrayLike | None = None,
    trainable: bool = True,
    seed: int | np.random.Generator = 0,
) -> keras.Model:
    """Convolutions over words or numbers, their outputs pooled, then dense layers.

    With a `vocabulary_size` the network reads texts, and each filter over their words'
    vectors is a soft n-gram; without one it reads series of numbers. What is said of a
    convolutional layer, `filters` apart, is one number for all or one for each.

    Parameters
    ----------
    vocabulary_size : int, optional
        Number of different ids, padding (0) and unknown (1) among them. If left out,
        the inputs are series.
    embedding_dim : int, default 16
        Length of a word's vector. If `embeddings` are given, theirs counts.
    n_features : int, default 1
        Columns of a series; without meaning for texts.
    filters : int or sequence of int, default (32,)
        Number of filters (ReLU) of each layer, from the input upwards.
    kernel_size : int or sequence of int, default 3
        Steps that a filter covers.
    strides : int or sequence of int, default 1
        Steps by which a filter moves on.
    padding : {"valid", "same", "causal"}
        Whether a filter stays within the sequence, or may hang over both of its ends
        or its beginning, where zeros stand.
    dilation_rate : int or sequence of int, default 1
        Steps between neighbouring weights of a filter; with strides of 1 only.
    pool_size : int or sequence of int, default 1
        Steps of which a layer hands on the greatest value; 1 for no pooling.
    pooling : {"max", "average", "flatten"}
        What the dense layers get of the last convolution's outputs: the greatest or the
        mean of each filter over all steps, or all of them. Only with "flatten" does
        each position have weights of its own.
    sequence_length : int, optional
        Number of steps. Required by "flatten"; otherwise any length will do.
    units : int or sequence of int, default ()
        Size of each hidden layer (ReLU) between the pooled outputs and the last layer.
    mask_zero : bool, default True
        Whether padding (id 0) of a text is left out: its vector counts as zeros, and
        so does each output that belongs to padding. If false, it is read like a word.
        Series have no padding.
    n_classes : int, default 2
        Classes to tell apart. With two the output is one number, the probability of
        class 1 (a sigmoid); with more, one probability for each (a softmax).
    dropout : float, default 0.0
        Share of the inputs of each dense layer that is set to 0 in training.
    embeddings : array_like of shape (vocabulary_size, dimension), optional
        First vectors of the words, for example pretrained ones; row 0 is padding's.
    trainable : bool, default True
        Whether training changes the words' vectors.
    seed : int or numpy.random.Generator, default 0
        What the first weights and the dropout masks are drawn from. Keras's own random
        state is neither read nor changed.

    Returns
    -------
    keras.Model
        Built, not compiled; (batch, time), or (batch, time, n_features) for series, to
        (batch, 1), or to (batch, n_classes) for more than two classes. Its layers are
        called "embedding", "conv_1", "pool_1" and so on, "pooling", "dense_1" and so
        on, and "probability" or "classes".

    Raises
    ------
    ValueError
        If `padding` or `pooling` is unknown, a count is less than 1 (less than 2 for
        `vocabulary_size` and `n_classes`), there is another number of values than of
        layers, a layer has both strides and dilation, a share is not in [0, 1),
        "flatten" has no `sequence_length`, the sequence is too short for the layers,
        or `embeddings` do not fit or are given for series.

    Notes
    -----
    A text without a single complete window, one shorter than the filters are wide, has
    with "valid" padding the maximum, or the mean, 0. With strides and `pool_size` of 1
    and global pooling the answer does not depend on how much padding follows a text;
    strides and pooling count their groups from the array's beginning and may leave out
    a part of the last one, if no padding fills it up.

    References
    ----------
    Y. Kim (2014). Convolutional neural networks for sentence classification. EMNLP.

    Examples
    --------
    >>> model = build_conv_classifier(780, kernel_size=2)
    >>> model.output_shape, model.count_params()  # 780*16 + (2*16 + 1)*32 + 32 + 1
    ((None, 1), 13569)
    >>> build_conv_classifier(n_features=3, n_classes=4).input_shape
    (None, None, 3)
    """
    check_choice(pooling, "pooling", ("max", "average", "flatten"))
    length = sequence_length
    if length is not None:
        length = check_integer(length, "sequence_length", minimum=1)
    elif pooling == "flatten":
        message = (
            '`sequence_length` must be given with pooling="flatten", got None. Pass '
            "the length of the sequences."
        )
        raise ValueError(message)
    classes = check_integer(n_classes, "n_classes", minimum=2)
    share = check_dropout(dropout)
    draw = draw_seeds(seed)
    inputs, x, mask, start = _words_or_series(
        vocabulary_size,
        embedding_dim,
        embeddings,
        n_features=n_features,
        length=length,
        mask_zero=mask_zero,
        draw=draw,
        trainable=trainable,
    )
    x, mask = add_convolutional_layers(
        x,
        filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding,
        dilation_rate=dilation_rate,
        pool_size=pool_size,
        draw=draw,
        mask=mask,
    )  # (batch, new time, width)
    if pooling == "flatten":
        x = keras.layers.Flatten(name="pooling")(x)  # (batch, new time * width)
    else:
        # What does not count is 0 already, the least that a filter can put out.
        counts = mask if pooling == "average" else None
        x = _pooled(pooling, x, None if counts is None else counts[:, :, 0])
    x = _dense_layers(x, units, share, draw)  # (batch, size of the last)
    model = keras.Model(inputs, _head(x, classes, draw), name="conv_classifier")
    start()
    return model


def build_hybrid_classifier(
    cell: Literal["simple_rnn", "lstm", "gru"] = "gru",
    *,
    vocabulary_size: int | None = None,
    embedding_dim: int = 16,
    n_features: int = 1,
    filters: int | Sequence[int] = (32,),
    kernel_size: int | Sequence[int] = 5,
    strides: int | Sequence[int] = 1,
    padding: Literal["valid", "same", "causal"] = "valid",
    pool_size: int | Sequence[int] = 1,
    units: int | Sequence[int] = (32,),
    mask_zero: bool = True,
    n_classes: int = 2,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    embeddings: ArrayLike | None = None,
    trainable: bool = True,
    seed: int | np.random.Generator = 0,
) -> keras.Model:
    """Convolutions that find and shorten, then recurrent layers that keep the order.

    With strides or pooling the recurrent layers have fewer steps to read, and less time
    to forget in. With a `vocabulary_size` the network reads texts, without one series
    of numbers. What is said of a convolutional layer, `filters` apart, is one number
    for all or one for each.

    Parameters
    ----------
    cell : {"gru", "lstm", "simple_rnn"}
        The kind of all recurrent layers.
    vocabulary_size : int, optional
        Number of different ids, padding (0) and unknown (1) among them. If left out,
        the inputs are series.
    embedding_dim : int, default 16
        Length of a word's vector. If `embeddings` are given, theirs counts.
    n_features : int, default 1
        Columns of a series; without meaning for texts.
    filters : int or sequence of int, default (32,)
        Number of filters (ReLU) of each layer, from the input upwards.
    kernel_size : int or sequence of int, default 5
        Steps that a filter covers.
    strides : int or sequence of int, default 1
        Steps by which a filter moves on.
    padding : {"valid", "same", "causal"}
        Whether a filter stays within the sequence, or may hang over both of its ends
        or its beginning, where zeros stand.
    pool_size : int or sequence of int, default 1
        Steps of which a layer hands on the greatest value; 1 for no pooling.
    units : int or sequence of int, default (32,)
        Size of each recurrent layer, from the convolutions upwards. The last layer gets
        the last state.
    mask_zero : bool, default True
        Whether padding (id 0) of a text is left out: its vector counts as zeros, and
        the recurrent layers pass over the steps that the convolutions made of it. If
        false, it is read like a word. Series have no padding.
    n_classes : int, default 2
        Classes to tell apart. With two the output is one number, the probability of
        class 1 (a sigmoid); with more, one probability for each (a softmax).
    dropout : float, default 0.0
        Share that is set to 0 in training: of the inputs of each recurrent layer, with
        one mask for all steps of a sequence, and of the inputs of the last layer.
    recurrent_dropout : float, default 0.0
        Share of the state that is hidden from the recurrent product in training, with
        one mask for all steps of a sequence. On a GPU it switches the fast kernels off.
    embeddings : array_like of shape (vocabulary_size, dimension), optional
        First vectors of the words, for example pretrained ones; row 0 is padding's.
    trainable : bool, default True
        Whether training changes the words' vectors.
    seed : int or numpy.random.Generator, default 0
        What the first weights and the dropout masks are drawn from. Keras's own random
        state is neither read nor changed.

    Returns
    -------
    keras.Model
        Built, not compiled; (batch, time), or (batch, time, n_features) for series, to
        (batch, 1), or to (batch, n_classes) for more than two classes. Its layers are
        called "embedding", "conv_1", "pool_1" and so on, "gru_1" and so on (after the
        cell), and "probability" or "classes".

    Raises
    ------
    ValueError
        If `cell` or `padding` is unknown, a count is less than 1 (less than 2 for
        `vocabulary_size` and `n_classes`), there is another number of values than of
        layers, a share is not in [0, 1), or `embeddings` do not fit or are given for
        series.

    Notes
    -----
    Conv1D drops the mask of an Embedding, so that a recurrent layer above it would read
    the padding and forget the text. Here the mask is shortened as the sequence is: with
    "valid" padding a step counts if its filter saw words only, and a pooled step if one
    of its group counts. A text shorter than the filters are wide, if it is padded to
    their width at least, gives the state 0.

    Padding behind a text then changes nothing as long as each step is kept, as with the
    defaults. Strides and pooling lay a grid over the sequence that starts at its first
    step, and what does not fill a group of `pool_size` at the end is left out, as in
    Keras: padding behind a text can complete its last group, and bring back words that
    would be lost without, and padding before it moves the grid. Pad all texts to the
    same multiple of strides times `pool_size`, with ``padding="same"``, and behind the
    text, and none of this shows.

    References
    ----------
    F. Chollet (2018). *Deep Learning with Python*. Manning, section 6.4.4.
    A. Géron (2022). *Hands-On Machine Learning with Scikit-Learn, Keras, and
    TensorFlow*, 3rd edition. O'Reilly, chapter 15.

    Examples
    --------
    >>> model = build_hybrid_classifier(n_features=2, kernel_size=4, strides=2)
    >>> model.output_shape, [layer.name for layer in model.layers]
    ((None, 1), ['series', 'conv_1', 'gru_1', 'probability'])
    """
    classes = check_integer(n_classes, "n_classes", minimum=2)
    draw = draw_seeds(seed)
    inputs, x, mask, start = _words_or_series(
        vocabulary_size,
        embedding_dim,
        embeddings,
        n_features=n_features,
        length=None,
        mask_zero=mask_zero,
        draw=draw,
        trainable=trainable,
    )
    x, mask = add_convolutional_layers(
        x,
        filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding,
        pool_size=pool_size,
        draw=draw,
        mask=mask,
    )  # (batch, new time, width)
    x = add_recurrent_layers(
        x,
        cell,
        units,
        direction="forward",
        every_step=False,
        dropouts=(dropout, recurrent_dropout),
        draw=draw,
        mask=None if mask is None else mask[:, :, 0] > 0,
    )  # (batch, units of the last)
    x = _dropped(x, check_dropout(dropout), draw, name="dropout")
    model = keras.Model(
        inputs, _head(x, classes, draw), name=f"hybrid_{cell}_classifier"
    )
    start()
    return model


def build_rnn_classifier(
    cell: Literal["simple_rnn", "lstm", "gru"] = "lstm",
    *,
    vocabulary_size: int,
    embedding_dim: int = 16,
    units: int | Sequence[int] = (32,),
    direction: Literal["forward", "backward", "both"] = "forward",
    pooling: Literal["last", "average", "max"] = "last",
    mask_zero: bool = True,
    n_classes: int = 2,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    embeddings: ArrayLike | None = None,
    trainable: bool = True,
    seed: int | np.random.Generator = 0,
) -> keras.Model:
    """One vector for each word, recurrent layers that read them, one output layer.

    Parameters
    ----------
    cell : {"lstm", "gru", "simple_rnn"}
        The kind of all recurrent layers.
    vocabulary_size : int
        Number of different ids, padding (0) and unknown (1) among them.
    embedding_dim : int, default 16
        Length of a word's vector. If `embeddings` are given, theirs counts.
    units : int or sequence of int, default (32,)
        Size of each recurrent layer, from the input upwards.
    direction : {"forward", "backward", "both"}
        How the layers read. "backward" starts at the end of the array, as if every
        sequence were reversed, padding and all; "both" runs two sets of layers and
        joins their outputs.
    pooling : {"last", "average", "max"}
        What the last layer gets of the states: the one after the last step that was
        read (of both directions, each its own last), or the mean or the greatest value
        of each unit over all steps.
    mask_zero : bool, default True
        Whether steps with id 0 are passed over: the state stays as it is, and pooling
        leaves them out. If false, padding is read, and pooled, like a word.
    n_classes : int, default 2
        Classes to tell apart. With two the output is one number, the probability of
        class 1 (a sigmoid); with more, one probability for each (a softmax).
    dropout : float, default 0.0
        Share that is set to 0 in training: of the inputs of each recurrent layer, with
        one mask for all steps of a sequence, and of the inputs of the last layer.
    recurrent_dropout : float, default 0.0
        Share of the state that is hidden from the recurrent product in training, with
        one mask for all steps of a sequence.
    embeddings : array_like of shape (vocabulary_size, dimension), optional
        First vectors of the words, for example pretrained ones; row 0 is padding's.
    trainable : bool, default True
        Whether training changes the words' vectors.
    seed : int or numpy.random.Generator, default 0
        What the first weights and the dropout masks are drawn from. Keras's own random
        state is neither read nor changed.

    Returns
    -------
    keras.Model
        Built, not compiled; (batch, time) to (batch, 1), or to (batch, n_classes) for
        more than two classes. Its layers are called "embedding", "lstm_1" and so on
        (after the cell), "pooling" if all steps are pooled, and "probability" or
        "classes".

    Raises
    ------
    ValueError
        If `cell`, `direction` or `pooling` is unknown, a count is less than 1 (less
        than 2 for `vocabulary_size` and `n_classes`), a share is not in [0, 1), or
        `embeddings` have another number of rows or are not finite.

    Notes
    -----
    A sequence of nothing but padding gives, if masked, the state 0, the mean 0 or the
    maximum -1, which is the least that a unit can put out.

    Examples
    --------
    >>> model = build_rnn_classifier("gru", vocabulary_size=780, pooling="max")
    >>> model.output_shape, [layer.name for layer in model.layers]
    ((None, 1), ['ids', 'embedding', 'gru_1', 'pooling', 'probability'])
    """
    check_choice(direction, "direction", ("forward", "backward", "both"))
    check_choice(pooling, "pooling", ("last", "average", "max"))
    classes = check_integer(n_classes, "n_classes", minimum=2)
    draw = draw_seeds(seed)
    ids = keras.Input((None,), dtype="int32", name="ids")
    vectors, first = _embedding(
        vocabulary_size,
        embedding_dim,
        embeddings,
        draw=draw,
        trainable=trainable,
        mask_zero=mask_zero,
    )
    # The ids are turned and not the layers: a layer with go_backwards hands on its
    # outputs in the order in which it read, but the mask in the order of the ids.
    read = keras.ops.flip(ids, axis=1) if direction == "backward" else ids
    x = add_recurrent_layers(
        vectors(read),  # (batch, time, dimension)
        cell,
        units,
        direction="both" if direction == "both" else "forward",
        every_step=pooling != "last",
        dropouts=(dropout, recurrent_dropout),
        draw=draw,
    )  # (batch, width) or (batch, time, width)
    if pooling != "last":
        x = _pooled(pooling, x, read if mask_zero else None)  # (batch, width)
    x = _dropped(x, check_dropout(dropout), draw, name="dropout")
    model = keras.Model(ids, _head(x, classes, draw), name=f"{cell}_classifier")
    if first is not None:
        vectors.set_weights([first])
    return model


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


def _embedding(
    vocabulary_size: int,
    embedding_dim: int,
    embeddings: ArrayLike | None,
    *,
    draw: Callable[[], int],
    trainable: bool,
    mask_zero: bool = False,
) -> tuple[keras.layers.Embedding, NDArray[np.float32] | None]:
    """Return the layer of the words' vectors, and the vectors to set once it is built.

    It takes one seed, whether vectors are given or not.
    """
    n_words = check_integer(vocabulary_size, "vocabulary_size", minimum=2)
    dimension = check_integer(embedding_dim, "embedding_dim", minimum=1)
    first = None
    if embeddings is not None:
        given = check_array(embeddings, "embeddings", ndim=2)
        if len(given) != n_words or given.shape[1] < 1:
            message = (
                "`embeddings` must have one row for each of the `vocabulary_size` = "
                f"{n_words} ids, padding among them, got the shape {given.shape}. "
                "Make the matrix from the vocabulary that encodes the texts."
            )
            raise ValueError(message)
        first = check_finite(given.astype(np.float32), "embeddings")
        dimension = first.shape[1]
    layer = keras.layers.Embedding(
        n_words,
        dimension,
        embeddings_initializer=keras.initializers.RandomUniform(
            -0.05, 0.05, seed=draw()
        ),
        mask_zero=mask_zero,
        trainable=trainable,
        name="embedding",
    )
    return layer, first


def _words_or_series(
    vocabulary_size: int | None,
    embedding_dim: int,
    embeddings: ArrayLike | None,
    *,
    n_features: int,
    length: int | None,
    mask_zero: bool,
    draw: Callable[[], int],
    trainable: bool,
) -> tuple[
    keras.KerasTensor, keras.KerasTensor, keras.KerasTensor | None, Callable[[], None]
]:
    """Return the inputs, what a convolution reads of them, and which steps count.

    The inputs are series (batch, time, n_features) without a vocabulary, else ids
    (batch, time), read as vectors. The mask, (batch, time, 1), is None where all steps
    count. The last thing is a function that puts the given vectors, if any, into the
    finished model. Words take one seed, series none.
    """
    if vocabulary_size is None:
        if embeddings is not None:
            message = (
                "`embeddings` need a `vocabulary_size`, got None: series of numbers "
                "have no words. Pass the number of ids."
            )
            raise ValueError(message)
        features = check_integer(n_features, "n_features", minimum=1)
        series = keras.Input((length, features), name="series")
        return series, series, None, lambda: None
    ids = keras.Input((length,), dtype="int32", name="ids")
    vectors, first = _embedding(
        vocabulary_size, embedding_dim, embeddings, draw=draw, trainable=trainable
    )
    x = vectors(ids)  # (batch, time, dimension)
    mask = None
    if mask_zero:
        valid = keras.ops.expand_dims(keras.ops.not_equal(ids, 0), -1)
        mask = keras.ops.cast(valid, x.dtype)  # (batch, time, 1)
        x = x * mask

    def start() -> None:
        if first is not None:
            vectors.set_weights([first])

    return ids, x, mask, start


def _pooled(
    kind: str, x: keras.KerasTensor, ids: keras.KerasTensor | None
) -> keras.KerasTensor:
    """Pool over all steps of x, (batch, time, width), or over those with an id not 0.

    Keras's layer divides by 0 where all is padding, and its maximum knows no mask. So
    the steps of padding are made such that they do not count, before that layer.
    """
    if ids is not None:
        valid = keras.ops.expand_dims(keras.ops.not_equal(ids, 0), -1)
        if kind == "average":
            weights = keras.ops.cast(valid, x.dtype)  # (batch, time, 1)
            share = keras.ops.mean(weights, axis=1, keepdims=True)  # (batch, 1, 1)
            x = x * weights / keras.ops.maximum(share, 1e-9)  # (batch, time, width)
        else:
            x = keras.ops.where(valid, x, -1.0)  # (batch, time, width)
    if kind == "average":
        return keras.layers.GlobalAveragePooling1D(name="pooling")(x)  # (batch, width)
    return keras.layers.GlobalMaxPooling1D(name="pooling")(x)  # (batch, width)


def _dense_layers(
    x: keras.KerasTensor,
    units: int | Sequence[int],
    share: float,
    draw: Callable[[], int],
) -> keras.KerasTensor:
    """Put dense layers (ReLU) upon `x`, with dropout on the inputs of each.

    The inputs of the output layer, which comes next, are dropped as well. Each layer
    takes two seeds, its dropout mask's and its kernel's, and the last dropout one.
    """
    sizes = [units] if isinstance(units, int | np.integer) else list(units)
    sizes = [check_integer(size, "units", minimum=1) for size in sizes]
    for number, size in enumerate(sizes, start=1):
        x = _dropped(x, share, draw, name=f"dropout_{number}")
        x = keras.layers.Dense(
            size,
            activation="relu",
            kernel_initializer=keras.initializers.GlorotUniform(seed=draw()),
            name=f"dense_{number}",
        )(x)  # (batch, size)
    return _dropped(x, share, draw, name=f"dropout_{len(sizes) + 1}")


def _dropped(
    x: keras.KerasTensor, share: float, draw: Callable[[], int], *, name: str
) -> keras.KerasTensor:
    """Put dropout upon `x` where there is any; it takes one seed in any case."""
    seed = draw()
    if share == 0.0:
        return x
    return keras.layers.Dropout(share, seed=seed, name=name)(x)


def _head(
    x: keras.KerasTensor, n_classes: int, draw: Callable[[], int]
) -> keras.KerasTensor:
    """Return the probability of class 1, or those of all classes if there are more."""
    kernel_initializer = keras.initializers.GlorotUniform(seed=draw())
    if n_classes == 2:
        head = keras.layers.Dense(
            1,
            activation="sigmoid",
            kernel_initializer=kernel_initializer,
            name="probability",
        )
    else:
        head = keras.layers.Dense(
            n_classes,
            activation="softmax",
            kernel_initializer=kernel_initializer,
            name="classes",
        )
    return head(x)  # (batch, 1) or (batch, n_classes)
