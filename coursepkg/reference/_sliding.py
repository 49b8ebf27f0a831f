"""What convolution and pooling share: which steps a window covers, there and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursepkg._validation import check_array, check_choice, check_integer
from coursepkg.reference._steps import FloatArray

PADDINGS = ("valid", "same", "causal")


@dataclass(frozen=True, eq=False)
class Windows:
    """The steps that the windows of a layer cover, in the order of its outputs.

    Parameters
    ----------
    steps : integer array of shape (new time, size)
        Step that each place of each window covers: below 0 before the beginning, from
        `time` on behind the end.
    time : int
        Number of steps of the inputs.
    """

    steps: NDArray[np.int64]
    time: int

    @property
    def inside(self) -> NDArray[np.bool_]:
        """True where a place covers a step that exists, (new time, size)."""
        return (self.steps >= 0) & (self.steps < self.time)

    def gather(self, x: FloatArray, *, outside: float = 0.0) -> FloatArray:
        """Return what the windows cover.

        Parameters
        ----------
        x : array of shape (batch, time, features)
        outside : float
            What stands where there is no step.

        Returns
        -------
        array of shape (batch, new time, size, features)
        """
        covered = x[:, self.steps.clip(0, self.time - 1)]
        return np.where(self.inside[..., np.newaxis], covered, x.dtype.type(outside))

    def scatter(self, d_covered: FloatArray) -> FloatArray:
        """Return dL/dx: each step adds up what all windows that cover it send back.

        Parameters
        ----------
        d_covered : array of shape (batch, new time, size, features)
            The gradient of what `gather` returned.

        Returns
        -------
        array of shape (batch, time, features)
        """
        batch, _, _, features = d_covered.shape
        where = self.inside  # (new time, size)
        shares = d_covered[:, where].swapaxes(0, 1)  # (places inside, batch, features)
        d_x = np.zeros((self.time, batch, features), d_covered.dtype)
        np.add.at(d_x, self.steps[where], shares)
        return d_x.swapaxes(0, 1)


def windows_of(
    time: int, size: int, *, strides: int, padding: str, dilation_rate: int = 1
) -> Windows:
    """Return the steps that each window covers, as Keras (on TensorFlow) lays them.

    Parameters
    ----------
    time : int
        Number of steps.
    size : int
        Places in a window.
    strides : int
        Steps from one window to the next.
    padding : {"valid", "same", "causal"}
        "valid": windows stay inside. "same": there are ``ceil(time / strides)``, and
        the steps that are missing are divided between both ends, the odd one behind.
        "causal": the last place of window i covers step ``i * strides``.
    dilation_rate : int
        Steps from one place of a window to the next.

    Returns
    -------
    Windows

    Raises
    ------
    ValueError
        If there is no step, or no window fits.
    """
    reach = (size - 1) * dilation_rate  # from the first place to the last
    first = 0
    n_windows = -(-time // strides)
    if padding == "valid":
        n_windows = -(-(time - reach) // strides)
    elif padding == "causal":
        first = -reach
    else:
        first = -(max(0, (n_windows - 1) * strides + reach + 1 - time) // 2)
    if time < 1:
        message = "`x` must have at least one step, got none. Leave empty ones out."
        raise ValueError(message)
    if n_windows < 1:
        message = (
            f"`x` must have at least {reach + 1} steps with "
            f'padding="{padding}", got {time}. Take longer sequences, a smaller '
            'window, or padding="same".'
        )
        raise ValueError(message)
    beginnings = first + strides * np.arange(n_windows)  # (new time,)
    places = dilation_rate * np.arange(size)  # (size,)
    return Windows(steps=beginnings[:, np.newaxis] + places, time=time)


def check_layer(
    strides: Any, padding: Any, *, size: Any, name: str, causal: bool
) -> None:
    """Refuse sizes below 1 and paddings that the layer does not know.

    Parameters
    ----------
    strides, padding, size
        As the caller was given them.
    name : str
        The name of the size, for the message.
    causal : bool
        Whether the layer knows "causal".

    Raises
    ------
    TypeError
        If a size is not an integer.
    ValueError
        If it is less than 1, or the padding unknown.
    """
    check_integer(size, name, minimum=1)
    check_integer(strides, "strides", minimum=1)
    check_choice(padding, "padding", PADDINGS if causal else PADDINGS[:2])


def gradient_like(d_outputs: ArrayLike, outputs: FloatArray) -> FloatArray:
    """Return dL/d(outputs), which must have the shape of the outputs, in their dtype.

    Parameters
    ----------
    d_outputs : array_like
        What the caller was given.
    outputs : array

    Returns
    -------
    array of the shape of `outputs`

    Raises
    ------
    ValueError
        If the shape is another.
    """
    array = check_array(d_outputs, "d_outputs", ndim=outputs.ndim)
    if array.shape != outputs.shape:
        message = (
            f"`d_outputs` must have the shape of the outputs, {outputs.shape}, got "
            f"{array.shape}. Pass one number for each output."
        )
        raise ValueError(message)
    return array.astype(outputs.dtype)
