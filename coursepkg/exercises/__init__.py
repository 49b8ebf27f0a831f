"""Checks that grade a student's function and name the likely mistake.

A code exercise of a chapter is a stub that raises ``NotImplementedError``; its check
runs the student's function on small inputs, compares it with an independent solution
and answers in one or two sentences.

Examples
--------
>>> from coursepkg import exercises
>>> def make_windows(series, sequence_length):
...     raise NotImplementedError
>>> exercises.check("01.3", make_windows)
not attempted yet: replace `raise NotImplementedError` in `make_windows` by your
code.
"""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from coursepkg.exercises import (
    backpropagation_through_time,
    convolutions,
    convolutions_and_recurrence,
    deep_and_bidirectional,
    embeddings,
    encoder_decoder_and_attention,
    forecasting_foundations,
    forecasting_with_rnns,
    language_models,
    lstm_and_gru,
    multi_step_and_uncertainty,
    padding_and_masking,
    recurrent_networks,
    sequences,
    text_classification,
    tokenization,
)
from coursepkg.exercises._check import Exercise, Result, run

__all__ = ["EXERCISES", "Exercise", "Result", "check"]

EXERCISES = MappingProxyType(
    {
        **sequences.EXERCISES,
        **tokenization.EXERCISES,
        **padding_and_masking.EXERCISES,
        **embeddings.EXERCISES,
        **recurrent_networks.EXERCISES,
        **backpropagation_through_time.EXERCISES,
        **lstm_and_gru.EXERCISES,
        **deep_and_bidirectional.EXERCISES,
        **text_classification.EXERCISES,
        **language_models.EXERCISES,
        **forecasting_foundations.EXERCISES,
        **forecasting_with_rnns.EXERCISES,
        **multi_step_and_uncertainty.EXERCISES,
        **convolutions.EXERCISES,
        **convolutions_and_recurrence.EXERCISES,
        **encoder_decoder_and_attention.EXERCISES,
    }
)


def check(
    key: str, function: Callable[..., Any], *, time_limit: float = 10.0
) -> Result:
    """Grade a student's function.

    Nothing is printed, and nothing that the function does wrong is raised: what it
    prints and warns about is dropped, what it raises becomes part of the message.

    Parameters
    ----------
    key : str
        Chapter and exercise, for example ``"11.3"``.
    function : callable
        The student's function itself, not its result.
    time_limit : float
        Seconds after which the function is stopped.

    Returns
    -------
    Result
        ``passed`` and a ``message`` of one or two sentences.

    Raises
    ------
    TypeError
        If ``key`` is not a string.
    ValueError
        If no exercise has this key, or ``time_limit`` is not positive.

    Examples
    --------
    >>> from coursepkg import exercises
    >>> def huber(y_true, y_pred, delta):
    ...     return (abs(y_true - y_pred)).mean()
    >>> exercises.check("12.5", huber)
    not yet: this is the mean absolute error: below `delta` the loss is a parabola,
    so that its slope goes to 0 with the error.
    """
    if not isinstance(key, str):
        message = (
            f'`key` must be a string such as "11.3", got {key!r}. Put it in quotes.'
        )
        raise TypeError(message)
    if key not in EXERCISES:
        message = f"`key` must be one of {', '.join(sorted(EXERCISES))}, got {key!r}."
        raise ValueError(message)
    if not time_limit > 0:
        message = f"`time_limit` must be positive, got {time_limit}. Pass seconds."
        raise ValueError(message)
    return run(EXERCISES[key], function, time_limit=time_limit)
