"""Tests of the checks for chapter 14: solutions pass, wrong answers are named."""

# ruff: noqa: ARG001, ARG005 - the signatures are those of the exercises

import keras
import numpy as np
import pytest

from coursepkg import exercises, reference


def needed_length(n_outputs, sizes, strides):
    """Return the solution of exercise 14.3."""
    length = n_outputs
    for size, stride in zip(reversed(sizes), reversed(strides), strict=True):
        length = (length - 1) * stride + size
    return length


def causal_convolution(x, kernel, dilation_rate):
    """Return the solution of exercise 14.4."""
    reach = dilation_rate * (len(kernel) - 1)
    padded = np.pad(x, (reach, 0))
    return sum(
        weight * padded[j * dilation_rate : j * dilation_rate + len(x)]
        for j, weight in enumerate(kernel)
    )


def max_pool_backward(x, d_outputs, pool_size):
    """Return the solution of exercise 14.5."""
    d_x = np.zeros_like(x)
    columns = np.arange(x.shape[1])
    for i, gradient in enumerate(d_outputs):
        start = i * pool_size
        winners = x[start : start + pool_size].argmax(axis=0)
        d_x[start + winners, columns] = gradient
    return d_x


SOLUTIONS = {
    "14.3": needed_length,
    "14.4": causal_convolution,
    "14.5": max_pool_backward,
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

    stub.__name__ = SOLUTIONS[key].__name__
    result = exercises.check(key, stub)
    assert not result
    assert "not attempted yet" in result.message


def test_layers_of_keras_pass():
    """The needed length is the least that a stack of Keras layers accepts."""

    def by_keras(n_outputs, sizes, strides):
        for length in range(n_outputs, 200):
            x = np.zeros((1, length, 1))
            for size, stride in zip(sizes, strides, strict=True):
                if x.shape[1] < size:
                    break
                x = keras.layers.Conv1D(1, size, strides=stride)(x)
            else:
                if x.shape[1] == n_outputs:
                    return length
        return None

    def convolution(x, kernel, dilation_rate):
        outputs, _ = reference.conv1d_forward(
            x[None, :, None],
            kernel[:, None, None],
            padding="causal",
            dilation_rate=dilation_rate,
        )
        return outputs[0, :, 0]

    def pooling(x, d_outputs, pool_size):
        _, cache = reference.max_pool1d_forward(x[None], pool_size=pool_size)
        return reference.max_pool1d_backward(d_outputs[None], cache)[0]

    assert exercises.check("14.3", by_keras)
    assert exercises.check("14.4", convolution)
    assert exercises.check("14.5", pooling)


def field_alone(n_outputs, sizes, strides):
    return needed_length(1, sizes, strides)


def bottom_up(n_outputs, sizes, strides):
    return needed_length(n_outputs, sizes[::-1], strides[::-1])


def without_minus_one(n_outputs, sizes, strides):
    for size, stride in zip(reversed(sizes), reversed(strides), strict=True):
        n_outputs = n_outputs * stride + size - 1
    return n_outputs


def shrinking(n_outputs, sizes, strides):
    for size, stride in zip(sizes, strides, strict=True):
        n_outputs = (n_outputs - size) // stride + 1
    return n_outputs


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda n, sizes, strides: n + sum(sizes) - len(sizes), "strides are missing"),
        (bottom_up, "from the inputs upwards"),
        (without_minus_one, "n - 1 strides apart"),
        (field_alone, "what a single output sees"),
        (shrinking, "the other way"),
        (lambda n, sizes, strides: sum(sizes), "The sizes are added up"),
        (lambda n, sizes, strides: 0, "for `n_outputs` = 4"),
    ],
)
def test_needed_length(wrong, sentence):
    """Each wrong length gets its sentence."""
    result = exercises.check("14.3", wrong)
    assert not result
    assert sentence.lower() in result.message.lower()


def padded_behind(x, kernel, dilation_rate):
    reach = dilation_rate * (len(kernel) - 1)
    padded = np.pad(x, (0, reach))
    return np.array(
        [padded[t : t + reach + 1 : dilation_rate] @ kernel for t in range(len(x))]
    )


def by_numpy(x, kernel, dilation_rate):
    dilated = np.zeros(dilation_rate * (len(kernel) - 1) + 1)
    dilated[::dilation_rate] = kernel
    return np.convolve(x, dilated)[: len(x)]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (by_numpy, "turned round"),
        (padded_behind, "sees the future"),
        (lambda x, k, d: causal_convolution(x, k, 1), "dilation has no effect"),
        (lambda x, k, d: causal_convolution(x, k, d + 1), "one step too many"),
        (
            lambda x, k, d: causal_convolution(x, k, d)[d * (len(k) - 1) :],
            "first outputs are missing",
        ),
        (
            lambda x, k, d: np.roll(causal_convolution(np.append(x, 0), k, d), 1)[:-1],
            "for `x` = [",
        ),
        (lambda x, k, d: x, "for `x` = ["),
    ],
)
def test_causal_convolution(wrong, sentence):
    """Each wrong convolution gets its sentence."""
    result = exercises.check("14.4", wrong)
    assert not result
    assert sentence in result.message


def shared(x, d_outputs, pool_size):
    d_x = np.zeros_like(x)
    for i, gradient in enumerate(d_outputs):
        d_x[i * pool_size : (i + 1) * pool_size] = gradient / pool_size
    return d_x


def to_all_winners(x, d_outputs, pool_size):
    d_x = np.zeros_like(x)
    for i, gradient in enumerate(d_outputs):
        window = x[i * pool_size : (i + 1) * pool_size]
        d_x[i * pool_size : (i + 1) * pool_size] = (window == window.max(0)) * gradient
    return d_x


def divided_among_winners(x, d_outputs, pool_size):
    d_x = np.zeros_like(x)
    for i, gradient in enumerate(d_outputs):
        window = x[i * pool_size : (i + 1) * pool_size]
        best = window == window.max(axis=0)
        d_x[i * pool_size : (i + 1) * pool_size] = best / best.sum(axis=0) * gradient
    return d_x


def whole_rows(x, d_outputs, pool_size):
    d_x = np.zeros_like(x)
    for i, gradient in enumerate(d_outputs):
        window = x[i * pool_size : (i + 1) * pool_size]
        d_x[i * pool_size + window.argmax(axis=0)] = gradient
    return d_x


def one_winner_for_all_features(x, d_outputs, pool_size):
    d_x = np.zeros_like(x)
    for i, gradient in enumerate(d_outputs):
        window = x[i * pool_size : (i + 1) * pool_size]
        d_x[i * pool_size + window.max(axis=1).argmax()] = gradient
    return d_x


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (shared, "average pooling"),
        (lambda x, d, p: shared(x, d, p) * p, "every step of a window"),
        (to_all_winners, "more goes back than came"),
        (divided_among_winners, "each gets an equal share"),
        (whole_rows, "fills whole rows"),
        (one_winner_for_all_features, "a greatest step of its own"),
        (
            lambda x, d, p: max_pool_backward(x, d, p)[: len(d) * p],
            "the shape of `x`",
        ),
        (lambda x, d, p: np.sign(max_pool_backward(x, d, p)), "for `x` = [["),
    ],
)
def test_max_pool_backward(wrong, sentence):
    """Each wrong gradient gets its sentence."""
    result = exercises.check("14.5", wrong)
    assert not result
    assert sentence.lower() in result.message.lower()
