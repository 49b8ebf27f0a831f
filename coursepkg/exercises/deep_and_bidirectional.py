"""Checks for chapter 08, deep and bidirectional networks."""

import numpy as np
from numpy import ndarray

from coursepkg.exercises._check import Attempt, Exercise, Mistakes, judge

_MODES = ("concat", "sum", "mul", "ave")


def _gru_stack_parameters(
    n_features: int, units: tuple[int, ...], both_ways: bool
) -> int:
    total, width = 0, n_features
    for size in units:
        for _ in range(2 if both_ways else 1):
            for _gate in range(3):
                total += sum(size for _ in range(width))  # kernel
                total += sum(size for _ in range(size))  # recurrent kernel
                total += 2 * size  # one bias for each of the two products
        width = 2 * size if both_ways else size
    return total


def _gru_stack_parameters_mistakes(
    n_features: int, units: tuple[int, ...], both_ways: bool
) -> Mistakes:
    ways = 2 if both_ways else 1

    def count(
        widths: list[int], *, gates: int = 3, recurrent: int = 1, biases: int = 2
    ) -> int:
        return sum(
            ways * gates * size * (width + recurrent * size + biases)
            for width, size in zip(widths, units, strict=True)
        )

    below = [ways * size for size in units[:-1]]
    widths = [n_features, *below]
    return [
        (
            count([n_features] * len(units)),
            "every layer is counted as if it read the features. Only the first does; "
            "each of the others reads the outputs of the layer below it.",
        ),
        (
            count([n_features, *units[:-1]]),
            "above a layer that reads both ways the inputs are twice as wide: the "
            "outputs of both directions stand side by side.",
        ),
        (
            count(widths) // ways,
            "a layer that reads both ways is two layers, each with weights of its own.",
        ),
        (
            count(widths, biases=1),
            "there is one bias a unit and gate too few: Keras's GRU has one for the "
            "product with the input and one for that with the state.",
        ),
        (
            count(widths, biases=0),
            "the biases are missing: two for each unit and gate.",
        ),
        (
            count(widths, recurrent=0),
            "the recurrent kernel is missing: each gate also has units x units weights "
            "for the state.",
        ),
        (
            count(widths, gates=4),
            "these are four blocks of weights, as in an LSTM. A GRU has three: update, "
            "reset and candidate.",
        ),
        (
            count(widths, gates=1),
            "this is a stack of one block of weights a layer. A GRU has three: update, "
            "reset and candidate.",
        ),
    ]


def _check_gru_stack_parameters(attempt: Attempt) -> str | None:
    return judge(
        attempt,
        oracle=_gru_stack_parameters,
        cases=[
            (5, (7, 3, 2), True),
            (5, (7, 3, 2), False),
            (8, (32,), False),
            (1, (11,), True),
        ],
        mistakes=_gru_stack_parameters_mistakes,
    )


def _merge_directions(forward: ndarray, backward: ndarray, mode: str) -> ndarray:
    batch, time, units = forward.shape
    width = 2 * units if mode == "concat" else units
    merged = np.empty((batch, time, width))
    for b in range(batch):
        for t in range(time):
            there, back = forward[b, t], backward[b, time - 1 - t]
            if mode == "concat":
                merged[b, t] = [*there, *back]
            elif mode == "sum":
                merged[b, t] = [p + q for p, q in zip(there, back, strict=True)]
            elif mode == "mul":
                merged[b, t] = [p * q for p, q in zip(there, back, strict=True)]
            else:
                merged[b, t] = [(p + q) / 2 for p, q in zip(there, back, strict=True)]
    return merged


def _merge_directions_mistakes(
    forward: ndarray, backward: ndarray, mode: str
) -> Mistakes:
    turned = backward[:, ::-1]

    def merge(there: ndarray, back: ndarray, how: str = mode) -> ndarray:
        if how == "concat":
            return np.concatenate([there, back], axis=-1)
        merged = {"sum": there + back, "mul": there * back, "ave": (there + back) / 2}
        return merged[how]

    return [
        (
            merge(forward, backward),
            "the backward outputs are not turned round: their first one belongs to the "
            "last step. Reverse their time axis before you merge.",
        ),
        (
            merge(forward, backward[:, :, ::-1]),
            "you reverse the units of the backward outputs, the last axis. It is the "
            "time axis, the middle one, that runs the wrong way.",
        ),
        (
            merge(forward, backward[::-1]),
            "you reverse the batch, so that sequences of different rows are merged. "
            "Reverse the time axis, the middle one.",
        ),
        (
            merge(forward[:, ::-1], backward),
            "you turn the forward outputs round, and the result runs from the last "
            "step to the first. Turn the backward ones.",
        ),
        (
            merge(forward[:, ::-1], turned),
            "both halves are turned round. Only the backward outputs stand in the "
            "wrong order.",
        ),
        (
            merge(turned, forward),
            "the halves have changed places: the forward outputs come first.",
        ),
        (
            np.concatenate([forward, turned], axis=1),
            "the two are joined along time, one after the other. `concat` puts them "
            "side by side along the last axis: (batch, time, 2 * units).",
        ),
        (
            merge(forward, turned, "sum"),
            "you return the sum of the two, whatever `mode` says.",
        ),
        (
            merge(forward, turned, "concat"),
            "you put the two side by side, whatever `mode` says.",
        ),
    ]


def _check_merge_directions(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(3)

    def case(mode: str, *shape: int) -> tuple[ndarray, ndarray, str]:
        forward, backward = rng.normal(size=(2, *shape)).round(2)
        return forward, backward, mode

    return judge(
        attempt,
        oracle=_merge_directions,
        cases=[case(mode, 2, 3, 2) for mode in _MODES]
        + [case(mode, 1, 4, 1) for mode in _MODES],
        mistakes=_merge_directions_mistakes,
    )


def _constant_dropout(x: ndarray, draws: ndarray, rate: float) -> ndarray:
    dropped = np.zeros_like(x, dtype=float)
    batch, time, features = x.shape
    for b in range(batch):
        for j in range(features):
            if draws[b, j] >= rate:
                for t in range(time):
                    dropped[b, t, j] = x[b, t, j] / (1 - rate)
    return dropped


def _constant_dropout_mistakes(x: ndarray, draws: ndarray, rate: float) -> Mistakes:
    keep = (draws >= rate)[:, np.newaxis, :]  # (batch, 1, features)
    mistakes = [
        (
            x * keep,
            "what is kept is not scaled: divide by 1 - rate, so that the mean of what "
            "the layer passes on stays the same.",
        ),
        (
            x * keep * (1 - rate),
            "you multiply by 1 - rate, which makes the values smaller still. Divide "
            "by it.",
        ),
        (
            x * keep / rate,
            "you divide by `rate`, the share that is dropped. Divide by 1 - rate, the "
            "share that is kept.",
        ),
        (
            x * ~keep / (1 - rate),
            "you keep what should be dropped: a value stays where its draw is at least "
            "`rate`.",
        ),
        (
            x * ~keep,
            "you keep what should be dropped, and do not scale it: a value stays where "
            "its draw is at least `rate`, and is divided by 1 - rate.",
        ),
        (
            x * keep[:1] / (1 - rate),
            "all sequences share the mask of the first. Each has a row of draws of its "
            "own.",
        ),
    ]
    if len(x) == x.shape[1]:  # batch and time are equally long
        mistakes.append(
            (
                x * (draws >= rate) / (1 - rate),
                "the mask lies along time and not along the batch: (batch, features) "
                "is broadcast against (batch, time, features) from the right. Give it "
                "a time axis of length 1, `mask[:, np.newaxis]`.",
            )
        )
    return mistakes


def _check_constant_dropout(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(4)
    draws = np.array([[0.1, 0.9, 0.35, 0.6], [0.8, 0.2, 0.7, 0.05], [0.5, 0.4, 0.1, 1]])

    def values(*shape: int) -> ndarray:
        return 1.0 + rng.random(shape).round(2)

    return judge(
        attempt,
        oracle=_constant_dropout,
        cases=[
            (values(3, 3, 4), draws, 0.3),
            (values(3, 3, 4), draws, 0.0),
            (values(2, 5, 4), draws[:2], 0.5),
            (values(1, 2, 1), np.array([[0.25]]), 0.25),
        ],
        mistakes=_constant_dropout_mistakes,
    )


def _last_outputs(outputs: ndarray) -> ndarray:
    batch, time, width = outputs.shape
    units = width // 2
    last = np.empty((batch, width))
    for b in range(batch):
        for j in range(width):
            last[b, j] = outputs[b, time - 1 if j < units else 0, j]
    return last


def _last_outputs_mistakes(outputs: ndarray) -> Mistakes:
    units = outputs.shape[-1] // 2
    first, last = outputs[:, 0], outputs[:, -1]
    return [
        (
            last,
            "at the last step the backward half has read a single input. Its summary "
            "of the whole sequence stands at the first step.",
        ),
        (
            first,
            "at the first step the forward half has read a single input. Its summary "
            "of the whole sequence stands at the last step.",
        ),
        (
            np.hstack([first[:, :units], last[:, units:]]),
            "the two steps have changed places: the forward half ends at the last "
            "step, the backward half at the first. Yours have read one input each.",
        ),
        (
            np.hstack([first[:, units:], last[:, :units]]),
            "the halves have changed places: the forward one comes first.",
        ),
        (
            last[:, :units],
            "this is the forward half alone. The backward half belongs beside it.",
        ),
        (
            outputs.mean(axis=1),
            "this is the mean over all steps. Take from each half the one output that "
            "has read everything.",
        ),
        (
            np.stack([last[:, :units], first[:, units:]]),
            "the right two halves, stacked on a new axis. Put them side by side: "
            "(batch, 2 * units).",
        ),
    ]


def _check_last_outputs(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(5)
    return judge(
        attempt,
        oracle=_last_outputs,
        cases=[
            (rng.normal(size=shape).round(2),)
            for shape in ((2, 4, 6), (3, 3, 2), (1, 1, 4))
        ],
        mistakes=_last_outputs_mistakes,
    )


EXERCISES = {
    "08.3": Exercise(
        "gru_stack_parameters",
        ("n_features", "units", "both_ways"),
        _check_gru_stack_parameters,
    ),
    "08.4": Exercise(
        "merge_directions", ("forward", "backward", "mode"), _check_merge_directions
    ),
    "08.5": Exercise("last_outputs", ("outputs",), _check_last_outputs),
    "08.6": Exercise(
        "constant_dropout", ("x", "draws", "rate"), _check_constant_dropout
    ),
}
