"""Rules of the decision table on fine-tuning itself: examples, money, privacy, and what the last run proved.

Called by ``table``, which holds the order and the thresholds.
"""

from __future__ import annotations

from typing import Final

from tunewright.decision.advice_conditions import Limit, Other, at_least, below, every, is_, some
from tunewright.decision.advice_rule import Rule, Says
from tunewright.decision.advice_rules_first import AUDIT, RUN
from tunewright.decision.advice_rules_levers import FEW_SHOT, NOT_JUDGED, NOT_SHIPPED

REPORT = "tunewright report {project}"
LABEL = "tunewright label FILE {project}"
_BEHAVIOUR = some(
    every(at_least("errors_tagged", Limit("tagged_errors")), at_least("share_behaviour", Limit("behaviour_share"))),
    is_("main_failure", "behaviour"),
)
_ENOUGH_PER_CLASS = some(is_("closed_answers", False), at_least("least_class_rows", Limit("class_rows")))

TUNING_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "few_rows",
        "10",
        "Too few examples to learn from",
        every(below("train_rows", Limit("fewest_rows")), NOT_JUDGED),
        (
            Says("few_shot", "do", "Put the examples that there are into the prompt.", FEW_SHOT),
            Says("data", "try", "Collect more while a prompt does the work: {train_rows} of {fewest_rows}.", LABEL),
            Says("fine_tune", "no", "{train_rows} different examples teach it their own wording.", LABEL),
        ),
        "Different, clean examples: {fewest_rows} for a pilot, {pilot_rows} for more.",
        "OpenAI's guide: gains were seen from 50 to 100 examples on.",
    ),
    Rule(
        "thin_classes",
        "12",
        "A category has few examples",
        every(
            is_("closed_answers", True),
            below("least_class_rows", Limit("class_rows")),
            at_least("train_rows", Limit("pilot_rows")),
            NOT_JUDGED,
        ),
        (
            Says(
                "data", "try", "Label more of the rarest categories, or merge them: one has {least_class_rows}.", LABEL
            ),
            Says("fine_tune", "hold", "It would hardly learn the categories below {class_rows} examples.", AUDIT),
        ),
        "Examples of every category: {class_rows} or more.",
        "Google's guide: start with 100 examples; Together's: hundreds to thousands. The limit between is our own.",
    ),
    Rule(
        "nobody_keeps_it",
        "",
        "Nobody would keep it alive",
        every(is_("kept_alive", False), NOT_SHIPPED),
        (
            Says(
                "workflow",
                "try",
                "Name who looks at wrong answers every month; without that, choose what needs none.",
                RUN,
            ),
            Says("fine_tune", "no", "Models are retired and jobs change: somebody must tune it again.", RUN),
        ),
        "A person with hours for it.",
        "OpenAI, deprecations page: fine-tunes end with their base model (read 2026-10).",
    ),
    Rule(
        "budget",
        "",
        "The budget does not reach",
        every(below("budget_usd", Other("usd_to_tune")), NOT_JUDGED),
        (
            Says("few_shot", "try", "A prompt with examples fits the budget.", FEW_SHOT),
            Says(
                "fine_tune",
                "no",
                "A first one takes about {usd_to_tune}: missing labels at {hours_per_1000_labels} hours a thousand "
                "and ${usd_per_hour} an hour, training about ${usd_training}.",
                "tunewright plan --model 8B",
            ),
        ),
        "A budget of {usd_to_tune}, or labels that exist already.",
        "10 to 20 hours of review per 1,000 examples until timed; a LoRA of an 8B model about $7 (finding 10).",
    ),
    Rule(
        "curve_stays_below",
        "13",
        "More examples would not bring it there",
        every(is_("curve_crosses", False), NOT_SHIPPED),
        (
            Says("prompt", "try", "Spend on the prompt instead.", RUN),
            Says("data", "try", "Spend on the quality of the examples, not on their number.", AUDIT),
            Says("fine_tune", "no", "Its learning curve stays below the simpler system.", RUN),
        ),
        "A learning curve on better examples that passes it.",
        "Mahmood et al. 2022, Jain et al. 2023: curves mislead far out; never read beyond four times the data.",
    ),
    Rule(
        "volume_too_small",
        "14",
        "The volume does not pay for it",
        every(below("volume_per_day", Other("break_even_per_day")), NOT_SHIPPED),
        (
            Says(
                "fine_tune",
                "no",
                "At {volume_per_day} a day it costs more than it saves; it pays from {break_even_per_day} on.",
                "tunewright plan --model 8B",
            ),
        ),
        "A volume of {break_even_per_day} a day, or a gain in quality that is worth its price.",
        "Fixed cost over the saving of a call, within a year (horizon_days).",
    ),
    Rule(
        "data_stays",
        "15",
        "The data may not leave",
        every(is_("data_may_leave", False), NOT_JUDGED),
        (
            Says(
                "other_model", "try", "Only models on your own machines: set egress: none, and nothing can leave.", RUN
            ),
            Says("fine_tune", "try", "A small local one is worth comparing even if it is only as good.", RUN),
        ),
        "A contract that lets the data leave.",
        "Microsoft's and Together's guides name latency and private data as reasons to tune a small model.",
    ),
    Rule(
        "too_slow",
        "15",
        "No hosted model is fast enough",
        every(below("latency_limit_ms", Other("api_latency_ms")), NOT_JUDGED),
        (Says("fine_tune", "try", "A small local one is worth comparing even if it is only as good.", RUN),),
        "A hosted model that answers within {latency_limit_ms}.",
        "Microsoft's and Together's guides name latency and private data as reasons to tune a small model.",
    ),
    Rule(
        "pilot",
        "11",
        "Enough examples for a pilot",
        every(
            at_least("train_rows", Limit("fewest_rows")),
            below("train_rows", Limit("pilot_rows")),
            _BEHAVIOUR,
            NOT_JUDGED,
        ),
        (Says("fine_tune", "try", "As a pilot: {train_rows} examples, with a learning curve, and no promise.", RUN),),
        "Examples: {pilot_rows} or more; or errors of another kind.",
        "Our own limit: few examples make a pilot, and a curve says whether more would help.",
    ),
    Rule(
        "eligible",
        "12",
        "Learned behaviour is the gap, and there are examples",
        every(at_least("train_rows", Limit("pilot_rows")), _ENOUGH_PER_CLASS, _BEHAVIOUR, NOT_JUDGED),
        (Says("fine_tune", "try", "It is a candidate: compare it with everything simpler.", RUN),),
        "Errors of facts, form or reasoning in front; or a run.",
        "Google's guide: start with 100 examples; Together's: hundreds to thousands. The limit between is our own.",
    ),
    Rule(
        "classical_as_good",
        "16",
        "A classical model is as good",
        every(is_("classical_as_good", True), NOT_SHIPPED),
        (
            Says(
                "classical", "do", "It is shown to be within the margin of every prompted one, and nearly free.", REPORT
            ),
        ),
        "New cases on which the prompted model is better by {min_improvement}.",
        "The simpler of two that are shown to be alike.",
    ),
    Rule(
        "gates_fail",
        "17",
        "The fine-tune breaks or repeats something",
        is_("gates_hold", False),
        (
            Says(
                "fine_tune",
                "no",
                "Do not ship it: lower the learning rate or the rank, mix in general examples, drop duplicates.",
                AUDIT,
            ),
        ),
        "A fine-tune that passes the same gates.",
        "Biderman et al. 2024, Carlini et al. 2019: tuning forgets, and repeats what it has seen.",
    ),
    Rule(
        "base_ends",
        "18",
        "The base model ends soon",
        some(
            below("base_ends_days", Limit("horizon_days")),
            below("provider_notice_days", Limit("notice_days")),
        ),
        (Says("other_model", "do", "Keep the recipe portable and an open-weights model in the comparison.", RUN),),
        "A base model that stays for {horizon_days}, with {notice_days} of notice.",
        "The providers' own lists of retirements; the limit is our own.",
    ),
    Rule(
        "ship",
        "19",
        "The fine-tune is proven",
        is_("shipped", True),
        (
            Says(
                "fine_tune",
                "do",
                "Use it, beginning with a few cases a day, and keep the simpler system running beside it.",
                "tunewright predict best NEW_FILE {project}",
            ),
        ),
        "The next run on newer cases.",
        "The verdict of the run.",
    ),
    Rule(
        "keep_simpler",
        "20",
        "The fine-tune is not better by enough",
        is_("headline", "KEEP_SIMPLER"),
        (
            Says("keep", "do", "A simpler system does as well, for less.", REPORT),
            Says("fine_tune", "no", "It is shown not to be better by {min_improvement}.", REPORT),
        ),
        "Other examples, another base model or a smaller margin: each is a new run.",
        "The verdict of the run.",
    ),
    Rule(
        "not_proven",
        "20",
        "The fine-tune is not proven",
        is_("headline", "NOT_PROVEN"),
        (
            Says("keep", "do", "Until it is decided, keep the simplest system that is shown to be as good.", REPORT),
            Says("evals", "try", "About {needed_cases} cases in all would decide; you have {test_cases}.", LABEL),
            Says("fine_tune", "hold", "Its gain could be chance.", LABEL),
        ),
        "More test cases.",
        "The verdict of the run.",
    ),
    Rule(
        "otherwise",
        "20",
        "Nothing speaks for it yet",
        every(),
        (
            Says(
                "fine_tune",
                "hold",
                "Nothing shows yet that learned behaviour is what is missing; the simplest system stays.",
                RUN,
            ),
        ),
        "50 errors of the best simpler system, read and named; or a run in which the fine-tune wins.",
        "Otherwise the simplest of equals.",
    ),
)
