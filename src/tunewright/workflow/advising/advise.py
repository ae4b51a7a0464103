"""What to try, from all that is known in a folder: answers of a person, the project file, the last audit, the last run.

Evidence outranks words: where an audit counted or a run measured, the answer stands beside it as overruled. Nothing is
fitted and nothing leaves a trace but the answers. Called by ``tunewright advise``.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from tunewright.data.containers import file_and_sheet
from tunewright.decision.advice import Advice, Entry, advise, as_dict
from tunewright.decision.advice_facts import Fact, Facts
from tunewright.decision.advice_job import read_job
from tunewright.decision.advice_rule import Words
from tunewright.decision.diagnosis import DOCUMENT as DIAGNOSIS
from tunewright.errors import InputError, TunewrightError
from tunewright.project.file import FILE_NAME, load_project
from tunewright.records.verdict import Verdict
from tunewright.systems.registry import parse_entry
from tunewright.workflow.advising.advise_answers import Answers, facts_of_answers
from tunewright.workflow.advising.advise_facts import (
    facts_of_audit,
    facts_of_curve,
    facts_of_diagnosis,
    facts_of_guards,
    facts_of_project,
    facts_of_run,
    open_findings,
)
from tunewright.workflow.advising.advise_limits import own_limits
from tunewright.workflow.auditing.last_audit import DOCUMENT
from tunewright.workflow.curve.latest import latest_curve
from tunewright.workflow.guard.document import latest_report
from tunewright.workflow.runs import RUNS, STATE, about_table, documents, find_run, open_state, verdict_of


@dataclass(frozen=True, slots=True)
class Place:
    """What is asked about: the folder whose state counts, and the table, if one is known."""

    what: Path
    root: Path
    table: Path | None

    @property
    def words(self) -> Words:
        """How commands name it; where there is neither a project nor a table, a word stands for the table to come."""
        typed = "" if self.what == Path() else shlex.quote(str(self.what))
        known = self.table is not None or (self.root / FILE_NAME).exists()
        elsewhere = self.table is None and self.what != Path()
        project = f"--project {shlex.quote(str(self.root))}" if elsewhere else ""
        return Words(typed if known else "FILE", typed, project)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Facts from files of a folder, where each group came from, and what could not be used. ``finding`` is the kind of
    finding about persons that most rows have and nobody approved."""

    facts: tuple[Fact, ...]
    sources: tuple[str, ...]
    notes: tuple[str, ...]
    job: str
    compared: frozenset[str] = frozenset()
    finding: str = ""

    @property
    def measured(self) -> bool:
        """Whether an audit or a run was found."""
        return any(fact.origin in ("audit", "run") for fact in self.facts)


@dataclass(frozen=True, slots=True)
class Consulted:
    """The advice, with what it rests on."""

    advice: Advice
    job: str
    sources: tuple[str, ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """For ``--json``."""
        return {"job": self.job, "sources": list(self.sources), "notes": list(self.notes), **as_dict(self.advice)}


def place_of(what: Path) -> Place:
    """Where to look.

    Raises:
        InputError: there is no such file or folder.
    """
    if what.is_dir() or what.name == FILE_NAME:
        root = what if what.is_dir() else what.parent
        if not root.is_dir() or (what.name == FILE_NAME and not what.exists()):
            raise InputError("advise.no_such_file", "There is no such file or folder.", where=str(what))
        return Place(what, root, None)
    if not file_and_sheet(what)[0].exists():
        raise InputError("advise.no_such_file", "There is no such file or folder.", where=str(what))
    return Place(what, Path.cwd(), file_and_sheet(what)[0])


def evidence_of(place: Place) -> Evidence:
    """What stands in the project file, in the last audit and in the last run of a folder.

    Raises:
        InputError: the project file cannot be used.
    """
    facts: list[Fact] = []
    sources, notes = [], []
    job, table, compared, finding = "", place.table, frozenset[str](), ""
    project = place.root / FILE_NAME
    if place.table is None and project.exists():
        settings = load_project(project)
        facts += facts_of_project(settings, FILE_NAME)
        sources.append(FILE_NAME)
        job = settings.task
        table = place.root / file_and_sheet(Path(settings.data.path))[0] if settings.data.path else None
    audit = _last_audit(place.root, table)
    if audit is not None:
        document, path = audit
        name = str(path.relative_to(place.root))
        try:
            approved = _approved(place.root)
            facts += facts_of_audit(document, name, approved)
            finding = next(iter(open_findings(document, approved)), "")
            sources.append(name)
        except (KeyError, TypeError, ValueError):
            notes.append(f"{name} is of another version and was not read; audit again.")
        notes += _older(table, document, name)
    diagnosed = _last_diagnosis(place)
    if diagnosed is not None:
        document, path = diagnosed
        name = str(path.relative_to(place.root))
        try:
            facts += facts_of_diagnosis(document, name)
            sources.append(name)
        except (AttributeError, KeyError, TypeError):
            notes.append(f"{name} is of another version and was not read; diagnose again.")
        notes += _older(table, document, name, "diagnose")
    guarded = latest_report(place.root) if place.table is None else None
    if guarded is not None:
        name = str(guarded[1].relative_to(place.root))
        facts += facts_of_guards(guarded[0], name)
        sources.append(name)
        notes += _older(table, {"created": guarded[0].created}, name, "guard")
    drawn = latest_curve(place.root, place.table)
    if drawn is not None:
        name = str(drawn[1].relative_to(place.root))
        facts += facts_of_curve(drawn[0], name)
        sources.append(name)
        notes += _older(table, {"created": drawn[0].created}, name, "draw")
    run = _last_run(place)
    if isinstance(run, str):
        notes.append(run)
    elif run is not None:
        facts += run[0]
        sources.append(run[1])
        job = job or run[2].task
        compared = frozenset(one.kind for one in run[2].systems if one.available)
        notes += _older(table, {"created": run[2].created}, run[1], "run")
    return Evidence(tuple(facts), tuple(sources), tuple(notes), job, compared, finding)


def consult(place: Place, evidence: Evidence, answers: Answers, kept_in: str) -> Consulted:
    """Read the decision table on all of it.

    Raises:
        InputError: thresholds.yaml cannot be used.
    """
    facts = Facts.of([*facts_of_answers(answers, kept_in), *evidence.facts])
    sources = evidence.sources if not answers else (kept_in, *evidence.sources)
    job = answers.get("job") or evidence.job
    words = replace(place.words, finding=shlex.quote(evidence.finding)) if evidence.finding else place.words
    advice = advise(facts, words, own_limits(place.root))
    entries = tuple(entry for entry in advice.entries if not _compared(entry, evidence.compared))
    notes = (*evidence.notes, *_vague(job, advice.facts))
    return Consulted(replace(advice, entries=entries), job, sources, notes)


def _vague(job: str, facts: Facts) -> tuple[str, ...]:
    """What a vague job leaves open, in one note."""
    said = read_job(job)
    if not job or said.clear or facts.value("job_clear") is not False:
        return ()
    uncounted = "" if "has_measure" in facts else ' Nor was said what counts as right (--answer target="95 %").'
    return (f"The job is vague, and so is this advice. {said.sent_back}{uncounted}",)


def systems_of(entry: Entry) -> list[str]:
    """What the command of an entry adds to the comparison: ``kind`` or ``kind:argument``."""
    words = entry.command.split()
    if words[:2] != ["tunewright", "run"]:
        return []
    return [after for word, after in pairwise(words) if word == "--system" and after != "majority"]


def systems_to_add(entry: Entry, root: Path) -> list[str]:
    """Those of ``systems_of`` of a kind that the project in a folder does not compare yet; none without a project."""
    if not (root / FILE_NAME).is_file():
        return []
    kinds = {parse_entry(listed).kind for listed in load_project(root / FILE_NAME).compared}
    return [system for system in systems_of(entry) if system.partition(":")[0] not in kinds]


def _compared(entry: Entry, compared: frozenset[str]) -> bool:
    """Whether it is only worth trying, and the last run has tried it."""
    kinds = {system.partition(":")[0] for system in systems_of(entry)}
    return entry.stance == "try" and bool(kinds & compared)


def _last_audit(root: Path, table: Path | None) -> tuple[dict[str, Any], Path] | None:
    """The latest audit of the table; of any, where none is known."""
    for document, path in _read(root, "audit-", DOCUMENT):
        dataset = document.get("dataset")
        if isinstance(dataset, dict) and (table is None or _name(str(dataset.get("file"))) == table.name):
            return document, path
    return None


def _read(root: Path, prefix: str, file: str) -> Iterator[tuple[dict[str, Any], Path]]:
    """Documents that can be read, newest first, each with its file."""
    for path in documents(root, prefix, file):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(document, dict):
            yield document, path


def _name(file: str) -> str:
    return file_and_sheet(Path(file))[0].name


def _older(table: Path | None, document: Mapping[str, Any], name: str, again: str = "audit") -> list[str]:
    """A word where the table was written after the audit or diagnosis."""
    try:
        created = datetime.fromisoformat(str(document.get("created"))).timestamp()
    except ValueError:
        return []
    if table is None or not table.is_file() or table.stat().st_mtime <= created + 1:
        return []
    return [f"{table.name} has changed since {name}: {again} it again."]


def _approved(root: Path) -> list[str]:
    """Findings about persons for which somebody answers."""
    if not (root / STATE).is_dir():
        return []
    try:
        with open_state(root) as store:
            return [approval.finding for approval in store.approvals.approvals()]
    except TunewrightError:
        return []


def _last_diagnosis(place: Place) -> tuple[dict[str, Any], Path] | None:
    """The latest diagnosis of the project, or of the table where one is asked about; None where there is none."""
    for document, path in _read(place.root, "diagnose-", DIAGNOSIS):
        if place.table is None or about_table(str(document.get("command")), place.table):
            return document, path
    return None


def _last_run(place: Place) -> tuple[list[Fact], str, Verdict] | str | None:
    """Facts of the last run, its file and its verdict; a note where it cannot be read, None where there is none."""
    try:
        folder = find_run(place.root, None)
    except InputError:
        return None
    name = f"{RUNS}/{folder.name}/verdict.json"
    try:
        verdict = verdict_of(folder)
    except TunewrightError as error:
        return f"{name} was not read: {error.message}"
    if place.table is not None and not about_table(verdict.command, place.table):
        return f"{name} is of other data and was not used."
    return facts_of_run(verdict, name), name, verdict
