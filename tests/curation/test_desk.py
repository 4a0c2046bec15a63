"""The reviewer's desk, on a filmed site: cards, what is done with them, and what others do meanwhile."""

from collections import Counter

import pytest

from deepthink.curation import review
from deepthink.curation.actions import Order
from deepthink.curation.facelist import Facelist, Status, editing
from deepthink.curation.history import history_path
from deepthink.curation.lanes import QUEUE, Filter
from deepthink.errors import BadInputError, BadNameError, StaleViewError
from deepthink.flow.desk import Desk, Hand
from tests.curated import really

HAND = (QUEUE, Filter())


@pytest.fixture
def desk(site):
    return Desk(site)


@pytest.fixture
def grouped(site):
    desk = Desk(site)
    desk.study()
    return desk


def do(desk, shown, verb, name="", who="ann", rows=None):
    seen = {number: stamp for number, stamp in shown.stamps.items() if rows is None or number in rows}
    return desk.act(Order(verb, seen, name, shown.card.lane, who))


def state(desk):
    return {n: (int(row.status), row.name) for n, row in Facelist(desk.path).rows.items()}


def test_every_waiting_row_is_on_one_card(grouped):
    cards = grouped.lay_out(HAND)
    rows = Counter(number for card in cards for number in card.rows)
    assert set(rows.values()) == {1}
    assert rows.keys() == Facelist(grouped.path).having(Status.CANDIDATE).keys()


def test_a_group_is_one_person(grouped, site):
    who = really(site)
    groups = [card for card in grouped.lay_out(HAND) if card.kind == "group"]
    assert len(groups) >= 3
    members = [Counter(who[n] for n in card.rows) for card in groups]
    astray = sum(sum(names.values()) - max(names.values()) for names in members)
    assert astray <= 0.1 * sum(len(card.rows) for card in groups)


def test_before_faces_are_compared_they_come_by_event(desk):
    cards = desk.lay_out(HAND)
    assert {card.kind for card in cards} == {"event"}
    for card in cards:
        assert len({desk.board.rows[n].frame.event for n in card.rows}) == 1


def test_one_action_names_a_group_and_it_is_gone(grouped):
    shown = grouped.show(HAND)
    action = do(grouped, shown, "name", "Ada")
    assert action.who == "ann"
    assert action.lane == "unknown"
    assert all(state(grouped)[n] == (1, "Ada") for n in shown.rows)
    assert not set(grouped.show(HAND).rows) & set(shown.rows)


def test_whom_a_group_probably_shows_is_suggested_as_soon_as_somebody_is_enrolled(grouped, site):
    who = really(site)
    shown = next(s for at in range(len(grouped.lay_out(HAND))) if len((s := grouped.show(HAND, at)).rows) >= 4)
    some = sorted(shown.rows)[: len(shown.rows) // 2]
    do(grouped, shown, "name", who[some[0]], rows=some)
    again = grouped.show(HAND, shown.card.id)
    assert again.person == who[some[0]]
    assert again.near[0].person == who[some[0]]


def test_who_was_refused_is_never_proposed_again(grouped, site):
    shown = next(s for at in range(len(grouped.lay_out(HAND))) if len((s := grouped.show(HAND, at)).rows) >= 4)
    some = sorted(shown.rows)[: len(shown.rows) // 2]
    do(grouped, shown, "name", "Ada", rows=some)
    do(grouped, grouped.show(HAND, shown.card.id), "refuse", "Ada")
    for desk in (grouped, Desk(site)):  # also for who comes later
        desk.study()
        desk.lay_out(HAND)
        later = desk.show(HAND, desk.place_of(HAND, set(shown.rows) - set(some)))
        assert later.person != "Ada"
        assert "Ada" not in [near.person for near in later.near]
    grouped.undo(None, "ann")
    again = grouped.show(HAND, grouped.place_of(HAND, set(shown.rows) - set(some)))
    assert "Ada" in [near.person for near in again.near]


def test_a_row_that_recognition_has_named_wrongly_waits_again_without_the_name(site):
    with editing(site.facelist) as facelist:
        facelist[1] = facelist[1].changed(name="Ada", probability=0.999, distance=0.3)
    desk = Desk(site)
    hand = ("confident", Filter())
    shown = desk.show(hand)
    assert shown.person == "Ada"
    do(desk, shown, "refuse", "Ada")
    assert state(desk)[1] == (0, "Unknown")
    desk.undo(None, "ann")
    assert state(desk)[1] == (0, "Ada")


def test_a_stranger_is_kept_for_the_threshold_and_no_face_is_not(grouped):
    first = grouped.show(HAND)
    do(grouped, first, "stranger")
    second = grouped.show(HAND)
    do(grouped, second, "remove")
    rows = Facelist(grouped.path).rows
    assert all(rows[n].stranger for n in first.rows)
    assert all(rows[n].status == Status.REMOVE and not rows[n].stranger for n in second.rows)
    assert grouped.board.counts()["strangers"] == len(first.rows)
    assert grouped.board.counts()["revoked"] == len(second.rows)


def test_thirty_actions_are_undone_to_the_byte_also_by_who_comes_later(grouped, site):
    before = site.facelist.read_bytes()
    rows = sorted(grouped.board.rows)
    verbs = ["name", "stranger", "remove", "refuse", "revoke"]
    for at in range(30):
        number = rows[at % len(rows)]
        seen = {number: review.stamp_of(grouped.row(number))}
        grouped.act(Order(verbs[at % 5], seen, "Ada", "unknown", "ann"))
    later = Desk(site)
    for _ in range(30):
        later.undo(None, "ann")
    assert site.facelist.read_bytes() == before
    with pytest.raises(BadInputError, match="nothing of yours"):
        later.undo(None, "ann")
    for _ in range(30):
        later.undo(None, "ann", again=True)
    assert state(later)[rows[29 % len(rows)]][0] == 3


def test_undo_takes_back_ones_own_and_not_anothers(grouped):
    mine = grouped.show(HAND)
    do(grouped, mine, "name", "Ada", who="ann")
    theirs = grouped.show(HAND)
    do(grouped, theirs, "stranger", who="bob")
    grouped.undo(None, "ann")
    assert all(state(grouped)[n] == (0, "Unknown") for n in mine.rows)
    assert all(state(grouped)[n] == (3, "Unknown") for n in theirs.rows)
    assert grouped.show(HAND, mine.card.id).card.id == mine.card.id


def test_merged_people_are_one_and_apart_again_after_undo(grouped, site):
    one = grouped.show(HAND)
    do(grouped, one, "name", "Ada")
    two = grouped.show(HAND)
    do(grouped, two, "name", "Adele")
    action = grouped.merge("Adele", "Ada", "ann")
    assert grouped.board.names() == ["Ada"]
    with editing(site.facelist) as facelist:  # recognition does not know of it until the next training
        left = next(n for n, row in facelist.rows.items() if row.status == Status.CANDIDATE)
        facelist[left] = facelist[left].changed(name="Adele", probability=0.999, distance=0.3)
    shown = grouped.show(("confident", Filter()))
    assert shown.person == "Ada"
    do(grouped, shown, "accept", shown.person)
    assert state(grouped)[left] == (1, "Ada")
    grouped.undo(action.number, "bob")
    assert grouped.board.names() == ["Ada", "Adele"]
    assert all(state(grouped)[n] == (1, "Adele") for n in two.rows)


def test_two_desks_lose_none_of_each_others_rows_and_a_stale_one_is_told(site):
    one, two = Desk(site), Desk(site)
    first, second = one.show(HAND, 0), two.show(HAND, 1)
    same = two.show(HAND, 0)
    do(one, first, "stranger", who="ann")
    with pytest.raises(StaleViewError):
        do(two, same, "name", "Ada", who="bob")
    do(two, second, "name", "Ada", who="bob")
    now = state(one)
    assert all(now[n] == (3, "Unknown") for n in first.rows)
    assert all(now[n] == (1, "Ada") for n in second.rows)
    assert set(one.show(HAND, 0).rows).isdisjoint({*first.rows, *second.rows})


def test_rows_that_a_sweep_adds_meanwhile_are_kept_and_seen(desk, site):
    shown = desk.show(HAND)
    with editing(site.facelist) as facelist:
        row = facelist[1]
        facelist.append(row.changed(frame=row.frame.__class__(row.frame.date, "f" * 32, row.frame.time)))
    do(desk, shown, "stranger")
    assert len(state(desk)) == len(desk.board.rows)
    assert max(state(desk)) in {n for card in desk.lay_out(HAND) for n in card.rows}


def test_an_action_that_a_kill_kept_from_the_facelist_is_told(site):
    desk = Desk(site)
    kept = site.facelist.read_bytes()
    do(desk, desk.show(HAND), "stranger")
    site.facelist.write_bytes(kept)
    again = Desk(site)
    assert again.lost.verb == "stranger"
    assert Desk(site).lost is None
    assert again.show(HAND).rows


@pytest.mark.parametrize(
    "name", ["../../x", "<script>alert(1)</script>", "x" * 10_000, "Ann Lee", "Unknown", "a\u202eb"]
)
def test_a_name_that_the_files_cannot_carry_is_refused_in_words_and_nothing_is_done(desk, name):
    before = desk.path.read_bytes()
    with pytest.raises(BadNameError, match=r"cannot be used: .+ Try "):
        do(desk, desk.show(HAND), "name", name)
    assert desk.path.read_bytes() == before
    assert not history_path(desk.path).exists()


@pytest.mark.parametrize("name", ["\u0645\u0631\u064a\u0645", "Zoë", "\U0001f469"])
def test_names_of_any_letters_survive(desk, site, name):
    shown = desk.show(HAND)
    do(desk, shown, "name", name)
    assert Desk(site).board.names() == [name]
    assert desk.show(("enrolled", Filter(person=name))).rows.keys() == shown.rows.keys()


@pytest.mark.parametrize(("verb", "name"), [("fly", ""), ("name", ""), ("refuse", ""), ("accept", "")])
def test_an_order_that_makes_no_sense_is_refused(desk, verb, name):
    with pytest.raises(BadInputError):
        do(desk, desk.show(HAND), verb, name)


def test_filters_narrow_counts_and_cards_alike(desk):
    row = next(iter(desk.board.rows.values()))
    wanted = Filter(camera=desk.days.camera(row), day=row.frame.date, quality="large")
    inside = desk.board.inside("unknown", wanted)
    assert 0 < len(inside) < len(desk.board.rows)
    assert desk.board.counts(wanted)["unknown"] == len(inside)
    assert {n for card in desk.lay_out(("unknown", wanted)) for n in card.rows} == set(inside)
    assert desk.cameras() == ["alpha5/PiCam3", "beta1/Porch"]
    with pytest.raises(BadInputError, match="Known: small"):
        Filter(quality="fine")
    with pytest.raises(BadInputError, match="no lane"):
        desk.lay_out(("elsewhere", Filter()))


def test_what_the_next_training_would_have_is_told_of_everybody(grouped):
    shown = grouped.show(HAND)
    do(grouped, shown, "name", "Ada")
    [ada] = grouped.everybody()
    assert (ada.person, ada.faces) == ("Ada", len(shown.rows))
    assert ada.events == len({row.frame.event for row in shown.rows.values()})
    assert any("event" in word for word in ada.lacks) == (ada.events < 5)
    assert "other days" in ada.lacks


def test_a_card_says_why_it_is_there_and_who_lacks_faces_comes_first(site):
    with editing(site.facelist) as facelist:
        for number in list(facelist)[:2]:
            facelist[number] = facelist[number].changed(name="Ada", probability=0.999, distance=0.3)
    desk = Desk(site)
    hand = ("confident", Filter())
    [card] = desk.lay_out(hand)
    assert "Ada has 0 of 5 events" in card.reasons
    gains = [card.gain for card in desk.lay_out(HAND)]
    assert gains == sorted(gains, reverse=True)
    assert desk.lay_out(HAND)[0].id == card.id


def test_swapped_labels_stand_in_the_lane_of_faults_until_somebody_says_that_they_are_right(grouped, site):
    who = really(site)
    for name in sorted(set(who.values()) - {"stranger", "remove"}):
        seen = {n: review.stamp_of(grouped.row(n)) for n, real in who.items() if real == name}
        grouped.act(Order("name", seen, name, "unknown", "ann"))
    names = grouped.board.names()
    wrong = min(grouped.board.people[names[0]])
    grouped.act(Order("relabel", {wrong: review.stamp_of(grouped.row(wrong))}, names[1], "enrolled", "ann"))
    grouped.study()
    assert wrong in grouped.board.lanes["faults"]
    hand = ("faults", Filter())
    shown = grouped.show(hand, grouped.place_of(hand, [wrong]))
    assert shown.reasons
    do(grouped, shown, "accept", rows=[wrong])
    assert wrong not in grouped.board.lanes["faults"]
    later = Desk(site)
    later.study()
    assert wrong not in later.board.lanes["faults"]
    later.undo(None, "ann")
    later.study()
    assert wrong in later.board.lanes["faults"]


def test_embeddings_are_made_once(grouped, site):
    again = Desk(site)
    assert again.eye.missing(again.board) == []
    assert again.eye.vectors.path.name == "facelist.vectors.npz"


def test_a_picture_that_is_gone_costs_its_own_face_alone(site):
    Desk(site).eye.vectors.path.unlink()
    for file in list((site.settings.root / "datasink/images").rglob("*.jpg"))[:40]:
        file.unlink()
    desk = Desk(site)
    desk.study()
    assert {n for card in desk.lay_out(HAND) for n in card.rows} == desk.board.rows.keys()
    assert desk.eye.missing(desk.board) == []


def test_a_study_that_is_stopped_keeps_and_groups_what_it_has_seen(site):
    Desk(site).eye.vectors.path.unlink()
    desk = Desk(site)
    desk.study(lambda: True)
    seen = len(desk.eye.vectors)
    assert 0 < seen < len(desk.board.rows)
    assert "event" in {card.kind for card in desk.lay_out(HAND)}
    assert len(desk.eye.tracks) == seen
    later = Desk(site)
    assert len(later.eye.vectors) == seen
    later.study()
    assert "event" not in {card.kind for card in later.lay_out(HAND)}


def test_each_goes_through_cards_in_an_order_of_their_own(grouped):
    ann, bob = (Hand(QUEUE, Filter(), who) for who in ("ann", "bob"))
    order = [card.id for card in grouped.lay_out(ann)]
    do(grouped, grouped.show(ann), "stranger")
    assert [card.id for card in grouped.lay_out(bob)] != order
    assert [card.id for card in grouped.cards(ann)] == order
