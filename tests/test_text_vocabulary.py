"""The vocabulary: order, round trips, files, and everything that is refused."""

import copy
import json
import os
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursepkg import text
from coursepkg.text import _files

TOKEN = st.text(st.characters(exclude_categories=("Cs",)), max_size=6)
SEQUENCES = st.lists(st.lists(TOKEN | st.sampled_from("abc"), max_size=8), max_size=6)


def vocabulary_by_loop(sequences, max_size=None, min_count=1):
    """Count with a plain dictionary and pick the best token again and again."""
    counts = {}
    for tokens in sequences:
        for token in tokens:
            counts[token] = counts.get(token, 0) + 1
    result = ["[PAD]", "[UNK]"]
    for special in result:
        counts.pop(special, None)
    while counts and (max_size is None or len(result) < max_size):
        most = max(counts.values())
        if most < min_count:
            break
        best = min(token for token, count in counts.items() if count == most)
        result.append(best)
        del counts[best]
    return tuple(result)


@given(SEQUENCES, st.none() | st.integers(2, 9), st.integers(1, 3))
def test_order_equals_a_loop(sequences, max_size, min_count):
    """Falling count, ties by code points, both limits: as plain counting has it."""
    options = {"max_size": max_size, "min_count": min_count}
    vocabulary = text.Vocabulary.from_tokens(sequences, **options)
    assert vocabulary.id_to_token == vocabulary_by_loop(sequences, **options)
    assert len(vocabulary) == len(vocabulary.id_to_token)
    backwards = [tokens[::-1] for tokens in reversed(sequences)]
    again = text.Vocabulary.from_tokens(iter(backwards), **options)
    assert again.id_to_token == vocabulary.id_to_token


@given(SEQUENCES)
def test_known_tokens_come_back(sequences):
    """Decoding what was encoded gives the same tokens, even special ones."""
    vocabulary = text.Vocabulary.from_tokens(sequences)
    for tokens in sequences:
        ids = vocabulary.encode(tokens)
        assert vocabulary.decode(ids) == tokens
        assert vocabulary.decode(np.array(ids, dtype=np.int32)) == tokens
        assert all(type(number) is int for number in ids)


@given(SEQUENCES)
@settings(deadline=None)
def test_file_gives_the_same_vocabulary(tmp_path_factory, sequences):
    """Saving and loading change nothing, whatever characters the tokens have."""
    path = tmp_path_factory.mktemp("vocabulary") / "v.json"
    vocabulary = text.Vocabulary.from_tokens(sequences)
    vocabulary.save(path)
    assert text.Vocabulary.load(path).id_to_token == vocabulary.id_to_token
    assert os.listdir(path.parent) == ["v.json"]


def test_unknown_tokens_are_one_and_padding_is_zero():
    """An unseen token becomes 1, which decodes to [UNK]; 0 decodes to [PAD]."""
    vocabulary = text.Vocabulary.from_tokens([["b", "a", "b"]])
    assert vocabulary.id_to_token == ("[PAD]", "[UNK]", "b", "a")
    assert vocabulary.encode(["a", "zebra", "", "b"]) == [3, 1, 1, 2]
    assert vocabulary.decode([0, 1, 2]) == ["[PAD]", "[UNK]", "b"]
    assert vocabulary.encode([]) == vocabulary.decode([]) == []
    assert repr(vocabulary) == "Vocabulary(4 tokens: 'b', 'a')"


def test_empty_corpus_gives_the_two_special_tokens():
    """No text, and texts without tokens, are corpora like any other."""
    for corpus in ([], [[]], [[], ()]):
        vocabulary = text.Vocabulary.from_tokens(corpus)
        assert vocabulary.id_to_token == ("[PAD]", "[UNK]")
        assert vocabulary.encode(["a"]) == [1]


def test_mapping_is_read_only_and_agrees_with_the_tuple():
    """token_to_id inverts id_to_token and cannot be written to."""
    vocabulary = text.Vocabulary.from_tokens([["a", "b"]])
    assert [vocabulary.id_to_token[i] for i in vocabulary.token_to_id.values()] == list(
        vocabulary.token_to_id
    )
    with pytest.raises(TypeError):
        vocabulary.token_to_id["c"] = 9
    with pytest.raises(AttributeError):
        vocabulary.id_to_token = ()


def test_vocabulary_can_be_copied_and_sent_to_another_process():
    """Deep copies and pickles encode as the original does."""
    vocabulary = text.Vocabulary.from_tokens([["a", "b"]])
    for other in (copy.deepcopy(vocabulary), pickle.loads(pickle.dumps(vocabulary))):
        assert other.encode(["b", "c"]) == vocabulary.encode(["b", "c"])


def test_a_million_tokens():
    """A text of a million characters is counted and encoded."""
    tokens = text.tokenize_characters("to be or not to be, " * 50_000)
    vocabulary = text.Vocabulary.from_tokens([tokens])
    ids = vocabulary.encode(tokens)
    assert len(ids) == 1_000_000
    assert vocabulary.decode(ids[:20]) == list("to be or not to be, ")


def test_uncut_texts_are_refused():
    """A str where tokens are wanted would silently become characters."""
    vocabulary = text.Vocabulary.from_tokens([["a"]])
    with pytest.raises(TypeError, match="`tokens` must be a list of tokens"):
        vocabulary.encode("a cat")
    with pytest.raises(TypeError, match=r"`sequences\[0\]` must be a list of tokens"):
        text.Vocabulary.from_tokens(["the", "cat"])
    with pytest.raises(TypeError, match="`sequences` must be a list of sequences"):
        text.Vocabulary.from_tokens("the cat")
    with pytest.raises(TypeError, match="`sequences` must be a list of sequences"):
        text.Vocabulary.from_tokens(3)
    with pytest.raises(TypeError, match=r"`sequences\[1\]` must hold tokens"):
        text.Vocabulary.from_tokens([["a"], [3]])


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"max_size": 1}, ValueError, "`max_size` must be at least 2, got 1"),
        ({"max_size": 2.5}, TypeError, "`max_size` must be an integer"),
        ({"min_count": 0}, ValueError, "`min_count` must be at least 1, got 0"),
    ],
)
def test_sizes_out_of_range_are_refused(options, error, match):
    """The two special tokens need room, and a token must occur."""
    with pytest.raises(error, match=match):
        text.Vocabulary.from_tokens([["a"]], **options)


@pytest.mark.parametrize(
    ("ids", "error", "match"),
    [
        ([1, 3], ValueError, "between 0 and 2, got 3 at position 1"),
        ([-1], ValueError, "between 0 and 2, got -1 at position 0"),
        ([1.0], TypeError, "must hold integers, got dtype float64"),
        ([[1]], TypeError, "one row at a time"),
        ([[1], [1, 2]], TypeError, "one row at a time"),
        (2, TypeError, "one row at a time"),
        ([True], TypeError, "must hold integers, got dtype bool"),
    ],
)
def test_ids_out_of_range_are_refused(ids, error, match):
    """A negative integer would silently count from the end."""
    with pytest.raises(error, match=match):
        text.Vocabulary.from_tokens([["a"]]).decode(ids)


@pytest.mark.parametrize(
    ("tokens", "error", "match"),
    [
        (("a", "b"), ValueError, "must begin with"),
        (("[PAD]",), ValueError, "must begin with"),
        (("[PAD]", "[UNK]", "a", "a"), ValueError, "'a' more than once"),
        (("[PAD]", "[UNK]", "\ud800"), ValueError, r"id_to_token\[2\].*surrogate"),
        (("[PAD]", "[UNK]", 3), TypeError, "must hold tokens of type str"),
    ],
)
def test_wrong_tables_are_refused(tokens, error, match):
    """A vocabulary of one's own needs the special tokens, once each."""
    with pytest.raises(error, match=match):
        text.Vocabulary(tokens)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "line 1, column 1 is not JSON"),
        (b'{"format": "coursepkg.vocabulary", "tok', "is not JSON"),
        (b"\xff\xfe", "byte 0 is not UTF-8"),
        (b"[1, 2]", 'not of the format "coursepkg.vocabulary"'),
        (b'{"format": "coursepkg.byte_pairs", "version": 1}', "not of the format"),
        (b'{"format": "coursepkg.vocabulary", "version": 2}', "the version 2"),
        (b'{"format": "coursepkg.vocabulary", "version": 1}', 'no list "tokens"'),
        (
            b'{"format": "coursepkg.vocabulary", "version": 1, "tokens": ["a"]}',
            "must begin with",
        ),
        (b"[" * 100_000, "cannot be read"),
    ],
)
def test_damaged_files_are_refused(tmp_path, content, match):
    """Whatever is wrong with a file, the error names the file and the reason."""
    path = tmp_path / "v.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=match) as caught:
        text.Vocabulary.load(path)
    assert str(path) in str(caught.value)


def test_every_cut_of_a_file_is_noticed(tmp_path):
    """A file that ends too early never loads as a smaller vocabulary."""
    path = tmp_path / "v.json"
    text.Vocabulary.from_tokens([["a", "\u00e9", "\U0001f600"]]).save(path)
    whole = path.read_bytes().rstrip()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        with pytest.raises(ValueError, match="Save it again"):
            text.Vocabulary.load(path)


def test_failing_save_leaves_the_old_file(tmp_path, monkeypatch):
    """A disk that is full in the middle neither harms the old file nor leaves a new."""
    path = tmp_path / "v.json"
    old = text.Vocabulary.from_tokens([["old"]])
    old.save(path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        text.Vocabulary.from_tokens([["new"]]).save(path)
    assert text.Vocabulary.load(path).id_to_token == old.id_to_token
    assert os.listdir(tmp_path) == ["v.json"]


def test_saving_keeps_or_sets_the_usual_permissions(tmp_path):
    """A new file has the mode that new files have; an old one keeps its own."""
    path, plain = tmp_path / "v.json", tmp_path / "plain"
    plain.write_text("x")
    vocabulary = text.Vocabulary.from_tokens([["a"]])
    vocabulary.save(path)
    assert path.stat().st_mode == plain.stat().st_mode
    path.chmod(0o640)
    vocabulary.save(path)
    assert json.loads(path.read_text(encoding="utf-8"))["tokens"][2] == "a"
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o640


def test_missing_folders_and_files_are_named(tmp_path):
    """Saving needs a folder, loading a file, and a folder is no file."""
    vocabulary = text.Vocabulary.from_tokens([["a"]])
    with pytest.raises(FileNotFoundError, match="Make the folder"):
        vocabulary.save(tmp_path / "none" / "v.json")
    with pytest.raises(IsADirectoryError, match="Add a file name"):
        vocabulary.save(tmp_path)
    with pytest.raises(FileNotFoundError):
        text.Vocabulary.load(tmp_path / "none.json")
