"""Figures in one look: colours that everybody can tell apart, labels beside the lines.

Every ``plot_*`` function draws arrays into `ax`, or into a new figure, and returns the
axes, so that a chapter can add to them. Nothing changes on import: call
:func:`use_style` once in a notebook.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from coursepkg._validation import check_array, check_choice, check_integer

__all__ = [
    "COLOURS",
    "plot_autocorrelation",
    "plot_forecast",
    "plot_ladder",
    "plot_learning_curves",
    "plot_series",
    "plot_task_diagram",
    "plot_windows",
    "use_style",
]

COLOURS: Mapping[str, str] = {
    "observed": "#333333",
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "vermillion": "#D55E00",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "grey": "#767676",
}
"""Colours by name: those of Okabe and Ito (2008), and two greys."""

_CYCLE = tuple(
    COLOURS[name] for name in ("blue", "vermillion", "green", "purple", "orange", "sky")
)
_BASELINE, _OPTIMUM = COLOURS["vermillion"], COLOURS["green"]
_WIDTH = 7.0  # inches

_TASKS: Mapping[str, tuple[tuple[int, ...], tuple[int, ...], int]] = {
    # steps with an input, steps with an output, number of steps
    "many-to-one": ((1, 2, 3, 4), (4,), 4),
    "one-to-many": ((1,), (1, 2, 3, 4), 4),
    "synchronised": ((1, 2, 3, 4), (1, 2, 3, 4), 4),
    "delayed": ((1, 2, 3), (3, 4, 5), 5),
    "encoder-decoder": ((1, 2, 3), (4, 5), 5),
}


def use_style() -> None:
    """Give all later figures of this session the look of the course.

    Figures are 7 inches wide with letters of 9 points and more, so that they can be
    read on a phone; grid lines are light, and colours can be told apart with any
    kind of colour vision.

    References
    ----------
    M. Okabe and K. Ito (2008). Color universal design: how to make figures and
    presentations that are friendly to colorblind people.

    Examples
    --------
    >>> with mpl.rc_context():  # undone at the end of the block
    ...     use_style()
    ...     mpl.rcParams["figure.dpi"]
    110.0
    """
    mpl.rcParams.update(
        {
            "figure.figsize": (_WIDTH, 3.2),
            "figure.dpi": 110,
            "savefig.dpi": 110,
            "figure.constrained_layout.use": True,
            "font.size": 10,
            "axes.titlesize": 11,
            "axes.titlelocation": "left",
            "axes.labelsize": 10,
            "xtick.labelsize": 9,
            "ytick.labelsize": 9,
            "legend.fontsize": 9,
            "legend.frameon": False,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": COLOURS["grey"],
            "axes.labelcolor": COLOURS["observed"],
            "xtick.color": COLOURS["grey"],
            "ytick.color": COLOURS["grey"],
            "xtick.labelcolor": COLOURS["observed"],
            "ytick.labelcolor": COLOURS["observed"],
            "text.color": COLOURS["observed"],
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#E3E3E3",
            "grid.linewidth": 0.7,
            "lines.linewidth": 1.6,
            "axes.prop_cycle": cycler(color=_CYCLE),
        }
    )


def plot_series(
    series: ArrayLike | Mapping[str, ArrayLike],
    *,
    index: ArrayLike | None = None,
    splits: Mapping[str, slice] | None = None,
    unit: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one or several series over time, each named at its end.

    Parameters
    ----------
    series : array_like of shape (time,), or mapping of str to such
        The values; NaN leaves a gap. Named series get their names as labels.
    index : array_like of shape (time,), optional
        Dates or step numbers; 0, 1, ... if left out.
    splits : mapping of str to slice, optional
        Parts of the series to mark, for example ``{"train": train, ...}``.
    unit : str, optional
        Label of the vertical axis, with the unit.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If a series is not one-dimensional, or its length is not that of the index.

    Examples
    --------
    >>> ax = plot_series({"rail": [3.0, 4.0, 2.0]}, unit="riders (millions)")
    >>> ax.lines[0].get_ydata()
    array([3., 4., 2.])
    """
    named = series if isinstance(series, Mapping) else {"": series}
    arrays = {
        label: check_array(values, "series", ndim=1) for label, values in named.items()
    }
    steps = _steps(index, arrays)
    ax = _axes(ax, height=2.9)
    ends = []
    for number, (label, values) in enumerate(arrays.items()):
        colour = _CYCLE[number % len(_CYCLE)]
        # Hundreds of strokes a centimetre need thin lines, and sharp ones make small
        # files.
        dense = len(values) > 500
        ax.plot(
            steps,
            values,
            color=colour,
            linewidth=0.7 if dense else 1.3,
            antialiased=not dense,
            label=label or None,
        )
        ends.append((_last(values), label, colour))
    ax.margins(x=0.01)
    for number, (label, part) in enumerate((splits or {}).items()):
        inside = steps[part]
        if len(inside) == 0:
            message = f"`splits[{label!r}]` must hold at least one step, got {part}."
            raise ValueError(message)
        ax.axvspan(
            inside[0], inside[-1], color=("#EDF3F8", "#FBF1E3")[number % 2], zorder=0
        )
        ax.annotate(
            label,
            (ax.convert_xunits(inside[0]), 1.0),
            xycoords=ax.get_xaxis_transform(),
            xytext=(3, 3),
            textcoords="offset points",
            color=COLOURS["grey"],
            fontsize=9,
        )
    _finish_time_axis(ax, steps, unit)
    _label_ends(ax, ends)
    return ax


def plot_forecast(
    observed: ArrayLike,
    forecasts: Mapping[str, ArrayLike],
    *,
    index: ArrayLike | None = None,
    interval: tuple[ArrayLike, ArrayLike] | None = None,
    unit: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw forecasts over what came, on the same steps.

    Parameters
    ----------
    observed : array_like of shape (time,)
        What came; NaN where it is not known yet.
    forecasts : mapping of str to array_like of shape (time,)
        Name to forecasts; NaN where there is none.
    index : array_like of shape (time,), optional
        Dates or step numbers; 0, 1, ... if left out.
    interval : pair of array_like of shape (time,), optional
        Lower and upper limit, shaded in the colour of the first forecast.
    unit : str, optional
        Label of the vertical axis, with the unit.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If an array is not one-dimensional, or lengths differ.

    Examples
    --------
    >>> ax = plot_forecast([3.0, 4.0, 2.0], {"naive": [np.nan, 3.0, 4.0]})
    >>> [line.get_label() for line in ax.lines]
    ['observed', 'naive']
    """
    arrays = {"observed": check_array(observed, "observed", ndim=1)} | {
        label: check_array(values, f"forecasts[{label!r}]", ndim=1)
        for label, values in forecasts.items()
    }
    steps = _steps(index, arrays)
    ax = _axes(ax, height=2.9)
    ends = []
    marker = "." if len(steps) <= 120 else ""
    colours = (COLOURS["observed"], *_CYCLE)
    for number, (label, values) in enumerate(arrays.items()):
        colour = colours[number % len(colours)]
        ax.plot(
            steps,
            values,
            color=colour,
            label=label,
            zorder=2 + number,
            linewidth=1.7 if number else 1.0,
            marker="" if number else marker,
            antialiased=len(steps) <= 500,
        )
        ends.append((_last(values), label, colour))
    if interval is not None:
        low, high = (check_array(limit, "interval", ndim=1) for limit in interval)
        _steps(index, {"interval": low, "observed": high})
        ax.fill_between(
            steps, low, high, color="#D6E6F1", linewidth=0, antialiased=False, zorder=1
        )
    ax.margins(x=0.01)
    _finish_time_axis(ax, steps, unit)
    _label_ends(ax, ends)
    return ax


def plot_autocorrelation(
    series: ArrayLike,
    *,
    max_lag: int = 40,
    season: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    r"""Draw how strongly a series resembles itself some steps earlier.

    .. math:: r_k = \frac{\sum_{t=k+1}^{n} (y_t - \bar y)(y_{t-k} - \bar y)}
        {\sum_{t=1}^{n} (y_t - \bar y)^2}

    The shaded band, :math:`\pm 1.96 / \sqrt n`, holds 95 % of the bars of a series
    without any memory.

    Parameters
    ----------
    series : array_like of shape (time,)
        Finite values, more than `max_lag` of them.
    max_lag : int, default 40
        The last lag shown.
    season : int, optional
        Multiples of this lag are drawn in another colour.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the series is constant, not finite, or no longer than `max_lag`.

    References
    ----------
    M. S. Bartlett (1946). On the theoretical specification and sampling properties
    of autocorrelated time-series. Supplement to the Journal of the Royal Statistical
    Society 8(1), 27-41.

    Examples
    --------
    >>> ax = plot_autocorrelation([1.0, -1.0] * 50, max_lag=2)
    >>> [round(float(bar.get_height()), 2) for bar in ax.patches if bar.get_x() > 0]
    [-0.99, 0.98]
    """
    values = check_array(series, "series", ndim=1).astype(np.float64)  # (time,)
    last = check_integer(max_lag, "max_lag", minimum=1)
    if not np.all(np.isfinite(values)) or len(values) <= last or np.ptp(values) == 0:
        message = (
            f"`series` must vary, be finite and longer than `max_lag` = {last}, got "
            f"{len(values)} steps of which {np.count_nonzero(~np.isfinite(values))} "
            "are NaN or infinite."
        )
        raise ValueError(message)
    centred = values - values.mean()
    lags = np.arange(1, last + 1)
    correlations = np.array([centred[k:] @ centred[:-k] for k in lags])
    correlations /= centred @ centred  # (max_lag,)
    ax = _axes(ax, height=2.6)
    limit = 1.96 / np.sqrt(len(values))
    ax.axhspan(-limit, limit, color="#E8E8E8", zorder=0, linewidth=0)
    seasonal = np.zeros(last, dtype=bool)
    if season is not None:
        seasonal = lags % check_integer(season, "season", minimum=1) == 0
    colours = np.where(seasonal, COLOURS["orange"], COLOURS["blue"])
    ax.bar(lags, correlations, width=0.55, color=colours)
    ax.axhline(0.0, color=COLOURS["grey"], linewidth=0.8)
    ax.grid(visible=False, axis="x")
    ax.set_xlim(0, last + 1)
    ax.set_xlabel("lag (steps)")
    ax.set_ylabel("autocorrelation")
    if season is not None:
        step = season * max(1, round(last / season / 8))
        ax.set_xticks(np.arange(step, last + 1, step))
    return ax


def plot_ladder(
    values: Mapping[str, ArrayLike],
    *,
    baseline: float | None = None,
    optimum: float | None = None,
    baseline_label: str = "strong baseline",
    label: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw models between two lines: what is cheap, and what is attainable.

    Each model shows its seeds as small dots and their mean with its 95 % confidence
    interval (Student's t). A result that does not depend on the seed is a diamond.

    Parameters
    ----------
    values : mapping of str to array_like of shape (n_seeds,)
        Model name to its results; a data frame with one column a model serves too.
        The first model is drawn at the top.
    baseline : float, optional
        Score of the strong baseline on the same targets.
    optimum : float, optional
        Score of the oracle on the same targets: the best attainable.
    baseline_label : str, default "strong baseline"
        What the baseline is.
    label : str, optional
        Label of the horizontal axis: the metric, with its unit.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure, as high as the ladder needs, if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there is no model, or a result is missing or not finite.

    Examples
    --------
    >>> ax = plot_ladder(
    ...     {"linear": [0.9], "GRU": [0.71, 0.69, 0.70]}, baseline=0.8, optimum=0.6
    ... )
    >>> [tick.get_text() for tick in ax.get_yticklabels()]
    ['linear', 'GRU']
    """
    arrays = {
        name: check_array(runs, f"values[{name!r}]", ndim=1).astype(np.float64)
        for name, runs in values.items()
    }
    if not arrays:
        message = "`values` must hold at least one model, got none."
        raise ValueError(message)
    for name, runs in arrays.items():
        if len(runs) == 0 or not np.all(np.isfinite(runs)):
            message = f"`values[{name!r}]` must hold finite results, got {runs}."
            raise ValueError(message)
    ax = _axes(ax, height=1.25 + 0.34 * len(arrays))
    if baseline is not None and optimum is not None:
        ax.axvspan(baseline, optimum, color="#F2F7F4", zorder=0)
    lines = (
        (optimum, "best attainable", _OPTIMUM),
        (baseline, baseline_label, _BASELINE),
    )
    drawn = [(float(x), text, colour) for x, text, colour in lines if x is not None]
    for x, _, colour in drawn:
        ax.axvline(x, color=colour, linewidth=1.4, linestyle=(0, (5, 2)), zorder=1)
    for row, runs in enumerate(arrays.values()):
        mean = float(np.mean(runs))
        if np.ptp(runs) == 0.0:
            ax.plot(mean, row, "D", color=COLOURS["observed"], markersize=5, zorder=4)
        else:
            quantile = stdtrit(len(runs) - 1, 0.975)
            half = float(quantile * np.std(runs, ddof=1) / np.sqrt(len(runs)))
            ax.plot(
                runs,
                np.full(len(runs), row),
                "o",
                color=COLOURS["sky"],
                markersize=4,
                alpha=0.75,
                markeredgewidth=0,
                zorder=2,
            )
            ax.plot(
                [mean - half, mean + half],
                [row, row],
                color=COLOURS["blue"],
                linewidth=2.2,
                solid_capstyle="butt",
                zorder=3,
            )
            ax.plot(mean, row, "o", color=COLOURS["blue"], markersize=6.5, zorder=4)
        ax.text(
            1.015,
            row,
            _short_number(mean),
            transform=ax.get_yaxis_transform(),
            va="center",
            fontsize=9,
        )
    ax.set_yticks(range(len(arrays)), list(arrays), fontsize=10)
    ax.set_ylim(len(arrays) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.margins(x=0.06)
    if max(float(np.max(np.abs(runs))) for runs in arrays.values()) >= 1000:
        ax.xaxis.set_major_formatter(lambda x, _: _short_number(x))
    if label is not None:
        ax.set_xlabel(label)
    _label_lines_above(ax, drawn)
    return ax


def plot_learning_curves(
    history: Mapping[str, ArrayLike],
    *,
    metric: str = "loss",
    baseline: float | None = None,
    optimum: float | None = None,
    label: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw training and validation scores by epoch, with the best epoch marked.

    Parameters
    ----------
    history : mapping of str to array_like of shape (epochs,)
        ``model.fit(...).history``.
    metric : str, default "loss"
        Which entry to draw, with ``"val_" + metric`` if that is there.
    baseline, optimum : float, optional
        Horizontal lines: the strong baseline, and the best attainable.
    label : str, optional
        Label of the vertical axis; the metric if left out.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the history lacks the metric.

    Examples
    --------
    >>> history = {"loss": [3.0, 2.0, 1.0], "val_loss": [4.0, 2.5, 3.0]}
    >>> ax = plot_learning_curves(history)
    >>> [text.get_text() for text in ax.texts]
    ['best: epoch 2', 'validation', 'training']
    """
    if metric not in history:
        message = f"`history` must hold {metric!r}, got {sorted(history)}."
        raise ValueError(message)
    ax = _axes(ax, height=2.8)
    curves = [
        (metric, "training", COLOURS["sky"]),
        (f"val_{metric}", "validation", COLOURS["blue"]),
    ]
    ends = []
    for key, name, colour in curves:
        if key not in history:
            continue
        scores = check_array(history[key], f"history[{key!r}]", ndim=1)  # (epochs,)
        epochs = np.arange(1, len(scores) + 1)
        ax.plot(epochs, scores, color=colour, label=name)
        ends.append((_last(scores), name, colour))
        if key.startswith("val_") and np.any(np.isfinite(scores)):
            rising = metric.endswith(("accuracy", "acc"))
            best = int(np.nanargmax(scores) if rising else np.nanargmin(scores))
            share = best / len(scores)
            ax.plot(epochs[best], scores[best], "o", color=colour, markersize=6)
            ax.annotate(
                f"best: epoch {best + 1}",
                (epochs[best], scores[best]),
                xytext=(0, -8 if rising else 8),
                textcoords="offset points",
                ha="left" if share < 0.15 else "right" if share > 0.85 else "center",
                va="top" if rising else "bottom",
                color=colour,
                fontsize=9,
            )
    for value, name, colour in (
        (baseline, "strong baseline", _BASELINE),
        (optimum, "best attainable", _OPTIMUM),
    ):
        if value is not None:
            ax.axhline(value, color=colour, linewidth=1.4, linestyle=(0, (5, 2)))
            ax.update_datalim([(1, value)])
            ends.append((float(value), name, colour))
    ax.margins(x=0.02, y=0.06)
    ax.set_xlabel("epoch")
    ax.set_ylabel(label or metric)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    _label_ends(ax, ends)
    return ax


def plot_windows(
    series: ArrayLike,
    *,
    sequence_length: int,
    origins: Sequence[int],
    horizon: int | Sequence[int] = 1,
    sampling_rate: int = 1,
    ax: Axes | None = None,
) -> Axes:
    """Draw which steps of a series each window reads and which it must predict.

    Parameters
    ----------
    series : array_like of shape (time,)
        A short series: up to about 60 steps can be told apart.
    sequence_length : int
        Input steps in a window.
    origins : sequence of int
        Last input step t of each window shown, the first one at the top.
    horizon : int or sequence of int, default 1
        How many steps after t the target lies, or the targets.
    sampling_rate : int, default 1
        Distance between input steps.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If a window or a target does not fit into the series.

    Examples
    --------
    >>> ax = plot_windows([1.0, 3.0, 2.0, 5.0], sequence_length=2, origins=[1, 2])
    >>> len(ax.patches)  # two windows of two inputs and one target
    6
    """
    values = check_array(series, "series", ndim=1).astype(np.float64)  # (time,)
    length = check_integer(sequence_length, "sequence_length", minimum=1)
    rate = check_integer(sampling_rate, "sampling_rate", minimum=1)
    ahead = np.atleast_1d(np.asarray(horizon))
    reach = (length - 1) * rate
    for origin in origins:
        if origin - reach < 0 or origin + ahead.max() >= len(values):
            message = (
                f"`origins` must lie between {reach} and "
                f"{len(values) - 1 - ahead.max()} for these windows, got {origin}."
            )
            raise ValueError(message)
    ax = _axes(ax, height=1.9 + 0.26 * len(origins))
    top = -1.6  # rows grow downwards from 0; the series stands above them
    spread = float(np.ptp(values)) or 1.0
    heights = top - 3.0 * (values - values.min()) / spread
    ax.plot(
        range(len(values)),
        heights,
        color=COLOURS["observed"],
        linewidth=1.0,
        marker="o",
        markersize=3,
    )
    for row, origin in enumerate(origins):
        inputs = np.arange(origin - reach, origin + 1, rate)  # (sequence_length,)
        for step in inputs:
            ax.add_patch(_cell(float(step), row, COLOURS["blue"]))
        for step in origin + ahead:
            ax.add_patch(_cell(float(step), row, COLOURS["orange"]))
    first = origins[0]
    ax.text(
        first - reach / 2,
        -0.55,
        "inputs",
        color=COLOURS["blue"],
        ha="center",
        va="bottom",
        fontsize=9,
    )
    ax.text(
        first + float(np.mean(ahead)),
        -0.55,
        "target" if len(ahead) == 1 else "targets",
        color="#9A6A00",
        ha="center",
        va="bottom",
        fontsize=9,
    )
    ax.set_yticks(range(len(origins)), [f"t = {origin}" for origin in origins])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(origins) - 0.3, top - 3.3)
    ax.set_xlim(-0.8, len(values) - 0.2)
    ax.spines["left"].set_visible(False)
    ax.grid(visible=False, axis="y")
    ax.set_xlabel("step")
    return ax


def plot_task_diagram(kind: str, *, ax: Axes | None = None) -> Axes:
    r"""Draw a sequence task: inputs below, the network's steps, outputs above.

    Parameters
    ----------
    kind : str
        "many-to-one" (a sequence in, one vector out), "one-to-many" (one vector in, a
        sequence out), "synchronised" (an output at every step), "delayed" (outputs
        begin some steps after the inputs), or "encoder-decoder" (the whole input is
        read before the first output, and each output is the next input).
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If `kind` is unknown.

    Examples
    --------
    >>> ax = plot_task_diagram("many-to-one")
    >>> [text.get_text() for text in ax.texts if "y" in text.get_text()]
    ['$\\hat{y}$']
    """
    check_choice(kind, "kind", tuple(_TASKS))
    with_input, with_output, n_steps = _TASKS[kind]
    decoder = set(with_output) if kind == "encoder-decoder" else set()
    ax = _axes(ax, height=2.6)
    size = _diagram_font_size(ax)
    for step in range(1, n_steps + 1):
        colour = COLOURS["purple"] if step in decoder else COLOURS["blue"]
        _box(ax, step, 1.0, rf"$h^{{({step})}}$", colour, size)
        if step < n_steps:
            _arrow(ax, (step + 0.33, 1.0), (step + 0.67, 1.0))
    for number, step in enumerate(with_input, start=1):
        name = "x" if len(with_input) == 1 else rf"x^{{({number})}}"
        _box(ax, step, 0.0, f"${name}$", COLOURS["grey"], size)
        _arrow(ax, (step, 0.33), (step, 0.67))
    for number, step in enumerate(with_output, start=1):
        name = r"\hat{y}" if len(with_output) == 1 else rf"\hat{{y}}^{{({number})}}"
        _box(ax, step, 2.0, f"${name}$", COLOURS["orange"], size)
        _arrow(ax, (step, 1.33), (step, 1.67))
        if decoder and number < len(with_output):
            _arrow(ax, (step + 0.33, 1.85), (step + 0.78, 1.33), dashed=True)
    # Five steps wide, whatever the kind: boxes in neighbouring panels are then equal.
    middle = (n_steps + 1) / 2
    ax.set_xlim(middle - 2.45, middle + 2.45)
    ax.set_ylim(-0.4, 2.4)
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.set_title(kind, loc="center", fontsize=11)
    return ax


def _diagram_font_size(ax: Axes) -> float:
    """Return a size of letters, in points, that fits the boxes of a task diagram."""
    points = 72 / ax.figure.dpi
    # Constrained layout makes the axes about a quarter larger than they start.
    step = 1.25 * points * min(ax.bbox.width / 4.9, ax.bbox.height / 2.8)
    return float(np.clip(0.3 * step, 9.0, 15.0))


def _axes(ax: Axes | None, *, height: float) -> Axes:
    """Return the axes given, or those of a new figure."""
    if ax is not None:
        return ax
    _, new = plt.subplots(figsize=(_WIDTH, height), layout="constrained")
    return new


def _steps(index: ArrayLike | None, arrays: Mapping[str, NDArray]) -> NDArray:
    """Return the horizontal positions, of the length of every array."""
    lengths = {label: len(values) for label, values in arrays.items()}
    if not lengths:
        message = "There must be at least one series to draw, got none."
        raise ValueError(message)
    steps = (
        np.arange(next(iter(lengths.values()))) if index is None else np.asarray(index)
    )
    for label, length in lengths.items():
        if length != len(steps):
            message = (
                f"{label!r} must have one value for each of the {len(steps)} steps, "
                f"got {length}."
            )
            raise ValueError(message)
    return steps


def _finish_time_axis(ax: Axes, steps: NDArray, unit: str | None) -> None:
    """Name the axes; write dates as short as they can be."""
    if np.issubdtype(steps.dtype, np.datetime64):
        locator = mdates.AutoDateLocator(minticks=4, maxticks=9)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
    else:
        ax.set_xlabel("step")
    if unit is not None:
        ax.set_ylabel(unit)


def _last(values: NDArray) -> float:
    """Return the last value that is not missing."""
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if len(finite) else np.nan


def _label_ends(ax: Axes, ends: Sequence[tuple[float, str, str]]) -> None:
    """Write names to the right of the lines' ends, moved apart where they collide."""
    named = sorted(
        ((y, text, colour) for y, text, colour in ends if text and np.isfinite(y)),
        key=lambda end: -end[0],
    )
    if not named:
        return
    low, high = ax.get_ylim()
    gap = 12.5 / (ax.bbox.height * 72 / ax.figure.dpi)  # share of the axes' height
    to_shares = ax.transScale + ax.transLimits
    wanted = [to_shares.transform((ax.get_xlim()[1], y))[1] for y, _, _ in named]
    placed: list[float] = []
    for share in wanted:
        placed.append(min(share, placed[-1] - gap) if placed else min(share, 1.0))
    overshoot = max(0.0, -placed[-1])
    placed = [share + overshoot for share in placed]
    ax.set_ylim(low, high)
    for share, (_, text, colour) in zip(placed, named, strict=True):
        ax.text(
            1.01,
            share,
            text,
            transform=ax.transAxes,
            color=colour,
            va="center",
            fontsize=9.5,
        )


def _label_lines_above(ax: Axes, lines: Sequence[tuple[float, str, str]]) -> None:
    """Write names above one or two vertical lines, away from each other."""
    ordered = sorted(lines)
    sides = ("right", "left") if len(ordered) == 2 else ("center",)
    for (x, text, colour), side in zip(ordered, sides, strict=False):
        ax.annotate(
            f"{text} {_short_number(x)}",
            (x, 1.0),
            xycoords=ax.get_xaxis_transform(),
            xytext=(0, 4),
            textcoords="offset points",
            ha=side,
            color=colour,
            fontsize=9.5,
        )


def _short_number(value: float) -> str:
    """Write three significant digits, or whole thousands with commas."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:#.3g}".rstrip(".")


def _cell(step: float, row: int, colour: str) -> Rectangle:
    """Return the square of one step in a row of windows."""
    return Rectangle((step - 0.42, row - 0.36), 0.84, 0.72, color=colour, linewidth=0)


def _box(ax: Axes, x: float, y: float, text: str, colour: str, size: float) -> None:
    """Draw a box with a name in it."""
    ax.add_patch(
        FancyBboxPatch(
            (x - 0.26, y - 0.26),
            0.52,
            0.52,
            boxstyle="round,pad=0.06,rounding_size=0.1",
            facecolor=mpl.colors.to_rgba(colour, 0.16),
            edgecolor=colour,
            linewidth=1.3,
        )
    )
    ax.text(x, y, text, ha="center", va="center", fontsize=size)


def _arrow(
    ax: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    dashed: bool = False,
) -> None:
    """Draw an arrow between two boxes."""
    options: dict[str, Any] = {"linestyle": (0, (3, 2))} if dashed else {}
    ax.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=11,
            shrinkA=0,
            shrinkB=0,
            color=COLOURS["observed"],
            linewidth=1.2,
            **options,
        )
    )
