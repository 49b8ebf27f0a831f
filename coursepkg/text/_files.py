"""Files that are written whole or not at all, and JSON that is read with suspicion."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any


@contextmanager
def written_whole(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of `path` when all has been written.

    A temporary file in the same folder is written and moved. Whoever reads `path`
    meanwhile, or after a failure, finds what was there before.
    """
    target = Path(path)
    if target.is_dir():
        message = f"`path` must be a file, got the folder {target}. Add a file name."
        raise IsADirectoryError(message)
    if not target.parent.is_dir():
        message = (
            f"`path` must lie in a folder that exists, got {target}. "
            f"Make the folder {target.parent} first."
        )
        raise FileNotFoundError(message)
    handle, temporary = tempfile.mkstemp(
        prefix=f".{target.name[:40]}.", suffix=".part", dir=target.parent
    )
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, _usual_mode(target))
        os.replace(temporary, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def save_json(path: str | os.PathLike[str], kind: str, content: dict[str, Any]) -> None:
    """Write `content` under a head that says what kind of file it is."""
    whole = {"format": f"coursepkg.{kind}", "version": 1, **content}
    text = json.dumps(whole, ensure_ascii=False, indent=0)
    with written_whole(path) as file:
        file.write((text + "\n").encode("utf-8"))


def load_json(path: str | os.PathLike[str], kind: str, key: str) -> Any:
    """Return ``content[key]`` of what `save_json` wrote, or say what is wrong."""
    raw = Path(path).read_bytes()
    try:
        content = json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise damaged(path, kind, f"byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        why = f"line {error.lineno}, column {error.colno} is not JSON ({error.msg})"
        raise damaged(path, kind, why) from None
    except (RecursionError, ValueError):  # nested without end, or a giant number
        raise damaged(path, kind, "its JSON cannot be read") from None
    if not isinstance(content, dict) or content.get("format") != f"coursepkg.{kind}":
        raise damaged(path, kind, f'it is not of the format "coursepkg.{kind}"')
    if content.get("version") != 1:
        why = f"it has the version {content.get('version')!r}, and 1 is known"
        raise damaged(path, kind, why)
    if not isinstance(content.get(key), list):
        raise damaged(path, kind, f'it has no list "{key}"')
    return content[key]


def damaged(path: str | os.PathLike[str], kind: str, why: str) -> ValueError:
    """Return the error for a file that is not what it should be."""
    message = (
        f"`path` must be a file written by `save`, of the kind {kind}, got {path}: "
        f"{why}. Save it again."
    )
    return ValueError(message)


def _usual_mode(target: Path) -> int:
    """Return the mode of the file that is replaced, or that of a new file."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
