"""What all commands share: printing errors, one JSON document, stopping cleanly, showing progress."""

from __future__ import annotations

import json
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.errors import Cancelled, TunewrightError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from tunewright.workflow.study import Hooks

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else there.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
EXIT_NO = 3


@contextmanager
def guarded(*, as_json: bool, debug: bool) -> Iterator[None]:
    """Turn every failure into the message of the house and its exit code; no traceback without ``--debug``."""
    try:
        yield
    except TunewrightError as error:
        _show(error, as_json=as_json, debug=debug)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        _show(Cancelled(), as_json=as_json, debug=False)
        raise typer.Exit(1) from None
    except (typer.Exit, typer.Abort, BrokenPipeError):
        raise
    except OSError as error:
        _show(_about_file(error), as_json=as_json, debug=debug)
        raise typer.Exit(1) from None
    except Exception as error:
        hint = "This is a defect of the program. Run again with --debug and report what it shows."
        unexpected = TunewrightError("program.defect", f"{type(error).__name__}: {error}", hint=hint)
        _show(unexpected, as_json=as_json, debug=debug)
        raise typer.Exit(1) from None


def _about_file(error: OSError) -> TunewrightError:
    """A file or folder that cannot be read or written is a person's to mend, not a defect."""
    where = str(error.filename) if error.filename else None
    hint = "Check that the folder exists and that you may write there."
    message = f"A file cannot be used: {error.strerror or error}."
    return TunewrightError("file.unusable", message, where=where, hint=hint)


def _show(error: TunewrightError, *, as_json: bool, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    if as_json:
        print_json({"error": error.as_dict()})
        return
    from rich.console import Console

    from tunewright.reporting.terminal import print_error

    print_error(error, Console(stderr=True))


def print_json(value: object) -> None:
    """The one document on stdout."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """A function that says whether Ctrl-C was pressed; the second press stops at once."""
    pressed = False

    def press(_signal: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True
        sys.stderr.write("\nStopping after the current step; press again to stop at once.\n")

    previous = signal.signal(signal.SIGINT, press)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, previous)


def spoken() -> Hooks:
    """Hooks of work too short for a bar: what is said goes to stderr."""
    from tunewright.workflow.study import Hooks

    return Hooks(say=partial(typer.echo, err=True))


@contextmanager
def watched(*, quiet: bool) -> Iterator[Hooks]:
    """Hooks with a progress bar on stderr and a clean stop."""
    from tunewright.workflow.study import Hooks

    with stoppable() as cancelled:
        if quiet:
            yield Hooks(cancelled=cancelled)
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        console = Console(stderr=True)
        columns = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=24), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            say = partial(console.print, highlight=False, markup=False)
            yield Hooks(progress=_advance(bar), say=say, cancelled=cancelled)


def _advance(bar: Progress) -> Callable[[str, str, float], None]:
    tasks: dict[str, TaskID] = {}

    def progress(system: str, stage: str, fraction: float) -> None:
        if stage == "done":
            if system in tasks:
                bar.remove_task(tasks.pop(system))
            return
        if system not in tasks:
            tasks[system] = bar.add_task(system, total=1.0)
        bar.update(tasks[system], completed=fraction, description=f"{system:<18} {stage}")

    return progress
