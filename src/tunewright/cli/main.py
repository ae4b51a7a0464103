"""The entry point: collects the commands. Each imports what it needs when it is called."""

from __future__ import annotations

import importlib
import os
from typing import Annotated

import typer

from tunewright.version import __version__

COMMANDS = (
    ("advise", "advise"),
    ("audit", "audit"),
    ("review", "review"),
    ("label", "label"),
    ("approve", "approve"),
    ("redact", "redact"),
    ("convert", "convert"),
    ("versions", "versions"),
    ("run", "run"),
    ("verdict", "verdict"),
    ("compare", "compare"),
    ("refresh", "refresh"),
    ("guard", "guard"),
    ("predict", "predict"),
    ("plan", "plan"),
    ("diagnose", "diagnose"),
    ("cost", "cost"),
    ("curve", "curve"),
    ("change", "change"),
    ("train", "train"),
    ("merge", "merge"),
    ("chat", "chat"),
    ("init", "init"),
    ("selftest", "selftest"),
    ("report", "report"),
    ("where", "where"),
    ("purge", "purge"),
    ("gc", "gc"),
    ("export_scores", "export-scores"),
    ("grade", "grade"),
    ("cases_needed", "cases"),
)

# Threads that wait by spinning starve whatever else the machine does, and the run with it: ten times slower was seen.
# OpenMP reads these when torch is loaded, which no command has done yet.
CALM_THREADS = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"}

app = typer.Typer(
    name="tunewright",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Find out whether a fine-tune beats your best simpler system, and prove it.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tunewright {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """Find out whether a fine-tune beats your best simpler system, and prove it."""


for _module, _name in COMMANDS:
    app.command(name=_name)(importlib.import_module(f"tunewright.cli.{_module}").command)


def main() -> None:
    """Run the command line."""
    for name, value in CALM_THREADS.items():
        os.environ.setdefault(name, value)
    app()
