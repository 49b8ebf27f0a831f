"""Checks for chapter 13, several steps ahead and uncertainty."""

import math
from collections.abc import Callable

import numpy as np
from numpy import ndarray

from coursepkg.exercises._check import Attempt, Exercise, Mistakes, judge

_NextValue = Callable[[ndarray, float], float]


def _mean_pinball(y_true: ndarray, y_pred: ndarray, levels: ndarray) -> float:
    total = 0.0
    for row, observed in enumerate(y_true):
        for column, level in enumerate(levels):
            error = observed - y_pred[row, column]
            total += level * error if error >= 0 else (level - 1) * error
    return total / y_pred.size


def _mean_pinball_mistakes(
    y_true: ndarray, y_pred: ndarray, levels: ndarray
) -> Mistakes:
    error = y_true[:, np.newaxis] - y_pred  # (n, m)
    each = np.maximum(levels * error, (levels - 1) * error)
    size = np.abs(error)
    one_number = "expected one number: the mean over all values and all levels."
    return [
        (
            np.where(error >= 0, (1 - levels) * error, -levels * error).mean(),
            "the two sides are exchanged: a forecast that is too *low* costs `levels` "
            "a unit, one that is too high 1 - `levels`.",
        ),
        (
            np.where(error >= 0, levels * error, (1 - levels) * error).mean(),
            "forecasts that are too high earn a negative loss: below the forecast the "
            "error is negative, so its price is (levels - 1) * error.",
        ),
        (
            (levels * error).mean(),
            "only one side is priced: a forecast that is too high must cost something "
            "too, 1 - `levels` a unit.",
        ),
        (
            (levels * size).mean(),
            "both sides have the same price, so the best forecast is the median at "
            "every level. Too high costs 1 - `levels` a unit.",
        ),
        (
            np.where(error >= 0, levels, 1 - levels).mean(),
            "the price is there, the distance is not: multiply `levels` or "
            "1 - `levels` by how far the forecast is off.",
        ),
        (
            size.mean(),
            "this is the mean absolute error: the levels must set the price of each "
            "side.",
        ),
        (
            2 * each.mean(),
            "this is twice the pinball loss: at level 0.5 it is *half* the absolute "
            "error.",
        ),
        (each.sum(), "this is the sum of the losses: return their mean."),
        (
            each.sum(axis=1).mean(),
            "the levels are added up: return the mean over them as well.",
        ),
        (each, one_number),
        (each.mean(axis=0), one_number),
        (each.mean(axis=1), one_number),
    ]


def _check_mean_pinball(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(3)
    true = rng.normal(size=4).round(1)
    pred = np.sort(rng.normal(size=(4, 3)), axis=1).round(1)
    levels = np.array([0.1, 0.4, 0.9])
    return judge(
        attempt,
        oracle=_mean_pinball,
        cases=[
            (true, pred, levels),
            (true[:3], pred[:3, :1], levels[2:]),  # n = 3: rows are not columns
            (true[:3], pred[:3], levels),  # a square, which broadcasts either way
            (true, np.repeat(true[:, np.newaxis], 2, axis=1), levels[:2]),
        ],
        mistakes=_mean_pinball_mistakes,
    )


def _rank(n: int, alpha: float) -> int:
    return math.ceil((n + 1) * (1 - alpha) - 1e-9)


def _margin_for(errors: ndarray, alpha: float) -> float:
    rank = _rank(len(errors), alpha)
    if rank > len(errors):
        return math.inf
    return float(sorted(abs(error) for error in errors)[rank - 1])


def _margin_for_mistakes(errors: ndarray, alpha: float) -> Mistakes:
    n = len(errors)
    sizes = np.sort(np.abs(errors))
    rank = _rank(n, alpha)
    mistakes: Mistakes = []
    if rank > n:
        mistakes.append(
            (
                sizes[-1],
                "with so few days even the largest error is no sure margin: where the "
                "rank is above n, return `math.inf`.",
            )
        )
    else:
        if rank < n:
            mistakes.append(
                (
                    sizes[rank],
                    "the rank counts from 1, an array from 0: the k-th smallest error "
                    "is `sorted_errors[k - 1]`.",
                )
            )
        mistakes.append(
            (
                np.sort(errors)[rank - 1],
                "the errors are ranked with their sign, so that large negative ones "
                "count as small. Take absolute values first.",
            )
        )
    too_few = (
        "this is the quantile of the n old errors. The new day is one more: the rank "
        "is (n + 1) * (1 - alpha), rounded up."
    )
    return [
        *mistakes,
        (sizes[min(math.ceil(n * (1 - alpha) - 1e-9), n) - 1], too_few),
        (np.quantile(sizes, 1 - alpha), too_few),
        (
            sizes[max(_rank(n, 1 - alpha), 1) - 1],
            "this margin covers only the share `alpha`: `alpha` is what may be missed, "
            "1 - `alpha` what is to be covered.",
        ),
        (
            1.645 * np.std(errors),
            "this takes the errors for normal. Rank them: the method needs no "
            "distribution.",
        ),
    ]


def _check_margin_for(attempt: Attempt) -> str | None:
    errors = np.array([0.4, -2.9, 1.3, -0.2, 0.8, -1.7, 2.2, -0.6, 1.1, -3.6, 0.1])
    return judge(
        attempt,
        oracle=_margin_for,
        cases=[
            (errors, 0.2),  # rank 10 of 11; with n instead of n + 1 it is 9
            (errors, 0.35),
            (errors[:9], 0.1),
            (errors[:8], 0.1),  # rank 9 of 8
            (errors, 0.5),
        ],
        mistakes=_margin_for_mistakes,
    )


def _iterate_known(next_value: _NextValue, window: ndarray, known: ndarray) -> ndarray:
    past = list(window)
    forecasts = []
    for of_the_day in known:
        coming = next_value(np.array(past), of_the_day)
        past = [*past[1:], coming]
        forecasts.append(coming)
    return np.array(forecasts)


def _iterate_known_mistakes(
    next_value: _NextValue, window: ndarray, known: ndarray
) -> Mistakes:
    first = next_value(window, known[0])

    def run(
        update: Callable[[list, float], list], shift: int = 0, *, wraps: bool = False
    ) -> ndarray:
        past, forecasts, n = list(window), [], len(known)
        for step in range(n):
            day = (step + shift) % n if wraps else max(0, min(step + shift, n - 1))
            of_the_day = known[day]
            coming = next_value(np.array(past), of_the_day)
            past = update(past, coming)
            forecasts.append(coming)
        return np.array(forecasts)

    def right(past: list, coming: float) -> list:
        return [*past[1:], coming]

    too_late = (
        "each day is forecast with what is known of the day after. `known[0]` belongs "
        "to the first day that is forecast."
    )
    too_early = (
        "each day is forecast with what is known of the day before it: take the entry "
        "of the day that is forecast."
    )
    return [
        (
            run(lambda past, _: past),
            "the window never changes: put each forecast into it before you make the "
            "next one.",
        ),
        (
            run(lambda past, coming: [*past, coming]),
            "the window grows: drop its oldest value when you add a forecast, so that "
            "it keeps the length that the forecaster knows.",
        ),
        (
            run(lambda past, coming: [coming, *past[:-1]]),
            "the forecast is put in front. The newest value stands last.",
        ),
        (
            run(lambda past, coming: [*past[:-1], coming]),
            "the forecast overwrites the newest value: move the window on by one and "
            "drop the *oldest* one.",
        ),
        *((run(right, shift=1, wraps=wraps), too_late) for wraps in (False, True)),
        *((run(right, shift=-1, wraps=wraps), too_early) for wraps in (False, True)),
        (
            run(right, shift=-len(known)),
            "every day is forecast with `known[0]`: take the entry of its own day.",
        ),
        (first, "you return the first forecast only: return one for each coming day."),
        (
            np.concatenate([window, _iterate_known(next_value, window, known)]),
            "you return the window as well: return the forecasts alone.",
        ),
        (
            np.array(run(right))[::-1],
            "the forecasts are in the wrong order: the first day comes first.",
        ),
    ]


def _weighted(window: ndarray, of_the_day: float) -> float:
    """Forecast from the newest three values, wherever the window begins, and `k`."""
    return float(
        0.5 * window[-1]
        - 0.3 * window[-2]
        + 0.2 * window[0]
        + 0.05 * len(window)
        + of_the_day
    )


def _bent(window: ndarray, of_the_day: float) -> float:
    return float(abs(window[-1]) * 0.6 + window[0] * 0.1 - of_the_day)


def _check_iterate_known(attempt: Attempt) -> str | None:
    window = np.array([1.0, -2.0, 4.0, 0.5])
    known = np.array([0.0, 3.0, -1.0, 2.0])
    return judge(
        attempt,
        oracle=_iterate_known,
        cases=[
            (_weighted, window, known),
            (_bent, window[:2], np.array([1.0, 0.0, 5.0, 2.0, 4.0, 3.0])),
            (_weighted, window, known[:1]),
        ],
        mistakes=_iterate_known_mistakes,
    )


def _covariance(d: ndarray, lag: int) -> float:
    mean = sum(d) / len(d)
    pairs = zip(d[lag:], d[: len(d) - lag], strict=True)
    return sum((a - mean) * (b - mean) for a, b in pairs) / len(d)


def _variance_of_mean(d: ndarray, horizon: int) -> float:
    total = _covariance(d, 0)
    for lag in range(1, horizon):
        total += 2 * _covariance(d, lag)
    return total / len(d)


def _variance_of_mean_mistakes(d: ndarray, horizon: int) -> Mistakes:
    n = len(d)
    gamma = [_covariance(d, lag) for lag in range(n)]
    right = (gamma[0] + 2 * sum(gamma[1:horizon])) / n
    one_more = (gamma[0] + 2 * sum(gamma[1 : horizon + 1])) / n
    all_lags = (gamma[0] + 2 * sum(gamma[1:])) / n  # always 0
    own_counts = [gamma[lag] * n / (n - lag) for lag in range(horizon)]
    raw = [float(np.sum(d[lag:] * d[: n - lag])) / n for lag in range(horizon)]
    return [
        (
            gamma[0] / n,
            "the days are taken for independent: add 2 * gamma_k for each lag below "
            "the horizon.",
        ),
        (
            (gamma[0] + sum(gamma[1:horizon])) / n,
            "each lag stands on both sides of a day: the autocovariances count twice.",
        ),
        (
            one_more,
            "one lag too many: forecasts made h steps ahead share chance up to lag "
            "h - 1.",
        ),
        (
            all_lags,
            "all lags are added, and their sum is always zero: stop below the horizon.",
        ),
        (
            right * n,
            "this is the variance of a day, summed over its neighbours. That of the "
            "mean is n times smaller.",
        ),
        (
            math.sqrt(abs(right)),
            "this is the standard error: return its square.",
        ),
        (
            (raw[0] + 2 * sum(raw[1:])) / n,
            "the mean is not subtracted: covariances are those of d - mean(d).",
        ),
        (
            (own_counts[0] + 2 * sum(own_counts[1:])) / n,
            "each sum is divided by the number of its own terms, n - k. Divide all of "
            "them by n, as the formula says.",
        ),
        (
            right * n / (n - 1),
            "you divide by n - 1. The formula has n; the correction for small samples "
            "is a factor of its own.",
        ),
    ]


def _check_variance_of_mean(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(5)
    noise = rng.normal(size=14)
    d = (1.0 + noise[2:] + noise[1:-1] + noise[:-2]).round(2)  # (12,), as 3 ahead
    return judge(
        attempt,
        oracle=_variance_of_mean,
        cases=[(d, 3), (d, 2), (d[:7], 1)],
        mistakes=_variance_of_mean_mistakes,
    )


EXERCISES = {
    "13.3": Exercise(
        "mean_pinball", ("y_true", "y_pred", "levels"), _check_mean_pinball
    ),
    "13.4": Exercise("margin_for", ("errors", "alpha"), _check_margin_for),
    "13.5": Exercise(
        "iterate_known", ("next_value", "window", "known"), _check_iterate_known
    ),
    "13.6": Exercise("variance_of_mean", ("d", "horizon"), _check_variance_of_mean),
}
