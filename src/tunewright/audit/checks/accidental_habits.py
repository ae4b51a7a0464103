"""Habits of the answers against what the person wants: refusals, apologies, lists, questions, closings.

A share is a finding only against an expectation (its interval excludes it and it is 1.5 times off), for only the
person knows how often an assistant should refuse. Where a habit sits in one part of the data is for ``slices``. Two
habits need no expectation: answers that speak as somebody's model, and one closing sentence under many answers.
"""

from __future__ import annotations

import difflib

import numpy as np

from tunewright.audit.findings import CheckResult, Cost, Finding, Item, NotChecked, Quality
from tunewright.audit.habits import HABITS, closing_of, closings, habits_of
from tunewright.audit.registry import Limits
from tunewright.audit.view import View
from tunewright.audit.wording import counted, excerpt, percent
from tunewright.statistics.proportions import wilson_interval

NAME = "accidental_habits"
TITLE = "Habits of the answers"
QUALITY: Quality = "balanced"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Limits = {"min_ratio": 1.5, "closing_share": 0.2, "closing_rows": 20}


def run(view: View, limits: Limits) -> CheckResult:
    """Shares of every habit, and those that are not as expected; nothing for labels."""
    if view.kind == "classify" or not len(view):
        return CheckResult()
    habits = habits_of(view)
    shares = habits.there.mean(axis=0)
    numbers = [(f"share_{name}", float(share)) for name, share in zip(habits.names, shares, strict=True)]
    numbers.append(("median_words", float(np.median(habits.words))))
    findings = [_unexpected(view, name, share, limits) for name, share in view.deployment.expected if name in HABITS]
    findings += [_self_reference(view), _closing(view, limits)]
    return CheckResult(tuple(f for f in findings if f is not None), _not_checked(view), tuple(numbers))


def _unexpected(view: View, name: str, expected: float, limits: Limits) -> Finding | None:
    there = habits_of(view).of(name)
    count, n = int(there.sum()), len(view)
    low, high = (float(bound) for bound in wilson_interval(count, n))
    share = count / n
    off = max(share, expected) > limits["min_ratio"] * min(share, expected)
    if low <= expected <= high or not off:
        return None
    many = share > expected
    items = tuple(Item((row,), f"Is among the answers that {HABITS[name]}.") for row in np.flatnonzero(there).tolist())
    return Finding(
        f"{NAME}.{name}",
        "warning",
        f"{counted(count, 'answer')} ({percent(share)}) {HABITS[name]}; expected were {percent(expected)}",
        f"With {n:,} rows the true share lies between {percent(low)} and {percent(high)}, so this is no chance. A "
        "model "
        "takes over how often its examples do it.",
        "Look at some of them: leave out or rewrite those that should not do it." if many
        else "Add examples of it, in the cases where you want it.",
        items[:2000] if many else (),
        (("share", share), ("low", low), ("high", high), ("expected", expected)),
        count,
    )  # fmt: skip


def _self_reference(view: View) -> Finding | None:
    rows = np.flatnonzero(habits_of(view).of("self_reference")).tolist()
    if not rows or dict(view.deployment.expected).get("self_reference", 0.0) > 0:
        return None
    return Finding(
        f"{NAME}.self_reference",
        "warning",
        f"{counted(len(rows), 'answer speaks', 'answers speak')} as an AI model",
        "Answers that were copied from another assistant bring its name and its phrases; a model repeats them to "
        "your users.",
        "Rewrite the sentence, or leave the rows out.",
        tuple(Item((row,), "Speaks of itself as an AI model.") for row in rows[:2000]),
        (("share", len(rows) / len(view)),),
        len(rows),
    )


def _closing(view: View, limits: Limits) -> Finding | None:
    targets = [example.target for example in view.examples]
    # Equal answers repeat their closing; what is asked is how many different answers do.
    counts = closings(sorted(set(targets)))
    closing, count = max(counts.items(), key=lambda item: (item[1], item[0]), default=("", 0))
    if count < max(limits["closing_rows"], limits["closing_share"] * len(set(targets))):
        return None
    rows = [row for row, target in enumerate(targets) if closing_of(target) == closing]
    return Finding(
        f"{NAME}.closing",
        "note",
        f"{counted(len(rows), 'answer')} ({percent(len(rows) / len(view))}) end with “{excerpt(closing, 60)}”",
        "The model will close its answers so, wanted or not, and each time it costs tokens and seconds.",
        "Keep it if it is your house style; else cut the sentence.",
        tuple(Item((row,), "Ends with that sentence.") for row in rows[:2000]),
        (("share", len(rows) / len(view)),),
        len(rows),
    )


def _not_checked(view: View) -> tuple[NotChecked, ...]:
    found = []
    stated = [name for name, _ in view.deployment.expected]
    for name in stated:
        if name not in HABITS:
            near = difflib.get_close_matches(name, HABITS, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(HABITS)}"
            found.append(NotChecked(f"{NAME}.unknown", f"nothing is known as “{name}”", hint))
    if not any(name in HABITS for name in stated):
        found.append(
            NotChecked(
                f"{NAME}.expectation",
                "nobody said how often answers should refuse, ask back, apologise and the like",
                "state expected shares, such as refusal: 0.02",
            )
        )
    return tuple(found)
