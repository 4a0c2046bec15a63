"""Which process holds a lock, and what a process is doing; Linux says so, elsewhere nothing is known."""

from __future__ import annotations

import os
from pathlib import Path

_LOCKS = Path("/proc/locks")
_PID, _PLACE = 4, 5  # of a line of /proc/locks


def holder(path: Path) -> int | None:
    """Return the process that holds the lock on a file; None when nobody does, or that cannot be known.

    The disk's number is not compared: that of some file systems stands otherwise in /proc/locks.

    Examples
    --------
    >>> import tempfile
    >>> from deepthink.files import locked
    >>> file = Path(tempfile.mkdtemp()) / "facelist.csv"
    >>> with locked(file):
    ...     holder(file.with_name(".facelist.csv.lock")) in (os.getpid(), None)
    True
    """
    return next((pid for pid in _holders(path) or () if pid > 0), None)


def is_held(path: Path) -> bool | None:
    """Whether any process holds the lock on a file, those of other containers too; None where that cannot be known."""
    found = _holders(path)
    return None if found is None else bool(found)


def _holders(path: Path) -> list[int] | None:
    """Return who holds a lock, 0 or less where it is a process that cannot be seen from here; None where unknown."""
    try:
        lines = [line.split() for line in _LOCKS.read_text().splitlines()]
        inode = str(path.stat().st_ino) if path.exists() else ""
    except OSError:
        return None
    held = [line for line in lines if len(line) > _PLACE and line[1] != "->"]
    return [int(line[_PID]) for line in held if line[_PLACE].rpartition(":")[2] == inode]


def words(pid: int) -> tuple[str, str]:
    """Return a process's state, T when it is suspended, and its command; nothing where they cannot be read."""
    folder = Path(f"/proc/{pid}")
    try:
        state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return "", "not known"
    return state, command[:80]


def alive(pid: int) -> bool:
    """Whether there is a process of that number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is somebody else's
        return True
    return True
