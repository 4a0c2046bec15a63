"""Puts versions on a site's targets, takes them back, looks at what runs; the ledger and a record say what was done."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deepthink.deployment.base import Target
from deepthink.deployment.deploy import Outcome, Tell, deploy
from deepthink.deployment.plan import Plan
from deepthink.deployment.rollback import roll_back
from deepthink.errors import DeploymentError, GateError, SettingsError, StepError
from deepthink.files import locked
from deepthink.flow.mirror import follow
from deepthink.flow.release import refresh_links
from deepthink.flow.rollout_record import recorded
from deepthink.flow.targets import Member, each
from deepthink.flow.wiring import Site


@dataclass(frozen=True)
class Look:
    """What a deployment would do to a target."""

    target: str
    runs: str | None
    version: str  # what it would run
    bytes: int = 0  # to be copied
    error: str = ""  # why it cannot


def deploy_site(
    site: Site, version: str, only: str | None, force: bool, progress: Tell, plan: Plan | None = None
) -> list[Outcome]:
    """Put a published version on the site's targets; all of them run it at the end, or an error says which do not.

    A target that is kept on a version of its own gets that one.

    Parameters
    ----------
    site : Site
    version : str
    only : str, optional
        A target's name or what it is ("sentinels"); all targets when left out, and the version goes into production.
    force : bool
        Deploy a version that failed validation.
    progress : callable
        Called with a target's name and what is being done there, from several threads.
    plan : Plan, optional
        Instead of the site's own.

    Raises
    ------
    GateError
        Its verdict does not allow it, and `force` is not set.
    DeploymentError
        A target failed, and was put back on what it ran; or the maintenance window is not open.
    """
    with locked(site.registry.root / "rollout"):
        chosen = check_deployment(site, version, only, force)
        targets = [member.target for member in chosen]
        found = {name: (site.registry.get(name), site.registry.manifest(name)) for name in {version, *_kept(chosen)}}
        others = {one.target.name: found[one.version] for one in chosen if one.version}
        with recorded(site.registry.root, "deploy", version, [target.name for target in targets]) as record:
            outcomes = deploy(*found[version], targets, progress, plan or site.plan, record.note, others)
            _check(outcomes)
        if only is None and any(outcome.version == version for outcome in outcomes):
            site.ledger.promote(version, why="deployed, forced" if force else "deployed")
            refresh_links(site)
    follow(site)
    return outcomes


def check_deployment(site: Site, version: str, only: str | None, force: bool) -> list[Member]:
    """Return who is to get a version, or one of their own; nothing is touched.

    Raises
    ------
    GateError, TransitionError, HandEditError, VersionNotFoundError, SettingsError
        A version may not be deployed, or is not here, or nobody is called so.
    """
    chosen = _members(site, only)
    for name in {version, *_kept(chosen)}:
        _check_verdict(site, name, force or name != version)
        site.ledger.check_deployable(name)
    return chosen


def _kept(members: list[Member]) -> set[str]:
    return {member.version for member in members if member.version}


def _check_verdict(site: Site, version: str, force: bool) -> None:
    folder, verdict = site.registry.get(version), site.registry.manifest(version)["verdict"]
    if force or verdict["passed"] or site.ledger.approved(version):
        return
    failed = [gate["name"] for gate in verdict["gates"] if not gate["passed"]]
    raise GateError(
        f"{version} failed validation ({', '.join(failed)}). Look at {folder / 'report.html'}; "
        f"let it pass all the same, and say why, with: deepthink versions approve {version} --why ..."
    )


def _check(outcomes: list[Outcome], again: str = "") -> None:
    """Raise DeploymentError when a target failed; it says what became of the others, and how to take it there too."""
    failures = [outcome for outcome in outcomes if outcome.error]
    if not failures:
        return
    first = failures[0]
    said = [first.error, f"It runs {first.version or 'nothing'} now" if first.reached else ""]
    said += [one.error for one in failures[1:]]
    back = [outcome.target for outcome in outcomes if outcome.reverted]
    said += [f"Put back on what they ran before: {', '.join(back)}"] if back else []
    there = {str(outcome.version) for outcome in outcomes if not outcome.error} if again else set()
    said += [f"Others went back: `{again} {version}` takes all there" for version in sorted(there)]
    raise DeploymentError(" ".join(f"{one.rstrip('.')}." for one in said if one))


def rollback_site(
    site: Site, only: str | None, to: str | None = None, progress: Tell = lambda target, stage: None
) -> list[Outcome]:
    """Take the site's targets back to the version they ran before, or to an earlier one.

    A target that is kept on a version of its own goes back only when it is named.
    """
    with locked(site.registry.root / "rollout"):
        members = [one for one in _members(site, only) if one.version is None or one.target.name == only]
        targets = [member.target for member in members]
        if not targets:
            raise SettingsError("Nobody is to go back: all are kept on versions of their own. Name one: --to.")
        for former in {to} if to else set(each(targets, lambda target: target.previous())):
            if former is not None:
                site.ledger.check_deployable(former, whatever=True)
        with recorded(site.registry.root, "rollback", to or "", [target.name for target in targets]) as record:
            outcomes = roll_back(targets, to, progress, replace(site.plan, window=None), record.note)
            _check(outcomes, "deepthink rollback")
        if only is None:
            site.ledger.promote(str(outcomes[0].version), why="rolled back")
            refresh_links(site)
    follow(site)
    return outcomes


def verify_site(site: Site, only: str | None, progress: Tell) -> list[Outcome]:
    """Ask what runs on each target whether it is whole, signed, and answers as it should; nothing is changed."""

    def look(target: Target) -> Outcome:
        try:
            progress(target.name, "looking")
            version = target.current()
            answered = target.verify(version) if version else 0
            trouble = "" if version else _nothing(site)
            outcome = Outcome(target.name, version, version, bool(answered), answered, trouble)
        except (DeploymentError, StepError, OSError) as error:
            outcome = Outcome(target.name, None, None, False, 0, str(error), reached=False)
        progress(target.name, "failed" if outcome.error else "done")
        return outcome

    return each([member.target for member in _members(site, only)], look)


def _nothing(site: Site) -> str:
    return f"nothing runs there. Run: deepthink deploy {site.ledger.production() or ''}".rstrip()


def survey_site(site: Site, version: str, only: str | None) -> list[Look]:
    """Say what a deployment would do to each target, and what would keep it from that; nothing is changed."""

    def look(member: Member) -> Look:
        target, name, runs = member.target, member.version or version, None
        try:
            runs = target.current()
            return Look(target.name, runs, name, target.survey(site.registry.manifest(name)))
        except (DeploymentError, StepError, OSError) as error:
            return Look(target.name, runs, name, 0, str(error))

    return each(_members(site, only), look)


def send_keys(site: Site, only: str | None) -> list[str]:
    """Give the site's targets the public keys that the site trusts; the names of those targets."""
    if not site.keys.signers.exists():
        raise SettingsError(f"This site trusts nobody yet: {site.keys.signers} is absent. Run: deepthink keys make")
    with locked(site.registry.root / "rollout"):
        targets = [member.target for member in _members(site, only)]
        signers = site.keys.signers.read_text(encoding="utf-8")
        each(targets, lambda target: target.hold(signers))
    return [target.name for target in targets]


def _members(site: Site, only: str | None) -> list[Member]:
    exactly = [member for member in site.members if member.target.name == only]
    chosen = exactly or [member for member in site.members if only is None or member.is_named(only)]
    if not chosen:
        names = ", ".join(target.name for target in site.targets) or "none"
        raise SettingsError(f"There is no target {only!r}. Known: {names}.")
    return chosen
