"""Tests of the film review study: split, reading, baselines, networks, scoring."""

import itertools
from dataclasses import replace
from functools import partial

import keras
import numpy as np
import pytest
from scipy import sparse

from coursepkg import studies, text
from coursepkg.studies import Budget, imdb

QUICK = Budget(quick=True)
WORDS = ["good", "bad", "not", "film", "so", "very"]


@pytest.fixture(scope="module")
def data():
    """Some embedded reviews, as in a smoke run."""
    return imdb.load(quick=True)


def tiny(train, test=(), *, held_out=()):
    """Reviews by hand, every second one praise."""
    return imdb.ReviewTokens(
        train=[one.split() for one in train],
        train_labels=np.arange(len(train)) % 2,
        test=[one.split() for one in test],
        test_labels=np.arange(len(test)) % 2,
        held_out=np.array(held_out, dtype=int),
        sha256=None,
    )


@pytest.mark.slow
def test_smoke_run(tmp_path):
    """Every row runs and gives accuracies, except where nothing is held out."""
    results = studies.reproduce(imdb.STUDY, folder=tmp_path, quick=True)
    assert list(results.runs["row"]) == list(imdb.STUDY.rows)
    scored = results.runs.set_index("row")[["validation", "test"]]
    assert scored["validation"].between(0.0, 1.0).all()
    kinds = results.runs.set_index("row")["kind"]
    absent = (kinds == "ablation") & (kinds.index != "one network")
    assert scored.loc[~absent, "test"].between(0.0, 1.0).all()
    assert scored.loc[absent, "test"].isna().all()


def test_rows_say_what_decides_them():
    """No two rows have the same settings; what was printed belongs to their metrics."""
    rows = imdb.STUDY.rows
    assert len({row.settings for row in rows.values()}) == len(rows)
    printed = {name: dict(row.published) for name, row in rows.items() if row.published}
    carried = printed.pop("LSTM(128), state carried")
    assert carried.pop("test") == 0.860
    assert set(carried) == {f"loss_{k}" for k in range(20, 301, 20)}
    metrics = {key for one in printed.values() for key in one}
    assert metrics == {"best_validation", "test"}
    assert len(printed) == 7
    for row in rows.values():
        assert row.seeded == (row.kind != "baseline")


# --- the data ---


def test_hold_out_takes_a_fifth_of_each_class():
    """Counted; drawn at random but always the same; no review twice."""
    labels = np.repeat([0, 1], [60, 40])
    drawn = imdb.hold_out(labels)
    assert np.bincount(labels[drawn]).tolist() == [12, 8]
    assert len(np.unique(drawn)) == 20
    assert (np.diff(drawn) > 0).all()
    np.testing.assert_array_equal(drawn, imdb.hold_out(labels))
    assert drawn.tolist() != imdb.hold_out(labels, seed=1).tolist()
    assert (np.diff(drawn[:12]) > 1).any()


def test_smoke_data_is_split_in_three(data):
    """Held out and fitted reviews are all training reviews; no test review is one."""
    both = np.concatenate([data.fitted, data.held_out])
    assert sorted(both) == list(range(len(data.train)))
    assert data.sha256 is None
    assert data.length(500) < 100
    shared = set(map(tuple, data.train)) & set(map(tuple, data.test))
    assert not shared


def test_cut_keeps_marks_and_drops_line_breaks():
    """Line breaks separate words and leave nothing behind."""
    assert imdb.cut("It's bad.<br /><br />Don't!") == ["it's", "bad", ".", "don't", "!"]
    assert imdb.words_only([["it's", ".", "3.5", '"', "é"]]) == [["it's", "3.5", "é"]]


# --- reading ---


@pytest.mark.parametrize("end", ["last", "first"])
def test_encode_is_keras_padding(end):
    """The rows are those of Keras's function with the same side."""
    rng = np.random.default_rng(0)
    reviews = [list(rng.choice(WORDS, size=n)) for n in (0, 3, 5, 9)]
    vocabulary = text.Vocabulary.from_tokens([WORDS[:4]])
    side = "pre" if end == "last" else "post"
    expected = keras.utils.pad_sequences(
        [vocabulary.encode(one) for one in reviews], 5, padding=side, truncating=side
    )
    rows = imdb.encode(reviews, vocabulary, length=5, end=end)
    np.testing.assert_array_equal(rows, expected)


def test_encode_drops_unknown_words_before_it_cuts():
    """Of four words one is unknown; the two last known ones stay."""
    vocabulary = text.Vocabulary.from_tokens([["not", "good", "film"]])
    rows = imdb.encode(
        [["not", "good", "film", "xyz"]], vocabulary, length=2, drop_unknown=True
    )
    assert vocabulary.decode(rows[0]) == ["good", "film"]


def test_a_reversed_review_keeps_its_first_words():
    """Turned round before it is cut: what stays is the beginning, backwards."""
    reviews = tiny(["a b c d , e", "a b", "c d"], ["b c d e a"], held_out=[2])
    rows = imdb.read_most_frequent(reviews, length=3, backwards=True)
    assert rows.vocabulary.decode(rows.test[0]) == ["d", "c", "b"]
    forward = imdb.read_most_frequent(reviews, length=3)
    assert forward.vocabulary.decode(forward.test[0]) == ["d", "e", "a"]
    assert "," not in forward.vocabulary.token_to_id


def test_the_vocabulary_knows_no_held_out_review():
    """A word that only occurs there is unknown."""
    reviews = tiny(["a b", "a b", "a secret"], ["secret b"], held_out=[2])
    rows = imdb.read_most_frequent(reviews, length=2)
    assert rows.held_out[0].tolist() == [rows.vocabulary.token_to_id["a"], 1]
    assert rows.test[0].tolist() == [1, rows.vocabulary.token_to_id["b"]]
    assert rows.fitted.shape == (2, 2)


def test_words_without_a_vector_are_left_out(tmp_path):
    """Neighbours of a missing word become neighbours; vectors belong to their words."""
    path = tmp_path / "vectors.txt"
    path.write_text("bad 1 2\n. 3 4\n", encoding="utf-8")
    reviews = tiny(["so bad .", "bad film"], ["a bad film ."])
    object.__setattr__(reviews, "glove_path", path)
    rows, vectors = imdb.read_with_vectors(reviews, length=3)
    assert rows.vocabulary.decode(rows.test[0]) == ["bad", ".", "[PAD]"]
    np.testing.assert_allclose(vectors[rows.test[0]], [[1, 2], [3, 4], [0, 0]])


# --- baselines ---


def test_naive_bayes_ratios_by_hand():
    """Two reviews of each kind: shares of presence, one added to each count."""
    present = sparse.csr_matrix([[1, 1, 0], [1, 0, 0], [0, 1, 1], [0, 1, 0.0]])
    ratios = imdb.naive_bayes_ratios(present, [1, 1, 0, 0])
    p, q = np.array([3, 2, 1]) / 6, np.array([1, 3, 2]) / 6
    np.testing.assert_allclose(ratios, np.log(p / q))


def test_presence_ratios_count_reviews_not_words():
    """A word that is repeated counts once a review; padding and unknown are 0."""
    reviews, labels = [[2, 2, 2], [3, 1], [2], [3, 3]], [1, 0, 1, 0]
    ratios = imdb.presence_ratios(reviews, labels, 4, n_special=2)
    expected = np.log([(3 / 4) / (1 / 4), (1 / 4) / (3 / 4)])
    np.testing.assert_allclose(ratios, [0, 0, *expected])


@pytest.mark.parametrize("fit", [imdb._tf_idf, imdb._naive_bayes_svm])
def test_baselines_see_pairs(fit):
    """Whether "not" stands before "good" or "bad" decides: no single word tells."""
    reviews, labels = [], []
    for filler, copies in itertools.product(WORDS[3:], range(4)):
        more = [filler] * copies
        reviews += [["not", "good", *more, "bad"], ["not", "bad", *more, "good"]]
        labels += [0, 1]
    scores = fit(reviews, np.array(labels), reviews)
    assert imdb.share_right(scores, labels) > 0.9


def test_interpolation_mixes_the_weights():
    """With 1 the scores are those of the machine; they are linear in between."""
    rng = np.random.default_rng(0)
    reviews = [list(rng.choice(WORDS, size=8)) for _ in range(40)]
    labels = np.array([int("good" in one) for one in reviews])
    none, half, full = (
        imdb._naive_bayes_svm(reviews, labels, reviews, interpolation=b)
        for b in (0.0, 0.5, 1.0)
    )
    np.testing.assert_allclose(half, (none + full) / 2)
    assert imdb.share_right(full, labels) == 1.0


def test_share_right_takes_probabilities_of_either_shape():
    """One half is no praise."""
    assert imdb.share_right([[0.9], [0.5], [0.2], [0.6]], [1, 1, 0, 1]) == 0.75
    assert imdb.share_right([1.7, -3.0], [1, 0]) == 1.0


# --- pairs and pieces ---


def test_pairs_are_counted_within_reviews():
    """Counted by hand, in a plain loop: no pair across reviews, none with unknowns."""
    rng = np.random.default_rng(0)
    reviews = [rng.integers(1, 6, size=n) for n in (0, 1, 7, 30, 12)]
    counts = {}
    for one in reviews:
        for pair in itertools.pairwise(one.tolist()):
            counts[pair] = counts.get(pair, 0) + 1
    kept = sorted(p for p, n in counts.items() if n >= 3 and min(p) > 1)
    known = imdb.PairVocabulary.from_ids(reviews, 6, min_count=3)
    assert len(known) == 1 + len(kept)
    for one in reviews:
        pairs = list(itertools.pairwise(one.tolist()))
        expected = [1 + kept.index(p) if p in kept else 0 for p in pairs]
        assert known.encode(one).tolist() == (expected + [0])[: len(one)]


def test_without_frequent_pairs_all_are_unknown():
    """An empty vocabulary knows the integer 0 alone."""
    known = imdb.PairVocabulary.from_ids([[2, 3, 4]], 5)
    assert len(known) == 1
    assert known.encode([2, 3, 4]).tolist() == [0, 0, 0]


@pytest.mark.parametrize("n_words", [0, 1, 10, 11, 29, 30])
def test_pieces_cover_a_review_once(n_words):
    """Without their overlap they are the review again; with it they share words."""
    ids = np.arange(1, n_words + 1)
    length = imdb.piece_length(n_words, n_pieces=5)
    assert length % 2 == 0
    assert 5 * length >= n_words
    assert length == 2 or 5 * (length - 2) < n_words
    pieces = imdb.cut_in_pieces(ids, length=length, n_pieces=5, overlap=2)
    assert pieces.shape == (5, length + 2)
    np.testing.assert_array_equal(pieces[:, :-2].reshape(-1)[:n_words], ids)
    np.testing.assert_array_equal(pieces[:-1, -2:], pieces[1:, :2])


def test_batches_hold_reviews_of_one_length():
    """Each review once, none too many, another order with another draw."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(3, size=50)
    batches = imdb.batches_of_one_length(lengths, batch_size=8, seed=rng)
    assert sorted(np.concatenate(batches)) == list(range(50))
    assert max(map(len, batches)) == 8
    assert all(len(set(lengths[rows])) == 1 for rows in batches)
    again = imdb.batches_of_one_length(lengths, batch_size=8, seed=rng)
    assert [*map(list, batches)] != [*map(list, again)]


# --- networks ---


def by_hand(model, ids, pairs, *, n_pieces=5, widths=(1, 2, 3)):
    """The probability of praise of one review: one-hot words, and loops."""
    weights = {layer.name: layer.get_weights() for layer in model.layers}
    length = imdb.piece_length(len(ids), n_pieces=n_pieces)
    features = []
    for width in widths:
        units = weights[f"width_{width}_place_0"][0].shape[1]
        best = np.zeros((n_pieces, units))  # no region gives less than 0
        for t in range(len(ids) - width + 1):
            response = sum(
                weights[f"width_{width}_place_{p}"][0][ids[t + p]] for p in range(width)
            )
            if width == 2 and pairs is not None:
                response = response + weights["pair"][0][pairs[t]]
            best[t // length] = np.maximum(best[t // length], response)
        features.append(best)
    kernel, bias = model.layers[-1].get_weights()
    logit = np.concatenate(features, axis=1).reshape(-1) @ kernel + bias
    return 1 / (1 + np.exp(-logit[0]))


@pytest.mark.parametrize("with_pairs", [True, False])
@pytest.mark.parametrize("n_words", [1, 2, 9, 23])
def test_regions_are_what_the_text_says(n_words, with_pairs):
    """Looked up, added and maximised by hand, padding or not."""
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(n_words)
    model = imdb.build_region_classifier(
        9,
        4 if with_pairs else 0,
        units=3,
        word_ratios=rng.normal(size=9),
        pair_ratios=rng.normal(size=4),
    )
    ids, pairs = rng.integers(1, 9, n_words), rng.integers(0, 4, n_words)
    length = imdb.piece_length(n_words, n_pieces=5)
    rows = [ids, pairs] if with_pairs else [ids]
    batch = [
        imdb.cut_in_pieces(row, length=length, n_pieces=5, overlap=2)[None]
        for row in rows
    ]
    np.testing.assert_allclose(
        model.predict_on_batch(batch)[0, 0],
        by_hand(model, ids, pairs if with_pairs else None),
        rtol=1e-5,
    )


def test_training_leaves_padding_alone():
    """The number that keeps padding out does not move; ratios show in the tables."""
    keras.utils.set_random_seed(0)
    ratios = np.array([0, 0, 3.0, -3.0, 0.0])
    model = imdb.build_region_classifier(
        5, units=6, widths=(2,), n_pieces=1, word_ratios=ratios
    )
    last = model.get_layer("width_2_place_1")
    first = last.get_weights()[0]
    assert np.corrcoef(first[2], first[3])[0, 1] < -0.9
    assert (first[0] < -100).all()
    model.compile("adam", "binary_crossentropy")
    x, y = np.array([[[2, 3, 0, 0]], [[3, 4, 4, 0]]]), np.array([[1], [0]])
    for _ in range(3):
        model.train_on_batch([x], y)
    after = last.get_weights()[0]
    np.testing.assert_array_equal(after[0], first[0])
    assert (after[2:] != first[2:]).any()


def test_batches_are_filled_with_padding():
    """Whole batches, the reviews first."""
    filled, n_reviews = imdb.fill_batches(np.ones((5, 3), "int32"), batch_size=4)
    assert filled.shape == (8, 3)
    assert n_reviews == 5
    assert filled[:5].all()
    assert not filled[5:].any()
    assert imdb.fill_batches(np.ones((4, 3), "int32"), batch_size=4)[0].shape == (4, 3)


def test_ours_reads_the_last_words():
    """Articles and marks go before the review is cut."""
    ours = imdb.Regions(longest=3)
    assert ours.read([["a", "b", "c", ",", "d", "the", "e", "."]]) == [["c", "d", "e"]]
    with_marks = imdb.Regions(longest=3, marks=True)
    assert with_marks.read([["c", "the", "e", "."]]) == [["the", "e", "."]]


@pytest.mark.parametrize("pairs", [True, False])
def test_ours_learns_the_order_of_words(pairs):
    """A few epochs on reviews that differ in their order alone."""
    reviews = [
        ["this", "film", *pair, *["so"] * n]
        for n in range(12)
        for pair in (["not", "good"], ["good", "not"])
    ] * 8
    labels = np.arange(len(reviews)) % 2
    told = []
    ours = imdb.Regions(
        units=16, n_words=50, epochs=8, batch_size=16, rate=0.02, pairs=pairs
    )
    budget = Budget(report=lambda *done: told.append(done))
    praise = ours.fit(reviews, labels, 0, budget)
    assert imdb.share_right(praise(reviews[:24]), labels[:24]) == 1.0
    assert told == [(k + 1, 8) for k in range(8)]
    alone = np.concatenate([praise([one]) for one in reviews[:5]])
    np.testing.assert_allclose(alone, praise(reviews[:5]), atol=1e-5)


def test_networks_are_averaged(data):
    """Two networks with seeds of their own; the mean of what each says alone."""
    small = imdb.Regions(units=2, epochs=1, longest=10)
    networks = (small, replace(small, marks=True))
    fitted = data.train[:60], data.train_labels[:60]
    both = imdb._fit_average(networks, *fitted, 3, Budget())(data.test)
    alone = [
        network.fit(*fitted, seed, Budget())(data.test)
        for network, seed in zip(networks, (6, 7), strict=True)
    ]
    assert not np.allclose(*alone, atol=0.01)
    np.testing.assert_allclose(both, np.mean(alone, axis=0), atol=1e-4)


def test_nothing_is_learnt_from_reviews_held_out(data):
    """With their labels turned round, what was right is wrong, and nothing else."""
    labels = data.train_labels.copy()
    labels[data.held_out] = 1 - labels[data.held_out]
    turned = replace(data, train_labels=labels)
    small = imdb.Regions(units=2, longest=10)
    for run in (
        partial(imdb._ablation, ours=small),
        partial(imdb._score_ours, networks=(small,)),
        partial(imdb._score_bag, fit=imdb._tf_idf),
    ):
        first, second = (run(each, 0, QUICK)["validation"] for each in (data, turned))
        assert first + second == pytest.approx(1)


def test_only_pairs_know_the_order():
    """Reviews of the same two words: single words tell nothing, pairs everything."""
    reviews = [["good", "not"], ["not", "good"]] * 10
    labels = np.array([1, 0] * 10)
    blind = imdb._naive_bayes_svm(reviews, labels, reviews[:2], longest=1)
    assert blind[0] == pytest.approx(blind[1])
    seeing = imdb._naive_bayes_svm(reviews, labels, reviews[:2])
    assert seeing[0] > 0.5 > seeing[1]
