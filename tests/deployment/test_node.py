"""The node's half runs on old interpreters, and scores as DeepThink does."""

import ast
import json
from pathlib import Path

import numpy as np
import pytest

from deepthink.deployment import node
from deepthink.deployment.node import answers, service, shelf
from deepthink.model import golden, openset
from deepthink.model import platt as shipped
from deepthink.model.artifact import FORMAT, Recogniser, write_recogniser
from deepthink.model.classifier import Classifier
from deepthink.model.golden import write_golden
from deepthink.model.linear import Linear
from deepthink.model.openset import Rule

MODULES = [*sorted(Path(node.__file__).parent.glob("*.py")), Path(shipped.__file__)]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_what_is_sent_to_a_node_is_python_3_8_without_other_libraries(path):
    tree = ast.parse(path.read_text(), feature_version=(3, 8))
    tops = {top for top in tree.body if isinstance(top, ast.Import | ast.ImportFrom)}
    names = {alias.name for top in tops if isinstance(top, ast.Import) for alias in top.names}
    names |= {str(top.module) for top in tops if isinstance(top, ast.ImportFrom)}
    ours = {name for name in names if name.startswith("deepthink")}
    neighbours = {f"deepthink.deployment.node.{one.stem}" for one in MODULES}
    assert ours <= neighbours | {"deepthink.model.platt"}
    assert not names & {"scipy", "sklearn", "filelock", "ruamel", "ruamel.yaml", "pydantic"}


def test_its_constants_are_those_of_the_model():
    assert (answers.CLOSE, answers.FORMAT, answers.CONTRADICTION) == (golden.CLOSE, FORMAT, openset.CONTRADICTION)


def machine(kind, rng):
    if kind == "discriminant":
        return Linear("linear discriminant", rng.normal(size=(4, 8)), rng.normal(size=4))
    from sklearn.svm import SVC

    who = np.repeat(np.arange(4), 15)
    svc = SVC(gamma=0.1, kernel=kind, decision_function_shape="ovo").fit(rng.normal(size=(60, 8)) + who[:, None], who)
    return Classifier.of(svc, rng.normal(-1, 0.3, 6), rng.normal(0, 0.3, 6))


@pytest.mark.parametrize("kind", ["rbf", "linear", "discriminant", "none", "nobody"])
def test_it_decides_as_deepthink_does(tmp_path, kind):
    rng = np.random.default_rng(5)
    people = 0 if kind == "nobody" else 4
    rule = Rule(tuple("abcd")[:people], rng.normal(size=(people, 8)).astype(np.float32), np.full(people, 3.0), 0.2)
    recogniser = Recogniser(rule, None if kind in ("none", "nobody") else machine(kind, rng), "x")
    write_recogniser(tmp_path / "recogniser_a.npz", recogniser)
    write_golden(tmp_path, recogniser, rng.normal(size=(60, 8)))
    with np.load(tmp_path / "golden.npz") as file:
        probes = np.asarray(file["probes"], np.float64)
    assert answers.check_arrays(tmp_path, probes) == 60
    named = {answer["person"] for answer in json.loads((tmp_path / "golden.json").read_text())}
    assert named == {None} if kind == "nobody" else len(named) > 2


@pytest.mark.parametrize("field", ["person", "probability", "distance"])
def test_one_wrong_answer_is_found(tmp_path, field):
    rule = Rule(("a", "b"), np.eye(2, 8, dtype=np.float32), np.full(2, 3.0))
    write_recogniser(tmp_path / "recogniser_a.npz", Recogniser(rule, None, "x"))
    write_golden(tmp_path, Recogniser(rule, None, "x"), np.eye(3, 8))
    expected = json.loads((tmp_path / "golden.json").read_text())
    expected[2][field] = "c" if field == "person" else expected[2][field] + 1e-3
    (tmp_path / "golden.json").write_text(json.dumps(expected))
    with pytest.raises(ValueError, match="golden probe 2"):
        answers.check_arrays(tmp_path, np.eye(3, 8))


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", ".hidden", "a\0", None, 3])
def test_a_name_that_would_lead_elsewhere_is_refused(name):
    with pytest.raises(shelf.RefusedError):
        shelf.plain(name)


def test_a_command_that_leaves_a_process_behind_is_not_waited_for():
    assert service.run("sleep 30 &", 5.0) == ""


def test_a_command_that_hangs_is_ended():
    assert "took more than" in service.run("sleep 30", 0.3)


def test_what_a_command_says_is_passed_on():
    assert service.run("echo no camera >&2; exit 3", 5.0) == "`echo no camera >&2; exit 3` ended with 3: no camera"
