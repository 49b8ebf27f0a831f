"""Draw the temperature of Jena for chapter 11 from the real hourly file.

``COURSEPKG_DATA=... python tools/make_weather_figure.py`` reads
jena_climate_hourly_2009_2016.csv.gz from that folder and writes
appendix/jena-temperature.png. The file itself is never committed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from coursepkg import plots

TARGET = ROOT / "appendix" / "jena-temperature.png"
SOURCE = "jena_climate_hourly_2009_2016.csv.gz"
LIMIT = 60_000  # bytes


def main() -> None:
    """Draw, store, and say how large the figure is."""
    folder = os.environ.get("COURSEPKG_DATA", "")
    path = Path(folder) / SOURCE
    if not folder or not path.is_file():
        print(f"Set COURSEPKG_DATA to the folder that holds {SOURCE}.", file=sys.stderr)
        raise SystemExit(1)
    table = pd.read_csv(path, usecols=["Date Time", "T (degC)"])
    times = pd.to_datetime(table["Date Time"], format="%d.%m.%Y %H:%M:%S")
    temperature = pd.Series(table["T (degC)"].to_numpy(), index=times)
    daily = temperature.resample("D").mean()
    ten_days = temperature[: 10 * 24]
    plots.use_style()
    _, (above, below) = plt.subplots(2, 1, figsize=(7, 3.8))
    plots.plot_series(daily.to_numpy(), index=daily.index, unit="°C", ax=above)
    plots.plot_series(ten_days.to_numpy(), index=ten_days.index, unit="°C", ax=below)
    above.set_title("eight years, daily means")
    below.set_title("the first ten days, hour by hour")
    above.figure.savefig(TARGET, metadata={"Software": None})
    plt.close("all")
    size = TARGET.stat().st_size
    print(f"{TARGET.relative_to(ROOT)}: {size:,} bytes")
    if size > LIMIT:
        print(f"The figure is larger than {LIMIT:,} bytes.", file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
