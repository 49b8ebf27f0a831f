"""Tests of the forecasting networks: shapes, counts, seeds, directions, refusals."""

import random

import keras
import numpy as np
import pytest

from coursepkg import models
from coursepkg.models._recurrent import draw_seeds

WINDOWS = np.random.default_rng(0).normal(size=(3, 6, 2)).astype("float32")

STREAM = [
    1826701615,
    1367864807,
    1097657232,
    579362556,
]  # numpy.random.default_rng(0).integers(2**31), four times


def layer_parameters(cell, units, features):
    """Parameters of one recurrent layer, by the formulas of the book."""
    return {
        "simple_rnn": units * (units + features + 1),
        "lstm": 4 * units * (units + features + 1),
        "gru": 3 * units * (units + features + 2),  # two biases: reset_after
    }[cell]


def outputs(model, x=WINDOWS, **options):
    """The model's outputs as an array."""
    return keras.ops.convert_to_numpy(model(x, **options))


def test_linear_forecaster_is_one_weighted_sum():
    """Its outputs are those of a matrix product, and it has one weight a value."""
    model = models.build_linear_forecaster(
        sequence_length=6, n_features=2, n_outputs=3, seed=1
    )
    kernel, bias = model.get_weights()
    assert kernel.shape == (12, 3)
    assert model.count_params() == (6 * 2 + 1) * 3
    expected = WINDOWS.reshape(3, 12) @ kernel + bias
    np.testing.assert_allclose(outputs(model), expected, atol=1e-6)


def test_linear_forecaster_of_one_value_has_the_shape_of_its_targets():
    """One value for each window is (batch,), not (batch, 1)."""
    model = models.build_linear_forecaster(sequence_length=6, n_features=2)
    assert model.output_shape == (None,)
    assert outputs(model).shape == (3,)


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_parameters_of_a_deep_network_follow_the_formulas(cell):
    """Every layer gets the outputs of the one below; the head has one weight each."""
    model = models.build_rnn_forecaster(
        cell, units=(5, 3), n_features=2, n_outputs=4, sequence_length=6
    )
    expected = layer_parameters(cell, 5, 2) + layer_parameters(cell, 3, 5) + 4 * (3 + 1)
    assert model.count_params() == expected
    assert model.input_shape == (None, 6, 2)


def test_parameters_of_a_bidirectional_network_follow_the_formulas():
    """Two layers of each size, and twice the inputs for all that follows."""
    model = models.build_rnn_forecaster(
        "gru", units=(5, 3), n_features=2, direction="both"
    )
    expected = 2 * layer_parameters("gru", 5, 2) + 2 * layer_parameters("gru", 3, 10)
    assert model.count_params() == expected + (6 + 1)


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({}, (3,)),
        ({"n_outputs": 2}, (3, 2)),
        ({"every_step": True}, (3, 6)),
        ({"every_step": True, "n_outputs": 14}, (3, 6, 14)),
        ({"direction": "both"}, (3,)),
        ({"direction": "backward", "n_outputs": 2}, (3, 2)),
    ],
)
def test_outputs_have_the_shape_of_the_targets(options, shape):
    """One value leaves no axis behind, whatever the network."""
    model = models.build_rnn_forecaster("simple_rnn", units=4, n_features=2, **options)
    assert outputs(model).shape == shape


def test_length_is_free_unless_it_is_given():
    """The same weights read windows of 6 and of 9 steps."""
    model = models.build_rnn_forecaster("simple_rnn", units=(4, 4), n_features=2)
    assert model.input_shape == (None, None, 2)
    longer = np.concatenate([WINDOWS[:, :3], WINDOWS], axis=1)
    assert outputs(model, longer).shape == (3,)


def test_weights_depend_on_the_seed_and_on_nothing_else():
    """Equal seeds, equal weights, whatever Keras's own seed is; else all differ."""
    options = {"units": (4, 3), "direction": "both", "dropout": 0.5}
    keras.utils.set_random_seed(1)
    first = models.build_rnn_forecaster("lstm", **options, seed=5).get_weights()
    keras.utils.set_random_seed(2)
    second = models.build_rnn_forecaster("lstm", **options, seed=5).get_weights()
    other = models.build_rnn_forecaster("lstm", **options, seed=6).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    kernels = [k for k, array in enumerate(first) if array.ndim == 2]
    assert len(kernels) == 9
    assert not any(np.array_equal(first[k], other[k]) for k in kernels)


def test_no_two_matrices_of_a_network_are_equal():
    """Both directions, and layers of one size, start from draws of their own."""
    model = models.build_rnn_forecaster(
        "simple_rnn", units=(4, 4, 4), n_features=8, direction="both"
    )
    kernels = [array for array in model.get_weights() if array.shape[0] >= 4]
    kernels = [array for array in kernels if array.ndim == 2]
    for k, one in enumerate(kernels):
        for other in kernels[k + 1 :]:
            assert one.shape != other.shape or not np.allclose(one, other)


def test_a_generator_serves_as_seed():
    """A Generator is used as it is: the second network differs from the first."""
    rng = np.random.default_rng(5)
    first, second = (
        models.build_linear_forecaster(sequence_length=6, seed=rng).get_weights()[0]
        for _ in range(2)
    )
    as_integer = models.build_linear_forecaster(sequence_length=6, seed=5)
    np.testing.assert_array_equal(first, as_integer.get_weights()[0])
    assert not np.array_equal(first, second)


def seeded_matrices(seed, cell, units, features, direction):
    """Kernels from the seeds in the order in which recorded results drew them."""
    rng = np.random.default_rng(seed)
    gates = {"simple_rnn": 1, "lstm": 4, "gru": 3}[cell]
    expected = []
    for size in units:
        for _ in range(2 if direction == "both" else 1):
            # One by one: an array of three would hold other numbers.
            kernel, recurrent, _dropout = (int(rng.integers(2**31)) for _ in "123")
            glorot = keras.initializers.GlorotUniform(seed=kernel)
            orthogonal = keras.initializers.Orthogonal(seed=recurrent)
            expected.append(glorot((features, gates * size)))
            expected.append(orthogonal((size, gates * size)))
        features = size * (2 if direction == "both" else 1)
    head = keras.initializers.GlorotUniform(seed=int(rng.integers(2**31)))
    expected.append(head((features, 2)))
    return [keras.ops.convert_to_numpy(array) for array in expected]


@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_seeds_reach_the_layers_in_the_order_of_the_recorded_results(cell, direction):
    """Kernel, recurrent kernel, dropout, layer by layer, forward first; then head."""
    model = models.build_rnn_forecaster(
        cell, units=(4, 3), n_features=2, n_outputs=2, direction=direction, seed=7
    )
    matrices = [
        array
        for weight, array in zip(model.weights, model.get_weights(), strict=True)
        if weight.name != "bias"
    ]
    expected = seeded_matrices(7, cell, (4, 3), 2, direction)
    assert len(matrices) == len(expected)
    for one, other in zip(matrices, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_integers_drawn_from_a_seed_are_those_of_the_recorded_results():
    """The stream of seeds itself is pinned, as integers."""
    draw = draw_seeds(0)
    assert [draw() for _ in range(4)] == STREAM


@pytest.mark.parametrize(
    ("cell", "direction"), [("gru", "forward"), ("simple_rnn", "both")]
)
def test_global_random_state_is_neither_read_nor_changed(cell, direction):
    """What NumPy, Python and Keras draw next is the same with and without a network."""

    def draws(build):
        keras.utils.set_random_seed(3)
        if build:
            model = models.build_rnn_forecaster(
                cell,
                units=2,
                dropout=0.5,
                recurrent_dropout=0.5,
                direction=direction,
            )
            model(np.zeros((1, 3, 1)), training=True)
            models.build_linear_forecaster(sequence_length=3)
        drawn = keras.ops.convert_to_numpy(keras.random.uniform((2,)))
        return [np.random.random(), random.random(), *drawn.tolist()]  # noqa: NPY002

    assert draws(build=True) == draws(build=False)


def test_recurrent_kernels_are_orthogonal():
    """A state of 8 units is rotated, not stretched, at the start."""
    model = models.build_rnn_forecaster("simple_rnn", units=8)
    recurrent = model.get_layer("simple_rnn_1").get_weights()[1]
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(8), atol=1e-5)


def test_every_step_sees_only_its_past():
    """Another value at step 4 changes the outputs from step 4 on, not before."""
    model = models.build_rnn_forecaster(
        "gru", units=(4, 3), n_features=2, every_step=True
    )
    changed = WINDOWS.copy()
    changed[:, 4] += 1.0
    before, after = outputs(model), outputs(model, changed)
    np.testing.assert_allclose(before[:, :4], after[:, :4], atol=1e-6)
    assert np.abs(before[:, 4:] - after[:, 4:]).min() > 1e-6


@pytest.mark.parametrize("units", [(4,), (4, 3)])
def test_backward_is_forward_on_the_reversed_window(units):
    """With the same weights, turning the direction is turning the input."""
    backward = models.build_rnn_forecaster(
        "lstm", units=units, n_features=2, direction="backward"
    )
    forward = models.build_rnn_forecaster("lstm", units=units, n_features=2)
    for one, other in zip(forward.get_weights(), backward.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(
        outputs(backward), outputs(forward, WINDOWS[:, ::-1]), atol=1e-6
    )
    assert not np.allclose(outputs(backward), outputs(forward))


def test_both_directions_are_joined_before_the_head():
    """One layer each way, their last outputs side by side, then the linear layer."""
    model = models.build_rnn_forecaster(
        "simple_rnn", units=4, n_features=2, direction="both"
    )
    *layers, kernel, bias = model.get_weights()
    states = []
    for (w, u, b), x in zip(
        [layers[:3], layers[3:]], [WINDOWS, WINDOWS[:, ::-1]], strict=True
    ):
        h = np.zeros((3, 4))
        for t in range(6):
            h = np.tanh(x[:, t] @ w + h @ u + b)  # (3, 4)
        states.append(h)
    expected = np.hstack(states) @ kernel[:, 0] + bias
    np.testing.assert_allclose(outputs(model), expected, atol=1e-5)


@pytest.mark.parametrize("share", ["dropout", "recurrent_dropout"])
@pytest.mark.parametrize(
    ("cell", "direction"),
    [("gru", "forward"), ("simple_rnn", "both"), ("lstm", "both")],
)
def test_dropout_acts_in_training_only_and_from_the_seed(cell, direction, share):
    """Two networks of one seed drop the same; a second pass drops anew."""
    same = {"units": (8,), "n_features": 2, "direction": direction}
    build = same | {share: 0.5}
    first, second, third = (models.build_rnn_forecaster(cell, **build) for _ in "123")
    plain = models.build_rnn_forecaster(cell, **same)
    plain.set_weights(first.get_weights())
    np.testing.assert_allclose(outputs(third), outputs(plain), atol=1e-6)
    one, other = (outputs(model, training=True) for model in (first, second))
    np.testing.assert_allclose(one, other, atol=1e-6)
    assert not np.allclose(one, outputs(first, training=True))
    assert not np.allclose(one, outputs(plain))
    other_seed = models.build_rnn_forecaster(cell, **build, seed=1)
    other_seed.set_weights(first.get_weights())
    assert not np.allclose(one, outputs(other_seed, training=True))


def test_names_do_not_depend_on_what_was_built_before():
    """A summary in a notebook stays the same, however often a cell is run."""
    for _ in range(2):
        model = models.build_rnn_forecaster("lstm", units=(2, 2), dropout=0.1)
        names = ["window", "lstm_1", "lstm_2", "forecast", "squeeze"]
        assert [layer.name for layer in model.layers] == names
        assert model.name == "lstm_forecaster"


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_models_come_uncompiled_and_survive_saving(tmp_path):
    """The chapter compiles; a saved network gives the same outputs when loaded."""
    model = models.build_rnn_forecaster(
        "gru", units=(4, 3), n_features=2, direction="both", dropout=0.2
    )
    assert not model.compiled
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(outputs(model), outputs(loaded), atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "rnn"}, "`cell` must be one of 'simple_rnn', 'lstm', 'gru'"),
        ({"units": ()}, "`units` must hold at least one layer"),
        ({"units": (4, 0)}, "`units` must be at least 1"),
        ({"n_features": 0}, "`n_features` must be at least 1"),
        ({"n_outputs": 0}, "`n_outputs` must be at least 1"),
        ({"sequence_length": 0}, "`sequence_length` must be at least 1"),
        ({"dropout": 1.0}, "`dropout` must be at least 0 and below 1"),
        ({"recurrent_dropout": -0.1}, "`recurrent_dropout` must be at least 0"),
        ({"direction": "sideways"}, "`direction` must be one of"),
        ({"direction": "both", "every_step": True}, "has already seen the value"),
    ],
)
def test_impossible_networks_are_refused(options, message):
    """Unknown names, counts of 0, shares of 1, and cheating are refused."""
    with pytest.raises(ValueError, match=message):
        models.build_rnn_forecaster(**options)


@pytest.mark.parametrize(("n_outputs", "shape"), [(1, (3, 6)), (14, (3, 6, 14))])
def test_seq2seq_forecaster_answers_at_every_step(n_outputs, shape):
    """It has the shape of the targets, and equals the general builder's network."""
    options = {"units": (4, 3), "n_features": 2, "n_outputs": n_outputs, "seed": 2}
    model = models.build_seq2seq_forecaster("gru", **options)
    assert outputs(model).shape == shape
    general = models.build_rnn_forecaster("gru", every_step=True, **options)
    np.testing.assert_array_equal(outputs(model), outputs(general))


def test_seq2seq_forecaster_does_not_look_ahead():
    """Changing the last step of a window changes no earlier answer."""
    model = models.build_seq2seq_forecaster("lstm", n_features=2, n_outputs=3)
    changed = WINDOWS.copy()
    changed[:, -1] += 1.0
    before, after = outputs(model), outputs(model, changed)
    np.testing.assert_array_equal(before[:, :-1], after[:, :-1])
    assert not np.allclose(before[:, -1], after[:, -1])


def test_seq2seq_forecaster_ends_as_the_vector_forecaster():
    """Of equal seed and weights, its last step is the forecast at the last step."""
    options = {"units": 5, "n_features": 2, "n_outputs": 4, "seed": 3}
    every = models.build_seq2seq_forecaster("lstm", **options)
    last = models.build_rnn_forecaster("lstm", **options)
    np.testing.assert_allclose(outputs(every)[:, -1], outputs(last), atol=1e-6)


@pytest.mark.parametrize(
    ("n_outputs", "n_quantiles", "shape"),
    [(1, 3, (3, 3)), (14, 3, (3, 14, 3)), (2, 1, (3, 2, 1)), (1, 1, (3, 1))],
)
def test_quantile_forecaster_has_an_axis_of_levels(n_outputs, n_quantiles, shape):
    """(batch, n_quantiles), with several outputs (batch, n_outputs, n_quantiles)."""
    model = models.build_quantile_forecaster(
        "gru", units=4, n_features=2, n_outputs=n_outputs, n_quantiles=n_quantiles
    )
    assert outputs(model).shape == shape
    expected = layer_parameters("gru", 4, 2) + 5 * n_outputs * n_quantiles
    assert model.count_params() == expected


def test_quantiles_are_the_lowest_plus_softplus_steps():
    """They follow the printed equation, from the outputs of the linear layer."""
    options = {"units": 4, "n_features": 2, "seed": 1}
    model = models.build_quantile_forecaster(
        "simple_rnn", n_outputs=2, n_quantiles=4, **options
    )
    plain = models.build_rnn_forecaster("simple_rnn", n_outputs=8, **options)
    z = outputs(plain).reshape(3, 2, 4).astype("float64")
    expected = z.copy()
    for i in range(1, 4):
        expected[..., i] = expected[..., i - 1] + np.log1p(np.exp(z[..., i]))
    np.testing.assert_allclose(outputs(model), expected, atol=1e-5)


def test_quantiles_never_cross():
    """Not with weights that are large and random, where plain outputs do."""
    model = models.build_quantile_forecaster("gru", n_features=2, n_quantiles=5)
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(0, 3, w.shape) for w in model.get_weights()])
    rising = np.diff(outputs(model, 10 * WINDOWS), axis=-1)
    assert (rising >= 0).all()
    assert (rising > 0.1).any()


def test_quantile_forecaster_learns_the_quantiles_of_noise():
    """On pure noise the pinball loss leads to the quantiles of its distribution."""
    levels = np.array([0.1, 0.5, 0.9], dtype="float32")
    rng = np.random.default_rng(0)
    y = rng.exponential(size=2_000).astype("float32")
    x = np.ones((2_000, 2, 1), dtype="float32")
    model = models.build_quantile_forecaster("simple_rnn", units=2)

    def pinball(y_true, y_pred):
        error = y_true[:, None] - y_pred
        return keras.ops.mean(keras.ops.maximum(levels * error, (levels - 1) * error))

    model.compile(optimizer=keras.optimizers.Adam(0.05), loss=pinball)
    model.fit(x, y, epochs=8, batch_size=100, shuffle=False, verbose=0)
    expected = -np.log(1 - levels)  # of the exponential distribution
    np.testing.assert_allclose(outputs(model, x[:1])[0], expected, atol=0.15)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_quantile_forecaster_can_be_saved(tmp_path):
    """The loaded network gives the same quantiles."""
    model = models.build_quantile_forecaster("gru", n_features=2, n_outputs=3)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(outputs(loaded), outputs(model))


def test_quantile_forecaster_refuses_impossible_counts():
    """No level and no output are refused by name."""
    with pytest.raises(ValueError, match="`n_quantiles` must be at least 1"):
        models.build_quantile_forecaster(n_quantiles=0)
    with pytest.raises(ValueError, match="`n_outputs` must be at least 1"):
        models.build_quantile_forecaster(n_outputs=0)
