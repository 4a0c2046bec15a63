"""Settings become targets."""

from pathlib import Path

import pytest

from deepthink.deployment.ssh import SshTarget
from deepthink.errors import SettingsError
from deepthink.flow.overview import overview
from deepthink.flow.wiring import Site
from deepthink.settings import load, template


def site(folder, target):
    (folder / "site.yaml").write_text(f"targets:\n  - {{name: porch, {target}}}\n")
    return folder / "site.yaml"


def test_a_target_of_kind_ssh_is_reached_with_the_site_s_own_keys(tmp_path):
    settings = load(
        site(tmp_path, "kind: ssh, host: porch.lan, folder: deepthink, port: 2222, key: keys/door, patience: 5")
    )
    (target,) = Site(settings).targets
    assert isinstance(target, SshTarget)
    command = target.login.command(str(target.folder))
    assert f'UserKnownHostsFile="{tmp_path}/known_hosts"' in command
    assert f'IdentityFile="{tmp_path}/keys/door"' in command
    assert "StrictHostKeyChecking=yes" in command
    assert command[-5:-1] == ["-p", "2222", "--", "porch.lan"]
    assert (str(target.folder), target.login.python, target.service["patience"]) == ("deepthink", "python3", 5)


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("kind: ssh, folder: x", "needs a host"),
        ("kind: local, folder: x, restart: now", "restart is for targets of kind ssh"),
        ("kind: ssh, folder: x, host: -oProxyCommand=x", "pattern"),
        ("kind: ssh, folder: x, host: a, user: -x", "pattern"),
        ("kind: ssh, folder: x, host: a, port: 0", "greater than or equal to 1"),
    ],
)
def test_a_target_that_cannot_work_is_refused(tmp_path, target, says):
    with pytest.raises(SettingsError, match=says):
        load(site(tmp_path, target))


def test_the_template_carries_an_ssh_target(tmp_path):
    settings = load(
        site(tmp_path, "kind: ssh, host: porch.lan, folder: deepthink, restart: 'systemctl --user restart x'")
    )
    (tmp_path / "site.yaml").write_text(template(settings))
    assert load(tmp_path).targets == settings.targets


def test_a_target_that_is_away_does_not_hide_the_rest_of_the_site(tmp_path):
    found = overview(Site(load(site(tmp_path, "kind: ssh, host: 127.0.0.1, port: 1, folder: x"))))
    assert found.targets == ["porch: cannot be reached"]


def test_a_folder_here_is_the_site_s(tmp_path):
    (target,) = Site(load(site(tmp_path, "folder: x"))).targets
    assert target.folder == Path(tmp_path / "x")
