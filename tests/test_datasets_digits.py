"""The digits are scikit-learn's, split between the forms that people filled in."""

from difflib import SequenceMatcher

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from coursepkg import datasets
from coursepkg.datasets import digits as module


def accuracy(images, labels, training):
    """Return the test accuracy of a logistic regression of the pixels."""
    pixels = images.reshape(len(images), 64)
    model = LogisticRegression(max_iter=1000).fit(pixels[training], labels[training])
    return model.score(pixels[~training], labels[~training])


def test_digits_are_those_of_scikit_learn():
    """Both parts, joined, are its images over 16 and its labels, in its order."""
    rows, bunch = datasets.load_digit_rows(), load_digits()
    images = np.concatenate([rows.x_train, rows.x_test])
    np.testing.assert_array_equal(images * 16, bunch.images)
    np.testing.assert_array_equal(
        np.concatenate([rows.y_train, rows.y_test]), bunch.target
    )
    assert images.dtype == np.float32
    assert (images.min(), images.max()) == (0.0, 1.0)
    assert rows.y_train.dtype == rows.form_train.dtype == np.int64
    assert repr(rows) == "DigitRows(1287 train, 510 test)"


def test_parts_have_their_sizes_and_every_digit():
    """10 forms train, 4 test; all digits are about equally frequent in both."""
    rows = datasets.load_digit_rows()
    assert rows.x_train.shape == (1287, 8, 8)
    assert rows.x_test.shape == (510, 8, 8)
    assert rows.form_train.shape == rows.y_train.shape == (1287,)
    assert rows.form_test.shape == rows.y_test.shape == (510,)
    assert set(rows.form_train) == set(range(10))
    assert set(rows.form_test) == {10, 11, 12, 13}
    for labels in (rows.y_train, rows.y_test):
        np.testing.assert_allclose(np.bincount(labels) / len(labels), 0.1, atol=0.01)


def test_each_form_is_the_same_list_of_digits():
    """Each has the first form's labels in order, but for a few left out or misread."""
    rows = datasets.load_digit_rows()
    labels = np.concatenate([rows.y_train, rows.y_test])
    forms = np.concatenate([rows.form_train, rows.form_test])
    texts = ["".join(map(str, labels[forms == form])) for form in range(14)]
    assert len(texts[0]) == 130
    for text in texts:
        matcher = SequenceMatcher(None, texts[0], text, autojunk=False)
        matched = sum(block.size for block in matcher.get_matching_blocks())
        assert 115 <= len(text) <= 130
        assert matched >= len(text) - 1
    # One step to either side, and the label that a form begins with is another's.
    starts = np.array(module._FORM_STARTS)
    begins = labels[starts]
    np.testing.assert_array_equal(begins[np.arange(14) != 7], 0)
    assert begins[7] == 1  # this form lacks its first 0
    np.testing.assert_array_equal(labels[starts[1:] - 1][:9], [8, 8, 3, *[8] * 6])


def test_random_split_flatters():
    """Known hands are recognised better than new ones, by a linear model as well."""
    rows = datasets.load_digit_rows()
    images = np.concatenate([rows.x_train, rows.x_test])
    labels = np.concatenate([rows.y_train, rows.y_test])
    new_hands = accuracy(images, labels, np.arange(len(labels)) < 1287)
    shuffled = np.random.default_rng(0).permutation(len(labels)) < 1287
    known_hands = accuracy(images, labels, shuffled)
    assert new_hands == pytest.approx(0.914, abs=0.008)
    assert known_hands == pytest.approx(0.961, abs=0.012)


def test_every_load_is_fresh():
    """Spoiling one result leaves the next alone."""
    first = datasets.load_digit_rows()
    for array in (first.x_train, first.y_train, first.x_test, first.form_test):
        array[:] = 0
    again = datasets.load_digit_rows()
    assert again.x_train.max() == 1
    assert again.x_test.max() == 1
    assert again.y_train[9] == 9
    assert again.form_test[0] == 10
