"""Checks for chapter 14, convolutions."""

import numpy as np
from numpy import ndarray

from coursepkg.exercises._check import Attempt, Exercise, Mistakes, judge

_Sizes = tuple[int, ...]


def _needed_length(n_outputs: int, sizes: _Sizes, strides: _Sizes) -> int:
    steps = np.arange(n_outputs)
    for size, stride in zip(reversed(sizes), reversed(strides), strict=True):
        covered = steps[:, None] * stride + np.arange(size)
        steps = np.unique(covered)
    return int(steps.max()) + 1


def _needed_length_mistakes(n_outputs: int, sizes: _Sizes, strides: _Sizes) -> Mistakes:
    upwards = n_outputs
    no_reach = touching = shrinking = n_outputs
    for size, stride in zip(sizes, strides, strict=True):
        upwards = (upwards - 1) * stride + size
        shrinking = (shrinking - size) // stride + 1
    for size, stride in zip(reversed(sizes), reversed(strides), strict=True):
        no_reach = no_reach * stride + size - 1
        touching = touching * max(size, stride)
    plain = n_outputs + sum(size - 1 for size in sizes)
    field = 1 + sum(
        (size - 1) * int(np.prod(strides[:layer])) for layer, size in enumerate(sizes)
    )
    return [
        (
            plain,
            "the strides are missing: below a layer with a stride of 2, neighbouring "
            "windows begin two steps apart.",
        ),
        (
            upwards,
            "you go through the layers from the inputs upwards. Start at the outputs: "
            "the last layer says how many steps it needs of the one below.",
        ),
        (
            no_reach,
            "n windows lie n - 1 strides apart, from the first to the last: use "
            "(n - 1) * stride + size.",
        ),
        (
            touching,
            "you multiply as if windows never overlapped. With a stride below the size "
            "they do: n windows cover (n - 1) * stride + size steps.",
        ),
        (
            field,
            "this is what a single output sees, the receptive field. Asked is the "
            "length for `n_outputs` of them.",
        ),
        (
            shrinking,
            "this is how many outputs `n_outputs` inputs would give. Go the other way: "
            "how many inputs do so many outputs need?",
        ),
        (
            sum(sizes),
            "the sizes are added up. Two filters of width 3 on top of each other "
            "cover 5 steps and not 6, since they share one.",
        ),
    ]


def _check_needed_length(attempt: Attempt) -> str | None:
    return judge(
        attempt,
        oracle=_needed_length,
        cases=[
            (4, (7, 5, 4), (1, 5, 2)),  # every catalogued mistake gives another answer
            (1, (3, 3), (1, 1)),
            (1, (4, 2, 3), (2, 2, 1)),
            (5, (2,), (3,)),
            (4, (), ()),
        ],
        mistakes=_needed_length_mistakes,
    )


def _causal_convolution(x: ndarray, kernel: ndarray, dilation_rate: int) -> ndarray:
    outputs = np.zeros(len(x))
    for t in range(len(x)):
        for back in range(len(kernel)):
            if t - back * dilation_rate >= 0:
                weight = kernel[len(kernel) - 1 - back]
                outputs[t] += weight * x[t - back * dilation_rate]
    return outputs


def _causal_convolution_mistakes(
    x: ndarray, kernel: ndarray, dilation_rate: int
) -> Mistakes:
    reach = (len(kernel) - 1) * dilation_rate
    right = _causal_convolution(x, kernel, dilation_rate)
    ahead = _causal_convolution(x[::-1], kernel[::-1], dilation_rate)[::-1]
    left = reach // 2
    padded = np.pad(x, (left, reach - left))
    same = np.array(
        [padded[t : t + reach + 1 : dilation_rate] @ kernel for t in range(len(x))]
    )
    return [
        (
            _causal_convolution(x, kernel[::-1], dilation_rate),
            "the kernel is turned round: as in Keras its last weight belongs to the "
            "present step. (`np.convolve` turns it.)",
        ),
        (
            ahead,
            "your zeros stand behind the series, so that an output sees the future. "
            "All of them belong before the first step.",
        ),
        (
            same,
            'the zeros are divided between both ends, as with padding="same". Causal '
            "padding puts all of them before the first step.",
        ),
        (
            right[reach:],
            "the first outputs are missing: pad with `dilation_rate * (len(kernel) - "
            "1)` zeros, so that there is one output for each step.",
        ),
        (
            _causal_convolution(x, kernel, 1),
            "the dilation has no effect: neighbouring weights are `dilation_rate` "
            "steps apart.",
        ),
        (
            _causal_convolution(x, kernel, dilation_rate + 1),
            "there is one step too many between the weights: with a dilation of 1 "
            "they are neighbours.",
        ),
        (
            np.concatenate([[0.0], right[:-1]]),
            "the outputs come one step late: output t may see step t itself.",
        ),
    ]


def _check_causal_convolution(attempt: Attempt) -> str | None:
    x = np.random.default_rng(14).normal(size=9).round(1)
    return judge(
        attempt,
        oracle=_causal_convolution,
        cases=[
            (x, np.array([2.0, -1.0, 0.5]), 2),
            (x, np.array([1.0, 0.5]), 1),
            (x[:3], np.array([1.0, 2.0, 3.0]), 4),
            (x, np.array([3.0]), 2),
        ],
        mistakes=_causal_convolution_mistakes,
    )


def _max_pool_backward(x: ndarray, d_outputs: ndarray, pool_size: int) -> ndarray:
    d_x = np.zeros(x.shape)
    for i in range(len(d_outputs)):
        window = x[i * pool_size : (i + 1) * pool_size]
        for feature in range(x.shape[1]):
            winner = i * pool_size + int(np.argmax(window[:, feature]))
            d_x[winner, feature] += d_outputs[i, feature]
    return d_x


def _max_pool_backward_mistakes(
    x: ndarray, d_outputs: ndarray, pool_size: int
) -> Mistakes:
    n, features = d_outputs.shape
    used = n * pool_size
    right = _max_pool_backward(x, d_outputs, pool_size)
    rest = np.zeros((len(x) - used, features))
    everyone = np.concatenate([np.repeat(d_outputs, pool_size, axis=0), rest])
    windows = x[:used].reshape(n, pool_size, features)
    winners = np.concatenate(
        [(windows == windows.max(axis=1, keepdims=True)).reshape(used, features), rest]
    )
    ties = np.repeat(
        (windows == windows.max(axis=1, keepdims=True)).sum(1), pool_size, 0
    )
    ties = np.concatenate([ties, rest + 1])
    by_size = np.zeros(x.shape)
    whole_rows = np.zeros(x.shape)
    for i, window in enumerate(windows):
        whole_rows[i * pool_size + window.argmax(axis=0)] = d_outputs[i]
        by_size[i * pool_size + int(window.max(axis=1).argmax())] = d_outputs[i]
    last = _max_pool_backward(
        x[:used].reshape(n, pool_size, features)[:, ::-1].reshape(used, features),
        d_outputs,
        pool_size,
    )
    last = last.reshape(n, pool_size, features)[:, ::-1].reshape(used, features)
    return [
        (
            everyone / pool_size,
            "you divide the gradient among the steps of the window: that is average "
            "pooling. Of a maximum all of it goes to the greatest step.",
        ),
        (
            everyone,
            "every step of a window gets the gradient. A step that was not the "
            "greatest has no influence on the output: it gets 0.",
        ),
        (
            everyone * winners,
            "of several greatest steps each gets the whole gradient, so that more "
            "goes back than came. Give it to the first of them.",
        ),
        (
            everyone * winners / ties,
            "of several greatest steps each gets an equal share, as in Keras's global "
            "layer. Within a window the first of them gets everything.",
        ),
        (
            whole_rows,
            "the step that is greatest in one feature gets the gradients of all "
            "features. `d_x[steps] = ...` fills whole rows: index both axes, "
            "`d_x[steps, features] = ...`.",
        ),
        (
            np.concatenate([last, rest]),
            "of several greatest steps the last one gets the gradient. `argmax` and "
            "Keras take the first.",
        ),
        (
            by_size,
            "one step of a window gets the gradient of all features. Each feature has "
            "a greatest step of its own.",
        ),
        (
            right[:used],
            "the result must have the shape of `x`: the steps of an incomplete window "
            "at the end get 0.",
        ),
        (
            winners,
            "you return where the greatest steps are. Multiply by the gradient of "
            "their window.",
        ),
        (
            x * (right != 0),
            "you return the greatest values themselves. What goes back is the "
            "gradient of the window.",
        ),
    ]


def _check_max_pool_backward(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(15)
    x = rng.permutation(14).reshape(7, 2) / 10.0
    tied = x.copy()
    tied[[0, 2]] = 9.0
    d_outputs = rng.normal(size=(3, 2)).round(1)
    return judge(
        attempt,
        oracle=_max_pool_backward,
        cases=[
            (x, d_outputs[:2], 3),  # every catalogued mistake but those on ties
            (tied, d_outputs[:2], 3),
            (x, d_outputs, 2),
            (x[:4, :1], d_outputs[:1, :1], 4),
        ],
        mistakes=_max_pool_backward_mistakes,
    )


EXERCISES = {
    "14.3": Exercise(
        "needed_length", ("n_outputs", "sizes", "strides"), _check_needed_length
    ),
    "14.4": Exercise(
        "causal_convolution",
        ("x", "kernel", "dilation_rate"),
        _check_causal_convolution,
    ),
    "14.5": Exercise(
        "max_pool_backward",
        ("x", "d_outputs", "pool_size"),
        _check_max_pool_backward,
    ),
}
