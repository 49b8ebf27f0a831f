"""Make the embedded data sets again: `python tools/make_data.py [FOLDER]`."""

from __future__ import annotations

import sys
from pathlib import Path

from coursepkg import datasets


def write_transit(folder: Path) -> Path:
    """Write transit.csv, `make_transit()` with its defaults.

    Parameters
    ----------
    folder : pathlib.Path
        Where to write.

    Returns
    -------
    pathlib.Path
        The file.
    """
    path = folder / "transit.csv"
    frame = datasets.make_transit().frame
    frame.to_csv(path, date_format="%Y-%m-%d", lineterminator="\n", encoding="utf-8")
    return path


def main() -> None:
    """Write every embedded data set."""
    beside = Path(__file__).resolve().parent.parent / "data"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else beside
    folder.mkdir(parents=True, exist_ok=True)
    for write in (write_transit,):
        path = write(folder)
        sys.stdout.write(f"{path}: {path.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
