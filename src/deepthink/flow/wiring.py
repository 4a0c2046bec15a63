"""Settings become objects here, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from deepthink import plugins, weights
from deepthink.curation.sweep import SweepRules
from deepthink.datasink.base import Datasink, Event
from deepthink.datasink.folder import FolderDatasink
from deepthink.deployment.base import Target
from deepthink.deployment.plan import Plan, Window
from deepthink.detection.aligners import aligner
from deepthink.detection.base import Detector
from deepthink.detection.quality import QualityRules
from deepthink.embedding.base import Embedder
from deepthink.embedding.crops import CropEmbedder
from deepthink.embedding.description import read_description
from deepthink.embedding.mirror import Mirrored
from deepthink.embedding.onnx import OnnxEmbedder
from deepthink.embedding.openface import OpenFace
from deepthink.errors import SettingsError, WeightsError
from deepthink.flow.targets import Member, members
from deepthink.model.artifact import Recogniser, nobody, read_recogniser
from deepthink.recognition.recognise import Senses
from deepthink.registry.folder import FolderRegistry
from deepthink.registry.ledger import LEDGER, Ledger
from deepthink.registry.mlflow.model import Model
from deepthink.registry.mlflow.server import Server
from deepthink.registry.signing import Keys
from deepthink.settings import Settings
from deepthink.validation.gates import Limits

YUNET, OPENFACE = "yunet", "openface-sentinelcam"


@dataclass
class Site:
    """A site's parts, each made when it is first asked for."""

    settings: Settings

    def __post_init__(self) -> None:
        """Let the site's own weight files be found."""
        weights.also_look_in(self.settings.path(Path("weights")))

    @cached_property
    def datasink(self) -> Datasink:
        """The folders of events, or the DataPump that serves them."""
        sink = self.settings.datasink
        data = self.settings.path(sink.data)
        if sink.feed is None:
            return FolderDatasink(data, self.settings.path(sink.images), sink.name)
        from deepthink.datasink.feed import FeedDatasink  # needs what a site of folders does not

        curve = self.settings.path(sink.curve) if sink.curve else None
        return FeedDatasink(sink.feed, data, sink.name, curve=curve)

    def make_detector(self) -> Detector:
        """Make what finds faces, for one thread."""
        detector: Detector = plugins.find("detectors", self.detector_name)()
        return detector

    @property
    def detector_name(self) -> str:
        """What finds faces here; `auto` is yunet where its weights are."""
        name = self.settings.detection.detector
        return default_detector() if name == "auto" else name

    @property
    def as_sentinelcam(self) -> bool:
        """Whether the tasks follow SentinelCam's rules instead of ours."""
        return self.settings.rules == "sentinelcam"

    @cached_property
    def embedder(self) -> Embedder:
        """What turns crops into embeddings."""
        if self.as_sentinelcam:
            return self.crop_embedder
        embedder = make_embedder(self.settings.embedder, self.settings.root)
        return Mirrored(embedder) if self.settings.mirror else embedder

    @cached_property
    def crop_embedder(self) -> CropEmbedder | OpenFace:
        """What turns faces into embeddings under SentinelCam's rules: OpenFace, unless the site names another."""
        named = self.settings.embedder if "embedder" in self.settings.model_fields_set else OPENFACE
        embedder = make_embedder(named, self.settings.root)
        return embedder if isinstance(embedder, OpenFace) else CropEmbedder(embedder)

    @cached_property
    def senses(self) -> Senses:
        """What turns pictures into embeddings."""
        rules = self.settings.detection
        quality = QualityRules(rules.min_size, rules.min_focus, rules.max_angle, rules.max_turn)
        return Senses(aligner(self.embedder.alignment), self.embedder, quality)

    @property
    def sweep_rules(self) -> SweepRules:
        """Which faces are proposed."""
        return SweepRules(self.settings.sweep.per_event, self.settings.sweep.same_picture)

    @property
    def limits(self) -> Limits:
        """Where the gates stand."""
        rules = self.settings.validation
        return Limits(rules.max_fnir, rules.max_fpir, rules.min_mated, rules.min_nonmated, rules.max_mistaken)

    @property
    def facelist(self) -> Path:
        """The curated rows."""
        return self.settings.path(self.settings.facelist)

    @property
    def training(self) -> Path:
        """The folder of facedata, parameters and notebooks."""
        return self.settings.path(self.settings.training)

    @property
    def watch_folder(self) -> Path:
        """The folder of what the site does by itself: its state, its requests, its messages."""
        return self.settings.watch_folder

    @property
    def truth(self) -> Path | None:
        """Who is really in each frame, where that is known."""
        truth = self.settings.validation.truth
        return self.settings.path(truth) if truth else None

    @cached_property
    def keys(self) -> Keys:
        """What versions are signed with, and whose signatures are believed."""
        return Keys(self.settings.path(self.settings.keys))

    @cached_property
    def registry(self) -> FolderRegistry:
        """The published versions."""
        return FolderRegistry(self.settings.path(self.settings.registry), self.keys)

    @cached_property
    def mlflow(self) -> Model:
        """The model in MLflow's registry."""
        there = self.settings.mlflow
        if there.uri is None:
            raise SettingsError("This site has no MLflow. Name it in site.yaml: mlflow.uri, as http://trainer:5000")
        return Model(Server(there.uri), there.model)

    @cached_property
    def ledger(self) -> Ledger:
        """What each version is good for."""
        return Ledger(self.registry.root / LEDGER)

    @cached_property
    def members(self) -> list[Member]:
        """The machines that receive versions, with what they are."""
        found = members(self.settings)
        for member in found:
            member.target.site_signers = self.keys.signers
        return found

    @property
    def targets(self) -> list[Target]:
        """The machines that receive versions."""
        return [member.target for member in self.members]

    @property
    def plan(self) -> Plan:
        """How a version reaches them."""
        rules = self.settings.deployment
        window = Window.read(rules.window) if rules.window else None
        return Plan(rules.canary, rules.batch, rules.on_failure == "revert", window)

    def events(self, dates: list[str] | None = None) -> list[Event]:
        """Return the events of some days, or of all that are not kept for validation, in order of time."""
        days = self.datasink.dates() if dates is None else dates
        kept = set(self.settings.validation.days) if dates is None else set()
        return [event for day in days if day not in kept for event in self.datasink.events(day)]

    def in_production(self) -> Recogniser:
        """Return the recogniser in production, or one that knows nobody."""
        version = self.ledger.production()
        if version is None:
            return nobody(self.embedder.fingerprint)
        return read_recogniser(self.registry.get(version) / f"recogniser_{version}.npz")


def default_detector() -> str:
    """Return the detector that `auto` stands for here."""
    try:
        weights.find(YUNET)
    except WeightsError:
        return "opencv"
    return "yunet"


def make_embedder(name: str, folder: Path) -> Embedder:
    """Return an embedder by its name, or by the path of its description (`<network>.yaml`), relative to a folder."""
    if name.endswith((".yaml", ".yml")):
        return OnnxEmbedder(read_description(folder / name))
    embedder: Embedder = plugins.find("embedders", name)()
    return embedder
