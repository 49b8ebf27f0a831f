"""Build the book without tolerating a single warning, then print its address.

``python tools/book.py --draft [FOLDER]`` builds what is there: entries of the table of
contents whose file is missing are left out, and warnings are shown but not fatal. The
book then lies in FOLDER/_build/html.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools import make_status

ROOT = make_status.ROOT
JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"


def build(
    source: Path = ROOT, target: Path | None = None, *, toc: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Build the book at `source` into `target` (its own ``_build`` when None).

    With a table of contents of its own, warnings are not errors.
    """
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", str(source)]
    command += ["-n", "--keep-going", "--all", "--quiet"]
    command += ["-W"] if toc is None else ["--toc", str(toc)]
    if target is not None:
        command += ["--path-output", str(target)]
    environment = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3", PYTHONUTF8="1")
    environment["PYTHONPATH"] = str(source)
    return subprocess.run(
        command,
        cwd=source,
        env=environment,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )


def contents_without_missing(toc: str, root: Path = ROOT) -> str:
    """Return a table of contents without the entries whose file is not there."""
    kept = []
    for line in toc.splitlines():
        entry = re.match(r"\s*- file: (\S+)$", line)
        if entry and not list(
            (root / entry[1]).parent.glob(f"{Path(entry[1]).name}.*")
        ):
            continue
        kept.append(line)
    text = "\n".join(kept) + "\n"
    return re.sub(r"  - caption: .*\n    chapters:\n(?!      )", "", text)


def draft(target: Path) -> subprocess.CompletedProcess[str]:
    """Build what is there, and show the warnings."""
    toc = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "_toc.yml"
        path.write_text(contents_without_missing(toc), encoding="utf-8")
        done = build(target=target, toc=path)
    print(done.stdout)
    return done


def main() -> None:
    """Build, then say where the book is or why there is none."""
    print("Building the book (about a minute)", flush=True)
    make_status.main()
    target = ROOT
    if sys.argv[1:2] == ["--draft"]:
        target = Path(*sys.argv[2:3] or [ROOT]).resolve()
        done = draft(target)
    else:
        done = build()
    page = target / "_build" / "html" / "index.html"
    if done.returncode or not page.is_file():
        print(done.stdout, file=sys.stderr)
        print("The book could not be built; the lines above say why.", file=sys.stderr)
        raise SystemExit(done.returncode or 1)
    print(f"The book is ready: {page.as_uri()}")


if __name__ == "__main__":
    main()
