"""The review queue as files for people who review elsewhere, and their answers back: CSV and Label Studio JSON.

Reading is strict: a question that is not known, a row that was changed, two answers to one question or an answer that
says nothing are errors with their row numbers, and then nothing is taken. Files are opened elsewhere: here are texts.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunewright.audit.edits import DROP, KEEP, Edit
from tunewright.audit.queue import Question
from tunewright.data.own_tables import unguard, write_rows
from tunewright.errors import InputError
from tunewright.records.example import Example

COLUMNS = ("id", "row", "finding", "why", "text", "target", "suggestion", "decision", "label", "note")
DECISIONS = ("keep", "relabel", "edit", "drop", "accept")
LEAVE_OUT = "(leave this row out)"
KEEP_LABEL = "(keep as it is)"
ACCEPT = "(do what is suggested)"
SHOWN_ERRORS = 10
LABEL_STUDIO_HELP = (
    "Label Studio: make a project, import the file, and use this labelling interface: "
    '<View><Header value="$finding"/><Text name="why" value="$why"/><Text name="text" value="$text"/>'
    '<Text name="target" value="$target"/><Text name="suggestion" value="$suggestion"/>'
    '<Choices name="label" toName="text" choice="single" allowNested="false" value="$choices"/>'
    '<TextArea name="answer" toName="text"/></View>'
)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: which question, what is to be done, why, and the seconds it took where known.

    ``seen`` is the row as it was when the answer was made; None where that is the row as it is.
    """

    question: Question
    edit: Edit
    note: str = ""
    seconds: float | None = None
    seen: Example | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A question with its row as it stands, and what is suggested. ``was`` is the row before it was decided about."""

    question: Question
    example: Example
    suggestion: Edit | None
    was: Example | None = None

    @property
    def why(self) -> str:
        """The evidence in words."""
        return " ".join(dict.fromkeys(item.why for item in self.question.items))

    @property
    def suggested(self) -> str:
        """What is suggested, as a person reads it: a label or a text, or the name of the action."""
        if self.suggestion is None:
            return ""
        return self.suggestion.changes[0][1] if self.suggestion.changes else self.suggestion.action


def to_csv(tasks: Iterable[Task]) -> str:
    """The queue as a table to be filled in: ``decision`` is one of keep, relabel, edit, drop, accept."""
    stream = io.StringIO(newline="")
    rows = (
        (
            task.question.id,
            task.example.row_id,
            task.question.finding.title,
            task.why,
            task.example.text,
            task.example.target,
            task.suggested,
            "",
            "",
            "",
        )
        for task in tasks
    )
    write_rows(stream, COLUMNS, rows)
    return stream.getvalue()


def from_csv(text: str, tasks: Iterable[Task]) -> list[Answer]:
    """The answers of a filled table; rows without a decision are left open.

    Raises:
        InputError: ``review.import`` with every problem and its row number (the header is row 1).
    """
    text = text.removeprefix("\ufeff")
    # Spreadsheets of some countries save a table with other delimiters than they were given.
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    header = next(reader, [])
    missing = [name for name in ("id", "text", "target", "decision") if name not in header]
    if missing:
        raise InputError(
            "review.import_columns",
            f"This is no exported review queue: the column {missing[0]!r} is missing.",
            where=f"columns {', '.join(header)}",
            hint="Export it again with --export, and fill the columns decision, label and note.",
        )
    taking = _Taking({task.question.id: task for task in tasks})
    for number, cells in enumerate(reader, start=2):
        if any(cells):
            padded = [*cells, *[""] * (len(header) - len(cells))]
            taking.csv_row(number, dict(zip(header, map(unguard, padded), strict=False)))
    return taking.answers()


def to_label_studio(tasks: Iterable[Task], labels: Sequence[str] = ()) -> str:
    """The queue as Label Studio tasks with the suggestion as a prediction; ``labels`` are offered as choices."""
    made: list[dict[str, object]] = []
    for number, task in enumerate(tasks, start=1):
        result = {"from_name": "label", "to_name": "text", "type": "choices"}
        prediction: dict[str, object] = {
            "model_version": f"tunewright {task.question.check}",
            "score": max(item.score for item in task.question.items),
            "result": [{**result, "value": {"choices": [_choice(task)]}}],
        }
        accept = [ACCEPT] if _choice(task) == ACCEPT else []
        choices = [KEEP_LABEL, LEAVE_OUT, *accept, *labels]
        made.append(
            {
                "id": number,
                "data": {
                    "question": task.question.id,
                    "row": task.example.row_id,
                    "finding": task.question.finding.title,
                    "why": task.why,
                    "text": task.example.text,
                    "target": task.example.target,
                    "suggestion": task.suggested,
                    "choices": [{"value": choice} for choice in choices],
                },
                "predictions": [prediction] if _choice(task) else [],
            }
        )
    return json.dumps(made, ensure_ascii=False, indent=1)


def from_label_studio(text: str, tasks: Iterable[Task]) -> list[Answer]:
    """The answers of an export from Label Studio, as JSON or JSON_MIN; tasks without an annotation are left open.

    Raises:
        InputError: ``review.import_json`` when it is no such file; ``review.import`` with every problem and the number
            of its task, from 1.
    """
    try:
        found = json.loads(text.removeprefix("\ufeff"))
    except ValueError as error:
        raise _no_label_studio(str(error)) from None
    if not isinstance(found, list) or not all(isinstance(task, dict) for task in found):
        raise _no_label_studio("it is not a list of tasks")
    taking = _Taking({task.question.id: task for task in tasks})
    for number, task in enumerate(found, start=1):
        data = task.get("data", task)
        taking.label_studio_task(number, task, data if isinstance(data, dict) else {})
    return taking.answers()


class _Taking:
    """Answers taken so far, and everything that is wrong with the file."""

    def __init__(self, tasks: Mapping[str, Task]) -> None:
        self.tasks = tasks
        self.taken: dict[str, tuple[int, Answer]] = {}
        self.problems: list[str] = []

    def answers(self) -> list[Answer]:
        if self.problems:
            more = len(self.problems) - SHOWN_ERRORS
            shown = self.problems[:SHOWN_ERRORS] + ([f"and {more} more"] if more > 0 else [])
            raise InputError(
                "review.import",
                f"The reviewed file has {len(self.problems)} problems, and nothing of it was taken.",
                where="; ".join(shown),
                why="Half an import leaves nobody sure of what was decided.",
                hint="Mend these rows, or export the queue again, and import the whole file.",
            )
        return [answer for _, answer in self.taken.values()]

    def csv_row(self, number: int, cells: Mapping[str, str]) -> None:
        task = self._task(number, cells.get("id", "").strip(), cells.get("text", ""), cells.get("target", ""))
        decision = cells.get("decision", "").strip().lower()
        if task is None or not decision:
            return
        label, note = cells.get("label", "").strip(), cells.get("note", "").strip()
        edit = _edit(decision, label, task)
        if isinstance(edit, str):
            self.problems.append(f"row {number}: {edit}")
        else:
            self._take(number, Answer(task.question, edit, note, seen=task.example))

    def label_studio_task(self, number: int, task: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        known = self._task(
            number, str(data.get("question", "")), str(data.get("text", "")), str(data.get("target", ""))
        )
        if known is None:
            return
        annotations = task.get("annotations")
        if annotations is None:
            # JSON_MIN has the values beside the data.
            given = [("label", task.get("label")), ("answer", task.get("answer"))]
            self._values(number, known, [(name, value) for name, value in given if value], None)
            return
        for annotation in annotations if isinstance(annotations, list) else []:
            if not isinstance(annotation, dict) or annotation.get("was_cancelled"):
                continue
            values = [pair for part in annotation.get("result", []) if (pair := _value(part)) is not None]
            seconds = annotation.get("lead_time")
            self._values(number, known, values, float(seconds) if isinstance(seconds, int | float) else None)

    def _values(self, number: int, task: Task, values: Sequence[tuple[str, Any]], seconds: float | None) -> None:
        if not values:
            return
        texts = [str(value[0] if isinstance(value, list) and value else value).strip() for _, value in values]
        if len(set(texts)) > 1:
            self.problems.append(f"task {number}: it has both a choice and a text")
            return
        text = texts[0]
        if text == LEAVE_OUT:
            edit = DROP
        elif text == ACCEPT and task.suggestion is not None:
            edit = task.suggestion
        elif text in (KEEP_LABEL, task.example.target):
            edit = KEEP
        else:
            edit = Edit("relabel", (("target", text),))
        self._take(number, Answer(task.question, edit, seconds=seconds, seen=task.example))

    def _task(self, number: int, identity: str, text: str, target: str) -> Task | None:
        task = self.tasks.get(identity)
        if task is None:
            self.problems.append(f"row {number}: there is no question {identity or '(empty)'!r} about this data")
        elif all((_even(text), _even(target)) != (_even(e.text), _even(e.target)) for e in _seen(task)):
            self.problems.append(f"row {number}: its text or target is not that of the data; it was changed")
            return None
        return task

    def _take(self, number: int, answer: Answer) -> None:
        before = self.taken.get(answer.question.id)
        if before is None:
            self.taken[answer.question.id] = (number, answer)
        elif before[1].edit != answer.edit:
            self.problems.append(f"row {number}: another decision than row {before[0]} about the same question")


def _seen(task: Task) -> list[Example]:
    """The row as it can stand in a table that was exported: before decisions about it, or after some."""
    return [task.example] if task.was is None else [task.example, task.was]


def _edit(decision: str, label: str, task: Task) -> Edit | str:
    """The edit that a filled row means, or what is wrong with it."""
    if decision == "keep":
        return KEEP
    if decision == "drop":
        return DROP
    if decision == "accept":
        return task.suggestion or "it accepts a suggestion, and there is none"
    if decision in ("relabel", "edit"):
        if not label:
            return f"{decision} needs the new target in the column label"
        return Edit("relabel" if decision == "relabel" else "edit", (("target", label),))
    return f"{decision!r} is no decision; it is one of {', '.join(DECISIONS)}"


def _choice(task: Task) -> str:
    suggestion = task.suggestion
    if suggestion is None:
        return ""
    if suggestion.action == "drop":
        return LEAVE_OUT
    return suggestion.changes[0][1] if suggestion.action == "relabel" else ACCEPT


def _value(part: object) -> tuple[str, Any] | None:
    if not isinstance(part, dict) or not isinstance(part.get("value"), dict):
        return None
    value = part["value"]
    found = value.get("choices") or value.get("text")
    return (str(part.get("from_name", "")), found) if found else None


def _even(text: str) -> str:
    """Spreadsheets write line ends in their own way; nothing else may differ."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _no_label_studio(reason: str) -> InputError:
    return InputError(
        "review.import_json",
        f"This is no export of Label Studio: {reason}.",
        hint="Export the project there as JSON or JSON_MIN.",
    )
