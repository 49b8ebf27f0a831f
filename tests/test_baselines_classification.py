"""Tests of the bag of n-grams: loops and known limits as oracle, order, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursepkg import baselines, datasets, text

TEXTS = ["good, not bad", "fine and good", "bad, not good", "dull and bad", "dull"]
LABELS = [1, 1, 0, 0, 0]
REVIEWS = datasets.make_reviews(n_reviews=1500, seed=3)


def grams(words, n):
    """All phrases of one length, by a loop."""
    return [" ".join(words[k : k + n]) for k in range(len(words) - n + 1)]


@pytest.mark.parametrize(
    ("n", "lengths"), [(1, [1]), (2, [2]), ((1, 2), [1, 2]), ((2, 3), [2, 3])]
)
def test_features_are_the_ngrams_of_the_training_texts(n, lengths):
    """Each different one has one entry, and the whole is what a loop finds."""
    expected = {
        gram
        for sentence in TEXTS
        for length in lengths
        for gram in grams(text.tokenize_words(sentence), length)
    }
    bag = baselines.BagOfNGrams(n).fit(TEXTS, LABELS)
    assert bag.n_features == len(expected)
    assert set(bag.top_ngrams(1000)["ngram"]) == expected


@pytest.mark.parametrize("weighting", ["counts", "tf_idf"])
def test_the_fit_is_where_the_gradient_vanishes(weighting):
    """Coefficients minimise C times the loss plus half their squared length."""
    words = [text.tokenize_words(sentence) for sentence in TEXTS]
    vocabulary = text.Vocabulary.from_tokens(words)
    ids = [vocabulary.encode(tokens) for tokens in words]
    matrix = text.count_vectors(ids, len(vocabulary))  # (n_texts, vocabulary)
    if weighting == "tf_idf":
        matrix = text.tf_idf(matrix)
    bag = baselines.BagOfNGrams(weighting=weighting, C=2.0).fit(TEXTS, LABELS)
    table = bag.top_ngrams(100).query("label == 1").set_index("ngram")["coefficient"]
    weights = table.reindex(vocabulary.id_to_token).fillna(0.0).to_numpy()
    error = bag.predict_proba(TEXTS)[:, 1] - LABELS  # (n_texts,)
    np.testing.assert_allclose(2.0 * error @ matrix + weights, 0.0, atol=2e-3)
    assert abs(error.sum()) < 2e-3  # the intercept is not penalised


def test_probabilities_follow_from_the_coefficients():
    """The log-odds are the counts times the coefficients, plus one constant."""
    bag = baselines.BagOfNGrams((1, 2), weighting="counts").fit(TEXTS, LABELS)
    probabilities = bag.predict_proba(["", "good", "good good and bad", "unheard of"])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    odds = np.log(probabilities[:, 1] / probabilities[:, 0])
    coefficient = bag.top_ngrams(100).query("label == 1")
    coefficient = coefficient.set_index("ngram")["coefficient"]
    np.testing.assert_allclose(odds[1] - odds[0], coefficient["good"])
    expected = 2 * coefficient["good"] + coefficient[["and", "bad", "and bad"]].sum()
    np.testing.assert_allclose(odds[2] - odds[0], expected)
    np.testing.assert_allclose(odds[3], odds[0])


def test_words_stop_at_the_limit_and_phrases_pass_it():
    """On reviews whose order matters: words below, triples above by a margin."""
    training = datasets.make_reviews(n_reviews=5000, seed=5)
    fresh = datasets.make_reviews(n_reviews=4000, seed=4)
    scores = {}
    for n in (1, 3):
        bag = baselines.BagOfNGrams(n).fit(training.texts, training.labels)
        scores[n] = (bag.predict(fresh.texts) == fresh.labels).mean()
    limit = fresh.truth.bag_limit()
    error = np.sqrt(limit * (1 - limit) / 4000)
    assert limit - 0.04 < scores[1] < limit + 3 * error
    assert scores[3] > limit + 3 * error


@given(seed=st.integers(0, 999))
@settings(max_examples=10, deadline=None)
def test_words_alone_do_not_see_the_order(seed):
    """Shuffled words have the same probabilities; the spelling of a text, too."""
    bag = baselines.BagOfNGrams().fit(REVIEWS.texts[:300], REVIEWS.labels[:300])
    words = text.tokenize_words(REVIEWS.texts[400 + seed])
    shuffled = np.random.default_rng(seed).permutation(words).tolist()
    versions = [REVIEWS.texts[400 + seed], words, shuffled, " ".join(shuffled).upper()]
    probabilities = bag.predict_proba(versions)
    np.testing.assert_allclose(probabilities, probabilities[:1].repeat(4, axis=0))


def test_words_are_those_of_the_course():
    """On the embedded reviews, as `text.tokenize_words` cuts them."""
    texts = datasets.load_reviews().texts[:200]
    tokens = [text.tokenize_words(sentence) for sentence in texts]
    labels = np.arange(200) % 2
    cut = baselines.BagOfNGrams().fit(texts, labels)
    given_tokens = baselines.BagOfNGrams().fit(tokens, labels)
    assert cut.n_features == given_tokens.n_features == len({*sum(tokens, [])})
    np.testing.assert_array_equal(cut.predict_proba(texts), cut.predict_proba(tokens))


def test_rare_ngrams_are_left_out_on_request():
    """`min_count` counts texts, `max_features` keeps the most frequent."""
    texts = ["a a b c", "a b d", "a e e e"]
    bag = baselines.BagOfNGrams(min_count=2).fit(texts, [0, 1, 1])
    assert set(bag.top_ngrams()["ngram"]) == {"a", "b"}
    bag = baselines.BagOfNGrams(max_features=2).fit(texts, [0, 1, 1])
    assert set(bag.top_ngrams()["ngram"]) == {"a", "e"}


def test_top_ngrams_stand_in_the_promised_order():
    """Each class's strongest first; of two classes the signs are opposite."""
    bag = baselines.BagOfNGrams().fit(TEXTS, LABELS)
    table = bag.top_ngrams(2)
    assert table.columns.tolist() == ["label", "ngram", "coefficient"]
    assert table["label"].tolist() == [0, 0, 1, 1]
    assert set(table.query("label == 1")["ngram"]) == {"good", "fine"}
    everything = bag.top_ngrams(50)
    signs = everything.pivot(index="ngram", columns="label", values="coefficient")
    np.testing.assert_allclose(signs[0], -signs[1])
    falling = everything.groupby("label")["coefficient"].diff().dropna()
    assert (falling <= 0).all()


def test_classes_may_be_many_and_have_names():
    """Three labels as strings: sorted columns, one table for each."""
    texts = ["red rose", "blue sea", "green leaf"] * 4
    labels = ["plant", "water", "plant"] * 4
    labels[2::3] = ["tree"] * 4
    bag = baselines.BagOfNGrams(C=100.0).fit(texts, labels)
    assert bag.classes.tolist() == ["plant", "tree", "water"]
    assert bag.predict(["a leaf", "the sea"]).tolist() == ["tree", "water"]
    assert bag.predict_proba([]).shape == (0, 3)
    assert bag.predict([]).shape == (0,)
    assert len(bag.top_ngrams(2)) == 6


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n": 0}, ValueError, "`n` must be at least 1, got 0"),
        ({"n": (2, 1)}, ValueError, r"`n` must not fall, got \(2, 1\)"),
        ({"n": (1, 2, 3)}, ValueError, "`n` must be an integer or two of them"),
        ({"n": 1.5}, TypeError, "`n` must be an integer"),
        ({"weighting": "binary"}, ValueError, "`weighting` must be one of"),
        ({"C": 0.0}, ValueError, "`C` must be positive and finite"),
        ({"C": np.nan}, ValueError, "`C` must be positive and finite"),
        ({"min_count": 0}, ValueError, "`min_count` must be at least 1"),
        ({"max_features": 0}, ValueError, "`max_features` must be at least 1"),
    ],
)
def test_impossible_settings_are_refused(options, error, message):
    """Before any text is read."""
    with pytest.raises(error, match=message):
        baselines.BagOfNGrams(**options)


@pytest.mark.parametrize(
    ("texts", "labels", "error", "message"),
    [
        ("good", [1], TypeError, r"got one str. Pass \[text\]"),
        ([b"good", "bad"], [0, 1], TypeError, r"`texts\[0\]` must be a string or"),
        (["good", 3], [0, 1], TypeError, r"`texts\[1\]` must be .* got int"),
        (TEXTS, [1, 0], ValueError, r"each of the 5 texts, got the shape \(2,\)"),
        (TEXTS, [1] * 5, ValueError, r"at least two classes, got \[1\]"),
        (["", "!"], [0, 1], ValueError, "must hold at least one n-gram"),
        (["a", "b"], [0, 1], ValueError, "`min_count` = 2 leaves no n-gram of the 2"),
        ([], [], ValueError, "at least two classes"),
    ],
)
def test_impossible_training_data_are_refused(texts, labels, error, message):
    """One string, other types, lengths that differ, one class, nothing to count."""
    bag = baselines.BagOfNGrams(min_count=2 if len(texts) == 2 else 1)
    with pytest.raises(error, match=message):
        bag.fit(texts, labels)


def test_predicting_comes_after_fitting():
    """Every question to a bag that was not fitted gets the same answer."""
    bag = baselines.BagOfNGrams()
    for ask in (bag.predict, bag.predict_proba, lambda _: bag.top_ngrams()):
        with pytest.raises(ValueError, match="not fitted yet. Call `fit` first"):
            ask(TEXTS)
    assert repr(bag) == "BagOfNGrams(n=(1, 1), weighting='tf_idf', C=1)"
