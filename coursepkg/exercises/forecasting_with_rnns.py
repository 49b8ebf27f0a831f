"""Checks for chapter 12, forecasting with recurrent networks."""

import numpy as np
from numpy import ndarray

from coursepkg.exercises._check import Attempt, Exercise, Mistakes, judge

_Columns = tuple[int, ...]
_Pair = tuple[float, float]


def _undo_standardizing(
    predictions: ndarray,
    mean: ndarray,
    standard_deviation: ndarray,
    target_columns: _Columns,
) -> ndarray:
    result = np.zeros(predictions.shape)
    for output, column in enumerate(target_columns):
        for row in range(len(predictions)):
            scaled = predictions[row, output] * standard_deviation[column]
            result[row, output] = scaled + mean[column]
    return result


def _undo_standardizing_mistakes(
    predictions: ndarray,
    mean: ndarray,
    standard_deviation: ndarray,
    target_columns: _Columns,
) -> Mistakes:
    n_targets = len(target_columns)
    first = target_columns[0]
    m, s = mean[list(target_columns)], standard_deviation[list(target_columns)]
    return [
        (
            predictions * standard_deviation[:n_targets] + mean[:n_targets],
            "you use the scale of the first input columns. The outputs are the columns "
            "in `target_columns`: take the mean and standard deviation there.",
        ),
        (
            predictions * standard_deviation[first] + mean[first],
            "all targets get the scale of the first one. Each output has the mean and "
            "standard deviation of its own column.",
        ),
        (
            _undo_standardizing(
                predictions, mean, standard_deviation, tuple(sorted(target_columns))
            ),
            "the scales are in the order of the inputs, not in that of "
            "`target_columns`, so that two targets exchange theirs.",
        ),
        (
            (predictions + m) * s,
            "the order is wrong: standardising subtracts and then divides, so undo the "
            "division first, then add the mean.",
        ),
        (
            predictions * s,
            "the mean is not added back, so the forecasts lie around 0.",
        ),
        (
            predictions + m,
            "the standard deviation is missing: multiply by it before you add the "
            "mean.",
        ),
        (
            (predictions - m) / s,
            "you standardise once more. The way back multiplies by the standard "
            "deviation and adds the mean.",
        ),
    ]


def _check_undo_standardizing(attempt: Attempt) -> str | None:
    predictions = np.random.default_rng(6).normal(size=(3, 2)).round(2)
    mean = np.array([0.3, 0.6, 5.0, 0.7, 0.1])
    deviation = np.array([0.2, 0.4, 2.0, 0.5, 0.3])
    return judge(
        attempt,
        oracle=_undo_standardizing,
        cases=[
            (predictions, mean, deviation, (3, 1)),
            (predictions, mean, deviation, (0, 4)),
            (predictions[:, :1], mean, deviation, (2,)),
        ],
        mistakes=_undo_standardizing_mistakes,
    )


def _early_stopping(losses: ndarray, patience: int) -> tuple[int, int]:
    for last in range(len(losses)):
        best = int(np.argmin(losses[: last + 1]))
        if last - best == patience:
            return last, best
    return len(losses) - 1, int(np.argmin(losses))


def _early_stopping_mistakes(losses: ndarray, patience: int) -> Mistakes:
    last, best = _early_stopping(losses, patience)
    final, lowest = len(losses) - 1, int(np.argmin(losses))
    # with a vanishing fall from epoch to epoch every tie counts as an improvement
    falling = losses - 1e-9 * np.arange(len(losses))
    counting = "epochs are counted from 0, as Keras does in `history.epoch`."
    return [
        (
            (last, last),
            "you name the epoch at which training stops as the best one. The best is "
            "the epoch with the lowest loss so far.",
        ),
        (
            (min(lowest + patience, final), lowest),
            "you look for the lowest loss of the whole list, but training has stopped "
            "before some of it. Decide at each epoch from the losses so far.",
        ),
        (
            _patience_never_reset(losses, patience),
            "the count of epochs without improvement is not set back to 0 when the "
            "loss improves.",
        ),
        (
            _compared_with_previous(losses, patience),
            "you compare each loss with the one before it. An improvement is a loss "
            "below the *best* so far.",
        ),
        (
            _early_stopping(losses, patience + 1),
            "training goes on for one epoch too long: it stops at the `patience`-th "
            "epoch without improvement.",
        ),
        (
            _early_stopping(losses, patience - 1),
            "training stops one epoch too soon: `patience` epochs without improvement "
            "have to pass.",
        ),
        (
            _early_stopping(falling, patience),
            "a loss equal to the best one counts as an improvement with you. It must "
            "be lower: use `<`, not `<=`.",
        ),
        (
            (best, last),
            "the two results are exchanged: return the last epoch first, then the "
            "best.",
        ),
        ((last + 1, best + 1), counting),
        ((last + 1, best), counting),
    ]


def _patience_never_reset(losses: ndarray, patience: int) -> tuple[int, int]:
    best = waited = 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[best]:
            best = epoch
        else:
            waited += 1
        if waited == patience:
            return epoch, best
    return len(losses) - 1, best


def _compared_with_previous(losses: ndarray, patience: int) -> tuple[int, int]:
    waited = 0
    for epoch in range(1, len(losses)):
        waited = 0 if losses[epoch] < losses[epoch - 1] else waited + 1
        if waited == patience:
            return epoch, int(np.argmin(losses[: epoch + 1]))
    return len(losses) - 1, int(np.argmin(losses))


def _check_early_stopping(attempt: Attempt) -> str | None:
    telling = np.array([5.0, 5.0, 3.0, 8.0, 3.0, 2.0, 5.0, 2.0, 3.0, 4.0])
    long = np.array([9.0, 7.0, 8.0, 6.0, 5.0, 5.5, 5.2, 5.3, 5.4, 4.0, 4.1])
    with_tie = np.array([3.0, 2.0, 2.0, 2.5, 2.2, 2.1])
    return judge(
        attempt,
        oracle=_early_stopping,
        cases=[
            (telling, 2),  # every catalogued mistake gives another answer
            (long, 3),
            (with_tie, 2),
            (long, 1),
            (np.array([3.0, 2.0, 1.0]), 2),
            (np.array([1.0, 2.0, 3.0]), 5),
        ],
        mistakes=_early_stopping_mistakes,
    )


def _huber(y_true: ndarray, y_pred: ndarray, delta: float) -> float:
    total = 0.0
    for error in np.ravel(y_true - y_pred):
        size = abs(error)
        total += size**2 / 2 if size <= delta else delta * (size - delta / 2)
    return total / np.size(y_true)


def _huber_mistakes(y_true: ndarray, y_pred: ndarray, delta: float) -> Mistakes:
    error = y_true - y_pred
    size = np.abs(error)
    small = size <= delta
    parabola, line = size**2 / 2, delta * (size - delta / 2)
    each = np.where(small, parabola, line)
    signed = np.where(error <= delta, parabola, delta * (error - delta / 2))
    squared = (
        "large errors are squared as well, so that one odd day rules the loss. Beyond "
        "`delta` it grows in a straight line."
    )
    one_number = "expected one number: average over all entries, whatever the shape."
    return [
        (
            np.where(small, parabola, delta * size).mean(),
            "the two pieces do not meet: at an error of `delta` the loss jumps. Beyond "
            "`delta` it is delta * (|error| - delta / 2).",
        ),
        (
            np.where(small, parabola, size - delta / 2).mean(),
            "the straight piece lacks the factor `delta`: its slope must be that of "
            "the parabola where they meet.",
        ),
        (
            np.where(small, parabola, size).mean(),
            "beyond `delta` you return the plain absolute error, so the two pieces do "
            "not meet. Use delta * (|error| - delta / 2).",
        ),
        (
            np.where(small, size**2, line).mean(),
            "the parabola lacks its 1/2: with error**2 the two pieces do not meet at "
            "`delta`.",
        ),
        (
            np.where(small, line, parabola).mean(),
            "the two pieces are exchanged: small errors are squared, large ones count "
            "in a straight line.",
        ),
        ((size**2).mean(), squared),
        (parabola.mean(), squared),
        (
            size.mean(),
            "this is the mean absolute error: below `delta` the loss is a parabola, so "
            "that its slope goes to 0 with the error.",
        ),
        (
            signed.mean(),
            "large *negative* errors are squared as well: compare the absolute error "
            "with `delta`.",
        ),
        (
            _huber(y_true.mean(), y_pred.mean(), delta),
            "you average the errors first, so that opposite ones cancel. Compute the "
            "loss of each error, then the mean.",
        ),
        (each.sum(), "this is the sum of the losses: return their mean."),
        (each, one_number),
        (each.mean(axis=-1), one_number),
        (each.mean(axis=0), one_number),
    ]


def _check_huber(attempt: Attempt) -> str | None:
    true = np.array([0.5, 0.2, 0.0, 3.0, -2.0])
    pred = np.array([0.3, 0.6, 1.0, 1.0, 2.1])
    return judge(
        attempt,
        oracle=_huber,
        cases=[
            (true, pred, 0.7),
            (true, pred, 2.0),
            (true[:4].reshape(2, 2), pred[:4].reshape(2, 2), 0.5),
            (true, true, 1.0),
        ],
        mistakes=_huber_mistakes,
    )


def _paired_interval(a: ndarray, b: ndarray, t_quantile: float) -> _Pair:
    differences = [x - y for x, y in zip(a, b, strict=True)]
    n = len(differences)
    mean = sum(differences) / n
    variance = sum((d - mean) ** 2 for d in differences) / (n - 1)
    half = t_quantile * (variance / n) ** 0.5
    return mean - half, mean + half


def _paired_interval_mistakes(a: ndarray, b: ndarray, t_quantile: float) -> Mistakes:
    n = len(a)
    difference = a - b
    low, high = _paired_interval(a, b, t_quantile)
    unpaired = (
        "you treat the two models as unrelated. Both ran on the same seeds: take the "
        "difference seed by seed first, then its standard deviation."
    )
    one_seed = (
        "this is how far a single seed may lie, not how well the mean is known: divide "
        "the standard deviation by the square root of the number of seeds."
    )

    def around(standard_error: float) -> _Pair:
        half = t_quantile * standard_error
        return difference.mean() - half, difference.mean() + half

    return [
        (around(np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / n)), unpaired),
        (around(np.sqrt((a.var() + b.var()) / n)), unpaired),
        (
            around(difference.std() / np.sqrt(n)),
            "the standard deviation divides by n. With few seeds that is too small: "
            "use `ddof=1`, which divides by n - 1.",
        ),
        (around(difference.std(ddof=1)), one_seed),
        (around(difference.std()), one_seed),
        (
            (-high, -low),
            "the difference is taken the wrong way round: it is a - b, so that an "
            "interval below 0 says that `a` has the smaller error.",
        ),
        (
            ((low + high) / 2, (high - low) / 2),
            "you return the mean and half the width. Return the two ends: mean - half "
            "and mean + half.",
        ),
    ]


def _check_paired_interval(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(7)
    seeds = rng.normal(0.30, 0.03, size=5)
    a = (seeds + rng.normal(0.02, 0.008, size=5)).round(3)
    b = (seeds + rng.normal(0.00, 0.008, size=5)).round(3)
    return judge(
        attempt,
        oracle=_paired_interval,
        cases=[(a, b, 2.776), (a[:3], b[:3], 4.303), (b, a, 2.776)],
        mistakes=_paired_interval_mistakes,
    )


def _wind_vector(speed: ndarray, direction: ndarray) -> ndarray:
    result = np.zeros((len(speed), 2))
    for row, degrees in enumerate(direction):
        towards = np.pi * (degrees + 180) / 180
        result[row] = speed[row] * np.sin(towards), speed[row] * np.cos(towards)
    return result


def _wind_vector_mistakes(speed: ndarray, direction: ndarray) -> Mistakes:
    right = _wind_vector(speed, direction)
    angle = np.deg2rad(direction)
    plain = np.column_stack([speed * np.sin(direction), speed * np.cos(direction)])
    radians = (
        "the direction is in degrees, but NumPy's sine and cosine take radians: use "
        "`np.deg2rad`."
    )
    exchanged = (
        "the angle is counted from north and clockwise, not from east: the eastward "
        "part goes with the sine, the northward part with the cosine."
    )
    return [
        (
            -right,
            "this is where the wind comes from. A wind of 90 degrees comes from the "
            "east and moves the air towards the west: both parts change their sign.",
        ),
        (right[:, ::-1], exchanged),
        (-right[:, ::-1], exchanged),
        (-plain, radians),
        (plain, radians),
        (
            -np.column_stack([np.sin(angle), np.cos(angle)]),
            "this is the direction alone: multiply both parts by the speed.",
        ),
        (right.T, "expected one row for each hour, shape (n, 2); this is transposed."),
        (
            right * [1, -1],
            "the northward part has the wrong sign: a wind from the north (0 degrees) "
            "moves the air towards the south.",
        ),
        (
            right * [-1, 1],
            "the eastward part has the wrong sign: a wind from the east (90 degrees) "
            "moves the air towards the west.",
        ),
    ]


def _check_wind_vector(attempt: Attempt) -> str | None:
    return judge(
        attempt,
        oracle=_wind_vector,
        cases=[
            (np.array([2.0]), np.array([60.0])),
            (np.array([3.0, 1.0]), np.array([0.0, 200.0])),
            (np.array([1.5, 0.0, 4.0, 2.0]), np.array([359.0, 10.0, 1.0, 250.0])),
        ],
        mistakes=_wind_vector_mistakes,
    )


EXERCISES = {
    "12.3": Exercise(
        "undo_standardizing",
        ("predictions", "mean", "standard_deviation", "target_columns"),
        _check_undo_standardizing,
    ),
    "12.4": Exercise("early_stopping", ("losses", "patience"), _check_early_stopping),
    "12.5": Exercise("huber", ("y_true", "y_pred", "delta"), _check_huber),
    "12.6": Exercise(
        "paired_interval", ("a", "b", "t_quantile"), _check_paired_interval
    ),
    "12.9": Exercise("wind_vector", ("speed", "direction"), _check_wind_vector),
}
