"""MLflow's registry when something is wrong: versions that must not come in, and servers that go away at any moment."""

import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from deepthink.errors import BadInputError, DamagedVersionError, StepError, UntrustedVersionError
from deepthink.flow.arrival import from_mlflow
from deepthink.flow.mirror import follow, to_mlflow
from deepthink.flow.wiring import Site
from deepthink.registry.mlflow import figures
from deepthink.registry.mlflow.files import Files, inside
from deepthink.registry.mlflow.push import _stands, first
from deepthink.registry.signing import Keys
from deepthink.settings import load
from tests.registry.mlflow_server import MlflowServer
from tests.registry.mlflow_sites import contents, make_site, release, state

pytestmark = pytest.mark.usefixtures("quick")


class Hooked:
    """A server before a server: it cuts the connection at the request of a number, or answers what it is told to.

    Parameters
    ----------
    port : int
        Of the real server.
    dies_at : int, optional
        The request that it does not answer any more, counted from 1.
    after : bool
        Whether that request has been carried out by then.
    """

    def __init__(self, port, dies_at=0, after=False):
        self.port, self.dies_at, self.after, self.seen = port, dies_at, after, 0
        self.door = socket.create_server(("127.0.0.1", 0))
        self.uri = f"http://127.0.0.1:{self.door.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                caller, _ = self.door.accept()
            except OSError:
                return
            self.seen += 1
            dying = self.dies_at and self.seen >= self.dies_at
            if dying and not (self.after and self.seen == self.dies_at):
                caller.close()
                continue
            with caller, socket.create_connection(("127.0.0.1", self.port)) as real:
                real.sendall(self.request(caller))
                answer = b"".join(iter(lambda: real.recv(1 << 16), b""))
                if not dying:
                    caller.sendall(answer)

    def request(self, caller):
        """Read a request, and ask for one answer on this connection, so that requests can be counted."""
        held = b""
        while b"\r\n\r\n" not in held:
            held += caller.recv(1 << 16)
        head, _, body = held.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        chunked = b"chunked" in head  # as a file without a byte is sent
        while (length and len(body) < int(length[1])) or (chunked and not body.endswith(b"0\r\n\r\n")):
            body += caller.recv(1 << 16)
        head = re.sub(rb"(?i)\r\nconnection: [^\r]*", b"", head) + b"\r\nConnection: close"
        return head + b"\r\n\r\n" + body

    def close(self):
        self.door.close()


def behind(site, uri):
    """The same site, by another way to the server."""
    return Site(load(site.settings.root, [f"mlflow.uri={uri}", f"mlflow.model={site.mlflow.name}"]))


def requests_of(site, server, work):
    """How many requests some work takes."""
    hooked = Hooked(server.port)
    work(behind(site, hooked.uri))
    hooked.close()
    return hooked.seen


def on_server(server, site, version, name):
    one = first(site.mlflow.kept(), version)
    return next(server.artifacts.rglob(f"{one.run}/**/{name}"))


def left_over(site):
    return [path for path in site.registry.root.rglob("*") if not path.name.endswith(".lock")]


def altered(site, server):
    file = on_server(server, site, "alpha", "recogniser_alpha.npz")
    file.write_bytes(file.read_bytes()[:-1] + b"x")


def longer(site, server):
    with on_server(server, site, "alpha", "facemodel_alpha.pickle").open("ab") as file:
        file.write(bytes(1 << 20))


def edited_manifest(site, server):
    file = on_server(server, site, "alpha", "manifest.yaml")
    file.write_text(file.read_text().replace("passed: false", "passed: true"))


def unsigned(site, server):
    on_server(server, site, "alpha", "manifest.yaml.sig").unlink()


def endless_signature(site, server):
    with on_server(server, site, "alpha", "manifest.yaml.sig").open("ab") as file:
        file.write(bytes(1 << 20))


def foreign(site, server):
    folder = on_server(server, site, "alpha", "manifest.yaml").parent
    (folder / "manifest.yaml.sig").unlink()
    Keys(site.settings.root / "theirs").sign(folder)


def leading_out(site, server):
    """A manifest that the trusted key itself has signed, of a file that lies elsewhere."""
    folder = on_server(server, site, "alpha", "manifest.yaml").parent
    text = (folder / "manifest.yaml").read_text().replace("name: empty.json", "name: ../../../escaped.json")
    (folder / "manifest.yaml").write_text(text)
    (folder / "manifest.yaml.sig").unlink()
    site.keys.sign(folder)


def without_sizes(site, server):
    folder = on_server(server, site, "alpha", "manifest.yaml").parent
    text = re.sub(r"\n  size: \d+", "", (folder / "manifest.yaml").read_text())
    (folder / "manifest.yaml").write_text(text)
    (folder / "manifest.yaml.sig").unlink()
    site.keys.sign(folder)


@pytest.mark.parametrize(
    "wrong",
    [altered, longer, edited_manifest, unsigned, endless_signature, foreign, leading_out, without_sizes],
    ids=lambda one: one.__name__,
)
def test_what_is_not_exactly_what_was_signed_stays_out_and_leaves_nothing(home, neighbour, server, wrong):
    release(home, "alpha", passed=False)
    to_mlflow(home)
    wrong(home, server)
    with pytest.raises(DamagedVersionError, match="alpha was not taken from MLflow, and nothing of it is kept"):
        from_mlflow(neighbour, "alpha")
    assert left_over(neighbour) == []
    assert list(from_mlflow(neighbour).refused) == ["alpha"]
    assert not list(neighbour.settings.root.rglob("escaped.json"))


def test_a_version_of_somebody_unknown_stays_out(home, tmp_path, server, model):
    release(home, "alpha")
    to_mlflow(home)
    stranger = make_site(tmp_path / "stranger", server.uri, model)
    with pytest.raises(UntrustedVersionError, match="deepthink keys trust"):
        from_mlflow(stranger, "alpha")
    assert left_over(stranger) == []


@pytest.mark.parametrize("name", ["../alpha", "/etc/passwd", "a/b", "..", ".hidden", "x" * 65])
def test_a_name_that_leads_elsewhere_is_refused(home, neighbour, name):
    release(home, "alpha")
    to_mlflow(home)
    one = home.mlflow.kept()[0]
    home.mlflow.tag(one, "deepthink.version", name)
    assert list(from_mlflow(neighbour).refused) == [name]
    assert left_over(neighbour) == []


def test_more_files_on_the_server_than_were_signed_are_not_looked_at(home, neighbour, server):
    release(home, "alpha")
    to_mlflow(home)
    (on_server(server, home, "alpha", "manifest.yaml").parent / "sitecustomize.py").write_text("raise SystemExit")
    from_mlflow(neighbour)
    assert "sitecustomize.py" not in contents(neighbour.registry.get("alpha"))


@pytest.mark.parametrize("place", ["file://{}", "{}"])
def test_a_run_whose_files_are_elsewhere_is_neither_written_to_nor_read(home, model, tmp_path, place):
    trap = tmp_path / "trap"
    trap.mkdir()
    client = home.mlflow.server.client
    client.create_experiment(model, artifact_location=place.format(trap))
    release(home, "alpha")
    with pytest.raises(BadInputError, match="not behind its own address"):
        to_mlflow(home)
    assert list(trap.iterdir()) == []
    assert home.mlflow.kept() == []


@pytest.mark.parametrize(
    "uri",
    [
        *(
            "mlflow-artifacts://elsewhere:5000/1/a/artifacts",
            "mlflow-artifacts:/1/../../a",
            "mlflow-artifacts:/1/a?b=c",
        ),
        *("s3://bucket/1", "http://elsewhere/1", "/etc", "mlflow-artifacts:", ""),
    ],
)
def test_a_server_can_send_us_neither_to_another_host_nor_out_of_a_run(uri):
    with pytest.raises(BadInputError, match="not behind its own address"):
        inside(uri, "http://trainer:5000")


def test_another_version_of_the_same_name_replaces_neither_that_there_nor_that_here(home, neighbour):
    mine, theirs = release(home, "alpha"), release(neighbour, "alpha")
    before = contents(mine), contents(theirs)
    to_mlflow(home)
    with pytest.raises(StepError, match="Another alpha is number 1"):
        to_mlflow(neighbour)
    with pytest.raises(BadInputError, match="another alpha is published here"):
        from_mlflow(neighbour, "alpha")
    assert (contents(mine), contents(theirs)) == before
    assert len(home.mlflow.kept()) == 1


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


def folder_of(site):
    return site.registry.root / "alpha"


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


def test_what_is_broken_or_somebody_elses_there_keeps_no_other_out(home, neighbour, server):
    release(home, "alpha")
    release(home, "beta2")
    to_mlflow(home)
    unsigned(home, server)
    run = first(home.mlflow.kept(), "beta2").run
    home.mlflow.register(run, {"deepthink.version": "gamma3"}, "one in the place of another")
    home.mlflow.register(run, {"of": "somebody else"}, "")
    done = from_mlflow(neighbour)
    assert (done.new, list(done.refused)) == (["beta2"], ["alpha", "gamma3"])
    assert "that of beta2" in done.refused["gamma3"]


@pytest.mark.parametrize("run", ["", "0" * 32])
def test_a_version_whose_run_is_gone_is_refused(home, run):
    with pytest.raises(BadInputError, match="not in MLflow"):
        _ = Files(home.mlflow.server, run).place


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
