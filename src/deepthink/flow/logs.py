"""Logs that a person and a machine can read: one line an event, with its run, step and version."""

from __future__ import annotations

import json
import logging
import logging.handlers
from datetime import datetime
from pathlib import Path
from typing import Any

FILE = "training.log"
BYTES, KEPT = 2_000_000, 5  # of one file, and how many older ones stay
_FIELDS = ("run", "step", "version")


def about(run: str, step: str, version: str) -> dict[str, str]:
    """Return what a line is about, for the `extra` of a log call."""
    return {"run": run, "step": step, "version": version}


class Plain(logging.Formatter):
    """For people.

    Examples
    --------
    >>> about_it = {"msg": "train begins", "levelname": "INFO", "created": 0.0, "version": "gamma4"}
    >>> record = logging.makeLogRecord(about_it)
    >>> Plain().format(record).split(" ", 2)[2]
    'INFO train begins [version gamma4]'
    """

    def format(self, record: logging.LogRecord) -> str:
        """Write a record as one line."""
        fields = " ".join(f"{name} {value}" for name, value in _fields(record).items())
        text = " ".join(record.getMessage().split())
        line = f"{_when(record)} {record.levelname} {text}" + (f" [{fields}]" if fields else "")
        return line + (f"\n{self.formatException(record.exc_info)}" if record.exc_info else "")


class Json(logging.Formatter):
    """For machines: one object a line.

    Examples
    --------
    >>> record = logging.makeLogRecord({"msg": "train begins", "levelname": "INFO", "created": 0.0, "run": "a1"})
    >>> sorted(json.loads(Json().format(record)))
    ['level', 'message', 'run', 'when']
    """

    def format(self, record: logging.LogRecord) -> str:
        """Write a record as one line."""
        content: dict[str, Any] = {
            "when": datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            content["trace"] = self.formatException(record.exc_info)
        return json.dumps(content, ensure_ascii=False)


def _when(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created).isoformat(" ", timespec="seconds")


def _fields(record: logging.LogRecord) -> dict[str, str]:
    return {name: str(getattr(record, name)) for name in _FIELDS if getattr(record, name, "")}


class Rotated(logging.handlers.RotatingFileHandler):
    """A log file that stays small; a disk that is full costs lines, and nothing else."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's own name
        """Pass over a line that could not be written: it is on standard error too."""


def set_up(file: Path | None, as_json: bool = False) -> None:
    """Let all that is logged go to standard error, and to a file that is rotated.

    Parameters
    ----------
    file : Path, optional
    as_json : bool
    """
    shown: list[logging.Handler] = [logging.StreamHandler()]
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        shown.append(Rotated(file, maxBytes=BYTES, backupCount=KEPT, encoding="utf-8", delay=True))
    for handler in shown:
        handler.setFormatter(Json() if as_json else Plain())
    logging.basicConfig(level=logging.INFO, handlers=shown, force=True)
