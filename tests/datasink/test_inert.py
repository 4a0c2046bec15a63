"""A pickle from the network is read, and none of it is run."""

import contextlib
import os
import pickle
import struct
import subprocess
from datetime import datetime

import pytest

from deepthink.datasink import inert, portable, tables
from deepthink.errors import BadInputError


class Attack:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize(
    ("function", "named"),
    [(os.system, "posix.system"), (eval, "eval"), (subprocess.Popen, "Popen"), (open, "open")],
)
def test_a_call_to_anything_else_is_refused_by_name_and_does_not_happen(tmp_path, function, named, protocol):  # B20
    mark = tmp_path / "mark"
    with pytest.raises(BadInputError, match=f"{named}.*refused"):
        inert.read(pickle.dumps([1, Attack(function, f"touch {mark}")], protocol))
    assert not mark.exists()


@pytest.mark.parametrize(
    "asked",
    [
        b"cpandas.io.pickle\nread_pickle\n.", b"cpandas\neval\n.", b"cnumpy\nload\n.", b"cbuiltins\ngetattr\n.",
        b"cpandas.core.computation.eval\neval\n.", b"cnumpy.f2py\ncompile\n.", b"cnumpyx\nndarray\n.",
        b"cnumpy\n_reconstruct.__globals__\n.", b"\x80\x04\x8c\x06pandas\x8c\x12DataFrame.__init__\x93.",
    ],
)  # fmt: skip
def test_names_next_to_the_allowed_ones_are_refused_too(asked):
    with pytest.raises(BadInputError, match="refused"):
        inert.read(asked)


def test_what_is_allowed_is_written_down_and_not_called():
    made = inert.read(b"cpandas\nDataFrame\n(I1\nI2\ntR.")
    assert (made.name, made.arguments) == ("DataFrame", (1, 2))
    assert type(made).__module__ == "deepthink.datasink.inert"


@pytest.mark.parametrize(
    "attack",
    [
        b"r" + struct.pack("<I", 2**31 - 1) + b".",  # the reader in C would set aside 16 GB for its notes
        b"\x80\x04N" + b"r" + struct.pack("<I", 2**31 - 1) + b".",
        b"\x80\x05\x96" + struct.pack("<Q", 2**60) + b".",
        b"cbuiltins\nbytearray\n(L1000000000000L\ntR.",
        b"\x80\x04\x8e" + struct.pack("<Q", 2**50) + b".",
        b"\x80\x02\x8b" + struct.pack("<i", 2**31 - 1) + b".",
        b"(" * 100_000 + b"t" * 100_000 + b".",
        b"", b".", b"\x80\x09N.", b"garbage", b"\x80\x04N", b"}(NNNNu.", b"0.", b"Pfile\n.", b"\x82\x01.",
    ],
)  # fmt: skip
def test_no_pickle_breaks_the_reader_or_takes_its_memory(attack):
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with contextlib.suppress(BadInputError):
        inert.read(attack)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


def test_lists_of_times_are_read_from_every_protocol():
    times = [datetime(2026, 3, 2, 8, 0, 0, 87825), datetime(2026, 3, 2)]
    for protocol in range(6):
        if protocol < 3:  # bytes went through a text codec then, and a time is made of bytes
            with pytest.raises(BadInputError):
                inert.read(pickle.dumps(times, protocol))
        else:
            assert inert.read(pickle.dumps(times, protocol)) == times


NESTED = b")" + b"2\x86" * 60  # a tuple of a tuple twice, of a tuple twice, ...: 2**60 of them to hash or to write out


@pytest.mark.parametrize(
    "attack",
    [
        b"\x80\x04}" + NESTED + b"Ns.",
        b"\x80\x04}(" + NESTED + b"Nu.",
        b"\x80\x04(" + NESTED + b"Nd.",
        b"\x80\x04(" + NESTED + b"\x91.",
        b"\x80\x04\x8f(" + NESTED + b"\x90.",
        b"\x80\x04}(" + b"".join(b"\x8a\x0b" + ((2**61 - 1) * n).to_bytes(11, "little") + b"N" for n in (1, 2)) + b"u.",
    ],
    ids=range(6),
)  # fmt: skip
def test_nothing_but_text_is_hashed_so_that_no_key_can_take_for_ever(attack):
    with pytest.raises(BadInputError):
        inert.read(attack)


def test_a_small_table_cannot_stand_for_more_values_than_a_day_has():
    numbers = portable.Call("pandas", "RangeIndex", ())
    rows = portable.Call("pandas", "_new_Index", (numbers, {"start": 0, "stop": 10**7, "step": 1}))
    names = b"".join(b"X\x06\0\0\0%06dh\0" % number for number in range(1000))
    shared = b"\x80\x04cpandas\nDataFrame\n(]q\0(" + b"N" * 1000 + b"e0}(" + names + b"uNtR."
    for attack in (portable.dumps(portable.frame({"a": rows}, [])), shared):
        with pytest.raises(BadInputError, match="cannot be read: it has more"):
            tables.read_table(attack)


def test_texts_that_overlap_are_refused():
    """Of a megabyte of them each could hold another megabyte."""
    made = inert.Made()
    kind, piece = inert.Made(), inert.Made()
    kind.name, piece.name, made.name = "string", "_restore_array", "ArrowStringArray"
    starts = b"".join(n.to_bytes(4, "little") for n in (0, 9, 0, 9, 0, 9))
    piece.arguments = ((kind, 5, 0, 0, [None, starts, b"x" * 9]),)
    made.state = (piece,)
    with pytest.raises(ValueError, match="not what it says"):
        tables._arrow_text(made)


def test_what_is_no_value_of_a_table_is_missing_and_never_written_out():
    cell = b"X\x01\0\0\0a](" + NESTED + b"e"
    assert tables.read_table(b"\x80\x04cpandas\nDataFrame\n(}(" + cell + b"uNtR.") == [{"a": None}]
