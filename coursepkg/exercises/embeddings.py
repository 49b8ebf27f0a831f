"""Checks for chapter 04, embeddings."""

import numpy as np
from numpy import ndarray

from coursepkg.exercises._check import Attempt, Exercise, Mistakes, judge


def _embedding_gradient(ids: ndarray, d_x: ndarray, n_words: int) -> ndarray:
    gradient = np.zeros((n_words, d_x.shape[-1]))
    for sequence, rows in zip(ids, d_x, strict=True):
        for word, row in zip(sequence, rows, strict=True):
            if word != 0:
                gradient[word] += row
    return gradient


def _embedding_gradient_mistakes(ids: ndarray, d_x: ndarray, n_words: int) -> Mistakes:
    right = _embedding_gradient(ids, d_x, n_words)
    last = np.zeros_like(right)
    last[ids] += d_x
    last[0] = 0
    everything = np.zeros_like(right)
    np.add.at(everything, ids, d_x)
    occurrences = np.bincount(ids.ravel(), minlength=n_words)[:, None].clip(min=1)
    return [
        (
            last,
            "a word that occurs twice keeps only one of its contributions: "
            "`gradient[ids] += d_x` reads and writes each row once. Use `np.add.at`, "
            "or a loop.",
        ),
        (
            everything,
            "the row of padding gets a gradient. The integer 0 is no word: leave row 0 "
            "at 0.",
        ),
        (
            right / occurrences,
            "the contributions of a word are averaged. The loss feels each occurrence, "
            "so they are added.",
        ),
        (
            right / len(ids),
            "the gradient is divided by the batch size. Whether the loss is a mean is "
            "already in `d_x`.",
        ),
        (
            right[: ids.max() + 1],
            "rows are missing: words that do not occur in the batch have a row of "
            "zeros, so the shape is (n_words, dimension).",
        ),
        (
            right.T,
            "the gradient is transposed: it has the shape of the matrix of vectors, "
            "one row for each word.",
        ),
    ]


def _check_embedding_gradient(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(0)
    return judge(
        attempt,
        oracle=_embedding_gradient,
        cases=[
            (
                np.array([[2, 1, 2], [3, 0, 0]]),
                rng.normal(size=(2, 3, 2)).round(2),
                6,
            ),
            (np.array([[1, 4]]), rng.normal(size=(1, 2, 3)).round(2), 5),
            (np.array([[0], [0]]), np.ones((2, 1, 2)), 2),
        ],
        mistakes=_embedding_gradient_mistakes,
    )


def _skip_gram_pairs(ids: list[int], window: int) -> ndarray:
    pairs = [
        (ids[i], ids[j])
        for i in range(len(ids))
        for j in range(len(ids))
        if i != j and abs(i - j) <= window and ids[i] > 1 and ids[j] > 1
    ]
    return np.array(pairs, dtype=int).reshape(-1, 2)


def _skip_gram_pairs_mistakes(ids: list[int], window: int) -> Mistakes:
    right = _skip_gram_pairs(ids, window)
    places = range(len(ids))

    def pairs(keep: list[tuple[int, int]]) -> ndarray:
        return np.array([(ids[i], ids[j]) for i, j in keep], dtype=int).reshape(-1, 2)

    def known(i: int, j: int) -> bool:
        return ids[i] > 1 and ids[j] > 1

    near = [(i, j) for i in places for j in places if abs(i - j) <= window]
    return [
        (
            _skip_gram_pairs([word for word in ids if word > 1], window),
            "the unknown words are dropped before the window slides, and so words "
            "become neighbours that were not. An unknown word keeps its place.",
        ),
        (
            pairs([(i, j) for i, j in near if i != j]),
            "padding (0) and unknown words (1) take part. A pair consists of two "
            "known words.",
        ),
        (
            pairs([(i, j) for i, j in near if known(i, j)]),
            "each word is paired with itself: leave out the place of the center.",
        ),
        (
            pairs([(i, j) for i, j in near if i < j and known(i, j)]),
            "only the words after the center are taken. The window reaches to both "
            "sides.",
        ),
        (
            pairs([(i, j) for i, j in near if i > j and known(i, j)]),
            "only the words before the center are taken. The window reaches to both "
            "sides.",
        ),
        (
            _skip_gram_pairs(ids, window - 1),
            "the window is one word too narrow: the neighbour `window` places away "
            "belongs to it, so a `range` must end one later.",
        ),
        (
            _skip_gram_pairs(ids, window + 1),
            "the window is one word too wide: the farthest neighbour is `window` "
            "places away.",
        ),
        (
            right[:, ::-1],
            "center and neighbour are exchanged: the center stands in the first "
            "column, and the rows follow the centers.",
        ),
        (
            right.T,
            "the array is transposed: one row for each pair, shape (n_pairs, 2).",
        ),
    ]


def _check_skip_gram_pairs(attempt: Attempt) -> str | None:
    return judge(
        attempt,
        oracle=_skip_gram_pairs,
        cases=[
            ([5, 1, 7, 3, 1, 1, 6, 4, 0], 2),
            ([4, 2, 9], 1),
            ([1, 8, 1], 1),
        ],
        mistakes=_skip_gram_pairs_mistakes,
    )


def _cosine(x: ndarray, y: ndarray) -> float:
    return float(sum(x * y) / np.sqrt(sum(x * x) * sum(y * y)))


def _analogy_scores(vectors: ndarray, a: int, b: int, c: int) -> ndarray:
    ones = [row / np.sqrt(sum(row * row)) for row in vectors]
    target = ones[b] - ones[a] + ones[c]
    scores = [_cosine(target, row) for row in ones]
    return np.array([-np.inf if k in (a, b, c) else s for k, s in enumerate(scores)])


def _analogy_scores_mistakes(vectors: ndarray, a: int, b: int, c: int) -> Mistakes:
    right = _analogy_scores(vectors, a, b, c)
    directions = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    target = directions[b] - directions[a] + directions[c]
    length = np.linalg.norm(target)
    admitted = directions @ target / length
    raw = vectors[b] - vectors[a] + vectors[c]
    only_c = admitted.copy()
    only_c[c] = -np.inf

    def excluded(scores: ndarray) -> ndarray:
        scores = scores.copy()
        scores[[a, b, c]] = -np.inf
        return scores

    distance = np.linalg.norm(directions - target, axis=1)
    return [
        (
            admitted,
            "the words of the question are admitted as answers, and one of them often "
            "wins. Give a, b and c the score -np.inf.",
        ),
        (
            only_c,
            "only c is excluded. By convention none of the three words of the question "
            "may be the answer.",
        ),
        (
            excluded(directions @ raw / np.linalg.norm(raw)),
            "the vectors are not brought to length 1 before they are added, so a long "
            "one drowns the others.",
        ),
        (
            _analogy_scores(vectors, b, a, c),
            "the step goes the wrong way: from a to b is b - a, and it is added to c.",
        ),
        (
            excluded(directions @ target),
            "these are inner products with the target, not cosines: the target has to "
            "be divided by its length, too.",
        ),
        (
            excluded(vectors @ target / length),
            "the candidates are not brought to length 1, so that long vectors score "
            "more. A cosine does not depend on length.",
        ),
        (
            excluded(-distance),
            "these are distances with a minus, not cosines.",
        ),
        (
            np.argmax(right),
            "you return the best answer. The scores of all words are asked for.",
        ),
    ]


def _check_analogy_scores(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(2)
    return judge(
        attempt,
        oracle=_analogy_scores,
        cases=[
            (rng.normal(size=(6, 3)).round(2), 4, 1, 2),
            (rng.normal(size=(5, 2)).round(2), 0, 3, 1),
        ],
        mistakes=_analogy_scores_mistakes,
    )


EXERCISES = {
    "04.3": Exercise(
        "embedding_gradient", ("ids", "d_x", "n_words"), _check_embedding_gradient
    ),
    "04.4": Exercise("skip_gram_pairs", ("ids", "window"), _check_skip_gram_pairs),
    "04.5": Exercise(
        "analogy_scores", ("vectors", "a", "b", "c"), _check_analogy_scores
    ),
}
