"""Answers of a system of the project to new rows, written as a table beside them, batch by batch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tunewright.data.containers import open_table
from tunewright.data.read import ReadResult, read_table
from tunewright.data.rows import ColumnMap
from tunewright.errors import Cancelled, InputError, TunewrightError, WorkError
from tunewright.evaluation.runner import BATCH_ROWS
from tunewright.project.settings import DataSettings, ProjectSettings
from tunewright.records.answers import Status
from tunewright.records.generation import Watch
from tunewright.records.system import FittedSystem, answers_of
from tunewright.store import Store
from tunewright.systems.around import Around
from tunewright.workflow.contestants import contestants_of
from tunewright.workflow.fitting import Contestant, Fitter
from tunewright.workflow.load import load
from tunewright.workflow.models import Models
from tunewright.workflow.opened import egress_of, opened_existing
from tunewright.workflow.prepare import prepare
from tunewright.workflow.recorded.answer_file import AnswerFile, in_batches
from tunewright.workflow.release import InUse, identity_hash, read_in_use, write_in_use
from tunewright.workflow.report import require_new
from tunewright.workflow.settings_now import settings_now, what_differs
from tunewright.workflow.study import Hooks

BEST = "best"
# Each answer of a server costs money: after a stop, at most so many are asked for and not in the file.
BILLED_ROWS = 16


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

    Limits, models and options of systems are those of the project file as it is now. Answers are written as they come:
    when the work stops, what was answered stays in ``output``.

    Raises:
        InputError: no run is finished, the system is unknown or needs the network that the project forbids, the table
            cannot be read, or the output cannot be written.
        Cancelled: a person stopped it.
    """
    require_new(output, hint="Name another file: --output FILE.")
    with AnswerFile(output) as file, opened_existing(root, hooks) as store:
        in_use = read_in_use(store.folder)
        settings = settings_now(in_use.settings, root)
        for sentence in what_differs(in_use.settings, settings, root, in_use.run):
            hooks.say(f"Note: {sentence}")
        with egress_of(settings):
            around = Models.of(settings, root, store).around()
            contestant = _choose(name, in_use, settings, root, around)
            result = read_table(table, columns=_columns(settings.data, table), require_target=False)
            fitted = _open(contestant, in_use, settings, root, store, around, hooks)
            try:
                rows = BILLED_ROWS if contestant.system.needs.billed else BATCH_ROWS
                unusable = _answer(fitted, contestant.name, result, file, rows, hooks)
            except BaseException as error:
                # Stopping at once is a stop like the other: it says the same, with what was kept.
                stopped = Cancelled() if isinstance(error, KeyboardInterrupt) else error
                _tell_what_is_missing(stopped, file, output, len(result.examples), hooks)
                if stopped is error:
                    raise
                raise stopped from None
            finally:
                fitted.close()
    return Predicted(contestant.name, output, file.answers - unusable, unusable, len(result.set_aside))


def _columns(data: DataSettings, table: Path) -> ColumnMap | None:
    """The input columns of the examples; their id column only where the new table has it."""
    if not data.input_columns:
        return None
    known = data.id is not None and data.id in open_table(table, data.input_columns).columns
    return ColumnMap(data.input_columns, id=data.id if known else None)


def _choose(name: str, in_use: InUse, settings: ProjectSettings, root: Path, around: Around) -> Contestant:
    # Every system is built, and only the one that is to answer must be one that egress allows.
    contestants, _ = contestants_of(settings.model_copy(update={"egress": "allow"}), root, around)
    wanted = in_use.use if name == BEST else name
    for contestant in contestants:
        if contestant.name == wanted:
            _refuse_network(contestant, settings)
            return contestant
    if name == BEST:
        raise InputError("predict.no_best", "The last run recommends no system.", hint="Name one of the project.")
    known = ", ".join(contestant.name for contestant in contestants)
    raise InputError("predict.unknown", f"The project has no system {name!r}.", hint=f"Its systems: {known}, or best.")


def _refuse_network(contestant: Contestant, settings: ProjectSettings) -> None:
    if settings.egress == "none" and contestant.system.needs.network:
        raise InputError(
            "run.egress",
            f"Nothing may leave this machine, and {contestant.name} would send cases over the network.",
            where="egress: none",
            hint="Use another system, or allow it with egress: allow.",
        )


def _open(
    contestant: Contestant,
    in_use: InUse,
    settings: ProjectSettings,
    root: Path,
    store: Store,
    around: Around,
    hooks: Hooks,
) -> FittedSystem:
    """The fit for use where it exists; else it is made from the project's rows now."""
    reason = contestant.system.missing()
    if reason is not None:
        raise WorkError("predict.unavailable", f"{contestant.name} is not available: {reason}")
    before = in_use.identities.get(contestant.name)
    if before is not None and before != identity_hash(contestant):
        hooks.say(
            f"Note: the files behind {contestant.name} changed since {in_use.run}, or its options or model: "
            "what answers now is not what was compared."
        )
    key = in_use.ready.get(contestant.name)
    artifact = store.artifact(key) if key else None
    if artifact is not None:
        return contestant.system.load(artifact.path)
    hooks.say(f"Making {contestant.name} ready for use.")
    study = prepare(settings, root, load(settings, root, store), store, around).study
    if in_use.hashes and in_use.hashes.get("data") != study.hashes["data"]:
        hooks.say(
            f"Note: the table changed since {in_use.run}: {contestant.name} is made from its rows as they are now."
        )
    fitter = Fitter(study, store, hooks)
    record = fitter.fit(contestant, study.all_rows)
    hooks.progress(contestant.name, "done", 1.0)
    write_in_use(in_use.model_copy(update={"ready": {**in_use.ready, contestant.name: record.key}}), store.folder)
    return fitter.open(contestant, record)


def _answer(fitted: FittedSystem, name: str, result: ReadResult, file: AnswerFile, rows: int, hooks: Hooks) -> int:
    """Answer all rows and write each batch as it comes; how many answers are of no use."""
    total, unusable = len(result.examples), 0
    for batch, set_aside in in_batches(result.examples, result.set_aside, rows):
        if hooks.cancelled():
            raise Cancelled
        inputs = [example.inputs for example in batch]
        answers = answers_of(fitted, inputs, Watch(hooks.cancelled)) if batch else []
        file.add(batch, answers, set_aside)
        unusable += sum(answer.status is not Status.OK for answer in answers)
        hooks.progress(name, "answering", file.answers / max(total, 1))
    hooks.progress(name, "done", 1.0)
    return unusable


def _tell_what_is_missing(error: BaseException, file: AnswerFile, output: Path, total: int, hooks: Hooks) -> None:
    """Say what was kept, with the error where it has room for that."""
    if not file.answers:
        return
    kept = f"{output} holds {file.answers} of {total} answers, {total - file.answers} rows are missing."
    again = "Run it again with another --output; replies of a model that are kept cost nothing."
    if isinstance(error, TunewrightError):
        error.why = f"{error.why} {kept}" if error.why else kept
        error.hint = again if isinstance(error, Cancelled) or not error.hint else f"{error.hint} {again}"
    else:
        hooks.say(f"Note: {kept} {again}")
