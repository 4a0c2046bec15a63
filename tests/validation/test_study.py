"""By frame, by part, ranks and the DET curve, counted by hand."""

import math
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from deepthink.records import Box, FrameKey
from deepthink.validation.metrics import Asked, Look, Score, measure
from deepthink.validation.study import ClusteredRate, hours_of, study


def event(number, really, named=(), margin=0.1, apart=None, answers=(), camera="c", hour=12):
    resident = frozenset() if really == "Unknown" else frozenset({really})
    apart = apart or {"ann": 0.3, "bob": 0.8}
    nearest = min(apart, key=apart.get)
    looks = [Look(FrameKey("d", str(number), datetime(2026, 3, 2)), Box(0, 0, 9, 9), name) for name in answers]
    scores = (Score(nearest, apart[nearest], margin),)
    strangers = int(really == "Unknown")
    return Asked(f"d|{number}", camera, resident, strangers, frozenset(named), 1, scores, hour, tuple(looks), apart)


def test_frames_are_counted_each_alone_and_events_drawn_for_the_interval():
    asked = [event(n, "ann", ["ann"], answers=["ann", "ann", "Unknown", "bob"]) for n in range(10)]
    asked += [event(10, "Unknown", answers=["Unknown", "ann"])]
    found = study(asked)
    assert found.frames_named.interval == (0.0, 1.0)  # one event is one witness
    assert (found.frames_missed.count, found.frames_missed.total) == (20, 40)
    assert (found.frames_named.count, found.frames_named.total) == (1, 2)
    assert found.frames_missed.interval == (0.5, 0.5)  # every event is alike: drawing others changes nothing


def test_alike_faces_of_an_event_are_not_many_witnesses():
    together = ClusteredRate(20, 200, ((10, 10),) * 2 + ((0, 10),) * 18)
    apart = ClusteredRate(20, 200, ((1, 10),) * 20)
    assert together.interval[1] - together.interval[0] > 0.2
    assert apart.interval == (0.1, 0.1)
    assert ClusteredRate(0, 200, ((0, 10),) * 20).interval == (0.0, 3 / 20)


def test_ranks_are_of_the_closed_set_whatever_the_threshold():
    far = {"ann": 0.9, "bob": 0.8, **{f"p{n}": 0.85 for n in range(4)}}
    found = study([event(0, "ann", margin=9.0), event(1, "ann", margin=9.0, apart=far)])
    assert (found.rank1.count, found.rank5.count, found.rank1.total) == (1, 1, 2)


def test_the_curve_passes_through_the_operating_point():
    margins = [(-0.2, ["ann"]), (-0.1, ["ann"]), (0.05, []), (math.inf, [])]
    asked = [event(n, "ann", named, margin) for n, (margin, named) in enumerate(margins)]
    asked += [event(9, "Unknown", ["ann"], -0.05), event(10, "Unknown", [], 0.2), event(11, "Unknown", [], math.inf)]
    curve = {point.shift: point for point in study(asked).det}
    rates = measure(asked)
    assert (curve[0.0].fnir, curve[0.0].fpir) == (rates.missed.value, rates.named.value) == (0.5, 1 / 3)
    assert (curve[0.4].fnir, curve[0.4].fpir) == (0.25, 2 / 3)  # who is doubted is not named at any threshold
    assert (curve[-0.3].fnir, curve[-0.3].fpir) == (1.0, 0.0)


def test_true_accepts_are_at_the_distance_of_the_asked_share_of_wrong_pairs():
    rng = np.random.default_rng(0)
    strangers = [
        event(n, "Unknown", apart={"ann": float(d), "bob": 9.0}) for n, d in enumerate(rng.uniform(0.5, 1, 400))
    ]
    mine = [event(1000 + n, "ann", apart={"ann": 0.40 + 0.01 * n, "bob": 9.0}) for n in range(20)]
    found = study([*mine, *strangers]).true_accepts
    limit = np.quantile([d for e in strangers for d in e.apart.values()] + [9.0] * 20, 0.01)
    assert found[0.01] == pytest.approx(np.mean([e.apart["ann"] <= limit for e in mine]))
    assert study(mine).true_accepts == {}  # too few wrong pairs to tell


def test_the_nearest_wrong_pairs_are_named():
    asked = [event(0, "ann", apart={"ann": 0.3, "bob": 0.5}), event(1, "Unknown", apart={"ann": 0.62, "bob": 0.6})]
    found = study(asked)
    assert (found.nearest_resident.person, found.nearest_resident.distance) == ("bob", 0.5)
    assert (found.nearest_stranger.event, found.nearest_stranger.person) == ("d|1", "bob")


def test_cameras_hours_and_tags_have_their_own_rates():
    asked = [event(0, "ann", ["ann"], camera="front", hour=23), event(1, "bob", [], camera="back", hour=12)]
    asked += [event(2, "Unknown", ["ann"], camera="back", hour=2), event(3, "Unknown", ["bob"], camera="back", hour=13)]
    parts = study(asked, {"night": ["22-6"], "children": ["ann"]}).parts
    assert parts["camera"]["front"].missed.value == 0
    assert (parts["camera"]["back"].missed.count, parts["camera"]["back"].named.total) == (1, 2)
    assert set(parts["hour"]) == {"02", "12", "13", "23"}
    assert (parts["tag"]["night"].missed.total, parts["tag"]["night"].named.count) == (1, 1)
    children = parts["tag"]["children"]
    assert (children.missed.total, children.missed.count, children.named.count, children.named.total) == (1, 0, 1, 2)


def test_hours_go_over_midnight_and_names_are_no_hours():
    assert hours_of("20-6") == [20, 21, 22, 23, 0, 1, 2, 3, 4, 5]
    assert len(hours_of("0-24")) == 24
    assert hours_of("anna-lena") == []


def test_events_with_several_people_are_not_guessed_at():
    two = replace(event(0, "ann", ["ann"]), residents=frozenset({"ann", "bob"}))
    found = study([two])
    assert (found.rank1.total, found.frames_missed.total) == (0, 0)
