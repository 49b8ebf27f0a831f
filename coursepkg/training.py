"""Repeated runs over seeds, live or recorded, and the sizes of gradients.

A chapter runs live what its sentence rests on, with one seed. Whole ladders, over all
seeds, are recorded by the same notebook: ``make results CH=12`` executes it with
``COURSEPKG_SEEDS`` set, and :func:`recorded` then runs what it otherwise only reads.

The norms of gradients show how far back in a sequence a network can learn from: only
these two functions load TensorFlow.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from coursepkg._recording import (
    TIMES,
    check_same_metrics,
    commit,
    cpu_count,
    rounded,
    timed,
    versions,
    write_json,
)
from coursepkg._validation import check_array, check_finite, check_integer
from coursepkg.datasets._files import data_path

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

__all__ = [
    "input_gradient_norms",
    "over_seeds",
    "recorded",
    "weight_gradient_norms",
]

Run = Callable[[int], Mapping[str, float]]

_SEEDS_VARIABLE = "COURSEPKG_SEEDS"
_CHECK_VARIABLE = "COURSEPKG_RESULTS_CHECK"
_FRESH_VARIABLE = "COURSEPKG_RESULTS_FRESH"
_SESSION_VARIABLE = "COURSEPKG_RESULTS_SESSION"
# A metric named after a unit of time: it tells about the machine, not the experiment.
_TIMING = re.compile(r"(?:^|[_ ])(?:ms|(?:micro|milli)?seconds)(?:[_ ]|$)")


def over_seeds(run: Run, seeds: Iterable[int] = (0, 1, 2, 3, 4)) -> pd.DataFrame:
    """Run one experiment once for each seed.

    Parameters
    ----------
    run : callable
        Takes a seed and returns a mapping of metric names to numbers.
    seeds : iterable of int, default (0, 1, 2, 3, 4)
        The seeds, each one once.

    Returns
    -------
    pandas.DataFrame
        One row a seed, with the columns ``seed``, ``seconds`` (wall time of the run),
        ``cpu_seconds`` (processor time of all threads, which other programs on the
        machine disturb less)
        and one for each metric.

    Raises
    ------
    TypeError
        If a seed is no integer, or `run` returns something else than numbers.
    ValueError
        If there is no seed, a seed is repeated, or the metrics' names change from
        seed to seed or are ``row``, ``seed``, ``seconds`` or ``cpu_seconds``.

    Examples
    --------
    >>> table = over_seeds(lambda seed: {"score": 10.0 + seed}, seeds=(0, 1))
    >>> table[["seed", "score"]]
       seed  score
    0     0   10.0
    1     1   11.0
    """
    results: list[dict[str, float]] = []
    first: dict[str, float] = {}
    for seed in _checked_seeds(seeds):
        times, metrics = timed(partial(run, seed), "run")
        check_same_metrics("run", first or metrics, metrics)
        first = first or metrics
        results.append({"seed": seed} | times | metrics)
    return pd.DataFrame(results)


def recorded(
    name: str,
    rows: Mapping[str, Run],
    *,
    seeds: Iterable[int] = (0, 1, 2, 3, 4),
    sha256: str | None = None,
) -> pd.DataFrame:
    """Read the recorded results of an experiment, or record them.

    Normally nothing is run: the results are read from ``data/results/<name>.json``,
    and refused if they are not those of exactly these rows, seeds and data. With the
    environment variable ``COURSEPKG_SEEDS=0,1,2,3,4`` every row is run and the file is
    written.

    Runs that an interrupted recording has finished are kept in
    ``<name>.json.partial`` and not repeated, if the hash of the data and all versions
    are still the same; after changing a row set ``COURSEPKG_RESULTS_FRESH=1``, which
    starts again. ``make results`` records all tables of a notebook as one session
    (it names it in ``COURSEPKG_RESULTS_SESSION``): the finished tables keep their
    ``.partial`` until the notebook has run to its end, so that a second call after an
    interruption repeats none of them, and a call after a success records all again.

    With ``COURSEPKG_RESULTS_CHECK=1`` the file is read and the row that takes least
    time is run once more, to see that it still falls into its recorded range. Metrics
    named after a unit of time (``"ms at 64"``, ``"training_seconds"``) are not
    compared: they depend on the machine.

    Parameters
    ----------
    name : str
        Name of the results, starting with the chapter: ``"12-ladder"``.
    rows : mapping of str to callable
        Row name to a function that takes a seed and returns its metrics.
    seeds : iterable of int, default (0, 1, 2, 3, 4)
        The seeds that the text reports.
    sha256 : str, optional
        Hash of the data file that the rows read.

    Returns
    -------
    pandas.DataFrame
        One line for each row and seed, in the order asked for, with the columns
        ``row``, ``seed``, ``seconds``, ``cpu_seconds`` and one for each metric (NaN
        where a row does not have it). Numbers have 6 significant digits, times 3.

    Raises
    ------
    FileNotFoundError
        If nothing was recorded under this name.
    ValueError
        If the file's rows, seeds or hash are not those asked for, if
        ``COURSEPKG_SEEDS`` lacks one of `seeds`, or if a name, a row or a metric is
        not valid.
    RuntimeError
        If a row that is checked falls outside its recorded range.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        message = (
            "`name` must be lower-case words, digits and single hyphens, got "
            f'{name!r}. Pass for example "12-ladder".'
        )
        raise ValueError(message)
    if not rows:
        message = "`rows` must hold at least one row, got none."
        raise ValueError(message)
    wanted = _checked_seeds(seeds)
    path = _results_directory() / f"{name}.json"
    if os.environ.get(_SEEDS_VARIABLE):
        _check_recording_seeds(name, wanted)
        _record(path, rows, wanted, sha256)
    results = _read(path, name, list(rows), wanted, sha256)
    if os.environ.get(_CHECK_VARIABLE) == "1":
        _check_cheapest(name, rows, wanted[0], results)
    lines = [
        {"row": row, "seed": seed}
        | {clock: entry[clock][k] for clock in TIMES}
        | {metric: values[k] for metric, values in entry["metrics"].items()}
        for row, entry in results["rows"].items()
        for k, seed in enumerate(wanted)
    ]
    return pd.DataFrame(lines)


def input_gradient_norms(
    model: keras.Model,
    inputs: np.ndarray,
    targets: np.ndarray,
    *,
    loss: str | keras.losses.Loss | Callable[..., Any],
) -> np.ndarray:
    r"""Tell how much the loss depends on the input at each step.

    With :math:`\ell_b` the loss of sequence b alone, averaged over its own outputs,
    the value at step t is the mean over the batch of B sequences of the Euclidean norms

    .. math:: \frac{1}{B} \sum_{b=1}^{B}
              \left\lVert \frac{\partial \ell_b}{\partial x_b^{(t)}} \right\rVert_2

    The loss that Keras reports is the mean of the :math:`\ell_b`, so its gradients
    are smaller by the factor B; here the size of the batch makes no difference. The
    norm is taken for each sequence before the mean, so gradients of opposite
    directions do not cancel. Dropout is off.

    Parameters
    ----------
    model : keras.Model
        Takes one array of floats. It need not be compiled, and is not changed.
    inputs : array_like, shape (batch, time, features)
        Sequences of numbers.
    targets : array_like, shape (batch, ...)
        What the loss compares the outputs with.
    loss : str, keras.losses.Loss or callable
        As for ``model.compile``. A function gets targets and outputs and returns a
        loss for each sequence or each of its outputs, shape (batch, ...), or their
        mean over the batch, shape (). A `Loss` counts without its own reduction.
        Outputs that the model masks are left out.

    Returns
    -------
    numpy.ndarray, shape (time,)
        In units of the loss by units of the inputs, float64, in the order of the
        inputs' steps. Infinite or NaN where the gradient is.

    Raises
    ------
    TypeError
        If `model` or `loss` is not of these kinds, or `inputs` holds no numbers.
    ValueError
        If `inputs` has not three axes, is empty or not finite, if `targets` does not
        fit to it or to the outputs, if Keras knows no such loss, or if no gradient
        reaches the inputs, as behind an Embedding.

    References
    ----------
    R. Pascanu, T. Mikolov and Y. Bengio (2013). On the difficulty of training
    recurrent neural networks. ICML.

    Examples
    --------
    >>> import keras
    >>> first_step = keras.Sequential(
    ...     [keras.Input((3, 1)), keras.layers.Lambda(lambda x: 2.0 * x[:, 0])]
    ... )
    >>> x, y = np.zeros((4, 3, 1)), np.ones((4, 1))
    >>> input_gradient_norms(first_step, x, y, loss="mse")  # |2 (0 - 1) 2| = 4
    array([4., 0., 0.])
    """
    import tensorflow as tf

    x, y = _checked_batch(model, inputs, targets, ndim=3)
    x = tf.cast(x, "float32") if not x.dtype.is_floating else x
    with tf.GradientTape() as tape:
        tape.watch(x)
        losses, counts = _losses(model, x, y, loss)  # both (batch, outputs)
        own = tf.reduce_sum(losses * counts, axis=1)  # (batch,)
        own /= tf.maximum(tf.reduce_sum(counts, axis=1), 1)
        total = tf.reduce_sum(own)
    gradient = tape.gradient(total, x)  # (batch, time, features)
    if gradient is None:
        message = (
            "`model` must be differentiable with respect to its inputs, got none: a "
            "layer such as Embedding stops the gradient. Pass the part of the model "
            "above it, and its outputs as `inputs`."
        )
        raise ValueError(message)
    # In float64: the square of a vanishing gradient would be 0 in float32.
    return np.linalg.norm(np.asarray(gradient, float), axis=2).mean(axis=0)


def weight_gradient_norms(
    model: keras.Model,
    inputs: np.ndarray,
    targets: np.ndarray,
    *,
    loss: str | keras.losses.Loss | Callable[..., Any],
) -> pd.DataFrame:
    """Tell how large the gradient of the loss is for each weight of a model.

    The loss is that of ``fit``: the mean over all outputs of the batch (over those
    that are not masked). What is returned is the norm of its gradient, so gradients
    of several sequences may cancel; it is what the optimizer gets and what
    ``clipnorm`` compares with its limit. The root of the sum of the squares of the
    column is what ``global_clipnorm`` compares. Dropout is off.

    Parameters
    ----------
    model : keras.Model
        It need not be compiled, and is not changed.
    inputs : array_like, shape (batch, time, features) or (batch, time)
        Sequences of numbers, or of tokens.
    targets : array_like, shape (batch, ...)
        What the loss compares the outputs with.
    loss : str, keras.losses.Loss or callable
        As for :func:`input_gradient_norms`.

    Returns
    -------
    pandas.DataFrame
        One row for each trainable weight, from the input upwards, with the columns
        ``weight`` (layer and weight, as ``lstm_1/kernel``), ``parameters`` (how many
        numbers it holds), ``norm`` (Euclidean norm of the weight) and
        ``gradient_norm`` (that of its gradient; 0 if the loss does not depend on it).

    Raises
    ------
    TypeError
        If `model` or `loss` is not of these kinds, or `inputs` holds no numbers.
    ValueError
        If `inputs` has another number of axes, is empty or not finite, if `targets`
        does not fit to it or to the outputs, or if Keras knows no such loss.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((3, 1)),
    ...         keras.layers.Flatten(),
    ...         keras.layers.Dense(1, name="sum"),
    ...     ]
    ... )
    >>> model.set_weights([np.ones((3, 1)), np.zeros(1)])
    >>> x, y = np.ones((4, 3, 1)), np.ones((4, 1))  # 2 (3 - 1) = 4 by each weight
    >>> weight_gradient_norms(model, x, y, loss="mse").round(3)
           weight  parameters   norm  gradient_norm
    0  sum/kernel           3  1.732          6.928
    1    sum/bias           1  0.000          4.000
    """
    import tensorflow as tf

    x, y = _checked_batch(model, inputs, targets, ndim=(2, 3))
    weights = model.trainable_weights
    with tf.GradientTape() as tape:
        losses, counts = _losses(model, x, y, loss)  # both (batch, outputs)
        total = tf.reduce_sum(losses * counts) / tf.reduce_sum(counts)
    gradients = tape.gradient(total, [weight.value for weight in weights])
    return pd.DataFrame(
        {
            "weight": [_layer_and_weight(weight.path) for weight in weights],
            "parameters": [math.prod(weight.shape) for weight in weights],
            "norm": [_norm(weight.value) for weight in weights],
            "gradient_norm": [
                0.0 if gradient is None else _norm(tf.convert_to_tensor(gradient))
                for gradient in gradients
            ],
        }
    )


def _checked_batch(
    model: keras.Model,
    inputs: np.ndarray,
    targets: np.ndarray,
    *,
    ndim: int | tuple[int, ...],
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return inputs and targets as tensors, if they are one batch of sequences."""
    import keras
    import tensorflow as tf

    if not isinstance(model, keras.Model):
        message = (
            f"`model` must be a Keras model, got {type(model).__name__}. Pass what "
            "`models.build_...` or `keras.Sequential` returns."
        )
        raise TypeError(message)
    x = check_finite(check_array(inputs, "inputs", ndim=ndim), "inputs")
    y = np.asarray(targets)
    if not x.size:
        message = f"`inputs` must hold at least one step, got shape {x.shape}."
        raise ValueError(message)
    if y.shape[:1] != x.shape[:1]:
        message = (
            f"`targets` must hold as many sequences as `inputs`, {len(x)}, got shape "
            f"{y.shape}. Select the same sequences of both."
        )
        raise ValueError(message)
    return tf.convert_to_tensor(x), tf.convert_to_tensor(y)


def _losses(
    model: keras.Model, x: tf.Tensor, y: tf.Tensor, loss: Any
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the loss of each output of each sequence, and 1 or 0: does it count."""
    import keras
    import tensorflow as tf

    function = loss
    if isinstance(loss, str):
        try:
            function = keras.losses.get(loss)
        except ValueError:
            message = (
                f"`loss` must be a name that Keras knows, got {loss!r}. Pass for "
                'example "mse" or "sparse_categorical_crossentropy".'
            )
            raise ValueError(message) from None
    if not callable(function):
        message = (
            "`loss` must be a name, a Keras loss or a function, got "
            f'{type(loss).__name__}. Pass for example "mse".'
        )
        raise TypeError(message)
    if isinstance(function, keras.losses.Loss):
        function = function.call  # without the mean over the batch
    outputs = model(x, training=False)
    mask = getattr(outputs, "_keras_mask", None)
    if y.dtype.is_floating:
        y = tf.cast(y, outputs.dtype)
    if outputs.shape.rank == 1:  # one value a sequence: keep the axis of the batch
        outputs = outputs[:, tf.newaxis]  # (batch, 1)
        y = tf.reshape(y, (-1, 1))  # (batch, 1)
    shapes = tuple(y.shape), tuple(outputs.shape)
    one_each = shapes[1] in (shapes[0], (*shapes[0], 1))
    if _compares_elements(loss) and not one_each:
        message = (
            "`targets` must have the shape of the model's outputs, "
            f"{shapes[1]}, got {shapes[0]}. Reshape them first: nothing is broadcast."
        )
        raise ValueError(message)
    values = tf.convert_to_tensor(function(y, outputs))
    if values.shape.rank == 0:  # the mean already: the same share for each sequence
        values = tf.fill([len(x), 1], values)  # (batch, 1)
        mask = None
    counts = tf.ones_like(values)
    if mask is not None and mask.shape.rank <= values.shape.rank:
        mask = tf.cast(mask, values.dtype)
        spare = (1,) * (values.shape.rank - mask.shape.rank)
        counts *= tf.reshape(mask, (*mask.shape, *spare))
    return tf.reshape(values, (len(x), -1)), tf.reshape(counts, (len(x), -1))


def _compares_elements(loss: Any) -> bool:
    """Return whether a loss of Keras wants targets of the shape of the outputs."""
    import keras

    if isinstance(loss, keras.losses.Loss):
        return "sparse" not in type(loss).__name__.lower()
    return isinstance(loss, str) and "sparse" not in loss


def _layer_and_weight(path: str) -> str:
    """Return the last layer of a path and the weight, without the cell between."""
    parts = [part for part in path.split("/") if not re.search(r"_cell(_\d+)?$", part)]
    return "/".join(parts[-2:])


def _norm(tensor: tf.Tensor) -> float:
    """Return the Euclidean norm, summed in float64."""
    return float(np.linalg.norm(np.asarray(tensor, float)))


def _results_directory() -> Path:
    """Return the folder of recorded results, in the checkout or in the wheel."""
    return data_path("results")


def _checked_seeds(seeds: Iterable[int]) -> list[int]:
    """Return the seeds as a list of different integers."""
    checked = [check_integer(seed, "seeds", minimum=0) for seed in seeds]
    if not checked:
        message = "`seeds` must hold at least one seed, got none."
        raise ValueError(message)
    if len(set(checked)) < len(checked):
        message = f"`seeds` must differ from each other, got {checked}."
        raise ValueError(message)
    return checked


def _command(name: str) -> str:
    """Return the command that records these results."""
    words = name.split("-")
    if words[0].isdigit():
        chapter = words[0]
    else:  # "solutions-12-weekday" and "case-ridership-network"
        chapter = ("/" if words[0] == "solutions" else "-").join(words[:2])
    return f"make results CH={chapter}"


def _check_recording_seeds(name: str, wanted: list[int]) -> None:
    """Refuse to record when the environment does not name every seed wanted."""
    text = os.environ[_SEEDS_VARIABLE]
    try:
        given = {int(word) for word in text.split(",")}
    except ValueError:
        message = (
            f"{_SEEDS_VARIABLE} must be integers joined by commas, got {text!r}. "
            f"Set for example {_SEEDS_VARIABLE}=0,1,2,3,4."
        )
        raise ValueError(message) from None
    if not given.issuperset(wanted):
        message = (
            f"{_SEEDS_VARIABLE} must name every seed that {name!r} reports, "
            f"{wanted}, got {sorted(given)}. Set "
            f"{_SEEDS_VARIABLE}={','.join(map(str, wanted))}."
        )
        raise ValueError(message)


def _record(
    path: Path, rows: Mapping[str, Run], seeds: list[int], sha256: str | None
) -> None:
    """Run every row for every seed and write the file, resuming where one stopped."""
    unfinished = path.with_name(f"{path.name}.partial")
    session = os.environ.get(_SESSION_VARIABLE) or None
    basis = {"sha256": sha256, "versions": versions()}
    done: dict[str, dict[str, Any]] = {}
    if unfinished.exists() and os.environ.get(_FRESH_VARIABLE) != "1":
        stored = json.loads(unfinished.read_text(encoding="utf-8"))
        if stored["basis"] == basis:
            done = stored["runs"]
    for row, run in rows.items():
        finished = done.setdefault(row, {})
        for seed in seeds:
            if str(seed) in finished:
                continue
            times, metrics = timed(partial(run, seed), row)
            for other in finished.values():
                check_same_metrics(row, other["metrics"], metrics)
            finished[str(seed)] = {
                **{name: rounded(value, 3) for name, value in times.items()},
                "metrics": {name: rounded(value, 6) for name, value in metrics.items()},
            }
            write_json(unfinished, {"session": session, "basis": basis, "runs": done})
    write_json(
        path,
        {
            "name": path.stem,
            "seeds": seeds,
            "sha256": sha256,
            "cpu_count": cpu_count(),
            "commit": commit(),
            "versions": basis["versions"],
            "rows": {row: _columns(done[row], seeds) for row in rows},
        },
    )
    if session is None:  # else tools/notebooks.py removes it with the session's others
        unfinished.unlink(missing_ok=True)


def _columns(finished: dict[str, Any], seeds: list[int]) -> dict[str, Any]:
    """Turn one entry a seed into one list a metric, in the order of the seeds."""
    entries = [finished[str(seed)] for seed in seeds]
    return {
        **{clock: [entry[clock] for entry in entries] for clock in TIMES},
        "metrics": {
            metric: [entry["metrics"][metric] for entry in entries]
            for metric in entries[0]["metrics"]
        },
    }


def _read(
    path: Path, name: str, rows: list[str], seeds: list[int], sha256: str | None
) -> dict[str, Any]:
    """Return the recorded results, if they are what is asked for."""
    if not path.is_file():
        message = (
            f"There are no recorded results {path.name!r}. To make them, run "
            f"`{_command(name)}`."
        )
        raise FileNotFoundError(message)
    results = json.loads(path.read_text(encoding="utf-8"))
    differences = []
    stored_rows = list(results["rows"])
    if sorted(stored_rows) != sorted(rows):
        missing = [row for row in rows if row not in stored_rows]
        surplus = [row for row in stored_rows if row not in rows]
        parts = [f"lacks the rows {missing}"] if missing else []
        parts += [f"has the rows {surplus} that are not asked for"] if surplus else []
        differences.append(" and ".join(parts))
    if results["seeds"] != seeds:
        differences.append(f"has the seeds {results['seeds']}, not {seeds}")
    if results["sha256"] != sha256:
        differences.append(
            f"was made from data with the hash {_short(results['sha256'])}, not "
            f"{_short(sha256)}"
        )
    if differences:
        message = (
            f"The recorded results {path.name!r} are not those asked for: the file "
            f"{'; it '.join(differences)}. To make them again, run "
            f"`{_command(name)}`."
        )
        raise ValueError(message)
    results["rows"] = {
        row: {
            **{clock: results["rows"][row][clock] for clock in TIMES},
            "metrics": {
                metric: [math.nan if value is None else value for value in values]
                for metric, values in results["rows"][row]["metrics"].items()
            },
        }
        for row in rows
    }
    return results


def _check_cheapest(
    name: str, rows: Mapping[str, Run], seed: int, results: dict[str, Any]
) -> None:
    """Run the row that took least time again, and compare it with what is recorded."""
    row = min(results["rows"], key=lambda row: sum(results["rows"][row]["cpu_seconds"]))
    recorded_metrics = results["rows"][row]["metrics"]
    _, metrics = timed(partial(rows[row], seed), row)
    if set(metrics) != set(recorded_metrics):
        message = (
            f"The row {row!r} of {name!r} now returns {sorted(metrics)}, recorded are "
            f"{sorted(recorded_metrics)}. Run `{_command(name)}`."
        )
        raise RuntimeError(message)
    for metric, value in metrics.items():
        values = pd.Series(recorded_metrics[metric], dtype=float)
        if values.isna().any() or _TIMING.search(metric):
            continue
        # As evaluation.band, but for any number of seeds; rounding is no change.
        spread = 5.0 * float(values.std(ddof=1)) if len(values) > 1 else 0.0
        mean = float(values.mean())
        if not abs(value - mean) <= spread + 1e-5 * abs(mean):
            message = (
                f"The row {row!r} of {name!r} gives {metric} = {value:.6g} with seed "
                f"{seed}, outside its recorded range {mean - spread:.6g} to "
                f"{mean + spread:.6g}. Find out what changed; if it is meant, run "
                f"`{_command(name)}`."
            )
            raise RuntimeError(message)


def _short(digest: str | None) -> str:
    """Shorten a hash for a message."""
    return "none" if digest is None else f"{digest[:12]}..."
