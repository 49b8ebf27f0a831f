"""Errors and scores, one number each, under the names the field uses.

Every function compares arrays of the *same* shape: nothing is ever broadcast,
because a column of targets minus a row of predictions is a matrix whose mean
looks like a plausible error. Missing values are refused for the same reason.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursepkg._validation import check_array, check_integer, check_same_shape

__all__ = [
    "accuracy",
    "bits_per_token",
    "coverage",
    "mae",
    "mase",
    "perplexity",
    "pinball_loss",
    "rmse",
]


def mae(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Mean absolute error, in the unit of the data.

    Parameters
    ----------
    y_true, y_pred : array_like, any shape, the same for both
        Observed and predicted values.

    Returns
    -------
    float
        The mean of ``|y_true - y_pred|``.

    Raises
    ------
    ValueError
        If the shapes differ, if there is no value, or if a value is not finite.

    Examples
    --------
    >>> mae([2.0, 4.0, 6.0], [2.0, 5.0, 4.0])
    1.0
    """
    true, pred = _number_pair(y_true, y_pred)
    return float(np.mean(np.abs(true - pred)))


def rmse(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Root mean squared error, in the unit of the data.

    Parameters
    ----------
    y_true, y_pred : array_like, any shape, the same for both
        Observed and predicted values.

    Returns
    -------
    float
        The square root of the mean of ``(y_true - y_pred) ** 2``. It is never
        below the mean absolute error, and a few large errors pull it far above.

    Raises
    ------
    ValueError
        If the shapes differ, if there is no value, or if a value is not finite.

    Examples
    --------
    >>> rmse([0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 4.0])
    2.0
    """
    true, pred = _number_pair(y_true, y_pred)
    return float(np.sqrt(np.mean((true - pred) ** 2)))


def mase(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    training_series: ArrayLike,
    seasonality: int = 1,
) -> float:
    r"""Mean absolute scaled error: 1 means as good as seasonal naive in training.

    .. math::

        \mathrm{MASE} = \frac{\frac{1}{n} \sum_i |y_i - \hat y_i|}
        {\frac{1}{T - m} \sum_{t=m+1}^{T} |y_t - y_{t-m}|}

    Parameters
    ----------
    y_true, y_pred : array_like, any shape, the same for both
        Observed and predicted values.
    training_series : array_like of shape (time,)
        The series the model was fitted on, of :math:`T` steps in time order. Its
        own naive error is the scale.
    seasonality : int, default 1
        The season :math:`m` in steps, for example 7 for daily data with a week.

    Returns
    -------
    float
        The mean absolute error, in units of the naive forecast's error.

    Raises
    ------
    ValueError
        If the shapes differ, if a value is not finite, if the training series is
        no longer than the season, or if it repeats exactly (the scale is zero).

    References
    ----------
    R. J. Hyndman and A. B. Koehler (2006). Another look at measures of forecast
    accuracy. International Journal of Forecasting 22(4), 679-688.

    Examples
    --------
    >>> training = [10.0, 20.0, 14.0, 24.0]  # two seasons of two steps: scale 4
    >>> mase([16.0, 26.0], [14.0, 24.0], training_series=training, seasonality=2)
    0.5
    """
    error = mae(y_true, y_pred)
    season = check_integer(seasonality, "seasonality", minimum=1)
    training = check_array(training_series, "training_series", ndim=1)
    training = _finite_numbers(training, "training_series")  # (time,)
    if len(training) <= season:
        message = (
            f"`training_series` must be longer than one season of {season} "
            f"step(s), got {len(training)} value(s). Pass the series that the "
            "model was fitted on."
        )
        raise ValueError(message)
    scale = float(np.mean(np.abs(training[season:] - training[:-season])))
    if scale == 0.0:
        message = (
            "`training_series` repeats exactly every `seasonality` = "
            f"{season} step(s), so the naive error that would be the scale is 0. "
            "Use `mae` instead."
        )
        raise ValueError(message)
    return error / scale


def pinball_loss(
    y_true: ArrayLike, y_pred: ArrayLike, *, quantiles: float | ArrayLike
) -> float:
    r"""Mean pinball loss: the price of a forecast that claims to be a quantile.

    .. math::

        L_\tau(y, q) = \begin{cases} \tau \, (y - q) & y \ge q \\
        (1 - \tau) \, (q - y) & y < q \end{cases}

    Its expectation is least where :math:`P(y \le q) = \tau`. For :math:`\tau = 1/2` it
    is half the absolute error.

    Parameters
    ----------
    y_true : array_like, any shape
        The observed values.
    y_pred : array_like
        The predicted quantiles: of the shape of `y_true` for one quantile given as a
        number, else with one more axis at the end, ``(..., n_quantiles)``.
    quantiles : float or array_like of shape (n_quantiles,)
        The levels :math:`\tau`, each strictly between 0 and 1.

    Returns
    -------
    float
        The mean over all values and levels, in the unit of the data.

    Raises
    ------
    ValueError
        If the shapes do not fit, if there is no value or no level, if a level is not
        between 0 and 1, or if a value is not finite.

    References
    ----------
    R. Koenker and G. Bassett (1978). Regression quantiles. Econometrica 46(1), 33-50.

    Examples
    --------
    >>> pinball_loss([10.0], [8.0], quantiles=0.9)  # too low by 2: 0.9 * 2
    1.8
    >>> pinball_loss([10.0, 10.0], [[8.0, 11.0], [9.0, 12.0]], quantiles=[0.1, 0.9])
    0.15
    """
    levels = check_array(quantiles, "quantiles", ndim=(0, 1)).astype(np.float64)
    if levels.size == 0 or not np.all((levels > 0.0) & (levels < 1.0)):
        message = (
            "`quantiles` must hold numbers strictly between 0 and 1, got "
            f"{levels.tolist()}. Pass for example [0.05, 0.5, 0.95]."
        )
        raise ValueError(message)
    true, pred = np.asarray(y_true), np.asarray(y_pred)
    expected = true.shape + levels.shape
    if pred.shape != expected:
        message = (
            f"`y_pred` must have the shape {expected}, that of `y_true` "
            f"{true.shape}{' and one axis for the levels' * levels.ndim}, got "
            f"{pred.shape}. Reshape or select first: nothing is broadcast."
        )
        raise ValueError(message)
    _check_not_empty(true)
    true, pred = _finite_numbers(true, "y_true"), _finite_numbers(pred, "y_pred")
    too_low = true.reshape(true.shape + (1,) * levels.ndim) - pred  # as `y_pred`
    return float(np.mean(np.maximum(levels * too_low, (levels - 1.0) * too_low)))


def coverage(y_true: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> float:
    """Share of the observed values that lie inside their intervals.

    Parameters
    ----------
    y_true, lower, upper : array_like, any shape, the same for all three
        Observed values and the limits of their intervals, which belong to them. A
        limit may be infinite: such an interval is open on that side.

    Returns
    -------
    float
        Between 0 and 1. An interval that claims 90 % should cover about 0.9 of the
        values: less is false comfort, more is wider than it need be.

    Raises
    ------
    ValueError
        If the shapes differ, if there is no value, if an observed value is not finite
        or a limit is NaN, or if a lower limit is above its upper one.

    Examples
    --------
    >>> coverage([1.0, 2.0, 3.0, 9.0], [0.0, 2.0, 4.0, 8.0], [2.0, 2.0, 9.0, 9.0])
    0.75
    """
    true, low, high = np.asarray(y_true), np.asarray(lower), np.asarray(upper)
    check_same_shape(true, low, ("y_true", "lower"))
    check_same_shape(true, high, ("y_true", "upper"))
    _check_not_empty(true)
    true = _finite_numbers(true, "y_true")
    low, high = _limit_numbers(low, "lower"), _limit_numbers(high, "upper")
    n_crossed = int(np.count_nonzero(low > high))
    if n_crossed:
        message = (
            f"`lower` must not be above `upper`, got {n_crossed} crossed interval(s) "
            f"among {low.size}. Sort the two limits first, for example with np.sort."
        )
        raise ValueError(message)
    return float(np.mean((low <= true) & (true <= high)))


def accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    """Share of the labels that are predicted exactly.

    Parameters
    ----------
    y_true, y_pred : array_like of labels, any shape, the same for both
        Integers, strings or booleans; floats are accepted if they are whole
        numbers. Probabilities are refused: threshold them, or take the argmax.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If the shapes differ, if there is no label, if a value is missing or is
        not a whole number, or if text is compared with numbers.

    Examples
    --------
    >>> accuracy([1, 0, 1, 1], [1, 1, 1, 1])
    0.75
    """
    true, pred = np.asarray(y_true), np.asarray(y_pred)
    _check_pair(true, pred)
    for name, labels in (("y_true", true), ("y_pred", pred)):
        if labels.dtype.kind == "f" and not np.all(labels == np.round(labels)):
            message = (
                f"`{name}` must hold labels, got values that are not whole "
                "numbers. Turn probabilities into labels first, for example "
                "`probabilities.argmax(axis=-1)` or `probabilities > 0.5`."
            )
            raise ValueError(message)
    if (true.dtype.kind in "US") != (pred.dtype.kind in "US"):
        message = (
            f"`y_true` and `y_pred` must hold labels of one kind, got {true.dtype} "
            f"and {pred.dtype}. Encode both in the same way."
        )
        raise ValueError(message)
    return float(np.mean(true == pred))


def perplexity(log_probabilities: ArrayLike, *, mask: ArrayLike | None = None) -> float:
    r"""Effective number of equally likely choices that a language model sees.

    .. math:: \mathrm{PPL} = \Bigl(\prod_{t=1}^{n} \frac{1}{p_t}\Bigr)^{1/n}
              = \exp\Bigl(-\frac{1}{n} \sum_{t=1}^{n} \ln p_t\Bigr)

    Parameters
    ----------
    log_probabilities : array_like, any shape
        The natural logarithms of the probabilities :math:`p_t` that the model gave to
        the tokens that came. Minus infinity is allowed.
    mask : array_like of bool, the same shape, optional
        True for the tokens that count. The others, padding for example, are not
        looked at.

    Returns
    -------
    float
        The geometric mean of ``1 / p``, at least 1: 1 for a model that was certain and
        right, the size of the vocabulary for one that guesses, infinite if one single
        token had probability 0.

    Raises
    ------
    TypeError
        If `log_probabilities` does not hold numbers, or `mask` no booleans.
    ValueError
        If the shapes differ, if no token counts, or if a logarithm that counts is NaN
        or above 0 (by more than rounding, 1e-6).

    Examples
    --------
    >>> perplexity(np.log([0.5, 0.125]))  # 2 choices, then 8: as if 4 each time
    4.0
    """
    with np.errstate(over="ignore"):
        return float(np.exp(_mean_nats(log_probabilities, mask)))


def bits_per_token(
    log_probabilities: ArrayLike, *, mask: ArrayLike | None = None
) -> float:
    r"""Mean number of bits that a model needs to write down a token.

    .. math:: -\frac{1}{n} \sum_{t=1}^{n} \log_2 p_t

    Parameters
    ----------
    log_probabilities : array_like, any shape
        The *natural* logarithms of the probabilities :math:`p_t` that the model gave
        to the tokens that came. Minus infinity is allowed.
    mask : array_like of bool, the same shape, optional
        True for the tokens that count. The others, padding for example, are not
        looked at.

    Returns
    -------
    float
        The mean of ``-log(p)`` in nats divided by the logarithm of 2; the binary
        logarithm of :func:`perplexity`.

    Raises
    ------
    TypeError
        If `log_probabilities` does not hold numbers, or `mask` no booleans.
    ValueError
        If the shapes differ, if no token counts, or if a logarithm that counts is NaN
        or above 0 (by more than rounding, 1e-6).

    References
    ----------
    C. E. Shannon (1951). Prediction and entropy of printed English. Bell System
    Technical Journal 30(1), 50-64.

    Examples
    --------
    >>> bits_per_token(np.log([0.5, 0.125]))  # 1 bit, then 3
    2.0
    """
    return _mean_nats(log_probabilities, mask) / math.log(2)


def _mean_nats(log_probabilities: ArrayLike, mask: ArrayLike | None) -> float:
    """Return the mean of minus the logarithms that count."""
    logs = np.asarray(log_probabilities)
    if logs.dtype.kind not in "iuf":
        message = (
            f"`log_probabilities` must hold numbers, got dtype {logs.dtype}. Pass the "
            "natural logarithms of the probabilities of the true tokens."
        )
        raise TypeError(message)
    if mask is not None:
        counts = np.asarray(mask)
        if counts.dtype.kind != "b":
            message = (
                f"`mask` must hold booleans, got dtype {counts.dtype}. Pass for "
                "example `targets != 0`."
            )
            raise TypeError(message)
        check_same_shape(logs, counts, ("log_probabilities", "mask"))
        logs = logs[counts]  # (n,)
    if not logs.size:
        message = (
            "`log_probabilities` must hold at least one token that counts, got none."
        )
        raise ValueError(message)
    if np.isnan(logs).any() or (logs > 1e-6).any():
        message = (
            "`log_probabilities` must be at most 0, got "
            f"{np.count_nonzero(np.isnan(logs))} NaN and "
            f"{np.count_nonzero(logs > 1e-6)} positive value(s) among {logs.size}. "
            "Pass logarithms of probabilities, not logits, losses or probabilities."
        )
        raise ValueError(message)
    return max(0.0, float(-np.mean(logs, dtype=np.float64)))


def _number_pair(
    y_true: ArrayLike, y_pred: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both as float64 arrays of one shape, finite and not empty."""
    true, pred = np.asarray(y_true), np.asarray(y_pred)
    _check_pair(true, pred)
    return _finite_numbers(true, "y_true"), _finite_numbers(pred, "y_pred")


def _check_pair(true: NDArray, pred: NDArray) -> None:
    """Refuse two arrays that are not comparable entry by entry."""
    check_same_shape(true, pred, ("y_true", "y_pred"))
    _check_not_empty(true)


def _check_not_empty(true: NDArray) -> None:
    """Refuse to score nothing."""
    if true.size == 0:
        message = "`y_true` must hold at least one value, got none."
        raise ValueError(message)


def _numbers(values: NDArray, name: str) -> NDArray[np.float64]:
    """Return float64 values, or say what stands in their place."""
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError):
        message = f"`{name}` must hold numbers, got {values.dtype}."
        raise TypeError(message) from None


def _limit_numbers(values: NDArray, name: str) -> NDArray[np.float64]:
    """Return float64 limits, which may be infinite but not NaN."""
    numbers = _numbers(values, name)
    n_missing = int(np.count_nonzero(np.isnan(numbers)))
    if n_missing:
        message = (
            f"`{name}` must not be NaN, got {n_missing} among {numbers.size}. Leave "
            "out the steps without a forecast; an open side is -np.inf or np.inf."
        )
        raise ValueError(message)
    return numbers


def _finite_numbers(values: NDArray, name: str) -> NDArray[np.float64]:
    """Return float64 values; a NaN is counted in the message, never averaged."""
    numbers = _numbers(values, name)
    n_bad = int(np.count_nonzero(~np.isfinite(numbers)))
    if n_bad:
        message = (
            f"`{name}` must be finite, got {n_bad} NaN or infinite value(s) among "
            f"{numbers.size}. Score only steps that every model predicts; the "
            "first steps of a baseline, which have no past, are NaN."
        )
        raise ValueError(message)
    return numbers
