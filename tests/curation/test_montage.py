"""Contact sheets: what is written on them, where they go, and what an odd picture or name does to them."""

import io
from datetime import datetime

import cv2
import numpy as np
import pytest
from PIL import Image

from deepthink.curation import lettering
from deepthink.curation.facelist import Eyes, Row, Status
from deepthink.curation.lettering import width_of, write
from deepthink.curation.montage import CELL, GAP, HEAD, grouped, lit, montages, sheets
from deepthink.errors import BadInputError
from deepthink.records import Box, FrameKey

INK = (0, 0, 0)
NAMES = ["Ann", "Zoë_Müller", "Мария", "مريم", "李小龙", "x" * 500, "a\u202eb\n", "\udcff", "👩‍🚀", "", "?" * 40]


def row(name="Ann", second=0, status=Status.CANDIDATE, box=Box(40, 40, 120, 120)):
    key = FrameKey("2026-03-02", f"e{second}", datetime(2026, 3, 2, 8, second // 60, second % 60))
    return Row(key, 0, status, name, 0.999, 0.5, -0.1, box, Eyes(), 50.0)


def grey(shade=140):
    """Return what gives every row the same picture."""
    return lambda row: np.full((160, 200, 3), shade, np.uint8)


def face_on(sheet, place=0):
    x, y = GAP + place % 8 * (CELL + GAP), HEAD
    return sheet.image[y : y + CELL, x : x + CELL]


def written(text, width=200, size=13):
    paper = np.full((40, 240, 3), 255, np.uint8)
    used = write(paper, text, (10, 25), size, INK, width)
    dark = np.flatnonzero((paper < 200).any(axis=(0, 2)))
    return used, dark


@pytest.fixture(params=["fonts", "no fonts"])
def letters(request, monkeypatch):
    """Write with Pillow, and as where it is not installed."""
    if request.param == "no fonts":
        lettering.font_for.cache_clear()
        monkeypatch.setattr(lettering, "FONTS", ())
    yield request.param
    lettering.font_for.cache_clear()


@pytest.mark.parametrize("name", NAMES)
def test_every_name_fits_in_its_place(letters, name):
    used, dark = written(name, width=90)
    assert used <= 90
    assert all(8 <= column <= 102 for column in dark)
    assert bool(len(dark)) == bool(name.strip("\udcff"))


def test_names_that_differ_are_not_written_alike(letters):
    def looks(name):
        paper = np.full((30, 160, 3), 255, np.uint8)
        write(paper, name, (5, 20), 13, INK, 110)
        return paper.tobytes()

    names = ["Müller", "Møller", "李小龙", "李小明", "さくら", "Мария", "Марина", "Anne_Smith_" + "y" * 30 + "_1"]
    names.append(names[-1].replace("_1", "_2"))
    assert len({looks(name) for name in names}) == len(names)


def test_a_name_is_written_with_its_own_letters_where_a_font_has_them():
    lettering.font_for.cache_clear()
    assert width_of("Zoë", 13) == width_of("Zoe", 13)
    assert lettering._line("Zoë Мария مريم", 13)[0] == "Zoë Мария مريم"


def test_what_is_written_at_the_edge_of_the_paper_stays_on_it(letters):
    paper = np.full((10, 10, 3), 255, np.uint8)
    write(paper, "Ann", (-4, 3), 18, INK, 200)
    assert (paper < 200).any()


def test_many_faces_are_several_sheets_and_each_face_is_on_one():
    rows = {number: row(second=number) for number in range(1, 131)}
    drawn = list(sheets(grouped(rows, lambda one: one.name), rows, grey()))
    assert [(sheet.title, sheet.page, len(sheet.rows)) for sheet in drawn] == [
        ("Ann", n, c) for n, c in zip((1, 2, 3), (64, 64, 2), strict=True)
    ]
    assert [number for sheet in drawn for number in sheet.rows] == list(rows)
    assert len(list(sheets(grouped(rows, lambda one: one.name), rows, grey(), most=1))) == 1


def test_each_group_has_its_own_sheet_in_order():
    rows = {1: row("Bob"), 2: row("Ann", 1), 3: row("Bob", 2)}
    assert grouped(rows, lambda one: one.name) == {"Ann": [2], "Bob": [1, 3]}


def test_a_picture_that_is_gone_is_an_empty_cell_and_the_others_are_drawn():
    def picture(one):
        if one.name == "Ann":
            raise BadInputError("gone")
        return grey()(one)

    rows = {1: row(), 2: row("Bob", 1)}
    [sheet] = sheets({"both": [1, 2]}, rows, picture)
    assert np.median(face_on(sheet, 0)) > 200
    assert (face_on(sheet, 1) == 140).all()


@pytest.mark.parametrize(
    "box", [Box(0, 0, 1, 1), Box(-30, -30, 20, 20), Box(150, 100, 400, 300), Box(500, 500, 600, 600)]
)
@pytest.mark.parametrize("shape", [(160, 200, 3), (1, 1, 3), (2000, 30, 3)])
def test_faces_of_any_size_and_place_fill_their_cell(box, shape):
    [sheet] = sheets({"one": [1]}, {1: row(box=box)}, lambda row: np.full(shape, 140, np.uint8))
    assert (face_on(sheet) == 140).all()


def test_a_dark_face_is_brightened_and_marked_and_a_bright_one_is_left():
    rng = np.random.default_rng(0)
    day = np.clip(rng.normal(130, 40, (CELL, CELL, 3)), 0, 255).astype(np.uint8)
    night = (day * 0.1).astype(np.uint8)
    seen = lit(night)
    assert lit(day) is day
    assert 80 < np.median(seen) < 110
    assert seen.std() > 5 * night.std()  # the contrast comes back too
    assert seen[1, -2].tolist() != night[1, -2].tolist()
    assert (seen[40:] == lit(night)[40:]).all()
    assert lit(np.zeros((CELL, CELL, 3), np.uint8)).shape == (CELL, CELL, 3)


def test_a_notebook_gets_the_sheet_as_a_png():
    [sheet] = sheets({"one": [1]}, {1: row()}, grey())
    content, words = sheet._repr_png_()
    assert words == {"alt": "1 face of one"}
    assert (np.asarray(Image.open(io.BytesIO(content)))[..., ::-1] == sheet.image).all()


def test_sheets_of_an_earlier_time_go_and_those_of_others_stay(tmp_path):
    many = {number: row(second=number) for number in range(1, 131)}
    for group in ("Ann", "Ann-1", "Ann Lee", "Ann_Lee"):
        list(montages({group: list(many)}, many, grey(), tmp_path))
    assert len(list(tmp_path.iterdir())) == 12
    few = [path.name for _, path in montages({"Ann": [1]}, many, grey(), tmp_path)]
    assert few == ["Ann-1.png"]
    assert len(list(tmp_path.iterdir())) == 10
    assert cv2.imread(str(tmp_path / "Ann-1.png")).shape[1] < 800


@pytest.mark.parametrize("title", ["../../x", "a/b", "..", "\udcff", "x" * 500, "CON: \n", ""])
def test_a_title_never_leads_out_of_the_folder(tmp_path, title):
    [(_, path)] = montages({title: [1]}, {1: row()}, grey(), tmp_path / "sheets")
    assert path.parent == tmp_path / "sheets"
    assert path.exists()
