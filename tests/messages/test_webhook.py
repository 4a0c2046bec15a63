"""A webhook's receiver can check who sent what and when; one that is unkind holds nobody up."""

import hashlib
import hmac
import json
import re
import socket
import threading
import time
from pathlib import Path

import pytest

from deepthink.errors import DeliveryError, SettingsError
from deepthink.messages import webhook
from deepthink.messages.base import News
from deepthink.messages.webhook import Webhook
from tests.deployment.nodes import free_port
from tests.messages.receivers import Receiver

SECRET = "a secret of 16 or more"
NEWS = News("failed", "v8 was not deployed: Änderung", "Two gates failed.", version="v8")


def genuine(headers: dict, body: bytes, seen: set[str], now: float) -> bool:
    """Check as docs/steps/messages.md tells receivers to."""
    at, sent = headers["X-Deepthink-Timestamp"], headers["X-Deepthink-Signature"]
    made = "sha256=" + hmac.new(SECRET.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(sent, made) or abs(now - int(at)) > 300 or json.loads(body)["id"] in seen:
        return False
    seen.add(json.loads(body)["id"])
    return True


def test_a_receiver_can_check_it(receiver):
    Webhook(receiver.url("/hook?site=home"), SECRET).send(NEWS)
    ((path, headers, body),) = receiver.got
    assert (path, headers["Content-Type"]) == ("/hook?site=home", "application/json")
    assert json.loads(body) == NEWS.as_dict()
    assert headers["X-Deepthink-Id"] == NEWS.id
    assert genuine(headers, body, set(), time.time())


def test_a_receiver_can_refuse_what_was_changed_is_old_or_comes_twice(receiver):
    Webhook(receiver.url(), SECRET).send(NEWS)
    ((_, headers, body),) = receiver.got
    now, seen = time.time(), set()
    assert not genuine(headers, body.replace(b"v8", b"v9"), seen, now)
    assert not genuine({**headers, "X-Deepthink-Timestamp": str(int(now) + 1)}, body, seen, now)
    assert not genuine(headers, body, seen, now + 3600)
    assert genuine(headers, body, seen, now)
    assert not genuine(headers, body, seen, now)


@pytest.mark.parametrize("status", [199, 300, 400, 401, 404, 500, 503])
def test_only_two_hundreds_count(receiver, status):
    receiver.status = status
    with pytest.raises(DeliveryError):
        Webhook(receiver.url(), SECRET).send(NEWS)


@pytest.mark.parametrize("status", [200, 202, 204])
def test_two_hundreds_count(receiver, status):
    receiver.status = status
    Webhook(receiver.url(), SECRET).send(NEWS)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(receiver, status):
    """It would tell somebody else, and could lead to a machine that only this one reaches."""
    elsewhere = Receiver()
    receiver.status, receiver.headers = status, {"Location": elsewhere.url()}
    with pytest.raises(DeliveryError, match="redirect, which is not followed"):
        Webhook(receiver.url(), SECRET).send(NEWS)
    assert (len(receiver.got), elsewhere.got) == (1, [])
    elsewhere.close()


def test_a_slow_receiver_is_left_in_time(receiver, monkeypatch):
    """A byte now and then keeps each read short, and the whole for ever."""
    monkeypatch.setattr(webhook, "SECONDS", 0.6)
    receiver.drip, began = 0.05, time.monotonic()
    with pytest.raises(DeliveryError):
        Webhook(receiver.url(), SECRET).send(NEWS)
    assert time.monotonic() - began < 2


def test_a_silent_receiver_is_left_in_time(monkeypatch):
    monkeypatch.setattr(webhook, "SECONDS", 0.3)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(DeliveryError, match="did not answer within"),
    ):
        Webhook(f"http://127.0.0.1:{silent.getsockname()[1]}/", SECRET).send(NEWS)


def test_nobody_there(receiver):
    hook = Webhook(receiver.url(), SECRET)
    receiver.close()
    with pytest.raises(DeliveryError, match="refused"):
        hook.send(NEWS)


def test_what_is_no_web_server():
    with socket.create_server(("127.0.0.1", 0)) as other:
        hook = Webhook(f"http://127.0.0.1:{other.getsockname()[1]}/", SECRET)

        def greet():
            connection, _ = other.accept()
            connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
            connection.recv(65536)
            connection.recv(65536)

        threading.Thread(target=greet, daemon=True).start()
        with pytest.raises(DeliveryError, match="as a web server does"):
            hook.send(NEWS)


def test_no_proxy_of_the_environment_is_told(receiver, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    Webhook(receiver.url(), SECRET).send(NEWS)
    assert receiver.got


@pytest.mark.parametrize(
    "url", ["ftp://host/", "http:///path", "https://joe:pass@host/", "http://host:99999/", "http://["]
)
def test_an_address_that_cannot_work_is_refused(url):
    with pytest.raises(SettingsError) as error:
        Webhook(url, SECRET)
    assert "pass@" not in str(error.value)


def test_a_short_secret_is_refused():
    with pytest.raises(SettingsError, match="16 characters"):
        Webhook("https://host/", "short")


def test_its_name_has_no_path_as_that_may_be_secret():
    assert Webhook("https://host:8443/hook/Tok3n?key=1", SECRET).name == "webhook host:8443"


def test_the_receiver_of_the_docs_works(tmp_path, monkeypatch, capsys):
    """A genuine one is printed once; one that was changed or is old is refused."""
    page = (Path(__file__).parents[2] / "docs" / "steps" / "messages.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    port = free_port()
    assert "server.serve_forever()" in code
    code = code.replace('("0.0.0.0", 8099)', f'("127.0.0.1", {port})').replace("server.serve_forever()", "")
    (tmp_path / "webhook.secret").write_text(SECRET + "\n")
    monkeypatch.chdir(tmp_path)
    space: dict = {}
    exec(code, space)
    monkeypatch.setattr(space["Hook"], "log_message", lambda *ignored: None)
    threading.Thread(target=space["server"].serve_forever, args=(0.05,), daemon=True).start()
    try:
        for _ in range(2):
            Webhook(f"http://127.0.0.1:{port}/", SECRET).send(NEWS)
        with pytest.raises(DeliveryError, match="403"):
            Webhook(f"http://127.0.0.1:{port}/", "another secret, as long").send(NEWS)
        monkeypatch.setattr(time, "time", lambda: 1_000_000_000.0)
        space["time"] = type("Now", (), {"time": staticmethod(lambda: 1_000_009_000.0)})
        with pytest.raises(DeliveryError, match="403"):
            Webhook(f"http://127.0.0.1:{port}/", SECRET).send(NEWS)
    finally:
        space["server"].shutdown()
        space["server"].server_close()
    assert capsys.readouterr().out == f"{NEWS.title}\n"
