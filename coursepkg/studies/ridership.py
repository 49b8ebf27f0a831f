"""Chicago, one day ahead: the published ladder, strong baselines, and our network.

The boardings of Chicago's trains are forecast from one day to the next. The published
models are those of the source documents; ours splits a day into what is usual for it
and what is unusual at present (:func:`build_two_part`). Every model is scored on the
same target days, :data:`WINDOWS`, in riders.

Our network was chosen on four windows of 2017 and 2018 together with the validation
days. The rows whose names end in "to 2016" or "-2016" are fits that know nothing later;
they are scored on these four and have no other metrics.

References
----------
A. Géron (2022). Hands-On Machine Learning with Scikit-Learn, Keras, and TensorFlow,
3rd edition, chapter 15. O'Reilly.

G. E. P. Box and G. M. Jenkins (1970). Time Series Analysis: Forecasting and Control.
Holden-Day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple

import keras
import numpy as np
import pandas as pd
from keras import layers, ops
from numpy.typing import NDArray
from pandas.tseries import holiday

from coursepkg import baselines, datasets, metrics, models, windows
from coursepkg.studies._study import Budget, Kind, Row, Study

Floats = NDArray[np.float64]
Days = NDArray[np.intp]

WINDOWS = {  # first and last target day
    "validation": ("2019-02-26", "2019-05-31"),
    "test": ("2019-06-01", "2019-12-31"),
    "spring 2017": ("2017-02-26", "2017-05-31"),
    "autumn 2017": ("2017-06-01", "2017-12-31"),
    "spring 2018": ("2018-02-26", "2018-05-31"),
    "autumn 2018": ("2018-06-01", "2018-12-31"),
}
LAGS = (*range(1, 15), 21, 28, 363, 364, 365, 371)  # of ridge, in days
CALENDAR_LAGS = (1, 7, 14, 364)  # of days whose calendar ridge sees besides
BUS_LAGS = (*range(1, 15), 21, 28)


class Split(NamedTuple):
    """The last day that a fit may see, and the windows that it is scored on."""

    last: str
    scored: tuple[str, ...]


FINAL = Split("2018-12-31", ("validation", "test"))
EARLIER = Split(
    "2016-12-31", ("spring 2017", "autumn 2017", "spring 2018", "autumn 2018")
)


def _fixed(month: int, day: int, **more: Any) -> holiday.Holiday:
    """Return an occasion with a fixed date."""
    return holiday.Holiday(f"{month}/{day}", month=month, day=day, **more)


# The parade for Saint Patrick is the one local entry: the Saturday on or before 17
# March.
OCCASIONS = {
    "new year": _fixed(1, 1),
    "king day": holiday.USMartinLutherKingJr,
    "presidents day": holiday.USPresidentsDay,
    "parade": _fixed(3, 17, offset=pd.DateOffset(weekday=holiday.SA(-1))),  # type: ignore[attr-defined]
    "good friday": holiday.GoodFriday,
    "memorial day": holiday.USMemorialDay,
    "independence day": _fixed(7, 4),
    "labor day": holiday.USLaborDay,
    "columbus day": holiday.USColumbusDay,
    "veterans day": _fixed(11, 11),
    "thanksgiving": holiday.USThanksgivingDay,
    "christmas": _fixed(12, 25),
}


@dataclass(frozen=True, eq=False)
class RidershipData:
    """The days before 2020, and what is known about each of them in advance.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a day without gaps; columns day_type, bus, rail (riders).
    day_columns : ndarray of shape (n_days, 10)
        Seven weekdays from Monday, then day types W, A, U; zeros and ones.
    season_columns : ndarray of shape (n_days, 12)
        Three harmonics of the year, each for all days and for days off.
    named_columns : ndarray of shape (n_days, 92)
        The twelve occasions with the days around them; zeros and ones.
    sha256 : str or None
        Digest of the real file; None for generated days.
    """

    frame: pd.DataFrame
    day_columns: Floats
    season_columns: Floats
    named_columns: Floats
    sha256: str | None

    def __repr__(self) -> str:
        """Return the number of days."""
        return f"RidershipData({len(self.frame):,} days)"

    @property
    def rail(self) -> Floats:
        """Boardings of trains, shape (n_days,)."""
        return self.frame["rail"].to_numpy(np.float64)

    @property
    def bus(self) -> Floats:
        """Boardings of buses, shape (n_days,)."""
        return self.frame["bus"].to_numpy(np.float64)

    @property
    def calendar(self) -> Floats:
        """All that is known in advance, shape (n_days, 114)."""
        return np.hstack([self.day_columns, self.season_columns, self.named_columns])

    def days(self, first: str, last: str) -> Days:
        """Return the positions of the days from `first` to `last`, both included.

        Parameters
        ----------
        first, last : str
            Dates.

        Returns
        -------
        ndarray of int
            Rising; days that the data does not have are left out.
        """
        dates = self.frame.index
        return np.flatnonzero((dates >= first) & (dates <= last))

    def window(self, name: str) -> Days:
        """Return the positions of the target days of one of the `WINDOWS`.

        Parameters
        ----------
        name : str
            Of the window.

        Returns
        -------
        ndarray of int
            Rising.
        """
        return self.days(*WINDOWS[name])


def load(quick: bool) -> RidershipData:
    """Read the days of Chicago, or generate five years for a smoke run.

    Parameters
    ----------
    quick : bool
        Whether this is a smoke run. Its days end in 2019, as the windows need it, and
        come from the generator of the embedded ones.

    Returns
    -------
    RidershipData
        Days before 2020.
    """
    if quick:
        return prepare(datasets.make_transit(start="2015-01-01", n_days=1826))
    return prepare(datasets.fetch_ridership())


def prepare(transit: datasets.TransitData) -> RidershipData:
    """Cut off the pandemic and write down what is known about each day in advance.

    Parameters
    ----------
    transit : TransitData
        As ``datasets.fetch_ridership`` returns it.

    Returns
    -------
    RidershipData
        Days before 2020.
    """
    frame = transit.frame.loc[:"2019"]
    dates = pd.DatetimeIndex(frame.index)
    day_type = frame["day_type"].to_numpy()
    weekdays = [dates.day_of_week == k for k in range(7)]
    kinds = [day_type == kind for kind in "WAU"]
    return RidershipData(
        frame=frame,
        day_columns=np.column_stack([*weekdays, *kinds]).astype(np.float64),
        season_columns=season_columns(dates, day_off=day_type != "W"),
        named_columns=occasion_columns(dates),
        sha256=transit.sha256,
    )


def season_columns(dates: pd.DatetimeIndex, *, day_off: NDArray[np.bool_]) -> Floats:
    """Return three harmonics of the year, for all days and for days off.

    Parameters
    ----------
    dates : pandas.DatetimeIndex
        Days.
    day_off : ndarray of bool, shape (n_days,)
        Saturdays, Sundays and public holidays: they have a season of their own.

    Returns
    -------
    ndarray of shape (n_days, 12)
        Sine and cosine of one, two and three periods a year, each first for all days
        and then for days off only.
    """
    angle = 2 * np.pi * dates.day_of_year.to_numpy() / 365.25  # (n_days,)
    columns = [
        wave(k * angle) * among
        for k in (1, 2, 3)
        for wave in (np.sin, np.cos)
        for among in (1, day_off)
    ]
    return np.column_stack(columns)


def occasion_columns(dates: pd.DatetimeIndex) -> Floats:
    """Mark the `OCCASIONS` and the three days around each, seven at Christmas.

    Parameters
    ----------
    dates : pandas.DatetimeIndex
        Days.

    Returns
    -------
    ndarray of shape (n_days, 92)
        Zeros and ones: 11 occasions with 7 columns each, then Christmas with 15, each
        from the first of its days to the last.
    """
    month = pd.Timedelta(days=31)  # an occasion may lie outside and its days inside
    columns = []
    for name, occasion in OCCASIONS.items():
        on = occasion.dates(dates[0] - month, dates[-1] + month)
        reach = 7 if name == "christmas" else 3
        columns += [
            dates.isin(on + pd.Timedelta(days=shift))
            for shift in range(-reach, reach + 1)
        ]
    return np.column_stack(columns).astype(np.float64)


# --- baselines ---


def seasonal_forecast(data: RidershipData, *, lag: int) -> Floats:
    """Repeat the count of the same weekday `lag` days ago.

    Parameters
    ----------
    data : RidershipData
        The days.
    lag : int
        7 for last week, 364 for last year.

    Returns
    -------
    ndarray of shape (n_days,)
        Rail riders, NaN where there is no past.
    """
    return baselines.seasonal_naive(data.rail, season=lag)


def ridge_forecast(
    data: RidershipData,
    columns: Floats,
    *,
    first: str,
    last: str,
    alpha: float = 1.0,
    logarithms: bool = False,
    lags: tuple[int, ...] = LAGS,
) -> Floats:
    """Fit ridge regression on lags and on columns that are known in advance.

    Parameters
    ----------
    data : RidershipData
        The days.
    columns : ndarray of shape (n_days, n_columns)
        What is known about a day before it comes; read at the target day.
    first, last : str
        First and last target day of the fit. Days that lack a lag are left out.
    alpha : float
        The penalty.
    logarithms : bool
        Whether the logarithm of the count is forecast.
    lags : tuple of int
        Of the count that is forecast, in days.

    Returns
    -------
    ndarray of shape (n_days,)
        Forecasts of rail riders, NaN up to the last training day.
    """
    series = np.log(data.rail) if logarithms else data.rail  # (n_days,)
    training = data.days(first, last)
    training = training[training >= max(lags)]
    forecaster = baselines.RidgeForecaster(lags, alpha=alpha)
    forecaster.fit(series, origins=training - 1, exogenous=columns)
    later = np.arange(training[-1] + 1, len(series))
    forecast = np.full_like(series, np.nan)
    forecast[later] = forecaster.predict(series, origins=later - 1, exogenous=columns)
    return np.exp(forecast) if logarithms else forecast


def lagged_columns(data: RidershipData, *, bus: bool) -> Floats:
    """Set the calendars of four earlier days, and the bus, beside that of each day.

    A lag is told how to be read: last Monday's count says little about today if last
    Monday was a holiday.

    Parameters
    ----------
    data : RidershipData
        The days.
    bus : bool
        Whether boardings of buses, `BUS_LAGS` days ago, stand there too.

    Returns
    -------
    ndarray of shape (n_days, 570) or (n_days, 586)
        The calendar of the day itself and those of `CALENDAR_LAGS` days before, 114
        columns each, then the buses. All is known on the eve of the day. NaN where
        there is no such past.
    """
    calendar, buses = pd.DataFrame(data.calendar), pd.Series(data.bus)
    earlier = pd.concat([calendar.shift(lag) for lag in CALENDAR_LAGS], axis=1)
    columns = [data.calendar, earlier.to_numpy()]
    if bus:
        columns += [buses.shift(lag).to_numpy()[:, None] for lag in BUS_LAGS]
    return np.hstack(columns)


def errors(
    data: RidershipData, forecast: Floats, *, scored: tuple[str, ...] = FINAL.scored
) -> dict[str, float]:
    """Score a forecast of all days on some windows.

    Parameters
    ----------
    data : RidershipData
        The days.
    forecast : ndarray of shape (n_days,)
        Rail riders.
    scored : tuple of str
        The windows.

    Returns
    -------
    dict of str to float
        Mean absolute error by window, in riders.
    """
    return {
        name: metrics.mae(data.rail[days], forecast[days])
        for name in scored
        for days in [data.window(name)]
    }


def _run_seasonal(
    data: RidershipData, _seed: int, _budget: Budget, *, lag: int
) -> dict[str, float]:
    return errors(data, seasonal_forecast(data, lag=lag))


def _run_ridge(
    data: RidershipData,
    _seed: int,
    _budget: Budget,
    *,
    first: str,
    columns: Callable[[RidershipData], Floats],
    logarithms: bool,
    split: Split,
) -> dict[str, float]:
    forecast = ridge_forecast(
        data, columns(data), first=first, last=split.last, logarithms=logarithms
    )
    return errors(data, forecast, scored=split.scored)


# --- the published ladder ---


def published_table(data: RidershipData, inputs: str) -> NDArray[np.float32]:
    """Return the table of which the published models read windows.

    Parameters
    ----------
    data : RidershipData
        The days.
    inputs : {"rail", "rail and day type", "all"}
        One, four or five columns.

    Returns
    -------
    ndarray of shape (n_days, n_columns)
        Of "all": bus and rail in millions of riders, and the day type of the *next*
        day as three zeros and ones (W, A, U).
    """
    next_type = np.roll(data.day_columns[:, 7:], -1, axis=0)  # (n_days, 3)
    table = np.column_stack([data.bus / 1e6, data.rail / 1e6, next_type])
    columns = {"rail": slice(1, 2), "rail and day type": slice(1, 5), "all": slice(5)}
    return table[:, columns[inputs]].astype(np.float32)


def published_run(
    data: RidershipData,
    seed: int,
    budget: Budget,
    *,
    build: Callable[..., keras.Model],
    rate: float,
    inputs: str = "all",
    outputs: str = "rail",
) -> dict[str, float]:
    """Train and score one model of the source as it was published.

    Huber loss, stochastic gradient descent with momentum 0.9, at most 500 epochs on
    the years 2016 to 2018, early stopping on the very validation error that is
    reported, patience 50, best weights restored.

    Parameters
    ----------
    data : RidershipData
        The days.
    seed : int
        Of the first weights and the order of the windows.
    budget : Budget
        Of the run.
    build : callable
        Takes `seed`, returns an uncompiled model. It gets windows of 56 days unless it
        asks for another number; if it forecasts at every step, it is trained on all.
    rate : float
        Learning rate.
    inputs : str
        As in :func:`published_table`.
    outputs : {"rail", "both", "fortnight"}
        Rail of the next day, bus and rail of the next day, or rail of the next 14.

    Returns
    -------
    dict of str to float
        ``validation`` and ``test``, the mean absolute errors of rail one day ahead;
        with "both" also ``validation_bus`` and ``test_bus``, with "fortnight" also
        those 2 and 14 days ahead, ``validation_2`` and so on. All in riders.
    """
    keras.utils.set_random_seed(seed)
    model = build(seed=seed)
    table = published_table(data, inputs)
    rail = 1 if inputs == "all" else 0  # its column
    source = partial(
        windows.WindowSource,
        sequence_length=model.input_shape[1] or 56,
        horizon=range(1, 15) if outputs == "fortnight" else 1,
        target=(0, 1) if outputs == "both" else rail,
        every_step=len(model.output_shape) == 3,
    )
    validation = data.window("validation")
    last = validation[-1] - (14 if outputs == "fortnight" else 1)
    watched = np.arange(validation[0] - 1, last + 1)  # all targets within validation
    training = data.days("2016-01-01", "2018-12-31")
    has_gru = any(isinstance(layer, layers.GRU) for layer in model.layers)
    model.compile(
        optimizer=keras.optimizers.SGD(rate, momentum=0.9),
        loss=keras.losses.Huber(),
        metrics=["mae"],
        jit_compile=not (budget.quick or has_gru),  # compiling is slow
    )
    stop = keras.callbacks.EarlyStopping(
        "val_mae", patience=50, restore_best_weights=True
    )
    model.fit(
        source(table[training], shuffle=True, seed=seed),
        validation_data=source(table, origins=watched, batch_size=len(watched)),
        epochs=budget.epochs(500),
        callbacks=[stop, budget.callback()],
        verbose=0,
    )
    return published_errors(model, data, table, outputs=outputs)


def published_errors(
    model: keras.Model,
    data: RidershipData,
    table: NDArray[np.float32],
    *,
    outputs: str = "rail",
) -> dict[str, float]:
    """Score a published model at all its leads, each on the same target days.

    Parameters
    ----------
    model : keras.Model
        Forecasts of millions of riders.
    data : RidershipData
        The days.
    table : ndarray of shape (n_days, n_columns)
        What the model reads.
    outputs : str
        As in :func:`published_run`.

    Returns
    -------
    dict of str to float
        As :func:`published_run` returns it.
    """
    result = {}
    for part in FINAL.scored:
        days = data.window(part)
        for lead in (1, 2, 14) if outputs == "fortnight" else (1,):
            source = windows.WindowSource(
                table,
                sequence_length=model.input_shape[1] or 56,
                origins=days - lead,
                batch_size=512,
            )
            forecast = model.predict(source, verbose=0)
            if outputs == "fortnight":  # (n_days, [steps,] 14)
                forecast = forecast.reshape(len(days), -1, 14)[:, -1, lead - 1]
            elif outputs == "both":  # (n_days, 2)
                bus = metrics.mae(data.bus[days], 1e6 * forecast[:, 0])
                result[f"{part}_bus"] = bus
                forecast = forecast[:, 1]
            name = part if lead == 1 else f"{part}_{lead}"
            result[name] = metrics.mae(data.rail[days], 1e6 * forecast)
    return result


def build_conv_gru(*, seed: int) -> keras.Model:
    """Build Conv1D of stride 2, GRU and 14 outputs on windows of 112 days.

    Parameters
    ----------
    seed : int
        Not used: the weights come from the global seed.

    Returns
    -------
    keras.Model
        Uncompiled; (batch, 112, 5) to (batch, 14).
    """
    del seed
    window = keras.Input((112, 5))
    halved = layers.Conv1D(32, 4, strides=2, activation="relu")(window)
    return keras.Model(window, layers.Dense(14)(layers.GRU(32)(halved)))


# --- ours ---


def add_usual(known: keras.KerasTensor) -> keras.KerasTensor:
    """Add what a day with this calendar usually brings: a linear and a bent part.

    Parameters
    ----------
    known : keras.KerasTensor of shape (batch, days, n_known)
        The calendar.

    Returns
    -------
    keras.KerasTensor of shape (batch, days, 2)
        Logarithms of rail and bus.
    """
    shrunk = keras.regularizers.L2(1e-4)
    straight = layers.Dense(2, kernel_regularizer=shrunk)(known)
    bent = layers.Dense(16, activation="tanh")(known)
    return straight + layers.Dense(2, use_bias=False, kernel_initializer="zeros")(bent)


def build_two_part(
    n_known: int,
    *,
    recurrence: Callable[[int], Any] | None = layers.GRU,
    sequence_length: int = 28,
) -> keras.Model:
    r"""Build our network: the usual, the present level, and the recent unusual.

    With :math:`y` the logarithms of rail and bus, :math:`k` the calendar, :math:`d`
    weekday and day type of the following day and :math:`\bar a` the mean of
    :math:`a` over the window,

    .. math::

        u^{(t)} &= W k^{(t)} + V \tanh(U k^{(t)} + b), \qquad a = y - u, \\
        \hat y^{(t+1)} &= u_1^{(t+1)} + \bar a_1 + w^\top (a - \bar a)
        + v^\top \mathrm{GRU}(a - \bar a, d).

    Parameters
    ----------
    n_known : int
        Columns of the calendar; the first ten are weekday and day type.
    recurrence : callable, optional
        Takes 16 units and returns the layer that reads what is unusual; None leaves
        the branch out.
    sequence_length : int
        Days of which the unusual is read.

    Returns
    -------
    keras.Model
        Uncompiled; windows of :func:`tomorrow_table`, of shape
        (batch, sequence_length + 1, 2 + n_known), to log rail in millions (batch,).
        Weights come from the global seed.
    """
    window = keras.Input((sequence_length + 1, 2 + n_known))
    counts, known = window[:, 1:, :2], window[:, :, 2:]
    usual = add_usual(known)  # (batch, length + 1, 2), the last one for tomorrow
    unusual = counts - usual[:, :-1]  # (batch, length, 2)
    level = ops.mean(unusual, axis=1, keepdims=True)  # (batch, 1, 2)
    unusual = unusual - level
    to_one = partial(layers.Dense, 1, kernel_initializer="zeros")
    forecast = usual[:, -1, :1] + level[:, 0, :1] + to_one()(layers.Flatten()(unusual))
    if recurrence is not None:
        read = layers.Concatenate()([10 * unusual, known[:, 1:, :10]])
        forecast += 0.1 * to_one()(recurrence(16)(read))
    return keras.Model(window, forecast[:, 0])  # (batch,)


def read_flat(units: int) -> keras.Sequential:
    """Return an MLP for the place of the GRU: each day has weights of its own.

    Parameters
    ----------
    units : int
        Of its one tanh layer.

    Returns
    -------
    keras.Sequential
        (batch, days, columns) to (batch, units).
    """
    return keras.Sequential([layers.Flatten(), layers.Dense(units, activation="tanh")])


def build_plain_gru(n_known: int) -> keras.Model:
    """Build a GRU of 32 units on the same windows, without the two parts.

    Parameters
    ----------
    n_known : int
        Columns of the calendar.

    Returns
    -------
    keras.Model
        Uncompiled; (batch, 29, 2 + n_known) to (batch,). Weights come from the global
        seed.
    """
    window = keras.Input((29, 2 + n_known))
    return keras.Model(window, layers.Dense(1)(layers.GRU(32)(window))[:, 0])


def tomorrow_table(data: RidershipData, known: Floats) -> NDArray[np.float32]:
    """Set what was counted on a day beside what is known about the day after it.

    Parameters
    ----------
    data : RidershipData
        The days.
    known : ndarray of shape (n_days, n_known)
        The calendar.

    Returns
    -------
    ndarray of shape (n_days, 2 + n_known)
        Row t: logarithms of rail and bus, in millions, of day t; the calendar of day
        t + 1. (The last row has the calendar of the first day: nothing reads it.)
    """
    counts = np.log(np.column_stack([data.rail, data.bus]) / 1e6)  # (n_days, 2)
    return np.column_stack([counts, np.roll(known, -1, axis=0)]).astype(np.float32)


def fit_and_score(
    data: RidershipData,
    seed: int,
    budget: Budget,
    *,
    build: Callable[[int], keras.Model] = build_two_part,
    named: bool = True,
    first: str = "2001-02-01",
    epochs: int = 25,
    split: Split = FINAL,
) -> dict[str, float]:
    """Train a network of ours and score it.

    Mean absolute error on the logarithm, Adam whose rate falls from 0.007 to zero
    along a cosine, batches of 128, and as final weights their running average. The fit
    never looks at the days on which it is scored.

    Parameters
    ----------
    data : RidershipData
        The days.
    seed : int
        Of the first weights and the order of the windows.
    budget : Budget
        Of the run.
    build : callable
        Takes the number of calendar columns, returns an uncompiled model.
    named : bool
        Whether the calendar has the columns of the occasions.
    first : str
        First target day of the fit.
    epochs : int
        Passes over the training days.
    split : Split
        Where the fit ends, and the windows that are scored.

    Returns
    -------
    dict of str to float
        Mean absolute error by window, in riders.
    """
    known = data.calendar if named else data.calendar[:, : -len(data.named_columns.T)]
    table = tomorrow_table(data, known)
    keras.utils.set_random_seed(seed)
    model = build(known.shape[1])
    length = model.input_shape[1]
    source = partial(windows.WindowSource, table, sequence_length=length, target=0)
    origins = data.days(first, split.last) - 1
    origins = origins[origins >= length - 1]
    train = source(origins=origins, batch_size=128, shuffle=True, seed=seed)
    n_epochs = budget.epochs(epochs)
    falling = keras.optimizers.schedules.CosineDecay(7e-3, n_epochs * len(train))
    optimizer = keras.optimizers.Adam(falling, use_ema=True, ema_momentum=0.99)
    xla = False if budget.quick else "auto"  # compiling is slow
    model.compile(optimizer=optimizer, loss="mae", jit_compile=xla)
    model.fit(train, epochs=n_epochs, callbacks=[budget.callback()], verbose=0)
    result = {}
    for name in split.scored:
        days = data.window(name)
        log_forecast = model.predict(source(origins=days - 1), verbose=0)
        result[name] = metrics.mae(data.rail[days], 1e6 * np.exp(log_forecast))
    return result


# --- the table ---

_RIDGE = (
    "ridge regression, penalty 1, on the lags 1-14, 21, 28, 363-365, 371 and "
    "tomorrow's weekday and day type"
)
_CALENDAR = ", season (3 harmonics), 12 named occasions with the days around them"
_LAGGED = ", all of that also of the days 1, 7, 14, 364 before"
_COLUMNS: dict[str, tuple[Callable[[RidershipData], Floats], str]] = {  # of ridge
    "day": (attrgetter("day_columns"), ""),
    "calendar": (attrgetter("calendar"), _CALENDAR),
    "lagged": (partial(lagged_columns, bus=False), _CALENDAR + _LAGGED),
    "lagged and bus": (
        partial(lagged_columns, bus=True),
        f"{_CALENDAR}{_LAGGED}, and bus with the lags 1-14, 21, 28",
    ),
}
_PUBLISHED = (
    "windows of {length} days; Huber loss, SGD with momentum 0.9 at rate "
    "{rate}, batches of 32, trained on 2016-2018, at most 500 epochs, early stopping "
    "on the validation MAE with patience 50, best weights restored: all as published"
)
_OURS = (
    "logarithms of rail and bus and the next day's calendar{named}, windows of 29 "
    "days; MAE loss, Adam, rate 0.007 falling to 0 along a cosine, weights averaged "
    "(0.99), batches of 128, {epochs} passes over {first} to {last}"
)
_TWO_PARTS = (
    "two parts, the usual (linear, L2 0.0001, plus 16 tanh units) and the unusual, "
    "read by "
)
_GRU = _TWO_PARTS + "linear weights and a GRU of 16 units"
_SIMPLE_RNN = _TWO_PARTS + "linear weights and a SimpleRNN of 16 units"
_MLP = _TWO_PARTS + "linear weights and an MLP of 16 tanh units"
_NO_BRANCH = _TWO_PARTS + "linear weights only"
_PLAIN_GRU = "a GRU of 32 units that reads the whole table"

_rnn = partial(models.build_rnn_forecaster, "simple_rnn")
_rnn_of_five = partial(_rnn, n_features=5)
_without_branch = partial(build_two_part, recurrence=None)
_with_simple_rnn = partial(build_two_part, recurrence=layers.SimpleRNN)
_with_mlp = partial(build_two_part, recurrence=read_flat)


def _naive_row(lag: int, settings: str, **published: float) -> Row:
    run = partial(_run_seasonal, lag=lag)
    return Row(run, "baseline", settings, published=published, seeded=False)


def _ridge_row(
    first: str,
    known: str = "calendar",
    *,
    split: Split = FINAL,
    logarithms: bool = False,
) -> Row:
    columns, told = _COLUMNS[known]
    settings = f"{_RIDGE}{told}; fitted on the days from {first} to {split.last}"
    settings += ", on logarithms" if logarithms else ""
    run = partial(
        _run_ridge, first=first, split=split, columns=columns, logarithms=logarithms
    )
    return Row(run, "baseline", settings, seeded=False)


def _published_row(
    model: str,
    build: Callable[..., keras.Model],
    *,
    kind: Kind = "published",
    **how: Any,
) -> Row:
    published, length = how.pop("published", {}), how.pop("length", 56)
    settings = _PUBLISHED.format(length=length, rate=how["rate"])
    run = partial(published_run, build=build, **how)
    return Row(run, kind, f"{model}; {settings}", published=published)


def _network_row(
    model: str,
    build: Callable[[int], keras.Model] = build_two_part,
    *,
    kind: Kind = "ablation",
    **how: Any,
) -> Row:
    named = "" if how.get("named", True) else " without named occasions"
    usual = {"epochs": 25, "first": "2001-02-01", "last": how.get("split", FINAL).last}
    settings = _OURS.format_map(usual | how | {"named": named})
    run = partial(fit_and_score, build=build, **how)
    return Row(run, kind, f"{model}; {settings}")


_BASELINES = {
    "naive, lag 7": _naive_row(
        7,
        "the same day last week (the source scored 1 March to 31 May 2019)",
        validation=42_143,
    ),
    "seasonal naive, lag 364": _naive_row(364, "the same weekday 364 days ago"),
    "ridge": _ridge_row("2016-01-01", "day"),
    "ridge + calendar, 2016-2018": _ridge_row("2016-01-01"),
    "ridge + calendar, 2002-2018": _ridge_row("2002-01-08"),
    "ridge + calendar, logarithms, 2016-2018": _ridge_row(
        "2016-01-01", logarithms=True
    ),
    "ridge + calendar, logarithms, 2002-2018": _ridge_row(
        "2002-01-08", logarithms=True
    ),
    "ridge + lagged calendar, 2002-2018": _ridge_row("2002-01-08", "lagged"),
    "ridge + lagged calendar + bus, 2002-2018": _ridge_row(
        "2002-01-08", "lagged and bus"
    ),
}
_PUBLISHED_ROWS = {
    "linear": _published_row(
        "rail; linear",
        partial(models.build_linear_forecaster, sequence_length=56),
        inputs="rail",
        rate=0.02,
        published={"validation": 37_866},
    ),
    "SimpleRNN(32)": _published_row(
        "rail; SimpleRNN of 32 units",
        _rnn,
        inputs="rail",
        rate=0.05,
        published={"validation": 27_703},
    ),
    "deep, 3 x SimpleRNN(32)": _published_row(
        "rail; three layers of SimpleRNN, 32 units each",
        partial(_rnn, units=(32, 32, 32)),
        inputs="rail",
        rate=0.01,
        published={"validation": 31_211},
    ),
    "rail and day type": _published_row(
        "rail and the next day's type; SimpleRNN of 32 units (a control, which the "
        "source does not have)",
        partial(_rnn, n_features=4),
        kind="ablation",
        inputs="rail and day type",
        rate=0.05,
    ),
    "five inputs": _published_row(
        "bus, rail and the next day's type; SimpleRNN of 32 units",
        _rnn_of_five,
        rate=0.05,
        published={"validation": 22_062},
    ),
    "five inputs, bus and rail": _published_row(
        "bus, rail and the next day's type; SimpleRNN of 32 units, two outputs",
        partial(_rnn_of_five, n_outputs=2),
        outputs="both",
        rate=0.02,
        published={"validation": 25_330, "validation_bus": 26_369},
    ),
    "14-day vector": _published_row(
        "bus, rail and the next day's type; SimpleRNN of 32 units, 14 outputs",
        partial(_rnn_of_five, n_outputs=14),
        outputs="fortnight",
        rate=0.02,
    ),
    "sequence to sequence": _published_row(
        "bus, rail and the next day's type; SimpleRNN of 32 units, 14 outputs at every "
        "step (the source scored 82 origins, 25 February to 17 May 2019)",
        partial(_rnn_of_five, n_outputs=14, every_step=True),
        outputs="fortnight",
        rate=0.1,
        published={
            "validation": 25_519,
            "validation_2": 26_274,
            "validation_14": 34_322,
        },
    ),
    "Conv1D + GRU(32)": _published_row(
        "bus, rail and the next day's type; Conv1D of 32 filters, width 4, stride 2, "
        "then GRU of 32 units, 14 outputs",
        build_conv_gru,
        outputs="fortnight",
        length=112,
        rate=0.1,
    ),
}
_NETWORKS = {
    "two-part network": _network_row(_GRU, kind="ours"),
    "without recurrence": _network_row(_NO_BRANCH, _without_branch),
    "without names of days": _network_row(_GRU, named=False),
    "without years before 2016": _network_row(_GRU, first="2016-01-01", epochs=150),
    "SimpleRNN for GRU": _network_row(_SIMPLE_RNN, _with_simple_rnn),
    "MLP for GRU": _network_row(_MLP, _with_mlp),
    "plain GRU, same inputs": _network_row(_PLAIN_GRU, build_plain_gru),
}
_TO_2016 = {
    "ridge, 2014-2016": _ridge_row("2014-01-01", "day", split=EARLIER),
    "ridge, 2002-2016": _ridge_row("2002-01-08", "day", split=EARLIER),
    "ridge + calendar, 2014-2016": _ridge_row("2014-01-01", split=EARLIER),
    "ridge + calendar, 2002-2016": _ridge_row("2002-01-08", split=EARLIER),
    "ridge + lagged calendar, 2002-2016": _ridge_row(
        "2002-01-08", "lagged", split=EARLIER
    ),
    "ridge + lagged calendar + bus, 2002-2016": _ridge_row(
        "2002-01-08", "lagged and bus", split=EARLIER
    ),
    "two-part network, to 2016": _network_row(_GRU, split=EARLIER),
    "without recurrence, to 2016": _network_row(
        _NO_BRANCH, _without_branch, split=EARLIER
    ),
    "MLP for GRU, to 2016": _network_row(_MLP, _with_mlp, split=EARLIER),
    "plain GRU, same inputs, to 2016": _network_row(
        _PLAIN_GRU, build_plain_gru, split=EARLIER
    ),
}

STUDY = Study(
    name="ridership",
    title="Chicago's rail ridership, one day ahead",
    metric="test",
    unit="riders",
    digits=0,
    load=load,
    rows=_BASELINES | _PUBLISHED_ROWS | _NETWORKS | _TO_2016,
)
