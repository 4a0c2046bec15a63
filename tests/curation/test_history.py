"""Undoing anything, however long ago, without undoing what others have decided since."""

import threading

import pytest

from deepthink.curation import review
from deepthink.curation.facelist import Facelist, editing
from deepthink.curation.history import History, in_force
from deepthink.curation.review import Held, accept, apply, history, rename, revoke, stamp_of, undo_action
from deepthink.errors import BadInputError, StaleViewError
from tests.curation.test_review import path, row, states

__all__ = ["path"]


def action(file, number):
    return next(one for one in history(file) if one.number == number)


def test_an_action_is_undone_days_later_and_those_after_it_stay(path):
    accept(path, [1])
    revoke(path, [2])
    undo_action(path, action(path, 1))
    assert states(path)[:2] == [(0, "Ann"), (3, "Bob")]
    assert [one.number for one in in_force(history(path))] == [2]


def test_rows_that_were_decided_anew_since_stay_as_they_are(path):
    accept(path, [1, 2])
    rename(path, [1], "Cleo")
    undo_action(path, action(path, 1))
    assert states(path)[:2] == [(1, "Cleo"), (0, "Bob")]


def test_an_action_whose_rows_have_all_been_decided_anew_is_not_undone(path):
    accept(path, [1])
    rename(path, [1], "Cleo")
    with pytest.raises(BadInputError, match="decided anew"):
        undo_action(path, action(path, 1))
    assert states(path)[0] == (1, "Cleo")


def test_what_was_embedded_since_is_undone_all_the_same(path):
    accept(path, [1])
    with editing(path) as facelist:
        facelist[1] = facelist[1].changed(status=review.Status.IN_USE, in_use_since="2026-03-09")
    undo_action(path, action(path, 1))
    assert states(path)[0] == (0, "Ann")


def test_nothing_is_undone_twice_nor_done_again_unasked(path):
    accept(path, [1])
    with pytest.raises(BadInputError, match="nothing to do again"):
        review.redo_action(path, action(path, 1))
    undo_action(path, action(path, 1))
    with pytest.raises(BadInputError, match="undone already"):
        undo_action(path, action(path, 1))
    review.redo_action(path, action(path, 1))
    assert states(path)[0] == (1, "Ann")
    undo_action(path, action(path, 1))
    assert states(path)[0] == (0, "Ann")


def test_who_has_seen_a_row_otherwise_is_told_and_changes_nothing(path):
    seen = {number: stamp_of(one) for number, one in Facelist(path).rows.items()}
    accept(path, [2], "Cleo", who="bob")
    with pytest.raises(StaleViewError, match="Rows 2 have been changed") as told:
        apply(path, "stranger", [1, 2], review.put(review.Status.REVOKED, "Unknown"), seen=seen)
    assert told.value.rows == [2]
    assert states(path)[:2] == [(0, "Ann"), (1, "Cleo")]
    assert len(history(path)) == 1


def test_an_embedding_made_meanwhile_makes_no_view_stale(path):
    accept(path, [1])
    seen = {1: stamp_of(Facelist(path)[1])}
    with editing(path) as facelist:
        facelist[1] = facelist[1].changed(status=review.Status.IN_USE, in_use_since="2026-03-09")
    apply(path, "revoke", [1], review.put(review.Status.REVOKED), seen=seen)
    assert states(path)[0] == (3, "Ann")


def test_what_is_in_memory_is_not_taken_for_what_another_has_written(path):
    held = Held(Facelist(path), History(path))
    accept(path, [1], who="another process")
    with editing(path) as facelist:
        facelist.append(row("Dora", 9))
    apply(path, "revoke", [2], review.put(review.Status.REVOKED), held=held)
    assert states(path) == [(1, "Ann"), (3, "Bob"), (0, "Unknown"), (2, "Ann"), (0, "Dora")]


def test_many_actions_from_memory_write_what_as_many_from_the_disk_write(path, tmp_path):
    other = tmp_path / "other.csv"
    other.write_bytes(path.read_bytes())
    held = Held(Facelist(path), History(path))
    for number in (1, 2, 4):
        apply(path, "revoke", [number], review.put(review.Status.REVOKED), held=held)
        revoke(other, [number])
        assert held.facelist.current
    assert path.read_bytes() == other.read_bytes()
    assert [one.number for one in history(path)] == [1, 2, 3]


@pytest.mark.parametrize("taken_back", [False, True])
def test_an_action_that_a_kill_kept_from_the_facelist_is_told_and_can_be_taken_again(path, taken_back):
    if taken_back:
        accept(path, [1])
    kept = path.read_bytes()
    undo_action(path, action(path, 1)) if taken_back else accept(path, [1])
    path.write_bytes(kept)  # as a kill between the history and the facelist leaves it
    lost = review.interrupted(path)
    assert lost is not None
    assert lost.verb == ("undo 1" if taken_back else "accept")
    assert review.interrupted(path) is None
    assert len(in_force(history(path))) == int(taken_back)


def test_a_whole_action_is_no_interruption(path):
    accept(path, [1])
    assert review.interrupted(path) is None


def test_a_history_is_read_on_and_not_anew(path):
    book = History(path)
    accept(path, [1])
    first = book.actions()[0]
    revoke(path, [2])
    assert [one.verb for one in book.actions()] == ["accept", "revoke"]
    assert book.actions()[0] is first


def test_a_history_that_was_replaced_is_read_anew(path):
    book = History(path)
    accept(path, [1])
    revoke(path, [2])
    assert len(book.actions()) == 2
    lines = book.path.read_text().splitlines(keepends=True)
    beside = book.path.with_suffix(".other")
    beside.write_text(lines[1])
    beside.replace(book.path)
    assert [one.verb for one in book.actions()] == ["revoke"]


def test_two_who_read_a_history_on_at_once_do_not_read_it_twice(path):
    book, seen = History(path), []
    for number in range(40):
        (accept if number % 2 else revoke)(path, [1])

    def read():
        seen.append(len(book.actions()))

    readers = [threading.Thread(target=read) for _ in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert seen == [40] * 8
    assert [one.number for one in book.actions()] == list(range(1, 41))
