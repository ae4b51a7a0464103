"""What a verdict on recorded answers or scores knows of its systems, and what it cannot know.

The systems ran elsewhere: how long they learned is unknown, and unknown is never 0. Candidates that were looked at
beside the judged one stand in the same table, each with its share of the reachable gain. Called by
``answers_verdict.concluded``.
"""

from __future__ import annotations

from collections.abc import Sequence

from tunewright.records.verdict import SystemResult, Verdict
from tunewright.workflow.evidence.reachable import Reachable, Scored, reachable
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.results import system_cost, system_result
from tunewright.workflow.study import Study


def as_recorded(
    verdict: Verdict, study: Study, outcomes: Sequence[Outcome], further: Sequence[Outcome], *, shown: bool
) -> Verdict:
    """The verdict with all systems; ``shown`` False leaves the shares out: the gain is not shown as was asked."""
    known = {system.name: system for system in verdict.systems}
    everyone = [*outcomes, *further]
    scored = [Scored(one.name, place, one.score_values) for place, one in enumerate(everyone)]
    found = reachable(scored, outcomes[0].name, study.scored_groups, seed=study.settings.seed)
    if not shown:
        found = Reachable(found.start, found.best)
    systems = []
    for one in everyone:
        result = known[one.name] if one.name in known else system_result(study, one, system_cost(study, one))
        systems.append(_as_recorded(result, found))
    return verdict.model_copy(
        update={"systems": systems, "reachable_from": found.start if found.shares else None},
    )


def _as_recorded(result: SystemResult, found: Reachable) -> SystemResult:
    share, interval = found.shares.get(result.name, (None, None))
    return result.model_copy(
        update={"training_seconds": None, "reachable": share, "reachable_interval": interval},
    )
