"""Dates as people write them, and as machines do."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from coursepkg._validation import check_integer

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_WEEKDAYS = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)
# Each names the month or puts the year first, so that it can be read in one way only.
DATE_FORMATS = (
    "{month} {day}, {year}",
    "{month} {nth}, {year}",
    "{mon} {day}, {year}",
    "{mon}. {day}, {year}",
    "{weekday}, {month} {day}, {year}",
    "{weekday} {day} {month} {year}",
    "{wkd}, {day} {mon} {year}",
    "{day} {month} {year}",
    "{day} {mon} {year}",
    "{dd}-{mon}-{year}",
    "the {nth} of {month}, {year}",
    "{nth} {month} {year}",
    "{lower} {day} {year}",
    "{day} {upper} {year}",
    "{year}, {month} {day}",
    "{year}/{mm}/{dd}",
)


@dataclass(frozen=True, eq=False)
class DateTruth:
    """What is known about reading dates: everything can be read.

    Parameters
    ----------
    metric : str
        The score: "exact match", the share of answers without any error.
    kind : str
        "exact".
    standard_error : float
        0.0.
    answers : tuple of str
        What `oracle` returns.
    years : tuple of two int
        The first and the last year that dates are drawn from.
    """

    metric: str
    kind: str
    standard_error: float
    answers: tuple[str, ...] = field(repr=False)
    years: tuple[int, int]

    def __repr__(self) -> str:
        """Return the metric and how the optimum is known."""
        return f"DateTruth(metric={self.metric!r}, kind={self.kind!r})"

    def optimum(self) -> float:
        """Return the best attainable share of exact answers.

        Returns
        -------
        float
            1.0: every format can be read in one way only.
        """
        return 1.0

    def oracle(self) -> list[str]:
        """Return the best answers, aligned with the pairs.

        Returns
        -------
        list of str
            Such as "2019-04-22".
        """
        return list(self.answers)

    def bag_limit(self) -> float:
        """Return the best share for a reader who sees characters without their order.

        Such a reader can do no better than to answer each bag of characters with the
        date that is written with it most often. All days and formats are counted,
        about a million texts for two hundred years.

        Returns
        -------
        float
            The expected share of exact answers, over all days of the years and all
            formats, each equally likely.

        Examples
        --------
        >>> from coursepkg import datasets
        >>> dates = datasets.make_dates(n_pairs=1, first_year=2019, last_year=2020)
        >>> round(dates.truth.bag_limit(), 2)
        0.91
        """
        first, last = self.years
        start = date(first, 1, 1)
        n_days = (date(last, 12, 31) - start).days + 1
        factors: dict[str, int] = {}

        def bag(text: str) -> int:
            """Return the counts of all characters, as the digits of one number."""
            return sum(factors.setdefault(c, 32 ** len(factors)) for c in text)

        without_year: dict[tuple[int, int, int], list[int]] = {}
        most: dict[int, int] = {}  # per bag: texts that its best answer explains
        for day in (start + timedelta(days=n) for n in range(n_days)):
            key = (day.month, day.day, day.weekday())
            of_year = bag(str(day.year))
            if key not in without_year:
                texts = [_written(day, pattern) for pattern in DATE_FORMATS]
                without_year[key] = [bag(text) - of_year for text in texts]
            for found, n in Counter(b + of_year for b in without_year[key]).items():
                most[found] = max(most.get(found, 0), n)
        return sum(most.values()) / (n_days * len(DATE_FORMATS))

    def explain(self) -> str:
        """Return a paragraph: the formats and why the optimum is 1.

        Returns
        -------
        str
            Plain text, one paragraph.
        """
        return (
            f"Dates in {len(DATE_FORMATS)} formats, each with the month's name or the "
            "year first, and the same dates as YYYY-MM-DD. Each can be read in one way "
            "only: the best attainable share of exact answers is 1."
        )


@dataclass(frozen=True, eq=False)
class DatePairs:
    """Dates in human formats, each with its ISO form.

    Parameters
    ----------
    pairs : list of tuple of two str
        Such as ("April 22, 2019", "2019-04-22").
    truth : DateTruth
        The best attainable score: 1.0.
    """

    pairs: list[tuple[str, str]]
    truth: DateTruth

    def __repr__(self) -> str:
        """Return the size and how the optimum is known."""
        return f"DatePairs({len(self.pairs):,} pairs, {self.truth!r})"


def make_dates(
    *, n_pairs: int, first_year: int = 1900, last_year: int = 2099, seed: int = 0
) -> DatePairs:
    """Generate dates in human formats with their ISO form.

    Parameters
    ----------
    n_pairs : int
        Number of pairs, at least 1.
    first_year, last_year : int
        Range of the dates, both included, between 1000 and 9999.
    seed : int or numpy.random.Generator
        Source of the days and the formats, each equally likely and independent.

    Returns
    -------
    DatePairs
        `.pairs` of (as written, as YYYY-MM-DD) and `.truth`.

    Raises
    ------
    TypeError
        If a number is not an integer.
    ValueError
        If a number is out of range, or the last year comes before the first.

    Notes
    -----
    The formats are "April 2, 2019", "April 2nd, 2019", "Apr 2, 2019", "Apr. 2, 2019",
    "Tuesday, April 2, 2019", "Tuesday 2 April 2019", "Tue, 2 Apr 2019", "2 April 2019",
    "2 Apr 2019", "02-Apr-2019", "the 2nd of April, 2019", "2nd April 2019", "april 2
    2019", "2 APRIL 2019", "2019, April 2" and "2019/04/02". Weekdays are right. There
    is no 03/04/2019, which is March in Chicago and April in Madrid, and no two-digit
    year: every date can be read in one way only, so exact answers to all are possible.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> dates = datasets.make_dates(n_pairs=3)
    >>> dates.pairs[1]
    ('Monday, May 24, 2027', '2027-05-24')
    >>> dates.truth.optimum()
    1.0
    """
    n_pairs = check_integer(n_pairs, "n_pairs", minimum=1)
    first_year = check_integer(first_year, "first_year", minimum=1000)
    last_year = check_integer(last_year, "last_year", minimum=first_year)
    if last_year > date.max.year:
        message = (
            f"`last_year` must be at most {date.max.year}, got {last_year}. "
            "Years have four digits here."
        )
        raise ValueError(message)
    rng = np.random.default_rng(seed)
    start = date(first_year, 1, 1)
    n_days = (date(last_year, 12, 31) - start).days + 1
    days = [start + timedelta(days=int(n)) for n in rng.integers(0, n_days, n_pairs)]
    formats = rng.integers(0, len(DATE_FORMATS), n_pairs)
    pairs = [
        (_written(day, DATE_FORMATS[number]), day.isoformat())
        for day, number in zip(days, formats, strict=True)
    ]
    return DatePairs(
        pairs=pairs,
        truth=DateTruth(
            metric="exact match",
            kind="exact",
            standard_error=0.0,
            answers=tuple(iso for _, iso in pairs),
            years=(first_year, last_year),
        ),
    )


def _written(day: date, pattern: str) -> str:
    """Return a date in one of the formats, without asking the machine's locale."""
    month, weekday = _MONTHS[day.month - 1], _WEEKDAYS[day.weekday()]
    return pattern.format(
        day=day.day,
        dd=f"{day.day:02}",
        nth=f"{day.day}{_ending(day.day)}",
        month=month,
        mon=month[:3],
        lower=month.lower(),
        upper=month.upper(),
        mm=f"{day.month:02}",
        weekday=weekday,
        wkd=weekday[:3],
        year=day.year,
    )


def _ending(number: int) -> str:
    if number in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
