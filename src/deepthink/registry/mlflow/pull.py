"""Takes versions out of MLflow's registry: only what a trusted key has signed, and exactly that.

The signed manifest comes first, and only what it lists is fetched, no byte more than it says; what else lies on the
server, and what it is called there, is never looked at. Nothing that is fetched is loaded.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from deepthink.errors import DamagedVersionError, StepError
from deepthink.registry.folder import FolderRegistry
from deepthink.registry.manifest import MANIFEST, SIGNATURE
from deepthink.registry.mlflow.files import Files
from deepthink.registry.naming import check_version
from deepthink.registry.publish import measured
from deepthink.registry.signing import LARGEST, read_signed

INCOMING = ".incoming"
LARGEST_MANIFEST = 1 << 20  # bytes; one of 300 people has some 30,000
PATIENCE, SLOWEST = 60.0, 10_000  # seconds, and bytes a second beyond them: a server that drips is one that is away


def pull(version: str, files: Files, registry: FolderRegistry) -> dict[str, Any]:
    """Take a version in as it was signed, all of it or nothing, and return its manifest.

    Parameters
    ----------
    version : str
        As the server calls it; its manifest must too.
    files : Files
        Where its files are.
    registry : FolderRegistry
        Has the keys that are trusted.

    Raises
    ------
    DamagedVersionError, UntrustedVersionError
        It is not whole, not signed, altered, or signed by somebody unknown.
    """
    if registry.keys is None:
        raise StepError("A registry without keys takes nothing in: it could not tell whose it is.")
    incoming = registry.root / INCOMING
    shutil.rmtree(incoming, ignore_errors=True)  # of a killed process: our caller holds the lock
    folder = incoming / check_version(version)
    try:
        folder.mkdir(parents=True)
        incoming.chmod(0o700)
        manifest = _fetch_manifest(folder, files, registry.keys.signers)
        for entry in manifest["files"]:
            _fetch(files, entry["name"], folder, entry["size"])
        registry.take(version, folder)
    except DamagedVersionError as error:
        raise type(error)(f"{version} was not taken from MLflow, and nothing of it is kept: {error}") from None
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
    return manifest


def _fetch_manifest(folder: Path, files: Files, signers: Path) -> dict[str, Any]:
    """Fetch the manifest and its signature, and return it if all of it can be believed."""
    _fetch(files, SIGNATURE, folder, LARGEST)
    _fetch(files, MANIFEST, folder, LARGEST_MANIFEST)
    manifest = read_signed(folder, signers)
    measured(manifest.get("verdict"))
    sizes = [entry.get("size") for entry in manifest["files"]]
    if not all(isinstance(size, int) and size >= 0 for size in sizes):
        raise DamagedVersionError("its manifest does not say how large each file is")
    free = shutil.disk_usage(folder).free
    if sum(sizes) > free:
        raise StepError(f"{folder.name} has {sum(sizes):,} bytes, and {free:,} are free in {folder}. Make room.")
    return manifest


def _fetch(files: Files, name: str, folder: Path, most: int) -> None:
    """Fetch a file, and stop when it has more bytes than it may, or comes too slowly."""
    until = time.monotonic() + PATIENCE + most / SLOWEST
    with (folder / name).open("wb") as beside:
        for piece in files.read(name):
            if beside.tell() + len(piece) > most:
                raise DamagedVersionError(f"{name} is longer there than it should be")
            if time.monotonic() > until:
                raise StepError(f"MLflow at {files.server.uri} is too slow: {name} did not come. Try again later.")
            beside.write(piece)
