"""Servers of MLflow that go away at any moment, and takings that are killed: either side stays whole."""

import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from deepthink.errors import StepError
from deepthink.flow.arrival import from_mlflow
from deepthink.flow.mirror import follow, to_mlflow
from deepthink.flow.wiring import Site
from deepthink.registry.mlflow import figures
from deepthink.registry.mlflow.files import Files
from deepthink.registry.mlflow.push import _stands, first
from deepthink.settings import load
from tests.registry.mlflow_door import Hooked, behind
from tests.registry.mlflow_server import MlflowServer
from tests.registry.mlflow_sites import contents, folder_of, make_site, on_server, release, state

pytestmark = pytest.mark.usefixtures("quick")


def requests_of(site, server, work):
    """How many requests some work takes."""
    hooked = Hooked(server.port)
    work(behind(site, hooked.uri))
    hooked.close()
    return hooked.seen


def test_a_server_that_goes_away_at_any_request_of_a_push_leaves_both_sides_whole(home, server):
    """It has done what it was asked for by then, and only its answer is lost: every state that it can be left in."""
    release(home, "alpha")
    before, total = state(home), requests_of(home, server, to_mlflow)
    assert total > 20
    for number in range(1, total + 1):
        again = make_model(home, f"{home.mlflow.name} {number}")
        hooked = Hooked(server.port, number, after=True)
        with pytest.raises(StepError, match="did not do it"):
            to_mlflow(behind(again, hooked.uri))
        hooked.close()
        assert state(home) == before
        one = first(again.mlflow.kept(), "alpha")
        assert one is None or Files(again.mlflow.server, one.run).sizes().keys() == contents(folder_of(home)).keys()
        to_mlflow(again)
        assert [(one.aliases, one.tags["deepthink.lane"]) for one in again.mlflow.kept()] == [
            (("validated",), "validated")
        ]


def make_model(site, name):
    """The same site with another model on the same server."""
    return Site(load(site.settings.root, [f"mlflow.model={name}"]))


def test_a_server_that_goes_away_at_any_request_of_a_pull_leaves_both_sides_whole(home, neighbour, server, tmp_path):
    release(home, "alpha")
    to_mlflow(home)
    failed = []
    while len(failed) == len(list(tmp_path.glob("site *"))):
        site = make_site(tmp_path / f"site {len(failed)}", server.uri, home.mlflow.name)
        shutil.copytree(neighbour.keys.folder, site.keys.folder)
        hooked = Hooked(server.port, len(failed) + 1)
        try:
            from_mlflow(behind(site, hooked.uri))
        except StepError as error:
            failed.append(str(error))
        hooked.close()
        assert site.registry.versions() in ([], ["alpha"])
        from_mlflow(site)
        assert contents(site.registry.get("alpha")) == contents(folder_of(home))
        assert site.ledger.lane("alpha") == "validated"
        assert not (site.registry.root / ".incoming").exists()
    assert len([words for words in failed if "did not do it" in words]) == len(failed) > 8


def test_a_killed_server_says_what_to_do_and_the_next_push_completes_it(tmp_path):
    own = MlflowServer(tmp_path)
    own.start()
    try:
        site = make_site(tmp_path / "site", own.uri, "faces")
        release(site, "alpha", size=6_000_000)
        before = state(site)
        killer = threading.Thread(target=lambda: (wait_for(own.artifacts, "*/*/**/facemodel_*"), own.kill()))
        killer.start()
        with pytest.raises(StepError, match="run the command again: it goes on where it was"):
            to_mlflow(site)
        killer.join()
        assert state(site) == before
        own.start()
        assert to_mlflow(site).new == ("alpha",)
        run = site.mlflow.kept()[0].run
        experiment = site.mlflow.server.client.get_experiment_by_name("faces").experiment_id
        assert [one.info.run_id for one in site.mlflow.server.client.search_runs([experiment])] == [run]
        there = on_server(own, site, "alpha", "manifest.yaml").parent
        assert contents(there) == contents(folder_of(site))
    finally:
        own.kill()


def wait_for(folder, pattern):
    until = time.monotonic() + 60
    while not list(folder.glob(pattern)) and time.monotonic() < until:
        time.sleep(0.002)


def test_a_transition_goes_ahead_when_the_server_is_away(tmp_path, caplog):
    site = make_site(tmp_path / "site", "http://127.0.0.1:9", "faces")
    release(site, "alpha")
    follow(site, "alpha")
    assert site.ledger.lane("alpha") == "validated"
    assert "deepthink versions to-mlflow" in caplog.text


def test_a_server_that_is_something_else_is_an_error_in_words(tmp_path):
    door = socket.create_server(("127.0.0.1", 0))
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Type: text/html\r\n\r\n<html>"
    threading.Thread(target=lambda: answer_all(door, answer), daemon=True).start()
    site = make_site(tmp_path / "site", f"http://127.0.0.1:{door.getsockname()[1]}", "faces")
    release(site, "alpha")
    with pytest.raises(StepError, match="did not do it"):
        to_mlflow(site)
    with pytest.raises(StepError, match="did not do it"):
        from_mlflow(site)
    door.close()


def answer_all(door, answer):
    while True:
        try:
            caller, _ = door.accept()
        except OSError:
            return
        with caller:
            caller.recv(1 << 16)
            caller.sendall(answer)


PUSH = [sys.executable, "-m", "deepthink", "versions", "to-mlflow", "--site"]


def test_two_pushes_at_once_are_one(home):
    release(home, "alpha", size=200_000)
    both = [subprocess.Popen([*PUSH, str(home.settings.root)], stdout=subprocess.PIPE) for _ in range(2)]
    said = sorted(one.communicate()[0] for one in both)
    assert said == [b"sent     alpha\n", b"there    alpha\n"]
    assert len(home.mlflow.kept()) == 1


DIES = """
import os, signal, sys
from deepthink.flow.arrival import from_mlflow
from deepthink.flow.wiring import Site
from deepthink.settings import load
site = Site(load(sys.argv[1]))
def hook(event, args):
    if event == "open" and str(args[0]).endswith(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
from_mlflow(site)
"""


@pytest.mark.parametrize("moment", ["recogniser_alpha.npz", "transitions.jsonl"])
def test_a_taking_that_is_killed_leaves_no_half_version_and_the_next_one_completes_it(home, neighbour, moment):
    release(home, "alpha")
    to_mlflow(home)
    command = [sys.executable, "-c", DIES, str(neighbour.settings.root), moment]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert neighbour.registry.versions() == (["alpha"] if moment == "transitions.jsonl" else [])
    from_mlflow(neighbour)
    assert contents(neighbour.registry.get("alpha")) == contents(folder_of(home))
    assert neighbour.ledger.lane("alpha") == "validated"
    assert not (neighbour.registry.root / ".incoming").exists()


def test_a_server_that_never_answers_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with socket.create_server(("127.0.0.1", 0)) as door:
        site = make_site(tmp_path / "site", f"http://127.0.0.1:{door.getsockname()[1]}", "faces")
        began = time.monotonic()
        with pytest.raises(StepError, match="did not do it"):
            from_mlflow(site)
    assert time.monotonic() - began < 10


def test_two_sites_that_push_the_same_version_at_once_leave_one(home, tmp_path, server, model):
    """Both look before either has put anything there: the server counts them, and the second takes its own back."""
    release(home, "alpha")
    to_mlflow(home)
    other = make_site(tmp_path / "other", server.uri, model)
    late = first(home.mlflow.kept(), "alpha")
    home.mlflow.withdraw(late.number, late.run)
    manifest = home.registry.manifest("alpha")
    tags = figures.tags(folder_of(home), manifest)
    runs = [home.mlflow.run("deepthink.half", str(number), "alpha", 0) for number in range(2)]
    numbers = [other.mlflow.register(run, tags, "") for run in runs]
    assert not _stands(other.mlflow, tags, numbers[1], runs[1])
    assert _stands(home.mlflow, tags, numbers[0], runs[0])
    assert [one.number for one in home.mlflow.kept()] == numbers[:1]


def test_a_password_is_shown_to_the_server_and_to_nobody_else(home, server, monkeypatch, caplog, capsys):
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ann")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "pass-word-of-ann")
    heard = []
    hooked = Hooked(server.port)
    original = hooked.request
    hooked.request = lambda caller: heard.append(original(caller)) or heard[-1]
    release(home, "alpha")
    to_mlflow(behind(home, hooked.uri))
    assert all(b"Authorization: Basic" in request for request in heard)
    hooked.dies_at = 1
    with pytest.raises(StepError) as raised:
        to_mlflow(behind(home, hooked.uri))
    hooked.close()
    said = capsys.readouterr()
    assert "pass-word-of-ann" not in f"{raised.value}{caplog.text}{said.out}{said.err}"
    assert not any(b"pass-word-of-ann" in path.read_bytes() for path in home.settings.root.rglob("*") if path.is_file())
