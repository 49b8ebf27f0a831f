"""Match the citations in notebooks and pages with the entries of references.bib.

A notebook cites with a plain Markdown link to the references page whose text holds
the first author's surname and the year: ``[Géron (2022)](../appendix/references.md)``
or ``[Hyndman and Koehler, 2006](../appendix/references.md)``. Words after the year are
free (``[Géron (2022, chapter 15)](...)``); before it, every capitalised word must be
the name of an author. Names stand in references.bib in plain Unicode, never in TeX. A
link to the page without a year is an ordinary link.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_LINK = re.compile(r"\[([^\[\]]+)\]\((?:\.\./)*(?:appendix/)?references\.md[^)]*\)")
_YEAR = re.compile(r"\b(?:18|19|20)\d\d\b")


@dataclass(frozen=True)
class Entry:
    """What a citation shows of a work: its authors' surnames and its year."""

    surnames: tuple[str, ...]
    year: str


def load(path: Path = ROOT / "references.bib") -> dict[str, Entry]:
    """Return the entries of a bibliography by key, in the order of the file."""
    from pybtex.database import parse_file

    entries = {}
    for key, entry in parse_file(str(path), bib_format="bibtex").entries.items():
        people = entry.persons.get("author") or entry.persons.get("editor") or []
        surnames = tuple(
            " ".join([*person.prelast_names, *person.last_names]).strip("{}")
            for person in people
        )
        entries[key] = Entry(surnames, str(entry.fields["year"]))
    return entries


def citations(markdown: str) -> list[str]:
    """Return the texts of the links to the references page that name a year."""
    return [text for text in _LINK.findall(markdown) if _YEAR.search(text)]


def matching(citation: str, entries: dict[str, Entry]) -> list[str]:
    """Return the keys of the entries that a citation can mean."""
    year = _YEAR.search(citation)
    if year is None:
        return []
    before = citation[: year.start()]
    named = set(re.findall(r"[A-ZÀ-Þ][\w'’-]*", before))
    found = []
    exact = []
    for key, entry in entries.items():
        if entry.year != year.group() or not entry.surnames:
            continue
        words = {word for name in entry.surnames for word in re.split(r"\s+", name)}
        first = entry.surnames[0].split()[-1]
        if first in named and named <= words:
            found.append(key)
            if named == words:
                exact.append(key)
    return exact or found  # who names all authors of one work means that one


def pages() -> list[Path]:
    """Return the Markdown pages of the book."""
    return [
        *sorted(ROOT.glob("*.md")),
        *sorted((ROOT / "appendix").glob("*.md")),
    ]
