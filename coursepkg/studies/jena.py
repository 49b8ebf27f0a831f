"""Jena: the temperature of the same hour tomorrow, from the weather of five days.

The published ladder is that of Chollet (2018): the naive forecast, a flattened window,
recurrent networks with and without dropout, stacked, backwards and both ways, and two
convolutional ones. All rows are scored on the same hours of the same two parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import keras
import numpy as np
import pandas as pd
from keras import layers
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import Ridge

from coursepkg import baselines, datasets, metrics, models, windows
from coursepkg.datasets._real_climate import HOURLY_COLUMNS as COLUMNS
from coursepkg.studies._study import Budget, Row, Run, Study

TEMPERATURE = COLUMNS.index("T (degC)")
AHEAD = 24  # hours of a day: the lead of the forecasts, and what features look back
LONGEST = 120  # rows, five days: the published window
FRACTIONS = (0.5, 0.25, 0.25)
CHANGES = (1, 2, 3, 6, 9, 12, 15, 18, 21, 24)  # hours over which features look back

FloatArray = NDArray[np.float64]
Build = Callable[[int], keras.Model]
Forecast = Callable[[slice], FloatArray]  # from a part to forecasts in degrees
Fit = Callable[[slice], Forecast]  # from the rows of known targets


@dataclass(frozen=True, eq=False)
class Station:
    """Hourly weather, cut in time.

    Parameters
    ----------
    table : array of shape (n_hours, 6)
        The `COLUMNS`, in their own units.
    time : DatetimeIndex
        Of the rows.
    segments : array of shape (n_hours,)
        Changes wherever two rows are not an hour apart.
    train, validation, test : slice
        Half of the rows and twice a quarter; after each cut a day is dropped.
    sha256 : str or None
        Of the file, None for generated weather.
    lead : int
        Hours from the last row of a window to its target.
    """

    table: FloatArray
    time: pd.DatetimeIndex
    segments: NDArray[np.int64]
    train: slice
    validation: slice
    test: slice
    sha256: str | None = None
    lead: int = AHEAD
    scaler: windows.Standardizer = field(init=False)

    def __post_init__(self) -> None:
        """Learn mean and spread of the columns, from the training rows alone."""
        scaler = windows.Standardizer().fit(self.table[self.train])
        object.__setattr__(self, "scaler", scaler)

    @property
    def temperature(self) -> FloatArray:
        """In degrees Celsius, shape (n_hours,)."""
        return self.table[:, TEMPERATURE]

    def origins(self, part: slice, *, length: int = LONGEST) -> NDArray[np.intp]:
        """List the rows from which a target in `part` can be forecast.

        Parameters
        ----------
        part : slice
            Where the targets lie.
        length : int, default 120
            Rows of the window.

        Returns
        -------
        array of shape (n_origins,)
            Windows and the way to the target cross no gap.
        """
        return windows.forecast_origins(
            len(self.table),
            sequence_length=length,
            horizon=self.lead,
            targets_in=part,
            segments=self.segments,
        )

    def score(self, part: slice, forecasts: FloatArray) -> float:
        """Return the mean absolute error on `part`.

        Parameters
        ----------
        part : slice
            Validation or test.
        forecasts : array of shape (n_origins,)
            In degrees, one for each of ``origins(part)``: the same targets for every
            model, however short its window.

        Returns
        -------
        float
            In degrees.
        """
        return metrics.mae(self.temperature[self.origins(part) + self.lead], forecasts)


def station(climate: datasets.ClimateData, *, n_hours: int | None = None) -> Station:
    """Cut hourly weather in time.

    Parameters
    ----------
    climate : ClimateData
        With the `COLUMNS` in its frame.
    n_hours : int, optional
        Only the first ones.

    Returns
    -------
    Station
        With half of the rows for training and a quarter each for validation and test.
    """
    frame = climate.frame.iloc[:n_hours]
    train, validation, test = windows.temporal_split(
        len(frame), fractions=FRACTIONS, embargo=AHEAD
    )
    return Station(
        table=frame[list(COLUMNS)].to_numpy(float),
        time=pd.DatetimeIndex(frame.index),
        segments=climate.segments[:n_hours],
        train=train,
        validation=validation,
        test=test,
        sha256=climate.sha256 if climate.truth is None else None,
    )


def load(quick: bool) -> Station:
    """Load the hourly weather of Jena; for a smoke run, 100 generated days.

    Parameters
    ----------
    quick : bool
        Whether this is a smoke run.

    Returns
    -------
    Station
        The data, cut in time.
    """
    if quick:
        return station(datasets.load_climate(), n_hours=2_400)
    return station(datasets.fetch_jena_climate())


# ---- The published ladder


class DrawnWindows(keras.utils.PyDataset):
    """Batches of windows drawn at random, with replacement, as the source draws them.

    Parameters
    ----------
    table : array of shape (n_hours, features)
        Standardised columns.
    origins : array of shape (n_origins,)
        The last rows of the windows to draw from.
    n_batches : int, default 500
        Batches of an epoch.
    seed : int
        Batch `i` of epoch `k` is drawn by ``default_rng([seed, k, i])``.
    """

    def __init__(
        self,
        table: NDArray[np.float32],
        origins: NDArray[np.intp],
        *,
        n_batches: int = 500,
        seed: int = 0,
    ) -> None:
        super().__init__()
        # (n_hours - 119, 120, features), a view
        self._windows = np.lib.stride_tricks.sliding_window_view(
            table, LONGEST, axis=0
        ).swapaxes(1, 2)
        self._targets = table[:, TEMPERATURE]
        self._origins = origins
        self._n_batches = n_batches
        self._seed = seed
        self._epoch = 0

    def __len__(self) -> int:
        """Count the batches of an epoch."""
        return self._n_batches

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], ...]:
        """Draw 128 windows and their targets."""
        rng = np.random.default_rng([self._seed, self._epoch, index])
        last = rng.choice(self._origins, 128)  # (batch,)
        return self._windows[last - (LONGEST - 1)], self._targets[last + AHEAD]

    def on_epoch_end(self) -> None:
        """Turn to the next epoch; Keras calls this after each."""
        self._epoch += 1


def _stacked(make_layers: Callable[[], list[keras.Layer]]) -> Build:
    """Return a function that stacks these layers under one output."""

    def build(seed: int) -> keras.Model:
        keras.utils.set_random_seed(seed)
        window = keras.Input((LONGEST, len(COLUMNS)))
        body = keras.Sequential([window, *make_layers(), layers.Dense(1)])
        return keras.Sequential([body, layers.Reshape(())])

    return build


def _recurrent(n_features: int = len(COLUMNS), **options: Any) -> Build:
    return lambda seed: models.build_rnn_forecaster(
        "gru", units=32, n_features=n_features, seed=seed, **options
    )


NETWORKS: Mapping[str, Build] = {
    "dense": _stacked(lambda: [layers.Flatten(), layers.Dense(32, "relu")]),
    "GRU": _recurrent(),
    "GRU with a clock": _recurrent(len(COLUMNS) + 4),
    "GRU, dropout": _recurrent(dropout=0.2, recurrent_dropout=0.2),
    "stacked GRU": _stacked(
        lambda: [
            layers.GRU(32, dropout=0.1, recurrent_dropout=0.5, return_sequences=True),
            layers.GRU(64, activation="relu", dropout=0.1, recurrent_dropout=0.5),
        ]
    ),
    "GRU, reversed": _recurrent(direction="backward"),
    "GRU, both ways": _recurrent(direction="both"),
    "conv": lambda seed: models.build_conv_forecaster(
        filters=(32, 32, 32),
        kernel_size=5,
        pool_size=(3, 3, 1),
        pooling="max",
        n_features=len(COLUMNS),
        seed=seed,
    ),
    "conv + GRU, hourly": _stacked(
        lambda: [
            layers.Conv1D(32, 5, activation="relu"),
            layers.MaxPooling1D(3),
            layers.Conv1D(32, 5, activation="relu"),
            layers.GRU(32, dropout=0.1, recurrent_dropout=0.5),
        ]
    ),
}


def published_run(
    data: Station,
    seed: int,
    budget: Budget,
    *,
    name: str,
    epochs: int,
    with_clock: bool = False,
) -> dict[str, float]:
    """Train and score one network of the source, with the settings of the source.

    Parameters
    ----------
    data : Station
        The weather.
    seed : int
        Of weights, batches and dropout.
    budget : Budget
        Of the fit.
    name : str
        Key of `NETWORKS`.
    epochs : int
        Those of the source, of 500 batches each.
    with_clock : bool, default False
        Whether the network is told hour and season of the target, which the source does
        not do.

    Returns
    -------
    dict
        ``validation``, ``test`` (degrees), ``validation_normalised``, ``epochs`` (that
        of the weights that were kept).
    """
    keras.utils.set_random_seed(seed)
    model = NETWORKS[name](seed)
    table = data.scaler.transform(data.table)  # (n_hours, 6)
    if with_clock:
        circles = clock(data.time, lead=data.lead)
        table = np.column_stack([table, circles])  # (n_hours, 10)
    table = table.astype("float32")
    batches = DrawnWindows(
        table,
        data.origins(data.train),
        n_batches=4 if budget.quick else 500,
        seed=seed,
    )

    def scored(part: slice) -> windows.WindowSource:
        return windows.WindowSource(
            table,
            sequence_length=LONGEST,
            horizon=data.lead,
            target=TEMPERATURE,
            origins=data.origins(part),
            batch_size=512,
        )

    # XLA halves the time of one small recurrent layer, and slows larger networks.
    xla = name != "stacked GRU" and not budget.quick
    model.compile(optimizer="rmsprop", loss="mae", jit_compile=xla)
    stop = keras.callbacks.EarlyStopping(
        "val_loss", patience=5, restore_best_weights=True
    )
    history = model.fit(
        batches,
        validation_data=scored(data.validation),
        epochs=budget.epochs(epochs),
        callbacks=[stop, budget.callback()],
        verbose=0,
    )
    result = {}
    for part in ("validation", "test"):
        rows = getattr(data, part)
        outputs = model.predict(scored(rows), verbose=0)  # (n_origins,)
        result[part] = data.score(rows, _degrees(data, outputs))
    result["validation_normalised"] = result["validation"] / _spread(data)
    result["epochs"] = 1 + int(np.argmin(history.history["val_loss"]))
    return result


def _spread(data: Station) -> float:
    """Return the standard deviation of the training temperatures, in degrees."""
    return float(data.temperature[data.train].std())


def _degrees(data: Station, outputs: NDArray[np.float32]) -> FloatArray:
    """Turn standardised temperatures into degrees."""
    mean = float(data.temperature[data.train].mean())
    return np.asarray(outputs, dtype=float) * _spread(data) + mean


def _published(
    name: str, layers_: str, *, epochs: int, printed: float, n_seeds: int
) -> Row:
    return Row(
        run=partial(published_run, name=name, epochs=epochs),
        kind="published",
        settings=(
            f"six standardised columns, 120 hourly rows; {layers_}, "
            f"{_TRAINED.format(epochs)}"
        ),
        published={"validation_normalised": printed},
        n_seeds=n_seeds,
    )


_TRAINED = (
    "Dense(1); RMSprop at its default rate, MAE, at most {} epochs (as published) of "
    "500 batches of 128 windows drawn with replacement from the first half, until "
    "validation has not improved for 5 epochs; best weights kept"
)

PUBLISHED = {
    "dense": _published(
        "dense", "Flatten, Dense(32, relu)", epochs=20, printed=0.2994, n_seeds=5
    ),
    "GRU": _published("GRU", "GRU(32)", epochs=20, printed=0.2644, n_seeds=3),
    "GRU, dropout": _published(
        "GRU, dropout",
        "GRU(32, dropout .2, recurrent dropout .2)",
        epochs=40,
        printed=0.2619,
        n_seeds=1,
    ),
    "stacked GRU": _published(
        "stacked GRU",
        "GRU(32), GRU(64, relu), both dropout .1, recurrent dropout .5",
        epochs=40,
        printed=0.2633,
        n_seeds=1,
    ),
    "GRU, reversed": _published(
        "GRU, reversed",
        "GRU(32) from the newest row to the oldest",
        epochs=20,
        printed=0.3990,
        n_seeds=1,
    ),
    "GRU, both ways": _published(
        "GRU, both ways", "Bidirectional(GRU(32))", epochs=40, printed=0.2615, n_seeds=1
    ),
    "conv": _published(
        "conv",
        "Conv1D(32, 5, relu), MaxPooling1D(3), the same again, Conv1D(32, 5, relu), "
        "GlobalMaxPooling1D",
        epochs=20,
        printed=0.4521,
        n_seeds=1,
    ),
    "conv + GRU, hourly": _published(
        "conv + GRU, hourly",
        "Conv1D(32, 5, relu), MaxPooling1D(3), Conv1D(32, 5, relu), GRU(32, dropout "
        ".1, recurrent dropout .5); hourly rows instead of published half-hourly ones",
        epochs=20,
        printed=0.2730,
        n_seeds=1,
    ),
}


# ---- What is cheap


def clock(time: pd.DatetimeIndex, *, lead: int = AHEAD) -> FloatArray:
    """Turn the time of each row's target into two circles.

    Parameters
    ----------
    time : DatetimeIndex
        Of the rows.
    lead : int, default 24
        Hours from a row to its target.

    Returns
    -------
    array of shape (n_hours, 4)
        Cosine and sine of the season, cosine and sine of the hour.

    Examples
    --------
    >>> clock(pd.DatetimeIndex(["2008-12-31 06:00"])).round(2)
    array([[1., 0., 0., 1.]])
    """
    target = time + pd.Timedelta(hours=lead)
    hour = target.hour.to_numpy() + target.minute.to_numpy() / 60
    day = target.day_of_year.to_numpy() - 1 + hour / 24
    angles = 2 * np.pi * np.column_stack([day / 365.25, hour / 24])  # (n_hours, 2)
    circles = np.stack([np.cos(angles), np.sin(angles)], axis=-1)  # (n_hours, 2, 2)
    return circles.reshape(len(time), 4)


def features(data: Station, *, changes: Sequence[int] = CHANGES) -> FloatArray:
    """Describe the last day before each row.

    Parameters
    ----------
    data : Station
        The weather.
    changes : sequence of int, default CHANGES
        Hours, at most 24.

    Returns
    -------
    array of shape (n_hours, 6 * (len(changes) + 3) + 4)
        Of each of the six columns the value, its `changes`, mean and standard deviation
        of 24 hours; then the `clock`. NaN in the first day.
    """
    table = data.table  # (n_hours, 6)
    missing = np.full((AHEAD, table.shape[1]), np.nan)
    blocks = [table]
    for hours in changes:
        change = table[hours:] - table[:-hours]
        blocks.append(np.vstack([missing[:hours], change]))
    days = np.lib.stride_tricks.sliding_window_view(table, AHEAD, axis=0)
    for statistic in (np.mean, np.std):
        blocks.append(np.vstack([missing[1:], statistic(days, axis=-1)]))
    return np.column_stack([*blocks, clock(data.time, lead=data.lead)])


def naive_run(data: Station, _seed: int, _budget: Budget) -> dict[str, float]:
    """Score the temperature at the same hour today.

    Parameters
    ----------
    data, _seed, _budget
        As for every row; no chance, no training.

    Returns
    -------
    dict
        ``validation``, ``test`` and ``validation_normalised``.
    """
    forecasts = baselines.naive(data.temperature, horizon=data.lead)  # (n_hours,)
    result = _scores(data, lambda part: forecasts[data.origins(part) + data.lead])
    return result | {"validation_normalised": result["validation"] / _spread(data)}


def usual(data: Station, part: slice) -> FloatArray:
    """Forecast what is usual for the hour and the season, learnt on the training rows.

    Parameters
    ----------
    data : Station
        The weather.
    part : slice
        Where the targets lie.

    Returns
    -------
    array of shape (n_origins,)
        Least squares on the clock, on twice its speed, and on products of hour and
        season, in degrees.
    """

    def design(rows: slice) -> FloatArray:
        circles = clock(data.time[data.origins(rows)], lead=data.lead)
        season, hour = np.split(circles, 2, axis=1)
        season, hour = _twice(season), _twice(hour)  # (n_origins, 4)
        products = (season[:, :, None] * hour[:, None]).reshape(len(hour), 16)
        return np.column_stack([np.ones(len(hour)), season, hour, products])

    targets = data.temperature[data.origins(data.train) + data.lead]
    weights, *_ = np.linalg.lstsq(design(data.train), targets, rcond=None)
    return design(part) @ weights


def _twice(circle: FloatArray) -> FloatArray:
    """Add the circle of twice the speed, (n, 2) to (n, 4)."""
    cosine, sine = circle.T
    return np.column_stack([circle, cosine**2 - sine**2, 2 * cosine * sine])


def usual_run(data: Station, _seed: int, _budget: Budget) -> dict[str, float]:
    """Score what is usual for the hour and the season.

    Parameters
    ----------
    data, _seed, _budget
        As for every row; no chance, no training.

    Returns
    -------
    dict
        ``validation`` and ``test``.
    """
    return _scores(data, partial(usual, data))


def _scores(data: Station, forecast: Forecast) -> dict[str, float]:
    """Score a function from a part to its forecasts."""
    return {
        name: data.score(part, forecast(part))
        for name, part in (("validation", data.validation), ("test", data.test))
    }


def _fitted_twice(data: Station, fit: Fit, *, again: bool) -> dict[str, float]:
    """Fit on the first half and score on validation; perhaps fit again for the test.

    Parameters
    ----------
    data : Station
        The weather.
    fit : callable
        Takes the rows whose targets may be learnt from.
    again : bool
        Whether what is scored on the test part has been fitted on everything before
        it, and not on the first half only.
    """
    first = fit(data.train)
    second = fit(slice(0, data.validation.stop)) if again else first
    return {
        "validation": data.score(data.validation, first(data.validation)),
        "test": data.score(data.test, second(data.test)),
    }


def fit_line(data: Station, known: slice, *, what: str, seed: int = 0) -> Forecast:
    r"""Fit ridge regression of the change until tomorrow on all targets in `known`.

    Parameters
    ----------
    data : Station
        The weather.
    known : slice
        Rows of the targets to learn from.
    what : {"last row", "day", "day and products", "random bends"}
        The six columns alone; the `features`; these and their products with the
        clock, so that every weight may turn with hour and season; these and 800
        cosines of random sums of the features, in the mean the kernel
        :math:`\exp(-\gamma \lVert x - x' \rVert^2)` with :math:`\gamma = 0.001`
        (Rahimi and Recht, 2007).
    seed : int
        Of the random sums.

    Returns
    -------
    callable
        From a part to forecasts in degrees, one for each of its origins.
    """
    scaler = windows.Standardizer().fit(_rows(data, data.origins(known)))

    def design(part: slice) -> FloatArray:
        columns = scaler.transform(_rows(data, data.origins(part)))
        if what == "last row":
            return columns[:, : len(COLUMNS)]
        if what == "day":
            return columns
        weather, hands = columns[:, :-4], columns[:, -4:]
        turned = [weather * hand[:, None] for hand in hands.T]
        seasons = hands[:, :2, None] * hands[:, None, 2:]  # (n_origins, 2, 2)
        products = np.column_stack([columns, *turned, seasons.reshape(-1, 4)])
        if what == "day and products":
            return products
        # The seed alone decides the sums. The sampler divides the cosines by 20, the
        # root of 800 / 2.
        bends = RBFSampler(gamma=0.001, n_components=800, random_state=seed)
        return np.column_stack([products, 20 * bends.fit_transform(columns)])

    line = Ridge(100.0).fit(design(known), _change(data, known))

    def forecast(part: slice) -> FloatArray:
        today = data.temperature[data.origins(part)]
        return np.asarray(today + line.predict(design(part)))

    return forecast


def line_run(
    data: Station, seed: int, _budget: Budget, *, what: str, again: bool
) -> dict[str, float]:
    """Score ridge regression of the change until tomorrow.

    Parameters
    ----------
    data, seed, _budget
        As for every row; there is chance in random bends only.
    what : str
        As for :func:`fit_line`.
    again : bool
        Whether it is fitted on validation too before the test.

    Returns
    -------
    dict
        ``validation`` and ``test``.
    """
    fit = partial(fit_line, data, what=what, seed=seed)
    return _fitted_twice(data, fit, again=again)


def trees_run(
    data: Station, seed: int, budget: Budget, *, again: bool
) -> dict[str, float]:
    """Score boosted trees on the `features`, for the change until tomorrow.

    Parameters
    ----------
    data, seed, budget
        As for every row.
    again : bool
        Whether they are fitted on validation too before the test.

    Returns
    -------
    dict
        ``validation`` and ``test``.
    """

    def fit(known: slice) -> Forecast:
        trees = HistGradientBoostingRegressor(
            loss="absolute_error",
            learning_rate=0.08,
            max_iter=2 if budget.quick else 100,
            max_leaf_nodes=15,
            min_samples_leaf=200,
            l2_regularization=10,
            max_features=0.3,
            random_state=seed,
        )
        trees.fit(_rows(data, data.origins(known)), _change(data, known))

        def forecast(part: slice) -> FloatArray:
            origins = data.origins(part)
            change = trees.predict(_rows(data, origins))
            return np.asarray(data.temperature[origins] + change)

        return forecast

    return _fitted_twice(data, fit, again=again)


def _rows(data: Station, origins: NDArray[np.intp]) -> FloatArray:
    """Return the features of these rows, (n_origins, 40)."""
    return features(data)[origins]


def _change(data: Station, part: slice) -> FloatArray:
    """Return by how much it gets warmer until the targets in `part`, (n_origins,)."""
    origins = data.origins(part)
    return data.temperature[origins + data.lead] - data.temperature[origins]


# ---- Ours


def build_two_paths(
    n_features: int,
    *,
    seed: int,
    units: int = 256,
    noise: float = 0.3,
    dropout: float = 0.5,
    line: bool = True,
) -> keras.Model:
    """Put a line and a hidden layer side by side and add their outputs.

    Parameters
    ----------
    n_features : int
        Standardised inputs.
    seed : int
        Of weights, noise and dropout.
    units : int, default 256
        Of the hidden layer.
    noise : float, default 0.3
        Standard deviation of what is added to the inputs in training.
    dropout : float, default 0.5
        Share of its outputs that is hidden in training.
    line : bool, default True
        Whether there is a line beside it. It gets the inputs with their noise.

    Returns
    -------
    keras.Model
        Built, not compiled; (batch, n_features) to (batch,).
    """
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((n_features,))
    noisy = layers.GaussianNoise(noise)(inputs)
    x = layers.Dense(units, activation="relu", kernel_initializer="he_normal")(noisy)
    x = layers.Dropout(dropout)(x)
    x = layers.Dense(1, kernel_initializer="zeros")(x)  # (batch, 1)
    if line:
        x = layers.Add()([x, layers.Dense(1, kernel_initializer="zeros")(noisy)])
    return keras.Model(inputs, layers.Reshape(())(x))


def fit_two_paths(
    data: Station,
    known: slice,
    seed: int,
    budget: Budget,
    *,
    n_networks: int = 5,
    changes: Sequence[int] = CHANGES,
    with_clock: bool = True,
    change: bool = True,
    epochs: int = 20,
    **options: Any,
) -> Forecast:
    """Train networks of two paths on all targets in `known`, and average them.

    Parameters
    ----------
    data : Station
        The weather.
    known : slice
        Rows of the targets to learn from.
    seed : int
        Of weights, order, noise and dropout.
    budget : Budget
        Of the fit.
    n_networks : int, default 5
        Whose forecasts are averaged.
    changes : sequence of int, default CHANGES
        As for :func:`features`.
    with_clock : bool, default True
        Whether the networks are told hour and season.
    change : bool, default True
        Whether they forecast the change from today, not the temperature itself.
    epochs : int, default 20
        Passes.
    **options
        Of :func:`build_two_paths`.

    Returns
    -------
    callable
        From a part to forecasts in degrees, one for each of its origins.
    """
    columns = features(data, changes=changes)[:, : None if with_clock else -4]
    origins = data.origins(known)
    scaler = windows.Standardizer().fit(columns[origins])
    inputs = scaler.transform(columns[origins]).astype("float32")
    targets = data.temperature[origins + data.lead]  # (n_origins,)
    everywhere = np.full(len(columns), targets.mean())
    anchor = data.temperature if change else everywhere  # (n_hours,)
    spread = targets.std()
    outputs = ((targets - anchor[origins]) / spread).astype("float32")
    n_batches = -(-len(origins) // 512)
    passes = budget.epochs(epochs)
    networks = []
    for k in range(1 if budget.quick else n_networks):
        model = build_two_paths(columns.shape[1], seed=n_networks * seed + k, **options)
        rate = keras.optimizers.schedules.CosineDecay(0.004, passes * n_batches)
        model.compile(
            keras.optimizers.Adam(rate),
            loss="mae",
            run_eagerly=budget.quick,  # for a few steps no compiling pays
        )
        model.fit(
            inputs,
            outputs,
            batch_size=512,
            epochs=passes,
            callbacks=[budget.callback()],
            verbose=0,
        )
        networks.append(model)

    def forecast(part: slice) -> FloatArray:
        rows = data.origins(part)
        inputs = scaler.transform(columns[rows]).astype("float32")
        changes = [
            model.predict(inputs, batch_size=4096, verbose=0).astype(float)
            for model in networks
        ]
        return np.asarray(anchor[rows] + spread * np.mean(changes, axis=0))

    return forecast


def ours_run(
    data: Station, seed: int, budget: Budget, *, again: bool = True, **options: Any
) -> dict[str, float]:
    """Train networks of two paths, twice if `again`, and score their average.

    Parameters
    ----------
    data, seed, budget
        As for every row.
    again : bool, default True
        Whether they are trained anew on training and validation before the test.
    **options
        Of :func:`fit_two_paths`.

    Returns
    -------
    dict
        ``validation`` and ``test``.
    """
    fit = partial(fit_two_paths, data, seed=seed, budget=budget, **options)
    return _fitted_twice(data, fit, again=again)


# ---- The rows

_DAY = (
    "of each of six columns the value, its change over 1, 2, 3, 6, 9, 12, 15, 18, 21 "
    "and 24 hours, mean and standard deviation of 24 hours; cosine and sine of season "
    "and hour"
)
_CHANGE = "forecasts the change from today"
_HALF = "fitted on the first half"
_AGAIN = "fitted on the first half, and again on three quarters for the test"


def _baseline(run: Run, settings: str, **options: Any) -> Row:
    return Row(run, kind="baseline", settings=settings, **options)


def _line(what: str, words: str, *, again: bool) -> Row:
    return _baseline(
        partial(line_run, what=what, again=again),
        f"ridge regression (penalty 100) on {words}, standardised; {_CHANGE}; "
        f"{_AGAIN if again else _HALF}",
        n_seeds=3,
        seeded=what == "random bends",
    )


def _trees(*, again: bool) -> Row:
    return _baseline(
        partial(trees_run, again=again),
        f"{_DAY}; 100 boosted trees of 15 leaves of at least 200 windows, absolute "
        f"error, rate .08, L2 10, 3 of 10 features a split; {_CHANGE}; "
        f"{_AGAIN if again else _HALF}",
        n_seeds=3,
    )


_PRODUCTS = f"{_DAY}; and the products of all columns with the clock"

_BENDS = (
    f"{_PRODUCTS}; and 800 cosines of random sums of the columns, which in the mean "
    "are the kernel exp(-.001 |x - x'|^2)"
)

BASELINES = {
    "naive": _baseline(
        naive_run,
        "the temperature of the same hour today",
        published={"validation_normalised": 0.2897},
        seeded=False,
    ),
    "usual for hour and season": _baseline(
        usual_run,
        "least squares on two waves of the day, two of the year and their products; "
        "fitted on the first half",
        seeded=False,
    ),
    "line on the last row": _line("last row", "the six columns", again=False),
    "line on the last day": _line("day", _DAY, again=False),
    "line with products": _line("day and products", _PRODUCTS, again=False),
    "line with products, six years": _line("day and products", _PRODUCTS, again=True),
    "line with random bends": _line("random bends", _BENDS, again=False),
    "line with random bends, six years": _line("random bends", _BENDS, again=True),
    "boosted trees": _trees(again=False),
    "boosted trees, six years": _trees(again=True),
}


def _two_paths(
    kind: Literal["ours", "ablation"], words: str, *, n_seeds: int = 5, **options: Any
) -> Row:
    return Row(
        run=partial(ours_run, **options),
        kind=kind,
        settings=(
            f"{_DAY}, standardised; noise .3 on the inputs, a line beside Dense(256, "
            f"relu) with dropout .5; {_CHANGE}; Adam from .004 along half a cosine, "
            f"MAE, 20 passes in batches of 512; {_AGAIN}; {words}"
        ),
        n_seeds=n_seeds,
    )


def _one_network(words: str, *, n_seeds: int = 3, **options: Any) -> Row:
    return _two_paths(
        "ablation", f"one network; {words}", n_seeds=n_seeds, n_networks=1, **options
    )


OURS = {
    "two paths": _two_paths("ours", "average of five networks"),
    "one network": _one_network("nothing averaged", n_seeds=5),
    "without the last two years": _one_network(
        "except that nothing is fitted again for the test", again=False
    ),
    "changes over 3, 12 and 24 hours": _one_network(
        "without the other changes", changes=(3, 12, 24)
    ),
    "without a clock": _one_network("without season and hour", with_clock=False),
    "the temperature, not its change": _one_network(
        "except that it forecasts the temperature", change=False
    ),
    "without noise and dropout": _one_network(
        "without noise and dropout", noise=0.0, dropout=0.0
    ),
    "without noise and dropout, 3 passes": _one_network(
        "without noise and dropout, 3 passes only", noise=0.0, dropout=0.0, epochs=3
    ),
    "without the line": _one_network("without the line", line=False),
    "first version": _one_network(
        "only changes over 3, 12 and 24 hours; noise .2, Dense(128), 15 passes",
        n_seeds=5,
        changes=(3, 12, 24),
        noise=0.2,
        units=128,
        epochs=15,
    ),
    "GRU with a clock": Row(
        run=partial(published_run, name="GRU with a clock", epochs=20, with_clock=True),
        kind="ablation",
        settings=(
            "six standardised columns and the clock of the target, 120 hourly rows; "
            f"GRU(32), {_TRAINED.format(20)}"
        ),
        n_seeds=3,
    ),
    "two paths, 5 passes": _one_network(
        "5 passes only, and nothing is fitted again for the test",
        n_seeds=5,
        epochs=5,
        again=False,
    ),
}

STUDY = Study(
    name="jena",
    title="Jena: the temperature of the same hour tomorrow",
    metric="test",
    unit="°C",
    digits=3,
    load=load,
    rows=BASELINES | PUBLISHED | OURS,
)
