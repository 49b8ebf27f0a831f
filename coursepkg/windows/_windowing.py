"""Windows over a series and their targets: the one place of the index arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from coursepkg._validation import (
    check_array,
    check_choice,
    check_finite,
    check_integer,
)
from coursepkg.windows._splits import (
    check_fits,
    check_integers,
    check_slice,
    window_reach,
)


def sliding_windows(
    series: Any,
    *,
    sequence_length: int,
    horizon: int | Sequence[int] | np.ndarray = 1,
    target: int | Sequence[int] | None = None,
    sampling_rate: int = 1,
    sequence_stride: int = 1,
    origins: slice | Sequence[int] | np.ndarray | None = None,
    every_step: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Cut a series into windows and the values to be forecast from them.

    The window with the origin `t` holds the rows ``t - (sequence_length - 1) *
    sampling_rate, ..., t - sampling_rate, t``. Its target is row ``t + horizon``.

    Parameters
    ----------
    series : array_like, shape (time,) or (time, features)
        The series. Its dtype is kept.
    sequence_length : int
        Number of steps in a window.
    horizon : int or sequence of int
        Distance in rows from `t` to the target, or to each of the targets. 14 is the
        one value 14 rows ahead, ``range(1, 15)`` are the next 14.
    target : int or sequence of int, optional
        The column to forecast, or several. All columns by default.
    sampling_rate : int
        Distance in rows between two steps of a window.
    sequence_stride : int
        Use every `sequence_stride`-th origin, from the first.
    origins : slice or sequence of int, optional
        The origins to use. From a slice those are taken that have a whole window and
        all targets in the series; of a sequence each one must. Windows may reach back
        before them. Those of `forecast_origins` keep the targets inside one part of a
        split. All by default.
    every_step : bool
        Give targets for every step of the window instead of for the last one.

    Returns
    -------
    inputs : numpy.ndarray, shape (batch, sequence_length, features)
        A 1-D series has one feature.
    targets : numpy.ndarray
        Shape (batch,); with several horizons (batch, horizons); with several columns
        (batch, columns) or (batch, horizons, columns). With `every_step`, the axis
        sequence_length comes after batch.

    Raises
    ------
    TypeError
        If a count is not an integer or the series does not hold real numbers.
    ValueError
        If a window or a horizon does not fit into the series, an origin or a column is
        out of range, or the series has NaN or infinite values.

    Examples
    --------
    >>> inputs, targets = sliding_windows(np.arange(6), sequence_length=3)
    >>> inputs[..., 0]
    array([[0, 1, 2],
           [1, 2, 3],
           [2, 3, 4]])
    >>> targets
    array([3, 4, 5])
    >>> inputs, targets = sliding_windows(
    ...     np.arange(9), sequence_length=3, sampling_rate=2, horizon=range(1, 4)
    ... )
    >>> inputs[..., 0]
    array([[0, 2, 4],
           [1, 3, 5]])
    >>> targets
    array([[5, 6, 7],
           [6, 7, 8]])
    """
    windowing = plan_windows(
        series,
        sequence_length=sequence_length,
        horizon=horizon,
        target=target,
        sampling_rate=sampling_rate,
        sequence_stride=sequence_stride,
        origins=origins,
        every_step=every_step,
    )
    return windowing.cut(windowing.origins)


@dataclass(frozen=True, eq=False, repr=False)
class Windowing:
    """What to cut from a series, checked once, so that each batch is two gathers.

    The rows are stored by phase, that is by ``row % sampling_rate``, so that the steps
    of every window lie side by side in memory and one block is copied for each.

    Attributes
    ----------
    origins : numpy.ndarray, shape (n_origins,)
        The admissible forecast origins.
    rows : numpy.ndarray, shape (time, features)
        The series by phase, C-contiguous; the series itself when every row is a step.
    phase_starts : numpy.ndarray, shape (sampling_rate,)
        Where each phase begins in `rows`.
    target_rows : numpy.ndarray, shape (time,) or (time, columns)
        What is forecast, in the order of time.
    target_offsets : numpy.ndarray
        Distance from the origin to each target, shape (), (horizons,),
        (sequence_length,) or (sequence_length, horizons).
    sequence_length : int
        Number of steps in a window.
    """

    origins: np.ndarray
    rows: np.ndarray
    phase_starts: np.ndarray
    target_rows: np.ndarray
    target_offsets: np.ndarray
    sequence_length: int

    def cut(self, origins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the windows and targets of some of the admissible origins.

        Parameters
        ----------
        origins : numpy.ndarray, shape (batch,)
            Admissible origins.

        Returns
        -------
        inputs : numpy.ndarray, shape (batch, sequence_length, features)
            A new array.
        targets : numpy.ndarray, shape (batch, ...)
            A new array.
        """
        rate = len(self.phase_starts)
        n, features = self.rows.shape
        first = origins - (self.sequence_length - 1) * rate  # (batch,)
        starts = self.phase_starts[first % rate] + first // rate  # (batch,)
        # Item k of this view is the block of rows[k : k + sequence_length]. The blocks
        # overlap, so nothing is stored twice; each is one opaque item, which NumPy
        # copies in one piece.
        row_bytes = features * self.rows.itemsize
        blocks = np.ndarray(
            (n - self.sequence_length + 1,),
            dtype=np.dtype((np.void, self.sequence_length * row_bytes)),
            buffer=self.rows,
            strides=(row_bytes,),
        )
        shape = (len(origins), self.sequence_length, features)
        inputs = blocks[starts].view(self.rows.dtype).reshape(shape)
        places = np.add.outer(origins, self.target_offsets)  # (batch, ...)
        return inputs, self.target_rows.take(places, axis=0)


def plan_windows(
    series: Any,
    *,
    sequence_length: int,
    horizon: Any,
    target: Any,
    sampling_rate: int,
    sequence_stride: int,
    origins: Any,
    every_step: bool,
) -> Windowing:
    """Check a request, as in `sliding_windows`, and prepare the series for it."""
    values = check_finite(check_array(series, "series", ndim=(1, 2)), "series")
    if values.size == 0:
        message = (
            f"`series` must have at least one row and column, got shape {values.shape}."
            " Pass a series that is not empty."
        )
        raise ValueError(message)
    horizons = check_integers(horizon, "horizon", minimum=1)  # () or (horizons,)
    reach = window_reach(sequence_length, sampling_rate)
    check_fits(len(values), sequence_length, sampling_rate, horizons)
    stride = check_integer(sequence_stride, "sequence_stride", minimum=1)
    check_choice(every_step, "every_step", (True, False))
    admissible = _admissible(
        origins, len(values), reach, int(horizons.max())
    )  # (n_origins,)
    offsets = horizons
    if every_step:
        steps = np.arange(-reach, 1, sampling_rate)  # (sequence_length,)
        offsets = np.add.outer(steps, horizons)  # (sequence_length[, horizons])
    table = np.ascontiguousarray(values.reshape(len(values), -1))  # (time, features)
    return Windowing(
        origins=admissible[::stride],
        rows=_by_phase(table, sampling_rate),
        phase_starts=_phase_starts(len(table), sampling_rate),
        target_rows=_target_rows(values, table, target),
        target_offsets=offsets,
        sequence_length=sequence_length,
    )


def _admissible(origins: Any, n: int, reach: int, furthest: int) -> np.ndarray:
    """Return the origins asked for, each checked to have its window and targets."""
    if origins is None:
        return np.arange(reach, n - furthest)
    if isinstance(origins, slice):
        rows = check_slice(origins, "origins", n)
        chosen = np.arange(max(rows.start, reach), min(rows.stop, n - furthest))
        if chosen.size == 0:
            message = (
                f"`origins` must hold a step with a whole window before it and its "
                f"targets after it, that is one of {reach} to {n - furthest - 1}, got "
                f"{origins}. Pass more rows, a shorter window or a shorter horizon."
            )
            raise ValueError(message)
        return chosen
    chosen = check_array(origins, "origins", ndim=1)
    if chosen.size == 0:
        message = (
            "`origins` must hold at least one step, got none. Leave it out for all "
            "possible ones."
        )
        raise ValueError(message)
    if chosen.dtype.kind not in "iu":
        message = (
            f"`origins` must be integers, got dtype {chosen.dtype}. Pass the result of "
            "`forecast_origins`, or np.flatnonzero(mask) for a mask."
        )
        raise TypeError(message)
    low, high = int(chosen.min()), int(chosen.max())
    if low < reach:
        message = (
            f"`origins` must be at least {reach}, got {low}: its window would begin at "
            f"row {low - reach}, before the series does. Drop the first origins, or "
            "pass a shorter window."
        )
        raise ValueError(message)
    if high + furthest >= n:
        message = (
            f"`origins` must be at most {n - furthest - 1}, got {high}: its furthest "
            f"target would be row {high + furthest} of a series of {n} rows. Drop the "
            "last origins, or pass a shorter horizon."
        )
        raise ValueError(message)
    if np.bincount(chosen.astype(np.intp) - low).max() > 1:
        message = (
            "`origins` must be different from each other, got some twice. "
            "Pass np.unique(origins)."
        )
        raise ValueError(message)
    return chosen.astype(np.intp)


def _by_phase(table: np.ndarray, rate: int) -> np.ndarray:
    """Store rows 0, rate, 2 rate, ... first, then 1, rate + 1, ..., and so on."""
    if rate == 1:
        return table
    phases = [table[phase::rate] for phase in range(rate)]
    return np.concatenate(phases, dtype=table.dtype)  # else the byte order is lost


def _phase_starts(n: int, rate: int) -> np.ndarray:
    """Return where each phase begins in the rows by phase, shape (rate,)."""
    lengths = [len(range(phase, n, rate)) for phase in range(rate)]
    return np.cumsum([0, *lengths[:-1]])


def _target_rows(values: np.ndarray, table: np.ndarray, target: Any) -> np.ndarray:
    """Return the columns to forecast, shape (time,) or (time, columns)."""
    if target is None:
        return np.ascontiguousarray(values) if values.ndim == 1 else table
    if values.ndim == 1:
        message = (
            f"`target` must be None for a series of shape (time,), got {target!r}. "
            "Leave it out, or pass a series of shape (time, features)."
        )
        raise ValueError(message)
    columns = check_integers(target, "target")  # () or (columns,)
    features = table.shape[1]
    if np.any((columns < -features) | (columns >= features)):
        message = (
            f"`target` must be a column from 0 to {features - 1}, got {target!r} for a "
            f"series of {features} features. Pass the index of a column, several, or "
            "None for all."
        )
        raise ValueError(message)
    return np.ascontiguousarray(table[:, columns])
