"""Channels from a site's settings: each has a name of its own, and one that is wrong does not silence the others."""

import json
import subprocess
import sys

import pytest

from deepthink.errors import SettingsError
from deepthink.messages.base import News
from deepthink.messages.make import make_broker, make_channels, usable_channels
from deepthink.messages.outbox import Outbox
from deepthink.settings import load
from deepthink.settings.watching import MessagesSettings, MqttSettings
from tests.end_to_end.command import command

SECRET = "a secret of 16 or more\n"


def private(path, text):
    path.write_text(text)
    path.chmod(0o600)
    return path


def hook(url, file="secret"):
    return {"url": url, "secret_file": file}


def test_nothing_is_configured(tmp_path):
    assert make_channels(MessagesSettings(), tmp_path) == []
    assert make_broker(MqttSettings(), tmp_path, print) is None


def test_each_has_a_name_of_its_own(tmp_path):
    private(tmp_path / "notify", "ntfy://one\nmailto://a:b@example.com\nntfy://two\n")
    private(tmp_path / "secret", SECRET)
    settings = MessagesSettings(
        mqtt={"host": "broker"}, notify_file="notify", webhooks=[hook("http://nas/1"), hook("http://nas/2")]
    )
    names = [channel.name for channel in make_channels(settings, tmp_path)]
    assert names == ["mqtt", "ntfy", "mailto", "ntfy-2", "webhook nas", "webhook nas-2"]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"notify_file": "none"}, "messages.notify_file: there is no file"),
        ({"notify_file": "empty"}, "messages.notify_file: .*empty is empty"),
        ({"notify_file": "."}, "messages.notify_file: .* cannot be read: Is a directory"),
        ({"webhooks": [hook("http://nas/", "none")]}, "messages.webhooks.secret_file: there is no file"),
        ({"webhooks": [hook("http://nas/", "short")]}, "16 characters"),
        ({"mqtt": {"host": "broker", "password_file": "none"}}, "messages.mqtt.password_file: there is no file"),
        ({"mqtt": {"host": "broker", "password_file": "bytes"}}, "it is not text"),
    ],
)
def test_a_file_that_is_missing_or_wrong_is_said(tmp_path, settings, says):
    private(tmp_path / "empty", "\n")
    private(tmp_path / "short", "short")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=says):
        make_channels(MessagesSettings(**settings), tmp_path)


@pytest.mark.parametrize("ca", ["none", "text"])
def test_a_certificate_that_is_none_is_said(tmp_path, ca):
    private(tmp_path / "text", "text")
    with pytest.raises(SettingsError, match=r"messages\.mqtt\.ca"):
        make_broker(MqttSettings(host="broker", tls=True, ca=ca), tmp_path, print)


def test_one_that_is_wrong_leaves_the_others(tmp_path):
    private(tmp_path / "secret", SECRET)
    settings = MessagesSettings(notify_file="none", webhooks=[hook("http://a/", "none"), hook("http://b/")])
    channels, wrong = usable_channels(settings, tmp_path)
    assert [channel.name for channel in channels] == ["webhook b"]
    assert len(wrong) == 2


def test_each_keeps_its_name_when_one_before_it_cannot_be_used(tmp_path):
    private(tmp_path / "secret", SECRET)
    hooks = [hook("http://nas/one", "none"), hook("http://nas/two"), hook("http://nas/three")]
    channels, _ = usable_channels(MessagesSettings(webhooks=hooks), tmp_path)
    assert [channel.name for channel in channels] == ["webhook nas-2", "webhook nas-3"]


@pytest.fixture
def site(tmp_path, receiver):
    """A site with a webhook, an address of Apprise, and a file that is not there."""
    private(tmp_path / "secret", SECRET)
    private(tmp_path / "notify", f"json://joe:sesame@127.0.0.1:{receiver.port}/notes\n")
    hooks = json.dumps([hook(receiver.url()), hook("http://nas/", "none")])
    (tmp_path / "site.yaml").write_text(f"messages: {{notify_file: notify, webhooks: {hooks}}}\n")
    return load(tmp_path)


def sent(site):
    return subprocess.run(
        [sys.executable, "-m", "deepthink.messages.send", str(site.root)], capture_output=True, text=True, timeout=60
    )


def test_what_waits_is_sent_by_a_process_of_its_own(site, receiver):
    outbox = Outbox(site.watch_folder / "outbox")
    names = [channel.name for channel in usable_channels(site.messages, site.root)[0]]
    outbox.put(News("waits", "v8 waits", "Look at two labels."), names)
    done = sent(site)
    assert (done.returncode, done.stderr) == (0, "")
    assert [path for path, *_ in receiver.got] == ["/notes", "/hook"]
    assert "json: v8 waits: arrived" in done.stdout
    assert "settings: a channel cannot be used: messages.webhooks.secret_file" in done.stdout
    assert outbox.due() is None
    sent(site)
    assert len(receiver.got) == 2


def test_a_site_that_is_not_there_is_said(site):
    (site.root / "site.yaml").unlink()
    done = sent(site)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("No site at")


def test_the_command_says_of_each_way_whether_it_arrived(site, receiver):
    done = command("messages", "test", site.root, check=False)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("settings: did not arrive: messages.webhooks.secret_file: there is no file")
    assert lines[1:] == ["json: arrived", f"webhook 127.0.0.1:{receiver.port}: arrived"]
    receiver.status = 404
    told = json.loads(command("messages", "test", site.root, "--json", check=False).stdout)
    assert [one["arrived"] for one in told] == [False, False, False]
    assert "it answers 404" in told[2]["says"]
    assert "sesame" not in str(told)


def test_the_command_ends_well_when_all_arrived(site, receiver):
    hooks = json.dumps([hook(receiver.url())])
    assert command("messages", "test", site.root, "--set", f"messages.webhooks={hooks}").stdout.count("arrived") == 2


def test_the_command_says_that_nobody_is_told(tmp_path):
    (tmp_path / "site.yaml").write_text("")
    assert "Nobody is told anything" in command("messages", "test", tmp_path, check=False).stdout
