"""Checks for chapter 03, padding and masking."""

import numpy as np
from numpy import ndarray

from coursepkg.exercises._check import Attempt, Exercise, Mistakes, judge


def _fill_left(sequences: list[list[int]], length: int, value: int) -> ndarray:
    rows = []
    for sequence in sequences:
        row = [value] * length
        for back in range(1, min(length, len(sequence)) + 1):
            row[-back] = sequence[-back]
        rows.append(row)
    return np.array(rows)


def _fill_left_mistakes(
    sequences: list[list[int]], length: int, value: int
) -> Mistakes:
    right = _fill_left(sequences, length, value)
    filled_after, kept_first, zeros, backwards, crowded = [], [], [], [], []
    for sequence, row in zip(sequences, right, strict=True):
        last, first = sequence[-length:], sequence[:length]
        filling = [value] * (length - len(last))
        filled_after.append(last + filling)
        kept_first.append(filling + first)
        zeros.append([0] * len(filling) + last)
        backwards.append(filling + last[::-1])
        crowded.append(row if sequence else np.zeros(length))
    longest = max(len(sequence) for sequence in sequences)
    return [
        (
            filled_after,
            "the filling stands behind the sequences. Here they are aligned at the "
            "right, so that it stands in front.",
        ),
        (
            kept_first,
            "of a sequence that is too long you keep the beginning. Keep its last "
            "`length` numbers.",
        ),
        (
            zeros,
            "the filling is always 0. Fill with `value`.",
        ),
        (
            _fill_left(sequences, longest, value),
            "the rows are as long as the longest sequence. They have `length` columns, "
            "whatever the sequences are.",
        ),
        (
            backwards,
            "the sequences are reversed. They keep their order; only their place in "
            "the row changes.",
        ),
        (
            crowded,
            "the row of an empty sequence is not filled with `value`: from `-0:` on "
            "is the whole row. Count the start from the left, `length - len(kept)`.",
        ),
        (
            [row for row, sequence in zip(right, sequences, strict=True) if sequence],
            "the empty sequence has no row. It is a row of nothing but `value`, so "
            "that rows and labels still belong together.",
        ),
    ]


def _check_fill_left(attempt: Attempt) -> str | None:
    return judge(
        attempt,
        oracle=_fill_left,
        cases=[
            ([[1, 2], [3, 4, 5, 6, 7], [], [8, 9, 10]], 3, -1),
            ([[5, 6, 7, 8]], 2, 9),
            ([[4, 3], [1]], 5, 7),
        ],
        mistakes=_fill_left_mistakes,
    )


def _masked_mean(x: ndarray, mask: ndarray) -> ndarray:
    means = np.zeros((x.shape[0], x.shape[2]))
    for row in range(x.shape[0]):
        steps = [x[row, t] for t in range(x.shape[1]) if mask[row, t]]
        for feature in range(x.shape[2]):
            if steps:
                total = sum(float(step[feature]) for step in steps)
                means[row, feature] = total / len(steps)
    return means


def _masked_mean_mistakes(x: ndarray, mask: ndarray) -> Mistakes:
    right = _masked_mean(x, mask)
    weights = mask[:, :, np.newaxis]
    counts = mask.sum(axis=1, keepdims=True)
    silenced = np.where(weights, x, 0.0)
    total = silenced.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        undefined = total / counts
        product = (x * weights).sum(axis=1) / np.maximum(counts, 1)
        padding = np.where(weights, 0.0, x).sum(axis=1) / (~mask).sum(
            axis=1, keepdims=True
        )
    return [
        (  # before the next: with nan in the padding the two are the same
            product,
            "`x * mask` does not silence padding that is nan, since nan times 0 is "
            "nan. Choose with `np.where(mask, x, 0)`.",
        ),
        (
            x.mean(axis=1),
            "the mask is not used: this is the mean over all steps, padding included.",
        ),
        (
            silenced.mean(axis=1),
            "the padding is set to zero, but you still divide by the number of all "
            "steps. Divide each sequence's sum by the number of its valid steps.",
        ),
        (
            total,
            "this is the sum over the valid steps. Divide it by their number.",
        ),
        (
            undefined,
            "a sequence without a valid step gives nan: zero divided by zero. Return "
            "zeros for it.",
        ),
        (
            total / mask.sum() * len(mask),
            "all sequences are divided by the same number, the mean count of valid "
            "steps. Each has a count of its own.",
        ),
        (
            padding,
            "this is the mean over the padding: the mask is True where a step counts.",
        ),
        (
            right[:, np.newaxis],
            "the time axis is still there, with one step. The result has the shape "
            "(batch, features).",
        ),
    ]


def _check_masked_mean(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(0)

    def case(lengths: list[int], n_steps: int, fill: float | None) -> list[ndarray]:
        x = rng.normal(size=(len(lengths), n_steps, 2)).round(2)
        mask = np.arange(n_steps) < np.array(lengths)[:, np.newaxis]
        return [x if fill is None else np.where(mask[:, :, np.newaxis], x, fill), mask]

    scattered = np.array([[True, False, True], [False, False, True]])
    return judge(
        attempt,
        oracle=_masked_mean,
        cases=[
            case([3, 1, 4], 5, None),
            case([2, 0, 3], 4, 7.0),
            case([1, 3], 4, float("nan")),
            [rng.normal(size=(2, 3, 1)).round(2), scattered],
        ],
        mistakes=_masked_mean_mistakes,
    )


def _masked_cross_entropy(
    probabilities: ndarray, targets: ndarray, mask: ndarray
) -> float:
    losses = []
    for row in range(targets.shape[0]):
        for t in range(targets.shape[1]):
            if mask[row, t]:
                losses.append(-np.log(probabilities[row, t, targets[row, t]]))
    return float(sum(losses) / len(losses))


def _masked_cross_entropy_mistakes(
    probabilities: ndarray, targets: ndarray, mask: ndarray
) -> Mistakes:
    right = _masked_cross_entropy(probabilities, targets, mask)
    chosen = np.take_along_axis(probabilities, targets[..., np.newaxis], axis=2)
    losses = -np.log(chosen[..., 0])
    kept = np.where(mask, losses, 0.0)
    per_sequence = kept.sum(axis=1) / mask.sum(axis=1)
    return [
        (
            losses.mean(),
            "the mask is not used: the padding's losses are in the mean.",
        ),
        (
            kept.mean(),
            "the losses of the padding are set to zero, but you divide by the number "
            "of all steps, so that more padding means a smaller loss. Divide by the "
            "number of valid steps.",
        ),
        (
            per_sequence.mean(),
            "this is the mean of the sequences' own means, in which each sequence "
            "has the same weight. Here each valid *step* of the batch has the same.",
        ),
        (
            per_sequence,
            "you return one number for each sequence. The loss of a batch is one "
            "number, the mean over all its valid steps.",
        ),
        (
            kept.sum(),
            "this is the sum over the valid steps. Divide it by their number.",
        ),
        (
            -right,
            "the sign is wrong: a logarithm of a probability is negative, and a loss "
            "is its negative.",
        ),
        (
            right / np.log(2),
            "the logarithm has base 2, so the result is in bits. Take `np.log`, the "
            "natural one.",
        ),
        (
            -np.log(chosen[..., 0][mask].mean()),
            "you take the logarithm of the mean probability. Take the mean of the "
            "logarithms.",
        ),
        (
            -np.log(probabilities.max(axis=2)[mask]).mean(),
            "you take the most probable class at each step, not the true one: index "
            "with `targets`.",
        ),
    ]


def _check_masked_cross_entropy(attempt: Attempt) -> str | None:
    rng = np.random.default_rng(1)

    def case(lengths: list[int], n_steps: int, n_classes: int) -> list[ndarray]:
        shape = (len(lengths), n_steps)
        mask = np.arange(n_steps) < np.array(lengths)[:, np.newaxis]
        targets = rng.integers(0, n_classes, shape)
        return [rng.dirichlet(np.ones(n_classes), shape), targets, mask]

    return judge(
        attempt,
        oracle=_masked_cross_entropy,
        cases=[
            case([2, 1], 2, 3),
            case([4, 1, 2], 5, 3),
            case([2, 3], 3, 4),
            case([1], 6, 2),
        ],
        mistakes=_masked_cross_entropy_mistakes,
    )


def _padded_share(lengths: list[int], batch_size: int) -> float:
    ordered = sorted(lengths)
    cells = 0
    for start in range(0, len(ordered), batch_size):
        batch = ordered[start : start + batch_size]
        cells += len(batch) * batch[-1]
    return 1 - sum(lengths) / cells


def _padded_share_mistakes(lengths: list[int], batch_size: int) -> Mistakes:
    def share(ordered: list[int], *, full_rows: bool = False) -> float:
        batches = [
            ordered[start : start + batch_size]
            for start in range(0, len(ordered), batch_size)
        ]
        rows = [batch_size if full_rows else len(batch) for batch in batches]
        cells = sum(n * max(batch) for n, batch in zip(rows, batches, strict=True))
        return 1 - sum(ordered) / cells

    right = _padded_share(lengths, batch_size)
    whole = len(lengths) // batch_size * batch_size
    ordered = sorted(lengths)
    batches = [
        ordered[start : start + batch_size]
        for start in range(0, len(ordered), batch_size)
    ]
    shares = [1 - sum(batch) / (len(batch) * batch[-1]) for batch in batches]
    return [
        (
            share(list(lengths)),
            "the lengths are not sorted: you cut batches in the order in which they "
            "came.",
        ),
        (
            1 - sum(lengths) / (len(lengths) * max(lengths)),
            "everything is padded to the longest of all. Each batch is padded to its "
            "own longest.",
        ),
        (
            1 - right,
            "this is the share of true tokens. The padding is the rest.",
        ),
        (
            sum(lengths) / (1 - right) - sum(lengths),
            "this is the number of padded cells. Divide it by the number of all cells.",
        ),
        (
            right / (1 - right),
            "you divide the padding by the tokens. Divide it by all cells, padding "
            "included.",
        ),
        (
            float(np.mean(shares)),
            "this is the mean of the batches' shares, in which a batch of short "
            "sequences counts as much as one of long ones. Count the cells of all "
            "batches, then divide once.",
        ),
        (
            share(ordered, full_rows=True),
            "the last batch is counted with `batch_size` rows. It has fewer.",
        ),
        (
            share(ordered[:whole]),
            "the last, smaller batch is missing.",
        ),
        (
            share(ordered[::-1]),
            "you sort from the longest down, so that the smaller batch is that of the "
            "shortest. Cut from the shortest on.",
        ),
    ]


def _check_padded_share(attempt: Attempt) -> str | None:
    return judge(
        attempt,
        oracle=_padded_share,
        cases=[
            ([7, 2, 9, 3, 2, 12, 5], 3),
            ([4, 8, 1, 6], 4),
            ([5, 1, 5, 1, 10, 11, 40, 2], 2),
        ],
        mistakes=_padded_share_mistakes,
    )


EXERCISES = {
    "03.3": Exercise("fill_left", ("sequences", "length", "value"), _check_fill_left),
    "03.4": Exercise("masked_mean", ("x", "mask"), _check_masked_mean),
    "03.5": Exercise(
        "masked_cross_entropy",
        ("probabilities", "targets", "mask"),
        _check_masked_cross_entropy,
    ),
    "03.6": Exercise("padded_share", ("lengths", "batch_size"), _check_padded_share),
}
