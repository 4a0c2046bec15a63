"""Changes are found where they are, soon, and not where there are none."""

from dataclasses import replace

import pytest

from deepthink.learning.drift import FACES, look
from tests.learning.streets import PEOPLE, Change, Street, days, look_daily

MOVED = Change(day=12, camera="cam1/View", farther=0.15, poorer=0.4)
UNEVEN = Street(uneven=0.5, company=0.5)  # days differ by half of what events do; strangers come half or twice as often


def test_where_nothing_changes_fewer_than_one_look_in_twenty_raises_an_alarm():
    found = [one for seed in range(40) for _, one in look_daily(days(UNEVEN, 40, seed), first=5, every=7)]
    assert len(found) == 240
    assert sum(one.looks > 0 for one in found) > 230
    assert sum(bool(one.alarms) for one in found) / len(found) < 0.05


@pytest.mark.parametrize("a_day", [6, 12, 40])
def test_a_moved_camera_is_named_within_sixty_events_and_no_other_is(a_day):
    street = Street(a_day=a_day, uneven=0.3, company=0.3)
    for seed in range(5):
        sightings = days(street, 24, seed, MOVED)
        found = next(
            (date, one)
            for date, one in look_daily(sightings, first=10)
            if any(alarm.where == MOVED.camera for alarm in one.alarms)
        )
        since = [one for one in sightings if one.camera == MOVED.camera and "2026-03-14" <= one.date <= found[0]]
        assert len(since) <= max(60, 2 * a_day)  # looked at in the evening
        assert {alarm.where for alarm in found[1].alarms} == {MOVED.camera}


def test_an_alarm_says_figures_and_what_to_do_and_shows_the_faces_that_are_farthest_first():
    sightings = days(Street(a_day=25), 18, 4, replace(MOVED, poorer=0.0, farther=0.12))
    found = look(sightings, sorted({one.date for one in sightings}), (), "alpha")
    alarm = next(one for one in found.alarms if one.kind == "distances")
    assert (alarm.where, alarm.person, alarm.since) == (MOVED.camera, False, "2026-03-14")
    assert "the median distance is 0.5" in alarm.says
    assert "of the first days of alpha" in alarm.says
    assert "Look whether the camera was moved" in alarm.says
    assert alarm.p < 0.002
    assert len(alarm.faces) == FACES == len(set(alarm.faces))
    far = {face: max(one.distances.values(), default=0) for one in sightings for face in one.shows.values()}
    assert min(far[face] for face in alarm.faces) > 0.5
    where = {face: (one.camera, one.date) for one in sightings for face in one.shows.values()}
    assert {where[face][0] for face in alarm.faces} == {MOVED.camera}
    assert min(where[face][1] for face in alarm.faces) >= "2026-03-14"


def test_a_camera_that_is_out_of_focus_raises_quality_alone():
    sightings = days(Street(a_day=20), 18, 2, replace(MOVED, farther=0.0))
    found = look(sightings, sorted({one.date for one in sightings}), (), "alpha")
    assert [(alarm.kind, alarm.where) for alarm in found.alarms] == [("quality", MOVED.camera)]
    assert "out of focus" in found.alarms[0].says
    poor = {one.shows.get("!") for one in sightings}
    assert found.alarms[0].faces
    assert set(found.alarms[0].faces) <= poor


def test_somebody_who_has_changed_is_named_and_no_camera_is():
    sightings = days(Street(a_day=20), 24, 3, Change(day=12, person="Bob", farther=0.12))
    found = look(sightings, sorted({one.date for one in sightings}), (), "alpha")
    assert [(one.kind, one.where, one.person) for one in found.alarms if one.person] == [("distances", "Bob", True)]
    assert not [one for one in found.alarms if one.kind == "quality"]
    assert "accept some of the newest in the review" in next(one for one in found.alarms if one.person).says


def test_everybody_at_a_moved_camera_is_not_taken_for_changed_people():
    sightings = days(Street(cameras=2, a_day=60), 24, 1, replace(MOVED, poorer=0.0, farther=0.2))
    found = look(sightings, sorted({one.date for one in sightings}), (), "alpha")
    assert {one.where for one in found.alarms} == {MOVED.camera}


def test_a_trivial_change_raises_nothing_however_certain_it_is():
    slight = replace(MOVED, farther=0.015, poorer=0.0)
    sightings = days(Street(cameras=2, a_day=400), 24, 5, slight)
    found = look(sightings, sorted({one.date for one in sightings}), (), "alpha")
    assert not found.alarms


def test_a_camera_that_other_people_pass_has_not_changed():
    """Each person lies at a distance of their own: the mean of a camera moves with who comes."""
    usual = dict(zip(PEOPLE, (0.25, 0.5, 0.4, 0.4), strict=True))
    found = []
    for number, one in enumerate(days(Street(cameras=1, a_day=40), 24, 6)):
        leaves = "Bob" if one.date < "2026-03-10" else "Ann"
        if leaves in one.distances and number % 5:
            continue
        far = {name: usual[name] + int(one.event[:4], 16) % 100 / 1000 for name in one.distances}
        found.append(replace(one, distances=far))
    looked = look(found, sorted({one.date for one in found}), (), "alpha")
    assert not [alarm for alarm in looked.alarms if alarm.kind == "distances"]


def test_an_alarm_stands_until_the_camera_is_put_back_under_one_key():
    street = Street(a_day=14)
    moved, still = days(street, 40, 7, MOVED), days(street, 40, 7)
    back = "2026-03-22"
    sightings = [one for one in moved if one.date < back] + [one for one in still if one.date >= back]
    told = {date: one.alarms for date, one in look_daily(sightings, first=10)}
    raised = [date for date, alarms in told.items() if alarms]
    assert "2026-03-14" <= raised[0] <= "2026-03-17"
    assert all(told[date] for date in told if raised[0] <= date < back)
    assert raised[-1] < "2026-03-27"
    keys = {alarm.key for alarms in told.values() for alarm in alarms if alarm.kind == "quality"}
    assert len(keys) == 1


def test_a_camera_that_is_moved_in_its_first_days_does_not_become_its_own_reference():
    early = replace(MOVED, day=1, poorer=0.9)
    told = look_daily(days(Street(a_day=40), 20, 7, early), first=2)
    raised = [date for date, one in told if any(alarm.kind == "quality" for alarm in one.alarms)]
    assert raised[0] <= "2026-03-05"
    assert raised == [date for date, _ in told if date >= raised[0]]


def test_an_alarm_that_stands_does_not_fall_to_its_own_threshold():
    """What would not raise it any more does not end it either, until it is clearly less."""

    def blurred(every: int) -> list:
        seen = enumerate(days(Street(cameras=1, a_day=30), 20, 8))
        return [replace(one, usable=float(one.date < "2026-03-12" or n % every > 0)) for n, one in seen]

    recent = sorted({one.date for one in blurred(2)})
    standing = look(blurred(2), recent, (), "alpha").alarms
    assert [alarm.kind for alarm in standing] == ["quality"]
    assert not look(blurred(5), recent, (), "alpha").alarms
    assert [alarm.key for alarm in look(blurred(5), recent, standing, "alpha").alarms] == [standing[0].key]
    assert not look(blurred(20), recent, standing, "alpha").alarms


def test_a_party_of_one_evening_is_no_change_and_strangers_every_day_are():
    street = Street(cameras=1, a_day=20)
    sightings = days(street, 20, 9)
    last = sightings[-1].date
    alike = {"unknown": True, "names": (), "distances": {}, "near": 0.3, "somebody": True}
    guests = [replace(one, event=f"{one.event}{n}", **alike) for one in sightings if one.date == last for n in range(3)]
    recent = sorted({one.date for one in sightings})
    party = look([*sightings, *guests], recent, (), "alpha")
    assert not [alarm for alarm in party.alarms if alarm.kind == "unknown"]
    always = [replace(one, **alike) if one.date >= recent[-4] and n % 4 else one for n, one in enumerate(sightings)]
    found = [alarm for alarm in look(always, recent, (), "alpha").alarms if alarm.kind == "unknown"]
    assert "More unknown: at cam0/View" in found[0].says


def test_that_fewer_are_unknown_is_news_too_for_strangers_may_be_given_names():
    sightings = days(Street(cameras=1, a_day=20), 20, 12)
    recent = sorted({one.date for one in sightings})
    named = [
        replace(one, unknown=False, names=("Ann",), distances={"Ann": 0.4}, near=None)
        if one.date >= recent[-4]
        else one
        for one in sightings
    ]
    found = [alarm for alarm in look(named, recent, (), "alpha").alarms if alarm.kind == "unknown"]
    assert "strangers are given names" in found[0].says


def test_when_fewer_unknown_become_more_that_is_another_alarm():
    sightings = days(Street(cameras=1, a_day=20), 26, 12)
    dates = sorted({one.date for one in sightings})
    named = {"unknown": False, "names": ("Ann",), "distances": {"Ann": 0.4}, "near": None}
    nobody = {"unknown": True, "names": (), "distances": {}, "near": 0.1}
    turned = [
        replace(one, **(nobody if one.date >= dates[-6] else named if one.date >= dates[-13] else {}))
        for one in sightings
    ]
    told = [alarm for _, one in look_daily(turned, first=10) for alarm in one.alarms if alarm.kind == "unknown"]
    assert [told[0].rose, told[-1].rose] == [False, True]
    assert told[0].key != told[-1].key
    assert "More unknown" in told[-1].says


def test_too_few_events_are_not_compared_and_say_nothing_against_an_alarm_that_stands():
    sightings = days(Street(a_day=20), 18, 2, MOVED)
    recent = sorted({one.date for one in sightings})
    standing = look(sightings, recent, (), "alpha").alarms
    since = min(alarm.since for alarm in standing)
    few = [one for one in sightings if one.date < since]
    few += [one for one in sightings if one.date >= since and one.camera == MOVED.camera][:5]
    kept = look(few, recent, standing, "alpha").alarms
    assert kept == standing
    assert look(few[:15], recent, (), "alpha").looks == 0


def test_an_alarm_ends_when_its_camera_is_not_there_any_more():
    sightings = days(Street(a_day=20), 18, 2, MOVED)
    recent = sorted({one.date for one in sightings})
    standing = look(sightings, recent, (), "alpha").alarms
    gone = [one for one in sightings if one.camera != MOVED.camera]
    assert standing
    assert not look(gone, recent, standing, "alpha").alarms


@pytest.mark.parametrize("count", [0, 1, 2])
def test_next_to_nothing_is_no_trouble(count):
    assert look(days(Street(cameras=1), 1, 1)[:count], ["2026-03-02"], (), "alpha") == look((), (), (), "alpha")
