"""A site whose targets an inventory names: two sentinels, a datasink and an outpost, a real sshd each; both ways."""

import json
import re
import subprocess
import sys

import pytest

from deepthink.cli.main import main
from deepthink.errors import DeploymentError, GateError, SettingsError, TransitionError
from deepthink.flow.rollout import deploy_site, rollback_site, survey_site, verify_site
from deepthink.flow.rollout_record import read_records
from deepthink.flow.versions import prune_versions
from deepthink.flow.wiring import Site
from deepthink.registry.folder import FolderRegistry
from deepthink.registry.signing import Keys
from deepthink.settings import load
from tests.deployment.conftest import thin_python
from tests.deployment.nodes import Node, need_sshd
from tests.deployment.test_local import publish

__all__ = ["thin_python"]  # a fixture
ROLES = {"front": "sentinels", "back": "sentinels", "data1": "datasinks", "alpha5": "outposts"}


def quiet(target, stage):
    """Tell nobody."""


@pytest.fixture(scope="module")
def network(tmp_path_factory, thin_python):
    """Four machines and an inventory of them."""
    need_sshd()
    folder = tmp_path_factory.mktemp("network")
    nodes = {name: Node(folder / name, thin_python) for name in ROLES}
    yield nodes
    for node in nodes.values():
        node.stop()


@pytest.fixture
def site(network, tmp_path):
    """A site with three versions, and an inventory of the four machines, on which nothing runs."""
    groups = {group: {"hosts": {}} for group in ROLES.values()}
    known = []
    for name, node in network.items():
        subprocess.run(["rm", "-rf", node.home], check=True)
        node.home.mkdir()
        key = node.folder / "login_key"  # ssh takes % and spaces in the path of an IdentityFile for its own
        key.write_bytes((node.site / "key").read_bytes())
        key.chmod(0o600)
        groups[ROLES[name]]["hosts"][name] = {
            "ansible_host": "127.0.0.1", "ansible_port": node.port, "ansible_python_interpreter": node.python,
            "ansible_ssh_private_key_file": str(key), "deepthink_folder": "versions here",
        }  # fmt: skip
        known.append(node.known_hosts.read_text())
    groups["outposts"]["vars"] = {"outpost_models": ["mobilenet_ssd", "face_recognition"]}
    (tmp_path / "inventory.yaml").write_text(json.dumps({"all": {"children": groups}}))
    (tmp_path / "known_hosts").write_text("".join(known))
    return make_site(tmp_path)


def make_site(folder, **deployment):
    settings = {"deployment": {"inventory": "inventory.yaml", "via": "ssh", **deployment}}
    (folder / "site.yaml").write_text(json.dumps(settings))
    registry = FolderRegistry(folder / "registry", Keys(folder / "keys"))
    found = Site(load(folder))
    for seed, version in enumerate(("alpha", "beta2", "wrong")):
        if not (folder / "registry" / version).exists():
            (folder / version).mkdir()
            publish(registry, version, seed, folder / version, verdict={"passed": True, "gates": []})
            found.ledger.enter(version, True, 0.9, "")
    return found


def set_to(site, **deployment):
    return make_site(site.settings.root, **deployment)


def set_host(site, host, **variables):
    path = site.settings.root / "inventory.yaml"
    inventory = json.loads(path.read_text())
    for group in inventory["all"]["children"].values():
        if host in group["hosts"]:
            group["hosts"][host].update(variables)
    path.write_text(json.dumps(inventory))
    return Site(load(site.settings.root))


def runs(network):
    return {name: (node.place / "current").readlink().name for name, node in network.items()}


def holds(network, name):
    return {path.name for path in (network[name].place / "current").iterdir() if not path.is_symlink()}


PAPERS = {"manifest.yaml", "manifest.yaml.sig"}


@pytest.mark.parametrize("via", ["ssh", "ansible"])
def test_a_rollout_reaches_two_sentinels_a_datasink_and_an_outpost(site, network, via):
    site = set_to(site, via=via)
    outcomes = deploy_site(site, "alpha", None, False, quiet)
    assert {one.target: (one.version, one.verified, one.answered) for one in outcomes} == {
        name: ("alpha", True, 2 if name == "data1" else 6) for name in ROLES
    }
    assert runs(network) == dict.fromkeys(ROLES, "alpha")
    model = {"recogniser_alpha.npz", "recogniser_alpha.json", "facemodel_alpha.pickle", "golden.npz", "golden.json"}
    assert holds(network, "front") == holds(network, "alpha5") == {*model, *PAPERS}
    assert holds(network, "data1") == {"facelist_alpha.csv", *PAPERS}
    assert site.ledger.production() == "alpha"
    assert [one.error for one in verify_site(site, None, quiet)] == [""] * 4
    (record,) = read_records(site.registry.root)
    assert (record["state"], set(record["targets"])) == ("done", set(ROLES))


def test_one_that_fails_takes_all_the_others_back(site, network):
    deploy_site(site, "alpha", None, False, quiet)
    site = set_host(site, "data1", deepthink_restart="readlink 'versions here/current' | grep alpha")
    with pytest.raises(DeploymentError, match=r"data1: .*Put back on what they ran before: alpha5|front, back"):
        deploy_site(site, "beta2", None, False, quiet)
    assert runs(network) == dict.fromkeys(ROLES, "alpha")
    assert site.ledger.production() == "alpha"
    record = read_records(site.registry.root)[-1]
    assert (record["state"], record["version"]) == ("failed", "beta2")
    assert record["targets"]["front"]["reverted"]


def test_a_host_with_an_override_gets_its_own_version(site, network):
    site = set_host(site, "back", model_version_overrides={"face_recognition": "alpha"})
    deploy_site(site, "beta2", None, False, quiet)
    assert runs(network) == {**dict.fromkeys(ROLES, "beta2"), "back": "alpha"}
    looks = {look.target: (look.runs, look.version, look.bytes) for look in survey_site(site, "beta2", None)}
    assert looks == {**dict.fromkeys(ROLES, ("beta2", "beta2", 0)), "back": ("alpha", "alpha", 0)}


def test_a_part_of_the_targets_is_named_by_what_it_is(site, network, capsys):
    assert main_ends(["deploy", "alpha", "--site", str(site.settings.root), "--to", "datasinks", "--dry-run"]) == 0
    assert re.fullmatch(r"data1: nothing -> alpha, 0\.0 MB to copy\n", capsys.readouterr().out)
    assert not network["data1"].place.exists()
    (outcome,) = deploy_site(site, "alpha", "datasinks", False, quiet)
    assert outcome.target == "data1"
    assert not network["front"].place.exists()
    assert site.ledger.production() is None  # only a whole rollout makes a version the one in production
    with pytest.raises(SettingsError, match=r"no target 'watchtowers'\. Known: .*front"):
        deploy_site(site, "alpha", "watchtowers", False, quiet)


def test_a_rollback_takes_all_back_one_version_and_the_next_another(site, network):
    for version in ("alpha", "beta2"):
        deploy_site(site, version, None, False, quiet)
    outcomes = rollback_site(site, None)
    assert {(one.version, one.former, one.verified) for one in outcomes} == {("alpha", "beta2", True)}
    assert runs(network) == dict.fromkeys(ROLES, "alpha")
    assert site.ledger.production() == "alpha"
    with pytest.raises(DeploymentError, match="nothing to roll back to"):
        rollback_site(site, None)


def test_a_tainted_version_is_not_rolled_back_to(site, network):
    for version in ("alpha", "beta2"):
        deploy_site(site, version, None, False, quiet)
    site.ledger.move("taint", "alpha", "learnt a stranger")
    for to in (None, "alpha"):
        with pytest.raises(TransitionError, match="learnt a stranger"):
            rollback_site(site, None, to)
    assert runs(network) == dict.fromkeys(ROLES, "beta2")


def test_outside_the_window_nothing_begins(site, network):
    site = set_to(site, window="00:00-00:01" if not re.match("00:0", _clock()) else "12:00-12:01")
    with pytest.raises(DeploymentError, match="outside the maintenance window"):
        deploy_site(site, "alpha", None, False, quiet)
    assert not any(node.place.exists() for node in network.values())
    assert main_ends(["deploy", "alpha", "--site", str(site.settings.root), "--now", "--to", "front"]) == 0
    assert (network["front"].place / "current").readlink().name == "alpha"


def _clock():
    return subprocess.run(["date", "+%H:%M"], capture_output=True, text=True, check=True).stdout


def main_ends(words):
    try:
        main(words)
    except SystemExit as end:
        return end.code
    return 0


def test_a_wrong_version_stops_at_the_canary(site, network):
    with pytest.raises(DeploymentError, match="golden probe 0"):
        deploy_site(site, "wrong", "sentinels", False, quiet)
    assert network["front"].place.exists()
    assert not network["back"].place.exists()


def test_a_version_that_failed_validation_needs_a_word(site, network):
    folder = site.settings.root / "bad"
    folder.mkdir()
    failed = {"passed": False, "gates": [{"name": "strangers", "passed": False}]}
    publish(site.registry, "bad", 7, folder, verdict=failed)
    with pytest.raises(GateError, match=r"failed validation \(strangers\)"):
        deploy_site(site, "bad", None, False, quiet)
    assert not any(node.place.exists() for node in network.values())


def test_verify_ends_with_an_error_when_one_does_not_answer(site, network, capsys):
    deploy_site(site, "alpha", None, False, quiet)
    damaged = network["back"].place / "versions" / "alpha" / "recogniser_alpha.npz"
    damaged.chmod(0o644)
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert main_ends(["verify", "--site", str(site.settings.root), "--json"]) == 1
    told = {one["target"]: one["error"] for one in json.loads(capsys.readouterr().out)}
    assert "recogniser_alpha.npz" in told.pop("back")
    assert set(told.values()) == {""}


def test_a_killed_rollout_is_told_as_cut_off(site, network):
    for name in ROLES:
        site = set_host(site, name, deepthink_restart="kill -9 $(cat deployer)")
    script = f"""
import os, sys
sys.argv = ["deepthink"]
from deepthink.cli.main import main
main(["deploy", "alpha", "--site", {str(site.settings.root)!r}])
"""
    begun = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    for node in network.values():
        (node.home / "deployer").write_text(str(begun.pid))
    assert begun.wait() == -9
    assert [one["state"] for one in read_records(site.registry.root)] == ["cut off"]
    for name in ROLES:
        site = set_host(site, name, deepthink_restart="true")
    deploy_site(site, "alpha", None, False, quiet)
    assert runs(network) == dict.fromkeys(ROLES, "alpha")


def test_a_host_that_is_called_as_its_kind_is_meant_alone(site, network):
    inventory = site.settings.root / "inventory.yaml"
    inventory.write_text(inventory.read_text().replace('"front"', '"sentinel"'))
    site = Site(load(site.settings.root))
    (outcome,) = deploy_site(site, "alpha", "sentinel", False, quiet)
    assert outcome.target == "sentinel"
    assert not network["back"].place.exists()


def test_a_failure_of_a_host_with_its_own_version_takes_all_back(site, network):
    deploy_site(site, "alpha", None, False, quiet)
    site = set_host(site, "alpha5", model_version_overrides={"face_recognition": "wrong"})
    with pytest.raises(DeploymentError, match=r"golden probe 0.*Put back"):
        deploy_site(site, "beta2", None, False, quiet)
    assert runs(network) == dict.fromkeys(ROLES, "alpha")
    assert site.ledger.production() == "alpha"


def test_a_version_that_was_pruned_is_not_rolled_back_to_and_one_that_is_kept_is_not_pruned(site, network):
    for version in ("alpha", "beta2"):
        deploy_site(site, version, "data1", False, quiet)
    site.ledger.move("retire", "alpha", "old")
    site.ledger.move("prune", "alpha", "old")
    with pytest.raises(TransitionError, match="was pruned"):
        rollback_site(site, "data1")
    site = set_host(site, "back", model_version_overrides={"face_recognition": "wrong"})
    assert "back is kept on it" in {fate.version: fate.why for fate in prune_versions(site, 0, False)}["wrong"]


def test_what_stands_in_the_way_is_said_by_a_dry_run_and_before_anybody_waits(site, network, capsys):
    site.ledger.move("taint", "alpha", "learnt a stranger")
    for how in ("--dry-run", "--wait"):
        assert main_ends(["deploy", "alpha", "--site", str(site.settings.root), how]) == 1
        assert "learnt a stranger" in capsys.readouterr().err
    assert main_ends(["deploy", "beta2", "--site", str(site.settings.root), "--wait", "--now"]) == 1


def test_a_damaged_account_hides_no_other(site, network):
    deploy_site(site, "alpha", "data1", False, quiet)
    for number, text in enumerate(("[]", "{}", "{", '{"state": "done"}')):
        (site.registry.root / "rollouts" / f"0{number}.json").write_text(text)
    assert [one["version"] for one in read_records(site.registry.root)] == ["", "alpha"]
    assert main_ends(["rollouts", "--site", str(site.settings.root)]) == 0
