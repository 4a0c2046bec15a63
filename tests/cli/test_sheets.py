"""Contact sheets in the terminal: what is written is decoded again, and nothing is written to one that cannot."""

import base64
import json
import os
import pty
import re
import sys
import threading
import time

import cv2
import numpy as np
import pytest

from deepthink.cli import graphics, terminal
from deepthink.cli.main import main
from deepthink.curation import review
from deepthink.curation.people import People
from tests.curated import film, site_in

DA_SIXEL, DA_PLAIN = b"\x1b[?62;4;22c", b"\x1b[?64;1;2;6c"
KITTY_OK = b"\x1b_Gi=31;OK\x1b\\"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return film(tmp_path_factory.mktemp("filmed"))


@pytest.fixture
def photograph():
    """A picture of many colours, sides of no round number, with a sharp edge and an even part."""
    y, x = np.mgrid[0:95, 0:131]
    image = np.stack([x * 1.9, y * 2.6, 255 - x - y], -1).clip(0, 255).astype(np.uint8)
    image[20:40, 30:90] = (250, 250, 248)
    image[70:, :50] = 0
    return image


def read_sixel(text):
    """Decode Sixel, by the words of DEC's manual and nothing of ours; returns RGB and which pixels were drawn."""
    _, p2, _, wide, tall, body = re.fullmatch(
        r'\x1bP(\d+);(\d+)q"(\d+;\d+);(\d+);(\d+)(.*)\x1b\\', text, re.DOTALL
    ).groups()
    assert p2 == "1"
    image, drawn = np.zeros((int(tall), int(wide), 3)), np.zeros((int(tall), int(wide)), int)
    colours, colour, x, top = {}, None, 0, 0
    for defined, r, g, b, chosen, count, run, one, control in re.findall(
        r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)([?-~])|([?-~])|([$\-])", body
    ):
        if defined:
            colours[defined] = [int(r) * 2.55, int(g) * 2.55, int(b) * 2.55]
        elif chosen:
            colour = colours[chosen]
        elif control:
            x, top = 0, top + 6 * (control == "-")
        else:
            for bit in range(6):
                if (ord(run or one) - 63) >> bit & 1:
                    image[top + bit, x : x + int(count or 1)] = colour
                    drawn[top + bit, x : x + int(count or 1)] += 1
            x += int(count or 1)
    return image, drawn


def test_sixel_decodes_to_the_picture_and_draws_every_pixel_once(photograph):
    seen, drawn = read_sixel(graphics.sixel(photograph))
    away = np.abs(seen - photograph[..., ::-1])
    assert (drawn == 1).all()
    assert away.mean() < 6
    assert away[22:38, 32:88].max() < 8
    assert away[72:, :48].max() < 8


def test_sixel_is_all_letters_that_a_terminal_may_be_sent(photograph):
    text = graphics.sixel(photograph)
    assert text.isascii()
    assert not re.search(r"[\x00-\x1a\x1c-\x1f]", text)
    assert len(text) < photograph.size


@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (6, 300)])
def test_pictures_of_few_pixels_and_colours_are_exact(shape):
    image = np.zeros((*shape, 3), np.uint8)
    image[:, ::2] = (255, 0, 0)
    seen, _ = read_sixel(graphics.sixel(image))
    assert (np.round(seen) == image[..., ::-1]).all()


def test_kitty_decodes_to_the_picture_in_chunks_that_it_takes(photograph):
    noisy = cv2.add(photograph, np.random.default_rng(0).integers(0, 40, photograph.shape, np.uint8))
    parts = re.findall(r"\x1b_G([^;]*);([A-Za-z0-9+/=]*)\x1b\\", graphics.kitty(noisy))
    assert "".join(f"\x1b_G{head};{data}\x1b\\" for head, data in parts) == graphics.kitty(noisy)
    assert len(parts) > 2
    assert [head.rpartition("m=")[2] for head, _ in parts] == ["1"] * (len(parts) - 1) + ["0"]
    assert "f=100" in parts[0][0]
    assert max(len(data) for _, data in parts) <= 4096
    png = np.frombuffer(base64.b64decode("".join(data for _, data in parts)), np.uint8)
    assert (cv2.imdecode(png, cv2.IMREAD_COLOR) == noisy).all()


def test_iterm_decodes_to_the_picture(photograph):
    size, data = re.fullmatch(r"\x1b\]1337;File=inline=1;size=(\d+);[^:]*:(.*)\a", graphics.iterm(photograph)).groups()
    png = base64.b64decode(data)
    assert len(png) == int(size)
    assert (cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR) == photograph).all()


@pytest.mark.parametrize(
    ("environ", "answer", "expected"),
    [
        ({"TERM": "xterm-kitty", "KITTY_WINDOW_ID": "1"}, KITTY_OK + DA_PLAIN, "kitty"),
        ({"TERM": "xterm-ghostty"}, KITTY_OK + DA_PLAIN, "kitty"),
        ({"TERM": "xterm-256color", "KONSOLE_VERSION": "220401"}, DA_SIXEL, "sixel"),  # an old one
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, DA_SIXEL, "iterm"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, b"", "iterm"),  # over ssh
        ({"TERM": "foot"}, DA_SIXEL, "sixel"),
        ({"TERM": "xterm-256color"}, DA_PLAIN, ""),
        ({"TERM": "xterm-256color"}, b"\x1b[?4c", ""),  # a VT132; the first number is no ability
        ({"TERM": "xterm-256color"}, b"", ""),
        ({"TERM": "xterm-256color"}, KITTY_OK + DA_PLAIN, ""),  # it was not asked that
        ({"TERM": "tmux-256color", "TMUX": "x", "KITTY_WINDOW_ID": "1"}, KITTY_OK + DA_PLAIN, ""),
        ({"TERM": "screen-256color", "TERM_PROGRAM": "iTerm.app"}, DA_PLAIN, ""),
        ({"TERM": "tmux-256color", "TMUX": "x"}, DA_SIXEL, "sixel"),
    ],
)
def test_a_terminal_is_known_by_its_environment_and_its_answer(environ, answer, expected):
    asked = []
    assert terminal.way(environ, lambda question: asked.append(question) or answer) == expected
    assert len(asked) == 1
    knows_kitty = expected == "kitty" or "KONSOLE_VERSION" in environ
    assert (b"_G" in asked[0]) == knows_kitty  # others would print the question


@pytest.mark.parametrize("term", ["dumb", "", "linux"])
def test_what_can_show_nothing_is_not_even_asked(term):
    assert terminal.way({"TERM": term, "KITTY_WINDOW_ID": "1"}, lambda question: pytest.fail("asked")) == ""


@pytest.fixture
def talk():
    """Give a terminal's two ends, and what answers at its far end."""
    far, near = pty.openpty()

    def answering(*pieces, pause=0.02):
        def answer():
            os.read(far, 1024)
            for piece in pieces:
                time.sleep(pause)
                os.write(far, piece)

        threading.Thread(target=answer, daemon=True).start()

    yield near, answering
    os.close(near)
    os.close(far)


def test_an_answer_that_comes_in_pieces_is_read_to_its_end_and_at_once(talk):
    near, answering = talk
    answering(KITTY_OK[:5], KITTY_OK[5:] + DA_SIXEL[:4], DA_SIXEL[4:])
    began = time.monotonic()
    assert terminal.ask(near, terminal.WHO, 5.0) == KITTY_OK + DA_SIXEL
    assert time.monotonic() - began < 2


def test_a_terminal_that_says_nothing_is_waited_for_briefly_and_left_as_it_was(talk):
    near, _ = talk
    before = terminal.termios.tcgetattr(near)
    assert terminal.ask(near, terminal.WHO, 0.1) == b""
    assert terminal.termios.tcgetattr(near) == before


def test_the_size_of_a_terminal_in_pixels_is_what_it_says_or_guessed(talk):
    near, _ = talk
    terminal.fcntl.ioctl(near, terminal.termios.TIOCSWINSZ, terminal.struct.pack("HHHH", 40, 100, 1234, 700))
    assert terminal.width(near) == 1234
    terminal.fcntl.ioctl(near, terminal.termios.TIOCSWINSZ, terminal.struct.pack("HHHH", 40, 100, 0, 0))
    assert terminal.width(near) == 800
    reading, writing = os.pipe()
    assert terminal.width(reading) == 800
    os.close(reading)
    os.close(writing)


def command(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main(["review", "montage", *words])
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(("by", "title"), [("person", "person: "), ("lane", "lane: "), ("day", "day: 2026-")])
def test_sheets_are_drawn_by_what_was_asked_and_every_face_is_on_one(site, capsys, by, title):
    found = json.loads(command(capsys, "--site", str(site), "--by", by, "--json"))
    assert all(one["title"].startswith(title) for one in found)
    rows = [number for one in found for number in one["rows"]]
    assert len(rows) == len(set(rows)) == len((site / "facelist.csv").read_text().splitlines()) - 1
    assert all(cv2.imread(one["path"]).shape[1] > 500 for one in found)


def test_two_people_who_are_shown_alike_have_a_sheet_each(site, tmp_path, capsys):
    own = site_in(tmp_path / "own", site)
    review.rename(own.facelist, [1, 2], "Ann_A")
    review.rename(own.facelist, [3], "Ann_B")
    for name in ("Ann_A", "Ann_B"):
        People(own.facelist).show(name, "Ann")
    found = json.loads(command(capsys, "--site", str(own.settings.root), "--json"))
    rows = {one["title"]: one["rows"] for one in found}
    assert (rows["person: Ann (Ann_A)"], rows["person: Ann (Ann_B)"]) == ([1, 2], [3])


def test_groups_are_of_more_than_one_face_and_what_is_alone_comes_last(site, capsys):
    found = json.loads(command(capsys, "--site", str(site), "--by", "group", "--json"))
    assert len(found) > 2
    assert all(one["faces"] > 1 for one in found if one["title"] != "group: alone")
    assert "group: alone" not in [one["title"] for one in found][:-1]


def test_an_action_that_a_kill_kept_from_the_facelist_is_told_here_too(site, tmp_path, capsys):
    own = site_in(tmp_path / "own", site)
    kept = own.facelist.read_bytes()
    review.accept(own.facelist, [1], "Ann")
    own.facelist.write_bytes(kept)
    with pytest.raises(SystemExit):
        main(["review", "montage", "--site", str(own.settings.root), "--by", "group", "--json"])
    assert "the last accept was interrupted, and not done" in capsys.readouterr().err


def test_where_there_is_no_terminal_only_paths_are_told(site, capsys):
    told = command(capsys, "--site", str(site), "--by", "day")
    assert told.strip().endswith(".png")
    assert "\x1b" not in told


def test_a_picture_is_shown_no_wider_than_the_terminal(site, capsys):
    told = command(capsys, "--site", str(site), "--by", "day", "--show", "sixel")
    seen, drawn = read_sixel(told[told.index("\x1bP") : told.index("\x1b\\") + 2])
    assert seen.shape[1] == 800
    assert (drawn == 1).all()


def test_no_such_faces_is_said(site, capsys):
    assert "no such faces" in command(capsys, "--site", str(site), "--rows", "person:Nobody")


def test_a_real_terminal_is_asked_before_a_picture_is_sent(site):
    """In a terminal of its own; what it answers decides whether a picture comes."""
    for answer, shown in ((DA_SIXEL, True), (DA_PLAIN, False)):
        child, far = pty.fork()
        if child == 0:
            words = ["-m", "deepthink", "review", "montage", "--site", str(site), "--by", "day"]
            os.execve(sys.executable, [sys.executable, *words], os.environ | {"TERM": "xterm-256color"})
        heard, answered = b"", False
        while True:
            try:
                got = os.read(far, 65536)
            except OSError:
                break
            heard += got
            if not answered and terminal.WHO in heard:
                answered = bool(os.write(far, answer))
            if not got:
                break
        os.waitpid(child, 0)
        os.close(far)
        assert answered
        assert (b"\x1bP0;1q" in heard) == shown
        assert b".png" in heard
