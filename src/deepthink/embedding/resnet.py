"""Turns a network that dlib saved into an ONNX graph with the same numbers.

The network is a residual network (He et al. 2016, "Deep residual learning for image recognition", CVPR). Each affine
layer is folded into the convolution before it, which saves a pass over the data; blocks whose sides differ are padded
with zeros before they are added, as dlib does.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from deepthink.embedding.network import Layer, Network
from deepthink.errors import MissingExtraError, WeightsError

OPSET, IR = 17, 9  # ONNX Runtime reads both since 1.13


class Flow(NamedTuple):
    """What flows between two nodes of the graph."""

    name: str
    channels: int
    side: int  # pixels


def to_onnx(network: Network) -> bytes:
    """Return an ONNX model: "crops" (n, 3, side, side) float32 to "embeddings" (n, dimensions) float32.

    The means and the division by 256 are left to the caller, as ONNX Runtime has no faster way for them.

    Raises
    ------
    WeightsError
        When the layers do not fit together.
    MissingExtraError
        When the onnx library is not installed.
    """
    if network.rows != network.columns:
        raise WeightsError(f"The network takes crops of {network.rows} by {network.columns}; only squares are known.")
    graph = Graph(Flow("crops", 3, network.rows))
    layers = network.layers
    for layer, after in zip(layers, (*layers[1:], Layer("end")), strict=True):
        graph.add_layer(layer, after)
    return graph.serialised(network.rows)


class Graph:
    """The nodes and weights so far, the flow at their end, and the flow that waits for the end of its block."""

    def __init__(self, start: Flow) -> None:
        try:
            import onnx
        except ImportError as error:
            raise MissingExtraError("onnx", "train") from error
        self.onnx = onnx
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.now = start
        self.block: Flow | None = None

    def add_layer(self, layer: Layer, after: Layer) -> None:
        """Add one of dlib's layers; `after` is the next one, which a convolution takes up when it is affine."""
        self._take_marks(layer)
        if layer.kind == "con":
            self._convolve(layer, after)
        elif layer.kind == "relu":
            self.now = self.now._replace(name=self._node("Relu", self.now.name))
        elif layer.kind in ("max_pool", "avg_pool"):
            self._pool(layer)
        elif layer.kind == "add_prev":
            self._add_block()
        elif layer.kind == "fc":
            self._project(layer)

    def serialised(self, side: int) -> bytes:
        """Return the finished model; the same layers always give the same bytes."""
        onnx, helper = self.onnx, self.onnx.helper
        if self.nodes[-1].op_type != "MatMul":
            raise WeightsError("The network does not end in a dense layer.")
        crops = helper.make_tensor_value_info("crops", onnx.TensorProto.FLOAT, ["faces", 3, side, side])
        output = helper.make_tensor_value_info("embeddings", onnx.TensorProto.FLOAT, ["faces", self.now.channels])
        self.nodes[-1].output[0] = "embeddings"
        graph = helper.make_graph(self.nodes, "dlib_resnet", [crops], [output], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))

    def _take_marks(self, layer: Layer) -> None:
        """Begin a block at a tag; at a tag and a skip, let the block's input take its own way, through a pool."""
        if layer.marks == 1:
            self.block = self.now
        elif layer.marks == 2 and self.block is not None:
            self.now, self.block = self.block, self.now
        elif layer.marks:
            raise WeightsError("The network's blocks are not those of a residual network.")

    def _convolve(self, layer: Layer, affine: Layer) -> None:
        filters, channels, rows, columns, stride, padding = layer.numbers
        if channels != self.now.channels or affine.kind != "affine" or affine.numbers != (filters,) or rows != columns:
            raise WeightsError(f"A convolution of {layer.numbers} does not fit its neighbours.")
        gamma, beta = affine.weights.astype(np.float64).reshape(2, filters)
        kernel, bias = np.split(layer.weights.astype(np.float64), [-filters])
        kernel = kernel.reshape(filters, channels, rows, columns) * gamma[:, None, None, None]
        inputs = [self.now.name, self._constant(kernel), self._constant(bias * gamma + beta)]
        shape = {"kernel_shape": [rows, columns], "strides": [stride] * 2, "pads": [padding] * 4}
        side = self._shrunk(self.now.side + 2 * padding, rows, stride)
        self.now = Flow(self._node("Conv", *inputs, **shape), filters, side)

    def _pool(self, layer: Layer) -> None:
        side, stride = layer.numbers
        if side == 0 and layer.kind == "avg_pool":
            self.now = Flow(self._node("GlobalAveragePool", self.now.name), self.now.channels, 1)
            return
        kind = "MaxPool" if layer.kind == "max_pool" else "AveragePool"
        name = self._node(kind, self.now.name, kernel_shape=[side] * 2, strides=[stride] * 2)
        self.now = Flow(name, self.now.channels, self._shrunk(self.now.side, side, stride))

    def _add_block(self) -> None:
        if self.block is None:
            raise WeightsError("The network adds a block that was never begun.")
        channels = max(self.now.channels, self.block.channels)
        side = max(self.now.side, self.block.side)
        padded = [self._padded(flow, channels, side) for flow in (self.now, self.block)]
        self.now, self.block = Flow(self._node("Add", *padded), channels, side), None

    def _project(self, layer: Layer) -> None:
        outputs, inputs = layer.numbers
        if inputs != self.now.channels * self.now.side**2:
            raise WeightsError(f"A dense layer of {inputs} inputs does not fit the {self.now.channels} before it.")
        flat = self._node("Flatten", self.now.name)
        self.now = Flow(self._node("MatMul", flat, self._constant(layer.weights.reshape(inputs, outputs))), outputs, 1)

    def _padded(self, flow: Flow, channels: int, side: int) -> str:
        if (flow.channels, flow.side) == (channels, side):
            return flow.name
        more = side - flow.side
        amounts = np.array([0, 0, 0, 0, 0, channels - flow.channels, more, more], np.int64)
        return self._node("Pad", flow.name, self._constant(amounts))

    def _shrunk(self, side: int, window: int, stride: int) -> int:
        if not 1 <= window <= side:
            raise WeightsError(f"A window of {window} does not fit a side of {side}.")
        return (side - window) // stride + 1

    def _node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        output = f"t{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(kind, inputs, [output], **attributes))
        return output

    def _constant(self, array: np.ndarray) -> str:
        name = f"w{len(self.weights)}"
        narrow = array.astype(np.float32) if array.dtype.kind == "f" else array
        self.weights.append(self.onnx.numpy_helper.from_array(narrow, name))
        return name
