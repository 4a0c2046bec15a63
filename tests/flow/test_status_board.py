"""What the status page's board is gathered from, and that gathering it stays cheap and changes nothing."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from deepthink.curation.facelist import Facelist
from deepthink.errors import BadInputError
from deepthink.files import locked
from deepthink.flow import processes, status_gather, status_look
from deepthink.flow.journal import Journal
from deepthink.flow.requests import ask
from deepthink.flow.runs import Ended, note
from deepthink.flow.status_board import Looked
from deepthink.flow.status_gather import Gathering, is_watched
from deepthink.flow.status_look import Look
from deepthink.flow.status_pages import page_of, pages_of
from deepthink.flow.status_waits import what_waits
from deepthink.learning.trends import Alarm, Trends, write_trends
from deepthink.messages.base import Standing
from deepthink.registry.ledger import LEDGER, Ledger
from deepthink.settings import load

RUN = Ended(
    "a1", "schedule", "the schedule", "2026-03-02T03:00", "2026-03-02T03:20", 1200.0, "waits", "Deploy it.", "b2"
)
ROW = "2026-03-02,e{0},2026-03-02 12:00:0{0}.000001,0,0,{1},{2},0.0,9.999999,9.999999,1,2,3,4,0,0,0,0,0,0,-180.0,1.0"
HEAD = "date,event,timestamp,objid,source,status,name,proba,dist,margin,x1,y1,x2,y2,rx,ry,lx,ly,dx,dy,angle,focus"


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "site.yaml").write_text("{}\n")
    rows = [ROW.format(at, status, name) for at, (status, name) in enumerate(
        [(0, "Unknown"), (0, "Ada"), (0, "Ada"), (1, "Bela"), (2, "Ada"), (2, "Cleo"), (3, "Unknown")])]  # fmt: skip
    (tmp_path / "facelist.csv").write_text("\n".join([HEAD, *rows]) + "\n")
    return load(tmp_path)


def board(settings, looked=Looked()):
    return Gathering(settings).board(looked)


def account(settings, name, version, when, **outcome):
    folder = settings.path(settings.registry) / "rollouts"
    folder.mkdir(parents=True, exist_ok=True)
    targets = {name: {"version": version, "error": "", "reverted": False, **outcome}}
    content = {"began": when, "ended": when, "state": "done", "process": 1, "targets": targets}
    (folder / f"{when}_{len(list(folder.iterdir()))}.json").write_text(json.dumps(content))


def test_the_queue_is_counted_by_what_a_person_has_to_do(settings):
    queue = board(settings).queue
    assert (queue.named, queue.unknown, queue.waits) == (2, 1, 3)
    assert (queue.selected, queue.enrolled, queue.people) == (1, 2, 3)


def test_what_is_in_production_comes_from_the_ledger_not_from_what_was_counted_before(settings):
    ledger = Ledger(settings.path(settings.registry) / LEDGER)
    ledger.enter("alpha", True, 1.0, "")
    ledger.promote("alpha")
    gathering = Gathering(settings)
    assert gathering.board(Looked()).standing.version == "alpha"
    ledger.enter("beta2", True, 1.0, "")
    ledger.promote("beta2")
    assert gathering.board(Looked()).standing.version == "beta2"


def test_a_machine_has_what_it_took_last_since_it_took_it_first(settings):
    account(settings, "porch", "alpha", "2026-03-01T03:00:00")
    account(settings, "porch", "alpha", "2026-03-02T03:00:00")
    account(settings, "drive", "beta2", "2026-03-03T03:00:00", error="no room")
    account(settings, "drive", "alpha", "2026-03-04T03:00:00", reverted=True)
    drive, porch = board(settings).places
    assert (porch.version, porch.since, porch.says) == ("alpha", "2026-03-01T03:00:00", "")
    assert (drive.version, drive.since) == ("", "")
    assert drive.says == "2026-03-04 03:00: reverted"


def test_a_run_that_waits_is_a_persons_turn_until_its_version_is_in_production(settings):
    note(settings.path(settings.training), RUN)
    assert "Deploy it." in [wait.says for wait in board(settings).waits]
    ledger = Ledger(settings.path(settings.registry) / LEDGER)
    ledger.enter("b2", True, 1.0, "")
    assert "Deploy it." in [wait.says for wait in board(settings).waits]
    note(settings.path(settings.training), replace(RUN, outcome="deployed"))
    assert "Deploy it." not in [wait.says for wait in board(settings).waits]


def test_a_run_that_nobody_walks_on_with_is_told(settings):
    Journal(settings.path(settings.training)).begin("gamma3")
    assert [wait.command for wait in board(settings).waits if "gamma3" in wait.says] == ["deepthink run"]
    with locked(settings.watch_folder / "service"):  # the service goes on with it by itself
        assert not [wait for wait in board(settings).waits if "gamma3" in wait.says]


def test_changes_by_hand_come_first_and_faces_last(settings):
    standing = Standing(waits_for="Deploy it.", alarms=("porch has changed",))
    says = [wait.says for wait in what_waits(standing, ["production was moved"], [], 3, "gamma3")]
    words = ["by hand", "cut off", "Deploy it.", "porch has changed", "3 faces"]
    assert all(word in said for word, said in zip(words, says, strict=True))


def test_the_stamp_is_another_as_soon_as_a_file_is(settings):
    gathering = Gathering(settings)
    stamps = [gathering.stamp()]
    training = settings.path(settings.training)
    for change in (
        lambda: note(training, RUN),
        lambda: write_trends(settings.watch_folder, Trends("2026-03-02", "a")),
        lambda: ask(settings.watch_folder, "ann"),
        lambda: Journal(training).begin("gamma3"),
        lambda: account(settings, "porch", "alpha", "2026-03-01"),
        lambda: os.utime(settings.path(settings.facelist), (1, 1)),
        lambda: Ledger(settings.path(settings.registry) / LEDGER).enter("alpha", True, 1.0, ""),
    ):
        change()
        stamps.append(gathering.stamp())
    assert len(set(stamps)) == len(stamps)


def test_what_has_not_changed_is_not_read_again(settings, monkeypatch):
    read = []
    monkeypatch.setattr(status_gather, "Facelist", lambda path: read.append(path) or Facelist(path))
    gathering = Gathering(settings)
    for _ in range(3):
        gathering.board(Looked())
    assert len(read) == 1
    path = settings.path(settings.facelist)
    path.write_text(path.read_text() + ROW.format(9, 0, "Unknown") + "\n")
    assert gathering.board(Looked()).queue.unknown == 2
    assert len(read) == 2


def test_gathering_changes_nothing_in_the_site(settings):
    before = sorted(path for path in settings.root.rglob("*"))
    board(settings)
    assert sorted(path for path in settings.root.rglob("*")) == before


def test_whether_the_service_runs_is_seen_by_its_lock_without_touching_it(settings, tmp_path, monkeypatch):
    folder = settings.watch_folder
    assert is_watched(folder) is False
    with locked(folder / "service"):
        assert is_watched(folder) is True
        assert board(settings).watched is True
    assert is_watched(folder) is False
    monkeypatch.setattr(processes, "_LOCKS", tmp_path / "nosuch")
    assert is_watched(folder) is None


def test_alarms_stand_as_long_as_the_trends_have_them(settings):
    alarm = Alarm("k", "unknown", "porch", False, "porch has changed", 0.001, "2026-03-01")
    write_trends(settings.watch_folder, Trends("2026-03-02", "a", alarms=(alarm,)))
    gathering = Gathering(settings)
    assert gathering.board(Looked()).standing.alarms == ("porch has changed",)
    write_trends(settings.watch_folder, Trends("2026-03-03", "a"))
    assert gathering.board(Looked()).standing.alarms == ()


@pytest.mark.parametrize("version", ["", "..", "../x", "/etc", "a/b", ".hidden", "a" * 65, "a\0"])
def test_no_name_leads_out_of_the_folders(tmp_path, version):
    with pytest.raises(BadInputError):
        page_of(version, "report", tmp_path, tmp_path)
    (tmp_path / "report.html").write_text("x")
    assert pages_of(version, tmp_path / "a", tmp_path) == ()


def looked(look, seconds=60):
    end = time.monotonic() + seconds
    while look.found.running:
        assert time.monotonic() < end
        time.sleep(0.05)
    return look.found


def test_the_doctor_looks_in_a_process_of_his_own(settings):
    look = Look(settings.root)
    assert look.begin()
    found = looked(look, 100)
    assert found.says == ""
    assert {"disk", "memory"} <= {one.name for one in found.findings}


def test_he_looks_once_at_a_time_and_not_again_at_once(settings):
    look = Look(settings.root)
    look.command = [sys.executable, "-c", "import time; time.sleep(0.3); print('[]')"]
    assert [look.begin(), look.begin()] == [True, False]
    looked(look)
    assert look.begin() is False
    assert look.begin(after=0.0) is True
    looked(look)
    look.perhaps()
    assert look.found.running is False


@pytest.mark.parametrize("printed", ["", "[", '{"a": 1}', '[{"harm": "none"}]', "[3]"])
def test_a_look_that_fails_says_so(settings, printed):
    look = Look(settings.root)
    look.command = [sys.executable, "-c", f"print({printed!r})"]
    look.begin()
    assert looked(look).says.startswith("The look failed")


def test_a_look_that_hangs_is_ended_with_all_it_began(settings, monkeypatch):
    monkeypatch.setattr(status_look, "LONGEST", 1.0)
    look = Look(settings.root)
    look.command = ["sh", "-c", "sleep 61.25 & sleep 61.25"]
    look.begin()
    assert "had not ended after 1 s" in looked(look).says
    left = subprocess.run(["pgrep", "-f", "sleep 61.25"], capture_output=True, text=True, check=False).stdout.split()
    assert left == []


def test_a_look_that_died_says_what_it_said_last_and_not_how_it_was_called(settings):
    look = Look(settings.root, ["secret=word"])
    look.command = [sys.executable, "-c", "import sys; sys.exit('no more memory')", "secret=word"]
    look.begin()
    assert looked(look).says == "The look failed: no more memory"


def test_nobody_looks_any_more_once_it_was_closed(settings):
    look = Look(settings.root)
    look.close()
    assert look.begin(after=0.0) is False


def test_settings_for_the_service_alone_reach_the_doctor(tmp_path):
    assert Look(tmp_path, ["train.folds=3"]).command[-2:] == ["--set", "train.folds=3"]
