"""The GRU layer in both its forms, forward and backward through time."""

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
class GRUGates:
    """What happened inside a GRU, step by step, in processing order.

    Each array has shape (batch, time, units). At a masked step they are what its
    input would have given; the state is kept.

    Parameters
    ----------
    update : array
        z: the share of the old state that stays.
    reset : array
        r: the share of the old state that the candidate sees.
    candidate : array
        What takes the place of the rest.
    """

    update: FloatArray
    reset: FloatArray
    candidate: FloatArray

    def __repr__(self) -> str:
        """Return the sizes."""
        batch, time, units = self.update.shape
        return f"GRUGates(batch={batch}, time={time}, units={units})"


@dataclass(frozen=True, eq=False, repr=False)
class GRUCache:
    """What `gru_forward` keeps for `gru_backward`.

    Parameters
    ----------
    x : array of shape (batch, time, features)
        The inputs, in processing order.
    kernel : array of shape (features, 3 * units)
    recurrent_kernel : array of shape (units, 3 * units)
    has_bias, reset_after : bool
    states : array of shape (batch, time + 1, units)
        The initial state, then the state after each step, in processing order.
    gates : GRUGates
        The gates of each step, in processing order.
    recalled : array of shape (batch, time, units)
        What the reset gate multiplies: the old state, or with `reset_after` its
        product with the candidate's recurrent weights, bias included.
    mask : boolean array of shape (batch, time, 1)
        True where the step counts, in processing order.
    go_backwards : bool
    activation, recurrent_activation : str
    """

    x: FloatArray
    kernel: FloatArray
    recurrent_kernel: FloatArray
    has_bias: bool
    reset_after: bool
    states: FloatArray
    gates: GRUGates
    recalled: FloatArray
    mask: NDArray[np.bool_]
    go_backwards: bool
    activation: str
    recurrent_activation: str

    @property
    def final_state(self) -> FloatArray:
        """State after the last step, a fresh array of shape (batch, units)."""
        return self.states[:, -1].copy()

    def __repr__(self) -> str:
        """Return the sizes."""
        return f"GRUCache({sizes(self.states)}, reset_after={self.reset_after})"


@dataclass(frozen=True, eq=False, repr=False)
class GRUGradients:
    """Gradients of a loss with respect to all that a GRU layer was given.

    Parameters
    ----------
    x : array of shape (batch, time, features)
        As the inputs stand, whatever the direction.
    kernel : array of shape (features, 3 * units)
    recurrent_kernel : array of shape (units, 3 * units)
    bias : array of the bias's shape or None
        (2, 3 * units) with `reset_after`, else (3 * units,); None if the layer has
        no bias.
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
        return f"GRUGradients(batch={batch}, time={time}, units={units})"


def gru_forward(
    x: ArrayLike,
    kernel: ArrayLike,
    recurrent_kernel: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    reset_after: bool = True,
    initial_state: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    go_backwards: bool = False,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
) -> tuple[FloatArray, GRUCache]:
    r"""Run a GRU layer over a batch of sequences.

    .. math::

        z^{(t)} &= \sigma(x^{(t)} W_{xz} + b_z + h^{(t-1)} W_{hz} + b'_z) \\
        r^{(t)} &= \sigma(x^{(t)} W_{xr} + b_r + h^{(t-1)} W_{hr} + b'_r) \\
        \tilde h^{(t)} &= \tanh\bigl(x^{(t)} W_{xh} + b_h
                   + r^{(t)} \odot (h^{(t-1)} W_{hh} + b'_h)\bigr) \\
        h^{(t)} &= z^{(t)} \odot h^{(t-1)} + (1 - z^{(t)}) \odot \tilde h^{(t)}

    That is the form with `reset_after`, the default of Keras: the reset gate comes
    after the product. In the other form, that of the paper, the reset gate comes before
    the product, and one bias is enough:

    .. math:: \tilde h^{(t)} = \tanh\bigl(x^{(t)} W_{xh} + b_h
              + (r^{(t)} \odot h^{(t-1)}) W_{hh}\bigr)

    It computes what ``keras.layers.GRU(units, return_sequences=True)`` computes on a
    CPU; `x` and the weights of one layer are all that it takes:
    ``gru_forward(x, *layer.get_weights())``.

    Parameters
    ----------
    x : array of shape (batch, time, features)
        Inputs. NaN and infinite values are not refused: they flow through.
    kernel : array of shape (features, 3 * units)
        :math:`W_{xz}, W_{xr}, W_{xh}` side by side, as Keras packs them.
    recurrent_kernel : array of shape (units, 3 * units)
        :math:`W_{hz}, W_{hr}, W_{hh}` side by side.
    bias : array, optional
        With `reset_after` of shape (2, 3 * units): the row :math:`b`, then the row
        :math:`b'`. Without it of shape (3 * units,). None for a layer without bias.
    reset_after : bool
        Which of the two forms.
    initial_state : array of shape (batch, units), optional
        :math:`h^{(0)}`, zeros by default.
    mask : boolean array of shape (batch, time), optional
        True where a step counts. A masked step keeps the state and repeats the last
        output; before the first step that counts the output is zero.
    go_backwards : bool
        Whether to run from the last step to the first. Outputs and states then have
        that order, too: the first output belongs to the last step.
    activation : str
        Of the candidate: "tanh", "sigmoid", "relu" or "linear".
    recurrent_activation : str
        Of the two gates.

    Returns
    -------
    outputs : array of shape (batch, time, units)
        The state after each step.
    cache : GRUCache
        What `gru_backward` needs, `cache.final_state` and `cache.gates`.

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

    z = 1 keeps the old state, as in the paper and in Keras. Other texts exchange z and
    1 - z; the layer can learn the same, with the gate's weights of the other sign.

    References
    ----------
    K. Cho, B. van Merriënboer, C. Gulcehre, D. Bahdanau, F. Bougares, H. Schwenk and
    Y. Bengio (2014). Learning phrase representations using RNN encoder-decoder for
    statistical machine translation. EMNLP, 1724-1734.

    Examples
    --------
    A unit whose update gate is half open moves half of the way to each input.

    >>> kernel = [[0.0, 0.0, 1.0]]
    >>> x = np.array([[[8.0], [8.0], [8.0]]])
    >>> outputs, cache = gru_forward(x, kernel, [[0.0] * 3], activation="linear")
    >>> outputs[0, :, 0]
    array([4., 6., 7.])
    >>> cache.gates.update[0, :, 0]
    array([0.5, 0.5, 0.5])
    """
    activate, _ = activation_and_slope(activation, "activation")
    gate, _ = activation_and_slope(recurrent_activation, "recurrent_activation")
    given = prepare(
        x,
        kernel,
        recurrent_kernel,
        bias,
        n_blocks=3,
        two_biases=reset_after,
        initial_states=[initial_state],
        mask=mask,
        go_backwards=go_backwards,
    )
    W_x, W_h = given.kernel, given.recurrent_kernel
    b_x = b_h = np.zeros(W_h.shape[1], W_h.dtype)  # (3 * units,)
    if given.bias is not None:
        b_x, b_h = given.bias if reset_after else (given.bias, b_h)
    batch, time, _ = given.x.shape
    units = len(W_h)
    W_hz, W_hr, W_hh = np.split(W_h, 3, axis=1)  # (units, units) each
    b_hz, b_hr, b_hh = np.split(b_h, 3)  # (units,) each

    x_zrh = given.x @ W_x + b_x  # (batch, time, 3 * units): all steps at once
    x_z, x_r, x_h = np.split(x_zrh, 3, axis=2)  # (batch, time, units) each
    [h] = given.states  # (batch, units)
    states = np.empty((batch, time + 1, units), h.dtype)
    zrh = np.empty_like(x_zrh)  # (batch, time, 3 * units)
    recalled = np.empty_like(x_z)  # (batch, time, units)
    states[:, 0] = h
    for t in range(time):
        z = gate(x_z[:, t] + h @ W_hz + b_hz)  # (batch, units)
        r = gate(x_r[:, t] + h @ W_hr + b_hr)  # (batch, units)
        if reset_after:
            recalled[:, t] = h @ W_hh + b_hh
            h_tilde = activate(x_h[:, t] + r * recalled[:, t])  # (batch, units)
        else:
            recalled[:, t] = h
            h_tilde = activate(x_h[:, t] + (r * h) @ W_hh)  # (batch, units)
        new_h = z * h + (1 - z) * h_tilde
        h = np.where(given.mask[:, t], new_h, h)
        zrh[:, t] = np.concatenate([z, r, h_tilde], axis=1)
        states[:, t + 1] = h

    z, r, h_tilde = np.split(zrh, 3, axis=2)
    cache = GRUCache(
        x=given.x,
        kernel=W_x,
        recurrent_kernel=W_h,
        has_bias=given.bias is not None,
        reset_after=reset_after,
        states=states,
        gates=GRUGates(update=z, reset=r, candidate=h_tilde),
        recalled=recalled,
        mask=given.mask,
        go_backwards=go_backwards,
        activation=activation,
        recurrent_activation=recurrent_activation,
    )
    return outputs_of(states, given.mask), cache


def gru_backward(
    d_outputs: ArrayLike,
    cache: GRUCache,
    *,
    d_final_state: ArrayLike | None = None,
    window: int | None = None,
) -> GRUGradients:
    r"""Return the gradients of a loss, by backpropagation through time.

    From one state to the one before, four ways lead back: past the candidate, by a
    product with the update gate, and through each of the three recurrent kernels:

    .. math:: \frac{\partial L}{\partial h^{(t-1)}} =
              \frac{\partial L}{\partial h^{(t)}} \odot z^{(t)}
              + \text{(ways through } z^{(t)}, r^{(t)}, \tilde h^{(t)} \text{)}
              + \frac{\partial L}{\partial y^{(t-1)}},

    where :math:`y^{(t)}` is the output of step t.

    Parameters
    ----------
    d_outputs : array of shape (batch, time, units)
        dL/d(outputs), in the order of the outputs. Where the loss reads the last
        output only, zeros in all steps but the last.
    cache : GRUCache
        The second result of `gru_forward`.
    d_final_state : array of shape (batch, units), optional
        What reaches the final state directly, not as an output.
    window : int, optional
        Truncated backpropagation through time: the sequence is cut into segments of
        `window` steps, counted from the first that was processed. States cross the
        border between two segments, gradients do not. None, or as many steps as there
        are, gives the exact gradient.

    Returns
    -------
    GRUGradients
        `x`, `kernel`, `recurrent_kernel`, `bias`, `initial_state`, and in `states`
        dL/dh after each step: how far back the gradient reaches.

    Raises
    ------
    TypeError
        If `cache` is not what `gru_forward` returned.
    ValueError
        If a shape does not fit, or `window` is less than 1.

    References
    ----------
    P. J. Werbos (1990). Backpropagation through time: what it does and how to do it.
    Proceedings of the IEEE 78(10), 1550-1560.

    Examples
    --------
    >>> kernel = [[0.0, 0.0, 1.0]]
    >>> outputs, cache = gru_forward(
    ...     np.ones((1, 4, 1)), kernel, [[0.0] * 3], activation="linear"
    ... )
    >>> last = np.array([[[0.0], [0.0], [0.0], [1.0]]])  # the loss is the last output
    >>> gru_backward(last, cache).states[0, :, 0]
    array([0.125, 0.25 , 0.5  , 1.   ])
    """
    check_cache(cache, GRUCache, "gru")
    _, slope = activation_and_slope(cache.activation, "activation")
    _, gate_slope = activation_and_slope(
        cache.recurrent_activation, "recurrent_activation"
    )
    W_x, W_h = cache.kernel, cache.recurrent_kernel
    W_hz, W_hr, W_hh = np.split(W_h, 3, axis=1)  # (units, units) each
    h, mask = cache.states, cache.mask  # h[:, t] is before step t, h[:, t + 1] after
    time = cache.x.shape[1]
    d_outputs = gradient_of_outputs(d_outputs, h, mask)
    borders = steps_that_begin_a_segment(time, window)

    d_h = np.zeros_like(h[:, 0])  # (batch, units): dL/dh from the steps after t
    if d_final_state is not None:
        d_h += check_shape(d_final_state, "d_final_state", d_h.shape)
    d_states = np.empty_like(h[:, 1:])  # (batch, time, units)
    # Gradients of what the two gates and the candidate activate:
    d_z, d_r, d_h_tilde = (np.empty_like(d_states) for _ in range(3))
    for t in reversed(range(time)):
        step = mask[:, t]  # (batch, 1)
        z, r = cache.gates.update[:, t], cache.gates.reset[:, t]  # (batch, units)
        h_tilde, recalled = cache.gates.candidate[:, t], cache.recalled[:, t]

        d_h = d_h + d_outputs[:, t]
        d_states[:, t] = d_h
        d_z[:, t] = np.where(step, d_h * (h[:, t] - h_tilde) * gate_slope(z), 0)
        d_h_tilde[:, t] = np.where(step, d_h * (1 - z) * slope(h_tilde), 0)
        if cache.reset_after:
            d_product = d_h_tilde[:, t]  # (batch, units): dL/d(r * recalled)
            d_h_by_candidate = (d_product * r) @ W_hh.T  # (batch, units)
        else:
            d_product = d_h_tilde[:, t] @ W_hh.T
            d_h_by_candidate = d_product * r
        d_r[:, t] = np.where(step, d_product * recalled * gate_slope(r), 0)

        d_old_h = d_h * z + d_z[:, t] @ W_hz.T + d_r[:, t] @ W_hr.T + d_h_by_candidate
        d_h = np.where(step, d_old_h, d_h)
        if t in borders:
            d_h = np.zeros_like(d_h)

    r, old_h = cache.gates.reset, h[:, :-1]  # (batch, time, units)
    d_x_zrh = np.concatenate([d_z, d_r, d_h_tilde], axis=2)  # (batch, time, 3 * units)
    if cache.reset_after:
        d_h_zrh = np.concatenate([d_z, d_r, d_h_tilde * r], axis=2)
        d_recurrent_kernel = sum_of_products(old_h, d_h_zrh)  # (units, 3 * units)
    else:
        d_recurrent_kernel = np.concatenate(
            [
                sum_of_products(old_h, d_x_zrh[:, :, : -len(W_h)]),
                sum_of_products(r * old_h, d_h_tilde),
            ],
            axis=1,
        )
    d_bias = None
    if cache.has_bias:
        d_bias = d_x_zrh.sum(axis=(0, 1))  # (3 * units,)
        if cache.reset_after:
            d_bias = np.stack([d_bias, d_h_zrh.sum(axis=(0, 1))])  # (2, 3 * units)

    return GRUGradients(
        x=in_input_order(d_x_zrh @ W_x.T, cache.go_backwards),
        kernel=sum_of_products(cache.x, d_x_zrh),
        recurrent_kernel=d_recurrent_kernel,
        bias=d_bias,
        initial_state=d_h,
        states=d_states,
    )
