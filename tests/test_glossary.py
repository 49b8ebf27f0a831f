"""The glossary: in order, short, and in the words of the chapters it points to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tools import notebooks

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "appendix" / "glossary.md").read_text(encoding="utf-8")
BODY = re.search(r"```\{glossary\}\n(.*)\n```", TEXT, re.DOTALL).group(1)
ENTRIES = [tuple(entry.split("\n  ")) for entry in BODY.split("\n\n")]
LINK = re.compile(r" \[(\d\d)\]\(\.\./(chapters/(\d\d)-[a-z-]+)\.ipynb\)$")


def words_of(chapter):
    """Return the text of a chapter in lower case, without marks and line breaks."""
    cells = notebooks.read(ROOT / f"{chapter}.ipynb")["cells"]
    text = " ".join("".join(cell["source"]) for cell in cells)
    return re.sub(r"[\s#*>]+", " ", text).lower()


def test_terms_are_in_order():
    """Each term stands once, in alphabetical order, with one definition."""
    assert all(len(entry) == 2 for entry in ENTRIES)
    terms = [term.lower() for term, _ in ENTRIES]
    assert terms == sorted(set(terms))


@pytest.mark.parametrize(("term", "definition"), ENTRIES, ids=[e[0] for e in ENTRIES])
def test_term_is_used_by_its_chapter(term, definition):
    """One to three sentences, and a chapter of the book that uses the word."""
    number, chapter, digits = LINK.search(definition).groups()
    assert number == digits
    assert chapter in yaml.safe_dump(
        yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    )
    sentences = re.findall(r"[.?](?= |$)", LINK.sub("", definition))
    assert 1 <= len(sentences) <= 3
    words = words_of(chapter)
    for name in re.split(r", | and ", term.removesuffix(", AR(p)")):
        assert name.lower() in words, f"{name} is not in {chapter}"
