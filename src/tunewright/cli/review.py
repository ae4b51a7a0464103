"""``tunewright review``: decide about what the audit found, row by row; a new file and a new version result."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json
from tunewright.errors import InputError

if TYPE_CHECKING:
    from tunewright.workflow.reviewing.review import Review
    from tunewright.workflow.reviewing.reviewed_file import Reviewed

SHOWN_DIFF_LINES = 200
# Below it nobody read anything: answers came from a pipe.
SHORTEST_S = 0.05


def command(
    what: Annotated[Path, typer.Argument(help="A file of examples, or a folder with tunewright.yaml.")] = Path(),
    input: Annotated[list[str] | None, typer.Option(help="Column with the text; may be repeated.")] = None,
    target: Annotated[str | None, typer.Option(help="Column with the right answer.")] = None,
    id: Annotated[str | None, typer.Option(help="Column with your own row names.")] = None,
    check: Annotated[list[str] | None, typer.Option(help="Ask only about this check or finding.")] = None,
    limit: Annotated[int | None, typer.Option(help="Stop after so many decisions.", min=1)] = None,
    by: Annotated[str | None, typer.Option(help="Your name for the record; your login without.")] = None,
    output: Annotated[Path | None, typer.Option(help="The new file; a free name beside the old one without.")] = None,
    apply_safe: Annotated[
        bool, typer.Option("--apply-safe", help="Show all fixes that cannot hurt; with --yes, make them.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Make what --apply-safe shows.")] = False,
    export: Annotated[
        Path | None, typer.Option(help="Write the open questions there instead (.csv, or .json for Label Studio).")
    ] = None,
    take: Annotated[
        Path | None, typer.Option("--import", help="Take the answers of such a file that was filled in elsewhere.")
    ] = None,
    notes: Annotated[bool, typer.Option("--all", help="Ask about what is merely good to know, too.")] = False,
    keep_unusable: Annotated[
        bool, typer.Option("--keep-unusable", help="Leave rows that cannot be learned from in the new file.")
    ] = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Go through what the audit found, the most valuable first. Your file is not changed: a new one is written."""
    with guarded(as_json=json, debug=debug):
        from tunewright.cli.dialogue import Terminal, who_decides
        from tunewright.cli.review_dialogue import converse
        from tunewright.cli.reviewed_data import opened_review

        columns = (tuple(input or ()), target, id)
        asked = {"notes": notes, "keep_unusable": keep_unusable}
        with opened_review(what, columns, who_decides(by), tuple(check or ()), **asked) as review:
            if export is not None:
                _export(review, export, as_json=json)
                return
            if apply_safe:
                done = _apply_safe(review, yes=yes, as_json=json)
                if not done:
                    return
            elif take is not None:
                _import(review, take)
            else:
                terminal = Terminal()
                try:
                    converse(review, terminal, limit)
                except KeyboardInterrupt:
                    terminal.say(f"\nEvery answer so far is kept in {review.store.folder}; the same command goes on.")
                    raise
            written = review.write(output)
            _tell(review, written, as_json=json)


def _apply_safe(review: Review, *, yes: bool, as_json: bool) -> bool:
    """Show the fixes that cannot hurt, and make them when that was said; whether there is something to write."""
    fixes = review.safe()
    lines = review.diff(fixes)
    if as_json and not yes:
        print_json({"safe_fixes": len(fixes), "diff": lines, "written": None})
        return False
    if not as_json:
        for line in lines[:SHOWN_DIFF_LINES]:
            typer.echo(line)
        if len(lines) > SHOWN_DIFF_LINES:
            typer.echo(f"... and {len(lines) - SHOWN_DIFF_LINES} lines more; --json shows them all.")
        typer.echo(f"{len(fixes)} fixes cannot hurt." if fixes else "There is no open fix that cannot hurt.")
    if fixes and not yes:
        typer.echo("Nothing was changed. Add --yes to write them to a new file.")
    if yes:
        from tunewright.audit.exchange import Answer

        review.decide_all([Answer(question, edit, "safe fix") for question, edit in fixes])
    return yes


def _export(review: Review, path: Path, *, as_json: bool) -> None:
    from tunewright.audit.exchange import LABEL_STUDIO_HELP, to_csv, to_label_studio

    tasks = review.tasks()
    studio = path.suffix.lower() == ".json"
    text = to_label_studio(tasks, review.labels) if studio else to_csv(tasks)
    try:
        with path.open("x", encoding="utf-8" if studio else "utf-8-sig", newline="") as stream:
            stream.write(text)
    except FileExistsError:
        raise InputError("review.export", "There is such a file already.", where=str(path)) from None
    private = len({task.question.row for task in tasks if task.question.masks})
    if as_json:
        print_json({"exported": len(tasks), "path": str(path), "rows_with_private_data": private})
        return
    typer.echo(f"{_questions(len(tasks))} in {path}. Take the answers with --import.")
    holds = f" {_rows(private)} of it {'holds' if private == 1 else 'hold'} personal data or keys." if private else ""
    typer.echo(
        f"Warning: the file holds the rows as they are, nothing is masked.{holds} `tunewright purge` does not reach "
        "it: delete it, and every copy, once the answers are back."
    )
    typer.echo(LABEL_STUDIO_HELP if studio else "Fill decision (keep, relabel, edit, drop, accept), label and note.")


def _import(review: Review, path: Path) -> None:
    from tunewright.audit.exchange import from_csv, from_label_studio

    if not path.is_file():
        raise InputError("review.no_file", "There is no such file.", where=str(path))
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What Excel writes as plain CSV; a text that was damaged by it is refused as changed.
        text = content.decode("cp1252", errors="replace")
    # Answers to settled questions are no strangers: they may only not say something else.
    tasks = review.all_tasks()
    answers = from_label_studio(text, tasks) if path.suffix.lower() == ".json" else from_csv(text, tasks)
    review.take(answers)


def _tell(review: Review, written: Reviewed | None, *, as_json: bool) -> None:
    cost, agreement, left = review.cost(), review.agreement(), review.n_pending
    labels = review.labels_left()
    timed = cost.median_s is not None and cost.median_s >= SHORTEST_S
    if as_json:
        print_json(
            {
                "open": left,
                "decided": sum(one.asked for one in agreement),
                "median_seconds": cost.median_s,
                "timed": cost.n,
                "version": written.version.number if written else None,
                "path": str(written.path) if written else None,
                "changed": written.changed if written else 0,
                "left_out": written.left_out if written else 0,
                "rows": written.rows if written else None,
                "unusable": written.unusable if written else 0,
                "settled_before": review.n_settled,
                "notes_not_asked": review.n_notes,
                "labels": asdict(labels) if labels else None,
            }
        )
        return
    for one in agreement:
        low, high = one.interval
        typer.echo(
            f"{one.title}: {one.changed} of {one.asked} decided rows were changed "
            f"({one.changed / one.asked:.0%}, between {low:.0%} and {high:.0%} for rows like them)."
        )
    if labels:
        typer.echo(labels.text)
    if timed:
        typer.echo(f"A decision took {cost.median_s:.1f} seconds (median of {cost.n}).")
    if review.n_settled:
        typer.echo(f"{review.n_settled} settled by an earlier review.")
    typer.echo(f"{_questions(left)} open; the same command goes on from here." if left else "No question is open.")
    if review.n_notes:
        typer.echo(f"Not asked about: {review.n_notes} that are merely good to know; --all asks about them too.")
    if written is None:
        typer.echo("No row was changed, so no file was written.")
        return
    state = "is in" if written.new else "was in this file already:"
    typer.echo(
        f"Version v{written.version.number} {state} {written.path}: {_rows(written.rows)}, {written.changed} changed, "
        f"{written.left_out} left out."
    )
    for note in written.notes:
        typer.echo(f"Note: {note}")


def _questions(count: int) -> str:
    return "1 question is" if count == 1 else f"{count} questions are"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
