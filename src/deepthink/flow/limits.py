"""When a machine has too little memory or is too hot for a run, and how a run is made to wait."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from deepthink.deployment.node import health

COOLER = 10.0  # °C below the limit before a run goes on
PRESSED = 10.0  # % of ten seconds in which everything stood still for want of memory
ROOM = 2  # so many times the least must be free before a run goes on, or while memory is pressed for
_PROCESSORS = ("cpu", "x86_pkg_temp", "soc", "k10temp")


@dataclass(frozen=True)
class Halt:
    """Why a run must not go on now."""

    kind: Literal["hot", "memory"]  # hot: it is paused until it is cooler; memory: it is ended, and taken up later
    says: str


@dataclass(frozen=True)
class Limits:
    """How hot a machine may become, and how much memory must be free.

    Parameters
    ----------
    hot : float
        °C; from there on a run pauses until it is 10 cooler.
    least_memory : int
        Bytes, swap included, of the machine and of the own control group.
    root : Path
        The root of the file system.
    heat, memory : callable
        What `deployment.node.health` says.
    """

    hot: float
    least_memory: int
    root: Path = Path("/")
    heat: Callable[[], dict[str, float] | None] = field(default=health.heat)
    memory: Callable[[], dict[str, int]] = field(default=health.memory)

    def look(self) -> Halt | None:
        """Return why a run must not go on; None when it may, or when the machine does not say."""
        least = self.least_memory * (ROOM if self.pressed() >= PRESSED else 1)
        return self._halt(self.hot, least)

    def may_go_on(self) -> bool:
        """Whether a run that was halted may go on: ten degrees cooler, and twice the least memory free."""
        return self._halt(self.hot - COOLER, ROOM * self.least_memory) is None

    def _halt(self, hot: float, least: int) -> Halt | None:
        left, now = self.left(), self.temperature()
        if left is not None and left < least:
            return Halt("memory", f"{left / 1e6:,.0f} MB of memory are left, swap included; {least / 1e6:,.0f} must be")
        if now is not None and now >= hot:
            return Halt("hot", f"the processor has {now:.0f} °C; a run pauses from {self.hot:.0f} on")
        return None

    def temperature(self) -> float | None:
        """Return the °C of the hottest part that concerns the processor; None where the machine does not say."""
        found: list[float] = []
        with contextlib.suppress(OSError, ValueError):  # a zone can vanish while it is read
            nearest = self.heat()
            found += [nearest["now"]] if nearest else []
        for zone in self.root.glob("sys/class/thermal/thermal_zone*"):  # many a processor's names no limits
            with contextlib.suppress(OSError, ValueError):
                if (zone / "type").read_text().strip().lower().startswith(_PROCESSORS):
                    found.append(int((zone / "temp").read_text()) / 1000)
        return max(found, default=None)

    def left(self) -> int | None:
        """Return the bytes that are left, memory and swap, here and in the own control group; None where unknown."""
        has = self.memory()
        if not has:
            return None
        return has["free"] + has["swap_free"]

    def pressed(self) -> float:
        """Return the % of the last ten seconds in which all that runs waited for memory (/proc/pressure/memory)."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            lines = (self.root / "proc/pressure/memory").read_text().splitlines()
            full = [line for line in lines if line.startswith("full ")]
            return float(full[0].split("avg10=")[1].split()[0])
        return 0.0


def politely(command: list[str], nice: int = 10) -> list[str]:
    """Return a command that steps back for everything else: nice, and the disk only when nobody wants it.

    By the programs nice and ionice, so that all threads of what they become have it from the beginning.
    """
    words = ["nice", "-n", str(nice)] if nice > 0 and shutil.which("nice") else []
    disk = ["ionice", "-c", "3", "-t"] if shutil.which("ionice") else []  # -t: go on where it is not allowed
    return [*words, *disk, *command]
