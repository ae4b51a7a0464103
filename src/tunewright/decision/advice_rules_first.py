"""Rules of the decision table that come first: can it be measured, are the examples sound, is it solved already.

Called by ``table``, which holds the order and the thresholds.
"""

from __future__ import annotations

from typing import Final

from tunewright.decision.advice_conditions import Limit, Other, at_least, below, every, is_, some
from tunewright.decision.advice_rule import Rule, Says

OWN: Final = "Judgement of this program; no measurement stands behind it."
PLAN = "tunewright plan {what}"
AUDIT = "tunewright audit {what}"
REVIEW = "tunewright review {what}"
RUN = "tunewright run {what}"
INIT = "tunewright init TABLE --target COLUMN"
CHAT = 'tunewright chat MODEL --system "YOUR PROMPT"'
APPROVE = "tunewright approve {finding} --by NAME --reason TEXT {project}"

FIRST: Final[tuple[Rule, ...]] = (
    Rule(
        "job_unclear",
        "",
        "The job is not said",
        is_("job_clear", False),
        (
            Says(
                "workflow",
                "do",
                "Write the job as one sentence: what is done, what comes in, what goes out. Who cannot say it to a "
                "colleague cannot say it to a model.",
                "tunewright advise {here} --ask",
            ),
        ),
        "A sentence with a verb, an input and an output.",
        "Google and OpenAI both ask for a well-defined task before tuning (guides, read 2026-10).",
    ),
    Rule(
        "cannot_judge",
        "4.5 INVALID",
        "The last run could not judge",
        is_("headline", "CANNOT_JUDGE"),
        (
            Says(
                "evals",
                "do",
                "Mend what kept the last run from judging, then run it again.",
                "tunewright report {project}",
            ),
            Says("fine_tune", "hold", "The comparison is not valid, so nothing is known about it.", RUN),
        ),
        "A run whose gates all pass.",
        "Design, section 4: gates come before every other headline.",
    ),
    Rule(
        "no_measure",
        "1",
        "Nobody can count right answers",
        is_("has_measure", False),
        (
            Says(
                "evals",
                "do",
                "Collect cases with the answer that is right, {least_test_cases} at the very least. Without them no "
                "change can be told from luck.",
                INIT,
            ),
            Says("fine_tune", "hold", "Without a measure nobody would know whether it helped.", INIT),
        ),
        "A table of inputs with right answers that somebody stands for.",
        "OpenAI, supervised fine-tuning guide: 'Good evals first'.",
    ),
    Rule(
        "measure_first",
        "1",
        "Nobody said how right answers are counted",
        is_("measure_open", True),
        (
            Says(
                "evals",
                "do",
                "Collect cases with the answer that is right, {least_test_cases} at the very least, before anything is "
                "built: they judge the prompt as well.",
                INIT,
            ),
        ),
        "A table of inputs with right answers, or a word that there is one.",
        "OpenAI, supervised fine-tuning guide: 'Good evals first'.",
    ),
    Rule(
        "few_test_cases",
        "1",
        "Too few cases to test",
        below("test_cases", Limit("least_test_cases")),
        (
            Says(
                "evals",
                "do",
                "Label more cases: {test_cases} show no gain smaller than {smallest_gain}; about {needed_cases} would "
                "show {min_improvement}.",
                "tunewright label FILE {project}",
            ),
            Says("fine_tune", "hold", "Too few cases to see a difference.", "tunewright label FILE {project}"),
        ),
        "Test cases: {least_test_cases} or more.",
        "OpenAI's guide: evaluations before fine-tuning; sizes after Connor 1987.",
    ),
    Rule(
        "private_rows",
        "",
        "Personal data or secrets are open",
        at_least("private_rows", 1),
        (
            Says(
                "data",
                "do",
                "Redact {private_rows} rows, or approve them by name; runs on this data are refused until then.",
                APPROVE,
            ),
            Says(
                "fine_tune",
                "hold",
                "What a model has learned of a person cannot be taken out.",
                APPROVE,
            ),
        ),
        "The findings approved or the rows redacted, and a new audit.",
        "This program's privacy gate: docs/privacy.md.",
    ),
    Rule(
        "audit_errors",
        "",
        "The audit found what must be settled",
        at_least("audit_errors", 1),
        (
            Says("data", "do", "Settle the errors of the audit first: {audit_errors}.", REVIEW),
            Says("fine_tune", "hold", "A model learns the errors of its examples as truth.", REVIEW),
        ),
        "An audit without errors.",
        "Google, tuning guide: quality before quantity.",
    ),
    Rule(
        "people_disagree",
        "2",
        "People do not agree on the right answer",
        some(below("human_agreement", Limit("least_agreement")), is_("main_failure", "labels")),
        (
            Says("data", "do", "Settle the guideline: read where people part, and write the rule down.", REVIEW),
            Says("workflow", "try", "Merge categories that nobody can tell apart, or ask for more input.", AUDIT),
            Says("fine_tune", "hold", "No model can be shown to be better than its labels.", REVIEW),
        ),
        "Agreement of {least_agreement} or more between two people on 50 cases.",
        "Krippendorff 2004: below .667 not even tentative conclusions.",
    ),
    Rule(
        "errors_are_labels",
        "2",
        "Many errors are wrong labels",
        every(at_least("errors_tagged", Limit("tagged_errors")), at_least("share_labels", Limit("label_error_share"))),
        (
            Says(
                "data", "do", "{share_labels} of the errors read are right answers with a wrong label: relabel.", REVIEW
            ),
            Says("fine_tune", "hold", "It would be trained towards wrong labels and judged by them.", REVIEW),
        ),
        "A second reading after relabelling, with less than {label_error_share} wrong labels among the errors.",
        "Our own limit.",
    ),
    Rule(
        "labels_follow_nothing",
        "2",
        "The labels do not follow from the inputs",
        is_("labels_learnable", False),
        (
            Says("data", "do", "Labels look random to models: check the input column and how rows were joined.", AUDIT),
            Says("fine_tune", "no", "What the input does not decide cannot be learned from it.", AUDIT),
        ),
        "An audit after the columns or the join are mended.",
        "The audit's check of wrong labels: docs/audit.md.",
    ),
    Rule(
        "suspect_rows",
        "2",
        "Labels look wrong or contradict each other",
        some(
            at_least("suspect_labels", Limit("suspect_share")),
            at_least("contradicting_rows", Limit("contradicting_share")),
        ),
        (Says("data", "do", "Go through the rows that look wrong, worst first.", REVIEW),),
        "A review whose queue holds few true errors: it says so itself. The audit ranks, it does not prove.",
        OWN,
    ),
    Rule(
        "target_met",
        "3",
        "A simpler system is good enough",
        every(is_("target_met", True), is_("shipped", False)),
        (
            Says(
                "keep",
                "do",
                "It is shown to have {simple_low} right or more; you asked for {target}.",
                "tunewright report {project}",
            ),
            Says("fine_tune", "no", "A simpler system does the job.", "tunewright report {project}"),
        ),
        "A higher target, or newer cases on which the simpler system falls below {target}.",
        "The simplest system that is shown to meet the target; exact bound, Clopper and Pearson 1934.",
    ),
    Rule(
        "no_headroom",
        "4",
        "What could be gained is too small to see",
        every(below("headroom", Other("smallest_gain")), is_("judged", False)),
        (
            Says(
                "evals",
                "do",
                "At most {headroom} are left to gain and {test_cases} cases show {smallest_gain}: about "
                "{needed_cases} cases are needed for {min_improvement}, or stop here.",
                PLAN,
            ),
            Says("keep", "try", "Stopping here is a good answer.", "tunewright report {project}"),
            Says("fine_tune", "hold", "Even a perfect one could not be told from what you have.", PLAN),
        ),
        "More test cases, so that they can show less than {headroom}.",
        "Power 0.8 by the exact gate, Connor 1987.",
    ),
)
