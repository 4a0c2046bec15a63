"""Names that SentinelCam's files can carry."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepthink.curation.names import check_name, suggest_name
from deepthink.datasink.labels import Label, parse_label
from deepthink.errors import BadInputError, BadNameError

AWKWARD = st.sampled_from(
    ["nan", "None", "NA", "Unknown", "UNKNOWN", "..", ".", "_", " ", "<NA>", "N/A", "\u2028", "\ud800"]
)


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.text(max_size=200), AWKWARD, st.tuples(AWKWARD, AWKWARD).map("".join)))
def test_a_suggested_name_can_always_be_carried(text):
    name = suggest_name(text)
    assert check_name(name) == name


@settings(deadline=None)
@given(st.text(max_size=70))
def test_a_name_that_passes_goes_through_a_label_unchanged(text):
    try:
        name = check_name(text)
    except BadNameError:
        return
    assert parse_label(str(Label(name, 1, 0, 0, True, 1))).name == name


@pytest.mark.parametrize(
    "name",
    ["", " ", "Ann Lee", "Ann:", "a,b", "a|b", "a(b", "a)b", "a/b", "a\\b", 'a"b', "nan", "None", "NA", "null", "NULL",
     "Unknown", "unknown", ".", "..", "a\nb", "a\x00b", "a\u200bb", "a\u2028b", "x" * 65],
)  # fmt: skip
def test_a_name_that_cannot_be_carried_is_refused_with_one_that_can(name):
    with pytest.raises(BadNameError) as refused:
        check_name(name)
    assert check_name(refused.value.suggestion)
    assert isinstance(refused.value, BadInputError)


@pytest.mark.parametrize("name", ["Ann", "Ann_Lee", "Zoë", "李娜", "Null", "x" * 64, "J.R.", "Ann-2"])
def test_a_plain_name_is_taken_in_any_alphabet(name):
    assert check_name(name) == name
    assert suggest_name(name).strip("_.") == name.strip("_.")
