"""Where the embedded files lie: inside the wheel, or beside the package."""

from __future__ import annotations

import hashlib
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def data_path(name: str) -> Path:
    """Return the path of an embedded file or folder.

    A wheel carries the files in `coursepkg/data`; a checkout has them in `data`
    beside the package.

    Parameters
    ----------
    name : str
        File name relative to the data folder, such as "transit.csv".

    Returns
    -------
    pathlib.Path
        The file, which exists.

    Raises
    ------
    FileNotFoundError
        If neither folder holds it.
    """
    folders = (_PACKAGE / "data", _PACKAGE.parent / "data")
    for folder in folders:
        path = folder / name
        if path.exists():
            return path
    message = (
        f"The embedded file {name!r} was found neither in {folders[0]} nor in "
        f"{folders[1]}. Install coursepkg again, or run it from a complete checkout."
    )
    raise FileNotFoundError(message)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 digest of a file's bytes, in hexadecimal.

    Parameters
    ----------
    path : pathlib.Path
        File to read.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
