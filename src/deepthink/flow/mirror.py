"""What goes to MLflow: versions when they are published, tags and aliases after every transition.

The registry here is what counts and what deploys. A server that is away hinders nothing; `to-mlflow` makes it good.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from deepthink.errors import DeepthinkError
from deepthink.files import LOCK_SECONDS, locked
from deepthink.flow.wiring import Site
from deepthink.registry import lanes
from deepthink.registry.mlflow.push import push
from deepthink.registry.mlflow.tell import Asked, tell

LOCK = "mlflow"
WAIT = 5.0  # seconds that a transition waits for another process which is at it: that one may take long
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pushed:
    """What a push did."""

    new: tuple[str, ...]
    there: tuple[str, ...]
    speaks: bool  # whether tags and aliases there are this site's to set
    asked: tuple[Asked, ...]  # by people who moved an alias there


def to_mlflow(
    site: Site, version: str | None = None, *, overrule: bool = False, files: bool = True, wait: float = LOCK_SECONDS
) -> Pushed:
    """Put versions into MLflow's registry, and let its tags and aliases say what the ledger says.

    Parameters
    ----------
    site : Site
    version : str, optional
        Only this one's files; else those of all versions in the ledger.
    overrule : bool
        Put aliases back that somebody has moved there.
    files : bool
        Whether versions are put there at all.
    wait : float
        Seconds for another process that is at it.

    Raises
    ------
    DamagedVersionError
        A version here is not what was signed: it does not go out.
    StepError
        The server did not do it.
    """
    own = site.keys.own()
    new: list[str] = []
    there: list[str] = []
    with locked(site.registry.root / LOCK, wait):
        name = own.fingerprint if own else ""
        speaks = site.mlflow.speaker(name) == name != ""
        for one in _chosen(site, version) if files else ():
            (new if push(site.registry.get(one), _notes(site, one), site.mlflow) else there).append(one)
        asked = tell(site.registry, site.ledger.read(), site.mlflow, overrule) if speaks else []
    return Pushed(tuple(new), tuple(there), speaks, tuple(asked))


def _chosen(site: Site, version: str | None) -> list[str]:
    standing = {name for name, _, _ in lanes.standing(site.ledger.read())}
    return [version] if version else [name for name in site.registry.versions() if name in standing]


def _notes(site: Site, version: str) -> str:
    found = lanes.find(site.ledger.read(), version)
    return str(found[1].get("notes", "")) if found else ""


def follow(site: Site, version: str | None = None) -> None:
    """Let MLflow, where the site has one, follow what was done here: a version that was published, or a transition.

    What was done is done: that the server is away is only said.
    """
    if site.settings.mlflow.uri is None:
        return
    try:
        pushed = to_mlflow(site, version, files=version is not None, wait=WAIT)
    except DeepthinkError as error:
        log.warning("MLflow does not know it yet: %s To tell it: deepthink versions to-mlflow", error)
        return
    for one in pushed.asked:
        log.warning("MLflow's alias %s is on %s: deepthink versions from-mlflow", one.alias, one.version)
