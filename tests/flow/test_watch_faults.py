"""The service under faults: nothing is lost, nothing is done twice, and it says what happened."""

import contextlib
import json
import os
import signal
import subprocess
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import zmq

from deepthink.flow import requests, runs, watch_state
from deepthink.flow import watch as watching
from deepthink.flow.limits import Limits
from deepthink.messages.outbox import Outbox
from tests.deployment.nodes import free_port
from tests.flow.rig import DEPLOYED, PASSED, Rig
from tests.lacking import need_root

MB = 2**20
QUIET = {"selected": 0, "enrolled": False}


@pytest.fixture
def rig(tmp_path):
    found = Rig(tmp_path / "site")
    yield found
    found.stop()


class KilledError(BaseException):
    """The process is gone at this very moment."""


class Killer:
    """Kills the service before or after the so-manyth time that it writes anything."""

    def __init__(self, monkeypatch, at):
        self.left = at
        for owner, name in (
            (watch_state.StateFile, "write"), (watching, "note"), (Outbox, "put"), (requests, "taken"),
            (watching.Watch, "_overseen"),
        ):  # fmt: skip
            monkeypatch.setattr(owner, name, self.around(getattr(owner, name)))

    def around(self, work):
        def killed(*given, **named):
            self.tick()
            done = work(*given, **named)
            self.tick()
            return done

        return killed

    def tick(self):
        self.left -= 1
        if self.left == 0:
            raise KilledError


def crash(rig):
    """What a SIGKILL leaves: no file closed in order, and the processes of the service dead too."""
    watch, rig.watch = rig.watch, None
    for child in ([watch.work.child] if watch.work else []) + ([watch.look] if watch.look else []):
        child.kill()


def test_a_kill_at_any_write_repeats_and_loses_nothing(tmp_path):
    """The road: a request, a run, its deployment and the news of it, killed before and after each write, once each."""
    webhook = [{"url": "http://127.0.0.1:9/", "secret_file": "secret"}]
    for at in range(1, 200):
        rig = Rig(tmp_path / f"site{at}")
        (rig.root / "secret").write_text("a secret of some length")
        (rig.root / "secret").chmod(0o600)
        rig.settings(**QUIET, messages={"webhooks": webhook, "of": ["deployed"]})
        rig.order("run", *[{"result": PASSED}] * 4)
        rig.order("deploy", *[{"result": DEPLOYED}] * 4)
        rig.start()
        requests.ask(rig.folder, "ann")
        killed = False
        with pytest.MonkeyPatch.context() as patch:
            killer = Killer(patch, at)
            try:
                rig.spin(lambda rig=rig: rig.watch.state.triggers.answers and rig.outcomes == ["deployed"]
                         and rig.watch.state.deploy is None and not requests.waiting(rig.folder))  # fmt: skip
            except KilledError:
                killed = True
        if not killed:
            assert killer.left > 0
            assert at > 14, "the road has more writes than that"
            rig.stop()
            return
        crash(rig)
        rig.spin(lambda rig=rig: rig.outcomes == ["deployed"] and rig.watch.state.deploy is None)
        assert len({line[1] for line in rig.started("run")}) == 1, at  # one run, however often it was started
        assert len(rig.ended()) == 1
        waits = list((rig.folder / "outbox").glob("*.json"))
        assert len({json.loads(path.read_text())["news"]["id"] for path in waits}) == 1
        rig.stop()
    raise AssertionError("it never came to an end")


def test_a_run_that_hangs_is_ended_said_where_and_tried_once_more(rig):
    rig.settings(**QUIET, train={"stall_minutes": 0.005})
    pace = {"run": "r", "version": "alpha", "step": "train", "done": 3, "total": 42, "what": "fitting", "began": 0.0,
            "left": None}  # fmt: skip
    rig.order("run", {"seconds": 600, "pace": pace}, {"seconds": 600, "pace": pace}, {"result": PASSED})
    watching.GRACE, grace = 0.5, watching.GRACE
    try:
        rig.start()
        rig.hurry_clock()
        requests.ask(rig.folder, "ann")
        rig.spin(lambda: rig.outcomes == ["failed"], 30)
    finally:
        watching.GRACE = grace
    assert len(rig.started("run")) == 2
    assert "train, 3 of 42, fitting" in rig.ended()[0].says


def test_a_deployment_whose_process_dies_twice_has_failed(rig):
    rig.settings(**QUIET)
    rig.order("run", {"result": PASSED})
    rig.order("deploy", {"code": 3, "says": "no more memory"}, {"code": 3, "says": "no more memory"})
    rig.start()
    rig.hurry_clock()
    requests.ask(rig.folder, "ann")
    rig.spin(lambda: rig.outcomes == ["failed"])
    assert len(rig.started("deploy")) == 2
    assert "no more memory" in rig.ended()[0].says


def test_a_process_that_dies_is_started_once_more_and_what_it_said_last_is_told(rig):
    rig.settings(**QUIET)
    rig.order("run", {"code": 3, "says": "no more memory"}, {"code": 3, "says": "no more memory"})
    rig.start()
    requests.ask(rig.folder, "ann")
    rig.hurry_clock()
    rig.spin(lambda: rig.outcomes == ["failed"])
    assert len(rig.started("run")) == 2
    assert "ended with code 3: no more memory" in rig.ended()[0].says


def test_a_run_waits_while_somebody_else_is_at_it(rig):
    rig.settings(**QUIET, deploy="ask")
    busy = {"result": {"outcome": "busy", "says": "in use by another process"}}
    rig.order("run", *[busy] * 25, {"result": PASSED})
    rig.start()
    rig.hurry_clock()
    requests.ask(rig.folder, "ann")
    rig.spin(lambda: rig.outcomes == ["waits"], 40)
    assert len(rig.started("run")) == 26


def test_a_run_is_ended_when_memory_runs_out_and_taken_up_later(rig):
    rig.settings(**QUIET, deploy="ask")
    rig.order("run", {"seconds": 600}, {"result": PASSED})
    free = [8000 * MB]
    rig.start()
    rig.watch.limits = Limits(200, 200 * MB, memory=lambda: {"free": free[0], "swap_free": 0}, heat=lambda: None)
    requests.ask(rig.folder, "ann")
    rig.spin(lambda: bool(rig.started("run")))
    free[0] = 100 * MB
    rig.spin(lambda: rig.watch.work is None)
    rig.rounds(0.3)
    assert len(rig.started("run")) == 1
    assert not rig.ended()
    free[0] = 8000 * MB
    rig.watch._now = lambda: datetime.now() + timedelta(minutes=11)
    rig.spin(lambda: rig.outcomes == ["waits"])
    first, second = rig.started("run")
    assert first == second  # the same run, which its journal takes up


def test_a_run_pauses_while_the_machine_is_hot(rig):
    rig.settings(**QUIET, deploy="ask")
    rig.order("run", {"seconds": 1, "result": PASSED})
    celsius = [50.0]
    rig.start()
    heat = lambda: {"now": celsius[0], "limit": 100.0}
    rig.watch.limits = Limits(85, 0, root=Path("/nowhere"), heat=heat)
    requests.ask(rig.folder, "ann")
    rig.spin(lambda: bool(rig.started("run")))
    celsius[0] = 90.0
    rig.spin(lambda: rig.watch.work is not None and rig.watch.work.child.paused is not None)
    process = rig.watch.work.child.process.pid
    celsius[0] = 80.0  # cooler, but not cool
    rig.rounds(1.3)
    assert Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    celsius[0] = 70.0
    rig.spin(lambda: rig.outcomes == ["waits"])
    assert len(rig.started("run")) == 1


def test_a_clock_that_jumps_an_hour_both_ways_begins_nothing_twice(tmp_path):
    now = [datetime(2026, 3, 2, 2, 30)]
    rig = Rig(tmp_path / "site", now=lambda: now[0], schedule={"face_model": {"enabled": True, "hour": "3"}})
    nothing = {"result": {"outcome": "nothing", "says": "nothing has changed"}}
    rig.order("run", *[{"result": PASSED}] + [nothing] * 9)
    rig.order("deploy", {"result": DEPLOYED})
    for minutes in (0, 60, -60, 0, 60, 60, -60, 60):
        now[0] += timedelta(minutes=minutes)
        rig.rounds(0.3)
    rig.changed(digest="faces")
    for minutes in (60, -60, 60, -120, 60):
        now[0] += timedelta(minutes=minutes)
        rig.rounds(0.3)
    rig.stop()
    assert len({line[1] for line in rig.started("run")}) == 2  # three o'clock, and the faces
    assert len(rig.started("deploy")) == 1


def test_work_held_up_until_later_is_not_held_up_for_ever_by_a_clock_set_back(rig):
    now = [datetime(2026, 3, 2, 12)]
    rig.now = lambda: now[0]
    rig.settings(**QUIET, deploy="ask")
    rig.order("run", {"result": {"outcome": "later", "says": "No space left"}}, {"result": PASSED})
    rig.start()
    requests.ask(rig.folder, "ann")
    rig.spin(lambda: rig.watch.state.run is not None and rig.watch.state.run.told)
    now[0] -= timedelta(hours=30)
    rig.spin(lambda: rig.outcomes == ["waits"])


def test_garbage_from_the_publisher_begins_nothing_and_the_next_word_is_heard(rig):
    port = free_port()
    context = zmq.Context()
    publisher = context.socket(zmq.PUB)
    publisher.linger = 0
    publisher.bind(f"tcp://127.0.0.1:{port}")
    rig.settings(**QUIET, sentinel=f"tcp://127.0.0.1:{port}")
    rig.order("run", *[{"result": {"outcome": "nothing", "says": "nothing has changed"}}] * 3)
    rig.start()
    job = "0123456789abcdef0123456789abcdef"
    end = {"flag": "EOJ", "task": "FaceDataUpdate", "status": "Done", "jobid": job, "date": "2026-03-05"}
    garbage = [
        [b""], [b"Sentinel.INFO"], [b"Sentinel.INFO", b"\xff\xfe EOJ"], [b"Sentinel.INFO", b"[" * 60_000 + b"EOJ"],
        [b"Sentinel.INFO", b"EOJ", b"more"], [b"Sentinel.INFO", b'["EOJ"]'], [b"Sentinel.INFO", b'{"flag": "EOJ"}'],
        [b"Sentinel.INFO", json.dumps({**end, "jobid": "../../x"}).encode()],
        [b"Sentinel.INFO", json.dumps({**end, "jobid": [job]}).encode()],
        [b"Sentinel.INFO", json.dumps({**end, "status": "Failed"}).encode()],
        [b"Sentinel.INFO", json.dumps({**end, "task": "FaceSweep"}).encode()],
        [b"Sentinel.INFO", b"x" * 500_000],
    ]  # fmt: skip
    for _ in range(40):
        for frames in garbage:
            publisher.send_multipart(frames)
        rig.rounds(0.02)
    assert not rig.started("run")
    deadline = time.monotonic() + 40
    while not rig.started("run"):
        publisher.send_multipart([b"Sentinel.INFO", json.dumps(end).encode()])
        rig.rounds(0.1)
        assert time.monotonic() < deadline
    for _ in range(5):
        publisher.send_multipart([b"Sentinel.INFO", json.dumps(end).encode()])  # a publisher that says it again
        rig.rounds(0.1)
    rig.spin(lambda: rig.outcomes == ["nothing"])
    assert len(rig.started("run")) == 1
    context.destroy(linger=0)


def test_a_full_disk_begins_nothing_that_cannot_be_noted_and_goes_on_when_there_is_room(tmp_path):
    need_root("mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=True)
    rig = Rig(disk / "site", **QUIET, deploy="ask")
    try:
        rig.order("run", {"result": PASSED})
        rig.start()
        requests.ask(rig.folder, "ann")
        filler = disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        rig.rounds(1.0)
        assert not rig.started("run")
        filler.unlink()
        rig.spin(lambda: rig.outcomes == ["waits"])
        assert len(rig.started("run")) == 1
    finally:
        rig.stop()
        subprocess.run(["umount", disk], check=True)


def test_a_state_that_cannot_be_read_is_put_aside_and_the_service_begins_anew(rig, caplog):
    (rig.folder / "state.json").write_text('{"triggers": 7')
    rig.rounds(0.2)
    assert (rig.folder / "state.unreadable").exists()
    assert "cannot be read" in caplog.text


def test_a_machine_that_goes_down_with_every_run_does_not_try_for_ever(rig):
    rig.settings(**QUIET)
    rig.order("run", *[{"seconds": 600}] * 50)
    rig.start()
    requests.ask(rig.folder, "ann")
    for _ in range(40):
        count = len(rig.started("run"))
        rig.spin(lambda count=count: len(rig.started("run")) > count or bool(rig.ended()))
        if rig.ended():
            break
        crash(rig)
        rig.start()
    assert rig.outcomes == ["failed"]
    assert len(rig.started("run")) <= 20


def test_a_torn_line_of_the_record_costs_itself_alone(tmp_path):
    path = tmp_path / runs.FILE
    good = runs.Ended("a", "request", "ann asked", "t", "t", 1.0, "waits", "alpha waits")
    runs.note(tmp_path, good)
    path.write_bytes(path.read_bytes() + b'{"run": "b", "rea')
    runs.note(tmp_path, runs.Ended("c", "request", "ann asked", "t", "t", 1.0, "failed", "it did not"))
    assert [run.run for run in runs.read_runs(tmp_path)] == ["c", "a"]


def test_an_errand_ends_with_the_service_that_began_it(tmp_path):
    """SIGKILL of the service alone: what it had started does not go on unseen."""
    script = (
        "import subprocess, sys, time; from deepthink.flow.errand import _end_with; "
        "child = subprocess.Popen([sys.executable, '-c', 'import os, time; from deepthink.flow.errand import _end_with;"
        "_end_with(os.getppid()); print(os.getpid(), flush=True); time.sleep(600)'], stdout=sys.stdout); child.wait()"
    )
    import sys

    service = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    errand = int(service.stdout.readline())
    service.kill()
    service.wait()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{errand}").exists() and "State:\tZ" not in Path(f"/proc/{errand}/status").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.kill(errand, signal.SIGKILL)
