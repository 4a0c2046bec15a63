"""Versions of a real small site: compared, followed back to their faces, tainted, and named by the day."""

import json
import shutil

import pytest

from deepthink.curation.facelist import Facelist
from deepthink.embedding import facedata
from deepthink.simulate.plan import drawn_plan, simulate
from tests.end_to_end.command import command

DAY = "2026-03-05"


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """A small site with two versions in it, the second called by the day."""
    folder = tmp_path_factory.mktemp("versions") / "site"
    simulate(folder, drawn_plan(seed=3, residents=3, strangers=10).only("enrol", "validate"))
    command("run", folder)
    command("run", folder, "--from", "embed", "--version", DAY)
    return folder


@pytest.fixture
def site(walked, tmp_path):
    shutil.copytree(walked, tmp_path / "site", symlinks=True)
    return tmp_path / "site"


def versions(site, *words, **more):
    done = command("versions", *words, "--site", site, "--json", **more)
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr


def test_the_list_says_where_each_stands_and_who_runs_it(site):
    newest, oldest = versions(site, "list")
    assert (newest["version"], newest["lane"], newest["targets"]) == (DAY, "production", ["sentinel1"])
    assert (oldest["version"], oldest["lane"]) == ("alpha", "validated")
    assert [entry["what"] for entry in versions(site, "history")] == ["entered", "promoted"] * 2


def test_two_versions_side_by_side(site):
    lines = {line["what"]: line for line in versions(site, "compare", "alpha", DAY)}
    assert (lines["stands"]["first"], lines["stands"]["second"], lines["stands"]["differs"]) == (
        "validated", "production", True,
    )  # fmt: skip
    assert lines["before it"]["second"] == "alpha"
    assert not lines["people"]["differs"]
    assert lines["residents missed (FNIR)"]["first"].endswith("%") is False


def test_a_version_is_followed_to_exactly_the_faces_that_it_was_trained_on(site):
    found = versions(site, "lineage", DAY)
    held = facedata.read(site / f"registry/{DAY}/facedata_{DAY}.hdf5")
    gallery = [face for face in found["faces"] if face["use"] != "stranger"]
    assert len(gallery) == len(held.keys)
    assert found["before"] == ["alpha"]
    rows = Facelist(site / f"registry/{DAY}/facelist_{DAY}.csv").rows
    for face in gallery:
        row = rows[face["row"]]
        assert (row.name, row.frame.date, row.frame.event) == (face["person"], face["date"], face["event"])
        assert face["picture"]
    one = versions(site, "lineage", DAY, "--person", gallery[0]["person"])
    assert {face["person"] for face in one["faces"]} == {gallery[0]["person"]}
    assert "knows nobody called Nobody" in versions(site, "lineage", DAY, "--person", "Nobody", check=False)


def test_a_tainted_version_is_neither_deployed_nor_rolled_back_to(site):
    versions(site, "link")
    versions(site, "taint", "alpha", "--why", "Ada was listed as Bela")
    for words in (("deploy", "alpha", "--force"), ("rollback",)):
        refused = command(*words, "--site", site, check=False)
        assert refused.returncode == 1
        assert "Ada was listed as Bela" in refused.stderr
    assert (site / "targets/sentinel1/current").resolve().name == DAY
    versions(site, "restore", "alpha", "--why", "it was Ada")
    versions(site, "approve", "alpha", "--why", "it was Ada")
    command("rollback", "--site", site)
    assert (site / "registry/facemodel_production.pickle").resolve().name == "facemodel_alpha.pickle"
    assert versions(site, "history")[-1]["why"] == "rolled back"


def test_what_runs_and_what_ran_before_it_outlive_every_pruning(site):
    fates = versions(site, "prune", "--keep", "0", "--delete")
    assert [one["fate"] for one in fates] == ["kept", "kept"]
    assert (site / "registry/alpha").is_dir()


def test_a_hand_edit_stops_a_deployment_and_the_status_says_so(site):
    ledger = site / "registry/versions.yaml"
    ledger.write_text(ledger.read_text().replace("version: alpha", "version: omega24"))
    assert "omega24 was added to validated" in json.loads(command("status", site, "--json").stdout)["next"]
    refused = command("deploy", "alpha", "--site", site, check=False)
    assert "changed by hand" in refused.stderr
    assert "omega24 must stand there once" in versions(site, "accept", "--why", "x", check=False)
    assert len(versions(site, "undo")) == 2
    command("deploy", "alpha", "--site", site)


def test_the_second_version_of_a_day_gets_a_number(site):
    command("run", site, "--from", "embed", "--version", DAY)
    assert json.loads(command("status", site, "--json").stdout)["production"] == f"{DAY}-2"


def test_production_becomes_current_in_sentinelcams_registry_and_what_is_tainted_does_not_get_there(site, tmp_path):
    flags = ("--registry", tmp_path / "model_registry", "--config", tmp_path / "model_registry.yaml")
    assert versions(site, "export-sentinelcam", DAY, *flags)["name"] == DAY
    assert versions(site, "export-sentinelcam", "alpha", *flags)["current"] is False
    theirs = json.loads(command("versions", "sentinelcam", *flags, "--json").stdout)
    assert {one["version"]: one["used"] for one in theirs}[DAY] == "current"
    assert all(one["state"].startswith("whole") for one in theirs)
    versions(site, "taint", "alpha", "--why", "x")
    assert "alpha is tainted" in versions(site, "export-sentinelcam", "alpha", *flags, check=False)
