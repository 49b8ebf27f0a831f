"""Tests of the command line."""

import re
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest

import coursepkg
from coursepkg import datasets, doctor
from coursepkg.__main__ import main
from coursepkg.datasets import DatasetError
from coursepkg.doctor import Finding

ROOT = Path(__file__).parent.parent


class Data:
    """A data set whose download is only noted."""

    def __init__(self, title, size, error=None, warning=None):
        self.title, self.size = title, size
        self.error, self.warning = error, warning
        self.licence = "public domain"
        self.fetched = False

    def is_present(self):
        return self.fetched

    def fetch(self):
        if self.error is not None:
            raise self.error
        if self.warning is not None:
            warnings.warn(self.warning, UserWarning, stacklevel=2)
        self.fetched = True


@pytest.fixture
def remote(monkeypatch, tmp_path):
    """Replace the real data sets by three of which one cannot be fetched."""
    fake = SimpleNamespace(
        DATASETS={
            "ridership": Data("Riders", 94_000),
            "imdb": Data("Reviews", 25_400_000, DatasetError("get it at x/y")),
            "jena": Data("Weather", 500, warning="another edition"),
        },
        DatasetError=DatasetError,
        data_folder=lambda: tmp_path,
    )
    monkeypatch.setattr(datasets, "remote", fake, raising=False)
    return fake


@pytest.mark.usefixtures("remote")
def test_list(capsys, tmp_path):
    """The list shows presence, size and licence of each, and the folder."""
    assert main(["data", "list"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^ridership +not here +94 kB +Riders$", out, re.MULTILINE)
    assert re.search(r"^imdb +not here +25 MB +Reviews$", out, re.MULTILINE)
    assert out.count("public domain") == 3
    assert f"Data folder: {tmp_path} (set COURSEPKG_DATA" in out


def test_fetch(remote, capsys):
    """A fetched data set is here, and the exit code says so."""
    assert main(["data", "fetch", "ridership"]) == 0
    assert remote.DATASETS["ridership"].fetched
    assert not remote.DATASETS["imdb"].fetched
    assert capsys.readouterr().out.startswith("ridership: here, in ")


def test_fetch_that_fails(remote, capsys):
    """A failure shows its own message on stderr, and the others are still fetched."""
    assert main(["data", "fetch", "imdb", "ridership"]) == 1
    out, err = capsys.readouterr()
    assert err == "imdb: get it at x/y\n"
    assert out.startswith("ridership: here")
    assert remote.DATASETS["ridership"].fetched


@pytest.mark.usefixtures("remote")
def test_fetch_with_a_warning(capsys):
    """What the loader warns of is shown as a plain sentence."""
    assert main(["data", "fetch", "jena"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("jena: here")
    assert err == "jena: another edition\n"


@pytest.mark.parametrize(
    ("name", "hint"),
    [("rydership", " Did you mean ridership?"), ("zzz", "")],
)
def test_unknown_name(remote, capsys, name, hint):
    """A misspelt name is refused before anything is fetched."""
    with pytest.raises(SystemExit) as stop:
        main(["data", "fetch", "ridership", name])
    assert stop.value.code == 2
    message = f"there is no data set '{name}'.{hint} There are: ridership, imdb, jena."
    assert message in capsys.readouterr().err
    assert not remote.DATASETS["ridership"].fetched


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ([Finding("ok", "fine"), Finding("note", "little memory")], 0),
        ([Finding("ok", "fine"), Finding("problem", "no keras", "install it")], 1),
    ],
)
def test_doctor(monkeypatch, capsys, findings, code):
    """The doctor prints its report, and only a problem makes its exit code 1."""
    monkeypatch.setattr(doctor, "examine", lambda: findings)
    assert main(["doctor"]) == code
    assert capsys.readouterr().out == doctor.report(findings) + "\n"


@pytest.mark.parametrize(
    "arguments",
    [[], ["data"], ["data", "fetch"], ["reproduce"], ["doctor", "who"]],
    ids=" ".join,
)
def test_incomplete_commands(arguments, capsys):
    """An incomplete or unknown command shows the usage and ends with code 2."""
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: python -m coursepkg" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["-h"], ["data", "-h"], ["data", "fetch", "-h"], ["doctor", "-h"]]
)
def test_help(arguments, capsys):
    """Every command explains itself within 88 columns."""
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 88


def test_real_data_sets_can_be_listed(capsys, monkeypatch, tmp_path):
    """The list works on the data sets that the package has, here or not."""
    monkeypatch.setenv("COURSEPKG_DATA", str(tmp_path))
    assert main(["data", "list"]) == 0
    out = capsys.readouterr().out
    for name, dataset in datasets.remote.DATASETS.items():
        assert re.search(rf"^{name} +not here", out, re.MULTILINE)
        assert dataset.title in out
        assert dataset.licence in out


def run(code_or_module, *arguments):
    """Run Python in a process of its own."""
    return subprocess.run(
        [sys.executable, *code_or_module, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )


def test_module_runs():
    """`python -m coursepkg` answers and passes the exit code on."""
    assert run(["-m", "coursepkg"], "--version").stdout.split() == [
        coursepkg.__version__
    ]
    assert run(["-m", "coursepkg"], "data", "fetch", "nothing").returncode == 2


def test_tensorflow_is_not_loaded():
    """Listing the data loads no TensorFlow."""
    code = (
        "import sys; from coursepkg.__main__ import main; main(['data', 'list']); "
        "print({'tensorflow', 'keras'} & set(sys.modules))"
    )
    assert run(["-c", code]).stdout.splitlines()[-1] == "set()"
