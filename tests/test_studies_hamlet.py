"""The study of Hamlet: splits, counting, reading, learning while reading, mixing."""

import re

import keras
import numpy as np
import pytest

from coursepkg import baselines, datasets, studies
from coursepkg.studies import Budget, hamlet
from coursepkg.studies._callbacks import BatchLosses
from coursepkg.text import contiguous_batches


@pytest.fixture(scope="module")
def play():
    """A short text, encoded and divided."""
    return hamlet.cut(datasets.load_play().text[:600])


@pytest.fixture(scope="module")
def build(play):
    """Return a builder of networks with large weights, so that differences show."""

    def builder(rows=None):
        model = hamlet.build_ours(len(play.alphabet), rows=rows, units=8, seed=1)
        model.set_weights([3 * w for w in model.get_weights()])
        return model

    return builder


def test_the_parts_are_the_text_in_order(play):
    """Training, validation and test part follow each other and leave nothing out."""
    parts = [play.train, play.validation, play.test]
    joined = np.concatenate([play.ids[part] for part in parts])
    assert play.decode(joined) == datasets.load_play().text[:600]
    assert [part.stop - part.start for part in parts] == [480, 60, 60]
    assert list(play.alphabet) == sorted(set(datasets.load_play().text[:600]))
    assert play.encode(play.decode(play.ids)) == play.ids.tolist()


@pytest.mark.parametrize("order", [1, 3, 6])
def test_adaptive_counts_are_those_of_a_model_fitted_anew(play, order):
    """Every prediction is that of a model fitted on all that stands before it."""
    predicted = hamlet.adaptive_ngram(play, play.test, order=order)
    size = len(play.alphabet)
    for t in range(play.test.start, play.test.stop):
        before = play.ids[:t]
        model = baselines.NGramLanguageModel(order).fit(before, vocabulary_size=size)
        np.testing.assert_allclose(
            predicted[t - play.test.start], model.next_logits(before), rtol=1e-5
        )


def test_static_counts_stop_at_the_part(play):
    """Plain counts are fitted on what stands before the part, and on nothing else."""
    model = baselines.NGramLanguageModel(3)
    model.fit(play.ids[play.train], vocabulary_size=len(play.alphabet))
    expected = [
        -model.next_logits(play.ids[:t])[play.ids[t]]
        for t in range(play.validation.start, play.validation.stop)
    ]
    surprises = hamlet.ngram_nats(play, play.validation, order=3)
    np.testing.assert_allclose(surprises, expected)


def test_batches_go_around_the_text():
    """Rows go on from batch to batch, targets follow inputs, passes begin elsewhere."""
    ids = np.arange(100, dtype="int32")
    source = hamlet.AroundTheText(ids, rows=3, steps=5, seed=0)
    beginnings = set()
    for _ in range(5):
        batches = [source[k] for k in range(len(source))]
        x = np.concatenate([inputs for inputs, _ in batches], axis=1)  # (rows, time)
        y = np.concatenate([targets for _, targets in batches], axis=1)
        assert x.shape == (3, 30)
        assert np.array_equal(y, (x + 1) % 100)
        assert np.array_equal(x[:, 1:], (x[:, :-1] + 1) % 100)
        beginnings.add(int(x[0, 0]))
        source.on_epoch_end()
    assert len(beginnings) > 2


def test_batches_without_shift_are_contiguous_batches():
    """Without shift they are what `text.contiguous_batches` returns."""
    ids = np.random.default_rng(0).integers(9, size=200).astype("int32")
    source = hamlet.AroundTheText(ids, rows=4, steps=7, shift=False)
    inputs, targets = contiguous_batches(ids, batch_size=4, n_steps=7)
    for _ in range(2):
        assert len(source) == len(inputs)
        for k in range(len(source)):
            assert np.array_equal(source[k][0], inputs[k])
            assert np.array_equal(source[k][1], targets[k])
        source.on_epoch_end()


def test_batch_losses_are_taken_out_of_the_mean():
    """Keras reports the mean since the epoch began; we want each batch."""
    true = [[4.0, 2.0, 3.0], [1.0, 5.0]]
    callback = BatchLosses()
    for epoch in true:
        for k in range(len(epoch)):
            callback.on_train_batch_end(k, {"loss": np.mean(epoch[: k + 1])})
    np.testing.assert_allclose(callback.losses, [4, 2, 3, 1, 5])


def test_the_published_network_drops_outputs_of_the_lstm_only():
    """Its sizes are those of the source; half of the LSTM's outputs are dropped."""
    model = hamlet.build_published(65)
    sizes = [w.shape for w in model.trainable_weights]
    assert sizes == [(65, 512), (128, 512), (512,), (128, 65), (65,)]
    dropouts = [v for v in model.layers if isinstance(v, keras.layers.Dropout)]
    lstm = next(v for v in model.layers if isinstance(v, keras.layers.LSTM))
    assert [one.rate for one in dropouts] == [0.5]
    assert (lstm.dropout, lstm.recurrent_dropout) == (0, 0)
    assert dropouts[0].input is lstm.output


def test_reading_carries_the_state(play, build):
    """Each prediction is that of the network after all characters before it."""
    model = build()
    predicted = hamlet.read(model, play, play.test, warm_up=50)
    np.testing.assert_allclose(np.exp(predicted).sum(axis=1), 1)
    for t in (play.test.start, play.test.start + 7, play.test.stop - 1):
        before = play.ids[np.newaxis, play.test.start - 51 : t]
        logits = np.asarray(model(before))[0, -1].astype(float)
        expected = logits - np.log(np.exp(logits).sum())
        np.testing.assert_allclose(predicted[t - play.test.start], expected, atol=1e-4)


def test_learning_at_rate_zero_is_reading(play, build):
    """Without steps the learning reader predicts what the frozen one does."""
    options = {"warm_up": 48}
    frozen = hamlet.read(build(), play, play.test, **options)
    learning = hamlet.read_and_learn(
        build(rows=1), play, play.test, rate=0.0, steps=16, **options
    )
    np.testing.assert_allclose(learning, frozen, atol=1e-4)


def test_learning_never_sees_what_it_is_scored_on(play, build):
    """Another continuation of the text does not change what was predicted before."""
    options = {"rate": 0.5, "steps": 16, "warm_up": 48}
    learning = hamlet.read_and_learn(build(rows=1), play, play.test, **options)
    frozen = hamlet.read(build(), play, play.test, warm_up=48)
    assert np.abs(learning - frozen).max() > 0.1  # it does learn
    ids = play.ids.copy()
    ids[play.test.start + 32 :] = 0
    other = hamlet.Play(
        ids, play.alphabet, play.train, play.validation, play.test, None
    )
    changed = hamlet.read_and_learn(build(rows=1), other, play.test, **options)
    np.testing.assert_array_equal(changed[:33], learning[:33])
    assert np.abs(changed[50:] - learning[50:]).max() > 0.1


@pytest.mark.parametrize("n", [1, 2, 3])
def test_multiplying_is_what_it_says_by_hand(n):
    """Powers of probabilities, multiplied and normalised."""
    rng = np.random.default_rng(n)
    predictions = rng.dirichlet(np.ones(5), (n, 7))  # (n, time, size)
    powers = rng.random(n)
    product = np.prod(predictions ** powers[:, np.newaxis, np.newaxis], axis=0)
    np.testing.assert_allclose(
        np.exp(hamlet.multiply(list(np.log(predictions)), powers=powers)),
        product / product.sum(axis=1, keepdims=True),
    )


def test_the_powers_of_the_truth_are_found():
    """Text that was drawn from a product of powers gives these powers back."""
    rng = np.random.default_rng(0)
    predictions = [np.log(p) for p in rng.dirichlet(np.ones(5), (2, 4000))]
    true = np.exp(hamlet.multiply(predictions, powers=(0.8, 0.3)))
    ids = (rng.random((4000, 1)) > true.cumsum(axis=1)).sum(axis=1).astype("int32")
    chosen = hamlet.choose_powers(predictions, ids, grid=(0.3, 0.8, 1.3))
    assert chosen == (0.8, 0.3)
    tempered = np.exp(hamlet.multiply(predictions[:1], powers=(0.5,)))
    ids = (rng.random((4000, 1)) > tempered.cumsum(axis=1)).sum(axis=1).astype("int32")
    assert hamlet.choose_powers(predictions[:1], ids) == (0.5,)


@pytest.mark.parametrize(
    ("row", "orders"),
    [
        ("tempered adaptive 6-gram", (6,)),
        ("adaptive 3-gram x adaptive 7-gram", (3, 7)),
    ],
)
def test_the_powers_of_counts_are_chosen_on_the_middle_part(play, row, orders):
    """The best powers there score both parts, whatever they do on the test part."""
    scores = studies.load_study("hamlet").rows[row].run(play, 0, Budget())
    powers = tuple(scores[f"power_{k}"] for k in range(len(orders)))

    def score(part, powers):
        predictions = [hamlet.adaptive_ngram(play, part, order=n) for n in orders]
        product = np.exp(sum(a * p for a, p in zip(powers, predictions, strict=True)))
        product /= product.sum(axis=1, keepdims=True)
        return -np.log(product[np.arange(len(product)), play.ids[part]]).mean()

    assert set(powers) <= set(hamlet.POWERS)
    np.testing.assert_allclose(scores["validation"], score(play.validation, powers))
    np.testing.assert_allclose(scores["test"], score(play.test, powers))
    for k in range(len(powers)):
        for step in (-0.1, 0.1):
            beside = [a + step * (j == k) for j, a in enumerate(powers)]
            if 0.19 < beside[k] < 1.01:
                assert score(play.validation, beside) > scores["validation"]
    groups = [scores[f"letters_{k}"] for k in range(7)]
    assert min(groups) < scores["test"] < max(groups)


def test_letters_before():
    """As many letters as a regular expression finds directly before a character."""
    text = "To be, or not: Rosincrance's\nlost"
    expected = [len(re.search(r"[A-Za-z]*\Z", text[:t])[0]) for t in range(len(text))]
    assert hamlet.letters_before(text).tolist() == expected


def test_by_letters_averages_all_characters():
    """Weighted by how often they occur, the groups give back the mean."""
    play = hamlet.cut("ab cdef, g hi jklmnop. " * 20)
    surprises = np.random.default_rng(0).random(46)
    means = hamlet.by_letters(play, play.test, surprises, most=3)
    seen = hamlet.letters_before("ab cdef, g hi jklmnop. " * 20)[play.test]
    sizes = np.bincount(seen.clip(max=3))
    np.testing.assert_allclose(np.dot(means, sizes) / 46, surprises.mean())


def test_writing_follows_the_network(play, build):
    """With a single choice, the text is what the network finds most probable."""
    reader = build()
    written = hamlet.write(build(rows=1), play, "The ", n_characters=12, top_k=1)
    expected = "The "
    for _ in range(12):
        ids = np.array([play.encode(expected)], "int32")
        expected += play.alphabet[int(np.argmax(np.asarray(reader(ids))[0, -1]))]
    assert written == expected


@pytest.mark.slow
def test_a_smoke_run_of_every_row(tmp_path):
    """Each row gives finite numbers on the embedded play, without real data."""
    study = studies.load_study("hamlet")
    results = studies.reproduce(study, folder=tmp_path, quick=True)
    assert list(results.runs["row"]) == list(study.rows)
    for name in study.rows:
        numbers = results.runs[results.runs["row"] == name].iloc[0, 3:].dropna()
        assert len(numbers) > 2
        assert np.isfinite(numbers.to_numpy(float)).all()
    assert study.load(True).sha256 is None
    assert Budget(quick=True).epochs(hamlet.N_EPOCHS) == 1
