"""Shared set-up of the tests: quiet kernels, no network, no notebook without data."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path

import hypothesis
import pytest

# A slow moment of a busy machine is no failure of the property.
hypothesis.settings.register_profile("course", deadline=None)
hypothesis.settings.load_profile("course")

# Before any kernel or TensorFlow starts: these reach the notebooks' kernels, too.
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ.pop("MPLBACKEND", None)
NOWHERE = "http://127.0.0.1:9"  # nothing listens there: a download fails at once
for _name in ("http_proxy", "https_proxy", "all_proxy"):
    os.environ[_name] = os.environ[_name.upper()] = NOWHERE
os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1,localhost,::1"

collect_ignore = ["_build", "build", "dist", "tools", "benchmarks"]


@functools.cache
def absent_data(notebook: Path) -> tuple[str, ...]:
    """Return the names of the data sets a notebook needs and this machine lacks."""
    from coursepkg.datasets import remote

    metadata = json.loads(notebook.read_text(encoding="utf-8"))["metadata"]
    needed = metadata.get("coursepkg", {}).get("data", [])
    return tuple(name for name in needed if not remote.DATASETS[name].is_present())


def skip_reason(names: tuple[str, ...]) -> str:
    """Return the sentence that tells how to get the data."""
    commands = " and ".join(
        f"`python -m coursepkg data fetch {name}`" for name in names
    )
    return f"needs data that is not here: {commands}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip every cell of a notebook whose data is absent: it is never passed.

    TensorFlow greets on the error stream when it starts, in words that depend on the
    machine; no notebook may store such output, and none is compared.
    """
    for item in items:
        if item.path.suffix != ".ipynb":
            continue
        compared = item.parent
        if "stderr" not in getattr(compared, "skip_compare", ("stderr",)):
            compared.skip_compare += ("stderr",)
        absent = absent_data(item.path)
        if absent:
            item.add_marker(pytest.mark.skip(reason=skip_reason(absent)))
