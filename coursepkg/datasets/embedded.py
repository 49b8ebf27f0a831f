"""The small data sets that the package carries with it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from coursepkg.datasets._files import data_path, sha256_of
from coursepkg.datasets._play import PlayData, play_truth
from coursepkg.datasets._reviews import ReviewData, read_review, review_truth
from coursepkg.datasets.climate import ClimateData, climate_truth
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


def load_climate() -> ClimateData:
    """Read the embedded weather, hour by hour: `make_climate()` with its defaults.

    Returns
    -------
    ClimateData
        `.frame` of 17,520 hours from 2009-01-01 to 2010-12-31 (the 14 columns of the
        Jena file), `.segments` (all 0: no gaps), `.truth`, `.sha256` of the file.

    Raises
    ------
    FileNotFoundError
        If the package was installed without its data.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> datasets.load_climate()
    ClimateData(17,520 rows, 60 minutes each, 2009-01-01 to 2010-12-31, generated)
    """
    path = data_path("climate.csv.gz")
    frame = pd.read_csv(path, index_col="time", parse_dates=["time"])
    frame.index = pd.DatetimeIndex(frame.index, freq="h", name="time")
    return ClimateData(
        frame=frame,
        segments=np.zeros(len(frame), dtype=np.int64),
        truth=climate_truth(frame),
        sha256=sha256_of(path),
    )


def load_reviews() -> ReviewData:
    """Read the embedded reviews: `make_reviews(n_reviews=8_000)`.

    Returns
    -------
    ReviewData
        `.texts` and `.labels` of 8,000 reviews, `.kinds`, `.truth`, `.sha256` of the
        file.

    Raises
    ------
    FileNotFoundError
        If the package was installed without its data.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> datasets.load_reviews()
    ReviewData(8,000 reviews, ReviewTruth(metric='accuracy', kind='exact'))
    """
    path = data_path("reviews.csv.gz")
    frame = pd.read_csv(path, dtype={"label": "int64", "text": "str"})
    texts = [str(text) for text in frame["text"]]
    return ReviewData(
        texts=texts,
        labels=frame["label"].to_numpy(copy=True),
        kinds=[read_review(text)[1] for text in texts],
        truth=review_truth(texts),
        sha256=sha256_of(path),
    )


def load_play() -> PlayData:
    """Read the embedded play: `make_play(n_characters=1_000_000)`.

    Returns
    -------
    PlayData
        `.text` of 1,000,000 characters, `.truth`, `.sha256` of the file.

    Raises
    ------
    FileNotFoundError
        If the package was installed without its data.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> datasets.load_play()
    PlayData(1,000,000 characters, TextTruth(metric='cross-entropy', kind='exact'))
    """
    path = data_path("play.txt")
    text = path.read_bytes().decode("ascii")
    return PlayData(text=text, truth=play_truth(text), sha256=sha256_of(path))
