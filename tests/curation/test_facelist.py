"""The facelist: read leniently, written exactly, shared safely."""

import subprocess
import sys
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepthink.curation.facelist import (
    COLUMNS,
    IN_USE_COLUMN,
    Eyes,
    Facelist,
    Listed,
    Row,
    Status,
    editing,
    format_row,
    parse_row,
)
from deepthink.curation.names import suggest_name
from deepthink.records import Box, FrameKey

HEADER = ",".join(COLUMNS)
HUGO = (
    "2026-03-02,8857f9a43908f227c59db9165b0ee76f,2026-03-02 08:41:10.142734,0,0,0,Hugo_Chavez,0.0,0.558189,0.024864,"
    "373,46,589,262,38,76,80,85,-42,-9,-347.9,74.73"
)
COLIN = (
    "2026-03-02,0f4205b4907a70c31012f037b64ce422,2026-03-02 08:07:26.562372,0,0,2,Colin_Powell,1.0,0.0,0.0,"
    "303,210,442,349,48,54,92,57,-44,-3,-356.1,160.77,2026-03-04"
)
SMALL = st.integers(0, 5000)
APPENDS = """
import sys
from datetime import datetime
from pathlib import Path
from deepthink.curation.facelist import Eyes, Row, Status, editing
from deepthink.records import Box, FrameKey
for number in range(25):
    with editing(Path(sys.argv[1])) as facelist:
        key = FrameKey("2026-03-02", sys.argv[2], datetime(2026, 3, 2, 8, 0, number))
        facelist.append(Row(key, 0, Status.CANDIDATE, sys.argv[2], 1, 0, 0, Box(0, 0, 9, 9), Eyes(), 50))
"""


def rounded(places, low=-1000.0, high=1000.0):
    return st.floats(low, high).map(lambda number: round(number, places))


ROWS = st.builds(
    Row,
    st.builds(FrameKey, st.dates().map(str), st.uuids().map(lambda one: one.hex), st.datetimes()),
    st.integers(0, 10**6), st.sampled_from(Status), st.text().map(suggest_name),
    rounded(4, 0, 1), rounded(6), rounded(6),
    st.builds(Box, SMALL, SMALL, SMALL, SMALL), st.builds(Eyes, SMALL, SMALL, SMALL, SMALL, rounded(1, -720, 720)),
    rounded(2, 0), st.one_of(st.just(""), st.dates().map(str)),
)  # fmt: skip


def row(name="Ann", second=0, event="e" * 32, status=Status.CANDIDATE):
    key = FrameKey("2026-03-02", event, datetime(2026, 3, 2, 8, 0, second))
    return Row(key, 0, status, name, 0.99, 0.5, -0.1, Box(1, 2, 30, 40), Eyes(), 50.0)


def written(tmp_path, *lines):
    path = tmp_path / "facelist.csv"
    path.write_bytes(("\n".join(lines) + "\n").encode("utf-8", "surrogateescape"))
    return path


@settings(deadline=None)
@given(ROWS)
def test_a_row_reads_back_as_it_was_written(row):
    fields = format_row(row, dated=True).split(",")
    assert parse_row([*COLUMNS, IN_USE_COLUMN], fields) == row


def test_sentinelcams_own_lines_are_written_back_byte_for_byte(tmp_path):
    path = written(tmp_path, f"{HEADER},{IN_USE_COLUMN}", f"{HUGO},", COLIN)
    before = path.read_bytes()
    Facelist(path).write()
    assert path.read_bytes() == before


def test_the_date_column_is_written_once_a_row_is_in_use(tmp_path):
    path = written(tmp_path, HEADER, HUGO)
    Facelist(path).write()
    assert path.read_text() == f"{HEADER}\n{HUGO}\n"
    with editing(path) as facelist:
        facelist[1] = facelist[1].changed(status=Status.IN_USE, in_use_since="2026-03-05")
    assert path.read_text().splitlines()[0].endswith(",date_in_use")
    assert Facelist(path)[1].in_use_since == "2026-03-05"


def test_what_tells_faces_apart_is_read_without_parsing_and_is_that_of_the_rows(tmp_path):
    odd = HUGO.replace(",46,", ",46.0,").replace("Hugo", "Hugi")  # as pandas writes whole numbers beside missing ones
    facelist = Facelist(written(tmp_path, HEADER, HUGO, "garbage", odd))
    hugo, hugi = facelist.listed()
    row = facelist[1]
    assert hugo == Listed.of(row.frame, row.box, row.objid, row.name)
    assert hugo.box == "373,46,589,262"
    assert (hugi.face, hugi.name) == (hugo.face, "Hugi_Chavez")


def test_a_row_is_found_by_frame_and_object(tmp_path):
    facelist = Facelist(written(tmp_path, HEADER, "garbage", HUGO, HUGO, COLIN.rpartition(",")[0]))
    hugo, colin = facelist[2].frame, facelist[4].frame
    assert (facelist.find(hugo, 0), facelist.find(colin, 0), facelist.find(colin, 1)) == (2, 4, None)
    number = facelist.append(row())
    assert facelist.find(row().frame, 0) == number
    facelist[number] = row(second=7)
    assert facelist.find(row().frame, 0) is None


def test_rows_of_a_status_are_found_whether_they_stand_as_we_write_them_or_not(tmp_path):
    selected = HUGO.replace(",0,0,0,Hugo", ",0,0,1,Hugo")
    facelist = Facelist(written(tmp_path, HEADER, HUGO, selected, selected.replace(",46,", ",46.0,")))
    assert sorted(facelist.having(Status.SELECTED)) == [2, 3]
    facelist[2] = facelist[2].changed(status=Status.REVOKED)
    facelist[1] = facelist[1].changed(status=Status.SELECTED)
    assert sorted(facelist.having(Status.SELECTED)) == [1, 3]


def test_a_change_leaves_the_other_lines_as_they_stand(tmp_path):
    other = HUGO.replace("0.558189", "0.500000")  # not the shortest, and not ours to shorten
    path = written(tmp_path, HEADER, HUGO, other)
    with editing(path) as facelist:
        facelist[1] = facelist[1].changed(name="Ann")
    assert path.read_text() == "\n".join([HEADER, HUGO.replace("Hugo_Chavez", "Ann"), other]) + "\n"


def test_the_date_column_leaves_with_the_last_date(tmp_path):
    path = written(tmp_path, f"{HEADER},{IN_USE_COLUMN}", f"{HUGO},", COLIN)
    with editing(path) as facelist:
        facelist[2] = facelist[2].changed(in_use_since="")
    assert path.read_text() == "\n".join([HEADER, HUGO, COLIN.removesuffix(",2026-03-04")]) + "\n"


def test_a_facelist_that_was_read_before_is_read_again_only_when_the_file_has_changed(tmp_path):  # B4
    path = written(tmp_path, HEADER, HUGO)
    before = Facelist(path)
    with editing(path, before=before) as facelist:
        assert facelist is before
    with editing(path) as facelist:
        facelist.append(row())
    with editing(path, before=before) as facelist:
        facelist.append(row(second=5))
    assert len(Facelist(path)) == 3


def test_a_whole_second_keeps_its_six_digits(tmp_path):  # B1
    path = tmp_path / "facelist.csv"
    with editing(path) as facelist:
        facelist.append(row())
    assert "2026-03-02 08:00:00.000000" in path.read_text()


def test_a_whole_second_of_others_is_read_and_mended(tmp_path):  # B1
    path = written(tmp_path, HEADER, HUGO.replace(".142734", ""))
    facelist = Facelist(path)
    assert facelist[1].frame.time == datetime(2026, 3, 2, 8, 41, 10)
    facelist.write()
    assert "08:41:10.000000," in path.read_text()


def test_an_absent_facelist_is_empty(tmp_path):
    assert Facelist(tmp_path / "facelist.csv").rows == {}


@pytest.mark.parametrize("text", ["", "\n", HEADER, f"{HEADER}\n"])
def test_a_facelist_without_rows_is_empty(tmp_path, text):
    (tmp_path / "facelist.csv").write_text(text)
    assert Facelist(tmp_path / "facelist.csv").rows == {}


LINES = st.binary(max_size=120).map(lambda line: line.replace(b"\n", b" ").replace(b"\r", b" "))


@settings(deadline=None, max_examples=60)
@given(st.lists(LINES, min_size=1, max_size=5))
def test_garbage_lines_are_kept_as_they_are_and_reported(tmp_path_factory, garbage):
    path = tmp_path_factory.mktemp("list") / "facelist.csv"
    content = b"\n".join([HEADER.encode(), HUGO.encode(), *garbage, HUGO.encode()]) + b"\n"
    path.write_bytes(content)
    facelist = Facelist(path)
    assert sorted(facelist.rows) == [1, len(garbage) + 2]
    assert facelist.problems.count == len(garbage)
    facelist.write()
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "bad",
    [
        HUGO.replace("Hugo_Chavez,0.0", "Hugo_Chavez,nan"),
        HUGO.replace(",74.73", ",inf"),
        HUGO.replace("2026-03-02 08", "soon 08"),
        HUGO.replace("2026-03-02 08", "2026-02-30 08"),
        HUGO.replace("2026-03-02 08", "2026-03-02 24"),
        HUGO.replace(",0,0,0,Hugo", ",0,0,9,Hugo"),
        HUGO.replace(",373,", ",1e999,"),
        HUGO + ",a,b",
        HUGO[:60],
        HUGO.replace("Hugo", "Hu\u2028go") + ",x,y",
    ],
)
def test_a_line_that_cannot_be_a_row_is_kept_and_reported_with_its_number(tmp_path, bad):
    path = written(tmp_path, HEADER, HUGO, bad)
    before = path.read_bytes()
    facelist = Facelist(path)
    assert (list(facelist.rows), facelist.problems.kept[0].line) == ([1], 3)
    facelist.write()
    assert path.read_bytes() == before


def test_numbers_of_rows_count_unreadable_lines_so_that_they_stay_what_an_editor_shows(tmp_path):
    facelist = Facelist(written(tmp_path, HEADER, "garbage", HUGO))
    assert facelist[2].name == "Hugo_Chavez"
    with pytest.raises(KeyError):
        facelist[1]


@pytest.mark.parametrize("number", [-1, 0, 2])
def test_a_row_that_is_not_there_cannot_be_changed(tmp_path, number):
    facelist = Facelist(written(tmp_path, HEADER, HUGO))
    with pytest.raises(KeyError):
        facelist[number] = row()


def test_a_face_is_known_by_place_and_time_and_not_by_its_name():  # B10
    assert row("Ann").key == row("Bob").key
    assert row(second=1).key != row(second=2).key


def test_two_processes_editing_the_facelist_lose_no_row(tmp_path):  # B4
    path = tmp_path / "facelist.csv"
    children = [subprocess.Popen([sys.executable, "-c", APPENDS, str(path), name]) for name in ("Ann", "Bob")]
    assert [child.wait() for child in children] == [0, 0]
    names = [one.name for one in Facelist(path).rows.values()]
    assert sorted(names) == ["Ann"] * 25 + ["Bob"] * 25


def test_an_edit_that_fails_changes_nothing(tmp_path):  # B4
    path = written(tmp_path, HEADER, HUGO)
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError), editing(path) as facelist:
        facelist[facelist.append(row()) // 0] = row()
    assert path.read_bytes() == before


def test_an_edit_that_changes_nothing_does_not_touch_the_file(tmp_path):
    path = written(tmp_path, HEADER.replace("date,", "date ,"), HUGO)
    before = path.read_bytes(), path.stat().st_ino
    with editing(path):
        pass
    assert (path.read_bytes(), path.stat().st_ino) == before


def test_a_stranger_is_no_part_of_the_gallery():
    out = row("Unknown", status=Status.REVOKED)
    assert (out.stranger, out.enrolled) == (True, False)
    assert not row("Unknown", status=Status.SELECTED).enrolled
    assert not row("Ann", status=Status.REVOKED).stranger


def test_a_list_that_is_kept_in_memory_writes_what_one_that_is_read_anew_writes(tmp_path):
    path, other = tmp_path / "a.csv", tmp_path / "b.csv"
    for file in (path, other):
        with editing(file) as facelist:
            for second in range(6):
                facelist.append(row(second=second))
        file.write_text(file.read_text() + "damaged,line,\n")
    kept = Facelist(path)
    for number, since in ((2, ""), (3, "2026-03-09"), (2, "2026-03-09"), (3, ""), (2, "")):
        with editing(path, before=kept) as facelist:
            assert facelist is kept
            facelist[number] = facelist[number].changed(in_use_since=since, focus=float(number + len(since)))
        with editing(other) as fresh:
            fresh[number] = fresh[number].changed(in_use_since=since, focus=float(number + len(since)))
        assert path.read_bytes() == other.read_bytes()
    assert kept.rows == Facelist(path).rows


def test_what_another_reading_has_parsed_is_taken_over_only_where_the_line_is_the_same(tmp_path):
    path = tmp_path / "facelist.csv"
    with editing(path) as facelist:
        for second in range(3):
            facelist.append(row(second=second))
    old = Facelist(path)
    before = old.rows
    with editing(path) as facelist:
        facelist[2] = facelist[2].changed(name="Other")
    fresh = Facelist(path)
    fresh.adopt(old)
    assert fresh[1] is before[1]
    assert fresh[2].name == "Other"
