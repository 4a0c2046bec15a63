"""Runs a notebook through papermill and keeps the executed copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from deepthink.errors import MissingExtraError, StepError
from deepthink.files import replacing

KERNEL = "python3"
START_SECONDS = 120


def execute(
    name: str,
    parameters: Mapping[str, Any],
    executed: Path,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
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

    Raises
    ------
    StepError
        A cell failed; the message is the last line of its traceback.
    """
    try:
        import jupytext
        import nbformat
        import papermill
    except ImportError as error:
        raise MissingExtraError(str(error.name), "train") from None
    source = files("deepthink.notebooks").joinpath(f"{name}.py").read_text(encoding="utf-8")
    failed = executed.with_suffix(".failed.ipynb")
    with replacing(executed) as beside:
        nbformat.write(jupytext.reads(source, fmt="py:percent"), beside)
        try:
            papermill.execute_notebook(
                str(beside), str(failed), dict(parameters), kernel_name=KERNEL, progress_bar=False,
                start_timeout=START_SECONDS, cwd=str(executed.parent),
            )  # fmt: skip
        except papermill.PapermillExecutionError as error:
            raise StepError(f"{name}: {error.ename}: {error.evalue}. Its cells: {failed}") from error
        failed.replace(beside)
    return executed
