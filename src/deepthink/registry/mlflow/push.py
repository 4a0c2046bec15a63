"""Puts versions into MLflow's registry.

A version is there from the moment the model has it. What an interrupted push has left, a run and some files, is found
again by the manifest's hash and completed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from deepthink.errors import StepError
from deepthink.registry.manifest import read_manifest
from deepthink.registry.mlflow import figures
from deepthink.registry.mlflow.figures import DIGEST, VERSION
from deepthink.registry.mlflow.files import Files
from deepthink.registry.mlflow.model import Kept, Model


def push(folder: Path, notes: str, model: Model) -> bool:
    """Put a version there, whole; of one that is there already only absent files are added. Whether it is new.

    Parameters
    ----------
    folder : Path
        Of the published version, compared with its manifest by now.
    notes : str
        What people read beside it.
    model : Model

    Raises
    ------
    StepError
        Another version has the name there, or the server did not do it.
    """
    manifest = read_manifest(folder)
    tags, made = figures.tags(folder, manifest), figures.made(manifest)
    there = _same(model.kept(), tags)
    run = there.run if there else model.run(DIGEST, tags[DIGEST], tags[VERSION], made)
    _fill(folder, Files(model.server, run))
    if there:
        return False
    model.say(run, figures.parameters(folder, manifest), figures.metrics(manifest), made)
    model.end(run)
    return _stands(model, tags, model.register(run, tags, notes), run)


def _fill(folder: Path, files: Files) -> None:
    """Put those files there that are absent or not whole, by their size: whoever takes them compares their hashes."""
    there = files.sizes()
    for path in sorted(folder.iterdir()):
        if there.get(path.name) != path.stat().st_size:
            files.write(path)


def _stands(model: Model, tags: Mapping[str, str], number: int, run: str) -> bool:
    """Let the first of two that were pushed at once stand: the server counts them, and we take ours back if it is not.

    Raises
    ------
    StepError
        It is another version.
    """
    kept = model.kept()
    stands = first(kept, tags[VERSION])
    if stands is None or stands.number == number:
        return True
    model.withdraw(number, run if run != stands.run else None)
    _same(kept, tags)
    return False


def _same(kept: Iterable[Kept], tags: Mapping[str, str]) -> Kept | None:
    found = first(kept, tags[VERSION])
    if found and found.tags.get(DIGEST) != tags[DIGEST]:
        raise StepError(
            f"Another {tags[VERSION]} is number {found.number} of that model in MLflow, published by "
            f"{found.tags.get('deepthink.published_by') or 'nobody knows whom'}. Delete it there if nobody needs it, "
            "or choose another mlflow.model in site.yaml."
        )
    return found


def first(kept: Iterable[Kept], version: str) -> Kept | None:
    """Return the version there of a name: the first, whatever came under that name after it."""
    return next((one for one in kept if one.tags.get(VERSION) == version), None)
