"""Form apart from content: is an error right in content and wrong in form, and what would cutting the answer out bring.

``cut_out`` looks at the answer alone, never at the target, so that it is a step that could stand behind the system and
is measured as one, with what it breaks. ``content_right`` looks at the target, forgivingly: it counts errors of form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from tunewright.evaluation.json_answers import canonical, parse_json, without_fence
from tunewright.evaluation.json_fields import FieldRules, compare_fields
from tunewright.evaluation.normal_text import normal
from tunewright.project.settings import ProjectSettings
from tunewright.workflow.several import several_labels

# What models write before an answer, and the marks that they put around it.
_BEFORE = re.compile(r"^(?:.*\n)*?.*?\b(?:final answer|answer|label|category|output)\s*(?:is|:)\s*:?\s*", re.IGNORECASE)
_QUOTES = "\"'`*\u201c\u201d\u2018\u2019"
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_LOOSE = FieldRules(text="normal", empty="same", loose=True)


def cut_out(text: str, settings: ProjectSettings, labels: Sequence[str]) -> str:
    """The answer that stands in a text, in the form that the job wants; the text itself where none is found."""
    if several_labels(settings) or settings.kind == "extract":
        return _json_in(text)
    if settings.kind == "classify":
        return label_in(text, labels) or text
    bare = without_fence(text).strip()
    return _BEFORE.sub("", bare, count=1).strip().strip(_QUOTES).strip() or text


def label_in(text: str, labels: Sequence[str]) -> str | None:
    """The one label that a text names as whole words, whatever its case; None where it names none or several."""
    said = " ".join(re.findall(r"\w+", text.casefold()))
    found = []
    for label in sorted(labels, key=len, reverse=True):
        words = " ".join(re.findall(r"\w+", label.casefold()))
        if words and re.search(rf"(?<!\w){re.escape(words)}(?!\w)", said):
            found.append(label)
            # A label within a longer one that is named is not named itself.
            said = re.sub(rf"(?<!\w){re.escape(words)}(?!\w)", " | ", said)
    return found[0] if len(found) == 1 else None


def content_right(text: str, target: str, settings: ProjectSettings, labels: Sequence[str]) -> bool:
    """Whether an answer says what is right in whatever form: case, spaces, marks, articles, numbers in words, types."""
    cut = cut_out(text, settings, labels)
    if several_labels(settings) or settings.kind == "extract":
        wanted, wrong = parse_json(target, fences=True)
        given, broken = parse_json(cut, fences=True)
        return wrong is None and broken is None and compare_fields(wanted, given, _LOOSE).exact
    if settings.kind == "classify":
        return cut == target or _plain(cut) == _plain(target)
    return _plain(cut) == _plain(target)


def _plain(text: str) -> str:
    return normal(text, numbers=True) or text.strip().casefold()


def _json_in(text: str) -> str:
    """The first JSON object or list of a text, commas too many left out."""
    inner = _TRAILING_COMMA.sub(r"\1", without_fence(text))
    decoder = json.JSONDecoder()
    for start in (found.start() for found in re.finditer(r"[{\[]", inner)):
        try:
            value, _ = decoder.raw_decode(inner, start)
        except (ValueError, RecursionError):
            continue
        return canonical(value)
    return text
