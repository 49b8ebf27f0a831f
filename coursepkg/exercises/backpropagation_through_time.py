"""Checks for chapter 06, backpropagation through time."""

import numpy as np
from numpy import ndarray

from coursepkg.exercises._check import Attempt, Exercise, Mistakes, judge

_Five = tuple[ndarray, ndarray, ndarray, ndarray, ndarray]
_Three = tuple[ndarray, ndarray, ndarray]


def _tanh_step_backward(
    d_h: ndarray,
    x: ndarray,
    h_before: ndarray,
    h: ndarray,
    w_xh: ndarray,
    w_hh: ndarray,
) -> _Five:
    batch, units = d_h.shape
    d_x, d_h_before = np.zeros(x.shape), np.zeros(h_before.shape)
    d_w_xh, d_w_hh, d_b_h = np.zeros(w_xh.shape), np.zeros(w_hh.shape), np.zeros(units)
    for row in range(batch):
        for unit in range(units):
            d_z = d_h[row, unit] * (1 - h[row, unit] ** 2)
            for j in range(x.shape[1]):
                d_x[row, j] += d_z * w_xh[j, unit]
                d_w_xh[j, unit] += d_z * x[row, j]
            for j in range(units):
                d_h_before[row, j] += d_z * w_hh[j, unit]
                d_w_hh[j, unit] += d_z * h_before[row, j]
            d_b_h[unit] += d_z
    return d_x, d_h_before, d_w_xh, d_w_hh, d_b_h


def _tanh_step_backward_mistakes(
    d_h: ndarray,
    x: ndarray,
    h_before: ndarray,
    h: ndarray,
    w_xh: ndarray,
    w_hh: ndarray,
) -> Mistakes:
    def step(d_z: ndarray, back: ndarray, state: ndarray) -> _Five:
        return d_z @ w_xh.T, d_z @ back, x.T @ d_z, state.T @ d_z, d_z.sum(axis=0)

    d_z = d_h * (1 - h**2)
    right = step(d_z, w_hh.T, h_before)
    return [
        (
            step(d_z, w_hh, h_before),
            "`w_hh` is not transposed on the way back. The shapes fit, since it is "
            "square, but the message goes along the wrong connections.",
        ),
        (
            step(d_h, w_hh.T, h_before),
            "the slope of tanh is missing: dL/dz is dL/dh times 1 - h**2, and all "
            "five results start from dL/dz.",
        ),
        (
            step(d_h * (1 - np.tanh(h) ** 2), w_hh.T, h_before),
            "you apply tanh to `h`, which has been through it already. The slope is "
            "1 - h**2.",
        ),
        (
            step(d_h * (1 - h), w_hh.T, h_before),
            "the slope of tanh is 1 - h**2, not 1 - h.",
        ),
        (
            step(d_h * h * (1 - h), w_hh.T, h_before),
            "h * (1 - h) is the slope of the sigmoid. That of tanh is 1 - h**2.",
        ),
        (
            step(d_h * (1 - h_before**2), w_hh.T, h_before),
            "the slope is taken at the state before the step. The tanh of this step "
            "made `h`: use 1 - h**2.",
        ),
        (
            step(d_z, w_hh.T, h),
            "dL/dW_hh uses the state after the step. `w_hh` multiplied `h_before`, so "
            "that is what its gradient contains.",
        ),
        (
            (
                right[0],
                right[1],
                right[2] / len(x),
                right[3] / len(x),
                d_z.mean(axis=0),
            ),
            "the weights' gradients are averaged over the batch. The loss has been "
            "averaged already, if it was to be: add up the rows.",
        ),
        (
            (*right[:4], d_z),
            "dL/db_h has a row for each sequence. All of them use the same bias: sum "
            "over the batch.",
        ),
        (
            (right[1], right[0], *right[2:]),
            "the first two results are exchanged: return dL/dx, then dL/dh of the "
            "state before.",
        ),
    ]


def _check_tanh_step_backward(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(0)

    def case(batch: int, features: int, units: int) -> list[ndarray]:
        shapes = [(batch, units), (batch, features), (batch, units)]
        d_h, x, h_before = (rng.normal(size=shape).round(2) for shape in shapes)
        w_xh = rng.normal(size=(features, units)).round(2)
        w_hh = rng.normal(size=(units, units)).round(2)
        h_before = np.tanh(h_before).round(2)
        return [d_h, x, h_before, np.tanh(x @ w_xh + h_before @ w_hh), w_xh, w_hh]

    return judge(
        attempt,
        oracle=_tanh_step_backward,
        cases=[case(2, 3, 2), case(1, 1, 3), case(4, 2, 2)],
        mistakes=_tanh_step_backward_mistakes,
    )


def _clip_by_global_norm(
    d_w_xh: ndarray, d_w_hh: ndarray, d_b_h: ndarray, limit: float
) -> _Three:
    numbers = [float(n) for d in (d_w_xh, d_w_hh, d_b_h) for n in np.ravel(d)]
    length = sum(number**2 for number in numbers) ** 0.5
    factor = limit / length if length > limit else 1.0
    return d_w_xh * factor, d_w_hh * factor, d_b_h * factor


def _clip_by_global_norm_mistakes(
    d_w_xh: ndarray, d_w_hh: ndarray, d_b_h: ndarray, limit: float
) -> Mistakes:
    gradients = (d_w_xh, d_w_hh, d_b_h)
    norms = [float(np.linalg.norm(np.ravel(gradient))) for gradient in gradients]
    together = float(np.sqrt(np.sum(np.square(norms))))

    def times(factor: float) -> _Three:
        return d_w_xh * factor, d_w_hh * factor, d_b_h * factor

    return [
        (
            tuple(
                gradient * min(1.0, limit / norm)
                for gradient, norm in zip(gradients, norms, strict=True)
            ),
            "each array is clipped by its own norm, which turns the gradient. Take one "
            "norm over all arrays together, and one factor.",
        ),
        (
            tuple(np.clip(gradient, -limit, limit) for gradient in gradients),
            "each number is cut to the limit by itself: that is clipping by value, and "
            "it turns the gradient.",
        ),
        (
            times(limit / together),
            "short gradients are stretched to the limit as well. Clipping only "
            "shortens: if the norm is below the limit, change nothing.",
        ),
        (
            times(min(1.0, limit / sum(norms))),
            "the norms of the arrays are added. The norm of all numbers together is "
            "the root of the sum of the *squared* norms.",
        ),
        (
            times(min(1.0, limit / together**2)),
            "the square root is missing: the norm is the root of the sum of squares.",
        ),
        (
            times(1.0 / together),
            "you return gradients of length 1. Their length is to be `limit`.",
        ),
        (
            times(min(1.0, limit / max(norms))),
            "the largest norm among the arrays decides. Take the norm of all of them "
            "together.",
        ),
        (
            np.concatenate(
                [np.ravel(gradient) for gradient in times(limit / together)]
            ),
            "you return one long vector. Return the three arrays, each in its shape.",
        ),
    ]


def _check_clip_by_global_norm(attempt: Attempt) -> str | None:
    square = np.array([[3.0, -4.0], [1.0, 2.0]])
    return judge(
        attempt,
        oracle=_clip_by_global_norm,
        cases=[
            (np.array([[0.5, 6.0]]), square, np.array([2.5, 0.3]), 2.0),
            (np.array([[0.3, -0.4]]), square / 10, np.array([0.1, 0.0]), 2.0),
            (np.array([[30.0]]), np.array([[-40.0]]), np.array([2.0]), 5.0),
        ],
        mistakes=_clip_by_global_norm_mistakes,
    )


def _scale_to_radius(w: ndarray, radius: float) -> ndarray:
    polynomial = np.poly(w)
    largest = max(abs(root) for root in np.roots(polynomial))
    return np.array([[number * radius / largest for number in row] for row in w])


def _scale_to_radius_mistakes(w: ndarray, radius: float) -> Mistakes:
    eigenvalues = np.linalg.eigvals(w)
    largest = np.abs(eigenvalues).max()
    top_real = eigenvalues.real.max()
    return [
        (
            w * (radius / np.linalg.norm(w, 2)),
            "you divide by the largest singular value, which is the most that one step "
            "can stretch. The spectral radius is the largest absolute *eigenvalue*.",
        ),
        (
            w * (radius / np.linalg.norm(w)),
            "you divide by the norm of all entries. The spectral radius is the largest "
            "absolute eigenvalue.",
        ),
        (
            w * (radius / np.abs(eigenvalues.real).max()),
            "only the real parts of the eigenvalues count with you. A rotation has "
            "complex ones: take np.abs of them.",
        ),
        (
            w * (radius / top_real) if top_real else w,
            "you take the largest eigenvalue. One of the negative or complex ones may "
            "have a larger absolute value.",
        ),
        (
            w * radius,
            "you multiply by `radius` without dividing by the radius that the matrix "
            "has.",
        ),
        (
            w / largest,
            "the result has the spectral radius 1: multiply by `radius`.",
        ),
        (
            w * (radius / np.abs(w).max()),
            "you divide by the largest entry. The spectral radius is the largest "
            "absolute eigenvalue.",
        ),
    ]


def _check_scale_to_radius(attempt: Attempt) -> str | None:
    return judge(
        attempt,
        oracle=_scale_to_radius,
        cases=[
            (np.array([[1.0, -4.0, 0.5], [2.0, -4.0, 0.3], [0.0, 0.7, 0.5]]), 0.9),
            (np.array([[0.5, 0.2], [0.1, -2.0]]), 1.5),
            (np.array([[1.0, 3.0], [0.0, 0.5]]), 1.0),
        ],
        mistakes=_scale_to_radius_mistakes,
    )


def _truncated_flow(
    d_outputs: ndarray, states: ndarray, w: float, window: int
) -> ndarray:
    n_steps = len(d_outputs)
    result = np.zeros(n_steps)
    for t in range(n_steps):
        for later in range(t, n_steps):
            if t // window != later // window:
                continue
            journey = 1.0
            for i in range(t + 1, later + 1):
                journey *= w * (1 - states[i] ** 2)
            result[t] += journey * d_outputs[later]
    return result


def _truncated_flow_mistakes(
    d_outputs: ndarray, states: ndarray, w: float, window: int
) -> Mistakes:
    n_steps = len(d_outputs)

    def flow(begins: set[int], *, own: ndarray = states, keep: bool = True) -> ndarray:
        result, d_h = np.zeros(n_steps), 0.0
        for t in reversed(range(n_steps)):
            d_h = (d_h if keep else 0.0) + d_outputs[t]
            result[t] = d_h
            d_h = 0.0 if t in begins else d_h * w * (1 - own[t] ** 2)
        return result

    borders = set(range(0, n_steps, window))
    from_the_end = {n_steps - k for k in range(window, n_steps + 1, window)}
    sliding = np.zeros(n_steps)
    for t in range(n_steps):
        journey = 1.0
        for later in range(t, min(t + window, n_steps)):
            journey *= w * (1 - states[later] ** 2) if later > t else 1.0
            sliding[t] += journey * d_outputs[later]
    return [
        (
            flow(set()),
            "the gradient crosses the borders: this is full backpropagation. Set it to "
            "0 where a segment begins.",
        ),
        (
            flow(from_the_end),
            "the segments are counted from the last step. Count them from the first: "
            "0 to window - 1 is one segment.",
        ),
        (
            flow({border + 1 for border in borders}),
            "the cuts lie one step too late. Step `window` begins a new segment, and "
            "nothing passes from it to step window - 1.",
        ),
        (
            flow({border - 1 for border in borders}),
            "the cuts lie one step too early. Steps 0 to window - 1 belong together.",
        ),
        (
            sliding,
            "each step hears of the next window - 1 steps, wherever it stands. Here "
            "the borders are fixed: steps 0 to window - 1, and so on.",
        ),
        (
            d_outputs,
            "each step knows its own loss only. Add what comes back from the step "
            "after it.",
        ),
        (
            flow(borders, own=np.append(states[1:], 0.0)),
            "the slope is that of another step: to get from h(t) back to h(t-1), "
            "multiply by w * (1 - h(t)**2).",
        ),
        (
            flow(borders, own=np.zeros(n_steps)),
            "the slope of tanh is missing: each step back multiplies by "
            "w * (1 - h(t)**2).",
        ),
        (
            flow(borders)[::-1],
            "the result is in the order in which you went, from the last step to the "
            "first. Return it in the order of time.",
        ),
    ]


def _check_truncated_flow(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(4)
    d_outputs = rng.normal(size=10).round(1)
    states = np.tanh(rng.normal(size=10)).round(2)
    return judge(
        attempt,
        oracle=_truncated_flow,
        cases=[
            (d_outputs, states, 1.3, 4),
            (d_outputs[:6], states[:6], -0.8, 2),
            (d_outputs[:5], states[:5], 0.9, 5),
            (d_outputs[:4], states[:4], 1.1, 1),
        ],
        mistakes=_truncated_flow_mistakes,
    )


EXERCISES = {
    "06.3": Exercise(
        "tanh_step_backward",
        ("d_h", "x", "h_before", "h", "w_xh", "w_hh"),
        _check_tanh_step_backward,
    ),
    "06.4": Exercise(
        "clip_by_global_norm",
        ("d_w_xh", "d_w_hh", "d_b_h", "limit"),
        _check_clip_by_global_norm,
    ),
    "06.5": Exercise("scale_to_radius", ("w", "radius"), _check_scale_to_radius),
    "06.6": Exercise(
        "truncated_flow",
        ("d_outputs", "states", "w", "window"),
        _check_truncated_flow,
    ),
}
