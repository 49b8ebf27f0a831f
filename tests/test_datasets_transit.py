"""The generated ridership: its optimum is attained, honest, and worth chasing."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from coursepkg import datasets
from coursepkg.datasets import transit as transit_module
from coursepkg.datasets.transit import calendar_terms, day_types, transit_truth

LONG = datasets.make_transit(n_days=20_000, seed=7)
SHORT = datasets.make_transit(n_days=300, seed=3)


def states_of(frame):
    """Read the state back from the published columns."""
    calendar = calendar_terms(frame.index, frame["day_type"].to_numpy())
    return np.log(frame[["bus", "rail"]].to_numpy()) - calendar


def mae_of(forecast, frame, column):
    """Return the mean absolute error and its standard error."""
    errors = np.abs(frame[column].to_numpy() - forecast)
    errors = errors[~np.isnan(errors)]
    return errors.mean(), errors.std() / math.sqrt(len(errors))


class Draws(np.random.Generator):
    """A generator whose draws are those of a seed up to a day, and others after it."""

    def __init__(self, seed, n_days, changed_from):
        """Draw both noises; row `changed_from` of the days is the first other one."""
        super().__init__(np.random.PCG64(seed))
        n_rows = transit_module._BURN_IN + n_days
        self.noise = super().standard_normal((n_rows, 2))
        other = np.random.default_rng(seed + 1).standard_normal((n_rows, 2))
        first = transit_module._BURN_IN + changed_from
        self.noise[first:] = other[first:]

    def standard_normal(self, size):
        """Return the prepared noise."""
        return self.noise.reshape(size)


def moves_with_the_noise(make_oracle, *, n_days=60, day=40, ahead=1):
    """Return whether noise after its origin moves the forecast of `day`."""
    first = day - ahead + 1
    forecasts = []
    for changed_from in (n_days, first):
        draws = Draws(11, n_days, changed_from)
        transit = datasets.make_transit(n_days=n_days, seed=draws)
        noise = draws.noise[transit_module._BURN_IN :]
        forecasts.append(make_oracle(transit, noise)[day])
    return forecasts[0] != forecasts[1]


def peeking_oracle(transit, noise):
    """Return the oracle's forecasts moved half-way to what the latent noise does."""
    s = transit_module._SCALE[1]
    own = noise @ transit_module._NOISE[1] / s
    return transit.truth.oracle(column="rail") * np.exp(0.5 * s * own)


# The oracle attains the optimum.


@pytest.mark.parametrize("column", ["bus", "rail"])
def test_oracle_attains_the_optimum_one_day_ahead(column):
    """The oracle's error over 55 years is the closed form within sampling error."""
    score, error = mae_of(LONG.truth.oracle(column=column), LONG.frame, column)
    assert abs(score - LONG.truth.optimum(column=column)) < 4 * error


@pytest.mark.parametrize("horizon", [2, 7])
def test_oracle_attains_the_optimum_further_ahead(horizon):
    """The Monte Carlo optimum agrees with the score of the Monte Carlo oracle."""
    transit = datasets.make_transit(n_days=2_000, seed=5)
    forecast = transit.truth.oracle(column="rail", horizon=horizon)
    score, error = mae_of(forecast, transit.frame, "rail")
    overlap = math.sqrt(2 * horizon)  # neighbouring errors share innovations
    optimum = transit.truth.optimum(column="rail", horizon=horizon)
    assert abs(score - optimum) < 4 * overlap * error
    uncertainty = transit.truth.uncertainty(column="rail", horizon=horizon)
    assert 0 < uncertainty < 0.002 * optimum
    assert optimum > transit.truth.optimum(column="rail")


@pytest.mark.parametrize("horizon", [2, 5])
def test_simulated_futures_agree_with_the_linear_column(horizon):
    """Bus is a linear autoregression, so its optimum further ahead has a formula."""
    transit = datasets.make_transit(n_days=1_000, seed=5)
    s = 0.06 * math.sqrt(sum(0.36**k for k in range(horizon)))
    calendar = calendar_terms(transit.frame.index, transit.frame["day_type"].to_numpy())
    bus = states_of(transit.frame)[:-horizon, 0]
    medians = np.exp(calendar[horizon:, 0] + 0.6**horizon * bus)
    factor = math.exp(s**2 / 2) * math.erf(s / math.sqrt(2))
    optimum = transit.truth.optimum(column="bus", horizon=horizon)
    assert optimum == pytest.approx(medians.mean() * factor, rel=0.005)
    oracle = transit.truth.oracle(column="bus", horizon=horizon)[horizon:]
    np.testing.assert_allclose(oracle, medians, rtol=0.015)


def test_closed_form_agrees_with_quadrature():
    """Half an hour of calculus equals a sum over a fine grid of innovations."""
    s = transit_module._SCALE
    z = np.linspace(-9, 9, 200_001)
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    for position, column in enumerate(("bus", "rail")):
        loss = np.abs(np.exp(s[position] * z) - 1)
        factor = np.sum(loss * density) * (z[1] - z[0])
        expected = np.nanmean(SHORT.truth.oracle(column=column)) * factor
        assert SHORT.truth.optimum(column=column) == pytest.approx(expected, rel=1e-6)
    assert SHORT.truth.uncertainty(column="rail") == 0


def test_oracle_is_the_median_of_simulated_futures():
    """Stepping the written-out equations from one day gives the oracle's medians."""
    rng = np.random.default_rng(99)
    origin, n_paths = 100, 40_000
    calendar = calendar_terms(SHORT.frame.index, SHORT.frame["day_type"].to_numpy())
    b, r = (np.full(n_paths, state) for state in states_of(SHORT.frame)[origin])
    for horizon in (1, 2, 3):
        z = rng.standard_normal((2, n_paths))
        own = 0.35 * z[0] + math.sqrt(1 - 0.35**2) * z[1]
        r = (
            transit_module._SURGE[1, 0] * np.abs(b)
            + transit_module._SURGE[1, 1] * np.maximum(r, 0)
            + transit_module._DIP[1, 1] * np.minimum(r, 0)
            - transit_module._OFFSET[1]
            + 0.048 * own
        )
        b = 0.6 * b + 0.06 * z[0]
        day = origin + horizon
        median = np.median(np.exp(calendar[day, 1] + r))
        forecast = SHORT.truth.oracle(column="rail", horizon=horizon)[day]
        tolerance = 0.003 if horizon == 1 else 0.012  # the oracle's own draws
        assert forecast == pytest.approx(median, rel=tolerance)


def test_nothing_beats_the_oracle_by_scaling_it():
    """Forecasts a little above or below the oracle's are worse."""
    oracle = LONG.truth.oracle(column="rail")
    best, _ = mae_of(oracle, LONG.frame, "rail")
    for factor in (0.98, 1.02):
        assert mae_of(factor * oracle, LONG.frame, "rail")[0] > best


# The oracle is honest.


@settings(max_examples=20, deadline=None)
@given(day=st.integers(10, 299), column=st.sampled_from(["bus", "rail"]))
def test_oracle_ignores_the_future(day, column):
    """Other riders on a day and after it leave the forecasts up to that day alone."""
    frame = SHORT.frame.copy()
    frame.iloc[day:, 1:] = frame.iloc[day:, 1:] * 2 + 1
    before = SHORT.truth.oracle(column=column)
    after = transit_truth(frame).oracle(column=column)
    np.testing.assert_array_equal(before[: day + 1], after[: day + 1])
    if day < 299:
        assert before[day + 1] != after[day + 1]


def test_oracle_further_ahead_ignores_the_future():
    """Three days ahead, the forecasts up to two days after a change are the same."""
    frame = SHORT.frame.copy()
    frame.iloc[200:, 1:] = frame.iloc[200:, 1:] * 2
    before = SHORT.truth.oracle(column="rail", horizon=3)
    after = transit_truth(frame).oracle(column="rail", horizon=3)
    np.testing.assert_array_equal(before[:203], after[:203])
    assert before[203] != after[203]


def test_oracle_ignores_the_latent_noise():
    """Other innovations after the origin do not move a forecast."""
    for ahead in (1, 3):
        assert not moves_with_the_noise(
            lambda transit, _, ahead=ahead: transit.truth.oracle(
                column="rail", horizon=ahead
            ),
            ahead=ahead,
        )


def test_peeking_oracle_is_caught():
    """An oracle that peeks at latent noise moves with it and scores too well."""
    assert moves_with_the_noise(peeking_oracle)
    draws = Draws(11, 5_000, 5_000)
    transit = datasets.make_transit(n_days=5_000, seed=draws)
    cheat = peeking_oracle(transit, draws.noise[transit_module._BURN_IN :])
    score, error = mae_of(cheat, transit.frame, "rail")
    assert score < transit.truth.optimum(column="rail") - 10 * error


def test_rounding_to_riders_is_negligible():
    """The oracle from the published integers is that from the unrounded states."""
    draws = Draws(11, 400, 400)
    transit = datasets.make_transit(n_days=400, seed=draws)
    state = np.zeros(2)
    exact = []
    for row in draws.noise[1:]:
        exact.append(transit_module.next_state(state, np.zeros(2)))
        state = transit_module.next_state(state, row)
    medians = np.exp(
        calendar_terms(transit.frame.index, transit.frame["day_type"].to_numpy())
        + np.array(exact)[-400:]
    )
    oracle = transit.truth.oracle(column="rail")
    np.testing.assert_allclose(oracle[1:], medians[1:, 1], rtol=1e-5)


# The model is what the docstring says.


def test_transition_is_recovered_from_the_data():
    """Least squares on the published columns finds the matrices, scales and offset."""
    states = states_of(LONG.frame)
    past, target = states[:-1], states[1:]
    design = np.hstack(
        [np.maximum(past, 0), np.minimum(past, 0), np.ones((len(past), 1))]
    )
    found, *_ = np.linalg.lstsq(design, target, rcond=None)
    planted = np.vstack(
        [
            transit_module._SURGE.T,
            transit_module._DIP.T,
            -transit_module._OFFSET[None, :],
        ]
    )
    residual = target - design @ found
    spread = residual.std(axis=0)
    inverse = np.linalg.inv(design.T @ design)
    errors = np.sqrt(np.outer(np.diag(inverse), spread**2))
    assert np.all(np.abs(found - planted) < 4.5 * errors)
    np.testing.assert_allclose(spread, transit_module._SCALE, rtol=0.02)
    correlation = np.corrcoef(residual.T)[0, 1]
    assert correlation == pytest.approx(transit_module._CORRELATION, abs=0.03)
    whiteness = np.corrcoef(residual[1:, 1], residual[:-1, 1])[0, 1]
    assert abs(whiteness) < 0.03


def test_docstring_states_the_parameters():
    """Every number of the transition appears in the documented equations."""
    text = datasets.make_transit.__doc__
    for matrix in (transit_module._SURGE, transit_module._DIP):
        for value in matrix[1]:
            assert f"{value:.2f}".replace("0.", ".") in text
    assert f"{transit_module._OFFSET[1]:.3f}".replace("0.", ".") in text


def test_state_is_stable_and_persistent():
    """Fifty years stay bounded, and tomorrow's state is correlated with today's."""
    states = states_of(LONG.frame)
    assert np.abs(states).max() < 0.6
    assert np.corrcoef(states[1:, 1], states[:-1, 1])[0, 1] > 0.4
    thirds = np.array_split(states[:, 1], 3)
    assert np.ptp([third.mean() for third in thirds]) < 0.02


def test_day_types_follow_the_calendar():
    """The working days without service as on weekdays in 2018 are the six holidays."""
    dates = pd.date_range("2018-01-01", "2018-12-31", freq="D")
    kinds = day_types(dates)
    weekday = dates.day_of_week
    holidays = dates[(kinds == "U") & (weekday < 5)].strftime("%m-%d")
    assert list(holidays) == ["01-01", "05-28", "07-04", "09-03", "11-22", "12-25"]
    assert np.all(kinds[weekday == 6] == "U")
    assert np.sum(kinds == "A") == 52


def test_series_looks_like_a_city():
    """Weekday riders, the weekly cycle and the naive error have Chicago's size."""
    frame = datasets.load_transit().frame
    rail = frame["rail"]
    means = rail.groupby(frame["day_type"]).mean()
    assert 0.6e6 < means["W"] < 0.75e6
    assert means["U"] < 0.6 * means["W"] < means["A"] < 0.8 * means["W"]
    assert 40_000 < (rail - rail.shift(7)).abs().mean() < 60_000


# Linear models cannot get there.


def design_matrices(frame):
    """Return designs of strong linear models: name -> (inputs, target, inverse)."""
    lags = [*range(1, 15), 21, 28, 363, 364, 365, 371]
    kind = pd.get_dummies(frame["day_type"]).to_numpy(dtype=float)
    weekday = pd.get_dummies(frame.index.day_of_week).to_numpy(dtype=float)
    angle = 2 * np.pi * frame.index.day_of_year.to_numpy()[:, None] / 365.25
    waves = [wave(k * angle) for k in (1, 2, 3) for wave in (np.sin, np.cos)]

    def lagged(series, distances):
        return np.column_stack([pd.Series(series).shift(k) for k in distances])

    rail = frame["rail"].to_numpy(dtype=float)
    log_rail, log_bus = np.log(rail), np.log(frame["bus"].to_numpy(dtype=float))
    raw = np.hstack([lagged(rail, lags), kind, weekday])
    logs = np.hstack([lagged(log_rail, lags), lagged(log_bus, lags), kind, weekday])
    past_kinds = [lagged(column, range(1, 15)) for column in kind.T]
    states = states_of(frame)
    known = np.log(rail) - states[:, 1]
    deviations = [lagged(column, range(1, 29)) for column in states.T]
    return {
        "raw": (raw, rail, lambda p: p),
        "logs and bus": (logs, log_rail, np.exp),
        "and the day types of the lags": (
            np.hstack([logs, *past_kinds, *waves]),
            log_rail,
            np.exp,
        ),
        "on the deviations from the true calendar": (
            np.hstack(deviations),
            states[:, 1],
            lambda p: np.exp(p + known),
        ),
    }


def late_days(transit):
    """Return rail, the slice that is not trained on, and the oracle's error there."""
    rail = transit.frame["rail"].to_numpy()
    late = slice(int(0.7 * len(rail)), len(rail))
    oracle = transit.truth.oracle(column="rail")
    return rail, late, np.abs(rail[late] - oracle[late]).mean()


def ridge_gap(transit, name):
    """Return a ridge's error on the late days, as a multiple of the oracle's."""
    rail, late, oracle_mae = late_days(transit)
    inputs, target, inverse = design_matrices(transit.frame)[name]
    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-3, 3, 13)))
    model.fit(inputs[371 : late.start], target[371 : late.start])
    predicted = np.full(len(rail), np.nan)
    predicted[371:] = model.predict(inputs[371:])
    return np.abs(rail - inverse(predicted))[late].mean() / oracle_mae


@pytest.mark.parametrize("name", design_matrices(datasets.load_transit().frame))
def test_ridge_stays_ten_percent_above_the_oracle(name):
    """Even a ridge that is given the true calendar loses 10 %, in the embedded file."""
    assert 1.10 < ridge_gap(datasets.load_transit(), name) < 1.60


@pytest.mark.slow
def test_recurrent_network_closes_part_of_the_gap():
    """A small GRU, trained for seconds, wins a tenth of what the raw ridge loses."""
    import keras

    transit = datasets.load_transit()
    frame = transit.frame
    rail, late, oracle_mae = late_days(transit)
    logs = np.log(frame[["bus", "rail"]].to_numpy())
    mean, spread = logs[: late.start].mean(axis=0), logs[: late.start].std(axis=0)
    scaled = (logs - mean) / spread
    kind = pd.get_dummies(frame["day_type"]).to_numpy(dtype=float)
    weekday = pd.get_dummies(frame.index.day_of_week).to_numpy(dtype=float)
    known = np.roll(np.hstack([kind, weekday]), -1, axis=0)  # of the next day
    series = np.hstack([scaled, known]).astype("float32")  # (n_days, 12)
    n_past = 28
    days = np.arange(n_past, len(rail))
    inputs = np.stack([series[day - n_past : day] for day in days])
    targets = scaled[days, 1]
    n_train = late.start - n_past

    def glorot(seed):
        return keras.initializers.GlorotUniform(seed=seed)

    model = keras.Sequential(
        [
            keras.Input((n_past, series.shape[1])),
            keras.layers.GRU(
                32,
                kernel_initializer=glorot(0),
                recurrent_initializer=keras.initializers.Orthogonal(seed=1),
            ),
            keras.layers.Dense(1, kernel_initializer=glorot(2)),
        ]
    )
    rate = keras.optimizers.schedules.CosineDecay(0.01, 20 * (n_train // 32 + 1))
    model.compile(keras.optimizers.Adam(rate, clipnorm=1.0), "mae")
    order = np.random.default_rng(0).permutation(n_train)
    model.fit(inputs[order], targets[order], epochs=20, verbose=0)
    predicted = model.predict(inputs[n_train:], verbose=0)[:, 0]
    riders = np.exp(predicted * spread[1] + mean[1])
    gap = np.abs(rail[late] - riders).mean() / oracle_mae
    lost = ridge_gap(transit, "raw") - 1
    assert 0 < gap - 1 < 0.9 * lost


# The public face.


def test_same_seed_same_frame():
    """A seed fixes the frame; another seed gives another one."""
    again = datasets.make_transit(n_days=300, seed=3).frame
    pd.testing.assert_frame_equal(again, SHORT.frame)
    other = datasets.make_transit(n_days=300, seed=4).frame
    assert not other["rail"].equals(SHORT.frame["rail"])
    assert other["day_type"].equals(SHORT.frame["day_type"])


def test_oracle_draws_are_its_own():
    """A longer horizon asked first does not change a shorter one's forecasts."""
    asked_late = transit_truth(SHORT.frame)
    asked_late.oracle(column="rail", horizon=12)
    np.testing.assert_array_equal(
        asked_late.oracle(column="rail", horizon=2),
        transit_truth(SHORT.frame).oracle(column="rail", horizon=2),
    )


def test_results_are_fresh_copies():
    """Spoiling a frame or an oracle array spoils nobody else's."""
    transit = datasets.make_transit(n_days=50)
    first = transit.truth.oracle(column="rail")
    expected = first.copy()
    first[:] = 0
    transit.frame.loc[:, "rail"] = 1
    np.testing.assert_array_equal(transit.truth.oracle(column="rail"), expected)


def test_frame_has_the_documented_form():
    """Dates are daily and named, columns and dtypes are those of the Chicago file."""
    frame = SHORT.frame
    assert frame.index.name == "date"
    assert frame.index.freqstr == "D"
    assert list(frame.columns) == ["day_type", "bus", "rail"]
    assert frame["rail"].dtype == np.int64
    assert set(frame["day_type"]) == {"W", "A", "U"}
    assert SHORT.sha256 is None


def test_oracle_has_no_past_at_the_start():
    """The first `horizon` entries are NaN, all others are finite."""
    for horizon in (1, 4):
        oracle = SHORT.truth.oracle(column="bus", horizon=horizon)
        assert np.isnan(oracle[:horizon]).all()
        assert np.isfinite(oracle[horizon:]).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: datasets.make_transit(n_days=1), "`n_days`"),
        (lambda: datasets.make_transit(start="soon"), "`start`"),
        (lambda: SHORT.truth.oracle(), "`column`"),
        (lambda: SHORT.truth.oracle(column="tram"), "`column`"),
        (lambda: SHORT.truth.optimum(column="rail", horizon=0), "`horizon`"),
        (lambda: SHORT.truth.optimum(column="rail", horizon=300), "`horizon`"),
    ],
)
def test_impossible_requests_are_refused(call, words):
    """The message names the argument."""
    with pytest.raises(ValueError, match=words):
        call()


def test_explanation_names_the_optimum():
    """The paragraph says what is best for both columns."""
    text = SHORT.truth.explain()
    assert f"{SHORT.truth.optimum(column='rail'):,.0f} for rail" in text
    assert "\n" not in text
    assert repr(SHORT.truth) == "Truth(metric='mae', kind='exact')"
    assert repr(SHORT) == "TransitData(300 days, 2012-01-01 to 2012-10-26, generated)"
