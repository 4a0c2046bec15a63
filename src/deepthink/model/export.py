"""The last-step export that SentinelCam's sentinel reads: facemodel.pickle (docs/formats.md, 1.5).

Nothing in DeepThink loads such a file. It holds a plain `SVC` and a plain `LabelEncoder`, in a pickle protocol and with
module names that scikit-learn 0.24 to 1.9 and NumPy 1.19 to 2.x can all read.
"""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from deepthink.files import replacing

PROTOCOL = 3  # what Python 3.6 to 3.14 can read
# NumPy 2 calls the module that rebuilds arrays numpy._core; NumPy 1 knows numpy.core only, and NumPy 2 knows both.
_RENAMED = {
    b"cnumpy._core.multiarray\n": b"cnumpy.core.multiarray\n",
    b"cnumpy._core.numeric\n": b"cnumpy.core.numeric\n",
}


def write_pickle(path: Path, svc: Any, prob_a: np.ndarray, prob_b: np.ndarray, people: tuple[str, ...]) -> None:
    """Write {'svm', 'labels'} so that `predict_proba` there gives the probabilities that DeepThink gives.

    Parameters
    ----------
    path : Path
        Usually facemodel_<version>.pickle.
    svc : sklearn.svm.SVC
        Fitted on labels 0, 1, ... in the order of `people`.
    prob_a, prob_b : ndarray of shape (pairs,)
        Each pair's sigmoid, in libsvm's order.
    people : tuple of str
        Everyone it knows, sorted.
    """
    content = pickle.dumps({"svm": _with_probabilities(svc, prob_a, prob_b), "labels": _encoder(people)}, PROTOCOL)
    for name, older in _RENAMED.items():
        content = content.replace(name, older)
    with replacing(path) as beside:
        beside.write_bytes(content)


def _with_probabilities(svc: Any, prob_a: np.ndarray, prob_b: np.ndarray) -> Any:
    """Give a copy of the SVC the sigmoids, as `SVC(probability=True)` would hold them, without fitting it again."""
    twin = pickle.loads(pickle.dumps(svc))  # our own object of a moment ago, never one from outside
    twin.probability = twin._effective_probability = True
    twin._probA = np.ascontiguousarray(prob_a, np.float64)
    twin._probB = np.ascontiguousarray(prob_b, np.float64)
    with warnings.catch_warnings():
        # scikit-learn 1.9 warns of the attributes' end in 1.11; nodes run older ones
        warnings.simplefilter("ignore", FutureWarning)
        twin.predict_proba(np.zeros((1, twin.n_features_in_), np.float32))
    return twin


def _encoder(people: tuple[str, ...]) -> Any:
    from sklearn.preprocessing import LabelEncoder

    encoder = LabelEncoder()
    encoder.classes_ = np.array(people, dtype=object)
    return encoder
