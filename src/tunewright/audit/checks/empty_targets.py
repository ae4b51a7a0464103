"""Targets that say nothing: blank, a placeholder, punctuation, an error message, the input again, boilerplate.

What is cut off in the middle is the matter of ``cut_targets``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tunewright.audit.checks._by_kind import Found, Words, common_kinds, findings_of
from tunewright.audit.conversation import request_of
from tunewright.audit.findings import CheckResult, Cost, Fix, Quality, Span
from tunewright.audit.registry import Limits, Sighting
from tunewright.audit.view import View
from tunewright.records.example import Example

NAME = "empty_targets"
TITLE = "Empty answers"
QUALITY: Quality = "complete"
COST: Cost = "seconds"
VERSION = 2
LIMITS: Mapping[str, float] = {
    "meant_share": 0.05,  # what more rows than this show may be meant
    "longest_message_chars": 300,  # an error message that is the whole answer
    "shortest_echo_chars": 20,
    "class_share": 0.01,  # a placeholder that this share of rows has as its label is a class
}

_MENDING = "Put in the answer that is meant, or leave these rows out."
WORDS = {
    "blank": Words(
        "error",
        "1 answer is empty",
        "{n} answers are empty",
        "The model learns to say nothing.",
        _MENDING,
    ),
    "placeholder": Words(
        "error",
        "1 answer is a placeholder",
        "{n} answers are placeholders",
        "Somebody meant to fill these in. The model learns to answer with the placeholder.",
        _MENDING,
    ),
    "error_message": Words(
        "error",
        "1 answer is an error message of a website or program",
        "{n} answers are error messages of a website or program",
        "The text was copied when something had failed. The model learns to fail in the same words.",
        _MENDING,
    ),
    "punctuation": Words(
        "warning",
        "1 answer is punctuation alone",
        "{n} answers are punctuation alone",
        "It is usually what is left of an answer that was lost.",
        _MENDING,
    ),
    "echo": Words(
        "warning",
        "1 answer repeats the input and says nothing else",
        "{n} answers repeat the input and say nothing else",
        "Unless the task is to leave good texts as they are, the columns were mixed up.",
        "Look whether the input was copied into the answer by mistake.",
    ),
    "assistant_boilerplate": Words(
        "warning",
        "1 answer speaks as another company's assistant",
        "{n} answers speak as another company's assistant",
        "Phrases such as 'As an AI language model' come from a model that wrote the data. Yours will say them too.",
        "Rewrite the opening in the voice you want, or leave these rows out.",
    ),
    "unfilled_slot": Words(
        "note",
        "1 answer has a slot that was not filled in",
        "{n} answers have slots that were not filled in",
        "Something like [insert date] in an answer is sent to people as it stands.",
        "Fill the slots, unless people ask for templates.",
    ),
}
_PLACEHOLDERS = frozenset(
    [
        "n/a",
        "n.a.",
        "#n/a",
        "null",
        "nil",
        "nan",
        "undefined",
        "todo",
        "tbd",
        "tbc",
        "fixme",
        "xxx",
        "placeholder",
        "<nooutput>",
        "#ref!",
        "#value!",
        "#name?",
        "[placeholder]",
        "<placeholder>",
        "[todo]",
        "<todo>",
        "[blank]",
        "<blank>",
        "[empty]",
        "<empty>",
    ]
) | {
    "no output",
    "answer here",
    "your answer here",
    "[your answer here]",
    "<answer>",
    "[answer]",
    "[object object]",
    "to be done",
    "to be defined",
    "to do",
    "coming soon",
    "insert answer here",
    "not available",
    "no answer available",
}
# A slot said in words ("Answer goes here.", "to be added later"), or a pointer where the answer should be.
_STAND_IN = re.compile(
    r"""\W*(?:
        (?:(?:the|your|my|model|expected|sample|full|correct|real|final)[ _]){0,2}
        (?:answer|response|reply|output|text|content|completion|solution|summary|translation|description|label|target)s?
        [ _](?:
            (?:goes|go|comes|belongs|is|will[ ](?:go|be|come))[ _](?:in[ _])?(?:here|there|added|below) | here
          | (?:is[ ]|still[ ])?(?:pending|missing|tbd|to[ ]follow|to[ ]come)
          | to[ ]be[ ](?:added|written|filled(?:[ ]in)?|provided|done)
        )
      | (?:to|will|needs[ ]to)[ ]be[ ]
        (?:added|written|filled(?:[ ]in)?|completed|determined|decided|provided|confirmed|announced)
        (?:[ ](?:later|soon|here))?
      | (?:please[ ])?(?:see|as|same[ ]as|refer[ ]to|cf\.?)[ ](?:the[ ])?(?:above|below|previous|prior|earlier|last)
        (?:[ ](?:answer|row|example|response|one|entry|line|question))?
      | (?:please[ ])?(?:insert|enter|add|write|put|fill[ ]in|type)[ ](?:(?:the|your|an?|some)[ ])?
        (?:answer|response|reply|output|text|content)[ ](?:here|below|later)
      | ditto | idem | fill[ ](?:this[ ])?in(?:[ ]later)? | work[ ]in[ ]progress | wip | under[ ]construction
      | dummy(?:[ ]text)? | (?:siehe|s\.)[ ]oben | wie[ ]oben | voir[ ]ci-dessus | ver[ ]arriba
    )\W*\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_STAND_IN_CHARS = 60
_LOREM = re.compile(r"\s*lorem ipsum\b", re.IGNORECASE)
_ERROR = re.compile(
    r"\s*(?:too many requests in \d+ hours?|something went wrong|an error (?:has )?occurr?ed|internal server error"
    r"|network error|rate limit (?:reached|exceeded)|error (?:communicating|generating|in )\b|request timed out"
    r"|(?:http )?(?:error )?(?:429|500|502|503|504)\b[ :-]+(?:internal|bad|service|gateway|too many|server|error)"
    r"|bad gateway|service unavailable|gateway time-?out"
    r"|you(?:'ve| have) reached (?:the|your) (?:\w+ )?limit"
    r"|this (?:model|content) (?:is currently overloaded|may violate)"
    r"|traceback \(most recent call last\))",
    re.IGNORECASE,
)
_BOILERPLATE = re.compile(
    r"\bas an? (?:ai(?: language)?|large language|language|artificial intelligence(?: language)?)"
    r"(?: model| assistant|(?=\s*,))|\bI(?:'m| am) (?:ChatGPT|an? (?:AI )?language model|Claude|Bard|Gemini)\b"
    r"|\b(?:developed|created|trained|made) by (?:OpenAI|Anthropic|Google)\b",
    re.IGNORECASE,
)
_OPENING_CHARS = 160
_SLOT = re.compile(
    r"\{\{\s*[\w. -]{1,40}\s*\}\}|\[(?:insert|enter|fill in|add)\b[^\]\n]{0,40}\]"
    r"|<(?:insert|enter|your)[ _-][^>\n]{1,40}>",
    re.IGNORECASE,
)


def look(example: Example, limits: Limits) -> tuple[Sighting, ...]:
    """Why the target of one row says nothing; the first reason alone."""
    text = example.target.strip()
    whole = (Span("target", 0, len(example.target)),)
    if not text:
        if example.target_calls:
            return ()
        return (Sighting("blank", "The answer is empty.", 1.0, whole, Fix("drop")),)
    kind = _kind_of(text, limits)
    if kind is not None:
        return (Sighting(kind, _WHY[kind], 0.95, whole, Fix("drop")),)
    if len(text) >= limits["shortest_echo_chars"] and text == request_of(example).strip() and not example.target_calls:
        return (Sighting("echo", _WHY["echo"], 0.6, whole),)
    match = _BOILERPLATE.search(text, 0, _OPENING_CHARS)
    if match is not None and not _asked(example, match.group()):
        return (Sighting("assistant_boilerplate", _WHY["assistant_boilerplate"], 0.7, (_at(example, match),)),)
    match = _SLOT.search(text) if "{{" in text or "[" in text or "<" in text else None
    if match is not None and not any(_SLOT.search(message.content) for message in example.messages):
        return (Sighting("unfilled_slot", _WHY["unfilled_slot"], 0.5, (_at(example, match),)),)
    return ()


def conclude(view: View, found: Found, limits: Limits) -> CheckResult:
    """One finding per kind; for labels only what can be no class."""
    if view.kind == "classify":
        return CheckResult(findings_of(NAME, _no_classes(view, found, limits), WORDS))
    skip = ("blank",) if view.kind == "preference" else ()  # told of pairs
    soft = common_kinds(
        found, ("placeholder", "punctuation", "echo", "unfilled_slot"), len(view), limits["meant_share"]
    )
    return CheckResult(findings_of(NAME, found, WORDS, skip, soft))


_WHY = {
    "placeholder": "The whole answer is a placeholder.",
    "error_message": "The whole answer is an error message.",
    "punctuation": "The answer has neither a letter nor a digit.",
    "echo": "The answer is the input, letter by letter.",
    "assistant_boilerplate": "The answer opens with words of another assistant about itself.",
    "unfilled_slot": "The answer has a slot to be filled in.",
}


def _kind_of(text: str, limits: Limits) -> str | None:
    if text.lower().rstrip(".!") in _PLACEHOLDERS or text.lower() in _PLACEHOLDERS or _LOREM.match(text):
        return "placeholder"
    if len(text) <= _STAND_IN_CHARS and _STAND_IN.match(text):
        return "placeholder"
    if len(text) <= limits["longest_message_chars"] and _ERROR.match(text):
        return "error_message"
    if len(text) <= 20 and text.isascii() and not any(c.isalnum() for c in text):
        return "punctuation"
    return None


def _asked(example: Example, phrase: str) -> bool:
    """Whether the input speaks of the same, as questions about the assistant do."""
    return any(phrase.lower() in m.content.lower() for m in example.messages)


def _at(example: Example, match: re.Match[str]) -> Span:
    lead = len(example.target) - len(example.target.lstrip())
    return Span("target", lead + match.start(), lead + match.end())


def _no_classes(view: View, found: Found, limits: Limits) -> Found:
    """Blank labels, and placeholders that are too rare to be a class."""
    names, numbers = view.labels
    counts = [0] * len(names)
    for number in numbers.tolist():
        counts[number] += 1
    share = {name: count / len(view) for name, count in zip(names, counts, strict=True)}
    kept = {}
    for row, sightings in found.items():
        rare = share[view.examples[row].target] < limits["class_share"]
        left = tuple(s for s in sightings if s.kind == "blank" or (rare and s.kind in ("placeholder", "error_message")))
        if left:
            kept[row] = left
    return kept
