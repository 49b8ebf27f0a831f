"""Figures of results: models between two lines, and learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from coursepkg._validation import check_array
from coursepkg.plots.style import (
    BASELINE,
    COLOURS,
    OPTIMUM,
    label_ends,
    last_value,
    new_axes,
    short_number,
)


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
    ax = new_axes(ax, height=1.25 + 0.34 * len(arrays))
    if baseline is not None and optimum is not None:
        ax.axvspan(baseline, optimum, color="#F2F7F4", zorder=0)
    lines = (
        (optimum, "best attainable", OPTIMUM),
        (baseline, baseline_label, BASELINE),
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
            short_number(mean),
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
        ax.xaxis.set_major_formatter(lambda x, _: short_number(x))
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
    ax = new_axes(ax, height=2.8)
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
        ends.append((last_value(scores), name, colour))
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
        (baseline, "strong baseline", BASELINE),
        (optimum, "best attainable", OPTIMUM),
    ):
        if value is not None:
            ax.axhline(value, color=colour, linewidth=1.4, linestyle=(0, (5, 2)))
            ax.update_datalim([(1, value)])
            ends.append((float(value), name, colour))
    ax.margins(x=0.02, y=0.06)
    ax.set_xlabel("epoch")
    ax.set_ylabel(label or metric)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    label_ends(ax, ends)
    return ax


def _label_lines_above(ax: Axes, lines: Sequence[tuple[float, str, str]]) -> None:
    """Write names above one or two vertical lines, away from each other."""
    ordered = sorted(lines)
    sides = ("right", "left") if len(ordered) == 2 else ("center",)
    for (x, text, colour), side in zip(ordered, sides, strict=False):
        ax.annotate(
            f"{text} {short_number(x)}",
            (x, 1.0),
            xycoords=ax.get_xaxis_transform(),
            xytext=(0, 4),
            textcoords="offset points",
            ha=side,
            color=colour,
            fontsize=9.5,
        )
