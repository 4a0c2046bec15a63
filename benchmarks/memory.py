"""Whether a search keeps within the memory it is allowed, each in a process of its own.

Example: python benchmarks/memory.py --allowed 1536 1024 --presets quick standard

The peak is what Linux says of the process (VmHWM): interpreter, libraries and embeddings included. Loading the compiled
code is part of it; compiling it, once a machine, is not. The refit, as in training, is.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is loaded

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PEAK = "VmHWM:"


def main() -> None:
    """Search under each limit and print what was taken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=50_000)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--allowed", type=float, nargs="+", default=[1536, 1024], help="MB")
    parser.add_argument("--presets", nargs="+", default=["quick", "standard"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--alone", action="store_true", help="search here, in this process")
    given = parser.parse_args()
    if given.alone:
        print(json.dumps(measure(given)))
        return
    if "numba" not in json.dumps(_apart(given, 2048, "quick", faces=300)):  # compiles, if that was not done before
        raise SystemExit("Numba is not installed: scikit-learn's search keeps no promise of memory.")
    rows = [_apart(given, allowed, preset) for preset in given.presets for allowed in given.allowed]
    print(json.dumps(rows, indent=1) if given.json else "\n".join(map(str, rows)))


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Search once, and say what the process took at most."""
    from crowd import crowd

    from deepthink.errors import SettingsError
    from deepthink.model.search import SupportVectorSearch

    X, y = crowd(given.faces, given.people)
    cpu, (preset,), (allowed,) = time.process_time(), given.presets, given.allowed
    row: dict[str, Any] = {"faces": given.faces, "preset": preset, "allowed_mb": allowed}
    try:
        search = SupportVectorSearch(preset, total_mb=allowed, n_jobs=given.threads).fit(X, y)
    except SettingsError as error:
        return row | {"refused": str(error), "peak_mb": peak_mb()}
    return row | {
        "peak_mb": peak_mb(), "kept": peak_mb() <= allowed, "kernel_by_kernel": search._tight,
        "cpu_s": round(time.process_time() - cpu, 1), "score": search.best_score_, "engine": search.engine_,
    }  # fmt: skip


def peak_mb() -> float:
    """Return the most that this process has had in memory."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith(PEAK)) / 1024, 1)


def _apart(given: argparse.Namespace, allowed: float, preset: str, faces: int = 0) -> dict[str, Any]:
    """Measure in a process that has done nothing else."""
    wanted = {"faces": faces or given.faces, "people": 10 if faces else given.people, "threads": given.threads}
    options = [word for name, value in wanted.items() for word in (f"--{name}", str(value))]
    command = [sys.executable, __file__, "--alone", "--allowed", str(allowed), "--presets", preset, *options]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


if __name__ == "__main__":
    main()
