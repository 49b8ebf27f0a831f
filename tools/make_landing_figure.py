"""Draw the figure of the landing page from chapter 12's recorded ladder.

``python tools/make_landing_figure.py`` writes appendix/landing-ladder.png. The errors
of the networks are those that the chapter recorded; the two lines are computed
anew from the embedded data, as chapter 12 computes them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from coursepkg import baselines, datasets, metrics, plots, windows

TARGET = ROOT / "appendix" / "landing-ladder.png"
LIMIT = 60_000  # bytes
LAGS = [*range(1, 15), 21, 28, 363, 364, 365, 371]
SHOWN = {  # results and rung of chapter 12, and what a newcomer is told they are
    ("12-ladder", "rail: linear"): "a linear network",
    ("12-ladder", "rail: SimpleRNN(32)"): "a simple recurrent network",
    ("12-ladder", "rail: GRU(32)"): "a gated recurrent network",
    ("12-ladder", "five: GRU(32)"): "... that also sees buses and calendar",
    ("12-ladder", "scaled: GRU(32)"): "... with its inputs prepared well",
    ("12-anchor", "deviations: GRU(32), dense head"): "... and the calendar taken out",
}


def two_lines() -> tuple[float, float, float]:
    """Return the errors of last week's value, of ridge and of the oracle."""
    transit = datasets.load_transit()
    frame = transit.frame
    rail = frame["rail"].to_numpy(dtype=float)  # (n_days,)
    train, validation, _ = windows.temporal_split(len(rail), embargo=1)
    weekdays = np.eye(7)[frame.index.day_of_week]  # (n_days, 7)
    types = np.eye(3)[frame["day_type"].map({"W": 0, "A": 1, "U": 2})]  # (n_days, 3)
    known = np.hstack([types, weekdays])  # (n_days, 10)
    ridge = baselines.RidgeForecaster(LAGS, alpha=10.0)
    first = np.arange(max(LAGS) - 1, train.stop - 1)
    ridge.fit(rail, origins=first, exogenous=known)
    evenings = np.arange(validation.start - 1, validation.stop - 1)
    forecasts = [
        baselines.seasonal_naive(rail, season=7)[validation],
        ridge.predict(rail, origins=evenings, exogenous=known),
        transit.truth.oracle(column="rail")[validation],
    ]
    naive, ridge_mae, oracle = (
        metrics.mae(rail[validation], values) for values in forecasts
    )
    return naive, ridge_mae, oracle


def main() -> None:
    """Draw, store, and say what the figure shows."""
    naive, ridge, oracle = two_lines()
    values: dict[str, list[float]] = {"the same day last week": [naive]}
    for (name, row), words in SHOWN.items():
        path = ROOT / "data" / "results" / f"{name}.json"
        record = json.loads(path.read_text(encoding="utf-8"))
        values[words] = record["rows"][row]["metrics"]["validation_mae"]
    plots.use_style()
    axes = plots.plot_ladder(
        {name: np.asarray(scores) / 1e3 for name, scores in values.items()},
        baseline=ridge / 1e3,
        optimum=oracle / 1e3,
        baseline_label="ridge regression",
        label="mean absolute error, thousands of passengers",
    )
    axes.figure.savefig(TARGET, metadata={"Software": None})
    plt.close("all")
    size = TARGET.stat().st_size
    print(f"{TARGET.relative_to(ROOT)}: {size:,} bytes")
    for name, scores in values.items():
        print(f"  {name}: {np.mean(scores):,.0f}")
    print(f"  ridge {ridge:,.0f}, best attainable {oracle:,.0f}")
    if size > LIMIT:
        print(f"The figure is larger than {LIMIT:,} bytes.", file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
