"""What comes from MLflow's registry only when it is exactly what a trusted key has signed."""

import re

import pytest

from deepthink.errors import BadInputError, DamagedVersionError, StepError, UntrustedVersionError
from deepthink.flow.arrival import from_mlflow
from deepthink.flow.mirror import to_mlflow
from deepthink.registry.mlflow.files import Files, inside
from deepthink.registry.mlflow.push import first
from deepthink.registry.signing import Keys
from tests.registry.mlflow_sites import contents, make_site, on_server, release

pytestmark = pytest.mark.usefixtures("quick")


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
