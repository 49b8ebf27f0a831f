"""Results of a study: stored, read back, refused when stale, and shown as a table."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from coursepkg import evaluation
from coursepkg._recording import TIMES
from coursepkg.datasets._files import data_path
from coursepkg.studies._study import Study, load_study

_ABSENT = "-"
_NO_BREAK = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, eq=False)
class StudyResults:
    """What the runs of a study gave.

    Parameters
    ----------
    study : Study
        The study.
    runs : pandas.DataFrame
        One line a row and seed: ``row``, ``kind``, ``seed``, ``seconds``,
        ``cpu_seconds`` and one column a metric (NaN where a row does not have it).
    host : mapping
        Where they ran: system, processor, cores.
    versions : mapping
        Of Python and of the packages.
    """

    study: Study
    runs: pd.DataFrame
    host: Mapping[str, Any]
    versions: Mapping[str, str | None]

    def __repr__(self) -> str:
        """Return the name and the number of runs."""
        return f"StudyResults({self.study.name!r}, {len(self.runs)} runs)"

    def values(self, row: str, metric: str | None = None) -> pd.Series:
        """Return one metric of one row, by seed.

        Parameters
        ----------
        row : str
            Name of the row.
        metric : str, optional
            The study's own metric if left out.

        Returns
        -------
        pandas.Series
            Indexed by seed.

        Raises
        ------
        ValueError
            If there is no such row or metric.
        """
        metric = self.study.metric if metric is None else metric
        lines = self.runs[self.runs["row"] == row]
        for what, given, known in (
            ("row", row, list(dict.fromkeys(self.runs["row"]))),
            ("metric", metric, list(self.runs.columns[3:])),
        ):
            if given not in known:
                message = (
                    f"`{what}` must be one of {known}, got {given!r}. Choose one of "
                    "them."
                )
                raise ValueError(message)
        return lines.set_index("seed")[metric]

    def table(
        self, *metrics: str, kinds: tuple[str, ...] | None = None
    ) -> pd.DataFrame:
        """Set published and measured values side by side, as text.

        Parameters
        ----------
        *metrics : str
            The columns; the study's own metric if none is named.
        kinds : tuple of str, optional
            Only rows of these kinds.

        Returns
        -------
        pandas.DataFrame
            One line a row: its kind, for each metric what was published (where
            anything was) and the mean over seeds with half of its 95 % interval, the
            number of seeds, and the processor seconds of a run.
        """
        metrics = metrics or (self.study.metric,)
        lines = {}
        for name, runs in self.runs.groupby("row", sort=False):
            row = self.study.rows[str(name)]
            if kinds is not None and row.kind not in kinds:
                continue
            cells: dict[str, str] = {"kind": row.kind}
            for metric in metrics:
                cells[f"{metric}, published"] = self._text(row.published.get(metric))
                cells[metric] = self._mean(runs[metric])
            cells["seeds"] = str(len(runs)) if row.seeded else _ABSENT
            seconds = runs["cpu_seconds"].mean()
            cells["CPU seconds"] = f"{seconds:,.0f}" if seconds >= 1 else "< 1"
            lines[str(name)] = cells
        table = pd.DataFrame.from_dict(lines, orient="index")
        printed = [f"{metric}, published" for metric in metrics]
        return table.drop(
            columns=[name for name in printed if (table[name] == _ABSENT).all()]
        )

    def _text(self, value: float | None) -> str:
        missing = value is None or math.isnan(value)
        return _ABSENT if missing else f"{value:,.{self.study.digits}f}"

    def _mean(self, values: pd.Series) -> str:
        if values.isna().any():
            return _ABSENT
        if len(values) == 1:
            return self._text(float(values.iloc[0]))
        mean, low, high = evaluation.mean_interval(values)
        half = self._text((high - low) / 2)
        return f"{self._text(mean)}{_NO_BREAK}±{_NO_BREAK}{half}"


def results_path(name: str, folder: Path | None = None) -> Path:
    """Return the file of a study's results.

    Parameters
    ----------
    name : str
        Of the study.
    folder : pathlib.Path, optional
        The folder of the course's recorded results if left out.

    Returns
    -------
    pathlib.Path
        It need not exist.
    """
    folder = data_path("results") if folder is None else folder
    return folder / f"case-{name}.json"


def read_results(
    name: str, *, folder: Path | str | None = None, sha256: str | None = None
) -> StudyResults:
    """Read the recorded results of a study, and refuse stale ones.

    Parameters
    ----------
    name : str
        Of the study.
    folder : path, optional
        Where to read; the results that the course has recorded if left out.
    sha256 : str, optional
        Digest of the data at hand, to be compared with that of the results.

    Returns
    -------
    StudyResults
        Rows in the order of the study.

    Raises
    ------
    FileNotFoundError
        If nothing was recorded.
    ValueError
        If a row of the study is missing or has other settings or fewer seeds than the
        study asks for, if the file has rows that the study has not, or if it was made
        from other data.
    """
    study = load_study(name)
    path = results_path(name, None if folder is None else Path(folder))
    where = "data/results" if folder is None else folder
    command = f"`python -m coursepkg reproduce {name} --folder {where}`"
    if not path.is_file():
        message = (
            f"There are no results {path.name!r} in {path.parent}. To make them, run "
            f"{command}."
        )
        raise FileNotFoundError(message)
    stored = json.loads(path.read_text(encoding="utf-8"))
    complaints = list(_differences(study, stored, sha256))
    if complaints:
        message = (
            f"The results {path.name!r} are not those of the study: "
            f"{'; '.join(complaints)}. To bring them up to date, run {command}."
        )
        raise ValueError(message)
    return results_from(study, stored)


def results_from(study: Study, stored: Mapping[str, Any]) -> StudyResults:
    """Turn what a file holds into results, rows in the order of the study.

    Parameters
    ----------
    study : Study
        The study.
    stored : mapping
        As in the file.

    Returns
    -------
    StudyResults
        Of the rows that are there.
    """
    lines = []
    for name, row in study.rows.items():
        runs = stored["rows"].get(name, {}).get("runs", {})
        for seed, run in sorted(runs.items(), key=lambda item: int(item[0])):
            metrics = {
                metric: math.nan if value is None else value
                for metric, value in run["metrics"].items()
            }
            times = {clock: run[clock] for clock in TIMES}
            head = {"row": name, "kind": row.kind, "seed": int(seed)}
            lines.append(head | times | metrics)
    return StudyResults(study, pd.DataFrame(lines), stored["host"], stored["versions"])


def _differences(
    study: Study, stored: Mapping[str, Any], sha256: str | None
) -> list[str]:
    found = []
    if stored["quick"]:
        found.append("they are those of a smoke run")
    if sha256 is not None and stored["sha256"] != sha256:
        found.append(
            f"they were made from data with the hash {str(stored['sha256'])[:12]}..., "
            f"not {sha256[:12]}..."
        )
    surplus = [name for name in stored["rows"] if name not in study.rows]
    if surplus:
        found.append(f"the study has no rows {surplus}")
    for name, row in study.rows.items():
        entry = stored["rows"].get(name)
        if entry is None:
            found.append(f"the row {name!r} is missing")
        elif entry["settings"] != row.settings:
            found.append(f"the row {name!r} was made with other settings")
        else:
            lacking = [seed for seed in row.seeds() if str(seed) not in entry["runs"]]
            if lacking:
                found.append(f"the row {name!r} lacks the seeds {lacking}")
    return found
