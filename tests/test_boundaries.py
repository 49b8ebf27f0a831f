"""The house rules of coursepkg: who may import whom, and what an import may do."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "coursepkg"
WITH_TENSORFLOW = ("models", "training", "studies", "windows._source")
FREE = ("studies", "doctor", "__main__")  # may import any room

# scipy is at home wherever numpy is used for statistics.
# room: (packages from outside, other rooms of coursepkg)
HOUSE: dict[str, tuple[set[str], set[str]]] = {
    "__init__": (set(), set()),
    "_recording": (set(), set()),
    "_validation": ({"numpy"}, set()),
    "datasets": (
        {"numpy", "pandas", "pooch", "scipy", "sklearn"},
        {"_validation"},
    ),
    "windows": ({"numpy"}, {"_validation"}),
    "windows._source": ({"numpy", "keras"}, {"_validation"}),
    "text": ({"numpy"}, {"_validation"}),
    "reference": ({"numpy"}, {"_validation"}),
    "models": ({"numpy", "keras"}, {"_validation"}),
    "training": (
        {"numpy", "pandas", "keras", "tensorflow"},
        {"_recording", "_validation", "datasets._files", "evaluation"},
    ),
    "baselines": ({"numpy", "pandas", "sklearn", "statsmodels"}, {"_validation"}),
    "metrics": ({"numpy"}, {"_validation"}),
    "evaluation": ({"numpy", "pandas", "scipy"}, {"_validation", "metrics"}),
    "generation": ({"numpy"}, {"_validation"}),
    "plots": ({"numpy", "scipy", "matplotlib", "cycler"}, {"_validation"}),
    "exercises": ({"numpy"}, {"_validation"}),
}


def modules() -> list[str]:
    """Return the dotted names of all modules, without the package's own."""
    names = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts
        names.append(".".join(parts))
    return names


def room(module: str) -> str:
    """Return the room whose rule holds for a module."""
    return module if module in HOUSE else module.split(".")[0]


def imports(module: str) -> tuple[set[str], set[str]]:
    """Return what a module imports: packages from outside, and other rooms."""
    path = PACKAGE.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    inside = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    outer: set[str] = set()
    rooms: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                if module == "__init__":
                    inside = []
                up = inside[: len(inside) - node.level + 1]
                base = ".".join(filter(None, ["coursepkg", *up, base]))
            found = [base] if "." in base else [f"{base}.{a.name}" for a in node.names]
            if base == "coursepkg" or base.startswith("coursepkg."):
                found = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in found:
            top, *rest = name.split(".")
            if top == "coursepkg":
                rooms.add(_named_room(rest))
            elif top not in sys.stdlib_module_names:
                outer.add(top)
    own = module.split(".")[0]
    return outer, {name for name in rooms if name.split(".")[0] not in (own, "")}


def _named_room(parts: list[str]) -> str:
    dotted = ".".join(parts[:2])
    return dotted if dotted == "datasets._files" else (parts[0] if parts else "")


@pytest.mark.parametrize("module", modules())
def test_module_imports_only_what_its_room_may(module: str) -> None:
    """A room uses only the packages and the rooms that the design gives it."""
    if room(module) in FREE:
        return
    assert room(module) in HOUSE, f"{module} is in a room that the design does not have"
    outer, rooms = imports(module)
    may_outer, may_rooms = HOUSE[room(module)]
    assert outer <= may_outer, f"{module} imports {sorted(outer - may_outer)}"
    assert rooms <= may_rooms, f"{module} imports the rooms {sorted(rooms - may_rooms)}"


def test_only_the_rooms_of_models_load_tensorflow() -> None:
    """Every other room is imported in a fresh process without TensorFlow or Keras."""
    names = [
        "coursepkg" if name == "__init__" else f"coursepkg.{name}"
        for name in modules()
        if not name.startswith(WITH_TENSORFLOW) and name != "__main__"
    ]
    program = (
        "import importlib, sys\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module(name)\n"
        "    loaded = {'tensorflow', 'keras'} & set(sys.modules)\n"
        "    if loaded:\n"
        "        sys.exit(f'{name} loads {sorted(loaded)}')\n"
    )
    done = _fresh(program)
    assert done.returncode == 0, done.stderr


def test_import_changes_no_global_state() -> None:
    """Importing the rooms leaves random numbers, warnings and figures as they were."""
    names = [
        f"coursepkg.{name}"
        for name in modules()
        if not name.startswith(WITH_TENSORFLOW) and name not in ("__main__", "__init__")
    ]
    program = (
        "import importlib, os, random, warnings\n"
        "import matplotlib, numpy, pandas, scipy, sklearn, statsmodels.api\n"
        "def state():\n"
        "    return (random.getstate(), numpy.random.get_state()[1].tolist(),\n"
        "            dict(matplotlib.rcParams), list(warnings.filters),\n"
        "            numpy.get_printoptions(), dict(os.environ))\n"
        "before = state()\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module(name)\n"
        "assert state() == before\n"
    )
    done = _fresh(program)
    assert done.returncode == 0, done.stderr


def test_no_module_has_a_name_that_says_nothing() -> None:
    """No utils, no helpers, no common, no name with a chapter's number."""
    for name in modules():
        last = name.split(".")[-1]
        assert last.strip("_") not in {"utils", "util", "helpers", "common", "misc"}
        named = last.removesuffix("1d")  # conv1d: the field's own name
        assert not any(character.isdigit() for character in named), name


def test_no_star_import_and_no_mutable_default() -> None:
    """Neither `from x import *` nor a list, dict or set as a default value."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert all(alias.name != "*" for alias in node.names), path
            if isinstance(node, ast.FunctionDef):
                for default in [*node.args.defaults, *node.args.kw_defaults]:
                    assert not isinstance(default, ast.List | ast.Dict | ast.Set), path


def _fresh(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
