"""How long a rollout to many nodes takes beside one to one node: ``python benchmarks/rollout.py --targets 1 5 20``.

Each node is a real sshd on a port of the loopback, with a home folder of its own; all share this machine's cores, so
that what is measured is the work itself, with none of it on other machines. Times are medians over the turns.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
from tests.deployment.nodes import Node, numpy_alone
from tests.deployment.test_ssh import train

from deepthink.deployment.deploy import deploy
from deepthink.deployment.plan import Plan
from deepthink.registry.folder import FolderRegistry
from deepthink.registry.signing import Keys


def main() -> None:
    """Deploy to more and more nodes and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", type=int, nargs="+", default=[1, 5, 20])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--service", type=float, default=0, help="seconds that a service needs to come up on each")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = _measured(Path(folder), asked.targets, asked.turns, f"sleep {asked.service}" if asked.service else "")
    print(json.dumps(rows, indent=1) if asked.json else "\n".join(map(_line, rows)))


def _measured(folder: Path, counts: list[int], turns: int, restart: str) -> list[dict[str, Any]]:
    registry = FolderRegistry(folder / "registry", Keys(folder / "keys"))
    versions = [f"v{turn}" for turn in range(turns * len(counts))]
    for seed, version in enumerate(versions):
        (folder / version).mkdir()
        train(registry, version, np.random.default_rng(seed), folder / version)
    python = numpy_alone(folder / "python")
    nodes = [Node(folder / f"node{number}", python) for number in range(max(counts))]
    try:
        seconds: dict[int, list[float]] = {}
        for turn in range(turns):
            for place, count in enumerate(counts):
                version = versions[turn * len(counts) + place]
                seconds.setdefault(count, []).append(_seconds(registry, version, nodes[:count], restart))
    finally:
        for node in nodes:
            node.stop()
    one = median(seconds[counts[0]])
    return [{"targets": n, "seconds": median(s), "times": median(s) / one} for n, s in seconds.items()]


def _seconds(registry: FolderRegistry, version: str, nodes: list[Node], restart: str = "") -> float:
    targets = [node.target(restart=restart) for node in nodes]
    for target in targets:
        target.site_signers = registry.keys.signers
    began = time.perf_counter()
    outcomes = deploy(registry.get(version), registry.manifest(version), targets, plan=Plan())
    spent = time.perf_counter() - began
    assert [outcome.version for outcome in outcomes] == [version] * len(nodes), outcomes
    return spent


def _line(row: dict[str, Any]) -> str:
    return f"{row['targets']:>3} targets: {row['seconds']:.1f} s, {row['times']:.1f} times the first"


if __name__ == "__main__":
    main()
