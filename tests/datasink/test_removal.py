"""Deleting one event of a folder: everything of it, nothing of others, and a kill leaves what the next run ends."""

import contextlib
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from deepthink.datasink.base import RECOGNITIONS, TRACKING, Event, Mark
from deepthink.datasink.folder import FolderDatasink
from deepthink.datasink.profiles import Policy, Profile
from deepthink.datasink.retain import retain
from deepthink.errors import BadInputError, StepError
from deepthink.records import Box, FrameKey

DAY, NEXT = "2026-03-02", "2026-03-03"


def event_of(name, day=DAY, node="alpha5"):
    start = datetime.fromisoformat(f"{day}T08:00:00.050631")
    return Event(day, name, f"{node}/PiCam3", node, "PiCam3", start, 640, 480)


def put(sink, event, kinds=(TRACKING, RECOGNITIONS), pictures=2):
    for kind in kinds:
        sink.write(event, kind, [Mark(event.start, "0", "person: 0.9642", Box(1, 2, 30, 40))])
    for number in range(pictures):
        file = sink.picture_path(FrameKey(event.date, event.event, event.start + timedelta(seconds=number)))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"jpeg" * 25)
    return event


def sink_at(folder, *names):
    sink = FolderDatasink(folder / "data", folder / "images")
    for name in names:
        put(sink, event_of(name))
    return sink


def files(folder):
    """Return every file's content, but for locks."""
    found = (path for path in Path(folder).rglob("*") if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_an_event_goes_with_its_lines_sets_and_pictures_and_the_others_stay_as_they_are(tmp_path):
    sink = sink_at(tmp_path, "keep1", "keep2")
    before = files(tmp_path)
    index = tmp_path / "data" / DAY / "camwatcher.csv"
    put(sink, event_of("gone"))
    assert sink.delete(event_of("gone")) is True
    assert files(tmp_path) == before
    assert index.read_bytes() == before[f"data/{DAY}/camwatcher.csv"]


def test_lines_that_cannot_be_read_stay_byte_for_byte(tmp_path):
    sink = sink_at(tmp_path, "gone")
    index = tmp_path / "data" / DAY / "camwatcher.csv"
    odd = b'gone\r\n\xff\xfe,gone\n"gone,a,b\n' + b"x" * 20_000 + b"\n"
    index.write_bytes(index.read_bytes() + odd)
    sink.delete(event_of("gone"))
    assert index.read_bytes() == odd


def test_the_last_event_takes_its_folders_along(tmp_path):
    sink = sink_at(tmp_path, "gone")
    sink.delete(event_of("gone"))
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "data", tmp_path / "images"]


def test_a_folder_with_anything_else_in_it_stays(tmp_path):
    sink = sink_at(tmp_path, "gone")
    for root in ("data", "images"):
        (tmp_path / root / DAY / "notes.txt").write_text("mine")
    sink.delete(event_of("gone"))
    assert files(tmp_path) == {f"data/{DAY}/notes.txt": b"mine", f"images/{DAY}/notes.txt": b"mine"}


@pytest.mark.parametrize("other", ["gone_b", "gone-b", "gon", "goner", "b_gone", "gone_b_c"])
def test_an_event_whose_name_begins_alike_loses_nothing(tmp_path, other):
    sink = sink_at(tmp_path, other)
    before = files(tmp_path)
    put(sink, event_of("gone"))
    sink.delete(event_of("gone"))
    assert files(tmp_path) == before


def test_a_set_with_a_line_in_its_name_is_that_of_the_event_that_lists_it(tmp_path):
    sink = sink_at(tmp_path, "a_b")
    put(sink, event_of("a"), kinds=(TRACKING, "b_new"))
    sink.delete(event_of("a_b"))
    assert {"a_trk.csv", "a_b_new.csv"} <= {path.name for path in (tmp_path / "data" / DAY).iterdir()}
    sink.delete(event_of("a"))
    assert files(tmp_path) == {}


@pytest.mark.parametrize("name", ["", ".", "..", "*", "?" * 4, "../x", "/", "a/b", "[a-z]*", "a b", "a;b", "\n", "a\0"])
def test_what_is_no_events_name_deletes_nothing(tmp_path, name):  # B2
    sink = sink_at(tmp_path, "keep1", "keep2", "a")
    (tmp_path / "x").write_text("mine")
    before = files(tmp_path)
    with pytest.raises(BadInputError):
        sink.delete(event_of(name))
    assert files(tmp_path) == before


@pytest.mark.parametrize("day", ["", "..", "2026-03-0", "*", "2026-03-02/../2026-03-02", "/etc"])
def test_what_is_no_day_deletes_nothing(tmp_path, day):
    sink = sink_at(tmp_path, "keep1")
    before = files(tmp_path)
    with pytest.raises(BadInputError):
        sink.delete(Event(day, "keep1", "", "", "", datetime(2026, 3, 2), 1, 1))
    assert files(tmp_path) == before


def test_an_event_that_the_day_does_not_list_is_an_error_and_its_files_stay(tmp_path):
    sink = sink_at(tmp_path, "keep1")
    (tmp_path / "data" / DAY / "stray_trk.csv").write_text("mine")
    before = files(tmp_path)
    for name, day in (("stray", DAY), ("keep1", NEXT)):
        with pytest.raises(BadInputError, match="does not list"):
            sink.delete(event_of(name, day))
    assert files(tmp_path) == before
    assert not (tmp_path / "data" / NEXT).exists()


@contextlib.contextmanager
def without_rights():
    """Be nobody for a while: the superuser may write everywhere."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder():
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for path in folder.rglob("*"):
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(folder)


class Free:
    """Holds no event in place."""

    def why(self, event, waited):
        return ""

    def hold(self):
        return contextlib.nullcontext()


@pytest.mark.parametrize("root", ["data", "images"])
def test_a_folder_that_cannot_be_written_keeps_the_whole_event(open_folder, root):
    sink = sink_at(open_folder, "keep1")
    before = files(open_folder)
    for path in open_folder.rglob("*"):
        path.chmod(0o777 if path.is_dir() else 0o666)
    (open_folder / root / DAY).chmod(0o555)
    with without_rights():
        with pytest.raises(OSError, match=r"[Pp]ermission|not writable"):
            sink.delete(event_of("keep1"))
        report = retain(sink, Policy((Profile(),)), date(2026, 3, 31), Free(), delete=True)
    assert files(open_folder) == before
    (one,) = report.outcomes
    assert (one.fate, report.counts["deleted"], report.freed) == ("failed", 0, 0)
    assert "ermission" in one.reason or "not writable" in one.reason


def test_a_line_that_the_camwatcher_adds_meanwhile_is_not_lost(tmp_path, monkeypatch):
    sink = sink_at(tmp_path, "keep1", "gone")
    index = tmp_path / "data" / DAY / "camwatcher.csv"
    late = b"alpha5,PiCam3,2026-03-02T09:00:00.000001,late,640,480,trk\n"
    write, added = Path.write_bytes, []

    def and_another_writes(path, content):
        done = write(path, content)
        if path.name.startswith(".camwatcher.csv.") and not added:
            added.append(late)
            with index.open("ab") as file:
                file.write(late)
        return done

    monkeypatch.setattr(Path, "write_bytes", and_another_writes)
    sink.delete(event_of("gone"))
    assert added
    assert [event.event for event in sink.events(DAY)] == ["keep1", "late"]


def test_an_index_that_never_rests_is_left_alone(tmp_path, monkeypatch):
    sink = sink_at(tmp_path, "keep1", "stays")
    index = tmp_path / "data" / DAY / "camwatcher.csv"
    write = Path.write_bytes

    def and_another_writes(path, content):
        with index.open("ab") as file:
            file.write(b"\n")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", and_another_writes)
    with pytest.raises(StepError, match="written all the time"):
        sink.delete(event_of("stays"))
    assert [event.event for event in sink.events(DAY)] == ["keep1", "stays"]
    assert len(sink.times(event_of("stays"))) == 2


CHANGES = {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "open"}
fork = multiprocessing.get_context("fork") if hasattr(os, "fork") else None


def die_at(point, folder, name):
    """Delete an event, and be killed just before the given change of a file under the folder."""
    sink, left = sink_at(folder), [point]

    def watch(what, arguments):
        if what in CHANGES and str(arguments[0]).startswith(str(folder)):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    sink.delete(event_of(name))
    os._exit(0)


def run_and_die(point, folder, name):
    child = fork.Process(target=die_at, args=(point, folder, name))
    child.start()
    child.join()
    return child.exitcode


@pytest.mark.skipif(fork is None, reason="only where processes can fork")
@pytest.mark.parametrize("others", [("keep1",), ()])
def test_a_kill_at_any_moment_leaves_what_the_next_run_ends(tmp_path, others):
    gone, kills, states = event_of("gone"), 0, set()
    for point in range(200):
        folder = tmp_path / str(point)
        sink = sink_at(folder, *others)
        put(sink, event_of("later", NEXT))
        clean = files(folder)
        put(sink, gone)
        whole = files(folder)
        killed = run_and_die(point, folder, "gone")
        listed = "gone" in {event.event for event in sink.events(DAY)}
        found = {path: content for path, content in files(folder).items() if "/." not in path}
        if listed:
            assert found == whole  # whoever still sees it sees all of it
        states.add(listed)
        assert sink.finish_deletions() in ([], [(DAY, "gone", "")])
        if listed:
            assert files(folder) == whole
            sink.delete(gone)
        assert files(folder) == clean
        assert not list(folder.rglob("*.part")) + list(folder.rglob("*.deleting"))
        assert (folder / "data" / DAY).exists() == bool(others)
        assert (folder / "images" / DAY).exists() == bool(others)
        if not killed:
            break
        kills += 1
    assert killed == 0
    assert kills > 10
    assert states == {True, False}


def test_a_marker_that_says_too_much_removes_no_file_of_others(tmp_path):
    sink = sink_at(tmp_path, "keep1")
    (tmp_path / "x.csv").write_text("mine")
    (tmp_path / "data" / DAY / ".gone.deleting").write_text(
        "keep1_trk.csv\n../../x.csv\n/etc/hosts\ncamwatcher.csv\ngone_../x.csv\n"
    )
    before = {path: text for path, text in files(tmp_path).items() if "deleting" not in path}
    assert sink.finish_deletions() == [(DAY, "gone", "")]
    assert files(tmp_path) == before


def take(folder, names, results, begin):
    sink, done = sink_at(folder), []
    begin.wait()
    for name in names:
        try:
            done.append(sink.delete(event_of(name)))
        except BadInputError:
            done.append(None)
    results.put(done)


@pytest.mark.skipif(fork is None, reason="only where processes can fork")
def test_of_two_at_once_each_event_is_deleted_by_one(tmp_path):
    names = [f"event{number}" for number in range(40)]
    sink = sink_at(tmp_path, *names)
    results, begin = fork.SimpleQueue(), fork.Barrier(2)
    both = [fork.Process(target=take, args=(tmp_path, order, results, begin)) for order in (names, names[::-1])]
    for one in both:
        one.start()
    done = [results.get(), results.get()]
    for one in both:
        one.join()
        assert one.exitcode == 0
    assert sum(one.count(True) for one in done) == len(names)
    assert not sink.dates()
    assert files(tmp_path) == {}
    assert not (tmp_path / "data" / DAY).exists()


def test_the_size_of_an_event_is_that_of_its_sets_and_pictures(tmp_path):
    sink = sink_at(tmp_path, "a", "a_b")
    written = sum((tmp_path / "data" / DAY / f"a_{kind}.csv").stat().st_size for kind in (TRACKING, RECOGNITIONS))
    assert sink.sizes(DAY) == {"a": written + 200, "a_b": written + 200}
    assert sink.sizes(NEXT) == {}
