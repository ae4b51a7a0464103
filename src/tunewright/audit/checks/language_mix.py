"""Languages of the inputs and answers: rows in another language than the rest.

By script and little words (``languages``): short texts are often undecided, and they are never called foreign.
"""

from __future__ import annotations

from collections import Counter

from tunewright.audit.findings import CheckResult, Cost, Finding, Item, Quality
from tunewright.audit.habits import habits_of
from tunewright.audit.languages import NAMES, language_of, own_words
from tunewright.audit.registry import Limits
from tunewright.audit.view import View
from tunewright.audit.wording import counted, percent

NAME = "language_mix"
TITLE = "Languages"
QUALITY: Quality = "balanced"
COST: Cost = "seconds"
VERSION = 2
LIMITS: Limits = {
    # A language with a larger share is part of the task.
    "max_share_of_stray": 0.05,
    # A task whose answers are mostly in another language is translation.
    "max_share_of_translation": 0.2,
    "min_rows": 20,
}


def run(view: View, limits: Limits) -> CheckResult:
    """Share of each language; stray inputs; answers in another language than their inputs."""
    if len(view) < limits["min_rows"]:
        return CheckResult()
    spoken = view.once("input_languages", lambda: [language_of(example.text) for example in view.examples])
    counts = Counter(each for each in spoken if each)
    decided = counts.total()
    numbers = [
        (f"share_{each}", count / decided) for each, count in sorted(counts.items(), key=lambda i: (-i[1], i[0]))
    ]
    numbers.append(("share_undecided", 1 - decided / len(view)))
    main = max(sorted(counts), key=lambda each: counts[each], default="")
    # A foreign name in a sentence of the main language makes no foreign sentence.
    stray = [
        row
        for row, each in enumerate(spoken)
        if each
        and counts[each] < limits["max_share_of_stray"] * decided
        and not own_words(view.examples[row].text, main)
    ]
    findings = [_stray(view, spoken, stray)] if stray else []
    if view.kind != "classify":
        differs = habits_of(view).of("other_language").nonzero()[0].tolist()
        if 0 < len(differs) <= limits["max_share_of_translation"] * len(view):
            findings.append(_differs(view, differs))
    return CheckResult(tuple(findings), numbers=tuple(numbers))


def _stray(view: View, spoken: list[str | None], rows: list[int]) -> Finding:
    items = tuple(Item((row,), f"Reads as {NAMES[spoken[row] or '']}.") for row in rows[:2000])
    return Finding(
        f"{NAME}.stray",
        "note",
        f"{counted(len(rows), 'input is', 'inputs are')} in another language than the rest",
        f"{percent(len(rows) / len(view))} of the rows are too few to learn a language from, and enough to confuse.",
        "If deployment sees these languages, label more rows in them; else leave these out.",
        items,
        (("share", len(rows) / len(view)),),
        len(rows),
    )


def _differs(view: View, rows: list[int]) -> Finding:
    return Finding(
        f"{NAME}.answer_differs",
        "note",
        f"{counted(len(rows), 'answer is', 'answers are')} in another language than the input",
        "Most answers here keep the language of the input; the model may learn to switch.",
        "Check whether these rows ask for it (a translation); if not, mend the answer.",
        tuple(Item((row,), "Answers in another language than the input.") for row in rows[:2000]),
        (("share", len(rows) / len(view)),),
        len(rows),
    )
