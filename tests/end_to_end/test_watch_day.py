"""A day in the life of a site that runs by itself, in accelerated time, with everything real that it speaks to.

The service is a process of its own; beside it a ZeroMQ publisher (SentinelCam's sentinel), a Mosquitto, somebody who
takes webhooks, a machine with sshd that receives versions, and the people and cameras of a simulated house.
"""

import json
import os
import signal
import subprocess
import time
from datetime import datetime, timedelta

import pytest
import zmq

from deepthink.curation import review
from deepthink.curation.facelist import Facelist, Status
from deepthink.datasink.base import FACES, RECOGNITIONS, Mark
from deepthink.datasink.labels import Label
from deepthink.flow.runs import read_runs
from deepthink.flow.wiring import Site
from deepthink.records import Box
from deepthink.settings import load
from deepthink.simulate.plan import drawn_plan, simulate
from deepthink.simulate.reviewer import review_by_truth
from tests.deployment.conftest import thin_python
from tests.deployment.nodes import Node, free_port, need_sshd
from tests.end_to_end.command import DEEPTHINK
from tests.messages.brokers import Ear, Mosquitto
from tests.messages.receivers import Receiver

__all__ = ["thin_python"]  # a fixture
PLAN = drawn_plan(seed=11, residents=3, strangers=15)
SECRET = "a secret that both sides know"


class House:
    """Everything that the service speaks to, and the service."""

    def __init__(self, root, python):
        need_sshd()
        self.root, self.site_folder = root, root / "site"
        self.node = Node(root / "node", python)
        self.broker = Mosquitto(root / "broker")
        self.ear = Ear(self.broker)
        self.receiver = Receiver()
        self.context = zmq.Context()
        self.publisher = self.context.socket(zmq.PUB)
        self.publisher.linger = 0
        port = free_port()
        self.publisher.bind(f"tcp://127.0.0.1:{port}")
        self.sentinel = f"tcp://127.0.0.1:{port}"
        self.process = None
        self.site_folder.mkdir()
        (self.site_folder / "secret").write_text(SECRET)
        (self.site_folder / "secret").chmod(0o600)
        (self.site_folder / "known_hosts").write_text(self.node.known_hosts.read_text())
        (self.site_folder / "key").write_bytes((self.node.site / "key").read_bytes())
        (self.site_folder / "key").chmod(0o600)
        self.settings(window="closed")

    def settings(self, window):
        now = datetime.now()
        opens = now - timedelta(minutes=2) if window == "open" else now + timedelta(hours=6)
        hours = f"{opens:%H:%M}-{opens + timedelta(hours=1):%H:%M}"
        content = {
            "detection": {"detector": "opencv"}, "train": {"preset": "quick"},
            "validation": {"truth": "truth.csv", "days": PLAN.dates("validate")},
            "targets": [{"name": "porch", "kind": "ssh", "folder": "versions", "host": "127.0.0.1",
                         "port": self.node.port, "key": "key", "python": self.node.python}],
            "deployment": {"window": hours},
            "watch": {"deploy": "passed", "collect": True, "sentinel": self.sentinel, "selected": 0, "enrolled": False,
                      "settle_minutes": 0.01, "cool_down_hours": 0, "look_minutes": 0.02},
            "messages": {"mqtt": {"host": "127.0.0.1", "port": self.broker.port},
                         "webhooks": [{"url": self.receiver.url(), "secret_file": "secret"}]},
        }  # fmt: skip
        (self.site_folder / "site.yaml").write_text(json.dumps(content))

    @property
    def site(self):
        return Site(load(self.site_folder))

    def start(self):
        log = (self.root / "service.log").open("a")
        self.process = subprocess.Popen(
            [*DEEPTHINK, "watch", str(self.site_folder), "--log-json"], stdin=subprocess.DEVNULL, stderr=log,
            start_new_session=True,
        )  # fmt: skip

    def power_cut(self):
        """Everything of the service is gone at once, and the machine comes up again."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.start()

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=60)
        self.ear.close()
        self.context.destroy(linger=0)
        self.receiver.close()
        self.broker.stop()
        self.node.stop()

    def update_ended(self, job):
        """What SentinelCam's sentinel publishes at the end of FaceDataUpdate."""
        said = {"flag": "EOJ", "jobid": job, "task": "FaceDataUpdate", "from": ["data1", "x"], "sink": "data1",
                "pump": "tcp://data1:5556", "date": "2026-03-05", "event": None, "status": "Done",
                "elapsed": "0:00:09", "taskstats": [4, 0.4]}  # fmt: skip
        self.publisher.send_multipart([b"Sentinel.INFO", json.dumps(said).encode()])

    def until(self, holds, what, seconds=240.0):
        end = time.monotonic() + seconds
        while not holds():
            assert self.process.poll() is None, self.log
            assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}\n{self.log}"
            time.sleep(0.3)

    @property
    def log(self):
        return (self.root / "service.log").read_text()[-6000:]

    def state(self):
        """How the site stands, as Home Assistant sees it."""
        content = self.ear.last("deepthink/state")
        return json.loads(content) if content else {}

    def runs(self):
        return read_runs(self.site_folder / "training")

    def heard(self, kind):
        """Return the news of a kind that the webhook got."""
        return [news for news in (json.loads(body) for _, _, body in self.receiver.got) if news["kind"] == kind]


@pytest.fixture(scope="module")
def house(tmp_path_factory, thin_python):
    made = House(tmp_path_factory.mktemp("house"), thin_python)
    yield made
    made.end()


def mislabel(site):
    """A reviewer with a bad day: a third of one person's faces under another's name."""
    rows = Facelist(site.facelist).rows
    one, other = sorted({row.name for row in rows.values() if row.enrolled})[:2]
    own = [number for number, row in rows.items() if row.name == one and row.enrolled]
    return review.rename(site.facelist, own[::3], other, "ann")


def results(site, day, camera, count, distance, unknown):
    """What a sentinel writes for events of one camera: a label for each of their two frames."""
    data = site.settings.path(site.settings.datasink.data) / day
    data.mkdir(parents=True, exist_ok=True)
    with (data / "camwatcher.csv").open("a") as index:
        for number in range(count):
            start = datetime.fromisoformat(f"{day}T08:00:00.500000") + timedelta(minutes=number)
            event = f"{number:08x}{hash((day, camera)) & 0xFFFFFFFFFFFF:024x}"
            index.write(f"{camera},{camera},{start.isoformat(timespec='microseconds')},{event},640,480,trk\n")
    for number, event in enumerate(site.datasink.events(day)):
        who = "Unknown" if number < unknown else site.in_production().people[number % 3]
        near = distance + 0.01 * (number * 7 % 5)
        label = Label(who, 0.0 if who == "Unknown" else 0.999, near + (0.4 if who == "Unknown" else 0), -0.1, True, 1)
        site.datasink.write(event, FACES, [Mark(event.start, "0", "Face", Box(100, 100, 200, 200))])
        site.datasink.write(event, RECOGNITIONS, [Mark(event.start, "0", str(label), Box(100, 100, 200, 200))])


@pytest.mark.timeout(840)
def test_a_day_in_the_life(house):
    house.start()
    house.until(lambda: house.ear.last("deepthink/availability") == "online", "the service is there")

    # faces arrive, are found and proposed, and the page and Home Assistant know how many wait
    simulate(house.site_folder, PLAN.only("enrol", "validate"))
    house.until(lambda: house.state().get("to_review", 0) > 20, "faces to review")
    assert not house.runs()

    # somebody reviews them, badly; the sentinel says that it has embedded them; training begins, and the gate fails
    site = house.site
    review_by_truth(site)
    wrong = mislabel(site)
    job = "c0ffee" * 5 + "42"
    house.until(lambda: (house.update_ended(job), house.state().get("run_version"))[1], "a run begins")
    house.until(lambda: house.heard("failed"), "somebody is told that it failed")
    (failed,) = house.runs()
    assert (failed.reason, failed.outcome, failed.passed) == ("sentinel", "failed", False)
    assert failed.version in house.heard("failed")[0]["title"]
    assert site.ledger.production() is None
    house.until(lambda: house.state()["outcome"] == "failed", "Home Assistant knows that it failed")

    # the same word again begins nothing; the power fails while the next run is under way, the broker is away meanwhile
    house.update_ended(job)
    review.undo_action(site.facelist, wrong, "ann")
    house.until(lambda: house.state().get("run_step") == "train" and house.state().get("running"), "training again")
    house.broker.kill()
    house.power_cut()
    house.until(lambda: [run.outcome for run in house.runs()] == ["published", "failed"], "it goes on and passes")
    house.broker.start()
    house.until(lambda: house.state().get("outcome_version") == house.runs()[0].version, "the broker hears of it")
    passed = house.runs()[0]
    assert (passed.reason, passed.passed) == ("corrected", True)
    assert sorted(site.registry.versions()) == sorted({failed.version, passed.version})
    time.sleep(3)
    assert not list((house.node.home / "versions").glob("*")), "the window is closed"

    # the window opens
    house.settings(window="open")
    os.kill(house.process.pid, signal.SIGHUP)
    house.until(lambda: house.runs()[0].outcome == "deployed", "it is deployed")
    assert house.site.ledger.production() == passed.version
    assert house.site.targets[0].current() == passed.version
    house.until(lambda: house.heard("deployed"), "somebody is told that it is deployed")
    assert len(house.runs()) == 2

    # a camera is moved
    for number in range(7):
        results(house.site, f"2026-03-{10 + number}", "porch", 15, 0.30, 2)
    for number in range(8):
        results(house.site, f"2026-03-{20 + number}", "porch", 15, 0.55, 9)
    house.until(lambda: house.heard("drift"), "somebody is told of the camera")
    assert "porch" in house.heard("drift")[0]["text"]
    house.until(lambda: house.state().get("alarms"), "Home Assistant shows it")

    # it ends when it is asked to, and nothing was told twice
    house.process.terminate()
    assert house.process.wait(timeout=30) == 0
    ids = [news["id"] for kind in ("failed", "deployed", "drift") for news in house.heard(kind)]
    assert len(set(ids)) == len(ids)
    lines = [json.loads(line) for line in (house.site_folder / "training/training.log").read_text().splitlines()]
    assert {"run", "step", "version"} <= set().union(*lines)
    assert not [row for row in Facelist(house.site.facelist).rows.values() if row.status == Status.SELECTED]
