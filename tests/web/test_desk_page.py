"""The review page, asked as a browser asks it, on this machine alone."""

import html
import json
import threading

import cv2
import numpy as np
import pytest

from deepthink.curation.facelist import Facelist
from deepthink.curation.history import history_path
from deepthink.curation.lanes import QUEUE, Filter
from deepthink.curation.people import People
from deepthink.curation.review import stamp_of
from deepthink.flow.desk import Desk
from tests.web.conftest import browser, faces_on, open_desk


def act(client, verb, seen, name="", lane="unknown"):
    return client.post("/api/act", json={"verb": verb, "seen": seen, "name": name, "lane": lane})


def test_the_desk_shows_the_first_card_the_lanes_and_what_is_left(client, served):
    page = open_desk(client)
    left = served.desk.board.waiting()
    assert f"<b>{left}</b> faces left" in page
    assert "Who is this?" in page
    assert len(faces_on(page)) >= 4
    assert "that look like one person" in page


def test_a_group_is_named_and_the_next_card_comes(client, served):
    first = faces_on(open_desk(client))
    done = act(client, "name", first, "Ada").json()
    assert done["text"] == f"{len(first)} faces named Ada"
    assert done["rows"] == sorted(map(int, first))
    second = client.get("/card?at=0").text
    assert not faces_on(second).keys() & first.keys()
    assert f"<span>Enrolled</span> <b>{len(first)}</b>" in second
    assert all(Facelist(served.site.facelist)[int(row)].name == "Ada" for row in first)


def test_undo_brings_back_the_card_and_redo_takes_it_away(client):
    first = faces_on(open_desk(client))
    rows = act(client, "stranger", first).json()["rows"]
    assert client.post("/api/undo", json={}).json()["rows"] == rows
    assert faces_on(client.get(f"/card?holds={rows[0]}").text).keys() == first.keys()
    assert client.post("/api/redo", json={}).json()["rows"] == rows
    assert not faces_on(client.get("/card?at=0").text).keys() & first.keys()


def test_a_stale_page_is_told_who_was_first_and_changes_nothing(served, client):
    other = browser(served.app)
    first = faces_on(open_desk(other))
    act(client, "name", first, "Ada")
    before = served.site.facelist.read_bytes()
    refused = act(other, "stranger", first)
    assert refused.status_code == 409
    assert "was first, just now" in refused.json()["detail"]
    assert f"({len(first)} faces named Ada)" in refused.json()["detail"]
    assert served.site.facelist.read_bytes() == before


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "../../x", "x" * 10_000, "a b", "", "\u202eevil"])
def test_a_name_that_cannot_be_carried_is_refused_in_words(client, served, name):
    seen = faces_on(open_desk(client))
    before = served.site.facelist.read_bytes()
    refused = act(client, "name", seen, name)
    assert refused.status_code == 400
    assert "name" in refused.json()["detail"]
    assert len(refused.text) < 1000
    assert served.site.facelist.read_bytes() == before
    if name:
        assert act(client, "name", seen, refused.json()["suggestion"]).status_code == 200


@pytest.mark.parametrize(
    "name", ["\u0645\u0631\u064a\u0645", "Zoë", "\U0001f469", "&amp;", "O'Neil", "%2e%2e", "{{7*7}}"]
)
def test_a_name_of_any_letters_comes_back_as_it_was_and_is_never_markup(client, served, name):
    seen = faces_on(open_desk(client))
    assert act(client, "name", seen, name).status_code == 200
    page = client.get("/", params={"lane": "enrolled", "person": name}).text
    assert f"<h1>{html.escape(name, quote=True).replace('&#x27;', '&#39;')}</h1>" in page
    assert faces_on(page).keys() == seen.keys()
    assert {"name": name, "shown": name} in client.get("/api/names").json()


def test_a_shown_name_with_markup_in_it_is_only_text(client, served):
    act(client, "name", faces_on(open_desk(client)), "Ada")
    People(served.site.facelist).show("Ada", "<script>alert(1)</script>")
    for path in ("/people", "/?lane=enrolled", "/history"):
        page = client.get(path).text
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert" not in page


def test_a_face_and_its_frame_and_the_frames_around_it_are_shown(client, served):
    row = int(next(iter(faces_on(open_desk(client)))))
    small = client.get(f"/faces/{row}/small.jpg")
    assert cv2.imdecode(np.frombuffer(small.content, np.uint8), cv2.IMREAD_COLOR).shape == (160, 160, 3)
    frame = client.get(f"/api/frames/{row}").json()
    assert frame["pictures"] == 4
    assert frame["boxes"][frame["rows"].index(row)] == [*vars(served.desk.row(row).box).values()]
    for place in range(4):
        whole = client.get(client.get(f"/api/frames/{row}?place={place}").json()["picture"])
        assert cv2.imdecode(np.frombuffer(whole.content, np.uint8), cv2.IMREAD_COLOR).shape == (480, 640, 3)
    assert client.get(f"/api/frames/{row}?place=4").status_code == 400


def test_the_nearest_faces_of_the_gallery_come_with_their_distances(client, served):
    seen = faces_on(open_desk(client))
    some, rest = dict(list(seen.items())[:-1]), list(seen)[-1]
    act(client, "name", some, "Ada")
    face = client.get(f"/api/faces/{rest}").json()
    distances = [one["distance"] for one in face["faces"]]
    assert distances == sorted(distances)
    assert {one["row"] for one in face["faces"]} <= set(map(int, some))
    assert face["people"][0]["name"] == "Ada"
    vectors = [served.desk.eye.seen(served.desk.row(int(n))).vector for n in (rest, face["faces"][0]["row"])]
    assert distances[0] == pytest.approx(np.linalg.norm(vectors[0] - vectors[1]), abs=1e-5)


def test_faces_that_are_alike_are_found_among_others(client, served):
    cards = [card for card in served.desk.lay_out((QUEUE, Filter())) if card.kind == "group"]
    one, other = cards[0].rows, cards[1].rows
    alike = client.get(f"/api/faces/{one[-1]}/alike", params={"among": [*one, *other]}).json()
    assert one[-1] in alike
    assert len(set(alike) & set(one)) >= len(one) / 2
    assert not set(alike) & set(other)


def test_on_the_map_faces_that_are_alike_lie_together(client, served):
    cards = [card for card in served.desk.lay_out((QUEUE, Filter())) if card.kind == "group"]
    groups = [set(cards[0].rows), set(cards[1].rows)]
    spots = client.get("/api/map", params={"among": [*cards[0].rows, *cards[1].rows]}).json()
    places = {one["row"]: np.array([one["x"], one["y"]]) for one in spots}
    assert set(places) == groups[0] | groups[1]
    assert all(0 <= axis <= 1 for place in places.values() for axis in place)
    middles = [np.mean([places[row] for row in group], axis=0) for group in groups]
    for own, other in ((0, 1), (1, 0)):
        away = [[np.linalg.norm(places[row] - middles[to]) for row in groups[own]] for to in (own, other)]
        assert np.less(*away).all()


def test_a_map_of_rows_that_are_not_there_is_empty(client):
    assert client.get("/api/map", params={"among": [999_999]}).json() == []


def test_what_is_out_of_the_datasink_or_no_number_is_no_address(client):
    outside = ["/faces/..%2f..%2fetc%2fpasswd/small.jpg", "/faces/1/..%2fsmall.jpg", "/templates/base.html"]
    numbers = ["/faces/0/small.jpg", "/faces/-1/small.jpg", "/faces/1e9/small.jpg", "/faces/999999/small.jpg"]
    places = ["/faces/1/huge.jpg", "/frames/1/99999.jpg", "/frames/1/-1.jpg"]
    files = ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "//etc/passwd"]
    for path in outside + numbers + places + files:
        answer = client.get(path)
        assert answer.status_code in (400, 404, 422), path
        assert "root:" not in answer.text
        assert "make_app" not in answer.text


def test_a_face_whose_picture_is_gone_is_not_found(client, served):
    row = int(next(iter(faces_on(open_desk(client)))))
    served.site.datasink.picture_path(served.desk.row(row).frame).unlink()
    assert client.get(f"/faces/{row}/small.jpg").status_code == 404
    assert client.get(f"/frames/{row}/{client.get(f'/api/frames/{row}').json()['own']}.jpg").status_code == 404


def test_filters_narrow_the_cards_and_a_filter_that_cannot_be_is_refused(client):
    page = client.get("/", params={"camera": "alpha5/PiCam3", "quality": "large"}).text
    assert faces_on(page)
    assert client.get("/", params={"quality": "fine"}).status_code == 400
    assert client.get("/", params={"lane": "../x"}).status_code == 400
    assert "Nothing waits here" in client.get("/", params={"day": "1999-01-01"}).text


def test_the_history_is_shown_exported_and_any_action_of_it_taken_back(client, served):
    first = faces_on(open_desk(client))
    number = act(client, "stranger", first).json()["number"]
    act(client, "name", faces_on(client.get("/card?at=0").text), "Ada")
    assert f"{len(first)} faces said to be a stranger" in html.unescape(client.get("/history").text)
    exported = client.get("/history.jsonl").content
    assert exported == history_path(served.site.facelist).read_bytes()
    assert [json.loads(line)["verb"] for line in exported.splitlines()] == ["stranger", "name"]
    assert client.post("/api/undo", json={"number": number}).status_code == 200
    assert client.post("/api/undo", json={"number": number}).status_code == 400
    assert client.post("/api/undo", json={"number": 999}).status_code == 400
    assert served.desk.board.counts()["strangers"] == 0
    assert "Do again" in client.get("/history").text


def test_two_people_are_made_one_and_two_again(client, served):
    act(client, "name", faces_on(open_desk(client)), "Ada")
    act(client, "name", faces_on(client.get("/card?at=0").text), "Adele")
    merged = client.post("/api/merge", json={"one": "Adele", "into": "Ada"}).json()
    assert served.desk.board.names() == ["Ada"]
    assert client.post("/api/merge", json={"one": "Nobody", "into": "Ada"}).status_code == 400
    client.post("/api/undo", json={"number": merged["number"]})
    assert served.desk.board.names() == ["Ada", "Adele"]
    assert "Everything of" in client.get("/people").text


def test_what_a_kill_kept_from_being_done_is_told_once(served):
    kept = served.site.facelist.read_bytes()
    client = browser(served.app)
    act(client, "stranger", faces_on(open_desk(client)))
    served.site.facelist.write_bytes(kept)
    object.__setattr__(served.app.state.parts, "desk", Desk(served.site))
    assert "it was not done. Decide again." in open_desk(client)
    assert "it was not done" not in open_desk(client)


def test_cut_out_faces_are_kept_within_the_bound_and_a_torn_one_is_made_again(served):
    rows = list(served.desk.board.rows.values())[:40]
    first = served.faces.get(rows[0], "small")
    served.faces.bound = 20 * len(first)
    for row in rows:
        served.faces.get(row, "small")
    kept = list(served.faces.folder.rglob("*.jpg"))
    assert 0 < sum(path.stat().st_size for path in kept) <= served.faces.bound
    path = served.faces._path(rows[-1], "small")
    whole = path.read_bytes()
    path.write_bytes(whole[:200])
    assert served.faces.get(rows[-1], "small") == whole


def test_many_at_once_are_all_answered_and_no_decision_is_lost(served):
    """Two reviewers decide while others look at every page: what one changes, another must be able to read."""
    rows, failed, decided = sorted(served.desk.board.rows), [], []

    def watch(turn):
        client = browser(served.app)
        for path in ("/", "/?camera=alpha5/PiCam3", "/people", f"/api/faces/{rows[turn]}", "/api/names", "/history"):
            answer = client.get(path)
            if answer.status_code != 200:
                failed.append((path, answer.text))

    def review(turn):
        client = browser(served.app)
        open_desk(client)
        for row in rows[turn::2][:12]:
            seen = {str(row): stamp_of(served.desk.row(row))}
            answer = act(client, ("name", "stranger")[row % 2], seen, f"P{row % 5}")
            decided.append((row, answer.status_code))

    work = [threading.Thread(target=review, args=(turn,)) for turn in range(2)]
    work += [threading.Thread(target=lambda n=n: [watch(n) for _ in range(4)]) for n in range(3)]
    work.append(threading.Thread(target=served.desk.study))
    for one in work:
        one.start()
    for one in work:
        one.join()
    assert failed == []
    assert {status for _, status in decided} == {200}
    facelist = Facelist(served.site.facelist)
    for row, _ in decided:
        assert facelist[row].stranger if row % 2 else facelist[row].name == f"P{row % 5}"
    assert len(served.desk.history.actions()) == len(decided) == 24
