"""The embedded data: what the generators make, found from anywhere."""

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
