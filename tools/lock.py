"""Renew requirements/lock.txt from pyproject.toml (``make lock``; for maintainers).

Versions that are locked stay unless they must move; ``--upgrade`` takes the newest of
all, ``--upgrade-package NAME`` that of one package. The lock covers Linux, Windows and
Apple silicon on Python 3.11 to 3.13, with hashes, and names no package index.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = "requirements/lock.txt"
COMMAND = [
    *("uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"),
    *("--no-emit-index-url", "--no-emit-find-links", "--python-version", "3.11"),
    *("--all-extras", "--no-annotate", "--custom-compile-command", "make lock"),
    *("pyproject.toml", "--output-file", LOCK),
]


def addresses(lock: str) -> list[str]:
    """Return the lines of a lock that name an address or an index option."""
    pattern = re.compile(r"://|^\s*--(?!hash=)|^\s*-[if]\b|\bfile:")
    return [line for line in lock.splitlines() if pattern.search(line)]


def main() -> None:
    """Make the lock and refuse one that names an address."""
    command = [str(Path(sys.executable).with_name("uv")), *COMMAND[1:], *sys.argv[1:]]
    status = subprocess.run(command, cwd=ROOT, check=False).returncode
    if status:
        raise SystemExit(status)
    found = addresses((ROOT / LOCK).read_text(encoding="utf-8"))
    if found:
        print("The lock names addresses; remove them:", *found, sep="\n  ")
        raise SystemExit(1)
    print(f"{LOCK} is up to date.")


if __name__ == "__main__":
    main()
