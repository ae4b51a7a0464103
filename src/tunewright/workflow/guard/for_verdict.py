"""What was last measured of a candidate, as a verdict takes it: the guards of that very fit, with words."""

from __future__ import annotations

from collections.abc import Sequence

from tunewright.decision.verdict import Decision
from tunewright.records.guard import Guard
from tunewright.workflow.guard.document import latest_report
from tunewright.workflow.guard.family import counted_in
from tunewright.workflow.guard.ledger import standing
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.study import Study


def guards_of(study: Study, candidate: Outcome | None) -> tuple[Guard, ...]:
    """The guards of the candidate's first fit, each as last measured and with all counted in.

    Empty where none were measured; recorded answers have none. A document counts where nothing else was kept.
    """
    if candidate is None or not candidate.fits or study.regime == "answers":
        return ()
    key = candidate.fits[0].key
    kept = standing(study.root, key)
    if kept is None:
        found = latest_report(study.root, key)
        kept = [] if found is None else found[0].guards
    return tuple(counted_in(kept))


def unchecked_lines(study: Study, candidate: str | None, guards: Sequence[Guard]) -> list[str]:
    """What of all that must not break nobody has looked at, or could not be shown."""
    if candidate is None or study.regime == "answers":
        return []
    if not guards:
        return [f"What else must not break was not measured for {candidate}: tunewright guard --system {candidate}"]
    lines = []
    for result, words in (("not-checked", "not checked"), ("unproven", "not proven")):
        names = [guard.name for guard in guards if guard.blocks and guard.result == result]
        if names:
            lines.append(f"What else must not break, {words} for {candidate}: {', '.join(names)}")
    return lines


def next_step_with(study: Study, decision: Decision, candidate: str | None, guards: Sequence[Guard], step: str) -> str:
    """The next step, with the guards that come before it."""
    if candidate is None or study.regime == "answers" or decision.headline == "CANNOT_JUDGE":
        return step
    command = f"tunewright guard --system {candidate}"
    if not guards and decision.headline == "SHIP_FINE_TUNE":
        return f"First look what else it broke: {command}. {step}"
    if decision.headline == "SHIP_FINE_TUNE":
        open_ = [guard.name for guard in guards if guard.blocks and guard.result in ("unproven", "not-checked")]
        return f"{step} Not shown to hold: {', '.join(open_)}." if open_ else step
    if decision.stopped_by_guards and not any(guard.result == "broken" for guard in guards):
        return f"Measure what else must not break, and run again: {command}"
    if decision.stopped_by_guards:
        return f"{step} To bring the fine-tune back, mend what it breaks: fewer epochs, an adapter, rows mixed in."
    return step
