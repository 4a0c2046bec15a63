"""Embeddings on disk, brought up to date."""

import numpy as np
import pytest

from deepthink.embedding import facedata
from deepthink.embedding.embed import embed
from deepthink.embedding.mirror import Mirrored
from deepthink.errors import BadInputError, MixedEmbeddersError
from deepthink.records import Alignment


class Shade:
    """An embedder for tests: the mean of the left half and of the whole, enough to tell crops and mirrors apart."""

    name, size, dimensions, fingerprint, alignment = "shade", 4, 2, "shade:1", Alignment(size=4)

    def __init__(self):
        self.seen = 0

    def embed(self, crops):
        self.seen += len(crops)
        flat = crops.astype(np.float32)
        return np.stack([flat[:, :, :2].mean(axis=(1, 2, 3)), flat.mean(axis=(1, 2, 3))], axis=1)


def crop(shade):
    return np.full((4, 4, 3), shade, np.uint8)


def source(shades):
    return lambda wanted: ((key, crop(shades[key])) for key in sorted(wanted) if key in shades)


SHADES = {"Ann/d|e1|t|b|s": 10, "Ann/d|e2|t|b|s": 20, "Bob/d|e3|t|b|s": 30}


def test_only_new_faces_are_computed(tmp_path):
    path, embedder = tmp_path / "facedata.hdf5", Shade()
    embed(path, {"Ann/d|e1|t|b|s"}, source(SHADES), embedder)
    report = embed(path, set(SHADES), source(SHADES), embedder)
    assert (report.kept, report.added, embedder.seen) == (1, 2, 3)


def test_a_renamed_face_moves_without_being_computed_again(tmp_path):
    path, embedder = tmp_path / "facedata.hdf5", Shade()
    embed(path, set(SHADES), source(SHADES), embedder)
    report = embed(path, {"Ann/d|e1|t|b|s", "Ann/d|e2|t|b|s", "Cleo/d|e3|t|b|s"}, source(SHADES), embedder)
    data = facedata.read(path)
    assert (report.moved, report.dropped, embedder.seen) == (1, 0, 3)
    assert set(data.people) == {"Ann", "Cleo"}
    assert data.vectors[data.keys.index("Cleo/d|e3|t|b|s")].tolist() == [30.0, 30.0]


def test_a_revoked_face_leaves(tmp_path):
    path, embedder = tmp_path / "facedata.hdf5", Shade()
    embed(path, set(SHADES), source(SHADES), embedder)
    report = embed(path, {"Ann/d|e1|t|b|s"}, source(SHADES), embedder)
    assert (report.dropped, facedata.read(path).keys) == (2, ("Ann/d|e1|t|b|s",))


def test_a_face_whose_picture_is_missing_gets_no_embedding(tmp_path):
    path = tmp_path / "facedata.hdf5"
    report = embed(path, {*SHADES, "Dee/d|e4|t|b|s"}, source(SHADES), Shade())
    assert report.added == 3
    assert "Dee" not in facedata.read(path).people


def test_two_embedders_are_never_mixed(tmp_path):
    path, other = tmp_path / "facedata.hdf5", Shade()
    embed(path, set(SHADES), source(SHADES), Shade())
    other.fingerprint = "shade:2"
    with pytest.raises(MixedEmbeddersError, match=r"made by shade:1, but this step uses shade:2"):
        embed(path, set(SHADES), source(SHADES), other)


def test_a_file_that_is_not_hdf5_says_so(tmp_path):
    (tmp_path / "facedata.hdf5").write_bytes(b"nonsense")
    with pytest.raises(BadInputError, match="not a readable HDF5 file"):
        facedata.read(tmp_path / "facedata.hdf5")


def test_a_face_and_its_mirror_image_have_one_embedding():
    uneven = np.zeros((1, 4, 4, 3), np.uint8)
    uneven[:, :, :2] = 100
    mirrored = Mirrored(Shade())
    assert mirrored.embed(uneven).tolist() == mirrored.embed(uneven[:, :, ::-1]).tolist()
    assert mirrored.fingerprint != Shade.fingerprint
