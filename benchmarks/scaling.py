"""How the search grows with the number of faces, with the fitted exponent, and an estimate for a Jetson Nano.

Example: python benchmarks/scaling.py --faces 1500 3000 6000 12000 --plot docs/images/scaling.svg

CPU seconds of the standard grid (42 candidates, 5 folds) on generated embeddings, without the refit. The estimate takes
this machine's rate of single-precision matrix products, measured in the same run, against that of the Nano's cores:
four Cortex-A57 at 1.43 GHz do at most 8 operations a cycle each, of which good products are taken to
reach 70 %. That is an assumption: no Nano was measured.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is loaded

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from crowd import crowd

from deepthink.model.grids import STANDARD
from deepthink.model.search import SupportVectorSearch

NANO_CORES = 4
NANO_GFLOPS = 1.43 * 8 * 0.7  # of one core


def main() -> None:
    """Measure, fit, print, and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, nargs="+", default=[1500, 3000, 6000, 12000])
    parser.add_argument("--plot", type=Path, help="an .svg or .png to draw")
    parser.add_argument("--json", action="store_true", help="as JSON")
    given = parser.parse_args()
    SupportVectorSearch("quick").fit(*crowd(100, 3))  # compiling is no part of a search
    gflops = product_rate()
    rows = [measure(faces, gflops) for faces in given.faces]
    exponent, _ = fit(rows)
    if given.plot:
        draw(rows, given.plot)
    if given.json:
        print(json.dumps({"exponent": exponent, "gflops_here": gflops, "rows": rows}, indent=2))
        return
    for row in rows:
        print(
            f"{row['faces']:6} faces, {row['people']:3} people: {row['cpu_s']:6.1f} CPU s here, about "
            f"{row['nano_minutes']:.1f} minutes on a Nano ({row['kernel_values']:.2g} kernel values)"
        )
    print(f"time grows as faces to the {exponent:.2f}; products here: {gflops:.0f} GFLOPS a core")


def product_rate() -> float:
    """Return the rate of float32 matrix products on one core, in GFLOPS: the best of a few."""
    one = np.random.default_rng(0).normal(size=(1024, 1024)).astype(np.float32)
    seconds = []
    for _ in range(5):
        started = time.process_time()
        one @ one
        seconds.append(time.process_time() - started)
    return 2 * 1024**3 / min(seconds) / 1e9


def measure(faces: int, gflops: float) -> dict[str, Any]:
    """Search once, and estimate the same work on a Nano."""
    people = max(10, round(0.65 * faces**0.5))  # more faces are mostly more people too: 25 at 1,500, 92 at 20,000
    X, y = crowd(faces, people)
    started = time.process_time()
    search = SupportVectorSearch(STANDARD, cv=5, refit=False, n_jobs=2).fit(X, y)
    cpu = time.process_time() - started
    nano = cpu * gflops / NANO_GFLOPS / NANO_CORES / 60
    values = search.counts_["kernel_values"]
    return {"faces": faces, "people": people, "cpu_s": cpu, "nano_minutes": nano, "kernel_values": values}


def fit(rows: list[dict[str, Any]]) -> tuple[float, float]:
    """Return exponent and factor of a power law through the sizes."""
    exponent, factor = np.polyfit(np.log([row["faces"] for row in rows]), np.log([row["cpu_s"] for row in rows]), 1)
    return float(exponent), float(np.exp(factor))


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw the sizes and the power law, both axes logarithmic."""
    from deepthink.validation.plots import LINE, RESIDENT, figure

    exponent, factor = fit(rows)
    faces = np.array([row["faces"] for row in rows])
    drawn, axes = figure()
    axes.plot(faces, factor * faces**exponent, color=LINE, linestyle="--", label=f"faces to the {exponent:.2f}")
    axes.plot(faces, [row["cpu_s"] for row in rows], "o", color=RESIDENT, label="measured")
    axes.set(xscale="log", yscale="log", xlabel="faces", ylabel="CPU seconds")
    axes.set_xticks(faces, [f"{count:,}" for count in faces])
    axes.minorticks_off()
    axes.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


if __name__ == "__main__":
    main()
