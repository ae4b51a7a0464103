"""What is said about a comparison of runs: the first sentence, what it rests on, rows in figures, and warnings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tunewright.decision.levels import look_level
from tunewright.decision.plan import DEFAULT_DISCORDANCE
from tunewright.decision.wording import count
from tunewright.project.settings import ProjectSettings
from tunewright.reporting.compare_document import RowChange, RowsCompared, SystemChange
from tunewright.store import RegisteredRow, Store
from tunewright.workflow.compare_runs.common_cases import CommonCases
from tunewright.workflow.compare_runs.past_run import PastRun
from tunewright.workflow.compare_runs.row_changes import RowChanges, RowPair
from tunewright.workflow.compare_runs.texts import Texts
from tunewright.workflow.compare_runs.validation_use import optimism_sentence, validation_use

SHOWN_ROWS = 20
FEW_CASES = 50


def headline(systems: Sequence[SystemChange], recommended: SystemChange | None, common: CommonCases) -> str:
    """What a person takes home: what was recommended before and after, else whether anything got better or worse."""
    if not common.cases:
        return "Nothing can be compared: the two runs have no case in common that both answered."
    compared = [one for one in systems if one.reason is None]
    if recommended is not None and recommended.reason is None:
        return f"What to use changed. {recommended.text}"
    if not compared:
        return "No system can be compared: see the reasons."
    better = [one.system for one in compared if one.shown == "better"]
    worse = [one.system for one in compared if one.shown == "worse"]
    if all(one.shown == "same" for one in compared):
        return f"Nothing changed: all answers to {count(len(common.cases), 'common case')} are worth the same."
    if not better and not worse:
        return f"No system is shown to be better or worse than before, on {count(len(common.cases), 'common case')}."
    parts = [f"{', '.join(names)} got {word}" for names, word in ((better, "better"), (worse, "worse")) if names]
    return f"On {count(len(common.cases), 'common case')}, {' and '.join(parts)}; the others are not shown to differ."


def rests_on(common: CommonCases) -> str:
    """On how many common cases of what kind it rests."""
    n = len(common.cases)
    what = {
        "out-of-fold": "answered by systems that had not seen them",
        "validation": "of validation",
        "test": "of the locked test, as both runs stored their answers",
    }[common.kind]
    text = f"It rests on {count(n, 'case')} {what}, which both runs have"
    if n < max(common.of_before, common.of_after):
        text += f" ({common.of_before:,} before, {common.of_after:,} after)"
    groups = "" if common.groups is None else f" They stand in {len(set(common.groups.tolist())):,} groups."
    relabelled = sum(case.relabelled for case in common.cases)
    labels = ""
    if relabelled:
        were = "1 of them was" if relabelled == 1 else f"{relabelled} of them were"
        labels = f" {were} relabelled in between: both runs are held against the newer labels."
    return f"{text}.{groups}{labels}"


def rows_compared(changes: RowChanges, before: PastRun, after: PastRun, known: Texts, *, texts: bool) -> RowsCompared:
    """The rows in figures, with the first of each kind."""
    kinds: dict[str, Sequence[RegisteredRow | RowPair]] = {
        "added": changes.added,
        "removed": changes.removed,
        "relabelled": changes.relabelled,
        "changed": changes.changed,
    }
    return RowsCompared(
        before=len(before.rows),
        after=len(after.rows),
        same=changes.same,
        added=len(changes.added),
        removed=len(changes.removed),
        relabelled=len(changes.relabelled),
        changed=len(changes.changed),
        moved=len(changes.moved),
        refolded=changes.refolded,
        paired_by_id=changes.by_id,
        parts={kind: dict(sorted(Counter(map(_part, rows)).items())) for kind, rows in kinds.items() if rows},
        examples={kind: [_row(row, kind, known) for row in rows[:SHOWN_ROWS]] for kind, rows in kinds.items() if rows}
        if texts
        else {},
    )


def _part(row: RegisteredRow | RowPair) -> str:
    """Where a row stands in the run that has it; folds are all alike."""
    part = row.part if isinstance(row, RegisteredRow) else row.after.part
    return "out of fold" if part.startswith("fold-") else part


def _row(row: RegisteredRow | RowPair, kind: str, known: Texts) -> RowChange:
    if isinstance(row, RegisteredRow):
        example = known.row(row.row_key)
        text, target = (None, None) if example is None else (example.text, example.target)
        before, after = (target, None) if kind == "removed" else (None, target)
        return RowChange(row=row.row_id, text=text, before=before, after=after, part=_part(row))
    old, new = known.row(row.before.row_key), known.row(row.after.row_key)
    if kind == "changed":
        before, after = old.text if old else None, new.text if new else None
        return RowChange(row=row.after.row_id, text=None, before=before, after=after, part=_part(row))
    one = new or old or known.input(row.after.input_key)
    return RowChange(
        row=row.after.row_id,
        text=one.text if one else None,
        before=old.target if old else None,
        after=new.target if new else None,
        part=_part(row),
    )


def warnings_of(
    before: PastRun,
    after: PastRun,
    common: CommonCases,
    systems: Sequence[SystemChange],
    rows: RowsCompared,
    settings: ProjectSettings,
    root: Path,
    store: Store,
) -> list[str]:
    """What a careful reader would ask about, the gravest first."""
    found = [_what_was_used_for_choosing(before, after, common, systems, settings, root, store)]
    if not common.cases:
        return []
    if len(common.cases) < FEW_CASES:
        found.append(f"{count(len(common.cases), 'common case')} show only large differences.")
    if sum(one.reason is None for one in systems) > 1:
        found.append(
            "Each interval holds for its own system alone: among several systems one is more likely to look changed by "
            "chance."
        )
    if common.kind == "out-of-fold" and rows.refolded:
        found.append(
            f"{rows.refolded:,} of {rows.same + rows.relabelled:,} rows were dealt to another fold than before, as "
            "happens when rows come or go: answers differ for that reason, too, and the interval counts it as noise."
        )
    missing = max((one.missing for one in systems), default=0)
    if missing:
        found.append(f"Up to {count(missing, 'common case')} have no score on one side and are left out.")
    if common.kind == "validation":
        found.append(
            "Systems that learn from validation rows once they are tuned were fitted again without them, on the "
            "training rows alone: their figures are those of the recipe, not of the very fit of each run."
        )
    gone = sum(case.example is None for case in common.cases)
    if gone:
        found.append(
            f"The texts of {count(gone, 'common case')} are gone (the table was changed in place, and no version of it "
            "was written down): they are told by name, and count as standing alone."
        )
    return found


def _what_was_used_for_choosing(
    before: PastRun,
    after: PastRun,
    common: CommonCases,
    systems: Sequence[SystemChange],
    settings: ProjectSettings,
    root: Path,
    store: Store,
) -> str:
    """Why none of this is a proof."""
    if common.kind == "test":
        looks = max(len(after.verdict.test_set.uses), 2)
        return (
            f"Both runs opened this test, which has been used {looks} times: nothing was asked again here, but "
            f"choosing between the two by these figures is choosing on the test. Look {looks} counts as proof only at "
            f"p <= {look_level(looks):.2g}; fresh cases would settle it (`tunewright refresh`)."
        )
    if common.kind == "out-of-fold":
        return (
            "This describes and proves nothing: what was changed between the runs was chosen with these very cases in "
            "view, so a gain found here flatters. Fresh cases would prove it."
        )
    use = validation_use(after, root, store)
    text = (
        "This describes and proves nothing: validation rows are what systems are tuned and chosen on, so a gain found "
        "here flatters. "
    )
    return text + optimism_sentence(use, _discordance(systems), settings.min_improvement)


def _discordance(systems: Sequence[SystemChange]) -> float:
    """How often two of these systems can differ at most: by the errors of the best, before and after."""
    errors = [2 - one.before - one.after for one in systems if one.before is not None and one.after is not None]
    return min(max(min(errors, default=DEFAULT_DISCORDANCE), 0.01), DEFAULT_DISCORDANCE)
