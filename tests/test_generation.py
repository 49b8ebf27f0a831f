"""Tests of sampling and of beam search, on functions of known distribution."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from coursepkg import generation

LETTERS = "abcde "
GIVEN = np.array([0.4, 0.3, 0.15, 0.1, 0.05, 0.0])

logit_lists = st.lists(
    st.one_of(st.floats(-30, 30), st.just(-math.inf)), min_size=1, max_size=9
).filter(lambda values: max(values) > -math.inf)


def spell(ids):
    """Write ids as letters."""
    return "".join(LETTERS[one] for one in ids)


def follow(order):
    """Return a function under which each letter is followed by the next of `order`."""

    def next_logits(ids):
        after = order[(order.index(LETTERS[ids[-1]]) + 1) % len(order)]
        return np.where(np.arange(len(LETTERS)) == LETTERS.index(after), 0.0, -np.inf)

    return next_logits


def fixed(ids):
    """Give the same probabilities after every text, times an unknown factor."""
    with np.errstate(divide="ignore"):
        return np.log(GIVEN) + 7.0


def entropy(p):
    """Return the entropy of a distribution in nats."""
    return float(-sum(one * math.log(one) for one in p if one > 0))


# What is drawn from


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [0.5, 0.25, 0.125, 0.125]),
        ({"temperature": 0.5}, np.array([16, 4, 1, 1]) / 22),
        ({"temperature": 2}, np.array([4, 8**0.5, 2, 2]) / (8 + 8**0.5)),
        ({"temperature": 0}, [1, 0, 0, 0]),
        ({"temperature": 1e-320}, [1, 0, 0, 0]),
        ({"top_k": 1}, [1, 0, 0, 0]),
        ({"top_k": 2}, [2 / 3, 1 / 3, 0, 0]),
        ({"top_k": 3}, [4 / 7, 2 / 7, 1 / 7, 0]),  # the lower of two equal ids
        ({"top_k": 100}, [0.5, 0.25, 0.125, 0.125]),
        ({"top_p": 0.0}, [1, 0, 0, 0]),
        ({"top_p": 0.5}, [1, 0, 0, 0]),
        ({"top_p": 0.51}, [2 / 3, 1 / 3, 0, 0]),
        ({"top_p": 0.75}, [2 / 3, 1 / 3, 0, 0]),
        ({"top_p": 0.76}, [4 / 7, 2 / 7, 1 / 7, 0]),
        ({"top_p": 1.0}, [0.5, 0.25, 0.125, 0.125]),
        # after top_k = 3 the first has 4 / 7 > .55 and is alone
        ({"top_k": 3, "top_p": 0.55}, [1, 0, 0, 0]),
        # at temperature 1/2 the first has 16 / 22 > .7 and is alone
        ({"temperature": 0.5, "top_p": 0.7}, [1, 0, 0, 0]),
    ],
)
def test_distributions_have_hand_computed_values(options, expected):
    """Temperature, top-k and nucleus, alone and together, are as on paper."""
    logits = np.log([0.5, 0.25, 0.125, 0.125]) - 3.0
    got = generation.next_token_probabilities(logits, **options)
    np.testing.assert_allclose(got, expected, atol=1e-12)


def test_nucleus_is_not_enlarged_by_rounding():
    """Shares that add up to the limit on paper are enough, also in floats."""
    logits = np.log([0.1] * 10)
    for n in range(1, 11):
        got = generation.next_token_probabilities(logits, top_p=n / 10)
        assert np.count_nonzero(got) == n


@given(logit_lists, st.floats(0.05, 20), st.integers(1, 10), st.floats(0, 1))
def test_distribution_agrees_with_a_loop(values, temperature, top_k, top_p):
    """The arrays do what loops over single tokens do, in the documented order."""
    weights = [math.exp((one - max(values)) / temperature) for one in values]
    p = [one / sum(weights) for one in weights]
    order = sorted(range(len(p)), key=lambda i: -p[i])  # stable: lower ids first
    kept = order[:top_k]
    total = sum(p[i] for i in kept)
    nucleus: list[int] = []
    while not nucleus or (
        sum(p[i] for i in nucleus) / total < top_p - 1e-12 and len(nucleus) < len(kept)
    ):
        nucleus.append(kept[len(nucleus)])
    total = sum(p[i] for i in nucleus)
    expected = [p[i] / total if i in nucleus else 0.0 for i in range(len(p))]
    got = generation.next_token_probabilities(
        values, temperature=temperature, top_k=top_k, top_p=top_p
    )
    np.testing.assert_allclose(got, expected, atol=1e-9)
    assert got.sum() == pytest.approx(1)


@given(logit_lists)
def test_entropy_falls_with_the_temperature(values):
    """Sharper distributions have less entropy, down to 0 where one token is best."""
    falling = [20.0, 5.0, 2.0, 1.0, 0.7, 0.3, 0.1, 0.01, 0]
    entropies = [
        entropy(generation.next_token_probabilities(values, temperature=one))
        for one in falling
    ]
    assert all(b <= a + 1e-9 for a, b in itertools.pairwise(entropies))
    assert entropies[-1] == 0
    assert entropies[0] <= math.log(len(values)) + 1e-9


@given(logit_lists)
def test_temperature_is_a_power_of_the_probabilities(values):
    """Dividing logits by T is the same as raising probabilities to the power 1 / T."""
    p = generation.next_token_probabilities(values)
    powers = p ** (1 / 1.7)
    got = generation.next_token_probabilities(values, temperature=1.7)
    np.testing.assert_allclose(got, powers / powers.sum(), atol=1e-9)


@given(logit_lists, st.integers(0, 2**32 - 1), st.floats(0.0, 5))
def test_the_impossible_is_never_drawn_and_nothing_is_changed(values, seed, heat):
    """Minus infinity stays at probability 0, and the array is left as it was."""
    logits = np.array(values)
    token = generation.sample_next_token(logits, seed=seed, temperature=heat)
    assert logits.tolist() == values
    assert values[token] > -math.inf


# Drawing


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"temperature": 0.6},
        {"temperature": 1.8},
        {"top_k": 3},
        {"top_p": 0.8},
        {"temperature": 1.5, "top_k": 4, "top_p": 0.9},
    ],
)
def test_samples_have_the_computed_frequencies(options):
    """The counts of 5,000 draws do not contradict the distribution (chi-square)."""
    ids = generation.generate(fixed, [0], n_tokens=5_000, seed=3, **options)
    expected = 5_000 * generation.next_token_probabilities(fixed([]), **options)
    counts = np.bincount(ids, minlength=len(GIVEN))
    possible = expected > 0
    assert counts[~possible].sum() == 0
    assert stats.chisquare(counts[possible], expected[possible]).pvalue > 0.01


def test_draws_of_one_call_do_not_depend_on_each_other():
    """Pairs of neighbours are as frequent as independence says (chi-square)."""
    ids = np.array(generation.generate(fixed, [0], n_tokens=8_000, seed=5))
    pairs = np.bincount(ids[:-1:2] * 5 + ids[1::2], minlength=25)
    expected = 4_000 * np.outer(GIVEN[:5], GIVEN[:5]).ravel()
    assert stats.chisquare(pairs, expected).pvalue > 0.01


def test_one_generator_serves_the_whole_call():
    """`generate` is a loop of `sample_next_token` with one Generator."""
    rng = np.random.default_rng(11)
    by_hand = [generation.sample_next_token(fixed([]), seed=rng) for _ in range(50)]
    assert generation.generate(fixed, [0], n_tokens=50, seed=11) == by_hand
    shared = np.random.default_rng(11)
    first = generation.generate(fixed, [0], n_tokens=20, seed=shared)
    assert first + generation.generate(fixed, [0], n_tokens=30, seed=shared) == by_hand


def test_same_seed_same_text_and_other_seed_other_text():
    """The seed decides, and nothing else."""
    texts = [generation.generate(fixed, [0], n_tokens=40, seed=s) for s in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize("options", [{}, {"temperature": 0}, {"top_k": 1}])
def test_certain_functions_give_exact_strings(options):
    """A function that is certain is obeyed to the letter, at any setting."""
    ids = generation.generate(follow("abcde "), [0], n_tokens=9, **options)
    assert spell(ids) == "bcde abcd"
    ids = generation.generate(follow("ace"), [4], n_tokens=4, **options)
    assert spell(ids) == "acea"


@given(st.lists(st.integers(0, 5), max_size=5), st.integers(0, 12))
def test_exactly_as_many_new_ids_as_asked_for(prompt, n_tokens):
    """The new ids are n_tokens, whatever the prompt, and the prompt is not changed."""
    before = list(prompt)
    ids = generation.generate(fixed, prompt, n_tokens=n_tokens)
    assert len(ids) == n_tokens
    assert prompt == before


def test_the_function_sees_the_whole_sequence_and_cannot_harm_it():
    """Each call gets prompt and new ids, in a list that it may even change."""
    seen = []

    def next_logits(ids):
        seen.append(list(ids))
        ids.clear()
        return [0.0, -np.inf, 1.0]

    new = generation.generate(next_logits, (1, 1), n_tokens=3, temperature=0)
    assert new == [2, 2, 2]
    assert seen == [[1, 1], [1, 1, 2], [1, 1, 2, 2]]


def test_greedy_takes_the_first_of_equals_and_draws_nothing():
    """At temperature 0 ties go to the lowest id, and the Generator is not used."""
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    logits = [1.0, 3.0, 3.0]
    assert generation.sample_next_token(logits, seed=rng, temperature=0) == 1
    assert rng.bit_generator.state == before


# Beam search


def table_function(seed, size, impossible=0.0):
    """Return a function whose probabilities depend on all ids so far."""

    def next_logits(ids):
        rng = np.random.default_rng([seed, *[one + 1 for one in ids]])
        logits = rng.normal(scale=2, size=size)
        logits[rng.random(size) < impossible] = -np.inf
        logits[rng.integers(size)] = 0.5
        return logits

    return next_logits


def log_softmax(logits):
    """Return log-probabilities, by the definition."""
    weights = [math.exp(one) for one in logits]
    return [math.log(w / sum(weights)) if w else -math.inf for w in weights]


def best_of_all(next_logits, prompt, *, size, n_tokens, end_id=None):
    """Search every sequence there is."""
    found = []

    def extend(ids, score):
        if len(ids) == n_tokens or (ids and ids[-1] == end_id):
            found.append((score, ids))
            return
        for token, one in enumerate(log_softmax(next_logits(prompt + ids))):
            if one > -math.inf:
                extend([*ids, token], score + one)

    extend([], 0.0)
    return max(found)


@pytest.mark.parametrize("end_id", [None, 1])
@pytest.mark.parametrize("seed", range(8))
def test_wide_beam_is_exhaustive_search(seed, end_id):
    """With vocabulary ** n_tokens hypotheses the best of all is found."""
    next_logits = table_function(seed, size=3, impossible=0.3)
    score, ids = best_of_all(next_logits, [2], size=3, n_tokens=4, end_id=end_id)
    got, log_probability = generation.beam_search(
        next_logits, [2], n_tokens=4, beam_width=3**4, end_id=end_id
    )
    assert got == ids
    assert log_probability == pytest.approx(score)


@pytest.mark.parametrize("width", [1, 2, 5])
def test_result_carries_its_own_log_probability(width):
    """The log-probability is the sum over the ids, each given those before it."""
    next_logits = table_function(1, size=4)
    ids, log_probability = generation.beam_search(
        next_logits, [0], n_tokens=6, beam_width=width
    )
    parts = [log_softmax(next_logits([0, *ids[:t]]))[ids[t]] for t in range(6)]
    assert log_probability == pytest.approx(sum(parts))


def test_width_one_is_greedy():
    """A beam of one hypothesis is what temperature 0 writes."""
    for seed in range(5):
        next_logits = table_function(seed, size=5)
        ids, _ = generation.beam_search(next_logits, [3], n_tokens=12, beam_width=1)
        greedy = generation.generate(next_logits, [3], n_tokens=12, temperature=0)
        assert ids == greedy


def test_an_early_end_wins_if_it_is_more_probable():
    """Finished hypotheses wait, keep their place and compete by log-probability."""

    def next_logits(ids):  # 2 ends; the way on through 0 costs more at each step
        table = {(): [0.6, 0.0, 0.4]}
        with np.errstate(divide="ignore"):
            return np.log(table.get(tuple(ids), [0.5, 0.5, 0.0]))

    ids, log_probability = generation.beam_search(
        next_logits, [], n_tokens=5, beam_width=2, end_id=2
    )
    assert (ids, log_probability) == ([2], pytest.approx(math.log(0.4)))
    ids, log_probability = generation.beam_search(
        next_logits, [], n_tokens=1, beam_width=2, end_id=2
    )
    assert (ids, log_probability) == ([0], pytest.approx(math.log(0.6)))
    ids, _ = generation.beam_search(next_logits, [], n_tokens=3, beam_width=4)
    assert len(ids) == 3  # without an end, 2 is a token like others


def test_no_new_ids_are_certain():
    """Nothing to write has log-probability 0."""
    found = generation.beam_search(fixed, [0], n_tokens=0, beam_width=3)
    assert found == ([], 0.0)


# What is refused


@pytest.mark.parametrize(
    ("logits", "error", "part"),
    [
        ([], ValueError, "one number for each token"),
        ([[0.0]], ValueError, "1 axes"),
        ([0.0, np.nan], ValueError, "got nan for token 1"),
        ([0.0, np.inf], ValueError, "got inf for token 1"),
        ([-np.inf, -np.inf], ValueError, "at least one token possible"),
        (["a"], TypeError, "real numbers"),
    ],
)
def test_logits_that_make_no_sense_are_refused(logits, error, part):
    """The message says what is wrong with the logits, in all four functions."""
    with pytest.raises(error, match=part):
        generation.next_token_probabilities(logits)
    with pytest.raises(error, match=part):
        generation.sample_next_token(logits, seed=0)
    with pytest.raises(error, match=r"after 2 ids|" + part):
        generation.generate(lambda ids: logits, [0, 0], n_tokens=1)
    with pytest.raises(error, match=r"after 2 ids|" + part):
        generation.beam_search(lambda ids: logits, [0, 0], n_tokens=1, beam_width=1)


@pytest.mark.parametrize(
    ("options", "error", "part"),
    [
        ({"temperature": -0.1}, ValueError, "`temperature` must be at least 0"),
        ({"temperature": np.nan}, ValueError, "`temperature`"),
        ({"temperature": np.inf}, ValueError, "`temperature`"),
        ({"temperature": "hot"}, TypeError, "`temperature`"),
        ({"top_k": 0}, ValueError, "`top_k` must be at least 1"),
        ({"top_k": 2.0}, TypeError, "`top_k`"),
        ({"top_p": 1.1}, ValueError, "`top_p`"),
        ({"top_p": np.nan}, ValueError, "`top_p`"),
    ],
)
def test_options_out_of_range_are_refused(options, error, part):
    """Each option names itself and its range."""
    with pytest.raises(error, match=part):
        generation.next_token_probabilities([0.0, 1.0], **options)
    with pytest.raises(error, match=part):
        generation.generate(fixed, [0], n_tokens=0, **options)


@pytest.mark.parametrize(
    ("arguments", "error", "part"),
    [
        ({"prompt": "abc"}, TypeError, "Encode it first"),
        ({"prompt": [0, -1]}, ValueError, r"`prompt\[1\]`"),
        ({"prompt": [0.5]}, TypeError, r"`prompt\[0\]`"),
        ({"n_tokens": -1}, ValueError, "`n_tokens`"),
        ({"beam_width": 0}, ValueError, "`beam_width`"),
        ({"end_id": 6}, ValueError, "vocabulary of 6"),
    ],
)
def test_other_arguments_are_checked(arguments, error, part):
    """Prompts, counts and the end token are refused with a reason."""
    all_arguments = {"prompt": [0], "n_tokens": 2, "beam_width": 2} | arguments
    with pytest.raises(error, match=part):
        generation.beam_search(fixed, **all_arguments)
