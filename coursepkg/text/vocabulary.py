"""The two-way table between tokens and integers."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from coursepkg._validation import check_integer
from coursepkg.text._checks import (
    check_ids,
    check_sequences,
    check_text,
    check_tokens,
    shortened,
)
from coursepkg.text._files import damaged, load_json, save_json

_SPECIAL = ("[PAD]", "[UNK]")
_UNKNOWN_ID = 1


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Tokens and their integers: 0 is padding, 1 is every unknown token.

    Make one with `Vocabulary.from_tokens` from training texts, or with
    `Vocabulary.load`.

    Parameters
    ----------
    id_to_token : tuple of str
        The token of each integer; the first two are "[PAD]" and "[UNK]", and none
        occurs twice.

    Raises
    ------
    TypeError
        If a token is not a str.
    ValueError
        If the first two are not the special ones, if a token occurs twice, or if one
        holds a lone surrogate.

    Examples
    --------
    >>> from coursepkg import text
    >>> texts = ["The cat sat.", "The cat ran, the dog sat."]
    >>> tokens = [text.tokenize_words(one) for one in texts]
    >>> vocabulary = text.Vocabulary.from_tokens(tokens, max_size=5)
    >>> vocabulary.id_to_token
    ('[PAD]', '[UNK]', 'the', 'cat', 'sat')
    >>> vocabulary.encode(["the", "dog", "sat"])
    [2, 1, 4]
    >>> vocabulary.decode([2, 1, 4])
    ['the', '[UNK]', 'sat']
    """

    id_to_token: tuple[str, ...]
    _ids: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the tokens and turn the table round."""
        tokens = tuple(check_tokens(self.id_to_token, "id_to_token"))
        if tokens[:2] != _SPECIAL:
            message = (
                f"`id_to_token` must begin with {_SPECIAL[0]!r} and {_SPECIAL[1]!r}, "
                f"got {shortened(tokens[:2])}. Use `Vocabulary.from_tokens`, which "
                "puts them there."
            )
            raise ValueError(message)
        ids = {token: number for number, token in enumerate(tokens)}
        if len(ids) < len(tokens):
            double = next(token for n, token in enumerate(tokens) if ids[token] != n)
            message = (
                f"`id_to_token` must hold each token once, got {shortened(double)} "
                "more than once. Use `Vocabulary.from_tokens`, which counts them."
            )
            raise ValueError(message)
        for number, token in enumerate(tokens):
            check_text(token, f"id_to_token[{number}]")
        object.__setattr__(self, "id_to_token", tokens)
        object.__setattr__(self, "_ids", ids)

    @classmethod
    def from_tokens(
        cls,
        sequences: Iterable[Iterable[str]],
        *,
        max_size: int | None = None,
        min_count: int = 1,
    ) -> Vocabulary:
        """Collect the vocabulary of tokenized texts, the most frequent tokens first.

        Parameters
        ----------
        sequences : iterable of sequences of str
            The tokens of each text. Pass those of the *training* texts only.
        max_size : int, optional
            Largest size, with padding and unknown; at least 2. By default all fit.
        min_count : int
            How often a token must occur to be kept, at least 1.

        Returns
        -------
        Vocabulary
            Padding, unknown, then by falling count; tokens of the same count by the
            order of their code points, so that the result depends neither on the order
            of the texts nor on the process. "[PAD]" and "[UNK]" in a text keep the
            integers 0 and 1. No text at all gives a vocabulary of these two.

        Raises
        ------
        TypeError
            If a sequence is a str that has not been cut into tokens.
        ValueError
            If `max_size` or `min_count` is too small, or a token holds a lone
            surrogate.

        Examples
        --------
        >>> Vocabulary.from_tokens([["b", "a"], ["c", "b"]]).token_to_id["b"]
        2
        """
        if max_size is not None:
            max_size = check_integer(max_size, "max_size", minimum=2)
        min_count = check_integer(min_count, "min_count", minimum=1)
        counts: Counter[str] = Counter()
        for number, tokens in enumerate(check_sequences(sequences, "sequences")):
            counts.update(check_tokens(tokens, f"sequences[{number}]"))
        kept = [
            (-count, token)
            for token, count in counts.items()
            if count >= min_count and token not in _SPECIAL
        ]
        kept.sort()
        tokens = [*_SPECIAL, *(token for _, token in kept)]
        return cls(tuple(tokens[:max_size]))

    @property
    def token_to_id(self) -> Mapping[str, int]:
        """The integer of each token: a read-only mapping."""
        return MappingProxyType(self._ids)

    def __len__(self) -> int:
        """Return the number of tokens, padding and unknown among them."""
        return len(self.id_to_token)

    def __repr__(self) -> str:
        """Return the size and the most frequent tokens."""
        first = ", ".join(map(shortened, self.id_to_token[2:5]))
        more = ", ..." if len(self) > 5 else ""
        return f"Vocabulary({len(self)} tokens: {first}{more})"

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Replace each token by its integer, unknown ones by 1.

        Parameters
        ----------
        tokens : sequence of str
            The tokens of one text; may be empty.

        Returns
        -------
        list of int
            One for each token.

        Raises
        ------
        TypeError
            If `tokens` is a str that has not been cut, or holds something else.
        """
        ids = self._ids
        return [ids.get(token, _UNKNOWN_ID) for token in check_tokens(tokens, "tokens")]

    def decode(self, ids: Any) -> list[str]:
        """Replace each integer by its token.

        Parameters
        ----------
        ids : sequence of int, shape (time,)
            As `encode` returned them, with or without padding.

        Returns
        -------
        list of str
            One for each integer: "[PAD]" for 0, "[UNK]" for 1.

        Raises
        ------
        TypeError
            If `ids` does not hold integers.
        ValueError
            If one of them is negative, or not less than the size.
        """
        tokens = self.id_to_token
        return [tokens[number] for number in check_ids(ids, "ids", len(tokens))]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the vocabulary as JSON in UTF-8.

        The file is moved to its place when it is complete: it is never half-written.

        Parameters
        ----------
        path : path-like
            File to write, such as "vocabulary.json". An existing one is replaced.

        Raises
        ------
        FileNotFoundError
            If its folder does not exist.
        """
        save_json(path, "vocabulary", {"tokens": self.id_to_token})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Vocabulary:
        """Read a vocabulary that `save` has written.

        Parameters
        ----------
        path : path-like
            File to read.

        Returns
        -------
        Vocabulary
            With the same integers.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is damaged, or another kind of file; the message says where.
        """
        tokens = load_json(path, "vocabulary", "tokens")
        try:
            return cls(tuple(tokens))
        except (TypeError, ValueError) as error:
            raise damaged(path, "vocabulary", f"{error}") from None
