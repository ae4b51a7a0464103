"""Pairs of a preferred and a rejected answer that cannot teach a preference, and pairs that teach length.

Whether the preferred answer is the better one is not judged here.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.stats import binomtest

from tunewright.audit.checks._by_kind import Found, Words, finding_of, findings_of
from tunewright.audit.conversation import request_of
from tunewright.audit.findings import CheckResult, Cost, Finding, Item, Quality, Span
from tunewright.audit.registry import Limits, Sighting
from tunewright.audit.view import View
from tunewright.audit.wording import percent
from tunewright.records.example import Example, input_digest

NAME = "preference_pairs"
TITLE = "Preference pairs"
QUALITY: Quality = "correct"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Mapping[str, float] = {
    "shortest_prompt_chars": 40,  # a shorter prompt may well open an answer
    "longer_share_note": 0.6,
    "longer_share_warning": 0.7,
    "sign_test_p": 0.001,
    "least_pairs": 50,
}

_NO_SIGNAL = "A pair teaches by the difference between its answers, and here there is none."
WORDS = {
    "equal": Words(
        "error",
        "1 pair has the same answer on both sides",
        "{n} pairs have the same answer on both sides",
        _NO_SIGNAL,
        "Leave these pairs out, or put back the answer that was lost.",
    ),
    "equal_but_space": Words(
        "error",
        "1 pair differs only in white space or case",
        "{n} pairs differ only in white space or case",
        "The only thing to learn from such a pair is the white space.",
        "Leave these pairs out.",
    ),
    "one_empty": Words(
        "error",
        "1 pair has an empty answer",
        "{n} pairs have an empty answer",
        "Any answer beats none: such pairs teach nothing that is wanted, and move the model far.",
        "Put back the lost answer, or leave these pairs out.",
    ),
    "prompt_inside": Words(
        "warning",
        "1 pair repeats the prompt inside an answer",
        "{n} pairs repeat the prompt inside an answer",
        "The prompt stands before the answers already. The model learns to repeat the question before it answers.",
        "Cut the prompt from both answers of these pairs.",
    ),
}
CONTRADICTORY = Words(
    "error",
    "1 pair prefers what another pair of the same prompt rejects",
    "{n} pairs prefer what another pair of the same prompt rejects",
    "The two pairs cancel each other out, or one of them is swapped by mistake.",
    "Decide which answer is better and leave the other pair out.",
)


def look(example: Example, limits: Limits) -> tuple[Sighting, ...]:
    """What is wrong with one pair; nothing where there is no other answer."""
    if not example.rejected:
        return ()
    other = _other(example)
    sides = (Span("target", 0, len(example.target)), Span("rejected[0]", 0, len(example.rejected[0].content)))
    calls = (example.target_calls, tuple(call for m in example.rejected for call in m.tool_calls))
    blank = [not text.strip() and not made for text, made in zip((example.target, other), calls, strict=True)]
    if any(blank):
        which = "Both answers are" if all(blank) else f"The {'preferred' if blank[0] else 'rejected'} answer is"
        return (Sighting("one_empty", f"{which} empty.", 1.0, sides),)
    if calls[0] == calls[1]:
        if example.target == other:
            return (Sighting("equal", "Both answers are the same, letter by letter.", 1.0, sides),)
        if _plain(example.target) == _plain(other):
            return (Sighting("equal_but_space", "The answers are the same but for white space or case.", 0.9, sides),)
    prompt = _plain(request_of(example))
    if len(prompt) < limits["shortest_prompt_chars"]:
        return ()
    repeats = [name for name, text in (("preferred", example.target), ("rejected", other)) if _opens(text, prompt)]
    why = f"The {' and the '.join(repeats)} answer begins with the user's own text."
    return (Sighting("prompt_inside", why, 0.8, sides),) if repeats else ()


def conclude(view: View, found: Found, limits: Limits) -> CheckResult:
    """Findings on single pairs, on pairs that contradict each other, and on length as a short cut."""
    if view.kind != "preference":
        return CheckResult()
    findings = list(findings_of(NAME, found, WORDS))
    swapped = _swapped(view)
    if swapped:
        findings.append(finding_of(f"{NAME}.contradictory", CONTRADICTORY, swapped))
    lengths, numbers = _lengths(view, limits)
    return CheckResult((*findings, *lengths), numbers=numbers)


def _other(example: Example) -> str:
    return "\n".join(m.content for m in example.rejected if m.role == "assistant")


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _opens(answer: str, prompt: str) -> bool:
    """Whether an answer opens with the prompt, also behind a speaker's name, and says more than that."""
    start = _plain(answer[: 2 * len(prompt) + 200])
    place = start.find(prompt)
    return place == 0 or (0 < place <= 20 and start[:place].rstrip().endswith(":"))


def _swapped(view: View) -> list[Item]:
    """Pairs whose preferred answer is the rejected one of an earlier pair of the same prompt, and vice versa."""
    first: dict[tuple[str, str, str], int] = {}
    items = []
    for row, example in enumerate(view.examples):
        if not example.rejected or example.target_calls:
            continue
        prompt, other = input_digest(example.messages), _other(example)
        before = first.get((prompt, other, example.target))
        if before is not None and other != example.target:
            items.append(Item((row, before), "It prefers what another row of the same prompt rejects.", 1.0))
        first.setdefault((prompt, example.target, other), row)
    return items


def _lengths(view: View, limits: Limits) -> tuple[tuple[Finding, ...], tuple[tuple[str, float], ...]]:
    """How often the preferred answer is the longer one, with the exact sign test (two-sided binomial at one half)."""
    pairs = [(len(e.target), len(_other(e))) for e in view.examples if e.rejected]
    sizes = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    apart = sizes[sizes[:, 0] != sizes[:, 1]]
    if len(apart) < limits["least_pairs"]:
        return (), ()
    longer = int((apart[:, 0] > apart[:, 1]).sum())
    share = longer / len(apart)
    p_value = float(binomtest(longer, len(apart)).pvalue)
    numbers = (
        ("preferred_longer_share", share),
        ("sign_test_p", p_value),
        ("median_chars_preferred", float(np.median(sizes[:, 0]))),
        ("median_chars_rejected", float(np.median(sizes[:, 1]))),
    )
    skew = max(share, 1 - share)
    if skew < limits["longer_share_note"] or p_value > limits["sign_test_p"]:
        return (), numbers
    side = "longer" if share > 0.5 else "shorter"
    finding = Finding(
        f"{NAME}.length_bias",
        "warning" if skew >= limits["longer_share_warning"] else "note",
        f"The preferred answer is the {side} one in {percent(skew)} of the pairs",
        f"Whoever always took the {side} answer would be right in {percent(skew)} of the cases without reading it. "
        f"Tuning on such pairs makes answers {side} before it makes them better.",
        "Add pairs in which the other length wins, weigh the pairs, or use a loss that corrects for length.",
        numbers=numbers,
        rows_affected=len(apart),
    )
    return (finding,), numbers
