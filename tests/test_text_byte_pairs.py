"""Byte-pair encoding: lossless on any text, equal to the plain algorithm."""

import re
import time
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coursepkg import text

ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)
SMALL = st.lists(st.text("ab c\n.\u00e9", max_size=25), max_size=5)
ENGLISH = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, "
    "it was the age of foolishness, it was the epoch of belief, it was the epoch of "
    "incredulity, it was the season of Light, it was the season of Darkness."
)
TRAINED = text.BytePairEncoder.learn([ENGLISH], vocab_size=330)


def pieces_by_rule(one):
    """Cut by the documented rule, written another way: in one scan of kinds."""
    kinds = [
        "word" if re.match(r"\w", c) else "space" if c.isspace() else "mark"
        for c in one
    ]
    runs = []
    for character, kind in zip(one, kinds, strict=True):
        if runs and runs[-1][0] == kind:
            runs[-1][1] += character
        else:
            runs.append([kind, character])
    for before, after in pairwise(runs):
        if before[0] == "space" and before[1].endswith(" "):
            before[1], after[1] = before[1][:-1], " " + after[1]
    return [piece for _, piece in runs if piece]


def learn_by_loop(texts, n_merges):
    """Count all pairs afresh before every merge, and replace in every piece."""
    words = Counter()
    for one in texts:
        for piece in pieces_by_rule(one):
            words[tuple(bytes([byte]) for byte in piece.encode())] += 1
    merges = []
    while len(merges) < n_merges:
        counts = Counter()
        for word, times in words.items():
            for pair in pairwise(word):
                counts[pair] += times
        if not counts or max(counts.values()) < 2:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append(best)
        again = Counter()
        for word, times in words.items():
            again[merge_by_loop(word, best)] += times
        words = again
    return merges


def merge_by_loop(word, pair):
    result = []
    for token in word:
        result.append(token)
        if tuple(result[-2:]) == pair and not isinstance(result[-2], Done):
            result[-2:] = [Done(pair[0] + pair[1])]
    return tuple(bytes(token) for token in result)


class Done(bytes):
    """A token made in this pass: it does not take part in it again."""


@given(SMALL, st.integers(0, 12))
@settings(deadline=None)
def test_learning_equals_counting_afresh(texts, n_merges):
    """Counts that are kept up to date choose the same merges in the same order."""
    encoder = text.BytePairEncoder.learn(texts, vocab_size=257 + n_merges)
    spelled = [
        (encoder.id_to_bytes[first], encoder.id_to_bytes[second])
        for first, second in encoder.merges
    ]
    assert spelled == learn_by_loop(texts, n_merges)
    again = text.BytePairEncoder.learn(iter(texts[::-1]), vocab_size=257 + n_merges)
    assert again.merges == encoder.merges


def test_learning_english_equals_counting_afresh():
    """The same on English, until no pair occurs twice."""
    encoder = text.BytePairEncoder.learn([ENGLISH], vocab_size=10_000)
    spelled = [
        (encoder.id_to_bytes[first], encoder.id_to_bytes[second])
        for first, second in encoder.merges
    ]
    assert spelled == learn_by_loop([ENGLISH], 10_000)
    assert len(encoder) == 257 + len(spelled) < 10_000


@given(ANY_TEXT)
@example("\U0001f468\u200d\U0001f469 \x00\ufeff\u0301")
@example(" " * 70 + "x" * 70 + "\n \n" + "!" * 70)
def test_any_text_comes_back(one):
    """Encoding loses nothing, with merges and without."""
    for encoder in (TRAINED, text.BytePairEncoder(())):
        ids = encoder.encode(one)
        assert encoder.decode(ids) == one
        assert encoder.decode(np.array(ids, dtype=np.int32)) == one
        assert all(type(number) is int and 0 < number < len(encoder) for number in ids)
    assert text.BytePairEncoder(()).encode(one) == [byte + 1 for byte in one.encode()]


@given(st.text("ab Itwase,\n", max_size=30))
def test_encoding_applies_the_merges_in_order(one):
    """One pass of every merge over the pieces, first learned first, agrees."""
    expected = []
    for piece in pieces_by_rule(one):
        word = tuple(bytes([byte]) for byte in piece.encode())
        for first, second in TRAINED.merges:
            pair = TRAINED.id_to_bytes[first], TRAINED.id_to_bytes[second]
            word = merge_by_loop(word, pair)
        expected += word
    assert [TRAINED.id_to_bytes[number] for number in TRAINED.encode(one)] == expected


@given(ANY_TEXT)
@settings(deadline=None)
def test_file_gives_the_same_encoder(tmp_path_factory, one):
    """Merges learned from any text survive saving and loading."""
    path = tmp_path_factory.getbasetemp() / "byte-pairs.json"
    encoder = text.BytePairEncoder.learn([one, one], vocab_size=280)
    encoder.save(path)
    loaded = text.BytePairEncoder.load(path)
    assert loaded.merges == encoder.merges
    assert loaded.encode(one) == encoder.encode(one)


def test_frequent_words_become_one_token():
    """Where a word is frequent, it costs one token with its space, not one a letter."""
    assert [TRAINED.id_to_bytes[i] for i in TRAINED.encode(" was the best")][:2] == [
        b" was",
        b" the",
    ]
    assert len(TRAINED.encode(ENGLISH)) < len(ENGLISH) / 2.2


def test_padding_decodes_to_nothing():
    """Rows that `pad` filled with 0 decode to their texts."""
    rows = text.pad([TRAINED.encode("it was"), TRAINED.encode("times, times")])
    assert [TRAINED.decode(row) for row in rows] == ["it was", "times, times"]
    assert TRAINED.decode([]) == TRAINED.decode([0, 0]) == ""


def test_broken_characters_decode_to_a_sign():
    """Half a character, as a model may produce it, is shown and does not stop."""
    ids = text.BytePairEncoder(()).encode("a\u00e9")
    assert text.BytePairEncoder(()).decode(ids[:-1]) == "a\ufffd"


def test_empty_corpora_learn_nothing():
    """Without text, or with empty ones, the encoder is that of plain bytes."""
    for texts in ([], [""], ["", ""]):
        encoder = text.BytePairEncoder.learn(texts, vocab_size=300)
        assert len(encoder) == 257
        assert encoder.encode("") == []
        assert repr(encoder) == "BytePairEncoder(257 tokens, 0 merges)"


def test_memory_of_pieces_is_bounded(monkeypatch):
    """What has been encoded is remembered, but not without end."""
    monkeypatch.setattr(text.byte_pairs, "_N_REMEMBERED", 10)
    encoder = text.BytePairEncoder(TRAINED.merges)
    written = " ".join(f"w{number}" for number in range(50))
    assert encoder.decode(encoder.encode(written)) == written
    assert len(encoder._remembered) <= 10


@pytest.mark.parametrize("unit", ["a", " ", "\u4e2d\u6587", "ab!?  \n"])
def test_a_million_characters_without_words(unit):
    """Texts without spaces, or of nothing else, are cut into pieces of bounded size."""
    written = unit * (1_000_000 // len(unit))
    start = time.process_time()
    encoder = text.BytePairEncoder.learn([written], vocab_size=270)
    ids = encoder.encode(written)
    assert time.process_time() - start < 15
    assert encoder.decode(ids) == written


def test_a_million_letters_at_random_are_encoded_in_seconds():
    """The worst case: no piece occurs twice, and each takes many merges."""
    letters = np.random.default_rng(0).choice(list("itwashe "), 1_000_000)
    written = "".join(letters)
    start = time.process_time()
    ids = TRAINED.encode(written)
    assert time.process_time() - start < 20
    assert TRAINED.decode(ids) == written


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: TRAINED.encode("a\udc80"), ValueError, "lone surrogate .* 1:"),
        (lambda: TRAINED.encode(b"a"), TypeError, "must be a str, got bytes"),
        (lambda: TRAINED.decode([330]), ValueError, "between 0 and 287, got 330"),
        (lambda: TRAINED.decode([-1]), ValueError, "got -1 at position 0"),
        (lambda: TRAINED.decode("a"), TypeError, "one row at a time"),
        (
            lambda: text.BytePairEncoder.learn("a text", vocab_size=300),
            TypeError,
            "must be a list of sequences, got the str",
        ),
        (
            lambda: text.BytePairEncoder.learn(["ok", "\ud800"], vocab_size=300),
            ValueError,
            r"`texts\[1\]` must be valid Unicode",
        ),
        (
            lambda: text.BytePairEncoder.learn([], vocab_size=256),
            ValueError,
            "`vocab_size` must be at least 257, got 256",
        ),
        (lambda: text.BytePairEncoder(((0, 5),)), ValueError, "at least 1, got 0"),
        (lambda: text.BytePairEncoder(((5, 257),)), ValueError, "integers below 257"),
        (lambda: text.BytePairEncoder(((5, 6), (5, 6))), ValueError, "a new pair"),
        (lambda: text.BytePairEncoder((5,)), TypeError, "must be two integers, got 5"),
        (lambda: text.BytePairEncoder(((5, 6, 7),)), TypeError, "two integers"),
    ],
)
def test_wrong_arguments_are_refused(call, error, match):
    """Each mistake gets an error that names it."""
    with pytest.raises(error, match=match):
        call()


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("", "is not JSON"),
        ('{"format": "coursepkg.vocabulary", "version": 1}', "not of the format"),
        (
            '{"format": "coursepkg.byte_pairs", "version": 1, "merges": [[5, 900]]}',
            "integers below 257",
        ),
        (
            '{"format": "coursepkg.byte_pairs", "version": 1, "merges": [[5, 6.5]]}',
            "must be an integer",
        ),
    ],
)
def test_damaged_files_are_refused(tmp_path, content, match):
    """Whatever is wrong with a file, the error names the file and the reason."""
    path = tmp_path / "b.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=match) as caught:
        text.BytePairEncoder.load(path)
    assert str(path) in str(caught.value)
