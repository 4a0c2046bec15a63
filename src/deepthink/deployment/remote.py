"""A target that is a folder on another machine: what is asked there and when, whatever carries the questions.

The folder is laid out as `local.py` says. The work there is done by the node's half (node/), which the node's own
interpreter runs and of which nothing stays; where a model is received it needs a Python with NumPy.
"""

from __future__ import annotations

import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from deepthink.deployment.connection import program
from deepthink.deployment.local import VERIFY_SECONDS, previous
from deepthink.deployment.node.service import HEALTHY_SECONDS, RESTART_SECONDS
from deepthink.deployment.parts import SENTINEL, wanted_files
from deepthink.errors import BadInputError, DeepthinkError, DeploymentError
from deepthink.files import LOCK_SECONDS
from deepthink.registry.manifest import MANIFEST, SIGNATURE
from deepthink.registry.naming import check_version
from deepthink.registry.signers import SIGNERS
from deepthink.registry.signing import read_signed

MOST_SKEW = 300.0  # seconds that a node's clock may be off: events are joined by time, and signatures have dates
SPARE = 1 << 20  # bytes that must be left on the node's disk


class Talk(Protocol):
    """What carries questions to the node's half, and its answers back."""

    lost: bool

    def ask(self, do: str, seconds: float = ..., **what: Any) -> Any:
        """Send a request and return the answer; DeploymentError when it was refused, or nobody answers."""
        ...

    def put(self, path: Path, size: int) -> None:
        """Send a file of that size into what is being staged."""
        ...

    def close(self) -> None:
        """End it, and with it a lock that was taken."""
        ...


class RemoteTarget(ABC):
    """Receives versions into a folder of another machine.

    Parameters
    ----------
    name : str
        How it is called in messages.
    folder : Path
        Where versions are put, relative to the user's home there.
    receives : sequence of str
        The parts of a version that are sent there, keys of `deployment.parts.PARTS`.
    restart, healthy : str
        Commands there: the first starts the service anew after a change, the second succeeds when it does its work.
    patience : float
        Seconds after a restart within which `healthy` must succeed.
    wait : float
        Seconds to wait for another deployment to end.

    Attributes
    ----------
    site_signers : Path or None
        The site's public keys: a node that holds none yet is given these at its first deployment.
    """

    site_signers: Path | None = None
    python = "python3"

    def __init__(
        self, name: str, folder: Path, *, receives: Sequence[str] = SENTINEL, restart: str = "", healthy: str = "",
        patience: float = 60.0, wait: float = LOCK_SECONDS,
    ) -> None:  # fmt: skip
        self.name, self.folder, self.receives, self.wait = name, PurePosixPath(folder), tuple(receives), wait
        self.service: dict[str, Any] = {"restart": restart, "healthy": healthy, "patience": patience}
        self._connection: Talk | None = None  # while claimed

    @abstractmethod
    def _connect(self) -> Talk:
        """Begin to talk to the node's half; DeploymentError, with what to do, when that cannot be."""

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Look whether the node can take a version, and keep other deployers away from it."""
        with self._held(self._locked):
            yield

    @contextmanager
    def _held(self, begin: Callable[[], Talk]) -> Iterator[None]:
        """Keep one connection for what follows; within another such block that one's is used."""
        if self._connection:
            yield
            return
        self._connection = begin()
        try:
            yield
        finally:
            connection, self._connection = self._connection, None
            connection.close()

    def health(self) -> dict[str, Any]:
        """Return how the node is doing, and what is wrong with what runs; nothing is changed, nobody kept away."""
        with self._held(self._connect):
            found: dict[str, Any] = self._ask("health", healthy=self.service["healthy"])
            return {**found, "skew": found["clock"] - time.time(), "wrong": self._wrong(found)}

    def _wrong(self, found: dict[str, Any]) -> str:
        """Return why the version that runs is not to be trusted; nothing when it is whole, signed and answers."""
        try:
            if found["current"] is not None and (found["numpy"] or "model" not in self.receives):
                self.verify(found["current"])
        except DeploymentError as error:
            return str(error)
        return ""

    def current(self) -> str | None:
        """Return the version that `current` links to, or None."""
        return self._name(self._ask("state").get("current"))

    def previous(self) -> str | None:
        """Return the version that ran before the current one, or None."""
        return previous(self.history())

    def history(self) -> list[str]:
        """Return the versions that ran, the current one last."""
        return [str(self._name(version)) for version in self._ask("state").get("history", [])]

    def hold(self, signers: str) -> None:
        """Hold these public keys from now on, in OpenSSH's allowed_signers format."""
        with self.claimed():
            self._ask("trust", signers=signers)

    def survey(self, manifest: dict[str, Any]) -> int:
        """Look at reachability, Python, clock and free space; return how many bytes would be copied; change nothing."""
        with self._held(self._looked_at):
            if self._whole(str(manifest["version"]), wanted_files(manifest, self.receives)):
                return 0
            size = sum(int(entry["size"]) for entry in wanted_files(manifest, self.receives))
            self._check_room(size)
            return size

    def stage(self, folder: Path, manifest: dict[str, Any]) -> None:
        """Copy what a sentinel needs, check signature and hashes as the node reads them back, and only then place it.

        Nothing is copied when all of it is there.
        """
        version, files = str(manifest["version"]), wanted_files(manifest, self.receives)
        with self.claimed():
            if self.site_signers and not self._ask("trusts"):
                self.hold(self.site_signers.read_text(encoding="utf-8"))
            if self._whole(version, files):
                return
            signed = [SIGNATURE] if (folder / SIGNATURE).exists() else []  # without one the check that follows says so
            self._copy(version, [folder / name for name in [*(entry["name"] for entry in files), MANIFEST, *signed]])
            self._check(version, staged=True)
            self._ask("place", version=version)

    def _copy(self, version: str, paths: list[Path]) -> None:
        sizes = [path.stat().st_size for path in paths]
        self._check_room(sum(sizes))
        self._ask("begin", version=version)
        for path, size in zip(paths, sizes, strict=True):
            with self._talking() as connection:
                connection.put(path, size)

    def _check_room(self, size: int) -> None:
        free, needed = self._ask("free"), size + SPARE
        if free < needed:
            raise DeploymentError(
                f"{self.name}: {free / 1e6:.1f} MB are free in {self.folder} there, {needed / 1e6:.1f} MB are needed. "
                "Remove something, such as versions that were replaced long ago, and deploy again."
            )

    def _check(self, version: str, staged: bool = False) -> list[dict[str, Any]]:
        """Check a version's signature and hashes there; whom to believe is what the node holds."""
        papers = self._ask("papers", version=version, staged=staged)
        with tempfile.TemporaryDirectory() as here:
            for name in (MANIFEST, SIGNATURE, SIGNERS):  # and none that the node would like to name
                if isinstance(papers.get(name), str):
                    (Path(here) / name).write_text(papers[name], encoding="utf-8")
            try:
                files = wanted_files(read_signed(Path(here), Path(here) / SIGNERS, version), self.receives)
            except DeepthinkError as error:  # what it says of our copy is true of the node's
                said = str(error).replace(f"{here}/{SIGNERS}", f"{self.folder}/{SIGNERS}")
                raise DeploymentError(f"{self.name}: {said.replace(here, 'its folder there')}") from error
        self._ask("compare", version=version, files=files, staged=staged)
        return files

    def _whole(self, version: str, files: list[dict[str, Any]]) -> bool:
        try:
            return self._check(version) == files
        except DeploymentError:
            return False

    def verify(self, version: str) -> int:
        """Check signature and hashes there, and let the node's own interpreter answer the golden probes.

        Where no model is received, the rows of the lists are read and counted instead.
        """
        with self._held(self._connect):
            return self._verified(version)

    def _verified(self, version: str) -> int:
        self._check(version)
        if "model" not in self.receives:
            return int(self._ask("rows", version=version))
        asked = program("deepthink.model.platt", "deepthink.deployment.node.answers")
        result = self._ask("answer", VERIFY_SECONDS + 30, version=version, program=asked, limit=VERIFY_SECONDS)
        if "error" in result:
            raise DeploymentError(f"{self.name}: {version} does not answer as it should: {result['error']}")
        return int(result["answered"])

    def switch(self, version: str) -> None:
        """Turn the link in one rename and start the service anew; the node undoes it when that does not come up."""
        with self.claimed():
            self._ask("switch", self._service_seconds(), version=version, service=self.service)

    def step_back(self, to: str | None = None) -> str | None:
        """Turn the link to the previous version or an earlier one, with the service; without one, take it away."""
        with self.claimed():
            return self._name(self._ask("step_back", self._service_seconds(), service=self.service, to=to))

    def _service_seconds(self) -> float:
        """Return how long a switch and its undoing can take."""
        return 2 * (RESTART_SECONDS + float(self.service["patience"]) + HEALTHY_SECONDS) + 30

    def _name(self, version: Any) -> str | None:
        """Return the version that the node names: it goes into the ledger, and must be one."""
        try:
            return None if version is None else check_version(version)
        except (BadInputError, TypeError) as error:
            raise DeploymentError(f"{self.name}: it names {str(version)[:80]!r} as a version: {error}") from None

    def _ask(self, do: str, seconds: float = VERIFY_SECONDS, **what: Any) -> Any:
        with self._talking() as connection:
            return connection.ask(do, seconds, **what)

    @contextmanager
    def _talking(self) -> Iterator[Talk]:
        """Give the connection of a claim, made anew where it was lost, or one for this question alone."""
        if self._connection:
            if self._connection.lost:
                self._connection = self._locked()
            yield self._connection
            return
        connection = self._connect()
        try:
            yield connection
        finally:
            connection.close()

    def _locked(self) -> Talk:
        connection = self._looked_at()
        try:
            connection.ask("lock", self.wait + 30, patience=self.wait)
        except BaseException:
            connection.close()
            raise
        return connection

    def _looked_at(self) -> Talk:
        connection = self._connect()
        try:
            self._check_facts(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _check_facts(self, connection: Talk) -> None:
        """Refuse a node that could not use a version, before anything there is touched."""
        before = time.time()
        facts = connection.ask("facts", numpy="model" in self.receives)
        now = (before + time.time()) / 2
        if "model" in self.receives and not facts["numpy"]:
            raise DeploymentError(
                f"{self.name}: Python {facts['python']} ({self.python}) there has no NumPy that works: "
                f"{facts['trouble']}. Name the interpreter of its recogniser: `python` of this target in site.yaml."
            )
        if abs(facts["clock"] - now) > MOST_SKEW + (time.time() - before):
            raise DeploymentError(
                f"{self.name}: its clock is {_span(facts['clock'] - now)}. Set it (`timedatectl set-ntp true` there), "
                "since events are joined by time; then deploy again."
            )


def _span(seconds: float) -> str:
    days, minutes = abs(seconds) / 86400, abs(seconds) / 60
    size = f"{days:.0f} days" if days > 2 else f"{minutes:.0f} minutes"
    return f"{size} {'ahead' if seconds > 0 else 'behind'}"
