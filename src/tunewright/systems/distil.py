"""``{distil: "large -> small"}``: a small model tuned on the answers of a large one that is prompted.

The large one is a model (asked as ``prompt`` asks) or any system of the project; it answers the training cases, and the
small one learns its answers as ``finetune`` learns targets. Validation rows keep their own targets, so that choices go
by the job and not by the teacher.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tunewright.errors import InputError, TunewrightError, WorkError
from tunewright.language.embedded import EMBEDDED
from tunewright.language.files import MINILM, digest_of_name
from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example, Inputs
from tunewright.records.generation import Watch
from tunewright.records.system import (
    KINDS,
    Budget,
    FitContext,
    FittedSystem,
    Member,
    Needs,
    Setting,
    SystemRole,
    Traits,
    Trial,
    answers_of,
    traits_of,
)
from tunewright.records.usage import Spent
from tunewright.systems._arrived import require_arrived
from tunewright.systems.around import Around
from tunewright.systems.finetune import Finetune
from tunewright.systems.fitlog import FitLog
from tunewright.systems.options import Option, read

SUMMARY = "a small model tuned on the answers of a large one that is prompted"
OPTIONS: Mapping[str, Option] = {
    "terms": Option("", "what the teacher's terms say of this, in your words", "needed where a server answers"),
    "keep": Option("all", "all or right", "right leaves out answers that contradict the row's own target"),
    "least": Option(0.5, "share of the rows", "a teacher that answers fewer teaches too little"),
}
ARROW = "->"
STUDENT = "student"


@dataclass(slots=True)
class FittedDistil:
    """The tuned student, with what is told of its lessons."""

    student: FittedSystem
    told: FitLog

    @property
    def trials(self) -> Sequence[Trial]:
        return self.student.trials

    @property
    def budget(self) -> Budget:
        return self.student.budget

    @property
    def notes(self) -> Sequence[str]:
        return (*self.told.notes, *self.student.notes)

    @property
    def validation_score(self) -> float | None:
        return self.student.validation_score

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        return self.student.answer(inputs)

    def ask(self, inputs: Sequence[Inputs], watch: Watch) -> list[Answer]:
        """One answer per input, in order; raises Cancelled."""
        return answers_of(self.student, inputs, watch)

    def save(self, folder: Path) -> None:
        (folder / STUDENT).mkdir()
        self.student.save(folder / STUDENT)
        self.told.write(folder)

    def close(self) -> None:
        self.student.close()


@dataclass(frozen=True, slots=True)
class Distil:
    """The system before it has seen rows; the teacher is its only member, for the student learns other targets."""

    name: str
    teacher: Member
    student: Member
    values: Mapping[str, Setting]
    role: SystemRole = "candidate"

    @property
    def traits(self) -> Traits:
        """Of the kinds of job that both can do; the student is fitted on rows of this system's making."""
        both = [traits_of(member.system) for member in (self.teacher, self.student)]
        return Traits(
            kinds=tuple(kind for kind in KINDS if all(kind in one.kinds for one in both)),
            practice=any(one.practice for one in both),
            members=(self.teacher,),
            own_fits=(self.student,),
        )

    @property
    def needs(self) -> Needs:
        """The student's: once it is taught nobody asks the teacher. Teaching alone may use the network."""
        own, taught = self.student.system.needs, self.teacher.system.needs
        return replace(
            own,
            simplicity=own.simplicity + 5,
            extras=tuple(sorted({*own.extras, *taught.extras})),
            network=own.network or taught.network,
        )

    def identity(self) -> Mapping[str, Setting]:
        return {**self.values, "teacher": self.teacher.name, **self.student.system.identity()}

    def missing(self) -> str | None:
        reason = self.teacher.system.missing() or self.student.system.missing() or self._unknown_student()
        if reason is None and self.teacher.system.needs.billed and not str(self.values["terms"]).strip():
            return (
                f"the answers of {self.teacher.name} come from a server, whose terms may forbid training on them: "
                'read them and write what they say, for example terms: "allowed for models of our own, section 3"'
            )
        return reason

    def _unknown_student(self) -> str | None:
        """Why no model of a plain name can be found, or None; one on the hub (``owner/name``) is not fetched for it."""
        student = self.student.system
        name = student.encoder_name if isinstance(student, Finetune) else ""
        if not name or "/" in name or student.missing() is not None:
            return None
        try:
            digest_of_name(name)
        except TunewrightError as error:
            known = ", ".join(sorted({MINILM, *EMBEDDED}))
            return f"there is no model {name!r} to teach: {error.message} Known: {known}, a folder, or a hub id"
        return None

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> FittedDistil:
        teacher = context.fit(self.teacher.system, train, validation)
        try:
            context.progress("asking the teacher", 0.0)
            watch = Watch(context.cancelled, partial(context.progress, "asking the teacher"))
            answers = answers_of(teacher, [row.inputs for row in train], watch)
        finally:
            teacher.close()
        lessons, notes = self._lessons(train, answers, context)
        student = self.student.system.fit(lessons, validation, context)
        return FittedDistil(student, FitLog(notes=tuple(notes)))

    def load(self, folder: Path) -> FittedDistil:
        return FittedDistil(self.student.system.load(folder / STUDENT), FitLog.read(folder))

    def _lessons(
        self, train: Sequence[Example], answers: Sequence[Answer], context: FitContext
    ) -> tuple[list[Example], list[str]]:
        """Rows with the teacher's answers as targets, and what a person should know of them.

        Raises:
            WorkError: the teacher answered too few rows, or too many were lost on their way to it.
        """
        if self.teacher.system.needs.network:
            require_arrived(answers, f"{self.teacher.name} taught")
        scores = context.grade(train, answers)
        usable = [
            (row.with_target(answer.text), score)
            for row, answer, score in zip(train, answers, scores, strict=True)
            if answer.status is Status.OK and answer.text and answer.text in (context.closed_answers or (answer.text,))
        ]
        kept = [row for row, score in usable if self.values["keep"] == "all" or score == 1.0]
        if len(kept) < float(self.values["least"]) * len(train):
            raise WorkError(
                "distil.few_lessons",
                f"{self.teacher.name} gave {len(kept)} usable answers to {len(train)} training rows.",
                why="A student learns what it is taught.",
                hint="Choose a better teacher, keep: all, or a smaller least.",
            )
        known = [score for score in scores if score is not None]
        right = f"{sum(known) / len(known):.1%}" if known else "unknown"
        notes = [f"taught by {self.teacher.name}: {len(kept)} of {len(train)} rows, which it answers {right} right"]
        lost = Counter(answer.status.value for answer in answers if answer.status is not Status.OK)
        notes += [f"the teacher gave no usable answer to {count} rows ({status})" for status, count in lost.items()]
        if str(self.values["terms"]):
            notes.append(f"terms of the teacher, as stated: {self.values['terms']}")
        spent = sum((answer.spent for answer in answers if answer.spent), Spent())
        if spent.calls:
            bill = "an unknown amount" if spent.usd is None else f"${spent.usd:.4f}"
            notes.append(f"teaching took {spent.calls:,} calls and {bill}")
        return kept, notes


def build_around(name: str, argument: str | None, options: Mapping[str, Setting], root: Path, around: Around) -> Distil:
    """The system as named in the project file: ``{distil: "large -> small"}``; small is what ``finetune`` takes.

    Raises:
        InputError: the two are not named, or an option is none.
    """
    values = read(options, OPTIONS, "distil")
    large, arrow, small = (part.strip() for part in (argument or "").partition(ARROW))
    if not (large and arrow and small):
        raise InputError(
            "distil.who",
            "A teacher and a student must be named.",
            where="systems: distil",
            hint='Write {distil: "large -> wren"}: a model or a system that teaches, and a model that is tuned.',
        )
    if values["keep"] not in ("all", "right"):
        raise InputError(
            "systems.option_value", f"keep is all or right, not {values['keep']!r}.", where="systems: distil"
        )
    return Distil(name, _teacher(large, around), around.member(f"finetune:{small}"), values)


def _teacher(name: str, around: Around) -> Member:
    """A system of this name, or a model of this name that is prompted."""
    try:
        around.describe_model(name)
    except InputError:
        return around.member(name)
    return around.member(f"prompt:{name}")
