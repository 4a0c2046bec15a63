"""A version's manifest.yaml: what it is made of, and the hash of every file."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from deepthink.errors import DamagedVersionError
from deepthink.files import sha256, write_text

MANIFEST = "manifest.yaml"


def list_files(folder: Path) -> list[dict[str, Any]]:
    """Return name, size in bytes and sha256 of the files in a folder, by name, without the manifest."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != MANIFEST)
    return [{"name": path.name, "size": path.stat().st_size, "sha256": sha256(path)} for path in files]


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
        content = YAML(typ="safe").load((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, YAMLError) as error:
        raise DamagedVersionError(f"{folder / MANIFEST} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict) or not isinstance(content.get("files"), list):
        raise DamagedVersionError(f"{folder / MANIFEST} is not a manifest")
    return content


def check_files(folder: Path, files: Iterable[dict[str, Any]]) -> None:
    """Compare a folder's files with a manifest's.

    Raises
    ------
    DamagedVersionError
        A file is absent, or has another size or hash; the error names it.
    """
    for entry in files:
        if not isinstance(entry, dict) or not {"name", "size", "sha256"} <= set(entry):
            raise DamagedVersionError(f"{folder / MANIFEST} lists a file without its name, size and sha256")
        path = folder / Path(str(entry["name"])).name
        if not path.is_file():
            raise DamagedVersionError(f"{path} is missing")
        if path.stat().st_size != entry["size"] or sha256(path) != entry["sha256"]:
            raise DamagedVersionError(f"{path} is not the file that was published (its hash differs)")
