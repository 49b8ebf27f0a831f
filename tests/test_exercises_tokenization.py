"""Tests of the checks for chapter 02: solutions pass, wrong answers are named."""

# ruff: noqa: ARG001, ARG005 - the signatures are those of the exercises

from collections import Counter

import numpy as np
import pytest

from coursepkg import exercises


def encode_texts(training, texts, max_size):
    """Return the solution of exercise 02.3."""
    counts = Counter(token for text in training for token in text)
    kept = sorted(counts, key=lambda token: (-counts[token], token))[: max_size - 2]
    places = {token: number for number, token in enumerate(kept, start=2)}
    return [places.get(token, 1) for text in texts for token in text]


def tf_idf_rows(counts, training_counts):
    """Return the solution of exercise 02.4."""
    df = (training_counts > 0).sum(axis=0)
    weighted = counts * (np.log((1 + len(training_counts)) / (1 + df)) + 1)
    return weighted / np.linalg.norm(weighted, axis=1, keepdims=True)


def hashing_plan(n_tokens, n_buckets):
    """Return the solution of exercise 02.5."""
    miss = 1 - 1 / n_buckets
    return 1 - miss ** (n_tokens - 1), n_buckets * miss**n_tokens


@pytest.mark.parametrize(
    ("key", "solution"),
    [("02.3", encode_texts), ("02.4", tf_idf_rows), ("02.5", hashing_plan)],
)
def test_solution_passes(key, solution):
    """The solution that readers see passes its check."""
    assert exercises.check(key, solution).message.endswith("agrees on every test.")


def with_both(training, texts, max_size):
    return encode_texts(training + texts, texts, max_size)


def without_unknown(training, texts, max_size):
    return [n for n in encode_texts(training, texts, max_size) if n != 1]


def nested(training, texts, max_size):
    return [encode_texts(training, [text], max_size) for text in texts]


def one_by_one(training, texts, max_size):
    counts = Counter(token for text in training for token in text)
    kept = sorted(counts, key=counts.get, reverse=True)[: max_size - 2]
    places = {token: number for number, token in enumerate(kept, start=2)}
    return [places.get(token, 1) for text in texts for token in text]


@pytest.mark.parametrize(
    ("key", "function", "sentence"),
    [
        ("02.3", with_both, "the vocabulary has seen `texts`"),
        ("02.3", without_unknown, "unknown tokens are left out"),
        ("02.3", one_by_one, "in the order in which the texts bring them"),
        ("02.3", nested, "expected an array of numbers"),
        (
            "02.4",
            lambda counts, training_counts: tf_idf_rows(counts, counts),
            "the document frequencies come from `counts`",
        ),
        (
            "02.4",
            lambda counts, training_counts: tf_idf_rows(
                counts, np.cumsum(training_counts, axis=0)
            ),
            "expected [[",
        ),
        ("02.4", lambda counts, training_counts: counts, "expected [["),
        (
            "02.5",
            lambda n_tokens, n_buckets: hashing_plan(n_tokens + 1, n_buckets),
            "expected",
        ),
        (
            "02.5",
            lambda n_tokens, n_buckets: hashing_plan(n_tokens, n_buckets)[::-1],
            "the two numbers are in the wrong order",
        ),
    ],
)
def test_wrong_answers_get_their_sentence(key, function, sentence):
    """A typical wrong answer is told its own cause, an odd one a counterexample."""
    result = exercises.check(key, function)
    assert not result
    assert sentence in result.message
