"""Tests of the checks for chapter 01: solutions pass, wrong answers are named."""

# ruff: noqa: ARG001, ARG005 - the signatures are those of the exercises

import numpy as np
import pytest

from coursepkg import exercises


def make_windows(series, sequence_length):
    """Return the solution of exercise 01.3."""
    windows = np.lib.stride_tricks.sliding_window_view(series[:-1], sequence_length)
    return windows[:, :, np.newaxis], series[sequence_length:]


def ar1_forecast(series):
    """Return the solution of exercise 01.4."""
    design = np.column_stack([np.ones(len(series) - 1), series[:-1]])
    (intercept, slope), *_ = np.linalg.lstsq(design, series[1:], rcond=None)
    return intercept + slope * series[-1]


def run_rnn(x, w_x, w_h, b):
    """Return the solution of exercise 01.5."""
    state = np.zeros(len(b))
    states = []
    for step in x:
        state = np.tanh(step @ w_x + state @ w_h + b)
        states.append(state)
    return np.stack(states)


@pytest.mark.parametrize(
    ("key", "solution"),
    [("01.3", make_windows), ("01.4", ar1_forecast), ("01.5", run_rnn)],
)
def test_solution_passes(key, solution):
    """The solution that readers see passes its check."""
    assert exercises.check(key, solution).message.endswith("agrees on every test.")


def windows_with_last_input_as_target(series, sequence_length):
    n = len(series) - sequence_length
    inputs = [series[i : i + sequence_length] for i in range(n)]
    targets = [series[i + sequence_length - 1] for i in range(n)]
    return np.array(inputs)[..., None], np.array(targets)


def windows_with_last_input_as_target_and_no_end(series, sequence_length):
    inputs = np.lib.stride_tricks.sliding_window_view(series, sequence_length)
    return inputs[..., None], inputs[:, -1]


def windows_one_too_few(series, sequence_length):
    inputs, targets = [], []
    for i in range(len(series) - sequence_length - 1):
        inputs.append(series[i : i + sequence_length])
        targets.append(series[i + sequence_length])
    return np.array(inputs)[..., None], np.array(targets)


def windows_two_steps_ahead(series, sequence_length):
    inputs, targets = [], []
    for i in range(len(series) - sequence_length - 1):
        inputs.append(series[i : i + sequence_length])
        targets.append(series[i + sequence_length + 1])
    return np.array(inputs)[..., None], np.array(targets)


def windows_without_features(series, sequence_length):
    inputs, targets = make_windows(series, sequence_length)
    return inputs.squeeze(-1), targets


def windows_with_features_first(series, sequence_length):
    inputs, targets = make_windows(series, sequence_length)
    return inputs.squeeze(-1)[:, None, :], targets


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (windows_with_last_input_as_target, "last value of its own window"),
        (windows_with_last_input_as_target_and_no_end, "last value of its own window"),
        (windows_one_too_few, "the last window is missing"),
        (windows_two_steps_ahead, "two steps after its window"),
        (windows_without_features, "lack the feature axis"),
        (windows_with_features_first, "before the time axis"),
        (lambda series, n: make_windows(series[::-1], n), "result 0: expected [[["),
        (lambda series, n: make_windows(series, n)[0], "expected 2 results"),
        (lambda series, n: (*make_windows(series, n), n), "expected 2 results, got 3"),
    ],
)
def test_make_windows(wrong, sentence):
    """Each wrong way to cut windows gets its sentence."""
    result = exercises.check("01.3", wrong)
    assert not result
    assert sentence in result.message


def ar1_without_intercept(series):
    (slope,), *_ = np.linalg.lstsq(series[:-1, None], series[1:], rcond=None)
    return slope * series[-1]


def ar1_backwards(series):
    slope, intercept = np.polyfit(series[1:], series[:-1], 1)
    return intercept + slope * series[-1]


def ar1_of_the_known_value(series):
    slope, intercept = np.polyfit(series[:-1], series[1:], 1)
    return (intercept + slope * series[:-1])[-1]


def ar1_of_centred_series(series):
    mean = series.mean()
    centred = series - mean
    slope = centred[:-1] @ centred[1:] / (centred[:-1] @ centred[:-1])
    return mean + slope * centred[-1]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (ar1_without_intercept, "no intercept"),
        (ar1_backwards, "runs backwards"),
        (ar1_of_the_known_value, "the last known value from the one before"),
        (lambda series: np.polyfit(series[:-1], series[1:], 1)[0] * series[-1], "out"),
        (lambda series: series[-1], "naive forecast"),
        (ar1_of_centred_series, "for `series` = ["),
        (lambda series: np.array([ar1_forecast(series)]), "shape (), got (1,)"),
    ],
)
def test_ar1_forecast(wrong, sentence):
    """Each wrong autoregression gets its sentence."""
    result = exercises.check("01.4", wrong)
    assert not result
    assert sentence in result.message


def rnn_concatenated(x, w_x, w_h, b):
    return np.concatenate(list(run_rnn(x, w_x, w_h, b)))


def rnn_without_memory(x, w_x, w_h, b):
    state = np.zeros(len(b))
    return np.stack([np.tanh(step @ w_x + state @ w_h + b) for step in x])


def rnn_without_tanh(x, w_x, w_h, b):
    state, states = np.zeros(len(b)), []
    for step in x:
        state = step @ w_x + state @ w_h + b
        states.append(state)
    return np.array(states)


def rnn_transposed(x, w_x, w_h, b):
    state, states = np.zeros(len(b)), []
    for step in x:
        state = np.tanh(step @ w_x + w_h @ state + b)
        states.append(state)
    return np.array(states)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (rnn_concatenated, "`np.stack` keeps one row"),
        (rnn_without_memory, "remembers nothing"),
        (rnn_without_tanh, "the activation is missing"),
        (rnn_transposed, "applied transposed"),
        (lambda *arguments: run_rnn(*arguments)[-1], "only the last state"),
        (lambda x, w_x, w_h, b: run_rnn(x, w_x, w_h, 0 * b), "the bias `b` is missing"),
        (lambda x, w_x, w_h, b: run_rnn(x[::-1], w_x, w_h, b), "for `x` = [["),
    ],
)
def test_run_rnn(wrong, sentence):
    """Each wrong recurrent loop gets its sentence."""
    result = exercises.check("01.5", wrong)
    assert not result
    assert sentence in result.message
