"""Apprise with real receivers: web, ntfy, mail; and no secret of an address is ever told."""

import json
import subprocess
import sys
from email.header import decode_header, make_header

import pytest

from deepthink.errors import DeliveryError, SettingsError
from deepthink.messages.base import News
from deepthink.messages.notify import Notify, addresses

NEWS = News("deployed", "v7 is in production", "It runs on two nodes, verified.")


def test_by_json(receiver):
    Notify(f"json://127.0.0.1:{receiver.port}/notes").send(NEWS)
    ((path, _, body),) = receiver.got
    told = json.loads(body)
    assert (path, told["title"], told["message"], told["type"]) == ("/notes", NEWS.title, NEWS.text, "success")


def test_by_ntfy(receiver):
    Notify(f"ntfy://joe:pass@127.0.0.1:{receiver.port}/cellar").send(NEWS)
    ((_, headers, body),) = receiver.got
    assert headers["Authorization"].startswith("Basic ")
    assert json.loads(body)["topic"] == "cellar"
    assert b"apprise" not in body.lower()  # no picture that is fetched from elsewhere


@pytest.mark.parametrize(("form", "text"), [("text", "Ann & <Bob> differ."), ("html", "Ann &amp; &lt;Bob&gt; differ.")])
def test_by_mail(smtp, form, text):
    news, to = News("drift", "Änderung", "Ann & <Bob> differ."), "from=site@home.example&to=ann@home.example"
    Notify(f"mailto://127.0.0.1:{smtp.port}?{to}&mode=insecure&format={form}").send(news)
    (mail,) = smtp.mails
    assert str(make_header(decode_header(mail["Subject"]))) == news.title
    assert "ann@home.example" in mail["To"]
    *_, part = mail.walk()
    assert part.get_content_subtype() == form.replace("text", "plain")
    assert text in part.get_payload(decode=True).decode().replace("&nbsp;", " ")


def test_what_is_not_taken_is_an_error_without_secrets(receiver, caplog, capfd):
    receiver.status = 401
    with pytest.raises(DeliveryError) as error:
        Notify(f"ntfy://joe:open%20sesame@127.0.0.1:{receiver.port}/cellar").send(NEWS)
    told = str(error.value) + caplog.text + "".join(capfd.readouterr())
    assert str(error.value)
    for secret in ("sesame", "joe", "cellar"):
        assert secret not in told


def test_nobody_there_is_an_error_without_secrets(receiver, caplog, capfd):
    address = f"jsons://joe:sesame@127.0.0.1:{receiver.port}/Tok3n"
    receiver.close()
    with pytest.raises(DeliveryError) as error:
        Notify(address).send(NEWS)
    told = str(error.value) + caplog.text + "".join(capfd.readouterr())
    assert "sesame" not in told
    assert "Tok3n" not in told


@pytest.mark.parametrize("address", ["unheard://joe:sesame@host", "tgram://sesame", "mailto://"])
def test_an_address_that_apprise_does_not_know_is_an_error_without_secrets(address, caplog):
    with pytest.raises(DeliveryError, match="cannot use this address") as error:
        Notify(address).send(NEWS)
    assert "sesame" not in str(error.value) + caplog.text + repr(Notify(address))


def test_addresses_are_read_one_a_line(tmp_path):
    file = tmp_path / "notify"
    file.write_text("# the family\nntfy://topic\n\n  mailto://ann:pw@example.com  \n#tgram://old/1\n")
    assert addresses(file) == ["ntfy://topic", "mailto://ann:pw@example.com"]


def test_a_line_that_is_no_address_is_told_by_its_number(tmp_path):
    file = tmp_path / "notify"
    file.write_text("# the family\nhunter2\n")
    with pytest.raises(SettingsError, match=f"line 2 of {file}") as error:
        addresses(file)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, False), (0o644, True)])
def test_a_file_that_others_may_read_is_said(tmp_path, caplog, mode, warned):
    file = tmp_path / "notify"
    file.write_text("ntfy://topic\n")
    file.chmod(mode)
    addresses(file)
    assert ("chmod o-r" in caplog.text) is warned


def test_apprise_is_loaded_only_while_it_sends():
    loaded = (
        "import sys; import deepthink.messages.make, deepthink.messages.serve_metrics, deepthink.messages.outbox;"
        "from deepthink.messages.notify import Notify; Notify('ntfy://topic'); print('apprise' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True).stdout == "False\n"
