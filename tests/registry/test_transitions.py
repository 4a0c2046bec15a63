"""The transitions of the ledger: which are allowed, what is written of them, and what a kill or a hand edit does."""

import itertools
import json
import signal
import subprocess
import sys
import threading
import time

import pytest

from deepthink.errors import (
    BadInputError,
    HandEditError,
    TransitionError,
    VersionExistsError,
    VersionNotFoundError,
)
from deepthink.registry.ledger import Ledger

# An audit hook kills the process before the file, or before the journal: nothing of ours is patched.
DIES = """
import os, signal, sys
from pathlib import Path
from deepthink.registry.ledger import Ledger
def hook(event, args):
    noting = event == "open" and args[2] & os.O_APPEND
    writing = event == "os.rename" and str(args[1]).endswith("versions.yaml")
    if (noting, writing)[int(sys.argv[2])]:
        os.kill(os.getpid(), signal.SIGKILL)
ledger = Ledger(Path(sys.argv[1]))
sys.addaudithook(hook)
ledger.promote("beta2") if sys.argv[3] == "promote" else ledger.move(sys.argv[3], "beta2", "because")
"""
MOVES = ("approve", "retire", "taint", "restore", "prune")
GOES = {
    ("experimental", "approve"): "validated",
    ("experimental", "retire"): "retired",
    ("experimental", "taint"): "tainted",
    ("experimental", "prune"): None,
    ("validated", "retire"): "retired",
    ("validated", "taint"): "tainted",
    ("validated", "prune"): None,
    ("retired", "taint"): "tainted",
    ("retired", "restore"): "validated",
    ("retired", "prune"): None,
    ("tainted", "restore"): "experimental",
    ("tainted", "prune"): None,
}
LANES = ("production", "validated", "experimental", "retired", "tainted")


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "registry" / "versions.yaml")


def standing(ledger, lane, version="beta2"):
    """Bring a version into a lane."""
    ledger.enter(version, lane != "experimental", 0.9, "FNIR 1/80")
    if lane == "production":
        ledger.promote(version)
    elif lane in ("retired", "tainted"):
        ledger.move({"retired": "retire", "tainted": "taint"}[lane], version, "old")


def edit(ledger, old, new):
    text = ledger.path.read_text()
    assert old in text
    time.sleep(0.01)
    ledger.path.write_text(text.replace(old, new))


@pytest.mark.parametrize(("lane", "verb"), GOES, ids="-".join)
def test_a_transition_that_is_allowed_is_made_and_noted(ledger, lane, verb):
    standing(ledger, lane)
    assert ledger.move(verb, "beta2", "because") == ledger.lane("beta2") == GOES[lane, verb]
    noted = ledger.history.last()
    assert (noted["version"], noted["from"], noted["to"]) == ("beta2", lane, GOES[lane, verb])
    assert (noted["why"], noted["verdict"]["notes"]) == ("because", "FNIR 1/80")
    assert "@" in noted["who"]
    assert noted["when"]


@pytest.mark.parametrize(
    ("lane", "verb"), [pair for pair in itertools.product(LANES, MOVES) if pair not in GOES], ids="-".join
)
def test_a_transition_that_is_not_allowed_is_refused_and_changes_nothing(ledger, lane, verb):
    standing(ledger, lane)
    before = ledger.path.read_bytes(), ledger.history.path.read_bytes()
    with pytest.raises(TransitionError, match=f"beta2 is (in )?{lane}"):
        ledger.move(verb, "beta2", "because")
    assert (ledger.path.read_bytes(), ledger.history.path.read_bytes()) == before


@pytest.mark.parametrize("verb", MOVES)
def test_an_unknown_version_and_a_missing_reason_are_refused(ledger, verb):
    standing(ledger, "validated")
    with pytest.raises(VersionNotFoundError, match="beta2"):
        ledger.move(verb, "zeta6", "because")
    with pytest.raises(BadInputError, match="--why"):
        ledger.move(verb, "beta2", " ")


def test_a_restored_version_stands_where_it_stood_without_the_words_of_the_other_lane(ledger):
    standing(ledger, "validated")
    before = ledger.read()["validated"]
    ledger.move("retire", "beta2", "old")
    assert ledger.read()["retired"][0]["why"] == "old"
    ledger.move("restore", "beta2", "needed")
    assert ledger.read()["validated"] == before


@pytest.mark.parametrize("lane", ["retired", "tainted"])
def test_what_is_retired_or_tainted_is_not_deployed(ledger, lane):
    standing(ledger, lane)
    with pytest.raises(TransitionError, match=r"old.*versions restore beta2"):
        ledger.check_deployable("beta2")
    ledger.move("restore", "beta2", "it was the camera")
    ledger.check_deployable("beta2")


def test_a_pinned_version_is_not_pruned(ledger):
    standing(ledger, "validated")
    ledger.pin("beta2", "the winter one")
    with pytest.raises(TransitionError, match=r"winter one.*unpin beta2"):
        ledger.move("prune", "beta2", "old")
    ledger.unpin("beta2")
    ledger.move("prune", "beta2", "old")


def test_the_pin_travels_with_the_version(ledger):
    standing(ledger, "validated")
    ledger.pin("beta2", "the winter one")
    ledger.promote("beta2")
    standing(ledger, "production", "gamma3")
    assert ledger.read()["validated"][0]["pinned"] == "the winter one"


def test_the_name_of_a_pruned_version_is_not_given_again(ledger):
    standing(ledger, "validated")
    ledger.move("prune", "beta2", "old")
    with pytest.raises(VersionExistsError):
        ledger.enter("beta2", True, 0.9, "")
    assert ledger.history.known() == {"beta2"}


def test_what_ran_before_production_is_known_after_rollbacks_too(ledger):
    for version in ("alpha", "beta2", "gamma3"):
        standing(ledger, "production", version)
    assert ledger.predecessors() == {"beta2"}
    ledger.promote("beta2", why="rolled back")
    assert ledger.predecessors() == {"alpha", "gamma3"}


COMMENTED = """\
# Our house, since 2026
production:
  version: gamma3 # on all doors
validated: # good ones
# the one for the porch
- version: alpha
  accuracy: 0.9 # counted twice
# the one for the winter
- version: beta2
  accuracy: 0.8 # without hats
# the one for the garage
- version: delta4
experimental:
- version: epsilon5 # a try
  status: failed validation
"""
WORDS = [line.split("#")[1].strip() for line in COMMENTED.splitlines() if "#" in line]


@pytest.mark.parametrize("verb", [*MOVES, "promote", "pin", "enter"])
@pytest.mark.parametrize("version", ["alpha", "beta2", "delta4", "epsilon5"])
def test_every_comment_survives_every_transition(ledger, verb, version):
    ledger.path.parent.mkdir()
    ledger.path.write_text(COMMENTED)
    acts = {"promote": ledger.promote, "pin": lambda v: ledger.pin(v, "x"), "enter": lambda v: ledger.enter(
        "zeta6", True, 0.9, "")}  # fmt: skip
    act = acts.get(verb, lambda v: ledger.move(verb, v, "because"))
    try:
        act(version)
    except TransitionError:
        assert (version == "epsilon5") != (verb == "approve") or verb == "restore"
    text = ledger.path.read_text()
    assert [words for words in WORDS if words not in text] == []
    assert Ledger(ledger.path).read()["production"]["version"]


def test_what_is_written_above_a_version_stays_above_it_when_the_one_before_leaves(ledger):
    ledger.path.parent.mkdir()
    ledger.path.write_text(COMMENTED)
    ledger.promote("beta2")
    lines = ledger.path.read_text().splitlines()
    assert lines[lines.index("# the one for the garage") + 1] == "- version: delta4"


def test_names_as_people_write_them_are_understood(ledger):
    ledger.path.parent.mkdir()
    ledger.path.write_text("production: gamma3\nvalidated: [alpha, 2026-03-02]\n")
    ledger.promote("2026-03-02")
    assert ledger.production() == "2026-03-02"
    assert [entry["version"] for entry in ledger.read()["validated"]] == ["alpha", "gamma3"]


@pytest.mark.parametrize(
    "text", ["validated: alpha", "validated: [{accuracy: 1}]", "production: [a]", "retired: {a: b}"]
)
def test_entries_that_are_none_are_refused(ledger, text):
    ledger.path.parent.mkdir()
    ledger.path.write_text(text)
    with pytest.raises(BadInputError):
        ledger.enter("alpha", True, 0.9, "")


def test_a_hand_edit_is_told_word_for_word_and_counts_for_nothing_until_it_is_accepted(ledger):
    standing(ledger, "production", "alpha")
    standing(ledger, "experimental")
    edit(ledger, "accuracy: 0.9\n  notes: FNIR 1/80\n  deployed", "accuracy: 0.99\n  notes: FNIR 1/80\n  deployed")
    assert ledger.edits() == ["alpha's accuracy was changed from 0.9 to 0.99"]
    with pytest.raises(HandEditError, match=r"0\.9 to 0\.99.*versions accept.*versions undo"):
        ledger.move("approve", "beta2", "because")
    with pytest.raises(HandEditError):
        ledger.check_deployable("beta2")
    assert ledger.read()["production"]["accuracy"] == 0.9
    assert ledger.accept("measured again", ["alpha", "beta2"]) == ["alpha's accuracy was changed from 0.9 to 0.99"]
    assert (ledger.edits(), ledger.read()["production"]["accuracy"]) == ([], 0.99)
    assert ledger.history.last()["changes"]
    ledger.move("approve", "beta2", "because")


def test_a_hand_edit_is_undone_on_request(ledger):
    standing(ledger, "experimental")
    before = ledger.path.read_text()
    edit(ledger, "status: failed validation", "status: fine")
    assert len(ledger.undo()) == 1
    assert (ledger.path.read_text(), ledger.edits()) == (before, [])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("experimental:\n- version", "validated:\n- version", "beta2 was moved from experimental to validated"),
        ("version: beta2", "version: zeta6", "beta2 was taken out of experimental"),
        ("experimental:", "experimental:\n- version: beta2", "beta2 stands there 2 times"),
        ("version: beta2", "version: [", "cannot be read"),
        ("production:", "production: beta2", "beta2"),
    ],
)
def test_each_kind_of_hand_edit_is_explained(ledger, old, new, said):
    standing(ledger, "experimental")
    ledger.path.write_text(ledger.path.read_text().replace("validated: []\n", ""))
    edit(ledger, old, new)
    assert any(said in sentence for sentence in ledger.edits())
    assert ledger.lane("beta2") == "experimental"


@pytest.mark.parametrize(
    ("new", "why"), [("version: zeta6", "be in the registry"), ("version: beta2\n- version: beta2", "once")]
)
def test_a_hand_edit_that_cannot_be_true_is_not_accepted(ledger, new, why):
    standing(ledger, "experimental")
    edit(ledger, "version: beta2", new)
    with pytest.raises(BadInputError, match=why):
        ledger.accept("so be it", ["beta2"])


def test_production_is_not_changed_by_hand(ledger):
    standing(ledger, "production", "alpha")
    standing(ledger, "validated")
    edit(ledger, "version: alpha", "version: beta2x")
    edit(ledger, "version: beta2\n", "version: alpha\n")
    edit(ledger, "version: beta2x", "version: beta2")
    assert ledger.production() == "alpha"
    with pytest.raises(BadInputError, match="deepthink deploy beta2"):
        ledger.accept("so be it", ["alpha", "beta2"])


def test_comments_and_notes_are_peoples_own(ledger):
    standing(ledger, "experimental")
    edit(ledger, "notes: FNIR 1/80", "notes: mine # and this")
    assert ledger.edits() == []
    ledger.move("approve", "beta2", "because")
    assert ledger.read()["validated"][0]["notes"] == "mine"
    assert "# and this" in ledger.path.read_text()


def test_a_rollout_is_noted_in_spite_of_a_hand_edit_which_is_noted_before_it(ledger):
    standing(ledger, "validated")
    edit(ledger, "accuracy: 0.9", "accuracy: 1.0")
    ledger.promote("beta2")
    assert [entry["what"] for entry in ledger.history.entries()] == ["entered", "edited by hand", "promoted"]
    assert ledger.read()["production"]["accuracy"] == 1.0


def test_a_rollout_puts_a_file_that_cannot_be_read_aside(ledger):
    standing(ledger, "validated")
    edit(ledger, "version: beta2", "version: [")
    ledger.promote("beta2")
    assert ledger.production() == "beta2"
    assert "version: [" in ledger.path.with_name("versions.yaml.unreadable").read_text()


def test_a_file_that_was_set_back_by_hand_is_noticed_and_not_taken_for_a_killed_transition(ledger):
    standing(ledger, "validated")
    before = ledger.path.read_text()
    ledger.move("retire", "beta2", "old")
    time.sleep(0.01)
    ledger.path.write_text(before)
    assert any("moved from retired to validated" in sentence for sentence in ledger.edits())


@pytest.mark.parametrize("noted", [False, True], ids=["before-the-journal", "before-the-file"])
@pytest.mark.parametrize("verb", ["promote", "retire", "prune", "taint"])
def test_a_kill_in_the_middle_leaves_the_old_state_or_the_new_one_and_the_next_transition_goes_on(ledger, verb, noted):
    standing(ledger, "validated")
    standing(ledger, "validated", "alpha")
    before = ledger.path.read_bytes()
    killed = subprocess.run([sys.executable, "-c", DIES, str(ledger.path), str(int(noted)), verb], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert ledger.path.read_bytes() == before
    goes = {"promote": "production", "retire": "retired", "prune": None, "taint": "tainted"}[verb]
    stands = goes if noted else "validated"
    assert (ledger.edits(), ledger.lane("beta2")) == ([], stands)
    ledger.pin("alpha", "x")
    assert ledger.lane("beta2") == stands
    assert ("version: beta2" in ledger.path.read_text()) == (stands is not None)
    assert len(ledger.history.entries()) == 3 + noted


@pytest.mark.parametrize("length", [1, 40, 200])
def test_a_line_torn_by_a_kill_never_happened(ledger, length):
    standing(ledger, "validated")
    line = json.dumps({**ledger.history.last(), "what": "tainted"})
    with ledger.history.path.open("a") as journal:
        journal.write(line[:length])
    assert (ledger.lane("beta2"), ledger.edits()) == ("validated", [])
    ledger.move("retire", "beta2", "old")
    assert [entry["what"] for entry in ledger.history.entries()] == ["entered", "retired"]


def test_two_at_once_both_get_in(ledger):
    threads = [
        threading.Thread(target=Ledger(ledger.path).enter, args=(f"v{number}", number % 2 == 0, 0.9, ""))
        for number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ledger.read()["validated"]) == len(ledger.read()["experimental"]) == 6
    assert len(ledger.history.entries()) == 12


def test_of_two_that_move_one_version_the_second_is_refused(ledger):
    standing(ledger, "validated")
    code = "import sys; from pathlib import Path; from deepthink.registry.ledger import Ledger; " \
        "Ledger(Path(sys.argv[1])).move('retire', 'beta2', 'x')"  # fmt: skip
    both = [subprocess.Popen([sys.executable, "-c", code, str(ledger.path)], stderr=subprocess.DEVNULL) for _ in "ab"]
    assert sorted(process.wait() for process in both) == [0, 1]
    assert [entry["what"] for entry in ledger.history.entries()] == ["entered", "retired"]


def test_a_lost_file_is_told_and_can_be_brought_back(ledger):
    standing(ledger, "validated")
    standing(ledger, "validated", "alpha")
    ledger.path.unlink()
    assert ledger.edits() == ["beta2 was taken out of validated", "alpha was taken out of validated"]
    assert ledger.lane("beta2") == "validated"
    ledger.undo()
    assert "beta2" in ledger.path.read_text()
