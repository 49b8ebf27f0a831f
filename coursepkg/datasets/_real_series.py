"""Real series: how each published layout is read and checked."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pandas as pd

from coursepkg.datasets._archives import require, tar_file
from coursepkg.datasets.transit import TransitData

RIDERSHIP_CSV = "CTA_-_Ridership_-_Daily_Boarding_Totals.csv"
_COLUMNS = (
    "service_date",
    "day_type",
    "bus",
    "rail_boardings",
    "total_rides",
)
_FIRST_DAY = pd.Timestamp("2001-01-01")
_DAYS = 7_639
_MOST = 3_000_000  # riders a day


def read_ridership_csv(path: Path) -> TransitData:
    """Read the riders from the official table.

    Parameters
    ----------
    path : pathlib.Path
        The CSV file.

    Returns
    -------
    TransitData
        Sorted by date, without the rows that stand twice.
    """
    return _parse(path.read_bytes())


def read_ridership_archive(path: Path) -> TransitData:
    """Read the riders from the archive of the official table.

    Parameters
    ----------
    path : pathlib.Path
        "ridership.tgz".

    Returns
    -------
    TransitData
        Sorted by date, without the rows that stand twice.
    """
    return _parse(tar_file(path, f"ridership/{RIDERSHIP_CSV}"))


def _parse(content: bytes) -> TransitData:
    table = pd.read_csv(io.BytesIO(content))
    require(
        tuple(table.columns) == _COLUMNS,
        f"its columns are {list(table.columns)}, not {list(_COLUMNS)}",
    )
    require(not table.isna().to_numpy().any(), "it has missing values")
    table["service_date"] = pd.to_datetime(table["service_date"], format="%m/%d/%Y")
    table = table.drop_duplicates().sort_values("service_date")
    dates = pd.DatetimeIndex(table["service_date"], name="date")
    require(dates.is_unique, "two rows of the same day contradict each other")
    require(
        len(table) >= _DAYS and dates[0] == _FIRST_DAY,
        f"it holds {len(table)} days, not at least {_DAYS} from 2001-01-01",
    )
    require(
        (dates[-1] - dates[0]).days == len(dates) - 1,
        "days are missing between the first and the last",
    )
    require(table["day_type"].isin(["W", "A", "U"]).all(), "a day_type is unknown")
    riders = table[["bus", "rail_boardings", "total_rides"]].to_numpy()
    require(np.issubdtype(riders.dtype, np.integer), "a count is not a whole number")
    require(
        riders.min() >= 0 and riders.max() <= _MOST,
        f"a count lies outside 0 to {_MOST:,}",
    )
    require(
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
