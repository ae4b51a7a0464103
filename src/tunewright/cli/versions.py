"""``tunewright versions``: list the dataset versions of a project, compare two, print the card of one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json
from tunewright.errors import InputError

if TYPE_CHECKING:
    from tunewright.records.example import Example
    from tunewright.store import Store
    from tunewright.workflow.reviewing.versions import Pair, VersionDiff

SHOWN_CHARS = 100


def command(
    names: Annotated[list[str] | None, typer.Argument(help="None: list all. Two (v1 v2, latest): compare.")] = None,
    card: Annotated[str | None, typer.Option(help="Print the data card of this version (v2, latest).")] = None,
    show: Annotated[int, typer.Option(help="Rows shown of each kind of difference.", min=0)] = 10,
    project: Annotated[Path, typer.Option(help="Folder of the project.")] = Path(),
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List versions of the data, compare two (added, removed, changed, relabelled), or print a data card."""
    with guarded(as_json=json, debug=debug):
        from tunewright.workflow.runs import open_state

        with open_state(project) as store:
            if card is not None:
                _card(store, card, as_json=json)
            elif not names:
                _list(store, as_json=json)
            elif len(names) == 2:
                _compare(store, names[0], names[1], show, as_json=json)
            else:
                raise InputError(
                    "versions.call", "Two versions are compared, not one.", hint="tunewright versions v1 latest"
                )


def _list(store: Store, *, as_json: bool) -> None:
    known = store.versions.all()
    by_hash = {version.hash: version.number for version in known}
    if as_json:
        rows = [
            {
                "version": v.number,
                "hash": v.hash,
                "parent": by_hash.get(v.parent or ""),
                "rows": v.n_rows,
                "created": v.created,
                "source": v.source,
            }
            for v in known
        ]
        print_json({"versions": rows})
        return
    for v in known:
        origin = f"from v{by_hash[v.parent]}" if v.parent in by_hash else "read"
        typer.echo(f"v{v.number}  {v.hash[:12]}  {v.n_rows:>8,} rows  {origin:<8}  {v.created}  {v.source}")
    if not known:
        typer.echo("There are no versions yet: `tunewright review` and `tunewright label` write them down.")


def _compare(store: Store, old: str, new: str, show: int, *, as_json: bool) -> None:
    from tunewright.workflow.reviewing.versions import compare

    before, after = store.versions.find(old), store.versions.find(new)
    found = compare(store, before, after)
    if as_json:
        print_json(
            {
                "old": before.number,
                "new": after.number,
                "same": found.same,
                "added": [_plain(e) for e in found.added],
                "removed": [_plain(e) for e in found.removed],
                "changed": [{"before": _plain(p.before), "after": _plain(p.after)} for p in found.changed],
                "relabelled": [{"before": _plain(p.before), "after": _plain(p.after)} for p in found.relabelled],
            }
        )
        return
    _print(found, show)


def _print(found: VersionDiff, show: int) -> None:
    typer.echo(
        f"{found.same} rows are the same, {len(found.added)} added, {len(found.removed)} removed, "
        f"{len(found.changed)} changed, {len(found.relabelled)} relabelled."
    )
    for example in found.removed[:show]:
        typer.echo(f"- {_line(example)}")
    for example in found.added[:show]:
        typer.echo(f"+ {_line(example)}")
    for pair in found.relabelled[:show]:
        typer.echo(f"~ {pair.before.row_id}: {_short(pair.before.text)}")
        typer.echo(f"    {_short(pair.before.target)} -> {_short(pair.after.target)}")
    for pair in found.changed[:show]:
        typer.echo(f"~ {pair.before.row_id}:")
        for line in _differences(pair):
            typer.echo(f"    {line}")
    hidden = max(len(rows) for rows in (found.added, found.removed, found.changed, found.relabelled)) - show
    if hidden > 0:
        typer.echo("More rows: --show N, or --json for all.")


def _differences(pair: Pair) -> list[str]:
    from tunewright.audit.edits import diff_lines
    from tunewright.audit.fields import texts

    if [name for name, _ in texts(pair.before)] == [name for name, _ in texts(pair.after)]:
        lines = [_short(line) for line in diff_lines(pair.before, pair.after)]
        return lines or ["columns beside the text differ"]
    return [f"-{_line(pair.before)}", f"+{_line(pair.after)}"]


def _card(store: Store, name: str, *, as_json: bool) -> None:
    from tunewright.workflow.reviewing.versions import data_card

    version = store.versions.find(name)
    text = data_card(store, version)
    if as_json:
        print_json({"version": version.number, "hash": version.hash, "card": text})
    else:
        typer.echo(text, nl=False)


def _plain(example: Example) -> dict[str, str]:
    return {"row": example.row_id, "text": example.text, "target": example.target}


def _line(example: Example) -> str:
    return f"{example.row_id}: {_short(example.text)} => {_short(example.target)}"


def _short(text: str) -> str:
    from tunewright.cli.dialogue import printable

    line = " ".join(printable(text).split()) if not text.startswith((" ", "-", "+")) else printable(text)
    return line if len(line) <= SHOWN_CHARS else f"{line[: SHOWN_CHARS - 3]}..."
