"""Tests of bands, intervals, tables and backtests."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

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
