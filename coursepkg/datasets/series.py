"""Univariate series whose best forecasts are known."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from coursepkg._validation import check_array, check_finite, check_integer
from coursepkg.datasets._monte_carlo import FuturePaths
from coursepkg.datasets.truth import Attainable, FloatArray, Truth

# E|z| of a standard normal z.
_MEAN_ABSOLUTE_NORMAL = math.sqrt(2 / math.pi)

# What make_sine_waves draws: lowest and highest value of each setting.
_WAVE_SETTINGS = {
    "slow frequency": (1 / 32, 1 / 16),
    "slow amplitude": (0.3, 0.7),
    "slow phase": (0.0, 2 * math.pi),
    "fast frequency": (1 / 16, 1 / 8),
    "fast amplitude": (0.1, 0.3),
    "fast phase": (0.0, 2 * math.pi),
}


@dataclass(frozen=True, eq=False)
class SeriesData:
    """A generated series and what is known about forecasting it.

    Parameters
    ----------
    values : array of shape (n_steps,)
        The series, float64.
    truth : Truth
        The best attainable forecasts.
    """

    values: FloatArray
    truth: Truth

    def __repr__(self) -> str:
        """Return the length and how the optimum is known."""
        return f"SeriesData({len(self.values)} steps, {self.truth!r})"


@dataclass(frozen=True, eq=False)
class SineWaves:
    """A batch of noisy waves, and what each of them was made from.

    Parameters
    ----------
    values : array of shape (n_series, n_steps, 1)
        The waves with their noise, float64.
    clean : array of shape (n_series, n_steps, 1)
        The waves without noise.
    settings : array of shape (n_series, 6)
        What each wave was made from, one column for each of `setting_names`.
    setting_names : tuple of str
        For the slow and for the fast sine: frequency (cycles a step), amplitude (the
        unit of `values`) and phase at step 0 (radians).
    truth : Truth
        The score of somebody who knows the settings.
    """

    values: FloatArray
    clean: FloatArray
    settings: FloatArray
    setting_names: tuple[str, ...]
    truth: Truth

    def __repr__(self) -> str:
        """Return the size and how the optimum is known."""
        n_series, n_steps, _ = self.values.shape
        return f"SineWaves({n_series} series of {n_steps} steps, {self.truth!r})"


def make_ar_process(
    coefficients: Sequence[float],
    *,
    n_steps: int,
    noise_scale: float = 1.0,
    seed: int = 0,
) -> SeriesData:
    r"""Generate a stationary Gaussian autoregression.

    Parameters
    ----------
    coefficients : sequence of float
        :math:`\phi_1, \ldots, \phi_p`: the weights of the last value, the one
        before, and so on.
    n_steps : int
        Length of the series, at least 1.
    noise_scale : float
        Standard deviation :math:`\sigma` of the innovations, above 0.
    seed : int or numpy.random.Generator
        Source of the innovations.

    Returns
    -------
    SeriesData
        `.values` (n_steps,) with mean 0, `.truth`.

    Raises
    ------
    TypeError
        If `n_steps` is not an integer.
    ValueError
        If there is no coefficient, the process is not stationary, or `noise_scale`
        is not above 0.

    Notes
    -----
    :math:`y_t = \phi_1 y_{t-1} + \ldots + \phi_p y_{t-p} + \sigma z_t`. The first p
    values are drawn from the stationary distribution. The best forecast h steps
    ahead repeats the recursion without noise. Its error is Gaussian with variance
    :math:`\sigma_h^2 = \sigma^2 (\psi_0^2 + \ldots + \psi_{h-1}^2)`, :math:`\psi`
    being the response to a unit impulse, so that the optimum is
    :math:`\sigma_h \sqrt{2 / \pi}` (Box et al., 2015, section 5.1).

    References
    ----------
    G. E. P. Box, G. M. Jenkins, G. C. Reinsel and G. M. Ljung (2015), *Time Series
    Analysis: Forecasting and Control*, 5th edition, Wiley.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> series = datasets.make_ar_process([0.9], n_steps=500)
    >>> series.values.shape
    (500,)
    >>> round(series.truth.optimum(), 3)
    0.798
    >>> round(series.truth.optimum(horizon=10), 3)
    1.716
    """
    weights = check_finite(
        check_array(coefficients, "coefficients", ndim=1), "coefficients"
    ).astype(np.float64)  # (p,)
    n_steps = check_integer(n_steps, "n_steps", minimum=1)
    noise_scale = _check_positive(noise_scale, "noise_scale")
    if not len(weights):
        message = "`coefficients` must hold at least one number, got none."
        raise ValueError(message)
    p = len(weights)
    companion = np.eye(p, k=-1)  # (p, p): state (y_t, ..., y_{t-p+1})
    companion[0] = weights
    radius = float(np.abs(np.linalg.eigvals(companion)).max())
    if radius >= 1 - 1e-9:
        message = (
            f"`coefficients` must describe a stationary process, got {weights.tolist()}"
            f", whose largest root has modulus {radius:.3f}. Pass smaller ones (for "
            "one coefficient: between -1 and 1), or use make_random_walk."
        )
        raise ValueError(message)

    rng = np.random.default_rng(seed)
    innovation = np.zeros((p, p))
    innovation[0, 0] = noise_scale**2
    # The stationary covariance P solves P = F P F' + Q.
    covariance = np.linalg.solve(
        np.eye(p * p) - np.kron(companion, companion), innovation.ravel()
    ).reshape(p, p)
    eigenvalues, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    root = vectors * np.sqrt(np.maximum(eigenvalues, 0.0))  # root root' = P
    start = root @ rng.standard_normal(p)  # (p,), newest first
    noise = noise_scale * rng.standard_normal(n_steps)
    values = np.empty(n_steps + p)
    values[:p] = start[::-1]
    for t in range(p, n_steps + p):
        values[t] = weights @ values[t - p : t][::-1] + noise[t - p]
    values = values[p:]

    published = values.copy()

    def compute(_: str | None, horizon: int) -> Attainable:
        _check_horizon(horizon, n_steps)
        power = np.linalg.matrix_power(companion, horizon)
        forecast_weights = power[0]  # (p,): of the last p known values
        oracle = np.full(n_steps, np.nan)
        for t in range(horizon + p - 1, n_steps):
            known = published[t - horizon - p + 1 : t - horizon + 1][::-1]
            oracle[t] = forecast_weights @ known
        response, impulse = np.eye(p)[0], []
        for _step in range(horizon):
            impulse.append(response[0])
            response = companion @ response
        spread = noise_scale * math.sqrt(float(np.square(impulse).sum()))
        return Attainable(oracle=oracle, optimum=spread * _MEAN_ABSOLUTE_NORMAL)

    shown = ", ".join(f"{weight:g}" for weight in weights)
    return SeriesData(
        values=values,
        truth=_exact_truth(
            f"A stationary Gaussian autoregression of order {p} with coefficients "
            f"{shown} and innovations of standard deviation {noise_scale:g}. The "
            "oracle repeats the recursion from the last published values without "
            "noise.",
            compute,
        ),
    )


def make_random_walk(
    *, n_steps: int, noise_scale: float = 1.0, drift: float = 0.0, seed: int = 0
) -> SeriesData:
    r"""Generate a random walk, which nothing forecasts better than its last value.

    Parameters
    ----------
    n_steps : int
        Length of the series, at least 1.
    noise_scale : float
        Standard deviation :math:`\sigma` of the steps, above 0.
    drift : float
        Mean of the steps, known to the oracle.
    seed : int or numpy.random.Generator
        Source of the steps.

    Returns
    -------
    SeriesData
        `.values` (n_steps,), starting at 0, and `.truth`.

    Raises
    ------
    TypeError
        If `n_steps` is not an integer.
    ValueError
        If `n_steps` is below 1 or `noise_scale` is not above 0.

    Notes
    -----
    h steps ahead the oracle is the last value plus h times the drift; its error has
    standard deviation :math:`\sigma \sqrt h`, so that the optimum is
    :math:`\sigma \sqrt{2 h / \pi}`.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> walk = datasets.make_random_walk(n_steps=4)
    >>> walk.truth.oracle()[1:] == walk.values[:-1]
    array([ True,  True,  True])
    """
    n_steps = check_integer(n_steps, "n_steps", minimum=1)
    noise_scale = _check_positive(noise_scale, "noise_scale")
    rng = np.random.default_rng(seed)
    steps = drift + noise_scale * rng.standard_normal(n_steps)
    steps[0] = 0.0
    values = np.cumsum(steps)
    published = values.copy()

    def compute(_: str | None, horizon: int) -> Attainable:
        _check_horizon(horizon, n_steps)
        oracle = np.full(n_steps, np.nan)
        oracle[horizon:] = published[:-horizon] + drift * horizon
        spread = noise_scale * math.sqrt(horizon)
        return Attainable(oracle=oracle, optimum=spread * _MEAN_ABSOLUTE_NORMAL)

    return SeriesData(
        values=values,
        truth=_exact_truth(
            f"A random walk with Gaussian steps of mean {drift:g} and standard "
            f"deviation {noise_scale:g}. The oracle is the last published value plus "
            "the drift.",
            compute,
        ),
    )


def make_seasonal_series(
    *,
    n_steps: int,
    period: int = 7,
    amplitude: float = 2.0,
    trend: float = 0.0,
    persistence: float = 0.5,
    noise_scale: float = 1.0,
    seed: int = 0,
) -> SeriesData:
    r"""Generate a trend, a season of known period and autocorrelated noise.

    Parameters
    ----------
    n_steps : int
        Length of the series, at least 1.
    period : int
        Steps in a season, at least 2.
    amplitude : float
        Size of the season.
    trend : float
        Growth a step.
    persistence : float
        Autoregressive coefficient of the noise, between -1 and 1.
    noise_scale : float
        Standard deviation of the innovations, above 0.
    seed : int or numpy.random.Generator
        Source of the innovations.

    Returns
    -------
    SeriesData
        `.values` (n_steps,), `.truth`.

    Raises
    ------
    TypeError
        If `n_steps` or `period` is not an integer.
    ValueError
        If `period` is below 2, `persistence` is not between -1 and 1, or
        `noise_scale` is not above 0.

    Notes
    -----
    With a the amplitude and P the period,

    .. math:: y_t = \text{trend} \cdot t + a \sin(2 \pi t / P)
              + \tfrac{a}{2} \sin(4 \pi t / P) + u_t, \qquad
              u_t = \rho u_{t-1} + \sigma z_t.

    The oracle knows trend and season and carries :math:`\rho^h` of the last
    deviation u forward.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> series = datasets.make_seasonal_series(n_steps=70, period=7)
    >>> series
    SeriesData(70 steps, Truth(metric='mae', kind='exact'))
    """
    n_steps = check_integer(n_steps, "n_steps", minimum=1)
    period = check_integer(period, "period", minimum=2)
    if not -1 < persistence < 1:
        message = (
            f"`persistence` must lie between -1 and 1, got {persistence}: the noise "
            "would not be stationary."
        )
        raise ValueError(message)
    noise = make_ar_process(
        [persistence], n_steps=n_steps, noise_scale=noise_scale, seed=seed
    )
    t = np.arange(n_steps)
    angle = 2 * np.pi * t / period
    season = amplitude * (np.sin(angle) + 0.5 * np.sin(2 * angle))
    known = trend * t + season  # (n_steps,)

    def compute(_: str | None, horizon: int) -> Attainable:
        ahead = noise.truth.compute(None, horizon)
        return Attainable(oracle=known + ahead.oracle, optimum=ahead.optimum)

    return SeriesData(
        values=known + noise.values,
        truth=_exact_truth(
            f"A trend of {trend:g} a step, a season of {period} steps and amplitude "
            f"{amplitude:g}, and first-order autoregressive noise with coefficient "
            f"{persistence:g} and innovations of standard deviation {noise_scale:g}. "
            "The oracle knows trend and season and carries the last deviation "
            "forward.",
            compute,
        ),
    )


def make_threshold_process(
    *,
    n_steps: int,
    slopes: tuple[float, float] = (0.9, -0.9),
    intercept: float = -0.5,
    noise_scale: float = 1.0,
    seed: int = 0,
) -> SeriesData:
    r"""Generate a threshold autoregression, which a linear model cannot follow.

    Parameters
    ----------
    n_steps : int
        Length of the series, at least 1.
    slopes : tuple of two float
        Coefficients of the last value where it is above 0, and where it is below.
    intercept : float
        Added at every step.
    noise_scale : float
        Standard deviation :math:`\sigma` of the innovations, above 0.
    seed : int or numpy.random.Generator
        Source of the innovations.

    Returns
    -------
    SeriesData
        `.values` (n_steps,), `.truth`.

    Raises
    ------
    TypeError
        If `n_steps` is not an integer.
    ValueError
        If the process is not stationary or `noise_scale` is not above 0.

    Notes
    -----
    .. math:: y_t = \text{intercept} + \phi_+ \max(y_{t-1}, 0)
              + \phi_- \min(y_{t-1}, 0) + \sigma z_t,

    the self-exciting threshold model of Tong (1983). It is stationary if
    :math:`\phi_+ < 1`, :math:`\phi_- < 1` and :math:`\phi_+ \phi_- < 1` (Petruccelli
    and Woolford, 1984). One step ahead the optimum is :math:`\sigma \sqrt{2 / \pi}`,
    exactly; further ahead it is Monte Carlo. With the default slopes, a wave after
    the shape of an absolute value, a fitted linear autoregression of any order has an
    absolute error about 17 % above it.

    References
    ----------
    H. Tong (1983), *Threshold Models in Non-linear Time Series Analysis*, Springer.
    J. D. Petruccelli and S. W. Woolford (1984), "A threshold AR(1) model", *Journal
    of Applied Probability* 21(2), 270-286.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> series = datasets.make_threshold_process(n_steps=1000)
    >>> round(series.truth.optimum(), 3)
    0.798
    """
    n_steps = check_integer(n_steps, "n_steps", minimum=1)
    noise_scale = _check_positive(noise_scale, "noise_scale")
    above, below = (float(slope) for slope in slopes)
    if not (above < 1 and below < 1 and above * below < 1):
        message = (
            "`slopes` must describe a stationary process, each below 1 and their "
            f"product below 1, got {(above, below)}."
        )
        raise ValueError(message)

    def step(state: FloatArray, noise: FloatArray) -> FloatArray:
        moved = above * np.maximum(state, 0.0) + below * np.minimum(state, 0.0)
        return intercept + moved + noise_scale * noise

    rng = np.random.default_rng(seed)
    burn_in = 500
    noise = rng.standard_normal(burn_in + n_steps)
    values = np.zeros(burn_in + n_steps)
    for t in range(1, len(values)):
        values[t] = step(values[t - 1], noise[t])
    values = values[burn_in:]
    published = values.copy()
    futures = FuturePaths(published[:, None], step, lambda state, _column, _days: state)

    def compute(_: str | None, horizon: int) -> Attainable:
        _check_horizon(horizon, n_steps)
        if horizon > 1:
            return futures.ahead(0, horizon)
        oracle = np.full(n_steps, np.nan)
        oracle[1:] = step(published[:-1], np.zeros(n_steps - 1))
        return Attainable(oracle=oracle, optimum=noise_scale * _MEAN_ABSOLUTE_NORMAL)

    return SeriesData(
        values=values,
        truth=_exact_truth(
            f"A threshold autoregression: the next value is {intercept:g} plus "
            f"{above:g} times the last one where that is above 0, {below:g} times it "
            "where it is below, plus Gaussian innovations of standard deviation "
            f"{noise_scale:g}. The oracle applies this map to the last published "
            "value.",
            compute,
        ),
    )


def make_sine_waves(
    *, n_series: int, n_steps: int, noise_scale: float = 0.1, seed: int = 0
) -> SineWaves:
    r"""Generate many short series: each a slow and a fast sine, and noise.

    Parameters
    ----------
    n_series : int
        Number of series, at least 1.
    n_steps : int
        Steps in each, at least 1.
    noise_scale : float
        Standard deviation :math:`\sigma` of the noise, above 0.
    seed : int or numpy.random.Generator
        Source of settings and noise. With the same integer, longer series begin with
        the shorter ones.

    Returns
    -------
    SineWaves
        `.values` and `.clean` (n_series, n_steps, 1), `.settings` (n_series, 6) and
        `.truth`.

    Raises
    ------
    TypeError
        If a size is not an integer.
    ValueError
        If a size is below 1 or `noise_scale` is not above 0.

    Notes
    -----
    Series i is

    .. math:: x_i^{(t)} = \sum_{j=1}^{2} a_{ij} \sin(2 \pi f_{ij} t + \varphi_{ij})
              + \sigma z_i^{(t)}, \qquad t = 0, 1, \ldots,

    with settings that are uniform and independent: the slow sine has a period between
    16 and 32 steps (uniform in its inverse, the frequency) and an amplitude between
    0.3 and 0.7, the fast one a period between 8 and 16 and an amplitude between 0.1
    and 0.3; phases are anywhere. The idea is that of Géron (2022), chapter 15, in
    whose generator amplitudes are fixed and the noise is uniform.

    The noise of one step says nothing about that of another. Whoever knows the
    settings therefore predicts the clean wave, at any horizon, with an absolute error
    of :math:`\sigma \sqrt{2 / \pi}`: the optimum of a network that is given the
    settings, and a bound that is not attained by one that has to estimate them from
    past values.

    References
    ----------
    A. Géron (2022), *Hands-On Machine Learning with Scikit-Learn, Keras, and
    TensorFlow*, 3rd edition, O'Reilly, chapter 15.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> waves = datasets.make_sine_waves(n_series=3, n_steps=50)
    >>> waves
    SineWaves(3 series of 50 steps, Truth(metric='mae', kind='bound'))
    >>> waves.values.shape, waves.settings.shape
    ((3, 50, 1), (3, 6))
    >>> round(waves.truth.optimum(), 4)
    0.0798
    """
    n_series = check_integer(n_series, "n_series", minimum=1)
    n_steps = check_integer(n_steps, "n_steps", minimum=1)
    noise_scale = _check_positive(noise_scale, "noise_scale")
    rng = np.random.default_rng(seed)
    low, high = np.array(list(_WAVE_SETTINGS.values())).T  # (6,) each
    settings = rng.uniform(low, high, (n_series, len(low)))  # (n_series, 6)
    t = np.arange(n_steps)
    clean = np.zeros((n_series, n_steps))
    for frequency, amplitude, phase in np.split(settings.T[..., None], 2):
        angle = 2 * np.pi * frequency * t + phase  # (n_series, n_steps)
        clean += amplitude * np.sin(angle)
    # Drawn step by step, so that a longer series begins with the shorter one.
    noise = rng.standard_normal((n_steps, n_series)).T
    published = clean[..., None].copy()  # (n_series, n_steps, 1)

    def compute(_: str | None, horizon: int) -> Attainable:
        _check_horizon(horizon, n_steps)
        return Attainable(oracle=published, optimum=noise_scale * _MEAN_ABSOLUTE_NORMAL)

    return SineWaves(
        values=(clean + noise_scale * noise)[..., None],
        clean=clean[..., None],
        settings=settings,
        setting_names=tuple(_WAVE_SETTINGS),
        truth=Truth(
            metric="mae",
            kind="bound",
            standard_error=0.0,
            columns=(),
            description=(
                f"{n_series} series of {n_steps} steps, each the sum of a slow and a "
                "fast sine of random frequency, amplitude and phase and of Gaussian "
                f"noise of standard deviation {noise_scale:g}. The oracle reads the "
                "settings and predicts the wave without its noise, at any horizon. A "
                "network that is given the settings can come as near as it likes; one "
                "that sees past values only has to estimate them, and cannot."
            ),
            compute=compute,
        ),
    )


def _exact_truth(
    description: str, compute: Callable[[str | None, int], Attainable]
) -> Truth:
    return Truth(
        metric="mae",
        kind="exact",
        standard_error=0.0,
        columns=(),
        description=description,
        compute=compute,
    )


def _check_positive(value: float, name: str) -> float:
    if not (math.isfinite(value) and value > 0):
        message = f"`{name}` must be above 0 and finite, got {value}."
        raise ValueError(message)
    return float(value)


def _check_horizon(horizon: int, n_steps: int) -> None:
    if horizon >= n_steps:
        message = (
            f"`horizon` must be below the number of steps, {n_steps}, got {horizon}."
        )
        raise ValueError(message)
