"""Tests of the study of MNIST's rows: its data, its batches, its networks."""

import keras
import numpy as np
import pytest

from coursepkg import studies
from coursepkg.datasets import load_digit_rows
from coursepkg.studies import mnist_rows
from coursepkg.studies.mnist_rows import ShiftedBatches, Training


@pytest.fixture(scope="module")
def study():
    return studies.load_study("mnist-rows")


@pytest.fixture(scope="module")
def digits(study):
    """The embedded digits of a smoke run."""
    return study.load(quick=True)


@pytest.mark.slow
def test_every_row_of_a_smoke_run_has_finite_metrics(study, tmp_path):
    """The whole table runs on embedded data."""
    results = studies.reproduce(study, folder=tmp_path, quick=True)
    assert list(results.runs["row"]) == list(study.rows)
    scored = results.runs[~results.runs["row"].str.contains("brief")]
    assert scored["test"].between(0, 1).all()
    trained = results.runs[results.runs["row"] != "two LSTM layers, as published"]
    assert trained["validation"].between(0, 1).all()
    for row in study.rows:
        line = results.runs[results.runs["row"] == row].dropna(axis="columns")
        assert np.isfinite(line.select_dtypes("number").to_numpy()).all()


def test_smoke_data_hold_out_whole_forms(digits):
    """No hand that trains validates, and nothing is lost."""
    source = load_digit_rows()
    held_out = source.form_train >= 8
    np.testing.assert_array_equal(digits.train[0], source.x_train[~held_out])
    np.testing.assert_array_equal(digits.validation[1], source.y_train[held_out])
    np.testing.assert_array_equal(digits.test[0], source.x_test)
    assert digits.sha256 is None
    assert (
        repr(digits) == f"DigitImages({sum(~held_out):,} train, {sum(held_out):,} "
        "validation, 510 test)"
    )


def moved_by_hand(image, down, right):
    """Move an image by whole pixels; an independent form of what batches do."""
    n_rows, n_columns = image.shape
    moved = np.zeros_like(image)
    for row in range(n_rows):
        for column in range(n_columns):
            if 0 <= row - down < n_rows and 0 <= column - right < n_columns:
                moved[row, column] = image[row - down, column - right]
    return moved


def test_batches_are_moved_images():
    """Each image of a batch is one of the moves of its original, with zeros outside."""
    rng = np.random.default_rng(3)
    x = rng.uniform(0.1, 1.0, (6, 5, 4)).astype(np.float32)
    batches = ShiftedBatches(x, np.arange(6), batch_size=3, shift=1, seed=0)
    moves = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    for k in range(len(batches)):
        images, labels = batches[k]
        assert images.shape == (3, 5, 4)
        assert images.dtype == np.float32
        for image, label in zip(images, labels, strict=True):
            candidates = [moved_by_hand(x[label], *move) for move in moves]
            assert sum(np.array_equal(image, one) for one in candidates) == 1


def test_all_moves_are_equally_likely():
    """Over 18,000 draws each of the 9 moves of a pixel has its share."""
    x = np.zeros((2_000, 3, 3), np.float32)
    x[:, 1, 1] = 1.0  # the centre: where it goes is the move
    batches = ShiftedBatches(x, np.zeros(2_000), batch_size=500, shift=1, seed=1)
    counts = np.zeros((3, 3))
    for _ in range(9):
        counts += sum(batches[k][0].sum(axis=0) for k in range(len(batches)))
        batches.on_epoch_end()
    expected = 2_000  # standard deviation 42
    assert np.abs(counts - expected).max() < 5 * np.sqrt(expected * 8 / 9)


def test_an_epoch_takes_each_image_once_and_the_next_one_in_another_order():
    """Order is drawn anew; what does not fill a batch is left out."""
    x = np.arange(11, dtype=np.float32).reshape(11, 1, 1) + 1
    batches = ShiftedBatches(x, np.arange(11), batch_size=5, shift=0, seed=2)
    orders = []
    for _ in range(2):
        labels = np.concatenate([batches[k][1] for k in range(len(batches))])
        images = np.concatenate([batches[k][0] for k in range(len(batches))])
        np.testing.assert_array_equal(images[:, 0, 0], labels + 1)
        assert len(set(labels)) == 10
        orders.append(labels.tolist())
        batches.on_epoch_end()
    assert orders[0] != orders[1]


def test_the_same_seed_gives_the_same_batches():
    """Two objects with one seed agree; another seed does not."""
    x = np.random.default_rng(0).random((20, 4, 4), np.float32)
    first, again, other = (
        ShiftedBatches(x, np.arange(20), batch_size=20, seed=seed) for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first[0][0], again[0][0])
    assert not np.array_equal(first[0][1], other[0][1])


class Constant(keras.layers.Layer):
    """Scores that the test sets, whatever comes in."""

    def __init__(self, scores):
        super().__init__()
        self.scores = scores

    def call(self, x):
        """Return the scores, one line an image."""
        return keras.ops.convert_to_tensor(self.scores) + 0.0 * x[:, :1, 0]


def test_accuracy_counts_and_gives_nothing_for_scores_that_are_no_numbers():
    """Two of four are right; a class that wins by NaN is not."""
    scores = np.array(
        [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [np.nan, 0.1]], dtype=np.float32
    )
    images = keras.Input((3, 3))
    model = keras.Model(images, Constant(scores)(images))
    x = np.zeros((4, 3, 3), np.float32)
    assert mnist_rows.accuracy(model, x, np.array([0, 1, 1, 0])) == 0.5


def test_published_network_has_its_parameters_and_its_rate():
    """Counts by hand; the rate after n steps is 1e-4 / (1 + 1e-6 n)."""
    model = mnist_rows.build_published_network()
    first = 4 * 256 * (28 + 256 + 1)
    second = 4 * 256 * (256 + 256 + 1)
    assert model.count_params() == first + second + 32 * 257 + 10 * 33
    rate = model.optimizer._learning_rate
    assert float(rate(0)) == pytest.approx(1e-4)
    assert float(rate(1_000_000)) == pytest.approx(0.5e-4)


def test_brief_runs_score_held_out_images_only(study, digits):
    """The short runs of the published network leave the test images alone."""
    row = study.rows["published network, brief, pixels 0 to 255"]
    assert "[0, 255]" in row.settings
    metrics = row.run(digits, 0, studies.Budget(quick=True))
    assert set(metrics) == {"validation", "train_loss", "parameters"}
    assert 0 <= metrics["validation"] <= 1


def test_training_takes_the_first_images_and_ends_with_rate_zero():
    """The half cosine reaches 0 with the last step."""
    rng = np.random.default_rng(0)
    x, y = rng.random((50, 4, 4), np.float32), rng.integers(10, size=50)
    images = keras.Input((4, 4))
    flat = keras.layers.Flatten()(images)
    model = keras.Model(images, keras.layers.Dense(10, activation="softmax")(flat))
    training = Training(epochs=3, batch_size=10, n_images=40)
    training.fit(model, x, y, 0, studies.Budget())
    assert int(model.optimizer.iterations) == 3 * 4
    assert float(model.optimizer.learning_rate) == pytest.approx(0, abs=1e-9)


def test_strips_are_a_convolution_over_rows():
    """The dense layer on strips gives what filters of length 4 and stride 2 give."""
    keras.utils.set_random_seed(0)
    model = mnist_rows.build_reader(8, 6)
    dense = next(one for one in model.layers if isinstance(one, keras.layers.Dense))
    features = keras.Model(model.input, dense.output)
    x = np.random.default_rng(4).random((2, 8, 6), np.float32)
    kernel, bias = dense.get_weights()  # (4 * 6, 96), (96,)
    padded = np.pad(x, ((0, 0), (0, 2), (0, 0)))
    expected = np.zeros((2, 4, 96))
    for image in range(2):
        for step in range(4):
            strip = padded[image, 2 * step : 2 * step + 4]  # (4, 6)
            expected[image, step] = np.maximum(strip.ravel() @ kernel + bias, 0)
    np.testing.assert_allclose(features.predict(x, verbose=0), expected, atol=1e-5)
