"""The recognition label, there and back."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deepthink.curation.names import suggest_name
from deepthink.datasink.labels import Label, parse_label
from deepthink.errors import BadInputError

PARTS = st.sampled_from(
    ["Ann", ": ", "99.12%", " (", "0.5", "|", "nan", "inf", "1e400", "-", ".", "1", "9" * 5000, ")"]
)


@settings(deadline=None)
@given(
    name=st.text(min_size=1).map(suggest_name),
    share=st.integers(0, 10_000),
    distance=st.integers(0, 10**8),
    margin=st.integers(-(10**8), 10**8),
    usable=st.booleans(),
    faces=st.integers(0, 1000),
)
def test_a_label_reads_back_as_it_was_written(name, share, distance, margin, usable, faces):
    label = Label(name, share / 10_000, distance / 1e6, margin / 1e6, usable, faces)
    read = parse_label(str(label))
    assert (read.name, read.usable, read.faces) == (name, usable, faces)
    assert read.probability == pytest.approx(label.probability, abs=1e-9)
    assert (read.distance, read.margin) == pytest.approx((label.distance, label.margin), abs=1e-9)
    assert str(read) == str(label)


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(PARTS, max_size=12).map("".join)))
@example("Ann: 99% (0.5|0.5|1|" + "9" * 5000 + ")")
@example("Ann: 99% (1e400|0.5|1|1)")
@example("Ann: 9.9.9% (0.5|0.5|1|1)")
def test_garbage_is_a_label_or_bad_input_and_nothing_else(text):
    try:
        parse_label(text)
    except BadInputError:
        return


@pytest.mark.parametrize(
    "text",
    [
        "",
        "person: 0.9642",
        "Ann Lee: 99.12% (0.868943|0.095574|0|1)",
        "Ann: nan% (0.868943|0.095574|0|1)",
        "Ann: 99.12% (nan|0.095574|0|1)",
        "Ann: 99.12% (0.868943|0.095574|2|1)",
        "Ann: 99.12% (0.868943|0.095574|0)",
        "Ann: 99.12%",
        "Face",
    ],
)
def test_what_is_no_label_is_refused(text):
    with pytest.raises(BadInputError):
        parse_label(text)


def test_sentinelcams_own_label_is_read():
    read = parse_label("Ariel_Sharon: 67.50% (0.868943|-0.095574|0|1)")
    assert read == Label("Ariel_Sharon", 0.675, 0.868943, -0.095574, False, 1)
