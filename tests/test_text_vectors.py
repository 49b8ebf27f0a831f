"""Files of word vectors: round trips, damaged files byte by byte, bounded memory."""

import gzip
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from coursepkg import text
from coursepkg.text import vectors as module

CAT_DOG = text.Vocabulary.from_tokens([["cat", "dog"]])
WORD = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters=" \n\r"),
    min_size=1,
    max_size=6,
).filter(lambda word: word not in ("[PAD]", "[UNK]"))
SINGLE = st.floats(width=32, allow_nan=False, allow_infinity=False)


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def binary(*entries, head=None, end=b"\n"):
    """Write word2vec's format word by word, straight from its description."""
    dimension = len(entries[0][1]) if entries else 2
    raw = f"{len(entries)} {dimension}\n".encode() if head is None else head
    for word, numbers in entries:
        raw += word.encode() if isinstance(word, str) else word
        raw += b" " + struct.pack(f"<{len(numbers)}f", *numbers) + end
    return raw


@given(st.lists(WORD, unique=True, max_size=5), st.integers(1, 4), st.data())
@settings(deadline=None)
def test_both_formats_give_back_every_bit(tmp_path_factory, words, dimension, data):
    """What was written is read, to the last bit, and the special rows stay zero."""
    path = tmp_path_factory.getbasetemp() / "vectors"
    vocabulary = text.Vocabulary.from_tokens([words])
    shape = (len(vocabulary), dimension)
    matrix = data.draw(hnp.arrays(np.float32, shape, elements=SINGLE))
    expected = matrix.copy()
    expected[:2] = 0
    text.write_word2vec(path, vocabulary, matrix)
    result, found = text.read_word2vec(path, vocabulary)
    np.testing.assert_array_equal(result, expected)
    assert found.tolist() == [False, False] + [True] * len(words)
    text.write_glove(path, vocabulary, matrix)
    if words:
        result, found = text.read_glove(path, vocabulary)
        assert result.dtype == np.float32
        np.testing.assert_array_equal(result, expected)
        assert found.tolist() == [False, False] + [True] * len(words)
    else:
        with pytest.raises(ValueError, match="the file is empty"):
            text.read_glove(path, vocabulary)


def test_rows_follow_the_vocabulary_and_the_mask_tells_what_was_found(tmp_path):
    """Other words are passed over, absent words are zeros, the file's order is free."""
    path = write(tmp_path / "g.txt", "the 1 2\ndog 3 -4.5e-1\n[UNK] 8 8\n[PAD] 9 9\n")
    matrix, found = text.read_glove(path, CAT_DOG)
    np.testing.assert_array_equal(
        matrix, np.array([[0, 0], [0, 0], [0, 0], [3, -0.45]], np.float32)
    )
    assert found.tolist() == [False, False, False, True]
    path = write(tmp_path / "w.bin", binary(("the", (1, 2)), ("dog", (3, -0.5))))
    matrix, found = text.read_word2vec(path, CAT_DOG)
    assert matrix.tolist() == [[0, 0], [0, 0], [0, 0], [3, -0.5]]
    assert found.tolist() == [False, False, False, True]


def test_of_a_word_that_occurs_twice_the_first_vector_counts(tmp_path):
    """Later vectors of a word are passed over in both formats."""
    path = write(tmp_path / "g.txt", "cat 1 1\ncat 2 2\n")
    assert text.read_glove(path, CAT_DOG)[0][2].tolist() == [1, 1]
    path = write(tmp_path / "w.bin", binary(("cat", (1, 1)), ("cat", (2, 2))))
    assert text.read_word2vec(path, CAT_DOG)[0][2].tolist() == [1, 1]


def test_glove_words_may_contain_spaces(tmp_path):
    """The words of glove.840B with spaces are read, on the first line, too."""
    vocabulary = text.Vocabulary.from_tokens([[". . .", "at name@domain.com", "7"]])
    lines = [". . . 1 2", "at name@domain.com 3 4", "7 5 6"]
    for turn in range(3):
        content = "\n".join(lines[turn:] + lines[:turn])
        path = write(tmp_path / "g.txt", content)
        matrix, found = text.read_glove(path, vocabulary)
        assert found[2:].all()
        for line in lines:
            word, *numbers = line.rsplit(" ", 2)
            row = matrix[vocabulary.token_to_id[word]]
            assert row.tolist() == [float(number) for number in numbers]


def test_glove_takes_other_line_ends(tmp_path):
    """Windows' line ends, spaces at the end and odd Unicode spaces do no harm."""
    vocabulary = text.Vocabulary.from_tokens([["cat", "a\u0085b", "\u00a0"]])
    content = "cat 1 2\r\na\u0085b 3 4 \n\u00a0 5 6"
    matrix, found = text.read_glove(write(tmp_path / "g.txt", content), vocabulary)
    assert found[2:].all()
    assert sorted(matrix[2:, 0].tolist()) == [1, 3, 5]


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("", "line 1 is missing, the file is empty"),
        ("cat\n", "line 1 has 0 numbers after a word, expected at least 1"),
        ("cat 1 2\ndog 1\n", "line 2 has 1 numbers after a word, expected 2"),
        ("cat 1 2\nthe 1 2 3\n", "line 2 has 3 numbers after a word, expected 2"),
        ("cat 1 2\ndog 1 2\n\nbird 1 2", "line 3 has 0 numbers after a word"),
        ("cat 1 2\n 1 2\n", "line 2 has a space where a word should begin"),
        ("cat 1 2\nthe  1 2\n", "line 2 has a space where a word should begin"),
        ("cat 1 2\ndog 1 x\n", "line 2 has b'x' as its number 2"),
        ("cat 1 2\nthe y 2\n", "line 2 has b'y' as its number 1"),
        ("cat 1 2\ndog 1-1 2\n", "line 2 has b'1-1' as its number 1"),
        ("cat 1 2\ndog 1 nan\n", "line 2 has b'nan' as its number 2"),
        ("cat 1 2\ndog 1_0 2\n", "line 2 has b'1_0' as its number 1"),
        ("cat 1 2\ndog 1 1e99\n", "line 2 has a number that is too large"),
        ("cat 1 2\ndog 1  2\n", "line 2 has .* expected 2"),
        ("cat 1 2\nthe  2\n", "line 2 has b'' as its number 1"),
        ("cat 1 2 3\nthe 1  3\n", "line 2 has b'' as its number 2"),
        ("cat\t1\t2\n", "line 1 has 0 numbers"),
        ("cat 1 x 2\n", "line 1 has something between its numbers"),
        ("2 2\ncat 1 2\n", "line 2 .*if line 1 is a count .* remove it"),
        (b"cat 1 2\nd\xff\xc3g 1 2\n", "line 2 is not UTF-8 at its byte 1"),
        (b"cat 1 2\n" + b"x" * 2_000_000, "line 2 is longer than 1048576 bytes"),
    ],
)
def test_damaged_glove_files_are_refused(tmp_path, content, match):
    """The error names the file and the line, and says what is there."""
    path = write(tmp_path / "g.txt", content)
    with pytest.raises(ValueError, match=match) as caught:
        text.read_glove(path, CAT_DOG)
    assert str(path) in str(caught.value)


def test_every_cut_of_a_glove_line_is_noticed(tmp_path):
    """A file that ends within a line is refused unless only digits are missing."""
    whole = b"cat 0.25 -1.5\ndog 1.5 2.75\n"
    cut_numbers = range(whole.index(b"2.75") + 1, len(whole))
    for end in range(whole.index(b"dog") + 1, len(whole)):
        path = write(tmp_path / "g.txt", whole[:end])
        if end in cut_numbers:
            text.read_glove(path, CAT_DOG)
        else:
            with pytest.raises(ValueError, match="line 2"):
                text.read_glove(path, CAT_DOG)


@pytest.mark.parametrize("pack", ["gzip", "zip"])
def test_compressed_files_are_read(tmp_path, pack):
    """gzip and zip are recognised by their first bytes, whatever the file's name."""
    content = b"cat 1 2\ndog 3 4\n"
    path = tmp_path / "g.txt"
    if pack == "gzip":
        path.write_bytes(gzip.compress(content))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("glove.2d.txt", content)
    assert text.read_glove(path, CAT_DOG)[0][2:].tolist() == [[1, 2], [3, 4]]
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 9])
    with pytest.raises(ValueError, match="`path` must be"):
        text.read_glove(path, CAT_DOG)


def test_archive_with_several_files_needs_a_name(tmp_path):
    """As in glove.6B.zip: the error lists the names, and a name selects."""
    path = tmp_path / "g.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("g.1d.txt", "cat 7\n")
        archive.writestr("g.2d.txt", "cat 1 2\n")
    with pytest.raises(ValueError, match="Pass one of: g.1d.txt, g.2d.txt"):
        text.read_glove(path, CAT_DOG)
    with pytest.raises(ValueError, match="got 'g.3d.txt'"):
        text.read_glove(path, CAT_DOG, member="g.3d.txt")
    matrix, _ = text.read_glove(path, CAT_DOG, member="g.2d.txt")
    assert matrix[2].tolist() == [1, 2]


def test_word2vec_is_read_with_and_without_line_feeds(tmp_path):
    """The two variants in use, and a packed file, give the same matrix."""
    entries = [("caf\u00e9", (9, 10)), ("cat", (10, 32)), ("dog", (3, 4))]
    for name, raw in {
        "a": binary(*entries),
        "b": binary(*entries, end=b""),
        "c": gzip.compress(binary(*entries)),
    }.items():
        matrix, found = text.read_word2vec(write(tmp_path / name, raw), CAT_DOG)
        assert matrix[2:].tolist() == [[10, 32], [3, 4]]
        assert found[2:].all()


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "byte 0 does not begin a line"),
        (b"cat 1 2\n", "byte 0 does not begin a line"),
        (b"1 -2\n", "byte 0 does not begin a line"),
        (b"x" * 200, "byte 0 does not begin a line"),
        (b"1 0\n", "byte 0 promises 0 numbers a word"),
        (b"1 99999999\n", "byte 0 promises 99999999 numbers a word"),
        (binary(("cat", (1, 2)), head=b"2 2\n"), "byte 17 is near the end, but 1 wor"),
        (binary(("cat", (1, 2)), head=b"0 2\n"), "byte 4 should be the end"),
        (binary(("cat", (1, 2)))[:-4], "byte 13 is where the file ends, .* word 1 of"),
        (binary((b"d\xffg", (1, 2))), "byte 5 is not UTF-8"),
        (binary(("", (1, 2))), "byte 4 is a space where a word should be"),
        (binary(("cat", (1, np.inf))), "byte 12 begins a number that is not finite"),
        (b"1 2\n" + b"x" * 70_000, "byte 4 has no space after a word"),
    ],
)
def test_damaged_word2vec_files_are_refused(tmp_path, content, match):
    """The error names the file and the byte, counted from 0."""
    path = write(tmp_path / "w.bin", content)
    with pytest.raises(ValueError, match=match) as caught:
        text.read_word2vec(path, CAT_DOG)
    assert str(path) in str(caught.value)


def test_every_cut_of_a_word2vec_file_is_noticed(tmp_path):
    """Wherever the file ends too early, reading fails; only the last feed may lack."""
    whole = binary(("the", (1, 2)), ("cat", (3, 4)))
    for end in range(len(whole) - 1):
        with pytest.raises(ValueError, match="byte [0-9]+ "):
            text.read_word2vec(write(tmp_path / "w.bin", whole[:end]), CAT_DOG)
    text.read_word2vec(write(tmp_path / "w.bin", whole[:-1]), CAT_DOG)
    packed = gzip.compress(whole)
    with pytest.raises(ValueError, match="byte 0 cannot be unpacked"):
        text.read_word2vec(write(tmp_path / "w.gz", packed[:-9]), CAT_DOG)


def test_positions_stay_right_beyond_the_first_block(tmp_path, monkeypatch):
    """Small blocks, words on their borders, and the byte of an error far inside."""
    monkeypatch.setattr(module, "_BLOCK", 64)
    monkeypatch.setattr(module, "_LONGEST_WORD", 32)
    words = [f"w{number}" for number in range(300)]
    vocabulary = text.Vocabulary.from_tokens([words])
    matrix = np.arange(2.0 * 302).reshape(302, 2)
    matrix[:2] = 0
    path = tmp_path / "w.bin"
    text.write_word2vec(path, vocabulary, matrix)
    result, found = text.read_word2vec(path, vocabulary)
    np.testing.assert_array_equal(result, matrix)
    assert found[2:].all()
    whole = bytearray(path.read_bytes())
    place = whole.index(b"w250")
    whole[place + 1] = 0xFF
    path.write_bytes(whole)
    with pytest.raises(ValueError, match=f"byte {place + 1} is not UTF-8"):
        text.read_word2vec(path, vocabulary)


def test_a_large_file_needs_little_memory(tmp_path):
    """40,000 words of 50 numbers, 16 MB, are read in the matrix and 4 MB."""
    path = tmp_path / "g.txt"
    numbers = " 0.12345" * 50
    with path.open("w") as file:
        file.writelines(f"w{number}{numbers}\n" for number in range(40_000))
    vocabulary = text.Vocabulary.from_tokens([[f"w{n}" for n in range(0, 40_000, 40)]])
    tracemalloc.start()
    try:
        matrix, found = text.read_glove(path, vocabulary)
        _, peak = tracemalloc.get_traced_memory()
        assert found.sum() == 1000
        assert peak < matrix.nbytes + 4e6
        text.write_word2vec(path, vocabulary, matrix)
        raw = path.read_bytes().split(b"\n", 1)[1]
        with path.open("wb") as file:
            file.write(b"40000 50\n")
            for _ in range(40):
                file.write(raw)
        del raw
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        again, _ = text.read_word2vec(path, vocabulary)
        _, peak = tracemalloc.get_traced_memory()
        np.testing.assert_array_equal(again, matrix)
        assert peak - before < matrix.nbytes + 5e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_progress_is_silent_unless_asked_for(tmp_path, capfd, pack):
    """Nothing is written by default; True draws a bar; a callable gets the bytes."""
    numbers = b" 0.12345" * 50
    content = b"".join(b"w%d%b\n" % (number, numbers) for number in range(8000))
    path = write(tmp_path / "g", pack(content))
    size = path.stat().st_size
    text.read_glove(path, CAT_DOG)
    assert capfd.readouterr() == ("", "")
    text.read_glove(path, CAT_DOG, progress=True)
    out, err = capfd.readouterr()
    assert (out, err[-1], err[0]) == ("", "\n", "\r")
    assert "100% of" in err
    calls = []
    text.read_glove(path, CAT_DOG, progress=lambda *call: calls.append(call))
    done = [call[0] for call in calls]
    assert {call[1] for call in calls} == {size}
    assert done == sorted(done)
    assert done[-1] == size
    if pack is bytes:
        assert len(done) >= 3
    raw = binary(*[("w", (1.0,) * 50)] * 8000)
    calls.clear()
    path = write(tmp_path / "w", pack(raw))
    text.read_word2vec(path, CAT_DOG, progress=lambda *call: calls.append(call))
    assert calls[-1] == (path.stat().st_size,) * 2
    with pytest.raises(TypeError, match="`progress` must be True, False or callable"):
        text.read_glove(path, CAT_DOG, progress="bar")


@pytest.mark.parametrize("writer", [text.write_glove, text.write_word2vec])
def test_writers_refuse_what_cannot_be_read_back(tmp_path, writer):
    """Wrong shapes, numbers that are not finite and impossible words are named."""
    path = tmp_path / "v"
    with pytest.raises(ValueError, match=r"one row for each of the 4 .* \(2, 3\)"):
        writer(path, CAT_DOG, np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"got the shape \(4, 0\)"):
        writer(path, CAT_DOG, np.zeros((4, 0)))
    with pytest.raises(ValueError, match="`matrix` must be finite"):
        writer(path, CAT_DOG, np.full((4, 1), 1e99))
    with pytest.raises(TypeError, match="must be a Vocabulary, got list"):
        writer(path, ["cat"], np.zeros((1, 1)))
    for word in ("", "a\nb", "top 10", " a", "a\r "):
        vocabulary = text.Vocabulary.from_tokens([[word]])
        with pytest.raises(ValueError, match="must hold words that a"):
            writer(path, vocabulary, np.zeros((3, 2)))
    assert not path.exists()


def test_readers_refuse_other_arguments(tmp_path):
    """A list of words is no vocabulary, and a missing file is named."""
    for reader in (text.read_glove, text.read_word2vec):
        with pytest.raises(TypeError, match="must be a Vocabulary, got list"):
            reader(tmp_path / "v", ["cat"])
        with pytest.raises(FileNotFoundError, match="none"):
            reader(tmp_path / "none", CAT_DOG)
