"""Tests of the checks for chapter 04: solutions pass, wrong answers are named."""

# ruff: noqa: ARG001 - the signatures are those of the exercises

import numpy as np
import pytest

from coursepkg import exercises


def embedding_gradient(ids, d_x, n_words):
    """Return the solution of exercise 04.3."""
    gradient = np.zeros((n_words, d_x.shape[-1]))
    np.add.at(gradient, ids, d_x)
    gradient[0] = 0
    return gradient


def skip_gram_pairs(ids, window):
    """Return the solution of exercise 04.4."""
    pairs = []
    for i, center in enumerate(ids):
        for j in range(max(0, i - window), min(len(ids), i + window + 1)):
            if i != j and center > 1 and ids[j] > 1:
                pairs.append((center, ids[j]))
    return np.array(pairs, dtype=int).reshape(-1, 2)


def analogy_scores(vectors, a, b, c):
    """Return the solution of exercise 04.5."""
    directions = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    target = directions[c] + directions[b] - directions[a]
    scores = directions @ target / np.linalg.norm(target)
    scores[[a, b, c]] = -np.inf
    return scores


@pytest.mark.parametrize(
    ("key", "solution"),
    [
        ("04.3", embedding_gradient),
        ("04.4", skip_gram_pairs),
        ("04.5", analogy_scores),
    ],
)
def test_solution_passes(key, solution):
    """The solution that readers see passes its check."""
    assert exercises.check(key, solution).message.endswith("agrees on every test.")


def one_write_a_row(ids, d_x, n_words):
    gradient = np.zeros((n_words, d_x.shape[-1]))
    gradient[ids] += d_x
    gradient[0] = 0
    return gradient


def padding_learns(ids, d_x, n_words):
    gradient = np.zeros((n_words, d_x.shape[-1]))
    np.add.at(gradient, ids, d_x)
    return gradient


def only_rows_in_the_batch(ids, d_x, n_words):
    return embedding_gradient(ids, d_x, ids.max() + 1)


def unknown_words_dropped(ids, window):
    return skip_gram_pairs([word for word in ids if word > 1], window)


def window_too_narrow(ids, window):
    return skip_gram_pairs(ids, window - 1)


def pairs_turned(ids, window):
    return skip_gram_pairs(ids, window)[:, ::-1]


def question_admitted(vectors, a, b, c):
    directions = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    target = directions[c] + directions[b] - directions[a]
    return directions @ target / np.linalg.norm(target)


def step_the_wrong_way(vectors, a, b, c):
    return analogy_scores(vectors, b, a, c)


def long_words_drown_others(vectors, a, b, c):
    target = vectors[c] + vectors[b] - vectors[a]
    scores = vectors @ target / np.linalg.norm(target)
    scores /= np.linalg.norm(vectors, axis=1)
    scores[[a, b, c]] = -np.inf
    return scores


@pytest.mark.parametrize(
    ("key", "wrong", "fragment"),
    [
        ("04.3", one_write_a_row, "np.add.at"),
        ("04.3", padding_learns, "row of padding"),
        ("04.3", only_rows_in_the_batch, "rows are missing"),
        ("04.4", unknown_words_dropped, "keeps its place"),
        ("04.4", window_too_narrow, "too narrow"),
        ("04.4", pairs_turned, "exchanged"),
        ("04.5", question_admitted, "admitted as answers"),
        ("04.5", step_the_wrong_way, "wrong way"),
        ("04.5", long_words_drown_others, "length 1 before"),
    ],
)
def test_typical_mistakes_are_named(key, wrong, fragment):
    """A plausible wrong solution, written out, gets the intended sentence."""
    result = exercises.check(key, wrong)
    assert not result
    assert fragment in result.message
