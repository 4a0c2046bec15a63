"""`deepthink weights`: the network weight files: which are here, how to get the others, and that they are right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deepthink.cli.console import JsonFlag, download, emit

if TYPE_CHECKING:
    from deepthink.weights import Weights

app = typer.Typer(help="The network weight files: what is here, and how to get the others.", no_args_is_help=True)
Names = Annotated[list[str] | None, typer.Argument(help="Which, as `deepthink weights list` calls them.")]
SiteFolder = Annotated[Path | None, typer.Option("--site", "-s", help="Look in this site's folder of weights too.")]


@app.command("list", epilog="Example: deepthink weights list")
def list_weights(site: SiteFolder = None, as_json: JsonFlag = False) -> None:
    """List the known weight files, their licence and use, and whether they are here and whole."""
    from deepthink import weights

    _use(site)
    found = weights.status()
    lines = [f"{s.state:8} {s.weights.name:15} {s.weights.licence:24} {s.path or s.weights.source}" for s in found]
    emit([_described(s.weights, s.path, s.state) for s in found], "\n".join(lines), as_json)


@app.command(epilog="Example: deepthink weights fetch yunet")
def fetch(
    names: Names = None,
    everything: Annotated[bool, typer.Option("--all", help="All known files.")] = False,
    to: Annotated[Path | None, typer.Option("--to", help="The folder to put them in; by default the cache.")] = None,
    source: Annotated[Path | None, typer.Option("--from", help="Copy from this folder or stick, no network.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Download weight files, or copy them from a folder; only files with the published sha256 are kept.

    A download that was interrupted goes on where it stopped when the command is run again.
    """
    from deepthink import weights
    from deepthink.weights.fetch import copy, fetch

    chosen = list(weights.KNOWN.values()) if everything else [weights.known(name) for name in names or ()]
    if not chosen:
        raise typer.BadParameter("Name a file, such as yunet, or say --all. All names: deepthink weights list")
    done = []
    for each in chosen:
        with download(each.file) as told:
            path = copy(each, source, to) if source else fetch(each, to, told)
        done.append(_described(each, path, "ready"))
    emit(done, "\n".join(f"{each['path']}  {each['licence']}, {each['purpose']}" for each in done), as_json)


@app.command(epilog="Example: deepthink weights verify")
def verify(names: Names = None, site: SiteFolder = None, as_json: JsonFlag = False) -> None:
    """Compare weight files with their published sha256; ends with 1 when one is altered, or named and absent."""
    from deepthink import weights

    _use(site)
    wanted = {weights.known(name).name for name in names or ()}
    found = [s for s in weights.status() if (s.weights.name in wanted if wanted else s.state != "absent")]
    text = "\n".join(f"{s.state:8} {s.weights.name:15} {s.path or s.weights.source}" for s in found)
    emit([_described(s.weights, s.path, s.state) for s in found], text or "No weight file is here.", as_json)
    if any(s.state != "ready" for s in found):
        raise typer.Exit(1)


@app.command(epilog="Example: deepthink weights convert --to dlib-resnet.onnx")
def convert(
    source: Annotated[Path | None, typer.Option("--from", help="The published .dat, when it is elsewhere.")] = None,
    to: Annotated[Path | None, typer.Option("--to", help="The file to write; by default it goes to the cache.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Convert dlib's face recognition network to ONNX: the same numbers, a tenth of the time, and no dlib."""
    from deepthink import weights
    from deepthink.embedding.convert import cached_path, convert, write_checked

    published = weights.known("dlib-resnet")
    if source:
        weights.verify(source, published)
    path = to or cached_path()
    write_checked(path, convert(source or weights.find("dlib-resnet")))
    done = {"path": path, "sha256": weights.file_sha256(path), "size": path.stat().st_size, "source": published.sha256}
    emit(done, f"{path}\n{done['size']:,} bytes, sha256 {done['sha256']}", as_json)


def _use(site: Path | None) -> None:
    from deepthink import weights

    if site:
        weights.also_look_in(site / "weights")


def _described(each: Weights, path: Path | None, state: str) -> dict[str, Any]:
    return {
        "name": each.name, "file": each.file, "state": state, "path": path, "licence": each.licence,
        "purpose": each.purpose, "source": each.source, "sha256": each.sha256, "size": each.size,
    }  # fmt: skip
