"""Runs a notebook through papermill and keeps the executed copy."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from deepthink.errors import MissingExtraError, StepError
from deepthink.files import replacing
from deepthink.records import Progress

KERNEL = "python3"
START_SECONDS = 120


def execute(
    name: str,
    parameters: Mapping[str, Any],
    executed: Path,
    progress: Progress = lambda done, total, what: None,
) -> Path:
    """Execute one of our notebooks with parameters.

    Parameters
    ----------
    name : str
        `train`.
    parameters : mapping
        What its parameters cell is overridden with.
    executed : Path
        Where the executed notebook is kept; it replaces an earlier one. A failed one is kept beside it as
        <name>.failed.ipynb, because its cells show what went wrong.
    progress : callable, optional
        Called when the notebook starts.

    Raises
    ------
    StepError
        A cell failed; the message is the last line of its traceback.
    """
    try:
        import jupytext
        import nbformat
    except ImportError as error:
        raise MissingExtraError(str(error.name), "train") from None
    source = files("deepthink.notebooks").joinpath(f"{name}.py").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        plain, done = Path(folder) / f"{name}.ipynb", Path(folder) / "executed.ipynb"
        nbformat.write(jupytext.reads(source, fmt="py:percent"), plain)
        wrong = _run(plain, done, parameters, executed.parent, progress)
        failed = executed.with_suffix(".failed.ipynb")
        with replacing(failed if wrong else executed) as beside:
            beside.write_bytes(done.read_bytes())
    if wrong:
        raise StepError(f"{name}: {wrong}. Its cells: {failed}")
    return executed


def _run(plain: Path, done: Path, parameters: Mapping[str, Any], folder: Path, progress: Progress) -> str:
    """Run all cells in a kernel of their own; returns what went wrong, empty when nothing did."""
    import papermill

    from deepthink.flow.kernel import LocalKernel

    progress(0, 1, "running the notebook")
    try:
        papermill.execute_notebook(
            str(plain), str(done), dict(parameters), kernel_name=KERNEL, progress_bar=False, cwd=str(folder),
            start_timeout=START_SECONDS, kernel_manager_class=LocalKernel,
        )  # fmt: skip
    except papermill.PapermillExecutionError as error:
        return f"{error.ename}: {error.evalue}"
    return ""
