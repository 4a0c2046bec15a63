"""MLflow's registry, by a real server: versions there and back, what is said of them, and what people ask for there."""

import json
import subprocess
import sys

import pytest

from deepthink.errors import DamagedVersionError, SettingsError, UntrustedVersionError, VersionNotFoundError
from deepthink.files import sha256
from deepthink.flow.arrival import from_mlflow
from deepthink.flow.mirror import follow, to_mlflow
from deepthink.flow.versions import move_version
from deepthink.registry.mlflow.push import first
from deepthink.registry.sshsig import verify
from deepthink.settings import load
from tests.registry.mlflow_sites import contents, make_site, release


def kept(site, version):
    return first(site.mlflow.kept(), version)


def aliases(site):
    named = {one.tags["deepthink.version"]: one.aliases for one in site.mlflow.kept()}
    return {alias: version for version, held in named.items() for alias in held}


def test_a_version_comes_back_byte_for_byte_and_its_signature_with_it(home, neighbour):
    folder = release(home, "alpha")
    assert to_mlflow(home).new == ("alpha",)
    assert from_mlflow(neighbour).new == ["alpha"]
    arrived = neighbour.registry.get("alpha")
    assert contents(arrived) == contents(folder)
    text, message = (arrived / "manifest.yaml.sig").read_text(), (arrived / "manifest.yaml").read_bytes()
    assert verify(text, message, "deepthink-version") == home.keys.own().key
    assert neighbour.ledger.lane("alpha") == "validated"
    assert (arrived / "recogniser_alpha.npz").stat().st_mode & 0o222 == 0


def test_parameters_metrics_and_tags_are_those_of_the_manifest(home):
    folder = release(home, "alpha", passed=False)
    to_mlflow(home)
    one = kept(home, "alpha")
    parameters, metrics = home.mlflow.said(one.run)
    assert parameters.items() >= {
        "train.preset": "standard", "train.folds": "5", "classifier.C": "10.0", "recogniser.rule": "quality, distance",
    }.items()  # fmt: skip
    assert "train.facialembeddings" not in parameters
    assert metrics.items() >= {
        "training.faces": 90.0, "validation.fnir.rate": 0.025, "validation.fnir.interval.high": 0.13,
        "validation.gate.FNIR": 0.0,
    }.items()  # fmt: skip
    assert not [key for key in metrics if "Ann" in key]
    assert one.tags.items() >= {
        "deepthink.version": "alpha", "deepthink.manifest": sha256(folder / "manifest.yaml"),
        "deepthink.verdict": "failed", "deepthink.embedder": "dlib-resnet:db0c+mirror",
        "deepthink.lane": "experimental", "deepthink.notes": "FNIR 1/40, FPIR 0/40",
    }.items()  # fmt: skip


def test_what_the_server_says_otherwise_than_the_signed_manifest_is_told_and_does_not_count(home, neighbour):
    release(home, "alpha", passed=False)
    to_mlflow(home)
    one, client = kept(home, "alpha"), home.mlflow.server.client
    client.log_metric(one.run, "validation.fnir.rate", 0.0)
    client.set_model_version_tag(home.mlflow.name, str(one.number), "deepthink.verdict", "passed")
    differs = from_mlflow(neighbour).differs
    assert [sentence.split(" is ")[0] for sentence in differs] == [
        "alpha: validation.fnir.rate", "alpha: deepthink.verdict",
    ]  # fmt: skip
    assert neighbour.ledger.lane("alpha") == "experimental"


def test_aliases_and_tags_follow_the_ledger(home):
    for version in ("alpha", "beta2", "gamma3"):
        release(home, version, passed=version != "alpha")
    to_mlflow(home)
    assert aliases(home) == {"experimental": "alpha", "validated": "gamma3"}
    home.ledger.promote("gamma3")
    follow(home)
    assert aliases(home) == {"experimental": "alpha", "validated": "beta2", "production": "gamma3"}
    assert kept(home, "gamma3").tags["deepthink.lane"] == "production"
    move_version(home, "taint", "beta2", "Bob was listed as Ann")
    assert aliases(home) == {"experimental": "alpha", "production": "gamma3"}
    assert kept(home, "beta2").tags["deepthink.why"] == "Bob was listed as Ann"


def test_doing_it_twice_is_doing_it_once(home, neighbour):
    release(home, "alpha")
    to_mlflow(home)
    before = home.mlflow.kept()
    assert (to_mlflow(home).new, to_mlflow(home).there) == ((), ("alpha",))
    assert home.mlflow.kept() == before
    from_mlflow(neighbour)
    lines = len(neighbour.ledger.history.entries())
    assert (from_mlflow(neighbour).new, from_mlflow(neighbour).there) == ([], ["alpha"])
    assert len(neighbour.ledger.history.entries()) == lines
    assert neighbour.ledger.history.last()["why"] == "taken from MLflow"


def test_a_file_that_was_lost_on_the_server_is_put_there_again(home, server, neighbour):
    release(home, "alpha")
    to_mlflow(home)
    next(server.artifacts.rglob(f"{kept(home, 'alpha').run}/**/recogniser_alpha.npz")).unlink()
    with pytest.raises(
        DamagedVersionError, match=r"nothing of it is kept: recogniser_alpha\.npz is not among its files"
    ):
        from_mlflow(neighbour, "alpha")
    to_mlflow(home)
    assert from_mlflow(neighbour, "alpha").new == ["alpha"]


def test_what_people_ask_for_by_an_alias_goes_through_the_ledger_when_somebody_here_says_so(home):
    for version in ("alpha", "beta2", "gamma3"):
        release(home, version, passed=version != "alpha")
    to_mlflow(home)
    home.mlflow.alias("validated", kept(home, "alpha").number)
    home.mlflow.alias("retired", kept(home, "beta2").number)
    home.mlflow.alias("production", kept(home, "gamma3").number)
    home.mlflow.tag(kept(home, "alpha"), "deepthink.asked", "one bad frame")
    told = {(one.verb, one.version) for one in from_mlflow(home).asked}
    assert told == {("deploy", "gamma3"), ("retire", "beta2"), ("approve", "alpha")}
    assert [home.ledger.lane(version) for version in ("alpha", "beta2")] == ["experimental", "validated"]
    done = from_mlflow(home, apply=True)
    assert [(one.verb, one.version) for one in done.asked] == [("deploy", "gamma3")]
    assert [home.ledger.lane(one) for one in ("alpha", "beta2", "gamma3")] == ["validated", "retired", "validated"]
    assert "one bad frame" in [entry["why"] for entry in home.ledger.history.entries()]
    assert home.ledger.production() is None
    assert (kept(home, "alpha").tags["deepthink.lane"], kept(home, "beta2").aliases) == ("validated", ())


def test_an_alias_that_somebody_has_moved_stays_until_it_is_answered_or_overruled(home):
    for version in ("alpha", "beta2"):
        release(home, version, passed=version != "alpha")
    to_mlflow(home)
    home.mlflow.alias("validated", kept(home, "alpha").number)
    follow(home)
    assert aliases(home) == {"validated": "alpha"} | {"experimental": "alpha"}
    to_mlflow(home, overrule=True)
    assert aliases(home) == {"experimental": "alpha", "validated": "beta2"}
    assert from_mlflow(home).asked == []


def test_the_site_that_came_first_speaks_for_the_model(home, neighbour):
    release(home, "alpha")
    to_mlflow(home)
    from_mlflow(neighbour)
    neighbour.ledger.promote("alpha")
    release(neighbour, "beta2")
    assert not to_mlflow(neighbour).speaks
    assert aliases(home) == {"validated": "alpha"}
    assert {one.tags["deepthink.version"] for one in home.mlflow.kept()} == {"alpha", "beta2"}
    with pytest.raises(UntrustedVersionError, match="beta2 was not taken"):
        from_mlflow(home, "beta2")


def test_a_version_that_was_pruned_does_not_come_back(home):
    release(home, "alpha")
    to_mlflow(home)
    home.ledger.move("prune", "alpha", "old")
    home.registry.remove("alpha")
    assert from_mlflow(home).new == []
    assert home.registry.versions() == []


def test_a_version_that_is_nowhere_is_named(home):
    release(home, "alpha")
    to_mlflow(home)
    with pytest.raises(VersionNotFoundError, match="alpha"):
        from_mlflow(home, "omega")


def test_what_is_damaged_here_does_not_go_out(home):
    folder = release(home, "alpha")
    (folder / "recogniser_alpha.npz").chmod(0o644)
    (folder / "recogniser_alpha.npz").write_bytes(b"other")
    with pytest.raises(DamagedVersionError):
        to_mlflow(home)
    assert home.mlflow.kept() == []


def test_the_commands_send_and_take_and_a_refusal_is_a_failure(home, neighbour, tmp_path, server, model):
    release(home, "alpha")
    assert run("to-mlflow", home).stdout == "sent     alpha\n"
    assert json.loads(run("to-mlflow", home, "--json").stdout)["there"] == ["alpha"]
    assert "taken    alpha" in run("from-mlflow", neighbour).stdout
    stranger = make_site(tmp_path / "stranger", server.uri, model)
    done = run("from-mlflow", stranger)
    assert (done.returncode, "refused  alpha" in done.stdout, stranger.registry.versions()) == (1, True, [])


def run(command, site, *more):
    words = [sys.executable, "-m", "deepthink", "versions", command, "--site", str(site.settings.root), *more]
    return subprocess.run(words, capture_output=True, text=True, check=False)


WITHOUT = """
import sys
sys.modules["mlflow"] = None
from deepthink.cli.main import main
main(["versions", "to-mlflow", "--site", sys.argv[1]])
"""


def test_without_the_library_the_error_names_the_extra(tmp_path):
    site = make_site(tmp_path / "site", "http://127.0.0.1:9", "faces")
    command = [sys.executable, "-c", WITHOUT, str(site.settings.root)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, "deepthink[mlflow]" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    "uri", ["file:///tmp/x", "sqlite:///m.db", "databricks", "ftp://a", "http://", "http://ann:secret@trainer:5000"]
)
def test_only_a_plain_address_of_the_web_is_a_server(tmp_path, uri):
    with pytest.raises(SettingsError, match=r"mlflow\.uri") as raised:
        make_site(tmp_path / "site", uri, "faces")
    assert "secret" not in str(raised.value)


def test_a_site_has_no_mlflow_until_it_names_one(tmp_path):
    (tmp_path / "site.yaml").write_text("")
    assert load(tmp_path).mlflow.uri is None
