"""The status page's server-sent events, over real connections to the real service."""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.request

import httpx
import psutil
import pytest

from deepthink.web import live as live_module
from deepthink.web.live import Live
from deepthink.web.status_service import StatusService
from deepthink.web.users import Users
from tests.end_to_end.command import DEEPTHINK
from tests.web import living
from tests.web.conftest import PASSWORD, running
from tests.web.test_status import CHEAP

SMALL = 120  # MB


def serving(site):
    return running(StatusService(site.settings))


@pytest.fixture
def served(site, monkeypatch):
    monkeypatch.setattr(live_module, "TICK", 0.2)
    with serving(site) as found:
        yield found


class Listening:
    """A client that reads events as they come, in a thread of its own."""

    def __init__(self, address, have="", cookies=None):
        self.events, self.comments, self.status = [], 0, None
        self.ended = threading.Event()
        self._client = httpx.Client(timeout=httpx.Timeout(10, read=60), cookies=cookies)
        self._begun = threading.Event()
        self._thread = threading.Thread(target=self._read, args=(f"{address}/status/events", have), daemon=True)
        self._thread.start()
        assert self._begun.wait(20)

    def _read(self, url, have):
        with contextlib.suppress(httpx.HTTPError), self._client.stream("GET", url, params={"have": have}) as answer:
            self.status, self.kind = answer.status_code, answer.headers["content-type"]
            self._begun.set()
            name = ""
            for line in answer.iter_lines():
                self.comments += line.startswith(":")
                if line.startswith("event: "):
                    name = line[7:]
                if line.startswith("data: "):
                    self.events.append((name, json.loads(line[6:])))
        self._begun.set()
        self.ended.set()

    def parts(self):
        return [content["id"] for name, content in self.events if name == "part"]

    def close(self):
        self._client.close()


def until(what, seconds=10.0):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def marks(address):
    return ",".join(one["mark"] for one in httpx.get(f"{address}/status/parts").json())


def test_what_changes_is_sent_and_nothing_else(served, site):
    one = Listening(served.address, marks(served.address))
    assert one.kind.startswith("text/event-stream")
    until(lambda: one.comments)
    assert set(one.parts()) <= {"machine"}
    living.ran(site)
    until(lambda: "runs" in one.parts())
    assert "gamma3" in {c["id"]: c["html"] for _, c in one.events}["runs"]
    assert set(one.parts()) <= {"runs", "machine", "waits", "run", "glance"}
    assert one.parts().count("runs") == 1
    one.close()


def test_who_has_nothing_is_sent_everything_once(served):
    one = Listening(served.address)
    until(lambda: len(one.parts()) >= 10)
    assert len(set(one.parts())) == 10
    one.close()


def test_all_are_told_of_a_change_which_is_rendered_once(served, site):
    rendered, render = [], served.status.live._render
    served.status.live._render = lambda: rendered.append(1) or render()
    have = marks(served.address)
    all_of_them = [Listening(served.address, have) for _ in range(8)]
    rendered.clear()
    living.ran(site)
    until(lambda: all("runs" in one.parts() for one in all_of_them))
    assert len(rendered) == 1
    for one in all_of_them:
        one.close()


def test_a_silent_connection_is_given_a_sign_of_life(served, monkeypatch):
    monkeypatch.setattr(live_module, "HEARTBEAT", 0.3)
    one = Listening(served.address, marks(served.address))
    until(lambda: one.comments >= 3)
    one.close()


def test_more_browsers_than_it_can_tell_are_told_to_ask_now_and_then(served, monkeypatch):
    monkeypatch.setattr(live_module, "MOST", 3)
    first = [Listening(served.address) for _ in range(3)]
    until(lambda: served.status.live.listeners == 3)
    refused = httpx.get(f"{served.address}/status/events")
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "15"
    assert httpx.get(f"{served.address}/status/parts").status_code == 200
    first[0].close()
    until(lambda: served.status.live.listeners == 2)
    late = Listening(served.address)
    assert late.status == 200
    for one in (*first, late):
        one.close()


def test_who_has_gone_is_forgotten_and_then_nothing_is_looked_at(served, site):
    one = Listening(served.address)
    until(lambda: one.parts())
    one.close()
    until(lambda: served.status.live.listeners == 0)
    until(lambda: served.status.live._thread is None)
    looked, stamp = [], served.status.live._stamp
    served.status.live._stamp = lambda: looked.append(1) or stamp()
    time.sleep(1)
    assert looked == []


@pytest.fixture
def somebody(site):
    users = Users(site.settings.root / "reviewers/users.json", CHEAP)
    users.add("ann", PASSWORD, "look")
    return users


def log_in(address):
    client = httpx.Client(base_url=address, headers={"Origin": address})
    client.post("/login", data={"name": "ann", "password": PASSWORD})
    return client


@pytest.mark.parametrize("way", ["logging out", "being removed"])
def test_the_stream_ends_with_the_session(somebody, served, way):
    client = log_in(served.address)
    one = Listening(served.address, cookies=client.cookies)
    until(lambda: one.parts())
    if way == "logging out":
        text = client.get("/status").text
        token = re.search('name="csrf-token" content="([^"]+)"', text)[1]
        client.post("/logout", data={"token": token})
    else:
        somebody.remove("ann")
        somebody.add("bob", PASSWORD, "look")
    until(one.ended.is_set)
    assert one.events[-1][0] == "end"


def test_a_stream_without_a_session_is_refused(somebody, served):
    assert httpx.get(f"{served.address}/status/events").status_code == 401


def test_it_ends_at_once_also_while_somebody_listens(site):
    with serving(site) as service:
        one = Listening(service.address)
        until(lambda: one.parts())
        began = time.monotonic()
        service.close()
        until(one.ended.is_set)
    assert time.monotonic() - began < 2.5  # connections that are cut off are waited for 3 s


def test_a_disk_that_is_away_for_a_moment_ends_nothing(served, site):
    one = Listening(served.address, marks(served.address))
    until(lambda: one.comments)
    stamp, refused = served.status.live._stamp, []

    def away():
        refused.append(1)
        raise OSError("stale file handle")

    served.status.live._stamp = away
    until(lambda: len(refused) > 1)
    served.status.live._stamp = stamp
    living.ran(site)
    until(lambda: "runs" in one.parts())
    one.close()


def test_a_listener_whose_loop_has_ended_harms_nobody():
    live = Live(lambda: 0, lambda: {"a": "x"})

    async def once():
        stream = live.stream(set(), lambda: True)
        await anext(stream)
        return stream

    left = asyncio.run(once())
    live.tell()
    assert live.listeners <= 1
    assert left is not None
    live.close()


@pytest.fixture
def process(site):
    living.trends(site, alarms=(living.alarm(site),))
    words = [*DEEPTHINK, "serve", "status", "--site", str(site.settings.root), "--port", "0"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    process.address = re.search(r"http://127\.0\.0\.1:\d+", process.stderr.readline())[0]
    yield process
    process.kill()
    process.wait()


def test_the_command_is_small_and_ends_when_it_is_told_to(process):
    own = psutil.Process(process.pid)
    with urllib.request.urlopen(f"{process.address}/status", timeout=30) as answer:
        page = answer.read().decode()
    one = Listening(process.address, ",".join(re.findall(r'data-mark="(\w+)"', page)))
    until(lambda: one.comments, 20)
    assert own.memory_info().rss / 2**20 < SMALL
    with urllib.request.urlopen(process.address + re.search(r"/status/faces/\w+\.jpg", page)[0], timeout=60) as answer:
        assert answer.read()[:2] == b"\xff\xd8"
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0
    assert "Traceback" not in process.stderr.read()


def test_the_doctor_looks_beside_and_his_findings_come_by_themselves(process):
    one = Listening(process.address)
    urllib.request.urlopen(f"{process.address}/status", timeout=30).read()
    found = lambda: [c["html"] for _, c in one.events if c["id"] == "doctor"]
    until(lambda: any("Looked" in html for html in found()), 120)
    assert "disk" in found()[-1] or "All is well" in found()[-1] or "here:" in found()[-1]
    assert not psutil.Process(process.pid).children()
    one.close()
