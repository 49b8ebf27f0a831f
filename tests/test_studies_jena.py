"""Tests of the Jena study: split, scoring, features, batches, networks, no leak."""

from dataclasses import replace
from functools import partial

import keras
import numpy as np
import pandas as pd
import pytest

from coursepkg import studies
from coursepkg.studies import Budget, jena

QUICK = Budget(quick=True)


@pytest.fixture(scope="module")
def data():
    """A hundred generated days, as in a smoke run, in C order as their copies are."""
    loaded = jena.load(quick=True)
    return replace(loaded, table=loaded.table.copy())


@pytest.mark.slow
def test_smoke_run(tmp_path):
    """Every row runs and gives errors of a plausible size.

    The season is not: no part of the toy weather is long enough to learn a year from.
    """
    results = studies.reproduce(jena.STUDY, folder=tmp_path, quick=True)
    assert list(results.runs["row"]) == list(jena.STUDY.rows)
    scored = results.runs.set_index("row")[["validation", "test"]]
    assert (scored > 0.5).all(axis=None)
    assert (scored.drop("usual for hour and season") < 30).all(axis=None)


def test_rows_say_what_decides_them():
    """No two rows have the same settings; what was printed belongs to their metrics."""
    rows = jena.STUDY.rows
    assert len({row.settings for row in rows.values()}) == len(rows)
    assert [name for name, row in rows.items() if row.kind == "ours"] == ["two paths"]
    printed = {name for name, row in rows.items() if row.published}
    assert printed == {"naive", *jena.PUBLISHED}


def test_parts_keep_a_day_apart(data):
    """No target of one part lies in another, and no two parts touch."""
    known = data.origins(data.train) + jena.AHEAD
    later = data.origins(data.validation) + jena.AHEAD
    latest = data.origins(data.test) + jena.AHEAD
    assert known.max() + jena.AHEAD < later.min()
    assert later.max() + jena.AHEAD < latest.min()
    assert latest.max() < len(data.table)


def test_windows_cross_no_gap(data):
    """Every window and its target lie in one stretch of time."""
    segments = (np.arange(len(data.table)) >= 1_500).astype(np.int64)
    broken = replace(data, segments=segments)
    origins = broken.origins(broken.validation)
    first, last = origins - (jena.LONGEST - 1), origins + jena.AHEAD
    assert not ((first < 1_500) & (last >= 1_500)).any()
    lost = len(data.origins(data.validation)) - len(origins)
    assert lost == jena.LONGEST + jena.AHEAD - 1


def test_score_is_the_mean_absolute_error(data):
    """A forecast that is half a degree too warm everywhere scores half a degree."""
    truth = [data.temperature[t + 24] for t in data.origins(data.test)]
    assert data.score(data.test, np.array(truth) + 0.5) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="shape"):
        data.score(data.test, np.array(truth)[1:])


def test_naive_is_the_same_hour_today(data):
    """The naive row's error is the mean change over 24 rows."""
    rows = np.arange(data.test.start, data.test.stop - 0)
    changes = [abs(data.temperature[t] - data.temperature[t - 24]) for t in rows]
    assert jena.naive_run(data, 0, QUICK)["test"] == pytest.approx(np.mean(changes))


def test_lead_moves_the_target(data):
    """Twenty-five hours ahead, every score is that of the row 25 hours later."""
    later = replace(data, lead=25)
    origins = later.origins(later.test)
    moved = data.temperature[origins + 25] - data.temperature[origins]
    naive = jena.naive_run(later, 0, QUICK)["test"]
    assert naive == pytest.approx(np.abs(moved).mean())
    assert naive != pytest.approx(jena.naive_run(data, 0, QUICK)["test"])
    assert later.score(later.test, data.temperature[origins + 25]) == 0


def test_random_bends_are_a_kernel_regression(data):
    """A curve that no product with the clock can draw: only the bends follow it."""
    table = data.table.copy()
    rng = np.random.default_rng(0)
    table[:, 0] = 990 + 10 * rng.normal(size=len(table))
    z = (table[:-24, 0] - 990) / 10
    table[24:, jena.TEMPERATURE] = 10 + 8 * (z**2 > 0.5)  # of yesterday's pressure
    curved = replace(data, table=table)
    errors = {
        what: jena.line_run(curved, 0, QUICK, what=what, again=False)["validation"]
        for what in ("day and products", "random bends")
    }
    assert errors["random bends"] < 0.95 * errors["day and products"]
    other = jena.line_run(curved, 1, QUICK, what="random bends", again=False)
    assert other["validation"] != errors["random bends"]


def test_clock_is_that_of_the_target():
    """A quarter of the day and of the year turn the circles by a quarter."""
    time = pd.DatetimeIndex(["2011-12-31 00:00", "2011-12-31 06:00"])
    midnight, morning = jena.clock(time)
    assert midnight == pytest.approx([1, 0, 1, 0])
    assert morning[2:] == pytest.approx([0, 1])
    spring = jena.clock(pd.DatetimeIndex(["2011-04-01 07:30"]))[0]
    assert spring[:2] == pytest.approx([0, 1], abs=0.01)  # 2 April is day 91.3


def test_features_by_hand(data):
    """One row of features, computed column by column with a loop."""
    t = 777
    day = data.table[t - 23 : t + 1]  # (24, 6)
    expected = []
    for k in range(6):
        now = day[-1, k]
        changes = [now - data.table[t - hours, k] for hours in (2, 12, 24)]
        expected.append([now, *changes, day[:, k].mean(), day[:, k].std()])
    row = jena.features(data, changes=(2, 12, 24))[t]
    assert pytest.approx(np.array(expected)) == row[:36].reshape(6, 6).T
    assert row[36:] == pytest.approx(jena.clock(data.time)[t])


def test_features_know_no_future(data):
    """Rows after t change no feature of t."""
    t = 1_000
    table = data.table.copy()
    table[t + 1 :] += 100.0
    changed = jena.features(replace(data, table=table))
    np.testing.assert_array_equal(changed[: t + 1], jena.features(data)[: t + 1])


def test_usual_is_learnt_on_the_first_half(data):
    """Later temperatures do not move it, and a clockwork is forecast exactly."""
    before = jena.usual(data, data.test)
    table = data.table.copy()
    table[data.train.stop :] += 5.0
    later = replace(data, table=table)
    np.testing.assert_allclose(jena.usual(later, later.test), before)
    hour = data.time.hour.to_numpy() + data.time.minute.to_numpy() / 60
    table[:, jena.TEMPERATURE] = 9 + 3 * np.cos(2 * np.pi * (hour - 15) / 24)
    clockwork = replace(data, table=table)
    assert clockwork.score(data.test, jena.usual(clockwork, data.test)) < 1e-6


def test_nothing_is_learnt_from_the_test(data):
    """Other temperatures in the test part leave all forecasts of validation alone."""
    table = data.table.copy()
    table[data.test.start + 200 :] += 50.0
    other = replace(data, table=table)
    for name in ("line with products, six years", "boosted trees", "two paths"):
        run = jena.STUDY.rows[name].run
        first, second = (run(each, 0, QUICK) for each in (data, other))
        assert first["validation"] == second["validation"], name
        assert first["test"] != second["test"], name


def test_more_years_reach_the_test_only(data):
    """Fitting again changes the test score and not that of validation."""
    half = jena.STUDY.rows["line with products"].run(data, 0, QUICK)
    more = jena.STUDY.rows["line with products, six years"].run(data, 0, QUICK)
    assert half["validation"] == more["validation"]
    assert half["test"] != more["test"]


def test_drawn_windows():
    """Windows are the rows up to an origin, targets lie a day later; draws repeat."""
    table = np.arange(400.0).repeat(2).reshape(400, 2).astype("float32")
    source = jena.DrawnWindows(table, np.arange(150, 300), n_batches=3, seed=1)
    inputs, targets = source[0]
    assert (inputs.shape, targets.shape, len(source)) == ((128, 120, 2), (128,), 3)
    last = inputs[:, -1, 0]
    np.testing.assert_array_equal(inputs[:, 0, 1], last - 119)
    np.testing.assert_array_equal(targets, last + 24)
    assert last.min() >= 150
    assert last.max() < 300
    np.testing.assert_array_equal(source[0][0], inputs)
    assert not np.array_equal(source[1][1], targets)
    source.on_epoch_end()
    assert not np.array_equal(source[0][1], targets)


@pytest.mark.parametrize(
    ("name", "n_parameters"),
    [
        ("dense", (120 * 6 + 1) * 32 + 33),
        ("GRU", 3 * 32 * (6 + 32 + 2) + 33),
        ("GRU, dropout", 3 * 32 * (6 + 32 + 2) + 33),
        ("stacked GRU", 3 * 32 * (6 + 32 + 2) + 3 * 64 * (32 + 64 + 2) + 65),
        ("GRU, reversed", 3 * 32 * (6 + 32 + 2) + 33),
        ("GRU, both ways", 2 * 3 * 32 * (6 + 32 + 2) + 65),
        ("conv", (5 * 6 + 1) * 32 + 2 * (5 * 32 + 1) * 32 + 33),
        (
            "conv + GRU, hourly",
            (5 * 6 + 1) * 32 + (5 * 32 + 1) * 32 + 3 * 32 * (32 + 32 + 2) + 33,
        ),
    ],
)
def test_published_networks(name, n_parameters):
    """Each has the parameters of its published layers and gives one number a window."""
    model = jena.NETWORKS[name](0)
    assert model.count_params() == n_parameters
    assert model(np.zeros((2, 120, 6), "float32")).shape == (2,)


def test_two_paths_are_a_line_plus_a_hidden_layer():
    """Outputs equal the two formulas; noise and dropout act in training only."""
    model = jena.build_two_paths(3, seed=0, units=4)
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=w.shape) for w in model.get_weights()]
    model.set_weights(weights)
    x = rng.normal(size=(5, 3))
    by_shape = {w.shape: w for w in weights}
    kernel, bias = by_shape[3, 4], by_shape[4,]
    top, line = by_shape[4, 1], by_shape[3, 1]
    both_biases = sum(float(w[0]) for w in weights if w.shape == (1,))
    expected = np.maximum(x @ kernel + bias, 0) @ top + x @ line + both_biases
    np.testing.assert_allclose(model.predict(x, verbose=0), expected[:, 0], rtol=1e-5)
    assert not np.allclose(model(x, training=True), expected[:, 0])


def test_without_the_line_there_is_one_path():
    """The ablation has no second kernel at the inputs."""
    model = jena.build_two_paths(3, seed=0, units=4, line=False)
    assert model.count_params() == (3 + 1) * 4 + 5
    assert isinstance(model, keras.Model)


def test_networks_are_averaged(data):
    """Two networks forecast the mean of what each forecasts alone."""
    fit = partial(jena.fit_two_paths, data, data.train, budget=Budget(), epochs=1)
    first, second = (fit(seed=seed, n_networks=1)(data.test) for seed in (6, 7))
    both = fit(seed=3, n_networks=2)(data.test)
    assert not np.allclose(first, second, atol=0.01)
    np.testing.assert_allclose(both, (first + second) / 2, atol=1e-4)


def test_quick_data_is_generated(data):
    """A smoke run needs no file, and its table has the six columns in order."""
    assert data.sha256 is None
    assert data.table.shape == (2_400, 6)
    assert data.temperature.max() < 45
