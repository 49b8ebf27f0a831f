"""Batches of windows for Keras and for plain loops."""

from collections.abc import Iterator, Sequence
from operator import index as as_index
from typing import Any

import keras
import numpy as np

from coursepkg._validation import check_choice, check_integer
from coursepkg.windows._windowing import plan_windows


class WindowSource(keras.utils.PyDataset):
    """Cut a series into batches of windows, lazily.

    It serves what `sliding_windows` returns, in batches, without ever holding all
    windows at once: in memory is the series, at `sampling_rate` above 1 a copy of it,
    and the list of the origins. ``model.fit``, ``evaluate`` and ``predict`` take it;
    ``for inputs, targets in source`` is one pass over all windows.

    Parameters
    ----------
    series : array_like, shape (time,) or (time, features)
        The series. Its dtype is kept. It is not copied when it need not be, so do not
        change it while the source is in use.
    sequence_length, horizon, target, sampling_rate, sequence_stride, origins, \
every_step
        As in `sliding_windows`.
    batch_size : int
        Number of windows in a batch; the last batch of a pass may have fewer.
    shuffle : bool
        Whether each pass goes through the origins in a new random order.
    seed : int or numpy.random.Generator
        Fixes the random orders: pass `k` is ordered by
        ``default_rng([seed, k]).permutation(n_windows)``. A generator is asked once,
        for the seed.

    Attributes
    ----------
    origins : numpy.ndarray, shape (n_windows,)
        The forecast origin of every window, in the order asked for: the order of
        ``model.predict(source)`` when `shuffle` is off.
    pass_number : int
        The number `k` of the pass that ``source[i]`` belongs to.

    Raises
    ------
    TypeError, ValueError
        As in `sliding_windows`, and for a `batch_size` below 1 or a negative `seed`.

    Notes
    -----
    ``source[i]`` is batch `i` of the current pass, the same whenever it is asked for.
    Each ``for`` begins a new pass, the first one pass 0, and so does each epoch of
    ``fit``. (Keras ends an epoch before the first one too, so that ``fit`` starts at a
    later pass than 0.)

    Keras goes through the *batches* in a random order of its own, unless
    ``fit(..., shuffle=False)``. That is harmless for windows that do not depend on each
    other, and wrong for a stateful layer.

    Leave ``steps_per_epoch`` out of `fit`: an epoch that ends before its pass does
    would take up the next pass in its middle.

    Leave `shuffle` off for the source of ``validation_data`` and for ``predict``, whose
    results come in the order of the pass.

    Examples
    --------
    >>> source = WindowSource(np.arange(10.0), sequence_length=3, batch_size=4)
    >>> source
    WindowSource(n_windows=7, n_batches=2, inputs=(4, 3, 1), targets=(4,))
    >>> for inputs, targets in source:
    ...     print(inputs.shape, targets)
    (4, 3, 1) [3. 4. 5. 6.]
    (3, 3, 1) [7. 8. 9.]
    """

    def __init__(
        self,
        series: Any,
        *,
        sequence_length: int,
        horizon: int | Sequence[int] | np.ndarray = 1,
        target: int | Sequence[int] | None = None,
        sampling_rate: int = 1,
        sequence_stride: int = 1,
        origins: slice | Sequence[int] | np.ndarray | None = None,
        every_step: bool = False,
        batch_size: int = 32,
        shuffle: bool = False,
        seed: int | np.random.Generator = 0,
    ) -> None:
        super().__init__()
        self._windowing = plan_windows(
            series,
            sequence_length=sequence_length,
            horizon=horizon,
            target=target,
            sampling_rate=sampling_rate,
            sequence_stride=sequence_stride,
            origins=origins,
            every_step=every_step,
        )
        self._batch_size = check_integer(batch_size, "batch_size", minimum=1)
        self._shuffle = check_choice(shuffle, "shuffle", (True, False))
        if isinstance(seed, np.random.Generator):
            seed = int(seed.integers(2**63))
        self._seed = check_integer(seed, "seed", minimum=0)
        self._pass_begun = False
        self._open_pass(0)

    @property
    def origins(self) -> np.ndarray:
        """The forecast origin of every window, in order, shape (n_windows,)."""
        return self._windowing.origins

    @property
    def pass_number(self) -> int:
        """The number of the pass that ``source[i]`` belongs to."""
        return self._pass_number

    def __len__(self) -> int:
        """Count the batches of a pass."""
        return -(-len(self.origins) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return inputs and targets of batch `index` of the current pass."""
        return self._batch(self._order, index)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Go through all batches of a new pass once."""
        if self._pass_begun:
            self._open_pass(self._pass_number + 1)
        self._pass_begun = True
        return self._batches(self._order)

    def on_epoch_end(self) -> None:
        """Turn to the next pass; Keras calls this after each epoch."""
        self._pass_begun = False
        self._open_pass(self._pass_number + 1)

    def __repr__(self) -> str:
        """Say how many windows there are and the shapes of a full batch."""
        inputs, targets = self._windowing.cut(self.origins[: self._batch_size])
        return (
            f"{type(self).__name__}(n_windows={len(self.origins)}, "
            f"n_batches={len(self)}, inputs={inputs.shape}, targets={targets.shape})"
        )

    def _open_pass(self, number: int) -> None:
        """Order the origins for pass `number`."""
        order = self.origins
        if self._shuffle:
            order = np.random.default_rng([self._seed, number]).permutation(order)
        self._pass_number = number
        self._order = order

    def _batches(self, order: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the batches of the origins in this order."""
        for index in range(len(self)):
            yield self._batch(order, index)

    def _batch(self, order: np.ndarray, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Cut batch `index` out of the origins in this order."""
        n_batches = len(self)
        number = as_index(index)
        if not -n_batches <= number < n_batches:
            message = (
                f"`index` must be from 0 to {n_batches - 1}, got {number}. "
                f"The source has {n_batches} batches."
            )
            raise IndexError(message)
        first = number % n_batches * self._batch_size
        return self._windowing.cut(order[first : first + self._batch_size])
