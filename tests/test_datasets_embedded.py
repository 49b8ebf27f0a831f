"""The embedded data: what the generators make, found from anywhere."""

import gzip
import hashlib
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from coursepkg import datasets
from coursepkg.datasets import _files

ROOT = Path(__file__).resolve().parent.parent


def test_embedded_transit_is_the_generated_one():
    """Every date, letter and integer equals that of `make_transit()`."""
    loaded, made = datasets.load_transit(), datasets.make_transit()
    pd.testing.assert_frame_equal(loaded.frame, made.frame)
    np.testing.assert_array_equal(
        loaded.truth.oracle(column="rail"), made.truth.oracle(column="rail")
    )
    assert repr(loaded) == repr(made)


def test_regenerated_file_equals_the_embedded_one(tmp_path):
    """The maintainers' tool writes the same bytes again, and few of them."""
    tool = runpy.run_path(str(ROOT / "tools" / "make_data.py"))
    again = tool["write_transit"](tmp_path).read_bytes()
    embedded = _files.data_path("transit.csv").read_bytes()
    assert again == embedded
    assert len(embedded) < 150_000


def test_embedded_climate_is_the_generated_one():
    """Every time equals that of `make_climate()`, every number to its last digit."""
    loaded, made = datasets.load_climate(), datasets.make_climate()
    pd.testing.assert_index_equal(loaded.frame.index, made.frame.index)
    assert list(loaded.frame) == list(made.frame)
    off = (loaded.frame - made.frame).abs().to_numpy()
    last_digit = [
        0.1 if name[:3] in ("rho", "max", "wd ") else 0.01 for name in made.frame
    ]
    assert np.all(off <= np.array(last_digit) * 1.001)
    assert np.mean(off < 1e-9) > 0.999  # a tie that rounds otherwise is rare
    np.testing.assert_array_equal(loaded.segments, made.segments)
    for horizon in (1, 24):
        best = [
            c.truth.optimum(column="T (degC)", horizon=horizon) for c in (loaded, made)
        ]
        assert best[0] == best[1]
        oracles = [
            c.truth.oracle(column="T (degC)", horizon=horizon) for c in (loaded, made)
        ]
        np.testing.assert_allclose(*oracles, atol=0.02)
    assert repr(loaded) == repr(made)


def test_regenerated_climate_equals_the_embedded_one(tmp_path):
    """The tool writes the same table, with no time of writing, and few bytes."""
    tool = runpy.run_path(str(ROOT / "tools" / "make_data.py"))
    packed = _files.data_path("climate.csv.gz").read_bytes()
    again = tool["write_climate"](tmp_path).read_bytes()
    assert packed[4:8] == again[4:8] == bytes(4)
    tables = [gzip.decompress(content).decode("ascii") for content in (packed, again)]
    lines = [table.splitlines() for table in tables]
    assert len(lines[0]) == len(lines[1]) == 17_521
    assert lines[0][0] == lines[1][0]
    same = np.mean([a == b for a, b in zip(*lines, strict=True)])
    assert same > 0.99  # another processor may round a tie otherwise
    assert len(packed) < 600_000


def test_every_load_of_climate_is_fresh():
    """Spoiling one frame leaves the next one, and the truth, alone."""
    first = datasets.load_climate()
    oracle = first.truth.oracle(column="T (degC)")
    first.frame.loc[:, "T (degC)"] = 0.0
    first.segments[:] = 5
    np.testing.assert_array_equal(first.truth.oracle(column="T (degC)"), oracle)
    second = datasets.load_climate()
    assert second.frame["T (degC)"].std() > 5
    assert not second.segments.any()


def test_embedded_reviews_are_the_generated_ones():
    """Texts, labels, kinds and truth equal those of `make_reviews(n_reviews=8_000)`."""
    loaded, made = datasets.load_reviews(), datasets.make_reviews(n_reviews=8_000)
    assert loaded.texts == made.texts
    assert loaded.kinds == made.kinds
    np.testing.assert_array_equal(loaded.labels, made.labels)
    np.testing.assert_array_equal(loaded.truth.oracle(), made.truth.oracle())
    assert loaded.truth.optimum() == made.truth.optimum()
    assert loaded.truth.bag_limit() == made.truth.bag_limit()
    assert repr(loaded) == repr(made)


def test_embedded_play_is_the_generated_one():
    """Text and truth equal those of `make_play(n_characters=1_000_000)`."""
    loaded, made = datasets.load_play(), datasets.make_play(n_characters=1_000_000)
    assert loaded.text == made.text
    np.testing.assert_array_equal(loaded.truth.oracle(), made.truth.oracle())
    assert loaded.truth.optimum() == made.truth.optimum()
    assert repr(loaded) == repr(made)


def test_regenerated_corpora_equal_the_embedded_ones(tmp_path):
    """The tool writes the same play and, unpacked, the same reviews; they are small."""
    tool = runpy.run_path(str(ROOT / "tools" / "make_data.py"))
    play = _files.data_path("play.txt").read_bytes()
    assert tool["write_play"](tmp_path).read_bytes() == play
    packed = _files.data_path("reviews.csv.gz").read_bytes()
    again = tool["write_reviews"](tmp_path).read_bytes()
    # another zlib may pack the same table otherwise
    assert gzip.decompress(again) == gzip.decompress(packed)
    assert packed[4:8] == again[4:8] == bytes(4)  # no time of writing
    assert gzip.decompress(packed).startswith(b"label,text\n")
    assert len(play) + len(packed) < 1_400_000


@pytest.mark.parametrize(("name", "load"), [
    ("reviews.csv.gz", datasets.load_reviews), ("play.txt", datasets.load_play),
    ("climate.csv.gz", datasets.load_climate),
])  # fmt: skip
def test_digest_of_a_corpus(name, load):
    """`.sha256` is the digest of the bytes that were read."""
    content = _files.data_path(name).read_bytes()
    assert load().sha256 == hashlib.sha256(content).hexdigest()


def test_digest_is_that_of_the_file():
    """`.sha256` is the digest of the bytes that were read."""
    content = _files.data_path("transit.csv").read_bytes()
    assert datasets.load_transit().sha256 == hashlib.sha256(content).hexdigest()


def test_every_load_is_fresh():
    """Spoiling one frame leaves the next one, and the truth, alone."""
    first = datasets.load_transit()
    best = first.truth.optimum(column="rail")
    first.frame["rail"] = 0
    assert first.truth.optimum(column="rail") == best
    assert datasets.load_transit().frame["rail"].min() > 100_000


def test_every_load_of_reviews_is_fresh():
    """Spoiling labels and texts leaves the next load, and the truth, alone."""
    first = datasets.load_reviews()
    oracle = first.truth.oracle()
    first.labels[:] = 7
    first.texts[0] = ""
    np.testing.assert_array_equal(first.truth.oracle(), oracle)
    second = datasets.load_reviews()
    assert set(second.labels) == {0, 1}
    assert second.texts[0]


def test_wheel_comes_before_checkout(tmp_path, monkeypatch):
    """A file inside the package is preferred to one beside it; absence is explained."""
    package = tmp_path / "coursepkg"
    (package / "data").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(_files, "_PACKAGE", package)
    with pytest.raises(FileNotFoundError, match=r"transit\.csv"):
        datasets.load_transit()
    (tmp_path / "data" / "transit.csv").touch()
    assert _files.data_path("transit.csv").parent == tmp_path / "data"
    (package / "data" / "transit.csv").touch()
    assert _files.data_path("transit.csv").parent == package / "data"
