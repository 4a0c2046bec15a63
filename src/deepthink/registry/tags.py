"""The ledger as annotated git tags, where the registry lies in a repository.

Ours: `model-gamma3` is in production, `model-beta2-validated` is validated; a tag that is no longer true goes.
GTO's: `face-recognition@v3.0.0+gamma3` is the third version, `face-recognition#production#2` the second to run; there
tags are history, and only added.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepthink.errors import StepError
from deepthink.files import locked
from deepthink.registry.history import who
from deepthink.registry.lanes import PRODUCTION, VALIDATED, standing
from deepthink.registry.ledger import Ledger
from deepthink.registry.manifest import MANIFEST

MARK = "Made from versions.yaml by deepthink versions tag."  # a tag without it is somebody else's
ARTIFACT = "face-recognition"


@dataclass(frozen=True)
class Tagged:
    """What a tagging did."""

    made: tuple[str, ...]
    removed: tuple[str, ...]
    theirs: tuple[str, ...]  # wanted, but there already, and not made by us: left alone


def tag(root: Path, ledger: Ledger) -> Tagged:
    """Make the tags say what the ledger says.

    Raises
    ------
    StepError
        The folder is in no repository, it has no commit yet, or git fails.
    """
    with locked(root / "tags"):
        _check(root)
        wanted = {
            f"model-{version}" + ("" if lane == PRODUCTION else "-validated"): (version, _message(version, lane, entry))
            for version, lane, entry in standing(ledger.read())
            if lane in (PRODUCTION, VALIDATED)
        }
        there = _tags(root, "model-*")
        stale = [name for name, ours in there.items() if ours and name not in wanted]
        new = [name for name in wanted if name not in there]
        for name in stale:
            _git(root, "tag", "-d", name)
        for name in new:
            _make(root, name, *wanted[name])
    return Tagged(tuple(new), tuple(stale), tuple(name for name in wanted if not there.get(name, True)))


def tag_as_gto(root: Path, ledger: Ledger) -> Tagged:
    """Add the tags that GTO would have made: one for each version, and one each time one went into production.

    What is tagged already keeps its number, so that nothing is counted twice.
    """
    with locked(root / "tags"):
        _check(root)
        there = _tags(root, f"{ARTIFACT}[@#]*")
        versions = [str(entry["version"]) for entry in ledger.history.entries() if entry.get("version")]
        versions += [version for version, _, _ in standing(ledger.read())]
        tagged = [name.partition("+")[2] for name in there if "@" in name]
        fresh = [version for version in dict.fromkeys(versions) if _plain(version) not in tagged]
        wanted = {f"{ARTIFACT}@v{n}.0.0+{_plain(v)}": v for n, v in enumerate(fresh, len(tagged) + 1)}
        ran = [str(entry["version"]) for entry in ledger.history.entries() if entry["what"] == "promoted"]
        count = sum("#" in name for name in there)
        wanted |= {f"{ARTIFACT}#{PRODUCTION}#{n}": v for n, v in enumerate(ran[count:], count + 1)}
        for name, version in wanted.items():
            _make(root, name, version, f"{version}\n\n{MARK}")
    return Tagged(tuple(wanted), (), ())


def _message(version: str, lane: str, entry: Mapping[str, Any]) -> str:
    said = "".join(f"\n{key}: {entry[key]}" for key in ("accuracy", "notes", "deployed", "approved") if key in entry)
    return f"{version}: {lane}\n{said}\n\n{MARK}"


def _plain(version: str) -> str:
    """Return a version as semantic versioning allows it behind the plus."""
    return version.replace("_", "-")


def _check(root: Path) -> None:
    if _git(root, "rev-parse", "--is-inside-work-tree", fails=False) != "true":
        raise StepError(f"{root} is in no git repository. Make one with: git init {root}")
    if not _git(root, "rev-parse", "--verify", "-q", "HEAD", fails=False):
        raise StepError(f"{root} is in a repository without a commit, and a tag is on one. Commit versions.yaml first.")


def _tags(root: Path, pattern: str) -> dict[str, bool]:
    """Return the tags of a pattern, and whether we made each."""
    shown = _git(root, "for-each-ref", "--format=%(refname:strip=2)%00%(contents)%00", f"refs/tags/{pattern}")
    parts = shown.split("\0")
    return {name.strip(): MARK in words for name, words in zip(parts[::2], parts[1::2], strict=False)}


def _make(root: Path, name: str, version: str, message: str) -> None:
    """Tag the commit that brought the version in, where people commit their registry, else the latest one."""
    brought = _git(root, "log", "--format=%H", "--diff-filter=A", "-1", "--", f"{version}/{MANIFEST}")
    _git(root, "tag", "-a", name, "-m", message, brought or "HEAD")


def _git(root: Path, *words: str, fails: bool = True) -> str:
    """Run git in a folder; the repository is that of the folder, whatever the environment says."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    name, _, host = who().partition("@")  # where git knows no name: it refuses to tag without one
    environment |= {"GIT_COMMITTER_NAME": name, "GIT_COMMITTER_EMAIL": f"{name}@{host}"}
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "-c", "tag.gpgSign=false", *words],
            capture_output=True, text=True, env=environment, check=False, timeout=60,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StepError(f"git could not be run: {error}") from None
    if done.returncode and fails:
        raise StepError(f"git {words[0]}: {' '.join(done.stderr.split())}")
    return done.stdout.strip()
