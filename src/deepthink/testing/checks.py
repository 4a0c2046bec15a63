"""Each contract's check: call it with a plug-in of yours in a test; it fails with what is not as it should be."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from deepthink.datasink.base import Datasink, Event, Mark, check_event, is_date
from deepthink.deployment.base import Target
from deepthink.errors import BadInputError, DeploymentError
from deepthink.records import Box, FrameKey

KIND = "chk"  # the set that the check writes


def check_datasink(datasink: Datasink) -> None:
    """Check that a datasink keeps the contract of `datasink/base.py`.

    Parameters
    ----------
    datasink : Datasink
        With at least one event that has a tracking set and pictures. The check writes a set `chk` to it.

    Raises
    ------
    AssertionError
        It does not; the message says in what.
    """
    dates = datasink.dates()
    assert dates == sorted(set(dates)), "dates() must give each day once, the oldest first"
    assert all(is_date(date) for date in dates), "dates() must give days as YYYY-MM-DD, and nothing else"
    events = [event for date in dates for event in datasink.events(date)]
    assert events, "the check needs at least one event"
    for date in dates:
        _check_events(date, datasink.events(date))
    pictured = [event for event in events if datasink.times(event)]
    assert pictured, "the check needs at least one event with pictures"
    for event in pictured:
        _check_pictures(datasink, event)
    _check_marks(datasink, events)
    _check_writing(datasink, pictured[0])
    _check_refusals(datasink, pictured[0])


def _check_events(date: str, events: list[Event]) -> None:
    names = [check_event(event.event) for event in events]
    assert len(set(names)) == len(names), f"{date}: each event must come once, with all its types"
    assert events == sorted(events, key=lambda event: event.start), f"{date}: events must come in order of their start"
    for event in events:
        assert event.date == date, f"{event.event}: its date must be the day that was asked for"
        assert event.camera == f"{event.node}/{event.view}", f"{event.event}: its camera must be node/view"
        assert event.start.tzinfo is None, f"{event.event}: times are local and naive"
        assert event.types == tuple(sorted(set(event.types))), f"{event.event}: types must be sorted, each once"


def _check_pictures(datasink: Datasink, event: Event) -> None:
    times = datasink.times(event)
    assert times == sorted(set(times)), f"{event.event}: times must ascend"
    jpeg = datasink.picture(FrameKey(event.date, event.event, times[0]))
    assert isinstance(jpeg, bytes), f"{event.event}: a picture must be bytes"
    assert jpeg[:2] == b"\xff\xd8", f"{event.event}: a picture must be a JPEG"
    missing = FrameKey(event.date, event.event, times[0] - timedelta(days=1))
    _must_refuse(lambda: datasink.picture(missing), f"{event.event}: a picture that is not there")


def _check_marks(datasink: Datasink, events: list[Event]) -> None:
    sets = [datasink.marks(event, kind) for event in events for kind in event.types]
    assert any(sets), "the check needs at least one event with a set that holds something"
    for marks in sets:
        assert marks == sorted(marks, key=lambda mark: mark.time), "marks must come in the order of time"
        assert all(isinstance(mark.objid, str) for mark in marks), "a mark's objid is text"
    assert datasink.marks(events[0], "nokind") == [], "marks() of a set that an event has not must be empty"


def _check_writing(datasink: Datasink, event: Event) -> None:
    second = timedelta(seconds=1)
    start = datetime(event.start.year, event.start.month, event.start.day, 12)  # a whole second, on purpose
    marks = [Mark(start + n * second, str(n), f"thing: {n}", Box(n, 2, 30 + n, 40)) for n in range(3)]
    for written in (marks, marks[:1], marks):
        datasink.write(event, KIND, written)
        (again,) = [one for one in datasink.events(event.date) if one.event == event.event]
        assert KIND in again.types, "write() must list the set in the day's index"
        assert datasink.marks(again, KIND) == written, "marks() must return what write() was given"
    assert again.start == event.start, "writing a set must not move the event's start"


def _check_refusals(datasink: Datasink, event: Event) -> None:
    _must_refuse(lambda: datasink.events("../2026-03-02"), "a date that is a path")
    for name in ("", ".", "*", "../x", "a/b", "x y"):
        asked = FrameKey(event.date, name, event.start)
        _must_refuse(lambda asked=asked: datasink.picture(asked), f"an event called {name!r}")


def check_target(target: Target, versions: Sequence[tuple[Path, dict[str, Any]]]) -> None:
    """Check that a target keeps the contract of `deployment/base.py`.

    Parameters
    ----------
    target : Target
        On which nothing runs yet, and which believes whoever signed the versions.
    versions : sequence of (Path, dict)
        Two versions' folders, as a registry gives them, and their manifests.

    Raises
    ------
    AssertionError
        It does not; the message says in what.
    """
    (first, manifest), (second, other) = versions
    one, two = str(manifest["version"]), str(other["version"])
    with target.claimed():
        _check_first(target, first, manifest)
        assert target.survey(other) > 0, "survey() must tell the bytes that are yet to be copied"
        target.stage(second, other)
        assert target.survey(other) == 0, "survey() must tell that a staged version is there"
        assert target.verify(two) > 0, "verify() must ask the golden probes of a staged version"
        assert target.current() == one, "stage() and verify() must leave what runs as it is"
        target.switch(two)
        assert (target.current(), target.previous()) == (two, one), "switch() must note where it came from"
        assert target.history() == [one, two], "history() must give what ran, the current one last"
        target.stage(first, manifest)
        target.switch(one)
        assert target.step_back(two) == two, "step_back() must go to the version that is named"
        _must_fail(lambda: target.step_back("none"), "a step back to a version that never ran")
        assert target.step_back() == one, "step_back() must return the version it went to"
        assert (target.current(), target.previous()) == (one, None), "step_back() must make that version run"
        assert target.step_back() is None, "step_back() from the only version must leave nothing running"
        assert target.current() is None, "nothing runs after a step back from the only version"


def _check_first(target: Target, folder: Path, manifest: dict[str, Any]) -> None:
    version = str(manifest["version"])
    assert (target.current(), target.previous()) == (None, None), "the check needs a target on which nothing runs"
    _must_fail(lambda: target.verify(version), "a version that was not staged")
    _check_spoilt(target, folder, manifest)
    target.stage(folder, manifest)
    assert target.current() is None, "a staged version must not run before it is switched to"
    answered = target.verify(version)
    for _ in range(2):  # the second time changes nothing
        target.stage(folder, manifest)
        target.switch(version)
        assert (target.current(), target.previous()) == (version, None), "switch() must make the version run"
        assert target.verify(version) == answered > 0, "verify() must answer the same each time"


def _check_spoilt(target: Target, folder: Path, manifest: dict[str, Any]) -> None:
    """Offer the version with one byte changed, in what no reader but a hash would notice."""
    version = str(manifest["version"])
    with tempfile.TemporaryDirectory() as beside:
        spoilt = shutil.copytree(folder, Path(beside) / folder.name)
        path = spoilt / f"recogniser_{version}.json"
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:-1] + b" ")
        _must_fail(lambda: target.stage(spoilt, manifest), "a version of which a byte was changed")
    _must_fail(lambda: target.verify(version), "a version that was refused")


def _must_fail(work: Any, what: str) -> None:
    try:
        work()
    except DeploymentError:
        return
    raise AssertionError(f"{what} must be refused with DeploymentError")


def _must_refuse(work, what: str) -> None:  # type: ignore[no-untyped-def]
    try:
        work()
    except BadInputError:
        return
    raise AssertionError(f"{what} must be refused with BadInputError")
