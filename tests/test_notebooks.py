"""Notebooks as data: what nbval, ruff and the book build each overlook."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from tools import make_status, notebooks, references

NOTEBOOKS = notebooks.all_notebooks()
each_notebook = pytest.mark.parametrize(
    "path", NOTEBOOKS, ids=[notebooks.notebook_name(path) for path in NOTEBOOKS]
)


@each_notebook
def test_notebook_keeps_every_rule(path: Path) -> None:
    """Tags, counts, outputs, figures, alt texts and metadata are as agreed."""
    assert notebooks.problems(notebooks.read(path)) == []


@each_notebook
def test_notebook_is_stored_in_normal_form(path: Path) -> None:
    """The file is what `make outputs` would store: nothing was edited by hand."""
    notebook = notebooks.read(path)
    assert notebooks.normalise(notebook, path) == notebook


@each_notebook
def test_prerequisites_are_notebooks_that_come_earlier(path: Path) -> None:
    """A prerequisite that looks like a chapter is one, and not the notebook itself."""
    course = notebooks.read(path)["metadata"]["coursepkg"]
    own = notebooks.notebook_name(path)
    for name in course["prerequisites"]:
        if re.match(r"(\d\d|case)-", name):
            assert (notebooks.CHAPTERS / f"{name}.ipynb").is_file(), name
            assert name != own


@each_notebook
def test_notebook_cites_only_what_the_references_hold(path: Path) -> None:
    """Each citation in a notebook names the authors and year of one entry."""
    entries = references.load()
    for cell in notebooks.read(path)["cells"]:
        for citation in references.citations(cell["source"]):
            found = references.matching(citation, entries)
            assert len(found) == 1, f"{citation!r} matches {found}"


@each_notebook
def test_links_between_files_lead_somewhere(path: Path) -> None:
    """A relative link in a notebook is the path of a file, as Colab needs it."""
    for cell in notebooks.read(path)["cells"]:
        if cell["cell_type"] != "markdown":
            continue
        for target in re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", cell["source"]):
            if "://" not in target and not target.startswith("mailto:"):
                assert (path.parent / target).is_file(), target


def test_every_entry_of_the_references_is_cited() -> None:
    """No work stands in references.bib that nothing in the book or the code names."""
    entries = references.load()
    cited: Counter[str] = Counter()
    for path in NOTEBOOKS:
        for cell in notebooks.read(path)["cells"]:
            for citation in references.citations(cell["source"]):
                cited.update(references.matching(citation, entries))
    for page in references.pages():
        text = page.read_text(encoding="utf-8")
        for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", text):
            cited.update(key.strip() for key in keys.split(","))
        for citation in references.citations(text):
            cited.update(references.matching(citation, entries))
    assert set(cited) >= set(entries), set(entries) - set(cited)


def test_references_are_sorted() -> None:
    """The entries of references.bib are in the order of their keys."""
    keys = list(references.load())
    assert keys == sorted(keys)


def test_every_notebook_is_in_the_table_of_contents() -> None:
    """The table of contents lists every notebook once, and only files that exist."""
    toc = yaml.safe_load((notebooks.ROOT / "_toc.yml").read_text(encoding="utf-8"))
    listed = Counter(_files(toc))
    assert all(count == 1 for count in listed.values()), listed
    for name in listed:
        exists = [
            suffix
            for suffix in (".md", ".ipynb")
            if (notebooks.ROOT / f"{name}{suffix}").is_file()
        ]
        assert len(exists) == 1, f"{name}: {exists}"
    for path in NOTEBOOKS:
        assert f"chapters/{notebooks.notebook_name(path)}" in listed


def test_alt_texts_differ_over_the_whole_book() -> None:
    """No two figures of the book carry the same alternative text."""
    seen: dict[str, str] = {}
    for path in NOTEBOOKS:
        for cell in notebooks.read(path)["cells"]:
            alt = notebooks.alt_text(cell)
            if alt:
                assert alt not in seen, f"{path.stem} and {seen[alt]}: {alt}"
                seen[alt] = path.stem


def test_status_page_is_up_to_date() -> None:
    """The status page is what `make book` would write now."""
    assert make_status.PAGE.read_text(encoding="utf-8") == make_status.page()


def test_each_chapter_has_solutions() -> None:
    """Every teaching chapter, and nothing else, comes with worked solutions."""
    chapters = {path.stem for path in NOTEBOOKS if path.parent == notebooks.CHAPTERS}
    chapters = {stem for stem in chapters if not stem.startswith("case-")}
    solutions = {path.stem for path in NOTEBOOKS if path.parent.name == "solutions"}
    assert solutions == chapters


def _files(node: object) -> list[str]:
    """Return every file and root named in a table of contents."""
    if isinstance(node, list):
        return [name for part in node for name in _files(part)]
    if not isinstance(node, dict):
        return []
    own = [node[key] for key in ("root", "file") if key in node]
    return own + [name for value in node.values() for name in _files(value)]
