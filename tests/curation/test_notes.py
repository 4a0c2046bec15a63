"""What reviewers have said beside the rows, folded from the history."""

from deepthink.curation.history import Action
from deepthink.curation.notes import Notes


def said(number, verb, after=(), **words):
    return Action(number, verb, "ann", "2026-03-02T08:00:00", {}, {n: (1, name, "") for n, name in after}, said=words)


ACTIONS = [
    said(1, "refuse", **{"not": "Bob", "rows": [7, 8]}),
    said(2, "refuse", **{"not": "Cleo", "rows": [7]}),
    said(3, "accept", sure=True, rows=[3]),
    said(4, "merge", **{"from": "Bobby", "into": "Bob"}),
    said(5, "merge", **{"from": "Bob", "into": "Robert"}),
]


def test_what_was_said_adds_up():
    notes = Notes.of(ACTIONS)
    assert notes.refused == {7: {"Bob", "Cleo"}, 8: {"Bob"}}
    assert notes.sure == {3}


def test_who_was_merged_twice_is_the_last():
    notes = Notes.of(ACTIONS)
    assert [notes.person(name) for name in ("Bobby", "Bob", "Robert", "Ann")] == ["Robert", "Robert", "Robert", "Ann"]


def test_people_merged_into_each_other_are_the_last_and_nobody_goes_in_circles():
    notes = Notes.of([*ACTIONS, said(6, "merge", **{"from": "Robert", "into": "Bob"})])
    assert [notes.person(name) for name in ("Bobby", "Bob", "Robert")] == ["Bob", "Bob", "Bob"]


def test_a_name_that_is_given_anew_is_somebody_again():
    notes = Notes.of([*ACTIONS, said(6, "name", after=[(9, "Bob")])])
    assert notes.person("Bob") == "Bob"
    assert notes.person("Bobby") == "Robert"


def test_one_after_the_other_is_all_together():
    notes = Notes()
    for action in ACTIONS:
        notes.take(action)
    assert notes == Notes.of(ACTIONS)
