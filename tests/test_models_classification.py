"""Tests of the classifiers: shapes, counts, order, padding, seeds, tasks, refusals."""

import random

import keras
import numpy as np
import pytest

from coursepkg import models

CELLS = ["simple_rnn", "lstm", "gru"]
ROWS = np.random.default_rng(0).normal(size=(3, 6, 8)).astype("float32")


def outputs(model, x=ROWS, **options):
    """The model's outputs as an array."""
    return keras.ops.convert_to_numpy(model(x, **options))


def layer_parameters(cell, units, features):
    """Parameters of one recurrent layer, by the formulas of the book."""
    return {
        "simple_rnn": units * (units + features + 1),
        "lstm": 4 * units * (units + features + 1),
        "gru": 3 * units * (units + features + 2),  # two biases: reset_after
    }[cell]


@pytest.mark.parametrize("every_step", [False, True])
@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
@pytest.mark.parametrize("cell", CELLS)
def test_outputs_are_probabilities_of_the_promised_shape(cell, direction, every_step):
    """One distribution for a sequence or for each row, whatever its length."""
    model = models.build_row_classifier(
        cell, units=(4, 3), n_classes=5, direction=direction, every_step=every_step
    )
    assert model.input_shape == (None, None, 8)
    for length in (6, 2):
        probabilities = outputs(model, ROWS[:, :length])
        assert probabilities.shape == ((3, length, 5) if every_step else (3, 5))
        assert probabilities.min() > 0
        np.testing.assert_allclose(probabilities.sum(axis=-1), 1.0, atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_parameters_follow_the_formulas(cell):
    """Each layer gets the outputs of the one below, doubled where two read."""
    model = models.build_row_classifier(cell, units=(5, 3), n_features=2, n_classes=4)
    layers = layer_parameters(cell, 5, 2) + layer_parameters(cell, 3, 5)
    assert model.count_params() == layers + 4 * (3 + 1)
    model = models.build_row_classifier(
        cell, units=(5, 3), n_features=2, n_classes=4, direction="both"
    )
    layers = 2 * layer_parameters(cell, 5, 2) + 2 * layer_parameters(cell, 3, 10)
    assert model.count_params() == layers + 4 * (6 + 1)


def test_outputs_follow_the_equations():
    """One layer each way over all rows, side by side, then a softmax at each row."""
    model = models.build_row_classifier(
        "simple_rnn", units=4, n_classes=3, direction="both", every_step=True
    )
    *layers, kernel, bias = model.get_weights()
    states = np.zeros((2, 3, 6, 4))  # (direction, batch, time, units)
    for way, order in enumerate([range(6), reversed(range(6))]):
        w, u, b = layers[3 * way : 3 * way + 3]
        h = np.zeros((3, 4))
        for t in order:
            h = np.tanh(ROWS[:, t] @ w + h @ u + b)
            states[way, :, t] = h
    scores = np.exp(np.concatenate(states, axis=-1) @ kernel + bias)
    expected = scores / scores.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(outputs(model), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("direction", "seeing"),
    [("forward", range(2, 6)), ("backward", range(3)), ("both", range(6))],
)
def test_every_step_sees_what_its_direction_allows(direction, seeing):
    """Another row 2 changes the outputs at the steps that have read it, no others."""
    model = models.build_row_classifier(
        "gru", units=(4, 3), direction=direction, every_step=True
    )
    changed = ROWS.copy()
    changed[:, 2] += 1.0
    differences = np.abs(outputs(model) - outputs(model, changed)).max(axis=(0, 2))
    assert [t for t in range(6) if differences[t] > 1e-6] == list(seeing)


def test_backward_is_forward_on_reversed_rows():
    """With the same weights, turning the direction is turning inputs and outputs."""
    options = {"units": (4, 3), "every_step": True}
    backward = models.build_row_classifier(**options, direction="backward")
    forward = models.build_row_classifier(**options)
    np.testing.assert_allclose(
        outputs(backward), outputs(forward, ROWS[:, ::-1])[:, ::-1], atol=1e-6
    )


def test_weights_depend_on_the_seed_and_on_nothing_else():
    """Equal seeds, equal weights, whatever Keras's own seed is; else all differ."""
    options = {"units": (4, 3), "direction": "both", "dropout": 0.5}
    keras.utils.set_random_seed(1)
    first = models.build_row_classifier("lstm", **options, seed=5).get_weights()
    keras.utils.set_random_seed(2)
    second = models.build_row_classifier("lstm", **options, seed=5).get_weights()
    other = models.build_row_classifier("lstm", **options, seed=6).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    kernels = [k for k, array in enumerate(first) if array.ndim == 2]
    assert len(kernels) == 9
    assert not any(np.array_equal(first[k], other[k]) for k in kernels)


def test_recurrent_weights_are_those_of_the_forecaster():
    """Both networks draw the same stack from the same seed."""
    options = {"units": (4, 3), "n_features": 2, "seed": 3}
    classifier = models.build_row_classifier("gru", **options).get_weights()[:6]
    forecaster = models.build_rnn_forecaster("gru", **options).get_weights()[:6]
    for one, other in zip(classifier, forecaster, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("cell", CELLS)
def test_global_random_state_is_neither_read_nor_changed(cell):
    """What NumPy, Python and Keras draw next is the same with and without a network."""

    def draws(build):
        keras.utils.set_random_seed(3)
        if build:
            model = models.build_row_classifier(
                cell, units=2, dropout=0.5, recurrent_dropout=0.5, direction="both"
            )
            model(np.zeros((1, 3, 8)), training=True)
        drawn = keras.ops.convert_to_numpy(keras.random.uniform((2,)))
        return [np.random.random(), random.random(), *drawn.tolist()]  # noqa: NPY002

    assert draws(build=True) == draws(build=False)


def test_names_do_not_depend_on_what_was_built_before():
    """A table of layers in a notebook stays the same, however often a cell is run."""
    for _ in range(2):
        model = models.build_row_classifier("lstm", units=(2, 2), direction="both")
        assert [layer.name for layer in model.layers] == [
            *("rows", "lstm_1", "lstm_2", "classes")
        ]
        assert model.name == "lstm_row_classifier"
        assert not model.compiled


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("direction", ["backward", "both"])
def test_a_saved_network_gives_the_same_outputs(tmp_path, direction):
    """Turned outputs and both directions survive the file."""
    model = models.build_row_classifier(
        "simple_rnn", units=(4, 3), direction=direction, every_step=True
    )
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(outputs(model), outputs(loaded), atol=1e-6)


def test_a_small_fit_learns_a_separable_task():
    """The class is the column whose sum over the rows is largest."""
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=256)
    rows = rng.normal(size=(256, 5, 3)) + 2.0 * np.eye(3)[labels][:, np.newaxis]
    by_sum = rows.sum(axis=1).argmax(axis=1)
    assert (by_sum == labels).mean() > 0.99
    model = models.build_row_classifier("gru", units=8, n_features=3, n_classes=3)
    model.compile(keras.optimizers.Adam(0.02), loss="sparse_categorical_crossentropy")
    model.fit(rows[:192], labels[:192], batch_size=64, epochs=15, verbose=0)
    guesses = outputs(model, rows[192:]).argmax(axis=1)
    assert (guesses == labels[192:]).mean() > 0.95


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "rnn"}, "`cell` must be one of 'simple_rnn', 'lstm', 'gru'"),
        ({"units": ()}, "`units` must hold at least one layer"),
        ({"units": (4, 0)}, "`units` must be at least 1"),
        ({"n_features": 0}, "`n_features` must be at least 1"),
        ({"n_classes": 1}, "`n_classes` must be at least 2"),
        ({"dropout": 1.0}, "`dropout` must be at least 0 and below 1"),
        ({"recurrent_dropout": -0.1}, "`recurrent_dropout` must be at least 0"),
        ({"direction": "sideways"}, "`direction` must be one of"),
    ],
)
def test_impossible_networks_are_refused(options, message):
    """Unknown names, counts too small and shares of 1 are refused."""
    with pytest.raises(ValueError, match=message):
        models.build_row_classifier(**options)


IDS = np.array([[5, 2, 7, 3], [6, 1, 4, 0], [3, 0, 0, 0]])  # (batch, time)
TABLE = np.random.default_rng(1).normal(size=(8, 3))  # (vocabulary, dimension)
WORDS = {"vocabulary_size": 8, "embedding_dim": 3}


def text_models(**options):
    """One model of each kind that reads ids."""
    return [
        models.build_bag_classifier(**WORDS, units=4, **options),
        models.build_bag_classifier(
            **WORDS, pooling="flatten", sequence_length=4, **options
        ),
        *(models.build_rnn_classifier(cell, **WORDS, **options) for cell in CELLS),
        models.build_rnn_classifier(
            **WORDS, direction="both", pooling="max", **options
        ),
        models.build_rnn_classifier(
            **WORDS, direction="backward", pooling="average", **options
        ),
    ]


@pytest.mark.parametrize("n_classes", [2, 4])
def test_texts_get_probabilities_of_the_promised_shape(n_classes):
    """Two classes: one sigmoid; more: a distribution over them."""
    for model in text_models(n_classes=n_classes):
        probabilities = outputs(model, IDS)
        assert probabilities.shape == (3, 1 if n_classes == 2 else n_classes)
        assert probabilities.min() > 0
        assert probabilities.max() < 1
        if n_classes > 2:
            np.testing.assert_allclose(probabilities.sum(axis=-1), 1.0, atol=1e-6)


def test_parameters_of_bags_follow_the_formulas():
    """A row a word, then dense layers; flatten has weights for each position."""
    model = models.build_bag_classifier(50, embedding_dim=6, units=(5, 3))
    assert model.count_params() == 50 * 6 + (6 + 1) * 5 + (5 + 1) * 3 + (3 + 1)
    model = models.build_bag_classifier(
        50, embedding_dim=6, pooling="flatten", sequence_length=20, n_classes=4
    )
    assert model.count_params() == 50 * 6 + (20 * 6 + 1) * 4


@pytest.mark.parametrize("pooling", ["last", "average", "max"])
@pytest.mark.parametrize("cell", CELLS)
def test_parameters_of_text_networks_follow_the_formulas(cell, pooling):
    """Pooling and masks have no weights; two directions double what they touch."""
    options = {"vocabulary_size": 50, "embedding_dim": 6, "units": (5, 4)}
    model = models.build_rnn_classifier(cell, **options, pooling=pooling)
    layers = layer_parameters(cell, 5, 6) + layer_parameters(cell, 4, 5)
    assert model.count_params() == 50 * 6 + layers + (4 + 1)
    model = models.build_rnn_classifier(
        cell, **options, pooling=pooling, direction="both", n_classes=3
    )
    layers = 2 * layer_parameters(cell, 5, 6) + 2 * layer_parameters(cell, 4, 10)
    assert model.count_params() == 50 * 6 + layers + (8 + 1) * 3


def sigmoid(x):
    """The logistic function."""
    return 1 / (1 + np.exp(-x))


def test_bags_follow_the_equations():
    """Mean of the valid vectors or all in a row, hidden layers with ReLU, a sigmoid."""
    model = models.build_bag_classifier(8, units=4, embeddings=TABLE)
    kernel, bias, last, last_bias = model.get_weights()[1:]
    means = np.stack([TABLE[row[row > 0]].mean(axis=0) for row in IDS])
    expected = sigmoid(np.maximum(means @ kernel + bias, 0) @ last + last_bias)
    np.testing.assert_allclose(outputs(model, IDS), expected, atol=1e-6)
    model = models.build_bag_classifier(
        8, pooling="flatten", sequence_length=4, embeddings=TABLE
    )
    kernel, bias = model.get_weights()[1:]
    expected = sigmoid(TABLE[IDS].reshape(3, -1) @ kernel + bias)
    np.testing.assert_allclose(outputs(model, IDS), expected, atol=1e-6)


@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
@pytest.mark.parametrize("pooling", ["last", "average", "max"])
@pytest.mark.parametrize("mask_zero", [True, False])
def test_text_networks_follow_the_equations(direction, pooling, mask_zero):
    """Each text alone: read without its padding, or with it, each way; then pooled."""
    model = models.build_rnn_classifier(
        "simple_rnn",
        vocabulary_size=8,
        embeddings=TABLE,
        units=4,
        direction=direction,
        pooling=pooling,
        mask_zero=mask_zero,
    )
    *cells, last, bias = model.get_weights()[1:]
    ways = {"forward": [1], "backward": [-1], "both": [1, -1]}[direction]
    for row, probability in zip(IDS, outputs(model, IDS), strict=True):
        vectors = TABLE[row[row > 0] if mask_zero else row]  # (length, dimension)
        parts = []
        for way, order in enumerate(ways):
            w, u, b = cells[3 * way : 3 * way + 3]
            h, states = np.zeros(4), []
            for x in vectors[::order]:
                h = np.tanh(x @ w + h @ u + b)
                states.append(h)
            pooled = {
                "last": h,
                "average": np.mean(states, 0),
                "max": np.max(states, 0),
            }
            parts.append(pooled[pooling])
        expected = sigmoid(np.concatenate(parts) @ last + bias)
        np.testing.assert_allclose(probability, expected, atol=1e-6)


@pytest.mark.parametrize("pooling", ["last", "average", "max"])
@pytest.mark.parametrize(
    ("cell", "direction"),
    [("lstm", "forward"), ("gru", "backward"), ("simple_rnn", "both")],
)
def test_padding_changes_nothing_where_it_is_masked(cell, direction, pooling):
    """More padding, after or before the words, in a stack of two layers: the same."""
    options = {"units": (4, 3), "direction": direction, "pooling": pooling}
    longer, before = np.zeros((2, 3, 6), dtype=int)
    for k, row in enumerate(IDS):
        words = row[row > 0]
        longer[k, : len(words)] = words
        before[k, 6 - len(words) :] = words
    masked = models.build_rnn_classifier(cell, **WORDS, **options)
    expected = outputs(masked, IDS)
    for ids in (longer, before):
        np.testing.assert_allclose(outputs(masked, ids), expected, atol=1e-6)
    unmasked = models.build_rnn_classifier(cell, **WORDS, **options, mask_zero=False)
    assert np.abs(outputs(unmasked, longer) - outputs(unmasked, IDS)).max() > 1e-6


def test_order_changes_every_network_but_the_average():
    """A bag gives the same answer for reversed texts, the others do not."""
    ids = IDS[:1]
    bag, *others = text_models()
    np.testing.assert_allclose(outputs(bag, ids), outputs(bag, ids[:, ::-1]), atol=1e-6)
    for model in others:
        assert np.abs(outputs(model, ids) - outputs(model, ids[:, ::-1])).max() > 1e-6


def test_a_text_of_padding_alone_is_no_trouble():
    """Neither a division by 0 nor a maximum of nothing reaches the output."""
    empty = np.zeros((2, 4), dtype=int)
    for model in text_models():
        assert np.isfinite(outputs(model, empty)).all()
    bag = models.build_bag_classifier(**WORDS)
    np.testing.assert_allclose(outputs(bag, empty), 0.5)


@pytest.mark.parametrize("trainable", [True, False])
def test_given_vectors_are_used_and_frozen_on_request(trainable):
    """They are the first vectors; training leaves them alone if it is told to."""
    rng = np.random.default_rng(0)
    ids, labels = rng.integers(1, 8, (64, 4)), rng.integers(0, 2, (64, 1))
    for model in text_models(embeddings=TABLE, trainable=trainable):
        vectors = model.get_layer("embedding")
        np.testing.assert_allclose(vectors.get_weights()[0], TABLE, rtol=1e-6)
        assert len(vectors.trainable_weights) == trainable
    model = models.build_bag_classifier(8, embeddings=TABLE, trainable=trainable)
    model.compile(keras.optimizers.Adam(0.1), loss="binary_crossentropy")
    model.fit(ids, labels, batch_size=64, verbose=0)
    after = model.get_layer("embedding").get_weights()[0]
    assert np.allclose(after[1:], TABLE[1:]) is not trainable


def test_given_vectors_change_no_other_weight():
    """With and without them, a seed draws the same layers above."""
    for with_them, without in zip(
        text_models(embeddings=TABLE), text_models(), strict=True
    ):
        for one, other in zip(
            with_them.get_weights()[1:], without.get_weights()[1:], strict=True
        ):
            np.testing.assert_array_equal(one, other)


def test_weights_of_text_networks_depend_on_the_seed_alone():
    """Equal seeds, equal weights, whatever Keras's own seed is; else all differ."""
    keras.utils.set_random_seed(1)
    first = text_models(dropout=0.5, seed=5)
    keras.utils.set_random_seed(2)
    second = text_models(dropout=0.5, seed=5)
    others = text_models(dropout=0.5, seed=6)
    for trio in zip(first, second, others, strict=True):
        for one, same, other in zip(*(m.get_weights() for m in trio), strict=True):
            np.testing.assert_array_equal(one, same)
            if one.ndim == 2 and one.any():  # all but the first biases of a GRU
                assert not np.array_equal(one, other)


def test_text_networks_leave_the_global_random_state_alone():
    """What NumPy, Python and Keras draw next is the same with and without them."""

    def draws(build):
        keras.utils.set_random_seed(3)
        if build:
            for model in text_models(dropout=0.5):
                model(IDS, training=True)
        drawn = keras.ops.convert_to_numpy(keras.random.uniform((2,)))
        return [np.random.random(), random.random(), *drawn.tolist()]  # noqa: NPY002

    assert draws(build=True) == draws(build=False)


def test_dropout_masks_are_drawn_from_the_seed():
    """Two networks of one seed drop the same, and in training only."""
    for one, other in zip(
        text_models(dropout=0.5), text_models(dropout=0.5), strict=True
    ):
        trained = outputs(one, IDS, training=True)
        np.testing.assert_array_equal(trained, outputs(other, IDS, training=True))
        assert not np.allclose(trained, outputs(one, IDS))


def test_layers_of_text_networks_have_their_names():
    """The names stand in the chapters' tables."""
    bag = models.build_bag_classifier(**WORDS, units=(4, 3), dropout=0.5)
    assert [layer.name for layer in bag.layers] == [
        *("ids", "embedding", "pooling", "dropout_1", "dense_1", "dropout_2"),
        *("dense_2", "dropout_3", "probability"),
    ]
    network = models.build_rnn_classifier(
        **WORDS, units=(4, 3), pooling="average", dropout=0.5, n_classes=3
    )
    assert [layer.name for layer in network.layers] == [
        *("ids", "embedding", "lstm_1", "lstm_2", "pooling", "dropout", "classes")
    ]
    assert not network.compiled


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_saved_text_networks_need_no_class_of_this_package(tmp_path):
    """Masks, turned ids and pooling survive the file, without custom objects."""
    for model in text_models(embeddings=TABLE):
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        np.testing.assert_allclose(outputs(loaded, IDS), outputs(model, IDS), atol=1e-6)
        text = (model.to_json()).replace("coursepkg.models", "")
        assert "coursepkg" not in text


def test_a_compiled_network_learns_which_word_came_first():
    """Order is learned, padding notwithstanding, under jit_compile as without it."""
    rng = np.random.default_rng(0)
    ids = rng.integers(3, 8, (240, 6))
    lengths = rng.integers(3, 7, 240)
    first = rng.permuted(np.tile([[1, 2]], (240, 1)), axis=1)  # (texts, 2)
    ids[:, 1:3] = first
    ids[np.arange(6) >= lengths[:, np.newaxis]] = 0
    labels = (first[:, :1] == 1).astype("float32")
    bag = models.build_bag_classifier(8)
    network = models.build_rnn_classifier("gru", vocabulary_size=8, units=8)
    scores = []
    for model in (bag, network):
        model.compile(
            keras.optimizers.Adam(0.03),
            loss="binary_crossentropy",
            jit_compile=model is network,
        )
        model.fit(ids[:160], labels[:160], batch_size=32, epochs=12, verbose=0)
        scores.append(((outputs(model, ids[160:]) > 0.5) == labels[160:]).mean())
    assert scores[0] < 0.7
    assert scores[1] > 0.95


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vocabulary_size": 1}, "`vocabulary_size` must be at least 2, got 1"),
        ({"embedding_dim": 0}, "`embedding_dim` must be at least 1"),
        ({"units": (4, 0)}, "`units` must be at least 1"),
        ({"n_classes": 1}, "`n_classes` must be at least 2"),
        ({"dropout": 1.0}, "`dropout` must be at least 0 and below 1"),
        ({"embeddings": TABLE[1:]}, r"one row for each of the .* got the shape \(7, 3"),
        ({"embeddings": TABLE[:, 0]}, "`embeddings` must have 2 axes"),
        ({"embeddings": TABLE * np.nan}, "`embeddings` must be finite"),
        ({"pooling": "sum"}, "`pooling` must be one of"),
    ],
)
def test_impossible_text_networks_are_refused(options, message):
    """What both kinds refuse, they refuse alike."""
    for build in (models.build_bag_classifier, models.build_rnn_classifier):
        with pytest.raises(ValueError, match=message):
            build(**{"vocabulary_size": 8, **options})


def test_text_networks_refuse_what_only_they_know():
    """Positions without a length; unknown cells and directions; no recurrent layer."""
    with pytest.raises(ValueError, match="`sequence_length` must be given"):
        models.build_bag_classifier(8, pooling="flatten")
    with pytest.raises(ValueError, match="`sequence_length` must be at least 1"):
        models.build_bag_classifier(8, sequence_length=0)
    for options, message in [
        ({"cell": "rnn"}, "`cell` must be one of"),
        ({"direction": "sideways"}, "`direction` must be one of"),
        ({"units": ()}, "`units` must hold at least one layer"),
        ({"recurrent_dropout": 1.0}, "`recurrent_dropout` must be at least 0"),
    ]:
        with pytest.raises(ValueError, match=message):
            models.build_rnn_classifier(vocabulary_size=8, **options)
