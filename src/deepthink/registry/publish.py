"""Publishes a version: its files, its manifest, and its place in the ledger."""

from __future__ import annotations

import getpass
import os
import platform
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

from deepthink import __version__
from deepthink.errors import DamagedVersionError
from deepthink.registry.base import Registry
from deepthink.registry.ledger import Ledger

MODEL = "face_recognition"
_PACKAGES = (
    "numpy", "scipy", "scikit-learn", "numba", "onnxruntime", "opencv-python-headless", "h5py", "cryptography",
)  # fmt: skip


def publish(
    version: str, files: Mapping[str, Path], facts: Mapping[str, Any], registry: Registry, ledger: Ledger
) -> Path:
    """Publish a version; one that was published by a run that was killed before the ledger knew is entered now.

    Parameters
    ----------
    version : str
        Its name, free in the registry.
    files : mapping of str to Path
        What each file is to be called, and where it lies.
    facts : mapping
        `embedder`, `training` (figures), `verdict` (as a dict).
    registry : Registry
    ledger : Ledger

    Returns
    -------
    Path
        The version's folder.

    Raises
    ------
    VersionExistsError
        Another version has the name.
    """
    verdict = facts["verdict"]
    previous = ledger.production()
    folder = registry.add(version, files, _facts(version, facts, previous))
    enter(version, verdict, ledger)
    return folder


def enter(version: str, verdict: Mapping[str, Any], ledger: Ledger, why: str = "published") -> None:
    """Enter a published version in the ledger by its verdict."""
    passed, accuracy, notes = measured(verdict)
    ledger.enter(version, passed, accuracy, notes, why)


def measured(verdict: Any) -> tuple[bool, float, str]:
    """Return of a verdict whether it was passed, the accuracy, and the counts in words.

    Raises
    ------
    DamagedVersionError
        It is none.

    Examples
    --------
    >>> measured({"passed": True, "fnir": {"rate": 0.1, "count": 1, "total": 10}, "fpir": {"count": 0, "total": 9}})
    (True, 0.9, 'FNIR 1/10, FPIR 0/9')
    """
    try:
        accuracy = 1.0 - float(verdict["fnir"]["rate"])
        notes = f"FNIR {_counts(verdict['fnir'])}, FPIR {_counts(verdict['fpir'])}"
        return bool(verdict["passed"]), accuracy, notes
    except (KeyError, TypeError, ValueError):
        raise DamagedVersionError("its manifest has no verdict") from None


def _facts(version: str, facts: Mapping[str, Any], previous: str | None) -> dict[str, Any]:
    """Return the manifest's content: a superset of the two shapes that SentinelCam's scripts write."""
    return {
        "name": MODEL,
        "version": version,
        "framework": "scikit-learn",
        "source": f"deepthink {__version__}",
        "created": datetime.now().isoformat(timespec="microseconds"),
        "published_by": _who(),
        "date_deployed": None,  # a version never changes: when it was deployed stands in versions.yaml
        "previous_version": previous,
        "environment": {
            "python": platform.python_version(),
            "machine": platform.machine(),
            "system": platform.system(),
            **_installed(),
        },
        "training_metrics": facts["training"],
        **{key: value for key, value in facts.items() if key != "training"},
    }


def _who() -> str:
    """Return user@machine; a user without a name, as in a container, by number."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = str(os.getuid())
    return f"{user}@{platform.node()}"


def _installed() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = package_version(name)
        except PackageNotFoundError:
            continue
    return found


def _counts(rate: Mapping[str, Any]) -> str:
    return f"{rate['count']}/{rate['total']}"
