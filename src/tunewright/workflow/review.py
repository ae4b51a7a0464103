"""Reviewing: a person decides about findings row by row, and a new dataset version with a new file results.

Every decision is written down at once; nothing is changed in place. The dialogue itself (keys, screens) is the
command's; here is what it asks for: the next question, a decision, undoing, writing. The same serves ``--apply-safe``
and answers that come back from elsewhere.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pydantic import JsonValue

from tunewright.audit.edits import Decided, Edit, apply_edits, diff_lines
from tunewright.audit.exchange import Answer, Task
from tunewright.audit.fields import texts
from tunewright.audit.findings import Finding
from tunewright.audit.queue import Question, build_queue, check_of
from tunewright.data.read import ReadResult
from tunewright.errors import InputError
from tunewright.records.example import Example
from tunewright.statistics.proportions import wilson_interval
from tunewright.store import DatasetVersion, Decision, NewDecision, Store, VersionEdit
from tunewright.store.decisions import SKIP, LabellingCost
from tunewright.workflow.write_back import Changed, Kind, Written, new_path, write_back

REVIEWED = "reviewed"
LABEL_FINDING = "label"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A version that a review made, and its file; ``new`` is False where both were there already."""

    version: DatasetVersion
    path: Path
    rows: int
    changed: int
    left_out: int
    new: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often reviewed rows of a finding were changed: what the check's word is worth on this data."""

    title: str
    asked: int
    changed: int
    interval: tuple[float, float]


class Review:
    """One person going through the questions about one file.

    Args:
        result: the rows of the file as ``review_data`` gave them.
        findings: of an audit of exactly these rows.
        who: the name that decisions are written down under.
        only: names of checks or kinds of findings to ask about; empty means all.
        erased: lines of rows that were erased, which the new file must not have again.
        ran: names of the checks that ran, whether or not they found anything.
    """

    def __init__(
        self,
        store: Store,
        source: Path,
        result: ReadResult,
        kind: Kind,
        findings: Sequence[Finding],
        who: str,
        only: Collection[str] = (),
        erased: frozenset[int] = frozenset(),
        ran: Collection[str] = (),
    ) -> None:
        self.examples = result.examples
        self.kind = kind
        self.labels = tuple(sorted({e.target for e in result.examples})) if kind == "classify" else ()
        self._store, self._source, self._result, self._who = store, source, result, who
        self._names = store.versions.names(result.examples)
        self._number = {name: row for row, name in enumerate(self._names)}
        self.questions = build_queue(findings, self._names, only=only)
        strange = sorted({*only} - {*ran, *(f.kind for f in findings), *(check_of(f.kind) for f in findings)})
        if strange:
            raise _no_such_check(strange, findings)
        self._erased = erased
        self._skipped: set[str] = set()
        self._session: list[int] = []
        self._read_decisions()

    # What is asked

    def pending(self) -> Iterator[Question]:
        """Questions that nobody decided yet, the most valuable first; those of rows left out are settled."""
        for question in self.questions:
            if self._is_open(question):
                yield question

    @property
    def n_pending(self) -> int:
        """How many questions are open."""
        return sum(1 for _ in self.pending())

    def now(self, row: int) -> Example | None:
        """A row as the decisions have made it so far; None where it was left out."""
        return apply_edits(self.examples[row], (edit_of(d) for d in self._by_row.get(row, ())))

    def suggestion(self, question: Question) -> Edit | None:
        """What is suggested for the row as it is now."""
        return question.suggestion(self.examples[question.row], self.now(question.row))

    def tasks(self) -> list[Task]:
        """Open questions for an export, with the rows as they are now."""
        found = []
        for question in self.pending():
            example = self.now(question.row)
            if example is not None:
                found.append(Task(question, example, self.suggestion(question)))
        return found

    def all_tasks(self) -> list[Task]:
        """Every question, settled ones included, with the rows as the file has them."""
        found = []
        for question in self.questions:
            example = self.examples[question.row]
            now = self.now(question.row) if self._is_open(question) else example
            suggestion = question.suggestion(example, now)
            found.append(Task(question, now or example, suggestion))
        return found

    def take(self, answers: Sequence[Answer]) -> int:
        """Take answers that were given elsewhere, all or none; those known already change nothing. Returns how many.

        Raises:
            InputError: ``review.conflict`` when a question was decided otherwise here meanwhile.
        """
        new, conflicts = [], []
        standing = {(d.row, d.finding): d for d in self._standing if d.action != SKIP}
        for answer in answers:
            known = standing.get(self._key(answer.question))
            if known is None:
                new.append(answer)
            elif edit_of(known) != answer.edit:
                conflicts.append(f"{self.examples[answer.question.row].source} ({known.action} by {known.who})")
        if conflicts:
            raise InputError(
                "review.conflict",
                f"{len(conflicts)} questions were decided otherwise here, and nothing of the file was taken.",
                where="; ".join(conflicts[:10]),
                hint="Take these rows out of the file, or take the decisions back in the review.",
            )
        self.decide_all(new)
        return len(new)

    # What is decided

    def decide(self, question: Question, edit: Edit, *, note: str = "", seconds: float | None = None) -> None:
        """Write a decision down.

        Raises:
            InputError: ``review.edit`` when the edit does not fit the row.
        """
        self.decide_all([Answer(question, edit, note, seconds)])

    def decide_all(self, answers: Sequence[Answer]) -> None:
        """Write several decisions down, all or none."""
        new = []
        for answer in answers:
            edit, row = answer.edit, answer.question.row
            self._check(edit, row)
            new.append(
                NewDecision(
                    self.examples[row],
                    self._names[row],
                    answer.question.finding.kind,
                    edit.action,
                    edit.changes,
                    edit.weight,
                    answer.note,
                    seconds=answer.seconds,
                )
            )
        self._session += self._store.decisions.add(self._who, new)
        self._read_decisions()

    def skip(self, question: Question, *, seconds: float | None = None) -> None:
        """Put a question off until the next time."""
        self._skipped.add(question.id)
        row = question.row
        new = NewDecision(self.examples[row], self._names[row], question.finding.kind, SKIP, seconds=seconds)
        self._session += self._store.decisions.add(self._who, [new])
        self._read_decisions()

    def undo(self) -> Question | None:
        """Take the latest decision back, of this session or else of this person about this file; returns what it was
        about, or None where there is none."""
        standing = {d.number: d for d in self._standing}
        if self._session:
            last = standing.get(self._session.pop())
        else:
            own = [d for d in self._standing if d.who == self._who and d.row in self._number and d.action != SKIP]
            last = own[-1] if own else None
        if last is None:
            return None
        self._store.decisions.undo(last, self._who)
        self._read_decisions()
        found = next((q for q in self.questions if self._key(q) == (last.row, last.finding)), None)
        if found is not None:
            self._skipped.discard(found.id)
        return found

    def safe(self) -> list[tuple[Question, Edit]]:
        """Open questions whose suggested fix cannot hurt, with that fix; of one row all of them, in order."""
        found, now = [], dict[int, Example | None]()
        for question in self.pending():
            row, fix = question.row, question.fix
            present = now.get(row, self.now(row))
            if fix is None or not fix.safe or present is None:
                continue
            edit = question.suggestion(self.examples[row], present)
            if edit is not None:
                found.append((question, edit))
                now[row] = apply_edits(present, [edit])
        return found

    # What comes of it

    def agreement(self) -> list[Agreement]:
        """For each finding decided about: how many of its rows were changed, with a 95 % interval."""
        asked: Counter[str] = Counter()
        changed: Counter[str] = Counter()
        titles = {q.finding.kind: q.finding.title for q in self.questions}
        for decision in self._standing:
            if decision.row in self._number and decision.finding in titles and decision.action != SKIP:
                asked[decision.finding] += 1
                changed[decision.finding] += decision.action != "keep"
        found = []
        for kind, count in asked.most_common():
            low, high = wilson_interval(changed[kind], count)
            found.append(Agreement(titles[kind], count, changed[kind], (float(low), float(high))))
        return found

    def cost(self) -> LabellingCost:
        """Median seconds per decision in this project."""
        return self._store.decisions.cost()

    def changed_rows(self) -> list[tuple[int, Example | None]]:
        """Rows that are other ones now, or left out, in the order of the file."""
        return [(row, now) for row in sorted(self._by_row) if (now := self.now(row)) != self.examples[row]]

    def write(self, output: Path | None = None) -> Reviewed | None:
        """Write the reviewed rows to a new file, and the version down; None where nothing was changed.

        The same decisions again make no second file, unless one is named.

        Raises:
            InputError: the output exists, or a change has no place in the file.
        """
        changed = self.changed_rows()
        if not changed:
            return None
        after: list[Example | None] = list(self.examples)
        edits = []
        for row, now in changed:
            after[row] = now
            decisions = [d for d in self._by_row[row] if d.action != "keep"]
            actions = "+".join(dict.fromkeys(d.action for d in decisions))
            edits.append(VersionEdit(self.examples[row], now, actions, decisions[-1].number))
        shelf = self._store.versions
        base = shelf.record(self.examples, str(self._source), about={"shape": self._result.shape, "kind": self.kind})
        kept = [example for example in after if example is not None]
        known = next((v for v in shelf.all() if v.parent == base.hash and v.rows_hash == shelf.rows_hash(kept)), None)
        left_out = len(after) - len(kept)
        if known is not None and output is None and Path(known.source).exists():
            return Reviewed(known, Path(known.source), len(kept), len(changed) - left_out, left_out, new=False)
        path = output or new_path(self._source, REVIEWED, self._result.container)
        changes = Changed(self._result, after, erased=self._erased)
        written: Written = write_back(self._source, path, changes, self.kind)
        who: list[JsonValue] = [*sorted({d.who for row, _ in changed for d in self._by_row[row]})]
        about: dict[str, JsonValue] = {"from": str(self._source), "reviewed_by": who, "kind": self.kind}
        version = shelf.record(kept, str(path), parent=base, edits=edits, about=about)
        return Reviewed(version, path, len(kept), len(changed) - left_out, left_out, new=True, notes=written.notes)

    def diff(self, changes: Sequence[tuple[Question, Edit]]) -> list[str]:
        """What edits would change, as lines of a unified diff with the row's place above."""
        lines: list[str] = []
        edits: defaultdict[int, list[Edit]] = defaultdict(list)
        for question, edit in changes:
            edits[question.row].append(edit)
        for row in sorted(edits):
            before = self.now(row)
            assert before is not None
            lines += [f"@@ {before.source} @@", *diff_lines(before, apply_edits(before, edits[row]))]
        return lines

    def _read_decisions(self) -> None:
        self._standing = self._store.decisions.standing()
        self._by_row: defaultdict[int, list[Decision]] = defaultdict(list)
        self._decided: set[tuple[str, str]] = set()
        for decision in self._standing:
            row = self._number.get(decision.row)
            if row is None or decision.action == SKIP or decision.finding == LABEL_FINDING:
                continue
            self._by_row[row].append(decision)
            self._decided.add((decision.row, decision.finding))

    def _key(self, question: Question) -> tuple[str, str]:
        return self._names[question.row], question.finding.kind

    def _is_open(self, question: Question) -> bool:
        if question.id in self._skipped or self._key(question) in self._decided:
            return False
        return question.row not in self._by_row or self.now(question.row) is not None

    def _check(self, edit: Edit, row: int) -> None:
        now = self.now(row)
        try:
            after = None if now is None else apply_edits(now, [edit])
        except KeyError as error:
            known = ", ".join(name for name, _ in texts(self.examples[row]))
            hint = f"Its fields: {known}."
            raise InputError("review.edit", f"The row has no field {error.args[0]!r}.", hint=hint) from None
        if edit.action == "relabel" and after is not None and not after.target.strip():
            raise InputError("review.edit", "A label cannot be empty.", hint="Leave the row out instead.")


def edit_of(decision: Decision) -> Edit:
    """The edit that a decision stands for."""
    return Edit(cast(Decided, decision.action), decision.changes, decision.weight)


def _no_such_check(only: Sequence[str], findings: Sequence[Finding]) -> InputError:
    known = sorted({check_of(finding.kind) for finding in findings})
    return InputError(
        "review.check",
        f"There is no check or finding {', '.join(map(repr, only))} here.",
        hint=f"Checks that found something: {', '.join(known)}." if known else "No check found anything here.",
    )
