"""What every command promises: help with an example, one-line errors, exit codes."""

import json
import subprocess
import sys
import time

import pytest

from deepthink.cli.main import main

VERBS = [
    *("demo", "init", "simulate", "import", "detect", "recognise", "sweep", "embed", "suggest", "train", "validate"),
    *("publish", "deploy", "rollback", "run", "status", "doctor", "review", "retain"),
]


def run(*words):
    return subprocess.run([sys.executable, "-m", "deepthink", *words], capture_output=True, text=True, timeout=120)


WORDS = [*VERBS, *(f"weights {verb}" for verb in ("list", "fetch", "verify", "convert"))]
WORDS += [f"versions {verb}" for verb in ("list", "show", "compare", "lineage", "history", "approve", "retire")]
WORDS += [f"versions {verb}" for verb in ("taint", "restore", "pin", "unpin", "prune", "accept", "undo", "link", "tag")]
WORDS += ["versions sentinelcam", "versions export-sentinelcam"]
WORDS += [f"keys {verb}" for verb in ("make", "show", "trust", "sign", "send")]


@pytest.mark.parametrize("words", WORDS)
def test_help_shows_an_example(words, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*words.split(), "--help"])
    assert ended.value.code == 0
    assert "xample" in capsys.readouterr().out


def test_a_missing_site_is_one_line_that_says_what_to_do(tmp_path):
    done = run("status", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "deepthink init" in done.stderr


def test_debug_shows_where_it_happened(tmp_path):
    assert "Traceback" in run("status", str(tmp_path), "--debug").stderr


def test_a_wrong_flag_is_wrong_usage():
    assert run("status", "--nonsense").returncode == 2


def test_init_writes_a_site_once_and_leaves_it_alone_after(tmp_path):
    assert run("init", str(tmp_path / "site")).returncode == 0
    before = (tmp_path / "site/site.yaml").read_text()
    assert "# " in before
    again = run("init", str(tmp_path / "site"))
    assert again.returncode == 1
    assert "left as it is" in again.stderr
    assert (tmp_path / "site/site.yaml").read_text() == before


def test_a_slip_in_site_yaml_is_named(tmp_path):
    (tmp_path / "site.yaml").write_text("train:\n  presett: quick\n")
    done = run("status", str(tmp_path))
    assert done.returncode == 1
    assert "train.presett" in done.stderr


def test_no_site_data_is_said_plainly(tmp_path):
    run("init", str(tmp_path))
    done = run("run", str(tmp_path))
    assert done.returncode == 1
    assert "There is no datasink at" in done.stderr


def test_weights_are_listed_for_machines():
    listed = json.loads(run("weights", "list", "--json").stdout)
    states = {entry["name"]: entry["state"] for entry in listed}
    assert states["dlib-resnet"] == "ready"


def test_help_does_not_load_the_heavy_libraries():
    code = (
        "import sys; from deepthink.cli import main; print({'cv2','sklearn','onnxruntime','pandas'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"


def test_help_comes_at_once():
    best = min(_seconds("--help") for _ in range(3))
    assert best < 2.0  # a bound for busy machines; the figure is in benchmarks


def _seconds(*words):
    began = time.monotonic()
    run(*words)
    return time.monotonic() - began
