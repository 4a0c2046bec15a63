"""When an event's pictures were taken, followed as they come and go."""

from datetime import datetime, timedelta

import pytest

from deepthink.datasink import pictures
from deepthink.datasink.folder import STAMP
from deepthink.datasink.pictures import Pictures
from tests.lacking import skip

DAY, START = "2026-03-02", datetime(2026, 3, 2, 8)


def put(folder, event, second, day=DAY):
    time = START + timedelta(seconds=second)
    (folder / day).mkdir(exist_ok=True)
    (folder / day / f"{event}_{time.strftime(STAMP)}.jpg").write_bytes(b"x")
    return time


@pytest.fixture(params=["told", "looked"])
def kept(request, tmp_path, monkeypatch):
    """With the system telling what changes, and without."""
    if request.param == "looked":
        monkeypatch.setattr(pictures, "inotify_simple", None)
    return Pictures(tmp_path)


def test_pictures_come_in_order_and_by_the_whole_name_of_their_event(kept, tmp_path):  # B19: not by a prefix
    times = [put(tmp_path, "a", second) for second in (2, 0.5, 1)]
    put(tmp_path, "ab", 3)
    assert kept.times(DAY, "a") == sorted(times)
    assert kept.times(DAY, "") == []
    assert kept.times(DAY, "c") == []


def test_a_picture_that_comes_or_goes_is_known_at_the_next_question(kept, tmp_path):
    first = put(tmp_path, "a", 0)
    assert kept.times(DAY, "a") == [first]
    second = put(tmp_path, "a", 1)
    assert kept.times(DAY, "a") == [first, second]
    put(tmp_path, "a", 1)
    (tmp_path / DAY / f"a_{first.strftime(STAMP)}.jpg").unlink()
    assert kept.times(DAY, "a") == [second]


def test_a_picture_that_is_renamed_into_place_is_known(kept, tmp_path):
    first = put(tmp_path, "a", 0)
    kept.times(DAY, "a")
    beside = tmp_path / DAY / ".part"
    beside.write_bytes(b"x")
    beside.rename(tmp_path / DAY / f"a_{(first + timedelta(seconds=5)).strftime(STAMP)}.jpg")
    assert kept.times(DAY, "a") == [first, first + timedelta(seconds=5)]


def test_a_day_that_is_deleted_and_made_again_is_known(kept, tmp_path):
    put(tmp_path, "a", 0)
    kept.times(DAY, "a")
    for file in (tmp_path / DAY).iterdir():
        file.unlink()
    (tmp_path / DAY).rmdir()
    assert kept.times(DAY, "a") == []
    again = put(tmp_path, "a", 9)
    assert kept.times(DAY, "a") == [again]


def test_more_days_than_are_kept_are_all_answered(kept, tmp_path):
    days = [f"2026-03-{day:02}" for day in range(1, 13)]
    times = {day: put(tmp_path, "a", 0, day) for day in days}
    for _ in range(2):
        for day in days:
            assert kept.times(day, "a") == [times[day]]
    assert len(kept._days) <= pictures.DAYS


def test_files_that_are_no_pictures_are_passed_over(kept, tmp_path):
    time = put(tmp_path, "a", 0)
    for name in ("a_2026-13-02_08.00.00.000000.jpg", "a.jpg", ".a_2026-03-02_08.00.00.000000.jpg", "b.png", "_.jpg"):
        (tmp_path / DAY / name).write_bytes(b"x")
    assert kept.times(DAY, "a") == [time]


def test_a_question_does_not_read_the_folder_again(tmp_path, monkeypatch):
    put(tmp_path, "a", 0)
    kept = Pictures(tmp_path)
    kept.times(DAY, "a")
    new = [put(tmp_path, "b", second) for second in range(3)]
    monkeypatch.setattr(pictures.os, "scandir", None)
    assert kept.times(DAY, "b") == new


def test_a_folder_that_could_not_be_read_once_is_read_the_next_time(kept, tmp_path, monkeypatch):
    def refused(path):
        raise PermissionError(path)

    time = put(tmp_path, "a", 0)
    with monkeypatch.context() as patch:
        patch.setattr(pictures.os, "scandir", refused)
        with pytest.raises(PermissionError):
            kept.times(DAY, "a")
    assert kept.times(DAY, "a") == [time]


def test_another_folder_in_the_place_of_the_first_is_followed(tmp_path):
    """As when a disk is mounted over it, or a link is turned to another disk."""
    disks = [tmp_path / "one", tmp_path / "two"]
    for disk in disks:
        disk.mkdir()
        put(disk, "a", 0)
    (tmp_path / "images").symlink_to(disks[0])
    kept = Pictures(tmp_path / "images")
    assert len(kept.times(DAY, "a")) == 1
    (tmp_path / "images").unlink()
    (tmp_path / "images").symlink_to(disks[1])
    for second in (1, 2):
        put(disks[1], "a", second)
        assert len(kept.times(DAY, "a")) == 1 + second


def test_a_folder_that_is_moved_away_and_made_anew_is_followed(kept, tmp_path):
    kept.folder = tmp_path / "images"
    kept.folder.mkdir()
    put(kept.folder, "a", 0)
    kept.times(DAY, "a")
    kept.folder.rename(tmp_path / "old")
    assert kept.times(DAY, "a") == []
    kept.folder.mkdir()
    for second in (1, 2):
        put(kept.folder, "a", second)
        assert len(kept.times(DAY, "a")) == second


def test_a_network_folder_of_whose_changes_nothing_is_told_is_listed_anew(tmp_path, monkeypatch):
    put(tmp_path, "a", 0)
    kept = Pictures(tmp_path)
    if kept._watch is None:
        skip("this system tells of no folder's changes (inotify), which is what is taken away here")
    kept.times(DAY, "a")
    monkeypatch.setattr(kept._watch, "read", lambda timeout: [])
    put(tmp_path, "a", 1)
    assert len(kept.times(DAY, "a")) == 2
