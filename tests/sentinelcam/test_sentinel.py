"""The whole of it over real sockets: a pump, a sentinel with its processes, who asks and who listens."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from datetime import datetime

import pytest
import zmq

from deepthink.curation.facelist import Facelist, Status, editing
from deepthink.curation.locks import EventLocks
from deepthink.datasink.answers import Answers
from deepthink.datasink.folder import FolderDatasink, format_time
from deepthink.datasink.labels import parse_label
from deepthink.datasink.pump import Pump
from deepthink.embedding import facedata
from deepthink.simulate.plan import drawn_plan, simulate
from tests.sentinelcam.site import running

SENTINEL = """%YAML 1.0
---
control_port: {control}
logging_port: {out}
default_pump: {pump}
socket_dir: sockets
ring_buffer_models: {{default: {{vga: "((640, 480), 5)"}}}}
task_engines:
    Alpha: {{classes: [1], ring_buffers: default, accelerator: cpu}}
    Bravo: {{classes: [2, 3], ring_buffers: default, accelerator: cpu}}
task_list:
    MobileNetSSD_allFrames: {{config: tasks/MobileNetSSD_allFrames.yaml, chain: GetFaces, class: 1}}
    GetFaces: {{config: tasks/GetFaces.yaml, chain: FaceRecon, class: 1, trk_type: obj, ringctrl: full}}
    FaceRecon: {{config: tasks/FaceRecon.yaml, class: 2, trk_type: fd1, ringctrl: trk}}
    FaceSweep: {{config: tasks/FaceSweep.yaml, class: 2}}
    FaceDataUpdate: {{config: tasks/FaceDataUpdate.yaml, class: 2}}
    DailyCleanup: {{config: tasks/DailyCleanup.yaml, class: 3}}
    VehicleSpeed: {{config: tasks/VehicleSpeed.yaml, class: 2}}
"""
TASKS = {
    "MobileNetSSD_allFrames": "mobilenetssd:\n  prototxt_path: none.prototxt\n  model_path: none.caffemodel\n",
    "GetFaces": "trk_type: fd1\n", "FaceRecon": "trk_type: fr1\n",
    "DailyCleanup": "run_deletes: True\nretention_profiles: {{default: {{retention_days: 1}}}}\n",
    "FaceSweep": "facefile: {folder}/facelist.csv\n",
    "FaceDataUpdate": "facefile: {folder}/facelist.csv\nfacedata: {folder}/facebeta2.hdf5\n",
}  # fmt: skip


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture(scope="module")
def filmed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filmed") / "site"
    simulate(folder, drawn_plan(seed=5, residents=2, strangers=2).only("new"))
    return folder


class Home:
    """A site with its pump in a thread and its sentinel in a process; asked and heard as SentinelCam's parts do it."""

    def __init__(self, folder, pump):
        self.folder, self.pump = folder, pump
        self.sink = FolderDatasink(folder / "datasink" / "data", folder / "datasink" / "images")
        self.control, self.out = free_ports(2)
        (folder / "tasks").mkdir()
        (folder / "sentinel.yaml").write_text(SENTINEL.format(control=self.control, out=self.out, pump=pump.address))
        for name, text in TASKS.items():
            (folder / "tasks" / f"{name}.yaml").write_text("%YAML 1.0\n---\n" + text.format(folder=folder))
        self.context, self.heard = zmq.Context(), []
        self.listening = self.context.socket(zmq.SUB)
        self.listening.subscribe(b"Sentinel.")
        self.listening.connect(f"tcp://127.0.0.1:{self.out}")

    def start(self):
        command = [sys.executable, "-m", "deepthink", "serve", "sentinel", "--config", self.folder / "sentinel.yaml",
                   "--host", "127.0.0.1", "--site", self.folder]  # fmt: skip
        with (self.folder / "sentinel.log").open("a") as log:
            self.process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log)
        self.wait(lambda: self.ask({"task": "ALERT", "payload": {"here": 1}}) and '{"here": 1}' in self.texts())

    def submit(self, task, event, date):
        """As SentinelCam's own sentinel_task.py."""
        request = {"sink": "data1", "node": "testMonster", "date": date, "event": event, "pump": self.pump.address,
                   "task": task}  # fmt: skip
        return self.ask(request)

    def ask(self, request):
        with self.context.socket(zmq.REQ) as asking:
            asking.linger = 0
            asking.connect(f"tcp://127.0.0.1:{self.control}")
            asking.send(json.dumps(request).encode("ascii"))
            return asking.recv().decode("ascii") if asking.poll(5_000) else None

    def texts(self):
        while self.listening.poll(10):
            self.heard.append([part.decode() for part in self.listening.recv_multipart()])
        return [text for _, text in self.heard]

    def messages(self):
        return [json.loads(text) for text in self.texts() if text.startswith("{")]

    def wait(self, ready, seconds=120):
        deadline = time.monotonic() + seconds
        while not (found := ready()):
            assert time.monotonic() < deadline, (self.heard[-20:], (self.folder / "sentinel.log").read_text()[-3000:])
            assert self.process.poll() is None, (self.folder / "sentinel.log").read_text()[-3000:]
        return found

    def ended(self, task, event=None, count=1):
        """The end of a task's job; jobs that follow others have ids of their own."""

        def ends():
            mine = [one for one in self.messages() if one.get("flag") == "EOJ" and one["task"] == task]
            mine = [one for one in mine if event in (None, one["event"])]
            return mine[count - 1] if len(mine) >= count else None

        return self.wait(ends)

    def results(self, kind, jobid):
        return [one for one in self.messages() if one.get("refkey") == kind and one["jobid"] == jobid]

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)
        self.listening.close()
        self.context.destroy(linger=0)


@pytest.fixture
def home(filmed, tmp_path):
    folder = tmp_path / "site"
    shutil.copytree(filmed, folder)
    sink = folder / "datasink"
    kept = FolderDatasink(sink / "data", sink / "images")
    remove = lambda date, event: kept.delete(next(one for one in kept.events(date) if one.event == event))
    locks = EventLocks(folder / "facelist.csv")
    pump = Pump(Answers(kept.data, kept.images, locks.locked, remove), "tcp://127.0.0.1:*")
    with running(pump):
        home = Home(folder, pump)
        try:
            home.start()
            yield home
        finally:
            home.end()


def as_the_camwatcher(home, event, results):
    """What SentinelCam's camwatcher makes of results: a time from a start and an offset, a line for each."""
    lines = []
    for one in results:
        times = home.sink.times(event)
        if one["ringctrl"] == "trk":
            kept = FolderDatasink(home.folder / "sockets" / "results" / "data1", home.folder)
            times = sorted({mark.time for mark in kept.marks(event, one["trktype"])})
        start = datetime.fromisoformat(one["start"])
        first = next(place for place, time in enumerate(times) if time >= start)
        time = times[min(first + one["offset"], len(times) - 1)]
        lines.append(",".join([format_time(time), one["objid"], one["clas"], *map(str, one["rect"])]))
    return lines


def someone(home):
    """The day and the first of its events in which somebody is."""
    (day,) = home.sink.dates()[-1:]
    return next(event for event in home.sink.events(day) if home.sink.marks(event, "trk"))


def test_the_chain_runs_from_a_request_to_published_results(home):
    event = someone(home)
    jobid = home.submit("MobileNetSSD_allFrames", event.event, event.date)
    assert len(jobid) == 32
    assert home.ended("MobileNetSSD_allFrames")["jobid"] == jobid
    assert any("no object detector" in text.lower() for text in home.texts())  # said, and the tracker's marks are used
    faces, names = home.ended("GetFaces"), home.ended("FaceRecon")
    assert (faces["status"], names["status"]) == ("Done", "Done")
    assert names["sink"] == "data1"
    assert names["pump"] == home.pump.address
    kept = home.folder / "sockets" / "results" / "data1" / event.date
    for end, kind in ((faces, "fd1"), (names, "fr1")):
        results = home.results(kind, end["jobid"])
        assert results
        written = (kept / f"{event.event}_{kind}.csv").read_text().splitlines()[1:]
        assert as_the_camwatcher(home, event, results) == written
    assert {one["clas"] for one in home.results("fd1", faces["jobid"])} == {"Face"}
    assert {parse_label(one["clas"]).name for one in home.results("fr1", names["jobid"])} == {"Unknown"}
    (told,) = [text for text in home.texts() if text.startswith("('Recon'")]
    assert event.event in told
    assert [topic for topic, _ in home.heard if topic not in ("Sentinel.INFO", "Sentinel.WARNING")] == []


def test_batch_tasks_collect_and_embed(home):
    day = someone(home).date
    events = [event for event in home.sink.events(day) if home.sink.marks(event, "trk")][:3]
    for event in events:
        home.submit("GetFaces", event.event, day)
    for event in events:
        home.ended("GetFaces", event.event)
    home.ended("FaceRecon", count=len([t for t in home.texts() if t.startswith("('Faces'") and not t.endswith(", 0)")]))
    home.submit("FaceSweep", None, day)
    assert home.ended("FaceSweep")["status"] == "Done"
    rows = Facelist(home.folder / "facelist.csv").rows
    assert any(f"FaceSweep: {len(rows)} face candidates added from {day}." == text for text in home.texts())
    with editing(home.folder / "facelist.csv") as facelist:
        for number, row in rows.items():
            facelist[number] = row.changed(status=Status.SELECTED, name="Ann")
    home.submit("FaceDataUpdate", None, day)
    assert home.ended("FaceDataUpdate")["status"] == "Done"
    assert f"FaceDataUpdate: {len(rows)} face selections processed for {day}." in home.texts()
    assert len(facedata.read(home.folder / "facebeta2.hdf5").keys) == len(rows)
    assert {row.status for row in Facelist(home.folder / "facelist.csv").rows.values()} == {Status.IN_USE}


def test_the_cleanup_deletes_old_events_through_the_pump_and_gives_a_true_account(home):
    day, events = someone(home).date, home.sink.events(someone(home).date)
    header = "date,event,timestamp,status\n"
    (home.folder / "facelist.csv").write_text(f"{header}{day},{events[0].event},{day} 08:00:00.000001,1\n")
    home.submit("DailyCleanup", None, day)
    assert home.ended("DailyCleanup")["status"] == "Done"
    assert [event.event for event in home.sink.events(day)] == [events[0].event], home.texts()
    (told,) = [text for text in home.texts() if text.startswith(f"DailyCleanup: {len(events)} events")]
    assert f"{len(events) - 1} deleted, 1 locked" in told


def test_what_cannot_be_done_says_so_and_the_rest_goes_on(home):
    event = someone(home)
    home.submit("GetFaces", "f" * 32, event.date)
    home.submit("VehicleSpeed", event.event, event.date)
    assert home.submit("NoSuchTask", event.event, event.date) == "Error"
    assert home.ended("GetFaces", "f" * 32)["status"] == "Failed"
    assert home.ended("VehicleSpeed")["status"] == "Failed"
    assert any("none of DeepThink's tasks" in text for text in home.texts())
    home.submit("GetFaces", event.event, event.date)
    assert home.ended("GetFaces", event.event)["status"] == "Done"


def children(pid):
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    return [int(one) for one in found]


def test_a_killed_engine_and_a_killed_service_lose_no_job(home):
    day = someone(home).date
    events = [event for event in home.sink.events(day) if home.sink.marks(event, "trk")][:4]
    jobs = [home.submit("GetFaces", event.event, day) for event in events]
    home.wait(lambda: [one for one in home.messages() if one.get("flag") == "START"])
    for child in children(home.process.pid):
        os.kill(child, signal.SIGKILL)
    home.ended("GetFaces", events[0].event)
    home.process.kill()
    home.process.wait()
    home.texts()
    home.heard = [one for one in home.heard if one[1] != '{"here": 1}']
    home.start()
    for event in events:
        assert home.ended("GetFaces", event.event)["status"] == "Done"
    ended = [one["jobid"] for one in home.messages() if one.get("flag") == "EOJ" and one["task"] == "GetFaces"]
    assert set(ended) == set(jobs)
