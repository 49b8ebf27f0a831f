"""Series of noise in which a short motif is hidden at a known place."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursepkg._validation import check_array, check_finite, check_integer

FloatArray = NDArray[np.float64]

_SEED = 24_061_963  # of the truth's own draws: unrelated to the seeds of data
_N_DRAWS = 40_000
_BLOCK = 2_000  # sequences that are scored at once


@dataclass(frozen=True, eq=False)
class MotifTruth:
    r"""What the generator of motifs knows about naming and finding them.

    No classifier has a higher expected accuracy than `optimum`, which the labels of
    `oracle` attain, and none finds the place more often than `localisation` says, which
    `oracle_positions` attain. They are computed from the series and the generator's
    parameters, never from the labels and places that were drawn.

    Parameters
    ----------
    metric : str
        The score: "accuracy".
    kind : str
        How the numbers are known: "monte carlo".
    motifs : array of shape (n_motifs, motif_length)
        The motifs, in the unit of the series.
    noise_scale : float
        Standard deviation of the noise.
    sequence_length : int
        Steps in a series.
    first, last : int
        Least and greatest step at which a motif may begin.
    x : array of shape (n_sequences, sequence_length)
        The series that `oracle` reads.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> truth = datasets.make_motifs(n_sequences=5).truth
    >>> truth
    MotifTruth(metric='accuracy', kind='monte carlo')
    >>> truth.posterior(np.zeros((1, 64, 1))).shape
    (1, 2, 53)
    """

    metric: str
    kind: str
    motifs: FloatArray = field(repr=False)
    noise_scale: float = field(repr=False)
    sequence_length: int = field(repr=False)
    first: int = field(repr=False)
    last: int = field(repr=False)
    x: FloatArray = field(repr=False)

    def __repr__(self) -> str:
        """Return the metric and how the optimum is known."""
        return f"MotifTruth(metric={self.metric!r}, kind={self.kind!r})"

    def posterior(self, x: ArrayLike) -> FloatArray:
        r"""Return how probable each motif at each place is, given a series.

        With white Gaussian noise, motif m at place p has a likelihood proportional to

        .. math:: \exp \Bigl(\frac{1}{\sigma^2} \Bigl(\sum_j m_j \, x^{(p + j)}
                  - \frac12 \sum_j m_j^2 \Bigr)\Bigr):

        a convolution with the motif as filter and a bias, then a softmax over motifs
        and places, which are all equally likely beforehand.

        Parameters
        ----------
        x : array of shape (n_sequences, sequence_length, 1)
            Any series of this length.

        Returns
        -------
        array of shape (n_sequences, n_motifs, n_places)
            Place k is step ``first + k``. Sums to 1 for each series.

        Raises
        ------
        ValueError
            If the series have another shape.
        """
        series = check_array(x, "x", ndim=3)
        if series.shape[1:] != (self.sequence_length, 1):
            message = (
                f"`x` must have shape (n_sequences, {self.sequence_length}, 1), got "
                f"{series.shape}. Pass series of the length that was generated."
            )
            raise ValueError(message)
        return self._posterior(series[:, :, 0].astype(np.float64))

    def oracle(self) -> NDArray[np.int64]:
        """Return the most probable label of each series, aligned with the labels.

        Returns
        -------
        array of shape (n_sequences,)
            The sum over all places decides, not the best place. A fresh array.
        """
        return self._posterior(self.x).sum(axis=2).argmax(axis=1)

    def oracle_positions(self) -> NDArray[np.int64]:
        """Return the most probable place of the motif in each series.

        Returns
        -------
        array of shape (n_sequences,)
            The step at which it begins. A fresh array.
        """
        return self.first + self._posterior(self.x).sum(axis=1).argmax(axis=1)

    def optimum(self) -> float:
        """Return the best attainable expected accuracy of the labels.

        Returns
        -------
        float
            The mean, over series drawn for this purpose, of the probability of the most
            probable label.
        """
        return self._expected[0]

    @property
    def standard_error(self) -> float:
        """Monte Carlo standard error of `optimum`."""
        return self._expected[1]

    def localisation(self) -> float:
        """Return the best attainable expected share of places that are found exactly.

        Returns
        -------
        float
            By the same draws as `optimum`.
        """
        return self._expected[2]

    def explain(self) -> str:
        """Return a paragraph: the series, the oracle and its expected scores.

        Returns
        -------
        str
            Plain text, one paragraph.
        """
        n_motifs, length = self.motifs.shape
        return (
            f"Gaussian noise with standard deviation {self.noise_scale:g} over "
            f"{self.sequence_length} steps, and in it one of {n_motifs} motifs of "
            f"{length} steps, beginning anywhere from step {self.first} to step "
            f"{self.last}. The oracle knows the motifs and the noise and adds up the "
            "likelihood over all places. Its expected accuracy is "
            f"{self.optimum():.4f} ({self.kind}, standard error "
            f"{self.standard_error:.4f}): no classifier does better on average. The "
            f"best guess of the place is right in {self.localisation():.1%} of all "
            "series."
        )

    @cached_property
    def _expected(self) -> tuple[float, float, float]:
        """Return the expected accuracy, its standard error, and the share found."""
        rng = np.random.default_rng(_SEED)
        named, found = np.empty((2, _N_DRAWS))
        for start in range(0, _N_DRAWS, _BLOCK):
            x, _, _ = _draw(
                _BLOCK,
                self.sequence_length,
                self.motifs,
                self.noise_scale,
                (self.first, self.last),
                rng,
            )
            posterior = self._posterior(x)  # (block, n_motifs, n_places)
            block = slice(start, start + _BLOCK)
            named[block] = posterior.sum(axis=2).max(axis=1)
            found[block] = posterior.sum(axis=1).max(axis=1)
        error = named.std(ddof=1) / np.sqrt(_N_DRAWS)
        return float(named.mean()), float(error), float(found.mean())

    def _posterior(self, x: FloatArray) -> FloatArray:
        length = self.motifs.shape[1]
        energy = np.square(self.motifs).sum(axis=1)  # (n_motifs,)
        windows = np.lib.stride_tricks.sliding_window_view(
            x[:, self.first : self.last + length], length, axis=1
        )  # (n, n_places, motif_length)
        scores = (windows @ self.motifs.T - energy / 2) / self.noise_scale**2
        scores -= scores.max(axis=(1, 2), keepdims=True)  # (n, n_places, n_motifs)
        likelihood = np.exp(scores)
        likelihood /= likelihood.sum(axis=(1, 2), keepdims=True)
        return likelihood.swapaxes(1, 2)  # (n, n_motifs, n_places)


@dataclass(frozen=True, eq=False)
class MotifData:
    """Series with a hidden motif, and what is known about them.

    Parameters
    ----------
    x : array of shape (n_sequences, sequence_length, 1)
        The series, float32.
    labels : array of shape (n_sequences,)
        Which motif it is: a row of `motifs`.
    positions : array of shape (n_sequences,)
        The step at which it begins.
    motifs : array of shape (n_motifs, motif_length)
        The motifs without noise.
    truth : MotifTruth
        The best attainable accuracy, and who attains it.
    """

    x: NDArray[np.float32]
    labels: NDArray[np.int64]
    positions: NDArray[np.int64]
    motifs: FloatArray
    truth: MotifTruth

    def __repr__(self) -> str:
        """Return the size and how the optimum is known."""
        n, length, _ = self.x.shape
        return f"MotifData({n:,} series of {length} steps, {self.truth!r})"


def make_motifs(
    *,
    n_sequences: int,
    sequence_length: int = 64,
    motifs: ArrayLike | None = None,
    noise_scale: float = 1.0,
    positions: tuple[int, int] | None = None,
    seed: int | np.random.Generator = 0,
) -> MotifData:
    """Generate series of noise, each with one of several motifs at a random place.

    Parameters
    ----------
    n_sequences : int
        Number of series, at least 1.
    sequence_length : int, default 64
        Steps in a series, at least those of a motif.
    motifs : array of shape (n_motifs, motif_length), optional
        What is hidden, at least two motifs. A row of zeros is nothing at all, so that
        the task is to tell whether there is a motif. By default a struck bell of 12
        steps, a damped oscillation, and the same played backwards.
    noise_scale : float, default 1.0
        Standard deviation of the noise, from 1e-30 to 1e30.
    positions : tuple of two int, optional
        Least and greatest step at which a motif may begin; anywhere by default.
    seed : int or numpy.random.Generator, default 0
        Source of labels, places and noise.

    Returns
    -------
    MotifData
        `.x`, `.labels` and `.positions`, uniform and independent of each other,
        `.motifs`, and `.truth` with metric "accuracy".

    Raises
    ------
    TypeError
        If a size or a place is not an integer, or the noise not a number.
    ValueError
        If a size is too small, the motifs are fewer than two, not finite or longer
        than the series, the noise is out of its range, or `positions` are not two
        places inside.

    Notes
    -----
    A motif and its mirror image have the same mean, the same energy and the same
    autocovariance at every lag, thus the same spectrum. By default no classifier that
    looks at these alone can tell the two classes apart. Nor does one fixed step tell
    them, unless it is among the first or the last, which only one end of a motif can
    reach: they give away a little.
    The default motifs have a Euclidean norm of 5, whatever `noise_scale` is.

    References
    ----------
    D. O. North (1963). An analysis of the factors which determine signal/noise
    discrimination in pulsed-carrier systems. Proceedings of the IEEE 51(7), 1016-1027.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> bells = datasets.make_motifs(n_sequences=500)
    >>> bells.x.shape, bells.motifs.shape
    ((500, 64, 1), (2, 12))
    >>> round(bells.truth.optimum(), 2), round(bells.truth.localisation(), 2)
    (0.98, 0.97)
    """
    n = check_integer(n_sequences, "n_sequences", minimum=1)
    length = check_integer(sequence_length, "sequence_length", minimum=1)
    shapes = _bells() if motifs is None else _checked_motifs(motifs)
    noise_scale = _checked_noise(noise_scale)
    n_steps = shapes.shape[1]
    if n_steps > length:
        message = (
            f"`sequence_length` must be at least that of the motifs, {n_steps}, got "
            f"{length}. Take longer series or shorter motifs."
        )
        raise ValueError(message)
    first, last = (0, length - n_steps) if positions is None else _pair(positions)
    first = check_integer(first, "positions", minimum=0)
    last = check_integer(last, "positions", minimum=0)
    if not first <= last <= length - n_steps:
        message = (
            "`positions` must be two steps in rising order, the greatest at most "
            f"{length - n_steps}, so that a motif of {n_steps} steps ends inside, got "
            f"{(first, last)}. Leave it out for any place."
        )
        raise ValueError(message)
    rng = np.random.default_rng(seed)
    series, labels, places = _draw(n, length, shapes, noise_scale, (first, last), rng)
    x = series.astype(np.float32)[:, :, np.newaxis]  # (n, length, 1)
    return MotifData(
        x=x,
        labels=labels,
        positions=places,
        motifs=shapes.copy(),
        truth=MotifTruth(
            metric="accuracy",
            kind="monte carlo",
            motifs=shapes,
            noise_scale=noise_scale,
            sequence_length=length,
            first=first,
            last=last,
            x=x[:, :, 0].astype(np.float64),
        ),
    )


def _bells() -> FloatArray:
    """Return a damped oscillation and its mirror image, (2, 12), each of norm 5."""
    t = np.arange(12)
    bell = np.cos(2 * np.pi * t / 6) * np.exp(-t / 3.5)  # (12,)
    bell -= bell.mean()
    bell *= 5 / np.linalg.norm(bell)
    return np.stack([bell, bell[::-1]])


def _checked_motifs(motifs: ArrayLike) -> FloatArray:
    """Return at least two motifs as an array of floats."""
    array = check_array(motifs, "motifs", ndim=2).astype(np.float64)
    if len(array) < 2 or array.shape[1] < 1:
        message = (
            "`motifs` must be at least two rows of at least one step, got shape "
            f"{array.shape}. Add a row of zeros if there is one motif or none."
        )
        raise ValueError(message)
    return check_finite(array, "motifs")


def _checked_noise(noise_scale: float) -> float:
    """Return a standard deviation whose square is neither 0 nor infinite."""
    if isinstance(noise_scale, bool) or not isinstance(noise_scale, Real):
        message = (
            f"`noise_scale` must be a number, got {noise_scale!r}. Pass a standard "
            "deviation such as 1.0."
        )
        raise TypeError(message)
    if not 1e-30 <= noise_scale <= 1e30:
        message = (
            "`noise_scale` must be greater than 0, from 1e-30 to 1e30, got "
            f"{noise_scale}. Without noise there is nothing to detect."
        )
        raise ValueError(message)
    return float(noise_scale)


def _pair(positions: tuple[int, int]) -> tuple[int, int]:
    """Return the two places, unchecked."""
    try:
        first, last = positions
    except (TypeError, ValueError):
        message = (
            "`positions` must be two steps, the least and the greatest at which a "
            f"motif may begin, got {positions!r}. Pass for example (8, 20)."
        )
        raise ValueError(message) from None
    return first, last


def _draw(
    n: int,
    length: int,
    motifs: FloatArray,
    noise_scale: float,
    positions: tuple[int, int],
    rng: np.random.Generator,
) -> tuple[FloatArray, NDArray[np.int64], NDArray[np.int64]]:
    """Return series (n, length), labels and places."""
    first, last = positions
    labels = rng.integers(0, len(motifs), n)  # (n,)
    places = rng.integers(first, last + 1, n)  # (n,)
    series = noise_scale * rng.standard_normal((n, length))
    covered = places[:, np.newaxis] + np.arange(motifs.shape[1])
    series[np.arange(n)[:, np.newaxis], covered] += motifs[labels]
    return series, labels, places
