"""The decision, readable top to bottom: compare, check the gates, find the headline, say what to use.

A pure function of its inputs and their seed. The workflow calls ``decide`` and writes the verdict document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tunewright.decision.compare import as_record, level_of
from tunewright.decision.evidence import Evidence, gather
from tunewright.decision.gates import guard_stop, score_gates
from tunewright.decision.inputs import DecisionInputs
from tunewright.decision.looks import look_stop, quality_at_look
from tunewright.decision.plan import DEFAULT_DISCORDANCE, observed_discordance, smallest_provable_gain
from tunewright.decision.ruling import Ruling, rule
from tunewright.decision.sentences import cannot_judge_sentence, headline_sentence
from tunewright.decision.target import judge_target
from tunewright.decision.use import hold, recommend, today_sentence
from tunewright.records.verdict import Gate, Headline, Paired, Quality, Target, Use


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided and on what grounds; the parts have the names and meanings of ``records.verdict.Verdict``."""

    headline: Headline | None
    headline_text: str
    today_text: str
    quality: Quality | None
    borderline: bool
    binding: str | None
    use: Use
    baselines: tuple[Paired, ...]
    incumbent_comparisons: tuple[Paired, ...]
    smallest_provable_gain: float | None
    needed_cases: int | None
    gates: tuple[Gate, ...]
    target: Target | None
    stopped_by_guards: bool = False
    stopped_by_look: bool = False


def decide(inputs: DecisionInputs) -> Decision:
    """The whole decision. Deterministic: equal inputs give equal results."""
    evidence = gather(inputs)
    gates = (*inputs.gates, *score_gates(evidence.pairs, inputs))
    failed = [gate for gate in gates if not gate.passed]
    ruling = None
    if inputs.candidate is not None and not failed:
        ruling = rule(inputs, inputs.system(inputs.candidate), evidence)
        if ruling.headline == "SHIP_FINE_TUNE" and not survives_missing(inputs):
            ruling = replace(ruling, headline="NOT_PROVEN", needed_cases=None)
    shipped = ruling is not None and ruling.headline == "SHIP_FINE_TUNE"
    broken = guard_stop(inputs) if shipped else None
    stop = broken or (look_stop(inputs) if shipped else None)
    if ruling is not None:
        ruling = replace(ruling, quality=quality_at_look(inputs, ruling))
        if stop is not None:
            ruling = replace(ruling, headline=stop.headline, needed_cases=None)

    use = hold(inputs) if failed else _use(inputs, ruling, evidence)
    headline, text = _headline(inputs, ruling, failed, use)
    text = stop.text if stop is not None else text
    return Decision(
        headline=headline,
        headline_text=text,
        today_text="Nothing can be said yet." if failed else today_sentence(inputs, use, evidence.today),
        quality=ruling.quality if ruling else None,
        borderline=ruling.borderline if ruling else False,
        binding=ruling.binding.second if ruling else None,
        use=use,
        baselines=tuple(as_record(c, c.estimate.second, inputs) for c in evidence.comparisons),
        incumbent_comparisons=tuple(as_record(c, c.estimate.first, inputs) for c in evidence.today),
        smallest_provable_gain=_smallest_gain(inputs, evidence, ruling),
        needed_cases=ruling.needed_cases if ruling else None,
        gates=gates,
        target=judge_target(inputs, use.system),
        stopped_by_guards=broken is not None,
        stopped_by_look=stop is not None and broken is None,
    )


def survives_missing(inputs: DecisionInputs) -> bool:
    """Whether SHIP stands when every case without a score goes against the candidate.

    What a recording does not cover stays out, as in the gate on missing scores.
    """
    worst = {s.name: 0.0 if s.name == inputs.candidate else 1.0 for s in inputs.systems}
    filled = tuple(
        replace(s, scores=np.where(np.isnan(s.scores), worst[s.name], s.scores))
        if s.own or inputs.regime == "answers"
        else s
        for s in inputs.systems
    )
    if not any(np.isnan(s.scores).any() for s in inputs.systems) or inputs.candidate is None:
        return True
    against_it = replace(inputs, systems=filled)
    ruling = rule(against_it, against_it.system(inputs.candidate), gather(against_it))
    return ruling.headline == "SHIP_FINE_TUNE"


def _use(inputs: DecisionInputs, ruling: Ruling | None, evidence: Evidence) -> Use:
    if ruling is not None and ruling.headline == "SHIP_FINE_TUNE":
        use = Use(system=inputs.candidate, reason="ship", text="")
        return use.model_copy(update={"text": headline_sentence(ruling, inputs, use)})
    return recommend(inputs, evidence.between, evidence.today)


def _headline(
    inputs: DecisionInputs, ruling: Ruling | None, failed: Sequence[Gate], use: Use
) -> tuple[Headline | None, str]:
    """The headline and its sentence. Without a candidate there is none, and what to use is said in its place."""
    if inputs.candidate is None:
        return None, cannot_judge_sentence(failed) if failed else use.text
    if ruling is None:
        return "CANNOT_JUDGE", cannot_judge_sentence(failed)
    return ruling.headline, headline_sentence(ruling, inputs, use)


def _smallest_gain(inputs: DecisionInputs, evidence: Evidence, ruling: Ruling | None) -> float | None:
    """What these cases can show against the hardest system, from how often the two really differ."""
    if ruling is not None:
        e = ruling.binding
        return smallest_provable_gain(e.n, observed_discordance(e), e.design_effect, level_of(inputs))
    cases = min((len(p.gains) for p in evidence.pairs), default=0)
    return smallest_provable_gain(cases, DEFAULT_DISCORDANCE, 1.0, level_of(inputs)) if cases else None
