"""Files that are whole or not there, through kills and second writers."""

import json
import signal
import stat
import subprocess
import sys
import time

import pytest

from deepthink.errors import DeepthinkError, StepError
from deepthink.files import append_line, locked, replacing, sha256, write_json, write_text

OLD, NEW = "old\n" * 200_000, "new\n" * 300_000

# An audit hook kills the process at the very call: nothing of ours is patched.
DIES_AT_RENAME = """
import os, signal, sys
from pathlib import Path
from deepthink.files import write_text
def hook(event, args):
    if event == "os.rename":
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
write_text(Path(sys.argv[1]), "new")
"""
REWRITES_FOR_EVER = """
import sys
from pathlib import Path
from deepthink.files import write_text
print("ready", flush=True)
while True:
    write_text(Path(sys.argv[1]), "new\\n" * 300_000)
    write_text(Path(sys.argv[1]), "old\\n" * 200_000)
"""
APPENDS = """
import sys
from pathlib import Path
from deepthink.files import append_line
for number in range(50):
    append_line(Path(sys.argv[1]), f"{sys.argv[2]} {number}")
"""
HOLDS_THE_LOCK = """
import sys, time
from pathlib import Path
from deepthink.files import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def start(script, *arguments):
    return subprocess.Popen([sys.executable, "-c", script, *map(str, arguments)], stdout=subprocess.PIPE, text=True)


def test_a_kill_just_before_the_rename_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    child = start(DIES_AT_RENAME, path)
    child.communicate()
    assert child.returncode == -signal.SIGKILL
    assert path.read_text() == "old"


def test_a_kill_at_any_time_during_replacing_leaves_the_old_or_the_new_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(OLD)
    for pause in (0.001, 0.004, 0.009, 0.017):
        child = start(REWRITES_FOR_EVER, path)
        child.stdout.readline()
        time.sleep(pause)
        child.kill()
        child.communicate()
        assert path.read_text() in (OLD, NEW)


def test_an_error_while_writing_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError), replacing(path) as beside:
        beside.write_text("half \ud800", encoding="utf-8")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_replacing_makes_the_folder_that_is_missing(tmp_path):
    write_text(tmp_path / "deep" / "er" / "a.txt", "whole")
    assert (tmp_path / "deep" / "er" / "a.txt").read_text() == "whole"


def test_a_replaced_file_keeps_its_permissions(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(0o640)
    write_text(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_gets_the_permissions_of_any_other(tmp_path):
    (tmp_path / "usual").touch()
    write_text(tmp_path / "ours", "")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_json_keeps_letters_of_every_alphabet_readable(tmp_path):
    write_json(tmp_path / "a.json", {"name": "Zoë"})
    assert "Zoë" in (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"name": "Zoë"}


def test_an_appended_line_mends_a_torn_one_first(tmp_path):
    path = tmp_path / "a.log"
    path.write_text("one\ntor")
    append_line(path, "two")
    assert path.read_text() == "one\ntor\ntwo\n"


def test_a_first_line_has_no_empty_one_before_it(tmp_path):
    append_line(tmp_path / "new" / "a.log", "one")
    assert (tmp_path / "new" / "a.log").read_text() == "one\n"


def test_two_processes_appending_at_once_tear_no_line(tmp_path):
    path = tmp_path / "a.log"
    for child in [start(APPENDS, path, name) for name in ("ann", "bob")]:
        child.communicate()
        assert child.returncode == 0
    assert sorted(path.read_text().splitlines()) == sorted(f"{n} {i}" for n in ("ann", "bob") for i in range(50))


def test_a_second_holder_gives_up_with_an_error_that_says_what_to_do(tmp_path):
    path = tmp_path / "facelist.csv"
    child = start(HOLDS_THE_LOCK, path)
    child.stdout.readline()
    try:
        with pytest.raises(StepError, match="in use by another"), locked(path, seconds=0.1):
            pass
    finally:
        child.kill()
        child.communicate()


def test_a_lock_ends_with_the_killed_process_that_held_it(tmp_path):
    path = tmp_path / "facelist.csv"
    child = start(HOLDS_THE_LOCK, path)
    child.stdout.readline()
    child.kill()
    child.communicate()
    with locked(path, seconds=2):
        pass


def test_a_lock_is_free_again_after_an_error(tmp_path):
    with pytest.raises(DeepthinkError), locked(tmp_path / "a"):
        raise StepError("stop")
    with locked(tmp_path / "a", seconds=0.5):
        pass


def test_the_hash_is_that_of_the_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
