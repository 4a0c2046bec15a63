"""What the machine does to an outbox: kills at any moment, a disk that is full."""

import contextlib
import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deepthink.messages.base import News
from deepthink.messages.outbox import Outbox
from tests.lacking import need_root
from tests.messages.test_outbox import Channel, news

# puts news and delivers them; what was put, and what each channel got, is written beside with one write each
WORKING = """
import itertools, os, sys
from pathlib import Path
from deepthink.messages import waiting
from deepthink.messages.base import News
from deepthink.messages.outbox import Outbox

waiting.FIRST_SECONDS = 0.01
folder = Path(sys.argv[1])
put = os.open(folder / "put", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

class To:
    def __init__(self, name):
        self.name, self.file = name, os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    def send(self, news):
        os.write(self.file, f"{news.title} {news.id}\\n".encode())

outbox, channels = Outbox(folder / "outbox"), [To("one"), To("two")]
start = int(sys.argv[2])
print("begun", flush=True)
for number in range(start, start + 1000):
    news = News("trouble", str(number), "x")
    if outbox.put(news, ["one", "two"]):
        os.write(put, f"{number} {news.id}\\n".encode())
    outbox.deliver(channels)
"""


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def test_no_kill_loses_anything(tmp_path):
    chance = random.Random(9)
    for turn in range(12):
        process = subprocess.Popen([sys.executable, "-c", WORKING, tmp_path, str(turn * 1000)], stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(chance.uniform(0, 0.3))
        process.kill()
        process.wait()
        process.stdout.close()
    for _ in range(2):  # what was under way when it was killed is due a moment later
        time.sleep(0.05)
        subprocess.run([sys.executable, "-c", WORKING.replace("+ 1000", "+ 1"), tmp_path, "99000"], check=True)
    put = lines(tmp_path / "put")
    assert len(put) >= 12
    for name in ("one", "two"):
        got = lines(tmp_path / name)
        assert set(put) <= set(got)
        assert len(got) - len(set(got)) <= 12  # at most what each kill interrupted
        firsts = [int(line.split()[0]) for line in dict.fromkeys(got)]
        assert firsts == sorted(firsts)
    assert not list((tmp_path / "outbox").glob("*.json"))


def test_two_processes_at_once_send_nothing_twice(tmp_path):
    outbox = Outbox(tmp_path / "outbox")
    for number in range(60):
        outbox.put(news(str(number)), ["one", "two"])
    several = [
        subprocess.Popen([sys.executable, "-c", WORKING.replace("+ 1000", "+ 20"), tmp_path, str(start)])
        for start in (1000, 2000, 3000)
    ]
    assert [process.wait() for process in several] == [0, 0, 0]
    subprocess.run([sys.executable, "-c", WORKING.replace("+ 1000", "+ 1"), tmp_path, "9000"], check=True)
    for name in ("one", "two"):
        got = lines(tmp_path / name)
        assert len(got) == len(set(got)) == 60 + 60 + 1


@pytest.fixture
def small_disk(tmp_path):
    """A disk of a megabyte."""
    need_root("mount a small disk")
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True)
    if made.returncode:
        from tests.lacking import skip

        skip(f"no disk can be mounted here: {made.stderr.decode()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(place: Path) -> Path:
    filler = place / "filler"
    with filler.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 512)
    return filler


def test_a_full_disk_ends_nothing_and_what_it_did_not_take_is_kept(small_disk, caplog):
    outbox, channel = Outbox(small_disk / "outbox"), Channel()
    outbox.put(news("a"), ["ntfy", "other"])
    filler = fill(small_disk)
    assert not outbox.put(news("b"), ["ntfy"])
    assert "could not be kept" in caplog.text
    outbox.due()
    outbox.deliver([channel])
    filler.unlink()
    assert outbox.put(news("c"), ["ntfy"])
    outbox.deliver([channel])
    assert channel.got == ["a", "b", "c"]


def test_a_disk_that_fills_up_while_it_sends_repeats_once_a_minute_at_most(small_disk):
    class Filling(Channel):
        def send(self, news):
            super().send(news)
            fill(small_disk)

    channel, now = Filling(), time.time()
    outbox = Outbox(small_disk / "outbox")
    outbox.put(news("a"), ["ntfy", "other"])
    for second in range(50):
        outbox.deliver([channel], now + second)
    assert channel.tries == 1


def test_a_folder_that_cannot_be_made_ends_nothing(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    outbox = Outbox(tmp_path / "file" / "outbox")
    assert not outbox.put(News("trouble", "t", "x"), ["ntfy"])
    assert outbox.due() is None
    assert outbox.deliver([Channel()]) == []
    assert "could not be kept" in caplog.text
    assert json.dumps([one.as_dict() for one, _ in outbox.held])
