"""Processes: which holds a lock, what one is doing, what it has started; Linux says so, elsewhere nothing is known."""

from __future__ import annotations

import contextlib
import os
import signal
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


def pause(process: int) -> list[int]:
    """Stop a process and all that it has started, groups of their own included (a notebook's kernel is in one).

    Returns
    -------
    list of int
        The processes that were stopped, for `resume`; none when it has ended.
    """
    stopped: list[int] = []
    while new := [one for one in family(process) if one not in stopped]:  # until none was born meanwhile
        stopped += [one for one in new if _send(one, signal.SIGSTOP)]
        if not set(new) & set(stopped):
            break
    return stopped


def resume(process: int) -> None:
    """Let a process and all that it has started go on, the youngest first."""
    for one in reversed(family(process)):
        _send(one, signal.SIGCONT)


def family(process: int, processes: Path = Path("/proc")) -> list[int]:
    """Return a process and its descendants, parents before children; none when it is not there."""
    if process <= 1 or process == os.getpid():
        raise ValueError(f"{process} is not a process that was started for a run")
    parents = {}
    for path in processes.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            parents[int(path.parent.name)] = int(path.read_bytes().rpartition(b")")[2].split()[1])
    found = [process] if process in parents else []
    for one in found:  # grows while it is walked
        found += [child for child, parent in parents.items() if parent == one]
    return found


def _send(process: int, what: signal.Signals) -> bool:
    try:
        os.kill(process, what)
    except (ProcessLookupError, PermissionError):
        return False
    return True
