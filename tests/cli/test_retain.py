"""`deepthink retain`: nothing is deleted unless asked, and what is told is what was done."""

import json
from datetime import datetime

import pytest

from deepthink.cli.main import main
from deepthink.curation.facelist import Eyes, Row, Status, editing
from deepthink.datasink.base import RECOGNITIONS, TRACKING, Event, Mark
from deepthink.datasink.folder import FolderDatasink
from deepthink.records import Box, FrameKey

TODAY, OLD, NEW = "2026-03-31", "2026-03-02", "2026-03-30"
USABLE = "Ann: 50.00% (0.868943|0.095574|1|1)"
PROFILES = "retain: {profiles: {default: {strategy: face_quality, retention_days: 7, min_face_ratio: 0}}}"


def put(sink, date, name, **sets):
    start = datetime.fromisoformat(f"{date}T08:00:00.050631")
    event = Event(date, name, "alpha5/PiCam3", "alpha5", "PiCam3", start, 640, 480)
    for kind, label in {TRACKING: "person: 0.9642", **sets}.items():
        sink.write(event, kind, [Mark(start, "0", label, Box(1, 2, 30, 40))])
    file = sink.picture_path(FrameKey(date, name, start))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x" * 1_000_000)
    return event


@pytest.fixture
def site(tmp_path):
    """Two old events, one with a face in use and one without; one old with a usable face; a new one."""
    (tmp_path / "site.yaml").write_text(PROFILES + "\n")
    sink = FolderDatasink(tmp_path / "datasink/data", tmp_path / "datasink/images")
    put(sink, OLD, "plain")
    used = put(sink, OLD, "used")
    put(sink, OLD, "usable", **{RECOGNITIONS: USABLE})
    put(sink, NEW, "new")
    with editing(tmp_path / "facelist.csv") as listed:
        frame = FrameKey(OLD, "used", used.start)
        listed.append(Row(frame, 0, Status.IN_USE, "Ann", 0.9, 0.5, -0.1, Box(1, 2, 30, 40), Eyes(), 60.0))
    return tmp_path


def run(site, capsys, *words):
    code = 0
    try:
        main(["retain", "--site", str(site), "--today", TODAY, *words])
    except SystemExit as ended:
        code = ended.code
    told = capsys.readouterr()
    return code, told.out, told.err


def left(site):
    sink = FolderDatasink(site / "datasink/data", site / "datasink/images")
    return {event.event for date in sink.dates() for event in sink.events(date)}


def test_nothing_is_deleted_unless_it_is_asked_for(site, capsys):
    code, out, _ = run(site, capsys)
    assert code in (0, None)
    assert left(site) == {"plain", "used", "usable", "new"}
    assert "would delete         1        1.0  default            older than 7 days, nothing of worth in it" in out
    assert "locked               1        1.0  default            in use in the facelist" in out
    assert "a usable face, not older than 30 days" in out
    assert out.endswith("1 events, 1.0 MB, would be.\nDelete them: deepthink retain --delete\n")


def test_what_was_told_is_what_is_done(site, capsys):
    _, told, _ = run(site, capsys, "--json")
    _, done, _ = run(site, capsys, "--json", "--delete")
    dry, real = json.loads(told), json.loads(done)
    assert (dry.pop("dry_run"), real.pop("dry_run")) == (True, False)
    assert dry == real
    assert real["counts"] == {"deleted": 1, "locked": 1, "failed": 0, "gone": 0, "kept": 2}
    assert real["freed"] > 1_000_000
    assert left(site) == {"used", "usable", "new"}
    _, out, _ = run(site, capsys, "--delete")
    assert out.endswith("3 events of 2 days looked at.\n0 events deleted, 0.0 MB freed.\n")


def test_each_event_that_is_not_kept_is_named_when_asked(site, capsys):
    _, out, _ = run(site, capsys, "--list")
    assert [line.split()[:2] for line in out.splitlines()[:2]] == [[OLD, "plain"], [OLD, "used"]]
    assert "new" not in out.split()


def test_a_timer_deletes_when_the_settings_say_so_and_not_on_a_dry_run(site, capsys):
    run(site, capsys, "--set", "retain.enabled=true", "--dry-run")
    assert len(left(site)) == 4
    run(site, capsys, "--set", "retain.enabled=true")
    assert len(left(site)) == 3


def test_sentinelcams_file_and_rules_count_when_they_are_named(site, capsys):
    (site / "DailyCleanup.yaml").write_text(
        "%YAML 1.0\n---\nrun_deletes: False\nmax_scan_days: 30\n"
        "retention_profiles: {default: {strategy: minimal_retention, retention_days: 7}}\n"
    )
    words = ("--set", "retain.file=DailyCleanup.yaml", "--set", "retain.enabled=true")
    _, ours, _ = run(site, capsys, "--json", *words)
    _, theirs, _ = run(site, capsys, "--json", *words, "--set", "rules=sentinelcam")
    assert json.loads(ours)["dry_run"]  # as its run_deletes says
    assert [json.loads(one)["counts"]["deleted"] for one in (ours, theirs)] == [2, 1]  # a usable face, B16
    reasons = {one["event"]: one["reason"] for one in json.loads(theirs)["outcomes"]}
    assert reasons["used"] == "listed in the facelist"


def test_a_deletion_that_fails_ends_in_code_1_and_says_what_to_do(site, capsys, monkeypatch):
    def refuse(self, event):
        raise PermissionError(13, "Permission denied", "images")

    monkeypatch.setattr(FolderDatasink, "delete", refuse)
    code, out, _ = run(site, capsys, "--delete")
    assert code == 1
    assert "Permission denied" in out
    assert "0 events deleted, 0.0 MB freed. 1 failed" in out
    assert len(left(site)) == 4


def test_an_event_that_a_foreign_index_names_oddly_costs_nobody_anything(site, capsys):  # B2
    index = site / "datasink/data" / OLD / "camwatcher.csv"
    before = index.read_text()
    odd = "".join(f"alpha5,PiCam3,2026-03-02T08:00:00.05,{name},640,480,trk\n" for name in ("", ".", "*", "../x"))
    index.write_text(odd + before)
    code, _, err = run(site, capsys, "--delete")
    assert code in (0, None)
    assert "passed over" in err
    assert left(site) == {"used", "usable", "new"}
    assert index.read_text().startswith(odd)


def test_only_the_days_that_are_named_are_looked_at(site, capsys):
    _, out, _ = run(site, capsys, "--delete", "--date", NEW)
    assert "1 events of 1 days" in out
    assert len(left(site)) == 4


def test_a_slip_in_the_settings_is_said_in_one_line(site, capsys):
    code, _, err = run(site, capsys, "--set", "retain.profiles.default.retention_day=3")
    assert code == 1
    assert "retention_day" in err
