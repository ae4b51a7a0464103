"""``tunewright convert``: the rows of a file in another format or another kind of file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json

if TYPE_CHECKING:
    from tunewright.workflow.convert import Converted

SHOWN_REASONS = 5


def command(
    file: Annotated[Path, typer.Argument(help="A file of rows; BOOK.xlsx#SHEET names a sheet. It is only read.")],
    output: Annotated[Path, typer.Argument(help="The new file: .jsonl .json .csv .tsv .xlsx .parquet")],
    to: Annotated[
        str | None, typer.Option(help="The format (chat, alpaca, table, ...); rows as they are without.")
    ] = None,
    input: Annotated[str | None, typer.Option(help="Column with the text, for a table.")] = None,
    target: Annotated[str | None, typer.Option(help="Column with the right answer, for a table.")] = None,
    id: Annotated[str | None, typer.Option(help="Column with your own row names.")] = None,
    lossy: Annotated[bool, typer.Option("--lossy", help="Accept what the format cannot carry.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over the new file if it is there.")] = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Convert a file; what the other format cannot carry is said first, and refused without --lossy."""
    with guarded(as_json=json, debug=debug):
        from tunewright.data.rows import ColumnMap
        from tunewright.workflow.convert import ConvertRequest, convert

        named = any((input, target, id))
        columns = ColumnMap((input,) if input else (), target, id) if named else None
        made = convert(ConvertRequest(file, output, to, columns, lossy, force))
        if json:
            print_json(made.document())
        else:
            _tell(made)


def _tell(made: Converted) -> None:
    form = f"as '{made.format}' (from '{made.source_format}')" if made.source_format != made.format else made.format
    typer.echo(f"{made.path}: {made.written:,} rows {form}.")
    for what, rows in made.lost:
        typer.echo(f"  lost, as accepted: {what} in {rows:,} rows")
    if made.set_aside:
        typer.echo(f"{made.rows_in:,} rows in = {made.written:,} written + {len(made.set_aside):,} set aside:")
        reasons = Counter(row.reason for row in made.set_aside).most_common()
        for reason, rows in reasons[:SHOWN_REASONS]:
            typer.echo(f"  {rows:,}: {reason}")
        if len(reasons) > SHOWN_REASONS:
            typer.echo(f"  and {len(reasons) - SHOWN_REASONS} other reasons")
        typer.echo(f"They are in {made.set_aside_file}, each with its line and reason.")
    for note in made.notes:
        typer.echo(f"Note: {note}")
