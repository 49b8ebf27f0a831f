"""Real data: found without a network, checked before use, explained when absent."""

import hashlib
import io
import os
import shutil
import tarfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pooch
import pytest

from coursepkg import datasets
from coursepkg.datasets import remote

CSV = "CTA_-_Ridership_-_Daily_Boarding_Totals.csv"
URL = "https://github.com/ageron/data/raw/main/ridership.tgz"
COMMAND = "python -m coursepkg data fetch ridership"
REAL_FOLDER = os.environ.get("COURSEPKG_DATA", "")


def official_table():
    """Return generated riders in the layout of the official file, as strings."""
    frame = datasets.make_transit(n_days=7_639, start="2001-01-01", seed=1).frame
    return pd.DataFrame(
        {
            "service_date": frame.index.strftime("%m/%d/%Y"),
            "day_type": frame["day_type"].to_numpy(),
            "bus": frame["bus"].to_numpy(),
            "rail_boardings": frame["rail"].to_numpy(),
            "total_rides": (frame["bus"] + frame["rail"]).to_numpy(),
        }
    )


TABLE = official_table()


def as_csv(table):
    """Return a table as the bytes of a CSV file."""
    return table.to_csv(index=False).encode()


def as_archive(content, name=f"ridership/{CSV}"):
    """Return the bytes of a gzipped archive with one member."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def fetch_quietly():
    """Fetch an edition whose SHA-256 is not the documented one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return datasets.fetch_ridership()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return an empty data folder, with every download refused."""
    monkeypatch.setenv("COURSEPKG_DATA", str(tmp_path))

    def refuse(**_):
        pytest.fail("something was downloaded over a file that is there")

    monkeypatch.setattr(pooch, "retrieve", refuse)
    return tmp_path


# A file that is there.


def test_file_of_another_edition_is_read_with_a_warning(folder):
    """Shuffled rows, some twice, in the documented layout give every day in order."""
    messy = pd.concat([TABLE, TABLE.iloc[100:162]]).sample(frac=1, random_state=0)
    content = as_csv(messy)
    (folder / CSV).write_bytes(content)
    with pytest.warns(UserWarning, match="SHA-256") as caught:
        ridership = datasets.fetch_ridership()
    assert caught[0].filename == __file__
    frame = ridership.frame
    assert len(frame) == 7_639
    assert frame.index.is_monotonic_increasing
    assert frame.index.freqstr == "D"
    assert frame.index.name == "date"
    assert list(frame.columns) == ["day_type", "bus", "rail"]
    np.testing.assert_array_equal(frame["rail"], TABLE["rail_boardings"])
    assert ridership.truth is None
    assert ridership.sha256 == hashlib.sha256(content).hexdigest()
    assert (folder / CSV).read_bytes() == content


def test_archive_gives_what_the_csv_gives(folder):
    """Both layouts hold the same frame and the same digest."""
    content = as_csv(TABLE)
    (folder / CSV).write_bytes(content)
    plain = fetch_quietly()
    (folder / CSV).unlink()
    (folder / "ridership.tgz").write_bytes(as_archive(content))
    packed = fetch_quietly()
    pd.testing.assert_frame_equal(plain.frame, packed.frame)
    assert plain.sha256 == packed.sha256


def test_documented_edition_is_preferred_and_not_warned_about(folder, monkeypatch):
    """Of two files, the one with the pinned digest is read, in silence."""
    content = as_archive(as_csv(TABLE))
    (folder / "ridership.tgz").write_bytes(content)
    (folder / CSV).write_bytes(b"not the data")
    pin(monkeypatch, "ridership.tgz", hashlib.sha256(content).hexdigest())
    assert len(datasets.fetch_ridership().frame) == 7_639


def pin(monkeypatch, file, digest, **changes):
    """Put another digest (and more) into a layout of the registry."""
    from dataclasses import replace

    known = remote.DATASETS["ridership"]
    parts = tuple(
        tuple(
            replace(layout, sha256=digest, **changes) if layout.file == file else layout
            for layout in part
        )
        for part in known.parts
    )
    monkeypatch.setattr(remote, "DATASETS", {"ridership": replace(known, parts=parts)})


def test_unpinned_edition_says_so(folder, monkeypatch):
    """A layout without a known digest is read after the checks, with a warning."""
    (folder / CSV).write_bytes(as_csv(TABLE))
    pin(monkeypatch, CSV, None)
    with pytest.warns(UserWarning, match="no pinned SHA-256"):
        datasets.fetch_ridership()


# A file that is not what it should be.


def changed(column, row, value):
    """Return the table with one cell replaced."""
    table = TABLE.astype({column: object}) if isinstance(value, str) else TABLE.copy()
    table.loc[row, column] = value
    return as_csv(table)


DAMAGED = {
    "empty": (CSV, b"", "No columns"),
    "cut short": (CSV, as_csv(TABLE)[:100_000], "missing values|days|add up"),
    "cut at a line": (CSV, as_csv(TABLE.iloc[:7_000]), "7000 days, not at least 7639"),
    "a web page": (CSV, b"<!DOCTYPE html>\n<html></html>\n", "columns"),
    "binary": (CSV, bytes(range(256)) * 50, "ridership"),
    "columns": (CSV, as_csv(TABLE.rename(columns={"bus": "coach"})), "columns"),
    "negative": (CSV, changed("bus", 5, -1), "lies outside"),
    "huge": (CSV, changed("bus", 5, 9_999_999), "lies outside"),
    "sum": (CSV, changed("total_rides", 5, 1), "add up"),
    "day type": (CSV, changed("day_type", 5, "X"), "day_type"),
    "not a date": (CSV, changed("service_date", 5, "soon"), "soon"),
    "contradiction": (
        CSV,
        changed("service_date", 5, TABLE["service_date"][4]),
        "contradict",
    ),
    "hole": (
        CSV,
        changed("service_date", 7_638, "12/31/2021"),
        "days are missing",
    ),
    "empty archive": ("ridership.tgz", b"", "empty|ridership"),
    "archive cut short": ("ridership.tgz", as_archive(as_csv(TABLE))[:50_000], "."),
    "archive corrupted": ("ridership.tgz", b"\x1f\x8b" + b"\x00" * 5_000, "."),
    "other archive": (
        "ridership.tgz",
        as_archive(b"1,2", "other.csv"),
        "holds no file",
    ),
    "escaping member": (
        "ridership.tgz",
        as_archive(as_csv(TABLE), f"../ridership/{CSV}"),
        "holds no file",
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_file_is_explained(folder, case):
    """The message says what is wrong and names address, file, folder and command."""
    file, content, complaint = DAMAGED[case]
    (folder / file).write_bytes(content)
    with pytest.raises(datasets.DatasetError, match=complaint) as caught:
        datasets.fetch_ridership()
    for word in (URL, "ridership.tgz", CSV, str(folder), COMMAND):
        assert word in str(caught.value)
    assert (folder / file).read_bytes() == content, "the user's file was changed"


def test_archive_is_never_unpacked(folder):
    """A member that climbs out of the folder, and a link, leave no file anywhere."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name in ("../escaped.txt", str(folder / "absolute.txt")):
            member = tarfile.TarInfo(name)
            member.size = 4
            archive.addfile(member, io.BytesIO(b"evil"))
        link = tarfile.TarInfo(f"ridership/{CSV}")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        content = as_csv(TABLE)
        member = tarfile.TarInfo(f"ridership/{CSV}")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    (folder / "ridership.tgz").write_bytes(buffer.getvalue())
    assert len(fetch_quietly().frame) == 7_639
    assert [path.name for path in folder.iterdir()] == ["ridership.tgz"]
    assert not (folder.parent / "escaped.txt").exists()


def test_huge_member_is_refused(folder, monkeypatch):
    """A member larger than anything documented is not read into memory."""
    monkeypatch.setattr("coursepkg.datasets._archives.LARGEST_MEMBER", 1_000)
    (folder / "ridership.tgz").write_bytes(as_archive(as_csv(TABLE)))
    with pytest.raises(datasets.DatasetError, match="too large"):
        datasets.fetch_ridership()


# No file.


def test_offline_is_explained(tmp_path, monkeypatch):
    """Without a file and a network the message tells how to get one."""
    monkeypatch.setenv("COURSEPKG_DATA", str(tmp_path / "new"))
    with pytest.raises(
        datasets.DatasetError, match="could not be downloaded"
    ) as caught:
        datasets.fetch_ridership()
    for word in (URL, "ridership.tgz", CSV, str(tmp_path / "new"), COMMAND):
        assert word in str(caught.value)
    assert not remote.DATASETS["ridership"].is_present()
    assert not list((tmp_path / "new").glob("*")), "a temporary file was left"


def serve(monkeypatch, content):
    """Let pooch download `content` from anywhere, checking and moving as it does."""

    def downloader(_url, output_file, _pooch):
        target = Path(output_file)
        assert target.name != "ridership.tgz", "written straight to its place"
        target.write_bytes(content)

    monkeypatch.setattr(
        "pooch.core.choose_downloader", lambda *_args, **_options: downloader
    )


def test_download_is_checked_moved_and_used_again(tmp_path, monkeypatch, capfd):
    """A first fetch downloads in silence; a second one needs no network."""
    monkeypatch.setenv("COURSEPKG_DATA", str(tmp_path / "cache"))
    content = as_archive(as_csv(TABLE))
    serve(monkeypatch, content)
    pin(monkeypatch, "ridership.tgz", hashlib.sha256(content).hexdigest())
    first = datasets.fetch_ridership()
    assert remote.DATASETS["ridership"].is_present()
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["ridership.tgz"]
    assert capfd.readouterr() == ("", "")
    monkeypatch.setattr(pooch, "retrieve", None)
    second = datasets.fetch_ridership()
    pd.testing.assert_frame_equal(first.frame, second.frame)
    assert first.frame is not second.frame


def test_download_with_another_digest_is_thrown_away(tmp_path, monkeypatch):
    """What comes over the network must be the documented edition."""
    monkeypatch.setenv("COURSEPKG_DATA", str(tmp_path))
    serve(monkeypatch, as_archive(as_csv(TABLE)))
    with pytest.raises(datasets.DatasetError, match="hash|SHA"):
        datasets.fetch_ridership()
    assert not list(tmp_path.iterdir())


# The registry and the folder.


def test_registry_lists_what_the_command_needs():
    """Every entry has a title, a licence, file names, a size and pinned digests."""
    for name, dataset in remote.DATASETS.items():
        assert dataset.name == name
        assert dataset.title
        assert dataset.licence
        assert dataset.files
        assert dataset.size > 0
        for part in dataset.parts:
            assert any(layout.url for layout in part)
            assert all(
                layout.sha256 is None or len(layout.sha256) == 64 for layout in part
            )
    assert "ridership" in repr(remote.DATASETS["ridership"])


def test_data_folder_follows_the_environment(tmp_path, monkeypatch):
    """COURSEPKG_DATA may be relative; unset or empty means the user's cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSEPKG_DATA", "here")
    assert remote.data_folder() == tmp_path.resolve() / "here"
    for value in ("", None):
        if value is None:
            monkeypatch.delenv("COURSEPKG_DATA")
        else:
            monkeypatch.setenv("COURSEPKG_DATA", value)
        assert remote.data_folder() == Path(pooch.os_cache("coursepkg")).resolve()


# The real file.


def real_file(name):
    """Return the path of a real file, or skip with the command that brings it."""
    path = Path(REAL_FOLDER) / name
    if not REAL_FOLDER or not path.is_file():
        pytest.skip(f"{name} is not here: `{COMMAND}`")
    return path


@pytest.mark.parametrize("file", [CSV, "ridership.tgz"])
def test_real_file_is_read_as_documented(folder, file):
    """7,701 rows with 62 duplicates give 7,639 days; the first is known."""
    shutil.copy(real_file(file), folder / file)
    ridership = datasets.fetch_ridership()
    frame = ridership.frame
    assert len(frame) == 7_639
    assert str(frame.index[0].date()) == "2001-01-01"
    assert str(frame.index[-1].date()) == "2021-11-30"
    assert frame.iloc[0].tolist() == ["U", 297_192, 126_455]
    assert repr(ridership) == "TransitData(7639 days, 2001-01-01 to 2021-11-30, real)"
    assert ridership.sha256.startswith("34faaba085ca2143")
    rail = frame["rail"]
    naive = (rail - rail.shift(7))["2019-03-01":"2019-05-31"].abs().mean()
    assert round(naive) == 42_143  # as published in Hands-On Machine Learning
