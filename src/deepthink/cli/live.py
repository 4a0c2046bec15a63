"""A table that says, while a rollout goes on, what is being done on each target and for how long."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table

from deepthink.cli.console import err
from deepthink.deployment.deploy import WAITING

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
            former = self._told.get(target, (WAITING, now, now))
            self._told[target] = (stage, now, now if former[0] == WAITING else former[2])

    def __rich__(self) -> Table:
        """Draw the table."""
        table = Table("target", "", "stage", "seconds", box=None, pad_edge=False)
        with self._lock:
            told = list(self._told.items())
        for target, (stage, since, begun) in told:
            still = stage in ENDS or stage == WAITING
            end = since if still else time.monotonic()
            mark = "" if still else Spinner("dots")
            table.add_row(escape(target), mark, ENDS.get(stage, stage), f"{end - begun:.0f}")
        return table


@contextlib.contextmanager
def live() -> Iterator[Callable[[str, str], None]]:
    """Show the table on a terminal; elsewhere a line for each change."""
    stages = Stages()
    if not err.is_terminal:
        yield lambda target, stage: None if stage == WAITING else err.print(f"{target}: {stage}", markup=False)
        return
    with Live(stages, console=err, refresh_per_second=8):
        yield stages.tell
