"""Univariate generators: their truth is attained, honest and in the data."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursepkg import datasets

N = 20_000
MAKERS = {
    "ar": lambda **options: datasets.make_ar_process([0.6, -0.3], **options),
    "walk": lambda **options: datasets.make_random_walk(drift=0.2, **options),
    "seasonal": lambda **options: datasets.make_seasonal_series(
        trend=0.01, period=12, **options
    ),
    "threshold": lambda **options: datasets.make_threshold_process(**options),
}


def standardised_miss(series, horizon):
    """Return how many standard errors the oracle's score is from the optimum."""
    errors = np.abs(series.values - series.truth.oracle(horizon=horizon))
    errors = errors[~np.isnan(errors)]
    standard_error = errors.std() / math.sqrt(len(errors) / (2 * horizon))
    return (errors.mean() - series.truth.optimum(horizon=horizon)) / standard_error


@pytest.mark.parametrize("horizon", [1, 2, 5])
@pytest.mark.parametrize("name", ["ar", "walk", "seasonal"])
def test_oracle_attains_the_optimum(name, horizon):
    """The oracle's mean absolute error is the closed form within sampling error."""
    series = MAKERS[name](n_steps=N, noise_scale=2.5, seed=1)
    assert abs(standardised_miss(series, horizon)) < 4
    assert series.truth.uncertainty(horizon=horizon) == 0


@pytest.mark.parametrize("horizon", [1, 3])
def test_threshold_oracle_attains_the_optimum(horizon):
    """One step ahead exactly, further ahead within the Monte Carlo error."""
    series = datasets.make_threshold_process(n_steps=3_000, seed=2)
    assert abs(standardised_miss(series, horizon)) < 4
    optimum = series.truth.optimum(horizon=horizon)
    uncertainty = series.truth.uncertainty(horizon=horizon)
    assert uncertainty < 0.002 * optimum
    assert (uncertainty == 0) == (horizon == 1)


@pytest.mark.parametrize("horizon", [2, 4])
def test_simulated_futures_agree_with_the_formula(horizon):
    """With equal slopes the threshold process is an autoregression with a formula."""
    series = datasets.make_threshold_process(
        n_steps=1_500, slopes=(0.6, 0.6), intercept=0.0
    )
    variance = sum(0.36**k for k in range(horizon))
    expected = math.sqrt(2 / math.pi * variance)
    optimum = series.truth.optimum(horizon=horizon)
    assert optimum == pytest.approx(expected, rel=0.004)
    forecast = series.truth.oracle(horizon=horizon)[horizon:]
    np.testing.assert_allclose(
        forecast, 0.6**horizon * series.values[:-horizon], atol=0.2
    )


@pytest.mark.parametrize("name", MAKERS)
def test_peeking_oracle_is_caught(name):
    """Forecasts moved a little towards the outcome score better than the optimum."""
    series = MAKERS[name](n_steps=5_000, seed=3)
    oracle = series.truth.oracle()
    peeking = oracle + 0.2 * (series.values - oracle)
    score = np.nanmean(np.abs(series.values - peeking))
    assert score < 0.9 * series.truth.optimum()


@settings(max_examples=15, deadline=None)
@given(
    name=st.sampled_from(["ar", "walk", "seasonal", "threshold"]),
    horizon=st.integers(1, 3),
    extra=st.integers(1, 40),
)
def test_oracle_ignores_what_comes_later(name, horizon, extra):
    """A series made longer by the same seed keeps the values and forecasts it had."""
    short = MAKERS[name](n_steps=60, seed=4)
    long = MAKERS[name](n_steps=60 + extra, seed=4)
    np.testing.assert_array_equal(long.values[:60], short.values)
    np.testing.assert_allclose(
        long.truth.oracle(horizon=horizon)[:60],
        short.truth.oracle(horizon=horizon),
        rtol=1e-12,
    )


@pytest.mark.parametrize("coefficients", [[0.8], [-0.5], [0.5, 0.3], [0.2, 0.0, 0.6]])
def test_autoregression_is_recovered(coefficients):
    """Least squares on the values finds the coefficients and the scale."""
    values = datasets.make_ar_process(coefficients, n_steps=N, noise_scale=3.0).values
    p = len(coefficients)
    past = np.column_stack([values[p - k : N - k] for k in range(1, p + 1)])
    found, *_ = np.linalg.lstsq(past, values[p:], rcond=None)
    np.testing.assert_allclose(found, coefficients, atol=0.03)
    assert (values[p:] - past @ found).std() == pytest.approx(3.0, rel=0.02)


def test_autoregression_starts_stationary():
    """Over many seeds the first value has the variance of any later one."""
    first = [
        datasets.make_ar_process([0.95], n_steps=1, seed=seed).values[0]
        for seed in range(2_000)
    ]
    assert np.std(first) == pytest.approx(1 / math.sqrt(1 - 0.95**2), rel=0.08)


def test_autoregressive_oracle_repeats_the_recursion():
    """Three steps ahead equals the recursion written out by hand."""
    series = datasets.make_ar_process([0.5, 0.3], n_steps=50)
    y = series.values
    one = 0.5 * y[20] + 0.3 * y[19]
    two = 0.5 * one + 0.3 * y[20]
    three = 0.5 * two + 0.3 * one
    assert series.truth.oracle(horizon=3)[23] == pytest.approx(three)
    # Impulse response 1, .5, .55: variance 1 + .25 + .3025.
    expected = math.sqrt(1.5525 * 2 / math.pi)
    assert series.truth.optimum(horizon=3) == pytest.approx(expected)


def test_far_ahead_the_optimum_is_the_spread():
    """A stationary process forgets: the error becomes that of its mean."""
    series = datasets.make_ar_process([0.9], n_steps=N)
    spread = math.sqrt(2 / math.pi / (1 - 0.81))
    assert series.truth.optimum(horizon=200) == pytest.approx(spread)
    assert np.abs(series.truth.oracle(horizon=200)[200:]).max() < 1e-6


def test_naive_forecast_is_the_oracle_of_a_random_walk():
    """Without drift the best forecast is the last value, at every horizon."""
    walk = datasets.make_random_walk(n_steps=100)
    assert walk.values[0] == 0
    for horizon in (1, 7):
        oracle = walk.truth.oracle(horizon=horizon)
        np.testing.assert_array_equal(oracle[horizon:], walk.values[:-horizon])
        assert np.isnan(oracle[:horizon]).all()


def test_random_walk_has_the_planted_steps():
    """Differences have the drift as mean and the noise scale as spread."""
    steps = np.diff(datasets.make_random_walk(n_steps=N, drift=0.5).values)
    assert steps.mean() == pytest.approx(0.5, abs=0.03)
    assert steps.std() == pytest.approx(1.0, abs=0.03)


def test_season_and_trend_are_recovered():
    """Averages by position in the season show the wave; a line shows the trend."""
    series = datasets.make_seasonal_series(
        n_steps=21_000, period=7, amplitude=2.0, trend=0.001, persistence=0.5
    )
    t = np.arange(21_000)
    slope, intercept = np.polyfit(t, series.values, 1)
    assert slope == pytest.approx(0.001, abs=1e-5)
    flat = series.values - slope * t - intercept
    angle = 2 * np.pi * np.arange(7) / 7
    wave = 2 * np.sin(angle) + np.sin(2 * angle)
    np.testing.assert_allclose(flat.reshape(-1, 7).mean(axis=0), wave, atol=0.1)


def test_linear_model_cannot_follow_a_threshold():
    """The best linear autoregression loses more than 14 %, the true map nothing."""
    series = datasets.make_threshold_process(n_steps=N, seed=5)
    y, p = series.values, 10
    past = np.column_stack(
        [y[p - k : N - k] for k in range(1, p + 1)] + [np.ones(N - p)]
    )
    weights, *_ = np.linalg.lstsq(past, y[p:], rcond=None)
    linear = np.abs(y[p:] - past @ weights).mean()
    assert 1.14 < linear / series.truth.optimum() < 1.25


def test_threshold_map_is_recovered():
    """Separate lines above and below zero have the planted slopes and intercept."""
    y = datasets.make_threshold_process(n_steps=N, slopes=(0.7, -0.2)).values
    for side, slope in ((y[:-1] > 0, 0.7), (y[:-1] < 0, -0.2)):
        found = np.polyfit(y[:-1][side], y[1:][side], 1)
        np.testing.assert_allclose(found, [slope, -0.5], atol=0.06)


@pytest.mark.parametrize("name", MAKERS)
def test_same_seed_same_series(name):
    """A seed fixes the values, another changes them; results are fresh."""
    first, again = (MAKERS[name](n_steps=50, seed=6) for _ in range(2))
    np.testing.assert_array_equal(first.values, again.values)
    assert not np.array_equal(MAKERS[name](n_steps=50, seed=7).values, first.values)
    assert first.values.dtype == np.float64
    assert first.values.shape == (50,)
    expected = again.truth.oracle()
    again.values[:] = 0.0
    again.truth.oracle()[:] = 0.0
    np.testing.assert_array_equal(again.truth.oracle(), expected)


@pytest.mark.parametrize("name", MAKERS)
def test_explanation_is_one_paragraph(name):
    """It describes the process and ends with the optimum."""
    series = MAKERS[name](n_steps=50)
    text = series.truth.explain()
    assert "0.7979" in text
    assert "\n" not in text
    assert len(text) > 150
    assert repr(series) == "SeriesData(50 steps, Truth(metric='mae', kind='exact'))"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: datasets.make_ar_process([1.0], n_steps=9), "stationary"),
        (lambda: datasets.make_ar_process([0.6, 0.5], n_steps=9), "modulus"),
        (lambda: datasets.make_ar_process([], n_steps=9), "at least one"),
        (lambda: datasets.make_ar_process([np.nan], n_steps=9), "`coefficients`"),
        (lambda: datasets.make_ar_process([0.5], n_steps=0), "`n_steps`"),
        (lambda: datasets.make_random_walk(n_steps=9, noise_scale=0), "`noise_scale`"),
        (lambda: datasets.make_seasonal_series(n_steps=9, period=1), "`period`"),
        (
            lambda: datasets.make_seasonal_series(n_steps=9, persistence=1),
            "`persistence`",
        ),
        (
            lambda: datasets.make_threshold_process(n_steps=9, slopes=(0.9, 1.0)),
            "`slopes`",
        ),
        (
            lambda: datasets.make_threshold_process(n_steps=9, slopes=(-2.0, -2.0)),
            "`slopes`",
        ),
        (
            lambda: datasets.make_random_walk(n_steps=9).truth.oracle(horizon=9),
            "`horizon`",
        ),
        (
            lambda: datasets.make_random_walk(n_steps=9).truth.oracle(column="rail"),
            "`column`",
        ),
    ],
)
def test_impossible_requests_are_refused(call, words):
    """The message names the argument and what is wrong with it."""
    with pytest.raises(ValueError, match=words):
        call()
