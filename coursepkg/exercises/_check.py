"""The mechanism: run a student's function safely and put the finding into words."""

import contextlib
import copy
import ctypes
import inspect
import os
import textwrap
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Mistakes = list[tuple[Any, str]]
"""Wrong results, each with the sentence that names the likely mistake."""

_NOT_ATTEMPTED = "not attempted yet"


@dataclass(frozen=True, repr=False)
class Result:
    """What a check found; true exactly if the function passed.

    Attributes
    ----------
    passed : bool
        Whether every test of the check agreed.
    message : str
        One or two sentences for the student.
    """

    passed: bool
    message: str

    def __bool__(self) -> bool:
        """Be true exactly if the function passed."""
        return self.passed

    def __repr__(self) -> str:
        """Say at once whether it passed, then why."""
        text = self.message
        if not text.startswith(_NOT_ATTEMPTED):
            text = f"{'passed' if self.passed else 'not yet'}: {text}"
        return textwrap.fill(text, width=80, break_long_words=False)


@dataclass(frozen=True)
class Exercise:
    """A graded exercise.

    Attributes
    ----------
    name : str
        Name of the function that the student writes.
    parameters : tuple of str
        Its parameters in order; checks pass them by position.
    check : callable
        Gets an `Attempt` and returns the sentence to show, or None if all is well.
    """

    name: str
    parameters: tuple[str, ...]
    check: Callable[["Attempt"], str | None]

    @property
    def call(self) -> str:
        """The call that the student's function must answer."""
        return f"{self.name}({', '.join(self.parameters)})"


class _Finding(Exception):
    """Ends a check early with the message it carries."""


class Attempt:
    """The student's function, watched.

    Calling it calls the student's function with copies of the arguments and returns
    what it returned. An error of the student, or a change made to an argument, ends the
    check with a message.
    """

    def __init__(self, exercise: Exercise, function: Callable[..., Any]) -> None:
        self._exercise = exercise
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        """Call the student's function on copies of ``arguments``."""
        given = copy.deepcopy(arguments)
        try:
            returned = self._function(*given)
        except KeyboardInterrupt:
            raise
        except NotImplementedError as error:
            message = (
                f"{_NOT_ATTEMPTED}: replace `raise NotImplementedError` in "
                f"`{self._exercise.name}` by your code."
            )
            raise _Finding(message) from error
        except BaseException as error:
            message = (
                f"your function raised {_describe_error(error, self._function)} "
                f"{self.where(arguments)}."
            )
            raise _Finding(message) from error
        for name, before, after in zip(
            self._exercise.parameters, arguments, given, strict=True
        ):
            if not _unchanged(before, after):
                message = (
                    f"your function changes its argument `{name}` in place, so the "
                    f"caller's data is different afterwards. Work on a copy, for "
                    f"example `{name}.copy()`."
                )
                raise _Finding(message)
        return returned

    def where(self, arguments: Sequence[Any]) -> str:
        """Name the arguments of a call: ``for `n` = 10 and `horizon` = 2``."""
        parts = [
            f"`{name}` = {show(value)}"
            for name, value in zip(self._exercise.parameters, arguments, strict=True)
        ]
        return "for " + " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))


def judge(
    attempt: Attempt,
    *,
    oracle: Callable[..., Any],
    cases: Iterable[Sequence[Any]],
    mistakes: Callable[..., Mistakes],
) -> str | None:
    """Compare a student's function with the right one, case by case.

    Parameters
    ----------
    attempt : Attempt
        The student's function.
    oracle : callable
        An independent right solution; returns an array, a number or a tuple of them.
    cases : iterable of argument tuples
        The most telling first: the first failing one is reported.
    mistakes : callable
        Gets the arguments of the failing case and returns the catalogued wrong
        results, each with the sentence that names its cause. The first that equals the
        student's result is the likely mistake.

    Returns
    -------
    str or None
        The sentence that names the mistake, else a counterexample; None if all agree.
    """
    for arguments in cases:
        expected = oracle(*arguments)
        got = attempt(*arguments)
        if agree(got, expected):
            continue
        for wrong, sentence in mistakes(*arguments):
            if agree(got, wrong):
                return sentence
        return f"{attempt.where(arguments)}, {difference(got, expected)}."
    return None


def agree(got: Any, expected: Any) -> bool:
    """Tell whether two results have the same structure, shapes and numbers."""
    if isinstance(expected, tuple):
        return (
            isinstance(got, tuple | list)
            and len(got) == len(expected)
            and all(agree(g, e) for g, e in zip(got, expected, strict=True))
        )
    numbers = as_numbers(got)
    expected = np.asarray(expected, dtype=float)
    return (
        numbers is not None
        and numbers.shape == expected.shape
        and np.allclose(numbers, expected, rtol=1e-5, atol=1e-7, equal_nan=True)
    )


def difference(got: Any, expected: Any) -> str:
    """Say in words how a result differs from the expected one."""
    if got is None:
        return "your function returned None: it lacks a `return`"
    if isinstance(expected, tuple):
        n_expected = len(expected)
        if not isinstance(got, tuple | list):
            return f"expected {n_expected} results, got one {type(got).__name__}"
        if len(got) != n_expected:
            return f"expected {n_expected} results, got {len(got)}"
        for position, (g, e) in enumerate(zip(got, expected, strict=True)):
            if not agree(g, e):
                return f"result {position}: {difference(g, e)}"
    numbers = as_numbers(got)
    expected = np.asarray(expected)
    if numbers is None:
        kind = "a number" if expected.ndim == 0 else "an array of numbers"
        return f"expected {kind}, got {type(got).__name__} {_shorten(repr(got))}"
    if numbers.shape != expected.shape:
        return f"expected the shape {expected.shape}, got {numbers.shape}"
    return f"expected {show(expected)}, got {show(numbers)}"


def as_numbers(value: Any) -> np.ndarray | None:
    """Read a value as an array of floats; None if it is not one."""
    try:
        array = np.asarray(value)
        return array.astype(float) if array.dtype.kind in "biuf" else None
    except Exception:
        return None


def show(value: Any) -> str:
    """Write a value briefly: arrays as rounded lists, whatever NumPy's options are."""
    if isinstance(value, tuple):
        return f"({', '.join(map(show, value))})"
    if isinstance(value, float):
        return f"{value:.4g}"
    if not isinstance(value, np.ndarray):
        return _shorten(repr(value))
    text = np.array2string(
        value,
        separator=", ",
        threshold=12,
        edgeitems=3,
        formatter={"float_kind": lambda number: f"{number:.4g}"},
    )
    return " ".join(text.split())


def run(
    exercise: Exercise, function: Callable[..., Any], *, time_limit: float
) -> Result:
    """Grade a function in a thread of its own and stop it when its time is up."""
    problem = _unusable(exercise, function)
    if problem is not None:
        return Result(passed=False, message=problem)
    outcome: list[str | None | KeyboardInterrupt] = []

    def work() -> None:
        try:
            outcome.append(exercise.check(Attempt(exercise, function)))
        except _Finding as finding:
            outcome.append(str(finding))
        except KeyboardInterrupt as interrupt:
            outcome.append(interrupt)
        except BaseException as error:  # a result so odd that comparing it fails
            outcome.append(
                f"what your function returned cannot be read "
                f"({type(error).__name__}: {_shorten(str(error))})."
            )

    worker = threading.Thread(target=work, daemon=True, name=f"check {exercise.name}")
    with (
        open(os.devnull, "w", encoding="utf-8") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        worker.start()
        try:
            deadline = time.monotonic() + time_limit
            while worker.is_alive() and time.monotonic() < deadline:
                worker.join(0.05)  # in short waits: Windows cannot interrupt a long one
        finally:
            timed_out = worker.is_alive()
            stopped = _stop(worker)
    if timed_out:
        message = (
            f"stopped after {time_limit:g} seconds: does a loop in your function "
            f"never end?"
        )
        if not stopped:
            message += " It could not be stopped and still runs: restart the kernel."
        return Result(passed=False, message=message)
    finding = outcome[0]
    if isinstance(finding, KeyboardInterrupt):
        raise finding
    if finding is None:
        message = f"`{exercise.name}` agrees on every test."
        return Result(passed=True, message=message)
    return Result(passed=False, message=finding)


def _unusable(exercise: Exercise, function: Any) -> str | None:
    """Say why a function cannot be called as the exercise asks; None if it can."""
    if not callable(function):
        return (
            f"pass your function itself, `{exercise.name}` without parentheses; got "
            f"{type(function).__name__}."
        )
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some built-in functions have none
        return None
    try:
        signature.bind(*exercise.parameters)
    except TypeError as error:
        return (
            f"your function must be callable as `{exercise.call}`, yours is declared "
            f"with {signature} ({error})."
        )
    return None


def _stop(thread: threading.Thread) -> bool:
    """Raise SystemExit inside a thread until it ends; tell whether it did."""
    for _ in range(20):
        if thread.ident is None or not thread.is_alive():
            return True
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit)
        )
        thread.join(0.05)
    return not thread.is_alive()


def _describe_error(error: BaseException, function: Callable[..., Any]) -> str:
    """Name an error and the line of the student's own file that it came from."""
    text = type(error).__name__
    if str(error):
        text += f": {_shorten(str(error))}"
    code = getattr(function, "__code__", None)
    lines = [
        frame.line
        for frame in traceback.extract_tb(error.__traceback__)
        if code is not None and frame.filename == code.co_filename and frame.line
    ]
    return f"{text} in the line `{lines[-1]}`" if lines else text


def _unchanged(before: Any, after: Any) -> bool:
    """Tell whether an argument still is what was passed."""
    if isinstance(before, np.ndarray):
        return np.array_equal(before, after, equal_nan=before.dtype.kind == "f")
    return bool(before == after)


def _shorten(text: str, width: int = 80) -> str:
    """Put a text on one line of at most ``width`` characters."""
    text = " ".join(text.split())
    return text if len(text) <= width else f"{text[: width - 1]}…"
