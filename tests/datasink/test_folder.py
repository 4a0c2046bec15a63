"""A datasink's folders: SentinelCam's files in, SentinelCam's files out."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepthink.datasink.base import RECOGNITIONS, TRACKING, Event, Mark
from deepthink.datasink.folder import HEADER, FolderDatasink, format_time, parse_time
from deepthink.errors import BadInputError
from deepthink.records import Box, FrameKey

DAY, EVENT = "2026-03-02", "a6a3a4506513270e269e0d37f2a74de4"
START = datetime(2026, 3, 2, 8)
LINE = f"alpha5,PiCam3,2026-03-02T08:00:00.050631,{EVENT},640,480,trk"
ANN = "Ann: 99.12% (0.868943|0.095574|0|1)"


@pytest.fixture
def sink(tmp_path):
    return filled(tmp_path, LINE)


def filled(folder, *index):
    (folder / "data" / DAY).mkdir(parents=True)
    (folder / "images" / DAY).mkdir(parents=True)
    (folder / "data" / DAY / "camwatcher.csv").write_text("".join(f"{line}\n" for line in index), encoding="utf-8")
    return FolderDatasink(folder / "data", folder / "images")


def set_file(sink, kind=TRACKING):
    return sink.data / DAY / f"{EVENT}_{kind}.csv"


def index_of(sink):
    return (sink.data / DAY / "camwatcher.csv").read_text().splitlines()


def mark(seconds=0.0, classname=ANN, objid="0"):
    return Mark(START + timedelta(seconds=seconds), objid, classname, Box(1, 2, 30, 40))


def test_an_index_line_becomes_an_event(sink):
    (event,) = sink.events(DAY)
    start = datetime(2026, 3, 2, 8, 0, 0, 50631)
    assert event == Event(DAY, EVENT, "alpha5/PiCam3", "alpha5", "PiCam3", start, 640, 480, ("trk",))


def test_the_lines_of_one_event_become_one_event_with_all_their_types(tmp_path):
    sink = filled(tmp_path, LINE, LINE.replace("trk", "fr1"), LINE)
    assert [event.types for event in sink.events(DAY)] == [("fr1", "trk")]


def test_events_come_in_the_order_of_their_start_whatever_the_order_of_the_file(tmp_path):
    later = LINE.replace("08:00:00", "09:00:00").replace(EVENT, "b" * 32)
    assert [event.event for event in filled(tmp_path, later, LINE).events(DAY)] == [EVENT, "b" * 32]


def test_a_whole_second_is_read_like_any_other_time(tmp_path):  # B1
    sink = filled(tmp_path, LINE.replace(".050631", ""))
    set_file(sink).write_text(
        f"{','.join(HEADER)}\n2026-03-02T08:00:01,0,a,1,2,3,4\n2026-03-02T08:00:02.5,0,a,1,2,3,4\n"
    )
    (event,) = sink.events(DAY)
    assert event.start == START
    assert len(sink.marks(event, TRACKING)) == 2
    assert not sink.problems.count


def test_every_time_is_written_with_six_digits(sink):  # B1
    (event,) = sink.events(DAY)
    sink.write(event, RECOGNITIONS, [mark()])
    assert set_file(sink, RECOGNITIONS).read_text().splitlines()[1] == f"2026-03-02T08:00:00.000000,0,{ANN},1,2,30,40"


@settings(deadline=None)
@given(st.datetimes())
def test_a_time_reads_back_as_it_was_written(time):
    assert parse_time(format_time(time)) == time
    assert len(format_time(time)) == 26


def test_a_time_with_a_zone_is_noted_and_passed_over(tmp_path):
    sink = filled(tmp_path, LINE.replace(".050631", "+01:00"))
    assert sink.events(DAY) == []
    assert "time zone" in str(sink.problems.kept[0])


def test_what_is_written_reads_back(sink):
    (event,) = sink.events(DAY)
    marks = [mark(1), mark(2, "Unknown: 0.00% (1.200000|0.500000|1|1)", "7")]
    sink.write(event, RECOGNITIONS, marks)
    assert sink.marks(event, RECOGNITIONS) == marks


def test_the_written_header_is_sentinelcams(sink):
    (event,) = sink.events(DAY)
    sink.write(event, RECOGNITIONS, [])
    assert set_file(sink, RECOGNITIONS).read_text() == "timestamp,objid,classname,rect_x1,rect_y1,rect_x2,rect_y2\n"


def test_a_comma_in_any_field_never_shifts_the_row(tmp_path):  # B13
    sink = filled(tmp_path, LINE.replace("PiCam3", '"Pi,Cam"'))
    (event,) = sink.events(DAY)
    sink.write(event, RECOGNITIONS, [mark(classname="a, b", objid="1,2"), mark(1, "two\nlines")])
    assert [line.count(",") for line in set_file(sink, RECOGNITIONS).read_text().splitlines()] == [6, 6, 6]
    assert index_of(sink)[-1].count(",") == 6
    assert len(sink.marks(event, RECOGNITIONS)) == 2


def test_writing_a_set_again_replaces_it_and_adds_no_second_index_line(sink):
    (event,) = sink.events(DAY)
    sink.write(event, RECOGNITIONS, [mark(), mark(1)])
    sink.write(event, RECOGNITIONS, [mark(2)])
    assert len(sink.marks(event, RECOGNITIONS)) == 1
    assert index_of(sink) == [LINE, LINE.replace("trk", "fr1")]


def test_a_quoted_class_name_with_a_comma_is_read(sink):
    set_file(sink).write_text(f'{",".join(HEADER)}\n2026-03-02T08:00:01.000000,0,"a, b",1,2,3,4\n')
    (event,) = sink.events(DAY)
    assert sink.marks(event, TRACKING)[0].classname == "a, b"


def test_one_bad_line_costs_that_line_alone(sink):  # B13
    good = "2026-03-02T08:00:01.000000,0,person: 0.9,1,2,3,4"
    bad = ["2026-03-02T08:00:01.0,0,a, b,1,2,3,4", "nonsense", "soon,0,a,1,2,3,4", "2026-03-02T08:00:01,0,a,x,2,3,4",
           "2026-03-02T08:00:01,0,a,inf,2,3,4", "2026-03-02T08:00:01,0,a,nan,2,3,4", "x" * 500_000]  # fmt: skip
    set_file(sink).write_text("\n".join([",".join(HEADER), good, *bad, good]) + "\n")
    (event,) = sink.events(DAY)
    assert len(sink.marks(event, TRACKING)) == 2
    assert sink.problems.count == len(bad)


@settings(deadline=None)
@given(st.binary(max_size=400), st.binary(max_size=400))
def test_garbage_in_either_file_never_raises(tmp_path_factory, index, detail):
    sink = filled(tmp_path_factory.mktemp("sink"))
    (sink.data / DAY / "camwatcher.csv").write_bytes(index + b"\n" + LINE.encode() + b"\n")
    set_file(sink).write_bytes(detail)
    event = next(event for event in sink.events(DAY) if event.event == EVENT)
    sink.marks(event, TRACKING)


def test_reading_twice_counts_a_problem_once(tmp_path):
    sink = filled(tmp_path, LINE, "nonsense")
    sink.events(DAY)
    sink.events(DAY)
    assert sink.problems.count == 1


def test_a_set_that_is_not_there_is_empty(sink):
    (event,) = sink.events(DAY)
    assert sink.marks(event, RECOGNITIONS) == []


def test_a_day_that_is_not_there_has_no_events(sink):
    assert sink.events("2026-03-03") == []


def test_strays_in_the_data_folder_are_no_days(sink):
    (sink.data / "lost+found").mkdir()
    (sink.data / "stray.txt").touch()
    (sink.data / "2026-03-09").mkdir()
    (sink.data / "back-up-01").mkdir()
    (sink.data / "back-up-01" / "camwatcher.csv").touch()
    assert sink.dates() == [DAY]


def test_a_missing_datasink_says_which_setting_to_change(tmp_path):
    with pytest.raises(BadInputError, match=r"datasink\.data"):
        FolderDatasink(tmp_path / "nowhere", tmp_path).dates()


@pytest.mark.parametrize("date", ["..", "/etc", "2026-03-02/..", "", "2026-3-2", "2026-03-02\n"])
def test_no_day_leads_out_of_the_folder(sink, date):
    with pytest.raises(BadInputError):
        sink.events(date)
    with pytest.raises(BadInputError):
        sink.picture(FrameKey(date, EVENT, START))


@pytest.mark.parametrize("name", ["", ".", "../../etc/passwd", "a b", "x; rm", "e" * 65, "e\n"])
def test_no_event_leads_out_of_the_folder(sink, name):
    event = Event(DAY, name, "a/b", "a", "b", START, 640, 480)
    with pytest.raises(BadInputError):
        sink.marks(event, TRACKING)
    with pytest.raises(BadInputError):
        sink.write(event, RECOGNITIONS, [mark()])
    with pytest.raises(BadInputError):
        sink.picture(FrameKey(DAY, name, START))


def test_writing_to_what_is_no_day_makes_no_folder(sink):
    with pytest.raises(BadInputError):
        sink.write(Event("../../out", EVENT, "a/b", "a", "b", START, 640, 480), RECOGNITIONS, [mark()])
    assert not (sink.data.parent.parent / "out").exists()


def test_an_index_line_whose_event_leads_out_of_the_folder_is_passed_over(tmp_path):
    sink = filled(tmp_path, LINE.replace(EVENT, "../x"), LINE)
    assert [event.event for event in sink.events(DAY)] == [EVENT]
    assert sink.problems.count == 1


def test_pictures_are_found_by_event_and_time(sink):
    for name in ("2026-03-02_08.00.01.500000", "2026-03-02_08.00.01.000000"):
        (sink.images / DAY / f"{EVENT}_{name}.jpg").write_bytes(b"jpeg")
    (sink.images / DAY / f"{'b' * 32}_2026-03-02_08.00.02.000000.jpg").write_bytes(b"jpeg")
    (event,) = sink.events(DAY)
    assert sink.times(event) == [START + timedelta(seconds=1), START + timedelta(seconds=1.5)]
    assert sink.picture(FrameKey(DAY, EVENT, sink.times(event)[0])) == b"jpeg"  # B1: the name ends in .000000


def test_a_picture_whose_name_is_no_time_is_noted(sink):
    (sink.images / DAY / f"{EVENT}_soon.jpg").touch()
    (event,) = sink.events(DAY)
    assert sink.times(event) == []
    assert sink.problems.count == 1


def test_a_new_picture_is_seen_by_the_next_look(sink):
    (event,) = sink.events(DAY)
    assert sink.times(event) == []
    (sink.images / DAY / f"{EVENT}_2026-03-02_08.00.01.500000.jpg").write_bytes(b"jpeg")
    assert len(sink.times(event)) == 1


def test_an_absent_or_empty_picture_is_an_error_and_never_a_black_frame(sink):  # B7
    key = FrameKey(DAY, EVENT, START)
    with pytest.raises(BadInputError, match="No such file"):
        sink.picture(key)
    sink.picture_path(key).touch()
    with pytest.raises(BadInputError, match="empty"):
        sink.picture(key)
