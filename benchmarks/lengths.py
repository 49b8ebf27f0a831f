"""Long sequences: seconds and memory of a training step against the length T.

Run ``python benchmarks/lengths.py``. Each family of networks reads sequences of T steps
and answers with one number; a training step is the forward pass and the gradients of
all weights, compiled by XLA. The benchmark prints the processor time as a multiple of
that of a convolution with global pooling, measured in the same run, the peak memory
beyond that of the same program at the shortest length, the exponents p of both (cost
proportional to T**p, a line through the logarithms of the longer lengths), and two
counts: multiplications in the products of one sequence, and how many of these products
have to wait for each other.

Time is the processor time of all threads, which other programs on the machine disturb
less. The families take turns, round after round, and the best round of each counts.
Memory cannot be measured in turns, since a process keeps what it has once had: each
family has a process of its own, which goes from the shortest length to the longest.
There is no bar to miss: what depends on the machine are the seconds, what should not
are the exponents.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import math
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from coursepkg import models

BATCH_SIZE, N_FEATURES, UNITS = 32, 8, 32
LENGTHS = (64, 128, 256, 512, 1024)
MEMORY_BATCH_SIZE, MEMORY_LENGTHS = 128, (64, 256, 512, 1024)
ROUNDS, SECONDS_A_TURN = 3, 0.1
PLAIN = "Conv1D + global max"

Step = Callable[[], object]


def dilations(length: int, kernel_size: int = 2) -> list[int]:
    """Return the dilations with which a stack sees at least `length` steps."""
    gaps = [1]
    while kernel_size * gaps[-1] < length:
        gaps.append(kernel_size * gaps[-1])
    return gaps


def networks() -> dict[str, Callable[[int], keras.Model]]:
    """Return for each family the function that builds it for a length."""

    def build(*layers: keras.layers.Layer) -> keras.Model:
        return keras.Sequential([keras.Input((None, N_FEATURES)), *layers])

    def convolution(**options: int) -> keras.layers.Layer:
        width = options.pop("width", 5)
        return keras.layers.Conv1D(UNITS, width, activation="relu", **options)

    def attention(_: int) -> keras.Model:
        inputs = keras.Input((None, N_FEATURES))
        x = keras.layers.Dense(UNITS)(inputs)
        x = keras.layers.MultiHeadAttention(1, UNITS)(x, x)
        x = keras.layers.GlobalAveragePooling1D()(x)
        return keras.Model(inputs, keras.layers.Dense(1)(x))

    one = keras.layers.Dense
    return {
        PLAIN: lambda _: build(
            convolution(), keras.layers.GlobalMaxPooling1D(), one(1)
        ),
        "SimpleRNN": lambda _: build(keras.layers.SimpleRNN(UNITS), one(1)),
        "GRU": lambda _: build(keras.layers.GRU(UNITS), one(1)),
        "LSTM": lambda _: build(keras.layers.LSTM(UNITS), one(1)),
        "conv, stride 2, GRU": lambda _: build(
            convolution(width=4, strides=2), keras.layers.GRU(UNITS), one(1)
        ),
        "conv, pool 3, conv, GRU": lambda _: build(
            convolution(),
            keras.layers.MaxPooling1D(3),
            convolution(),
            keras.layers.GRU(UNITS),
            one(1),
        ),
        "TCN": lambda length: models.build_tcn_forecaster(
            n_filters=UNITS, dilations=dilations(length), n_features=N_FEATURES
        ),
        "self-attention": attention,
    }


def counts(family: str, length: int) -> tuple[int, int]:
    """Return the multiplications of one sequence, and the longest chain of products.

    The output layer, biases and everything done element by element are left out.
    """
    f, u = N_FEATURES, UNITS
    gates = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}
    if family in gates:
        return length * gates[family] * (f + u) * u, length
    if family == PLAIN:
        return (length - 4) * 5 * f * u, 1
    if family == "conv, stride 2, GRU":
        steps = (length - 4) // 2 + 1
        return steps * (4 * f * u + 3 * 2 * u * u), 1 + steps
    if family == "conv, pool 3, conv, GRU":
        steps = (length - 4) // 3 - 4
        return (length - 4) * 5 * f * u + steps * (5 + 3 * 2) * u * u, 2 + steps
    if family == "TCN":
        blocks = len(dilations(length))
        return length * (f * u + blocks * 2 * u * u), 1 + blocks
    return length * (f * u + 4 * u * u) + 2 * length**2 * u, 5


def training_step(model: keras.Model, batch_size: int, length: int) -> Step:
    """Return a compiled function: forward pass and gradients of all weights."""
    shape = (batch_size, length, N_FEATURES)
    x = tf.constant(np.random.default_rng(0).standard_normal(shape, np.float32))
    weights = [weight.value for weight in model.trainable_weights]

    @tf.function(jit_compile=True)
    def step() -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(model(x, training=True))
        return tape.gradient(total, weights)

    return step


def seconds_a_step(run: Step, seconds: float) -> float:
    """Run for about `seconds` of CPU, at least once; return what one step takes."""
    count, begin = 0, time.process_time()
    while count == 0 or time.process_time() - begin < seconds:
        run()
        count += 1
    return (time.process_time() - begin) / count


def measure_time(lengths: tuple[int, ...] = LENGTHS) -> pd.DataFrame:
    """Return the seconds of each family's best round: lengths by families."""
    rows = {}
    for length in lengths:
        steps = {
            family: training_step(build(length), BATCH_SIZE, length)
            for family, build in networks().items()
        }
        for run in steps.values():
            run()  # what is compiled once is not measured
        best = dict.fromkeys(steps, math.inf)
        for _ in range(ROUNDS):
            for family, run in steps.items():
                best[family] = min(best[family], seconds_a_step(run, SECONDS_A_TURN))
        rows[length] = best
    return pd.DataFrame(rows).T


def peak_megabytes() -> float:
    """Return the largest resident memory that this process has had."""
    status = Path("/proc/self/status")
    if status.exists():  # `getrusage` would count what the parent had before
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii"))
        if found:
            return int(found[1]) / 2**10
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS: bytes


def print_memory(family: str) -> None:
    """Print the peak memory after each length: what a process of its own does."""
    build = networks()[family]
    for length in MEMORY_LENGTHS:
        training_step(build(length), MEMORY_BATCH_SIZE, length)()
        print(length, peak_megabytes())


def measure_memory() -> pd.DataFrame:
    """Return megabytes beyond those at the shortest length: lengths by families."""
    columns = {}
    for family in networks():
        command = [sys.executable, __file__, "--memory", family]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        lines = (line.split() for line in done.stdout.splitlines())
        columns[family] = {int(length): float(peak) for length, peak in lines}
    table = pd.DataFrame(columns)
    return table.iloc[1:] - table.iloc[0]


def exponent(lengths: pd.Index, cost: pd.Series) -> float:
    """Return the slope of the logarithms: cost proportional to length**slope."""
    return float(np.polyfit(np.log(lengths), np.log(cost), 1)[0])


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["--memory"]:
        print_memory(sys.argv[2])
        return
    tf.get_logger().setLevel("ERROR")  # each network is meant to be traced anew
    print(
        f"Sequences of T steps x {N_FEATURES} float32, {UNITS} units, batches of "
        f"{BATCH_SIZE} (memory: {MEMORY_BATCH_SIZE}); {os.cpu_count()} CPUs, "
        f"TensorFlow {tf.__version__}, Keras {keras.__version__}\n"
    )
    seconds = measure_time()
    longest = LENGTHS[-1]
    table = pd.DataFrame(
        {
            f"CPU, T={length}": seconds.loc[length] / seconds.loc[length, PLAIN]
            for length in (LENGTHS[0], longest)
        }
    )
    table["exponent"] = [
        exponent(seconds.index[1:], seconds[family].iloc[1:]) for family in table.index
    ]
    try:
        memory = measure_memory()
    except subprocess.CalledProcessError as error:  # no `resource` on Windows
        print(f"Memory was not measured: {error.stderr.splitlines()[-1]}\n")
    else:
        table[f"MB, T={longest}"] = memory.loc[longest]
        table["MB exponent"] = [
            # Differences to T = 64, so that a straight line has the exponent 1.
            exponent(memory.index - MEMORY_LENGTHS[0], memory[family].clip(lower=0.1))
            for family in table.index
        ]
    table["multiplications"] = [counts(name, longest)[0] for name in table.index]
    table["in a chain"] = [counts(name, longest)[1] for name in table.index]
    print(f"CPU time of a training step as a multiple of that of {PLAIN} (which takes")
    print(
        ", ".join(f"{1e3 * s:.2g} ms at {n}" for n, s in seconds[PLAIN].items()) + ");"
    )
    print(f"multiplications and chain for one sequence of {longest} steps.\n")
    print(table.round(2).to_string())


if __name__ == "__main__":
    main()
