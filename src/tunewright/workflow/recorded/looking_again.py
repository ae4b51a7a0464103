"""The decision for someone who looks again as cases come: it follows from evidence that is valid at every look.

A fixed-sample test may decide once. With ``--any-time`` the new system ships only where that test wins *and* the lower
bound of the confidence sequence is above 0 *and* the e-value has reached 1 / alpha (40 at 0.025); the old one is kept
for good only where the upper bound lies below the smallest gain worth having. Anything else is NOT_PROVEN, and cases
may be added without spending anything. Handed to ``answers_verdict.concluded`` by ``scores_verdict``.

Growing files are no further look. Other answers to cases that were looked at before are: for the k-th candidate the
level is ``alpha / (k (k + 1))``, and several candidates at once share it. Where cases of an earlier look are missing,
looks count as they do without the flag.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from tunewright.decision.levels import ALPHA, look_level
from tunewright.decision.verdict import Decision
from tunewright.decision.wording import count, points
from tunewright.records.base import Interval
from tunewright.records.verdict import Paired, Quality, Use
from tunewright.statistics.arrays import IntArray
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.recorded.decided import Decided, decided_once
from tunewright.workflow.recorded.earlier_looks import EarlierLooks
from tunewright.workflow.recorded.paired_scores import SystemColumn
from tunewright.workflow.recorded.score_details import any_time
from tunewright.workflow.recorded.verdict_details import AnyTime
from tunewright.workflow.study import Study
from tunewright.workflow.uses import KnownUses

METHOD: Final = "confidence sequence by betting, valid at every look"
ADD_CASES: Final = (
    "Add cases at the end of both files, in the order in which they come, and look again with --any-time: that spends "
    "nothing."
)


GROUPED = (
    "Not proven: rows belong together here, and what is known of groups is not valid at every look. When all cases are "
    "there, decide once, without --any-time."
)
TAKEN_AWAY = (
    "Not proven: it would win on these cases, but cases of an earlier look are missing from the files now, and who "
    "takes cases away can win with anything. Put them back."
)


@dataclass(frozen=True, slots=True, eq=False)
class LookingAgain:
    """The columns of the old system, the new one and any others, with the groups of their cases."""

    columns: Sequence[SystemColumn]
    groups: IntArray | None

    def decided(self, study: Study, outcomes: Sequence[Outcome], uses: KnownUses, earlier: EarlierLooks) -> Decided:
        """The decision as it stands when one looks again and again, with the evidence that it follows from."""
        uses = self._uses(uses, earlier)
        once = decided_once(study, outcomes, replace(uses, look=1), earlier)
        level = self.level(uses.look)
        seen = any_time(self.columns[1], self.columns[0], self.groups, level)
        judged = replace(
            once.judged, decision=self._decision(once.judged.decision, once.judged.margin.gain, level, seen, earlier)
        )
        open_still = judged.decision.headline == "NOT_PROVEN" and study.groups is None
        return Decided(
            judged,
            uses,
            shown=once.shown and judged.decision.quality == "superior",
            any_time=seen,
            next_step=ADD_CASES if open_still else "",
            warnings=_missing_lines(earlier, uses.look),
        )

    def _uses(self, known: KnownUses, earlier: EarlierLooks) -> KnownUses:
        """The uses that count as looks: one for each candidate, or all where the files are not those that grew."""
        if earlier.missing or (known.beside and not earlier.known):
            return replace(known, look=max(known.look, earlier.place))
        return replace(known, beside=0, look=earlier.place)

    def level(self, look: int) -> float:
        """The one-sided level of this look, shared by all candidates; the first one has the whole."""
        whole = ALPHA if look < 2 else look_level(look)
        return whole / max(len(self.columns) - 1, 1)

    def _decision(
        self, decision: Decision, margin: float, level: float, seen: AnyTime | None, earlier: EarlierLooks
    ) -> Decision:
        """``decision`` is that of a fixed sample at the whole level, ``margin`` the smallest gain worth having."""
        if decision.headline in (None, "CANNOT_JUDGE"):
            return decision
        if seen is None:
            return self._open(decision, GROUPED)
        standing = _Standing(decision, seen, level, margin, self.columns[0].name, self.columns[1].name).decision()
        if earlier.missing and standing.headline == "SHIP_FINE_TUNE":
            return self._open(decision, TAKEN_AWAY)
        return standing

    def _open(self, decision: Decision, text: str) -> Decision:
        old = self.columns[0].name
        return replace(
            decision,
            headline="NOT_PROVEN",
            headline_text=text,
            today_text=f"Nothing better than {old}, which you use today, is shown.",
            quality="inconclusive",
            borderline=False,
            use=Use(system=old, reason="incumbent", text=f"Keep {old} until then."),
            needed_cases=None,
            smallest_provable_gain=None,
        )


def _missing_lines(earlier: EarlierLooks, look: int) -> tuple[str, ...]:
    if not earlier.missing:
        return ()
    are, them = ("is", "it") if earlier.missing == 1 else ("are", "them")
    return (
        f"{count(earlier.missing, 'case')} of an earlier look {are} missing from the files now. Cases may be added "
        f"without spending anything, not taken away: looks at these cases count, and this is look {look}. Put {them} "
        "back, and only the candidates that were looked at count.",
    )


@dataclass(frozen=True, slots=True)
class _Standing:
    """How it stands at this look."""

    fixed: Decision
    seen: AnyTime
    level: float
    margin: float
    old: str
    new: str

    @property
    def better(self) -> bool:
        """Whether the new system is shown to be better, however often one looked."""
        e_value = self.seen.e_value
        return self.seen.interval[0] > 0 and (e_value is None or e_value >= 1 / self.level)

    def decision(self) -> Decision:
        """The decision with every part that says something of proof."""
        found = replace(
            self.fixed,
            today_text=self._today(),
            quality=self._quality(),
            borderline=False,
            baselines=tuple(self._paired(one) for one in self.fixed.baselines),
            incumbent_comparisons=tuple(self._paired(one) for one in self.fixed.incumbent_comparisons),
            needed_cases=None,
            smallest_provable_gain=None,
            stopped_by_look=False,
        )
        if self.fixed.headline == "SHIP_FINE_TUNE" and self.better:
            text = f"Use {self.new}, however often you looked: {self._how()}."
            return replace(found, headline_text=text, use=Use(system=self.new, reason="ship", text=text))
        keep = Use(system=self.old, reason="incumbent", text=f"Keep {self.old} for now.")
        if self.fixed.headline == "KEEP_SIMPLER" and self.seen.interval[1] < self.margin:
            text = (
                f"Keep {self.old}, however often you looked: {self._how()}. No gain of {points(self.margin)} is left."
            )
            return replace(found, headline_text=text, use=keep.model_copy(update={"text": f"Keep {self.old}."}))
        if self.better and self._gain() >= self.margin:
            # The whole gain is there, and hangs on cases without an answer: the usual sentence says so.
            return replace(found, headline="NOT_PROVEN", use=keep)
        first = "Not proven to be worth it" if self.better else "Not proven"
        text = f"{first}: {self._how()}. More cases may be added, and looked at, without spending anything."
        return replace(found, headline="NOT_PROVEN", headline_text=text, use=keep)

    def _gain(self) -> float:
        return next((one.delta for one in self.fixed.baselines if one.system == self.old), 0.0)

    def _how(self) -> str:
        """``new fixes 20 and breaks 12 of 200 against old; ... the gain lies between ... ; evidence 1.4 of 40``."""
        paired = next((one for one in self.fixed.baselines if one.system == self.old), None)
        done = f"{self.new} against {self.old}"
        if paired is not None and paired.fixed is not None and paired.broken is not None:
            done = f"{self.new} fixes {paired.fixed:,} and breaks {paired.broken:,} of {paired.n:,} against {self.old}"
        elif paired is not None:
            gain = f"{100 * paired.delta:+.1f}".rstrip("0").rstrip(".")
            done = f"{self.new} gains {gain} points over {self.old} on {count(paired.n, 'case')}"
        low, high = (f"{100 * end:+.1f}" for end in self.seen.interval)
        said = f"{done}; at every look the gain lies between {low} and {high} points"
        if self.seen.e_value is None:
            return said
        return f"{said}, and the evidence is {self.seen.e_value:.3g}, where {1 / self.level:,.0f} is proof"

    def _today(self) -> str:
        if self.better:
            return f"{self.new} is better than {self.old}, which you use today, however often you looked."
        if self.seen.interval[1] < 0:
            return f"{self.new} is worse than {self.old}, which you use today, however often you looked."
        return f"{self.new} is not shown to be better than {self.old}, which you use today."

    def _quality(self) -> Quality:
        low, high = self.seen.interval
        if self.better:
            return "superior"
        if low > -self.margin:
            return "equivalent" if high < self.margin else "non-inferior"
        return "inferior" if high < 0 else "inconclusive"

    def _paired(self, one: Paired) -> Paired:
        """The comparison with the interval that is valid at every look; its p stays that of a single one."""
        interval: Interval = self.seen.interval
        return one.model_copy(
            update={
                "interval": interval,
                "interval_method": METHOD,
                "proven_better": self.better,
                "not_worse": interval[0] > -self.margin,
            }
        )
