"""Medians and absolute errors of a Markov process several steps ahead."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from coursepkg.datasets.truth import Attainable, FloatArray

# The oracle's own seed: unrelated to the seeds from which data are generated.
_SEED = 8_675_309
_N_PATHS = 1_000
_BLOCK = 128
_WEEK = 7


class FuturePaths:
    """Simulated futures of a Markov process from each of its published states.

    Every origin gets `_N_PATHS` futures in antithetic pairs. A horizon is simulated
    together with all shorter ones, up to whole weeks, and kept.

    Parameters
    ----------
    states : array of shape (n_steps, n_columns)
        State after each step, read back from the published columns.
    step : callable
        Maps states (..., n_columns) and standard normal noise of the same shape to
        the next states.
    scale : callable
        Maps states (n_steps, n_paths) of one column, its position and the steps
        they are reached at, (n_steps,), to published values. Must be increasing in
        the state, so that medians pass through it.
    """

    def __init__(
        self,
        states: FloatArray,
        step: Callable[[FloatArray, FloatArray], FloatArray],
        scale: Callable[[FloatArray, int, FloatArray], FloatArray],
    ) -> None:
        self._states = states
        self._step = step
        self._scale = scale
        self._found: dict[tuple[int, int], Attainable] = {}

    def ahead(self, column: int, horizon: int) -> Attainable:
        """Return the median forecast of a column and its expected absolute error.

        Parameters
        ----------
        column : int
            Position of the column in the state.
        horizon : int
            Steps ahead, below the number of steps.

        Returns
        -------
        Attainable
            Oracle aligned with the states, optimum and its standard error.
        """
        if (column, horizon) not in self._found:
            n_steps = len(self._states)
            weeks = -(-horizon // _WEEK)
            self._simulate(min(weeks * _WEEK, n_steps - 1))
        return self._found[column, horizon]

    def _simulate(self, longest: int) -> None:
        n_steps, n_columns = self._states.shape
        medians = np.full((longest, n_columns, n_steps), np.nan)
        errors = np.full((longest, n_columns, n_steps), np.nan)  # by target step
        variances = np.full((longest, n_columns, n_steps), np.nan)
        for start in range(0, n_steps, _BLOCK):
            # A generator a block: the first draws do not depend on `longest`,
            # and a later day cannot move the draws of an earlier one.
            rng = np.random.default_rng([_SEED, start])
            origins = np.arange(start, min(start + _BLOCK, n_steps))
            state = np.repeat(
                self._states[origins][:, None, :], _N_PATHS, axis=1
            )  # (block, n_paths, n_columns)
            for ahead in range(1, longest + 1):
                half = rng.standard_normal((_BLOCK, _N_PATHS // 2, n_columns))
                noise = np.concatenate([half, -half], axis=1)[: len(origins)]
                state = self._step(state, noise)  # (block, n_paths, n_columns)
                inside = origins + ahead < n_steps
                targets = origins[inside] + ahead
                for column in range(n_columns):
                    values = self._scale(
                        state[inside, :, column], column, targets
                    )  # (targets, n_paths)
                    median = np.median(values, axis=1)  # (targets,)
                    distance = np.abs(values - median[:, None])
                    pairs = 0.5 * (
                        distance[:, : _N_PATHS // 2] + distance[:, _N_PATHS // 2 :]
                    )  # antithetic partners are one draw
                    where = (ahead - 1, column, targets)
                    medians[where] = median
                    errors[where] = distance.mean(axis=1)
                    variances[where] = pairs.var(axis=1, ddof=1) / pairs.shape[1]
        for ahead in range(1, longest + 1):
            for column in range(n_columns):
                error = errors[ahead - 1, column, ahead:]
                variance = variances[ahead - 1, column, ahead:]
                self._found[column, ahead] = Attainable(
                    oracle=medians[ahead - 1, column],
                    optimum=float(error.mean()),
                    standard_error=float(np.sqrt(variance.sum()) / len(variance)),
                )
