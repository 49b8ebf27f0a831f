"""Real data sets: found in the user's data folder, or downloaded into it once."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import tarfile
import warnings
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pooch

from coursepkg.datasets._files import sha256_of
from coursepkg.datasets.transit import TransitData

_LARGEST_MEMBER = 64 * 2**20  # bytes; nothing here unpacks to more


class DatasetError(RuntimeError):
    """A real data set is absent, cannot be downloaded, or is not what it should be."""


@dataclass(frozen=True)
class Layout:
    """One documented form of a file.

    Parameters
    ----------
    file : str
        Name in the data folder.
    sha256 : str or None
        Digest of the documented edition in hexadecimal; None if none is known.
    read : callable
        Maps the path to what the file holds, after checking columns, counts and
        ranges. Raises ValueError, saying what is wrong with the file.
    url : str or None
        Where it can be downloaded; None for a form that only users bring.
    size : int
        Bytes.
    """

    file: str
    sha256: str | None
    read: Callable[[Path], Any]
    url: str | None = None
    size: int = 0


@dataclass(frozen=True, eq=False)
class RemoteDataset:
    """A real data set: which files make it up, and under which names.

    Parameters
    ----------
    name : str
        What `python -m coursepkg data fetch` calls it.
    title : str
        One line on what it is.
    licence : str
        Terms of use, or that none are stated.
    parts : tuple of tuples of Layout
        The files that are needed; for each its accepted layouts, preferred first.
    combine : callable
        Maps what the parts hold, in their order, to the result of `fetch`.
    """

    name: str
    title: str
    licence: str
    parts: tuple[tuple[Layout, ...], ...]
    combine: Callable[..., Any]

    def __repr__(self) -> str:
        """Return the name and the file names."""
        return f"RemoteDataset({self.name!r}, files={self.files})"

    @property
    def files(self) -> tuple[str, ...]:
        """Every accepted file name."""
        return tuple(layout.file for part in self.parts for layout in part)

    @property
    def size(self) -> int:
        """Bytes to download."""
        return sum(_downloadable(part).size for part in self.parts)

    def is_present(self) -> bool:
        """Return whether every part lies in the data folder; nothing is read.

        Returns
        -------
        bool
            True if `fetch` needs no network.
        """
        folder = data_folder()
        return all(
            any((folder / layout.file).is_file() for layout in part)
            for part in self.parts
        )

    def fetch(self) -> Any:
        """Read the data set, downloading what is not in the data folder.

        Returns
        -------
        object
            What the public `fetch_*` function returns.

        Raises
        ------
        DatasetError
            If a file is absent and cannot be downloaded, or is damaged.
        """
        return self.combine(*map(self._read, self.parts))

    def _read(self, part: tuple[Layout, ...]) -> Any:
        folder = data_folder()
        present = [layout for layout in part if (folder / layout.file).is_file()]
        if not present:
            present = [self._download(part, folder)]
        digests = {layout.file: sha256_of(folder / layout.file) for layout in present}
        documented = [one for one in present if digests[one.file] == one.sha256]
        layout = (documented or present)[0]
        path = folder / layout.file
        try:
            content = layout.read(path)
        except _DAMAGE as error:
            message = (
                f"{path} is not the data set {self.name!r}: {_reason(error)}. "
                "It may be incomplete: delete it, then fetch it again. "
                f"{self._remedy(part, folder)}"
            )
            raise DatasetError(message) from error
        if not documented:
            known = "has no pinned" if layout.sha256 is None else "differs in its"
            message = (
                f"{path} {known} SHA-256 (it is {digests[layout.file]}). Its columns, "
                "counts and ranges are as documented, so it is used as it is; "
                "published numbers may differ."
            )
            warnings.warn(message, UserWarning, stacklevel=4)
        return content

    def _download(self, part: tuple[Layout, ...], folder: Path) -> Layout:
        layout = _downloadable(part)
        logger = pooch.get_logger()
        level = logger.level
        logger.setLevel(logging.WARNING)
        try:
            # pooch writes to a temporary file in the folder, checks, then moves.
            pooch.retrieve(
                url=layout.url,
                known_hash=layout.sha256 and f"sha256:{layout.sha256}",
                fname=layout.file,
                path=folder,
            )
        except (OSError, ValueError, RuntimeError) as error:
            message = (
                f"The data set {self.name!r} is not in {folder} and could not be "
                f"downloaded ({_reason(error)}). {self._remedy(part, folder)}"
            )
            raise DatasetError(message) from error
        finally:
            logger.setLevel(level)
        return layout

    def _remedy(self, part: tuple[Layout, ...], folder: Path) -> str:
        layout = _downloadable(part)
        others = [repr(one.file) for one in part if one is not layout]
        either = f" (or, unpacked, {', '.join(others)})" if others else ""
        return (
            f"With a network, run `python -m coursepkg data fetch {self.name}`. "
            f"Without one, download {layout.url} on another machine and save it as "
            f"{layout.file!r}{either} in {folder}; the environment variable "
            "COURSEPKG_DATA names another folder."
        )


def data_folder() -> Path:
    """Return the folder of the real data sets; it need not exist yet.

    Returns
    -------
    pathlib.Path
        The environment variable COURSEPKG_DATA where it is set, else the user's
        cache folder. Absolute.
    """
    chosen = os.environ.get("COURSEPKG_DATA") or pooch.os_cache("coursepkg")
    return Path(chosen).expanduser().resolve()


def fetch_ridership() -> TransitData:
    """Read the daily ridership of Chicago's buses and trains, 2001 to 2021.

    The official file holds 7,701 rows out of order, 62 of them twice: the frame has
    7,639 days in order. A copy in the data folder (`COURSEPKG_DATA`, else the user's
    cache) is used without any network: "ridership.tgz" or the CSV inside it.

    Returns
    -------
    TransitData
        `.frame` (day_type, bus, rail), `.truth` None, and `.sha256` of the CSV,
        the same for both forms of the file.

    Raises
    ------
    DatasetError
        If the file is absent and cannot be downloaded, or is damaged. The message
        names the address, the file name, the folder and the command.

    Warns
    -----
    UserWarning
        If the file is another edition than the documented one.

    References
    ----------
    Chicago Transit Authority, "CTA - Ridership - Daily Boarding Totals", Chicago
    Data Portal; as packed by A. Géron (2022) for *Hands-On Machine Learning*.
    """
    transit = DATASETS["ridership"].fetch()
    return TransitData(transit.frame, truth=None, sha256=transit.sha256)


_RIDERSHIP_CSV = "CTA_-_Ridership_-_Daily_Boarding_Totals.csv"
_RIDERSHIP_COLUMNS = (
    "service_date",
    "day_type",
    "bus",
    "rail_boardings",
    "total_rides",
)
_RIDERSHIP_FIRST_DAY = pd.Timestamp("2001-01-01")
_RIDERSHIP_DAYS = 7_639
_RIDERSHIP_MOST = 3_000_000  # riders a day


def _read_ridership_csv(path: Path) -> TransitData:
    return _parse_ridership(path.read_bytes())


def _read_ridership_archive(path: Path) -> TransitData:
    return _parse_ridership(_tar_member(path, f"ridership/{_RIDERSHIP_CSV}"))


def _parse_ridership(content: bytes) -> TransitData:
    table = pd.read_csv(io.BytesIO(content))
    _require(
        tuple(table.columns) == _RIDERSHIP_COLUMNS,
        f"its columns are {list(table.columns)}, not {list(_RIDERSHIP_COLUMNS)}",
    )
    _require(not table.isna().to_numpy().any(), "it has missing values")
    table["service_date"] = pd.to_datetime(table["service_date"], format="%m/%d/%Y")
    table = table.drop_duplicates().sort_values("service_date")
    dates = pd.DatetimeIndex(table["service_date"], name="date")
    _require(dates.is_unique, "two rows of the same day contradict each other")
    _require(
        len(table) >= _RIDERSHIP_DAYS and dates[0] == _RIDERSHIP_FIRST_DAY,
        f"it holds {len(table)} days, not at least {_RIDERSHIP_DAYS} from 2001-01-01",
    )
    _require(
        (dates[-1] - dates[0]).days == len(dates) - 1,
        "days are missing between the first and the last",
    )
    _require(table["day_type"].isin(["W", "A", "U"]).all(), "a day_type is unknown")
    riders = table[["bus", "rail_boardings", "total_rides"]].to_numpy()
    _require(np.issubdtype(riders.dtype, np.integer), "a count is not a whole number")
    _require(
        riders.min() >= 0 and riders.max() <= _RIDERSHIP_MOST,
        f"a count lies outside 0 to {_RIDERSHIP_MOST:,}",
    )
    _require(
        np.array_equal(riders[:, 0] + riders[:, 1], riders[:, 2]),
        "bus and rail do not add up to total_rides",
    )
    frame = pd.DataFrame(
        {
            "day_type": table["day_type"].to_numpy(),
            "bus": riders[:, 0].astype(np.int64),
            "rail": riders[:, 1].astype(np.int64),
        },
        index=pd.DatetimeIndex(dates.to_numpy(), freq="D", name="date"),
    )
    digest = hashlib.sha256(content).hexdigest()
    return TransitData(frame=frame, truth=None, sha256=digest)


# What a damaged file makes its reader raise.
_DAMAGE = (ValueError, OSError, EOFError, tarfile.TarError, zlib.error)


def _require(satisfied: Any, complaint: str) -> None:
    if not satisfied:
        raise ValueError(complaint)


def _tar_member(path: Path, name: str) -> bytes:
    """Read one member into memory: nothing is ever unpacked onto the disk."""
    with tarfile.open(path, mode="r:*") as archive:
        for member in archive:
            if member.name != name or not member.isfile():
                continue
            _require(member.size <= _LARGEST_MEMBER, f"{name} is too large")
            file = archive.extractfile(member)
            if file is not None:
                return file.read()
    message = f"the archive holds no file {name}"
    raise ValueError(message)


def _downloadable(part: tuple[Layout, ...]) -> Layout:
    return next(layout for layout in part if layout.url is not None)


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split()).rstrip(".")
    if len(text) > 300:
        text = text[:297] + "..."
    return text or type(error).__name__


DATASETS: Mapping[str, RemoteDataset] = MappingProxyType(
    {
        "ridership": RemoteDataset(
            name="ridership",
            title="Daily boardings of Chicago's buses and trains, 2001-2021",
            licence="City of Chicago Data Portal terms of use",
            parts=(
                (
                    Layout(
                        file=_RIDERSHIP_CSV,
                        sha256=(
                            "34faaba085ca21434b7dd3e0abcbaf8c"
                            "de5be3a4f170dda1c8caef72c5c4bd06"
                        ),
                        read=_read_ridership_csv,
                        size=268_584,
                    ),
                    Layout(
                        file="ridership.tgz",
                        sha256=(
                            "0ff99f3dddd886ddea161b68f25f90b5"
                            "6b0468f5c91949b75376fb494516c794"
                        ),
                        read=_read_ridership_archive,
                        url="https://github.com/ageron/data/raw/main/ridership.tgz",
                        size=108_512,
                    ),
                ),
            ),
            combine=lambda transit: transit,
        ),
    }
)
