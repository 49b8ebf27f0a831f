"""Tests of the checks for chapter 06: solutions pass, wrong answers are named."""

# ruff: noqa: ARG001, ARG005 - the signatures are those of the exercises

import numpy as np
import pytest

from coursepkg import exercises


def tanh_step_backward(d_h, x, h_before, h, w_xh, w_hh):
    """Return the solution of exercise 06.3."""
    d_z = d_h * (1 - h**2)
    return d_z @ w_xh.T, d_z @ w_hh.T, x.T @ d_z, h_before.T @ d_z, d_z.sum(axis=0)


def clip_by_global_norm(d_w_xh, d_w_hh, d_b_h, limit):
    """Return the solution of exercise 06.4."""
    gradients = d_w_xh, d_w_hh, d_b_h
    norm = np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))
    return [gradient * min(1.0, limit / norm) for gradient in gradients]


def scale_to_radius(w, radius):
    """Return the solution of exercise 06.5."""
    return w * (radius / np.abs(np.linalg.eigvals(w)).max())


def truncated_flow(d_outputs, states, w, window):
    """Return the solution of exercise 06.6."""
    flow, d_h = np.zeros(len(states)), 0.0
    for t in reversed(range(len(states))):
        d_h = d_h + d_outputs[t]
        flow[t] = d_h
        d_h = d_h * (1 - states[t] ** 2) * w
        if t % window == 0:
            d_h = 0.0
    return flow


@pytest.mark.parametrize(
    ("key", "solution"),
    [
        ("06.3", tanh_step_backward),
        ("06.4", clip_by_global_norm),
        ("06.5", scale_to_radius),
        ("06.6", truncated_flow),
    ],
)
def test_solution_passes(key, solution):
    """The solution that readers see passes its check."""
    assert exercises.check(key, solution).message.endswith("agrees on every test.")


def forgets_the_slope(d_h, x, h_before, h, w_xh, w_hh):
    return d_h @ w_xh.T, d_h @ w_hh.T, x.T @ d_h, h_before.T @ d_h, d_h.sum(axis=0)


def forgets_to_transpose(d_h, x, h_before, h, w_xh, w_hh):
    d_z = d_h * (1 - h**2)
    return d_z @ w_xh.T, d_z @ w_hh, x.T @ d_z, h_before.T @ d_z, d_z.sum(axis=0)


def clips_each_array(d_w_xh, d_w_hh, d_b_h, limit):
    gradients = d_w_xh, d_w_hh, d_b_h
    return [g * min(1.0, limit / np.linalg.norm(g)) for g in gradients]


def clips_by_value(d_w_xh, d_w_hh, d_b_h, limit):
    return [np.clip(d, -limit, limit) for d in (d_w_xh, d_w_hh, d_b_h)]


def always_of_length_limit(d_w_xh, d_w_hh, d_b_h, limit):
    gradients = d_w_xh, d_w_hh, d_b_h
    norm = np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))
    return [gradient * limit / norm for gradient in gradients]


def scales_the_spectral_norm(w, radius):
    return w * radius / np.linalg.svd(w, compute_uv=False)[0]


def forgets_complex_eigenvalues(w, radius):
    return w * radius / np.linalg.eigvals(w).real.max()


def ignores_the_window(d_outputs, states, w, window):
    return truncated_flow(d_outputs, states, w, len(states))


def counts_from_the_end(d_outputs, states, w, window):
    flow, d_h = np.zeros(len(states)), 0.0
    for k, t in enumerate(reversed(range(len(states)))):
        d_h = d_outputs[t] + (0.0 if k % window == 0 else d_h)
        flow[t] = d_h
        d_h = d_h * (1 - states[t] ** 2) * w
    return flow


@pytest.mark.parametrize(
    ("key", "wrong", "phrase"),
    [
        ("06.3", forgets_the_slope, "the slope of tanh is missing"),
        ("06.3", forgets_to_transpose, "not transposed"),
        ("06.4", clips_each_array, "clipped by its own norm"),
        ("06.4", clips_by_value, "clipping by value"),
        ("06.4", always_of_length_limit, "Clipping only shortens"),
        ("06.5", scales_the_spectral_norm, "largest singular value"),
        ("06.5", forgets_complex_eigenvalues, "take the largest eigenvalue"),
        ("06.6", ignores_the_window, "crosses the borders"),
        ("06.6", counts_from_the_end, "counted from the last step"),
    ],
)
def test_typical_mistake_is_named(key, wrong, phrase):
    """A typical wrong function gets the sentence that names its mistake."""
    result = exercises.check(key, wrong)
    assert not result
    assert phrase in result.message


def test_step_agrees_with_the_reference_layer():
    """The graded step is the backward pass of `reference` over one step."""
    from coursepkg import reference

    rng = np.random.default_rng(1)
    x, d_h = rng.normal(size=(3, 1, 2)), rng.normal(size=(3, 1, 4))
    start, w_xh = rng.normal(size=(3, 4)), rng.normal(size=(2, 4))
    w_hh, b_h = rng.normal(size=(4, 4)), rng.normal(size=4)
    outputs, cache = reference.simple_rnn_forward(
        x, w_xh, w_hh, b_h, initial_state=start
    )
    theirs = reference.simple_rnn_backward(d_h, cache)
    oracle = exercises.backpropagation_through_time._tanh_step_backward
    mine = oracle(d_h[:, 0], x[:, 0], start, outputs[:, 0], w_xh, w_hh)
    expected = [
        theirs.x[:, 0],
        theirs.initial_state,
        theirs.kernel,
        theirs.recurrent_kernel,
        theirs.bias,
    ]
    for one, other in zip(mine, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
