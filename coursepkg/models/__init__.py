"""Networks as built, uncompiled Keras models.

``build_*`` functions return a model with its weights drawn from `seed` alone; the
loss, ``compile`` and ``fit`` stay visible in the chapter.
"""

from coursepkg.models.classification import (
    build_bag_classifier,
    build_conv_classifier,
    build_hybrid_classifier,
    build_rnn_classifier,
    build_row_classifier,
)
from coursepkg.models.forecasting import (
    build_conv_forecaster,
    build_linear_forecaster,
    build_quantile_forecaster,
    build_rnn_forecaster,
    build_seq2seq_forecaster,
    build_tcn_forecaster,
)
from coursepkg.models.language import build_language_model
from coursepkg.models.translation import (
    Translator,
    build_encoder_decoder,
    build_vector_to_sequence,
)

__all__ = [
    "Translator",
    "build_bag_classifier",
    "build_conv_classifier",
    "build_conv_forecaster",
    "build_encoder_decoder",
    "build_hybrid_classifier",
    "build_language_model",
    "build_linear_forecaster",
    "build_quantile_forecaster",
    "build_rnn_classifier",
    "build_rnn_forecaster",
    "build_row_classifier",
    "build_seq2seq_forecaster",
    "build_tcn_forecaster",
    "build_vector_to_sequence",
]
