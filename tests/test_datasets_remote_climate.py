"""Real weather: every published layout gives the same hours, or is refused clearly."""

import gzip
import hashlib
import io
import os
import shutil
import tempfile
import warnings
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pooch
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursepkg import datasets
from coursepkg.datasets import _real_climate, remote
from coursepkg.datasets._archives import DAMAGE
from coursepkg.datasets.climate import COLUMNS

REAL_FOLDER = os.environ.get("COURSEPKG_DATA", "")
CSV = "jena_climate_2009_2016.csv"
ZIP = "jena_climate_2009_2016.csv.zip"
HOURLY = "jena_climate_hourly_2009_2016.csv.gz"
URL = f"https://storage.googleapis.com/tensorflow/tf-keras-datasets/{ZIP}"
COMMAND = "python -m coursepkg data fetch jena_climate"
SIX = ["p (mbar)", "T (degC)", "Tdew (degC)", "rh (%)", "VPmax (mbar)", "wv (m/s)"]
WINDS = ["wv (m/s)", "max. wv (m/s)"]


# Small files of the official layouts.


def official_table():
    """Return two days of ten minutes with all that is odd about the official file."""
    frame = datasets.make_climate(
        n_steps=288, start="2009-01-01 00:10", step="10min", seed=3
    ).frame
    frame = frame.drop(frame.index[100])  # ten minutes are missing
    frame = frame.drop(frame.index[150:251])  # and a longer time
    frame.iloc[[12, 40], [11, 11]] = -9999  # row 12 is an hourly one, row 40 is not
    frame.iloc[[13], [12]] = -9999
    return pd.concat([frame, frame.iloc[20:26]])  # out of order, and twice


TABLE = official_table()
CLEAN = TABLE.iloc[:-6].replace(-9999.0, 0.0)
N_ROWS, N_HOURS = len(TABLE), -(-len(CLEAN) // 6)
READERS = {
    HOURLY: partial(_real_climate.read_jena_hourly, n_rows=N_HOURS),
    CSV: partial(_real_climate.read_jena_csv, n_rows=N_ROWS),
    ZIP: partial(_real_climate.read_jena_archive, n_rows=N_ROWS),
}


def as_csv(table, decimals="%.2f"):
    """Return a table as the bytes of a CSV file in the style of the official one."""
    table = table.set_axis(table.index.strftime("%d.%m.%Y %H:%M:%S"), axis=0)
    text = table.to_csv(index_label="Date Time", float_format=decimals)
    names, rows = text.split("\n", 1)
    quoted = ",".join(f'"{name}"' for name in names.split(","))
    return f"{quoted}\n{rows}".encode()


def as_zip(content, name=CSV):
    """Return the bytes of a zip archive with one member, and another beside it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__MACOSX/._" + CSV, b"not it")
        archive.writestr(name, content)
    return buffer.getvalue()


OFFICIAL = as_csv(TABLE)
THINNED = as_csv(CLEAN[SIX].iloc[::6])
SMALL = {
    HOURLY: gzip.compress(THINNED, mtime=0),
    CSV: OFFICIAL,
    ZIP: as_zip(OFFICIAL),
}


def small_registry(content_sha256=None):
    """Return the registry for small files, with the digest of the hours if given."""
    known = remote.DATASETS["jena_climate"]
    (part,) = known.parts
    layouts = tuple(
        replace(
            layout,
            read=READERS[layout.file],
            sha256=None,
            content_sha256=content_sha256,
        )
        for layout in part
    )
    return {"jena_climate": replace(known, parts=(layouts,))}


def refuse(**_):
    """Stand for a download that must not happen."""
    pytest.fail("something was downloaded over a file that is there")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return an empty data folder; small files are right, downloads are refused."""
    monkeypatch.setenv("COURSEPKG_DATA", str(tmp_path))
    monkeypatch.setattr(remote, "DATASETS", small_registry())
    monkeypatch.setattr(pooch, "retrieve", refuse)
    return tmp_path


def fetch_quietly(**options):
    """Fetch an edition that is not the documented one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return datasets.fetch_jena_climate(**options)


def fetched(folder, file, content=None, **options):
    """Fetch the weather when only this file is there."""
    for old in folder.iterdir():
        old.unlink()
    (folder / file).write_bytes(SMALL[file] if content is None else content)
    return fetch_quietly(**options)


# Files that are as documented.


@pytest.mark.parametrize("file", SMALL)
def test_hours_are_the_same_from_each_layout(folder, file):
    """Sorted, without the rows that stand twice, every sixth row, six columns."""
    climate = fetched(folder, file)
    expected = CLEAN[SIX].iloc[::6]
    pd.testing.assert_frame_equal(
        climate.frame, expected, check_exact=True, check_freq=False
    )
    assert climate.frame.index.name == "time"
    assert climate.frame.index.freq is None
    assert climate.segments.dtype == np.int64
    steps = np.diff(climate.frame.index) != np.timedelta64(60, "m")
    np.testing.assert_array_equal(np.diff(climate.segments) != 0, steps)
    assert steps.sum() == 2
    assert climate.segments[-1] == 2
    assert climate.truth is None
    assert climate.sha256 == fetched(folder, HOURLY).sha256
    assert repr(climate) == (
        f"ClimateData({N_HOURS} rows, 60 minutes each, 2009-01-01 to 2009-01-02, real)"
    )


@pytest.mark.parametrize("file", [CSV, ZIP])
def test_ten_minutes_have_all_columns(folder, file):
    """Each row once, all 14 columns, gaps marked, missing winds as 0."""
    climate = fetched(folder, file, step="10min")
    pd.testing.assert_frame_equal(
        climate.frame, CLEAN, check_exact=True, check_freq=False
    )
    assert tuple(climate.frame.columns) == COLUMNS
    assert climate.frame.iloc[12]["wv (m/s)"] == 0
    assert (climate.frame[WINDS] >= 0).all(axis=None)
    changes = np.flatnonzero(np.diff(climate.segments)) + 1
    assert changes.tolist() == [100, 150]
    hours = fetch_quietly()
    assert climate.sha256 != hours.sha256
    thinned = climate.frame[SIX].iloc[::6]
    pd.testing.assert_frame_equal(thinned, hours.frame, check_exact=True)
    np.testing.assert_array_equal(climate.segments[::6], hours.segments)


@pytest.mark.parametrize("file", [CSV, ZIP])
def test_ten_minutes_have_a_digest_of_their_own(folder, file):
    """A number that stands only in the long table changes only its digest."""
    other = TABLE.copy()
    other.iloc[50, 13] = (other.iloc[50, 13] + 90) % 360
    content = as_csv(other) if file == CSV else as_zip(as_csv(other))
    before = [fetched(folder, file, step=step).sha256 for step in ("60min", "10min")]
    after = [
        fetched(folder, file, content, step=step).sha256 for step in ("60min", "10min")
    ]
    assert before[0] == after[0]
    assert before[1] != after[1]


@settings(max_examples=25)
@given(data=st.data())
def test_order_and_repetitions_do_not_matter(data):
    """Rows in any order, any of them twice: the same two tables and digests."""
    n_twice = N_ROWS - len(CLEAN)
    twice = data.draw(st.lists(st.integers(0, len(CLEAN) - 1), max_size=n_twice))
    twice += [0] * (n_twice - len(twice))
    rows = [*range(len(CLEAN)), *twice]
    order = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1))).permutation(
        rows
    )
    decimals = data.draw(st.sampled_from(["%.2f", "%.3f", "%.17g"]))
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / CSV
        path.write_bytes(as_csv(TABLE.iloc[:-6].iloc[order], decimals))
        shuffled = READERS[CSV](path)
        path.write_bytes(OFFICIAL)
        straight = READERS[CSV](path)
    for name in ("hourly", "ten_minutes"):
        one, two = getattr(shuffled, name), getattr(straight, name)
        pd.testing.assert_frame_equal(one.frame, two.frame, check_exact=True)
        np.testing.assert_array_equal(one.segments, two.segments)
        assert one.sha256 == two.sha256


def test_first_of_two_rows_that_contradict_each_other_is_kept(folder):
    """The order in the file decides, as it does with the usual recipe."""
    table = TABLE.copy()
    table.iloc[-6:, 1] += 1.0
    climate = fetched(folder, CSV, as_csv(table), step="10min")
    np.testing.assert_array_equal(climate.frame["T (degC)"], CLEAN["T (degC)"])


@pytest.mark.parametrize("step", ["60min", "1h", pd.Timedelta("60min")])
def test_an_hour_can_be_written_in_several_ways(folder, step):
    """What pandas takes for an hour is one."""
    assert len(fetched(folder, HOURLY, step=step).frame) == N_HOURS


@pytest.mark.parametrize(
    "step", ["30min", "120min", "0min", "soon", None, 60, "-10min"]
)
def test_another_step_is_refused(folder, step):
    """The sentence says which steps there are, before any file is looked for."""
    with pytest.raises(ValueError, match='`step` must be "60min" or "10min"'):
        datasets.fetch_jena_climate(step=step)


# Which file is used.


def test_shortened_file_is_not_enough_for_ten_minutes(tmp_path, monkeypatch):
    """Without a network the message says which file is needed and how to get it."""
    monkeypatch.setenv("COURSEPKG_DATA", str(tmp_path))
    monkeypatch.setattr(remote, "DATASETS", small_registry())
    (tmp_path / HOURLY).write_bytes(SMALL[HOURLY])
    with pytest.raises(datasets.DatasetError, match="holds only a part of") as caught:
        datasets.fetch_jena_climate(step="10min")
    message = str(caught.value)
    for word in (URL, repr(ZIP), repr(CSV), str(tmp_path), "COURSEPKG_DATA"):
        assert word in message
    assert HOURLY not in message, "the shortened file is offered as a remedy"
    assert COMMAND not in message, "the command would be content with what is here"
    assert [path.name for path in tmp_path.iterdir()] == [HOURLY]


def test_ten_minutes_are_downloaded_beside_the_shortened_file(tmp_path, monkeypatch):
    """With a network the official archive comes, and stays."""
    monkeypatch.setenv("COURSEPKG_DATA", str(tmp_path))
    monkeypatch.setattr(remote, "DATASETS", small_registry())
    (tmp_path / HOURLY).write_bytes(SMALL[HOURLY])
    serve(monkeypatch, SMALL[ZIP])
    assert len(fetch_quietly(step="10min").frame) == len(CLEAN)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([ZIP, HOURLY])


def test_ten_minutes_come_from_the_official_file_though_another_is_pinned(folder):
    """The shortened file is passed over, whatever is in it."""
    (folder / HOURLY).write_bytes(b"not looked at")
    (folder / ZIP).write_bytes(SMALL[ZIP])
    assert len(fetch_quietly(step="10min").frame) == len(CLEAN)


def test_damaged_official_file_has_a_remedy_that_works(folder):
    """The command is not named where it would find the shortened file and rest."""
    (folder / HOURLY).write_bytes(SMALL[HOURLY])
    (folder / ZIP).write_bytes(SMALL[ZIP][:300])
    with pytest.raises(datasets.DatasetError, match="delete it") as caught:
        datasets.fetch_jena_climate(step="10min")
    assert URL in str(caught.value)
    assert COMMAND not in str(caught.value)
    assert len(fetch_quietly().frame) == N_HOURS


@pytest.mark.parametrize("file", SMALL)
def test_documented_hours_are_recognised_in_each_layout(folder, file, monkeypatch):
    """With the content pinned, a file is read in silence whatever its own digest."""
    digest = fetched(folder, file).sha256
    monkeypatch.setattr(remote, "DATASETS", small_registry(digest))
    datasets.fetch_jena_climate()


@pytest.mark.parametrize("file", SMALL)
def test_other_hours_are_read_with_a_warning(folder, file, monkeypatch):
    """The warning stands where `fetch_jena_climate` was called, with file, digest."""
    digest = fetched(folder, file).sha256
    monkeypatch.setattr(remote, "DATASETS", small_registry("0" * 64))
    with pytest.warns(UserWarning, match="holds another edition") as caught:
        datasets.fetch_jena_climate()
    assert digest in str(caught[0].message)
    assert file in str(caught[0].message)
    assert caught[0].filename == __file__


# Files that are not what they should be.


def changed(column, row, value):
    """Return the official table with one cell replaced."""
    table = TABLE.astype(object) if isinstance(value, str) else TABLE.copy()
    table.iloc[row, COLUMNS.index(column)] = value
    return as_csv(table)


def with_time(row, time):
    """Return the official table with one time replaced."""
    lines = OFFICIAL.split(b"\n")
    lines[row] = time.encode() + lines[row][19:]
    return b"\n".join(lines)


CLEAN_HOURS = CLEAN[SIX].iloc[::6]
PACKED = SMALL[ZIP]
DAMAGED = {
    "empty": (CSV, b"", "No columns"),
    "cut in a line": (CSV, OFFICIAL[:-30], "missing values"),
    "cut at a line": (CSV, as_csv(TABLE.iloc[:-7]), "rows, not"),
    "a row too many": (CSV, as_csv(pd.concat([TABLE, TABLE[:1]])), "rows, not"),
    "too large": (CSV, OFFICIAL * 10, "too large"),
    "a web page": (CSV, b"<!DOCTYPE html>\n<html></html>\n", "columns are"),
    "binary": (CSV, bytes(range(256)) * 50, "jena_climate"),
    "corrupted": (CSV, OFFICIAL[:2_000] + b"\0" * 60 + OFFICIAL[2_060:], "."),
    "columns": (CSV, as_csv(TABLE.rename(columns={"wd (deg)": "wd"})), "columns are"),
    "six columns": (CSV, as_csv(TABLE[SIX]), "columns are"),
    "a column too many": (CSV, OFFICIAL.replace(b"\n", b",1\n"), "columns are"),
    "a value too many": (
        CSV,
        OFFICIAL.replace(b"\n", b",1\n").replace(b",1\n", b"\n", 1),
        ".",
    ),
    "no number": (CSV, changed("T (degC)", 5, "warm"), "could not convert|warm"),
    "missing value": (CSV, changed("T (degC)", 5, np.nan), "missing values"),
    "infinite": (CSV, changed("T (degC)", 5, np.inf), "T .degC. lies outside"),
    "fahrenheit": (CSV, changed("T (degC)", 5, 68.0), "T .degC. lies outside -50"),
    "missing pressure": (CSV, changed("p (mbar)", 5, -9999), "p .mbar. lies outside"),
    "negative wind": (CSV, changed("wv (m/s)", 5, -1.0), "wv .m/s. lies outside 0"),
    "not a time": (CSV, with_time(9, "noon".ljust(19)), "noon"),
    "month first": (CSV, with_time(9, "01/31/2009 00:10:00"), "01/31/2009"),
    "later": (CSV, with_time(9, "01.01.2017 00:10:00"), "its times run from"),
    "earlier": (CSV, with_time(9, "01.01.2009 00:00:00"), "its times run from"),
    "starts late": (CSV, with_time(1, "01.01.2009 00:20:00"), "its times run from"),
    "between": (CSV, with_time(9, "01.01.2009 01:25:00"), "full ten minutes"),
    "zip: empty": (ZIP, b"", "zip"),
    "zip: cut short": (ZIP, PACKED[: len(PACKED) // 2], "zip"),
    "zip: corrupted": (ZIP, PACKED[:900] + b"\0" * 60 + PACKED[960:], "."),
    "zip: the plain file": (ZIP, OFFICIAL, "zip"),
    "zip: table cut short": (ZIP, as_zip(OFFICIAL[:-30]), "missing values"),
    "zip: no such member": (ZIP, as_zip(OFFICIAL, "jena.csv"), f"holds no file {CSV}"),
    "zip: climbing member": (ZIP, as_zip(OFFICIAL, f"../{CSV}"), "holds no file"),
    "hours: not packed": (HOURLY, THINNED, "gzip"),
    "hours: empty": (HOURLY, gzip.compress(b""), "No columns"),
    "hours: cut short": (HOURLY, SMALL[HOURLY][:-40], "."),
    "hours: corrupted": (
        HOURLY,
        SMALL[HOURLY][:200] + b"\0" * 30 + SMALL[HOURLY][230:],
        ".",
    ),
    "hours: a row missing": (
        HOURLY,
        gzip.compress(as_csv(CLEAN_HOURS.iloc[:-1])),
        "rows, not",
    ),
    "hours: all columns": (
        HOURLY,
        gzip.compress(as_csv(CLEAN.iloc[::6])),
        "columns are",
    ),
    "hours: ten minutes": (
        HOURLY,
        gzip.compress(as_csv(CLEAN[SIX].iloc[:N_HOURS])),
        "not in order, an hour",
    ),
    "hours: a row twice": (
        HOURLY,
        gzip.compress(as_csv(CLEAN_HOURS.iloc[[0, 0, *range(2, N_HOURS)]])),
        "not in order, an hour",
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_file_is_explained(folder, case):
    """The message says what is wrong and names address, file, folder and command."""
    file, content, complaint = DAMAGED[case]
    with pytest.raises(datasets.DatasetError, match=complaint) as caught:
        fetched(folder, file, content)
    for word in (URL, *SMALL, str(folder), COMMAND):
        assert word in str(caught.value)
    assert [path.name for path in folder.iterdir()] == [file]
    assert (folder / file).read_bytes() == content, "the user's file was changed"


@settings(max_examples=60)
@given(data=st.data())
def test_any_damage_is_explained_or_harmless(data):
    """Wherever a file is cut or overwritten, the reader complains as it should."""
    file = data.draw(st.sampled_from(sorted(SMALL)))
    content = SMALL[file]
    place = data.draw(st.integers(0, len(content) - 1))
    junk = data.draw(st.one_of(st.none(), st.binary(min_size=1, max_size=9)))
    rest = b"" if junk is None else junk + content[place + len(junk) :]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / file
        path.write_bytes(content[:place] + rest)
        try:
            tables = READERS[file](path)
        except DAMAGE:
            return
    assert len(tables.hourly.frame) <= N_HOURS + 1


def test_archive_is_never_unpacked(folder):
    """Members that climb out of the folder leave no file anywhere."""
    buffer = io.BytesIO(SMALL[ZIP])
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("../escaped.txt", b"evil")
        archive.writestr(str(folder / "absolute.txt"), b"evil")
    climate = fetched(folder, ZIP, buffer.getvalue())
    assert len(climate.frame) == N_HOURS
    assert [path.name for path in folder.iterdir()] == [ZIP]
    assert not (folder.parent / "escaped.txt").exists()


@pytest.mark.parametrize("file", [ZIP, HOURLY])
def test_what_unpacks_to_too_much_is_refused(folder, file, monkeypatch):
    """A member larger than anything documented is not held in memory."""
    monkeypatch.setattr("coursepkg.datasets._archives.LARGEST_MEMBER", 500)
    with pytest.raises(datasets.DatasetError, match="too large"):
        fetched(folder, file)


# No file.


@pytest.mark.parametrize("step", ["60min", "10min"])
def test_offline_is_explained(tmp_path, monkeypatch, step):
    """Without a file and a network the message tells how to get one."""
    monkeypatch.setenv("COURSEPKG_DATA", str(tmp_path))
    assert not remote.DATASETS["jena_climate"].is_present()
    with pytest.raises(datasets.DatasetError, match="could not be download") as caught:
        datasets.fetch_jena_climate(step=step)
    for word in (URL, ZIP, CSV, str(tmp_path)):
        assert word in str(caught.value)
    assert (HOURLY in str(caught.value)) == (step == "60min")
    assert not list(tmp_path.iterdir()), "a temporary file was left"


def serve(monkeypatch, content):
    """Let pooch download `content` from anywhere."""
    monkeypatch.setattr(
        "pooch.core.choose_downloader",
        lambda *_args, **_options: (
            lambda _url, output_file, _pooch: Path(output_file).write_bytes(content)
        ),
    )


def test_download_is_kept_only_if_it_is_right(tmp_path, monkeypatch):
    """A page that says "come back later" is thrown away; the real file stays."""
    monkeypatch.setenv("COURSEPKG_DATA", str(tmp_path))
    monkeypatch.setattr(remote, "DATASETS", small_registry())
    serve(monkeypatch, b"<html>Come back later</html>")
    with pytest.raises(datasets.DatasetError, match="sent is not .* thrown away"):
        datasets.fetch_jena_climate()
    assert not list(tmp_path.iterdir())
    serve(monkeypatch, SMALL[ZIP])
    fetch_quietly()
    assert [path.name for path in tmp_path.iterdir()] == [ZIP]
    monkeypatch.setattr(pooch, "retrieve", None)
    fetch_quietly()


# The real files.


@pytest.fixture
def real(tmp_path, monkeypatch):
    """Return a function that puts one real file into an empty data folder."""

    def put(name):
        path = Path(REAL_FOLDER) / name
        if not REAL_FOLDER or not path.is_file():
            pytest.skip(f"{name} is not here: `{COMMAND}`")
        monkeypatch.setenv("COURSEPKG_DATA", str(tmp_path))
        shutil.copy(path, tmp_path / name)
        return tmp_path / name

    return put


@pytest.mark.parametrize("file", [HOURLY, CSV, ZIP])
def test_real_hours(real, file):
    """70,038 rows, five irregular steps, published means; all in silence."""
    real(file)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        climate = datasets.fetch_jena_climate()
    frame = climate.frame
    assert frame.shape == (70_038, 6)
    assert list(frame.columns) == SIX
    assert str(frame.index[0]) == "2009-01-01 00:10:00"
    assert str(frame.index[-1]) == "2016-12-31 23:50:00"
    assert frame.index.is_monotonic_increasing
    assert frame.index.is_unique
    assert frame.iloc[0].tolist() == [996.52, -8.02, -8.90, 93.30, 3.33, 1.03]
    temperature = frame["T (degC)"]
    assert round(temperature.mean(), 3) == 9.443
    assert round(temperature.std(), 3) == 8.422
    assert temperature.min() == -23.01
    assert (frame["wv (m/s)"] == 0).sum() == 91
    wind = frame["wv (m/s)"]["2009-11-06 08:30":"2009-11-06 10:30"]
    assert wind.tolist() == [2.28, 0.0, 3.06]  # the data sheet's missing value
    pressure = frame["p (mbar)"]["2011-06-06 12:30":"2011-06-06 14:30"]
    assert pressure.tolist() == [977.46, 914.10, 977.34]  # and its faulty one
    changes = np.flatnonzero(np.diff(climate.segments)) + 1
    gaps = {
        str(frame.index[row]): str(frame.index[row] - frame.index[row - 1])
        for row in changes
    }
    assert gaps == {
        "2009-10-08 10:30:00": "0 days 01:20:00",
        "2013-05-16 09:40:00": "0 days 01:10:00",
        "2014-07-30 08:50:00": "0 days 01:10:00",
        "2014-09-25 09:40:00": "0 days 16:50:00",
        "2016-10-28 12:50:00": "3 days 03:10:00",
    }
    assert climate.segments[-1] == 5
    assert climate.sha256.startswith("29ac17305991f17d")


def test_real_digest_can_be_recomputed(real):
    """The digest is that of the column names, the seconds and the numbers."""
    real(HOURLY)
    climate = datasets.fetch_jena_climate()
    seconds = (climate.frame.index - pd.Timestamp(0)) // pd.Timedelta("1s")
    digest = hashlib.sha256("\t".join(SIX).encode())
    digest.update(seconds.to_numpy().astype("<i8").tobytes())
    digest.update(climate.frame.to_numpy().tobytes())
    assert climate.sha256 == digest.hexdigest()


@pytest.mark.parametrize("file", [CSV, ZIP])
def test_real_ten_minutes(real, file):
    """The published figures of the whole file."""
    real(file)
    climate = datasets.fetch_jena_climate(step="10min")
    assert climate.frame.shape[1] == 14
    assert 420_000 < len(climate.frame) < 420_551
    assert round(climate.frame["T (degC)"].mean(), 2) == 9.45
    assert climate.frame[WINDS].min().min() == 0
