"""Tests of the checks for chapter 15: solutions pass, wrong answers are named."""

# ruff: noqa: ARG001, ARG005 - the signatures are those of the exercises

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from coursepkg import exercises, models


def dilations_for(n_steps, kernel_size):
    """Return the solution of exercise 15.3."""
    dilations = [1]
    while 1 + (kernel_size - 1) * sum(dilations) < n_steps:
        dilations.append(kernel_size * dilations[-1])
    return dilations


def shortened_mask(mask, kernel_size, stride):
    """Return the solution of exercise 15.4."""
    n_outputs = (mask.shape[1] - kernel_size) // stride + 1
    starts = stride * np.arange(n_outputs)
    return mask[:, starts[:, None] + np.arange(kernel_size)].all(axis=2)


def fit_exponent(lengths, costs):
    """Return the solution of exercise 15.5."""
    return np.polyfit(np.log(lengths), np.log(costs), 1)[0]


SOLUTIONS = {
    "15.3": dilations_for,
    "15.4": shortened_mask,
    "15.5": fit_exponent,
}


@pytest.mark.parametrize("key", SOLUTIONS)
def test_solution_passes(key):
    """The solution that readers see passes its check."""
    result = exercises.check(key, SOLUTIONS[key])
    assert result.message.endswith("agrees on every test.")


@pytest.mark.parametrize("key", SOLUTIONS)
def test_stub_is_not_attempted(key):
    """An untouched stub is named as such."""

    def stub(*arguments):
        raise NotImplementedError

    names = exercises.EXERCISES[key].parameters
    scope = {"stub": stub}
    exec(f"def named({', '.join(names)}): return stub({', '.join(names)})", scope)
    assert exercises.check(key, scope["named"]).message.startswith("not attempted yet")


@pytest.mark.parametrize(("n_steps", "kernel_size"), [(7, 2), (8, 2), (9, 2), (9, 3)])
def test_dilations_are_those_that_a_stack_needs(n_steps, kernel_size):
    """By gradient, the stack sees that far, and without its top layer it does not."""
    dilations = dilations_for(n_steps, kernel_size)
    for gaps, enough in ((dilations, True), (dilations[:-1], False)):
        model = models.build_tcn_forecaster(
            n_filters=8, kernel_size=kernel_size, dilations=gaps
        )
        x = tf.constant(np.random.default_rng(0).normal(size=(32, 30, 1)), "float32")
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(model(x))
        seen = np.abs(tape.gradient(total, x)).max(axis=(0, 2)) > 0
        assert seen[30 - n_steps] == enough


def test_mask_of_a_convolution_of_ones_passes():
    """A filter of ones counts the steps that count: all of them must."""

    def by_keras(mask, kernel_size, stride):
        layer = keras.layers.Conv1D(
            1, kernel_size, strides=stride, kernel_initializer="ones", use_bias=False
        )
        counted = np.array(layer(mask[..., None].astype("float32")))[..., 0]
        return counted > kernel_size - 0.5

    assert exercises.check("15.4", by_keras)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda n, k: dilations_for(n, k)[:-1], "one layer is missing"),
        (
            lambda n, k: [2**j for j in range(6 if n == 81 else 1)],
            "double whatever the kernel",
        ),
        (
            lambda n, k: [*dilations_for(n, k), k ** len(dilations_for(n, k))],
            "too many",
        ),
        (lambda n, k: dilations_for(n, k)[::-1], "the smallest first"),
        (lambda n, k: len(dilations_for(n, k)), "not how many layers"),
        (lambda n, k: list(range(len(dilations_for(n, k)))), "exponents"),
        (lambda n, k: [k * d for d in dilations_for(n, k)], "must be 1"),
        (
            lambda n, k: [k**j for j in range(math.ceil(math.log(n, k)))] or [1],
            "math.log(125, 5)",
        ),
        (lambda n, k: dilations_for(n, k) if n > 1 else [], "at least one layer"),
        (lambda n, k: None, "lacks a `return`"),
    ],
)
def test_dilations_for(wrong, sentence):
    """Each wrong stack is named."""
    result = exercises.check("15.3", wrong)
    assert not result
    assert sentence in result.message


def test_dilations_by_their_sum_are_named():
    """The receptive field taken as the sum of the dilations."""

    def wrong(n_steps, kernel_size):
        dilations = [1]
        while sum(dilations) < n_steps:
            dilations.append(kernel_size * dilations[-1])
        return dilations

    assert "a layer too many" in exercises.check("15.3", wrong).message


def windows_of(mask, kernel_size, stride):
    """All windows of a mask: (batch, outputs, kernel_size)."""
    n_outputs = (mask.shape[1] - kernel_size) // stride + 1
    starts = stride * np.arange(n_outputs)
    return mask[:, starts[:, None] + np.arange(kernel_size)]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda m, k, s: windows_of(m, k, s).any(axis=2), "as soon as one"),
        (lambda m, k, s: windows_of(m, k, s)[..., 0], "the first step"),
        (lambda m, k, s: windows_of(m, k, s)[..., -1], "the last step"),
        (lambda m, k, s: windows_of(m, k, s)[..., k // 2], "the middle"),
        (lambda m, k, s: windows_of(m, k, 1).all(axis=2), "the stride is missing"),
        (lambda m, k, s: m[:, ::s], "hang over the end"),
        (
            lambda m, k, s: np.stack(
                [m[:, i : i + k].all(axis=1) for i in range(0, m.shape[1], s)], axis=1
            ),
            "the last window that fits",
        ),
        (lambda m, k, s: ~windows_of(m, k, s).all(axis=2), "upside down"),
        (lambda m, k, s: windows_of(m, k, s).all(axis=2)[:, :-1], "the shape"),
    ],
)
def test_shortened_mask(wrong, sentence):
    """Each wrong mask is named."""
    result = exercises.check("15.4", wrong)
    assert not result
    assert sentence in result.message


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda n, c: np.polyfit(n, c, 1)[0], "slope of the costs themselves"),
        (lambda n, c: np.polyfit(n, np.log(c), 1)[0], "rate of an exponential"),
        (lambda n, c: np.polyfit(np.log(n), c, 1)[0], "only the lengths"),
        (lambda n, c: np.polyfit(np.log(c), np.log(n), 1)[0], "exchanged"),
        (
            lambda n, c: math.log(c[-1] / c[0]) / math.log(n[-1] / n[0]),
            "the first and the last point",
        ),
        (lambda n, c: np.polyfit(np.log(n), np.log(c), 1)[1], "height of the line"),
        (
            lambda n, c: (np.log(n) @ np.log(c)) / (np.log(n) @ np.log(n)),
            "through the origin",
        ),
        (lambda n, c: np.polyfit(np.log(n), np.log(c), 1), "the slope only"),
    ],
)
def test_fit_exponent(wrong, sentence):
    """Each wrong slope is named."""
    result = exercises.check("15.5", wrong)
    assert not result
    assert sentence in result.message
