"""What came back for one attempt, read with suspicion: a reply, a refusal, or a failure and whose it is.

Servers that call themselves compatible differ in every field, so that each is checked before it is believed. A failure
of the model (refusal, filter, context length) is told from one of the connection or the server. Pure; called by
``http_attempts``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tunewright.backends.http_messages import DROPPABLE, Body
from tunewright.records.answers import Status
from tunewright.records.example import ToolCall
from tunewright.records.generation import TOO_LONG, Decoding, Finish, Reply
from tunewright.records.usage import Usage

# known: the usage says it; no: nothing was billed; unknown: the answer or its usage is lost, the work may be billed.
Billed = Literal["known", "no", "unknown"]
# key, model, redirect: a person must change something; closed: the server answers this key no more today.
Trouble = Literal["none", "key", "model", "redirect", "closed"]

_FINISHES: Mapping[str, Finish] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "refusal",
    "refusal": "refusal",
    "safety": "refusal",
}
_BROKEN_FINISHES = ("abort", "error", "cancelled")
_CONTEXT = re.compile(
    r"context[_ ](?:length|window|size)|exceed_context|maximum (?:model )?length|prompt is too long|input is too long",
    re.I,
)
_FILTER = re.compile(r"content[_ ]?(?:filter|policy|management)|responsibleai|moderation|flagged", re.I)
_QUOTA = re.compile(r"insufficient_quota|billing_hard_limit|exceeded your current quota|credit balance", re.I)
_NO_MODEL = re.compile(r"model.{0,120}(?:not found|not exist|unknown|not supported|no access)|pinned to '", re.I | re.S)
_UNSUPPORTED = re.compile(
    r"unsupported|not support|unrecognized|unknown|unexpected|not permitted|extra_forbidden", re.I
)
# The work behind these may have been done although no answer came.
_MAYBE_BILLED = frozenset({408, 499, 502, 504, 520, 522, 524})
_CONGESTED = frozenset({408, 409, 425, 429})
_TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.S | re.I)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt came to.

    ``retry``: another attempt may do better. ``congested``: the server has too much to do or is broken, so that fewer
    requests should be in flight. ``refused`` names a setting that this server does not take. ``served`` is the model as
    the server called it.
    """

    reply: Reply
    billed: Billed = "no"
    retry: bool = False
    congested: bool = False
    trouble: Trouble = "none"
    refused: str | None = None
    served: str | None = None


def failed(detail: str, *, billed: Billed = "no", retry: bool = True, congested: bool = True) -> Outcome:
    """An attempt that failed on the way or at the server."""
    return Outcome(Reply(None, Status.INFRA_FAIL, "none", detail=detail), billed, retry, congested)


def read_answer(content: bytes, body: Body, decoding: Decoding) -> Outcome:
    """The outcome of an answer with status 200."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        return failed(f"the server answered no JSON object: {excerpt(content)}", billed="unknown")
    error = value.get("error")
    if error:
        return read_error(_error_status(error), content)
    usage = read_usage(value.get("usage"))
    billed: Billed = "unknown" if usage is None else "known"
    choices = value.get("choices")
    found = [item for item in choices if isinstance(item, dict)] if isinstance(choices, list) else []
    message = found[0].get("message") if found else None
    if not isinstance(message, dict):
        broken = Reply(None, Status.INFRA_FAIL, "none", usage=usage or Usage(), detail="the server answered no choice")
        return Outcome(broken, billed, retry=True, congested=True)
    notes = [*body.notes]
    if len(found) > 1:
        notes.append(f"the server answered {len(found)} choices for one; the first counts")
    if usage is None:
        notes.append("the server reported no usage")
    reply, broken_off = _reply(found[0], message, body, decoding, notes)
    reply = _with_usage(reply, usage or Usage())
    served = value.get("model")
    return Outcome(
        reply, billed, retry=broken_off, congested=broken_off, served=served if isinstance(served, str) else None
    )


def read_error(status: int, content: bytes) -> Outcome:
    """The outcome of an answer with an error status (anything but 200)."""
    message, code, parameter = _error_fields(content)
    said = f"{message} {code}"
    detail = f"HTTP {status}: {message or 'no explanation'}" + (f" ({code})" if code and code not in message else "")
    if 300 <= status < 400:
        return Outcome(Reply(None, Status.INFRA_FAIL, "none", detail=detail), trouble="redirect")
    refused = _refused(status, message, code, parameter)
    if refused:
        return Outcome(Reply(None, Status.INFRA_FAIL, "none", detail=detail), refused=refused)
    if status != 429 and _CONTEXT.search(said):
        return Outcome(Reply(None, Status.MODEL_FAIL, "none", detail=f"{TOO_LONG}: {detail}"))
    if status in (400, 403, 422, 451) and _FILTER.search(said):
        return Outcome(Reply(None, Status.MODEL_FAIL, "refusal", detail=f"declined by a content filter: {detail}"))
    if status in (401, 403):
        shown = detail if status == 403 else f"HTTP {status}"  # an error about a key may repeat it
        return Outcome(Reply(None, Status.INFRA_FAIL, "none", detail=shown), trouble="key")
    if status == 404 or (status == 400 and _NO_MODEL.search(said)):
        return Outcome(Reply(None, Status.INFRA_FAIL, "none", detail=detail), trouble="model")
    if status == 402 or _QUOTA.search(said):
        return Outcome(Reply(None, Status.INFRA_FAIL, "none", detail=detail), trouble="closed")
    congested = status in _CONGESTED or status >= 500
    return failed(detail, billed="unknown" if status in _MAYBE_BILLED else "no", retry=congested, congested=congested)


def read_usage(value: object) -> Usage | None:
    """Tokens in their four buckets, each token in one; None where the server does not say.

    OpenAI and vLLM count cached tokens among ``prompt_tokens``, servers in Anthropic's manner beside ``input_tokens``;
    the stated total tells which it is. What the total holds beyond both sides is thinking that was not counted as
    output (platforms note, section 5.4).
    """
    if not isinstance(value, Mapping):
        return None
    details = value.get("prompt_tokens_details")
    details = details if isinstance(details, Mapping) else {}
    read = _count(value, "prompt_tokens", "input_tokens")
    output = _count(value, "completion_tokens", "output_tokens")
    if read is None or output is None:
        return None
    cached = _count(details, "cached_tokens", "cache_read_tokens")
    if cached is None:
        cached = _count(value, "cache_read_input_tokens", "prompt_cache_hit_tokens", "cached_tokens")
    written = _count(details, "cache_write_tokens", "cache_creation_tokens")
    if written is None:
        written = _count(value, "cache_creation_input_tokens")
    cached, written = cached or 0, written or 0
    total = _count(value, "total_tokens")
    beside = "prompt_tokens" not in value or cached + written > read
    if total is not None and cached + written and total == read + cached + written + output:
        beside = True
    fresh = read if beside else read - cached - written
    rest = 0 if total is None else total - (fresh + cached + written + output)
    return Usage(fresh, cached, written, output + max(rest, 0))


def excerpt(content: bytes, length: int = 200) -> str:
    """The first words of a body, without the tags of a page."""
    text = " ".join(_TAGS.sub(" ", content[:20_000].decode("utf-8", "replace")).split())
    return text[:length] + ("..." if len(text) > length else "") or "an empty body"


def _reply(
    choice: Mapping[str, object], message: Mapping[str, object], body: Body, decoding: Decoding, notes: list[str]
) -> tuple[Reply, bool]:
    """The reply without its usage, and whether the server broke off."""
    reason = choice.get("finish_reason")
    if reason in _BROKEN_FINISHES:
        notes.insert(0, f"the server broke off: {reason}")
        return Reply(None, Status.INFRA_FAIL, "none", detail="; ".join(notes)), True
    finish = _FINISHES.get(str(reason).lower(), "none")
    if finish == "none":
        notes.append(f"unknown finish reason {str(reason)[:40]!r}")
    refusal = message.get("refusal")
    if finish == "refusal" or (isinstance(refusal, str) and refusal):
        said = f": {refusal[:200]}" if isinstance(refusal, str) and refusal else " by a content filter"
        notes.insert(0, f"declined{said}")
        return Reply(None, Status.MODEL_FAIL, "refusal", detail="; ".join(notes)), False
    text = _content(message.get("content"))
    calls = _tool_calls(message.get("tool_calls"), notes)
    if calls and finish != "length":
        finish = "tool_calls"
    if body.wrapped:
        text = _unwrapped(text, notes)
    stops = [place for place in (text.find(stop) for stop in decoding.stop if stop) if place >= 0]
    if stops:
        text, finish = text[: min(stops)], "stop"
    logprob = None if stops or body.wrapped or not decoding.logprobs else _logprob(choice.get("logprobs"))
    if decoding.logprobs and logprob is None:
        notes.append("no log-probability of the reply")
    return Reply(text, Status.OK, finish, calls, logprob=logprob, detail="; ".join(notes)), False


def _with_usage(reply: Reply, usage: Usage) -> Reply:
    return Reply(
        reply.text, reply.status, reply.finish, reply.tool_calls, usage, logprob=reply.logprob, detail=reply.detail
    )


def _content(value: object) -> str:
    """The text of a message: a string, or the text parts of a list."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        parts = [part.get("text") for part in value if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    return ""


def _tool_calls(value: object, notes: list[str]) -> tuple[ToolCall, ...]:
    calls: list[ToolCall] = []
    for item in value if isinstance(value, list) else []:
        function = item.get("function") if isinstance(item, dict) else None
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(function, dict) or not isinstance(name, str):
            notes.append("a tool call without a name was left out")
            continue
        arguments = function.get("arguments")
        text = arguments if isinstance(arguments, str) else json.dumps(arguments or {}, ensure_ascii=False)
        try:
            parsed = json.loads(text or "{}")
        except (ValueError, RecursionError):
            parsed = None
        if isinstance(parsed, dict):
            text = json.dumps(parsed, ensure_ascii=False)
        else:
            notes.append(f"the arguments of the call of {name[:80]} are no JSON object")
        id_ = item.get("id")
        calls.append(ToolCall(name, text, id_ if isinstance(id_, str) and id_ else None))
    return tuple(calls)


def _unwrapped(text: str, notes: list[str]) -> str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict) and "choice" in value:
        choice = value["choice"]
        return choice if isinstance(choice, str) else json.dumps(choice, ensure_ascii=False)
    notes.append("the choice did not come in the form asked for")
    return text


def _logprob(value: object) -> float | None:
    content = value.get("content") if isinstance(value, dict) else None
    if not isinstance(content, list) or not content:
        return None
    each = [item.get("logprob") if isinstance(item, dict) else None for item in content]
    numbers = [float(n) for n in each if isinstance(n, int | float) and not isinstance(n, bool)]
    return sum(numbers) if len(numbers) == len(each) else None


def _count(value: Mapping[str, object], *names: str) -> int | None:
    for name in names:
        number = value.get(name)
        if isinstance(number, int) and not isinstance(number, bool) and number >= 0:
            return number
    return None


def _error_status(error: object) -> int:
    code = error.get("code") if isinstance(error, Mapping) else None
    return code if isinstance(code, int) and 400 <= code < 600 else 500


def _error_fields(content: bytes) -> tuple[str, str, str]:
    """Message, code and parameter of an error, in the forms of OpenAI, FastAPI and vLLM, or a page's words."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return excerpt(content) if content.strip() else "", "", ""
    error = value.get("error", value) if isinstance(value, dict) else value
    if isinstance(error, dict):
        detail = error.get("detail")
        if isinstance(detail, list) and detail and isinstance(detail[0], dict):
            place = detail[0].get("loc")
            parameter = str(place[-1]) if isinstance(place, list) and place else ""
            return str(detail[0].get("msg", ""))[:300], str(detail[0].get("type", "")), parameter
        message = error.get("message") or detail or ""
        code = " ".join(str(error[n]) for n in ("code", "type") if isinstance(error.get(n), str))
        return str(message)[:300], code[:80], str(error.get("param") or "")
    return str(error)[:300], "", ""


def _refused(status: int, message: str, code: str, parameter: str) -> str | None:
    """The setting that the server says it does not take, where a request can do without it."""
    if status not in (400, 422) or not _UNSUPPORTED.search(f"{code} {message}"):
        return None
    names = (*DROPPABLE, "max_tokens", "max_completion_tokens")
    if parameter:
        return parameter if parameter in names else None
    quoted = re.findall(r"""['"`]([a-z_]+)['"`]""", message)
    return next((name for name in quoted if name in names), None)
