"""What machines left in texts: wrong encodings, HTML, words of a web page's buttons, control tokens of chat templates.

Names, numbers and secrets are not looked for here, nor invisible characters inside words (they may be an attack).
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping

from tunewright.audit.checks._by_kind import Found, common_kinds, findings_of, mended
from tunewright.audit.checks._debris_words import WORDS
from tunewright.audit.fields import text_of, texts
from tunewright.audit.findings import CheckResult, Cost, Fix, Item, Quality, Span
from tunewright.audit.mojibake import repaired
from tunewright.audit.registry import Limits, Sighting
from tunewright.audit.view import View
from tunewright.records.example import Example

NAME = "text_debris"
TITLE = "Debris in texts"
QUALITY: Quality = "correct"
COST: Cost = "seconds"
VERSION = 1
LIMITS: Mapping[str, float] = {"meant_share": 0.1, "most_spans": 5}

_ENTITY = re.compile(
    r"&(?:amp|lt|gt|quot|apos|nbsp|mdash|ndash|hellip|[lr][sd]quo|bull|copy|reg|trade|euro|pound|deg|eacute|egrave|agrave|"
    r"uuml|ouml|auml|szlig|ccedil|#\d{2,5}|#[xX][0-9a-fA-F]{2,5});"
)
_TAG = re.compile(
    r"</?(?:p|br|div|span|i|em|strong|ul|ol|li|h[1-6]|table|tr|td|th|tbody|thead|font|script|style|img|iframe|center|"
    r"blockquote|button)(?:\s[^<>]{0,300})?/?>|<a\s[^<>]{1,300}>|</a>",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(
    r"<\|(?:im_start|im_end|im_sep|endoftext|eot_id|eom_id|eot|start_header_id|end_header_id|begin_of_text|end_of_text|"
    r"system|user|assistant|end|python_tag|channel|message|start|return|call|pad|END_OF_TURN_TOKEN|START_OF_TURN_TOKEN)\|>"
    r"|<｜[^｜<>]{2,30}｜>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|<(?:bos|eos|pad|unk)>|\[/?(?:BOS|EOS|PAD)\]|</s>"
    r"|\[(?:TOOL_CALLS|AVAILABLE_TOOLS|/AVAILABLE_TOOLS)\]|\A\s*<s>(?!.*</s>.)",
)
_UI = re.compile(
    r"^[ \t]*(?:copy code|regenerate response|stop generating|continue generating|copy to clipboard|share prompt|"
    r"edit message|free research preview\..*|chatgpt can make mistakes\..*|chatgpt may produce inaccurate info.*|"
    r"was this response better or worse\?.*|this content may violate our content policy.*|send a message\.?)[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_PAGER = re.compile(r"\A\s*\d{1,2} ?/ ?\d{1,2}[ \t]*\n|\n[ \t]*\d{1,2} ?/ ?\d{1,2}\s*\Z")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+(?:\\[[0-9;]*m)?")
_EDGES = "\ufeff\u200b\u200c\u2060\u00ad"
_CODE = re.compile(
    r"```|<!doctype|<html|<\?xml|<\?php|\bimport \w+|\bdef \w+\(|\bfunction\b.*\{|#include", re.IGNORECASE
)
_ABOUT_MARKUP = re.compile(
    r"html|xml|\btags?\b|web ?(?:page|site)|javascript|\bcss\b|\breact\b|\bcode\b|markdown|template|\bsvg\b|</?[a-z]",
    re.IGNORECASE,
)
_ENDING_UI = re.compile(
    r"\s*^[ \t]*(?:Copy code|Regenerate response|Stop generating|Continue generating)\s*\Z", re.MULTILINE
)


def look(example: Example, limits: Limits) -> tuple[Sighting, ...]:
    """What is left of machines in the texts of one row, each kind once for each field."""
    found: list[Sighting] = []
    for field, text in texts(example):
        if field.startswith("target_calls"):
            continue
        answer = _is_answer(field)
        seen = list(_seen(text, example, answer))
        if seen:
            found += _sightings(field, seen, answer, int(limits["most_spans"]))
    return tuple(found)


def conclude(view: View, found: Found, limits: Limits) -> CheckResult:
    """One finding per kind; what very many rows show may be meant, but for encodings and tokens."""
    soft = common_kinds(found, ("html", "entities", "ui_residue", "escaped_newlines"), len(view), limits["meant_share"])
    skip = ("trailing_space",) if view.kind == "classify" else ()
    findings = findings_of(NAME, found, WORDS, skip, soft)
    return CheckResult(tuple(mended(finding, lambda item: _fix(view, item)) for finding in findings))


def _seen(text: str, example: Example, answer: bool) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    """(kind, places) in one text."""
    if not text.isascii():
        yield "mojibake", list(repaired(text)[1])
        yield "lost_characters", _places(re.compile("\ufffd+"), text)
        if text[:1] in _EDGES or text[-1:] in _EDGES:
            yield "invisible_ends", _ends(text, _EDGES)
    if not text.isprintable():
        yield "control", _places(_CONTROL, text)
    if "<" in text or "[" in text:
        yield "template_tokens", _places(_TEMPLATE, text)
    if answer:
        yield from _seen_in_answer(text, example)
    if "&" in text and not _CODE.search(text) and not (answer and _is_about_markup(example)):
        yield "entities", _places(_ENTITY, text)


def _seen_in_answer(text: str, example: Example) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    if "<" in text and not _CODE.search(text) and not _is_about_markup(example):
        yield "html", _places(_TAG, text)
    yield "ui_residue", _places(_UI, text) + _places(_PAGER, text)
    if text.count("\\n") >= 2 and "\n" not in text and text[:1] not in "{[\"'" and not _CODE.search(text):
        yield "escaped_newlines", _places(re.compile(r"\\n"), text)
    if text.strip() and text[-1:].isspace():
        yield "trailing_space", [(len(text.rstrip()), len(text))]


def _is_about_markup(example: Example) -> bool:
    return any(_ABOUT_MARKUP.search(message.content) for message in example.messages)


def _places(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    return [match.span() for match in pattern.finditer(text)]


def _ends(text: str, characters: str) -> list[tuple[int, int]]:
    inner = text.strip(characters)
    start = len(text) - len(text.lstrip(characters))
    return [place for place in ((0, start), (start + len(inner), len(text))) if place[0] < place[1]]


def _sightings(
    field: str, seen: list[tuple[str, list[tuple[int, int]]]], answer: bool, most: int
) -> Iterator[Sighting]:
    for kind, places in seen:
        if not places:
            continue
        spans = tuple(Span(field, start, end, kind=kind) for start, end in places[:most])
        score = (0.9 if answer else 0.6) * (0.3 if kind in ("trailing_space", "invisible_ends") else 1.0)
        yield Sighting(kind, _why(kind, len(places), answer), score, spans)


def _why(kind: str, places: int, answer: bool) -> str:
    where = "the answer" if answer else "what the model reads"
    times = "" if places == 1 else f", {places} times"
    return f"{_IN_ROW[kind]} in {where}{times}."


_IN_ROW = {
    "template_tokens": "A control token of a chat template stands",
    "mojibake": "Characters were read in the wrong encoding",
    "lost_characters": "Characters were lost and replaced by question marks",
    "control": "Control characters that no one can read stand",
    "ui_residue": "Words of a web page's buttons stand",
    "html": "HTML tags stand",
    "entities": "Characters are written as HTML codes",
    "escaped_newlines": "Line breaks are written as backslash and n",
    "invisible_ends": "An invisible character stands at the start or the end",
    "trailing_space": "White space stands at the end",
}


def cleaned(text: str, *, answer: bool) -> str:
    """The text with everything mended that can be mended without harm: encoding, invisible ends, and in answers the
    buttons of a web page and white space at the very end.
    """
    clean = repaired(text)[0].strip(_EDGES)
    if not answer:
        return clean
    shorter = _ENDING_UI.sub("", clean)
    shorter = shorter if shorter.strip() else clean
    return shorter.rstrip() or clean


_SUGGESTED: dict[str, Callable[[str], str]] = {
    "entities": html.unescape,
    "control": lambda text: _CONTROL.sub("", text),
    "ui_residue": lambda text: _UI.sub("", text).strip(),
    "template_tokens": lambda text: _TEMPLATE.sub("", text).strip(),
    "escaped_newlines": lambda text: text.replace("\\n", "\n"),
}


def _fix(view: View, item: Item) -> Fix | None:
    """The safe edit where it mends this kind; otherwise what a person should look at first."""
    field, kind = item.spans[0].field, item.spans[0].kind
    text = text_of(view.examples[item.rows[0]], field)
    clean = cleaned(text, answer=_is_answer(field))
    if kind in ("mojibake", "invisible_ends", "trailing_space"):
        return Fix("edit", clean, field, safe=True)
    if kind == "ui_residue" and not _UI.search(clean) and not _PAGER.search(clean):
        return Fix("edit", clean, field, safe=True)
    suggest = _SUGGESTED.get(kind)
    value = suggest(clean) if suggest else clean
    return Fix("edit", value, field) if value.strip() and value != text else None


def _is_answer(field: str) -> bool:
    return field == "target" or field.startswith("rejected")
