"""What SentinelCam's nodes make of our exports, asked of nodes with the libraries that theirs have.

Probabilities agree to 1e-12: 4e-16 was measured on every node. Equal to the last bit they cannot be: libsvm adds up
its kernels in another order than NumPy does.
"""

import pickletools
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.svm import SVC

from deepthink.embedding import facedata
from deepthink.model.baselines import Baselines, write_baselines
from deepthink.model.classifier import Classifier
from deepthink.model.export import write_pickle
from deepthink.model.platt import fit_pairwise_platt
from deepthink.model.train import train, write_outputs
from tests.conftest import crowd
from tests.sentinelcam import nodes

NAMES = ("Ann_Lee", "Bob", "Cleo", "Zoë", "Émile")  # sorted as Python sorts
SCRIPT = Path(__file__).with_name("recon_node.py")
AGREE = 1e-12


@pytest.fixture(scope="module", params=[nodes.OLDEST, nodes.NEWEST, "today's"], ids=["1.3", "1.6", "today's"])
def node(request):
    """A node's Python, with its scikit-learn's and NumPy's version."""
    if request.param == "today's":
        return Path(sys.executable), None
    return nodes.interpreter(request.param), [pin.partition("==")[2] for pin in request.param]


@pytest.fixture(scope="module", params=[2, 5], ids=["two people", "five people"])
def exported(request, tmp_path_factory):
    """A training's files, probes of residents and of nobody, and what DeepThink says to them."""
    folder = tmp_path_factory.mktemp("exported")
    vectors, who, where = crowd(request.param, 5, 3)
    keys = [f"{NAMES[w]}/{e}|t{n}|(1,2,3,4)|data1" for n, (w, e) in enumerate(zip(who, where, strict=True))]
    facedata.update(folder / "facedata.hdf5", dict(zip(keys, vectors, strict=True)), set(), "x")
    report = train(folder / "facedata.hdf5", preset="quick", classifier="svm")
    files = write_outputs(report, folder / "facemodel_a.pickle", folder / "baselines_a.hdf5")
    return files, report.recogniser.classifier, report.baselines, write_probes(folder, vectors)


def write_probes(folder, vectors):
    strangers = np.random.default_rng(1).normal(0, 0.06, (40, vectors.shape[1]))
    probes = np.concatenate([vectors[::2], strangers]).astype(np.float32)
    np.save(folder / "probes.npy", probes)
    return folder / "probes.npy"


@pytest.fixture(scope="module")
def said(node, exported):
    """What the node says of the exports and to the probes."""
    return ask(node, exported[0], exported[3])


def ask(node, files, probes):
    return nodes.ask(node[0], SCRIPT, files["facemodel"], files["baselines"], probes)


def test_a_node_gives_the_probabilities_that_deepthink_gives(said, exported):
    _, classifier, baselines, probes = exported
    theirs = np.array([answer["shares"] for answer in said["answers"]])
    ours = classifier.probabilities(np.load(probes))
    assert said["probe"] == ["float32", [128]]
    assert np.abs(theirs - ours).max() < AGREE
    assert [answer["name"] for answer in said["answers"]] == [baselines.people[first] for first in ours.argmax(axis=1)]
    assert len({answer["name"] for answer in said["answers"]}) == len(baselines.people)


def test_the_node_is_as_old_as_it_should_be_and_has_nothing_of_ours(node, said):
    assert node[1] is None or said["versions"] == node[1]
    assert "deepthink" not in said["modules"]


def test_a_node_reads_names_as_plain_strings_and_a_dataset_for_each(said, exported):
    baselines = exported[2]
    assert said["names"] == list(baselines.people) == list(NAMES[: len(baselines.people)])
    assert said["kinds"] == ["str"]
    assert said["datasets"] == {name: ["float32", [128]] for name in baselines.people}


def test_a_node_measures_the_distances_and_thresholds_that_deepthink_does(said, exported):
    _, _, baselines, probes = exported
    assert said["thresholds"] == baselines.thresholds.tolist()
    assert said["threshold kinds"] == ["float64"]
    away = np.linalg.norm(np.load(probes)[:, None] - baselines.centroids, axis=2)
    assert np.allclose([answer["distances"] for answer in said["answers"]], away, atol=1e-6)


def test_a_nodes_labels_can_be_read_again(said):
    for answer in said["answers"]:
        name, share, numbers = answer["label"].split(" ")
        assert name == answer["name"] + ":"
        assert 0 <= float(share[:-1]) <= 100
        assert len(numbers.strip("()").split("|")) == 4


@pytest.mark.parametrize("people", [2, 4])
def test_a_node_runs_a_machine_with_a_curved_kernel_too(node, people, tmp_path):
    vectors, who, _ = crowd(people, 5, 3, seed=people)
    svc = SVC(kernel="rbf", C=np.float64(10), gamma=np.float64(2), decision_function_shape="ovo").fit(vectors, who)
    sigmoids = fit_pairwise_platt(Classifier.of(svc, [0], [0]).decisions(vectors), who)
    files = {"facemodel": tmp_path / "facemodel.pickle", "baselines": tmp_path / "baselines.hdf5"}
    write_pickle(files["facemodel"], svc, *sigmoids, NAMES[:people])
    write_baselines(files["baselines"], Baselines.of(vectors, [NAMES[each] for each in who]))
    probes = write_probes(tmp_path, vectors)
    theirs = np.array([answer["shares"] for answer in ask(node, files, probes)["answers"]])
    assert np.abs(theirs - Classifier.of(svc, *sigmoids).probabilities(np.load(probes))).max() < AGREE


def test_the_pickle_names_only_what_every_node_has(exported):
    operations = list(pickletools.genops(exported[0]["facemodel"].read_bytes()))
    assert {argument for operation, argument, _ in operations if operation.name == "GLOBAL"} == {
        "sklearn.svm._classes SVC",
        "sklearn.preprocessing._label LabelEncoder",
        "numpy ndarray",
        "numpy dtype",
        "numpy.core.multiarray _reconstruct",
        "numpy.core.multiarray scalar",
    }
    assert not {operation.name for operation, _, _ in operations} & {"STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4"}
    assert max(operation.proto for operation, _, _ in operations) <= 3
    words = [argument for _, argument, _ in operations if isinstance(argument, str)]
    assert not [word for word in words if "deepthink" in word or "numpy._core" in word]
