"""SentinelCam's own registry of models, read and written.

    model_registry/face_recognition/2026-03-02/ facemodel.pickle baselines.hdf5 facelist.csv facedata.hdf5 manifest.yaml
    group_vars/all/model_registry.yaml          sentinelcam_models: face_recognition: current_version, previous_version
    host_vars/<host>.yaml                       model_version_overrides: face_recognition: a version of its own

A manifest there lists each file with `sha256` or `checksum`, depending on which of their scripts wrote it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from deepthink.errors import BadInputError, DamagedVersionError
from deepthink.files import flush, locked, replacing, sha256
from deepthink.registry.manifest import read_manifest, write_manifest
from deepthink.registry.naming import free_name, is_day

MODEL, MODELS, OVERRIDES = "face_recognition", "sentinelcam_models", "model_version_overrides"
FILES = {"facemodel": ".pickle", "baselines": ".hdf5", "facelist": ".csv", "facedata": ".hdf5"}


@dataclass(frozen=True)
class SentinelCamRegistry:
    """Where a site's SentinelCam keeps its models, and what says which of them are used."""

    root: Path  # model_registry
    config: Path  # model_registry.yaml
    hosts: Path | None = None  # host_vars

    def versions(self) -> list[str]:
        """Return the versions of the face model, oldest first: they are called by the day."""
        found = (self.root / MODEL).glob("*")
        return sorted(path.name for path in found if path.is_dir() and is_day(path.name[:10]))

    def used(self) -> tuple[str | None, str | None]:
        """Return the current and the previous version."""
        entry = (self._config().get(MODELS) or {}).get(MODEL) or {}
        current, previous = entry.get("current_version"), entry.get("previous_version")
        return (str(current) if current else None), (str(previous) if previous else None)

    def overrides(self) -> dict[str, str]:
        """Return the hosts that run a version of their own."""
        files = sorted(self.hosts.glob("*.y*ml")) if self.hosts else []
        found = {file.stem: (_read(file).get(OVERRIDES) or {}).get(MODEL) for file in files}
        return {host: str(version) for host, version in found.items() if version}

    def check(self, version: str) -> dict[str, Any]:
        """Return a version's manifest, of whichever of their two scripts, after comparing its files with it.

        Raises
        ------
        DamagedVersionError
            A file is absent or another, or is listed without a hash.
        """
        folder = self.root / MODEL / version
        manifest = read_manifest(folder)
        for entry in manifest["files"]:
            path = folder / Path(str(entry.get("name"))).name
            digest = str(entry.get("sha256") or entry.get("checksum") or "").removeprefix("sha256:")
            if not path.is_file() or sha256(path) != digest:
                raise DamagedVersionError(f"{path} is not the file that {folder / 'manifest.yaml'} lists.")
        return manifest

    def add(self, folder: Path, manifest: Mapping[str, Any], nodes: list[str]) -> str:
        """Take in a version of ours, whole or not at all, and return what it is called there.

        Parameters
        ----------
        folder, manifest
            The published version.
        nodes : list of str
            Who will run it, for the manifest.
        """
        version, place = str(manifest["version"]), self.root / MODEL
        files = {f"{kind}{ending}": folder / f"{kind}_{version}{ending}" for kind, ending in FILES.items()}
        with locked(place / "registry"):
            there = next((name for name in self.versions() if self._ours(name, version)), None)
            if there:
                return there
            name = free_name(version if is_day(version[:10]) else str(manifest["created"])[:10], self.versions())
            for left in place.glob(".*.part"):  # by a killed process: we hold the lock
                shutil.rmtree(left, ignore_errors=True)
            staged = Path(tempfile.mkdtemp(prefix=f".{name}.", suffix=".part", dir=place))
            for called, source in files.items():
                shutil.copyfile(source, staged / called)
                flush(staged / called)
            write_manifest(staged, self._facts(manifest, name, nodes))
            staged.chmod(0o755)
            staged.rename(place / name)
            flush(place)
        return name

    def _ours(self, name: str, version: str) -> bool:
        try:
            return read_manifest(self.root / MODEL / name).get("deepthink_version") == version
        except DamagedVersionError:
            return False

    def _facts(self, manifest: Mapping[str, Any], name: str, nodes: list[str]) -> dict[str, Any]:
        keys = ("framework", "source", "training_metrics", "embedder")
        kept = {key: manifest[key] for key in keys if key in manifest}
        return {
            "name": MODEL, "version": name, "deepthink_version": manifest["version"], **kept,
            "created": manifest["created"], "date_deployed": str(manifest["created"])[:10],
            "previous_version": self.used()[0], "target_nodes": nodes,
        }  # fmt: skip

    def use(self, version: str) -> None:
        """Make a version the current one, the one that was the previous; people's comments stay."""
        with locked(self.config):
            content = self._config()
            entry = content.setdefault(MODELS, {}).setdefault(MODEL, {})
            former = entry.get("current_version")
            if former == version:
                return
            entry["previous_version"] = DoubleQuotedScalarString(former) if former else None
            entry["current_version"] = DoubleQuotedScalarString(version)
            with replacing(self.config) as beside, beside.open("w", encoding="utf-8") as file:
                _yaml().dump(content, file)

    def retain(self, keep: int) -> list[str]:
        """Remove all but the newest versions and those that anybody uses; return which went."""
        with locked(self.root / MODEL / "registry"):
            used = {*self.used(), *self.overrides().values(), *self.versions()[-keep:]}
            gone = [version for version in self.versions() if version not in used]
            for version in gone:
                aside = self.root / MODEL / f".{version}.removed.part"
                (self.root / MODEL / version).rename(aside)
                shutil.rmtree(aside, ignore_errors=True)
        return gone

    def _config(self) -> dict[str, Any]:
        return _read(self.config) if self.config.exists() else {}


class _AsTheirs(RoundTripRepresenter):
    """Writes null as they do, instead of leaving it empty."""


_AsTheirs.add_representer(type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", "null"))


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.explicit_start = True
    yaml.width = 4096
    yaml.Representer = _AsTheirs
    return yaml


def _read(path: Path) -> dict[str, Any]:
    try:
        content = _yaml().load(path.read_text(encoding="utf-8")) or {}
    except (OSError, ValueError, YAMLError) as error:
        raise BadInputError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise BadInputError(f"{path} must hold keys and values.")
    return content
