"""Which events go, which stay and why: every branch of both rules, worked out by hand."""

import contextlib
import datetime

import pytest

from deepthink.datasink.base import TRACKING, Event, Mark
from deepthink.datasink.folder import FolderDatasink
from deepthink.datasink.profiles import Policy, Profile, parse_policy
from deepthink.datasink.retain import retain
from deepthink.errors import BadInputError
from deepthink.records import Box

TODAY = datetime.date(2026, 3, 31)
PLAIN = "not older than"
WORTHLESS = "older than 7 days, nothing of worth in it"
USABLE, BLURRED = "Ann: 50.00% (0.868943|0.095574|1|1)", "Ann: 50.00% (0.868943|0.095574|0|1)"
SURE, STRANGER = "Ann: 99.50% (0.868943|0.095574|0|1)", "Unknown: 99.50% (0.868943|0.095574|0|1)"
BAD = "Ann Smith: 99.50% (0.868943|0.095574|1|1)"
FAST, SLOW, UNTOLD = "41.2 mph: L-to-R", "12.0 mph: R-to-L", "L-to-R"


class Nobody:
    """Holds no event in place."""

    def why(self, event, waited):
        return ""

    def hold(self):
        return contextlib.nullcontext()


class Some(Nobody):
    """Holds some events in place; of some more, those that have not waited."""

    def __init__(self, *names, waiting=()):
        self.names, self.waiting, self.held = names, waiting, 0

    def why(self, event, waited):
        return "selected" if event.event in self.names or (event.event in self.waiting and not waited) else ""

    @contextlib.contextmanager
    def hold(self):
        self.held += 1
        yield


def day(age):
    return (TODAY - datetime.timedelta(days=age)).isoformat()


def put(sink, name, age, node="alpha5", tracked=True, minute=0, **sets):
    """Write an event of some age; each set's labels by its type."""
    start = datetime.datetime.fromisoformat(f"{day(age)}T08:{minute:02}:00.050631")
    event = Event(day(age), name, f"{node}/PiCam3", node, "PiCam3", start, 640, 480)
    kinds = {TRACKING: ["person: 0.9642"], **sets} if tracked else sets
    for kind, labels in kinds.items():
        sink.write(event, kind, [Mark(start, "0", label, Box(1, 2, 30, 40)) for label in labels])
    picture = sink.images / day(age) / f"{name}_{start.strftime('%Y-%m-%d_%H.%M.%S.%f')}.jpg"
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_bytes(b"x" * 1000)
    return event


@pytest.fixture
def sink(tmp_path):
    return FolderDatasink(tmp_path / "data", tmp_path / "images")


def policy(strategy="face_quality", **values):
    return Policy((Profile("default", strategy, **values),), run_deletes=True)


def account(report):
    return {one.event: (one.fate, one.reason) for one in report.outcomes}


def fate(sink, rules="deepthink", strategy="face_quality", **values):
    """Return what becomes of the one event, and why."""
    (found,) = account(retain(sink, policy(strategy, **values), TODAY, Nobody(), rules=rules)).values()
    return found


BOTH = pytest.mark.parametrize("rules", ["deepthink", "sentinelcam"])


@BOTH
@pytest.mark.parametrize(("age", "expected"), [(0, "kept"), (7, "kept"), (8, "deleted")])
def test_an_event_is_kept_until_it_is_older_than_the_retention_days(sink, rules, age, expected):
    put(sink, "a", age)
    assert fate(sink, rules, "minimal_retention")[0] == expected


@BOTH
def test_never_delete_keeps_everything(sink, rules):
    put(sink, "a", 30)
    assert fate(sink, rules, "never_delete") == ("kept", "never deleted")


@BOTH
@pytest.mark.parametrize(
    ("age", "label", "expected"),
    [
        (30, SLOW, ("kept", "a vehicle's speed, not older than 30 days")),
        (30, UNTOLD, ("kept", "a vehicle's speed, not older than 30 days")),
        (31, SLOW, None),
        (31, UNTOLD, None),
        (31, "30.0 mph: L-to-R", None),
        (31, FAST, ("kept", "faster than 30")),
        (31, "30.1 mph: L-to-R", ("kept", "faster than 30")),
        (31, "nan mph", None),
    ],
)
def test_a_speed_keeps_for_the_extended_days_and_a_high_one_for_good(sink, rules, age, label, expected):
    put(sink, "a", age, vsp=[label])
    values = {"max_scan_days": 99}
    one = Policy((Profile("default", "vehicle_interest"),), **values)
    (found,) = account(retain(sink, one, TODAY, Nobody(), rules=rules)).values()
    if expected:
        assert found[1].startswith(expected[1]) if age > 30 else found == expected
        assert found[0] == "kept"
    else:
        assert found[0] == "deleted"


@BOTH
def test_an_empty_set_of_speeds_keeps_nothing(sink, rules):
    put(sink, "a", 20, vsp=[])
    assert fate(sink, rules, min_face_ratio=0) == ("deleted", WORTHLESS)


FACES_WORTH = [  # labels, kept by ours within the extended days, kept by SentinelCam's for good
    ([USABLE], True, True),
    ([SURE], True, True),
    ([STRANGER], False, True),
    ([BLURRED], False, False),
    ([BLURRED, USABLE], True, True),
    (["Ann: 97.50% (0.868943|0.095574|0|1)"], False, False),
    ([], False, False),
]


@pytest.mark.parametrize(("labels", "ours", "theirs"), FACES_WORTH)
def test_a_face_of_worth_keeps_its_event(sink, labels, ours, theirs):
    put(sink, "a", 20, fd1=["Face"], fr1=labels)
    assert fate(sink, min_face_ratio=0)[0] == ("kept" if ours else "deleted")
    assert fate(sink, "sentinelcam")[0] == ("kept" if theirs else "deleted")


def test_one_usable_face_does_not_keep_an_event_for_ever(sink):  # B16
    put(sink, "a", 31, fr1=[USABLE, SURE])
    assert fate(sink) == ("deleted", "older than 30 days")
    assert account(retain(sink, Policy(max_scan_days=99), TODAY, Nobody(), rules="sentinelcam"))["a"][0] == "kept"


def test_the_confidence_threshold_is_the_profiles(sink):
    put(sink, "a", 20, fr1=["Ann: 98.00% (0.868943|0.095574|0|1)"])
    assert fate(sink, min_face_ratio=0)[0] == "kept"
    assert fate(sink, min_face_ratio=0, confidence_threshold=0.99)[0] == "deleted"
    assert fate(sink, "sentinelcam", confidence_threshold=0.99)[0] == "deleted"


def test_minimal_retention_looks_at_the_age_alone_which_sentinelcams_does_not(sink):  # B15
    put(sink, "a", 8, fr1=[USABLE], vsp=[FAST])
    assert fate(sink, strategy="minimal_retention") == ("deleted", "older than 7 days")
    assert fate(sink, "sentinelcam", "minimal_retention")[0] == "kept"


def test_faces_that_were_not_recognised_yet_wait_for_it(sink):
    put(sink, "a", 20, fd1=["Face"])
    assert fate(sink) == ("kept", "faces that were not recognised yet, not older than 30 days")
    assert fate(sink, "sentinelcam", min_face_ratio=0)[0] == "deleted"  # B15
    assert fate(sink, extended_days=15)[0] == "deleted"


def test_a_day_almost_without_faces_is_kept_as_detection_may_not_have_run(sink):  # B15
    for number in range(9):
        put(sink, f"a{number}", 20)
    put(sink, "seen", 20, fd1=["Face"], fr1=[BLURRED])
    found = account(retain(sink, policy(), TODAY, Nobody()))
    assert {one for one, _ in found.values()} == {"kept"}
    assert found["a0"][1].startswith("faces in less than 15% of the day's events")
    put(sink, "seen2", 20, fd1=["Face"], fr1=[BLURRED])
    assert {one for one, _ in account(retain(sink, policy(), TODAY, Nobody())).values()} == {"deleted"}  # 2 of 11
    blind = policy("vehicle_interest", min_face_ratio=1)
    assert {one for one, _ in account(retain(sink, blind, TODAY, Nobody())).values()} == {"deleted"}


def test_the_faces_of_other_nodes_do_not_count_for_one_that_saw_none(sink):
    put(sink, "a", 20, node="north")
    put(sink, "b", 20, node="south", fd1=["Face"], fr1=[BLURRED])
    found = account(retain(sink, policy(), TODAY, Nobody()))
    assert (found["a"][0], found["b"][0]) == ("kept", "deleted")


def test_all_types_of_an_event_are_judged_together(sink):
    put(sink, "a", 20, fr1=[BLURRED], vsp=[SLOW])
    put(sink, "b", 20, fr1=[USABLE], vsp=[])
    for strategy in ("face_quality", "vehicle_interest"):
        found = account(retain(sink, policy(strategy), TODAY, Nobody()))
        assert [one for one, _ in found.values()] == ["kept", "kept"]


def test_a_bad_label_costs_its_line_alone(sink):  # B13
    put(sink, "a", 20, fr1=[BAD, USABLE], fd1=["Face"])
    put(sink, "b", 20, fr1=[BAD, BLURRED], fd1=["Face"])
    put(sink, "c", 20, fr1=[BAD], fd1=["Face"])
    found = account(retain(sink, policy(), TODAY, Nobody()))
    assert [found[name][0] for name in "abc"] == ["kept", "deleted", "kept"]
    assert found["c"][1] == "faces of which no label can be read, not older than 30 days"
    assert sink.problems.count == 3


def test_in_sentinelcams_rules_a_bad_label_ends_the_day_for_its_node_and_those_after(sink):  # B13
    put(sink, "late", 20, node="first", minute=30)
    put(sink, "bad", 20, node="second", minute=20, fr1=[BAD])
    put(sink, "with", 20, node="second", minute=25)
    put(sink, "after", 20, node="third", minute=10)
    put(sink, "other", 21, node="third")
    found = account(retain(sink, Policy(), TODAY, Nobody(), rules="sentinelcam"))
    assert {name: one for name, (one, _) in found.items()} == {
        "late": "deleted", "bad": "kept", "with": "kept", "after": "kept", "other": "deleted",
    }  # fmt: skip
    assert "Ann Smith" in found["after"][1]


def test_in_sentinelcams_rules_a_speed_spares_the_labels_the_reading(sink):
    put(sink, "a", 20, vsp=[SLOW], fr1=[BAD])
    assert fate(sink, "sentinelcam") == ("kept", "a vehicle's speed, not older than 30 days")


@pytest.mark.parametrize(
    "label", ["Face", "", "Ann: 99.5% 1", "Ann: x% (1|2|3|4)", "Ann: 99.5% (1|2|1)", "Ann: 99.5% (nan|1|1|1)", BAD]
)
def test_what_sentinelcam_cannot_read_ends_its_day(sink, label):
    put(sink, "a", 20, fr1=[label])
    assert fate(sink, "sentinelcam")[0] == "kept"


def test_an_event_without_a_tracking_line_is_looked_at_by_ours_alone(sink):
    put(sink, "a", 20, tracked=False, fr1=[BLURRED], fd1=["Face"])
    assert fate(sink) == ("deleted", WORTHLESS)
    assert fate(sink, "sentinelcam") == ("kept", "no tracking line: never looked at")


def test_old_days_are_looked_at_unless_a_window_is_asked_for(sink):  # B16
    for age in (-1, 30, 31, 400):
        put(sink, f"age{age}", age)
    one = Policy((Profile(),), max_scan_days=30)
    report = retain(sink, one, TODAY, Nobody())
    assert {name: one for name, (one, _) in account(report).items()} == {
        "age-1": "kept", "age30": "deleted", "age31": "deleted", "age400": "deleted",
    }  # fmt: skip
    for windowed in (
        retain(sink, one, TODAY, Nobody(), rules="sentinelcam"),
        retain(sink, one, TODAY, Nobody(), scan_days=30),
    ):
        assert account(windowed).keys() == {"age30"}
        assert (windowed.days, windowed.days_beyond) == (1, 3)


def test_only_the_days_that_are_asked_for_are_looked_at(sink):
    put(sink, "a", 20)
    put(sink, "b", 21)
    assert account(retain(sink, policy(), TODAY, Nobody(), dates=[day(21)])).keys() == {"b"}
    with pytest.raises(BadInputError, match="not a day"):
        retain(sink, policy(), TODAY, Nobody(), dates=["*"])


def test_each_node_has_its_profile(sink):
    profiles = (Profile("people", "face_quality", 14, min_face_ratio=0, nodes=("lab1",)), Profile("default"))
    for node in ("lab1", "east"):
        put(sink, node, 10, node=node)
    found = retain(sink, Policy(profiles), TODAY, Nobody()).outcomes
    assert {one.node: (one.profile, one.fate) for one in found} == {
        "lab1": ("people", "kept"), "east": ("default", "deleted"),
    }  # fmt: skip


def test_a_node_that_no_profile_names_keeps_its_events_where_sentinelcams_has_seven_days(sink):
    put(sink, "a", 20)
    one = Policy((Profile("people", nodes=("lab1",)),))
    assert account(retain(sink, one, TODAY, Nobody()))["a"] == ("kept", "no profile names its node")
    assert account(retain(sink, one, TODAY, Nobody(), rules="sentinelcam"))["a"][0] == "deleted"


def test_the_account_of_a_dry_run_is_that_of_the_real_one(sink, tmp_path):
    for number in range(4):
        put(sink, f"old{number}", 20, minute=number)
        put(sink, f"new{number}", 3, minute=number)
    put(sink, "kept", 20, fr1=[USABLE])
    everything = sorted(tmp_path.rglob("*"))
    holds = Some("old1")
    dry = retain(sink, policy(min_face_ratio=0), TODAY, holds)
    assert (sorted(tmp_path.rglob("*")), holds.held) == (everything, 0)
    real = retain(sink, policy(min_face_ratio=0), TODAY, holds, delete=True)
    assert (dry.dry_run, real.dry_run, holds.held) == (True, False, 4)
    assert dry.outcomes == real.outcomes
    assert (dry.counts, dry.freed) == (real.counts, real.freed)
    assert real.counts == {"deleted": 3, "locked": 1, "failed": 0, "gone": 0, "kept": 5}
    assert real.freed == sum(one.size for one in real.outcomes if one.fate == "deleted") > 3 * 1000
    assert {event.event for event in sink.events(day(20))} == {"old1", "kept"}
    again = retain(sink, policy(min_face_ratio=0), TODAY, holds, delete=True)
    assert again.counts == {"deleted": 0, "locked": 1, "failed": 0, "gone": 0, "kept": 5}


def test_events_are_counted_and_not_their_lines(sink):  # B14
    put(sink, "a", 20, fd1=["Face"], fr1=[BLURRED], vsp=[])
    assert sum(retain(sink, policy(), TODAY, Nobody(), rules="sentinelcam").counts.values()) == 1


def test_a_candidate_has_waited_when_its_event_is_older_than_the_extended_days(sink):  # B5
    put(sink, "a", 30)
    put(sink, "b", 31)
    one = policy("minimal_retention")
    found = account(retain(sink, one, TODAY, Some(waiting=("a", "b"))))
    assert [found[name][0] for name in "ab"] == ["locked", "deleted"]


def test_an_empty_policy_deletes_nothing(sink):
    put(sink, "a", 400)
    assert account(retain(sink, parse_policy(None, "x"), TODAY, Nobody()))["a"][0] == "kept"
