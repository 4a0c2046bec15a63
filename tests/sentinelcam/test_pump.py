"""The pump, frame by frame (docs/formats.md, 1.2), as SentinelCam's own client library sends and reads them."""

import pickle
import threading
import time
import zlib
from datetime import datetime

import imagezmq
import msgpack
import numpy as np
import pandas as pd
import pytest
import zmq

from deepthink.cli.serve import _deleting
from deepthink.curation.holds import AnyRow
from deepthink.datasink.answers import Answers
from deepthink.datasink.feed import FeedDatasink
from deepthink.datasink.folder import FolderDatasink
from deepthink.datasink.pump import Pump
from deepthink.datasink.wire import make_keys
from deepthink.errors import SettingsError
from deepthink.files import locked
from tests.sentinelcam.site import DAY, EVENTS, HEADER, START, answers, make_site, picture, running, serving

OK = b'{"msg": "OK"}'


@pytest.fixture
def folder(tmp_path):
    return make_site(tmp_path)


@pytest.fixture
def ask(folder):
    """Send one request through imagezmq's own sender, and return the reply's frames."""
    with serving(folder, delete=True) as pump:
        sender = imagezmq.ImageSender(pump.address, REQ_REP=True)
        sender.zmq_socket.rcvtimeo = 5000

        def ask(request):
            sender.zmq_socket.send(msgpack.dumps(request))
            return sender.zmq_socket.recv_multipart()

        yield ask
        sender.close()


def test_the_dates_are_a_packed_list_newest_first(ask, folder):
    (folder / "data" / "2026-03-05").mkdir()
    (folder / "data" / "lost+found").mkdir()  # a stray is no date
    first, second = ask({"cmd": "dat"})
    assert first == OK
    assert second[:2] == b"\x78\x9c"
    content = zlib.decompress(second)
    assert content[:2] == b"\x80\x04"  # pickle protocol 4
    assert pickle.loads(content) == ["2026-03-05", DAY]


def test_the_index_is_a_table_newest_first_with_the_numbers_of_the_files_lines(ask):
    first, second = ask({"cmd": "idx", "date": DAY})
    assert (first, second[:2]) == (OK, b"\x80\x04")
    table = pickle.loads(second)
    assert list(table.columns) == ["node", "viewname", "timestamp", "event", "width", "height", "type"]
    assert table["timestamp"].dtype.kind == "M"
    assert (table["width"].dtype, table["height"].dtype) == (np.int64, np.int64)
    assert list(table["type"]) == ["trk", "trk", "fd1"]
    assert list(table["event"]) == [EVENTS[1], EVENTS[0], EVENTS[0]]
    assert list(table.index) == [1, 0, 2]
    assert table.iloc[1].timestamp == pd.Timestamp(START)


def test_a_set_is_a_table_with_the_time_since_the_event_began(ask):
    first, second = ask({"cmd": "evt", "date": DAY, "evt": EVENTS[0]})  # without trk: the tracking set
    table = pickle.loads(second)
    assert first == OK
    assert list(table.columns) == [*HEADER.split(","), "elapsed"]
    assert [str(table[name].dtype) for name in HEADER.split(",")[3:]] == ["Int64"] * 4
    assert list(table["elapsed"].dt.total_seconds()) == [0.0, 0.5, 1.0]
    assert table.iloc[0].tolist()[1:7] == ["0", "person: 0.9642", 146, 165, 277, 296]
    faces = pickle.loads(ask({"cmd": "evt", "date": DAY, "evt": EVENTS[0], "trk": "fd1"})[1])
    assert list(faces["classname"]) == ["Face"]


def test_the_files_own_header_decides_and_lines_keep_their_numbers(ask, folder):
    file = folder / "data" / DAY / f"{EVENTS[0]}_obj.csv"
    file.write_text(
        "timestamp,objid,classname,rect_x1,rect_x2,rect_y1,rect_y2\n"
        "2026-03-02T08:00:02.000001,1,person: 0.5,1,3,2,4\n"
        '2026-03-02T08:00:01,2,"with, comma",5,7,,8\n'  # a whole second (B1), a quoted field, nothing in one
        "not a time,2,x,5,7,6,8\n"
        "2026-03-02T08:00:03.000001,2,one, too many,5,7,6,8\n"
    )
    table = pickle.loads(ask({"cmd": "evt", "date": DAY, "evt": EVENTS[0], "trk": "obj"})[1])
    assert list(table.columns)[3:5] == ["rect_x1", "rect_x2"]
    assert list(table.index) == [1, 0]
    assert list(table["classname"]) == ["with, comma", "person: 0.5"]
    assert table["rect_y1"].isna().tolist() == [True, False]


def test_what_is_not_there_is_an_empty_table_at_once(ask, folder):
    (folder / "data" / DAY / f"{EVENTS[1]}_fd1.csv").write_text(HEADER + "\n")
    empty = pickle.loads(ask({"cmd": "idx", "date": "2026-03-03"})[1])
    assert (len(empty), list(empty.columns)[:2], set(map(str, empty.dtypes))) == (0, ["node", "viewname"], {"object"})
    none = pickle.loads(ask({"cmd": "evt", "date": DAY, "evt": EVENTS[1], "trk": "fr1"})[1])
    assert list(none.columns) == [
        "timestamp", "elapsed", "objid", "classname", "rect_x1", "rect_x2", "rect_y1", "rect_y2"
    ]  # fmt: skip
    header_only = pickle.loads(ask({"cmd": "evt", "date": DAY, "evt": EVENTS[1], "trk": "fd1"})[1])
    assert (len(header_only), list(header_only.columns)) == (0, HEADER.split(","))
    assert pickle.loads(zlib.decompress(ask({"cmd": "img", "date": "2026-03-03", "evt": EVENTS[0]})[1])) == []


def test_an_events_picture_times_are_datetimes_ascending(ask):
    first, second = ask({"cmd": "img", "date": DAY, "evt": EVENTS[1]})
    times = pickle.loads(zlib.decompress(second))
    assert first == OK
    assert [type(time) for time in times] == [datetime] * 3
    assert times == sorted(times)


def test_a_picture_comes_as_it_is_stored_and_a_missing_one_as_one_black_pixel(ask, folder):
    import cv2

    stored = {"cmd": "pic", "date": DAY, "evt": EVENTS[0], "frametime": "2026-03-02_08.00.00.050631"}
    assert ask(stored) == [OK, picture(90)]
    (folder / "images" / DAY / f"{EVENTS[0]}_2026-03-02_08.00.09.000001.jpg").touch()
    for frametime in ("2026-03-02_08.00.09.000001", "2026-03-02_08.00.07.000001", "../../../etc/passwd", ""):
        first, jpeg = ask({**stored, "frametime": frametime})
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), 1)
        assert (first, image.shape, image.max()) == (OK, (1, 1, 3), 0)


def test_a_whole_second_that_is_asked_for_without_its_fraction_is_found(ask, folder):  # B1
    (folder / "images" / DAY / f"{EVENTS[0]}_2026-03-02_08.00.02.000000.jpg").write_bytes(picture(7))
    assert ask({"cmd": "pic", "date": DAY, "evt": EVENTS[0], "frametime": "2026-03-02_08.00.02"})[1] == picture(7)


def test_health_and_errors_are_one_bare_frame(ask):
    assert ask({"cmd": "HC"}) == [b"OK"]
    assert ask({"cmd": "what"}) == [b"Error"]
    assert ask({"no": "cmd"}) == [b"Error"]
    assert ask({"cmd": "idx"}) == [b"Error"]
    assert ask({"cmd": "pic", "date": DAY, "evt": EVENTS[0]}) == [b"Error"]
    assert ask({"cmd": "idx", "date": 20260302}) == [b"Exception"]
    assert ask({"cmd": "img", "date": DAY, "evt": [EVENTS[0]]}) == [b"Exception"]
    assert ask({"cmd": ["idx"], "date": DAY}) == [b"Error"]


@pytest.mark.parametrize("date", ["..", "../..", "/etc", "", ".", "2026-03-02/..", "2026-03-0?", "*"])
@pytest.mark.parametrize("event", [EVENTS[0], "", "*", "..", "a" * 10_000, "x;touch y"])
def test_no_request_leads_out_of_the_folders(tmp_path, date, event):  # B19
    for place in ("data", "images"):
        (tmp_path / place).mkdir()
        (tmp_path / f"{EVENTS[0]}_2026-03-02_08.00.00.050631.jpg").write_bytes(picture())
        (tmp_path / "camwatcher.csv").write_text(f"a,b,{START.isoformat()},{EVENTS[0]},1,1,trk\n")
        (tmp_path / f"{EVENTS[0]}_trk.csv").write_text(f"{HEADER}\n{START.isoformat()},0,secret,1,2,3,4\n")
    asked = answers(tmp_path, delete=True)
    request = {"date": date, "evt": event, "frametime": "2026-03-02_08.00.00.050631"}
    for cmd in ("idx", "evt", "img", "pic", "del"):
        reply = b"".join(asked.answer({"cmd": cmd, **request}))
        assert picture() not in reply
        assert b"secret" not in reply
        assert EVENTS[0].encode() not in reply
    assert len(list(tmp_path.rglob("*.*"))) == 3


def test_an_event_is_deleted_whole_and_nothing_else(ask, folder):
    others = {file for file in folder.rglob("*") if EVENTS[1] in file.name}
    assert ask({"cmd": "del", "date": DAY, "evt": EVENTS[0]}) == [b"OK"]
    left = {file for file in folder.rglob("*") if EVENTS[0] in file.name}
    assert left == set()
    assert {file for file in folder.rglob("*") if EVENTS[1] in file.name} == others
    assert list(pickle.loads(ask({"cmd": "idx", "date": DAY})[1])["event"]) == [EVENTS[1]]


@pytest.mark.parametrize("event", ["", ".", "*", "a6a3", EVENTS[0][:-1], f"{EVENTS[0]}; touch x", "a" * 32])
def test_only_a_whole_events_name_deletes(ask, folder, event):  # B2
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    assert ask({"cmd": "del", "date": DAY, "evt": event}) == [b"Error"]
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before


def test_an_event_that_is_listed_after_the_pump_has_started_is_locked(ask, folder):  # B3, B23
    facelist = folder / "facelist.csv"
    assert ask({"cmd": "HC"}) == [b"OK"]
    facelist.write_text(f"date,event,timestamp\n{DAY},{EVENTS[0]},2026-03-02 08:00:00.050631\n")
    assert ask({"cmd": "del", "date": DAY, "evt": EVENTS[0]}) == [b"Locked"]
    facelist.write_text("date,event,timestamp\n")
    assert ask({"cmd": "del", "date": DAY, "evt": EVENTS[0]}) == [b"OK"]


@pytest.mark.parametrize("content", [b"", b"date,event,times", b"nothing,of,use\n1,2,3\n"])
def test_a_facelist_that_cannot_be_understood(ask, folder, content):
    """One that is empty or ends in the middle is being rewritten, and one without the columns may list anything."""
    (folder / "facelist.csv").write_bytes(content)
    assert ask({"cmd": "del", "date": DAY, "evt": EVENTS[0]}) == [b"Locked"]


def camwatcher(answer, delay=0.0):
    """A camwatcher's control port, and what it was asked."""
    context = zmq.Context.instance()
    socket = context.socket(zmq.REP)
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    asked = []

    def work():
        asked.append(socket.recv_json())
        time.sleep(delay)
        socket.send(answer)
        socket.close(linger=1000)

    threading.Thread(target=work, daemon=True).start()
    return f"tcp://127.0.0.1:{port}", asked


@pytest.mark.parametrize("answer", [b"OK", b"Error"])
def test_a_camwatcher_is_asked_and_its_answer_handed_on(folder, answer):
    address, asked = camwatcher(answer)
    with serving(folder, camwatcher=address) as pump:
        feed = FeedDatasink(pump.address, folder / "own")
        assert feed._ask({"cmd": "del", "date": DAY, "evt": EVENTS[0]}, 1) == [answer]
        feed.close()
    assert asked == [{"cmd": "DelEvt", "date": DAY, "event": EVENTS[0]}]


def test_a_camwatcher_that_does_not_answer_keeps_nobody_waiting(folder):  # B18
    with serving(folder, camwatcher="tcp://127.0.0.1:9", patience=1.0) as pump:
        deleting, other = FeedDatasink(pump.address, folder / "a"), FeedDatasink(pump.address, folder / "b")
        answer = []
        thread = threading.Thread(
            target=lambda: answer.append(deleting._ask({"cmd": "del", "date": DAY, "evt": EVENTS[0]}, 1))
        )
        thread.start()
        time.sleep(0.1)
        started = time.monotonic()
        assert other.healthy()
        assert other.dates() == [DAY]
        assert time.monotonic() - started < 0.5
        thread.join()
        assert answer == [[b"Error"]]
        deleting.close()
        other.close()


def test_a_camwatcher_that_deletes_by_pattern_is_not_asked_for_the_beginning_of_another_event(tmp_path):  # B2
    make_site(tmp_path, ("abc", "abcd"))
    with serving(tmp_path, camwatcher="tcp://127.0.0.1:9", patience=0.1) as pump:
        feed = FeedDatasink(pump.address, tmp_path / "own")
        started = time.monotonic()
        assert feed._ask({"cmd": "del", "date": DAY, "evt": "abc"}, 1) == [b"Error"]
        assert time.monotonic() - started < 0.1  # it was not even asked
        feed.close()


@pytest.mark.parametrize("event", ["trk", "8", "PiCam3"])
def test_a_camwatcher_that_deletes_by_pattern_is_asked_for_names_of_its_own_kind_alone(tmp_path, event):  # B2
    make_site(tmp_path, (event, EVENTS[0]))
    with serving(tmp_path, camwatcher="tcp://127.0.0.1:9", patience=5) as pump:
        feed = FeedDatasink(pump.address, tmp_path / "own", timeout=2, retries=0)
        assert feed._ask({"cmd": "del", "date": DAY, "evt": event}, 1) == [b"Error"]
        feed.close()


def test_with_curve_keys_only_their_holders_are_served(folder, tmp_path):
    keys = make_keys(tmp_path / "keys")
    assert make_keys(keys) == keys  # those that are there stay
    stranger = make_keys(tmp_path / "others")
    (stranger / "server.key").write_bytes((keys / "server.key").read_bytes())
    with serving(folder, curve=keys) as pump:
        friend = FeedDatasink(pump.address, tmp_path / "a", curve=keys, timeout=5)
        assert friend.dates() == [DAY]
        for wrong in (stranger, None):
            other = FeedDatasink(pump.address, tmp_path / "b", curve=wrong, timeout=0.5, retries=0)
            assert not other.healthy()
            other.close()
        friend.close()
    assert (keys / "server.key_secret").stat().st_mode & 0o077 == 0


def test_one_bad_line_costs_itself_alone(ask, folder):  # B24
    index = folder / "data" / DAY / "camwatcher.csv"
    index.write_bytes(b"x," * 100_000 + b"\n\xff\xfe,bad,utf8\n" + index.read_bytes() + b"torn,li")
    table = pickle.loads(ask({"cmd": "idx", "date": DAY})[1])
    assert list(table["event"]) == [EVENTS[1], EVENTS[0], EVENTS[0]]
    marks = folder / "data" / DAY / f"{EVENTS[0]}_trk.csv"
    header, *lines = marks.read_bytes().split(b"\n")
    marks.write_bytes(b"\n".join([header, b"\xff\xfe\x00,1,2", *lines]))
    table = pickle.loads(ask({"cmd": "evt", "date": DAY, "evt": EVENTS[0]})[1])
    assert list(table["classname"]) == ["person: 0.9642"] * 3
    assert len(pickle.loads(zlib.decompress(ask({"cmd": "img", "date": DAY, "evt": EVENTS[0]})[1]))) == 3


def test_lines_of_the_same_time_stay_in_the_files_order(ask, folder):  # B29
    index, kinds = folder / "data" / DAY / "camwatcher.csv", ["trk", "obj", "fd1", "fr1", "vsp"] * 20
    start = START.isoformat()
    index.write_text("".join(f"alpha5,PiCam3,{start},{EVENTS[0]},640,480,{kind}\n" for kind in kinds))
    assert list(pickle.loads(ask({"cmd": "idx", "date": DAY})[1])["type"]) == kinds


@pytest.mark.parametrize(
    "time_", ["9999-12-31T23:59:59.000000", "0001-01-01T00:00:00.000000", "2026-03-02T08:00:00+02:00"]
)
def test_a_time_that_pandas_cannot_hold_costs_its_line_alone(ask, folder, time_):
    marks = folder / "data" / DAY / f"{EVENTS[0]}_trk.csv"
    marks.write_text(marks.read_text() + f"{time_},0,person: 0.5,1,2,3,4\n")
    assert len(pickle.loads(ask({"cmd": "evt", "date": DAY, "evt": EVENTS[0]})[1])) == 3


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("camwatcher.csv", "a,b,2026-03-02T08:00:00,x,inf,1,trk"),
        ("camwatcher.csv", 'a\rb,"b",2026-03-02T08:00:00,x,1e999,1,trk'),
        (f"{EVENTS[0]}_trk.csv", '2026-03-02T08:00:00,0\r,"b",inf,2,3,4'),
    ],
)
def test_a_number_without_end_or_a_quote_after_a_carriage_return_costs_its_line_alone(ask, folder, name, line):
    file = folder / "data" / DAY / name
    file.write_bytes(file.read_bytes() + line.encode() + b"\n")
    assert len(pickle.loads(ask({"cmd": "idx", "date": DAY})[1])) == 3
    assert len(pickle.loads(ask({"cmd": "evt", "date": DAY, "evt": EVENTS[0]})[1])) == 3


def test_a_camwatchers_address_that_is_none_is_refused_at_the_start(folder):
    with pytest.raises(SettingsError, match=r"localhost:5566.* is no camwatcher's address"):
        Pump(answers(folder), "tcp://127.0.0.1:*", camwatcher="localhost:5566")


def test_a_client_that_asks_and_does_not_read_takes_little_memory(folder):
    """Each of its answers would be kept for it: 10 MB each, on a busy day."""
    asked = []
    pump = Pump(answers(folder), "tcp://127.0.0.1:*")
    pump.answers.answer = lambda request: asked.append(request) or [b"x" * 10**6]
    with running(pump), zmq.Context() as context, context.socket(zmq.DEALER) as client:
        client.linger, client.rcvhwm, client.rcvbuf = 0, 1, 4096
        client.connect(pump.address)
        for _ in range(100):
            client.send_multipart([b"", msgpack.packb({"cmd": "idx"})])
        deadline = time.monotonic() + 10
        while len(asked) < 100 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(asked) == 100
        read = 0
        while client.poll(500):
            read += len(client.recv_multipart()) > 0
        assert read < 30


def test_a_request_of_many_megabytes_is_not_even_taken_in(ask, folder):
    taken = []
    pump = Pump(answers(folder), "tcp://127.0.0.1:*")
    pump.answers.answer = lambda request: taken.append(request) or [b"Error"]
    with running(pump), zmq.Context() as context, context.socket(zmq.DEALER) as client:
        client.linger = 0
        client.connect(pump.address)
        client.send_multipart([b"", b"x" * 10_000_000])
        assert not client.poll(500)
        assert not taken


def test_a_deletion_waits_for_nobody_who_holds_the_facelist(folder):
    """Everybody else would wait with it."""
    sink, holds = FolderDatasink(folder / "data", folder / "images"), AnyRow(folder / "facelist.csv")
    asked = Answers(sink.data, sink.images, holds.holds, _deleting(sink, holds))
    with locked(folder / "facelist.csv"):
        begun = time.monotonic()
        assert asked.answer({"cmd": "del", "date": DAY, "evt": EVENTS[0]}) == [b"Error"]
        assert time.monotonic() - begun < 5
    assert asked.answer({"cmd": "del", "date": DAY, "evt": EVENTS[0]}) == [b"OK"]
