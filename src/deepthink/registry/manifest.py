"""A version's manifest.yaml: what it is made of, and the hash of every file."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from deepthink.errors import DamagedVersionError
from deepthink.files import sha256, write_text

MANIFEST, SIGNATURE = "manifest.yaml", "manifest.yaml.sig"

_SHA256 = re.compile(r"(sha256:)?[0-9a-f]{64}")


def list_files(folder: Path) -> list[dict[str, Any]]:
    """Return name, size in bytes and sha256 of the files in a folder, by name, without the manifest.

    The sha256 stands there twice: SentinelCam's one script reads `sha256`, its other `checksum`.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name not in (MANIFEST, SIGNATURE))
    hashes = {path: sha256(path) for path in files}
    return [{"name": p.name, "size": p.stat().st_size, "sha256": hashes[p], "checksum": hashes[p]} for p in files]


def write_manifest(folder: Path, content: dict[str, Any]) -> None:
    """Write a folder's manifest, the list of its files included."""
    text = io.StringIO()
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.dump({**content, "files": list_files(folder)}, text)
    write_text(folder / MANIFEST, text.getvalue())


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read a folder's manifest.

    Raises
    ------
    DamagedVersionError
        It is absent or not a manifest.
    """
    try:
        content = (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise DamagedVersionError(f"{folder / MANIFEST} cannot be read: {error.strerror}") from None
    return parse_manifest(content, folder / MANIFEST)


def parse_manifest(content: bytes, path: Path) -> dict[str, Any]:
    """Return a manifest from its bytes: ours, or either of the two shapes that SentinelCam's scripts write.

    Raises
    ------
    DamagedVersionError
        It is not a manifest; the error names its path.
    """
    try:
        manifest = YAML(typ="safe").load(content.decode("utf-8"))
    except (ValueError, YAMLError) as error:
        raise DamagedVersionError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), list):
        raise DamagedVersionError(f"{path} is not a manifest")
    return {**manifest, "files": [_entry(entry, path) for entry in manifest["files"]]}


def _entry(entry: Any, path: Path) -> dict[str, Any]:
    """Return a file's entry with its hash as `sha256`, whichever name that had; its size is optional."""
    if not isinstance(entry, dict) or "name" not in entry:
        raise DamagedVersionError(f"{path} lists a file without its name")
    name, digest = str(entry["name"]), str(entry.get("sha256", entry.get("checksum", "")))
    if name != Path(name).name or name in ("", ".", "..", MANIFEST, SIGNATURE):
        raise DamagedVersionError(f"{path} lists {name!r}, which is no file of a version")
    if not _SHA256.fullmatch(digest.lower()):
        raise DamagedVersionError(f"{path} lists {name} without its sha256")
    return {**entry, "name": name, "sha256": digest.lower().removeprefix("sha256:")}


def check_files(folder: Path, files: Iterable[dict[str, Any]]) -> None:
    """Compare a folder's files with a manifest's.

    Raises
    ------
    DamagedVersionError
        A file is absent, or has another size or hash; the error names it.
    """
    for entry in files:
        path = folder / entry["name"]
        if not path.is_file():
            raise DamagedVersionError(f"{path} is missing")
        size = path.stat().st_size
        if size != entry.get("size", size) or sha256(path) != entry["sha256"]:
            raise DamagedVersionError(f"{path} is not the file that was published (its hash differs)")


def check_nothing_else(folder: Path, files: Iterable[dict[str, Any]]) -> None:
    """Refuse what a manifest does not list: it is nobody's word, and a reader might take it for the version's."""
    listed = {MANIFEST, SIGNATURE, *(entry["name"] for entry in files)}
    more = sorted(path.name for path in folder.iterdir() if path.name not in listed)
    if more:
        raise DamagedVersionError(f"{folder / more[0]} is not part of the published version. Take it away.")
