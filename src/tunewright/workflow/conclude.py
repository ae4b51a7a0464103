"""From outcomes to the verdict document: choose the candidate, decide, and put the evidence beside the decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from tunewright.decision.inputs import DecisionInputs, SystemScores
from tunewright.decision.money import DAYS_PER_MONTH, Margin
from tunewright.decision.plan import floor_lines
from tunewright.decision.use import for_choice
from tunewright.decision.verdict import Decision, decide
from tunewright.decision.wholesale import Kind, each_once, failure_lines, wholesale_failures
from tunewright.records.guard import Guard
from tunewright.records.judging import Judging
from tunewright.records.learned import Learned
from tunewright.records.verdict import Cost, SystemResult, Verdict, WholesaleFailure
from tunewright.records.verdict import TestSet as CaseSet
from tunewright.workflow.cases import cases_between
from tunewright.workflow.costing.costs import money_of
from tunewright.workflow.costing.money import margin_of
from tunewright.workflow.evidence.beside import Named, beside
from tunewright.workflow.guard.for_verdict import guards_of, next_step_with, unchecked_lines
from tunewright.workflow.judging.panel import Panel
from tunewright.workflow.near_leaks import clean_subset
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.results import confusion, system_cost, system_result
from tunewright.workflow.several import several_labels
from tunewright.workflow.stated_prices import saving_basis
from tunewright.workflow.study import Study
from tunewright.workflow.uses import KnownUses
from tunewright.workflow.words import next_step, not_tried, reuse_lines, review, test_set_text, time_lines, warnings


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the document says about the run itself."""

    run: str
    created: str
    command: str
    hashes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Judged:
    """The decision with what it was made from; ``keep`` says which scored rows count."""

    decision: Decision
    margin: Margin
    candidate: Outcome | None
    costs: Mapping[str, Cost]
    extra_warnings: tuple[str, ...]
    keep: NDArray[np.bool_]
    judging: Judging | None = None
    guards: tuple[Guard, ...] = ()


def margin_of_run(study: Study, outcomes: Sequence[Outcome]) -> Margin:
    """The smallest gain worth having, fixed before anything is compared on the cases that decide."""
    costs = {outcome.name: system_cost(study, outcome) for outcome in outcomes}
    return margin_of(study.settings, outcomes, choose_candidate(outcomes), costs)


def judge(
    study: Study, outcomes: Sequence[Outcome], incumbent: str | None, panel: Panel | None = None, *, look: int = 1
) -> Judged:
    """Choose the candidate on validation, then decide on the cases that nothing was chosen on.

    ``panel`` is given where a language model judged: people's judgements then stand beside its own. ``look`` counts
    how often these cases have decided.
    """
    candidate = choose_candidate(outcomes)
    costs = {outcome.name: system_cost(study, outcome) for outcome in outcomes}
    margin = margin_of(study.settings, outcomes, candidate, costs)
    chosen = candidate.name if candidate is not None else None
    scored = [o for o in outcomes if o.available and (o.role == "baseline" or o.name == incumbent) and o.name != chosen]
    scored += [candidate] if candidate is not None else []
    keep, extra = clean_subset(study, scored, candidate)
    systems = tuple(_scores(outcome, costs[outcome.name], keep) for outcome in scored)
    heard = panel.hear(scored, chosen) if panel is not None else None
    target, guards = study.settings.target, guards_of(study, candidate)
    inputs = DecisionInputs(
        systems=systems,
        groups=None if study.scored_groups is None else study.scored_groups[keep],
        folds=None if study.scored_folds is None else study.scored_folds[keep],
        min_improvement=margin.gain,
        min_saving_usd=study.settings.min_saving,
        usd_at_stake=(study.settings.error_cost or 0.0) * study.settings.volume_per_day * DAYS_PER_MONTH,
        incumbent=incumbent,
        candidate=None if candidate is None else candidate.name,
        gates=study.gates if heard is None else (heard.gate, *study.gates),
        seed=study.settings.seed,
        hard_limits_met=_hard_limits(study, scored, costs),
        target=None if target is None else (target.metric, target.at_least),
        regime=study.regime,
        guards=guards,
        guards_required=study.settings.guards == "required",
        look=look,
        gate=study.settings.gate,
        strong=study.settings.strong,
        saving_basis=saving_basis(study, scored),
    )
    if heard is None:
        return Judged(decide(inputs), margin, candidate, costs, extra, keep, guards=guards)
    people = {name: scores[keep] for name, scores in heard.scores.items()}
    decision = decide(replace(inputs, people=people, alpha=inputs.alpha * heard.alpha_share))
    return Judged(decision, margin, candidate, costs, extra, keep, heard.document(decision, systems), guards)


def conclude(
    study: Study,
    outcomes: Sequence[Outcome],
    judged: Judged,
    incumbent: str | None,
    facts: RunFacts,
    uses: KnownUses,
    learned: Mapping[str, Learned] | None = None,
) -> Verdict:
    """The whole document; ``learned`` is what was seen of overfitting, by system."""
    decision = judged.decision
    chosen = judged.candidate.name if judged.candidate else None
    named = Named(chosen, decision.binding, incumbent, decision.use.system)
    evidence = beside(study, outcomes, judged.candidate, named, judged.keep)
    seen = {} if learned is None else learned
    results = [
        system_result(study, o, judged.costs[o.name], seen.get(o.name), evidence.reachable.shares.get(o.name))
        for o in outcomes
    ]
    between, fixed, broken = cases_between(study, outcomes, decision, incumbent)
    failures = _failures(study, outcomes, judged, incumbent)
    shown = {outcome.name: outcome for outcome in outcomes if outcome.available and outcome.rows}
    return Verdict(
        run=facts.run,
        created=facts.created,
        task=study.settings.task,
        stage="final",
        headline=decision.headline,
        headline_text=decision.headline_text,
        today_text=decision.today_text,
        quality=decision.quality,
        borderline=decision.borderline,
        candidate=chosen,
        incumbent=incumbent,
        binding=decision.binding,
        use=decision.use,
        baselines=list(decision.baselines),
        incumbent_comparisons=list(decision.incumbent_comparisons),
        systems=results,
        target=decision.target,
        gates=list(decision.gates),
        test_set=test_set_of(study, uses),
        min_improvement=judged.margin.gain,
        volume_per_day=study.settings.volume_per_day,
        volume_stated="volume_per_day" in study.settings.model_fields_set,
        min_improvement_basis=judged.margin.basis,
        strong=study.settings.strong,
        smallest_provable_gain=decision.smallest_provable_gain,
        needed_cases=decision.needed_cases,
        data=study.data,
        fixed_cases=fixed,
        broken_cases=broken,
        wholesale_failures=failures,
        slices=evidence.slices,
        measure_gains=evidence.measure_gains,
        reachable_from=evidence.reachable.start if evidence.reachable.shares else None,
        money=money_of(
            study,
            outcomes,
            [chosen, decision.use.system],
            incumbent,
            date.fromisoformat(facts.created[:10]),
        ),
        judging=judged.judging,
        cases_between=between,
        confusion=confusion(study, shown[decision.use.system]) if decision.use.system in shown else [],
        guards=list(judged.guards),
        not_tried=[*not_tried(results), *unchecked_lines(study, chosen, judged.guards)],
        next_step=next_step_with(study, decision, chosen, judged.guards, next_step(study, decision, results)),
        review=review(study, facts.created, decision),
        command=facts.command,
        warnings=_warnings(study, outcomes, judged, results, incumbent, uses, failures),
        seeds={"seed": study.settings.seed},
        hashes={**study.hashes, **facts.hashes},
    )


def choose_candidate(outcomes: Sequence[Outcome]) -> Outcome | None:
    """The fine-tune that is best on validation, chosen part by part when there are several.

    With folds every part's choice rests on that part's own validation rows, so that the claim is about the whole
    procedure, choice included.
    """
    able = [o for o in outcomes if o.role == "candidate" and o.available and o.fits]
    if len(able) < 2:
        return able[0] if able else None
    picks = [_best_at(able, part) for part in range(len(able[0].fits))]
    overall = max(able, key=lambda o: (for_choice(o.validation_score), -o.needs.simplicity))
    return replace(
        overall,
        fits=tuple(pick.fits[part] for part, pick in enumerate(picks)),
        scores=tuple(pick.scores[part] for part, pick in enumerate(picks)),
    )


def part_lines(outcomes: Sequence[Outcome], candidate: Outcome | None) -> list[str]:
    """Which fine-tune was chosen how often, where several were tried part by part."""
    able = [o for o in outcomes if o.role == "candidate" and o.available and o.fits]
    if candidate is None or len(able) < 2:
        return []
    picks = [_best_at(able, part).name for part in range(len(able[0].fits))]
    counts = ", ".join(f"{name} {picks.count(name)} times" for name in sorted(set(picks)))
    return [f"Several fine-tunes were tried; in each part the best on its validation rows was taken: {counts}."]


def _best_at(able: Sequence[Outcome], part: int) -> Outcome:
    return max(able, key=lambda o: (for_choice(o.fits[part].validation_score), -o.needs.simplicity))


def _warnings(
    study: Study,
    outcomes: Sequence[Outcome],
    judged: Judged,
    results: Sequence[SystemResult],
    incumbent: str | None,
    uses: KnownUses,
    failures: Sequence[WholesaleFailure],
) -> list[str]:
    return [
        *failure_lines(failures),
        *warnings(study, results, incumbent),
        *floor_lines(len(study.scored), judged.margin.gain),
        *reuse_lines(study, uses),
        *part_lines(outcomes, judged.candidate),
        *time_lines(study, results),
        *judged.extra_warnings,
    ]


def _failures(
    study: Study, outcomes: Sequence[Outcome], judged: Judged, incumbent: str | None
) -> list[WholesaleFailure]:
    """Kinds of cases lost as a whole: by the fine-tune against what it must beat, by the system to use against today.

    A group has the name that the person gave it; rows that are only near copies of each other have none.
    """
    able = {outcome.name: outcome for outcome in outcomes if outcome.available and outcome.rows}
    if judged.candidate is not None and judged.candidate.name in able:
        able[judged.candidate.name] = judged.candidate
    chosen = judged.candidate.name if judged.candidate is not None else None
    rows = [study.examples[position] for position in study.scored]
    one_label = bool(study.labels) and not several_labels(study.settings)
    kinds: dict[Kind, list[str | None]] = {"category": [row.target for row in rows]} if one_label else {}
    if study.groups is not None:
        kinds["group"] = [row.group or None for row in rows]
    pairs = {(chosen, judged.decision.binding), (chosen, incumbent), (judged.decision.use.system, incumbent)}
    known = sorted((a, b) for a, b in pairs if a in able and b in able and a != b and a is not None and b is not None)
    found = [wholesale_failures(a, able[a].score_values, b, able[b].score_values, kinds) for a, b in known]
    return each_once([failure for failures in found for failure in failures])


def _scores(outcome: Outcome, cost: Cost, keep: NDArray[np.bool_]) -> SystemScores:
    budgets = [fit.budget for fit in outcome.fits]
    declared = [budget.declared for budget in budgets]
    return SystemScores(
        name=outcome.name,
        role=outcome.role,
        simplicity=outcome.needs.simplicity,
        scores=outcome.score_values[keep],
        usd_per_month=cost.usd_per_month,
        validation_score=outcome.validation_score,
        declared_budget=None if None in declared else sum(value for value in declared if value is not None),
        spent_budget=sum(budget.spent for budget in budgets),
        exhausted=bool(budgets) and all(budget.exhausted for budget in budgets),
        own=None not in declared,
    )


def _hard_limits(study: Study, outcomes: Sequence[Outcome], costs: Mapping[str, Cost]) -> dict[str, bool] | None:
    """Which systems keep the stated limits, by measured latency and declared cost; what is unknown is left out."""
    settings = study.settings
    if settings.max_latency_ms is None and settings.max_usd_per_month is None:
        return None
    met: dict[str, bool] = {}
    for outcome in outcomes:
        latency = next((fit.latency for fit in outcome.fits if fit.latency), None)
        checks = [
            (settings.max_latency_ms, latency.p95_ms if latency else None),
            (settings.max_usd_per_month, costs[outcome.name].usd_per_month),
        ]
        asked = [(limit, value) for limit, value in checks if limit is not None]
        if any(value is not None and value > limit for limit, value in asked):
            met[outcome.name] = False
        elif all(value is not None for _, value in asked):
            met[outcome.name] = True
    return met


def test_set_of(study: Study, uses: KnownUses) -> CaseSet:
    """The cases that decide, with all that is known of their uses."""
    groups = study.scored_groups
    return CaseSet(
        hash=study.test_hash,
        n=len(study.scored),
        groups=None if groups is None else len(np.unique(groups)),
        regime=study.regime,
        folds=len(study.parts) if study.regime == "cross-fitted" else None,
        uses=list(uses.same),
        overlapping_uses=list(uses.overlapping),
        overlapping_rows=uses.rows,
        text=test_set_text(study, uses),
    )
