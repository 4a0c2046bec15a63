"""The packed copy is believed only while it is the file's, and never in the way."""

import h5py
import numpy as np
import pytest

from deepthink.embedding import facedata, packed
from deepthink.embedding.packed import packed_path, read_packed
from deepthink.registry.folder import FolderRegistry


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "WORTH", 10)
    path = tmp_path / "facedata_alpha.hdf5"
    facedata.update(path, faces(30), set(), "x")
    return path


def faces(count, seed=0):
    vectors = np.random.default_rng(seed).normal(0, 1, (count, 8)).astype(np.float32)
    return {f"P{n % 3}/2026-03-02|{seed}é{n}|t|b|s": vector for n, vector in enumerate(vectors)}


def same(one, other):
    return (
        one.keys == other.keys and np.array_equal(one.vectors, other.vectors) and one.fingerprint == other.fingerprint
    )


def test_the_copy_holds_what_the_file_holds(path):
    first = facedata.read(path)
    assert packed_path(path).exists()
    assert same(facedata.FaceData(*read_packed(path)), first)
    assert same(facedata.read(path), first)


def test_an_update_brings_the_copy_along(path):
    before = facedata.read(path)
    moved = {before.keys[0]: np.ones(8, np.float32)}
    facedata.update(path, {**faces(5, 1), **moved}, {before.keys[3], "P9/not|there"}, "x")
    kept = facedata.FaceData(*read_packed(path))
    packed_path(path).unlink()
    assert same(kept, facedata.read(path))
    assert len(kept.keys) == 34


def test_what_another_program_wrote_is_read(path):
    facedata.read(path)
    with h5py.File(path, "a") as file:
        file["P9/2026-03-02|z|t|b|s"] = np.zeros(8, np.float32)
    assert "P9/2026-03-02|z|t|b|s" in facedata.read(path).keys
    assert "P9/2026-03-02|z|t|b|s" in facedata.FaceData(*read_packed(path)).keys


@pytest.mark.parametrize("damage", ["cut", "a byte", "empty", "another archive"])
def test_a_damaged_copy_is_made_again(path, damage):
    whole = facedata.read(path)
    copy = packed_path(path)
    content = bytearray(copy.read_bytes())
    if damage == "cut":
        copy.write_bytes(content[: len(content) // 2])
    elif damage == "a byte":
        at = content.find(whole.vectors[7].tobytes())
        content[at] ^= 1
        copy.write_bytes(content)
    elif damage == "empty":
        copy.write_bytes(b"")
    else:
        np.savez(copy.with_suffix(""), other=np.zeros(3))
    assert read_packed(path) is None
    assert same(facedata.read(path), whole)
    assert read_packed(path) is not None


def test_a_published_version_is_not_added_to(path, tmp_path):
    whole = facedata.read(path)
    folder = FolderRegistry(tmp_path / "registry").add("alpha", {path.name: path}, {})
    before = sorted(folder.iterdir())
    assert same(facedata.read(folder / path.name), whole)
    assert sorted(folder.iterdir()) == before


def test_a_small_file_needs_none(path, monkeypatch):
    monkeypatch.setattr(packed, "WORTH", 1000)
    facedata.update(path, faces(1, 2), set(), "x")
    facedata.read(path)
    assert not packed_path(path).exists()
