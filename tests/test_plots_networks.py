"""Tests of the figures of recurrent networks: they read what was drawn, not pixels."""

import io
import itertools

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("agg")

import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.patches import (  # noqa: E402
    Circle,
    FancyArrowPatch,
    FancyBboxPatch,
)

from coursepkg import plots  # noqa: E402

CELLS = ("simple_rnn", "lstm", "gru")
RNG = np.random.default_rng(0)
GATES = {
    "input": RNG.random((6, 3)),
    "forget": RNG.random((6, 2)),
    "cell state": 2 * RNG.normal(size=(6, 3)),
}


@pytest.fixture(autouse=True)
def _fresh():
    """Restore the settings and close every figure after each test."""
    with mpl.rc_context():
        yield
    plt.close("all")


def texts(ax):
    """What is written into the axes."""
    return [text.get_text() for text in ax.texts]


def boxes(ax):
    """The middle of each box, with what is written there."""
    named = {}
    for patch in ax.patches:
        if isinstance(patch, FancyBboxPatch):
            x = patch.get_x() + patch.get_width() / 2
            y = patch.get_y() + patch.get_height() / 2
            label = min(
                ax.texts,
                key=lambda text: np.hypot(*np.subtract(text.get_position(), (x, y))),
            )
            named[round(x, 2), round(y, 2)] = label.get_text()
    return named


def graph(ax):
    """Where the arrows lead: pairs of names of the nodes, '' for anything else."""
    arrows = (patch for patch in ax.patches if isinstance(patch, FancyArrowPatch))
    return [tuple(arrow.get_gid().split(" -> ")) for arrow in arrows]


def luminance(colour):
    """Relative luminance of a colour as WCAG 2 defines it."""
    channels = np.array(mpl.colors.to_rgb(colour))
    linear = np.where(
        channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
    )
    return float(linear @ [0.2126, 0.7152, 0.0722])


def every_plot():
    """One call of each function, with every kind."""
    yield plots.plot_unrolled("JAZZ")
    yield from (plots.plot_cell(cell) for cell in CELLS)
    yield plots.plot_gradient_flow({"SimpleRNN": 0.8 ** np.arange(60.0)})
    yield plots.plot_gates(GATES, labels=list("BTXSEE"))


def test_every_plot_is_legible_and_small_enough_for_the_book():
    """At least 9 points, letters at least 4.5 : 1 on white, at most 60 kB."""
    plots.use_style()
    for ax in every_plot():
        sizes = [text.get_fontsize() for text in ax.texts]
        sizes += [label.get_fontsize() for label in ax.get_xticklabels()]
        assert min(sizes, default=9) >= 9
        file = io.BytesIO()
        ax.figure.savefig(file, format="png", bbox_inches="tight")
        assert file.tell() < 60_000
    for ax in (plots.plot_unrolled("JAZZ"), *map(plots.plot_cell, CELLS)):
        for text in ax.texts:
            assert 1.05 / (luminance(text.get_color()) + 0.05) >= 4.5, text


def test_every_plot_draws_into_the_axes_given():
    """With `ax` no figure is made, and the same axes come back."""
    calls = [
        lambda ax: plots.plot_unrolled(["the", "cat"], ax=ax),
        lambda ax: plots.plot_cell("gru", ax=ax),
        lambda ax: plots.plot_gradient_flow({"a": [1.0, 0.5]}, ax=ax),
        lambda ax: plots.plot_gates(GATES, ax=ax),
    ]
    for call in calls:
        _, ax = plt.subplots()
        assert call(ax) is ax
    assert len(plt.get_fignums()) == len(calls)


def test_sketches_shrink_their_letters_with_the_axes():
    """In a third of the width letters are smaller, and never below 9 points."""
    _, axes = plt.subplots(1, 3, figsize=(7, 2.2))
    for cell, ax in zip(CELLS, axes, strict=True):
        plots.plot_cell(cell, ax=ax)
        small = [text.get_fontsize() for text in ax.texts]
        large = [text.get_fontsize() for text in plots.plot_cell(cell).texts]
        assert min(small) >= 9
        assert max(small) < min(large)


def test_unrolled_network_reads_the_tokens_in_order():
    """One input box a token, a state above each, an output above each state."""
    ax = plots.plot_unrolled("JAZZ")
    named = boxes(ax)
    folded, *steps = sorted({x for x, _ in named})
    assert [named[x, 0.0] for x in steps] == ["J", "A", "Z", "Z"]
    assert [named[x, 1.2] for x in steps] == [f"$h^{{({t})}}$" for t in (1, 2, 3, 4)]
    assert [named[x, 2.4] for x in steps] == [
        rf"$\hat{{y}}^{{({t})}}$" for t in (1, 2, 3, 4)
    ]
    assert [named[folded, y] for y in (0.0, 1.2, 2.4)] == [
        "$x^{(t)}$",
        "$h^{(t)}$",
        r"$\hat{y}^{(t)}$",
    ]
    assert "$h^{(0)}$" in texts(ax)


@pytest.mark.parametrize("n_steps", [1, 2, 6])
def test_unrolled_network_shares_its_weights(n_steps):
    """Each weight is written once a step and once folded, always in its own colour."""
    ax = plots.plot_unrolled("abcdef"[:n_steps])
    colours = {}
    for weight in ("$W_{xh}$", "$W_{hh}$", "$W_{hy}$"):
        found = [text for text in ax.texts if text.get_text() == weight]
        assert len(found) == n_steps + 1
        (colours[weight],) = {text.get_color() for text in found}
    arrows = [
        mpl.colors.to_hex(patch.get_edgecolor()).upper()
        for patch in ax.patches
        if isinstance(patch, FancyArrowPatch)
    ]
    for colour in colours.values():
        assert arrows.count(colour) == n_steps + 1
    assert len(set(colours.values())) == 3


@pytest.mark.parametrize("tokens", ["", "sevenon"])
def test_unrolled_network_refuses_what_does_not_fit(tokens):
    """No token, and more than six."""
    with pytest.raises(ValueError, match="`tokens` must hold 1 to 6 tokens, got"):
        plots.plot_unrolled(tokens)


def nodes(ax):
    """Name of each node: its middle and what is written in it."""
    found = {}
    for patch in ax.patches:
        if isinstance(patch, Circle | FancyBboxPatch):
            x, y = (
                patch.center
                if isinstance(patch, Circle)
                else patch.get_bbox().get_points().mean(axis=0)
            )
            (text,) = (
                text.get_text()
                for text in ax.texts
                if np.allclose(text.get_position(), (x, y))
            )
            found[patch.get_gid()] = (float(x), float(y), text)
    return found


@pytest.mark.parametrize("cell", CELLS)
def test_arrows_of_a_cell_join_what_they_name(cell):
    """Each arrow begins and ends at the edge of its nodes, and has no slope."""
    ax = plots.plot_cell(cell)
    places = nodes(ax)
    for patch in ax.patches:
        if not isinstance(patch, FancyArrowPatch):
            continue
        # What a patch is given as a path is kept as it is.
        points = patch._path_original.vertices
        start, end = patch.get_gid().split(" -> ")
        for name, point in ((start, points[0]), (end, points[-1])):
            if name:
                distance = np.abs(np.subtract(places[name][:2], point))
                assert distance.max() == pytest.approx(0.34, abs=0.3)
                assert distance.min() < 1e-9
        for a, b in itertools.pairwise(points):
            assert (a == b).sum() == 1  # horizontal or vertical


def test_lstm_sketch_computes_the_equations_of_the_cell():
    """Conveyor belt on top: forget, then add input times candidate, then read."""
    ax = plots.plot_cell("lstm")
    places, arrows = nodes(ax), graph(ax)
    signs = {name: text for name, (_, _, text) in places.items()}
    assert signs == {
        "forget": r"$\sigma$",
        "input": r"$\sigma$",
        "output": r"$\sigma$",
        "candidate": "tanh",
        "squash": "tanh",
        "keep": r"$\times$",
        "write": r"$\times$",
        "read": r"$\times$",
        "add": "+",
    }
    for arrow in [
        ("forget", "keep"),
        ("keep", "add"),
        ("input", "write"),
        ("candidate", "write"),
        ("write", "add"),
        ("squash", "read"),
        ("output", "read"),
    ]:
        assert arrow in arrows
    top = places["keep"][1]
    assert places["add"][1] == top == max(y for _, y, _ in places.values())
    # Both branches of the input gate are parallel: neither feeds the other.
    assert places["input"][1] == places["candidate"][1]
    assert ("input", "candidate") not in arrows
    assert ("candidate", "input") not in arrows
    belt = [
        patch
        for patch in ax.patches
        if isinstance(patch, FancyArrowPatch) and patch.get_linewidth() > 3
    ]
    assert [patch.get_gid() for patch in belt] == [" -> keep", "keep -> add", "add -> "]
    for letter in ("f", "i", "o", r"\tilde c"):
        assert f"${letter}^{{(t)}}$" in texts(ax)
    for letter in ("c", "h"):
        assert {f"${letter}^{{(t-1)}}$", f"${letter}^{{(t)}}$"} <= set(texts(ax))


def test_gru_sketch_uses_one_gate_for_forgetting_and_writing():
    """The update gate keeps, 1 minus it writes, the reset gate acts on the state."""
    ax = plots.plot_cell("gru")
    arrows = graph(ax)
    for arrow in [
        ("update", "keep"),
        ("rest", "write"),
        ("candidate", "write"),
        ("write", "add"),
        ("keep", "add"),
        ("reset", "forget"),
    ]:
        assert arrow in arrows
    signs = [text for _, _, text in nodes(ax).values()]
    assert signs.count(r"$\sigma$") == 2
    assert signs.count("tanh") == 1
    assert {"$z^{(t)}$", "$r^{(t)}$", r"$\tilde h^{(t)}$"} <= set(texts(ax))


def test_simple_rnn_sketch_adds_two_products_and_a_bias():
    """One sum of three, one tanh, and the same state twice."""
    ax = plots.plot_cell("simple_rnn")
    assert graph(ax).count(("", "sum")) == 3
    assert ("sum", "tanh") in graph(ax)
    assert texts(ax).count("$h^{(t)}$") == 2
    assert {r"$\times\, W_{xh}$", r"$\times\, W_{hh}$", "$b_h$"} <= set(texts(ax))


def test_unknown_cell_is_refused():
    """The message lists the cells."""
    with pytest.raises(ValueError, match="`cell` must be one of 'simple_rnn', 'lstm'"):
        plots.plot_cell("rnn")


def test_gradient_flow_is_drawn_over_the_lag_on_a_logarithmic_axis():
    """Lag 0 comes first, zeros and NaN are gaps, networks are named at their ends."""
    norms = {"SimpleRNN": [1.0, 0.1, 0.0], "LSTM": [1.0, np.nan, 0.9, 0.8]}
    ax = plots.plot_gradient_flow(norms, label="|dL/dh|")
    assert ax.get_yscale() == "log"
    assert ax.lines[0].get_xdata().tolist() == [0, 1, 2]
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [1.0, 0.1, np.nan])
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), norms["LSTM"])
    assert texts(ax) == ["LSTM", "SimpleRNN"]
    assert ax.texts[0].get_color() == ax.lines[1].get_color()
    assert ax.get_ylabel() == "|dL/dh|"
    assert "lag" in ax.get_xlabel()


@pytest.mark.parametrize("norms", [[-1.0, 1.0], [0.0, 0.0], [np.nan], []])
def test_gradient_flow_refuses_what_is_no_norm(norms):
    """Negative values, and arrays with nothing to draw."""
    with pytest.raises(ValueError, match=r"`norms\['a'\]` must hold norms"):
        plots.plot_gradient_flow({"a": norms})


def test_gradient_flow_refuses_nothing():
    """No network at all."""
    with pytest.raises(ValueError, match="at least one network"):
        plots.plot_gradient_flow({})


def test_gates_are_maps_of_units_over_time():
    """Each map shows its values unit by unit; gates from 0 to 1, states symmetric."""
    ax = plots.plot_gates(GATES, labels=list("BTXSEE"))
    for image, array in zip(ax.images, GATES.values(), strict=True):
        np.testing.assert_array_equal(image.get_array(), array.T)
        left, right, bottom, top = image.get_extent()
        assert (left, right) == (0.5, 6.5)
        assert bottom - top == 1.0
    limit = np.abs(GATES["cell state"]).max()
    assert [image.get_clim() for image in ax.images] == [
        (0, 1),
        (0, 1),
        (-limit, limit),
    ]
    assert [label.get_text() for label in ax.get_yticklabels()] == list(GATES)
    assert [label.get_text() for label in ax.get_xticklabels()] == list("BTXSEE")
    assert ax.get_xticks().tolist() == [1, 2, 3, 4, 5, 6]
    tops = [image.get_extent()[3] for image in ax.images]
    assert tops == sorted(tops)  # below each other, the first at the top
    assert ax.yaxis_inverted()
    assert [other.get_ylabel() for other in ax.figure.axes[1:]] == [
        "gate: 0 closed, 1 open",
        "state",
    ]


def test_gates_without_labels_count_steps():
    """Only gates: one colour bar, and the axis is named."""
    ax = plots.plot_gates({"forget": GATES["forget"]})
    assert ax.get_xlabel() == "step"
    assert len(ax.figure.axes) == 2


@pytest.mark.parametrize(
    ("gates", "labels", "match"),
    [
        ({}, None, "at least one map"),
        ({"a": np.ones(3)}, None, "must have 2 axes"),
        ({"a": [[np.nan]]}, None, "must hold finite values"),
        (
            {"a": np.ones((3, 1)), "b": np.ones((4, 1))},
            None,
            "each of the 3 steps, got 4",
        ),
        ({"a": np.ones((3, 1))}, ["x"], "`labels` must name each of the 3 steps"),
    ],
)
def test_gates_refuse_what_does_not_fit(gates, labels, match):
    """Nothing, wrong shapes, NaN, and other numbers of steps or labels."""
    with pytest.raises(ValueError, match=match):
        plots.plot_gates(gates, labels=labels)
