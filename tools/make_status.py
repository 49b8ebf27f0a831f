"""Write appendix/status.md: every notebook, what it costs and what was recorded.

Run by ``make book``; a test checks that the stored page is what this program writes.
All it knows, it reads from the notebooks and from data/results/.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools import notebooks

ROOT = notebooks.ROOT
PAGE = ROOT / "appendix" / "status.md"
RESULTS = ROOT / "data" / "results"
HEAD = """# Status

What the book rests on, written by `tools/make_status.py` from the notebooks.

## Notebooks

Costs are those of the run whose outputs are shown: processor minutes of all threads,
and the kernel's peak of memory. A *claim* is a cell that asserts what the text says.

| notebook | minutes | memory | cells | claims | traps | data |
| --- | ---: | ---: | ---: | ---: | ---: | --- |
"""


def notebook_row(path: Path) -> str:
    """Return one notebook's line of the table."""
    notebook = notebooks.read(path)
    course = notebook["metadata"]["coursepkg"]
    cost = course.get("cost", {})
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]

    def tagged(tag: str) -> int:
        return sum(tag in cell["metadata"].get("tags", []) for cell in code)

    link = f"../chapters/{notebooks.notebook_name(path)}.ipynb"
    name = notebooks.title(notebook)
    if path.parent.name == "solutions":
        name = f"{name} (solutions)" if "olution" not in name else name
    cells = [
        f"[{name}]({link})",
        f"{cost['cpu_minutes']:g}" if cost else "-",
        f"{cost['memory_gb']:.1f} GB" if cost else "-",
        str(len(code)),
        str(tagged("claim")),
        str(tagged("trap")),
        ", ".join(course.get("data", [])) or "embedded",
    ]
    return f"| {' | '.join(cells)} |"


def results_section() -> str:
    """Return the table of the recorded experiments, empty if there are none."""
    files = sorted(RESULTS.glob("*.json"))
    if not files:
        return ""
    lines = [
        "\n## Recorded experiments\n",
        "What takes too long to run with every test is recorded by its own notebook "
        "over several seeds (`make results`); `make results-check` runs one row of "
        "each again. The tables of the case studies are recorded by "
        "`python -m coursepkg reproduce NAME`.\n",
        "| experiment | rows | seeds | minutes | Python | TensorFlow | Keras |",
        "| --- | ---: | ---: | ---: | --- | --- | --- |",
    ]
    lines += [_result_row(path) for path in files]
    return "\n".join(lines) + "\n"


def _result_row(path: Path) -> str:
    record = json.loads(path.read_text(encoding="utf-8"))
    rows: dict[str, Any] = record.get("rows", {})
    seconds = sum(_seconds(rows))
    versions = record.get("versions", {})
    cells = [
        path.stem,
        str(len(rows)),
        _seeds(record),
        f"{seconds / 60:.0f}" if seconds >= 60 else "under 1",
        *(versions.get(name, "-") for name in ("python", "tensorflow", "keras")),
    ]
    return f"| {' | '.join(cells)} |"


def _seeds(record: dict[str, Any]) -> str:
    """Return how many seeds there are: of the table, or the least and the most."""
    if "seeds" in record:
        return str(len(record["seeds"]))
    counts = sorted({len(row["runs"]) for row in record["rows"].values()})
    return "-".join(map(str, dict.fromkeys((counts[0], counts[-1]))))


def _seconds(node: object) -> list[float]:
    """Return every number under a key `seconds`, however deep."""
    if isinstance(node, list):
        return [value for item in node for value in _seconds(item)]
    if not isinstance(node, dict):
        return []
    found: list[float] = []
    for key, value in node.items():
        if key == "seconds":
            values = value if isinstance(value, list) else [value]
            found += [float(v) for v in values if isinstance(v, int | float)]
        else:
            found += _seconds(value)
    return found


def page() -> str:
    """Return the whole page."""
    rows = [notebook_row(path) for path in notebooks.all_notebooks()]
    return HEAD + "\n".join(rows) + "\n" + results_section()


def main() -> None:
    """Write the page."""
    PAGE.write_bytes(page().encode("utf-8"))


if __name__ == "__main__":
    main()
