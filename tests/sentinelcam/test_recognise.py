"""FaceRecon, by hand from docs/formats.md 1.4: every row of its decision, the label, and what a bad box costs."""

import cv2
import numpy as np
import pytest

from deepthink.datasink.base import Mark
from deepthink.datasink.folder import FolderDatasink
from deepthink.datasink.labels import parse_label
from deepthink.detection.align import DlibChip
from deepthink.detection.haar_eyes import align_eyes, assess, enlarge
from deepthink.detection.quality import QualityRules
from deepthink.errors import DamagedVersionError
from deepthink.model.baselines import Baselines, read_baselines, write_baselines
from deepthink.model.openset import Rule
from deepthink.model.sentinelcam import Decision, FaceRecon, decide
from deepthink.recognition.recognise import Senses, look
from deepthink.recognition.sentinelcam import recognise_faces
from deepthink.records import Box
from tests.sentinelcam.film import FACE, Shown, at, blank, event_of, film, frame

ABOVE = np.nextafter(0.97, 1)
FARTHER = np.nextafter(0.99, 1)
# shares, distances, aligned; person (None is Unknown), probability, distance, margin, usable. Thresholds: 0.5 and 0.25
TABLE = {
    "p > 0.97, d(j) = 0.99: j, though k is nearer": ((ABOVE, 0.02), (0.99, 0.1), False, 0, ABOVE, 0.99, 0.49, 0),
    "p > 0.97, d(j) <= 0.99, usable by its margin": ((0.98, 0.02), (0.54, 0.1), False, 0, 0.98, 0.54, 0.04, 1),
    "p > 0.97, d(j) <= 0.99, usable by its eyes": ((0.98, 0.02), (0.9, 0.1), True, 0, 0.98, 0.9, 0.4, 1),
    "p > 0.97, d(j) > 0.99, k = j": ((ABOVE, 0.02), (FARTHER, 1.5), False, 0, ABOVE, FARTHER, FARTHER - 0.5, 0),
    "p > 0.97, d(j) > 0.99, k != j, d(k) = 0.99: k": ((0.98, 0.02), (1.2, 0.99), False, 1, 0, 0.99, 0.74, 0),
    "p > 0.97, d(j) just > 0.99, k != j, d(k) <= 0.99: k": ((0.98, 0.02), (FARTHER, 0.3), True, 1, 0, 0.3, 0.05, 1),
    "p > 0.97, both far, aligned: Unknown": ((0.98, 0.02), (1.2, FARTHER), True, None, 0, FARTHER, FARTHER - 0.25, 1),
    "p > 0.97, both far, not aligned: j": ((0.98, 0.02), (1.2, 1.0), False, 0, 0, 1.0, 0.75, 0),
    "p = 0.97, k = j": ((0.97, 0.03), (0.4, 0.9), False, 0, 0.97, 0.4, -0.1, 1),
    "p <= 0.97, k = j, however far": ((0.6, 0.4), (1.9, 2.0), False, 0, 0.6, 1.9, 1.4, 0),  # B12
    "p = 0.97, d(j) <= 0.99, k != j, d(k) <= 0.99: k": ((0.97, 0.03), (0.98, 0.9), False, 1, 0, 0.9, 0.65, 0),
    "p <= 0.97, k != j, far, aligned: Unknown": ((0.97, 0.03), (1.2, 1.1), True, None, 0, 1.1, 0.85, 1),
    "p <= 0.97, k != j, far, not aligned: j": ((0.97, 0.03), (1.2, 1.1), False, 0, 0, 1.1, 0.85, 0),
    "equal shares: j is the first": ((0.5, 0.5), (0.4, 0.9), False, 0, 0.5, 0.4, -0.1, 1),
    "equal distances: k is the first": ((0.1, 0.9), (1.0, 1.0), True, None, 0, 1.0, 0.5, 1),
    "equal and near distances: k is the first": ((0.1, 0.9), (0.9, 0.9), False, 0, 0, 0.9, 0.4, 0),
}


@pytest.mark.parametrize("row", TABLE)
def test_every_row_of_the_decision(row):
    shares, distances, aligned, *expected = TABLE[row]
    found = decide(np.array(shares), np.array(distances), np.array([0.5, 0.25]), aligned)
    assert (found.person, found.probability, found.distance) == tuple(expected[:3])
    assert found.margin == pytest.approx(expected[3], abs=1e-12)
    assert found.usable is bool(expected[4])


@pytest.mark.parametrize(("distance", "usable"), [(0.05, False), (np.nextafter(0.05, 0), True)])
def test_a_margin_of_exactly_0_05_is_not_usable(distance, usable):
    assert decide(np.ones(1), np.array([distance]), np.zeros(1), False).usable is usable


def test_float32_distances_are_compared_as_numpy_1_does():
    # np.float32(0.99) is 0.9900000095: the nodes' NumPy finds it greater than 0.99, today's would not
    found = decide(np.array([0.98, 0.02]), np.array([0.99, 0.5], np.float32), np.zeros(2), True)
    assert (found.person, found.probability) == (1, 0.0)


def test_a_decision_holds_plain_numbers():
    found = decide(np.array([0.98, 0.02]), np.array([0.5, 0.9], np.float32), np.array([0.5, 0.25]), False)
    assert found == Decision(0, 0.98, 0.5, 0.0, True)
    assert [type(value) for value in vars(found).values()] == [int, float, float, float, bool]


def recon(shares=(0.9912, 0.0088), people=("Ann", "Bob")):
    centroids = np.float32([[0, 0], [2, 0]])[: len(people)]
    return FaceRecon(people, centroids, np.array([0.75, 0.5])[: len(people)], lambda probes: np.array([shares]))


@pytest.mark.parametrize(
    ("vector", "shares", "aligned", "label"),
    [
        ((0.868943, 0), (0.9912, 0.0088), False, "Ann: 99.12% (0.868943|0.118943|0|1)"),
        ((0.5, 0), (0.99995, 0.00005), False, "Ann: 100.00% (0.500000|-0.250000|1|1)"),
        ((0.5, 0), (0.123449, 0.1), False, "Ann: 12.34% (0.500000|-0.250000|1|1)"),
        ((1.5, 0), (0.9, 0.1), False, "Bob: 0.00% (0.500000|0.000000|1|1)"),
        ((1.0, 3.0), (0.1, 0.9), True, "Unknown: 0.00% (3.162278|2.412278|1|1)"),
        ((1.0, 3.0), (0.1, 0.9), False, "Bob: 0.00% (3.162278|2.412278|0|1)"),
    ],
)
def test_the_label_is_written_to_the_last_digit(vector, shares, aligned, label):
    assert str(recon(shares).label(np.float32(vector), aligned, 1)) == label


def test_distances_are_added_up_in_float32_as_on_nodes():
    rng = np.random.default_rng(0)
    probe, lines = rng.normal(size=128).astype(np.float32), rng.normal(size=(3, 128)).astype(np.float32)
    theirs = [float(np.sqrt(np.sum(np.multiply(probe - line, probe - line)))) for line in lines]
    found = FaceRecon(("a", "b", "c"), lines, np.zeros(3), lambda probes: np.eye(3)[:1]).label(probe, False, 1)
    assert found.distance == min(theirs)


def test_nobody_enrolled_is_unknown_to_everybody():
    nobody = FaceRecon((), np.zeros((0, 128), np.float32), np.zeros(0))
    assert str(nobody.label(np.zeros(128, np.float32), True, 2)) == "Unknown: 0.00% (9.999999|9.999999|1|2)"


def test_strangers_on_whom_classifier_and_distance_agree_have_a_name_here_and_none_in_our_rule():  # B12
    far = np.float32([0, 1.9])
    assert recon((0.6, 0.4)).label(far, True, 1).name == "Ann"
    ours = Rule(("Ann", "Bob"), np.float32([[0, 0], [2, 0]]), np.array([0.75, 0.5]))
    (found,) = ours.decide(far[None], [True], lambda probes: np.array([[0.6, 0.4]]))
    assert found.person is None


@pytest.fixture
def sink(tmp_path):
    return FolderDatasink(tmp_path / "data", tmp_path / "images")


def filmed(sink, faces, pictures=None):
    """Film one event: faces are (second, object, box)."""
    event = event_of("a")
    marks = [Mark(at(event, second), objid, "Face", box) for second, objid, box in faces]
    seconds = {second for second, _, _ in faces}
    return film(sink, event, pictures or {second: frame() for second in seconds}, fd1=marks)


def test_faces_are_published_in_order_with_their_number_in_the_frame_and_clipped_corners(sink):
    event = filmed(sink, [(0, "1", FACE), (0, "0", Box(-10, -5, 120, 140)), (1, "7", FACE)])
    marks = recognise_faces(sink, event, Shown(), recon())
    assert [(mark.objid, mark.box, parse_label(mark.classname).faces) for mark in marks] == [
        ("1", FACE, 2),
        ("0", Box(0, 0, 120, 140), 2),
        ("7", FACE, 1),
    ]
    assert [mark.time for mark in marks] == [at(event, 0), at(event, 0), at(event, 1)]


def test_a_face_with_eyes_is_embedded_aligned_and_another_as_it_was_cut_out(sink):
    shown = Shown()
    event = filmed(sink, [(0, "0", FACE), (0, "1", Box(400, 300, 520, 440)), (0, "2", Box(400, 300, 448, 340))])
    marks = recognise_faces(sink, event, shown, recon())
    assert [face.shape for face in shown.seen] == [(96, 96, 3), (140, 120, 3), (80, 96, 3)]
    crop = enlarge(cv2.imdecode(np.frombuffer(frame(), np.uint8), cv2.IMREAD_COLOR)[102:162, 195:255])
    assert assess(crop).candidate
    assert np.array_equal(shown.seen[0], align_eyes(crop, assess(crop).eyes))
    assert [parse_label(mark.classname).usable for mark in marks] == [True, True, True]  # the last two by their margin


def test_a_face_that_is_low_after_enlarging_is_not_published_and_costs_itself_alone(sink):
    low, lowest = Box(400, 300, 500, 319), Box(400, 300, 420, 315)  # 100 x 19; 20 x 15, enlarged to 96 x 72
    event = filmed(sink, [(0, "0", low), (0, "1", lowest), (0, "2", FACE)])
    marks = recognise_faces(sink, event, Shown(), recon())
    assert [(mark.objid, parse_label(mark.classname).faces) for mark in marks] == [("1", 3), ("2", 3)]
    assert "100 x 19" in sink.problems.kept[0].what


BAD = [Box(700, 10, 800, 110), Box(10, 500, 110, 600), Box(300, 200, -20, -20), Box(90, 90, 90, 190)]


@pytest.mark.parametrize("box", BAD)
def test_a_box_outside_the_frame_costs_itself_alone(sink, box):  # B8
    event = filmed(sink, [(0, "0", box), (0, "1", FACE), (1, "2", FACE)])
    assert [mark.objid for mark in recognise_faces(sink, event, Shown(), recon())] == ["1", "2"]
    assert sink.problems.count == 1


@pytest.mark.parametrize("content", [b"", frame()[:9000], b"no jpeg", None])
def test_a_picture_that_is_missing_or_damaged_gives_no_face_and_does_not_end_the_event(sink, content):  # B6, B7
    pictures = {0.0: frame(), 2.0: frame()} | ({1.0: content} if content is not None else {})
    event = filmed(sink, [(0, "0", FACE), (1, "1", FACE), (2, "2", FACE)], pictures)
    assert [mark.objid for mark in recognise_faces(sink, event, Shown(), recon())] == ["0", "2"]
    assert sink.problems.count == 1


@pytest.mark.parametrize("content", [b"", frame()[:9000], None])
def test_our_rules_do_not_end_an_event_early_either(sink, content):  # B6, B7, B8
    pictures = {0.0: frame(), 2.0: frame()} | ({1.0: content} if content is not None else {})
    faces = [(0, "0", FACE), (1, "1", FACE), (2, "bad", BAD[1]), (2, "2", FACE)]
    event = filmed(sink, faces, pictures)
    found = look(sink, event, Senses(DlibChip(), Shown(), QualityRules()))
    assert [objid for _, objid in found] == ["0", "2"]
    assert sink.problems.count == 2


def test_an_empty_room_has_no_eyes(sink):
    event = filmed(sink, [(0, "0", FACE)], {0.0: blank()})
    (mark,) = recognise_faces(sink, event, Shown((1.0, 3.0)), recon((0.1, 0.9)))
    assert mark.classname == "Bob: 0.00% (3.162278|2.412278|0|1)"


def test_baselines_are_read_in_the_classifiers_order_with_their_thresholds(tmp_path):
    path = tmp_path / "baselines.hdf5"
    lines = Baselines(("Ann", "Bob"), np.eye(2, 128, dtype=np.float32), np.array([0.25, 0.5]))
    write_baselines(path, lines)
    found = read_baselines(path, ["Bob", "Ann"])
    assert (found.people, found.thresholds.tolist()) == (("Bob", "Ann"), [0.5, 0.25])
    assert np.array_equal(found.centroids, lines.centroids[::-1])
    with pytest.raises(DamagedVersionError, match="Cid"):
        read_baselines(path, ["Ann", "Cid"])
