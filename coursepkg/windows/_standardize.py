"""Scaling to mean 0 and standard deviation 1."""

from typing import Any, Self

import numpy as np

from coursepkg._validation import check_array, check_finite


class Standardizer:
    """Scale every column to mean 0 and standard deviation 1 on the training rows.

    Fit it on the training part alone: a mean taken over the whole series tells the
    model about the future.

    Attributes
    ----------
    mean, scale : numpy.ndarray
        Mean and standard deviation (of the population) of the training rows, float64,
        shape ``()`` after a 1-D series and ``(features,)`` after a 2-D one. A column
        that never changes gets the scale 1, so that it becomes 0 and can be undone.

    Examples
    --------
    >>> series = np.array([[0.0, 10.0], [2.0, 10.0], [4.0, 10.0]])
    >>> standardizer = Standardizer().fit(series[:2])
    >>> standardizer
    Standardizer(n_features=2)
    >>> standardizer.transform(series)
    array([[-1.,  0.],
           [ 1.,  0.],
           [ 3.,  0.]])
    >>> standardizer.inverse_transform([[3.0, 0.0]])
    array([[ 4., 10.]])
    """

    mean: np.ndarray | None = None
    scale: np.ndarray | None = None

    def fit(self, train: Any) -> Self:
        """Take mean and standard deviation from the training rows.

        Parameters
        ----------
        train : array_like, shape (time,) or (time, features)
            The training rows, in any unit.

        Returns
        -------
        Standardizer
            This object, so that ``Standardizer().fit(train).transform(x)`` reads on.

        Raises
        ------
        TypeError
            If `train` does not hold real numbers.
        ValueError
            If `train` has no row, another number of axes, NaN or infinite values.
        """
        values = check_finite(check_array(train, "train", ndim=(1, 2)), "train")
        if values.size == 0:
            message = (
                f"`train` must have at least one row and column, got shape "
                f"{values.shape}. Pass the training rows."
            )
            raise ValueError(message)
        constant = values.min(axis=0) == values.max(axis=0)  # () or (features,)
        deviation = values.std(axis=0, dtype=np.float64)  # () or (features,)
        self.mean = np.asarray(values.mean(axis=0, dtype=np.float64))
        self.scale = np.where(constant, 1.0, deviation)
        return self

    def transform(self, x: Any) -> np.ndarray:
        """Scale an array with the mean and deviation of the training rows.

        Parameters
        ----------
        x : array_like, shape (..., features), or any shape after a fit on (time,)
            A series or a batch of windows, in the unit of the training rows.

        Returns
        -------
        numpy.ndarray
            A new array of the same shape; float32 stays float32, integers become
            float64.

        Raises
        ------
        RuntimeError
            If `fit` was not called before.
        ValueError
            If the last axis of `x` is not as long as the fitted features.
        """
        values, mean, scale = self._prepared(x)
        result = values - mean
        result /= scale
        return result

    def inverse_transform(self, x: Any) -> np.ndarray:
        """Undo `transform`.

        Parameters
        ----------
        x : array_like, shape (..., features), or any shape after a fit on (time,)
            Scaled values. To bring predictions of one column back to its unit, fit a
            second standardizer on that column alone.

        Returns
        -------
        numpy.ndarray
            A new array of the same shape in the unit of the training rows.

        Raises
        ------
        RuntimeError
            If `fit` was not called before.
        ValueError
            If the last axis of `x` is not as long as the fitted features.
        """
        values, mean, scale = self._prepared(x)
        result = values * scale
        result += mean
        return result

    def __repr__(self) -> str:
        """Say what it was fitted on."""
        if self.mean is None:
            return "Standardizer(not fitted)"
        return f"Standardizer(n_features={self.mean.size})"

    def _prepared(self, x: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return `x` as floats, and mean and scale in the same type."""
        if self.mean is None or self.scale is None:
            message = "`fit` must come first, got a Standardizer that is not fitted."
            raise RuntimeError(message + " Call `.fit(train)`.")
        values = check_array(x, "x", ndim=range(65))
        features = self.mean.shape
        if features and values.shape[-1:] != features:
            message = (
                f"`x` must have {features[0]} features on its last axis, as in `fit`, "
                f"got shape {values.shape}. Pass the same columns, or fit a "
                "standardizer on these alone."
            )
            raise ValueError(message)
        dtype = values.dtype if values.dtype.kind == "f" else np.dtype(np.float64)
        return (
            values.astype(dtype, copy=False),
            self.mean.astype(dtype),
            self.scale.astype(dtype),
        )
