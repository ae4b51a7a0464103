"""Earlier looks at the cases of two files: whether they were by the same candidate, and whether cases are gone since.

Every look is written into the ledger of uses once more, with keyed marks of each case's id and of each case's answers,
so that a later one can be told from it row by row. A candidate is the same where it stands by all that was answered
under its name in the ledger, and has at least the cases of one such look: files that grow. Anything else is another
one. Called by ``answers_verdict.concluded``; ``looking_again`` makes the price of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tunewright.store import RecordedUse, Store
from tunewright.store.test_uses import Inputs
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.study import Study
from tunewright.workflow.use_keys import SCORE_DIGITS, WINDOW, CaseKeys, keys_of_cases
from tunewright.workflow.uses import SHARED

PREFIX: Final = "look"


@dataclass(frozen=True, slots=True)
class EarlierLooks:
    """What the ledger knew before this look.

    Attributes:
        place: which candidate on these cases this is, in the order in which they were first looked at, from 1.
        missing: cases of an earlier look that the files no longer have; of several looks the most.
        known: whether any earlier look at these cases is known row by row.
    """

    place: int = 1
    missing: int = 0
    known: bool = False


@dataclass(frozen=True, slots=True)
class _Earlier:
    """An earlier look; of its ``rows``, so many are here by id (``cases``), and so many of these answered the same."""

    use: RecordedUse
    rows: int
    cases: int
    answers: int

    @property
    def candidate(self) -> str:
        return self.use.predictions_hash


def record_look(
    study: Study, outcomes: Sequence[Outcome], further: Sequence[Outcome], store: Store, run: str, created: str
) -> EarlierLooks:
    """Write this look down and say what was known before it; the very same look again is told what it was told first.

    The entry in the ledger: the look itself with its number of cases in place of the test, the candidate's first look
    in place of the predictions, and the test that it was a look at in place of the margins.
    """
    ids, answers = _marks([*outcomes[:1], *sorted([*outcomes[1:], *further], key=lambda outcome: outcome.name)])
    name = f"{PREFIX}:{len(ids)}:{hashlib.sha256(_text([study.test_hash, answers]).encode()).hexdigest()}"
    earlier = _earlier(study, store, keys_of_cases(study, outcomes), name, ids, answers)
    own = next(iter(store.uses(name)), None)
    if own is None:
        own = RecordedUse(name, _candidate(earlier) or name, study.test_hash, run, created)
        store.record_use(own, [*ids, *answers])
    else:
        earlier = [other for other in earlier if other.use.moment < own.moment]
    return EarlierLooks(
        place=_place(own.predictions_hash, earlier),
        missing=max((other.rows - other.cases for other in earlier), default=0),
        known=bool(earlier),
    )


def _marks(outcomes: Sequence[Outcome]) -> tuple[list[str], list[str]]:
    """A mark for each case's id, and one for its answers and scores by all systems."""
    ids, answers = [], []
    for rows in zip(*(outcome.rows for outcome in outcomes), strict=True):
        given = [[row.answer, None if row.score is None else round(row.score, SCORE_DIGITS)] for row in rows]
        ids.append(_text([PREFIX, "case", rows[0].row_key]))
        answers.append(_text([PREFIX, "answers", rows[0].row_key, given]))
    return ids, answers


def _earlier(study: Study, store: Store, cases: CaseKeys, name: str, ids: Inputs, answers: Inputs) -> list[_Earlier]:
    """Earlier looks at these cases, oldest first: those that share ids, and are no other table with ids alike."""
    related = _Related(
        study.test_hash,
        cases,
        _shared(store, study.test_hash, cases.texts),
        _shared(store, study.test_hash, cases.rows),
        _shared(store, study.test_hash, cases.windows),
    )
    same = _shared(store, name, answers)
    found = [
        _Earlier(other.use, int(other.use.test_hash.split(":")[1]), other.shared_rows, same.get(other.use.test_hash, 0))
        for other in store.overlap(name, ids).uses
    ]
    return [other for other in found if related.is_look(other)]


def _shared(store: Store, test_hash: str, keys: Inputs) -> dict[str, int]:
    """How many of the keys each other test knows."""
    return {other.use.test_hash: other.shared_rows for other in store.overlap(test_hash, keys).uses} if keys else {}


@dataclass(frozen=True, slots=True)
class _Related:
    """What other tests share with this one; as ``uses`` has it, but by the smaller of both, for these files grow."""

    test_hash: str
    cases: CaseKeys
    texts: Mapping[str, int]
    rows: Mapping[str, int]
    windows: Mapping[str, int]

    def is_look(self, other: _Earlier) -> bool:
        """Whether the earlier look was at these cases; ids alone agree by chance where they are numbers."""
        test, keys = other.use.margins_hash, self.cases
        least = (1 + keys.chance) / 2 * other.cases
        return (
            test == self.test_hash
            or (test in self.texts and self.texts[test] >= SHARED * min(len(keys.texts), other.rows))
            or (
                other.cases >= SHARED * min(len(keys.rows), other.rows)
                and test in self.rows
                and self.rows[test] >= least
            )
            or (
                test in self.windows
                and self.windows[test] >= SHARED * min(len(keys.windows), max(other.rows - WINDOW, 0) + 1)
            )
        )


def _candidate(earlier: Sequence[_Earlier]) -> str | None:
    """The candidate whose files have grown into these; None where it is none of the earlier ones."""
    others = {other.candidate for other in earlier if other.answers < other.cases}
    grown = (o.candidate for o in earlier if o.rows == o.cases == o.answers and o.candidate not in others)
    return next(grown, None)


def _place(candidate: str, earlier: Sequence[_Earlier]) -> int:
    """Candidates in the order of their first looks; one that is new comes last."""
    known = list(dict.fromkeys(other.candidate for other in earlier))
    return 1 + (known.index(candidate) if candidate in known else len(known))


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)
