"""Tests of the checks for chapter 11: solutions pass, wrong answers are named."""

# ruff: noqa: ARG001, ARG005 - the signatures are those of the exercises

import math

import numpy as np
import pandas as pd
import pytest

from coursepkg import baselines, exercises, metrics, windows


def seasonal_naive(series, season, horizon):
    """Return the solution of exercise 11.3."""
    lag = season * math.ceil(horizon / season)
    forecast = np.full(len(series), np.nan)
    forecast[lag:] = series[:-lag]
    return forecast


def mase(y_true, y_pred, training_series, seasonality):
    """Return the solution of exercise 11.4."""
    changes = training_series[seasonality:] - training_series[:-seasonality]
    return np.abs(y_true - y_pred).mean() / np.abs(changes).mean()


def split_with_embargo(n, fractions, embargo):
    """Return the solution of exercise 11.5."""
    usable = n - 2 * embargo
    n_train, n_validation = (round(share * usable) for share in fractions[:2])
    validation_start = n_train + embargo
    test_start = validation_start + n_validation + embargo
    return (
        slice(0, n_train),
        slice(validation_start, validation_start + n_validation),
        slice(test_start, n),
    )


def past_mean(series, width):
    """Return the solution of exercise 11.6."""
    means = np.full(len(series), np.nan)
    for t in range(width, len(series)):
        means[t] = series[t - width : t].mean()
    return means


@pytest.mark.parametrize(
    ("key", "solution"),
    [
        ("11.3", seasonal_naive),
        ("11.4", mase),
        ("11.5", split_with_embargo),
        ("11.6", past_mean),
    ],
)
def test_solution_passes(key, solution):
    """The solution that readers see passes its check."""
    assert exercises.check(key, solution).message.endswith("agrees on every test.")


@pytest.mark.parametrize(
    ("key", "twin"),
    [
        (
            "11.3",
            lambda series, season, horizon: baselines.seasonal_naive(
                series, season=season, horizon=horizon
            ),
        ),
        (
            "11.4",
            lambda y_true, y_pred, training_series, seasonality: metrics.mase(
                y_true,
                y_pred,
                training_series=training_series,
                seasonality=seasonality,
            ),
        ),
        (
            "11.5",
            lambda n, fractions, embargo: windows.temporal_split(
                n, fractions=fractions, embargo=embargo
            ),
        ),
    ],
    ids=["seasonal_naive", "mase", "temporal_split"],
)
def test_twin_in_the_package_passes(key, twin):
    """The package's function of the same purpose agrees with the check."""
    assert exercises.check(key, twin)


@pytest.mark.parametrize(
    "right",
    [
        lambda series, width: (
            pd.Series(series).rolling(width).mean().shift(1).to_numpy()
        ),
        lambda series, width: list(past_mean(series, width).astype("float32")),
    ],
    ids=["pandas", "list-of-float32"],
)
def test_other_right_past_means(right):
    """Solutions of another kind pass as well."""
    assert exercises.check("11.6", right)


def shifted(series, lag):
    return pd.Series(series).shift(lag).to_numpy()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda series, season, h: np.roll(series, season), "`np.roll`"),
        (lambda series, season, h: shifted(series, season), "not known yet"),
        (lambda series, season, h: shifted(series, season - 1), "one step off"),
        (lambda series, season, h: shifted(series, max(season, h)), "rhythm"),
        (lambda series, season, h: shifted(series, season + h), "rhythm"),
        (lambda series, season, h: shifted(series, season + h - 1), "rhythm"),
        (
            lambda series, season, h: shifted(series, season * (h // season + 1)),
            "one season too far",
        ),
        (lambda series, season, h: series[:-season], "are cut off"),
        (lambda series, season, h: np.zeros(len(series)), "for `series` = ["),
    ],
)
def test_seasonal_naive(wrong, sentence):
    """Each wrong seasonal forecast gets its sentence."""
    result = exercises.check("11.3", wrong)
    assert not result
    assert sentence in result.message


def mase_scaled_by_test(y_true, y_pred, training_series, seasonality):
    scale = np.abs(y_true[seasonality:] - y_true[:-seasonality]).mean()
    return np.abs(y_true - y_pred).mean() / scale


def mase_at_lag_one(y_true, y_pred, training_series, seasonality):
    return np.abs(y_true - y_pred).mean() / np.abs(np.diff(training_series)).mean()


def mase_by_rmse(y_true, y_pred, training_series, seasonality):
    changes = training_series[seasonality:] - training_series[:-seasonality]
    return np.abs(y_true - y_pred).mean() / np.sqrt(np.mean(changes**2))


def rmse_by_mase(y_true, y_pred, training_series, seasonality):
    changes = training_series[seasonality:] - training_series[:-seasonality]
    return np.sqrt(np.mean((y_true - y_pred) ** 2)) / np.abs(changes).mean()


def mase_with_numpy_diff_order(y_true, y_pred, training_series, seasonality):
    changes = np.diff(training_series, n=seasonality)
    return np.abs(y_true - y_pred).mean() / np.abs(changes).mean()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (mase_scaled_by_test, "on the *test* values"),
        (mase_at_lag_one, "from one step to the next"),
        (mase_by_rmse, "squares stands in the denominator"),
        (rmse_by_mase, "squares stands in the numerator"),
        (mase_with_numpy_diff_order, "`np.diff(..., n=seasonality)`"),
        (lambda *arguments: 1 / mase(*arguments), "upside down"),
        (lambda y_true, y_pred, training, m: np.abs(y_true - y_pred).mean(), "the MAE"),
        (lambda *arguments: -mase(*arguments), "for `y_true` = ["),
    ],
)
def test_mase(wrong, sentence):
    """Each wrong scaled error gets its sentence."""
    result = exercises.check("11.4", wrong)
    assert not result
    assert sentence in result.message


def cuts(n, fractions):
    return round(n * fractions[0]), round(n * (fractions[0] + fractions[1]))


def split_by_cuts(n, fractions, embargo):
    first, second = cuts(n, fractions)
    return slice(first), slice(first + embargo, second), slice(second + embargo, n)


def split_before_cuts(n, fractions, embargo):
    first, second = cuts(n, fractions)
    return slice(first - embargo), slice(first, second - embargo), slice(second, None)


@pytest.mark.parametrize("right", [split_by_cuts, split_before_cuts])
def test_other_right_splits(right):
    """The embargo may be taken from either side of a boundary."""
    assert exercises.check("11.5", right)


def split_without_embargo(n, fractions, embargo):
    return split_by_cuts(n, fractions, 0)


def split_with_one_embargo(n, fractions, embargo):
    first, second = cuts(n, fractions)
    return slice(first), slice(first + embargo, second), slice(second, n)


def split_with_late_embargo(n, fractions, embargo):
    first, second = cuts(n, fractions)
    return slice(first), slice(first, second), slice(second + embargo, n)


def split_with_two_embargos(n, fractions, embargo):
    first, second = cuts(n, fractions)
    return (
        slice(0, first - embargo),
        slice(first + embargo, second - embargo),
        slice(second + embargo, n),
    )


def split_one_too_far(n, fractions, embargo):
    first, second = cuts(n, fractions)
    extra = embargo + 1
    return slice(first), slice(first + extra, second), slice(second + extra, n)


def split_shuffled(n, fractions, embargo):
    rows = np.random.default_rng(0).permutation(n)
    return np.split(rows, cuts(n, fractions))


def split_in_arrays(n, fractions, embargo):
    return [np.arange(n)[part] for part in split_by_cuts(n, fractions, embargo)]


def split_overlapping(n, fractions, embargo):
    first, second = cuts(n, fractions)
    return slice(first), slice(first - embargo, second), slice(second - embargo, n)


def split_backwards(n, fractions, embargo):
    return split_by_cuts(n, fractions, embargo)[::-1]


def split_losing_the_end(n, fractions, embargo):
    first, second = cuts(n, fractions)
    return slice(first), slice(first + embargo, second), slice(second + embargo, n - 1)


def split_in_thirds(n, fractions, embargo):
    return split_by_cuts(n, (1 / 3, 1 / 3, 1 / 3), embargo)


def split_with_shares_as_ends(n, fractions, embargo):
    first, second = (round(share * n) for share in fractions[:2])
    return slice(first), slice(first + embargo, second), slice(second + embargo, n)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (split_without_embargo, "there is no embargo"),
        (split_with_one_embargo, "between validation and test is missing"),
        (split_with_late_embargo, "between training and validation is missing"),
        (split_with_two_embargos, "taken twice"),
        (split_one_too_far, "6 rows are left out before validation and 6 before test"),
        (split_shuffled, "the rows are shuffled"),
        (split_in_arrays, "expected three slices such as `slice(0, 70)`, got ndarray"),
        (split_overlapping, "overlap by 5 rows"),
        (split_backwards, "do not follow each other in time"),
        (split_losing_the_end, "Yours run from 0 to 98"),
        (split_in_thirds, "the training part has 33 rows"),
        (split_with_shares_as_ends, "the validation part is empty"),
        (lambda *arguments: None, "lacks a `return`"),
        (lambda *arguments: split_by_cuts(*arguments)[:2], "got tuple of 2"),
        (lambda *arguments: 3, "expected a tuple of three slices, got int"),
    ],
)
def test_split_with_embargo(wrong, sentence):
    """Each wrong split gets its sentence."""
    result = exercises.check("11.5", wrong)
    assert not result
    assert sentence in result.message


def mean_with_today(series, width):
    return pd.Series(series).rolling(width).mean().to_numpy()


def mean_centred(series, width):
    return pd.Series(series).rolling(width, center=True).mean().to_numpy()


def mean_of_fewer(series, width):
    return pd.Series(series).shift(1).rolling(width, min_periods=1).mean().to_numpy()


def mean_valid_only(series, width):
    return np.convolve(series, np.ones(width) / width, mode="valid")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (mean_with_today, "contains its own target"),
        (mean_centred, "half of it is the future"),
        (mean_of_fewer, "fewer than `width` values. Put NaN"),
        (mean_valid_only, "as long as the series"),
        (lambda series, width: np.full(len(series), series.mean()), "whole series"),
        (lambda series, width: past_mean(series, width) * width, "sums, not means"),
        (lambda series, width: series, "for `series` = ["),
    ],
)
def test_past_mean(wrong, sentence):
    """Each leaking or misplaced mean gets its sentence."""
    result = exercises.check("11.6", wrong)
    assert not result
    assert sentence in result.message
