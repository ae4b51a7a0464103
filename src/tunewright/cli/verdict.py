"""``tunewright verdict``: two files of answers or scores, whoever made them."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.common import EXIT_NO, DebugOption, JsonOption, guarded, print_json
from tunewright.errors import InputError

if TYPE_CHECKING:
    from tunewright.project.settings import ProjectSettings
    from tunewright.records.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed; the flags that only one sort of file takes are None where they were not."""

    old: Path
    new: Path
    id: str
    target: str
    answer: str
    group: str | None
    score: str | None
    human: str | None
    metric: str | None
    scale: str | None
    old_system: str | None
    new_system: str | None
    slices: tuple[str, ...]
    any_time: bool
    also: tuple[Path, ...]
    min_improvement: float
    at_least: float | None
    blank_is_wrong: bool
    details: bool

    def words(self) -> list[str]:
        """The command that repeats this one."""
        named = {"--id": self.id, "--target": self.target, "--answer": self.answer, "--group": self.group}
        named |= {"--score": self.score, "--human": self.human, "--metric": self.metric, "--scale": self.scale}
        named |= {"--old-system": self.old_system, "--new-system": self.new_system}
        named["--at-least"] = None if self.at_least is None else f"{self.at_least:g}"
        words = [
            "tunewright",
            "verdict",
            str(self.old),
            str(self.new),
            "--min-improvement",
            f"{self.min_improvement:g}",
        ]
        words += [word for flag, value in named.items() if value is not None for word in (flag, value)]
        words += [word for tag in self.slices for word in ("--slice", tag)]
        words += [word for path in self.also for word in ("--also", str(path))]
        return (
            words
            + ["--any-time"] * self.any_time
            + ["--blank-is-wrong"] * self.blank_is_wrong
            + ["--details"] * self.details
        )

    def only_for_scores(self) -> list[str]:
        """Flags given that mean nothing for answers still to be graded."""
        given = {"--human": self.human, "--metric": self.metric, "--scale": self.scale}
        given |= {"--old-system": self.old_system, "--new-system": self.new_system}
        several = {"--slice": self.slices, "--also": self.also, "--any-time": self.any_time}
        return [flag for flag, value in (*given.items(), *several.items()) if value]


def command(
    old: Annotated[Path, typer.Argument(help="Answers, scores or log of what is used today.")],
    new: Annotated[Path, typer.Argument(help="Those of the candidate, on the same cases.")],
    id: Annotated[str, typer.Option(help="Column with the row names.")] = "id",
    target: Annotated[str, typer.Option(help="Column with the right answers.")] = "target",
    answer: Annotated[str, typer.Option(help="Column with the answers.")] = "answer",
    group: Annotated[
        str | None, typer.Option(help="Column or tag of rows that belong together; group where there is one.")
    ] = None,
    score: Annotated[str | None, typer.Option(help="Column with scores that were given already.")] = None,
    human: Annotated[str | None, typer.Option(help="With --score by a judge: column with people's labels.")] = None,
    metric: Annotated[str | None, typer.Option(help="Metric of the logs, where there are several.")] = None,
    scale: Annotated[
        str | None, typer.Option(help="Worst and best score, such as 1:5; 1:0 where lower is better.")
    ] = None,
    old_system: Annotated[str | None, typer.Option(help="Which system of the first file.")] = None,
    new_system: Annotated[str | None, typer.Option(help="Which system of the second file.")] = None,
    slice: Annotated[list[str] | None, typer.Option(help="Tag whose values are looked at apart.")] = None,
    any_time: Annotated[
        bool,
        typer.Option("--any-time", help="Decide by what holds at every look: cases stand as they came, and more come."),
    ] = False,
    also: Annotated[list[Path] | None, typer.Option(help="A further candidate that was looked at.")] = None,
    min_improvement: Annotated[float, typer.Option(help="Smallest gain worth paying for (0.02 is 2 points).")] = 0.02,
    at_least: Annotated[float | None, typer.Option(help="The share of right answers that the job needs.")] = None,
    blank_is_wrong: Annotated[
        bool, typer.Option("--blank-is-wrong", help="A blank answer is a wrong one, not a lost one.")
    ] = False,
    details: Annotated[bool, typer.Option("--details", help="For answers: more figures beside the verdict.")] = False,
    report: Annotated[Path | None, typer.Option(help="Also write an HTML report there.")] = None,
    texts: Annotated[bool, typer.Option("--texts/--no-texts", help="Show texts of cases in the report.")] = True,
    gate: Annotated[bool, typer.Option("--gate", help="Exit 3 unless the answer is to ship the new one.")] = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Compare two files: does the new system beat the old one, and is it proven?

    Answers (csv, xlsx, jsonl), scores, and logs of Inspect, promptfoo, lm-eval and OpenAI evals.
    """
    asked = Asked(
        old, new, id, target, answer, group, score, human, metric, scale, old_system, new_system,
        tuple(slice or ()), any_time, tuple(also or ()), min_improvement, at_least, blank_is_wrong, details,
    )  # fmt: skip
    with guarded(as_json=json, debug=debug):
        from tunewright.workflow.report import require_new, write_report

        if report is not None:
            require_new(report)
        verdict = _verdict(asked)
        if report is not None:
            write_report(verdict, report, texts=texts)
        if json:
            print_json(verdict.model_dump(mode="json"))
        else:
            _print(verdict, report)
        if gate and verdict.headline != "SHIP_FINE_TUNE":
            raise typer.Exit(EXIT_NO)


def _verdict(asked: Asked) -> Verdict:
    """On logs and tables of scores as they stand, on answers once they are graded."""
    from tunewright.cli.checked import checked_settings, scale_ends
    from tunewright.data.eval_logs import ScoreColumns
    from tunewright.workflow.recorded.scores_verdict import ScoresOptions, formats_of, verdict_of_scores

    goal = None if asked.at_least is None else {"metric": "accuracy", "at_least": asked.at_least}
    settings = checked_settings(min_improvement=asked.min_improvement, target=goal)
    columns = ScoreColumns(asked.id, asked.score, asked.target, asked.answer, asked.group, asked.human)
    formats = formats_of(asked.old, asked.new, columns)
    if formats is None:
        return _of_answers(asked, settings)
    options = ScoresOptions(
        columns,
        asked.metric,
        asked.old_system,
        asked.new_system,
        scale_ends(asked.scale),
        asked.slices,
        asked.any_time,
        asked.also,
        shlex.join(asked.words()),
    )
    return verdict_of_scores(asked.old, asked.new, formats, settings, options)


def _of_answers(asked: Asked, settings: ProjectSettings) -> Verdict:
    from tunewright.data.recorded import RecordedColumns
    from tunewright.workflow.recorded.answers_verdict import AnswersOptions, verdict_of_answers

    useless = asked.only_for_scores()
    if useless:
        raise InputError(
            "call.only_for_scores",
            f"{useless[0]} is for logs and tables of scores, and these files hold answers.",
            where=f"{asked.old} and {asked.new}",
            hint="Name the column with the scores, if there is one: --score NAME.",
        )
    columns = RecordedColumns(
        asked.id, asked.answer, asked.target, asked.group or "group", needs_group=asked.group is not None
    )
    options = AnswersOptions(columns, asked.blank_is_wrong, shlex.join(asked.words()), asked.details)
    return verdict_of_answers(asked.old, asked.new, settings, options)


def _print(verdict: Verdict, report: Path | None) -> None:
    from rich.console import Console

    from tunewright.reporting.terminal import print_verdict
    from tunewright.workflow.recorded.details_words import detail_lines
    from tunewright.workflow.recorded.verdict_details import DetailedVerdict

    console = Console()
    print_verdict(verdict, console, report=report)
    if isinstance(verdict, DetailedVerdict):
        console.print()
        for line in detail_lines(verdict.details):
            console.print(line, markup=False, highlight=False)
