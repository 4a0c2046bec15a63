"""What the service has done by processes of their own: it stays small, and what hangs or dies takes nothing along.

    python -m deepthink.flow.errand [--set=KEY=VALUE ...] SITE KIND RESULT [ARGUMENT ...]

The result is one JSON file, written when all is done: a process that was killed leaves none, and is started again.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deepthink.errors import DeepthinkError, DeploymentError, GateError, InUseError, StalledError
from deepthink.files import write_json
from deepthink.flow import pipeline
from deepthink.flow.counting import gather_facts
from deepthink.flow.facts import keep_facts
from deepthink.flow.journal import Journal
from deepthink.flow.outcome import told
from deepthink.flow.rollout import deploy_site
from deepthink.flow.wiring import Site
from deepthink.settings import load

log = logging.getLogger(__name__)
LAST = "publish"  # step of a run that nobody watches; what comes after it, the site's policy decides
PR_SET_PDEATHSIG = 1  # of prctl(2)
Result = dict[str, Any]


def look(site: Site) -> Result:
    """Count the site, and keep what was counted."""
    keep_facts(site.watch_folder, gather_facts(site))
    return {"outcome": "looked"}


def trends(site: Site) -> Result:
    """Look whether recognition has changed, then count."""
    from deepthink.flow.trends import keep_trends

    keep_trends(site)
    return look(site)


def collect(site: Site) -> Result:
    """Detect, recognise and sweep what is new, then count."""
    figures = pipeline.collect(site)
    return {**look(site), "outcome": "collected", "figures": figures}


def run(site: Site, run_id: str, version: str = "") -> Result:
    """Walk the road until a version is published, and say how it went.

    A walk that had been ended when its process was killed is not walked again: the journal says how it went.
    """
    began, entries = time.monotonic(), Journal(site.training).of(run_id)
    if not any(entry["step"] == LAST for entry in entries):
        walk = pipeline.run(site, version=version or None, until=LAST, run_id=run_id)
        if walk.waits_for:
            return {"outcome": "nothing", "says": walk.waits_for, "seconds": time.monotonic() - began}
        entries = Journal(site.training).of(run_id)
    look(site)
    return told(site, entries)


def deploy(site: Site, version: str, before: str = "") -> Result:
    """Deploy what passed; where a target does not take it, all run what they ran before.

    When somebody has deployed another version since, theirs stays.
    """
    production = site.ledger.production() or ""
    if production not in (before, version):
        says = f"{production} was deployed meanwhile, so {version} was not. Deploy it with: deepthink deploy {version}"
        return {"outcome": "waits", "says": says, "version": version}
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was begun goes to its end
    try:
        outcomes = deploy_site(site, version, None, False, lambda target, stage: log.info("%s: %s", target, stage))
    except (GateError, DeploymentError) as error:
        return {"outcome": "failed", "says": str(error), "version": version}
    if site.settings.watch.collects:
        pipeline.answer(site)
    look(site)
    there = ", ".join(outcome.target for outcome in outcomes)
    return {"outcome": "deployed", "says": f"{version} runs on {there}, verified.", "version": version}


def pull(site: Site) -> Result:
    """Fetch facelist and facedata of an unmodified sentinel, where they have changed."""
    from deepthink.flow.pull import pull_site

    return pull_site(site)


KINDS: dict[str, Callable[..., Result]] = {
    "look": look, "trends": trends, "collect": collect, "run": run, "deploy": deploy, "pull": pull,
}  # fmt: skip


def main(arguments: list[str]) -> int:
    """Do one errand."""
    _end_with(os.getppid())
    flags = [word.removeprefix("--set=") for word in arguments if word.startswith("--set=")]
    folder, kind, result, *more = arguments[len(flags) :]
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    try:
        found = KINDS[kind](Site(load(folder, flags)), *more)
    except (DeepthinkError, OSError) as error:
        log.info("%s", error)
        found = {"outcome": _outcome(error), "says": " ".join(str(error).split())}
    write_json(Path(result), found)
    return 0


def _outcome(error: Exception) -> str:
    """Return whether another try may help, and when."""
    if isinstance(error, InUseError):
        return "busy"
    if isinstance(error, StalledError):
        return "stalled"
    return "later" if isinstance(error, OSError) and not isinstance(error, DeepthinkError) else "failed"


def _end_with(parent: int) -> None:
    """Let this process be killed when the service dies, however it does: nothing goes on that nobody looks after."""
    with contextlib.suppress(OSError, AttributeError):  # Linux alone has it
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before that was said
        sys.exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
