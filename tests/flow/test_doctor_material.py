"""The doctor finds what is wrong with the datasink, the facelist and the networks."""

import os
import shutil
import time
from datetime import datetime, timedelta

import pytest

from deepthink.flow.doctor import material
from deepthink.weights import KNOWN
from tests.flow.doctor_site import (
    FINE,
    HARMFUL,
    NOTICE,
    anew,
    enrol,
    film,
    site,
)
from tests.sentinelcam.site import serving

__all__ = ["site"]  # a fixture


def test_a_datasink_that_is_not_there_is_harmful(site):
    shutil.rmtree(site.settings.path(site.settings.datasink.data))
    assert material.datasink(anew(site)).harm == HARMFUL


def seen(site, ago):
    shutil.rmtree(site.settings.path(site.settings.datasink.data))
    film(site, datetime.now() - ago)
    return material.datasink(anew(site))


def test_a_datasink_into_which_nothing_comes_any_more_is_noticed(site):
    assert seen(site, timedelta(days=2)).harm == FINE
    found = seen(site, timedelta(days=4))
    assert (found.harm, "4 days ago" in found.found) == (NOTICE, True)


def test_an_event_that_is_yet_to_come_is_harmful(site):
    found = seen(site, -timedelta(hours=3))
    assert (found.harm, "yet to come" in found.found) == (HARMFUL, True)


def test_a_line_of_the_datasink_that_cannot_be_read_is_noticed(site):
    (index,) = site.settings.path(site.settings.datasink.data).glob("*/camwatcher.csv")
    index.write_text(index.read_text() + "torn,li\n")
    found = material.datasink(anew(site))
    assert (found.harm, "camwatcher.csv:2" in found.found) == (NOTICE, True)


def test_a_pump_that_does_not_answer_is_harmful(site):
    (site.settings.root / "site.yaml").write_text("datasink: {feed: tcp://127.0.0.1:9}")
    away = anew(site)
    away.datasink.timeout = 0.3
    found = material.datasink(away)
    assert (found.harm, "does not answer" in found.found) == (HARMFUL, True)


def test_a_pump_that_answers_is_read(site):
    with serving(site.settings.root / "datasink") as pump:
        (site.settings.root / "site.yaml").write_text(f"datasink: {{feed: '{pump.address}'}}")
        fed = anew(site)
        found = material.datasink(fed)
        fed.datasink.close()
    assert (found.harm, "its newest event began" in found.found) == (FINE, True)


def test_a_facelist_that_was_cut_short_is_harmful_once_nobody_writes_it(site):  # B4
    site.facelist.write_bytes(site.facelist.read_bytes()[:-20])
    assert material.facelist(site).harm != HARMFUL
    os.utime(site.facelist, times=(time.time() - 600,) * 2)
    found = material.facelist(site)
    assert (found.harm, "middle of a line" in found.found) == (HARMFUL, True)


def test_lines_of_the_facelist_that_cannot_be_read_are_counted(site):
    site.facelist.write_text(site.facelist.read_text() + "not,a,row\nnor,this\n")
    found = material.facelist(site)
    assert (found.harm, "1 rows, and 2 lines that cannot be read" in found.found) == (NOTICE, True)


def test_what_waits_for_review_is_counted(site):
    enrol(site, 12, status=0)
    assert material.facelist(site).found == "12 rows, 12 wait for review"


@pytest.mark.parametrize(
    ("check", "weights", "flag"),
    [
        (material.embedder, "face_recognition_sface_2021dec.onnx", "embedder=sface"),
        (material.detector, "face_detection_yunet_2023mar.onnx", "detection.detector=yunet"),
    ],
)
def test_weights_that_are_altered_are_harmful(site, monkeypatch, check, weights, flag):
    assert weights in {one.file for one in KNOWN.values()}
    (site.settings.root / weights).write_bytes(b"something else")
    monkeypatch.setenv("DEEPTHINK_WEIGHTS", str(site.settings.root))
    found = check(anew(site, flag))
    assert (found.harm, weights in found.found) == (HARMFUL, True)


def test_production_of_another_embedder_is_harmful(site):
    made = site.settings.root / "made beta2"
    made.mkdir()
    (made / "recogniser_beta2.npz").write_bytes(b"x")
    files = {"recogniser_beta2.npz": made / "recogniser_beta2.npz"}
    site.registry.add("beta2", files, {"embedder": "another network", "verdict": {}})
    assert material.embedder(site).harm == FINE
    site.ledger.promote("beta2")
    found = material.embedder(site)
    assert (found.harm, "another network" in found.found) == (HARMFUL, True)
