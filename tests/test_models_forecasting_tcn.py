"""The causal dilated stack: its equations, what it sees and what it cannot see."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from coursepkg import models

WINDOWS = np.random.default_rng(0).normal(size=(3, 12, 2)).astype("float32")


def outputs(model, x=WINDOWS, **options):
    """The model's outputs as an array."""
    return keras.ops.convert_to_numpy(model(x, **options))


def stack_in_numpy(weights, x, dilations):
    """All outputs of the stack, by a loop over steps and taps."""
    widen, bias, *convs, kernel, head_bias = weights
    x = x @ widen + bias  # (batch, time, filters)
    for gap, taps, b in zip(dilations, convs[::2], convs[1::2], strict=True):
        added = np.zeros_like(x)
        for t in range(x.shape[1]):
            total = b.copy()
            for k, tap in enumerate(reversed(taps)):  # the last tap reads step t
                if t - k * gap >= 0:
                    total = total + x[:, t - k * gap] @ tap
            added[:, t] = np.maximum(total, 0)
        x = x + added
    return x @ kernel + head_bias  # (batch, time, outputs)


@pytest.mark.parametrize(
    ("kernel_size", "dilations"), [(2, (1, 2, 4)), (3, (1, 3)), (1, (1,)), (2, (5,))]
)
def test_outputs_follow_the_equations(kernel_size, dilations):
    """Every step equals a loop in NumPy, and the last one is the forecast."""
    options = {
        "n_filters": 4,
        "kernel_size": kernel_size,
        "dilations": dilations,
        "n_features": 2,
        "n_outputs": 3,
    }
    model = models.build_tcn_forecaster(**options, every_step=True)
    expected = stack_in_numpy(model.get_weights(), WINDOWS, dilations)
    np.testing.assert_allclose(outputs(model), expected, atol=1e-5)
    last = models.build_tcn_forecaster(**options)
    np.testing.assert_allclose(outputs(last), expected[:, -1], atol=1e-5)


@settings(max_examples=12, deadline=None)
@given(
    kernel_size=st.integers(1, 4),
    dilations=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    seed=st.integers(0, 3),
)
def test_receptive_field_is_that_of_the_formula(kernel_size, dilations, seed):
    """The gradient of the last output reaches 1 + (k - 1) sum d steps, none further."""
    length = 50
    model = models.build_tcn_forecaster(
        n_filters=8, kernel_size=kernel_size, dilations=dilations, seed=seed
    )
    x = tf.constant(np.random.default_rng(seed).normal(size=(64, length, 1)), "float32")
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(model(x))
    reached = np.abs(tape.gradient(total, x)).max(axis=(0, 2)) > 0  # (length,)
    field = 1 + (kernel_size - 1) * sum(dilations)
    assert not reached[: length - field].any()
    assert reached[length - field]  # the farthest step that it can see
    assert reached[-1]


def test_no_step_sees_a_later_one():
    """Changing one step leaves all outputs before it as they are, and moves its own."""
    model = models.build_tcn_forecaster(
        n_filters=8, dilations=(1, 2, 4), n_features=2, every_step=True
    )
    before = outputs(model)
    for t in (0, 5, 11):
        changed = WINDOWS.copy()
        changed[:, t] += 1.0
        after = outputs(model, changed)
        np.testing.assert_array_equal(after[:, :t], before[:, :t])
        assert (after[:, t] != before[:, t]).all()


def test_every_step_is_the_forecast_of_the_steps_so_far():
    """The output at step t is that of a network which gets the first t + 1 steps."""
    options = {"n_filters": 6, "dilations": (1, 2, 4), "n_features": 2, "seed": 3}
    every = outputs(models.build_tcn_forecaster(**options, every_step=True))
    one = models.build_tcn_forecaster(**options)
    for t in (0, 4, 11):
        np.testing.assert_allclose(
            outputs(one, WINDOWS[:, : t + 1]), every[:, t], atol=1e-6
        )


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({}, (3,)),
        ({"n_outputs": 2}, (3, 2)),
        ({"every_step": True}, (3, 12)),
        ({"every_step": True, "n_outputs": 14}, (3, 12, 14)),
        ({"sequence_length": 12}, (3,)),
    ],
)
def test_outputs_have_the_shape_of_the_targets(options, shape):
    """One value leaves no axis behind."""
    model = models.build_tcn_forecaster(n_filters=4, n_features=2, **options)
    assert outputs(model).shape == shape
    assert model.input_shape == (None, options.get("sequence_length"), 2)


def test_parameters_follow_the_formula():
    """Widening, one convolution a block, and the head."""
    model = models.build_tcn_forecaster(
        n_filters=5, kernel_size=3, dilations=(1, 2, 4, 8), n_features=2, n_outputs=4
    )
    assert model.count_params() == 5 * 3 + 4 * (3 * 5 + 1) * 5 + 4 * 6


def test_weights_depend_on_the_seed_and_on_nothing_else():
    """Equal seeds, equal weights, with or without dropout; no two kernels alike."""
    keras.utils.set_random_seed(1)
    first = models.build_tcn_forecaster(n_filters=8, seed=5).get_weights()
    keras.utils.set_random_seed(2)
    second = models.build_tcn_forecaster(n_filters=8, seed=5, dropout=0.5).get_weights()
    other = models.build_tcn_forecaster(n_filters=8, seed=6).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    kernels = [array for array in first if array.ndim == 3]
    assert len(kernels) == 5
    assert not any(np.allclose(kernels[0], kernel) for kernel in kernels[1:])
    assert not np.array_equal(first[0], other[0])


def test_dropout_silences_whole_filters_in_training_only():
    """A filter that is dropped is dropped at every step of its window."""
    model = models.build_tcn_forecaster(
        n_filters=16, dilations=(1,), n_features=2, dropout=0.5, every_step=True
    )
    np.testing.assert_array_equal(outputs(model), outputs(model))
    layer = model.get_layer("dropout_1")
    dropped = np.array(layer(np.ones((4, 12, 16), "float32"), training=True))
    assert set(np.unique(dropped)) == {0.0, 2.0}
    assert (dropped == dropped[:, :1]).all()
    assert not np.array_equal(outputs(model, training=True), outputs(model))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dilations": ()}, "at least one block"),
        ({"dilations": (1, 0)}, "`dilations`"),
        ({"kernel_size": 0}, "`kernel_size`"),
        ({"n_filters": 0}, "`n_filters`"),
        ({"n_features": 0}, "`n_features`"),
        ({"n_outputs": 0}, "`n_outputs`"),
        ({"sequence_length": 0}, "`sequence_length`"),
        ({"dropout": 1.0}, "`dropout`"),
    ],
)
def test_impossible_requests_are_refused(options, words):
    """The message names the argument."""
    with pytest.raises(ValueError, match=words):
        models.build_tcn_forecaster(**options)


@pytest.mark.parametrize("dilations", [3, "12"])
def test_dilations_must_be_a_sequence(dilations):
    """One number, or a string of digits, is refused with the way out."""
    with pytest.raises(TypeError, match="one for each block"):
        models.build_tcn_forecaster(dilations=dilations)
