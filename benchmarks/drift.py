"""How long a look at trends takes, and how much memory: 100,000 faces of 25,000 events over 60 days.

    .venv/bin/python benchmarks/drift.py [FOLDER]

Events that do not change are drawn into a folder, with a version of nothing but its name and its people in production.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from deepthink.flow.trends import keep_trends
from deepthink.flow.wiring import Site
from deepthink.settings import load

DAYS, A_DAY, FACES = 60, 417, 4
CAMERAS, PEOPLE = [f"cam{n}" for n in range(6)], ["Ann", "Bob", "Cleo", "Dan", "Edda"]
HEADER = "timestamp,objid,classname,rect_x1,rect_y1,rect_x2,rect_y2\n"


def make_site(folder: Path) -> None:
    rng = np.random.default_rng(1)
    first = datetime(2026, 3, 2)
    (folder / "site.yaml").write_text("{}\n")
    version = folder / "registry/alpha"
    version.mkdir(parents=True)
    metrics = {"events_per_person": dict.fromkeys(PEOPLE, 9)}
    (version / "manifest.yaml").write_text(json.dumps({"version": "alpha", "files": [], "training_metrics": metrics}))
    site = Site(load(folder))
    site.ledger.enter("alpha", True, 1.0, "")
    site.ledger.promote("alpha")
    (version / "split_alpha.json").write_text(json.dumps([f"{first.date()}|none"]))
    for day in range(DAYS):
        _day(folder / "datasink/data", first + timedelta(days=day), rng)


def _day(data: Path, day: datetime, rng: np.random.Generator) -> None:
    folder = data / day.date().isoformat()
    folder.mkdir(parents=True)
    index = []
    for minute in np.sort(rng.uniform(0, 1400, A_DAY)):
        start, event = day + timedelta(minutes=float(minute)), rng.bytes(16).hex()
        name = str(rng.choice(PEOPLE)) if rng.random() < 0.7 else "Unknown"
        lines = "".join(_line(rng, start + timedelta(seconds=n), name) for n in range(FACES))
        (folder / f"{event}_fr1.csv").write_text(HEADER + lines)
        index.append(f"{rng.choice(CAMERAS)},View,{start.isoformat(timespec='microseconds')},{event},640,480,fr1\n")
    (folder / "camwatcher.csv").write_text("".join(index))


def _line(rng: np.random.Generator, time: datetime, name: str) -> str:
    far = rng.normal(0.4 if name != "Unknown" else 0.9, 0.08)
    share, good = (99 if name != "Unknown" else 0), int(rng.random() < 0.9)
    label = f"{name}: {share:.2f}% ({far:.6f}|{far - 0.65:.6f}|{good}|1)"
    return f"{time.isoformat(timespec='microseconds')},1,{label},100,100,200,200\n"


def main(folder: Path) -> None:
    if not (folder / "site.yaml").exists():
        make_site(folder)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for look in ("first look", "next look"):
        began = time.perf_counter()
        trends = keep_trends(Site(load(folder)))
        seconds, memory = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"{look}: {seconds:.1f} s, {memory / 1024:.0f} MB at most, {before / 1024:.0f} before; ", end="")
        print(f"{trends.looks} comparisons, {len(trends.alarms)} alarms, {len(trends.days)} days of cameras")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made:
            main(Path(made))
