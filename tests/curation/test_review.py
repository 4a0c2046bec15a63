"""Decisions of a reviewer, and the way back from each."""

import json
from datetime import datetime

import pytest

from deepthink.curation.facelist import Eyes, Facelist, Row, Status, editing
from deepthink.curation.review import accept, history, history_path, remove, rename, revoke, select, stranger, undo
from deepthink.errors import BadInputError, BadNameError
from deepthink.records import Box, FrameKey

S = Status


def row(name="Ann", second=0, status=S.CANDIDATE, probability=0.999, since=""):
    key = FrameKey(f"2026-03-0{2 + second % 2}", f"e{second}", datetime(2026, 3, 2, 8, 0, second))
    return Row(key, 0, status, name, probability, 0.5, -0.1, Box(1, 2, 30, 40), Eyes(), 50.0, since)


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "facelist.csv"
    with editing(file) as facelist:
        for one in (
            row(),
            row("Bob", 1, probability=0.5),
            row("Unknown", 2),
            row("Ann", 3, S.IN_USE, since="2026-03-04"),
        ):
            facelist.append(one)
    return file


def states(path):
    return [(int(one.status), one.name) for one in Facelist(path).rows.values()]


@pytest.mark.parametrize(
    ("selectors", "numbers"),
    [
        (["1"], [1]),
        (["2-3"], [2, 3]),
        (["3-900"], [3, 4]),
        (["all"], [1, 2, 3, 4]),
        (["lane:confident"], [1, 4]),
        (["lane:borderline"], [2]),
        (["lane:unknown"], [3]),
        (["person:Ann", "person:Bob"], [1, 2, 4]),
        (["person:Ann", "status:candidate"], [1]),
        (["day:2026-03-02"], [1, 3]),
        (["event:e1"], [2]),
        (["status:in use"], [4]),
        (["person:Nobody"], []),
        ([], []),
    ],
)
def test_selectors_of_a_kind_add_up_and_kinds_narrow_each_other(path, selectors, numbers):
    assert select(Facelist(path).rows, selectors) == numbers


@pytest.mark.parametrize("selector", ["9", "0", "nonsense", "lane:", "lane", "2-", "-1", ""])
def test_a_selector_that_means_nothing_is_refused(path, selector):
    with pytest.raises(BadInputError):
        select(Facelist(path).rows, [selector])


def test_accepted_rows_are_selected_under_their_own_name(path):
    accept(path, [1, 2])
    assert states(path)[:2] == [(1, "Ann"), (1, "Bob")]


def test_accepting_a_row_in_use_leaves_it_in_use(path):
    accept(path, [4])
    assert Facelist(path)[4].in_use_since == "2026-03-04"


def test_an_unknown_face_is_accepted_only_with_a_name(path):
    with pytest.raises(BadInputError, match="needs a name"):
        accept(path, [1, 3])
    assert states(path)[0] == (0, "Ann")
    accept(path, [3], "Cleo")
    assert states(path)[2] == (1, "Cleo")


def test_a_name_that_cannot_be_carried_changes_nothing(path):  # B13
    before = path.read_bytes()
    for step in (accept, rename):
        with pytest.raises(BadNameError):
            step(path, [1], "Ann Lee")
    assert path.read_bytes() == before
    assert history(path) == []


def test_renaming_a_row_in_use_selects_it_again_so_that_its_embedding_moves(path):  # B11
    rename(path, [4], "Anna")
    assert states(path)[3] == (1, "Anna")


def test_a_row_taken_out_loses_its_date(path):  # B11
    revoke(path, [4])
    assert (states(path)[3], Facelist(path)[4].in_use_since) == ((3, "Ann"), "")


def test_a_stranger_is_revoked_and_unknown(path):
    stranger(path, [2])
    assert states(path)[1] == (3, "Unknown")


def test_what_is_no_face_is_marked_for_removal_and_stays_listed(path):  # B10
    remove(path, [2])
    assert states(path)[1] == (4, "Bob")


def test_a_row_that_is_not_there_changes_no_other(path):
    before = path.read_bytes()
    with pytest.raises(BadInputError, match="no row 9"):
        revoke(path, [1, 9])
    assert path.read_bytes() == before


def test_a_decision_that_changes_nothing_leaves_no_trace(path):
    accept(path, [4])
    assert history(path) == []


def test_the_history_says_who_did_what(path):
    revoke(path, [1], who="Eve")
    (action,) = history(path)
    assert (action.number, action.verb, action.who) == (1, "revoke", "Eve")
    assert action.before == {1: (0, "Ann", "")}
    assert action.after == {1: (3, "Ann", "")}


def test_everything_can_be_undone_one_by_one(path):
    before = path.read_bytes()
    accept(path, [1, 2])
    rename(path, [4], "Anna")
    stranger(path, [1])
    for verb in ("stranger", "rename", "accept"):
        assert [action.verb for action in undo(path)] == [verb]
    assert path.read_bytes() == before
    assert undo(path) == []


def test_two_at_once_are_undone_latest_first(path):
    before = path.read_bytes()
    accept(path, [1])
    revoke(path, [1])
    assert [action.verb for action in undo(path, 2)] == ["revoke", "accept"]
    assert path.read_bytes() == before


def test_a_decision_after_an_undo_is_undone_first(path):
    accept(path, [1])
    undo(path)
    accept(path, [2])
    assert undo(path)[0].before == {2: (0, "Bob", "")}
    assert undo(path) == []


def test_an_undo_brings_back_the_date_in_use(path):
    revoke(path, [4])
    undo(path)
    assert Facelist(path)[4].in_use_since == "2026-03-04"


def test_undoing_what_a_kill_kept_from_the_facelist_does_not_bar_the_way_to_what_came_before(path):
    accept(path, [1])
    kept = path.read_bytes()
    accept(path, [2])
    path.write_bytes(kept)  # as a kill between the history and the facelist leaves it
    assert undo(path)[0].before == {2: (0, "Bob", "")}
    assert undo(path)[0].before == {1: (0, "Ann", "")}
    assert states(path)[:2] == [(0, "Ann"), (0, "Bob")]


def test_a_line_torn_by_a_kill_is_passed_over(path):
    accept(path, [1])
    with history_path(path).open("a") as file:
        file.write('{"number": 2, "verb": "acc')
    revoke(path, [2])
    assert [action.verb for action in history(path)] == ["accept", "revoke"]
    undo(path, 2)
    assert states(path)[:2] == [(0, "Ann"), (0, "Bob")]


def test_a_damaged_line_never_makes_two_actions_share_a_number(path):
    for number in (1, 2, 4):
        revoke(path, [number])
    lines = history_path(path).read_text().splitlines()
    history_path(path).write_text("\n".join([lines[0], "damaged", lines[2]]) + "\n")
    remove(path, [1])
    numbers = [action.number for action in history(path)]
    assert len(set(numbers)) == len(numbers) == 3


@pytest.mark.parametrize("content", ["[]", "3", "null", '{"number": 1}', "\ufffd", json.dumps({"before": []})])
def test_garbage_in_the_history_is_passed_over(path, content):
    history_path(path).write_text(content + "\n")
    assert history(path) == []
