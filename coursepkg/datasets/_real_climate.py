"""Real weather: how each published layout of the Jena file is read and checked."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from coursepkg.datasets._archives import gzip_file, require, zip_file
from coursepkg.datasets.climate import COLUMNS, ClimateData

JENA_CSV = "jena_climate_2009_2016.csv"
HOURLY_COLUMNS = (
    "p (mbar)",
    "T (degC)",
    "Tdew (degC)",
    "rh (%)",
    "VPmax (mbar)",
    "wv (m/s)",
)
_TIME = "Date Time"
_TIME_FORMAT = "%d.%m.%Y %H:%M:%S"
_TEN_MINUTES = pd.Timedelta(minutes=10)
_HOUR = pd.Timedelta(hours=1)
_FIRST, _LAST = pd.Timestamp("2009-01-01 00:10"), pd.Timestamp("2017-01-01 00:00")
_MISSING = -9999.0  # of the two wind speeds
_WINDS = ("wv (m/s)", "max. wv (m/s)")

# What the weather at the station can be, generously.
_RANGES = {
    "p (mbar)": (870, 1_080),
    "T (degC)": (-50, 50),
    "Tpot (K)": (220, 340),
    "Tdew (degC)": (-60, 40),
    "rh (%)": (0, 101),
    "VPmax (mbar)": (0, 130),
    "VPact (mbar)": (0, 130),
    "VPdef (mbar)": (0, 130),
    "sh (g/kg)": (0, 80),
    "H2OC (mmol/mol)": (0, 130),
    "rho (g/m**3)": (900, 1_700),
    "wv (m/s)": (0, 100),
    "max. wv (m/s)": (0, 100),
    "wd (deg)": (0, 360),
}


@dataclass(frozen=True, eq=False)
class JenaTables:
    """What a file of the weather in Jena holds.

    Parameters
    ----------
    hourly : ClimateData
        Six columns, which every layout holds.
    ten_minutes : ClimateData or None
        Fourteen columns; None where the file was thinned to hours.
    """

    hourly: ClimateData
    ten_minutes: ClimateData | None = None

    @property
    def sha256(self) -> str | None:
        """Digest of the hourly table, which the layouts have in common."""
        return self.hourly.sha256


def read_jena_csv(path: Path, *, n_rows: int) -> JenaTables:
    """Read the weather from the official table.

    Parameters
    ----------
    path : pathlib.Path
        "jena_climate_2009_2016.csv".
    n_rows : int
        Number of its rows, those that stand twice included.

    Returns
    -------
    JenaTables
        The table of ten minutes and the hourly one.
    """
    require(path.stat().st_size <= 400 * n_rows + 4_096, "it is too large")
    return _official(path.read_bytes(), n_rows)


def read_jena_archive(path: Path, *, n_rows: int) -> JenaTables:
    """Read the weather from the archive of the official table.

    Parameters
    ----------
    path : pathlib.Path
        "jena_climate_2009_2016.csv.zip".
    n_rows : int
        Number of its rows, those that stand twice included.

    Returns
    -------
    JenaTables
        The table of ten minutes and the hourly one.
    """
    return _official(zip_file(path, JENA_CSV), n_rows)


def read_jena_hourly(path: Path, *, n_rows: int) -> JenaTables:
    """Read the weather from the table that was thinned to hours.

    Parameters
    ----------
    path : pathlib.Path
        "jena_climate_hourly_2009_2016.csv.gz": of the official table in order of time,
        without the rows that stand twice, every sixth row and six columns.
    n_rows : int
        Number of its rows.

    Returns
    -------
    JenaTables
        The hourly table.
    """
    frame = _parse(gzip_file(path), HOURLY_COLUMNS, n_rows)
    steps = frame.index[1:] - frame.index[:-1]
    require((steps >= _HOUR).all(), "its rows are not in order, an hour or more apart")
    return JenaTables(_climate(frame, _HOUR))


def _official(content: bytes, n_rows: int) -> JenaTables:
    frame = _parse(content, COLUMNS, n_rows).sort_index(kind="stable")
    frame = frame[~frame.index.duplicated()]
    thinned = frame.loc[:, list(HOURLY_COLUMNS)].iloc[::6]
    return JenaTables(_climate(thinned, _HOUR), _climate(frame, _TEN_MINUTES))


def _parse(content: bytes, columns: tuple[str, ...], n_rows: int) -> pd.DataFrame:
    """Return the rows of a table as they stand, with missing wind speeds as 0."""
    table = pd.read_csv(
        io.BytesIO(content),
        dtype={_TIME: str, **dict.fromkeys(columns, np.float64)},
    )
    known = [_TIME, *columns]
    require(
        list(table.columns) == known,
        f"its columns are {list(table.columns)}, not {known}",
    )
    require(len(table) == n_rows, f"it holds {len(table):,} rows, not {n_rows:,}")
    require(not table.isna().to_numpy().any(), "it has missing values")
    times = pd.DatetimeIndex(
        pd.to_datetime(table.pop(_TIME), format=_TIME_FORMAT), name="time"
    )
    require(
        times.min() == _FIRST and times.max() <= _LAST,
        f"its times run from {times.min()} to {times.max()}, not from {_FIRST} "
        f"to {_LAST} at most",
    )
    require((times == times.floor(_TEN_MINUTES)).all(), "a time is no full ten minutes")
    for name in columns:
        if name in _WINDS:
            table.loc[table[name] == _MISSING, name] = 0.0
        low, high = _RANGES[name]
        require(
            table[name].between(low, high).all(),
            f"a value of {name} lies outside {low:,} to {high:,}",
        )
    # Two decimals, as in the files: whatever a parser makes of the last bit, and
    # whether a file has 93.3 or 93.30, -0.00 or 0.00, the numbers are the same.
    values = np.rint(100 * table.to_numpy()) / 100 + 0.0  # (n_rows, n_columns)
    return pd.DataFrame(values, index=times, columns=list(columns))


def _climate(frame: pd.DataFrame, step: pd.Timedelta) -> ClimateData:
    times = pd.DatetimeIndex(frame.index)
    segments = np.zeros(len(times), dtype=np.int64)  # (n_steps,)
    np.cumsum(times[1:] - times[:-1] != step, out=segments[1:])
    digest = hashlib.sha256("\t".join(frame.columns).encode())
    digest.update(times.as_unit("s").asi8.astype("<i8").tobytes())
    digest.update(frame.to_numpy().astype("<f8").tobytes())  # row by row
    return ClimateData(
        frame=frame, segments=segments, truth=None, sha256=digest.hexdigest()
    )
