"""Data: `make_*` generate it, `load_*` read what is embedded, `fetch_*` may download.

Every result is a frozen dataclass of fresh arrays or frames. What is generated or
embedded carries `.truth`: the best attainable forecasts and their expected score.
"""

from coursepkg.datasets.embedded import load_transit
from coursepkg.datasets.remote import DatasetError, fetch_ridership
from coursepkg.datasets.series import (
    SeriesData,
    make_ar_process,
    make_random_walk,
    make_seasonal_series,
    make_threshold_process,
)
from coursepkg.datasets.transit import TransitData, make_transit
from coursepkg.datasets.truth import Truth

__all__ = [
    "DatasetError",
    "SeriesData",
    "TransitData",
    "Truth",
    "fetch_ridership",
    "load_transit",
    "make_ar_process",
    "make_random_walk",
    "make_seasonal_series",
    "make_threshold_process",
    "make_transit",
]
