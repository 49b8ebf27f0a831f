"""The command line: ``python -m coursepkg doctor | data ... | reproduce NAME``."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from coursepkg import __version__

_LARGE = 50_000_000  # bytes: worth a word before a download

_EPILOG = """\
examples:
  python -m coursepkg doctor                 is everything here that the course needs?
  python -m coursepkg data list              which real data sets are there?
  python -m coursepkg data fetch ridership   get one of them
  python -m coursepkg reproduce jena         run a case study's table (minutes to hours)
  python -m coursepkg reproduce jena --quick the same on toy data, in seconds
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the command line if left out.

    Returns
    -------
    int
        0 if all is well, 1 if the doctor found a problem or a data set could not be
        fetched. A wrong command line raises SystemExit with code 2, as argparse does.

    Examples
    --------
    >>> from coursepkg.__main__ import main
    >>> main(["data", "fetch", "rydership"])
    Traceback (most recent call last):
    SystemExit: 2
    """
    parser = _build_parser()
    options = parser.parse_args(arguments)
    if options.command == "doctor":
        return _doctor()
    if options.command == "reproduce":
        return _reproduce(options, parser)
    if options.action == "list":
        return _list_data()
    return _fetch_data(options.names, parser)


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m coursepkg",
        description="The companion of the course Deep Learning for Sequences.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser(
        "doctor",
        help="look at the installation, say what is wrong and how to mend it",
        description="Look at Python, the libraries, TensorFlow, the data, memory and "
        "disk. Exit code 1 if something keeps the course from running.",
    )
    data = commands.add_parser(
        "data",
        help="list and fetch the real data sets of the case studies",
        description="List and fetch the real data sets of the case studies. The "
        "chapters themselves need none of them.",
    )
    actions = data.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="name, size, licence, and whether it is here")
    fetch = actions.add_parser(
        "fetch",
        help="download data sets, or use the files already here",
        description="Download data sets into the data folder; files that are already "
        "there are used without any network.",
    )
    fetch.add_argument("names", nargs="+", metavar="NAME", help="as `data list` shows")
    again = commands.add_parser(
        "reproduce",
        help="run the table of a case study: published models, ours, baselines",
        description="Run the rows of a case study over their seeds, store each "
        "finished run, and print the table. After an interruption the same command "
        "goes on where it stopped.",
    )
    again.add_argument(
        "name", metavar="NAME", help="ridership, jena, imdb, hamlet or mnist-rows"
    )
    again.add_argument(
        "--seeds",
        type=int,
        metavar="N",
        help="seeds 0 to N - 1 for each row (left out: those that the book reports)",
    )
    again.add_argument(
        "--quick",
        action="store_true",
        help="a smoke run of seconds: embedded data, one epoch, one seed",
    )
    again.add_argument(
        "--rows", nargs="+", metavar="ROW", help="only these rows; --list names them"
    )
    again.add_argument(
        "--folder",
        type=Path,
        default=Path("results"),
        metavar="DIR",
        help="where case-NAME.json is read and written (default: results)",
    )
    again.add_argument(
        "--fresh", action="store_true", help="run again what is finished already"
    )
    again.add_argument(
        "--list", action="store_true", help="name the rows and their settings, and stop"
    )
    return parser


def _doctor() -> int:
    from coursepkg import doctor

    findings = doctor.examine()
    print(doctor.report(findings))
    return int(any(finding.status == "problem" for finding in findings))


def _list_data() -> int:
    from coursepkg.datasets import remote

    width = max(map(len, remote.DATASETS))
    for name, dataset in remote.DATASETS.items():
        state = "here" if dataset.is_present() else "not here"
        print(f"{name:<{width}}  {state:<8}  {_size(dataset.size):>8}  {dataset.title}")
        print(f"{'':<{width}}  {dataset.licence}")
    print(f"\nData folder: {remote.data_folder()} (set COURSEPKG_DATA to change it)")
    return 0


def _fetch_data(names: Sequence[str], parser: argparse.ArgumentParser) -> int:
    from coursepkg.datasets import remote

    for name in names:
        if name not in remote.DATASETS:
            close = difflib.get_close_matches(name, remote.DATASETS, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            parser.error(
                f"there is no data set {name!r}.{hint} There are: "
                f"{', '.join(remote.DATASETS)}."
            )
    failed = 0
    for name in names:
        dataset = remote.DATASETS[name]
        if dataset.size >= _LARGE and not dataset.is_present():
            size = _size(dataset.size)
            print(f"{name}: downloading {size}, which may take minutes", flush=True)
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                dataset.fetch()
        except (remote.DatasetError, OSError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed = 1
            continue
        for warning in caught:
            print(f"{name}: {warning.message}", file=sys.stderr)
        print(f"{name}: here, in {remote.data_folder()}")
    return failed


def _reproduce(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before TensorFlow is loaded
    from coursepkg import studies
    from coursepkg.datasets import DatasetError

    try:
        study = studies.load_study(options.name)
        if options.list:
            for name, row in study.rows.items():
                print(f"{name} ({row.kind})\n    {row.settings}")
            return 0
        results = studies.reproduce(
            study,
            folder=options.folder,
            n_seeds=options.seeds,
            quick=options.quick,
            rows=options.rows,
            fresh=options.fresh,
            progress=True,
        )
    except ValueError as error:
        parser.error(str(error))
    except DatasetError as error:
        print(f"{options.name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            f"Stopped. What is finished is kept in {options.folder}: the same command "
            "goes on from there.",
            file=sys.stderr,
        )
        return 1
    kind = "a smoke run on toy data" if options.quick else f"in {study.unit}"
    print(f"{study.title}: {study.metric}, {kind}")
    print(results.table().to_string())
    return 0


def _size(n_bytes: int) -> str:
    """Write a number of bytes for a reader.

    >>> _size(94_000), _size(25_400_000)
    ('94 kB', '25 MB')
    """
    return f"{n_bytes / 1e3:.0f} kB" if n_bytes < 1e6 else f"{n_bytes / 1e6:.0f} MB"


if __name__ == "__main__":
    sys.exit(main())
