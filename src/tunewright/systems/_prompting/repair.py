"""Answers in a form that is nearly right: mended where that changes no word of them, or asked for once more.

A label in other capitals or with a sentence behind it, JSON in a code block, with single quotes, NaN or a comma too
many. What was mended is said in the answer's detail. Nothing is guessed: an answer that was cut, or that names two
labels, stays unusable. For every system that asks a language model; ``mended`` is for those that ask in batches.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from tunewright.data.json_schema import misfits
from tunewright.errors import InputError
from tunewright.evaluation.json_answers import parse_json
from tunewright.records.answers import Status
from tunewright.records.example import Message
from tunewright.records.generation import Reply, Request
from tunewright.records.usage import Spent
from tunewright.systems._prompting.compose import Job
from tunewright.systems.around import Kind

# At most one extra call a case: a model that failed twice has had its chance.
MOST_EXTRA_CALLS = 1
# Longer answers are not mended, and no more beginnings of an object are tried: both would take for ever.
LONGEST_CHARS = 100_000
MOST_STARTS = 16
_SHOWN_CHARS = 2000
_FENCED = re.compile(r"```[\w-]*[ \t]*\n(.*?)\n?[ \t]*```", re.DOTALL)
_WORDS: Mapping[str, str] = {"True": "true", "False": "false", "None": "null", "NaN": "null", "nan": "null"}
_INFINITE = ("-Infinity", "Infinity", "-NaN")
_BARE = re.compile(r"[A-Za-z_]\w*")
_ESCAPED = {"'": "'", '"': '\\"', "`": "`"}
_LEAD = re.compile(r"^(?:the\s+)?(?:final\s+)?(?:label|answer|category|class)\s*(?:is|:|=)\s*", re.IGNORECASE)
_EDGE = " \t\r\n\"'`*_.!,;:()[]"
_BEHIND = re.compile(r"\s*(?:[.,;:!(\n]|[-–—]\s|$)")


@dataclass(frozen=True, slots=True)
class Form:
    """What an answer may be; ``schema`` is a JSON schema as text, None where any JSON object is right.

    With ``several`` labels the answer is a JSON list, which ``schema`` describes.
    """

    kind: Kind
    labels: tuple[str, ...] = ()
    schema: str | None = None
    several: bool = False

    @property
    def one_label(self) -> bool:
        return self.kind == "classify" and bool(self.labels) and not self.several

    @property
    def held_schema(self) -> str | None:
        """The schema that a reply is held to, where it is JSON."""
        return self.schema if self.kind == "extract" or self.several else None


def form_of(job: Job) -> Form:
    """The form that a job's answers have."""
    return Form(job.kind, job.labels, job.schema, job.several)


@dataclass(frozen=True, slots=True)
class Repaired:
    """An answer in its form, and what was done to it; or ``text`` None with the ``problem`` in words."""

    text: str | None
    repairs: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Mended:
    """What became of one reply: the text in its form or None, what was done to it, and what asking again took."""

    text: str | None
    status: Status
    detail: str
    spent: Spent
    reply: Reply


def repaired(text: str, form: Form) -> Repaired:
    """An answer in the form that is wanted; right ones come back as they are, without spaces around."""
    stripped = text.strip()
    if form.one_label:
        return repaired_label(stripped, form.labels)
    return repaired_json(stripped, form.schema) if form.kind == "extract" or form.several else _whole(stripped)


def repaired_label(text: str, labels: Sequence[str]) -> Repaired:
    """The label that a text is; a text that only mentions one is not it."""
    if text in labels:
        return Repaired(text)
    folded: dict[str, list[str]] = {}
    for label in labels:
        folded.setdefault(_fold(label), []).append(label)
    known = {name: found[0] for name, found in folded.items() if len(found) == 1}
    if _fold(text) in known:
        return Repaired(known[_fold(text)], ("case of the label",))
    inner = _inside_json(text)
    bare = _LEAD.sub("", (inner or text).strip(_EDGE)).strip(_EDGE)
    if _fold(bare) in known:
        return Repaired(known[_fold(bare)], ("marks around the label",))
    low = bare.casefold()
    for label in sorted(labels, key=len, reverse=True):
        if known.get(_fold(label)) == label and low.startswith(label.casefold()) and _BEHIND.match(low[len(label) :]):
            return Repaired(label, ("text behind the label",))
    return Repaired(None, (), f"{text[:60]!r} is none of the labels" if text else "the answer is empty")


def repaired_json(text: str, schema: str | None) -> Repaired:
    """One JSON object that fits the schema (a list, where that describes one), as it was written if that was strict.

    Where the text holds several, the first one counts that fits.
    """
    rules = json.loads(schema) if schema else {"type": "object"}
    opening = "[" if rules.get("type") == "array" else "{"
    wanted = list if opening == "[" else dict
    problem = "the answer is empty"
    for candidate, repairs in _candidates(text, opening):
        value, wrong = parse_json(candidate, fences=False)
        if wrong is None and not isinstance(value, wanted):
            wrong = f"it is no JSON {'list' if wanted is list else 'object'}"
        elif wrong is None:
            wrong = next(misfits(value, rules), None)
        if wrong is None:
            return Repaired(candidate, repairs)
        if problem == "the answer is empty" or repairs:
            problem = wrong
    return Repaired(None, (), problem)


def relaxed_json(text: str) -> str | None:
    """Strict JSON for what is nearly JSON: single quotes, bare keys, Python's words, NaN as null, commas too many.

    None where it cannot be read without guessing.
    """
    made: list[str] = []
    place = 0
    while place < len(text):
        sign = text[place]
        if sign in "\"'":
            end = _end_of_string(text, place)
            if end is None:
                return None
            made.append(_requoted(text[place + 1 : end], sign))
            place = end + 1
        elif infinite := next((word for word in _INFINITE if text.startswith(word, place)), None):
            made.append("null")
            place += len(infinite)
        elif word := _BARE.match(text, place):
            made.append(_bare(word.group(), text[word.end() :].lstrip()[:1] == ":"))
            place = word.end()
        elif sign == "," and text[place + 1 :].lstrip()[:1] in ("}", "]"):
            place += 1
        else:
            made.append(sign)
            place += 1
    joined = "".join(made)
    return joined if parse_json(joined, fences=False)[1] is None else None


def asked_again(request: Request, text: str, problem: str, form: Form) -> Request:
    """The request with the answer that was of no use and what was wrong with it; held to the form where that can be."""
    wanted = {
        "classify": f"Write exactly one of these labels and nothing else: {', '.join(form.labels)}.",
        "extract": "Write one JSON object that fits the schema, and nothing else.",
        "generate": "Write the answer alone.",
    }[form.kind]
    if form.several:
        wanted = f"Write one JSON list of labels out of these, and nothing else: {', '.join(form.labels)}."
    turns = (
        Message("assistant", text[:_SHOWN_CHARS] or "(nothing)"),
        Message("user", f"That answer cannot be used: {problem}. {wanted}"),
    )
    decoding = replace(
        request.decoding,
        schema=form.held_schema,
        choices=form.labels if form.one_label else (),
        logprobs=form.one_label,
    )
    return replace(request, messages=(*request.messages, *turns), decoding=decoding, tools=())


def mended(
    requests: Sequence[Request],
    replies: Sequence[Reply],
    form: Form,
    extra_calls: int,
    ask: Callable[[Sequence[Request]], Sequence[Reply]],
) -> list[Mended]:
    """Replies in their form: mended as text, and where that fails asked for once more, all of these together.

    What was cut at its longest is not asked for again: it would be cut again.

    Args:
        extra_calls: how many more calls a case may take, 0 or 1.
        ask: replies to requests, in their order.
    """
    first = [_read(reply, form) for reply in replies]
    again = [
        place
        for place, (reply, one) in enumerate(zip(replies, first, strict=True))
        if reply.status is Status.OK and one.text is None and extra_calls > 0 and reply.finish != "length"
    ]
    second = ask([asked_again(requests[p], replies[p].text or "", first[p].problem, form) for p in again])
    found = [_outcome(reply, one) for reply, one in zip(replies, first, strict=True)]
    for place, reply in zip(again, second, strict=True):
        found[place] = _outcome_again(found[place], reply, first[place].problem, form)
    return found


def checked_extra_calls(value: int, kind: str) -> int:
    """The option ``repair`` of a kind of system.

    Raises:
        InputError: it is out of its range.
    """
    if 0 <= value <= MOST_EXTRA_CALLS:
        return value
    raise InputError(
        "systems.option_value",
        f"repair is the number of extra calls that a case may take, 0 to {MOST_EXTRA_CALLS}, not {value}.",
        where=f"systems: {kind}",
    )


def _read(reply: Reply, form: Form) -> Repaired:
    if reply.status is not Status.OK or reply.text is None:
        return Repaired(None, (), reply.detail)
    one = repaired(reply.text, form)
    cut = " (it was cut at its longest)" if one.text is None and reply.finish == "length" else ""
    return replace(one, problem=f"{one.problem}{cut}") if cut else one


def _outcome(reply: Reply, one: Repaired) -> Mended:
    spent = Spent(1, reply.usage, reply.usd)
    if reply.status is not Status.OK:
        return Mended(None, reply.status, reply.detail, spent, reply)
    status = Status.OK if one.text is not None else Status.MODEL_FAIL
    said = f"repaired: {', '.join(one.repairs)}" if one.repairs else one.problem
    return Mended(one.text, status, "; ".join(part for part in (reply.detail, said) if part), spent, reply)


def _outcome_again(before: Mended, reply: Reply, problem: str, form: Form) -> Mended:
    """A second reply in the place of the first; one that got lost leaves the case missing, not wrong."""
    made = _outcome(reply, _read(reply, form))
    detail = "; ".join(part for part in (f"asked again: {problem}", made.detail) if part)
    return replace(made, detail=detail, spent=before.spent + made.spent)


def _whole(text: str) -> Repaired:
    return Repaired(text) if text else Repaired(None, (), "the answer is empty")


def _candidates(text: str, opening: str) -> list[tuple[str, tuple[str, ...]]]:
    """Texts that may be the object, with what was done to get them; the least changed first."""
    cut: list[tuple[str, tuple[str, ...]]] = [(text, ())] if text else []
    if len(text) > LONGEST_CHARS:
        return cut
    cut += [(block.strip(), ("code block",)) for block in _FENCED.findall(text)]
    cut += [(found, ("text around the JSON",)) for found in _objects(text, opening) if found != text]
    relaxed = [
        (strict, (*repairs, "form of the JSON"))
        for part, repairs in cut
        if (strict := relaxed_json(part)) is not None and strict != part
    ]
    return [*cut, *relaxed]


def _objects(text: str, opening: str) -> list[str]:
    """The outermost ``{...}`` or ``[...]`` of a text, whole ones alone; inside them quotation marks count."""
    found: list[str] = []
    place = text.find(opening)
    for _ in range(MOST_STARTS):
        if place < 0:
            break
        end = _end_of_object(text, place)
        if end is None:
            place = text.find(opening, place + 1)
            continue
        found.append(text[place : end + 1])
        place = text.find(opening, end + 1)
    return found


def _end_of_object(text: str, start: int) -> int | None:
    depth, place = 0, start
    while place < len(text):
        sign = text[place]
        if sign in "\"'":
            end = _end_of_string(text, place)
            if end is None:
                return None
            place = end
        elif sign in "{[":
            depth += 1
        elif sign in "}]":
            depth -= 1
            if depth == 0:
                return place
        place += 1
    return None


def _end_of_string(text: str, start: int) -> int | None:
    place = start + 1
    while place < len(text):
        if text[place] == "\\":
            place += 1
        elif text[place] == text[start]:
            return place
        place += 1
    return None


def _requoted(inner: str, mark: str) -> str:
    """The inside of a string between double quotation marks; control signs as JSON writes them."""
    if mark == '"':
        body = inner
    else:
        body = re.sub(r"\\(.)|(\")", lambda m: '\\"' if m.group(2) else _escape(m.group(1)), inner, flags=re.DOTALL)
    body = re.sub(r"[\x00-\x1f]", lambda m: json.dumps(m.group())[1:-1], body)
    return f'"{body}"'


def _escape(sign: str) -> str:
    return _ESCAPED.get(sign, f"\\{sign}")


def _bare(word: str, is_key: bool) -> str:
    if is_key:
        return json.dumps(word)
    return _WORDS.get(word, word)


def _inside_json(text: str) -> str | None:
    """The one text in an object such as ``{"label": "billing"}`` or a JSON text; None where there is none."""
    value, wrong = parse_json(text, fences=True)
    if wrong is not None:
        return None
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    return value if isinstance(value, str) else None


def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()
