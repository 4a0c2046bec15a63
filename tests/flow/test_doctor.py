"""The doctor looks at everything at once, in time, changes nothing, and finds nothing where nothing is wrong."""

import os
import time

import pytest

from deepthink.errors import SettingsError
from deepthink.flow.doctor import examine as whole
from deepthink.flow.doctor import machine, material, place, record, work
from deepthink.flow.doctor.examine import examine
from deepthink.flow.doctor.finding import Harm
from tests.deployment.test_local import spoil
from tests.flow.doctor_site import FINE, HARMFUL, NOTICE, UNKNOWN, enrol, of, site

__all__ = ["site"]  # a fixture


def fine(site):
    """What all checks of files say when nothing is wrong: that what was found was the fault."""
    checks = (place.paths, place.permissions, place.keys, place.locks, place.leftovers, machine.disk, machine.memory,
              material.datasink, material.facelist, material.detector, material.embedder, record.registry,
              record.ledger, work.training, work.run, machine.services)  # fmt: skip
    return {check.__name__: said for check in checks if (said := check(site)).harm != FINE} == {}


def test_a_healthy_site_is_fine(site):
    assert fine(site)
    findings = examine(site.settings.root)
    assert {one.name for one in findings if one.harm in (HARMFUL, NOTICE)} - {"clock", "heat"} == set()
    assert {one.where for one in findings} == {"here", "sentinel1"}
    assert of(findings, "version", "sentinel1").found == "alpha, whole and signed, answers"
    assert of(findings, "notebook").harm == FINE
    assert of(findings, "libraries").harm == FINE


def test_nothing_is_changed_by_looking(site):
    def state():
        paths = sorted(site.settings.root.rglob("*"))
        return {path: (path.lstat().st_mtime_ns, path.lstat().st_size) for path in paths}

    before = state()
    examine(site.settings.root)
    assert state() == before


def test_a_slip_in_the_settings_is_all_there_is_to_say(site):
    (site.settings.root / "site.yaml").write_text("train: {presett: quick}\n")
    (found,) = examine(site.settings.root)
    assert (found.name, found.harm) == ("settings", HARMFUL)
    assert "train.presett" in found.found


def test_a_check_that_fails_itself_is_unknown_with_its_reason(site):
    def broken(site):
        raise RuntimeError("no such\nluck")

    (found,) = whole._here(broken, site).done()
    assert (found.name, found.harm, found.found) == ("broken", UNKNOWN, "the check itself failed: no such luck")


def test_a_facelist_that_cannot_be_read_does_not_keep_the_rest_from_being_looked_at(site):
    site.facelist.unlink()
    site.facelist.mkdir()
    findings = examine(site.settings.root)
    assert of(findings, "facelist").harm == HARMFUL
    assert (of(findings, "disk").harm, of(findings, "memory").harm) == (UNKNOWN, UNKNOWN)
    assert of(findings, "registry").harm == FINE


def test_a_check_that_hangs_is_unknown_and_the_others_are_told(site):
    os.mkfifo(site.settings.root / "pipe")
    (site.settings.root / "site.yaml").write_text("facelist: pipe\n")
    begun = time.monotonic()
    findings = examine(site.settings.root, seconds=6)
    assert time.monotonic() - begun < 9
    assert (of(findings, "facelist").harm, of(findings, "facelist").found) == (UNKNOWN, "no answer within 6 s")
    assert of(findings, "registry").harm == FINE


def test_one_target_alone_is_looked_at_when_asked(site):
    assert {one.where for one in examine(site.settings.root, "sentinel1")} == {"sentinel1"}
    with pytest.raises(SettingsError, match="sentinel1"):
        examine(site.settings.root, "cellar")


def test_a_target_here_that_runs_what_was_not_published_is_harmful(site):
    (target,) = site.targets
    spoil(target.folder / "current" / "recogniser_alpha.npz")
    found = of(examine(site.settings.root), "version", "sentinel1")
    assert (found.harm, "recogniser_alpha.npz" in found.found) == (HARMFUL, True)


def test_a_ledger_that_cannot_be_read_hides_no_target(site):
    site.ledger.path.write_text("- not a ledger\n")
    site.ledger.history.path.unlink()
    findings = examine(site.settings.root)
    assert of(findings, "ledger").harm == HARMFUL
    assert "must hold production" in of(findings, "ledger").found
    assert of(findings, "disk", "sentinel1").harm == FINE


def test_an_inventory_that_cannot_be_read_hides_nothing_else(site):
    (site.settings.root / "site.yaml").write_text("deployment: {inventory: hosts.yaml}\n")
    findings = examine(site.settings.root)
    assert of(findings, "targets").harm == HARMFUL
    assert "hosts.yaml" in of(findings, "targets").found
    assert of(findings, "registry").harm == FINE


def test_targets_are_named_by_what_they_are_too(site):
    assert {one.where for one in examine(site.settings.root, "sentinels")} == {"sentinel1"}


def test_findings_come_in_order_of_harm(site):
    site.keys.private.chmod(0o644)
    (site.registry.root / ".beta2.x.part").mkdir()
    os.utime(site.registry.root / ".beta2.x.part", times=(0, 0))
    harms = [one.harm for one in examine(site.settings.root)]
    assert harms == sorted(harms, key=list(Harm).index)
    assert harms[0] == HARMFUL


def test_it_is_quick_on_a_site_of_100_000_rows(site):
    enrol(site, 100_000, people=100)
    begun = time.monotonic()
    findings = examine(site.settings.root)
    assert time.monotonic() - begun < 15  # a bound for busy machines; docs/steps/doctor.md has the figure
    assert of(findings, "facelist").found.startswith("100,000 rows")
    assert of(findings, "memory").harm in (FINE, HARMFUL)
