"""Tests of what the doctor finds and how it says so."""

import importlib.metadata
import signal
import subprocess
import sys
import tomllib
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace

import pytest

from coursepkg import datasets, doctor
from coursepkg.doctor import Finding

ROOT = Path(__file__).parent.parent


@pytest.fixture
def remote(monkeypatch, tmp_path):
    """Replace the real data sets by two, of which one is here."""
    fake = SimpleNamespace(
        DATASETS={
            "ridership": SimpleNamespace(title="Riders", is_present=lambda: True),
            "jena": SimpleNamespace(title="Weather", is_present=lambda: False),
        },
        data_folder=lambda: tmp_path / "not" / "yet",
    )
    monkeypatch.setattr(datasets, "remote", fake, raising=False)
    return fake


def only(findings):
    """Return the one finding of a list."""
    (finding,) = findings
    return finding


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 9), (3, 13, 1)])
def test_supported_python(version):
    """The supported versions of Python are in order."""
    assert only(doctor.check_python(version)).status == "ok"


@pytest.mark.parametrize("version", [(3, 10, 14), (3, 14, 0)])
def test_unsupported_python(version):
    """A Python too old or too new is a problem with a way out."""
    finding = only(doctor.check_python(version))
    assert finding.status == "problem"
    assert "needs 3.11 to 3.13" in finding.message
    assert "python3.12 -m venv" in finding.remedy


def test_supported_python_is_what_the_package_declares():
    """The bounds are those of pyproject.toml."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    low, high = doctor._PYTHON
    declared = f">={low[0]}.{low[1]},<{high[0]}.{high[1] + 1}"
    assert table["project"]["requires-python"] == declared


def test_intel_mac_is_sent_to_colab():
    """Where TensorFlow has no package, the way out is Colab."""
    finding = only(doctor.check_platform("Darwin", "x86_64"))
    assert finding.status == "problem"
    assert "Colab" in finding.remedy
    assert only(doctor.check_platform("Darwin", "arm64")).status == "ok"


def test_libraries_here_are_in_order():
    """In the environment of the tests every requirement is met."""
    findings = doctor.check_libraries()
    assert {finding.status for finding in findings} == {"ok"}
    names = {finding.message.split()[0] for finding in findings}
    assert {"numpy", "pandas", "keras", "tensorflow", "pooch"} <= names


def test_missing_and_old_libraries(monkeypatch):
    """A library that is missing or too old is named with the command that mends it."""
    versions = {"numpy": "1.9.3", "keras": "3.10.0rc1"}

    def version(name):
        try:
            return versions[name]
        except KeyError:
            raise importlib.metadata.PackageNotFoundError(name) from None

    requirements = [("numpy", "1.26"), ("keras", "3.8"), ("pooch", "1.8")]
    monkeypatch.setattr(doctor, "_requirements", lambda: requirements)
    monkeypatch.setattr(importlib.metadata, "version", version)
    numpy, keras, pooch = doctor.check_libraries()
    assert numpy.message == "numpy 1.9.3 is too old: the course needs 1.26"
    assert numpy.remedy == f'{sys.executable} -m pip install "numpy>=1.26"'
    assert keras == Finding("ok", "keras 3.10.0rc1 (at least 3.8)")
    assert (pooch.status, pooch.message) == ("problem", "pooch is not installed")


def test_requirements_of_a_wheel(monkeypatch, tmp_path):
    """Without a checkout the requirements come from the installed metadata."""
    monkeypatch.setattr(doctor, "__file__", str(tmp_path / "coursepkg" / "doctor.py"))
    lines = ["keras>=3.8", "numpy >= 1.26", 'pytest>=8; extra == "test"']
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: lines)
    assert doctor._requirements() == [("keras", "3.8"), ("numpy", "1.26")]


def run_returning(monkeypatch, returncode=0, stdout="", stderr=""):
    """Let the process that imports TensorFlow end in a given way."""
    process = subprocess.CompletedProcess([], returncode, stdout, stderr)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: process)


def test_tensorflow_with_devices(monkeypatch):
    """The devices are counted by kind, whatever else is printed."""
    run_returning(monkeypatch, stdout="hello\nfound tensorflow CPU GPU GPU\n")
    assert only(doctor.check_tensorflow()) == Finding(
        "ok", "TensorFlow starts and sees 1 CPU, 2 GPU"
    )


@pytest.mark.parametrize(
    ("outcome", "message", "remedy"),
    [
        ({"stdout": "found jax CPU"}, "Keras runs on jax", "KERAS_BACKEND"),
        ({"returncode": -signal.SIGILL.value}, "crashes at import", "AVX"),
        ({"returncode": 3221225501}, "crashes at import", "AVX"),
        (
            {"returncode": 1, "stderr": "Traceback\nImportError: no tensorflow"},
            "does not start: ImportError: no tensorflow",
            "set up again",
        ),
        (
            {"returncode": 1, "stderr": "ImportError: DLL load failed while importing"},
            "does not start",
            "Visual C++",
        ),
        ({"returncode": 1}, "no reason given", "set up again"),
        ({"returncode": 0, "stdout": "nothing"}, "no reason given", "set up again"),
    ],
)
def test_tensorflow_in_trouble(monkeypatch, outcome, message, remedy):
    """Every way in which TensorFlow fails to start is a problem with a way out."""
    run_returning(monkeypatch, **outcome)
    finding = only(doctor.check_tensorflow())
    assert finding.status == "problem"
    assert message in finding.message
    assert remedy in finding.remedy


def test_tensorflow_that_hangs():
    """An import that does not end is given up."""
    finding = only(doctor.check_tensorflow(timeout=0.01))
    assert finding.status == "problem"
    assert "within 0.01 seconds" in finding.message


def test_embedded_data(monkeypatch):
    """Each loader of embedded data is tried, and a failing one named."""

    def broken():
        message = "no such file"
        raise FileNotFoundError(message)

    for name in [name for name in dir(datasets) if name.startswith("load_")]:
        monkeypatch.delattr(datasets, name)
    monkeypatch.setattr(datasets, "load_transit", lambda: None, raising=False)
    monkeypatch.setattr(datasets, "load_play", broken, raising=False)
    play, transit = doctor.check_embedded_data()
    assert play.status == "problem"
    assert play.message == "embedded data 'play' cannot be read: no such file"
    assert transit == Finding("ok", "embedded data: transit")


def test_cache_that_can_be_written(remote, tmp_path):
    """The folder is shown, and nothing is left in it."""
    finding = only(doctor.check_cache())
    assert finding == Finding("ok", f"data folder: {remote.data_folder()}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("remote")
def test_cache_that_cannot_be_written(monkeypatch):
    """A read-only folder is a note: what is in it can still be used."""

    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    finding = only(doctor.check_cache())
    assert finding.status == "note"
    assert "(Permission denied), so nothing can be downloaded" in finding.message
    assert "COURSEPKG_DATA" in finding.remedy


@pytest.mark.usefixtures("remote")
def test_real_data():
    """What is not here is a note with the command that fetches it."""
    ridership, jena = doctor.check_real_data()
    assert ridership == Finding("ok", "ridership: Riders")
    assert jena.status == "note"
    assert jena.remedy == f"{sys.executable} -m coursepkg data fetch jena"


@pytest.mark.parametrize(
    ("free", "status", "text"),
    [
        (8 * 2**30, "ok", "8.0 GiB of memory free"),
        (2**30, "note", "1.0 GiB of memory free: a chapter uses up to 2 GiB"),
        (None, "note", "free memory cannot be read on this system"),
    ],
)
def test_memory(monkeypatch, free, status, text):
    """Little memory is a note, and no knowledge of it as well."""
    monkeypatch.setattr(doctor, "_free_memory", lambda: free)
    finding = only(doctor.check_memory())
    assert (finding.status, finding.message) == (status, text)


def test_free_memory_of_this_machine():
    """The number read here is bytes, not kilobytes or pages."""
    psutil = pytest.importorskip("psutil")
    free = doctor._free_memory()
    assert free == pytest.approx(psutil.virtual_memory().available, rel=0.5)


@pytest.mark.usefixtures("remote")
@pytest.mark.parametrize(("free", "status"), [(2**31, "ok"), (2**20, "note")])
def test_disk(monkeypatch, free, status):
    """Little room is a note that names the disk."""
    usage = namedtuple("usage", "total used free")(2**40, 0, free)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage)
    finding = only(doctor.check_disk())
    assert finding.status == status
    assert "GiB free on the disk of" in finding.message


def test_failing_check_is_a_finding():
    """A check that fails itself is reported as a problem."""

    def check_nothing_at_all():
        message = "No module named 'numpy'"
        raise ModuleNotFoundError(message)

    finding = only(doctor._safely(check_nothing_at_all))
    assert finding.status == "problem"
    assert finding.message == (
        "nothing at all: cannot be examined (ModuleNotFoundError: No module named "
        "'numpy')"
    )


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        (["ok", "note"], "Everything that the course needs is here."),
        (["problem", "ok"], "1 problem: the course does not run before it is mended."),
        (["problem", "problem"], "2 problems: mend the first one first."),
    ],
)
def test_verdict(statuses, verdict):
    """The last line counts the problems only."""
    text = doctor.report([Finding(status, "x", "y") for status in statuses])
    assert text.splitlines()[-1] == verdict
    assert text.splitlines()[1] == "         -> y"


def test_examine_covers_every_check(monkeypatch):
    """Every `check_` function of the module is part of the examination, once."""
    run_returning(monkeypatch, stdout="found tensorflow CPU")
    called = []
    monkeypatch.setattr(doctor, "_safely", lambda check: called.append(check) or [])
    doctor.examine()
    names = [name for name in dir(doctor) if name.startswith("check_")]
    assert sorted(check.__name__ for check in called) == sorted(names)
