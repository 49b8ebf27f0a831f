"""Repeated runs over seeds, live or recorded.

A chapter runs live what its sentence rests on, with one seed. Whole ladders, over all
seeds, are recorded by the same notebook: ``make results CH=12`` executes it with
``COURSEPKG_SEEDS`` set, and :func:`recorded` then runs what it otherwise only reads.
"""

from __future__ import annotations

import importlib.metadata
import json
import math
import os
import platform
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import pandas as pd

from coursepkg._validation import check_integer
from coursepkg.datasets._files import data_path

__all__ = ["over_seeds", "recorded"]

Run = Callable[[int], Mapping[str, float]]

_SEEDS_VARIABLE = "COURSEPKG_SEEDS"
_CHECK_VARIABLE = "COURSEPKG_RESULTS_CHECK"
_TIMES = ("seconds", "cpu_seconds")
_RESERVED = ("row", "seed", *_TIMES)
_PACKAGES = ("numpy", "keras", "tensorflow", "coursepkg")


def over_seeds(run: Run, seeds: Iterable[int] = (0, 1, 2, 3, 4)) -> pd.DataFrame:
    """Run one experiment once for each seed.

    Parameters
    ----------
    run : callable
        Takes a seed and returns a mapping of metric names to numbers.
    seeds : iterable of int, default (0, 1, 2, 3, 4)
        The seeds, each one once.

    Returns
    -------
    pandas.DataFrame
        One row a seed, with the columns ``seed``, ``seconds`` (wall time of the run),
        ``cpu_seconds`` (processor time of all threads, which other programs on the
        machine disturb less)
        and one for each metric.

    Raises
    ------
    TypeError
        If a seed is no integer, or `run` returns something else than numbers.
    ValueError
        If there is no seed, a seed is repeated, or the metrics' names change from
        seed to seed or are ``row``, ``seed``, ``seconds`` or ``cpu_seconds``.

    Examples
    --------
    >>> table = over_seeds(lambda seed: {"score": 10.0 + seed}, seeds=(0, 1))
    >>> table[["seed", "score"]]
       seed  score
    0     0   10.0
    1     1   11.0
    """
    results: list[dict[str, float]] = []
    for seed in _checked_seeds(seeds):
        times, metrics = _timed(run, seed, "run")
        _check_same_metrics("run", results, metrics)
        results.append({"seed": seed} | times | metrics)
    return pd.DataFrame(results)


def recorded(
    name: str,
    rows: Mapping[str, Run],
    *,
    seeds: Iterable[int] = (0, 1, 2, 3, 4),
    sha256: str | None = None,
) -> pd.DataFrame:
    """Read the recorded results of an experiment, or record them.

    Normally nothing is run: the results are read from ``data/results/<name>.json``,
    and refused if they are not those of exactly these rows, seeds and data. With the
    environment variable ``COURSEPKG_SEEDS=0,1,2,3,4`` every row is run and the file is
    written; runs that an interrupted recording has finished are kept in
    ``<name>.json.partial`` and not repeated (delete that file after changing a row).
    With ``COURSEPKG_RESULTS_CHECK=1`` the file is read and the row that takes least
    time is run once more, to see that it still falls into its recorded range.

    Parameters
    ----------
    name : str
        Name of the results, starting with the chapter: ``"12-ladder"``.
    rows : mapping of str to callable
        Row name to a function that takes a seed and returns its metrics.
    seeds : iterable of int, default (0, 1, 2, 3, 4)
        The seeds that the text reports.
    sha256 : str, optional
        Hash of the data file that the rows read.

    Returns
    -------
    pandas.DataFrame
        One line for each row and seed, in the order asked for, with the columns
        ``row``, ``seed``, ``seconds``, ``cpu_seconds`` and one for each metric (NaN
        where a row does not have it). Numbers have 6 significant digits, times 3.

    Raises
    ------
    FileNotFoundError
        If nothing was recorded under this name.
    ValueError
        If the file's rows, seeds or hash are not those asked for, if
        ``COURSEPKG_SEEDS`` lacks one of `seeds`, or if a name, a row or a metric is
        not valid.
    RuntimeError
        If a row that is checked falls outside its recorded range.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        message = (
            "`name` must be lower-case words, digits and single hyphens, got "
            f'{name!r}. Pass for example "12-ladder".'
        )
        raise ValueError(message)
    if not rows:
        message = "`rows` must hold at least one row, got none."
        raise ValueError(message)
    wanted = _checked_seeds(seeds)
    path = _results_directory() / f"{name}.json"
    if os.environ.get(_SEEDS_VARIABLE):
        _check_recording_seeds(name, wanted)
        _record(path, rows, wanted, sha256)
    results = _read(path, name, list(rows), wanted, sha256)
    if os.environ.get(_CHECK_VARIABLE) == "1":
        _check_cheapest(name, rows, wanted[0], results)
    lines = [
        {"row": row, "seed": seed}
        | {clock: entry[clock][k] for clock in _TIMES}
        | {metric: values[k] for metric, values in entry["metrics"].items()}
        for row, entry in results["rows"].items()
        for k, seed in enumerate(wanted)
    ]
    return pd.DataFrame(lines)


def _results_directory() -> Path:
    """Return the folder of recorded results, in the checkout or in the wheel."""
    return data_path("results")


def _checked_seeds(seeds: Iterable[int]) -> list[int]:
    """Return the seeds as a list of different integers."""
    checked = [check_integer(seed, "seeds", minimum=0) for seed in seeds]
    if not checked:
        message = "`seeds` must hold at least one seed, got none."
        raise ValueError(message)
    if len(set(checked)) < len(checked):
        message = f"`seeds` must differ from each other, got {checked}."
        raise ValueError(message)
    return checked


def _timed(run: Run, seed: int, row: str) -> tuple[dict[str, float], dict[str, float]]:
    """Run one seed; return its times and its metrics as plain numbers."""
    start, cpu_start = time.perf_counter(), time.process_time()
    returned = run(seed)
    times = {
        "seconds": time.perf_counter() - start,
        "cpu_seconds": time.process_time() - cpu_start,
    }
    if not isinstance(returned, Mapping) or not returned:
        message = (
            f"`{row}` must return a mapping of metric names to numbers, got "
            f"{type(returned).__name__}. Return for example "
            '{"validation_mae": 0.05}.'
        )
        raise TypeError(message)
    metrics: dict[str, float] = {}
    for metric, value in returned.items():
        if metric in _RESERVED:
            message = (
                f"`{row}` must not return a metric named {metric!r}: the table has "
                "that column already. Choose another name."
            )
            raise ValueError(message)
        if isinstance(value, Integral):
            metrics[metric] = int(value)
        elif isinstance(value, Real):
            metrics[metric] = float(value)
        else:
            message = (
                f"`{row}` must return numbers, got {type(value).__name__} for "
                f"{metric!r}. Convert it with float()."
            )
            raise TypeError(message)
    return times, metrics


def _check_same_metrics(
    row: str, earlier: list[dict[str, float]], metrics: dict[str, float]
) -> None:
    """Refuse metrics whose names are not those of the earlier seeds."""
    if earlier and set(earlier[0]) - set(_RESERVED) != set(metrics):
        message = (
            f"`{row}` must return the same metrics for every seed, got "
            f"{sorted(metrics)} after "
            f"{sorted(set(earlier[0]) - set(_RESERVED))}."
        )
        raise ValueError(message)


def _command(name: str) -> str:
    """Return the command that records these results."""
    words = name.split("-")
    if words[0].isdigit():
        chapter = words[0]
    else:  # "solutions-12-weekday" and "case-ridership-network"
        chapter = ("/" if words[0] == "solutions" else "-").join(words[:2])
    return f"make results CH={chapter}"


def _check_recording_seeds(name: str, wanted: list[int]) -> None:
    """Refuse to record when the environment does not name every seed wanted."""
    text = os.environ[_SEEDS_VARIABLE]
    try:
        given = {int(word) for word in text.split(",")}
    except ValueError:
        message = (
            f"{_SEEDS_VARIABLE} must be integers joined by commas, got {text!r}. "
            f"Set for example {_SEEDS_VARIABLE}=0,1,2,3,4."
        )
        raise ValueError(message) from None
    if not given.issuperset(wanted):
        message = (
            f"{_SEEDS_VARIABLE} must name every seed that {name!r} reports, "
            f"{wanted}, got {sorted(given)}. Set "
            f"{_SEEDS_VARIABLE}={','.join(map(str, wanted))}."
        )
        raise ValueError(message)


def _record(
    path: Path, rows: Mapping[str, Run], seeds: list[int], sha256: str | None
) -> None:
    """Run every row for every seed and write the file, resuming where one stopped."""
    partial = path.with_name(f"{path.name}.partial")
    basis = {"sha256": sha256, "versions": _versions()}
    done: dict[str, dict[str, Any]] = {}
    if partial.exists():
        stored = json.loads(partial.read_text(encoding="utf-8"))
        if stored["basis"] == basis:
            done = stored["runs"]
    for row, run in rows.items():
        finished = done.setdefault(row, {})
        for seed in seeds:
            if str(seed) in finished:
                continue
            times, metrics = _timed(run, seed, row)
            earlier = [entry["metrics"] for entry in finished.values()]
            _check_same_metrics(row, earlier, metrics)
            finished[str(seed)] = {
                **{name: _rounded(value, 3) for name, value in times.items()},
                "metrics": {
                    name: _rounded(value, 6) for name, value in metrics.items()
                },
            }
            _write(partial, {"basis": basis, "runs": done})
    _write(
        path,
        {
            "name": path.stem,
            "seeds": seeds,
            "sha256": sha256,
            "cpu_count": _cpu_count(),
            "commit": _commit(),
            "versions": basis["versions"],
            "rows": {row: _columns(done[row], seeds) for row in rows},
        },
    )
    partial.unlink(missing_ok=True)


def _columns(finished: dict[str, Any], seeds: list[int]) -> dict[str, Any]:
    """Turn one entry a seed into one list a metric, in the order of the seeds."""
    entries = [finished[str(seed)] for seed in seeds]
    return {
        **{clock: [entry[clock] for entry in entries] for clock in _TIMES},
        "metrics": {
            metric: [entry["metrics"][metric] for entry in entries]
            for metric in entries[0]["metrics"]
        },
    }


def _read(
    path: Path, name: str, rows: list[str], seeds: list[int], sha256: str | None
) -> dict[str, Any]:
    """Return the recorded results, if they are what is asked for."""
    if not path.is_file():
        message = (
            f"There are no recorded results {path.name!r}. To make them, run "
            f"`{_command(name)}`."
        )
        raise FileNotFoundError(message)
    results = json.loads(path.read_text(encoding="utf-8"))
    differences = []
    stored_rows = list(results["rows"])
    if sorted(stored_rows) != sorted(rows):
        missing = [row for row in rows if row not in stored_rows]
        surplus = [row for row in stored_rows if row not in rows]
        parts = [f"lacks the rows {missing}"] if missing else []
        parts += [f"has the rows {surplus} that are not asked for"] if surplus else []
        differences.append(" and ".join(parts))
    if results["seeds"] != seeds:
        differences.append(f"has the seeds {results['seeds']}, not {seeds}")
    if results["sha256"] != sha256:
        differences.append(
            f"was made from data with the hash {_short(results['sha256'])}, not "
            f"{_short(sha256)}"
        )
    if differences:
        message = (
            f"The recorded results {path.name!r} are not those asked for: the file "
            f"{'; it '.join(differences)}. To make them again, run "
            f"`{_command(name)}`."
        )
        raise ValueError(message)
    results["rows"] = {
        row: {
            **{clock: results["rows"][row][clock] for clock in _TIMES},
            "metrics": {
                metric: [math.nan if value is None else value for value in values]
                for metric, values in results["rows"][row]["metrics"].items()
            },
        }
        for row in rows
    }
    return results


def _check_cheapest(
    name: str, rows: Mapping[str, Run], seed: int, results: dict[str, Any]
) -> None:
    """Run the row that took least time again, and compare it with what is recorded."""
    row = min(results["rows"], key=lambda row: sum(results["rows"][row]["cpu_seconds"]))
    recorded_metrics = results["rows"][row]["metrics"]
    _, metrics = _timed(rows[row], seed, row)
    if set(metrics) != set(recorded_metrics):
        message = (
            f"The row {row!r} of {name!r} now returns {sorted(metrics)}, recorded are "
            f"{sorted(recorded_metrics)}. Run `{_command(name)}`."
        )
        raise RuntimeError(message)
    for metric, value in metrics.items():
        values = pd.Series(recorded_metrics[metric], dtype=float)
        if values.isna().any():
            continue
        # As evaluation.band, but for any number of seeds; rounding is no change.
        spread = 5.0 * float(values.std(ddof=1)) if len(values) > 1 else 0.0
        mean = float(values.mean())
        if not abs(value - mean) <= spread + 1e-5 * abs(mean):
            message = (
                f"The row {row!r} of {name!r} gives {metric} = {value:.6g} with seed "
                f"{seed}, outside its recorded range {mean - spread:.6g} to "
                f"{mean + spread:.6g}. Find out what changed; if it is meant, run "
                f"`{_command(name)}`."
            )
            raise RuntimeError(message)


def _rounded(value: float, digits: int) -> float | None:
    """Round to significant digits; NaN, which JSON does not know, becomes None."""
    if isinstance(value, int):
        return value
    if math.isnan(value):
        return None
    if math.isinf(value):
        message = "A recorded metric must not be infinite. Return NaN for a failed run."
        raise ValueError(message)
    return float(f"{value:.{digits}g}")


def _write(path: Path, content: dict[str, Any]) -> None:
    """Write readable JSON so that the file is either the old or the new one."""
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    # One line for each list of numbers: a change then shows as one line in git.
    text = re.sub(r'\[\n[^\[\]{}"]*\]', _on_one_line, text)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text + "\n")
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _on_one_line(found: re.Match[str]) -> str:
    """Write a list of numbers without its line breaks."""
    return f"[{' '.join(found[0][1:-1].split())}]"


def _versions() -> dict[str, str | None]:
    """Return the versions that results may depend on."""
    versions: dict[str, str | None] = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    return versions


def _commit() -> str | None:
    """Return the checked-out commit, marked if files differ from it, else None."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        answer = subprocess.run(
            command,
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None


def _cpu_count() -> int | None:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _short(digest: str | None) -> str:
    """Shorten a hash for a message."""
    return "none" if digest is None else f"{digest[:12]}..."
