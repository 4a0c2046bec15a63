"""A target that Ansible reaches keeps the contract of the others, through the same faults."""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from deepthink.deployment import ansible
from deepthink.deployment.ansible import AnsibleTarget, Reach, Talk
from deepthink.errors import DeploymentError
from deepthink.testing.checks import check_target
from tests.deployment.nodes import running
from tests.deployment.test_local import registry, roll_out
from tests.deployment.test_ssh import trained, versions
from tests.deployment.test_ssh_faults import fork, when, whole

__all__ = ["registry", "trained"]  # fixtures


def target_of(node, **more):
    """Return the node as an inventory names it; `more` are variables of the host, or what the target takes."""
    key = node.folder / "login_key"
    shutil.copy(node.site / "key", key)
    service = {name: more.pop(name) for name in ("restart", "healthy", "wait") if name in more}
    variables = {
        "ansible_host": "127.0.0.1", "ansible_port": node.port, "ansible_ssh_private_key_file": str(key),
        "ansible_python_interpreter": node.python, **more,
    }  # fmt: skip
    (node.folder / "inventory.json").write_text(json.dumps({"all": {"hosts": {"porch": variables}}}))
    reach = Reach(node.folder / "inventory.json", node.known_hosts, "porch", variables)
    return AnsibleTarget("porch", Path("versions here"), reach, **{"wait": 20.0, **service})


def test_it_keeps_the_contract(trained, node):
    target = target_of(node)
    target.site_signers = trained.keys.signers
    check_target(target, versions(trained))


def test_a_large_file_is_copied_by_ansible(registry, node, monkeypatch):
    monkeypatch.setattr(ansible, "SMALL", 0)
    (outcome,) = roll_out(registry, "alpha", target_of(node))
    assert (outcome.error, outcome.answered) == ("", 6)


WEAK = {"ansible_host_key_checking": False, "ansible_ssh_common_args": "-o StrictHostKeyChecking=no"}


@pytest.mark.parametrize("weak", [{}, WEAK, {"ansible_ssh_args": "-o StrictHostKeyChecking=no"}])
def test_host_keys_are_checked_whatever_the_inventory_says(registry, node, weak):
    node.known_hosts.unlink()
    (outcome,) = roll_out(registry, "alpha", target_of(node, **weak))
    assert "nothing says that this is your node" in outcome.error
    assert not node.place.exists()


def test_a_host_that_is_away_is_told_with_what_to_try(registry, node):
    (outcome,) = roll_out(registry, "alpha", target_of(node, ansible_port=1))
    assert "cannot be reached" in outcome.error
    assert "-m ping" in outcome.error
    assert not outcome.reached


def test_a_service_that_does_not_come_up_goes_back(registry, node):
    target = target_of(node, restart="! readlink 'versions here/current' | grep beta2")
    running(registry, target, "alpha")
    (outcome,) = roll_out(registry, "beta2", target)
    assert "it was put back on alpha" in outcome.error
    assert whole(target, "alpha") == "alpha"


def test_a_connection_that_is_cut_during_the_switch_leaves_a_whole_version(registry, node):
    target = target_of(node, restart=f"touch '{node.folder}/begun'; sleep 2; ! test -e 'versions here/versions/beta2'")
    running(registry, target_of(node), "alpha")
    with when((node.folder / "begun").exists, node.cut):
        (outcome,) = roll_out(registry, "beta2", target)
    assert "the connection was lost during 'switch'" in outcome.error
    assert outcome.version == whole(target, "alpha")


def deploy_and_die(registry, target, do):
    """Deploy beta2, and be killed while a request of that name is under way."""
    carried = Talk._carried

    def killed(self, asked, line, seconds):
        if asked == do:
            self._lines.write(json.dumps(line).encode() + b"\n")
            self._lines.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        return carried(self, asked, line, seconds)

    Talk._carried = killed
    roll_out(registry, "beta2", target)


@pytest.mark.parametrize("do", ["lock", "begin", "take", "place", "answer", "switch"])
def test_a_deployer_that_is_killed_leaves_a_whole_version_and_no_claim(registry, node, do):
    running(registry, node.target(), "alpha")
    _, status = os.waitpid(fork(lambda: deploy_and_die(registry, target_of(node), do)), 0)
    assert os.WIFSIGNALED(status)
    after = node.target(wait=60.0)
    with after.claimed():  # over plain ssh, which waits for the claim to be given up
        assert whole(after, "alpha", "beta2") == ("beta2" if do == "switch" else "alpha")
    assert not (node.place / ".rollout.lease").exists()
    assert not list(node.place.glob("versions/.*"))


def test_two_deployers_at_once_are_kept_apart(registry, node):
    running(registry, node.target(), "alpha")
    with node.target().claimed(), pytest.raises(DeploymentError, match="another deployment is at it"):
        running(registry, target_of(node, wait=0.5), "beta2")
    with target_of(node).claimed(), pytest.raises(DeploymentError, match="another deployment is at it"):
        running(registry, node.target(wait=0.5), "beta2")
    assert whole(node.target(), "alpha") == "alpha"
