"""Vectors of texts: loops over the definitions, and scikit-learn's TF-IDF."""

import subprocess
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer

from coursepkg import text

IDS = st.lists(st.integers(0, 6), max_size=9)
COUNTS = hnp.arrays(
    np.int64, st.tuples(st.integers(1, 7), st.just(5)), elements=st.integers(0, 4)
)


@given(hnp.arrays(np.int32, hnp.array_shapes(max_side=4), elements=st.integers(0, 6)))
def test_one_hot_has_one_one_in_its_place(ids):
    """Every vector is the row of the unit matrix that its integer names."""
    vectors = text.one_hot(ids, 7)
    assert vectors.dtype == np.float32
    assert vectors.shape == (*ids.shape, 7)
    np.testing.assert_array_equal(vectors, np.eye(7)[ids])


@given(st.lists(IDS, max_size=5))
def test_counts_and_multi_hot_equal_loops(sequences):
    """Counting one integer after the other gives the same tables."""
    counts = np.zeros((len(sequences), 7))
    for row, ids in enumerate(sequences):
        for number in ids:
            counts[row, number] += 1
    result = text.count_vectors(sequences, 7)
    marks = text.multi_hot(sequences, 7)
    assert result.dtype == marks.dtype == np.float32
    np.testing.assert_array_equal(result, counts)
    np.testing.assert_array_equal(marks, counts > 0)


def test_empty_inputs_have_their_shapes():
    """No text and texts without tokens are encoded, too."""
    assert text.one_hot([], 3).shape == (0, 3)
    assert text.one_hot(2, 3).tolist() == [0, 0, 1]
    assert text.count_vectors([], 3).shape == (0, 3)
    assert text.multi_hot([[], []], 3).tolist() == [[0, 0, 0], [0, 0, 0]]
    assert text.tf_idf(np.zeros((0, 3))).shape == (0, 3)
    assert text.hashed([], 5) == []


def test_all_integer_types_are_counted():
    """An array of unsigned integers, and one of rows, are sequences like lists."""
    rows = np.array([[1, 2], [2, 2]], dtype=np.uint64)
    assert text.count_vectors(rows, 3).tolist() == [[0, 1, 1], [0, 0, 2]]
    assert text.one_hot(rows.astype(np.uint8), 3).shape == (2, 2, 3)


@given(COUNTS, COUNTS)
def test_tf_idf_equals_scikit_learn(train, test):
    """Fitted on themselves and on other counts, in both floating types."""
    transformer = TfidfTransformer().fit(train)
    np.testing.assert_allclose(
        text.tf_idf(train), transformer.transform(train).toarray(), rtol=1e-12
    )
    np.testing.assert_allclose(
        text.tf_idf(test, reference_counts=train),
        transformer.transform(test).toarray(),
        rtol=1e-12,
    )
    single = text.tf_idf(test.astype(np.float32), reference_counts=train)
    assert single.dtype == np.float32
    np.testing.assert_allclose(
        single, transformer.transform(test).toarray(), rtol=1e-5, atol=1e-7
    )


def test_the_whole_way_equals_the_vectorizer():
    """Tokens, vocabulary, counts and TF-IDF agree with TfidfVectorizer on texts."""
    train = ["The cat sat on the mat.", "The dog sat!", "Dogs and cats, and a mat."]
    test = ["A cat on a dog on a mat", "zebra", ""]
    vectorizer = TfidfVectorizer(token_pattern=r"(?u)\b\w+\b").fit(train)
    tokens = [text.tokenize_words(one) for one in train]
    vocabulary = text.Vocabulary.from_tokens(tokens)

    def table(texts):
        ids = [vocabulary.encode(text.tokenize_words(one)) for one in texts]
        return text.count_vectors(ids, len(vocabulary))[:, 2:]  # known words only

    columns = [vectorizer.vocabulary_[token] for token in vocabulary.id_to_token[2:]]
    for texts in (train, test):
        np.testing.assert_allclose(
            text.tf_idf(table(texts), reference_counts=table(train)),
            vectorizer.transform(texts).toarray()[:, columns],
            atol=1e-6,
        )


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8")), max_size=5)))
def test_hashed_is_the_checksum_modulo_the_buckets(sequences):
    """Each token goes to the bucket that its bytes alone decide."""
    assert text.hashed(sequences, 97) == [
        [zlib.crc32(token.encode()) % 97 for token in tokens] for tokens in sequences
    ]


def test_hashed_is_the_same_in_another_process():
    """Python's own hash differs from process to process; this one does not."""
    program = "from coursepkg import text; print(text.hashed([['cat', 'é']], 1000))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ".", "PYTHONUTF8": "1"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert outputs == {f"{text.hashed([['cat', 'é']], 1000)}\n"}


def test_hashed_spreads_words_evenly():
    """Collisions of 2,000 words in 1,000 buckets are as many as chance makes."""
    words = [f"word{number}" for number in range(2000)]
    used = len({row[0] for row in text.hashed([[word] for word in words], 1000)})
    expected = 1000 * (1 - (1 - 1 / 1000) ** 2000)  # occupied buckets
    assert abs(used - expected) < 5 * np.sqrt(1000 * np.exp(-2))


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: text.one_hot([3], 3), ValueError, "between 0 and 2, got 3"),
        (lambda: text.one_hot([-1], 3), ValueError, "between 0 and 2, got -1"),
        (lambda: text.one_hot([0.5], 3), TypeError, "must hold integers"),
        (lambda: text.one_hot(["a"], 3), TypeError, "must hold real numbers"),
        (lambda: text.one_hot([[1], [1, 2]], 3), ValueError, "different lengths"),
        (lambda: text.one_hot([0], 0), ValueError, "`n` must be at least 1"),
        (lambda: text.multi_hot([[9]], 3), ValueError, r"sequences\[0\]` must lie"),
        (lambda: text.count_vectors([1, 2], 3), ValueError, "flat sequence"),
        (lambda: text.count_vectors([[[1]]], 3), ValueError, "flat sequence"),
        (lambda: text.count_vectors("ab", 3), TypeError, "list of sequences"),
        (lambda: text.tf_idf([[-1.0]]), ValueError, "must not be negative"),
        (lambda: text.tf_idf([[np.nan]]), ValueError, "must be finite"),
        (lambda: text.tf_idf([1, 2]), ValueError, "must have 2 axes"),
        (
            lambda: text.tf_idf([[1]], reference_counts=[[1, 2]]),
            ValueError,
            r"shapes \(1, 2\) and \(1, 1\)",
        ),
        (
            lambda: text.tf_idf([[1]], reference_counts=np.zeros((0, 1))),
            ValueError,
            "at least one row",
        ),
        (lambda: text.hashed([["a"]], 0), ValueError, "`n_buckets` must be at least"),
        (lambda: text.hashed(["cat"], 9), TypeError, "got the str 'cat'"),
        (lambda: text.hashed([["\udfff"]], 9), ValueError, "lone surrogate"),
    ],
)
def test_wrong_arguments_are_refused(call, error, match):
    """Each mistake gets an error that names it."""
    with pytest.raises(error, match=match):
        call()
