"""``compare --recipe``: did the gain come from cleaning the rows, or from nothing?

The same way of building a system learns from all rows, from cleaned rows and from as many random rows, and answers the
same cases out of fold, each as it stands in the table. Against all rows says what cleaning brings; against random rows
says whether it is the cleaning, and not the luck of another draw or the smaller number. The locked test has no part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunewright.data.components import find_components
from tunewright.data.duplicates import find_duplicates
from tunewright.data.folds import folds, inner_split
from tunewright.decision.wording import count
from tunewright.errors import InputError
from tunewright.project.file import FILE_NAME, load_project
from tunewright.records.example import Example
from tunewright.reporting.compare_document import CleanedSystem, CleaningTested
from tunewright.store import Store
from tunewright.workflow.compare_runs.arms import ARMS, Arm, CleanedPart, arm_scores, cleaned_part
from tunewright.workflow.compare_runs.cleaned_rows import Cleaning, decided_cleaning, proposed_cleaning
from tunewright.workflow.compare_runs.cleaning_gains import cleaned_system, summary
from tunewright.workflow.contestants import contestants_of
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.load import load
from tunewright.workflow.models import Models
from tunewright.workflow.opened import opened
from tunewright.workflow.prepare import MAX_COPIES, VALIDATION_SHARE, prepare
from tunewright.workflow.runs import find_run, verdict_of
from tunewright.workflow.several import several_labels
from tunewright.workflow.study import Hooks, Part, Study

IntArray = NDArray[np.int64]
LOCKED_PART = "cleaning"


def cleaning_tested(root: Path, systems: Sequence[str], draws: int, hooks: Hooks) -> CleaningTested:
    """Fit every arm of every system and compare.

    Args:
        systems: names; none means what the last run recommends, or else every local system that is no fine-tune.
        draws: random draws, and seeds of training.

    Raises:
        InputError: there is no project, or a system is unknown or not available.
        Cancelled: the person asked to stop; what was fitted is found again.
    """
    settings = load_project(root / FILE_NAME)
    with opened(settings, root, hooks) as store:
        around = Models.of(settings, root, store).around()
        study = prepare(settings, root, load(settings, root, store), store, around).study
        contestants, _ = contestants_of(settings, root, around)
        chosen = _chosen(contestants, systems, root)
        parts, component = _folds(study)
        whole, cleaned, cleaning = _cleaned(study, parts, store, hooks)
        fits = len(chosen) * len(ARMS) * draws * len(parts)
        hooks.say(
            f"{', '.join(one.name for one in chosen)}: {count(fits, 'fit')} at most ({len(ARMS)} choices of rows, "
            f"{draws} draws, {len(parts)} folds); what was fitted before is found again. No locked case is asked about."
        )
        scored = [row for part in parts for row in part.scored]
        groups = _groups(study, component, scored)
        fold_of = np.repeat(np.arange(len(parts)), [len(part.scored) for part in parts])
        questioned = np.array([row in cleaning.rewritten for row in scored])
        rows = {arm: sum(len(p.train) + len(p.validation) for p in _arm_parts(cleaned, arm)) for arm in ARMS}
        found = []
        seeds = range(settings.seed, settings.seed + draws)
        for contestant in chosen:
            if not cleaning.rewritten:
                text = f"{contestant.name}: there is nothing to clean."
                found.append(CleanedSystem(system=contestant.name, reason=None, outcome="nothing to clean", text=text))
                continue
            scores = {arm: arm_scores(whole, cleaned, contestant, arm, seeds, store, hooks) for arm in ARMS}
            found.append(cleaned_system(contestant.name, scores, rows, groups, fold_of, questioned))
    return summary(settings.task, cleaning, len(scored), draws, len(parts), found)


def _chosen(contestants: Sequence[Contestant], names: Sequence[str], root: Path) -> list[Contestant]:
    known = {contestant.name: contestant for contestant in contestants}
    if not names:
        try:
            used = verdict_of(find_run(root, None)).use.system
        except InputError:
            used = None
        local = [c.name for c in contestants if c.system.role == "baseline" and not c.system.needs.network]
        names = [used] if used in known else local
    for name in names:
        if name not in known:
            raise InputError(
                "compare.system", f"The project has no system {name!r}.", where="--system", hint=", ".join(known)
            )
        reason = known[name].system.missing()
        if reason is not None:
            raise InputError("compare.unavailable", f"{name} is not available: {reason}", where="--system")
    return [known[name] for name in dict.fromkeys(names)]


def _folds(study: Study) -> tuple[list[Part], IntArray]:
    """Folds over every row that may be learned from, and the component of each row of the study.

    With few rows those of the run, whose fits are there already; with a locked test folds of all other rows.
    """
    component = find_components(study.examples, find_duplicates(study.examples).edges())
    if study.regime == "cross-fitted":
        return list(study.parts), component
    rows = np.array(sorted({*study.parts[0].train, *study.parts[0].validation}), dtype=np.int64)
    one_label = study.settings.kind == "classify" and not several_labels(study.settings)
    dealt = [study.examples[row] if one_label else study.examples[row].with_target("") for row in rows]
    own = component[rows]
    seed = study.settings.seed
    fold_of = folds(dealt, own.tolist(), k=study.settings.folds, seed=seed)
    parts = []
    for fold in range(study.settings.folds):
        rest = np.flatnonzero(fold_of != fold)
        share = min(VALIDATION_SHARE, 1500 / max(len(rest), 1))
        train, tune = inner_split(dealt, rest.tolist(), own.tolist(), seed=seed + 1 + fold, share=share)
        scored = rows[fold_of == fold]
        name = f"{LOCKED_PART}-{fold}"
        parts.append(Part(name, tuple(rows[train].tolist()), tuple(rows[tune].tolist()), tuple(scored.tolist())))
    return parts, component


def _cleaned(
    study: Study, parts: Sequence[Part], store: Store, hooks: Hooks
) -> tuple[Study, list[CleanedPart], Cleaning]:
    """The study with rewritten rows behind its own, every fold with its cleaned rows, and all that cleaning touches."""
    learnable = sorted({row for part in parts for row in part.scored})
    decided = decided_cleaning(store, study.examples)
    if decided is not None:
        own = {row: now for row, now in decided.rewritten.items() if row in set(learnable)}
        rewritten, examples = _placed(own, study.examples)
        whole = _with_rows(study, examples, store)
        return whole, [cleaned_part(part, rewritten) for part in parts], Cleaning("decisions", own)
    touched: dict[int, Example | None] = {}
    cleaned = []
    for number, part in enumerate(parts, start=1):
        hooks.say(f"Fold {number} of {len(parts)}: looking for rows to leave out, among those to learn from alone.")
        rows = sorted([*part.train, *part.validation])
        proposed = proposed_cleaning(study.settings, [study.examples[row] for row in rows], hooks)
        gone: dict[int, int | None] = {rows[place]: None for place in proposed.rewritten}
        touched |= dict.fromkeys(gone)
        cleaned.append(cleaned_part(part, gone))
    return study, cleaned, Cleaning("audit", touched)


def _placed(
    rewritten: dict[int, Example | None], examples: Sequence[Example]
) -> tuple[dict[int, int | None], list[Example]]:
    """New rows get positions behind the old ones: what is scored stays as it is."""
    everything, place = list(examples), dict[int, int | None]()
    for row, now in rewritten.items():
        place[row] = None if now is None else len(everything)
        everything += [] if now is None else [now]
    return place, everything


def _with_rows(study: Study, examples: Sequence[Example], store: Store) -> Study:
    new = [store.row_key(example) for example in examples[len(study.examples) :]]
    return replace(study, examples=tuple(examples), row_keys=(*study.row_keys, *new))


def _arm_parts(parts: Sequence[CleanedPart], arm: Arm) -> list[Part]:
    return [part.of(arm, 0) for part in parts]


def _groups(study: Study, component: IntArray, scored: Sequence[int]) -> IntArray | None:
    """Rows that belong together, by the same rule as in a run."""
    own = component[list(scored)]
    copies = 1 - len(np.unique(own)) / max(len(own), 1)
    return own if study.settings.data.group or copies > MAX_COPIES else None
