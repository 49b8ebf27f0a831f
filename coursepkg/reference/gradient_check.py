"""Finite differences: the independent oracle of every gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursepkg._validation import check_array, check_same_shape

RELATIVE, ABSOLUTE = 1e-6, 1e-8  # float64, central differences, steps of 1e-5


@dataclass(frozen=True, eq=False)
class GradientCheck:
    """The result of `gradient_check`.

    Parameters
    ----------
    passed : bool
        Whether every entry is within what is allowed.
    largest_error : float
        Absolute difference of `gradient` and `numerical` at `index`.
    allowed : float
        What is allowed there.
    index : tuple of int
        Where the error is largest, measured by what is allowed there.
    gradient, numerical : float
        The two values there.
    """

    passed: bool
    largest_error: float
    allowed: float
    index: tuple[int, ...]
    gradient: float
    numerical: float

    def __repr__(self) -> str:
        """Return the verdict, and where the worst entry is."""
        return (
            f"GradientCheck(passed={self.passed}, "
            f"largest_error={self.largest_error:.1e}, index={self.index}, "
            f"gradient={self.gradient:.6g}, numerical={self.numerical:.6g})"
        )


def numerical_gradient(
    f: Callable[[NDArray[np.float64]], Any], x: ArrayLike, *, step: float = 1e-5
) -> NDArray[np.float64]:
    r"""Return the gradient of a scalar function by central differences.

    .. math:: \frac{\partial f}{\partial x_k} \approx
              \frac{f(x + \epsilon e_k) - f(x - \epsilon e_k)}{2 \epsilon}

    Parameters
    ----------
    f : callable
        Takes an array of the shape of `x`, in float64, and returns one number. Each
        call gets an array of its own; what `f` depends on otherwise must not change.
    x : array
        The point; any shape. It is not changed.
    step : float
        The step :math:`\epsilon`. The error of the formula grows with its square, that
        of rounding falls with it: in float64 about 1e-5 is best for numbers of size 1.

    Returns
    -------
    array of the shape of `x`, float64

    Raises
    ------
    TypeError
        If `x` does not hold real numbers.
    ValueError
        If `step` is not greater than 0, or `f` does not return one number.

    Notes
    -----
    It calls `f` twice for each number in `x`: for tests, not for training.

    Examples
    --------
    >>> numerical_gradient(lambda x: np.sum(x**2), np.array([1.0, -3.0])).round(6)
    array([ 2., -6.])
    """
    if not step > 0:
        message = (
            f"`step` must be greater than 0, got {step}. Pass a small number such as "
            "1e-5."
        )
        raise ValueError(message)
    point = np.array(check_array(x, "x", ndim=range(33)), np.float64)  # ours to change
    gradient = np.empty_like(point)  # the shape of x
    for index in np.ndindex(point.shape):
        centre = point[index]
        point[index] = centre + step
        above = _scalar(f(point.copy()))
        point[index] = centre - step
        below = _scalar(f(point.copy()))
        point[index] = centre
        gradient[index] = (above - below) / (2 * step)
    return gradient


def gradient_check(
    f: Callable[[NDArray[np.float64]], Any],
    x: ArrayLike,
    gradient: ArrayLike,
    *,
    step: float = 1e-5,
) -> GradientCheck:
    r"""Compare a gradient with central differences, entry by entry.

    With the numerical gradient n, an entry passes if

    .. math:: |g_k - n_k| \le 10^{-6} |n_k| + 10^{-8} \max(1, \max_j |n_j|).

    Parameters
    ----------
    f : callable
        Takes an array of the shape of `x`, in float64, and returns one number.
    x : array
        The point; any shape but an empty one. It is not changed.
    gradient : array of the shape of `x`
        What is claimed to be the gradient of `f` at `x`.
    step : float
        The step of the differences.

    Returns
    -------
    GradientCheck
        `passed`, and the entry that does worst: its `index` and `largest_error`.

    Raises
    ------
    TypeError
        If an array does not hold real numbers.
    ValueError
        If the shapes differ, `x` is empty, `step` is not greater than 0, or `f` does
        not return one number.

    Notes
    -----
    Near a kink, such as that of a ReLU at 0, the difference of two sides of the kink
    is no derivative: check at another point. In float32 no gradient passes.

    Examples
    --------
    >>> x = np.array([1.0, -3.0])
    >>> gradient_check(lambda x: np.sum(x**2), x, 2 * x).passed
    True
    >>> gradient_check(lambda x: np.sum(x**2), x, [2.0, 6.0])  # a wrong sign
    GradientCheck(passed=False, largest_error=1.2e+01, index=(1,), gradient=6,
        numerical=-6)
    """
    x = check_array(x, "x", ndim=range(33))
    gradient = check_array(gradient, "gradient", ndim=range(33))
    check_same_shape(gradient, x, ("gradient", "x"))
    if x.size == 0:
        message = f"`x` must not be empty, got shape {x.shape}. Pass a point of `f`."
        raise ValueError(message)
    numerical = numerical_gradient(f, x, step=step)
    sizes = np.where(np.isfinite(numerical), np.abs(numerical), 0)
    allowed = RELATIVE * sizes + ABSOLUTE * max(1.0, sizes.max())
    with np.errstate(invalid="ignore"):  # infinite minus infinite is NaN: it fails
        error = np.abs(gradient - numerical)
    excess = np.where(np.isfinite(error), error / allowed, np.inf)
    worst = np.unravel_index(np.argmax(excess), x.shape)
    return GradientCheck(
        passed=bool(np.all(excess <= 1)),
        largest_error=float(error[worst]),
        allowed=float(allowed[worst]),
        index=tuple(int(i) for i in worst),
        gradient=float(gradient[worst]),
        numerical=float(numerical[worst]),
    )


def _scalar(value: Any) -> float:
    """Return the value of the function if it is one number."""
    array = np.asarray(value)
    if array.size != 1:
        message = (
            f"`f` must return one number, got an array of shape {array.shape}. Sum it, "
            "or weight it by `d_outputs` and sum."
        )
        raise ValueError(message)
    return float(array.reshape(()))
