"""Tests of the row classifier: shapes, counts, order, seeds, a task, refusals."""

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
