"""What the service takes while nothing happens: memory, and processor time over ten minutes, everything switched on.

python benchmarks/watch.py [--minutes 10]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import zmq


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    minutes = parser.parse_args().minutes
    publisher = zmq.Context().socket(zmq.PUB)
    port = publisher.bind_to_random_port("tcp://127.0.0.1")
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder)
        (site / "site.yaml").write_text(
            json.dumps(
                {
                    "watch": {
                        "sentinel": f"tcp://127.0.0.1:{port}", "metrics": "127.0.0.1:9108",
                        "schedule": {"face_model": {"enabled": True, "hour": "3"}},
                    },
                    "messages": {"mqtt": {"host": "127.0.0.1", "port": 1}},  # nobody there: it tries again and again
                }
            )
        )  # fmt: skip
        service = subprocess.Popen(
            [sys.executable, "-m", "deepthink", "watch", str(site)], stderr=subprocess.DEVNULL, cwd=folder
        )
        try:
            time.sleep(30)  # it has started, and has looked once
            before = seconds(service.pid)
            time.sleep(60 * minutes)
            used = seconds(service.pid) - before
            print(f"memory: {resident(service.pid):.0f} MB resident (asked: at most 120)")
            print(f"processor: {100 * used / (60 * minutes):.3f} % of a core over {minutes:g} min (asked: under 0.5)")
        finally:
            service.terminate()
            service.wait()


def seconds(pid: int) -> float:
    """Return the processor time of a process and of the children that it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """Return what a process has in memory, in MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
