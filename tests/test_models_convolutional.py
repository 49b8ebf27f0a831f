"""Tests of the convolutional networks: equations, lengths, padding, seeds, refusals."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from coursepkg import models, reference
from coursepkg.models._convolutional import output_length
from coursepkg.models._recurrent import draw_seeds

SERIES = np.random.default_rng(0).normal(size=(3, 20, 2)).astype("float32")
IDS = np.array([[5, 3, 7, 2, 4, 0, 0], [6, 6, 1, 2, 0, 0, 0], [2, 3, 4, 5, 6, 7, 2]])


def outputs(model, x=SERIES, **options):
    """The model's outputs as an array."""
    return keras.ops.convert_to_numpy(model(x, **options))


def sigmoid(z):
    """The probability that belongs to a logit."""
    return 1 / (1 + np.exp(-z))


POOLED = {
    "max": lambda x: x.max(axis=1),
    "average": lambda x: x.mean(axis=1),
    "last": lambda x: x[:, -1],
    "flatten": lambda x: x.reshape(len(x), -1),
}


@pytest.mark.parametrize("pooling", POOLED)
@pytest.mark.parametrize("padding", ["valid", "same", "causal"])
def test_forecaster_follows_the_equations(padding, pooling):
    """Two convolutions, one strided and pooled, one dilated, in NumPy."""
    model = models.build_conv_forecaster(
        filters=(4, 3),
        kernel_size=(3, 2),
        strides=(2, 1),
        dilation_rate=(1, 2),
        pool_size=(2, 1),
        padding=padding,
        pooling=pooling,
        sequence_length=20,
        n_features=2,
        n_outputs=2,
    )
    first, second, kernel, bias = np.split(np.array(model.get_weights(), object), [
        2, 4, 5
    ])  # fmt: skip
    relu = {"padding": padding, "activation": "relu"}
    # With "causal" strides are counted from the end: of 20 steps 1, 3, ..., 19.
    causal = {"causal": np.pad(SERIES, ((0, 0), (1, 0), (0, 0)))}
    x, _ = reference.conv1d_forward(
        causal.get(padding, SERIES), *first, strides=2, **relu
    )
    x, _ = reference.max_pool1d_forward(x[:, padding == "causal" :], pool_size=2)
    x, _ = reference.conv1d_forward(x, *second, dilation_rate=2, **relu)
    expected = POOLED[pooling](x) @ kernel[0] + bias[0]
    np.testing.assert_allclose(outputs(model), expected, atol=1e-5)


def seen(model, length):
    """The first and the last step of which the forecast depends."""
    x = np.random.default_rng(0).normal(size=(64, length, 1))
    x = tf.constant(x.astype("float32"))
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(model(x))
    steps = np.flatnonzero(np.abs(tape.gradient(loss, x)).sum(axis=(0, 2)))
    return int(steps[0]), int(steps[-1])


STRIDED = [
    (24, {"strides": 2}),
    (26, {"kernel_size": 4, "strides": (2, 3), "filters": (8, 8)}),
    (24, {"filters": (8, 8, 8), "kernel_size": 5, "pool_size": (3, 3, 1)}),
]


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("pooling", ["max", "average", "last", "flatten"])
@pytest.mark.parametrize(("length", "options"), STRIDED)
def test_causal_forecaster_sees_the_newest_step(length, options, pooling, known):
    """Whether or not strides and groups fit, and whether or not the length is given."""
    if pooling == "flatten" and not known:
        return
    model = models.build_conv_forecaster(
        sequence_length=length if known else None,
        padding="causal",
        pooling=pooling,
        **options,
    )
    assert seen(model, length)[1] == length - 1


def test_causal_layers_of_a_strided_forecaster_see_nothing_later():
    """An output of the first layer, two steps before the last, ignores both."""
    model = models.build_conv_forecaster(
        filters=(8, 4), strides=(1, 2), padding="causal", pooling="flatten",
        sequence_length=24
    )  # fmt: skip
    flat = keras.Model(model.input, model.get_layer("pooling").output)
    x = np.random.default_rng(0).normal(size=(2, 24, 1)).astype("float32")
    changed = x.copy()
    changed[:, -2:] += 1.0
    kept = np.s_[:, : -1 * 4]
    np.testing.assert_array_equal(outputs(flat, x)[kept], outputs(flat, changed)[kept])
    assert np.abs(outputs(flat, x) - outputs(flat, changed)).max() > 1e-3


@pytest.mark.parametrize("pooling", ["last", "flatten"])
def test_valid_forecaster_leaves_out_an_incomplete_group(pooling):
    """As in Keras: the network of chapter 12 does not see its newest five hours."""
    model = models.build_conv_forecaster(
        filters=(8, 8, 8), kernel_size=5, pool_size=(3, 3, 1), pooling=pooling,
        sequence_length=120
    )  # fmt: skip
    assert seen(model, 120) == (54 if pooling == "last" else 0, 114)


@pytest.mark.parametrize(("n_outputs", "shape"), [(1, (3,)), (2, (3, 2))])
def test_forecasts_have_the_shape_of_the_targets(n_outputs, shape):
    """One value leaves no axis behind; the length is free unless it is given."""
    model = models.build_conv_forecaster(n_features=2, n_outputs=n_outputs)
    assert outputs(model).shape == shape
    assert outputs(model, SERIES[:, :5]).shape == shape
    assert model.input_shape == (None, None, 2)


@pytest.mark.parametrize("padding", ["valid", "same", "causal"])
@pytest.mark.parametrize(("strides", "rate"), [(1, 1), (2, 1), (3, 1), (1, 3)])
def test_lengths_are_those_of_keras(padding, strides, rate):
    """The formula against the layer's own shape, down to a single step."""
    for length in range(1, 14):
        expected = output_length(
            length, 3, strides=strides, padding=padding, dilation_rate=rate
        )
        layer = keras.layers.Conv1D(
            1, 3, strides=strides, padding=padding, dilation_rate=rate
        )
        if expected:
            assert layer(np.zeros((1, length, 1))).shape[1] == expected
        else:
            assert length <= 2 * rate


def test_series_classifier_has_the_network_of_s3():
    """250 filters of width 3 over 400 steps of 300 numbers, a Dense layer of 250."""
    model = models.build_conv_classifier(
        n_features=300, sequence_length=400, filters=250, units=250, dropout=0.2
    )
    expected = (3 * 300 + 1) * 250 + (250 + 1) * 250 + 250 + 1
    assert model.count_params() == expected
    assert model.get_layer("conv_1").output.shape == (None, 398, 250)
    assert model.output_shape == (None, 1)


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_classifier_moves_no_answer_when_a_pattern_moves(pooling):
    """Global pooling is blind to the place; with "flatten" the answer changes."""
    pattern = SERIES[:, :4]
    early = np.zeros_like(SERIES)
    early[:, 3:7] = pattern
    late = np.roll(early, 2, axis=1)
    options = {"n_features": 2, "sequence_length": 20}
    model = models.build_conv_classifier(pooling=pooling, **options)
    np.testing.assert_allclose(outputs(model, early), outputs(model, late), atol=1e-6)
    model = models.build_conv_classifier(pooling="flatten", **options)
    assert np.abs(outputs(model, early) - outputs(model, late)).min() > 1e-4


@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("padding", ["valid", "same", "causal"])
def test_text_classifier_reads_each_text_as_if_it_had_no_padding(padding, pooling):
    """One text at a time, cut to its words, in NumPy."""
    model = models.build_conv_classifier(
        9, embedding_dim=4, filters=(6, 5), kernel_size=2, padding=padding,
        pooling=pooling, seed=3
    )  # fmt: skip
    table, *weights, kernel, bias = model.get_weights()
    expected = []
    for row in IDS:
        x = table[row[row != 0]][np.newaxis]  # (1, words, 4)
        for layer in (weights[:2], weights[2:]):
            x, _ = reference.conv1d_forward(
                x, *layer, padding=padding, activation="relu"
            )
        expected.append(sigmoid(POOLED[pooling](x) @ kernel + bias)[0])
    np.testing.assert_allclose(outputs(model, IDS), expected, atol=1e-6)
    longer = np.pad(IDS, ((0, 0), (0, 4)))
    np.testing.assert_allclose(outputs(model, longer), expected, atol=1e-6)


def test_text_classifier_without_a_mask_reads_padding_like_a_word():
    """The answer then depends on how much padding there is."""
    model = models.build_conv_classifier(
        9, embedding_dim=4, mask_zero=False, pooling="average"
    )
    longer = np.pad(IDS, ((0, 0), (0, 4)))
    assert np.abs(outputs(model, longer) - outputs(model, IDS)).max() > 1e-4
    table, *layer, kernel, bias = model.get_weights()
    x, _ = reference.conv1d_forward(table[longer], *layer, activation="relu")
    expected = sigmoid(x.mean(axis=1) @ kernel + bias)
    np.testing.assert_allclose(outputs(model, longer), expected, atol=1e-6)


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_text_without_a_complete_window_has_the_answer_of_the_bias(pooling):
    """Nothing but padding, or fewer words than a filter is wide: 0 is pooled."""
    model = models.build_conv_classifier(9, kernel_size=3, pooling=pooling)
    weights = model.get_weights()
    weights[2] = weights[2] + 1.0  # the filters' bias: 1 where padding is read
    weights[-1] = weights[-1] + 2.0
    model.set_weights(weights)
    short = np.array([[0, 0, 0, 0], [3, 4, 0, 0]])
    np.testing.assert_allclose(outputs(model, short), sigmoid(2.0), atol=1e-6)


def test_strides_and_pooling_keep_the_mask_in_step():
    """Where padding fills up the last group, more of it changes nothing."""
    for options in ({"strides": 2}, {"pool_size": 2}, {"dilation_rate": 2}):
        model = models.build_conv_classifier(
            9, kernel_size=2, filters=(5, 4), pooling="average", **options
        )
        short = np.pad(IDS, ((0, 0), (0, 6)))
        longer = np.pad(IDS, ((0, 0), (0, 14)))
        np.testing.assert_allclose(
            outputs(model, short), outputs(model, longer), atol=1e-6
        )


def test_flatten_gives_padding_zeros():
    """The vector of padding has no say, whatever it holds."""
    model = models.build_conv_classifier(
        9, embedding_dim=4, pooling="flatten", sequence_length=7
    )
    before = outputs(model, IDS)
    weights = model.get_weights()
    weights[0] = np.concatenate([weights[0][:1] + 5.0, weights[0][1:]])
    model.set_weights(weights)
    np.testing.assert_allclose(outputs(model, IDS), before, atol=1e-7)
    assert np.abs(before - before[0]).max() > 1e-4


def test_weights_depend_on_the_seed_and_on_nothing_else():
    """Equal seeds, equal weights, whatever Keras's own seed is; else all differ."""
    options = {"filters": (4, 4), "units": 5, "dropout": 0.5}
    keras.utils.set_random_seed(1)
    first = models.build_conv_classifier(9, **options, seed=5).get_weights()
    keras.utils.set_random_seed(2)
    second = models.build_conv_classifier(9, **options, seed=5).get_weights()
    other = models.build_conv_classifier(9, **options, seed=6).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    kernels = [k for k, array in enumerate(first) if array.ndim > 1]
    assert len(kernels) == 5
    assert not any(np.array_equal(first[k], other[k]) for k in kernels)


def test_seeds_are_drawn_in_a_fixed_order():
    """Recorded results rest on it: a kernel and a dropout mask for each layer."""
    draw = draw_seeds(7)
    model = models.build_conv_forecaster(filters=(4, 3), n_features=2, seed=7)
    shapes = [(3, 2, 4), (3, 4, 3), (3, 1)]
    seeds = [draw() for _ in range(5)][::2]
    kernels = [array for array in model.get_weights() if array.ndim > 1]
    for array, seed, shape in zip(kernels, seeds, shapes, strict=True):
        expected = keras.initializers.GlorotUniform(seed=seed)(shape)
        np.testing.assert_array_equal(array, keras.ops.convert_to_numpy(expected))


def test_dropout_acts_in_training_alone():
    """And its masks come from the seed."""
    model, twin = (models.build_conv_forecaster(n_features=2, dropout=0.5, seed=3)
                   for _ in range(2))  # fmt: skip
    dropped = outputs(model, training=True)
    np.testing.assert_array_equal(dropped, outputs(twin, training=True))
    assert np.abs(dropped - outputs(model)).max() > 1e-4
    np.testing.assert_array_equal(outputs(model), outputs(model))


def test_layers_have_the_names_that_are_promised():
    """A chapter may ask for a layer by its name."""
    model = models.build_conv_classifier(
        9,
        filters=(4, 3),
        kernel_size=2,
        pool_size=(2, 1),
        units=5,
        dropout=0.1,
        n_classes=3,
    )
    names = {layer.name for layer in model.layers}
    assert names >= {
        *("ids", "embedding", "conv_1", "pool_1", "conv_2", "pooling"),
        *("dropout_1", "dense_1", "dropout_2", "classes"),
    }
    assert model.output_shape == (None, 3)
    np.testing.assert_allclose(outputs(model, IDS).sum(axis=1), 1.0, atol=1e-6)


def test_pretrained_vectors_are_put_in_and_can_be_frozen():
    """Their width counts, and training leaves them alone if asked to."""
    table = np.random.default_rng(0).normal(size=(9, 5)).astype("float32")
    model = models.build_conv_classifier(9, embeddings=table, trainable=False)
    np.testing.assert_array_equal(model.get_weights()[0], table)
    assert len(model.trainable_variables) == 4


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_saved_network_gives_the_same_answers(tmp_path):
    """Masks and slices survive the file, without custom objects."""
    text = models.build_conv_classifier(9, strides=2, pool_size=2, pooling="average")
    last = models.build_conv_forecaster(
        n_features=2, pooling="last", padding="causal", strides=2, pool_size=2
    )
    for model, x in ((text, np.pad(IDS, ((0, 0), (0, 6)))), (last, SERIES)):
        path = tmp_path / f"{model.name}.keras"
        model.save(path)
        loaded = keras.models.load_model(path)
        np.testing.assert_array_equal(outputs(loaded, x), outputs(model, x))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"filters": ()}, "`filters` must hold at least one layer"),
        ({"filters": 0}, "`filters` must be at least 1, got 0"),
        ({"kernel_size": (3, 3)}, "one for each of the 1 layers, got 2"),
        ({"kernel_size": 0}, "`kernel_size` must be at least 1"),
        ({"strides": 2, "dilation_rate": 2}, "strides=2 and dilation_rate=2"),
        ({"padding": "full"}, "`padding` must be one of"),
        ({"pooling": "sum"}, "`pooling` must be one of"),
        ({"pooling": "flatten"}, "`sequence_length` must be given"),
        ({"dropout": 1.0}, "`dropout` must be at least 0 and below 1"),
        ({"sequence_length": 4, "kernel_size": 5}, "Layer 1 .* gets 4 steps"),
        ({"sequence_length": 4, "pool_size": 3}, "Layer 1 .* gets 4 steps"),
        ({"sequence_length": 0}, "`sequence_length` must be at least 1"),
        ({"n_features": 0}, "`n_features` must be at least 1"),
    ],
)
@pytest.mark.parametrize("build", [
    models.build_conv_forecaster, models.build_conv_classifier
])  # fmt: skip
def test_builders_refuse_what_no_such_network_can_be(build, options, words):
    """The message says what was passed, and how to mend it."""
    with pytest.raises(ValueError, match=words):
        build(**options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"filters": 2.5}, "`filters` must be an integer, got 2.5"),
        ({"filters": (4, 2.5)}, "`filters` must be an integer, got 2.5"),
        ({"kernel_size": "3"}, "`kernel_size` must be an integer, got '3'"),
        ({"strides": 1.0}, "`strides` must be an integer, got 1.0"),
        ({"dropout": "a"}, "`dropout` must be a number, got 'a'"),
    ],
)
def test_forecaster_refuses_what_is_no_number(options, words):
    """And says which of its options it was."""
    with pytest.raises(TypeError, match=words):
        models.build_conv_forecaster(**options)


def test_classifier_refuses_vectors_of_words_for_series():
    """A series has no words."""
    with pytest.raises(ValueError, match="`embeddings` need a `vocabulary_size`"):
        models.build_conv_classifier(embeddings=np.zeros((9, 5)))
