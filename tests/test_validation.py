"""The shared checks: what they let through, and the messages they refuse with."""

import numpy as np
import pytest

from coursepkg import _validation as checks


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), np.array(3)])
def test_integers_of_every_kind_become_int(value):
    """Python and NumPy integers come back as a plain int."""
    result = checks.check_integer(value, "n", minimum=3)
    assert result == 3
    assert type(result) is int


@pytest.mark.parametrize(
    "value", [3.0, True, np.True_, "3", None, [3], np.array([3]), np.float32(3)]
)
def test_what_is_no_integer_is_refused(value):
    """Floats, booleans, strings and sequences raise a TypeError that shows them."""
    with pytest.raises(TypeError, match=r"`n` must be (an|one) integer, got .*Pass"):
        checks.check_integer(value, "n")


def test_an_integer_below_the_minimum_is_refused():
    """The message names the parameter, the least value and the value passed."""
    message = r"`horizon` must be at least 1, got 0\. Pass 1 or more\."
    with pytest.raises(ValueError, match=message):
        checks.check_integer(0, "horizon", minimum=1)


@pytest.mark.parametrize("value", [0, 1, 0.5, np.float32(0.5), np.int64(1)])
def test_fractions_from_0_to_1_become_float(value):
    """Both ends are allowed, and the result is a plain float."""
    result = checks.check_fraction(value, "dropout")
    assert result == value
    assert type(result) is float


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf"), 15])
def test_a_fraction_out_of_range_is_refused(value):
    """A percentage, a negative number and NaN are no fractions."""
    with pytest.raises(ValueError, match="`dropout` must be between 0 and 1, got"):
        checks.check_fraction(value, "dropout")


@pytest.mark.parametrize("value", ["0.5", None, True, [0.5]])
def test_a_fraction_that_is_no_number_is_refused(value):
    """Strings, booleans and sequences raise a TypeError."""
    with pytest.raises(TypeError, match="`dropout` must be a number between 0 and 1"):
        checks.check_fraction(value, "dropout")


def test_an_array_comes_back_without_a_copy():
    """What is already an array is not copied."""
    values = np.zeros((3, 2), dtype=np.float32)
    assert checks.check_array(values, "x", ndim=2) is values


def test_a_list_becomes_an_array():
    """Sequences are converted, booleans and integers keep their kind."""
    assert checks.check_array([True, False], "x", ndim=1).dtype == bool
    assert checks.check_array([[1, 2]], "x", ndim=(1, 2)).shape == (1, 2)


def test_a_wrong_number_of_axes_is_refused():
    """The message shows the shape that was passed and the axes expected."""
    message = r"`x` must have 1 or 2 axes, got 3 \(shape \(2, 3, 4\)\)"
    with pytest.raises(ValueError, match=message):
        checks.check_array(np.zeros((2, 3, 4)), "x", ndim=(1, 2))


@pytest.mark.parametrize(
    "value", [["a"], [None], np.array(["2020-01-01"], "M8[D]"), [1j]]
)
def test_an_array_of_something_else_is_refused(value):
    """Strings, objects, dates and complex numbers raise a TypeError."""
    with pytest.raises(TypeError, match="`x` must hold real numbers, got dtype"):
        checks.check_array(value, "x", ndim=1)


def test_rows_of_different_lengths_are_refused():
    """A ragged list gets a message of ours, not NumPy's."""
    with pytest.raises(ValueError, match="`x` must be an array.*different lengths"):
        checks.check_array([[1, 2], [3]], "x", ndim=2)


def test_finite_arrays_come_back_as_they_are():
    """Finite floats and any integers pass."""
    for values in (np.arange(3), np.ones(2)):
        assert checks.check_finite(values, "x") is values


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_the_first_value_that_is_not_finite_is_located(bad):
    """The message counts the bad values and says where the first one is."""
    values = np.ones((4, 3))
    values[2, 1] = values[3, 0] = bad
    message = r"`x` must be finite, got 2 NaN or infinite values, .* at \[2, 1\]"
    with pytest.raises(ValueError, match=message):
        checks.check_finite(values, "x")


def test_equal_shapes_pass_and_others_are_refused():
    """Shapes that would broadcast are refused all the same."""
    a, b = np.zeros((3, 1)), np.zeros((3, 1))
    first, second = checks.check_same_shape(a, b, ("a", "b"))
    assert first is a
    assert second is b
    message = r"`a` and `b` must have the same shape, got \(3, 1\) and \(3,\)"
    with pytest.raises(ValueError, match=message):
        checks.check_same_shape(a, np.zeros(3), ("a", "b"))


def test_a_choice_is_one_of_the_options():
    """An option passes, anything else is refused with the list of the options."""
    assert checks.check_choice("gru", "cell", ("lstm", "gru")) == "gru"
    message = r"`cell` must be one of 'lstm', 'gru', got 'rnn' \(str\)"
    with pytest.raises(ValueError, match=message):
        checks.check_choice("rnn", "cell", ("lstm", "gru"))


@pytest.mark.parametrize("value", [1, None, "yes", np.array([True, False])])
def test_a_choice_of_booleans_takes_only_booleans(value):
    """The number 1 is not taken for True, nor compared element by element."""
    with pytest.raises(ValueError, match="`shuffle` must be one of True, False"):
        checks.check_choice(value, "shuffle", (True, False))


def test_long_values_are_cut_in_messages():
    """A message stays readable when a whole array was passed."""
    with pytest.raises(TypeError) as caught:
        checks.check_integer(list(range(1000)), "n")
    assert len(str(caught.value)) < 200
