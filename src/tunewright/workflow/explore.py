"""Before the locked test set is opened: validation figures with intervals, and what the test could prove.

No row of the test set is shown to any system here.
"""

from __future__ import annotations

from collections.abc import Sequence

from tunewright.decision.money import Margin
from tunewright.decision.plan import DEFAULT_DISCORDANCE, Reach, floor_lines, reach
from tunewright.records.verdict import SystemResult, Target, Use, Verdict
from tunewright.store import Store
from tunewright.workflow.compare_runs.validation_use import overuse_lines
from tunewright.workflow.comparison import fit_all
from tunewright.workflow.conclude import RunFacts, choose_candidate, test_set_of
from tunewright.workflow.costing.money import margin_of
from tunewright.workflow.evidence.learned import learned_of
from tunewright.workflow.evidence.validation_interval import validation_interval
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.grading import right_words
from tunewright.workflow.judging.panel import unheard
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.results import system_cost, system_result
from tunewright.workflow.sparing import Sparing
from tunewright.workflow.study import Hooks, Study
from tunewright.workflow.uses import KnownUses, known_uses, opening_text
from tunewright.workflow.words import not_tried, warnings


def explore(
    study: Study,
    contestants: Sequence[Contestant],
    incumbent: str | None,
    store: Store,
    facts: RunFacts,
    hooks: Hooks,
    sparing: Sparing | None = None,
) -> Verdict:
    """Fit and tune everything, and stop before the test."""
    outcomes = fit_all(study, contestants, store, hooks, sparing)
    costs = {outcome.name: system_cost(study, outcome) for outcome in outcomes}
    candidate = choose_candidate(outcomes)
    margin = margin_of(study.settings, outcomes, candidate, costs)
    learned = learned_of(study, outcomes, store, hooks)
    results = [
        _with_validation(study, o, system_result(study, o, costs[o.name], learned.get(o.name))) for o in outcomes
    ]
    best = min((r for r in results if r.score is not None), key=best_first, default=None)
    could = reach(len(study.scored), margin.gain, discordance=_discordance(results, candidate))
    uses = known_uses(study, store)
    return Verdict(
        run=facts.run,
        created=facts.created,
        task=study.settings.task,
        stage="explore",
        headline=None,
        headline_text=_headline(best, candidate, study),
        today_text=_today(results, incumbent, best),
        quality=None,
        borderline=False,
        candidate=candidate.name if candidate else None,
        incumbent=incumbent,
        binding=None,
        use=_use(best, incumbent),
        baselines=[],
        incumbent_comparisons=[],
        systems=results,
        target=_target(study, best),
        gates=list(study.gates),
        test_set=test_set_of(study, uses),
        min_improvement=margin.gain,
        volume_per_day=study.settings.volume_per_day,
        volume_stated="volume_per_day" in study.settings.model_fields_set,
        min_improvement_basis=margin.basis,
        smallest_provable_gain=could.smallest_gain,
        needed_cases=could.needed_cases,
        data=study.data,
        judging=unheard(study, outcomes),
        not_tried=not_tried(results),
        next_step=_next_step(study, could, margin, candidate, uses),
        review="Nothing is decided yet; the locked cases decide.",
        command=facts.command,
        warnings=[
            *warnings(study, results, incumbent),
            *floor_lines(len(study.scored), margin.gain),
            *overuse_lines(study, facts.run, results, margin.gain, store),
        ],
        seeds={"seed": study.settings.seed},
        hashes={**study.hashes, **facts.hashes},
    )


def _with_validation(study: Study, outcome: Outcome, result: SystemResult) -> SystemResult:
    """The validation figure in the place of the score, with the interval of its number of cases."""
    if result.validation_score is None:
        return result
    n = len(study.parts[0].validation)
    interval = validation_interval(outcome, result.validation_score, n)
    return result.model_copy(update={"score": result.validation_score, "n": n, "interval": interval})


def best_first(result: SystemResult) -> tuple[float, int, str]:
    """The highest score first; among equals the simpler system."""
    return -round(result.score or 0.0, 9), result.simplicity, result.name


def _discordance(results: Sequence[SystemResult], candidate: Outcome | None) -> float:
    """Two systems cannot differ more often than their errors add up to."""
    baselines = [r.score for r in results if r.role == "baseline" and r.score is not None]
    if candidate is None or candidate.validation_score is None or not baselines:
        return DEFAULT_DISCORDANCE
    errors = (1 - max(baselines)) + (1 - candidate.validation_score)
    return min(max(errors, 0.01), DEFAULT_DISCORDANCE)


def _headline(best: SystemResult | None, candidate: Outcome | None, study: Study) -> str:
    n, right = len(study.parts[0].validation), right_words(study.grading.grader)
    if best is None or best.score is None:
        return "No system could be fitted."
    text = f"On {n} validation cases {best.name} is best with {best.score:.1%} {right}."
    if candidate is None or candidate.validation_score is None or candidate.name == best.name:
        return text
    return f"{text} The fine-tune {candidate.name} has {candidate.validation_score:.1%}."


def _today(results: Sequence[SystemResult], incumbent: str | None, best: SystemResult | None) -> str:
    today = next((r for r in results if r.name == incumbent and r.score is not None), None)
    if today is None or best is None or best.score is None or today.score is None:
        return "Nothing is proven yet: these figures were used for choosing."
    if best.name == today.name:
        return f"Nothing beats what you use today ({today.name}) on validation."
    return (
        f"{best.name} looks better than what you use today: {best.score:.1%} against {today.score:.1%} on validation. "
        "Nothing is proven yet."
    )


def _use(best: SystemResult | None, incumbent: str | None) -> Use:
    if incumbent is not None:
        return Use(system=incumbent, reason="incumbent", text=f"Keep {incumbent} until the locked cases have decided.")
    if best is None:
        return Use(system=None, reason="none", text="There is nothing to use yet.")
    text = f"If you must use something today, {best.name} is best on validation; this is not proven."
    return Use(system=best.name, reason="best-on-validation", text=text)


def _target(study: Study, best: SystemResult | None) -> Target | None:
    stated = study.settings.target
    if stated is None:
        return None
    text = f"Whether {stated.at_least:.0%} is met is decided on the locked cases."
    return Target(
        metric=stated.metric,
        at_least=stated.at_least,
        system=best.name if best else None,
        result="unprovable",
        text=text,
    )


def _next_step(study: Study, could: Reach, margin: Margin, candidate: Outcome | None, uses: KnownUses) -> str:
    end = "Open the locked cases when you have stopped trying things: add --final to the command."
    if uses.looks:
        end = f"{end} {opening_text(len(study.scored), uses)}"
    if candidate is None:
        return end
    return f"{could.text} You asked for at least {margin.gain:.1%}. {end}"
