"""Real texts: what `fetch_*` returns, and how each published layout is read."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coursepkg.datasets._archives import (
    check_zip_member,
    gzip_file,
    require,
    tar_files,
    zip_file,
)

_SPLITS = ("train", "test")
_SENTIMENTS = ("neg", "pos")  # the label is the place
_REVIEW_NAME = r"aclImdb/(train|test)/(neg|pos)/(\d{1,9})_(\d{1,2})\.txt"
_LARGEST_TEXT = 128 * 2**20  # bytes of all reviews together
_LONGEST_LINE = 1 << 16  # bytes of a word and its numbers

# The title and the first act of the play, and its last line.
_HAMLET = re.compile(
    r"^The Tragedie of Hamlet\s+Actus Primus\..*"
    r"^FINIS\. The tragedie of HAMLET, Prince of Denmarke\.",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, eq=False)
class ImdbData:
    """Film reviews of the Internet Movie Database, in the official split.

    Parameters
    ----------
    train_texts, test_texts : list of str
        Reviews as written, with their ``<br />``; the negative ones stand first, so
        shuffle before you hold any out.
    train_labels, test_labels : array of shape (n_reviews,)
        1 for praise and 0 for blame.
    sha256 : str
        Digest of all texts and labels, the same for each layout of the files.
    """

    train_texts: list[str]
    train_labels: NDArray[np.int64]
    test_texts: list[str]
    test_labels: NDArray[np.int64]
    sha256: str

    def __repr__(self) -> str:
        """Return the sizes."""
        n_train, n_test = len(self.train_texts), len(self.test_texts)
        return f"ImdbData({n_train:,} training and {n_test:,} test reviews)"


@dataclass(frozen=True, eq=False)
class HamletData:
    """Shakespeare's Hamlet in the spelling of the First Folio.

    Parameters
    ----------
    text : str
        From the title to "FINIS", without what Project Gutenberg wrote around it.
    sha256 : str
        Digest of the text, whatever stood around it.
    """

    text: str
    sha256: str

    def __repr__(self) -> str:
        """Return the size."""
        return f"HamletData({len(self.text):,} characters)"


@dataclass(frozen=True, eq=False)
class GloveData:
    """A file of word vectors that `text.read_glove` reads.

    Parameters
    ----------
    path : pathlib.Path
        The file, which stays where it is: it may unpack to more than memory holds.
    member : str or None
        Name of the file inside a zip archive; None where `path` is no archive.
    n_words : int
        Number of lines.
    dimension : int
        Numbers of each word.
    sha256 : str
        Digest of the first 10,000 words and their vectors, which are the same in the
        whole file and in the shortened one.
    """

    path: Path
    member: str | None
    n_words: int
    dimension: int
    sha256: str

    def __repr__(self) -> str:
        """Return the size and the file's name."""
        return (
            f"GloveData({self.n_words:,} words, {self.dimension} numbers each, "
            f"in {self.path.name!r})"
        )


@dataclass(frozen=True, eq=False)
class SentencePairs:
    """English sentences with a translation each.

    Parameters
    ----------
    pairs : list of tuple of str
        The English sentence and the other one, roughly from short to long; many
        English sentences stand several times, each time with another translation.
    sha256 : str
        Digest of the list's file, however it was packed.
    """

    pairs: list[tuple[str, str]]
    sha256: str

    def __repr__(self) -> str:
        """Return the number of pairs."""
        return f"SentencePairs({len(self.pairs):,} pairs)"


def read_imdb_archive(path: Path, *, n_per_label: int) -> ImdbData:
    """Read the official archive of a folder for each split and label.

    Parameters
    ----------
    path : pathlib.Path
        "aclImdb_v1.tar.gz".
    n_per_label : int
        Reviews of each label in each split.

    Returns
    -------
    ImdbData
        In order of the ids in the file names; the unlabelled reviews are passed over.
    """
    groups: dict[tuple[str, str], dict[int, str]] = {
        (split, label): {} for split in _SPLITS for label in _SENTIMENTS
    }
    n_bytes = 0
    for match, content in tar_files(path, _REVIEW_NAME):
        split, label, number, stars = match.groups()
        group, name = groups[split, label], match.string
        require(int(number) not in group, f"the review {name} stands in it twice")
        fitting = int(stars) <= 4 if label == "neg" else int(stars) >= 7
        require(fitting, f"{name} has stars that its label does not have")
        n_bytes += len(content)
        require(n_bytes <= _LARGEST_TEXT, "its reviews are too large")
        group[int(number)] = content.decode("utf-8")
    for (split, label), group in groups.items():
        missing = next((i for i in range(n_per_label) if i not in group), None)
        require(missing is None, f"it has no {split} review {missing} labelled {label}")
    return _reviews(
        {key: [group[i] for i in sorted(group)] for key, group in groups.items()},
        n_per_label,
    )


def read_imdb_csv(path: Path, *, n_per_label: int) -> ImdbData:
    """Read the reviews from one packed table.

    Parameters
    ----------
    path : pathlib.Path
        "imdb_reviews.csv.gz" with the columns split, label and review; in each group
        the rows are in the order of the official ids.
    n_per_label : int
        Reviews of each label in each split.

    Returns
    -------
    ImdbData
        The same as from the archive.
    """
    groups: dict[tuple[str, str], list[str]] = {
        (split, label): [] for split in _SPLITS for label in _SENTIMENTS
    }
    text = io.TextIOWrapper(io.BytesIO(gzip_file(path)), "utf-8", newline="")
    rows = csv.reader(text, strict=True)
    header = next(rows, [])
    known = ["split", "label", "review"]
    require(header == known, f"its columns are {header}, not {known}")
    for row in rows:
        require(len(row) == 3, f"its row {rows.line_num} has not 3 columns")
        group = groups.get((row[0], row[1]))
        if group is None:
            message = f"its row {rows.line_num} has the group {row[0]!r}, {row[1]!r}"
            raise ValueError(message)
        group.append(row[2])
    return _reviews(groups, n_per_label)


def _reviews(groups: dict[tuple[str, str], list[str]], n_per_label: int) -> ImdbData:
    digest = hashlib.sha256()
    for (split, label), texts in groups.items():
        require(
            len(texts) == n_per_label,
            f"it holds {len(texts):,} {split} reviews labelled {label}, "
            f"not {n_per_label:,}",
        )
        for text in texts:
            require(text.strip(), f"a {split} review labelled {label} is empty")
            digest.update(f"{split} {label} {text}\0".encode())
    labels = np.repeat(np.arange(2, dtype=np.int64), n_per_label)  # (n_reviews,)
    return ImdbData(
        train_texts=groups["train", "neg"] + groups["train", "pos"],
        train_labels=labels,
        test_texts=groups["test", "neg"] + groups["test", "pos"],
        test_labels=labels.copy(),
        sha256=digest.hexdigest(),
    )


def read_hamlet(path: Path, *, n_characters: tuple[int, int]) -> HamletData:
    """Read the play from a text file of Project Gutenberg.

    Parameters
    ----------
    path : pathlib.Path
        "pg2265.txt", with any header and footer and any line ends.
    n_characters : tuple of int
        The least and the greatest number of characters to accept.

    Returns
    -------
    HamletData
        What stands between the title above the first act and the last line.
    """
    content = path.read_bytes()
    require(len(content) <= 10 * n_characters[1], "it is too large")
    whole = content.decode("utf-8-sig").replace("\r\n", "\n")
    match = _HAMLET.search(whole)
    if match is None:
        message = 'the play from "The Tragedie of Hamlet" to "FINIS" is not in it'
        raise ValueError(message)
    text = match.group()
    least, most = n_characters
    require(
        least <= len(text) <= most,
        f"the play in it has {len(text):,} characters, not {least:,} to {most:,}",
    )
    return HamletData(text, hashlib.sha256(text.encode()).hexdigest())


def read_sentence_pairs(path: Path, *, member: str, n_pairs: int) -> SentencePairs:
    """Read the pairs of a zip archive.

    Parameters
    ----------
    path : pathlib.Path
        The archive.
    member : str
        The file inside: an English sentence, a tab and its translation in each line;
        what follows another tab is passed over.
    n_pairs : int
        The least number of pairs to accept.

    Returns
    -------
    SentencePairs
        In the order of the file.
    """
    content = zip_file(path, member)
    pairs = []
    lines = content.decode("utf-8").replace("\r\n", "\n").removesuffix("\n")
    for number, line in enumerate(lines.split("\n"), start=1):
        english, _, rest = line.partition("\t")
        other = rest.partition("\t")[0]
        require(
            english.strip() and other.strip(),
            f"line {number} of {member} is not a sentence, a tab and a sentence",
        )
        pairs.append((english, other))
    require(
        len(pairs) >= n_pairs, f"it holds {len(pairs):,} pairs, not {n_pairs:,} or more"
    )
    return SentencePairs(pairs, hashlib.sha256(content).hexdigest())


def read_glove_file(
    path: Path,
    *,
    n_words: int,
    dimension: int,
    n_digested: int,
    member: str | None = None,
) -> GloveData:
    """Look through a file of word vectors without keeping it.

    Parameters
    ----------
    path : pathlib.Path
        A text file, one packed by gzip, or a zip archive.
    n_words : int
        Number of words that it has to have.
    dimension : int
        Numbers that each line has to have.
    n_digested : int
        The first so many words and their vectors make the digest.
    member : str, optional
        Name of the file inside a zip archive.

    Returns
    -------
    GloveData
        Where the file is, and what is in it.
    """
    digest = hashlib.sha256()
    n_lines = 0
    with _opened(path, member) as file:
        while line := file.readline(_LONGEST_LINE):
            n_lines += 1
            complete = line.endswith(b"\n") and line.count(b" ") == dimension
            require(
                complete,
                f"its line {n_lines:,} is not a word and {dimension} numbers",
            )
            if n_lines <= n_digested:
                word, *numbers = line.split()
                require(len(numbers) == dimension, f"its line {n_lines:,} has blanks")
                vector = np.array([float(one) for one in numbers])  # (dimension,)
                digest.update(word + b" " + vector.astype("<f4").tobytes())
    require(n_lines == n_words, f"it holds {n_lines:,} words, not {n_words:,}")
    return GloveData(path, member, n_lines, dimension, digest.hexdigest())


@contextmanager
def _opened(path: Path, member: str | None) -> Iterator[Any]:
    if member is not None:
        with zipfile.ZipFile(path) as archive:
            check_zip_member(archive, member)
            with archive.open(member) as inside:
                # ZipExtFile reads lines slowly.
                yield io.BufferedReader(inside, 1 << 20)
    elif path.suffix == ".gz":
        with gzip.open(path) as unpacked:
            yield unpacked
    else:
        with path.open("rb") as plain:
            yield plain
