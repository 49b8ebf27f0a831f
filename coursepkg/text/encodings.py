"""From integers to vectors: one-hot, multi-hot, counts, TF-IDF and stable hashing."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursepkg._validation import check_array, check_finite, check_integer
from coursepkg.text._checks import (
    check_sequences,
    check_text,
    check_tokens,
    shortened,
)


def one_hot(ids: ArrayLike, n: int) -> NDArray[np.float32]:
    """Write each integer as a vector with a single 1.

    Parameters
    ----------
    ids : array_like of int, shape (...)
        Integers between 0 and `n` - 1, of one or several texts of the same length.
    n : int
        Number of columns, such as ``len(vocabulary)``.

    Returns
    -------
    numpy.ndarray, shape (..., n)
        float32; 1 in the column of the integer and 0 elsewhere. Padding is encoded as
        any other integer: 1 in column 0.

    Raises
    ------
    TypeError
        If `ids` does not hold integers.
    ValueError
        If one of them is negative or not less than `n`, or if the rows have different
        lengths.

    Examples
    --------
    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    n = check_integer(n, "n", minimum=1)
    array = _check_ids(ids, "ids", n)  # (...)
    vectors = np.zeros((array.size, n), dtype=np.float32)  # (size, n)
    vectors[np.arange(array.size), array.ravel()] = 1.0
    return vectors.reshape(*array.shape, n)


def multi_hot(sequences: Iterable[ArrayLike], n: int) -> NDArray[np.float32]:
    """Mark which integers occur in each sequence.

    Parameters
    ----------
    sequences : iterable of sequences of int
        Encoded texts of any lengths, before padding: a 0 counts like any integer.
    n : int
        Number of columns, such as ``len(vocabulary)``.

    Returns
    -------
    numpy.ndarray, shape (n_sequences, n)
        float32; 1 where the integer occurs at least once.

    Raises
    ------
    TypeError
        If a sequence does not hold integers.
    ValueError
        If one of them is negative or not less than `n`.

    Examples
    --------
    >>> multi_hot([[2, 3, 2], []], 4)
    array([[0., 0., 1., 1.],
           [0., 0., 0., 0.]], dtype=float32)
    """
    return np.minimum(count_vectors(sequences, n), np.float32(1.0))


def count_vectors(sequences: Iterable[ArrayLike], n: int) -> NDArray[np.float32]:
    """Count how often each integer occurs in each sequence: the bag of words.

    Parameters
    ----------
    sequences : iterable of sequences of int
        Encoded texts of any lengths, before padding: a 0 counts like any integer.
    n : int
        Number of columns, such as ``len(vocabulary)``.

    Returns
    -------
    numpy.ndarray, shape (n_sequences, n)
        float32 counts; the sum of a row is the length of its sequence.

    Raises
    ------
    TypeError
        If a sequence does not hold integers.
    ValueError
        If one of them is negative or not less than `n`.

    Examples
    --------
    >>> count_vectors([[2, 3, 2], []], 4)
    array([[0., 0., 2., 1.],
           [0., 0., 0., 0.]], dtype=float32)
    """
    n = check_integer(n, "n", minimum=1)
    rows = list(check_sequences(sequences, "sequences"))
    counts = np.zeros((len(rows), n), dtype=np.float32)  # (n_sequences, n)
    for number, row in enumerate(rows):
        name = f"sequences[{number}]"
        ids = _check_ids(row, name, n)  # (length,)
        if ids.ndim != 1:
            message = (
                f"`{name}` must be a flat sequence of integers, got {shortened(row)}. "
                "Pass a list of encoded texts; a single one is [ids]."
            )
            raise ValueError(message)
        counts[number] = np.bincount(ids, minlength=n)
    return counts


def tf_idf(
    counts: ArrayLike, *, reference_counts: ArrayLike | None = None
) -> NDArray[np.floating]:
    r"""Weight counts by how rare each token is, and scale each row to length 1.

    Parameters
    ----------
    counts : array_like, shape (n_sequences, n)
        How often each token occurs in each text, as from `count_vectors`.
    reference_counts : array_like, shape (n_reference, n), optional
        The counts from which rarity is measured. Pass those of the training texts
        when `counts` are of validation or test texts. By default `counts` themselves.

    Returns
    -------
    numpy.ndarray, shape (n_sequences, n)
        In the floating type of `counts`, float64 for integers. A text without tokens
        stays a row of zeros.

    Raises
    ------
    TypeError
        If the counts are not numbers.
    ValueError
        If they are negative or not finite, if the two have different numbers of
        columns, or if `reference_counts` has no row.

    Notes
    -----
    With N reference texts, of which df hold the token,

    .. math:: \mathrm{idf} = \ln \frac{1 + N}{1 + \mathrm{df}} + 1, \qquad
              w = \mathrm{count} \cdot \mathrm{idf}, \qquad w / \lVert w \rVert_2,

    the form and the smoothing of scikit-learn's ``TfidfVectorizer`` with its defaults.

    References
    ----------
    K. Spärck Jones (1972), "A statistical interpretation of term specificity and its
    application in retrieval", *Journal of Documentation* 28(1), 11-21.

    Examples
    --------
    >>> counts = count_vectors([[0, 1], [0, 2], [0, 2, 2]], 3)
    >>> tf_idf(counts).round(2)
    array([[0.51, 0.86, 0.  ],
           [0.61, 0.  , 0.79],
           [0.36, 0.  , 0.93]], dtype=float32)
    >>> tf_idf([[1, 1, 0]], reference_counts=counts).round(2)
    array([[0.51, 0.86, 0.  ]])
    """
    array = _check_counts(counts, "counts")  # (n_sequences, n)
    reference = array
    if reference_counts is not None:
        reference = _check_counts(reference_counts, "reference_counts")
        if reference.shape[1] != array.shape[1] or not len(reference):
            message = (
                "`reference_counts` must have at least one row and the columns of "
                f"`counts`, got the shapes {reference.shape} and {array.shape}. Count "
                "both with the vocabulary of the training texts."
            )
            raise ValueError(message)
    document_counts = np.count_nonzero(reference, axis=0)  # (n,)
    idf = np.log((1 + len(reference)) / (1 + document_counts)) + 1  # (n,)
    dtype = array.dtype if array.dtype.kind == "f" else np.dtype(np.float64)
    weighted = array * idf.astype(dtype)  # (n_sequences, n)
    norms = np.sqrt(np.einsum("ij,ij->i", weighted, weighted))  # (n_sequences,)
    norms[norms == 0] = 1
    weighted /= norms[:, np.newaxis]
    return weighted


def hashed(sequences: Iterable[Iterable[str]], n_buckets: int) -> list[list[int]]:
    """Replace each token by the number of a bucket, without any vocabulary.

    Parameters
    ----------
    sequences : iterable of sequences of str
        The tokens of each text.
    n_buckets : int
        Number of buckets, at least 1. Tokens that fall into one bucket can no longer
        be told apart.

    Returns
    -------
    list of list of int
        One number between 0 and `n_buckets` - 1 for each token. Bucket 0 is one like
        the others: add 1 to all before padding with 0.

    Raises
    ------
    TypeError
        If a sequence is a str that has not been cut into tokens.
    ValueError
        If `n_buckets` is less than 1, or a token holds a lone surrogate.

    Notes
    -----
    The bucket is the CRC-32 of the token's UTF-8 bytes modulo `n_buckets`: the same
    in every process and on every machine, which Python's own `hash` is not.

    References
    ----------
    K. Weinberger, A. Dasgupta, J. Langford, A. Smola and J. Attenberg (2009), "Feature
    hashing for large scale multitask learning", *ICML*, 1113-1120.

    Examples
    --------
    >>> hashed([["the", "cat", "the"], []], 1000)
    [[78, 832, 78], []]
    """
    n_buckets = check_integer(n_buckets, "n_buckets", minimum=1)
    buckets: dict[str, int] = {}
    rows = []
    for number, sequence in enumerate(check_sequences(sequences, "sequences")):
        tokens = check_tokens(sequence, f"sequences[{number}]")
        for token in tokens:
            if token not in buckets:
                raw = check_text(token, f"sequences[{number}]").encode("utf-8")
                buckets[token] = zlib.crc32(raw) % n_buckets
        rows.append([buckets[token] for token in tokens])
    return rows


def _check_ids(value: Any, name: str, n: int) -> NDArray[np.integer]:
    """Return integers between 0 and `n` - 1 as an array of any shape."""
    array = check_array(value, name, ndim=range(33))
    if array.size == 0:
        return array.astype(np.int64)
    if array.dtype.kind not in "iu":
        message = (
            f"`{name}` must hold integers, got dtype {array.dtype}. "
            "Encode the tokens first, with `Vocabulary.encode`."
        )
        raise TypeError(message)
    lowest, highest = int(array.min()), int(array.max())
    if lowest < 0 or highest >= n:
        message = (
            f"`{name}` must lie between 0 and {n - 1}, got "
            f"{lowest if lowest < 0 else highest}. Pass `n=len(vocabulary)` of the "
            "vocabulary that encoded them."
        )
        raise ValueError(message)
    return array.astype(np.int64, copy=False)


def _check_counts(value: Any, name: str) -> NDArray[Any]:
    """Return a table of counts, none of them negative."""
    array = check_finite(check_array(value, name, ndim=2), name)
    if array.size and array.min() < 0:
        message = (
            f"`{name}` must not be negative, got {array.min()}. "
            "Pass what `count_vectors` returned, not yet standardized."
        )
        raise ValueError(message)
    return array
