"""Where a version's files lie while it is being made: the training folder of a site."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deepthink.flow.wiring import Site


@dataclass(frozen=True)
class VersionFiles:
    """Where a version's files lie while it is being made."""

    folder: Path
    version: str
    gallery: Path | None = None  # where the gallery's embeddings lie, if not in the folder

    @property
    def parameters(self) -> Path:
        """<version>.yaml, which a person may edit before training."""
        return self.folder / f"{self.version}.yaml"

    @property
    def facedata(self) -> Path:
        """The gallery's embeddings."""
        return self.gallery or self.folder / f"facedata_{self.version}.hdf5"

    @property
    def strangers(self) -> Path:
        """The strangers' embeddings: not in facedata, whose every face a SentinelCam notebook trains on."""
        return self.folder / f"strangers_{self.version}.hdf5"

    @property
    def facemodel(self) -> Path:
        """SentinelCam's export."""
        return self.folder / f"facemodel_{self.version}.pickle"

    @property
    def recogniser(self) -> Path:
        """Our own model."""
        return self.folder / f"recogniser_{self.version}.npz"

    @property
    def baselines(self) -> Path:
        """SentinelCam's baselines."""
        return self.folder / f"baselines_{self.version}.hdf5"

    @property
    def executed(self) -> Path:
        """The executed notebook."""
        return self.folder / f"facemodel_{self.version}.ipynb"

    @property
    def page(self) -> Path:
        """The executed notebook as a page."""
        return self.executed.with_suffix(".html")

    @property
    def figures(self) -> Path:
        """What training counted and measured."""
        return self.folder / f"training_{self.version}.json"

    @property
    def journal(self) -> Path:
        """What is finished of a search."""
        return self.folder / f".search_{self.version}.jsonl"

    @property
    def energy(self) -> Path:
        """What training has taken so far, for one that goes on after a kill."""
        return self.folder / f".energy_{self.version}.json"

    @property
    def split(self) -> Path:
        """The events kept from training."""
        return self.folder / f"split_{self.version}.json"

    @property
    def proof(self) -> Path:
        """The folder of verdict, report and golden probes."""
        return self.folder / f"proof_{self.version}"


def version_files(site: Site, version: str) -> VersionFiles:
    """Return where a version's files lie while it is being made."""
    return VersionFiles(site.training, version)
