"""The journal of the ledger: one JSON line a transition, to which lines are only added.

Each line has who, when, what, why and the verdict, and the whole ledger as it is after it. The line is the transition:
a ledger that was not written any more, by a process that was killed between the two, is written from it.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import socket
from datetime import datetime
from pathlib import Path
from typing import Any

from deepthink.files import append_line


class History:
    """The transitions of a registry.

    Parameters
    ----------
    path : Path
        The file of JSON lines.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def entries(self) -> list[dict[str, Any]]:
        """Return all transitions, oldest first; a line torn by a kill never happened, and is passed over."""
        if not self.path.exists():
            return []
        found = (_parsed(line) for line in self.path.read_text(encoding="utf-8", errors="replace").split("\n"))
        return [entry for entry in found if entry is not None]

    def last(self) -> dict[str, Any] | None:
        """Return the latest transition, or None."""
        if not self.path.exists():
            return None
        lines = self.path.read_text(encoding="utf-8", errors="replace").split("\n")
        return next((entry for line in reversed(lines) if (entry := _parsed(line)) is not None), None)

    def add(self, what: str, before: str, after: str, **told: Any) -> None:
        """Note a transition, and the ledger before (as a digest) and after it."""
        entry = {"when": now(), "who": who(), "what": what, **told, "before": digest(before), "ledger": after}
        append_line(self.path, json.dumps(entry, ensure_ascii=False, default=str))

    def known(self) -> set[str]:
        """Return every version that ever was in the ledger: a name is not given twice, even when its files are gone."""
        return {str(entry["version"]) for entry in self.entries() if entry.get("version")}

    def verdict(self, version: str) -> dict[str, Any]:
        """Return the verdict with which a version entered the ledger; empty when that is not known."""
        return next((e["verdict"] for e in self.entries() if e.get("version") == version and e.get("verdict")), {})


def digest(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def now(time: datetime | None = None) -> str:
    """Return a time, by default this moment, as it stands in the ledger."""
    return (time or datetime.now()).isoformat(timespec="seconds")


def who() -> str:
    """Return the person and the machine that act, where the system has names for them."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container without /etc/passwd
        name = "unknown"
    return f"{name}@{socket.gethostname()}"


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    whole = isinstance(entry, dict) and isinstance(entry.get("ledger"), str) and isinstance(entry.get("before"), str)
    return entry if whole else None
