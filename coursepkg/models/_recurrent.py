"""The recurrent stack that all models share, their seeds and their dropout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

import keras
import numpy as np

from coursepkg._validation import check_choice, check_integer

__all__ = ["add_recurrent_layers", "check_dropout", "draw_seeds"]

_CELLS = {
    "simple_rnn": keras.layers.SimpleRNN,
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
}


def draw_seeds(seed: int | np.random.Generator) -> Callable[[], int]:
    """Return a function that draws one integer seed for each part of a network.

    The order of the draws is part of what a seed means: recorded results rest on it.
    """
    rng = np.random.default_rng(seed)
    return lambda: int(rng.integers(2**31))


def check_dropout(share: float, name: str = "dropout") -> float:
    """Return a share to drop; refuse what is no number in [0, 1)."""
    if isinstance(share, bool) or not isinstance(share, Real):
        message = (
            f"`{name}` must be a number, got {share!r}. Pass the share that is "
            "dropped, such as 0.2."
        )
        raise TypeError(message)
    if not 0.0 <= share < 1.0:
        message = (
            f"`{name}` must be at least 0 and below 1, got {share}. It is the share "
            "that is dropped."
        )
        raise ValueError(message)
    return float(share)


def add_recurrent_layers(
    x: keras.KerasTensor,
    cell: str,
    units: int | Sequence[int],
    *,
    direction: str,
    every_step: bool,
    dropouts: tuple[float, float],
    draw: Callable[[], int],
    stateful: bool = False,
    mask: keras.KerasTensor | None = None,
) -> keras.KerasTensor:
    """Put recurrent layers upon `x`; refuse what no such stack can be.

    Parameters
    ----------
    x : keras.KerasTensor
        Of shape (batch, time, features).
    cell : {"simple_rnn", "lstm", "gru"}
        The kind of all layers.
    units : int or sequence of int
        Size of each layer, from the input upwards.
    direction : {"forward", "backward", "both"}
        How the layers read the sequence. Each layer takes three seeds: kernel,
        recurrent kernel, dropout masks; of two layers side by side the forward one
        first.
    every_step : bool
        If true, return the outputs of all steps, in the order of the inputs' steps
        whatever the direction.
    dropouts : tuple of two float
        `dropout` and `recurrent_dropout`.
    draw : callable
        Returns the next seed.
    stateful : bool
        If true, each batch starts in the state in which the one before ended.
    mask : keras.KerasTensor, optional
        Of shape (batch, time), false where a step is passed over. If left out, the
        mask that `x` carries, as that of an Embedding, counts.

    Returns
    -------
    keras.KerasTensor
        (batch, width) or, with `every_step`, (batch, time, width), the width being
        the last layer's units, doubled for both directions.

    Raises
    ------
    ValueError
        If `cell` or `direction` is unknown, there is no layer, a size is less than 1,
        or a share is not in [0, 1).
    """
    kind = _CELLS[check_choice(cell, "cell", tuple(_CELLS))]
    check_choice(direction, "direction", ("forward", "backward", "both"))
    sizes = [units] if isinstance(units, int | np.integer) else list(units)
    sizes = [check_integer(size, "units", minimum=1) for size in sizes]
    if not sizes:
        message = "`units` must hold at least one layer, got none. Pass (32,)."
        raise ValueError(message)
    shares = dict(zip(("dropout", "recurrent_dropout"), dropouts, strict=True))
    for name, share in shares.items():
        check_dropout(share, name)

    def recurrent(size: int, name: str, **options: Any) -> keras.layers.Layer:
        return kind(
            size,
            kernel_initializer=keras.initializers.GlorotUniform(seed=draw()),
            recurrent_initializer=keras.initializers.Orthogonal(seed=draw()),
            **shares,
            stateful=stateful,
            seed=draw(),
            name=name,
            **options,
        )

    for number, size in enumerate(sizes, start=1):
        name = f"{cell}_{number}"
        options: dict[str, Any] = {
            "return_sequences": every_step or number < len(sizes)
        }
        if direction == "both":
            layer = keras.layers.Bidirectional(
                _with_seed(recurrent(size, name, **options)),
                backward_layer=recurrent(
                    size, f"backward_{name}", go_backwards=True, **options
                ),
                name=name,
            )
        else:
            # Only the first layer turns the order: it hands its outputs on as it
            # made them, so those above it read backward already.
            turned = direction == "backward" and number == 1
            layer = recurrent(size, name, go_backwards=turned, **options)
        # Without a mask of our own, none is named: Keras then takes that of `x`.
        given = {} if mask is None else {"mask": mask}
        x = layer(x, **given)  # (batch, time, size), above the last (batch, size)
    if direction == "backward" and every_step:
        x = keras.ops.flip(x, axis=1)  # (batch, time, size), as the inputs stand
    return x


def _with_seed(layer: keras.layers.Layer) -> keras.layers.Layer:
    """Return the layer with its seed in its configuration.

    Bidirectional makes its forward layer (forward_...) anew from the configuration of
    the one it is given. In that of a SimpleRNN, Keras (3.15) leaves out the seed, so
    the new one would take a random seed from Python's global state.
    """
    config = {**layer.get_config(), "seed": layer.cell.seed}
    layer.get_config = lambda: config
    return layer
