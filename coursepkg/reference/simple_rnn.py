"""The simple recurrent layer, forward and backward through time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursepkg.reference._steps import (
    FloatArray,
    activation_and_slope,
    check_cache,
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
class SimpleRNNCache:
    """What `simple_rnn_forward` keeps for `simple_rnn_backward`.

    Parameters
    ----------
    x : array of shape (batch, time, features)
        The inputs, in processing order.
    kernel : array of shape (features, units)
    recurrent_kernel : array of shape (units, units)
    has_bias : bool
    states : array of shape (batch, time + 1, units)
        The initial state, then the state after each step, in processing order.
    mask : boolean array of shape (batch, time, 1)
        True where the step counts, in processing order.
    go_backwards : bool
    activation : str
    """

    x: FloatArray
    kernel: FloatArray
    recurrent_kernel: FloatArray
    has_bias: bool
    states: FloatArray
    mask: NDArray[np.bool_]
    go_backwards: bool
    activation: str

    @property
    def final_state(self) -> FloatArray:
        """State after the last step, a fresh array of shape (batch, units)."""
        return self.states[:, -1].copy()

    def __repr__(self) -> str:
        """Return the sizes."""
        return f"SimpleRNNCache({sizes(self.states)})"


@dataclass(frozen=True, eq=False, repr=False)
class SimpleRNNGradients:
    """Gradients of a loss with respect to all that a simple recurrent layer was given.

    Parameters
    ----------
    x : array of shape (batch, time, features)
        As the inputs stand, whatever the direction.
    kernel : array of shape (features, units)
    recurrent_kernel : array of shape (units, units)
    bias : array of shape (units,) or None
        None if the layer has no bias.
    initial_state : array of shape (batch, units)
    states : array of shape (batch, time, units)
        dL/dh after each step, in processing order: what the loss would change by if
        that state were nudged, over all the ways that lead from it to the loss.
    """

    x: FloatArray
    kernel: FloatArray
    recurrent_kernel: FloatArray
    bias: FloatArray | None
    initial_state: FloatArray
    states: FloatArray

    def __repr__(self) -> str:
        """Return the sizes."""
        batch, time, units = self.states.shape
        return f"SimpleRNNGradients(batch={batch}, time={time}, units={units})"


def simple_rnn_forward(
    x: ArrayLike,
    kernel: ArrayLike,
    recurrent_kernel: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    initial_state: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    go_backwards: bool = False,
    activation: str = "tanh",
) -> tuple[FloatArray, SimpleRNNCache]:
    r"""Run a simple recurrent layer over a batch of sequences.

    .. math:: h^{(t)} = \tanh(x^{(t)} W_{xh} + h^{(t-1)} W_{hh} + b_h)

    It computes what ``keras.layers.SimpleRNN(units, return_sequences=True)`` computes
    on a CPU; `x` and the weights of one layer are all that it takes:
    ``simple_rnn_forward(x, *layer.get_weights())``.

    Parameters
    ----------
    x : array of shape (batch, time, features)
        Inputs. NaN and infinite values are not refused: they flow through.
    kernel : array of shape (features, units)
        :math:`W_{xh}`.
    recurrent_kernel : array of shape (units, units)
        :math:`W_{hh}`.
    bias : array of shape (units,), optional
        :math:`b_h`; None for a layer without bias.
    initial_state : array of shape (batch, units), optional
        :math:`h^{(0)}`, zeros by default.
    mask : boolean array of shape (batch, time), optional
        True where a step counts. A masked step keeps the state and repeats the last
        output; before the first step that counts the output is zero.
    go_backwards : bool
        Whether to run from the last step to the first. Outputs and states then have
        that order, too: the first output belongs to the last step.
    activation : str
        "tanh", "sigmoid", "relu" or "linear".

    Returns
    -------
    outputs : array of shape (batch, time, units)
        The state after each step.
    cache : SimpleRNNCache
        What `simple_rnn_backward` needs, and `cache.final_state`.

    Raises
    ------
    TypeError
        If an array does not hold real numbers, or the mask no booleans.
    ValueError
        If a shape does not fit, or there is no such activation.

    Notes
    -----
    The arrays are computed in the widest floating dtype among `x`, the weights and
    the initial state: float32 stays float32. None of them is changed.

    References
    ----------
    J. L. Elman (1990). Finding structure in time. Cognitive Science 14(2), 179-211.

    Examples
    --------
    A single unit that adds up what it is given:

    >>> x = np.array([[[1.0], [2.0], [3.0]]])  # (batch, time, features)
    >>> outputs, cache = simple_rnn_forward(x, [[1.0]], [[1.0]], activation="linear")
    >>> outputs[0, :, 0]
    array([1., 3., 6.])
    >>> cache.final_state
    array([[6.]])
    """
    activate, _ = activation_and_slope(activation, "activation")
    given = prepare(
        x,
        kernel,
        recurrent_kernel,
        bias,
        n_blocks=1,
        initial_states=[initial_state],
        mask=mask,
        go_backwards=go_backwards,
    )
    W_xh, W_hh = given.kernel, given.recurrent_kernel
    b_h = 0 if given.bias is None else given.bias
    batch, time, _ = given.x.shape

    x_h = given.x @ W_xh + b_h  # (batch, time, units): all steps at once
    [h] = given.states  # (batch, units)
    states = np.empty((batch, time + 1, len(W_hh)), x_h.dtype)
    states[:, 0] = h
    for t in range(time):
        new_h = activate(x_h[:, t] + h @ W_hh)  # (batch, units)
        h = np.where(given.mask[:, t], new_h, h)
        states[:, t + 1] = h

    cache = SimpleRNNCache(
        x=given.x,
        kernel=W_xh,
        recurrent_kernel=W_hh,
        has_bias=given.bias is not None,
        states=states,
        mask=given.mask,
        go_backwards=go_backwards,
        activation=activation,
    )
    return outputs_of(states, given.mask), cache


def simple_rnn_backward(
    d_outputs: ArrayLike,
    cache: SimpleRNNCache,
    *,
    d_final_state: ArrayLike | None = None,
    window: int | None = None,
) -> SimpleRNNGradients:
    r"""Return the gradients of a loss, by backpropagation through time.

    With :math:`z^{(t)} = x^{(t)} W_{xh} + h^{(t-1)} W_{hh} + b_h`, the chain rule is
    followed from the last step to the first:

    .. math::

        \frac{\partial L}{\partial z^{(t)}} &=
            \frac{\partial L}{\partial h^{(t)}} \odot \bigl(1 - (h^{(t)})^2\bigr), \\
        \frac{\partial L}{\partial h^{(t-1)}} &=
            \frac{\partial L}{\partial z^{(t)}} W_{hh}^\top
            + \frac{\partial L}{\partial y^{(t-1)}},

    where :math:`y^{(t)}` is the output of step t. Each weight is used at every step, so
    its gradient is a sum over the steps.

    Parameters
    ----------
    d_outputs : array of shape (batch, time, units)
        dL/d(outputs), in the order of the outputs. Where the loss reads the last
        output only, zeros in all steps but the last.
    cache : SimpleRNNCache
        The second result of `simple_rnn_forward`.
    d_final_state : array of shape (batch, units), optional
        What reaches the final state directly, not as an output.
    window : int, optional
        Truncated backpropagation through time: the sequence is cut into segments of
        `window` steps, counted from the first that was processed. States cross the
        border between two segments, gradients do not. None, or as many steps as there
        are, gives the exact gradient.

    Returns
    -------
    SimpleRNNGradients
        `x`, `kernel`, `recurrent_kernel`, `bias`, `initial_state`, and in `states`
        dL/dh after each step: how far back the gradient reaches.

    Raises
    ------
    TypeError
        If `cache` is not what `simple_rnn_forward` returned.
    ValueError
        If a shape does not fit, or `window` is less than 1.

    References
    ----------
    P. J. Werbos (1990). Backpropagation through time: what it does and how to do it.
    Proceedings of the IEEE 78(10), 1550-1560.

    Examples
    --------
    A unit that halves its state at each step: so does the gradient, on its way back.

    >>> x = np.ones((1, 4, 1))
    >>> outputs, cache = simple_rnn_forward(x, [[1.0]], [[0.5]], activation="linear")
    >>> last = np.array([[[0.0], [0.0], [0.0], [1.0]]])  # the loss is the last output
    >>> simple_rnn_backward(last, cache).states[0, :, 0]
    array([0.125, 0.25 , 0.5  , 1.   ])
    >>> simple_rnn_backward(last, cache, window=2).states[0, :, 0]
    array([0. , 0. , 0.5, 1. ])
    """
    check_cache(cache, SimpleRNNCache, "simple_rnn")
    _, slope = activation_and_slope(cache.activation, "activation")
    W_xh, W_hh = cache.kernel, cache.recurrent_kernel
    h, mask = cache.states, cache.mask  # h[:, t] is before step t, h[:, t + 1] after
    batch, time, _ = cache.x.shape
    d_outputs = gradient_of_outputs(d_outputs, h, mask)
    borders = steps_that_begin_a_segment(time, window)

    d_h = np.zeros_like(h[:, 0])  # (batch, units): dL/dh from the steps after t
    if d_final_state is not None:
        d_h += check_shape(d_final_state, "d_final_state", d_h.shape)
    d_states = np.empty_like(h[:, 1:])  # (batch, time, units)
    d_z = np.empty_like(h[:, 1:])  # (batch, time, units), z: what is activated
    for t in reversed(range(time)):
        d_h = d_h + d_outputs[:, t]
        d_states[:, t] = d_h
        d_z[:, t] = np.where(mask[:, t], d_h * slope(h[:, t + 1]), 0)
        d_h = np.where(mask[:, t], d_z[:, t] @ W_hh.T, d_h)
        if t in borders:
            d_h = np.zeros_like(d_h)

    return SimpleRNNGradients(
        x=in_input_order(d_z @ W_xh.T, cache.go_backwards),
        kernel=sum_of_products(cache.x, d_z),
        recurrent_kernel=sum_of_products(h[:, :-1], d_z),
        bias=d_z.sum(axis=(0, 1)) if cache.has_bias else None,
        initial_state=d_h,
        states=d_states,
    )
