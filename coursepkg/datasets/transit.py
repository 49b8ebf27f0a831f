"""A stochastic model of a city's daily bus and rail ridership, with a known optimum."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coursepkg._validation import check_integer
from coursepkg.datasets._monte_carlo import FuturePaths
from coursepkg.datasets.truth import Attainable, FloatArray, Truth

COLUMNS = ("bus", "rail")

# Calendar terms, in logarithms; the two entries are bus and rail.
_LEVEL = np.log([780_000.0, 640_000.0])  # an ordinary Wednesday of 2012
_TREND = np.array([-0.010, 0.012])  # a year
_SATURDAY = np.array([-0.45, -0.44])
_SUNDAY = np.array([-0.74, -0.72])  # and public holidays
_WEEKDAY = np.array(  # Monday to Friday, on working days
    [[-0.030, -0.030], [0.010, 0.012], [0.0, 0.0], [0.010, 0.012], [-0.005, 0.020]]
)
_ANNUAL = np.array([0.045, 0.065])  # amplitude of the year
_ANNUAL_PEAK = 245.0  # its highest day: early September
_SUMMER = np.array([-0.060, -0.010])  # schools closed
_HOLIDAY_WEEK = np.array([-0.100, -0.120])  # working days around Christmas
_DAY_AFTER_THANKSGIVING = np.array([-0.200, -0.220])

# The state: x' = SURGE max(x, 0) + DIP min(x, 0) - OFFSET + NOISE z.
_SURGE = np.array([[0.60, 0.00], [0.65, 0.60]])
_DIP = np.array([[0.60, 0.00], [-0.65, 0.30]])
_OFFSET = np.array([0.000, 0.034])
_SCALE = np.array([0.060, 0.048])  # standard deviations of the innovations
_CORRELATION = 0.35
_NOISE = np.array(
    [
        [_SCALE[0], 0.0],
        [_CORRELATION * _SCALE[1], math.sqrt(1 - _CORRELATION**2) * _SCALE[1]],
    ]
)
_BURN_IN = 200
_EPOCH = pd.Timestamp("2012-01-01")

_DESCRIPTION = (
    "Logarithms of bus and rail ridership are calendar terms known in advance (day "
    "type, weekday, year, school summer, holiday weeks, trend) plus a state of two "
    "numbers, how far each column is above or below its calendar. The state moves "
    "by a piecewise-linear map and correlated Gaussian innovations: rail keeps more "
    "of a surge than of a dip, and an unusual day on the buses, up or down, sends "
    "riders to rail on the next day. There is no observation noise and nothing is "
    "hidden, so the oracle reads the state off the last published day."
)


@dataclass(frozen=True, eq=False)
class TransitData:
    """Daily ridership of a city's buses and trains.

    Parameters
    ----------
    frame : DataFrame
        One row a day without gaps, a DatetimeIndex named "date", and the columns
        day_type ("W" weekday, "A" Saturday, "U" Sunday or holiday), bus and rail
        (riders).
    truth : Truth or None
        The best attainable forecasts; None for real data.
    sha256 : str or None
        Digest of the file that was read, in hexadecimal; None when generated.
    """

    frame: pd.DataFrame
    truth: Truth | None
    sha256: str | None = None

    def __repr__(self) -> str:
        """Return the size and the range of dates."""
        first, last = (f"{self.frame.index[end]:%Y-%m-%d}" for end in (0, -1))
        source = "real" if self.truth is None else "generated"
        return f"TransitData({len(self.frame)} days, {first} to {last}, {source})"


def make_transit(
    *, n_days: int = 2557, start: str = "2012-01-01", seed: int = 0
) -> TransitData:
    r"""Generate daily bus and rail ridership with a known best forecast.

    Parameters
    ----------
    n_days : int
        Number of days, at least 2.
    start : str
        First day, anything that `pandas.Timestamp` reads.
    seed : int or numpy.random.Generator
        Source of the innovations.

    Returns
    -------
    TransitData
        `.frame` (n_days rows: day_type, bus, rail) and `.truth`.

    Raises
    ------
    TypeError
        If `n_days` is not an integer.
    ValueError
        If `n_days` is below 2 or `start` is not a date.

    Notes
    -----
    With :math:`m_t` the calendar terms of day t (two numbers, bus and rail) and
    :math:`x_t` the state, the published riders are

    .. math::

        y_t = \operatorname{round}(\exp(m_t + x_t)), \qquad
        x_{t+1} = A \max(x_t, 0) + B \min(x_t, 0) - c + L z_{t+1},

    :math:`z_{t+1}` standard normal, and

    .. math::

        A = \begin{pmatrix} .60 & 0 \\ .65 & .60 \end{pmatrix}, \quad
        B = \begin{pmatrix} .60 & 0 \\ -.65 & .30 \end{pmatrix}, \quad
        c = \begin{pmatrix} 0 \\ .034 \end{pmatrix}, \quad
        L L^\top = \begin{pmatrix} .060^2 & .35 \cdot .060 \cdot .048 \\
        .35 \cdot .060 \cdot .048 & .048^2 \end{pmatrix}.

    Written out, with b for bus and r for rail: b' = .60 b, and
    r' = .65 \|b\| + .60 max(r, 0) + .30 min(r, 0) - .034. Rail keeps more than half
    of a surge and less than a third of a dip, and an unusual day on the buses, up or
    down (crowded or failing), sends riders to rail on the next day. No linear
    function of past values follows an absolute value: that is what a network can
    win over a linear model. Bus alone is a stationary autoregression, and the map
    from r to r' contracts by .60, so the process is stable.

    *The best forecast.* Given the past, :math:`x_t = \log y_t - m_t` is known up to
    rounding (half a rider: a relative error below 1e-5, against innovations of
    5e-2), so :math:`\log y_{t+1}` is Gaussian with standard deviation :math:`s_k`
    for column k, and :math:`y_{t+1}` is lognormal with median

    .. math:: q_{t+1} = \exp\bigl(m_{t+1} + A \max(x_t, 0) + B \min(x_t, 0) - c
              \bigr)_k.

    The median minimises the expected absolute error, which is there, with
    :math:`\Phi` the normal distribution function and z standard normal,

    .. math::

        E|y_{t+1} - q| &= q \, E|e^{s z} - 1| \\
        &= q \, \bigl\{ E[(e^{s z} - 1) 1_{z > 0}] + E[(1 - e^{s z}) 1_{z < 0}]
        \bigr\} \\
        &= q \, \bigl\{ e^{s^2/2} \Phi(s) - \tfrac12 + \tfrac12
        - e^{s^2/2} (1 - \Phi(s)) \bigr\}
        = q \, e^{s^2/2} \, (2 \Phi(s) - 1),

    because :math:`E[e^{s z} 1_{z > 0}] = e^{s^2/2} \Phi(s)` (complete the square).
    `truth.optimum` is the mean of these expectations over the days that have a
    past: over the calendar and the published states. Further ahead the state is no
    longer Gaussian; median and expected error then come from 1,000 simulated
    futures a day (`truth.uncertainty`: their standard error, below 0.2 %).

    Examples
    --------
    >>> from coursepkg import datasets
    >>> transit = datasets.make_transit(n_days=365, seed=1)
    >>> transit
    TransitData(365 days, 2012-01-01 to 2012-12-30, generated)
    >>> list(transit.frame.columns)
    ['day_type', 'bus', 'rail']
    >>> transit.truth.oracle(column="rail").shape
    (365,)
    """
    n_days = check_integer(n_days, "n_days", minimum=2)
    try:
        first = pd.Timestamp(start).normalize()
    except (ValueError, TypeError) as error:
        message = f'`start` must be a date such as "2012-01-01", got {start!r}.'
        raise ValueError(message) from error
    rng = np.random.default_rng(seed)
    dates = pd.date_range(first, periods=n_days, freq="D", name="date")
    day_type = day_types(dates)
    noise = rng.standard_normal((_BURN_IN + n_days, 2))
    states = np.zeros((_BURN_IN + n_days, 2))
    for t in range(1, len(states)):
        states[t] = next_state(states[t - 1], noise[t])
    riders = np.rint(np.exp(calendar_terms(dates, day_type) + states[_BURN_IN:]))
    frame = pd.DataFrame(
        {
            "day_type": day_type,
            "bus": riders[:, 0].astype(np.int64),
            "rail": riders[:, 1].astype(np.int64),
        },
        index=dates,
    )
    return TransitData(frame=frame, truth=transit_truth(frame))


def transit_truth(frame: pd.DataFrame) -> Truth:
    """Return what is known about a frame made by `make_transit`.

    Parameters
    ----------
    frame : DataFrame
        Published columns day_type, bus and rail, indexed by date. Nothing else is
        used: no latent draw is at hand here.

    Returns
    -------
    Truth
        Oracle and optimum of bus and rail.
    """
    dates = pd.DatetimeIndex(frame.index)
    calendar = calendar_terms(dates, frame["day_type"].to_numpy())
    published = frame[list(COLUMNS)].to_numpy(dtype=np.float64)  # (n_days, 2)
    states = np.log(published) - calendar  # (n_days, 2)

    def scale(state: FloatArray, column: int, days: FloatArray) -> FloatArray:
        return np.exp(calendar[days, column][:, None] + state)

    futures = FuturePaths(states, next_state, scale)

    def compute(name: str | None, horizon: int) -> Attainable:
        column = COLUMNS.index(str(name))
        if horizon >= len(states):
            message = (
                f"`horizon` must be below the number of days, {len(states)}, "
                f"got {horizon}."
            )
            raise ValueError(message)
        if horizon > 1:
            return futures.ahead(column, horizon)
        medians = np.full(len(states), np.nan)
        expected = next_state(states[:-1], np.zeros_like(states[:-1]))
        medians[1:] = np.exp(calendar[1:, column] + expected[:, column])
        s = float(_SCALE[column])
        twice_phi = 1 + math.erf(s / math.sqrt(2))  # 2 Phi(s)
        factor = math.exp(s**2 / 2) * (twice_phi - 1)
        return Attainable(oracle=medians, optimum=float(medians[1:].mean() * factor))

    return Truth(
        metric="mae",
        kind="exact",
        standard_error=0.0,
        columns=COLUMNS,
        description=_DESCRIPTION,
        compute=compute,
    )


def next_state(state: FloatArray, noise: FloatArray) -> FloatArray:
    """Return the state of the next day.

    Parameters
    ----------
    state : array of shape (..., 2)
        Bus and rail above or below their calendar, in logarithms.
    noise : array of shape (..., 2)
        Standard normal draws; zeros give the conditional median.

    Returns
    -------
    array of shape (..., 2)
        The next state.
    """
    surge = np.maximum(state, 0.0)  # (..., 2)
    dip = np.minimum(state, 0.0)  # (..., 2)
    return surge @ _SURGE.T + dip @ _DIP.T - _OFFSET + noise @ _NOISE.T


def day_types(dates: pd.DatetimeIndex) -> np.ndarray:
    """Return "W", "A" or "U" for each day: weekday, Saturday, Sunday or holiday.

    The holidays are the six on which the Chicago trains keep a Sunday schedule:
    New Year's Day, Memorial Day, Independence Day, Labor Day, Thanksgiving and
    Christmas Day.

    Parameters
    ----------
    dates : DatetimeIndex
        Days.

    Returns
    -------
    array of shape (n_days,)
        One letter a day, dtype object.
    """
    weekday = np.asarray(dates.day_of_week)  # Monday is 0
    month, day = np.asarray(dates.month), np.asarray(dates.day)
    holiday = (
        ((month == 1) & (day == 1))
        | ((month == 5) & (weekday == 0) & (day >= 25))
        | ((month == 7) & (day == 4))
        | ((month == 9) & (weekday == 0) & (day <= 7))
        | _thanksgiving(month, day, weekday)
        | ((month == 12) & (day == 25))
    )
    kinds = np.full(len(dates), "W", dtype=object)
    kinds[weekday == 5] = "A"
    kinds[(weekday == 6) | holiday] = "U"
    return kinds


def calendar_terms(dates: pd.DatetimeIndex, day_type: np.ndarray) -> FloatArray:
    """Return the part of log ridership that is known in advance.

    Parameters
    ----------
    dates : DatetimeIndex
        Days.
    day_type : array of shape (n_days,)
        "W", "A" or "U".

    Returns
    -------
    array of shape (n_days, 2)
        Bus and rail, natural logarithm of riders.
    """
    weekday = np.asarray(dates.day_of_week)
    month, day = np.asarray(dates.month), np.asarray(dates.day)
    years = np.asarray((dates - _EPOCH) / pd.Timedelta(days=365.25), dtype=np.float64)
    working = np.asarray(day_type == "W")
    summer = ((month == 6) & (day >= 15)) | (month == 7) | ((month == 8) & (day <= 25))
    christmas = ((month == 12) & (day >= 24)) | ((month == 1) & (day <= 2))
    yesterday = dates - pd.Timedelta(days=1)
    after_thanksgiving = _thanksgiving(
        np.asarray(yesterday.month),
        np.asarray(yesterday.day),
        np.asarray(yesterday.day_of_week),
    )
    phase = 2 * np.pi * (np.asarray(dates.day_of_year) - _ANNUAL_PEAK) / 365.25
    terms = _LEVEL + np.outer(years, _TREND) + np.outer(np.cos(phase), _ANNUAL)
    terms += np.where(working[:, None], _WEEKDAY[np.minimum(weekday, 4)], 0.0)
    for days, effect in (
        (np.asarray(day_type == "A"), _SATURDAY),
        (np.asarray(day_type == "U"), _SUNDAY),
        (summer, _SUMMER),
        (christmas & working, _HOLIDAY_WEEK),
        (after_thanksgiving, _DAY_AFTER_THANKSGIVING),
    ):
        terms += np.outer(days, effect)
    return terms  # (n_days, 2)


def _thanksgiving(
    month: np.ndarray, day: np.ndarray, weekday: np.ndarray
) -> np.ndarray:
    return (month == 11) & (weekday == 3) & (day >= 22) & (day <= 28)
