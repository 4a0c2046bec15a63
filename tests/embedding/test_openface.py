"""OpenFace as SentinelCam's nodes run it, with a small network of its kinds of layers: the real one is not shipped."""

import threading

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from deepthink.detection.aligners import aligner
from deepthink.embedding.openface import OpenFace
from deepthink.embedding.torch import TorchSession
from deepthink.errors import BadInputError, WeightsError
from deepthink.plugins import find
from deepthink.records import Box
from tests.embedding.torch7 import Torch7

SIDE, STEP, PLANES = 8, 8, 6  # of the one convolution


@pytest.fixture(scope="module")
def layers():
    rng = np.random.default_rng(5)
    draw = lambda *shape: rng.normal(0, 0.3, shape).astype(np.float32)
    return draw(PLANES, 3, SIDE, SIDE), draw(PLANES), draw(128, PLANES), draw(128)


@pytest.fixture(scope="module")
def t7(layers, tmp_path_factory):
    filters, biases, rows, shifts = layers
    file, cells = Torch7(), 96 // STEP
    zero = {"padW": 0, "padH": 0}
    modules = [
        file.module(
            "SpatialConvolution", nInputPlane=3, nOutputPlane=PLANES, kW=SIDE, kH=SIDE, dW=STEP, dH=STEP, **zero,
            weight=filters, bias=biases,
        ),
        file.module("ReLU", threshold=0, val=0, inplace=False),
        file.module(
            "SpatialAveragePooling", kW=cells, kH=cells, dW=1, dH=1, **zero, ceil_mode=False, count_include_pad=True,
            divide=True,
        ),
        file.module("View", size=file.sizes(PLANES), numElements=PLANES),
        file.module("Linear", weight=rows, bias=shifts),
        file.module("Normalize", p=2, eps=1e-10),
    ]  # fmt: skip
    path = tmp_path_factory.mktemp("t7") / "small.t7"
    path.write_bytes(file.module("Sequential", modules=modules))
    return path


@pytest.fixture(scope="module")
def as_onnx(layers, tmp_path_factory):
    node = helper.make_node
    nodes = [
        node("Conv", ["input", "filters", "biases"], ["c"], strides=[STEP, STEP]),
        node("Relu", ["c"], ["r"]),
        node("GlobalAveragePool", ["r"], ["p"]),
        node("Flatten", ["p"], ["f"]),
        node("Gemm", ["f", "rows", "shifts"], ["g"], transB=1),
        node("LpNormalization", ["g"], ["output"], axis=1, p=2),
    ]
    names = ("filters", "biases", "rows", "shifts")
    graph = helper.make_graph(
        nodes, "small",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, 96, 96])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", 128])],
        [numpy_helper.from_array(array, name) for array, name in zip(layers, names, strict=True)],
    )  # fmt: skip
    path = tmp_path_factory.mktemp("onnx") / "small.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def in_numpy(layers, face):
    """Compute the same network without any engine."""
    filters, biases, rows, shifts = (array.astype(np.float64) for array in layers)
    small = cv2.resize(face, (96, 96), interpolation=cv2.INTER_LINEAR)[:, :, ::-1] / 255  # red first
    cells = small.reshape(12, STEP, 12, STEP, 3).transpose(0, 2, 4, 1, 3)
    seen = np.einsum("yxcij,pcij->yxp", cells, filters) + biases
    numbers = rows @ np.maximum(seen, 0).mean(axis=(0, 1)) + shifts
    return numbers / np.linalg.norm(numbers)


@pytest.fixture(scope="module")
def drawn():
    """Faces, as far as a network can tell: of several sizes and proportions."""
    rng = np.random.default_rng(2)
    smooth = lambda rows, columns: cv2.resize(rng.integers(0, 256, (6, 6, 3), np.uint8), (columns, rows))
    return [smooth(*shape) for shape in ((96, 96), (140, 110), (60, 96), (21, 20), (300, 97))]


def test_the_torch_7_network_gives_what_its_arithmetic_says(t7, layers, drawn):
    embedder = OpenFace(t7)
    for face in drawn:
        found = embedder.embed_crop(face)
        assert (found.shape, found.dtype) == ((128,), np.float32)
        assert np.abs(found - in_numpy(layers, face)).max() < 1e-6


def test_the_same_network_as_onnx_gives_the_same_numbers(t7, as_onnx, drawn):
    for face in drawn:
        assert np.abs(OpenFace(t7).embed_crop(face) - OpenFace(as_onnx).embed_crop(face)).max() < 1e-6


def test_a_crop_gives_the_same_alone_and_among_others(t7, drawn):
    embedder = OpenFace(t7)
    crops = np.stack([cv2.resize(face, (96, 96)) for face in drawn])
    found = embedder.embed(crops)
    assert (found.shape, found.dtype) == ((len(crops), 128), np.float32)
    assert np.array_equal(found, [embedder.embed_crop(face) for face in drawn])  # the blob resizes as resize does
    assert embedder.embed(crops[:0]).shape == (0, 128)


def test_threads_do_not_get_each_others_embeddings(t7, drawn):
    embedder, wrong = OpenFace(t7), []
    expected = [embedder.embed_crop(face) for face in drawn]

    def work():
        for _ in range(40):
            for face, right in zip(drawn, expected, strict=True):
                if not np.array_equal(embedder.embed_crop(face), right):
                    wrong.append(face.shape)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_session_keeps_nothing_of_its_own_in_what_it_gave(t7, drawn):
    session = TorchSession(t7, 96)
    blobs = [cv2.dnn.blobFromImage(face, 1 / 255, (96, 96)) for face in drawn[:2]]
    first = session.run(blobs[0])
    kept = first.copy()
    session.run(blobs[1])
    assert np.array_equal(first, kept)


def test_it_is_an_embedder_whose_crops_are_cut_as_nodes_cut_them(t7, as_onnx):
    embedder = OpenFace(t7)
    cutter = aligner(embedder.alignment)
    assert (cutter.name, cutter.size) == ("haar-eyes", embedder.size)
    crop, _ = cutter.align(np.full((120, 120, 3), 90, np.uint8), Box(20, 20, 80, 90), np.eye(5, 2) * 50)
    assert np.linalg.norm(embedder.embed(crop[None])) == pytest.approx(1, abs=1e-6)
    assert len({embedder.fingerprint, OpenFace(as_onnx).fingerprint, OpenFace().fingerprint}) == 3


def test_the_known_network_is_asked_for_when_it_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match="deepthink weights fetch openface"):
        find("embedders", "openface-sentinelcam")().embed_crop(np.zeros((96, 96, 3), np.uint8))


def test_what_cannot_be_embedded_is_refused(t7, tmp_path):
    for face in (np.zeros((96, 96), np.uint8), np.zeros((96, 96, 3)), np.zeros((0, 96, 3), np.uint8)):
        with pytest.raises(BadInputError):
            OpenFace(t7).embed_crop(face)
    with pytest.raises(BadInputError, match="96"):
        OpenFace(t7).embed(np.zeros((1, 90, 96, 3), np.uint8))
    with pytest.raises(WeightsError, match="cannot be read"):
        OpenFace(tmp_path / "absent.t7")


def test_another_network_is_refused(tmp_path):
    file = Torch7()
    pool = file.module("SpatialMaxPooling", kW=96, kH=96, dW=1, dH=1, padW=0, padH=0, ceil_mode=False)
    (tmp_path / "other.t7").write_bytes(file.module("Sequential", modules=[pool]))
    with pytest.raises(WeightsError, match="gave 3 numbers"):
        OpenFace(tmp_path / "other.t7").embed_crop(np.zeros((96, 96, 3), np.uint8))
