"""Tests of the finite differences, and of what the check lets pass."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursepkg import reference

POINT = np.random.default_rng(0).normal(size=(2, 3))


def f(x):
    """A function whose gradient is cos(x) + 2 sum(x)."""
    return np.sum(np.sin(x)) + np.sum(x) ** 2


def df(x):
    """The gradient of f, by hand."""
    return np.cos(x) + 2 * np.sum(x)


def test_numerical_gradient_of_a_known_function():
    """Central differences agree with the derivative found by hand."""
    found = reference.numerical_gradient(f, POINT)
    assert found.shape == POINT.shape
    np.testing.assert_allclose(found, df(POINT), rtol=1e-8, atol=1e-9)


@given(st.floats(-3, 3), st.floats(0.01, 1))
def test_differences_are_central(x, step):
    """A parabola's are exact for every step; one-sided ones would be off by it."""
    found = reference.numerical_gradient(lambda v: v[0] ** 2, [x], step=step)
    assert found[0] == pytest.approx(2 * x, abs=1e-11)


def test_cubic_shows_the_error_of_the_step():
    """The difference of x³ is 3 x² + step²: of second order in the step."""
    found = reference.numerical_gradient(lambda v: v[0] ** 3, [2.0], step=0.1)
    assert found[0] == pytest.approx(12.01, abs=1e-12)


def test_point_is_not_changed_and_calls_share_nothing():
    """x may be read-only, and a function that spoils its argument spoils nothing."""
    x = POINT.copy()
    x.setflags(write=False)

    def careless(v):
        value = f(v)
        v[...] = 99
        return value

    found = reference.numerical_gradient(careless, x)
    np.testing.assert_array_equal(found, reference.numerical_gradient(f, POINT))
    assert found.dtype == np.float64
    assert reference.numerical_gradient(f, POINT.astype("float32")).dtype == np.float64


@pytest.mark.parametrize("shape", [(), (0,), (2, 1, 2)])
def test_any_shape_of_point(shape):
    """A number, nothing at all, three axes."""
    x = np.ones(shape)
    found = reference.numerical_gradient(lambda v: np.sum(v) * 3, x)
    np.testing.assert_allclose(found, 3 * x)


def test_right_gradient_passes():
    """The derivative by hand is within the criterion, with room to spare."""
    check = reference.gradient_check(f, POINT, df(POINT))
    assert check.passed
    assert check.largest_error < check.allowed
    assert check.largest_error == abs(check.gradient - check.numerical)


@pytest.mark.parametrize("index", [(0, 0), (1, 2)])
@pytest.mark.parametrize("wrong", ["sign", "off", "nan", "inf"])
def test_wrong_entry_is_found_and_named(index, wrong):
    """One entry is enough: its sign, 1e-4 beside the truth, or not a number."""
    gradient = df(POINT)
    gradient[index] = {
        "sign": -gradient[index],
        "off": gradient[index] + 1e-4,
        "nan": np.nan,
        "inf": np.inf,
    }[wrong]
    check = reference.gradient_check(f, POINT, gradient)
    assert not check.passed
    assert check.index == index
    assert f"index={index}" in repr(check)


def test_infinite_difference_fails_where_it_is():
    """A function that leaves the numbers at one entry is blamed there."""

    def leaves(x):
        return x[0] + (np.inf if x[1] > 1 else 0.0)

    check = reference.gradient_check(leaves, [0.5, 1.0], [1.0, np.inf])
    assert not check.passed
    assert check.index == (1,)


def test_criterion_is_that_of_the_design():
    """|difference| <= 1e-6 |g| + 1e-8 max(1, max |g|), tried at both sides of it."""
    slope = np.array([1000.0, 1.0])  # f is linear: the differences are nearly exact
    limit = 1e-6 * slope + 1e-8 * 1000

    def linear(x):
        return float(slope @ x)

    for k in range(2):
        for share, passes in [(0.9, True), (1.1, False)]:
            gradient = slope.copy()
            gradient[k] += share * limit[k]
            check = reference.gradient_check(linear, np.zeros(2), gradient)
            assert check.passed is passes
            assert check.index == (k,)
            assert check.allowed == pytest.approx(limit[k], rel=1e-6)


def test_what_does_not_fit_is_refused():
    """Steps that are none, vectors for numbers, shapes that differ, nothing at all."""
    with pytest.raises(ValueError, match="`step` must be greater than 0, got 0"):
        reference.numerical_gradient(f, POINT, step=0)
    with pytest.raises(ValueError, match=r"`f` must return one number.*\(2, 3\)"):
        reference.numerical_gradient(lambda x: x, POINT)
    with pytest.raises(ValueError, match="`gradient` and `x` must have the same shape"):
        reference.gradient_check(f, POINT, df(POINT).ravel())
    with pytest.raises(ValueError, match="`x` must not be empty"):
        reference.gradient_check(f, np.zeros(0), np.zeros(0))
    with pytest.raises(TypeError, match="`x` must hold real numbers"):
        reference.numerical_gradient(f, ["a"])


def test_entry_named_is_the_worst_against_what_is_allowed():
    """A large entry within its limit does not hide a small one beyond its own."""
    slope = np.array([1000.0, 1.0])
    limit = 1e-6 * slope + 1e-8 * 1000
    gradient = slope + limit * [0.5, 2.0]  # the first is off by more, and may be
    check = reference.gradient_check(lambda x: float(slope @ x), np.zeros(2), gradient)
    assert not check.passed
    assert check.index == (1,)
    assert check.largest_error == pytest.approx(2 * limit[1], rel=1e-4)
