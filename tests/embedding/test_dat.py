import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepthink.embedding.dat import Cursor
from deepthink.errors import WeightsError


def packed(value):
    """Write an integer as dlib does."""
    content = abs(value).to_bytes(max(1, (abs(value).bit_length() + 7) // 8), "little")
    return bytes([len(content) | (0x80 if value < 0 else 0)]) + content


def packed_tensor(shape, values):
    return b"".join(map(packed, (2, *shape))) + np.array(values, "<f4").tobytes()


@given(st.lists(st.integers(-(2**63), 2**63)))
def test_integers_come_back_as_they_were_written(values):
    cursor = Cursor(b"".join(map(packed, values)))
    assert [cursor.integer() for _ in values] == values


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_floats_come_back_as_they_were_written(value):
    fraction, exponent = math.frexp(value)
    assert Cursor(packed(int(fraction * 2**24)) + packed(exponent - 24)).number() == value


@pytest.mark.parametrize("read", ["integer", "number", "text", "sizes", "tensor", "alias"])
@given(data=st.binary(max_size=80))
def test_garbage_raises_nothing_but_a_weights_error(read, data):
    cursor = Cursor(data)
    try:
        getattr(cursor, read)()
    except WeightsError:
        return
    assert 0 < cursor.at <= len(data)


def test_a_tensor_that_claims_more_than_the_file_holds_is_refused():
    with pytest.raises(WeightsError, match="truncated"):
        Cursor(packed_tensor((2**30, 2**30, 2**30, 2**30), [1.0])).tensor()


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_a_weight_that_is_not_finite_is_refused(value):
    with pytest.raises(WeightsError, match="not finite"):
        Cursor(packed_tensor((1, 2, 1, 1), [1.0, value])).tensor()


def test_a_tensor_comes_back_flat():
    assert Cursor(packed_tensor((1, 2, 1, 1), [1.5, -2.0])).tensor().tolist() == [1.5, -2.0]
