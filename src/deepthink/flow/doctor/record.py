"""Checks of what was published: every version whole and signed, and a ledger that says what is true."""

from __future__ import annotations

import time

from deepthink.errors import BadInputError, DeepthinkError
from deepthink.flow.doctor.finding import Finding, harmful, notice, together, unknown
from deepthink.flow.wiring import Site
from deepthink.registry import lanes

READ_SECONDS = 20.0  # that reading versions back may take; production comes first, then the newest


def registry(site: Site) -> Finding:
    """Compare every version's files with its manifest, and that with its signature."""
    production, known = site.ledger.production(), site.registry.versions()
    versions = known[::-1]
    versions.sort(key=lambda version: version != production)
    wrong, until = list[Finding](), time.monotonic() + READ_SECONDS
    for number, version in enumerate(versions):
        if time.monotonic() > until:
            late = unknown(
                f"{number} of {len(versions)} versions were read, the others would take too long", "look again"
            )
            return together([*wrong, late], "")
        wrong += _wrong(site, version)
    if production and production not in known:
        wrong.append(harmful(f"{production}, in production, is not in the registry", "bring it back from a backup"))
    return together(wrong, f"{len(versions)} versions, whole and signed" if versions else "no version yet")


def _wrong(site: Site, version: str) -> list[Finding]:
    try:
        site.registry.get(version)
    except (DeepthinkError, OSError) as error:
        return [harmful(f"{version}: {error}", f"bring {version} back from a backup, or deploy another version")]
    return []


def ledger(site: Site) -> Finding:
    """Look for changes by hand that nobody has accepted, and for versions that were published and not entered."""
    try:
        edits, content = site.ledger.edits(), site.ledger.read()
    except BadInputError as error:
        return harmful(
            str(error), "mend it, or bring it back from a backup: nothing is published or deployed without it"
        )
    if edits:
        then = "deepthink versions accept --why ..., or deepthink versions undo; nothing is published before that"
        return notice(f"versions.yaml was changed by hand: {'; '.join(edits)}", then)
    standing = {version for version, _, _ in lanes.standing(content)}
    stray = [version for version in site.registry.versions() if version not in standing]
    found = (notice(f"{one} was published and not entered", f"deepthink publish {one}") for one in stray)
    return together(found, f"{site.ledger.production() or 'nothing'} is in production")
