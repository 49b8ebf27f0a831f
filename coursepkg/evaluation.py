"""From single numbers to statements: bands, tables and backtests.

A trained network gives another number with every seed. :func:`band` turns the
numbers of several seeds into the range in which one more run is expected, and
:func:`paired_band` into a statement of the kind "A beats B". The luck of the days is
another one: :func:`diebold_mariano` weighs it between two forecasts, and
:func:`conformal_interval` says how far a forecast may be off.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

from coursepkg._validation import (
    check_array,
    check_finite,
    check_integer,
    check_same_shape,
)

__all__ = [
    "Band",
    "ForecastInterval",
    "Interval",
    "PairedTest",
    "band",
    "comparison_table",
    "conformal_interval",
    "diebold_mariano",
    "mean_interval",
    "paired_band",
    "rolling_origin",
]

_BAND_WIDTH = 5.0  # standard deviations on each side
_MINIMUM_SEEDS = 5
_ROUNDING = 1e-5  # recorded results keep 6 significant digits


@dataclass(frozen=True, eq=False)
class Band:
    """The range in which one further run with a new seed is expected.

    ``value in band`` asks whether a run lies inside, ``band.excludes(0)`` whether
    a difference has a sure sign, and ``f"{band:.3f}"`` prints it for a reader.

    Attributes
    ----------
    mean : float
        Mean over the runs.
    low, high : float
        The mean minus and plus five standard deviations.
    standard_deviation : float
        Of the runs, with n - 1 in the denominator.
    n : int
        How many runs there are.
    """

    mean: float
    low: float
    high: float
    standard_deviation: float
    n: int

    def __contains__(self, value: float) -> bool:
        """Say whether `value` lies inside, up to the rounding of recorded results."""
        slack = _ROUNDING * abs(self.mean)
        return bool(self.low - slack <= value <= self.high + slack)

    def excludes(self, value: float) -> bool:
        """Say whether the whole band lies on one side of `value`.

        Parameters
        ----------
        value : float
            Usually 0, for the band of a difference.

        Returns
        -------
        bool
            False also where `value` is a limit of the band.

        Examples
        --------
        >>> band([1.0, 1.1, 0.9, 1.0, 1.0]).excludes(0)
        True
        """
        return bool(value < self.low or value > self.high)

    def __format__(self, specification: str) -> str:
        """Write ``mean (band low-high, n seeds)``, each number as specified."""
        mean, low, high = (
            format(number, specification) for number in (self.mean, self.low, self.high)
        )
        join = " to " if low.startswith("-") or high.startswith("-") else "-"
        return f"{mean} (band {low}{join}{high}, {self.n} seeds)"

    def __str__(self) -> str:
        """Write the band with four significant digits."""
        return format(self, ".4g")

    def __repr__(self) -> str:
        """Write what ``str`` writes: the band as a reader wants it."""
        return f"<Band {self}>"


class Interval(NamedTuple):
    """A mean with the limits of its confidence interval."""

    mean: float
    low: float
    high: float


class ForecastInterval(NamedTuple):
    """The limits of forecast intervals, and what was added on each side."""

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    margin: NDArray[np.float64]


class PairedTest(NamedTuple):
    """A test of equal accuracy: the mean difference of the losses, and its weight."""

    mean_difference: float
    statistic: float
    p_value: float


def band(values: ArrayLike) -> Band:
    """Range in which one new run is expected: mean plus or minus 5 deviations.

    It is wide on purpose. A 95 % confidence interval of the mean shrinks as runs
    are added and says nothing about the next run; the extremes of five runs are
    left by the next one a third of the time. Five standard deviations, estimated
    from five runs, hold the next one in about 99 % of cases, on another machine too.

    Parameters
    ----------
    values : array_like of shape (n_seeds,)
        One result for each seed, at least five.

    Returns
    -------
    Band
        With the fields `mean`, `low`, `high`, `standard_deviation` and `n`.

    Raises
    ------
    ValueError
        If there are fewer than five values or one is not finite.

    Examples
    --------
    >>> scores = band([0.82, 0.83, 0.84, 0.83, 0.83])
    >>> f"{scores:.2f}"
    '0.83 (band 0.79-0.87, 5 seeds)'
    >>> 0.85 in scores, 0.90 in scores
    (True, False)
    """
    runs = check_array(values, "values", ndim=1).astype(np.float64)  # (n_seeds,)
    if len(runs) < _MINIMUM_SEEDS:
        message = (
            f"`values` must hold at least {_MINIMUM_SEEDS} runs, got {len(runs)}. "
            "Run more seeds: a spread cannot be judged from so few."
        )
        raise ValueError(message)
    check_finite(runs, "values")
    mean = float(np.mean(runs))
    deviation = float(np.std(runs, ddof=1))
    return Band(
        mean=mean,
        low=mean - _BAND_WIDTH * deviation,
        high=mean + _BAND_WIDTH * deviation,
        standard_deviation=deviation,
        n=len(runs),
    )


def paired_band(a: ArrayLike, b: ArrayLike) -> Band:
    """Band of the differences ``a - b``, seed by seed.

    "A beats B" may be said when this band excludes 0. Pairing by seed removes what
    both runs share, so that it shows smaller effects than two bands side by side.

    Parameters
    ----------
    a, b : array_like of shape (n_seeds,)
        Results of two models for the same seeds, in the same order.

    Returns
    -------
    Band
        Of the differences.

    Raises
    ------
    ValueError
        If the shapes differ, there are fewer than five seeds, or a value is not
        finite.

    Examples
    --------
    >>> gru = [0.051, 0.052, 0.050, 0.051, 0.051]
    >>> ridge = [0.060, 0.060, 0.060, 0.060, 0.060]
    >>> paired_band(gru, ridge).excludes(0)
    True
    """
    first = check_array(a, "a", ndim=1).astype(np.float64)  # (n_seeds,)
    second = check_array(b, "b", ndim=1).astype(np.float64)  # (n_seeds,)
    if first.shape != second.shape:
        message = (
            f"`a` and `b` must hold the same seeds, got {len(first)} and "
            f"{len(second)} value(s). Repeat a deterministic result once a seed."
        )
        raise ValueError(message)
    return band(first - second)


def mean_interval(values: ArrayLike, *, level: float = 0.95) -> Interval:
    r"""Mean over seeds with its confidence interval from Student's t.

    .. math:: \bar x \pm t_{n-1,\,(1 + level)/2} \, \frac{s}{\sqrt n}

    For tables and figures: it says how well the *mean* is known. Whether one new
    run is plausible is a question for :func:`band`.

    Parameters
    ----------
    values : array_like of shape (n_seeds,)
        One result for each seed, at least two.
    level : float, default 0.95
        Confidence level, strictly between 0 and 1.

    Returns
    -------
    Interval
        The named tuple ``(mean, low, high)``.

    Raises
    ------
    ValueError
        If there are fewer than two values, one is not finite, or `level` is not
        between 0 and 1.

    References
    ----------
    Student (1908). The probable error of a mean. Biometrika 6(1), 1-25.

    Examples
    --------
    >>> mean, low, high = mean_interval([9.0, 10.0, 11.0, 10.0])
    >>> f"{mean:.1f} in {low:.2f} to {high:.2f}"
    '10.0 in 8.70 to 11.30'
    """
    runs = check_array(values, "values", ndim=1).astype(np.float64)  # (n_seeds,)
    if len(runs) < 2:
        message = (
            f"`values` must hold at least 2 runs, got {len(runs)}. Run more seeds."
        )
        raise ValueError(message)
    check_finite(runs, "values")
    _check_level(level)
    quantile = float(stdtrit(len(runs) - 1, (1.0 + level) / 2.0))
    half = quantile * float(np.std(runs, ddof=1)) / np.sqrt(len(runs))
    mean = float(np.mean(runs))
    return Interval(mean, float(mean - half), float(mean + half))


def conformal_interval(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    new_pred: ArrayLike,
    *,
    level: float = 0.9,
) -> ForecastInterval:
    r"""Widen new forecasts by what they were wrong by on days set aside for it.

    Split-conformal prediction. On `n` calibration cases, which the model was not fitted
    on, the score of a case is how far the observed value lies outside its forecast,

    .. math:: e_i = \max(\ell_i - y_i, \; y_i - u_i),

    which is :math:`|y_i - \hat y_i|` for a point forecast, where :math:`\ell_i = u_i =
    \hat y_i`. The margin m is the :math:`\lceil (n + 1) \, level \rceil`-th smallest
    score, and a new interval is :math:`[\ell - m, \; u + m]`. If the new case and the
    calibration cases are exchangeable, it covers with a probability of at least
    `level`, whatever the model and the distribution, and of at most `level` +
    1 / (n + 1) if no two scores are equal. Days in a row are only roughly
    exchangeable: measure the :func:`coursepkg.metrics.coverage`.

    Parameters
    ----------
    y_true : array_like of shape (n,) or (n, horizons)
        Observed values of the calibration cases. Each horizon gets its own margin.
    y_pred : array_like
        Their forecasts: point forecasts of the shape of `y_true`, or intervals to be
        corrected, with one more axis for lower and upper limit, ``(..., 2)``
        (conformalised quantile regression).
    new_pred : array_like
        The forecasts to turn into intervals: ``(m, ...)``, otherwise as `y_pred`,
        points for points and limits for limits.
    level : float, default 0.9
        The share that is to be covered, strictly between 0 and 1.

    Returns
    -------
    ForecastInterval
        The named tuple ``(lower, upper, margin)``: limits of shape (m,) or
        (m, horizons), and the margin of shape () or (horizons,), all in the unit of
        the data. The margin of intervals that were too wide is negative; one that would
        turn inside out is its midpoint.

    Raises
    ------
    ValueError
        If there are too few calibration cases for the level (fewer than
        level / (1 - level)), if the shapes do not fit, if `y_pred` holds points and
        `new_pred` limits or the other way round, if a value is not finite, if a lower
        limit is above its upper one, or if `level` is not between 0 and 1.

    References
    ----------
    J. Lei, M. G'Sell, A. Rinaldo, R. J. Tibshirani and L. Wasserman (2018).
    Distribution-free predictive inference for regression. Journal of the American
    Statistical Association 113(523), 1094-1111.

    Y. Romano, E. Patterson and E. Candès (2019). Conformalized quantile regression.
    NeurIPS 32.

    Examples
    --------
    >>> errors = np.array([3.0, -1.0, 2.0, -4.0])
    >>> interval = conformal_interval(10.0 + errors, [10.0] * 4, [20.0], level=0.8)
    >>> interval.lower, interval.upper  # the fourth of four errors: ceil(5 * 0.8)
    (array([16.]), array([24.]))
    """
    _check_level(level)
    observed = check_array(y_true, "y_true", ndim=(1, 2)).astype(np.float64)
    old = _limits(y_pred, "y_pred", observed.shape[1:], len(observed))
    new = _limits(new_pred, "new_pred", observed.shape[1:], None)
    kinds = [
        "points" if np.ndim(forecasts) == observed.ndim else "limits"
        for forecasts in (y_pred, new_pred)
    ]
    if kinds[0] != kinds[1]:
        message = (
            f"`y_pred` and `new_pred` must be of one kind, got {kinds[0]} to "
            f"calibrate on and {kinds[1]} to calibrate. A margin belongs to the kind "
            "of forecast that it was counted on: pass the same outputs of one model."
        )
        raise ValueError(message)
    check_finite(observed, "y_true")
    n = len(observed)
    rank = math.ceil((n + 1) * level - 1e-9)  # 1e-9: 0.7 * 10 is not above 7
    if rank > n:
        needed = math.ceil(level / (1.0 - level) - 1e-9)
        message = (
            f"`y_true` must hold at least {needed} calibration cases for a level of "
            f"{level:g}, got {n}. Set more cases aside, or lower the level."
        )
        raise ValueError(message)
    scores = np.maximum(old[0] - observed, observed - old[1])  # (n, ...)
    margin = np.sort(scores, axis=0)[rank - 1]  # (...)
    middle = (new[0] + new[1]) / 2.0  # (m, ...)
    return ForecastInterval(
        lower=np.minimum(new[0] - margin, middle),
        upper=np.maximum(new[1] + margin, middle),
        margin=margin,
    )


def diebold_mariano(
    loss_a: ArrayLike, loss_b: ArrayLike, *, horizon: int = 1
) -> PairedTest:
    r"""Test whether two forecasts of the same steps are equally good.

    With :math:`d_t` the loss of the first minus that of the second forecast at step
    t, :math:`\gamma_k` its autocovariance at lag k and h the horizon,

    .. math::

        DM = \sqrt{\frac{n + 1 - 2h + h (h - 1) / n}{n}} \;
        \frac{\bar d}{\sqrt{(\gamma_0 + 2 \sum_{k=1}^{h-1} \gamma_k) / n}}, \qquad
        \gamma_k = \frac{1}{n} \sum_{t=k+1}^{n} (d_t - \bar d)(d_{t-k} - \bar d),

    is compared with Student's t of n - 1 degrees of freedom. Forecasts made h steps
    ahead share up to h - 1 innovations with their neighbours, so their losses are
    correlated up to that lag even where the forecasts are perfect. The first factor is
    the correction of Harvey, Leybourne and Newbold. With ``horizon=1`` this is the
    paired t test.

    Parameters
    ----------
    loss_a, loss_b : array_like of shape (n,)
        The losses of both forecasts, step by step in the order of time, for example
        absolute errors; no step is left out.
    horizon : int, default 1
        How many steps ahead the forecasts were made.

    Returns
    -------
    PairedTest
        The named tuple ``(mean_difference, statistic, p_value)``. The difference is
        ``loss_a - loss_b``: negative where the first forecast is better. The p-value
        is two-sided.

    Raises
    ------
    ValueError
        If the shapes differ, a value is not finite, there are not more than twice as
        many steps as `horizon`, or the estimated variance of the mean difference is
        not positive, or no larger than the rounding of the losses makes it.

    References
    ----------
    F. X. Diebold and R. S. Mariano (1995). Comparing predictive accuracy. Journal of
    Business & Economic Statistics 13(3), 253-263.

    D. Harvey, S. Leybourne and P. Newbold (1997). Testing the equality of prediction
    mean squared errors. International Journal of Forecasting 13(2), 281-291.

    Examples
    --------
    >>> a = [1.0, 2.0, 1.0, 3.0, 2.0, 1.0]
    >>> b = [2.0, 2.0, 3.0, 4.0, 2.0, 2.0]
    >>> test = diebold_mariano(a, b)
    >>> round(test.mean_difference, 3), round(test.p_value, 3)
    (-0.833, 0.042)
    """
    first = check_array(loss_a, "loss_a", ndim=1).astype(np.float64)  # (n,)
    second = check_array(loss_b, "loss_b", ndim=1).astype(np.float64)  # (n,)
    check_same_shape(first, second, ("loss_a", "loss_b"))
    check_finite(first, "loss_a")
    check_finite(second, "loss_b")
    h = check_integer(horizon, "horizon", minimum=1)
    n = len(first)
    if n < 2 * h + 1:
        message = (
            f"`loss_a` must hold at least {2 * h + 1} steps for a horizon of {h}, got "
            f"{n}. Forecast more days."
        )
        raise ValueError(message)
    difference = first - second  # (n,)
    mean = float(difference.mean())
    centred = difference - mean  # (n,)
    covariances = [float(centred[k:] @ centred[: n - k]) / n for k in range(h)]
    variance = (covariances[0] + 2.0 * sum(covariances[1:])) / n
    largest = max(float(np.abs(first).max()), float(np.abs(second).max()))
    rounding = np.finfo(np.float64).eps * largest  # of one difference
    if not variance > rounding**2 / n:
        message = (
            f"The variance of the mean difference must be positive, got {variance:.3g} "
            f"from {n} steps and the autocovariances up to lag {h - 1}. Pass losses of "
            "more steps, and losses that differ."
        )
        raise ValueError(message)
    correction = (n + 1 - 2 * h + h * (h - 1) / n) / n
    statistic = mean * math.sqrt(correction / variance)
    p_value = 2.0 * float(stdtr(n - 1, -abs(statistic)))
    return PairedTest(mean, statistic, p_value)


def comparison_table(
    forecasts: Mapping[str, ArrayLike],
    y_true: ArrayLike,
    *,
    metrics: Mapping[str, Callable[[NDArray, NDArray], float]],
) -> pd.DataFrame:
    """Score several models on identical target steps.

    Parameters
    ----------
    forecasts : mapping of str to array_like
        Model name to its forecasts, all of the shape of `y_true`. A step without
        a forecast is NaN; it must then be NaN for every model, and is left out.
    y_true : array_like, any shape
        The observed values.
    metrics : mapping of str to callable
        Column name to a function of ``(y_true, y_pred)``, for example
        ``{"MAE": metrics.mae}``.

    Returns
    -------
    pandas.DataFrame
        One row a model (index ``"model"``), one column a metric, in the order given.

    Raises
    ------
    ValueError
        If there is no model or no metric, if a shape differs from that of
        `y_true`, if the models miss different steps, or if no step is left.

    Examples
    --------
    >>> from coursepkg import metrics
    >>> table = comparison_table(
    ...     {"naive": [1.0, 2.0, 4.0], "perfect": [2.0, 4.0, 8.0]},
    ...     [2.0, 4.0, 8.0],
    ...     metrics={"MAE": metrics.mae, "RMSE": metrics.rmse},
    ... )
    >>> table.round(2)
              MAE  RMSE
    model
    naive    2.33  2.65
    perfect  0.00  0.00
    """
    for name, mapping in (("forecasts", forecasts), ("metrics", metrics)):
        if not mapping:
            message = f"`{name}` must name at least one entry, got none."
            raise ValueError(message)
    true = np.asarray(y_true)
    arrays = {model: np.asarray(forecast) for model, forecast in forecasts.items()}
    first = next(iter(arrays))
    missing = pd.isna(arrays[first])
    for model, array in arrays.items():
        if array.shape != true.shape:
            message = (
                f"`forecasts[{model!r}]` must have the shape of `y_true` "
                f"{true.shape}, got {array.shape}. Select the same target steps for "
                "every model, for example `forecast[test]`."
            )
            raise ValueError(message)
        if not np.array_equal(pd.isna(array), missing):
            n_other = int(np.count_nonzero(pd.isna(array)))
            message = (
                f"`forecasts[{model!r}]` must be scored on the same steps as "
                f"`forecasts[{first!r}]`, but {n_other} and "
                f"{int(np.count_nonzero(missing))} of their {true.size} steps are "
                "NaN, not all of them the same. Cut all forecasts to steps that "
                "every model predicts."
            )
            raise ValueError(message)
    if bool(np.all(missing)):
        message = "`forecasts` must hold at least one step that is not NaN, got none."
        raise ValueError(message)
    keep = ~missing
    rows = {
        model: {
            name: float(score(true[keep], array[keep]))
            for name, score in metrics.items()
        }
        for model, array in arrays.items()
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(metrics))
    return table.rename_axis("model")


def rolling_origin(
    forecast: Callable[[NDArray], ArrayLike],
    series: ArrayLike,
    *,
    origins: slice | ArrayLike,
    horizon: int = 1,
) -> pd.DataFrame:
    """Forecast again and again from a moving origin, as in real use.

    At every origin the function gets a copy of the past, up to the origin and
    with it, and nothing else: it cannot look ahead even by mistake.

    Parameters
    ----------
    forecast : callable
        Takes the history, of shape (origin + 1,), and returns the forecasts of
        the next `horizon` steps, of shape (horizon,).
    series : array_like of shape (time,)
        The whole series.
    origins : slice or array_like of int
        The last observed step of each forecast, from 0 on. A slice is cut to the
        steps that have all their targets; an array must hold only such steps.
    horizon : int, default 1
        How many steps are forecast from each origin.

    Returns
    -------
    pandas.DataFrame
        One row for each origin and step ahead, with the columns ``origin``,
        ``step`` (1 to `horizon`), ``y_true`` and ``y_pred``.

    Raises
    ------
    ValueError
        If an origin has no history or its targets lie past the end, or if the
        function returns another shape or a value that is not finite.

    References
    ----------
    L. J. Tashman (2000). Out-of-sample tests of forecasting accuracy: an analysis
    and review. International Journal of Forecasting 16(4), 437-450.

    Examples
    --------
    >>> def repeat_last(history):
    ...     return [history[-1]] * 2
    >>> rolling_origin(repeat_last, [1.0, 2.0, 4.0, 8.0], origins=[0, 1], horizon=2)
       origin  step  y_true  y_pred
    0       0     1     2.0     1.0
    1       0     2     4.0     1.0
    2       1     1     4.0     2.0
    3       1     2     8.0     2.0
    """
    values = check_array(series, "series", ndim=1)  # (time,)
    n_ahead = check_integer(horizon, "horizon", minimum=1)
    starts = _origins(origins, len(values), n_ahead)  # (n_origins,)
    blocks = []
    for origin in starts:
        predicted = np.asarray(forecast(values[: origin + 1].copy()), dtype=np.float64)
        if predicted.shape != (n_ahead,):
            message = (
                f"`forecast` must return an array of shape ({n_ahead},), one value "
                f"for each step ahead, got {predicted.shape} at origin {origin}."
            )
            raise ValueError(message)
        if not np.all(np.isfinite(predicted)):
            message = (
                f"`forecast` must return finite values, got {predicted} at origin "
                f"{origin}. Start at an origin with enough history."
            )
            raise ValueError(message)
        blocks.append(
            pd.DataFrame(
                {
                    "origin": origin,
                    "step": np.arange(1, n_ahead + 1),
                    "y_true": values[origin + 1 : origin + 1 + n_ahead],
                    "y_pred": predicted,
                }
            )
        )
    return pd.concat(blocks, ignore_index=True)


def _check_level(level: float) -> None:
    """Refuse a level that is no share, such as 95."""
    if not 0.0 < level < 1.0:
        message = (
            f"`level` must lie strictly between 0 and 1, got {level}. Pass 0.95 for "
            "95 %."
        )
        raise ValueError(message)


def _limits(
    forecasts: ArrayLike, name: str, horizons: tuple[int, ...], n: int | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return lower and upper limits, equal for point forecasts, each (n, ...)."""
    values = check_array(forecasts, name, ndim=(1, 2, 3)).astype(np.float64)
    if values.shape[1:] not in (horizons, (*horizons, 2)) or n not in (
        None,
        len(values),
    ):
        rows = "m" if n is None else str(n)
        point = ", ".join([rows, *map(str, horizons)])
        message = (
            f"`{name}` must have the shape ({point}) of point forecasts or "
            f"({point}, 2) of lower and upper limits, got {values.shape}. Select the "
            "same horizons as in `y_true`."
        )
        raise ValueError(message)
    check_finite(values, name)
    if values.shape[1:] == horizons:
        return values, values
    lower, upper = values[..., 0], values[..., 1]
    n_crossed = int(np.count_nonzero(lower > upper))
    if n_crossed:
        message = (
            f"`{name}` must hold lower limits that are not above the upper ones, got "
            f"{n_crossed} crossed among {lower.size}. Sort them with np.sort."
        )
        raise ValueError(message)
    return lower, upper


def _origins(origins: slice | ArrayLike, n_steps: int, horizon: int) -> NDArray:
    """Return the origins as integers, each with a past and with all its targets."""
    last = n_steps - 1 - horizon
    if isinstance(origins, slice):
        starts = np.arange(n_steps)[origins]
        starts = starts[starts <= last]
    else:
        starts = check_array(origins, "origins", ndim=1)
    if len(starts) == 0:
        message = "`origins` must hold at least one step, got none."
        raise ValueError(message)
    if starts.dtype.kind not in "iu":
        message = f"`origins` must be integers, got {starts.dtype}."
        raise TypeError(message)
    if starts.min() < 0 or starts.max() > last:
        message = (
            f"`origins` must lie between 0 and {last}, so that {horizon} step(s) "
            f"follow each of them in a series of {n_steps}, got "
            f"{starts.min()} to {starts.max()}."
        )
        raise ValueError(message)
    return starts
