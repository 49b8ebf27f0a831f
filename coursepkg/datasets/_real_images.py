"""Real images: what `fetch_mnist` returns, and how each published layout is read."""

from __future__ import annotations

import hashlib
import io
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from coursepkg.datasets._archives import DAMAGE, gzip_file, require, zip_file

IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
_NPZ_KEYS = ("x_train", "y_train", "x_test", "y_test")
_SIDE = 28  # pixels
_UBYTE = 8  # how an idx file calls unsigned bytes

# What numpy makes of a header that was tampered with.
_BAD_NPY = (ValueError, TypeError, SyntaxError, tokenize.TokenError, MemoryError)


@dataclass(frozen=True, eq=False)
class MnistData:
    """Images of handwritten digits, in the official split.

    Parameters
    ----------
    x_train, x_test : array of shape (n_images, 28, 28)
        Ink from 0 (none) to 1, float32; row t of an image is step t of a sequence.
    y_train, y_test : array of shape (n_images,)
        The digits, 0 to 9.
    sha256 : str
        Digest of all pixels and labels, the same for each layout of the files.
    """

    x_train: NDArray[np.float32]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.float32]
    y_test: NDArray[np.int64]
    sha256: str

    def __repr__(self) -> str:
        """Return the numbers of images."""
        n_train, n_test = len(self.x_train), len(self.x_test)
        return f"MnistData({n_train:,} training and {n_test:,} test images)"


def read_mnist_idx(path: Path, *, n_train: int, n_test: int) -> MnistData:
    """Read the images and labels from the four files of the official layout.

    Parameters
    ----------
    path : pathlib.Path
        "train-images-idx3-ubyte", packed by gzip (then with ".gz") or not; the other
        three files lie beside it and are packed if it is.
    n_train, n_test : int
        Numbers of images.

    Returns
    -------
    MnistData
        In the order of the files.
    """
    packed = path.suffix if path.suffix == ".gz" else ""
    arrays = {}
    for file, key in zip(IDX_FILES, _NPZ_KEYS, strict=True):
        place = path.with_name(file + packed)
        try:
            shape = _shapes(n_train, n_test)[key]
            arrays[key] = _from_idx(_idx_bytes(place, shape), shape)
        except DAMAGE as error:
            message = f"in {place.name}, {str(error) or type(error).__name__}"
            raise ValueError(message) from error
    return _images(arrays)


def read_mnist_npz(path: Path, *, n_train: int, n_test: int) -> MnistData:
    """Read the images and labels from one archive of arrays; nothing is unpickled.

    Parameters
    ----------
    path : pathlib.Path
        "mnist.npz" with x_train, y_train, x_test and y_test.
    n_train, n_test : int
        Numbers of images.

    Returns
    -------
    MnistData
        The same as from the official files.
    """
    return _images(
        {
            key: _from_npy(zip_file(path, f"{key}.npy"), shape, key)
            for key, shape in _shapes(n_train, n_test).items()
        }
    )


def _shapes(n_train: int, n_test: int) -> dict[str, tuple[int, ...]]:
    return {
        "x_train": (n_train, _SIDE, _SIDE),
        "y_train": (n_train,),
        "x_test": (n_test, _SIDE, _SIDE),
        "y_test": (n_test,),
    }


def _idx_bytes(path: Path, shape: tuple[int, ...]) -> bytes:
    if path.suffix == ".gz":
        return gzip_file(path)
    header = 4 + 4 * len(shape)
    require(path.stat().st_size <= header + int(np.prod(shape)), "there is too much")
    return path.read_bytes()


def _from_idx(content: bytes, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return the array of an idx file: two zeros, type, axes, sizes, bytes."""
    n_axes = len(shape)
    magic = bytes([0, 0, _UBYTE, n_axes])
    require(
        content[:4] == magic,
        f"the first four bytes are {content[:4].hex(' ') or 'missing'}, "
        f"not {magic.hex(' ')}",
    )
    sizes = content[4 : 4 + 4 * n_axes]
    require(len(sizes) == 4 * n_axes, "the header is cut short")
    found = tuple(int(size) for size in np.frombuffer(sizes, ">u4"))
    require(found == shape, f"the header gives the shape {found}, not {shape}")
    values = content[4 + 4 * n_axes :]
    size = int(np.prod(shape))
    require(len(values) == size, f"{len(values):,} values follow, not {size:,}")
    return np.frombuffer(values, np.uint8).reshape(shape)


def _from_npy(content: bytes, shape: tuple[int, ...], name: str) -> NDArray[np.uint8]:
    try:
        array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    except _BAD_NPY as error:
        message = f"its array {name} cannot be read ({error})"
        raise ValueError(message) from error
    require(
        array.dtype == np.uint8 and array.shape == shape,
        f"its {name} is {array.dtype} of shape {array.shape}, not uint8 of shape "
        f"{shape}",
    )
    return np.ascontiguousarray(array)


def _images(arrays: Mapping[str, NDArray[np.uint8]]) -> MnistData:
    digest = hashlib.sha256()
    for key in _NPZ_KEYS:
        digest.update(arrays[key].tobytes())
    for key in ("y_train", "y_test"):
        require(arrays[key].max() <= 9, f"a label of {key} is not 0 to 9")
    return MnistData(
        x_train=np.divide(arrays["x_train"], 255, dtype=np.float32),
        y_train=arrays["y_train"].astype(np.int64),
        x_test=np.divide(arrays["x_test"], 255, dtype=np.float32),
        y_test=arrays["y_test"].astype(np.int64),
        sha256=digest.hexdigest(),
    )
