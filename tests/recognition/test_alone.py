"""A node that recognises has none of what training needs: `requirements/core.txt` is all that is installed there."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.special import softmax

from deepthink.model.linear import Linear

TRAINING = ["scipy", "sklearn", "pandas", "numba", "matplotlib", "papermill", "jupytext", "nbconvert", "threadpoolctl"]
WITHOUT = f"""
import sys

class Without:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {TRAINING}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Without())
"""


def without_training(words, folder):
    return subprocess.run(
        [sys.executable, "-c", WITHOUT + words], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture
def site(tmp_path):
    without_training("from deepthink.cli.main import main; main(['init'])", tmp_path)
    assert (tmp_path / "site.yaml").exists()
    return tmp_path


@pytest.mark.parametrize("command", [["status"], ["versions", "list"], ["recognise"], ["rollback"]], ids=" ".join)
def test_a_command_of_a_node_needs_nothing_of_training(command, site):
    done = without_training(f"from deepthink.cli.main import main; main({command})", site)
    assert "No module named" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_training_says_what_is_missing(site):
    done = without_training("from deepthink.cli.main import main; main(['train', 'alpha'])", site)
    assert done.returncode == 1
    assert "deepthink[train]" in done.stderr


def test_shares_are_scipys_to_the_last_bit():
    draw = np.random.default_rng(0)
    linear, probes = Linear("any", draw.normal(0, 9, (40, 128)), draw.normal(size=40)), draw.normal(size=(300, 128))
    expected = softmax(probes @ linear.coef.T + linear.offset, axis=1)
    assert np.array_equal(linear.probabilities(probes), expected)
