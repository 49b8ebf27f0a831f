"""The simple methods that a network has to beat.

The naive forecasts return predictions *aligned with the series*: entry t predicts step
t from steps up to t - horizon, so ``naive(rail)[test]`` falls on the same target days
as every other model's forecast. `RidgeForecaster` and `Sarima` are fitted, and take
forecast origins as the windows do: an origin is the last observed step.
`NGramLanguageModel` counts what follows what in a text, `BagOfNGrams` classifies texts
by the words and phrases in them.
"""

from coursepkg.baselines.classification import BagOfNGrams
from coursepkg.baselines.forecasting import (
    RidgeForecaster,
    Sarima,
    drift,
    naive,
    seasonal_naive,
)
from coursepkg.baselines.language import NGramLanguageModel

__all__ = [
    "BagOfNGrams",
    "NGramLanguageModel",
    "RidgeForecaster",
    "Sarima",
    "drift",
    "naive",
    "seasonal_naive",
]
