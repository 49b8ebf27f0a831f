"""Reviews whose label is a function of the text, often of the order of its words."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coursepkg._validation import check_fraction, check_integer
from coursepkg.datasets import _review_words as words
from coursepkg.datasets.truth import ReviewTruth

KINDS = ("plain", "contrast", "negation", "intensity", "report")
_NEGATIVE, _POSITIVE = 0, 1
_ADJECTIVES = (words.NEGATIVE, words.POSITIVE)
_NOUNS = (words.BLAME, words.PRAISE)
_VERBS = (words.DISLIKED, words.LIKED)
_ENDINGS = (words.UNHAPPY_ENDINGS, words.HAPPY_ENDINGS)
_STEEPNESS = 1.15  # of the frequencies of adjectives and things, by rank
_ORDERED = {
    "contrast": words.CONTRAST,
    "negation": words.NEGATION,
    "intensity": words.INTENSITY,
    "report": words.REPORT,
}
_POLARITY: Mapping[str, int] = MappingProxyType(
    {
        word: 2 * label - 1
        for label in (_NEGATIVE, _POSITIVE)
        for group in (_ADJECTIVES, _NOUNS, _VERBS)
        for word in group[label]
    }
)
_RELATIONS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "gender": tuple((he, she) for he, she, _, _ in words.GENDER),
        "capital": tuple((country, city) for country, city, _, _ in words.CAPITALS),
        "comparative": tuple((plain, more) for plain, more, _ in words.COMPARED),
    }
)


@dataclass(frozen=True, eq=False)
class ReviewData:
    """Reviews with a label, and what is known about them.

    Parameters
    ----------
    texts : list of str
        One review each.
    labels : array of shape (n_reviews,)
        1 for praise and 0 for blame, as published: some are wrong.
    kinds : list of str
        What decides: "plain", "contrast", "negation", "intensity" or "report".
    truth : ReviewTruth
        The best attainable accuracy, and the limit of a bag of words.
    sha256 : str or None
        Digest of the file that was read, in hexadecimal; None when generated.
    """

    texts: list[str]
    labels: NDArray[np.int64]
    kinds: list[str]
    truth: ReviewTruth
    sha256: str | None = None

    def __repr__(self) -> str:
        """Return the size and how the optimum is known."""
        return f"ReviewData({len(self.texts):,} reviews, {self.truth!r})"


def make_reviews(
    *,
    n_reviews: int,
    order_share: float = 0.5,
    label_noise: float = 0.05,
    seed: int = 0,
) -> ReviewData:
    r"""Generate reviews with a known Bayes accuracy, beyond the reach of word bags.

    Parameters
    ----------
    n_reviews : int
        Number of reviews, at least 1.
    order_share : float
        Probability that only the order of the words tells what a review means.
    label_noise : float
        Probability that a published label is wrong, at most 0.5.
    seed : int or numpy.random.Generator
        Source of all choices.

    Returns
    -------
    ReviewData
        `.texts`, `.labels`, `.kinds` and `.truth` with metric "accuracy".

    Raises
    ------
    TypeError
        If `n_reviews` is not an integer or a share is not a number.
    ValueError
        If a size or a share is out of range.

    Notes
    -----
    A review is praise or blame, equally likely. *Plain* reviews have two sentences
    whose opinions agree with it. The other kinds, equally likely among each other, have
    one sentence with two opposite opinions of which one decides:

    - *contrast*: the main clause ("X, but Y", "although X, Y", "Y, though X": Y);
    - *negation*: what is not denied ("not X but Y", "Y, not X", "never X; it was Y");
    - *intensity*: the stronger one ("faintly X ... utterly Y");
    - *report*: the writer's own ("my dentist called it X; I call it Y").

    Around them stand sentences without any opinion on what is reviewed; some hold an
    adjective of opinion, independent of the label, on the weather or on shoes.
    Adjectives follow a law of Zipf: each polarity has a hundred, most of them rare.

    *Bayes accuracy.* The label before the noise is a function of the text, and each is
    flipped with probability q (`label_noise`): the best guess is right with probability
    :math:`1 - q`.

    *The limit of a bag of words.* To exchange the two opinions of a review that is
    not plain gives one with the same words and the opposite meaning, and both are
    equally likely: given the words, praise and blame have probability 1/2. The words
    tell these kinds from plain reviews ("but", "never", "faintly", "my dentist called":
    none of them is in a plain review), whose label the majority of their adjectives
    gives away. So with the share s (`order_share`) no function of how often each word
    occurs has a higher expected accuracy than

    .. math:: (1 - s)(1 - q) + \frac{s}{2},

    and one that counts opinions attains it. Bigrams see part of the order: their
    limit is measured, not known.

    *Words in the company of their like.* Words of one polarity share their
    neighbours, and three relations are planted in the sentences without opinion
    (`truth.relations`): of gender (king, queen: "his", "her", and what only they do),
    of countries to capitals, of adjectives to comparatives. Vectors learned from
    unlabelled reviews can find them.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> reviews = datasets.make_reviews(n_reviews=100)
    >>> print(reviews.texts[29])
    I read an excellent book on the tram. The melody was not wonderful but mediocre and
    boring. The tickets cost six crowns.
    >>> int(reviews.labels[29]), reviews.kinds[29]
    (0, 'negation')
    >>> reviews.truth.optimum(), reviews.truth.bag_limit()
    (0.95, 0.725)
    """
    n_reviews = check_integer(n_reviews, "n_reviews", minimum=1)
    order_share = check_fraction(order_share, "order_share")
    label_noise = check_fraction(label_noise, "label_noise")
    if label_noise > 0.5:
        message = (
            f"`label_noise` must be at most 0.5, got {label_noise}. Beyond it the "
            "labels would mean the opposite: exchange them instead."
        )
        raise ValueError(message)
    rng = np.random.default_rng(seed)
    writer = _Writer(rng)
    written = [writer.review(order_share) for _ in range(n_reviews)]
    clean = np.array([label for _, label, _ in written])  # (n,)
    flipped = rng.random(n_reviews) < label_noise  # (n,)
    texts = [text for text, _, _ in written]
    return ReviewData(
        texts=texts,
        labels=np.where(flipped, 1 - clean, clean),
        kinds=[kind for _, _, kind in written],
        truth=review_truth(texts, order_share=order_share, label_noise=label_noise),
    )


def review_truth(
    texts: Iterable[str], *, order_share: float = 0.5, label_noise: float = 0.05
) -> ReviewTruth:
    """Return what is known about reviews of this grammar.

    Parameters
    ----------
    texts : iterable of str
        The reviews that `.oracle()` labels.
    order_share, label_noise : float
        As in `make_reviews`.

    Returns
    -------
    ReviewTruth
    """
    return ReviewTruth(
        metric="accuracy",
        kind="exact",
        standard_error=0.0,
        description=(
            "Reviews from a grammar with negation, contrast, intensity and reported "
            f"opinions. In a share of {order_share:g} only the order of the words "
            "tells praise from blame: the same words in another order are equally "
            "likely and mean the opposite. Labels are wrong with probability "
            f"{label_noise:g}. The oracle reads the text."
        ),
        order_share=order_share,
        label_noise=label_noise,
        polarity=_POLARITY,
        relations=_RELATIONS,
        texts=tuple(texts),
        read=read_review,
    )


class _Writer:
    """Draws sentences, one random number a choice."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def review(self, order_share: float) -> tuple[str, int, str]:
        """Return a review, its label before the noise, and its kind."""
        kind = "plain"
        if self._rng.random() < order_share:
            kind = self._one(KINDS[1:])
        label = self._below(2)
        topic = self._one(tuple(words.TOPICS))
        if kind == "plain":
            sentences = [self._plain(topic, label) for _ in range(2)]
            n_others = 1 + self._below(2)
        else:
            sentences = [self._ordered(kind, topic, label)]
            n_others = 2 + self._below(2)
        misleading = False
        for _ in range(n_others):
            other, misleading = self._neutral(topic, misleading)
            sentences.insert(self._below(len(sentences) + 1), other)
        return " ".join(map(_finished, sentences)), label, kind

    def _below(self, n: int) -> int:
        return int(self._rng.random() * n)

    def _one(self, options: Sequence[Any]) -> Any:
        return options[self._below(len(options))]

    def _different(self, options: Sequence[str], n: int) -> list[str]:
        rest = list(options)
        return [rest.pop(self._below(len(rest))) for _ in range(n)]

    def _ranked(self, options: Sequence[str]) -> str:
        """Return an option, the first ones more often than the later ones."""
        running = _running_shares(len(options))
        return options[bisect_right(running, self._rng.random() * running[-1])]

    def _adjectives(self, label: int, n: int) -> list[str]:
        found: list[str] = []
        while len(found) < n:
            adjective = self._ranked(_ADJECTIVES[label])
            if adjective not in found:
                found.append(adjective)
        return found

    def _plain(self, topic: str, label: int) -> str:
        a, b, c = self._adjectives(label, 3)
        part, other = self._different(_parts(topic), 2)
        return self._one(words.PLAIN).format(
            a=a,
            b=b,
            c=c,
            part=part,
            other=other,
            topic=topic,
            n=self._one(_NOUNS[label]),
            v=self._one(_VERBS[label]),
            e=self._one(_ENDINGS[label]),
            s=self._one(words.STRONG),
        )

    def _ordered(self, kind: str, topic: str, label: int) -> str:
        parts = self._different(_parts(topic), 2)
        # Drawn before it is settled which one decides: twins are equally likely.
        opinions = [
            self._clause(parts[polarity], polarity)
            if kind == "contrast"
            else self._phrase(polarity, longest=1 if kind == "intensity" else 2)
            for polarity in (_NEGATIVE, _POSITIVE)
        ]
        return self._one(_ORDERED[kind]).format(
            d=opinions[label],
            o=opinions[1 - label],
            part=parts[0],
            other=parts[1],
            tail=self._one(words.TAILS),
            weak=self._one(words.WEAK),
            strong=self._one(words.STRONG),
            who=self._one(words.OTHERS),
        )

    def _phrase(self, polarity: int, longest: int) -> str:
        return " and ".join(self._adjectives(polarity, 1 + self._below(longest)))

    def _clause(self, part: str, polarity: int) -> str:
        a, b = self._adjectives(polarity, 2)
        tail = self._one(words.TAILS)
        return self._one(words.CLAUSES).format(part=part, a=a, b=b, tail=tail).strip()

    def _neutral(self, topic: str, misleading: bool) -> tuple[str, bool]:
        """Return a sentence without an opinion; at most one a review misleads."""
        place = self._rng.random()
        if place < 0.10 and not misleading:
            a = self._adjectives(self._below(2), 1)[0]
            return self._one(words.MISLEADING).format(a=a), True
        if place < 0.40:
            return self._gender(), misleading
        if place < 0.60:
            country, capital, *products = self._one(words.CAPITALS)
            frame = self._one((words.OF_COUNTRIES, words.OF_CAPITALS)[self._below(2)])
            product = self._one(products)
            filled = frame.format(country=country, capital=capital, product=product)
            return filled, misleading
        if place < 0.78:
            plain, more, things = self._one(words.COMPARED)
            thing = self._one(things.split())
            if self._below(2):
                return f"The {thing} was {more} {self._one(words.THAN)}", misleading
            return f"The {thing} was {plain} {self._one(words.AS_IT_WAS)}", misleading
        if place < 0.90:
            thing = f"a {self._ranked(words.THINGS)}"
            return self._one(words.OF_THINGS).format(thing=thing), misleading
        filled = self._one(words.OF_NOTHING).format(
            topic=topic,
            day=self._one(words.DAYS),
            company=self._one(words.COMPANY),
            number=self._one(words.NUMBERS),
            vehicle=self._one(words.VEHICLES),
        )
        return filled, misleading

    def _gender(self) -> str:
        *people, things, verbs = self._one(words.GENDER)
        sex = self._below(2)
        pronoun, possessive = words.PRONOUNS[sex]
        where, verb = self._one(words.WHERE), self._one(verbs.split())
        thing, did = self._one(things.split()), self._one(words.DID)
        person = f"the {people[sex]} {verb} {possessive} {thing}"
        return f"{where} {person}, and {pronoun} {did}"


def _parts(topic: str) -> list[str]:
    return words.TOPICS[topic].split()


@cache
def _running_shares(n: int) -> tuple[float, ...]:
    """Return running sums of weights that fall with the rank."""
    return tuple(accumulate((1 + rank) ** -_STEEPNESS for rank in range(1, n + 1)))


_BEFORE_A_VOWEL = re.compile(r"\b([Aa]) (?=[aeio]|u(?!ni|ku)|hour)(?!eu)")


def _finished(sentence: str) -> str:
    """Return a sentence with one space a gap, the right article, capital and stop."""
    text = " ".join(sentence.split()).replace(" ,", ",")
    text = _BEFORE_A_VOWEL.sub(r"\1n ", text)
    return f"{text[0].upper()}{text[1:]}."


# How the oracle reads a sentence with two opinions: the group "d" decides, and the
# first pattern that is found counts.
_DECISIVE = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("negation", r"anything but .* and in fact (?P<d>.*)"),
        ("negation", r"was not .* but (?P<d>.*)"),
        ("negation", r"was never .*; it was (?P<d>.*)"),
        ("negation", r"nobody could call .*; (?P<d>.*) is the word"),
        ("negation", r"expect nothing .* was indeed (?P<d>.*)"),
        ("negation", r"(?P<d>.*), not "),
        ("contrast", r"^although .*?, (?P<d>.*)"),
        ("contrast", r"(?P<d>.*), (?:al)?though "),
        ("contrast", r"(?:, but|, yet|; nevertheless,) (?P<d>.*)"),
        ("report", r"\bi call (?P<d>[^;]*)"),
        ("report", r"\bme as (?P<d>.*?)(?: and my|$)"),
        ("report", r"\bi saw something (?P<d>[^,]*)"),
        ("intensity", rf"\b(?:{'|'.join(words.STRONG)}) (?P<d>\w+)"),
    )
)
# Words that only such sentences hold.
_CUES = frozenset(
    re.findall(
        r"\w+",
        "although anything but call never nevertheless nobody not saw struck though "
        "yet indeed little faintly mildly slightly somewhat",
    )
)
_WORD = re.compile(r"[a-z]+")
_MISLEADING = re.compile(
    "|".join(re.sub(r"\\{a\\}", r"\\w+", re.escape(one)) for one in words.MISLEADING)
    .replace(r"\ a\ ", r"\ an?\ ")
    .replace(r"A\ ", r"An?\ ")
)


def _decisive(opinion: str) -> tuple[str, list[str]]:
    """Return the kind of a sentence with two opinions, and the words that decide."""
    for kind, pattern in _DECISIVE:
        match = pattern.search(opinion)
        if match:
            return kind, _WORD.findall(match["d"])
    return "plain", _WORD.findall(opinion)


def read_review(text: str) -> tuple[int, str]:
    """Return the label that a text deserves, and what decides it.

    Parameters
    ----------
    text : str
        A review of this grammar.

    Returns
    -------
    label : int
        1 for praise, 0 for blame.
    kind : str
        "plain", "contrast", "negation", "intensity" or "report".

    Raises
    ------
    ValueError
        If no opinion is found, or opinions that cancel out.
    """
    balance, kind = 0, "plain"
    for sentence in re.split(r"(?<=\.) ", text):
        opinion = sentence.rstrip(".").lower()
        spoken = _WORD.findall(opinion)
        if _POLARITY.keys().isdisjoint(spoken) or _MISLEADING.match(sentence):
            continue
        if not _CUES.isdisjoint(spoken):
            kind, spoken = _decisive(opinion)
        balance += sum(_POLARITY.get(word, 0) for word in spoken)
    if balance == 0:
        message = (
            f"`text` must hold an opinion in the words of `truth.polarity`, got "
            f"{text[:40]!r}. Pass a review that `make_reviews` could have written."
        )
        raise ValueError(message)
    return int(balance > 0), kind
