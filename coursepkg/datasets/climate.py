"""A stochastic model of the weather at one station, with a known optimum."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coursepkg._validation import check_integer
from coursepkg.datasets.truth import Attainable, FloatArray, Truth

COLUMNS = (
    "p (mbar)",
    "T (degC)",
    "Tpot (K)",
    "Tdew (degC)",
    "rh (%)",
    "VPmax (mbar)",
    "VPact (mbar)",
    "VPdef (mbar)",
    "sh (g/kg)",
    "H2OC (mmol/mol)",
    "rho (g/m**3)",
    "wv (m/s)",
    "max. wv (m/s)",
    "wd (deg)",
)

_COARSE = ("rho (g/m**3)", "max. wv (m/s)", "wd (deg)")  # one decimal, others two

_STEP = pd.Timedelta(minutes=10)  # of the process; a frame may be thinner

# The state: temperature (degC), logarithm of the dew-point gap (degC), pressure (mbar),
# wind towards the east and towards the north (m/s), each as an anomaly from its cycle.
_TRANSITION = np.eye(5) + 1e-3 * np.array(
    [
        [-9, 22, 2, 0, 10],  # dry air, high pressure and a wind from the south warm
        [0, -12, 0, -3, 0],  # a wind from the west moistens
        [0, 0, -1, 0, -7],  # a wind from the south comes before a fall in pressure
        [0, 0, -1, -7, 0],  # low pressure brings a wind from the west
        [0, 0, 2, 0, -13],  # high pressure brings a wind from the south
    ]
)
_NOISE = np.array([0.27, 0.07, 0.50, 0.18, 0.24])  # standard deviations, independent

# The cycles, known in advance.
_EPOCH = pd.Timestamp("2009-01-01")
_YEAR = 365.2425  # days
_TEMPERATURE = 9.4  # degC
_TEMPERATURE_OF_YEAR = 9.5  # amplitude, degC
_COLDEST_DAY = 16.4  # days after New Year
_TEMPERATURE_OF_DAY = 2.9  # amplitude at the equinoxes, degC
_SUMMER_SWING = 0.55  # the days swing more in summer and less in winter
_WARMEST_HOUR = 15.5
_GAP = 1.1  # logarithm of degC
_GAP_OF_YEAR = 0.45
_GAP_OF_DAY = 0.45
_PRESSURE = 989.2  # mbar
_TIDE = 0.4  # the atmosphere's tide, twice a day, mbar
_HOUR_OF_TIDE = 10.0
_WIND = (0.4, 0.9)  # towards the east and towards the north, m/s

# The vapour-pressure formula of Magnus over water, constants as the station uses them.
_MAGNUS = (6.1078, 17.08085, 234.175)  # mbar, -, degC
_ZERO = 273.15  # K
_DRY_AIR, _VAPOUR = 287.05, 461.5  # gas constants, J/(kg K)
_RATIO = 0.622  # of the molar masses of water and dry air
_POISSON = 0.286  # exponent of the potential temperature

_DESCRIPTION = (
    "Temperature, logarithm of the dew-point gap, pressure and the two components of "
    "the wind are cycles known in advance (the year, the day, the tide of the "
    "atmosphere) plus a state of five numbers, which follows a stationary Gaussian "
    "vector autoregression of first order, one step in ten minutes. All other columns "
    "are computed from these by the laws of moist air, but for the gusts. Nothing is "
    "hidden and there is no observation noise, so the oracle reads the state off the "
    "last published row: a linear forecast of the state is the best one."
)


@dataclass(frozen=True, eq=False)
class ClimateData:
    """Weather at one station: fourteen variables at a fixed step of time.

    Parameters
    ----------
    frame : DataFrame
        One row a step, a DatetimeIndex named "time", and the fourteen columns of the
        Jena weather file, their units in their names; six of them where the real file
        was thinned to hours.
    segments : array of shape (n_steps,)
        One integer a row; where it changes, the step of time is not the usual one.
        Generated weather has no gap: all are 0.
    truth : Truth or None
        The best attainable forecasts; None for real data.
    sha256 : str or None
        Digest in hexadecimal of the embedded file that was read, or of the real table
        in whichever file it came; None when generated.
    """

    frame: pd.DataFrame
    segments: np.ndarray
    truth: Truth | None
    sha256: str | None = None

    def __repr__(self) -> str:
        """Return the size, the step and the range of times."""
        first, last = (f"{self.frame.index[end]:%Y-%m-%d}" for end in (0, -1))
        minutes = (self.frame.index[1] - self.frame.index[0]) // pd.Timedelta("1min")
        source = "real" if self.truth is None else "generated"
        return (
            f"ClimateData({len(self.frame):,} rows, {minutes} minutes each, "
            f"{first} to {last}, {source})"
        )


def make_climate(
    *,
    n_steps: int = 17_520,
    start: str = "2009-01-01",
    step: str = "60min",
    seed: int = 0,
) -> ClimateData:
    r"""Generate the weather of one station with a known best forecast.

    Parameters
    ----------
    n_steps : int
        Number of rows, at least 2; the default is two years of hours.
    start : str
        Time of the first row, anything that `pandas.Timestamp` reads.
    step : str
        Time between rows, anything that `pandas.Timedelta` reads: a multiple of ten
        minutes, such as "10min", "30min" or "60min". The process always runs in steps
        of ten minutes, and a longer step keeps some of its rows: with one seed, hourly
        weather is every sixth row of the ten-minute weather.
    seed : int or numpy.random.Generator
        Source of the innovations.

    Returns
    -------
    ClimateData
        `.frame` (n_steps rows, the 14 columns of the Jena file, two decimals, in
        rho, max. wv and wd one),
        `.segments` (n_steps zeros) and `.truth` of "T (degC)" and "p (mbar)".

    Raises
    ------
    TypeError
        If `n_steps` is not an integer.
    ValueError
        If `n_steps` is below 2, `start` is not a time, or `step` is not a multiple of
        ten minutes.

    Notes
    -----
    The state is :math:`s = (\tau, \gamma, \pi, u, v)`: how far temperature (degC),
    logarithm of the dew-point gap, pressure (mbar) and the wind towards the east and
    towards the north (m/s) are from their cycles. In ten minutes

    .. math::

        s_{t+1} = A s_t + L z_{t+1}, \qquad
        A = I + \frac{1}{1000} \begin{pmatrix}
        -9 & 22 & 2 & 0 & 10 \\ 0 & -12 & 0 & -3 & 0 \\ 0 & 0 & -1 & 0 & -7 \\
        0 & 0 & -1 & -7 & 0 \\ 0 & 0 & 2 & 0 & -13 \end{pmatrix}, \quad
        L = \operatorname{diag}(.27, .07, .50, .18, .24),

    with :math:`z_{t+1}` standard normal. It starts in its stationary distribution.

    *From the state to the columns.* T and p are their cycles plus :math:`\tau` and
    :math:`\pi`. The dew-point gap :math:`g = \exp(\text{cycle} + \gamma)` is positive,
    so the dew point :math:`T - g` lies below the temperature. It has no upper limit:
    very dry air is more frequent than at any real station, and some seeds bring hours
    with less than 1 % relative humidity. Vapour pressures follow
    Magnus, :math:`e(T) = 6.1078 \exp(17.08085\,T / (234.175 + T))` mbar: VPmax is e(T),
    VPact is e(T - g), VPdef their difference and rh their ratio in per cent. With e for
    VPact and K for the temperature in kelvin, sh is
    :math:`622\,e / (p - .378\,e)`, H2OC is :math:`1000\,e / p`, Tpot is
    :math:`K\,(1000 / p)^{.286}`, and rho is the sum of the densities of dry air and
    vapour, :math:`100\,(p - e) / (287.05\,K) + 100\,e / (461.5\,K)` in
    kg/m\ :sup:`3`. wv and wd are the length of the wind vector and the direction it
    comes from (0 north, 90 east). The gust max. wv is above wv by a lognormal amount
    that tells nothing about the state.

    *The best forecast.* The state can be read back from T, rh, Tdew, p, wv and wd, up
    to their decimals (`read_state`). h steps ahead of it, T is Gaussian with mean
    :math:`m_{t+h} + (A^h s_t)_\tau`, m the cycle, and variance
    :math:`\sigma_h^2 = (S - A^h S (A^h)^\top)_{\tau\tau}`, where S is the stationary
    covariance, the solution of :math:`S = A S A^\top + L L^\top`. The mean is the
    median, so it minimises the expected absolute error, which is then

    .. math:: E|T_{t+h} - \hat T_{t+h}| = \sigma_h \sqrt{2 / \pi},

    exact at every h; p likewise. A row every k steps of ten minutes makes the process
    one with :math:`A^k`, and `truth` counts its horizon in rows. Other columns are
    nonlinear functions of several parts of the state, have no such formula, and are
    refused.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> climate = datasets.make_climate(n_steps=1_000, step="10min", seed=1)
    >>> climate
    ClimateData(1,000 rows, 10 minutes each, 2009-01-01 to 2009-01-07, generated)
    >>> climate.frame.shape
    (1000, 14)
    >>> day = 24 * 6
    >>> round(climate.truth.optimum(column="T (degC)", horizon=day), 3)
    1.851
    """
    n_steps = check_integer(n_steps, "n_steps", minimum=2)
    times = pd.date_range(
        _first_time(start), periods=n_steps, freq=_checked_step(step), name="time"
    )
    every = round((times[1] - times[0]) / _STEP)
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(((n_steps - 1) * every + 1, 6))  # 5 of the state, gusts
    states = _states(noise[:, :5])[::every]  # (n_steps, 5)
    frame = _columns(_cycles(times) + states, noise[::every, 5]).set_index(times)
    return ClimateData(
        frame=frame,
        segments=np.zeros(n_steps, dtype=np.int64),
        truth=climate_truth(frame),
    )


def climate_truth(frame: pd.DataFrame) -> Truth:
    """Return what is known about a frame made by `make_climate`.

    Parameters
    ----------
    frame : DataFrame
        Published columns, indexed by time at a fixed step, a multiple of ten minutes.
        Only T, rh, Tdew, p, wv and wd are used, and the calendar: no latent draw is at
        hand here.

    Returns
    -------
    Truth
        Oracle and optimum of "p (mbar)" and "T (degC)", the horizon in rows.

    Raises
    ------
    ValueError
        If the frame has fewer than two rows, a gap, or another step.
    """
    times = pd.DatetimeIndex(frame.index)
    steps = np.unique(np.diff(times))
    if len(steps) != 1 or not steps[0] or steps[0] % _STEP:
        message = (
            "`frame` must have at least two rows at one fixed step of time, a multiple "
            f"of ten minutes, got {len(times)} rows and {len(steps)} different steps. "
            "Pass a frame of `make_climate`, or rows of it without a gap."
        )
        raise ValueError(message)
    cycles = _cycles(times)  # (n_steps, 5)
    states = read_state(frame) - cycles  # (n_steps, 5)
    every = round((times[1] - times[0]) / _STEP)
    one_row = np.linalg.matrix_power(_TRANSITION, every)
    covariance = stationary_covariance()

    def compute(name: str | None, horizon: int) -> Attainable:
        if horizon >= len(states):
            message = (
                f"`horizon` must be below the number of rows, {len(states)}, "
                f"got {horizon}."
            )
            raise ValueError(message)
        column = {"T (degC)": 0, "p (mbar)": 2}[str(name)]
        ahead = np.linalg.matrix_power(one_row, horizon)[column]  # (5,)
        variance = covariance[column, column] - ahead @ covariance @ ahead
        oracle = np.full(len(states), np.nan)
        oracle[horizon:] = cycles[horizon:, column] + states[:-horizon] @ ahead
        optimum = math.sqrt(2 / math.pi * variance)
        return Attainable(oracle=oracle, optimum=optimum)

    return Truth(
        metric="mae",
        kind="exact",
        standard_error=0.0,
        columns=("p (mbar)", "T (degC)"),
        description=_DESCRIPTION,
        compute=compute,
    )


def read_state(frame: pd.DataFrame) -> FloatArray:
    """Return the five numbers that the published columns of a row determine.

    The dew-point gap stands in two columns, each with two decimals. Relative humidity
    is the finer scale unless the air is very dry, below some 7 %; then a hundredth of
    a per cent is more than a hundredth of a degree, and the gap is T less Tdew.

    Parameters
    ----------
    frame : DataFrame
        At least the columns T, rh, Tdew, p, wv and wd.

    Returns
    -------
    array of shape (n_steps, 5)
        Temperature (degC), logarithm of the dew-point gap (of degC), pressure (mbar),
        wind towards the east and towards the north (m/s), cycles included.
    """
    temperature = frame["T (degC)"].to_numpy(dtype=np.float64)
    humidity = frame["rh (%)"].to_numpy(dtype=np.float64)
    gap = temperature - frame["Tdew (degC)"].to_numpy(dtype=np.float64)
    _, a, b = _MAGNUS
    slope = humidity * a * b / (b + temperature - gap) ** 2  # % a degree of dew point
    finer = slope > 0.5  # rh within 0.005 %, T - Tdew within 0.01 degC
    vapour = magnus(temperature[finer]) * humidity[finer] / 100
    gap[finer] = temperature[finer] - dew_point(vapour)
    speed = frame["wv (m/s)"].to_numpy(dtype=np.float64)
    origin = np.deg2rad(frame["wd (deg)"].to_numpy(dtype=np.float64))
    return np.column_stack(
        [
            temperature,
            np.log(gap),
            frame["p (mbar)"].to_numpy(dtype=np.float64),
            -speed * np.sin(origin),
            -speed * np.cos(origin),
        ]
    )


def magnus(temperature: FloatArray) -> FloatArray:
    """Return the saturation vapour pressure over water.

    Parameters
    ----------
    temperature : array
        In degC.

    Returns
    -------
    array
        In mbar, of the same shape.
    """
    scale, a, b = _MAGNUS
    return scale * np.exp(a * temperature / (b + temperature))


def dew_point(vapour_pressure: FloatArray) -> FloatArray:
    """Return the temperature at which a vapour pressure saturates the air.

    Parameters
    ----------
    vapour_pressure : array
        In mbar, positive.

    Returns
    -------
    array
        In degC, of the same shape: the inverse of `magnus`.
    """
    scale, a, b = _MAGNUS
    logarithm = np.log(vapour_pressure / scale)
    return b * logarithm / (a - logarithm)


def stationary_covariance() -> FloatArray:
    """Return the covariance of the state, S = A S A' + L L'.

    Returns
    -------
    array of shape (5, 5)
        Symmetric and positive definite.
    """
    size = len(_NOISE)
    system = np.eye(size**2) - np.kron(_TRANSITION, _TRANSITION)
    solution = np.linalg.solve(system, np.diag(_NOISE**2).ravel()).reshape(size, size)
    return (solution + solution.T) / 2


def _first_time(start: str) -> pd.Timestamp:
    try:
        first = pd.Timestamp(start)
        if first.tzinfo is None and not pd.isna(first):
            return first
    except (ValueError, TypeError):
        pass
    message = (
        '`start` must be a time without a time zone, such as "2009-01-01 00:10", '
        f"got {start!r}."
    )
    raise ValueError(message)


def _checked_step(step: str) -> pd.Timedelta:
    try:
        length = pd.Timedelta(step)
        if length >= _STEP and length % _STEP == pd.Timedelta(0):
            return length
    except (ValueError, TypeError):
        pass
    message = (
        f"`step` must be a multiple of ten minutes, got {step!r}. "
        'Pass "10min", "30min" or "60min", for instance.'
    )
    raise ValueError(message)


def _cycles(times: pd.DatetimeIndex) -> FloatArray:
    """Return what the calendar says about the five numbers, (n_steps, 5)."""
    days = np.asarray((times - _EPOCH) / pd.Timedelta(days=1), dtype=np.float64)
    season = -np.cos(2 * np.pi * (days - _COLDEST_DAY) / _YEAR)  # 1 in high summer
    daytime = np.cos(2 * np.pi * (days - _WARMEST_HOUR / 24))  # 1 in the afternoon
    tide = np.cos(4 * np.pi * (days - _HOUR_OF_TIDE / 24))
    swing = _TEMPERATURE_OF_DAY * (1 + _SUMMER_SWING * season)
    cycles = np.empty((len(times), 5))
    cycles[:, 0] = _TEMPERATURE + _TEMPERATURE_OF_YEAR * season + swing * daytime
    cycles[:, 1] = _GAP + _GAP_OF_YEAR * season + _GAP_OF_DAY * daytime
    cycles[:, 2] = _PRESSURE + _TIDE * tide
    cycles[:, 3:] = _WIND
    return cycles


def _states(noise: FloatArray) -> FloatArray:
    """Return the states at each ten minutes, (n_steps, 5), from standard normals."""
    innovations = noise * _NOISE
    states = np.empty_like(innovations)
    states[0] = np.linalg.cholesky(stationary_covariance()) @ noise[0]
    for t in range(1, len(states)):
        states[t] = _TRANSITION @ states[t - 1] + innovations[t]
    return states


def _columns(levels: FloatArray, gust_noise: FloatArray) -> pd.DataFrame:
    """Return the fourteen columns of the five numbers, cycles included."""
    temperature, log_gap, pressure, east, north = levels.T
    kelvin = temperature + _ZERO
    dew = temperature - np.exp(log_gap)
    saturated, vapour = magnus(temperature), magnus(dew)
    dry = pressure - vapour
    density = 100 * (dry / _DRY_AIR + vapour / _VAPOUR) / kelvin  # kg/m**3
    speed = np.hypot(east, north)
    gust = speed + (0.25 + 0.55 * speed) * np.exp(0.35 * gust_noise)
    values = (
        pressure,
        temperature,
        kelvin * (1000 / pressure) ** _POISSON,
        dew,
        100 * vapour / saturated,
        saturated,
        vapour,
        saturated - vapour,
        1000 * _RATIO * vapour / (pressure - (1 - _RATIO) * vapour),
        1000 * vapour / pressure,
        1000 * density,
        speed,
        gust,
        np.rad2deg(np.arctan2(-east, -north)) % 360,
    )
    frame = pd.DataFrame(dict(zip(COLUMNS, values, strict=True))).round(2)
    frame = frame.round(dict.fromkeys(_COARSE, 1))
    frame["wd (deg)"] %= 360  # 360.0 is 0.0
    return frame
