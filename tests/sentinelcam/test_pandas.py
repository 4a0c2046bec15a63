"""Tables between DeepThink and nodes of every pandas, by real environments: ours are read there, theirs here."""

import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from deepthink.datasink.tables import read_table
from deepthink.errors import BadInputError
from tests.sentinelcam.nodes import ask, interpreter
from tests.sentinelcam.site import DAY, EVENTS, answers, make_site

READER = Path(__file__).with_name("reader.py")
NODES = {
    "pandas 1.5": ("pandas==1.5.3", "numpy==1.24.4"),
    "pandas 2.2": ("pandas==2.2.3", "numpy==1.24.4"),
    "pandas 2.2, NumPy 2": ("pandas==2.2.3", "numpy==2.2.6"),
    "pandas 3": ("pandas==3.0.0", "numpy==2.3.5"),
    "pandas 3, Arrow": ("pandas==3.0.0", "numpy==2.3.5", "pyarrow==22.0.0"),
    "here": (),
}


@pytest.fixture(params=NODES)
def node(request):
    return interpreter(NODES[request.param]) if NODES[request.param] else Path(sys.executable)


def test_our_tables_have_upstreams_types_in_every_pandas(node, tmp_path):  # B21
    asked = answers(make_site(tmp_path))
    (tmp_path / "index").write_bytes(asked.answer({"cmd": "idx", "date": DAY})[1])
    (tmp_path / "marks").write_bytes(asked.answer({"cmd": "evt", "date": DAY, "evt": EVENTS[0]})[1])
    (tmp_path / "none").write_bytes(asked.answer({"cmd": "evt", "date": DAY, "evt": EVENTS[0], "trk": "fr1"})[1])
    index, marks, none = (ask(node, READER, "read", tmp_path / name) for name in ("index", "marks", "none"))
    text = index["types"]["node"]
    assert text in ("object", "str", "string")
    assert index["types"] == {
        "node": text, "viewname": text, "timestamp": index["types"]["timestamp"], "event": text,
        "width": "int64", "height": "int64", "type": text,
    }  # fmt: skip
    assert index["index"] == [1, 0, 2]
    assert index["types"]["timestamp"].startswith("datetime64[")
    assert {marks["types"][f"rect_{side}"] for side in ("x1", "y1", "x2", "y2")} == {"Int64"}
    assert marks["types"]["elapsed"].startswith("timedelta64[")
    assert list(marks["rows"]["rect_x1"].values()) == ["146"] * 3
    assert set(none["types"].values()) == {"object"}
    assert list(none["types"]) == [
        "timestamp", "elapsed", "objid", "classname", "rect_x1", "rect_x2", "rect_y1", "rect_y2"
    ]  # fmt: skip


def test_on_pandas_2_the_types_are_exactly_upstreams(tmp_path):
    node = interpreter(NODES["pandas 2.2"])
    asked = answers(make_site(tmp_path))
    (tmp_path / "marks").write_bytes(asked.answer({"cmd": "evt", "date": DAY, "evt": EVENTS[0]})[1])
    types = ask(node, READER, "read", tmp_path / "marks")["types"]
    assert list(types.values()) == ["datetime64[ns]", "object", "object", *["Int64"] * 4, "timedelta64[ns]"]


def test_tables_of_every_pandas_are_read_here_without_it(node, tmp_path):
    ask(node, READER, "write", tmp_path)
    index, marks = (read_table((tmp_path / f"{name}.pickle").read_bytes()) for name in ("index", "marks"))
    assert index[0] == {
        "node": "east", "viewname": "PiCam3", "timestamp": datetime(2026, 3, 2, 8, 1, 0, 50631), "event": "b6a3",
        "width": 640, "height": 480, "type": "trk",
    }  # fmt: skip
    assert [row["event"] for row in index] == ["b6a3", "a6a3", "a6a3"]
    assert marks[1] == {
        "timestamp": datetime(2026, 3, 2, 8, 0, 1, 87825), "objid": "1",
        "classname": "Zoë: 67.54% (0.868943|0.095574|0|1)", "rect_x1": 1, "rect_y1": None, "rect_x2": 2, "rect_y2": 3,
        "elapsed": timedelta(seconds=1, microseconds=37194),
    }  # fmt: skip
    assert read_table((tmp_path / "none.pickle").read_bytes()) == []
    assert read_table((tmp_path / "header.pickle").read_bytes()) == []


def test_a_damaged_table_is_refused_in_words_wherever_it_is_cut_or_changed(tmp_path):
    ask(Path(sys.executable), READER, "write", tmp_path)
    whole = (tmp_path / "marks.pickle").read_bytes()
    for cut in range(0, len(whole), 7):
        with pytest.raises(BadInputError):
            read_table(whole[:cut])
    for place in range(0, len(whole), 3):
        changed = bytearray(whole)
        changed[place] ^= 0x55
        try:
            read_table(bytes(changed))
        except BadInputError:
            continue
