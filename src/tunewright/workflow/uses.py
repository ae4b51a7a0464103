"""Uses of the cases that decide: writing one down, and what is known of earlier ones, in part or in whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from tunewright.decision.money import Margin
from tunewright.records.example import Message
from tunewright.records.verdict import OverlappingUse
from tunewright.records.verdict import TestUse as CaseUse
from tunewright.store import RecordedUse, Store
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.study import Study


@dataclass(frozen=True, slots=True)
class KnownUses:
    """Uses of this very test set, and those of others that share cases with it; ``rows`` of this one stand in any."""

    same: tuple[CaseUse, ...] = ()
    overlapping: tuple[OverlappingUse, ...] = ()
    rows: int = 0

    @property
    def looks(self) -> int:
        """How often any of these cases were looked at."""
        return len(self.same) + len(self.overlapping)


def record_use(
    study: Study, outcomes: Sequence[Outcome], margin: Margin, store: Store, run: str, created: str
) -> KnownUses:
    """Write the use of these cases down; computing the same again is not another use."""
    use = RecordedUse(study.test_hash, _predictions_hash(outcomes), _margins_hash(study, margin), run, created)
    store.record_use(use, _inputs(study))
    return known_uses(study, store)


def known_uses(study: Study, store: Store) -> KnownUses:
    """All recorded uses, also from other folders of this user."""
    overlap = store.overlap(study.test_hash, _inputs(study))
    return KnownUses(
        same=tuple(
            CaseUse(when=use.when, run=use.run, predictions=use.predictions_hash) for use in store.uses(study.test_hash)
        ),
        overlapping=tuple(
            OverlappingUse(
                when=other.use.when,
                run=other.use.run,
                predictions=other.use.predictions_hash,
                shared_rows=other.shared_rows,
            )
            for other in overlap.uses
        ),
        rows=overlap.rows,
    )


def _inputs(study: Study) -> list[tuple[Message, ...]]:
    """The cases by content; none where answers came without texts, since ids say nothing from one table to the next."""
    cases = [study.examples[row] for row in study.scored]
    return [case.messages for case in cases] if all(case.text.strip() for case in cases) else []


def _predictions_hash(outcomes: Sequence[Outcome]) -> str:
    """Hash of all answers of all available systems, whatever the order of the systems; one may come several times."""
    answers: dict[str, list[str | None]] = {}
    for outcome in outcomes:
        if outcome.available:
            answers.setdefault(outcome.name, []).extend(row.answer for row in outcome.rows)
    return hashlib.sha256(json.dumps(answers, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _margins_hash(study: Study, margin: Margin) -> str:
    """Hash of what was fixed before the test: margins, alpha is constant."""
    text = f"{margin.gain} {study.settings.min_saving} {study.settings.target}"
    return hashlib.sha256(text.encode()).hexdigest()
