"""Manifests: ours, and both shapes that SentinelCam's scripts write (docs/formats.md, 1.9)."""

import hashlib

import pytest

from deepthink.errors import DamagedVersionError
from deepthink.registry.folder import FolderRegistry
from deepthink.registry.ledger import Ledger
from deepthink.registry.manifest import read_manifest
from deepthink.registry.publish import publish

CONTENT = b"a model"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
SHAPES = {
    "upload_and_deploy.sh": f"""\
name: face_recognition
version: 2026-03-02
framework: scikit-learn
source: training1
date_deployed: 2026-03-02
training_metrics: {{accuracy: 0.98}}
files:
  - name: facemodel.pickle
    sha256: {SHA256}
previous_version: 2026-02-23
""",
    "upload_model.py": f"""\
version: 2026-03-02
files:
  - name: facemodel.pickle
    size: 7
    checksum: sha256:{SHA256.upper()}
target_nodes: [sentinel1]
""",
}


@pytest.fixture
def registry(tmp_path):
    (tmp_path / "2026-03-02").mkdir()
    (tmp_path / "2026-03-02/facemodel.pickle").write_bytes(CONTENT)
    return FolderRegistry(tmp_path)


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_both_of_sentinelcams_shapes_are_read_and_checked(registry, text):
    folder = registry.root / "2026-03-02"
    (folder / "manifest.yaml").write_text(text)
    assert registry.get("2026-03-02") == folder
    assert read_manifest(folder)["files"][0]["sha256"] == SHA256
    (folder / "facemodel.pickle").write_bytes(b"a nodel")
    with pytest.raises(DamagedVersionError, match="hash differs"):
        registry.get("2026-03-02")


@pytest.mark.parametrize("name", ["../facemodel.pickle", "a/b", "/etc/passwd", "", "..", "manifest.yaml"])
def test_a_name_that_leads_elsewhere_is_refused(registry, name):
    folder = registry.root / "2026-03-02"
    (folder / "manifest.yaml").write_text(f"files:\n- name: '{name}'\n  sha256: {SHA256}\n")
    with pytest.raises(DamagedVersionError, match="no file of a version"):
        registry.get("2026-03-02")


@pytest.mark.parametrize("digest", ["", "d41d8cd98f00b204e9800998ecf8427e", "x" * 64])
def test_a_hash_that_is_no_sha256_is_refused(registry, digest):
    folder = registry.root / "2026-03-02"
    (folder / "manifest.yaml").write_text(f"files:\n- name: facemodel.pickle\n  checksum: '{digest}'\n")
    with pytest.raises(DamagedVersionError, match="without its sha256"):
        registry.get("2026-03-02")


def test_our_manifest_has_the_keys_of_both_shapes_and_says_who_when_and_from_what(registry):
    rate = {"rate": 0.0, "count": 0, "total": 80}
    verdict = {"passed": True, "fnir": rate, "fpir": rate}
    facts = {"training": {}, "verdict": verdict, "embedder": "x", "target_nodes": ["sentinel1"]}
    source = {"facemodel_alpha.pickle": registry.root / "2026-03-02/facemodel.pickle"}
    publish("alpha", source, facts, registry, Ledger(registry.root / "versions.yaml"))
    manifest = registry.manifest("alpha")
    theirs = {"name", "version", "framework", "source", "date_deployed", "training_metrics", "files", "target_nodes"}
    ours = {"created", "published_by", "previous_version", "environment", "embedder", "verdict"}
    assert theirs | ours <= set(manifest)
    entry = {"name": "facemodel_alpha.pickle", "size": 7, "sha256": SHA256, "checksum": SHA256}
    assert manifest["files"] == [entry]
    assert "@" in manifest["published_by"]
    assert {"python", "machine", "system", "numpy"} <= set(manifest["environment"])
