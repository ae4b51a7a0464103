"""The facts on which advice rests: which there are, in what unit, how one finds them out, and what is known of them.

A fact that nobody stated or measured is unknown, and never taken for "no" or 0. Where a person's word and a measurement
differ, the measurement holds and the word is kept beside it. Filled by ``workflow.advising.advise``, read by the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from tunewright.decision.wording import percent, points, usd

Value = bool | float | str
Unit = Literal["yes or no", "count", "share", "points", "number", "days", "dollars", "milliseconds", "word"]
# Later ones outrank earlier ones: what is measured comes before what is said.
Origin = Literal["default", "answer", "project", "audit", "derived", "run"]
RANK: Final[tuple[Origin, ...]] = ("default", "answer", "project", "audit", "derived", "run")

ASK = "answer it: `tunewright advise {here} --ask`"
AUDIT = "look at your examples: `tunewright audit {what}`"
RUN = "compare on your examples: `tunewright run {what}`"
DIAGNOSE = "measure it: `tunewright diagnose {what}`, with a column of right passages"
TAG = "name 50 errors of the best system, key by key: `tunewright diagnose {what} --tag`"


@dataclass(frozen=True, slots=True)
class FactKind:
    """What a fact is called in a sentence, its unit, and how a person finds it out."""

    words: str
    unit: Unit
    find_out: str


def _k(words: str, unit: Unit, find_out: str = ASK) -> FactKind:
    return FactKind(words, unit, find_out)


FACTS: Final[Mapping[str, FactKind]] = {
    "job_clear": _k("the job is said with what is done, what comes in and what goes out", "yes or no"),
    "measure_open": _k("the job is clear, and nobody said how right answers are counted", "yes or no"),
    "prompt_open": _k("the job is clear, and nobody said whether a prompt was tried", "yes or no"),
    "has_measure": _k("right answers can be counted", "yes or no"),
    "target": _k("share of answers that must be right", "share"),
    "simple_score": _k("share that the best simpler system has right", "share", RUN),
    "simple_low": _k("share that it is shown to have right at least", "share", RUN),
    "target_met": _k("a simpler system is shown to meet the target", "yes or no", RUN),
    "test_cases": _k("cases that can test", "count", AUDIT),
    "needed_cases": _k("cases that would show the smallest gain worth having", "count", "`tunewright plan {what}`"),
    "min_improvement": _k("smallest gain worth having", "points"),
    "smallest_gain": _k("smallest gain that these cases can show", "points", "`tunewright plan {what}`"),
    "ceiling": _k("share on which careful people agree", "share", "let two people answer 50 cases separately"),
    "headroom": _k("gain that is possible at all", "points", RUN),
    "human_agreement": _k("agreement of people (Krippendorff's alpha)", "number", "let two people label 50 cases"),
    "errors_tagged": _k("errors that somebody read and named", "count", TAG),
    "share_facts": _k("share of errors for want of a fact", "share", TAG),
    "share_format": _k("share of errors of form", "share", TAG),
    "share_reasoning": _k("share of errors of reasoning", "share", TAG),
    "share_retrieval": _k("share of errors where the right passage was not found", "share", TAG),
    "share_behaviour": _k("share of errors of behaviour (tone, where to draw the line)", "share", TAG),
    "share_labels": _k("share of errors where the answer was right and the label wrong", "share", TAG),
    "main_failure": _k("what goes wrong most", "word"),
    "recall": _k("share of questions whose passage is among those found", "share", DIAGNOSE),
    "needs_facts": _k("it needs facts that stand in no example", "yes or no"),
    "facts_change_days": _k("how often those facts change", "days"),
    "task_changes_days": _k("how often it changes what counts as right", "days"),
    "work": _k("kind of work", "word"),
    "closed_answers": _k("an answer is one of a fixed list", "yes or no"),
    "tried_prompt": _k("a written-out prompt was tried", "yes or no"),
    "tried_few_shot": _k("a prompt with examples was tried", "yes or no"),
    "tried_retrieval": _k("retrieval was tried", "yes or no"),
    "tried_tools": _k("tools were tried", "yes or no"),
    "tried_rules": _k("rules or templates were tried", "yes or no"),
    "tried_other_model": _k("another, larger model was tried", "yes or no"),
    "tried_fine_tune": _k("a fine-tune was tried", "yes or no"),
    "prompt_compared": _k("a serious prompted model stands in the last comparison", "yes or no", RUN),
    "labelled": _k("labelled examples", "count", AUDIT),
    "train_rows": _k("different examples to learn from", "count", AUDIT),
    "categories": _k("categories", "count", AUDIT),
    "least_class_rows": _k("examples of the rarest category", "count", AUDIT),
    "curve_crosses": _k(
        "the learning curve passes the best simpler system within four times the data",
        "yes or no",
        "draw it: `tunewright curve {what}`",
    ),
    "volume_per_day": _k("answers a day", "count"),
    "break_even_per_day": _k(
        "answers a day from which a fine-tune pays",
        "count",
        "give usd_per_call_today, usd_per_call_tuned and usd_fixed in advice.yaml",
    ),
    "usd_per_call_today": _k("dollars for a call today", "dollars", RUN),
    "usd_per_call_tuned": _k("dollars for a call of the fine-tune", "dollars", "your provider's price list"),
    "usd_fixed": _k("dollars of the fine-tune that do not depend on calls", "dollars", "`tunewright plan --model 8B`"),
    "data_may_leave": _k("the data may leave your machines", "yes or no"),
    "latency_limit_ms": _k("longest wait for an answer", "milliseconds"),
    "api_latency_ms": _k("wait for the fastest hosted system (95th percentile)", "milliseconds", RUN),
    "budget_usd": _k("dollars for the first try, work included", "dollars"),
    "usd_to_tune": _k("dollars of a first fine-tune: missing labels and training", "dollars", AUDIT),
    "kept_alive": _k("somebody keeps it alive", "yes or no"),
    "classical_as_good": _k("a classical system is shown as good as every prompted one", "yes or no", RUN),
    "gates_hold": _k("what else must not break holds in the fine-tune", "yes or no", "`tunewright guard`"),
    "base_ends_days": _k("the provider ends the base model in", "days", "your provider's deprecation page"),
    "provider_notice_days": _k("the provider gives notice of", "days", "your provider's deprecation page"),
    "audit_errors": _k("findings to settle before training", "count", AUDIT),
    "private_rows": _k("rows with personal data or secrets that nobody approved", "count", AUDIT),
    "suspect_labels": _k("share of labels that look clearly wrong", "share", AUDIT),
    "contradicting_rows": _k("share of rows that contradict another", "share", AUDIT),
    "labels_learnable": _k("labels follow from their inputs", "yes or no", AUDIT),
    "headline": _k("the verdict of the last run", "word", RUN),
    "judged": _k("a fine-tune was judged in the last run", "yes or no", RUN),
    "shipped": _k("the last run says to ship the fine-tune", "yes or no", RUN),
}
# Known from the beginning: before there is a run, there is none.
DEFAULTS: Final[Mapping[str, Value]] = {"judged": False, "shipped": False}


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known: ``where`` says who said or measured it; ``overrules`` is another value that it outranks."""

    name: str
    value: Value
    origin: Origin
    where: str
    overrules: Fact | None = None

    @property
    def shown(self) -> str:
        return show(FACTS[self.name].unit, self.value)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known, by name; what is missing is unknown."""

    known: Mapping[str, Fact] = field(default_factory=dict)

    @staticmethod
    def of(facts: Iterable[Fact]) -> Facts:
        """The facts with their defaults; of two about one thing the higher origin holds, among equals the later.

        Raises:
            KeyError: a name that no fact has.
        """
        known = {name: Fact(name, value, "default", "no run yet") for name, value in DEFAULTS.items()}
        for fact in facts:
            _ = FACTS[fact.name]
            other = known.get(fact.name)
            if other is None or RANK.index(other.origin) <= RANK.index(fact.origin):
                differs = other is not None and other.origin != "default" and other.value != fact.value
                known[fact.name] = Fact(fact.name, fact.value, fact.origin, fact.where, other if differs else None)
            elif other.value != fact.value:
                known[fact.name] = Fact(other.name, other.value, other.origin, other.where, fact)
        return Facts(known)

    def __contains__(self, name: str) -> bool:
        return name in self.known

    def value(self, name: str) -> Value | None:
        """The value; None where it is unknown."""
        fact = self.known.get(name)
        return None if fact is None else fact.value

    def number(self, name: str) -> float | None:
        """The value of a fact that is a number; None where it is unknown."""
        value = self.value(name)
        return None if value is None or isinstance(value, str) else float(value)

    def filled(self, fact: Fact) -> Facts:
        """With one more fact, where it is unknown."""
        return Facts({fact.name: fact, **self.known})


def show(unit: Unit, value: Value) -> str:
    """A value as a sentence shows it: "87 %", "12 points", "yes"."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if unit == "share":
        return percent(value)
    if unit == "points":
        return points(value)
    if unit == "dollars":
        return f"${value:.6f}".rstrip("0") if 0 < value < 0.01 else usd(value)
    number = f"{value:,.2f}".rstrip("0").rstrip(".")
    ends = {"days": " day" if value == 1 else " days", "milliseconds": " ms"}
    return number + ends.get(unit, "")
