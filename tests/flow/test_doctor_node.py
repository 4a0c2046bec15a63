"""The doctor finds each fault of a node over ssh, changes nothing there, and keeps nobody away."""

import json
import shutil
import subprocess
import sys
import time

import pytest

from deepthink.flow.doctor.examine import examine
from deepthink.flow.doctor.finding import HERE, Harm
from tests.deployment.conftest import node, thin_python
from tests.deployment.nodes import running
from tests.deployment.test_local import spoil
from tests.flow.doctor_site import healthy, of, put_out, without_power
from tests.lacking import need_root

__all__ = ["node", "thin_python"]  # fixtures
FINE, NOTICE, HARMFUL, UNKNOWN = Harm.FINE, Harm.NOTICE, Harm.HARMFUL, Harm.UNKNOWN


@pytest.fixture
def site(node, tmp_path):
    """A site whose node runs what is in production, whole and signed."""
    made = healthy(tmp_path / "site")
    running(made.registry, node.target(), "alpha")
    (made.settings.root / "known_hosts").write_text(node.known_hosts.read_text())
    return made


def look(site, node, seconds=45.0, **more):
    """Let the doctor look at the node, as a target of the site."""
    reach = {"host": "127.0.0.1", "port": node.port, "key": str(node.site / "key"), "python": node.python}
    target = {"name": "porch", "kind": "ssh", "folder": "versions here", **reach, **more}
    (site.settings.root / "site.yaml").write_text(json.dumps({"targets": [target]}))
    return examine(site.settings.root, "porch", seconds=seconds)


def porch(findings, name):
    return of(findings, name, "porch")


def only(findings, name, harm):
    """Return what one check says, and assert that it is the only one that says something."""
    told = {(one.name, one.harm) for one in findings if one.harm != FINE}
    assert told == {(name, harm)}
    return porch(findings, name)


def test_a_healthy_node_is_fine(site, node):
    findings = look(site, node, healthy="true")
    assert {one.harm for one in findings} == {FINE}
    assert porch(findings, "version").found == "alpha, whole and signed, answers"
    assert porch(findings, "python").found.startswith("Python 3.")
    assert porch(findings, "kernel").found.startswith("Linux")


def test_nothing_is_changed_there_by_looking(site, node):
    def state():
        paths = sorted(node.home.rglob("*"))
        return {path: (path.lstat().st_mtime_ns, path.lstat().st_size) for path in paths}

    before = state()
    look(site, node)
    assert state() == before


def test_a_deployment_that_is_going_on_is_not_waited_for(site, node):
    with node.target().claimed():
        begun = time.monotonic()
        assert porch(look(site, node), "version").harm == FINE
        assert time.monotonic() - begun < 20


def test_a_node_that_is_off_is_harmful_and_hides_nothing_else(site, node):
    node.sshd.kill()
    node.sshd.wait()
    (found,) = look(site, node)
    assert (found.name, found.harm) == ("reachable", HARMFUL)
    assert "cannot be reached" in found.found
    findings = examine(site.settings.root)
    assert of(findings, "registry").harm == FINE
    node.start()


def test_a_node_that_hangs_is_told_in_time(site, node):
    node.enter_by("sleep 60")
    begun = time.monotonic()
    (found,) = look(site, node, seconds=3.0)
    assert time.monotonic() - begun < 6
    assert (found.harm, found.found) == (UNKNOWN, "no answer within 3 s")


def test_a_host_key_that_is_not_known_is_harmful_with_how_to_compare_it(site, node):
    (site.settings.root / "known_hosts").write_text("")
    (found,) = look(site, node)
    assert found.harm == HARMFUL
    assert "SHA256:" in found.found
    assert "ssh-keygen -lf" in found.found


def test_an_interpreter_that_is_not_there_is_harmful(site, node):
    (found,) = look(site, node, python="no/such/python")
    assert (found.harm, "no/such/python does not run there" in found.found) == (HARMFUL, True)


def test_an_interpreter_without_numpy_is_harmful_and_leaves_the_version_unknown(site, node, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    findings = look(site, node, python=str(tmp_path / "bare/bin/python"))
    found = porch(findings, "python")
    assert (found.harm, "no NumPy that works: ModuleNotFoundError" in found.found) == (HARMFUL, True)
    assert porch(findings, "version").harm == UNKNOWN


def test_an_export_that_will_not_load_there_is_harmful(site, node):
    """The version's facemodel.pickle is none: where scikit-learn is, it is loaded."""
    found = porch(look(site, node, python=sys.executable), "version")
    assert (found.harm, "does not answer as it should" in found.found) == (HARMFUL, True)


def test_a_folder_that_may_not_be_written_is_harmful(site, node):
    (node.place / "versions").chmod(0o500)
    node.enter_by(f'exec {" ".join(without_power())} sh -c "$SSH_ORIGINAL_COMMAND"')
    found = only(look(site, node), "permissions", HARMFUL)
    (node.place / "versions").chmod(0o755)
    assert "versions here/versions" in found.found
    assert "chown" in found.next


def elsewhere(*mounts):
    """Let a node's sessions see other files than this machine's."""
    need_root("mount")
    return f"exec unshare --mount sh -ec '{'; '.join(mounts)}; exec sh -c \"$SSH_ORIGINAL_COMMAND\"'"


def test_a_disk_without_room_for_another_version_is_harmful(site, node):
    need_root("mount")
    shutil.copytree(node.place, node.folder / "aside", symlinks=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "small", str(node.place)], check=True)
    try:
        shutil.copytree(node.folder / "aside", node.place, symlinks=True, dirs_exist_ok=True)
        found = only(look(site, node), "disk", HARMFUL)
        assert "1 MB of 1 are free" in found.found or "0 MB of 1 are free" in found.found
        subprocess.run(["mount", "-o", "remount,ro", str(node.place)], check=True)
        assert "mounted read-only" in porch(look(site, node), "permissions").found
    finally:
        subprocess.run(["umount", str(node.place)], check=True)


def with_memory(node, free, swap):
    lines = {"MemTotal": 900, "MemFree": free, "MemAvailable": free, "SwapTotal": swap, "SwapFree": swap}
    (node.folder / "meminfo").write_text("".join(f"{name}: {size * 1024} kB\n" for name, size in lines.items()))
    node.enter_by(elsewhere(f'mount --bind "{node.folder}/meminfo" /proc/meminfo'))


def test_a_node_without_memory_is_harmful_and_with_swap_a_notice(site, node):
    with_memory(node, 40, 0)
    found = only(look(site, node), "memory", HARMFUL)
    assert "40 of 900 MB are free, 0 of 0 of swap" in found.found
    with_memory(node, 40, 500)
    only(look(site, node), "memory", NOTICE)
    with_memory(node, 400, 0)
    assert {one.harm for one in look(site, node)} == {FINE}


@pytest.mark.parametrize(
    ("off", "harm", "says"), [(3600, HARMFUL, "ahead of"), (-3600, HARMFUL, "behind"), (60, NOTICE, "ahead")]
)
def test_a_clock_that_is_off_is_told(site, node, off, harm, says):
    node.script(
        "date", f'if [ "$*" = "-u +%s" ]; then echo $(($(/bin/date +%s) + {off})); else exec /bin/date "$@"; fi'
    )
    found = only(look(site, node), "clock", harm)
    assert says in found.found
    assert "timedatectl" in found.next


def test_a_clock_that_nothing_keeps_right_is_noticed(site, node):
    node.script("timedatectl", "echo 'System clock synchronized: no'")
    only(look(site, node), "clock", NOTICE)


def test_a_hot_node_is_noticed(site, node):
    zone = node.folder / "thermal" / "thermal_zone0"
    zone.mkdir(parents=True)
    for name, text in (("temp", "84000"), ("trip_point_0_type", "passive"), ("trip_point_0_temp", "80000")):
        (zone / name).write_text(text + "\n")
    node.enter_by(elsewhere(f'mount --bind "{node.folder}/thermal" /sys/class/thermal'))
    assert "84 °C" in only(look(site, node), "heat", NOTICE).found


def test_a_service_that_is_not_healthy_is_harmful_with_how_to_start_it(site, node):
    findings = look(site, node, healthy="echo no camera; exit 3", restart="systemctl --user restart recogniser")
    found = only(findings, "service", HARMFUL)
    assert "no camera" in found.found
    assert "systemctl --user restart recogniser" in found.next
    assert not (node.home / "restarts").exists()


def test_a_switch_whose_service_was_not_started_is_harmful(site, node):
    (node.place / ".pending").write_text("[]")
    assert "was not started since" in only(look(site, node), "service", HARMFUL).found


@pytest.mark.parametrize("how", ["a changed byte", "no signature", "no keys", "nothing there"])
def test_what_runs_and_is_not_what_was_published_is_harmful(site, node, how):
    version = node.place / "versions" / "alpha"
    if how == "a changed byte":
        spoil(version / "recogniser_alpha.npz")
    elif how == "no signature":
        (version / "manifest.yaml.sig").unlink()
    elif how == "no keys":
        (node.place / "allowed_signers").write_text("")
    else:
        shutil.rmtree(version)
    found = only(look(site, node), "version", HARMFUL)
    assert found.next == "deepthink deploy alpha"


def test_a_node_that_does_not_run_production_is_noticed(site, node):
    put_out(site, "beta2", 1)
    found = only(look(site, node), "version", NOTICE)
    assert found.found == "alpha runs, and in production is beta2"
    assert found.next == "deepthink deploy beta2"


def test_a_node_that_is_kept_on_a_version_need_not_run_production(site, node):
    put_out(site, "beta2", 1)
    assert {one.harm for one in look(site, node, version="alpha")} == {FINE}
    found = only(look(site, node, version="gamma3"), "version", NOTICE)
    assert found.found == "alpha runs, and it is to be kept on gamma3"
    assert found.next == "deepthink deploy gamma3 --to porch"


def test_a_datasink_needs_no_numpy(site, node, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    shutil.rmtree(node.place)
    findings = look(site, node, role="datasink", python=str(tmp_path / "bare/bin/python"))
    assert only(findings, "version", NOTICE).found.startswith("nothing runs")


def test_what_a_killed_deployment_left_there_is_noticed(site, node):
    (node.place / "versions" / ".beta2.x.part").mkdir()
    assert ".beta2.x.part" in only(look(site, node), "version", NOTICE).found


def test_a_node_that_has_nothing_yet_is_noticed(site, node):
    shutil.rmtree(node.place)
    assert "nothing runs, and in production is alpha" in only(look(site, node), "version", NOTICE).found


def test_a_target_of_a_kind_that_says_nothing_is_unknown(site, node):
    from deepthink.flow.doctor import node as checks

    class Other:
        name = "cellar"

    (found,) = checks.findings(Other(), site)
    assert found.harm == UNKNOWN


def test_targets_are_looked_at_at_once(site, node):
    """Three nodes that need two seconds each to let somebody in."""
    node.enter_by("sleep 2")
    reach = {"host": "127.0.0.1", "port": node.port, "key": str(node.site / "key"), "python": node.python}
    targets = [{"name": f"n{at}", "kind": "ssh", "folder": "versions here", **reach} for at in range(6)]
    (site.settings.root / "site.yaml").write_text(json.dumps({"targets": targets}))
    begun = time.monotonic()
    findings = examine(site.settings.root)
    assert time.monotonic() - begun < 11  # one after the other would take 12 at least
    assert {one.where for one in findings} - {HERE} == {target["name"] for target in targets}
