"""The page of old calls is true: each row is run, the old call and the new one."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

PAGE = Path(__file__).parent.parent / "appendix" / "old-api.md"
TEXT = PAGE.read_text(encoding="utf-8")
SETTING = re.search(r"```python\n(.*?)```", TEXT, re.DOTALL).group(1)
LINES = [line for line in TEXT.splitlines() if line.startswith("| `")]
ROWS = [
    [cell.strip() for cell in re.split(r" \| | <br> ", line.strip("|"))]
    for line in LINES
]
OLD = [row[0] for row in ROWS]
NEW = list(dict.fromkeys(row[2] for row in ROWS))
TODAY = re.compile(r"(error|warning) `(\w+)`: \"(.+)\"|(works|\*\*silent\*\*): (.+)")

# Every old call that the course promises to explain.
PROMISED = (
    "activiation=",
    "from keras.models import",
    "input_length=",
    "input_shape=",
    ".count_params()",
    "Adam(lr=",
    "RMSprop(lr=",
    "decay=",
    "fit_generator",
    "steps_per_epoch=",
    'metrics=["acc"]',
    'save_weights("model.h5")',
    "from keras.preprocessing.text",
    "tf.keras.preprocessing.text",
    "keras.backend.dot",
    "keras.backend.bias_add",
    "tf.random_uniform",
    "tf.set_random_seed",
    "tf.Session",
    "tf.placeholder",
    "tf.layers.dense",
    "tf.train.AdamOptimizer",
    "tf.train.Saver",
    "tf.contrib.rnn.BasicLSTMCell",
    "tf.contrib.rnn.DropoutWrapper",
    "output_keep_prob=0.5",
    "tf.contrib.rnn.MultiRNNCell",
    "tf.nn.dynamic_rnn",
)


def code(cell):
    """Return the code of a table's cell."""
    assert cell.startswith("`"), cell
    assert cell.endswith("`"), cell
    assert cell.count("`") == 2, cell
    return cell.strip("`")


@pytest.fixture(scope="module")
def setting():
    """Return the page's first lines, compiled."""
    return compile(SETTING, str(PAGE), "exec")


@pytest.fixture
def run(setting, tmp_path, monkeypatch):
    """Return a function that runs a call in the page's setting, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def execute(statement):
        names = {}
        exec(setting, names)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            # h5py and Keras disagree with NumPy 2 about a keyword.
            warnings.filterwarnings("ignore", message="__array__", module="keras|h5py")
            exec(compile(statement, "call", "exec"), names)
        names["warnings"] = caught
        return names

    return execute


@pytest.mark.parametrize(("old", "today"), [row[:2] for row in ROWS], ids=OLD)
def test_old_call_does_what_the_page_says(run, old, today):
    """It stops with that error, warns with that warning, or runs without a word."""
    outcome, kind, words, quiet, _ = TODAY.fullmatch(today).groups()
    if outcome == "error":
        with pytest.raises(Exception, match=re.escape(words)) as caught:
            run(code(old))
        assert caught.type.__name__ == kind
        return
    names = run(code(old))
    told = [(one.category.__name__, str(one.message)) for one in names["warnings"]]
    if outcome == "warning":
        assert any(name == kind and words in message for name, message in told)
    else:
        assert told == []
        assert quiet == "works" or code(old) in SILENT


@pytest.mark.parametrize("new", NEW, ids=NEW)
def test_new_call_passes_without_a_word(run, new):
    """What the page recommends raises nothing and warns of nothing."""
    assert run(code(new))["warnings"] == []


def test_page_lists_what_is_promised():
    """Every old call of the course's sources is in a table: old, today, new."""
    assert len(LINES) == TEXT.count("\n| `")
    assert all(len(row) == 3 for row in ROWS)
    for part in PROMISED:
        assert any(part in old for old in OLD), part
    assert len(set(OLD)) == len(OLD)


# What the page says beyond errors and warnings.


def gru_biases(names):
    """Return the number of rows of the biases of a GRU."""
    layer = names["gru"]
    layer.build((None, 5, 3))
    return layer.get_weights()[2].ndim


def share_kept(names):
    """Return the share of ones that dropout left."""
    return float(np.mean(np.asarray(names["kept"]) > 0))


def rate_later(names):
    """Return the learning rate of an optimizer after 100 steps, of 0.001 at first."""
    adam = names["adam"]
    adam.build([])
    adam.iterations.assign(100)
    return round(float(adam.learning_rate), 6)


SILENT = {
    "gru = layers.GRU(2)": (gru_biases, 2, 1),
    "kept = tf.nn.dropout(tf.ones(1000), 0.9)": (share_kept, 0.1, 0.9),
}
STATED = SILENT | {
    "adam = keras.optimizers.Adam(0.001, decay=0.01)": (rate_later, 0.001, 0.0005),
    'model.compile(loss="mse", metrics=["acc"]); '
    "keys = list(model.fit(x, y, verbose=0).history)": (
        lambda names: sorted(names["keys"]),
        ["acc", "loss"],
        ["accuracy", "loss"],
    ),
    "product = tf.keras.backend.dot(tf.ones((5, 3)), tf.ones((3, 5)))": (
        lambda names: np.asarray(names["product"]).tolist(),
        [[3.0] * 5] * 5,
        [[3.0] * 5] * 5,
    ),
}


@pytest.mark.parametrize("old", STATED)
def test_silent_change_is_as_stated(run, old):
    """The old and the new call give what the page says of them."""
    measure, before, after = STATED[old]
    new = next(row[2] for row in ROWS if code(row[0]) == old)
    tolerance = 0.05 if measure is share_kept else 0
    for statement, expected in ((old, before), (code(new), after)):
        found = measure(run(statement))
        if tolerance:
            assert abs(found - expected) < tolerance
        else:
            assert found == expected
