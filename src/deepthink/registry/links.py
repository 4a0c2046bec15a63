"""The ledger as links: facemodel_production.pickle and its like, for those who read a folder and no ledger.

facemodel_production.pickle -> .views/facemodel_production.pickle      never changes
.views -> .views-3f2a...                                               turned by one rename: all links switch at once
.views-3f2a.../facemodel_production.pickle -> ../gamma3/facemodel_gamma3.pickle
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deepthink.files import flush, locked
from deepthink.registry.history import digest
from deepthink.registry.lanes import PRODUCTION, VALIDATED
from deepthink.registry.ledger import Ledger

VIEWS = ".views"
KINDS = {"facemodel": ".pickle", "baselines": ".hdf5"}
_LANES = (PRODUCTION, VALIDATED)


def present(root: Path) -> bool:
    """Whether somebody has asked for links here."""
    return (root / VIEWS).is_symlink()


def build(root: Path, ledger: Ledger) -> dict[str, str]:
    """Make the links say what the ledger says, all of them in one step.

    Parameters
    ----------
    root : Path
        The registry's folder.
    ledger : Ledger
        Read while nobody else builds, so that the later of two does not write what the earlier one saw.

    Returns
    -------
    dict of str to str
        Where each link leads to, relative to the folder.
    """
    with locked(root / VIEWS):
        wanted = _wanted(root, ledger.read())
        former = (root / VIEWS).readlink().name if present(root) else ""
        current = f"{VIEWS}-{digest(repr(sorted(wanted.items())))[:16]}"
        _generation(root, current, wanted)
        _link(root / VIEWS, Path(current))
        _front(root, wanted)
        _clear(root, {current, former})
    return wanted


def _wanted(root: Path, ledger: Mapping[str, Any]) -> dict[str, str]:
    validated = ledger.get(VALIDATED) or []
    newest = max(validated, key=lambda entry: str(entry.get("published", "")), default=None)
    found = {}
    for lane, entry in zip(_LANES, (ledger.get(PRODUCTION), newest), strict=True):
        if entry is None:
            continue
        for kind, ending in KINDS.items():
            file = next(iter(sorted((root / entry["version"]).glob(f"{kind}*{ending}"))), None)
            if file:
                found[f"{kind}_{lane}{ending}"] = str(file.relative_to(root))
    return found


def _generation(root: Path, name: str, wanted: Mapping[str, str]) -> None:
    """Make a folder of links, whole or not at all; one that is there holds the same: its name is its content."""
    if (root / name).exists():
        return
    staged = Path(tempfile.mkdtemp(prefix=f"{VIEWS}.", suffix=".part", dir=root))
    staged.chmod(0o755)
    for link, file in wanted.items():
        (staged / link).symlink_to(Path("..") / file)
    staged.rename(root / name)


def _front(root: Path, wanted: Mapping[str, str]) -> None:
    """Make the links that people open, and take away those that lead nowhere now."""
    for name in (f"{kind}_{lane}{ending}" for lane in _LANES for kind, ending in KINDS.items()):
        if name in wanted:
            _link(root / name, Path(VIEWS) / name)
        elif (root / name).is_symlink():
            (root / name).unlink()


def _link(link: Path, to: Path) -> None:
    if link.is_symlink() and link.readlink() == to:
        return
    beside = link.with_name(f".{link.name}.{os.getpid()}.link")
    beside.unlink(missing_ok=True)
    beside.symlink_to(to)
    beside.replace(link)
    flush(link.parent)


def _clear(root: Path, kept: set[str]) -> None:
    """Remove the folders of links that are out of use; the former stays, for those who are reading through it now."""
    for folder in root.glob(f"{VIEWS}-*"):
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)
    for left in root.glob(".*.link"):
        left.unlink(missing_ok=True)
