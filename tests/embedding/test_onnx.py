"""Networks that somebody described: dlib's own through the general way, small ones made here, and one of Torch 7."""

import hashlib
import struct

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from deepthink.embedding.convert import dlib_resnet_onnx
from deepthink.embedding.description import read_description
from deepthink.embedding.dlib import DlibResnet
from deepthink.embedding.onnx import DESCRIPTIONS, OnnxEmbedder
from deepthink.embedding.session import OnnxSession, agree
from deepthink.errors import BadInputError, SettingsError, WeightsError
from deepthink.plugins import find

TEXT = """
name: {name}
file: {file}
sha256: {sha256}
size: {size}
channels: {channels}
mean: {mean}
scale: {scale}
dimensions: {dimensions}
metric: {metric}
alignment:
  kind: {kind}
"""
SMALL = {
    "name": "small", "size": 32, "channels": "rgb", "mean": [0, 0, 0], "scale": 1.0, "dimensions": 3,
    "metric": "euclidean", "kind": "arcface",
}  # fmt: skip


def described(folder, content, suffix=".onnx", **changes):
    said = {**SMALL, "file": f"net{suffix}", "sha256": hashlib.sha256(content).hexdigest(), **changes}
    (folder / said["file"]).write_bytes(content)
    (folder / "net.yaml").write_text(TEXT.format(**said))
    return folder / "net.yaml"


def mean_colour(batch="n", outputs=3):
    """A network that gives each picture's mean of every colour plane, and nothing else."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["input"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["output"]),
    ]
    graph = helper.make_graph(
        nodes, "mean-colour",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [batch, 3, 32, 32])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [batch, outputs])],
        [numpy_helper.from_array(np.eye(3, outputs, dtype=np.float32), "weights")],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def test_dlibs_network_through_the_general_way_gives_the_same_numbers(tmp_path, crops):
    path = described(
        tmp_path, dlib_resnet_onnx(), name="dlib", size=150, mean=[122.782, 117.001, 104.298], scale=1 / 256,
        dimensions=128, kind="dlib-chip",
    )  # fmt: skip
    embedder = OnnxEmbedder(read_description(path))
    assert np.abs(embedder.embed(crops) - DlibResnet().embed(crops)).max() < 1e-6
    assert embedder.alignment == DlibResnet.alignment


def test_colours_arrive_in_the_order_that_was_said_less_the_mean_and_scaled(tmp_path):
    crops = np.broadcast_to(np.array([10, 20, 30], np.uint8), (2, 32, 32, 3))  # blue, green, red
    embed = lambda **changes: OnnxEmbedder(read_description(described(tmp_path, mean_colour(), **changes))).embed(crops)
    assert embed().tolist() == [[30, 20, 10]] * 2
    assert embed(channels="bgr").tolist() == [[10, 20, 30]] * 2
    assert embed(mean=[10, 5, 0], scale=0.5).tolist() == [[10, 7.5, 5]] * 2
    assert np.allclose(np.linalg.norm(embed(metric="cosine"), axis=1), 1)


def test_a_network_for_one_picture_at_a_time_is_given_one_at_a_time(tmp_path):
    crops = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    single = OnnxEmbedder(read_description(described(tmp_path, mean_colour(batch=1)))).embed(crops)
    assert np.allclose(single, crops.mean(axis=(1, 2))[:, ::-1], atol=1e-3)


@pytest.mark.parametrize(
    "changes",
    [
        {"sha256": "f" * 64}, {"channels": "bgr"}, {"mean": [1, 0, 0]}, {"scale": 0.5}, {"metric": "cosine"},
        {"kind": "openface"}, {"size": 48},
    ],
)  # fmt: skip
def test_the_fingerprint_changes_with_everything_that_shifts_embeddings(tmp_path, changes):
    first = read_description(described(tmp_path, mean_colour())).fingerprint
    assert read_description(described(tmp_path, mean_colour(), **changes)).fingerprint != first
    assert read_description(described(tmp_path, mean_colour(), licence="other")).fingerprint == first


def test_an_altered_network_is_never_run(tmp_path):
    path = described(tmp_path, mean_colour())
    (tmp_path / "net.onnx").write_bytes(mean_colour() + b"\0")
    with pytest.raises(WeightsError, match="sha256 differs"):
        OnnxEmbedder(read_description(path)).embed(np.zeros((1, 32, 32, 3), np.uint8))


def test_a_network_that_gives_something_else_than_was_said_is_refused(tmp_path):
    path = described(tmp_path, mean_colour(), dimensions=4)
    with pytest.raises(WeightsError, match="gave 3 numbers a face where its description says 4"):
        OnnxEmbedder(read_description(path)).embed(np.zeros((1, 32, 32, 3), np.uint8))


def test_what_is_no_network_is_refused(tmp_path):
    for suffix, reader in ((".onnx", "ONNX Runtime"), (".t7", "OpenCV")):
        path = described(tmp_path, b"not a network", suffix)
        with pytest.raises(WeightsError, match=f"{reader} cannot read"):
            OnnxEmbedder(read_description(path)).embed(np.zeros((1, 32, 32, 3), np.uint8))


def test_crops_of_another_size_are_refused(tmp_path):
    with pytest.raises(BadInputError, match="32"):
        OnnxEmbedder(read_description(described(tmp_path, mean_colour()))).embed(np.zeros((1, 30, 32, 3), np.uint8))


@pytest.mark.parametrize(
    "changes",
    [{"size": "wide"}, {"channels": "grey"}, {"scale": 0}, {"metric": "city"}, {"kind": "points"}, {"sha256": "abc"}],
)
def test_a_description_that_cannot_be_is_refused_with_the_file_and_the_key(tmp_path, changes):
    path = described(tmp_path, mean_colour(), **changes)
    with pytest.raises(SettingsError, match=str(path)):
        read_description(path)


@pytest.mark.parametrize("text", ["", "- a", "{", "name: x\nsurplus: 1\n"])
def test_a_file_that_is_no_description_is_refused(tmp_path, text):
    (tmp_path / "net.yaml").write_text(text)
    with pytest.raises(SettingsError, match="does not describe a network"):
        read_description(tmp_path / "net.yaml")


@pytest.mark.parametrize("name", ["sface", "mobilefacenet", "openface"])
def test_the_networks_described_here_ask_for_their_file_when_it_is_not_there(name, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    embedder = find("embedders", name)()
    assert read_description(DESCRIPTIONS / f"{name}.yaml").name == embedder.name == name
    with pytest.raises(WeightsError, match=f"deepthink weights fetch {name}"):
        embedder.embed(np.zeros((1, embedder.size, embedder.size, 3), np.uint8))


def test_a_torch_7_network_is_run_by_opencv(tmp_path):
    path = described(tmp_path, torch_mean_pool(32), ".t7")
    crops = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    found = OnnxEmbedder(read_description(path)).embed(crops)
    assert np.allclose(found, crops.mean(axis=(1, 2))[:, ::-1], atol=1e-2)


def torch_mean_pool(side):
    """The bytes of a Torch 7 file: nn.Sequential of one average pool over the whole picture."""
    number = lambda value: struct.pack("<id", 1, value)
    text = lambda value: struct.pack("<ii", 2, len(value)) + value.encode()
    index = iter(range(1, 99))

    def table(content):
        items = b"".join(key + value for key, value in content)
        return struct.pack("<iii", 3, next(index), len(content)) + items

    def thing(kind, content):
        head = struct.pack("<ii", 4, next(index))
        words = b"".join(struct.pack("<i", len(word)) + word.encode() for word in ("V 1", kind))
        return head + words + table(content)

    sizes = {"kW": side, "kH": side, "dW": 1, "dH": 1, "padW": 0, "padH": 0}
    pool = thing(
        "nn.SpatialAveragePooling",
        [
            *((text(key), number(value)) for key, value in sizes.items()),
            (text("ceil_mode"), struct.pack("<ii", 5, 0)),
            (text("count_include_pad"), struct.pack("<ii", 5, 1)),
            (text("divide"), struct.pack("<ii", 5, 1)),
        ],
    )
    return thing("nn.Sequential", [(text("modules"), table([(number(1.0), pool)]))])


def test_engines_that_differ_in_a_number_do_not_agree():
    expected = np.random.default_rng(0).normal(size=(4, 128))
    assert agree(expected, expected * (1 + 1e-5))
    for found in (expected[:, :64], expected + 0.01, np.where(expected > 2, np.nan, expected)):
        assert not agree(expected, found)


def test_a_session_says_where_it_runs(crops):
    session = OnnxSession(mean_colour(), threads=1)
    assert session.provider in ("CPUExecutionProvider", "CUDAExecutionProvider", "TensorrtExecutionProvider")
    assert cv2.__version__.startswith("4.")
