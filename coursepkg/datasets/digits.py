"""Real handwritten digits, to be read row by row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Where each filled-in form begins: the labels run through the same list of about 130
# digits fourteen times, with a few left out.
_FORM_STARTS = (
    0,
    130,
    256,
    386,
    516,
    646,
    776,
    906,
    1029,
    1157,
    1287,
    1415,
    1545,
    1667,
)
_N_TRAINING_FORMS = 10


@dataclass(frozen=True, eq=False)
class DigitRows:
    """Images of handwritten digits, split between the people who wrote them.

    Parameters
    ----------
    x_train, x_test : array of shape (n_images, 8, 8)
        Ink from 0 (none) to 1, float32; row t of an image is step t of a sequence.
    y_train, y_test : array of shape (n_images,)
        The digits, 0 to 9.
    form_train, form_test : array of shape (n_images,)
        The form, 0 to 13, on which each digit was written.
    """

    x_train: NDArray[np.float32]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.float32]
    y_test: NDArray[np.int64]
    form_train: NDArray[np.int64]
    form_test: NDArray[np.int64]

    def __repr__(self) -> str:
        """Return the numbers of images."""
        return f"DigitRows({len(self.x_train)} train, {len(self.x_test)} test)"


def load_digit_rows() -> DigitRows:
    """Read the handwritten digits that come with scikit-learn.

    Returns
    -------
    DigitRows
        `.x_train` (1287, 8, 8), `.y_train` (1287,), `.x_test` (510, 8, 8), `.y_test`
        (510,), `.form_train`, `.form_test`; in the order of the file.

    Notes
    -----
    scikit-learn carries the test part of the UCI data set "Optical Recognition of
    Handwritten Digits" (Alpaydin and Kaynak, 1998; CC BY 4.0): 1,797 images of 8 rows
    and 8 columns, each value a count of 0 to 16 inked pixels in a block of 4 x 4,
    divided by 16 here.

    The images stand in the order in which people filled in a form: their labels run
    through the same list of about 130 digits fourteen times. A random split would put
    digits of each hand into both parts and measure how well a model recognises hands
    that it knows (a logistic regression of the pixels has about 96 % then). Here the
    first ten forms train and the last four test, so that the score is that on new
    hands (about 91 %). To choose among models, hold out forms of the training part by
    `form_train`.

    The data set's description speaks of 13 writers, one fewer than the forms: one
    may have filled in two, and nothing tells which. Four hands are few, and single
    forms differ by ten points, so that a difference of one or two between models on
    this test part says little about a fifth hand.

    References
    ----------
    E. Alpaydin and C. Kaynak (1998), *Optical Recognition of Handwritten Digits*, UCI
    Machine Learning Repository, https://doi.org/10.24432/C50P49.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> digits = datasets.load_digit_rows()
    >>> digits
    DigitRows(1287 train, 510 test)
    >>> digits.x_train.shape, digits.y_train[:10].tolist()
    ((1287, 8, 8), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = (bunch.images / 16).astype(np.float32)  # (n, 8, 8)
    labels = bunch.target.astype(np.int64)  # (n,)
    forms = np.searchsorted(_FORM_STARTS, np.arange(len(labels)), side="right") - 1
    n_train = _FORM_STARTS[_N_TRAINING_FORMS]
    return DigitRows(
        x_train=images[:n_train].copy(),
        y_train=labels[:n_train].copy(),
        x_test=images[n_train:].copy(),
        y_test=labels[n_train:].copy(),
        form_train=forms[:n_train].copy(),
        form_test=forms[n_train:].copy(),
    )
