"""Tests of repeated runs: live over seeds, recorded, resumed, and checked."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from coursepkg import _recording, training

SHA = "0123456789abcdef" * 4


@pytest.fixture
def results(tmp_path, monkeypatch):
    """An empty folder of results, and an environment that asks for nothing."""
    monkeypatch.setattr(training, "_results_directory", lambda: tmp_path)
    monkeypatch.delenv("COURSEPKG_SEEDS", raising=False)
    for name in ("CHECK", "FRESH", "SESSION"):
        monkeypatch.delenv(f"COURSEPKG_RESULTS_{name}", raising=False)
    return tmp_path


@pytest.fixture
def recording(results, monkeypatch):
    """As `results`, with the seeds 0 to 4 to be recorded."""
    monkeypatch.setenv("COURSEPKG_SEEDS", "0,1,2,3,4")
    return results


class Row:
    """A stand-in for an experiment that remembers the seeds it was run with."""

    def __init__(self, offset, fails_at=None):
        self.offset = offset
        self.fails_at = fails_at
        self.seeds = []

    def __call__(self, seed):
        if seed == self.fails_at:
            message = "out of memory"
            raise MemoryError(message)
        self.seeds.append(seed)
        return {"mae": self.offset + seed / 3, "parameters": np.int64(57)}


def test_over_seeds_gives_one_line_a_seed():
    """Seeds keep their order; seconds and every metric are columns."""
    row = Row(1.0)
    table = training.over_seeds(row, seeds=(3, 0))
    assert list(table.columns) == [
        "seed",
        "seconds",
        "cpu_seconds",
        "mae",
        "parameters",
    ]
    assert table["seed"].tolist() == row.seeds == [3, 0]
    assert table["mae"].tolist() == [2.0, 1.0]
    assert table["parameters"].dtype.kind == "i"
    assert (table["seconds"] >= 0).all()


def test_over_seeds_measures_the_run(monkeypatch):
    """Seconds are the difference of the clock before and after."""
    clock = iter([10.0, 12.5, 20.0, 20.25])
    monkeypatch.setattr(_recording.time, "perf_counter", lambda: next(clock))
    table = training.over_seeds(lambda seed: {"mae": 1.0}, seeds=(0, 1))
    assert table["seconds"].tolist() == [2.5, 0.25]


@pytest.mark.parametrize(
    ("run", "seeds", "error", "message"),
    [
        (lambda seed: {"a": 1.0}, (), ValueError, "at least one seed"),
        (lambda seed: {"a": 1.0}, (1, 1), ValueError, "must differ"),
        (lambda seed: {"a": 1.0}, (0.5,), TypeError, "must be an integer"),
        (lambda seed: 1.0, (0,), TypeError, "must return a mapping"),
        (lambda seed: {}, (0,), TypeError, "must return a mapping"),
        (lambda seed: {"seconds": 1.0}, (0,), ValueError, "named 'seconds'"),
        (lambda seed: {"a": "good"}, (0,), TypeError, "got str for 'a'"),
        (lambda seed: {f"a{seed}": 1}, (0, 1), ValueError, "the same metrics"),
    ],
)
def test_over_seeds_refuses_what_makes_no_table(run, seeds, error, message):
    """Bad seeds, no mapping, no numbers, or names that change are refused."""
    with pytest.raises(error, match=message):
        training.over_seeds(run, seeds=seeds)


def test_recorded_runs_nothing_when_it_reads(recording, monkeypatch):
    """What was recorded comes back equal, without a run."""
    rows = {"GRU(32)": Row(1.0), "linear": Row(2.0)}
    written = training.recorded("12-ladder", rows, sha256=SHA)
    assert [row.seeds for row in rows.values()] == [[0, 1, 2, 3, 4]] * 2
    monkeypatch.delenv("COURSEPKG_SEEDS")
    fresh = {"GRU(32)": Row(9.0), "linear": Row(9.0)}
    read = training.recorded("12-ladder", fresh, sha256=SHA)
    assert [row.seeds for row in fresh.values()] == [[], []]
    pd.testing.assert_frame_equal(written, read)
    assert list(read.columns) == [
        *("row", "seed", "seconds", "cpu_seconds", "mae", "parameters")
    ]
    assert read["row"].tolist() == ["GRU(32)"] * 5 + ["linear"] * 5
    wide = read.pivot(index="seed", columns="row", values="mae")
    np.testing.assert_allclose(wide["linear"], 2 + np.arange(5) / 3, rtol=1e-5)


def test_recorded_file_is_readable_and_says_how_it_was_made(recording):
    """Six digits, one line a metric, versions and hash, and nothing about the host."""
    training.recorded("12-ladder", {"GRU [a  b]": Row(1.0)}, sha256=SHA)
    (path,) = recording.iterdir()
    assert path.name == "12-ladder.json"
    text = path.read_text(encoding="utf-8")
    assert '"mae": [1.0, 1.33333, 1.66667, 2.0, 2.33333]' in text
    assert text.endswith("}\n")
    content = json.loads(text)
    assert list(content) == [
        "name", "seeds", "sha256", "cpu_count", "commit", "versions", "rows",
    ]  # fmt: skip
    assert content["sha256"] == SHA
    assert content["seeds"] == [0, 1, 2, 3, 4]
    assert content["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert content["versions"]["numpy"] == np.__version__
    assert set(content["versions"]) == {
        "python", "numpy", "keras", "tensorflow", "coursepkg",
    }  # fmt: skip
    assert list(content["rows"]) == ["GRU [a  b]"]
    assert content["rows"]["GRU [a  b]"]["metrics"]["parameters"] == [57] * 5
    assert os.uname().nodename not in text


def test_recorded_resumes_where_it_stopped(recording):
    """After a crash in the second row only what is missing is run."""
    rows = {"a": Row(1.0), "b": Row(2.0, fails_at=2)}
    with pytest.raises(MemoryError):
        training.recorded("12-ladder", rows, sha256=SHA)
    assert [path.name for path in recording.iterdir()] == ["12-ladder.json.partial"]
    rows = {"a": Row(9.0), "b": Row(2.0)}
    table = training.recorded("12-ladder", rows, sha256=SHA)
    assert (rows["a"].seeds, rows["b"].seeds) == ([], [2, 3, 4])
    assert table["mae"].tolist()[0] == 1.0
    assert [path.name for path in recording.iterdir()] == ["12-ladder.json"]


def test_recorded_starts_afresh_on_other_data(recording):
    """Runs on data with another hash are not kept."""
    rows = {"a": Row(1.0), "b": Row(2.0, fails_at=0)}
    with pytest.raises(MemoryError):
        training.recorded("12-ladder", rows, sha256=SHA)
    rows = {"a": Row(1.0), "b": Row(2.0)}
    training.recorded("12-ladder", rows, sha256=None)
    assert rows["a"].seeds == [0, 1, 2, 3, 4]


def test_recorded_repeats_no_table_of_an_interrupted_session(recording, monkeypatch):
    """A finished table stays finished while the notebook that records it is not."""
    monkeypatch.setenv("COURSEPKG_RESULTS_SESSION", "12-rnns")
    first = training.recorded("12-one", {"a": Row(1.0)}, sha256=SHA)
    with pytest.raises(MemoryError):
        training.recorded("12-two", {"a": Row(2.0, fails_at=3)})
    left = [path.name for path in sorted(recording.iterdir())]
    assert left == ["12-one.json", "12-one.json.partial", "12-two.json.partial"]
    one, two = Row(9.0), Row(2.0)
    again = training.recorded("12-one", {"a": one}, sha256=SHA)
    training.recorded("12-two", {"a": two})
    assert (one.seeds, two.seeds) == ([], [3, 4])
    pd.testing.assert_frame_equal(first, again)
    for path in recording.glob("*.partial"):
        assert json.loads(path.read_text())["session"] == "12-rnns"


@pytest.mark.parametrize("change", ["hash", "keras", "row", "seeds", "fresh"])
def test_recorded_repeats_what_is_no_longer_the_same(recording, monkeypatch, change):
    """Other data or versions, another row, a further seed, or the wish to start."""
    monkeypatch.setenv("COURSEPKG_RESULTS_SESSION", "12-rnns")
    training.recorded("12-one", {"a": Row(1.0)}, seeds=(0, 1), sha256=SHA)
    row, other, sha256, seeds = "a", Row(9.0), SHA, (0, 1)
    expected = [0, 1]
    if change == "hash":
        sha256 = None
    elif change == "keras":
        versions = training.versions() | {"keras": "0.0"}
        monkeypatch.setattr(training, "versions", lambda: versions)
    elif change == "row":
        row = "b"
    elif change == "seeds":
        seeds, expected = (0, 1, 2), [2]
    else:
        monkeypatch.setenv("COURSEPKG_RESULTS_FRESH", "1")
    table = training.recorded("12-one", {row: other}, seeds=seeds, sha256=sha256)
    assert other.seeds == expected
    assert table["row"].tolist() == [row] * len(seeds)


def test_recorded_starts_afresh_where_a_row_failed_to(recording, monkeypatch):
    """Starting afresh drops the runs that were done before the interruption."""
    with pytest.raises(MemoryError):
        training.recorded("12-one", {"a": Row(1.0, fails_at=2)})
    monkeypatch.setenv("COURSEPKG_RESULTS_FRESH", "1")
    row = Row(2.0)
    training.recorded("12-one", {"a": row})
    assert row.seeds == [0, 1, 2, 3, 4]


def test_recorded_keeps_the_old_file_when_writing_fails(recording, monkeypatch):
    """A file is replaced whole or not at all, and no debris is left."""
    training.recorded("12-ladder", {"a": Row(1.0)})
    before = (recording / "12-ladder.json").read_bytes()

    def fail(*_):
        message = "disk full"
        raise OSError(message)

    monkeypatch.setattr(training.Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        training.recorded("12-ladder", {"a": Row(5.0)})
    assert (recording / "12-ladder.json").read_bytes() == before
    assert [path.name for path in recording.iterdir()] == ["12-ladder.json"]


def test_recorded_keeps_failed_runs_as_missing(recording):
    """A run that went to NaN is stored as null, and read as NaN."""
    diverging = {"a": lambda seed: {"loss": np.nan if seed == 1 else 0.5}}
    table = training.recorded("06-relu", diverging)
    assert table["loss"].isna().tolist() == [False, True, False, False, False]
    assert "[0.5, null, 0.5, 0.5, 0.5]" in (recording / "06-relu.json").read_text()
    with pytest.raises(ValueError, match="must not be infinite"):
        training.recorded("06-inf", {"a": lambda seed: {"loss": np.inf}})


def test_recorded_rows_may_have_other_metrics(recording):
    """A metric that a row lacks is NaN in its lines."""
    rows = {"a": lambda seed: {"x": 1.0}, "b": lambda seed: {"y": 2.0}}
    table = training.recorded("12-mixed", rows)
    assert table["x"].isna().tolist() == [False] * 5 + [True] * 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": ["a"]}, r"has the rows \['b'\] that are not asked for"),
        ({"rows": ["a", "b", "c"]}, r"lacks the rows \['c'\]"),
        ({"seeds": (0, 1, 2)}, r"seeds \[0, 1, 2, 3, 4\], not \[0, 1, 2\]"),
        ({"sha256": None}, r"hash 0123456789ab\.\.\., not none"),
    ],
)
def test_recorded_refuses_a_file_that_is_not_what_is_asked_for(
    recording, monkeypatch, options, message
):
    """Other rows, seeds or data are named, with the command that records again."""
    training.recorded("12-ladder", {"a": Row(1.0), "b": Row(2.0)}, sha256=SHA)
    monkeypatch.delenv("COURSEPKG_SEEDS")
    asked = {"rows": ["a", "b"], "seeds": (0, 1, 2, 3, 4), "sha256": SHA} | options
    rows = {row: Row(0.0) for row in asked.pop("rows")}
    with pytest.raises(ValueError, match=message) as caught:
        training.recorded("12-ladder", rows, **asked)
    assert "run `make results CH=12`" in str(caught.value)


def test_recorded_says_how_to_make_what_is_missing(results):
    """Without a file the message is the command, also for a case study."""
    with pytest.raises(FileNotFoundError, match="run `make results CH=12`"):
        training.recorded("12-ladder", {"a": Row(1.0)})
    with pytest.raises(FileNotFoundError, match="`make results CH=solutions/12`"):
        training.recorded("solutions-12-weekday", {"GRU(32)": Row(1.0)})
    with pytest.raises(FileNotFoundError, match="`make results CH=case-ridership`"):
        training.recorded("case-ridership-rail", {"a": Row(1.0)})


def test_recorded_takes_the_seeds_it_reports_from_those_of_the_environment(
    results, monkeypatch
):
    """More seeds than asked for do no harm; too few, or no numbers, are refused."""
    monkeypatch.setenv("COURSEPKG_SEEDS", "0,1,2,3,4,5,6")
    row = Row(1.0)
    training.recorded("12-ladder", {"a": row}, seeds=(0, 1, 2))
    assert row.seeds == [0, 1, 2]
    monkeypatch.setenv("COURSEPKG_SEEDS", "0,1")
    with pytest.raises(ValueError, match="Set COURSEPKG_SEEDS=0,1,2"):
        training.recorded("12-ladder", {"a": row}, seeds=(0, 1, 2))
    monkeypatch.setenv("COURSEPKG_SEEDS", "all")
    with pytest.raises(ValueError, match="integers joined by commas"):
        training.recorded("12-ladder", {"a": row})


@pytest.mark.parametrize("name", ["../12", "12 ladder", "Ladder", "", "12--a"])
def test_recorded_refuses_names_that_are_no_file_names(results, name):
    """A name cannot leave the folder of results."""
    with pytest.raises(ValueError, match="`name` must be lower-case"):
        training.recorded(name, {"a": Row(1.0)})


def test_recorded_refuses_no_rows(results):
    """A table without rows is a mistake."""
    with pytest.raises(ValueError, match="`rows` must hold at least one row"):
        training.recorded("12-ladder", {})


def test_recorded_check_runs_the_cheapest_row_again(recording, monkeypatch):
    """With the check variable the row of fewest seconds is run once, with seed 0."""
    clock = iter(np.cumsum([0, 5] * 5 + [0, 1] * 5 + [0, 1]).tolist())
    monkeypatch.setattr(_recording.time, "process_time", lambda: next(clock))
    rows = {"slow": Row(1.0), "fast": Row(2.0)}
    training.recorded("12-ladder", rows)
    monkeypatch.delenv("COURSEPKG_SEEDS")
    monkeypatch.setenv("COURSEPKG_RESULTS_CHECK", "1")
    rows = {"slow": Row(1.0), "fast": Row(2.0)}
    training.recorded("12-ladder", rows)
    assert (rows["slow"].seeds, rows["fast"].seeds) == ([], [0])


def test_recorded_check_reports_a_result_outside_its_range(recording, monkeypatch):
    """The recorded 1 to 7/3 has a mean of 5/3 and a deviation of sqrt(10)/6."""
    training.recorded("12-ladder", {"a": Row(1.0)})
    monkeypatch.delenv("COURSEPKG_SEEDS")
    monkeypatch.setenv("COURSEPKG_RESULTS_CHECK", "1")
    high = 5 / 3 + 5 * np.sqrt(10) / 6
    training.recorded("12-ladder", {"a": Row(high - 0.01)})
    with pytest.raises(RuntimeError, match=r"mae = 4\.3119 with seed 0, outside"):
        training.recorded("12-ladder", {"a": Row(high + 0.01)})
    with pytest.raises(RuntimeError, match=r"now returns \['mse'\]"):
        training.recorded("12-ladder", {"a": lambda seed: {"mse": 1.0}})


def test_recorded_check_forgives_the_rounding_of_a_deterministic_row(
    recording, monkeypatch
):
    """Ridge has no spread: six recorded digits must do, a change in the fourth not."""
    training.recorded("12-ridge", {"ridge": lambda seed: {"mae": 19643.2187}})
    monkeypatch.delenv("COURSEPKG_SEEDS")
    monkeypatch.setenv("COURSEPKG_RESULTS_CHECK", "1")
    training.recorded("12-ridge", {"ridge": lambda seed: {"mae": 19643.2187}})
    with pytest.raises(RuntimeError, match="outside its recorded range"):
        training.recorded("12-ridge", {"ridge": lambda seed: {"mae": 19653.2187}})


@pytest.mark.parametrize(
    ("metric", "compared"),
    [
        ("ms at 64", False),
        ("microseconds", False),
        ("training_seconds", False),
        ("mse", True),
        ("rms", True),
        ("terms", True),
    ],
)
def test_recorded_check_compares_no_times(recording, monkeypatch, metric, compared):
    """A metric named after a unit of time is another one on another machine."""
    training.recorded("12-cost", {"a": lambda seed: {metric: 1.0}})
    monkeypatch.delenv("COURSEPKG_SEEDS")
    monkeypatch.setenv("COURSEPKG_RESULTS_CHECK", "1")
    slower = {"a": lambda seed: {metric: 2.0}}
    if compared:
        with pytest.raises(RuntimeError, match="outside its recorded range"):
            training.recorded("12-cost", slower)
    else:
        training.recorded("12-cost", slower)


def test_commit_is_a_hash_or_none(monkeypatch):
    """Where git is missing or knows no commit, the commit is None and no error."""
    commit = _recording.commit()
    assert commit is None or len(commit.removesuffix("-dirty")) == 40

    def missing(*_, **__):
        raise FileNotFoundError

    monkeypatch.setattr(subprocess, "run", missing)
    assert _recording.commit() is None


def test_the_real_folder_of_results_exists():
    """The resolver finds the folder in which the recorded results lie."""
    assert training._results_directory().is_dir()
