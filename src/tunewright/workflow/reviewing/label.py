"""Labelling a person's own unlabelled inputs: which row comes next, what was answered, and the table that results.

Every answer is written down at once; the table can be written again at any time. A proposed answer may be shown or
hidden; where it was hidden, how often the person agrees with it is a fair figure. The dialogue is the command's.
"""

from __future__ import annotations

import csv
import hashlib
import random
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from tunewright.data.own_tables import unguard
from tunewright.data.read import ColumnMap, ReadResult, read_table
from tunewright.errors import InputError
from tunewright.records.example import Example
from tunewright.store import DatasetVersion, Decision, NewDecision, Store, VersionEdit
from tunewright.store.decisions import SKIP, LabellingCost
from tunewright.workflow.predict import predict
from tunewright.workflow.reviewing.decided_rows import LABEL_FINDING
from tunewright.workflow.reviewing.label_order import CHOSEN, FairSample, NextOrder
from tunewright.workflow.reviewing.review_data import without_erased
from tunewright.workflow.reviewing.write_back import Changed, new_path, write_back
from tunewright.workflow.study import Hooks

Order = Literal["random", "next", "uncertain", "file"]
LABELLED = "labelled"
LABEL = "label"
CASES = ("normal", "messy", "edge", "ask-back", "refuse")
# An hour's work at half a minute a case. None of 20 wrong bounds the errors of a kind at 14 % (0.05 ** (1 / 20)).
WANTED: dict[str, int] = {"normal": 60, "messy": 20, "edge": 20, "ask-back": 10, "refuse": 10}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a system would answer, and how sure it is (0 to 1) where it says so."""

    answer: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Labelled:
    """The table that labelling made: its version, its path, rows, and rows by kind of case.

    ``input`` and ``target`` are its columns, which ``run`` wants to know.
    """

    version: DatasetVersion
    path: Path
    rows: int
    cases: Mapping[str, int]
    input: tuple[str, ...]
    target: str


def read_inputs(
    store: Store, path: Path, columns: Sequence[str], row_id: str | None
) -> tuple[ReadResult, frozenset[int]]:
    """The rows of a table of inputs, without those that were erased, and the lines of these.

    Raises:
        InputError: it cannot be read, or the column with the text is not known.
    """
    if not columns:
        raise InputError("label.columns", "The column with the text is not named.", hint="Add --input COLUMN.")
    map_ = ColumnMap(tuple(columns), id=row_id)
    return without_erased(store, read_table(path, columns=map_, kind="generate", require_target=False))


def proposals_of(system: str, table: Path, result: ReadResult, root: Path, hooks: Hooks) -> dict[int, Proposal]:
    """What a system of a project answers to each row, by its number in ``result``.

    Raises:
        InputError: no run is finished there, or the project has no such system.
    """
    with tempfile.TemporaryDirectory() as folder:
        answers = Path(folder) / "answers.csv"
        predict(system, table, answers, root, hooks)
        with answers.open(encoding="utf-8-sig", newline="") as stream:
            rows = {int(row["line"]): row for row in csv.DictReader(stream) if row["status"] == "ok"}
    found = {}
    for number, example in enumerate(result.examples):
        row = rows.get(example.source.line)
        if row is not None:
            confidence = row.get("confidence")
            found[number] = Proposal(unguard(row["answer"]), float(confidence) if confidence else None)
    return found


class Labelling:
    """One person giving answers to the rows of a table.

    Args:
        labels: the answers that there are; empty where answers are free texts.
        order: ``next`` asks in the order of ``chooser``, ``uncertain`` first where the proposal is least sure;
            ``random`` is a fair sample.
        proposals: what a system would say, by row.
        hidden: whether the person does not see it.
    """

    def __init__(
        self,
        store: Store,
        source: Path,
        result: ReadResult,
        who: str,
        *,
        labels: Sequence[str] = (),
        order: Order = "random",
        seed: int = 0,
        proposals: Mapping[int, Proposal] | None = None,
        hidden: bool = False,
        erased: frozenset[int] = frozenset(),
        chooser: NextOrder | None = None,
    ) -> None:
        if (order == "next") != (chooser is not None):
            raise ValueError("the order 'next' goes with a chooser, and with no other")
        if order == "uncertain" and not proposals:
            raise InputError(
                "label.order",
                "Without proposals nothing tells which row is uncertain.",
                hint="Name a system with --propose, or use --order random.",
            )
        self.examples, self.proposals, self.hidden = result.examples, dict(proposals or {}), hidden
        self._given_labels, self._chooser = tuple(dict.fromkeys(labels)), chooser
        self._store, self._source, self._result, self._who, self._erased = store, source, result, who, erased
        self._names = store.versions.names(result.examples)
        self._order = _ordered(len(result.examples), order, seed, self.proposals)
        self._skipped: set[int] = set()
        self._read_decisions()

    @property
    def labels(self) -> tuple[str, ...]:
        """The answers that there are; none where answers are free texts."""
        return tuple(dict.fromkeys([*self._given_labels, *self._used])) if self._given_labels else ()

    @property
    def n_labelled(self) -> int:
        """How many rows have an answer."""
        return len(self.answers)

    @property
    def n_chosen(self) -> int:
        """How many of them were asked about because they are doubtful, now or before: they make no fair test."""
        return sum(dict(decision.extra).get("asked") == CHOSEN for decision in self.answers.values())

    def next(self) -> int | None:
        """The row to ask about, or None where all are answered."""
        if self._chooser is not None:
            answers = {row: dict(decision.changes)["target"] for row, decision in self.answers.items()}
            return self._chooser.next(answers, self._skipped)
        return next((r for r in self._order if r not in self.answers and r not in self._skipped), None)

    def shown_proposal(self, row: int) -> Proposal | None:
        """The proposal that the person may see."""
        return None if self.hidden else self.proposals.get(row)

    def answer(self, row: int, target: str, case: str, *, note: str = "", seconds: float | None = None) -> None:
        """Write an answer down.

        Raises:
            InputError: ``label.answer`` when it is empty or the kind of case is unknown.
        """
        if not target.strip() or case not in CASES:
            raise InputError("label.answer", "An answer and the kind of case are needed.", where=f"{target!r}, {case}")
        extra = [("case", case), *(self._chooser.asked(row).facts() if self._chooser is not None else ())]
        if row in self.proposals:
            extra += [("proposed", self.proposals[row].answer), ("hidden", "yes" if self.hidden else "no")]
        self._write_down(row, LABEL, (("target", target),), tuple(extra), note, seconds)
        if self._given_labels and target not in self.labels:
            self._used.append(target)

    def skip(self, row: int, *, seconds: float | None = None) -> None:
        """Put a row off to the next time."""
        self._skipped.add(row)
        self._write_down(row, SKIP, (), (), "", seconds)

    def undo(self) -> int | None:
        """Take this person's latest answer back; returns the row, or None where there is none."""
        rows = {name: row for row, name in enumerate(self._names)}
        own = [d for d in self._standing if d.who == self._who and d.row in rows]
        if not own:
            return None
        self._store.decisions.undo(own[-1], self._who)
        self._read_decisions()
        row = rows[own[-1].row]
        if self._chooser is not None:
            self._chooser.remember(own[-1], row)
        self._skipped.discard(row)
        return row

    def cases(self) -> dict[str, int]:
        """How many rows of each kind of case have an answer."""
        found = Counter(dict(d.extra).get("case", "normal") for d in self.answers.values())
        return {case: found[case] for case in CASES}

    def missing(self) -> dict[str, int]:
        """How many rows of each kind are wanted still for a set that shows every kind."""
        there = self.cases()
        return {case: wanted - there[case] for case, wanted in WANTED.items() if there[case] < wanted}

    def agreement(self) -> tuple[int, int]:
        """(answers that equal a proposal that was hidden, answers to rows with one)."""
        blind = [d for d in self.answers.values() if dict(d.extra).get("hidden") == "yes"]
        return sum(dict(d.changes)["target"] == dict(d.extra)["proposed"] for d in blind), len(blind)

    def fair_sample(self) -> FairSample | None:
        """What the rows that came by chance say of all; None where no rows are chosen."""
        return self._chooser.fair_sample(self.answers) if self._chooser is not None else None

    def cost(self) -> LabellingCost:
        """Median seconds per answer in this project."""
        return self._store.decisions.cost(LABEL_FINDING)

    def write(self, output: Path | None = None) -> Labelled | None:
        """Write the answered rows as a table with the columns ``target`` and ``case``; None where there is none.

        A table that labelling wrote and nobody touched since is brought up to date; no other file is written over.

        Raises:
            InputError: ``write.exists`` when the output is another file.
        """
        if not self.answers:
            return None
        columns = self._result.column_names
        target, case = _free("target", columns), _free("case", columns)
        texts = {row: dict(d.changes)["target"] for row, d in self.answers.items()}
        kinds = {row: dict(d.extra).get("case", "normal") for row, d in self.answers.items()}
        after = [e.with_target(texts[row]) if row in texts else None for row, e in enumerate(self.examples)]
        map_ = self._result.columns
        assert map_ is not None
        result = replace(self._result, columns=replace(map_, target=target))
        changed = Changed(result, after, {target: texts, case: kinds}, keep_others=False, erased=self._erased)
        path, replaced = self._place(output)
        fresh = new_path(self._source, f"{LABELLED}-new", self._result.container, path.parent) if replaced else path
        write_back(self._source, fresh, changed, "generate")
        if replaced:
            fresh.replace(path)
        return Labelled(self._record(after, path), path, len(texts), self.cases(), map_.input, target)

    def _place(self, output: Path | None) -> tuple[Path, bool]:
        """Where the table goes, and whether it takes the place of an earlier one of its own."""
        own = {(version.source, version.about.get("sha256")) for version in self._store.versions.all()}
        if output is None:
            mine = [Path(v.source) for v in self._store.versions.all() if v.about.get("labels") == str(self._source)]
            output = next((p for p in reversed(mine) if p.exists() and (str(p), _sha256(p)) in own), None)
        if output is not None and output.exists() and (str(output), _sha256(output)) in own:
            return output, True
        return output or new_path(self._source, LABELLED, self._result.container), False

    def _record(self, after: Sequence[Example | None], path: Path) -> DatasetVersion:
        shelf = self._store.versions
        kept = [(row, example) for row, example in enumerate(after) if example is not None]
        base = shelf.record([self.examples[row] for row, _ in kept], str(self._source))
        edits = [VersionEdit(self.examples[row], e, LABEL, self.answers[row].number) for row, e in kept]
        who: list[JsonValue] = [*sorted({self.answers[row].who for row, _ in kept})]
        cases: dict[str, JsonValue] = {name: count for name, count in self.cases().items()}
        about: dict[str, JsonValue] = {
            "labels": str(self._source),
            "labelled_by": who,
            "cases": cases,
            "sha256": _sha256(path),
        }
        return shelf.record([e for _, e in kept], str(path), parent=base, edits=edits, about=about)

    def _write_down(
        self,
        row: int,
        action: str,
        changes: tuple[tuple[str, str], ...],
        extra: tuple[tuple[str, str], ...],
        note: str,
        seconds: float | None,
    ) -> None:
        new = NewDecision(
            self.examples[row], self._names[row], LABEL_FINDING, action, changes, None, note, extra, seconds
        )
        self._store.decisions.add(self._who, [new])
        self._read_decisions()

    def _read_decisions(self) -> None:
        number = {name: row for row, name in enumerate(self._names)}
        self._standing = [d for d in self._store.decisions.standing() if d.finding == LABEL_FINDING]
        self.answers: dict[int, Decision] = {}
        for decision in self._standing:
            row = number.get(decision.row)
            if row is not None and decision.action == LABEL and not decision.erased:
                self.answers[row] = decision
        self._used = list(dict.fromkeys(dict(d.changes)["target"] for d in self.answers.values()))


def _ordered(n: int, order: Order, seed: int, proposals: Mapping[int, Proposal]) -> list[int]:
    rows = list(range(n))
    if order in ("file", "next"):
        return rows
    random.Random(seed).shuffle(rows)
    if order == "uncertain":

        def sureness(row: int) -> float:
            proposal = proposals.get(row)
            # No answer at all is as uncertain as can be.
            return 0.0 if proposal is None else 1.0 if proposal.confidence is None else proposal.confidence

        rows.sort(key=sureness)
    return rows


def _free(name: str, columns: Sequence[str]) -> str:
    """A column name that the table does not have."""
    taken, number, free = set(columns), 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
