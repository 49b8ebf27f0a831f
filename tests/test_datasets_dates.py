"""Generated dates: right, readable in one way only, in every format."""

import re
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta

import pytest

from coursepkg import datasets
from coursepkg.datasets import _dates

DATES = datasets.make_dates(n_pairs=3_000, seed=1)
FORMS = (
    "%B %d, %Y", "%b %d, %Y", "%b. %d, %Y", "%A, %B %d, %Y", "%A %d %B %Y",
    "%a, %d %b %Y", "%d %B %Y", "%d %b %Y", "%d-%b-%Y", "the %d of %B, %Y", "%B %d %Y",
    "%Y, %B %d", "%Y/%m/%d",
)  # fmt: skip


def readings(text):
    """Return every date that the standard library can see in a text."""
    plain = re.sub(r"(\d)(?:st|nd|rd|th)\b", r"\1", text)
    found = set()
    for form in FORMS:
        try:
            moment = datetime.strptime(plain, form)
        except ValueError:
            continue
        if not re.search("%[aA]", form) or moment.strftime("%a") == plain[:3]:
            found.add(moment.strftime("%Y-%m-%d"))
    return found


def test_every_date_has_one_reading():
    """The standard library reads each text, in one way, as the answer says."""
    for text, iso in DATES.pairs:
        assert readings(text) == {iso}, text
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", iso)


def test_limit_of_a_bag_of_characters():
    """Counted anew from the texts: the most frequent date of each bag of characters."""
    truth = datasets.make_dates(n_pairs=1, first_year=2019, last_year=2021).truth
    bags = defaultdict(Counter)
    days = [date(2019, 1, 1) + timedelta(days=n) for n in range(3 * 365 + 1)]
    for day in days:
        for pattern in _dates.DATE_FORMATS:
            written = _dates._written(day, pattern)
            bags["".join(sorted(written))][day] += 1
    best = sum(max(dates.values()) for dates in bags.values())
    n_texts = len(days) * len(_dates.DATE_FORMATS)
    assert truth.bag_limit() == pytest.approx(best / n_texts)
    assert 0.3 < truth.bag_limit() < 1


def test_one_text_has_one_answer():
    """No text stands for two dates, over all formats and a whole year of days."""
    answers = defaultdict(set)
    for text, iso in datasets.make_dates(
        n_pairs=20_000, first_year=2019, last_year=2019
    ).pairs:
        answers[text].add(iso)
    assert max(map(len, answers.values())) == 1
    assert len({iso for (iso,) in answers.values()}) == 365
    assert len(answers) > 0.9 * 365 * len(_dates.DATE_FORMATS)


def test_every_format_is_used_alike():
    """Each day of the month, each year of the range and each format comes up."""
    shapes = defaultdict(int)
    months = "|".join(_dates._MONTHS)
    short = "|".join(month[:3] for month in _dates._MONTHS)
    for text, _ in DATES.pairs:
        shape = re.sub(r"\d+", "9", text)
        shape = re.sub("[A-Z][a-z]+day", "W", shape)
        shape = re.sub(rf"\b(?:{months})\b", "M", shape)
        shape = re.sub(months.lower(), "m", re.sub(months.upper(), "U", shape))
        shape = re.sub(rf"\b(?:{short})\b", "B", shape)
        shape = re.sub(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b", "w", shape)
        shapes[re.sub("9(?:st|nd|rd|th)", "9th", shape)] += 1
    # the short name of May is its long one
    assert len(shapes) >= len(_dates.DATE_FORMATS) == 16
    assert {iso[-2:] for _, iso in DATES.pairs} == {f"{n:02}" for n in range(1, 32)}
    years = {iso[:4] for _, iso in DATES.pairs}
    assert years == {str(year) for year in range(1900, 2100)}
    assert not any(re.search(r"\d+/\d+/\d{4}", text) for text, _ in DATES.pairs)


@pytest.mark.parametrize(("number", "expected"), [
    (1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"),
    (13, "13th"), (21, "21st"), (22, "22nd"), (23, "23rd"), (30, "30th"), (31, "31st"),
])  # fmt: skip
def test_ordinals(number, expected):
    """First, second, third, eleventh: by hand."""
    assert f"{number}{_dates._ending(number)}" == expected


def test_truth():
    """All can be right: the oracle's answers are the ISO forms."""
    truth = DATES.truth
    assert (truth.metric, truth.kind, truth.standard_error) == (
        "exact match", "exact", 0.0
    )  # fmt: skip
    assert truth.optimum() == 1.0
    assert truth.oracle() == [iso for _, iso in DATES.pairs]
    assert "16 formats" in truth.explain()
    truth.oracle().clear()
    assert len(truth.oracle()) == 3_000
    assert repr(DATES) == (
        "DatePairs(3,000 pairs, DateTruth(metric='exact match', kind='exact'))"
    )


def test_same_seed_same_dates():
    """A seed decides; another one differs."""
    one, two = (datasets.make_dates(n_pairs=20, seed=3).pairs for _ in range(2))
    assert one == two != datasets.make_dates(n_pairs=20, seed=4).pairs


@pytest.mark.parametrize(("options", "complaint"), [
    ({"n_pairs": 0}, "`n_pairs` must be at least 1"),
    ({"first_year": 999}, "`first_year` must be at least 1000"),
    ({"first_year": 2000, "last_year": 1999}, "`last_year` must be at least 2000"),
    ({"last_year": 10_000}, "at most 9999, got 10000"),
])  # fmt: skip
def test_refusals(options, complaint):
    """What is no range of years is refused."""
    with pytest.raises(ValueError, match=complaint):
        datasets.make_dates(**{"n_pairs": 1, **options})
