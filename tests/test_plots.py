"""Tests of the figures: they read what was drawn, not pixels."""

import io
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from scipy import stats

mpl.use("agg")

import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.patches import FancyBboxPatch  # noqa: E402

from coursepkg import plots  # noqa: E402

RNG = np.random.default_rng(0)
DATES = pd.date_range("2019-01-01", periods=60)
SERIES = 5 + np.sin(np.arange(60) * 2 * np.pi / 7) + 0.1 * RNG.normal(size=60)


@pytest.fixture(autouse=True)
def _fresh():
    """Restore the settings and close every figure after each test."""
    with mpl.rc_context():
        yield
    plt.close("all")


def texts(ax):
    """What is written into the axes."""
    return [text.get_text() for text in ax.texts]


def every_plot():
    """One call of each function."""
    yield plots.plot_series({"rail": SERIES, "bus": SERIES - 2}, index=DATES)
    yield plots.plot_forecast(SERIES, {"naive": SERIES}, interval=(SERIES - 1, SERIES))
    yield plots.plot_autocorrelation(SERIES, season=7)
    yield plots.plot_ladder({"GRU": [1.0, 1.2, 1.1]}, baseline=2.0, optimum=0.5)
    yield plots.plot_learning_curves({"loss": [3.0, 2.0], "val_loss": [3.5, 2.5]})
    yield plots.plot_windows(SERIES[:20], sequence_length=4, origins=[5, 6])
    yield plots.plot_task_diagram("encoder-decoder")


def test_import_changes_no_settings():
    """Matplotlib's settings are the same before and after the import."""
    code = (
        "import matplotlib; before = dict(matplotlib.rcParams); "
        "import coursepkg.plots; "
        "assert before == dict(matplotlib.rcParams); "
        "import sys; assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_style_is_legible_and_small():
    """Letters of 9 points and more, 7 inches wide, and the colours of the course."""
    plots.use_style()
    for name in ("font.size", "xtick.labelsize", "ytick.labelsize", "axes.labelsize"):
        assert mpl.rcParams[name] >= 9
    assert mpl.rcParams["figure.figsize"][0] == 7.0
    colours = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
    assert set(colours) <= set(plots.COLOURS.values())


def test_every_plot_is_legible_and_small_enough_for_the_book():
    """Nothing is written below 9 points, and no picture exceeds 60 kB."""
    plots.use_style()
    for ax in every_plot():
        assert all(text.get_fontsize() >= 9 for text in ax.texts)
        assert all(label.get_fontsize() >= 9 for label in ax.get_xticklabels())
        file = io.BytesIO()
        ax.figure.savefig(file, format="png", bbox_inches="tight")
        assert file.tell() < 60_000


def test_every_plot_draws_into_the_axes_given():
    """With `ax` no figure is made, and the same axes come back."""
    calls = [
        lambda ax: plots.plot_series(SERIES, ax=ax),
        lambda ax: plots.plot_forecast(SERIES, {}, ax=ax),
        lambda ax: plots.plot_autocorrelation(SERIES, ax=ax),
        lambda ax: plots.plot_ladder({"a": [1.0]}, ax=ax),
        lambda ax: plots.plot_learning_curves({"loss": [1.0]}, ax=ax),
        lambda ax: plots.plot_windows(SERIES, sequence_length=2, origins=[3], ax=ax),
        lambda ax: plots.plot_task_diagram("delayed", ax=ax),
    ]
    for call in calls:
        _, ax = plt.subplots()
        assert call(ax) is ax
    assert len(plt.get_fignums()) == len(calls)


def test_series_are_drawn_as_they_are_and_named_at_their_ends():
    """Values and dates are the data; the names stand beside, in their colours."""
    series = {"rail": SERIES, "bus": SERIES - 2}
    ax = plots.plot_series(series, index=DATES, unit="riders (millions)")
    for line, values in zip(ax.lines, series.values(), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), values)
        np.testing.assert_array_equal(line.get_xdata(), DATES)
    assert texts(ax) == ["rail", "bus"]
    assert ax.texts[0].get_color() == ax.lines[0].get_color() == plots.COLOURS["blue"]
    assert ax.get_ylabel() == "riders (millions)"


def test_a_single_series_has_no_name():
    """One array is one line without a label."""
    ax = plots.plot_series(SERIES)
    assert texts(ax) == []
    assert ax.get_xlabel() == "step"


def test_names_at_line_ends_never_overlap():
    """Four series with nearly the same last value have names a line apart."""
    series = {name: SERIES + 0.01 * k for k, name in enumerate("abcd")}
    ax = plots.plot_series(series)
    heights = sorted(text.get_position()[1] for text in ax.texts)
    points = ax.figure.get_size_inches()[1] * 72 * ax.get_position().height
    assert np.diff(heights).min() * points >= 12
    assert heights[0] >= 0
    assert texts(ax) == ["d", "c", "b", "a"]


def test_splits_are_marked_where_they_are():
    """Each part is shaded from its first to its last step and named."""
    parts = {"train": slice(0, 40), "test": slice(41, 60)}
    ax = plots.plot_series(SERIES, splits=parts)
    edges = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in ax.patches]
    assert edges == [(0, 39), (41, 59)]
    assert texts(ax) == ["train", "test"]
    with pytest.raises(ValueError, match="at least one step"):
        plots.plot_series(SERIES, splits={"test": slice(60, 70)})


def test_forecasts_lie_over_what_was_observed():
    """The observed line comes first, in its own colour; the interval is shaded."""
    naive = np.r_[np.nan, SERIES[:-1]]
    ax = plots.plot_forecast(
        SERIES, {"naive": naive}, interval=(naive - 1, naive + 1), index=DATES
    )
    assert [line.get_label() for line in ax.lines] == ["observed", "naive"]
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), naive)
    assert ax.lines[0].get_color() == plots.COLOURS["observed"]
    limits = ax.collections[0].get_datalim(ax.transData)
    assert limits.y0 == pytest.approx(np.nanmin(naive) - 1)
    assert limits.y1 == pytest.approx(np.nanmax(naive) + 1)


def test_arrays_of_other_lengths_are_refused():
    """A forecast cut to the test part does not go over the whole series."""
    with pytest.raises(ValueError, match="'naive' must have one value for each"):
        plots.plot_forecast(SERIES, {"naive": SERIES[1:]})
    with pytest.raises(ValueError, match="at least one series"):
        plots.plot_series({})
    with pytest.raises(ValueError, match="`series` must have 1 axes"):
        plots.plot_series(np.zeros((3, 2)))


def test_autocorrelation_agrees_with_statsmodels():
    """The bars are statsmodels' biased estimate, the band is 1.96 / sqrt(n)."""
    from statsmodels.tsa.stattools import acf

    ax = plots.plot_autocorrelation(SERIES, max_lag=20, season=7)
    band, *bars = ax.patches
    expected = acf(SERIES, nlags=20, fft=False)[1:]
    np.testing.assert_allclose([bar.get_height() for bar in bars], expected)
    assert band.get_height() == pytest.approx(2 * 1.96 / np.sqrt(60))
    orange = mpl.colors.to_rgba(plots.COLOURS["orange"])
    seasonal = [k for k, bar in enumerate(bars, 1) if bar.get_facecolor() == orange]
    assert seasonal == [7, 14]


@pytest.mark.parametrize("series", [np.ones(60), SERIES[:20], np.r_[SERIES, np.nan]])
def test_autocorrelation_refuses_what_has_none(series):
    """A constant, a series that is too short, and a gap are refused."""
    with pytest.raises(ValueError, match="`series` must vary, be finite and longer"):
        plots.plot_autocorrelation(series)


def test_ladder_shows_seeds_means_intervals_and_both_lines():
    """Every number of the figure is computed again here, with scipy."""
    runs = np.array([0.71, 0.69, 0.73, 0.70, 0.72])
    ax = plots.plot_ladder(
        {"linear": [0.9], "GRU": runs}, baseline=0.8, optimum=0.6, label="MAE"
    )
    optimum, baseline, single, dots, interval, mean = ax.lines
    assert optimum.get_xdata() == [0.6, 0.6]
    assert baseline.get_xdata() == [0.8, 0.8]
    assert single.get_xdata() == [0.9]
    assert single.get_marker() == "D"
    np.testing.assert_array_equal(dots.get_xdata(), runs)
    expected = stats.t.interval(0.95, 4, runs.mean(), stats.sem(runs))
    np.testing.assert_allclose(interval.get_xdata(), expected)
    assert mean.get_xdata() == pytest.approx([0.71])
    assert texts(ax) == ["0.900", "0.710", "best attainable 0.600",
                         "strong baseline 0.800"]  # fmt: skip
    top, bottom = (label.get_text() for label in ax.get_yticklabels())
    assert (top, bottom) == ("linear", "GRU")
    assert ax.yaxis_inverted()
    assert ax.get_xlabel() == "MAE"


def test_ladder_takes_a_table_of_recorded_results():
    """A data frame with one column a model is drawn column by column."""
    table = pd.DataFrame({"a": [1.0, 2.0], "b": [3000.0, 4000.0]})
    ax = plots.plot_ladder(table)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    assert texts(ax) == ["1.50", "3,500"]


def test_ladder_refuses_missing_results():
    """No model, no run, and NaN are refused."""
    with pytest.raises(ValueError, match="at least one model"):
        plots.plot_ladder({})
    with pytest.raises(ValueError, match=r"values\['a'\]` must hold finite"):
        plots.plot_ladder({"a": [1.0, np.nan]})
    with pytest.raises(ValueError, match=r"values\['a'\]` must hold finite"):
        plots.plot_ladder({"a": []})


def test_learning_curves_count_epochs_from_one_and_mark_the_best():
    """The best epoch is the lowest validation loss, or the highest accuracy."""
    history = {
        "loss": [3.0, 2.0, 1.0],
        "val_loss": [4.0, 2.5, 3.0],
        "accuracy": [0.1, 0.2, 0.3],
        "val_accuracy": [0.1, 0.3, 0.2],
    }
    ax = plots.plot_learning_curves(history, baseline=2.2, optimum=0.8)
    assert ax.lines[0].get_xdata().tolist() == [1, 2, 3]
    assert ax.lines[1].get_ydata().tolist() == history["val_loss"]
    assert ax.lines[2].get_xdata() == [2]
    assert set(texts(ax)) == {
        "best: epoch 2", "training", "validation", "strong baseline",
        "best attainable",
    }  # fmt: skip
    assert ax.get_ylim()[0] < 0.8
    ax = plots.plot_learning_curves(history, metric="accuracy")
    assert ax.lines[2].get_ydata() == [0.3]
    with pytest.raises(ValueError, match="`history` must hold 'mae'"):
        plots.plot_learning_curves(history, metric="mae")


def test_windows_mark_inputs_and_targets_where_they_lie():
    """With a rate of 3 and t = 9 the inputs are 3, 6, 9 and the targets 10 and 12."""
    ax = plots.plot_windows(
        np.arange(15.0), sequence_length=3, origins=[9], horizon=(1, 3), sampling_rate=3
    )
    steps = [round(patch.get_x() + patch.get_width() / 2, 6) for patch in ax.patches]
    assert steps == [3, 6, 9, 10, 12]
    colours = [mpl.colors.to_hex(patch.get_facecolor()) for patch in ax.patches]
    assert (
        colours
        == [plots.COLOURS["blue"].lower()] * 3 + [plots.COLOURS["orange"].lower()] * 2
    )
    assert texts(ax) == ["inputs", "targets"]
    assert ax.get_yticklabels()[0].get_text() == "t = 9"
    with pytest.raises(ValueError, match="between 6 and 11"):
        plots.plot_windows(
            np.arange(15.0), sequence_length=3, origins=[5], horizon=3, sampling_rate=3
        )


@pytest.mark.parametrize(
    ("kind", "n_inputs", "n_cells", "n_outputs"),
    [
        ("many-to-one", 4, 4, 1),
        ("one-to-many", 1, 4, 4),
        ("synchronised", 4, 4, 4),
        ("delayed", 3, 5, 3),
        ("encoder-decoder", 3, 5, 2),
    ],
)
def test_task_diagrams_have_the_boxes_of_their_kind(kind, n_inputs, n_cells, n_outputs):
    """Inputs stand below the cells, outputs above, and each is named."""
    ax = plots.plot_task_diagram(kind)
    rows = [
        round(patch.get_y() + patch.get_height() / 2)
        for patch in ax.patches
        if isinstance(patch, FancyBboxPatch)
    ]
    assert [rows.count(k) for k in range(3)] == [n_inputs, n_cells, n_outputs]
    assert sum("hat" in text for text in texts(ax)) == n_outputs
    assert ax.get_title(loc="center") == kind


def test_unknown_task_is_refused():
    """The message lists the kinds."""
    with pytest.raises(ValueError, match="`kind` must be one of 'many-to-one'"):
        plots.plot_task_diagram("seq2seq")
