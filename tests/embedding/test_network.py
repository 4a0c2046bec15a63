from collections import Counter

import numpy as np
import pytest

from deepthink import weights
from deepthink.embedding.network import Layer, Network, read_network
from deepthink.embedding.resnet import to_onnx
from deepthink.errors import WeightsError


@pytest.fixture(scope="module")
def saved():
    return weights.find("dlib-resnet").read_bytes()


def test_dlibs_network_is_read_whole(saved):
    network = read_network(saved)
    kinds = Counter(layer.kind for layer in network.layers)
    assert kinds == {"con": 29, "affine": 29, "relu": 29, "add_prev": 14, "avg_pool": 5, "max_pool": 1, "fc": 1}
    assert (network.rows, network.columns) == (150, 150)
    assert network.means == pytest.approx((122.782, 117.001, 104.298))
    assert sum(layer.weights.size for layer in network.layers) == 5_614_592  # all but 7,698 of the file's bytes


@pytest.mark.parametrize("length", [0, 1, 200, 330, 341, 20_000, 1_000_000, -40_000, -1])
def test_a_truncated_file_is_refused(saved, length):
    with pytest.raises(WeightsError, match="truncated"):
        read_network(saved[:length])


def test_a_file_with_something_after_its_end_is_refused(saved):
    with pytest.raises(WeightsError, match="1 bytes too many"):
        read_network(saved + b"\0")


def test_a_bit_flipped_in_the_structure_is_refused_or_changes_no_layer(saved):
    rng = np.random.default_rng(3)
    whole = described(read_network(saved))
    before_weights, after_weights = range(353), range(19_300, 19_412)  # of the first convolution
    for at in rng.permutation([*before_weights, *after_weights])[:80]:
        altered = bytearray(saved)
        altered[at] ^= 1 << int(rng.integers(8))
        try:
            network = read_network(bytes(altered))
        except WeightsError:
            continue
        assert described(network) == whole  # it was a number of the training, or of the colours' means


def described(network):
    return [(layer.kind, layer.marks, layer.numbers, layer.weights.size) for layer in network.layers]


@pytest.mark.parametrize("name", ["dlib-landmarks", "mmod_human_face_detector.dat"])
def test_another_file_of_dlibs_is_refused(name):
    folder = weights.find("dlib-landmarks").parent
    path = folder / name if name.endswith(".dat") else weights.find(name)
    with pytest.raises(WeightsError, match="Not a dlib face network"):
        read_network(path.read_bytes())


def dense(outputs, inputs):
    return Layer("fc", 0, (outputs, inputs), np.ones(outputs * inputs, np.float32))


@pytest.mark.parametrize(
    "layers",
    [
        [Layer("relu")],
        [dense(2, 99)],
        [Layer("add_prev"), dense(2, 48)],
        [Layer("relu", 2), dense(2, 48)],
        [Layer("max_pool", 0, (9, 1)), dense(2, 3)],
        [Layer("con", 0, (1, 9, 1, 1, 1, 0), np.ones(10, np.float32)), Layer("affine", 0, (1,)), dense(2, 16)],
    ],
)
def test_layers_that_do_not_fit_together_are_refused(layers):
    with pytest.raises(WeightsError):
        to_onnx(Network((0.0, 0.0, 0.0), 4, 4, tuple(layers)))
