"""Published versions: whole, unchanging, each file known by its hash."""

import signal
import subprocess
import sys

import pytest

from deepthink.errors import BadInputError, DamagedVersionError, VersionExistsError, VersionNotFoundError
from deepthink.registry.folder import FolderRegistry
from deepthink.registry.manifest import read_manifest
from deepthink.registry.naming import next_name

# An audit hook kills the process at the very rename that would publish: nothing of ours is patched.
DIES_WHILE_PUBLISHING = """
import os, signal, sys
from pathlib import Path
from deepthink.registry.folder import FolderRegistry
def hook(event, args):
    if event == "os.rename" and str(args[1]).endswith("beta2"):
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
FolderRegistry(Path(sys.argv[1])).add("beta2", {"a.npz": Path(sys.argv[2])}, {})
"""


@pytest.fixture
def source(tmp_path):
    file = tmp_path / "made.npz"
    file.write_bytes(b"numbers")
    return file


@pytest.fixture
def registry(tmp_path):
    return FolderRegistry(tmp_path / "registry")


def test_what_is_published_is_there_under_its_published_name(registry, source):
    registry.add("alpha", {"recogniser_alpha.npz": source}, {"embedder": "x"})
    assert (registry.get("alpha") / "recogniser_alpha.npz").read_bytes() == b"numbers"
    manifest = registry.manifest("alpha")
    assert (manifest["version"], manifest["embedder"]) == ("alpha", "x")
    assert manifest["files"][0]["size"] == 7


def test_versions_are_listed_in_the_order_they_were_made(registry, source):
    for version, created in (("alpha", "2026-03-03"), ("beta2", "2026-03-01"), ("gamma3", "2026-03-02")):
        registry.add(version, {"a": source}, {"created": created})
    assert registry.versions() == ["beta2", "gamma3", "alpha"]


def test_a_manifest_whose_date_is_no_text_is_listed_too(registry, source):
    registry.add("alpha", {"a": source}, {"created": "2026-03-01"})
    other = registry.root / "2026-03-02"
    other.mkdir()
    (other / "manifest.yaml").write_text("created: 2026-03-02\nfiles: []\n")
    assert registry.versions() == ["alpha", "2026-03-02"]


def test_an_empty_registry_has_no_versions(registry):
    assert registry.versions() == []


def test_a_version_never_changes(registry, source):
    registry.add("alpha", {"a": source}, {})
    with pytest.raises(VersionExistsError):
        registry.add("alpha", {"b": source}, {})
    assert [entry["name"] for entry in registry.manifest("alpha")["files"]] == ["a"]


def test_the_files_of_a_version_are_read_only(registry, source):
    folder = registry.add("alpha", {"a": source}, {})
    assert (folder / "a").stat().st_mode & 0o222 == 0


def test_a_missing_version_is_named_with_those_that_are_there(registry, source):
    registry.add("alpha", {"a": source}, {})
    with pytest.raises(VersionNotFoundError, match=r"beta2.*alpha"):
        registry.get("beta2")


@pytest.mark.parametrize("version", ["", ".", "..", "../x", "a/b", ".hidden", "a b", "x.lock", "a..b", "x" * 65])
def test_no_version_leads_out_of_the_folder(registry, source, version):
    with pytest.raises(BadInputError):
        registry.add(version, {"a": source}, {})
    with pytest.raises(BadInputError):
        registry.get(version)


def test_one_changed_byte_is_found_and_named(registry, source):
    folder = registry.add("alpha", {"a.npz": source}, {})
    (folder / "a.npz").chmod(0o644)
    (folder / "a.npz").write_bytes(b"numbexs")
    with pytest.raises(DamagedVersionError, match=r"a\.npz"):
        registry.get("alpha")


def test_a_missing_file_is_found_and_named(registry, source):
    folder = registry.add("alpha", {"a.npz": source}, {})
    (folder / "a.npz").unlink()
    with pytest.raises(DamagedVersionError, match=r"a\.npz is missing"):
        registry.get("alpha")


@pytest.mark.parametrize(
    "text",
    ["", "words", "files: 3", "a: [", "\0", "created: 2026-13-45\nfiles: []", "files: [{name: a}]", "files: [a]"],
)
def test_a_manifest_that_is_none_is_damage(registry, source, text):
    folder = registry.add("alpha", {"a": source}, {})
    (folder / "manifest.yaml").chmod(0o644)
    (folder / "manifest.yaml").write_text(text)
    with pytest.raises(DamagedVersionError):
        registry.get("alpha")


def test_a_publication_that_fails_leaves_no_version(registry, source, tmp_path):
    with pytest.raises(FileNotFoundError):
        registry.add("alpha", {"a": source, "b": tmp_path / "absent"}, {})
    assert registry.versions() == []
    registry.add("alpha", {"a": source}, {})


def test_a_kill_while_publishing_leaves_no_half_version_and_the_next_try_clears_up(registry, source):
    registry.add("alpha", {"a.npz": source}, {})
    killed = subprocess.run([sys.executable, "-c", DIES_WHILE_PUBLISHING, str(registry.root), str(source)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert registry.versions() == ["alpha"]
    registry.add("beta2", {"a.npz": source}, {})
    assert registry.get("beta2")
    assert not list(registry.root.glob("*.part"))
    assert not list(registry.root.glob(".*.part"))


def test_the_manifest_travels_with_the_version(registry, source):
    assert read_manifest(registry.add("alpha", {"a": source}, {"note": "Zoë"}))["note"] == "Zoë"


def test_names_go_on_after_the_alphabet_ends():
    taken = []
    for _ in range(26):
        taken.append(next_name(taken))
    assert taken[-3:] == ["omega24", "alpha25", "beta26"]


def test_a_damaged_manifest_hides_no_other_version(tmp_path):
    registry = FolderRegistry(tmp_path)
    for version, day in (("alpha", "2026-03-02"), ("beta", "2026-03-03")):
        source = tmp_path / f"{version}.txt"
        source.write_text(version)
        registry.add(version, {"a.txt": source}, {"created": day})
    (tmp_path / "alpha" / "manifest.yaml").chmod(0o644)
    (tmp_path / "alpha" / "manifest.yaml").write_text("{")
    assert registry.versions() == ["alpha", "beta"]
    assert registry.get("beta").name == "beta"
    with pytest.raises(DamagedVersionError):
        registry.get("alpha")
