"""Whatever goes wrong during a deployment over ssh, the node ends on one whole, verified version, old or new."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time

import pytest

from deepthink.deployment.connection import Connection
from deepthink.deployment.local import LocalTarget
from deepthink.errors import DeploymentError
from deepthink.registry.folder import FolderRegistry
from tests.deployment.nodes import running
from tests.deployment.test_local import registry, roll_out
from tests.lacking import need_root

__all__ = ["registry"]  # a fixture


def whole(target, *allowed):
    """Assert that the node runs one of these versions, and that it answers; return which."""
    version = target.current()
    assert version in allowed
    assert target.verify(version) == 6
    return version


def left_over(node):
    return list((node.place / "versions").glob(".*"))


@contextlib.contextmanager
def when(condition, action):
    """Do something, in a thread of its own, as soon as a condition holds."""
    end, done = threading.Event(), []

    def watch():
        while not end.is_set():
            if condition():
                action()
                done.append(True)
                return

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()
    assert done, "the moment never came"


@pytest.fixture(scope="module")
def large(registry, tmp_path_factory):
    """A version that takes a while to copy."""
    made, folder = FolderRegistry(tmp_path_factory.mktemp("large"), registry.keys), tmp_path_factory.mktemp("more")
    files = {path.name: path for path in registry.get("beta2").iterdir() if not path.name.startswith("manifest")}
    (folder / "facemodel_beta2.pickle").write_bytes(os.urandom(60_000_000))
    made.add("beta2", {**files, "facemodel_beta2.pickle": folder / "facemodel_beta2.pickle"}, {"created": "2026-03-02"})
    return made


def test_a_connection_that_is_cut_during_the_copy_leaves_the_old_version(registry, large, node):
    target = node.target()
    running(registry, target, "alpha")

    def copying():
        return any(path.stat().st_size > 1e6 for path in node.place.glob("versions/.*/facemodel_beta2.pickle"))

    with when(copying, node.cut):
        (outcome,) = roll_out(large, "beta2", target)
    assert "the connection was lost during 'put'" in outcome.error
    assert (outcome.version, whole(target, "alpha")) == ("alpha", "alpha")
    assert roll_out(large, "beta2", target)[0].verified
    assert left_over(node) == []


def test_a_switch_is_carried_through_when_the_connection_is_cut(registry, node):
    """The service does not come up, and nobody is there any more to say so: the node goes back by itself."""
    target = node.target(restart=f"touch '{node.folder}/begun'; sleep 2; ! test -e 'versions here/versions/beta2'")
    running(registry, node.target(), "alpha")
    with when((node.folder / "begun").exists, node.cut):
        (outcome,) = roll_out(registry, "beta2", target)
    assert "the connection was lost during 'switch'" in outcome.error
    assert outcome.version == whole(target, "alpha")


def test_a_node_that_is_gone_is_told_as_not_reached(registry, node):
    target = node.target(restart="sleep 2")
    running(registry, node.target(), "alpha")

    with when(lambda: any(node.place.glob("versions/beta2")), node.vanish):
        (outcome,) = roll_out(registry, "beta2", target)
    assert (outcome.version, outcome.reached) == (None, False)
    assert "and after reverting: porch: it cannot be reached" in outcome.error
    node.start()
    whole(target, "alpha", "beta2")


def test_a_node_that_restarts_between_stage_and_switch_runs_the_old_version(registry, node):
    target = node.target()
    running(registry, target, "alpha")
    with target.claimed():
        target.stage(registry.get("beta2"), registry.manifest("beta2"))
        os.kill(target._connection.ask("facts", numpy=False)["pid"], signal.SIGKILL)
        node.stop()
    node.start()
    assert whole(target, "alpha") == "alpha"
    assert roll_out(registry, "beta2", target)[0].version == "beta2"


def test_a_node_that_dies_between_link_and_restart_is_started_anew_by_the_next_deployment(registry, node):
    target = node.target(restart="kill -9 $PPID")
    running(registry, node.target(), "alpha")
    with pytest.raises(DeploymentError, match="connection was lost during 'switch'"):
        running(registry, target, "beta2")
    assert whole(target, "beta2") == "beta2"
    again = node.target(restart="echo again >> restarts")
    for _ in range(2):
        assert roll_out(registry, "beta2", again)[0].error == ""
    assert (node.home / "restarts").read_text() == "again\n"
    assert again.previous() == "alpha"


def test_a_full_disk_is_seen_before_anything_is_copied(registry, node):
    need_root("mount a small disk")
    target = node.target()
    running(registry, target, "alpha")
    shutil.copytree(node.place, node.folder / "aside", symlinks=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "small", str(node.place)], check=True)
    try:
        shutil.copytree(node.folder / "aside", node.place, symlinks=True, dirs_exist_ok=True)
        (outcome,) = roll_out(registry, "beta2", target)
        assert "MB are free in versions here there" in outcome.error
        assert (outcome.version, whole(target, "alpha"), left_over(node)) == ("alpha", "alpha", [])
    finally:
        subprocess.run(["umount", str(node.place)], check=True)


def test_a_disk_that_fills_during_the_copy_leaves_the_old_version(registry, large, node):
    """A limit of the file size stands for it: the write fails as on a full disk, without need of root."""
    target = node.target()
    running(registry, target, "alpha")
    node.enter_by("ulimit -f 2000")
    (outcome,) = roll_out(large, "beta2", target)
    assert "File too large" in outcome.error
    node.enter_by("")
    assert (outcome.version, whole(target, "alpha"), left_over(node)) == ("alpha", "alpha", [])


def test_a_folder_that_may_not_be_written_is_named_with_what_to_do(registry, node):
    target = node.target()
    running(registry, target, "alpha")
    (node.place / "versions").chmod(0o500)
    if os.getuid() == 0:  # root would write all the same
        drop = "-dac_override,-dac_read_search"
        node.enter_by(f'exec setpriv --inh-caps={drop} --bounding-set={drop} sh -c "$SSH_ORIGINAL_COMMAND"')
    (outcome,) = roll_out(registry, "beta2", target)
    (node.place / "versions").chmod(0o755)
    assert "may not write" in outcome.error
    assert "chown" in outcome.error
    assert (outcome.version, whole(target, "alpha")) == ("alpha", "alpha")


RUNS = "$(readlink 'versions here/current')"


def test_a_service_that_does_not_come_up_goes_back(registry, node):
    target = node.target(restart=f"echo {RUNS} >> runs; case {RUNS} in *beta2) echo no camera; exit 3;; esac")
    running(registry, target, "alpha")
    (outcome,) = roll_out(registry, "beta2", target)
    assert "beta2: the service did not come up" in outcome.error
    assert "ended with 3: no camera; it was put back on alpha" in outcome.error
    assert (outcome.version, whole(target, "alpha"), target.previous()) == ("alpha", "alpha", None)
    assert (node.home / "runs").read_text().split() == ["versions/alpha", "versions/beta2", "versions/alpha"]


def test_a_service_that_comes_up_and_is_not_healthy_goes_back(registry, node):
    target = node.target(
        restart=f"echo {RUNS} >> runs; sleep 20 &", healthy='test "$(tail -n1 runs)" != versions/beta2', patience=1.0
    )
    running(registry, target, "alpha")
    (outcome,) = roll_out(registry, "beta2", target)
    assert "beta2: the service is not healthy after 1 s" in outcome.error
    assert (outcome.version, whole(target, "alpha"), target.previous()) == ("alpha", "alpha", None)


def test_a_service_that_needs_a_moment_is_waited_for(registry, node):
    target = node.target(restart="(sleep 1; touch up) > /dev/null 2>&1 &", healthy="test -e up", patience=20.0)
    assert roll_out(registry, "alpha", target)[0].verified


def test_a_first_version_whose_service_stays_down_is_taken_away(registry, node):
    (outcome,) = roll_out(registry, "alpha", node.target(restart="exit 1"))
    assert "nothing ran before" in outcome.error
    assert (outcome.version, node.target().current()) == (None, None)


def test_a_step_back_to_a_version_whose_service_stays_down_is_undone(registry, node):
    running(registry, node.target(), "alpha", "beta2")
    target = node.target(restart=f"case {RUNS} in *alpha) exit 1;; esac")
    with pytest.raises(DeploymentError, match="it was put back on beta2"):
        target.step_back()
    assert (target.current(), target.previous()) == ("beta2", "alpha")


def fork(work):
    """Do something in a process of its own, and return its number."""
    pid = os.fork()
    if pid:
        return pid
    with contextlib.suppress(BaseException):
        work()
    os._exit(0)


def deploy_and_die(registry, target, step):
    """Deploy beta2, and be killed right after the request of that number was sent: the node is at work on it."""
    sent, request = [], Connection._request

    def counted(self, do, what):
        request(self, do, what)
        sent.append(do)
        if len(sent) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    Connection._request = counted
    roll_out(registry, "beta2", target)


def test_a_deployer_that_is_killed_at_any_step_leaves_the_old_version_or_the_new(registry, node):
    target = node.target(restart="echo again >> restarts", healthy="true")
    running(registry, target, "alpha")
    seen, step, died = set(), 0, True
    while died:
        step += 1
        _, status = os.waitpid(fork(lambda: deploy_and_die(registry, target, step)), 0)  # noqa: B023
        died = os.WIFSIGNALED(status)
        with target.claimed():  # whoever is killed leaves no lock
            seen.add(whole(target, "alpha", "beta2"))
            if target.current() == "beta2":
                assert target.step_back() == "alpha"
            shutil.rmtree(node.place / "versions" / "beta2", ignore_errors=True)
    assert (step > 20, seen) == (True, {"alpha", "beta2"})


def test_two_deployers_at_once_take_turns(registry, node):
    target = node.target()
    running(registry, target, "alpha")
    deployers = [fork(lambda v=version: roll_out(registry, v, target)) for version in ("beta2", "gamma3")]
    for deployer in deployers:
        assert os.waitpid(deployer, 0)[1] == 0
    last = whole(target, "beta2", "gamma3")
    assert {last, target.previous()} == {"beta2", "gamma3"}


def test_a_deployer_that_has_waited_long_enough_is_refused(registry, node):
    with node.target().claimed():
        begun = time.monotonic()
        (outcome,) = roll_out(registry, "alpha", node.target(wait=0.3))
        assert time.monotonic() - begun < 10
    assert "another deployment is at it" in outcome.error
    assert roll_out(registry, "alpha", node.target())[0].verified


def test_a_local_deployment_into_the_same_folder_is_kept_out_too(registry, node):
    with LocalTarget("door", node.place).claimed(), pytest.raises(DeploymentError, match="another deployment"):
        running(registry, node.target(wait=0.3), "alpha")
