"""Whose an offered picture is here, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deepthink.curation.facelist import Facelist, Row, Status
from deepthink.curation.history import History, in_force
from deepthink.curation.notes import Notes
from deepthink.curation.people import LONGEST, People
from deepthink.curation.provenance import Imports
from deepthink.curation.sources.base import Offer, Source
from deepthink.curation.sources.naming import carried, is_nobody
from deepthink.flow.bring_record import Becomes, Wishes
from deepthink.records import UNKNOWN

NOBODY, STRANGERS = "(unknown)", "(strangers)"  # no name can hold a bracket


class Whose:
    """Answers for each offer of one source.

    Parameters
    ----------
    facelist : Facelist
    imports : Imports
    source : Source
    offers : iterable of Offer
        All of the source: names are told apart among all.
    wishes : Wishes
    """

    def __init__(
        self, facelist: Facelist, imports: Imports, source: Source, offers: Iterable[Offer], wishes: Wishes
    ) -> None:
        self.path, self.wishes = facelist.path, wishes
        before = {
            face.called: face.name
            for face in imports.faces
            if face.at[:2] == (source.kind, source.origin) and face.name != UNKNOWN
        }
        self.names = carried({offer.name for offer in offers if not is_nobody(offer.name)}, before)
        self.notes = Notes.of(in_force(History(facelist.path).actions()))
        self.gone = gone(facelist)

    def ignored(self, offer: Offer) -> bool:
        """Whether it shows nobody who lives here."""
        return offer.ignored or offer.name in self.wishes.strangers

    def name(self, offer: Offer) -> str:
        """Return whom it shows, as people are called here."""
        if self.ignored(offer) or is_nobody(offer.name):
            return UNKNOWN
        return self.notes.person(self.names[offer.name])

    def shown(self, offer: Offer) -> str:
        """Return under whom it is counted."""
        if self.ignored(offer):
            return STRANGERS
        name = self.name(offer)
        return NOBODY if name == UNKNOWN else name

    def becomes(self, offer: Offer) -> Becomes:
        """Return what its row becomes: what a person has confirmed is selected, unless all are to be reviewed."""
        if self.wishes.review:
            return "candidate"
        if self.ignored(offer):
            return "stranger"
        return "selected" if offer.confirmed and self.name(offer) != UNKNOWN else "candidate"

    def renamed(self) -> dict[str, str]:
        """Return the names that could not be carried, with those that they have here."""
        return {theirs: ours for theirs, ours in self.names.items() if theirs != ours}

    def show_names(self, used: Iterable[str]) -> None:
        """Let people see the names they know, where no other is shown yet."""
        people = People(self.path)
        shown, wanted = people.all(), set(used)
        for theirs, ours in self.renamed().items():
            if ours in wanted and ours not in shown and theirs.isprintable() and 0 < len(theirs.strip()) <= LONGEST:
                people.show(ours, theirs)


def gone(rows: Mapping[int, Row]) -> frozenset[str]:
    """Return those who had faces here, all of which somebody has revoked or removed."""
    there: dict[str, bool] = {}
    for row in rows.values():
        out = row.status in (Status.REVOKED, Status.REMOVE)
        there[row.name] = there.get(row.name, True) and out
    return frozenset(name for name, out in there.items() if out and name != UNKNOWN)
