"""Faces in groups, who is near, and what is kept of embeddings."""

import numpy as np
import pytest

from deepthink.curation.groups import ALONE, Gallery, group, means_of, tracks_of, usual_distance
from deepthink.curation.vectors import Seen, Vectors
from tests.conftest import crowd


def grouped(vectors, events):
    """Return a group for each face, with each event for a track."""
    usual = usual_distance(vectors, np.asarray(events))
    tracks = tracks_of(vectors, list(events), usual)
    return group(means_of(vectors, tracks), usual)[tracks]


def test_people_seen_in_several_events_become_a_group_each():
    vectors, who, events = crowd(people=12, events=6, faces=3)
    groups = grouped(vectors, events)
    assert len(set(groups.tolist()) - {ALONE}) == 12
    assert all(len(set(who[groups == one].tolist())) == 1 for one in set(groups.tolist()) - {ALONE})


def test_who_was_seen_once_is_left_alone():
    vectors, _, events = crowd(people=8, events=6, faces=3)
    once = np.random.default_rng(5).normal(0, 0.055, (3, vectors.shape[1])).astype(np.float32)
    names = [*events, "2026-03-09|x", "2026-03-09|y", "2026-03-09|z"]
    groups = grouped(np.concatenate([vectors, once]), names)
    assert groups[-3:].tolist() == [ALONE] * 3


def test_the_scale_of_an_embedder_changes_nothing():
    vectors, _, events = crowd(people=6, events=5, faces=3)
    assert grouped(vectors, events).tolist() == grouped(vectors * 40, events).tolist()


def test_two_people_whom_the_tracker_took_for_one_are_two_tracks():
    vectors = np.array([[0.0, 0.0], [0.05, 0.0], [1.0, 1.0], [0.0, 0.05], [1.0, 0.95]])
    assert tracks_of(vectors, ["a"] * 5, usual=1.0).tolist() == [0, 0, 1, 0, 1]


@pytest.mark.parametrize("faces", [0, 1, 2])
def test_few_faces_are_no_group(faces):
    vectors = np.zeros((faces, 4), np.float32)
    assert grouped(vectors, [str(n) for n in range(faces)]).tolist() == [ALONE] * faces


def test_a_gallery_that_is_kept_up_is_that_which_is_made_anew():
    vectors, who, _ = crowd(people=4, events=3, faces=2)
    names = [f"P{one}" for one in who]
    whole, kept = Gallery(names, vectors, 1.0), Gallery(names[:3], vectors[:3], 1.0)
    for name, vector in zip(names[3:], vectors[3:], strict=True):
        kept.add(name, vector[None])
    kept.add("Else", vectors[:2])
    kept.add("Else", vectors[:2], -1)
    assert kept.people == whole.people
    assert np.allclose([n.distance for n in kept.nearest(vectors[0])], [n.distance for n in whole.nearest(vectors[0])])


def test_nobody_is_suggested_who_is_far_or_when_two_are_alike_near():
    gallery = Gallery(["Ann", "Bob"], np.array([[0.0, 0.0], [1.0, 0.0]]), usual=1.0)
    near, far, between = gallery.suggest(np.array([[0.1, 0.0], [0.0, 5.0], [0.49, 0.0]]))
    assert (near.person, far, between) == ("Ann", None, None)


def test_embeddings_survive_a_restart_and_damage_costs_only_their_making(tmp_path):
    path = tmp_path / "facelist.csv"
    kept = Vectors(path, "net")
    kept.add({"a": Seen(np.ones(3, np.float32), 0.5), "gone": Seen(np.zeros(0, np.float32), float("nan"))})
    kept.save()
    again = Vectors(path, "net")
    assert again.get("a").vector.tolist() == [1, 1, 1]
    assert again.get("a").turn == 0.5
    assert "gone" in again
    assert again.get("gone") is None
    kept.path.write_bytes(kept.path.read_bytes()[:-30])
    assert len(Vectors(path, "net")) == 0
