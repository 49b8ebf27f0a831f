"""Tests of the checks for chapter 05: solutions pass, wrong answers are named."""

# ruff: noqa: ARG001, ARG005 - the signatures are those of the exercises

import numpy as np
import pytest

from coursepkg import exercises


def count_parameters(cell, n_features, units, reset_after):
    """Return the solution of exercise 05.3."""
    gates = {"simple_rnn": 0, "lstm": 3, "gru": 2}[cell]
    biases = 2 if cell == "gru" and reset_after else 1
    return (1 + gates) * units * (n_features + units + biases)


def last_valid_states(states, lengths):
    """Return the solution of exercise 05.4."""
    return states[np.arange(len(states)), lengths - 1]


def run_recording(x, starts, w_x, w_h, b):
    """Return the solution of exercise 05.5."""
    state = np.zeros(len(b))
    states = []
    for step, first in zip(x, starts, strict=True):
        if first:
            state = np.zeros(len(b))
        state = np.tanh(step @ w_x + state @ w_h + b)
        states.append(state)
    return np.stack(states)


@pytest.mark.parametrize(
    ("key", "solution"),
    [("05.3", count_parameters), ("05.4", last_valid_states), ("05.5", run_recording)],
)
def test_solution_passes(key, solution):
    """The solution that readers see passes its check."""
    assert exercises.check(key, solution).message.endswith("agrees on every test.")


def formula_of_the_slides(cell, n_features, units, reset_after):
    gates = {"simple_rnn": 0, "lstm": 3, "gru": 2}[cell]
    return (1 + gates) * units * (n_features + units + 1)


def two_biases_for_every_gru(cell, n_features, units, reset_after):
    biases = 2 if cell == "gru" else 1
    gates = {"simple_rnn": 0, "lstm": 3, "gru": 2}[cell]
    return (1 + gates) * units * (n_features + units + biases)


def gates_without_candidate(cell, n_features, units, reset_after):
    sums = {"simple_rnn": 1, "lstm": 3, "gru": 2}[cell]
    return sums * units * (n_features + units + 1)


def no_bias(cell, n_features, units, reset_after):
    sums = {"simple_rnn": 1, "lstm": 4, "gru": 3}[cell]
    return sums * units * (n_features + units)


def never_reset(x, starts, w_x, w_h, b):
    state, states = np.zeros(len(b)), []
    for step in x:
        state = np.tanh(step @ w_x + state @ w_h + b)
        states.append(state)
    return np.stack(states)


def reset_after_the_first_step(x, starts, w_x, w_h, b):
    state, states = np.zeros(len(b)), []
    for step, first in zip(x, starts, strict=True):
        state = np.tanh(step @ w_x + state @ w_h + b)
        if first:
            state = np.zeros(len(b))
        states.append(state)
    return np.stack(states)


def reset_of_the_carried_copy_only(x, starts, w_x, w_h, b):
    state, states = np.zeros(len(b)), []
    for step, first in zip(x, starts, strict=True):
        state = np.tanh(step @ w_x + state @ w_h + b)
        states.append(state)
        if first:
            state = np.zeros(len(b))
    return np.stack(states)


def long_vector(x, starts, w_x, w_h, b):
    return np.concatenate(list(run_recording(x, starts, w_x, w_h, b)), axis=0)


@pytest.mark.parametrize(
    ("key", "wrong", "part"),
    [
        ("05.3", formula_of_the_slides, "a second row of biases"),
        ("05.3", two_biases_for_every_gru, "two biases where there is one"),
        ("05.3", gates_without_candidate, "but not the candidate"),
        ("05.3", no_bias, "biases are missing"),
        ("05.4", lambda states, lengths: states[:, -1], "padding in all but the long"),
        ("05.4", lambda states, lengths: states[:, lengths - 1], "(batch, batch, uni"),
        (
            "05.4",
            lambda states, lengths: states[np.arange(len(states)), lengths],
            "one step too late",
        ),
        ("05.4", lambda states, lengths: states[0, lengths - 1], "the first sequence"),
        ("05.5", never_reset, "never reset"),
        ("05.5", reset_after_the_first_step, "instead of before"),
        ("05.5", reset_of_the_carried_copy_only, "one step too late"),
        ("05.5", long_vector, "one long vector"),
        ("05.5", lambda x, starts, w_x, w_h, b: np.tanh(x @ w_x + b), "at every step"),
    ],
)
def test_wrong_answers_get_the_sentence_that_names_them(key, wrong, part):
    """Functions that students write get the sentence meant for them."""
    result = exercises.check(key, wrong)
    assert not result
    assert part in result.message


def test_oracles_agree_with_keras_numbers():
    """The counts are those that Keras prints for its layers."""
    from coursepkg.exercises import recurrent_networks

    count = recurrent_networks._count_parameters
    assert count("simple_rnn", 32, 32, True) == 2_080
    assert count("gru", 32, 32, True) == 6_336
    assert count("gru", 32, 32, False) == 6_240
    assert count("lstm", 32, 32, False) == 8_320
