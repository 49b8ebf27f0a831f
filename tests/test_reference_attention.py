"""Tests of attention in NumPy: Keras, its gradients, finite differences."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from coursepkg import reference

KINDS = ["dot", "additive"]
BATCH, QUERIES, VALUES, DIM, WIDTH = 3, 4, 5, 6, 2
QUERY_MASK = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 1, 1]], bool)
VALUE_MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 0, 0, 1, 0]], bool)
MASKS = {
    "none": {},
    "values": {"value_mask": VALUE_MASK},
    "both": {"query_mask": QUERY_MASK, "value_mask": VALUE_MASK},
    "causal": {"causal": True},
    "causal and values": {"causal": True, "value_mask": VALUE_MASK},
}


def forward(kind, *arrays, **keywords):
    """The forward function of the kind."""
    return getattr(reference, f"{kind}_attention_forward")(*arrays, **keywords)


def backward(kind, d_outputs, cache):
    """The backward function of the kind."""
    return getattr(reference, f"{kind}_attention_backward")(d_outputs, cache)


def drawn(kind, *, keys=True, scaled=True, seed=0):
    """Random query, value, key and scale; with keys, values have their own width."""
    rng = np.random.default_rng(seed)
    query = rng.normal(size=(BATCH, QUERIES, DIM))
    value = rng.normal(size=(BATCH, VALUES, WIDTH if keys else DIM))
    key = rng.normal(size=(BATCH, VALUES, DIM)) if keys else None
    scale = rng.normal(size=() if kind == "dot" else (DIM,)) if scaled else None
    return query, value, key, scale


def by_keras(kind, query, value, key, scale, **masks):
    """Outputs and weights of the Keras layer in float64, and the layer."""
    kinds = {"dot": keras.layers.Attention, "additive": keras.layers.AdditiveAttention}
    layer = kinds[kind](use_scale=scale is not None, dtype="float64")
    inputs = [query, value] if key is None else [query, value, key]
    layer.build([tuple(array.shape) for array in inputs])
    if scale is not None:
        layer.set_weights([scale])
    mask = [masks.get("query_mask"), masks.get("value_mask")]
    outputs, weights = layer(
        [tf.convert_to_tensor(array) for array in inputs],
        mask=[None if one is None else tf.constant(one) for one in mask],
        use_causal_mask=masks.get("causal", False),
        return_attention_scores=True,
    )
    return outputs, weights, layer


@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("keys", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_equal_to_keras(kind, keys, scaled, masks):
    """Outputs and weights are those of the Keras layer, in float64 to 1e-12."""
    arrays = drawn(kind, keys=keys, scaled=scaled)
    outputs, cache = forward(kind, *arrays, **MASKS[masks])
    expected, weights, _ = by_keras(kind, *arrays, **MASKS[masks])
    np.testing.assert_allclose(outputs, expected.numpy(), rtol=0, atol=1e-12)
    np.testing.assert_allclose(cache.weights, weights.numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize("keys", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_equal_automatic_differentiation(kind, keys, masks):
    """All gradients are those of TensorFlow's tape, to 1e-10."""
    arrays = drawn(kind, keys=keys)
    d_outputs = np.random.default_rng(1).normal(
        size=(BATCH, QUERIES, WIDTH if keys else DIM)
    )
    _, cache = forward(kind, *arrays, **MASKS[masks])
    ours = backward(kind, d_outputs, cache)
    tensors = [tf.Variable(array) for array in arrays[:3] if array is not None]
    with tf.GradientTape() as tape:
        padded = [*tensors, None][:3]
        outputs, _, layer = by_keras(kind, *padded, arrays[3], **MASKS[masks])
        loss = tf.reduce_sum(outputs * d_outputs)
    watched = [*tensors, layer.scale.value]
    expected = [np.asarray(one) for one in tape.gradient(loss, watched)]
    fields = [ours.query, ours.value, *([ours.key] if keys else []), ours.scale]
    for mine, theirs in zip(fields, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-10)
    assert (ours.key is None) != keys


@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_pass_finite_differences(kind, masks):
    """Each gradient is the slope of the forward pass."""
    arrays = drawn(kind)
    d_outputs = np.random.default_rng(1).normal(size=(BATCH, QUERIES, WIDTH))
    _, cache = forward(kind, *arrays, **MASKS[masks])
    gradients = backward(kind, d_outputs, cache)
    for number, name in enumerate(["query", "value", "key", "scale"]):

        def loss(x, number=number):
            changed = [*arrays[:number], x, *arrays[number + 1 :]]
            outputs, _ = forward(kind, *changed, **MASKS[masks])
            return np.sum(outputs * d_outputs)

        check = reference.gradient_check(loss, arrays[number], getattr(gradients, name))
        assert check.passed, (name, check)


@settings(max_examples=30, deadline=None)
@given(
    kind=st.sampled_from(KINDS), seed=st.integers(0, 2**32 - 1), keep=st.integers(1, 5)
)
def test_weights_are_shares_and_outputs_lie_among_the_values(kind, seed, keep):
    """Weights sum to 1, are 0 on padding, and average; order of values is no matter."""
    query, value, key, scale = drawn(kind, seed=seed)
    mask = np.broadcast_to(np.arange(VALUES) < keep, (BATCH, VALUES))
    outputs, cache = forward(kind, query, value, key, scale, value_mask=mask)
    np.testing.assert_allclose(cache.weights.sum(axis=-1), 1, atol=1e-12)
    assert (cache.weights[:, :, keep:] == 0).all()
    seen = value[:, np.newaxis, :keep]
    assert (outputs >= seen.min(axis=2) - 1e-9).all()
    assert (outputs <= seen.max(axis=2) + 1e-9).all()
    order = np.random.default_rng(seed).permutation(keep)
    again, _ = forward(kind, query, value[:, order], key[:, order], scale)
    np.testing.assert_allclose(again, outputs, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_more_padding_changes_nothing(kind):
    """Further masked values, whatever they hold, leave the outputs as they are."""
    query, value, key, scale = drawn(kind)
    short, _ = forward(kind, query, value[:, :3], key[:, :3], scale)
    mask = np.broadcast_to(np.arange(VALUES) < 3, (BATCH, VALUES))
    long, _ = forward(kind, query, value, key, scale, value_mask=mask)
    np.testing.assert_allclose(long, short, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_leaks_from_behind_a_mask(kind):
    """NaN and infinity at masked steps change no output and no gradient."""
    arrays = drawn(kind)
    spoilt = [array.copy() for array in arrays]
    spoilt[0][~QUERY_MASK], spoilt[1][~VALUE_MASK] = np.nan, np.inf
    spoilt[2][~VALUE_MASK] = np.nan
    d_outputs = np.random.default_rng(1).normal(size=(BATCH, QUERIES, WIDTH))
    expected, cache = forward(kind, *arrays, **MASKS["both"])
    actual, spoilt_cache = forward(kind, *spoilt, **MASKS["both"])
    np.testing.assert_array_equal(actual, expected)
    first, second = (backward(kind, d_outputs, c) for c in (cache, spoilt_cache))
    for name in ("query", "value", "key", "scale"):
        np.testing.assert_allclose(
            getattr(second, name), getattr(first, name), atol=1e-12
        )


def test_hand_values():
    """Scores 0 and log 3 give the weights 1/4 and 3/4; a scale of 2 gives 1/10."""
    key = np.array([[[0.0], [np.log(3)]]])
    value = np.array([[[4.0], [8.0]]])
    outputs, cache = reference.dot_attention_forward([[[1.0]]], value, key)
    np.testing.assert_allclose(cache.weights[0, 0], [0.25, 0.75])
    np.testing.assert_allclose(outputs, [[[7.0]]])
    _, cache = reference.dot_attention_forward([[[1.0]]], value, key, 2.0)
    np.testing.assert_allclose(cache.weights[0, 0], [0.1, 0.9])


@pytest.mark.parametrize("kind", KINDS)
def test_a_query_without_any_value_gets_zeros(kind):
    """No value is allowed: weights, outputs and gradients are zero, not NaN."""
    query, value, key, scale = drawn(kind)
    mask = VALUE_MASK.copy()
    mask[1] = False
    outputs, cache = forward(kind, query, value, key, scale, value_mask=mask)
    assert (outputs[1] == 0).all()
    assert (cache.weights[1] == 0).all()
    gradients = backward(kind, np.ones_like(outputs), cache)
    for name in ("query", "value", "key"):
        assert (getattr(gradients, name)[1] == 0).all()
    assert np.isfinite(gradients.scale).all()


@pytest.mark.parametrize("kind", KINDS)
def test_arguments_are_kept_and_float32_stays(kind):
    """Nothing is changed in place, great scores do not overflow, dtype is kept."""
    arrays = [array.astype("float32") for array in drawn(kind)]
    before = [array.copy() for array in arrays]
    arrays[0] *= 1000
    before[0] *= 1000
    outputs, cache = forward(kind, *arrays, **MASKS["both"])
    gradients = backward(kind, np.ones_like(outputs), cache)
    assert outputs.dtype == cache.weights.dtype == np.float32
    assert gradients.query.dtype == gradients.scale.dtype == np.float32
    assert np.isfinite(outputs).all()
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_short_reprs():
    """Caches and gradients say how large they are."""
    for kind in KINDS:
        outputs, cache = forward(kind, *drawn(kind))
        assert "batch=3, queries=4, values=5" in repr(cache)
        gradients = backward(kind, outputs, cache)
        assert repr(gradients) == (
            "AttentionGradients(batch=3, queries=4, values=5, dim=6)"
        )


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"query": np.zeros((3, 4))}, ValueError, "`query` must have 3 axes"),
        ({"value": np.zeros((2, 5, 2))}, ValueError, "must have the same batch"),
        ({"key": np.zeros((3, 5, 7))}, ValueError, "project one of them"),
        ({"key": None}, ValueError, r"`value` must have shape \(3, 5, 6\)"),
        ({"scale": np.zeros(5)}, ValueError, r"`scale` must have shape \(6,\)"),
        ({"value_mask": np.ones((3, 5))}, TypeError, "`value_mask` must hold booleans"),
        ({"query_mask": np.ones((3, 5), bool)}, ValueError, r"`query_mask`.*\(3, 4\)"),
    ],
)
def test_wrong_arguments_are_refused(change, error, message):
    """The message says what was passed, what is expected and how to mend it."""
    names = ("query", "value", "key", "scale")
    given = dict(zip(names, drawn("additive"), strict=True)) | change
    with pytest.raises(error, match=message):
        reference.additive_attention_forward(**given)


def test_backward_refuses_what_is_not_its_own():
    """The cache of the other layer, and gradients of another shape."""
    outputs, cache = forward("dot", *drawn("dot"))
    with pytest.raises(TypeError, match="AdditiveAttentionCache"):
        reference.additive_attention_backward(outputs, cache)
    with pytest.raises(ValueError, match="`d_outputs` must have shape"):
        reference.dot_attention_backward(outputs[:, :2], cache)
