"""A comedy without end, written by a grammar whose entropy rate is known."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from coursepkg._validation import check_integer
from coursepkg.datasets._text_source import Choice, TextSource
from coursepkg.datasets.truth import FloatArray, TextTruth

# Each speaker's own nouns.
_VOICES: dict[str, tuple[str, ...]] = {
    name: tuple(nouns.split())
    for name, nouns in (
        ("BRINE", "crab eel gull mast oar squid whale"),
        ("CLOVE", "bun egg ham onion pie soup turnip"),
        ("LEDGER", "bill coin debt fee loan purse rent"),
        ("SPECTRE", "attic bone crypt ghoul moan skull tomb"),
    )
}
_NAMES = tuple(_VOICES)
_ADJECTIVES = """
absurd bald cheap cursed damp doomed dull evil frail glum grim hairy icy itchy
jolly lame limp mad mossy numb odd pale plump raw ripe rude rusty sad salty shy
sly smug stale tame tragic ugly vain wet wilted wise
"""
_VERBS = """
adore bribe bury butter chase dread envy feed fry haunt hug insure kiss lick marry
mock mourn obey pity poke praise sell steal tickle
"""
_SHARED: dict[str, tuple[str, ...]] = {
    "A": tuple(_ADJECTIVES.split()),
    "V": tuple(_VERBS.split()),
    "D": ("any", "every", "her", "his", "my", "no", "our", "your"),
    "S": (
        "again",
        "alone",
        "at dawn",
        "badly",
        "daily",
        "for love",
        "gladly",
        "in bed",
        "loudly",
        "on oath",
        "twice",
        "with jam",
    ),
}
_OBJECTS = ("banjo", "goose", "ladder", "pickle", "teapot", "wig")
_PLACES = ("cellar", "haystack", "laundry", "museum", "pantry", "swamp")
# {D} determiner, {N} noun, {A} adjective, {V} verb, {S} how or when, {O} what was lost.
_GENERAL = (
    "Call me {A} and {A}, but I {V} {D} {N}.",
    "Did you {V} {D} {A} {N} or {D} {N}?",
    "Give {D} {A} {N} to {D} {A} {N} {S}.",
    "I {V} {D} {A} {N} and {D} {N} {S}.",
    "If {D} {N} is {A}, {V} {D} {A} {N}!",
    "Never {V} {D} {A}, {A} {N} {S}!",
    "Some {A} {N} will {V} {D} {A} {N}.",
    "To {V} is {A}; to {V} {D} {N} is {A}.",
    "We {V} {D} {A} {N}, you {V} {D} {N}.",
    "Who would {V} {D} {A}, {A} {N}?",
)
_LAMENTS = (
    "Ah, {O}! My {O} was {A} and {A}.",
    "My {O}, my {A} {O}! It was so {A}.",
    "Return my {O}, you {A}, {A} {N}!",
    "Who took my {O}? Some {A} {N} {S}?",
    "Without my {O} I am {A} and {A} {S}.",
)
_LAMENT = 0.75  # probability that the owner's speech begins with one
_MORE = (0.35, 0.0)  # of a further sentence after the first, second
_CURTAIN = 0.2  # after a speech of the owner
_OWNER, _OTHER = 0, 1
_END = "\n\n"  # of a speech

_DESCRIPTION = (
    "A play without end. In each scene somebody looks for something lost and somebody "
    "else talks of other things; they speak in turn, each with nouns of their own, "
    "until the curtain falls. All choices are independent given the state, and text "
    "and choices determine each other."
)


@dataclass(frozen=True, eq=False)
class PlayData:
    """A play, and what is known about it.

    Parameters
    ----------
    text : str
        Scenes with a heading, speeches that begin with the speaker's name, a curtain.
    truth : TextTruth
        The entropy rate, the probability of each character, the worth of memory.
    sha256 : str or None
        Digest of the file that was read, in hexadecimal; None when generated.
    """

    text: str
    truth: TextTruth
    sha256: str | None = None

    def __repr__(self) -> str:
        """Return the size and how the optimum is known."""
        return f"PlayData({len(self.text):,} characters, {self.truth!r})"


def make_play(*, n_characters: int, seed: int = 0) -> PlayData:
    r"""Generate a play whose entropy rate is known exactly.

    Parameters
    ----------
    n_characters : int
        Length of the text, at least 1; the last scene is cut off there.
    seed : int or numpy.random.Generator
        Source of the choices.

    Returns
    -------
    PlayData
        `.text` and `.truth`, in nats a character.

    Raises
    ------
    TypeError
        If `n_characters` is not an integer.
    ValueError
        If it is below 1.

    Notes
    -----
    A scene draws a place, a person who has lost something, what it is, and a second
    person; then the second and the first speak in turn. A speech fills one template or
    two (a second with probability .35), whose gaps take the speaker's own nouns and
    words that all share. The owner's speech begins with probability .75 with a
    template about the lost thing. After each speech of the owner the curtain falls
    with probability .2.

    In each state the source writes one of several strings of which none begins another:
    text and choices determine each other, so the entropy of one is that of the other.
    With :math:`\pi_i` the share of visits to state i, :math:`H_i` the entropy of its
    choice and :math:`\ell_i` the number of characters that it writes, the entropy rate
    is

    .. math:: \frac{\sum_i \pi_i H_i}{\sum_i \pi_i \operatorname{E}[\ell_i]}
              \quad\text{nats a character.}

    Scenes are independent of each other, so both sums are expectations over one scene.
    The oracle gives each character the probability of all strings that continue the
    text with it, divided by that of all strings that continue the text.

    What has to be remembered: whose turn it is now that the other one has spoken (one
    of 3 who are not speaking), what was lost (one of 6) when a speech first names it,
    and at the curtain the place (one of 6). A reader who knows the grammar and all of
    the text's last `truth.gap` characters, but nothing older, must guess these: they
    are independent of what he sees and equally likely, so each costs the logarithm of
    their number.
    `truth.worth` is that cost in nats a character, `truth.without_memory()` the best
    score without: no n-gram model of at most `truth.gap` characters of context has a
    lower expected one.

    References
    ----------
    T. M. Cover and J. A. Thomas (2006), *Elements of Information Theory*, 2nd edition,
    chapter 4.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> play = datasets.make_play(n_characters=100_000)
    >>> play.text[:64]
    'SCENE. A museum.\n[Enter CLOVE, who has lost the banjo. Enter BRI'
    >>> round(play.truth.optimum(), 4), round(play.truth.without_memory(), 4)
    (0.3158, 0.3399)
    >>> round(float(-play.truth.oracle().mean()), 2)
    0.31
    """
    n_characters = check_integer(n_characters, "n_characters", minimum=1)
    text = _SOURCE.generate(n_characters, np.random.default_rng(seed))
    return PlayData(text=text, truth=play_truth(text))


def play_truth(text: str) -> TextTruth:
    """Return what is known about a text of this grammar.

    Parameters
    ----------
    text : str
        The text that `.oracle()` scores.

    Returns
    -------
    TextTruth
    """
    scene = _expected_scene()
    return TextTruth(
        metric="cross-entropy",
        kind="exact",
        standard_error=0.0,
        description=_DESCRIPTION,
        rate=scene.nats / scene.characters,
        worth=MappingProxyType(
            {what: nats / scene.characters for what, nats in scene.memory.items()}
        ),
        gap=_gap(),
        text=text,
        score=_score,
        follow=_follow,
    )


# The grammar. A scene's facts travel in the state: place, owner, other, lost thing.


class _Facts(NamedTuple):
    place: str = ""
    owner: str = ""
    lost: str = ""
    other: str = ""

    def speaker(self, role: int) -> str:
        return self.owner if role == _OWNER else self.other


class _At(NamedTuple):
    """A state: where in the scene, and the scene's facts."""

    where: str  # "place", "owner", "lost", "other", "open", "gap", "next" or "turn"
    facts: _Facts = _Facts()
    role: int = _OTHER
    sentence: int = 0
    template: int = 0
    gap: int = 0


class _Template(NamedTuple):
    opening: str
    gaps: tuple[tuple[str, str], ...]  # the kind of each gap, and the text after it


def _compile(sentence: str) -> _Template:
    opening, *parts = re.split(r"\{(\w)\}", sentence)
    return _Template(opening, tuple(zip(parts[::2], parts[1::2], strict=True)))


_TEMPLATES = tuple(map(_compile, (*_GENERAL, *_LAMENTS)))


@cache
def _words(options: tuple[str, ...], after: str) -> Choice:
    return Choice.of([option + after for option in options])


@cache
def _openings(role: int, sentence: int) -> Choice:
    """Return the beginnings of a sentence, and the end of the speech."""
    space = " " if sentence else ""
    openings = [space + template.opening for template in _TEMPLATES]
    laments = _LAMENT if role == _OWNER and sentence == 0 else 0.0
    more = _MORE[sentence - 1] if sentence else 1.0
    weights = [more * (1 - laments) / len(_GENERAL)] * len(_GENERAL)
    if laments:
        weights += [more * laments / len(_LAMENTS)] * len(_LAMENTS)
    options = openings[: len(weights)]
    if more == 0.0:
        return Choice.of([_END])
    if more < 1.0:
        return Choice.of([*options, _END], [*weights, 1 - more])
    return Choice.of(options, weights)


def _gap_options(kind: str, speaker: str, lost: str) -> tuple[str, ...]:
    if kind == "O":
        return (lost,)
    return _SHARED[kind] if kind in _SHARED else _VOICES[speaker]


@cache
def _cast(owner: str) -> Choice:
    others = [name for name in _NAMES if name != owner]
    return Choice.of([f"{name}.]\n\n{name}: " for name in others])


@cache
def _turn(facts: _Facts, role: int) -> Choice:
    if role == _OTHER:
        return Choice.of([f"{facts.owner}: "])
    curtain = f"[Curtain. The {facts.place} is dark.]\n\n"
    return Choice.of([f"{facts.other}: ", curtain], [1 - _CURTAIN, _CURTAIN])


_HEADINGS = Choice.of([f"SCENE. A {place}.\n[Enter " for place in _PLACES])


def _choice(at: _At) -> Choice:
    facts = at.facts
    match at.where:
        case "place":
            return _HEADINGS
        case "owner":
            return _words(_NAMES, ", who has lost the ")
        case "lost":
            return _words(_OBJECTS, ". Enter ")
        case "other":
            return _cast(facts.owner)
        case "open":
            return _openings(at.role, at.sentence)
        case "gap":
            kind, after = _TEMPLATES[at.template].gaps[at.gap]
            options = _gap_options(kind, facts.speaker(at.role), facts.lost)
            return _words(options, after)
    return _turn(facts, at.role)


def _successor(at: _At, place: int) -> _At:
    facts, role = at.facts, at.role
    match at.where:
        case "place":
            return _At("owner", _Facts(_PLACES[place]))
        case "owner":
            return _At("lost", facts._replace(owner=_NAMES[place]))
        case "lost":
            return _At("other", facts._replace(lost=_OBJECTS[place]))
        case "other":
            others = [name for name in _NAMES if name != facts.owner]
            return _At("open", facts._replace(other=others[place]))
        case "open":
            if _openings(role, at.sentence).options[place] == _END:
                return _At("turn", facts, role)
            return _At("gap", facts, role, at.sentence, place)
        case "gap":
            if at.gap + 1 < len(_TEMPLATES[at.template].gaps):
                return at._replace(gap=at.gap + 1)
            return _At("open", facts, role, at.sentence + 1)
    return _At("open", facts, 1 - role) if place == 0 else _At("place")


_SOURCE = TextSource(start=_At("place"), choice=_choice, successor=_successor)


# What is known about it.


class _Totals(NamedTuple):
    """Expected sums over a part of a scene."""

    nats: float
    characters: float


class _Scene(NamedTuple):
    """Expected sums over a scene; `memory`: nats that would be lost without it."""

    nats: float
    characters: float
    memory: Mapping[str, float]


def _of(choice: Choice) -> _Totals:
    return _Totals(choice.entropy, choice.mean_length)


def _sum(parts: Iterable[tuple[float, _Totals]]) -> _Totals:
    """Return the sum of the parts, each times how often it is expected."""
    counted = list(parts)
    return _Totals(
        math.fsum(often * part.nats for often, part in counted),
        math.fsum(often * part.characters for often, part in counted),
    )


def _expected_sentence(template: _Template, speaker: str, lost: str) -> _Totals:
    return _sum(
        (1.0, _of(_words(_gap_options(kind, speaker, lost), after)))
        for kind, after in template.gaps
    )


def _expected_speech(role: int, speaker: str, lost: str) -> _Totals:
    parts = []
    reached = 1.0  # probability that the choice is made
    for sentence in range(len(_MORE) + 1):
        choice = _openings(role, sentence)
        shares = [
            share
            for option, share in zip(choice.options, choice.probabilities, strict=True)
            if option != _END
        ]
        parts.append((reached, _of(choice)))
        for template, share in zip(_TEMPLATES, shares, strict=False):
            often = reached * share
            parts.append((often, _expected_sentence(template, speaker, lost)))
        reached *= math.fsum(shares)
    return _sum(parts)


@cache
def _expected_scene() -> _Scene:
    """Return the expected sums over a scene: n rounds of a speech and an answer."""
    n_rounds = 1 / _CURTAIN
    one_name, one_object = 1 / len(_NAMES), 1 / len(_OBJECTS)
    parts = [
        (1.0, _of(_HEADINGS)),
        (1.0, _of(_words(_NAMES, ", who has lost the "))),
        (1.0, _of(_words(_OBJECTS, ". Enter "))),
    ]
    for name in _NAMES:  # owner and other are each of them equally often
        parts.append((one_name, _of(_cast(name))))
        parts.append((n_rounds * one_name, _expected_speech(_OTHER, name, "")))
        for lost in _OBJECTS:
            often = n_rounds * one_name * one_object
            parts.append((often, _expected_speech(_OWNER, name, lost)))
        for place in _PLACES:
            # both turns depend on one name each, so one stands for owner and other
            facts = _Facts(place=place, owner=name, other=name)
            often = n_rounds * one_name / len(_PLACES)
            parts.append((often, _of(_turn(facts, _OTHER))))
            parts.append((often, _of(_turn(facts, _OWNER))))
    total = _sum(parts)
    return _Scene(
        total.nats,
        total.characters,
        MappingProxyType(
            {
                "speaker": (2 * n_rounds - 1) * math.log(len(_NAMES) - 1),
                "lost thing": n_rounds * _LAMENT * math.log(len(_OBJECTS)),
                "place": math.log(len(_PLACES)),
            }
        ),
    )


@cache
def _gap() -> int:
    """Return the least number of characters between two signs of the same fact.

    The closest are the end of a person's speech and that person's name before the
    next one, with the other's name and speech between them.
    """
    between = []
    for name in _NAMES:
        for role in (_OWNER, _OTHER):
            sentence = min(
                len(template.opening)
                + sum(
                    _words(_gap_options(kind, name, lost), after).least_length
                    for kind, after in template.gaps
                )
                for template in _TEMPLATES[: None if role == _OWNER else len(_GENERAL)]
                for lost in _OBJECTS
            )
            between.append(len(f"{_END}{name}: ") + sentence + len(_END))
    return min(between)


def _follow(text: str) -> dict[str, float]:
    """Return the probabilities of the character after a text."""
    scores = np.empty(len(text))
    n_read, state, prefix = _SOURCE.read(text, _SOURCE.start, scores)
    if n_read < len(text):
        message = (
            f"`text` must be the beginning of a play of this grammar; its character "
            f"{n_read}, {text[n_read]!r}, is impossible there. Start with a scene's "
            f"heading, as in {_HEADINGS.options[0]!r}."
        )
        raise ValueError(message)
    return _choice(state).continuations(prefix)


# Where a reader who is lost finds the place again: a scene, or a speech of its cast.
_LANDMARK = re.compile(rf"SCENE\. |(?<={_END})({'|'.join(_NAMES)}): ")


def _score(text: str) -> FloatArray:
    """Return the log-probability of each character of any text."""
    scores = np.full(len(text), math.nan)
    position, state = (0, _SOURCE.start) if text.startswith("SCENE. ") else (-1, None)
    if state is None:
        position, state = _resume(text, 0, _Facts())
    while state is not None:
        n_read, state, _ = _SOURCE.read(text[position:], state, scores[position:])
        position += n_read + 1
        if position > len(text):
            break
        position, state = _resume(text, position, state.facts)
    return scores


def _resume(text: str, position: int, facts: _Facts) -> tuple[int, _At | None]:
    """Return where after `position` the state is certain again, and that state."""
    for found in _LANDMARK.finditer(text, position):
        if found[1] is None:
            return found.start(), _SOURCE.start
        if found[1] in (facts.owner, facts.other):
            role = _OWNER if found[1] == facts.owner else _OTHER
            return found.end(), _At("open", facts, role)
    return len(text), None
