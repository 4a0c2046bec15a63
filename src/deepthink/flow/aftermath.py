"""What becomes of a run when its process has ended: a new state, a line in the record of runs, news. Data alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from deepthink.flow.runs import Ended
from deepthink.flow.watch_state import State, Work
from deepthink.messages.base import News, Outcome

MOST_FAILURES, MOST_STARTS = 2, 20  # of one run; a machine that goes down again and again must not try for ever
BUSY, AGAIN, LATER = timedelta(seconds=30), timedelta(seconds=10), timedelta(minutes=10)
Result = Mapping[str, Any]


@dataclass(frozen=True)
class Aftermath:
    """What is to be kept and told."""

    state: State
    ended: Ended | None = None
    news: News | None = None


def after_run(state: State, result: Result, now: datetime, policy: str) -> Aftermath:
    """Return what becomes of a run.

    Parameters
    ----------
    state : State
        With the run in it.
    result : mapping
        `outcome`, one of busy, later, stalled, failed, nothing, published; `says`, and the run's figures.
    now : datetime
        Local.
    policy : str
        "passed": what passes is deployed; "ask": a person does.
    """
    work = state.run
    assert work is not None
    held = _held_up(state, "run", work, result, now)
    if held is not None:
        return held
    over = state.changed(run=None)
    outcome = str(result["outcome"])
    if outcome == "published" and result["passed"] and policy == "passed":
        before = result.get("production", work.before)
        deploy = replace(work, version=result["version"], before=before, figures=dict(result))
        deploy = replace(deploy, starts=0, failures=0, not_before=0.0, told=False)
        waits = {**result, "says": f"{result['says']} It is deployed as soon as machines may be changed."}
        return Aftermath(over.changed(deploy=deploy), _ended(work, waits, "published", now))
    if outcome == "published":
        return Aftermath(over, *_waits(work, result, now))
    ended = _ended(work, result, "nothing" if outcome == "nothing" else "failed", now)
    asked = outcome == "nothing" and work.reason.kind != "request"
    return Aftermath(over, ended, None if asked else _news(work, ended))


def after_deployment(state: State, result: Result, now: datetime) -> Aftermath:
    """Return what becomes of a deployment; its result's outcome: busy, later, stalled, failed, waits, deployed."""
    work = state.deploy
    assert work is not None
    held = _held_up(state, "deploy", work, result, now)
    if held is not None:
        return held
    ends: dict[str, Outcome] = {"deployed": "deployed", "waits": "waits"}
    outcome, says = ends.get(result["outcome"], "failed"), str(result["says"])
    if outcome == "deployed" and work.figures.get("says"):
        says = f"{says} {work.figures['says']}"
    ended = _ended(work, {**work.figures, "says": says}, outcome, now)
    return Aftermath(state.changed(deploy=None), ended, _news(work, ended))


def _held_up(state: State, key: str, work: Work, result: Result, now: datetime) -> Aftermath | None:
    """Return what becomes of work that is to be tried again; None where it is over, or was tried often enough."""
    outcome = result["outcome"]
    failed = outcome == "stalled"
    wait = {"busy": BUSY, "stalled": AGAIN, "later": LATER}.get(outcome)
    if wait is None or work.failures + failed >= MOST_FAILURES or work.starts >= MOST_STARTS:
        return None
    tell = outcome == "later" and not work.told
    again = replace(
        work, failures=work.failures + failed, not_before=(now + wait).timestamp(), told=work.told or tell,
        starts=work.starts - (outcome == "busy"),
    )  # fmt: skip
    says = f"{result['says']} It is tried again."
    news = News("trouble", "A run is held up", says, work.version, work.id) if tell or failed else None
    return Aftermath(state.changed(**{key: again}), None, news)


def _waits(work: Work, result: Result, now: datetime) -> tuple[Ended, News]:
    """Return how a run ended that a person must look at: it passed and may not deploy, or it did not pass."""
    version = result["version"]
    passed = bool(result["passed"])
    then = (
        f"Deploy it with: deepthink deploy {version}"
        if passed
        else f"Look at its report (deepthink versions show {version}), correct the labels, and it is trained again; "
        f"or let it pass: deepthink versions approve {version} --why ..."
    )
    ended = _ended(work, {**result, "says": f"{result['says']} {then}"}, "waits" if passed else "failed", now)
    return ended, _news(work, ended)


def _ended(work: Work, result: Result, outcome: Outcome, now: datetime) -> Ended:
    return Ended(
        run=work.id, reason=work.reason.kind, why=work.reason.says, began=work.began,
        ended=now.isoformat(timespec="seconds"), seconds=float(result.get("seconds") or 0.0), outcome=outcome,
        says=str(result.get("says") or ""), version=str(result.get("version") or work.version),
        passed=result.get("passed"), watt_hours=result.get("watt_hours"), steps=dict(result.get("steps") or {}),
    )  # fmt: skip


_TITLES = {
    "deployed": "{} is in production", "waits": "{} waits for you", "failed": "{} did not go through",
    "nothing": "Nothing to train",
}  # fmt: skip


def _news(work: Work, ended: Ended) -> News:
    kind = ended.outcome if ended.outcome in ("deployed", "failed") else "waits"
    title = _TITLES[ended.outcome].format(ended.version or "A run")
    text = f"{ended.says.rstrip('.')}. Begun because {ended.why}."
    told = f"{work.id}-{ended.outcome}"  # the same after a kill, so that who has heard it can tell
    return News(kind, title, text, ended.version, work.id, id=told)
