"""Counting what follows what: n-gram language models with smoothing."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursepkg._validation import check_array, check_choice, check_integer

__all__ = ["NGramLanguageModel"]

FloatArray = NDArray[np.float64]
IdArray = NDArray[np.int64]


class NGramLanguageModel:
    r"""Predict the next token from how often it followed the last few before.

    Works on any sequence of integer ids: characters, bytes, words.

    Parameters
    ----------
    order : int
        Length of the n-grams that are counted, at least 1: a token is predicted from
        the ``order - 1`` before it, or from all there are if they are fewer.
    smoothing : {"witten_bell", "add_k"}, default "witten_bell"
        How tokens are treated that were not seen after this context.
    k : float, default 1.0
        For "add_k": what is added to each count, at least 0. With 0 the model is not
        smoothed, and gives probability 0 to what it has not seen.

    Raises
    ------
    TypeError
        If `order` is not an integer, or `k` not a number.
    ValueError
        If `order` is less than 1, `k` negative, or `smoothing` unknown.

    Notes
    -----
    With :math:`c(h w)` the number of times that token w followed context h,
    :math:`c(h)` their sum over w, :math:`T(h)` the number of different tokens that
    followed h, :math:`h'` the context h without its first token, and V the size of
    the vocabulary, interpolated Witten-Bell smoothing is

    .. math:: p(w \mid h) = \frac{c(h w) + T(h)\, p(w \mid h')}{c(h) + T(h)},

    and below the empty context stands :math:`1 / V`. The more different tokens have
    followed a context, the more is left to the shorter one; a context that was never
    seen leaves all to it. Adding k is

    .. math:: p(w \mid h) = \frac{c(h w) + k}{c(h) + k V},

    and :math:`1 / V` where h was never seen, also for k = 0.

    References
    ----------
    I. H. Witten and T. C. Bell (1991). The zero-frequency problem: estimating the
    probabilities of novel events in adaptive text compression. IEEE Transactions on
    Information Theory 37(4), 1085-1094.

    S. F. Chen and J. Goodman (1999). An empirical study of smoothing techniques for
    language modeling. Computer Speech & Language 13(4), 359-394.

    Examples
    --------
    After 0 came 1 twice, and nothing else; one token came anew, so a third of the
    probability is left to the shorter context.

    >>> model = NGramLanguageModel(2).fit([0, 1, 0, 1], vocabulary_size=3)
    >>> np.exp(model.next_logits([0])).round(3)
    array([0.148, 0.815, 0.037])
    >>> np.exp(model.log_probabilities([0, 1, 2])).round(3)
    array([0.444, 0.815, 0.056])
    """

    def __init__(
        self, order: int, *, smoothing: str = "witten_bell", k: float = 1.0
    ) -> None:
        self.order = check_integer(order, "order", minimum=1)
        self.smoothing = check_choice(smoothing, "smoothing", ("witten_bell", "add_k"))
        if isinstance(k, (bool, np.bool_)) or not isinstance(
            k, (int, float, np.integer, np.floating)
        ):
            message = (
                f"`k` must be a number, got {type(k).__name__}. Pass for example 1."
            )
            raise TypeError(message)
        if not 0.0 <= k < np.inf:
            message = (
                f"`k` must be at least 0 and finite, got {k}. Pass 1 to add one to "
                "each count, or 0 for no smoothing."
            )
            raise ValueError(message)
        self.k = float(k)
        self._vocabulary_size = 0
        self._levels: list[_Level] = []

    def __repr__(self) -> str:
        """Write the settings."""
        added = f", k={self.k:g}" if self.smoothing == "add_k" else ""
        return f"NGramLanguageModel({self.order}, smoothing={self.smoothing!r}{added})"

    def fit(self, ids: ArrayLike, *, vocabulary_size: int) -> Self:
        """Count all n-grams of 1 to `order` tokens.

        Parameters
        ----------
        ids : array_like of int, shape (length,)
            The training text, encoded; at least one token.
        vocabulary_size : int
            Number of different tokens that may occur, in any text; ids are smaller.

        Returns
        -------
        NGramLanguageModel
            The same object, fitted.

        Raises
        ------
        TypeError
            If `ids` does not hold integers.
        ValueError
            If there is no token, or an id is negative or not below
            `vocabulary_size`.
        """
        size = check_integer(vocabulary_size, "vocabulary_size", minimum=1)
        tokens = _checked_ids(ids, size)
        if not len(tokens):
            message = "`ids` must hold at least one token, got none. Pass a text."
            raise ValueError(message)
        levels = []
        # grams[t]: the number, among all of its kind, of the n-gram that ends before
        # token t. The empty one, number 0, ends everywhere; n + 1 tokens are n tokens
        # and one more.
        grams = np.zeros(len(tokens) + 1, np.int64)  # (length + 1 - n,)
        n_contexts = 1
        for n in range(self.order):
            keys = grams[:-1] * size + tokens[n:]  # (length - n,)
            seen, grams, counts = np.unique(
                keys, return_inverse=True, return_counts=True
            )  # (n_grams,), (length - n,), (n_grams,)
            contexts = seen // size  # (n_grams,)
            totals = np.bincount(contexts, counts, n_contexts).astype(float)
            kinds = np.bincount(contexts, minlength=n_contexts)  # (n_contexts,)
            levels.append(_Level(seen, counts, totals, kinds))
            n_contexts = len(seen)
        self._vocabulary_size, self._levels = size, levels
        return self

    def log_probabilities(
        self, ids: ArrayLike, *, order: int | None = None
    ) -> FloatArray:
        """Return the log-probability of each token of a text, given those before it.

        Parameters
        ----------
        ids : array_like of int, shape (length,)
            The text to score, encoded as the training text was. Put the last
            ``order - 1`` tokens of what stands before it in front, if there is
            something, and leave out their scores.
        order : int, optional
            Use n-grams of at most this length, between 1 and the order of the model:
            what a model of that order would return, without counting again.

        Returns
        -------
        ndarray of shape (length,)
            Natural logarithms; minus infinity where the probability is 0, which only
            a model without smoothing gives. Entry t is computed from ``ids[:t + 1]``.

        Raises
        ------
        TypeError
            If `ids` does not hold integers.
        ValueError
            If an id is negative or not in the vocabulary, if `order` is out of its
            range, or if the model is not fitted.
        """
        size = self._fitted()
        used = self.order if order is None else check_integer(order, "order", minimum=1)
        if used > self.order:
            message = (
                f"`order` must be at most that of the model, {self.order}, got {used}. "
                "Fit a model of a greater order first."
            )
            raise ValueError(message)
        tokens = _checked_ids(ids, size)  # (length,)
        steps = np.arange(len(tokens))  # (length,)
        probabilities = np.full(len(tokens), 1 / size)  # (length,)
        grams = np.zeros(len(tokens) + 1, np.int64)  # (length + 1,), as in `fit`
        for n, level in enumerate(self._levels[:used]):
            contexts = grams[:-1]  # (length,)
            extended = level.find(contexts, tokens, size)  # (length,)
            probabilities = np.where(
                steps >= n,
                self._mixed(
                    probabilities,
                    counts=_entries(level.counts, extended),
                    totals=_entries(level.totals, contexts),
                    kinds=_entries(level.kinds, contexts),
                ),
                probabilities,
            )
            grams = np.concatenate([[-1], extended])
        with np.errstate(divide="ignore"):
            return np.log(probabilities)

    def next_logits(self, ids: ArrayLike) -> FloatArray:
        """Return the log-probabilities of what may come next.

        Parameters
        ----------
        ids : array_like of int, shape (length,)
            The text so far; only its last ``order - 1`` tokens are looked at. It may be
            empty.

        Returns
        -------
        ndarray of shape (vocabulary,)
            Natural logarithms of probabilities that sum to 1, ready for
            `generation.generate`; minus infinity where the probability is 0.

        Raises
        ------
        TypeError
            If `ids` does not hold integers.
        ValueError
            If an id is negative or not in the vocabulary, or the model is not fitted.
        """
        size = self._fitted()
        array = np.asarray(ids)
        tokens = _checked_ids(array[max(0, len(array) - self.order + 1) :], size)
        probabilities = np.full(size, 1 / size)  # (vocabulary,)
        grams = np.zeros(len(tokens) + 1, np.int64)  # (n_context + 1,), as in `fit`
        for n, level in enumerate(self._levels[: len(tokens) + 1]):
            context = grams[-1:]  # (1,)
            probabilities = self._mixed(
                probabilities,
                counts=level.row(int(context[0]), size),
                totals=_entries(level.totals, context),
                kinds=_entries(level.kinds, context),
            )
            if n < len(tokens):
                extended = level.find(grams[:-1], tokens, size)  # (n_context,)
                grams = np.concatenate([[-1], extended])
        with np.errstate(divide="ignore"):
            return np.log(probabilities)

    def _mixed(
        self,
        shorter: FloatArray,
        *,
        counts: FloatArray,
        totals: FloatArray,
        kinds: FloatArray,
    ) -> FloatArray:
        """Return the probabilities after a context, given those after a shorter one."""
        if self.smoothing == "add_k":
            above = counts + self.k
            below = totals + self.k * self._vocabulary_size
            otherwise = np.full_like(shorter, 1 / self._vocabulary_size)
        else:
            above = counts + kinds * shorter
            below = totals + kinds
            otherwise = shorter
        return np.where(below > 0, above / np.where(below > 0, below, 1.0), otherwise)

    def _fitted(self) -> int:
        """Return the size of the vocabulary, or say that there is none."""
        if not self._levels:
            message = "`NGramLanguageModel` is not fitted yet. Call `fit` first."
            raise ValueError(message)
        return self._vocabulary_size


class _Level(NamedTuple):
    """The n-grams of one length, sorted by context and last token."""

    keys: IdArray  # (n_grams,): number of the context * vocabulary + last token
    counts: IdArray  # (n_grams,)
    totals: FloatArray  # (n_contexts,): sum of the counts of a context
    kinds: IdArray  # (n_contexts,): number of different tokens after it

    def find(self, contexts: IdArray, tokens: IdArray, size: int) -> IdArray:
        """Return the number of each n-gram, -1 where it was not seen."""
        if not len(self.keys):
            return np.full(len(tokens), -1)
        wanted = contexts * size + tokens  # (length,)
        places = np.searchsorted(self.keys, wanted)  # (length,)
        places = np.minimum(places, len(self.keys) - 1)
        found = (contexts >= 0) & (self.keys[places] == wanted)
        return np.where(found, places, -1)

    def row(self, context: int, size: int) -> FloatArray:
        """Return how often each token followed one context."""
        counts = np.zeros(size)  # (vocabulary,)
        if context >= 0:
            first = context * size
            low, high = np.searchsorted(self.keys, [first, first + size])
            counts[self.keys[low:high] - first] = self.counts[low:high]
        return counts


def _entries(values: NDArray, numbers: IdArray) -> FloatArray:
    """Return the value of each number, 0 for -1."""
    if not len(values):
        return np.zeros(len(numbers))
    return np.where(numbers >= 0, values[numbers], 0.0)


def _checked_ids(ids: ArrayLike, size: int) -> IdArray:
    array = check_array(ids, "ids", ndim=1)
    if not array.size:
        return np.zeros(0, np.int64)
    if array.dtype.kind not in "iu":
        message = (
            f"`ids` must hold integers, got dtype {array.dtype}. "
            "Encode the text first, with `Vocabulary.encode`."
        )
        raise TypeError(message)
    if array.min() < 0 or array.max() >= size:
        message = (
            f"`ids` must lie between 0 and {size - 1}, for a vocabulary of {size}, "
            f"got {array.min()} to {array.max()}. Pass "
            "`vocabulary_size=len(vocabulary)` to `fit`, and encode all texts with "
            "that vocabulary."
        )
        raise ValueError(message)
    return array.astype(np.int64)
