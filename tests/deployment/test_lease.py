"""A claim whose every request is a process of its own keeps others away, and they it."""

import json
import time

import pytest

from deepthink.deployment.node import lease
from deepthink.deployment.node.serve import Desk, once


def ask(folder, claim, do, **what):
    answer = once(folder, claim, {"do": do, **what})
    return answer.get("ok", answer.get("error"))


def test_a_claim_keeps_another_away_until_it_is_given_up(tmp_path):
    assert ask(tmp_path, "one", "lock", patience=0.1) is None
    assert "another deployment is at it" in ask(tmp_path, "two", "lock", patience=0.1)
    assert ask(tmp_path, "one", "lock", patience=0.1) is None  # who lost the connection comes back
    ask(tmp_path, "one", "leave")
    assert ask(tmp_path, "two", "lock", patience=0.1) is None
    assert "ran out" in ask(tmp_path, "one", "leave")


def test_a_session_and_a_claim_keep_each_other_away(tmp_path):
    ask(tmp_path, "one", "lock", patience=0.1)
    session = Desk(tmp_path, None)
    with pytest.raises(Exception, match="another deployment"):
        session.lock(patience=0.1)
    ask(tmp_path, "one", "leave")
    session.lock(patience=0.1)
    assert "another deployment" in ask(tmp_path, "one", "lock", patience=0.1)
    session.rest()
    assert ask(tmp_path, "one", "lock", patience=0.1) is None


def test_who_is_silent_for_too_long_has_no_claim_any_more(tmp_path, monkeypatch):
    ask(tmp_path, "one", "lock", patience=0.1)
    ask(tmp_path, "one", "begin", version="alpha")
    later = time.time() + lease.SECONDS + 1
    monkeypatch.setattr(lease.time, "time", lambda: later)
    assert "ran out" in ask(tmp_path, "one", "place", version="alpha")
    assert ask(tmp_path, "two", "lock", patience=0.1) is None
    assert "ran out" in ask(tmp_path, "one", "place", version="alpha")


def test_each_request_puts_off_the_end_and_goes_on_where_the_last_ended(tmp_path, monkeypatch):
    ask(tmp_path, "one", "lock", patience=0.1)
    ask(tmp_path, "one", "begin", version="alpha")
    begun = time.time()
    for number in range(1, 4):
        monkeypatch.setattr(lease.time, "time", lambda n=number: begun + n * (lease.SECONDS - 1))
        assert ask(tmp_path, "one", "take", name=f"file{number}", content="YQ==") is None
    assert ask(tmp_path, "one", "place", version="alpha") is None
    assert sorted(path.name for path in (tmp_path / "versions" / "alpha").iterdir()) == ["file1", "file2", "file3"]


@pytest.mark.parametrize(
    "request_", [{"do": "begin", "version": "a"}, {"do": "trust", "signers": "x"}, {"do": "switch", "version": "a"}]
)
def test_nothing_is_changed_without_a_claim(tmp_path, request_):
    assert "needs a claim" in once(tmp_path, "", dict(request_))["error"]
    assert "ran out" in once(tmp_path, "one", dict(request_))["error"]
    assert {path.name for path in tmp_path.iterdir()} <= {".rollout.lock"}


@pytest.mark.parametrize("content", ["", "[]", '{"claim": "x"}', '{"until": "soon"}', "\0"])
def test_a_damaged_note_of_a_claim_binds_nobody(tmp_path, content):
    (tmp_path / ".rollout.lease").write_text(content)
    assert ask(tmp_path, "one", "lock", patience=0.1) is None
    assert json.loads((tmp_path / ".rollout.lease").read_text())["claim"] == "one"
