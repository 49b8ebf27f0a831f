"""Run a study's table: with a progress bar, and without losing what is finished."""

from __future__ import annotations

import gc
import json
import os
import platform
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from coursepkg._recording import (
    check_same_metrics,
    commit,
    cpu_count,
    rounded,
    timed,
    versions,
    write_json,
)
from coursepkg._validation import check_integer
from coursepkg.studies._results import StudyResults, results_from, results_path
from coursepkg.studies._study import Budget, Study


def reproduce(
    study: Study,
    *,
    folder: Path | str,
    n_seeds: int | None = None,
    quick: bool = False,
    rows: Iterable[str] | None = None,
    fresh: bool = False,
    progress: bool = False,
) -> StudyResults:
    """Run the rows of a study over their seeds and store every finished run.

    Runs that the file in `folder` holds already are not repeated, if their settings,
    the data and all versions are still the same. Several processes may work on
    different rows of one file: each puts only its own runs into it.

    Parameters
    ----------
    study : Study
        The study.
    folder : path
        Where ``case-NAME.json`` is written (``case-NAME-quick.json`` for a smoke run).
    n_seeds : int, optional
        Seeds for each row with chance; those that the book reports if left out.
    quick : bool
        A smoke run: embedded data, one epoch, one seed if `n_seeds` is left out.
    rows : iterable of str, optional
        Only these rows.
    fresh : bool
        Run all rows that are asked for again.
    progress : bool
        Show a progress bar on the error stream.

    Returns
    -------
    StudyResults
        Of all rows that the file now holds.

    Raises
    ------
    ValueError
        If there is no such row, or the file was made with other versions or other
        data and `fresh` is not set.
    """
    wanted = list(study.rows) if rows is None else list(rows)
    unknown = [name for name in wanted if name not in study.rows]
    if unknown:
        message = (
            f"`rows` must be rows of the study {study.name!r}, got {unknown}. There "
            f"are: {', '.join(study.rows)}."
        )
        raise ValueError(message)
    if n_seeds is not None:
        check_integer(n_seeds, "n_seeds", minimum=1)
    elif quick:
        n_seeds = 1
    stem = f"{study.name}-quick" if quick else study.name
    path = results_path(stem, Path(folder))
    data = study.load(quick)
    stored = _stored(path, study, data.sha256, quick, fresh)
    runs = [
        (name, seed)
        for name in wanted
        for seed in study.rows[name].seeds(n_seeds)
        if fresh or not _is_finished(stored, study, name, seed)
    ]
    if fresh:
        for name in wanted:
            stored["rows"].pop(name, None)
        write_json(path, stored)
    with _Bar(len(runs)) if progress else nullcontext(_silent) as report:
        for k, (name, seed) in enumerate(runs):
            told = partial(report, k, f"{name}, seed {seed}")
            told(0, 1)
            budget = Budget(quick=quick, report=told)
            row = study.rows[name]
            times, metrics = timed(partial(row.run, data, seed, budget), name)
            run = {
                **{clock: rounded(value, 3) for clock, value in times.items()},
                "metrics": {key: rounded(value, 6) for key, value in metrics.items()},
            }
            # Another process may have finished rows of its own in the meantime.
            stored = _stored(path, study, data.sha256, quick, False)
            _put(stored, study, name, seed, run)
            write_json(path, stored)
            gc.collect()
    return results_from(study, _in_order(stored, study))


def _stored(
    path: Path, study: Study, sha256: str | None, quick: bool, fresh: bool
) -> dict[str, Any]:
    """Return what the file holds, or an empty result."""
    basis = {
        "study": study.name,
        "quick": quick,
        "sha256": sha256,
        "versions": versions(),
    }
    empty = {**basis, "commit": commit(), "host": _host(), "rows": {}}
    if not path.is_file():
        return empty
    stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    changed = [key for key, value in basis.items() if stored[key] != value]
    if not changed:
        return stored
    if fresh:
        return empty
    message = (
        f"`folder` holds results in {path.name} with other "
        f"{' and other '.join(changed)}: {[stored[key] for key in changed]} there, "
        f"{[basis[key] for key in changed]} here. They are kept. Choose another "
        "folder, or run all rows afresh (`fresh=True`, on the command line `--fresh`)."
    )
    raise ValueError(message)


def _is_finished(stored: dict[str, Any], study: Study, name: str, seed: int) -> bool:
    entry = stored["rows"].get(name)
    return (
        entry is not None
        and entry["settings"] == study.rows[name].settings
        and str(seed) in entry["runs"]
    )


def _put(
    stored: dict[str, Any], study: Study, name: str, seed: int, run: dict[str, Any]
) -> None:
    """Enter one run; runs of the row with other settings go."""
    row = study.rows[name]
    entry = stored["rows"].get(name)
    if entry is None or entry["settings"] != row.settings:
        entry = {"kind": row.kind, "settings": row.settings, "runs": {}}
        stored["rows"][name] = entry
    for other in entry["runs"].values():
        check_same_metrics(name, other["metrics"], run["metrics"])
    entry["runs"][str(seed)] = run
    stored["rows"] = _in_order(stored, study)["rows"]


def _in_order(stored: dict[str, Any], study: Study) -> dict[str, Any]:
    """Return the results with the rows in the order of the study."""
    rows = {name: stored["rows"][name] for name in study.rows if name in stored["rows"]}
    return {**stored, "rows": rows}


def _host() -> dict[str, Any]:
    """Describe the machine, without its name."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS", "all"),
    }


def _silent(*_: object) -> None:
    """Report nothing."""


class _Bar:
    """A progress bar over all runs, with the epochs of the present one."""

    def __init__(self, n_runs: int) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        self._runs = self._progress.add_task("runs", total=n_runs)
        self._epochs = self._progress.add_task("", total=1)

    def __enter__(self) -> Callable[[int, str, int, int], None]:
        """Show the bar and return the function that moves it."""
        self._progress.start()
        return self._move

    def __exit__(self, *problem: object) -> None:
        """Leave the bar as it stands; full if all went well."""
        if problem[0] is None:
            task = self._progress.tasks[0]
            self._progress.update(self._runs, completed=task.total)
        self._progress.stop()

    def _move(self, k: int, description: str, epoch: int, n_epochs: int) -> None:
        self._progress.update(self._runs, completed=k)
        self._progress.update(
            self._epochs, description=description, completed=epoch, total=n_epochs
        )
