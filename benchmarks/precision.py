"""dlib's network in int8 and fp16 beside fp32: time, shift of the embeddings, and verification, in one run.

    python benchmarks/precision.py --faces ../shared/faces --json

A variant would be used only where it is faster and as accurate; docs/decisions/precision.md has what was seen where.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from deepthink.detection.align import DlibChip
from deepthink.embedding.convert import dlib_resnet_onnx
from deepthink.embedding.dlib import prepare
from deepthink.embedding.session import OnnxSession
from deepthink.records import Box
from deepthink.validation.verification import draw_pairs, verify_pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", type=Path, required=True, help="a folder of Name_0001.jpg")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    paths = sorted(asked.faces.rglob("*.jpg"))
    people = np.array([path.stem.rpartition("_")[0] for path in paths])
    figures = measure(prepare(np.stack(list(crops(paths)))), people)
    print(json.dumps(figures, indent=2) if asked.json else "\n".join(f"{k:6} {v}" for k, v in figures.items()))


def measure(pictures: np.ndarray, people: np.ndarray) -> dict[str, Any]:
    """Embed everything with each variant in turns of 16 pictures, so that all meet the machine's moods alike."""
    sessions = {"fp32": session(dlib_resnet_onnx()), "int8": session(int8(pictures[::8])), "fp16": session(fp16())}
    spent, found = dict.fromkeys(sessions, 0.0), {name: [] for name in sessions}
    for start in range(0, len(pictures), 16):
        for name, one in sessions.items():
            began = time.process_time()
            found[name].append(one.run(pictures[start : start + 16]))
            spent[name] += time.process_time() - began
    embeddings = {name: np.concatenate(parts).astype(np.float32) for name, parts in found.items()}
    pairs = draw_pairs(people, 1000)
    return {
        name: {
            "CPU ms a face": round(spent[name] / len(pictures) * 1000, 2),
            "mean shift": round(float(np.linalg.norm(own - embeddings["fp32"], axis=1).mean()), 4),
            "verification": round(verify_pairs(own, pairs).accuracy, 4),
        }
        for name, own in embeddings.items()
    }


def session(model: bytes) -> OnnxSession:
    one = OnnxSession(model, threads=1)
    one.run(np.zeros((16, 3, 150, 150), np.float32))
    return one


def crops(paths: list[Path]) -> Iterator[np.ndarray]:
    aligner = DlibChip()
    for path in paths:
        image = cv2.imread(str(path))
        across, down = image.shape[1] / 4, image.shape[0] / 4  # the face lies in the middle
        yield aligner.align(image, Box(round(across), round(1.1 * down), round(3 * across), round(3.1 * down)))[0]


class Pictures(CalibrationDataReader):
    def __init__(self, pictures: np.ndarray, name: str) -> None:
        self.rest = iter([{name: picture[None]} for picture in pictures])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.rest, None)


def int8(pictures: np.ndarray) -> bytes:
    """Quantise weights and activations, a scale for each channel, calibrated on pictures."""
    with tempfile.TemporaryDirectory() as folder:
        source, ready, target = (Path(folder) / name for name in ("a.onnx", "b.onnx", "c.onnx"))
        source.write_bytes(dlib_resnet_onnx())
        quant_pre_process(str(source), str(ready), skip_symbolic_shape=True)
        reader = Pictures(pictures, onnx.load(ready).graph.input[0].name)
        quantize_static(
            str(ready), str(target), reader, quant_format=QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
        )  # fmt: skip
        return target.read_bytes()


def fp16() -> bytes:
    """Turn weights and arithmetic into half precision; what goes in and comes out stays fp32."""
    model = onnx.load_from_string(dlib_resnet_onnx())
    graph, given, wanted = model.graph, model.graph.input[0].name, model.graph.output[0].name
    for weight in graph.initializer:
        if weight.data_type == TensorProto.FLOAT:
            weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), weight.name))
    for node in graph.node:
        node.input[:] = ["half in" if name == given else name for name in node.input]
        node.output[:] = ["half out" if name == wanted else name for name in node.output]
    graph.node.insert(0, helper.make_node("Cast", [given], ["half in"], to=TensorProto.FLOAT16))
    graph.node.append(helper.make_node("Cast", ["half out"], [wanted], to=TensorProto.FLOAT))
    return model.SerializeToString()


if __name__ == "__main__":
    main()
