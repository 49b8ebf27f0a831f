"""Say where the repository lives, and change that everywhere at once.

::

    python tools/repository.py                # the address and the files that name it
    python tools/repository.py ada/sequences  # from now on github.com/ada/sequences

The one place of the address is ``[project.urls]`` in pyproject.toml; every other file
repeats it, and tests/test_repository.py keeps them equal.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACEHOLDER = "OWNER/REPO"
EXEMPT = (
    "tools/repository.py",
    "tests/",
    "requirements/",
)  # they speak of placeholders


def address(root: Path = ROOT) -> str:
    """Return OWNER/REPO as pyproject.toml has it."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    url = project["project"]["urls"]["Repository"]
    return url.removeprefix("https://github.com/")


def text_files(root: Path = ROOT) -> list[Path]:
    """Return the text files of the repository: tracked, or new and not ignored."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
    ).stdout.decode()
    suffixes = {".png", ".gz", ".zip", ".ico", ".csv"}
    names = sorted(set(filter(None, listing.split("\0"))))
    return [
        root / name
        for name in names
        if Path(name).suffix not in suffixes
        and not name.startswith(EXEMPT)
        and (root / name).is_file()
    ]


def naming(text: str, root: Path = ROOT) -> list[Path]:
    """Return the files that contain a text."""
    return [path for path in text_files(root) if text in _read(path)]


def replace(new: str, root: Path = ROOT) -> list[Path]:
    """Write a new address into every file that has the old one; return those files."""
    if not re.fullmatch(r"[A-Za-z0-9-]+/[\w.-]+", new):
        message = f"{new!r} is not of the form OWNER/REPO."
        raise ValueError(message)
    old = address(root)
    pattern = re.compile(rf"(?<![\w.-]){re.escape(old)}(?![\w-])")
    changed = []
    for path in naming(old, root):
        text = _read(path)
        replaced = pattern.sub(new, text)
        if replaced != text:
            path.write_bytes(replaced.encode("utf-8"))
            changed.append(path)
    return changed


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="replace")


def main() -> None:
    """Report the address, or replace it."""
    if len(sys.argv) == 1:
        print(address())
        for path in naming(address()):
            print(f"  {path.relative_to(ROOT)}")
        return
    changed = replace(sys.argv[1])
    print(f"{address()} now stands in {len(changed)} files.")


if __name__ == "__main__":
    main()
