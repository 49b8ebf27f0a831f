"""Tests of the checks for chapter 13: solutions pass, wrong answers are named."""

import math

import numpy as np
import pytest
from sklearn.metrics import mean_pinball_loss
from statsmodels.tsa.stattools import acovf

from coursepkg import evaluation, exercises


def mean_pinball(y_true, y_pred, levels):
    """Return the solution of exercise 13.3."""
    too_low = y_true[:, np.newaxis] - y_pred
    return np.maximum(levels * too_low, (levels - 1) * too_low).mean()


def margin_for(errors, alpha):
    """Return the solution of exercise 13.4."""
    rank = math.ceil((len(errors) + 1) * (1 - alpha) - 1e-9)
    return np.sort(np.abs(errors))[rank - 1] if rank <= len(errors) else math.inf


def iterate_known(next_value, window, known):
    """Return the solution of exercise 13.5."""
    forecasts = []
    for of_the_day in known:
        coming = next_value(window, of_the_day)
        window = np.append(window[1:], coming)
        forecasts.append(coming)
    return np.array(forecasts)


def variance_of_mean(d, horizon):
    """Return the solution of exercise 13.6."""
    n, c = len(d), d - d.mean()
    gamma = [c[k:] @ c[: n - k] / n for k in range(horizon)]
    return (gamma[0] + 2 * sum(gamma[1:])) / n


SOLUTIONS = {
    "13.3": mean_pinball,
    "13.4": margin_for,
    "13.5": iterate_known,
    "13.6": variance_of_mean,
}


@pytest.mark.parametrize(("key", "solution"), SOLUTIONS.items())
def test_solution_passes(key, solution):
    """The solution that readers see passes its check."""
    assert exercises.check(key, solution).message.endswith("agrees on every test.")


@pytest.mark.parametrize("key", SOLUTIONS)
def test_stub_is_not_attempted(key):
    """An untouched stub is told so."""

    def stub(*arguments):
        raise NotImplementedError

    result = exercises.check(key, stub)
    assert not result
    assert result.message.startswith("not attempted yet")


def test_pinball_of_scikit_learn_passes():
    """The loss of scikit-learn, level by level, passes the check."""

    def by_scikit_learn(y_true, y_pred, levels):
        each = [
            mean_pinball_loss(y_true, column, alpha=level)
            for column, level in zip(y_pred.T, levels, strict=True)
        ]
        return np.mean(each)

    assert exercises.check("13.3", by_scikit_learn)


def test_margin_of_the_package_passes():
    """The tested twin, with infinity where it refuses, passes the check."""

    def by_package(errors, alpha):
        zeros = np.zeros(len(errors))
        try:
            interval = evaluation.conformal_interval(
                errors, zeros, [0.0], level=1 - alpha
            )
        except ValueError:
            return math.inf
        return float(interval.margin)

    assert exercises.check("13.4", by_package)


def test_variance_of_statsmodels_passes():
    """The autocovariances of statsmodels pass the check."""

    def by_statsmodels(d, horizon):
        gamma = acovf(d, fft=False, nlag=horizon - 1) if horizon > 1 else [np.var(d)]
        return (gamma[0] + 2 * sum(gamma[1:])) / len(d)

    assert exercises.check("13.6", by_statsmodels)


def _pinball_of(price):
    """Return a wrong pinball loss with its own price for each error."""
    return lambda y, q, t: price(y[:, None] - q, t).mean()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            _pinball_of(lambda e, t: np.maximum((1 - t) * e, -t * e)),
            "the two sides are exchanged",
        ),
        (
            _pinball_of(lambda e, t: np.where(e >= 0, t * e, (1 - t) * e)),
            "earn a negative loss",
        ),
        (_pinball_of(lambda e, t: t * e), "only one side is priced"),
        (
            _pinball_of(lambda e, t: np.where(e >= 0, t, 1 - t)),
            "the price is there, the distance is not",
        ),
        (_pinball_of(lambda e, t: t * np.abs(e)), "both sides have the same price"),
        (_pinball_of(lambda e, t: np.abs(e)), "the mean absolute error"),  # noqa: ARG005
        (lambda y, q, t: 2 * mean_pinball(y, q, t), "twice the pinball loss"),
        (lambda y, q, t: mean_pinball(y, q, t) * q.size, "the sum of the losses"),
        (
            lambda y, q, t: mean_pinball(y, q, t) * len(t),
            "the levels are added up",
        ),
        (
            lambda y, q, t: np.maximum(
                t * (y[:, None] - q), (t - 1) * (y[:, None] - q)
            ).mean(axis=0),
            "expected one number",
        ),
        (
            lambda y, q, t: np.maximum(t * (y - q), (t - 1) * (y - q)).mean(),
            "your function raised ValueError",
        ),
    ],
)
def test_mean_pinball(wrong, sentence):
    """Each wrong price gets its sentence."""
    result = exercises.check("13.3", wrong)
    assert not result
    assert sentence in result.message


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            lambda e, a: np.sort(np.abs(e))[math.ceil(len(e) * (1 - a)) - 1],
            "The new day is one more",
        ),
        (lambda e, a: np.quantile(np.abs(e), 1 - a), "The new day is one more"),
        (
            lambda e, a: np.append(np.sort(np.abs(e)), np.inf)[
                math.ceil((len(e) + 1) * (1 - a) - 1e-9)
            ],
            "the rank counts from 1",
        ),
        (
            lambda e, a: np.sort(e)[math.ceil((len(e) + 1) * (1 - a) - 1e-9) - 1],
            "ranked with their sign",
        ),
        (
            lambda e, a: np.sort(np.abs(e))[
                min(math.ceil((len(e) + 1) * (1 - a) - 1e-9), len(e)) - 1
            ],
            "no sure margin",
        ),
        (
            lambda e, a: np.sort(np.abs(e))[math.ceil((len(e) + 1) * a - 1e-9) - 1],
            "covers only the share `alpha`",
        ),
        (lambda e, a: 1.645 * e.std(), "takes the errors for normal"),  # noqa: ARG005
        (
            lambda e, a: (e.sort(), margin_for(e, a))[1],
            "changes its argument `errors`",
        ),
    ],
)
def test_margin_for(wrong, sentence):
    """Each wrong rank gets its sentence."""
    result = exercises.check("13.4", wrong)
    assert not result
    assert sentence in result.message


def _moving(update, shift=0):
    """Return a wrong iteration that changes its window in its own way."""

    def iterate(next_value, window, known):
        forecasts = []
        for step in range(len(known)):
            k = known[max(0, min(step + shift, len(known) - 1))]
            coming = next_value(window, k)
            window = update(window, coming)
            forecasts.append(coming)
        return np.array(forecasts)

    return iterate


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (_moving(lambda w, c: w), "the window never changes"),  # noqa: ARG005
        (_moving(np.append), "the window grows"),
        (
            _moving(lambda w, c: np.append(c, w[:-1])),
            "put in front. The newest value stands last",
        ),
        (_moving(lambda w, c: np.append(w[:-1], c)), "overwrites the newest value"),
        (
            _moving(lambda w, c: np.append(w[1:], c), shift=1),
            "what is known of the day after",
        ),
        (
            _moving(lambda w, c: np.append(w[1:], c), shift=-1),
            "what is known of the day before it",
        ),
        (
            lambda f, w, k: iterate_known(f, w, np.roll(k, 1)),
            "what is known of the day before it",
        ),
        (
            lambda f, w, k: iterate_known(f, w, np.roll(k, -1)),
            "what is known of the day after",
        ),
        (
            _moving(lambda w, c: np.append(w[1:], c), shift=-9),
            "every day is forecast with `known[0]`",
        ),
        (lambda f, w, k: f(w, k[0]), "the first forecast only"),
        (
            lambda f, w, k: np.concatenate([w, iterate_known(f, w, k)]),
            "you return the window as well",
        ),
        (lambda f, w, k: iterate_known(f, w, k)[::-1], "in the wrong order"),
    ],
)
def test_iterate_known(wrong, sentence):
    """Each wrong way to move the window on gets its sentence."""
    result = exercises.check("13.5", wrong)
    assert not result
    assert sentence in result.message


def test_iterate_known_must_not_write_into_the_window():
    """A window that is shifted in place is the caller's."""

    def in_place(next_value, window, known):
        forecasts = []
        for k in known:
            forecasts.append(next_value(window, k))
            window[:-1] = window[1:].copy()
            window[-1] = forecasts[-1]
        return np.array(forecasts)

    assert "changes its argument `window`" in exercises.check("13.5", in_place).message


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda d, h: d.var() / len(d), "taken for independent"),  # noqa: ARG005
        (
            lambda d, h: (variance_of_mean(d, h) + d.var() / len(d)) / 2,
            "the autocovariances count twice",
        ),
        (lambda d, h: variance_of_mean(d, h + 1), "one lag too many"),
        (lambda d, h: variance_of_mean(d, len(d)), "all lags are added"),  # noqa: ARG005
        (lambda d, h: variance_of_mean(d, h) * len(d), "n times smaller"),
        (lambda d, h: math.sqrt(variance_of_mean(d, h)), "return its square"),
        (
            lambda d, h: (
                sum(
                    (2 - (k == 0)) * (d[k:] @ d[: len(d) - k]) / len(d)
                    for k in range(h)
                )
                / len(d)
            ),
            "the mean is not subtracted",
        ),
        (
            lambda d, h: (
                sum(
                    (2 - (k == 0))
                    * np.mean((d - d.mean())[k:] * (d - d.mean())[: len(d) - k])
                    for k in range(h)
                )
                / len(d)
            ),
            "the number of its own terms",
        ),
        (
            lambda d, h: variance_of_mean(d, h) * len(d) / (len(d) - 1),
            "you divide by n - 1",
        ),
    ],
)
def test_variance_of_mean(wrong, sentence):
    """Each wrong variance gets its sentence."""
    result = exercises.check("13.6", wrong)
    assert not result
    assert sentence in result.message
