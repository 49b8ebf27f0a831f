"""Hamlet, one character at a time: counting, the published network, and ours.

The text is cut in time: 80 % for training, 10 % for choosing settings, 10 % for the
test. What is scored on the validation part has been fitted on the first 80 %, what is
scored on the test part on the first 90 %, with the settings that were chosen before.
All scores are nats a character, each character given all that stands before it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from scipy.special import log_softmax

from coursepkg import baselines, datasets, generation, models, windows
from coursepkg.studies._callbacks import BatchLosses
from coursepkg.studies._study import Budget, Row, Study
from coursepkg.text import contiguous_batches

IdArray = NDArray[np.int32]
FloatArray = NDArray[np.float64]
Build = Callable[..., keras.Model]

ORDERS = range(1, 9)
WARM_UP = 2000  # characters that a network reads before those on which it is scored
PRINTED = {10: 3.7960, 20: 3.3718, 30: 3.2945, 40: 3.2526} | {
    50: 3.2187, 60: 3.1814, 80: 3.1635, 90: 3.1177
}  # training losses in the source, by iteration  # fmt: skip

# Chosen on the validation part, with seed 100.
UNITS, DROPOUT, RATE, N_EPOCHS = 384, 0.4, 0.004, 15
STATIC_ORDER, ADAPTIVE_ORDER, MIXED_ORDER = 4, 5, 7
TEMPERED_ORDER = 6  # best of 4 to 8, each with its own power
SHORT_ORDER = 3  # of the counts that are multiplied with counts of order 7
POWERS = tuple(k / 10 for k in range(2, 11))  # .2, .3, ... 1: tried for counts
MIXED_POWERS = (0.5, 0.3)
LEARNING_RATE, LEARNING_STEPS = 0.1, 25
REDUCED_UNITS, REDUCED_EPOCHS, REDUCED_RATE = 128, 3, 0.01


@dataclass(frozen=True, eq=False)
class Play:
    """A text as integers, and how it is divided.

    Parameters
    ----------
    ids : numpy.ndarray of int, shape (time,)
        One a character: its place in `alphabet`.
    alphabet : str
        All characters of the text, sorted, as the source takes them too. From the
        test part it tells which characters exist, and nothing else.
    train, validation, test : slice
        80, 10 and 10 % of the text, in this order.
    sha256 : str or None
        Digest of the text; None for the embedded play.
    """

    ids: IdArray
    alphabet: str
    train: slice
    validation: slice
    test: slice
    sha256: str | None

    def __repr__(self) -> str:
        """Return the sizes."""
        return f"Play({len(self.ids):,} characters, {len(self.alphabet)} different)"

    def decode(self, ids: IdArray | list[int]) -> str:
        """Turn integers back into text.

        Parameters
        ----------
        ids : sequence of int
            Places in the alphabet.

        Returns
        -------
        str
            One character each.
        """
        return "".join(self.alphabet[k] for k in ids)

    def encode(self, text: str) -> list[int]:
        """Turn text into integers.

        Parameters
        ----------
        text : str
            Of characters of the alphabet.

        Returns
        -------
        list of int
            Places in the alphabet.
        """
        return [self.alphabet.index(one) for one in text]


def cut(text: str, sha256: str | None = None) -> Play:
    """Encode a text and divide it.

    Parameters
    ----------
    text : str
        The whole text.
    sha256 : str, optional
        Its digest.

    Returns
    -------
    Play
        80 % training, 10 % validation, 10 % test.
    """
    letters, ids = np.unique(list(text), return_inverse=True)
    parts = windows.temporal_split(len(text), fractions=(0.8, 0.1, 0.1))
    return Play(ids.astype("int32"), "".join(letters), *parts, sha256)


def load(quick: bool = False) -> Play:
    """Read Hamlet; for a smoke run the beginning of the embedded comedy.

    Parameters
    ----------
    quick : bool
        Whether this is a smoke run.

    Returns
    -------
    Play
        Encoded and divided.
    """
    if quick:
        return cut(datasets.load_play().text[:4000])
    hamlet = datasets.fetch_hamlet()
    return cut(hamlet.text, hamlet.sha256)


# Scoring


def nats(log_probabilities: FloatArray, ids: IdArray) -> FloatArray:
    """Return the surprise of each character that came.

    Parameters
    ----------
    log_probabilities : numpy.ndarray of shape (time, size)
        Natural logarithms, of every character that might have come.
    ids : numpy.ndarray of shape (time,)
        Those that came.

    Returns
    -------
    numpy.ndarray of shape (time,)
        Minus the logarithm of the probability that each of them was given.
    """
    return -log_probabilities[np.arange(len(ids)), ids]


# Counting


def ngram_nats(play: Play, part: slice, *, order: int) -> FloatArray:
    """Score a part by a Witten-Bell model of all that stands before it.

    Parameters
    ----------
    play : Play
        The text.
    part : slice
        What is scored.
    order : int
        Length of the n-grams.

    Returns
    -------
    numpy.ndarray of shape (time,)
        Nats of each character.
    """
    model = baselines.NGramLanguageModel(order)
    model.fit(play.ids[: part.start], vocabulary_size=len(play.alphabet))
    return -model.log_probabilities(play.ids[: part.stop])[part]


def adaptive_ngram(play: Play, part: slice, *, order: int) -> FloatArray:
    """Predict a part by counts that grow while it is read.

    As the Witten-Bell model of :class:`coursepkg.baselines.NGramLanguageModel`; but
    each character of the part is counted as soon as it has been predicted.

    Parameters
    ----------
    play : Play
        The text.
    part : slice
        What is predicted; all that stands before it has been counted.
    order : int
        Length of the n-grams.

    Returns
    -------
    numpy.ndarray of shape (time, size)
        Logarithms of the probabilities of all characters; row t depends on the
        characters before it alone.
    """
    size = len(play.alphabet)
    ids = play.ids[: part.stop].tolist()
    key = bytes(ids)  # slices of it are the contexts
    tables: list[dict[bytes, FloatArray]] = [{} for _ in range(order)]
    predicted = np.empty((part.stop - part.start, size))  # (time, size)
    for t, one in enumerate(ids):
        if t >= part.start:
            mixed = np.full(size, 1 / size)  # (size,)
            for n, table in enumerate(tables[: t + 1]):
                counts = table.get(key[t - n : t])
                if counts is None:  # nor has any longer context been seen
                    break
                kinds = np.count_nonzero(counts)
                mixed = (counts + kinds * mixed) / (counts.sum() + kinds)
            predicted[t - part.start] = mixed
        for n, table in enumerate(tables[: t + 1]):
            context = key[t - n : t]
            if context not in table:
                table[context] = np.zeros(size, np.float32)
            table[context][one] += 1
    return np.log(predicted)


# Networks


def build_published(
    size: int, *, rows: int | None = None, seed: int = 0
) -> keras.Model:
    """Build the character model of S2 in today's Keras, without its graph and session.

    Parameters
    ----------
    size : int
        Number of different characters.
    rows : int, optional
        Rows whose states are carried from batch to batch; none are if left out.
    seed : int
        Source of the weights and of the dropout masks.

    Returns
    -------
    keras.Model
        (batch, time) to logits (batch, time, size): one-hot vectors, an LSTM of 128
        units, half of its outputs dropped in training, a dense layer.
    """
    draw = np.random.default_rng(seed)
    ids = keras.Input(batch_shape=(rows, None), dtype="int32")
    one_hot = keras.layers.Embedding(
        size, size, embeddings_initializer="identity", trainable=False
    )
    lstm = keras.layers.LSTM(
        128,
        kernel_initializer=keras.initializers.GlorotUniform(
            seed=int(draw.integers(2**31))
        ),
        recurrent_initializer=keras.initializers.Orthogonal(
            seed=int(draw.integers(2**31))
        ),
        return_sequences=True,
        stateful=rows is not None,
    )
    dense = keras.layers.Dense(
        size,
        kernel_initializer=keras.initializers.GlorotUniform(
            seed=int(draw.integers(2**31))
        ),
    )
    dropped = keras.layers.Dropout(0.5, seed=int(draw.integers(2**31)))(
        lstm(one_hot(ids))
    )
    return keras.Model(ids, dense(dropped))


class AroundTheText(keras.utils.PyDataset):
    """Contiguous batches; each pass begins at another place and goes all around.

    So the rows begin elsewhere in each pass, and no character is always the first of
    a batch, which the gradient reaches from the shortest past.

    Parameters
    ----------
    ids : numpy.ndarray of int, shape (time,)
        The text.
    rows, steps : int
        Shape of a batch.
    shift : bool
        If false, each pass begins at the beginning.
    seed : int
        Source of the beginnings.
    """

    def __init__(
        self,
        ids: IdArray,
        *,
        rows: int,
        steps: int,
        shift: bool = True,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self._ids, self._rows, self._steps = ids, rows, steps
        self._shift = shift
        self._rng = np.random.default_rng(seed)
        self.on_epoch_end()

    def on_epoch_end(self) -> None:
        """Lay the text out for the next pass."""
        ids = self._ids
        if self._shift:
            ids = np.roll(ids, -self._rng.integers(len(ids)))
        self._inputs, self._targets = contiguous_batches(
            ids, batch_size=self._rows, n_steps=self._steps
        )  # (n_batches, rows, steps) each

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self._targets)

    def __getitem__(self, k: int) -> tuple[IdArray, IdArray]:
        """Return batch k: inputs and targets, (rows, steps) each."""
        return self._inputs[k], self._targets[k]


def reset_states(model: keras.Model) -> None:
    """Put the states of all stateful layers back to zero.

    Parameters
    ----------
    model : keras.Model
        Changed in place.
    """
    for layer in model.layers:
        if getattr(layer, "stateful", False):
            layer.reset_states()


def cross_entropy() -> keras.losses.Loss:
    """Return the loss of all networks, in nats a character.

    Returns
    -------
    keras.losses.Loss
        Of integer targets and logits.
    """
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def train_published(
    play: Play, part: slice, *, seed: int, budget: Budget, n_epochs: int = 100
) -> tuple[keras.Model, list[float], list[float]]:
    """Train the character model of S2 as its source does.

    Parameters
    ----------
    play : Play
        The text.
    part : slice
        What it is trained on.
    seed : int
        Source of the weights and of the dropout masks.
    budget : Budget
        Of the run.
    n_epochs : int
        Passes through the part.

    Returns
    -------
    model : keras.Model
        Trained, with 64 rows.
    batches, epochs : list of float
        Training loss of each batch, and its mean over each epoch.
    """
    rows, steps = _shape(part, 64, 100)
    source = AroundTheText(play.ids[part], rows=rows, steps=steps, shift=False)
    model = build_published(len(play.alphabet), rows=rows, seed=seed)
    optimizer = keras.optimizers.Adam(0.001, global_clipnorm=5.0)
    model.compile(optimizer, loss=cross_entropy())
    batches = BatchLosses()
    history = _fit(model, source, budget, n_epochs, batches)
    return model, batches.losses, history


def _shape(part: slice, rows: int, steps: int) -> tuple[int, int]:
    """Return the shape of a batch: smaller ones for the little text of a smoke run."""
    if part.stop - part.start < 20_000:
        return 8, 40
    return rows, steps


def _units(budget: Budget) -> int:
    """Return the size of our network: a small one in a smoke run."""
    return 16 if budget.quick else UNITS


def _fit(
    model: keras.Model,
    source: AroundTheText,
    budget: Budget,
    n_epochs: int,
    *callbacks: keras.callbacks.Callback,
) -> list[float]:
    """Train with a state that is carried within a pass; return the epochs' losses."""
    start = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda *_: reset_states(model)
    )
    history = model.fit(
        source,
        epochs=budget.epochs(n_epochs),
        shuffle=False,
        verbose=0,
        callbacks=[start, budget.callback(), *callbacks],
    )
    return list(history.history["loss"])


def read(
    model: keras.Model, play: Play, part: slice, *, warm_up: int = WARM_UP
) -> FloatArray:
    """Let a network predict a part, in one row, with its state carried all the way.

    Parameters
    ----------
    model : keras.Model
        Without states of its own, for one row.
    play : Play
        The text.
    part : slice
        What is predicted.
    warm_up : int
        Characters before the part that are read first.

    Returns
    -------
    numpy.ndarray of shape (time, size)
        Logarithms of the probabilities of all characters.
    """
    n_before = min(warm_up, part.start - 1)
    inputs = play.ids[np.newaxis, part.start - n_before - 1 : part.stop - 1]
    forward = tf.function(partial(model, training=False), reduce_retracing=True)
    return log_softmax(np.asarray(forward(inputs), float)[0, n_before:], axis=-1)


def read_and_learn(
    model: keras.Model,
    play: Play,
    part: slice,
    *,
    rate: float = LEARNING_RATE,
    steps: int = LEARNING_STEPS,
    warm_up: int = WARM_UP,
) -> FloatArray:
    """Let a network predict a part and learn from it as it goes (dynamic evaluation).

    The text is read in pieces. Each is predicted as it stands, and scored; then one
    step of gradient descent is made on it, before the next one is read. No character
    is predicted by weights that have seen it.

    Parameters
    ----------
    model : keras.Model
        With a state for one row; its weights are changed in place.
    play : Play
        The text.
    part : slice
        What is predicted.
    rate : float
        Of the gradient descent, whose gradients are clipped at a global norm of 1.
    steps : int
        Characters of a piece.
    warm_up : int
        At most so many characters before the part are read (and learnt from) first.

    Returns
    -------
    numpy.ndarray of shape (time, size)
        Logarithms of the probabilities of all characters.
    """
    optimizer = keras.optimizers.SGD(rate, global_clipnorm=1.0)
    optimizer.build(model.trainable_variables)
    loss = cross_entropy()

    piece = tf.TensorSpec((1, None), tf.int32)

    @tf.function(input_signature=[piece, piece])
    def predict_then_learn(inputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits = model(inputs, training=False)  # (1, steps, size)
            value = loss(targets, logits)
        variables = model.trainable_variables
        optimizer.apply(tape.gradient(value, variables), variables)
        return logits

    reset_states(model)
    first = part.start - min(warm_up, part.start - 1) // steps * steps
    pieces = [
        np.asarray(
            predict_then_learn(
                play.ids[np.newaxis, start - 1 : min(start + steps, part.stop) - 1],
                play.ids[np.newaxis, start : min(start + steps, part.stop)],
            )
        )[0]
        for start in range(first, part.stop, steps)
    ]
    return log_softmax(
        np.concatenate(pieces).astype(float)[part.start - first :], axis=-1
    )


def multiply(
    predictions: Sequence[FloatArray], *, powers: Sequence[float]
) -> FloatArray:
    """Multiply powers of probabilities and normalise.

    Parameters
    ----------
    predictions : sequence of numpy.ndarray of shape (time, size)
        Logarithms of probabilities. With a single one this is a temperature, the
        inverse of its power.
    powers : sequence of float
        One a prediction.

    Returns
    -------
    numpy.ndarray of shape (time, size)
        Logarithms of probabilities.
    """
    pairs = zip(powers, predictions, strict=True)
    return log_softmax(np.sum([power * one for power, one in pairs], axis=0), axis=-1)


def choose_powers(
    predictions: Sequence[FloatArray],
    ids: IdArray,
    *,
    grid: Sequence[float] = POWERS,
) -> tuple[float, ...]:
    """Try all combinations of powers and return the one with the lowest loss.

    Parameters
    ----------
    predictions : sequence of numpy.ndarray of shape (time, size)
        Logarithms of probabilities.
    ids : numpy.ndarray of shape (time,)
        The characters that came.
    grid : sequence of float
        Powers that each of the predictions may have.

    Returns
    -------
    tuple of float
        One a prediction.
    """

    def loss(powers: tuple[float, ...]) -> float:
        return float(nats(multiply(predictions, powers=powers), ids).mean())

    return min(itertools.product(grid, repeat=len(predictions)), key=loss)


def build_ours(
    size: int,
    *,
    rows: int | None = None,
    units: int = UNITS,
    dropout: float = DROPOUT,
    seed: int = 0,
) -> keras.Model:
    """Build our character model: a GRU whose inputs and outputs are thinned out.

    Parameters
    ----------
    size : int
        Number of different characters.
    rows : int, optional
        Rows whose states are carried from batch to batch; none are if left out.
    units : int
        Size of the recurrent layer.
    dropout : float
        Share of the inputs and of the outputs of that layer that is set to 0.
    seed : int
        Source of the weights and of the dropout masks.

    Returns
    -------
    keras.Model
        (batch, time) to logits (batch, time, size).
    """
    return models.build_language_model(
        size,
        cell="gru",
        units=units,
        embedding_dim=64,
        dropout=dropout,
        stateful=rows is not None,
        batch_size=rows,
        seed=seed,
    )


def train_ours(
    play: Play,
    part: slice,
    *,
    seed: int,
    budget: Budget,
    units: int = UNITS,
    dropout: float = DROPOUT,
    n_epochs: int = N_EPOCHS,
    rate: float = RATE,
) -> keras.Model:
    """Train our character model.

    Parameters
    ----------
    play : Play
        The text.
    part : slice
        What it is trained on.
    seed : int
        Source of the weights, the masks and the beginnings of the passes.
    budget : Budget
        Of the run.
    units : int
        Size of the recurrent layer.
    dropout : float
        As for :func:`build_ours`.
    n_epochs : int
        Passes through the part.
    rate : float
        Of Adam: it rises for a tenth of the updates, then falls to zero.

    Returns
    -------
    keras.Model
        Trained, with 32 rows.
    """
    rows, steps = _shape(part, 32, 50)
    source = AroundTheText(play.ids[part], rows=rows, steps=steps, seed=seed)
    n_updates = budget.epochs(n_epochs) * len(source)
    rise = n_updates // 10
    schedule = keras.optimizers.schedules.CosineDecay(
        0.1 * rate, n_updates - rise, warmup_target=rate, warmup_steps=rise
    )
    model = build_ours(
        len(play.alphabet), rows=rows, units=units, dropout=dropout, seed=seed
    )
    optimizer = keras.optimizers.Adam(schedule, global_clipnorm=1.0)
    model.compile(optimizer, loss=cross_entropy())
    _fit(model, source, budget, n_epochs)
    return model


def with_rows(build: Build, model: keras.Model, rows: int | None) -> keras.Model:
    """Copy a network for another number of rows.

    Parameters
    ----------
    build : callable
        What it was built by, with the same sizes: takes `rows`.
    model : keras.Model
        Whose weights are copied.
    rows : int or None
        With a state for each of so many rows, or, if None, with none.

    Returns
    -------
    keras.Model
        The copy.
    """
    copy: keras.Model = build(rows=rows)
    copy.set_weights(model.get_weights())
    return copy


# What the words give away


def letters_before(text: str) -> NDArray[np.int64]:
    """Count the letters that stand immediately before each character.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    numpy.ndarray of shape (time,)
        0 at the first letter of a word and after a blank or a comma; k where k
        letters of a word can be seen already, also for what ends the word.
    """
    counts = np.zeros(len(text), np.int64)
    for t in range(1, len(text)):
        counts[t] = counts[t - 1] + 1 if text[t - 1].isalpha() else 0
    return counts


def by_letters(
    play: Play, part: slice, surprises: FloatArray, *, most: int = 6
) -> list[float]:
    """Average the surprise of characters by how much of a word stands before them.

    Parameters
    ----------
    play : Play
        The text.
    part : slice
        Where the surprises belong.
    surprises : numpy.ndarray of shape (time,)
        Nats of each character of the part.
    most : int
        So many letters and more are taken together.

    Returns
    -------
    list of float
        Mean nats after 0, 1, ..., `most` letters.
    """
    seen = letters_before(play.decode(play.ids))[part].clip(max=most)  # (time,)
    return [float(surprises[seen == k].mean()) for k in range(most + 1)]


def write(
    model: keras.Model,
    play: Play,
    prompt: str,
    *,
    n_characters: int,
    top_k: int = 5,
    seed: int = 0,
) -> str:
    """Let a network write, each character drawn from the most probable ones.

    Parameters
    ----------
    model : keras.Model
        With a state for one row.
    play : Play
        Whose alphabet it has.
    prompt : str
        What it reads first.
    n_characters : int
        How many to write.
    top_k : int
        From how many of the most probable characters each one is drawn.
    seed : int
        Source of the draws.

    Returns
    -------
    str
        The prompt and what follows it.
    """
    n_read = 0
    reset_states(model)
    forward = tf.function(partial(model, training=False), reduce_retracing=True)

    def next_logits(ids: list[int]) -> FloatArray:
        nonlocal n_read  # the state remembers what has been read
        new, n_read = ids[n_read:], len(ids)
        return np.asarray(forward(np.array([new], "int32")))[0, -1].astype(float)

    written = generation.generate(
        next_logits, play.encode(prompt), n_tokens=n_characters, top_k=top_k, seed=seed
    )
    return prompt + play.decode(written)


# The rows


def _run_ngram(
    play: Play, _: int, __: Budget, *, order: int, adaptive: bool
) -> dict[str, float]:
    """Score counts on both parts."""
    scores = {}
    for name in ("validation", "test"):
        part: slice = getattr(play, name)
        if adaptive:
            predicted = adaptive_ngram(play, part, order=order)
            surprises = nats(predicted, play.ids[part])
        else:
            surprises = ngram_nats(play, part, order=order)
        scores[name] = float(surprises.mean())
        if name == "test":
            scores |= _named("letters", by_letters(play, part, surprises))
    return scores


def _run_product(
    play: Play, _: int, __: Budget, *, orders: tuple[int, ...]
) -> dict[str, float]:
    """Choose powers of adaptive counts on the validation part; score both parts."""
    scores: dict[str, float] = {}
    powers: tuple[float, ...] = ()
    for name in ("validation", "test"):
        part: slice = getattr(play, name)
        predictions = [adaptive_ngram(play, part, order=order) for order in orders]
        if name == "validation":
            powers = choose_powers(predictions, play.ids[part])
            scores |= _named("power", list(powers))
        surprises = nats(multiply(predictions, powers=powers), play.ids[part])
        scores[name] = float(surprises.mean())
    return scores | _named("letters", by_letters(play, play.test, surprises))


def _named(stem: str, values: list[float]) -> dict[str, float]:
    """Give numbers the names stem_0, stem_1, ..."""
    return {f"{stem}_{k}": value for k, value in enumerate(values)}


def _run_published(play: Play, seed: int, budget: Budget) -> dict[str, float]:
    """Train the network of S2 on all that stands before the test part; score it."""
    model, batches, epochs = train_published(
        play, slice(0, play.test.start), seed=seed, budget=budget
    )
    build = partial(build_published, len(play.alphabet))
    reader = with_rows(build, model, None)
    surprises = nats(read(reader, play, play.test), play.ids[play.test])
    losses = {f"loss_{k}": batches[k - 1] for k in PRINTED if k <= len(batches)}
    return losses | {
        "epoch_4": epochs[min(3, len(epochs) - 1)],
        "last_epoch": epochs[-1],
        "test": float(surprises.mean()),
        **_named("letters", by_letters(play, play.test, surprises)),
    }


def _run_ours(play: Play, seed: int, budget: Budget) -> dict[str, float]:
    """Train on all before the test part; score the network there in all its forms."""
    units = _units(budget)
    before = slice(0, play.test.start)
    model = train_ours(play, before, seed=seed, budget=budget, units=units)
    build = partial(build_ours, len(play.alphabet), units=units)
    frozen = read(with_rows(build, model, None), play, play.test)
    learning = read_and_learn(with_rows(build, model, 1), play, play.test)
    counts = adaptive_ngram(play, play.test, order=MIXED_ORDER)
    predicted = {
        "test": frozen,
        "test_learning": learning,
        "test_frozen_and_counts": multiply([frozen, counts], powers=MIXED_POWERS),
        "test_mixture": multiply([learning, counts], powers=MIXED_POWERS),
    }
    surprises = {name: nats(p, play.ids[play.test]) for name, p in predicted.items()}
    return {name: float(nats_.mean()) for name, nats_ in surprises.items()} | {
        name: value
        for stem, form in (("letters", "test"), ("letters_mixture", "test_mixture"))
        for name, value in _named(
            stem, by_letters(play, play.test, surprises[form])
        ).items()
    }


def train_reduced(play: Play, *, seed: int, budget: Budget) -> keras.Model:
    """Train the small form of our model that the page runs.

    Parameters
    ----------
    play : Play
        The text, of which the first 80 % are used.
    seed : int
        As for :func:`train_ours`.
    budget : Budget
        Of the run.

    Returns
    -------
    keras.Model
        128 units, three passes.
    """
    return train_ours(
        play,
        play.train,
        seed=seed,
        budget=budget,
        units=REDUCED_UNITS,
        dropout=0.0,
        n_epochs=REDUCED_EPOCHS,
        rate=REDUCED_RATE,
    )


def score_reduced(
    play: Play, model: keras.Model, counts: FloatArray
) -> dict[str, float]:
    """Score the small form on the validation part, alone and mixed with counts.

    Parameters
    ----------
    play : Play
        The text.
    model : keras.Model
        As :func:`train_reduced` returns it.
    counts : numpy.ndarray of shape (time, size)
        Logarithms of the probabilities from :func:`adaptive_ngram` on that part.

    Returns
    -------
    dict of str to float
        Nats a character.
    """
    build = partial(build_ours, len(play.alphabet), units=REDUCED_UNITS)
    network = read(with_rows(build, model, None), play, play.validation)
    mixed = multiply([network, counts], powers=MIXED_POWERS)
    true = play.ids[play.validation]
    return {
        "validation": float(nats(network, true).mean()),
        "validation_frozen_and_counts": float(nats(mixed, true).mean()),
    }


def _run_reduced(play: Play, seed: int, budget: Budget) -> dict[str, float]:
    """Train and score the small form."""
    counts = adaptive_ngram(play, play.validation, order=MIXED_ORDER)
    return score_reduced(play, train_reduced(play, seed=seed, budget=budget), counts)


_COUNTS = (
    "validation: counts of the first 80 %; test: counts of the first 90 %; "
    "interpolated Witten-Bell"
)
_CHOSEN = (
    "the powers, .2 to 1 in steps of .1, chosen on validation; each character is "
    f"counted as soon as it has been predicted; {_COUNTS}"
)
_GRU = (
    f"GRU, {UNITS} units, embedding 64; dropout {DROPOUT} on inputs (one mask a row "
    "and piece) and outputs; 32 rows of 50 steps, state carried, each pass from "
    "another place; Adam, "
    f"rate up to {RATE} and down to 0, clipped at 1; {N_EPOCHS} passes"
)
_ALONE = "scored in one row, state carried from 2,000 characters before"
_LEARNING = (
    f"learning: {LEARNING_STEPS} characters scored, then one step of gradient "
    f"descent at {LEARNING_RATE}; mixture: learning network^{MIXED_POWERS[0]} x "
    f"adaptive {MIXED_ORDER}-gram^{MIXED_POWERS[1]}, normalised"
)

STUDY = Study(
    name="hamlet",
    title="Hamlet, the next character",
    metric="test",
    unit="nats a character",
    digits=3,
    load=load,
    rows={
        "unigram": Row(
            partial(_run_ngram, order=1, adaptive=False),
            "baseline",
            f"order 1; {_COUNTS}",
            seeded=False,
        ),
        "Witten-Bell n-gram": Row(
            partial(_run_ngram, order=STATIC_ORDER, adaptive=False),
            "baseline",
            f"order {STATIC_ORDER}, the best of 1 to 8 on validation; {_COUNTS}",
            seeded=False,
        ),
        "adaptive n-gram": Row(
            partial(_run_ngram, order=ADAPTIVE_ORDER, adaptive=True),
            "baseline",
            f"order {ADAPTIVE_ORDER}, the best of 1 to 8 on validation; {_COUNTS}; "
            "each character is counted as soon as it has been predicted",
            seeded=False,
        ),
        "tempered adaptive 6-gram": Row(
            partial(_run_product, orders=(TEMPERED_ORDER,)),
            "baseline",
            f"adaptive {TEMPERED_ORDER}-gram^a, normalised; the order, 4 to 8, and "
            f"{_CHOSEN}",
            seeded=False,
        ),
        "adaptive 3-gram x adaptive 7-gram": Row(
            partial(_run_product, orders=(SHORT_ORDER, MIXED_ORDER)),
            "baseline",
            f"adaptive {SHORT_ORDER}-gram^a x adaptive {MIXED_ORDER}-gram^b, "
            f"normalised; the best of the pairs from orders 3 to 7; {_CHOSEN}",
            seeded=False,
        ),
        "LSTM of S2": Row(
            _run_published,
            "published",
            "one-hot inputs, LSTM(128), half of its outputs dropped; 64 rows of 100 "
            "steps, state carried, put to 0 at each epoch; Adam .001, clipped at 5; "
            f"100 epochs on the first 90 % (the source: on all); {_ALONE}",
            published={f"loss_{k}": value for k, value in PRINTED.items()},
            n_seeds=1,
        ),
        "GRU": Row(
            _run_ours,
            "ours",
            f"{_GRU} of the first 90 %; {_ALONE}; {_LEARNING}",
            n_seeds=3,
        ),
        "GRU, as on the page": Row(
            _run_reduced,
            "ablation",
            f"as the GRU, but {REDUCED_UNITS} units, no dropout, {REDUCED_EPOCHS} "
            f"passes of the first 80 %, rate up to {REDUCED_RATE}; {_ALONE}; "
            "mixture with the frozen network",
        ),
    },
)
