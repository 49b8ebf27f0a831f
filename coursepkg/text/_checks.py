"""The checks of texts, tokens and ids that the modules of this room share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


def check_text(value: Any, name: str) -> str:
    """Return `value` if it is a text that can be written as UTF-8."""
    if not isinstance(value, str):
        hint = (
            'Decode it first: text.decode("utf-8").'
            if isinstance(value, (bytes, bytearray))
            else "Pass one text at a time."
        )
        message = f"`{name}` must be a str, got {type(value).__name__}. {hint}"
        raise TypeError(message)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        message = (
            f"`{name}` must be valid Unicode, got the lone surrogate "
            f"{value[error.start]!r} at character {error.start}: half of a character, "
            "which no file can hold. Read the text as UTF-8, or replace it with "
            'text.encode("utf-8", "replace").decode("utf-8").'
        )
        raise ValueError(message) from None
    return value


def check_tokens(value: Any, name: str) -> list[str]:
    """Return the tokens of one sequence as a list."""
    if isinstance(value, (str, bytes)):
        message = (
            f"`{name}` must be a list of tokens, got the {type(value).__name__} "
            f"{shortened(value)}. Cut it first, with `tokenize_words` or "
            "`tokenize_characters`; one token is passed as a list, too."
        )
        raise TypeError(message)
    try:
        tokens = list(value)
    except TypeError:
        message = (
            f"`{name}` must be a list of tokens, got {type(value).__name__}. "
            'Pass a sequence of str such as ["the", "cat"].'
        )
        raise TypeError(message) from None
    for position, token in enumerate(tokens):
        if not isinstance(token, str):
            message = (
                f"`{name}` must hold tokens of type str, got {shortened(token)} "
                f"({type(token).__name__}) at position {position}. "
                'Pass a flat sequence of str such as ["the", "cat"].'
            )
            raise TypeError(message)
    return tokens


def check_sequences(value: Any, name: str) -> Iterable[Any]:
    """Return `value` if it can be iterated and is not one text."""
    if isinstance(value, (str, bytes)):
        message = (
            f"`{name}` must be a list of sequences, got the {type(value).__name__} "
            f"{shortened(value)}. Put a single one into a list."
        )
        raise TypeError(message)
    if not isinstance(value, Iterable):
        message = (
            f"`{name}` must be a list of sequences, got {type(value).__name__}. "
            "Put a single one into a list."
        )
        raise TypeError(message)
    return value


def check_ids(value: Any, name: str, size: int) -> list[int]:
    """Return one row of integers between 0 and `size` - 1 as a list."""
    try:
        array = np.asarray(value if hasattr(value, "__len__") else list(value))
    except (TypeError, ValueError):
        array = np.empty((0, 0))
    if array.ndim != 1:
        message = (
            f"`{name}` must be a flat sequence of integers, got {shortened(value)}. "
            "Pass one row at a time."
        )
        raise TypeError(message)
    if array.size == 0:
        return []
    if array.dtype.kind not in "iu":
        message = (
            f"`{name}` must hold integers, got dtype {array.dtype}. "
            "Pass what `encode` returned, or the argmax of what a model returned."
        )
        raise TypeError(message)
    wrong = (array < 0) | (array >= size)
    if wrong.any():
        first = int(np.argmax(wrong))
        message = (
            f"`{name}` must lie between 0 and {size - 1}, got {array[first]} at "
            f"position {first}. Encode and decode with the same vocabulary."
        )
        raise ValueError(message)
    return array.tolist()


def shortened(value: Any) -> str:
    """Show a value in at most about 40 characters."""
    text = repr(value[:40] if isinstance(value, (str, bytes)) else value)
    return text if len(text) <= 40 else text[:37] + "..."
