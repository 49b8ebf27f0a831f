"""Tests of the Chicago study: calendar, target days, scoring, networks, no leak."""

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest

from coursepkg import reference, studies, windows
from coursepkg.studies import Budget, ridership

QUICK = Budget(quick=True)
LEADS = ("", "_2", "_14")
BOTH = ("", "_bus")
FORTNIGHT = ("14-day vector", "sequence to sequence", "Conv1D + GRU(32)")


def is_earlier(row):
    """Whether a row is a fit that ends with 2016."""
    return "2016-12-31" in ridership.STUDY.rows[row].settings


@pytest.fixture(scope="module")
def data():
    """Five generated years, as in a smoke run."""
    return ridership.load(quick=True)


@pytest.mark.slow
def test_smoke_run(tmp_path):
    """Every row runs and gives finite errors of a plausible size."""
    results = studies.reproduce(ridership.STUDY, folder=tmp_path, quick=True)
    assert list(results.runs["row"]) == list(ridership.STUDY.rows)
    leads = {f"{part}{lead}" for part in ridership.FINAL.scored for lead in LEADS}
    both = {f"{part}{which}" for part in ridership.FINAL.scored for which in BOTH}
    for _, run in results.runs.iterrows():
        scored = run.drop(["row", "kind", "seed", "seconds", "cpu_seconds"]).dropna()
        expected = set(ridership.FINAL.scored)
        if is_earlier(run["row"]):
            expected = set(ridership.EARLIER.scored)
        elif run["row"] == "five inputs, bus and rail":
            expected = both
        elif run["row"] in FORTNIGHT:
            expected = leads
        assert set(scored.index) == expected
        assert scored.astype(float).between(10_000, 1_000_000).all(), run["row"]


def test_rows_say_what_decides_them():
    """No two rows have the same settings; what was printed belongs to their metrics."""
    rows = ridership.STUDY.rows
    assert len({row.settings for row in rows.values()}) == len(rows)
    assert [name for name, row in rows.items() if row.kind == "ours"] == [
        "two-part network"
    ]
    published = {name: dict(row.published) for name, row in rows.items()}
    assert published["five inputs"] == {"validation": 22_062}
    assert sum(bool(printed) for printed in published.values()) == 7
    for name, row in rows.items():
        assert row.seeded == (row.kind != "baseline")
        assert is_earlier(name) == name.endswith(("to 2016", "-2016"))


# --- days and calendar ---


def test_target_days_are_those_of_the_page(data):
    """Counted in a calendar: 3 + 31 + 30 + 31 days, and June to December."""
    assert len(data.window("validation")) == 3 + 31 + 30 + 31
    assert len(data.window("test")) == 30 + 31 + 31 + 30 + 31 + 30 + 31
    dates = data.frame.index
    assert data.window("validation")[-1] + 1 == data.window("test")[0]
    assert f"{dates[data.window('test')[-1]]:%Y-%m-%d}" == "2019-12-31"
    for split in (ridership.FINAL, ridership.EARLIER):
        for name in split.scored:
            assert (dates[data.window(name)] > split.last).all()
            first, last = ridership.WINDOWS[name]
            assert not np.diff(data.window(name), 2).any()
            assert list(dates[data.window(name)][[0, -1]]) == [
                pd.Timestamp(first),
                pd.Timestamp(last),
            ]


def test_the_pandemic_is_cut_off():
    """Days after 2019 are in the file and not in the study."""
    dates = pd.date_range("2019-12-28", "2020-01-05")
    frame = pd.DataFrame({"day_type": "W", "bus": 1, "rail": 2}, index=dates)
    data = ridership.prepare(SimpleNamespace(frame=frame, sha256="abc"))
    assert f"{data.frame.index[-1]:%Y-%m-%d}" == "2019-12-31"
    assert data.sha256 == "abc"
    assert repr(data) == "RidershipData(4 days)"


def test_occasions_fall_on_their_days_of_2019():
    """Read off a printed calendar of 2019; one column an occasion and day."""
    on = {
        "new year": "01-01",
        "king day": "01-21",
        "presidents day": "02-18",
        "parade": "03-16",
        "good friday": "04-19",
        "memorial day": "05-27",
        "independence day": "07-04",
        "labor day": "09-02",
        "columbus day": "10-14",
        "veterans day": "11-11",
        "thanksgiving": "11-28",
        "christmas": "12-25",
    }
    dates = pd.date_range("2019-01-01", "2019-12-31")
    columns = ridership.occasion_columns(dates)
    assert columns.shape == (365, 11 * 7 + 15)
    assert set(np.unique(columns)) == {0.0, 1.0}
    middles = [*range(3, 77, 7), 77 + 7]  # of each occasion's columns
    for middle, name in zip(middles, ridership.OCCASIONS, strict=True):
        assert list(dates[columns[:, middle] == 1]) == [
            pd.Timestamp(f"2019-{on[name]}")
        ], name
        after = columns[:, middle + 2] == 1  # two days after it
        assert list(dates[after] - pd.Timedelta(days=2)) == [
            pd.Timestamp(f"2019-{on[name]}")
        ]


@pytest.mark.parametrize(("year", "day"), [(2017, 11), (2018, 17), (2024, 16)])
def test_parade_is_the_saturday_on_or_before_the_saint(year, day):
    """17 March 2018 was a Saturday itself."""
    dates = pd.date_range(f"{year}-03-01", f"{year}-03-31")
    columns = ridership.occasion_columns(dates)
    assert list(dates[columns[:, 3 * 7 + 3] == 1].day) == [day]


def test_days_around_an_occasion_outside_the_data():
    """Christmas 2015 is before the first day, the week after it is not."""
    columns = ridership.occasion_columns(pd.date_range("2016-01-01", "2016-01-02"))
    assert columns[0, 77 + 14] == 1  # seven days after Christmas
    assert columns[0, 3] == 1  # New Year's Day
    assert columns.sum() == 2 + 1  # and the day after it


def test_season_is_three_harmonics():
    """Each column is one wave of the year; those of days off are 0 on other days."""
    dates = pd.date_range("2015-01-01", "2018-12-31")
    off = np.asarray(dates.day_of_week) >= 5
    columns = ridership.season_columns(dates, day_off=off)
    assert columns.shape == (len(dates), 12)
    turns = np.asarray([f"{date:%j}" for date in dates], float) / 365.25
    waves = np.exp(2j * np.pi * np.outer(turns, [1, 2, 3]))
    for k in range(3):
        sine, sine_off, cosine, cosine_off = columns[:, 4 * k : 4 * k + 4].T
        np.testing.assert_allclose(sine, waves[:, k].imag, atol=1e-12)
        np.testing.assert_allclose(cosine, waves[:, k].real, atol=1e-12)
        np.testing.assert_allclose(sine_off, np.where(off, sine, 0), atol=1e-12)
        np.testing.assert_allclose(cosine_off, np.where(off, cosine, 0), atol=1e-12)


def test_day_columns_and_calendar(data):
    """A Sunday and a working Wednesday."""
    columns = dict(zip(data.frame.index, data.day_columns, strict=True))
    assert list(columns[pd.Timestamp("2018-07-01")]) == [0, 0, 0, 0, 0, 0, 1, 0, 0, 1]
    assert list(columns[pd.Timestamp("2018-07-04")]) == [0, 0, 1, 0, 0, 0, 0, 0, 0, 1]
    assert list(columns[pd.Timestamp("2018-07-11")]) == [0, 0, 1, 0, 0, 0, 0, 1, 0, 0]
    assert data.calendar.shape == (len(data.frame), 10 + 12 + 92)
    np.testing.assert_array_equal(data.calendar[:, :10], data.day_columns)
    np.testing.assert_array_equal(data.calendar[:, -92:], data.named_columns)


def test_tables_hold_the_next_day(data):
    """Counts of a day stand beside what is known about the day after it."""
    table = ridership.published_table(data, "all")
    t = 400
    row = data.frame.iloc[t]
    next_type = data.frame["day_type"].iloc[t + 1]
    expected = [row["bus"] / 1e6, row["rail"] / 1e6, *(next_type == k for k in "WAU")]
    np.testing.assert_allclose(table[t], expected, rtol=1e-6)
    for inputs, columns in (("rail", [1]), ("rail and day type", [1, 2, 3, 4])):
        some = ridership.published_table(data, inputs)
        np.testing.assert_array_equal(some, table[:, columns])
    ours = ridership.tomorrow_table(data, data.calendar)
    logs = [np.log(row["rail"] / 1e6), np.log(row["bus"] / 1e6)]
    np.testing.assert_allclose(ours[t, :2], logs, rtol=1e-6)
    np.testing.assert_allclose(ours[t, 2:], data.calendar[t + 1], rtol=1e-6)


# --- forecasts and their scores ---


@pytest.mark.parametrize("lags", [ridership.LAGS, (1, 7)])
@pytest.mark.parametrize("bus", [None, False, True])
def test_ridge_is_the_solution_of_its_equations(data, lags, bus):
    """Normal equations on standardised columns, written out."""
    first, last = "2017-01-01", "2018-06-30"
    columns = data.day_columns
    if bus is not None:
        columns = ridership.lagged_columns(data, bus=bus)
    forecast = ridership.ridge_forecast(
        data, columns, first=first, last=last, alpha=3.0, lags=lags
    )
    days = data.days(first, last)
    lagged = np.column_stack([np.roll(data.rail, lag) for lag in lags])
    design = np.hstack([lagged, columns])
    mean, scale = design[days].mean(axis=0), design[days].std(axis=0)
    x = (design - mean) / np.where(scale > 0, scale, 1)
    y = data.rail[days] - data.rail[days].mean()
    inner = x[days].T @ x[days] + 3.0 * np.eye(x.shape[1])
    weights = np.linalg.solve(inner, x[days].T @ y)
    later = np.arange(days[-1] + 1, len(data.rail))
    expected = x[later] @ weights + data.rail[days].mean()
    np.testing.assert_allclose(forecast[later], expected, rtol=1e-8)
    assert np.isnan(forecast[: later[0]]).all()


def test_lagged_columns_are_those_of_the_earlier_dates(data):
    """Looked up by date: four calendars of the past, then the bus."""
    by_date = dict(zip(data.frame.index, data.calendar, strict=True))
    columns = ridership.lagged_columns(data, bus=True)
    assert columns.shape == (len(data.frame), 5 * 114 + 16)
    for day in (400, 1_500):
        date = data.frame.index[day]
        ago = {k: date - pd.Timedelta(days=k) for k in range(365)}
        expected = [by_date[ago[k]] for k in (0, 1, 7, 14, 364)]
        expected += [data.frame.loc[[ago[k]], "bus"] for k in (*range(1, 15), 21, 28)]
        np.testing.assert_array_equal(columns[day], np.concatenate(expected))
    assert np.isnan(columns[363]).any()
    assert not np.isnan(columns[364:]).any()
    without = ridership.lagged_columns(data, bus=False)
    np.testing.assert_array_equal(without, columns[:, :-16])


def test_lagged_columns_are_known_on_the_eve(data):
    """Counts of a day and of later ones do not stand in its columns."""
    day = 700
    changed = data.frame.copy()
    changed.iloc[day:, :] = "U", 1, 2
    later = replace(data, frame=changed)
    before, after = (
        ridership.lagged_columns(some, bus=True)[day : day + 2]
        for some in (data, later)
    )
    np.testing.assert_array_equal(before[0], after[0])
    assert (before[1] != after[1]).sum() == 1  # the bus of the day before


def test_ridge_on_logarithms_is_ridge_on_logarithms(data):
    """The exponential of what ridge says about the logarithms."""
    years = {"first": "2017-01-01", "last": "2018-12-31"}
    logs = replace(data, frame=data.frame.assign(rail=np.log(data.rail)))
    plain = ridership.ridge_forecast(logs, data.day_columns, **years)
    bent = ridership.ridge_forecast(data, data.day_columns, **years, logarithms=True)
    np.testing.assert_allclose(bent, np.exp(plain), rtol=1e-10)


def test_errors_are_means_over_the_window(data):
    """A forecast that is wrong by 1,000 on half of the days."""
    forecast = data.rail.copy()
    validation, test = data.window("validation"), data.window("test")
    forecast[test[::2]] += 1_000
    forecast[validation] = data.rail[validation] - 70
    scores = ridership.errors(data, forecast)
    assert scores == pytest.approx({"validation": 70, "test": 500})
    forecast[data.window("spring 2018")] += 7
    earlier = ridership.errors(data, forecast, scored=ridership.EARLIER.scored)
    assert list(earlier) == list(ridership.EARLIER.scored)
    assert earlier["spring 2018"] == pytest.approx(7)


class Clairvoyant:
    """A model that knows the future and adds 1,000 riders a day of lead."""

    def __init__(self, data, outputs, *, steps=None):
        self.data, self.outputs, self.steps = data, outputs, steps
        self.input_shape = (None, None, 5)

    def predict(self, source, verbose):
        leads = np.arange(1, 15) if self.outputs == "fortnight" else np.array([1])
        targets = np.minimum(source.origins[:, None] + leads, len(self.data.rail) - 1)
        rail = (self.data.rail[targets] + 1_000 * leads) / 1e6
        if self.outputs == "both":
            bus = (self.data.bus[targets] + 5_000 * leads) / 1e6
            return np.hstack([bus, rail])
        if self.steps:  # the earlier steps must not be scored
            rail = np.stack([0 * rail] * (self.steps - 1) + [rail], axis=1)
        return rail if self.outputs == "fortnight" else rail[:, 0]


@pytest.mark.parametrize("steps", [None, 56])
def test_every_lead_is_scored_on_its_days(data, steps):
    """Whoever is late by one day gets another error."""
    model = Clairvoyant(data, "fortnight", steps=steps)
    table = ridership.published_table(data, "all")
    scores = ridership.published_errors(model, data, table, outputs="fortnight")
    expected = {"": 1_000, "_2": 2_000, "_14": 14_000}
    assert scores == pytest.approx(
        {
            f"{part}{lead}": error
            for part in ("validation", "test")
            for lead, error in expected.items()
        }
    )


def test_bus_and_rail_are_not_exchanged(data):
    """The first output is the bus."""
    table = ridership.published_table(data, "all")
    scores = ridership.published_errors(
        Clairvoyant(data, "both"), data, table, outputs="both"
    )
    assert scores["test_bus"] == pytest.approx(5_000)
    assert scores["test"] == pytest.approx(1_000)
    only = ridership.published_errors(Clairvoyant(data, "rail"), data, table)
    assert only == pytest.approx({"validation": 1_000, "test": 1_000})


# --- the network ---


def with_random_weights(model):
    """Open every path of a network: its heads start at zero."""
    random = np.random.default_rng(0)
    weights = [random.normal(0, 0.1, w.shape) for w in model.get_weights()]
    model.set_weights(weights)
    return [w.astype(np.float64) for w in weights]


@pytest.mark.parametrize("branch", ["GRU", None])
def test_two_parts_are_the_printed_equations(branch):
    """The forward pass in NumPy, with the course's own GRU."""
    recurrence = keras.layers.GRU if branch else None
    model = ridership.build_two_part(12, recurrence=recurrence, sequence_length=6)
    weights = with_random_weights(model)
    by_shape = {w.shape: w for w in weights}
    w, w_bias, v = (by_shape[shape] for shape in ((12, 2), (2,), (16, 2)))
    u_kernel, u_bias, to_one = (by_shape[shape] for shape in ((12, 16), (16,), (12, 1)))
    biases = [w.item() for w in weights if w.shape == (1,)]
    x = np.random.default_rng(1).normal(size=(3, 7, 14))
    known = x[:, :, 2:]  # row t knows day t + 1
    usual = known @ w + w_bias + np.tanh(known @ u_kernel + u_bias) @ v
    unusual = x[:, 1:, :2] - usual[:, :-1]  # (3, 6, 2)
    level = unusual.mean(axis=1)  # (3, 2)
    around = unusual - level[:, None]
    linear = around.reshape(3, 12) @ to_one[:, 0] + biases[0]
    expected = usual[:, -1, 0] + level[:, 0] + linear
    if branch:
        read = np.concatenate([10 * around, known[:, 1:, :10]], axis=2)
        gru = [by_shape[shape] for shape in ((12, 48), (16, 48), (2, 48))]
        outputs, _ = reference.gru_forward(read, *gru)
        expected += 0.1 * (outputs[:, -1] @ by_shape[16, 1][:, 0] + biases[1])
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-4)


def test_variants_have_the_sizes_of_the_page():
    """Counted by hand for 114 known columns."""
    usual = 115 * 2 + 115 * 16 + 16 * 2
    linear = 57
    gru = 3 * 16 * (12 + 16 + 2) + 17
    assert ridership.build_two_part(114).count_params() == usual + linear + gru
    none = ridership.build_two_part(114, recurrence=None)
    assert none.count_params() == usual + linear
    flat = ridership.build_two_part(114, recurrence=ridership.read_flat)
    assert flat.count_params() == usual + linear + (28 * 12 + 1) * 16 + 17
    plain = ridership.build_plain_gru(114)
    assert plain.count_params() == 3 * 32 * (116 + 32 + 2) + 33
    assert plain.output_shape == (None,)
    convolution = ridership.build_conv_gru(seed=0)
    assert (convolution.input_shape, convolution.output_shape) == (
        (None, 112, 5),
        (None, 14),
    )


def test_forecast_does_not_see_the_day_it_is_for(data):
    """Changing today's count moves the forecast for tomorrow, tomorrow's does not."""
    model = ridership.build_two_part(data.calendar.shape[1])
    with_random_weights(model)
    today = data.window("validation")[0] - 1

    def forecast(changed_day=None):
        rail = data.rail.copy()
        if changed_day is not None:
            rail[changed_day:] *= 1.5
        changed = replace(data, frame=data.frame.assign(rail=rail))
        source = windows.WindowSource(
            ridership.tomorrow_table(changed, data.calendar),
            sequence_length=29,
            origins=[today],
        )
        return model.predict(source, verbose=0).item()

    assert forecast(changed_day=today + 1) == forecast()
    assert forecast(changed_day=today) != forecast()


def test_a_fit_ends_where_its_split_says(data):
    """Counts after the last training day do not change the weights."""
    fitted = []

    def build(n_known):
        fitted.append(ridership.build_two_part(n_known, recurrence=None))
        return fitted[-1]

    later = data.frame.index > ridership.FINAL.last
    noisy = data.frame.assign(rail=np.where(later, 1.5, 1.0) * data.rail)
    runs = [
        ridership.fit_and_score(some, 3, QUICK, build=build)
        for some in (data, replace(data, frame=noisy))
    ]
    for a, b in zip(*(model.get_weights() for model in fitted), strict=True):
        np.testing.assert_array_equal(a, b)
    assert runs[0]["test"] != runs[1]["test"]


def test_seeds_decide_the_first_weights(data):
    """Equal seeds give equal weights, another seed others, in both networks."""
    weights = {ridership.build_two_part: [], ridership.build_plain_gru: []}

    def build(builder, n_known):
        weights[builder].append(builder(n_known).get_weights()[0])
        raise InterruptedError

    for builder in weights:
        for seed in (0, 0, 1):
            with pytest.raises(InterruptedError):
                ridership.fit_and_score(
                    data, seed, QUICK, build=partial(build, builder)
                )
    for first, again, other in weights.values():
        assert (first == again).all()
        assert (first != other).any()


def test_published_models_stop_on_the_validation_days(data, monkeypatch):
    """Target days of the fit, and the days that early stopping watches."""
    seen = {}

    class Spy:
        input_shape, output_shape, layers = (None, None, 5), (None, 14), ()

        def compile(self, **how):
            seen.update(how)

        def fit(self, train, *, validation_data, **how):
            seen.update(how, train=train, watched=validation_data)

    monkeypatch.setattr(ridership, "published_errors", lambda *_, **__: {"test": 1.0})
    run = partial(ridership.published_run, build=lambda seed: Spy(), rate=0.1)
    run(data, 0, Budget(), outputs="fortnight")
    validation = data.window("validation")
    watched = seen["watched"].origins
    assert watched[0] + 1 == validation[0]
    assert watched[-1] + 14 == validation[-1]
    assert len(seen["watched"]) == 1
    training = data.days("2016-01-01", "2018-12-31")
    _, targets = seen["train"][0]
    assert targets.shape == (32, 14)
    assert len(seen["train"].origins) == len(training) - 55 - 14
    assert seen["epochs"] == 500
    assert seen["callbacks"][0].patience == 50
    assert float(seen["optimizer"].learning_rate) == pytest.approx(0.1)
