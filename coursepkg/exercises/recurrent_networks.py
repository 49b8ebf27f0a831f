"""Checks for chapter 05, recurrent networks."""

import numpy as np
from numpy import ndarray

from coursepkg.exercises._check import Attempt, Exercise, Mistakes, judge


def _count_parameters(cell: str, n_features: int, units: int, reset_after: bool) -> int:
    kernel = [(row, column) for row in range(n_features) for column in range(units)]
    recurrent = [(row, column) for row in range(units) for column in range(units)]
    n_sums = {"simple_rnn": 1, "lstm": 4, "gru": 3}[cell]
    n_biases = 2 if cell == "gru" and reset_after else 1
    return n_sums * (len(kernel) + len(recurrent) + n_biases * units)


def _count_parameters_mistakes(
    cell: str,
    n_features: int,
    units: int,
    reset_after: bool,  # noqa: ARG001 - the arguments are those of the exercise
) -> Mistakes:
    n_sums = {"simple_rnn": 1, "lstm": 4, "gru": 3}[cell]
    one = n_features * units + units * units
    return [
        (
            n_sums * (one + units),
            "with `reset_after=True` the GRU has a second row of biases, added to the "
            "product with the old state: 3 * units numbers more.",
        ),
        (
            n_sums * one,
            "the biases are missing: each of the sums has one number for each unit.",
        ),
        (
            n_sums * (one + 2 * units),
            "you count two biases where there is one: only the GRU with "
            "`reset_after=True` has two.",
        ),
        (
            max(n_sums - 1, 1) * (one + units),
            "you count the gates but not the candidate: the cell makes one sum for "
            "each gate and one more for the new state.",
        ),
        (
            n_sums * (n_features * units + units),
            "the recurrent weights are missing: units * units of them in each sum.",
        ),
        (
            n_sums * (n_features * units + n_features * n_features + units),
            "the recurrent matrix has the shape (units, units): its rows are entries "
            "of the old state, not of the input.",
        ),
        (
            one + units,
            "these are the parameters of a SimpleRNN: a gated cell makes such a sum "
            "for each gate and one for the candidate.",
        ),
    ]


def _check_count_parameters(attempt: Attempt) -> str | None:
    return judge(
        attempt,
        oracle=_count_parameters,
        cases=[
            ("gru", 32, 16, True),
            ("lstm", 5, 7, True),
            ("lstm", 5, 7, False),
            ("gru", 3, 4, False),
            ("simple_rnn", 2, 9, True),
        ],
        mistakes=_count_parameters_mistakes,
    )


def _last_valid_states(states: ndarray, lengths: ndarray) -> ndarray:
    rows = []
    for row, length in zip(states, lengths, strict=True):
        rows.append([float(value) for value in row[int(length) - 1]])
    return np.array(rows)


def _last_valid_states_mistakes(states: ndarray, lengths: ndarray) -> Mistakes:
    n_sequences, n_steps, _ = states.shape
    rows = np.arange(n_sequences)
    valid = np.arange(n_steps) < lengths[:, np.newaxis]
    return [
        (
            states[:, -1],
            "you take the last step of the array, which is padding in all but the "
            "longest sequences: the state has run on over the zeros.",
        ),
        (
            states[rows, np.minimum(lengths, n_steps - 1)],
            "each state is one step too late: after `length` steps the last one has "
            "the index length - 1.",
        ),
        (
            states[rows, lengths - 2],
            "each state is one step too early: the last of `length` steps has the "
            "index length - 1.",
        ),
        (
            states[:, lengths - 1],
            "the shape is (batch, batch, units): `states[:, lengths - 1]` takes all "
            "lengths for each sequence. Pair them with `np.arange(batch)`.",
        ),
        (
            (states * valid[:, :, np.newaxis]).sum(axis=1) / lengths[:, np.newaxis],
            "this is the mean over the valid steps, not the state after the last one.",
        ),
        (
            states[rows, n_steps - lengths],
            "you count the length from the end, as if the padding stood in front; "
            "here the zeros follow the sequence.",
        ),
        (
            states[0, lengths - 1],
            "every row comes from the first sequence: index the batch as well, with "
            "`np.arange(batch)`.",
        ),
    ]


def _check_last_valid_states(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(3)

    def case(lengths: list[int], n_steps: int, units: int) -> tuple[ndarray, ndarray]:
        states = rng.normal(size=(len(lengths), n_steps, units)).round(2)
        return states, np.array(lengths)

    return judge(
        attempt,
        oracle=_last_valid_states,
        cases=[
            case([2, 5, 3, 4], 6, 2),
            case([1, 4], 4, 3),
            case([3], 5, 1),
        ],
        mistakes=_last_valid_states_mistakes,
    )


def _run_recording(
    x: ndarray, starts: ndarray, w_x: ndarray, w_h: ndarray, b: ndarray
) -> ndarray:
    states = np.zeros((len(x), len(b)))
    for t in range(len(x)):
        for unit in range(len(b)):
            total = b[unit] + sum(x[t, j] * w_x[j, unit] for j in range(x.shape[1]))
            if t > 0 and not starts[t]:
                total += sum(states[t - 1, j] * w_h[j, unit] for j in range(len(b)))
            states[t, unit] = np.tanh(total)
    return states


def _run_recording_mistakes(
    x: ndarray, starts: ndarray, w_x: ndarray, w_h: ndarray, b: ndarray
) -> Mistakes:
    right = _run_recording(x, starts, w_x, w_h, b)
    never = np.zeros(len(x), dtype=bool)
    late = np.append(False, starts[:-1])
    early = np.append(starts[1:], False)
    firsts = np.flatnonzero(np.append(True, starts[1:]))
    silenced = np.zeros((len(x), len(b)))
    state = np.zeros(len(b))
    for t in range(len(x)):
        state = np.tanh(x[t] @ w_x + state @ w_h + b)
        if starts[t]:
            state = np.zeros(len(b))
        silenced[t] = state
    return [
        (
            _run_recording(x, never, w_x, w_h, b),
            "the state is never reset: each sequence begins with what the one before "
            "it has left behind.",
        ),
        (
            np.tanh(x @ w_x + b),
            "the state is reset at every step, so nothing is carried within a sequence "
            "either.",
        ),
        (
            silenced,
            "the state is reset after the first step of a sequence instead of before "
            "it, so that step is forgotten.",
        ),
        (
            _run_recording(x, late, w_x, w_h, b),
            "the reset comes one step too late: `starts[t]` says that step t itself "
            "is the first of a new sequence.",
        ),
        (
            _run_recording(x, early, w_x, w_h, b),
            "the reset comes one step too early: `starts[t]` says that step t is the "
            "first of a new sequence, so step t - 1 still belongs to the old one.",
        ),
        (
            np.concatenate(list(right)),
            "the states are joined to one long vector: `np.stack` keeps a row for each "
            "step, (time, units).",
        ),
        (
            right[np.append(firsts[1:], len(x)) - 1],
            "you return only the last state of each sequence. The states after every "
            "step are wanted: (time, units).",
        ),
        (
            _run_recording(x, starts, w_x, w_h.T, b),
            "the recurrent weights are applied transposed: the state stands on their "
            "left, `state @ w_h`.",
        ),
    ]


def _check_run_recording(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(4)

    def case(starts: str, n_features: int, units: int) -> list[ndarray]:
        shapes = [(n_features, units), (units, units), (units,)]
        return [
            rng.normal(size=(len(starts), n_features)).round(2),
            np.array([letter == "|" for letter in starts]),
            *(rng.normal(scale=0.8, size=shape).round(2) for shape in shapes),
        ]

    return judge(
        attempt,
        oracle=_run_recording,
        cases=[case("|..|..", 2, 3), case("..|.", 1, 2), case("|||", 2, 2)],
        mistakes=_run_recording_mistakes,
    )


EXERCISES = {
    "05.3": Exercise(
        "count_parameters",
        ("cell", "n_features", "units", "reset_after"),
        _check_count_parameters,
    ),
    "05.4": Exercise(
        "last_valid_states", ("states", "lengths"), _check_last_valid_states
    ),
    "05.5": Exercise(
        "run_recording", ("x", "starts", "w_x", "w_h", "b"), _check_run_recording
    ),
}
