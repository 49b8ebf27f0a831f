"""What the studies watch while a network trains."""

from __future__ import annotations

from collections.abc import Mapping

import keras


class BatchLosses(keras.callbacks.Callback):
    """Keep the loss of every batch, where Keras reports the mean since the epoch began.

    Attributes
    ----------
    losses : list of float
        One an iteration.
    """

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []
        self._total = 0.0

    def on_train_batch_end(
        self, batch: int, logs: Mapping[str, float] | None = None
    ) -> None:
        """Take the new part out of the mean."""
        total = (logs or {})["loss"] * (batch + 1)
        before = self._total if batch else 0.0
        self.losses.append(total - before)
        self._total = total
