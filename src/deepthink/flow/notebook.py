"""Runs a notebook through papermill and keeps the executed copy."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from deepthink.errors import MissingExtraError, StalledError, StepError
from deepthink.files import replacing, write_text
from deepthink.flow.heartbeat import ENDING
from deepthink.records import Progress

KERNEL = "python3"
START_SECONDS = 120
STALL_SECONDS = 1800.0


def execute(
    name: str,
    parameters: Mapping[str, Any],
    executed: Path,
    progress: Progress = lambda done, total, what: None,
    stall: float = STALL_SECONDS,
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
        <name>.failed.ipynb, because its cells show what went wrong. A page of it is written too, <name>.html.
    progress : callable, optional
        Called when the notebook starts, and with what its kernel tells (`heartbeat`, a parameter that it is given).
    stall : float, optional
        Seconds after which it is ended when it tells nothing and finishes no cell.

    Raises
    ------
    StepError
        A cell failed; the message is the last line of its traceback.
    StalledError
        A cell hung or its process died; the message says in which.
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
        wrong = _run(plain, done, parameters, executed, progress, stall)
        failed = executed.with_suffix(".failed.ipynb")
        if done.exists():
            with replacing(failed if wrong else executed) as beside:
                beside.write_bytes(done.read_bytes())
    if wrong:
        kind, said = wrong
        raise kind(f"{name}: {said.rstrip('.')}. Its cells: {failed}")
    _write_page(executed)
    return executed


def _run(
    plain: Path, done: Path, parameters: Mapping[str, Any], executed: Path, progress: Progress, stall: float
) -> tuple[type[StepError], str] | None:
    """Run all cells in a kernel of their own; returns what went wrong, None when nothing did."""
    import papermill
    from nbclient.exceptions import DeadKernelError

    from deepthink.flow.stall import running_cell, watching

    progress(0, 1, "running the notebook")
    with _heartbeat(executed) as beat, watching(done, beat, progress, stall) as watch:
        try:
            papermill.execute_notebook(
                str(plain), str(done), {**parameters, "heartbeat": str(beat)}, kernel_name=KERNEL, progress_bar=False,
                cwd=str(executed.parent), start_timeout=START_SECONDS, kernel_manager_class=watch.kernel_class,
            )  # fmt: skip
        except papermill.PapermillExecutionError as error:
            return StepError, f"{error.ename}: {error.evalue}"
        except DeadKernelError:
            if watch.hung:
                return StalledError, f"ended after {stall / 60:.0f} minutes without progress, in {watch.hung}"
            return StalledError, f"its process died, in {running_cell(done)}; mostly that is for want of memory"
        except RuntimeError as error:  # a kernel that ends before it answers
            return StalledError, f"its process did not start ({error}): `deepthink doctor` looks at what it needs"
    return None


@contextlib.contextmanager
def _heartbeat(executed: Path) -> Iterator[Path]:
    """Give a file beside the executed notebook for its signs of life: `deepthink doctor` looks there."""
    beat = executed.with_name(f".{executed.stem}{ENDING}")
    beat.unlink(missing_ok=True)  # a killed run's
    try:
        yield beat
    finally:
        beat.unlink(missing_ok=True)


def _write_page(executed: Path) -> None:
    """Keep an executed notebook as a page too, for those who have no Jupyter."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(template_name="classic", embed_images=True, exclude_input_prompt=True)
    page, _ = exporter.from_filename(str(executed))
    write_text(executed.with_suffix(".html"), page)
