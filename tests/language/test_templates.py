"""Chat templates write what transformers writes, byte for byte, in a sandbox and with the date handed in."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from chat_samples import DATE, HEADERS, TEMPLATES, TURNS, byte_level
from jinja2 import TemplateError
from transformers.utils import chat_template_utils

from tunewright.errors import InputError
from tunewright.language.spec import special_tokens
from tunewright.language.templates import as_template_message, render_text
from tunewright.records.example import Message, ToolCall

TOOL = '{"type":"function","function":{"name":"weather","description":"a < b & \'c\'","parameters":{"type":"object"}}}'
CALL = ToolCall("weather", '{"city":"Köln <b>","days":3,"deep":{"on":true,"none":null}}', "call00001")
PLAIN_TALK = (Message("user", " Hi <there> & 🙂 "), Message("assistant", "Hello\n"), Message("user", "Bye"))
TALKS = {
    "plain": PLAIN_TALK,
    "system": (Message("system", "Be short."), *PLAIN_TALK),
    "answer": (*PLAIN_TALK, Message("assistant", "<think>\nhm\n</think>\n\nSo long")),
    "tools": (
        Message("user", "Weather?"),
        Message("assistant", "", (CALL,)),
        Message("tool", '{"sun": 1}', tool_call_id="call00001", name="weather"),
    ),
}


REFUSED = {("turns", "system"), ("turns", "tools"), ("brackets", "tools")}


class FixedClock(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> FixedClock:
        return cls.fromisoformat(DATE)


def ours(style: str, talk: str, tools: tuple[str, ...], ask: bool, **arguments: object) -> str:
    return render_text(
        TEMPLATES[style],
        TALKS[talk],
        tools,
        add_generation_prompt=ask,
        arguments=arguments,
        special_tokens=special_tokens(byte_level()),
        date=DATE,
    )


@pytest.mark.parametrize("ask", [False, True])
@pytest.mark.parametrize("talk", TALKS)
@pytest.mark.parametrize("style", TEMPLATES)
def test_the_text_is_that_of_transformers(style: str, talk: str, ask: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_template_utils, "datetime", FixedClock)
    messages = [as_template_message(message) for message in TALKS[talk]]
    tools = (TOOL,) if talk == "tools" else ()
    options: dict[str, Any] = {"add_generation_prompt": ask, "tokenize": False, "enable_thinking": False}
    if (style, talk) in REFUSED:
        with pytest.raises(TemplateError) as theirs_says:
            byte_level().apply_chat_template(messages, chat_template=TEMPLATES[style], **options)
        with pytest.raises(InputError, match="refuses this conversation") as ours_says:
            ours(style, talk, tools, ask, enable_thinking=False)
        assert str(theirs_says.value) in ours_says.value.message
        return
    schemas = [json.loads(tool) for tool in tools] or None
    theirs = byte_level().apply_chat_template(messages, schemas, chat_template=TEMPLATES[style], **options)
    assert ours(style, talk, tools, ask, enable_thinking=False) == theirs
    assert theirs


def test_the_date_is_the_one_given() -> None:
    assert "Today is 31 Mar 2026" in ours("headers", "plain", (), True)
    with pytest.raises(InputError) as caught:
        render_text(HEADERS, PLAIN_TALK, add_generation_prompt=True, special_tokens={"bos_token": ""})
    assert caught.value.code == "template.no_date"
    with pytest.raises(InputError) as caught:
        render_text(HEADERS, PLAIN_TALK, add_generation_prompt=True, date="31.3.", special_tokens={"bos_token": ""})
    assert caught.value.code == "template.bad_date"


def test_json_is_not_escaped_for_web_pages() -> None:
    text = ours("tools", "tools", (TOOL,), True)
    assert "a < b & 'c'" in text
    assert '"arguments": {"city": "Köln <b>", "days": 3, "deep": {"on": true, "none": null}}' in text


def test_the_templates_own_words_reach_the_person() -> None:
    with pytest.raises(InputError, match="roles must alternate user/assistant") as caught:
        render_text(TURNS, (PLAIN_TALK[0], PLAIN_TALK[0]), add_generation_prompt=True, special_tokens={"bos_token": ""})
    assert caught.value.code == "template.refused"


@pytest.mark.parametrize(
    "attack",
    [
        "{{ messages.append(1) }}",
        "{{ messages[0].__class__.__mro__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ namespace(_x=1) }}",
        "{{ undefined_thing.member }}",
        "{{ 1 / 0 }}",
        "{{ messages[0].content + 1 }}",
    ],
)
def test_what_a_template_must_not_do_is_an_error(attack: str) -> None:
    with pytest.raises(InputError) as caught:
        render_text(attack, PLAIN_TALK, add_generation_prompt=False)
    assert caught.value.code == "template.refused"


def test_a_namespace_takes_no_hidden_names_later() -> None:
    source = "{% set ns = namespace(a=1) %}{% set ns.a = 2 %}{{ ns.a }}{{ dict(b=3).b }}{{ dict.fromkeys('c', 4).c }}"
    assert render_text(source, PLAIN_TALK, add_generation_prompt=False) == "234"
    with pytest.raises(InputError):
        render_text("{% set ns = namespace() %}{% set ns._a = 2 %}", PLAIN_TALK, add_generation_prompt=False)


def test_a_template_that_is_no_jinja() -> None:
    with pytest.raises(InputError) as caught:
        render_text("a\n{% for %}", PLAIN_TALK, add_generation_prompt=False)
    assert (caught.value.code, caught.value.where) == ("template.syntax", "line 2 of the template")
