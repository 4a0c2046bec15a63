"""Embeddings of people who do not exist, with the structure of real ones, for benchmarks and tests of the search."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def crowd(
    faces: int,
    people: int,
    *,
    features: int = 128,
    label_noise: float = 0.015,
    spread: float = 0.9,
    seed: int = 0,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Make embeddings of unit length, and whose they are.

    A fifth of the people are residents, with ten times as many faces as a visitor. A person with many faces has
    several modes (with and without glasses, by day and by night). Pose and light move everybody's faces along the
    same few directions, some pictures are better than others, and some faces carry somebody else's name.

    Parameters
    ----------
    faces, people : int
    features : int
    label_noise : float
        Share of faces whose label is drawn anew.
    spread : float
        Of single faces about their mode, where people are about 1 apart in each direction.
    seed : int
    """
    rng = np.random.default_rng(seed)
    residents = max(2, people // 5)
    share = np.concatenate([rng.uniform(3, 10, residents), rng.lognormal(-0.5, 0.8, people - residents)])
    sizes = np.maximum(min(6, faces // people), np.round(share / share.sum() * faces).astype(int))
    sizes[sizes.argmax()] += faces - sizes.sum()
    everyone, pose = 0.8 * rng.normal(size=features), rng.normal(size=(12, features))
    found = []
    for size in sizes:
        modes = everyone + rng.normal(size=features) + 0.45 * rng.normal(size=(1 + min(4, size // 40), features))
        blur = rng.uniform(0.5, 1.3, size=(size, 1))
        moved = 0.5 * rng.normal(size=(size, 12)) @ pose + spread * rng.normal(size=(size, features))
        found.append(modes[rng.integers(len(modes), size=size)] + blur * moved)
    embeddings, who = np.concatenate(found), np.repeat(np.arange(people), sizes)
    wrong = rng.random(faces) < label_noise
    who[wrong] = rng.permutation(who)[wrong]
    order = rng.permutation(faces)
    return (embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True))[order].astype(np.float32), who[order]
