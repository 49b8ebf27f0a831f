"""The LSTM layer, forward and backward through time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursepkg.reference._steps import (
    FloatArray,
    activation_and_slope,
    check_cache,
    check_pair,
    check_shape,
    gradient_of_outputs,
    in_input_order,
    outputs_of,
    prepare,
    sizes,
    steps_that_begin_a_segment,
    sum_of_products,
)


@dataclass(frozen=True, eq=False, repr=False)
class LSTMGates:
    """What happened inside an LSTM, step by step, in processing order.

    Each array has shape (batch, time, units). At a masked step the gates are those
    that its input would have given; the cell state is the one that was kept.

    Parameters
    ----------
    input, forget, output : array
        The three gates, between 0 and 1.
    candidate : array
        What the input gate lets in.
    cell_state : array
        The cell state after each step.
    """

    input: FloatArray
    forget: FloatArray
    candidate: FloatArray
    output: FloatArray
    cell_state: FloatArray

    def __repr__(self) -> str:
        """Return the sizes."""
        batch, time, units = self.input.shape
        return f"LSTMGates(batch={batch}, time={time}, units={units})"


@dataclass(frozen=True, eq=False, repr=False)
class LSTMCache:
    """What `lstm_forward` keeps for `lstm_backward`.

    Parameters
    ----------
    x : array of shape (batch, time, features)
        The inputs, in processing order.
    kernel : array of shape (features, 4 * units)
    recurrent_kernel : array of shape (units, 4 * units)
    has_bias : bool
    states, cell_states : array of shape (batch, time + 1, units)
        The initial state, then the state after each step, in processing order.
    gates : LSTMGates
        The gates of each step, in processing order.
    mask : boolean array of shape (batch, time, 1)
        True where the step counts, in processing order.
    go_backwards : bool
    activation, recurrent_activation : str
    """

    x: FloatArray
    kernel: FloatArray
    recurrent_kernel: FloatArray
    has_bias: bool
    states: FloatArray
    cell_states: FloatArray
    gates: LSTMGates
    mask: NDArray[np.bool_]
    go_backwards: bool
    activation: str
    recurrent_activation: str

    @property
    def final_state(self) -> tuple[FloatArray, FloatArray]:
        """States (h, c) after the last step, fresh arrays of shape (batch, units)."""
        return self.states[:, -1].copy(), self.cell_states[:, -1].copy()

    def __repr__(self) -> str:
        """Return the sizes."""
        return f"LSTMCache({sizes(self.states)})"


@dataclass(frozen=True, eq=False, repr=False)
class LSTMGradients:
    """Gradients of a loss with respect to all that an LSTM layer was given.

    Parameters
    ----------
    x : array of shape (batch, time, features)
        As the inputs stand, whatever the direction.
    kernel : array of shape (features, 4 * units)
    recurrent_kernel : array of shape (units, 4 * units)
    bias : array of shape (4 * units,) or None
        None if the layer has no bias.
    initial_state : tuple of two arrays of shape (batch, units)
        dL/dh and dL/dc before the first step.
    states, cell_states : array of shape (batch, time, units)
        dL/dh and dL/dc after each step, in processing order: what the loss would
        change by if that state were nudged, over all the ways that lead from it to
        the loss (from c, the way through h of the same step among them).
    """

    x: FloatArray
    kernel: FloatArray
    recurrent_kernel: FloatArray
    bias: FloatArray | None
    initial_state: tuple[FloatArray, FloatArray]
    states: FloatArray
    cell_states: FloatArray

    def __repr__(self) -> str:
        """Return the sizes."""
        batch, time, units = self.states.shape
        return f"LSTMGradients(batch={batch}, time={time}, units={units})"


def lstm_forward(
    x: ArrayLike,
    kernel: ArrayLike,
    recurrent_kernel: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    initial_state: tuple[ArrayLike, ArrayLike] | None = None,
    mask: ArrayLike | None = None,
    go_backwards: bool = False,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
) -> tuple[FloatArray, LSTMCache]:
    r"""Run an LSTM layer over a batch of sequences.

    .. math::

        i^{(t)} &= \sigma(x^{(t)} W_{xi} + h^{(t-1)} W_{hi} + b_i) \\
        f^{(t)} &= \sigma(x^{(t)} W_{xf} + h^{(t-1)} W_{hf} + b_f) \\
        \tilde c^{(t)} &= \tanh(x^{(t)} W_{xc} + h^{(t-1)} W_{hc} + b_c) \\
        o^{(t)} &= \sigma(x^{(t)} W_{xo} + h^{(t-1)} W_{ho} + b_o) \\
        c^{(t)} &= f^{(t)} \odot c^{(t-1)} + i^{(t)} \odot \tilde c^{(t)} \\
        h^{(t)} &= o^{(t)} \odot \tanh(c^{(t)})

    It computes what ``keras.layers.LSTM(units, return_sequences=True)`` computes on a
    CPU; `x` and the weights of one layer are all that it takes:
    ``lstm_forward(x, *layer.get_weights())``.

    Parameters
    ----------
    x : array of shape (batch, time, features)
        Inputs. NaN and infinite values are not refused: they flow through.
    kernel : array of shape (features, 4 * units)
        :math:`W_{xi}, W_{xf}, W_{xc}, W_{xo}` side by side, as Keras packs them.
    recurrent_kernel : array of shape (units, 4 * units)
        :math:`W_{hi}, W_{hf}, W_{hc}, W_{ho}` side by side.
    bias : array of shape (4 * units,), optional
        :math:`b_i, b_f, b_c, b_o` one after the other; None for a layer without bias.
    initial_state : tuple of two arrays of shape (batch, units), optional
        :math:`(h^{(0)}, c^{(0)})`, zeros by default.
    mask : boolean array of shape (batch, time), optional
        True where a step counts. A masked step keeps the state and repeats the last
        output; before the first step that counts the output is zero.
    go_backwards : bool
        Whether to run from the last step to the first. Outputs and states then have
        that order, too: the first output belongs to the last step.
    activation : str
        Of the candidate and of the cell state: "tanh", "sigmoid", "relu" or "linear".
    recurrent_activation : str
        Of the three gates.

    Returns
    -------
    outputs : array of shape (batch, time, units)
        The hidden state h after each step.
    cache : LSTMCache
        What `lstm_backward` needs, `cache.final_state` with h and c, and `cache.gates`.

    Raises
    ------
    TypeError
        If an array does not hold real numbers, the mask no booleans, or the initial
        state is no pair.
    ValueError
        If a shape does not fit, or there is no such activation.

    Notes
    -----
    The arrays are computed in the widest floating dtype among `x`, the weights and
    the initial state: float32 stays float32. None of them is changed.

    References
    ----------
    S. Hochreiter and J. Schmidhuber (1997). Long short-term memory. Neural Computation
    9(8), 1735-1780.

    F. A. Gers, J. Schmidhuber and F. Cummins (2000). Learning to forget: continual
    prediction with LSTM. Neural Computation 12(10), 2451-2471. (The forget gate.)

    Examples
    --------
    A unit whose gates are wide open or shut: i and o are 1, f is 1, and c~ is x.

    >>> kernel = [[0.0, 0.0, 1.0, 0.0]]
    >>> bias = [50.0, 50.0, 0.0, 50.0]
    >>> x = np.array([[[1.0], [2.0], [3.0]]])
    >>> outputs, cache = lstm_forward(
    ...     x, kernel, [[0.0] * 4], bias, activation="linear"
    ... )
    >>> cache.gates.cell_state[0, :, 0]
    array([1., 3., 6.])
    """
    activate, _ = activation_and_slope(activation, "activation")
    gate, _ = activation_and_slope(recurrent_activation, "recurrent_activation")
    initial_states = (
        (None, None)
        if initial_state is None
        else check_pair(initial_state, "initial_state")
    )
    given = prepare(
        x,
        kernel,
        recurrent_kernel,
        bias,
        n_blocks=4,
        initial_states=initial_states,
        mask=mask,
        go_backwards=go_backwards,
    )
    W_x, W_h = given.kernel, given.recurrent_kernel
    b = 0 if given.bias is None else given.bias
    batch, time, _ = given.x.shape
    units = len(W_h)

    x_z = given.x @ W_x + b  # (batch, time, 4 * units): all steps at once
    h, c = given.states  # (batch, units) each
    states = np.empty((batch, time + 1, units), x_z.dtype)
    cell_states = np.empty_like(states)
    ifco = np.empty_like(x_z)  # (batch, time, 4 * units)
    states[:, 0], cell_states[:, 0] = h, c
    for t in range(time):
        z = x_z[:, t] + h @ W_h  # (batch, 4 * units)
        z_i, z_f, z_c, z_o = np.split(z, 4, axis=1)  # (batch, units) each
        i = gate(z_i)
        f = gate(z_f)
        c_tilde = activate(z_c)
        o = gate(z_o)
        new_c = f * c + i * c_tilde
        new_h = o * activate(new_c)
        c = np.where(given.mask[:, t], new_c, c)
        h = np.where(given.mask[:, t], new_h, h)
        ifco[:, t] = np.concatenate([i, f, c_tilde, o], axis=1)
        states[:, t + 1], cell_states[:, t + 1] = h, c

    i, f, c_tilde, o = np.split(ifco, 4, axis=2)
    cache = LSTMCache(
        x=given.x,
        kernel=W_x,
        recurrent_kernel=W_h,
        has_bias=given.bias is not None,
        states=states,
        cell_states=cell_states,
        gates=LSTMGates(
            input=i,
            forget=f,
            candidate=c_tilde,
            output=o,
            cell_state=cell_states[:, 1:],
        ),
        mask=given.mask,
        go_backwards=go_backwards,
        activation=activation,
        recurrent_activation=recurrent_activation,
    )
    return outputs_of(states, given.mask), cache


def lstm_backward(
    d_outputs: ArrayLike,
    cache: LSTMCache,
    *,
    d_final_state: tuple[ArrayLike, ArrayLike] | None = None,
    window: int | None = None,
) -> LSTMGradients:
    r"""Return the gradients of a loss, by backpropagation through time.

    Two gradients run back through the steps. From one cell state to the one before,
    the way is a product with the forget gate, and nothing else:

    .. math::

        \frac{\partial L}{\partial c^{(t)}} &=
            \frac{\partial L}{\partial c^{(t+1)}} \odot f^{(t+1)}
            + \frac{\partial L}{\partial h^{(t)}} \odot o^{(t)}
            \odot \bigl(1 - \tanh^2(c^{(t)})\bigr), \\
        \frac{\partial L}{\partial h^{(t-1)}} &=
            \frac{\partial L}{\partial z^{(t)}} W_h^\top
            + \frac{\partial L}{\partial y^{(t-1)}},

    where :math:`z^{(t)}` holds what the gates and the candidate activate, and
    :math:`y^{(t)}` is the output of step t.

    Parameters
    ----------
    d_outputs : array of shape (batch, time, units)
        dL/d(outputs), in the order of the outputs. Where the loss reads the last
        output only, zeros in all steps but the last.
    cache : LSTMCache
        The second result of `lstm_forward`.
    d_final_state : tuple of two arrays of shape (batch, units), optional
        What reaches the final states h and c directly, not as an output.
    window : int, optional
        Truncated backpropagation through time: the sequence is cut into segments of
        `window` steps, counted from the first that was processed. States cross the
        border between two segments, gradients do not. None, or as many steps as there
        are, gives the exact gradient.

    Returns
    -------
    LSTMGradients
        `x`, `kernel`, `recurrent_kernel`, `bias`, `initial_state` (a pair), and in
        `states` and `cell_states` dL/dh and dL/dc after each step: how far back the
        gradient reaches.

    Raises
    ------
    TypeError
        If `cache` is not what `lstm_forward` returned,
        or `d_final_state` is no pair.
    ValueError
        If a shape does not fit, or `window` is less than 1.

    References
    ----------
    P. J. Werbos (1990). Backpropagation through time: what it does and how to do it.
    Proceedings of the IEEE 78(10), 1550-1560.

    Examples
    --------
    >>> kernel = [[0.0, 0.0, 1.0, 0.0]]
    >>> bias = [50.0, 0.0, 0.0, 50.0]  # the forget gate is half open
    >>> outputs, cache = lstm_forward(
    ...     np.ones((1, 4, 1)), kernel, [[0.0] * 4], bias, activation="linear"
    ... )
    >>> last = np.array([[[0.0], [0.0], [0.0], [1.0]]])  # the loss is the last output
    >>> lstm_backward(last, cache).cell_states[0, :, 0]
    array([0.125, 0.25 , 0.5  , 1.   ])
    """
    check_cache(cache, LSTMCache, "lstm")
    activate, slope = activation_and_slope(cache.activation, "activation")
    _, gate_slope = activation_and_slope(
        cache.recurrent_activation, "recurrent_activation"
    )
    W_x, W_h = cache.kernel, cache.recurrent_kernel
    h, c, mask = cache.states, cache.cell_states, cache.mask  # c[:, t]: before step t
    batch, time, _ = cache.x.shape
    d_outputs = gradient_of_outputs(d_outputs, h, mask)
    borders = steps_that_begin_a_segment(time, window)

    d_h = np.zeros_like(h[:, 0])  # (batch, units): dL/dh from the steps after t
    d_c = np.zeros_like(h[:, 0])  # (batch, units): dL/dc from the steps after t
    if d_final_state is not None:
        final_h, final_c = check_pair(d_final_state, "d_final_state")
        d_h += check_shape(final_h, "d_final_state", d_h.shape)
        d_c += check_shape(final_c, "d_final_state", d_c.shape)
    d_states = np.empty_like(h[:, 1:])  # (batch, time, units)
    d_cell_states = np.empty_like(h[:, 1:])  # (batch, time, units)
    d_z = np.empty((batch, time, W_h.shape[1]), h.dtype)  # (batch, time, 4 * units)
    for t in reversed(range(time)):
        step = mask[:, t]  # (batch, 1)
        i, f = cache.gates.input[:, t], cache.gates.forget[:, t]  # (batch, units)
        c_tilde, o = cache.gates.candidate[:, t], cache.gates.output[:, t]
        squashed = activate(c[:, t + 1])  # (batch, units)

        d_h = d_h + d_outputs[:, t]
        d_c = np.where(step, d_c + d_h * o * slope(squashed), d_c)
        d_states[:, t], d_cell_states[:, t] = d_h, d_c

        d_z_i = d_c * c_tilde * gate_slope(i)
        d_z_f = d_c * c[:, t] * gate_slope(f)
        d_z_c = d_c * i * slope(c_tilde)
        d_z_o = d_h * squashed * gate_slope(o)
        d_gates = np.concatenate([d_z_i, d_z_f, d_z_c, d_z_o], axis=1)
        d_z[:, t] = np.where(step, d_gates, 0)

        d_c = np.where(step, d_c * f, d_c)
        d_h = np.where(step, d_z[:, t] @ W_h.T, d_h)
        if t in borders:
            d_h, d_c = np.zeros_like(d_h), np.zeros_like(d_c)

    return LSTMGradients(
        x=in_input_order(d_z @ W_x.T, cache.go_backwards),
        kernel=sum_of_products(cache.x, d_z),
        recurrent_kernel=sum_of_products(h[:, :-1], d_z),
        bias=d_z.sum(axis=(0, 1)) if cache.has_bias else None,
        initial_state=(d_h, d_c),
        states=d_states,
        cell_states=d_cell_states,
    )
