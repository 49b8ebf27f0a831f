"""Cutting a text into characters, words and n-grams."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np

from coursepkg._validation import check_integer
from coursepkg.text._checks import check_text, check_tokens

_FLAG_LETTER = "[\U0001f1e6-\U0001f1ff]"  # two of them name a country
_JOINER = "\u200d"  # ties several emoji to one
_BETWEEN_LETTERS = "'\u2019\u200c\u200d"  # apostrophes, and the joiners of scripts


def tokenize_characters(text: str) -> list[str]:
    """Cut a text into its characters.

    Parameters
    ----------
    text : str
        Any text; may be empty.

    Returns
    -------
    list of str
        The code points of the text, white space among them, so that
        ``"".join(tokens)`` is the text again. What a screen shows as one character
        may be several: an e with a combining accent is two, a family emoji up to
        seven.

    Raises
    ------
    TypeError
        If `text` is not a str.
    ValueError
        If it holds a lone surrogate, half of a character.

    Examples
    --------
    >>> tokenize_characters("a cat")
    ['a', ' ', 'c', 'a', 't']
    """
    return list(check_text(text, "text"))


def tokenize_words(
    text: str, *, lowercase: bool = True, punctuation: bool = False
) -> list[str]:
    """Cut a text into words, numbers and emoji, with or without punctuation.

    Parameters
    ----------
    text : str
        Any text; may be empty.
    lowercase : bool
        Whether to make all letters small.
    punctuation : bool
        Whether each mark of punctuation is a token, too. By default all are dropped.

    Returns
    -------
    list of str
        The tokens in the order of the text.

    Raises
    ------
    TypeError
        If `text` is not a str.
    ValueError
        If it holds a lone surrogate, half of a character.

    Notes
    -----
    The text is first brought to Unicode's composed form (NFC), so that an accented
    letter is one character however it was typed. Then the leftmost of these is a
    token, again and again:

    - a *number*: digits, with points or commas between digits ("3.14", "25,000");
    - a *word*: letters, digits and the marks that belong to them, with apostrophes
      between letters ("don't"). A curly apostrophe becomes a straight one; one at the
      start or the end of a word is a quotation mark. A hyphen or an underscore ends a
      word: "well-known" is two;
    - an *emoji* or another pictograph, with its skin tone and with all that joiners
      tie to it, or two letters of a flag: one token, and never dropped;
    - a *mark* of punctuation or a symbol such as "$": a token of its own if
      `punctuation` is true.

    White space and invisible control characters are never tokens, and soft hyphens
    vanish from the words that they are in. Languages that
    write no spaces, such as Chinese or Thai, come out as one long word a phrase: use
    characters or byte pairs there.

    Examples
    --------
    >>> tokenize_words("Don't panic: it's only 3.14 well-known numbers!")
    ["don't", 'panic', "it's", 'only', '3.14', 'well', 'known', 'numbers']
    >>> tokenize_words("Good, not great.", lowercase=False, punctuation=True)
    ['Good', ',', 'not', 'great', '.']
    """
    # Soft hyphens only show where a word may be broken.
    text = unicodedata.normalize("NFC", check_text(text, "text").replace("\u00ad", ""))
    if lowercase:
        text = unicodedata.normalize("NFC", text.lower())
    pattern = _word_pattern("".join(sorted(filter(_is_special, set(text)))))
    tokens = []
    for match in pattern.finditer(text):
        if match.lastgroup == "word":
            tokens.append(match.group().replace("\u2019", "'"))
        elif match.lastgroup != "mark" or punctuation:
            tokens.append(match.group())
    return tokens


def ngrams(
    tokens: Iterable[str], n: int | Iterable[int], *, separator: str = " "
) -> list[str]:
    """List the runs of `n` neighbouring tokens.

    Parameters
    ----------
    tokens : sequence of str
        The tokens of one text: words, or characters.
    n : int or sequence of int
        Length of a run, at least 1. With several, such as ``range(1, 4)``, the runs of
        each length are listed one length after the other.
    separator : str
        What stands between the tokens of a run: a space for words, nothing for
        characters.

    Returns
    -------
    list of str
        ``len(tokens) - n + 1`` runs in the order of the text, repetitions included;
        none if the text is shorter. For the *set* of them, pass the list to `set`.

    Raises
    ------
    TypeError
        If `tokens` is a str, which has to be cut first, or `n` not an integer.
    ValueError
        If `n` is less than 1, or empty.

    Examples
    --------
    >>> ngrams(["the", "cat", "sat"], range(1, 3))
    ['the', 'cat', 'sat', 'the cat', 'cat sat']
    >>> ngrams(tokenize_characters("cats"), 3, separator="")
    ['cat', 'ats']
    """
    listed = check_tokens(tokens, "tokens")
    lengths: Any = [n] if np.ndim(n) == 0 else n  # type: ignore[arg-type]
    sizes = [check_integer(size, "n", minimum=1) for size in lengths]
    if not sizes:
        message = "`n` must be one length or several, got none. Pass range(1, 3), say."
        raise ValueError(message)
    if not isinstance(separator, str):
        message = (
            f"`separator` must be a str, got {type(separator).__name__}. "
            'Pass " " for words, "" for characters.'
        )
        raise TypeError(message)
    return [
        separator.join(listed[start : start + size])
        for size in sizes
        for start in range(len(listed) - size + 1)
    ]


def _is_special(character: str) -> bool:
    """Tell whether a regular expression has to be told what the character is."""
    return not character.isascii() and unicodedata.category(character)[0] in "MSC"


@lru_cache(maxsize=256)
def _word_pattern(special: str) -> re.Pattern[str]:
    """Compile the pattern for texts in which these special characters occur.

    The regular expressions of the standard library know letters, digits and white
    space, but neither combining marks nor pictographs: those of the text are listed.
    Characters that Unicode has not assigned yet (Cn) are taken for pictographs, since
    nearly all new ones are.
    """
    marks = tones = pictographs = hidden = ""
    for character in special:
        category = unicodedata.category(character)
        if category[0] == "M":
            marks += character
        elif category in ("Cc", "Cf"):
            hidden += character
        elif category in ("So", "Cn", "Co"):
            pictographs += character
        elif "\U0001f3fb" <= character <= "\U0001f3ff":
            tones += character
    letter = "[^\\W_]"
    attached = f"[{re.escape(marks)}]" if marks else "(?!)"
    run = f"{letter}(?:{letter}|{attached})*+" if marks else f"{letter}++"
    dress = f"[{re.escape(marks + tones)}\U000e0020-\U000e007f]*+"
    emoji = (
        f"[{re.escape(pictographs + tones)}]{dress}" if pictographs + tones else "(?!)"
    )
    kinds = {
        "key": "[0-9#*]\ufe0f?\u20e3",
        "number": r"\d++(?:[.,]\d++)++",
        "word": f"{run}(?:[{_BETWEEN_LETTERS}]{run})*+",
        "emoji": f"{_FLAG_LETTER}{{2}}|{emoji}(?:{_JOINER}[^\\s\\w]{dress})*+",
        "mark": f"[^\\s\\x00-\\x1f\\x7f{re.escape(hidden)}]{attached}*+",
    }
    return re.compile("|".join(f"(?P<{kind}>{one})" for kind, one in kinds.items()))
