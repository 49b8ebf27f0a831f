"""Convolutions below a recurrent layer: equations, shortening, padding, seeds."""

import keras
import numpy as np
import pytest

from coursepkg import models

SERIES = np.random.default_rng(0).normal(size=(3, 13, 2)).astype("float32")
IDS = np.random.default_rng(1).integers(1, 9, (4, 10))


def outputs(model, x=SERIES, **options):
    """The model's outputs as an array."""
    return keras.ops.convert_to_numpy(model(x, **options))


def sigmoid(a):
    """The squashing of the last layer."""
    return 1 / (1 + np.exp(-a))


def test_outputs_follow_the_equations():
    """Convolution with stride, ReLU, pooling, SimpleRNN, sigmoid: loops in NumPy."""
    model = models.build_hybrid_classifier(
        "simple_rnn",
        n_features=2,
        filters=5,
        kernel_size=4,
        strides=2,
        pool_size=2,
        units=3,
    )
    taps, b, w, u, bias, kernel, head_bias = model.get_weights()
    starts = range(0, 13 - 4 + 1, 2)  # 5 outputs, of which pooling uses 4
    found = np.stack(
        [np.einsum("nkf,kfo->no", SERIES[:, s : s + 4], taps) + b for s in starts], 1
    )
    found = np.maximum(found, 0)
    pooled = np.stack([found[:, 0:2].max(axis=1), found[:, 2:4].max(axis=1)], axis=1)
    h = np.zeros((3, 3))
    for t in range(2):
        h = np.tanh(pooled[:, t] @ w + h @ u + bias)
    expected = sigmoid(h @ kernel + head_bias)
    np.testing.assert_allclose(outputs(model), expected, atol=1e-6)


def test_recurrent_layer_reads_the_shortened_sequence():
    """S4's stack on 240 steps leaves 74 to the GRU: (240 - 4) // 3 = 78, less 4."""
    model = models.build_hybrid_classifier(
        n_features=14, filters=(32, 32), kernel_size=5, pool_size=(3, 1)
    )
    below = keras.Model(model.input, model.get_layer("gru_1").input)
    assert outputs(below, np.zeros((1, 240, 14), "float32")).shape == (1, 74, 32)


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_outputs_are_probabilities(cell):
    """One number for two classes, a distribution for more, on words and numbers."""
    two = models.build_hybrid_classifier(cell, vocabulary_size=9, kernel_size=3)
    assert two.input_shape == (None, None)
    assert outputs(two, IDS).shape == (4, 1)
    five = models.build_hybrid_classifier(cell, n_features=2, units=(4, 3), n_classes=5)
    assert five.input_shape == (None, None, 2)
    np.testing.assert_allclose(outputs(five).sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("padding", ["valid", "same", "causal"])
def test_padding_after_a_text_changes_nothing(padding):
    """However many zeros follow, the state is that after the last word."""
    model = models.build_hybrid_classifier(
        vocabulary_size=9, filters=(6, 5), kernel_size=3, padding=padding
    )
    alone = outputs(model, IDS)
    padded = outputs(model, np.pad(IDS, ((0, 0), (0, 15))))
    np.testing.assert_allclose(padded, alone, atol=1e-6)
    reading = models.build_hybrid_classifier(
        vocabulary_size=9,
        filters=(6, 5),
        kernel_size=3,
        padding=padding,
        mask_zero=False,
    )
    padded = outputs(reading, np.pad(IDS, ((0, 0), (0, 15))))
    assert np.abs(padded - alone).min() > 1e-4


def test_padding_before_a_text_changes_nothing_either():
    """With valid windows and no stride the side of the padding does not matter."""
    model = models.build_hybrid_classifier(vocabulary_size=9, kernel_size=3)
    before = outputs(model, np.pad(IDS, ((0, 0), (15, 0))))
    np.testing.assert_allclose(before, outputs(model, IDS), atol=1e-6)


def test_a_text_shorter_than_a_filter_has_the_state_zero():
    """It gets the probability of the bias alone, and no NaN."""
    model = models.build_hybrid_classifier(vocabulary_size=9, kernel_size=5)
    np.testing.assert_allclose(
        outputs(model, np.pad(IDS[:, :3], ((0, 0), (0, 9)))), 0.5, atol=1e-7
    )


def test_pooled_steps_of_padding_are_passed_over():
    """With pooling, more padding beyond a full group still changes nothing."""
    model = models.build_hybrid_classifier(
        vocabulary_size=9, kernel_size=3, padding="same", pool_size=5
    )
    alone = outputs(model, IDS)  # 10 words, two groups
    padded = outputs(model, np.pad(IDS, ((0, 0), (0, 20))))
    np.testing.assert_allclose(padded, alone, atol=1e-6)


def test_an_incomplete_group_at_the_end_is_lost_until_padding_completes_it():
    """Ten words in groups of three: the tenth is not read, unless two zeros follow."""
    model = models.build_hybrid_classifier(
        vocabulary_size=9, kernel_size=1, padding="same", pool_size=3
    )
    other = IDS.copy()
    other[:, -1] = other[:, -1] % 8 + 1  # another last word
    np.testing.assert_array_equal(outputs(model, other), outputs(model, IDS))
    completed, another, more = (
        outputs(model, np.pad(ids, ((0, 0), (0, zeros))))
        for ids, zeros in ((IDS, 2), (other, 2), (IDS, 20))
    )
    assert np.abs(completed - outputs(model, IDS)).max() > 1e-5
    assert np.abs(completed - another).max() > 1e-5
    np.testing.assert_allclose(more, completed, atol=1e-6)


def test_padding_before_a_text_moves_the_grid_of_the_groups():
    """By one step the groups are others; by a whole group they are the same."""
    model = models.build_hybrid_classifier(
        vocabulary_size=9, kernel_size=3, padding="same", pool_size=3
    )
    alone, by_one, by_three = (
        outputs(model, np.pad(IDS, ((0, 0), (zeros, 0)))) for zeros in (0, 1, 3)
    )
    assert np.abs(by_one - alone).max() > 1e-5
    np.testing.assert_allclose(by_three, alone, atol=1e-6)


@pytest.mark.parametrize("strides", [1, 2])
def test_padded_to_a_multiple_of_the_grid_the_amount_does_not_show(strides):
    """As the notes say: "same", behind the text, strides times pool_size."""
    model = models.build_hybrid_classifier(
        vocabulary_size=9, kernel_size=4, padding="same", strides=strides, pool_size=3
    )
    twelve, sixty = (
        outputs(model, np.pad(IDS, ((0, 0), (0, zeros)))) for zeros in (2, 50)
    )
    np.testing.assert_allclose(sixty, twelve, atol=1e-6)
    assert np.ptp(twelve) > 1e-5  # and texts stay apart


def test_order_of_far_parts_counts():
    """Two halves exchanged give another answer, which no global pooling could."""
    halves = np.concatenate([SERIES[:, 6:12], SERIES[:, :6]], axis=1)
    model = models.build_hybrid_classifier(n_features=2, kernel_size=1)
    assert np.abs(outputs(model, halves) - outputs(model, SERIES[:, :12])).min() > 1e-4


def test_parameters_follow_the_formulas():
    """Embedding, convolution, GRU with two biases, one output."""
    model = models.build_hybrid_classifier(
        vocabulary_size=9, embedding_dim=4, filters=6, kernel_size=3, units=5
    )
    assert model.count_params() == 9 * 4 + (3 * 4 + 1) * 6 + 3 * 5 * (5 + 6 + 2) + 6


def test_given_vectors_are_the_first_ones():
    """They stand in the embedding and may be frozen."""
    vectors = np.arange(18.0).reshape(9, 2)
    model = models.build_hybrid_classifier(
        vocabulary_size=9, embeddings=vectors, trainable=False
    )
    layer = model.get_layer("embedding")
    np.testing.assert_array_equal(layer.get_weights()[0], vectors)
    assert not layer.trainable_weights


def test_weights_depend_on_the_seed_and_on_nothing_else():
    """Equal seeds, equal weights, whatever Keras's own seed is and with dropout."""
    options = {"vocabulary_size": 9, "filters": (4, 4), "units": (4, 4)}
    keras.utils.set_random_seed(1)
    first = models.build_hybrid_classifier(**options, seed=5).get_weights()
    keras.utils.set_random_seed(2)
    again = models.build_hybrid_classifier(
        **options, seed=5, dropout=0.5, recurrent_dropout=0.5
    ).get_weights()
    other = models.build_hybrid_classifier(**options, seed=6).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_it_learns_which_of_two_patterns_came_first():
    """A task at which global pooling can only guess is solved in a few epochs."""
    rng = np.random.default_rng(2)
    x = 0.1 * rng.normal(size=(600, 24, 1)).astype("float32")
    labels = rng.integers(0, 2, 600)
    first, second = rng.integers(0, 9, 600), rng.integers(13, 21, 600)
    for i, (a, b, label) in enumerate(zip(first, second, labels, strict=True)):
        up, down = (a, b) if label else (b, a)
        x[i, up : up + 3, 0] += [1, 2, 3]
        x[i, down : down + 3, 0] += [3, 2, 1]
    model = models.build_hybrid_classifier(
        filters=8, kernel_size=3, pool_size=2, units=8
    )
    model.compile(keras.optimizers.Adam(0.02), "binary_crossentropy")
    model.fit(x[:400], labels[:400], epochs=25, batch_size=50, verbose=0)
    right = (outputs(model, x[400:])[:, 0] > 0.5) == labels[400:]
    assert right.mean() > 0.95


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cell": "rnn"}, "`cell`"),
        ({"padding": "full"}, "`padding`"),
        ({"n_classes": 1}, "`n_classes`"),
        ({"n_features": 0}, "`n_features`"),
        ({"vocabulary_size": 1}, "`vocabulary_size`"),
        ({"kernel_size": (3, 3)}, "`kernel_size`"),
        ({"dropout": 1.0}, "`dropout`"),
        ({"recurrent_dropout": -0.1}, "`recurrent_dropout`"),
        ({"embeddings": np.zeros((9, 2))}, "`embeddings`"),
    ],
)
def test_impossible_requests_are_refused(options, words):
    """The message names the argument."""
    with pytest.raises(ValueError, match=words):
        models.build_hybrid_classifier(**options)
