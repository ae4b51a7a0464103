"""Grade answers that stand in a table, whoever gave them: nothing is generated, so another grader costs only itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tunewright.data.cells import cell_text
from tunewright.data.containers import open_table
from tunewright.data.own_tables import write_rows
from tunewright.data.rows import BrokenRow, RawRow
from tunewright.errors import Cancelled, InputError
from tunewright.evaluation import counts as counting
from tunewright.evaluation.grades import Grade, close, grade_many
from tunewright.project.settings import ProjectSettings
from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example, Message, Source
from tunewright.statistics.means import mean_interval
from tunewright.store import Store
from tunewright.workflow.grading import Grading, grading_of
from tunewright.workflow.models import Models
from tunewright.workflow.report import require_new
from tunewright.workflow.study import Hooks

BATCH_ROWS = 64
COLUMNS = ("line", "id", "system", "target", "answer", "score", "status", "detail", "parts")
EVERYTHING = ""
# The column with the names of cases in a table of scores.
ROW_ID = "row_id"


@dataclass(frozen=True, slots=True)
class TableColumns:
    """Where the parts of a case stand; all but the first two are read where they exist.

    Names of cases stand in ``id``, else in ``row_id``, as ``export-scores`` writes them. Of a case that was answered
    several times (``repetition``) the first answer counts; cases of one ``group`` are not independent.
    """

    answer: str = "answer"
    target: str = "target"
    id: str = "id"
    input: str = "text"
    system: str = "system"
    status: str = "status"
    repetition: str = "repetition"
    group: str = "group"


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table before it is graded; ``repetition`` is None where the table tells none."""

    example: Example
    answer: Answer
    system: str
    repetition: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table with its grade; rows of one ``cluster`` are not independent."""

    line: int
    row_id: str
    system: str
    target: str
    answer: Answer
    grade: Grade
    cluster: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The grades of one system.

    ``repeated`` lines were left out, as further answers to a case that has one; ``clusters`` says what the interval
    rests on: groups, or cases that stand there several times; None where every row is a case of its own.
    """

    system: str
    n: int
    score: float | None
    interval: tuple[float, float] | None
    missing: int
    no_usable_answer: int
    repeated: int
    clusters: int | None
    measures: Mapping[str, float]
    fields: Sequence[counting.Row] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Graded:
    """All lines graded in the order of the table, a summary per system, and rows that could not be read."""

    lines: tuple[Line, ...]
    summaries: tuple[Summary, ...]
    unreadable: tuple[str, ...]


def grade_table(
    table: Path, columns: TableColumns, settings: ProjectSettings, root: Path, store: Store, hooks: Hooks
) -> Graded:
    """Grade every row by the grader of the settings; of a case answered several times the first answer.

    Raises:
        InputError: a column is missing, or the grader cannot be used.
        Cancelled: the person asked to stop.
    """
    every, unreadable = _cases(table, columns)
    cases, repeated = _first_answers(every)
    if not cases:
        raise InputError("grade.empty", "The table has no rows that can be graded.", where=str(table))
    labels = tuple(sorted({case.example.target for case in cases}))
    grading = grading_of(settings, root, labels, Models.of(settings, root, store).around())
    lines: list[Line] = []
    try:
        for start in range(0, len(cases), BATCH_ROWS):
            if hooks.cancelled():
                raise Cancelled
            batch = cases[start : start + BATCH_ROWS]
            grades = grade_many(grading.grader, [(case.answer, case.example) for case in batch])
            lines += [_line(case, grade) for case, grade in zip(batch, grades, strict=True)]
            hooks.progress("grading", "rows", len(lines) / len(cases))
    finally:
        close(grading.grader)
        hooks.progress("grading", "done", 1.0)
    return Graded(tuple(lines), _summaries(lines, repeated, grading), tuple(unreadable))


def write_grades(graded: Graded, output: Path) -> None:
    """A csv file with a line per row; an existing file is refused.

    Raises:
        InputError: the file exists.
    """
    import json

    require_new(output)
    with output.open("x", encoding="utf-8-sig", errors="backslashreplace", newline="") as stream:
        write_rows(
            stream,
            COLUMNS,
            (
                (
                    *(one.line, one.row_id, one.system, one.target, one.answer.text or "", one.grade.score),
                    *(one.grade.status.value, one.grade.detail, json.dumps(dict(one.grade.parts), ensure_ascii=False)),
                )
                for one in graded.lines
            ),
        )


def _line(case: Case, grade: Grade) -> Line:
    example = case.example
    cluster = example.row_id if example.group is None else f"group {example.group}"
    return Line(example.source.line, example.row_id, case.system, example.target, case.answer, grade, cluster)


def _first_answers(cases: Sequence[Case]) -> tuple[list[Case], Counter[str]]:
    """The cases without further answers to the same one, and how many of these each system had."""
    first = min((case.repetition for case in cases if case.repetition is not None), default=None)
    kept = [case for case in cases if case.repetition in (None, first)]
    return kept, Counter(case.system for case in cases if case.repetition not in (None, first))


def _cases(table: Path, columns: TableColumns) -> tuple[list[Case], list[str]]:
    opened = open_table(table, (columns.answer, columns.target))
    for name in (columns.answer, columns.target):
        if name not in opened.columns:
            raise InputError(
                "grade.no_column",
                f"There is no column {name!r}.",
                where=f"{table}: columns {', '.join(opened.columns)}",
                hint="Give the right names with --answer and --target.",
            )
    if columns.id not in opened.columns and ROW_ID in opened.columns:
        columns = replace(columns, id=ROW_ID)
    cases, unreadable = [], []
    for row in opened.rows([]):
        if isinstance(row, BrokenRow):
            unreadable.append(f"{table.name}:{row.line}: {row.reason}")
        else:
            cases.append(_case(row, table.name, columns))
    return cases, unreadable


def _case(row: RawRow, file: str, columns: TableColumns) -> Case:
    cells = {name: cell_text(value) for name, value in row.cells.items()}
    own = {columns.answer, columns.target, columns.id, columns.input, columns.system, columns.status}
    tags = tuple((name, text) for name, text in cells.items() if name not in own)
    source = Source(file, row.line)
    example = Example(
        (Message("user", cells.get(columns.input, "")),),
        cells[columns.target],
        source,
        cells.get(columns.id) or str(source),
        group=cells.get(columns.group) or None,
        tags=tags,
    )
    system, repetition = cells.get(columns.system, ""), _whole(cells.get(columns.repetition, ""))
    text = cells[columns.answer]
    stated = cells.get(columns.status, "")
    if stated in (Status.INFRA_FAIL, Status.JUDGE_FAIL) and not text.strip():
        return Case(example, Answer(None, Status.INFRA_FAIL, detail="missing in the table"), system, repetition)
    answer = Answer(text) if text.strip() else Answer(None, Status.MODEL_FAIL, detail="an empty answer")
    return Case(example, answer, system, repetition)


def _whole(text: str) -> int | None:
    """The whole number in a cell (``1``, ``1.0``); None for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() else None


def _summaries(lines: Sequence[Line], repeated: Mapping[str, int], grading: Grading) -> tuple[Summary, ...]:
    names = list(dict.fromkeys(one.system for one in lines))
    return tuple(
        _summary(name, [one for one in lines if one.system == name], repeated.get(name, 0), grading) for name in names
    )


def _summary(system: str, lines: Sequence[Line], repeated: int, grading: Grading) -> Summary:
    known = [one for one in lines if one.grade.score is not None]
    scores = np.array([one.grade.score for one in known], dtype=np.float64)
    answers = [one.grade.answer if one.grade.status is Status.OK else None for one in known]
    targets = [one.target for one in known]
    found, clusters = np.unique([one.cluster for one in known], return_inverse=True)
    dependent = len(found) < len(known)
    low, high = mean_interval(scores, clusters if dependent else None) if known else (0.0, 0.0)
    return Summary(
        system or EVERYTHING,
        len(known),
        float(scores.mean()) if known else None,
        (round(low, 6), round(high, 6)) if known else None,
        len(lines) - len(known),
        sum(one.grade.status is Status.MODEL_FAIL for one in known),
        repeated,
        len(found) if dependent else None,
        {one.NAME: round(one.measure(answers, targets), 6) for one in grading.measures} if known else {},
        tuple(counting.table(counting.from_parts(one.grade.parts for one in known))),
    )


def setting_of(text: str) -> tuple[str, str | int | float | bool]:
    """``name=value`` as an option of a grader: yes and no, numbers, else text.

    Raises:
        InputError: it is no such pair.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise InputError("grade.option", f"Not an option: {text!r}.", where="--set", hint="Write --set name=value.")
    return name.strip(), _value(value.strip())


def _value(text: str) -> str | int | float | bool:
    if text.lower() in ("yes", "true", "no", "false"):
        return text.lower() in ("yes", "true")
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def options_of(texts: Sequence[str]) -> dict[str, str | int | float | bool]:
    """All options together, the last of equal names."""
    return dict(_pairs(texts))


def _pairs(texts: Sequence[str]) -> Iterator[tuple[str, str | int | float | bool]]:
    for text in texts:
        yield setting_of(text)
