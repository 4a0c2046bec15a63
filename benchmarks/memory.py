"""Whether a search keeps within the memory it is allowed, each in a process of its own.

Example: python benchmarks/memory.py --allowed 1.5G 1G --presets quick standard

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
    parser.add_argument("--allowed", nargs="+", default=["1.5G", "1G"], help="as `deepthink train --memory` takes it")
    parser.add_argument("--presets", nargs="+", default=["quick", "standard"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--training", action="store_true", help="the whole training, not the search alone")
    parser.add_argument("--alone", action="store_true", help="search here, in this process")
    given = parser.parse_args()
    if given.alone:
        print(json.dumps(measure(given)))
        return
    if "numba" not in json.dumps(_apart(given, "2G", "quick", faces=300)):  # compiles, if that was not done before
        raise SystemExit("Numba is not installed: scikit-learn's search keeps no promise of memory.")
    rows = [_apart(given, allowed, preset) for preset in given.presets for allowed in given.allowed]
    print(json.dumps(rows, indent=1) if given.json else "\n".join(map(str, rows)))


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """Search once, and say what the process took at most."""
    from crowd import crowd
    from pydantic import ByteSize, TypeAdapter

    from deepthink.errors import SettingsError
    from deepthink.model.search import SupportVectorSearch

    X, y = crowd(given.faces, given.people)
    cpu, (preset,), (allowed,) = time.process_time(), given.presets, given.allowed
    total_mb = TypeAdapter(ByteSize).validate_python(allowed) / 2**20
    row: dict[str, Any] = {"faces": given.faces, "preset": preset, "allowed": allowed, "allowed_mb": round(total_mb, 1)}
    try:
        if given.training:
            return row | _training(X, y, preset, total_mb)
        search = SupportVectorSearch(preset, total_mb=total_mb, n_jobs=given.threads).fit(X, y)
    except SettingsError as error:
        return row | {"refused": str(error), "peak_mb": peak_mb()}
    return row | {
        "peak_mb": peak_mb(), "kept": peak_mb() <= total_mb, "kernel_by_kernel": search._tight,
        "cpu_s": round(time.process_time() - cpu, 1), "score": search.best_score_, "engine": search.engine_,
    }  # fmt: skip


def _training(X: Any, y: Any, preset: str, total_mb: float) -> dict[str, Any]:
    """Learn from faces of which five make an event."""
    from deepthink.embedding.facedata import FaceData
    from deepthink.model.train import learn

    order, started = y.argsort(kind="stable"), time.process_time()
    keys = tuple(f"{person:03d}/2026-03-02|{n // 5:06d}|{n:06d}" for n, person in enumerate(y[order]))
    report = learn(FaceData(keys, X[order], "benchmark"), X[:0], preset=preset, memory_mb=total_mb)
    cpu_s = round(time.process_time() - started, 1)
    return {"training": True, "peak_mb": peak_mb(), "kept": peak_mb() <= total_mb, "cpu_s": cpu_s,
            "machine": report.contest[0].name}  # fmt: skip


def peak_mb() -> float:
    """Return the most that this process has had in memory."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith(PEAK)) / 1024, 1)


def _apart(given: argparse.Namespace, allowed: str, preset: str, faces: int = 0) -> dict[str, Any]:
    """Measure in a process that has done nothing else."""
    wanted = {"faces": faces or given.faces, "people": 10 if faces else given.people, "threads": given.threads}
    options = [word for name, value in wanted.items() for word in (f"--{name}", str(value))]
    options += ["--training"] * (given.training and not faces)
    command = [sys.executable, __file__, "--alone", "--allowed", allowed, "--presets", preset, *options]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


if __name__ == "__main__":
    main()
