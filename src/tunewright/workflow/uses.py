"""Uses of the cases that decide: writing one down, what is known of earlier ones, in part or in whole, and their cost.

The first look may spend the whole 2.5 % at which a win may be chance. What later looks say, with other systems or
margins, is exploratory: a hint and no proof, unless it passes at ``alpha / (k (k + 1))`` for the k-th look
(``decision.levels.look_level``). Over any number of looks a false win is then at most 3.75 % likely: 2.5 % for the
first and 1.25 % for all others together. Only fresh cases give the whole 2.5 % back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tunewright.decision.levels import ALPHA, look_level
from tunewright.decision.money import Margin
from tunewright.records.verdict import OverlappingUse
from tunewright.records.verdict import TestUse as CaseUse
from tunewright.store import RecordedUse, Store
from tunewright.store.test_uses import Inputs
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.study import Study
from tunewright.workflow.use_keys import CaseKeys, keys_of_cases, margins_hash, predictions_hash

# From this share of common cases on, a use of another test counts as a look at this one.
SHARED = 0.1


@dataclass(frozen=True, slots=True)
class KnownUses:
    """Uses of this very test set, and those of others that share cases with it; ``rows`` of this one stand in any.

    ``beside`` of the others share enough with it to be looks at it. ``look`` is the number of the use that was recorded
    last; the very same again keeps its number.
    """

    same: tuple[CaseUse, ...] = ()
    overlapping: tuple[OverlappingUse, ...] = ()
    rows: int = 0
    beside: int = 0
    look: int = 1

    @property
    def looks(self) -> int:
        """How often these cases were looked at, by this test or by one that shares enough of them."""
        return len(self.same) + self.beside


def record_use(
    study: Study,
    outcomes: Sequence[Outcome],
    margin: Margin,
    store: Store,
    run: str,
    created: str,
    further: Sequence[Outcome] = (),
) -> KnownUses:
    """Write the use of these cases down; computing the same again is not another use.

    ``further`` are candidates looked at beside the one that is judged, against the first of ``outcomes``: they are part
    of this use, and each is one more for all that come later.
    """
    cases = keys_of_cases(study, outcomes)
    margins = margins_hash(study, outcomes, margin)
    own = RecordedUse(study.test_hash, predictions_hash([*outcomes, *further]), margins, run, created)
    store.record_use(own, cases.all)
    for other in further:
        tried = predictions_hash([outcomes[0], other], "further")
        store.record_use(RecordedUse(study.test_hash, tried, margins, run, created), cases.all)
    shared = _shared_by(study, store, cases)
    return replace(_known(study, store, shared), look=_look(own, store.uses(study.test_hash), shared))


def known_uses(study: Study, store: Store) -> KnownUses:
    """All recorded uses, also from other folders of this user."""
    return _known(study, store, _shared_by(study, store, keys_of_cases(study, ())))


@dataclass(frozen=True, slots=True)
class _Shared:
    """Uses of other tests by the cases shared with this one, those among them that are looks, and cases in any."""

    cases: dict[RecordedUse, int]
    looks: frozenset[RecordedUse]
    rows: int


def _shared_by(study: Study, store: Store, cases: CaseKeys) -> _Shared:
    """What other tests share, by text, by row and by windows of rows.

    A tenth of the texts is a look. Rows of unrelated tables agree by chance where ids are numbers, in at most a share
    of ``cases.chance``: the middle between that and all is a look. A window is never shared by chance.
    """
    found: dict[RecordedUse, int] = {}
    looks: set[RecordedUse] = set()
    rows, many = 0, len(study.scored)
    kinds: list[tuple[Inputs, float]] = [
        (cases.texts, SHARED),
        (cases.rows, (1 + cases.chance) / 2),
        (cases.windows, SHARED),
    ]
    for keys, least in kinds:
        overlap = store.overlap(study.test_hash, keys) if keys else None
        for other in overlap.uses if overlap else ():
            enough = other.shared_rows >= least * len(keys)
            if not enough and keys is not cases.texts:
                continue
            share = other.shared_rows if keys is not cases.windows else round(many * other.shared_rows / len(keys))
            found[other.use] = max(found.get(other.use, 0), share)
            looks |= {other.use} if enough else set()
        rows = max(rows, overlap.rows if overlap and keys is cases.texts else 0)
    return _Shared(found, frozenset(looks), max([rows, *found.values()]))


def _look(use: RecordedUse, recorded: Sequence[RecordedUse], shared: _Shared) -> int:
    """How many uses of these cases came up to this one: of the same test, or of one that shares enough with it."""
    own = next(other for other in recorded if other.same == use.same)
    others = [other for other in (*recorded, *shared.looks) if other.same != own.same]
    return 1 + sum(other.moment <= own.moment for other in others)


def _known(study: Study, store: Store, shared: _Shared) -> KnownUses:
    return KnownUses(
        same=tuple(
            CaseUse(when=use.when, run=use.run, predictions=use.predictions_hash) for use in store.uses(study.test_hash)
        ),
        overlapping=tuple(
            OverlappingUse(when=use.when, run=use.run, predictions=use.predictions_hash, shared_rows=rows)
            for use, rows in sorted(shared.cases.items(), key=lambda item: item[0].moment)
        ),
        rows=shared.rows,
        beside=len(shared.looks),
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
