"""Tests of the recurrent layers in NumPy: Keras, its gradients, finite differences."""

from dataclasses import dataclass, fields
from functools import lru_cache

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from coursepkg import reference

BLOCKS = {"simple_rnn": 1, "lstm": 4, "gru": 3, "gru_before": 3}
LAYERS = {
    "simple_rnn": keras.layers.SimpleRNN,
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
    "gru_before": keras.layers.GRU,
}
CELLS = list(BLOCKS)
MASKS = ["none", "right", "left", "holes", "empty row"]


def options(cell):
    """The keyword arguments that make the cell."""
    return {"reset_after": False} if cell == "gru_before" else {}


def forward(cell, *arrays, **keywords):
    """The forward function of the cell."""
    name = cell.removesuffix("_before")
    return getattr(reference, f"{name}_forward")(*arrays, **options(cell), **keywords)


def backward(cell, d_outputs, cache, **keywords):
    """The backward function of the cell."""
    name = cell.removesuffix("_before")
    return getattr(reference, f"{name}_backward")(d_outputs, cache, **keywords)


def as_list(states):
    """The states of any cell as a list."""
    return list(states) if isinstance(states, tuple) else [states]


def as_state(cell, states):
    """A list of states as the cell's argument."""
    return tuple(states) if cell == "lstm" else states[0]


@dataclass(frozen=True)
class Case:
    """One layer on one random batch: the settings, from which all else follows."""

    cell: str
    seed: int = 0
    mask: str = "none"
    go_backwards: bool = False
    use_bias: bool = True
    initial: bool = True
    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"
    dtype: str = "float64"
    shape: tuple[int, int, int, int] = (4, 5, 2, 3)  # batch, time, features, units

    @property
    def keywords(self):
        """What `forward` gets besides the arrays."""
        found = {"go_backwards": self.go_backwards, "activation": self.activation}
        if self.cell != "simple_rnn":
            found["recurrent_activation"] = self.recurrent_activation
        return found


def random_mask(kind, batch, time, rng):
    """A mask of shape (batch, time) of the kind, or None."""
    if kind == "none":
        return None
    lengths = rng.integers(1, time + 1, size=(batch, 1))
    mask = np.arange(time) < lengths  # right padding
    if kind == "left":
        mask = mask[:, ::-1]
    elif kind == "holes":
        mask = rng.random((batch, time)) < 0.5
    elif kind == "empty row":
        mask[batch // 2] = False
    return mask


@lru_cache(maxsize=256)
def problem(case):
    """The arrays of a case: x, weights, initial states, mask, d_outputs, d_finals."""
    rng = np.random.default_rng([case.seed, 7])
    batch, time, features, units = case.shape
    columns = BLOCKS[case.cell] * units
    n_states = 2 if case.cell == "lstm" else 1

    def draw(*shape, scale=1.0):
        return (scale * rng.normal(size=shape)).astype(case.dtype)

    weights = [draw(features, columns), draw(units, columns, scale=0.7)]
    if case.use_bias:
        weights.append(draw(*((2, columns) if case.cell == "gru" else (columns,))))
    initial = [draw(batch, units) for _ in range(n_states)] if case.initial else None
    return {
        "x": draw(batch, time, features),
        "weights": weights,
        "initial": initial,
        "mask": random_mask(case.mask, batch, time, rng),
        "d_outputs": draw(batch, time, units),
        "d_finals": [draw(batch, units) for _ in range(n_states)],
    }


def run(case):
    """The outputs and the cache of the reference layer."""
    p = problem(case)
    state = None if p["initial"] is None else as_state(case.cell, p["initial"])
    return forward(
        case.cell,
        p["x"],
        *p["weights"],
        initial_state=state,
        mask=p["mask"],
        **case.keywords,
    )


def gradients(case):
    """The gradients of the reference layer, as a list: x, states, weights."""
    p = problem(case)
    _, cache = run(case)
    found = backward(
        case.cell,
        p["d_outputs"],
        cache,
        d_final_state=as_state(case.cell, p["d_finals"]),
    )
    listed = [found.x, *as_list(found.initial_state)]
    return listed + [
        getattr(found, name)
        for name in ("kernel", "recurrent_kernel", "bias")[: len(p["weights"])]
    ]


@lru_cache(maxsize=256)
def keras_run(case):
    """Outputs, final states and gradients (x, states, weights) of the Keras layer."""
    p = problem(case)
    batch, time, features, units = case.shape
    layer = LAYERS[case.cell](
        units,
        return_sequences=True,
        return_state=True,
        use_bias=case.use_bias,
        dtype=case.dtype,
        **case.keywords,
        **options(case.cell),
    )
    layer.build((batch, time, features))
    layer.set_weights(p["weights"])
    x = tf.constant(p["x"])
    states = p["initial"] or [
        np.zeros((batch, units), case.dtype) for _ in p["d_finals"]
    ]
    states = [tf.constant(state) for state in states]
    mask = None if p["mask"] is None else tf.constant(p["mask"])
    with tf.GradientTape() as tape:
        tape.watch([x, *states])
        outputs, *finals = layer(x, initial_state=states, mask=mask)
        loss = tf.reduce_sum(outputs * p["d_outputs"])
        for final, d_final in zip(finals, p["d_finals"], strict=True):
            loss += tf.reduce_sum(final * d_final)
    sources = [x, *states, *[weight.value for weight in layer.trainable_variables]]
    found = tape.gradient(loss, sources)
    return outputs.numpy(), [f.numpy() for f in finals], [g.numpy() for g in found]


SWEEP = [
    Case(cell, seed=seed, mask=mask, go_backwards=back, initial=initial, use_bias=bias)
    for cell in CELLS
    for seed, (mask, back, initial, bias) in enumerate(
        [
            ("none", False, False, True),
            ("none", True, True, False),
            ("right", False, False, False),
            ("right", True, True, True),
            ("left", False, True, True),
            ("left", True, False, True),
            ("holes", False, True, True),
            ("holes", True, True, True),
            ("empty row", False, True, True),
        ]
    )
] + [
    Case("simple_rnn", activation="relu", mask="holes"),
    Case("simple_rnn", activation="sigmoid", shape=(1, 1, 1, 1)),
    Case("simple_rnn", activation="linear", shape=(2, 7, 5, 4)),
    Case("lstm", activation="relu", recurrent_activation="sigmoid", mask="left"),
    Case("lstm", activation="linear", recurrent_activation="tanh"),
    Case("lstm", activation="sigmoid", shape=(1, 1, 1, 1)),
    Case("gru", activation="relu", mask="holes"),
    Case("gru", activation="sigmoid", recurrent_activation="linear"),
    Case("gru_before", activation="linear", recurrent_activation="tanh"),
    Case("gru_before", activation="relu", shape=(3, 1, 4, 2)),
]


def named(case):
    """The case's parameters that are not the default, for the test's name."""
    changed = [
        str(getattr(case, field.name))
        for field in fields(case)
        if field.name in ("cell", "seed") or getattr(case, field.name) != field.default
    ]
    return "-".join(changed)


@pytest.mark.parametrize("case", SWEEP, ids=named)
def test_forward_equals_keras(case):
    """Outputs and final states are those of the Keras layer to 1e-12."""
    outputs, cache = run(case)
    expected, finals, _ = keras_run(case)
    np.testing.assert_allclose(outputs, expected, rtol=1e-12, atol=1e-12)
    for final, wanted in zip(as_list(cache.final_state), finals, strict=True):
        np.testing.assert_allclose(final, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("case", SWEEP, ids=named)
def test_gradients_equal_automatic_differentiation(case):
    """Every gradient is that of a float64 GradientTape to 1e-10."""
    p = problem(case)
    found = gradients(case)
    expected = keras_run(case)[2]
    given_ = [p["x"], *p["d_finals"], *p["weights"]]
    for mine, tape, array in zip(found, expected, given_, strict=True):
        assert mine.shape == array.shape
        np.testing.assert_allclose(mine, tape, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("activation", ["tanh", "relu", "linear"])
def test_single_precision_equals_keras_and_stays_single(cell, activation):
    """float32 in, float32 out, within 1e-5 of the Keras layer."""
    case = Case(cell, mask="holes", activation=activation, dtype="float32")
    outputs, cache = run(case)
    expected, finals, tape = keras_run(case)
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-5)
    found = gradients(case)
    for mine, other in zip(found, tape, strict=True):
        scale = max(1.0, np.abs(other).max())
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-5 * scale)
    arrays = [outputs, cache.states, *as_list(cache.final_state), *found]
    assert {array.dtype for array in arrays} == {np.dtype("float32")}
    assert len(finals) == len(as_list(cache.final_state))


DIFFERENCED = [
    Case(cell, seed=seed, mask=mask, go_backwards=back, shape=(3, 4, 2, 2))
    for cell in CELLS
    for seed, mask, back in [(1, "none", False), (2, "holes", True)]
] + [
    Case("simple_rnn", use_bias=False, shape=(2, 3, 1, 2)),
    Case("lstm", activation="sigmoid", recurrent_activation="tanh", mask="left"),
    Case("gru", activation="linear", use_bias=False, mask="empty row"),
    Case("gru_before", activation="sigmoid", recurrent_activation="tanh"),
]


@pytest.mark.parametrize("case", DIFFERENCED, ids=named)
def test_gradients_pass_the_check_by_finite_differences(case):
    """x, every weight, every initial state: by the criterion, entry by entry."""
    p = problem(case)
    arrays = [p["x"], *p["initial"], *p["weights"]]
    n_states = len(p["initial"])

    def loss_of(position):
        def loss(value):
            now = [*arrays[:position], value, *arrays[position + 1 :]]
            x, states, weights = now[0], now[1 : 1 + n_states], now[1 + n_states :]
            outputs, cache = forward(
                case.cell,
                x,
                *weights,
                initial_state=as_state(case.cell, states),
                mask=p["mask"],
                **case.keywords,
            )
            total = np.sum(outputs * p["d_outputs"])
            for final, d in zip(as_list(cache.final_state), p["d_finals"], strict=True):
                total += np.sum(final * d)
            return total

        return loss

    for position, gradient in enumerate(gradients(case)):
        check = reference.gradient_check(loss_of(position), arrays[position], gradient)
        assert check.passed, (position, check)


def test_relu_gradient_passes_away_from_its_kink():
    """With every pre-activation at least 1e-3 from 0, differences see no kink."""
    case = Case("simple_rnn", activation="relu", shape=(3, 4, 2, 3))
    p = problem(case)
    x, (kernel, recurrent_kernel, bias) = p["x"], p["weights"]
    _, cache = run(case)
    z = x @ kernel + cache.states[:, :-1] @ recurrent_kernel + bias
    assert np.abs(z).min() > 1e-3
    assert (z < 0).any()
    assert (z > 0).any()

    def loss(kernel):
        outputs, cache = forward(
            "simple_rnn",
            x,
            kernel,
            recurrent_kernel,
            bias,
            initial_state=p["initial"][0],
            activation="relu",
        )
        return np.sum(outputs * p["d_outputs"]) + np.sum(
            cache.final_state * p["d_finals"][0]
        )

    assert reference.gradient_check(loss, kernel, gradients(case)[2]).passed


@pytest.mark.parametrize("cell", CELLS)
def test_weights_of_a_layer_are_all_it_takes(cell):
    """`forward(x, *layer.get_weights())` is the layer, with and without a bias."""
    x = np.random.default_rng(3).normal(size=(2, 4, 3)).astype("float32")
    for use_bias in (True, False):
        layer = LAYERS[cell](
            5, return_sequences=True, use_bias=use_bias, **options(cell)
        )
        expected = keras.ops.convert_to_numpy(layer(x))
        outputs, cache = forward(cell, x, *layer.get_weights())
        np.testing.assert_allclose(outputs, expected, atol=1e-5)
        found = backward(cell, np.ones_like(outputs), cache)
        assert (found.bias is None) == (not use_bias)


@pytest.mark.parametrize("cell", CELLS)
def test_steps_before_the_first_that_counts_give_zeros(cell):
    """Keras repeats an output that does not exist yet as zeros, not as h^(0)."""
    p = problem(Case(cell, mask="left"))
    mask = np.array([[False, False, True, False, True]] * 4)
    outputs, cache = forward(
        cell,
        p["x"],
        *p["weights"],
        initial_state=as_state(cell, p["initial"]),
        mask=mask,
    )
    assert not outputs[:, :2].any()
    np.testing.assert_array_equal(cache.states[:, 2], p["initial"][0])
    np.testing.assert_array_equal(outputs[:, 3], outputs[:, 2])
    short, short_cache = forward(
        cell,
        p["x"][:, [2, 4]],
        *p["weights"],
        initial_state=as_state(cell, p["initial"]),
    )
    np.testing.assert_allclose(outputs[:, [2, 4]], short, atol=1e-15)
    for a, b in zip(
        as_list(cache.final_state), as_list(short_cache.final_state), strict=True
    ):
        np.testing.assert_allclose(a, b, atol=1e-15)


@pytest.mark.parametrize("cell", CELLS)
def test_a_row_that_is_all_masked_keeps_its_initial_state(cell):
    """Zeros as outputs, h^(0) as final state, and no gradient but to h^(0)."""
    case = Case(cell, mask="empty row")
    row = 2
    outputs, cache = run(case)
    p = problem(case)
    assert not p["mask"][row].any()
    assert not outputs[row].any()
    for final, first in zip(as_list(cache.final_state), p["initial"], strict=True):
        np.testing.assert_array_equal(final[row], first[row])
    found = backward(
        cell, p["d_outputs"], cache, d_final_state=as_state(cell, p["d_finals"])
    )
    assert not found.x[row].any()
    for d_first, d in zip(as_list(found.initial_state), p["d_finals"], strict=True):
        np.testing.assert_array_equal(d_first[row], d[row])


@pytest.mark.parametrize("cell", CELLS)
def test_going_backwards_is_running_over_the_reversed_inputs(cell):
    """Outputs come in processing order; the gradient of x in the order of x."""
    p = problem(Case(cell, mask="holes"))
    arrays = p["weights"]
    back, back_cache = forward(cell, p["x"], *arrays, mask=p["mask"], go_backwards=True)
    turned, turned_cache = forward(
        cell, p["x"][:, ::-1], *arrays, mask=p["mask"][:, ::-1]
    )
    np.testing.assert_array_equal(back, turned)
    a = backward(cell, p["d_outputs"], back_cache)
    b = backward(cell, p["d_outputs"], turned_cache)
    np.testing.assert_array_equal(a.x, b.x[:, ::-1])
    np.testing.assert_array_equal(a.states, b.states)
    np.testing.assert_array_equal(a.kernel, b.kernel)


def test_lstm_gates_are_what_the_equations_say():
    """The gates in the cache give the states again, by the equations in a loop."""
    case = Case("lstm", initial=True)
    p = problem(case)
    outputs, cache = run(case)
    gates = cache.gates
    h, c = p["initial"]
    kernel, recurrent_kernel, bias = p["weights"]
    for t in range(case.shape[1]):
        z = p["x"][:, t] @ kernel + h @ recurrent_kernel + bias
        np.testing.assert_allclose(gates.input[:, t], 1 / (1 + np.exp(-z[:, :3])))
        np.testing.assert_allclose(gates.forget[:, t], 1 / (1 + np.exp(-z[:, 3:6])))
        np.testing.assert_allclose(gates.candidate[:, t], np.tanh(z[:, 6:9]))
        np.testing.assert_allclose(gates.output[:, t], 1 / (1 + np.exp(-z[:, 9:])))
        c = gates.forget[:, t] * c + gates.input[:, t] * gates.candidate[:, t]
        h = gates.output[:, t] * np.tanh(c)
        np.testing.assert_allclose(gates.cell_state[:, t], c)
        np.testing.assert_allclose(outputs[:, t], h)


@pytest.mark.parametrize("cell", ["gru", "gru_before"])
def test_gru_gates_are_what_the_equations_say(cell):
    """The gates in the cache give the states again, by the equations in a loop."""
    case = Case(cell)
    p = problem(case)
    outputs, cache = run(case)
    gates = cache.gates
    h = p["initial"][0]
    kernel, recurrent_kernel, bias = p["weights"]
    b, b_h = bias if cell == "gru" else (bias, np.zeros(9))
    for t in range(case.shape[1]):
        x_part = p["x"][:, t] @ kernel + b
        h_part = h @ recurrent_kernel + b_h
        z, r = (1 / (1 + np.exp(-(x_part + h_part)[:, k : k + 3])) for k in (0, 3))
        np.testing.assert_allclose(gates.update[:, t], z)
        np.testing.assert_allclose(gates.reset[:, t], r)
        inner = r * h_part[:, 6:]
        if cell == "gru_before":
            inner = (r * h) @ recurrent_kernel[:, 6:]
        np.testing.assert_allclose(
            gates.candidate[:, t], np.tanh(x_part[:, 6:] + inner)
        )
        h = z * h + (1 - z) * gates.candidate[:, t]
        np.testing.assert_allclose(outputs[:, t], h)


@pytest.mark.parametrize("cell", CELLS)
def test_gradient_of_a_state_is_that_of_nudging_it(cell):
    """`.states[:, t]` is dL/dh^(t): the rest of the sequence, started from there."""
    p = problem(Case(cell, seed=4))
    cut = 2
    _, cache = forward(
        cell, p["x"], *p["weights"], initial_state=as_state(cell, p["initial"])
    )
    found = backward(cell, p["d_outputs"], cache)
    state = [cache.states[:, cut]]
    if cell == "lstm":
        state.append(cache.cell_states[:, cut])

    def loss(h):
        rest, _ = forward(
            cell,
            p["x"][:, cut:],
            *p["weights"],
            initial_state=as_state(cell, [h, *state[1:]]),
        )
        own = np.sum(h * p["d_outputs"][:, cut - 1])  # the output of that step is h
        return own + np.sum(rest * p["d_outputs"][:, cut:])

    assert reference.gradient_check(loss, state[0], found.states[:, cut - 1]).passed


def test_gradient_of_a_cell_state_is_that_of_nudging_it():
    """`.cell_states[:, t]` counts the way through h^(t), too."""
    p = problem(Case("lstm", seed=4))
    cut = 2
    _, cache = forward("lstm", p["x"], *p["weights"], initial_state=tuple(p["initial"]))
    found = backward("lstm", p["d_outputs"], cache)
    o = cache.gates.output[:, cut - 1]

    def loss(c):
        h = o * np.tanh(c)
        rest, _ = forward("lstm", p["x"][:, cut:], *p["weights"], initial_state=(h, c))
        own = np.sum(h * p["d_outputs"][:, cut - 1])
        return own + np.sum(rest * p["d_outputs"][:, cut:])

    check = reference.gradient_check(
        loss, cache.cell_states[:, cut], found.cell_states[:, cut - 1]
    )
    assert check.passed, check


def segment_by_segment(case, window):
    """Truncated backpropagation as its definition says: one segment after another."""
    p = problem(case)
    time = case.shape[1]
    order = slice(None, None, -1 if case.go_backwards else 1)
    x = p["x"][:, order]
    mask = np.ones(x.shape[:2], bool) if p["mask"] is None else p["mask"][:, order]
    state = as_state(case.cell, p["initial"])
    parts = []
    for first in range(0, time, window):
        steps = slice(first, first + window)
        _, cache = forward(
            case.cell,
            x[:, steps],
            *p["weights"],
            initial_state=state,
            mask=mask[:, steps],
        )
        state = cache.final_state
        last = first + window >= time
        d_final = as_state(case.cell, p["d_finals"]) if last else None
        d_outputs = p["d_outputs"][:, steps]
        parts.append(backward(case.cell, d_outputs, cache, d_final_state=d_final))
    d_x = np.concatenate([part.x for part in parts], axis=1)[:, order]
    states = np.concatenate([part.states for part in parts], axis=1)
    weights = [
        sum(getattr(part, name) for part in parts)
        for name in ("kernel", "recurrent_kernel", "bias")
    ]
    return [d_x, *as_list(parts[0].initial_state), *weights], states


@given(
    cell=st.sampled_from(CELLS),
    seed=st.integers(0, 3),
    window=st.integers(1, 8),
    time=st.integers(1, 6),
    mask=st.sampled_from(MASKS),
    go_backwards=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_truncated_gradient_is_that_of_the_segments(
    cell, seed, window, time, mask, go_backwards
):
    """A window cuts the gradient as running over segments with carried states does."""
    case = Case(
        cell, seed=seed, mask=mask, go_backwards=go_backwards, shape=(3, time, 2, 2)
    )
    p = problem(case)
    _, cache = run(case)
    found = backward(
        cell,
        p["d_outputs"],
        cache,
        d_final_state=as_state(cell, p["d_finals"]),
        window=window,
    )
    expected, states = segment_by_segment(case, window)
    listed = [found.x, *as_list(found.initial_state)]
    listed += [found.kernel, found.recurrent_kernel, found.bias]
    for a, b in zip(listed, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    if mask == "none":
        np.testing.assert_allclose(found.states, states, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_long_window_is_exact_and_short_one_is_not(cell):
    """As many steps as there are change nothing; fewer lose what crosses a border."""
    case = Case(cell)
    p = problem(case)
    _, cache = run(case)
    full = backward(cell, p["d_outputs"], cache)
    for window in (5, 100):
        same = backward(cell, p["d_outputs"], cache, window=window)
        np.testing.assert_array_equal(same.recurrent_kernel, full.recurrent_kernel)
        np.testing.assert_array_equal(same.x, full.x)
    short = backward(cell, p["d_outputs"], cache, window=2)
    assert np.abs(short.recurrent_kernel - full.recurrent_kernel).max() > 1e-3
    np.testing.assert_array_equal(short.states[:, 4], full.states[:, 4])
    last = np.zeros_like(p["d_outputs"])
    last[:, -1] = 1
    cut = backward(cell, last, cache, window=2)  # segments: steps 0-1, 2-3 and 4
    assert not cut.states[:, :4].any()
    assert not cut.x[:, :4].any()
    assert cut.x[:, 4].any()
    assert not as_list(cut.initial_state)[0].any()


@given(cell=st.sampled_from(CELLS), cut=st.integers(0, 5), seed=st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_a_sequence_may_be_run_in_two_parts(cell, cut, seed):
    """The final state of the first part, given to the second, loses nothing."""
    p = problem(Case(cell, seed=seed))
    whole, cache = forward(cell, p["x"], *p["weights"])
    first, first_cache = forward(cell, p["x"][:, :cut], *p["weights"])
    second, second_cache = forward(
        cell, p["x"][:, cut:], *p["weights"], initial_state=first_cache.final_state
    )
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole)
    for a, b in zip(
        as_list(cache.final_state), as_list(second_cache.final_state), strict=True
    ):
        np.testing.assert_allclose(a, b)


@pytest.mark.parametrize("cell", CELLS)
def test_nothing_that_is_passed_is_changed(cell):
    """Read-only arrays are enough, and later changes to them reach no cache."""
    case = Case(cell, mask="holes", seed=9)
    p = problem(case)
    state = [s.copy() for s in p["initial"]]
    arrays = [
        p["x"].copy(),
        *[w.copy() for w in p["weights"]],
        p["mask"].copy(),
        *state,
    ]
    d_outputs = p["d_outputs"].copy()
    for array in [*arrays, d_outputs]:
        array.setflags(write=False)
    x, *weights = arrays[: 1 + len(p["weights"])]
    keywords = {"mask": arrays[1 + len(weights)], "go_backwards": True}
    outputs, cache = forward(
        cell, x, *weights, initial_state=as_state(cell, state), **keywords
    )
    before = backward(
        cell, d_outputs, cache, d_final_state=as_state(cell, p["d_finals"])
    )
    for array in arrays:
        array.setflags(write=True)
        array[...] = 0
    outputs[...] = 0
    for final in as_list(cache.final_state):
        final[...] = 0
    after = backward(
        cell, d_outputs, cache, d_final_state=as_state(cell, p["d_finals"])
    )
    np.testing.assert_array_equal(before.kernel, after.kernel)
    np.testing.assert_array_equal(before.x, after.x)
    np.testing.assert_array_equal(before.states, after.states)


@pytest.mark.parametrize("cell", CELLS)
def test_nan_flows_and_stays_in_its_sequence(cell):
    """From the step where it enters, in that row only; masked, it never enters."""
    p = problem(Case(cell))
    x = p["x"].copy()
    x[1, 2, 0] = np.nan
    outputs, cache = forward(cell, x, *p["weights"])
    assert np.isfinite(outputs[[0, 2, 3]]).all()
    assert np.isfinite(outputs[1, :2]).all()
    assert np.isnan(outputs[1, 2:]).all()
    found = backward(cell, p["d_outputs"], cache)
    assert np.isnan(found.kernel).any()
    assert np.isfinite(found.x[[0, 2, 3]]).all()
    mask = np.ones(x.shape[:2], bool)
    mask[1, 2] = False
    assert np.isfinite(forward(cell, x, *p["weights"], mask=mask)[0]).all()


def test_infinite_input_saturates():
    """tanh and sigmoid of what is infinite are their limits, without a warning."""
    x = np.array([[[np.inf], [-np.inf]]])
    outputs, _ = reference.simple_rnn_forward(x, [[1.0]], [[0.5]])
    np.testing.assert_array_equal(outputs[0, :, 0], [1, -1])
    outputs, _ = reference.simple_rnn_forward(x, [[1.0]], [[0.5]], activation="sigmoid")
    np.testing.assert_array_equal(outputs[0, :, 0], [1, 0])
    x = np.array([[[1e4], [-1e4]]], "float32")
    weight = np.ones((1, 1), "float32")
    outputs, _ = reference.simple_rnn_forward(x, weight, weight, activation="sigmoid")
    np.testing.assert_array_equal(outputs[0, :, 0], [1, 0])


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("batch", "time"), [(0, 3), (2, 0), (0, 0)])
def test_nothing_to_run_over_is_no_error(cell, batch, time):
    """No sequence or no step: empty outputs, and the state stays what it was."""
    weights = problem(Case(cell))["weights"]
    outputs, cache = forward(cell, np.zeros((batch, time, 2)), *weights)
    assert outputs.shape == (batch, time, 3)
    found = backward(cell, outputs, cache, window=2)
    assert found.x.shape == (batch, time, 2)
    assert not found.kernel.any()
    assert as_list(cache.final_state)[0].shape == (batch, 3)


def test_whole_numbers_have_no_say_in_the_dtype():
    """One-hot integers with float32 weights give float32; integers alone float64."""
    ids = np.eye(2, dtype=int)[None]  # (1, 2, 2)
    weights = [np.ones((2, 3), "float32"), np.ones((3, 3), "float32")]
    assert reference.simple_rnn_forward(ids, *weights)[0].dtype == np.float32
    wide = reference.simple_rnn_forward(ids, weights[0], weights[1].astype("float64"))
    assert wide[0].dtype == np.float64
    assert reference.simple_rnn_forward(ids, [[1], [1]], [[1]])[0].dtype == np.float64


def test_reprs_are_short():
    """Sizes, never arrays."""
    for cell in CELLS:
        p = problem(Case(cell))
        outputs, cache = forward(cell, p["x"], *p["weights"])
        shown = [cache, backward(cell, outputs, cache)]
        if cell != "simple_rnn":
            shown.append(cache.gates)
        for one in shown:
            assert "batch=4, time=5, units=3" in repr(one)
            assert len(repr(one)) < 80
            with pytest.raises(AttributeError):
                one.states = None


X = np.zeros((2, 4, 3))
SHAPES = {"simple_rnn": (5, 5), "lstm": (5, 20), "gru": (5, 15), "gru_before": (5, 15)}


def call(cell, **changed):
    """Run a forward function on zeros of the right shapes, but for what is changed."""
    rows, columns = SHAPES[cell]
    arguments = {
        "x": X,
        "kernel": np.zeros((3, columns)),
        "recurrent_kernel": np.zeros((rows, columns)),
        "bias": np.zeros((2, columns) if cell == "gru" else columns),
        **changed,
    }
    positional = [arguments.pop(k) for k in ("x", "kernel", "recurrent_kernel", "bias")]
    return forward(cell, *positional, **arguments)


@pytest.mark.parametrize(
    ("cell", "changed", "error", "words"),
    [
        ("lstm", {"x": np.zeros((4, 3))}, ValueError, "`x` must have 3 axes, got 2"),
        ("lstm", {"x": np.array([[["a"]]])}, TypeError, "`x` must hold real numbers"),
        (
            "simple_rnn",
            {"kernel": np.zeros((4, 5))},
            ValueError,
            r"`kernel` must have shape \(3, 5\).*got \(4, 5\).*get_weights",
        ),
        (
            "simple_rnn",
            {"kernel": np.zeros((5, 3))},
            ValueError,
            "`kernel`.*Transpose it",
        ),
        (
            "lstm",
            {"recurrent_kernel": np.zeros((5, 15))},
            ValueError,
            r"`recurrent_kernel` must have shape \(5, 20\).*`gru_forward`",
        ),
        (
            "gru",
            {"kernel": np.zeros((3, 20))},
            ValueError,
            r"\(features, 3 \* units\).*`lstm_forward`",
        ),
        (
            "gru",
            {"bias": np.zeros(15)},
            ValueError,
            r"`bias` must have shape \(2, 15\), got \(15,\).*`reset_after=False`",
        ),
        (
            "gru_before",
            {"bias": np.zeros((2, 15))},
            ValueError,
            r"`bias` must have shape \(15,\), got \(2, 15\).*`reset_after=True`",
        ),
        ("lstm", {"bias": np.zeros(5)}, ValueError, r"`bias`.*\(20,\), got \(5,\)"),
        (
            "lstm",
            {"mask": np.ones((2, 4))},
            TypeError,
            r"`mask`.*float64.*astype\(bool",
        ),
        (
            "gru",
            {"mask": np.ones((4, 2), bool)},
            ValueError,
            r"`mask` must have shape \(2, 4\).*got \(4, 2\)",
        ),
        (
            "gru",
            {"mask": np.ones(4, bool)},
            ValueError,
            "`mask` must have 2 axes, got 1",
        ),
        (
            "gru",
            {"initial_state": np.zeros((5, 2))},
            ValueError,
            r"`initial_state` must have shape \(2, 5\).*got \(5, 2\)",
        ),
        (
            "lstm",
            {"initial_state": np.zeros((2, 5))},
            TypeError,
            r"`initial_state` must be a pair.*ndarray.*`\(h, c\)`",
        ),
        (
            "lstm",
            {"initial_state": [np.zeros((2, 5))]},
            TypeError,
            "`initial_state` must be a pair.*list of 1",
        ),
        (
            "gru",
            {"activation": "swish"},
            ValueError,
            "`activation` must be one of 'tanh'",
        ),
        (
            "lstm",
            {"recurrent_activation": np.tanh},
            ValueError,
            "`recurrent_activation` must be one of",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_name(cell, changed, error, words):
    """The message names the argument, what it was, what was expected, and a cure."""
    call(cell)
    with pytest.raises(error, match=words):
        call(cell, **changed)


@pytest.mark.parametrize("cell", CELLS)
def test_backward_refuses_what_does_not_fit(cell):
    """Another cell's cache, gradients of another shape, a window without a step."""
    outputs, cache = call(cell)
    other = call("lstm" if cell != "lstm" else "gru")
    with pytest.raises(TypeError, match=r"`cache` must be the .*Cache of .*got tuple"):
        backward(cell, outputs, (outputs, cache))
    with pytest.raises(TypeError, match=r"`cache` must be.*got (LSTM|GRU)Cache"):
        backward(cell, outputs, other[1])
    with pytest.raises(ValueError, match=r"`d_outputs` must have shape \(2, 4, 5\)"):
        backward(cell, outputs[:, :3], cache)
    with pytest.raises(ValueError, match=r"`d_outputs` must have 3 axes, got 2"):
        backward(cell, outputs[:, -1], cache)
    with pytest.raises(ValueError, match="`window` must be at least 1, got 0"):
        backward(cell, outputs, cache, window=0)
    with pytest.raises(TypeError, match="`window` must be an integer"):
        backward(cell, outputs, cache, window=2.0)
    wrong = as_state(cell, [np.zeros((2, 4))] * 2)
    with pytest.raises(ValueError, match=r"`d_final_state` must have shape \(2, 5\)"):
        backward(cell, outputs, cache, d_final_state=wrong)


def test_lstm_backward_wants_both_final_gradients():
    """One array for two states is no pair."""
    outputs, cache = call("lstm")
    with pytest.raises(TypeError, match="`d_final_state` must be a pair"):
        reference.lstm_backward(outputs, cache, d_final_state=np.zeros((2, 5)))
