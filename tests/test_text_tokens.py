"""Tokenizers and n-grams: hand-made cases, definitions by loops, any Unicode."""

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursepkg import text

ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",)))
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@given(ANY_TEXT)
def test_characters_join_to_the_text(one):
    """Cutting into characters loses nothing and makes tokens of length 1."""
    tokens = text.tokenize_characters(one)
    assert "".join(tokens) == one
    assert all(len(token) == 1 for token in tokens)


@pytest.mark.parametrize(
    ("written", "tokens"),
    [
        ("", []),
        (" \t\n\u00a0\u2003", []),
        ("The cat sat on the mat.", ["the", "cat", "sat", "on", "the", "mat"]),
        ("Don't, won\u2019t", ["don't", "won't"]),
        ("'tis the dogs' \u2018quoted\u2019", ["tis", "the", "dogs", "quoted"]),
        ("rock'n'roll O'Brien's", ["rock'n'roll", "o'brien's"]),
        ("well-known snake_case", ["well", "known", "snake", "case"]),
        ("3.14, 25,000 and 1.", ["3.14", "25,000", "and", "1"]),
        ("2nd 3.5kg 10%", ["2nd", "3.5", "kg", "10"]),
        ("caf\u00e9 cafe\u0301", ["caf\u00e9", "caf\u00e9"]),
        ("STRASSE \u0130stanbul", ["strasse", "i\u0307stanbul"]),
        (
            "\u0939\u093f\u0928\u094d\u0926\u0940 \u092e\u0947\u0902",
            ["\u0939\u093f\u0928\u094d\u0926\u0940", "\u092e\u0947\u0902"],
        ),
        ("\u0646\u0645\u06cc\u200c\u062e", ["\u0646\u0645\u06cc\u200c\u062e"]),
        ("e\u00ad\u0301", ["\u00e9"]),
        ("co\u00adop \ufeffx\x00y", ["coop", "x", "y"]),
        ("fun\U0001f600\U0001f600!", ["fun", "\U0001f600", "\U0001f600"]),
        (f"{FAMILY} {ENGLAND}", [FAMILY, ENGLAND]),
        ("\U0001f44d\U0001f3fd ok", ["\U0001f44d\U0001f3fd", "ok"]),
        (
            "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7",
            ["\U0001f1e9\U0001f1ea", "\U0001f1eb\U0001f1f7"],
        ),
        ("\u2764\ufe0f 1\ufe0f\u20e3", ["\u2764\ufe0f", "1\ufe0f\u20e3"]),
        ("\u4e2d\u6587\u3002", ["\u4e2d\u6587"]),
    ],
)
def test_words_of_hand_made_texts(written, tokens):
    """Each documented rule holds on a text made for it."""
    assert text.tokenize_words(written) == tokens


def test_punctuation_becomes_tokens_on_request():
    """Every visible mark is a token of its own, and the words stay as they are."""
    written = 'He said: "Not good\u2026" -- $5, __why__?!'
    tokens = text.tokenize_words(written, lowercase=False, punctuation=True)
    assert tokens == (
        [
            "He",
            "said",
            ":",
            '"',
            "Not",
            "good",
            "…",
            '"',
            "-",
            "-",
            "$",
            "5",
            ",",
            "_",
            "_",
            "why",
            "_",
            "_",
            "?",
            "!",
        ]
    )
    words = [token for token in tokens if token[0].isalnum()]
    assert text.tokenize_words(written, lowercase=False) == words


@given(ANY_TEXT, st.booleans(), st.booleans())
@settings(deadline=None)
def test_words_are_found_again_between_spaces(one, lowercase, punctuation):
    """Tokens joined by spaces are cut into the same tokens; letters are never lost."""
    options = {"lowercase": lowercase, "punctuation": punctuation}
    tokens = text.tokenize_words(one, **options)
    assert text.tokenize_words(" ".join(tokens), **options) == tokens
    assert all(token and not any(map(str.isspace, token)) for token in tokens)
    made_small = unicodedata.normalize("NFC", one.replace("\u00ad", ""))
    if lowercase:
        made_small = unicodedata.normalize("NFC", made_small.lower())
    assert [c for c in made_small if c.isalnum()] == [
        c for token in tokens for c in token if c.isalnum()
    ]
    if punctuation:
        visible = [c for c in made_small if unicodedata.category(c)[0] == "P"]
        kept = [c for token in tokens for c in token]
        assert len([c for c in kept if unicodedata.category(c)[0] == "P"]) == len(
            visible
        )


def test_plain_english_equals_a_loop():
    """On lower-case words between spaces nothing differs from str.split."""
    written = "the cat sat on the mat and ran " * 50
    assert text.tokenize_words(written) == written.split()


@pytest.mark.parametrize("unit", ["1", "1,", "a'", "\U0001f468\u200d", "\u0301", "-"])
def test_a_million_characters_take_no_longer_than_they_must(unit):
    """No text sends the regular expression into endless backtracking."""
    start = time.process_time()
    text.tokenize_words(unit * (1_000_000 // len(unit)), punctuation=True)
    assert time.process_time() - start < 10


@given(st.lists(st.sampled_from("abc"), max_size=12), st.integers(1, 5))
def test_ngrams_equal_the_definition(tokens, n):
    """The k-th n-gram is the tokens k ... k + n - 1."""
    expected = []
    for start in range(len(tokens)):
        run = tokens[start : start + n]
        if len(run) == n:
            expected.append("+".join(run))
    assert text.ngrams(tokens, n, separator="+") == expected
    assert text.ngrams(iter(tokens), [n, 1], separator="+") == expected + tokens


def test_ngrams_of_the_cat():
    """The sets of S4's example come out, of words and of characters."""
    words = ["The", "cat", "sat", "on", "the", "mat"]
    assert set(text.ngrams(words, range(1, 3))) == {
        *words,
        "The cat",
        "cat sat",
        "sat on",
        "on the",
        "the mat",
    }
    assert text.ngrams(["c", "a", "t"], 2, separator="") == ["ca", "at"]


@pytest.mark.parametrize("cut", [text.tokenize_characters, text.tokenize_words])
def test_what_is_no_text_is_refused(cut):
    """Bytes, numbers and lone surrogates get errors that say what to do."""
    with pytest.raises(TypeError, match=r'bytes.*decode\("utf-8"\)'):
        cut(b"cat")
    with pytest.raises(TypeError, match="must be a str, got int"):
        cut(3)
    with pytest.raises(ValueError, match="lone surrogate .* at character 2"):
        cut("ab\ud83d\n")


def test_ngrams_refuse_what_they_cannot_cut():
    """An uncut text, a length of 0, no length and odd tokens are refused."""
    with pytest.raises(TypeError, match="got the str 'the cat'"):
        text.ngrams("the cat", 2)
    with pytest.raises(ValueError, match="`n` must be at least 1, got 0"):
        text.ngrams(["a"], 0)
    with pytest.raises(ValueError, match="got none"):
        text.ngrams(["a"], [])
    with pytest.raises(TypeError, match="`n` must be an integer"):
        text.ngrams(["a"], 1.5)
    with pytest.raises(TypeError, match="at position 1"):
        text.ngrams(["a", 1], 1)
    with pytest.raises(TypeError, match="`separator` must be a str"):
        text.ngrams(["a"], 1, separator=None)
    with pytest.raises(TypeError, match="`tokens` must be a list of tokens, got int"):
        text.ngrams(3, 1)
