"""Checks for chapter 09, text classification."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable
from math import exp, log1p

import numpy as np
from numpy import ndarray

from coursepkg.exercises._check import Attempt, Exercise, Mistakes, judge

Texts = list[list[str]]


def _best_of_bag(texts: Texts, labels: ndarray) -> float:
    n_right = 0
    done: list[Counter[str]] = []
    for words in texts:
        bag = Counter(words)
        if bag in done:
            continue
        done.append(bag)
        votes = [
            int(label)
            for other, label in zip(texts, labels, strict=True)
            if Counter(other) == bag
        ]
        n_right += max(votes.count(0), votes.count(1))
    return n_right / len(texts)


def _groups(
    texts: Texts, labels: ndarray, key: Callable[[list[str]], Hashable]
) -> list[ndarray]:
    """Return the labels of each group of texts with the same key."""
    found: defaultdict[Hashable, list[int]] = defaultdict(list)
    for words, label in zip(texts, labels, strict=True):
        found[key(words)].append(int(label))
    return [np.array(group) for group in found.values()]


def _majority(group: ndarray) -> int:
    return max(int(group.sum()), len(group) - int(group.sum()))


def _best_of_bag_mistakes(texts: Texts, labels: ndarray) -> Mistakes:
    n = len(texts)

    def best_by(key: Callable[[list[str]], Hashable]) -> float:
        return sum(map(_majority, _groups(texts, labels, key))) / n

    bags = _groups(texts, labels, lambda words: tuple(sorted(words)))
    pure = [len(group) if len(set(group)) == 1 else len(group) / 2 for group in bags]
    return [
        (
            best_by(frozenset),
            "you compare *sets* of words. A bag also knows how often each word occurs: "
            "use `Counter(words)` or the sorted words.",
        ),
        (
            best_by(tuple),
            "the order of the words is still in your key. Two texts with the same "
            "words in another order are the same bag, and get the same label.",
        ),
        (
            best_by(lambda _: 0),
            "this is the share of the more frequent label: the best of whoever sees "
            "nothing. Take a majority for each bag.",
        ),
        (
            best_by(len),
            "you group the texts by how many words they have. Group them by their "
            "words.",
        ),
        (
            sum(_majority(group) / len(group) for group in bags) / len(bags),
            "the bags are averaged as if each had the same number of texts. Add up the "
            "texts that are labelled rightly, then divide by all.",
        ),
        (
            sum(map(_majority, bags)),
            "this is the number of texts, not their share. Divide by all texts.",
        ),
        (
            1 - sum(map(_majority, bags)) / n,
            "this is the share of the errors. Take it from 1.",
        ),
        (
            sum(pure) / n,
            "a bag with both labels need not have them equally often. Give it the "
            "more frequent one.",
        ),
    ]


def _check_best_of_bag(attempt: Attempt) -> str | None:
    def split(*texts: str) -> Texts:
        return [text.split() for text in texts]

    return judge(
        attempt,
        oracle=_best_of_bag,
        cases=[
            (
                split(
                    *("good not bad", "bad not good", "not bad good"),
                    *("very very good", "very good good", "dull", "dull", "fine"),
                ),
                np.array([1, 0, 1, 1, 0, 0, 0, 1]),
            ),
            (
                split("a b", "b a", "a b", "a a", "b b a", "c"),
                np.array([0, 0, 1, 1, 1, 1]),
            ),
        ],
        mistakes=_best_of_bag_mistakes,
    )


def _logistic_loss(labels: ndarray, logits: ndarray) -> float:
    total = 0.0
    for y, z in zip(labels, logits, strict=True):
        margin = z if y == 1 else -z  # how far on the right side
        if margin > 0:
            total += log1p(exp(-margin))
        else:
            total += -margin + log1p(exp(margin))
    return total / len(labels)


def _logistic_loss_mistakes(labels: ndarray, logits: ndarray) -> Mistakes:
    y, z = labels, logits
    each = np.array([_logistic_loss(y[[k]], z[[k]]) for k in range(len(y))])
    with np.errstate(all="ignore"):
        p = 1 / (1 + np.exp(-z))
        naive = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
    clipped = np.clip(p, 1e-7, 1 - 1e-7)
    raw = np.clip(z, 1e-7, 1 - 1e-7)
    return [
        (
            naive,
            "for large logits the exponential overflows or the logarithm gets a 0. "
            "Write the loss so that only exp of negative numbers occurs: "
            "max(z, 0) - y z + log(1 + exp(-|z|)).",
        ),
        (
            -(y * np.log(clipped) + (1 - y) * np.log(1 - clipped)).mean(),
            "the probability is cut off before its logarithm. That hides how wrong a "
            "confident answer is: the loss of z = -1000 for y = 1 is 1000, not 16.",
        ),
        (
            -(y * np.log(raw) + (1 - y) * np.log(1 - raw)).mean(),
            "the logits are taken for probabilities. The sigmoid is missing.",
        ),
        (each, "return the mean over the texts, one number."),
        (each.sum(), "this is the sum. Return the mean over the texts."),
        (-each.mean(), "the sign is wrong: a loss is not negative."),
        (each.mean() / np.log(2), "this is in bits. Use the natural logarithm."),
        (
            _logistic_loss(1 - y, z),
            "the labels are exchanged: the sigmoid of z is the probability of class 1.",
        ),
        (
            np.mean((p - y) ** 2),
            "this is the squared error of the probabilities. The cross-entropy takes "
            "the logarithm of the probability of the right class.",
        ),
        (
            (np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0)).mean(),
            "the term with the label is missing: max(z, 0) - y z + log(1 + exp(-|z|)).",
        ),
    ]


def _check_logistic_loss(attempt: Attempt) -> str | None:
    return judge(
        attempt,
        oracle=_logistic_loss,
        cases=[
            (np.array([1, 0, 1, 0]), np.array([0.8, 0.3, -1.5, -2.0])),
            (np.array([0, 1, 1, 0]), np.array([1000.0, -1000.0, 3.0, -800.0])),
        ],
        mistakes=_logistic_loss_mistakes,
    )


def _false_gain(test_scores: ndarray, true_scores: ndarray) -> float:
    n_candidates, n_sets = test_scores.shape
    total = 0.0
    for one_set in range(n_sets):
        best = 0
        for candidate in range(1, n_candidates):
            if test_scores[candidate, one_set] > test_scores[best, one_set]:
                best = candidate
        total += test_scores[best, one_set] - true_scores[best]
    return total / n_sets


def _false_gain_mistakes(test_scores: ndarray, true_scores: ndarray) -> Mistakes:
    shown = test_scores.max(axis=0)  # (sets,)
    best = test_scores.argmax(axis=0)  # (sets,)
    gains = shown - true_scores[best]  # (sets,)
    overall = test_scores.mean(axis=1).argmax()
    truly = true_scores.argmax()
    top = np.unravel_index(test_scores.argmax(), test_scores.shape)
    return [
        (
            (shown - true_scores.max()).mean(),
            "you compare with the best true score of all. Compare with the true score "
            "of the candidate that was chosen.",
        ),
        (
            (shown - true_scores.mean()).mean(),
            "you compare with the mean of all candidates. Compare with the true score "
            "of the one that was chosen.",
        ),
        (
            (shown - test_scores.mean(axis=0)).mean(),
            "you compare with the mean score on the same set. The false gain is over "
            "the *true* score of the candidate that was chosen.",
        ),
        (
            test_scores[overall].mean() - true_scores[overall],
            "you chose one candidate by its mean over the sets. Each set chooses its "
            "own.",
        ),
        (
            test_scores[truly].mean() - true_scores[truly],
            "you chose by the true score, which nobody has. Choose on each set.",
        ),
        (
            test_scores[top] - true_scores[top[0]],
            "this is the case of a single set, the most flattering one. Choose on each "
            "set and take the mean.",
        ),
        (
            (test_scores.max(axis=1) - true_scores).mean(),
            "the axes are exchanged: you took the best set of each candidate. Take the "
            "best candidate of each set.",
        ),
        (-gains.mean(), "the sign is wrong: what was shown, minus what is true."),
        (gains, "return the mean over the sets, one number."),
    ]


def _check_false_gain(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(9)

    def case(n_candidates: int, n_sets: int) -> tuple[ndarray, ndarray]:
        true = rng.uniform(0.6, 0.8, n_candidates).round(3)
        noise = rng.normal(0, 0.08, (n_candidates, n_sets)).round(3)
        return true[:, np.newaxis] + noise, true

    return judge(
        attempt,
        oracle=_false_gain,
        cases=[case(5, 4), case(3, 6)],
        mistakes=_false_gain_mistakes,
    )


EXERCISES = {
    "09.3": Exercise("best_of_bag", ("texts", "labels"), _check_best_of_bag),
    "09.4": Exercise("logistic_loss", ("labels", "logits"), _check_logistic_loss),
    "09.5": Exercise("false_gain", ("test_scores", "true_scores"), _check_false_gain),
}
