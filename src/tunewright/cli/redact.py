"""``tunewright redact``: a copy of a file without personal data and secrets, and the way back from it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json, watched
from tunewright.errors import InputError

if TYPE_CHECKING:
    from tunewright.workflow.auditing.redact import Lock, Redacted

PASSPHRASE = "TUNEWRIGHT_MAP_PASSPHRASE"
SHOWN_LINES = 10


def command(
    file: Annotated[Path, typer.Argument(help="A file of rows of any kind; it is only read.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The copy; a free name beside it without.")
    ] = None,
    map: Annotated[Path | None, typer.Option(help="File of the way back, encrypted; in your home without.")] = None,
    key_file: Annotated[
        Path | None, typer.Option(help="Opens the map, in place of a passphrase; made if missing.")
    ] = None,
    no_map: Annotated[bool, typer.Option("--no-map", help="Keep no way back.")] = False,
    field: Annotated[
        list[str] | None, typer.Option(help="Column or field whose whole value is replaced (may be repeated).")
    ] = None,
    keep: Annotated[
        list[str] | None, typer.Option(help="A value that stays, such as your hotline, or a kind, such as ip.")
    ] = None,
    record_numbers: Annotated[
        bool, typer.Option("--record-numbers", help="Replace order numbers and the like.")
    ] = False,
    restore: Annotated[bool, typer.Option("--restore", help="Put the first values back, with the map.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over the copy if it is there.")] = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Write a copy with consistent stand-ins for personal data; the way back is encrypted and kept apart."""
    with guarded(as_json=json, debug=debug):
        from tunewright.data.containers import file_and_sheet, open_table
        from tunewright.workflow.auditing.redact import RedactRequest, redact_file

        if not file_and_sheet(file)[0].exists():
            open_table(file)  # says which file may be meant, before a passphrase is asked for
        if restore:
            _restore(file, output, map, key_file, force=force, as_json=json)
            return
        if no_map and (map or key_file):
            raise InputError("redact.call", "Either a map is kept or not.", where="--no-map", hint="Leave one out.")
        lock, place = None, None
        if not no_map:
            place = map or _usual_map(file)
            lock = _lock(key_file, new=not place.exists(), as_json=json)
        request = RedactRequest(
            file, output, place, lock, tuple(field or ()), tuple(keep or ()), record_numbers, force, Path.cwd()
        )
        with watched(quiet=json) as hooks:
            made = redact_file(request, hooks)
        if json:
            print_json(made.document())
        else:
            _tell(made, key_file)


def _restore(
    file: Path, output: Path | None, map_: Path | None, key_file: Path | None, *, force: bool, as_json: bool
) -> None:
    from tunewright.workflow.auditing.redact import restore_file

    if map_ is None:
        raise InputError(
            "redact.which_map",
            "The way back needs the map.",
            where="--map",
            hint="It was named when the copy was made: tunewright redact --restore COPY --map MAP",
        )
    if not map_.is_file():
        raise InputError("privacy.no_vault", "There is no map here.", where=str(map_))
    made = restore_file(file, map_, _lock(key_file, new=False, as_json=as_json), output, force=force)
    if as_json:
        lines = list(made.left_out)
        print_json({"path": str(made.path), "rows": made.rows, "changed": made.changed, "left_out": lines})
        return
    typer.echo(f"{made.path}: {made.rows:,} rows, the first values are back in {made.changed:,}.")
    typer.echo("Keys and passwords are not put back: they are in no map.")
    _tell_left_out(made.left_out)


def _usual_map(file: Path) -> Path:
    from tunewright.audit.privacy.vault import default_path
    from tunewright.data.containers import file_and_sheet

    return default_path(file_and_sheet(file)[0].name, Path.home())


def _lock(key_file: Path | None, *, new: bool, as_json: bool) -> Lock:
    """The key file that was named, else the passphrase of the environment, else one that is asked for."""
    from tunewright.workflow.auditing.redact import Lock

    if key_file is not None:
        if not new and not key_file.is_file():
            raise InputError("privacy.bad_key_file", "There is no such key file.", where=str(key_file))
        return Lock(key_file=key_file)
    passphrase = os.environ.get(PASSPHRASE)
    if passphrase is None and sys.stdin.isatty() and not as_json:
        passphrase = typer.prompt("Passphrase of the map", hide_input=True, confirmation_prompt=new, err=True)
    if passphrase is None:
        raise InputError(
            "redact.no_key",
            "The map of the way back is encrypted, and there is nothing to encrypt it with.",
            where=PASSPHRASE,
            hint=f"Set {PASSPHRASE}, name a --key-file, or keep no way back with --no-map.",
        )
    return Lock(passphrase=passphrase)


def _tell(made: Redacted, key_file: Path | None) -> None:
    typer.echo(f"{made.path}: {made.rows:,} rows, {made.changed:,} with stand-ins.")
    for one in made.kinds:
        typer.echo(f"  {one.title}: {one.values:,} different, recognised in {one.places:,} places of {one.rows:,} rows")
    if not made.kinds:
        typer.echo("  Nothing was recognised, so nothing was replaced.")
    typer.echo("Not looked for, and perhaps still there:")
    for sentence in made.not_looked_for:
        typer.echo(f"  {sentence}")
    _tell_left_out(made.left_out)
    for note in made.notes:
        typer.echo(f"Note: {note}")
    if made.kinds:
        typer.echo(
            "An audit of the copy flags the stand-ins as well, for they keep their shape: look at them once, then "
            "tunewright approve FINDING --by NAME --reason TEXT"
        )
    if made.map is None:
        typer.echo("No way back was kept.")
        return
    grown = f" It held {made.known_before:,} stand-ins before, which stay the same." if made.known_before else ""
    typer.echo(f"The way back is in {made.map}, encrypted.{grown} Keep it and its key away from the copy.")
    key = f" --key-file {key_file}" if key_file else ""
    typer.echo(f"Back: tunewright redact --restore {made.path} --map {made.map}{key}")


def _tell_left_out(lines: tuple[int, ...]) -> None:
    if lines:
        more = f" and {len(lines) - SHOWN_LINES} more" if len(lines) > SHOWN_LINES else ""
        shown = ", ".join(map(str, lines[:SHOWN_LINES]))
        typer.echo(f"{len(lines)} rows could not be read and are not in the copy (lines {shown}{more}).")
