"""Attention, forward and backward: weighted sums whose weights depend on the query.

For every query, a score says how well it fits to each key; a softmax turns the scores
into weights that sum to 1; the output is the sum of the values with these weights. The
two layers differ in the score alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursepkg._validation import check_array
from coursepkg.reference._steps import FloatArray, check_cache

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, repr=False)
class DotAttentionCache:
    """What `dot_attention_forward` keeps for `dot_attention_backward`.

    Parameters
    ----------
    query : array of shape (batch, queries, dim)
    value : array of shape (batch, values, width)
    key : array of shape (batch, values, dim)
    key_given : bool
        False if the values are the keys, too.
    scale : array of shape () or None
    products : array of shape (batch, queries, values)
        The dot products of queries and keys, not yet scaled.
    weights : array of shape (batch, queries, values)
        The attention weights; each row sums to 1.
    query_mask : boolean array of shape (batch, queries)
    """

    query: FloatArray
    value: FloatArray
    key: FloatArray
    key_given: bool
    scale: FloatArray | None
    products: FloatArray
    weights: FloatArray
    query_mask: BoolArray

    def __repr__(self) -> str:
        """Return the sizes."""
        return f"DotAttentionCache({_sizes(self.weights)})"


@dataclass(frozen=True, eq=False, repr=False)
class AdditiveAttentionCache:
    """What `additive_attention_forward` keeps for `additive_attention_backward`.

    Parameters
    ----------
    value : array of shape (batch, values, width)
    key_given : bool
        False if the values are the keys, too.
    scale : array of shape (dim,) or None
    hidden : array of shape (batch, queries, values, dim)
        The tanh of each query plus each key.
    weights : array of shape (batch, queries, values)
        The attention weights; each row sums to 1.
    query_mask : boolean array of shape (batch, queries)
    """

    value: FloatArray
    key_given: bool
    scale: FloatArray | None
    hidden: FloatArray
    weights: FloatArray
    query_mask: BoolArray

    def __repr__(self) -> str:
        """Return the sizes."""
        return f"AdditiveAttentionCache({_sizes(self.weights)})"


@dataclass(frozen=True, eq=False, repr=False)
class AttentionGradients:
    """Gradients of a loss with respect to all that an attention layer was given.

    Parameters
    ----------
    query : array of shape (batch, queries, dim)
    value : array of shape (batch, values, width)
        Where no keys were given, what reaches the values as keys is in it.
    key : array of shape (batch, values, dim) or None
        None if no keys were given.
    scale : array of shape () or (dim,), or None
        None if the layer has no scale.
    """

    query: FloatArray
    value: FloatArray
    key: FloatArray | None
    scale: FloatArray | None

    def __repr__(self) -> str:
        """Return the sizes."""
        batch, queries, dim = self.query.shape
        values = self.value.shape[1]
        return (
            f"AttentionGradients(batch={batch}, queries={queries}, values={values}, "
            f"dim={dim})"
        )


def dot_attention_forward(
    query: ArrayLike,
    value: ArrayLike,
    key: ArrayLike | None = None,
    scale: ArrayLike | None = None,
    *,
    query_mask: ArrayLike | None = None,
    value_mask: ArrayLike | None = None,
    causal: bool = False,
) -> tuple[FloatArray, DotAttentionCache]:
    r"""Attend with dot products as scores.

    .. math::

        e_{ij} = s\, q_i \cdot k_j, \qquad
        a_{ij} = \frac{\exp e_{ij}}{\sum_l \exp e_{il}}, \qquad
        c_i = \sum_j a_{ij} v_j

    It computes what ``keras.layers.Attention(use_scale=True)`` computes:
    ``dot_attention_forward(query, value, key, *layer.get_weights())``.

    Parameters
    ----------
    query : array of shape (batch, queries, dim)
        :math:`q_i`. In an encoder-decoder: the decoder's states.
    value : array of shape (batch, values, width)
        :math:`v_j`. In an encoder-decoder: the encoder's outputs.
    key : array of shape (batch, values, dim), optional
        :math:`k_j`; by default the values, whose width then has to be `dim`.
    scale : float or array of shape (), optional
        :math:`s`; 1 by default. A Transformer takes :math:`1 / \sqrt{dim}`.
    query_mask : boolean array of shape (batch, queries), optional
        True where a query counts. The outputs of the others are zero.
    value_mask : boolean array of shape (batch, values), optional
        True where a value may be attended to; the others get the weight 0.
    causal : bool, default False
        Whether query i may attend to the values 0 to i only.

    Returns
    -------
    outputs : array of shape (batch, queries, width)
        :math:`c_i`, the context of each query.
    cache : DotAttentionCache
        What `dot_attention_backward` needs, and the weights :math:`a_{ij}` in
        ``cache.weights``.

    Raises
    ------
    TypeError
        If an array does not hold real numbers, or a mask no booleans.
    ValueError
        If a shape does not fit.

    Notes
    -----
    A query that may attend to nothing gets weights and an output of zero. Keras then
    spreads its weights over the very values that are masked. What stands at steps
    that the masks leave out does not matter, even if it is NaN.

    References
    ----------
    M.-T. Luong, H. Pham and C. D. Manning (2015). Effective approaches to
    attention-based neural machine translation. EMNLP. A. Vaswani et al. (2017).
    Attention is all you need. NeurIPS 30: the scale.

    Examples
    --------
    The query is equal to the second key, which it gets nearly alone.

    >>> key = np.array([[[0.0, 5.0], [5.0, 0.0], [-5.0, 0.0]]])  # (1, 3, 2)
    >>> value = np.array([[[10.0], [20.0], [30.0]]])  # (1, 3, 1)
    >>> outputs, cache = dot_attention_forward([[[5.0, 0.0]]], value, key)
    >>> cache.weights.round(3), outputs.round(3)
    (array([[[0., 1., 0.]]]), array([[[20.]]]))
    >>> mask = np.array([[True, False, True]])
    >>> dot_attention_forward([[[5.0, 0.0]]], value, key, value_mask=mask)[0].round(3)
    array([[[10.]]])
    """
    q, v, k, s = _prepared(query, value, key, scale, scale_is_vector=False)
    query_steps, allowed = _masks(q, v, query_mask, value_mask, causal)
    q, v, k = _without_masked(q, v, k, query_steps, allowed)
    products = q @ k.swapaxes(1, 2)  # (batch, queries, values)
    scores = products if s is None else s * products
    weights = _softmax(scores, allowed)  # (batch, queries, values)
    cache = DotAttentionCache(
        query=q,
        value=v,
        key=k,
        key_given=key is not None,
        scale=s,
        products=products,
        weights=weights,
        query_mask=query_steps,
    )
    return _context(weights, v, query_steps), cache


def dot_attention_backward(
    d_outputs: ArrayLike, cache: DotAttentionCache
) -> AttentionGradients:
    r"""Return the gradients of a loss with respect to what the layer was given.

    The softmax sends back what each weight would gain above the mean gain of its row:

    .. math::

        \frac{\partial L}{\partial a_{ij}} = \frac{\partial L}{\partial c_i} \cdot v_j,
        \qquad
        \frac{\partial L}{\partial e_{ij}} = a_{ij} \Bigl(
            \frac{\partial L}{\partial a_{ij}}
            - \sum_l a_{il} \frac{\partial L}{\partial a_{il}} \Bigr).

    Parameters
    ----------
    d_outputs : array of shape (batch, queries, width)
        dL/d(outputs).
    cache : DotAttentionCache
        The second result of `dot_attention_forward`.

    Returns
    -------
    AttentionGradients

    Raises
    ------
    TypeError
        If `cache` is not what `dot_attention_forward` returned.
    ValueError
        If the shape does not fit.

    Examples
    --------
    Two values with equal weights: more of the greater one would raise the output.

    >>> value = np.array([[[1.0], [3.0]]])  # (1, 2, 1)
    >>> key = np.array([[[1.0], [1.0]]])
    >>> outputs, cache = dot_attention_forward([[[1.0]]], value, key)
    >>> dot_attention_backward(np.ones((1, 1, 1)), cache).key[0, :, 0]
    array([-0.5,  0.5])
    """
    check_cache(cache, DotAttentionCache, "dot_attention")
    d_context = _d_context(d_outputs, cache.weights, cache.value, cache.query_mask)
    d_value = cache.weights.swapaxes(1, 2) @ d_context  # (batch, values, width)
    d_scores = _d_scores(d_context, cache.weights, cache.value)
    d_products = d_scores if cache.scale is None else cache.scale * d_scores
    d_key = d_products.swapaxes(1, 2) @ cache.query  # (batch, values, dim)
    d_scale = None if cache.scale is None else np.sum(d_scores * cache.products)
    return AttentionGradients(
        query=d_products @ cache.key,
        value=d_value if cache.key_given else d_value + d_key,
        key=d_key if cache.key_given else None,
        scale=None if d_scale is None else np.asarray(d_scale),
    )


def additive_attention_forward(
    query: ArrayLike,
    value: ArrayLike,
    key: ArrayLike | None = None,
    scale: ArrayLike | None = None,
    *,
    query_mask: ArrayLike | None = None,
    value_mask: ArrayLike | None = None,
    causal: bool = False,
) -> tuple[FloatArray, AdditiveAttentionCache]:
    r"""Attend with a small network as score.

    .. math:: e_{ij} = \sum_d s_d \tanh(q_{id} + k_{jd})

    and the rest as in `dot_attention_forward`. It computes what
    ``keras.layers.AdditiveAttention()`` computes:
    ``additive_attention_forward(query, value, key, *layer.get_weights())``. The
    matrices of Bahdanau et al. are not in it: where :math:`q = s W_a` and
    :math:`k = h U_a`, the score is theirs, :math:`v_a^\top \tanh(s W_a + h U_a)`.

    Parameters
    ----------
    query : array of shape (batch, queries, dim)
        :math:`q_i`.
    value : array of shape (batch, values, width)
        :math:`v_j`.
    key : array of shape (batch, values, dim), optional
        :math:`k_j`; by default the values, whose width then has to be `dim`.
    scale : array of shape (dim,), optional
        :math:`s`; ones by default.
    query_mask : boolean array of shape (batch, queries), optional
        True where a query counts. The outputs of the others are zero.
    value_mask : boolean array of shape (batch, values), optional
        True where a value may be attended to; the others get the weight 0.
    causal : bool, default False
        Whether query i may attend to the values 0 to i only.

    Returns
    -------
    outputs : array of shape (batch, queries, width)
        :math:`c_i`, the context of each query.
    cache : AdditiveAttentionCache
        What `additive_attention_backward` needs, and the weights in
        ``cache.weights``.

    Raises
    ------
    TypeError
        If an array does not hold real numbers, or a mask no booleans.
    ValueError
        If a shape does not fit.

    Notes
    -----
    As in `dot_attention_forward`, a query that may attend to nothing gets zeros. The
    sums of all queries and keys are held at once: batch x queries x values x dim
    numbers, where dot products need batch x queries x values.

    References
    ----------
    D. Bahdanau, K. Cho and Y. Bengio (2015). Neural machine translation by jointly
    learning to align and translate. ICLR.

    Examples
    --------
    >>> key = np.array([[[-2.0], [2.0]]])  # (1, 2, 1)
    >>> value = np.array([[[10.0], [20.0]]])
    >>> outputs, cache = additive_attention_forward([[[0.0]]], value, key, scale=[1.0])
    >>> cache.weights.round(3), outputs.round(2)
    (array([[[0.127, 0.873]]]), array([[[18.73]]]))
    """
    q, v, k, s = _prepared(query, value, key, scale, scale_is_vector=True)
    query_steps, allowed = _masks(q, v, query_mask, value_mask, causal)
    q, v, k = _without_masked(q, v, k, query_steps, allowed)
    hidden = np.tanh(q[:, :, np.newaxis] + k[:, np.newaxis])
    # hidden: (batch, queries, values, dim)
    scores = hidden.sum(axis=-1) if s is None else hidden @ s
    weights = _softmax(scores, allowed)  # (batch, queries, values)
    cache = AdditiveAttentionCache(
        value=v,
        key_given=key is not None,
        scale=s,
        hidden=hidden,
        weights=weights,
        query_mask=query_steps,
    )
    return _context(weights, v, query_steps), cache


def additive_attention_backward(
    d_outputs: ArrayLike, cache: AdditiveAttentionCache
) -> AttentionGradients:
    r"""Return the gradients of a loss with respect to what the layer was given.

    Down to the scores as in `dot_attention_backward`, and from there, with
    :math:`t_{ij} = \tanh(q_i + k_j)`,

    .. math::

        \frac{\partial L}{\partial q_i} = \sum_j \frac{\partial L}{\partial e_{ij}}\,
            s \odot (1 - t_{ij}^2),

    the same summed over i for :math:`k_j`, and :math:`\sum_{ij} t_{ij}\, \partial L /
    \partial e_{ij}` for s.

    Parameters
    ----------
    d_outputs : array of shape (batch, queries, width)
        dL/d(outputs).
    cache : AdditiveAttentionCache
        The second result of `additive_attention_forward`.

    Returns
    -------
    AttentionGradients

    Raises
    ------
    TypeError
        If `cache` is not what `additive_attention_forward` returned.
    ValueError
        If the shape does not fit.

    Examples
    --------
    >>> value = np.array([[[1.0], [3.0]]])  # (1, 2, 1)
    >>> key = np.zeros((1, 2, 1))
    >>> outputs, cache = additive_attention_forward([[[0.0]]], value, key)
    >>> additive_attention_backward(np.ones((1, 1, 1)), cache).key[0, :, 0]
    array([-0.5,  0.5])
    """
    check_cache(cache, AdditiveAttentionCache, "additive_attention")
    d_context = _d_context(d_outputs, cache.weights, cache.value, cache.query_mask)
    d_value = cache.weights.swapaxes(1, 2) @ d_context  # (batch, values, width)
    d_scores = _d_scores(d_context, cache.weights, cache.value)[..., np.newaxis]
    # d_scores: (batch, queries, values, 1)
    s = 1 if cache.scale is None else cache.scale
    d_sums = d_scores * s * (1 - cache.hidden**2)  # (batch, queries, values, dim)
    d_key = d_sums.sum(axis=1)  # (batch, values, dim)
    d_scale = (d_scores * cache.hidden).sum(axis=(0, 1, 2))  # (dim,)
    return AttentionGradients(
        query=d_sums.sum(axis=2),
        value=d_value if cache.key_given else d_value + d_key,
        key=d_key if cache.key_given else None,
        scale=None if cache.scale is None else d_scale,
    )


def _softmax(scores: FloatArray, allowed: BoolArray) -> FloatArray:
    """Return weights over the last axis; zeros where nothing is allowed."""
    finite = np.where(allowed, scores, -np.inf)  # (batch, queries, values)
    greatest = finite.max(axis=-1, keepdims=True, initial=-np.inf)
    greatest = np.where(np.isneginf(greatest), 0, greatest)  # a row without any
    raised = np.exp(finite - greatest)  # (batch, queries, values)
    total = raised.sum(axis=-1, keepdims=True)
    return raised / np.where(total == 0, 1, total)


def _context(
    weights: FloatArray, value: FloatArray, query_mask: BoolArray
) -> FloatArray:
    """Return the weighted sums of the values, (batch, queries, width)."""
    return np.where(query_mask[..., np.newaxis], weights @ value, 0)


def _d_context(
    d_outputs: ArrayLike, weights: FloatArray, value: FloatArray, query_mask: BoolArray
) -> FloatArray:
    """Return dL/dc, zero where the output was a constant zero."""
    expected = (*weights.shape[:2], value.shape[-1])
    array = check_array(d_outputs, "d_outputs", ndim=3)
    if array.shape != expected:
        message = (
            f"`d_outputs` must have shape {expected}, that is (batch, queries, width), "
            f"got {array.shape}. Pass one number for each number in the outputs."
        )
        raise ValueError(message)
    return np.where(query_mask[..., np.newaxis], array.astype(value.dtype), 0)


def _d_scores(
    d_context: FloatArray, weights: FloatArray, value: FloatArray
) -> FloatArray:
    """Return dL/de, through the weighted sum and the softmax."""
    d_weights = d_context @ value.swapaxes(1, 2)  # (batch, queries, values)
    mean = (weights * d_weights).sum(axis=-1, keepdims=True)
    return weights * (d_weights - mean)


def _prepared(
    query: ArrayLike,
    value: ArrayLike,
    key: ArrayLike | None,
    scale: ArrayLike | None,
    *,
    scale_is_vector: bool,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray | None]:
    """Return query, value, key and scale, checked against each other and copied."""
    q = check_array(query, "query", ndim=3)
    v = check_array(value, "value", ndim=3)
    k = v if key is None else check_array(key, "key", ndim=3)
    name = "value" if key is None else "key"
    if len(v) != len(q):
        message = (
            f"`query` and `value` must have the same batch, got {q.shape} and "
            f"{v.shape}. Pass the queries and the values of the same sequences."
        )
        raise ValueError(message)
    if k.shape != (*v.shape[:2], q.shape[-1]):
        message = (
            f"`{name}` must have shape {(*v.shape[:2], q.shape[-1])}, that is (batch, "
            f"values, dim), got {k.shape}. Queries and keys are compared, so they must "
            "be equally wide: project one of them with a matrix first."
        )
        raise ValueError(message)
    arrays = [q, v, k]
    s = None
    if scale is not None:
        s = check_array(scale, "scale", ndim=1 if scale_is_vector else 0)
        if scale_is_vector and s.shape != q.shape[-1:]:
            message = (
                f"`scale` must have shape {q.shape[-1:]}, that is (dim,), got "
                f"{s.shape}. Pass one number for each column of `query`."
            )
            raise ValueError(message)
        if s.ndim:
            arrays.append(s)
    floats = [array.dtype for array in arrays if array.dtype.kind == "f"]
    dtype = np.result_type(*floats) if floats else np.dtype(np.float64)
    return (
        np.array(q, dtype),
        np.array(v, dtype),
        np.array(k, dtype),
        None if s is None else np.array(s, dtype),
    )


def _masks(
    query: FloatArray,
    value: FloatArray,
    query_mask: ArrayLike | None,
    value_mask: ArrayLike | None,
    causal: bool,
) -> tuple[BoolArray, BoolArray]:
    """Return which queries count, and which value each may attend to."""
    query_steps = _checked_mask(query_mask, "query", query.shape[:2])
    value_steps = _checked_mask(value_mask, "value", value.shape[:2])
    allowed = np.broadcast_to(
        value_steps[:, np.newaxis], (*query.shape[:2], value.shape[1])
    )  # (batch, queries, values)
    if causal:
        allowed = allowed & np.tri(query.shape[1], value.shape[1], dtype=bool)
    return query_steps, allowed


def _without_masked(
    query: FloatArray,
    value: FloatArray,
    key: FloatArray,
    query_steps: BoolArray,
    allowed: BoolArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Put zeros where nothing may look: zero times NaN would be NaN again.

    A masked query that is finite is kept, as its weights are returned.
    """
    used = np.any(allowed, axis=1, keepdims=True).swapaxes(1, 2)  # (batch, values, 1)
    kept = query_steps[..., np.newaxis] | np.isfinite(query)  # (batch, queries, dim)
    return np.where(kept, query, 0), np.where(used, value, 0), np.where(used, key, 0)


def _checked_mask(
    mask: ArrayLike | None, of: str, expected: tuple[int, ...]
) -> BoolArray:
    """Return a mask of the expected shape; all True if there is none."""
    if mask is None:
        return np.ones(expected, bool)
    array = check_array(mask, f"{of}_mask", ndim=2)
    if array.dtype != bool:
        message = (
            f"`{of}_mask` must hold booleans, True where a step counts, got dtype "
            f"{array.dtype}. Pass `mask.astype(bool)`, or `ids != 0` for padded ids."
        )
        raise TypeError(message)
    if array.shape != expected:
        message = (
            f"`{of}_mask` must have shape {expected}, that is (batch, time) as in "
            f"`{of}`, got {array.shape}. Pass one boolean for each step."
        )
        raise ValueError(message)
    return array.copy()


def _sizes(weights: FloatArray) -> str:
    batch, queries, values = weights.shape
    return f"batch={batch}, queries={queries}, values={values}"
