"""A filmed site, and a client that speaks to its review page as a browser does."""

import contextlib
import re
import threading
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient

from deepthink.flow.desk import Desk
from deepthink.flow.status_look import Look
from deepthink.web.app import make_app
from deepthink.web.guard import Guard
from deepthink.web.pictures import Faces
from deepthink.web.service import users_of
from tests.curation.conftest import filmed, site

__all__ = ["filmed", "site"]  # fixtures
LOCAL = "http://127.0.0.1:8010"
PASSWORD = "correct horse battery"


def browser(app, base=LOCAL):
    """Return a client that sends what a browser sends, and once it has seen a page, that page's token."""
    client = TestClient(app, base_url=base, follow_redirects=False)
    client.headers["Origin"] = base
    return client


def open_desk(client):
    """Load the desk, and keep its token for what is done afterwards."""
    page = client.get("/", headers={"Accept": "text/html"})
    assert page.status_code == 200, page.text
    client.headers["X-CSRF-Token"] = re.search('name="csrf-token" content="([^"]+)"', page.text)[1]
    return page.text


def faces_on(page):
    """Return the rows of the card on a page, with their stamps."""
    return dict(re.findall(r'data-row="(\d+)" data-stamp="(\w+)"', page))


@contextlib.contextmanager
def running(service):
    """Serve for as long as the body takes."""
    thread = threading.Thread(target=service.serve)
    thread.start()
    try:
        yield service
    finally:
        service.close()
        thread.join()


@pytest.fixture(autouse=True)
def no_doctor(monkeypatch):
    """Let nobody look at a whole site only because a page is tested; processes of their own still do."""
    monkeypatch.setattr(Look, "begin", lambda self, after=0.0: False)


@pytest.fixture
def served(site, tmp_path):
    """Return the page of a site, for this machine alone and without logins."""
    desk = Desk(site)
    desk.study()
    guard = Guard(users_of(site), local=True)
    faces = Faces(tmp_path / "faces", lambda row: site.datasink.picture(row.frame))
    app = make_app(desk, guard, faces)
    return SimpleNamespace(app=app, desk=desk, site=site, guard=guard, faces=faces)


@pytest.fixture
def client(served):
    client = browser(served.app)
    open_desk(client)
    return client
