"""Training: from embeddings on disk to a recogniser, baselines and SentinelCam's export."""

import json
import pickle
import warnings

import h5py
import numpy as np
import pytest

from deepthink.embedding import facedata
from deepthink.embedding.facedata import FaceData
from deepthink.errors import DamagedVersionError, MixedEmbeddersError, NotEnoughDataError
from deepthink.model.artifact import read_recogniser
from deepthink.model.golden import check_golden, write_golden
from deepthink.model.train import learn, train, write_outputs
from tests.conftest import crowd


def write_gallery(path, people, events=5, faces=3, seed=0, fingerprint="x"):
    vectors, who, where = crowd(people, events, faces, seed)
    names = ["Ann", "Bob", "Cleo", "Dee", "Eva", "Fay"]
    keys = [f"{names[w]}/{e}|t{n}|(1,2,3,4)|data1" for n, (w, e) in enumerate(zip(who, where, strict=True))]
    facedata.update(path, dict(zip(keys, vectors, strict=True)), set(), fingerprint)
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    report = train(write_gallery(folder / "facedata.hdf5", 4), preset="quick")
    files = write_outputs(report, folder / "facemodel_alpha.pickle", folder / "baselines_alpha.hdf5")
    return folder, report, files


def test_the_recogniser_answers_the_same_after_writing_and_reading(trained):
    folder, report, files = trained
    probes = facedata.read(folder / "facedata.hdf5").vectors
    again = read_recogniser(files["recogniser"]).identify(probes)
    assert again == report.recogniser.identify(probes)
    assert {answer.person for answer in again} == {"Ann", "Bob", "Cleo", "Dee"}


def test_an_altered_recogniser_is_refused(trained, tmp_path):
    _, _, files = trained
    content = bytearray(files["recogniser"].read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "recogniser_a.npz").write_bytes(content)
    (tmp_path / "recogniser_a.json").write_text(files["manifest"].read_text())
    with pytest.raises(DamagedVersionError, match="not those its manifest names"):
        read_recogniser(tmp_path / "recogniser_a.npz")


@pytest.mark.parametrize("people", [2, 4])
def test_sentinelcams_pickle_gives_the_probabilities_that_the_recogniser_gives(people, tmp_path):
    report = train(write_gallery(tmp_path / "facedata.hdf5", people), preset="quick")
    files = write_outputs(report, tmp_path / "facemodel_a.pickle", tmp_path / "baselines_a.hdf5")
    content = pickle.loads(files["facemodel"].read_bytes())
    probes = facedata.read(tmp_path / "facedata.hdf5").vectors[::3]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        theirs = content["svm"].predict_proba(probes)
    assert list(content["labels"].classes_) == list(report.recogniser.people)
    assert report.recogniser.classifier.probabilities(probes) == pytest.approx(theirs, abs=1e-6)


def test_the_pickle_names_no_module_that_older_numpy_lacks(trained):
    _, _, files = trained
    content = files["facemodel"].read_bytes()
    assert b"numpy._core" not in content
    assert content[:2] == b"\x80\x03"


def test_baselines_are_the_mean_and_the_mean_minus_deviation_of_distances(trained):
    folder, _, files = trained
    data = facedata.read(folder / "facedata.hdf5")
    own = data.vectors[data.people == "Bob"]
    away = np.linalg.norm(own - own.mean(axis=0), axis=1)
    with h5py.File(files["baselines"]) as file:
        assert file["Bob"].shape == (128,)
        assert file["Bob"].dtype == np.float32
        assert file["Bob"][:] == pytest.approx(own.mean(axis=0), abs=1e-6)
        assert file["Bob"].attrs["threshold"] == pytest.approx(away.mean() - away.std(), abs=1e-6)


def test_held_out_events_leave_no_trace_in_the_model(tmp_path):
    path = write_gallery(tmp_path / "facedata.hdf5", 3)
    data = facedata.read(path)
    kept_back = sorted(set(data.events))[:3]
    with_all, without = train(path, preset="quick"), train(path, preset="quick", hold_out=kept_back)
    assert without.held_out == 3
    assert sum(without.faces.values()) == sum(with_all.faces.values()) - 9
    used = data.only(~np.isin(data.events, kept_back))
    again = {person: used.vectors[used.people == person].mean(axis=0) for person in without.recogniser.people}
    for person, centroid in zip(without.recogniser.people, without.recogniser.rule.centroids, strict=True):
        assert centroid == pytest.approx(again[person], abs=1e-6)


@pytest.mark.parametrize(("people", "events", "faces"), [(1, 3, 2), (2, 1, 1), (3, 1, 1), (3, 2, 1)])
def test_small_galleries_train(people, events, faces, tmp_path):
    report = train(write_gallery(tmp_path / "facedata.hdf5", people, events, faces), preset="quick")
    own = facedata.read(tmp_path / "facedata.hdf5")
    answers = report.recogniser.identify(own.vectors)
    assert len(answers) == people * events * faces
    assert all(answer.person in (None, name) for answer, name in zip(answers, own.people, strict=True))


def test_an_empty_gallery_says_what_to_do(tmp_path):
    facedata.update(tmp_path / "facedata.hdf5", {}, set(), "x")
    with pytest.raises(NotEnoughDataError, match="deepthink review"):
        train(tmp_path / "facedata.hdf5")


def test_strangers_of_another_embedder_are_refused(tmp_path):
    gallery = write_gallery(tmp_path / "facedata.hdf5", 2)
    strangers = write_gallery(tmp_path / "strangers.hdf5", 2, fingerprint="y")
    with pytest.raises(MixedEmbeddersError, match="embed --all"):
        train(gallery, strangers, preset="quick")


def test_golden_probes_notice_another_model(trained, tmp_path):
    folder, report, files = trained
    probes = facedata.read(folder / "facedata.hdf5").vectors
    write_golden(tmp_path, report.recogniser, probes)
    for name in ("recogniser", "manifest"):
        (tmp_path / files[name].name).write_bytes(files[name].read_bytes())
    assert check_golden(tmp_path) == min(64, len(probes))
    answers = json.loads((tmp_path / "golden.json").read_text())
    answers[3]["distance"] += 0.01
    (tmp_path / "golden.json").write_text(json.dumps(answers))
    with pytest.raises(ValueError, match="golden probe 3"):
        check_golden(tmp_path)


@pytest.mark.parametrize("photographs", [1, 2, 5])
def test_people_with_few_photographs_are_named_and_strangers_are_not(photographs):
    """With one or two each, the classifier once doubted every resident."""
    vectors, who, events = crowd(15, photographs + 3, 1, seed=4)
    enrolled = np.tile(np.arange(photographs + 3) < photographs, 15)
    keys = [f"P{person:02d}/{event}|t|b|s" for person, event in zip(who[enrolled], events[enrolled], strict=True)]
    order = np.argsort(keys)
    data = FaceData(tuple(np.array(keys)[order].tolist()), vectors[enrolled][order], "x")
    recogniser = learn(data, crowd(40, 1, 1, seed=8)[0], preset="quick").recogniser
    answers = recogniser.identify(vectors[~enrolled])
    right = [answer.person == f"P{person:02d}" for answer, person in zip(answers, who[~enrolled], strict=True)]
    assert np.mean(right) >= 0.8
    assert np.mean([answer.person is not None for answer in recogniser.identify(crowd(200, 1, 1, seed=9)[0])]) <= 0.05
