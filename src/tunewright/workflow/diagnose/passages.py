"""The lever "give it the right passage": a system that looks things up is handed the passage that a column names.

The same fitted system, the same question; only what the search brings is changed (``systems._retrieval.known_first``).
Beside it the search itself is measured, by the share of questions whose passage is among those found.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tunewright.records.example import Inputs
from tunewright.records.system import FittedSystem, System
from tunewright.store.cache_keys import cache_key
from tunewright.systems._changeable import LooksUp, Searching
from tunewright.systems._retrieval.known_first import named_in, named_passages
from tunewright.systems._retrieval.sources import is_known
from tunewright.workflow.diagnose.bench import Bench, Found, scores_of
from tunewright.workflow.diagnose.effects import Flags

ID, TITLE = "right_passage", "the right passage"
VERSION = "1"


@dataclass(frozen=True, slots=True)
class Search:
    """How well one system's search finds what a column names, over the cases that have a passage to be found.

    ``known`` ``[n]``: a passage is named and the reader may see it; ``hit`` ``[n]``: it is among those that the fitted
    system looks at, ``shown`` of them (a range where fits differ).
    """

    system: str
    known: Flags
    hit: Flags
    shown: str


def right_passage(bench: Bench) -> list[Found]:
    """One finding for each system that looks things up and has a column of known passages."""
    able = [c for c in bench.contestants if known_column(c.system) and c.name in bench.able]
    if not able:
        looks_up = any(c.entry.kind == "retrieval" for c in bench.contestants)
        hint = (
            "no system that looks things up names a column with the right passage; add known: COLUMN to it, for 50 "
            "questions to begin with"
            if looks_up
            else "no system of the project looks anything up; where answers stand in documents, add "
            "{retrieval: {documents: ./folder, known: COLUMN}}"
        )
        return [Found(ID, TITLE, "the passage that holds the answer is put first", reason=hint)]
    return [_oracle(bench, name) for name in sorted((c.name for c in able), key=lambda name: name != bench.system)]


def known_column(system: System) -> str:
    """The column with the right passage that a system names; empty for none."""
    return system.known if isinstance(system, LooksUp) else ""


def _oracle(bench: Bench, name: str) -> Found:
    contestant, fits = bench.named(name), bench.answered[name].fits
    system = contestant.system
    assert isinstance(system, LooksUp)
    column, changed = system.known, replace(contestant, system=system.with_known_first())

    def make(number: int) -> FittedSystem:
        return bench.asker.fitter.open(changed, fits[number])

    keys = [cache_key("diagnose", {"lever": ID, "version": VERSION, "fit": fit.key, "column": column}) for fit in fits]
    what = f"{name} is handed the passage named in {column!r} before all others"
    answers = bench.asker.changed(f"{name} with the right passage", bench.parts, keys, make)
    if answers.reason is not None:
        return Found(ID, TITLE, what, reason=answers.reason)
    texts = tuple(row.answer for row in answers.rows)
    return Found(ID, TITLE, what, scores=scores_of(answers.rows), of=name, answers=texts)


def search_of(bench: Bench, name: str) -> Search | None:
    """How well the search of a system finds what its column names; None where it names none."""
    contestant = bench.named(name)
    column = known_column(contestant.system)
    if not column or name not in bench.able:
        return None
    known, hit, counts = list[bool](), list[bool](), set[int]()
    for part, fit in zip(bench.parts, bench.answered[name].fits, strict=True):
        fitted = bench.asker.fitter.open(contestant, fit)
        try:
            assert isinstance(fitted, Searching)
            counts.add(fitted.count)
            found = [_found(fitted, bench.study.examples[row].inputs, column) for row in part.scored]
        finally:
            fitted.close()
        known += [one is not None for one in found]
        hit += [bool(one) for one in found]
    shown = "-".join(str(count) for count in sorted({min(counts), max(counts)}))
    return Search(name, np.array(known, dtype=bool), np.array(hit, dtype=bool), shown)


def _found(fitted: Searching, inputs: Inputs, column: str) -> bool | None:
    """Whether all passages that a case names are among those found; None where its reader may see none of them."""
    wanted = named_passages(fitted.sources, inputs, column)
    if not wanted:
        return None
    seen = [one.passage for one in fitted.sources.find(inputs, fitted.count)]
    there = [name for name in named_in(inputs, column) if any(is_known(name, passage) for passage in wanted)]
    return all(any(is_known(name, passage) for passage in seen) for name in there)
