"""Run, normalise and check the notebooks of the course.

Usage, from the repository root (``make outputs CH=12`` and friends call this)::

    python tools/notebooks.py convert SOURCE.py chapters/NN-topic.ipynb
    python tools/notebooks.py outputs 12            # execute, normalise, store
    python tools/notebooks.py run case-ridership    # execute, store nothing
    python tools/notebooks.py results 12            # with COURSEPKG_SEEDS set
    python tools/notebooks.py results-check [12]    # every notebook that records
    python tools/notebooks.py check [12]            # the rules, without running
    python tools/notebooks.py test [12] --jobs 2    # nbval over every notebook

A notebook is named by its number (``12``), its stem (``case-ridership``), a folder and
either of them (``solutions/12``), a pattern (``case-*``) or ``all``.
"""

from __future__ import annotations

import argparse
import base64
import copy
import hashlib
import io
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = ROOT / "chapters"
RESULTS = ROOT / "data" / "results"

ALLOWED_TAGS = frozenset(
    {
        *("nbval-check-output", "nbval-skip", "nbval-ignore-output"),
        *("raises-exception", "hide-input", "hide-output", "hide-cell"),
        *("remove-input", "remove-output", "remove-cell", "parameters", "setup"),
        *("exercise", "solution", "claim", "trap", "interactive"),
    }
)
FIGURE_LIMIT = 60_000  # bytes of one PNG
ALT_MINIMUM = 40  # characters of one alternative text
COST_START = "<!-- cost: measured and written by tools/notebooks.py -->"
COST_END = "<!-- end of cost -->"
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE_INFO = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
ABSOLUTE_PATH = re.compile(
    r"(?:(?<![\w.:/<>])/(?:home|root|Users|tmp|work|var|usr|opt|content|private)/[\w.]"
    r"|\b[A-Za-z]:\\\w)"
)
# What TensorFlow's C++ says to the error stream at its start, before it reads
# TF_CPP_MIN_LOG_LEVEL: about the machine, not about the cell.
TENSORFLOW_GREETING = re.compile(
    r"^(?:WARNING: All log messages before absl::InitializeLog.*"
    r"|[IW]0000 [\d:.]+ +\d+ \w+\.cc:\d+\].*"
    r"|\d{4}-\d\d-\d\d [\d:.]+: I tensorflow/\S+\.cc:\d+\].*"
    r"|To enable the following instructions:.*)\n?",
    re.MULTILINE,
)
PROGRESS_OR_TIMING = re.compile(
    r"[━█▏▎▍▌▋▊▉]{2}|\d+\s*[mµu]?s/(?:step|epoch)|\d+it/s|\b\d{1,3}%\|"
    r"|\bWall time:|\bCPU times:|\bETA\b"
)


def repository_address() -> str:
    """Return the owner and name of the repository, from pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    address = project["project"]["urls"]["Repository"]
    return address.removeprefix("https://github.com/")


def colab_source() -> str:
    """Return the source of the first code cell, the same in every notebook."""
    return (
        "# On Colab this installs the course's package; elsewhere it does nothing.\n"
        "import sys\n"
        "\n"
        'if "google.colab" in sys.modules:\n'
        "    %pip install --quiet --no-deps "
        f"git+https://github.com/{repository_address()}"
    )


# --- finding and storing ---


def all_notebooks() -> list[Path]:
    """Return every notebook of the book, chapters before their solutions."""
    return sorted(CHAPTERS.glob("*.ipynb")) + sorted(
        (CHAPTERS / "solutions").glob("*.ipynb")
    )


def find(name: str) -> list[Path]:
    """Return the notebooks that a short name means; stop with a sentence if none."""
    if name == "all":
        return all_notebooks()
    given = Path(name)
    if given.suffix == ".ipynb" and given.is_file():
        return [given.resolve()]
    pattern = name.removeprefix("chapters/").removesuffix(".ipynb")
    folder, _, stem = pattern.rpartition("/")
    if re.fullmatch(r"\d{1,2}", stem):
        stem = f"{int(stem):02d}-*"
    found = sorted((CHAPTERS / folder).glob(f"{stem}.ipynb"))
    if not found:
        there = ", ".join(notebook_name(path) for path in all_notebooks()) or "none yet"
        stop(f"No notebook is called {name!r} in chapters/. There are: {there}.")
    return found


def notebook_name(path: Path) -> str:
    """Return the notebook's name as people type it, for example solutions/12-rnns."""
    try:
        return path.resolve().relative_to(CHAPTERS).with_suffix("").as_posix()
    except ValueError:
        return path.stem


def stop(message: str) -> None:
    """End the program with a message on the error stream."""
    print(message, file=sys.stderr)
    raise SystemExit(1)


def read(path: Path) -> dict[str, Any]:
    """Return a notebook as plain dictionaries, sources and streams as strings."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = _joined(cell["source"])
        for output in cell.get("outputs", []):
            if output["output_type"] == "stream":
                output["text"] = _joined(output["text"])
    return notebook


def write(notebook: dict[str, Any], path: Path) -> None:
    """Store a notebook, atomically, in the one form that git shall see."""
    import nbformat

    node = nbformat.from_dict(copy.deepcopy(notebook))
    nbformat.validate(node)
    text = nbformat.writes(node, version=4)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".partial")
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
        stream.write(text.rstrip("\n") + "\n")
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


# --- normal form ---


def normalise(notebook: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return the notebook in normal form: same content, nothing that varies by machine.

    Metadata is reduced to what the book and the tests read, cell ids follow from the
    sources, stream outputs are joined, tracebacks lose the frames outside the notebook,
    the Colab cell is put in and the cost line renewed.
    """
    notebook = copy.deepcopy(notebook)
    course = dict(notebook.get("metadata", {}).get("coursepkg", {}))
    course.setdefault("data", [])
    course.setdefault("prerequisites", [])
    notebook["metadata"] = {
        "coursepkg": course,
        "kernelspec": dict(KERNELSPEC),
        "language_info": dict(LANGUAGE_INFO),
    }
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 5

    cells = notebook["cells"]
    while cells and not _joined(cells[-1]["source"]).strip():
        cells.pop()
    _put_colab_cell(cells)
    _put_cost_line(cells, course, path)
    seen: set[str] = set()
    for cell in cells:
        cell["source"] = _joined(cell["source"]).rstrip()
        kept = {
            key: cell["metadata"][key]
            for key in ("mystnb", "tags")
            if cell.get("metadata", {}).get(key)
        }
        cell["metadata"] = kept
        cell["id"] = _cell_id(cell, seen)
        if cell["cell_type"] == "code":
            cell["outputs"] = _normal_outputs(cell.get("outputs", []))
            cell.setdefault("execution_count", None)
            for output in cell["outputs"]:
                if output["output_type"] == "execute_result":
                    output["execution_count"] = cell["execution_count"]
    return notebook


def _cell_id(cell: dict[str, Any], seen: set[str]) -> str:
    text = cell["cell_type"] + "\n" + re.sub(_COST, "", cell["source"])
    for attempt in range(1_000):
        digest = hashlib.sha256(f"{text}\n{attempt}".encode()).hexdigest()[:8]
        if digest not in seen:
            seen.add(digest)
            return digest
    message = "A thousand equal cells in one notebook."
    raise ValueError(message)


def _normal_outputs(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    normal: list[dict[str, Any]] = []
    for output in outputs:
        output = dict(output)
        if output["output_type"] == "stream":
            output["text"] = _joined(output["text"])
            if output["name"] == "stderr":
                output["text"] = TENSORFLOW_GREETING.sub("", output["text"])
                if not output["text"].strip():
                    continue
            last = normal[-1] if normal else {}
            if last.get("output_type") == "stream" and last["name"] == output["name"]:
                last["text"] += output["text"]
                continue
        if "metadata" in output:
            output["metadata"] = {}
        if "image/png" in output.get("data", {}):
            output["data"] = {
                **output["data"],
                "image/png": _small_png(_joined(output["data"]["image/png"])),
            }
        if output["output_type"] == "error":
            output["traceback"] = [
                frame
                for frame in output["traceback"]
                if not re.match(r"(?:\x1b\[[0-9;]*m)*File ", frame)
            ]
        normal.append(output)
    return normal


def _small_png(encoded: str) -> str:
    """Return a figure in at most 128 colours, if that makes it smaller.

    The antialiased edges of thin lines fill a PNG with thousands of shades that nobody
    can tell apart. A figure that is small already is left as it is, so that storing
    twice changes nothing.
    """
    png = base64.b64decode(encoded)
    image = Image.open(io.BytesIO(png))
    if image.mode == "P":
        return encoded
    buffer = io.BytesIO()
    image.convert("RGB").quantize(128).save(buffer, "PNG", optimize=True)
    if buffer.tell() >= len(png):
        return encoded
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _put_colab_cell(cells: list[dict[str, Any]]) -> None:
    source = colab_source()
    metadata = {"tags": ["setup", "hide-input"]}
    first = next((c for c in cells if c["cell_type"] == "code"), None)
    if first is not None and "google.colab" in _joined(first["source"]):
        first["source"], first["metadata"] = source, metadata
        return
    new = {
        "cell_type": "code",
        "id": "colab",
        "metadata": metadata,
        "source": source,
        "outputs": [],
        "execution_count": None,
    }
    where = next(
        (i + 1 for i, c in enumerate(cells) if c["cell_type"] == "markdown"), 0
    )
    if first is not None:
        where = min(where, cells.index(first))
    cells.insert(where, new)


_COST = re.compile(
    re.escape("<!-- cost:") + r".*?" + re.escape(COST_END) + r"\n*", re.DOTALL
)


def cost_line(course: dict[str, Any], path: Path) -> str:
    """Return the sentence that states what a notebook costs and what it rests on."""
    cost = course.get("cost")
    if cost:
        parts = [
            f"**Cost** {_minutes(cost['cpu_minutes'])} on two cores, "
            f"{cost['memory_gb']:.1f} GB of memory at its peak."
        ]
    else:
        parts = ["**Cost** not measured yet."]
    before = [_prerequisite(name, path) for name in course.get("prerequisites", [])]
    parts.append(f"**Read first** {', '.join(before) if before else 'nothing'}.")
    data = course.get("data", [])
    if data:
        names = ", ".join(f"`python -m coursepkg data fetch {name}`" for name in data)
        parts.append(f"**Data** fetched once with {names}.")
    else:
        parts.append("**Data** embedded: nothing to download.")
    return " ".join(parts)


def _minutes(minutes: float) -> str:
    if minutes <= 0.25:
        return "a quarter of a CPU minute"
    if minutes <= 0.5:
        return "half a CPU minute"
    if minutes <= 1:
        return "one CPU minute"
    return f"{minutes:g} CPU minutes"


def _prerequisite(name: str, path: Path) -> str:
    target = CHAPTERS / f"{name}.ipynb"
    if not target.is_file():
        return name
    link = os.path.relpath(target, path.resolve().parent).replace(os.sep, "/")
    return f"[{title(read(target))}]({link})"


def title(notebook: dict[str, Any]) -> str:
    """Return the text of the first heading."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            found = re.search(r"^# +(.+)$", _joined(cell["source"]), re.MULTILINE)
            if found:
                return found.group(1).strip()
    return ""


def _put_cost_line(cells: list[dict[str, Any]], course: dict[str, Any], path: Path):
    first = next((c for c in cells if c["cell_type"] == "markdown"), None)
    if first is None:
        return
    source = re.sub(_COST, "", _joined(first["source"]))
    lines = source.split("\n")
    heading = next((i for i, line in enumerate(lines) if line.startswith("# ")), None)
    if heading is None:
        return
    rest = "\n".join(lines[heading + 1 :]).strip("\n")
    block = f"{COST_START}\n> {cost_line(course, path)}\n\n{COST_END}"
    head = "\n".join(lines[: heading + 1])
    first["source"] = f"{head}\n\n{block}\n\n{rest}".rstrip()


# --- the rules, on a notebook as data ---


def problems(notebook: dict[str, Any], *, executed: bool = True) -> list[str]:
    """Return every rule of the course that a notebook breaks, as sentences."""
    found = list(_metadata_problems(notebook))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    if executed:
        counts = [cell.get("execution_count") for cell in code]
        if counts != list(range(1, len(code) + 1)):
            found.append(
                f"execution counts are {counts}, not 1 to {len(code)} in order"
            )
    if not code or _joined(code[0]["source"]) != colab_source():
        found.append("the first code cell is not that of tools/notebooks.py (Colab)")
    alts: dict[str, int] = {}
    for number, cell in enumerate(notebook["cells"], start=1):
        for problem in _cell_problems(cell, executed=executed):
            found.append(f"cell {number}: {problem}")
        alt = alt_text(cell)
        if alt:
            if alt in alts:
                found.append(f"cell {number}: same alt text as cell {alts[alt]}")
            alts[alt] = number
    return found


def alt_text(cell: dict[str, Any]) -> str:
    """Return the alternative text of a cell's figure, empty if it has none."""
    return cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")


def _metadata_problems(notebook: dict[str, Any]) -> Iterator[str]:
    metadata = notebook["metadata"]
    if metadata.get("kernelspec", {}).get("language") != "python":
        yield "metadata has no kernelspec.language: ruff and the book would skip it"
    if metadata.get("language_info", {}).get("name") != "python":
        yield "metadata has no language_info.name"
    course = metadata.get("coursepkg", {})
    for key in ("data", "prerequisites"):
        value = course.get(key)
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            yield f"metadata coursepkg.{key} is not a list of names"
    if notebook.get("nbformat") != 4 or notebook.get("nbformat_minor") != 5:
        yield "not in notebook format 4.5"
    markdown = [cell for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    if not markdown or not markdown[0]["source"].startswith("# "):
        yield "the first Markdown cell does not start with the title"
    elif COST_START not in markdown[0]["source"]:
        yield "the first Markdown cell has no cost line (run `make outputs`)"
    elif not course.get("cost"):
        yield "the cost was never measured (run `make outputs`)"
    headings = [
        line
        for cell in markdown
        for line in _prose(cell["source"]).split("\n")
        if re.match(r"# ", line)
    ]
    if len(headings) > 1:
        yield f"more than one title: {headings}"


def _prose(source: str) -> str:
    """Return Markdown without its fenced code."""
    return re.sub(r"^(```|~~~).*?^\1", "", source, flags=re.DOTALL | re.MULTILINE)


_DIRECTIVE = re.compile(
    r"^(?:```|:::+) *\{|\{(?:cite|ref|numref|doc|term|eq|math)[:\w]*\}`", re.MULTILINE
)


def _cell_problems(cell: dict[str, Any], *, executed: bool) -> Iterator[str]:
    tags = cell["metadata"].get("tags", [])
    for tag in tags:
        if tag not in ALLOWED_TAGS:
            yield f"tag {tag!r} is not allowed (a misspelt tag does nothing, silently)"
    if cell["cell_type"] == "markdown":
        if _DIRECTIVE.search(cell["source"]):
            yield "a directive or role: Colab and JupyterLab cannot render it"
        for alt in re.findall(r"!\[([^\]]*)\]\(", _prose(cell["source"])):
            if len(alt) < ALT_MINIMUM:
                yield f"an image's alt text has under {ALT_MINIMUM} characters: {alt!r}"
        return
    if cell["cell_type"] != "code":
        yield f"a cell of type {cell['cell_type']}"
        return
    if not cell["source"].strip():
        yield "an empty code cell"
    for line in cell["source"].split("\n"):
        if re.match(r"\s*#\s*NBVAL_", line):
            yield "an NBVAL comment: use a tag, readers see comments"
    if not executed:
        return
    outputs = cell.get("outputs", [])
    if "nbval-check-output" in tags and not outputs:
        yield "tagged nbval-check-output but no output is stored to check"
    if "raises-exception" in tags and not any(
        output["output_type"] == "error" for output in outputs
    ):
        yield "tagged raises-exception but nothing was raised"
    yield from _output_problems(outputs, tags)
    figures = sum("image/png" in output.get("data", {}) for output in outputs)
    alt = alt_text(cell)
    if figures > 1:
        yield f"{figures} figures in one cell: give each a cell of its own"
    if figures and len(alt) < ALT_MINIMUM:
        yield (
            f"the figure's alt text (metadata mystnb.image.alt) has {len(alt)} "
            f"characters; say what the figure shows in at least {ALT_MINIMUM}"
        )
    if alt and not figures:
        yield "alt text but no figure"


def _output_problems(outputs: list[dict[str, Any]], tags: list[str]) -> Iterator[str]:
    for output in outputs:
        if output["output_type"] == "stream" and output["name"] == "stderr":
            yield f"wrote to the error stream: {_joined(output['text'])[:300]!r}"
        if output["output_type"] == "error" and "raises-exception" not in tags:
            yield f"raised {output['ename']}"
        data = output.get("data", {})
        for kind in data:
            if kind.startswith("image/") and kind != "image/png":
                yield f"a figure of type {kind}: only image/png is stored"
        if "image/png" in data:
            size = len(base64.b64decode(_joined(data["image/png"])))
            if size > FIGURE_LIMIT:
                yield f"a figure of {size:,} bytes; the limit is {FIGURE_LIMIT:,}"
        texts = [
            _joined(output.get("text", "")),
            "\n".join(output.get("traceback", [])),
        ]
        texts += [_joined(data[kind]) for kind in data if kind.startswith("text/")]
        for text in texts:
            text = re.sub(r"\x1b\[[0-9;]*m", "", text)
            path = ABSOLUTE_PATH.search(text)
            if path:
                shown = text[max(0, path.start() - 20) : path.end() + 40]
                yield f"an absolute path in the output: {shown!r}"
            progress = PROGRESS_OR_TIMING.search(text)
            if progress:
                yield f"a progress bar or a timing in the output: {progress.group()!r}"


# --- running ---


@dataclass(frozen=True)
class Cost:
    """What one run of a notebook took: CPU seconds and bytes at the peak."""

    cpu_seconds: float
    peak_bytes: int

    def as_metadata(self) -> dict[str, float]:
        """Return the cost rounded up, so that small differences change nothing."""
        minutes = self.cpu_seconds / 60
        step = 0.25 if minutes <= 0.5 else 0.5 if minutes <= 4 else 1.0
        return {
            "cpu_minutes": math.ceil(minutes / step) * step,
            "memory_gb": math.ceil(self.peak_bytes / 2e8) / 5,
        }


class _Meter(threading.Thread):
    """Watch a kernel and its children until stopped."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.done = threading.Event()
        self.seconds: dict[int, float] = {}
        self.peak = 0

    def run(self) -> None:
        import psutil

        me = psutil.Process()
        while not self.done.wait(0.1):
            total = 0
            for process in me.children(recursive=True):
                try:
                    total += process.memory_info().rss
                    times = process.cpu_times()
                    self.seconds[process.pid] = times.user + times.system
                except (psutil.NoSuchProcess, psutil.AccessDenied):
                    continue
            self.peak = max(self.peak, total)

    def cost(self) -> Cost:
        self.done.set()
        self.join()
        return Cost(sum(self.seconds.values()), self.peak)


def execute(notebook: dict[str, Any], path: Path) -> Cost:
    """Run all cells in a fresh kernel in the notebook's folder; change it in place.

    Stops the program with the cell and the end of the traceback when a cell fails.
    """
    import nbformat
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import (
        CellExecutionError,
        CellTimeoutError,
        DeadKernelError,
    )

    environment = dict(os.environ)
    environment["TF_CPP_MIN_LOG_LEVEL"] = "3"
    environment["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(ROOT), environment.get("PYTHONPATH", "")])
    )
    environment.pop("MPLBACKEND", None)
    node = nbformat.from_dict(notebook)
    specs = KernelSpecManager(kernel_dirs=[])  # only this environment's own kernel
    manager = AsyncKernelManager(kernel_spec_manager=specs, kernel_name="python3")
    client = NotebookClient(
        node,
        km=manager,
        timeout=None,
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(path.resolve().parent)}},
    )
    client.owns_km = True  # so that it ends the kernel
    meter = _Meter()
    meter.start()
    name = notebook_name(path)
    words = tempfile.TemporaryFile()  # noqa: SIM115 - what the kernel itself says
    try:
        client.execute(env=environment, stderr=words)
    except CellExecutionError as error:
        stop(f"{name} failed:\n\n{_shortened(str(error))}")
    except (CellTimeoutError, DeadKernelError) as error:
        words.seek(0)
        last = _shortened(words.read().decode(errors="replace"), head=0)
        stop(f"{name} stopped before its end ({type(error).__name__}): {error}\n{last}")
    finally:
        words.close()
    cost = meter.cost()
    notebook["cells"] = json.loads(nbformat.writes(node))["cells"]
    for cell in notebook["cells"]:
        cell["source"] = _joined(cell["source"])
    return cost


def _shortened(text: str, *, head: int = 30, tail: int = 40) -> str:
    lines = text.split("\n")
    if len(lines) > head + tail:
        lines = [*lines[:head], "    [...]", *lines[-tail:]]
    return "\n".join(lines)


def _run(path: Path, *, store: bool) -> None:
    name = notebook_name(path)
    started = time.monotonic()
    print(f"{name}: running", flush=True)
    notebook = normalise(read(path), path)
    cost = execute(notebook, path)
    took = (
        f"{time.monotonic() - started:.0f} s, {cost.cpu_seconds:.0f} CPU s, "
        f"{cost.peak_bytes / 1e9:.1f} GB"
    )
    if not store:
        print(f"{name}: every cell ran ({took}); nothing stored", flush=True)
        return
    notebook["metadata"]["coursepkg"]["cost"] = cost.as_metadata()
    notebook = normalise(notebook, path)
    found = problems(notebook)
    if found:
        kept = Path(tempfile.gettempdir()) / f"{path.stem}.rejected.ipynb"
        write(notebook, kept)
        lines = "\n".join(f"  - {problem}" for problem in found)
        stop(f"{name} ran ({took}) but was not stored:\n{lines}\nThe run is in {kept}.")
    write(notebook, path)
    print(f"{name}: stored ({took})", flush=True)


def records(path: Path) -> bool:
    """Return whether a notebook records results (calls `training.recorded`)."""
    return any(
        cell["cell_type"] == "code" and "training.recorded(" in cell["source"]
        for cell in read(path)["cells"]
    )


def record(path: Path) -> None:
    """Run a notebook so that it records its results, or goes on where that stopped.

    `training.recorded` leaves what it has run in files that carry the session's name,
    here the notebook's. They are removed when the notebook has run to its end, so that
    the next recording starts afresh.
    """
    name = notebook_name(path)
    left = session_files(name)
    if left and os.environ.get("COURSEPKG_RESULTS_FRESH") != "1":
        tables = ", ".join(file.name.split(".")[0] for file in left)
        print(
            f"{name}: going on with an interrupted recording ({tables}); what is done "
            "is not repeated. After changing a row set COURSEPKG_RESULTS_FRESH=1."
        )
    os.environ["COURSEPKG_RESULTS_SESSION"] = name
    _run(path, store=False)
    for file in session_files(name):
        file.unlink()


def session_files(name: str) -> list[Path]:
    """Return the files that a notebook's unfinished recording has left."""
    return [
        file
        for file in sorted(RESULTS.glob("*.json.partial"))
        if json.loads(file.read_text(encoding="utf-8")).get("session") == name
    ]


def convert(source: Path, path: Path) -> None:
    """Turn a jupytext percent script into a notebook, keeping outputs that still fit.

    An output is kept when the cell's source has not changed; prose can thus be edited
    without running the notebook again (the counts then tell `check` if code moved).
    """
    import jupytext

    notebook = json.loads(
        jupytext.writes(jupytext.read(source, fmt="py:percent"), fmt="ipynb")
    )
    for cell in notebook["cells"]:
        cell["source"] = _joined(cell["source"])
    old: dict[str, dict[str, Any]] = {}
    if path.is_file():
        previous = read(path)
        course = notebook["metadata"].setdefault("coursepkg", {})
        before = previous["metadata"].get("coursepkg", {})
        notebook["metadata"]["coursepkg"] = {**before, **course}
        old = {c["source"]: c for c in previous["cells"] if c["cell_type"] == "code"}
    notebook = normalise(notebook, path)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and cell["source"] in old:
            cell["outputs"] = old[cell["source"]]["outputs"]
            cell["execution_count"] = old[cell["source"]]["execution_count"]
    write(notebook, path)
    print(f"{notebook_name(path)}: {len(notebook['cells'])} cells")


def test(jobs: int, paths: list[Path]) -> int:
    """Run nbval over notebooks, one worker each, and return pytest's status."""
    if not paths:
        print("No notebook to test.")
        return 0
    command = [sys.executable, "-m", "pytest", "-q", "--nbval-lax"]
    command += ["--nbval-current-env", "--nbval-cell-timeout=900", "-p", "no:randomly"]
    command += ["-n", str(jobs), "--dist", "loadfile", "-rs", "--durations=5"]
    command += [str(path.relative_to(ROOT)) for path in paths]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and do what it asks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("convert", help="percent script -> notebook")
    one.add_argument("source", type=Path)
    one.add_argument("notebook", type=Path)
    for name in ("outputs", "run", "results"):
        commands.add_parser(name).add_argument("names", nargs="+")
    for name in ("results-check", "check"):
        commands.add_parser(name).add_argument("names", nargs="*")
    checked = commands.add_parser("test")
    checked.add_argument("names", nargs="*")
    checked.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args(arguments)

    if options.command == "convert":
        convert(options.source, options.notebook)
        return
    paths = [path for name in options.names or ["all"] for path in find(name)]
    if options.command == "test":
        raise SystemExit(test(options.jobs, paths))
    if options.command == "check":
        found = [
            f"{notebook_name(path)}: {problem}"
            for path in paths
            for problem in problems(read(path))
        ]
        if found:
            stop("\n".join(found))
        print(f"{len(paths)} notebooks keep the rules.")
        return
    if options.command == "results-check":
        os.environ["COURSEPKG_RESULTS_CHECK"] = "1"
        paths = [path for path in paths if records(path)]
    if options.command == "results":
        os.environ.setdefault("COURSEPKG_SEEDS", "0,1,2,3,4")
    for path in paths:
        if options.command == "results":
            record(path)
        else:
            _run(path, store=options.command == "outputs")
    if options.command == "results":
        print(
            "Recorded. Now `make outputs` with the same CH stores what the page shows."
        )


if __name__ == "__main__":
    main()
