"""The service in this process, with errands that do as a test orders: they hang, die, or end as they are told."""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from deepthink.flow.child import Child, result_path
from deepthink.flow.facts import Facts, keep_facts
from deepthink.flow.runs import read_runs
from deepthink.flow.watch import Watch
from deepthink.settings import load

# What stands in for an errand: it takes the first order for its kind, or does nothing and says that all went well.
ERRAND = """
import json, os, pathlib, sys, time
kind, result, folder, *arguments = sys.argv[1:]
folder = pathlib.Path(folder)
with (folder / "started").open("a") as file:
    file.write(json.dumps([kind, *arguments]) + "\\n")
orders = folder / "orders" / kind
order = {}
if orders.exists():
    lines = orders.read_text().splitlines()
    if lines:
        order = json.loads(lines[0])
        orders.write_text("".join(line + "\\n" for line in lines[1:]))
if "pace" in order:
    (folder / "progress.json").write_text(json.dumps({**order["pace"], "pid": os.getpid(), "when": time.time()}))
if "says" in order:
    print(order["says"])
time.sleep(order.get("seconds", 0))
if "code" in order:
    sys.exit(order["code"])
part = pathlib.Path(result + ".part")
part.write_text(json.dumps(order.get("result", {"outcome": "looked"})))
part.replace(result)
"""
PASSED = {"outcome": "published", "says": "alpha passed.", "version": "alpha", "passed": True, "seconds": 1.0}
FAILED = {**PASSED, "says": "alpha did not pass.", "passed": False}
DEPLOYED = {"outcome": "deployed", "says": "alpha runs on porch.", "version": "alpha"}
WATCH = {"settle_minutes": 0, "cool_down_hours": 0, "look_minutes": 0.0001, "selected": 5, "collect": False}


class Rig:
    """A site, and the service that watches it."""

    def __init__(self, root: Path, now=None, **watch) -> None:
        self.root, self.now = root, now
        self.settings(**watch)
        self.folder = root / "training/watch"
        (self.folder / "orders").mkdir(parents=True, exist_ok=True)
        self.facts()
        self.watch: Watch | None = None

    def settings(self, deployment=None, train=None, messages=None, **watch) -> None:
        content = {
            "watch": {**WATCH, "deploy": "passed", **watch}, "deployment": deployment or {}, "train": train or {},
            "messages": messages or {},
        }  # fmt: skip
        self.root.mkdir(exist_ok=True)
        (self.root / "site.yaml").write_text(json.dumps(content))

    def facts(self, **values) -> None:
        """Let what is counted be so."""
        day = time.strftime("%Y-%m-%d")
        keep_facts(self.folder, Facts(when=f"{day}T00:00:00", date=day, digest="d", trained="d", **values))

    def changed(self, digest: str = "e", selected: int = 9, **values) -> None:
        """Let faces have been selected since the last training."""
        day = time.strftime("%Y-%m-%d")
        counted = {"when": f"{day}T00:00:00", "date": day, "digest": digest, "trained": "d", "selected": selected}
        keep_facts(self.folder, Facts(**{**counted, **values}))
        (self.root / "facelist.csv").write_text(digest)  # a sign that there is something to look at

    def order(self, kind: str, *orders: dict) -> None:
        """Let the next errands of a kind do so."""
        (self.folder / "orders" / kind).write_text("".join(json.dumps(order) + "\n" for order in orders))

    def started(self, *kinds: str) -> list[list[str]]:
        """Return the errands that were started, of some kinds."""
        path = self.folder / "started"
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [line for line in lines if line[0] in kinds]

    def _begin(self, site, kind, folder, nice, arguments, flags) -> Child:
        result_path(folder, kind).unlink(missing_ok=True)
        command = [sys.executable, "-I", "-S", "-c", ERRAND, kind, str(result_path(folder, kind)), str(folder)]
        return Child(kind, [*command, *arguments], folder, 0)

    def start(self) -> Watch:
        """Start the service, as after a restart of the machine: what it had in memory is gone."""
        clock = {"now": self.now} if self.now else {}
        self.watch = Watch(lambda: load(self.root), begin=self._begin, **clock)
        self.watch.state = self.watch.file.read()
        return self.watch

    def hurry_clock(self) -> None:
        """Let a minute pass in each second, for the service."""
        began = time.monotonic()
        self.watch._now = lambda: datetime.now() + timedelta(seconds=60 * (time.monotonic() - began))

    def stop(self) -> None:
        if self.watch is not None:
            self.watch.close()
            self.watch = None

    def spin(self, until, seconds: float = 20.0) -> None:
        """Let the service go round until something holds."""
        watch, end = self.watch or self.start(), time.monotonic() + seconds
        while not until():
            assert time.monotonic() < end, f"it did not come to that: {watch.state}, {self.ended()}"
            self._hurry(watch)
            watch.step(0.02)

    def rounds(self, seconds: float) -> None:
        """Let the service go round for some time."""
        watch, end = self.watch or self.start(), time.monotonic() + seconds
        while time.monotonic() < end:
            self._hurry(watch)
            watch.step(0.02)

    def _hurry(self, watch: Watch) -> None:
        """What is looked at every few seconds is looked at in every round."""
        watch._glanced = watch.reception._clocked = -1e9

    def ended(self):
        return read_runs(self.root / "training")

    @property
    def outcomes(self) -> list[str]:
        return [run.outcome for run in self.ended()]
