"""Figures of what goes on inside a network: gradients that travel, gates that open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from numpy.typing import ArrayLike, NDArray

from coursepkg._validation import check_array
from coursepkg.plots.style import CYCLE, label_ends, new_axes


def plot_gradient_flow(
    norms: Mapping[str, ArrayLike],
    *,
    label: str = "norm of the gradient",
    ax: Axes | None = None,
) -> Axes:
    r"""Draw how large a gradient still is, some steps before the loss.

    The vertical axis is logarithmic: a norm that shrinks or grows by the same factor
    at every step is a straight line, and its slope is the logarithm of the factor.

    Parameters
    ----------
    norms : mapping of str to array_like of shape (n_lags,)
        Name of the network to its norms, which are not negative:
        :math:`\|\partial L / \partial h^{(T-k)}\|` for the lags
        :math:`k = 0, 1, \dots`, so the last step comes first (turn an array in the
        order of time around with ``[::-1]``). A norm of 0, which no logarithmic axis
        can show, and NaN leave a gap.
    label : str, default "norm of the gradient"
        Label of the vertical axis.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there is no network, an array is not one-dimensional, holds a negative
        value, or holds nothing to draw.

    Examples
    --------
    >>> ax = plot_gradient_flow({"SimpleRNN": [1.0, 0.5, 0.25], "LSTM": [1.0, 0.9]})
    >>> ax.get_yscale(), [text.get_text() for text in ax.texts]
    ('log', ['LSTM', 'SimpleRNN'])
    """
    if not norms:
        message = "`norms` must hold at least one network, got none."
        raise ValueError(message)
    arrays = {}
    for name, values in norms.items():
        array = check_array(values, f"norms[{name!r}]", ndim=1).astype(np.float64)
        if np.any(array < 0) or not np.any(np.isfinite(array) & (array > 0)):
            message = (
                f"`norms[{name!r}]` must hold norms, none negative and at least one "
                f"above 0, got {array}."
            )
            raise ValueError(message)
        drawable = np.isfinite(array) & (array > 0)
        arrays[name] = np.where(drawable, array, np.nan)  # (n_lags,)
    ax = new_axes(ax, height=3.0)
    ax.set_yscale("log")
    ends = []
    for number, (name, array) in enumerate(arrays.items()):
        colour = CYCLE[number % len(CYCLE)]
        ax.plot(np.arange(len(array)), array, color=colour, linewidth=2.0, label=name)
        ends.append((float(array[np.isfinite(array)][-1]), name, colour))
    ax.margins(x=0.01)
    ax.set_xlabel("lag: steps before the loss")
    ax.set_ylabel(label)
    label_ends(ax, ends)
    return ax


def plot_gates(
    gates: Mapping[str, ArrayLike],
    *,
    labels: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw gates and states over time: a row for each unit, a column for each step.

    Values between 0 and 1 are shown from white (closed) to blue (open). Maps with a
    negative value or one above 1, such as candidates and states, share one scale from
    vermillion (negative) over white to green (positive).

    Parameters
    ----------
    gates : mapping of str to array_like of shape (time, units)
        Name to values of one sequence, drawn below each other.
    labels : sequence of str, optional
        What is read at each step, one for each; step numbers from 1 if left out.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure, as high as the maps need, if left out.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there is no map, a value is not finite, or numbers of steps differ.

    Examples
    --------
    >>> ax = plot_gates(
    ...     {"forget": [[0.9, 0.1], [1.0, 0.0]], "state": [[-1.0, 2.0], [0.5, 0.0]]},
    ...     labels=["B", "T"],
    ... )
    >>> [image.get_clim() for image in ax.images]
    [(0.0, 1.0), (-2.0, 2.0)]
    """
    if not gates:
        message = "`gates` must hold at least one map, got none."
        raise ValueError(message)
    maps: dict[str, NDArray] = {}
    for name, values in gates.items():
        array = check_array(values, f"gates[{name!r}]", ndim=2).astype(np.float64)
        if array.size == 0 or not np.all(np.isfinite(array)):
            message = f"`gates[{name!r}]` must hold finite values, got {array}."
            raise ValueError(message)
        maps[name] = array
    n_steps = len(next(iter(maps.values())))
    for name, array in maps.items():
        if len(array) != n_steps:
            message = (
                f"`gates[{name!r}]` must have one row for each of the {n_steps} "
                f"steps, got {len(array)}."
            )
            raise ValueError(message)
    if labels is not None and len(labels) != n_steps:
        message = (
            f"`labels` must name each of the {n_steps} steps, got {len(labels)} names."
        )
        raise ValueError(message)
    signed = {
        name: array
        for name, array in maps.items()
        if array.min() < 0 or array.max() > 1
    }
    limit = max((float(np.abs(array).max()) for array in signed.values()), default=1.0)
    ax = new_axes(ax, height=1.2 + 0.75 * len(maps))
    scales: dict[str, AxesImage] = {}
    middles = []
    for number, (name, array) in enumerate(maps.items()):
        is_signed = name in signed
        scale = "state" if is_signed else "gate: 0 closed, 1 open"
        top = 1.15 * number  # every map is 1 high, whatever its number of units
        scales[scale] = ax.imshow(
            array.T,  # (units, time)
            cmap="PuOr_r" if is_signed else "Blues",
            vmin=-limit if is_signed else 0.0,
            vmax=limit if is_signed else 1.0,
            extent=(0.5, n_steps + 0.5, top + 1.0, top),
            aspect="auto",
            interpolation="nearest",
        )
        middles.append(top + 0.5)
    ax.set_ylim(1.15 * len(maps) - 0.1, -0.05)
    ax.set_xlim(0.5, n_steps + 0.5)
    ax.set_yticks(middles, list(maps))
    ax.tick_params(length=0)
    ax.grid(visible=False)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    if labels is None:
        ax.set_xlabel("step")
    else:
        ax.set_xticks(np.arange(1, n_steps + 1), list(labels))
    for scale, image in scales.items():
        bar = ax.figure.colorbar(image, ax=ax, fraction=0.04, pad=0.01, aspect=24)
        bar.set_label(scale, fontsize=9)
        bar.outline.set_visible(False)
    return ax
