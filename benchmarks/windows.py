"""Batches of windows: `WindowSource` beside the other ways to make them, in one run.

Run ``python benchmarks/windows.py``. It prints what it measured, and exits with status
1 if a bar is missed:

- at least 20 times the samples a second of `keras.utils.timeseries_dataset_from_array`;
- at least 0.25 of `numpy.copyto`, which copies one batch into an existing array;
- at most 60 MB of memory besides the series;
- flat in the length of the series: at most twice the time a batch for 4 times the rows
  (what grows is how seldom a window is still in the processor's cache);
- less work inside `fit` than the cheapest model, a linear one.

The ways in NumPy are measured in turns, round after round, and the best round of each
counts, so that a disturbance hits none of them alone. Those that make batches ahead in
threads of their own follow, each by itself.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import itertools
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator

import keras
import numpy as np
import tensorflow as tf

from coursepkg.windows import WindowSource

N_ROWS, N_FEATURES = 420_551, 14  # the Jena file
SEQUENCE_LENGTH, BATCH_SIZE, HORIZON, TARGET = 120, 128, 144, 1
RATES = (1, 6)
ROUNDS, SECONDS_A_TURN, SECONDS_ALONE = 10, 0.2, 2.0
COPY, KERAS, OURS = "numpy.copyto", "timeseries_dataset_from_array", "WindowSource"

Batches = Iterator[object]


def make_series(n_rows: int) -> np.ndarray:
    """Return a series of noise, float32, shape (n_rows, features)."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((n_rows, N_FEATURES), dtype=np.float32)


def first_steps(series: np.ndarray, rate: int) -> np.ndarray:
    """Return the first row of every possible window, in random order."""
    n_windows = len(series) - (SEQUENCE_LENGTH - 1) * rate - HORIZON
    return np.random.default_rng(0).permutation(n_windows)


def window_source(series: np.ndarray, rate: int) -> Batches:
    """Go through the course's source, pass after pass."""
    source = WindowSource(
        series,
        sequence_length=SEQUENCE_LENGTH,
        sampling_rate=rate,
        horizon=HORIZON,
        target=TARGET,
        batch_size=BATCH_SIZE,
        shuffle=True,
    )
    while True:
        yield from source


def generator_by_sample(series: np.ndarray, rate: int) -> Batches:
    """Fill a batch window by window at random places, as many tutorials do."""
    rng = np.random.default_rng(0)
    span = SEQUENCE_LENGTH * rate
    while True:
        ends = rng.integers(span, len(series) - HORIZON, size=BATCH_SIZE)
        inputs = np.zeros((BATCH_SIZE, SEQUENCE_LENGTH, N_FEATURES))
        targets = np.zeros(BATCH_SIZE)
        for place, end in enumerate(ends):
            inputs[place] = series[range(end - span, end, rate)]
            targets[place] = series[end + HORIZON][TARGET]
        yield inputs, targets


def keras_utility(series: np.ndarray, rate: int) -> Batches:
    """Go through the data set that Keras makes of the series."""
    ahead = (SEQUENCE_LENGTH - 1) * rate + HORIZON
    dataset = keras.utils.timeseries_dataset_from_array(
        series[:-ahead],
        series[ahead:, TARGET],
        sequence_length=SEQUENCE_LENGTH,
        sampling_rate=rate,
        batch_size=BATCH_SIZE,
        shuffle=True,
    )
    while True:
        yield from dataset


def tf_gather(series: np.ndarray, rate: int) -> Batches:
    """Gather whole batches by index inside tf.data."""
    table, steps = tf.constant(series), tf.range(SEQUENCE_LENGTH) * rate
    ahead = (SEQUENCE_LENGTH - 1) * rate + HORIZON

    def cut(first: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        inputs = tf.gather(table, first[:, tf.newaxis] + steps)
        return inputs, tf.gather(table, first + ahead)[:, TARGET]

    first = tf.data.Dataset.from_tensor_slices(first_steps(series, rate).astype("i4"))
    dataset = first.batch(BATCH_SIZE).map(cut, num_parallel_calls=tf.data.AUTOTUNE)
    while True:
        yield from dataset.prefetch(tf.data.AUTOTUNE)


def numpy_take(series: np.ndarray, rate: int) -> Batches:
    """Gather whole batches by index with `numpy.take`."""
    steps = np.arange(SEQUENCE_LENGTH) * rate
    ahead = (SEQUENCE_LENGTH - 1) * rate + HORIZON
    order = first_steps(series, rate)
    for start in itertools.cycle(range(0, len(order) - BATCH_SIZE, BATCH_SIZE)):
        first = order[start : start + BATCH_SIZE]
        inputs = np.take(series, first[:, np.newaxis] + steps, axis=0)
        yield inputs, series[first + ahead, TARGET]


def numpy_copyto(series: np.ndarray, rate: int) -> Batches:
    """Copy one and the same batch into an existing array: the speed of memory."""
    del rate
    rows = series[: BATCH_SIZE * SEQUENCE_LENGTH]
    batch = rows.reshape(BATCH_SIZE, SEQUENCE_LENGTH, N_FEATURES)
    existing = np.empty_like(batch)
    while True:
        np.copyto(existing, batch)
        yield existing


WAYS: dict[str, Callable[[np.ndarray, int], Batches]] = {
    "generator, window by window": generator_by_sample,
    KERAS: keras_utility,
    "tf.data, gather by batch": tf_gather,
    "numpy.take": numpy_take,
    OURS: window_source,
    COPY: numpy_copyto,
}


IN_TURNS = ("generator, window by window", "numpy.take", OURS, COPY)


def batches_a_second(batches: Batches, seconds: float = SECONDS_A_TURN) -> float:
    """Draw batches for about `seconds` and return how many came in a second."""
    count, begin = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - begin) < seconds:
        for _ in itertools.islice(batches, 4):
            count += 1
    return count / elapsed


def measure_in_turns(ways: dict[object, Batches]) -> dict[object, float]:
    """Return the samples a second of each way in its best round."""
    for batches in ways.values():
        next(batches)  # what is set up once is not measured
    best = dict.fromkeys(ways, 0.0)
    for _ in range(ROUNDS):
        for name, batches in ways.items():
            next(batches)  # the caches hold what the way before has left
            best[name] = max(best[name], batches_a_second(batches) * BATCH_SIZE)
    return best


def measure_alone(way: Callable[[np.ndarray, int], Batches], rate: int) -> float:
    """Return the samples a second of a way that works ahead when it is not its turn."""
    batches = way(make_series(N_ROWS), rate)
    for _ in itertools.islice(batches, 50):  # what was made ahead
        pass
    rates = [batches_a_second(batches, SECONDS_ALONE) for _ in range(2)]
    return max(rates) * BATCH_SIZE


def measure_memory(series: np.ndarray, rate: int) -> float:
    """Return the most MB that making a source and 200 batches takes at a time."""
    tracemalloc.start()
    for _ in itertools.islice(window_source(series, rate), 200):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


def measure_lengths(rate: int) -> dict[object, float]:
    """Return the microseconds a batch takes from series of several lengths."""
    lengths = [N_ROWS, N_ROWS * 2, N_ROWS * 4]
    best = measure_in_turns({n: window_source(make_series(n), rate) for n in lengths})
    return {n: BATCH_SIZE / samples * 1e6 for n, samples in best.items()}


class OneBatch(keras.utils.PyDataset):
    """Hand out one stored batch again and again: what Keras itself takes to feed."""

    def __init__(self, batch: tuple[np.ndarray, np.ndarray], n_batches: int) -> None:
        super().__init__()
        self._batch, self._n_batches = batch, n_batches

    def __len__(self) -> int:
        """Count the batches."""
        return self._n_batches

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the batch."""
        return self._batch


def measure_fit(series: np.ndarray) -> dict[str, float]:
    """Return the CPU milliseconds of a step of `fit`, linear model, by its feed."""
    source = WindowSource(
        series[:40_000],
        sequence_length=SEQUENCE_LENGTH,
        sampling_rate=6,
        horizon=HORIZON,
        target=TARGET,
        batch_size=BATCH_SIZE,
        shuffle=True,
    )
    model = keras.Sequential(
        [
            keras.Input((SEQUENCE_LENGTH, N_FEATURES)),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )
    model.compile(optimizer="adam", loss="mae")
    stored = tf.data.Dataset.from_tensors(source[0]).repeat(len(source))
    feeds = {
        "model": stored,
        "one stored batch": OneBatch(source[0], len(source)),
        "source": source,
    }
    best = dict.fromkeys(feeds, np.inf)
    for _ in range(6):  # the first round also compiles
        for name, feed in feeds.items():
            begin = time.process_time()
            model.fit(feed, verbose=0, shuffle=False)
            step = (time.process_time() - begin) / len(source) * 1e3
            best[name] = min(best[name], step)
    return best


def main() -> int:
    """Measure, print, and return 1 if a bar is missed."""
    series = make_series(N_ROWS)
    checks: dict[str, bool] = {}
    print(
        f"Batches of {BATCH_SIZE} x {SEQUENCE_LENGTH} x {N_FEATURES} float32 from "
        f"{N_ROWS:,} rows, shuffled; {os.cpu_count()} CPUs, NumPy {np.__version__}, "
        f"TensorFlow {tf.__version__}, Keras {keras.__version__}\n"
    )
    best = measure_in_turns(
        {(name, rate): WAYS[name](series, rate) for name in IN_TURNS for rate in RATES}
    )
    for name, rate in itertools.product(WAYS.keys() - IN_TURNS, RATES):
        best[name, rate] = measure_alone(WAYS[name], rate)
    print(
        f"{'samples a second':32}" + "".join(f"{'rate ' + str(r):>12}" for r in RATES)
    )
    for name in WAYS:
        print(f"{name:32}" + "".join(f"{best[name, rate]:12,.0f}" for rate in RATES))
    for rate in RATES:
        ratio = best[OURS, rate] / best[KERAS, rate]
        share = best[OURS, rate] / best[COPY, rate]
        memory = measure_memory(series, rate)
        lengths = measure_lengths(rate)
        growth = max(lengths.values()) / min(lengths.values())
        by_rows = ", ".join(f"{us:.0f} us at {n:,}" for n, us in lengths.items())
        checks |= {
            f"rate {rate}: {ratio:.0f} x the Keras utility (bar 20)": ratio >= 20,
            f"rate {rate}: {share:.2f} of numpy.copyto (bar 0.25)": share >= 0.25,
            f"rate {rate}: {memory:.1f} MB besides the series (bar 60)": memory <= 60,
            f"rate {rate}: {growth:.2f} x the time a batch for 4 x the rows: "
            f"{by_rows} (bar 2)": growth <= 2,
        }
    print()
    step = measure_fit(series)
    own = BATCH_SIZE / best[OURS, 6] * 1e3
    checks[
        f"fit: the source takes {own:.2f} ms a batch, a linear model's step "
        f"{step['model']:.2f} ms of CPU (bar: source below model)"
    ] = own < step["model"]
    for feed in ("one stored batch", "source"):
        print(f"CPU of a step of fit, fed by Keras from {feed}: {step[feed]:.2f} ms")
    print()
    for text, met in checks.items():
        print(f"{'ok    ' if met else 'MISSED'}  {text}")
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
