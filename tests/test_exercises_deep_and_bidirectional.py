"""Tests of the checks for chapter 08: solutions pass, wrong answers are named."""

import keras
import numpy as np
import pytest

from coursepkg import exercises


def gru_stack_parameters(n_features, units, both_ways):
    """Return the solution of exercise 08.3."""
    total, width = 0, n_features
    for size in units:
        layer = 3 * size * (width + size + 2)
        total += 2 * layer if both_ways else layer
        width = 2 * size if both_ways else size
    return total


def merge_directions(forward, backward, mode):
    """Return the solution of exercise 08.4."""
    turned = backward[:, ::-1]
    if mode == "concat":
        return np.concatenate([forward, turned], axis=-1)
    if mode == "mul":
        return forward * turned
    return (forward + turned) / (2 if mode == "ave" else 1)


def last_outputs(outputs):
    """Return the solution of exercise 08.5."""
    units = outputs.shape[-1] // 2
    return np.hstack([outputs[:, -1, :units], outputs[:, 0, units:]])


def constant_dropout(x, draws, rate):
    """Return the solution of exercise 08.6."""
    mask = (draws >= rate) / (1 - rate)
    return x * mask[:, np.newaxis]


SOLUTIONS = {
    "08.3": gru_stack_parameters,
    "08.4": merge_directions,
    "08.5": last_outputs,
    "08.6": constant_dropout,
}


@pytest.mark.parametrize(("key", "solution"), list(SOLUTIONS.items()))
def test_solution_passes(key, solution):
    """The solution that readers see passes its check."""
    assert exercises.check(key, solution).message.endswith("agrees on every test.")


@pytest.mark.parametrize("both_ways", [False, True])
def test_parameters_are_those_of_keras(both_ways):
    """The formula of exercise 08.3 gives what Keras counts."""
    layers = [keras.layers.GRU(size, return_sequences=True) for size in (7, 3)]
    if both_ways:
        layers = [keras.layers.Bidirectional(layer) for layer in layers]
    model = keras.Sequential([keras.Input((None, 5)), *layers])
    assert gru_stack_parameters(5, (7, 3), both_ways) == model.count_params()


def test_last_outputs_are_those_of_keras():
    """The solution of 08.5 turns a bidirectional layer's sequence into its vector."""
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    every, last = (
        keras.layers.Bidirectional(keras.layers.GRU(4, return_sequences=sequences))
        for sequences in (True, False)
    )
    every(x), last(x)
    last.set_weights(every.get_weights())
    expected = np.asarray(last(x))
    assert np.allclose(last_outputs(np.asarray(every(x))), expected, atol=1e-6)


def every_layer_reads_the_features(n_features, units, both_ways):
    ways = 2 if both_ways else 1
    return sum(ways * 3 * size * (n_features + size + 2) for size in units)


def lstm_stack_parameters(n_features, units, both_ways):
    total = 0
    for size in units:
        total += (2 if both_ways else 1) * 4 * size * (n_features + size + 1)
        n_features = 2 * size if both_ways else size
    return total


def one_bias(n_features, units, both_ways):
    total = 0
    for size in units:
        total += (2 if both_ways else 1) * 3 * (size * (n_features + size) + size)
        n_features = 2 * size if both_ways else size
    return total


def narrow_above(n_features, units, both_ways):
    total = 0
    for size in units:
        total += (2 if both_ways else 1) * 3 * size * (n_features + size + 2)
        n_features = size
    return total


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (every_layer_reads_the_features, "as if it read the features"),
        (narrow_above, "the inputs are twice as wide"),
        (one_bias, "one bias a unit and gate too few"),
        (lstm_stack_parameters, "for `n_features` = 5, `units` = (7, 3, 2) and"),
        (lambda n_features, units, both_ways: units, "the shape (), got (3,)"),
    ],
)
def test_gru_stack_parameters(wrong, sentence):
    """Each wrong count gets its sentence."""
    result = exercises.check("08.3", wrong)
    assert not result
    assert sentence in result.message


def not_turned(forward, backward, mode):
    return merge_directions(forward, backward[:, ::-1], mode)


def always_concat(forward, backward, mode):  # noqa: ARG001 - the exercise's signature
    return merge_directions(forward, backward, "concat")


def mean_for_sum(forward, backward, mode):
    return merge_directions(forward, backward, "ave" if mode == "sum" else mode)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (not_turned, "their first one belongs to the last step"),
        (always_concat, "side by side, whatever `mode` says"),
        (mean_for_sum, "and `mode` = 'sum', expected"),
        (lambda a, b, mode: np.concatenate([a, b[:, ::-1]], axis=1), "along time"),
        (lambda a, b, mode: merge_directions(b[:, ::-1], a[:, ::-1], mode), "places"),
    ],
)
def test_merge_directions(wrong, sentence):
    """Each wrong way to merge gets its sentence."""
    result = exercises.check("08.4", wrong)
    assert not result
    assert sentence in result.message


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda outputs: outputs[:, -1], "at the last step the"),
        (lambda outputs: outputs[:, 0], "at the first step the forward half"),
        (
            lambda outputs: outputs[:, -1, : outputs.shape[-1] // 2],
            "forward half alone",
        ),
        (lambda outputs: outputs.mean(axis=1), "the mean over all steps"),
        (lambda outputs: outputs, "expected the shape (2, 6), got (2, 4, 6)"),
    ],
)
def test_last_outputs(wrong, sentence):
    """Each wrong summary gets its sentence."""
    result = exercises.check("08.5", wrong)
    assert not result
    assert sentence in result.message


def along_time(x, draws, rate):
    return x * (draws >= rate) / (1 - rate)


def not_scaled(x, draws, rate):
    return x * (draws >= rate)[:, np.newaxis]


def new_mask_each_step(x, draws, rate):
    draws = np.random.default_rng(0).random(x.shape)
    return x * (draws >= rate) / (1 - rate)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (along_time, "the mask lies along time"),
        (not_scaled, "divide by 1 - rate"),
        (new_mask_each_step, "for `x` = [["),
        (lambda x, draws, rate: x * (draws < rate)[:, None] / (1 - rate), "you keep"),
    ],
)
def test_constant_dropout(wrong, sentence):
    """Each wrong mask gets its sentence."""
    result = exercises.check("08.6", wrong)
    assert not result
    assert sentence in result.message
