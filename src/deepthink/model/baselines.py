"""Baselines: what one person's embeddings look like, and how far from it they usually are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from deepthink.errors import DamagedVersionError
from deepthink.files import replacing


@dataclass(frozen=True)
class Baselines:
    """One centroid and one distance per person, in the order of `people`.

    Examples
    --------
    >>> lines = Baselines.of(np.array([[0.0], [2.0], [8.0], [12.0]]), ["ann", "ann", "bob", "bob"])
    >>> lines.people, lines.centroids.ravel().tolist(), lines.thresholds.tolist()
    (('ann', 'bob'), [1.0, 10.0], [1.0, 2.0])
    """

    people: tuple[str, ...]
    centroids: np.ndarray  # (people, dimensions) float32
    thresholds: np.ndarray  # (people,) float64, SentinelCam's: mean minus standard deviation of own distances

    @classmethod
    def of(cls, embeddings: np.ndarray, names: Sequence[str]) -> Baselines:
        """Learn each person's mean embedding, and SentinelCam's threshold from the distances to it.

        Parameters
        ----------
        embeddings : ndarray of shape (faces, dimensions)
            The gallery.
        names : sequence of str
            Whose each is.
        """
        people, who = np.unique(np.asarray(names, dtype=object), return_inverse=True)
        centroids = np.array([embeddings[who == person].mean(axis=0) for person in range(len(people))])
        away = np.linalg.norm(embeddings - centroids[who], axis=1)
        own = [away[who == person] for person in range(len(people))]
        thresholds = np.array([distances.mean() - distances.std() for distances in own])
        return cls(tuple(people), centroids.astype(np.float32), thresholds)


def write_baselines(path: Path, baselines: Baselines) -> None:
    """Write baselines.hdf5 as SentinelCam reads it: a root dataset a person, its threshold a plain float."""
    with replacing(path) as beside, h5py.File(beside, "w") as file:
        for person, centroid, threshold in zip(
            baselines.people, baselines.centroids, baselines.thresholds, strict=True
        ):
            file[person] = np.asarray(centroid, np.float32)
            file[person].attrs["threshold"] = float(threshold)


def read_baselines(path: Path, people: Sequence[str]) -> Baselines:
    """Read baselines.hdf5, in the order of `people`, which is the classifier's.

    Raises
    ------
    DamagedVersionError
        It is absent or no HDF5 file, or somebody's baseline or threshold is missing in it.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "baselines.hdf5"
    >>> write_baselines(file, Baselines(("ann",), np.zeros((1, 128), np.float32), np.array([0.5])))
    >>> read_baselines(file, ["ann"]).thresholds.tolist()
    [0.5]
    """
    try:
        with h5py.File(path, "r") as file:
            centroids = np.stack([np.asarray(file[person], np.float32).reshape(-1) for person in people])
            thresholds = np.array([float(file[person].attrs["threshold"]) for person in people])
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise DamagedVersionError(f"{path} cannot be read as baselines: {error}. Publish the version again.") from None
    return Baselines(tuple(people), centroids, thresholds)
