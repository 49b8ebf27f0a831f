"""Checks for chapter 16, encoder-decoders and attention."""

import math

import numpy as np
from numpy import ndarray

from coursepkg.exercises._check import Attempt, Exercise, Mistakes, judge


def _masked_loss(logits: ndarray, targets: ndarray) -> float:
    nats = []
    for row, target in zip(logits, targets, strict=True):
        for z, token in zip(row, target, strict=True):
            if token != 0:
                greatest = max(z)
                total = sum(math.exp(one - greatest) for one in z)
                nats.append(greatest + math.log(total) - z[token])
    return sum(nats) / len(nats)


def _masked_loss_mistakes(logits: ndarray, targets: ndarray) -> Mistakes:
    greatest = logits.max(axis=-1)
    totals = np.exp(logits - greatest[..., np.newaxis]).sum(axis=-1)
    chosen = np.take_along_axis(logits, targets[..., np.newaxis], axis=-1)[..., 0]
    nats = greatest + np.log(totals) - chosen  # (batch, time)
    valid = targets != 0
    of_valid = np.where(valid, nats, 0.0)
    with np.errstate(all="ignore"):
        naive = np.log(np.exp(logits).sum(axis=-1)) - chosen
    return [
        (
            nats.mean(),
            "padding counts: at padded steps the model is judged by how well it "
            "predicts token 0. Average over the steps whose target is not 0.",
        ),
        (
            of_valid.mean(),
            "you put the padded steps to zero and then divide by the number of all "
            "steps, so that more padding makes a smaller loss. Divide by the number of "
            "valid ones.",
        ),
        (
            (of_valid.sum(axis=1) / valid.sum(axis=1)).mean(),
            "you average each row first, so that the tokens of a short row weigh more. "
            "Keras averages over all valid steps of the batch at once.",
        ),
        (
            of_valid.sum(),
            "that is the sum. Divide it by the number of valid steps.",
        ),
        (
            -chosen[valid].mean(),
            "logits are not yet logarithms of probabilities: subtract the logarithm of "
            "the sum of their exponentials first.",
        ),
        (
            -nats[valid].mean(),
            "the sign is lost: the loss is *minus* the logarithm of the probability.",
        ),
        (
            np.exp(-nats[valid]).mean(),
            "that is the mean probability of the right tokens. The loss is the mean of "
            "minus its logarithm.",
        ),
        (
            naive[valid].mean(),
            "great logits overflow: exp(1000) is infinite. Subtract the greatest logit "
            "of each step first; the probabilities stay the same.",
        ),
    ]


def _check_masked_loss(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(3, 4, 5))
    targets = np.array([[1, 4, 2, 3], [4, 2, 0, 0], [3, 0, 0, 0]])
    return judge(
        attempt,
        oracle=_masked_loss,
        cases=[
            (logits, targets),
            (logits[:1], targets[:1]),
            (1000 * logits, targets),
        ],
        mistakes=_masked_loss_mistakes,
    )


def _attention_weights(query: ndarray, keys: ndarray, mask: ndarray) -> ndarray:
    scores = [sum(q * k for q, k in zip(query, key, strict=True)) for key in keys]
    greatest = max(s for s, valid in zip(scores, mask, strict=True) if valid)
    raised = [
        math.exp(s - greatest) if valid else 0.0
        for s, valid in zip(scores, mask, strict=True)
    ]
    return np.array(raised) / sum(raised)


def _softmax(scores: ndarray) -> ndarray:
    raised = np.exp(scores - scores.max())
    return raised / raised.sum()


def _attention_weights_mistakes(
    query: ndarray, keys: ndarray, mask: ndarray
) -> Mistakes:
    scores = keys @ query
    weights = _softmax(scores)
    with np.errstate(all="ignore"):
        naive = np.where(mask, np.exp(scores), 0.0)
        naive = naive / naive.sum()
    return [
        (
            weights,
            "the mask is not used: padding gets a share of the weights.",
        ),
        (
            _softmax(np.where(mask, scores, 0.0)),
            "a score of 0 is not a weight of 0: exp(0) is 1. Give masked positions a "
            "score of minus infinity, or their exponentials a factor of 0.",
        ),
        (
            np.where(mask, weights, 0.0),
            "the weights no longer sum to 1: mask before the softmax divides by the "
            "sum, not after.",
        ),
        (
            np.where(mask, scores, 0.0),
            "those are the scores. Weights come out of a softmax.",
        ),
        (
            _softmax(np.where(mask, scores / math.sqrt(len(query)), -np.inf)),
            "you divide the scores by the square root of their width, as a Transformer "
            "does. This exercise asks for plain dot products.",
        ),
        (
            np.where(mask, _softmax(np.where(mask, -np.inf, scores)), 0.0),
            "the mask is read the wrong way round: True marks what counts.",
        ),
        (
            _softmax(np.where(mask, -np.inf, scores)) if not mask.all() else weights,
            "the mask is read the wrong way round: True marks what counts.",
        ),
        (
            naive,
            "great scores overflow: exp(1000) is infinite, and infinity by infinity is "
            "no number. Subtract the greatest score first; the weights stay the same.",
        ),
    ]


def _check_attention_weights(attempt: Attempt) -> str | None:
    keys = np.array([[1.0, 0.0], [0.5, -1.0], [-1.0, 2.0], [0.3, 0.4]])
    valid = np.array([True, True, False, False])
    every = np.ones(4, bool)
    return judge(
        attempt,
        oracle=_attention_weights,
        cases=[
            (np.array([1.0, 0.5]), keys, valid),
            (np.array([1.0, 0.5]), keys, every),
            (np.array([-0.4, 0.9]), keys, ~valid),
            (np.array([1000.0, 500.0]), keys, valid),
        ],
        mistakes=_attention_weights_mistakes,
    )


def _exact_match(y_true: ndarray, y_pred: ndarray) -> float:
    right = 0
    for true, predicted in zip(y_true, y_pred, strict=True):
        right += all(t in (0, p) for t, p in zip(true, predicted, strict=True))
    return right / len(y_true)


def _exact_match_mistakes(y_true: ndarray, y_pred: ndarray) -> Mistakes:
    valid, same = y_true != 0, y_true == y_pred
    return [
        (
            same[valid].mean(),
            "that is the share of right tokens. One wrong character spoils a date: "
            "count the rows in which *all* tokens are right.",
        ),
        (
            same.mean(),
            "that is the share of right tokens, padding included. Count the rows in "
            "which *all* tokens are right.",
        ),
        (
            same.all(axis=1).mean(),
            "what was written after the end of a target counts as wrong. Look only at "
            "the steps at which `y_true` is not 0.",
        ),
        (
            (same & valid).all(axis=1).mean(),
            "padded steps count as wrong, so that a shorter row can never be right. "
            "Look only at the steps at which `y_true` is not 0.",
        ),
        (
            (same & valid).any(axis=1).mean(),
            "that is the share of rows with at least one right token. Take `all`, "
            "not `any`.",
        ),
        (
            (same | ~valid).all(axis=1).sum(),
            "that is a count. Divide it by the number of rows.",
        ),
    ]


def _check_exact_match(attempt: Attempt) -> str | None:
    true = np.array([[3, 4, 5, 2], [6, 2, 0, 0], [7, 8, 2, 0], [5, 5, 5, 2]])
    first = np.array([[3, 4, 5, 2], [6, 2, 9, 9], [7, 1, 2, 0], [5, 5, 4, 2]])
    second = np.array([[3, 4, 5, 2], [6, 2, 0, 0], [7, 8, 2, 0], [1, 1, 1, 1]])
    return judge(
        attempt,
        oracle=_exact_match,
        cases=[(true, second), (true, first), (true, true)],
        mistakes=_exact_match_mistakes,
    )


EXERCISES = {
    "16.3": Exercise("masked_loss", ("logits", "targets"), _check_masked_loss),
    "16.4": Exercise(
        "attention_weights", ("query", "keys", "mask"), _check_attention_weights
    ),
    "16.5": Exercise("exact_match", ("y_true", "y_pred"), _check_exact_match),
}
