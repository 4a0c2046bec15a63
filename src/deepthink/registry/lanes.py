"""The content of versions.yaml: which version stands in which lane, and the comments that people write between them.

Kept by ruamel.yaml. It attaches a comment that stands before an entry to the end of the entry before it, so that an
entry cannot simply be moved: what is written after it stays behind, and what is written in it goes with it.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from deepthink.errors import BadInputError

PRODUCTION, VALIDATED, EXPERIMENTAL, RETIRED, TAINTED = "production", "validated", "experimental", "retired", "tainted"
LISTS = (VALIDATED, EXPERIMENTAL, RETIRED, TAINTED)
LANES = (PRODUCTION, *LISTS)
_AFTER_VALUE = 2  # where ruamel.yaml keeps the comment that follows a value


def parse(text: str, path: Path) -> dict[str, Any]:
    """Return the content of a ledger, entries that people wrote as a bare name made whole.

    Raises
    ------
    BadInputError
        It is not YAML, or not a ledger.
    """
    if not text.strip():
        return {PRODUCTION: None, VALIDATED: [], EXPERIMENTAL: []}
    try:
        content = _yaml().load(text)
    except (ValueError, YAMLError) as error:
        raise BadInputError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise BadInputError(f"{path} must hold production, validated and experimental.")
    for lane in LANES:
        _make_whole(content, lane, path)
    return content


def _make_whole(content: dict[str, Any], lane: str, path: Path) -> None:
    """Turn bare names into entries, and names that YAML takes for dates or numbers into text."""
    held = content.get(lane)
    if lane == PRODUCTION:
        if held is not None:
            content[lane] = _entry(held, lane, path)
        return
    if not isinstance(held or [], list):
        raise BadInputError(f"{path}: {lane} must be a list of versions.")
    for place, one in enumerate(held or []):
        content[lane][place] = _entry(one, lane, path)


def _entry(held: Any, lane: str, path: Path) -> dict[str, Any]:
    if not isinstance(held, dict):
        held = CommentedMap(version=held)
    version = held.get("version")
    if version is None or isinstance(version, list | dict):
        raise BadInputError(f"{path}: {lane} has an entry without its version.")
    if not isinstance(version, str):
        held["version"] = str(version)
    return held


def dump(content: dict[str, Any]) -> str:
    """Return a ledger as text."""
    text = io.StringIO()
    _yaml().dump(content, text)
    return text.getvalue()


def _yaml() -> YAML:
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 4096
    return yaml


def standing(content: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return version, lane and entry of all that a ledger holds, in its order."""
    held = [(PRODUCTION, content[PRODUCTION])] if content.get(PRODUCTION) else []
    held += [(lane, entry) for lane in LISTS for entry in content.get(lane) or []]
    return [(str(entry["version"]), lane, entry) for lane, entry in held]


def find(content: dict[str, Any], version: str) -> tuple[str, dict[str, Any]] | None:
    """Return the lane and the entry of a version; None when the ledger does not hold it."""
    return next(((lane, entry) for name, lane, entry in standing(content) if name == version), None)


def put(content: dict[str, Any], lane: str, entry: dict[str, Any]) -> None:
    """Add an entry to a list in place: a new list would lose the comments between its entries."""
    if content.get(lane):
        content[lane].append(entry)
    else:
        if content.get(lane) is None:
            _drop_comments(content, lane)
        content[lane] = [entry]


def take(content: dict[str, Any], version: str) -> dict[str, Any] | None:
    """Take a version out of the list it stands in and return its entry; what is written after it stays behind."""
    for lane in LISTS:
        for place, entry in enumerate(content.get(lane) or []):
            if entry["version"] == version:
                _leave_comments(content[lane], place)
                del content[lane][place]
                if not content[lane]:
                    _drop_comments(content, lane)
                    content[lane] = []
                return dict(entry) if not isinstance(entry, CommentedMap) else entry
    return None


def _leave_comments(entries: Any, place: int) -> None:
    """Hand what is written below an entry, which is about the next one, to the entry before it."""
    token = _last_comment(entries[place])
    before = _last_comment(entries[place - 1]) if place else None
    if token is None or not place:
        return
    own, newline, rest = token.value.partition("\n")
    token.value = own + newline
    if before is not None:
        before.value = before.value.rstrip("\n") + "\n" + rest
    elif rest.strip():
        last = list(entries[place - 1])[-1]
        token = type(token)("\n" + rest, token.start_mark)
        entries[place - 1].ca.items[last] = [None, None, token, None]


def _last_comment(entry: Any) -> Any:
    if not isinstance(entry, CommentedMap) or not entry:
        return None
    return (entry.ca.items.get(list(entry)[-1]) or [None] * 4)[_AFTER_VALUE]


def _drop_comments(content: dict[str, Any], lane: str) -> None:
    """Forget the comments of a list that was or becomes empty: ruamel.yaml would write YAML that it cannot read."""
    if isinstance(content, CommentedMap):
        content.ca.items.pop(lane, None)


def comments(text: str) -> list[str]:
    r"""Return the comments of a ledger, each as it stands from its # on.

    Examples
    --------
    >>> comments("# ours\nproduction: # none yet\n  notes: 'room #3'\n")
    ['# ours', '# none yet']
    """
    found = []
    for line in text.splitlines():
        before, mark, words = line.partition(" #") if not line.startswith("#") else ("", "#", line[1:])
        if mark and before.count("'") % 2 == 0 and before.count('"') % 2 == 0:
            found.append("#" + words.rstrip())
    return found


def keep_comments(before: str, after: str) -> str:
    """Return a text with the comments of another that it has lost at its end: nobody's words are thrown away."""
    left = comments(after)
    lost = [words for words in dict.fromkeys(comments(before)) if words not in left]
    return after + "".join(f"{words}\n" for words in lost)
