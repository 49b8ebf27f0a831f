"""Splits, forecast origins, windows and scaling, against loops over definitions."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from coursepkg import windows

UNIVARIATE = np.arange(100, 120)  # (20,)
SERIES = np.arange(60.0).reshape(20, 3)  # (20, 3)


def windows_by_loop(
    series,
    *,
    sequence_length,
    horizon=1,
    target=None,
    sampling_rate=1,
    sequence_stride=1,
    origins=None,
    every_step=False,
):
    """Cut windows value by value, straight from the definition."""
    series = np.asarray(series)
    columns = range(series.shape[1]) if series.ndim == 2 else [None]

    def value(row, column):
        return series[row] if column is None else series[row, column]

    def target_at(t):
        wanted = columns if target is None else np.atleast_1d(target)
        rows = [
            [value(t + h, column) for column in wanted] for h in np.atleast_1d(horizon)
        ]
        if series.ndim == 1 or np.ndim(target) == 0 and target is not None:
            rows = [row[0] for row in rows]
        return rows if np.ndim(horizon) else rows[0]

    furthest = max(np.atleast_1d(horizon))
    inputs, targets = [], []
    for t in range(len(series)) if origins is None else origins:
        steps = [
            t - (sequence_length - 1 - i) * sampling_rate
            for i in range(sequence_length)
        ]
        if steps[0] < 0 or t + furthest >= len(series):
            continue
        inputs.append([[value(step, column) for column in columns] for step in steps])
        targets.append([target_at(s) for s in steps] if every_step else target_at(t))
    return (
        np.array(inputs[::sequence_stride], dtype=series.dtype),
        np.array(targets[::sequence_stride], dtype=series.dtype),
    )


@st.composite
def requests(draw):
    """Draw a series of distinct values and a request for windows that is possible."""
    n = draw(st.integers(2, 40))
    features = draw(st.sampled_from([None, 1, 2, 3]))
    dtype = draw(st.sampled_from(["float32", "float64", "int16", ">f4"]))
    series = np.arange(n * (features or 1), dtype=dtype)
    if features:
        series = series.reshape(n, features)
    rate = draw(st.integers(1, 7))
    length = draw(st.integers(1, 1 + (n - 2) // rate))
    room = n - 1 - (length - 1) * rate
    steps = st.integers(1, room)
    request = {
        "sequence_length": length,
        "horizon": draw(st.one_of(steps, st.lists(steps, min_size=1, max_size=4))),
        "sampling_rate": rate,
        "sequence_stride": draw(st.integers(1, 4)),
        "every_step": draw(st.booleans()),
    }
    if features:
        column = st.integers(-features, features - 1)
        columns = st.lists(column, min_size=1, max_size=3)
        request["target"] = draw(st.one_of(st.none(), column, columns))
    return series, request


# ------------------------------------------------------------------ sliding windows


@given(requests())
def test_windows_equal_a_loop_over_the_definition(drawn):
    """Every combination of options gives what the double loop gives, dtype included."""
    series, request = drawn
    inputs, targets = windows.sliding_windows(series, **request)
    expected_inputs, expected_targets = windows_by_loop(series, **request)
    assert inputs.dtype == targets.dtype == series.dtype
    np.testing.assert_array_equal(inputs, expected_inputs, strict=True)
    np.testing.assert_array_equal(targets, expected_targets, strict=True)


@given(requests(), st.randoms(use_true_random=False))
def test_chosen_origins_equal_a_loop_over_them(drawn, random):
    """An array of origins gives its windows in its own order, every stride-th."""
    series, request = drawn
    furthest = max(np.atleast_1d(request["horizon"]))
    reach = (request["sequence_length"] - 1) * request["sampling_rate"]
    possible = list(range(reach, len(series) - furthest))
    origins = random.sample(possible, random.randint(1, len(possible)))
    result = windows.sliding_windows(series, origins=np.array(origins), **request)
    expected = windows_by_loop(series, origins=origins, **request)
    for got, wanted in zip(result, expected, strict=True):
        np.testing.assert_array_equal(got, wanted, strict=True)


@pytest.mark.parametrize(
    ("series", "options", "shape"),
    [
        (UNIVARIATE, {}, (16,)),
        (UNIVARIATE, {"horizon": range(1, 3)}, (15, 2)),
        (UNIVARIATE, {"horizon": [2]}, (15, 1)),
        (UNIVARIATE, {"every_step": True}, (16, 4)),
        (UNIVARIATE, {"every_step": True, "horizon": range(1, 3)}, (15, 4, 2)),
        (SERIES, {}, (16, 3)),
        (SERIES, {"target": 1}, (16,)),
        (SERIES, {"target": [1]}, (16, 1)),
        (SERIES, {"target": [2, 0], "horizon": range(1, 3)}, (15, 2, 2)),
        (SERIES, {"target": 1, "every_step": True}, (16, 4)),
        (SERIES, {"target": [1, 2], "every_step": True}, (16, 4, 2)),
        (SERIES, {"horizon": [1, 5], "every_step": True}, (12, 4, 2, 3)),
    ],
)
def test_targets_have_the_documented_shape(series, options, shape):
    """The axes are batch, step, horizon, column, each there only when asked for."""
    inputs, targets = windows.sliding_windows(series, sequence_length=4, **options)
    assert targets.shape == shape
    assert inputs.shape == (shape[0], 4, 1 if series.ndim == 1 else 3)


def test_one_window_by_hand():
    """Rows 1, 4 and 7 forecast row 9: the definition, with numbers."""
    inputs, targets = windows.sliding_windows(
        UNIVARIATE, sequence_length=3, sampling_rate=3, horizon=2, origins=[7]
    )
    assert inputs[0, :, 0].tolist() == [101, 104, 107]
    assert targets.tolist() == [109]


def test_a_slice_of_origins_takes_the_possible_ones_and_reaches_back():
    """Origins 10 to 19 begin with a window of rows 7 to 10 and end one row early."""
    inputs, targets = windows.sliding_windows(
        UNIVARIATE, sequence_length=4, origins=slice(10, 20)
    )
    assert inputs[0, :, 0].tolist() == [107, 108, 109, 110]
    assert targets.tolist() == list(range(111, 120))
    inputs, _ = windows.sliding_windows(
        UNIVARIATE, sequence_length=4, origins=slice(0, 10), sequence_stride=2
    )
    assert inputs[:, -1, 0].tolist() == [103, 105, 107, 109]


@pytest.mark.parametrize(
    "layout",
    [
        np.asfortranarray(SERIES),
        np.repeat(SERIES, 2, axis=0)[::2],
        SERIES[::-1][::-1],
        SERIES.tolist(),
    ],
    ids=["by column", "strided", "reversed twice", "list"],
)
@pytest.mark.parametrize("sampling_rate", [1, 3])
def test_the_layout_in_memory_does_not_matter(layout, sampling_rate):
    """Series that do not lie row by row give the same windows."""
    options = {"sequence_length": 4, "sampling_rate": sampling_rate, "target": [2, 1]}
    result = windows.sliding_windows(layout, **options)
    expected = windows_by_loop(SERIES, **options)
    for got, wanted in zip(result, expected, strict=True):
        np.testing.assert_array_equal(got, wanted, strict=True)


def test_a_column_made_by_a_new_axis_is_read_correctly():
    """An axis of length 1 may have any stride: series[:, None] has 0."""
    column = np.lib.stride_tricks.as_strided(UNIVARIATE, (20, 1), (8, 0))
    inputs, _ = windows.sliding_windows(column, sequence_length=3)
    expected, _ = windows.sliding_windows(UNIVARIATE, sequence_length=3)
    np.testing.assert_array_equal(inputs, expected)


def test_windows_are_new_arrays_and_the_series_is_not_touched():
    """Writing into a result changes neither the series nor another result."""
    series = SERIES.copy()
    series.flags.writeable = False
    inputs, targets = windows.sliding_windows(series, sequence_length=3)
    inputs[...] = targets[...] = -1
    np.testing.assert_array_equal(series, SERIES)
    assert not np.shares_memory(inputs, series)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"sequence_length": 21}, ValueError, "fit into the series of 20 rows, got 21"),
        (
            {"sequence_length": 5, "sampling_rate": 5},
            ValueError,
            "spans 21 rows at sampling_rate=5.*lower sampling_rate",
        ),
        ({"sequence_length": 20}, ValueError, "`horizon` must end within.*at most 0"),
        ({"horizon": 17}, ValueError, "`horizon` must end within.*at most 16"),
        ({"horizon": range(1, 30)}, ValueError, r"got range\(1, 30\) after windows"),
        ({"horizon": [1, 2, 40]}, ValueError, r"got \[1, 2, 40\] after windows"),
        ({"horizon": 0}, ValueError, "`horizon` must be at least 1, got 0"),
        ({"horizon": [1, -1]}, ValueError, "`horizon` must be at least 1, got -1"),
        ({"horizon": []}, ValueError, "`horizon` must be one integer or several"),
        ({"horizon": 1.5}, TypeError, "`horizon` must be an integer, got 1.5"),
        ({"horizon": [1, 1.5]}, TypeError, "`horizon` must be an integer, got 1.5"),
        ({"horizon": [[1, 2]]}, TypeError, "`horizon` must be an integer"),
        ({"horizon": None}, TypeError, "`horizon` must be an integer, got None"),
        ({"horizon": True}, TypeError, "`horizon` must be an integer, got True"),
        ({"sequence_length": 0}, ValueError, "`sequence_length` must be at least 1"),
        ({"sequence_length": 4.0}, TypeError, "`sequence_length` must be an integer"),
        ({"sampling_rate": 0}, ValueError, "`sampling_rate` must be at least 1"),
        ({"sampling_rate": -2}, ValueError, "`sampling_rate` must be at least 1"),
        ({"sequence_stride": 0}, ValueError, "`sequence_stride` must be at least 1"),
        ({"sequence_stride": -1}, ValueError, "`sequence_stride` must be at least 1"),
        ({"target": 3}, ValueError, "`target` must be a column from 0 to 2, got 3"),
        ({"target": [0, -4]}, ValueError, r"`target` must be.*got \[0, -4\]"),
        ({"target": []}, ValueError, "`target` must be one integer or several"),
        ({"target": "T (degC)"}, TypeError, "`target` must be an integer, got 'T'"),
        ({"target": 1.0}, TypeError, "`target` must be an integer"),
        ({"every_step": "yes"}, ValueError, "`every_step` must be one of True, False"),
        (
            {"origins": [2, 9]},
            ValueError,
            "`origins` must be at least 3, got 2.*row -1",
        ),
        ({"origins": [-1]}, ValueError, "`origins` must be at least 3, got -1"),
        ({"origins": [19]}, ValueError, "`origins` must be at most 18, got 19.*row 20"),
        ({"origins": [4, 5, 4]}, ValueError, "`origins` must be different"),
        ({"origins": []}, ValueError, "`origins` must hold at least one step"),
        ({"origins": [4.0]}, TypeError, "`origins` must be integers, got dtype float"),
        ({"origins": np.full(20, True)}, TypeError, "np.flatnonzero"),
        ({"origins": [[4]]}, ValueError, "`origins` must have 1 axes, got 2"),
        ({"origins": 4}, ValueError, "`origins` must have 1 axes, got 0"),
        ({"origins": slice(5, 5)}, ValueError, "`origins` must hold at least one row"),
        ({"origins": slice(0, 3)}, ValueError, "`origins` must hold a step with a"),
        ({"origins": slice(19, 20)}, ValueError, "`origins` must hold a step with a"),
        ({"origins": slice(0, 21)}, ValueError, "within the 20 rows of the series"),
        ({"origins": slice(0, 20, 2)}, ValueError, "`origins` must have the step 1"),
        ({"origins": slice(0.5, 20)}, TypeError, "`origins.start` must be an integer"),
    ],
)
def test_an_impossible_request_is_refused(options, error, message):
    """The message names what was passed, what was expected and what to do."""
    request = {"sequence_length": 4} | options
    with pytest.raises(error, match=message) as caught:
        windows.sliding_windows(SERIES, **request)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("series", "error", "message"),
    [
        (np.where(SERIES == 31, np.nan, SERIES), ValueError, r"1 NaN.*\[10, 1\]"),
        (np.where(SERIES == 31, np.inf, SERIES), ValueError, "`series` must be finite"),
        (np.zeros((5, 4, 3)), ValueError, "`series` must have 1 or 2 axes, got 3"),
        (3.0, ValueError, "`series` must have 1 or 2 axes, got 0"),
        (np.zeros(0), ValueError, "`series` must have at least one row"),
        (np.zeros((20, 0)), ValueError, "`series` must have at least one row and col"),
        (["W", "A", "U"] * 7, TypeError, "`series` must hold real numbers"),
        ([[1, 2], [3]], ValueError, "`series` must be an array"),
    ],
)
def test_an_unusable_series_is_refused(series, error, message):
    """NaN, an empty or ragged series and text are refused, NaN with its place."""
    with pytest.raises(error, match=message):
        windows.sliding_windows(series, sequence_length=4)


def test_a_target_column_of_a_1d_series_is_refused():
    """A series of shape (time,) has no columns to choose from."""
    with pytest.raises(
        ValueError, match=r"`target` must be None for a series of shape"
    ):
        windows.sliding_windows(UNIVARIATE, sequence_length=4, target=0)


# ------------------------------------------------------------------ splits


def test_a_split_by_hand():
    """70, 15 and 15 rows of 100, in order, three rows dropped after each cut."""
    split = windows.temporal_split(100, embargo=3)
    assert split == (slice(0, 70), slice(73, 85), slice(88, 100))


@given(
    st.integers(3, 10_000),
    st.tuples(*[st.integers(1, 20)] * 3),
    st.integers(0, 30),
)
def test_a_split_keeps_order_sizes_and_the_embargo(n, weights, embargo):
    """Parts follow each other, are as long as their share, and start after a gap."""
    fractions = tuple(weight / sum(weights) for weight in weights)
    sizes = [n * fraction for fraction in fractions]
    assume(min(sizes) > embargo + 2)
    train, validation, test = windows.temporal_split(
        n, fractions=fractions, embargo=embargo
    )
    assert train.start == 0
    assert validation.start == train.stop + embargo
    assert test.start == validation.stop + embargo
    assert test.stop == n
    lengths = [part.stop - part.start for part in (train, validation, test)]
    gaps = [0, embargo, embargo]
    for length, gap, size in zip(lengths, gaps, sizes, strict=True):
        assert abs(length + gap - size) < 1 + 1e-6


@pytest.mark.parametrize("n", [10, 20, 40, 100, 700, 1000, 1_000_000])
def test_a_share_that_is_whole_on_paper_is_not_rounded_down(n):
    """0.7 * n and 0.9 * n are whole here, whatever floating point makes of them."""
    train, validation, _ = windows.temporal_split(n, fractions=(0.7, 0.2, 0.1))
    assert train.stop * 10 == n * 7
    assert validation.stop * 10 == n * 9


def test_an_embargo_keeps_targets_apart():
    """With embargo >= horizon no training target is a row of validation."""
    n, horizon = 200, 12
    train, validation, _ = windows.temporal_split(n, embargo=horizon)
    furthest_target = train.stop - 1 + horizon
    assert furthest_target < validation.start


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"fractions": (0.7, 0.2)}, ValueError, "three positive shares"),
        ({"fractions": (0.7, 0.3, 0.0)}, ValueError, "three positive shares"),
        ({"fractions": (0.7, 0.2, 0.2)}, ValueError, "with the sum 1.1"),
        ({"fractions": (0.5, 0.2, 0.2)}, ValueError, "with the sum 0.9"),
        ({"fractions": (1.2, -0.1, -0.1)}, ValueError, "between 0 and 1, got 1.2"),
        ({"fractions": (70, 15, 15)}, ValueError, "between 0 and 1, got 70"),
        ({"fractions": (0.5, 0.5, float("nan"))}, ValueError, "between 0 and 1"),
        ({"fractions": 0.7}, TypeError, "`fractions` must be three numbers, got 0.7"),
        ({"fractions": "abc"}, TypeError, "`fractions` must be three numbers"),
        ({"embargo": -1}, ValueError, "`embargo` must be at least 0, got -1"),
        ({"embargo": 15}, ValueError, "no validation row from 100 rows"),
        ({"embargo": 1.0}, TypeError, "`embargo` must be an integer"),
        ({"fractions": (0.005, 0.5, 0.495)}, ValueError, "no training row"),
        ({"fractions": (0.5, 0.495, 0.005), "embargo": 1}, ValueError, "no test row"),
    ],
)
def test_an_impossible_split_is_refused(options, error, message):
    """Odd fractions and empty parts are refused with the part and the numbers."""
    with pytest.raises(error, match=message):
        windows.temporal_split(100, **options)


@pytest.mark.parametrize("n", [2, 0, -5])
def test_a_series_too_short_to_split_is_refused(n):
    """Three parts need three rows."""
    with pytest.raises(ValueError, match=f"`n` must be at least 3, got {n}"):
        windows.temporal_split(n)


# ------------------------------------------------------------------ forecast origins


@given(st.data())
def test_origins_equal_a_search_over_all_steps(data):
    """A step is an origin when each row it touches passes each rule, one by one."""
    n = data.draw(st.integers(1, 40))
    length = data.draw(st.integers(1, 6))
    rate = data.draw(st.integers(1, 4))
    horizons = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))
    assume((length - 1) * rate + max(horizons) < n)
    bounds = data.draw(st.tuples(st.integers(0, n - 1), st.integers(1, n)))
    part = slice(*bounds) if bounds[0] < bounds[1] else None
    ids = data.draw(st.none() | st.lists(st.sampled_from("ab"), min_size=n, max_size=n))
    expected = []
    for t in range(n):
        first, last = t - (length - 1) * rate, t + max(horizons)
        if first < 0 or last >= n:
            continue
        targets = {t + h for h in horizons}
        if part and not targets <= set(range(part.start, part.stop)):
            continue
        if ids and len(set(ids[first : last + 1])) > 1:
            continue
        expected.append(t)
    request = {
        "sequence_length": length,
        "horizon": horizons,
        "sampling_rate": rate,
        "targets_in": part,
        "segments": ids,
    }
    if expected:
        assert windows.forecast_origins(n, **request).tolist() == expected
    else:
        with pytest.raises(ValueError, match="at least one forecast origin"):
            windows.forecast_origins(n, **request)


def test_origins_keep_all_targets_in_a_part_and_let_windows_reach_back():
    """Targets 80 to 89 of the validation part, inputs from the rows before it."""
    part = slice(80, 90)
    origins = windows.forecast_origins(100, sequence_length=30, targets_in=part)
    inputs, targets = windows.sliding_windows(
        np.arange(100), sequence_length=30, origins=origins
    )
    assert targets.tolist() == list(range(80, 90))
    assert inputs.min() == 50


def test_origins_count_from_the_end_with_negative_bounds():
    """slice(-5, None) are the last five rows, as in any slice."""
    origins = windows.forecast_origins(
        20, sequence_length=2, targets_in=slice(-5, None)
    )
    assert origins.tolist() == [14, 15, 16, 17, 18]


def test_a_segment_id_that_comes_back_is_another_segment():
    """Two runs with the same id do not touch across the run between them."""
    segments = [0, 0, 0, 1, 1, 1, 0, 0, 0]
    origins = windows.forecast_origins(9, sequence_length=2, segments=segments)
    assert origins.tolist() == [1, 4, 7]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"sequence_length": 11}, ValueError, "fit into the series of 10 rows, got 11"),
        ({"horizon": 9}, ValueError, "`horizon` must end within"),
        ({"horizon": 0}, ValueError, "`horizon` must be at least 1, got 0"),
        ({"horizon": 2.0}, TypeError, "`horizon` must be an integer, got 2.0"),
        ({"sampling_rate": 0}, ValueError, "`sampling_rate` must be at least 1"),
        ({"targets_in": (2, 5)}, TypeError, "`targets_in` must be a slice, got tuple"),
        ({"targets_in": slice(5, 2)}, ValueError, "at least one row, got slice"),
        ({"targets_in": slice(0, 11)}, ValueError, "within the 10 rows"),
        ({"targets_in": slice(0, 9, 3)}, ValueError, "must have the step 1"),
        ({"targets_in": slice(0, 2)}, ValueError, "at least one forecast origin"),
        ({"segments": [0] * 9}, ValueError, r"`segments` must have one id.*\(9,\)"),
        ({"segments": [0.0] * 9 + [np.nan]}, ValueError, "`segments` must be ids"),
        ({"segments": range(10)}, ValueError, "and the given segments"),
    ],
)
def test_impossible_origins_are_refused(options, error, message):
    """What leaves no origin is refused instead of giving an empty array."""
    with pytest.raises(error, match=message):
        windows.forecast_origins(10, **({"sequence_length": 3} | options))


# ------------------------------------------------------------------ standardizing


def test_standardized_training_rows_have_mean_0_and_deviation_1():
    """Each column of the training rows comes out with mean 0 and deviation 1."""
    rng = np.random.default_rng(0)
    train = rng.normal(5.0, 3.0, (50, 4)) * [1, 10, 100, 1e-6]
    scaled = windows.Standardizer().fit(train).transform(train)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(scaled.std(axis=0), 1)


def test_scaling_by_hand():
    """Training values 1 and 3 have mean 2 and deviation 1: 7 becomes 5."""
    standardizer = windows.Standardizer().fit([1, 3])
    assert standardizer.mean == 2
    assert standardizer.scale == 1
    assert standardizer.transform([7]).tolist() == [5]
    assert standardizer.inverse_transform([5]).tolist() == [7]


@given(
    st.integers(1, 5), st.sampled_from(["float32", "float64"]), st.integers(0, 2**32)
)
def test_the_inverse_undoes_the_scaling(features, dtype, seed):
    """Back and forth gives the same values and dtype, for series and for windows."""
    rng = np.random.default_rng(seed)
    train = rng.normal(size=(20, features)).astype(dtype)
    standardizer = windows.Standardizer().fit(train)
    for shape in [(7, features), (4, 6, features)]:
        x = rng.normal(size=shape).astype(dtype)
        scaled = standardizer.transform(x)
        assert scaled.dtype == dtype
        back = standardizer.inverse_transform(scaled)
        assert back.dtype == dtype
        np.testing.assert_allclose(back, x, atol=1e-5 if dtype == "float32" else 1e-12)


def test_only_the_training_rows_count():
    """Values to be scaled do not change how they are scaled, nor are they changed."""
    standardizer = windows.Standardizer().fit(np.array([0.0, 2.0]))
    later = np.array([100.0, 200.0])
    assert standardizer.transform(later).tolist() == [99.0, 199.0]
    assert later.tolist() == [100.0, 200.0]


def test_a_constant_column_becomes_0_and_comes_back():
    """The scale of a column that never changes is 1, not 0."""
    train = np.full((5, 1), 0.1, dtype=np.float32)
    standardizer = windows.Standardizer().fit(train)
    np.testing.assert_allclose(standardizer.transform(train), 0, atol=1e-7)
    np.testing.assert_allclose(
        standardizer.inverse_transform(standardizer.transform(train)), 0.1
    )


def test_integers_become_float64():
    """Counts are scaled in double precision."""
    scaled = windows.Standardizer().fit([1, 3]).transform(np.array([2, 4]))
    assert scaled.dtype == np.float64


def test_scaling_is_refused_where_it_makes_no_sense():
    """Not fitted, other columns, NaN and nothing to fit each get their message."""
    with pytest.raises(RuntimeError, match="not fitted"):
        windows.Standardizer().transform([1.0])
    fitted = windows.Standardizer().fit(SERIES)
    with pytest.raises(ValueError, match=r"`x` must have 3 features.*\(20, 2\)"):
        fitted.transform(SERIES[:, :2])
    with pytest.raises(ValueError, match="`x` must have 3 features"):
        fitted.inverse_transform(3.0)
    with pytest.raises(ValueError, match="`train` must be finite"):
        windows.Standardizer().fit([1.0, np.nan])
    with pytest.raises(ValueError, match="`train` must have at least one row"):
        windows.Standardizer().fit(SERIES[:0])
    with pytest.raises(ValueError, match="`train` must have 1 or 2 axes"):
        windows.Standardizer().fit(np.zeros((2, 2, 2)))


def test_a_standardizer_says_what_it_was_fitted_on():
    """The repr shows the number of features, or that there is none yet."""
    assert repr(windows.Standardizer()) == "Standardizer(not fitted)"
    assert repr(windows.Standardizer().fit(SERIES)) == "Standardizer(n_features=3)"


# ------------------------------------------------------------------ the room


def test_the_room_needs_no_keras_until_the_source_is_asked_for():
    """Importing the room and cutting windows loads neither Keras nor TensorFlow."""
    program = (
        "import sys, numpy as np\n"
        "from coursepkg import windows\n"
        "windows.sliding_windows(np.arange(9), sequence_length=3)\n"
        "assert 'WindowSource' in dir(windows)\n"
        "raise SystemExit('keras' in sys.modules or 'tensorflow' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_an_unknown_name_is_an_attribute_error():
    """The lazy import answers for one name only."""
    with pytest.raises(AttributeError, match="no attribute 'WindowSauce'"):
        _ = windows.WindowSauce
