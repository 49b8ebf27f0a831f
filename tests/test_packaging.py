"""The package is found, and finds its data, however it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from tools import lock

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
COLAB = {  # what Google Colab has installed in late 2026
    "keras": "3.13.0",
    "matplotlib": "3.10.0",
    "numpy": "2.1.0",
    "pandas": "2.2.2",
    "pooch": "1.8.2",
    "rich": "13.9.4",
    "scikit-learn": "1.6.1",
    "scipy": "1.16.0",
    "statsmodels": "0.14.4",
    "tensorflow": "2.20.0",
}
USES = (
    "from coursepkg import baselines, datasets, evaluation, metrics, windows\n"
    "import coursepkg\n"
    "print(coursepkg.__file__)\n"
    "print(len(datasets.load_transit().frame))\n"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of the sources and return its path."""
    source = _copy(tmp_path_factory.mktemp("source"))
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir"]
    done = subprocess.run(
        [*command, str(target), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return next(target.glob("*.whl"))


def test_every_package_is_listed() -> None:
    """The hand-written list in pyproject.toml names each folder with modules."""
    folders = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "coursepkg").rglob("__init__.py")
    }
    data = {"coursepkg.data", "coursepkg.data.results"}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == folders | data


def test_dependencies_are_lower_bounds_that_colab_satisfies() -> None:
    """No exact pin and no upper bound: Colab's own packages stay as they are."""
    names = set()
    for text in PROJECT["project"]["dependencies"]:
        requirement = Requirement(text)
        names.add(requirement.name)
        assert {spec.operator for spec in requirement.specifier} == {">="}, text
        assert Version(COLAB[requirement.name]) in requirement.specifier, text
    assert names == set(COLAB)
    assert Version("3.13") in SpecifierSet(PROJECT["project"]["requires-python"])


def test_lock_holds_every_requirement_with_hashes() -> None:
    """Each requirement of pyproject.toml is locked, and each line has its hashes."""
    text = (ROOT / lock.LOCK).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"^#.*\n", "", text, flags=re.M))
    locked: dict[str, list[Version]] = {}
    for entry in filter(None, entries):
        match = re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", entry)
        assert match is not None, entry[:80]
        assert "--hash=sha256:" in entry, entry[:80]
        name = match[1].lower().replace("_", "-").replace(".", "-")
        locked.setdefault(name, []).append(Version(match[2]))
    extras = PROJECT["project"]["optional-dependencies"].values()
    wanted = [PROJECT["project"]["dependencies"], *extras]
    for requirement in (Requirement(text) for part in wanted for text in part):
        name = requirement.name.lower().replace("_", "-").replace(".", "-")
        assert name in locked, f"{name}: run `make lock`"
        for version in locked[name]:
            assert version in requirement.specifier, f"{name}: run `make lock`"


def test_lock_names_no_address() -> None:
    """No package index is ever written into the repository."""
    assert lock.addresses((ROOT / lock.LOCK).read_text(encoding="utf-8")) == []


def test_lock_covers_every_platform_of_the_course() -> None:
    """TensorFlow is locked for Linux, Windows and Apple silicon, not for Intel Macs."""
    text = (ROOT / lock.LOCK).read_text(encoding="utf-8")
    line = next(line for line in text.split("\n") if line.startswith("tensorflow=="))
    marker = Requirement(line.rstrip(" \\")).marker
    assert marker is not None
    for version in ("3.11", "3.12", "3.13"):
        python = {"python_version": version, "python_full_version": f"{version}.1"}
        for system, machine, wanted in [
            ("linux", "x86_64", True),
            ("linux", "aarch64", True),
            ("win32", "AMD64", True),
            ("darwin", "arm64", True),
            ("darwin", "x86_64", False),
        ]:
            place = {"sys_platform": system, "platform_machine": machine, **python}
            assert marker.evaluate(place) is wanted, place


@pytest.mark.slow
def test_wheel_carries_code_and_data(wheel: Path) -> None:
    """The wheel holds every module and every file of data/, and nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    modules = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "coursepkg").rglob("*.py")
    }
    data = {
        f"coursepkg/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / "data").rglob("*")
        if path.is_file() and path.suffix != ".partial"
    }
    assert names == modules | data | {"coursepkg/py.typed"}


@pytest.mark.slow
def test_package_works_from_its_wheel(wheel: Path, tmp_path: Path) -> None:
    """Unpacked as on Colab, the package loads its data from within itself."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    _works(tmp_path, "site")


@pytest.mark.slow
def test_package_works_as_it_stands(tmp_path: Path) -> None:
    """A bare copy of the checkout, not installed, loads the data beside the package."""
    _copy(tmp_path / "checkout")
    _works(tmp_path, "checkout")


@pytest.mark.slow
def test_package_works_editable(tmp_path: Path) -> None:
    """Installed in this environment, it is this checkout that is imported."""
    found = _run(tmp_path, path=None)
    assert Path(found[0]) == ROOT / "coursepkg" / "__init__.py"
    assert int(found[1]) > 1_000


def _works(folder: Path, name: str) -> None:
    found = _run(folder, path=folder / name)
    assert Path(found[0]) == folder / name / "coursepkg" / "__init__.py"
    assert int(found[1]) > 1_000


def _run(folder: Path, path: Path | None) -> list[str]:
    start = f"import sys; sys.path.insert(0, {str(path)!r})\n" if path else ""
    done = subprocess.run(
        [sys.executable, "-c", start + USES],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")


def _copy(target: Path) -> Path:
    target.mkdir(parents=True, exist_ok=True)
    ignore = shutil.ignore_patterns("__pycache__", "*.partial")
    for name in ("coursepkg", "data"):
        shutil.copytree(ROOT / name, target / name, ignore=ignore)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, target / name)
    return target
