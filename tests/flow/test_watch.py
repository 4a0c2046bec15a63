"""The service: what makes it begin a run, what becomes of one, and what people are told."""

import urllib.request
from datetime import datetime, timedelta

import pytest

from deepthink.errors import InUseError, SettingsError
from deepthink.flow import requests
from deepthink.flow.watch import Watch
from deepthink.settings import load
from tests.deployment.nodes import free_port
from tests.flow.rig import DEPLOYED, FAILED, PASSED, Rig


@pytest.fixture
def rig(tmp_path):
    found = Rig(tmp_path / "site")
    yield found
    found.stop()


def test_newly_selected_faces_are_trained_on_and_what_passes_is_deployed(rig):
    rig.order("run", {"result": PASSED})
    rig.order("deploy", {"result": DEPLOYED})
    rig.changed()
    rig.spin(lambda: rig.outcomes == ["deployed"])
    (run,), (deploy,) = rig.started("run"), rig.started("deploy")
    assert run[1] == rig.ended()[0].run
    assert deploy[1] == "alpha"
    rig.rounds(0.5)
    assert len(rig.started("run", "deploy")) == 2  # the same faces are no reason a second time


def test_where_a_person_deploys_it_waits_and_says_for_what(rig):
    rig.settings(deploy="ask")
    rig.order("run", {"result": PASSED})
    rig.changed()
    rig.spin(lambda: rig.outcomes == ["waits"])
    assert "deepthink deploy alpha" in rig.ended()[0].says
    rig.rounds(0.3)
    assert not rig.started("deploy")


def test_what_fails_is_not_deployed_and_trained_again_once_it_was_corrected(rig):
    rig.settings(selected=0, enrolled=False)
    rig.order("run", {"result": FAILED}, {"result": {**PASSED, "version": "beta2"}})
    rig.order("deploy", {"result": DEPLOYED})
    rig.spin(lambda: rig.watch is not None)
    requests.ask(rig.folder, "ann")
    rig.spin(lambda: rig.outcomes == ["failed"])
    rig.rounds(0.3)
    assert not rig.started("deploy")
    rig.changed(digest="corrected", selected=0)
    rig.spin(lambda: rig.outcomes == ["deployed", "failed"])
    assert rig.ended()[0].reason == "corrected"


def test_too_few_selected_faces_are_no_reason_but_somebody_new_is(rig):
    rig.order("run", {"seconds": 600})
    rig.changed(digest="few", selected=4)
    rig.rounds(0.4)
    assert not rig.started("run")
    rig.changed(digest="new", selected=4, new_people=("Ann",))
    rig.spin(lambda: bool(rig.started("run")))
    assert "Ann was enrolled" in rig.watch.state.run.reason.says


def test_a_deployment_waits_for_its_window_and_a_newer_version_takes_its_place(rig):
    now = [datetime(2026, 3, 2, 12)]
    rig.now = lambda: now[0]
    rig.settings(deployment={"window": "03:00-05:00"})
    rig.order("run", {"result": PASSED}, {"result": {**PASSED, "version": "beta2"}})
    rig.order("deploy", {"result": DEPLOYED})
    rig.changed(digest="one")
    rig.spin(lambda: rig.outcomes == ["published"])
    rig.changed(digest="two")
    rig.spin(lambda: rig.outcomes == ["published", "published"])
    assert not rig.started("deploy")
    now[0] += timedelta(hours=15, minutes=1)
    rig.spin(lambda: "deployed" in rig.outcomes)
    assert [line[1] for line in rig.started("deploy")] == ["beta2"]


def test_a_request_is_answered_at_once_and_each_is_a_run_of_its_own(rig):
    rig.settings(cool_down_hours=100, settle_minutes=100)
    nothing = {"result": {"outcome": "nothing", "says": "nothing has changed"}}
    rig.order("run", nothing, nothing)
    rig.start()
    requests.ask(rig.folder, "ann")
    requests.ask(rig.folder, "mqtt", "gamma4")
    rig.spin(lambda: rig.outcomes == ["nothing", "nothing"])
    assert sorted(line[2] for line in rig.started("run")) == ["", "gamma4"]
    assert not requests.waiting(rig.folder)


def test_requests_that_are_none_are_removed(rig):
    rig.start()
    folder = rig.folder / "requests"
    folder.mkdir()
    (folder / "a.json").write_text("[" * 100_000)
    (folder / "b.json").write_text('{"id": "../../etc", "who": "x", "when": "y"}')
    (folder / "c.json").write_bytes(b"\xff\xfe")
    rig.rounds(0.3)
    assert not list(folder.glob("*.json"))
    assert not rig.started("run")


def test_who_only_looks_removes_no_request(rig):
    bad = rig.folder / "requests" / "a.json"
    bad.parent.mkdir(parents=True)
    bad.write_text("no request")
    assert requests.waiting(rig.folder) == []
    assert bad.exists()


def test_a_cool_down_keeps_it_from_training_all_day(rig):
    rig.settings(cool_down_hours=5)
    now = [datetime(2026, 3, 2, 12)]
    rig.now = lambda: now[0]
    rig.order("run", {"result": FAILED}, {"result": FAILED})
    rig.changed(digest="one", new_people=("Ann",))
    rig.spin(lambda: rig.outcomes == ["failed"])
    now[0] += timedelta(hours=5)
    rig.changed(digest="two")
    rig.spin(lambda: rig.outcomes == ["failed", "failed"])


def test_the_clock_begins_a_run_and_a_missed_night_is_caught_up_once(rig):
    now = [datetime(2026, 3, 2, 12)]
    rig.now = lambda: now[0]
    nothing = {"result": {"outcome": "nothing", "says": "nothing has changed"}}
    rig.order("run", nothing, nothing)
    rig.settings(schedule={"face_model": {"enabled": True, "hour": "3"}})
    rig.rounds(0.2)
    assert not rig.started("run")
    rig.stop()
    now[0] += timedelta(days=3)
    rig.spin(lambda: rig.outcomes == ["nothing"])
    for minutes in (-60, 0, 60, -60, 0):
        now[0] += timedelta(minutes=minutes)
        rig.rounds(0.1)
    assert len(rig.started("run")) == 1


def test_who_deployed_another_version_meanwhile_is_not_overruled(rig):
    rig.order("run", {"result": {**PASSED, "production": "zero"}})
    rig.order("deploy", {"result": {"outcome": "waits", "says": "beta2 was deployed meanwhile", "version": "alpha"}})
    rig.changed()
    rig.spin(lambda: rig.outcomes == ["waits"])
    assert rig.started("deploy")[0][1:] == ["alpha", "zero"]


def test_new_events_are_collected_once(rig):
    rig.settings(collect=True)
    rig.order("collect", {"result": {"outcome": "collected"}})
    rig.changed(selected=0, unanswered=7)
    rig.spin(lambda: rig.watch is not None and rig.watch.state.collected == 7)
    rig.rounds(0.4)
    assert len(rig.started("collect")) == 1  # the rest cannot be answered, and is no reason for another time


def test_an_alarm_of_drift_is_told_once(rig, caplog):
    caplog.set_level("INFO")
    rig.facts(alarms=("porch:distances",), alarms_say=("Porch has changed.",))
    (rig.root / "facelist.csv").write_text("x")
    rig.spin(lambda: rig.watch is not None and rig.watch.state.alarms == ("porch:distances",))
    (rig.root / "facelist.csv").write_text("xy")
    rig.rounds(0.4)
    assert sum("Porch has changed." in record.getMessage() for record in caplog.records) == 1


def test_two_services_of_one_site_do_not_both_watch_it(rig):
    from deepthink.files import locked

    watch = rig.start()
    with locked(rig.folder / "service"), pytest.raises(InUseError):
        watch.serve()


def test_settings_are_read_anew_and_wrong_ones_change_nothing(rig):
    watch = rig.start()
    rig.settings(selected=77)
    watch.reload()
    rig.rounds(0.1)
    assert watch.settings.watch.selected == 77
    (rig.root / "site.yaml").write_text("watch: {selected: many}")
    watch.reload()
    rig.rounds(0.1)
    assert watch.settings.watch.selected == 77


def test_the_endpoint_of_metrics_is_there_before_and_after_settings_are_read_anew(rig):
    port = free_port()
    address = f"127.0.0.1:{port}"
    rig.settings(metrics=address)
    watch = rig.start()
    rig.settings(metrics=address, selected=77)
    watch.reload()
    rig.rounds(0.1)
    assert watch.settings.watch.selected == 77
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
        assert b"deepthink_faces_to_review" in answer.read()
    rig.settings(metrics=address, sentinel="tcp://nowhere")
    watch.reload()
    rig.rounds(0.1)
    assert watch.settings.watch.sentinel is None
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
        assert answer.status == 200


def test_lists_that_cannot_be_had_are_told_once_and_those_that_changed_are_a_reason_once(rig, caplog):
    caplog.set_level("INFO")
    failed = {"result": {"outcome": "failed", "says": "the sentinel is off"}}
    pulled = {"result": {"outcome": "pulled", "changed": "sha", "says": "1 rows added"}}
    rig.settings(pull={"facelist": "theirs.csv"}, selected=0, enrolled=False)
    rig.order("pull", failed, failed, pulled, pulled)
    rig.start()
    for count in range(1, 5):
        rig.watch._pulled = -1e9
        rig.spin(lambda count=count: len(rig.started("pull")) == count and rig.watch.work is None)
    assert sum("the sentinel is off" in record.getMessage() for record in caplog.records) == 1
    rig.rounds(0.3)
    assert len(rig.started("run")) == 1


@pytest.mark.parametrize(
    "wrong",
    [{"schedule": {"face_model": {"hour": "27"}}}, {"messages": {"mqtt": {"host": "x", "password_file": "absent"}}},
     {"deployment": {"window": "3:00-3:00"}}, {"sentinel": "tcp://nowhere"}],
)  # fmt: skip
def test_what_cannot_work_is_said_at_the_start(rig, wrong):
    rig.settings(**wrong)
    with pytest.raises(SettingsError):
        Watch(lambda: load(rig.root))
