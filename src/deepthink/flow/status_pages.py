"""The pages that a training and a validation have left: reports, and notebooks as they were executed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from deepthink.errors import BadInputError
from deepthink.registry.naming import check_version

REPORT, NOTEBOOK = "report", "notebook"


def pages_of(version: str, registry: Path, training: Path) -> tuple[str, ...]:
    """Return which pages there are of a version; none of what cannot be one's name."""
    try:
        check_version(version)
    except BadInputError:
        return ()
    return tuple(kind for kind in (REPORT, NOTEBOOK) if next(_files(version, kind, registry, training), None))


def page_of(version: str, kind: str, registry: Path, training: Path) -> Path:
    """Return the file of a version's page: of the registry, or, where it was never published, of the training folder.

    Raises
    ------
    BadInputError
        It is no version's name, or there is no such page of it.
    """
    check_version(version)
    found = next(_files(version, kind, registry, training), None)
    if found is None:
        raise BadInputError(f"There is no {kind[:20]} of {version}.")
    return found


def _files(version: str, kind: str, registry: Path, training: Path) -> Iterator[Path]:
    names = {
        REPORT: (registry / version / "report.html", training / f"proof_{version}" / "report.html"),
        NOTEBOOK: (registry / version / f"facemodel_{version}.html", training / f"facemodel_{version}.html"),
    }
    for path in names.get(kind, ()):
        if path.is_file() and not path.is_symlink():
            yield path
