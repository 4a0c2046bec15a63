"""SentinelCam's registry: its own files are read, what we add can be read by it, and its comments stay."""

import pytest

from deepthink.errors import BadInputError, DamagedVersionError
from deepthink.files import sha256
from deepthink.registry.sentinelcam import SentinelCamRegistry

CONFIG = """\
---
# Single source of truth
sentinelcam_models:
  # Deployed to: sentinels, imagenodes
  mobilenet_ssd:
    current_version: "2020-12-06"
    previous_version: null

  # Face Recognition - Trained SVM Classifier
  face_recognition:
    current_version: "2025-02-25" # the old one
    previous_version: null

coral_packages:
  tf_version: "2.17.1"
"""


@pytest.fixture
def theirs(tmp_path):
    (tmp_path / "model_registry.yaml").write_text(CONFIG)
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars/lab1.yaml").write_text('model_version_overrides:\n  face_recognition: "2024-01-01"\n')
    (tmp_path / "host_vars/east.yaml").write_text("pivideostream: 1\n")
    for version in ("2023-01-01", "2024-01-01", "2025-02-25"):
        folder = tmp_path / "model_registry/face_recognition" / version
        folder.mkdir(parents=True)
        (folder / "facemodel.pickle").write_text(version)
    return SentinelCamRegistry(tmp_path / "model_registry", tmp_path / "model_registry.yaml", tmp_path / "host_vars")


def published(tmp_path, version="gamma3", created="2026-03-02T08:00:00"):
    folder = tmp_path / "registry" / version
    folder.mkdir(parents=True)
    for kind, ending in (("facemodel", "pickle"), ("baselines", "hdf5"), ("facelist", "csv"), ("facedata", "hdf5")):
        (folder / f"{kind}_{version}.{ending}").write_text(f"{kind} of {version}")
    return folder, {"version": version, "created": created, "framework": "scikit-learn", "training_metrics": {"a": 1}}


def test_what_they_use_is_read(theirs):
    assert theirs.versions() == ["2023-01-01", "2024-01-01", "2025-02-25"]
    assert theirs.used() == ("2025-02-25", None)
    assert theirs.overrides() == {"lab1": "2024-01-01"}


@pytest.mark.parametrize("key", ["sha256", "checksum"])
def test_the_manifests_of_both_their_scripts_are_read_and_compared(theirs, key):
    folder = theirs.root / "face_recognition/2024-01-01"
    digest = sha256(folder / "facemodel.pickle")
    (folder / "manifest.yaml").write_text(f"name: x\nfiles:\n- {{name: facemodel.pickle, size: 10, {key}: {digest}}}\n")
    assert theirs.check("2024-01-01")["name"] == "x"
    (folder / "facemodel.pickle").write_text("another")
    with pytest.raises(DamagedVersionError, match="facemodel"):
        theirs.check("2024-01-01")


def test_a_version_goes_in_under_its_day_and_names_as_they_expect(theirs, tmp_path):
    assert theirs.add(*published(tmp_path), ["sentinel"]) == "2026-03-02"
    folder = theirs.root / "face_recognition/2026-03-02"
    assert {path.name for path in folder.iterdir()} == {
        "facemodel.pickle", "baselines.hdf5", "facelist.csv", "facedata.hdf5", "manifest.yaml",
    }  # fmt: skip
    manifest = theirs.check("2026-03-02")
    assert (manifest["deepthink_version"], manifest["previous_version"]) == ("gamma3", "2025-02-25")
    assert (manifest["target_nodes"], manifest["training_metrics"]) == (["sentinel"], {"a": 1})


def test_the_same_version_goes_in_once_and_another_of_that_day_gets_a_number(theirs, tmp_path):
    gamma = published(tmp_path)
    assert [theirs.add(*gamma, []) for _ in range(2)] == ["2026-03-02"] * 2
    assert theirs.add(*published(tmp_path, "delta4"), []) == "2026-03-02-2"


def test_the_current_version_becomes_the_previous_one_and_the_rest_of_the_file_stays(theirs):
    theirs.use("2026-03-02")
    assert theirs.used() == ("2026-03-02", "2025-02-25")
    text = theirs.config.read_text()
    changed = CONFIG.replace('"2025-02-25" # the old one\n    previous_version: null',
                             '"2026-03-02" # the old one\n    previous_version: "2025-02-25"')  # fmt: skip
    assert text == changed
    theirs.use("2026-03-02")
    assert theirs.config.read_text() == text


@pytest.mark.parametrize("keep", [1, 2])
def test_retention_keeps_what_anybody_uses(theirs, tmp_path, keep):
    name = theirs.add(*published(tmp_path), [])
    assert theirs.retain(keep) == ["2023-01-01"]
    assert theirs.versions() == ["2024-01-01", "2025-02-25", name]


def test_a_file_that_is_no_yaml_is_named(theirs):
    theirs.config.write_text("a: [")
    with pytest.raises(BadInputError, match=r"model_registry\.yaml"):
        theirs.use("2026-03-02")
