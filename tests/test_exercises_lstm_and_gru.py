"""Tests of the checks for chapter 07: solutions pass, wrong answers are named."""

# ruff: noqa: ARG001, ARG005 - the signatures are those of the exercises

import numpy as np
import pytest

from coursepkg import exercises


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def coupled_step(x, h, c, kernel, recurrent_kernel, bias):
    """Return the solution of exercise 07.3."""
    a = x @ kernel + h @ recurrent_kernel + bias
    a_f, a_c, a_o = np.split(a, 3, axis=1)
    f = sigmoid(a_f)
    c = f * c + (1 - f) * np.tanh(a_c)
    return sigmoid(a_o) * np.tanh(c), c


def reorder_gates(weights, order, new_order):
    """Return the solution of exercise 07.4."""
    blocks = dict(zip(order, np.split(weights, len(order), axis=-1), strict=True))
    return np.concatenate([blocks[letter] for letter in new_order], axis=-1)


def forget_half_life(biases):
    """Return the solution of exercise 07.5."""
    return np.log(0.5) / np.log(sigmoid(biases))


@pytest.mark.parametrize(
    ("key", "solution"),
    [("07.3", coupled_step), ("07.4", reorder_gates), ("07.5", forget_half_life)],
)
def test_solution_passes(key, solution):
    """The solution that readers see passes its check."""
    assert exercises.check(key, solution).message.endswith("agrees on every test.")


def gate_the_other_way_round(x, h, c, kernel, recurrent_kernel, bias):
    a = x @ kernel + h @ recurrent_kernel + bias
    a_f, a_c, a_o = np.split(a, 3, axis=1)
    c = (1 - sigmoid(a_f)) * c + sigmoid(a_f) * np.tanh(a_c)
    return sigmoid(a_o) * np.tanh(c), c


def no_tanh_on_the_way_out(x, h, c, kernel, recurrent_kernel, bias):
    a = x @ kernel + h @ recurrent_kernel + bias
    a_f, a_c, a_o = np.split(a, 3, axis=1)
    c = sigmoid(a_f) * c + (1 - sigmoid(a_f)) * np.tanh(a_c)
    return sigmoid(a_o) * c, c


def states_swapped(*arguments):
    return coupled_step(*arguments)[::-1]


def blind_to_h(x, h, c, kernel, recurrent_kernel, bias):
    return coupled_step(x, 0 * h, c, kernel, recurrent_kernel, bias)


def only_one_gate_is_moved(weights, order, new_order):
    units = weights.shape[-1] // len(order)
    changed = weights.copy()
    changed[..., :units] = weights[..., -units:]
    return changed


@pytest.mark.parametrize(
    ("key", "function", "sentence"),
    [
        ("07.3", gate_the_other_way_round, "the gate works the wrong way round"),
        ("07.3", no_tanh_on_the_way_out, "the tanh of the cell state is missing"),
        ("07.3", states_swapped, "returned in the wrong order: first h, then c"),
        ("07.3", blind_to_h, "the previous hidden state is not used"),
        (
            "07.4",
            lambda weights, order, new_order: reorder_gates(weights, new_order, order),
            "the blocks go the wrong way",
        ),
        ("07.4", lambda weights, order, new_order: weights, "nothing has changed"),
        ("07.4", only_one_gate_is_moved, "expected [["),
        (
            "07.5",
            lambda biases: np.log(2) / np.log(sigmoid(biases)),
            "the sign is wrong",
        ),
        (
            "07.5",
            lambda biases: -1 / np.log(sigmoid(biases)),
            "after that many steps 1/e is left",
        ),
        (
            "07.5",
            lambda biases: np.log(2) / (1 - sigmoid(biases)),
            "only when f is close to 1",
        ),
        ("07.5", lambda biases: biases, "expected ["),
    ],
)
def test_wrong_answers_get_their_sentence(key, function, sentence):
    """A typical wrong answer is told its own cause, an odd one a counterexample."""
    result = exercises.check(key, function)
    assert not result
    assert sentence in result.message
