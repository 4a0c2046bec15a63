"""The ledger as links and as git tags: rebuilt at will, switched at once, and never over what is somebody else's."""

import signal
import subprocess
import sys
import threading

import pytest

from deepthink.errors import StepError
from deepthink.registry import links, tags
from deepthink.registry.folder import FolderRegistry
from deepthink.registry.ledger import Ledger
from deepthink.registry.naming import free_name

DIES_AT_THE_RENAME = """
import os, signal, sys
from pathlib import Path
from deepthink.registry import links
from deepthink.registry.ledger import Ledger
renames = 0
def hook(event, args):
    global renames
    if event == "os.rename":
        renames += 1
        if renames == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
root = Path(sys.argv[1])
ledger = Ledger(root / "versions.yaml")
sys.addaudithook(hook)
links.build(root, ledger)
"""
FOUR = {
    *("facemodel_production.pickle", "baselines_production.hdf5"),
    *("facemodel_validated.pickle", "baselines_validated.hdf5"),
}


@pytest.fixture
def registry(tmp_path):
    """Three versions, the files of each with its name as their content."""
    made = FolderRegistry(tmp_path / "registry")
    for number, version in enumerate(("alpha", "beta2", "gamma3")):
        add(made, version, number, tmp_path)
    return made


def add(registry, version, number, folder):
    file = folder / "made"
    file.write_text(version)
    names = (f"facemodel_{version}.pickle", f"baselines_{version}.hdf5")
    registry.add(version, dict.fromkeys(names, file), {"created": f"2026-03-0{number + 1}"})


@pytest.fixture
def ledger(registry):
    found = Ledger(registry.root / "versions.yaml")
    for version in registry.versions():
        found.enter(version, version != "alpha", 0.9, "")
    return found


def shown(registry):
    return {path.name: path.read_text() for path in registry.root.iterdir() if path.is_file() and path.is_symlink()}


def test_links_lead_to_what_is_in_production_and_to_the_newest_validated(registry, ledger):
    ledger.promote("beta2")
    assert set(links.build(registry.root, ledger)) == FOUR
    read = shown(registry)
    assert {read[name] for name in FOUR if "production" in name} == {"beta2"}
    assert {read[name] for name in FOUR if "validated" in name} == {"gamma3"}
    assert (registry.root / "facemodel_production.pickle").resolve().name == "facemodel_beta2.pickle"


def test_a_link_to_what_is_no_more_goes(registry, ledger):
    links.build(registry.root, ledger)
    for version in ("beta2", "gamma3"):
        ledger.move("taint", version, "wrong faces")
    assert links.build(registry.root, ledger) == {}
    assert shown(registry) == {}
    assert not [path for path in registry.root.iterdir() if path.is_symlink() and not path.exists()]


def test_links_are_no_versions(registry, ledger):
    links.build(registry.root, ledger)
    assert registry.versions() == ["alpha", "beta2", "gamma3"]


def test_a_reader_in_a_loop_always_finds_a_whole_model_and_its_own_baselines(registry, ledger):
    ledger.promote("beta2")
    links.build(registry.root, ledger)
    seen, wrong, over = set(), [], threading.Event()

    def read():
        while not over.is_set():
            try:
                seen.add((registry.root / "facemodel_production.pickle").read_text())
                views = (registry.root / ".views").resolve(strict=True)
                pair = {(views / name).read_text() for name in FOUR if "production" in name}
                wrong.extend([pair] if len(pair) != 1 else [])
            except OSError as error:
                wrong.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for _ in range(25):
        for version in ("gamma3", "beta2"):
            ledger.promote(version)
            links.build(registry.root, ledger)
    over.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert seen == {"beta2", "gamma3"}


@pytest.mark.parametrize("rename", range(1, 7))
def test_a_kill_while_linking_leaves_all_links_whole_and_the_next_one_mends_the_rest(registry, ledger, rename):
    ledger.promote("beta2")
    words = [sys.executable, "-c", DIES_AT_THE_RENAME, str(registry.root), str(rename)]
    assert subprocess.run(words, check=False).returncode == -signal.SIGKILL
    assert set(shown(registry).values()) <= {"beta2", "gamma3"}
    assert not [path for path in registry.root.iterdir() if path.is_symlink() and not path.exists()]
    links.build(registry.root, ledger)
    assert set(shown(registry)) == FOUR
    assert not list(registry.root.glob(".*.link"))


@pytest.fixture
def repository(registry, ledger):
    git(registry, "init", "-q")
    git(registry, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "begin")
    return registry


def git(registry, *words):
    return subprocess.run(
        ["git", "-C", str(registry.root), *words], capture_output=True, text=True, check=True
    ).stdout.strip()  # fmt: skip


def test_tags_say_what_the_ledger_says_and_are_annotated(repository, ledger):
    ledger.promote("gamma3")
    assert tags.tag(repository.root, ledger).made == ("model-gamma3", "model-beta2-validated")
    assert git(repository, "cat-file", "-t", "model-gamma3") == "tag"
    assert "accuracy: 0.9" in git(repository, "tag", "-l", "-n20", "model-gamma3")
    assert tags.tag(repository.root, ledger) == tags.Tagged((), (), ())
    ledger.promote("beta2")
    done = tags.tag(repository.root, ledger)
    assert set(done.made) == {"model-beta2", "model-gamma3-validated"}
    assert set(git(repository, "tag").split()) == {"model-beta2", "model-gamma3-validated"}


def test_a_tag_of_somebody_else_is_left_alone(repository, ledger):
    git(repository, "tag", "model-gamma3")
    git(repository, "tag", "model-aeroplane")
    ledger.promote("gamma3")
    assert tags.tag(repository.root, ledger).theirs == ("model-gamma3",)
    assert git(repository, "cat-file", "-t", "model-gamma3") == "commit"
    assert "model-aeroplane" in git(repository, "tag").split()


def test_gtos_tags_are_history(repository, ledger):
    for version in ("beta2", "gamma3", "beta2"):
        ledger.promote(version)
    made = set(tags.tag_as_gto(repository.root, ledger).made)
    expected = {f"face-recognition@v{n}.0.0+{v}" for n, v in ((1, "alpha"), (2, "beta2"), (3, "gamma3"))}
    assert made == expected | {f"face-recognition#production#{count}" for count in (1, 2, 3)}
    ledger.enter("delta4", True, 0.9, "")
    assert tags.tag_as_gto(repository.root, ledger).made == ("face-recognition@v4.0.0+delta4",)
    assert "gamma3" in git(repository, "tag", "-l", "-n1", "face-recognition#production#2")


def test_a_committed_version_is_tagged_where_it_came_in(repository, ledger):
    for version in ("beta2", "gamma3"):
        git(repository, "add", version)
        git(repository, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", version)
    tags.tag(repository.root, ledger)
    assert git(repository, "log", "-1", "--format=%s", "model-beta2-validated") == "beta2"


def test_without_a_repository_or_a_commit_the_error_says_what_to_do(registry, ledger):
    with pytest.raises(StepError, match="git init"):
        tags.tag(registry.root, ledger)
    git(registry, "init", "-q")
    with pytest.raises(StepError, match="Commit"):
        tags.tag(registry.root, ledger)


def test_two_who_tag_at_once_make_each_tag_once(repository, ledger):
    done = []
    both = [threading.Thread(target=lambda: done.append(tags.tag(repository.root, ledger))) for _ in "ab"]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(len(one.made) for one in done) == [0, 2]


def test_of_two_versions_of_one_day_the_second_gets_a_number(registry, tmp_path):
    add(registry, "2026-03-02", 5, tmp_path)
    with pytest.raises(FileExistsError, match="2026-03-02-2"):
        add(registry, "2026-03-02", 5, tmp_path)
    assert free_name("2026-03-03", registry.versions()) == "2026-03-03"
