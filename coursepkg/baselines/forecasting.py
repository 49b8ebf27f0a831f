"""Cheap forecasts that are surprisingly strong.

The three naive ones return predictions *aligned with the series*: entry t predicts
step t from steps up to t - horizon, so ``naive(rail)[test]`` falls on the same target
days as every other model's forecast. The two that are fitted take forecast origins,
as the windows do: an origin is the last observed step.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursepkg._validation import check_array, check_finite, check_integer

__all__ = ["RidgeForecaster", "Sarima", "drift", "naive", "seasonal_naive"]


def naive(series: ArrayLike, *, horizon: int = 1) -> NDArray[np.float64]:
    r"""Repeat the last observed value: :math:`\hat y^{(t)} = y^{(t-h)}`.

    Parameters
    ----------
    series : array_like of shape (time,) or (time, features)
        The whole series.
    horizon : int, default 1
        How many steps ahead the forecast is made.

    Returns
    -------
    ndarray of shape (time,) or (time, features)
        Entry t predicts ``series[t]``; NaN for the first `horizon` steps, which
        have no past.

    Raises
    ------
    ValueError
        If `horizon` is less than 1, or the series has more than two axes.

    Examples
    --------
    >>> naive([3.0, 5.0, 8.0])
    array([nan,  3.,  5.])
    """
    values = _float_series(series)
    return _shifted(values, check_integer(horizon, "horizon", minimum=1))


def seasonal_naive(
    series: ArrayLike, *, season: int, horizon: int = 1
) -> NDArray[np.float64]:
    r"""Repeat the value of the last observed season: "as on the same day last week".

    .. math:: \hat y^{(t)} = y^{(t - m \lceil h / m \rceil)}

    Parameters
    ----------
    series : array_like of shape (time,) or (time, features)
        The whole series.
    season : int
        The season :math:`m` in steps: 7 for a week of days, 364 for a year of
        whole weeks.
    horizon : int, default 1
        How many steps :math:`h` ahead the forecast is made. Beyond one season, two
        or more are skipped, so that no value after the origin is used.

    Returns
    -------
    ndarray of shape (time,) or (time, features)
        Entry t predicts ``series[t]``; NaN where there is no past.

    Raises
    ------
    ValueError
        If `season` or `horizon` is less than 1, or the series has more than two
        axes.

    Examples
    --------
    >>> seasonal_naive([1.0, 9.0, 2.0, 8.0], season=2)
    array([nan, nan,  1.,  9.])
    """
    values = _float_series(series)
    length = check_integer(season, "season", minimum=1)
    ahead = check_integer(horizon, "horizon", minimum=1)
    return _shifted(values, length * math.ceil(ahead / length))


def drift(series: ArrayLike, *, horizon: int = 1) -> NDArray[np.float64]:
    r"""Continue the straight line from the first to the last observed value.

    .. math:: \hat y^{(t)} = y^{(o)} + h \, \frac{y^{(o)} - y^{(0)}}{o},
        \qquad o = t - h

    Parameters
    ----------
    series : array_like of shape (time,) or (time, features)
        The whole series.
    horizon : int, default 1
        How many steps :math:`h` ahead the forecast is made.

    Returns
    -------
    ndarray of shape (time,) or (time, features)
        Entry t predicts ``series[t]``; NaN for the first ``horizon + 1`` steps,
        since a line needs two points.

    Raises
    ------
    ValueError
        If `horizon` is less than 1, or the series has more than two axes.

    Examples
    --------
    >>> drift([2.0, 3.0, 6.0, 5.0])
    array([nan, nan,  4.,  8.])
    """
    values = _float_series(series)
    ahead = check_integer(horizon, "horizon", minimum=1)
    forecasts = np.full_like(values, np.nan)
    origins = np.arange(1, len(values) - ahead)  # (n_origins,)
    observed = values[origins]  # (n_origins,) or (n_origins, features)
    n_past = origins.reshape(-1, *[1] * (values.ndim - 1))
    slope = (observed - values[:1]) / n_past
    forecasts[origins + ahead] = observed + ahead * slope
    return forecasts


class RidgeForecaster:
    """Linear forecast from chosen lags, shrunk by a ridge penalty.

    Columns are standardised on the fitted rows, so that one penalty suits all. With
    lags that match the calendar (yesterday, last week, last year) it is the
    strongest cheap baseline for daily series.

    Parameters
    ----------
    lags : sequence of int
        Days back from the *target*: lag k is the value k steps before the step that
        is predicted, so no lag may be smaller than `horizon`.
    horizon : int, default 1
        How many steps ahead of the origin the target lies.
    alpha : float, default 1.0
        The penalty on the squared coefficients of the standardised columns; 0 gives
        least squares.

    Attributes
    ----------
    coefficients : ndarray of shape (n_lags + n_features,)
        After `fit`: change of the forecast for a change of 1 in each column, in the
        unit of the data; lags first, then the exogenous features.
    intercept : float
        After `fit`: the forecast where all columns are 0.

    Raises
    ------
    ValueError
        If there is no lag, a lag is repeated or smaller than `horizon`, or `alpha`
        is negative.

    References
    ----------
    A. E. Hoerl and R. W. Kennard (1970). Ridge regression: biased estimation for
    nonorthogonal problems. Technometrics 12(1), 55-67.

    Examples
    --------
    >>> series = np.sin(0.5 * np.arange(100))  # obeys a recursion of two lags
    >>> ridge = RidgeForecaster([1, 2], alpha=0.0).fit(series, origins=range(1, 60))
    >>> ridge.coefficients.round(3)
    array([ 1.755, -1.   ])
    >>> forecast = ridge.predict(series, origins=[80, 81])
    >>> np.allclose(forecast, series[[81, 82]])
    True
    """

    def __init__(
        self, lags: Sequence[int], *, horizon: int = 1, alpha: float = 1.0
    ) -> None:
        self.horizon = check_integer(horizon, "horizon", minimum=1)
        self.lags = tuple(check_integer(lag, "lags", minimum=1) for lag in lags)
        if not self.lags:
            message = "`lags` must hold at least one lag, got none. Pass [1, 7]."
            raise ValueError(message)
        if len(set(self.lags)) < len(self.lags):
            message = f"`lags` must differ from each other, got {list(self.lags)}."
            raise ValueError(message)
        if min(self.lags) < self.horizon:
            message = (
                f"`lags` must be at least `horizon` = {self.horizon}, got "
                f"{min(self.lags)}. A shorter lag is not known yet when the forecast "
                "is made."
            )
            raise ValueError(message)
        if not alpha >= 0.0:
            message = f"`alpha` must be at least 0, got {alpha}. Pass 0 for no penalty."
            raise ValueError(message)
        self.alpha = float(alpha)
        self._model: Any = None
        self._n_exogenous = 0

    def __repr__(self) -> str:
        """Write the settings."""
        return (
            f"RidgeForecaster({len(self.lags)} lags {min(self.lags)} to "
            f"{max(self.lags)}, horizon={self.horizon}, alpha={self.alpha:g})"
        )

    def fit(
        self,
        series: ArrayLike,
        *,
        origins: slice | ArrayLike,
        exogenous: ArrayLike | None = None,
    ) -> Self:
        """Fit on the targets that follow the given origins, and on nothing else.

        Parameters
        ----------
        series : array_like of shape (time,)
            The series; values that no origin needs are not looked at.
        origins : slice or array_like of int
            Last observed steps t of the training rows; the targets are
            ``series[t + horizon]``. A slice is cut to the steps that have all lags
            and a target; an array must hold only such steps.
        exogenous : array_like of shape (at least time, features), optional
            What is known about the target step itself before it comes, such as its
            day type; row t belongs to step t.

        Returns
        -------
        RidgeForecaster
            The same object, fitted.

        Raises
        ------
        ValueError
            If an origin lacks a lag or a target, the shapes do not fit, or a value
            that is needed is not finite.
        """
        from sklearn.linear_model import Ridge
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        values = check_array(series, "series", ndim=1).astype(np.float64)  # (time,)
        steps = self._origins(origins, len(values), n_targets=len(values))
        known = _exogenous(exogenous)
        design = self._design(values, steps, known)  # (n_rows, n_columns)
        targets = values[steps + self.horizon]  # (n_rows,)
        check_finite(design, "series")
        check_finite(targets, "series")
        model = make_pipeline(StandardScaler(), Ridge(alpha=self.alpha))
        self._model = model.fit(design, targets)
        self._n_exogenous = 0 if known is None else known.shape[1]
        return self

    def predict(
        self,
        series: ArrayLike,
        *,
        origins: slice | ArrayLike,
        exogenous: ArrayLike | None = None,
    ) -> NDArray[np.float64]:
        """Forecast the step `horizon` after each origin.

        Parameters
        ----------
        series : array_like of shape (time,)
            The series. The last origin may be its last step: the target then lies in
            the future.
        origins : slice or array_like of int
            Last observed steps; the forecasts are for ``origins + horizon``. A slice
            is cut to the steps that have all lags.
        exogenous : array_like of shape (at least last target + 1, features), optional
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_origins,)
            In the unit of the series.

        Raises
        ------
        ValueError
            If `fit` was not called, an origin lacks a lag, the shapes do not fit, or
            a value that is needed is not finite.
        """
        model = self._fitted()
        values = check_array(series, "series", ndim=1).astype(np.float64)  # (time,)
        steps = self._origins(origins, len(values), n_targets=None)
        known = _exogenous(exogenous)
        n_exogenous = 0 if known is None else known.shape[1]
        if n_exogenous != self._n_exogenous:
            message = (
                f"`exogenous` must have {self._n_exogenous} feature(s) as in `fit`, "
                f"got {n_exogenous}."
            )
            raise ValueError(message)
        design = self._design(values, steps, known)  # (n_origins, n_columns)
        check_finite(design, "series")
        return model.predict(design)

    @property
    def coefficients(self) -> NDArray[np.float64]:
        """Coefficients of the columns as they are, not of the standardised ones."""
        scaler, ridge = (step for _, step in self._fitted().steps)
        return ridge.coef_ / scaler.scale_

    @property
    def intercept(self) -> float:
        """Forecast where all columns are 0."""
        scaler, ridge = (step for _, step in self._fitted().steps)
        return float(ridge.intercept_ - self.coefficients @ scaler.mean_)

    def _fitted(self) -> Any:
        """Return the fitted pipeline, or say that there is none."""
        if self._model is None:
            message = "`RidgeForecaster` is not fitted yet. Call `fit` first."
            raise ValueError(message)
        return self._model

    def _origins(
        self, origins: slice | ArrayLike, n_steps: int, *, n_targets: int | None
    ) -> NDArray[np.intp]:
        """Return the origins that have every lag, and a target where one is needed."""
        first = max(self.lags) - self.horizon
        last = n_steps - 1 if n_targets is None else n_targets - 1 - self.horizon
        return _checked_origins(origins, n_steps, first=first, last=last)

    def _design(
        self, values: NDArray, steps: NDArray, known: NDArray | None
    ) -> NDArray[np.float64]:
        """Return one row for each origin: the lags, then what is known."""
        targets = steps + self.horizon  # (n_origins,)
        lagged = values[targets[:, None] - np.array(self.lags)]  # (n_origins, n_lags)
        if known is None:
            return lagged
        if len(known) <= targets.max():
            message = (
                f"`exogenous` must reach the last target, step {targets.max()}, got "
                f"{len(known)} row(s). Append the rows of the steps to be forecast."
            )
            raise ValueError(message)
        check_finite(known[targets], "exogenous")
        return np.hstack([lagged, known[targets]])


class Sarima:
    r"""Seasonal ARIMA, fitted once and then filtered along the series.

    The parameters are those of the fitted part. To predict, the Kalman filter runs
    along the series with these parameters fixed, and the forecast from each origin
    uses only what lies before it: much faster than a refit every day.

    Parameters
    ----------
    order : tuple of int
        :math:`(p, d, q)`: autoregressive terms, differences, moving-average terms.
    seasonal_order : tuple of int, default (0, 0, 0, 0)
        :math:`(P, D, Q, m)`: the same at the season of :math:`m` steps.

    Attributes
    ----------
    parameters : dict of str to float
        After `fit`: the estimates by name, the variance in the squared unit of the
        data.

    Raises
    ------
    ValueError
        If an order has the wrong length or a negative entry.

    References
    ----------
    G. E. P. Box and G. M. Jenkins (1970). Time Series Analysis: Forecasting and
    Control. Holden-Day.

    J. Durbin and S. J. Koopman (2012). Time Series Analysis by State Space Methods,
    2nd ed. Oxford University Press.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> series = np.zeros(300)
    >>> for t in range(1, 300):
    ...     series[t] = 0.7 * series[t - 1] + rng.normal()
    >>> sarima = Sarima((1, 0, 0)).fit(series[:200])
    >>> round(sarima.parameters["ar.L1"], 1)
    0.7
    >>> sarima.predict(series, origins=[250, 251]).shape
    (2,)
    """

    def __init__(
        self,
        order: tuple[int, int, int],
        seasonal_order: tuple[int, int, int, int] = (0, 0, 0, 0),
    ) -> None:
        for name, entries, n_entries in (
            ("order", order, 3),
            ("seasonal_order", seasonal_order, 4),
        ):
            if len(entries) != n_entries:
                message = (
                    f"`{name}` must have {n_entries} entries, got {len(entries)}. Pass "
                    "for example (1, 0, 0) and (0, 1, 1, 7)."
                )
                raise ValueError(message)
            for entry in entries:
                check_integer(entry, name, minimum=0)
        if any(seasonal_order[:3]) and seasonal_order[3] < 2:
            message = (
                "`seasonal_order` must end with a season of at least 2 steps, got "
                f"{seasonal_order[3]}."
            )
            raise ValueError(message)
        self.order = tuple(order)
        self.seasonal_order = tuple(seasonal_order)
        self._results: Any = None
        self._scale = 1.0

    def __repr__(self) -> str:
        """Write the orders."""
        return f"Sarima({self.order}, {self.seasonal_order})"

    def fit(self, series: ArrayLike) -> Self:
        """Estimate the parameters by maximum likelihood.

        Parameters
        ----------
        series : array_like of shape (time,)
            The training part, finite.

        Returns
        -------
        Sarima
            The same object, fitted.

        Raises
        ------
        ValueError
            If the series is constant, not finite, or too short for the orders.
        RuntimeError
            If the likelihood was not maximised: the orders do not suit the series.
        """
        values = check_array(series, "series", ndim=1).astype(np.float64)  # (time,)
        check_finite(values, "series")
        n_needed = 2 * self._n_lost + 10
        if len(values) < n_needed:
            message = (
                f"`series` must hold at least {n_needed} steps for {self!r}, got "
                f"{len(values)}."
            )
            raise ValueError(message)
        # The optimiser needs numbers of size one; the model is linear, so the unit
        # can be put back into its forecasts exactly.
        scale = float(np.std(values))
        if scale <= 1e-12 * float(np.max(np.abs(values))):
            message = "`series` must vary, got a constant. Use `naive` instead."
            raise ValueError(message)
        with warnings.catch_warnings():
            # Poor starting values and failed line searches are reported as warnings
            # on the way; what counts is whether the optimum was reached.
            warnings.simplefilter("ignore")
            results = self._model(values / scale).fit(disp=False, maxiter=200)
        if not results.mle_retvals["converged"]:
            message = (
                f"{self!r} did not converge on {len(values)} steps. Pass smaller "
                "orders, difference a trend, or use a longer series."
            )
            raise RuntimeError(message)
        self._results, self._scale = results, scale
        return self

    def predict(
        self,
        series: ArrayLike,
        *,
        origins: slice | ArrayLike,
        horizon: int = 1,
    ) -> NDArray[np.float64]:
        """Forecast the step `horizon` after each origin.

        Parameters
        ----------
        series : array_like of shape (time,)
            The whole series, from the first step of the fitted part on; steps after
            the last origin are not looked at.
        origins : slice or array_like of int
            Last observed steps; the forecasts are for ``origins + horizon``. An array
            must not hold steps that are lost to differencing; a slice is cut.
        horizon : int, default 1
            How many steps ahead.

        Returns
        -------
        ndarray of shape (n_origins,)
            In the unit of the series.

        Raises
        ------
        ValueError
            If `fit` was not called, an origin lies outside the series, or a value up
            to the last origin is not finite.
        """
        parameters = self._fitted().params
        values = check_array(series, "series", ndim=1).astype(np.float64)  # (time,)
        ahead = check_integer(horizon, "horizon", minimum=1)
        steps = _checked_origins(
            origins, len(values), first=self._n_lost, last=len(values) - 1
        )
        past = values[: steps.max() + 1] / self._scale
        check_finite(past, "series")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            filtered = self._model(past).filter(parameters).filter_results
        # Column t + 1 is the mean of the state after origin t, one step on.
        state = filtered.predicted_state[:, steps + 1]  # (n_states, n_origins)
        transition = filtered.transition[:, :, 0]  # (n_states, n_states)
        state = np.linalg.matrix_power(transition, ahead - 1) @ state
        return (filtered.design[0, :, 0] @ state) * self._scale

    @property
    def parameters(self) -> dict[str, float]:
        """Estimates by name."""
        results = self._fitted()
        named = dict(zip(results.param_names, results.params.tolist(), strict=True))
        named["sigma2"] *= self._scale**2
        return named

    @property
    def _n_lost(self) -> int:
        """First steps that differencing and the lags need as a past."""
        p, d, q = self.order
        seasonal_p, seasonal_d, seasonal_q, season = self.seasonal_order
        return (
            d
            + seasonal_d * season
            + max(p + season * seasonal_p, q + season * seasonal_q)
        )

    def _fitted(self) -> Any:
        """Return the fitted results, or say that there are none."""
        if self._results is None:
            message = "`Sarima` is not fitted yet. Call `fit` first."
            raise ValueError(message)
        return self._results

    def _model(self, values: NDArray) -> Any:
        """Return statsmodels' state space model of these values."""
        from statsmodels.tsa.statespace.sarimax import SARIMAX

        return SARIMAX(
            values,
            order=self.order,
            seasonal_order=self.seasonal_order,
            enforce_stationarity=True,
            enforce_invertibility=True,
        )


def _float_series(series: ArrayLike) -> NDArray[np.float64]:
    """Return a float copy of a series with one or two axes; gaps may be NaN."""
    return check_array(series, "series", ndim=(1, 2)).astype(np.float64)


def _shifted(values: NDArray, n_steps: int) -> NDArray[np.float64]:
    """Return the values moved to later steps, NaN where nothing arrives."""
    forecasts = np.full_like(values, np.nan)
    forecasts[n_steps:] = values[: max(len(values) - n_steps, 0)]
    return forecasts


def _exogenous(exogenous: ArrayLike | None) -> NDArray[np.float64] | None:
    """Return float features of shape (time, features), or None."""
    if exogenous is None:
        return None
    return check_array(exogenous, "exogenous", ndim=2).astype(np.float64)


def _checked_origins(
    origins: slice | ArrayLike, n_steps: int, *, first: int, last: int
) -> NDArray[np.intp]:
    """Return the origins as integers: a slice cut to first..last, an array as it is."""
    if isinstance(origins, slice):
        steps = np.arange(n_steps)[origins]
        steps = steps[(steps >= first) & (steps <= last)]
    else:
        steps = check_array(origins, "origins", ndim=1)
    if len(steps) == 0:
        message = (
            f"`origins` must hold at least one step between {first} and {last}, got "
            "none."
        )
        raise ValueError(message)
    if steps.dtype.kind not in "iu":
        message = f"`origins` must be integers, got {steps.dtype}."
        raise TypeError(message)
    if steps.min() < first or steps.max() > last:
        message = (
            f"`origins` must lie between {first} and {last}, where every lag and "
            f"target is inside the series of {n_steps} steps, got {steps.min()} to "
            f"{steps.max()}. Use `windows.forecast_origins`, or drop the others."
        )
        raise ValueError(message)
    return steps.astype(np.intp)
