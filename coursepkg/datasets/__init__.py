"""Data: `make_*` generate it, `load_*` read what is embedded, `fetch_*` may download.

Every result is a frozen dataclass of fresh arrays or frames. What is generated or
embedded carries `.truth`: the best attainable answers and their expected score.
"""

from coursepkg.datasets._dates import DatePairs, DateTruth, make_dates
from coursepkg.datasets._markov_text import MarkovTextData, make_markov_text
from coursepkg.datasets._play import PlayData, make_play
from coursepkg.datasets._real_images import MnistData
from coursepkg.datasets._real_texts import (
    GloveData,
    HamletData,
    ImdbData,
    SentencePairs,
)
from coursepkg.datasets._reber import ReberData, make_reber
from coursepkg.datasets._reviews import ReviewData, make_reviews
from coursepkg.datasets.climate import ClimateData, make_climate
from coursepkg.datasets.digits import DigitRows, load_digit_rows
from coursepkg.datasets.embedded import (
    load_climate,
    load_play,
    load_reviews,
    load_transit,
)
from coursepkg.datasets.motifs import MotifData, MotifTruth, make_motifs
from coursepkg.datasets.remote import (
    DatasetError,
    fetch_glove,
    fetch_hamlet,
    fetch_imdb,
    fetch_jena_climate,
    fetch_mnist,
    fetch_ridership,
    fetch_spanish_english,
)
from coursepkg.datasets.series import (
    SeriesData,
    SineWaves,
    make_ar_process,
    make_random_walk,
    make_seasonal_series,
    make_sine_waves,
    make_threshold_process,
)
from coursepkg.datasets.tasks import (
    TaskData,
    make_adding_problem,
    make_copy_task,
    make_temporal_order,
)
from coursepkg.datasets.transit import TransitData, make_transit
from coursepkg.datasets.truth import ReviewTruth, TaskTruth, TextTruth, Truth

__all__ = [
    "ClimateData",
    "DatasetError",
    "DatePairs",
    "DateTruth",
    "DigitRows",
    "GloveData",
    "HamletData",
    "ImdbData",
    "MarkovTextData",
    "MnistData",
    "MotifData",
    "MotifTruth",
    "PlayData",
    "ReberData",
    "ReviewData",
    "ReviewTruth",
    "SentencePairs",
    "SeriesData",
    "SineWaves",
    "TaskData",
    "TaskTruth",
    "TextTruth",
    "TransitData",
    "Truth",
    "fetch_glove",
    "fetch_hamlet",
    "fetch_imdb",
    "fetch_jena_climate",
    "fetch_mnist",
    "fetch_ridership",
    "fetch_spanish_english",
    "load_climate",
    "load_digit_rows",
    "load_play",
    "load_reviews",
    "load_transit",
    "make_adding_problem",
    "make_ar_process",
    "make_climate",
    "make_copy_task",
    "make_dates",
    "make_markov_text",
    "make_motifs",
    "make_play",
    "make_random_walk",
    "make_reber",
    "make_reviews",
    "make_seasonal_series",
    "make_sine_waves",
    "make_temporal_order",
    "make_threshold_process",
    "make_transit",
]
