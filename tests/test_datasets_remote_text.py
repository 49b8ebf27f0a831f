"""Real texts: every published layout gives the same content, or is refused clearly."""

import csv
import gzip
import hashlib
import io
import os
import re
import shutil
import tarfile
import tempfile
import warnings
import zipfile
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pooch
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursepkg import datasets, text
from coursepkg.datasets import _real_texts, remote
from coursepkg.datasets._archives import DAMAGE

REAL_FOLDER = os.environ.get("COURSEPKG_DATA", "")
FETCH = {
    "imdb": datasets.fetch_imdb,
    "hamlet": datasets.fetch_hamlet,
    "glove": datasets.fetch_glove,
    "spanish_english": datasets.fetch_spanish_english,
}
IMDB_TAR, IMDB_CSV = "aclImdb_v1.tar.gz", "imdb_reviews.csv.gz"
GLOVE_ZIP, GLOVE_TXT, GLOVE_10K = (
    "glove.6B.zip",
    "glove.6B.50d.txt",
    "glove.6B.50d.10k.txt.gz",
)
N_REVIEWS, N_PAIRS, N_WORDS, N_COMMON = 4, 5, 9, 6  # what the small files hold
READERS = {
    IMDB_TAR: partial(_real_texts.read_imdb_archive, n_per_label=N_REVIEWS),
    IMDB_CSV: partial(_real_texts.read_imdb_csv, n_per_label=N_REVIEWS),
    "pg2265.txt": partial(_real_texts.read_hamlet, n_characters=(150, 400)),
    "spa-eng.zip": partial(
        _real_texts.read_sentence_pairs, member="spa-eng/spa.txt", n_pairs=N_PAIRS
    ),
    GLOVE_ZIP: partial(
        _real_texts.read_glove_file,
        n_words=N_WORDS,
        dimension=3,
        n_digested=N_COMMON,
        member=GLOVE_TXT,
    ),
    GLOVE_TXT: partial(
        _real_texts.read_glove_file, n_words=N_WORDS, dimension=3, n_digested=N_COMMON
    ),
    GLOVE_10K: partial(
        _real_texts.read_glove_file, n_words=N_COMMON, dimension=3, n_digested=N_COMMON
    ),
}


# Small files of the official layouts.

REVIEWS = {
    (split, label, number): (
        f'{label} "film", {split} {number}: naïve,\u0085 <br /><br />fin \U0001f3ac'
    )
    for split in ("train", "test")
    for label in ("neg", "pos")
    for number in range(N_REVIEWS)
}


def review_members(reviews=REVIEWS):
    """Return the official archive's files: other folders, and no order of ids."""
    members = {
        "aclImdb/README": b"Large Movie Review Dataset v1.0",
        "aclImdb/imdb.vocab": b"the\nand\n",
        "aclImdb/train/unsup/0_0.txt": b"not labelled",
        "aclImdb/train/labeledBow.feat": b"9 0:9",
    }
    for split, label, number in sorted(reviews, key=lambda key: (key[0], -key[2])):
        stars = 3 if label == "neg" else 10
        name = f"aclImdb/{split}/{label}/{number}_{stars}.txt"
        members[name] = reviews[split, label, number].encode()
    return members


def as_tar(members):
    """Return the bytes of a packed archive; a value that is text makes a link."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def as_csv(rows):
    """Return the bytes of a packed table."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["split", "label", "review"])
    writer.writerows(rows)
    return gzip.compress(table.getvalue().encode(), mtime=0)


ROWS = [(split, label, review) for (split, label, _), review in REVIEWS.items()]

PLAY = (
    "The Tragedie of Hamlet\n\nActus Primus. Scoena Prima.\n\n"
    "  Barnardo. Who's there?\n  Fran. Nay answer me\n\n"
    "The best Actors in the world, either for Tragedie\n\n\n"
    "FINIS. The tragedie of HAMLET, Prince of Denmarke."
)
OLD_HEADER = (
    "***The Project Gutenberg's Etext***\n***The Tragedie of Hamlet***\n\n"
    "The Tragedie of Hamlet\n\nby William Shakespeare\n\nDavid Reed\n\n"
)
NEW_HEADER = (
    "\ufeffThe Project Gutenberg eBook of Hamlet\n\nTitle: The Tragedie of Hamlet\n\n"
    "*** START OF THE PROJECT GUTENBERG EBOOK HAMLET ***\n\n\n\n"
)
NEW_FOOTER = "\n\n*** END OF THE PROJECT GUTENBERG EBOOK HAMLET ***\nTerms of use\n"

PAIRS = [("Go.", "Ve."), ("Go.", "Vete."), ("Hi.", "Hola."), ("No!", "¡No!")]
PAIRS.append(("Run!", "¡Corre!"))


def as_zip(members):
    """Return the bytes of a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def pair_lines(pairs=PAIRS, end=""):
    """Return the list of pairs as bytes."""
    return "".join("\t".join(pair) + f"{end}\n" for pair in pairs).encode()


WORDS = ["the", ",", "of", "naïve", "king", "queen", "rare", "rarer", "rarest"]
VECTORS = np.random.default_rng(0).normal(size=(N_WORDS, 3)).round(5)


def glove_lines(n_words=N_WORDS):
    """Return the first lines of a file of vectors."""
    lines = [
        f"{word} {' '.join(map(str, vector))}\n"
        for word, vector in zip(WORDS, VECTORS, strict=True)
    ]
    return "".join(lines[:n_words]).encode()


def glove_zip(content=None):
    """Return an archive with another dimension first, as the official one has."""
    return as_zip(
        {
            "glove.6B.100d.txt": b"the 1 2 3 4\n",
            GLOVE_TXT: glove_lines() if content is None else content,
        }
    )


SMALL = {
    IMDB_TAR: ("imdb", as_tar(review_members())),
    IMDB_CSV: ("imdb", as_csv(ROWS)),
    "pg2265.txt": ("hamlet", (OLD_HEADER + PLAY).encode()),
    GLOVE_ZIP: ("glove", glove_zip()),
    GLOVE_TXT: ("glove", glove_lines()),
    GLOVE_10K: ("glove", gzip.compress(glove_lines(N_COMMON))),
    "spa-eng.zip": (
        "spanish_english",
        as_zip({"spa-eng/_about.txt": "terms", "spa-eng/spa.txt": pair_lines()}),
    ),
}


def small_registry(**content_pins):
    """Return the registry for small files, with the digests of contents if given."""
    registry = {}
    for name in FETCH:
        known = remote.DATASETS[name]
        parts = tuple(
            tuple(
                replace(
                    layout,
                    read=READERS[layout.file],
                    sha256=None,
                    content_sha256=content_pins.get(name),
                )
                for layout in part
            )
            for part in known.parts
        )
        registry[name] = replace(known, parts=parts)
    return registry


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return an empty data folder; small files are right, downloads are refused."""
    monkeypatch.setenv("COURSEPKG_DATA", str(tmp_path))
    monkeypatch.setattr(remote, "DATASETS", small_registry())

    def refuse(**_):
        pytest.fail("something was downloaded over a file that is there")

    monkeypatch.setattr(pooch, "retrieve", refuse)
    return tmp_path


def fetch_quietly(name):
    """Fetch an edition that is not the documented one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return FETCH[name]()


def fetched(folder, file, content=None):
    """Fetch a data set of which only this file is there."""
    name, small = SMALL[file]
    for old in folder.iterdir():
        old.unlink()
    (folder / file).write_bytes(small if content is None else content)
    return fetch_quietly(name)


# Files that are as documented.


@pytest.mark.parametrize("file", [IMDB_TAR, IMDB_CSV])
def test_reviews_come_in_the_official_order(folder, file):
    """Train before test, negative before positive, by id; texts as they were."""
    imdb = fetched(folder, file)
    for split in ("train", "test"):
        texts = getattr(imdb, f"{split}_texts")
        labels = getattr(imdb, f"{split}_labels")
        expected = [
            REVIEWS[split, label, number]
            for label in ("neg", "pos")
            for number in range(N_REVIEWS)
        ]
        assert texts == expected
        assert labels.tolist() == [0] * N_REVIEWS + [1] * N_REVIEWS
        assert labels.dtype == np.int64
    assert imdb.train_labels is not imdb.test_labels
    assert repr(imdb) == "ImdbData(8 training and 8 test reviews)"


def test_both_layouts_of_the_reviews_have_one_digest(folder):
    """The digest tells texts and labels apart, not the ways of packing."""
    digests = {fetched(folder, file).sha256 for file in (IMDB_TAR, IMDB_CSV)}
    assert len(digests) == 1
    exchanged = [
        (split, label, ROWS[-1 - i][2]) for i, (split, label, _) in enumerate(ROWS)
    ]
    digests.add(fetched(folder, IMDB_CSV, as_csv(exchanged)).sha256)
    assert len(digests) == 2


@pytest.mark.parametrize(
    "content",
    [
        OLD_HEADER + PLAY,
        "\ufeff" + PLAY,
        NEW_HEADER + PLAY + NEW_FOOTER,
        (NEW_HEADER + PLAY + NEW_FOOTER).replace("\n", "\r\n"),
    ],
    ids=["pinned", "bare", "revised", "revised, with CRLF"],
)
def test_play_is_found_by_its_beginning(folder, content):
    """Whatever Project Gutenberg writes around it, the text and its digest stay."""
    hamlet = fetched(folder, "pg2265.txt", content.encode())
    assert hamlet.text == PLAY
    assert hamlet.sha256 == hashlib.sha256(PLAY.encode()).hexdigest()
    assert repr(hamlet) == f"HamletData({len(PLAY)} characters)"


@pytest.mark.parametrize(
    ("file", "member", "n_words"),
    [
        (GLOVE_ZIP, GLOVE_TXT, N_WORDS),
        (GLOVE_TXT, None, N_WORDS),
        (GLOVE_10K, None, N_COMMON),
    ],
)
def test_vectors_can_be_read_from_each_layout(folder, file, member, n_words):
    """What is returned is what `text.read_glove` takes; common words agree."""
    glove = fetched(folder, file)
    assert glove.path == folder.resolve() / file
    assert (glove.member, glove.n_words, glove.dimension) == (member, n_words, 3)
    assert repr(glove) == f"GloveData({n_words} words, 3 numbers each, in {file!r})"
    vocabulary = text.Vocabulary.from_tokens([["queen", "naïve", "rarest", "none"]])
    matrix, found = text.read_glove(glove.path, vocabulary, member=glove.member)
    for word in ("queen", "naïve", "rarest"):
        row, place = vocabulary.token_to_id[word], WORDS.index(word)
        assert found[row] == (place < n_words)
        if found[row]:
            np.testing.assert_array_equal(matrix[row], VECTORS[place].astype("f4"))
    digest = hashlib.sha256()
    for word, vector in zip(WORDS[:N_COMMON], VECTORS, strict=False):
        digest.update(word.encode() + b" " + vector.astype("<f4").tobytes())
    assert glove.sha256 == digest.hexdigest()


def test_whole_vectors_are_preferred_to_the_shortened(folder, monkeypatch):
    """A pinned digest does not make 10,000 words better than 400,000."""
    short = SMALL[GLOVE_10K][1]
    registry = small_registry(glove=fetched(folder, GLOVE_10K).sha256)
    (part,) = registry["glove"].parts
    part = tuple(
        replace(layout, sha256=hashlib.sha256(short).hexdigest())
        if layout.file == GLOVE_10K
        else layout
        for layout in part
    )
    registry["glove"] = replace(registry["glove"], parts=(part,))
    monkeypatch.setattr(remote, "DATASETS", registry)
    assert datasets.fetch_glove().n_words == N_COMMON
    (folder / GLOVE_ZIP).write_bytes(SMALL[GLOVE_ZIP][1])
    assert datasets.fetch_glove().n_words == N_WORDS


@pytest.mark.parametrize("end", ["", "\tCC-BY 2.0 (France) #1 & #2"])
def test_pairs_come_in_order(folder, end):
    """A column of credits, as newer lists have one, is passed over."""
    lines = pair_lines(end=end)
    spanish = fetched(folder, "spa-eng.zip", as_zip({"spa-eng/spa.txt": lines}))
    assert spanish.pairs == PAIRS
    assert spanish.sha256 == hashlib.sha256(lines).hexdigest()
    assert repr(spanish) == "SentencePairs(5 pairs)"


# Which edition it is.


@pytest.mark.parametrize("file", SMALL)
def test_documented_content_is_recognised_however_packed(folder, file, monkeypatch):
    """With its content pinned, a file is read in silence whatever its own digest."""
    name = SMALL[file][0]
    digest = fetched(folder, file).sha256
    monkeypatch.setattr(remote, "DATASETS", small_registry(**{name: digest}))
    FETCH[name]()


@pytest.mark.parametrize("file", SMALL)
def test_other_content_is_read_with_a_warning(folder, file, monkeypatch):
    """The warning stands where `fetch_*` was called and names file and digest."""
    name = SMALL[file][0]
    other = fetched(folder, file)
    monkeypatch.setattr(remote, "DATASETS", small_registry(**{name: "0" * 64}))
    with pytest.warns(UserWarning, match="holds another edition") as caught:
        FETCH[name]()
    assert other.sha256 in str(caught[0].message)
    assert file in str(caught[0].message)
    assert caught[0].filename == __file__


# Files that are not what they should be.


def without(key):
    """Return the reviews without one."""
    return {one: review for one, review in REVIEWS.items() if one != key}


def renamed(old, new, members=None):
    """Return the archive's files with one under another name."""
    members = review_members() if members is None else members
    return {new if name == old else name: members[name] for name in members}


FIRST = "aclImdb/train/neg/0_3.txt"
TAR, ZIP = SMALL[IMDB_TAR][1], SMALL["spa-eng.zip"][1]


def overwritten(file, place):
    """Return a small file with 20 bytes of something else in it."""
    content = SMALL[file][1]
    return content[:place] + b"\xff" * 20 + content[place + 20 :]


DAMAGED = {
    "reviews: empty": (IMDB_TAR, b"", "."),
    "reviews: cut short": (IMDB_TAR, TAR[: len(TAR) // 2], "."),
    "reviews: corrupted": (IMDB_TAR, TAR[:300] + b"\0" * 50 + TAR[350:], "."),
    "reviews: web page": (IMDB_TAR, b"<!DOCTYPE html>\n" * 100, "."),
    "reviews: one missing": (
        IMDB_TAR,
        as_tar(review_members(without(("test", "pos", 2)))),
        "no test review 2 labelled pos",
    ),
    "reviews: one too many": (
        IMDB_TAR,
        as_tar({**review_members(), "aclImdb/test/pos/4_9.txt": b"more"}),
        "5 test reviews labelled pos, not 4",
    ),
    "reviews: twice": (
        IMDB_TAR,
        as_tar({**review_members(), "aclImdb/train/neg/0_4.txt": b"again"}),
        "stands in it twice",
    ),
    "reviews: stars": (
        IMDB_TAR,
        as_tar(renamed(FIRST, "aclImdb/train/neg/0_8.txt")),
        "stars that its label does not have",
    ),
    "reviews: empty text": (
        IMDB_TAR,
        as_tar({**review_members(), FIRST: b" \n"}),
        "review labelled neg is empty",
    ),
    "reviews: not UTF-8": (
        IMDB_TAR,
        as_tar({**review_members(), FIRST: b"caf\xe9 noir"}),
        "utf-8",
    ),
    "reviews: climbing member": (
        IMDB_TAR,
        as_tar(renamed(FIRST, f"../{FIRST}")),
        "no train review 0 labelled neg",
    ),
    "reviews: link": (
        IMDB_TAR,
        as_tar({**review_members(), FIRST: "/etc/passwd"}),
        "no train review 0 labelled neg",
    ),
    "table: not packed": (IMDB_CSV, gzip.decompress(as_csv(ROWS)), "gzip"),
    "table: cut short": (IMDB_CSV, as_csv(ROWS)[:-40], "."),
    "table: corrupted": (IMDB_CSV, overwritten(IMDB_CSV, 60), "."),
    "table: empty file": (IMDB_CSV, b"", r"columns are \[\]"),
    "table: a web page": (IMDB_CSV, b"<!DOCTYPE html>\n" * 100, "gzip"),
    "table: not UTF-8": (
        IMDB_CSV,
        gzip.compress(b"split,label,review\ntrain,neg,caf\xe9\n"),
        "utf-8",
    ),
    "table: columns": (IMDB_CSV, gzip.compress(b"label,review\n"), "columns are"),
    "table: empty": (IMDB_CSV, gzip.compress(b""), r"columns are \[\]"),
    "table: a row missing": (
        IMDB_CSV,
        as_csv(ROWS[1:]),
        "3 train reviews labelled neg, not 4",
    ),
    "table: unknown label": (
        IMDB_CSV,
        as_csv([*ROWS, ("train", "unsup", "?")]),
        "row 18 has the group 'train', 'unsup'",
    ),
    "table: short row": (IMDB_CSV, as_csv([("train", "neg")]), "has not 3 columns"),
    "table: open quote": (
        IMDB_CSV,
        gzip.compress(b'split,label,review\ntrain,neg,"open'),
        "end of data",
    ),
    "play: empty": ("pg2265.txt", b"", "is not in it"),
    "play: another": ("pg2265.txt", b"Macbeth " * 30, "is not in it"),
    "play: cut short": ("pg2265.txt", (OLD_HEADER + PLAY)[:-20].encode(), "not in it"),
    "play: too short": (
        "pg2265.txt",
        PLAY.replace(PLAY[60:-60], "\n").encode(),
        "characters, not 150 to 400",
    ),
    "play: too long": ("pg2265.txt", b"x" * 4_001, "too large"),
    "play: not UTF-8": ("pg2265.txt", b"\xff\xfeT\0h\0e\0", "utf-8"),
    "vectors: empty": (GLOVE_TXT, b"", "holds 0 words, not 9"),
    "vectors: cut at a line": (
        GLOVE_TXT,
        glove_lines(N_COMMON),
        "holds 6 words, not 9",
    ),
    "vectors: cut in a line": (GLOVE_TXT, glove_lines()[:-3], "line 9 is not a word"),
    "vectors: dimension": (
        GLOVE_TXT,
        b"the 1 2 3 4\n",
        "line 1 is not a word and 3 numbers",
    ),
    "vectors: no number": (
        GLOVE_TXT,
        glove_lines().replace(b", ", b", x", 1),
        "could not convert",
    ),
    "vectors: blanks": (GLOVE_TXT, b"the  1 2\n", "line 1 has blanks"),
    "vectors: no such member": (
        GLOVE_ZIP,
        as_zip({f"../{GLOVE_TXT}": glove_lines()}),
        "holds no file glove.6B.50d.txt",
    ),
    "vectors: corrupted": (GLOVE_TXT, overwritten(GLOVE_TXT, 40), "line"),
    "vectors: a web page": (GLOVE_TXT, b"<!DOCTYPE html>\n", "line 1 is not a word"),
    "vectors: zip empty": (GLOVE_ZIP, b"", "zip"),
    "vectors: zip corrupted": (
        GLOVE_ZIP,
        overwritten(GLOVE_ZIP, glove_zip().index(GLOVE_TXT.encode()) + 60),
        ".",
    ),
    "vectors: zip of a shorter file": (
        GLOVE_ZIP,
        glove_zip(glove_lines(N_COMMON)),
        "holds 6 words, not 9",
    ),
    "vectors: gzip corrupted": (GLOVE_10K, overwritten(GLOVE_10K, 40), "."),
    "vectors: zip cut short": (GLOVE_ZIP, glove_zip()[:-30], "zip"),
    "vectors: gzip cut short": (GLOVE_10K, SMALL[GLOVE_10K][1][:-12], "."),
    "pairs: empty": ("spa-eng.zip", b"", "zip"),
    "pairs: cut short": ("spa-eng.zip", ZIP[: len(ZIP) // 2], "zip"),
    "pairs: corrupted": (
        "spa-eng.zip",
        ZIP.replace(ZIP[120:140], b"\0" * 20),
        ".",
    ),
    "pairs: no such member": (
        "spa-eng.zip",
        as_zip({"../spa-eng/spa.txt": pair_lines()}),
        "holds no file spa-eng/spa.txt",
    ),
    "pairs: too few": (
        "spa-eng.zip",
        as_zip({"spa-eng/spa.txt": pair_lines(PAIRS[:3])}),
        "3 pairs, not 5 or more",
    ),
    "pairs: no tab": (
        "spa-eng.zip",
        as_zip({"spa-eng/spa.txt": b"Go.\tVe.\nGo. Vete.\n"}),
        "line 2 of spa-eng/spa.txt",
    ),
    "pairs: blank line": (
        "spa-eng.zip",
        as_zip({"spa-eng/spa.txt": pair_lines() + b"\n"}),
        "line 6 of spa-eng/spa.txt",
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_file_is_explained(folder, case):
    """The message says what is wrong and names address, file, folder and command."""
    file, content, complaint = DAMAGED[case]
    name = SMALL[file][0]
    with pytest.raises(datasets.DatasetError, match=complaint) as caught:
        fetched(folder, file, content)
    (part,) = remote.DATASETS[name].parts
    url = next(layout.url for layout in part if layout.url)
    command = f"python -m coursepkg data fetch {name}"
    for word in (url, url.split("/")[-1], file, str(folder), command):
        assert word in str(caught.value)
    assert [path.name for path in folder.iterdir()] == [file]
    assert (folder / file).read_bytes() == content, "the user's file was changed"


def test_archives_are_never_unpacked(folder):
    """Members that climb out of the folder, and links, leave no file anywhere."""
    evil = {"../escaped.txt": b"evil", str(folder / "absolute.txt"): b"evil"}
    links = {"aclImdb/train/neg/9_1.txt": "/etc/passwd"}
    content = as_tar({**evil, **links, **review_members()})
    assert len(fetched(folder, IMDB_TAR, content).train_texts) == 8
    assert [path.name for path in folder.iterdir()] == [IMDB_TAR]
    content = as_zip({**evil, "spa-eng/spa.txt": pair_lines()})
    assert len(fetched(folder, "spa-eng.zip", content).pairs) == N_PAIRS
    assert [path.name for path in folder.iterdir()] == ["spa-eng.zip"]
    content = as_zip({**evil, GLOVE_TXT: glove_lines()})
    assert fetched(folder, GLOVE_ZIP, content).n_words == N_WORDS
    assert [path.name for path in folder.iterdir()] == [GLOVE_ZIP]
    assert not (folder.parent / "escaped.txt").exists()


@settings(max_examples=100)
@given(data=st.data())
def test_any_damage_is_explained_or_harmless(data):
    """Wherever a file is cut or overwritten, the reader complains as it should."""
    file = data.draw(st.sampled_from(sorted(SMALL)))
    content = SMALL[file][1]
    place = data.draw(st.integers(0, len(content) - 1))
    junk = data.draw(st.one_of(st.none(), st.binary(min_size=1, max_size=9)))
    rest = b"" if junk is None else junk + content[place + len(junk) :]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / file
        path.write_bytes(content[:place] + rest)
        try:
            content = READERS[file](path)
        except DAMAGE:
            return
    assert len(content.sha256) == 64


@pytest.mark.parametrize("file", [IMDB_TAR, IMDB_CSV, "spa-eng.zip"])
def test_what_unpacks_to_too_much_is_refused(folder, file, monkeypatch):
    """A member larger than anything documented is not held in memory."""
    monkeypatch.setattr("coursepkg.datasets._archives.LARGEST_MEMBER", 20)
    with pytest.raises(datasets.DatasetError, match="too large"):
        fetched(folder, file)


def test_too_many_reviews_are_refused(folder, monkeypatch):
    """Small members that are too large together are refused, too."""
    monkeypatch.setattr(_real_texts, "_LARGEST_TEXT", 200)
    with pytest.raises(datasets.DatasetError, match="reviews are too large"):
        fetched(folder, IMDB_TAR)


def test_line_without_end_is_refused(folder, monkeypatch):
    """A file of vectors with no line break is not read whole."""
    monkeypatch.setattr(_real_texts, "_LONGEST_LINE", 10)
    with pytest.raises(datasets.DatasetError, match="line 1 is not a word"):
        fetched(folder, GLOVE_TXT)


# No file.


@pytest.mark.parametrize("name", FETCH)
def test_offline_is_explained(tmp_path, monkeypatch, name):
    """Without a file and a network the message tells how to get one."""
    monkeypatch.setenv("COURSEPKG_DATA", str(tmp_path))
    assert not remote.DATASETS[name].is_present()
    with pytest.raises(datasets.DatasetError, match="could not be download") as caught:
        FETCH[name]()
    (part,) = remote.DATASETS[name].parts
    url = next(layout.url for layout in part if layout.url)
    for word in (url, *remote.DATASETS[name].files, str(tmp_path), f"fetch {name}"):
        assert word in str(caught.value)
    assert not list(tmp_path.iterdir()), "a temporary file was left"


def serve(monkeypatch, content):
    """Let pooch download `content` from anywhere."""
    monkeypatch.setattr(
        "pooch.core.choose_downloader",
        lambda *_args, **_options: (
            lambda _url, output_file, _pooch: Path(output_file).write_bytes(content)
        ),
    )


@pytest.mark.parametrize("file", [IMDB_TAR, "pg2265.txt", GLOVE_ZIP, "spa-eng.zip"])
def test_download_is_kept_only_if_it_is_right(tmp_path, monkeypatch, file):
    """A page that says "come back later" is thrown away; the real file stays."""
    name, content = SMALL[file]
    monkeypatch.setenv("COURSEPKG_DATA", str(tmp_path))
    monkeypatch.setattr(remote, "DATASETS", small_registry())
    serve(monkeypatch, b"<html>Come back later</html>")
    with pytest.raises(datasets.DatasetError, match="sent is not .* thrown away"):
        FETCH[name]()
    assert not list(tmp_path.iterdir())
    serve(monkeypatch, content)
    fetch_quietly(name)
    assert [path.name for path in tmp_path.iterdir()] == [file]
    monkeypatch.setattr(pooch, "retrieve", None)
    fetch_quietly(name)


# The real files.


def real_file(name):
    """Return the path of a real file, or skip with the command that brings it."""
    path = Path(REAL_FOLDER) / name
    if not REAL_FOLDER or not path.is_file():
        pytest.skip(f"{name} is not here: see `python -m coursepkg data list`")
    return path


@pytest.fixture
def real(tmp_path, monkeypatch):
    """Return a function that puts one real file into an empty data folder."""
    monkeypatch.setenv("COURSEPKG_DATA", str(tmp_path))

    def put(name):
        shutil.copy(real_file(name), tmp_path / name)
        return tmp_path / name

    return put


def digest_of(path):
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("file", [IMDB_CSV, IMDB_TAR])
def test_real_reviews(real, file):
    """Counts, the number of different texts and the first positive one are known."""
    real(file)
    imdb = datasets.fetch_imdb()
    assert len(imdb.train_texts) == len(imdb.test_texts) == 25_000
    assert imdb.train_labels.sum() == imdb.test_labels.sum() == 12_500
    assert len({*imdb.train_texts, *imdb.test_texts}) == 49_582
    assert imdb.train_texts[12_500].startswith("Bromwell High is a cartoon comedy")
    known = set(imdb.train_texts)
    assert sum(review in known for review in imdb.test_texts) == 123
    words = [len(review.split()) for review in imdb.train_texts + imdb.test_texts]
    assert (np.median(words), max(words)) == (173, 2_470)


def test_real_play(real):
    """The pinned edition: 162,849 characters, 65 different ones."""
    path = real("pg2265.txt")
    hamlet = datasets.fetch_hamlet()
    assert len(hamlet.text) == 162_849
    assert len(set(hamlet.text)) == 65
    assert hamlet.text.startswith("The Tragedie of Hamlet\n\nActus Primus. Scoena")
    if digest_of(path).startswith("048e9e99c691ebac"):
        assert path.read_text()[15_858:] == hamlet.text  # as Raschka cuts it


@pytest.mark.parametrize("file", [GLOVE_10K, GLOVE_ZIP, GLOVE_TXT])
def test_real_vectors(real, file):
    """King - man + woman gives queen, after king itself."""
    real(file)
    glove = datasets.fetch_glove()
    assert glove.n_words == (10_000 if file == GLOVE_10K else 400_000)
    words = ["king", "man", "woman", "queen", "paris", "france", "the", "boy"]
    vocabulary = text.Vocabulary.from_tokens([words])
    matrix, found = text.read_glove(glove.path, vocabulary, member=glove.member)
    assert found[2:].all()
    rows = {word: matrix[vocabulary.token_to_id[word]] for word in words}
    assert rows["the"][:3].tolist() == np.float32([0.418, 0.24968, -0.41242]).tolist()
    wanted = rows["king"] - rows["man"] + rows["woman"]
    nearest = sorted(
        words,
        key=lambda word: -(rows[word] @ wanted) / np.linalg.norm(rows[word]),
    )
    assert nearest[:2] == ["king", "queen"]


def test_real_vectors_hold_the_prejudices_of_their_texts(real):
    """Doctor - man + woman gives nurse, before 9,996 other words."""
    path = real(GLOVE_10K)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        words = [line.partition(" ")[0] for line in file]
    assert words[-1] == "quinn"
    vocabulary = text.Vocabulary.from_tokens([words])
    matrix, _ = text.read_glove(path, vocabulary)
    rows = matrix[2:] / np.linalg.norm(matrix[2:], axis=1, keepdims=True)
    place = {word: row for row, word in enumerate(vocabulary.id_to_token[2:])}
    wanted = rows[place["doctor"]] - rows[place["man"]] + rows[place["woman"]]
    order = np.argsort(-(rows @ wanted))
    nearest = [vocabulary.id_to_token[2 + row] for row in order[:4]]
    assert [w for w in nearest if w not in ("doctor", "man", "woman")][0] == "nurse"


def test_real_pairs(real):
    """118,964 pairs with 102,904 different English sides, the shortest first."""
    real("spa-eng.zip")
    pairs = datasets.fetch_spanish_english().pairs
    assert len(pairs) == 118_964
    assert len({english for english, _ in pairs}) == 102_904
    assert pairs[:2] == [("Go.", "Ve."), ("Go.", "Vete.")]
    counts = Counter(english for english, _ in pairs)
    shared = sum(count for count in counts.values() if count > 1)
    assert round(shared / len(pairs), 2) == 0.24
    tom = sum("Tom" in re.findall(r"\w+", english) for english, _ in pairs)
    assert round(tom / len(pairs), 2) == 0.17
