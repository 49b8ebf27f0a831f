"""The small data sets that the package carries with it."""

from __future__ import annotations

import pandas as pd

from coursepkg.datasets._files import data_path, sha256_of
from coursepkg.datasets.transit import TransitData, transit_truth


def load_transit() -> TransitData:
    """Read the embedded ridership series: `make_transit()` with its defaults.

    Returns
    -------
    TransitData
        `.frame` of 2,557 days from 2012-01-01 to 2018-12-31 (day_type, bus, rail),
        `.truth`, `.sha256` of the file.

    Raises
    ------
    FileNotFoundError
        If the package was installed without its data.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> datasets.load_transit()
    TransitData(2557 days, 2012-01-01 to 2018-12-31, generated)
    """
    path = data_path("transit.csv")
    frame = pd.read_csv(path, index_col="date", parse_dates=["date"])
    frame.index = pd.DatetimeIndex(frame.index, freq="D", name="date")
    return TransitData(frame=frame, truth=transit_truth(frame), sha256=sha256_of(path))
