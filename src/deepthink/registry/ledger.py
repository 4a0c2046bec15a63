"""versions.yaml: which version is in production, which are validated, which experimental.

Kept by ruamel.yaml, so that the comments people write into it survive.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from deepthink.errors import BadInputError
from deepthink.files import locked, write_text

LEDGER = "versions.yaml"


class Ledger:
    """The ledger of a registry."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    def production(self) -> str | None:
        """Return the version in production, or None."""
        entry = self.read().get("production") or {}
        return entry.get("version")

    def read(self) -> dict[str, Any]:
        """Return what the ledger holds; empty when there is none yet."""
        if not self.path.exists():
            return {"production": None, "validated": [], "experimental": []}
        try:
            content = _yaml().load(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError, YAMLError) as error:
            raise BadInputError(f"{self.path} cannot be read: {' '.join(str(error).split())}") from None
        if isinstance(content, dict) and isinstance(content.get("production"), str):
            content["production"] = {"version": content["production"]}  # as people write it by hand
        if not isinstance(content, dict):
            raise BadInputError(f"{self.path} must hold production, validated and experimental.")
        return content

    def enter(self, version: str, validated: bool, accuracy: float, notes: str) -> None:
        """Enter a new version, as validated or as experimental; a version that is in already stays where it is."""
        with self._changing() as content:
            if version in _names(content):
                return
            entry = {"version": version, "published": _now(), "accuracy": round(accuracy, 4), "notes": notes}
            lane = "validated" if validated else "experimental"
            _put(content, lane, entry if validated else {**entry, "status": "failed validation"})

    def promote(self, version: str, deployed: datetime | None = None) -> None:
        """Make a version the one in production; the one that was is validated from now on."""
        with self._changing() as content:
            former = content.get("production")
            if former and former.get("version") == version:
                return
            entry = _take(content, version) or {"version": version}
            if former:
                _put(content, "validated", former)
            content["production"] = {**entry, "deployed": _now(deployed)}

    @contextlib.contextmanager
    def _changing(self) -> Iterator[dict[str, Any]]:
        with locked(self.path):
            content = self.read()
            before = _text(content)
            yield content
            after = _text(content)
            if before != after or not self.path.exists():
                write_text(self.path, after)


def _yaml() -> YAML:
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 4096
    return yaml


def _text(content: dict[str, Any]) -> str:
    text = io.StringIO()
    _yaml().dump(content, text)
    return text.getvalue()


def _names(content: dict[str, Any]) -> set[str]:
    entries = [content.get("production") or {}, *(content.get("validated") or []), *(content.get("experimental") or [])]
    return {str(entry.get("version")) for entry in entries}


def _put(content: dict[str, Any], lane: str, entry: dict[str, Any]) -> None:
    """Add an entry to a list in place: a new list would lose the comments between its entries."""
    if content.get(lane):
        content[lane].append(entry)
    else:
        if content.get(lane) is None:
            _drop_comments(content, lane)
        content[lane] = [entry]


def _drop_comments(content: dict[str, Any], lane: str) -> None:
    """Forget the comments of a list that was or becomes empty: ruamel.yaml would write YAML that it cannot read."""
    if isinstance(content, CommentedMap):
        content.ca.items.pop(lane, None)


def _take(content: dict[str, Any], version: str) -> dict[str, Any] | None:
    """Take a version out of the list it stands in and return its entry, without the words of that list."""
    for lane in ("validated", "experimental"):
        for place, entry in enumerate(content.get(lane) or []):
            if entry.get("version") == version:
                del content[lane][place]
                if not content[lane]:
                    _drop_comments(content, lane)
                    content[lane] = []
                return {key: value for key, value in entry.items() if key != "status"}
    return None


def _now(time: datetime | None = None) -> str:
    return (time or datetime.now()).isoformat(timespec="seconds")
