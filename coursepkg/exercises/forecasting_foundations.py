"""Checks for chapter 11, foundations of forecasting."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy import ndarray

from coursepkg.exercises._check import (
    Attempt,
    Exercise,
    Mistakes,
    as_numbers,
    judge,
    show,
)


def _lagged(series: ndarray, lag: int) -> ndarray:
    """Give at each step the value ``lag`` steps before; NaN where there is none."""
    steps = range(len(series))
    return np.array([series[t - lag] if t >= lag else np.nan for t in steps])


def _seasonal_naive(series: ndarray, season: int, horizon: int) -> ndarray:
    lag = season
    while lag < horizon:
        lag += season
    return _lagged(series, lag)


def _seasonal_naive_mistakes(series: ndarray, season: int, horizon: int) -> Mistakes:
    right = _seasonal_naive(series, season, horizon)
    wraps = (
        "the first entries are the last values of the series, as `np.roll` puts them: "
        "that is the future. Where there is no past, the forecast is NaN."
    )
    phase = (
        "with a horizon of several steps you leave the rhythm of the season: the lag "
        "must be a whole number of seasons, or a Sunday is forecast from a Friday."
    )
    return [
        (np.roll(series, season), wraps),
        (np.roll(series, -(-horizon // season) * season), wraps),
        (
            _lagged(series, season),
            "when `horizon` exceeds `season` your forecast uses a value that is not "
            "known yet. Go back by the fewest whole seasons that make up at least "
            "`horizon` steps.",
        ),
        (
            _lagged(series, season - 1),
            "the forecast is one step off: the value one season ago stands at "
            "t - season.",
        ),
        (
            _lagged(series, (horizon // season + 1) * season),
            "when `horizon` is a whole number of seasons you go back one season too "
            "far: the value exactly `horizon` steps ago is known.",
        ),
        (_lagged(series, max(season, horizon)), phase),
        (_lagged(series, season + horizon), phase),
        (_lagged(series, season + horizon - 1), phase),
        (
            right[~np.isnan(right)],
            "the entries without a past are cut off, so entry t no longer belongs to "
            "step t. Keep the length and put NaN there.",
        ),
    ]


def _check_seasonal_naive(attempt: Attempt) -> str | None:
    series = np.random.default_rng(3).normal(10.0, 3.0, size=12).round(1)
    return judge(
        attempt,
        oracle=_seasonal_naive,
        cases=[
            (series, 3, 1),
            (series, 3, 4),
            (series, 3, 3),
            (series, 4, 9),
            (series, 1, 2),
            (series[:3], 7, 1),
        ],
        mistakes=_seasonal_naive_mistakes,
    )


def _mase(
    y_true: ndarray, y_pred: ndarray, training_series: ndarray, seasonality: int
) -> float:
    steps = range(seasonality, len(training_series))
    naive = [abs(training_series[t] - training_series[t - seasonality]) for t in steps]
    errors = [abs(t - p) for t, p in zip(y_true, y_pred, strict=True)]
    return float(sum(errors) / len(errors) / (sum(naive) / len(naive)))


def _mase_mistakes(
    y_true: ndarray, y_pred: ndarray, training_series: ndarray, seasonality: int
) -> Mistakes:
    errors = y_true - y_pred
    mae = np.abs(errors).mean()
    changes = training_series[seasonality:] - training_series[:-seasonality]
    squares = (
        "MASE divides a mean *absolute* error by another; in yours a root of mean "
        "squares stands in the {}."
    )
    return [
        (
            _mase(y_true, y_pred, y_true, seasonality),
            "you scale by the naive error on the *test* values. The scale comes from "
            "`training_series`, so that it is the same for every test period.",
        ),
        (
            _mase(y_true, y_pred, training_series, 1),
            "you scale by the change from one step to the next. Use the error of the "
            "seasonal naive forecast, at lag `seasonality`.",
        ),
        (
            mae / np.abs(np.diff(training_series, n=seasonality)).mean(),
            "`np.diff(..., n=seasonality)` takes differences of differences. The "
            "change over a season is training_series[m:] - training_series[:-m].",
        ),
        (mae / np.sqrt((changes**2).mean()), squares.format("denominator")),
        (
            np.sqrt((errors**2).mean()) / np.abs(changes).mean(),
            squares.format("numerator"),
        ),
        (
            mae / training_series.std(),
            "you divide by the standard deviation of the training series. The scale is "
            "the mean absolute error of the seasonal naive forecast.",
        ),
        (
            mae / abs(changes.mean()),
            "the changes of the training series cancel each other before you average "
            "them. Take absolute values first, then the mean.",
        ),
        (
            np.abs(changes).mean() / mae,
            "the fraction stands upside down: MASE is the error of the model divided "
            "by the naive error, so that below 1 is good.",
        ),
        (
            mae,
            "this is the MAE: the division by the naive error on the training series "
            "is missing.",
        ),
    ]


def _check_mase(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(4)
    training = (20.0 + 5.0 * np.sin(np.arange(12)) + rng.normal(size=12)).round(1)
    true = (23.0 + 5.0 * np.sin(np.arange(12, 19)) + rng.normal(size=7)).round(1)
    pred = (true + rng.normal(size=7)).round(1)
    return judge(
        attempt,
        oracle=_mase,
        cases=[(true, pred, training, 3), (true, pred, training, 1)],
        mistakes=_mase_mistakes,
    )


_PARTS = ("training", "validation", "test")


def _check_split_with_embargo(attempt: Attempt) -> str | None:
    for arguments in [
        (100, (0.7, 0.15, 0.15), 5),
        (60, (0.5, 0.25, 0.25), 1),
        (40, (0.6, 0.2, 0.2), 0),
    ]:
        n, fractions, embargo = arguments
        returned = attempt(*arguments)
        parts = _as_slices(returned)
        if parts is None:
            return _why_no_slices(returned)
        rows = [range(n)[part] for part in parts]
        empty = [name for name, part in zip(_PARTS, rows, strict=True) if not part]
        where = attempt.where(arguments)
        if empty:
            return f"{where}, the {empty[0]} part is empty."
        if not all(part.step == 1 for part in rows) or not (
            rows[0].start < rows[1].start < rows[2].start
        ):
            return (
                f"{where}, the parts do not follow each other in time: training comes "
                f"first, then validation, then test."
            )
        gaps = [later.start - earlier.stop for earlier, later in pairwise(rows)]
        if min(gaps) < 0:
            return (
                f"{where}, the parts overlap by {-min(gaps)} rows: the same rows serve "
                f"for fitting and for judging."
            )
        if gaps != [embargo, embargo]:
            return _why_wrong_gaps(gaps, embargo)
        if rows[0].start != 0 or rows[2].stop != n:
            return (
                f"{where}, rows are lost at the ends: the first part starts at row 0 "
                f"and the last one ends with row n - 1. Yours run from "
                f"{rows[0].start} to {rows[2].stop - 1}."
            )
        for name, part, fraction in zip(_PARTS, rows, fractions, strict=True):
            if abs(len(part) - fraction * n) > 2 * embargo + 1:
                return (
                    f"{where}, the {name} part has {len(part)} rows; a share of "
                    f"{show(fraction)} of n is {fraction * n:.0f}, less the embargo."
                )
    return None


def _as_slices(returned: Any) -> list[slice] | None:
    """Read three slices; None if it is something else."""
    if not isinstance(returned, tuple | list) or len(returned) != 3:
        return None
    parts = list(returned)
    return parts if all(isinstance(part, slice) for part in parts) else None


def _why_no_slices(returned: Any) -> str:
    """Say what was returned in place of three slices."""
    if returned is None:
        return "your function returned None: it lacks a `return`."
    if isinstance(returned, tuple | list) and len(returned) == 3:
        for part in returned:
            rows = as_numbers(part)
            if rows is not None and rows.ndim == 1 and (np.diff(rows) < 0).any():
                return (
                    "the rows are shuffled, so the model is trained on the future of "
                    "what it is judged on. Split in time order and return three slices."
                )
        kinds = " and ".join(sorted({type(part).__name__ for part in returned}))
        return (
            f"expected three slices such as `slice(0, 70)`, got {kinds} in the tuple."
        )
    return (
        f"expected a tuple of three slices, got {type(returned).__name__}"
        f"{f' of {len(returned)}' if isinstance(returned, tuple | list) else ''}."
    )


def _why_wrong_gaps(gaps: list[int], embargo: int) -> str:
    """Name the mistake in the two gaps between the parts."""
    if gaps == [0, 0]:
        return (
            "there is no embargo: `embargo` rows must be left out at both boundaries, "
            "or windows on the two sides share values."
        )
    if gaps == [embargo, 0]:
        return "the embargo between validation and test is missing: both need one."
    if gaps == [0, embargo]:
        return "the embargo between training and validation is missing: both need one."
    if gaps == [2 * embargo, 2 * embargo]:
        return (
            "the embargo is taken twice, from both sides of each boundary: `embargo` "
            "rows in all lie between two parts."
        )
    return (
        f"{gaps[0]} rows are left out before validation and {gaps[1]} before test; "
        f"with `embargo` = {embargo} it must be {embargo} each (a slice's stop is "
        f"already exclusive)."
    )


def _past_mean(series: ndarray, width: int) -> ndarray:
    steps = range(len(series))
    return np.array(
        [sum(series[t - width : t]) / width if t >= width else np.nan for t in steps]
    )


def _past_mean_mistakes(series: ndarray, width: int) -> Mistakes:
    right = _past_mean(series, width)
    with_today = _past_mean(np.append(series, 0.0), width)[1:]
    shift = width // 2 + 1
    middle = _past_mean(np.append(series, np.full(shift, np.nan)), width)[shift:]
    shorter = [series[max(0, t - width) : t].mean() for t in range(1, len(series))]
    centred = (
        "the window lies around step t, so half of it is the future. It must end at "
        "step t - 1."
    )
    length = (
        "the result must be as long as the series, so that entry t belongs to step t: "
        "put NaN where fewer than `width` values have gone before."
    )
    return [
        (
            with_today,
            "the mean at step t includes the value at step t: a feature that contains "
            "its own target leaks it. The window ends at step t - 1.",
        ),
        (middle, centred),
        (np.convolve(series, np.ones(width) / width, mode="same"), centred),
        (
            np.array([np.nan, *shorter]),
            "the first entries are means of fewer than `width` values. Put NaN there: "
            "a feature must mean the same in every row.",
        ),
        (right[width:], length),
        (with_today[width - 1 :], length),
        (
            np.full(len(series), series.mean()),
            "this is the mean of the whole series, which knows the future. Use only "
            "the `width` values before step t.",
        ),
        (right * width, "these are sums, not means: divide by `width`."),
    ]


def _check_past_mean(attempt: Attempt) -> str | None:
    series = np.random.default_rng(5).normal(10.0, 3.0, size=8).round(1)
    return judge(
        attempt,
        oracle=_past_mean,
        cases=[(series, 3), (series, 1), (series[:2], 4)],
        mistakes=_past_mean_mistakes,
    )


EXERCISES = {
    "11.3": Exercise(
        "seasonal_naive", ("series", "season", "horizon"), _check_seasonal_naive
    ),
    "11.4": Exercise(
        "mase", ("y_true", "y_pred", "training_series", "seasonality"), _check_mase
    ),
    "11.5": Exercise(
        "split_with_embargo", ("n", "fractions", "embargo"), _check_split_with_embargo
    ),
    "11.6": Exercise("past_mean", ("series", "width"), _check_past_mean),
}
