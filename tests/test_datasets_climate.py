"""The generated weather: lawful air, a state that can be read, an honest optimum."""

import datetime
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coursepkg import datasets
from coursepkg.datasets import climate as climate_module
from coursepkg.datasets.climate import climate_truth, read_state, stationary_covariance

T, P = "T (degC)", "p (mbar)"
LONG = datasets.make_climate(n_steps=60_000, seed=7)  # seven years of hours
FINE = datasets.make_climate(n_steps=60_000, step="10min", seed=8)
SHORT = datasets.make_climate(n_steps=400, seed=3)
STATE_COLUMNS = [P, T, "Tdew (degC)", "rh (%)", "wv (m/s)", "wd (deg)"]


def anomalies(frame):
    """Return the published state less its cycles."""
    return read_state(frame) - climate_module._cycles(frame.index)


def score(forecast, frame, column, horizon):
    """Return the mean absolute error and its standard error, overlap included."""
    errors = np.abs(frame[column].to_numpy() - forecast)[horizon:]
    blocks = errors[: len(errors) // 500 * 500].reshape(-1, 500).mean(axis=1)
    return errors.mean(), blocks.std() / math.sqrt(len(blocks))


class Draws(np.random.Generator):
    """A generator whose draws are those of a seed up to a row, and others after it."""

    def __init__(self, seed, n_rows, changed_from):
        """Draw both noises; row `changed_from` is the first that is another one."""
        super().__init__(np.random.PCG64(seed))
        self.noise = super().standard_normal((n_rows, 6))
        other = np.random.default_rng(seed + 1).standard_normal((n_rows, 6))
        self.noise[changed_from:] = other[changed_from:]

    def standard_normal(self, size):
        """Return the prepared noise."""
        return self.noise.reshape(size)


def moves_with_the_noise(make_oracle, *, n_rows=60, row=40, ahead=1):
    """Return whether noise after its origin moves the forecast of `row`."""
    forecasts = []
    for changed_from in (n_rows, row - ahead + 1):
        draws = Draws(11, n_rows, changed_from)
        climate = datasets.make_climate(n_steps=n_rows, step="10min", seed=draws)
        forecasts.append(make_oracle(climate, draws.noise)[row])
    return forecasts[0] != forecasts[1]


def peeking_oracle(climate, noise):
    """Return the oracle's forecasts moved half-way to what the latent noise does."""
    return climate.truth.oracle(column=T) + 0.5 * climate_module._NOISE[0] * noise[:, 0]


# The air obeys the laws of physics, in the published and rounded columns.


def test_vapour_pressures_follow_magnus():
    """VPmax and VPact are the saturation pressures at T and at the dew point."""
    for source, pressure in ((T, "VPmax (mbar)"), ("Tdew (degC)", "VPact (mbar)")):
        degrees = LONG.frame[source].to_numpy()
        expected = 6.1078 * np.exp(17.08085 * degrees / (234.175 + degrees))
        slope = 0.08 * expected  # less than this a degree; 0.005 degrees of rounding
        off = np.abs(LONG.frame[pressure].to_numpy() - expected)
        assert np.all(off <= 0.0051 + 0.0051 * slope)


def test_magnus_agrees_with_published_constants():
    """The WMO's constants give the same pressure within one per cent."""
    degrees = np.linspace(-5, 40, 46)
    wmo = 6.112 * np.exp(17.62 * degrees / (243.12 + degrees))
    np.testing.assert_allclose(climate_module.magnus(degrees), wmo, rtol=0.01)
    assert climate_module.magnus(np.array(20.0)) == pytest.approx(23.37, abs=0.05)


@given(degrees=st.floats(-40, 45))
def test_dew_point_inverts_magnus(degrees):
    """Air that is saturated at a temperature has its dew point there."""
    pressure = climate_module.magnus(np.array(degrees))
    assert climate_module.dew_point(pressure) == pytest.approx(degrees, abs=1e-9)


def test_humidity_columns_agree_with_one_another():
    """Deficit, relative and specific humidity and mixing ratio follow from e and p."""
    f = LONG.frame
    saturated, e, p = f["VPmax (mbar)"], f["VPact (mbar)"], f[P]
    rounding = 0.0051
    assert (f["VPdef (mbar)"] - (saturated - e)).abs().max() <= 3 * rounding
    ratio = 100 * e / saturated
    assert ((f["rh (%)"] - ratio).abs() <= rounding + 1.01 / saturated).all()
    dry = p - e
    specific = 1000 * e * 18.015 / (e * 18.015 + dry * 28.965)  # grams of each gas
    assert ((f["sh (g/kg)"] - specific).abs() <= 0.011 + 0.001 * specific).all()
    assert (f["H2OC (mmol/mol)"] - 1000 * e / p).abs().max() <= 2.2 * rounding


def test_density_follows_the_gas_law():
    """The density is that of an ideal gas of the mixture's molar mass."""
    f = LONG.frame
    share = f["VPact (mbar)"] / f[P]
    molar_mass = share * 18.015 + (1 - share) * 28.965  # g/mol
    density = 100 * f[P] * molar_mass / (8.31446 * (f[T] + 273.15))  # g/m**3
    np.testing.assert_allclose(f["rho (g/m**3)"], density, rtol=4e-4)


def test_potential_temperature_is_that_at_1000_mbar():
    """Tpot is the temperature in kelvin after compression to 1000 mbar."""
    f = LONG.frame
    expected = (f[T] + 273.15) * (1000 / f[P]) ** (287.05 / 1004.7)
    assert (f["Tpot (K)"] - expected).abs().max() < 0.02
    below = f[P] < 999
    assert (f.loc[below, "Tpot (K)"] > f.loc[below, T] + 273.15).all()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), start=st.dates())
@example(seed=49, start=datetime.date(2009, 6, 20))  # 0.24 % of humidity
@example(seed=216, start=datetime.date(2009, 6, 20))  # 0.04 %
def test_dew_point_is_never_above_the_temperature(seed, start):
    """Whatever the seed and the season, the air is not more than saturated."""
    when = f"{2000 + start.year % 30}-{start.month:02}-{min(start.day, 28):02}"
    frame = datasets.make_climate(n_steps=500, start=when, seed=seed).frame
    assert (frame["Tdew (degC)"] <= frame[T]).all()
    assert frame["rh (%)"].between(0, 100).all()
    assert (frame["VPdef (mbar)"] >= 0).all()
    assert np.isfinite(frame.to_numpy()).all()
    assert np.isfinite(read_state(frame)).all()


def test_wind_has_a_direction_and_gusts_above_it():
    """Directions lie in [0, 360), speeds are not negative, gusts exceed the mean."""
    f = LONG.frame
    assert f["wd (deg)"].between(0, 360, inclusive="left").all()
    assert (f["wv (m/s)"] >= 0).all()
    assert (f["max. wv (m/s)"] > f["wv (m/s)"]).all()
    east = -f["wv (m/s)"] * np.sin(np.deg2rad(f["wd (deg)"]))
    from_west = f["wd (deg)"].between(225, 315)
    assert (east[from_west] > 0).mean() > 0.999  # a west wind blows towards the east


def test_weather_looks_like_jena():
    """Spread, naive errors and ranges have the size of the real station's."""
    f = datasets.load_climate().frame
    assert 7.5 < f[T].std() < 9.0
    assert 7.5 < f[P].std() < 9.5
    assert 8.5 < f[T].mean() < 10.5
    assert 2.4 < (f[T] - f[T].shift(24)).abs().mean() < 2.8
    assert 0.5 < (f[T] - f[T].shift(1)).abs().mean() < 0.8
    assert -25 < f[T].min() < -8 < 28 < f[T].max() < 38
    assert 70 < f["rh (%)"].mean() < 82
    assert 1.8 < f["wv (m/s)"].mean() < 2.8
    by_hour = f[T].groupby(f.index.hour).mean()
    assert by_hour.idxmin() in (2, 3, 4, 5)
    assert by_hour.idxmax() in (14, 15, 16, 17)


# The state can be read, and follows the documented equations.


def test_state_is_read_back_from_the_published_columns():
    """Unrounded states and those from the columns differ by the rounding only."""
    draws = Draws(5, 3_000, 3_000)
    climate = datasets.make_climate(n_steps=3_000, step="10min", seed=draws)
    states = climate_module._states(draws.noise[:, :5])
    off = np.abs(anomalies(climate.frame) - states)
    np.testing.assert_array_less(off[:, 0], 0.0051)
    np.testing.assert_array_less(off[:, 2], 0.0051)
    assert off[:, 1].max() < 0.02  # of a logarithm whose innovations are 0.07
    assert off[:, 3:].max() < 0.02


@pytest.mark.parametrize("seed", [1, 5])
def test_state_is_read_in_very_dry_air(seed):
    """Where humidity rounds to nothing the gap is read from the dew point instead."""
    draws = Draws(seed, 104_935, 104_935)  # 17,490 hours: the two years of this seed
    climate = datasets.make_climate(n_steps=17_490, seed=draws)
    frame = climate.frame
    assert frame["rh (%)"].min() < 0.2
    states = climate_module._states(draws.noise[:, :5])[::6]
    off = np.abs(anomalies(frame) - states)[:, 1]
    gap = (frame[T] - frame["Tdew (degC)"]).to_numpy()
    assert np.all(off[gap > 10] < 0.0011)  # half a hundredth twice, of 10 degrees
    assert off.max() < 0.02
    oracle = climate.truth.oracle(column=T, horizon=24)
    assert np.isfinite(oracle[24:]).all()
    mae, error = score(oracle, frame, T, 24)
    assert abs(mae - climate.truth.optimum(column=T, horizon=24)) < 4 * error


def test_transition_is_recovered_from_the_ten_minute_columns():
    """Least squares finds the documented matrix, scales and independence."""
    states = anomalies(FINE.frame)
    past, target = states[:-1], states[1:]
    found, *_ = np.linalg.lstsq(past, target, rcond=None)
    residual = target - past @ found
    spread = residual.std(axis=0)
    errors = np.sqrt(np.outer(np.diag(np.linalg.inv(past.T @ past)), spread**2))
    assert np.all(np.abs(found.T - climate_module._TRANSITION) < 4.5 * errors.T)
    np.testing.assert_allclose(spread, [0.27, 0.07, 0.50, 0.18, 0.24], rtol=0.02)
    correlations = np.corrcoef(residual.T) - np.eye(5)
    assert np.abs(correlations).max() < 0.03
    whiteness = [np.corrcoef(r[1:], r[:-1])[0, 1] for r in residual.T]
    assert np.abs(whiteness).max() < 0.03


def test_hourly_weather_has_the_sixth_power():
    """On hourly rows least squares finds A multiplied by itself six times."""
    states = anomalies(LONG.frame)
    past, target = states[:-1], states[1:]
    found, *_ = np.linalg.lstsq(past, target, rcond=None)
    spread = (target - past @ found).std(axis=0)
    errors = np.sqrt(np.outer(np.diag(np.linalg.inv(past.T @ past)), spread**2))
    a = climate_module._TRANSITION
    assert np.all(np.abs(found.T - a @ a @ a @ a @ a @ a) < 4.5 * errors.T)
    assert np.all(np.abs(found.T - a)[[0, 2], [4, 4]] > 10 * errors.T[[0, 2], [4, 4]])


@pytest.mark.parametrize(("step", "every"), [("60min", 6), ("30min", 3), ("1D", 144)])
def test_longer_steps_keep_rows_of_the_same_weather(step, every):
    """With one seed, a longer step thins the ten-minute table and changes no number."""
    fine = datasets.make_climate(n_steps=20 * every, step="10min", seed=4)
    thin = datasets.make_climate(n_steps=20, step=step, seed=4)
    pd.testing.assert_frame_equal(fine.frame[::every], thin.frame, check_freq=False)
    assert thin.truth.optimum(column=T) == pytest.approx(
        fine.truth.optimum(column=T, horizon=every)
    )
    np.testing.assert_allclose(
        fine.truth.oracle(column=T, horizon=every)[::every][1:],
        thin.truth.oracle(column=T)[1:],
    )


def test_stationary_covariance_solves_its_equation():
    """It is what a long sum of powers gives, and what the data show."""
    a, noise = climate_module._TRANSITION, np.diag(climate_module._NOISE**2)
    total, term = np.zeros((5, 5)), noise
    for _ in range(20_000):
        total = total + term
        term = a @ term @ a.T
    np.testing.assert_allclose(stationary_covariance(), total, rtol=1e-8, atol=1e-10)
    spread = anomalies(LONG.frame).std(axis=0)
    np.testing.assert_allclose(spread, np.sqrt(np.diag(total)), rtol=0.12)
    assert np.abs(np.linalg.eigvals(a)).max() < 1


def test_first_row_is_already_stationary():
    """Over many seeds the first state has the stationary spread."""
    first = [
        anomalies(datasets.make_climate(n_steps=2, seed=seed).frame)[0]
        for seed in range(300)
    ]
    expected = np.sqrt(np.diag(stationary_covariance()))
    np.testing.assert_allclose(np.std(first, axis=0), expected, rtol=0.15)


def test_docstring_states_the_parameters():
    """Every number of the transition appears in the documented equations."""
    text = datasets.make_climate.__doc__
    rows = np.rint(1000 * (climate_module._TRANSITION - np.eye(5))).astype(int)
    for row in rows:
        assert " & ".join(str(value) for value in row) in text.replace("\n       ", "")
    for scale in climate_module._NOISE:
        assert f"{scale:.2f}".removeprefix("0") in text


# The oracle attains the optimum.


@pytest.mark.parametrize("horizon", [1, 6, 24, 72])
@pytest.mark.parametrize("column", [T, P])
def test_oracle_attains_the_optimum(column, horizon):
    """The oracle's error over seven years is the formula within sampling error."""
    forecast = LONG.truth.oracle(column=column, horizon=horizon)
    mae, error = score(forecast, LONG.frame, column, horizon)
    optimum = LONG.truth.optimum(column=column, horizon=horizon)
    assert abs(mae - optimum) < 4 * error
    assert error < 0.03 * optimum  # so the agreement means something


def test_oracle_attains_the_optimum_at_ten_minutes():
    """So it does on ten-minute rows, where 144 of them are a day."""
    for horizon in (1, 144):
        forecast = FINE.truth.oracle(column=T, horizon=horizon)
        mae, error = score(forecast, FINE.frame, T, horizon)
        optimum = FINE.truth.optimum(column=T, horizon=horizon)
        assert abs(mae - optimum) < 4 * error
    assert optimum == pytest.approx(LONG.truth.optimum(column=T, horizon=24))


def test_optimum_is_the_sum_of_the_coming_noise():
    """The variance h steps ahead is the sum of A^k L L' A'^k, k below h."""
    a, noise = climate_module._TRANSITION, np.diag(climate_module._NOISE**2)
    variance = sum(
        np.linalg.matrix_power(a, k) @ noise @ np.linalg.matrix_power(a, k).T
        for k in range(24 * 6)
    )
    for column, place in ((T, 0), (P, 2)):
        expected = math.sqrt(2 * variance[place, place] / math.pi)
        found = SHORT.truth.optimum(column=column, horizon=24)
        assert found == pytest.approx(expected, rel=1e-9)


def test_errors_are_gaussian_of_the_documented_size():
    """Half of the oracle's errors lie within 0.6745 standard deviations."""
    sigma = LONG.truth.optimum(column=T) * math.sqrt(math.pi / 2)
    errors = (LONG.frame[T].to_numpy() - LONG.truth.oracle(column=T))[1:]
    assert np.mean(np.abs(errors) < 0.6745 * sigma) == pytest.approx(0.5, abs=0.01)
    assert np.mean(np.abs(errors) < 1.96 * sigma) == pytest.approx(0.95, abs=0.005)


def test_temperature_alone_is_clearly_worse():
    """A day ahead the other variables are worth a fifth of the error."""
    state = anomalies(LONG.frame)[:, 0]  # generous: the cycle is given
    lags = np.column_stack([np.roll(state, k) for k in range(48)])
    past, target = lags[48:-24], state[72:]
    half = len(past) // 2
    weights, *_ = np.linalg.lstsq(past[:half], target[:half], rcond=None)
    alone = np.abs(target[half:] - past[half:] @ weights).mean()
    naive = np.abs(LONG.frame[T] - LONG.frame[T].shift(24)).mean()
    optimum = LONG.truth.optimum(column=T, horizon=24)
    assert 1.15 * optimum < alone < 0.97 * naive
    assert 1.8 < optimum < 2.0 < 2.4 < naive < 2.6


# The oracle is honest.


@settings(max_examples=20, deadline=None)
@given(
    row=st.integers(10, 399),
    column=st.sampled_from([T, P]),
    horizon=st.sampled_from([1, 6, 24]),
)
def test_oracle_ignores_the_future(row, column, horizon):
    """Other weather from a row on leaves forecasts made before it alone."""
    frame = SHORT.frame.copy()
    frame.iloc[row:, :2] += 1.5
    frame.iloc[row:, 11] += 0.5
    before = SHORT.truth.oracle(column=column, horizon=horizon)
    after = climate_truth(frame).oracle(column=column, horizon=horizon)
    same = slice(horizon, row + horizon)
    np.testing.assert_array_equal(before[same], after[same])
    if row + horizon < 400:
        assert before[row + horizon] != after[row + horizon]


def test_oracle_ignores_the_latent_noise():
    """Other innovations after the origin do not move a forecast."""
    for ahead in (1, 6):
        assert not moves_with_the_noise(
            lambda climate, _, ahead=ahead: climate.truth.oracle(
                column=T, horizon=ahead
            ),
            ahead=ahead,
        )
    assert moves_with_the_noise(
        lambda climate, _: climate.truth.oracle(column=T, horizon=1), ahead=2
    )


def test_peeking_oracle_is_caught():
    """An oracle that peeks at latent noise moves with it and scores too well."""
    assert moves_with_the_noise(peeking_oracle)
    draws = Draws(11, 20_000, 20_000)
    climate = datasets.make_climate(n_steps=20_000, step="10min", seed=draws)
    cheat = peeking_oracle(climate, draws.noise)
    mae, error = score(cheat, climate.frame, T, 1)
    assert mae < climate.truth.optimum(column=T) - 10 * error


def test_oracle_reads_only_the_columns_of_the_state_and_the_calendar():
    """Spoiling all other columns changes nothing."""
    frame = SHORT.frame.copy()
    frame.loc[:, [name for name in frame if name not in STATE_COLUMNS]] = -9.0
    np.testing.assert_array_equal(
        climate_truth(frame).oracle(column=T, horizon=24),
        SHORT.truth.oracle(column=T, horizon=24),
    )


def test_rounding_is_negligible():
    """The oracle from the published decimals is that from the unrounded states."""
    draws = Draws(5, 2_000, 2_000)
    climate = datasets.make_climate(n_steps=2_000, step="10min", seed=draws)
    states = climate_module._states(draws.noise[:, :5])
    ahead = np.linalg.matrix_power(climate_module._TRANSITION, 144)
    exact = states[:-144] @ ahead.T + climate_module._cycles(climate.frame.index)[144:]
    oracle = climate.truth.oracle(column=T, horizon=144)
    assert np.abs(oracle[144:] - exact[:, 0]).max() < 0.02


# The public face.


def test_frame_has_the_documented_form():
    """Fourteen columns in the order of the Jena file, times regular and named."""
    frame = FINE.frame
    assert tuple(frame.columns) == climate_module.COLUMNS
    assert len(frame.columns) == 14
    assert frame.columns[1] == T
    assert frame.columns[-1] == "wd (deg)"
    assert frame.index.name == "time"
    assert np.all(np.diff(frame.index) == pd.Timedelta("10min"))
    assert np.all(frame.dtypes == np.float64)
    np.testing.assert_array_equal(frame.round(2), frame)
    assert FINE.sha256 is None
    np.testing.assert_array_equal(FINE.segments, np.zeros(60_000, dtype=int))
    shifted = datasets.make_climate(n_steps=3, start="2009-01-01 00:10")
    assert str(shifted.frame.index[1]) == "2009-01-01 01:10:00"


def test_same_seed_same_frame():
    """A seed fixes the frame, a longer table begins with it, another seed differs."""
    again = datasets.make_climate(n_steps=500, seed=3).frame
    pd.testing.assert_frame_equal(again[:400], SHORT.frame, check_freq=False)
    other = datasets.make_climate(n_steps=400, seed=4).frame
    assert not other[T].equals(SHORT.frame[T])


def test_results_are_fresh_copies():
    """Spoiling a frame or an oracle array spoils nobody else's."""
    climate = datasets.make_climate(n_steps=50)
    first = climate.truth.oracle(column=T)
    expected = first.copy()
    first[:] = 0
    climate.frame.loc[:, T] = 1
    np.testing.assert_array_equal(climate.truth.oracle(column=T), expected)


def test_oracle_has_no_past_at_the_start():
    """The first `horizon` entries are NaN, all others are finite."""
    for horizon in (1, 24):
        oracle = SHORT.truth.oracle(column=P, horizon=horizon)
        assert np.isnan(oracle[:horizon]).all()
        assert np.isfinite(oracle[horizon:]).all()
    assert SHORT.truth.uncertainty(column=T, horizon=5) == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: datasets.make_climate(n_steps=1), "`n_steps`"),
        (lambda: datasets.make_climate(start="soon"), "`start` must be a time"),
        (lambda: datasets.make_climate(start="2009-01-01T00:00Z"), "time zone"),
        (lambda: datasets.make_climate(step="7min"), "multiple of ten minutes"),
        (lambda: datasets.make_climate(step="0min"), "multiple of ten minutes"),
        (lambda: datasets.make_climate(step="hourly"), "multiple of ten minutes"),
        (lambda: SHORT.truth.oracle(), "`column`"),
        (lambda: SHORT.truth.oracle(column="rh (%)"), r"`column`.*T \(degC\)"),
        (lambda: SHORT.truth.optimum(column=T, horizon=0), "`horizon`"),
        (lambda: SHORT.truth.optimum(column=T, horizon=400), "`horizon`"),
    ],
)
def test_impossible_requests_are_refused(call, words):
    """The message names the argument."""
    with pytest.raises(ValueError, match=words):
        call()


def test_truth_asks_for_a_fixed_step():
    """A gap, a single row or five minutes would give a silently wrong oracle."""
    frame = SHORT.frame
    five_minutes = frame.set_index(frame.index[0] + (frame.index - frame.index[0]) / 12)
    for wrong in (frame.drop(frame.index[7]), frame[:1], five_minutes):
        with pytest.raises(ValueError, match="`frame` must have at least two rows"):
            climate_truth(wrong)


def test_wrong_types_are_refused():
    """A fraction of a row does not exist."""
    with pytest.raises(TypeError, match="`n_steps`"):
        datasets.make_climate(n_steps=10.5)


def test_explanation_and_representations():
    """The paragraph names the optimum of both columns, the repr the size and step."""
    text = SHORT.truth.explain()
    assert f"{SHORT.truth.optimum(column=T):.4g} for T (degC)" in text
    assert "\n" not in text
    assert repr(SHORT) == (
        "ClimateData(400 rows, 60 minutes each, 2009-01-01 to 2009-01-17, generated)"
    )
    real = datasets.ClimateData(SHORT.frame, SHORT.segments, truth=None)
    assert repr(real).endswith("real)")
