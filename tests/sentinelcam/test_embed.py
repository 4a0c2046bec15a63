"""FaceDataUpdate, by hand from docs/formats.md 1.8: which rows, under which key, and what becomes of them."""

from datetime import date, datetime
from types import SimpleNamespace

import cv2
import h5py
import numpy as np
import pytest

from deepthink.curation.facelist import COLUMNS, IN_USE_COLUMN, Eyes, Facelist, Row, Status, editing
from deepthink.curation.review import rename
from deepthink.datasink.base import Mark
from deepthink.detection.haar_eyes import Eyes as HaarEyes
from deepthink.detection.haar_eyes import align_eyes, enlarge
from deepthink.errors import MixedEmbeddersError
from deepthink.flow.collect import recognise_site, sweep_site
from deepthink.flow.enrol import embed_site
from deepthink.flow.sentinelcam import face_recon
from deepthink.flow.version_files import version_files
from deepthink.model.artifact import Recogniser, nobody
from deepthink.model.baselines import Baselines, write_baselines
from deepthink.model.openset import Rule
from deepthink.records import Alignment, Box, FrameKey
from tests.sentinelcam.film import DAY, FACE, Shown, at, blank, event_of, film, frame, site_of

HUGO = (
    "2026-03-02,8857f9a43908f227c59db9165b0ee76f,2026-03-02 08:41:10.142734,0,0,0,Hugo_Chavez,0.0,0.558189,0.024864,"
    "373,46,589,262,38,76,80,85,-42,-9,-347.9,74.73"
)
EVENT = "8857f9a43908f227c59db9165b0ee76f"
TIME = datetime(2026, 3, 2, 8, 41, 10, 142734)
SELECTED = HUGO.replace(",0,0,0,Hugo", ",0,0,1,Hugo")
KEY = "Hugo_Chavez/2026-03-02|8857f9a43908f227c59db9165b0ee76f|2026-03-02T08:41:10.142734|(373,46,589,262)|data1"
NOTHING = lambda *_: None


class Aligned(Shown):
    """The same, as our own rules use an embedder."""

    alignment, size = Alignment(), 150

    def embed(self, crops):
        return np.repeat(self.vector[None], len(crops), axis=0)


@pytest.fixture
def site(tmp_path):
    return prepared(tmp_path, "sentinelcam")


def prepared(folder, rules):
    site = site_of(folder, rules)
    rng = np.random.default_rng(0)
    site.embedder = site.crop_embedder = Aligned(rng.normal(size=128))
    return site


def listed(site, *lines):
    site.facelist.write_text("\n".join([",".join(COLUMNS), *lines, ""]))


def photographed(site, time=TIME, content=None, event=EVENT):
    path = site.datasink.picture_path(FrameKey(DAY, event, time))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(frame() if content is None else content)


def embedded(site, version="beta1", **more):
    return embed_site(site, version, more.pop("again", False), NOTHING, **more)


def stored(site, version="beta1"):
    with h5py.File(version_files(site, version).facedata) as file:
        return {f"{name}/{face}": data[()] for name, group in file.items() for face, data in group.items()}


def test_a_selected_row_is_stored_under_its_key_and_in_use_from_today(site):
    listed(site, SELECTED)
    photographed(site)
    report = embedded(site)
    ((key, vector),) = stored(site).items()
    assert (key, vector.dtype, vector.shape) == (KEY, np.float32, (128,))
    assert np.array_equal(vector, site.embedder.vector)
    today = date.today().isoformat()
    assert site.facelist.read_text() == (
        f"{','.join(COLUMNS)},{IN_USE_COLUMN}\n{SELECTED.replace(',0,0,1,Hugo', ',0,0,2,Hugo')},{today}\n"
    )
    assert (report.gallery.added, report.in_use) == (1, 1)


@pytest.mark.parametrize("status", [0, 2, 3, 4])
def test_rows_of_another_status_are_left_alone(site, status):
    listed(site, HUGO.replace(",0,0,0,Hugo", f",0,0,{status},Hugo"))
    photographed(site)
    before = site.facelist.read_bytes()
    assert embedded(site).gallery.added == 0
    assert site.facelist.read_bytes() == before


def test_a_row_with_eyes_is_aligned_by_them_and_one_without_is_embedded_as_it_was_cut_out(site):
    narrow = SELECTED.replace("373,46,589,262", "195,102,255,162")
    blind = SELECTED.replace("373,46,589,262,38,76,80,85,-42,-9,-347.9", "300,200,348,240,0,0,0,0,0,0,-180.0")
    listed(site, SELECTED, narrow, blind)
    photographed(site)
    embedded(site)
    image = cv2.imdecode(np.frombuffer(frame(), np.uint8), cv2.IMREAD_COLOR)
    eyes = HaarEyes(38, 76, 80, 85, -42, -9, -347.9)
    wide, low, raw = site.embedder.seen
    assert np.array_equal(wide, align_eyes(image[46:262, 373:589], eyes))
    assert np.array_equal(low, align_eyes(enlarge(image[102:162, 195:255]), eyes))
    assert np.array_equal(raw, enlarge(image[200:240, 300:348]))
    assert raw.shape == (80, 96, 3)


def test_an_embedding_that_is_there_is_replaced(site):
    listed(site, SELECTED)
    photographed(site)
    embedded(site)
    listed(site, SELECTED)  # selected once more
    site.embedder.vector = site.embedder.vector + 1
    report = embedded(site)
    assert np.array_equal(stored(site)[KEY], site.embedder.vector)
    assert (report.gallery.added, report.gallery.kept, report.in_use) == (1, 0, 1)


@pytest.mark.parametrize("rules", ["sentinelcam", "deepthink"])
@pytest.mark.parametrize("content", [b"", frame()[:9000], b"no jpeg", None])
def test_a_missing_or_damaged_picture_stores_nothing_and_its_row_stays_selected(tmp_path, rules, content):  # B7
    site = prepared(tmp_path, rules)
    atzero = SELECTED.replace("373,46,589,262", "0,0,60,60")
    listed(site, atzero, SELECTED.replace("08:41:10.142734", "08:41:11.000000"))
    if content is not None:
        photographed(site, content=content)
    photographed(site, TIME.replace(second=11, microsecond=0))
    report = embedded(site)
    assert [row.status for row in Facelist(site.facelist).rows.values()] == [Status.SELECTED, Status.IN_USE]
    assert (len(stored(site)), report.in_use, report.problems) == (1, 1, 1)


@pytest.mark.parametrize("rules", ["sentinelcam", "deepthink"])
@pytest.mark.parametrize("box", ["700,10,800,110", "10,500,110,600", "300,200,-20,-20", "10,10,110,25"])
def test_a_box_that_holds_no_face_costs_itself_alone(tmp_path, rules, box):  # B8
    site = prepared(tmp_path, rules)
    blind = SELECTED.replace("373,46,589,262,38,76,80,85,-42,-9,-347.9", f"{box},0,0,0,0,0,0,-180.0")
    listed(site, blind, SELECTED)
    photographed(site)
    assert embedded(site).in_use == 1
    assert Facelist(site.facelist)[1].status == Status.SELECTED


def row(status, name="Ann", second=0):
    event = event_of("a")
    key = FrameKey(DAY, event.event, at(event, second))
    return Row(key, 0, status, name, 1.0, 0.4, -0.1, FACE, Eyes(24, 40, 71, 41, -358.8), 80.0)


@pytest.mark.parametrize(("rules", "left"), [("sentinelcam", {"Ann", "Bob", "Bea", "Cid"}), ("deepthink", {"Bea"})])
def test_revoked_removed_and_renamed_rows_stay_there_and_leave_here(tmp_path, rules, left):  # B11
    site = prepared(tmp_path, rules)
    film(site.datasink, event_of("a"), {float(n): frame() for n in range(3)}, fr1=[])
    with editing(site.facelist) as facelist:
        for second, name in enumerate(("Ann", "Bob", "Cid")):
            facelist.append(row(Status.SELECTED, name, second))
    embedded(site)
    assert len(stored(site)) == 3
    with editing(site.facelist) as facelist:
        facelist[1] = facelist[1].changed(status=Status.REVOKED)
        facelist[3] = facelist[3].changed(status=Status.REMOVE)
    rename(site.facelist, [2], "Bea")
    embedded(site)
    assert {key.split("/")[0] for key in stored(site)} == left


def test_a_row_renamed_and_selected_anew_is_stored_under_both_names_there(site):  # B11
    listed(site, SELECTED)
    photographed(site)
    embedded(site)
    with editing(site.facelist) as facelist:
        facelist[1] = facelist[1].changed(name="Hugo", status=Status.SELECTED)
    embedded(site)
    assert sorted(key.split("/")[0] for key in stored(site)) == ["Hugo", "Hugo_Chavez"]


def test_embeddings_of_two_embedders_are_never_mixed(site):
    listed(site, SELECTED)
    photographed(site)
    embedded(site)
    site.embedder.fingerprint = "other:1"
    with pytest.raises(MixedEmbeddersError):
        recognise_site(site, nobody("shown:1"), [], False, NOTHING)
    listed(site, SELECTED)
    assert embedded(site, version="beta2").gallery.added == 1  # a new version starts anew


def test_all_are_embedded_anew_when_asked_and_rows_in_use_keep_their_date(site):
    listed(site, SELECTED)
    photographed(site)
    embedded(site)
    text = site.facelist.read_text().replace(date.today().isoformat(), "2026-03-04")
    site.facelist.write_text(text)
    site.embedder.vector = site.embedder.vector + 1
    site.embedder.fingerprint = "other:1"
    assert embedded(site, again=True, accept=True).gallery.added == 1
    assert np.array_equal(stored(site)[KEY], site.embedder.vector)
    assert site.facelist.read_text() == text


def test_a_site_recognises_sweeps_and_embeds_by_sentinelcams_rules(site):
    event = event_of("a")
    film(site.datasink, event, {0.0: frame(), 1.0: frame(2), 2.0: blank()},
         fd1=[Mark(at(event, n), "0", "Face", FACE) for n in range(2)])  # fmt: skip
    film(site.datasink, event_of("b", 5), {}, fd1=[])
    report = recognise_site(site, nobody(site.embedder.fingerprint), None, False, NOTHING)
    assert (report.faces, report.named, report.unknown) == (2, 0, 1)
    assert [mark.classname for mark in site.datasink.marks(event, "fr1")] == [
        "Unknown: 0.00% (9.999999|9.999999|1|1)"] * 2  # fmt: skip
    assert not (site.datasink.data / DAY / f"{'b' * 32}_fr1.csv").exists()
    assert sweep_site(site, None, NOTHING).added == 2
    assert {one.box for one in Facelist(site.facelist).rows.values()} == {Box(195, 102, 255, 162)}


def test_the_version_in_production_decides_by_its_classifier_and_its_own_baselines(site, tmp_path):
    lines = Baselines(("Ann", "Bob"), np.eye(2, 128, dtype=np.float32), np.array([0.25, 0.5]))
    write_baselines(tmp_path / "baselines_beta1.hdf5", lines)
    site.ledger = SimpleNamespace(production=lambda: "beta1")
    site.registry = SimpleNamespace(get=lambda version: tmp_path)
    rule = Rule(("Ann", "Bob"), np.zeros((2, 128), np.float32), np.array([9.0, 9.0]))  # our thresholds are others
    sure = SimpleNamespace(probabilities=lambda probes: np.array([[0.1, 0.9]]))
    recon = face_recon(site, Recogniser(rule, sure, site.embedder.fingerprint))
    assert str(recon.label(lines.centroids[1], False, 1)) == "Bob: 90.00% (0.000000|-0.500000|1|1)"
