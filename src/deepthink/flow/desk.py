"""The reviewer's desk: a site's facelist laid out as cards, and what is done with them, for as many as sit at it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from deepthink.curation import actions, review
from deepthink.curation.actions import Order
from deepthink.curation.days import Days
from deepthink.curation.eye import Eye, doubts, regroup
from deepthink.curation.facelist import Facelist, Row
from deepthink.curation.groups import Near
from deepthink.curation.history import Action, History, in_force
from deepthink.curation.lanes import WAITING, Board, Filter
from deepthink.curation.notes import Notes
from deepthink.curation.plane import lay_flat
from deepthink.curation.progress import Pace, Standing, pace, standing
from deepthink.curation.queue import Card, deal, proposed
from deepthink.curation.review import Held, stamp_of
from deepthink.curation.study import study
from deepthink.curation.vectors import Seen, Vectors
from deepthink.embedding import facedata
from deepthink.errors import BadInputError, DeepthinkError, StaleViewError
from deepthink.flow.ahead import ahead
from deepthink.flow.wiring import Site

SAME = 0.6  # of the usual distance between faces: two that lie nearer are probably one person's
SAVE_EVERY = 512  # faces, and then at each doubling: a kill loses half of the embeddings at most
_NOBODY = Near("", 0.0)


class Hand(NamedTuple):
    """Which cards somebody goes through."""

    lane: str
    wanted: Filter
    who: str = ""  # each has their own: what one lays out anew, another goes through undisturbed


@dataclass(frozen=True)
class Shown:
    """A card as it is now."""

    card: Card
    rows: dict[int, Row]  # those of it that are still there
    stamps: dict[int, str]
    person: str  # who is proposed, empty when nobody
    near: tuple[Near, ...]  # who else it could be, the nearest first
    place: int  # from 0, among the cards
    cards: int
    reasons: tuple[str, ...]


class Desk:
    """Everything the review page asks of a site; may be used by several threads.

    Parameters
    ----------
    site : Site
    """

    def __init__(self, site: Site) -> None:
        self.site, self.path = site, site.facelist
        rules = site.settings.sweep
        self.days = Days(site.datasink)
        self.board = Board(rules.confident_probability, rules.confident_distance, self.days.camera)
        self.history = History(self.path)
        self.notes = Notes()
        self.eye = Eye(Vectors(self.path, site.embedder.fingerprint), learnt(site))
        self.studied = (0, 0)  # faces looked at, and to look at, by the study that is going on
        self.stir = threading.Event()  # set when there is something new to study
        self._facelist: Facelist | None = None
        self._hands: dict[Hand, list[Card]] = {}
        self._standing: dict[str, Standing] = {}
        self._one = threading.RLock()
        self.lost: Action | None = None  # what a kill kept from being done, told once
        with self._one:
            self.refresh()
            self.eye.enrol(self.board)
            self.lost = review.interrupted(self.path, self._held())
            self.everybody(), self.cameras()  # now, and not when somebody waits for the page

    def _held(self) -> Held:
        assert self._facelist is not None
        return Held(self._facelist, self.history)

    def refresh(self) -> None:
        """Take in what others have written; what has not changed is not read again."""
        with self._one:
            if self._facelist is None or not self._facelist.current:
                fresh = Facelist(self.path, self.site.datasink.problems)
                if self._facelist is not None:
                    fresh.adopt(self._facelist)
                known = self._facelist is not None
                self._facelist = fresh
                people = {name: len(own) for name, own in self.board.people.items()}
                changed = self.board.read(fresh)
                others = [n for n, count in people.items() if len(self.board.people.get(n, ())) != count]
                self._changed(changed if known else [], others)
                self.notes = Notes.of(in_force(self.history.actions()))
                if changed and known:
                    self.stir.set()

    def _changed(self, numbers: Iterable[int], names: Iterable[str] = ()) -> None:
        """Let everything follow rows that are not what they were, and people whose they were."""
        changed = list(numbers)
        self.eye.enrol(self.board, changed)
        self.board.suspect([n for n in self.eye.faults if n in self.board.rows and self.board.rows[n].enrolled])
        for name in {*names, *(self.board.rows[n].name for n in changed if n in self.board.rows)}:
            self._standing.pop(name, None)

    def lay_out(self, hand: Hand) -> list[Card]:
        """Lay the cards of a lane out anew: they then stay in their order while somebody goes through them."""
        self.refresh()
        with self._one:
            lane, wanted = hand[:2]
            rows = self.board.inside(lane, wanted)
            sight = self.eye.sight(self.board, self.notes, rows)
            cards = deal(self.board, lane, rows, sight, self.notes, self.standing, self.eye.faults)
            if len(self._hands) > 32:
                self._hands.clear()
            self._hands[hand] = cards
            return cards

    def cards(self, hand: Hand) -> list[Card]:
        """Return a lane's cards as they were laid out."""
        with self._one:
            return self._hands.get(hand) or self.lay_out(hand)

    def alive(self, card: Card) -> list[int]:
        """Return the rows of a card that are still there to be decided about."""
        lane = self.board.lanes[card.lane]
        return [n for n in card.rows if n in lane and (card.kind in _NAMELESS or self._still(card, n))]

    def _still(self, card: Card, number: int) -> bool:
        """Whether a row still carries the name that its card is about."""
        if card.lane not in WAITING:
            return self.board.rows[number].name == card.person
        return proposed(self.board.rows[number], number, self.notes) == card.person

    def show(self, hand: Hand, at: int | str = 0, step: int = 1) -> Shown | None:
        """Return the card at a place, or of an id; one of which nothing is left gives way to the next, or to the first.

        Parameters
        ----------
        hand : Hand
        at : int or str
        step : int
            -1 to look towards the beginning instead.
        """
        self.refresh()
        with self._one:
            cards = self.cards(hand)
            place = at if isinstance(at, int) else next((n for n, card in enumerate(cards) if card.id == at), 0)
            place = min(max(place, 0), max(0, len(cards) - 1))
            order = [*range(place, len(cards)), *range(place)] if step > 0 else [*range(place, -1, -1)]
            for number in order:
                rows = self.alive(cards[number])
                if rows:
                    return self._shown(cards[number], rows, number, len(cards))
            return self.show(hand, place, 1) if step < 0 and cards else None

    def _shown(self, card: Card, rows: list[int], place: int, cards: int) -> Shown:
        refused = {person for number in rows for person in self.notes.refused.get(number, ())}
        near = tuple(one for one in self.eye.around(self.board, rows) if one.person not in refused)
        person = card.person if card.lane in WAITING else ""
        if card.kind == "group":
            person = (self.eye.suggest(self.board, rows) or _NOBODY).person
        person = "" if person in refused else person
        now = {number: self.board.rows[number] for number in rows}
        stamps = {number: stamp_of(row) for number, row in now.items()}
        return Shown(card, now, stamps, person, near[:9], place, cards, card.reasons)

    def place_of(self, hand: Hand, numbers: Iterable[int]) -> int | None:
        """Return the place of the card that holds any of some rows, laid out anew where that is needed; else None."""
        wanted = set(numbers)
        with self._one:
            for cards in (self.cards(hand), *(self.lay_out(hand) for _ in range(1))):
                places = (at for at, card in enumerate(cards) if wanted & set(self.alive(card)))
                found = next(places, None)
                if found is not None:
                    return found
        return None

    def act(self, order: Order) -> Action:
        """Carry out what somebody wants; see `actions.carry_out`."""
        if order.verb in ("accept", "relabel", "name") and order.name:
            order = replace(order, name=self.notes.person(order.name) if order.verb == "accept" else order.name)
        return self._done(lambda held: actions.carry_out(self.path, order, held))

    def merge(self, one: str, into: str, who: str) -> Action:
        """Make one person of two."""
        return self._done(lambda held: actions.merge(self.path, one, into, who, held))

    def undo(self, number: int | None, who: str, again: bool = False) -> Action:
        """Take back an action, or somebody's last; `again`: do again what was taken back."""

        def turn(held: Held) -> Action:
            everything = held.history.actions()
            if number is not None:
                action = actions.find(everything, number)
            else:
                found = (actions.last_undone if again else actions.last_of)(everything, who)
                if found is None:
                    raise BadInputError(f"There is nothing of yours to {'do again' if again else 'undo'}.")
                action = found
            return (review.redo_action if again else review.undo_action)(self.path, action, who, held)

        return self._done(turn)

    def _done(self, deed: Callable[[Held], Action]) -> Action:
        """Do something to the facelist and follow it; when it fails, nothing that is in memory is believed any more."""
        with self._one:
            self.refresh()
            try:
                action = deed(self._held())
            except StaleViewError:
                raise
            except BaseException:
                self._facelist = None
                raise
            self._follow(action)
            return action

    def _follow(self, action: Action) -> None:
        if self._facelist is not None and self._facelist.current:
            for number in action.before:
                self.board.put(number, self._facelist[number])
            self._changed(action.before, [name for _, name, _ in action.before.values()])
        if action.takes_back is None:
            self.notes.take(action)
        else:
            self.notes = Notes.of(in_force(self.history.actions()))
        self.eye.faults = {number: why for number, why in self.eye.faults.items() if number not in self.notes.sure}
        self.board.suspect([n for n in self.eye.faults if self.board.rows[n].enrolled])
        self.refresh()

    def told_lost(self) -> Action | None:
        """Return what a kill kept from being done, the first time that it is asked for."""
        lost, self.lost = self.lost, None
        return lost

    def nearest_enrolled(self, number: int, most: int = 10) -> list[tuple[int, float]]:
        """Return the enrolled faces nearest to a row's, of other rows, with their distances."""
        with self._one:
            others = self.eye.enrolled_near(self.board, number)
        return [(other, away) for other, away in others if other != number][:most]

    def alike(self, number: int, among: Iterable[int]) -> list[int]:
        """Return those of some rows that probably show the same person as a row, itself among them."""
        with self._one:
            there = [one for one in among if one in self.board.rows]
            near = SAME * self.eye.gallery.usual
            return [one for one, away in self.eye.alike(self.board, number, there) if away <= near]

    def plane(self, among: Iterable[int]) -> dict[int, tuple[float, float]]:
        """Return where each of some rows lies among them (0 to 1): faces that are alike lie together."""
        with self._one:
            known, vectors = self.eye.known(self.board, [one for one in among if one in self.board.rows])
            return {number: (float(x), float(y)) for number, (x, y) in zip(known, lay_flat(vectors), strict=True)}

    def standing(self, person: str) -> Standing:
        """Return what the next training would have of somebody."""
        if person not in self._standing:
            own = [self.board.rows[number] for number in self.board.people.get(person, ())]
            seen = [(row, found.turn if (found := self.eye.seen(row)) else float("nan")) for row in own]
            self._standing[person] = standing(person, seen)
        return self._standing[person]

    def everybody(self) -> list[Standing]:
        """Return what the next training would have of each person, who lacks most first."""
        with self._one:
            found = [self.standing(person) for person in self.board.names()]
            return sorted(found, key=lambda one: (-one.missing, one.faces, one.person))

    def pace(self, who: str) -> Pace:
        """Return how fast somebody decides."""
        return pace(self.history.actions(), who, datetime.now())

    def row(self, number: int) -> Row:
        """Return a row; BadInputError when there is none of that number."""
        self.refresh()
        row = self.board.rows.get(number)
        if row is None:
            raise BadInputError(f"There is no row {number}.")
        return row

    def of_event(self, row: Row) -> dict[int, Row]:
        """Return all listed rows of a row's event."""
        where = row.frame.date, row.frame.event
        with self._one:
            rows = list(self.board.rows.items())
        return {number: one for number, one in rows if (one.frame.date, one.frame.event) == where}

    def dates(self) -> list[str]:
        """Return the days of the facelist's rows, sorted."""
        with self._one:
            return sorted({row.frame.date for row in self.board.rows.values()})

    def cameras(self) -> list[str]:
        """Return all cameras of those days."""
        return self.days.cameras(self.dates())

    def counts(self, wanted: Filter = Filter()) -> dict[str, int]:
        """Return how many rows of each lane are asked for."""
        with self._one:
            return self.board.counts(wanted)

    def names(self) -> list[str]:
        """Return everybody who is enrolled, sorted."""
        with self._one:
            return self.board.names()

    def near(self, number: int) -> list[Near]:
        """Return everybody enrolled, those nearest to a row first."""
        with self._one:
            return self.eye.around(self.board, [number])

    def lanes_of(self, people: Iterable[str]) -> dict[str, str]:
        """Return for each person a lane that holds enrolled faces of theirs."""
        with self._one:
            own = {person: self.board.people.get(person) for person in people}
            return {person: self.board.where(min(numbers)) for person, numbers in own.items() if numbers}

    def study(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Look at the faces that nobody has looked at yet, group those that nobody has a name for, and doubt labels."""
        with self._one:
            self.refresh()
            missing = self.eye.missing(self.board)
            rows = [self.board.rows[number] for number in missing]
        senses, done, told = self.site.senses, 0, 0
        for found in study(self.site.datasink, rows, senses.aligner, senses.rules, senses.embedder, ahead):
            self.eye.vectors.add(found)
            done += len(found)
            self.studied = done, len(rows)
            if done >= max(SAVE_EVERY, 2 * told):  # what is known by now can be grouped by now
                self.eye.vectors.save()
                self._compare()
                told = done
            if stop():
                break
        self.studied = (0, 0)
        self.eye.vectors.save()
        self._compare()

    def _compare(self) -> None:
        """Group faces, and doubt labels; others may use the desk meanwhile."""
        with self._one:
            self.eye.enrol(self.board)
            labelled, waiting = self.eye.labelled(self.board), self.eye.waiting(self.board, self.notes)
        grouped, doubted = regroup(waiting), doubts(labelled)
        with self._one:
            self.eye.take(waiting, *grouped)
            self.eye.suspect(self.board, self.notes, doubted)


_NAMELESS = ("group", "perhaps", "alone", "event")


def learnt(site: Site) -> dict[str, Seen]:
    """Return the embeddings of the latest version that this site's embedder has made, by `face_id`."""
    for path in sorted(site.training.glob("facedata_*.hdf5"), key=os.path.getmtime, reverse=True):
        try:
            data = facedata.read(path)
        except DeepthinkError:
            continue
        if data.fingerprint == site.embedder.fingerprint:
            faces = (facedata.face_of(key).rpartition("|")[0] + "|" for key in data.keys)
            return {face: Seen(vector, float("nan")) for face, vector in zip(faces, data.vectors, strict=True)}
    return {}
