"""The few checks of shapes and ranges that the rooms share.

Each check returns the value it was given, in the type that the caller works with, or
raises an error that names what was passed, what was expected and how to mend it.
"""

from collections.abc import Sequence
from operator import index
from typing import Any, TypeVar

import numpy as np

Choice = TypeVar("Choice")


def check_integer(value: Any, name: str, *, minimum: int | None = None) -> int:
    """Return `value` as an `int`.

    Parameters
    ----------
    value : int or numpy integer
        What the caller was given. Booleans and floats, even 3.0, are refused.
    name : str
        The parameter's name, for the message.
    minimum : int, optional
        The least value that is allowed.

    Returns
    -------
    int

    Raises
    ------
    TypeError
        If `value` is not an integer.
    ValueError
        If `value` is less than `minimum`.

    Examples
    --------
    >>> check_integer(np.int64(3), "horizon", minimum=1)
    3
    """
    if isinstance(value, (bool, np.bool_)) or not hasattr(value, "__index__"):
        message = (
            f"`{name}` must be an integer, got {_shown(value)}. "
            f"Pass a whole number such as {1 if minimum is None else minimum}."
        )
        raise TypeError(message)
    try:
        number = index(value)
    except TypeError:
        message = (
            f"`{name}` must be one integer, got {_shown(value)}. "
            f"Pass a whole number such as {1 if minimum is None else minimum}."
        )
        raise TypeError(message) from None
    if minimum is not None and number < minimum:
        message = (
            f"`{name}` must be at least {minimum}, got {number}. "
            f"Pass {minimum} or more."
        )
        raise ValueError(message)
    return number


def check_fraction(value: Any, name: str) -> float:
    """Return `value` as a `float` between 0 and 1, both allowed.

    Parameters
    ----------
    value : float
        What the caller was given.
    name : str
        The parameter's name, for the message.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If `value` is not a real number.
    ValueError
        If `value` is not between 0 and 1.

    Examples
    --------
    >>> check_fraction(0.25, "dropout")
    0.25
    """
    if not isinstance(value, (int, float, np.integer, np.floating)) or isinstance(
        value, bool
    ):
        message = (
            f"`{name}` must be a number between 0 and 1, got {_shown(value)}. "
            "Pass a float such as 0.5."
        )
        raise TypeError(message)
    number = float(value)
    if not 0.0 <= number <= 1.0:
        message = (
            f"`{name}` must be between 0 and 1, got {number}. "
            "Pass a share of the whole, such as 0.15 for 15 %."
        )
        raise ValueError(message)
    return number


def check_array(value: Any, name: str, *, ndim: int | Sequence[int]) -> np.ndarray:
    """Return `value` as a numeric array with the right number of axes.

    Parameters
    ----------
    value : array_like
        What the caller was given. An array is returned as it is, without a copy.
    name : str
        The parameter's name, for the message.
    ndim : int or sequence of int
        The numbers of axes that are allowed.

    Returns
    -------
    numpy.ndarray
        Of booleans, integers or floats.

    Raises
    ------
    TypeError
        If `value` does not hold real numbers.
    ValueError
        If its rows have different lengths, or if it has another number of axes.

    Examples
    --------
    >>> check_array([1.0, 2.0], "series", ndim=(1, 2)).shape
    (2,)
    """
    try:
        array = np.asarray(value)
    except ValueError:
        message = (
            f"`{name}` must be an array, got a {type(value).__name__} whose parts have "
            "different lengths. Pass parts of one length, or one array at a time."
        )
        raise ValueError(message) from None
    if array.dtype.kind not in "biuf":
        message = (
            f"`{name}` must hold real numbers, got dtype {array.dtype}. "
            "Select the numeric columns, or convert it with `.astype(float)`."
        )
        raise TypeError(message)
    allowed = (ndim,) if isinstance(ndim, int) else tuple(ndim)
    if array.ndim not in allowed:
        expected = " or ".join(str(number) for number in allowed)
        message = (
            f"`{name}` must have {expected} axes, got {array.ndim} "
            f"(shape {array.shape}). Reshape it first."
        )
        raise ValueError(message)
    return array


def check_finite(array: np.ndarray, name: str) -> np.ndarray:
    """Return `array` if it holds neither NaN nor an infinite value.

    Parameters
    ----------
    array : numpy.ndarray
        A numeric array.
    name : str
        The parameter's name, for the message.

    Returns
    -------
    numpy.ndarray
        The same array.

    Raises
    ------
    ValueError
        If a value is NaN or infinite; the message says how many are and where the
        first one is.

    Examples
    --------
    >>> check_finite(np.array([1.0, 2.0]), "series")
    array([1., 2.])
    """
    finite = np.isfinite(array)
    if finite.all():
        return array
    bad = np.unravel_index(np.argmin(finite), array.shape)
    where = ", ".join(str(int(position)) for position in bad)
    message = (
        f"`{name}` must be finite, got {np.count_nonzero(~finite)} NaN or infinite "
        f"values, the first at [{where}]. Fill them in, or drop these rows and mark "
        "the gaps."
    )
    raise ValueError(message)


def check_same_shape(
    a: np.ndarray, b: np.ndarray, names: tuple[str, str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the two arrays if their shapes are equal; nothing is ever broadcast.

    Parameters
    ----------
    a, b : numpy.ndarray
        The arrays to compare.
    names : tuple of two str
        Their parameters' names, for the message.

    Returns
    -------
    tuple of two numpy.ndarray
        The same arrays.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> pair = check_same_shape(np.zeros(3), np.ones(3), ("y_true", "y_pred"))
    >>> len(pair)
    2
    """
    if np.shape(a) != np.shape(b):
        message = (
            f"`{names[0]}` and `{names[1]}` must have the same shape, got "
            f"{np.shape(a)} and {np.shape(b)}. Reshape or select first: nothing is "
            "broadcast."
        )
        raise ValueError(message)
    return a, b


def check_choice(value: Choice, name: str, options: Sequence[Choice]) -> Choice:
    """Return `value` if it is one of `options`.

    Parameters
    ----------
    value : object
        What the caller was given.
    name : str
        The parameter's name, for the message.
    options : sequence
        Everything that is allowed.

    Returns
    -------
    object
        The same value.

    Raises
    ------
    ValueError
        If `value` is not among the options.

    Examples
    --------
    >>> check_choice("gru", "cell", ("simple_rnn", "lstm", "gru"))
    'gru'
    """
    if not any(isinstance(value, type(one)) and value == one for one in options):
        listed = ", ".join(repr(option) for option in options)
        message = f"`{name}` must be one of {listed}, got {_shown(value)}. Pass one."
        raise ValueError(message)
    return value


def _shown(value: Any) -> str:
    """Show a value that was passed, with its type, in at most about 60 characters."""
    text = repr(value)
    if len(text) > 60:
        text = text[:57] + "..."
    return f"{text} ({type(value).__name__})"
