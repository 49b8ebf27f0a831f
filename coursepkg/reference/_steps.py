"""What the recurrent layers share: checks, activations, and the rules of a mask.

*Processing order* is the order in which the steps are computed: as they stand, or from
the last to the first with `go_backwards`. Everything here but `in_input_order` works
in processing order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursepkg._validation import check_array, check_choice, check_integer

FloatArray = NDArray[Any]  # float32 or float64, whatever the caller works in
Elementwise = Callable[[FloatArray], FloatArray]

CELLS = {1: "simple_rnn", 3: "gru", 4: "lstm"}  # by the number of blocks in a kernel


@dataclass(frozen=True, eq=False)
class Prepared:
    """The checked arguments of a layer, copied, in one dtype and processing order.

    Parameters
    ----------
    x : array of shape (batch, time, features)
    kernel : array of shape (features, n_blocks * units)
    recurrent_kernel : array of shape (units, n_blocks * units)
    bias : array or None
    states : list of arrays of shape (batch, units)
        The initial states, zeros where none was given.
    mask : boolean array of shape (batch, time, 1)
        True where the step counts.
    """

    x: FloatArray
    kernel: FloatArray
    recurrent_kernel: FloatArray
    bias: FloatArray | None
    states: list[FloatArray]
    mask: NDArray[np.bool_]


def prepare(
    x: ArrayLike,
    kernel: ArrayLike,
    recurrent_kernel: ArrayLike,
    bias: ArrayLike | None,
    *,
    n_blocks: int,
    two_biases: bool = False,
    initial_states: Sequence[ArrayLike | None] = (None,),
    mask: ArrayLike | None,
    go_backwards: bool,
) -> Prepared:
    """Check the arguments of a forward function against each other.

    Parameters
    ----------
    x, kernel, recurrent_kernel, bias, mask, go_backwards
        As the caller was given them.
    n_blocks : int
        Blocks of `units` columns in a kernel: 1 SimpleRNN, 3 GRU, 4 LSTM.
    two_biases : bool
        Whether the bias has two rows, for the input and for the state.
    initial_states : sequence of array or None
        One for each state that the cell keeps.

    Returns
    -------
    Prepared

    Raises
    ------
    TypeError
        If an array does not hold real numbers, or the mask no booleans.
    ValueError
        If a shape does not fit.
    """
    x = check_array(x, "x", ndim=3)
    kernel = check_array(kernel, "kernel", ndim=2)
    recurrent_kernel = check_array(recurrent_kernel, "recurrent_kernel", ndim=2)
    batch, time, features = x.shape
    units = recurrent_kernel.shape[0]
    columns = n_blocks * units
    _check_kernel(recurrent_kernel, "recurrent_kernel", units, units, n_blocks)
    _check_kernel(kernel, "kernel", features, units, n_blocks)
    given = [x, kernel, recurrent_kernel]
    if bias is not None:
        bias = check_array(bias, "bias", ndim=(1, 2))
        _check_bias(bias, (2, columns) if two_biases else (columns,), n_blocks)
        given.append(bias)
    states: list[FloatArray | None] = [
        None if state is None else check_shape(state, "initial_state", (batch, units))
        for state in initial_states
    ]
    given.extend(state for state in states if state is not None)
    steps = _checked_mask(mask, (batch, time))
    dtype = common_dtype(given)
    order = slice(None, None, -1 if go_backwards else 1)
    return Prepared(
        x=np.array(x[:, order], dtype),
        kernel=np.array(kernel, dtype),
        recurrent_kernel=np.array(recurrent_kernel, dtype),
        bias=None if bias is None else np.array(bias, dtype),
        states=[
            np.zeros((batch, units), dtype) if state is None else np.array(state, dtype)
            for state in states
        ],
        mask=steps[:, order, np.newaxis],
    )


def check_shape(value: ArrayLike, name: str, expected: tuple[int, ...]) -> FloatArray:
    """Return `value` as an array if it has the shape that is expected.

    Parameters
    ----------
    value : array_like
        What the caller was given.
    name : str
        The parameter's name, for the message.
    expected : tuple of int
        The only shape that is allowed.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    ValueError
        If the shape differs; the message gives both.
    """
    array = check_array(value, name, ndim=len(expected))
    if array.shape != expected:
        axes = "(batch, time, units)" if len(expected) == 3 else "(batch, units)"
        message = (
            f"`{name}` must have shape {expected}, that is {axes}, got {array.shape}. "
            "Pass one row for each sequence and one column for each unit."
        )
        raise ValueError(message)
    return array


def check_pair(value: Any, name: str) -> tuple[ArrayLike, ArrayLike]:
    """Return the two states of an LSTM.

    Parameters
    ----------
    value : tuple or list of two arrays
        What the caller was given.
    name : str
        The parameter's name, for the message.

    Returns
    -------
    tuple of two arrays

    Raises
    ------
    TypeError
        If `value` is not a tuple or list of two.
    """
    if not isinstance(value, tuple | list) or len(value) != 2:
        what = f"{type(value).__name__}"
        if isinstance(value, tuple | list):
            what += f" of {len(value)}"
        message = (
            f"`{name}` must be a pair of arrays, one for h and one for c, got {what}. "
            "Pass `(h, c)`: an LSTM keeps two states."
        )
        raise TypeError(message)
    return value[0], value[1]


def check_cache(cache: Any, expected: type, cell: str) -> None:
    """Refuse a cache that another function made.

    Parameters
    ----------
    cache : object
        What the backward function was given.
    expected : type
        The cache that it works with.
    cell : str
        "simple_rnn", "lstm" or "gru", for the message.

    Raises
    ------
    TypeError
        If `cache` is anything else.
    """
    if not isinstance(cache, expected):
        message = (
            f"`cache` must be the {expected.__name__} of `{cell}_forward`, got "
            f"{type(cache).__name__}. Pass the second of its two results: "
            f"`outputs, cache = {cell}_forward(...)`."
        )
        raise TypeError(message)


def activation_and_slope(name: str, parameter: str) -> tuple[Elementwise, Elementwise]:
    """Return an activation and its slope.

    Parameters
    ----------
    name : str
        "tanh", "sigmoid", "relu" or "linear".
    parameter : str
        The name of the parameter that chose it, for the message.

    Returns
    -------
    activation : callable
        Applied to each element.
    slope : callable
        The derivative as a function of the activation's *result*, which is what a
        cache holds: 1 - a² for a = tanh(z).

    Raises
    ------
    ValueError
        If there is no such activation.
    """
    return ACTIVATIONS[check_choice(name, parameter, tuple(ACTIVATIONS))]


def steps_that_begin_a_segment(time: int, window: int | None) -> range:
    """Return the steps before which truncated backpropagation stops.

    Parameters
    ----------
    time : int
        Number of steps.
    window : int or None
        Steps in a segment; None for one segment.

    Returns
    -------
    range
        The first step of every segment but the first.
    """
    if window is None:
        return range(0)
    window = check_integer(window, "window", minimum=1)
    return range(window, time, window)


def seen(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which steps are at or after the first that counts, (batch, time, 1)."""
    return np.logical_or.accumulate(mask, axis=1)


def outputs_of(states: FloatArray, mask: NDArray[np.bool_]) -> FloatArray:
    """Return what Keras returns for each step.

    A masked step repeats the output before it, which is the state that was kept;
    before the first step that counts there is none, and the output is zero, whatever
    the initial state.

    Parameters
    ----------
    states : array of shape (batch, time + 1, units)
        The initial state and the state after each step.
    mask : boolean array of shape (batch, time, 1)

    Returns
    -------
    array of shape (batch, time, units)
    """
    return np.where(seen(mask), states[:, 1:], 0)


def gradient_of_outputs(
    d_outputs: ArrayLike, states: FloatArray, mask: NDArray[np.bool_]
) -> FloatArray:
    """Return dL/d(output) as what it contributes to dL/d(state) at each step.

    Parameters
    ----------
    d_outputs : array of shape (batch, time, units)
    states : array of shape (batch, time + 1, units)
    mask : boolean array of shape (batch, time, 1)

    Returns
    -------
    array of shape (batch, time, units)
        Zero where the output was a constant zero.
    """
    batch, steps, units = states.shape
    d_outputs = check_shape(d_outputs, "d_outputs", (batch, steps - 1, units))
    return np.where(seen(mask), d_outputs.astype(states.dtype), 0)


def in_input_order(steps: FloatArray, go_backwards: bool) -> FloatArray:
    """Return an array in processing order as the inputs stand.

    Parameters
    ----------
    steps : array of shape (batch, time, ...)
    go_backwards : bool

    Returns
    -------
    array of the same shape
    """
    return steps[:, ::-1] if go_backwards else steps


def sum_of_products(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the sum over batch and time of the outer products a ⊗ b.

    Parameters
    ----------
    a : array of shape (batch, time, n)
    b : array of shape (batch, time, m)

    Returns
    -------
    array of shape (n, m)
    """
    return np.tensordot(a, b, axes=([0, 1], [0, 1]))


def common_dtype(arrays: Sequence[FloatArray]) -> np.dtype[Any]:
    """Return the dtype of a computation with these arrays.

    Parameters
    ----------
    arrays : sequence of arrays
        Integers and booleans have no say.

    Returns
    -------
    numpy.dtype
        The widest floating dtype among them; float64 if there is none.
    """
    floats = [array.dtype for array in arrays if array.dtype.kind == "f"]
    return np.result_type(*floats) if floats else np.dtype(np.float64)


def sizes(states: FloatArray) -> str:
    """Return the sizes of a layer's run, for a short repr.

    Parameters
    ----------
    states : array of shape (batch, time + 1, units)

    Returns
    -------
    str
    """
    batch, steps, units = states.shape
    return f"batch={batch}, time={steps - 1}, units={units}"


def _check_kernel(
    array: FloatArray, name: str, rows: int, units: int, n_blocks: int
) -> None:
    """Refuse a kernel that fits neither the input nor the number of units."""
    expected = (rows, n_blocks * units)
    if array.shape == expected:
        return
    meaning = "features" if name == "kernel" else "units"
    width = "units" if n_blocks == 1 else f"{n_blocks} * units"
    message = (
        f"`{name}` must have shape {expected}, that is ({meaning}, {width}), got "
        f"{array.shape}. "
    )
    blocks, rest = divmod(array.shape[1], units) if units else (0, 0)
    if array.shape[0] == rows and not rest and blocks in CELLS:
        message += (
            f"{blocks} * {units} columns are those of `{CELLS[blocks]}_forward`: "
            "call that one, or pass weights of this cell."
        )
    elif array.shape[::-1] == expected:
        message += "Transpose it."
    else:
        message += (
            "`x` says how many features there are, the rows of `recurrent_kernel` how "
            "many units. Pass `*layer.get_weights()` of one layer, in this order."
        )
    raise ValueError(message)


def _check_bias(bias: FloatArray, expected: tuple[int, ...], n_blocks: int) -> None:
    """Refuse a bias of another shape, with a word on the two forms of the GRU."""
    if bias.shape == expected:
        return
    message = f"`bias` must have shape {expected}, got {bias.shape}. "
    columns = expected[-1]
    if n_blocks == 3 and bias.shape == (2, columns):
        message += (
            "Two rows belong to a GRU with `reset_after=True`, the default of Keras: "
            "pass `reset_after=True`."
        )
    elif n_blocks == 3 and bias.shape == (columns,):
        message += (
            "One row belongs to a GRU with `reset_after=False`: pass "
            "`reset_after=False`."
        )
    else:
        message += "Pass the bias of the same layer, or None if it has none."
    raise ValueError(message)


def _checked_mask(
    mask: ArrayLike | None, expected: tuple[int, int]
) -> NDArray[np.bool_]:
    """Return a mask of shape (batch, time); all True if there is none."""
    if mask is None:
        return np.ones(expected, bool)
    array = check_array(mask, "mask", ndim=2)
    if array.dtype != bool:
        message = (
            f"`mask` must hold booleans, True where a step counts, got dtype "
            f"{array.dtype}. Pass `mask.astype(bool)`, or `ids != 0` for padded ids."
        )
        raise TypeError(message)
    if array.shape != expected:
        message = (
            f"`mask` must have shape {expected}, that is (batch, time) as in `x`, got "
            f"{array.shape}. Pass one boolean for each step."
        )
        raise ValueError(message)
    return array.copy()


def _sigmoid(z: FloatArray) -> FloatArray:
    """Return 1 / (1 + exp(-z)) without overflow on either side."""
    tail = np.exp(-np.abs(z))  # in (0, 1]
    return np.where(z >= 0, 1 / (1 + tail), tail / (1 + tail))


def _relu(z: FloatArray) -> FloatArray:
    return np.maximum(z, 0)


def _linear(z: FloatArray) -> FloatArray:
    return z


def _slope_of_tanh(a: FloatArray) -> FloatArray:
    return 1 - a**2


def _slope_of_sigmoid(a: FloatArray) -> FloatArray:
    return a * (1 - a)


def _slope_of_relu(a: FloatArray) -> FloatArray:
    return (a > 0).astype(a.dtype)


def _slope_of_linear(a: FloatArray) -> FloatArray:
    return np.ones_like(a)


ACTIVATIONS: dict[str, tuple[Elementwise, Elementwise]] = {
    "tanh": (np.tanh, _slope_of_tanh),
    "sigmoid": (_sigmoid, _slope_of_sigmoid),
    "relu": (_relu, _slope_of_relu),
    "linear": (_linear, _slope_of_linear),
}
