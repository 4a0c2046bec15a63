"""A notebook in a real kernel: what it tells arrives, what hangs or dies is ended and named."""

import time
from importlib.resources import files
from pathlib import Path

import pytest

from deepthink.errors import StepError
from deepthink.flow import notebook
from deepthink.flow.heartbeat import beats

KERNEL = "display_name: Python 3", "language: python", "name: python3"
HEAD = "\n".join(["# ---", "# jupyter:", "#   kernelspec:", *(f"#     {line}" for line in KERNEL), "# ---\n"])
HEAD += '# %% tags=["parameters"]\nheartbeat = None\nwhere = None\n# %%\n'
BODIES = {
    "tells": "import time\nfrom pathlib import Path\nfrom deepthink.flow.heartbeat import beat_to\n"
    "tell = beat_to(Path(heartbeat))\nfor n in range(4):\n    tell(n, 3, 'counting')\n    time.sleep(0.7)\n"
    "# %%\nprint('seen')",
    "works": "import os\nfrom pathlib import Path\nfrom deepthink.flow.heartbeat import beat_to\n"
    "beat_to(Path(heartbeat))(3, 3, 'done')\nos.utime(heartbeat, (0, 0))\n# %%\nprint('a figure')\n"
    "# %%\nimport time\ntime.sleep(2)",
    "hangs": "import os, time\nopen(where, 'w').write(str(os.getpid()))\n# %%\n# asleep for ever\ntime.sleep(3600)",
    "dies": "import os\n# %%\nos._exit(9)",
    "fails": "import os\n# %%\nraise ValueError('no such face')",
}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Execute one of the bodies; returns where its executed copy is kept."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for name, body in BODIES.items():
        (folder / f"{name}.py").write_text(HEAD + body)
    monkeypatch.setattr(notebook, "files", lambda package: folder if "notebooks" in package else files(package))

    def execute(name, progress=lambda *_: None, stall=60.0):
        return notebook.execute(name, {"where": str(tmp_path / "pid")}, tmp_path / f"{name}.ipynb", progress, stall)

    return execute


def test_what_the_kernel_tells_arrives_and_a_page_is_kept(run):
    told = []
    executed = run("tells", lambda *beat: told.append(beat))
    assert told[0] == (0, 1, "running the notebook")
    assert told[-1] == (3, 3, "counting")
    assert len(told) >= 3
    assert "seen" in executed.with_suffix(".html").read_text()


def test_its_signs_of_life_can_be_seen_from_outside_for_as_long_as_it_runs(run, tmp_path):
    seen = []
    run("tells", lambda *_: seen.extend(beats(tmp_path)))
    assert {beat.name for beat in seen} == {"tells"}
    assert (seen[-1].done, seen[-1].what) == (3, "counting")
    assert beats(tmp_path) == []


def test_a_finished_cell_is_a_sign_of_life(run, tmp_path):
    seen = []
    run("works", lambda *_: seen.extend(beats(tmp_path)))
    assert min(beat.seconds for beat in seen) < 60  # what was told last is of 1970


def test_a_notebook_that_hangs_is_ended_and_the_cell_named(run, tmp_path):
    with pytest.raises(StepError, match=r"without progress, in code cell 4 \(# asleep for ever\)"):
        run("hangs", stall=6.0)
    assert (tmp_path / "hangs.failed.ipynb").exists()
    kernel = int((tmp_path / "pid").read_text())
    for _ in range(50):
        if not Path(f"/proc/{kernel}").exists():
            return
        time.sleep(0.1)
    pytest.fail("its process is still there")


def test_a_kernel_that_does_not_start_is_told_with_who_can_find_out(run, tmp_path, monkeypatch):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "traitlets.py").write_text("raise ImportError('half an upgrade')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))
    with pytest.raises(StepError, match=r"did not start .*deepthink doctor"):
        run("fails")


def test_a_kernel_that_dies_is_told_from_one_that_hangs(run):
    with pytest.raises(StepError, match=r"its process died, in code cell 4 \(os._exit"):
        run("dies")


def test_a_cell_that_fails_says_why(run, tmp_path):
    with pytest.raises(StepError, match="ValueError: no such face"):
        run("fails")
    assert (tmp_path / "fails.failed.ipynb").exists()
    assert not (tmp_path / "fails.ipynb").exists()
