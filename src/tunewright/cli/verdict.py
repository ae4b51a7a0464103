"""``tunewright verdict``: two files of answers, whoever made them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from tunewright.cli.common import EXIT_NO, DebugOption, JsonOption, guarded, print_json


def command(
    old: Annotated[Path, typer.Argument(help="Answers of what is used today.")],
    new: Annotated[Path, typer.Argument(help="Answers of the candidate, to the same cases.")],
    id: Annotated[str, typer.Option(help="Column with the row names.")] = "id",
    target: Annotated[str, typer.Option(help="Column with the right answers.")] = "target",
    answer: Annotated[str, typer.Option(help="Column with the answers.")] = "answer",
    group: Annotated[
        str | None, typer.Option(help="Column of rows that belong together; group where there is one.")
    ] = None,
    min_improvement: Annotated[float, typer.Option(help="Smallest gain worth paying for (0.02 is 2 points).")] = 0.02,
    at_least: Annotated[float | None, typer.Option(help="The share of right answers that the job needs.")] = None,
    blank_is_wrong: Annotated[
        bool, typer.Option("--blank-is-wrong", help="A blank answer is a wrong one, not a lost one.")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="Also write an HTML report there.")] = None,
    texts: Annotated[bool, typer.Option("--texts/--no-texts", help="Show texts of cases in the report.")] = True,
    gate: Annotated[bool, typer.Option("--gate", help="Exit 3 unless the answer is to ship the new one.")] = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Compare two files of answers (csv, xlsx, jsonl): does the new one beat the old one, and is it proven?"""
    with guarded(as_json=json, debug=debug):
        from tunewright.cli.checked import checked_settings
        from tunewright.data.recorded import RecordedColumns
        from tunewright.workflow.answers_verdict import AnswersOptions, verdict_of_answers

        goal = None if at_least is None else {"metric": "accuracy", "at_least": at_least}
        settings = checked_settings(min_improvement=min_improvement, target=goal)
        words = ["tunewright", "verdict", str(old), str(new), "--min-improvement", f"{min_improvement:g}"]
        words += ["--id", id, "--target", target, "--answer", answer]
        words += ["--group", group] if group is not None else []
        words += ["--at-least", f"{at_least:g}"] if at_least is not None else []
        words += ["--blank-is-wrong"] * blank_is_wrong
        options = AnswersOptions(
            RecordedColumns(id, answer, target, group or "group", needs_group=group is not None),
            blank_is_wrong,
            shlex.join(words),
        )
        if report is not None:
            from tunewright.workflow.report import require_new

            require_new(report)
        verdict = verdict_of_answers(old, new, settings, options)
        if report is not None:
            from tunewright.workflow.report import write_report

            write_report(verdict, report, texts=texts)
        if json:
            print_json(verdict.model_dump(mode="json"))
        else:
            from rich.console import Console

            from tunewright.reporting.terminal import print_verdict

            print_verdict(verdict, Console(), report=report)
        if gate and verdict.headline != "SHIP_FINE_TUNE":
            raise typer.Exit(EXIT_NO)
