"""What a study is: its data, its rows, and the budget of a run."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import keras

NAMES = ("ridership", "jena", "imdb", "hamlet", "mnist-rows")

Kind = Literal["baseline", "published", "ours", "ablation"]
Report = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Budget:
    """How long a run may train, and whom it tells how far it is.

    Parameters
    ----------
    quick : bool
        Whether this is a smoke run: every fit gets one epoch.
    report : callable, optional
        Gets the number of finished epochs and of all.
    """

    quick: bool = False
    report: Report | None = None

    def epochs(self, n_epochs: int) -> int:
        """Return the epochs of a fit: `n_epochs`, or 1 in a smoke run.

        Parameters
        ----------
        n_epochs : int
            Those of a full run.

        Returns
        -------
        int
            At most `n_epochs`.

        Examples
        --------
        >>> Budget().epochs(20), Budget(quick=True).epochs(20)
        (20, 1)
        """
        return 1 if self.quick else n_epochs

    def callback(self) -> keras.callbacks.Callback:
        """Return a callback for ``fit`` that reports each finished epoch.

        Returns
        -------
        keras.callbacks.Callback
            It does nothing where nobody listens.
        """
        import keras

        def tell(epoch: int, _: object) -> None:
            if self.report is not None:
                self.report(epoch + 1, callback.params["epochs"])

        callback = keras.callbacks.LambdaCallback(on_epoch_end=tell)
        return callback


Run = Callable[[Any, int, Budget], Mapping[str, float]]


@dataclass(frozen=True, eq=False)
class Row:
    """One line of a study's table.

    Parameters
    ----------
    run : callable
        Takes the study's data, a seed and a :class:`Budget`, trains and scores one
        model, and returns its metrics, the same ones for every seed.
    kind : {"baseline", "published", "ours", "ablation"}
        A cheap rival, a model of the source documents, the best we found, or one of
        ours with a part taken away.
    settings : str
        Everything that decides the result, in words: inputs, layers, optimizer,
        budget. Recorded beside the numbers; results with other settings are stale.
    published : mapping of str to float
        What the source prints, by metric; empty if nothing was printed.
    n_seeds : int
        Runs that the book reports: seeds 0, 1, ..., n_seeds - 1.
    seeded : bool
        False for a method without chance, which runs once whatever is asked for.
    """

    run: Run
    kind: Kind
    settings: str
    published: Mapping[str, float] = field(default_factory=dict)
    n_seeds: int = 5
    seeded: bool = True

    def seeds(self, n_seeds: int | None = None) -> list[int]:
        """Return the seeds of this row.

        Parameters
        ----------
        n_seeds : int, optional
            How many; those that the book reports if left out.

        Returns
        -------
        list of int
            0, 1, ...; only 0 for a method without chance.
        """
        if not self.seeded:
            return [0]
        return list(range(self.n_seeds if n_seeds is None else n_seeds))


@dataclass(frozen=True, eq=False)
class Study:
    """A case study: its data, and the rows of its table.

    Parameters
    ----------
    name : str
        As ``python -m coursepkg reproduce`` calls it.
    title : str
        One line.
    metric : str
        The metric on which rows are judged, one of those they return.
    unit : str
        Its unit.
    digits : int
        Decimals in printed tables.
    load : callable
        Takes `quick` and returns what the rows get. A smoke run must not need real
        data: it reads embedded data. What is returned has a ``sha256``, the digest of
        the real data, None for embedded data.
    rows : mapping of str to Row
        In the order of the table.
    """

    name: str
    title: str
    metric: str
    unit: str
    digits: int
    load: Callable[[bool], Any]
    rows: Mapping[str, Row]

    def __repr__(self) -> str:
        """Return the name and the number of rows."""
        return f"Study({self.name!r}, {len(self.rows)} rows)"


def load_study(name: str) -> Study:
    """Import the module of one study.

    Parameters
    ----------
    name : str
        One of ``studies.NAMES``.

    Returns
    -------
    Study
        Its ``STUDY``.

    Raises
    ------
    ValueError
        If there is no such study.
    """
    if name not in NAMES:
        close = difflib.get_close_matches(name, NAMES, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        message = (
            f"`name` must be a case study, got {name!r}.{hint} There are: "
            f"{', '.join(NAMES)}."
        )
        raise ValueError(message)
    module = importlib.import_module(f"coursepkg.studies.{name.replace('-', '_')}")
    study: Study = module.STUDY
    return study
