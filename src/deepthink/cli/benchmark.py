"""`deepthink benchmark`: the public protocols, on photographs that you have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deepthink.cli.console import JsonFlag, SetFlag, emit, err, progress

app = typer.Typer(help="Measure on public benchmarks what is claimed of DeepThink.", no_args_is_help=True)


@app.callback()
def protocols() -> None:
    """Measure on public benchmarks what is claimed of DeepThink."""


@app.command(epilog="Example: deepthink benchmark lfw ~/lfw --pairs ~/lfw/pairs.txt")
def lfw(
    folder: Annotated[Path, typer.Argument(help="Labeled Faces in the Wild: folders of Name/Name_0001.jpg.")],
    pairs: Annotated[Path | None, typer.Option(help="pairs.txt; without it 1,000 pairs are drawn.")] = None,
    settings: SetFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Verify pairs of photographs by the published procedure: ten folds, each with the others' threshold."""
    from deepthink.flow.benchmark import read_album, verification
    from deepthink.flow.wiring import Site
    from deepthink.settings import without_site

    site = Site(without_site(settings or ()))
    with progress("embed") as told:
        album = read_album(site, folder, told)
    found = verification(album, pairs)
    for problem in site.datasink.problems.kept[:5]:
        err.print(f"passed over: {problem}", markup=False)
    emit(
        {"detector": site.detector_name, "embedder": site.embedder.fingerprint, "photographs": len(album.people),
         "verification": found.__dict__},
        f"verification  {found.accuracy:.2%} of {found.pairs} pairs told apart (standard error {found.error:.2%}), "
        f"at distance {found.distance:.3f}\n"
        f"photographs   {len(album.people)}, detector {site.detector_name}, embedder {site.embedder.fingerprint}",
        as_json,
    )  # fmt: skip
