"""Tests of the checks for chapter 10: solutions pass, wrong answers are named."""

# ruff: noqa: ARG001 - the signatures are those of the exercises

import numpy as np
import pytest

from coursepkg import exercises


def shifted_batches(ids, batch_size, n_steps):
    """Return the solution of exercise 10.3."""
    n_batches = (len(ids) - 1) // (batch_size * n_steps)
    n_used = n_batches * batch_size * n_steps
    shape = (batch_size, n_batches, n_steps)
    inputs = ids[:n_used].reshape(shape).swapaxes(0, 1)
    targets = ids[1 : n_used + 1].reshape(shape).swapaxes(0, 1)
    return inputs, targets


def perplexity(probabilities):
    """Return the solution of exercise 10.4."""
    return np.exp(-np.mean(np.log(probabilities)))


def nucleus(probabilities, top_p):
    """Return the solution of exercise 10.5."""
    order = np.argsort(-probabilities, kind="stable")
    enough = np.cumsum(probabilities[order]) >= top_p - 1e-12
    kept = order[: np.argmax(enough) + 1]
    cut = np.zeros_like(probabilities)
    cut[kept] = probabilities[kept]
    return cut / cut.sum()


@pytest.mark.parametrize(
    ("key", "solution"),
    [("10.3", shifted_batches), ("10.4", perplexity), ("10.5", nucleus)],
)
def test_solution_passes(key, solution):
    """The solution that readers see passes its check."""
    assert exercises.check(key, solution).message.endswith("agrees on every test.")


def untouched(*arguments):
    raise NotImplementedError


def batches_before_rows(ids, batch_size, n_steps):
    n_batches = (len(ids) - 1) // (batch_size * n_steps)
    n_used = n_batches * batch_size * n_steps
    shape = (n_batches, batch_size, n_steps)
    return ids[:n_used].reshape(shape), ids[1 : n_used + 1].reshape(shape)


def rolled_targets(ids, batch_size, n_steps):
    inputs, _ = shifted_batches(ids, batch_size, n_steps)
    return inputs, np.roll(inputs, -1, axis=-1)


def one_batch_less(ids, batch_size, n_steps):
    n_batches = max(1, (len(ids) - 1) // (batch_size * n_steps) - 1)
    return shifted_batches(
        ids[: n_batches * batch_size * n_steps + 1], batch_size, n_steps
    )


def arithmetic_mean(probabilities):
    return (1 / probabilities).mean()


def product_and_root(probabilities):
    return np.prod(1 / probabilities) ** (1 / len(probabilities))


def not_divided(probabilities, top_p):
    return np.where(nucleus(probabilities, top_p) > 0, probabilities, 0.0)


def without_the_last(probabilities, top_p):
    order = np.argsort(-probabilities)
    kept = order[np.cumsum(probabilities[order]) < top_p]
    cut = np.zeros_like(probabilities)
    cut[kept] = probabilities[kept]
    return cut / max(cut.sum(), 1e-300)


def in_place(probabilities, top_p):
    right = nucleus(probabilities, top_p)
    probabilities[right == 0] = 0.0
    return right


@pytest.mark.parametrize(
    ("key", "function", "sentence"),
    [
        ("10.3", untouched, "not attempted yet"),
        ("10.3", batches_before_rows, "cut the text into batches first"),
        ("10.3", rolled_targets, "shift the whole text by one"),
        ("10.3", one_batch_less, "a batch is missing"),
        ("10.4", untouched, "not attempted yet"),
        ("10.4", arithmetic_mean, "that is the arithmetic mean"),
        ("10.4", product_and_root, "larger than any float"),
        ("10.5", untouched, "not attempted yet"),
        ("10.5", not_divided, "no longer sum to 1"),
        ("10.5", without_the_last, "brings the sum to `top_p` is missing"),
        ("10.5", in_place, "changes its argument `probabilities` in place"),
    ],
)
def test_wrong_answers_get_their_sentence(key, function, sentence):
    """The stub and typical mistakes are answered with the sentence that helps."""
    result = exercises.check(key, function)
    assert not result
    assert sentence in result.message
