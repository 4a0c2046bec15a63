"""Checks of a target, over its own connection: what is found there is judged here, and nothing there is changed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from deepthink.deployment.base import Target
from deepthink.errors import DeepthinkError, DeploymentError
from deepthink.flow.doctor.finding import Finding, fine, harmful, notice, unknown
from deepthink.flow.doctor.machine import MB, warmth
from deepthink.flow.doctor.place import READ_ONLY
from deepthink.flow.wiring import Site

SKEW = 300.0  # seconds; a deployment is refused from there on
SLIGHT = 30.0
LEAST_MEMORY = 100  # MB free, for a recogniser to be loaded beside the one that runs
Found = dict[str, Any]


def findings(target: Target, site: Site, kept: str | None = None) -> list[Finding]:
    """Return what is found at one target; where it cannot be reached that is all there is to say.

    Parameters
    ----------
    target : Target
    site : Site
    kept : str, optional
        The version that it is kept on, where it does not follow the others.
    """
    look: Callable[[], Found] | None = getattr(target, "health", None)
    if look is None:
        return [unknown("this kind of target does not say how it is doing")]
    try:
        found = look()
    except DeploymentError as error:
        said = str(error).removeprefix(f"{target.name}: ")
        return [harmful(said, "until then it runs what it ran")]
    found |= {
        "receives": getattr(target, "receives", ("model",)),
        "restart": _restart(target),
        "name": target.name,
        **_published(site, kept),
    }
    judged = [replace(check(found), name=check.__name__) for check in CHECKS]
    return [replace(fine("it answers"), name="reachable"), *judged]


def _restart(target: Target) -> str:
    return str(getattr(target, "service", {}).get("restart") or "its service")


def _published(site: Site, kept: str | None) -> Found:
    """Return what should run there, whether it is kept on it, and how large that is."""
    version, files = kept, list[dict[str, Any]]()
    with suppress(DeepthinkError):  # what is wrong with the ledger or the registry, their own checks say
        version = kept or site.ledger.production()
        files = site.registry.manifest(version)["files"] if version else []
    return {"should": version, "kept": kept is not None, "size": sum(int(entry.get("size", 0)) for entry in files)}


def python(found: Found) -> Finding:
    """Look for an interpreter that can load what is received."""
    libraries = {"NumPy": "numpy", "scikit-learn": "sklearn", "DeepThink": "deepthink"}
    has = [f"{name} {found[key]}" for name, key in libraries.items() if found[key]]
    if "model" in found["receives"] and not found["numpy"]:
        missing = f"Python {found['python']} there has no NumPy that works: {found['trouble']}"
        return harmful(missing, "name the recogniser's interpreter: `python` of this target in site.yaml")
    return fine(", ".join([f"Python {found['python']}", *has]))


def kernel(found: Found) -> Finding:
    """Say which system it has."""
    return fine(str(found["kernel"]))


def permissions(found: Found) -> Finding:
    """Look whether versions can be put there."""
    if not found["refused"]:
        return fine(f"{found['user']} can write")
    if found["read_only"]:
        return harmful(f"{found['refused']}: its disk is mounted read-only", READ_ONLY)
    return harmful(f"{found['user']} may not write {found['refused']}", f"there: sudo chown -R {found['user']} FOLDER")


def disk(found: Found) -> Finding:
    """Compare what is free there with what another version would take."""
    free = found["disk"]["free"]
    said = f"{free / 1e6:,.0f} MB of {found['disk']['total'] / 1e6:,.0f} are free"
    then = "remove versions that were replaced long ago, or old events, there"
    if free < found["size"] + MB or not found["disk"]["files"]:
        return harmful(f"{said}; {found['should'] or 'a version'} takes {found['size'] / 1e6:,.1f} MB", then)
    return notice(said, then) if free < 0.02 * found["disk"]["total"] else fine(said)


def memory(found: Found) -> Finding:
    """Look whether there is memory, or swap, for a second recogniser beside the one that runs."""
    has = {name: size / MB for name, size in found["memory"].items()}
    if not has:
        return unknown("it does not say how much memory it has")
    said = (
        f"{has['free']:,.0f} of {has['total']:,.0f} MB are free, {has['swap_free']:,.0f} of {has['swap']:,.0f} of swap"
    )
    if has["free"] + has["swap_free"] < LEAST_MEMORY:
        return harmful(said, "there: see what takes it (ps aux --sort=-rss | head), restart it, or add swap")
    return notice(said, "it will swap: see what takes it there") if has["free"] < LEAST_MEMORY else fine(said)


def clock(found: Found) -> Finding:
    """Compare its clock with ours."""
    skew, then = found["skew"], "there: sudo timedatectl set-ntp true, since events are joined by time"
    said = f"{abs(skew):,.0f} seconds {'ahead of' if skew > 0 else 'behind'} this machine's"
    if abs(skew) > SLIGHT:
        return (harmful if abs(skew) > SKEW else notice)(said, then)
    return notice("right, and not synchronised", then) if found["synchronised"] is False else fine("right")


def heat(found: Found) -> Finding:
    """Look whether it is so hot that it is slowed down."""
    return fine("it does not say") if found["heat"] is None else warmth(found["heat"])


def service(found: Found) -> Finding:
    """Ask what uses the version, by the target's `healthy` command, and look for a switch that was not ended."""
    if found["pending"]:
        said = "it was switched, and its service was not started since"
        return harmful(said, f"deploy again: that starts it; or there: {found['restart']}")
    if found["service"] is None:
        return fine("site.yaml names no `healthy` command to ask it by")
    return (
        harmful(f"it is not healthy: {found['service']}", f"there: {found['restart']}")
        if found["service"]
        else fine("healthy")
    )


def version(found: Found) -> Finding:
    """Look whether what runs is whole, signed, answers, and is what is in production."""
    runs, should = found["current"], found["should"]
    if found["wrong"]:
        return harmful(found["wrong"], f"deepthink deploy {should or runs}")
    if "model" in found["receives"] and runs and not found["numpy"]:
        return unknown(f"{runs} cannot be asked without NumPy", "see python")
    if runs != should:
        why = "it is to be kept on" if found["kept"] else "in production is"
        then = (
            f"deepthink deploy {should}{' --to ' + found['name'] if found['kept'] else ''}"
            if should
            else "deepthink status"
        )
        return notice(f"{runs or 'nothing'} runs, and {why} {should or 'nothing'}", then)
    return _remains(found, f"{runs}, whole and signed, answers" if runs else "nothing runs yet")


def _remains(found: Found, said: str) -> Finding:
    if not found["left"]:
        return fine(said)
    return notice(f"{said}; a killed deployment left {', '.join(found['left'])}", "the next deployment clears it")


CHECKS = (python, kernel, permissions, disk, memory, clock, heat, service, version)
