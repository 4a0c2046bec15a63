"""The names that people see."""

import json

import pytest

from deepthink.curation.people import People
from deepthink.errors import BadInputError
from tests.end_to_end.command import command


def test_a_shown_name_is_kept_and_can_be_changed(tmp_path):
    people = People(tmp_path / "facelist.csv")
    people.show("Zoe_B", "Zoë B.: \U0001f600 ‮x".replace("\u202e", ""))
    people.show("Ann", "Ann (mum), 'the boss'")
    people.show("Ann", "Mum")
    assert People(tmp_path / "facelist.csv").all() == {"Ann": "Mum", "Zoe_B": "Zoë B.: \U0001f600 x"}
    assert people.shown("Bob") == "Bob"


@pytest.mark.parametrize("shown", ["", "  ", "a\nb", "x" * 81, "a\x00", "right\u202eleft"])
def test_what_cannot_be_shown_is_refused(tmp_path, shown):
    people = People(tmp_path / "facelist.csv")
    with pytest.raises(BadInputError, match="cannot be shown"):
        people.show("Ann", shown)
    assert people.all() == {}


@pytest.mark.parametrize("content", ["[1, 2]", "a: [", "\udcff"])
def test_a_file_that_cannot_be_read_shows_everybody_by_their_own_name(tmp_path, content):
    (tmp_path / "people.yaml").write_text(content, encoding="utf-8", errors="surrogateescape")
    assert People(tmp_path / "facelist.csv").shown("Ann") == "Ann"


def test_a_name_that_cannot_be_carried_is_refused_with_one_that_can(tmp_path):
    command("init", tmp_path)
    refused = command("review", "shown", "Ann Lee", "Ann Lee", "--site", tmp_path, check=False)
    assert refused.returncode == 1
    assert "Try 'Ann_Lee'" in refused.stderr
    command("review", "shown", "Ann_Lee", "Ann Lee", "--site", tmp_path)
    assert json.loads(command("review", "shown", "--json", "--site", tmp_path).stdout) == {"Ann_Lee": "Ann Lee"}
