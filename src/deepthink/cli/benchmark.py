"""`deepthink benchmark`: the public protocols, on photographs that you have."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deepthink.cli.console import JsonFlag, SetFlag, emit, err, progress

if TYPE_CHECKING:
    from deepthink.flow.benchmark import OpenSet
    from deepthink.validation.verification import Verification

app = typer.Typer(help="Measure on public benchmarks what is claimed of DeepThink.", no_args_is_help=True)


@app.callback()
def protocols() -> None:
    """Measure on public benchmarks what is claimed of DeepThink."""


@app.command(epilog="Example: deepthink benchmark lfw ~/lfw --pairs ~/lfw/pairs.txt --seeds 8")
def lfw(
    folder: Annotated[Path, typer.Argument(help="Labeled Faces in the Wild: folders of Name/Name_0001.jpg.")],
    pairs: Annotated[Path | None, typer.Option(help="pairs.txt; without it 1,000 pairs are drawn.")] = None,
    people: Annotated[int, typer.Option(min=2, help="Residents in each draw.")] = 40,
    enrol: Annotated[int, typer.Option(min=1, help="Photographs enrolled of each.")] = 12,
    ask: Annotated[int | None, typer.Option(min=1, help="Photographs asked of each; all the rest by default.")] = None,
    least: Annotated[int, typer.Option(min=2, help="Photographs that a resident has at least.")] = 20,
    strangers: Annotated[int, typer.Option(min=1, help="Strangers asked in each draw.")] = 3000,
    reviewed: Annotated[int, typer.Option(min=0, help="Other strangers, that calibration sees.")] = 200,
    seeds: Annotated[int, typer.Option(min=0, help="Draws; 0 for verification alone.")] = 8,
    settings: SetFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Verify pairs of photographs by the published procedure, then identify residents among strangers.

    Verification: ten folds, each with the threshold of the others. Identification: residents are enrolled, people with
    one or two photographs are strangers; the thresholds never see those strangers that are asked.
    """
    from deepthink.flow.benchmark import open_set, read_album, verification
    from deepthink.flow.wiring import Site
    from deepthink.settings import without_site
    from deepthink.validation.identification import Protocol

    site = Site(without_site(settings or ()))
    with progress("embed") as told:
        album = read_album(site, folder, told)
    for problem in site.datasink.problems.kept[:5]:
        err.print(f"passed over: {problem}", markup=False)
    verified, opened, rules = verification(album, pairs), None, site.settings.train
    if seeds:
        protocol = Protocol(people, least, enrol, ask, strangers, reviewed)
        with progress("identify") as told:
            opened = open_set(album, protocol, seeds, rules.preset, rules.fpir, told)
    emit(
        {"detector": site.detector_name, "embedder": site.embedder.fingerprint, "photographs": len(album.people),
         "verification": asdict(verified), "open_set": opened and asdict(opened)},
        f"photographs     {len(album.people)}, detector {site.detector_name}, embedder {site.embedder.fingerprint}\n"
        + _said(verified, opened),
        as_json,
    )  # fmt: skip


def _said(verified: Verification, opened: OpenSet | None) -> str:
    text = (
        f"verification    {verified.accuracy:.2%} of {verified.pairs} pairs told apart (standard error "
        f"{verified.error:.2%}), at distance {verified.distance:.3f}"
    )
    if opened:
        (low, high), (least, most) = opened.fnir_interval, opened.fpir_interval
        text += (
            f"\nidentification  FNIR {opened.fnir:.2%} ({low:.2%} to {high:.2%}) of {opened.mated}, FPIR "
            f"{opened.fpir:.2%} ({least:.2%} to {most:.2%}) of {opened.nonmated}, mean of {opened.draws} draws\n"
            f"                FPIR within the stated interval in {opened.stated_rightly:.0%} of draws\n"
            f"SentinelCam     FNIR {opened.sentinelcam_fnir:.2%}, FPIR {opened.sentinelcam_fpir:.2%}, same probes"
        )
    return text
