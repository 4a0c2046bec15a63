"""One login for all services of a site: the secret they share, and the sessions that were ended."""

import json
import threading
import time

import pytest
from argon2 import PasswordHasher

from deepthink.errors import SettingsError
from deepthink.flow.desk import Desk
from deepthink.web import sessions
from deepthink.web.app import make_app
from deepthink.web.guard import COOKIE, Guard
from deepthink.web.pictures import Faces
from deepthink.web.sessions import ENDED, SECRET, Sessions
from deepthink.web.status_parts import Status
from deepthink.web.status_service import make_status_app
from deepthink.web.users import Users
from tests.web.conftest import PASSWORD, browser

HOST = "http://cameras.home:8010"
OTHER = "http://cameras.home:8011"
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture
def services(site, tmp_path):
    """Return what makes both services anew, as if each were started in a process of its own."""
    users = Users(site.settings.root / "reviewers/users.json", CHEAP)
    users.add("ann", PASSWORD, "administer")

    def start():
        own = Users(users.path, CHEAP)
        review = make_app(Desk(site), Guard(own, local=False), Faces(tmp_path / "faces", lambda row: b""))
        return review, make_status_app(Status(site.settings, review=None), Guard(Users(users.path, CHEAP), local=False))

    return start


def client_of(app, base, cookie):
    client = browser(app, base)
    client.cookies.set(COOKIE, cookie, domain="cameras.home")
    return client


def logged_in(app, base):
    client = browser(app, base)
    assert client.post("/login", data={"name": "ann", "password": PASSWORD}).status_code == 303
    return client.cookies[COOKIE]


def test_who_logs_in_to_one_service_is_logged_in_to_the_other(services):
    review, status = services()
    cookie = logged_in(status, OTHER)
    assert client_of(review, HOST, cookie).get("/people").status_code == 200
    assert client_of(status, OTHER, logged_in(review, HOST)).get("/status").status_code == 200


def test_who_logs_out_of_one_service_is_logged_out_of_the_other_and_stays_so_after_a_restart(services):
    review, status = services()
    cookie, kept = logged_in(review, HOST), logged_in(review, HOST)
    client = client_of(review, HOST, cookie)
    page = client.get("/status").text
    token = page.split('name="csrf-token" content="')[1].split('"')[0]
    client.post("/logout", data={"token": token})
    for app, base in ((review, HOST), (status, OTHER), *zip(services(), (HOST, OTHER), strict=True)):
        assert client_of(app, base, cookie).get("/status").status_code == 401
        assert client_of(app, base, kept).get("/status").status_code == 200


def test_a_restart_ends_no_session(services):
    cookie = logged_in(services()[0], HOST)
    assert client_of(services()[0], HOST, cookie).get("/people").status_code == 200


def test_a_damaged_secret_is_made_anew(services, site):
    review, _ = services()
    (site.settings.root / "reviewers" / SECRET).write_bytes(b"\xff\xfe" * 20)
    cookie = logged_in(review, HOST)
    assert client_of(services()[0], HOST, cookie).get("/people").status_code == 200


def test_removing_the_secret_ends_all_sessions_at_once(services, site):
    review, status = services()
    cookie = logged_in(review, HOST)
    (site.settings.root / "reviewers" / SECRET).unlink()
    assert client_of(review, HOST, cookie).get("/people").status_code == 401
    assert client_of(status, OTHER, cookie).get("/status").status_code == 401
    assert client_of(status, OTHER, logged_in(review, HOST)).get("/status").status_code == 200


def test_the_secret_is_its_owners_alone_and_stays_out_of_git(tmp_path):
    Sessions(tmp_path / "reviewers").secret()
    assert (tmp_path / "reviewers" / SECRET).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "reviewers").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "reviewers/.gitignore").read_text() == "*\n"


def test_many_that_make_the_secret_at_once_have_the_same(tmp_path):
    found, together = [], threading.Barrier(16)

    def start():
        together.wait()
        found.append(Sessions(tmp_path).secret())

    threads = [threading.Thread(target=start) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len(set(found)) == 1
    assert found[0].decode() == (tmp_path / SECRET).read_text().strip()


@pytest.mark.parametrize("half", ["", "abc", "0" * 63, "\n" * 64])
def test_half_a_secret_is_none(tmp_path, half):
    (tmp_path / SECRET).write_text(half)
    assert len(Sessions(tmp_path).secret()) == 64
    assert Sessions(tmp_path).secret() == Sessions(tmp_path).secret()


def test_where_no_secret_can_be_kept_sessions_work_and_end_with_the_service(tmp_path, monkeypatch):
    def refuse(path):
        raise OSError("read-only")

    monkeypatch.setattr(sessions, "_make", refuse)
    one = Sessions(tmp_path)
    assert one.secret() == one.secret() != Sessions(tmp_path).secret()


@pytest.mark.parametrize("content", ["{", "[]", '{"a": "b"}'])
def test_when_it_cannot_be_known_what_has_ended_nobody_gets_in(services, site, content):
    review, _ = services()
    cookie = logged_in(review, HOST)
    (site.settings.root / "reviewers" / ENDED).write_text(content)
    answer = client_of(review, HOST, cookie).get("/people")
    assert answer.status_code == 503
    assert SECRET in answer.json()["detail"]


def test_the_list_of_ended_sessions_is_bounded_in_time_and_number(tmp_path, monkeypatch):
    monkeypatch.setattr(sessions, "MOST", 3)
    one, later = Sessions(tmp_path), time.time() + 60
    one.end("old", time.time() - 1)
    before = one.secret()
    for number in range(3):
        one.end(str(number), later)
    assert set(json.loads((tmp_path / ENDED).read_text())) == {"0", "1", "2"}
    assert one.secret() == before
    one.end("one too many", later)
    assert json.loads((tmp_path / ENDED).read_text()).keys() == {"one too many"}
    assert one.secret() != before  # so that none of those that are forgotten comes back


def test_a_full_disk_ends_the_session_here_at_least(tmp_path, monkeypatch):
    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr(sessions, "write_json", full)
    one = Sessions(tmp_path)
    one.end("a1", time.time() + 60)
    assert one.has_ended("a1")
    (tmp_path / ENDED).mkdir()
    with pytest.raises(SettingsError):
        one.has_ended("b2")
