"""Bags of n-grams: logistic regression upon how often each word or phrase occurs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coursepkg._validation import check_choice, check_integer

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BagOfNGrams"]

Texts = Iterable[str] | Iterable[Sequence[str]]

# Letters and digits, with apostrophes between them: the words of `text.tokenize_words`.
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


class BagOfNGrams:
    r"""Classify texts by which words and short phrases they hold, wherever they stand.

    Each text becomes a vector with one entry for each n-gram of the training texts: how
    often it occurs, or that times how rare it is elsewhere (TF-IDF). A logistic
    regression on these vectors is convex, takes seconds, and is hard to beat on long
    texts. Single words (``n=1``) know nothing of their order; phrases of two or three
    see a little of it.

    Parameters
    ----------
    n : int or tuple of two int, default 1
        Number of words in an n-gram: 1 for words, 2 for pairs alone, (1, 2) for both.
    weighting : {"tf_idf", "counts"}
        Entries of a vector: the counts themselves, or the counts times

        .. math:: \mathrm{idf}(g) = \ln \frac{1 + N}{1 + N_g} + 1

        with :math:`N` training texts of which :math:`N_g` hold the n-gram, the
        vector then being brought to length 1.
    C : float, default 1.0
        Inverse of the penalty on the squared coefficients: the greater, the closer
        the fit follows the training texts.
    min_count : int, default 1
        Texts that must hold an n-gram for it to have an entry.
    max_features : int, optional
        Keep only so many n-grams, those that occur most often.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        After `fit`: the labels, sorted; the columns of `predict_proba`.
    n_features : int
        After `fit`: the number of n-grams.

    Raises
    ------
    TypeError
        If a count is not an integer.
    ValueError
        If `n` is less than 1 or falls, `weighting` is unknown, a count is less than 1,
        or `C` is not positive and finite.

    Notes
    -----
    A text is a string, cut into lower-case words without punctuation, or a list of its
    tokens, taken as they are. N-grams that training did not see count for nothing.

    References
    ----------
    S. Wang and C. D. Manning (2012). Baselines and bigrams: simple, good sentiment and
    topic classification. Proceedings of ACL 2012, 90-94.

    Examples
    --------
    >>> texts = ["good, not bad", "fine and good", "bad, not good", "dull and bad"]
    >>> words = BagOfNGrams(n=1, C=100.0).fit(texts, [1, 1, 0, 0])
    >>> words.predict_proba(["not bad, not good"])[0].round(2)
    array([0.5, 0.5])
    >>> pairs = BagOfNGrams(n=(1, 2), C=100.0).fit(texts, [1, 1, 0, 0])
    >>> pairs.predict(["quite good, not bad"])
    array([1])
    """

    def __init__(
        self,
        n: int | tuple[int, int] = 1,
        *,
        weighting: Literal["tf_idf", "counts"] = "tf_idf",
        C: float = 1.0,
        min_count: int = 1,
        max_features: int | None = None,
    ) -> None:
        self.n = _checked_range(n)
        self.weighting = check_choice(weighting, "weighting", ("tf_idf", "counts"))
        if not 0.0 < C < np.inf:
            message = (
                f"`C` must be positive and finite, got {C}. Pass 1.0, or more for a "
                "weaker penalty."
            )
            raise ValueError(message)
        self.C = float(C)
        self.min_count = check_integer(min_count, "min_count", minimum=1)
        self.max_features = max_features
        if max_features is not None:
            self.max_features = check_integer(max_features, "max_features", minimum=1)
        self._vectorizer: Any = None
        self._model: Any = None

    def __repr__(self) -> str:
        """Write the settings."""
        return f"BagOfNGrams(n={self.n}, weighting={self.weighting!r}, C={self.C:g})"

    def fit(self, texts: Texts, labels: ArrayLike) -> Self:
        """Learn the n-grams, their weights and their coefficients.

        Parameters
        ----------
        texts : iterable of str or of lists of str
            The training texts.
        labels : array_like of shape (n_texts,)
            Their classes, at least two different ones: numbers or strings.

        Returns
        -------
        BagOfNGrams
            The same object, fitted.

        Raises
        ------
        TypeError
            If `texts` is one string, or a text is neither a string nor tokens.
        ValueError
            If the numbers of texts and labels differ, there is one class only, or no
            n-gram is left.
        """
        from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
        from sklearn.linear_model import LogisticRegression

        documents = _documents(texts)
        answers = np.asarray(labels)  # (n_texts,)
        if answers.shape != (len(documents),):
            message = (
                f"`labels` must have one entry for each of the {len(documents)} "
                f"texts, got the shape {answers.shape}."
            )
            raise ValueError(message)
        if len(np.unique(answers)) < 2:
            message = (
                "`labels` must hold at least two classes, got "
                f"{np.unique(answers).tolist()}. There is nothing to tell apart."
            )
            raise ValueError(message)
        kind = TfidfVectorizer if self.weighting == "tf_idf" else CountVectorizer
        vectorizer = kind(
            analyzer=self._ngrams,
            min_df=self.min_count,
            max_features=self.max_features,
        )
        if not any(len(words) >= self.n[0] for words in documents):
            message = (
                f"`texts` must hold at least one n-gram of {self.n[0]} word(s), got "
                "none. Pass longer texts or a smaller `n`."
            )
            raise ValueError(message)
        try:
            design = vectorizer.fit_transform(documents)  # (n_texts, n_features)
        except ValueError as error:
            message = (
                f"`min_count` = {self.min_count} leaves no n-gram of the "
                f"{len(documents)} texts. Pass a smaller one."
            )
            raise ValueError(message) from error
        self._model = LogisticRegression(C=self.C, max_iter=2000).fit(design, answers)
        self._vectorizer = vectorizer
        return self

    def predict(self, texts: Texts) -> NDArray[Any]:
        """Return the most probable class of each text.

        Parameters
        ----------
        texts : iterable of str or of lists of str
            Any texts.

        Returns
        -------
        ndarray of shape (n_texts,)
            Entries of `classes`.

        Raises
        ------
        TypeError
            If `texts` is one string, or a text is neither a string nor tokens.
        ValueError
            If `fit` was not called.
        """
        return self.classes[self.predict_proba(texts).argmax(axis=1)]

    def predict_proba(self, texts: Texts) -> NDArray[np.float64]:
        """Return the probability of each class for each text.

        Parameters
        ----------
        texts : iterable of str or of lists of str
            Any texts.

        Returns
        -------
        ndarray of shape (n_texts, n_classes)
            Rows sum to 1; columns stand as `classes`.

        Raises
        ------
        TypeError
            If `texts` is one string, or a text is neither a string nor tokens.
        ValueError
            If `fit` was not called.
        """
        model = self._fitted()
        documents = _documents(texts)
        if not documents:
            return np.empty((0, len(model.classes_)))
        return model.predict_proba(self._vectorizer.transform(documents))

    @property
    def classes(self) -> NDArray[Any]:
        """The labels, sorted."""
        return self._fitted().classes_.copy()

    @property
    def n_features(self) -> int:
        """The number of n-grams that have an entry."""
        return int(self._fitted().coef_.shape[1])

    def top_ngrams(self, k: int = 10) -> pd.DataFrame:
        """Return the n-grams that speak most strongly for each class.

        Parameters
        ----------
        k : int, default 10
            How many for each class, at most as many as there are.

        Returns
        -------
        pandas.DataFrame
            Columns ``label``, ``ngram`` and ``coefficient``: how much an entry of 1
            adds to the class's log-odds (with three or more classes, to its score).
            Classes in order, falling coefficients, ties alphabetical.

        Raises
        ------
        ValueError
            If `k` is less than 1, or `fit` was not called.
        """
        import pandas as pd

        n_rows = check_integer(k, "k", minimum=1)
        model = self._fitted()
        names = self._vectorizer.get_feature_names_out()  # (n_features,)
        scores = model.coef_  # (n_classes, n_features), of two classes (1, n_features)
        if len(scores) == 1:
            scores = np.concatenate([-scores, scores])  # (2, n_features)
        parts = []
        for label, row in zip(model.classes_, scores, strict=True):
            best = np.argsort(-row, kind="stable")[:n_rows]
            parts.append(
                pd.DataFrame(
                    {"label": label, "ngram": names[best], "coefficient": row[best]}
                )
            )
        return pd.concat(parts, ignore_index=True)

    def _ngrams(self, words: Sequence[str]) -> list[str]:
        """Return all n-grams of a text's words, each joined by spaces."""
        low, high = self.n
        return [
            " ".join(words[start : start + length])
            for length in range(low, high + 1)
            for start in range(len(words) - length + 1)
        ]

    def _fitted(self) -> Any:
        """Return the fitted regression, or say that there is none."""
        if self._model is None:
            message = "`BagOfNGrams` is not fitted yet. Call `fit` first."
            raise ValueError(message)
        return self._model


def _checked_range(n: int | tuple[int, int]) -> tuple[int, int]:
    """Return the least and the greatest length of an n-gram."""
    ends = tuple(n) if isinstance(n, tuple | list) else (n, n)
    if len(ends) != 2:
        message = f"`n` must be an integer or two of them, got {n}. Pass (1, 2)."
        raise ValueError(message)
    low, high = (check_integer(end, "n", minimum=1) for end in ends)
    if low > high:
        message = f"`n` must not fall, got {n}. Pass {(high, low)}."
        raise ValueError(message)
    return low, high


def _documents(texts: Texts) -> list[list[str]]:
    """Return the words of each text."""
    if isinstance(texts, str | bytes):
        message = (
            f"`texts` must hold texts, got one {type(texts).__name__}. Pass [text]."
        )
        raise TypeError(message)
    documents = []
    for number, text in enumerate(texts):
        if isinstance(text, str):
            documents.append(_WORD.findall(text.lower().replace("\u2019", "'")))
        elif isinstance(text, Sequence | np.ndarray) and all(
            isinstance(token, str) for token in text
        ):
            documents.append(list(text))
        else:
            message = (
                f"`texts[{number}]` must be a string or a list of strings, got "
                f"{type(text).__name__}."
            )
            raise TypeError(message)
    return documents
