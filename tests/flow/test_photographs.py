import shutil
from collections import Counter
from functools import partial

import numpy as np
import pytest

from deepthink.curation.suggest import nearer_to_another
from deepthink.embedding.facedata import FaceData
from deepthink.flow.benchmark import open_set, read_album, verification
from deepthink.flow.photographs import embed_photographs
from deepthink.flow.wiring import Site
from deepthink.model.train import learn
from deepthink.settings import without_site
from deepthink.validation.challenge import challenge
from deepthink.validation.gallery import labels_gate, shrunk_gate
from deepthink.validation.gates import Limits
from deepthink.validation.identification import Protocol, draw
from deepthink.validation.metrics import Asked, Rate
from deepthink.validation.validate import validate


@pytest.fixture(scope="module")
def site():
    return Site(without_site(["mirror=false", "detection.detector=opencv"]))


@pytest.fixture(scope="module")
def paths(faces):
    return sorted(faces.rglob("*.jpg"))


def test_every_photograph_has_its_embedding_in_order_whatever_the_threads(site, paths):
    some = paths[::10]
    embed = partial(embed_photographs, some, site.make_detector, site.senses)
    one, three = list(embed(workers=1)), list(embed(workers=3))
    assert [path for path, _ in one] == some
    assert np.allclose([vector for _, vector in one], [vector for _, vector in three], atol=1e-6)


def test_a_photograph_that_cannot_be_read_is_told_and_left_out(site, paths, tmp_path):
    shutil.copy(paths[0], tmp_path / "Ann_0001.jpg")
    (tmp_path / "Ann_0002.jpg").write_bytes(paths[1].read_bytes()[:800])
    told = []
    there = [*sorted(tmp_path.glob("*.jpg")), tmp_path / "Ann_0003.jpg"]
    found = [
        path.name for path, _ in embed_photographs(there, site.make_detector, site.senses, lambda *a: told.append(a))
    ]
    assert found == ["Ann_0001.jpg"]
    assert [path.name for path, _ in told] == ["Ann_0002.jpg", "Ann_0003.jpg"]


@pytest.mark.parametrize("detector", ["opencv", "yunet"])
def test_pairs_are_told_apart_as_well_as_with_dlib_itself(detector, faces, yunet_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPTHINK_WEIGHTS", str(yunet_folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    accuracy = {}
    for embedder in ("dlib-resnet", "dlib-bin"):
        flags = ["mirror=false", f"detection.detector={detector}", f"embedder={embedder}"]
        one = Site(without_site(flags))
        accuracy[embedder] = verification(read_album(one, faces, lambda *_: None)).accuracy
    assert abs(accuracy["dlib-resnet"] - accuracy["dlib-bin"]) <= 0.002
    assert accuracy["dlib-resnet"] >= {"opencv": 0.975, "yunet": 0.985}[detector]


def test_an_album_is_embedded_once(site, faces, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    told = []
    folder = faces / "residents"
    first = read_album(site, folder, lambda done, total, what: told.append(done))
    again = read_album(site, folder, lambda done, total, what: told.append(done))
    assert len(told) == len(first.people)
    assert np.array_equal(first.embeddings, again.embeddings)
    assert first.people[0] == sorted(folder.iterdir())[0].name


@pytest.mark.parametrize(("enrolled", "missed", "named"), [(10, 0.03, 0.02), (5, 0.03, 0.025), (2, 0.06, 0.05)])
def test_strangers_stay_strangers_over_twenty_draws(enrolled, missed, named, faces, yunet_folder, monkeypatch):
    monkeypatch.setenv("DEEPTHINK_WEIGHTS", str(yunet_folder))
    album = read_album(Site(without_site()), faces, lambda *_: None)
    protocol = Protocol(residents=24, least=14, enrolled=enrolled, asked=4)
    found = open_set(album, protocol, 20, "quick", 0.01, lambda *_: None)
    assert (found.mated, found.nonmated) == (96, 60)
    assert found.fnir <= missed
    assert found.fpir <= named
    assert found.stated_rightly >= 0.9
    assert found.sentinelcam_fpir > 0.5


def test_equal_versions_pass_and_worse_ones_do_not(faces, yunet_folder, monkeypatch):
    """Two versions of seven photographs of everyone, three shared; then ones that lack half, or are mislabelled."""
    monkeypatch.setenv("DEEPTHINK_WEIGHTS", str(yunet_folder))
    album = read_album(Site(without_site()), faces, lambda *_: None)
    outcomes = {"equal": [], "half of the people": [], "half of the photographs": [], "swapped labels": []}
    for seed in range(20):
        drawn = draw(album.people, Protocol(residents=24, least=14, enrolled=11, asked=3), seed)
        gallery = drawn.gallery.reshape(24, 11)
        champion = _version(album, gallery[:, :7].ravel(), drawn)
        asked = partial(_outcome, album, champion, drawn)
        outcomes["equal"].append(asked(_version(album, gallery[:, 4:].ravel(), drawn)))
        if seed < 8:
            outcomes["half of the people"].append(asked(_version(album, gallery[:12, 4:].ravel(), drawn)))
            outcomes["half of the photographs"].append(asked(_version(album, gallery[:, 4:7].ravel(), drawn)))
            outcomes["swapped labels"].append(asked(_version(album, gallery[:, 4:].ravel(), drawn, swapped=0.2)))
    assert outcomes["equal"].count("pass") >= 19
    for fault in ("half of the people", "half of the photographs", "swapped labels"):
        assert "pass" not in outcomes[fault], fault


def _version(album, chosen, drawn, swapped=0.0):
    names = album.people[chosen].copy()
    rng = np.random.default_rng(len(chosen))
    moved = rng.choice(len(names), int(swapped * len(names)), replace=False)
    names[moved] = np.roll(names[moved], 1)
    keys = [f"{name}/2026-03-02|{at:04d}|t|b|s" for name, at in zip(names, chosen, strict=True)]
    order = np.argsort(keys)
    data = FaceData(tuple(np.array(keys)[order].tolist()), album.embeddings[chosen][order], "x")
    return data, learn(data, album.embeddings[drawn.reviewed], preset="quick").recogniser


def _outcome(album, champion, drawn, challenger):
    before, after = (
        [_asked(one, album, at) for at in (*drawn.mated, *drawn.nonmated)] for _, one in (champion, challenger)
    )
    missing = sorted(set(champion[1].people) - set(challenger[1].people))
    counts = [Counter(data.people) for data, _ in (champion, challenger)]
    more = [labels_gate(Rate(*nearer_to_another(challenger[0]))), shrunk_gate("alpha", *counts)]
    return validate("beta", after, Limits(), challenge("alpha", before, after, missing), more=more).outcome


def _asked(recogniser, album, at):
    name, answer = album.people[at], recogniser.identify(album.embeddings[[at]])[0]
    resident = name in recogniser.people
    named = frozenset({answer.person}) if answer.person else frozenset()
    return Asked(f"d|{at}", "c", frozenset({name} if resident else ()), int(not resident), named, 1)
