"""Sketches of boxes and arrows: tasks, and a network unrolled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

from coursepkg._validation import check_choice
from coursepkg.plots.style import COLOURS, INKS, new_axes

_TASKS: Mapping[str, tuple[tuple[int, ...], tuple[int, ...], int]] = {
    # steps with an input, steps with an output, number of steps
    "many-to-one": ((1, 2, 3, 4), (4,), 4),
    "one-to-many": ((1,), (1, 2, 3, 4), 4),
    "synchronised": ((1, 2, 3, 4), (1, 2, 3, 4), 4),
    "delayed": ((1, 2, 3), (3, 4, 5), 5),
    "encoder-decoder": ((1, 2, 3), (4, 5), 5),
}


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
    ax = new_axes(ax, height=2.6)
    size = _diagram_font_size(ax)
    for step in range(1, n_steps + 1):
        colour = COLOURS["purple"] if step in decoder else COLOURS["blue"]
        draw_box(ax, step, 1.0, rf"$h^{{({step})}}$", colour, size)
        if step < n_steps:
            draw_arrow(ax, (step + 0.33, 1.0), (step + 0.67, 1.0))
    for number, step in enumerate(with_input, start=1):
        name = "x" if len(with_input) == 1 else rf"x^{{({number})}}"
        draw_box(ax, step, 0.0, f"${name}$", COLOURS["grey"], size)
        draw_arrow(ax, (step, 0.33), (step, 0.67))
    for number, step in enumerate(with_output, start=1):
        name = r"\hat{y}" if len(with_output) == 1 else rf"\hat{{y}}^{{({number})}}"
        draw_box(ax, step, 2.0, f"${name}$", COLOURS["orange"], size)
        draw_arrow(ax, (step, 1.33), (step, 1.67))
        if decoder and number < len(with_output):
            draw_arrow(ax, (step + 0.33, 1.85), (step + 0.78, 1.33), dashed=True)
    # Five steps wide, whatever the kind: boxes in neighbouring panels are then equal.
    middle = (n_steps + 1) / 2
    ax.set_xlim(middle - 2.45, middle + 2.45)
    ax.set_ylim(-0.4, 2.4)
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.set_title(kind, loc="center", fontsize=11)
    return ax


def plot_unrolled(tokens: Sequence[str], *, ax: Axes | None = None) -> Axes:
    r"""Draw a recurrent network twice: folded, with its loop, and unrolled in time.

    Every copy of the unrolled network bears the same weights, in the same colours, as
    the folded one: :math:`W_{xh}` into the state, :math:`W_{hh}` from state to state,
    :math:`W_{hy}` to the output.

    Parameters
    ----------
    tokens : sequence of str
        What is read, one short token for each step, at most six; a string is a
        sequence of its letters.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there is no token, or more than six.

    Examples
    --------
    >>> ax = plot_unrolled("JAZZ")
    >>> labels = [text.get_text() for text in ax.texts]
    >>> labels.count("$W_{hh}$")  # once in the loop, once before each of four steps
    5
    """
    n_steps = len(tokens)
    if not 1 <= n_steps <= 6:
        message = f"`tokens` must hold 1 to 6 tokens, got {n_steps}: {tokens!r}."
        raise ValueError(message)
    ax = new_axes(ax, height=3.5)
    width = 2.75 + 1.36 * n_steps
    points = 72 / ax.figure.dpi
    unit = 1.2 * points * min(ax.bbox.width / width, ax.bbox.height / 3.7)
    size = float(np.clip(0.29 * unit, 9.0, 15.0))
    small = max(9.0, 0.82 * size)
    weights = (("W_{xh}", "vermillion"), ("W_{hh}", "purple"), ("W_{hy}", "green"))
    into, across, out = ((f"${name}$", INKS[colour]) for name, colour in weights)

    def column(x: float, token: str, step: str) -> None:
        _column(
            ax, x, (token, rf"$h^{{({step})}}$", rf"$\hat{{y}}^{{({step})}}$"), size
        )
        for y, (name, colour) in ((0.35, into), (1.55, out)):
            draw_arrow(ax, (x, y), (x, y + 0.5), colour=colour)
            _write(ax, (x + 0.07, y + 0.22), name, colour, small, "left")

    column(0.0, "$x^{(t)}$", "t")
    loop = Path([(0.32, 1.37), (0.56, 1.37), (0.56, 1.03), (0.32, 1.03)])
    ax.add_patch(
        FancyArrowPatch(
            path=loop,
            arrowstyle="-|>",
            mutation_scale=11,
            color=across[1],
            linewidth=1.2,
            joinstyle="round",
            fill=True,
        )
    )
    _write(ax, (0.63, 1.2), *across, small, "left")
    _write(ax, (1.5, 1.2), "$=$", COLOURS["observed"], 1.4 * size, "center")
    first = 2.05
    _write(ax, (first, 1.2), "$h^{(0)}$", COLOURS["observed"], size, "center")
    for number, token in enumerate(tokens, start=1):
        x = first + 1.36 * number - 0.1
        left = first + 0.24 if number == 1 else x - 1.36 + 0.33
        draw_arrow(ax, (left, 1.2), (x - 0.33, 1.2), colour=across[1])
        _write(ax, ((left + x - 0.4) / 2, 1.36), *across, small, "center")
        column(x, token, str(number))
    _write(ax, (0.0, -0.55), "folded", COLOURS["grey"], small, "center")
    middle = first + 1.36 * (n_steps + 1) / 2 - 0.1
    _write(ax, (middle, -0.55), "unrolled", COLOURS["grey"], small, "center")
    ax.set_xlim(-0.5, width - 0.25)
    ax.set_ylim(-0.75, 2.8)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return ax


def _column(ax: Axes, x: float, names: tuple[str, str, str], size: float) -> None:
    """Draw input, state and output of one step above each other."""
    colours = (COLOURS["grey"], COLOURS["blue"], COLOURS["orange"])
    for y, name, colour in zip((0.0, 1.2, 2.4), names, colours, strict=True):
        draw_box(ax, x, y, name, colour, size)


def _write(
    ax: Axes,
    where: tuple[float, float],
    text: str,
    colour: str,
    size: float,
    side: str,
) -> None:
    """Write a label, half of it above `where`."""
    ax.text(*where, text, color=colour, fontsize=size, ha=side, va="center")


def _diagram_font_size(ax: Axes) -> float:
    """Return a size of letters, in points, that fits the boxes of a task diagram."""
    points = 72 / ax.figure.dpi
    # Constrained layout makes the axes about a quarter larger than they start.
    step = 1.25 * points * min(ax.bbox.width / 4.9, ax.bbox.height / 2.8)
    return float(np.clip(0.3 * step, 9.0, 15.0))


def draw_box(ax: Axes, x: float, y: float, text: str, colour: str, size: float) -> None:
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


def draw_arrow(
    ax: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    dashed: bool = False,
    colour: str = COLOURS["observed"],
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
            color=colour,
            linewidth=1.2,
            **options,
        )
    )
