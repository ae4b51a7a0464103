"""Chat templates: a conversation to the text that a model was trained on, in a sandbox.

A template comes with a model and is foreign code: it runs in jinja's immutable sandbox and sees nothing but plain JSON
values. It finds the filters, functions and tags that the renderer of transformers gives it, so that both write the same
text, with one difference: the date is handed in, because a template that asks the clock gives other tokens tomorrow.
Tokens are made elsewhere (``render``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NoReturn

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from tunewright.errors import InputError
from tunewright.records.example import Message


def render_text(
    template: str,
    messages: Sequence[Message],
    tools: Sequence[str] = (),
    *,
    add_generation_prompt: bool,
    arguments: Mapping[str, object] | None = None,
    special_tokens: Mapping[str, str] | None = None,
    date: str = "",
) -> str:
    """The conversation as the template writes it.

    Args:
        template: the jinja source.
        messages: the conversation; arguments of tool calls reach the template as objects.
        tools: JSON schemas as text.
        add_generation_prompt: whether the text ends where the assistant is to go on.
        arguments: variables of the template, such as ``enable_thinking``; they win over special tokens.
        special_tokens: named tokens, such as ``bos_token``.
        date: ISO date that ``strftime_now`` tells.

    Raises:
        InputError: ``template.syntax``, ``template.refused`` (with the template's own words) or ``template.no_date``.
    """
    compiled = _compiled(template, date)
    variables = {**(special_tokens or {}), **(arguments or {})}
    try:
        text = compiled.render(
            messages=[as_template_message(message) for message in messages],
            tools=[json.loads(tool) for tool in tools] or None,
            documents=None,
            add_generation_prompt=add_generation_prompt,
            **variables,
        )
    except InputError:
        raise
    except (jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(
            "template.refused",
            f"The chat template refuses this conversation: {error}",
            why="What the template cannot write, a server cannot send to the model either.",
            hint="Bring the roles and their order into the form the template asks for, or choose another template.",
        ) from error
    return str(text)


def as_template_message(message: Message) -> dict[str, Any]:
    """A message in the form that chat templates are written for: the OpenAI shape, arguments as objects."""
    value: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        value["tool_calls"] = [
            {
                **({"id": call.id} if call.id is not None else {}),
                "type": "function",
                "function": {"name": call.name, "arguments": json.loads(call.arguments)},
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        value["tool_call_id"] = message.tool_call_id
    if message.name is not None:
        value["name"] = message.name
    return value


@lru_cache(maxsize=64)
def _compiled(template: str, date: str) -> jinja2.Template:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_GenerationTag, loopcontrols]
    )
    environment.filters["tojson"] = _tojson
    environment.globals.update(
        raise_exception=_raise_exception, strftime_now=_clock(date), dict=_PlainDict(), namespace=_PlainNamespace
    )
    try:
        return environment.from_string(template)
    except jinja2.TemplateSyntaxError as error:
        raise InputError(
            "template.syntax",
            f"The chat template is not valid jinja: {error.message}.",
            where=f"line {error.lineno} of the template",
            hint="Take the template that came with the model.",
        ) from error


class _GenerationTag(Extension):
    """``{% generation %}`` marks the assistant's text for other trainers; here it writes what stands in it."""

    tags = {"generation"}  # noqa: RUF012

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_written"), [], [], body).set_lineno(line)

    def _written(self, caller: Callable[[], str]) -> str:
        return caller()


class _PlainDict:
    """``dict(...)`` in a template, without the class behind it."""

    def __call__(self, *args: Any, **values: Any) -> dict[Any, Any]:
        return dict(*args, **values)

    def fromkeys(self, *args: Any) -> dict[Any, Any]:
        return dict.fromkeys(*args)


class _PlainNamespace(Namespace):
    """``namespace(...)`` that takes no name with a leading underscore, the door to the insides of Python."""

    def __init__(*args: Any, **values: Any) -> None:
        self, *rest = args
        attributes = dict(*rest, **values)
        for name in attributes:
            _check_attribute(name)
        Namespace.__init__(self, attributes)

    def __setitem__(self, name: str, value: Any) -> None:
        _check_attribute(name)
        super().__setitem__(name, value)


def _check_attribute(name: object) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise SecurityError(f"a namespace takes no attribute {name!r}")


def _tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """JSON as it is: jinja's own filter would write ``<`` as an escape, for web pages."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _raise_exception(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)


def _clock(date: str) -> Callable[[str], str]:
    def strftime_now(form: str) -> str:
        if not date:
            raise InputError(
                "template.no_date",
                "The chat template asks for today's date, and none was given.",
                why="Reading the clock would give other tokens in training than in serving.",
                hint="Give the date (YYYY-MM-DD) that training and serving shall both tell the model.",
            )
        try:
            return datetime.fromisoformat(date).strftime(form)
        except ValueError as error:
            raise InputError(
                "template.bad_date", f"'{date}' is not a date of the form YYYY-MM-DD.", hint="Write it as 2026-03-31."
            ) from error

    return strftime_now
