"""What is known about generated data: the best attainable result and who attains it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coursepkg._validation import check_choice, check_integer

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Attainable:
    """The oracle of one column at one horizon, and the score to expect of it.

    Parameters
    ----------
    oracle : array of shape (n_steps,)
        Entry t is the best prediction of step t; NaN where it has no past.
    optimum : float
        Expected score of `oracle`, in the unit of the column.
    standard_error : float
        Monte Carlo standard error of `optimum`; 0.0 when it is exact.
    """

    oracle: FloatArray
    optimum: float
    standard_error: float = 0.0


@dataclass(frozen=True, eq=False)
class Truth:
    """What the generator of a series knows about forecasting it.

    No forecaster, however large and however long it trains, has a lower expected
    score than `optimum`. The predictions of `oracle` attain it. They are computed
    from the past of the published columns, the calendar and the generator's
    parameters, never from its latent draws.

    Parameters
    ----------
    metric : str
        The score that `oracle` minimises: "mae".
    kind : str
        How `optimum` one step ahead is known: "exact", "monte carlo" or "bound".
    standard_error : float
        Monte Carlo standard error of `optimum` one step ahead, 0.0 when exact.
        `uncertainty` answers for other horizons.
    columns : tuple of str
        Columns that can be asked for; empty for a series without columns.
    description : str
        The paragraph that `explain` starts with.
    compute : callable
        Maps (column, horizon) to an `Attainable`.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> truth = datasets.make_random_walk(n_steps=100, noise_scale=2.0).truth
    >>> truth
    Truth(metric='mae', kind='exact')
    >>> round(truth.optimum(), 3)
    1.596
    >>> round(truth.optimum(horizon=4), 3)
    3.192
    """

    metric: str
    kind: str
    standard_error: float
    columns: tuple[str, ...]
    description: str = field(repr=False)
    compute: Callable[[str | None, int], Attainable] = field(repr=False)

    def __repr__(self) -> str:
        """Return the metric and how the optimum is known."""
        return f"Truth(metric={self.metric!r}, kind={self.kind!r})"

    def optimum(self, *, column: str | None = None, horizon: int = 1) -> float:
        """Return the best attainable expected score.

        Parameters
        ----------
        column : str, optional
            The column to forecast; needed when the data has columns.
        horizon : int
            Steps ahead, at least 1.

        Returns
        -------
        float
            Expected score of `oracle`, in the unit of the published column.

        Raises
        ------
        ValueError
            If the column is unknown or missing, or the horizon is below 1 or
            leaves no step to forecast.
        TypeError
            If the horizon is not an integer.
        """
        return self._attainable(column, horizon).optimum

    def oracle(self, *, column: str | None = None, horizon: int = 1) -> FloatArray:
        """Return the best predictions, aligned with the data.

        Parameters
        ----------
        column : str, optional
            The column to forecast; needed when the data has columns.
        horizon : int
            Steps ahead, at least 1.

        Returns
        -------
        array of shape (n_steps,)
            Entry t is the best prediction of step t from what was published up to
            step t - horizon; NaN where there is no past. A fresh array.

        Raises
        ------
        ValueError
            If the column is unknown or missing, or the horizon is below 1 or
            leaves no step to forecast.
        TypeError
            If the horizon is not an integer.
        """
        return self._attainable(column, horizon).oracle.copy()

    def uncertainty(self, *, column: str | None = None, horizon: int = 1) -> float:
        """Return the Monte Carlo standard error of `optimum`; 0.0 when exact.

        Parameters
        ----------
        column : str, optional
            The column to forecast; needed when the data has columns.
        horizon : int
            Steps ahead, at least 1.

        Returns
        -------
        float
            In the unit of `optimum`, at most 0.2 % of it.
        """
        return self._attainable(column, horizon).standard_error

    def explain(self) -> str:
        """Return a paragraph: the process, the oracle, and the numbers one step ahead.

        Returns
        -------
        str
            Plain text, one paragraph.
        """
        best = []
        for name in self.columns or (None,):
            score = self.optimum(column=name)
            number = f"{score:,.0f}" if score >= 1000 else f"{score:.4g}"
            best.append(f"{number} for {name}" if name else number)
        return (
            f"{self.description} The oracle's expected {self.metric.upper()} one step "
            f"ahead is {' and '.join(best)} ({self.kind}): no forecaster does better "
            "on average."
        )

    def _attainable(self, column: str | None, horizon: int) -> Attainable:
        if self.columns:
            check_choice(column, "column", self.columns)
        elif column is not None:
            message = (
                f"`column` must be None for a series without columns, got {column!r}."
            )
            raise ValueError(message)
        return self.compute(column, check_integer(horizon, "horizon", minimum=1))


@dataclass(frozen=True, eq=False)
class TaskTruth:
    """What the generator of a task knows about solving it.

    No model has a better expected score than `optimum`, which the predictions of
    `oracle` attain. They are computed from the inputs that a model has read when it
    answers and from the rule of the task, never from what comes later. `memoryless`
    is the score that can be had without any memory: what a model must beat before one
    may say that it remembers.

    Parameters
    ----------
    metric : str
        The score: "mse", "accuracy" or "cross-entropy" (nats, averaged over all the
        steps that count).
    kind : str
        How the numbers are known: "exact".
    standard_error : float
        Of `optimum`; 0.0 because it is exact.
    description : str
        The text that `explain` starts with.
    best : float
        What `optimum` returns.
    without_memory : tuple of two float
        What `memoryless` returns, not knowing and knowing the step.
    predict : callable
        Makes what `oracle` returns, a new array at each call.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> task = datasets.make_adding_problem(n_sequences=5, sequence_length=50)
    >>> task.truth
    TaskTruth(metric='mse', kind='exact')
    >>> task.truth.optimum()
    0.0
    >>> round(task.truth.memoryless(), 4)
    0.1633
    """

    metric: str
    kind: str
    standard_error: float
    description: str = field(repr=False)
    best: float = field(repr=False)
    without_memory: tuple[float, float] = field(repr=False)
    predict: Callable[[], NDArray[Any]] = field(repr=False)

    def __repr__(self) -> str:
        """Return the metric and how the numbers are known."""
        return f"TaskTruth(metric={self.metric!r}, kind={self.kind!r})"

    def optimum(self) -> float:
        """Return the best attainable expected score.

        Returns
        -------
        float
            Expected score of `oracle`: the least for "mse" and "cross-entropy", the
            greatest for "accuracy".
        """
        return self.best

    def memoryless(self, *, knows_step: bool = False) -> float:
        """Return the expected score of the best guesser that has no memory.

        Parameters
        ----------
        knows_step : bool
            If False, the guesser sees the current input and nothing else: not even
            how many steps came before. If True it also counts the steps.

        Returns
        -------
        float
            Expected score; where one answer closes the sequence, the current input is
            the last one.
        """
        return self.without_memory[1 if knows_step else 0]

    def oracle(self) -> NDArray[Any]:
        """Return the best predictions, aligned with the targets.

        Returns
        -------
        array
            For "mse" and "accuracy" of the targets' shape, numbers or classes; for
            "cross-entropy" the probability of each class, on one more axis. A fresh
            array.
        """
        return self.predict()

    def explain(self) -> str:
        """Return a paragraph: the task, the oracle and the two lines to compare with.

        Returns
        -------
        str
            Plain text, one paragraph.
        """
        name = {"mse": "MSE", "cross-entropy": "cross-entropy"}.get(
            self.metric, self.metric
        )
        alone, counting = self.without_memory
        also = "" if alone == counting else f" ({counting:.4g} if it counts the steps)"
        return (
            f"{self.description} The oracle's expected {name} is {self.best:.4g} "
            f"({self.kind}); the best guesser that sees only the current input has "
            f"{alone:.4g}{also}."
        )


@dataclass(frozen=True, eq=False)
class TextTruth:
    r"""What the generator of a text knows about predicting it.

    No language model has a lower expected score than `optimum`, the entropy rate, in
    nats a character. The probabilities of `oracle` attain it: each is computed from
    the text before the character and the generator's parameters, from nothing else.

    Parameters
    ----------
    metric : str
        The score: "cross-entropy", nats a character.
    kind : str
        How the numbers are known: "exact".
    standard_error : float
        Of `optimum`; 0.0 because it is exact.
    description : str
        The text that `explain` starts with.
    rate : float
        What `optimum` returns.
    worth : mapping of str to float
        What remembering is worth, in nats a character: for each thing that must be
        kept for longer than `gap` characters, by how much a reader without it is worse.
    gap : int
        Characters of the past that do not help to know these things.
    text : str
        The text that `oracle` scores.
    score : callable
        Maps any text to the log-probabilities of its characters.
    follow : callable
        Maps the beginning of a text to the probabilities of the next character.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> truth = datasets.make_play(n_characters=1_000).truth
    >>> truth
    TextTruth(metric='cross-entropy', kind='exact')
    >>> truth.oracle().shape
    (1000,)
    >>> truth.next_characters("SCENE. A swamp.\n[Enter ")
    {'B': 0.25, 'C': 0.25, 'L': 0.25, 'S': 0.25}
    """

    metric: str
    kind: str
    standard_error: float
    description: str = field(repr=False)
    rate: float = field(repr=False)
    worth: Mapping[str, float] = field(repr=False)
    gap: int = field(repr=False)
    text: str = field(repr=False)
    score: Callable[[str], FloatArray] = field(repr=False)
    follow: Callable[[str], dict[str, float]] = field(repr=False)

    def __repr__(self) -> str:
        """Return the metric and how the numbers are known."""
        return f"TextTruth(metric={self.metric!r}, kind={self.kind!r})"

    def optimum(self) -> float:
        """Return the entropy rate: the least expected score.

        Returns
        -------
        float
            Nats a character.
        """
        return self.rate

    def without_memory(self) -> float:
        """Return the least expected score of a reader who forgets.

        Returns
        -------
        float
            Nats a character. No model that sees only the last `gap` characters has a
            lower expected score; one that also knows the state of the generator, but
            not what it was to remember, attains it.
        """
        return self.rate + sum(self.worth.values())

    def oracle(self) -> FloatArray:
        """Return the log-probability of each character, aligned with the text.

        Returns
        -------
        array of shape (n_characters,)
            Natural logarithms; minus their mean is the oracle's score. Entry t is
            computed from the characters before t. A fresh array.
        """
        return self.score(self.text)

    def log_probabilities(self, text: str) -> FloatArray:
        """Return the log-probability of each character of any text.

        Parameters
        ----------
        text : str
            For instance what a model wrote.

        Returns
        -------
        array of shape (len(text),)
            Natural logarithms: minus infinity where a character is impossible; NaN
            where the state is not known, which is from there to the next place where
            a reader finds it again, and before the first such place.
        """
        return self.score(text)

    def next_characters(self, text: str) -> dict[str, float]:
        """Return the probabilities of the character after a text.

        Parameters
        ----------
        text : str
            The beginning of a text, "" for its first character.

        Returns
        -------
        dict
            Maps each possible character, in alphabetical order, to its probability.

        Raises
        ------
        ValueError
            If the generator cannot write such a text.
        """
        return self.follow(text)

    def explain(self) -> str:
        """Return a paragraph: the source, its entropy rate and what memory is worth.

        Returns
        -------
        str
            Plain text, one paragraph.
        """
        parts = " and ".join(
            f"{nats:.4f} for the {what}" for what, nats in self.worth.items()
        )
        past = f"the last {self.gap} characters" if self.gap else "no past at all"
        return (
            f"{self.description} The entropy rate is {self.rate:.4f} nats a character "
            f"({self.kind}): no model does better on average. One that sees {past} "
            f"cannot get below {self.without_memory():.4f}; the difference is {parts}."
        )


@dataclass(frozen=True, eq=False)
class ReviewTruth:
    """What the generator of reviews knows about labelling them.

    No classifier has a higher expected accuracy than `optimum`, which the labels of
    `oracle` attain; no classifier that counts words without looking at their order has
    a higher one than `bag_limit`. The oracle reads the texts and nothing else: the
    noise in the published labels is hidden from it.

    Parameters
    ----------
    metric : str
        The score: "accuracy".
    kind : str
        How the numbers are known: "exact".
    standard_error : float
        Of `optimum`; 0.0 because it is exact.
    description : str
        The text that `explain` starts with.
    order_share : float
        Probability that only the order of the words tells the label.
    label_noise : float
        Probability that a published label is wrong.
    polarity : mapping of str to int
        The words of opinion: 1 for praise, -1 for blame.
    relations : mapping of str to tuple of pairs of str
        Pairs of words in the relations that are planted in the texts: "gender" (king,
        queen), "capital" (France, Paris) and "comparative" (long, longer).
    texts : tuple of str
        The reviews that `oracle` labels.
    read : callable
        Maps a text to the label that it deserves and to what decides it.

    Examples
    --------
    >>> from coursepkg import datasets
    >>> truth = datasets.make_reviews(n_reviews=10).truth
    >>> truth
    ReviewTruth(metric='accuracy', kind='exact')
    >>> truth.clean_label("The plot was dull, but the music was superb.")
    1
    >>> truth.clean_label("The music was superb, but the plot was dull.")
    0
    >>> truth.relations["gender"][0]
    ('king', 'queen')
    """

    metric: str
    kind: str
    standard_error: float
    description: str = field(repr=False)
    order_share: float = field(repr=False)
    label_noise: float = field(repr=False)
    polarity: Mapping[str, int] = field(repr=False)
    relations: Mapping[str, tuple[tuple[str, str], ...]] = field(repr=False)
    texts: tuple[str, ...] = field(repr=False)
    read: Callable[[str], tuple[int, str]] = field(repr=False)

    def __repr__(self) -> str:
        """Return the metric and how the numbers are known."""
        return f"ReviewTruth(metric={self.metric!r}, kind={self.kind!r})"

    def optimum(self) -> float:
        """Return the Bayes accuracy: the greatest expected one.

        Returns
        -------
        float
            1 - `label_noise`.
        """
        return 1.0 - self.label_noise

    def bag_limit(self) -> float:
        """Return the greatest expected accuracy of any function of word counts.

        Returns
        -------
        float
            Half of the reviews that need the order are labelled rightly by chance,
            the others with the Bayes accuracy.
        """
        return (1 - self.order_share) * self.optimum() + self.order_share / 2

    def oracle(self) -> NDArray[np.int64]:
        """Return the best labels, aligned with the reviews.

        Returns
        -------
        array of shape (n_reviews,)
            1 for praise, 0 for blame. A fresh array.
        """
        return np.array([self.clean_label(text) for text in self.texts], dtype=np.int64)

    def probabilities(self) -> FloatArray:
        """Return the probability that the published label is 1, given the text.

        Returns
        -------
        array of shape (n_reviews,)
            `label_noise` or 1 - `label_noise`. A fresh array.
        """
        return np.where(self.oracle() == 1, 1 - self.label_noise, self.label_noise)

    def clean_label(self, text: str) -> int:
        """Return the label that a text of this grammar deserves.

        Parameters
        ----------
        text : str
            One review.

        Returns
        -------
        int
            1 for praise, 0 for blame.

        Raises
        ------
        ValueError
            If no opinion is found in it.
        """
        return self.read(text)[0]

    def explain(self) -> str:
        """Return a paragraph: the reviews, the Bayes accuracy, the limit of a bag.

        Returns
        -------
        str
            Plain text, one paragraph.
        """
        return (
            f"{self.description} Its expected accuracy is {self.optimum():.4g} "
            f"({self.kind}): no classifier does better on average. No function of how "
            f"often each word occurs gets above {self.bag_limit():.4g}."
        )
