"""Which events a facelist holds while old ones are deleted, and that a reviewer at the same moment wins."""

from datetime import date, datetime, timedelta
from multiprocessing import get_context

import pytest

from deepthink.curation.facelist import COLUMNS, Eyes, Facelist, Row, Status, editing
from deepthink.curation.holds import UNREADABLE, AnyRow, ReviewedRows
from deepthink.datasink.base import TRACKING, Event, Mark
from deepthink.datasink.folder import FolderDatasink
from deepthink.datasink.profiles import Policy, Profile
from deepthink.datasink.retain import retain
from deepthink.errors import StepError
from deepthink.files import locked
from deepthink.records import UNKNOWN, Box, FrameKey

DAY, START = "2026-03-02", datetime(2026, 3, 2, 8)
TODAY = date(2026, 3, 31)


def event_of(name="a"):
    return Event(DAY, name, "alpha5/PiCam3", "alpha5", "PiCam3", START, 640, 480)


def row(status, event="a", name="Ann", second=0):
    frame = FrameKey(DAY, event, START + timedelta(seconds=second))
    return Row(frame, 0, status, name, 0.99, 0.5, -0.1, Box(1, 2, 30, 40), Eyes(), 60.0)


def listing(path, *rows):
    with editing(path) as facelist:
        for one in rows:
            facelist.append(one)
    return path


@pytest.mark.parametrize(
    ("status", "waiting", "waited"),
    [
        (Status.CANDIDATE, "a candidate that awaits review", ""),
        (Status.SELECTED, "selected in the facelist", "selected in the facelist"),
        (Status.IN_USE, "in use in the facelist", "in use in the facelist"),
        (Status.REVOKED, *["revoked in the facelist: reviewed, and material for the threshold"] * 2),
        (Status.REMOVE, "", ""),
    ],
)
def test_what_a_person_has_said_holds_and_what_is_only_proposed_for_a_while(tmp_path, status, waiting, waited):  # B5
    path = listing(tmp_path / "facelist.csv", row(status, name=UNKNOWN if status == Status.REVOKED else "Ann"))
    assert ReviewedRows(path).why(event_of(), waited=False) == waiting
    assert ReviewedRows(path).why(event_of(), waited=True) == waited
    assert ReviewedRows(path).why(event_of("b"), waited=False) == ""
    assert AnyRow(path).why(event_of(), waited=True) == "listed in the facelist"
    assert AnyRow(path).why(event_of("b"), waited=True) == ""


def test_the_strongest_of_several_rows_counts(tmp_path):
    path = listing(tmp_path / "facelist.csv", row(Status.REMOVE), row(Status.IN_USE, second=1), row(0, second=2))
    assert ReviewedRows(path).why(event_of(), waited=True) == "in use in the facelist"


def test_a_facelist_that_is_absent_or_empty_of_rows_holds_nothing(tmp_path):
    path = tmp_path / "facelist.csv"
    assert ReviewedRows(path).why(event_of(), waited=False) == ""
    path.write_text(",".join(COLUMNS) + "\n")
    assert ReviewedRows(path).why(event_of(), waited=False) == ""


@pytest.mark.parametrize("content", ["", "\n", "a,b,c\n1,2,3\n", "date,event\n"])
def test_a_facelist_that_is_none_holds_everything(tmp_path, content):
    path = tmp_path / "facelist.csv"
    path.write_text(content)
    assert ReviewedRows(path).why(event_of(), waited=True) == UNREADABLE


def test_a_facelist_that_cannot_be_opened_holds_everything(tmp_path):
    (tmp_path / "facelist.csv").mkdir()
    assert ReviewedRows(tmp_path / "facelist.csv").why(event_of(), waited=True) == UNREADABLE


@pytest.mark.parametrize("status", ["", "9", "x", "-1"])
def test_a_row_whose_status_cannot_be_read_holds_its_event(tmp_path, status):
    path = tmp_path / "facelist.csv"
    path.write_text(f"{','.join(COLUMNS)}\n{DAY},a,2026-03-02 08:00:00.000000,0,0,{status},Ann\n{DAY},b\n")
    for event in "ab":
        assert "cannot be read" in ReviewedRows(path).why(event_of(event), waited=True)


def test_a_status_with_a_fraction_as_pandas_may_write_it_is_read(tmp_path):
    path = tmp_path / "facelist.csv"
    path.write_text(f"{','.join(COLUMNS)}\n{DAY},a,2026-03-02 08:00:00.000000,0,0,4.0,Ann\n")
    assert ReviewedRows(path).why(event_of(), waited=False) == ""


def test_a_stray_quote_hides_no_row_below_it(tmp_path):
    path = listing(tmp_path / "facelist.csv", row(Status.CANDIDATE, event="z"), row(Status.IN_USE))
    path.write_text(path.read_text().replace("Ann", '"Ann', 1))
    assert ReviewedRows(path).why(event_of(), waited=True) == "in use in the facelist"
    assert AnyRow(path).why(event_of(), waited=True) == "listed in the facelist"


def test_the_facelist_is_read_anew_when_it_has_changed(tmp_path):  # B3
    path = listing(tmp_path / "facelist.csv", row(Status.REMOVE))
    for holds in (ReviewedRows(path), AnyRow(path)):
        name = type(holds).__name__
        assert holds.why(event_of(name), waited=True) == ""
        listing(path, row(Status.SELECTED, event=name))
        assert holds.why(event_of(name), waited=True)


def sink_at(folder):
    sink = FolderDatasink(folder / "data", folder / "images")
    sink.write(event_of(), TRACKING, [Mark(START, "0", "person: 0.9", Box(1, 2, 30, 40))])
    return sink


def deleting(sink, holds):
    (one,) = retain(sink, Policy((Profile(),)), TODAY, holds, delete=True).outcomes
    return one.fate, one.reason


def test_a_reviewer_who_selects_a_face_just_before_its_deletion_wins(tmp_path):
    path = listing(tmp_path / "facelist.csv", row(Status.CANDIDATE))

    class Racing(ReviewedRows):
        def hold(self):
            with editing(path) as facelist:
                facelist[1] = facelist[1].changed(status=Status.SELECTED)
            return super().hold()

    sink, holds = sink_at(tmp_path), Racing(path)
    assert holds.why(event_of(), waited=True) == ""
    assert deleting(sink, holds) == ("locked", "selected in the facelist")
    assert sink.events(DAY)


def test_while_an_event_is_deleted_nobody_changes_the_facelist(tmp_path):
    path, tried = listing(tmp_path / "facelist.csv", row(Status.REMOVE)), []

    class Watched(FolderDatasink):
        def delete(self, event):
            with get_context("spawn").Pool(1) as pool:
                tried.append(pool.apply(can_lock, (path,)))
            return super().delete(event)

    sink = sink_at(tmp_path)
    sink = Watched(sink.data, sink.images)
    assert deleting(sink, ReviewedRows(path)) == ("deleted", "older than 7 days")
    assert tried == [False]
    assert can_lock(path)
    assert len(Facelist(path)) == 1  # the list is the reviewer's: its rows stay


def can_lock(path):
    try:
        with locked(path, 0.0):
            return True
    except StepError:
        return False
