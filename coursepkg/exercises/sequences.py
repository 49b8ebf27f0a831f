"""Checks for chapter 01, sequences."""

import numpy as np
from numpy import ndarray

from coursepkg.exercises._check import Attempt, Exercise, Mistakes, judge


def _make_windows(series: ndarray, sequence_length: int) -> tuple[ndarray, ndarray]:
    starts = range(len(series) - sequence_length)
    inputs = [[[series[s + k]] for k in range(sequence_length)] for s in starts]
    targets = [series[s + sequence_length] for s in starts]
    return np.array(inputs), np.array(targets)


def _make_windows_mistakes(series: ndarray, sequence_length: int) -> Mistakes:
    inputs, targets = _make_windows(series, sequence_length)
    all_inputs, _ = _make_windows(np.append(series, 0.0), sequence_length)
    seen = (
        "each target is the last value of its own window, so a model may simply copy "
        "it. The target is the value after the window."
    )
    return [
        ((inputs, inputs[:, -1, 0]), seen),
        ((all_inputs, all_inputs[:, -1, 0]), seen),
        (
            (inputs[:-1], targets[1:]),
            "each target lies two steps after its window, not one: after a window that "
            "ends at step t comes the value at step t + 1.",
        ),
        (
            (inputs[:-1], targets[:-1]),
            "the last window is missing: a series of n values has n - sequence_length "
            "windows with a target, and yours has one fewer.",
        ),
        (
            (inputs[:, :, 0], targets),
            "the inputs lack the feature axis: Keras expects (batch, time, features), "
            "also when there is one feature.",
        ),
        (
            (inputs.transpose(0, 2, 1), targets),
            "the feature axis stands before the time axis: the order is (batch, time, "
            "features).",
        ),
        (
            (inputs, targets[:, np.newaxis]),
            "the targets have an axis too many: their shape is (n_windows,), one "
            "number for each window.",
        ),
    ]


def _check_make_windows(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(0)
    return judge(
        attempt,
        oracle=_make_windows,
        cases=[
            (rng.normal(size=7).round(2), 3),
            (np.arange(5.0), 1),
            (np.arange(4.0), 3),
        ],
        mistakes=_make_windows_mistakes,
    )


def _ar1_forecast(series: ndarray) -> float:
    slope, intercept = np.polyfit(series[:-1], series[1:], 1)
    return float(intercept + slope * series[-1])


def _ar1_forecast_mistakes(series: ndarray) -> Mistakes:
    past, present = series[:-1], series[1:]
    slope, intercept = np.polyfit(past, present, 1)
    slope_back, intercept_back = np.polyfit(present, past, 1)
    return [
        (
            past @ present / (past @ past) * series[-1],
            "the regression has no intercept, so it pulls every forecast towards 0 and "
            "not towards the mean. Add a column of ones.",
        ),
        (
            intercept_back + slope_back * series[-1],
            "the regression runs backwards: you explain each value by the one after "
            "it. Regress `series[1:]` on `series[:-1]`.",
        ),
        (
            slope * series[-1],
            "the fit has an intercept, but the forecast leaves it out: it is "
            "intercept + slope * series[-1].",
        ),
        (
            intercept + slope * series[-2],
            "you forecast the last known value from the one before it. The forecast of "
            "the next value starts from `series[-1]`.",
        ),
        (
            series[-1],
            "you return the last value: that is the naive forecast, and nothing is "
            "fitted.",
        ),
    ]


def _check_ar1_forecast(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(1)
    noisy = 5.0 + rng.normal(size=8).round(1).cumsum()
    exact = np.array([8.0, 6.0, 5.0, 4.5])  # y(t) = 2 + y(t-1) / 2
    return judge(
        attempt,
        oracle=_ar1_forecast,
        cases=[(noisy,), (exact,)],
        mistakes=_ar1_forecast_mistakes,
    )


def _run_rnn(x: ndarray, w_x: ndarray, w_h: ndarray, b: ndarray) -> ndarray:
    states = np.zeros((len(x) + 1, len(b)))
    for t in range(len(x)):
        for unit in range(len(b)):
            total = b[unit]
            total += sum(x[t, j] * w_x[j, unit] for j in range(x.shape[1]))
            total += sum(states[t, j] * w_h[j, unit] for j in range(len(b)))
            states[t + 1, unit] = np.tanh(total)
    return states[1:]


def _run_rnn_mistakes(x: ndarray, w_x: ndarray, w_h: ndarray, b: ndarray) -> Mistakes:
    states = _run_rnn(x, w_x, w_h, b)
    linear = np.zeros((len(x) + 1, len(b)))
    for t in range(len(x)):
        linear[t + 1] = x[t] @ w_x + linear[t] @ w_h + b
    return [
        (
            np.tanh(x @ w_x + b),
            "the state is not carried from one step to the next, so the network "
            "remembers nothing. Use the new state in the next step.",
        ),
        (
            linear[1:],
            "the activation is missing: each new state is tanh of the sum, which keeps "
            "it between -1 and 1.",
        ),
        (
            states.ravel(),
            "the states are joined to one long vector, as `np.concatenate` does. "
            "`np.stack` keeps one row for each step: (time, units).",
        ),
        (
            states[-1],
            "you return only the last state. Many-to-many needs the state after every "
            "step: (time, units).",
        ),
        (
            _run_rnn(x, w_x, w_h.T, b),
            "the recurrent weights are applied transposed: the state stands on their "
            "left, `state @ w_h`, as the input does in `x[t] @ w_x`.",
        ),
        (
            _run_rnn(x, w_x, w_h, np.zeros_like(b)),
            "the bias `b` is missing from the sum inside tanh.",
        ),
        (
            np.vstack([np.zeros(len(b)), states]),
            "the first row is the initial state of zeros. Return only the states after "
            "each of the steps.",
        ),
    ]


def _check_run_rnn(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(2)

    def case(n_steps: int, n_features: int, units: int) -> list[ndarray]:
        shapes = [(n_steps, n_features), (n_features, units), (units, units), (units,)]
        return [rng.normal(scale=0.7, size=shape).round(2) for shape in shapes]

    return judge(
        attempt,
        oracle=_run_rnn,
        cases=[case(4, 3, 2), case(1, 2, 3), case(5, 1, 1)],
        mistakes=_run_rnn_mistakes,
    )


EXERCISES = {
    "01.3": Exercise(
        "make_windows", ("series", "sequence_length"), _check_make_windows
    ),
    "01.4": Exercise("ar1_forecast", ("series",), _check_ar1_forecast),
    "01.5": Exercise("run_rnn", ("x", "w_x", "w_h", "b"), _check_run_rnn),
}
