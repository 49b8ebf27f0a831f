"""Batches of texts: rows that go on from batch to batch, and rows of like length."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursepkg._validation import check_array, check_integer
from coursepkg.text._checks import check_sequences


def contiguous_batches(
    ids: ArrayLike, *, batch_size: int, n_steps: int
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Cut one long text into batches whose rows go on in the next batch.

    Parameters
    ----------
    ids : array_like of int, shape (length,)
        An encoded text of at least ``batch_size * n_steps + 1`` tokens.
    batch_size : int
        Number of rows, at least 1: places in the text that are read side by side.
    n_steps : int
        Number of steps in a batch, at least 1.

    Returns
    -------
    inputs : numpy.ndarray, shape (n_batches, batch_size, n_steps)
        ``inputs[k + 1, row]`` goes on where ``inputs[k, row]`` ends, so that a network
        may keep its state from batch to batch. Row r reads the r-th of `batch_size`
        stretches of ``n_batches * n_steps`` neighbouring tokens.
    targets : numpy.ndarray, shape (n_batches, batch_size, n_steps)
        The same, one token later.

    Raises
    ------
    TypeError
        If `ids` does not hold integers.
    ValueError
        If the text is too short for a single batch, or a count is less than 1.

    Notes
    -----
    There are ``(length - 1) // (batch_size * n_steps)`` batches: the last token is
    only ever a target. What is left over at the end of the text, fewer than
    ``batch_size * n_steps`` tokens, is dropped.

    To train a stateful Keras model, reset its state before each pass over the batches,
    and keep their order: ``fit(inputs.reshape(-1, n_steps), ..., batch_size=batch_size,
    shuffle=False)``.

    Examples
    --------
    >>> import numpy as np
    >>> inputs, targets = contiguous_batches(np.arange(14), batch_size=2, n_steps=3)
    >>> inputs.tolist()
    [[[0, 1, 2], [6, 7, 8]], [[3, 4, 5], [9, 10, 11]]]
    >>> targets[0].tolist()
    [[1, 2, 3], [7, 8, 9]]
    """
    batch_size = check_integer(batch_size, "batch_size", minimum=1)
    n_steps = check_integer(n_steps, "n_steps", minimum=1)
    array = check_array(ids, "ids", ndim=1)
    if array.size and array.dtype.kind not in "iu":
        message = (
            f"`ids` must hold integers, got dtype {array.dtype}. "
            "Encode the text first, with `Vocabulary.encode`."
        )
        raise TypeError(message)
    n_batches = (len(array) - 1) // (batch_size * n_steps)
    if n_batches < 1:
        message = (
            f"`ids` must hold at least {batch_size * n_steps + 1} tokens for one batch "
            f"of {batch_size} rows and {n_steps} steps and the last target, got "
            f"{len(array)}. Pass a longer text, or a smaller `batch_size` or `n_steps`."
        )
        raise ValueError(message)
    n_used = n_batches * batch_size * n_steps

    def cut(stretch: NDArray[Any]) -> NDArray[Any]:
        rows = stretch.reshape(batch_size, n_batches, n_steps)
        # .copy(): fresh and contiguous, (n_batches, batch_size, n_steps)
        return rows.swapaxes(0, 1).copy()

    return cut(array[:n_used]), cut(array[1 : n_used + 1])


def bucket_by_length(
    lengths: Iterable[Any],
    *,
    batch_size: int,
    seed: int | np.random.Generator = 0,
) -> list[NDArray[np.int64]]:
    """Group sequences of like length into batches, which then need little padding.

    Parameters
    ----------
    lengths : iterable of int, or of sequences
        The lengths, or the sequences themselves.
    batch_size : int
        Number of sequences in a batch, at least 1.
    seed : int or numpy.random.Generator
        Source of the order of the batches, and of the order among equal lengths. Pass
        one Generator to all calls to have other batches in each epoch.

    Returns
    -------
    list of numpy.ndarray, each of shape (batch_size,)
        Positions in `lengths`; each position is in exactly one batch. The batch of the
        longest sequences holds fewer if they do not come out even. No two batches
        overlap in length, but for equal ones at the border.

    Raises
    ------
    TypeError
        If a length is not an integer, or `batch_size` is not.
    ValueError
        If a length is negative, or `batch_size` less than 1.

    Notes
    -----
    Batches of one length are not a random sample of the data: where length goes with
    the label, the gradients of neighbouring batches differ more than those of shuffled
    ones.

    Examples
    --------
    >>> batches = bucket_by_length([9, 2, 8, 1, 3], batch_size=2, seed=1)
    >>> [batch.tolist() for batch in batches]
    [[4, 2], [3, 1], [0]]
    """
    batch_size = check_integer(batch_size, "batch_size", minimum=1)
    sizes = np.array(
        [
            len(one)
            if isinstance(one, Sized)
            else check_integer(one, f"lengths[{number}]", minimum=0)
            for number, one in enumerate(check_sequences(lengths, "lengths"))
        ],
        dtype=np.int64,
    )  # (n,)
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(sizes))  # (n,)
    order = shuffled[np.argsort(sizes[shuffled], kind="stable")]  # (n,)
    batches = [
        order[start : start + batch_size] for start in range(0, len(order), batch_size)
    ]
    return [batches[number] for number in rng.permutation(len(batches))]
