"""Batches of windows: what they hold, the order of passes, and how Keras sees them."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursepkg import windows

SERIES = np.arange(150, dtype="float32").reshape(50, 3)  # (50, 3)


def stacked(batches):
    """Join the batches of a pass into one array of inputs and one of targets."""
    inputs, targets = zip(*batches, strict=True)
    return np.concatenate(inputs), np.concatenate(targets)


def last_rows(source):
    """Read the origins off the windows of a pass over np.arange: their last step."""
    return [int(row) for inputs, _ in source for row in inputs[:, -1, 0]]


class Recorder(keras.layers.Layer):
    """Pass the windows on and note the first value of each last step."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def call(self, inputs):
        if hasattr(inputs, "numpy"):  # not while Keras works out the shapes
            self.seen.append(inputs[:, -1, 0].numpy().astype(int).tolist())
        return inputs

    def epochs(self, n_batches):
        """Split what was seen into epochs, each a list of origins."""
        parts = range(0, len(self.seen), n_batches)
        return [sum(self.seen[start : start + n_batches], []) for start in parts]


def recording_model():
    """Return a linear model that records the windows it is given, run eagerly."""
    recorder = Recorder()
    model = keras.Sequential([recorder, keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mae", run_eagerly=True)
    return model, recorder


# ------------------------------------------------------------------ what a batch holds


@given(
    st.sampled_from([None, 1, 3]),
    st.integers(1, 5),
    st.integers(1, 3),
    st.integers(1, 3),
    st.booleans(),
    st.booleans(),
    st.integers(1, 60),
)
def test_a_pass_in_order_is_sliding_windows(
    features, length, rate, stride, several, every_step, batch_size
):
    """The batches of a pass, joined, are what `sliding_windows` cuts at once."""
    series = SERIES[:, 0] if features is None else SERIES[:, :features]
    options = {
        "sequence_length": length,
        "sampling_rate": rate,
        "sequence_stride": stride,
        "horizon": [1, 4] if several else 2,
        "every_step": every_step,
    }
    expected = windows.sliding_windows(series, **options)
    source = windows.WindowSource(series, batch_size=batch_size, **options)
    batches = list(source)
    assert len(batches) == len(source)
    assert {len(inputs) for inputs, _ in batches[:-1]} <= {batch_size}
    for got, wanted in zip(stacked(batches), expected, strict=True):
        np.testing.assert_array_equal(got, wanted, strict=True)


@given(st.integers(1, 30), st.integers(1, 5), st.integers(1, 4), st.integers(0, 9))
def test_a_shuffled_pass_holds_every_window_once(batch_size, rate, stride, seed):
    """Shuffling permutes windows and targets together; none is lost or doubled."""
    options = {"sequence_length": 4, "sampling_rate": rate, "sequence_stride": stride}
    inputs, targets = windows.sliding_windows(SERIES, **options)
    source = windows.WindowSource(
        SERIES, batch_size=batch_size, shuffle=True, seed=seed, **options
    )
    got_inputs, got_targets = stacked(source)
    order = np.argsort(got_targets[:, 0])
    np.testing.assert_array_equal(got_inputs[order], inputs)
    np.testing.assert_array_equal(got_targets[order], targets)


def test_chosen_origins_are_all_served():
    """Origins of one part of a split are served once each, with no others."""
    origins = windows.forecast_origins(50, sequence_length=5, targets_in=slice(20, 40))
    source = windows.WindowSource(
        np.arange(50), sequence_length=5, origins=origins, batch_size=7, shuffle=True
    )
    assert sorted(last_rows(source)) == origins.tolist() == source.origins.tolist()


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "float16"])
def test_the_dtype_of_the_series_is_kept(dtype):
    """No batch is converted."""
    source = windows.WindowSource(
        np.arange(20).astype(dtype), sequence_length=3, sampling_rate=2
    )
    inputs, targets = source[0]
    assert inputs.dtype == targets.dtype == dtype


@pytest.mark.parametrize("sampling_rate", [1, 6])
def test_every_batch_is_a_fresh_array(sampling_rate):
    """Two reads of a batch share no memory with each other or with the series."""
    series = SERIES.copy()
    source = windows.WindowSource(
        series, sequence_length=3, sampling_rate=sampling_rate, batch_size=8
    )
    first, second = source[0], source[0]
    for one, other in zip(first, second, strict=True):
        assert one.flags.owndata or one.base.flags.owndata
        assert not np.shares_memory(one, other)
        assert not np.shares_memory(one, series)
        one[...] = -1
    np.testing.assert_array_equal(source[0][0], second[0])
    np.testing.assert_array_equal(series, SERIES)


def test_a_contiguous_series_is_not_copied_at_rate_1():
    """The source reads the array it was given, so it takes no memory for it."""
    source = windows.WindowSource(SERIES, sequence_length=3)
    assert np.shares_memory(source._windowing.rows, SERIES)
    assert np.shares_memory(source._windowing.target_rows, SERIES)


# ------------------------------------------------------------------ passes


def test_pass_k_is_ordered_by_the_documented_generator():
    """Pass k is default_rng([seed, k]).permutation of the windows, for every k."""
    source = windows.WindowSource(
        np.arange(40), sequence_length=4, batch_size=8, shuffle=True, seed=7
    )
    for k in range(3):
        order = np.random.default_rng([7, k]).permutation(36)
        assert last_rows(source) == source.origins[order].tolist()
        assert source.pass_number == k


def test_a_batch_is_the_same_whenever_it_is_asked_for():
    """source[i] is batch i of the pass, before, during and after the loop over it."""
    source = windows.WindowSource(
        np.arange(40), sequence_length=4, batch_size=8, shuffle=True
    )
    early = source[2]
    for index, batch in enumerate(source):
        np.testing.assert_array_equal(batch[0], source[index][0])
    np.testing.assert_array_equal(early[0], source[2][0])
    np.testing.assert_array_equal(early[1], source[2][1])


def test_the_end_of_an_epoch_begins_the_next_pass():
    """After on_epoch_end batches are those of the next pass, which a loop then uses."""
    source = windows.WindowSource(
        np.arange(40), sequence_length=4, batch_size=36, shuffle=True
    )
    before = source[0][1]
    source.on_epoch_end()
    after = source[0][1]
    assert before.tolist() != after.tolist()
    assert sorted(before) == sorted(after)
    (batch,) = source
    np.testing.assert_array_equal(batch[1], after)


def test_two_loops_at_once_are_two_passes():
    """An iterator keeps the order it started with while another one runs."""
    source = windows.WindowSource(
        np.arange(40), sequence_length=4, batch_size=6, shuffle=True, seed=3
    )
    pairs = [(a[1], b[1]) for a, b in zip(source, source, strict=True)]
    for k, batches in enumerate(zip(*pairs, strict=True)):
        order = np.random.default_rng([3, k]).permutation(36)
        expected = source.origins[order] + 1
        np.testing.assert_array_equal(np.concatenate(batches), expected)


def test_a_loop_left_early_does_not_disturb_the_next_pass():
    """After a break the next loop is a whole pass, in the next order."""
    source = windows.WindowSource(
        np.arange(40), sequence_length=4, batch_size=6, shuffle=True
    )
    for _ in source:
        break
    order = np.random.default_rng([0, 1]).permutation(36)
    assert last_rows(source) == source.origins[order].tolist()


def test_without_shuffling_every_pass_is_in_order():
    """In order means in the order of the origins that were passed."""
    source = windows.WindowSource(
        np.arange(40), sequence_length=4, origins=[9, 5, 30], batch_size=2
    )
    assert last_rows(source) == last_rows(source) == [9, 5, 30]


def test_seeds_decide_the_order_alone():
    """Equal seeds give equal orders, others other ones; a generator seeds too."""

    def order(seed):
        return last_rows(
            windows.WindowSource(
                np.arange(40), sequence_length=4, shuffle=True, seed=seed
            )
        )

    assert order(1) == order(1) != order(2)
    assert order(np.random.default_rng(5)) == order(np.random.default_rng(5))
    generator = np.random.default_rng(5)
    assert order(generator) != order(generator)


# ------------------------------------------------------------------ indices and threads


def test_batches_are_counted_and_indexed_as_in_a_sequence():
    """len() rounds up, negative indices count from the end, the rest is IndexError."""
    source = windows.WindowSource(np.arange(40), sequence_length=4, batch_size=5)
    assert len(source) == source.num_batches == 8
    assert len(source[7][1]) == 1
    np.testing.assert_array_equal(source[-1][0], source[np.int64(7)][0])
    for index in (8, -9, 1000):
        with pytest.raises(IndexError, match=f"from 0 to 7, got {index}"):
            source[index]
    with pytest.raises(TypeError):
        source[1.0]


def test_many_threads_read_the_same_batches():
    """Batches read by eight threads at once equal those read one by one."""
    source = windows.WindowSource(
        SERIES, sequence_length=4, sampling_rate=3, batch_size=2, shuffle=True
    )
    expected = [source[index] for index in range(len(source))]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(source.__getitem__, list(range(len(source))) * 20))
    for index, batch in enumerate(got):
        for one, other in zip(batch, expected[index % len(source)], strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_source_survives_pickling_at_the_size_of_the_series():
    """Another process gets the same batches, and no materialised windows."""
    series = np.arange(5000.0)
    source = windows.WindowSource(series, sequence_length=500, shuffle=True)
    text = pickle.dumps(source)
    assert len(text) < 4 * series.nbytes
    np.testing.assert_array_equal(pickle.loads(text)[3][0], source[3][0])


def test_a_source_says_what_it_serves():
    """The repr shows the number of windows and the shapes of a full batch."""
    source = windows.WindowSource(
        SERIES, sequence_length=4, horizon=[1, 2], target=0, batch_size=8
    )
    expected = "n_windows=45, n_batches=6, inputs=(8, 4, 3), targets=(8, 2)"
    assert repr(source) == f"WindowSource({expected})"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"batch_size": 0}, ValueError, "`batch_size` must be at least 1, got 0"),
        ({"batch_size": 8.0}, TypeError, "`batch_size` must be an integer, got 8.0"),
        ({"shuffle": "batch"}, ValueError, "`shuffle` must be one of True, False"),
        ({"seed": -1}, ValueError, "`seed` must be at least 0, got -1"),
        ({"seed": None}, TypeError, "`seed` must be an integer, got None"),
        ({"sequence_length": 51}, ValueError, "fit into the series of 50 rows, got 51"),
        ({"horizon": 47}, ValueError, "`horizon` must end within"),
        ({"sequence_stride": -1}, ValueError, "`sequence_stride` must be at least 1"),
        ({"origins": [2]}, ValueError, "`origins` must be at least 3, got 2"),
    ],
)
def test_an_impossible_source_is_refused_when_it_is_made(options, error, message):
    """Nothing waits for the first batch to fail."""
    with pytest.raises(error, match=message):
        windows.WindowSource(SERIES, **({"sequence_length": 4} | options))


def test_a_series_with_nan_is_refused():
    """NaN would poison the weights silently: it is refused with its place."""
    series = SERIES.copy()
    series[7, 2] = np.nan
    with pytest.raises(ValueError, match=r"`series` must be finite.*\[7, 2\]"):
        windows.WindowSource(series, sequence_length=4)


# ------------------------------------------------------------------ inside Keras


@pytest.mark.parametrize("workers", [1, 2])
def test_fit_sees_every_window_once_an_epoch_in_new_orders(workers):
    """Each epoch of fit is a whole pass, the next one after the last."""
    source = windows.WindowSource(
        np.arange(40.0), sequence_length=4, batch_size=8, shuffle=True, seed=2
    )
    source.workers = workers
    model, recorder = recording_model()
    model.fit(source, epochs=3, verbose=0, shuffle=False)
    epochs = recorder.epochs(len(source))
    assert len(epochs) == 3
    first = source.pass_number - 3
    for k, seen in enumerate(epochs):
        order = np.random.default_rng([2, first + k]).permutation(36)
        assert seen == source.origins[order].tolist()


def test_keras_permutes_the_batches_unless_told_otherwise():
    """With shuffle left on in fit the batches of an ordered source change places."""
    source = windows.WindowSource(np.arange(200.0), sequence_length=4, batch_size=4)
    model, recorder = recording_model()
    model.fit(source, epochs=1, verbose=0)
    assert sorted(sum(recorder.seen, [])) == source.origins.tolist()
    assert sum(recorder.seen, []) != source.origins.tolist()
    recorder.seen.clear()
    model.fit(source, epochs=1, verbose=0, shuffle=False)
    assert sum(recorder.seen, []) == source.origins.tolist()


def test_validation_sees_the_same_windows_every_epoch():
    """A source of validation data is gone through in order after each epoch."""
    series = np.arange(60.0)
    train = windows.WindowSource(series, sequence_length=4, origins=slice(0, 40))
    validation = windows.WindowSource(
        series, sequence_length=4, origins=slice(40, 60), batch_size=8
    )
    model, recorder = recording_model()
    model.fit(train, epochs=2, verbose=0, validation_data=validation)
    per_epoch = len(train) + len(validation)
    for start in (0, per_epoch):
        seen = recorder.seen[start + len(train) : start + per_epoch]
        assert sum(seen, []) == validation.origins.tolist()


def test_predictions_come_in_the_order_of_the_origins():
    """model.predict gives one row for each window, beside source.origins."""
    series = np.arange(50.0)
    source = windows.WindowSource(series, sequence_length=4, batch_size=8)
    model, _ = recording_model()
    predictions = model.predict(source, verbose=0)
    inputs, targets = windows.sliding_windows(series, sequence_length=4)
    expected = model.predict_on_batch(inputs)
    np.testing.assert_allclose(predictions, expected, rtol=1e-6)
    loss = model.evaluate(source, verbose=0)
    np.testing.assert_allclose(loss, np.abs(targets - expected[:, 0]).mean(), rtol=1e-5)


def test_two_equal_trainings_end_with_equal_weights():
    """Seed, source and model fixed, training is repeatable from the first batch on."""

    def weights():
        source = windows.WindowSource(
            SERIES / 150, sequence_length=4, target=1, batch_size=8, shuffle=True
        )
        model = keras.Sequential(
            [
                keras.Input((4, 3)),
                keras.layers.Flatten(),
                keras.layers.Dense(1, kernel_initializer=keras.initializers.Ones()),
            ]
        )
        model.compile(optimizer="sgd", loss="mae")
        model.fit(source, epochs=2, verbose=0, shuffle=False)
        return model.get_weights()

    for one, other in zip(weights(), weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_source_is_a_keras_dataset_with_its_own_name():
    """Keras recognises it, and it is reached from the room by name."""
    assert issubclass(windows.WindowSource, keras.utils.PyDataset)
    assert windows.WindowSource.__name__ == "WindowSource"
