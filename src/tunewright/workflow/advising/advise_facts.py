"""Facts for the decision table: from a project file, from ``audit.json`` of the last audit, from ``verdict.json``.

Each says where it comes from. What a document does not hold stays unknown. Nothing is judged here; called by
``advise`` and by ``planning``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tunewright.decision.advice_facts import Fact, Origin, Value
from tunewright.decision.advice_job import read_job
from tunewright.decision.wording import points
from tunewright.project.settings import ProjectSettings
from tunewright.records.guard import GuardReport
from tunewright.records.verdict import DataSummary, SystemResult, Verdict
from tunewright.reporting.curve_document import CurveDocument
from tunewright.workflow.study import Study
from tunewright.workflow.words import PROMPT_KINDS

CLASSICAL = frozenset({"majority", "rules", "tfidf", "embedding"})
PRIVACY = ("personal_data", "secrets", "identity_exposure")
TRIED_BY_KIND = {
    "prompt": "tried_prompt",
    "optimised_prompt": "tried_prompt",
    "few_shot": "tried_few_shot",
    "retrieval": "tried_retrieval",
    "tools": "tried_tools",
    "rules": "tried_rules",
    "finetune": "tried_fine_tune",
}
Json = Mapping[str, Any]


class _Found(list[Fact]):
    """Facts of one origin; unknown values are left out."""

    def __init__(self, origin: Origin, where: str) -> None:
        super().__init__()
        self._origin, self._where = origin, where

    def add(self, name: str, value: Value | None, detail: str = "") -> None:
        if value is not None:
            known = float(value) if isinstance(value, int) and not isinstance(value, bool) else value
            self.append(Fact(name, known, self._origin, f"{self._where}{f': {detail}' if detail else ''}"))


def facts_of_project(settings: ProjectSettings, where: str) -> list[Fact]:
    """What a person wrote into the project file; a field that has its default says nothing."""
    found, stated = _Found("project", where), settings.model_fields_set
    found.add("job_clear", read_job(settings.task).clear if settings.task else None)
    found.add("closed_answers", settings.kind == "classify" if "kind" in stated or settings.data.path else None)
    found.add("has_measure", True if settings.data.target else None)
    found.add("target", settings.target.at_least if settings.target else None)
    found.add("min_improvement", settings.min_improvement)
    found.add("volume_per_day", settings.volume_per_day if "volume_per_day" in stated else None)
    found.add("latency_limit_ms", settings.max_latency_ms)
    found.add("data_may_leave", False if settings.egress == "none" else None)
    return found


def facts_of_audit(document: Json, where: str, approved: Sequence[str] = ()) -> list[Fact]:
    """What the last audit counted. ``approved`` findings about persons are settled by somebody's word."""
    found = _Found("audit", where)
    rows = document["dataset"]["rows"]
    numbers = {f"{c['name']}.{name}": v for c in document["checks"] for name, v in c["numbers"].items()}
    findings = {finding["kind"]: finding for finding in document["findings"]}
    found.add("labelled", rows)
    found.add("train_rows", numbers.get("label_need.different_training_rows"), "copies counted once")
    if document["dataset"]["kind"] == "classify":
        found.add("closed_answers", True)
        found.add("categories", numbers.get("class_balance.classes"))
        rarest = numbers.get("class_balance.rarest_share")
        found.add("least_class_rows", None if rarest is None else round(rarest * rows))
    slips = findings.get("label_errors.slips")
    found.add("suspect_labels", slips["numbers"].get("clear") if slips else None)
    found.add("labels_learnable", False if "label_errors.unlearnable" in findings else None)
    found.add("contradicting_rows", numbers.get("contradictions.contradicting_rows"))
    alpha = findings.get("annotators.low_agreement")
    found.add("human_agreement", alpha["numbers"].get("alpha") if alpha else None)
    open_ = open_findings(document, approved)
    if any(check["name"] in PRIVACY for check in document["checks"]):
        found.add("private_rows", max(open_.values(), default=0), ", ".join(open_))
    errors = [one for one in findings.values() if one["severity"] == "error" and one["check"] not in PRIVACY]
    found.add("audit_errors", len(errors), ", ".join(one["kind"] for one in errors[:3]))
    return found


def open_findings(document: Json, approved: Sequence[str] = ()) -> dict[str, int]:
    """Findings about persons that nobody approved, with their rows, most first; of those with a name of an audit."""
    found = [one for one in document["findings"] if one["check"] in PRIVACY and one["severity"] != "note"]
    open_ = [(one["kind"], int(one["affected"])) for one in found if one["kind"] not in approved]
    return dict(sorted(open_, key=lambda one: -one[1]))


def facts_of_diagnosis(document: Json, where: str) -> list[Fact]:
    """What the last diagnosis counted: shares of named errors, or what can be told of errors without a person."""
    found, tags = _Found("run", where), document["tags"]
    named = f"{tags['named']} errors of {document['system']} named by {', '.join(tags['by'])}" if tags["named"] else ""
    for name, value in document["facts"].items():
        detail = f"{document['system']}, told without a person"
        found.add(name, value, detail if name == "recall" or not named else named)
    return found


def facts_of_study(study: Study) -> list[Fact]:
    """What is counted before a run."""
    found = _Found("audit", "the data as read")
    data = study.data
    found.add("labelled", data.rows_used)
    found.add("test_cases", len(study.scored), "cases that decide")
    found.add("train_rows", _different(data), "without exact copies")
    found.add("min_improvement", study.settings.min_improvement)
    found.add("closed_answers", bool(study.labels))
    learned = (*study.all_rows.train, *study.all_rows.validation)
    counts = Counter(study.examples[row].target for row in learned) if study.labels else {}
    found.add("least_class_rows", min((counts.get(label, 0) for label in study.labels), default=None))
    return found


def facts_of_run(verdict: Verdict, where: str) -> list[Fact]:
    """What the last run measured."""
    found = _Found("run", where)
    judged = verdict.headline in ("SHIP_FINE_TUNE", "KEEP_SIMPLER", "NOT_PROVEN")
    found.add("judged", judged)
    found.add("shipped", verdict.headline == "SHIP_FINE_TUNE")
    found.add("headline", verdict.headline)
    found.add("has_measure", True)
    found.add("test_cases", verdict.test_set.n, "cases that decide")
    found.add("smallest_gain", verdict.smallest_provable_gain)
    found.add("needed_cases", verdict.needed_cases)
    found.add("min_improvement", verdict.min_improvement, verdict.min_improvement_basis)
    found.add("volume_per_day", verdict.volume_per_day if verdict.volume_stated else None)
    _rows(found, verdict)
    _systems(found, verdict)
    return found


def facts_of_guards(report: GuardReport, where: str) -> list[Fact]:
    """Whether what else must not break holds: no where a guard that stops a shipment is broken, yes where all that
    could be checked hold, unknown in between."""
    found = _Found("run", where)
    blocking = [guard for guard in report.guards if guard.blocks and guard.result != "not-checked"]
    broken = [guard.name for guard in blocking if guard.result == "broken"]
    if broken:
        found.add("gates_hold", False, f"{report.system} breaks {', '.join(broken)}")
    elif blocking and all(guard.result == "holds" for guard in blocking):
        found.add("gates_hold", True, f"{len(blocking)} of {report.system}")
    return found


def facts_of_curve(document: CurveDocument, where: str) -> list[Fact]:
    """What the learning curve of a fine-tune foretells; nothing where it cannot tell."""
    found = _Found("run", where)
    against = document.line.system if document.line is not None else ""
    detail = f"{document.system} against {against} by {points(document.min_improvement)}"
    found.add("curve_crosses", document.curve_crosses, detail)
    return found


def _rows(found: _Found, verdict: Verdict) -> None:
    data = verdict.data
    if verdict.test_set.regime == "answers":
        return
    found.add("labelled", data.rows_used)
    found.add("train_rows", _different(data), "without exact copies")
    found.add("categories", len(data.labels) or None)
    found.add("closed_answers", True if data.labels else None)
    if verdict.test_set.regime == "cross-fitted":
        sizes = [min(figures.n for figures in s.classes) for s in verdict.systems if s.classes]
        found.add("least_class_rows", max(sizes, default=None))


def _different(data: DataSummary) -> int:
    """Rows to learn from; out of fold all rows are, in turn, and none is counted as train."""
    learned = data.train + data.validation or data.rows_used
    return max(learned - data.exact_duplicates, 0)


def _systems(found: _Found, verdict: Verdict) -> None:
    able = [s for s in verdict.systems if s.available]
    serious = [s for s in able if s.asked_elsewhere or (s.kind in PROMPT_KINDS and not s.practice)]
    for system in able:
        if system.asked_elsewhere:
            found.add("tried_prompt", True, system.name)
        elif (
            system.kind in TRIED_BY_KIND
            and not system.practice
            and (system.score or system.validation_score) is not None
        ):
            found.add(TRIED_BY_KIND[system.kind], True, system.name)
    found.add("prompt_compared", bool(serious), ", ".join(s.name for s in serious))
    simple = _simple(able, verdict)
    if simple is not None and simple.score is not None:
        found.add("simple_score", simple.score, simple.name)
        found.add("simple_low", simple.interval[0] if simple.interval else None, simple.name)
    if verdict.target is not None:
        found.add("target", verdict.target.at_least)
        baseline = simple is not None and verdict.target.system == simple.name
        met = verdict.target.result == "met"
        found.add("target_met", met if baseline else None, verdict.target.text)
    if serious and verdict.use.reason == "simplest-shown" and simple is not None:
        found.add("classical_as_good", simple.kind in CLASSICAL, simple.name)
    billed = [s.per_answer.usd for s in able if s.role == "baseline" and s.per_answer and s.per_answer.usd]
    found.add("usd_per_call_today", min(billed, default=None), "cheapest billed system")
    remote = [s.latency.p95_ms for s in able if s.latency and s.per_answer and s.per_answer.usd]
    found.add("api_latency_ms", min(remote, default=None), "fastest billed system")


def _simple(able: Sequence[SystemResult], verdict: Verdict) -> SystemResult | None:
    """The simpler system that the verdict recommends, else the best on validation: none is picked for its test."""
    baselines = [s for s in able if s.role == "baseline"]
    chosen = next((s for s in baselines if s.name == verdict.use.system), None)
    if chosen is not None:
        return chosen
    scored = [s for s in baselines if s.validation_score is not None]
    return max(scored, key=lambda s: (s.validation_score or 0.0, -s.simplicity), default=None)
