"""Generated tasks: as described, with an oracle that is attained and honest."""

import math
import re
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursepkg import datasets

MAKERS = {
    "adding": lambda **options: datasets.make_adding_problem(
        sequence_length=20, **options
    ),
    "copy": lambda **options: datasets.make_copy_task(lag=6, n_copied=4, **options),
    "order": lambda **options: datasets.make_temporal_order(
        sequence_length=20, **options
    ),
    "reber": lambda **options: datasets.make_reber(**options),
    "embedded": lambda **options: datasets.make_reber(embedded=True, **options),
}
REBER = {name: datasets.make_reber(n_sequences=20_000, embedded=name == "embedded")
         for name in ("plain", "embedded")}  # fmt: skip

# The grammar as regular expressions, solved by hand from its diagram.
LOOP = r"(?:T*VPX)*T*V(?:PS|V)"
PLAIN = rf"B(?:TS*X(?:S|X{LOOP})|P{LOOP})E"
LANGUAGE = {
    "plain": re.compile(PLAIN),
    "embedded": re.compile(rf"B([TP]){PLAIN}\1E"),
}


def surprise(task, probabilities):
    """Return -log of the probability of each target, 0 where there is none."""
    chosen = np.take_along_axis(probabilities, task.targets[..., None], axis=2)[..., 0]
    mask = getattr(task, "mask", np.ones(task.targets.shape, dtype=bool))
    return -np.log(np.where(mask, chosen, 1.0)), mask


def standardised_miss(task, probabilities, expected):
    """Return how many standard errors a mean over steps is from what is expected."""
    nats, mask = surprise(task, probabilities)
    excess = nats.sum(axis=1) - expected * mask.sum(axis=1)  # independent strings
    return excess.mean() / (excess.std() / math.sqrt(len(excess)))


def counted_guesser(task, *, knows_step):
    """Return the frequencies of the targets after the current input (and step)."""
    n, length, n_inputs = task.inputs.shape
    mask = getattr(task, "mask", np.ones(task.targets.shape, dtype=bool))
    current = task.inputs.argmax(axis=2)
    step = np.broadcast_to(np.arange(length), (n, length))
    step = step if knows_step else np.zeros_like(step)
    n_classes = len(getattr(task, "classes", task.symbols))
    counts = np.zeros((length, n_inputs, n_classes))
    np.add.at(counts, (step[mask], current[mask], task.targets[mask]), 1.0)
    return (counts / counts.sum(axis=2, keepdims=True).clip(1))[step, current]


def contradictions(task, predictions):
    """Count predictions that differ although the text up to their step is the same.

    A sequence whose future alone is another must keep its earlier predictions.
    """
    seen = {}
    mask = getattr(task, "mask", np.ones(task.targets.shape, dtype=bool))
    n_wrong = n_compared = 0
    for row, t in np.argwhere(mask):
        text = task.inputs[row, : t + 1].tobytes()
        if text in seen:
            n_compared += 1
            n_wrong += not np.array_equal(seen[text], predictions[row, t])
        seen[text] = predictions[row, t]
    assert n_compared > 100
    return n_wrong


# The oracle attains the optimum.


@pytest.mark.parametrize("name", MAKERS)
def test_oracle_attains_the_optimum(name):
    """Where the optimum is perfect, each single answer of the oracle is right."""
    task = MAKERS[name](n_sequences=500, seed=1)
    truth, oracle = task.truth, task.truth.oracle()
    assert (truth.kind, truth.standard_error) == ("exact", 0.0)
    if truth.metric == "mse":
        assert truth.optimum() == np.square(oracle - task.targets).max() == 0
    elif truth.metric == "accuracy":
        assert truth.optimum() == (oracle == task.targets).mean() == 1
    elif name == "copy":
        assert truth.optimum() == surprise(task, oracle)[0].max() == 0
        np.testing.assert_array_equal(oracle.sum(axis=2), 1.0)
    else:
        assert abs(standardised_miss(task, oracle, truth.optimum())) < 4


@pytest.mark.parametrize(("name", "bits", "n_symbols"), [
    ("plain", 6, 7), ("embedded", 7, 11)
])  # fmt: skip
def test_reber_optimum_is_the_entropy_rate(name, bits, n_symbols):
    """Expected choices over expected symbols: by hand, and in 20,000 strings."""
    task = REBER[name]
    optimum = task.truth.optimum()
    assert optimum == pytest.approx(bits / n_symbols * math.log(2), rel=1e-12)
    assert abs(standardised_miss(task, task.truth.oracle(), optimum)) < 4
    assert task.mask.sum(axis=1).mean() == pytest.approx(n_symbols, abs=0.1)
    n_choices = (task.legal.sum(axis=2) == 2).sum(axis=1)
    assert n_choices.mean() == pytest.approx(bits, abs=0.1)


# So does the guesser without memory attain its score.


@pytest.mark.parametrize("length", [2, 3, 4, 7])
def test_memoryless_adding(length):
    """A line fitted where the last input is marked, and a mean where it is not."""
    task = datasets.make_adding_problem(n_sequences=100_000, sequence_length=length)
    last, marked = task.inputs[:, -1, 0].astype(float), task.inputs[:, -1, 1] == 1
    guess = np.full(len(last), task.targets[~marked].mean() if length > 2 else 0.0)
    line = np.polyfit(last[marked], task.targets[marked], 1)
    np.testing.assert_allclose(line, [1.0, 0.5], atol=0.02)
    guess[marked] = np.polyval(line, last[marked])
    errors = np.square(task.targets - guess)
    miss = errors.mean() - task.truth.memoryless()
    assert abs(miss) < 4 * errors.std() / math.sqrt(len(errors))
    assert task.truth.memoryless(knows_step=True) == task.truth.memoryless()
    constant = np.square(task.targets.astype(float) - 1.0)
    error = 4 * constant.std() / math.sqrt(len(constant))
    assert constant.mean() == pytest.approx(1 / 6, abs=error)


@pytest.mark.parametrize("knows_step", [False, True])
@pytest.mark.parametrize("options", [
    {"lag": 1}, {"lag": 2, "n_copied": 3, "n_symbols": 2}, {"lag": 30, "n_copied": 5}
])  # fmt: skip
def test_memoryless_copy(options, knows_step):
    """Counting what follows each input (at each step) scores as the formula says."""
    task = datasets.make_copy_task(n_sequences=5_000, seed=2, **options)
    guess = counted_guesser(task, knows_step=knows_step)
    nats, _ = surprise(task, guess)
    expected = task.truth.memoryless(knows_step=knows_step)
    assert nats.mean() == pytest.approx(expected, rel=2e-3)


def test_well_known_copy_baseline_counts_steps():
    """K log S / (L + 2 K) is reached only by who knows when the recall begins."""
    truth = datasets.make_copy_task(n_sequences=1, lag=500).truth
    counting = truth.memoryless(knows_step=True)
    assert counting == pytest.approx(10 * math.log(8) / 520, rel=1e-12)
    # One distribution for 509 blanks: 499 mean blank, 10 any of eight symbols.
    chances = np.array([499 / 509] + 8 * [10 / 509 / 8])
    often = np.array([499] + 8 * [10 / 8])
    expected = -(often * np.log(chances)).sum() / 520
    assert truth.memoryless() == pytest.approx(expected, rel=1e-12)
    assert truth.memoryless() > 3 * counting


def test_memoryless_order():
    """The last input is always B, and no class is more frequent than a quarter."""
    task = datasets.make_temporal_order(n_sequences=40_000, sequence_length=10)
    assert (task.inputs[:, -1].argmax(axis=1) == task.symbols.index("B")).all()
    shares = np.bincount(task.targets) / 40_000
    np.testing.assert_allclose(shares, task.truth.memoryless(), atol=0.009)
    assert task.truth.memoryless(knows_step=True) == 0.25


@pytest.mark.parametrize("knows_step", [False, True])
@pytest.mark.parametrize("name", ["plain", "embedded"])
def test_memoryless_reber(name, knows_step):
    """Counting what follows each symbol (at each step) scores as the chain says."""
    task = REBER[name]
    guess = counted_guesser(task, knows_step=knows_step)
    expected = task.truth.memoryless(knows_step=knows_step)
    assert abs(standardised_miss(task, guess, expected)) < 4
    assert expected > task.truth.optimum() + 0.2


@pytest.mark.parametrize("name", ["plain", "embedded"])
def test_memoryless_legal_share(name):
    """After each symbol, the one next symbol that is legal most often."""
    task = REBER[name]
    current, legal = task.inputs[task.mask].argmax(axis=1), task.legal[task.mask]
    right = sum(legal[current == symbol].sum(axis=0).max() for symbol in range(7))
    assert right / len(legal) == pytest.approx(task.memoryless_legal, abs=0.006)


def test_forgetting_the_second_symbol_costs_one_bit():
    """Knowing all but it scores 8/11 log 2, and 21 of 22 of its symbols are legal."""
    task = REBER["embedded"]
    guess = task.truth.oracle()
    rows = np.arange(len(guess))
    guess[rows, task.critical] = 0.0
    guess[rows[:, None], task.critical[:, None], [[1, 4]]] = 0.5
    assert task.symbols[1] + task.symbols[4] == "TP"
    assert abs(standardised_miss(task, guess, 8 / 11 * math.log(2))) < 4
    chosen = guess.argmax(axis=2)[..., None]
    legal = np.take_along_axis(task.legal, chosen, axis=2)[..., 0]
    assert legal[task.mask].mean() == pytest.approx(21 / 22, abs=0.003)
    assert legal[rows, task.critical].mean() == pytest.approx(0.5, abs=0.02)
    legal[rows, task.critical] = True
    assert legal[task.mask].all()


# The oracle does not peek.


@pytest.mark.parametrize("name", ["copy", "reber", "embedded"])
def test_another_future_leaves_the_predictions(name):
    """Equal text so far, equal prediction; one that leans on the target is caught."""
    if name == "copy":
        task = datasets.make_copy_task(
            n_sequences=100, lag=2, n_copied=3, n_symbols=2, seed=3
        )
    else:
        task = MAKERS[name](n_sequences=200, seed=3)
    oracle = task.truth.oracle()
    assert contradictions(task, oracle) == 0
    peeking = 0.99 * oracle + 0.01 * np.eye(oracle.shape[2])[task.targets]
    if name == "copy":  # the last symbol, announced while its place is still blank
        peeking[:, 0] = np.eye(3)[task.targets[:, -1]]
    assert contradictions(task, peeking) > 10


@pytest.mark.parametrize("name", MAKERS)
def test_results_are_fresh(name):
    """Spoiling inputs, targets or an oracle leaves the next oracle alone."""
    task = MAKERS[name](n_sequences=30, seed=4)
    expected = task.truth.oracle()
    for array in (task.inputs, task.targets, task.truth.oracle()):
        array[...] = 0
    np.testing.assert_array_equal(task.truth.oracle(), expected)
    assert expected.any()


@pytest.mark.parametrize("name", MAKERS)
def test_same_seed_same_task(name):
    """A seed or a generator in the same state fixes all; another seed changes it."""
    first, again, other = (
        MAKERS[name](n_sequences=40, seed=seed)
        for seed in (5, np.random.default_rng(5), 6)
    )
    np.testing.assert_array_equal(first.inputs, again.inputs)
    np.testing.assert_array_equal(first.targets, again.targets)
    assert not np.array_equal(first.inputs, other.inputs)


# The sequences are as described.


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 20), length=st.integers(2, 60), seed=st.integers(0, 2**32 - 1))
def test_adding_problem_marks_one_number_in_each_half(n, length, seed):
    """Shapes, ranges, one mark in each half, and the sum of what is marked."""
    task = datasets.make_adding_problem(
        n_sequences=n, sequence_length=length, seed=seed
    )
    values, marks = np.moveaxis(task.inputs, 2, 0)
    assert task.inputs.shape == (n, length, 2)
    assert task.inputs.dtype == task.targets.dtype == np.float32
    assert task.targets.shape == task.truth.oracle().shape == (n,)
    assert ((values >= 0) & (values <= 1)).all()
    assert np.isin(marks, [0, 1]).all()
    assert (marks[:, : length // 2].sum(axis=1) == 1).all()
    assert (marks[:, length // 2 :].sum(axis=1) == 1).all()
    sums = [float(sum(v[m == 1])) for v, m in zip(values, marks, strict=True)]
    np.testing.assert_allclose(task.targets, sums, rtol=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 10),
    lag=st.integers(1, 30),
    n_copied=st.integers(1, 6),
    n_symbols=st.integers(2, 9),
    seed=st.integers(0, 2**32 - 1),
)
def test_copy_task_repeats_after_the_lag(n, lag, n_copied, n_symbols, seed):
    """Symbols, blanks, "go", blanks; the targets are blanks, then the symbols."""
    task = datasets.make_copy_task(
        n_sequences=n, lag=lag, n_copied=n_copied, n_symbols=n_symbols, seed=seed
    )
    assert task.inputs.shape == (n, lag + 2 * n_copied, n_symbols + 2)
    assert (task.inputs.sum(axis=2) == 1).all()
    assert task.inputs.dtype == np.float32
    blanks = (lag - 1) * ["blank"]
    for codes, answers in zip(task.inputs.argmax(axis=2), task.targets, strict=True):
        read = [task.symbols[code] for code in codes]
        asked = [task.classes[answer] for answer in answers]
        message = read[:n_copied]
        assert set(message) <= {str(number + 1) for number in range(n_symbols)}
        assert read == [*message, *blanks, "go", *(n_copied * ["blank"])]
        assert asked == [*((n_copied + lag) * ["blank"]), *message]


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 20), length=st.integers(10, 130), seed=st.integers(0, 2**32 - 1)
)
def test_temporal_order_names_the_pair(n, length, seed):
    """E, distractors with two of X and Y in their ranges, B; the class is the pair."""
    task = datasets.make_temporal_order(
        n_sequences=n, sequence_length=length, seed=seed
    )
    assert task.inputs.shape == (n, length, 8)
    assert (task.inputs.sum(axis=2) == 1).all()
    for codes, target in zip(task.inputs.argmax(axis=2), task.targets, strict=True):
        text = "".join(task.symbols[code] for code in codes)
        assert re.fullmatch("E[abcd]+[XY][abcd]+[XY][abcd]+B|E[XY][abcd]+[XY][abcd]+B",
                            text)  # fmt: skip
        (early, first), (late, second) = (
            (found.start(), found.group()) for found in re.finditer("[XY]", text)
        )
        assert length // 10 <= early < 2 * length // 10
        assert length // 2 <= late < 6 * length // 10
        assert task.classes[target] == first + second


def test_temporal_order_uses_its_whole_ranges():
    """Each place of the two ranges occurs, equally often, and each distractor."""
    task = datasets.make_temporal_order(n_sequences=20_000, sequence_length=100)
    shares = task.inputs.mean(axis=0)  # (T, 8)
    relevant = shares[:, 4:6].sum(axis=1)
    expected = np.zeros(100)
    expected[10:20] = expected[50:60] = 0.1
    np.testing.assert_allclose(relevant, expected, atol=0.012)
    np.testing.assert_allclose(shares[30, :4], 0.25, atol=0.02)


def test_adding_problem_marks_every_step_equally_often():
    """Marks and values are uniform over the steps of each half and over 0 to 1."""
    task = datasets.make_adding_problem(n_sequences=40_000, sequence_length=9)
    values, marks = np.moveaxis(task.inputs, 2, 0)
    np.testing.assert_allclose(marks[:, :4].mean(axis=0), 1 / 4, atol=0.01)
    np.testing.assert_allclose(marks[:, 4:].mean(axis=0), 1 / 5, atol=0.01)
    shares, _ = np.histogram(values, bins=10, range=(0, 1), density=True)
    np.testing.assert_allclose(shares, 1.0, atol=0.02)
    assert task.targets.mean() == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("name", ["plain", "embedded"])
def test_reber_strings_are_in_the_language(name):
    """Each is matched by a regular expression, and each column tells the same."""
    task = REBER[name]
    assert all(LANGUAGE[name].fullmatch(string) for string in task.strings)
    longest = max(map(len, task.strings))
    assert task.inputs.shape == task.legal.shape == (20_000, longest - 1, 7)
    assert task.inputs.dtype == np.float32
    assert task.mask.dtype == task.legal.dtype == bool
    np.testing.assert_array_equal(task.inputs.sum(axis=2), task.mask)
    # The target is the next input, where there is one.
    np.testing.assert_array_equal(
        task.inputs[:, 1:].argmax(axis=2)[task.mask[:, 1:]],
        task.targets[:, :-1][task.mask[:, 1:]],
    )
    assert (task.targets[~task.mask] == 0).all()
    letters = np.array(task.symbols)
    for row in range(300):
        mask = task.mask[row]
        read = letters[task.inputs[row][mask].argmax(axis=1)]
        assert "".join(read) == task.strings[row][:-1]
        assert "".join(letters[task.targets[row][mask]]) == task.strings[row][1:]


@pytest.mark.parametrize("name", ["plain", "embedded"])
def test_legal_is_what_was_seen_to_follow(name):
    """After every frequent beginning, just the legal symbols occur, equally often."""
    task = REBER[name]
    following = defaultdict(lambda: np.zeros(7))
    place = {}
    for row, string in enumerate(task.strings):
        for t in range(min(len(string) - 1, 8)):
            following[string[: t + 1]][task.symbols.index(string[t + 1])] += 1
            place[string[: t + 1]] = (row, t)
    oracle = task.truth.oracle()
    n_compared = 0
    for text, counts in following.items():
        if counts.sum() >= 200:
            legal = task.legal[place[text]]
            np.testing.assert_array_equal(counts > 0, legal)
            shares = counts / counts.sum()
            np.testing.assert_allclose(oracle[place[text]], shares, atol=0.14)
            n_compared += 1
    assert n_compared > 30
    np.testing.assert_array_equal(task.legal, oracle > 0)
    assert np.take_along_axis(task.legal, task.targets[..., None], 2)[task.mask].all()
    assert not task.legal[~task.mask].any()
    np.testing.assert_allclose(oracle.sum(axis=2), task.mask)


def test_critical_step_asks_for_the_second_symbol():
    """It reads the inner E, and its only legal answer is the second symbol."""
    task = REBER["embedded"]
    rows = np.arange(len(task.strings))
    second = np.array([task.symbols.index(string[1]) for string in task.strings])
    assert (task.inputs[rows, task.critical].argmax(axis=1) == 6).all()
    np.testing.assert_array_equal(task.targets[rows, task.critical], second)
    assert (task.legal[rows, task.critical].sum(axis=1) == 1).all()
    assert task.legal[rows, task.critical, second].all()
    assert np.mean(second == 1) == pytest.approx(0.5, abs=0.015)
    assert min(map(len, task.strings)) == 9
    assert REBER["plain"].critical is None


# Requests and descriptions.


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("adding", ["1/6", "MSE", "adds"]),
        ("copy", ["nats", "blanks", "if it counts the steps"]),
        ("order", ["0.25", "accuracy of 0.5"]),
        ("reber", ["0.5941", "1.164", "0.8373"]),
        ("embedded", ["0.4411", "1.272", "0.5041", "21 of 22"]),
    ],
)
def test_explanation_is_one_paragraph(name, words):
    """It describes the task, the oracle and the lines to compare with."""
    task = MAKERS[name](n_sequences=20)
    text = task.truth.explain()
    assert "\n" not in text
    assert all(word in text for word in [*words, "(exact)", "only the current input"])
    assert repr(task.truth) in repr(task)
    assert re.match(r"(Task|Reber)Data\(20 ", repr(task))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: datasets.make_adding_problem(n_sequences=1, sequence_length=1),
            ValueError,
            "`sequence_length` must be at least 2, got 1",
        ),
        (
            lambda: datasets.make_adding_problem(n_sequences=0, sequence_length=9),
            ValueError,
            "`n_sequences` must be at least 1, got 0",
        ),
        (
            lambda: datasets.make_copy_task(n_sequences=1, lag=0),
            ValueError,
            "`lag` must be at least 1, got 0",
        ),
        (
            lambda: datasets.make_copy_task(n_sequences=1, lag=5, n_copied=0),
            ValueError,
            "`n_copied`",
        ),
        (
            lambda: datasets.make_copy_task(n_sequences=1, lag=5, n_symbols=1),
            ValueError,
            "`n_symbols` must be at least 2, got 1",
        ),
        (
            lambda: datasets.make_temporal_order(n_sequences=1, sequence_length=9),
            ValueError,
            "`sequence_length` must be at least 10, got 9",
        ),
        (lambda: datasets.make_reber(n_sequences=0), ValueError, "`n_sequences`"),
        (lambda: datasets.make_reber(n_sequences=2.0), TypeError, "an integer"),
        (
            lambda: datasets.make_reber(n_sequences=2, embedded="yes"),
            TypeError,
            "`embedded` must be True or False",
        ),
        (
            lambda: datasets.make_temporal_order(n_sequences=1, sequence_length="20"),
            TypeError,
            "`sequence_length`",
        ),
    ],
)
def test_impossible_requests_are_refused(call, error, words):
    """The message names the argument and what is wrong with it."""
    with pytest.raises(error, match=words):
        call()
