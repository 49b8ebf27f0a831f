"""Handwritten digits, read row by row: the two LSTM layers of S1, and what beats them.

The published network reads the 28 rows of a digit of MNIST as 28 steps of a sequence.
It trained for four epochs on all 60,000 images and looked at the test images after each
of them; the run that is recorded here was stopped after three. Everything else here was
chosen on the last 10,000 of the training images, and trained on the other 50,000. The
baselines were not tuned.

References
----------
Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998). Gradient-based learning applied to
document recognition. Proceedings of the IEEE 86, 2278-2324.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from coursepkg import datasets
from coursepkg.studies._study import Budget, Kind, Row, Study

Images = NDArray[np.float32]
Labels = NDArray[np.int64]

N_VALIDATION = 10_000  # the last training images
_TRAINING_FORMS = 8  # of the ten in a smoke run
# Of the 4 that were published: the recorded run was begun with 4 and stopped after the
# third; its row was put together from the log that it wrote after each epoch. Its rate
# does not depend on how many epochs are planned.
_PUBLISHED_EPOCHS = 3
_BRIEF_IMAGES = 6_000  # training images of the short runs of the published network


@dataclass(frozen=True, eq=False)
class DigitImages:
    """Images of handwritten digits with their labels; a part is held out.

    Parameters
    ----------
    x_all, x_test : array of shape (n_images, rows, columns)
        Ink from 0 (none) to 1, float32: all training images, and the test images.
    y_all, y_test : array of shape (n_images,)
        The digits, 0 to 9.
    n_train : int
        So many training images train, and those after them validate.
    sha256 : str or None
        Digest of the real images and labels; None for embedded data.
    """

    x_all: Images
    y_all: Labels
    x_test: Images
    y_test: Labels
    n_train: int
    sha256: str | None

    def __repr__(self) -> str:
        """Return the numbers of images."""
        return (
            f"DigitImages({self.n_train:,} train, {len(self.y_all) - self.n_train:,} "
            f"validation, {len(self.y_test):,} test)"
        )

    @property
    def train(self) -> tuple[Images, Labels]:
        """The images and labels that train."""
        return self.x_all[: self.n_train], self.y_all[: self.n_train]

    @property
    def validation(self) -> tuple[Images, Labels]:
        """The images and labels on which settings are chosen."""
        return self.x_all[self.n_train :], self.y_all[self.n_train :]

    @property
    def test(self) -> tuple[Images, Labels]:
        """The images and labels on which a finished model is scored."""
        return self.x_test, self.y_test


def _load(quick: bool) -> DigitImages:
    """Read MNIST, or for a smoke run the digits that come with scikit-learn."""
    if quick:
        small = datasets.load_digit_rows()
        n_train = int(np.sum(small.form_train < _TRAINING_FORMS))  # forms in order
        return DigitImages(
            small.x_train, small.y_train, small.x_test, small.y_test, n_train, None
        )
    mnist = datasets.fetch_mnist()
    return DigitImages(
        mnist.x_train,
        mnist.y_train,
        mnist.x_test,
        mnist.y_test,
        len(mnist.y_train) - N_VALIDATION,
        mnist.sha256,
    )


class ShiftedBatches(keras.utils.PyDataset):
    """Batches of images in a new order, each moved a little, anew in every epoch.

    An image moves by a whole number of pixels down or up and right or left; each pair
    of moves is equally likely, and what comes in at the edge is 0, paper without ink.
    A last batch that would be smaller is left out; its images come in other epochs.

    Parameters
    ----------
    x : array of shape (n_images, rows, columns)
        Ink.
    y : array of shape (n_images,)
        Labels.
    batch_size : int
        Images in a batch.
    shift : int
        The farthest move in pixels; 0 for images as they are.
    seed : int
        What order and moves are drawn from.
    """

    def __init__(
        self,
        x: Images,
        y: Labels,
        *,
        batch_size: int = 125,
        shift: int = 2,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self._y = y
        self._batch_size = batch_size
        self._rng = np.random.default_rng(seed)
        self._n_moves = 2 * shift + 1
        padded = np.pad(x, ((0, 0), (shift, shift), (shift, shift)))
        # (n_images, n_moves, n_moves, rows, columns), a view
        self._moved = np.lib.stride_tricks.sliding_window_view(
            padded, x.shape[1:], axis=(1, 2)
        )
        self.on_epoch_end()

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return len(self._y) // self._batch_size

    def __getitem__(self, k: int) -> tuple[Images, Labels]:
        """Return batch k of the present epoch."""
        chosen = self._order[k * self._batch_size : (k + 1) * self._batch_size]
        down, right = self._moves[:, chosen]
        return self._moved[chosen, down, right], self._y[chosen]

    def on_epoch_end(self) -> None:
        """Draw the order and the moves of the next epoch."""
        self._order = self._rng.permutation(len(self._y))
        self._moves = self._rng.integers(self._n_moves, size=(2, len(self._y)))


class Training(NamedTuple):
    """How a network of ours is trained; a row of the table changes one field."""

    epochs: int = 8
    rate: float = 3e-3
    shift: int = 2
    batch_size: int = 125
    n_images: int | None = None
    ink: float = 1.0
    xla: bool = True

    def fit(
        self, model: keras.Model, x: Images, y: Labels, seed: int, budget: Budget
    ) -> None:
        """Train a network with Adam; the rate falls to 0 as a half cosine.

        Parameters
        ----------
        model : keras.Model
            Not compiled; it ends in a softmax.
        x, y : array
            Images and labels, from which the first `n_images` are taken.
        seed : int
            For order and moves.
        budget : Budget
            Of the run.
        """
        x, y = x[: self.n_images], y[: self.n_images]
        batches = ShiftedBatches(
            self.ink * x, y, batch_size=self.batch_size, shift=self.shift, seed=seed
        )
        epochs = budget.epochs(self.epochs)
        falling = keras.optimizers.schedules.CosineDecay(
            self.rate, epochs * len(batches)
        )
        model.compile(
            optimizer=keras.optimizers.Adam(falling),
            loss="sparse_categorical_crossentropy",
            jit_compile=self.xla and not budget.quick,  # compiling is slow
        )
        model.fit(batches, epochs=epochs, callbacks=[budget.callback()], verbose=0)


def accuracy(model: keras.Model, x: Images, y: Labels) -> float:
    """Return the share of images that a network recognises.

    Parameters
    ----------
    model : keras.Model
        (batch, rows, columns) to (batch, 10).
    x : array of shape (n_images, rows, columns)
        Ink.
    y : array of shape (n_images,)
        The digits.

    Returns
    -------
    float
        In [0, 1]; a network whose weights are not finite recognises nothing.
    """
    scores = model.predict(x, batch_size=1000, verbose=0)  # (n_images, 10)
    right = (scores.argmax(axis=1) == y) & np.isfinite(scores).all(axis=1)
    return float(np.mean(right))


def build_published_network(n_columns: int = 28) -> keras.Model:
    """Build the network of S1: two LSTM layers with ReLU, and a dense head.

    Parameters
    ----------
    n_columns : int
        Pixels in a row.

    Returns
    -------
    keras.Model
        (batch, rows, n_columns) to (batch, 10), compiled as in S1. Its old argument
        ``decay=1e-6`` is written as the schedule that it stood for.
    """
    rate = keras.optimizers.schedules.InverseTimeDecay(
        1e-4, decay_steps=1, decay_rate=1e-6
    )
    model = keras.Sequential(
        [
            keras.Input((None, n_columns)),  # (batch, rows, columns)
            layers.LSTM(256, activation="relu", return_sequences=True),
            layers.Dropout(0.2),
            layers.LSTM(256, activation="relu"),  # (batch, 256)
            layers.Dropout(0.1),
            layers.Dense(32, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),  # (batch, 10)
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


class _EvaluationClock(keras.callbacks.Callback):
    """Adds up the processor time that evaluation takes within a fit."""

    def __init__(self) -> None:
        super().__init__()
        self.cpu_seconds = 0.0
        self._start = 0.0

    def on_test_begin(self, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002
        self._start = time.process_time()

    def on_test_end(self, logs: Mapping[str, float] | None = None) -> None:  # noqa: ARG002
        self.cpu_seconds += time.process_time() - self._start


def _run_published(data: DigitImages, seed: int, budget: Budget) -> dict[str, float]:
    """Train the network of S1 on all training images, test images after each epoch."""
    keras.utils.set_random_seed(seed)
    clock = _EvaluationClock()
    start = time.process_time()
    model = build_published_network(data.x_all.shape[2])
    history = model.fit(
        data.x_all,
        data.y_all,
        batch_size=32,
        epochs=budget.epochs(_PUBLISHED_EPOCHS),
        validation_data=data.test,
        callbacks=[clock, budget.callback()],
        verbose=0,
    ).history
    cpu_seconds = time.process_time() - start
    epochs = {
        f"{name}_{epoch}": value
        for key, name in (
            ("loss", "train_loss"),
            ("accuracy", "train"),
            ("val_loss", "test_loss"),
            ("val_accuracy", "test"),
        )
        for epoch, value in enumerate(history[key], start=1)
    }
    return {
        "test": history["val_accuracy"][-1],
        "cpu_seconds_of_evaluation": clock.cpu_seconds,
        "cpu_seconds_of_training": cpu_seconds - clock.cpu_seconds,
        "parameters": model.count_params(),
        **epochs,
    }


def _run_published_briefly(
    data: DigitImages, seed: int, budget: Budget, *, ink: float
) -> dict[str, float]:
    """Train the network of S1 for one epoch on few images, with pixels up to `ink`."""
    keras.utils.set_random_seed(seed)
    x, y = data.train
    model = build_published_network(x.shape[2])
    history = model.fit(
        ink * x[:_BRIEF_IMAGES],
        y[:_BRIEF_IMAGES],
        batch_size=32,
        epochs=1,
        callbacks=[budget.callback()],
        verbose=0,
    ).history
    images, labels = data.validation
    return {
        "validation": accuracy(model, ink * images, labels),
        "train_loss": history["loss"][-1],
        "parameters": model.count_params(),
    }


def build_reader(
    n_rows: int = 28, n_columns: int = 28, *, units: int = 96
) -> keras.Model:
    """Build ours: strips of four rows become features, and a GRU reads them.

    A strip starts at every second row, so that two neighbours share two rows; below the
    last row there is paper. One dense layer, the same for all strips, turns the pixels
    of a strip into 96 features: a convolution over rows with filters of length 4 and
    stride 2, written as the matrix product that it is.

    Parameters
    ----------
    n_rows, n_columns : int
        Size of an image; an even number of rows.
    units : int
        Of the GRU.

    Returns
    -------
    keras.Model
        (batch, n_rows, n_columns) to (batch, 10), not compiled. Weights come from
        Keras's global seed.
    """
    rows = keras.Input((n_rows, n_columns))  # (batch, rows, columns)
    pairs = layers.Reshape((n_rows // 2, 2 * n_columns))(rows)
    following = layers.ZeroPadding1D((0, 1))(layers.Cropping1D((1, 0))(pairs))
    x = layers.Concatenate()([pairs, following])  # (batch, rows / 2, 4 * columns)
    x = layers.Dense(96, activation="relu")(x)  # (batch, rows / 2, 96)
    x = layers.GRU(units)(x)  # (batch, units)
    return keras.Model(rows, layers.Dense(10, activation="softmax")(x))


def build_mlp(n_rows: int = 28, n_columns: int = 28) -> keras.Model:
    """Build a rival that takes the pixels as a flat list: two layers of 512 units.

    Parameters
    ----------
    n_rows, n_columns : int
        Size of an image.

    Returns
    -------
    keras.Model
        (batch, n_rows, n_columns) to (batch, 10), not compiled.
    """
    return keras.Sequential(
        [
            keras.Input((n_rows, n_columns)),
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dense(512, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def build_convnet(n_rows: int = 28, n_columns: int = 28) -> keras.Model:
    """Build a rival that knows that pixels have neighbours above and below.

    Parameters
    ----------
    n_rows, n_columns : int
        Size of an image.

    Returns
    -------
    keras.Model
        (batch, n_rows, n_columns) to (batch, 10), not compiled.
    """
    return keras.Sequential(
        [
            keras.Input((n_rows, n_columns)),
            layers.Reshape((n_rows, n_columns, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),  # (batch, rows / 4, columns / 4, 32)
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def _run_network(
    data: DigitImages,
    seed: int,
    budget: Budget,
    *,
    build: Callable[[int, int], keras.Model],
    training: Training,
) -> dict[str, float]:
    """Train one network on the training part and score it on the other two."""
    keras.utils.set_random_seed(seed)
    x, y = data.train
    model = build(*x.shape[1:])
    training.fit(model, x, y, seed, budget)
    return {
        **{
            name: accuracy(model, training.ink * images, labels)
            for name, (images, labels) in (
                ("validation", data.validation),
                ("test", data.test),
            )
        },
        "parameters": model.count_params(),
    }


def _run_scikit(
    data: DigitImages, seed: int, budget: Budget, *, build: Callable[[], Any]
) -> dict[str, float]:
    """Fit one method of scikit-learn to flat pixels; there is no chance in it."""
    del seed
    step = 10 if budget.quick else 1  # a smoke run takes every tenth image
    x, y = (part[::step] for part in data.train)
    model = build().fit(x.reshape(len(x), -1), y)
    return {
        name: float(model.score(images.reshape(len(images), -1), labels))
        for name, (images, labels) in (
            ("validation", data.validation),
            ("test", data.test),
        )
    }


_PUBLISHED = {
    "train_loss": (0.9960, 0.2955, 0.1931, 0.1489),
    "train": (0.6611, 0.9107, 0.9452, 0.9581),
    "test_loss": (0.2939, 0.1523, 0.1153, 0.1076),
    "test": (0.9013, 0.9504, 0.9641, 0.9696),
}
_PUBLISHED_NETWORK = (
    "LSTM 256 with relu, dropout .2, LSTM 256 with relu, dropout .1, dense 32 relu, "
    "dropout .2, softmax; Adam 1e-4 with inverse time decay 1e-6 a step, batch 32"
)
_OURS = Training()
_OURS_NETWORK = (
    "strips of four rows, one at every second row, dense 96 relu on each; GRU 96; "
    "softmax; XLA"
)
_REDUCED = Training(epochs=3, n_images=10_000)


def _logistic_regression() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=0.1, max_iter=100, tol=1e-3)


def _nearest_neighbours() -> Any:
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(3, algorithm="brute")


def _trained(training: Training) -> str:
    """Say how a network of ours is trained."""
    images = f"{training.n_images or 50_000:,} training images"
    pixels = "[0, 1]" if training.ink == 1 else f"[0, {training.ink:.0f}]"
    moves = (
        f"moved by up to {training.shift} pixels each way, anew in every epoch"
        if training.shift
        else "not moved"
    )
    return (
        f"{images} with pixels in {pixels}, {moves}; Adam {training.rate:g}, falling "
        f"to 0 as a half cosine; batch {training.batch_size}, {training.epochs} epochs"
    )


def _network_row(
    kind: Kind,
    network: str,
    build: Callable[[int, int], keras.Model],
    training: Training = _OURS,
    n_seeds: int = 5,
) -> Row:
    """Make the row of a network that is trained our way."""
    return Row(
        partial(_run_network, build=build, training=training),
        kind,
        f"{network}; {_trained(training)}",
        n_seeds=n_seeds,
    )


def _ablation(training: Training, n_seeds: int) -> Row:
    """Make a row of our network with another training."""
    return _network_row("ablation", _OURS_NETWORK, build_reader, training, n_seeds)


def _brief_row(ink: float) -> Row:
    """Make a row of the published network with one epoch on few images."""
    return Row(
        partial(_run_published_briefly, ink=ink),
        "ablation",
        f"28 rows of 28 pixels in [0, {ink:.0f}]; {_PUBLISHED_NETWORK}; one epoch on "
        f"the first {_BRIEF_IMAGES:,} training images, scored on the held-out ones "
        "only",
        n_seeds=2,
    )


_ROWS = {
    "logistic regression": Row(
        partial(_run_scikit, build=_logistic_regression),
        "baseline",
        "784 pixels in [0, 1]; inverse penalty .1, at most 100 iterations; 50,000 "
        "training images",
        seeded=False,
    ),
    "3 nearest neighbours": Row(
        partial(_run_scikit, build=_nearest_neighbours),
        "baseline",
        "784 pixels, Euclidean distance to 50,000 training images, majority of 3",
        seeded=False,
    ),
    "MLP": _network_row(
        "baseline",
        "784 pixels, two layers of 512 relu, softmax; XLA",
        build_mlp,
        n_seeds=1,
    ),
    "2-D convolutions": _network_row(
        "baseline",
        "16 and 32 filters of 3 x 3, relu, each with maximum pooling of 2 x 2, dense "
        "128 relu, softmax; no XLA",
        build_convnet,
        _OURS._replace(xla=False, epochs=4),
        n_seeds=1,
    ),
    "two LSTM layers, as published": Row(
        _run_published,
        "published",
        f"28 rows of 28 pixels in [0, 1]; {_PUBLISHED_NETWORK}; {_PUBLISHED_EPOCHS} "
        "epochs on all 60,000 training images, the test images scored after each",
        published={
            "test": _PUBLISHED["test"][_PUBLISHED_EPOCHS - 1],
            **{
                f"{name}_{epoch}": value
                for name, values in _PUBLISHED.items()
                for epoch, value in enumerate(values, start=1)
            },
        },
        n_seeds=1,
    ),
    "ours: GRU over strips of rows": _network_row("ours", _OURS_NETWORK, build_reader),
    "ours, images not moved": _ablation(_OURS._replace(shift=0), 3),
    "ours, reduced": _ablation(_REDUCED, 5),
    "ours, reduced, pixels 0 to 255": _ablation(_REDUCED._replace(ink=255.0), 2),
    "published network, brief": _brief_row(1.0),
    "published network, brief, pixels 0 to 255": _brief_row(255.0),
}

STUDY = Study(
    name="mnist-rows",
    title="Handwritten digits (MNIST), read row by row",
    metric="test",
    unit="share of digits recognised",
    digits=4,
    load=_load,
    rows=_ROWS,
)
