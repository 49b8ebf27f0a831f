"""Tests of the norms of gradients: closed forms, finite differences, refusals."""

import keras
import numpy as np
import pytest

from coursepkg import models, training

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 5, 3)).astype("float32")
STEP = 1e-6


def in_float64(build):
    """A model built with float64 weights, the default restored."""
    before = keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        return build()
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy(before)


@pytest.fixture(scope="module")
def linear_network():
    """h = x W + h U, the last h is the output; W (3, 2) and U (2, 2) are drawn."""
    return keras.Sequential(
        [
            keras.Input((None, 3)),
            keras.layers.SimpleRNN(
                2,
                activation="linear",
                use_bias=False,
                recurrent_initializer=keras.initializers.RandomNormal(seed=1),
                kernel_initializer=keras.initializers.RandomNormal(seed=2),
                name="linear",
            ),
        ]
    )


def closed_form(network, targets):
    """Gradients of each sequence's mse: for x (B, T, 3), W (B, 3, 2), U (B, 2, 2)."""
    w, u = (matrix.astype(float) for matrix in network.get_weights())
    n, length, _ = X.shape
    states = [np.zeros((n, 2))]
    for t in range(length):
        states.append(X[:, t] @ w + states[-1] @ u)
    back = states[-1] - targets  # 2 (h - y) / 2 outputs
    for_x, for_w, for_u = [], np.zeros((n, 3, 2)), np.zeros((n, 2, 2))
    for t in reversed(range(length)):
        flow = back @ np.linalg.matrix_power(u.T, length - 1 - t)  # dl/dh after t
        for_x.append(flow @ w.T)
        for_w += X[:, t, :, None] * flow[:, None]
        for_u += states[t][:, :, None] * flow[:, None]
    return np.stack(for_x[::-1], axis=1), for_w, for_u


def test_norms_of_a_linear_network_are_those_of_its_closed_form(linear_network):
    """By hand dl/dx at t is 2/2 (h - y) (U^T)^(T - t) W^T, for each sequence."""
    targets = RNG.normal(size=(4, 2))
    for_x, for_w, for_u = closed_form(linear_network, targets)
    norms = training.input_gradient_norms(linear_network, X, targets, loss="mse")
    assert norms.dtype == float
    expected = np.sqrt((for_x**2).sum(axis=2)).mean(axis=0)
    np.testing.assert_allclose(norms, expected, rtol=1e-4)
    table = training.weight_gradient_norms(linear_network, X, targets, loss="mse")
    assert table["weight"].tolist() == ["linear/kernel", "linear/recurrent_kernel"]
    assert table["parameters"].tolist() == [6, 4]
    expected = [np.sqrt((g.mean(axis=0) ** 2).sum()) for g in (for_w, for_u)]
    np.testing.assert_allclose(table["gradient_norm"], expected, rtol=1e-4)
    expected = [np.sqrt((w**2).sum()) for w in linear_network.get_weights()]
    np.testing.assert_allclose(table["norm"], expected, rtol=1e-6)


def test_opposite_sequences_cancel_in_the_weights_and_not_in_the_inputs(
    linear_network,
):
    """A sequence and its mirror image, same output layer: the mean of W's is 0."""
    x = np.concatenate([X[:1], X[:1]])
    last = keras.ops.convert_to_numpy(linear_network(X[:1]))
    targets = np.concatenate([last + 1, last - 1])
    pair = training.input_gradient_norms(linear_network, x, targets, loss="mse")
    one = training.input_gradient_norms(linear_network, X[:1], targets[:1], loss="mse")
    np.testing.assert_allclose(pair, one, rtol=1e-5)
    table = training.weight_gradient_norms(linear_network, x, targets, loss="mse")
    assert (table["gradient_norm"] < 1e-6).all()


@pytest.mark.parametrize("every_step", [False, True])
def test_norms_agree_with_finite_differences(every_step):
    """Central differences of each sequence's own cross-entropy, in float64."""
    model = in_float64(
        lambda: models.build_row_classifier(
            "gru", units=3, n_features=3, n_classes=4, every_step=every_step
        )
    )
    x = X.astype(float)
    labels = RNG.integers(4, size=(4, 5) if every_step else 4)

    def own_losses(x):
        p = keras.ops.convert_to_numpy(model(x))
        chosen = np.take_along_axis(p, labels[..., np.newaxis], axis=-1)
        return -np.log(chosen).reshape(4, -1).mean(axis=1)

    gradient = np.zeros_like(x)
    for t in range(5):
        for feature in range(3):
            shift = np.zeros_like(x)
            shift[:, t, feature] = STEP
            difference = own_losses(x + shift) - own_losses(x - shift)
            gradient[:, t, feature] = difference / (2 * STEP)
    norms = training.input_gradient_norms(
        model, x, labels, loss="sparse_categorical_crossentropy"
    )
    expected = np.sqrt((gradient**2).sum(axis=2)).mean(axis=0)
    np.testing.assert_allclose(norms, expected, rtol=1e-6)

    table = training.weight_gradient_norms(
        model, x, labels, loss="sparse_categorical_crossentropy"
    ).set_index("weight")
    weights = model.get_weights()
    squares = 0.0
    for place in np.ndindex(weights[-2].shape):
        ends = []
        for sign in (1, -1):
            shifted = [weight.copy() for weight in weights]
            shifted[-2][place] += sign * STEP
            model.set_weights(shifted)
            ends.append(own_losses(x).mean())
        squares += ((ends[0] - ends[1]) / (2 * STEP)) ** 2
    assert table["gradient_norm"]["classes/kernel"] == pytest.approx(
        np.sqrt(squares), rel=1e-6
    )


@pytest.mark.parametrize("shape", [(), (2,)])
def test_every_form_of_a_loss_gives_the_same(shape):
    """A name, a Loss of any reduction, a function a sequence and a mean agree."""
    n_outputs = shape[0] if shape else 1
    model = models.build_rnn_forecaster(
        "simple_rnn", units=3, n_features=3, n_outputs=n_outputs
    )
    targets = RNG.normal(size=(4, *shape)).astype("float32")
    losses = [
        "mse",
        keras.losses.MeanSquaredError(),
        keras.losses.MeanSquaredError(reduction="sum"),
        keras.losses.mean_squared_error,
        lambda y, p: keras.ops.mean(keras.ops.square(y - p)),
    ]
    norms = [
        training.input_gradient_norms(model, X, targets, loss=loss) for loss in losses
    ]
    weights = [
        training.weight_gradient_norms(model, X, targets, loss=loss)["gradient_norm"]
        for loss in losses
    ]
    assert norms[0].shape == (5,)
    for k in range(1, len(losses)):
        np.testing.assert_allclose(norms[k], norms[0], rtol=1e-5)
        np.testing.assert_allclose(weights[k], weights[0], rtol=1e-5)


def test_the_size_of_the_batch_makes_no_difference(linear_network):
    """The batch three times over has the norms of the batch."""
    targets = np.ones((4, 2))
    once, thrice = (
        training.input_gradient_norms(
            linear_network, np.tile(X, (n, 1, 1)), np.tile(targets, (n, 1)), loss="mse"
        )
        for n in (1, 3)
    )
    np.testing.assert_allclose(once, thrice, rtol=1e-6)


def test_a_gradient_that_has_almost_vanished_is_not_rounded_to_zero():
    """0.001 to the power 9 is 1e-27: its square is no float32."""
    network = keras.Sequential(
        [
            keras.Input((None, 1)),
            keras.layers.SimpleRNN(1, activation="linear", use_bias=False),
        ]
    )
    network.set_weights([np.ones((1, 1)), np.full((1, 1), 1e-3)])
    x = np.zeros((1, 10, 1))
    norms = training.input_gradient_norms(network, x, np.full((1, 1), -0.5), loss="mse")
    np.testing.assert_allclose(norms, 10.0 ** (-3 * np.arange(10)[::-1]), rtol=1e-4)


def test_masked_steps_count_neither_in_the_loss_nor_in_the_gradient():
    """Two valid steps of five: as if each sequence had two."""
    model = keras.Sequential(
        [
            keras.Input((None, 3)),
            keras.layers.Masking(),
            keras.layers.SimpleRNN(2, return_sequences=True, seed=0),
            keras.layers.Dense(1),
        ]
    )
    padded = X.copy()
    padded[:, 2:] = 0.0
    targets = RNG.normal(size=(4, 5, 1))
    norms = training.input_gradient_norms(model, padded, targets, loss="mse")
    short = training.input_gradient_norms(model, X[:, :2], targets[:, :2], loss="mse")
    np.testing.assert_allclose(norms, [*short, 0.0, 0.0, 0.0], rtol=1e-5)
    tables = [
        training.weight_gradient_norms(model, x, y, loss="mse")["gradient_norm"]
        for x, y in [(padded, targets), (X[:, :2], targets[:, :2])]
    ]
    np.testing.assert_allclose(*tables, rtol=1e-5)


def test_dropout_is_off_and_the_model_stays_as_it_is():
    """Two calls agree, the weights are untouched, nothing is compiled."""
    model = models.build_rnn_forecaster("lstm", units=3, n_features=3, dropout=0.5)
    before = model.get_weights()
    first, second = (
        training.input_gradient_norms(model, X, np.ones(4), loss="mae") for _ in "12"
    )
    np.testing.assert_array_equal(first, second)
    training.weight_gradient_norms(model, X, np.ones(4), loss="mae")
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not model.compiled


def test_names_of_weights_are_those_of_their_layers():
    """Cells, which Keras numbers as they are made, do not show."""
    model = models.build_rnn_forecaster(
        "gru", units=2, n_features=3, direction="both", n_outputs=2
    )
    for _ in range(2):
        table = training.weight_gradient_norms(model, X, np.ones((4, 2)), loss="mae")
    parts = ("kernel", "recurrent_kernel", "bias")
    expected = [
        f"{way}_gru_1/{part}" for way in ("forward", "backward") for part in parts
    ]
    assert table["weight"].tolist() == [*expected, "forecast/kernel", "forecast/bias"]
    auto = keras.Sequential(
        [keras.Input((None, 3)), keras.layers.LSTM(2, name="upper")]
    )
    table = training.weight_gradient_norms(auto, X, np.ones((4, 2)), loss="mae")
    assert table["weight"].tolist() == [f"upper/{part}" for part in parts]


def test_tokens_have_norms_for_the_weights_only():
    """Behind an Embedding no gradient reaches the inputs; its matrix has one."""
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(5, 2, name="tokens"),
            keras.layers.SimpleRNN(1, name="rnn"),
        ]
    )
    tokens = np.array([[1, 2, 1], [3, 1, 2]])
    table = training.weight_gradient_norms(model, tokens, np.ones((2, 1)), loss="mse")
    assert table["weight"][0] == "tokens/embeddings"
    assert table["gradient_norm"][0] > 0
    stopped = keras.Sequential(
        [
            keras.Input((None, 1)),
            keras.layers.Reshape((-1,)),
            keras.layers.Embedding(5, 2),
            keras.layers.SimpleRNN(1),
        ]
    )
    with pytest.raises(ValueError, match="such as Embedding stops the gradient"):
        training.input_gradient_norms(
            stopped, tokens[..., None], np.ones((2, 1)), loss="mse"
        )


@pytest.mark.parametrize(
    "function", [training.input_gradient_norms, training.weight_gradient_norms]
)
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"model": len}, TypeError, "`model` must be a Keras model, got builtin"),
        ({"inputs": X[0, 0]}, ValueError, "`inputs` must have .* axes, got 1"),
        ({"inputs": X[:, :0]}, ValueError, "`inputs` must hold at least one step"),
        ({"inputs": X * np.nan}, ValueError, "`inputs` must be finite"),
        ({"targets": np.ones((3, 2))}, ValueError, r"as `inputs`, 4, got shape \(3, 2"),
        ({"targets": 1.0}, ValueError, r"as `inputs`, 4, got shape \(\)"),
        ({"targets": np.ones(4)}, ValueError, r"outputs, \(4, 2\), got \(4,\)"),
        ({"loss": None}, TypeError, "`loss` must be a name, a Keras loss"),
        ({"loss": "error"}, ValueError, "`loss` must be a name that Keras knows"),
    ],
)
def test_what_is_no_batch_is_refused(linear_network, function, change, error, message):
    """No model, wrong axes, NaN, other counts, and no loss are named."""
    asked = {
        "model": linear_network,
        "inputs": X,
        "targets": np.ones((4, 2)),
        "loss": "mse",
    } | change
    with pytest.raises(error, match=message):
        function(asked["model"], asked["inputs"], asked["targets"], loss=asked["loss"])
