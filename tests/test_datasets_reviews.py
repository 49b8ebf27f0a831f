"""Generated reviews: readable, as noisy as said, and beyond the reach of word bags."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from coursepkg import datasets
from coursepkg.datasets import _review_words, _reviews

REVIEWS = datasets.make_reviews(n_reviews=6_000, seed=11)

# A parser of its own: each sentence that holds opinions, written out by hand.
TAIL = r"(?: (?:all evening|from start to finish|in every way|on the whole|that night"
TAIL += r"|to my mind))?"
X = r"(?P<{}>[a-z]+(?: and [a-z]+)?)"
ONE = r"(?P<{}>[a-z]+)"
CLAUSE = r"(?P<{}>(?:the [a-z]+ (?:was|felt|seemed)|i found the [a-z]+) "
CLAUSE += rf"[a-z]+(?: and [a-z]+)?{TAIL})"
WEAK = r"(?:a little|faintly|mildly|slightly|somewhat)"
STRONG = r"(?:absolutely|completely|thoroughly|truly|utterly)"
WHO = r"my (?:cousin|dentist|landlord|neighbour|plumber|tailor|vicar)"


def sentences(kind, opinion, *patterns):
    """Return (kind, pattern) pairs, D and O replaced by groups of that form."""
    for pattern in patterns:
        filled = pattern.replace("<D>", opinion.format("d"))
        filled = filled.replace("<O>", opinion.format("o")).replace("<T>", TAIL)
        yield kind, re.compile(filled)


ORDERED = [
    *sentences("contrast", CLAUSE, "<O>, but <D>", "<O>, yet <D>",
               "although <O>, <D>", "<D>, although <O>", "<D>, though <O>",
               "<O>; nevertheless, <D>"),
    *sentences("negation", X, r"the \w+ was <D>, not <O>",
               r"the \w+ was not <O> but <D>",
               r"the \w+ was never <O>; it was <D>",
               r"nobody could call the \w+ <O>; <D> is the word",
               r"i was told to expect nothing <O>, and the \w+ was indeed <D>",
               r"the \w+ was anything but <O><T>, and in fact <D>"),
    *sentences("intensity", ONE,
               rf"the \w+ was {WEAK} <O><T>, the \w+ {STRONG} <D>",
               rf"the \w+ was {STRONG} <D><T>, the \w+ {WEAK} <O>",
               rf"i found the \w+ {WEAK} <O> and the \w+ {STRONG} <D>",
               rf"i found the \w+ {STRONG} <D> and the \w+ {WEAK} <O>"),
    *sentences("report", X, rf"{WHO} called the \w+ <O>; i call it <D>",
               rf"i call the \w+ <D>; {WHO} called it <O>",
               rf"the \w+ struck {WHO} as <O><T> and me as <D>",
               rf"the \w+ struck me as <D><T> and {WHO} as <O>",
               "the posters promised something <O>, and i saw something <D>",
               "i saw something <D>, where the posters promised something <O>"),
]  # fmt: skip
ASIDE = re.compile(
    r"the weather outside was \w+, as ever|i read an? \w+ book on the tram"
    r"|my shoes were too \w+ for such a street"
    r"|an? \w+ smell of paint came from next door"
)
# Words that tell, whatever their order, that a review is not plain.
MARKERS = set(
    re.findall(
        r"\w+",
        "but yet although though nevertheless not never nobody anything indeed faintly "
        "mildly slightly somewhat little call called struck posters",
    )
)


def bag(text):
    """Return how often each word occurs."""
    return Counter(re.findall(r"[a-z'-]+", text.lower()))


def vote(text):
    """Return the sum of the polarities of the words."""
    polarity = REVIEWS.truth.polarity
    return sum(polarity.get(word, 0) for word in re.findall("[a-z]+", text))


def parse(text):
    """Return label, kind and twin (None for a plain review), by the table above."""
    found = []
    balance = 0
    for sentence in text.removesuffix(".").split(". "):
        lowered = sentence[0].lower() + sentence[1:].replace("I ", "i ")
        lowered = lowered.replace(" I ", " i ").lower()
        if ASIDE.fullmatch(lowered):
            continue
        matches = [
            (kind, match)
            for kind, pattern in ORDERED
            if (match := pattern.fullmatch(lowered))
        ]
        if matches:
            ((kind, match),) = matches
            assert vote(match["d"]) * vote(match["o"]) < 0
            (first, second) = sorted(["d", "o"], key=match.start)
            twin = (
                lowered[: match.start(first)]
                + match[second]
                + lowered[match.end(first) : match.start(second)]
                + match[first]
                + lowered[match.end(second) :]
            )
            twin = re.sub(r"\bi\b", "I", twin)
            found.append((kind, vote(match["d"]), sentence, twin))
        else:
            balance += vote(lowered)
    if not found:
        return int(balance > 0), "plain", None
    ((kind, decisive, sentence, twin),) = found
    assert balance == 0
    twin = twin[0].upper() + twin[1:]
    return int(decisive > 0), kind, text.replace(sentence, twin)


PARSED = [parse(text) for text in REVIEWS.texts]


def test_label_is_a_function_of_the_text():
    """A parser written by hand agrees with the oracle and the kinds."""
    labels, kinds, _ = zip(*PARSED, strict=True)
    np.testing.assert_array_equal(labels, REVIEWS.truth.oracle())
    assert list(kinds) == REVIEWS.kinds


@pytest.mark.parametrize(("text", "label"), [
    ("The plot was dull, but the music was superb.", 1),
    ("Although the plot was superb in every way, I found the music dull.", 0),
    ("The music was witty, though the plot felt drab on the whole.", 1),
    ("The soup was not bland but delightful.", 1),
    ("The soup was delightful, not bland.", 1),
    ("Nobody could call the view charming; ghastly is the word.", 0),
    ("The view was anything but ghastly that night, and in fact lovely.", 1),
    ("My dentist called the plot superb; I call it trite and drab.", 0),
    ("I call the plot superb; my dentist called it trite and drab.", 1),
    ("The tent struck my vicar as dull and me as witty.", 1),
    ("The tent was faintly dull, the music utterly superb.", 1),
    ("I found the tent truly dull and the music mildly superb.", 0),
    ("The weather outside was awful, as ever. What a treat: the plot was witty.", 1),
    ("A dull book and an awful set make a mess.", 0),
])  # fmt: skip
def test_labels_by_hand(text, label):
    """Sentences that everybody understands in one way."""
    assert REVIEWS.truth.clean_label(text) == label


def test_bayes_accuracy_is_attained():
    """The parser is right in 1 - q of the published labels, whatever the kind."""
    truth = REVIEWS.truth
    assert (truth.metric, truth.kind, truth.standard_error) == ("accuracy", "exact", 0)
    assert truth.optimum() == 0.95
    right = np.array([one[0] for one in PARSED]) == REVIEWS.labels
    for kind in set(REVIEWS.kinds):
        chosen = right[np.array(REVIEWS.kinds) == kind]
        miss = abs(chosen.mean() - 0.95)
        assert miss < 4 * np.sqrt(0.95 * 0.05 / len(chosen)), kind
    clean = truth.oracle()
    np.testing.assert_allclose(truth.probabilities(), np.where(clean, 0.95, 0.05))
    assert abs(clean.mean() - 0.5) < 4 * 0.5 / np.sqrt(len(clean))


def test_twins_have_the_same_words_and_the_opposite_label():
    """To exchange the two opinions keeps the bag and turns the label, both ways."""
    n_twins = 0
    for text, (label, kind, twin) in zip(REVIEWS.texts, PARSED, strict=True):
        if twin is None:
            continue
        n_twins += 1
        assert bag(twin) == bag(text)
        assert twin != text
        assert REVIEWS.truth.read(twin) == (1 - label, kind)
        assert parse(twin)[2] == text
    share = n_twins / len(PARSED)
    assert abs(share - 0.5) < 4 * 0.5 / np.sqrt(len(PARSED))


@pytest.mark.parametrize("kind", _reviews.KINDS[1:])
def test_same_draws_make_twins(kind):
    """The label uses up no chance: the same draws give both twins, each other's."""
    for seed in range(300):
        negative, positive = (
            _reviews._finished(
                _reviews._Writer(np.random.default_rng(seed))._ordered(
                    kind, "film", label
                )
            )
            for label in (0, 1)
        )
        assert parse(negative) == (0, kind, positive)
        assert parse(positive) == (1, kind, negative)


def test_words_of_ordered_reviews_tell_nothing():
    """A logistic regression on their words is right by chance, in every kind."""
    reviews = datasets.make_reviews(
        n_reviews=12_000, order_share=1.0, label_noise=0.0, seed=3
    )
    cut = 8_000
    counts = CountVectorizer(token_pattern=r"[a-z'-]+").fit_transform(reviews.texts)
    model = LogisticRegression(C=0.1, solver="liblinear").fit(
        counts[:cut], reviews.labels[:cut]
    )
    right = model.predict(counts[cut:]) == reviews.labels[cut:]
    for kind in set(reviews.kinds):
        chosen = right[np.array(reviews.kinds[cut:]) == kind]
        assert abs(chosen.mean() - 0.5) < 4 * 0.5 / np.sqrt(len(chosen)), kind


def test_bag_limit_is_attained_by_counting():
    """Which kind, and the label of the plain ones, follow from the words alone."""
    guesses = []
    for text, (_, kind, _) in zip(REVIEWS.texts, PARSED, strict=True):
        words = bag(text)
        is_plain = MARKERS.isdisjoint(words)
        assert is_plain == (kind == "plain")
        guesses.append(int(vote(text.lower()) > 0) if is_plain else 1)
    limit = REVIEWS.truth.bag_limit()
    assert limit == pytest.approx(0.725, abs=1e-12)
    accuracy = np.mean(np.array(guesses) == REVIEWS.labels)
    assert abs(accuracy - limit) < 4 * np.sqrt(limit * (1 - limit) / len(guesses))


def test_logistic_regression_on_words_stays_at_the_limit():
    """Trained on 14,000 reviews it comes near the limit of a bag, and not above."""
    reviews = datasets.make_reviews(n_reviews=20_000, seed=5)
    cut = 14_000
    counts = CountVectorizer(token_pattern=r"[a-z'-]+").fit_transform(reviews.texts)
    model = LogisticRegression(C=0.1, solver="liblinear").fit(
        counts[:cut], reviews.labels[:cut]
    )
    accuracy = model.score(counts[cut:], reviews.labels[cut:])
    limit = reviews.truth.bag_limit()
    error = np.sqrt(limit * (1 - limit) / (len(reviews.labels) - cut))
    assert limit - 0.02 < accuracy < limit + 3 * error


@given(share=st.floats(0, 1), noise=st.floats(0, 0.5))
@settings(max_examples=25, deadline=None)
def test_limits_for_any_shares(share, noise):
    """The bag never beats the optimum; without order or with pure noise they agree."""
    truth = datasets.make_reviews(
        n_reviews=1, order_share=share, label_noise=noise
    ).truth
    assert truth.optimum() == 1 - noise
    assert 0.5 <= truth.bag_limit() <= truth.optimum() + 1e-12
    expected = 0.5 + (1 - share) * (0.5 - noise)
    assert truth.bag_limit() == pytest.approx(expected, abs=1e-12)


def disagreements(labels_of):
    """Count oracle labels that change with the noise, the texts being the same."""
    quiet, noisy = (
        datasets.make_reviews(n_reviews=400, label_noise=noise, seed=7)
        for noise in (0.0, 0.3)
    )
    assert quiet.texts == noisy.texts
    assert 60 < np.count_nonzero(quiet.labels != noisy.labels) < 180
    return np.count_nonzero(labels_of(quiet) != labels_of(noisy))


def test_oracle_does_not_see_the_noise():
    """Other noise, same oracle; one that looks at the published labels is caught."""
    assert disagreements(lambda reviews: reviews.truth.oracle()) == 0
    assert disagreements(lambda reviews: reviews.labels) > 0


def test_oracle_of_a_review_is_its_own():
    """Each label depends on its text alone, and every call gives a fresh array."""
    first, oracle = REVIEWS.truth.oracle()[:200], REVIEWS.truth.oracle()
    alone = [REVIEWS.truth.clean_label(text) for text in REVIEWS.texts[:200]]
    np.testing.assert_array_equal(first, alone)
    oracle[:] = 7
    assert REVIEWS.truth.oracle().max() == 1


def test_reviews_read_like_text():
    """15 to 65 words, all different, capitals and stops in place, a or an as spoken."""
    lengths = [len(text.split()) for text in REVIEWS.texts]
    assert min(lengths) >= 15
    assert max(lengths) <= 65
    assert 28 < np.mean(lengths) < 42
    assert len(set(REVIEWS.texts)) > 0.999 * len(REVIEWS.texts)
    for text in REVIEWS.texts:
        assert re.fullmatch(r"(?:[A-Z][A-Za-z',:; -]*\.(?: |$))+", text), text
        assert not re.search(
            r"  | [,.;:]|[{}]|\b[Aa] (?:[aio]|e[^u]|u[^nk]|un[^i])", text
        ), text
        assert not re.search(r"\b[Aa]n [^aeiouh]|\b[Aa]n eu", text), text
    vocabulary = sum((bag(text) for text in REVIEWS.texts), Counter())
    assert 600 < len(vocabulary) < 2_000
    frequencies = np.array(sorted(vocabulary.values()))
    assert np.count_nonzero(frequencies <= 20) > 50


def test_words_of_opinion_are_nowhere_else():
    """No neutral sentence, part or topic has a word that the oracle would count."""
    truth = REVIEWS.truth
    groups = [v for k, v in vars(_review_words).items() if k.isupper()]
    opinion = {"POSITIVE", "NEGATIVE", "PRAISE", "BLAME", "LIKED", "DISLIKED"}
    neutral = re.findall(
        "[a-z]+",
        repr([v for k, v in vars(_review_words).items()
              if k.isupper() and k not in opinion and k[0] != "_"]).lower(),
    )  # fmt: skip
    assert groups
    assert set(neutral).isdisjoint(truth.polarity)
    assert len(_review_words.POSITIVE) == len(set(_review_words.POSITIVE)) >= 98
    assert len(_review_words.NEGATIVE) == len(set(_review_words.NEGATIVE)) >= 98
    assert sorted(set(truth.polarity.values())) == [-1, 1]
    assert truth.polarity["superb"] == 1
    assert truth.polarity["dull"] == -1


def vectors_of(texts, *, window=5, dimension=60):
    """Return words and vectors: counts of neighbours, PPMI, singular values."""
    sequences = [re.findall(r"[a-z'-]+", text.lower()) for text in texts]
    frequency = Counter(word for one in sequences for word in one)
    words = [word for word, n in frequency.most_common() if n >= 30]
    number = {word: k for k, word in enumerate(words)}
    counts = np.zeros((len(words), len(words)))
    for sequence in sequences:
        ids = [number.get(word, -1) for word in sequence]
        for i, a in enumerate(ids):
            for b in ids[max(i - window, 0) : i]:
                if a >= 0 and b >= 0:
                    counts[a, b] += 1
                    counts[b, a] += 1
    share = counts.sum(axis=1) / counts.sum()
    with np.errstate(divide="ignore"):
        ppmi = np.log(counts / counts.sum() / np.outer(share, share)).clip(min=0)
    left, size, _ = np.linalg.svd(ppmi)
    vectors = left[:, :dimension] * np.sqrt(size[:dimension])
    return words, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_unlabelled_text_tells_polarity_and_relations():
    """Neighbours in a space of co-occurrence share polarity; analogies come out."""
    reviews = REVIEWS
    words, vectors = vectors_of(reviews.texts)
    number = {word: k for k, word in enumerate(words)}
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -1)
    adjectives = [
        word
        for word in words
        if word in (*_review_words.POSITIVE, *_review_words.NEGATIVE)
    ]
    ids = [number[word] for word in adjectives]
    polarity = np.array([reviews.truth.polarity[word] for word in adjectives])
    nearest = likeness[np.ix_(ids, ids)].argsort(axis=1)[:, -5:]
    agreeing = np.sign(polarity[nearest].sum(axis=1)) == polarity
    assert len(adjectives) > 100
    assert agreeing.mean() > 0.9

    for relation, least in (("gender", 0.5), ("capital", 0.5), ("comparative", 0.5)):
        pairs = [[number[word.lower()] for word in pair]
                 for pair in reviews.truth.relations[relation]]  # fmt: skip
        n_right = n_asked = 0
        for a, b in pairs:
            for c, d in pairs:
                if (a, b) != (c, d):
                    target = vectors @ (vectors[b] - vectors[a] + vectors[c])
                    target[[a, b, c]] = -np.inf
                    n_right += int(target.argmax() == d)
                    n_asked += 1
        assert n_right / n_asked > least, relation


def test_same_seed_same_reviews():
    """A seed decides everything; a Generator is accepted; others differ."""
    one, two = (datasets.make_reviews(n_reviews=50, seed=9) for _ in range(2))
    other = datasets.make_reviews(n_reviews=50, seed=np.random.default_rng(9))
    assert one.texts == two.texts == other.texts
    np.testing.assert_array_equal(one.labels, other.labels)
    assert datasets.make_reviews(n_reviews=50, seed=8).texts != one.texts
    assert repr(one) == (
        "ReviewData(50 reviews, ReviewTruth(metric='accuracy', kind='exact'))"
    )
    assert "0.95 (exact)" in one.truth.explain()
    assert "0.725" in one.truth.explain()


@pytest.mark.parametrize(("options", "error", "complaint"), [
    ({"n_reviews": 0}, ValueError, "`n_reviews` must be at least 1, got 0"),
    ({"n_reviews": 2.0}, TypeError, "`n_reviews` must be an integer"),
    ({"n_reviews": 1, "order_share": 1.5}, ValueError, "`order_share` must be"),
    ({"n_reviews": 1, "label_noise": 0.6}, ValueError, "at most 0.5, got 0.6"),
])  # fmt: skip
def test_refusals(options, error, complaint):
    """What cannot be made is refused with the reason."""
    with pytest.raises(error, match=complaint):
        datasets.make_reviews(**options)


@pytest.mark.parametrize("text", ["", "No opinion here.", "It was never ours."])
def test_text_without_opinion_is_refused(text):
    """The oracle says so when a text holds nothing to judge."""
    with pytest.raises(ValueError, match="must hold an opinion"):
        REVIEWS.truth.clean_label(text)
