"""The generated play: an exact entropy rate, an honest oracle, a long memory."""

import math
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse import linalg

from coursepkg import datasets
from coursepkg.datasets import _play
from coursepkg.datasets._text_source import Choice

PLAY = datasets.make_play(n_characters=300_000, seed=4)
ORACLE = PLAY.truth.oracle()
SCENE = re.compile(r"SCENE\. .*?is dark\.\]\n\n", re.S)
HEADING = re.compile(
    r"SCENE\. A (?P<place>[a-z ]+)\.\n"
    r"\[Enter (?P<owner>[A-Z]+), who has lost the (?P<lost>[a-z]+)\. "
    r"Enter (?P<other>[A-Z]+)\.\]\n\n"
)


def chance(text, state, source):
    """Return the probability that what is written from a state begins with a text.

    The sum over all derivations, without any table of beginnings.
    """
    if not text:
        return 1.0
    choice = source.choice(state)
    total = 0.0
    for place, option in enumerate(choice.options):
        if text.startswith(option):
            rest = text[len(option) :]
            onward = chance(rest, source.successor(state, place), source)
            total += choice.probabilities[place] * onward
        elif option.startswith(text):
            total += choice.probabilities[place]
    return total


def scenes_of(text, scores):
    """Yield each whole scene of a text and its scores."""
    for found in SCENE.finditer(text):
        yield found[0], scores[found.start() : found.end()]


def standardised_miss(text, scores, expected):
    """Return how many standard errors the nats of whole scenes are off the rate."""
    excess = [
        -nats.sum() - expected * len(scene) for scene, nats in scenes_of(text, scores)
    ]
    return np.mean(excess) / (np.std(excess) / math.sqrt(len(excess)))


def first_mentions(lost, body):
    """Return where each speech that names the lost thing does so for the first time."""
    found = [speech.find(f"{lost}") for speech in body.split("\n\n")]
    starts = [0, *(end.end() for end in re.finditer("\n\n", body))]
    return [s + place for s, place in zip(starts, found, strict=True) if place >= 0]


def forgotten(text):
    """Return, for each thing to remember, the nats that guessing it anew would cost.

    Only what lies far behind is forgotten: not the first name after a heading.
    """
    costs = {what: np.zeros(len(text)) for what in ("speaker", "lost thing", "place")}
    for scene in SCENE.finditer(text):
        heading = HEADING.match(scene[0])
        start = scene.start() + heading.end()
        body = scene[0][heading.end() :]
        for name in list(re.finditer(r"(?:^|(?<=\n\n))([A-Z]+): ", body))[1:]:
            costs["speaker"][start + name.start()] = math.log(3)
        for lost in first_mentions(heading["lost"], body):
            costs["lost thing"][start + lost] = math.log(6)
        costs["place"][start + body.rindex("The ") + 4] = math.log(6)
    return costs


# The rate.


def test_oracle_attains_the_rate():
    """Over 200 scenes the oracle's score is the entropy rate, and all is possible."""
    truth = PLAY.truth
    assert (truth.metric, truth.kind, truth.standard_error) == (
        "cross-entropy", "exact", 0.0
    )  # fmt: skip
    assert ORACLE.shape == (300_000,)
    assert np.isfinite(ORACLE).all()
    assert ORACLE.max() <= 0
    assert abs(standardised_miss(PLAY.text, ORACLE, truth.optimum())) < 4
    assert -ORACLE.mean() == pytest.approx(truth.optimum(), rel=0.02)
    assert abs(standardised_miss(PLAY.text, ORACLE, truth.optimum() * 1.05)) > 4


@pytest.fixture
def small(monkeypatch):
    """A play with three speakers, two things and two places."""
    caches = ("_cast", "_turn", "_expected_scene", "_gap")
    for name, kept in (("_NAMES", 3), ("_OBJECTS", 2), ("_PLACES", 2)):
        monkeypatch.setattr(_play, name, getattr(_play, name)[:kept])
    headings = [f"SCENE. A {place}.\n[Enter " for place in _play._PLACES]
    monkeypatch.setattr(_play, "_HEADINGS", Choice.of(headings))
    for name in caches:
        getattr(_play, name).cache_clear()
    yield _play._SOURCE
    for name in caches:
        getattr(_play, name).cache_clear()


def test_rate_by_solving_for_every_state(small):
    """Visits to all states of a small play, by linear equations, give the same rate."""
    states, choices, moves = {small.start: 0}, [], []
    queue = [small.start]
    for state in queue:
        choice = small.choice(state)
        choices.append(choice)
        for place, share in enumerate(choice.probabilities):
            following = small.successor(state, place)
            if following not in states:
                states[following] = len(states)
                queue.append(following)
            moves.append((states[following], states[state], share))
    n = len(states)
    to, come, share = map(np.array, zip(*moves, strict=True))
    inner = to != 0  # a scene ends where the next one starts
    chain = sparse.coo_array((share[inner], (to[inner], come[inner])), shape=(n, n))
    first = np.eye(1, n).ravel()
    visits = linalg.spsolve(sparse.eye_array(n).tocsc() - chain.tocsc(), first)
    nats = [-sum(p * math.log(p) for p in choice.probabilities) for choice in choices]
    lengths = [
        sum(p * len(o) for p, o in zip(c.probabilities, c.options, strict=True))
        for c in choices
    ]
    rate = _play.play_truth("").optimum()
    assert n > 1_000
    assert rate == pytest.approx(visits @ nats / (visits @ lengths), rel=1e-10)


# The oracle.


def test_every_choice_can_be_read():
    """In no state does one string begin with another; probabilities sum to 1."""
    states, queue = {_play._SOURCE.start}, [_play._SOURCE.start]
    rng = np.random.default_rng(0)
    while len(states) < 3_000:
        state = queue.pop(rng.integers(len(queue)))
        choice = _play._SOURCE.choice(state)
        assert sum(choice.probabilities) == pytest.approx(1, abs=1e-12)
        ordered = sorted(choice.options)
        assert not any(
            b.startswith(a) for a, b in zip(ordered, ordered[1:], strict=False)
        )
        for place in range(len(choice.options)):
            following = _play._SOURCE.successor(state, place)
            if following not in states:
                states.add(following)
                queue.append(following)


@pytest.mark.parametrize("options", [["a", "ab"], ["a", "a"], ["", "b"]])
def test_ambiguous_choice_is_refused(options):
    """A reader could not tell which of these strings it was."""
    with pytest.raises(ValueError, match="empty or begins another"):
        Choice.of(options)


def test_next_characters_against_all_derivations():
    """At 25 places the odds are those of a sum over derivations, and sum to 1."""
    source, truth = _play._SOURCE, PLAY.truth
    characters = sorted(set(PLAY.text))
    for position in np.random.default_rng(1).integers(0, 700, 25):
        text = PLAY.text[:position]
        odds = truth.next_characters(text)
        assert sum(odds.values()) == pytest.approx(1, abs=1e-12)
        total = chance(text, source.start, source)
        for character in characters:
            expected = chance(text + character, source.start, source) / total
            assert odds.get(character, 0.0) == pytest.approx(expected, rel=1e-9)
        assert math.exp(ORACLE[position]) == pytest.approx(odds[PLAY.text[position]])


def n_changed(score):
    """Count scores that change when only what comes later does."""
    first = datasets.make_play(n_characters=3_000, seed=5).text
    other = datasets.make_play(n_characters=3_000, seed=6).text
    before = score(first)
    return sum(
        np.count_nonzero(score(first[:cut] + other[cut:])[:cut] != before[:cut])
        for cut in range(2_000, 2_100)
    )


def test_oracle_does_not_see_the_future():
    """With another future every earlier score stays; one that peeks is caught."""
    assert n_changed(PLAY.truth.log_probabilities) == 0

    def peeking(text):
        scores = PLAY.truth.log_probabilities(text)
        return np.append(scores[1:], 0.0)

    assert n_changed(peeking) > 50


def test_oracle_beats_what_it_should():
    """Mixed with any other guess, the oracle's probabilities get worse on average."""
    truth = PLAY.truth
    frequency = Counter(PLAY.text)
    share = np.array([frequency[one] for one in PLAY.text]) / len(PLAY.text)
    for weight in (0.01, 0.1):
        mixed = np.log((1 - weight) * np.exp(ORACLE) + weight * share)
        assert -mixed.mean() > truth.optimum() + 0.005


# Memory.


def test_without_memory_is_what_a_forgetful_reader_has():
    """Names, things and places drawn anew cost what `worth` says, over 200 scenes."""
    truth = PLAY.truth
    costs = forgotten(PLAY.text)
    assert costs.keys() == truth.worth.keys()
    for what, nats in costs.items():
        assert abs(standardised_miss(PLAY.text, -nats, truth.worth[what])) < 4
        assert nats.mean() == pytest.approx(truth.worth[what], rel=0.1)
    poorer = ORACLE - sum(costs.values())
    assert abs(standardised_miss(PLAY.text, poorer, truth.without_memory())) < 4
    assert truth.without_memory() == truth.optimum() + sum(truth.worth.values())
    assert 0.05 < truth.without_memory() / truth.optimum() - 1 < 0.09
    assert truth.worth["speaker"] > truth.worth["lost thing"] > truth.worth["place"] > 0


def test_what_must_be_remembered_is_out_of_sight():
    """In the last `gap` characters nothing tells who speaks next or what was lost."""
    gap, closest = PLAY.truth.gap, math.inf
    assert gap > 40
    for scene in SCENE.findall(PLAY.text):
        facts = HEADING.match(scene)
        names = list(re.finditer(r"(?<=\n\n)([A-Z]+): ", scene))
        for name in names[1:]:
            seen = scene[name.start() - gap : name.start()]
            own = set(_play._VOICES[name[1]])
            assert name[1] not in seen
            # the first word may be cut off: it shows no more than its end
            assert own.isdisjoint(re.findall("[a-z]+", seen.partition(" ")[2]))
            before = [n for n in names if n.start() < name.start()]
            closest = min(closest, name.start() - before[-1].start() + 2)
        for lost in first_mentions(facts["lost"], scene)[1:]:
            assert facts["lost"] not in scene[lost - gap : lost]
        assert scene[-gap - 20 :].count(facts["place"]) == 1
    assert gap <= closest < gap + 20


def test_scenes_keep_what_their_heading_says():
    """The two who enter speak in turn, with their own nouns, of that thing, there."""
    for scene in SCENE.findall(PLAY.text):
        facts = HEADING.match(scene)
        *speeches, curtain = scene[facts.end() :].strip().split("\n\n")
        assert curtain == f"[Curtain. The {facts['place']} is dark.]"
        assert facts["owner"] != facts["other"]
        assert len(speeches) % 2 == 0
        for turn, speech in enumerate(speeches):
            name, _, said = speech.partition(": ")
            assert name == facts["owner" if turn % 2 else "other"]
            words = set(re.findall("[a-z]+", said))
            for other, voice in _play._VOICES.items():
                assert other == name or words.isdisjoint(voice)
            mentioned = words & set(_play._OBJECTS)
            assert mentioned <= ({facts["lost"]} if turn % 2 else set())
            assert len(re.findall("[.!?](?= |$)", said)) in (1, 2, 3)


def test_words_belong_to_one_voice():
    """Every noun has one owner, and no shared word or thing is among them."""
    own = [word for voice in _play._VOICES.values() for word in voice]
    shared = [w for words in _play._SHARED.values() for w in words]
    every = [*own, *shared, *_play._OBJECTS]
    assert len(set(every)) == len(every)
    fixed = re.sub(r"\{.\}", "", " ".join((*_play._GENERAL, *_play._LAMENTS))).lower()
    assert set(re.findall("[a-z]+", fixed)).isdisjoint(own)
    assert 100 < len(every) < 150
    assert len({name[0] for name in _play._NAMES}) == len(_play._NAMES) == 4


def test_play_is_far_from_its_frequencies():
    """A table of the last four characters needs 2 times the nats of the oracle."""
    cut = 270_000
    seen, pairs = Counter(), Counter()
    for t in range(4, cut):
        seen[PLAY.text[t - 4 : t]] += 1
        pairs[PLAY.text[t - 4 : t + 1]] += 1
    nats = [
        -math.log(
            (pairs[PLAY.text[t - 4 : t + 1]] + 0.01)
            / (seen[PLAY.text[t - 4 : t]] + 0.01 * 60)
        )
        for t in range(cut, len(PLAY.text))
    ]
    assert np.mean(nats) > 2 * -ORACLE[cut:].mean()


# Any text.


def test_an_impossible_character_is_marked():
    """Minus infinity where it stands, NaN to the next speech, then scores as before."""
    text = PLAY.text[:3_000]
    where = text.index("\n\n", 400) - 10
    spoiled = text[:where] + "@" + text[where + 1 :]
    scores = PLAY.truth.log_probabilities(spoiled)
    again = re.compile(r"\n\n[A-Z]+: |\n\nSCENE").search(text, where)
    resumed = again.end() if again[0].endswith(": ") else again.start() + 2
    np.testing.assert_array_equal(scores[:where], ORACLE_START[:where])
    assert scores[where] == -math.inf
    assert np.isnan(scores[where + 1 : resumed]).all()
    np.testing.assert_allclose(scores[resumed:], ORACLE_START[resumed:3_000])


ORACLE_START = PLAY.truth.log_probabilities(PLAY.text[:3_000])


def test_scores_start_at_the_first_scene():
    """A text that begins in the middle is scored from the next heading on."""
    text = PLAY.text[500:20_000]
    scores = PLAY.truth.log_probabilities(text)
    start = text.index("SCENE. ")
    assert np.isnan(scores[:start]).all()
    np.testing.assert_allclose(scores[start:], ORACLE[500 + start : 20_000])


@given(st.text(alphabet=st.sampled_from("SCENE. Apantry\n[]:BRI@é"), max_size=80))
@settings(max_examples=60, deadline=None)
def test_any_text_can_be_scored(text):
    """No text breaks the scoring: a number or NaN for each character."""
    for prefix in ("", PLAY.text[:700]):
        scores = PLAY.truth.log_probabilities(prefix + text)
        assert scores.shape == (len(prefix + text),)
        assert not (scores > 0).any()


def test_text_of_another_kind_cannot_be_continued():
    """The message names the character that no play has there."""
    with pytest.raises(ValueError, match=r"character 7, 'x', is impossible"):
        PLAY.truth.next_characters("SCENE. x")
    assert PLAY.truth.next_characters("") == {"S": 1.0}
    assert set(PLAY.truth.next_characters("SCENE. A ")) == set("chlmps")


def test_same_seed_same_play():
    """A longer play begins with the shorter one; seeds and Generators decide."""
    long = datasets.make_play(n_characters=2_000, seed=3)
    short = datasets.make_play(n_characters=500, seed=np.random.default_rng(3))
    assert long.text.startswith(short.text)
    assert len(long.text) == 2_000
    assert datasets.make_play(n_characters=500, seed=2).text != short.text
    assert repr(short) == (
        "PlayData(500 characters, TextTruth(metric='cross-entropy', kind='exact'))"
    )
    assert "(exact)" in short.truth.explain()
    first, second = short.truth.oracle(), short.truth.oracle()
    first[:] = 1
    assert second.max() <= 0


@pytest.mark.parametrize(("n", "error"), [(0, ValueError), (1.5, TypeError)])
def test_refusals(n, error):
    """A play has at least one character."""
    with pytest.raises(error, match="`n_characters` must be"):
        datasets.make_play(n_characters=n)
