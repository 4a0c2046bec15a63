"""Deletions that are refused, fail, are cut off or done twice at once: a true account, and nothing half gone."""

import multiprocessing
import os
import signal
import sys

import pytest

from deepthink.datasink.folder import FolderDatasink
from deepthink.datasink.retain import retain
from deepthink.errors import BadInputError, StepError
from tests.datasink.test_retain import TODAY, Nobody, account, day, policy, put


class Refusing(FolderDatasink):
    """Answers a deletion as it is told to."""

    answer: object = False

    def delete(self, event):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_an_event_that_the_datasink_holds_is_not_counted_as_deleted(tmp_path):  # B14
    sink = Refusing(tmp_path / "data", tmp_path / "images")
    put(sink, "a", 20)
    report = retain(sink, policy("minimal_retention"), TODAY, Nobody(), delete=True)
    assert account(report) == {"a": ("locked", "the datasink holds it")}
    assert (report.counts["deleted"], report.freed) == (0, 0)


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied", "/x"), StepError("no answer"), BadInputError("b'Error'")]
)
def test_a_deletion_that_fails_is_said_with_its_reason_and_the_others_go_on(tmp_path, error):
    sink = Refusing(tmp_path / "data", tmp_path / "images")
    sink.answer = error
    put(sink, "a", 20)
    put(sink, "b", 21)
    report = retain(sink, policy("minimal_retention"), TODAY, Nobody(), delete=True)
    assert account(report) == dict.fromkeys("ab", ("failed", str(error)))
    assert (report.counts["failed"], report.counts["deleted"], report.freed) == (2, 0, 0)


def test_a_day_that_cannot_be_read_costs_itself_alone(tmp_path):
    class Broken(FolderDatasink):
        def events(self, date):
            if date == day(20):
                raise BadInputError("a table cannot be read")
            return super().events(date)

    sink = Broken(tmp_path / "data", tmp_path / "images")
    put(sink, "a", 20)
    put(sink, "b", 21)
    found = account(retain(sink, policy("minimal_retention"), TODAY, Nobody()))
    assert found[""] == ("failed", "the day cannot be read: a table cannot be read")
    assert found["b"][0] == "deleted"


fork = multiprocessing.get_context("fork") if hasattr(os, "fork") else None
forking = pytest.mark.skipif(fork is None, reason="only where processes can fork")


def run(sink, point=None, results=None, begin=None):
    """Delete in a process of its own, killed after so many changes."""
    left = [point]

    def watch(what, arguments):
        if what in {"os.remove", "os.rename", "os.rmdir"} and str(sink.data.parent) in str(arguments[0]):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    if begin:
        begin.wait()
    if point is not None:
        sys.addaudithook(watch)
    report = retain(sink, policy("minimal_retention"), TODAY, Nobody(), delete=True)
    if results:
        results.put(report.counts)
    os._exit(0)


@forking
def test_a_run_after_a_killed_one_ends_clean(tmp_path):
    for point in range(0, 40, 3):
        folder = tmp_path / str(point)
        sink = FolderDatasink(folder / "data", folder / "images")
        for number in range(3):
            put(sink, f"old{number}", 20, minute=number, fr1=[])
        put(sink, "new", 3)
        child = fork.Process(target=run, args=(sink, point))
        child.start()
        child.join()
        report = retain(sink, policy("minimal_retention"), TODAY, Nobody(), delete=True)
        assert report.counts["failed"] == 0
        left = {path.name for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"}
        stamp = f"{day(3)}_08.00.00.050631"
        assert left == {"camwatcher.csv", "new_trk.csv", f"new_{stamp}.jpg"}
        assert {path.name for path in folder.glob("*/*")} == {day(3)}
        if not child.exitcode:
            return
    raise AssertionError("no run came to its end")


@forking
def test_two_runs_at_once_delete_each_event_once(tmp_path):
    sink = FolderDatasink(tmp_path / "data", tmp_path / "images")
    for number in range(30):
        put(sink, f"old{number}", 20 + number % 3, minute=number)
    results, begin = fork.SimpleQueue(), fork.Barrier(2)
    both = [fork.Process(target=run, args=(sink, None, results, begin)) for _ in range(2)]
    for one in both:
        one.start()
    counts = [results.get(), results.get()]
    for one in both:
        one.join()
    assert sum(one["deleted"] for one in counts) == 30
    assert not any(one["failed"] for one in counts)
    assert not list(tmp_path.glob("*/*"))
