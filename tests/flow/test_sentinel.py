"""The sentinel service: jobs, chains, priorities, and engines that crash, hang and fail."""

import json
import os
import signal
import time

import pytest
import zmq

from deepthink.errors import SettingsError
from deepthink.flow.jobs import Job, JobQueue
from deepthink.flow.sentinel import Sentinel
from deepthink.flow.sentinel_yaml import SentinelConfig, Task, read_config
from tests.flow.sentinel_tasks import prepare

DAY, EVENT = "2026-03-02", "a6a3a4506513270e269e0d37f2a74de4"
TASKS = {
    "GetFaces": Task("GetFaces", "GetFaces", 1, chain="FaceRecon", stall_minutes=0.02),
    "FaceRecon": Task("FaceRecon", "FaceRecon", 2, stall_minutes=0.02),
    "FaceSweep": Task("FaceSweep", "FaceSweep", 2, stall_minutes=0.02),
    "DailyCleanup": Task("DailyCleanup", "DailyCleanup", 3, retries=0, stall_minutes=0.02),
}


class Site:
    """A running sentinel, somebody who asks, and somebody who listens."""

    def __init__(self, folder, engines):
        config = SentinelConfig(0, 0, "tcp://127.0.0.1:5556", folder, engines, TASKS)
        self.service = Sentinel(config, prepare, str(folder), host="127.0.0.1")
        self.context = zmq.Context()
        control, out = self.service.addresses
        self.listening = self.context.socket(zmq.SUB)
        self.listening.subscribe(b"")
        self.listening.connect(out)
        self.asking = self.context.socket(zmq.REQ)
        self.asking.connect(control)
        self.heard = []
        time.sleep(0.2)  # a subscription takes a moment

    def ask(self, request):
        self.asking.send(request if isinstance(request, bytes) else json.dumps(request).encode())
        for _ in range(100):
            self.service.step(0.02)
            if self.asking.poll(0):
                return self.asking.recv().decode()
        raise AssertionError("no reply")

    def submit(self, task="GetFaces", sink="nothing", event=EVENT, **more):
        base = {"task": task, "date": DAY, "event": event, "sink": sink, "node": ["alpha5", "PiCam3"]}
        return self.ask({**base, "pump": "tcp://127.0.0.1:5556", **more})

    def hear(self):
        while self.listening.poll(0):
            topic, text = self.listening.recv_multipart()
            self.heard.append((topic.decode(), text.decode()))

    def flags(self, jobid=None):
        self.hear()
        found = [json.loads(text) for _, text in self.heard if text.startswith('{"flag"')]
        return [one for one in found if jobid in (None, one["jobid"])]

    def ended(self, jobid, seconds=30):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.service.step(0.05)
            for one in self.flags(jobid):
                if one["flag"] == "EOJ":
                    return one
        raise AssertionError(f"{jobid} did not end: {self.heard}")

    def texts(self, topic):
        self.hear()
        return [text for one, text in self.heard if one == topic]

    def close(self):
        self.service.close()
        self.context.destroy(linger=0)


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path, {"Alpha": (1,), "Bravo": (2, 3)})
    yield site
    site.close()


def test_a_job_is_submitted_started_and_ended_in_sentinelcams_words(site):
    jobid = site.submit()
    assert len(jobid) == 32
    end = site.ended(jobid)
    submit, start, _ = site.flags(jobid)
    common = {"jobid": jobid, "task": "GetFaces", "from": ["alpha5", "PiCam3"], "sink": "nothing", "date": DAY,
              "event": EVENT}  # fmt: skip
    assert submit == {"flag": "SUBMIT", **common}
    assert start == {"flag": "START", **common}
    assert list(end) == [
        "flag", "jobid", "task", "from", "sink", "pump", "date", "event", "status", "elapsed", "taskstats"
    ]  # fmt: skip
    assert (end["status"], end["taskstats"][0]) == ("Done", 3)
    assert end["elapsed"].startswith("0:00:0")
    assert "GetFaces ran" in site.texts("Sentinel.INFO")


def test_what_follows_is_begun_only_when_something_was_found(site):
    assert site.ended(site.submit(sink="nothing"))["status"] == "Done"
    first = site.submit(sink="fine")
    site.ended(first)
    (chained,) = {one["jobid"] for one in site.flags() if one["task"] == "FaceRecon"}
    assert site.ended(chained)["status"] == "Done"
    assert [one["flag"] for one in site.flags(chained)] == ["SUBMIT", "START", "EOJ"]


@pytest.mark.parametrize("how", ["crash", "hang", "lost"])
def test_a_job_that_crashes_hangs_or_loses_its_pump_is_begun_again(site, how):
    end = site.ended(site.submit(task="FaceRecon", sink=f"once-{how}"))
    assert end["status"] == "Done"
    assert any("is begun again" in text for text in site.texts("Sentinel.WARNING"))


@pytest.mark.parametrize("how", ["crash", "hang", "lost"])
def test_one_that_does_so_again_and_again_fails_and_says_why(site, how):
    end = site.ended(site.submit(task="FaceRecon", sink=how))
    assert end["status"] == "Failed"
    why = {"crash": "crashed: exit code 7", "hang": "no sign of life", "lost": "the pump did not answer"}[how]
    assert any(why in text for text in site.texts("Sentinel.ERROR"))


@pytest.mark.parametrize(("how", "why"), [("bad", "no tracking data"), ("wrong", "ZeroDivisionError")])
def test_a_job_that_fails_by_its_own_fault_is_not_tried_again(site, how, why):
    assert site.ended(site.submit(sink=how))["status"] == "Failed"
    assert any(why in text for text in site.texts("Sentinel.ERROR"))
    assert len([one for one in site.flags() if one["flag"] == "START"]) == 1


def test_failing_jobs_never_stall_their_class(site):
    """Three failures in a row end an engine of SentinelCam's for ever (B9)."""
    jobs = [site.submit(sink=how) for how in ("wrong", "crash", "wrong", "bad", "crash", "wrong", "nothing")]
    assert [site.ended(job, 60)["status"] for job in jobs] == ["Failed"] * 6 + ["Done"]


def test_a_job_that_takes_long_but_shows_life_is_left_alone(site):
    site.service.config.tasks["FaceSweep"]  # 1.2 seconds without a sign are a hang there
    assert site.ended(site.submit(task="FaceSweep", sink="slow", event=None))["status"] == "Done"


def test_an_engine_takes_its_first_class_first_then_by_priority_then_the_oldest(tmp_path):
    site = Site(tmp_path, {"One": (2, 3), "Other": (1,)})
    try:
        first = site.submit(task="FaceRecon", sink="gate")
        while not site.flags(first)[1:]:
            site.service.step(0.02)
        order = [
            site.submit(task="DailyCleanup", event=None, priority=1),
            site.submit(task="FaceRecon", event="b" * 32, priority=3),
            site.submit(task="FaceRecon", event="c" * 32),
            site.submit(task="FaceRecon", event="d" * 32, priority=1),
            site.submit(task="FaceRecon", event="e" * 32),
        ]
        (tmp_path / "gate").touch()
        for job in [first, *order]:
            site.ended(job)
        started = [one["jobid"] for one in site.flags() if one["flag"] == "START"]
        assert started == [first, *[order[place] for place in (3, 2, 4, 1, 0)]]
    finally:
        site.close()


@pytest.mark.parametrize(
    "request_",
    [
        b"", b"{", b"7", b"null", b"\xff\xfe", b"[" * 100_000, {}, {"task": "NoSuch"}, {"task": ["GetFaces"]},
        {"task": "GetFaces"}, {"task": "ALERT"},
        {"task": "GetFaces", "date": DAY, "event": "../x", "sink": "a", "node": 1, "pump": "tcp://x:1"},
        {"task": "GetFaces", "date": DAY, "event": EVENT, "sink": "../x", "node": 1, "pump": "tcp://x:1"},
        {"task": "GetFaces", "date": "..", "event": EVENT, "sink": "a", "node": 1, "pump": "tcp://x:1"},
        {"task": "GetFaces", "date": DAY, "event": 7, "sink": "a", "node": 1, "pump": "tcp://x:1"},
        {"task": "GetFaces", "date": DAY, "event": EVENT, "sink": "a", "node": 1, "pump": "ipc:///etc/x"},
        {"task": "GetFaces", "date": DAY, "event": EVENT, "sink": "a", "node": 1, "pump": "tcp://\ud800"},
        {"task": "GetFaces", "date": DAY, "event": EVENT, "sink": "a", "node": ["a", "\ud800"], "pump": "tcp://x:1"},
        {"task": "GetFaces", "date": DAY, "event": EVENT, "sink": "a", "node": [[]], "pump": "tcp://x:1"},
        {"task": "GetFaces", "date": DAY, "event": EVENT, "sink": "a", "node": "x" * 201, "pump": "tcp://x:1"},
        {"task": "ALERT", "payload": "x" * 70_000},
    ],
)  # fmt: skip
def test_a_malformed_request_is_an_error_and_the_next_good_one_is_done(site, request_):
    assert site.ask(request_) == "Error"
    assert site.texts("Sentinel.ERROR")
    assert site.ended(site.submit())["status"] == "Done"


@pytest.mark.parametrize("text", ["", "Zoë: \u200f", "line\nline"])
def test_what_is_published_is_ascii_and_never_empty(site, text):
    """Anything else ends the process of SentinelCam's camwatcher that writes the results."""
    site.service.publish(text)
    time.sleep(0.1)
    _, frame = site.listening.recv_multipart()
    while site.listening.poll(0):
        _, frame = site.listening.recv_multipart()
    assert frame.decode("ascii")


def test_history_status_and_alerts_are_answered(site):
    jobid = site.submit()
    site.ended(jobid)
    assert site.ask({"task": "HISTORY"}) == "OK"
    assert site.ask({"task": "STATUS"}) == "OK"
    assert site.ask({"task": "ALERT", "payload": {"a": 1}}) == "OK"
    site.service.step(0.05)
    texts = site.texts("Sentinel.INFO")
    assert json.loads(texts[texts.index("Start of history.") + 1])["jobid"] == jobid
    assert '{"a": 1}' in texts


def test_jobs_that_had_not_ended_are_done_after_a_restart(tmp_path):
    engines = {"Alpha": (1,), "Bravo": (2, 3)}
    site = Site(tmp_path, engines)
    jobs = [site.submit(sink="gate", event=letter * 32) for letter in "abc"]
    while not site.flags(jobs[0])[1:]:
        site.service.step(0.02)
    site.close()
    (tmp_path / "gate").touch()
    again = Site(tmp_path, engines)
    try:
        assert [again.ended(job)["status"] for job in jobs] == ["Done"] * 3
    finally:
        again.close()


def test_an_engine_that_cannot_even_start_does_not_spin_and_recovers(tmp_path):
    (tmp_path / "broken").touch()
    site = Site(tmp_path, {"Alpha": (1, 2, 3)})
    try:
        started = time.monotonic()
        while time.monotonic() - started < 3:
            site.service.step(0.05)
        crashes = [text for text in site.texts("Sentinel.ERROR") if "crashed" in text]
        assert 1 <= len(crashes) <= 3
        (tmp_path / "broken").unlink()
        assert site.ended(site.submit(), 30)["status"] == "Done"
    finally:
        site.close()


def test_a_second_sentinel_on_the_same_port_says_so(tmp_path):
    site = Site(tmp_path, {"Alpha": (1, 2, 3)})
    port = int(site.service.addresses[0].rpartition(":")[2])
    with pytest.raises(SettingsError, match="another sentinel"):
        Sentinel(SentinelConfig(port, 0, "", tmp_path, {}), prepare, str(tmp_path), host="127.0.0.1")
    site.close()


SENTINEL_YAML = """%YAML 1.0
---
# Settings file sentinel.yaml
control_port: 5566
logging_port: 5565
default_pump: tcp://data1:5556
socket_dir: /home/ops/sentinel/sockets
ring_buffer_models:
    default:
        vga: ((640, 480), 5)
task_engines:
    Alpha:
        classes: [1]
        ring_buffers: default
        accelerator: coral      # [cpu, ncs2, coral]
    Bravo2:
        classes: [2,3]
        ring_buffers: default
        accelerator: cpu
task_list:
    GetFaces2:
        alias: GetFaces
        config: tasks/GetFaces.yaml
        chain: FaceRecon
        class: 1
        trk_type: obj
        ringctrl: full
    FaceRecon:
        config: /home/ops/sentinel/tasks/FaceRecon.yaml
        class: 2
"""


def test_sentinelcams_own_file_is_read_as_it_is(tmp_path):
    file = tmp_path / "sentinel.yaml"
    file.write_text(SENTINEL_YAML)
    config = read_config(file)
    assert (config.control_port, config.logging_port, config.default_pump) == (5566, 5565, "tcp://data1:5556")
    assert config.engines == {"Alpha": (1,), "Bravo2": (2, 3)}
    first = config.tasks["GetFaces2"]
    assert (first.does, first.chain, first.job_class) == ("GetFaces", "FaceRecon", 1)
    assert first.config == tmp_path / "tasks" / "GetFaces.yaml"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("control_port: 5566", "", "has no 'control_port'"),
        ("chain: FaceRecon", "chain: Nothing", "chains to Nothing"),
        ("class: 2\n", "class: 9\n", "no engine takes class 9"),
        ("classes: [1]", "classes: one", "cannot work"),
        ("classes: [1]", 'classes: "1"', "must be a list of numbers"),
        ("chain: FaceRecon", "chain: GetFaces2", "GetFaces2 -> GetFaces2 would never end"),
        ("chain: FaceRecon", "chain: FaceRecon\n        stall_minutes: .nan", "cannot be negative or none"),
        ("task_list:", "task_list: [", "cannot be read"),
        ("control_port: 5566", "control_port: 99999", "there is no port 99999"),
    ],
)
def test_a_file_that_cannot_work_says_why(tmp_path, old, new, says):
    file = tmp_path / "sentinel.yaml"
    file.write_text(SENTINEL_YAML.replace(old, new))
    with pytest.raises(SettingsError, match=says):
        read_config(file)


def test_a_full_disk_refuses_jobs_and_ends_nothing(site, monkeypatch):
    running = site.submit(sink="fine")

    def full(*arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("deepthink.flow.jobs.write_json", full)
        assert site.submit() == "Error"
        assert site.ended(running)["status"] == "Done"
        assert any("No space left" in text for text in site.texts("Sentinel.ERROR"))
    assert site.ended(site.submit())["status"] == "Done"


def test_what_follows_a_job_is_never_refused_for_those_that_wait(site, monkeypatch):
    jobs = [site.submit(task="FaceSweep", sink="gate", event=None), site.submit(sink="gate")]
    while len([one for one in site.flags() if one["flag"] == "START"]) < 2:
        site.service.step(0.02)
    monkeypatch.setattr("deepthink.flow.jobs.MOST_WAITING", 0)
    assert site.submit() == "Error"
    (site.service.config.socket_dir / "gate").touch()
    assert [site.ended(job)["status"] for job in jobs] == ["Done"] * 2
    (follower,) = {one["jobid"] for one in site.flags() if one["task"] == "FaceRecon"}
    assert site.ended(follower)["status"] == "Done"


def test_a_flood_of_requests_does_not_keep_the_engines_from_being_heard(site):
    with site.context.socket(zmq.DEALER) as flood:
        flood.connect(site.service.addresses[0])
        for _ in range(50):
            flood.send_multipart([b"", b"{"])
        time.sleep(0.5)
        site.service.step(0.02)
        time.sleep(0.2)
        assert 0 < len(site.texts("Sentinel.ERROR")) < 50


def test_a_second_sentinel_in_the_same_folder_says_so(site, tmp_path):
    """Both would do the jobs that wait there."""
    config = SentinelConfig(0, 0, "", tmp_path, {"Alpha": (1, 2, 3)}, TASKS)
    with pytest.raises(SettingsError, match="another sentinel uses it"):
        Sentinel(config, prepare, str(tmp_path), host="127.0.0.1")


def test_a_folder_that_cannot_be_made_says_so_at_the_start(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"socket_dir .*file.*must be a folder"):
        Sentinel(SentinelConfig(0, 0, "", tmp_path / "file", {}), prepare, str(tmp_path), host="127.0.0.1")


def test_jobs_are_taken_up_again_in_the_class_that_their_task_has_now(tmp_path):
    first = JobQueue(tmp_path / "jobs.json")
    first.add(Job("GetFaces", 7, "alpha5", "data1", DAY, EVENT, "tcp://127.0.0.1:5556"))
    again = JobQueue(tmp_path / "jobs.json")
    assert again.restore(TASKS) == 1
    assert again.take("Alpha", [1])


def test_ctrl_c_which_reaches_every_process_of_a_terminal_is_left_to_the_service(site):
    job = site.submit(sink="gate")
    while not (site.service.config.socket_dir / "done").exists():
        site.service.step(0.02)
    os.kill(site.service.engines[0]._process.pid, signal.SIGINT)
    (site.service.config.socket_dir / "gate").touch()
    assert site.ended(job)["status"] == "Done"
    assert not site.texts("Sentinel.WARNING")
