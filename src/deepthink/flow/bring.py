"""The step that brings what people have from other systems: each picture becomes an event, each face a row."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from deepthink.curation.facelist import Facelist
from deepthink.curation.provenance import Imported, Imports
from deepthink.curation.sources.base import Offer, Source, bounded
from deepthink.datasink.base import FACES, TRACKING, Event, Mark
from deepthink.datasink.folder import FolderDatasink
from deepthink.embedding.session import usable_cores
from deepthink.errors import BadInputError, StepError
from deepthink.files import locked
from deepthink.flow.ahead import ahead
from deepthink.flow.bring_record import BEFORE, GONE, Becomes, BringReport, Tally, Wishes
from deepthink.flow.copies import Copies
from deepthink.flow.intake import Arrival, look_at
from deepthink.flow.listing import list_imported
from deepthink.flow.whose import Whose
from deepthink.flow.wiring import Site
from deepthink.records import FrameKey, Progress

NODE = "import"  # what the events of imported pictures name as their camera


def bring(site: Site, source: Source, wishes: Wishes = Wishes(), progress: Progress = lambda *_: None) -> BringReport:
    """Import all pictures of a source that were not imported before.

    Parameters
    ----------
    site : Site
        Its datasink must be a folder.
    source : Source
    wishes : Wishes
    progress : callable
        Told of pictures done, pictures in all, and whose it is.

    Raises
    ------
    BadInputError
        The site's events are not in a folder here, or the source holds what it should not.
    StepError
        The source does not answer from the start; when it stops later, the report says so, and the next run goes on.
    """
    sink = site.datasink
    if not isinstance(sink, FolderDatasink):
        raise BadInputError("This site reads its events from a DataPump. Import where its folders are.")
    offers = list(bounded(source.pictures(), source.origin))
    if wishes.dry_run:
        return _Import(site, sink, source, offers, wishes).through(progress)
    with locked(Imports(site.facelist).path):
        return _Import(site, sink, source, offers, wishes).through(progress)


class _Import:
    """One import while it goes on."""

    def __init__(
        self, site: Site, sink: FolderDatasink, source: Source, offers: Sequence[Offer], wishes: Wishes
    ) -> None:
        self.site, self.sink, self.source, self.offers, self.wishes = site, sink, source, offers, wishes
        self.imports = Imports(site.facelist)
        facelist = Facelist(site.facelist, sink.problems)
        self.whose = Whose(facelist, self.imports, source, offers, wishes)
        self.copies = Copies(site, facelist, self.imports.faces)
        self.people: dict[str, Tally] = {}
        self.last = datetime.min

    def through(self, progress: Progress) -> BringReport:
        """Take what comes, and list it."""
        ended, number = "", None
        if not self.wishes.dry_run and self.imports.begun is not None:
            self.sink.drop(self.imports.begun)  # a kill has left it half done
        try:
            self._take_all(progress)
        except StepError as error:
            ended = str(error)
        if not self.wishes.dry_run:
            number = list_imported(self.site, self.imports)
            self.whose.show_names(name for name, tally in self.people.items() if tally.taken)
        people, names = dict(sorted(self.people.items())), self.whose.renamed()
        return BringReport(
            self.source.kind, self.source.origin, self.wishes.dry_run, people, names, number, ended
        )  # fmt: skip

    def _take_all(self, progress: Progress) -> None:
        known = {face.at for face in self.imports.faces} if self.source.lasting else set()
        todo = [offer for offer in self.offers if not self._passed_unseen(offer, known)]
        done, total = len(self.offers) - len(todo), len(self.offers)
        for number, arrival in enumerate(ahead(self._look(), todo, usable_cores()), done):
            progress(number, total, self.whose.shown(arrival.offer))
            self._judge(arrival)
        progress(total, total, "")

    def _passed_unseen(self, offer: Offer, known: set[tuple[str, str, str]]) -> bool:
        """Pass over what need not be read; returns whether it was."""
        out = GONE if self.whose.name(offer) in self.whose.gone else ""
        why = out or (BEFORE if (self.source.kind, self.source.origin, offer.ident) in known else "")
        return bool(why) and self._pass(offer, why)

    def _look(self) -> Callable[[Offer], Arrival]:
        known, own, site = frozenset(face.sha256 for face in self.imports.faces), threading.local(), self.site
        senses = site.senses  # made before there are threads

        def look(offer: Offer) -> Arrival:
            if not hasattr(own, "detector"):
                own.detector = site.make_detector()  # OpenCV's detectors are for one thread each
            return look_at(offer, known, own.detector, senses)

        return look

    def _tally(self, offer: Offer) -> Tally:
        return self.people.setdefault(self.whose.shown(offer), Tally())

    def _pass(self, offer: Offer, why: str) -> bool:
        self._tally(offer).passed[why] += 1
        return True

    def _judge(self, arrival: Arrival) -> None:
        why = arrival.why or self.copies.why(arrival.hashed, arrival.whole)
        if why:
            self._pass(arrival.offer, why)
            return
        becomes = self.whose.becomes(arrival.offer)
        self._tally(arrival.offer).take(becomes)
        self.copies.add(arrival.hashed, arrival.whole)
        if not self.wishes.dry_run:
            self._keep(arrival, becomes)

    def _keep(self, arrival: Arrival, becomes: Becomes) -> None:
        """Put a picture into the datasink as an event of today, and write down where it comes from."""
        face = self._imported(arrival, becomes)
        frame, (width, height) = face.frame, arrival.size
        kind = self.source.kind
        event = Event(frame.date, frame.event, f"{NODE}/{kind}", NODE, kind, frame.time, width, height)
        marks = {TRACKING: "person: 1.0000", FACES: "Face"}
        self.imports.begin(frame)
        self.sink.add(event, arrival.jpeg, {k: [Mark(frame.time, "0", label, face.box)] for k, label in marks.items()})
        self.imports.add(face)

    def _imported(self, arrival: Arrival, becomes: Becomes) -> Imported:
        offer, source = arrival.offer, self.source
        self.last = max(datetime.now(), self.last + timedelta(microseconds=1))
        at = "|".join((source.kind, source.origin, offer.ident, arrival.sha256))
        event = hashlib.sha256(at.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        frame = FrameKey(self.last.date().isoformat(), event, self.last)
        return Imported(
            source.kind, source.origin, offer.ident, arrival.sha256, offer.name, self.whose.name(offer),
            offer.confirmed, self.whose.ignored(offer), offer.score, offer.taken,
            datetime.now().isoformat(timespec="seconds"), becomes, frame, arrival.box, arrival.eyes, arrival.focus,
            arrival.hashed, arrival.whole,
        )  # fmt: skip
