"""The entry point: collects the commands. Each imports what it needs when it is called."""

from __future__ import annotations

import importlib
from typing import Annotated

import typer

from tunewright.version import __version__

COMMANDS = (
    ("run", "run"),
    ("verdict", "verdict"),
    ("predict", "predict"),
    ("plan", "plan"),
    ("init", "init"),
    ("selftest", "selftest"),
    ("report", "report"),
    ("where", "where"),
    ("purge", "purge"),
    ("gc", "gc"),
    ("export_scores", "export-scores"),
)

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
    app()
