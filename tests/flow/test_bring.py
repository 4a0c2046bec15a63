"""`import`: what people have elsewhere becomes events and rows here, once, by this site's own pipeline."""

import contextlib
import os
import shutil
import sqlite3

import cv2
import numpy as np
import pytest

from deepthink.curation import review
from deepthink.curation.facelist import Facelist, Status
from deepthink.curation.people import People
from deepthink.curation.provenance import Imports
from deepthink.curation.sources.double_take import DoubleTake
from deepthink.curation.sources.faceid import FaceID
from deepthink.curation.sources.frigate import Frigate
from deepthink.curation.sources.people import PeopleFolder
from deepthink.detection.detect import find_faces
from deepthink.errors import BadInputError
from deepthink.flow.bring import bring
from deepthink.flow.bring_record import BEFORE, GONE, Wishes
from deepthink.flow.copies import COPY, COPY_GONE
from deepthink.flow.enrol import embed_site
from deepthink.records import UNKNOWN, FrameKey
from tests.flow.elsewhere import (
    ANN,
    BOB,
    crop,
    double_take,
    events,
    faceid,
    frigate,
    people_folder,
    photographs,
    rows,
    site_at,
)


@pytest.fixture
def site(tmp_path):
    return site_at(tmp_path / "site")


@pytest.fixture
def people(tmp_path, faces):
    return PeopleFolder(people_folder(tmp_path / "theirs", faces))


def passed(report):
    return {name: dict(tally.passed) for name, tally in report.people.items() if tally.passed}


def test_a_folder_of_people_is_selected_and_can_be_embedded(site, people):
    report = bring(site, people)
    assert (report.taken, passed(report)) == (6, {})
    assert rows(site) == {("Ann", "SELECTED"): 3, ("Bob", "SELECTED"): 3}
    assert len(events(site)) == len(set(events(site))) == 6
    done = embed_site(site, "g1", False, lambda *_: None)
    assert (done.gallery.added, done.in_use) == (6, 6)


def test_where_each_came_from_is_kept_beside_the_facelist_and_not_in_it(site, people, faces):
    bring(site, people)
    first = Imports(site.facelist).faces[0]
    assert first.at == ("people", people.origin, f"Ann/{photographs(faces, ANN)[0].name}")
    assert (first.called, first.becomes, first.confirmed) == ("Ann", "selected", True)
    assert site.datasink.picture(first.frame)[:2] == b"\xff\xd8"
    assert "theirs" not in site.facelist.read_text()


def test_importing_twice_adds_nothing_even_from_another_place(site, people, tmp_path):
    bring(site, people)
    before = site.facelist.read_bytes(), events(site), review.history(site.facelist)
    again = bring(site, people)
    shutil.copytree(people.root, tmp_path / "moved")
    moved = bring(site, PeopleFolder(tmp_path / "moved"))
    assert passed(again) == passed(moved) == {"Ann": {BEFORE: 3}, "Bob": {BEFORE: 3}}
    assert before == (site.facelist.read_bytes(), events(site), review.history(site.facelist))


def test_one_undo_takes_an_import_back_and_it_does_not_come_again(site, people):
    report = bring(site, people)
    assert [action.number for action in review.undo(site.facelist)] == [report.action]
    assert rows(site) == {("Ann", "CANDIDATE"): 3, ("Bob", "CANDIDATE"): 3}
    assert bring(site, people).taken == 0
    assert rows(site) == {("Ann", "CANDIDATE"): 3, ("Bob", "CANDIDATE"): 3}


def test_all_wait_for_review_when_that_is_wished(site, people):
    bring(site, people, Wishes(review=True))
    assert rows(site) == {("Ann", "CANDIDATE"): 3, ("Bob", "CANDIDATE"): 3}
    assert review.history(site.facelist) == []


def test_names_that_mean_nobody_become_strangers(site, people):
    report = bring(site, people, Wishes(strangers=["Bob"]))
    assert rows(site) == {("Ann", "SELECTED"): 3, (UNKNOWN, "REVOKED"): 3}
    assert all(row.stranger for row in Facelist(site.facelist).having(Status.REVOKED).values())
    assert report.people["(strangers)"].stranger == 3


def test_a_dry_run_tells_the_same_and_changes_nothing(site, people):
    before = sorted(site.settings.root.rglob("*"))
    dry = bring(site, people, Wishes(dry_run=True))
    assert sorted(site.settings.root.rglob("*")) == before
    real = bring(site, people)
    assert (dry.people, dry.names, dry.dry_run) == (real.people, real.names, True)


def test_frigates_people_are_selected_and_its_attempts_wait(site, tmp_path, faces):
    report = bring(site, Frigate(frigate(tmp_path / "media", faces)))
    assert passed(report) == {}
    assert rows(site) == {
        ("Ann-Lee", "SELECTED"): 3, ("bob", "SELECTED"): 3,
        ("Ann-Lee", "CANDIDATE"): 1, (UNKNOWN, "CANDIDATE"): 1, ("bob", "CANDIDATE"): 1,
    }  # fmt: skip
    told = {face.ident: (face.score, face.taken[:10]) for face in Imports(site.facelist).faces}
    assert told["train/1700000100.123456-k3x9ab-1700000103.25-Ann_Lee-0.93.webp"] == (0.93, "2023-11-14")
    assert told["bob/bob_1700000000.5.webp"] == (None, "2023-11-14")


def test_what_is_nothing_but_a_face_is_found_as_if_it_had_been_photographed(site, tmp_path, faces):
    bring(site, Frigate(frigate(tmp_path / "media", faces)))
    frames = {row.frame: row.box for row in Facelist(site.facelist).rows.values()}
    assert len(frames) == 9
    for frame, box in frames.items():
        height, width = cv2.imdecode(np.frombuffer(site.datasink.picture(frame), np.uint8), 1).shape[:2]
        assert 0 <= box.x1 < box.x2 <= width
        assert 0 <= box.y1 < box.y2 <= height
        assert box.width > 45


def odd_pictures(root, faces):
    ann, bob = photographs(faces, ANN, 2), photographs(faces, BOB, 1)
    (root / "Ann").mkdir(parents=True)
    shutil.copy(ann[0], root / "Ann/1.jpg")
    one = cv2.imread(str(ann[0]))
    cv2.imwrite(str(root / "Ann/2 copy.jpg"), cv2.imread(str(ann[0])), [cv2.IMWRITE_JPEG_QUALITY, 60])
    cv2.imwrite(str(root / "Ann/3 nobody.jpg"), np.full((250, 250, 3), 90, np.uint8))
    cv2.imwrite(str(root / "Ann/4 two.png"), np.hstack([cv2.imread(str(ann[1])), cv2.imread(str(bob[0]))]))
    cv2.imwrite(str(root / "Ann/5 copy.jpg"), cv2.resize(one, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    (root / "Ann/6 torn.jpg").write_bytes(ann[1].read_bytes()[:900])
    (root / "Ann/7 text.jpg").write_text("import os")
    (root / "Ann/8 bomb.png").write_bytes(_bomb())
    (root / "Ann/9 huge.jpg").touch()
    os.truncate(root / "Ann/9 huge.jpg", 60 * 2**20)
    (root / "Ann/link.jpg").symlink_to(ann[1])
    os.mkfifo(root / "Ann/pipe.jpg")
    (root / "Linked").symlink_to(ann[1].parent)
    return root


def _bomb():
    """Return a PNG of 40,000 x 40,000 pixels in a few bytes."""
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(100_000)))
        + chunk(b"IEND", b"")
    )


def test_pictures_that_cannot_be_used_are_said_and_passed_over(site, tmp_path, faces):
    report = bring(site, PeopleFolder(odd_pictures(tmp_path / "odd", faces)))
    assert rows(site) == {("Ann", "SELECTED"): 1}
    assert list(report.people) == ["Ann"]  # the linked folder is not followed
    assert passed(report)["Ann"] == {
        COPY: 2, "no face": 1, "several faces": 1, "the picture is truncated": 1,
        "not a JPEG, PNG or WebP picture": 1, "too large: it claims 40000 x 40000 pixels": 1,
        "too large: more than 50 MB": 1,
    }  # fmt: skip


def test_somebody_who_passes_behind_is_not_taken_for_the_one_who_is_meant(site, tmp_path, faces):
    front, behind = (cv2.imread(str(photographs(faces, person)[1])) for person in (ANN, BOB))
    picture = np.full((300, 420, 3), 127, np.uint8)
    picture[:, :300] = cv2.resize(front, (300, 300), interpolation=cv2.INTER_CUBIC)
    picture[:120, 300:] = cv2.resize(behind, (120, 120), interpolation=cv2.INTER_AREA)
    (tmp_path / "theirs/Ann").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "theirs/Ann/1.png"), picture)
    detector = site.make_detector()
    assert len(find_faces(picture, [], detector)) == 2
    assert bring(site, PeopleFolder(tmp_path / "theirs")).taken == 1
    assert Imports(site.facelist).faces[0].box.width > 90


def test_a_face_that_is_too_small_for_this_site_is_said_to_be(tmp_path, people):
    site = site_at(tmp_path / "strict", "sweep: {per_event: 6}\n")
    site.settings.detection.min_size = 90
    assert passed(bring(site, people)) == {"Ann": {"too small": 3}, "Bob": {"too small": 3}}
    assert not site.facelist.exists()


def test_who_was_taken_out_here_does_not_come_back(site, people, tmp_path, faces):
    bring(site, people)
    review.revoke(site.facelist, [number for number, row in Facelist(site.facelist).rows.items() if row.name == "Ann"])
    fourth = photographs(faces, ANN, 4)[3]
    shutil.copy(fourth, people.root / "Ann/new.jpg")
    assert passed(bring(site, people))["Ann"] == {GONE: 4}
    assert rows(site)[("Ann", "REVOKED")] == 3
    other = tmp_path / "others/Zoe"
    other.mkdir(parents=True)
    cv2.imwrite(str(other / "1.png"), cv2.imread(str(photographs(faces, ANN)[0])))  # a revoked face by another name
    assert passed(bring(site, PeopleFolder(other.parent))) == {"Zoe": {COPY_GONE: 1}}


def test_a_picture_that_was_removed_and_deleted_here_is_not_imported_again(site, people):
    bring(site, people)
    numbers = [number for number, row in Facelist(site.facelist).rows.items() if row.name == "Bob"][:1]
    review.remove(site.facelist, numbers)
    frame = Facelist(site.facelist)[numbers[0]].frame
    event = next(event for event in site.datasink.events(frame.date) if event.event == frame.event)
    site.datasink.delete(event)
    assert bring(site, people).taken == 0
    assert frame.event not in events(site)


def test_who_was_merged_into_another_comes_as_that_one(site, people, faces):
    from deepthink.curation import actions

    bring(site, people)
    actions.merge(site.facelist, "Ann", "Bob", "me")
    shutil.copy(photographs(faces, ANN, 4)[3], people.root / "Ann/new.jpg")
    assert bring(site, people).people["Bob"].selected == 1
    assert rows(site) == {("Bob", "SELECTED"): 7}


def test_names_that_cannot_be_carried_are_mapped_told_and_shown(site, tmp_path, faces):
    pictures = iter(photographs(faces, ANN, 6))
    for name in ("Ann Lee", "Ann_Lee", "nan", "..Bob, Jr: (x)", "unknown"):
        (tmp_path / "odd" / name).mkdir(parents=True)
        shutil.copy(next(pictures), tmp_path / "odd" / name)
    report = bring(site, PeopleFolder(tmp_path / "odd"))
    # hidden folders are nobody's
    assert report.names == {"Ann Lee": "Ann_Lee_2", "nan": "Person_nan"}
    assert set(rows(site)) == {
        ("Ann_Lee", "SELECTED"), ("Ann_Lee_2", "SELECTED"), ("Person_nan", "SELECTED"), (UNKNOWN, "CANDIDATE"),
    }  # fmt: skip
    assert People(site.facelist).shown("Ann_Lee_2") == "Ann Lee"
    shutil.copy(next(pictures), tmp_path / "odd/Ann Lee")  # the same name again, whatever else is there by now
    shutil.rmtree(tmp_path / "odd/Ann_Lee")
    assert bring(site, PeopleFolder(tmp_path / "odd")).people["Ann_Lee_2"].selected == 1


def test_files_whose_names_are_no_text_are_imported_once(site, tmp_path, faces):
    folder = tmp_path / "theirs" / os.fsdecode(b"Ann\xff")
    folder.mkdir(parents=True)
    shutil.copy(photographs(faces, ANN)[0], folder / os.fsdecode(b"\xfe.jpg"))
    theirs = PeopleFolder(tmp_path / "theirs")
    assert bring(site, theirs).taken == 1
    assert bring(site, theirs).taken == 0
    assert rows(site) == {("Ann?", "SELECTED"): 1}


def test_what_a_kill_left_half_done_is_taken_away(site, people):
    from datetime import datetime

    frame = FrameKey("2026-03-02", "a" * 32, datetime(2026, 3, 2, 8, 0, 0, 5))
    Imports(site.facelist).begin(frame)
    left = site.datasink.picture_path(frame)
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    bring(site, people)
    assert not left.exists()
    assert rows(site) == {("Ann", "SELECTED"): 3, ("Bob", "SELECTED"): 3}


def test_rows_of_a_killed_listing_are_decided_by_the_next_import(site, people):
    bring(site, people, Wishes(review=True))
    lines = Imports(site.facelist).path.read_text().replace('"becomes": "candidate"', '"becomes": "selected"')
    Imports(site.facelist).path.write_text("".join(line for line in lines.splitlines(True) if "settled" not in line))
    bring(site, people)
    assert rows(site) == {("Ann", "SELECTED"): 3, ("Bob", "SELECTED"): 3}


def test_a_dry_run_need_not_wait_for_an_import_that_goes_on(site, people):
    from deepthink.files import locked

    with locked(Imports(site.facelist).path):
        dry = bring(site, people, Wishes(dry_run=True))
    assert dry.taken == 6


def test_a_site_that_reads_from_a_pump_is_refused_in_words(tmp_path, people):
    pytest.importorskip("zmq")
    with pytest.raises(BadInputError, match="Import where its folders are"):
        bring(site_at(tmp_path / "fed", "datasink: {feed: 'tcp://127.0.0.1:9'}\n"), people)


def test_a_picture_keeps_nothing_of_where_it_was_taken(site, tmp_path, faces):
    (tmp_path / "theirs/Ann").mkdir(parents=True)
    jpeg = photographs(faces, ANN)[0].read_bytes()
    exif = b"Exif\0\0GPS 48.2 16.3"
    marked = jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]
    (tmp_path / "theirs/Ann/1.jpg").write_bytes(marked)
    assert bring(site, PeopleFolder(tmp_path / "theirs")).taken == 1
    assert b"GPS" not in site.datasink.picture(Imports(site.facelist).faces[0].frame)
    assert crop(photographs(faces, ANN)[0]).size


def test_a_faceids_people_are_selected_and_whom_it_ignored_are_strangers(site, tmp_path, faces):
    report = bring(site, FaceID(faceid(tmp_path / "data", faces)))
    assert passed(report) == {}
    found = rows(site)
    assert found.pop(("bob", "SELECTED")) == 3
    assert found.pop((UNKNOWN, "CANDIDATE")) == 1
    assert found.pop((UNKNOWN, "REVOKED")) == 1
    ((name, status),) = found
    assert (name.endswith("nn_Lee"), status, found[name, status]) == (True, "SELECTED", 3)
    assert [row.stranger for row in Facelist(site.facelist).rows.values()].count(True) == 1
    told = {face.ident: face.taken for face in Imports(site.facelist).faces}
    assert told["persons/bob/1700000000500_0.jpg"] == told["persons/ann-lee/1700000000501_1.jpg"] != ""
    assert told["unknowns/u1.jpg"] > told["persons/bob/1700000000500_0.jpg"]
    assert told["ignored/u1.jpg"] == ""
    assert bring(site, FaceID(tmp_path / "data")).taken == 0


def test_double_takes_people_are_selected_and_its_matches_wait(site, tmp_path, faces):
    report = bring(site, DoubleTake(double_take(tmp_path / "storage", faces)))
    assert passed(report) == {}
    assert rows(site) == {
        ("ann", "SELECTED"): 3, ("bob", "SELECTED"): 3, ("ann", "CANDIDATE"): 1, (UNKNOWN, "CANDIDATE"): 2,
    }  # fmt: skip
    told = {face.ident: face for face in Imports(site.facelist).faces}
    assert (told["matches/a.jpg"].score, told["matches/a.jpg"].taken) == (91.5, "2023-04-05T06:07:08Z")


def test_a_double_take_whose_database_is_none_or_a_trap_says_nothing(site, tmp_path, faces):
    root = double_take(tmp_path / "storage", faces)
    (root / "database.db").unlink()
    with contextlib.closing(sqlite3.connect(root / "database.db")) as database, database:
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, i, i FROM n"
        database.execute(f"CREATE VIEW match(filename, response, createdAt) AS {endless}")
    assert {offer.name for offer in DoubleTake(root).pictures()} == {"ann", "bob", ""}
    (root / "database.db").write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 20)
    assert {offer.name for offer in DoubleTake(root).pictures()} == {"ann", "bob", ""}
