"""Tests of the baselines: hand-written NumPy as oracle, and no look into the future."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursepkg import baselines

RNG = np.random.default_rng(0)
SERIES = np.cumsum(RNG.normal(size=80)) + 3 * np.sin(np.arange(80) * 2 * np.pi / 7)


def ar_series(n_steps, phi=0.8, mean=0.0, seed=2):
    """A first-order autoregression around a mean."""
    rng = np.random.default_rng(seed)
    series = np.zeros(n_steps)
    for t in range(1, n_steps):
        series[t] = phi * series[t - 1] + rng.normal()
    return series + mean


@pytest.mark.parametrize(
    ("forecast", "expected"),
    [
        (lambda y: baselines.naive(y), [np.nan, 0, 1, 4, 9, 16]),
        (lambda y: baselines.naive(y, horizon=2), [np.nan, np.nan, 0, 1, 4, 9]),
        (
            lambda y: baselines.seasonal_naive(y, season=3),
            [np.nan, np.nan, np.nan, 0, 1, 4],
        ),
        (
            lambda y: baselines.seasonal_naive(y, season=2, horizon=3),
            [np.nan] * 4 + [0, 1],
        ),
        # The line through (0, 0) and (o, o**2) has the slope o.
        (lambda y: baselines.drift(y), [np.nan, np.nan, 2, 6, 12, 20]),
        (lambda y: baselines.drift(y, horizon=2), [np.nan] * 3 + [3, 8, 15]),
    ],
)
def test_naive_forecasts_of_squares_are_those_done_by_hand(forecast, expected):
    """Every entry predicts its own step, and the first ones have no past."""
    np.testing.assert_allclose(forecast(np.arange(6) ** 2), expected)


@pytest.mark.parametrize("n_steps", [0, 1, 2, 3])
def test_naive_forecasts_of_very_short_series_are_missing(n_steps):
    """Where there is no past there is a NaN and no error."""
    series = np.arange(float(n_steps))
    for forecast in (
        baselines.naive(series, horizon=5),
        baselines.seasonal_naive(series, season=4),
        baselines.drift(series, horizon=3),
    ):
        assert forecast.shape == series.shape
        assert np.isnan(forecast).all()


def test_naive_forecasts_take_each_column_for_itself():
    """A table of two columns gives both columns' forecasts side by side."""
    table = np.stack([SERIES, SERIES**2], axis=1)
    for forecast in (
        lambda y: baselines.naive(y, horizon=3),
        lambda y: baselines.seasonal_naive(y, season=7, horizon=2),
        lambda y: baselines.drift(y, horizon=2),
    ):
        columns = np.stack([forecast(table[:, k]) for k in range(2)], axis=1)
        np.testing.assert_array_equal(forecast(table), columns)


@given(
    horizon=st.integers(1, 9),
    season=st.integers(1, 9),
    origin=st.integers(20, 60),
    seed=st.integers(0, 9),
)
def test_naive_forecasts_do_not_look_beyond_their_origin(horizon, season, origin, seed):
    """Everything after an origin may change: forecasts made up to it do not."""
    changed = SERIES.copy()
    changed[origin + 1 :] = np.random.default_rng(seed).normal(size=79 - origin) * 100
    for forecast in (
        lambda y: baselines.naive(y, horizon=horizon),
        lambda y: baselines.seasonal_naive(y, season=season, horizon=horizon),
        lambda y: baselines.drift(y, horizon=horizon),
    ):
        upto = slice(0, origin + horizon + 1)
        np.testing.assert_array_equal(forecast(SERIES)[upto], forecast(changed)[upto])


def test_naive_forecasts_are_fresh_arrays():
    """Writing into a forecast leaves the series as it is."""
    series = SERIES.copy()
    baselines.naive(series)[:] = 0.0
    np.testing.assert_array_equal(series, SERIES)


def test_naive_forecasts_refuse_impossible_requests():
    """A horizon of 0 would be the value itself; three axes have no meaning."""
    with pytest.raises(ValueError, match="`horizon` must be at least 1, got 0"):
        baselines.naive(SERIES, horizon=0)
    with pytest.raises(ValueError, match="`season` must be at least 1"):
        baselines.seasonal_naive(SERIES, season=0)
    with pytest.raises(ValueError, match="`series` must have 1 or 2 axes"):
        baselines.drift(np.zeros((2, 2, 2)))


@pytest.fixture(scope="module")
def weekly_sarima():
    """A seasonal model, fitted once for all tests, on 60 of the 80 steps."""
    return baselines.Sarima((1, 0, 0), (0, 1, 1, 7)).fit(SERIES[:60])


def normal_equations(series, lags, origins, *, horizon, alpha, exogenous=None):
    """Ridge on standardised columns, written out: (Z'Z + alpha I) w = Z'(y - mean)."""
    rows = [
        [series[t + horizon - k] for k in lags]
        + ([] if exogenous is None else list(exogenous[t + horizon]))
        for t in origins
    ]
    targets = np.array([series[t + horizon] for t in origins])
    design = np.array(rows)
    centre, scale = design.mean(axis=0), design.std(axis=0)
    z = (design - centre) / scale
    gram = z.T @ z + alpha * np.eye(z.shape[1])
    weights = np.linalg.solve(gram, z.T @ (targets - targets.mean()))
    return weights / scale, targets.mean() - centre @ (weights / scale)


@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("alpha", [0.0, 2.5])
@pytest.mark.parametrize("with_exogenous", [False, True])
def test_ridge_solves_the_normal_equations(horizon, alpha, with_exogenous):
    """Coefficients and forecasts equal those of a dozen lines of NumPy."""
    lags, fitted, new = [3, 7, 4], np.arange(10, 50), np.arange(55, 70)
    exogenous = RNG.normal(size=(80, 2)) if with_exogenous else None
    weights, intercept = normal_equations(
        SERIES, lags, fitted, horizon=horizon, alpha=alpha, exogenous=exogenous
    )
    ridge = baselines.RidgeForecaster(lags, horizon=horizon, alpha=alpha)
    ridge.fit(SERIES, origins=fitted, exogenous=exogenous)
    np.testing.assert_allclose(ridge.coefficients, weights, rtol=1e-9)
    assert ridge.intercept == pytest.approx(intercept)
    columns = SERIES[new[:, None] + horizon - np.array(lags)]
    if with_exogenous:
        columns = np.hstack([columns, exogenous[new + horizon]])
    forecast = ridge.predict(SERIES, origins=new, exogenous=exogenous)
    np.testing.assert_allclose(forecast, columns @ weights + intercept)


def test_ridge_neither_fits_nor_predicts_from_the_future():
    """Values after the last target of fit and after an origin may be anything."""
    other = SERIES.copy()
    other[51:] = 1e6
    fits = [
        baselines.RidgeForecaster([1, 7]).fit(y, origins=np.arange(6, 50))
        for y in (SERIES, other)
    ]
    np.testing.assert_array_equal(fits[0].coefficients, fits[1].coefficients)
    forecasts = [fits[0].predict(y, origins=[40, 50]) for y in (SERIES, other)]
    np.testing.assert_array_equal(*forecasts)


def test_ridge_forecasts_tomorrow():
    """The last step of the series is an origin, if what is known reaches beyond it."""
    known = np.arange(81.0)[:, None] % 7
    ridge = baselines.RidgeForecaster([1, 2])
    ridge.fit(SERIES, origins=slice(None), exogenous=known)
    tomorrow = ridge.predict(SERIES, origins=[79], exogenous=known)
    columns = np.array([SERIES[79], SERIES[78], known[80, 0]])
    assert tomorrow[0] == pytest.approx(ridge.coefficients @ columns + ridge.intercept)
    with pytest.raises(ValueError, match="`exogenous` must reach the last target"):
        ridge.predict(SERIES, origins=[79], exogenous=known[:80])


def test_ridge_cuts_a_slice_to_steps_with_all_lags_and_a_target():
    """A slice over everything is the array of all admissible origins."""
    by_slice = baselines.RidgeForecaster([2, 9], horizon=2)
    by_slice.fit(SERIES, origins=slice(None))
    by_array = baselines.RidgeForecaster([2, 9], horizon=2)
    by_array.fit(SERIES, origins=np.arange(7, 78))
    np.testing.assert_array_equal(by_slice.coefficients, by_array.coefficients)
    assert len(by_slice.predict(SERIES, origins=slice(None))) == 73


def test_ridge_needs_finite_values_only_where_it_looks():
    """A gap elsewhere does no harm; in a row that is used it is named."""
    gap = SERIES.copy()
    gap[:5] = np.nan
    ridge = baselines.RidgeForecaster([1, 2]).fit(gap, origins=np.arange(6, 60))
    with pytest.raises(ValueError, match="`series` must be finite"):
        baselines.RidgeForecaster([1, 2]).fit(gap, origins=np.arange(5, 60))
    with pytest.raises(ValueError, match="`series` must be finite"):
        ridge.predict(gap, origins=[3])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lags": []}, "at least one lag"),
        ({"lags": [1, 1]}, "must differ"),
        ({"lags": [0, 1]}, "`lags` must be at least 1"),
        ({"lags": [1, 7], "horizon": 2}, "`horizon` = 2, got 1"),
        ({"lags": [1], "alpha": -1.0}, "`alpha` must be at least 0"),
        ({"lags": [1], "alpha": np.nan}, "`alpha` must be at least 0"),
    ],
)
def test_ridge_refuses_impossible_settings(options, message):
    """Lags that are not known in time, repeated or missing are refused."""
    with pytest.raises(ValueError, match=message):
        baselines.RidgeForecaster(**options)


def test_ridge_refuses_impossible_rows():
    """Origins without lags, other features than fitted, and no fit at all."""
    ridge = baselines.RidgeForecaster([1, 7])
    with pytest.raises(ValueError, match="not fitted"):
        ridge.predict(SERIES, origins=[20])
    with pytest.raises(ValueError, match="between 6 and 78"):
        ridge.fit(SERIES, origins=[5, 6])
    with pytest.raises(ValueError, match="between 6 and 78"):
        ridge.fit(SERIES, origins=[79])
    with pytest.raises(ValueError, match="at least one step"):
        ridge.fit(SERIES, origins=[])
    with pytest.raises(TypeError, match="must be integers"):
        ridge.fit(SERIES, origins=[10.5])
    ridge.fit(SERIES, origins=slice(None))
    with pytest.raises(ValueError, match=r"0 feature\(s\) as in `fit`, got 1"):
        ridge.predict(SERIES, origins=[20], exogenous=np.zeros((80, 1)))
    assert repr(ridge) == "RidgeForecaster(2 lags 1 to 7, horizon=1, alpha=1)"


@pytest.mark.parametrize("horizon", [1, 4])
def test_sarima_forecasts_an_autoregression_as_its_equation_says(horizon):
    """An AR(1) forecasts phi**h times the last value, with phi near the true 0.8."""
    series = ar_series(500)
    sarima = baselines.Sarima((1, 0, 0)).fit(series[:400])
    phi = sarima.parameters["ar.L1"]
    assert phi == pytest.approx(0.8, abs=0.08)
    assert sarima.parameters["sigma2"] == pytest.approx(1.0, abs=0.15)
    origins = np.arange(400, 490)
    forecast = sarima.predict(series, origins=origins, horizon=horizon)
    np.testing.assert_allclose(forecast, phi**horizon * series[origins])


def test_sarima_estimates_what_least_squares_on_lag_one_estimates():
    """For a long AR(1) both estimates of phi agree to a percent."""
    series = ar_series(2000, seed=3)
    phi = baselines.Sarima((1, 0, 0)).fit(series).parameters["ar.L1"]
    assert phi == pytest.approx(
        series[1:] @ series[:-1] / (series[:-1] @ series[:-1]), rel=0.01
    )


def test_sarima_without_terms_is_the_naive_or_the_seasonal_naive_forecast():
    """One difference repeats the last value, a seasonal one the last season."""
    origins = np.arange(30, 79)
    walk = baselines.Sarima((0, 1, 0)).fit(SERIES)
    np.testing.assert_allclose(
        walk.predict(SERIES, origins=origins, horizon=1),
        baselines.naive(SERIES)[origins + 1],
        rtol=1e-6,
    )
    weekly = baselines.Sarima((0, 0, 0), (0, 1, 0, 7)).fit(SERIES)
    np.testing.assert_allclose(
        weekly.predict(SERIES, origins=origins[:-9], horizon=9),
        baselines.seasonal_naive(SERIES, season=7, horizon=9)[origins[:-9] + 9],
        rtol=1e-6,
    )


def test_sarima_agrees_with_statsmodels_forecasting_from_each_origin(weekly_sarima):
    """A model given only the past, with the same parameters, forecasts the same."""
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    estimates = list(weekly_sarima.parameters.values())
    forecast = weekly_sarima.predict(SERIES, origins=[62, 70], horizon=9)
    for origin, value in zip([62, 70], forecast, strict=True):
        model = SARIMAX(
            SERIES[: origin + 1], order=(1, 0, 0), seasonal_order=(0, 1, 1, 7)
        )
        expected = model.filter(estimates).forecast(9)[-1]
        assert value == pytest.approx(expected, rel=1e-4)


def test_sarima_does_not_look_beyond_its_origin(weekly_sarima):
    """The future may change, even to NaN: forecasts made before it do not."""
    other = SERIES.copy()
    other[71:] = np.nan
    sarima = weekly_sarima
    origins = np.arange(60, 71)
    np.testing.assert_array_equal(
        sarima.predict(SERIES, origins=origins), sarima.predict(other, origins=origins)
    )
    longer = sarima.predict(SERIES, origins=np.arange(60, 79))
    np.testing.assert_allclose(longer[:11], sarima.predict(SERIES, origins=origins))


def test_sarima_works_in_any_unit():
    """Riders or millions of riders: the forecasts differ by the unit only."""
    small = baselines.Sarima((1, 1, 0)).fit(SERIES)
    large = baselines.Sarima((1, 1, 0)).fit(SERIES * 1e6)
    np.testing.assert_allclose(
        large.predict(SERIES * 1e6, origins=[50, 60]),
        small.predict(SERIES, origins=[50, 60]) * 1e6,
        rtol=1e-4,
    )
    ratio = large.parameters["sigma2"] / small.parameters["sigma2"]
    assert ratio == pytest.approx(1e12, rel=1e-4)


def test_sarima_refuses_impossible_requests(weekly_sarima):
    """Orders, series and origins that cannot work are named."""
    with pytest.raises(ValueError, match="`order` must have 3 entries"):
        baselines.Sarima((1, 0))
    with pytest.raises(ValueError, match="season of at least 2"):
        baselines.Sarima((1, 0, 0), (1, 0, 0, 0))
    with pytest.raises(ValueError, match="`order` must be at least 0"):
        baselines.Sarima((-1, 0, 0))
    sarima = baselines.Sarima((1, 0, 0), (0, 1, 1, 7))
    with pytest.raises(ValueError, match="not fitted"):
        sarima.predict(SERIES, origins=[50])
    with pytest.raises(ValueError, match="at least 38 steps"):
        sarima.fit(SERIES[:30])
    with pytest.raises(ValueError, match="must vary"):
        sarima.fit(np.full(50, 3.0))
    with pytest.raises(ValueError, match="between 14 and 79"):
        weekly_sarima.predict(SERIES, origins=[13])
    assert repr(sarima) == "Sarima((1, 0, 0), (0, 1, 1, 7))"


def test_sarima_reports_a_search_that_did_not_arrive(monkeypatch):
    """A fit that did not converge is an error, not a printed warning."""
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    whole = SARIMAX.fit
    monkeypatch.setattr(
        SARIMAX, "fit", lambda self, **options: whole(self, **options | {"maxiter": 1})
    )
    with pytest.raises(RuntimeError, match="did not converge on 80 steps"):
        baselines.Sarima((2, 0, 2)).fit(SERIES)
