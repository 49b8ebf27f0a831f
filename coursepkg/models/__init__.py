"""Networks as built, uncompiled Keras models.

``build_*`` functions return a model with its weights drawn from `seed` alone; the
loss, ``compile`` and ``fit`` stay visible in the chapter.
"""

from coursepkg.models.classification import (
    build_bag_classifier,
    build_rnn_classifier,
    build_row_classifier,
)
from coursepkg.models.forecasting import build_linear_forecaster, build_rnn_forecaster
from coursepkg.models.language import build_language_model

__all__ = [
    "build_bag_classifier",
    "build_language_model",
    "build_linear_forecaster",
    "build_rnn_classifier",
    "build_rnn_forecaster",
    "build_row_classifier",
]
