"""Byte-pair encoding: tokens between characters and words, learned from a text."""

from __future__ import annotations

import heapq
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from coursepkg._validation import check_integer
from coursepkg.text._checks import (
    check_ids,
    check_sequences,
    check_text,
    shortened,
)
from coursepkg.text._files import damaged, load_json, save_json

Pair = tuple[int, int]

_N_BASE = 257  # padding and the 256 bytes
_LONGEST_PIECE = 32
_N_REMEMBERED = 1 << 16
# Every character is a letter or digit (\w), white space (\s) or neither, so that the
# pieces cover the text. A space before a letter or a mark is left to what follows it.
_PIECE = re.compile(
    rf" ?\w{{1,{_LONGEST_PIECE}}}"
    rf"| ?[^\s\w]{{1,{_LONGEST_PIECE}}}"
    rf"|\s{{1,{_LONGEST_PIECE}}}(?:(?<! )|(?!\S))"
)


@dataclass(frozen=True, eq=False)
class BytePairEncoder:
    r"""Byte pairs, learned from texts, that encode any text without loss.

    Make one with `BytePairEncoder.learn`, or with `BytePairEncoder.load`.

    Parameters
    ----------
    merges : tuple of (int, int)
        The pairs of tokens that became one, in the order in which they were learned.

    Raises
    ------
    TypeError
        If a merge is not a pair of integers.
    ValueError
        If a merge refers to padding or to a token that does not exist yet, or occurs
        twice.

    Notes
    -----
    The integer 0 is padding, 1 to 256 are the bytes 0 to 255 of UTF-8, and 257 + k is
    the token that merge k made. With no merge learned, a text costs one token a byte;
    there is no unknown token, since every text consists of bytes.

    Before anything is merged, a text is cut into *pieces* that no merge crosses: a run
    of letters and digits or a run of punctuation, each with the one space before it,
    or a run of white space; of at most 32 characters, so that no text makes it slow.
    Then the merge that was learned first is applied to a piece wherever it fits, from
    left to right, until no merge fits.

    References
    ----------
    R. Sennrich, B. Haddow and A. Birch (2016), "Neural machine translation of rare
    words with subword units", *ACL*, 1715-1725.
    A. Radford, J. Wu, R. Child, D. Luan, D. Amodei and I. Sutskever (2019), "Language
    models are unsupervised multitask learners", OpenAI, section 2.2: on bytes.

    Examples
    --------
    >>> from coursepkg import text
    >>> encoder = text.BytePairEncoder.learn(["low lower lowest low"], vocab_size=260)
    >>> encoder.id_to_bytes[257:]
    (b'lo', b'low', b' low')
    >>> encoder.encode("low slow \N{SNAIL}")
    [258, 33, 116, 258, 33, 241, 160, 145, 141]
    >>> encoder.decode(encoder.encode("low slow \N{SNAIL}")) == "low slow \N{SNAIL}"
    True
    """

    merges: tuple[Pair, ...]
    id_to_bytes: tuple[bytes, ...] = field(init=False, repr=False)
    _ranks: dict[Pair, int] = field(init=False, repr=False)
    _remembered: dict[str, list[int]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the merges and spell out their tokens."""
        tokens = _base_tokens()
        ranks: dict[Pair, int] = {}
        for rank, merge in enumerate(self.merges):
            name = f"merges[{rank}]"
            if not isinstance(merge, Sequence) or len(merge) != 2:
                message = (
                    f"`{name}` must be two integers, got {shortened(merge)}. "
                    "Use `BytePairEncoder.learn`, which makes them."
                )
                raise TypeError(message)
            first, second = (check_integer(part, name, minimum=1) for part in merge)
            if max(first, second) >= len(tokens) or (first, second) in ranks:
                message = (
                    f"`{name}` must be a new pair of integers below {len(tokens)}, got "
                    f"{(first, second)}. Use `BytePairEncoder.learn`, which makes them "
                    "in order."
                )
                raise ValueError(message)
            ranks[first, second] = rank
            tokens.append(tokens[first] + tokens[second])
        object.__setattr__(self, "merges", tuple(ranks))
        object.__setattr__(self, "id_to_bytes", tuple(tokens))
        object.__setattr__(self, "_ranks", ranks)
        object.__setattr__(self, "_remembered", {})

    @classmethod
    def learn(cls, texts: Iterable[str], *, vocab_size: int) -> BytePairEncoder:
        """Merge the most frequent pair of neighbouring tokens, again and again.

        Parameters
        ----------
        texts : iterable of str
            The training texts.
        vocab_size : int
            Number of tokens in the end, with padding and the 256 bytes; at least 257.

        Returns
        -------
        BytePairEncoder
            With fewer tokens if no pair is left that occurs twice.

        Raises
        ------
        TypeError
            If `texts` is a single str, or holds something else.
        ValueError
            If `vocab_size` is too small, or a text holds a lone surrogate.

        Notes
        -----
        A pair is counted wherever it occurs in a piece, once for each time that the
        piece occurs. Of pairs that are equally frequent, the one whose bytes come
        first in alphabetical order is merged, so that the result depends neither on
        the order of the texts nor on the process. The counts are kept up to date: a
        merge costs time only where it applies.

        Examples
        --------
        >>> len(BytePairEncoder.learn(["banana"], vocab_size=1000))
        258
        """
        vocab_size = check_integer(vocab_size, "vocab_size", minimum=_N_BASE)
        pieces: Counter[str] = Counter()
        for number, text in enumerate(check_sequences(texts, "texts")):
            pieces.update(_PIECE.findall(check_text(text, f"texts[{number}]")))
        return cls(tuple(_learned_merges(pieces, vocab_size - _N_BASE)))

    def __len__(self) -> int:
        """Return the number of tokens: padding, the bytes and the merges."""
        return len(self.id_to_bytes)

    def __repr__(self) -> str:
        """Return the size."""
        return f"BytePairEncoder({len(self)} tokens, {len(self.merges)} merges)"

    def encode(self, text: str) -> list[int]:
        """Replace a text by the integers of its tokens.

        Parameters
        ----------
        text : str
            Any text; may be empty.

        Returns
        -------
        list of int
            Between 1 and ``len(encoder) - 1``.

        Raises
        ------
        TypeError
            If `text` is not a str.
        ValueError
            If it holds a lone surrogate, half of a character.
        """
        remembered = self._remembered
        ids: list[int] = []
        for piece in _PIECE.findall(check_text(text, "text")):
            if piece not in remembered:
                if len(remembered) >= _N_REMEMBERED:
                    remembered.clear()
                remembered[piece] = self._encode_piece(piece)
            ids += remembered[piece]
        return ids

    def decode(self, ids: Any) -> str:
        """Put a text together from the integers of its tokens.

        Parameters
        ----------
        ids : sequence of int, shape (time,)
            As `encode` returned them, or as a model produced them. Padding, 0, stands
            for nothing.

        Returns
        -------
        str
            The text. Bytes that are no UTF-8, as where a model breaks off in the
            middle of a character, come out as the replacement character U+FFFD; this
            never happens to what `encode` returned.

        Raises
        ------
        TypeError
            If `ids` does not hold integers.
        ValueError
            If one of them is negative, or not less than ``len(encoder)``.
        """
        tokens = self.id_to_bytes
        raw = b"".join([tokens[number] for number in check_ids(ids, "ids", len(self))])
        return raw.decode("utf-8", errors="replace")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the merges as JSON.

        The file is moved to its place when it is complete: it is never half-written.

        Parameters
        ----------
        path : path-like
            File to write, such as "byte-pairs.json". An existing one is replaced.

        Raises
        ------
        FileNotFoundError
            If its folder does not exist.
        """
        save_json(path, "byte_pairs", {"merges": self.merges})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> BytePairEncoder:
        """Read the merges that `save` has written.

        Parameters
        ----------
        path : path-like
            File to read.

        Returns
        -------
        BytePairEncoder
            With the same integers.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is damaged, or another kind of file; the message says where.
        """
        merges = load_json(path, "byte_pairs", "merges")
        try:
            return cls(tuple(merges))
        except (TypeError, ValueError) as error:
            raise damaged(path, "byte_pairs", f"{error}") from None

    def _encode_piece(self, piece: str) -> list[int]:
        """Merge the bytes of one piece, the merge that was learned first first."""
        never = len(self.merges)
        ids = [byte + 1 for byte in piece.encode("utf-8")]
        ranks = [self._ranks.get(pair, never) for pair in pairwise(ids)]
        while ranks and (lowest := min(ranks)) < never:
            at = ranks.index(lowest)
            ids[at : at + 2] = [_N_BASE + lowest]
            del ranks[at]
            if at > 0:
                ranks[at - 1] = self._ranks.get((ids[at - 1], ids[at]), never)
            if at < len(ranks):
                ranks[at] = self._ranks.get((ids[at], ids[at + 1]), never)
        return ids


def _base_tokens() -> list[bytes]:
    """Return the tokens that need not be learned: padding and the single bytes."""
    return [b"", *(bytes([byte]) for byte in range(256))]


def _learned_merges(pieces: Counter[str], n_merges: int) -> list[Pair]:
    """Return up to `n_merges` merges of neighbours within the counted pieces."""
    tokens = _base_tokens()
    words = [[byte + 1 for byte in piece.encode("utf-8")] for piece in pieces]
    times = list(pieces.values())
    counts: Counter[Pair] = Counter()
    places: defaultdict[Pair, set[int]] = defaultdict(set)  # words that may hold a pair
    for place, word in enumerate(words):
        for pair in pairwise(word):
            counts[pair] += times[place]
            places[pair].add(place)

    def entry(pair: Pair) -> tuple[int, bytes, bytes, Pair]:
        return -counts[pair], tokens[pair[0]], tokens[pair[1]], pair

    # An entry whose count is no longer true is skipped when it comes up.
    queue = [entry(pair) for pair in counts]
    heapq.heapify(queue)
    merges: list[Pair] = []
    while queue and len(merges) < n_merges:
        negative, *_, best = heapq.heappop(queue)
        if -negative != counts[best]:
            continue
        if counts[best] < 2:
            break
        merged = len(tokens)
        merges.append(best)
        tokens.append(tokens[best[0]] + tokens[best[1]])
        changed: set[Pair] = set()
        for place in places.pop(best):
            gained, lost = _merge_in(words[place], best, merged)
            for pair in lost:
                counts[pair] -= times[place]
            for pair in gained:
                counts[pair] += times[place]
                places[pair].add(place)
            changed.update(lost, gained)
        changed.discard(best)
        del counts[best]
        for pair in changed:
            heapq.heappush(queue, entry(pair))
    return merges


def _merge_in(
    word: list[int], pair: Pair, merged: int
) -> tuple[list[Pair], list[Pair]]:
    """Replace the pair in a word from left to right; return new and lost neighbours."""
    first, second = pair
    gained: list[Pair] = []
    lost: list[Pair] = []
    at = -1
    with suppress(ValueError):  # index() ends the search
        while True:
            at = word.index(first, at + 1)
            if word[at + 1 : at + 2] != [second]:
                continue
            word[at : at + 2] = [merged]
            if at > 0:
                lost.append((word[at - 1], first))
                gained.append((word[at - 1], merged))
            if at + 1 < len(word):
                lost.append((second, word[at + 1]))
                gained.append((merged, word[at + 1]))
    return gained, lost
