"""What a run will cost and the smallest gain it can show, said before it starts."""

from __future__ import annotations

from collections.abc import Sequence

from tunewright.decision.money import DEFAULT_MARGIN
from tunewright.decision.plan import Reach, reach
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.study import Study


def planned_reach(study: Study) -> Reach:
    """What the cases that decide can show, with the guess of how often two systems differ."""
    return reach(
        len(study.scored),
        study.settings.min_improvement or DEFAULT_MARGIN,
        cross_fitted=study.regime == "cross-fitted",
    )


def plan_text(study: Study, contestants: Sequence[Contestant]) -> str:
    """A few lines for the person who waits."""
    data, parts = study.data, study.parts
    categories = f", {len(study.labels)} categories" if study.labels else ""
    lines = [f"{data.rows_in} rows read, {data.rows_set_aside} set aside{categories}."]
    if study.regime == "cross-fitted":
        lines.append(
            f"Fewer than 1,500 rows: each case is answered by systems that have not seen it ({len(parts)} parts)."
        )
    else:
        lines.append(
            f"{data.train} rows to learn from, {data.validation} to tune on, {data.test} locked away for the test."
        )
    lines.append(planned_reach(study).text)
    calls = len(study.scored)
    remote = [c.name for c in contestants if c.system.needs.network]
    lines.append(
        f"{len(contestants)} systems, {calls} answers each; "
        + (f"over the network: {', '.join(remote)}." if remote else "nothing leaves this machine, $0 for calls.")
    )
    lines += [f"Note: {note}" for note in data.notes]
    return "\n".join(lines)
