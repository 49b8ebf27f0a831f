"""Tests of the checks for chapter 12: solutions pass, wrong answers are named."""

# ruff: noqa: ARG001, ARG005 - the signatures are those of the exercises

import keras
import numpy as np
import pytest
from scipy import stats

from coursepkg import datasets, exercises


def undo_standardizing(predictions, mean, standard_deviation, target_columns):
    """Return the solution of exercise 12.3."""
    columns = list(target_columns)
    return predictions * standard_deviation[columns] + mean[columns]


def early_stopping(losses, patience):
    """Return the solution of exercise 12.4."""
    best = waited = 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[best]:
            best, waited = epoch, 0
        else:
            waited += 1
        if waited == patience:
            return epoch, best
    return len(losses) - 1, best


def huber(y_true, y_pred, delta):
    """Return the solution of exercise 12.5."""
    error = np.abs(y_true - y_pred)
    parabola = error**2 / 2
    line = delta * (error - delta / 2)
    return np.where(error <= delta, parabola, line).mean()


def paired_interval(a, b, t_quantile):
    """Return the solution of exercise 12.6."""
    difference = a - b
    standard_error = difference.std(ddof=1) / np.sqrt(len(difference))
    half_width = t_quantile * standard_error
    return difference.mean() - half_width, difference.mean() + half_width


def wind_vector(speed, direction):
    """Return the solution of exercise 12.9."""
    origin = np.deg2rad(direction)
    return -speed[:, None] * np.column_stack([np.sin(origin), np.cos(origin)])


@pytest.mark.parametrize(
    ("key", "solution"),
    [
        ("12.3", undo_standardizing),
        ("12.4", early_stopping),
        ("12.5", huber),
        ("12.6", paired_interval),
        ("12.9", wind_vector),
    ],
)
def test_solution_passes(key, solution):
    """The solution that readers see passes its check."""
    assert exercises.check(key, solution).message.endswith("agrees on every test.")


def test_huber_of_keras_passes():
    """The loss that Keras computes passes the check."""

    def by_keras(y_true, y_pred, delta):
        return float(keras.losses.Huber(delta=delta)(y_true, y_pred))

    assert exercises.check("12.5", by_keras)


def test_early_stopping_of_keras_passes():
    """The epochs at which Keras's callback stops and restores pass the check."""

    def by_keras(losses, patience):
        callback = keras.callbacks.EarlyStopping(monitor="loss", patience=patience)
        callback.set_model(keras.Sequential())
        callback.model.stop_training = False
        callback.on_train_begin()
        for epoch, loss in enumerate(losses):
            callback.on_epoch_end(epoch, {"loss": loss})
            if callback.model.stop_training:
                break
        return epoch, callback.best_epoch

    assert exercises.check("12.4", by_keras)


def test_paired_interval_of_scipy_passes():
    """The confidence interval of SciPy's paired t test passes the check."""

    def by_scipy(a, b, t_quantile):
        level = 1 - 2 * stats.t.sf(t_quantile, len(a) - 1)
        interval = stats.ttest_rel(a, b).confidence_interval(level)
        return interval.low, interval.high

    assert exercises.check("12.6", by_scipy)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda p, m, s, c: p * s[: len(c)] + m[: len(c)], "first input columns"),
        (lambda p, m, s, c: p * s[c[0]] + m[c[0]], "the scale of the first one"),
        (
            lambda p, m, s, c: p * s[sorted(c)] + m[sorted(c)],
            "not in that of `target_columns`",
        ),
        (lambda p, m, s, c: (p + m[list(c)]) * s[list(c)], "the order is wrong"),
        (lambda p, m, s, c: p * s[list(c)], "the mean is not added back"),
        (lambda p, m, s, c: p + m[list(c)], "multiply by it before"),
        (lambda p, m, s, c: (p - m[list(c)]) / s[list(c)], "standardise once more"),
        (lambda p, m, s, c: p * s[list(c)] - m[list(c)], "for `predictions` = [["),
        (lambda p, m, s, c: p * s + m, "your function raised ValueError"),
        (
            lambda p, m, s, c: np.multiply(p, s[list(c)], out=p) + m[list(c)],
            "changes its argument `predictions`",
        ),
    ],
)
def test_undo_standardizing(wrong, sentence):
    """Each wrong way back to the unit of the data gets its sentence."""
    result = exercises.check("12.3", wrong)
    assert not result
    assert sentence in result.message


def stopping_with_ties(losses, patience):
    best = waited = 0
    for epoch in range(1, len(losses)):
        if losses[epoch] <= losses[best]:
            best, waited = epoch, 0
        else:
            waited += 1
        if waited == patience:
            return epoch, best
    return len(losses) - 1, best


def stopping_late(losses, patience):
    best = waited = 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[best]:
            best, waited = epoch, 0
        else:
            waited += 1
        if waited > patience:
            return epoch, best
    return len(losses) - 1, best


def stopping_without_reset(losses, patience):
    best = waited = 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[best]:
            best = epoch
        else:
            waited += 1
        if waited == patience:
            return epoch, best
    return len(losses) - 1, best


def stopping_by_previous(losses, patience):
    best = waited = 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[epoch - 1]:
            waited = 0
        else:
            waited += 1
        if losses[epoch] < losses[best]:
            best = epoch
        if waited == patience:
            return epoch, best
    return len(losses) - 1, best


def stopping_with_hindsight(losses, patience):
    best = int(np.argmin(losses))
    return min(best + patience, len(losses) - 1), best


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda losses, n: (early_stopping(losses, n)[0],) * 2, "as the best one"),
        (stopping_with_ties, "a loss equal to the best one"),
        (stopping_late, "one epoch too long"),
        (lambda losses, n: early_stopping(losses, n - 1), "one epoch too soon"),
        (stopping_without_reset, "not set back to 0"),
        (stopping_by_previous, "with the one before it"),
        (stopping_with_hindsight, "lowest loss of the whole list"),
        (lambda losses, n: early_stopping(losses, n)[::-1], "are exchanged"),
        (lambda losses, n: np.add(early_stopping(losses, n), 1).tolist(), "from 0"),
        (lambda losses, n: (len(losses) - 1, 0), "for `losses` = ["),
        (lambda losses, n: early_stopping(losses, n)[0], "expected 2 results, got one"),
    ],
)
def test_early_stopping(wrong, sentence):
    """Each wrong stopping rule gets its sentence."""
    result = exercises.check("12.4", wrong)
    assert not result
    assert sentence in result.message


def pieces(inside, outside):
    """Build a loss from a piece below delta and one above."""

    def loss(y_true, y_pred, delta):
        error = np.abs(y_true - y_pred)
        return np.mean(
            np.where(error <= delta, inside(error, delta), outside(error, delta))
        )

    return loss


def parabola(error, delta):
    return 0.5 * error**2


def line(error, delta):
    return delta * error - 0.5 * delta**2


def huber_with_sign(y_true, y_pred, delta):
    error = y_true - y_pred
    return np.mean(np.where(error <= delta, parabola(error, delta), line(error, delta)))


def huber_by_rows(y_true, y_pred, delta):
    error = np.abs(y_true - y_pred)
    loss = np.where(error <= delta, parabola(error, delta), line(error, delta))
    return loss.mean(axis=-1)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (pieces(parabola, lambda error, delta: delta * error), "the loss jumps"),
        (pieces(parabola, lambda error, delta: error - delta / 2), "lacks the factor"),
        (pieces(parabola, lambda error, delta: error), "plain absolute error"),
        (pieces(lambda error, delta: error**2, line), "lacks its 1/2"),
        (pieces(line, parabola), "are exchanged"),
        (pieces(parabola, parabola), "are squared as well"),
        (lambda y, p, delta: np.mean((y - p) ** 2), "are squared as well"),
        (lambda y, p, delta: np.mean(abs(y - p)), "this is the mean absolute error"),
        (huber_with_sign, "large *negative* errors"),
        (huber_by_rows, "expected one number"),
        (lambda y, p, delta: huber(y, p, delta) * y.size, "the sum of the losses"),
        (lambda y, p, delta: -huber(y, p, delta), "for `y_true` = ["),
    ],
)
def test_huber(wrong, sentence):
    """Each wrong loss gets its sentence."""
    result = exercises.check("12.5", wrong)
    assert not result
    assert sentence in result.message


def interval_unpaired(a, b, t_quantile):
    half = t_quantile * np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return a.mean() - b.mean() - half, a.mean() - b.mean() + half


def interval_of_population(a, b, t_quantile):
    half = t_quantile * np.std(a - b) / np.sqrt(len(a))
    return np.mean(a - b) - half, np.mean(a - b) + half


def interval_of_one_seed(a, b, t_quantile):
    half = t_quantile * np.std(a - b, ddof=1)
    return np.mean(a - b) - half, np.mean(a - b) + half


def interval_as_mean_and_half(a, b, t_quantile):
    low, high = paired_interval(a, b, t_quantile)
    return (low + high) / 2, (high - low) / 2


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (interval_unpaired, "two models as unrelated"),
        (interval_of_population, "`ddof=1`"),
        (interval_of_one_seed, "square root of the number of seeds"),
        (lambda a, b, t: paired_interval(b, a, t), "the wrong way round"),
        (interval_as_mean_and_half, "Return the two ends"),
        (lambda a, b, t: ((a - b).min(), (a - b).max()), "for `a` = ["),
    ],
)
def test_paired_interval(wrong, sentence):
    """Each wrong interval gets its sentence."""
    result = exercises.check("12.6", wrong)
    assert not result
    assert sentence in result.message


def test_wind_of_the_generator_passes():
    """The state that the oracle reads holds the same two numbers."""
    from coursepkg.datasets.climate import read_state

    frame = datasets.make_climate(n_steps=50).frame
    speed, direction = frame["wv (m/s)"].to_numpy(), frame["wd (deg)"].to_numpy()
    expected = read_state(frame)[:, 3:]
    np.testing.assert_allclose(wind_vector(speed, direction), expected, atol=1e-12)


def wind_of_degrees(speed, direction):
    return -speed[:, None] * np.column_stack([np.sin(direction), np.cos(direction)])


def wind_from_east(speed, direction):
    angle = np.deg2rad(direction)
    return -speed[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda speed, direction: -wind_vector(speed, direction), "comes from"),
        (wind_of_degrees, "NumPy's sine and cosine take radians"),
        (wind_from_east, "counted from north and clockwise"),
        (lambda s, d: wind_vector(s, d)[:, ::-1], "counted from north and clockwise"),
        (lambda s, d: wind_vector(np.ones_like(s), d), "multiply both parts"),
        (lambda s, d: wind_vector(s, d) * [1, -1], "the northward part"),
        (lambda s, d: wind_vector(s, d) * [-1, 1], "the eastward part"),
        (lambda s, d: 2 * wind_vector(s, d), "for `speed` = ["),
    ],
)
def test_wind_vector(wrong, sentence):
    """Each wrong vector gets its sentence."""
    result = exercises.check("12.9", wrong)
    assert not result
    assert sentence in result.message


def test_untouched_stub_of_the_wind_is_not_attempted():
    """A stub is answered kindly."""

    def stub(speed, direction):
        raise NotImplementedError

    assert "not attempted yet" in exercises.check("12.9", stub).message
