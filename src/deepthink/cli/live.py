"""A table that says, while a rollout goes on, what is being done on each target and for how long."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table

from deepthink.cli.console import err

ENDS = {"done": "[green]done[/]", "failed": "[red]failed[/]"}


class Stages:
    """What was last told of each target."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[str, float, float]] = {}  # stage, since when, begun when
        self._lock = threading.Lock()

    def tell(self, target: str, stage: str) -> None:
        """Take note, from any thread."""
        now = time.monotonic()
        with self._lock:
            begun = self._told.get(target, ("", now, now))[2]
            self._told[target] = (stage, now, begun)

    def __rich__(self) -> Table:
        """Draw the table."""
        table = Table("target", "", "stage", "seconds", box=None, pad_edge=False)
        with self._lock:
            told = list(self._told.items())
        for target, (stage, since, begun) in told:
            end = since if stage in ENDS else time.monotonic()
            mark = "" if stage in ENDS else Spinner("dots")
            table.add_row(target, mark, ENDS.get(stage, stage), f"{end - begun:.0f}")
        return table


@contextlib.contextmanager
def live() -> Iterator[Callable[[str, str], None]]:
    """Show the table on a terminal; elsewhere a line for each change."""
    stages = Stages()
    if not err.is_terminal:
        yield lambda target, stage: err.print(f"{target}: {stage}", markup=False)
        return
    with Live(stages, console=err, refresh_per_second=8):
        yield stages.tell
