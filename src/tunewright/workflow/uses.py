"""Uses of the cases that decide: writing one down, what is known of earlier ones, in part or in whole, and their cost.

The first look may spend the whole 2.5 % at which a win may be chance. What later looks say, with other systems or
margins, is exploratory: a hint and no proof, unless it passes at ``alpha / (k (k + 1))`` for the k-th look
(``decision.levels.look_level``). Over any number of looks a false win is then at most 3.75 % likely: 2.5 % for the
first and 1.25 % for all others together. Only fresh cases give the whole 2.5 % back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tunewright.decision.levels import ALPHA, look_level
from tunewright.decision.money import Margin
from tunewright.records.example import Message
from tunewright.records.verdict import OverlappingUse
from tunewright.records.verdict import TestUse as CaseUse
from tunewright.store import RecordedUse, Store
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.study import Study

# From this share of common cases on, a use of another test counts as a look at this one.
SHARED = 0.1


@dataclass(frozen=True, slots=True)
class KnownUses:
    """Uses of this very test set, and those of others that share cases with it; ``rows`` of this one stand in any.

    ``look`` is the number of the use that was recorded last; the very same again keeps its number.
    """

    same: tuple[CaseUse, ...] = ()
    overlapping: tuple[OverlappingUse, ...] = ()
    rows: int = 0
    look: int = 1

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
    known = known_uses(study, store)
    return replace(known, look=_look(use, store.uses(study.test_hash), known, len(study.scored)))


def _look(use: RecordedUse, recorded: Sequence[RecordedUse], known: KnownUses, cases: int) -> int:
    """How many uses of these cases came up to this one: of the same test, or of one that shares a tenth with it."""
    own = (use.predictions_hash, use.margins_hash)
    place = next(i for i, other in enumerate(recorded) if (other.predictions_hash, other.margins_hash) == own)
    when = recorded[place].when
    return 1 + place + sum(o.when < when and o.shared_rows >= SHARED * cases for o in known.overlapping)


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


def opening_text(cases: int, uses: KnownUses) -> str:
    """What opening these cases now would cost, said before it is done."""
    look = uses.looks + 1
    if look == 1:
        return (
            f"Opening these {cases:,} cases for the first time spends the whole {_share(ALPHA)} at which a win may be "
            "chance; what other systems score on them later is exploratory. The very same again is no further look."
        )
    return (
        f"Opening these {cases:,} cases again, with other systems or margins, would be look {look}, and exploratory: a "
        f"win would count only with a p of at most {_share(look_level(look))}, for the first look spent the whole "
        f"{_share(ALPHA)}. Fresh cases give it back: tunewright refresh FOLDER NEW_FILE."
    )


def look_text(uses: KnownUses) -> str:
    """What the looks so far leave of the last one, said after it; empty after the first."""
    look = uses.look
    if look < 2:
        return ""
    return (
        f"This was look {look}: exploratory, a hint and no proof, unless its p is at most {_share(look_level(look))} "
        f"({_share(ALPHA)} / ({look} x {look + 1}); the first look spent the whole {_share(ALPHA)})."
    )


def _share(value: float) -> str:
    """A chance as a percentage with two digits that count."""
    return f"{100 * value:.2g} %"


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
