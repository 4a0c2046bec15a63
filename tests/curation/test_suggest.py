"""Poisoned labels are found before training."""

import cv2
import numpy as np
import pytest

from deepthink.curation.suggest import gain, suggest
from deepthink.detection.align import DlibChip
from deepthink.embedding.dlib import DlibResnet
from deepthink.embedding.facedata import FaceData
from deepthink.records import Box
from tests.conftest import crowd


def gallery(vectors, names, events):
    keys = [f"{name}/{event}|{at:04d}|b|s" for at, (name, event) in enumerate(zip(names, events, strict=True))]
    order = np.argsort(keys)
    return FaceData(tuple(np.array(keys)[order].tolist()), vectors[order], "x")


def positions(suggestions):
    single = [one for one in suggestions if one.kind in ("other person", "outlier")]
    return [int(key.split("|")[2]) for one in single for key in one.faces]


@pytest.fixture(scope="module")
def people():
    vectors, who, events = crowd(12, 12, 1, seed=3)
    return vectors, np.array([f"P{person:02d}" for person in who], dtype=object), events


def poisoned(names, rng, share, twin_of):
    """Return the labels with one person under two names and some swapped, and which were swapped."""
    labels = names.copy()
    own = np.flatnonzero(names == twin_of)
    labels[rng.permutation(own)[: len(own) // 2]] = "Twin"
    swapped = rng.choice(len(labels), max(1, round(share * len(labels))), replace=False)
    before = labels.copy()
    for at in swapped:
        others = [n for n in sorted(set(before)) if n != before[at] and not {n, before[at]} <= {twin_of, "Twin"}]
        labels[at] = rng.choice(others)
    return labels, swapped


def test_a_clean_gallery_raises_few_doubts_and_none_about_whole_names(people):
    found = suggest(gallery(*people))
    assert not [one for one in found if one.kind in ("one person twice", "two people")]
    assert len(found) <= 0.05 * len(people[1])


def check(vectors, names, events, seeds):
    caught, together = [], 0
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        twin_of = rng.choice(sorted(set(names)))
        labels, swapped = poisoned(names, rng, 0.02, twin_of)
        found = suggest(gallery(vectors, labels, events))
        first = positions(found)[: round(0.04 * len(labels))]
        caught.append(np.isin(swapped, first).mean())
        together += any({one.name, one.other} == {"Twin", twin_of} for one in found)
    assert np.mean(caught) >= 0.9
    assert together >= 0.9 * seeds


def test_swapped_labels_stand_first_and_a_person_entered_twice_is_found(people):
    check(*people, 10)


def test_the_same_on_real_photographs(faces):
    paths = sorted(faces.glob("residents/*/*.jpg"))
    aligner, crops = DlibChip(), []
    for path in paths:
        image = cv2.imread(str(path))
        crops.append(aligner.align(image, Box(38, 42, 112, 116))[0])
    names = np.array([path.parent.name for path in paths], dtype=object)
    check(DlibResnet().embed(np.stack(crops)), names, [f"d|{at}" for at in range(len(paths))], 20)


def test_two_people_under_one_name_are_parted(people):
    vectors, names, events = people
    labels = np.where(names == "P01", "P00", names)
    whole = [one for one in suggest(gallery(vectors, labels, events)) if one.kind == "two people"]
    assert [one.name for one in whole] == ["P00"]
    assert len(whole[0].faces) == 12
    assert {names[int(key.split("|")[2])] for key in whole[0].faces} in ({"P00"}, {"P01"})


def test_leaving_the_doubted_faces_out_helps_the_others(people):
    vectors, names, events = people
    labels, _ = poisoned(names, np.random.default_rng(1), 0.15, "P03")
    data = gallery(vectors, labels, events)
    with_them, without = gain(data, suggest(data))
    assert without <= with_them


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_gallery_of_next_to_nothing_raises_no_doubt(people, count):
    vectors, names, events = people
    assert suggest(gallery(vectors[:count], names[:count], events[:count])) == []


def test_someone_seen_in_one_event_alone_is_not_doubted(people):
    vectors, names, events = people
    chosen = np.array([0, 1, 12, 24, 25, 26])
    found = suggest(gallery(vectors[chosen], names[chosen], events[chosen]))
    assert 12 not in positions(found)
