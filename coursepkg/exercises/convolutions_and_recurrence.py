"""Checks for chapter 15, convolutions and recurrence."""

import math

import numpy as np
from numpy import ndarray

from coursepkg.exercises._check import Attempt, Exercise, Mistakes, judge


def _dilations_for(n_steps: int, kernel_size: int) -> ndarray:
    seen, dilations = set(range(kernel_size)), [1]  # how far back the output sees
    while not set(range(n_steps)) <= seen:
        dilation = len(seen)  # so that the views of the taps touch and do not overlap
        dilations.append(dilation)
        seen = {back + j * dilation for back in seen for j in range(kernel_size)}
    return np.array(dilations, dtype=float)


def _dilations_for_mistakes(n_steps: int, kernel_size: int) -> Mistakes:
    right = _dilations_for(n_steps, kernel_size)
    n_layers = len(right)
    more = np.append(right, float(kernel_size) ** n_layers)
    doubling = [1.0]
    while 1 + (kernel_size - 1) * sum(doubling) < n_steps:
        doubling.append(2 * doubling[-1])
    return [
        (
            np.array(doubling),
            "your dilations double whatever the kernel. With `kernel_size` weights the "
            "views of a layer's taps just touch if each dilation is `kernel_size` "
            "times the one below.",
        ),
        (
            right[:-1],
            "one layer is missing: the last output does not yet see the step that lies "
            "n_steps - 1 back. Its own step counts as one of those it sees."
            if n_steps > 1
            else "for one step your list is empty. There is at least one layer.",
        ),
        (
            more,
            "there is a layer too many: without the top one the stack sees `n_steps` "
            "already. A layer with dilation d sees (k - 1) * d further, and the "
            "output's own step counts. (If you took a logarithm: math.log(125, 5) "
            "comes out a little above 3.)",
        ),
        (
            right * kernel_size,
            "the lowest dilation must be 1. Otherwise there are steps in between that "
            "nobody sees.",
        ),
        (right[::-1], "return them from the input upwards, the smallest first."),
        (float(n_layers), "return the dilations, not how many layers there are."),
        (
            np.log(right) / math.log(kernel_size),
            "these are the exponents. The dilation of layer j is kernel_size ** j.",
        ),
    ]


def _check_dilations_for(attempt: Attempt) -> str | None:
    return judge(
        attempt,
        oracle=_dilations_for,
        cases=[
            (81, 3),  # exactly reached by four layers: mistakes of one step show
            (16, 2),
            (17, 2),
            (100, 4),
            (5, 5),
            (125, 5),  # math.log(125, 5) is a little more than 3
            (1, 2),
        ],
        mistakes=_dilations_for_mistakes,
    )


def _shortened_mask(mask: ndarray, kernel_size: int, stride: int) -> ndarray:
    counts = []
    for start in range(0, mask.shape[1] - kernel_size + 1, stride):
        counts.append([all(row[start : start + kernel_size]) for row in mask])
    return np.array(counts, dtype=float).T


def _shortened_mask_mistakes(mask: ndarray, kernel_size: int, stride: int) -> Mistakes:
    dense = _shortened_mask(mask, kernel_size, 1)
    starts = range(0, mask.shape[1] - kernel_size + 1, stride)
    ends = [start + kernel_size - 1 for start in starts]
    spans = [mask[:, start : start + kernel_size] for start in starts]
    halves = [start + kernel_size // 2 for start in starts]
    right = _shortened_mask(mask, kernel_size, stride)
    return [
        (
            np.stack([span.any(axis=1) for span in spans], axis=1).astype(float),
            "a window counts with you as soon as one of its steps does. It then mixes "
            "words with padding: all of them must count.",
        ),
        (
            mask[:, list(starts)].astype(float),
            "you look at the first step of each window only, so a window that begins "
            "in the text and ends in the padding counts.",
        ),
        (
            mask[:, ends].astype(float),
            "you look at the last step of each window only. With padding at the front "
            "a window that begins in it would count.",
        ),
        (
            mask[:, halves].astype(float),
            "you look at the middle of each window only. Both ends may hang into the "
            "padding.",
        ),
        (
            dense,
            "the stride is missing: after the first, only every `stride`-th window "
            "has an output.",
        ),
        (
            mask[:, ::stride].astype(float),
            "this has one entry for each stride of the inputs. A valid convolution has "
            "no output where its filter would hang over the end.",
        ),
        (
            np.stack(
                [
                    mask[:, start : start + kernel_size].all(axis=1)
                    for start in range(0, mask.shape[1], stride)
                ],
                axis=1,
            ).astype(float),
            "your last windows hang over the end of the sequence. A valid convolution "
            "does not compute them: stop at the last window that fits.",
        ),
        (1 - right, "the mask is upside down: true, or 1, is a step that counts."),
    ]


def _check_shortened_mask(attempt: Attempt) -> str | None:
    behind = np.arange(11) < np.array([[11], [8], [6], [3]])
    before = behind[:, ::-1].copy()
    telling = np.concatenate([behind, before, np.roll(behind, 3, axis=1)])
    return judge(
        attempt,
        oracle=_shortened_mask,
        cases=[
            (telling, 4, 2),  # every catalogued mistake gives another answer
            (behind, 3, 1),
            (before, 2, 3),
            (telling, 1, 1),
        ],
        mistakes=_shortened_mask_mistakes,
    )


def _slope(x: ndarray, y: ndarray) -> float:
    x, y = x - x.mean(), y - y.mean()
    return float(np.dot(x, y) / np.dot(x, x))


def _fit_exponent(lengths: ndarray, costs: ndarray) -> float:
    return _slope(np.log(lengths), np.log(costs))


def _fit_exponent_mistakes(lengths: ndarray, costs: ndarray) -> Mistakes:
    logs = np.log(lengths), np.log(costs)
    exponent = _slope(*logs)
    return [
        (
            _slope(lengths, costs),
            "this is the slope of the costs themselves, seconds a step. Take the "
            "logarithms of both first.",
        ),
        (
            _slope(lengths, logs[1]),
            "only the costs are in logarithms: that slope is the rate of an "
            "exponential. For a power take the logarithm of the lengths as well.",
        ),
        (
            _slope(logs[0], costs),
            "only the lengths are in logarithms. Take the logarithm of the costs as "
            "well.",
        ),
        (
            _slope(logs[1], logs[0]),
            "lengths and costs are exchanged: the costs are what is explained, so "
            "their logarithm is the height of the line.",
        ),
        (
            float((logs[1][-1] - logs[1][0]) / (logs[0][-1] - logs[0][0])),
            "your line goes through the first and the last point only. Fit it to all "
            "of them, by least squares.",
        ),
        (
            float(np.dot(*logs) / np.dot(logs[0], logs[0])),
            "your line is forced through the origin. The constant factor of the cost "
            "is a constant in the logarithms: leave it free.",
        ),
        (
            float(logs[1].mean() - exponent * logs[0].mean()),
            "this is the height of the line, the logarithm of the constant factor. "
            "Return its slope.",
        ),
        (
            np.array([exponent, logs[1].mean() - exponent * logs[0].mean()]),
            "this is the whole line, slope and height. Return the slope only.",
        ),
    ]


def _check_fit_exponent(attempt: Attempt) -> str | None:
    lengths = np.array([64.0, 128.0, 256.0, 1024.0])
    return judge(
        attempt,
        oracle=_fit_exponent,
        cases=[
            (lengths, np.array([0.3, 0.5, 1.4, 4.0])),
            (lengths, 0.01 * lengths**2),
            (lengths[:2], np.array([2.0, 2.0])),
        ],
        mistakes=_fit_exponent_mistakes,
    )


EXERCISES = {
    "15.3": Exercise("dilations_for", ("n_steps", "kernel_size"), _check_dilations_for),
    "15.4": Exercise(
        "shortened_mask", ("mask", "kernel_size", "stride"), _check_shortened_mask
    ),
    "15.5": Exercise("fit_exponent", ("lengths", "costs"), _check_fit_exponent),
}
