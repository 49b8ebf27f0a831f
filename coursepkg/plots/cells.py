"""Sketches of recurrent cells: what one step computes, in the letters of the book."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

from coursepkg._validation import check_choice
from coursepkg.plots.style import COLOURS, INKS, new_axes

_HALF = {"gate": (0.62, 0.42), "tanh": (0.62, 0.42), "scale": (0.5, 0.36)}
_RADIUS = 0.34  # of the circles of + and ×
_COLOURS = {"gate": "orange", "tanh": "green", "scale": "grey"}


_Line = tuple[str, tuple[str | tuple[float, float], ...]]  # kind, points


@dataclass(frozen=True, eq=False)
class _Sketch:
    """Boxes, lines and labels of a cell, in units of about half an inch."""

    size: tuple[float, float]
    # name: (x, y, what it is, text)
    nodes: Mapping[str, tuple[float, float, str, str]]
    # the points of a line; a name stands for that node. kind: see `_LINES`
    lines: tuple[_Line, ...]
    labels: tuple[tuple[float, float, str], ...]


# kind: (colour, width, ends in an arrow)
_LINES: Mapping[str, tuple[str, float, bool]] = {
    "belt": (INKS["purple"], 3.2, True),
    "state": (INKS["blue"], 1.7, True),
    "input": (COLOURS["grey"], 1.4, True),
    "bias": (COLOURS["observed"], 1.4, True),
    "value": (COLOURS["observed"], 1.4, True),
    "bus": (INKS["blue"], 1.7, False),
    "rail": (COLOURS["grey"], 1.4, False),
}


def _taps(*gates: float, bottom: float) -> tuple[_Line, ...]:
    """Return the lines from both rails, x below and h above, up into each gate."""
    lines: list[_Line] = []
    for x in gates:
        lines.append(("input", ((x - 0.25, 0.0), (x - 0.25, bottom))))
        lines.append(("state", ((x + 0.25, 0.7), (x + 0.25, bottom))))
    return tuple(lines)


_SIMPLE_RNN = _Sketch(
    size=(8.0, 4.2),
    nodes={
        "sum": (3.0, 1.8, "circle", "+"),
        "tanh": (4.7, 1.8, "tanh", "tanh"),
    },
    lines=(
        ("state", ((0.0, 1.8), "sum")),
        ("input", ((3.0, 0.0), "sum")),
        ("bias", ((3.0, 3.3), "sum")),
        ("value", ("sum", "tanh")),
        ("state", ("tanh", (8.0, 1.8))),
        ("state", ((6.5, 1.8), (6.5, 3.6))),
    ),
    labels=(
        (-0.1, 1.8, "$h^{(t-1)}$"),
        (1.45, 2.12, r"$\times\, W_{hh}$"),
        (3.0, -0.35, "$x^{(t)}$"),
        (3.72, 0.75, r"$\times\, W_{xh}$"),
        (3.0, 3.6, "$b_h$"),
        (8.1, 1.8, "$h^{(t)}$"),
        (6.5, 3.9, "$h^{(t)}$"),
    ),
)

_LSTM = _Sketch(
    size=(10.6, 5.8),
    nodes={
        "forget": (1.9, 2.0, "gate", r"$\sigma$"),
        "input": (3.8, 2.0, "gate", r"$\sigma$"),
        "candidate": (5.6, 2.0, "tanh", "tanh"),
        "output": (7.5, 2.0, "gate", r"$\sigma$"),
        "keep": (1.9, 5.0, "circle", r"$\times$"),
        "write": (4.7, 3.5, "circle", r"$\times$"),
        "add": (4.7, 5.0, "circle", "+"),
        "squash": (9.2, 4.1, "tanh", "tanh"),
        "read": (9.2, 2.9, "circle", r"$\times$"),
    },
    lines=(
        ("bus", ((0.0, 0.7), (7.75, 0.7))),
        ("rail", ((0.75, -0.6), (0.75, 0.0), (7.25, 0.0))),
        *_taps(1.9, 3.8, 5.6, 7.5, bottom=1.58),
        ("belt", ((0.0, 5.0), "keep")),
        ("belt", ("keep", "add")),
        ("belt", ("add", (10.6, 5.0))),
        ("value", ("forget", "keep")),
        ("value", ("input", (3.8, 3.5), "write")),
        ("value", ("candidate", (5.6, 3.5), "write")),
        ("value", ("write", "add")),
        ("value", ("output", (7.5, 2.9), "read")),
        ("value", ((9.2, 5.0), "squash")),
        ("value", ("squash", "read")),
        ("state", ("read", (9.2, 0.7), (10.6, 0.7))),
    ),
    labels=(
        (-0.1, 5.0, "$c^{(t-1)}$"),
        (10.7, 5.0, "$c^{(t)}$"),
        (-0.1, 0.7, "$h^{(t-1)}$"),
        (10.7, 0.7, "$h^{(t)}$"),
        (0.75, -0.9, "$x^{(t)}$"),
        (1.5, 3.0, "$f^{(t)}$"),
        (3.4, 3.0, "$i^{(t)}$"),
        (6.05, 3.0, r"$\tilde c^{(t)}$"),
        (8.1, 3.22, "$o^{(t)}$"),
    ),
)

_GRU = _Sketch(
    size=(10.6, 5.8),
    nodes={
        "update": (2.3, 2.3, "gate", r"$\sigma$"),
        "reset": (4.4, 2.3, "gate", r"$\sigma$"),
        "candidate": (8.4, 2.3, "tanh", "tanh"),
        "keep": (2.3, 5.0, "circle", r"$\times$"),
        "forget": (6.3, 0.7, "circle", r"$\times$"),
        "rest": (5.4, 3.75, "scale", r"$1-$"),
        "write": (8.4, 3.75, "circle", r"$\times$"),
        "add": (8.4, 5.0, "circle", "+"),
    },
    lines=(
        ("state", ((0.9, 5.0), (0.9, 0.7), "forget")),
        ("rail", ((1.5, -0.6), (1.5, 0.0), (8.15, 0.0))),
        *_taps(2.3, 4.4, bottom=1.88),
        ("input", ((8.15, 0.0), (8.15, 1.88))),
        ("state", ("forget", (8.65, 0.7), (8.65, 1.88))),
        ("belt", ((0.0, 5.0), "keep")),
        ("belt", ("keep", "add")),
        ("belt", ("add", (10.6, 5.0))),
        ("value", ("update", "keep")),
        ("value", ((2.3, 3.75), "rest")),
        ("value", ("rest", "write")),
        ("value", ("candidate", "write")),
        ("value", ("write", "add")),
        ("value", ("reset", (6.3, 2.3), "forget")),
    ),
    labels=(
        (-0.1, 5.0, "$h^{(t-1)}$"),
        (10.7, 5.0, "$h^{(t)}$"),
        (1.5, -0.9, "$x^{(t)}$"),
        (1.85, 3.2, "$z^{(t)}$"),
        (5.6, 2.62, "$r^{(t)}$"),
        (8.95, 3.05, r"$\tilde h^{(t)}$"),
    ),
)

_CELLS: Mapping[str, _Sketch] = {
    "simple_rnn": _SIMPLE_RNN,
    "lstm": _LSTM,
    "gru": _GRU,
}


def plot_cell(cell: str, *, ax: Axes | None = None) -> Axes:
    r"""Draw what one step of a recurrent cell computes.

    Boxes with :math:`\sigma` or tanh multiply what enters them by weights, add a
    bias and squash the sum; circles work element by element, without weights. The
    previous state :math:`h^{(t-1)}` travels on the blue line, the input
    :math:`x^{(t)}` on the grey one, and the thick line on top is the conveyor belt:
    the cell state of the LSTM, the hidden state of the GRU.

    Parameters
    ----------
    cell : {"simple_rnn", "lstm", "gru"}
        Which one. The LSTM has the gates f (forget), i (input) and o (output) and
        the candidate :math:`\tilde c`; the GRU has the gates z (update: keeps the
        old state where it is 1, as in Keras) and r (reset) and the candidate
        :math:`\tilde h`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the cell is unknown.

    Examples
    --------
    >>> ax = plot_cell("lstm")
    >>> sum(text.get_text() == "$\\sigma$" for text in ax.texts)  # three gates
    3
    """
    sketch = _CELLS[check_choice(cell, "cell", tuple(_CELLS))]
    width, height = sketch.size
    ax = new_axes(ax, height=7.0 * (height + 1.6) / (width + 2.6))
    points = 72 / ax.figure.dpi
    unit = points * min(ax.bbox.width / (width + 2.4), ax.bbox.height / (height + 1.4))
    size = float(np.clip(0.45 * unit, 9.0, 15.0))
    inner = size - 1 if size >= 10 else 9.0
    for kind, via in sketch.lines:
        _draw_line(ax, kind, via, sketch)
    for name, (x, y, what, text) in sketch.nodes.items():
        colour = COLOURS[_COLOURS.get(what, "observed")]
        patch: Circle | FancyBboxPatch
        if what == "circle":
            patch = Circle((x, y), _RADIUS, facecolor="white", edgecolor=colour)
        else:
            half_width, half_height = _HALF[what]
            patch = FancyBboxPatch(
                (x - half_width, y - half_height),
                2 * half_width,
                2 * half_height,
                boxstyle="round,pad=0,rounding_size=0.14",
                facecolor=_tint(colour),
                edgecolor=colour,
            )
        patch.set(linewidth=1.4, zorder=3, gid=name)
        ax.add_patch(patch)
        ax.text(x, y, text, ha="center", va="center", fontsize=inner, zorder=4)
    for x, y, text in sketch.labels:
        side = "right" if x < 0 else "left" if x > width else "center"
        ax.text(x, y, text, ha=side, va="center", fontsize=size)
    ax.set_xlim(-1.3, width + 1.1)
    ax.set_ylim(-1.2, height)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return ax


def _draw_line(
    ax: Axes, kind: str, via: tuple[str | tuple[float, float], ...], sketch: _Sketch
) -> None:
    """Draw a line through the points, from the edge of a node to that of another."""
    colour, width, with_arrow = _LINES[kind]
    points = [
        sketch.nodes[point][:2] if isinstance(point, str) else point for point in via
    ]
    if isinstance(via[-1], str):
        points[-1] = _edge(points[-2], sketch.nodes[via[-1]])
    if isinstance(via[0], str):
        points[0] = _edge(points[1], sketch.nodes[via[0]])
    elif (
        kind not in ("belt", "bias", "bus", "rail")
        and points[0][0] > 0
        and points[0][1] > 0
    ):
        ax.plot(*points[0], "o", color=colour, markersize=4.5, zorder=2)
    ends = [point if isinstance(point, str) else "" for point in (via[0], via[-1])]
    ax.add_patch(
        FancyArrowPatch(
            path=Path(points),
            arrowstyle="-|>" if with_arrow else "-",
            mutation_scale=12 if width < 3 else 16,
            color=colour,
            linewidth=width,
            capstyle="butt",
            joinstyle="round",
            zorder=1.5 if kind in ("input", "rail") else 2,
            fill=with_arrow,
            gid=" -> ".join(ends),
        )
    )


def _edge(
    from_point: tuple[float, float], node: tuple[float, float, str, str]
) -> tuple[float, float]:
    """Return where a straight line from a point meets the edge of a node."""
    x, y, what, _ = node
    half_width, half_height = (_RADIUS, _RADIUS) if what == "circle" else _HALF[what]
    dx, dy = np.sign(from_point[0] - x), np.sign(from_point[1] - y)
    return float(x + dx * half_width), float(y + dy * half_height)


def _tint(colour: str) -> tuple[float, float, float, float]:
    """Return the colour mixed with white, opaque, so that no line shines through."""
    red, green, blue, _ = to_rgba(colour)
    return 0.84 + 0.16 * red, 0.84 + 0.16 * green, 0.84 + 0.16 * blue, 1.0
