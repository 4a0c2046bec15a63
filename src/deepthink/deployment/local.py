"""A target that is a folder on this machine.

    <folder>/versions/<version>/     staged versions, each whole
    <folder>/current                 a link to the one that runs, switched by one atomic rename
    <folder>/history.json            which ran before, so that a rollback knows where to go
    <folder>/allowed_signers         the public keys: a version that none of them signed is refused here

SentinelCam's sentinel reads <folder>/current/facemodel.pickle and baselines.hdf5.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deepthink.deployment.node.health import health
from deepthink.deployment.node.lease import Lease
from deepthink.deployment.node.lists import rows
from deepthink.deployment.node.shelf import RefusedError, Shelf
from deepthink.deployment.parts import SENTINEL, wanted_files
from deepthink.errors import DamagedVersionError, DeploymentError
from deepthink.files import flush, locked, write_text
from deepthink.registry.manifest import MANIFEST, SIGNATURE, check_files
from deepthink.registry.signers import SIGNERS
from deepthink.registry.signing import read_signed

VERIFY_SECONDS = 120


class LocalTarget:
    """Receives versions into a folder.

    Parameters
    ----------
    name : str
        How it is called in messages.
    folder : Path
        Where versions are put.
    python : str
        The interpreter that verifies them: that of the recogniser which will use them.
    receives : sequence of str
        The parts of a version that are put there, keys of `deployment.parts.PARTS`.

    Attributes
    ----------
    site_signers : Path or None
        The site's public keys: a target that holds none yet is given these at its first deployment.
    """

    site_signers: Path | None = None

    def __init__(
        self, name: str, folder: Path, python: str = sys.executable, receives: Sequence[str] = SENTINEL
    ) -> None:
        self.name, self.folder, self.python, self.receives = name, Path(folder), python, tuple(receives)

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Keep other deployers away from the folder: they wait, and give up with an error."""
        with locked(self.folder / "rollout"):
            if Lease(self.folder).anothers():
                raise DeploymentError(f"{self.name}: another deployment is at it; try again after it")
            yield

    @property
    def _shelf(self) -> Shelf:
        return Shelf(self.folder)

    def current(self) -> str | None:
        """Return the version that `current` links to, or None."""
        return self._shelf.current()

    def previous(self) -> str | None:
        """Return the version that ran before the current one, or None."""
        return previous(self.history())

    def history(self) -> list[str]:
        """Return the versions that ran, the current one last."""
        return self._shelf.history()

    def path(self, version: str) -> Path:
        """Return where a version lies on the target."""
        return self._shelf.path(version)

    @property
    def signers(self) -> Path:
        """The public keys that the target holds."""
        return self.folder / SIGNERS

    def health(self) -> dict[str, Any]:
        """Return how the machine is doing, and what is wrong with the version that runs; nothing is changed."""
        found, wrong = health(self._shelf, self.python), ""
        try:
            if found["current"] is not None and (found["numpy"] or "model" not in self.receives):
                self.verify(found["current"])
        except DeploymentError as error:
            wrong = str(error)
        return {**found, "skew": 0.0, "wrong": wrong}

    def hold(self, signers: str) -> None:
        """Hold these public keys from now on, in OpenSSH's allowed_signers format."""
        write_text(self.signers, signers)

    def survey(self, manifest: dict[str, Any]) -> int:
        """Look at the free space; return how many bytes would be copied; change nothing."""
        files = wanted_files(manifest, self.receives)
        if self._whole(self.path(str(manifest["version"])), files):
            return 0
        size = sum(int(entry["size"]) for entry in files)
        there = next(folder for folder in (self.folder, *self.folder.absolute().parents) if folder.exists())
        free = shutil.disk_usage(there).free
        if free < size:
            raise DeploymentError(f"{self.name}: {free / 1e6:.1f} MB are free in {there}, {size / 1e6:.1f} are needed.")
        return size

    def stage(self, folder: Path, manifest: dict[str, Any]) -> None:
        """Copy what a sentinel needs, flush it, check signature and hashes, and only then give it its place.

        Who is believed is what the target holds, not what the deployer brings.
        """
        version, files = str(manifest["version"]), wanted_files(manifest, self.receives)
        place = self.path(version)
        if self.site_signers and not self.signers.exists():
            self.hold(self.site_signers.read_text(encoding="utf-8"))
        if place.exists() and self._whole(place, files):
            return
        shelf = self._shelf
        try:
            self._copy(folder, shelf.begin(version), files)
            self._check(shelf.staging, version)
            shelf.place(version)
            shelf.settled()  # no service has read the damaged files of a version that was replaced
        except (OSError, DamagedVersionError, RefusedError) as error:
            raise DeploymentError(f"{self.name}: {version} could not be staged: {error}") from error
        finally:
            shelf.discard()

    def _whole(self, place: Path, files: list[dict[str, Any]]) -> bool:
        try:
            return self._check(place, place.name) == files
        except DamagedVersionError:
            return False

    def _check(self, place: Path, version: str) -> list[dict[str, Any]]:
        files = wanted_files(read_signed(place, self.signers, version), self.receives)
        check_files(place, files)
        return files

    def _copy(self, folder: Path, staged: Path, files: list[dict[str, Any]]) -> None:
        signed = [SIGNATURE] if (folder / SIGNATURE).exists() else []  # without one the check that follows says so
        for name in [*(entry["name"] for entry in files), MANIFEST, *signed]:
            shutil.copyfile(folder / name, staged / name)
            flush(staged / name)

    def verify(self, version: str) -> int:
        """Check signature and hashes, and ask it its golden probes in a process of its own, as a recogniser would.

        Where no model is received, the rows of the lists are read and counted instead.
        """
        try:
            self._check(self.path(version), version)
        except DamagedVersionError as error:
            raise DeploymentError(f"{self.name}: {error}") from error
        return self._asked(version) if "model" in self.receives else self._read(version)

    def _read(self, version: str) -> int:
        try:
            return rows(self.path(version))
        except RefusedError as error:
            raise DeploymentError(f"{self.name}: {error}") from error

    def _asked(self, version: str) -> int:
        command = [self.python, "-m", "deepthink.model.golden", str(self.path(version))]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=VERIFY_SECONDS, check=False)
            result = json.loads(done.stdout.strip().splitlines()[-1])
        except (OSError, subprocess.TimeoutExpired, ValueError, IndexError) as error:
            raise DeploymentError(f"{self.name}: {version} could not be verified: {error}") from error
        if "error" in result:
            raise DeploymentError(f"{self.name}: {version} does not answer as it should: {result['error']}")
        return int(result["answered"])

    def switch(self, version: str) -> None:
        """Note where we come from, then turn the link in one rename; a kill between the two changes nothing."""
        try:
            self._shelf.forward(version)
        except RefusedError as error:
            raise DeploymentError(f"{self.name}: {error}") from error

    def step_back(self, to: str | None = None) -> str | None:
        """Turn the link to the previous version or an earlier one; without one, take it away: nothing runs then."""
        try:
            before = self._shelf.until(to)
            self._shelf.back(before)
        except RefusedError as error:
            raise DeploymentError(f"{self.name}: {error}") from error
        return before[-1] if before else None


def previous(history: list[str]) -> str | None:
    """Return what ran before the last of a history, or None."""
    return history[-2] if len(history) > 1 else None
