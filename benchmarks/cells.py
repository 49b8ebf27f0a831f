"""Recurrent cells: what a step costs, beside how many multiplications it needs.

Run ``python benchmarks/cells.py``. A layer of `units` on `features` inputs multiplies
for each step of each sequence

    gates * (features + units) * units

times in its matrix products: one gate for SimpleRNN, three for GRU, four for LSTM. The
benchmark divides the time of a step by that of a SimpleRNN of the same size, measured
in the same run, and prints the ratio beside that of the multiplications, for the Keras
layer and for the one in `coursepkg.reference`. Both make the forward pass alone and
forward and backward pass together ("training"; the gradients of all weights and of the
inputs, without an optimizer).

What is compared is the processor time of all threads, which other programs on the
machine disturb less. The cells take turns, round after round, and the best round of
each counts, so that a disturbance hits none of them alone. There is no bar to miss:
how near the ratios come to those of the multiplications is what the table tells.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import time
from collections.abc import Callable
from functools import partial

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from coursepkg import reference

BATCH_SIZE, SEQUENCE_LENGTH, N_FEATURES = 32, 20, 16
SIZES = (16, 32, 64, 128, 256, 512)
ROUNDS, SECONDS_A_TURN = 3, 0.03

SIMPLE, LSTM, GRU, BEFORE = "SimpleRNN", "LSTM", "GRU", "GRU, reset_after=False"
GATES = {SIMPLE: 1, LSTM: 4, GRU: 3, BEFORE: 3}
LAYERS = {
    SIMPLE: keras.layers.SimpleRNN,
    LSTM: keras.layers.LSTM,
    GRU: keras.layers.GRU,
    BEFORE: partial(keras.layers.GRU, reset_after=False),
}
FORWARD = {
    SIMPLE: reference.simple_rnn_forward,
    LSTM: reference.lstm_forward,
    GRU: reference.gru_forward,
    BEFORE: partial(reference.gru_forward, reset_after=False),
}
BACKWARD = {
    SIMPLE: reference.simple_rnn_backward,
    LSTM: reference.lstm_backward,
    GRU: reference.gru_backward,
    BEFORE: reference.gru_backward,
}

Pass = Callable[[], object]


def multiplications(cell: str, units: int, n_features: int = N_FEATURES) -> int:
    """Return how often a cell multiplies in the products of one step."""
    return GATES[cell] * (n_features + units) * units


def keras_passes(cell: str, units: int, x: np.ndarray) -> dict[str, Pass]:
    """Return the forward pass and the training pass of a Keras layer, compiled."""
    layer = LAYERS[cell](units, return_sequences=True)
    inputs = tf.constant(x)
    layer.build(x.shape)

    @tf.function
    def forward() -> tf.Tensor:
        return layer(inputs)

    @tf.function
    def training() -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            total = tf.reduce_sum(layer(inputs))
        weights = [weight.value for weight in layer.trainable_weights]
        return tape.gradient(total, [inputs, *weights])

    return {"forward": forward, "training": training}


def reference_passes(cell: str, units: int, x: np.ndarray) -> dict[str, Pass]:
    """Return the same two passes of the layer in NumPy, with the same weights."""
    layer = LAYERS[cell](units)
    layer.build(x.shape)
    weights = layer.get_weights()
    d_outputs = np.ones((*x.shape[:2], units), x.dtype)

    def training() -> object:
        _, cache = FORWARD[cell](x, *weights)
        return BACKWARD[cell](d_outputs, cache)

    return {"forward": lambda: FORWARD[cell](x, *weights), "training": training}


def seconds_a_pass(run: Pass, seconds: float) -> float:
    """Run for about `seconds` of CPU, at least once; return what one pass takes."""
    count, begin = 0, time.process_time()
    while count == 0 or time.process_time() - begin < seconds:
        run()
        count += 1
    return (time.process_time() - begin) / count


def measure_in_turns(passes: dict[str, Pass]) -> dict[str, float]:
    """Return the seconds of each cell's pass in its best round."""
    for run in passes.values():
        run()  # what is compiled once is not measured
    best = dict.fromkeys(passes, np.inf)
    for _ in range(ROUNDS):
        for cell, run in passes.items():
            best[cell] = min(best[cell], seconds_a_pass(run, SECONDS_A_TURN))
    return best


def measure(sizes: tuple[int, ...] = SIZES) -> pd.DataFrame:
    """Measure all cells; one row for each size, program, pass and cell.

    Columns: ``units``, ``program``, ``pass``, ``cell``, ``us_a_step`` (microseconds of
    CPU for one step of the whole batch), ``ratio`` (to SimpleRNN) and
    ``multiplications`` (the same ratio, of the counts).
    """
    rng = np.random.default_rng(0)
    x = rng.standard_normal((BATCH_SIZE, SEQUENCE_LENGTH, N_FEATURES), np.float32)
    programs = {"Keras": keras_passes, "reference": reference_passes}
    rows = []
    for units in sizes:
        for program, passes_of in programs.items():
            passes = {cell: passes_of(cell, units, x) for cell in GATES}
            for name in ("forward", "training"):
                best = measure_in_turns({cell: passes[cell][name] for cell in GATES})
                rows += [
                    {
                        "units": units,
                        "program": program,
                        "pass": name,
                        "cell": cell,
                        "us_a_step": seconds / SEQUENCE_LENGTH * 1e6,
                        "ratio": seconds / best[SIMPLE],
                        "multiplications": multiplications(cell, units)
                        / multiplications(SIMPLE, units),
                    }
                    for cell, seconds in best.items()
                ]
    return pd.DataFrame(rows)


def main() -> None:
    """Measure and print."""
    tf.get_logger().setLevel("ERROR")  # each layer is meant to be traced anew
    print(
        f"Sequences of {SEQUENCE_LENGTH} steps x {N_FEATURES} float32, batches of "
        f"{BATCH_SIZE}; {os.cpu_count()} CPUs, NumPy {np.__version__}, TensorFlow "
        f"{tf.__version__}, Keras {keras.__version__}\n"
    )
    table = measure()
    order = ["program", "pass", "units"]
    ratios = table.pivot(index=order, columns="cell", values="ratio")
    ratios = ratios[list(GATES)].drop(columns=SIMPLE)
    simple = table[table["cell"] == SIMPLE].set_index(order)["us_a_step"]
    ratios.insert(0, "SimpleRNN, CPU us", simple)
    counts = table.drop_duplicates("cell").set_index("cell")["multiplications"]
    print("CPU time of a step as a multiple of SimpleRNN's; multiplications say")
    print(", ".join(f"{cell} {counts[cell]:.0f}" for cell in list(GATES)[1:]) + ".\n")
    print(ratios.round(2).to_string())


if __name__ == "__main__":
    main()
