"""Text of a Markov chain: exact rate, exact odds from the first character on."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursepkg import datasets

COIN = [[0.9, 0.1], [0.5, 0.5]]


def by_powers(table):
    """Return the stationary distribution of contexts, by moving on 3,000 times."""
    n, order = table.shape[-1], table.ndim - 1
    share = np.full(table.shape[:-1], n**-order)
    for _ in range(3_000):
        share = (share[..., None] * table).sum(axis=0)
    return share


def test_rate_by_hand():
    """Two letters: 5/6 of all contexts are a, 1/6 are b."""
    truth = datasets.make_markov_text(
        n_characters=10, alphabet="ab", transitions=COIN
    ).truth
    after_a = -0.9 * math.log(0.9) - 0.1 * math.log(0.1)
    expected = 5 / 6 * after_a + 1 / 6 * math.log(2)
    alone = -5 / 6 * math.log(5 / 6) - 1 / 6 * math.log(1 / 6)
    assert truth.optimum() == pytest.approx(expected, rel=1e-12)
    assert truth.without_memory() == pytest.approx(alone, rel=1e-12)
    assert (truth.metric, truth.kind, truth.gap) == ("cross-entropy", "exact", 0)
    assert "no past at all" in truth.explain()


@given(order=st.integers(1, 3), n=st.integers(2, 4), seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_rate_and_transitions(order, n, seed):
    """The rate is the mean entropy over contexts; the table is as described."""
    chain = datasets.make_markov_text(
        n_characters=5, order=order, alphabet="abcd"[:n], seed=seed
    )
    table = chain.transitions
    assert table.shape == (n,) * (order + 1)
    np.testing.assert_allclose(table.sum(axis=-1), 1.0)
    entropy = -(table * np.log(table)).sum(axis=-1)
    expected = (by_powers(table) * entropy).sum()
    assert chain.truth.optimum() == pytest.approx(expected, rel=1e-6)


@given(order=st.integers(1, 3), seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_first_characters_are_marginals(order, seed):
    """All texts of five letters together have probability 1, and the right odds."""
    truth = datasets.make_markov_text(
        n_characters=1, order=order, alphabet="ab", seed=seed
    ).truth
    texts = ["".join(one) for one in itertools.product("ab", repeat=5)]
    odds = {text: math.exp(truth.log_probabilities(text).sum()) for text in texts}
    assert sum(odds.values()) == pytest.approx(1, abs=1e-9)
    for text in texts:  # stationary: to drop the first letter changes nothing
        later = sum(odds[first + text[:4]] for first in "ab")
        now = sum(odds[text[:4] + last] for last in "ab")
        assert later == pytest.approx(now, rel=1e-8)
        after = truth.next_characters(text)
        whole = sum(after.values())
        assert whole == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_text_follows_the_table(order):
    """Counted frequencies come out; the oracle has the rate as its mean."""
    chain = datasets.make_markov_text(
        n_characters=100_000, order=order, alphabet="abc", seed=2
    )
    codes = np.array(["abc".index(one) for one in chain.text])
    windows = np.stack(
        [codes[k : len(codes) - order + k] for k in range(order + 1)], axis=1
    )
    counts = np.zeros((3,) * (order + 1))
    np.add.at(counts, tuple(windows.T), 1)
    expected = by_powers(chain.transitions)[..., None] * chain.transitions
    np.testing.assert_allclose(counts / len(windows), expected, atol=0.008)
    oracle = chain.truth.oracle()
    chosen = np.log(chain.transitions[tuple(windows.T)])
    np.testing.assert_allclose(oracle[order:], chosen, rtol=1e-12)
    # blocks of 1,000 characters are nearly independent
    excess = (-oracle - chain.truth.optimum()).reshape(100, 1000).mean(axis=1)
    assert abs(excess.mean()) < 4 * excess.std() / 10


def test_first_letter_is_stationary():
    """Over 600 seeds a text of the two-letter chain begins with a in 5 of 6."""
    first = [
        datasets.make_markov_text(
            n_characters=1, alphabet="ab", transitions=COIN, seed=seed
        ).text
        for seed in range(600)
    ]
    share = first.count("a") / len(first)
    assert abs(share - 5 / 6) < 4 * math.sqrt(5 / 36 / len(first))


def n_changed(chain, score):
    """Count scores that change when only what comes later does."""
    before = score(chain.text)
    return sum(
        np.count_nonzero(score(chain.text[:cut] + "d" * 40)[:cut] != before[:cut])
        for cut in range(100, 160)
    )


def test_oracle_does_not_see_the_future():
    """With another future every earlier score stays; one that peeks is caught."""
    chain = datasets.make_markov_text(n_characters=200, order=2, seed=3)
    assert n_changed(chain, chain.truth.log_probabilities) == 0

    def peeking(text):
        return np.append(chain.truth.log_probabilities(text)[1:], 0.0)

    assert n_changed(chain, peeking) > 20


def test_foreign_characters():
    """Minus infinity where one stands, NaN until a whole context is known again."""
    chain = datasets.make_markov_text(n_characters=50, order=2, seed=3)
    text = "abcd?abcd"
    scores = chain.truth.log_probabilities(text)
    assert scores[4] == -math.inf
    assert np.isnan(scores[5:7]).all()
    whole = chain.truth.log_probabilities("abcd")
    np.testing.assert_array_equal(scores[:4], whole)
    np.testing.assert_array_equal(scores[7:], whole[2:])
    with pytest.raises(ValueError, match=r"got '\?'"):
        chain.truth.next_characters("a?")


def test_same_seed_same_text():
    """Seeds and Generators decide; spoiling the table leaves the truth alone."""
    one = datasets.make_markov_text(n_characters=60, seed=1)
    two = datasets.make_markov_text(n_characters=60, seed=np.random.default_rng(1))
    assert one.text == two.text
    assert set(one.text) <= set(one.alphabet)
    assert datasets.make_markov_text(n_characters=60, seed=2).text != one.text
    rate, oracle = one.truth.optimum(), one.truth.oracle()
    one.transitions[:] = 0.5
    assert one.truth.optimum() == rate
    np.testing.assert_array_equal(one.truth.oracle(), oracle)
    assert repr(one) == (
        "MarkovTextData(60 characters, order 1, "
        "TextTruth(metric='cross-entropy', kind='exact'))"
    )


@pytest.mark.parametrize(("options", "error", "complaint"), [
    ({"n_characters": 0}, ValueError, "`n_characters` must be at least 1"),
    ({"order": 0}, ValueError, "`order` must be at least 1"),
    ({"order": 9}, ValueError, "at most 10,000 contexts"),
    ({"alphabet": "aa"}, ValueError, "each once"),
    ({"alphabet": "a"}, ValueError, "at least two"),
    ({"alphabet": 3}, TypeError, "`alphabet` must be a string"),
    ({"alphabet": "ab", "transitions": [[1.0, 0.0], [0.5, 0.5]]}, ValueError,
     "positive"),
    ({"alphabet": "ab", "transitions": [[0.6, 0.6], [0.5, 0.5]]}, ValueError,
     "sum to 1"),
    ({"alphabet": "abc", "transitions": COIN}, ValueError, r"shape \(3, 3\)"),
    ({"alphabet": "ab", "transitions": [0.5, 0.5]}, ValueError, "2 axes"),
    ({"alphabet": "ab", "transitions": [[math.nan, 0.6], [0.5, 0.5]]}, ValueError,
     "finite"),
])  # fmt: skip
def test_refusals(options, error, complaint):
    """What is no chain is refused with the reason."""
    with pytest.raises(error, match=complaint):
        datasets.make_markov_text(**{"n_characters": 5, **options})
