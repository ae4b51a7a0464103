"""How a comparison of files comes to its decision: once, or (``looking_again``) again and again as cases come.

``answers_verdict.concluded`` takes one such way, as a function; the usual one lives here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tunewright.records.verdict import Verdict
from tunewright.workflow.conclude import Judged, judge
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.recorded.earlier_looks import EarlierLooks
from tunewright.workflow.recorded.verdict_details import AnyTime
from tunewright.workflow.study import Study
from tunewright.workflow.uses import KnownUses


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision, the uses that it counts, and what else it changes in the document.

    ``shown`` says whether the difference may be shown as more than chance; an empty ``next_step`` leaves the usual one.
    """

    judged: Judged
    uses: KnownUses
    shown: bool
    any_time: AnyTime | None = None
    next_step: str = ""
    warnings: tuple[str, ...] = ()

    def put_into(self, verdict: Verdict) -> Verdict:
        """The document with what this way of deciding says beside it."""
        changed = {"next_step": self.next_step or verdict.next_step, "warnings": [*self.warnings, *verdict.warnings]}
        return verdict.model_copy(update=changed)


Decide = Callable[[Study, Sequence[Outcome], KnownUses, EarlierLooks], Decided]


def decided_once(study: Study, outcomes: Sequence[Outcome], uses: KnownUses, _earlier: EarlierLooks) -> Decided:
    """The decision of a fixed sample, at the level of this look. The first outcome is what is used today."""
    judged = judge(study, outcomes, outcomes[0].name, look=uses.look)
    return Decided(judged, uses, shown=judged.decision.headline != "CANNOT_JUDGE")
