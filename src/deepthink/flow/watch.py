"""The service that keeps a site going: it watches, trains when there is a reason, deploys what may be, tells people."""

from __future__ import annotations

import logging
import os
import select
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from deepthink.deployment.plan import Window
from deepthink.errors import DeepthinkError
from deepthink.files import locked
from deepthink.flow import requests, signs
from deepthink.flow.aftermath import MOST_STARTS, Aftermath, after_deployment, after_run
from deepthink.flow.child import Child, errand, result_of
from deepthink.flow.facts import read_facts
from deepthink.flow.limits import Limits
from deepthink.flow.logs import about
from deepthink.flow.overseer import Overseer
from deepthink.flow.reception import Looks, Reception
from deepthink.flow.runs import Ended, note, read_runs
from deepthink.flow.standing import standing
from deepthink.flow.systemd import ALIVE, READY, STOPPING, tell, tell_reloading
from deepthink.flow.triggers import Reason, rules
from deepthink.flow.voice import Voice
from deepthink.flow.watch_state import SERVICE, State, StateFile, Work
from deepthink.messages.base import News
from deepthink.messages.outbox import FOLDER, Outbox
from deepthink.settings import Settings

log = logging.getLogger(__name__)
TICK, GLANCE = 1.0, 5.0  # seconds between two rounds, and between two looks at files
PULL = 3600.0  # seconds between two looks at the sentinel's lists
BACK = 7200.0  # seconds; nothing is put off for so long, so that a moment further ahead was noted by another clock
DEPLOYING = 120.0  # seconds that a deployment is given to come to an end
GRACE = 60.0  # seconds that a notebook's own watch, which tells more, is given to end it first


class Watch:
    """Watches one site until it is told to end.

    Parameters
    ----------
    load : callable
        Reads the site's settings; called again on a reload.
    flags : sequence of str
        Settings for this run alone, handed on to the processes that it starts.
    begin : callable
        Starts the process of an errand.
    now : callable
        Returns the time, local.

    Raises
    ------
    SettingsError
        A setting cannot work: an hour, a window, a file with a password that is not there.
    """

    def __init__(
        self,
        load: Callable[[], Settings],
        flags: tuple[str, ...] = (),
        begin: Callable[..., Child] = errand,
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._load, self._flags, self._start_child, self._now = load, flags, begin, now
        self.settings = load()
        self.folder, self.training = self.settings.watch_folder, self.settings.path(self.settings.training)
        self.file, self.outbox = StateFile(self.folder), Outbox(self.folder / FOLDER)
        self.state = State()
        self.work: Overseer | None = None
        self.look: Child | None = None
        self.looks = Looks(self.folder)
        self._glanced = self._pulled = self._said = -1e9
        self._not_pulled = ""  # why the sentinel's lists could not be taken the last time
        self._wake, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._ending = self._reloading = False
        self.runs = read_runs(self.training)
        self._furnish(self.settings)

    def _furnish(self, settings: Settings) -> None:
        """Make what settings ask for; where something cannot be, nothing stays."""
        self.window = Window.read(settings.deployment.window) if settings.deployment.window else None
        self.rules = rules(settings.watch.settle_minutes, settings.watch.cool_down_hours)
        self.limits = Limits(settings.watch.hot, settings.watch.least_memory)
        self.reception = Reception(settings.watch)
        try:
            self.voice = Voice(settings, lambda: standing(settings, self.runs), self.outbox, self._flags)
        except DeepthinkError:
            self.reception.close()
            raise
        self.settings = settings

    # from outside

    def serve(self) -> None:
        """Watch until told to end."""
        with locked(self.folder / SERVICE, seconds=1):
            self.state = self.file.read()
            log.info("Watching %s", self.settings.root)
            for work in filter(None, (self.state.run, self.state.deploy)):
                more = about(work.id, "", work.version)
                log.info("Goes on with what was under way: %s", work.reason.says, extra=more)
            tell(READY)
            while not self._ending:
                self.step()
            tell(STOPPING)

    def end(self) -> None:
        """Ask it to end; may be called by a signal."""
        self._ending = True
        os.write(self._waker, b"e")

    def reload(self) -> None:
        """Ask it to read its settings anew; may be called by a signal."""
        self._reloading = True
        os.write(self._waker, b"r")

    def close(self) -> None:
        """End what is under way, so that it can be taken up again, and let go of all."""
        children = [self.work.child] if self.work else []
        for child in [*children, *([self.look] if self.look else [])]:
            child.stop(DEPLOYING if child.kind == "deploy" else 5.0)
        self.work = self.look = None
        self._let_go()
        os.close(self._wake)
        os.close(self._waker)

    def _let_go(self) -> None:
        self.voice.close()
        self.reception.close()

    # one round

    def step(self, seconds: float = TICK) -> None:
        """Wait for something to happen, at most so long, and do what is to be done."""
        self._wait(seconds)
        tell(ALIVE)
        if self._reloading:
            self._reload()
        try:
            self._listen()
            self._supervise()
            self._begin()
            self.voice.round(self.work is not None or self.look is not None)
        except OSError as error:  # above all a full disk: nothing is begun that cannot be noted
            if time.monotonic() - self._said > 600:
                self._said = time.monotonic()
                log.error("Cannot go on now: %s. It is tried again.", error)
            time.sleep(min(5.0, seconds))

    def _wait(self, seconds: float) -> None:
        """Sleep until a signal or a sentinel wakes it."""
        ready = select.select([self._wake, *self.reception.wakes], [], [], seconds)[0]
        if self._wake in ready:
            os.read(self._wake, 100)

    def _reload(self) -> None:
        """Read the settings anew. The old are let go of first: two of them could not listen on one port."""
        self._reloading = False
        tell_reloading()
        try:
            settings = self._load()
            self._let_go()
            try:
                self._furnish(settings)
                log.info("Settings were read anew")
            except DeepthinkError:
                self._furnish(self.settings)
                raise
        except DeepthinkError as error:
            log.error("The settings stay as they were: %s", error)
        tell(READY)

    def _keep(self, state: State) -> None:
        """Keep a state where it differs; only then it counts."""
        if state != self.state:
            self.file.write(state)
            self.state = state

    def _offer(self, *reasons: Reason, state: State | None = None) -> None:
        found = state or self.state
        for reason in reasons:
            offered = found.triggers.offered(reason)
            if offered is not found.triggers:
                log.info("A reason to train: %s", reason.says)
            found = found.changed(triggers=offered)
        self._keep(found)

    # what there is to hear

    def _listen(self) -> None:
        now = self._now()
        updates = self.reception.updates(now)
        if updates:
            self._offer(*updates)
            self._pulled = -1e9
        if time.monotonic() - self._glanced < GLANCE:
            return
        self._glanced = time.monotonic()
        for request in requests.waiting(self.folder, tidy=True):
            self._offer(signs.of_request(request))
            requests.taken(self.folder, request)
        reasons, answered = self.reception.hours(self.state.clock, now.astimezone())
        self._offer(*reasons, state=self.state.changed(clock=answered))
        self._begin_look(now.date().isoformat())

    def _begin_look(self, day: str) -> None:
        """Count anew when something has changed, at most every few minutes; and what a new day begins with."""
        if self.look is not None:
            return
        fresh, spell = read_facts(self.folder).date == day, 60 * self.settings.watch.look_minutes
        kind = self.looks.due(signs.signature(self.settings), spell, fresh, self.state.trends == day)
        if kind:
            self.look = self._errand(kind)

    def _errand(self, kind: str, *arguments: str) -> Child:
        nice = self.settings.train.nice
        return self._start_child(self.settings.root, kind, self.folder, nice, arguments, self._flags)

    def _overseen(self, kind: str, *arguments: str) -> Overseer:
        stall = 60 * self.settings.train.stall_minutes
        return Overseer(self._errand(kind, *arguments), self.limits, stall + GRACE if kind == "run" else stall)

    # what is under way

    def _supervise(self) -> None:
        if self.look is not None and not self.look.running():
            ended, self.look = self.look, None
            self._after_look(ended)
        result = self.work.round() if self.work is not None else None
        if self.work is not None and result is not None:
            kind, self.work = self.work.kind, None
            self._after_work(kind, result)

    def _after_look(self, child: Child) -> None:
        result = result_of(self.folder, child.kind)
        if result is None or result["outcome"] == "failed":
            log.warning("The site could not be looked at: %s", (result or {}).get("says") or child.last_word())
            return
        facts = read_facts(self.folder)
        day = facts.date if child.kind == "trends" else self.state.trends
        self._tell_alarms(dict(zip(facts.alarms, facts.alarms_say, strict=True)), day)
        last = next((run for run in self.runs if run.outcome != "nothing"), None)
        found = list(signs.of_facts(facts, self.settings.watch, last))
        gone = {kind for kind in signs.COUNTED if kind not in {reason.kind for reason in found}}
        self._offer(*found, state=self.state.changed(triggers=self.state.triggers.withdrawn(gone)))
        if self.settings.watch.collects and self.work is None:
            if facts.unanswered > self.state.collected:
                self.work = self._overseen("collect")
            elif facts.unanswered < self.state.collected:
                self._keep(self.state.changed(collected=facts.unanswered))

    def _tell_alarms(self, alarms: dict[str, str], day: str) -> None:
        for key, says in alarms.items():
            if key not in self.state.alarms:
                self._tell(News("drift", "Recognition has changed", says, id=f"drift-{key}-{day}"))
        self._keep(self.state.changed(alarms=tuple(alarms), trends=day))

    def _after_work(self, kind: str, result: dict[str, Any]) -> None:
        now = self._now()
        if kind == "run":
            self._settle(after_run(self.state, result, now, self.settings.watch.deploy))
        elif kind == "deploy":
            self._settle(after_deployment(self.state, result, now))
        elif kind == "collect":
            self._after_collecting(result)
        else:
            self._after_pulling(result)

    def _settle(self, found: Aftermath) -> None:
        """Tell what has become of a run, then keep it: so a kill repeats what is told, under the same id."""
        if found.ended is not None:
            self._note(found.ended)
        if found.news is not None:
            self._tell(found.news)
        self._keep(found.state)
        self.looks.soon()

    def _note(self, ended: Ended) -> None:
        note(self.training, ended)
        self.runs = read_runs(self.training)
        more = about(ended.run, "", ended.version)
        log.info("%s: %s", ended.outcome, ended.says, extra=more)

    def _tell(self, news: News) -> None:
        if news.kind in self.settings.messages.of:
            self.voice.tell(news)

    def _after_collecting(self, result: dict[str, Any]) -> None:
        if result["outcome"] == "collected":
            self._keep(self.state.changed(collected=read_facts(self.folder).unanswered))
        else:
            log.warning("New events were not collected: %s", result["says"])

    def _after_pulling(self, result: dict[str, Any]) -> None:
        """Train on what the sentinel has, unless it has said so itself; say once why that could not be had."""
        waiting = {reason.kind for reason in self.state.triggers.waiting}
        if result.get("changed") and "sentinel" not in waiting:
            when = self._now().isoformat(timespec="seconds")
            self._offer(Reason("sentinel", str(result["changed"]), "the sentinel's lists have changed", when))
        trouble = "" if result["outcome"] == "pulled" else str(result["says"])
        if trouble and trouble != self._not_pulled:
            self._tell(News("trouble", "The sentinel's lists were not taken", trouble))
        self._not_pulled = trouble

    # what is to be begun

    def _begin(self) -> None:
        """Begin the most urgent thing that may begin now; one at a time."""
        if self.work is not None:
            return
        now = self._now()
        if self._open(self.state.deploy, now) and (self.window is None or self.window.is_open(now)):
            self._start("deploy")
        elif self.state.run is not None:
            if self._open(self.state.run, now) and self.limits.look() is None:
                self._start("run")
        elif self._must_pull():
            self._pulled = time.monotonic()
            self.work = self._overseen("pull")
        else:
            self._answer(now)

    def _open(self, work: Work | None, now: datetime) -> bool:
        """Whether work is there whose time has come; a clock that was set back must not hold it up for ever."""
        return work is not None and not 0 < work.not_before - now.timestamp() < BACK

    def _must_pull(self) -> bool:
        return self.settings.watch.pull.facelist is not None and time.monotonic() - self._pulled > PULL

    def _answer(self, now: datetime) -> None:
        reason = self.state.triggers.due(self.rules, now)
        if reason is None:
            return
        began = now.isoformat(timespec="seconds")
        before = read_facts(self.folder).production
        work = Work(uuid.uuid4().hex[:12], reason, began, reason.version or "", before)
        self._keep(self.state.changed(triggers=self.state.triggers.answered(reason, now), run=work))
        log.info("A run begins: %s", reason.says, extra=about(work.id, "", work.version))

    def _start(self, kind: str) -> None:
        """Start the process of a run or a deployment, once it is kept that it was started."""
        work = self.state.run if kind == "run" else self.state.deploy
        assert work is not None
        if work.starts >= MOST_STARTS:
            says = f"It was begun {work.starts} times, and each time the service or the machine went down."
            self._after_work(kind, {"outcome": "failed", "says": says})
            return
        self._keep(self.state.changed(**{kind: replace(work, starts=work.starts + 1, not_before=0.0)}))
        arguments = (work.id, work.version) if kind == "run" else (work.version, work.before)
        self.work = self._overseen(kind, *arguments)
