"""``{pipeline: [tfidf, "prompt:small"]}``: systems one after another; each reads what those before it answered.

The answer of the last one is the answer. A stage before it has targets of its own in a column of the table
(``targets``), or learns nothing: a prompt, retrieval, rules, a program, tools. Tools that write run dry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from tunewright.errors import InputError
from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example, Inputs
from tunewright.records.generation import Watch
from tunewright.records.system import FitContext, Member, Setting, Traits, answers_of, traits_of
from tunewright.records.usage import Spent
from tunewright.systems._combined.members import Combined, FittedMembers, named, open_members, read_trace, trace_of
from tunewright.systems._combined.pipeline_fit import Stage, budget_of, fit_stages, require_kind
from tunewright.systems._combined.pipeline_rows import PASSES, Pass, Said, reads_plain, said, staged
from tunewright.systems._prompting.asking import Asking
from tunewright.systems.around import Around, Kind
from tunewright.systems.fitlog import FitLog
from tunewright.systems.options import Option, read

SUMMARY = "systems one after another; each reads the case and what those before it answered"
OPTIONS: Mapping[str, Option] = {
    "pass": Option("append", "append or replace", "a stage reads the case and all earlier answers, or the last alone"),
    "targets": Option("", "columns, one a stage, commas between", "what a stage before the last learns from"),
}
_WHERE = "systems: pipeline"
_TRACE_CHARS = 4000


@dataclass(slots=True)
class _Case:
    """One case on its way through the stages."""

    inputs: Inputs
    earlier: list[Said] = field(default_factory=list)
    stages: list[dict[str, Any]] = field(default_factory=list)
    spent: Spent | None = None
    end: Answer | None = None


@dataclass(slots=True)
class FittedPipeline(FittedMembers):
    """Fitted stages; ``plain`` says of each how it reads earlier answers."""

    how: Pass
    plain: tuple[bool, ...]

    def ask(self, inputs: Sequence[Inputs], watch: Watch) -> list[Answer]:
        """One answer per input, in order; raises Cancelled."""
        cases = [_Case(one) for one in inputs]
        for stage in range(len(self.members)):
            waiting = [case for case in cases if case.end is None]
            if waiting:
                self._ask(stage, waiting, watch)
        return [_final(case) for case in cases]

    def _ask(self, stage: int, cases: Sequence[_Case], watch: Watch) -> None:
        read = [staged(case.inputs, case.earlier, self.how, self.plain[stage]) for case in cases]
        name, last = self.names[stage], stage == len(self.members) - 1
        for case, answer in zip(cases, answers_of(self.members[stage], read, watch), strict=True):
            _add(case, name, answer)
            if last:
                case.end = answer
            elif answer.status.is_missing:
                case.end = Answer(None, answer.status, detail=f"{name}: {answer.detail}")
            elif answer.text is None and self.how == "replace":
                case.end = Answer(None, Status.MODEL_FAIL, detail=f"{name} gave nothing to go on with: {answer.detail}")


def _add(case: _Case, name: str, answer: Answer) -> None:
    """Write down what a stage said, and what it took."""
    text = answer.text if answer.text is None else answer.text[:_TRACE_CHARS]
    stage: dict[str, Any] = {"system": name, "answer": text, "status": answer.status.value}
    if answer.confidence is not None:
        stage["confidence"] = answer.confidence
    if answer.detail:
        stage["detail"] = answer.detail
    own = read_trace(answer.trace)
    case.stages.append({**stage, "trace": own} if own else stage)
    case.earlier.append(said(name, answer))
    if answer.spent is not None:
        case.spent = answer.spent if case.spent is None else case.spent + answer.spent


def _final(case: _Case) -> Answer:
    assert case.end is not None
    return replace(case.end, spent=case.spent, trace=trace_of(stages=case.stages))


@dataclass(frozen=True, slots=True)
class Pipeline(Combined):
    """The system before it has seen rows; ``columns`` has a name or nothing for each stage."""

    kind: Kind
    columns: tuple[str, ...]

    @property
    def traits(self) -> Traits:
        """What the last stage can do, and whether that needs targets."""
        last = traits_of(self.members[-1].system)
        return replace(self.united_traits(), kinds=last.kinds, learns=last.learns)

    def identity(self) -> Mapping[str, Setting]:
        return {**Combined.identity(self), "kind": self.kind}

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> FittedPipeline:
        """Fit the stages one after another.

        Raises:
            InputError: a column of targets holds nothing.
            WorkError: earlier stages answered no row.
        """
        last = len(self.members) - 1
        stages = [
            Stage(member, column, traits_of(member.system).learns, place == last)
            for place, (member, column) in enumerate(zip(self.members, self.columns, strict=True))
        ]
        fitted, notes, score = fit_stages(stages, self._how, train, validation, context)
        log = FitLog(budget=budget_of(fitted), notes=tuple(notes), validation_score=score)
        return FittedPipeline(self._names, fitted, log, self._how, self._plain)

    def load(self, folder: Path) -> FittedPipeline:
        return FittedPipeline(self._names, self.load_members(folder), FitLog.read(folder), self._how, self._plain)

    @property
    def _how(self) -> Pass:
        return cast(Pass, self.values["pass"])

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(member.name for member in self.members)

    @property
    def _plain(self) -> tuple[bool, ...]:
        return tuple(reads_plain(member) for member in self.members)


def build_around(
    name: str, argument: str | None, options: Mapping[str, Setting], root: Path, around: Around
) -> Pipeline:
    """The system as named in the project file: ``{pipeline: [tfidf, "prompt:small"]}``, or with options
    ``{pipeline: {use: "tfidf > prompt:small", targets: desk}}``.

    Raises:
        InputError: fewer than two stages, a stage that learns without a column, or an option out of its range.
    """
    values = read(options, OPTIONS, "pipeline")
    if values["pass"] not in PASSES:
        raise InputError(
            "systems.option_value", f"pass is {' or '.join(PASSES)}, not {values['pass']!r}.", where=_WHERE
        )
    names = named(argument)
    if len(names) < 2:
        raise InputError(
            "pipeline.too_short",
            f"A pipeline has two stages or more, not {len(names)}.",
            where=_WHERE,
            hint='Write {pipeline: [tfidf, "prompt:small"]}.',
        )
    members = open_members(names, around, "pipeline")
    columns = _columns(str(values["targets"]), names, around.target)
    last = len(members) - 1
    kinds: list[Kind] = ["classify" if column else "generate" for column in columns[:last]]
    made = [_as_stage(member, kind) for member, kind in zip(members, [*kinds, around.kind], strict=True)]
    for member, column in zip(made[:last], columns, strict=False):
        _require_targets(member, column)
    for member, kind in zip(made[:last], kinds, strict=True):
        require_kind(member.system, kind, member.name)
    return Pipeline(name, tuple(made), values, around.kind, columns)


def _as_stage(member: Member, kind: Kind) -> Member:
    """A member that answers as its stage must: a language model writes freely before the last stage, or gives values
    of its column."""
    if not isinstance(member.system, Asking):
        return member
    return replace(member, system=replace(member.system, around=replace(member.system.around, kind=kind)))


def _columns(text: str, names: Sequence[str], target: str) -> tuple[str, ...]:
    """The column of each stage; empty for those without, and for the last, whose targets are the job's own."""
    columns = [part.strip() for part in text.split(",")] if text.strip() else []
    if len(columns) > len(names) or any(columns[len(names) - 1 :]):
        raise InputError(
            "pipeline.targets",
            f"targets has more columns than the pipeline has stages before its last: {text!r}.",
            where=_WHERE,
            hint=f"Stages: {', '.join(names)}. The last one learns from the target of the job.",
        )
    if target and target in columns:
        raise InputError(
            "pipeline.own_target",
            f"The column {target!r} is the target of the job: the stage {names[columns.index(target)]!r} cannot learn "
            "from it.",
            where=_WHERE,
            why="The target of the job belongs to the last stage alone.",
            hint="Name another column of the table with what this stage should answer.",
        )
    return (*columns, *[""] * (len(names) - len(columns)))


def _require_targets(member: Member, column: str) -> None:
    if column or not traits_of(member.system).learns:
        return
    raise InputError(
        "pipeline.no_target",
        f"The stage {member.name!r} learns from targets, and before the last stage it has none.",
        where=_WHERE,
        why="The target of the job belongs to the last stage alone.",
        hint="Name a column of the table with what this stage should answer: {use: ..., targets: COLUMN}; or take a "
        "stage that learns nothing, such as prompt, retrieval, rules, command or tools.",
    )
