import shutil
from functools import partial

import numpy as np
import pytest

from deepthink.flow.benchmark import open_set, read_album, verification
from deepthink.flow.photographs import embed_photographs
from deepthink.flow.wiring import Site
from deepthink.settings import without_site
from deepthink.validation.identification import Protocol


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
