"""Answers of a system of the project to new rows, written as a table beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tunewright.data.containers import open_table
from tunewright.data.read import read_table
from tunewright.data.rows import ColumnMap
from tunewright.errors import Cancelled, InputError, WorkError
from tunewright.evaluation.runner import BATCH_ROWS
from tunewright.project.settings import DataSettings
from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example
from tunewright.records.system import FittedSystem
from tunewright.store import Store
from tunewright.workflow.answer_table import AnswerTable, check_output
from tunewright.workflow.fitting import Contestant, Fitter
from tunewright.workflow.load import load
from tunewright.workflow.models import Models
from tunewright.workflow.prepare import prepare
from tunewright.workflow.release import InUse, identity_hash, read_in_use, write_in_use
from tunewright.workflow.run import contestants_of
from tunewright.workflow.runs import finish_purges, open_state
from tunewright.workflow.study import Hooks

BEST = "best"


@dataclass(frozen=True, slots=True)
class Predicted:
    """How many rows were answered, by which system, and where the answers are."""

    system: str
    path: Path
    answered: int
    unusable: int
    set_aside: int


def predict(name: str, table: Path, output: Path, root: Path, hooks: Hooks) -> Predicted:
    """Answer every row of a table with a system of the project; ``best`` is what the last run recommends.

    Raises:
        InputError: no run is finished, the system is unknown, or the table cannot be read.
    """
    check_output(output)
    with open_state(root) as store:
        for sentence in finish_purges(store, root):
            hooks.say(f"Note: {sentence}")
        in_use = read_in_use(store.folder)
        contestant = _choose(name, in_use, root, store)
        result = read_table(table, columns=_columns(in_use.settings.data, table), require_target=False)
        fitted = _open(contestant, in_use, root, store, hooks)
        go_live = getattr(fitted, "go_live", None)
        if go_live is not None:
            go_live()  # no evaluation any more: what was told to write, writes
        try:
            answers = _ask(fitted, contestant.name, result.examples, hooks)
        finally:
            fitted.close()
    AnswerTable.of(result.examples, answers, result.set_aside).write(output)
    unusable = sum(answer.status is not Status.OK for answer in answers)
    return Predicted(contestant.name, output, len(answers) - unusable, unusable, len(result.set_aside))


def _columns(data: DataSettings, table: Path) -> ColumnMap | None:
    """The input columns of the examples; their id column only where the new table has it."""
    if not data.input_columns:
        return None
    known = data.id is not None and data.id in open_table(table, data.input_columns).columns
    return ColumnMap(data.input_columns, id=data.id if known else None)


def _choose(name: str, in_use: InUse, root: Path, store: Store) -> Contestant:
    contestants, _ = contestants_of(in_use.settings, root, Models.of(in_use.settings, root, store).around())
    wanted = in_use.use if name == BEST else name
    for contestant in contestants:
        if contestant.name == wanted:
            return contestant
    if name == BEST:
        raise InputError("predict.no_best", "The last run recommends no system.", hint="Name one of the project.")
    known = ", ".join(contestant.name for contestant in contestants)
    raise InputError("predict.unknown", f"The project has no system {name!r}.", hint=f"Its systems: {known}, or best.")


def _open(contestant: Contestant, in_use: InUse, root: Path, store: Store, hooks: Hooks) -> FittedSystem:
    """The fit for use where it exists; else it is made from the project's rows now."""
    reason = contestant.system.missing()
    if reason is not None:
        raise WorkError("predict.unavailable", f"{contestant.name} is not available: {reason}")
    before = in_use.identities.get(contestant.name)
    if before is not None and before != identity_hash(contestant):
        hooks.say(
            f"Note: the files behind {contestant.name} changed since {in_use.run}: "
            "what answers now is not what was compared."
        )
    key = in_use.ready.get(contestant.name)
    artifact = store.artifact(key) if key else None
    if artifact is not None:
        return contestant.system.load(artifact.path)
    hooks.say(f"Making {contestant.name} ready for use.")
    study = prepare(in_use.settings, root, load(in_use.settings, root, store), store).study
    if in_use.hashes and in_use.hashes.get("data") != study.hashes["data"]:
        hooks.say(
            f"Note: the table changed since {in_use.run}: {contestant.name} is made from its rows as they are now."
        )
    fitter = Fitter(study, store, hooks)
    record = fitter.fit(contestant, study.all_rows)
    hooks.progress(contestant.name, "done", 1.0)
    write_in_use(in_use.model_copy(update={"ready": {**in_use.ready, contestant.name: record.key}}), store.folder)
    return fitter.open(contestant, record)


def _ask(fitted: FittedSystem, name: str, examples: Sequence[Example], hooks: Hooks) -> list[Answer]:
    answers: list[Answer] = []
    for start in range(0, len(examples), BATCH_ROWS):
        if hooks.cancelled():
            raise Cancelled
        batch = examples[start : start + BATCH_ROWS]
        answers += fitted.answer([example.inputs for example in batch])
        hooks.progress(name, "answering", len(answers) / len(examples))
    hooks.progress(name, "done", 1.0)
    return answers
