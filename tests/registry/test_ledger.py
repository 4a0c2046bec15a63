"""The ledger: what each version is good for, with people's comments."""

from datetime import datetime

import pytest

from deepthink.errors import BadInputError
from deepthink.registry.ledger import Ledger


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "registry" / "versions.yaml")


def names(ledger, lane):
    return [entry["version"] for entry in ledger.read()[lane]]


def test_a_ledger_that_is_not_there_yet_is_empty(ledger):
    assert ledger.production() is None
    assert ledger.read() == {"production": None, "validated": [], "experimental": []}


def test_a_version_that_passed_is_validated_and_one_that_failed_experimental(ledger):
    ledger.enter("alpha", True, 0.98765, "FNIR 1/80")
    ledger.enter("beta2", False, 0.5, "")
    assert (names(ledger, "validated"), names(ledger, "experimental")) == (["alpha"], ["beta2"])
    assert ledger.read()["validated"][0]["accuracy"] == 0.9877
    assert ledger.read()["experimental"][0]["status"] == "failed validation"


def test_entering_twice_is_entering_once(ledger):
    ledger.enter("alpha", True, 0.9, "")
    ledger.promote("alpha")
    before = ledger.path.read_bytes()
    ledger.enter("alpha", False, 0.1, "again")
    assert ledger.path.read_bytes() == before


def test_a_promoted_version_leaves_its_list_and_the_former_one_returns_to_it(ledger):
    for version in ("alpha", "beta2"):
        ledger.enter(version, True, 0.9, "")
        ledger.promote(version, datetime(2026, 3, 2, 8))
    assert ledger.production() == "beta2"
    assert names(ledger, "validated") == ["alpha"]
    assert ledger.read()["production"]["deployed"] == "2026-03-02T08:00:00"


def test_a_promoted_experiment_is_no_longer_called_failed(ledger):
    ledger.enter("alpha", False, 0.5, "")
    ledger.promote("alpha")
    assert "status" not in ledger.read()["production"]
    assert names(ledger, "experimental") == []


def test_promoting_what_is_in_production_changes_nothing(ledger):
    ledger.enter("alpha", True, 0.9, "")
    ledger.promote("alpha", datetime(2026, 3, 2))
    before = ledger.path.read_bytes()
    ledger.promote("alpha", datetime(2026, 3, 9))
    assert ledger.path.read_bytes() == before


COMMENTED = """\
# Our house, since 2026
production:
  version: gamma3 # on all doors
validated:
# the one for the porch
- version: alpha
  accuracy: 0.9
# the one for the winter
- version: beta2
  accuracy: 0.8
experimental: [] # none worth it
"""


ACTS = {
    "enter": lambda book: book.enter("delta4", True, 0.9, ""),
    "promote": lambda book: book.promote("beta2"),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_the_comments_that_people_wrote_survive(ledger, act):
    ledger.path.parent.mkdir()
    ledger.path.write_text(COMMENTED)
    act(ledger)
    text = ledger.path.read_text()
    for comment in ("Our house, since 2026", "on all doors", "for the porch", "none worth it"):
        assert comment in text
    assert ledger.read()["validated"]


def test_a_commented_list_that_was_emptied_and_filled_again_can_still_be_read(ledger):
    ledger.path.parent.mkdir()
    ledger.path.write_text("production:\nvalidated:\n# the one for the porch\n- version: alpha\n")
    ledger.promote("alpha")
    ledger.enter("beta2", True, 0.9, "")
    assert (ledger.production(), names(ledger, "validated")) == ("alpha", ["beta2"])


def test_a_commented_list_that_a_person_left_empty_is_filled(ledger):
    ledger.path.parent.mkdir()
    ledger.path.write_text("production: # none yet\nvalidated: # none yet\n# soon\nexperimental: # none\n")
    ledger.enter("alpha", True, 0.9, "")
    ledger.promote("alpha")
    ledger.enter("beta2", False, 0.9, "")
    assert (ledger.production(), names(ledger, "experimental")) == ("alpha", ["beta2"])


def test_lists_that_a_person_left_empty_are_filled(ledger):
    ledger.path.parent.mkdir()
    ledger.path.write_text("production:\nvalidated:\n")
    ledger.enter("alpha", True, 0.9, "")
    ledger.enter("beta2", False, 0.9, "")
    ledger.promote("alpha")
    assert (ledger.production(), names(ledger, "experimental")) == ("alpha", ["beta2"])


@pytest.mark.parametrize("text", ["a: [", "words", "- alpha", "\0", "production: {deployed: 2026-13-45}"])
def test_what_is_no_ledger_is_refused_and_left_alone(ledger, text):
    ledger.path.parent.mkdir()
    ledger.path.write_text(text)
    with pytest.raises(BadInputError):
        ledger.enter("alpha", True, 0.9, "")
    assert ledger.path.read_text() == text
