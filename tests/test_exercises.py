"""Tests of the check mechanism of coursepkg.exercises."""

# ruff: noqa: ARG001, ARG005 - the signatures are those of the exercises

import dataclasses
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursepkg import exercises
from coursepkg.exercises import (
    backpropagation_through_time,
    deep_and_bidirectional,
    embeddings,
    forecasting_foundations,
    forecasting_with_rnns,
    language_models,
    lstm_and_gru,
    padding_and_masking,
    recurrent_networks,
    sequences,
    text_classification,
    tokenization,
)
from coursepkg.exercises._check import Exercise, agree, run


def huber(y_true, y_pred, delta):
    """Return a right answer to exercise 12.5."""
    size = np.abs(y_true - y_pred)
    inside = size <= delta
    return np.where(inside, size**2 / 2, delta * (size - delta / 2)).mean()


def first_line(text):
    """Return the text up to its first colon."""
    return text.split(":")[0]


def test_right_answer_passes():
    """A right function gets a true result that says so."""
    result = exercises.check("12.5", huber)
    assert result.passed is True
    assert result
    assert repr(result) == "passed: `huber` agrees on every test."


def test_wrong_answer_does_not_pass():
    """A wrong function gets a false result whose repr starts with `not yet`."""
    result = exercises.check("12.5", lambda y_true, y_pred, delta: 0.0)
    assert result.passed is False
    assert not result
    assert first_line(repr(result)) == "not yet"


def test_result_is_frozen():
    """A result cannot be changed into a passed one."""
    result = exercises.check("12.5", lambda y_true, y_pred, delta: 0.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.passed = True


@pytest.mark.parametrize("key", sorted(exercises.EXERCISES))
def test_untouched_stub(key):
    """Every exercise answers a stub with `not attempted yet`."""

    def stub(*arguments):
        raise NotImplementedError

    result = exercises.check(key, stub)
    assert not result.passed
    assert repr(result).startswith("not attempted yet: replace")
    assert exercises.EXERCISES[key].name in result.message


def test_unknown_key_names_the_known_ones():
    """An unknown key is an error that lists the keys there are."""
    with pytest.raises(ValueError, match=r"must be one of 01\.3, .*, got '99\.1'"):
        exercises.check("99.1", huber)


def test_key_without_quotes():
    """A number as key is an error that asks for quotes."""
    with pytest.raises(TypeError, match="Put it in quotes"):
        exercises.check(12.5, huber)


@pytest.mark.parametrize("time_limit", [0, -1.0, float("nan")])
def test_time_limit_must_be_positive(time_limit):
    """A time limit that could never be kept is refused."""
    with pytest.raises(ValueError, match="`time_limit` must be positive"):
        exercises.check("12.5", huber, time_limit=time_limit)


def test_result_in_place_of_function():
    """Passing what the function returned asks for the function itself."""
    result = exercises.check("12.5", 0.37)
    assert result.message == (
        "pass your function itself, `huber` without parentheses; got float."
    )


def test_wrong_signature():
    """A function with other parameters is told the call that it must answer."""
    result = exercises.check("12.5", lambda y_true, y_pred: 0.0)
    assert "must be callable as `huber(y_true, y_pred, delta)`" in result.message
    assert "yours is declared with (y_true, y_pred)" in result.message


def test_other_parameter_names_are_accepted():
    """Arguments are passed by position, so names are free."""
    assert exercises.check("12.5", lambda a, b, c: huber(a, b, c))
    assert exercises.check("12.5", lambda *arguments: huber(*arguments))


def test_builtin_without_signature():
    """A callable without a signature is judged by calling it."""
    result = exercises.check("12.5", max)
    assert "raised ValueError" in result.message


@pytest.mark.parametrize(
    "error",
    [ValueError("bad"), SystemExit(3), MemoryError(), GeneratorExit(), StopIteration()],
    ids=lambda error: type(error).__name__,
)
def test_errors_become_messages(error):
    """Whatever the student's function raises is named with the call that failed."""

    def fails(y_true, y_pred, delta):
        raise error

    message = exercises.check("12.5", fails).message
    assert message.startswith(f"your function raised {type(error).__name__}")
    assert "in the line `raise error` for `y_true` = [0.5, 0.2, 0, 3, -2]" in message
    assert message.endswith("and `delta` = 0.7.")


def test_endless_recursion():
    """An endless recursion is reported, not raised."""

    def forever(y_true, y_pred, delta):
        return forever(y_true, y_pred, delta)

    assert "RecursionError" in exercises.check("12.5", forever).message


def test_keyboard_interrupt_passes_through():
    """The student's own interrupt stops the cell."""

    def interrupted(y_true, y_pred, delta):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exercises.check("12.5", interrupted)


def test_nothing_is_printed(capfd):
    """Prints, warnings and messages on stderr are swallowed, and streams come back."""

    def noisy(y_true, y_pred, delta):
        print("hello")
        print("there", file=sys.stderr)
        warnings.warn("careful", stacklevel=1)
        np.log(np.zeros(1))
        return huber(y_true, y_pred, delta)

    streams, filters = (sys.stdout, sys.stderr), list(warnings.filters)
    assert exercises.check("12.5", noisy)
    assert (sys.stdout, sys.stderr) == streams
    assert warnings.filters == filters
    assert capfd.readouterr() == ("", "")


def test_endless_loop_is_stopped():
    """A function that never ends is stopped in time, and its thread ends."""
    before = set(threading.enumerate())

    def forever(y_true, y_pred, delta):
        while True:
            try:
                pass
            except Exception:
                continue

    start = time.monotonic()
    result = exercises.check("12.5", forever, time_limit=0.2)
    assert time.monotonic() - start < 5
    assert result.message == (
        "stopped after 0.2 seconds: does a loop in your function never end?"
    )
    assert set(threading.enumerate()) <= before


def test_unstoppable_loop_is_admitted():
    """If a function swallows every exception, the message says that it still runs."""
    release = threading.Event()

    def stubborn(y_true, y_pred, delta):
        while not release.is_set():
            try:
                time.sleep(0.001)
            except BaseException:  # noqa: S112
                continue

    try:
        result = exercises.check("12.5", stubborn, time_limit=0.1)
    finally:
        release.set()
    assert not result
    assert result.message.endswith("still runs: restart the kernel.")


def test_interrupt_while_waiting_stops_the_function(monkeypatch):
    """Ctrl-C during a check is raised, and the function does not run on."""
    before = set(threading.enumerate())
    waits = []
    join = threading.Thread.join

    def interrupted_join(thread, timeout=None):
        waits.append(timeout)
        if len(waits) == 1:
            raise KeyboardInterrupt
        return join(thread, timeout)

    def forever(y_true, y_pred, delta):
        while True:
            pass

    monkeypatch.setattr(threading.Thread, "join", interrupted_join)
    with pytest.raises(KeyboardInterrupt):
        exercises.check("12.5", forever)
    assert set(threading.enumerate()) <= before


def test_change_of_an_argument_is_noticed():
    """A function that changes its input is told which, even if its result is right."""

    def in_place(y_true, y_pred, delta):
        result = huber(y_true, y_pred, delta)
        y_pred -= y_true
        return result

    message = exercises.check("12.5", in_place).message
    assert "changes its argument `y_pred` in place" in message
    assert "`y_pred.copy()`" in message


def test_returned_view_is_no_problem():
    """A function may return its own argument without disturbing later cases."""
    exercise = Exercise(
        "echo", ("x",), lambda attempt: None if agree(attempt(x), x) else "differs"
    )
    x = np.arange(3.0)
    assert run(exercise, lambda x: x, time_limit=5.0)


@pytest.mark.parametrize(
    ("returned", "sentence"),
    [
        (None, "returned None: it lacks a `return`"),
        ("0.3", "expected a number, got str '0.3'"),
        ([[1.0], [1.0, 2.0]], "expected a number, got list"),
        (np.array([0.1]), "expected the shape (), got (1,)"),
        (np.nan, ", got nan."),
        (1j, "expected a number, got complex 1j"),
    ],
)
def test_unfit_results_are_described(returned, sentence):
    """A result of the wrong kind is described beside what was expected."""
    message = exercises.check("12.5", lambda y_true, y_pred, delta: returned).message
    assert sentence in message
    assert message.startswith("for `y_true` = [0.5, 0.2, 0, 3, -2], `y_pred` =")


def test_unreadable_result():
    """A result that cannot even be shown does not make the check raise."""

    class Hostile:
        def __array__(self, *arguments, **options):
            raise RuntimeError

        def __repr__(self):
            raise RuntimeError

    result = exercises.check("12.5", lambda y_true, y_pred, delta: Hostile())
    assert "cannot be read (RuntimeError: )" in result.message


things = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
    | st.slices(5)
    | st.sampled_from([np.zeros((0, 2)), np.arange(3), np.array(["a"]), object()]),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner, inner),
    max_leaves=6,
)


@given(key=st.sampled_from(sorted(exercises.EXERCISES)), returned=things)
@settings(max_examples=150, deadline=None)
def test_any_result_gets_a_message(key, returned):
    """No check fails on any result, and none passes a constant."""
    result = exercises.check(key, lambda *arguments: returned)
    assert not result.passed
    assert result.message.endswith(".")
    assert "cannot be read" not in result.message
    assert len(result.message) < 600


@given(
    value=st.floats(-1e3, 1e3),
    change=st.sampled_from([1e-3, -1e-3, 1.0, np.nan]),
)
def test_agree_tells_numbers_apart(value, change):
    """Two results agree at equal numbers and differ at a change of a thousandth."""
    expected = (np.array([value, np.nan]), 2)
    assert agree([[value, np.nan], 2.0], expected)
    assert agree((np.array([value, np.nan], dtype=">f8"), 2), expected)
    changed = value * (1 + change) + change
    if not abs(changed - value) < 1e-4:
        assert not agree((np.array([changed, np.nan]), 2), expected)
    assert not agree((np.array([value, np.nan]),), expected)
    assert not agree(np.array([value, np.nan]), expected)


def catalogue():
    """List every catalogued mistake: key, function of all mistakes, position."""
    for module in (
        sequences,
        tokenization,
        padding_and_masking,
        embeddings,
        recurrent_networks,
        backpropagation_through_time,
        lstm_and_gru,
        deep_and_bidirectional,
        text_classification,
        language_models,
        forecasting_foundations,
        forecasting_with_rnns,
    ):
        for key, exercise in module.EXERCISES.items():
            mistakes = getattr(module, f"_{exercise.name}_mistakes", None)
            for position in range(CATALOGUED.get(exercise.name, 0)):
                yield pytest.param(key, mistakes, position, id=f"{key}-{position}")


CATALOGUED = {
    "shifted_batches": 6,
    "perplexity": 7,
    "nucleus": 7,
    "make_windows": 7,
    "ar1_forecast": 5,
    "run_rnn": 7,
    "encode_texts": 9,
    "tf_idf_rows": 10,
    "hashing_plan": 9,
    "fill_left": 7,
    "masked_mean": 8,
    "masked_cross_entropy": 9,
    "padded_share": 9,
    "tanh_step_backward": 10,
    "clip_by_global_norm": 8,
    "scale_to_radius": 7,
    "truncated_flow": 9,
    "count_parameters": 7,
    "last_valid_states": 7,
    "run_recording": 8,
    "coupled_step": 9,
    "reorder_gates": 5,
    "forget_half_life": 8,
    "gru_stack_parameters": 8,
    "merge_directions": 9,
    "last_outputs": 7,
    "constant_dropout": 7,
    "best_of_bag": 8,
    "logistic_loss": 10,
    "false_gain": 9,
    "seasonal_naive": 9,
    "mase": 9,
    "past_mean": 8,
    "undo_standardizing": 7,
    "early_stopping": 10,
    "huber": 14,
    "paired_interval": 7,
    "embedding_gradient": 6,
    "skip_gram_pairs": 9,
    "analogy_scores": 8,
}


@pytest.mark.parametrize(("key", "mistakes", "position"), list(catalogue()))
def test_catalogued_mistakes_are_told_apart(key, mistakes, position):
    """Each catalogued wrong result gets its own sentence, never another one's."""
    sentences = []

    def wrong(*arguments):
        catalogued = mistakes(*arguments)
        assert len(catalogued) == CATALOGUED[exercises.EXERCISES[key].name]
        result, sentence = catalogued[position]
        sentences.append(sentence)
        return result

    result = exercises.check(key, wrong)
    assert not result
    assert result.message == sentences[0]


def test_room_does_not_load_tensorflow():
    """The room imports numpy and the standard library only."""
    code = (
        "import sys; import coursepkg.exercises; "
        "print({'tensorflow', 'keras', 'pandas', 'scipy'} & set(sys.modules))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert output.strip() == "set()"
