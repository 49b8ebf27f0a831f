"""The maintainers' tools: notebooks in normal form, rules that bite, honest set-up."""

from __future__ import annotations

import base64
import copy
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tools import book, lock, make_status, notebooks, references

ROOT = notebooks.ROOT
ALT = "A line that climbs from zero to nine in ten equal steps."


def png(pixels: np.ndarray) -> str:
    """Return an image as a notebook stores it."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


NOISE = np.random.default_rng(0).integers(0, 256, (400, 400, 3), dtype=np.uint8)
PNG = png(np.zeros((20, 20, 3), dtype=np.uint8))
HUGE = png(NOISE)


def code(source: str, outputs: list[dict[str, Any]] | None = None, **metadata: Any):
    """Return a code cell."""
    return {
        "cell_type": "code",
        "id": "x",
        "metadata": metadata,
        "source": source,
        "outputs": outputs or [],
        "execution_count": None,
    }


def figure(encoded: str = PNG) -> dict[str, Any]:
    """Return an output that holds a figure."""
    data = {"image/png": encoded, "text/plain": ["<Figure size 700x300 with 1 Axes>"]}
    return {"output_type": "display_data", "data": data, "metadata": {"a": 1}}


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    """Return a stream output."""
    return {"output_type": "stream", "name": name, "text": text}


def good(*cells: dict[str, Any], path: Path = Path("chapters/90-x.ipynb")):
    """Return a notebook in normal form that keeps every rule, with these cells."""
    first = {
        "cell_type": "markdown",
        "id": "m",
        "metadata": {},
        "source": "# Ninety\n\nWhat comes next?",
    }
    course = {"data": [], "prerequisites": ["NumPy"]}
    course["cost"] = {"cpu_minutes": 0.5, "memory_gb": 1.2}  # type: ignore[assignment]
    notebook = {
        "cells": [first, *(cells or (code("1 + 1"),))],
        "metadata": {"coursepkg": course, "widgets": {}},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    notebook = notebooks.normalise(notebook, path)
    numbered = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for count, cell in enumerate(numbered, start=1):
        cell["execution_count"] = count
    return notebook


def test_figures_keep_their_look_in_fewer_colours():
    """A figure of many shades gets smaller and stays within a few shades of itself."""
    ramp = np.linspace(0, 255, 300).astype(np.uint8)
    shades = np.stack([ramp, ramp, ramp], axis=-1)[None].repeat(200, axis=0)
    rng = np.random.default_rng(0)
    shades = np.clip(shades + rng.integers(-2, 3, shades.shape), 0, 255)
    before = png(shades.astype(np.uint8))
    cell = code("plot()", [figure(before)], mystnb={"image": {"alt": ALT}})
    book_page = {"metadata": {}, "cells": [cell]}
    normal = notebooks.normalise(book_page, ROOT / "chapters" / "01-x.ipynb")
    after = normal["cells"][-1]["outputs"][0]["data"]["image/png"]
    assert len(after) < len(before) / 2
    image = Image.open(io.BytesIO(base64.b64decode(after))).convert("RGB")
    assert np.abs(np.asarray(image, dtype=int) - shades).mean() < 3


def test_normal_form_is_reached_in_one_step() -> None:
    """Normalising twice changes nothing more, and the result keeps the rules."""
    notebook = good(
        code("plot()", [figure()], mystnb={"image": {"alt": ALT}}, collapsed=True)
    )
    again = notebooks.normalise(notebook, Path("chapters/90-x.ipynb"))
    assert again == notebook
    assert notebooks.problems(notebook) == []


def test_normal_form_drops_what_varies_by_machine() -> None:
    """Timings, widget state, split streams and frames outside the notebook are gone."""
    trace = ["\x1b[36mFile /home/a/b.py:3\x1b[0m", "Cell In[2]", "ValueError: no"]
    error = {"output_type": "error", "ename": "ValueError", "evalue": "no"}
    cell = code("f()", [stream("a\n"), stream("b\n"), {**error, "traceback": trace}])
    cell["metadata"] = {"execution": {"iopub.execute_input": "12:00"}, "tags": ["trap"]}
    notebook = good(cell)
    assert set(notebook["metadata"]) == {"coursepkg", "kernelspec", "language_info"}
    stored = notebook["cells"][-1]
    assert stored["metadata"] == {"tags": ["trap"]}
    assert stored["outputs"][0]["text"] == "a\nb\n"
    assert stored["outputs"][1]["traceback"] == trace[1:]


def test_normal_form_drops_the_greeting_of_tensorflow() -> None:
    """What TensorFlow says of the machine at its start goes; a real warning stays."""
    greeting = (
        "WARNING: All log messages before absl::InitializeLog() is called are written\n"
        "I0000 00:00:1795171941.655799    4817 port.cc:153] oneDNN operations are on.\n"
        "2026-11-20 10:00:00.000001: I tensorflow/core/cpu_feature_guard.cc:210] This\n"
        "To enable the following instructions: AVX2, rebuild TensorFlow.\n"
    )
    warning = "UserWarning: the input is empty\n"
    notebook = good(code("f()", [stream(greeting, "stderr"), stream("1\n")]))
    assert [o["name"] for o in notebook["cells"][-1]["outputs"]] == ["stdout"]
    notebook = good(code("f()", [stream(greeting + warning, "stderr")]))
    assert notebook["cells"][-1]["outputs"][0]["text"] == warning
    assert any("error stream" in problem for problem in notebooks.problems(notebook))


def test_header_states_cost_and_prerequisites() -> None:
    """The first cell gets a line with the measured cost, after the title."""
    source = good()["cells"][0]["source"]
    assert source.startswith("# Ninety\n\n" + notebooks.COST_START)
    assert "half a CPU minute on two cores, 1.2 GB of memory" in source
    assert "**Read first** NumPy." in source
    assert source.endswith("What comes next?")


def test_cost_is_rounded_up_so_that_it_stays() -> None:
    """Small differences between two runs do not change the header."""
    cost = notebooks.Cost(cpu_seconds=31, peak_bytes=1_010_000_000)
    assert cost.as_metadata() == {"cpu_minutes": 1.0, "memory_gb": 1.2}
    assert notebooks.Cost(50, 1_190_000_000).as_metadata() == cost.as_metadata()


def _without_kernel_language(n: dict[str, Any]) -> None:
    del n["metadata"]["kernelspec"]["language"]


def _without_count(n: dict[str, Any]) -> None:
    n["cells"][-1]["execution_count"] = 7


def _without_colab(n: dict[str, Any]) -> None:
    n["cells"][1]["source"] += "\n# mine"


def _without_cost(n: dict[str, Any]) -> None:
    n["cells"][0]["source"] = "# Ninety\n\nWhat comes next?"


def _without_data_list(n: dict[str, Any]) -> None:
    n["metadata"]["coursepkg"]["data"] = "ridership"


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_without_kernel_language, "kernelspec.language"),
        (_without_count, "execution counts"),
        (_without_colab, "Colab"),
        (_without_cost, "cost line"),
        (_without_data_list, "coursepkg.data"),
    ],
)
def test_rules_find_a_damaged_notebook(damage: Any, words: str) -> None:
    """Each rule for a notebook as a whole answers with a sentence that names it."""
    notebook = copy.deepcopy(good())
    damage(notebook)
    assert [p for p in notebooks.problems(notebook) if words in p]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (code("1", tags=["nbval-chek-output"]), "is not allowed"),
        (code("1", tags=["nbval-check-output"]), "no output is stored"),
        (code("1", tags=["raises-exception"]), "nothing was raised"),
        (code("1", [stream("oh", "stderr")]), "error stream"),
        (code("1", [stream("/home/ada/x.csv")]), "absolute path"),
        (code("1", [stream("C:\\Users\\ada")]), "absolute path"),
        (code("1", [stream("3/3 ━━━━ 0s 4ms/step")]), "progress bar"),
        (code("1", [stream("40%|####")]), "progress bar"),
        (code("1", [figure()]), "alt text"),
        (code("1", [figure(), figure()], mystnb={"image": {"alt": ALT}}), "2 figures"),
        (
            code("1", [figure(HUGE)], mystnb={"image": {"alt": ALT}}),
            "the limit is 60,000",
        ),
        (code("1", mystnb={"image": {"alt": ALT}}), "alt text but no figure"),
        (code("# NBVAL_SKIP\n1"), "NBVAL comment"),
        (
            {
                "cell_type": "markdown",
                "metadata": {},
                "source": "See {cite}`x` or\n```{note}\n```",
            },
            "directive or role",
        ),
        (
            {"cell_type": "markdown", "metadata": {}, "source": "# Another title"},
            "more than one title",
        ),
    ],
)
def test_rules_find_a_bad_cell(cell: dict[str, Any], words: str) -> None:
    """Each rule for one cell answers with a sentence that names it."""
    found = notebooks.problems(good(copy.deepcopy(cell)))
    assert [p for p in found if words in p], found


def test_rules_let_honest_output_pass() -> None:
    """Fractions, dates, shares and web addresses are no paths and no progress bars."""
    text = "3/4 of 12/2019: 40% (https://keras.io/api/) and/or a/b\n"
    assert notebooks.problems(good(code("1", [stream(text)]))) == []


def test_notebooks_are_found_by_short_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """12, case-x, solutions/12, patterns and all mean what the Makefile says."""
    (tmp_path / "solutions").mkdir()
    for name in ("12-rnns", "case-x", "case-y", "solutions/12-rnns"):
        notebooks.write(good(), tmp_path / f"{name}.ipynb")
    monkeypatch.setattr(notebooks, "CHAPTERS", tmp_path)

    def names(text: str) -> list[str]:
        return [notebooks.notebook_name(path) for path in notebooks.find(text)]

    assert names("12") == names("12-rnns") == ["12-rnns"]
    assert names("solutions/12") == ["solutions/12-rnns"]
    assert names("case-*") == ["case-x", "case-y"]
    assert names("all") == ["12-rnns", "case-x", "case-y", "solutions/12-rnns"]
    with pytest.raises(SystemExit):
        notebooks.find("13")


def test_conversion_keeps_outputs_of_unchanged_cells(tmp_path: Path) -> None:
    """Prose can be edited in the script without running the notebook again."""
    source, path = tmp_path / "90-x.py", tmp_path / "90-x.ipynb"
    source.write_text("# %% [markdown]\n# # Ninety\n\n# %%\n1 + 1\n\n# %%\n2 + 2\n")
    notebooks.convert(source, path)
    notebook = notebooks.read(path)
    notebook["cells"][2]["outputs"] = [stream("2")]
    notebook["cells"][2]["execution_count"] = 2
    notebooks.write(notebook, path)
    source.write_text("# %% [markdown]\n# # New\n\n# %%\n1 + 1\n\n# %%\n3 + 3\n")
    notebooks.convert(source, path)
    cells = notebooks.read(path)["cells"]
    assert cells[0]["source"].startswith("# New")
    assert [cell.get("execution_count") for cell in cells] == [None, None, 2, None]
    assert cells[2]["outputs"][0]["text"] == "2"


@pytest.mark.slow
def test_outputs_runs_and_stores(tmp_path: Path) -> None:
    """`outputs` executes in the notebook's folder and stores only a clean run."""
    path = tmp_path / "90-x.ipynb"
    notebooks.write(good(code("open('here').read()"), code("6 * 7")), path)
    (tmp_path / "here").write_text("yes")
    assert "stored" in _outputs(path).stdout
    stored = notebooks.read(path)
    assert notebooks.problems(stored) == []
    assert stored["cells"][-1]["outputs"][0]["data"]["text/plain"] == ["42"]
    assert set(stored["metadata"]["coursepkg"]["cost"]) == {"cpu_minutes", "memory_gb"}
    before = path.read_bytes()
    (tmp_path / "here").unlink()
    failed = _outputs(path)
    assert failed.returncode == 1
    assert "FileNotFoundError" in failed.stderr
    assert path.read_bytes() == before


def _outputs(path: Path) -> subprocess.CompletedProcess[str]:
    tool = str(ROOT / "tools" / "notebooks.py")
    return subprocess.run(
        [sys.executable, tool, "outputs", str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


RECORDING = """
from pathlib import Path
from coursepkg import training
training._results_directory = lambda: Path("results")
def run(seed):
    with open("log", "a") as log:
        log.write(f"{seed} ")
    return {"mae": 1.0 + seed}
training.recorded("90-one", {"a": run}, seeds=(0, 1));
"""


@pytest.mark.slow
def test_results_goes_on_after_an_interruption_and_starts_afresh_after_a_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """A finished table is not run again until the whole notebook has run."""
    results = tmp_path / "results"
    results.mkdir()
    (results / "91-other.json.partial").write_text('{"session": "91-y", "runs": {}}')
    (results / "92-old.json.partial").write_text('{"runs": {}}')
    monkeypatch.setattr(notebooks, "RESULTS", results)
    monkeypatch.setenv("COURSEPKG_SEEDS", "0,1")
    monkeypatch.setenv("COURSEPKG_RESULTS_SESSION", "restored after the test")
    path = tmp_path / "90-x.ipynb"
    notebooks.write(good(code(RECORDING), code("open('here').read()")), path)
    others = ["91-other.json.partial", "92-old.json.partial"]

    with pytest.raises(SystemExit):
        notebooks.main(["results", str(path)])
    left = sorted(file.name for file in results.iterdir())
    assert left == ["90-one.json", "90-one.json.partial", *others]
    assert "going on" not in capsys.readouterr().out

    (tmp_path / "here").write_text("yes")
    notebooks.main(["results", str(path)])
    assert "interrupted recording (90-one)" in capsys.readouterr().out
    left = sorted(file.name for file in results.iterdir())
    assert left == ["90-one.json", *others]
    assert (tmp_path / "log").read_text() == "0 1 "

    notebooks.main(["results", str(path)])
    assert "going on" not in capsys.readouterr().out
    assert (tmp_path / "log").read_text() == "0 1 0 1 "


@pytest.mark.parametrize(
    ("citation", "keys"),
    [
        ("Géron (2022)", ["geron2022"]),
        ("Géron, 2022, chapter 15", ["geron2022"]),
        ("Hyndman and Koehler (2006)", ["hyndman2006"]),
        ("Hyndman et al. (2006)", ["hyndman2006"]),
        ("Koehler (2006)", []),
        ("Hyndman and Smith (2006)", []),
        ("Géron (2021)", []),
    ],
)
def test_citations_find_their_entry(citation: str, keys: list[str]) -> None:
    """First surname and year must fit, and all names before the year be authors."""
    entries = {
        "geron2022": references.Entry(("Géron",), "2022"),
        "hyndman2006": references.Entry(("Hyndman", "Koehler"), "2006"),
    }
    text = f"See [{citation}](../appendix/references.md), [a](b.md)."
    assert references.citations(text) == [citation]
    assert references.matching(citation, entries) == keys


def test_who_names_all_authors_means_that_work() -> None:
    """Of two works of one year, a citation finds the one whose authors it lists."""
    entries = {
        "chen": references.Entry(("Mikolov", "Chen"), "2013"),
        "sutskever": references.Entry(("Mikolov", "Sutskever", "Chen"), "2013"),
    }
    for citation, keys in (
        ("Mikolov and Chen (2013)", ["chen"]),
        ("Mikolov, Sutskever and Chen (2013)", ["sutskever"]),
        ("Mikolov et al. (2013)", ["chen", "sutskever"]),
    ):
        assert references.matching(citation, entries) == keys


def test_names_in_the_references_are_plain_unicode() -> None:
    """No TeX accents: a citation is compared with the name as people write it."""
    for key, entry in references.load().items():
        assert entry.surnames, key
        assert not any("\\" in name or "{" in name for name in entry.surnames), key


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://example.org/simple",
        "a @ https://example.org/a.whl",
        "--find-links wheels",
        "-i file:index",
    ],
)
def test_lock_with_an_address_is_refused(line: str) -> None:
    """A lock that names an index, a link or a file is found out."""
    lines = ["a==1 \\", "    --hash=sha256:00", "# made by make lock"]
    assert lock.addresses("\n".join(lines)) == []
    assert lock.addresses("\n".join([*lines, line])) == [line]


def _checkout(folder: Path) -> Path:
    """Return a folder with what set-up reads."""
    for name in (
        "Makefile",
        "pyproject.toml",
        "tools/setup.sh",
        "requirements/lock.txt",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def _set_up(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    return subprocess.run(
        ["make", "setup"],
        cwd=folder,
        env={**kept, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def _python(path: Path, script: str) -> None:
    """Write a program that stands in for Python."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_set_up_names_the_python_it_needs(tmp_path: Path) -> None:
    """Without a fitting Python, set-up says which versions fit and how to name one."""
    checkout = _checkout(tmp_path / "checkout")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "make", "dirname", "sed", "rm", "grep", "tail"):
        os.symlink(str(shutil.which(name)), tools / name)
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        _python(tools / name, '[ "$1" = --version ] && echo Python 3.9.2 || exit 1')
    done = _set_up(checkout, PATH=str(tools))
    assert done.returncode != 0
    assert (
        "needs Python 3.11, 3.12 or 3.13; this machine has Python 3.9.2" in done.stderr
    )
    assert "make PYTHON=" in done.stderr
    done = _set_up(checkout, PATH=str(tools), PYTHON=str(tools / "python3"))
    assert "does not run as a Python from 3.11 to 3.13" in done.stderr
    assert not (checkout / ".venv").exists()


def test_set_up_says_that_venv_is_missing(tmp_path: Path) -> None:
    """On Debian without python3-venv, set-up names the package to install."""
    script = f'case "$2" in *ensurepip*) exit 1;; esac; exec "{sys.executable}" "$@"'
    _python(tmp_path / "python", script)
    checkout = _checkout(tmp_path / "checkout")
    done = _set_up(checkout, PYTHON=str(tmp_path / "python"))
    assert done.returncode != 0
    assert "sudo apt install python3." in done.stderr
    assert "-venv" in done.stderr


def test_set_up_explains_intel_macs(tmp_path: Path) -> None:
    """TensorFlow has no wheel for Intel Macs, and set-up says so at once."""
    script = (
        'case "$2" in *platform*) echo Darwin x86_64; exit 0;; esac; '
        f'exec "{sys.executable}" "$@"'
    )
    _python(tmp_path / "python", script)
    checkout = _checkout(tmp_path / "checkout")
    done = _set_up(checkout, PYTHON=str(tmp_path / "python"))
    assert done.returncode != 0
    assert "no longer made for Intel Macs" in done.stderr


@pytest.mark.slow
def test_set_up_says_that_no_index_answers(tmp_path: Path) -> None:
    """Without a network, set-up says so in a sentence, and leaves no stamp behind."""
    checkout = _checkout(tmp_path / "checkout")
    done = _set_up(
        checkout,
        PYTHON=sys.executable,
        PIP_CONFIG_FILE=os.devnull,
        PIP_INDEX_URL="http://127.0.0.1:9/simple",
        PIP_NO_CACHE_DIR="1",
    )
    assert done.returncode != 0
    assert "No package index could be reached" in done.stderr
    assert not (checkout / ".venv" / ".installed").exists()


def test_draft_leaves_out_what_is_not_there(tmp_path: Path) -> None:
    """A draft's contents hold the files that exist, and no part without a chapter."""
    (tmp_path / "here.md").write_text("# Here\n")
    toc = "root: here\nparts:\n"
    part = "  - caption: {}\n    chapters:\n      - file: {}\n"
    full = toc + part.format("One", "here") + part.format("Two", "absent")
    kept = book.contents_without_missing(full, tmp_path)
    assert kept == toc + part.format("One", "here")


def test_status_names_every_notebook_once() -> None:
    """Each notebook has one line, with its cost or a dash."""
    text = make_status.page()
    for path in notebooks.all_notebooks():
        assert text.count(f"(../chapters/{notebooks.notebook_name(path)}.ipynb)") == 1


@pytest.mark.parametrize("name", ["12", "solutions/12", "case-x"])
def test_unknown_notebook_is_named_in_the_message(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """A name that fits no notebook gets an answer that lists those there are."""
    notebooks.write(good(), tmp_path / "01-x.ipynb")
    monkeypatch.setattr(notebooks, "CHAPTERS", tmp_path)
    with pytest.raises(SystemExit):
        notebooks.find(name)
    assert f"{name!r} in chapters/. There are: 01-x." in capsys.readouterr().err
