"""``tunewright selftest``: try to fool the program on your own data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json, watched

if TYPE_CHECKING:
    from tunewright.workflow.selftest import Trick


def command(
    table: Annotated[Path, typer.Argument(help="A table of labelled examples, or a project folder.")],
    input: Annotated[list[str] | None, typer.Option(help="Column with the input text (may be repeated).")] = None,
    target: Annotated[str | None, typer.Option(help="Column with the right answer.")] = None,
    group: Annotated[str | None, typer.Option(help="Column of groups that must stay together.")] = None,
    seed: Annotated[int | None, typer.Option(help="Start of all randomness.")] = None,
    allow_set_aside: Annotated[float | None, typer.Option(help="Share of rows that may be unusable.")] = None,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Cheat in five ways on your own data, and show what a naive comparison says beside what the program says."""
    with guarded(as_json=json, debug=debug):
        import tempfile

        from tunewright.cli.project_here import Flags, project_for
        from tunewright.store import Store
        from tunewright.workflow.load import load
        from tunewright.workflow.selftest import selftest

        flags = Flags(input=tuple(input or ()), target=target, group=group, seed=seed, allow_set_aside=allow_set_aside)
        project = project_for(table, flags, ask=not json)
        with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder)) as store, watched(quiet=json) as hooks:
            examples = load(project.settings, project.root, store).examples
            tricks = selftest(examples, project.settings, store, hooks)
        held = all(trick.held for trick in tricks)
        if json:
            print_json({"held": held, "tricks": [asdict(trick) for trick in tricks]})
        else:
            _show(tricks)
        if not held:
            raise typer.Exit(1)


def _show(tricks: Sequence[Trick]) -> None:
    for trick in tricks:
        typer.echo(f"\n{trick.name}: {trick.what}")
        typer.echo(f"  naive    {trick.naive}")
        typer.echo(f"  program  {trick.headline or 'no headline'}: {trick.program}")
        typer.echo(f"  {'held' if trick.held else 'FOOLED'}")
    held = sum(trick.held for trick in tricks)
    typer.echo(f"\n{held} of {len(tricks)} tricks failed to fool the program.")
