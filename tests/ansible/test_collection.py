"""The collection as its files are: what reads them finds no fault."""

from pathlib import Path

import pytest

from tests.ansible.play import COLLECTION, ansible

PLAYBOOKS = sorted(path.stem for path in COLLECTION.glob("playbooks/*.yaml"))


def test_ansible_lint_finds_nothing_in_its_strictest_profile(tmp_path):
    linted = ansible(tmp_path, "ansible-lint", "--offline", "--nocolor", "--profile", "production", "--strict")
    assert linted.returncode == 0, linted.stdout + linted.stderr
    assert "'production' was required, and it passed" in linted.stderr


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_playbook_can_be_read(name, tmp_path):
    checked = ansible(
        tmp_path, "ansible-playbook", "--syntax-check", "-i", "inventory.example.yaml", f"playbooks/{name}.yaml"
    )
    assert checked.returncode == 0, checked.stderr


def test_there_is_a_playbook_for_each_thing_to_do():
    assert PLAYBOOKS == ["deploy-deepthink", "deploy-model", "rollback", "verify"]


def test_the_example_names_every_group(tmp_path):
    shown = ansible(tmp_path, "ansible-inventory", "-i", "inventory.example.yaml", "--graph")
    for group in ("outposts", "datasinks", "sentinels", "ml_trainers"):
        assert f"@{group}:\n  |  |--" in shown.stdout


def test_an_installed_collection_finds_its_role(tmp_path):
    built = ansible(tmp_path, "ansible-galaxy", "collection", "build", "--output-path", tmp_path)
    assert built.returncode == 0, built.stderr
    (archive,) = tmp_path.glob("deepthink-home-*.tar.gz")
    place = tmp_path / "collections"
    installed = ansible(tmp_path, "ansible-galaxy", "collection", "install", "--offline", "-p", place, archive)
    assert installed.returncode == 0, installed.stderr
    bare = tmp_path / "bare.cfg"
    bare.write_text("")  # not the configuration that says where the role lies in the source tree
    inside = place / "ansible_collections/deepthink/home/playbooks/deploy-deepthink.yaml"
    checked = ansible(
        tmp_path, "ansible-playbook", "--syntax-check", "-i", "inventory.example.yaml", inside,
        ANSIBLE_CONFIG=str(bare), ANSIBLE_COLLECTIONS_PATH=str(place),
    )  # fmt: skip
    assert checked.returncode == 0, checked.stderr


def test_every_variable_has_a_line_in_the_documentation():
    defaults = (COLLECTION / "roles/deepthink/defaults/main.yaml").read_text().splitlines()
    names = [line.partition(":")[0] for line in defaults if line[:1].isalpha()]
    page = (Path(__file__).parents[2] / "docs/steps/provision.md").read_text()
    assert len(names) > 20
    assert [name for name in names if f"| `{name}` |" not in page] == []
