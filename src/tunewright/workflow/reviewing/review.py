"""Reviewing: a person decides about findings row by row, and a new dataset version with a new file results.

Every decision is written down at once; nothing is changed in place. The dialogue itself (keys, screens) is the
command's; here is what it asks for: the next row, a decision, undoing, writing. The same serves ``--apply-safe``
and answers that come back from elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tunewright.audit.edits import DROP, KEEP, Edit, apply_edit, apply_edits
from tunewright.audit.exchange import Answer, Task
from tunewright.audit.findings import Finding
from tunewright.audit.label_queue import QueueState
from tunewright.audit.masking import NotPlaced
from tunewright.audit.queue import Question, RowQuestions, build_queue, check_of, of_the_set, rows_of
from tunewright.data.read import ReadResult
from tunewright.errors import InputError
from tunewright.records.example import Example
from tunewright.store import NewDecision, Store
from tunewright.store.decisions import SKIP, LabellingCost
from tunewright.workflow.reviewing.decided_rows import (
    EDITED,
    LABEL_FINDING,
    DecidedRows,
    fitting,
    refuse_contradictions,
    refuse_unmasking,
    remembered,
    together,
)
from tunewright.workflow.reviewing.reviewed_file import (
    Agreement,
    Reviewed,
    agreement_of,
    diff_of,
    labels_left_of,
    write_reviewed,
)
from tunewright.workflow.reviewing.settled import settled_rows
from tunewright.workflow.reviewing.write_back import Kind

# Where a label is written in several ways, one answer can be the answer to all rows of that spelling.
SPELLING = "label_spelling"
# Texts come first, then masks on top of them, and rows that are left out at the end.
_ORDER = {"keep": 0, "relabel": 0, "edit": 0, "weigh": 0, "mask": 1, "drop": 2}


class Review:
    """One person going through the questions about one file.

    Args:
        result: the rows of the file as ``review_data`` gave them.
        findings: of an audit of exactly these rows.
        who: the name that decisions are written down under.
        only: names of checks or kinds of findings to ask about; empty means all that are more than a note.
        erased: lines of rows that were erased, which the new file must not have again.
        ran: names of the checks that ran, whether or not they found anything.
        notes: whether findings that are merely good to know are asked about as well.
        keep_unusable: whether rows that cannot be used stay in the new file.
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
        notes: bool = False,
        keep_unusable: bool = False,
    ) -> None:
        self.examples, self.result, self.kind, self.source = result.examples, result, kind, source
        self.labels = tuple(sorted({e.target for e in result.examples})) if kind == "classify" else ()
        self.erased, self.keep_unusable = erased, keep_unusable
        self.store, self._who = store, who
        self._names = store.versions.names(result.examples)
        strange = sorted({*only} - {*ran, *(f.kind for f in findings), *(check_of(f.kind) for f in findings)})
        if strange:
            raise _no_such_check(strange, findings)
        self._all = build_queue(findings, self._names, only=only)
        asked = tuple(q for q in self._all if notes or only or q.finding.severity != "note")
        self.questions = tuple(question for row in rows_of(asked) for question in row.questions)
        wanted = [f for f in findings if not only or f.kind in only or check_of(f.kind) in only]
        told = (f for f in wanted if of_the_set(f) or not f.items)
        self.about_the_set = tuple(f for f in told if notes or only or f.severity != "note")
        self._open_of_row, self._all_of_row = _by_row(self.questions), _by_row(self._all)
        self._skipped: set[str] = set()
        self._session: list[list[int]] = []
        self.decided = DecidedRows(store, self.examples, self._names)
        self._settled = settled_rows(store, self.examples)
        self._all += remembered(self.decided, {self._key(question) for question in self._all})

    # What is asked

    def pending(self) -> Iterator[Question]:
        """Questions that nobody decided yet, row by row, the gravest first; those of rows left out are settled."""
        return (question for question in self.questions if self._is_open(question))

    def rows(self) -> Iterator[RowQuestions]:
        """Rows with open questions, in their order."""
        for row, questions in self._open_of_row.items():
            found = tuple(question for question in questions if self._is_open(question))
            if found:
                yield RowQuestions(row, found)

    @property
    def columns(self) -> tuple[tuple[str, ...], str | None]:
        """The columns of input and target, where the file is a table that has some."""
        columns = self.result.columns
        return (columns.input, columns.target) if columns is not None else ((), None)

    @property
    def n_notes(self) -> int:
        """Open questions about what is merely good to know, which are not asked."""
        asked = {question.id for question in self.questions}
        return sum(question.id not in asked and self._is_open(question) for question in self._all)

    @property
    def n_settled(self) -> int:
        """Questions that an earlier review of the file that this one was made from has settled."""
        done = ((q, self._key(q) in self.decided.about) for q in self.questions)
        return sum(q.row in self._settled.get(q.finding.kind, ()) for q, here in done if not here)

    @property
    def n_pending(self) -> int:
        """How many questions are open."""
        return sum(1 for _ in self.pending())

    def now(self, row: int) -> Example | None:
        """A row as the decisions have made it so far; None where it was left out."""
        return self.decided.now(row)

    def suggestion(self, question: Question) -> Edit | None:
        """What is suggested for the row as it is now."""
        return question.suggestion(self.examples[question.row], self.now(question.row))

    def alike(self, question: Question) -> list[Question]:
        """Open questions about other rows whose label is spelled the same way and should become the same one."""
        if check_of(question.finding.kind) != SPELLING or question.fix is None:
            return []
        target, kind, fix = self.examples[question.row].target, question.finding.kind, question.fix
        same = (q for q in self.pending() if q.finding.kind == kind and q.fix == fix and q.row != question.row)
        return [q for q in same if self.examples[q.row].target == target]

    def tasks(self) -> list[Task]:
        """Open questions for an export, with the rows as they are now."""
        found = []
        for question in self.pending():
            example = self.now(question.row)
            if example is not None:
                found.append(Task(question, example, self.suggestion(question)))
        return found

    def all_tasks(self) -> list[Task]:
        """Every question, settled ones included; of those the rows as the file has them."""
        found = []
        for question in self._all:
            example, now = self.examples[question.row], self.now(question.row)
            shown = now if now is not None and self._is_open(question) else example
            found.append(Task(question, shown, question.suggestion(example, shown), example if shown is now else now))
        return found

    def take(self, answers: Sequence[Answer]) -> int:
        """Take answers that were given elsewhere, all or none; those known already change nothing. Returns how many.

        Raises:
            InputError: ``review.conflict`` when a question was decided otherwise here meanwhile, or when two answers
                write different texts into one field of a row.
        """
        known = [(answer, self.decided.about.get(self._key(answer.question))) for answer in answers]
        new = [answer for answer, decision in known if decision is None]
        refuse_contradictions([(a, d, self.examples[a.question.row]) for a, d in known if d is not None])
        self.decide_all(new)
        return len(new)

    # What is decided

    def decide(self, question: Question, edit: Edit, *, note: str = "", seconds: float | None = None) -> None:
        """Write a decision down.

        Raises:
            InputError: ``review.edit`` when the edit does not fit the row, ``review.conflict`` when it does not any
                more.
        """
        self.decide_all([Answer(question, edit, note, seconds)])

    def decide_all(self, answers: Sequence[Answer], *, finding: str | None = None) -> None:
        """Write several decisions down, all or none. Masks of a row are united, whichever finding asked for them.

        Args:
            finding: the name to write them down under instead of the finding that asked.
        """
        shown = {answer.question.row: self.now(answer.question.row) for answer in answers}
        self.decided.read()
        new, rows = [], dict[int, Example | None]()
        masking = self._masking(answers)
        for answer in sorted(answers, key=lambda one: _ORDER[one.edit.action]):
            row = answer.question.row
            now = rows[row] if row in rows else self.now(row)
            edit = fitting(answer.edit, answer.question, self.examples[row], answer.seen or shown[row], now)
            refuse_unmasking(edit, masking.get(row, ()), self.examples[row], now)
            rows[row] = None if now is None else apply_edit(now, edit)
            about = finding or answer.question.finding.kind
            new.append(
                NewDecision(
                    self.examples[row],
                    self._names[row],
                    about,
                    edit.action,
                    edit.changes,
                    edit.weight,
                    answer.note,
                    seconds=answer.seconds,
                )
            )
        if new:
            self._session.append(self.store.decisions.add(self._who, new))
        self.decided.read()

    def keep(self, asked: RowQuestions, *, note: str = "", seconds: float | None = None) -> None:
        """The row is right as it is. What should be masked in it is a question of its own, and asked next."""
        self._decide_together([q for q in asked.questions if not q.masks] or asked.questions, KEEP, note, seconds)

    def change(self, asked: RowQuestions, edit: Edit, *, note: str = "", seconds: float | None = None) -> None:
        """A person's own label or text. What should still be masked afterwards stays open."""
        questions = [q for q in asked.questions if not q.masks]
        if questions:
            self._decide_together(questions, edit, note, seconds)
        else:
            self.decide_all([Answer(asked.questions[0], edit, note, seconds)], finding=EDITED)

    def drop(self, asked: RowQuestions, *, note: str = "", seconds: float | None = None) -> None:
        """Leave the row out, which settles all that was asked about it."""
        suggesting = [q for q in asked.questions if q.fix is not None and q.fix.action == "drop"]
        self.decide((suggesting or asked.questions)[0], DROP, note=note, seconds=seconds)

    def accept(
        self, asked: RowQuestions, chosen: Sequence[Question], *, note: str = "", seconds: float | None = None
    ) -> int:
        """Do what the chosen questions suggest, together; returns how many were settled.

        A suggested leaving out wins. Where nothing is suggested the row was seen, and stays. A second text for the same
        field is not taken, and its question stays open.
        """
        suggested = [(question, self.suggestion(question)) for question in chosen]
        if any(edit == DROP for _, edit in suggested):
            self.drop(asked, note=note, seconds=seconds)
            return len(asked.questions)
        if not any(edit for _, edit in suggested):
            return 0
        answers, written = list[Answer](), dict[str, str]()
        for question, edit in suggested:
            texts = dict(edit.changes) if edit is not None and not question.masks else {}
            if (edit is None and question.masks) or any(written.setdefault(f, t) != t for f, t in texts.items()):
                continue
            answers.append(Answer(question, edit or KEEP, note, seconds if not answers else None))
        self.decide_all(answers)
        return len(answers)

    def decide_alike(
        self, questions: Sequence[Question], *, keep: bool, note: str = "", seconds: float | None = None
    ) -> int:
        """The same answer to questions that are alike: keep all, or do what is suggested; returns for how many rows."""
        edits = [(question, KEEP if keep else self.suggestion(question)) for question in questions]
        answers = [Answer(question, edit, note) for question, edit in edits if edit is not None]
        if answers:
            self.decide_all([replace(answers[0], seconds=seconds), *answers[1:]])
        return len(answers)

    def skip(self, asked: RowQuestions, *, seconds: float | None = None) -> None:
        """Put a row off until the next time."""
        row = asked.row
        self._skipped |= {question.id for question in asked.questions}
        kinds = [question.finding.kind for question in asked.questions]
        new = [NewDecision(self.examples[row], self._names[row], kind, SKIP, seconds=seconds) for kind in kinds]
        self._session.append(self.store.decisions.add(self._who, new))
        self.decided.read()

    def undo(self) -> int | None:
        """Take the latest answer back, of this session or else of this person about this file; returns the row, or None
        where there is none."""
        standing = {d.number: d for d in self.decided.standing}
        if self._session:
            last = [standing[number] for number in self._session.pop() if number in standing]
        else:
            own = [d for d in self.decided.standing if d.who == self._who and d.row in self.decided.number]
            last = together([d for d in own if d.action != SKIP and d.finding != LABEL_FINDING])
        if not last:
            return None
        for decision in reversed(last):
            self.store.decisions.undo(decision, self._who)
        self.decided.read()
        self._settled = settled_rows(self.store, self.examples)
        rows = {self.decided.number[decision.row] for decision in last if decision.row in self.decided.number}
        self._skipped -= {q.id for q in self.questions if q.row in rows}
        return min(rows, default=None)

    def safe(self) -> list[tuple[Question, Edit]]:
        """Open questions whose suggested fix cannot hurt, with that fix, notes included; of one row all, in order."""
        found, now = [], dict[int, Example | None]()
        for question in self._all:
            row, fix = question.row, question.fix
            if fix is None or not fix.safe or not self._is_open(question):
                continue
            present = now.get(row, self.now(row))
            if present is None:
                continue
            edit = question.suggestion(self.examples[row], present)
            if edit is not None:
                found.append((question, edit))
                now[row] = apply_edits(present, [edit])
        return found

    # What comes of it

    def diff(self, changes: Sequence[tuple[Question, Edit]]) -> list[str]:
        """What edits would change, as lines of a unified diff with the row's place above."""
        return diff_of(self, changes)

    def agreement(self) -> list[Agreement]:
        """For each finding decided about: how many of its rows were changed, with a 95 % interval."""
        return agreement_of(self._all, self.decided)

    def labels_left(self) -> QueueState | None:
        """What the answers about labels say of those not looked at yet; None before the first answer."""
        return labels_left_of({self._key(question): question for question in self._all}, self.decided)

    def cost(self) -> LabellingCost:
        """Median seconds per decision in this project."""
        return self.store.decisions.cost()

    def changed_rows(self) -> list[tuple[int, Example | None]]:
        """Rows that are other ones now, or left out, in the order of the file."""
        return self.decided.changed()

    def write(self, output: Path | None = None) -> Reviewed | None:
        """Write the reviewed rows to a new file, and the version down; None where nothing was changed.

        The same decisions again make no second file, unless one is named.

        Raises:
            InputError: the output exists, or a change has no place in the file.
        """
        return write_reviewed(self, output, finished=not self.n_pending)

    def _decide_together(self, questions: Sequence[Question], edit: Edit, note: str, seconds: float | None) -> None:
        # The time that a row took is counted once.
        self.decide_all([Answer(q, edit, note, None if place else seconds) for place, q in enumerate(questions)])

    def _masking(self, answers: Sequence[Answer]) -> dict[int, list[Question]]:
        """By row, the questions whose masks were decided for, or are about to be."""
        kinds: defaultdict[int, set[str]] = defaultdict(set)
        for answer in answers:
            if answer.edit.action == "mask":
                kinds[answer.question.row].add(answer.question.finding.kind)
        for row in {answer.question.row for answer in answers}:
            kinds[row] |= {d.finding for d in self.decided.by_row.get(row, ()) if d.action == "mask"}
        return {row: [q for q in self._all_of_row[row] if q.finding.kind in found] for row, found in kinds.items()}

    def _key(self, question: Question) -> tuple[str, str]:
        return self._names[question.row], question.finding.kind

    def _is_open(self, question: Question) -> bool:
        if question.id in self._skipped or self._key(question) in self.decided.about:
            return False
        if question.row in self._settled.get(question.finding.kind, ()):
            return False
        if question.row not in self.decided.by_row:
            return True
        if (now := self.now(question.row)) is None or not question.masks:
            return now is not None
        try:
            return question.mask(self.examples[question.row], now) is not None
        except NotPlaced:
            return True


def _by_row(questions: Sequence[Question]) -> defaultdict[int, list[Question]]:
    by_row: defaultdict[int, list[Question]] = defaultdict(list)
    for question in questions:
        by_row[question.row].append(question)
    return by_row


def _no_such_check(only: Sequence[str], findings: Sequence[Finding]) -> InputError:
    known = sorted({check_of(finding.kind) for finding in findings})
    return InputError(
        "review.check",
        f"There is no check or finding {', '.join(map(repr, only))} here.",
        hint=f"Checks that found something: {', '.join(known)}." if known else "No check found anything here.",
    )
