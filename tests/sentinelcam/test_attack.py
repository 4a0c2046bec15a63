"""The pump under malformed requests, and when it or its client dies in the middle of an answer."""

import os
import pickle
import random
import signal
import socket
import subprocess
import sys
import time
import zlib

import msgpack
import pytest
import zmq

from deepthink.datasink.feed import FeedDatasink
from deepthink.datasink.pump import MOST_UNREAD
from deepthink.datasink.wire import LONGEST_REQUEST
from tests.sentinelcam.site import DAY, EVENTS, make_site, serving

GOOD = {"cmd": "evt", "date": DAY, "evt": EVENTS[0]}
FAULTS = [  # B17, one by one
    [b"a", b"b"], [msgpack.packb(GOOD), b""], [msgpack.packb(7)], [msgpack.packb(None)], [b"\xc1"], [b'{"cmd": "HC"}'],
    [b""], [msgpack.packb(GOOD)[:-5]], [pickle.dumps(GOOD)], [b"x" * (LONGEST_REQUEST + 1)], [b"\x81" * 60_000],
    [b"\xdf\xff\xff\xff\xff"], [b"\xc6\xff\xff\xff\xff"], [msgpack.packb({"cmd": "idx", "date": "x" * 60_000})],
    [msgpack.packb({1: 2, "cmd": "pic", None: []}, strict_types=False)], [b""] * 50,
    [msgpack.packb({**GOOD, "trk": value}) for value in ("..", None, 3, [], "a\0b")][0:1],
]  # fmt: skip


@pytest.fixture(scope="module")
def pump(tmp_path_factory):
    with serving(make_site(tmp_path_factory.mktemp("site"))) as pump:
        yield pump


def requester(context, address):
    asked = context.socket(zmq.REQ)
    asked.linger = 0
    asked.rcvtimeo = 5000
    asked.connect(address)
    return asked


@pytest.mark.parametrize("frames", FAULTS, ids=range(len(FAULTS)))
def test_a_malformed_request_gets_an_answer_and_so_does_the_next_good_one(pump, frames):
    context = zmq.Context.instance()
    asked = requester(context, pump.address)
    asked.send_multipart(frames)
    assert asked.recv_multipart()
    asked.send(msgpack.packb({"cmd": "HC"}))
    assert asked.recv_multipart() == [b"OK"]
    asked.close()


def some_value(rng, depth=0):
    fewer = 2 if depth < 3 else 0
    kinds = [
        lambda: None, lambda: rng.randint(-(2**63), 2**64 - 1), rng.random, lambda: rng.random() < 0.5,
        lambda: rng.randbytes(rng.randint(0, 40)), lambda: rng.choice(["", "..", "*", DAY, EVENTS[0], "trk"]),
        lambda: "".join(chr(rng.randint(1, 0xD7FF)) for _ in range(rng.randint(0, 20))),
        lambda: [some_value(rng, depth + 1) for _ in range(rng.randint(0, fewer))],
        lambda: {str(rng.random()): some_value(rng, depth + 1) for _ in range(rng.randint(0, fewer))},
        lambda: msgpack.ExtType(rng.randint(0, 127), rng.randbytes(9)), lambda: msgpack.Timestamp(0),
    ]  # fmt: skip
    return rng.choice(kinds)()


def some_request(rng):
    """Frames of a request: well-formed with odd values, or packed and then cut, changed or doubled, or mere noise."""
    fields = {name: some_value(rng) for name in ("cmd", "date", "evt", "trk", "frametime") if rng.random() < 0.7}
    if rng.random() < 0.7:
        fields["cmd"] = rng.choice(["dat", "idx", "evt", "img", "pic", "del", "HC"])
    if rng.random() < 0.5:
        fields["date"] = DAY
    packed = bytearray(msgpack.packb(fields))
    way = rng.randint(0, 5)
    if way == 0:
        del packed[rng.randint(0, len(packed)) :]
    elif way == 1 and packed:
        packed[rng.randrange(len(packed))] = rng.randrange(256)
    elif way == 2:
        packed = bytearray(rng.randbytes(rng.randint(0, 200)))
    frames = [bytes(packed)]
    return frames + [rng.randbytes(3)] * rng.randint(1, 3) if way == 3 else frames


def test_after_each_of_10_000_generated_requests_the_next_good_one_is_answered(pump):
    """The events stay: nothing generated names one of them to be deleted."""
    rng = random.Random(5)
    context = zmq.Context.instance()
    asked, other = requester(context, pump.address), requester(context, pump.address)
    other.send(msgpack.packb(GOOD))
    expected = other.recv_multipart()
    for number in range(10_000):
        frames = some_request(rng)
        asked.send_multipart(frames)
        assert asked.recv_multipart(), frames
        if number % 10:
            other.send(msgpack.packb({"cmd": "HC"}))
            assert other.recv_multipart() == [b"OK"], frames
        else:
            other.send(msgpack.packb(GOOD))
            assert other.recv_multipart() == expected, frames
    asked.close()
    other.close()


def test_bytes_that_are_not_zeromq_at_all_disturb_nobody(pump):
    host, port = pump.address.removeprefix("tcp://").split(":")
    rng = random.Random(1)
    for _ in range(50):
        with socket.create_connection((host, int(port))) as raw:
            raw.sendall(rng.choice([b"GET / HTTP/1.1\r\n\r\n", b"\xff" + rng.randbytes(300), b"\0" * 64]))
    asked = requester(zmq.Context.instance(), pump.address)
    asked.send(msgpack.packb({"cmd": "HC"}))
    assert asked.recv_multipart() == [b"OK"]
    asked.close()


def test_messages_from_other_kinds_of_sockets_disturb_nobody(pump):
    context = zmq.Context.instance()
    dealer = context.socket(zmq.DEALER)
    dealer.linger = 0
    dealer.connect(pump.address)
    for frames in ([b"x"], [b"x", b"y"], [b"", b"x"], [b"", b""], [b"id", b"", msgpack.packb({"cmd": "HC"})]):
        dealer.send_multipart(frames)
    asked = requester(context, pump.address)
    asked.send(msgpack.packb({"cmd": "HC"}))
    assert asked.recv_multipart() == [b"OK"]
    asked.close()
    dealer.close()


def served(folder, port, *program):
    (folder / "facelist.csv").write_text("date,event,timestamp\n")
    command = [
        *(sys.executable, *(program or ("-m", "deepthink")), "serve", "pump"),
        *("--data", folder / "data", "--images", folder / "images"),
        *("--facelist", folder / "facelist.csv", "--bind", f"tcp://127.0.0.1:{port}"),
    ]
    return subprocess.Popen([str(word) for word in command], stderr=subprocess.PIPE, text=True)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def test_a_pump_that_is_killed_in_the_middle_of_its_work_is_simply_started_again(tmp_path):
    folder, port = make_site(tmp_path), free_port()
    feed = FeedDatasink(f"tcp://127.0.0.1:{port}", tmp_path / "own", timeout=2, retries=30)
    for _ in range(3):
        pump = served(folder, port)
        assert "Serving" in pump.stderr.readline()
        for _ in range(20):
            assert [event.event for event in feed.events(DAY)] == list(EVENTS)
        os.kill(pump.pid, signal.SIGKILL)
        pump.wait()
        pump.stderr.close()
    feed.close()


def test_no_answer_is_lost_to_a_client_that_reads(tmp_path):
    """Some were, when several requests came before the pump had heard how much the client had read."""
    port = free_port()
    pump = served(make_site(tmp_path), port)
    try:
        assert "Serving" in pump.stderr.readline()
        with zmq.Context() as context, context.socket(zmq.DEALER) as asked:
            asked.linger, asked.rcvtimeo = 0, 5_000
            asked.connect(f"tcp://127.0.0.1:{port}")
            for _ in range(1_000):
                for _ in range(MOST_UNREAD):
                    asked.send_multipart([b"", msgpack.packb({"cmd": "HC"})])
                assert [asked.recv_multipart() for _ in range(MOST_UNREAD)] == [[b"", b"OK"]] * MOST_UNREAD
    finally:
        pump.terminate()
        pump.wait()
        pump.stderr.close()


UNHEARD = """
import signal, sys, threading, time
from deepthink.cli.main import main
threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
main(sys.argv[1:])
"""


def test_a_pump_ends_also_when_the_signal_did_not_wake_it(tmp_path):
    """Another thread takes the signal, so that it never wakes the one that waits: as when it comes just before."""
    pump = served(make_site(tmp_path), free_port(), "-c", UNHEARD)
    try:
        assert "Serving" in pump.stderr.readline()
        pump.terminate()
        assert pump.wait(20) == 0
    finally:
        pump.kill()
        pump.wait()
        pump.stderr.close()


def test_a_client_that_is_killed_while_it_is_answered_disturbs_nobody(pump):
    script = (
        "import sys, zmq, msgpack\n"
        "s = zmq.Context().socket(zmq.DEALER); s.connect(sys.argv[1])\n"
        "while True:\n"
        f"    s.send_multipart([b'', msgpack.packb({{'cmd': 'idx', 'date': '{DAY}'}})])\n"
    )
    for _ in range(3):
        client = subprocess.Popen([sys.executable, "-c", script, pump.address])
        time.sleep(0.5)
        client.kill()
        client.wait()
        asked = requester(zmq.Context.instance(), pump.address)
        asked.rcvtimeo = 20_000
        asked.send(msgpack.packb({"cmd": "dat"}))
        assert pickle.loads(zlib.decompress(asked.recv_multipart()[1])) == [DAY]
        asked.close()


def test_the_command_ends_when_it_is_told_to(tmp_path):
    pump = served(make_site(tmp_path), free_port())
    assert "Serving" in pump.stderr.readline()
    pump.terminate()
    assert pump.wait(timeout=10) == 0
    assert "Ended" in pump.stderr.read()
    pump.stderr.close()


def test_a_second_pump_at_the_same_address_says_so(tmp_path):
    folder, port = make_site(tmp_path), free_port()
    first = served(folder, port)
    first.stderr.readline()
    second = served(folder, port)
    assert second.wait(timeout=20) == 1
    assert "Cannot listen" in second.stderr.read()
    first.terminate()
    first.wait()
    for one in (first, second):
        one.stderr.close()
