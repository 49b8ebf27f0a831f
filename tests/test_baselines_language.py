"""Tests of the n-gram language model: dictionaries of counts are the oracle."""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursepkg import baselines, generation

SIZE = 4
texts = st.lists(st.integers(0, SIZE - 1), min_size=1, max_size=40)
kinds = st.sampled_from(
    [
        {"smoothing": "witten_bell"},
        {"smoothing": "add_k", "k": 1.0},
        {"smoothing": "add_k", "k": 0.03},
        {"smoothing": "add_k", "k": 0.0},
    ]
)


class Counted:
    """The same model from dictionaries, one token at a time."""

    def __init__(self, order, ids, *, smoothing, k=1.0):
        self.order, self.smoothing, self.k = order, smoothing, k
        self.after = defaultdict(Counter)
        for t, token in enumerate(ids):
            for n in range(min(order - 1, t) + 1):
                self.after[tuple(ids[t - n : t])][token] += 1

    def probability(self, token, context):
        """Return the probability of a token after a context."""
        return self._mix(token, tuple(context[max(0, len(context) - self.order + 1) :]))

    def _mix(self, token, context):
        counts = self.after[context]
        total = sum(counts.values())
        if self.smoothing == "add_k":
            below = total + self.k * SIZE
            return (counts[token] + self.k) / below if below else 1 / SIZE
        shorter = self._mix(token, context[1:]) if context else 1 / SIZE
        if not total:
            return shorter
        return (counts[token] + len(counts) * shorter) / (total + len(counts))


@given(st.integers(1, 5), texts, texts, kinds)
def test_scores_agree_with_dictionaries(order, training, text, kind):
    """Each token has the probability that counters of tuples give it."""
    model = baselines.NGramLanguageModel(order, **kind)
    model.fit(training, vocabulary_size=SIZE)
    oracle = Counted(order, training, **kind)
    expected = [oracle.probability(one, text[:t]) for t, one in enumerate(text)]
    got = np.exp(model.log_probabilities(text))
    np.testing.assert_allclose(got, expected, atol=1e-12)


@given(st.integers(1, 5), texts, st.lists(st.integers(0, SIZE - 1), max_size=7), kinds)
def test_probabilities_of_what_comes_next_sum_to_one(order, training, context, kind):
    """After any context, seen or not, there is one distribution, as when scoring."""
    model = baselines.NGramLanguageModel(order, **kind)
    model.fit(training, vocabulary_size=SIZE)
    logits = model.next_logits(context)
    assert logits.shape == (SIZE,)
    assert np.exp(logits).sum() == pytest.approx(1)
    for token in range(SIZE):
        scored = model.log_probabilities([*context, token])[-1]
        assert np.exp(scored) == pytest.approx(np.exp(logits[token]))


@given(st.integers(1, 5), texts, texts, kinds)
def test_lower_orders_need_no_new_counts(order, training, text, kind):
    """A model of order 5 asked for less scores as a model of that order does."""
    large = baselines.NGramLanguageModel(5, **kind).fit(training, vocabulary_size=SIZE)
    small = baselines.NGramLanguageModel(order, **kind)
    small.fit(training, vocabulary_size=SIZE)
    np.testing.assert_array_equal(
        large.log_probabilities(text, order=order), small.log_probabilities(text)
    )


def test_hand_computed_values():
    """Witten-Bell on five tokens, by pencil."""
    model = baselines.NGramLanguageModel(2).fit([0, 1, 0, 2, 0], vocabulary_size=4)
    alone = (np.array([3, 1, 1, 0]) + 3 / 4) / 8  # 3 kinds in 5 tokens
    np.testing.assert_allclose(np.exp(model.next_logits([])), alone)
    after_0 = (np.array([0, 1, 1, 0]) + 2 * alone) / 4  # 2 kinds, twice
    np.testing.assert_allclose(np.exp(model.next_logits([0])), after_0)
    after_1 = (np.array([1, 0, 0, 0]) + alone) / 2
    np.testing.assert_allclose(np.exp(model.next_logits([3, 1])), after_1)
    np.testing.assert_allclose(np.exp(model.next_logits([3])), alone)  # never seen


def test_without_smoothing_what_was_not_seen_is_impossible():
    """k = 0 gives relative frequencies: minus infinity for what did not follow."""
    model = baselines.NGramLanguageModel(2, smoothing="add_k", k=0)
    model.fit([0, 1, 0, 0], vocabulary_size=3)
    np.testing.assert_array_equal(np.exp(model.next_logits([0])), [0.5, 0.5, 0])
    assert model.log_probabilities([0, 2])[1] == -math.inf
    np.testing.assert_allclose(np.exp(model.next_logits([2])), 1 / 3)


def test_the_past_decides_and_not_the_future():
    """Changing tokens from t on leaves the scores before t as they were."""
    rng = np.random.default_rng(0)
    model = baselines.NGramLanguageModel(4)
    model.fit(rng.integers(SIZE, size=500), vocabulary_size=SIZE)
    text = rng.integers(SIZE, size=50)
    other = np.concatenate([text[:20], rng.integers(SIZE, size=30)])
    scores = model.log_probabilities(text)
    np.testing.assert_array_equal(model.log_probabilities(other)[:20], scores[:20])
    late = model.log_probabilities(text[17:])[3:]  # 3 tokens of context suffice
    np.testing.assert_allclose(late, scores[20:])


def test_more_context_helps_until_it_has_not_been_seen():
    """On a text of a first-order chain order 2 is best, and it finds the entropy."""
    chain = np.array([[0.8, 0.1, 0.1, 0.0], [0, 0.7, 0.2, 0.1], [0.3, 0, 0.1, 0.6]])
    chain = np.vstack([chain, [0.25, 0.25, 0.25, 0.25]])
    rng = np.random.default_rng(1)
    ids = [0]
    for _ in range(12_000):
        ids.append(int(rng.choice(4, p=chain[ids[-1]])))
    train, test = ids[:8_000], ids[8_000:]
    losses = [
        -baselines.NGramLanguageModel(order)
        .fit(train, vocabulary_size=4)
        .log_probabilities(test)
        .mean()
        for order in (1, 2, 8)
    ]
    truth = -np.mean(np.log(chain[test[:-1], test[1:]]))
    assert truth < losses[1] < truth + 0.01
    assert losses[2] > losses[1] + 0.02
    assert losses[0] > losses[1] + 0.2


def test_it_writes_for_generate():
    """Sampling from the counts of a periodic text gives the period."""
    model = baselines.NGramLanguageModel(3, smoothing="add_k", k=0)
    model.fit([0, 1, 1, 2] * 10, vocabulary_size=3)
    ids = generation.generate(model.next_logits, [0, 1], n_tokens=6)
    assert ids == [1, 2, 0, 1, 1, 2]


def test_large_vocabularies_and_orders_do_not_overflow():
    """Words of a vocabulary of 100,000 at order 12 keep their counts."""
    ids = np.random.default_rng(2).integers(100_000, size=3_000)
    model = baselines.NGramLanguageModel(12).fit(ids, vocabulary_size=100_000)
    known = model.log_probabilities(ids)[20:]
    assert np.exp(known).min() > 0.9


def test_speed_on_a_long_text():
    """Order 8 is fitted on 240,000 ids in seconds, and scores 30,000 in less."""
    rng = np.random.default_rng(3)
    ids = rng.geometric(0.2, size=240_000) % 65
    start = time.process_time()
    model = baselines.NGramLanguageModel(8).fit(ids, vocabulary_size=65)
    fitted = time.process_time()
    model.log_probabilities(ids[:30_000])
    assert fitted - start < 3.0
    assert time.process_time() - fitted < 2.0


@pytest.mark.parametrize(
    ("ids", "size", "error", "part"),
    [
        ([], 3, ValueError, "at least one token"),
        ([0.5], 3, TypeError, "must hold integers"),
        ([[0, 1]], 3, ValueError, "1 axes"),
        ([0, 3], 3, ValueError, "between 0 and 2"),
        ([0, -1], 3, ValueError, "got -1 to 0"),
        ([0], 0, ValueError, "`vocabulary_size`"),
    ],
)
def test_texts_that_do_not_fit_are_refused(ids, size, error, part):
    """What is no encoded text, or not of this vocabulary, is named."""
    with pytest.raises(error, match=part):
        baselines.NGramLanguageModel(2).fit(ids, vocabulary_size=size)


@pytest.mark.parametrize(
    ("arguments", "error", "part"),
    [
        ({"order": 0}, ValueError, "`order`"),
        ({"order": 2.0}, TypeError, "`order`"),
        ({"order": 2, "smoothing": "good_turing"}, ValueError, "`smoothing`"),
        ({"order": 2, "k": -1}, ValueError, "`k` must be at least 0"),
        ({"order": 2, "k": "1"}, TypeError, "`k` must be a number"),
    ],
)
def test_settings_out_of_range_are_refused(arguments, error, part):
    """Each setting names itself."""
    with pytest.raises(error, match=part):
        baselines.NGramLanguageModel(**arguments)


def test_a_model_must_be_fitted_first():
    """Scoring before counting says so, and the settings show in the repr."""
    model = baselines.NGramLanguageModel(3, smoothing="add_k", k=0.1)
    assert repr(model) == "NGramLanguageModel(3, smoothing='add_k', k=0.1)"
    for method in (model.log_probabilities, model.next_logits):
        with pytest.raises(ValueError, match="not fitted yet"):
            method([0])
    model.fit([0, 1], vocabulary_size=2)
    assert model.log_probabilities([]).shape == (0,)
    with pytest.raises(ValueError, match="between 0 and 1"):
        model.next_logits([2])
    with pytest.raises(ValueError, match="at most that of the model, 3, got 4"):
        model.log_probabilities([0], order=4)
