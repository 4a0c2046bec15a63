"""What people ask the service for: a file each, so that whoever may write to the site may ask, also when it is off."""

from __future__ import annotations

import contextlib
import json
import uuid
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from deepthink.files import write_json

FOLDER = "requests"
LONGEST, MOST = 4096, 100  # bytes of a request; requests that are looked at


@dataclass(frozen=True)
class Request:
    """Somebody wants a training."""

    id: str
    who: str  # a user, or by what way it came: the status page, mqtt
    when: str
    version: str | None = None  # what it is to be called


def ask(folder: Path, who: str, version: str | None = None) -> str:
    """Ask for a training; the service begins it when nothing else is under way.

    Parameters
    ----------
    folder : Path
        The site's `training/watch`.
    who : str
    version : str, optional

    Returns
    -------
    str
        The request's id.
    """
    request = Request(uuid.uuid4().hex, who, datetime.now().isoformat(timespec="seconds"), version)
    write_json(folder / FOLDER / f"{request.id}.json", asdict(request))
    return request.id


def waiting(folder: Path, tidy: bool = False) -> list[Request]:
    """Return the requests that nobody has taken, the oldest first; files that are none are removed with `tidy`."""
    found = []
    for path in sorted((folder / FOLDER).glob("*.json"))[:MOST]:
        try:
            content: dict[str, Any] = json.loads(path.read_bytes()[:LONGEST])
            request = Request(**content)
            if request.id != path.stem or not all(
                isinstance(one, str) for one in (request.who, request.when, request.version or "")
            ):
                raise ValueError(path.name)
            found.append(request)
        except OSError:  # it was taken, or cannot be read at this moment
            continue
        except (ValueError, TypeError, RecursionError):
            if tidy:
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
    return sorted(found, key=lambda request: request.when)


def taken(folder: Path, request: Request) -> None:
    """Remove a request, once the reason that came of it is kept."""
    (folder / FOLDER / f"{request.id}.json").unlink(missing_ok=True)
