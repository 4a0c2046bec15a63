"""A server of MLflow, and two sites that share it."""

import itertools

import pytest

from deepthink.registry.signers import trust
from tests.registry.mlflow_server import MlflowServer
from tests.registry.mlflow_sites import make_site

_numbers = itertools.count()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    started = MlflowServer(tmp_path_factory.mktemp("mlflow"))
    started.start()
    yield started
    started.kill()


@pytest.fixture
def quick(monkeypatch):
    """A client that does not try again: a test knows when its server is away."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")


@pytest.fixture
def model():
    """A name that no other test uses."""
    return f"faces {next(_numbers)}"


@pytest.fixture
def home(tmp_path, server, model):
    return make_site(tmp_path / "home", server.uri, model)


@pytest.fixture
def neighbour(tmp_path, server, model, home):
    """Another site with the same server, which trusts the first."""
    made = make_site(tmp_path / "neighbour", server.uri, model)
    home.keys.make()
    trust(made.keys.signers, home.keys.own())
    return made
