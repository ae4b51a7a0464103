"""The decision table: every rule in its order, with its thresholds. Data only; ``advice`` evaluates it.

Read from top to bottom, the rules on the job that are asked before there is data first. So that advice never
contradicts a verdict, rules that predict whether a fine-tune would win are silent once a run has judged one, and what
makes a fine-tune eligible stands behind what forbids it.
``plan``, ``advise`` and docs/decision.md read this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tunewright.decision.advice_rule import Rule
from tunewright.decision.advice_rules_first import FIRST
from tunewright.decision.advice_rules_levers import LEVER_RULES
from tunewright.decision.advice_rules_tuning import TUNING_RULES
from tunewright.decision.money import DEFAULT_MARGIN

TABLE: Final[tuple[Rule, ...]] = (*FIRST, *LEVER_RULES, *TUNING_RULES)
# The section `advice` of thresholds.yaml overrules them.
LIMITS: Final[Mapping[str, float]] = {
    # Fewer cases show nothing below 17 points.
    "least_test_cases": 50,
    # Labels that people agree on.
    "least_agreement": 0.6,
    "label_error_share": 0.2,
    # Our own: from these shares on a review comes before anything else.
    "suspect_share": 0.05,
    "contradicting_share": 0.02,
    # Shares of errors that somebody read, and how many must have been read.
    "tagged_errors": 50,
    "error_share": 0.5,
    "retrieval_share": 0.3,
    "least_recall": 0.9,
    # Days between two trainings that a team keeps up.
    "retrain_days": 90,
    # Our own: answers a day that a person does beside other work.
    "small_volume": 10,
    "few_shot_rows": 5,
    # Examples to learn from.
    "fewest_rows": 50,
    "pilot_rows": 200,
    "class_rows": 20,
    "behaviour_share": 0.4,
    # Days until a base model ends.
    "notice_days": 180,
    "horizon_days": 365,
    # What a first fine-tune costs: hours of review per 1,000 labels, dollars of an hour, dollars of a training.
    "hours_per_1000_labels": 15,
    "usd_per_hour": 40,
    "usd_training": 7,
    # The smallest gain worth having where nobody states one.
    "default_gain": DEFAULT_MARGIN,
}
