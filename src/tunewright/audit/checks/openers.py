"""How many answers (and inputs) begin with the same three words.

An opening that a fifth of the answers share ("I am sorry but") becomes the opening of every answer. Answers that are
data (JSON, SQL, markup) begin alike by their nature and are not looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tunewright.audit.agreement import is_data
from tunewright.audit.fields import last_user, text_of
from tunewright.audit.findings import CheckResult, Cost, Finding, Item, Quality, Span
from tunewright.audit.registry import Limits
from tunewright.audit.view import View
from tunewright.audit.wording import percent
from tunewright.data.normalise import normal_form

NAME = "openers"
TITLE = "Openings"
QUALITY: Quality = "diverse"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Limits = {
    "words": 3,
    # Skewed above a fifth.
    "share": 0.2,
    # Questions begin alike ("what are the" opens a fifth of Spider's), so inputs may share more.
    "input_share": 0.4,
    # In fewer texts a share says little.
    "rows": 50,
}
_SHOWN = 50
# Enough characters for three words, whatever the language.
_READ_CHARS = 200


def run(view: View, limits: Limits) -> CheckResult:
    findings: list[Finding] = []
    numbers: list[tuple[str, float]] = []
    if view.kind != "classify":
        targets = [example.target for example in view.examples]
        if not _are_data(targets):
            share, found = _skewed(view, targets, "target", limits)
            numbers.append(("answer_opener_share", share))
            findings += found
    inputs = [text_of(example, "input") if example.messages else "" for example in view.examples]
    share, found = _skewed(view, inputs, "input", limits)
    numbers.append(("input_opener_share", share))
    return CheckResult((*findings, *found), numbers=tuple(numbers))


def _skewed(view: View, texts: Sequence[str], field: str, limits: Limits) -> tuple[float, list[Finding]]:
    """The share of the commonest opening among texts that have one, and what is to be said of it."""
    n_words = int(limits["words"])
    openings = [_opening(text, n_words) for text in texts]
    counts = Counter(opening for opening in openings if opening)
    total = sum(counts.values())
    if total < limits["rows"]:
        return 0.0, []
    opening, count = min(counts.items(), key=lambda item: (-item[1], item[0]))
    share = count / total
    if share <= limits["share" if field == "target" else "input_share"]:
        return share, []
    common = sum(n for o, n in counts.items() if n / total > 0.05)
    what = "answers begin" if field == "target" else "inputs begin"
    rows = [row for row, one in enumerate(openings) if one == opening]
    items = tuple(
        Item(
            (row,),
            f"Begins with the opening of {percent(share)} of the {what.split()[0]}.",
            share,
            (_span(texts[row], field, row, view),),
        )
        for row in rows[:_SHOWN]
    )
    why = (
        "A model copies the commonest opening into every answer, also where it does not fit."
        if field == "target"
        else "If users write differently, the model has learned a form they do not use."
    )
    advice = (
        "Vary or cut the opening, unless every answer should begin so."
        if field == "target"
        else "If this is your instruction, put it into the system prompt; if not, gather inputs from elsewhere too."
    )
    return share, [
        Finding(
            "openers.answers" if field == "target" else "openers.inputs",
            "warning" if field == "target" else "note",
            f"{count:,} of {total:,} {what} with the same {n_words} words ({percent(share)})",
            why,
            advice,
            items,
            (("share", share), ("share_of_common_openings", common / total)),
            rows_affected=count,
        )
    ]


def _opening(text: str, n_words: int) -> str:
    """The first words in normal form; empty in a text of no more words than these."""
    words = normal_form(text[:_READ_CHARS]).split()
    return " ".join(words[:n_words]) if len(words) > n_words else ""


def _span(text: str, field: str, row: int, view: View) -> Span:
    place = field if field == "target" else f"messages[{last_user(view.examples[row])}]"
    line_end = len(text) if "\n" not in text.strip() else text.find("\n", len(text) - len(text.lstrip()))
    return Span(place, 0, min(line_end, 60, len(text)), row)


def _are_data(texts: Sequence[str]) -> bool:
    filled = [text for text in texts if text.strip()]
    return bool(filled) and sum(map(is_data, filled)) >= 0.5 * len(filled)
