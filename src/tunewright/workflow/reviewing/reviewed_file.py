"""What comes of a review: the new file with its version, and how often each check was right.

Called by ``review``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from tunewright.audit.edits import Edit, apply_edits, diff_lines
from tunewright.audit.field_words import field_words
from tunewright.audit.label_queue import QueueState, queue_state
from tunewright.audit.queue import Question
from tunewright.data.rows import SetAside
from tunewright.records.example import Example
from tunewright.statistics.proportions import wilson_interval
from tunewright.store import DatasetVersion, VersionEdit
from tunewright.workflow.reviewing.decided_rows import DecidedRows
from tunewright.workflow.reviewing.write_back import Changed, new_path, write_back

if TYPE_CHECKING:
    from tunewright.workflow.reviewing.review import Review

REVIEWED = "reviewed"
SHOWN_LINES = 10


SLIPS = "label_errors.slips"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A version that a review made, and its file; ``new`` is False where both were there already.

    ``rows`` are those of the file. ``unusable`` rows, which cannot be learned from, are not in it.
    """

    version: DatasetVersion
    path: Path
    rows: int
    changed: int
    left_out: int
    new: bool
    unusable: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often reviewed rows of a finding were changed: what the check's word is worth on this data."""

    title: str
    asked: int
    changed: int
    interval: tuple[float, float]


def agreement_of(questions: Sequence[Question], decided: DecidedRows) -> list[Agreement]:
    """For each finding decided about: how many of its rows were changed, with a 95 % interval."""
    titles = {q.finding.kind: q.finding.title for q in questions}
    asked: Counter[str] = Counter()
    changed: Counter[str] = Counter()
    for decision in decided.about.values():
        if decision.finding in titles:
            asked[decision.finding] += 1
            changed[decision.finding] += decision.action != "keep"
    found = []
    for kind, count in asked.most_common():
        low, high = wilson_interval(changed[kind], count)
        found.append(Agreement(titles[kind], count, changed[kind], (float(low), float(high))))
    return found


def labels_left_of(questions: Mapping[tuple[str, str], Question], decided: DecidedRows) -> QueueState | None:
    """What the answers about labels that look wrong say of the others, by questions under (row, finding)."""
    queue = [(key, q.items[0].score, q.row) for key, q in questions.items() if q.finding.kind == SLIPS and q.items]
    queue.sort(key=lambda entry: (-entry[1], entry[2]))
    about = {rank: decided.about.get(key) for rank, (key, _, _) in enumerate(queue)}
    answers = {rank: decision.action != "keep" for rank, decision in about.items() if decision is not None}
    return queue_state([score for _, score, _ in queue], answers) if answers else None


def diff_of(review: Review, changes: Sequence[tuple[Question, Edit]]) -> list[str]:
    """What edits would change, as lines of a unified diff with the row's place above."""
    lines: list[str] = []
    edits: defaultdict[int, list[Edit]] = defaultdict(list)
    for question, edit in changes:
        edits[question.row].append(edit)
    for row in sorted(edits):
        before = review.now(row)
        assert before is not None
        names = field_words(before, *review.columns)
        lines += [f"@@ {before.source} @@", *diff_lines(before, apply_edits(before, edits[row]), names)]
    return lines


def write_reviewed(review: Review, output: Path | None, *, finished: bool) -> Reviewed | None:
    """Write the rows of a review to a new file, and the version down; see ``Review.write``.

    Args:
        finished: whether no question is open. Then rows that cannot be used are a reason for a new file, too.
    """
    changed, result = review.changed_rows(), review.result
    unusable = () if review.keep_unusable else result.set_aside
    if not changed and not (unusable and finished):
        return None
    after: list[Example | None] = list(review.examples)
    edits = []
    for row, now in changed:
        after[row] = now
        decisions = [d for d in review.decided.by_row[row] if d.action != "keep"]
        actions = "+".join(dict.fromkeys(d.action for d in decisions))
        edits.append(VersionEdit(review.examples[row], now, actions, decisions[-1].number))
    shelf = review.store.versions
    base = shelf.record(review.examples, str(review.source), about={"shape": result.shape, "kind": review.kind})
    kept = [example for example in after if example is not None]
    left_out = len(after) - len(kept)
    n_changed = len(changed) - left_out
    rows_hash = shelf.rows_hash(kept)
    there = [v for v in shelf.all() if v.parent == base.hash and v.rows_hash == rows_hash]
    known = next((v for v in there if v.about.get("keeps_unusable", True) is review.keep_unusable), None)
    if known is not None and output is None and Path(known.source).exists():
        n_rows = known.about.get("file_rows")
        rows = n_rows if isinstance(n_rows, int) else len(kept)
        return Reviewed(known, Path(known.source), rows, n_changed, left_out, new=False, unusable=len(unusable))
    path = output or new_path(review.source, REVIEWED, result.container)
    changes = Changed(result, after, keep_others=review.keep_unusable, erased=review.erased)
    written = write_back(review.source, path, changes, review.kind)
    who: list[JsonValue] = [*sorted({d.who for row, _ in changed for d in review.decided.by_row[row]})]
    about: dict[str, JsonValue] = {
        "from": str(review.source),
        "reviewed_by": who,
        "kind": review.kind,
        "file_rows": written.rows,
        "keeps_unusable": review.keep_unusable,
    }
    version = shelf.record(kept, str(path), parent=base, edits=edits, about=about)
    notes = (*_unusable_note(unusable, review.source), *written.notes)
    return Reviewed(version, path, written.rows, n_changed, left_out, new=True, unusable=len(unusable), notes=notes)


def _unusable_note(unusable: Sequence[SetAside], source: Path) -> tuple[str, ...]:
    """Which rows are not in the new file because nobody can learn from them, and how to have them."""
    if not unusable:
        return ()
    reasons = Counter(row.reason for row in unusable)
    told = ", ".join(f"{count}: {reason}" for reason, count in reasons.most_common(3))
    places = ", ".join(str(row.source.line) for row in unusable[:SHOWN_LINES])
    more = f" and {len(unusable) - SHOWN_LINES} more" if len(unusable) > SHOWN_LINES else ""
    number = "1 row" if len(unusable) == 1 else f"{len(unusable)} rows"
    return (
        f"{number} that cannot be learned from {'is' if len(unusable) == 1 else 'are'} not in the new file ({told}; "
        f"at {places}{more}). Fill in what is missing in {source.name}, or keep them with --keep-unusable.",
    )
