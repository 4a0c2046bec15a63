"""Runs an ONNX network on the processor, through ONNX Runtime."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from deepthink.errors import MissingExtraError, WeightsError


class OnnxSession:
    """A network with one input and one output, both float32 and batched along the first axis.

    Parameters
    ----------
    model : bytes
        The ONNX file's content, already verified.
    threads : int, optional
        Threads within one run; by default as many as this process may use.

    Raises
    ------
    MissingExtraError
        When ONNX Runtime is not installed.
    WeightsError
        When ONNX Runtime cannot read the model.
    """

    def __init__(self, model: bytes, *, threads: int | None = None) -> None:
        runtime = _runtime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads or usable_cores()
        options.log_severity_level = 3  # errors; warnings are for the network's author
        try:
            self.session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's own exceptions share no public base class
            raise WeightsError(f"ONNX Runtime cannot read the network: {error}") from error
        self.input = self.session.get_inputs()[0].name

    def run(self, batch: np.ndarray) -> np.ndarray:
        """Return the network's output for a float32 batch."""
        output: np.ndarray = self.session.run(None, {self.input: batch})[0]
        return output


def usable_cores() -> int:
    """Return how many cores this process may use: its affinity, where the system tells, else all there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _runtime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("onnxruntime", "train") from error
    return onnxruntime
