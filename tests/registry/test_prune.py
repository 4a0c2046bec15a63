"""Pruning: what must stay stays, whatever the retention, and a kill leaves nothing half removed."""

import itertools
import shutil
import signal
import subprocess
import sys

import pytest

from deepthink.errors import HandEditError
from deepthink.registry.folder import FolderRegistry
from deepthink.registry.ledger import Ledger
from deepthink.registry.naming import next_name
from deepthink.registry.prune import KEPT, plan, prune

DIES = """
import os, signal, sys
from pathlib import Path
from deepthink.registry.folder import FolderRegistry
from deepthink.registry.ledger import Ledger
from deepthink.registry.prune import prune
seen = 0
def hook(event, args):
    global seen
    if event in ("os.rename", "os.remove", "os.rmdir", "shutil.rmtree") or event == "open" and args[2] & os.O_APPEND:
        seen += 1
        if seen == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
root = Path(sys.argv[1])
registry, ledger = FolderRegistry(root), Ledger(root / "versions.yaml")
sys.addaudithook(hook)
prune(registry, ledger, 0, {})
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Ten versions: alpha failed, beta2, gamma3 ran, delta4 runs, epsilon5 is tainted, zeta6 retired, eta7 pinned."""
    folder = tmp_path_factory.mktemp("made")
    registry, names = FolderRegistry(folder / "registry"), []
    ledger = Ledger(registry.root / "versions.yaml")
    (folder / "made").write_text("model")
    for number in range(10):
        names.append(next_name(names))
        files = {"a": folder / "made", "b": folder / "made"}
        registry.add(names[-1], files, {"created": f"2026-03-{number + 1:02d}"})
        ledger.enter(names[-1], names[-1] != "alpha", 0.9, "")
    for version in ("beta2", "gamma3", "delta4"):
        ledger.promote(version)
    ledger.move("taint", "epsilon5", "wrong")
    ledger.move("retire", "zeta6", "old")
    ledger.pin("eta7", "the winter one")
    return folder


@pytest.fixture
def registry(made, tmp_path):
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return FolderRegistry(tmp_path / "registry")


@pytest.fixture
def ledger(registry):
    return Ledger(registry.root / "versions.yaml")


def kept(fates):
    return {one.version for one in fates if one.fate == KEPT}


@pytest.mark.parametrize("keep", [0, 1, 2, 9])
def test_what_must_stay_stays_and_of_the_rest_the_newest(registry, ledger, keep):
    fates = prune(registry, ledger, keep, {})
    always, ordinary = {"gamma3", "delta4", "eta7"}, ["kappa10", "iota9", "theta8", "beta2", "alpha"]
    assert kept(fates) == set(registry.versions()) == always | set(ordinary[:keep])
    assert ledger.pruned() == {one.version for one in fates} - kept(fates)
    assert all(ledger.lane(version) for version in registry.versions())


def test_a_plan_says_the_same_and_removes_nothing(registry, ledger):
    before = registry.versions(), ledger.path.read_bytes()
    planned = [(one.version, one.fate, one.why) for one in plan(registry, ledger, 1, {})]
    assert (registry.versions(), ledger.path.read_bytes()) == before
    assert planned == [(one.version, one.fate, one.why) for one in prune(registry, ledger, 1, {})]
    assert ("eta7", KEPT, "pinned: the winter one") in planned


@pytest.mark.parametrize(("lane", "act"), [("retire", "zeta6"), ("taint", "epsilon5")])
def test_what_ran_before_production_a_pin_or_a_node_keeps_stays_even_when_it_is_retired(registry, ledger, lane, act):
    ledger.move(lane, "gamma3", "bad")
    ledger.pin("zeta6", "evidence")
    assert {"gamma3", "zeta6", "epsilon5"} <= kept(prune(registry, ledger, 0, {"epsilon5": "sentinel1 runs it"}))


def test_after_a_rollback_what_ran_and_what_a_rollback_would_go_to_stay(registry, ledger):
    ledger.promote("gamma3", why="rolled back")
    assert {"beta2", "gamma3", "delta4"} <= kept(prune(registry, ledger, 0, {}))


def test_a_version_that_the_ledger_does_not_know_stays(registry, ledger, tmp_path):
    registry.add("strange", {"a": tmp_path / "made"}, {"created": "2025"})
    assert "strange" in kept(prune(registry, ledger, 0, {}))


def test_a_hand_edit_stops_the_pruning_before_anything_is_removed(registry, ledger):
    text = ledger.path.read_text()
    ledger.path.write_text(text.replace("pinned: the winter one", "pinned: no"))
    with pytest.raises(HandEditError):
        prune(registry, ledger, 0, {})
    assert len(registry.versions()) == 10


def test_a_name_that_was_pruned_is_not_suggested_again(registry, ledger):
    prune(registry, ledger, 0, {})
    assert next_name([*registry.versions(), *ledger.history.known()]) == "lambda11"


def test_a_kill_at_any_moment_leaves_every_version_whole_or_gone_and_the_next_prune_finishes(registry, ledger):
    always = {"gamma3", "delta4", "eta7"}
    for moment in itertools.count(1):
        words = [sys.executable, "-c", DIES, str(registry.root), str(moment % 12 + 1)]
        code = subprocess.run(words, check=False).returncode
        assert always <= set(registry.versions())
        for version in registry.versions():
            assert registry.get(version)
        listed = {version for version in registry.versions() if ledger.lane(version)}
        in_ledger = {entry["version"] for lane in ("validated", "experimental", "retired", "tainted")
                     for entry in ledger.read().get(lane) or []} | {ledger.production()}  # fmt: skip
        assert in_ledger == listed  # it never names what is not there
        assert ledger.edits() == []
        if code == 0:
            break
        assert code == -signal.SIGKILL
    assert moment > 3
    assert set(registry.versions()) == always
    ledger.unpin("eta7")  # the next change clears up what a killed one had begun to write
    assert not list(registry.root.glob(".*.part"))
