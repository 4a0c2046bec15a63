"""The `deepthink` command: gathers the verbs, and is the one place that catches errors and chooses exit codes."""

from __future__ import annotations

import os
import sys

import typer
from rich.console import Console

from deepthink import __version__
from deepthink.cli import (
    benchmark,
    demo,
    deploy,
    detect,
    doctor,
    drift,
    embed,
    exports,
    import_,
    init,
    keys,
    messages,
    publish,
    recognise,
    retain,
    review,
    rollback,
    run,
    serve,
    simulate,
    status,
    suggest,
    sweep,
    train,
    validate,
    verify,
    watch,
    weights,
)
from deepthink.errors import DeepthinkError

DEBUG = "--debug"

app = typer.Typer(
    help="Learns the faces of a home camera network: curates, embeds, trains, proves, publishes, deploys, takes back.",
    epilog="Start with: deepthink demo. Any command takes --debug for a traceback.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for module in (
    demo, init, simulate, import_, detect, recognise, sweep, embed, suggest, train, validate, publish, deploy, verify,
    rollback, run, watch, status, doctor, drift, retain,
):  # fmt: skip
    module.add_to(app)
app.add_typer(review.app, name="review")
app.add_typer(exports.app, name="versions")
app.add_typer(weights.app, name="weights")
app.add_typer(keys.app, name="keys")
app.add_typer(messages.app, name="messages")
app.add_typer(benchmark.app, name="benchmark")
app.add_typer(serve.app, name="serve")


@app.callback(invoke_without_command=True)
def common(version: bool = typer.Option(False, "--version", help="Print the version and end.")) -> None:
    """Answer the flags that belong to no verb."""
    if version:
        print(f"deepthink {__version__}")
        raise typer.Exit


def main(arguments: list[str] | None = None) -> None:
    """Run a command: exit code 0 when it did its work, 1 when it could not, 2 for wrong usage."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = DEBUG in words
    command = typer.main.get_command(app)
    try:
        command.main([word for word in words if word != DEBUG], prog_name="deepthink")
    except DeepthinkError as error:
        _fail(error, str(error), debug)
    except OSError as error:
        _fail(error, f"{error.filename or 'the system'}: {error.strerror or error}", debug)


def _fail(error: BaseException, message: str, debug: bool) -> None:
    """Say what happened in one line; the traceback only when it was asked for."""
    if debug or os.environ.get("DEEPTHINK_DEBUG"):
        raise error
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"deepthink: {message}", markup=False)
    sys.exit(1)
