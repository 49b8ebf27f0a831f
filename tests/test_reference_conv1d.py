"""Tests of convolution and pooling in NumPy: Keras, its gradients, differences."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from coursepkg import reference

CONVOLUTIONS = [
    dict(zip(("size", "strides", "padding", "dilation_rate"), setting, strict=True))
    for setting in itertools.product(
        (1, 2, 3, 4), (1, 2, 3), ("valid", "same", "causal"), (1, 2)
    )
    if setting[1] == 1 or setting[3] == 1
]
POOLS = [
    {"pool_size": size, "strides": strides, "padding": padding}
    for size, strides, padding in itertools.product(
        (1, 2, 3), (None, 1, 2), ("valid", "same")
    )
]
POOLING = {
    "max_pool1d": keras.layers.MaxPooling1D,
    "average_pool1d": keras.layers.AveragePooling1D,
    "global_max_pool1d": keras.layers.GlobalMaxPooling1D,
    "global_average_pool1d": keras.layers.GlobalAveragePooling1D,
}


def named(setting):
    """The setting's values, for the test's name."""
    return "-".join(str(value) for value in setting.values())


def arrays(size, *, time=9, features=3, filters=4, dtype="float64", seed=0):
    """Random inputs, kernel and bias."""
    rng = np.random.default_rng(seed)
    shapes = [(2, time, features), (size, features, filters), (filters,)]
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def pool(kind, x, **options):
    """The forward function of the pooling layer."""
    return getattr(reference, f"{kind}_forward")(x, **options)


def unpool(kind, d_outputs, cache):
    """The backward function of the pooling layer."""
    return getattr(reference, f"{kind}_backward")(d_outputs, cache)


def keras_conv(x, kernel, bias, d_outputs=None, **options):
    """Outputs of Keras's layer, and gradients of x and the weights."""
    size, _, filters = kernel.shape
    layer = keras.layers.Conv1D(
        filters, size, use_bias=bias is not None, dtype=x.dtype.name, **options
    )
    layer.build(x.shape)
    layer.set_weights([kernel] if bias is None else [kernel, bias])
    return _with_tape(layer, x, d_outputs)


def _with_tape(layer, x, d_outputs):
    """Outputs of any layer and its gradients, in x and the weights."""
    inputs = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs)
        weights = 1.0 if d_outputs is None else d_outputs
        loss = tf.reduce_sum(outputs * weights)
    sources = [inputs, *[weight.value for weight in layer.trainable_variables]]
    return outputs.numpy(), [g.numpy() for g in tape.gradient(loss, sources)]


def naive_convolution(x, kernel, bias, strides, dilation_rate, left, new_time):
    """A double loop over outputs and places; what is outside counts as 0."""
    batch, time, _ = x.shape
    size, _, filters = kernel.shape
    outputs = np.zeros((batch, new_time, filters)) + bias
    for i in range(new_time):
        for j in range(size):
            t = i * strides + j * dilation_rate - left
            if 0 <= t < time:
                outputs[:, i] += x[:, t] @ kernel[j]
    return outputs


@pytest.mark.parametrize("setting", CONVOLUTIONS, ids=named)
def test_convolution_equals_keras(setting):
    """Outputs to 1e-12 and all gradients to 1e-10, in float64."""
    options = {**setting}
    x, kernel, bias = arrays(options.pop("size"))
    outputs, cache = reference.conv1d_forward(x, kernel, bias, **options)
    d_outputs = np.random.default_rng(5).normal(size=outputs.shape)
    expected, tape = keras_conv(x, kernel, bias, d_outputs, **options)
    np.testing.assert_allclose(outputs, expected, rtol=1e-12, atol=1e-12)
    found = reference.conv1d_backward(d_outputs, cache)
    for mine, other in zip([found.x, found.kernel, found.bias], tape, strict=True):
        assert mine.shape == other.shape
        np.testing.assert_allclose(mine, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid"])
@pytest.mark.parametrize("use_bias", [True, False])
def test_convolution_with_an_activation_equals_keras(activation, use_bias):
    """The slope enters, and a layer without bias has no gradient of one."""
    x, kernel, bias = arrays(3)
    bias = bias if use_bias else None
    outputs, cache = reference.conv1d_forward(x, kernel, bias, activation=activation)
    d_outputs = np.random.default_rng(5).normal(size=outputs.shape)
    expected, tape = keras_conv(x, kernel, bias, d_outputs, activation=activation)
    np.testing.assert_allclose(outputs, expected, rtol=1e-12, atol=1e-12)
    found = reference.conv1d_backward(d_outputs, cache)
    assert (found.bias is None) == (not use_bias)
    mine = [found.x, found.kernel] + ([found.bias] if use_bias else [])
    for one, other in zip(mine, tape, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-10)


def test_weights_of_a_layer_are_all_it_takes():
    """`conv1d_forward(x, *layer.get_weights())` is the layer; float32 stays float32."""
    x = arrays(1, dtype="float32")[0]
    layer = keras.layers.Conv1D(5, 3)
    expected = keras.ops.convert_to_numpy(layer(x))
    outputs, cache = reference.conv1d_forward(x, *layer.get_weights())
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    found = reference.conv1d_backward(np.ones(outputs.shape), cache)
    assert {outputs.dtype, found.x.dtype, found.kernel.dtype} == {np.dtype("float32")}


@settings(max_examples=60, deadline=None)
@given(
    time=st.integers(1, 12),
    size=st.integers(1, 5),
    strides=st.integers(1, 4),
    dilation_rate=st.integers(1, 3),
    padding=st.sampled_from(["valid", "same", "causal"]),
    seed=st.integers(0, 1000),
)
def test_convolution_is_a_double_loop(
    time, size, strides, dilation_rate, padding, seed
):
    """Whatever the sizes, sums written out one by one, and the new lengths."""
    assume(strides == 1 or dilation_rate == 1)
    reach = (size - 1) * dilation_rate
    assume(padding != "valid" or time > reach)
    new_time = len(range(0, time - (reach if padding == "valid" else 0), strides))
    left = {
        "valid": 0,
        "causal": reach,
        "same": max(0, (new_time - 1) * strides + reach + 1 - time) // 2,
    }[padding]
    x, kernel, bias = arrays(size, time=time, seed=seed)
    outputs, _ = reference.conv1d_forward(
        x, kernel, bias, strides=strides, padding=padding, dilation_rate=dilation_rate
    )
    expected = naive_convolution(
        x, kernel, bias, strides, dilation_rate, left, new_time
    )
    np.testing.assert_allclose(outputs, expected, atol=1e-12)


@pytest.mark.parametrize("padding", ["valid", "same", "causal"])
@pytest.mark.parametrize(("strides", "dilation_rate"), [(1, 1), (2, 1), (1, 2)])
@pytest.mark.parametrize("activation", ["linear", "tanh", "relu"])
def test_convolution_passes_the_check_by_differences(
    padding, strides, dilation_rate, activation
):
    """Inputs, kernel and bias, with every pre-activation away from ReLU's kink."""
    options = {"strides": strides, "dilation_rate": dilation_rate, "padding": padding}
    given_ = arrays(3, time=7, features=2, filters=2, seed=3)
    z, _ = reference.conv1d_forward(*given_, **options)
    assert np.abs(z).min() > 1e-3
    assert (z < 0).any()
    assert (z > 0).any()
    outputs, cache = reference.conv1d_forward(*given_, activation=activation, **options)
    d_outputs = np.random.default_rng(5).normal(size=outputs.shape)
    found = reference.conv1d_backward(d_outputs, cache)

    def loss_of(position):
        def loss(value):
            now = [*given_[:position], value, *given_[position + 1 :]]
            return np.sum(
                d_outputs
                * reference.conv1d_forward(*now, activation=activation, **options)[0]
            )

        return loss

    for position, mine in enumerate([found.x, found.kernel, found.bias]):
        check = reference.gradient_check(loss_of(position), given_[position], mine)
        assert check.passed, (position, check)


def test_causal_outputs_see_no_later_step():
    """Changing step 5 changes no output before it; with "same" padding it does."""
    x, kernel, bias = arrays(3)
    changed = x.copy()
    changed[:, 5] += 1.0

    def first_change(padding):
        a, b = (
            reference.conv1d_forward(one, kernel, bias, padding=padding)[0]
            for one in (x, changed)
        )
        return int(np.flatnonzero(np.abs(a - b).max(axis=(0, 2)) > 1e-9)[0])

    assert (first_change("causal"), first_change("same"), first_change("valid")) == (
        5,
        4,
        3,
    )


def test_convolution_moves_with_its_input():
    """Moved by three steps, inside of the sequence, the outputs move by three steps."""
    x, kernel, bias = arrays(3, time=6)
    zeros = np.zeros_like(x)
    early, late = (
        reference.conv1d_forward(np.concatenate(parts, axis=1), kernel, bias)[0]
        for parts in ([x, zeros[:, :3]], [zeros[:, :3], x])
    )
    np.testing.assert_allclose(early[:, :4], late[:, 3:], atol=1e-14)


def test_arguments_stay_as_they_are():
    """Neither function writes into what it was given, nor hands out its cache."""
    given_ = arrays(3)
    copies = [array.copy() for array in given_]
    outputs, cache = reference.conv1d_forward(*given_, activation="relu")
    before = reference.conv1d_backward(np.ones_like(outputs), cache).kernel
    outputs[:] = -1.0
    after = reference.conv1d_backward(np.ones_like(outputs), cache).kernel
    np.testing.assert_array_equal(before, after)
    for array, copy in zip(given_, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("kind", ["max_pool1d", "average_pool1d"])
@pytest.mark.parametrize("setting", POOLS, ids=named)
def test_pooling_equals_keras(kind, setting):
    """Outputs and the gradient of x, for windows that overlap and that hang over."""
    x = arrays(1)[0]
    outputs, cache = pool(kind, x, **setting)
    d_outputs = np.random.default_rng(5).normal(size=outputs.shape)
    layer = POOLING[kind](**setting, dtype="float64")
    expected, [tape] = _with_tape(layer, x, d_outputs)
    np.testing.assert_allclose(outputs, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(
        unpool(kind, d_outputs, cache), tape, rtol=1e-10, atol=1e-10
    )


@pytest.mark.parametrize("kind", ["global_max_pool1d", "global_average_pool1d"])
def test_global_pooling_equals_keras(kind):
    """One number for each feature of each sequence, and its gradient."""
    x = arrays(1)[0]
    outputs, cache = pool(kind, x)
    d_outputs = np.random.default_rng(5).normal(size=outputs.shape)
    expected, [tape] = _with_tape(POOLING[kind](dtype="float64"), x, d_outputs)
    np.testing.assert_allclose(outputs, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(
        unpool(kind, d_outputs, cache), tape, rtol=1e-10, atol=1e-10
    )


@pytest.mark.parametrize("kind", ["max_pool1d", "global_max_pool1d"])
def test_ties_are_settled_as_in_keras(kind):
    """The first of equal steps gets all in a window; globally they share."""
    x = np.array([[[2.0], [2.0], [0.0], [2.0]], [[0.0], [0.0], [0.0], [0.0]]])
    outputs, cache = pool(kind, x)
    d_outputs = np.arange(1.0, 1.0 + outputs.size).reshape(outputs.shape)
    _, [tape] = _with_tape(POOLING[kind](dtype="float64"), x, d_outputs)
    np.testing.assert_allclose(unpool(kind, d_outputs, cache), tape, atol=1e-12)


@pytest.mark.parametrize("kind", ["max_pool1d", "global_max_pool1d"])
def test_a_nan_is_the_maximum(kind):
    """It is handed on, gets the gradient, and its neighbours get none."""
    x = np.array([[[1.0], [np.nan], [2.0], [0.0]]])
    outputs, cache = pool(kind, x)
    assert np.isnan(outputs.ravel()[0])
    d_x = unpool(kind, np.ones_like(outputs), cache)
    assert d_x[0, :2, 0].tolist() == [0.0, 1.0]


@pytest.mark.parametrize("kind", POOLING)
def test_pooling_passes_the_check_by_differences(kind):
    """Away from ties, where the maximum has a kink."""
    x = np.random.default_rng(1).permutation(28).reshape(2, 7, 2) / 10.0
    outputs, cache = pool(kind, x)
    d_outputs = np.random.default_rng(5).normal(size=outputs.shape)
    check = reference.gradient_check(
        lambda value: np.sum(pool(kind, value)[0] * d_outputs),
        x,
        unpool(kind, d_outputs, cache),
    )
    assert check.passed, check


@settings(max_examples=60, deadline=None)
@given(
    time=st.integers(1, 12),
    pool_size=st.integers(1, 4),
    strides=st.integers(1, 4),
    seed=st.integers(0, 1000),
)
def test_pooling_is_a_loop_over_slices(time, pool_size, strides, seed):
    """Each output is the maximum, or the mean, of one slice."""
    assume(time >= pool_size)
    x = arrays(1, time=time, seed=seed)[0]
    starts = range(0, time - pool_size + 1, strides)
    slices = [x[:, start : start + pool_size] for start in starts]
    for kind, function in (("max_pool1d", np.max), ("average_pool1d", np.mean)):
        outputs, _ = pool(kind, x, pool_size=pool_size, strides=strides)
        expected = np.stack([function(part, axis=1) for part in slices], axis=1)
        np.testing.assert_allclose(outputs, expected, atol=1e-14)


@pytest.mark.parametrize("kind", POOLING)
def test_pooling_sends_back_what_it_got(kind):
    """With windows that neither overlap nor leave a step out nothing is lost."""
    x = arrays(1, time=8, dtype="float32")[0]
    outputs, cache = pool(kind, x)
    d_outputs = np.random.default_rng(5).normal(size=outputs.shape)
    back = unpool(kind, d_outputs, cache)
    assert back.dtype == outputs.dtype == np.dtype("float32")
    np.testing.assert_allclose(back.sum(axis=1), d_outputs.reshape(2, -1, 3).sum(1),
                               atol=1e-5)  # fmt: skip


def test_caches_say_what_they_hold():
    """Sizes, and no arrays."""
    x, kernel, bias = arrays(3)
    _, cache = reference.conv1d_forward(x, kernel, bias)
    assert repr(cache) == "Conv1DCache(batch=2, new time=7, filters=4)"
    found = reference.conv1d_backward(np.ones((2, 7, 4)), cache)
    assert repr(found) == "Conv1DGradients(x=(2, 9, 3), kernel=(3, 3, 4))"
    assert repr(reference.max_pool1d_forward(x)[1]) == (
        "PoolingCache(max_pool1d, batch=2, new time=4, pool_size=2, features=3)"
    )


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"x": np.zeros((9, 3))}, ValueError, "`x` must have 3 axes, got 2"),
        ({"x": np.zeros((2, 2, 3))}, ValueError, "at least 3 steps.*got 2"),
        ({"x": np.zeros((2, 0, 3)), "padding": "same"}, ValueError, "one step, got no"),
        ({"kernel": np.zeros((3, 2, 4))}, ValueError, r"\(kernel_size, 3, filters\)"),
        ({"bias": np.zeros(3)}, ValueError, r"`bias` must have shape \(4,\)"),
        ({"strides": 0}, ValueError, "`strides` must be at least 1, got 0"),
        ({"strides": 2.0}, TypeError, "`strides` must be an integer"),
        ({"dilation_rate": 0}, ValueError, "`dilation_rate` must be at least 1"),
        ({"strides": 2, "dilation_rate": 2}, ValueError, "must be 1, got 2 and 2"),
        ({"padding": "full"}, ValueError, "`padding` must be one of"),
        ({"activation": "swish"}, ValueError, "`activation` must be one of"),
    ],
)
def test_convolution_refuses_what_does_not_fit(changed, error, words):
    """The message says what was passed and what is expected."""
    given_ = dict(zip(("x", "kernel", "bias"), arrays(3), strict=True))
    reference.conv1d_forward(**given_)
    with pytest.raises(error, match=words):
        reference.conv1d_forward(**{**given_, **changed})


def test_pooling_refuses_what_does_not_fit():
    """Sizes, paddings, and sequences without a window."""
    x = arrays(1)[0]
    with pytest.raises(ValueError, match="`pool_size` must be at least 1, got 0"):
        reference.max_pool1d_forward(x, pool_size=0)
    with pytest.raises(ValueError, match="`padding` must be one of 'valid', 'same'"):
        reference.average_pool1d_forward(x, padding="causal")
    with pytest.raises(ValueError, match="at least 10 steps"):
        reference.max_pool1d_forward(x, pool_size=10)
    for padding in ("valid", "same"):
        with pytest.raises(ValueError, match="at least one step, got none"):
            reference.max_pool1d_forward(x[:, :0], pool_size=4, padding=padding)
    with pytest.raises(ValueError, match="at least one step, got none"):
        reference.global_max_pool1d_forward(x[:, :0])


def test_backward_refuses_what_does_not_fit():
    """Another layer's cache, and gradients of another shape."""
    x, kernel, bias = arrays(3)
    outputs, cache = reference.conv1d_forward(x, kernel, bias)
    pooled, pool_cache = reference.max_pool1d_forward(x)
    with pytest.raises(TypeError, match="must be the Conv1DCache.*got PoolingCache"):
        reference.conv1d_backward(outputs, pool_cache)
    with pytest.raises(ValueError, match=r"`d_outputs` must have the shape.*\(2, 7, 4"):
        reference.conv1d_backward(outputs[:, :3], cache)
    with pytest.raises(TypeError, match="`average_pool1d_forward`, got one of `max_po"):
        reference.average_pool1d_backward(pooled, pool_cache)
    with pytest.raises(ValueError, match="`d_outputs` must have 3 axes, got 2"):
        reference.max_pool1d_backward(pooled[:, 0], pool_cache)
