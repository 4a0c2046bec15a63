"""Runs an ONNX network through ONNX Runtime: on the processor, or where it is faster and gives the same numbers."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from deepthink.errors import MissingExtraError, WeightsError

PROVIDER_VARIABLE = "DEEPTHINK_PROVIDER"
CPU = "CPUExecutionProvider"
FASTER = ("TensorrtExecutionProvider", "CUDAExecutionProvider")
TOLERANCE = 1e-3  # of an embedding's length


class OnnxSession:
    """A network with one input and one output, both float32 and batched along the first axis.

    A graphics processor is used where ONNX Runtime has one (onnxruntime-gpu, Jetson's own build), but only after it has
    given the processor's numbers for four random inputs; otherwise the processor is.

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
        self.session = _load(model, [CPU], threads)
        self.input, self.shape = self.session.get_inputs()[0].name, self.session.get_inputs()[0].shape
        self.provider = CPU
        for faster in _faster_providers():
            if self._move_to(faster, model, threads):
                break

    def _move_to(self, provider: str, model: bytes, threads: int | None) -> bool:
        """Run on a provider from now on, if it gives the processor's numbers."""
        try:
            session = _load(model, [provider, CPU], threads)
        except WeightsError:
            return False
        probe = np.random.default_rng(0).normal(0, 0.3, [4, *self.shape[1:]]).astype(np.float32)
        expected, found = (one.run(None, {self.input: probe})[0] for one in (self.session, session))
        if not agree(expected, found):
            return False
        self.session, self.provider = session, provider
        return True

    def run(self, batch: np.ndarray) -> np.ndarray:
        """Return the network's output for a float32 batch."""
        output: np.ndarray = self.session.run(None, {self.input: batch})[0]
        return output


def usable_cores() -> int:
    """Return how many cores this process may use: its affinity, where the system tells, else all there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def agree(expected: np.ndarray, found: np.ndarray) -> bool:
    """Tell whether two engines' embeddings are the same to a thousandth of their length: thresholds then hold for both.

    Examples
    --------
    >>> agree(np.array([[3.0, 4.0]]), np.array([[3.0, 4.004]])), agree(np.array([[3.0, 4.0]]), np.array([[3.0, 4.1]]))
    (True, False)
    """
    if expected.shape != found.shape or not np.isfinite(found).all():
        return False
    apart = np.linalg.norm(found - expected, axis=-1)
    return bool((apart <= TOLERANCE * np.linalg.norm(expected, axis=-1)).all())


def _faster_providers() -> list[str]:
    """Return what can run networks here beside the processor, the fastest first; DEEPTHINK_PROVIDER=cpu for none."""
    if os.environ.get(PROVIDER_VARIABLE, "") == "cpu":
        return []
    here = _runtime().get_available_providers()
    return [provider for provider in FASTER if provider in here]


def _load(model: bytes, providers: list[str], threads: int | None) -> Any:
    runtime = _runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads or usable_cores()
    options.log_severity_level = 3  # errors; warnings are for the network's author
    # Threads that wait for work sleep: while they turn in circles the cores cannot decode the next pictures.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return runtime.InferenceSession(model, options, providers=providers)
    except Exception as error:  # ONNX Runtime's own exceptions share no public base class
        raise WeightsError(f"ONNX Runtime cannot read the network: {error}") from error


def _runtime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("onnxruntime", "train") from error
    return onnxruntime
