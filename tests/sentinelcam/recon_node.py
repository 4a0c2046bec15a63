"""Runs on a node, with none of DeepThink: loads a model as SentinelCam's FaceRecon does, and says what it finds.

Arguments: facemodel.pickle, baselines.hdf5, probes.npy (faces, 128).
"""

import json
import pickle
import sys
from pathlib import Path

import h5py
import numpy as np
import sklearn


def distance(one, other):
    """Return how far an embedding is from another, or from a dataset that is still in its file."""
    apart = one - other
    return np.sqrt(np.sum(np.multiply(apart, apart)))


def main(facemodel, baselines, probes):
    """Print what a node finds, as JSON."""
    model = pickle.loads(Path(facemodel).read_bytes())
    names = model["labels"].classes_
    file = h5py.File(baselines, "r")
    faces = [file[name] for name in names]  # they stay open, and are read at each comparison
    thresholds = [file[name].attrs.get("threshold") for name in names]
    answers = []
    for probe in np.load(probes):
        shares = model["svm"].predict_proba(probe.reshape(1, -1))
        first = np.argmax(shares)
        apart = np.array([distance(probe, faces[number]) for number in range(len(faces))])
        nearest = np.argmin(apart)
        margin = apart[nearest] - thresholds[nearest]
        answers.append(
            {
                "name": names[first],
                "shares": [float(share) for share in shares[0]],
                "distances": [float(each) for each in apart],
                "label": f"{names[first]}: {shares[0, first] * 100:.2f}% ({apart[nearest]:.6f}|{margin:.6f}|1|1)",
            }
        )
    print(
        json.dumps(
            {
                "versions": [sklearn.__version__, np.__version__, h5py.__version__],
                "modules": sorted({name.split(".")[0] for name in sys.modules}),
                "names": list(names),
                "kinds": sorted({type(name).__name__ for name in names}),
                "probe": [str(probe.dtype), list(probe.shape)],
                "thresholds": [float(each) for each in thresholds],
                "threshold kinds": sorted({type(each).__name__ for each in thresholds}),
                "datasets": {name: [str(data.dtype), list(data.shape)] for name, data in file.items()},
                "answers": answers,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
