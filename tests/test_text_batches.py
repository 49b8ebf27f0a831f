"""Padding against Keras, contiguous batches and buckets against their definitions."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursepkg import text

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
SIDE = st.sampled_from(["pre", "post"])
NUMBER = st.integers(-9, 99)


@st.composite
def nests(draw):
    """Draw sequences of numbers, or of vectors of one number of features."""
    step = NUMBER
    if draw(st.booleans()):
        n_features = draw(st.integers(1, 3))
        step = st.lists(NUMBER, min_size=n_features, max_size=n_features)
    return draw(st.lists(st.lists(step, max_size=7), min_size=1, max_size=5))


@given(
    nests(),
    st.none() | st.integers(1, 8),
    SIDE,
    SIDE,
    st.integers(-3, 3),
    st.sampled_from(["int32", "int8", "float32", "float64"]),
)
@settings(deadline=None)
def test_pad_equals_keras(nest, maxlen, padding, truncating, value, dtype):
    """On random nests and options the arrays are those of Keras, types included."""
    from keras.utils import pad_sequences

    options = {
        "maxlen": maxlen,
        "padding": padding,
        "truncating": truncating,
        "value": value,
        "dtype": dtype,
    }
    expected = pad_sequences(nest, **options)
    result = text.pad(nest, **options)
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result, expected)


def test_pad_gives_the_results_of_s0():
    """Both examples of the source come out as printed there."""
    first = [[4, 12, 33, 18], [63, 23, 54, 30, 19, 3], [43, 37, 11, 33, 15]]
    assert text.pad(first, maxlen=5, value=-1).tolist() == [
        [4, 12, 33, 18, -1],
        [63, 23, 54, 30, 19],
        [43, 37, 11, 33, 15],
    ]
    second = [[[2, 1], [3, 3]], [[4, 3], [2, 4], [1, 1]]]
    assert text.pad(second).tolist() == [[[2, 1], [3, 3], [0, 0]], second[1]]


def test_pad_cuts_and_fills_at_the_end_by_default():
    """Unlike Keras: the first words stay, and the padding comes after them."""
    assert text.pad([[1, 2, 3], [4]], maxlen=2).tolist() == [[1, 2], [4, 0]]


def test_pad_takes_empty_batches_and_sequences():
    """Nothing to pad has a shape, too, and arrays without steps keep their features."""
    assert text.pad([]).shape == (0, 0)
    assert text.pad([], maxlen=4).shape == (0, 4)
    assert text.pad([[], []]).shape == (2, 0)
    assert text.pad([[], [7]], value=-1).tolist() == [[-1], [7]]
    assert text.pad([[], [[7, 8]]], value=-1).tolist() == [[[-1, -1]], [[7, 8]]]
    assert text.pad([np.zeros((0, 3))], maxlen=2).shape == (1, 2, 3)


def test_pad_takes_arrays_and_returns_a_fresh_one():
    """Rows of an array of one length come out equal, in memory of their own."""
    rows = np.arange(6, dtype=np.int32).reshape(2, 3)
    padded = text.pad(rows)
    np.testing.assert_array_equal(padded, rows)
    assert not np.shares_memory(padded, rows)
    assert text.pad([[True], []], dtype=bool).tolist() == [[True], [False]]


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        (([[1]], {"maxlen": 0}), ValueError, "`maxlen` must be at least 1, got 0"),
        (([[1]], {"padding": "left"}), ValueError, "`padding` must be one of 'pre'"),
        (([[1]], {"truncating": None}), ValueError, "`truncating` must be one of"),
        (([[0.5]], {}), ValueError, r"sequences\[0\]` must hold .* int32, got 0.5"),
        (([[1], [300]], {"dtype": "int8"}), ValueError, r"sequences\[1\].*got 300"),
        (([[2**40]], {}), ValueError, "fit dtype int32, got 1099511627776"),
        (([[np.nan]], {}), ValueError, "fit dtype int32, got nan"),
        (([[1]], {"value": 0.5}), ValueError, "`value` must hold .* got 0.5"),
        (([[1]], {"value": -1, "dtype": "uint8"}), ValueError, "`value`.*got -1"),
        (([[1e300]], {"dtype": "float32"}), ValueError, "float32, got 1e"),
        (([[2]], {"dtype": "bool"}), ValueError, "fit dtype bool, got 2"),
        (([[-1]], {"dtype": "uint64"}), ValueError, "fit dtype uint64, got -1"),
        (([[2**64 - 1]], {"dtype": "int64"}), ValueError, "fit dtype int64"),
        (([[1]], {"dtype": "str"}), TypeError, "`dtype` must be a type of real"),
        (([[1]], {"dtype": "nonsense"}), TypeError, "`dtype` must be a type of real"),
        (([["a"]], {}), TypeError, r"`sequences\[0\]` must hold real numbers"),
        (([1, 2], {}), ValueError, r"`sequences\[0\]` must have 1 or 2 axes"),
        (([[[1, 2], [1]]], {}), ValueError, r"`sequences\[0\]`.*different lengths"),
        (
            ([[[1, 2]], [], [[1, 2, 3]]], {}),
            ValueError,
            r"\(2,\) in sequences\[0\] and \(3,\) in sequences\[2\]",
        ),
        (([[1], [[1]]], {}), ValueError, r"\(\) in sequences\[0\] and \(1,\)"),
        ((5, {}), TypeError, "`sequences` must be a list of sequences, got int"),
        (("ab", {}), TypeError, "must be a list of sequences, got the str"),
        (([[1]], {"value": "x"}), TypeError, "`value` must hold real numbers"),
    ],
)
def test_pad_refuses_what_does_not_fit(arguments, error, match):
    """Nothing is cut off, wrapped around or broadcast without a word."""
    nest, options = arguments
    with pytest.raises(error, match=match):
        text.pad(nest, **options)


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 90))
def test_contiguous_batches_go_on(batch_size, n_steps, extra):
    """Rows put end to end read stretches of the text; the dropped tail is as stated."""
    length = batch_size * n_steps + 1 + extra
    ids = np.arange(length)
    inputs, targets = text.contiguous_batches(
        ids, batch_size=batch_size, n_steps=n_steps
    )
    n_batches = (length - 1) // (batch_size * n_steps)
    assert inputs.shape == targets.shape == (n_batches, batch_size, n_steps)
    read = [token for row in range(batch_size) for token in inputs[:, row].ravel()]
    assert read == list(range(n_batches * batch_size * n_steps))
    np.testing.assert_array_equal(targets, inputs + 1)
    assert 0 <= length - 1 - len(read) < batch_size * n_steps


def test_contiguous_batches_have_the_shape_of_s2():
    """A text of 163,237 characters gives the source's (64, 2540) with 10 steps."""
    ids = np.arange(163_237, dtype=np.int16) % 65
    inputs, targets = text.contiguous_batches(ids, batch_size=64, n_steps=10)
    rows = np.concatenate(inputs, axis=1)
    assert rows.shape == (64, 2550)
    inputs, _ = text.contiguous_batches(ids[:162_600], batch_size=64, n_steps=10)
    assert np.concatenate(inputs, axis=1).shape == (64, 2540)
    assert inputs.dtype == np.int16
    assert inputs.flags.c_contiguous
    assert targets.flags.c_contiguous
    assert not np.shares_memory(inputs, ids)


def test_contiguous_batches_need_a_target_for_the_last_input():
    """Exactly batch_size * n_steps tokens are one too few, and the error says so."""
    with pytest.raises(ValueError, match="at least 7 tokens .* got 6"):
        text.contiguous_batches(range(6), batch_size=2, n_steps=3)
    inputs, targets = text.contiguous_batches(range(7), batch_size=2, n_steps=3)
    assert (inputs.size, targets.max()) == (6, 6)
    with pytest.raises(ValueError, match="got 0"):
        text.contiguous_batches([], batch_size=1, n_steps=1)
    with pytest.raises(TypeError, match="`ids` must hold integers, got dtype float64"):
        text.contiguous_batches([0.5] * 9, batch_size=1, n_steps=1)
    with pytest.raises(ValueError, match="`n_steps` must be at least 1"):
        text.contiguous_batches([1, 2], batch_size=1, n_steps=0)
    with pytest.raises(ValueError, match="`batch_size` must be at least 1"):
        text.contiguous_batches([1, 2], batch_size=0, n_steps=1)


@given(st.lists(st.integers(0, 20), max_size=40), st.integers(1, 7), st.integers(0, 9))
def test_buckets_hold_every_item_once_in_order_of_length(lengths, batch_size, seed):
    """The batches are a partition, and their lengths do not overlap."""
    batches = text.bucket_by_length(lengths, batch_size=batch_size, seed=seed)
    items = np.concatenate([np.zeros(0, dtype=int), *batches])
    assert sorted(items.tolist()) == list(range(len(lengths)))
    sizes = sorted(len(batch) for batch in batches)
    assert sizes[1:] == [batch_size] * (len(sizes) - 1)
    ranges = sorted(
        (min(lengths[i] for i in batch), max(lengths[i] for i in batch))
        for batch in batches
    )
    assert all(a[1] <= b[0] for a, b in zip(ranges, ranges[1:], strict=False))
    again = text.bucket_by_length(
        [[0] * length for length in lengths], batch_size=batch_size, seed=seed
    )
    assert [b.tolist() for b in again] == [b.tolist() for b in batches]


def test_buckets_differ_between_epochs_of_one_generator():
    """One Generator in all calls shuffles batches and equal lengths anew."""
    rng = np.random.default_rng(0)
    lengths = np.repeat([3, 9], 20)
    epochs = [
        [b.tolist() for b in text.bucket_by_length(lengths, batch_size=5, seed=rng)]
        for _ in range(2)
    ]
    assert epochs[0] != epochs[1]
    members = [{frozenset(batch) for batch in epoch} for epoch in epochs]
    assert members[0] != members[1]
    longest = [[lengths[batch[0]] for batch in epoch] for epoch in epochs]
    assert longest[0] != sorted(longest[0])  # long batches do not always come last


def test_buckets_save_padding():
    """Lengths spread widely need far less filling than in shuffled batches."""
    lengths = np.random.default_rng(0).geometric(0.02, 2000)

    def filled(batches):
        return sum(lengths[batch].max() * len(batch) for batch in batches)

    buckets = text.bucket_by_length(lengths, batch_size=32)
    shuffled = np.random.default_rng(1).permutation(1984).reshape(-1, 32)
    assert filled(buckets) < 1.1 * lengths.sum()
    assert filled(shuffled) > 3 * lengths.sum()


def test_buckets_refuse_wrong_lengths():
    """Fractions and negative numbers are no lengths, and a batch holds something."""
    with pytest.raises(TypeError, match=r"`lengths\[1\]` must be an integer"):
        text.bucket_by_length([1, 2.5], batch_size=2)
    with pytest.raises(ValueError, match=r"`lengths\[0\]` must be at least 0"):
        text.bucket_by_length([-1], batch_size=2)
    with pytest.raises(ValueError, match="`batch_size` must be at least 1"):
        text.bucket_by_length([1], batch_size=0)
    with pytest.raises(TypeError, match="`lengths` must be a list of sequences"):
        text.bucket_by_length("cat", batch_size=2)
    assert text.bucket_by_length([], batch_size=2) == []
