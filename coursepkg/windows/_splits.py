"""Cutting a series in time, and the steps from which a forecast can be made."""

from collections.abc import Sequence
from itertools import pairwise
from math import floor
from typing import Any

import numpy as np

from coursepkg._validation import check_fraction, check_integer


def temporal_split(
    n: int,
    *,
    fractions: Sequence[float] = (0.7, 0.15, 0.15),
    embargo: int = 0,
) -> tuple[slice, slice, slice]:
    """Cut `n` rows into training, validation and test rows, in the order of time.

    Parameters
    ----------
    n : int
        Number of rows of the series.
    fractions : sequence of three float
        Shares of the rows for training, validation and test. They sum to 1.
    embargo : int
        Number of rows to drop after each cut: the first rows of validation and of
        test. With at least `horizon` rows, no target that is reached from the last
        rows of one part lies in the next one.

    Returns
    -------
    tuple of three slice
        Training, validation and test rows. The cuts do not move with `embargo`.

    Raises
    ------
    TypeError
        If `n` or `embargo` is not an integer, or a fraction not a number.
    ValueError
        If there are not three positive fractions with the sum 1, or if a part would
        be empty.

    Examples
    --------
    >>> temporal_split(100)
    (slice(0, 70, None), slice(70, 85, None), slice(85, 100, None))
    >>> temporal_split(100, fractions=(0.5, 0.25, 0.25), embargo=5)
    (slice(0, 50, None), slice(55, 75, None), slice(80, 100, None))
    """
    n = check_integer(n, "n", minimum=3)
    embargo = check_integer(embargo, "embargo", minimum=0)
    try:
        shares = [check_fraction(share, "fractions") for share in fractions]
    except TypeError:
        message = (
            f"`fractions` must be three numbers, got {fractions!r}. "
            "Pass the shares of the three parts, such as (0.7, 0.15, 0.15)."
        )
        raise TypeError(message) from None
    if len(shares) != 3 or min(shares) <= 0 or abs(sum(shares) - 1) > 1e-9:
        message = (
            "`fractions` must be three positive shares with the sum 1, got "
            f"{tuple(shares)} with the sum {sum(shares):.6g}. Pass the shares of "
            "training, validation and test, such as (0.7, 0.15, 0.15)."
        )
        raise ValueError(message)
    # The tolerance keeps a cut that is a whole number on paper, as 0.7 * 10, whole.
    cuts = [floor(n * sum(shares[:k]) + 1e-6) for k in (1, 2)]
    train = slice(0, cuts[0])
    validation = slice(cuts[0] + embargo, cuts[1])
    test = slice(cuts[1] + embargo, n)
    parts = {"training": train, "validation": validation, "test": test}
    for name, part in parts.items():
        if part.start >= part.stop:
            message = (
                f"`fractions` must leave each part at least one row, got no {name} row "
                f"from {n} rows, fractions {tuple(shares)} and embargo {embargo}. "
                "Give that part more, or lower `embargo`."
            )
            raise ValueError(message)
    return train, validation, test


def forecast_origins(
    n: int,
    *,
    sequence_length: int,
    horizon: int | Sequence[int] | np.ndarray = 1,
    sampling_rate: int = 1,
    targets_in: slice | None = None,
    segments: Any = None,
) -> np.ndarray:
    """List the steps `t` from which a forecast can be made and scored.

    From `t` the model sees the rows ``t - (sequence_length - 1) * sampling_rate, ...,
    t - sampling_rate, t`` and forecasts the rows ``t + horizon``.

    Parameters
    ----------
    n : int
        Number of rows of the series.
    sequence_length : int
        Number of steps in a window.
    horizon : int or sequence of int
        Distance in rows from `t` to the target, or to each of the targets. 14 is the
        one value 14 rows ahead, ``range(1, 15)`` are the next 14.
    sampling_rate : int
        Distance in rows between two steps of a window.
    targets_in : slice, optional
        The rows in which all targets must lie, such as a part of `temporal_split`.
        Windows may reach back before it: what is past when a forecast is made may be
        used.
    segments : array_like, shape (n,), optional
        An id for each row. No window, nor the way from it to its targets, crosses a
        change of the id: a gap in the series, or the start of another one.

    Returns
    -------
    numpy.ndarray, shape (n_origins,)
        The steps `t`, rising.

    Raises
    ------
    TypeError
        If a count is not an integer, or `targets_in` not a slice.
    ValueError
        If a count is out of range, `segments` has another length or NaN, or if no
        step is left.

    Examples
    --------
    >>> forecast_origins(10, sequence_length=4, horizon=2)
    array([3, 4, 5, 6, 7])
    >>> forecast_origins(10, sequence_length=4, horizon=2, targets_in=slice(7, 9))
    array([5, 6])
    >>> gap = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    >>> forecast_origins(10, sequence_length=4, segments=gap)
    array([3, 8])
    """
    n = check_integer(n, "n", minimum=1)
    horizons = check_integers(horizon, "horizon", minimum=1)
    reach = window_reach(sequence_length, sampling_rate)
    check_fits(n, sequence_length, sampling_rate, horizons)
    first, stop = reach, n - int(horizons.max())
    if targets_in is not None:
        rows = check_slice(targets_in, "targets_in", n)
        first = max(first, rows.start - int(horizons.min()))
        stop = min(stop, rows.stop - int(horizons.max()))
    origins = np.arange(first, max(first, stop))  # (n_origins,)
    if segments is not None:
        run = _runs(segments, n)  # (n,)
        origins = origins[run[origins - reach] == run[origins + horizons.max()]]
    if origins.size == 0:
        message = (
            f"`sequence_length` must leave at least one forecast origin, got none from "
            f"{n} rows with sequence_length={sequence_length}, sampling_rate="
            f"{sampling_rate}, horizon={_brief(horizons)}, targets_in={targets_in}"
            f"{'' if segments is None else ' and the given segments'}. Pass a shorter "
            "window or horizon, or more rows."
        )
        raise ValueError(message)
    return origins


def check_integers(value: Any, name: str, *, minimum: int | None = None) -> np.ndarray:
    """Return one integer as an array of shape (), several as shape (k,)."""
    try:
        several = list(value)
    except TypeError:
        return np.asarray(check_integer(value, name, minimum=minimum))
    if not several:
        message = (
            f"`{name}` must be one integer or several, got {value!r}, which is empty. "
            f"Pass an integer, or a sequence of at least one."
        )
        raise ValueError(message)
    return np.asarray([check_integer(one, name, minimum=minimum) for one in several])


def check_slice(rows: Any, name: str, n: int) -> slice:
    """Return `rows` as a slice with explicit bounds inside ``0 ... n``."""
    if not isinstance(rows, slice):
        message = (
            f"`{name}` must be a slice, got {type(rows).__name__}. Pass a part of "
            "`temporal_split`, or slice(start, stop)."
        )
        raise TypeError(message)
    if rows.step is not None and check_integer(rows.step, f"{name}.step") != 1:
        message = f"`{name}` must have the step 1, got {rows}. Pass slice(start, stop)."
        raise ValueError(message)
    for side in ("start", "stop"):
        bound = getattr(rows, side)
        if bound is not None and not -n <= check_integer(bound, f"{name}.{side}") <= n:
            message = (
                f"`{name}` must lie within the {n} rows of the series, got {rows}. "
                "Split the series that you pass, not a longer one."
            )
            raise ValueError(message)
    start, stop, _ = rows.indices(n)
    if start >= stop:
        message = (
            f"`{name}` must hold at least one row, got {rows}, which is empty. "
            "Pass slice(start, stop) with start before stop."
        )
        raise ValueError(message)
    return slice(start, stop)


def window_reach(sequence_length: Any, sampling_rate: Any) -> int:
    """Return how many rows a window reaches back before its origin."""
    length = check_integer(sequence_length, "sequence_length", minimum=1)
    rate = check_integer(sampling_rate, "sampling_rate", minimum=1)
    return (length - 1) * rate


def check_fits(
    n: int, sequence_length: int, sampling_rate: int, horizons: np.ndarray
) -> None:
    """Refuse a window, or a window and its furthest target, longer than the series."""
    span = window_reach(sequence_length, sampling_rate) + 1
    if span > n:
        message = (
            f"`sequence_length` must fit into the series of {n} rows, got "
            f"{sequence_length}, which spans {span} rows at sampling_rate="
            f"{sampling_rate}. Pass a shorter window, a lower sampling_rate or more "
            "rows."
        )
        raise ValueError(message)
    if span + horizons.max() > n:
        message = (
            f"`horizon` must end within the series of {n} rows, got "
            f"{_brief(horizons)} after windows of {span} rows (sequence_length="
            f"{sequence_length}, sampling_rate={sampling_rate}). Pass at most "
            f"{n - span}, a shorter window or more rows."
        )
        raise ValueError(message)


def _runs(segments: Any, n: int) -> np.ndarray:
    """Count the changes of the id up to each row, which numbers the runs."""
    ids = np.asarray(segments)
    if ids.shape != (n,):
        message = (
            f"`segments` must have one id for each of the {n} rows, got shape "
            f"{ids.shape}. Pass an array of shape ({n},)."
        )
        raise ValueError(message)
    if np.any(ids != ids):  # only NaN and NaT differ from themselves
        message = (
            "`segments` must be ids that can be compared, got NaN among them. "
            "Pass an integer for each row."
        )
        raise ValueError(message)
    changes = ids[1:] != ids[:-1]  # (n - 1,)
    return np.concatenate([[0], np.cumsum(changes)])  # (n,)


def _brief(horizons: np.ndarray) -> str:
    """Show horizons in a message: the number, or the range when it is a long one."""
    if horizons.ndim == 0:
        return str(int(horizons))
    steps = horizons.tolist()
    if len(steps) > 4 and all(later == early + 1 for early, later in pairwise(steps)):
        return f"range({steps[0]}, {steps[-1] + 1})"
    return str(steps) if len(steps) <= 8 else f"{len(steps)} values up to {max(steps)}"
