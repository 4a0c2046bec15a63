"""The status page: what it shows, what it shows safely, and what can be asked for there."""

import json
import re
from types import SimpleNamespace

import pytest
from argon2 import PasswordHasher

from deepthink.curation.facelist import Status as Of
from deepthink.curation.facelist import editing
from deepthink.flow.doctor.finding import fine, harmful
from deepthink.flow.pace import Expectation, Teller
from deepthink.flow.requests import waiting
from deepthink.flow.status_board import Looked
from deepthink.web.guard import COOKIE, Guard
from deepthink.web.status_parts import Status
from deepthink.web.status_service import make_status_app
from deepthink.web.users import Users
from tests.web import living
from tests.web.conftest import PASSWORD, browser

CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(2)>'


@pytest.fixture
def alone(site):
    """Return the status page as a service of its own, for this machine alone."""
    shown = Status(site.settings, review=None)
    app = make_status_app(shown, Guard(Users(site.settings.root / "reviewers/users.json", CHEAP), local=True))
    client = browser(app)
    return SimpleNamespace(site=site, shown=shown, app=app, client=client)


def page(alone):
    answer = alone.client.get("/status", headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    alone.client.headers["X-CSRF-Token"] = re.search('name="csrf-token" content="([^"]+)"', answer.text)[1]
    return answer.text


def part(alone, id):
    found = {one["id"]: one["html"] for one in alone.client.get("/status/parts").json()}
    return " ".join(re.sub(r"<[^>]+>", " ", found[id]).split())


def test_an_empty_site_is_shown_in_words(alone):
    text = page(alone)
    assert "Nothing is in production yet" in text
    assert "No run has been made by itself yet" in text
    assert "Nothing has been counted yet" in text
    assert part(alone, "machine").count("unknown") >= 1
    assert "deepthink watch is not running" in part(alone, "run")


def test_it_is_the_one_page_of_its_service(alone):
    assert alone.client.get("/").headers["location"] == "/status"
    assert alone.client.get("/people").status_code == 404
    assert 'href="/people"' not in page(alone)


def test_a_run_is_shown_with_its_verdict_time_and_energy(alone):
    living.ran(alone.site)
    living.ran(alone.site, run="b2", version="delta4", outcome="failed", passed=False, watt_hours=None, says="3 of 41.")
    text = part(alone, "runs")
    assert text.index("delta4") < text.index("gamma3")
    assert "failed did not pass" in text
    assert "20 min" in text
    assert "3.4 Wh" in text
    assert "unknown" in text


def test_what_waits_has_the_next_step_the_worst_first(alone):
    living.ran(alone.site, outcome="failed", passed=False, says="gamma3 did not pass. Correct the labels.")
    alone.shown.look.found = Looked(
        "2026-03-02T08:00:00", False, (harmful("no room", "deepthink retain"), fine("a clock"))
    )
    text = part(alone, "waits")
    order = [
        "no room",
        "deepthink retain",
        "Correct the labels.",
        "faces wait to be looked at",
        "deepthink serve review",
    ]
    assert sorted(order, key=text.index) == order


def test_the_queue_is_counted_anew_when_somebody_has_decided(alone):
    before = re.search(r"([\d,]+) with a name to confirm, ([\d,]+) unknown", part(alone, "waits")).groups()
    with editing(alone.site.facelist) as facelist:
        number = next(iter(facelist.having(Of.CANDIDATE)))
        facelist[number] = facelist[number].changed(status=Of.SELECTED, name="Ada")
    after = re.search(r"([\d,]+) with a name to confirm, ([\d,]+) unknown", part(alone, "waits")).groups()
    assert sum(map(int, after)) == sum(map(int, before)) - 1
    assert "1 faces accepted" in part(alone, "run")


def test_a_run_under_way_is_shown_with_its_progress_and_time_left(alone):
    before = Expectation([{"step": "train", "seconds": 900}])
    with Teller(alone.site.watch_folder, "r1", "gamma3", before) as teller:
        teller.telling("train", [], lambda *_: None)
        assert "gamma3 : train" in part(alone, "run")
        assert "Time left: 15 min" in part(alone, "run")
    assert "None is under way." in part(alone, "run")


def test_a_version_that_was_given_to_a_machine_is_shown_with_what_is_wrong_there(alone):
    folder = alone.site.registry.root / "rollouts"
    folder.mkdir(parents=True)
    outcome = {"version": "gamma3", "error": "", "reverted": False}
    account = {"began": "2026-03-02T03:00:00+00:00", "ended": "2026-03-02T03:01:00+00:00", "state": "done"}
    (folder / "1.json").write_text(json.dumps({**account, "targets": {"porch": outcome}}))
    assert "porch gamma3" in part(alone, "places")
    gone = harmful("it does not answer", "switch it on")
    alone.shown.look.found = Looked(
        "2026-03-02T08:00:00", False, (gone.__class__(gone.harm, gone.found, "", "reachable", "porch"),)
    )
    assert "it does not answer" in part(alone, "places")


def test_recognition_and_accuracy_are_drawn_with_a_table_beside_each(alone):
    living.trends(alone.site)
    text = page(alone)
    assert text.count('<svg class="chart"') == 3
    for chart in ("chart-days", "chart-fnir", "chart-fpir"):
        assert f'aria-labelledby="{chart}-title {chart}-says"' in text
        assert f'<details id="{chart}-table">' in text
    assert "1 Mar to 2 Mar: 15 with a name, 5 with somebody unknown, 20 in all" in text
    assert "<td>2.5%</td><td>0.1% to 13.2%</td><td>1 of 40</td>" in text
    assert re.search(r"drive.*75 %", part(alone, "recognition"))  # 3 of 4


def test_an_alarm_is_shown_with_its_faces(alone):
    living.trends(alone.site, alarms=(living.alarm(alone.site),))
    text = page(alone)
    assert "38 % of its events" in text
    addresses = re.findall(r"/status/faces/\w+\.jpg", text)
    assert len(addresses) == 1
    picture = alone.client.get(addresses[0])
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.content[:2] == b"\xff\xd8"


def test_a_face_that_no_alarm_shows_cannot_be_asked_for(alone):
    living.trends(alone.site, alarms=(living.alarm(alone.site),))
    address = re.search(r"/status/faces/\w+\.jpg", page(alone))[0]
    living.trends(alone.site)
    assert alone.client.get(address).status_code == 404
    other = living.face_of(alone.site).replace("(", "(1")
    living.trends(alone.site, alarms=(living.alarm(alone.site, faces=(other,)),))
    assert alone.client.get(address).status_code == 404
    assert alone.client.get("/status/faces/..%2F..%2Fetc%2Fpasswd.jpg").status_code == 404


@pytest.mark.parametrize(
    "key", ["", "x", "2026-03-02|../../x|2026-03-02T08:00:00|(1,2,3,4)", "a|b|c|d|e|f", "2026-03-02|a|t|(1)"]
)
def test_an_alarm_that_names_no_face_shows_no_picture_and_breaks_nothing(alone, key):
    living.trends(alone.site, alarms=(living.alarm(alone.site, faces=(key,)),))
    address = re.search(r"/status/faces/\w+\.jpg", page(alone))[0]
    assert alone.client.get(address).status_code == 404


def test_names_from_outside_are_text(alone):
    living.ran(alone.site, version=HOSTILE, why=HOSTILE, says=HOSTILE)
    found = living.trends(alone.site)
    alarm = living.alarm(alone.site, where=HOSTILE, says=HOSTILE, kind=HOSTILE, key=HOSTILE)
    days = tuple(one.__class__(one.date, HOSTILE, one.events, 1, 1) for one in found.days)
    people = tuple(one.__class__(one.date, HOSTILE, 3) for one in found.people)
    weeks = tuple(one.__class__(f"2026-{HOSTILE}", one.fnir, one.fpir) for one in found.weeks)
    living.trends(alone.site, alarms=(alarm,), days=days, people=people, weeks=weeks, unlooked=HOSTILE, version=HOSTILE)
    Teller(alone.site.watch_folder, "r", HOSTILE, Expectation([])).telling(HOSTILE, [], lambda *_: None)
    text = page(alone)
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert text.count("&lt;script&gt;alert") >= 10
    assert all("<script>alert" not in one["html"] for one in alone.client.get("/status/parts").json())


def test_only_parts_that_are_others_are_sent(alone):
    everything = alone.client.get("/status/parts").json()
    marks = ",".join(one["mark"] for one in everything)
    assert [
        one for one in alone.client.get("/status/parts", params={"have": marks}).json() if one["id"] != "machine"
    ] == []
    living.ran(alone.site)
    sent = {one["id"] for one in alone.client.get("/status/parts", params={"have": marks}).json()}
    assert {"runs"} <= sent < {one["id"] for one in everything}


@pytest.fixture
def pages(alone):
    folder = alone.site.registry.root / "gamma3"
    folder.mkdir(parents=True)
    (folder / "report.html").write_text("<script>top.location='http://evil.example'</script>a report")
    (alone.site.training / "proof_delta4").mkdir(parents=True)
    (alone.site.training / "proof_delta4/report.html").write_text("another")
    (alone.site.training / "facemodel_delta4.html").write_text("a notebook")
    return alone


def test_reports_and_notebooks_are_shown_also_of_what_was_never_published(pages):
    assert pages.client.get("/status/versions/gamma3/report").text.endswith("a report")
    assert pages.client.get("/status/versions/delta4/report").text == "another"
    assert pages.client.get("/status/versions/delta4/notebook").text == "a notebook"
    living.ran(pages.site, version="delta4")
    assert "Report of delta4 Notebook of delta4" in part(pages, "runs")


def test_a_report_can_do_nothing(pages):
    headers = pages.client.get("/status/versions/gamma3/report").headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none';")
    assert "script" not in policy
    assert "allow" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["gamma3/notebook", "gamma3/manifest.yaml", "nosuch/report", "../report", "..%2F..%2Fx/report",
             ".%2e/report", "%2Fetc/report", "gamma3%00/report", "-x/report", "a" * 81 + "/report"],
)  # fmt: skip
def test_nothing_but_a_versions_own_pages_is_given_out(pages, path):
    assert pages.client.get(f"/status/versions/{path}").status_code in (404, 422)


def test_a_link_among_the_pages_leads_nowhere(pages, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (pages.site.registry.root / "gamma3/facemodel_gamma3.html").symlink_to(tmp_path / "secret")
    assert pages.client.get("/status/versions/gamma3/notebook").status_code == 404


def test_a_training_is_asked_for_once(alone):
    page(alone)
    first = alone.client.post("/api/status/train").json()["text"]
    again = alone.client.post("/api/status/train").json()["text"]
    assert first.startswith("Asked for. It begins once deepthink watch runs, which it does not now.")
    assert "has asked already" in again
    found = waiting(alone.site.watch_folder)
    assert len(found) == 1
    assert f"{found[0].who} has asked for one" in part(alone, "run")


def test_who_may_look_may_not_train_and_who_may_review_may_let_the_doctor_look(site):
    users = Users(site.settings.root / "reviewers/users.json", CHEAP)
    shown = Status(site.settings)
    begun = []
    shown.look.begin = lambda after=0.0: begun.append(after) or True
    app = make_status_app(shown, Guard(users, local=True))
    answers = {}
    for role in ("look", "review", "administer"):
        users.add(role, PASSWORD, role)
        client = browser(app)
        client.post("/login", data={"name": role, "password": PASSWORD})
        one = SimpleNamespace(client=client)
        answers[role] = ['id="train"' in page(one), 'id="look"' in page(one)]
        answers[role] += [client.post(f"/api/status/{what}").status_code for what in ("train", "look")]
    assert answers == {
        "look": [False, False, 403, 403], "review": [False, True, 403, 200], "administer": [True, True, 200, 200]
    }  # fmt: skip
    assert [one.who for one in waiting(site.watch_folder)] == ["administer"]


def test_without_the_pages_token_nothing_is_asked_for(alone):
    page(alone)
    assert alone.client.post("/api/status/train", headers={"X-CSRF-Token": "x"}).status_code == 403
    assert alone.client.post("/api/status/train", headers={"Origin": "http://evil.example"}).status_code == 403
    assert waiting(alone.site.watch_folder) == []


def test_nothing_of_it_is_shown_to_who_is_not_logged_in(alone):
    Users(alone.site.settings.root / "reviewers/users.json", CHEAP).add("ann", PASSWORD, "look")
    client = browser(alone.app)
    for path in ("/status", "/status/parts", "/status/events", "/status/versions/a/report", "/status/faces/a.jpg"):
        assert client.get(path).status_code == 401, path
    client.cookies.set(COOKIE, "x", domain="127.0.0.1")
    assert client.get("/status/events").status_code == 401


def test_the_review_page_shows_it_too_and_leads_there(client):
    text = client.get("/status", headers={"Accept": "text/html"}).text
    assert 'href="/people"' in text
    assert '<a class="go" href="/">' in text
    assert 'href="/status"' in client.get("/people").text


def test_a_service_of_its_own_leads_to_the_review_page_that_was_named(site):
    shown = Status(site.settings, review="http://trainer:8010")
    app = make_status_app(shown, Guard(Users(site.settings.root / "reviewers/users.json", CHEAP), local=True))
    text = browser(app).get("/status").text
    assert '<a href="http://trainer:8010">Review</a>' in text
    assert '<a class="go" href="http://trainer:8010">' in text


def test_files_that_cannot_be_read_are_told_and_hide_nothing_else(alone):
    living.ran(alone.site)
    alone.site.registry.root.mkdir(exist_ok=True)
    (alone.site.registry.root / "versions.yaml").write_text("[")
    (alone.site.watch_folder).mkdir(exist_ok=True)
    (alone.site.watch_folder / "trends.json").write_text("{")
    alone.site.facelist.write_bytes(b"\xff\xfe,")
    text = page(alone)
    assert "versions.yaml cannot be read" in text
    assert "gamma3" in text
