"""What is known about generated data: the best attainable result and who attains it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from coursepkg._validation import check_choice, check_integer

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Attainable:
    """The oracle of one column at one horizon, and the score to expect of it.

    Parameters
    ----------
    oracle : array of shape (n_steps,)
        Entry t is the best prediction of step t; NaN where it has no past.
    optimum : float
        Expected score of `oracle`, in the unit of the column.
    standard_error : float
        Monte Carlo standard error of `optimum`; 0.0 when it is exact.
    """

    oracle: FloatArray
    optimum: float
    standard_error: float = 0.0


@dataclass(frozen=True, eq=False)
class Truth:
    """What the generator of a series knows about forecasting it.

    No forecaster, however large and however long it trains, has a lower expected
    score than `optimum`. The predictions of `oracle` attain it. They are computed
    from the past of the published columns, the calendar and the generator's
    parameters, never from its latent draws.

    Parameters
    ----------
    metric : str
        The score that `oracle` minimises: "mae".
    kind : str
        How `optimum` one step ahead is known: "exact", "monte carlo" or "bound".
    standard_error : float
        Monte Carlo standard error of `optimum` one step ahead, 0.0 when exact.
        `uncertainty` answers for other horizons.
    columns : tuple of str
        Columns that can be asked for; empty for a series without columns.
    description : str
        The paragraph that `explain` starts with.
    compute : callable
        Maps (column, horizon) to an `Attainable`.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> truth = datasets.make_random_walk(n_steps=100, noise_scale=2.0).truth
    >>> truth
    Truth(metric='mae', kind='exact')
    >>> round(truth.optimum(), 3)
    1.596
    >>> round(truth.optimum(horizon=4), 3)
    3.192
    """

    metric: str
    kind: str
    standard_error: float
    columns: tuple[str, ...]
    description: str = field(repr=False)
    compute: Callable[[str | None, int], Attainable] = field(repr=False)

    def __repr__(self) -> str:
        """Return the metric and how the optimum is known."""
        return f"Truth(metric={self.metric!r}, kind={self.kind!r})"

    def optimum(self, *, column: str | None = None, horizon: int = 1) -> float:
        """Return the best attainable expected score.

        Parameters
        ----------
        column : str, optional
            The column to forecast; needed when the data has columns.
        horizon : int
            Steps ahead, at least 1.

        Returns
        -------
        float
            Expected score of `oracle`, in the unit of the published column.

        Raises
        ------
        ValueError
            If the column is unknown or missing, or the horizon is below 1 or
            leaves no step to forecast.
        TypeError
            If the horizon is not an integer.
        """
        return self._attainable(column, horizon).optimum

    def oracle(self, *, column: str | None = None, horizon: int = 1) -> FloatArray:
        """Return the best predictions, aligned with the data.

        Parameters
        ----------
        column : str, optional
            The column to forecast; needed when the data has columns.
        horizon : int
            Steps ahead, at least 1.

        Returns
        -------
        array of shape (n_steps,)
            Entry t is the best prediction of step t from what was published up to
            step t - horizon; NaN where there is no past. A fresh array.

        Raises
        ------
        ValueError
            If the column is unknown or missing, or the horizon is below 1 or
            leaves no step to forecast.
        TypeError
            If the horizon is not an integer.
        """
        return self._attainable(column, horizon).oracle.copy()

    def uncertainty(self, *, column: str | None = None, horizon: int = 1) -> float:
        """Return the Monte Carlo standard error of `optimum`; 0.0 when exact.

        Parameters
        ----------
        column : str, optional
            The column to forecast; needed when the data has columns.
        horizon : int
            Steps ahead, at least 1.

        Returns
        -------
        float
            In the unit of `optimum`, at most 0.2 % of it.
        """
        return self._attainable(column, horizon).standard_error

    def explain(self) -> str:
        """Return a paragraph: the process, the oracle, and the numbers one step ahead.

        Returns
        -------
        str
            Plain text, one paragraph.
        """
        best = []
        for name in self.columns or (None,):
            score = self.optimum(column=name)
            number = f"{score:,.0f}" if score >= 1000 else f"{score:.4g}"
            best.append(f"{number} for {name}" if name else number)
        return (
            f"{self.description} The oracle's expected {self.metric.upper()} one step "
            f"ahead is {' and '.join(best)} ({self.kind}): no forecaster does better "
            "on average."
        )

    def _attainable(self, column: str | None, horizon: int) -> Attainable:
        if self.columns:
            check_choice(column, "column", self.columns)
        elif column is not None:
            message = (
                f"`column` must be None for a series without columns, got {column!r}."
            )
            raise ValueError(message)
        return self.compute(column, check_integer(horizon, "horizon", minimum=1))
