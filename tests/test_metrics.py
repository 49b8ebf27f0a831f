"""Tests of the metrics: hand values, NumPy oracles, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import mean_pinball_loss

from coursepkg import metrics

PAIRS = hnp.array_shapes(max_dims=3, max_side=6).flatmap(
    lambda shape: st.tuples(
        *[hnp.arrays(np.float64, shape, elements=st.floats(-1e6, 1e6))] * 2
    )
)


@pytest.mark.parametrize(
    ("y_true", "y_pred", "expected_mae", "expected_rmse"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0, 0.0),
        ([0.0, 0.0], [3.0, -4.0], 3.5, np.sqrt(12.5)),
        ([[1.0], [5.0]], [[2.0], [2.0]], 2.0, np.sqrt(5.0)),
        (np.uint8([0]), np.uint8([200]), 200.0, 200.0),
    ],
)
def test_errors_have_hand_computed_values(y_true, y_pred, expected_mae, expected_rmse):
    """Both errors give what pencil and paper give, also where bytes would wrap."""
    assert metrics.mae(y_true, y_pred) == pytest.approx(expected_mae, abs=1e-12)
    assert metrics.rmse(y_true, y_pred) == pytest.approx(expected_rmse, abs=1e-12)


@given(PAIRS)
def test_errors_agree_with_a_plain_loop(pair):
    """Both errors equal a loop over single values, and rmse is never below mae."""
    true, pred = pair
    gaps = [abs(a - b) for a, b in zip(true.ravel(), pred.ravel(), strict=True)]
    mae, rmse = metrics.mae(true, pred), metrics.rmse(true, pred)
    assert mae == pytest.approx(sum(gaps) / len(gaps))
    assert rmse == pytest.approx((sum(g * g for g in gaps) / len(gaps)) ** 0.5)
    assert rmse >= mae * (1 - 1e-9) - 1e-12


def test_mase_has_hand_computed_values():
    """The scale of 1, 3, 2, 6 is (2 + 1 + 4) / 3, with season 2 (1 + 3) / 2."""
    training = [1.0, 3.0, 2.0, 6.0]
    score = metrics.mase([10.0, 10.0], [11.0, 17.0], training_series=training)
    assert score == pytest.approx(4.0 / (7.0 / 3.0))
    score = metrics.mase(
        [10.0, 10.0], [11.0, 17.0], training_series=training, seasonality=2
    )
    assert score == pytest.approx(2.0)


def test_mase_of_the_naive_forecast_on_its_own_training_data_is_one():
    """Scored on the steps that make the scale, seasonal naive gets exactly 1."""
    series = np.random.default_rng(0).normal(size=60)
    score = metrics.mase(series[7:], series[:-7], training_series=series, seasonality=7)
    assert score == pytest.approx(1.0)


def test_mase_does_not_depend_on_the_unit():
    """Thousands of riders or riders: the scaled error is the same."""
    series = np.random.default_rng(1).normal(size=30)
    one, other = (
        metrics.mase(k * series[1:], k * series[:-1] + k, training_series=k * series)
        for k in (1.0, 1000.0)
    )
    assert one == pytest.approx(other)


def test_mase_refuses_what_has_no_scale():
    """A training series that is too short or that repeats exactly is refused."""
    with pytest.raises(ValueError, match="longer than one season of 3"):
        metrics.mase([1.0], [1.0], training_series=[1.0, 2.0, 3.0], seasonality=3)
    with pytest.raises(ValueError, match="repeats exactly"):
        metrics.mase([1.0], [1.0], training_series=[1.0, 2.0] * 4, seasonality=2)
    with pytest.raises(ValueError, match="`training_series` must be finite"):
        metrics.mase([1.0], [1.0], training_series=[1.0, np.nan, 3.0])


@pytest.mark.parametrize(
    ("y_true", "y_pred", "expected"),
    [
        ([1, 2, 3, 4], [1, 2, 0, 0], 0.5),
        ([1.0, 0.0], [1, 0], 1.0),
        ([True, False, True], [1, 1, 1], 2 / 3),
        (["a", "b"], ["a", "c"], 0.5),
        ([[0, 1], [1, 0]], [[0, 1], [1, 1]], 0.75),
    ],
)
def test_accuracy_counts_equal_labels(y_true, y_pred, expected):
    """The share of equal labels, for integers, whole floats, booleans and text."""
    assert metrics.accuracy(y_true, y_pred) == pytest.approx(expected)


def test_accuracy_refuses_probabilities_missing_labels_and_mixed_kinds():
    """What would silently count as wrong is refused with a way out."""
    with pytest.raises(ValueError, match="argmax"):
        metrics.accuracy([1, 0], [0.9, 0.2])
    with pytest.raises(ValueError, match="not whole"):
        metrics.accuracy([1.0, np.nan], [1, 0])
    with pytest.raises(ValueError, match="labels of one kind"):
        metrics.accuracy(["1", "0"], [1, 0])


@pytest.mark.parametrize("metric", [metrics.mae, metrics.rmse, metrics.accuracy])
def test_nothing_is_broadcast(metric):
    """A column against a row, which NumPy would spread to a matrix, is refused."""
    with pytest.raises(ValueError, match=r"same shape, got \(3, 1\) and \(3,\)"):
        metric(np.ones((3, 1)), np.ones(3))
    with pytest.raises(ValueError, match="same shape"):
        metric(np.ones(3), 1.0)
    with pytest.raises(ValueError, match="at least one value"):
        metric([], [])


@pytest.mark.parametrize("metric", [metrics.mae, metrics.rmse])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_errors_refuse_missing_values_and_text(metric, bad):
    """A NaN is reported with its count and name, and never averaged."""
    with pytest.raises(ValueError, match="`y_pred` must be finite, got 1 NaN"):
        metric([1.0, 2.0], [bad, 2.0])
    with pytest.raises(ValueError, match="`y_true` must be finite"):
        metric([1.0, bad], [1.0, 2.0])
    with pytest.raises(TypeError, match="`y_true` must hold numbers"):
        metric(["a"], [1.0])


# Language models

LOGS = hnp.arrays(
    np.float64,
    hnp.array_shapes(max_dims=2, max_side=6),
    elements=st.floats(-20, 0),
)


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ([0.5, 0.125], 4.0),
        ([1.0], 1.0),
        ([1 / 65] * 7, 65.0),
        ([[0.25, 1.0], [1.0, 0.25]], 2.0),
        ([0.5, 0.0], np.inf),
    ],
)
def test_perplexity_has_hand_computed_values(probabilities, expected):
    """The effective number of choices is as on paper; bits are its logarithm."""
    with np.errstate(divide="ignore"):
        logs = np.log(probabilities)
    assert metrics.perplexity(logs) == pytest.approx(expected)
    assert metrics.bits_per_token(logs) == pytest.approx(np.log2(expected))


@given(LOGS)
def test_perplexity_is_the_geometric_mean_of_the_inverse(logs):
    """A product and a root over single tokens give the same number."""
    product = 1.0
    for one in logs.ravel():
        product *= np.exp(-one) ** (1 / logs.size)
    assert metrics.perplexity(logs) == pytest.approx(product)
    bits = sum(-np.log2(np.exp(one)) for one in logs.ravel()) / logs.size
    assert metrics.bits_per_token(logs) == pytest.approx(bits, abs=1e-12)


def test_perplexity_is_no_other_mean():
    """Neither the arithmetic mean of 1 / p nor 1 over the mean of p is meant."""
    p = np.array([0.9, 0.1])
    assert metrics.perplexity(np.log(p)) == pytest.approx(0.09**-0.5)
    assert metrics.perplexity(np.log(p)) < np.mean(1 / p) - 1
    assert metrics.perplexity(np.log(p)) > 1 / np.mean(p) + 1


@given(LOGS)
def test_masked_tokens_are_not_looked_at(logs):
    """What the mask leaves out may be anything, also NaN."""
    mask = np.arange(logs.size).reshape(logs.shape) % 2 == 0
    spoilt = np.where(mask, logs, np.nan)
    kept = logs[mask]
    assert metrics.perplexity(spoilt, mask=mask) == metrics.perplexity(kept)
    assert metrics.bits_per_token(spoilt, mask=mask) == metrics.bits_per_token(kept)


@pytest.mark.parametrize(
    ("logs", "mask", "error", "part"),
    [
        ([], None, ValueError, "at least one token"),
        ([-1.0], [False], ValueError, "at least one token"),
        ([-1.0, np.nan], None, ValueError, "1 NaN and 0 positive"),
        ([-1.0, 0.5], None, ValueError, "0 NaN and 1 positive"),
        ([-1.0, -2.0], [True], ValueError, "same shape"),
        ([[-1.0, -2.0]], [True, True], ValueError, "same shape"),
        ([-1.0, -2.0], [1, 0], TypeError, "booleans"),
        (["a"], None, TypeError, "numbers"),
    ],
)
def test_what_are_no_log_probabilities_is_refused(logs, mask, error, part):
    """Logits, losses, NaN and masks that do not fit are named in the message."""
    for metric in (metrics.perplexity, metrics.bits_per_token):
        with pytest.raises(error, match=part):
            metric(logs, mask=mask)


def test_rounding_above_zero_is_forgiven():
    """A float32 log-probability a hair above 0 counts as 0."""
    assert metrics.perplexity(np.float32([1e-7])) == 1.0


@pytest.mark.parametrize(
    ("y_true", "y_pred", "quantiles", "expected"),
    [
        ([10.0], [8.0], 0.9, 1.8),  # too low by 2
        ([10.0], [13.0], 0.9, 0.3),  # too high by 3
        ([10.0], [[8.0, 10.0, 13.0]], [0.1, 0.5, 0.9], (0.2 + 0.0 + 0.3) / 3),
        ([[1.0, 2.0]], [[[0.0, 4.0], [3.0, 3.0]]], [0.25, 0.75], (1.75 + 0.25) / 4),
    ],
)
def test_pinball_loss_has_hand_computed_values(y_true, y_pred, quantiles, expected):
    """Too low costs tau a unit, too high 1 - tau, averaged over values and levels."""
    loss = metrics.pinball_loss(y_true, y_pred, quantiles=quantiles)
    assert loss == pytest.approx(expected)


@given(PAIRS, st.sampled_from([0.05, 0.3, 0.5, 0.9]))
def test_pinball_loss_agrees_with_scikit_learn(pair, level):
    """One level at a time, and the mean of several levels."""
    true, pred = pair
    expected = mean_pinball_loss(true.ravel(), pred.ravel(), alpha=level)
    loss = metrics.pinball_loss(true, pred, quantiles=level)
    assert loss == pytest.approx(expected, abs=1e-9)
    both = metrics.pinball_loss(
        true, np.stack([pred, pred + 1.0], axis=-1), quantiles=[level, 0.5]
    )
    other = mean_pinball_loss(true.ravel(), pred.ravel() + 1.0, alpha=0.5)
    assert both == pytest.approx((expected + other) / 2, abs=1e-9)


def test_pinball_loss_is_least_at_the_quantile():
    """Of all constants the sample quantile costs least, and the median half the MAE."""
    values = np.random.default_rng(3).lognormal(size=501)
    for level in (0.05, 0.5, 0.95):
        losses = [
            metrics.pinball_loss(values, np.full(501, q), quantiles=level)
            for q in np.sort(values)
        ]
        best = np.sort(values)[int(np.argmin(losses))]
        assert best == np.quantile(values, level, method="inverted_cdf")
    pred = values[::-1].copy()
    half = metrics.mae(values, pred) / 2
    assert metrics.pinball_loss(values, pred, quantiles=0.5) == pytest.approx(half)


@pytest.mark.parametrize(
    ("y_true", "y_pred", "quantiles", "message"),
    [
        ([1.0, 2.0], [1.0, 2.0], [0.5], r"the shape \(2, 1\), that of `y_true` \(2,\)"),
        ([1.0, 2.0], [[1.0], [2.0]], 0.5, r"the shape \(2,\).*got \(2, 1\)"),
        ([1.0], [1.0], 95, "strictly between 0 and 1"),
        ([1.0], [[1.0, 2.0]], [0.0, 0.5], "strictly between 0 and 1"),
        ([1.0], np.zeros((1, 0)), [], "strictly between 0 and 1"),
        ([], [], 0.5, "at least one value"),
        ([1.0], [np.nan], 0.5, "`y_pred` must be finite"),
    ],
)
def test_pinball_loss_refuses_what_does_not_fit(y_true, y_pred, quantiles, message):
    """A missing axis of levels, levels in per cent, and missing values."""
    with pytest.raises(ValueError, match=message):
        metrics.pinball_loss(y_true, y_pred, quantiles=quantiles)


def test_coverage_counts_the_limits_as_inside():
    """Two of four values are strictly inside, one is a limit, one outside."""
    lower, upper = [0.0, 0.0, 0.0, 0.0], [2.0, 2.0, 2.0, 2.0]
    assert metrics.coverage([1.0, 0.5, 2.0, 2.1], lower, upper) == 0.75
    assert metrics.coverage([[1.0], [3.0]], [[0.0], [0.0]], [[2.0], [2.0]]) == 0.5


def test_coverage_of_open_intervals_counts_the_side_that_is_closed():
    """An infinite margin covers everything, a one-sided interval its own side."""
    values, open_below, open_above = [1.0, 2.0], [-np.inf] * 2, [np.inf] * 2
    assert metrics.coverage(values, open_below, open_above) == 1.0
    assert metrics.coverage(values, open_below, [1.5, 1.5]) == 0.5
    assert metrics.coverage(values, [1.5, 1.5], open_above) == 0.5


def test_coverage_of_a_normal_interval_is_its_level():
    """1.645 standard deviations to both sides hold 90 % of normal values."""
    values = np.random.default_rng(4).normal(size=(20_000, 2))
    limits = np.full_like(values, 1.645)
    error = np.sqrt(0.9 * 0.1 / values.size)
    assert abs(metrics.coverage(values, -limits, limits) - 0.9) < 4 * error


def test_coverage_refuses_other_shapes_and_crossed_limits():
    """Nothing is broadcast, and an interval inside out is an error of the caller."""
    with pytest.raises(ValueError, match="`y_true` and `lower` must have the same"):
        metrics.coverage([1.0, 2.0], 0.0, [3.0, 3.0])
    with pytest.raises(ValueError, match="`y_true` and `upper` must have the same"):
        metrics.coverage([1.0, 2.0], [0.0, 0.0], [3.0])
    with pytest.raises(ValueError, match=r"1 crossed interval\(s\) among 2"):
        metrics.coverage([1.0, 2.0], [0.0, 3.0], [3.0, 2.0])
    with pytest.raises(ValueError, match="`upper` must not be NaN, got 1 among 1"):
        metrics.coverage([1.0], [0.0], [np.nan])
    with pytest.raises(ValueError, match="`y_true` must be finite"):
        metrics.coverage([np.inf], [0.0], [np.inf])
    with pytest.raises(ValueError, match="at least one value"):
        metrics.coverage([], [], [])
