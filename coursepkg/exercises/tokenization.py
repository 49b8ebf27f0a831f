"""Checks for chapter 02, tokenization."""

from collections import Counter

import numpy as np
from numpy import ndarray

from coursepkg.exercises._check import Attempt, Exercise, Mistakes, judge

Texts = list[list[str]]


def _ids(order: list[str], texts: Texts, first: int = 2, unknown: int = 1) -> list[int]:
    places = {token: number for number, token in enumerate(order, start=first)}
    return [places.get(token, unknown) for text in texts for token in text]


def _encode_texts(training: Texts, texts: Texts, max_size: int) -> list[int]:
    remaining = [token for text in training for token in text]
    kept: list[str] = []
    while remaining and len(kept) < max_size - 2:
        best = min(set(remaining), key=lambda token: (-remaining.count(token), token))
        kept.append(best)
        remaining = [token for token in remaining if token != best]
    return _ids(kept, texts)


def _encode_texts_mistakes(training: Texts, texts: Texts, max_size: int) -> Mistakes:
    counts = Counter(token for text in training for token in text)
    both = counts + Counter(token for text in texts for token in text)
    n = max_size - 2
    alphabetical = sorted(counts)

    def by_count(table: Counter[str], names: list[str]) -> list[str]:
        return sorted(names, key=lambda token: -table[token])  # stable: ties stay

    right = by_count(counts, alphabetical)
    known = _ids(right[:n], texts)
    return [
        (
            _ids(right[:max_size], texts),
            "`max_size` counts all integers, padding and unknown among them, so that "
            "only max_size - 2 tokens are kept.",
        ),
        (
            _ids(by_count(both, sorted(both))[:n], texts),
            "the vocabulary has seen `texts`. Count the tokens of `training` alone; "
            "what is new in `texts` is unknown.",
        ),
        (
            _ids(by_count(counts, list(counts))[:n], texts),
            "tokens of the same count stand in the order in which the texts bring "
            "them. Sort ties by alphabet, so that the order of the texts does not "
            "matter.",
        ),
        (
            _ids(by_count(counts, alphabetical[::-1])[:n], texts),
            "tokens of the same count stand in reversed alphabetical order, as Keras "
            "has them. Sort by (-count, token).",
        ),
        (
            _ids(by_count(counts, alphabetical)[::-1][:n], texts),
            "the rarest tokens come first: sort by falling count.",
        ),
        (
            _ids(alphabetical[:n], texts),
            "the tokens are in alphabetical order. The most frequent come first; the "
            "alphabet decides only between tokens of the same count.",
        ),
        (
            _ids(right[:n], texts, first=1, unknown=0),
            "the words start at 1 and what is unknown gets 0, but 0 is padding. "
            "Unknown is 1, and words start at 2.",
        ),
        (
            _ids(right[:n], texts, unknown=0),
            "unknown tokens get 0, which is padding: they would vanish under a mask. "
            "Unknown is 1.",
        ),
        (
            [number for number in known if number != 1],
            "unknown tokens are left out, which joins words that were never "
            "neighbours. Give each of them the integer 1.",
        ),
    ]


def _check_encode_texts(attempt: Attempt) -> str | None:
    training = [
        ["the", "red", "cat", "ran"],
        ["the", "red", "dog", "sat"],
        ["the", "cat", "hid"],
    ]
    texts = [["the", "cow", "ran"], [], ["cat", "dog", "cow", "red", "hid", "the"]]
    return judge(
        attempt,
        oracle=_encode_texts,
        cases=[
            (training, texts, 6),
            (training, texts, 100),
            ([["b", "a", "b"]], [["a", "b", "c"]], 3),
        ],
        mistakes=_encode_texts_mistakes,
    )


def _tf_idf_rows(counts: ndarray, training_counts: ndarray) -> ndarray:
    rows = []
    for row in counts:
        weights = []
        for column, count in enumerate(row):
            df = sum(1 for text in training_counts if text[column] > 0)
            idf = np.log((1 + len(training_counts)) / (1 + df)) + 1
            weights.append(count * idf)
        length = sum(weight**2 for weight in weights) ** 0.5
        rows.append([weight / length for weight in weights])
    return np.array(rows)


def _tf_idf_rows_mistakes(counts: ndarray, training_counts: ndarray) -> Mistakes:
    n = len(training_counts)
    df = (training_counts > 0).sum(axis=0)
    own_df = (counts > 0).sum(axis=0)
    idf = np.log((1 + n) / (1 + df)) + 1

    def unit(weights: ndarray) -> ndarray:
        return weights / np.linalg.norm(weights, axis=1, keepdims=True)

    with np.errstate(divide="ignore", invalid="ignore"):
        unsmoothed = unit(counts * (np.log(n / df) + 1))
        without_one = unit(counts * np.log((1 + n) / (1 + df)))
        plain = unit(counts * np.log(n / df))
    totals = training_counts.sum(axis=0)
    return [
        (
            unit(counts * (np.log((1 + len(counts)) / (1 + own_df)) + 1)),
            "the document frequencies come from `counts`. Take them from the training "
            "texts, or the weights change with what is to be predicted.",
        ),
        (
            counts * idf,
            "the rows do not have length 1: divide each by the square root of the sum "
            "of its squares.",
        ),
        (
            counts * idf / (counts * idf).sum(axis=1, keepdims=True),
            "the rows add up to 1, but their squares should: the length is Euclidean.",
        ),
        (
            unit(counts * (np.log((1 + n) / (1 + totals)) + 1)),
            "you count how often a token occurs in all. The document frequency counts "
            "the *texts* that hold it, however often.",
        ),
        (
            unit(np.sign(counts) * idf),
            "how often a token occurs in its text is lost: weight the count, not only "
            "the presence.",
        ),
        (
            plain,
            "the smoothing and the added 1 are missing: idf is ln((1 + N) / (1 + df)) "
            "+ 1.",
        ),
        (
            unsmoothed,
            "the smoothing is missing: one more text that holds every token makes it "
            "(1 + N) / (1 + df), which is never divided by zero.",
        ),
        (
            without_one,
            "the 1 that is added to the logarithm is missing, so a token of all texts "
            "has no weight at all.",
        ),
        (
            unit(counts * (np.log10((1 + n) / (1 + df)) + 1)),
            "the logarithm is not the natural one: use `np.log`.",
        ),
        (
            unit(counts.astype(float)),
            "the counts are not weighted by how rare the tokens are.",
        ),
    ]


def _check_tf_idf_rows(attempt: Attempt) -> str | None:
    training = np.array([[1, 2, 0, 0], [1, 0, 3, 0], [2, 1, 0, 0], [1, 0, 0, 5]])
    counts = np.array([[1, 3, 1, 0], [2, 0, 1, 1], [0, 1, 2, 2]])
    unseen = np.array([[2, 1, 0], [1, 0, 4]])
    return judge(
        attempt,
        oracle=_tf_idf_rows,
        cases=[(counts, training), (unseen, np.array([[1, 0, 0], [3, 2, 0]]))],
        mistakes=_tf_idf_rows_mistakes,
    )


def _hashing_plan(n_tokens: int, n_buckets: int) -> tuple[float, float]:
    missed = empty = 1.0
    for _ in range(n_tokens - 1):
        missed *= (n_buckets - 1) / n_buckets
    for _ in range(n_tokens):
        empty *= (n_buckets - 1) / n_buckets
    return 1 - missed, n_buckets * empty


def _hashing_plan_mistakes(n_tokens: int, n_buckets: int) -> Mistakes:
    sharing, empty = _hashing_plan(n_tokens, n_buckets)
    miss = 1 - 1 / n_buckets
    distinct = np.prod(1 - np.arange(n_tokens) / n_buckets)
    occupied = n_buckets - empty
    return [
        (
            (1 - miss**n_tokens, empty),
            "a token cannot collide with itself: only the n_tokens - 1 others must "
            "miss its bucket.",
        ),
        (
            (1 - distinct, empty),
            "that is the birthday problem, the probability that *any* two tokens "
            "meet. Asked for is the probability that a given one is met.",
        ),
        (
            (n_tokens / n_buckets, empty),
            "the number of tokens in an average bucket is no probability: it may even "
            "exceed 1. Ask when all the others miss.",
        ),
        (
            ((n_tokens - 1) / n_buckets, empty),
            "the probabilities of meeting each of the others do not simply add up: "
            "several may be in the same bucket. Multiply the probabilities to miss.",
        ),
        (
            (1 - sharing, empty),
            "the first number is the probability that a token has its bucket for "
            "itself. Asked for is the opposite.",
        ),
        (
            (sharing, occupied),
            "the second number is that of the occupied buckets. Asked for are the "
            "empty ones.",
        ),
        (
            (sharing, empty / n_buckets),
            "the second number is the probability that a given bucket is empty. The "
            "expected number is n_buckets times as much.",
        ),
        (
            (sharing, max(n_buckets - n_tokens, 0)),
            "you let every token take a bucket of its own. Tokens meet, so more "
            "buckets stay empty than n_buckets - n_tokens.",
        ),
        (
            (empty, sharing),
            "the two numbers are in the wrong order: first the probability, then the "
            "empty buckets.",
        ),
    ]


def _check_hashing_plan(attempt: Attempt) -> str | None:
    return judge(
        attempt,
        oracle=_hashing_plan,
        cases=[(5, 8), (776, 1000), (1, 4), (3, 1)],
        mistakes=_hashing_plan_mistakes,
    )


EXERCISES: dict[str, Exercise] = {
    "02.3": Exercise(
        "encode_texts", ("training", "texts", "max_size"), _check_encode_texts
    ),
    "02.4": Exercise("tf_idf_rows", ("counts", "training_counts"), _check_tf_idf_rows),
    "02.5": Exercise("hashing_plan", ("n_tokens", "n_buckets"), _check_hashing_plan),
}
