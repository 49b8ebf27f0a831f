"""Tests of the language model: shapes, counts, state, seeds, dropout, refusals."""

import math
import random

import keras
import numpy as np
import pytest
from scipy import stats

from coursepkg import models, text

CELLS = ["gru", "lstm"]
IDS = np.random.default_rng(0).integers(7, size=(3, 12))


def outputs(model, ids=IDS, **options):
    """The model's outputs as an array."""
    return keras.ops.convert_to_numpy(model(ids, **options))


def layer_parameters(cell, units, features):
    """Parameters of one recurrent layer, by the formulas of the book."""
    return {
        "lstm": 4 * units * (units + features + 1),
        "gru": 3 * units * (units + features + 2),  # two biases: reset_after
    }[cell]


@pytest.mark.parametrize("cell", CELLS)
def test_one_row_of_logits_at_every_step(cell):
    """Any number of rows and steps; logits are of both signs, and no probabilities."""
    model = models.build_language_model(7, cell=cell, units=(5, 4), embedding_dim=3)
    assert model.input_shape == (None, None)
    for ids in (IDS, IDS[:2, :5], IDS[:1, :1]):
        logits = outputs(model, ids)
        assert logits.shape == (*ids.shape, 7)
        assert logits.min() < 0 < logits.max()


@pytest.mark.parametrize("cell", CELLS)
def test_parameters_follow_the_formulas(cell):
    """The table of vectors, each layer upon the one below, the logits."""
    model = models.build_language_model(7, cell=cell, units=(5, 4), embedding_dim=3)
    layers = layer_parameters(cell, 5, 3) + layer_parameters(cell, 4, 5)
    assert model.count_params() == 7 * 3 + layers + 7 * (4 + 1)
    model = models.build_language_model(7, cell=cell, units=5, embedding_dim=None)
    trained = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    assert trained == layer_parameters(cell, 5, 7) + 7 * (5 + 1)
    assert model.count_params() == trained + 7 * 7


def test_outputs_follow_the_equations():
    """Vectors from the table, the cell's equations, a linear layer."""
    model = models.build_language_model(7, units=4, embedding_dim=3)
    table, w, u, (b_x, b_h), kernel, bias = model.get_weights()
    h = np.zeros((3, 4))
    expected = np.zeros((3, 12, 7))
    for t in range(12):
        x, r = table[IDS[:, t]] @ w + b_x, h @ u + b_h  # (batch, 3 * units) each
        update, reset = 1 / (
            1 + np.exp(-(x + r)[:, :8].reshape(3, 2, 4).swapaxes(0, 1))
        )
        candidate = np.tanh(x[:, 8:] + reset * r[:, 8:])
        h = update * h + (1 - update) * candidate
        expected[:, t] = h @ kernel + bias
    np.testing.assert_allclose(outputs(model), expected, atol=1e-6)


def test_later_tokens_do_not_matter():
    """Another token 5 changes the logits from step 5 on, and none before."""
    model = models.build_language_model(7, units=(5, 4))
    changed = IDS.copy()
    changed[:, 5] = (changed[:, 5] + 1) % 7
    differences = np.abs(outputs(model) - outputs(model, changed)).max(axis=(0, 2))
    assert [t for t in range(12) if differences[t] > 1e-7] == list(range(5, 12))


@pytest.mark.parametrize("cell", CELLS)
def test_batch_after_batch_equals_one_long_pass(cell):
    """A stateful model that reads contiguous batches sees each row as one text."""
    options = {"cell": cell, "units": (5, 4), "embedding_dim": 3}
    stateful = models.build_language_model(7, **options, stateful=True, batch_size=3)
    whole = models.build_language_model(7, **options)
    whole.set_weights(stateful.get_weights())
    long = np.random.default_rng(1).integers(7, size=3 * 20 + 1)
    batches, _ = text.contiguous_batches(long, batch_size=3, n_steps=5)
    expected = outputs(whole, long[:-1].reshape(3, 20))  # (3, 20, 7)

    def read():
        return np.concatenate([outputs(stateful, batch) for batch in batches], axis=1)

    np.testing.assert_allclose(read(), expected, atol=1e-6)
    assert np.abs(read()[:, 0] - expected[:, 0]).max() > 1e-3  # it went on
    for layer in stateful.layers[2:4]:
        layer.reset_states()
    np.testing.assert_allclose(read(), expected, atol=1e-6)


def test_one_hot_vectors_are_a_table_that_is_not_trained():
    """With None each token feeds its own unit vector, before and after training."""
    fixed = models.build_language_model(7, units=4, embedding_dim=None)
    learnt = models.build_language_model(7, units=4, embedding_dim=7)
    learnt.set_weights([np.eye(7), *fixed.get_weights()[1:]])
    np.testing.assert_allclose(outputs(fixed), outputs(learnt), atol=1e-6)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    fixed.compile(keras.optimizers.SGD(1.0), loss)
    before = fixed.get_weights()
    fixed.fit(IDS[:, :-1], IDS[:, 1:], verbose=0)
    changed = [
        not np.array_equal(old, new)
        for old, new in zip(before, fixed.get_weights(), strict=True)
    ]
    assert changed == [False, *[True] * 5]
    np.testing.assert_array_equal(before[0], np.eye(7))


def test_dropout_acts_in_training_alone():
    """The same weights and outputs with and without, until `training` is true."""
    plain = models.build_language_model(7, units=(5, 4))
    model = models.build_language_model(7, units=(5, 4), dropout=0.5)
    np.testing.assert_array_equal(outputs(plain), outputs(model))
    first, second = (outputs(model, training=True) for _ in range(2))
    assert np.abs(first - outputs(plain)).max() > 1e-3
    assert np.abs(first - second).max() > 1e-3
    one, other = (
        models.build_language_model(7, units=(5, 4), dropout=0.5) for _ in range(2)
    )
    np.testing.assert_array_equal(
        outputs(one, training=True), outputs(other, training=True)
    )


def test_weights_depend_on_the_seed_and_on_nothing_else():
    """Equal seeds, equal weights, stateful or not; another seed, all others."""
    options = {"cell": "lstm", "units": (4, 3)}
    keras.utils.set_random_seed(1)
    first = models.build_language_model(7, **options, seed=5).get_weights()
    keras.utils.set_random_seed(2)
    options |= {"stateful": True, "batch_size": 2}
    second = models.build_language_model(7, **options, seed=5).get_weights()
    other = models.build_language_model(7, **options, seed=6).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    kernels = [k for k, array in enumerate(first) if array.ndim == 2]
    assert len(kernels) == 6
    assert not any(np.array_equal(first[k], other[k]) for k in kernels)


@pytest.mark.parametrize("cell", CELLS)
def test_global_random_state_is_neither_read_nor_changed(cell):
    """What NumPy, Python and Keras draw next is the same with and without a network."""

    def draws(build):
        keras.utils.set_random_seed(3)
        if build:
            model = models.build_language_model(7, cell=cell, units=2, dropout=0.5)
            model(IDS, training=True)
        drawn = keras.ops.convert_to_numpy(keras.random.uniform((2,)))
        return [np.random.random(), random.random(), *drawn.tolist()]  # noqa: NPY002

    assert draws(build=True) == draws(build=False)


@pytest.mark.parametrize("cell", CELLS)
def test_time_scales_are_spread(cell):
    """The gate keeps u / (1 + u) of the state, u uniform from 1 to the time scale."""
    options = {"cell": cell, "units": (300, 200), "embedding_dim": 3}
    plain = models.build_language_model(7, **options).get_weights()
    model = models.build_language_model(7, **options, time_scale=50.0)
    spread = model.get_weights()
    times = []
    for k, n in ((3, 300), (6, 200)):
        bias = spread[k].copy()
        if cell == "gru":
            gate = bias[0, :n].copy()
            bias[0, :n] = 0.0
        else:
            gate = bias[n : 2 * n].copy()
            np.testing.assert_array_equal(bias[:n], -gate)
            bias[:n], bias[n : 2 * n] = 0.0, 1.0
        np.testing.assert_array_equal(bias, plain[k])
        keep = 1 / (1 + np.exp(-gate.astype("float64")))
        times.append(keep / (1 - keep))
    same = [k for k in range(len(plain)) if np.array_equal(plain[k], spread[k])]
    assert same == [0, 1, 2, 4, 5, 7, 8]
    for u in times:
        assert stats.kstest(u, stats.uniform(1, 49).cdf).pvalue > 0.001
    again = models.build_language_model(7, **options, time_scale=50.0).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(spread, again, strict=True))


def test_names_do_not_depend_on_what_was_built_before():
    """A table of layers in a notebook stays the same, however often a cell is run."""
    for _ in range(2):
        model = models.build_language_model(
            7, units=(2, 2), embedding_dim=None, dropout=0.1
        )
        assert [layer.name for layer in model.layers] == [
            *("ids", "one_hot", "gru_1", "gru_2", "dropout", "logits")
        ]
        assert model.name == "gru_language_model"
        assert not model.compiled


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("embedding_dim", [3, None])
def test_a_saved_network_gives_the_same_outputs(tmp_path, embedding_dim):
    """The file brings back the whole model."""
    model = models.build_language_model(7, units=4, embedding_dim=embedding_dim)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(outputs(model), outputs(loaded))


def test_a_small_fit_learns_a_cycle():
    """In 0 1 2 0 1 2 ... the next token is certain: the loss goes to 0."""
    cycle = np.arange(241) % 3
    inputs, targets = text.contiguous_batches(cycle, batch_size=4, n_steps=10)
    model = models.build_language_model(3, units=8, stateful=True, batch_size=4)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.02), loss)
    x, y = inputs.reshape(-1, 10), targets.reshape(-1, 10)
    options = {"batch_size": 4, "shuffle": False, "verbose": 0}
    losses = model.fit(x, y, epochs=20, **options).history["loss"]
    assert losses[0] > 0.5
    assert losses[-1] < 0.05


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vocabulary_size": 1}, "`vocabulary_size` must be at least 2"),
        ({"cell": "simple_rnn"}, "`cell` must be one of 'gru', 'lstm'"),
        ({"units": ()}, "`units` must hold at least one layer"),
        ({"units": (4, 0)}, "`units` must be at least 1"),
        ({"embedding_dim": 0}, "`embedding_dim` must be at least 1"),
        ({"dropout": 1.0}, "`dropout` must be at least 0 and below 1"),
        ({"stateful": True}, "`batch_size` must be given when `stateful` is true"),
        ({"batch_size": 0}, "`batch_size` must be at least 1"),
        ({"time_scale": 1.0}, "`time_scale` must be a finite number above 1, got 1.0"),
        ({"time_scale": math.inf}, "`time_scale` must be a finite number above 1"),
    ],
)
def test_impossible_networks_are_refused(options, message):
    """Unknown names, counts too small, and a state for an unknown number of rows."""
    with pytest.raises(ValueError, match=message):
        models.build_language_model(**{"vocabulary_size": 7} | options)
