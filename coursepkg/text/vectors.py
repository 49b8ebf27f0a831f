"""Word vectors in the formats in which they are published: GloVe and word2vec."""

from __future__ import annotations

import gzip
import io
import os
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursepkg._validation import check_array, check_finite
from coursepkg.text._checks import shortened
from coursepkg.text._files import written_whole
from coursepkg.text.vocabulary import Vocabulary

Progress = bool | Callable[[int, int], Any]
Vectors = tuple[NDArray[np.float32], NDArray[np.bool_]]

_BLOCK = 1 << 20  # bytes read at once
_LONGEST_LINE = 1 << 20
_LONGEST_WORD = 1 << 16
_MOST_NUMBERS = 1 << 16
_OF_NUMBERS = b"0123456789+-.eE "
_N_SPECIAL = 2  # padding and unknown


def read_glove(
    path: str | os.PathLike[str],
    vocabulary: Vocabulary,
    *,
    member: str | None = None,
    progress: Progress = False,
) -> Vectors:
    r"""Read the vectors of a vocabulary's words from a GloVe text file.

    Parameters
    ----------
    path : path-like
        A text file in UTF-8 with a word and its numbers in each line, or such a file
        compressed by gzip or in a zip archive.
    vocabulary : Vocabulary
        The words whose vectors are kept.
    member : str, optional
        Name of the file inside a zip archive that holds several, such as
        "glove.6B.50d.txt".
    progress : bool or callable
        True draws a bar on the error stream. A callable is called now and then with
        the bytes that are done and the bytes in all.

    Returns
    -------
    matrix : numpy.ndarray, shape (len(vocabulary), dimension)
        float32; row i is the vector of ``vocabulary.id_to_token[i]``. The rows of words
        that the file does not have are zeros, and so are always those of padding and
        of the unknown word: fill them as the task needs.
    found : numpy.ndarray, shape (len(vocabulary),)
        bool; which rows come from the file.

    Raises
    ------
    TypeError
        If `vocabulary` is not a `Vocabulary`.
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged or of another kind; the message names the line.

    Notes
    -----
    The file is read line by line and never held in memory. Every line has to have as
    many numbers as the first. A word may contain spaces, as some of "glove.840B" do,
    if none of its parts is a number. Of a word that occurs twice, the first vector
    counts. The numbers of words that are not wanted are only checked to consist of
    digits, points, signs and exponents.

    References
    ----------
    J. Pennington, R. Socher and C. D. Manning (2014), "GloVe: Global vectors for word
    representation", *EMNLP*, 1532-1543.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> vocabulary = Vocabulary.from_tokens([["cat", "dog"]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "vectors.txt"
    ...     _ = path.write_text("the 0.5 1\ncat 0.25 -1\n", encoding="utf-8")
    ...     matrix, found = read_glove(path, vocabulary)
    >>> matrix[vocabulary.token_to_id["cat"]]
    array([ 0.25, -1.  ], dtype=float32)
    >>> found
    array([False, False,  True, False])
    """
    wanted = _wanted_words(vocabulary)
    matrix = np.zeros((len(vocabulary), 0), dtype=np.float32)
    found = np.zeros(len(vocabulary), dtype=bool)  # (len(vocabulary),)
    dimension = 0
    number = 0

    def fail(what: str) -> NoReturn:
        message = (
            f"`path` must be a GloVe text file, got {path}: line {number} {what}. "
            "Download or write it again, or mend this line."
        )
        raise ValueError(message)

    with _opened(path, member, progress) as (file, report):
        while True:
            number += 1
            try:
                line = file.readline(_LONGEST_LINE)
            except (EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
                fail(f"cannot be unpacked, the archive is cut off or damaged ({error})")
            if not line:
                break
            report()
            if len(line) == _LONGEST_LINE:
                fail(f"is longer than {_LONGEST_LINE} bytes")
            line = line.rstrip(b" \r\n")
            if number == 1:
                dimension = _n_trailing_numbers(line)
                matrix = np.zeros((len(vocabulary), dimension), dtype=np.float32)
            word, numbers = _word_and_numbers(line, dimension)
            if numbers and (not word or word != word.strip(b" ")):
                fail("has a space where a word should begin or end")
            if not numbers:
                expected = dimension if dimension else "at least 1"
                n_numbers = _n_trailing_numbers(line)
                fail(f"has {n_numbers} numbers after a word, expected {expected}")
            if b" " in word and any(map(_is_number, word.split(b" "))):
                fail(_too_many_numbers(line, number, dimension))
            if not word.isascii():
                try:
                    word.decode("utf-8")
                except UnicodeDecodeError as error:
                    fail(f"is not UTF-8 at its byte {error.start}")
            if numbers.translate(None, _OF_NUMBERS) or b"  " in line[len(word) :]:
                fail(_not_a_number(numbers))
            row = wanted.get(word)
            if row is None or found[row]:
                continue
            try:
                vector = np.array([float(one) for one in numbers.split(b" ")])
            except ValueError:
                fail(_not_a_number(numbers))
            matrix[row] = _as_single(vector)  # (dimension,)
            if not np.isfinite(matrix[row]).all():
                fail(_not_a_number(numbers))
            found[row] = True
        report(last=True)
    if number == 1:
        fail("is missing, the file is empty")
    return matrix, found


def read_word2vec(
    path: str | os.PathLike[str],
    vocabulary: Vocabulary,
    *,
    progress: Progress = False,
) -> Vectors:
    """Read the vectors of a vocabulary's words from a word2vec binary file.

    Parameters
    ----------
    path : path-like
        A binary file as word2vec writes it, or one compressed by gzip, such as
        "GoogleNews-vectors-negative300.bin.gz".
    vocabulary : Vocabulary
        The words whose vectors are kept.
    progress : bool or callable
        True draws a bar on the error stream. A callable is called now and then with
        the bytes that are done and the bytes in all.

    Returns
    -------
    matrix : numpy.ndarray, shape (len(vocabulary), dimension)
        float32; row i is the vector of ``vocabulary.id_to_token[i]``. The rows of words
        that the file does not have are zeros, and so are always those of padding and
        of the unknown word.
    found : numpy.ndarray, shape (len(vocabulary),)
        bool; which rows come from the file.

    Raises
    ------
    TypeError
        If `vocabulary` is not a `Vocabulary`.
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged or of another kind; the message names the byte, counted
        from 0 in the unpacked file.

    Notes
    -----
    A line of text says how many words follow and how many numbers each has. Then
    come, for each, the word in UTF-8, a space, the numbers as 32-bit floats (least
    byte first) and, in most files, a line feed. The file is read in blocks and never
    held in memory. Of a word that occurs twice, the first vector counts.

    References
    ----------
    T. Mikolov, I. Sutskever, K. Chen, G. Corrado and J. Dean (2013), "Distributed
    representations of words and phrases and their compositionality", *Advances in
    Neural Information Processing Systems* 26, 3111-3119.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> vocabulary = Vocabulary.from_tokens([["cat", "dog"]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "vectors.bin"
    ...     write_word2vec(path, vocabulary, [[0, 0], [0, 0], [0.25, -1], [1, 2]])
    ...     matrix, found = read_word2vec(path, vocabulary)
    >>> matrix[vocabulary.token_to_id["cat"]]
    array([ 0.25, -1.  ], dtype=float32)
    """
    wanted = _wanted_words(vocabulary)
    found = np.zeros(len(vocabulary), dtype=bool)  # (len(vocabulary),)
    block, at, passed = b"", 0, 0  # `passed` bytes came before the block

    def fail(where: int, what: str) -> NoReturn:
        message = (
            f"`path` must be a word2vec binary file, got {path}: byte {where} {what}. "
            "Download or write it again."
        )
        raise ValueError(message)

    with _opened(path, None, progress) as (file, report):

        def fill(n_bytes: int) -> int:
            """Have `n_bytes` in the block after `at` if the file has them."""
            nonlocal block, at, passed
            if len(block) - at < n_bytes:
                passed += at
                try:
                    block = block[at:] + file.read(max(_BLOCK, n_bytes))
                except (EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
                    fail(passed + len(block) - at, f"cannot be unpacked ({error})")
                at = 0
                report()
            return len(block) - at

        fill(_LONGEST_WORD)
        end = block.find(b"\n", 0, 100)
        head = block[: max(end, 0)].split()
        if len(head) != 2 or not all(part.isdigit() for part in head):
            fail(0, "does not begin a line with the number of words and of numbers")
        n_words, dimension = int(head[0]), int(head[1])
        if not 1 <= dimension <= _MOST_NUMBERS:
            fail(0, f"promises {dimension} numbers a word, at most {_MOST_NUMBERS} fit")
        at = end + 1
        matrix = np.zeros((len(vocabulary), dimension), dtype=np.float32)
        for done in range(n_words):
            fill(_LONGEST_WORD)
            while block[at : at + 1] == b"\n":
                at += 1
            space = block.find(b" ", at, at + _LONGEST_WORD)
            if space < 0:
                left = fill(_LONGEST_WORD)
                what = "has no space after a word"
                if left < _LONGEST_WORD:
                    what = f"is near the end, but {n_words - done} words are missing"
                fail(passed + at, f"{what} ({done} of {n_words} words were read)")
            word = block[at:space]
            if not word or not word.isascii():
                try:
                    word.decode("utf-8")
                except UnicodeDecodeError as error:
                    fail(passed + at + error.start, "is not UTF-8")
                if not word:
                    fail(passed + at, "is a space where a word should be")
            at = space + 1
            if fill(4 * dimension) < 4 * dimension:
                what = f"is where the file ends, in the vector of word {done + 1}"
                fail(passed + len(block), f"{what} of {n_words}")
            row = wanted.get(word)
            if row is not None and not found[row]:
                matrix[row] = np.frombuffer(block, "<f4", dimension, at)  # (dimension,)
                finite = np.isfinite(matrix[row])
                if not finite.all():
                    bad = passed + at + 4 * int(np.argmin(finite))
                    fail(bad, "begins a number that is not finite")
                found[row] = True
            at += 4 * dimension
        fill(2)
        rest = block[at:].lstrip(b"\n")
        if rest:
            fail(
                passed + len(block) - len(rest),
                f"should be the end: the first line promises {n_words} words",
            )
        report(last=True)
    return matrix, found


def write_glove(
    path: str | os.PathLike[str], vocabulary: Vocabulary, matrix: ArrayLike
) -> None:
    """Write word vectors as a GloVe text file.

    Parameters
    ----------
    path : path-like
        File to write; it is moved to its place when it is complete.
    vocabulary : Vocabulary
        The words. Padding and the unknown word are not written.
    matrix : array_like, shape (len(vocabulary), dimension)
        Their vectors, in the order of the vocabulary. They are written as 32-bit
        floats with as many digits as it takes to read exactly these back.

    Raises
    ------
    TypeError
        If `vocabulary` is not a `Vocabulary`, or `matrix` does not hold numbers.
    ValueError
        If `matrix` has another number of rows, or values that are not finite, or if
        the format cannot hold a word: an empty one, one with a line break or with a
        space at an end, or one with spaces and a part that is a number.
    """
    vectors = _check_vectors(matrix, vocabulary)
    for word in vocabulary.id_to_token[_N_SPECIAL:]:
        raw = word.encode("utf-8")
        numeric = b" " in raw and any(map(_is_number, raw.split(b" ")))
        if not raw or raw != raw.strip(b" \r\n") or b"\n" in raw or numeric:
            raise _unwritable(word, "a GloVe text file")
    with written_whole(path) as file:
        for word, vector in zip(
            vocabulary.id_to_token[_N_SPECIAL:], vectors[_N_SPECIAL:], strict=True
        ):
            numbers = " ".join(str(number) for number in vector)
            file.write(f"{word} {numbers}\n".encode())


def write_word2vec(
    path: str | os.PathLike[str], vocabulary: Vocabulary, matrix: ArrayLike
) -> None:
    """Write word vectors as a word2vec binary file.

    Parameters
    ----------
    path : path-like
        File to write; it is moved to its place when it is complete.
    vocabulary : Vocabulary
        The words. Padding and the unknown word are not written.
    matrix : array_like, shape (len(vocabulary), dimension)
        Their vectors, in the order of the vocabulary. They are written as 32-bit
        floats.

    Raises
    ------
    TypeError
        If `vocabulary` is not a `Vocabulary`, or `matrix` does not hold numbers.
    ValueError
        If `matrix` has another number of rows, or values that are not finite, or if
        the format cannot hold a word: an empty one, or one with a space or a line
        break.
    """
    vectors = _check_vectors(matrix, vocabulary)
    for word in vocabulary.id_to_token[_N_SPECIAL:]:
        if not word or " " in word or "\n" in word:
            raise _unwritable(word, "a word2vec file")
    n_words, dimension = len(vectors) - _N_SPECIAL, vectors.shape[1]
    with written_whole(path) as file:
        file.write(f"{n_words} {dimension}\n".encode())
        for word, vector in zip(
            vocabulary.id_to_token[_N_SPECIAL:], vectors[_N_SPECIAL:], strict=True
        ):
            file.write(f"{word} ".encode() + vector.astype("<f4").tobytes() + b"\n")


def _wanted_words(vocabulary: Any) -> dict[bytes, int]:
    """Return the row of each word that a file may have."""
    _check_vocabulary(vocabulary)
    return {
        token.encode("utf-8"): number
        for number, token in enumerate(vocabulary.id_to_token)
        if number >= _N_SPECIAL
    }


def _check_vocabulary(vocabulary: Any) -> None:
    if not isinstance(vocabulary, Vocabulary):
        message = (
            f"`vocabulary` must be a Vocabulary, got {type(vocabulary).__name__}. "
            "Make one with `Vocabulary.from_tokens`."
        )
        raise TypeError(message)


def _check_vectors(matrix: ArrayLike, vocabulary: Any) -> NDArray[np.float32]:
    """Return the matrix in single precision, with one row for each token."""
    _check_vocabulary(vocabulary)
    array = check_array(matrix, "matrix", ndim=2)
    if len(array) != len(vocabulary) or array.shape[1] < 1:
        message = (
            f"`matrix` must have one row for each of the {len(vocabulary)} tokens and "
            f"at least one column, got the shape {array.shape}. Pass rows for padding "
            "and the unknown word, too."
        )
        raise ValueError(message)
    return check_finite(_as_single(array), "matrix")


def _as_single(array: NDArray[Any]) -> NDArray[np.float32]:
    """Round to 32 bits; what is too large becomes infinite, and is refused later."""
    with np.errstate(over="ignore"):
        return array.astype(np.float32)


def _unwritable(word: str, kind: str) -> ValueError:
    message = (
        f"`vocabulary` must hold words that {kind} can hold, got {shortened(word)}. "
        "Leave this word out, or replace its spaces."
    )
    return ValueError(message)


def _is_number(part: bytes) -> bool:
    """Tell whether some bytes are a number as a vector has them."""
    if not part or part.translate(None, _OF_NUMBERS):
        return False
    try:
        float(part)
    except ValueError:
        return False
    return True


def _n_trailing_numbers(line: bytes) -> int:
    """Count the numbers at the end of a line, the first part not among them."""
    parts = line.split(b" ")[1:]
    n_numbers = 0
    while parts and _is_number(parts.pop()):
        n_numbers += 1
    return n_numbers


def _word_and_numbers(line: bytes, dimension: int) -> tuple[bytes, bytes]:
    """Cut a line before its last `dimension` parts; either may come out empty."""
    if line.count(b" ") == dimension:  # a word without spaces: the usual case, fast
        word, _, numbers = line.partition(b" ")
        return word, numbers
    parts = line.rsplit(b" ", dimension)
    if dimension == 0 or len(parts) <= dimension:
        return line, b""
    return parts[0], line[len(parts[0]) + 1 :]


def _not_a_number(numbers: bytes) -> str:
    for place, part in enumerate(numbers.split(b" "), start=1):
        if not _is_number(part):
            return f"has {shortened(part)} as its number {place}"
    return "has a number that is too large for 32 bits"


def _too_many_numbers(line: bytes, number: int, dimension: int) -> str:
    """Say that a word with spaces contains numbers, and what that may mean."""
    if number == 1:
        return f"has something between its numbers: {shortened(line)}"
    what = f"has {_n_trailing_numbers(line)} numbers after a word, expected {dimension}"
    if dimension == 1 and number == 2:
        what += " (if line 1 is a count of words and of numbers, remove it)"
    return what


@contextmanager
def _opened(
    path: str | os.PathLike[str], member: str | None, progress: Progress
) -> Iterator[tuple[Any, Callable[..., None]]]:
    """Open a plain, gzip or zip file, and give what reports how far it is read."""
    with open(path, "rb", buffering=_BLOCK) as raw:
        total = os.fstat(raw.fileno()).st_size
        start = raw.read(4)
        raw.seek(0)
        if start[:2] == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield unpacked, _reporter(raw, total, progress)
        elif start == b"PK\x03\x04":
            try:
                archive = zipfile.ZipFile(raw)
            except zipfile.BadZipFile as error:
                message = (
                    f"`path` must be a whole zip archive, got {path}: {error}. "
                    "Download it again."
                )
                raise ValueError(message) from None
            with archive:
                info = archive.getinfo(_only_member(archive, path, member))
                with archive.open(info) as inside:
                    reporter = _reporter(inside, info.file_size, progress)
                    # ZipExtFile reads lines slowly.
                    yield io.BufferedReader(inside, _BLOCK), reporter
        else:
            yield raw, _reporter(raw, total, progress)


def _only_member(archive: zipfile.ZipFile, path: Any, member: str | None) -> str:
    """Return the name of the file to read in an archive."""
    names = [info.filename for info in archive.infolist() if not info.is_dir()]
    if member is None and len(names) == 1:
        return names[0]
    if member not in names:
        message = (
            f"`member` must be one of the files in {path}, got {member!r}. "
            f"Pass one of: {', '.join(names)}."
        )
        raise ValueError(message)
    return member


def _reporter(file: Any, total: int, progress: Progress) -> Callable[..., None]:
    """Return a function that reports the position in a file now and then."""
    if progress is False or progress is None:
        return lambda last=False: None  # noqa: ARG005
    if progress is not True and not callable(progress):
        message = (
            f"`progress` must be True, False or callable, got {progress!r}. "
            "Pass a function of the bytes that are done and the bytes in all."
        )
        raise TypeError(message)
    show = _draw_bar if progress is True else progress
    step = max(_BLOCK, total // 100)
    reported = 0

    def report(last: bool = False) -> None:
        nonlocal reported
        done = total if last else min(file.tell(), total)
        if last or done - reported >= step:
            reported = done
            show(done, total)

    return report


def _draw_bar(done: int, total: int) -> None:
    """Draw a bar on the error stream, over the one before."""
    share = done / total if total else 1.0
    bar = ("#" * round(40 * share)).ljust(40)
    end = "\n" if done >= total else ""
    sys.stderr.write(f"\r[{bar}] {share:4.0%} of {total / 1e6:,.1f} MB{end}")
    sys.stderr.flush()
