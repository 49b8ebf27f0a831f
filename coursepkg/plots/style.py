"""Colours, letters and lines that all figures share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from numpy.typing import NDArray

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

CYCLE = tuple(
    COLOURS[name] for name in ("blue", "vermillion", "green", "purple", "orange", "sky")
)
BASELINE, OPTIMUM = COLOURS["vermillion"], COLOURS["green"]
WIDTH = 7.0  # inches
INKS: Mapping[str, str] = {  # the same hues, dark enough for letters on white
    "blue": "#005A8E",
    "orange": "#8A5F00",
    "green": "#006B4D",
    "vermillion": "#A84A00",
    "purple": "#8A3A68",
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
            "figure.figsize": (WIDTH, 3.2),
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
            "axes.prop_cycle": cycler(color=CYCLE),
        }
    )


def new_axes(ax: Axes | None, *, height: float) -> Axes:
    """Return the axes given, or those of a new figure."""
    if ax is not None:
        return ax
    _, new = plt.subplots(figsize=(WIDTH, height), layout="constrained")
    return new


def last_value(values: NDArray) -> float:
    """Return the last value that is not missing."""
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if len(finite) else np.nan


def label_ends(ax: Axes, ends: Sequence[tuple[float, str, str]]) -> None:
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


def short_number(value: float) -> str:
    """Write three significant digits, or whole thousands with commas."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:#.3g}".rstrip(".")
