"""Our client, against our pump, and against a server that behaves as SentinelCam's does, faults included."""

import pickle
import threading
import time
import zlib
from datetime import datetime, timedelta

import imagezmq
import msgpack
import pandas as pd
import pytest
import zmq

from deepthink.datasink.base import Mark
from deepthink.datasink.feed import FeedDatasink
from deepthink.datasink.folder import FolderDatasink
from deepthink.errors import BadInputError, StepError
from deepthink.records import Box, FrameKey
from deepthink.testing.checks import check_datasink
from tests.sentinelcam.site import DAY, EVENTS, START, make_site, picture, serving

OK = b'{"msg": "OK"}'


@pytest.fixture
def folder(tmp_path):
    return make_site(tmp_path / "site")


@pytest.fixture
def feed(folder, tmp_path):
    with serving(folder, delete=True) as pump:
        feed = FeedDatasink(pump.address, tmp_path / "results", timeout=5)
        yield feed
        feed.close()


class Upstream:
    """A REP server built on SentinelCam's own library; `reply` maps a request to the frames of its reply."""

    def __init__(self, reply):
        self.hub = imagezmq.ImageHub("tcp://127.0.0.1:0", REQ_REP=True)
        self.address = self.hub.zmq_socket.last_endpoint.decode()
        self.asked, self.reply, self.ended = [], reply, threading.Event()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while not self.ended.is_set():
            if self.hub.zmq_socket.poll(20):
                request = msgpack.loads(self.hub.zmq_socket.recv())
                self.asked.append(request)
                self.hub.zmq_socket.send_multipart(self.reply(request))
        self.hub.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def asking(server, tmp_path, **options):
    return FeedDatasink(server.address, tmp_path / "results", **{"timeout": 5.0, **options})


def test_a_folder_and_a_feed_keep_the_same_contract(folder, feed):
    check_datasink(feed)
    check_datasink(FolderDatasink(folder / "data", folder / "images"))


def test_both_show_the_same_events_marks_times_and_pictures(folder, feed):
    sink = FolderDatasink(folder / "data", folder / "images")
    assert feed.dates() == sink.dates()
    assert feed.events(DAY) == sink.events(DAY)
    for event in sink.events(DAY):
        assert feed.times(event) == sink.times(event)
        assert [feed.marks(event, kind) for kind in event.types] == [sink.marks(event, kind) for kind in event.types]
        for when in sink.times(event):
            key = FrameKey(DAY, event.event, when)
            assert feed.picture(key) == sink.picture(key)
    assert feed.healthy()


def test_results_are_kept_beside_and_read_before_the_pump_is_asked(folder, feed):
    event = feed.events(DAY)[0]
    mark = Mark(START, "0", "Face", Box(1, 2, 3, 4))
    feed.write(event, "fd1", [mark])
    assert feed.marks(event, "fd1") == [mark]
    feed.write(event, "fd1", [])  # a set without marks is a set
    assert feed.marks(event, "fd1") == []
    assert len(FolderDatasink(folder / "data", folder / "images").marks(event, "fd1")) == 1


def test_a_picture_that_is_not_there_is_an_error_and_no_black_face(feed):  # B7
    with pytest.raises(BadInputError, match="no picture"):
        feed.picture(FrameKey(DAY, EVENTS[0], START + timedelta(hours=1)))


def test_an_event_is_deleted_or_locked(folder, feed):
    first, second = feed.events(DAY)
    (folder / "facelist.csv").write_text(f"date,event,timestamp\n{DAY},{second.event},2026-03-02 08:00:00.050631\n")
    feed.write(first, "fr1", [Mark(START, "0", "Face", Box(1, 2, 3, 4))])
    assert feed.delete(first)
    assert not list(feed.results.data.rglob(f"{first.event}*"))
    assert not feed.delete(second)
    assert [event.event for event in feed.events(DAY)] == [second.event]
    with pytest.raises(BadInputError, match="could not delete"):
        feed.delete(first)


def test_pandas_tables_of_sentinelcams_server_are_read(tmp_path):
    index = pd.DataFrame(
        {"node": ["alpha5"], "viewname": ["PiCam3"], "timestamp": [pd.Timestamp(START)], "event": [EVENTS[0]],
         "width": [640], "height": [480], "type": ["trk"]}, index=[46],
    )  # fmt: skip
    marks = pd.DataFrame({"timestamp": [pd.Timestamp(START)], "objid": ["0"], "classname": ["person: 0.9"]})
    for side in ("x1", "x2", "y1", "y2"):
        marks[f"rect_{side}"] = pd.array([7], "Int64")
    replies = {
        "dat": [OK, zlib.compress(pickle.dumps([DAY, "lost+found", "/stray.txt"]))],
        "idx": [OK, pickle.dumps(index, 4)],
        "evt": [OK, pickle.dumps(marks, 4)],
        "img": [OK, zlib.compress(pickle.dumps([START, START - timedelta(seconds=1)]))],
        "pic": [OK, picture()],
    }
    with Upstream(lambda request: replies[request["cmd"]]) as server:
        feed = asking(server, tmp_path)
        assert feed.dates() == [DAY]
        (event,) = feed.events(DAY)
        assert feed.marks(event, "trk") == [Mark(START, "0", "person: 0.9", Box(7, 7, 7, 7))]
        assert feed.times(event) == [START - timedelta(seconds=1), START]
        key = FrameKey(DAY, EVENTS[0], datetime(2026, 3, 2, 8))
        assert feed.picture(key) == picture()
        feed.close()
    assert server.asked[-1]["frametime"] == "2026-03-02_08.00.00.000000"  # never without its fraction (B1)


@pytest.mark.parametrize("frame", [b"Error", b"Exception", b"", b"\xff"])
def test_an_error_frame_is_an_error_at_once(tmp_path, frame):  # B22
    with Upstream(lambda request: [frame]) as server:
        feed = asking(server, tmp_path, timeout=30.0)
        started = time.monotonic()
        with pytest.raises(BadInputError, match="answered"):
            feed.events(DAY)
        assert time.monotonic() - started < 5
        feed.close()
    assert len(server.asked) == 1


def test_an_answer_that_comes_too_late_is_never_taken_for_the_next_ones(tmp_path):
    """The first answer comes after the client has given up; the second question must get its own."""
    slow = iter([0.6, 0.0, 0.0])

    def reply(request):
        time.sleep(next(slow, 0.0))
        return [OK, zlib.compress(pickle.dumps([DAY if request["cmd"] == "dat" else START]))]

    with Upstream(reply) as server:
        feed = asking(server, tmp_path, timeout=0.3, retries=0)
        with pytest.raises(StepError, match="did not answer"):
            feed.dates()
        time.sleep(0.5)
        assert feed._list({"cmd": "img", "date": DAY, "evt": EVENTS[0]}) == [START]
        feed.close()


def test_a_question_is_asked_again_until_a_pump_is_there(folder, tmp_path):
    context = zmq.Context()
    probe = context.socket(zmq.REP)
    port = probe.bind_to_random_port("tcp://127.0.0.1")
    probe.close(linger=0)
    context.term()
    feed = FeedDatasink(f"tcp://127.0.0.1:{port}", tmp_path / "results", timeout=0.5, retries=20)
    found = []
    thread = threading.Thread(target=lambda: found.append(feed.dates()))
    thread.start()
    time.sleep(0.8)
    from deepthink.datasink.pump import Pump
    from tests.sentinelcam.site import answers, running

    with running(Pump(answers(folder), f"tcp://127.0.0.1:{port}")):
        thread.join()
    assert found == [[DAY]]
    feed.close()


def test_a_deletion_is_never_asked_twice(folder, tmp_path):
    with Upstream(lambda request: time.sleep(0.4) or [b"OK"]) as server:
        feed = asking(server, tmp_path, timeout=0.1, retries=5)
        event = FolderDatasink(folder / "data", folder / "images").events(DAY)[0]
        with pytest.raises(StepError):
            feed.delete(event)
        time.sleep(0.5)
        feed.close()
    assert len(server.asked) == 1


class Attack:
    def __reduce__(self):
        return exec, ("raise SystemExit('run')",)


@pytest.mark.parametrize("cmd", ["dat", "idx", "evt", "img"])
def test_a_server_cannot_run_anything_here(folder, tmp_path, cmd):  # B20
    content = pickle.dumps(Attack(), 4)
    event = FolderDatasink(folder / "data", folder / "images").events(DAY)[0]
    with Upstream(lambda request: [OK, content if cmd in ("idx", "evt") else zlib.compress(content)]) as server:
        feed = asking(server, tmp_path)
        work = {"dat": feed.dates, "idx": lambda: feed.events(DAY), "evt": lambda: feed.marks(event, "obj"),
                "img": lambda: feed.times(event)}  # fmt: skip
        with pytest.raises(BadInputError, match=r"builtins.exec.*refused"):
            work[cmd]()
        feed.close()


def test_a_small_message_cannot_fill_the_memory(tmp_path):
    bomb = zlib.compress(b"\0" * 100_000_000)
    assert len(bomb) < 100_000
    with Upstream(lambda request: [OK, bomb]) as server:
        feed = asking(server, tmp_path)
        with pytest.raises(BadInputError):
            feed.dates()
        feed.close()


def test_an_address_that_is_none_is_said_so(tmp_path):
    with pytest.raises(StepError, match="no address"):
        FeedDatasink("nonsense", tmp_path).dates()


def test_many_threads_share_one_feed(folder, feed):
    key = FrameKey(DAY, EVENTS[0], START)
    wrong = []

    def work():
        for _ in range(50):
            if feed.picture(key) != picture(90) or feed.dates() != [DAY]:
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
