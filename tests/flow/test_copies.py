"""Whether a picture is a near copy of one that is here."""

import numpy as np
import pytest

from deepthink.curation.facelist import Facelist
from deepthink.flow.copies import COPY, Copies
from tests.flow.elsewhere import site_at


@pytest.fixture
def copies(tmp_path):
    site = site_at(tmp_path)
    return Copies(site, Facelist(site.facelist), [])


def test_either_hash_tells_a_copy_within_three_bits(copies):
    copies.add(0xFFFF, 0xAAAA0000)
    assert copies.why(0xFFFF ^ 0b111, 1 << 60) == COPY
    assert copies.why(1 << 63, 0xAAAA0000 ^ 0b1011) == COPY
    assert copies.why(0xFFFF ^ 0b1111, 0xAAAA0000 ^ 0b1111) == ""


def test_a_hash_that_is_not_known_is_like_no_other(copies):
    copies.add(0, 0)
    assert copies.why(1, 2) == ""
    assert copies.why(0, 0) == ""


def test_thousands_are_held(copies):
    rng = np.random.default_rng(0)
    hashes = rng.integers(1, 2**63, (5000, 2)).tolist()
    for face, whole in hashes:
        copies.add(face, whole)
    assert all(copies.why(face, 1) == COPY for face, _ in hashes[::100])
    assert copies.why(2**64 - 1, 2**64 - 1) == ""
