"""Downloads from a real server, which is not always a good one."""

import bz2
import hashlib
import resource
import subprocess
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from deepthink import weights
from deepthink.errors import WeightsError
from deepthink.weights import fetch as fetching
from deepthink.weights.fetch import copy, fetch

CONTENT = bytes(range(256)) * 4000  # a megabyte


class Server(ThreadingHTTPServer):
    """Serves CONTENT at any path, with what the test wants to go wrong."""

    content, knows_ranges, cuts, status = CONTENT, True, 0, 200

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges = []


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server, asked = self.server, self.headers.get("Range")
        server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and server.knows_ranges else 0
        if server.status != 200 or start >= len(server.content):
            self.send_error(server.status if server.status != 200 else 416)
            return
        body = server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if server.cuts:
            server.cuts -= 1
            body = body[:300_000]
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(fetching, "SECONDS", 2.0)
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()


@pytest.fixture
def wanted(server):
    digest = hashlib.sha256(CONTENT).hexdigest()
    address = f"http://127.0.0.1:{server.server_port}/net.onnx"
    return weights.Weights("net", "net.onnx", digest, len(CONTENT), "none", "tests", address)


def left_in(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_a_file_is_fetched_once_and_the_bytes_are_told(server, wanted, tmp_path):
    told = []
    path = fetch(wanted, tmp_path, lambda done, total: told.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    fetch(wanted, tmp_path)
    assert len(server.ranges) == 1
    assert left_in(tmp_path) == ["net.onnx"]


def test_a_broken_connection_is_resumed_where_it_broke(server, wanted, tmp_path):
    server.cuts = 3
    assert fetch(wanted, tmp_path).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=300000-", "bytes=600000-", "bytes=900000-"]


def test_a_server_that_knows_no_ranges_is_begun_again(server, wanted, tmp_path):
    server.cuts, server.knows_ranges = 1, False
    assert fetch(wanted, tmp_path).read_bytes() == CONTENT


def test_another_run_goes_on_where_a_killed_one_stopped(server, wanted, tmp_path):
    part = tmp_path / f".net.onnx.{wanted.sha256[:8]}.part"
    part.write_bytes(CONTENT[:500_000])
    assert fetch(wanted, tmp_path).read_bytes() == CONTENT
    assert server.ranges == ["bytes=500000-"]


@pytest.mark.parametrize("part", [b"of something else", CONTENT + b"and more"])
def test_a_poisoned_part_is_thrown_away_and_the_next_try_is_right(server, wanted, tmp_path, part):
    (tmp_path / f".net.onnx.{wanted.sha256[:8]}.part").write_bytes(part)
    with pytest.raises(WeightsError, match="did not send the published"):
        fetch(wanted, tmp_path)
    assert left_in(tmp_path) == []
    assert fetch(wanted, tmp_path).read_bytes() == CONTENT


def test_a_wrong_file_is_removed(server, wanted, tmp_path):
    server.content = CONTENT[::-1]
    with pytest.raises(WeightsError, match=r"did not send the published net\.onnx; it was removed"):
        fetch(wanted, tmp_path)
    assert left_in(tmp_path) == []


def test_a_packed_file_is_unpacked_on_the_way(server, wanted, tmp_path):
    server.content = bz2.compress(CONTENT)
    assert fetch(replace(wanted, packed=True), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("sent", [b"no archive at all", bz2.compress(CONTENT)[:-10]])
def test_a_damaged_archive_is_refused(server, wanted, tmp_path, sent):
    server.content = sent
    with pytest.raises(WeightsError, match="did not send"):
        fetch(replace(wanted, packed=True), tmp_path)
    assert left_in(tmp_path) == []


def test_a_file_that_is_not_there_is_not_asked_for_again(server, wanted, tmp_path):
    server.status = 404
    with pytest.raises(WeightsError, match=r"404.*--from FOLDER"):
        fetch(wanted, tmp_path)
    assert len(server.ranges) == 1


def test_a_server_that_is_not_there_is_an_error_that_says_what_to_do(wanted, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "ATTEMPTS", 2)
    with pytest.raises(WeightsError, match=r"cannot be had.*--from FOLDER"):
        fetch(replace(wanted, source="http://127.0.0.1:9/net.onnx"), tmp_path)


def test_two_fetches_at_once_download_once(server, wanted, tmp_path):
    threads = [threading.Thread(target=fetch, args=(wanted, tmp_path)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "net.onnx").read_bytes() == CONTENT
    assert len(server.ranges) == 1


def test_a_full_disk_leaves_no_file_that_looks_whole(server, wanted, tmp_path):
    code = (
        "import sys, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from deepthink import weights; from deepthink.weights.fetch import fetch; from pathlib import Path\n"
        f"fetch(weights.Weights('net', 'net.onnx', {wanted.sha256!r}, {wanted.size}, '', '', {wanted.source!r}),"
        f" Path({str(tmp_path)!r}))"
    )
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
    done = subprocess.run([sys.executable, "-c", code], preexec_fn=limit, capture_output=True, text=True, check=False)
    assert "cannot be written: File too large" in done.stderr
    assert not (tmp_path / "net.onnx").exists()
    assert fetch(wanted, tmp_path).read_bytes() == CONTENT


def test_a_file_is_copied_from_a_folder_if_it_is_the_right_one(wanted, tmp_path):
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / "net.onnx").write_bytes(CONTENT)
    assert copy(wanted, stick, tmp_path / "site" / "weights").read_bytes() == CONTENT
    (stick / "net.onnx").write_bytes(CONTENT[:-1])
    with pytest.raises(WeightsError, match="is not the published"):
        copy(wanted, stick, tmp_path / "other")
    assert not (tmp_path / "other" / "net.onnx").exists()
