"""The repository as a whole: one address, clean files, nothing that is not ours."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tools import notebooks, repository

ROOT = repository.ROOT
SHARED = ROOT.parent / "shared" / "data"


def test_all_files_agree_on_the_address() -> None:
    """Where the address of the repository stands, it is that of pyproject.toml."""
    own = repository.address()
    naming = {path.relative_to(ROOT).as_posix() for path in repository.naming(own)}
    for name in ("_config.yml", "README.md", "CITATION.cff", "setup.md"):
        assert name in naming, name
    if own != repository.PLACEHOLDER:
        assert repository.naming(repository.PLACEHOLDER) == []
    for path in notebooks.all_notebooks():
        first = next(
            cell
            for cell in notebooks.read(path)["cells"]
            if cell["cell_type"] == "code"
        )
        assert first["source"].endswith(f"github.com/{own}")


def test_one_command_replaces_the_address(tmp_path: Path) -> None:
    """`tools/repository.py` changes every mention, and nothing that looks alike."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    project = '[project.urls]\nRepository = "https://github.com/OWNER/REPO"\n'
    (tmp_path / "pyproject.toml").write_text(project)
    (tmp_path / "page.md").write_text("github.com/OWNER/REPO.git MY-OWNER/REPO-S\n")
    changed = repository.replace("ada/sequences", tmp_path)
    assert {path.name for path in changed} == {"pyproject.toml", "page.md"}
    assert repository.address(tmp_path) == "ada/sequences"
    text = (tmp_path / "page.md").read_text()
    assert text == "github.com/ada/sequences.git MY-OWNER/REPO-S\n"
    with pytest.raises(ValueError, match="OWNER/REPO"):
        repository.replace("no address", tmp_path)


def test_data_and_notebooks_keep_their_line_ends() -> None:
    """Git changes no byte of data/ and stores notebooks with line feeds."""
    text = (ROOT / ".gitattributes").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines()]
    assert ["data/**", "-text"] in lines
    assert ["*.ipynb", "text", "eol=lf"] in lines


def test_no_file_of_the_real_data_is_in_the_repository() -> None:
    """Nothing in shared/data was copied into data/, whole or renamed."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared/data on this machine")
    theirs = {_digest(path) for path in SHARED.iterdir() if path.is_file()}
    for path in (ROOT / "data").rglob("*"):
        if path.is_file():
            assert _digest(path) not in theirs, path


def test_embedded_data_is_small() -> None:
    """The files in data/, recorded results apart, weigh at most 2 MB together."""
    files = [path for path in (ROOT / "data").iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 2_000_000


def test_text_files_are_clean() -> None:
    """UTF-8, line feeds, a newline at the end, no trailing blanks, no absolute path."""
    for path in repository.text_files():
        name = path.relative_to(ROOT).as_posix()
        if name.startswith("data/"):
            continue
        text = path.read_bytes().decode("utf-8")
        assert "\r" not in text, name
        assert not text or text.endswith("\n"), name
        if path.suffix != ".ipynb":
            trailing = [line for line in text.splitlines() if line != line.rstrip()]
            assert not trailing, (name, trailing[:3])
        assert "/work/" + "main" not in text, name


def test_makefile_runs_under_make_3_81() -> None:
    """Nothing in the Makefile is newer than the make that macOS ships."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    for newer in (".ONESHELL", "!=", "$(file", ".RECIPEPREFIX", "$(intcmp", "::="):
        assert newer not in text, newer
    for line in text.splitlines():
        assert not re.match(r"\S.*&:", line), line  # grouped targets


def test_help_names_every_target() -> None:
    """`make help` lists what a user can ask for."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"\.PHONY: ((?:.*\\\n)*.*)", text)
    assert phony is not None
    targets = set(phony[1].replace("\\\n", " ").split())
    for target in targets - {"help", "setup", "need-chapter"}:
        assert re.search(rf'@echo "make {target}\b', text), target


def test_relative_data_folder_becomes_absolute(tmp_path: Path) -> None:
    """A relative COURSEPKG_DATA means the same folder in every notebook."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (tmp_path / "Makefile").write_text(makefile + "\nshow:\n\t@echo $$COURSEPKG_DATA\n")
    (tmp_path / "here").mkdir()
    environment = {key: os.environ[key] for key in ("PATH",)}
    for given, wanted in [
        ("here", tmp_path / "here"),
        ("not/there", tmp_path / "not" / "there"),
        (str(tmp_path / "here"), tmp_path / "here"),
        ("", ""),
    ]:
        done = subprocess.run(
            ["make", "-s", "show"],
            cwd=tmp_path,
            env={**environment, "COURSEPKG_DATA": given},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == str(wanted)


def test_ci_runs_what_a_newcomer_runs() -> None:
    """`.ci/run` is executable and calls `make test`; workflows may only read."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert re.search(r"^make test", script.read_text(encoding="utf-8"), re.MULTILINE)
    for path in sorted((ROOT / ".github" / "workflows").glob("*.yml")):
        workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert workflow["permissions"] == {"contents": "read"}, path.name
        assert all("timeout-minutes" in job for job in workflow["jobs"].values())


def test_licences_and_citation_are_there() -> None:
    """Code under MIT, text under CC BY 4.0, and a citation that tools can read."""
    assert "MIT License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    text = (ROOT / "LICENSE-text").read_text(encoding="utf-8")
    assert "Creative Commons Attribution 4.0" in text
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
