"""Figures with time on the horizontal axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from coursepkg._validation import check_array, check_integer
from coursepkg.plots.style import COLOURS, CYCLE, label_ends, last_value, new_axes


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
    ax = new_axes(ax, height=2.9)
    ends = []
    for number, (label, values) in enumerate(arrays.items()):
        colour = CYCLE[number % len(CYCLE)]
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
        ends.append((last_value(values), label, colour))
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
    finish_time_axis(ax, steps, unit)
    label_ends(ax, ends)
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
    ax = new_axes(ax, height=2.9)
    ends = []
    marker = "." if len(steps) <= 120 else ""
    colours = (COLOURS["observed"], *CYCLE)
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
        ends.append((last_value(values), label, colour))
    if interval is not None:
        low, high = (check_array(limit, "interval", ndim=1) for limit in interval)
        _steps(index, {"interval": low, "observed": high})
        ax.fill_between(
            steps, low, high, color="#D6E6F1", linewidth=0, antialiased=False, zorder=1
        )
    ax.margins(x=0.01)
    finish_time_axis(ax, steps, unit)
    label_ends(ax, ends)
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
    ax = new_axes(ax, height=2.6)
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
    ax = new_axes(ax, height=1.9 + 0.26 * len(origins))
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


def finish_time_axis(ax: Axes, steps: NDArray, unit: str | None) -> None:
    """Name the axes; write dates as short as they can be."""
    if np.issubdtype(steps.dtype, np.datetime64):
        locator = mdates.AutoDateLocator(minticks=4, maxticks=9)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
    else:
        ax.set_xlabel("step")
    if unit is not None:
        ax.set_ylabel(unit)


def _cell(step: float, row: int, colour: str) -> Rectangle:
    """Return the square of one step in a row of windows."""
    return Rectangle((step - 0.42, row - 0.36), 0.84, 0.72, color=colour, linewidth=0)
