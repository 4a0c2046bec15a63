"""Settings: what wins over what, and what is refused."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from deepthink.errors import SettingsError
from deepthink.settings import DatasinkSettings, Settings, TargetSettings, load, template


def site(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "site.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_template_says_what_the_defaults_are(tmp_path):
    assert load(site(tmp_path, template())) == Settings(root=tmp_path.resolve())


def test_every_key_of_the_template_has_a_comment_above_it():
    lines = [line.strip() for line in template().splitlines() if line.strip()]
    inside = re.compile(r"[a-z_]+: \{enabled.*")  # one of several under a key that has its comment
    keys = [number for number, line in enumerate(lines) if not line.startswith(("#", "-")) and not inside.match(line)]
    assert len(keys) > 25
    bare = [lines[number] for number in keys if not lines[number - 1].startswith("# ")]
    assert not bare
    assert not [line for line in lines if line == "# None"]


def test_the_template_names_every_setting():
    def named(model):
        return {key: named(model[key]) if isinstance(model[key], dict) else True for key in model}

    assert named(YAML(typ="safe").load(template())) == named(Settings().model_dump())


@hypothesis_settings(deadline=None, max_examples=40)
@given(name=st.text(min_size=1, max_size=12).filter(str.isprintable))
def test_the_template_carries_any_word(tmp_path_factory, name):
    file = tmp_path_factory.mktemp("site") / "site.yaml"
    wanted = Settings(
        root=file.parent.resolve(),
        datasink=DatasinkSettings(name=name),
        targets=[TargetSettings(name=name, folder=Path("a, b"))],
    )
    file.write_text(template(wanted), encoding="utf-8")
    assert load(file) == wanted


@pytest.mark.parametrize(
    "name", ["123", "yes", "null", "a: b", "# not a comment", "it's", '"', "{", "2026-03-02", " a "]
)
def test_the_template_carries_words_that_yaml_reads_otherwise(tmp_path, name):
    wanted = Settings(root=tmp_path.resolve(), embedder=name, targets=[TargetSettings(name=name, folder=Path(name))])
    assert load(site(tmp_path, template(wanted))) == wanted


def test_the_environment_wins_over_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPTHINK_TRAIN__PRESET", "wide")
    found = load(site(tmp_path, "train: {preset: quick, folds: 3}"))
    assert (found.train.preset, found.train.folds) == ("wide", 3)


def test_a_flag_wins_over_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPTHINK_TRAIN__PRESET", "wide")
    assert load(site(tmp_path, "embedder: x"), ["train.preset=quick"]).train.preset == "quick"


def test_a_flag_of_one_load_is_forgotten_by_the_next(tmp_path):
    file = site(tmp_path, "train: {folds: 3}")
    assert load(file, ["train.folds=4"]).train.folds == 4
    assert load(file).train.folds == 3


def test_a_folder_stands_for_the_site_in_it(tmp_path):
    site(tmp_path, "embedder: other")
    assert load(tmp_path).embedder == "other"


def test_paths_are_relative_to_the_site_wherever_one_stands(tmp_path, monkeypatch):
    site(tmp_path, "facelist: lists/faces.csv")
    monkeypatch.chdir("/")
    found = load(tmp_path)
    assert found.path(found.facelist) == tmp_path.resolve() / "lists" / "faces.csv"


def test_an_empty_site_has_the_defaults(tmp_path):
    assert load(site(tmp_path, "")) == Settings(root=tmp_path.resolve())


@pytest.mark.parametrize(
    ("text", "key"),
    [("nonsense: 1", "nonsense"), ("train: {folts: 3}", "train.folts"), ("targets: [{name: a, dir: b}]", "targets.0")],
)
def test_an_unknown_key_is_refused_by_name(tmp_path, text, key):
    with pytest.raises(SettingsError, match=key):
        load(site(tmp_path, text))


def test_an_unknown_flag_is_refused_by_name(tmp_path):
    with pytest.raises(SettingsError, match=r"train\.presett"):
        load(site(tmp_path, ""), ["train.presett=quick"])


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("train: {preset: huge}", "train.preset"),
        ("train: {fpir: 1.5}", "train.fpir"),
        ("train: {stall_minutes: .nan}", "train.stall_minutes"),
        ("train: {stall_minutes: .inf}", "train.stall_minutes"),
        ("deployment: {window: nightly}", "deployment.window"),
        ("deployment: {canary: -1}", "deployment.canary"),
        ("sweep: {per_event: many}", "sweep.per_event"),
        ("train: 3", "train"),
        ("targets: [{name: a, folder: b}, {name: a, folder: c}]", "targets"),
    ],
)
def test_a_value_that_cannot_work_is_refused_with_its_key(tmp_path, text, key):
    with pytest.raises(SettingsError, match=key):
        load(site(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    ["a: [", "- a list", "just words", "a: 1\na: 2", "1: 2", "validation: {days: [2026-13-45]}", "\0", "a: &b *b"],
)
def test_what_is_no_site_is_refused_as_a_setting(tmp_path, text):
    with pytest.raises(SettingsError):
        load(site(tmp_path, text))


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "site.yaml").write_bytes(b"\xff\xfe\x00embedder")
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path)


def test_a_missing_site_says_how_to_make_one(tmp_path):
    with pytest.raises(SettingsError, match="deepthink init"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize("flags", [["quick"], ["=quick"], ["train=x", "train.preset=quick"], ["embedder=["], [".=1"]])
def test_a_flag_that_sets_nothing_is_refused(tmp_path, flags):
    with pytest.raises(SettingsError):
        load(site(tmp_path, ""), flags)


def test_an_environment_that_cannot_be_read_is_refused_as_a_setting(tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPTHINK_TRAIN", "{not json")
    with pytest.raises(SettingsError, match="train"):
        load(site(tmp_path, ""))


@pytest.mark.parametrize(("asked", "folder"), [("nosite", "nosite"), ("nosite/site.yaml", "nosite")])
def test_where_there_is_no_site_it_is_said_how_to_make_it_there(tmp_path, asked, folder):
    with pytest.raises(SettingsError, match=f"deepthink init {tmp_path / folder}$"):
        load(tmp_path / asked)
