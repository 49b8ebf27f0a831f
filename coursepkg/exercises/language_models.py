"""Checks for chapter 10, language models."""

import math

import numpy as np
from numpy import ndarray

from coursepkg.exercises._check import Attempt, Exercise, Mistakes, judge


def _shifted_batches(
    ids: ndarray, batch_size: int, n_steps: int
) -> tuple[ndarray, ndarray]:
    n_batches = (len(ids) - 1) // (batch_size * n_steps)
    inputs = np.zeros((n_batches, batch_size, n_steps), dtype=int)
    targets = np.zeros_like(inputs)
    for batch in range(n_batches):
        for row in range(batch_size):
            for step in range(n_steps):
                place = row * n_batches * n_steps + batch * n_steps + step
                inputs[batch, row, step] = ids[place]
                targets[batch, row, step] = ids[place + 1]
    return inputs, targets


def _shifted_batches_mistakes(ids: ndarray, batch_size: int, n_steps: int) -> Mistakes:
    inputs, targets = _shifted_batches(ids, batch_size, n_steps)
    n_batches = len(inputs)
    n_used = inputs.size
    x, y = ids[:n_used], ids[1 : n_used + 1]
    shape = (n_batches, batch_size, n_steps)
    mistakes: Mistakes = [
        (
            (x.reshape(shape), y.reshape(shape)),
            "row r of the next batch does not go on where row r of this one ends: you "
            "cut the text into batches first. Cut it into `batch_size` long rows, and "
            "only then all rows into pieces.",
        ),
        (
            (inputs, inputs),
            "the targets equal the inputs, so a model may simply copy. The target of "
            "each token is the one after it.",
        ),
        (
            (inputs, np.roll(inputs, -1, axis=2)),
            "the last target of each row is the first input of the same row: shift the "
            "whole text by one before you cut it, not each piece.",
        ),
        (
            (inputs.swapaxes(0, 1), targets.swapaxes(0, 1)),
            "the first axis counts the rows, not the batches: the shape is "
            "(n_batches, batch_size, n_steps).",
        ),
        (
            (targets, inputs),
            "inputs and targets are exchanged: the targets are one token later.",
        ),
    ]
    if (len(ids) - 1) // (batch_size * n_steps) > 1:
        mistakes.append(
            (
                _shifted_batches(ids[: n_used - 1], batch_size, n_steps),
                "a batch is missing: n tokens have (n - 1) // (batch_size * n_steps) "
                "batches, for only the last token has no target.",
            )
        )
    return mistakes


def _check_shifted_batches(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(0)
    return judge(
        attempt,
        oracle=_shifted_batches,
        cases=[
            (rng.permutation(30), 2, 4),
            (rng.permutation(25), 2, 4),
            (rng.permutation(14), 3, 2),
            (rng.permutation(9), 1, 3),
        ],
        mistakes=_shifted_batches_mistakes,
    )


def _perplexity(probabilities: ndarray) -> float:
    nats = sum(-math.log(p) for p in probabilities) / len(probabilities)
    return math.exp(nats)


def _perplexity_mistakes(probabilities: ndarray) -> Mistakes:
    nats = -np.log(probabilities)
    product = np.exp(np.sum(nats))
    return [
        (
            np.mean(1 / probabilities),
            "that is the arithmetic mean of 1 / p, which a single surprise can make as "
            "large as you like. Perplexity is the geometric mean: exp of the mean of "
            "-log(p).",
        ),
        (
            1 / np.mean(probabilities),
            "that is 1 over the mean of p, so that rare surprises hardly count. Take "
            "the mean of -log(p) first, then exp.",
        ),
        (
            np.mean(nats),
            "that is the mean in nats. Perplexity is its exponential.",
        ),
        (
            np.mean(nats) / np.log(2),
            "that is the mean in bits. Perplexity is 2 to that power.",
        ),
        (
            np.exp(np.mean(nats) / np.log(2)),
            "you take the mean in bits and then exp: either nats and exp, or bits and "
            "2 to the power.",
        ),
        (
            np.exp(-np.mean(nats)),
            "the sign is lost: that is the geometric mean of p, not of 1 / p.",
        ),
        (
            product,
            "that is the product of all 1 / p. Divide the sum of -log(p) by the number "
            "of tokens before you take exp."
            if np.isfinite(product)
            else "the product of so many numbers is larger than any float. Take the "
            "mean of -log(p) instead, and then exp.",
        ),
    ]


def _check_perplexity(attempt: Attempt) -> str | None:
    long = np.random.default_rng(1).uniform(0.01, 1, size=3_000)
    return judge(
        attempt,
        oracle=_perplexity,
        cases=[
            (np.array([0.5, 0.125, 0.9]),),
            (np.full(4, 0.2),),
            (long,),  # the product of all p is smaller than any float
        ],
        mistakes=_perplexity_mistakes,
    )


def _nucleus(probabilities: ndarray, top_p: float) -> ndarray:
    order = sorted(range(len(probabilities)), key=lambda i: -probabilities[i])
    kept: list[int] = []
    while not kept or sum(probabilities[i] for i in kept) < top_p - 1e-12:
        kept.append(order[len(kept)])
    total = sum(probabilities[i] for i in kept)
    return np.array(
        [p / total if i in kept else 0.0 for i, p in enumerate(probabilities)]
    )


def _nucleus_mistakes(probabilities: ndarray, top_p: float) -> Mistakes:
    right = _nucleus(probabilities, top_p)
    falling = np.argsort(-probabilities, kind="stable")
    n_kept = np.count_nonzero(right)

    def only(ids: ndarray) -> ndarray:
        cut = np.zeros(len(probabilities))
        cut[ids] = probabilities[ids]
        return cut

    def divided(values: ndarray) -> ndarray:
        return values / values.sum() if values.sum() else values

    rising_sums = np.cumsum(np.sort(probabilities))
    return [
        (
            only(falling[:n_kept]),
            "the probabilities of what is kept no longer sum to 1. Divide them by "
            "their sum.",
        ),
        (
            divided(only(falling[: n_kept - 1])),
            "the token that brings the sum to `top_p` is missing: the set must have at "
            "least that probability, and at least one token.",
        ),
        (
            only(falling[: n_kept - 1]),
            "the token that brings the sum to `top_p` is missing, and what is kept "
            "does not sum to 1.",
        ),
        (
            divided(only(falling[: n_kept + 1])),
            "one token too many is kept: stop as soon as the sum reaches `top_p`.",
        ),
        (
            divided(only(falling[::-1][: int(np.argmax(rising_sums >= top_p)) + 1])),
            "you keep the *least* probable tokens: sort in falling order.",
        ),
        (
            divided(np.where(probabilities >= top_p, probabilities, 0.0)),
            "you compare single probabilities with `top_p`. It is their running sum, "
            "in falling order, that has to reach it.",
        ),
        (
            np.sort(right)[::-1],
            "the result is sorted: each probability must stay at the id of its token.",
        ),
    ]


def _check_nucleus(attempt: Attempt) -> str | None:
    return judge(
        attempt,
        oracle=_nucleus,
        cases=[
            (np.array([0.05, 0.4, 0.1, 0.3, 0.15]), 0.6),
            (np.array([0.05, 0.4, 0.1, 0.3, 0.15]), 0.75),
            (np.array([0.2, 0.5, 0.25, 0.05]), 0.5),
            (np.array([0.1, 0.9]), 0.3),
            (np.array([0.3, 0.2, 0.5]), 1.0),
        ],
        mistakes=_nucleus_mistakes,
    )


EXERCISES = {
    "10.3": Exercise(
        "shifted_batches", ("ids", "batch_size", "n_steps"), _check_shifted_batches
    ),
    "10.4": Exercise("perplexity", ("probabilities",), _check_perplexity),
    "10.5": Exercise("nucleus", ("probabilities", "top_p"), _check_nucleus),
}
