"""What a training takes in energy here, beside what SentinelCam says of its own: ``python benchmarks/energy.py``.

SentinelCam trains on a Jetson Nano of about 10 W (5 W idle) in six hours of a night, where a desktop of 200 to 300 W
(50 W idle) is done in 45 minutes. Those are its figures, of its notebook and its faces, and nobody's measurement of
energy (its devops/docs/operations/ML_TRAINING_PIPELINE.md, "Performance Notes"). Here the search for the
best classifier, which is nearly all of a training, is measured on generated embeddings by the machine's own sensors
(docs/energy.md says which, and what they do not see); the machine is left alone first, so that its idling is known too.
Run it with the same --faces on each of your machines, and put the rows below one another.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is loaded

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from crowd import crowd

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
from deepthink.flow.energy import EnergyMeter
from deepthink.flow.energy_sources import Found, find_source
from deepthink.model.grids import STANDARD
from deepthink.model.search import SupportVectorSearch

HEAD = "| machine | what | W | time | Wh | of it more than idle, Wh |\n|---|---|---|---|---|---|"
CLAIMED = (
    "| Jetson Nano (SentinelCam says) | its notebook | 10 | 6 h | 60 | 30 |",
    "| desktop (SentinelCam says) | its notebook | 200 to 300 | 45 min | 150 to 225 | 113 to 188 |",
)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=5000)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--idle", type=float, default=30.0, help="seconds in which the machine is left alone first")
    parser.add_argument("--name", default="this machine", help="what the machine is called in the table")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    row = measure(asked, find_source())
    print(json.dumps(row, indent=1) if asked.json else "\n".join([HEAD, *CLAIMED, line(row)]))
    if row["why"]:
        print(f"This machine's energy cannot be measured: {row['why']}. A meter at the plug can.", file=sys.stderr)


def measure(asked: argparse.Namespace, found: Found) -> dict[str, Any]:
    """Search once, and return what it took."""
    X, y = crowd(asked.faces, asked.people)
    small, owners = crowd(300, 6)
    SupportVectorSearch("quick").fit(small, owners)  # compiles, if that was not done before
    with EnergyMeter(found) as idle:
        time.sleep(asked.idle if found.source else 0)
    began = time.perf_counter()
    with EnergyMeter(found) as meter:
        SupportVectorSearch(STANDARD, cv=5, n_jobs=asked.threads).fit(X, y)
    seconds = time.perf_counter() - began
    more = None
    if meter.watt_hours is not None and idle.mean_watts is not None:
        more = meter.watt_hours - idle.mean_watts * meter.seconds / 3600
    return {
        "machine": asked.name, "faces": asked.faces, "people": asked.people, "threads": asked.threads,
        "seconds": seconds, "measured_seconds": meter.seconds, "watt_hours": meter.watt_hours,
        "watts": meter.mean_watts, "idle_watts": idle.mean_watts, "more_watt_hours": more,
        "source": found.source.name if found.source else None, "why": found.why,
    }  # fmt: skip


def line(row: dict[str, Any]) -> str:
    """Return a row of the table; what was not measured is left for a person to fill in."""
    told = [row["watts"], row["watt_hours"], row["more_watt_hours"]]
    watts, taken, more = ("" if value is None else f"{value:.3g}" for value in told)
    took = f"{row['seconds']:.0f} s" if row["seconds"] < 120 else f"{row['seconds'] / 60:.0f} min"
    what = f"search, {row['faces']:,} faces of {row['people']} people, {row['threads']} threads"
    return f"| {row['machine']} | {what} | {watts} | {took} | {taken} | {more} |"


if __name__ == "__main__":
    main()
