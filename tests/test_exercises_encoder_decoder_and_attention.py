"""Tests of the checks for chapter 16: solutions pass, wrong answers are named."""

# ruff: noqa: ARG001 - the signatures are those of the exercises

import numpy as np
import pytest

from coursepkg import exercises


def nats(logits, targets):
    """Minus the logarithms of the probabilities of the targets, (batch, time)."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -np.take_along_axis(logs, targets[..., np.newaxis], axis=-1)[..., 0]


def masked_loss(logits, targets):
    """Return the solution of exercise 16.3."""
    return nats(logits, targets)[targets != 0].mean()


def attention_weights(query, keys, mask):
    """Return the solution of exercise 16.4."""
    scores = np.where(mask, keys @ query, -np.inf)
    raised = np.exp(scores - scores.max())
    return raised / raised.sum()


def exact_match(y_true, y_pred):
    """Return the solution of exercise 16.5."""
    return ((y_true == y_pred) | (y_true == 0)).all(axis=1).mean()


@pytest.mark.parametrize(
    ("key", "solution"),
    [("16.3", masked_loss), ("16.4", attention_weights), ("16.5", exact_match)],
)
def test_solution_passes(key, solution):
    """The solution that readers see passes its check."""
    assert exercises.check(key, solution).message.endswith("agrees on every test.")


def untouched(*arguments):
    raise NotImplementedError


def with_padded_steps(logits, targets):
    return nats(logits, targets).mean()


def divided_by_all(logits, targets):
    return (nats(logits, targets) * (targets != 0)).mean()


def rows_first(logits, targets):
    valid = targets != 0
    return ((nats(logits, targets) * valid).sum(axis=1) / valid.sum(axis=1)).mean()


def no_normalisation(logits, targets):
    chosen = np.take_along_axis(logits, targets[..., np.newaxis], axis=-1)[..., 0]
    return -chosen[targets != 0].mean()


def great_logits(logits, targets):
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    chosen = np.take_along_axis(logs, targets[..., np.newaxis], axis=-1)[..., 0]
    return -chosen[targets != 0].mean()


def log_of_probabilities(logits, targets):
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    p = raised / raised.sum(axis=-1, keepdims=True)
    chosen = np.take_along_axis(p, targets[..., np.newaxis], axis=-1)[..., 0]
    return -np.log(chosen[targets != 0]).mean()


def clipped(logits, targets):
    return np.minimum(nats(logits, targets), -np.log(1e-7))[targets != 0].mean()


def greatest_of_the_batch(logits, targets):
    return great_logits(logits - logits.max(), targets)


def bits(logits, targets):
    return masked_loss(logits, targets) / np.log(2)


def in_place(logits, targets):
    right = masked_loss(logits, targets)
    logits[targets == 0] = 0.0
    return right


def without_mask(query, keys, mask):
    return attention_weights(query, keys, np.ones_like(mask))


def zero_scores(query, keys, mask):
    raised = np.exp((keys @ query) * mask)
    return raised / raised.sum()


def masked_after(query, keys, mask):
    return without_mask(query, keys, mask) * mask


def overflowing(query, keys, mask):
    raised = np.exp(keys @ query) * mask
    return raised / raised.sum()


def greatest_of_all(query, keys, mask):
    scores = keys @ query
    raised = np.exp(scores - scores.max()) * mask
    return raised / raised.sum()


def small_score(query, keys, mask):
    scores = np.where(mask, keys @ query, -100.0)
    raised = np.exp(scores - scores.max())
    return raised / raised.sum()


def wrong_way(query, keys, mask):
    return attention_weights(query, keys, ~mask)


def tokens(y_true, y_pred):
    return (y_true == y_pred)[y_true != 0].mean()


def with_padding(y_true, y_pred):
    return (y_true == y_pred).all(axis=1).mean()


def padding_is_wrong(y_true, y_pred):
    return ((y_true == y_pred) & (y_true != 0)).all(axis=1).mean()


def stopping_is_right(y_true, y_pred):
    return ((y_true == y_pred) | (y_true == 0) | (y_pred == 0)).all(axis=1).mean()


@pytest.mark.parametrize(
    ("key", "function", "sentence"),
    [
        ("16.3", untouched, "not attempted yet"),
        ("16.3", with_padded_steps, "padding counts"),
        ("16.3", divided_by_all, "more padding makes a smaller loss"),
        ("16.3", rows_first, "the tokens of a short row weigh more"),
        ("16.3", no_normalisation, "not yet logarithms of probabilities"),
        ("16.3", great_logits, "great logits overflow"),
        ("16.3", log_of_probabilities, "small probabilities underflow"),
        ("16.3", clipped, "you clip the probabilities"),
        ("16.3", greatest_of_the_batch, "the greatest of the whole batch"),
        ("16.3", bits, "not `np.log2`"),
        ("16.3", in_place, "changes its argument `logits` in place"),
        ("16.4", untouched, "not attempted yet"),
        ("16.4", without_mask, "the mask is not used"),
        ("16.4", zero_scores, "a score of 0 is not a weight of 0"),
        ("16.4", masked_after, "no longer sum to 1"),
        ("16.4", overflowing, "great scores overflow"),
        ("16.4", greatest_of_all, "the greatest score is masked"),
        ("16.4", small_score, "valid scores may be below -100"),
        ("16.4", wrong_way, "the wrong way round"),
        ("16.5", untouched, "not attempted yet"),
        ("16.5", tokens, "the share of right tokens. One wrong"),
        ("16.5", stopping_is_right, "an answer that stops too early"),
        ("16.5", with_padding, "after the end of a target counts as wrong"),
        ("16.5", padding_is_wrong, "a shorter row can never be right"),
    ],
)
def test_wrong_answers_get_their_sentence(key, function, sentence):
    """The stub and typical mistakes are answered with the sentence that helps."""
    result = exercises.check(key, function)
    assert not result
    assert sentence in result.message
