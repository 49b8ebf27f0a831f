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
    return [
        *_great_logits_mistakes(logits, nats[valid]),
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
            nats[valid].mean() / math.log(2),
            "those are bits: take the natural logarithm, `np.log`, not `np.log2`.",
        ),
    ]


def _great_logits_mistakes(logits: ndarray, nats: ndarray) -> Mistakes:
    """Return what goes wrong where exp is infinite or zero, if the logits are great."""
    broken = (math.inf, -math.inf, math.nan)
    if logits.min() > 700:
        overflow = (
            "great logits overflow: exp(1000) is infinite. Subtract the greatest logit "
            "of each step first; the probabilities stay the same."
        )
        return [(value, overflow) for value in broken]
    if logits.max() > 700:
        batch = (
            "one step has logits of about 1000, another of about 1. Subtract the "
            "greatest of the whole batch, and exp(-1000) = 0 is all that is left of "
            "the other step. Subtract from each step its own greatest logit."
        )
        return [(value, batch) for value in broken]
    if logits.min() < -700:
        underflow = (
            "small probabilities underflow: exp(-1000) is 0, and its logarithm minus "
            "infinity. Do not go through the probability: log p is the logit minus the "
            "logarithm of the sum of the exponentials."
        )
        clipped = (
            "you clip the probabilities, and -log p stops where you clip; the right "
            "token has exp(-1000). Do not go through the probability: log p is the "
            "logit minus the logarithm of the sum of the exponentials."
        )
        least = [10.0**-k for k in range(6, 17)]
        return [(value, underflow) for value in broken] + [
            (np.minimum(nats, -math.log(p)).mean(), clipped) for p in least
        ]
    return []


def _check_masked_loss(attempt: Attempt) -> str | None:
    logits = np.array([[[1.0, 0.0, 2.0], [0.5, 0.0, -1.0]]])  # (1, 2, 3)
    more = np.concatenate([logits, [[[0.0, 3.0, 1.0], [-2.0, 0.0, 1.5]]]])
    great = np.array([[[1000.0, 1001.0, 1000.5], [0.0, 1.0, -1.0]]])
    return judge(
        attempt,
        oracle=_masked_loss,
        cases=[
            (more, np.array([[2, 0], [2, 1]])),
            (logits, np.array([[2, 0]])),
            (great[:, :1], np.array([[1]])),
            (great, np.array([[1, 2]])),
            (np.array([[[0.0, -1000.0, 1.0]]]), np.array([[1]])),
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
    undefined = np.full(len(keys), np.nan)
    if scores[mask].max() < 700 < scores.max():
        lost = (
            "the greatest score is masked, and beside it the exponentials of all valid "
            "ones are 0: you divide 0 by 0. Subtract the greatest of the valid scores."
        )
    else:
        lost = (
            "great scores overflow: exp(1000) is infinite, and infinity by infinity is "
            "no number. Subtract the greatest score first; the weights stay the same."
        )
    small = (
        "the masked position gets all the weight: valid scores may be below -100, and "
        "no fixed number is a score small enough. Give masked positions minus infinity."
    )
    filled = _softmax(np.where(mask, scores, -100.0))
    return [
        *([(filled, small)] if scores[mask].max() < -100 else []),
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
            "the weights no longer sum to 1: apply the mask before you divide by the "
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
            _softmax(np.where(mask, -np.inf, scores)) if not mask.all() else weights,
            "the mask is read the wrong way round: True marks what counts.",
        ),
        *[(broken, lost) for broken in (naive, undefined)],
    ]


def _check_attention_weights(attempt: Attempt) -> str | None:
    keys = np.array([[1.0, 0.0], [0.5, -1.0], [-1.0, 2.0], [0.3, 0.4]])
    valid = np.array([True, True, False, False])
    every = np.ones(4, bool)
    along = np.array([1.0, 0.0])
    return judge(
        attempt,
        oracle=_attention_weights,
        cases=[
            (np.array([1.0, 0.5]), keys, valid),
            (np.array([1.0, 0.5]), keys, every),
            (np.array([-0.4, 0.9]), keys, ~valid),
            (np.array([1000.0, 500.0]), keys, valid),
            (along, np.array([[1.0, 0.0], [2.0, 0.0], [2000.0, 0.0]]), valid[:3]),
            (along, np.array([[-300.0, 0.0], [-301.0, 0.0], [5.0, 0.0]]), valid[:3]),
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
            (same | ~valid | (y_pred == 0)).all(axis=1).mean(),
            "an answer that stops too early counts as right. Zeros in `y_pred` are no "
            "padding of the target: look at `y_true` alone to see what counts.",
        ),
        (
            (same | ~valid).all(axis=1).sum(),
            "that is a count. Divide it by the number of rows.",
        ),
    ]


def _check_exact_match(attempt: Attempt) -> str | None:
    true = np.array([[3, 4, 5, 2], [6, 2, 0, 0], [7, 8, 2, 0], [5, 5, 5, 2]])
    first = np.array([[3, 4, 5, 2], [6, 2, 9, 9], [7, 1, 2, 0], [5, 5, 0, 0]])
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
