"""The details of a verdict on tables of answers: what the graded answers say beside their share right.

Called by ``answers_verdict``; tables of scores and logs have more of them, in ``scores_verdict``.
"""

from __future__ import annotations

from tunewright.records.verdict import Verdict
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.recorded.score_details import complete_gains, margins
from tunewright.workflow.recorded.verdict_details import DetailedVerdict, Details
from tunewright.workflow.study import Study


def with_details(verdict: Verdict, study: Study, new: Outcome, old: Outcome) -> DetailedVerdict:
    """The same verdict with the p values of the margins."""
    gains, groups, _ = complete_gains(new.score_values, old.score_values, study.scored_groups)
    not_worse, equivalent = margins(gains, verdict.min_improvement, groups)
    details = Details(
        metric="accuracy",
        formats=["answers"],
        not_worse_p=not_worse,
        equivalent_p=equivalent,
    )
    return DetailedVerdict.model_validate({**verdict.model_dump(), "details": details.model_dump()})
