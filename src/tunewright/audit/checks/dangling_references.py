"""Inputs that point at something which is not there: an article below, an attachment, an earlier talk, a linked page.

Only for answers that are texts: a label may be right whatever was attached.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tunewright.audit.checks._by_kind import Found, Words, findings_of
from tunewright.audit.fields import last_user
from tunewright.audit.findings import CheckResult, Cost, Quality, Span
from tunewright.audit.json_leaves import is_like_json
from tunewright.audit.registry import Limits, Sighting
from tunewright.audit.view import View
from tunewright.records.example import Example

NAME = "dangling_references"
TITLE = "References to nothing"
QUALITY: Quality = "complete"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Mapping[str, float] = {
    "shortest_thing_chars": 40,  # what is pointed at has at least this length
    "pasted_chars": 300,  # so much text around an attachment may be the attachment
    "long_answer_words": 40,
}

_INVENTS = "The answer rests on something that the model does not see, so it learns to invent it."
WORDS = {
    "no_input": Words(
        "error",
        "1 input has a mark for a missing input",
        "{n} inputs have a mark for a missing input",
        "A mark such as <noinput> was written where there was nothing to write. It will not come in deployment.",
        "Cut the mark. If the task needs an input, add it or leave these rows out.",
    ),
    "missing_text": Words(
        "warning",
        "1 input points at a text that is not there",
        "{n} inputs point at a text that is not there",
        _INVENTS,
        "Put the text back, or answer by asking for it.",
    ),
    "attachment": Words(
        "warning",
        "1 input points at an attachment",
        "{n} inputs point at an attachment",
        _INVENTS,
        "Put the content of the attachment into the input as text, or answer by asking for it.",
    ),
    "link_only": Words(
        "warning",
        "1 input asks about a page and gives only its address",
        "{n} inputs ask about a page and give only its address",
        "The model cannot open the page. It learns to invent what stands there.",
        "Put the text of the page into the input, or leave these rows out.",
    ),
    "earlier_talk": Words(
        "warning",
        "1 input speaks of an earlier talk that is not there",
        "{n} inputs speak of an earlier talk that is not there",
        _INVENTS,
        "Add the earlier turns, or write into the input what was agreed there.",
    ),
    "asks_nothing": Words(
        "note",
        "1 last turn asks for nothing and gets a long answer",
        "{n} last turns ask for nothing and get long answers",
        "After a word of thanks people expect a word in return. The model learns to go on talking.",
        "Shorten the answer, or look whether a turn was lost.",
    ),
}
_THING = (
    r"(?:article|text|passage|paragraph|poem|story|essay|e-?mail|letter|sentences?|code|snippet|function|table|"
    r"data ?set|list|document|report|transcript|conversation|dialogue|review|abstract|excerpt|quote|context|"
    r"statements?|input|tweet|description|headline|recipe|lyrics|contract|message|query|schema)"
)
_AFTER = re.compile(
    rf"\b(?:the|this|these) (?:following|below) {_THING}\b|\b{_THING} (?:given |provided |shown |written )?below\b"
    r"|\bthe following:?\s*\Z",
    re.IGNORECASE,
)
_BEFORE = re.compile(rf"\bthe above {_THING}\b|\b{_THING} (?:given |provided |shown |written )?above\b", re.IGNORECASE)
_FILE = (
    r"(?:file|document|image|picture|photo|screen ?shot|pdf|spreadsheet|table|report|data ?set|csv|video|diagram|chart|"
    r"graph|article|letter|code|list)s?"
)
_ATTACHED = re.compile(
    r"<(?:picture|image|file|photo|video|audio)s?(?: attached| omitted)?>"
    r"|\[(?:image|picture|photo|file|attachment)s?(?: attached)?\]"
    rf"|\b(?:the|this|these|my|our|see|find|in|from|read|use|review) (?:attached|enclosed|uploaded) {_FILE}\b"
    r"|\b(?:attached|enclosed) (?:is|are|you(?: will|'ll) find|please find)\b|\bplease find (?:attached|enclosed)\b"
    r"|\b(?:see|find|in|from|to|per|read|use|review) (?:the |my |our )?attachment\b"
    r"|\bscreenshot (?:below|above|attached)\b"
    r"|\b(?:see|as) attached\b"
    r"|\bin the (?:image|picture|photo|figure|screenshot) (?:below|above|attached|shown)\b",
    re.IGNORECASE,
)
_EARLIER = re.compile(
    r"\b(?:as|like) (?:we )?(?:discussed|agreed|mentioned|said) "
    r"(?:before|earlier|above|previously|yesterday|last (?:time|week))\b|"
    r"\b(?:your|my) (?:previous|last|earlier|prior) (?:answer|response|reply|message|question|output)\b|"
    r"\bwhat you (?:just )?(?:said|wrote|told me)\b|\bcontinue (?:from )?where (?:you|we) (?:left off|stopped)\b",
    re.IGNORECASE,
)
_NO_INPUT = re.compile(
    r"<\s*no ?input\s*>|^\s*(?:input:\s*)?(?:no ?input|\[no input\]|\(no input\))\s*\.?\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_URL = re.compile(r"https?://\S+|www\.\S+")
_READS = re.compile(
    r"\b(?:summari[sz]e|summary of|read|translate|analy[sz]e|review|according to|extract|tl;?dr|what does|article|"
    r"rewrite|paraphrase|key points|explain)\b",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"\W*(?:ok(?:ay)?|thanks?(?: you)?(?: (?:so|very) much| a lot)?|thx|great|perfect|cool|bye|good ?bye|got it|nice"
    r"|awesome)(?:\W+(?:ok(?:ay)?|thanks?|thank you|bye|great|perfect|so much"
    r"|that(?:'s| is) (?:all|great|perfect|helpful)))*\W*|\W+",
    re.IGNORECASE,
)


def look(example: Example, limits: Limits) -> tuple[Sighting, ...]:
    """What the last user turn points at and what is not in the row."""
    if not example.messages:
        return ()
    place = last_user(example)
    text = example.messages[place].content
    before = "\n".join(message.content for message in example.messages[:place])
    span = f"messages[{place}]"
    found = []
    for kind, match in _seen(text, before, example, limits):
        found.append(Sighting(kind, _WHY[kind], _SCORE[kind], (Span(span, match[0], match[1]),)))
    return tuple(found)


def conclude(view: View, found: Found, limits: Limits) -> CheckResult:
    """One finding per kind; nothing for labels."""
    del limits
    return CheckResult() if view.kind == "classify" else CheckResult(findings_of(NAME, found, WORDS))


_WHY = {
    "no_input": "A mark says that the input is missing.",
    "missing_text": "It points at a text that neither it nor an earlier turn holds.",
    "attachment": "It points at a file or picture, and only text can be read.",
    "link_only": "It asks about the content of a page and gives the address alone.",
    "earlier_talk": "It speaks of what was said before, and nothing was.",
    "asks_nothing": "The last turn asks for nothing, and the answer is long.",
}
_SCORE = {
    "no_input": 0.95,
    "missing_text": 0.8,
    "attachment": 0.7,
    "link_only": 0.8,
    "earlier_talk": 0.6,
    "asks_nothing": 0.4,
}


def _seen(text: str, before: str, example: Example, limits: Limits) -> list[tuple[str, tuple[int, int]]]:
    found: list[tuple[str, tuple[int, int]]] = []
    match = _NO_INPUT.search(text) if "input" in text.lower() else None
    if match:
        found.append(("no_input", match.span()))
    url = _URL.search(text) if "http" in text or "www." in text else None
    if url:
        rest = _URL.sub(" ", text)
        if not rest.strip() or (len(rest) < 150 and _READS.search(rest)):
            long = len(example.target.split()) >= limits["long_answer_words"] / 4
            found += [("link_only", url.span())] if long and not example.tools else []
    elif not is_like_json(example.target):  # what is only taken apart need not be there
        pointed = _points_at_nothing(text, before, limits)
        found += [pointed] if pointed else []
    match = _EARLIER.search(text) if len(text) < limits["pasted_chars"] and not before.strip() else None
    if match:
        found.append(("earlier_talk", match.span()))
    if not found and _THANKS.fullmatch(text) and len(example.target.split()) >= limits["long_answer_words"]:
        found.append(("asks_nothing", (0, len(text))))
    return found


def _points_at_nothing(text: str, before: str, limits: Limits) -> tuple[str, tuple[int, int]] | None:
    least = limits["shortest_thing_chars"]
    match = _ATTACHED.search(text) if len(text) + len(before) < limits["pasted_chars"] else None
    if match:
        return "attachment", match.span()
    low = text.lower()
    match = _AFTER.search(text) if "below" in low or "following" in low else None
    if match and len(_content(text[match.end() :])) < least and not _quoted(text) and len(before) < least:
        return "missing_text", match.span()
    match = _BEFORE.search(text) if "above" in low else None
    if match and len(text[: match.start()].strip()) < least and len(before.strip()) < least:
        return "missing_text", match.span()
    return None


def _content(rest: str) -> str:
    """What follows a reference. Behind a colon or a new line even a short text is the thing, so it counts in full."""
    parts = re.split(r"[:\n]", rest, maxsplit=1)
    behind = parts[1].strip() if len(parts) == 2 else ""
    return behind * 20 if len(behind) > 1 else rest.strip()


def _quoted(text: str) -> bool:
    return re.search(r"[\"“«'‘][^\"”»]{3,}[\"”»'’]", text) is not None
