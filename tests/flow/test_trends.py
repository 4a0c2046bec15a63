"""A site's trends, read from its files: from pictures to an alarm that names the camera that was changed."""

import json
import shutil
from dataclasses import replace
from datetime import datetime, timedelta

import cv2
import numpy as np
import pytest

from deepthink.cli.main import main
from deepthink.curation import review
from deepthink.curation.facelist import Facelist
from deepthink.flow import pipeline
from deepthink.flow.collect import detect_site, recognise_site
from deepthink.flow.trends import draw_alarm, keep_trends, kept_trends, tenures_of
from deepthink.flow.wiring import Site
from deepthink.records import FrameKey
from deepthink.settings import load
from deepthink.simulate.plan import Plan, drawn_plan, simulate
from deepthink.simulate.reviewer import review_by_truth

LENIENT = ("validation.max_fnir=0.5", "validation.min_nonmated=1", "validation.max_fpir=0.5", "train.preset=quick")
MOVED, STILL = "beta1/Porch", "alpha5/PiCam3"
VALIDATED, DARK = "2026-03-05", "2026-03-06"


def quiet(*_):
    """Tell nobody."""


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """A small site with a version in production, which has answered the day it was validated on."""
    folder = tmp_path_factory.mktemp("trends") / "site"
    simulate(folder, _plan().only("enrol", "validate"))
    site = Site(load(folder, LENIENT))
    assert pipeline.run(site, reviewer=review_by_truth).waits_for == ""
    return folder


def _plan() -> Plan:
    plan = drawn_plan(seed=3, residents=3, strangers=25)
    return Plan((*plan.days[1:4], plan.days[4]), plan.residents, plan.strangers, plan.seed)


@pytest.fixture(scope="module")
def darkened(walked, tmp_path_factory):
    """The same site a day later; the light at one camera has failed."""
    folder = tmp_path_factory.mktemp("darkened") / "site"
    shutil.copytree(walked, folder)
    simulate(folder, _plan().only("new"))
    site = Site(load(folder))
    for event in site.datasink.events(DARK):
        for time in site.datasink.times(event) if event.camera == MOVED else ():
            path = site.datasink.picture_path(FrameKey(DARK, event.event, time))
            cv2.imwrite(str(path), (cv2.imread(str(path)) * 0.12).astype(np.uint8))
    detect_site(site, [DARK], False, quiet)
    recognise_site(site, site.in_production(), [DARK], False, quiet)
    return folder


def site_in(tmp_path, made):
    shutil.copytree(made, tmp_path / "site", dirs_exist_ok=True)
    return Site(load(tmp_path / "site"))


def test_a_camera_that_has_become_dark_is_named_and_its_pictures_are_shown(darkened, tmp_path):
    site = site_in(tmp_path, darkened)
    trends = keep_trends(site)
    assert [(alarm.kind, alarm.where, alarm.since) for alarm in trends.alarms] == [("quality", MOVED, DARK)]
    assert (trends.version, trends.unlooked) == ("alpha", "")
    assert f"At {MOVED} fewer faces can be used" in trends.alarms[0].says
    assert trends.alarms[0].faces
    assert all(face.startswith(f"{DARK}|") for face in trends.alarms[0].faces)
    (sheet,) = draw_alarm(site, trends.alarms[0], tmp_path / "drawn")
    assert cv2.imread(str(sheet)).shape[1] > 500
    assert kept_trends(site) == trends


def test_nothing_is_raised_while_nothing_has_changed(walked, tmp_path):
    trends = keep_trends(site_in(tmp_path, walked))
    assert (trends.alarms, trends.looks) == ((), 0)
    assert "Too little was seen since alpha came into use" in trends.unlooked


def test_days_and_people_are_counted_by_event(darkened, tmp_path):
    site = site_in(tmp_path, darkened)
    trends = keep_trends(site)
    days = {(day.date, day.camera): day for day in trends.days}
    assert days[VALIDATED, STILL].named > 5
    assert (DARK, MOVED) not in days  # no face was found there any more
    events = len([event for event in site.datasink.events(VALIDATED) if event.camera == STILL])
    assert days[VALIDATED, STILL].events <= events
    people = {(one.date, one.person): one.events for one in trends.people}
    assert set(people) >= {(VALIDATED, name) for name in _plan().residents}
    assert sum(people[VALIDATED, name] for name in _plan().residents) >= days[VALIDATED, STILL].named


def test_what_was_answered_on_a_new_day_is_held_against_its_review(darkened, tmp_path):
    from deepthink.flow.collect import sweep_site

    site = site_in(tmp_path, darkened)
    assert keep_trends(site).weeks == ()  # enrolled before there was a version
    sweep_site(site, [DARK], quiet)
    review_by_truth(site)
    (week,) = keep_trends(site).weeks
    assert week.week == "2026-W10"
    assert week.fnir.asked > 3 < week.fpir.asked
    assert week.fnir.rate < 0.5
    rows = Facelist(site.facelist).rows
    answered = next(n for n, row in rows.items() if row.frame.date == DARK and row.enrolled)
    same = [n for n, row in rows.items() if row.frame.event == rows[answered].frame.event]
    review.stranger(site.facelist, same, "eve")
    (other,) = keep_trends(site).weeks
    assert (other.fpir.errors, other.fpir.asked) == (week.fpir.errors + 1, week.fpir.asked + 1)


def test_events_that_are_deleted_later_stay_counted(darkened, tmp_path):
    site = site_in(tmp_path, darkened)
    before = keep_trends(site)
    shutil.rmtree(site.datasink.data / VALIDATED)
    after = keep_trends(Site(load(tmp_path / "site")))
    assert (after.days, after.people, after.alarms) == (before.days, before.people, before.alarms)


def test_kept_trends_that_are_damaged_cost_nothing_but_themselves(darkened, tmp_path):
    site = site_in(tmp_path, darkened)
    before = keep_trends(site)
    for file in site.watch_folder.glob("*.json"):
        file.write_text(file.read_text()[:40])
    assert keep_trends(site).alarms == before.alarms


def test_an_alarm_keeps_its_key_as_long_as_the_version_is_the_same(darkened, tmp_path):
    site = site_in(tmp_path, darkened)
    first = keep_trends(site).alarms[0].key
    kept = site.watch_folder / "trends.json"
    kept.write_text(kept.read_text().replace(json.dumps(first), '"told before"'))
    assert [alarm.key for alarm in keep_trends(site).alarms] == ["told before"]
    version = site.registry.root / "beta2"
    shutil.copytree(site.registry.root / "alpha", version)
    (version / "split_beta2.json").write_text('["2026-03-04|a1"]')
    site.ledger.enter("beta2", True, 1.0, "")
    site.ledger.promote("beta2")
    after = keep_trends(Site(load(tmp_path / "site")))
    assert (after.version, [alarm.key for alarm in after.alarms]) == ("beta2", [first])


def test_a_version_has_answered_what_came_after_its_deployment(darkened, tmp_path):
    """Where the days lie before it by the clock, as a simulated site's do, its own material says since when."""
    site = site_in(tmp_path, darkened)
    (tenure,) = tenures_of(site)
    assert (tenure.version, tenure.since) == ("alpha", datetime(2026, 3, 5))
    assert tenure.people == _plan().residents
    later = datetime.now() + timedelta(days=2)
    event = replace(site.datasink.events(DARK)[-1], date=later.date().isoformat(), start=later, types=("trk",))
    line = f"{event.node},{event.view},{later.isoformat(timespec='microseconds')},{event.event},640,480,trk\n"
    folder = site.datasink.data / event.date
    folder.mkdir()
    (folder / "camwatcher.csv").write_text(line)
    assert abs(tenures_of(site)[0].since - datetime.now()) < timedelta(hours=1)


def test_a_site_without_events_or_without_a_version_is_told_why(tmp_path):
    (tmp_path / "site.yaml").write_text("")
    assert "There is no datasink" in keep_trends(Site(load(tmp_path))).unlooked
    (tmp_path / "datasink/data").mkdir(parents=True)
    trends = keep_trends(Site(load(tmp_path)))
    assert "No version is in production" in trends.unlooked
    assert (trends.version, trends.days, trends.weeks, trends.alarms) == ("", (), (), ())


def test_the_command_tells_people_and_machines_and_draws(darkened, tmp_path, capsys):
    site_in(tmp_path, darkened)
    pictures = tmp_path / "pictures"
    with pytest.raises(SystemExit) as ended:
        main(["drift", str(tmp_path / "site"), "--pictures", str(pictures)])
    assert not ended.value.code
    told = capsys.readouterr().out
    assert f"Changed since {DARK}: At {MOVED} fewer faces" in told
    assert str(pictures) in told
    with pytest.raises(SystemExit):
        main(["drift", str(tmp_path / "site"), "--json", "--pictures", str(pictures)])
    content = json.loads(capsys.readouterr().out)
    assert content["alarms"][0]["where"] == MOVED
    assert len(content["pictures"][content["alarms"][0]["key"]]) == len(list(pictures.glob("*.png"))) == 1
