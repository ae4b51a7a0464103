"""``answers``: answers recorded elsewhere, so that the prompt someone uses today can stand in the comparison.

``{answers: recorded.csv}`` reads the columns ``id`` and ``answer``; ``{answers: {column: today}}`` takes a column of
the project's own table; ``{answers: {figure: 0.87, cases: 500}}`` is a bare figure, which is shown with its interval
and never compared. How much tuning went into recorded answers is unknown, and stays unknown.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tunewright.data.recorded import RecordedColumns, read_recorded
from tunewright.errors import InputError, WorkError
from tunewright.project.settings import DataSettings
from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example, Inputs
from tunewright.records.system import Budget, FitContext, Needs, Setting, SystemRole, Traits
from tunewright.statistics.proportions import wilson_interval
from tunewright.systems.fitlog import FitLog, Logged
from tunewright.systems.options import Option, read

SUMMARY = "answers recorded elsewhere, by row id"
NAME_SHOWS_ARGUMENT = False
OPTIONS: Mapping[str, Option] = {
    "file": Option("", "path", "the project's own table holds the answers in a column unless a file is named"),
    "column": Option("answer", "column name", "what most exports call it"),
    "id": Option("id", "column name", "what most exports call it; your project's id column when that is set"),
    "figure": Option(0.0, "share of right answers", "a bare figure instead of answers; shown, never compared"),
    "cases": Option(0, "cases", "how many cases the figure was measured on"),
    "model": Option("", "name", "the language model that gave the answers, where one did: it then counts as prompted"),
    "usd_per_call": Option(-1.0, "dollars", "the price of an answer, which grows with the volume; below 0: not said"),
    "usd_per_month": Option(-1.0, "dollars", "what it costs today whatever the volume; below 0: not said, unpriced"),
}
UNKNOWN = Budget(declared=None, spent=0)


@dataclass(frozen=True, slots=True)
class FittedAnswers(Logged):
    """The recorded answers by row id."""

    answers: Mapping[str, str | None]
    log: FitLog

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        return [self._one(item.row_id) for item in inputs]

    def _one(self, row_id: str) -> Answer:
        text = self.answers.get(row_id)
        if text is None:
            return Answer(None, Status.INFRA_FAIL, detail="no answer was recorded for this row")
        return Answer(text)

    def save(self, folder: Path) -> None:
        (folder / "answers.json").write_text(json.dumps(dict(self.answers), ensure_ascii=False), encoding="utf-8")
        self.log.write(folder)

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Where the answers stand."""

    name: str
    path: Path | None
    column: str
    id_column: str
    figure: float
    cases: int
    usd_per_month: float = -1.0
    usd_per_call: float = -1.0
    model: str = ""
    role: SystemRole = "baseline"
    needs: Needs = Needs(simplicity=30, seconds_per_call=0.0)

    @property
    def traits(self) -> Traits:
        """Recorded answers cost what the person says."""
        per_call = self.usd_per_call if self.usd_per_call >= 0 else None
        return Traits(learns=False, usd_per_month=self.usd_per_month, usd_per_call=per_call, asked_elsewhere=self.model)

    def identity(self) -> Mapping[str, Setting]:
        digest = hashlib.sha256(self.path.read_bytes()).hexdigest() if self.path and self.path.is_file() else ""
        return {"file": digest, "column": self.column, "id": self.id_column}

    def missing(self) -> str | None:
        if self.figure > 0:
            return self._figure_sentence()
        if self.path is None or not self.path.is_file():
            return f"{self.path} does not exist; name the file with the recorded answers"
        return None

    def _figure_sentence(self) -> str:
        if self.cases <= 0:
            return f"only a figure was given ({self.figure:.1%}, on an unknown number of cases): it cannot be compared"
        low, high = wilson_interval(round(self.figure * self.cases), self.cases)
        return (
            f"only a figure was given ({self.figure:.1%} of {self.cases} cases, which could be {float(low):.1%} to "
            f"{float(high):.1%}): it is shown, never compared; record the answers row by row to compare them"
        )

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> FittedAnswers:
        assert self.path is not None
        columns = RecordedColumns(id=self.id_column, answer=self.column)
        recorded = read_recorded(self.path, columns, needs_target=False)
        known = {identity: row.answer for identity, row in recorded.rows.items()}
        if not any(example.row_id in known for example in [*train, *validation]) and train:
            raise WorkError(
                "answers.no_match",
                "None of the recorded answers belongs to a row of the data.",
                where=f"{self.path}, column {self.id_column!r}",
                hint=f"Their ids must equal those of the data, such as {train[0].row_id!r}: set data.id.",
            )
        return FittedAnswers(known, FitLog(budget=UNKNOWN, notes=("how much tuning went into it is unknown",)))

    def load(self, folder: Path) -> FittedAnswers:
        value = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
        return FittedAnswers(value, FitLog.read(folder))


def from_table(data: DataSettings) -> dict[str, Setting]:
    """Without a file the answers stand in the project's own table; rows have the ids that they have there."""
    known = {"file": data.path, "id": data.id}
    return {name: value for name, value in known.items() if value is not None}


def build(name: str, argument: str | None, options: Mapping[str, Setting], root: Path) -> Answers:
    """The system as named in the project file; ``argument`` is the file."""
    values = read(options, OPTIONS, "answers")
    file = argument or str(values["file"])
    figure, cases = float(values["figure"]), int(values["cases"])
    if not file and figure <= 0:
        raise InputError(
            "answers.argument",
            "Recorded answers need a file, a column or a figure.",
            where="systems: answers",
            hint="Write {answers: recorded.csv}, {answers: {file: tickets.csv, column: today}} or "
            "{answers: {figure: 0.87, cases: 500}}.",
        )
    if not 0 <= figure <= 1:
        raise InputError("answers.figure", f"A figure is a share from 0 to 1, not {figure:g}.", hint="87 % is 0.87.")
    per_month, per_call = float(values["usd_per_month"]), float(values["usd_per_call"])
    if per_month >= 0 and per_call >= 0:
        raise InputError(
            "answers.two_prices",
            "Recorded answers have one price: of an answer, or of a month.",
            where="systems: answers: usd_per_call, usd_per_month",
            why="Together they would be counted twice.",
            hint="Keep usd_per_call where each answer is billed, usd_per_month where the bill does not follow the "
            "volume.",
        )
    path = root / file if file and figure <= 0 else None
    return Answers(
        name,
        path,
        column=str(values["column"]),
        id_column=str(values["id"]),
        figure=figure,
        cases=cases,
        usd_per_month=per_month,
        usd_per_call=per_call,
        model=str(values["model"]),
    )
