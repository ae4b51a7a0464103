"""What a run will cost and the smallest gain it can show, said before it starts."""

from __future__ import annotations

from collections.abc import Sequence

from tunewright.decision.advice import advise
from tunewright.decision.advice_facts import Facts
from tunewright.decision.money import DEFAULT_MARGIN
from tunewright.decision.plan import Reach, floor_lines, reach
from tunewright.decision.table import TABLE
from tunewright.decision.wording import points
from tunewright.workflow.advising.advise_facts import facts_of_study
from tunewright.workflow.advising.advise_limits import own_limits
from tunewright.workflow.costing.planned_bill import billed_lines, judge_leaves
from tunewright.workflow.costing.planned_time import training_lines
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.sparing import room_needed
from tunewright.workflow.study import Study
from tunewright.workflow.words import claim_lines

# Rules of the table that a count of rows decides; what the others ask, only a person or a run can answer.
COUNTED = frozenset({"few_test_cases", "few_rows", "thin_classes"})


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
    lines += floor_lines(len(study.scored), study.settings.min_improvement or DEFAULT_MARGIN)
    lines += claim_lines(study)
    lines += _advice(study, contestants)
    calls = len(study.scored)
    remote = [c.name for c in contestants if c.system.needs.network]
    if judge_leaves(study):
        remote.append("the grader")
    billed = billed_lines(study, contestants)
    here = "nothing leaves this machine." if billed else "nothing leaves this machine, $0 for calls."
    lines.append(
        f"{len(contestants)} systems, {calls} answers each; "
        + (f"over the network: {', '.join(remote)}." if remote else here)
    )
    lines += billed
    lines += [f"Left out: {c.name}, for {why}." for c in contestants if (why := c.system.missing()) is not None]
    lines += training_lines(study, contestants)
    lines += [f"Note: {note}" for note in data.notes]
    return "\n".join(lines)


def _advice(study: Study, contestants: Sequence[Contestant]) -> list[str]:
    """What speaks against the fine-tune by the numbers of the data alone, and when it will not be tried."""
    if not any(contestant.system.role == "candidate" for contestant in contestants):
        return []
    by_numbers = [rule for rule in TABLE if rule.id in COUNTED]
    found = advise(Facts.of(facts_of_study(study)), own_limits=own_limits(study.root), table=by_numbers).of("fine_tune")
    said = [] if found is None else [f"On the fine-tune: {found.text} (rule {found.rule.id}, docs/decision.md)"]
    room = room_needed(study)
    if room is not None:
        less = f"Where the simpler systems leave less than {points(room)} to gain, no fine-tune is tried"
        said.append(f"{less}, unless it would save money (--go-on tries it all the same).")
    return said
