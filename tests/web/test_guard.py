"""Who gets in, what they may do, and that nobody else sees a thing."""

from types import SimpleNamespace

import pytest
from argon2 import PasswordHasher

from deepthink.errors import BadInputError, SettingsError
from deepthink.flow.desk import Desk
from deepthink.web import service
from deepthink.web.app import make_app
from deepthink.web.guard import COOKIE, Guard
from deepthink.web.pictures import Faces
from deepthink.web.service import Review, users_of
from deepthink.web.serving import Address
from deepthink.web.throttle import LONGEST, Throttle
from deepthink.web.users import Users
from tests.web.conftest import PASSWORD, browser, faces_on, open_desk

HOST = "http://cameras.home:8010"
PLACES = {"number": 1, "size": "small", "place": 0, "version": "alpha", "kind": "report", "digest": "a" * 24}
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture
def guarded(site, tmp_path):
    """Return a page that others can reach, with somebody of each role."""
    users = Users(users_of(site).path, CHEAP)
    for role in ("look", "review", "administer"):
        users.add(role, PASSWORD, role)
    desk, guard = Desk(site), Guard(users, local=False)
    app = make_app(desk, guard, Faces(tmp_path / "faces", lambda row: site.datasink.picture(row.frame)))
    return SimpleNamespace(app=app, desk=desk, site=site, users=users, guard=guard)


def log_in(guarded, name, password=PASSWORD):
    client = browser(guarded.app, HOST)
    client.answer = client.post("/login", data={"name": name, "password": password})
    if client.answer.status_code == 303:
        open_desk(client)
    return client


def test_every_route_is_closed_to_who_is_not_logged_in(guarded):
    client = browser(guarded.app, HOST)
    paths = [path.format(**PLACES) for path in guarded.app.openapi()["paths"]]
    assert {"/", "/card", "/faces/1/small.jpg", "/frames/1/0.jpg", "/api/act"} <= set(paths)
    for path in [*paths, "/status/events", "/openapi.json", "/docs", "/nowhere", "/logins", "/staticx"]:
        answers = [client.get(path), client.post(path, json={}), client.head(path), client.put(path, json={})]
        assert {answer.status_code for answer in answers} == {401}, path
        assert all(b"\xff\xd8" not in answer.content for answer in answers)
    page = client.get("/?lane=unknown", headers={"Accept": "text/html"})
    assert page.headers["location"] == "/login?next=%2F%3Flane%3Dunknown"


def test_who_logs_in_sees_faces_and_is_shut_out_again_after_logging_out(guarded):
    client = log_in(guarded, "review")
    cookie = client.cookies[COOKIE]
    row = next(iter(faces_on(open_desk(client))))
    assert client.get(f"/faces/{row}/small.jpg").headers["content-type"] == "image/jpeg"
    assert client.post("/logout", data={"token": client.headers["X-CSRF-Token"]}).headers["location"] == "/login"
    thief = browser(guarded.app, HOST)
    thief.cookies.set(COOKIE, cookie, domain="cameras.home")
    assert thief.get(f"/faces/{row}/small.jpg").status_code == 401


def test_a_session_cookie_is_kept_from_scripts_other_sites_and_plain_wires(guarded, site, tmp_path):
    said = log_in(guarded, "review").answer.headers["set-cookie"]
    assert "HttpOnly" in said
    assert "SameSite=strict" in said
    secure = make_app(guarded.desk, guarded.guard, Faces(tmp_path, lambda row: b""), encrypted=True)
    client = browser(secure, "https://cameras.home")
    assert "Secure" in client.post("/login", data={"name": "review", "password": PASSWORD}).headers["set-cookie"]


@pytest.mark.parametrize("change", [lambda c: c[:-3] + "abc", lambda c: "x" + c, lambda c: "", lambda c: "." * 500])
def test_a_cookie_that_was_changed_opens_nothing(guarded, change):
    cookie = log_in(guarded, "review").cookies[COOKIE]
    thief = browser(guarded.app, HOST)
    thief.cookies.set(COOKIE, change(cookie), domain="cameras.home")
    assert thief.get("/api/names").status_code == 401


def test_another_password_or_being_removed_ends_the_sessions(guarded):
    one, other = log_in(guarded, "review"), log_in(guarded, "look")
    guarded.users.add("review", "another password", "review")
    guarded.users.remove("look")
    assert one.get("/people").status_code == 401
    assert other.get("/people").status_code == 401


def test_a_wrong_password_is_told_as_an_unknown_name_is(guarded):
    answers = [log_in(guarded, "review", "wrong password").answer, log_in(guarded, "nobody", PASSWORD).answer]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].text == answers[1].text
    assert "Name or password is wrong." in answers[0].text
    assert COOKIE not in answers[0].cookies


def test_who_guesses_waits_also_with_the_right_password_and_others_do_not(guarded):
    for _ in range(6):
        assert log_in(guarded, "review", "wrong password").answer.status_code == 401
    late = log_in(guarded, "review").answer
    assert late.status_code == 429
    assert int(late.headers["Retry-After"]) >= 1
    assert log_in(guarded, "look").answer.status_code == 303


def test_who_guesses_many_names_from_one_address_waits_too():
    throttle = Throttle(20, clock=lambda: 0.0)
    for number in range(21):
        assert throttle.wait("10.0.0.7") == 0, number
        throttle.fail("10.0.0.7")
    assert throttle.wait("10.0.0.7") > 0


def test_a_wait_doubles_and_ends_and_the_memory_for_it_is_bounded():
    now = [0.0]
    throttle = Throttle(5, clock=lambda: now[0])
    for _ in range(9):
        throttle.fail("one")
    assert throttle.wait("one") == 16
    now[0] = 17
    assert throttle.wait("one") == 0
    for number in range(10_050):
        throttle.fail(str(number))
    assert len(throttle._failures) <= 10_000


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"X-CSRF-Token": "x"}, "earlier session"),
        ({"X-CSRF-Token": ""}, "earlier session"),
        ({"Origin": "http://evil.example"}, "did not come from"),
        ({"Origin": "null"}, "did not come from"),
        ({"Origin": "http://cameras.home:8011"}, "did not come from"),
        ({"Origin": "http://cameras.home:8010.evil.example"}, "did not come from"),
    ],
)
def test_a_change_that_another_page_asks_for_is_refused(guarded, headers, why):
    client = log_in(guarded, "review")
    seen = faces_on(open_desk(client))
    before = guarded.site.facelist.read_bytes()
    refused = client.post("/api/act", json={"verb": "stranger", "seen": seen}, headers=headers)
    assert refused.status_code == 403
    assert why in refused.json()["detail"]
    assert guarded.site.facelist.read_bytes() == before
    assert client.post("/api/act", json={"verb": "stranger", "seen": seen}).status_code == 200


def test_a_change_without_origin_counts_only_when_the_browser_says_whence(guarded):
    client = log_in(guarded, "review")
    del client.headers["Origin"]
    assert client.post("/api/undo", json={}).status_code == 403
    assert client.post("/api/undo", json={}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert (
        client.post("/api/undo", json={}, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 400
    )  # nothing yet


def test_a_token_of_one_session_is_no_token_of_another(guarded):
    one, other = log_in(guarded, "review"), log_in(guarded, "administer")
    other.headers["X-CSRF-Token"] = one.headers["X-CSRF-Token"]
    assert other.post("/api/undo", json={}).status_code == 403


def test_roles_may_do_what_they_may_and_no_more(guarded):
    looker, reviewer, administrator = (log_in(guarded, role) for role in ("look", "review", "administer"))
    seen = faces_on(open_desk(looker))
    deed = {"verb": "name", "seen": seen, "name": "Ada"}
    assert looker.post("/api/act", json=deed).status_code == 403
    assert looker.post("/api/undo", json={}).status_code == 403
    number = administrator.post("/api/act", json=deed).json()["number"]
    assert reviewer.post("/api/undo", json={"number": number}).status_code == 403
    assert reviewer.post("/api/merge", json={"one": "Ada", "into": "Bela"}).status_code == 403
    assert reviewer.get("/history.jsonl").status_code == 403
    again = faces_on(reviewer.get("/card?at=0").text)
    mine = reviewer.post("/api/act", json={"verb": "stranger", "seen": again}).json()["number"]
    assert administrator.post("/api/undo", json={"number": mine}).status_code == 200
    assert administrator.get("/history.jsonl").status_code == 200


def test_every_answer_tells_the_browser_to_be_careful(guarded):
    client = browser(guarded.app, HOST)
    for answer in (client.get("/login"), client.get("/"), client.get("/static/desk.js"), client.get("/nowhere")):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
    assert client.get("/login").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "next", ["//evil.example", "https://evil.example", "/\\evil.example", "/\r\nX: y", "javascript:1"]
)
def test_logging_in_never_leads_to_another_site(guarded, next):
    client = browser(guarded.app, HOST)
    answer = client.post("/login", data={"name": "review", "password": PASSWORD, "next": next})
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil.example:8010"])
def test_on_this_machine_alone_no_other_name_is_answered_to(client, host):
    assert client.get("/", headers={"Host": host}).status_code == 421
    for ours in ("localhost:8010", "127.0.0.1", "[::1]:8010"):
        assert client.get("/", headers={"Host": ours}).status_code == 200


def test_too_long_a_request_is_refused(client):
    assert client.post("/api/act", content=b"x" * 1_000_001).status_code == 413
    assert client.post("/api/act", content=iter([b"{}"])).status_code == 411


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7"])
def test_what_others_can_reach_does_not_start_without_a_login(site, host):
    with pytest.raises(SettingsError, match="--add-user"):
        Review(site, Address(host))


def test_what_only_this_machine_can_reach_starts_and_asks_for_logins_as_soon_as_there_are_any(client, served):
    users_of(served.site).add("ann", PASSWORD, "review")
    assert client.get("/people").status_code == 401


def test_a_port_that_is_taken_is_told_in_words(site):
    first = Review(site)
    with pytest.raises(SettingsError, match="--port"):
        Review(site, Address(port=int(first.address.rpartition(":")[2])))
    first.close()


@pytest.mark.parametrize(
    ("name", "password", "role"),
    [("", PASSWORD, "review"), ("a b", PASSWORD, "review"), ("ann", "short", "review"), ("ann", PASSWORD, "king"),
     ("ann", "x" * 300, "review"), ("../x", PASSWORD, "look")],
)  # fmt: skip
def test_a_user_that_cannot_be_is_refused(tmp_path, name, password, role):
    with pytest.raises(BadInputError):
        Users(tmp_path / "reviewers/users.json", CHEAP).add(name, password, role)


def test_passwords_are_kept_as_hashes_in_a_file_of_its_owner_alone(tmp_path):
    users = Users(tmp_path / "reviewers/users.json")
    users.add("ann", PASSWORD, "review")
    assert users.path.stat().st_mode & 0o777 == 0o600
    assert users.path.parent.stat().st_mode & 0o777 == 0o700
    assert PASSWORD not in users.path.read_text()
    assert "$argon2id$" in users.path.read_text()
    with pytest.raises(BadInputError, match="Known: ann"):
        users.remove("bob")


@pytest.mark.parametrize("content", ["[]", "{", '{"ann": 3}', '{"ann": {"role": "king", "password": "x"}}', "\udcff"])
def test_users_that_cannot_be_read_let_nobody_in(guarded, content):
    client = log_in(guarded, "review")
    guarded.users.path.write_text(content, errors="surrogateescape")
    assert client.get("/people").status_code == 503
    assert client.get("/faces/1/small.jpg").status_code == 503


def test_the_service_is_what_the_command_starts(site):
    review = Review(site)
    assert review.address.startswith("http://127.0.0.1:")
    assert service.FOLDER.startswith(".")
    review.close()


def test_who_guesses_for_days_waits_and_breaks_nothing():
    throttle = Throttle(5, clock=lambda: 0.0)
    for _ in range(3_000):
        throttle.fail("10.0.0.7")
    assert throttle.wait("10.0.0.7") == LONGEST
