"""Figures in one look: colours that everybody can tell apart, labels beside the lines.

Every ``plot_*`` function draws arrays into `ax`, or into a new figure, and returns the
axes, so that a chapter can add to them. Nothing changes on import: call
:func:`use_style` once in a notebook.
"""

from coursepkg.plots.cells import plot_cell
from coursepkg.plots.diagrams import plot_task_diagram, plot_unrolled
from coursepkg.plots.networks import plot_gates, plot_gradient_flow
from coursepkg.plots.scores import plot_ladder, plot_learning_curves
from coursepkg.plots.series import (
    plot_autocorrelation,
    plot_forecast,
    plot_series,
    plot_windows,
)
from coursepkg.plots.style import COLOURS, use_style

__all__ = [
    "COLOURS",
    "plot_autocorrelation",
    "plot_cell",
    "plot_forecast",
    "plot_gates",
    "plot_gradient_flow",
    "plot_ladder",
    "plot_learning_curves",
    "plot_series",
    "plot_task_diagram",
    "plot_unrolled",
    "plot_windows",
    "use_style",
]
