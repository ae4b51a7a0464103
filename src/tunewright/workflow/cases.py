"""The cases that a change fixes and breaks, with their texts: what people look at first."""

from __future__ import annotations

from collections.abc import Sequence

from tunewright.decision.verdict import Decision
from tunewright.records.answers import ScoreRow
from tunewright.records.verdict import CaseText
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.study import Study

MAX_CASES = 40
MAX_CHARS = 1200


def cases_between(
    study: Study, outcomes: Sequence[Outcome], decision: Decision, incumbent: str | None
) -> tuple[tuple[str, str] | None, list[CaseText], list[CaseText]]:
    """((before, after), fixed, broken): from today's system to the recommended one, else from the hardest baseline to
    the fine-tune; at most 40 cases each, critical ones first."""
    pair = _pair(outcomes, decision, incumbent)
    if pair is None:
        return None, [], []
    before, after = pair
    fixed: list[tuple[bool, CaseText]] = []
    broken: list[tuple[bool, CaseText]] = []
    for position, old, new in zip(study.scored, before.rows, after.rows, strict=True):
        if old.score is None or new.score is None or old.score == new.score:
            continue
        case = (not study.examples[position].critical, _case(study, position, old, new))
        (fixed if new.score > old.score else broken).append(case)
    return (before.name, after.name), _first(fixed), _first(broken)


def _pair(outcomes: Sequence[Outcome], decision: Decision, incumbent: str | None) -> tuple[Outcome, Outcome] | None:
    able = {outcome.name: outcome for outcome in outcomes if outcome.available and outcome.rows}
    use = decision.use.system
    candidate = next((name for name, outcome in able.items() if outcome.role == "candidate"), None)
    for before, after in ((incumbent, use), (decision.binding, candidate), (incumbent, candidate)):
        if before in able and after in able and before != after:
            return able[before], able[after]
    return None


def _case(study: Study, position: int, old: ScoreRow, new: ScoreRow) -> CaseText:
    example = study.examples[position]
    return CaseText(
        row=example.row_id,
        text=example.text[:MAX_CHARS],
        target=example.target,
        before=old.answer,
        after=new.answer,
    )


def _first(cases: list[tuple[bool, CaseText]]) -> list[CaseText]:
    return [case for _, case in sorted(cases, key=lambda pair: pair[0])[:MAX_CASES]]
