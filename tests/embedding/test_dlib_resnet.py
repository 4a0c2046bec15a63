import sys

import numpy as np
import pytest

from deepthink.embedding.dlib import DlibReference, DlibResnet, prepare
from deepthink.embedding.session import OnnxSession, usable_cores
from deepthink.errors import BadInputError, MissingExtraError, WeightsError


@pytest.fixture(scope="module")
def embedder():
    return DlibResnet(threads=1)


def test_embeddings_are_dlibs_own_within_a_hundred_thousandth(embedder, crops):
    difference = np.abs(embedder.embed(crops) - DlibReference().embed(crops))
    assert difference.max() < 1e-5


def test_a_crop_has_the_same_embedding_alone_as_in_any_batch(embedder, crops):
    together = DlibResnet(threads=2, batch=7).embed(crops)
    alone = np.concatenate([embedder.embed(crop[None]) for crop in crops])
    assert np.abs(together - alone).max() < 1e-6


def test_no_crops_give_no_embeddings(embedder):
    assert embedder.embed(np.zeros((0, 150, 150, 3), np.uint8)).shape == (0, 128)
    assert embedder.embed(np.zeros((3, 150, 150, 3), np.uint8)).dtype == np.float32


def test_crops_may_lie_in_memory_in_any_way(embedder, crops):
    mirrored = crops[:4, :, ::-1]
    assert np.array_equal(embedder.embed(mirrored), embedder.embed(mirrored.copy()))


@pytest.mark.parametrize("shape", [(150, 150, 3), (1, 112, 112, 3), (1, 150, 150)])
def test_crops_of_another_shape_are_refused(embedder, shape):
    with pytest.raises(BadInputError, match="150"):
        embedder.embed(np.zeros(shape, np.uint8))


def test_crops_of_another_type_are_refused(embedder):
    with pytest.raises(BadInputError, match="float64"):
        embedder.embed(np.zeros((1, 150, 150, 3)))


def test_preparing_swaps_the_colours_and_takes_off_their_means():
    blue = np.zeros((1, 150, 150, 3), np.uint8)
    blue[..., 0] = 255
    assert prepare(blue)[0, :, 0, 0] == pytest.approx([-122.782 / 256, -117.001 / 256, (255 - 104.298) / 256])


def test_the_fingerprint_is_written_into_facedata_and_never_changes_unnoticed():
    assert DlibResnet().fingerprint == DlibReference().fingerprint == "dlib-resnet:db0cbb16e72dac29"


@pytest.mark.parametrize(("module", "use"), [("onnxruntime", DlibResnet()), ("dlib", DlibReference())])
def test_a_missing_library_is_named(monkeypatch, module, use):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match="pip install"):
        use.embed(np.zeros((1, 150, 150, 3), np.uint8))


def test_a_model_that_is_none_is_refused():
    with pytest.raises(WeightsError, match="cannot read"):
        OnnxSession(b"no model")


def test_this_process_may_use_a_core():
    assert usable_cores() >= 1
