"""The questions that ``advise`` asks before there is data: twelve, each with its reason, and what an answer means.

Answers are texts as a person types them, so that a file, a flag and the terminal are read alike; an unusable one is a
``ValueError`` with a sentence for the person. Called by ``workflow.advising.advise`` and ``cli.advise_dialogue``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tunewright.decision.advice_facts import FACTS, Value
from tunewright.decision.advice_job import read_job
from tunewright.statistics.proportions import clopper_pearson_interval

Values = dict[str, Value]
NO: Final = ("no", "n", "none", "nothing", "nobody", "0", "false")
YES: Final = ("yes", "y", "true")
TRIED: Final[Mapping[str, str]] = {
    "prompt": "tried_prompt",
    "examples": "tried_few_shot",
    "retrieval": "tried_retrieval",
    "tools": "tried_tools",
    "rules": "tried_rules",
    "model": "tried_other_model",
    "fine-tune": "tried_fine_tune",
}
_TRIED_WORDS = {
    "few-shot": "examples",
    "fewshot": "examples",
    "few": "examples",
    "rag": "retrieval",
    "search": "retrieval",
}
_TRIED_WORDS |= {
    "templates": "rules",
    "template": "rules",
    "regex": "rules",
    "finetune": "fine-tune",
    "tuning": "fine-tune",
}
FAILURES: Final[Mapping[str, str]] = {
    "facts": "facts",
    "form": "format",
    "reasoning": "reasoning",
    "passage": "retrieval",
    "behaviour": "behaviour",
    "labels": "labels",
}
WORK: Final = ("sorting", "extraction", "writing", "lookup", "calculation")
DAYS: Final[Mapping[str, float]] = {
    "hour": 1 / 24, "day": 1, "daily": 1, "week": 7, "month": 30, "quarter": 91, "year": 365, "never": 3_650,
    "rarely": 3_650, "always": 1, "constantly": 1,
}  # fmt: skip
A_DAY_MS = 86_400_000.0


@dataclass(frozen=True, slots=True)
class Question:
    """One question: ``why`` it is asked, how an answer looks, and the facts that an answer gives."""

    id: str
    text: str
    why: str
    form: str
    read: Callable[[str], Values]


def _job(answer: str) -> Values:
    return {"job_clear": read_job(answer).clear}


def _tried(answer: str) -> Values:
    if answer.lower() in NO:
        return dict.fromkeys(TRIED.values(), False)
    chosen = [_chosen(part, tuple(TRIED), _TRIED_WORDS) for part in re.split(r"[,;]| and ", answer) if part.strip()]
    return {fact: name in chosen for name, fact in TRIED.items()}


def _failure(answer: str) -> Values:
    words = {"format": "form", "json": "form", "schema": "form", "style": "behaviour", "tone": "behaviour"}
    words |= {"behavior": "behaviour", "knowledge": "facts", "logic": "reasoning", "retrieval": "passage"}
    return {"main_failure": FAILURES[_chosen(answer, tuple(FAILURES), words)]}


def _needed_facts(answer: str) -> Values:
    if answer.lower() in NO:
        return {"needs_facts": False}
    return {"needs_facts": True} if answer.lower() in YES else {"needs_facts": True, "facts_change_days": days(answer)}


def _work(answer: str) -> Values:
    words = {"classification": "sorting", "classify": "sorting", "labels": "sorting", "routing": "sorting"}
    words |= {"calculate": "calculation", "text": "writing", "search": "lookup", "extract": "extraction"}
    work = _chosen(answer, WORK, words)
    return {"work": work} if work in ("lookup", "calculation") else {"work": work, "closed_answers": work == "sorting"}


def _stable(answer: str) -> Values:
    return {"task_changes_days": DAYS["never"] if answer.lower() in NO else days(answer)}


_WAIT = re.compile(r"(\d[\d.]*)\s*(ms|milliseconds?|s|secs?|seconds?|min|minutes?)\b|\bno limit\b")


def _volume(answer: str) -> Values:
    """A number a day, a longest wait, or both."""
    values: Values = {}
    wait = _WAIT.search(answer.lower())
    if wait is not None:
        unit = wait[2] or ""
        factor = 1.0 if unit.startswith(("ms", "milli")) else 60_000.0 if unit.startswith("m") else 1_000.0
        values["latency_limit_ms"] = number(wait[1]) * factor if wait[1] else A_DAY_MS
        answer = (answer[: wait.start()] + answer[wait.end() :]).strip(" ,;.")
    if answer:
        values["volume_per_day"] = 0.0 if answer.lower() in NO else number(answer)
    return values


def _privacy(answer: str) -> Values:
    return {"data_may_leave": yes_or_no(answer)}


def _budget(answer: str) -> Values:
    return {"budget_usd": 0.0 if answer.lower() in NO else number(answer)}


def _target(answer: str) -> Values:
    if answer.lower() in NO:
        return {"has_measure": False}
    values: Values = {"has_measure": True}
    if answer.lower() in YES:
        return values
    parts = [part for part in re.split(r"[,;]|\btoday\b|\bnow\b", answer) if re.search(r"\d", part)]
    if not parts or len(parts) > 2:
        raise ValueError("Shares such as: 95 %, today 87 % of 600. Or yes, or no where nobody counts.")
    values["target"] = _share(parts[0])[0]
    if len(parts) == 2:
        score, cases = _share(parts[1])
        values["simple_score"] = score
        if cases:
            low, _ = clopper_pearson_interval(round(score * cases), float(cases))
            values["simple_low"] = round(float(low), 6)
    return values


def _examples(answer: str) -> Values:
    return {"labelled": 0.0 if answer.lower() in NO else float(math.floor(number(answer)))}


def _keeper(answer: str) -> Values:
    return {"kept_alive": answer.lower() not in NO}


QUESTIONS: Final[tuple[Question, ...]] = (
    Question(
        "job", "What is the job, in one sentence?", "A job that cannot be said cannot be measured.",
        "Sort each support ticket into one of 12 desks, for the night shift", _job,
    ),
    Question(
        "tried", f"What was tried and fell short? nothing, or some of: {', '.join(TRIED)}",
        "What is cheaper comes first, and what failed already need not come again.", "prompt, examples", _tried,
    ),
    Question(
        "failure", f"What goes wrong most? One of: {', '.join(FAILURES)}",
        "Facts call for retrieval, form for a schema, reasoning for a larger model; behaviour can be learned.",
        "facts: it does not know them. form: broken JSON. passage: search finds the wrong text. behaviour: tone, "
        "where to draw the line. labels: people disagree", _failure,
    ),
    Question(
        "facts", "Does it need facts such as prices or policies, and how often do they change? no, daily, weekly, ...",
        "Facts that change do not belong into weights.", "no, yes, weekly, every 10 days, never", _needed_facts,
    ),
    Question(
        "work", f"What kind of work is it? One of: {', '.join(WORK)}",
        "Calculations and lookups are done by programs; fixed answers can be learned by small models.",
        "sorting", _work,
    ),
    Question(
        "stable", "How often does it change what counts as right? never, yearly, monthly, weekly, ...",
        "Every change means tuning again.", "yearly", _stable,
    ),
    Question(
        "volume", "How many answers a day, and how long may one take? 2000, 2 s", "It decides what may cost how much, "
        "and rules out what is too slow.", "2000; 2000, 500 ms; 300 a day, no limit", _volume,
    ),
    Question(
        "privacy", "May the data leave your machines? yes or no", "If not, only local models come into question.",
        "no", _privacy,
    ),
    Question(
        "target", "How many answers must be right, and how many are today? no where nobody counts",
        "Without a measure nothing can be shown; what is good enough already needs no change.",
        "95 %, today 87 % of 600", _target,
    ),
    Question(
        "examples", "How many inputs with the right answer do you have?", "They teach, and they test.", "600",
        _examples,
    ),
    Question(
        "budget", "How many dollars may the first try cost, work included?", "Labels cost more than training.", "500",
        _budget,
    ),
    Question(
        "keeper", "Who keeps it alive: looks at wrong answers, tunes it again? A name, or nobody",
        "Models are retired and jobs change.", "the desk's lead", _keeper,
    ),
)  # fmt: skip
BY_ID: Final[Mapping[str, Question]] = {question.id: question for question in QUESTIONS}


def read_answer(key: str, answer: str) -> Values:
    """The facts that an answer gives; an empty one gives none.

    Raises:
        KeyError: neither a question nor a fact has this name.
        ValueError: the answer cannot be used; says what would be.
    """
    answer = " ".join(answer.split())
    if not answer:
        return {}
    if key in BY_ID:
        return BY_ID[key].read(answer)
    unit = FACTS[key].unit
    if unit == "yes or no":
        return {key: yes_or_no(answer)}
    if unit == "word":
        return {key: answer}
    if unit in ("share", "points"):
        return {key: _share(answer)[0]}
    return {key: days(answer) if unit == "days" else number(answer)}


def number(text: str) -> float:
    """A number of 0 or more: 2000, 2,000, 2k, $1.5k, about 300 a day."""
    found = re.fullmatch(
        r"(?:about|roughly|some|~|ca\.?)?\s*\$?\s*(\d[\d,' ]*(?:\.\d+)?)\s*(k|m|thousand|million)?\b[^\d]*",
        text.lower(),
    )
    if not found:
        raise ValueError("A number of 0 or more, such as 2000 or 2k.")
    factor = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6}.get(found[2] or "", 1.0)
    return float(re.sub(r"[,' ]", "", found[1])) * factor


def days(text: str) -> float:
    """A period in days: daily, weekly, every 10 days, 3 months, 30."""
    lowered = text.lower()
    count = re.search(r"\d+(?:\.\d+)?", lowered)
    unit = next((size for name, size in DAYS.items() if name in lowered), None)
    if (unit is None and count is None) or "-" in lowered:
        raise ValueError("A period such as daily, weekly, every 10 days, 3 months, never.")
    return (float(count[0]) if count else 1.0) * (1.0 if unit is None else unit)


def yes_or_no(text: str) -> bool:
    """Yes or no."""
    if text.lower() in YES:
        return True
    if text.lower() in NO:
        return False
    raise ValueError("Yes or no.")


def _share(text: str) -> tuple[float, int]:
    """A share and the cases it was counted on (0: not said): 95 %, 0.95, 522 of 600, 87 % of 600."""
    found = re.search(r"(\d+(?:\.\d+)?)\s*(%)?\s*(?:(?:of|/|out of)\s*(\d[\d,]*))?", text)
    if not found:
        raise ValueError("A share such as 95 %, 0.95 or 522 of 600.")
    value, cases = float(found[1]), int((found[3] or "0").replace(",", ""))
    if found[2]:
        value /= 100
    elif cases and (value > 1 or value == cases):
        value /= cases
    elif value > 1:
        value /= 100
    if not 0 <= value <= 1 or "-" in text or (found[3] is not None and cases < 1):
        raise ValueError("A share is between 0 and 100 %.")
    return value, cases


def _chosen(answer: str, names: tuple[str, ...], words: Mapping[str, str]) -> str:
    """One of the names: by itself, by its number, by another word for it, or by its beginning."""
    said = answer.strip().lower().removeprefix("a ").removeprefix("the ")
    if said.isdecimal() and 1 <= int(said) <= len(names):
        return names[int(said) - 1]
    found = [name for name in names if name == said] or [words[word] for word in (said,) if word in words]
    found = found or [name for name in names if name.startswith(said) and said]
    found = found or list(
        dict.fromkeys(words.get(w, w) for w in re.findall(r"[a-z-]+", said) if w in names or w in words)
    )
    if len(found) != 1:
        raise ValueError(f"One of: {', '.join(names)}; or its number.")
    return found[0]
