"""Tests of the case studies' runner: stored, resumed, refused when stale, shown."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from coursepkg import studies
from coursepkg.__main__ import main
from coursepkg.studies import Budget, Row, Study, _running, load_study, reproduce
from coursepkg.studies import _results as stored_results

SHA = "0123456789abcdef" * 4
PAGES = [
    path
    for path in sorted((Path(__file__).parents[1] / "chapters").glob("case-*.ipynb"))
    if path.stem != "case-results"
]


class Calls(list):
    """Every run that really happened, as (row, seed)."""

    def row(self, name, **what):
        """Make a row that notes its runs; its score is 10 + seed."""

        def run(data, seed, budget):
            self.append((name, seed))
            assert data.values.sum() > 0
            if budget.report is not None:
                budget.report(1, budget.epochs(2))
            return {"test": 10.0 + seed, "epochs": budget.epochs(7)}

        return Row(run, **{"kind": "ours", "settings": "plain", "n_seeds": 3} | what)


def load(quick):
    """Three numbers; without a hash in a smoke run."""
    return SimpleNamespace(values=np.arange(3), sha256=None if quick else SHA)


@pytest.fixture
def calls():
    return Calls()


@pytest.fixture
def study(calls):
    """A study of two rows, one of them without chance."""
    rows = {
        "naive": calls.row("naive", kind="baseline", seeded=False),
        "network": calls.row("network", published={"test": 12.5}),
    }
    return Study("jena", "Toy weather", "test", "degrees", 2, load, rows)


@pytest.fixture
def installed(study, monkeypatch):
    """Put the toy study into the place of the real one."""
    module = ModuleType("coursepkg.studies.jena")
    module.STUDY = study
    monkeypatch.setitem(sys.modules, "coursepkg.studies.jena", module)
    return study


def test_every_row_runs_once_for_each_seed(study, calls, tmp_path):
    """Without chance one run, else the seeds that the book reports."""
    results = reproduce(study, folder=tmp_path)
    assert calls == [("naive", 0), ("network", 0), ("network", 1), ("network", 2)]
    assert list(results.values("network")) == [10.0, 11.0, 12.0]
    assert list(results.values("naive", "epochs")) == [7]


def test_finished_runs_are_not_repeated(study, calls, tmp_path):
    """A second call runs nothing, more seeds run only the new ones."""
    reproduce(study, folder=tmp_path)
    calls.clear()
    reproduce(study, folder=tmp_path)
    assert calls == []
    results = reproduce(study, folder=tmp_path, n_seeds=5)
    assert calls == [("network", 3), ("network", 4)]
    assert list(results.values("network")) == [10.0, 11.0, 12.0, 13.0, 14.0]


@pytest.mark.parametrize("problem", [KeyboardInterrupt, RuntimeError])
def test_an_interruption_loses_no_finished_seed(study, calls, tmp_path, problem):
    """The file is whole at any moment; the same call goes on from there."""
    row = study.rows["network"]

    def stops(data, seed, budget):
        if seed == 2:
            raise problem
        return row.run(data, seed, budget)

    broken = replace(study, rows={**study.rows, "network": replace(row, run=stops)})
    with pytest.raises(problem):
        reproduce(broken, folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["case-jena.json"]
    calls.clear()
    results = reproduce(study, folder=tmp_path)
    assert calls == [("network", 2)]
    assert list(results.values("network")) == [10.0, 11.0, 12.0]


def test_changed_settings_are_run_again(study, calls, tmp_path):
    """Only the row whose settings changed loses its runs."""
    reproduce(study, folder=tmp_path)
    calls.clear()
    row = replace(study.rows["network"], settings="other", n_seeds=1)
    changed = replace(study, rows={**study.rows, "network": row})
    results = reproduce(changed, folder=tmp_path)
    assert calls == [("network", 0)]
    assert list(results.values("network")) == [10.0]


def test_fresh_runs_again_what_is_asked_for(study, calls, tmp_path):
    """The other rows keep their runs."""
    reproduce(study, folder=tmp_path)
    calls.clear()
    results = reproduce(study, folder=tmp_path, rows=["naive"], fresh=True)
    assert calls == [("naive", 0)]
    assert len(results.values("network")) == 3


def test_two_processes_may_fill_one_file(study, calls, tmp_path):
    """Runs that another process stored during a run are kept."""
    row = study.rows["naive"]

    def meanwhile(data, seed, budget):
        reproduce(study, folder=tmp_path, rows=["network"])
        return row.run(data, seed, budget)

    slow = replace(study, rows={**study.rows, "naive": replace(row, run=meanwhile)})
    results = reproduce(slow, folder=tmp_path, rows=["naive"])
    assert list(results.runs["row"]) == ["naive", "network", "network", "network"]
    assert len(calls) == 4


@pytest.mark.parametrize(
    ("key", "value"), [("sha256", "other"), ("versions", {"keras": "0"})]
)
def test_results_of_other_data_or_versions_are_kept(study, tmp_path, key, value):
    """They are neither mixed with new ones nor overwritten, but with `fresh`."""
    reproduce(study, folder=tmp_path)
    path = tmp_path / "case-jena.json"
    stored = json.loads(path.read_text())
    path.write_text(json.dumps(stored | {key: value}))
    before = path.read_bytes()
    with pytest.raises(ValueError, match=f"other {key}.*They are kept"):
        reproduce(study, folder=tmp_path)
    assert path.read_bytes() == before
    assert len(reproduce(study, folder=tmp_path, fresh=True).runs) == 4


def test_a_smoke_run_is_short_and_has_its_own_file(study, tmp_path):
    """One seed, one epoch, toy data."""
    results = reproduce(study, folder=tmp_path, quick=True)
    assert [path.name for path in tmp_path.iterdir()] == ["case-jena-quick.json"]
    assert list(results.runs["seed"]) == [0, 0]
    assert set(results.runs["epochs"]) == {1}


def test_metrics_must_not_change_from_seed_to_seed(study, tmp_path):
    """The earlier runs stay."""
    row = replace(study.rows["network"], run=lambda _, seed, __: {f"m{seed}": 1.0})
    odd = replace(study, rows={"network": row})
    with pytest.raises(ValueError, match="the same metrics for every seed"):
        reproduce(odd, folder=tmp_path)
    stored = json.loads((tmp_path / "case-jena.json").read_text())
    assert list(stored["rows"]["network"]["runs"]) == ["0"]


def test_unknown_rows_are_named(study, tmp_path):
    """The message lists the rows that there are."""
    with pytest.raises(ValueError, match=r"got \['netwrk'\].*naive, network"):
        reproduce(study, folder=tmp_path, rows=["netwrk"])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("n_seeds", [0, -1])
def test_at_least_one_seed(study, tmp_path, n_seeds):
    """No seed is no run."""
    with pytest.raises(ValueError, match="n_seeds"):
        reproduce(study, folder=tmp_path, n_seeds=n_seeds)


@pytest.mark.usefixtures("installed")
def test_what_was_stored_is_read_back(study, tmp_path):
    """Values, kinds, host and versions; the table sets published beside measured."""
    reproduce(study, folder=tmp_path)
    results = studies.read_results("jena", folder=tmp_path, sha256=SHA)
    assert list(results.values("network")) == [10.0, 11.0, 12.0]
    assert set(results.host) == {"system", "cores", "threads"}
    assert set(results.versions) == {
        *("python", "numpy", "keras", "tensorflow", "coursepkg")
    }
    table = results.table("test", "epochs")
    assert table.loc["network", "test, published"] == "12.50"
    # Student's t with 2 degrees of freedom, 4.3027, times 1 / sqrt(3)
    assert (
        table.loc["network", "test"] == "11.00\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}2.48"
    )
    assert (table["CPU seconds"] == "< 1").all()
    assert list(table["test, published"]) == ["-", "12.50"]
    assert table.loc["naive", ["test", "seeds"]].tolist() == ["10.00", "-"]
    assert "epochs, published" not in table  # nothing was printed
    assert list(results.table(kinds=("baseline",)).index) == ["naive"]


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda s: s["rows"].pop("naive"), "the row 'naive' is missing"),
        (lambda s: s["rows"]["network"]["runs"].pop("1"), r"lacks the seeds \[1\]"),
        (lambda s: s["rows"]["naive"].update(settings="x"), "with other settings"),
        (lambda s: s["rows"].update(old={"runs": {}}), r"has no rows \['old'\]"),
        (lambda s: s.update(sha256="f" * 64), "data with the hash ffffffffffff"),
        (lambda s: s.update(quick=True), "those of a smoke run"),
    ],
)
def test_stale_results_are_refused(study, tmp_path, change, complaint):
    """Each difference from the study is named, with the command that mends it."""
    reproduce(study, folder=tmp_path)
    path = tmp_path / "case-jena.json"
    stored = json.loads(path.read_text())
    change(stored)
    path.write_text(json.dumps(stored))
    with pytest.raises(ValueError, match=complaint) as caught:
        studies.read_results("jena", folder=tmp_path, sha256=SHA)
    command = f"python -m coursepkg reproduce jena --folder {tmp_path}"
    assert command in str(caught.value)


@pytest.mark.usefixtures("installed")
def test_missing_results_are_named(tmp_path):
    """The message holds the command that makes them."""
    with pytest.raises(FileNotFoundError, match="coursepkg reproduce jena"):
        studies.read_results("jena", folder=tmp_path)


def test_missing_values_and_names(study, tmp_path):
    """A metric that one row lacks is a dash there; unknown names are refused."""
    row = replace(study.rows["naive"], run=lambda *_: {"test": float("nan")})
    odd = replace(study, rows={**study.rows, "naive": row})
    results = reproduce(odd, folder=tmp_path)
    assert results.table("test", "epochs").loc[
        "naive", ["test", "epochs"]
    ].tolist() == [
        "-",
        "-",
    ]
    with pytest.raises(ValueError, match=r"`row`.*got 'netwrk'"):
        results.values("netwrk")
    with pytest.raises(ValueError, match=r"`metric`.*got 'tset'"):
        results.values("naive", "tset")


def test_command_names_every_study(capsys):
    """Its help lists what there is to reproduce."""
    with pytest.raises(SystemExit):
        main(["reproduce", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert all(name in shown for name in studies.NAMES)


def test_unknown_studies_are_guessed():
    """A typing error gets the nearest name."""
    with pytest.raises(ValueError, match="Did you mean hamlet"):
        load_study("hamelt")


def test_a_budget_tells_its_epochs():
    """The callback reports each finished epoch of the fit."""
    import keras

    told = []
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    budget = Budget(report=lambda done, total: told.append((done, total)))
    for some in (budget, Budget()):
        model.fit(
            np.ones((2, 1)),
            np.ones(2),
            epochs=3,
            verbose=0,
            callbacks=[some.callback()],
        )
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.usefixtures("installed")
def test_command(tmp_path, capsys, calls):
    """It stores, prints the table, and shows its progress on the error stream only."""
    arguments = ["reproduce", "jena", "--folder", str(tmp_path), "--seeds", "2"]
    assert main(arguments) == 0
    shown = capsys.readouterr()
    assert "Toy weather: test, in degrees" in shown.out
    assert "12.50" in shown.out
    assert "10.50" in shown.out
    assert "runs" in shown.err
    assert "3/3" in shown.err
    assert len(calls) == 3
    assert main([*arguments, "--rows", "naive", "--fresh"]) == 0
    assert calls[3:] == [("naive", 0)]
    assert main([*arguments, "--quick"]) == 0
    assert "a smoke run on toy data" in capsys.readouterr().out


@pytest.mark.usefixtures("installed")
def test_command_lists_rows(capsys, calls):
    """Names, kinds and settings; nothing is run."""
    assert main(["reproduce", "jena", "--list"]) == 0
    assert capsys.readouterr().out == (
        "naive (baseline)\n    plain\nnetwork (ours)\n    plain\n"
    )
    assert calls == []


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["jema"], "Did you mean jena?"),
        (["jena", "--rows", "x"], "There are: naive, network."),
        (["jena", "--seeds", "0"], "n_seeds"),
    ],
)
def test_command_refuses(arguments, sentence, capsys, tmp_path):
    """A wrong command line ends with code 2 and a sentence."""
    with pytest.raises(SystemExit) as caught:
        main(["reproduce", *arguments, "--folder", str(tmp_path)])
    assert caught.value.code == 2
    assert sentence in " ".join(capsys.readouterr().err.split())


def test_command_says_that_it_can_go_on(installed, tmp_path, capsys, monkeypatch):
    """After Ctrl-C the exit code is 1."""

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(studies, "reproduce", stop)
    assert main(["reproduce", installed.name, "--folder", str(tmp_path)]) == 1
    assert "goes on from there" in capsys.readouterr().err


def test_command_without_data(installed, tmp_path, capsys, monkeypatch):
    """Where the data is absent the message of the loader is shown."""
    from coursepkg.datasets import DatasetError

    def absent(_):
        raise DatasetError("fetch it")

    monkeypatch.setitem(
        sys.modules,
        "coursepkg.studies.jena",
        SimpleNamespace(STUDY=replace(installed, load=absent)),
    )
    assert main(["reproduce", "jena", "--folder", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "jena: fetch it\n"


def test_the_course_has_its_folder_of_results():
    """Without a folder the recorded results of the course are read."""
    assert stored_results.results_path("jena").parent.is_dir()
    assert _running.results_path is stored_results.results_path


@pytest.mark.parametrize("name", studies.NAMES)
def test_rows_say_what_they_are(name):
    """Each study has a baseline, published models, ours; settings tell rows apart."""
    study = load_study(name)
    assert study.name == name
    kinds = {row.kind for row in study.rows.values()}
    assert kinds >= {"baseline", "published", "ours"}
    settings = [row.settings for row in study.rows.values()]
    assert len(set(settings)) == len(settings)
    assert any(row.published for row in study.rows.values())


@pytest.mark.parametrize("path", PAGES, ids=[path.stem for path in PAGES])
def test_recorded_results_are_those_of_the_study(path):
    """A study on a page has every row, with its settings and seeds, in data/results."""
    results = studies.read_results(path.stem.removeprefix("case-"))
    ours = [row for row, what in results.study.rows.items() if what.kind == "ours"]
    for row in ours:
        assert len(results.values(row)) >= 3
