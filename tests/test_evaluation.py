"""Tests of bands, intervals, tables and backtests."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.tsa.stattools import acovf

from coursepkg import evaluation, metrics

RUNS = st.lists(
    st.integers(-(10**6), 10**6).map(lambda thousandths: thousandths / 1000),
    min_size=5,
    max_size=12,
)


def test_band_is_the_mean_plus_and_minus_five_standard_deviations():
    """The runs 1 to 5 have the mean 3 and the deviation sqrt(2.5)."""
    band = evaluation.band([1, 2, 3, 4, 5])
    assert (band.mean, band.n) == (3.0, 5)
    assert band.standard_deviation == pytest.approx(np.sqrt(2.5))
    assert band.low == pytest.approx(3 - 5 * np.sqrt(2.5))
    assert band.high == pytest.approx(3 + 5 * np.sqrt(2.5))


@given(RUNS)
def test_every_run_lies_in_the_band_of_its_own_runs(runs):
    """With up to 12 runs none can be five deviations from their mean."""
    band = evaluation.band(runs)
    assert all(run in band for run in runs)
    assert band.low <= band.mean <= band.high


def test_band_holds_the_next_run_in_about_99_percent_of_cases():
    """The claim of the docstring, by simulation and by Student's t."""
    rng = np.random.default_rng(0)
    runs = rng.normal(size=(8_000, 6))
    bands = [evaluation.band(five) for five in runs[:, :5]]
    share = np.mean([new in band for new, band in zip(runs[:, 5], bands, strict=True)])
    expected = 1 - 2 * stats.t.sf(5 / np.sqrt(1 + 1 / 5), df=4)
    assert expected == pytest.approx(0.99, abs=0.001)
    assert share == pytest.approx(expected, abs=0.004)


def test_band_tells_inside_from_outside():
    """Membership follows the limits, and `excludes` is its strict opposite."""
    band = evaluation.band([0.83, 0.82, 0.84, 0.83, 0.83])
    assert 0.83 in band
    assert band.high + 0.001 not in band
    assert band.low - 0.001 not in band
    assert np.nan not in band
    assert band.excludes(0)
    assert not band.excludes(band.low)
    assert not band.excludes(0.83)


def test_band_of_a_deterministic_result_holds_it_in_spite_of_rounding():
    """A recorded value has six digits; the live one is still inside."""
    live = 19643.2187
    band = evaluation.band([float(f"{live:.6g}")] * 5)
    assert live in band
    assert live * 1.001 not in band


def test_band_is_written_for_readers():
    """The format that the design asks for, with words where a minus sign confuses."""
    band = evaluation.band([0.82, 0.83, 0.84, 0.83, 0.83])
    assert f"{band:.3f}" == "0.830 (band 0.795-0.865, 5 seeds)"
    assert str(band) == "0.83 (band 0.7946-0.8654, 5 seeds)"
    assert repr(band) == f"<Band {band}>"
    band = evaluation.band([-1.0, -1.0, -1.0, -1.0, -1.0])
    assert f"{band:.1f}" == "-1.0 (band -1.0 to -1.0, 5 seeds)"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, 2.0, 3.0, 4.0], "at least 5 runs, got 4"),
        ([1.0, 2.0, 3.0, 4.0, np.nan], "must be finite"),
        ([[1.0, 2.0, 3.0, 4.0, 5.0]], "must have 1 axes"),
    ],
)
def test_band_refuses_few_missing_and_nested_values(values, message):
    """Four runs, a NaN or a table are refused."""
    with pytest.raises(ValueError, match=message):
        evaluation.band(values)


def test_paired_band_removes_what_the_seeds_share():
    """A difference of 1 under a common noise of 10 is certain only when paired."""
    common = np.array([0.0, 10.0, -10.0, 5.0, -5.0])
    a, b = common - 1.0 + np.array([0.01, 0, -0.01, 0, 0]), common
    paired = evaluation.paired_band(a, b)
    assert paired.mean == pytest.approx(-1.0)
    assert paired.excludes(0)
    assert evaluation.band(a).mean in evaluation.band(b)
    swapped = evaluation.paired_band(b, a)
    assert (swapped.low, swapped.high) == pytest.approx((-paired.high, -paired.low))


def test_paired_band_refuses_other_seeds():
    """Six runs against five cannot be paired, nor is one value spread over five."""
    with pytest.raises(ValueError, match=r"same seeds, got 6 and 5"):
        evaluation.paired_band(np.ones(6), np.ones(5))
    with pytest.raises(ValueError, match=r"same seeds, got 5 and 1"):
        evaluation.paired_band(np.ones(5), np.ones(1))


@given(RUNS, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_mean_interval_agrees_with_scipy(runs, level):
    """The limits are those of scipy's interval for a mean."""
    mean, low, high = evaluation.mean_interval(runs, level=level)
    error = stats.sem(runs)
    assert mean == pytest.approx(np.mean(runs))
    if error > 0:
        expected = stats.t.interval(level, len(runs) - 1, np.mean(runs), error)
        assert (low, high) == pytest.approx(expected)


def test_mean_interval_refuses_one_run_and_a_level_in_percent():
    """One run has no spread, and 95 is not a share."""
    with pytest.raises(ValueError, match="at least 2 runs"):
        evaluation.mean_interval([1.0])
    with pytest.raises(ValueError, match="`level` must lie strictly"):
        evaluation.mean_interval([1.0, 2.0], level=95)


def test_comparison_table_scores_every_model_with_every_metric():
    """Rows and columns keep their order; the numbers are hand computed."""
    table = evaluation.comparison_table(
        {"b": [1.0, 2.0], "a": [0.0, 4.0]},
        [1.0, 4.0],
        metrics={"RMSE": metrics.rmse, "MAE": metrics.mae},
    )
    assert list(table.index) == ["b", "a"]
    assert table.index.name == "model"
    assert list(table.columns) == ["RMSE", "MAE"]
    np.testing.assert_allclose(table, [[np.sqrt(2.0), 1.0], [np.sqrt(0.5), 0.5]])


def test_comparison_table_leaves_out_the_steps_that_no_model_predicts():
    """A common NaN is left out for all models alike."""
    table = evaluation.comparison_table(
        {"a": [np.nan, 2.0, 3.0], "b": [np.nan, 1.0, 1.0]},
        [9.0, 1.0, 1.0],
        metrics={"MAE": metrics.mae},
    )
    assert table["MAE"].to_dict() == {"a": 1.5, "b": 0.0}


def test_comparison_table_refuses_models_scored_on_different_steps():
    """Another shape or another pattern of NaN would make an unfair table."""
    score = {"MAE": metrics.mae}
    with pytest.raises(ValueError, match=r"forecasts\['b'\]` must have the shape"):
        evaluation.comparison_table(
            {"a": [1.0, 2.0], "b": [1.0]}, [1.0, 2.0], metrics=score
        )
    with pytest.raises(ValueError, match=r"same steps as `forecasts\['a'\]`"):
        evaluation.comparison_table(
            {"a": [1.0, np.nan], "b": [np.nan, 1.0]}, [1.0, 2.0], metrics=score
        )
    with pytest.raises(ValueError, match="at least one step"):
        evaluation.comparison_table({"a": [np.nan]}, [1.0], metrics=score)
    with pytest.raises(ValueError, match="`forecasts` must name"):
        evaluation.comparison_table({}, [1.0], metrics=score)
    with pytest.raises(ValueError, match="`metrics` must name"):
        evaluation.comparison_table({"a": [1.0]}, [1.0], metrics={})
    with pytest.raises(ValueError, match="`y_true` must be finite"):
        evaluation.comparison_table({"a": [1.0]}, [np.nan], metrics=score)


def test_rolling_origin_gives_each_forecast_its_own_past_and_nothing_else():
    """On 0, 1, 2, ... the histories seen are exactly the steps up to the origin."""
    seen = []

    def forecast(history):
        seen.append(history.tolist())
        return history[-1] + np.arange(1, 4)

    table = evaluation.rolling_origin(
        forecast, np.arange(10.0), origins=[2, 5], horizon=3
    )
    assert seen == [[0, 1, 2], [0, 1, 2, 3, 4, 5]]
    expected = pd.DataFrame(
        {
            "origin": [2, 2, 2, 5, 5, 5],
            "step": [1, 2, 3, 1, 2, 3],
            "y_true": [3.0, 4, 5, 6, 7, 8],
            "y_pred": [3.0, 4, 5, 6, 7, 8],
        }
    )
    pd.testing.assert_frame_equal(table, expected)


def test_rolling_origin_does_not_let_a_forecast_change_the_series():
    """A forecast that overwrites its history spoils neither data nor later targets."""

    def careless(history):
        history[:] = -1.0
        return [0.0]

    series = np.arange(4.0)
    table = evaluation.rolling_origin(careless, series, origins=slice(None))
    assert table["y_true"].tolist() == [1.0, 2.0, 3.0]
    assert series.tolist() == [0.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("forecast", "origins", "message"),
    [
        (lambda history: [0.0], [8], "between 0 and 7"),
        (lambda history: [0.0], [-1], "between 0 and 7"),
        (lambda history: [0.0], [], "at least one step"),
        (lambda history: 0.0, [1], r"shape \(2,\)"),
        (lambda history: [0.0, np.nan], [1], "finite values"),
    ],
)
def test_rolling_origin_refuses_impossible_origins_and_answers(
    forecast, origins, message
):
    """Origins outside the series and forecasts of another shape are refused."""
    with pytest.raises(ValueError, match=message):
        evaluation.rolling_origin(forecast, np.arange(10.0), origins=origins, horizon=2)


def test_rolling_origin_refuses_fractional_origins():
    """An origin is a step, so 1.5 is no origin."""
    with pytest.raises(TypeError, match="must be integers"):
        evaluation.rolling_origin(lambda h: [0.0], np.arange(9.0), origins=[1.5])


def test_conformal_margin_is_the_ranked_error():
    """Of nine errors 1 to 9, the level 0.9 asks for rank ceil(10 * 0.9), the ninth."""
    errors = np.array([3.0, -1.0, 9.0, -4.0, 5.0, -6.0, 7.0, -8.0, 2.0])
    for level, margin in ((0.9, 9.0), (0.8, 8.0), (0.75, 8.0), (0.7, 7.0), (0.1, 1.0)):
        interval = evaluation.conformal_interval(
            50.0 + errors, np.full(9, 50.0), [10.0, 20.0], level=level
        )
        assert interval.margin == margin
        np.testing.assert_array_equal(interval.lower, [10.0 - margin, 20.0 - margin])
        np.testing.assert_array_equal(interval.upper, [10.0 + margin, 20.0 + margin])


def test_conformal_rank_is_not_raised_by_rounding():
    """In floating point 100 times 0.55 is a little above 55; the rank is 55."""
    assert 100 * 0.55 > 55
    errors = np.arange(1.0, 100.0)
    interval = evaluation.conformal_interval(errors, 0 * errors, [0.0], level=0.55)
    assert interval.margin == 55.0


def test_conformal_interval_corrects_intervals_as_well():
    """Limits are moved by how far values lie outside, or inside if all do."""
    y_true = np.array([0.0, 4.0, 13.0, 5.0])  # scores of [2, 8]: 2, -2, 5, -3
    old = np.tile([2.0, 8.0], (4, 1))
    new = [[0.0, 10.0], [0.0, 2.0]]
    wider = evaluation.conformal_interval(y_true, old, new, level=0.6)
    assert wider.margin == 2.0  # the third of four: ceil(5 * 0.6)
    np.testing.assert_array_equal(wider.lower, [-2.0, -2.0])
    np.testing.assert_array_equal(wider.upper, [12.0, 4.0])
    narrower = evaluation.conformal_interval(y_true, old, new, level=0.4)
    assert narrower.margin == -2.0
    np.testing.assert_array_equal(narrower.lower, [2.0, 1.0])  # [0, 2] shrinks to 1
    np.testing.assert_array_equal(narrower.upper, [8.0, 1.0])


def test_conformal_interval_treats_each_horizon_by_itself():
    """Two horizons at once give what two calls give, for points and for intervals."""
    rng = np.random.default_rng(0)
    y_true = rng.normal(size=(40, 2)) * [1.0, 3.0]
    points, new = rng.normal(size=(40, 2)), rng.normal(size=(5, 2))
    limits, new_limits = (
        np.stack([center - 1.0, center + 1.0], axis=-1) for center in (points, new)
    )
    for old, coming in ((points, new), (limits, new_limits)):
        both = evaluation.conformal_interval(y_true, old, coming)
        assert both.margin.shape == (2,)
        for h in range(2):
            one = evaluation.conformal_interval(y_true[:, h], old[:, h], coming[:, h])
            np.testing.assert_array_equal(both.lower[:, h], one.lower)
            np.testing.assert_array_equal(both.upper[:, h], one.upper)
            assert both.margin[h] == one.margin


@pytest.mark.parametrize("form", ["points", "intervals"])
def test_conformal_coverage_on_exchangeable_cases_is_exact(form):
    """The mean coverage is rank / (n + 1), for a bad model and skewed data too."""
    rng = np.random.default_rng(1)
    n, level, hits = 30, 0.8, []
    for _ in range(4_000):
        values = rng.lognormal(size=n + 1)
        forecast = np.full(n + 1, 0.3)
        if form == "intervals":
            forecast = np.stack([forecast, forecast + 0.2], axis=-1)
        interval = evaluation.conformal_interval(
            values[:n], forecast[:n], forecast[n:], level=level
        )
        hits.append(metrics.coverage(values[n:], interval.lower, interval.upper) == 1.0)
    expected = np.ceil((n + 1) * level) / (n + 1)
    assert np.mean(hits) == pytest.approx(expected, abs=4 * np.sqrt(0.16 / 4_000))


@pytest.mark.parametrize(
    ("level", "needed"), [(0.9, 9), (0.95, 19), (0.8, 4), (0.5, 1), (0.99, 99)]
)
def test_conformal_interval_names_how_many_cases_it_needs(level, needed):
    """With one case fewer the rank would be beyond the last error."""
    zeros = np.zeros(needed)
    evaluation.conformal_interval(zeros, zeros, [0.0], level=level)
    with pytest.raises(ValueError, match=rf"at least {needed} calibration cases"):
        evaluation.conformal_interval(zeros[1:], zeros[1:], [0.0], level=level)


@pytest.mark.parametrize(
    ("y_true", "y_pred", "new_pred", "message"),
    [
        (np.zeros(9), np.zeros(8), np.zeros(2), r"`y_pred` must have the shape \(9\)"),
        (np.zeros((9, 3)), np.zeros(9), np.zeros(2), r"\(9, 3\) of point forecasts"),
        (np.zeros(9), np.zeros(9), np.zeros((2, 3)), r"\(m, 2\) of lower and upper"),
        (np.zeros(9), np.ones((9, 2)) * [1, 0], np.zeros(2), "9 crossed among 9"),
        (np.full(9, np.nan), np.zeros(9), np.zeros(2), "`y_true` must be finite"),
        (np.zeros(9), np.zeros(9), [np.inf], "`new_pred` must be finite"),
        (np.zeros(9), np.zeros(9), np.zeros((2, 2)), "got points to .* and limits"),
        (np.zeros(9), np.zeros((9, 2)), np.zeros(2), "got limits to .* and points"),
        (np.zeros((9, 3)), np.zeros((9, 3)), np.zeros((2, 3, 2)), "of one kind"),
    ],
)
def test_conformal_interval_refuses_what_does_not_fit(
    y_true, y_pred, new_pred, message
):
    """Other shapes, crossed limits and missing values are named."""
    with pytest.raises(ValueError, match=message):
        evaluation.conformal_interval(y_true, y_pred, new_pred)


def test_conformal_interval_refuses_a_level_in_percent():
    """90 is not a share."""
    with pytest.raises(ValueError, match="`level` must lie strictly"):
        evaluation.conformal_interval(np.zeros(9), np.zeros(9), [0.0], level=90)


def test_diebold_mariano_one_step_ahead_is_the_paired_t_test():
    """With the small-sample correction the two are one and the same."""
    rng = np.random.default_rng(0)
    for n in (5, 12, 100):
        a, b = rng.gamma(2.0, size=(2, n))
        test = evaluation.diebold_mariano(a, b)
        expected = stats.ttest_rel(a, b)
        assert test.statistic == pytest.approx(expected.statistic)
        assert test.p_value == pytest.approx(expected.pvalue)
        assert test.mean_difference == pytest.approx(np.mean(a) - np.mean(b))


@pytest.mark.parametrize("horizon", [2, 3, 7])
def test_diebold_mariano_agrees_with_the_formula_by_statsmodels(horizon):
    """The autocovariances are those of statsmodels, the rest is the printed formula."""
    rng = np.random.default_rng(horizon)
    n = 90
    a, b = np.abs(np.cumsum(rng.normal(size=(2, n)), axis=1) * 0.3 + 1.0)
    gamma = acovf(a - b, fft=False, nlag=horizon - 1)
    plain = np.mean(a - b) / np.sqrt((gamma[0] + 2 * gamma[1:].sum()) / n)
    factor = (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n
    test = evaluation.diebold_mariano(a, b, horizon=horizon)
    assert test.statistic == pytest.approx(plain * np.sqrt(factor))
    assert test.p_value == pytest.approx(2 * stats.t.sf(abs(test.statistic), n - 1))
    swapped = evaluation.diebold_mariano(b, a, horizon=horizon)
    assert swapped.statistic == pytest.approx(-test.statistic)
    assert swapped.p_value == pytest.approx(test.p_value)


def test_diebold_mariano_rejects_equal_forecasts_as_often_as_it_says():
    """Under the null, with losses correlated up to lag 2, about 5 % have p < 0.05."""
    rng = np.random.default_rng(2)
    with_lags, without = [], []
    for _ in range(2_000):
        noise = rng.normal(size=(2, 202))
        a, b = noise[:, 2:] + noise[:, 1:-1] + noise[:, :-2]  # (200,) each, MA(2)
        with_lags.append(evaluation.diebold_mariano(a, b, horizon=3).p_value < 0.05)
        without.append(evaluation.diebold_mariano(a, b).p_value < 0.05)
    assert 0.04 < np.mean(with_lags) < 0.085
    assert np.mean(without) > 0.2  # a t test that takes the days for independent


@pytest.mark.parametrize("unit", [1e-150, 1e-11, 1.0, 1e9])
def test_diebold_mariano_does_not_depend_on_the_unit_of_the_losses(unit):
    """Kilometres or millimetres: the statistic is the same; equal is equal."""
    a, b = np.random.default_rng(3).gamma(2.0, size=(2, 50))
    expected = evaluation.diebold_mariano(a, b, horizon=2)
    test = evaluation.diebold_mariano(a * unit, b * unit, horizon=2)
    assert test.statistic == pytest.approx(expected.statistic)
    with pytest.raises(ValueError, match="must be positive"):
        evaluation.diebold_mariano(a * unit, (a + 0.1) * unit)  # constant but rounding


def test_diebold_mariano_refuses_too_few_steps_and_no_variance():
    """Equal losses and overshooting negative autocovariances cannot be weighed."""
    with pytest.raises(ValueError, match="at least 7 steps for a horizon of 3, got 6"):
        evaluation.diebold_mariano(np.arange(6.0), np.zeros(6), horizon=3)
    with pytest.raises(ValueError, match="must be positive, got 0"):
        evaluation.diebold_mariano([1.0, 2.0, 4.0], [1.0, 2.0, 4.0])
    alternating = np.tile([1.0, 2.0], 10)
    with pytest.raises(ValueError, match="must be positive, got -"):
        evaluation.diebold_mariano(alternating, np.zeros(20), horizon=2)
    with pytest.raises(ValueError, match="same shape"):
        evaluation.diebold_mariano(np.ones(5), np.ones(6))
    with pytest.raises(ValueError, match="`loss_b` must be finite"):
        evaluation.diebold_mariano([1.0, 2.0, 3.0], [1.0, np.nan, 3.0])
