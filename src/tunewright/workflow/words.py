"""The sentences of a verdict that follow from the run rather than from the statistics."""

from __future__ import annotations

from collections.abc import Sequence

from tunewright.decision.levels import FEWEST_FOR_MID_P
from tunewright.decision.plan import round_up
from tunewright.decision.verdict import Decision
from tunewright.decision.wording import count
from tunewright.records.verdict import SystemResult
from tunewright.workflow.study import Study
from tunewright.workflow.uses import KnownUses, look_text

PROMPT_KINDS = frozenset({"prompt", "few_shot", "optimised_prompt", "retrieval", "tools"})
# Systems that ask a model or not, as their entry says: what an answer took of models tells which.
PERHAPS_PROMPTED = frozenset({"retrieval", "cascade", "pipeline"})
LARGE_SHARE_OF_UNUSABLE = 0.05


def test_set_text(study: Study, uses: KnownUses) -> str:
    """What the claim is about, in words."""
    return " ".join([_cases_text(study, uses), *claim_lines(study)])


def _cases_text(study: Study, uses: KnownUses) -> str:
    n = len(study.scored)
    if study.regime == "answers":
        return f"{n} cases, answered by both files. Whether a system was built on them cannot be seen from here."
    if study.regime == "cross-fitted":
        return (
            f"Each of the {n} cases was answered by systems that had not seen it ({len(study.parts)} parts in turn). "
            "The claim is about this way of building the system; the one to use is then built on all rows."
        )
    times = "once" if len(uses.same) <= 1 else f"{len(uses.same)} times"
    text = f"{n} locked cases that no system was fitted or tuned on, used {times}." if uses.same else _closed(n)
    return " ".join([text, *overlap_lines(uses)])


def claim_lines(study: Study) -> list[str]:
    """How the project's own wishes change what a win means; none where it has the usual ones."""
    lines = []
    if study.settings.gate == "midp" and (study.regime == "cross-fitted" or len(study.scored) < FEWEST_FOR_MID_P):
        lines.append(f"The exact test holds, not mid-p: that is for {FEWEST_FOR_MID_P} locked cases or more.")
    elif study.settings.gate == "midp":
        lines.append("Wins on independent right-or-wrong cases are tested by mid-p, as this project asks.")
    if study.settings.strong:
        lines.append(
            "A strong claim: a better fine-tune ships only when its gain is shown to reach what is worth paying for."
        )
    return lines


def _closed(n: int) -> str:
    return f"{n} locked cases, not opened yet."


def overlap_lines(uses: KnownUses) -> list[str]:
    """Uses of other test sets with some of the same cases, as another seed makes them from the same rows."""
    if not uses.overlapping:
        return []
    many = len(uses.overlapping)
    tests = "1 earlier use of a test that shares" if many == 1 else f"{many} earlier uses of tests that share"
    return [f"{tests} {uses.rows} {'row' if uses.rows == 1 else 'rows'} with this one."]


def not_tried(results: Sequence[SystemResult]) -> list[str]:
    """What a reader might miss, and what was not available."""
    items = [f"{result.name}: {result.reason}" for result in results if not result.available]
    prompted = [result for result in results if result.available and _asks_a_model(result)]
    if not any(_asks_a_serious_model(result) for result in prompted):
        only = " (what was prompted is a practice model: a win over it is no win over prompting)" if prompted else ""
        items.append(f"no large prompted model was tried{only}")
    return items


def _asks_a_model(result: SystemResult) -> bool:
    """Whether a model answers that was not tuned here."""
    if result.asked_elsewhere:
        return True
    if result.kind not in PERHAPS_PROMPTED:
        return result.kind in PROMPT_KINDS
    return _is_billed(result) or (
        result.role == "baseline" and result.per_answer is not None and result.per_answer.calls > 0
    )


def _asks_a_serious_model(result: SystemResult) -> bool:
    """Whether a model that is not for practice stands in it; a bill says so where others beside it are for practice."""
    return not result.practice or _is_billed(result)


def _is_billed(result: SystemResult) -> bool:
    return result.per_answer is not None and result.per_answer.usd != 0


def next_step(study: Study, decision: Decision, results: Sequence[SystemResult]) -> str:
    """The cheapest thing to do next."""
    failed = [gate for gate in decision.gates if not gate.passed]
    if failed:
        return f"Mend this first, then run again: {failed[0].text}"
    unavailable = [result for result in results if not result.available and result.role == "candidate"]
    if decision.headline is None and unavailable:
        return f"Nothing more is needed for now. {unavailable[0].name}: {unavailable[0].reason}"
    if decision.headline == "NOT_PROVEN":
        if decision.stopped_by_look:
            files = "let both systems answer them and compare those answers; " if study.regime == "answers" else ""
            return f"Fresh cases decide it: {files}in a project, tunewright refresh FOLDER NEW_FILE."
        if decision.needed_cases is not None:
            more = count(round_up(max(decision.needed_cases - len(study.scored), 1)), "more case")
            return f"Label about {more} and run again; the answers so far are kept."
        return "More cases would hardly decide this: improve the data or the labels instead, then run again."
    use = decision.use.system
    if study.regime == "answers":
        ship = decision.use.reason == "ship"
        return "Read the fixed and broken cases, then change over." if ship else "Change nothing for now."
    if use is None:
        return "Add a system that can do the task, and run again."
    if any(result.name == use and result.kind == "answers" for result in results):
        return f"Keep asking {use} as you do today: its answers were recorded, so nothing here could replace it."
    if decision.headline == "SHIP_FINE_TUNE":
        return f"Try it on new rows: tunewright predict {use} NEW_FILE. Then give it a small share of the real traffic."
    return f"Use it on new rows: tunewright predict {use} NEW_FILE."


def review(study: Study, created: str, decision: Decision) -> str:
    """Who should look again, and when."""
    who = "Someone who knows the job should read the fixed and broken cases before anything changes."
    rate = study.settings.volume_per_day
    when = (
        "Look again in three months, or when the mix of cases changes."
        if rate < 10_000
        else "Look again in one month, or when the mix of cases changes."
    )
    return f"{who} {when}"


def warnings(study: Study, results: Sequence[SystemResult], incumbent: str | None) -> list[str]:
    """What a careful reader would ask about."""
    found = list(study.warnings)
    today = next((result for result in results if result.name == incumbent), None)
    if today is not None and not today.available:
        found.append(f"What you use today ({today.name}) could not be compared: {today.reason}")
    for result in results:
        if result.available and result.n and result.no_usable_answer > LARGE_SHARE_OF_UNUSABLE * result.n:
            share = result.no_usable_answer / result.n
            found.append(f"{result.name} gave no usable answer in {share:.0%} of the cases; they count as wrong.")
        if result.missing:
            found.append(f"{result.name} left {result.missing} cases unanswered; they are compared on what both have.")
        if result.noise_flip_rate:
            found.append(f"{result.name} changed {result.noise_flip_rate:.1%} of its answers when asked again.")
    return found


def time_lines(study: Study, results: Sequence[SystemResult]) -> list[str]:
    """With the newest rows as the test: the score there beside the one on a random part of the older rows."""
    if study.regime != "locked" or not study.settings.data.time or study.settings.data.test:
        return []
    known = [r for r in results if r.available and r.score is not None and r.validation_score is not None and r.n]
    figures = "; ".join(f"{r.name} {r.score:.1%} and {r.validation_score:.1%}" for r in known)
    return [f"Right on the newest rows, and on a random part of the older ones: {figures}."] if known else []


def reuse_lines(study: Study, uses: KnownUses) -> list[str]:
    """How often the same cases were used, and what that leaves of this look."""
    looks = uses.looks
    if looks < 2:
        return []
    times = "once" if len(uses.same) == 1 else f"{len(uses.same)} times"
    partly = ""
    if uses.overlapping:
        partly = f", and {uses.rows} of the {len(study.scored)} in {count(len(uses.overlapping), 'use')} of other tests"
    return [
        f"These cases have been used {times}{partly}, with different answers or margins. {look_text(uses)}".rstrip(),
    ]
