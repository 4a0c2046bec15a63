"""What all services of a site share of sessions: the secret that signs them, and which were ended before their time."""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import time
from pathlib import Path
from typing import Any, Final

from deepthink.errors import DeepthinkError, SettingsError
from deepthink.files import flush, locked, write_json
from deepthink.web.users import make_private

LOG = logging.getLogger(__name__)
SECRET: Final = "sessions.key"  # beside the users
ENDED: Final = "sessions.ended"
MOST = 5000  # sessions that were ended and could still be used; beyond that all end
_SECRET = re.compile(r"[0-9a-f]{64}")


class Sessions:
    """The secret and the ended sessions of a folder, read again when another service has changed them.

    Parameters
    ----------
    folder : Path
        That of the users.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> one, other = Sessions(folder), Sessions(folder)
    >>> one.secret() == other.secret()
    True
    >>> one.end("a1", time.time() + 60)
    >>> other.has_ended("a1"), other.has_ended("b2")
    (True, False)
    """

    def __init__(self, folder: Path) -> None:
        self._key, self._list = folder / SECRET, folder / ENDED
        self._own = secrets.token_hex(32)  # where none can be kept
        self._here: set[str] = set()  # ended here, were the disk full
        self._kept: dict[Path, tuple[object, Any]] = {}

    def secret(self) -> bytes:
        """Return what sessions are signed with; made when there is none yet, and where it cannot be kept, our own."""
        found = self._read(self._key, _whole)
        if found is None:
            try:
                _make(self._key)
            except (OSError, DeepthinkError) as error:
                LOG.warning("Sessions end with this service: their secret cannot be kept: %s", error)
            found = self._read(self._key, _whole)
        return (found or self._own).encode()

    def has_ended(self, session: str) -> bool:
        """Whether a session was ended; SettingsError when that cannot be known."""
        return session in self._here or session in self._ended()

    def end(self, session: str, until: float) -> None:
        """End a session that would last until some time, in seconds since 1970."""
        self._here.add(session)
        try:
            with locked(self._list):
                left = {name: late for name, late in self._ended().items() if late > time.time()}
                if len(left) >= MOST:  # so many at home are an attack: another secret ends them all
                    self._key.unlink(missing_ok=True)
                    left = {}
                write_json(self._list, {**left, session: until})
        except (OSError, DeepthinkError) as error:
            LOG.warning("That a session ended is known to this service alone: %s", error)

    def _ended(self) -> dict[str, float]:
        try:
            found: dict[str, float] = self._read(self._list, _dates) or {}
        except ValueError:
            both = f"remove it and {SECRET} beside it, and everybody logs in again"
            raise SettingsError(f"{self._list} cannot be read: {both}.") from None
        return found

    def _read(self, path: Path, parse: Any) -> Any:
        """Return what a file holds, read again once it is another; None when it is not there."""
        try:
            stat = path.stat()
            found = stat.st_ino, stat.st_size, stat.st_mtime_ns
            if self._kept.get(path, (None, None))[0] != found:
                self._kept[path] = found, parse(path.read_text(encoding="ascii", errors="replace"))
            return self._kept[path][1]
        except FileNotFoundError:
            self._kept.pop(path, None)
            return None
        except OSError as error:
            raise SettingsError(f"{path} cannot be read: {error.strerror}.") from None


def _whole(text: str) -> str | None:
    """Return a secret; None when a power cut has left half of one, or nothing."""
    return text.strip() if _SECRET.fullmatch(text.strip()) else None


def _dates(text: str) -> dict[str, float]:
    found = json.loads(text)
    if not isinstance(found, dict) or not all(isinstance(late, int | float) for late in found.values()):
        raise ValueError("not what we write")
    return found


def _make(path: Path) -> None:
    """Make a secret unless another service was first; nobody but its owner can read it at any moment."""
    make_private(path.parent)
    with locked(path):
        if path.exists() and _whole(path.read_text(encoding="ascii", errors="replace")):
            return
        beside = path.with_name(f".{path.name}.part")
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32) + "\n")
        flush(beside)
        beside.replace(path)
        flush(path.parent)
