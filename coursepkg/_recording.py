"""What every recorded result shares: times, rounding, versions, and a safe file."""

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
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any

TIMES = ("seconds", "cpu_seconds")
RESERVED = ("row", "seed", *TIMES)

_PACKAGES = ("numpy", "keras", "tensorflow", "coursepkg")


def timed(
    run: Callable[[], Mapping[str, float]], row: str
) -> tuple[dict[str, float], dict[str, float]]:
    """Run once; return the times and the metrics as plain numbers.

    Parameters
    ----------
    run : callable
        Takes nothing and returns a mapping of metric names to numbers.
    row : str
        Its name, for messages.

    Returns
    -------
    times : dict
        ``seconds`` (wall time) and ``cpu_seconds`` (processor time of all threads).
    metrics : dict
        What `run` returned, as int and float.

    Raises
    ------
    TypeError
        If `run` returns something else than numbers.
    ValueError
        If a metric has a reserved name.
    """
    start, cpu_start = time.perf_counter(), time.process_time()
    returned = run()
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
        if metric in RESERVED:
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


def check_same_metrics(
    row: str, earlier: Mapping[str, Any], metrics: Mapping[str, Any]
) -> None:
    """Refuse metrics whose names are not those of an earlier seed.

    Parameters
    ----------
    row : str
        For the message.
    earlier, metrics : mapping
        By the metrics' names.

    Raises
    ------
    ValueError
        If the names differ.
    """
    if set(earlier) != set(metrics):
        message = (
            f"`{row}` must return the same metrics for every seed, got "
            f"{sorted(metrics)} after {sorted(earlier)}."
        )
        raise ValueError(message)


def rounded(value: float, digits: int) -> float | None:
    """Round to significant digits; NaN, which JSON does not know, becomes None.

    Parameters
    ----------
    value : float
        Integers are kept as they are.
    digits : int
        Significant digits.

    Returns
    -------
    float or None
        The rounded value.

    Raises
    ------
    ValueError
        If `value` is infinite.
    """
    if isinstance(value, int):
        return value
    if math.isnan(value):
        return None
    if math.isinf(value):
        message = "A recorded metric must not be infinite. Return NaN for a failed run."
        raise ValueError(message)
    return float(f"{value:.{digits}g}")


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write readable JSON so that the file is either the old or the new one.

    Parameters
    ----------
    path : pathlib.Path
        Its folder is made if need be.
    content : mapping
        Lists of numbers come onto one line each: a change then shows as one in git.
    """
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
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


def versions() -> dict[str, str | None]:
    """Return the versions that results may depend on.

    Returns
    -------
    dict
        Of Python and of the packages; None for one that is not installed.
    """
    found: dict[str, str | None] = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = None
    return found


def commit() -> str | None:
    """Return the checked-out commit, marked if files differ from it, else None.

    Returns
    -------
    str or None
        40 hexadecimal digits, perhaps with "-dirty".
    """
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


def cpu_count() -> int | None:
    """Return how many cores this process may use.

    Returns
    -------
    int or None
        None where the system does not tell.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _on_one_line(found: re.Match[str]) -> str:
    """Write a list of numbers without its line breaks."""
    return f"[{' '.join(found[0][1:-1].split())}]"
