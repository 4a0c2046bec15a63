"""`import` from servers: as they are documented, and as they should not be."""

import shutil
import signal
import subprocess
import sys
import threading
import time
from itertools import count

import cv2
import numpy as np
import pytest

from deepthink.curation.provenance import Imports
from deepthink.curation.sources.asking import Server, check_address, read_key
from deepthink.curation.sources.compreface import CompreFace
from deepthink.curation.sources.find import find_source
from deepthink.curation.sources.immich import Immich
from deepthink.errors import BadInputError, StepError
from deepthink.flow.bring import bring
from deepthink.flow.bring_record import BEFORE
from tests.curation.sources.servers import KEY, Answers, CompreFaceAnswers, ImmichAnswers, serving
from tests.flow.elsewhere import ANN, BOB, events, photographs, rows, site_at

FACES = "/api/v1/recognition/faces"


@pytest.fixture
def site(tmp_path):
    return site_at(tmp_path / "site")


@pytest.fixture
def compreface(faces):
    return CompreFaceAnswers(
        [("Ann Lee", path) for path in photographs(faces, ANN)] + [("bob", path) for path in photographs(faces, BOB, 2)]
    )


def server(address, pauses=None):
    return Server(address, KEY, (pauses if pauses is not None else []).append)


def passed(report):
    return {name: dict(tally.passed) for name, tally in report.people.items() if tally.passed}


def test_a_comprefaces_examples_are_selected_over_all_pages_once(site, compreface):
    with serving(compreface) as address:
        report = bring(site, CompreFace(server(address)))
        compreface.asked.clear()
        again = bring(site, CompreFace(server(address)))
    assert (report.names, passed(report)) == ({"Ann Lee": "Ann_Lee"}, {})
    assert rows(site) == {("Ann_Lee", "SELECTED"): 3, ("bob", "SELECTED"): 2}
    assert passed(again) == {"Ann_Lee": {BEFORE: 3}, "bob": {BEFORE: 2}}
    assert {path for path, _ in compreface.asked} == {FACES}  # no picture is fetched twice
    assert Imports(site.facelist).faces[0].ident == compreface.examples[0][0]
    assert KEY not in "".join(path.read_text() for path in site.settings.root.glob("facelist*l*"))


def two_in_one(faces):
    """Return a photograph of two people beside each other, at twice their size."""
    pair = [cv2.imread(str(photographs(faces, person)[2])) for person in (ANN, BOB)]
    both = cv2.resize(np.hstack(pair), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    return cv2.imencode(".jpg", both)[1].tobytes()


@pytest.fixture
def immich(faces):
    alone = (150, 150), (38, 40, 112, 118)
    assets = {
        f"asset-{number}": (path.read_bytes(), alone[0], {"person-a": alone[1]})
        for number, path in enumerate(photographs(faces, ANN, 2))
    }
    # Immich's boxes are of another size of the picture than its preview
    boxes = {"person-a": (38, 40, 112, 118), "person-b": (188, 40, 262, 118)}
    assets["asset-both"] = (two_in_one(faces), (300, 150), boxes)
    assets["asset-wrong"] = (photographs(faces, ANN, 4)[3].read_bytes(), (150, 150), {"person-a": (0, 0, 75, 75)})
    return ImmichAnswers({"person-a": "Ann", "person-b": "Bob", "person-c": ""}, assets)


def test_an_immichs_people_come_with_the_face_that_is_marked_as_theirs(site, immich):
    with serving(immich) as address:
        found = find_source(address, key=KEY)
        report = bring(site, found)
        assert bring(site, find_source(address, key=KEY)).taken == 0
    assert found.kind == "immich"
    assert passed(report) == {"Ann": {"no face where one was marked": 1}}
    assert rows(site) == {("Ann", "SELECTED"): 3, ("Bob", "SELECTED"): 1}
    told = {face.ident: face for face in Imports(site.facelist).faces}
    assert told["asset-0/person-a"].taken == "2024-05-06T07:08:09.000Z"
    both = [told[f"asset-both/{person}"] for person in ("person-a", "person-b")]
    assert len({face.frame.event for face in both}) == 2
    assert len(events(site)) == 4


def test_the_faces_of_one_photograph_are_told_apart(site, immich, faces, tmp_path):
    from deepthink.embedding.facedata import read
    from deepthink.flow.enrol import embed_site

    with serving(immich) as address:
        bring(site, Immich(server(address)))
    (tmp_path / "more/Bob2").mkdir(parents=True)
    shutil.copy(photographs(faces, BOB, 2)[1], tmp_path / "more/Bob2")
    bring(site, find_source(str(tmp_path / "more")))
    embed_site(site, "g1", False, lambda *_: None)
    data = read(site.training / "facedata_g1.hdf5")
    who = data.people
    other = data.vectors[who == "Bob2"][0]
    apart = np.linalg.norm(data.vectors - other, axis=1)
    assert apart[who == "Bob"].max() < apart[who == "Ann"].min()


def test_the_key_is_sent_to_the_server_and_nowhere_else(site, compreface, capsys):
    other = Answers()
    with serving(other) as elsewhere, serving(compreface) as address:
        for ident, _, _ in compreface.examples[:2]:
            compreface.paths[f"{FACES}/{ident}/img"] = (302, f"{elsewhere}/picture.jpg")
        report = bring(site, CompreFace(server(address)))
        assert report.people["Ann_Lee"].taken == 1
        ((why, times),) = passed(report)["Ann_Lee"].items()
        assert (times, f"{address} sends elsewhere, to {elsewhere}" in why) == (2, True)
        compreface.paths[FACES] = (301, elsewhere)
        with pytest.raises(BadInputError, match="sends elsewhere"):
            bring(site, CompreFace(server(address)))
    assert other.asked == []
    assert KEY not in "".join(capsys.readouterr())


def test_a_redirect_on_the_same_server_is_followed(compreface):
    with serving(compreface) as address:
        compreface.paths["/old"] = (302, f"{address}{FACES}?page=0")
        assert len(server(address).ask("/old")["faces"]) == 2


def test_a_refused_key_is_said_and_not_shown(site, compreface):
    with serving(compreface) as address, pytest.raises(StepError, match="refuses the key") as raised:
        bring(site, CompreFace(Server(address, "wrong-secret")))
    assert "wrong-secret" not in str(raised.value)


def test_a_server_that_stops_in_the_middle_loses_nothing_and_the_next_run_goes_on(site, compreface):
    first, second, third = (f"{FACES}/{ident}/img" for ident, _, _ in compreface.examples[:3])
    kept = {path: compreface.paths[path] for path in (first, second, third)}
    pauses = []
    with serving(compreface) as address:
        compreface.paths[third] = None  # half an answer, and an end
        report = bring(site, CompreFace(server(address, pauses)))
        assert "does not answer" in report.ended
        assert report.taken == 2
        assert rows(site) == {("Ann_Lee", "SELECTED"): 2}
        compreface.paths |= kept
        assert bring(site, CompreFace(server(address))).taken == 3
    assert len(pauses) >= 3
    assert rows(site) == {("Ann_Lee", "SELECTED"): 3, ("bob", "SELECTED"): 2}


def test_a_killed_import_goes_on_and_lists_each_face_once(site, compreface, tmp_path):
    path, go_on = f"{FACES}/{compreface.examples[3][0]}/img", threading.Event()
    jpeg = compreface.paths[path]
    compreface.paths[path] = lambda query, body: go_on.wait(60) and jpeg  # it waits there until it is killed
    (tmp_path / "key").write_text(KEY)
    words = ["--kind", "compreface", "--key-file", str(tmp_path / "key"), "--site", str(site.settings.root)]
    with serving(compreface) as address:
        process = subprocess.Popen([sys.executable, "-m", "deepthink", "import", address, *words])
        try:
            until = time.monotonic() + 60
            while len(Imports(site.facelist).faces) < 3 and time.monotonic() < until:
                time.sleep(0.01)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
            go_on.set()
        assert len(Imports(site.facelist).faces) == 3
        assert not site.facelist.exists()
        assert bring(site, CompreFace(server(address))).taken == 2
    assert rows(site) == {("Ann_Lee", "SELECTED"): 3, ("bob", "SELECTED"): 2}
    assert len(events(site)) == len(set(events(site))) == 5
    assert len([path for path in (site.settings.root / "datasink/images").rglob("*") if path.is_file()]) == 5


def test_an_answer_that_fails_once_is_asked_for_again(site, compreface):
    path, failures = f"{FACES}/{compreface.examples[0][0]}/img", iter([503, None, 429])
    jpeg = compreface.paths[path]
    compreface.paths[path] = lambda query, body: next(failures, jpeg)
    with serving(compreface) as address:
        assert bring(site, CompreFace(server(address))).taken == 5


def test_a_server_that_is_not_there_is_said(site):
    pauses = []
    with pytest.raises(StepError, match="does not answer"):
        bring(site, CompreFace(server("http://127.0.0.1:9", pauses)))
    assert len(pauses) == 3
    assert not site.facelist.exists()


WRONG = [
    b"<html>", 7, "text", [], {"faces": "all"}, {"people": 3}, {}, b"[" * 200_000, b"\xff\xfe", b'{"faces": [}',
]  # fmt: skip


@pytest.mark.parametrize("answer", WRONG, ids=lambda answer: str(answer)[:12])
@pytest.mark.parametrize("kind", [CompreFace, Immich])
def test_answers_of_the_wrong_kind_are_refused_in_words(kind, answer):
    answers = Answers()
    answers.paths |= {FACES: answer, "/api/people": answer} if answer != 7 else {}
    with serving(answers) as address, pytest.raises(BadInputError, match=r"does not|answers"):
        list(kind(server(address)).pictures())


def test_entries_of_the_wrong_kind_are_passed_over(site, compreface):
    odd = [
        7,
        None,
        {},
        {"image_id": 7},
        {"image_id": "../../x", "subject": "Ann"},
        {"image_id": "a" * 5000},
        {"image_id": "abc", "subject": "Ann"},
    ]
    odd.append({"image_id": compreface.examples[0][0], "subject": ["Ann"]})
    compreface.paths[FACES] = {"faces": odd, "total_pages": "many"}
    with serving(compreface) as address:
        report = bring(site, CompreFace(server(address)))
    assert rows(site) == {("Unknown", "CANDIDATE"): 1}
    assert passed(report) == {"Ann": {"its id is none": 1, "the server answers 404": 1}}


ODD_NAMES = [
    "<script>alert(1)</script>", "../../x", "A" * 10_000, "\N{GRINNING FACE}", "\u202eevil", "a\0b\r\nX: y",
    "\ud800", "None",
]  # fmt: skip


def test_names_that_are_an_attack_are_names_that_can_be_carried_or_none(site, faces):
    from deepthink.curation.names import check_name

    paths = photographs(faces, ANN, len(ODD_NAMES))
    with serving(CompreFaceAnswers(zip(ODD_NAMES, paths, strict=True))) as address:
        report = bring(site, CompreFace(server(address)))
    assert sum(rows(site).values()) == report.taken == len(ODD_NAMES)
    assert rows(site).pop(("Unknown", "CANDIDATE")) == 1  # nobody's name has 10,000 letters
    names = {name for name, _ in rows(site)} - {"Unknown"}
    assert len(names) == len(ODD_NAMES) - 1
    assert all(check_name(name) for name in names)
    print(report.names)  # can be written where only what is text can
    assert all(face.called.isprintable() or face.name != face.called for face in Imports(site.facelist).faces)


def test_lists_without_an_end_are_refused(monkeypatch):
    from deepthink.curation.sources import base

    monkeypatch.setattr(base.bounded, "__defaults__", (1000,))
    numbers, answers = count(), Answers()
    answers.paths[FACES] = lambda query, body: {
        "faces": [{"image_id": f"{next(numbers)}"} for _ in range(100)], "total_pages": 10**9,
    }  # fmt: skip
    answers.paths["/api/people"] = lambda query, body: {"people": [7] * 100, "hasNextPage": True}
    with serving(answers) as address:
        for kind in (CompreFace, Immich):
            with pytest.raises(BadInputError, match="more than 1000 entries"):
                list(kind(server(address)).pictures())


def test_pictures_that_are_too_large_or_none_are_passed_over(site, compreface):
    first, second, third = (f"{FACES}/{ident}/img" for ident, _, _ in compreface.examples[:3])
    compreface.paths |= {first: b"\xff\xd8\xff" + bytes(51 * 2**20), second: b"", third: b"GIF89a" + bytes(100)}
    with serving(compreface) as address:
        report = bring(site, CompreFace(server(address)))
    assert passed(report) == {
        "Ann_Lee": {
            "too large: more than 50 MB": 1, "it is not there any more": 1, "not a JPEG, PNG or WebP picture": 1,
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    "address",
    ["ftp://nas", "http://", "file:///etc/passwd", "http://user:pass@nas", "http://nas?key=1", "http://n\u0430s",
     "http://a b", "http://nas:99999", "http://nas\r\nX: y"],
)  # fmt: skip
def test_what_is_no_address_is_refused(address):
    with pytest.raises(BadInputError):
        check_address(address)


def test_a_key_comes_from_a_file_or_the_environment(tmp_path):
    (tmp_path / "key").write_text("abc\n")
    (tmp_path / "bad").write_text("abc\r\nX-Evil: 1")
    assert read_key(tmp_path / "key", {}) == "abc"
    assert read_key(None, {"DEEPTHINK_IMPORT_KEY": "def"}) == "def"
    assert read_key(None, {}) == ""
    for odd in ("bad", "absent"):
        with pytest.raises(BadInputError) as raised:
            read_key(tmp_path / odd, {})
        assert "Evil" not in str(raised.value)


def test_a_server_wants_a_key_and_a_kind_that_is_one(compreface):
    with serving(compreface) as address:
        with pytest.raises(BadInputError, match="wants a key"):
            find_source(address)
        with pytest.raises(BadInputError, match="is a folder"):
            find_source(address, "frigate", KEY)
        assert find_source(address, key=KEY).kind == "compreface"
        assert [key for path, key in compreface.asked if path == "/api/server/ping"] == [None]


def test_an_answer_that_comes_a_byte_at_a_time_is_not_waited_for():
    from deepthink.curation.sources import asking

    class Slow:
        length = 0

        def read(self, most):
            time.sleep(0.02)
            return b"x"

    with pytest.raises(TimeoutError):
        asking._all(Slow(), 10_000, time.monotonic() + 0.1)
