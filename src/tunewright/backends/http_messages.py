"""What is sent for one request: the body of a chat completion, in the words that the server at hand knows.

Tools and calls keep their ids. A constraint on the reply goes out only in a form that the server is known to keep;
anything else is said in ``Body.notes``. Pure; called by ``http_attempts``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tunewright.backends.http_client import HttpModel
from tunewright.errors import InputError
from tunewright.records.example import Message
from tunewright.records.generation import Decoding, Request

# What a server may refuse and a request can do without; stop texts are cut here as well.
DROPPABLE = ("temperature", "top_p", "seed", "stop", "logprobs")
# Servers that hold a reply to a constraint of each kind; a schema is sent to others too, who may ignore it.
KEEPS: Mapping[str, frozenset[str]] = {
    "openai": frozenset({"schema", "choices"}),
    "vllm": frozenset({"schema", "regex", "choices"}),
    "sglang": frozenset({"schema", "regex", "choices"}),
    "llama_cpp": frozenset({"schema", "choices"}),
    "ollama": frozenset({"schema", "choices"}),
    "transformers": frozenset(),
    "other": frozenset(),
}
_CALLED = {"schema": "a schema", "regex": "a regex", "choices": "choices"}
_TEMPLATE_TOKENS = 512  # more than any template known here adds around a conversation
_MESSAGE_TOKENS = 16


@dataclass(frozen=True, slots=True)
class Body:
    """A body as sent. ``wrapped``: the choice comes back as a JSON object. ``notes``: what could not be asked for."""

    payload: dict[str, object]
    wrapped: bool = False
    notes: tuple[str, ...] = field(default=())

    @property
    def most_input_tokens(self) -> int:
        """No tokenizer of bytes makes more tokens than there are bytes; template and roles are allowed for."""
        text = json.dumps(self.payload, ensure_ascii=False)
        messages = self.payload["messages"]
        count = len(messages) if isinstance(messages, list) else 0
        return len(text.encode()) + _MESSAGE_TOKENS * count + _TEMPLATE_TOKENS


def body_of(model: HttpModel, request: Request, without: frozenset[str] = frozenset()) -> Body:
    """The body for one request, ``without`` the settings that this server has refused before.

    Raises:
        InputError: the schema or a tool is no JSON, or more than one constraint is asked for.
    """
    decoding = request.decoding
    limit = "max_completion_tokens" if model.server == "openai" else "max_tokens"
    if limit in without:
        limit = "max_tokens" if limit == "max_completion_tokens" else "max_completion_tokens"
    payload: dict[str, object] = {
        "model": model.openai,
        "messages": _messages(request.messages),
        limit: decoding.max_tokens,
    }
    # Repetitions of a request are told apart by their seed: one seed would give the same reply each time.
    wanted: dict[str, object] = {"temperature": decoding.temperature, "seed": decoding.seed + request.repetition}
    if decoding.top_p != 1.0:
        wanted["top_p"] = decoding.top_p
    if decoding.stop:
        wanted["stop"] = list(decoding.stop[:4])
    if decoding.logprobs:
        wanted["logprobs"] = True
    payload |= {name: value for name, value in wanted.items() if name not in without}
    notes = [f"not sent, for the server refuses it: {name}" for name in wanted if name in without]
    if request.tools:
        payload["tools"] = [_tool(text) for text in request.tools]
    extra, wrapped, unkept = _constraint(model, decoding)
    payload |= extra
    return Body(payload, wrapped, (*notes, *([unkept] if unkept else [])))


def _messages(messages: Sequence[Message]) -> list[dict[str, object]]:
    """The conversation; calls without an id get one, and answers of tools without one take the ids in order."""
    sent: list[dict[str, object]] = []
    open_ids: list[str] = []
    for place, message in enumerate(messages):
        turn: dict[str, object] = {"role": message.role, "content": _text(message.content)}
        if message.tool_calls:
            ids = [call.id or f"call_{place}_{number}" for number, call in enumerate(message.tool_calls)]
            turn["tool_calls"] = [
                {"id": id_, "type": "function", "function": {"name": call.name, "arguments": _text(call.arguments)}}
                for id_, call in zip(ids, message.tool_calls, strict=True)
            ]
            turn["content"] = turn["content"] or None
            open_ids = list(ids)
        if message.role == "tool":
            id_ = message.tool_call_id or (open_ids[0] if open_ids else f"call_{place}_0")
            turn["tool_call_id"] = id_
            open_ids = [other for other in open_ids if other != id_]
        elif message.name is not None:
            turn["name"] = message.name
        sent.append(turn)
    return sent


def _text(text: str) -> str:
    """The text as UTF-8 can carry it: halves of characters become the replacement character."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _tool(text: str) -> dict[str, object]:
    value = _json_object(text, "request.tool", "A tool is no JSON schema.")
    return value if "function" in value else {"type": "function", "function": value}


def _json_object(text: str, code: str, message: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise InputError(code, message, where=f"value {text[:80]!r}", hint="Give a JSON object.")
    return value


def _constraint(model: HttpModel, decoding: Decoding) -> tuple[dict[str, object], bool, str]:
    """What is added to the body, whether the reply comes wrapped, and what is said where nothing holds the reply."""
    asked = [n for n in ("schema", "regex", "choices") if getattr(decoding, n) not in (None, ())]
    if len(asked) > 1:
        raise InputError(
            "request.constraints",
            f"At most one constraint on a reply: {' and '.join(asked)} were asked for.",
            hint="Keep one of them.",
        )
    if not asked:
        return {}, False, ""
    kind = asked[0]
    unkept = (
        ""
        if kind in KEEPS[model.server]
        else f"not constrained: {model.server} is not known to keep to {_CALLED[kind]}"
    )
    if decoding.schema is not None:
        schema = _json_object(decoding.schema, "request.schema", "The schema is no JSON schema.")
        wrapped = model.server == "openai" and schema.get("type") not in ("object", None)
        if wrapped:  # strict mode takes no list or text as the whole reply
            schema = _in_object(schema)
        if model.server == "openai" and not _strict_ready(schema):
            unkept = "not constrained: the schema is outside of what strict mode takes"
        added = {} if model.server == "transformers" else _schema_format(schema, strict=not unkept)
        return added, wrapped, unkept
    if unkept:
        return {}, False, unkept
    if decoding.regex is not None:
        return _regex(model, decoding.regex), False, ""
    return _choices(model, decoding.choices)


def _regex(model: HttpModel, regex: str) -> dict[str, object]:
    if model.server == "sglang":
        return {"regex": regex}
    # vLLM took guided_* up to 0.11 and takes structured_outputs from 0.10.2 on; each ignores the other.
    return {"structured_outputs": {"regex": regex}, "guided_regex": regex}


def _choices(model: HttpModel, choices: Sequence[str]) -> tuple[dict[str, object], bool, str]:
    if model.server == "vllm":
        return {"structured_outputs": {"choice": list(choices)}, "guided_choice": list(choices)}, False, ""
    if model.server == "sglang":
        return {"regex": "(" + "|".join(re.escape(choice) for choice in choices) + ")"}, False, ""
    if model.server == "llama_cpp":
        return {"grammar": "root ::= " + " | ".join(_gbnf(choice) for choice in choices)}, False, ""
    return _schema_format(_in_object({"type": "string", "enum": list(choices)}), strict=True), True, ""


def _in_object(schema: Mapping[str, object]) -> dict[str, object]:
    """The schema as the only property of an object, which the reply is taken out of again."""
    return {
        "type": "object",
        "properties": {"choice": schema},
        "required": ["choice"],
        "additionalProperties": False,
    }


def _gbnf(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'


def _schema_format(schema: Mapping[str, object], strict: bool) -> dict[str, object]:
    named = {"name": "reply", "schema": schema, "strict": strict}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


def _strict_ready(schema: object, root: bool = True) -> bool:
    """Whether OpenAI's strict mode takes a schema: closed objects whose every property is required."""
    if isinstance(schema, list):
        return all(_strict_ready(item, root=False) for item in schema)
    if not isinstance(schema, dict):
        return True
    if root and schema.get("type") != "object":
        return False
    properties = schema.get("properties")
    if schema.get("type") == "object" or isinstance(properties, dict):
        names = set(properties) if isinstance(properties, dict) else set()
        if schema.get("additionalProperties") is not False or set(schema.get("required", ())) != names:
            return False
        return all(_strict_ready(inner, root=False) for inner in (properties or {}).values())
    return all(_strict_ready(inner, root=False) for inner in schema.values())
