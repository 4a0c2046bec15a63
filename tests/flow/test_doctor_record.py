"""The doctor finds damaged versions, changes by hand, and work that stands still or was cut off."""

import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from deepthink.flow.doctor import record, work
from deepthink.flow.heartbeat import beat_to, beats
from deepthink.flow.journal import Journal
from tests.deployment.test_local import publish, spoil
from tests.flow.doctor_site import (
    FINE,
    HARMFUL,
    NOTICE,
    UNKNOWN,
    anew,
    site,
)

__all__ = ["site"]  # a fixture


def spoilt(folder):
    spoil(folder / "recogniser_alpha.npz")


def cut(folder):
    whole = folder / "golden.npz"
    content = whole.read_bytes()
    whole.chmod(0o644)
    whole.write_bytes(content[:-1])


def unsigned(folder):
    (folder / "manifest.yaml.sig").unlink()


def more(folder):
    (folder / "another").touch()


@pytest.mark.parametrize("how", [spoilt, cut, unsigned, more])
def test_a_version_that_is_not_what_was_published_is_harmful(site, how):
    assert record.registry(site).found == "1 versions, whole and signed"
    how(site.registry.root / "alpha")
    found = record.registry(site)
    assert found.harm == HARMFUL
    assert found.found.startswith("alpha: ")


def test_production_that_is_gone_is_harmful(site):
    shutil.rmtree(site.registry.root / "alpha")
    found = record.registry(site)
    assert (found.harm, "alpha, in production, is not in the registry" in found.found) == (HARMFUL, True)


def test_versions_that_there_was_no_time_for_are_unknown_and_production_is_read_first(site, monkeypatch):
    (site.settings.root / "made beta2").mkdir()
    publish(site.registry, "beta2", 1, site.settings.root / "made beta2")
    read, get = [], site.registry.get
    monkeypatch.setattr(site.registry, "get", lambda version: read.append(version) or time.sleep(0.2) or get(version))
    monkeypatch.setattr(record, "READ_SECONDS", 0.1)
    found = record.registry(site)
    assert (found.harm, "1 of 2 versions were read" in found.found) == (UNKNOWN, True)
    assert read == ["alpha"]


def test_changes_by_hand_in_the_ledger_are_noticed(site):
    site.ledger.path.write_text(site.ledger.path.read_text().replace("alpha", "beta2"))
    found = record.ledger(site)
    assert (found.harm, "changed by hand" in found.found) == (NOTICE, True)


def test_a_version_whose_publication_was_killed_before_it_was_entered_is_noticed(site):
    (site.settings.root / "made beta2").mkdir()
    publish(site.registry, "beta2", 1, site.settings.root / "made beta2")
    found = record.ledger(site)
    assert (found.harm, found.next) == (NOTICE, "deepthink publish beta2")


BEATS = "import sys, time; from pathlib import Path; from deepthink.flow.heartbeat import beat_to\n"
BEATS += "beat_to(Path(sys.argv[1]))(3, 42, 'fitting candidates'); print('told', flush=True); time.sleep(60)"


def test_a_training_that_stands_still_is_harmful_and_one_that_was_killed_is_noticed(site):
    beat = site.training / ".facemodel_gamma4.beat"
    kernel = subprocess.Popen([sys.executable, "-c", BEATS, str(beat)], stdout=subprocess.PIPE)
    try:
        assert kernel.stdout.readline() == b"told\n"
        found = work.training(site)
        assert (found.harm, "3 of 42, fitting candidates" in found.found) == (FINE, True)
        os.utime(beat, times=(time.time() - 40 * 60,) * 2)
        found = work.training(site)
        assert (found.harm, f"kill {kernel.pid}" in found.next) == (HARMFUL, True)
        assert work.training(anew(site, "train.stall_minutes=60")).harm == FINE
    finally:
        kernel.kill()
        kernel.wait()
        kernel.stdout.close()
    assert work.training(site).harm == NOTICE


def test_a_beat_that_is_told_can_be_read_from_outside(site):
    beat_to(site.training / ".facemodel_gamma4.beat")(1, 2, "drawing")
    (beat,) = beats(site.training)
    assert (beat.name, beat.done, beat.total, beat.what, beat.pid) == ("facemodel_gamma4", 1, 2, "drawing", os.getpid())


def test_a_run_that_has_waited_for_long_is_noticed(site):
    journal = Journal(site.training)
    run = journal.begin("gamma4")
    assert work.run(site).harm == FINE
    journal.state.write_text(json.dumps({**vars(run), "done": ["sweep"], "started": "2026-03-02T08:00:00"}))
    found = work.run(site)
    assert (found.harm, "as far as sweep" in found.found) == (NOTICE, True)
