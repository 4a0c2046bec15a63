"""Which system a folder is of, by what it holds."""

import pytest

from deepthink.curation.sources import frigate as frigates
from deepthink.curation.sources.base import bounded
from deepthink.curation.sources.find import find_source
from deepthink.errors import BadInputError
from tests.flow.elsewhere import double_take, faceid, frigate, people_folder


@pytest.mark.parametrize(
    ("kind", "lay_out"),
    [("people", people_folder), ("frigate", frigate), ("double-take", double_take), ("faceid", faceid)],
)
def test_a_folder_is_known_by_what_it_holds(kind, lay_out, tmp_path, faces):
    assert find_source(str(lay_out(tmp_path / "theirs", faces))).kind == kind


@pytest.mark.parametrize("below", ["", "clips", "clips/faces"])
def test_a_frigate_is_known_wherever_in_it_one_begins(below, tmp_path, faces):
    found = find_source(str(frigate(tmp_path / "media", faces) / below))
    assert (found.kind, len(list(found.pictures()))) == ("frigate", 9)


@pytest.mark.parametrize(
    ("lay_out", "inside"), [(frigate, "clips/faces"), (frigate, "clips"), (double_take, "train"), (faceid, "persons")]
)
def test_a_link_out_of_a_folder_is_not_followed(lay_out, inside, tmp_path, faces):
    theirs = lay_out(tmp_path / "theirs", faces)
    (theirs / inside).rename(tmp_path / "elsewhere")
    (theirs / inside).symlink_to(tmp_path / "elsewhere")
    try:
        names = {offer.name for offer in find_source(str(theirs)).pictures()}
    except BadInputError:
        names = set()
    assert not names & {"Ann-Lee", "ann", "Änn Lee"}


def test_what_it_is_can_be_said(tmp_path, faces):
    found = find_source(str(frigate(tmp_path / "media", faces) / "clips/faces"), "people")
    assert {offer.name for offer in found.pictures()} == {"Ann-Lee", "bob", "train"}


@pytest.mark.parametrize(
    ("where", "kind", "why"),
    [("nothing", None, "is not a folder"), (".", None, "holds no folders"), (".", "x", "Known: ")],
)
def test_what_is_not_known_is_said(where, kind, why, tmp_path):
    with pytest.raises(BadInputError, match=why):
        find_source(str(tmp_path / where), kind)


def test_a_list_without_an_end_is_refused():
    from itertools import count

    with pytest.raises(BadInputError, match="more than 1000 entries"):
        list(bounded(count(), "it", most=1000))


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("1700000100.1-abc-1700000103.2-Ann_Lee-0.93", "Ann-Lee"), ("1700000100.1-abc-1700000103.2-unknown-0.0", ""),
        ("nonsense", ""), ("1-a-99999999999999999999-x-1", ""), ("1700000100.1-abc-1700000103.2-..-B:-0.5", "..-B:"),
    ],
)  # fmt: skip
def test_a_name_is_read_out_of_what_frigate_calls_its_files(stem, name, tmp_path):
    from pathlib import Path

    own = frigates.Frigate(tmp_path)
    assert own._attempt(Path(f"{tmp_path}/{stem}.webp"), {"Ann_Lee": "Ann-Lee"}).name == name
