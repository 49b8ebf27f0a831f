"""Splits in time, forecast origins, windows over a series, scaling and batches.

A *window* is `sequence_length` steps of a series, `sampling_rate` rows apart, that end
at row `t`, the *forecast origin*. Its target lies `horizon` rows after `t`.

`WindowSource` is a ``keras.utils.PyDataset``; Keras is imported when it is first asked
for, so that everything else here works without it.
"""

from typing import TYPE_CHECKING, Any

from coursepkg.windows._splits import forecast_origins, temporal_split
from coursepkg.windows._standardize import Standardizer
from coursepkg.windows._windowing import sliding_windows

if TYPE_CHECKING:
    from coursepkg.windows._source import WindowSource

__all__ = [
    "Standardizer",
    "WindowSource",
    "forecast_origins",
    "sliding_windows",
    "temporal_split",
]


def __getattr__(name: str) -> Any:
    """Import `WindowSource`, and with it Keras, when it is first asked for."""
    if name == "WindowSource":
        from coursepkg.windows._source import WindowSource

        return WindowSource
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    """List the public names, the lazily imported one among them."""
    return sorted(__all__)
