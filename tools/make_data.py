"""Make the embedded data sets again: `python tools/make_data.py [FOLDER]`."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import pandas as pd

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


def write_climate(folder: Path) -> Path:
    """Write climate.csv.gz, `make_climate()` with its defaults: two years of hours.

    Parameters
    ----------
    folder : pathlib.Path
        Where to write.

    Returns
    -------
    pathlib.Path
        The file.
    """
    path = folder / "climate.csv.gz"
    frame = datasets.make_climate().frame
    table = frame.to_csv(date_format="%Y-%m-%d %H:%M", lineterminator="\n")
    path.write_bytes(gzip.compress(table.encode("ascii"), compresslevel=9, mtime=0))
    return path


def write_reviews(folder: Path) -> Path:
    """Write reviews.csv.gz, `make_reviews(n_reviews=8_000)`.

    Parameters
    ----------
    folder : pathlib.Path
        Where to write.

    Returns
    -------
    pathlib.Path
        The file.
    """
    path = folder / "reviews.csv.gz"
    reviews = datasets.make_reviews(n_reviews=8_000)
    frame = pd.DataFrame({"label": reviews.labels, "text": reviews.texts})
    table = frame.to_csv(index=False, lineterminator="\n")
    path.write_bytes(gzip.compress(table.encode("ascii"), compresslevel=9, mtime=0))
    return path


def write_play(folder: Path) -> Path:
    """Write play.txt, `make_play(n_characters=1_000_000)`.

    Parameters
    ----------
    folder : pathlib.Path
        Where to write.

    Returns
    -------
    pathlib.Path
        The file.
    """
    path = folder / "play.txt"
    path.write_bytes(datasets.make_play(n_characters=1_000_000).text.encode("ascii"))
    return path


def main() -> None:
    """Write every embedded data set."""
    beside = Path(__file__).resolve().parent.parent / "data"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else beside
    folder.mkdir(parents=True, exist_ok=True)
    for write in (write_transit, write_climate, write_reviews, write_play):
        path = write(folder)
        sys.stdout.write(f"{path}: {path.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
