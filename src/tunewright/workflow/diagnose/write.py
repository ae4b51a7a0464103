"""From what was measured and named to the document and the page under ``runs/diagnose-.../``."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from tunewright.decision.diagnosis import DOCUMENT, Diagnosis, ErrorCase, Lever, Signal, SystemLine, Tags, facts_of
from tunewright.records.example import dataset_digest
from tunewright.reporting.diagnose_page import diagnose_page
from tunewright.statistics.means import mean_interval
from tunewright.workflow.diagnose.bench import Bench, Found, scores_of
from tunewright.workflow.diagnose.effects import effect, rounded
from tunewright.workflow.diagnose.job import Measured, shown_name
from tunewright.workflow.diagnose.parts import where_of
from tunewright.workflow.diagnose.signals import signals_of
from tunewright.workflow.run_names import run_name
from tunewright.workflow.runs import RUNS, documents

MAX_CHARS = 2_000
PAGE = "report.html"


def write(work: Measured, root: Path, *, anew: bool = True) -> tuple[Diagnosis, Path]:
    """The document, and the folder that it was written to with its page; both registered with the rows they show.

    ``anew``: write in any case; else only where something changed since the latest diagnosis, which is given back.
    """
    now = datetime.now(UTC)
    name = f"diagnose-{run_name(now)}"
    document = document_of(work, now.isoformat(timespec="seconds"))
    known = None if anew else _same_as_latest(document, root)
    if known is not None:
        return known
    folder, bench = root / RUNS / name, work.bench
    folder.mkdir(parents=True)
    row_set = bench.store.row_set([bench.row_keys[place] for place in bench.errors])
    for file in (DOCUMENT, PAGE):
        bench.store.register_file(name, Path(file), row_set)
    (folder / DOCUMENT).write_text(document.model_dump_json(indent=2), encoding="utf-8")
    (folder / PAGE).write_text(diagnose_page(document), encoding="utf-8")
    return document, folder


def _same_as_latest(document: Diagnosis, root: Path) -> tuple[Diagnosis, Path] | None:
    """The latest diagnosis with its folder, where it says the same."""
    path = next(documents(root, "diagnose-", DOCUMENT), None)
    if path is None or not (path.parent / PAGE).is_file():
        return None
    try:
        latest = Diagnosis.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return (latest, path.parent) if _said(latest) == _said(document) else None


def _said(document: Diagnosis) -> Diagnosis:
    """A diagnosis without when and how it was asked for, and what was put off in that sitting."""
    tags = document.tags.model_copy(update={"skipped": 0})
    return document.model_copy(update={"created": "", "command": "", "tags": tags})


def document_of(work: Measured, created: str) -> Diagnosis:
    """Everything that is shown and that ``advise`` reads."""
    bench, tried = work.bench, _tried(work)
    suspects = next((one.flags for one in work.found if one.id == "suspect_labels"), None)
    signals = signals_of(bench, work.form, work.search, suspects)
    tags = work.book.summary(work.fixed_by)
    scores = bench.base_scores[~np.isnan(bench.base_scores)]
    groups = None if bench.groups is None else bench.groups[~np.isnan(bench.base_scores)]
    settings = bench.study.settings
    # Whoever always says the same is right now and then, and helps nobody.
    constant = {one.name for one in bench.contestants if one.entry.kind == "majority"}
    fixing = [flags for name, flags in work.fixed_by.items() if name not in constant]
    unreached = bench.wrong & ~np.any([np.zeros_like(bench.wrong), *fixing], axis=0)
    return Diagnosis(
        created=created,
        command=work.options.command,
        task=settings.task,
        data=dataset_digest(list(bench.examples)),
        settings=hashlib.sha256(settings.model_dump_json(exclude={"data": {"path", "test"}}).encode()).hexdigest(),
        system=bench.system,
        chosen=work.chosen,
        regime=bench.study.regime,
        where=where_of(bench.study),
        n=len(scores),
        score=round(float(scores.mean()), 6),
        interval=rounded(mean_interval(scores, groups)),
        errors=len(bench.errors),
        missing=len(bench.base_scores) - len(scores),
        error_is=bench.line.text,
        nobody=int(unreached.sum()),
        tried=tried,
        systems=[_system(bench, contestant.name, tried) for contestant in bench.contestants],
        levers=[_lever(bench, one, work, tried) for one in work.found],
        signals=list(signals.values()),
        tags=tags,
        facts=facts_of(tags, signals),
        next_step=_next_step(tags, signals, bench),
        notes=_notes(work),
        cases=[_case(work, place) for place in work.book.order],
    )


def _tried(work: Measured) -> int:
    levers = sum(one.scores is not None and one.id != "chance" for one in work.found)
    return levers + len(work.bench.able) - 1


def _system(bench: Bench, name: str, tried: int) -> SystemLine:
    answers, kind = bench.answered[name], bench.named(name).entry.kind
    if answers.reason is not None:
        return SystemLine(name=name, kind=kind, score=None, errors=0, reason=answers.reason, effect=None)
    scores = scores_of(answers.rows)
    known = scores[~np.isnan(scores)]
    return SystemLine(
        name=name,
        kind=kind,
        score=round(float(known.mean()), 6) if len(known) else None,
        errors=int(bench.line.wrong(scores).sum()),
        reason=None,
        effect=None if name == bench.system else bench.against_base(scores, tried),
    )


def _lever(bench: Bench, found: Found, work: Measured, tried: int) -> Lever:
    other = found.of is not None and found.of != bench.system and found.scores is not None
    own = None
    if other and found.of is not None and found.scores is not None:
        own = effect(scores_of(bench.able[found.of].rows), found.scores, bench.groups, bench.line, tried)
    return Lever(
        id=found.id,
        title=shown_name(found, work.found),
        what=found.what,
        reason=found.reason,
        effect=None if found.scores is None else bench.against_base(found.scores, 1 if found.id == "chance" else tried),
        own=own,
        flagged=None if found.flags is None else int(found.flags.sum()),
        notes=list(found.notes),
    )


def _case(work: Measured, place: int) -> ErrorCase:
    bench, example = work.bench, work.bench.examples[place]
    tag, guess, texts = work.book.named.get(place), work.book.guesses.get(place), work.options.texts
    said = work.said[place]
    return ErrorCase(
        row=example.row_id,
        source=str(example.source),
        text=example.text[:MAX_CHARS] if texts else None,
        target=example.target[:MAX_CHARS] if texts else None,
        answer=None if said is None or not texts else said[:MAX_CHARS],
        detail=bench.base[place].detail if texts else "",
        signals=[guess.says] if guess else [],
        named=tag.mode if tag else None,
        note=tag.note if tag and texts else "",
        fixed_by=[name for name, flags in work.fixed_by.items() if flags[place]],
    )


def _notes(work: Measured) -> list[str]:
    bench = work.bench
    crossed = bench.study.regime == "cross-fitted"
    used = "the same answers tell which system is best" if crossed else "validation cases were used for choosing before"
    notes = [
        f"These figures are for finding out what to try and prove nothing: {used}. Add what helps to the project as a "
        "system and let `tunewright run` decide.",
        "Whoever is wrong on other cases fixes some errors of the best system by that alone: look at what is broken, "
        "and at the line of chance.",
    ]
    if bench.groups is not None:
        notes.append("Cases stand in groups; intervals allow for it.")
    return notes


def _next_step(tags: Tags, signals: dict[str, Signal], bench: Bench) -> str:
    wanted = min(tags.sample, tags.errors)
    if tags.named < wanted:
        return f"Name {wanted - tags.named} {'more ' if tags.named else ''}errors: the kinds of the rest are unknown."
    return "Ask what follows: tunewright advise"
