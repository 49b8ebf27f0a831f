"""The built book: no warning, nothing from another host, no dead link."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
import yaml
from bs4 import BeautifulSoup

from tools import book

slow = pytest.mark.slow
LOADED = [
    ("script", "src"),
    ("img", "src"),
    ("source", "src"),
    ("video", "src"),
    ("audio", "src"),
    ("iframe", "src"),
    ("embed", "src"),
    ("object", "data"),
]
GENERATED = {"genindex.html", "search.html", "py-modindex.html"}
LOADING_RELATIONS = {
    *("stylesheet", "preload", "modulepreload", "prefetch", "preconnect"),
    *("dns-prefetch", "icon", "shortcut", "apple-touch-icon", "manifest"),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the book once, as `make book` does, and return its folder."""
    target = tmp_path_factory.mktemp("book")
    done = book.build(target=target)
    assert done.returncode == 0, done.stdout[-6000:]
    assert not re.search(r"\.(?:md|ipynb|py)\S*: WARNING", done.stdout)
    return target / "_build" / "html"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, BeautifulSoup]:
    """Return every built page, parsed."""
    return {
        path: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in sorted(site.rglob("*.html"))
        if "_static" not in path.relative_to(site).parts
    }


@slow
def test_every_entry_of_the_contents_is_a_page(site: Path) -> None:
    """Each file of the table of contents was built, and index leads to the first."""
    toc = (book.ROOT / "_toc.yml").read_text(encoding="utf-8")
    for name in re.findall(r"(?:file|root): (\S+)", toc):
        assert (site / f"{name}.html").is_file(), name
    assert (site / "index.html").is_file()


@slow
def test_pages_ask_no_other_host(site: Path, pages: dict[Path, BeautifulSoup]) -> None:
    """Scripts, styles, pictures, fonts and frames come from the book itself."""
    for path, page in pages.items():
        for address in _loaded(page):
            assert not re.match(r"(?:https?:)?//", address), f"{path.name}: {address}"
            if not address.startswith("data:"):
                file = (path.parent / unquote(address.split("?")[0])).resolve()
                assert file.is_file(), f"{path.name}: {address} is not in the book"
        for script in page.find_all("script", src=False):
            # the address that sphinx-thebe would load from, were it switched on
            text = re.sub(r"const THEBE_JS_URL = [^;]+;", "", script.string or "")
            assert not re.search(r"(?:cdn|unpkg|jsdelivr|googleapis)", text), path.name
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8", errors="replace")
        for address in re.findall(r"(?:url\(|@import)\s*['\"]?([^'\")]+)", text):
            assert not re.match(r"(?:https?:)?//", address), f"{style.name}: {address}"


@slow
def test_formulas_are_drawn_by_the_book_itself(site: Path) -> None:
    """MathJax and its fonts are files of the book."""
    mathjax = site / "_static" / "mathjax"
    assert (mathjax / "tex-chtml.js").is_file()
    assert list(mathjax.rglob("*.woff"))


@slow
def test_internal_links_and_anchors_resolve(
    site: Path, pages: dict[Path, BeautifulSoup]
) -> None:
    """A link inside the book leads to a file and to a place that are there."""
    places = {
        path.resolve(): {
            tag.get("id") or tag.get("name")
            for tag in page.find_all(lambda t: t.has_attr("id") or t.has_attr("name"))
        }
        for path, page in pages.items()
    }
    for path, page in pages.items():
        if path.name in GENERATED:
            continue
        for link in page.find_all("a", href=True):
            address = str(link["href"])
            if re.match(r"[a-z]+:", address) or address.startswith("//"):
                continue
            file, place = urldefrag(address)
            file = file.split("?")[0]
            target = (path.parent / unquote(file)).resolve() if file else path.resolve()
            assert target.is_file(), f"{path.relative_to(site)}: {address}"
            if place and target in places:
                assert unquote(place) in places[target], f"{path.name}: {address}"


@slow
def test_every_picture_has_alternative_text(pages: dict[Path, BeautifulSoup]) -> None:
    """Each picture of the text says in words what it shows."""
    for path, page in pages.items():
        if path.name in GENERATED:
            continue
        for image in page.select("article.bd-article img"):
            alt = str(image.get("alt") or "")
            assert len(alt) >= 40, f"{path.name}: {image.get('src')}: {alt!r}"
            assert not alt.startswith("../"), f"{path.name}: {alt!r}"


@slow
def test_every_page_states_its_language_and_title(
    pages: dict[Path, BeautifulSoup],
) -> None:
    """Screen readers and search engines find a language and a title on each page."""
    for path, page in pages.items():
        if path.name == "index.html":  # a mere redirection
            continue
        assert page.html is not None, path.name
        assert page.html.get("lang") == "en", path.name
        assert page.title is not None, path.name
        assert len(page.title.get_text()) > 8, path.name


def test_configuration_has_no_unknown_key() -> None:
    """Jupyter Book accepts misspelt keys in silence: each must be a known one."""
    default = resources.files("jupyter_book") / "default_config.yml"
    known = yaml.safe_load(default.read_text(encoding="utf-8"))
    ours = yaml.safe_load((book.ROOT / "_config.yml").read_text(encoding="utf-8"))
    optional = {"only_build_toc_files", "bibtex_bibfiles", "sphinx.recursive_update"}
    for key, value in ours.items():
        assert key in known or key in optional, key
        if isinstance(value, dict) and key != "sphinx":
            for inner in value:
                assert inner in known[key] or f"{key}.{inner}" in optional, inner
    assert ours["execute"]["execute_notebooks"] == "off"
    assert ours["execute"]["stderr_output"] == "warn"
    assert ours["launch_buttons"]["thebe"] is False  # it would load from elsewhere


def _loaded(page: BeautifulSoup) -> Iterator[str]:
    """Yield what a browser fetches while it shows a page."""
    for tag, attribute in LOADED:
        for element in page.find_all(tag):
            if element.get(attribute):
                yield str(element[attribute])
    for link in page.find_all("link", href=True):
        if LOADING_RELATIONS & set(link.get("rel") or []):
            yield str(link["href"])
