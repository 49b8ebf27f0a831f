"""Tests of the checks for chapter 03: solutions pass, wrong answers are named."""

# ruff: noqa: ARG001, ARG005 - the signatures are those of the exercises

import numpy as np
import pytest

from coursepkg import exercises


def fill_left(sequences, length, value):
    """Return the solution of exercise 03.3."""
    padded = np.full((len(sequences), length), value)
    for row, sequence in zip(padded, sequences, strict=True):
        kept = sequence[max(0, len(sequence) - length) :]
        row[length - len(kept) :] = kept
    return padded


def masked_mean(x, mask):
    """Return the solution of exercise 03.4."""
    kept = np.where(mask[:, :, np.newaxis], x, 0)
    return kept.sum(axis=1) / np.maximum(mask.sum(axis=1, keepdims=True), 1)


def masked_cross_entropy(probabilities, targets, mask):
    """Return the solution of exercise 03.5."""
    chosen = np.take_along_axis(probabilities, targets[:, :, np.newaxis], axis=2)
    return -np.log(chosen[:, :, 0][mask]).mean()


def padded_share(lengths, batch_size):
    """Return the solution of exercise 03.6."""
    ordered = np.sort(lengths)
    starts = range(0, len(ordered), batch_size)
    batches = [ordered[start : start + batch_size] for start in starts]
    return 1 - ordered.sum() / sum(len(batch) * batch[-1] for batch in batches)


@pytest.mark.parametrize(
    ("key", "solution"),
    [
        ("03.3", fill_left),
        ("03.4", masked_mean),
        ("03.5", masked_cross_entropy),
        ("03.6", padded_share),
    ],
)
def test_solution_passes(key, solution):
    """The solution that readers see passes its check."""
    assert exercises.check(key, solution).message.endswith("agrees on every test.")


def slice_from_the_end(sequences, length, value):
    padded = np.full((len(sequences), length), value)
    for row, sequence in zip(padded, sequences, strict=True):
        row[-len(sequence) :] = sequence[-length:]
    return padded


def product_with_the_mask(x, mask):
    weights = mask[:, :, np.newaxis]
    counts = np.maximum(mask.sum(axis=1, keepdims=True), 1)
    return (x * weights).sum(axis=1) / counts


def divided_by_all_steps(probabilities, targets, mask):
    chosen = np.take_along_axis(probabilities, targets[:, :, np.newaxis], axis=2)
    return -(np.log(chosen[:, :, 0]) * mask).mean()


def mean_of_means(probabilities, targets, mask):
    rows = zip(probabilities, targets, mask, strict=True)
    return np.mean(
        [masked_cross_entropy(p[None], y[None], m[None]) for p, y, m in rows]
    )


def unsorted(lengths, batch_size):
    batches = [
        lengths[start : start + batch_size]
        for start in range(0, len(lengths), batch_size)
    ]
    return 1 - sum(lengths) / sum(len(batch) * max(batch) for batch in batches)


@pytest.mark.parametrize(
    ("key", "function", "sentence"),
    [
        (
            "03.3",
            lambda sequences, length, value: fill_left(
                [one[:length] for one in sequences], length, value
            ),
            "you keep the beginning",
        ),
        ("03.3", slice_from_the_end, "could not broadcast"),
        (
            "03.3",
            lambda sequences, length, value: fill_left(sequences, length, 0),
            "Fill with `value`",
        ),
        ("03.4", lambda x, mask: x.mean(axis=1), "the mask is not used"),
        ("03.4", product_with_the_mask, "does not silence padding that is nan"),
        (
            "03.4",
            lambda x, mask: np.where(mask[:, :, None], x, 0).mean(axis=1),
            "number of all steps",
        ),
        ("03.5", divided_by_all_steps, "more padding means a smaller loss"),
        ("03.5", mean_of_means, "the sequences' own means"),
        (
            "03.5",
            lambda p, y, mask: -masked_cross_entropy(p, y, mask),
            "the sign is wrong",
        ),
        ("03.6", unsorted, "the lengths are not sorted"),
        (
            "03.6",
            lambda lengths, batch_size: 1 - padded_share(lengths, batch_size),
            "share of true tokens",
        ),
        ("03.6", lambda lengths, batch_size: 0.0, "expected"),
    ],
)
def test_wrong_answers_get_their_sentence(key, function, sentence):
    """A typical wrong answer is told its own cause, an odd one a counterexample."""
    result = exercises.check(key, function)
    assert not result
    assert sentence in result.message
