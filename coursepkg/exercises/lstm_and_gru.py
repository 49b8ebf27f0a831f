"""Checks for chapter 07, LSTM and GRU."""

import numpy as np
from numpy import ndarray

from coursepkg.exercises._check import Attempt, Exercise, Mistakes, judge


def _sigmoid(a: ndarray) -> ndarray:
    return 1 / (1 + np.exp(-a))


def _coupled_step(
    x: ndarray,
    h: ndarray,
    c: ndarray,
    kernel: ndarray,
    recurrent_kernel: ndarray,
    bias: ndarray,
) -> tuple[ndarray, ndarray]:
    units = h.shape[1]
    new_h, new_c = np.empty_like(h), np.empty_like(c)
    for row in range(len(x)):
        for unit in range(units):
            sums = []
            for column in (unit, units + unit, 2 * units + unit):
                total = bias[column]
                total += sum(x[row, j] * kernel[j, column] for j in range(x.shape[1]))
                total += sum(
                    h[row, j] * recurrent_kernel[j, column] for j in range(units)
                )
                sums.append(total)
            f, o = _sigmoid(sums[0]), _sigmoid(sums[2])
            new_c[row, unit] = f * c[row, unit] + (1 - f) * np.tanh(sums[1])
            new_h[row, unit] = o * np.tanh(new_c[row, unit])
    return new_h, new_c


def _coupled_step_mistakes(
    x: ndarray,
    h: ndarray,
    c: ndarray,
    kernel: ndarray,
    recurrent_kernel: ndarray,
    bias: ndarray,
) -> Mistakes:
    right_h, right_c = _coupled_step(x, h, c, kernel, recurrent_kernel, bias)
    a = x @ kernel + h @ recurrent_kernel + bias
    a_f, a_c, a_o = np.split(a, 3, axis=1)
    f, o, c_tilde = _sigmoid(a_f), _sigmoid(a_o), np.tanh(a_c)
    swapped = (1 - f) * c + f * c_tilde
    late = f * c + (1 - f) * np.tanh(a_o)
    ungated = f * c + c_tilde
    squashed = f * c + (1 - f) * _sigmoid(a_c)
    no_h = x @ kernel + bias
    blind_f, blind_c, blind_o = np.split(no_h, 3, axis=1)
    blind = _sigmoid(blind_f) * c + (1 - _sigmoid(blind_f)) * np.tanh(blind_c)
    return [
        (
            (right_c, right_h),
            "the two states are returned in the wrong order: first h, then c, as Keras "
            "does.",
        ),
        (
            (o * np.tanh(swapped), swapped),
            "the gate works the wrong way round: f is the share of the old c that is "
            "*kept*, 1 - f the share of the candidate that comes in.",
        ),
        (
            (_sigmoid(a_c) * np.tanh(late), late),
            "candidate and output gate are mixed up: the three blocks are f, "
            "candidate, output gate, in this order.",
        ),
        (
            (o * np.tanh(ungated), ungated),
            "the candidate comes in ungated. In a coupled cell it is multiplied by "
            "1 - f.",
        ),
        (
            (o * np.tanh(squashed), squashed),
            "the candidate is squashed by a sigmoid, so it is never negative. Gates "
            "take a sigmoid, the candidate a tanh.",
        ),
        (
            (o * right_c, right_c),
            "the tanh of the cell state is missing: h = o * tanh(c).",
        ),
        (
            (np.tanh(right_c), right_c),
            "the output gate is missing: h = o * tanh(c).",
        ),
        (
            (o * np.tanh(c), right_c),
            "h is made from the old cell state. It shows the new one.",
        ),
        (
            (_sigmoid(blind_o) * np.tanh(blind), blind),
            "the previous hidden state is not used: each sum is x @ kernel + "
            "h @ recurrent_kernel + bias.",
        ),
    ]


def _check_coupled_step(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(0)

    def case(batch: int, features: int, units: int) -> list[ndarray]:
        shapes = [
            *[(batch, features), (batch, units), (batch, units)],
            *[(features, 3 * units), (units, 3 * units), (3 * units,)],
        ]
        return [rng.normal(size=shape).round(2) for shape in shapes]

    return judge(
        attempt,
        oracle=_coupled_step,
        cases=[case(2, 3, 2), case(1, 1, 1), case(3, 2, 4)],
        mistakes=_coupled_step_mistakes,
    )


def _reorder_gates(weights: ndarray, order: str, new_order: str) -> ndarray:
    units = weights.shape[-1] // len(order)
    blocks = {
        letter: weights[..., k * units : (k + 1) * units]
        for k, letter in enumerate(order)
    }
    return np.concatenate([blocks[letter] for letter in new_order], axis=-1)


def _reorder_gates_mistakes(weights: ndarray, order: str, new_order: str) -> Mistakes:
    n_gates = len(order)
    blocks = np.split(weights, n_gates, axis=-1)
    interleaved = weights.reshape(*weights.shape[:-1], -1, n_gates)
    places = [order.index(letter) for letter in new_order]
    back = [new_order.index(letter) for letter in order]
    mistakes: Mistakes = [
        (
            np.concatenate([blocks[place] for place in back], axis=-1),
            "the blocks go the wrong way: you took the order you have for the order "
            "that is wanted. Block k of the result is the one that `order` calls "
            "`new_order[k]`.",
        ),
        (
            weights,
            "nothing has changed: the blocks are still in the order that came in.",
        ),
        (
            interleaved[..., places].reshape(weights.shape),
            "single columns are moved, not blocks: the first `units` columns belong to "
            "the first gate, the next `units` to the second.",
        ),
        (
            np.stack([blocks[place] for place in places]),
            "the blocks are stacked along a new axis. Join them side by side along the "
            "last one: the shape stays that of `weights`.",
        ),
        (
            np.concatenate([blocks[place] for place in places], axis=0),
            "the blocks are joined along the first axis. They stand side by side along "
            "the last one.",
        ),
    ]
    return mistakes


def _check_reorder_gates(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(1)
    return judge(
        attempt,
        oracle=_reorder_gates,
        cases=[
            (rng.normal(size=(2, 12)).round(2), "iofc", "ifco"),
            (rng.normal(size=(8,)).round(2), "icfo", "ifco"),
            (rng.normal(size=(2, 6)).round(2), "rzh", "zrh"),
        ],
        mistakes=_reorder_gates_mistakes,
    )


def _forget_half_life(biases: ndarray) -> ndarray:
    return np.array([np.log(0.5) / np.log(1 / (1 + np.exp(-b))) for b in biases])


def _forget_half_life_mistakes(biases: ndarray) -> Mistakes:
    f = 1 / (1 + np.exp(-biases))
    half_life = np.log(2) / -np.log(f)
    return [
        (
            -half_life,
            "the sign is wrong: log(f) is negative, since f lies between 0 and 1, and "
            "a half-life is not.",
        ),
        (
            1 / -np.log(f),
            "after that many steps 1/e is left, 37 %. Half is left after log(2) times "
            "as many.",
        ),
        (
            1 / (1 - f),
            "1 / (1 - f) is another time scale: after it about 1/e is left. Solve "
            "f**n = 1/2 for n.",
        ),
        (
            np.log(2) / (1 - f),
            "-log(f) is close to 1 - f only when f is close to 1. Solve f**n = 1/2 "
            "exactly.",
        ),
        (
            np.log(2) * np.exp(biases),
            "log(2) * exp(bias) is the limit for large biases; for small ones it is "
            "too short. Solve f**n = 1/2 exactly.",
        ),
        (
            np.ceil(half_life),
            "the number of steps is rounded. Return the solution of f**n = 1/2 as it "
            "is: half-lives are compared, not counted.",
        ),
        (
            half_life * 0 + np.log(2) / -np.log(f.mean()),
            "the gates were averaged first. Each unit has a half-life of its own.",
        ),
        (
            np.log(2) / -np.log(1 - f),
            "this is the half-life for the bias with the other sign: the gate is "
            "1 / (1 + exp(-bias)).",
        ),
    ]


def _check_forget_half_life(attempt: Attempt) -> str | None:
    return judge(
        attempt,
        oracle=_forget_half_life,
        cases=[(np.array([-1.0, 0.5, 3.0]),), (np.array([6.5, 0.0]),)],
        mistakes=_forget_half_life_mistakes,
    )


EXERCISES = {
    "07.3": Exercise(
        "coupled_step",
        ("x", "h", "c", "kernel", "recurrent_kernel", "bias"),
        _check_coupled_step,
    ),
    "07.4": Exercise(
        "reorder_gates", ("weights", "order", "new_order"), _check_reorder_gates
    ),
    "07.5": Exercise("forget_half_life", ("biases",), _check_forget_half_life),
}
