"""What ``python -m coursepkg doctor`` looks at, and what it says about it.

Only the standard library is imported at the top, and nothing newer than Python 3.9, so
that the doctor can still speak where Python is too old or a library missing or broken.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Status = Literal["ok", "note", "problem"]

_PYTHON = (3, 11), (3, 13)
_GIB = 2**30
_MEMORY_NEEDED = 2 * _GIB
_DISK_NEEDED = 3 * _GIB // 2  # the word vectors alone take 0.8


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    status : {"ok", "note", "problem"}
        Only a problem keeps the course from running.
    message : str
        What was found.
    remedy : str
        What to do about it; empty if there is nothing to do.
    """

    status: Status
    message: str
    remedy: str = ""


def examine() -> list[Finding]:
    """Look at everything that the course needs.

    Returns
    -------
    list of Finding
        In the order in which the report shows them.
    """
    checks: list[Callable[[], list[Finding]]] = [
        check_python,
        check_platform,
        check_libraries,
        check_tensorflow,
        check_embedded_data,
        check_cache,
        check_real_data,
        check_memory,
        check_disk,
    ]
    return [finding for check in checks for finding in _safely(check)]


def report(findings: Iterable[Finding]) -> str:
    """Write findings for a reader, one a line, each remedy below its finding.

    Parameters
    ----------
    findings : iterable of Finding

    Returns
    -------
    str

    Examples
    --------
    >>> from coursepkg import doctor
    >>> finding = doctor.Finding("problem", "keras is missing", "pip install keras")
    >>> print(doctor.report([finding]))
    PROBLEM  keras is missing
             -> pip install keras
    <BLANKLINE>
    1 problem: the course does not run before it is mended.
    """
    findings = list(findings)
    lines = []
    for finding in findings:
        label = "PROBLEM" if finding.status == "problem" else finding.status
        lines.append(f"{label:<9}{finding.message}")
        if finding.remedy:
            lines.append(f"{'':<9}-> {finding.remedy}")
    n_problems = sum(finding.status == "problem" for finding in findings)
    if n_problems == 0:
        verdict = "Everything that the course needs is here."
    elif n_problems == 1:
        verdict = "1 problem: the course does not run before it is mended."
    else:
        verdict = f"{n_problems} problems: mend the first one first."
    return "\n".join([*lines, "", verdict])


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> list[Finding]:
    """Look at the version of Python.

    Examples
    --------
    >>> from coursepkg import doctor
    >>> doctor.check_python((3, 9, 18))[0].status
    'problem'
    """
    low, high = _PYTHON
    text = ".".join(map(str, version))
    if low <= version[:2] <= high:
        return [Finding("ok", f"Python {text} ({sys.executable})")]
    return [
        Finding(
            "problem",
            f"Python {text} ({sys.executable}); TensorFlow needs "
            f"{low[0]}.{low[1]} to {high[0]}.{high[1]}",
            "install Python 3.12 from https://www.python.org/downloads/ and make a new "
            "environment with it: python3.12 -m venv .venv",
        )
    ]


def check_platform(
    system: str = platform.system(), machine: str = platform.machine()
) -> list[Finding]:
    """Look at the operating system and the processor."""
    text = f"{system} on {machine}, {os.cpu_count()} processors"
    if system == "Darwin" and machine == "x86_64":
        return [
            Finding(
                "problem",
                f"{text}: TensorFlow has no packages for Macs with an Intel processor",
                "run the notebooks on Colab (the rocket button of each chapter)",
            )
        ]
    return [Finding("ok", text)]


def check_libraries() -> list[Finding]:
    """Compare each library with the lowest version that the course runs on."""
    findings = []
    for name, lowest in _requirements():
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            message = f"{name} is not installed"
        else:
            if _numbers(version) >= _numbers(lowest):
                message = f"{name} {version} (at least {lowest})"
                findings.append(Finding("ok", message))
                continue
            message = f"{name} {version} is too old: the course needs {lowest}"
        remedy = f'{sys.executable} -m pip install "{name}>={lowest}"'
        findings.append(Finding("problem", message, remedy))
    return findings


def check_tensorflow(*, timeout: float = 180.0) -> list[Finding]:
    """Import TensorFlow in another process, which may die of it, and ask for devices.

    Parameters
    ----------
    timeout : float
        Seconds to wait for the import.
    """
    code = (
        "import tensorflow as tf, keras\n"
        "devices = [d.device_type for d in tf.config.list_physical_devices()]\n"
        "print('found', keras.backend.backend(), *devices)"
    )
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        process = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            timeout=timeout,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return [
            Finding(
                "problem",
                f"TensorFlow did not start within {timeout:g} seconds",
                "try again: the first start after an installation is the slowest",
            )
        ]
    found = [
        line.split()[1:]
        for line in process.stdout.splitlines()
        if line.startswith("found ")
    ]
    if process.returncode != 0 or not found:
        return [_tensorflow_failure(process)]
    backend, *devices = found[0]
    counts = [f"{devices.count(kind)} {kind}" for kind in sorted(set(devices))]
    if backend != "tensorflow":
        return [
            Finding(
                "problem",
                f"Keras runs on {backend}, the course on TensorFlow",
                "unset KERAS_BACKEND, or set it to tensorflow, and restart",
            )
        ]
    return [Finding("ok", f"TensorFlow starts and sees {', '.join(counts)}")]


def check_embedded_data() -> list[Finding]:
    """Read each of the small data sets that come with the package."""
    from coursepkg import datasets

    findings = []
    for loader in sorted(name for name in dir(datasets) if name.startswith("load_")):
        name = loader.removeprefix("load_")
        try:
            getattr(datasets, loader)()
        except Exception as error:
            findings.append(
                Finding(
                    "problem",
                    f"embedded data {name!r} cannot be read: {error}",
                    "install the package again; in a checkout, restore the folder "
                    "`data`: git checkout -- data",
                )
            )
        else:
            findings.append(Finding("ok", f"embedded data: {name}"))
    return findings


def check_cache() -> list[Finding]:
    """Look whether downloads can be written to the cache."""
    from coursepkg.datasets import remote

    folder = remote.data_folder()
    existing = _first_existing(folder)
    try:
        with tempfile.TemporaryFile(dir=existing):
            return [Finding("ok", f"data folder: {folder}")]
    except OSError as error:
        return [
            Finding(
                "note",
                f"nothing can be written to the data folder {folder} "
                f"({error.strerror or error}), so nothing can be downloaded",
                "set COURSEPKG_DATA to a folder of yours",
            )
        ]


def check_real_data() -> list[Finding]:
    """Look which of the real data sets are at hand."""
    from coursepkg.datasets import remote

    findings = []
    for name, dataset in remote.DATASETS.items():
        if dataset.is_present():
            findings.append(Finding("ok", f"{name}: {dataset.title}"))
        else:
            findings.append(
                Finding(
                    "note",
                    f"{name} is not here; no teaching chapter needs it",
                    f"{sys.executable} -m coursepkg data fetch {name}",
                )
            )
    return findings


def check_memory() -> list[Finding]:
    """Look at the memory that is free."""
    free = _free_memory()
    if free is None:
        return [Finding("note", "free memory cannot be read on this system")]
    text = f"{free / _GIB:.1f} GiB of memory free"
    if free >= _MEMORY_NEEDED:
        return [Finding("ok", text)]
    return [
        Finding(
            "note",
            f"{text}: a chapter uses up to {_MEMORY_NEEDED // _GIB} GiB",
            "close other programs and other running notebooks",
        )
    ]


def check_disk() -> list[Finding]:
    """Look at the room on the disk that holds the data folder."""
    from coursepkg.datasets import remote

    folder = _first_existing(remote.data_folder())
    free = shutil.disk_usage(folder).free
    text = f"{free / _GIB:.1f} GiB free on the disk of {folder}"
    if free >= _DISK_NEEDED:
        return [Finding("ok", text)]
    return [
        Finding(
            "note",
            f"{text}: the real data sets need {_DISK_NEEDED / _GIB:g} GiB",
            "make room, or set COURSEPKG_DATA to a folder on another disk",
        )
    ]


def _safely(check: Callable[[], list[Finding]]) -> list[Finding]:
    """Run a check; turn its own failure into a finding."""
    try:
        return check()
    except Exception as error:
        subject = check.__name__.removeprefix("check_").replace("_", " ")
        return [
            Finding(
                "problem",
                f"{subject}: cannot be examined ({type(error).__name__}: {error})",
                "mend the problems above first, then run the doctor again",
            )
        ]


def _requirements() -> list[tuple[str, str]]:
    """Read the libraries that the course needs, each with its lowest version."""
    pyproject = Path(__file__).parent.parent / "pyproject.toml"
    if pyproject.is_file():  # a checkout; installed metadata may be older
        import tomllib

        table = tomllib.loads(pyproject.read_text(encoding="utf-8"))
        lines = table["project"]["dependencies"]
    else:
        lines = importlib.metadata.requires("coursepkg") or []
    matches = [re.fullmatch(r"([\w.-]+)\s*>=\s*([\d.]+)", line) for line in lines]
    return [(match[1], match[2]) for match in matches if match]


def _numbers(version: str) -> tuple[int, ...]:
    """Read the numbers at the front of a version: ``2.21.0rc1`` is (2, 21, 0)."""
    match = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, match[0].split("."))) if match else ()


def _tensorflow_failure(process: subprocess.CompletedProcess[str]) -> Finding:
    """Explain why TensorFlow did not start."""
    if process.returncode < 0 or process.returncode > 255:
        message = f"TensorFlow crashes at import (exit code {process.returncode})"
        remedy = "the processor may lack AVX, which TensorFlow needs: use Colab"
        return Finding("problem", message, remedy)
    lines = process.stderr.strip().splitlines()
    message = f"TensorFlow does not start: {lines[-1] if lines else 'no reason given'}"
    if "DLL load failed" in process.stderr:
        remedy = (
            "install the Microsoft Visual C++ Redistributable (x64) and open a new "
            "terminal"
        )
    else:
        remedy = (
            f"{sys.executable} -m pip install --force-reinstall tensorflow; or remove "
            f"the folder .venv and set up again"
        )
    return Finding("problem", message, remedy)


def _first_existing(folder: Path) -> Path:
    """Find the folder itself or the nearest one above it that exists."""
    return next(path for path in [folder, *folder.parents] if path.is_dir())


def _free_memory() -> int | None:
    """Read the bytes of memory that are free; None where no way is known."""
    meminfo = Path("/proc/meminfo")
    if meminfo.is_file():
        match = re.search(r"MemAvailable:\s+(\d+) kB", meminfo.read_text())
        return int(match[1]) * 1024 if match else None
    try:
        return int(importlib.import_module("psutil").virtual_memory().available)
    except ImportError:
        return None
