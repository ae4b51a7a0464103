"""Each gate finds its fault, names the row and shows the text; good rows pass all of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from chat_samples import BRACKETS, TEMPLATES, byte_level, metaspace, renamed, spec_for, with_bos

from tunewright.errors import InputError
from tunewright.language.gates import GateReport, check_rows
from tunewright.language.render import Rendered, Span, render_rows, try_render_rows
from tunewright.language.spec import RenderSpec, decoded, resolve_spec
from tunewright.language.tools import missing_calls
from tunewright.records.example import Example, Message, Source, ToolCall

CALL = ToolCall("weather", '{"city":"Köln","days":3}')
TOOL = '{"type":"function","function":{"name":"weather","parameters":{"type":"object"}}}'
USER, ANSWER = Message("user", "What is the fee?"), Message("assistant", "Two euros.")


def example(*messages: Message, target: str = "It is so.", line: int = 1, **more: Any) -> Example:
    source = Source("t.jsonl", line)
    return Example(messages, target, source, str(source), **more)


GOOD = (example(USER), example(USER, ANSWER, Message("user", "Why?"), line=2))


def look(examples: tuple[Example, ...], spec: RenderSpec, **options: Any) -> GateReport:
    return check_rows(examples, try_render_rows(examples, spec, "all"), spec, **options)


def failed(report: GateReport) -> dict[str, list[int]]:
    return {gate.code: [finding.row for finding in gate.first] for gate in report.failures}


@pytest.mark.parametrize("tokenizer", [byte_level, with_bos, metaspace])
@pytest.mark.parametrize("style", [*TEMPLATES, "plain"])
def test_good_rows_pass(style: str, tokenizer: Any) -> None:
    spec = spec_for(style, tokenizer())
    report = look(GOOD, spec, max_tokens=200, embedding_rows=len(spec.tokenizer))
    assert failed(report) == {}
    assert (report.kept, report.dropped, report.rows) == ((0, 1), (), 2)
    assert len(report.gates) == 11
    report.raise_if_failed()


def test_a_row_that_the_template_refuses_shows_the_templates_words() -> None:
    report = look((GOOD[0], example(Message("system", "s"), USER, line=7)), spec_for("turns"))
    assert failed(report) == {"gates.template_refused": [1]}
    (finding,) = report.failures[0].first
    assert finding.where == "t.jsonl:7"
    assert "System role not supported (roles: system user assistant)" in finding.problem
    with pytest.raises(InputError, match="Rows that cannot be rendered: 1 of 2 rows") as caught:
        report.raise_if_failed()
    assert caught.value.code == "gates.template_refused"
    assert "t.jsonl:7" in str(caught.value)


def test_a_stop_token_must_be_trained_in_every_turn() -> None:
    spec = resolve_spec(
        byte_level(), date="", template="{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    )
    report = look(GOOD, spec)
    assert failed(report) == {"gates.no_stop_token": [0, 1]}
    assert "message 2 does not end with a stop token (<|eos|>)" in report.failures[0].first[0].problem
    assert "It is so." in report.failures[0].first[0].text


def test_a_stop_token_of_weight_nought_is_not_trained() -> None:
    spec = spec_for("chatml")
    ((row,), _) = render_rows(GOOD, spec)
    place = row.spans[0].end - 1
    masked = replace(row, weights=tuple(0.0 if t == place else w for t, w in enumerate(row.weights)))
    assert failed(check_rows(GOOD[:1], [(masked,)], spec)) == {"gates.no_stop_token": [0]}


def test_a_row_without_a_trained_token() -> None:
    report = look((GOOD[0], example(USER, target_weight=0.0)), spec_for("chatml"))
    assert failed(report) == {"gates.nothing_trained": [1]}


def test_long_rows_are_refused_or_left_out_but_never_cut() -> None:
    spec = spec_for("chatml")
    long = example(USER, target="Two euros. " * 30, line=9)
    rows = (GOOD[0], long, GOOD[1])
    ((made,),) = render_rows([long], spec)
    refused = look(rows, spec, max_tokens=60)
    assert failed(refused) == {"gates.too_long": [1]}
    lost = made.spans[0].end - 60
    told = refused.failures[0].first[0].problem
    assert told == f"{len(made.ids)} tokens; a cut at 60 would lose {lost} of {sum(made.weights):.0f} answer tokens"
    dropped = look(rows, spec, max_tokens=60, too_long="drop")
    assert failed(dropped) == {}
    assert (dropped.kept, dropped.dropped) == ((0, 2), (1,))
    assert dropped.notes[0].startswith("1 of 3 rows are over 60 tokens and are left out: ")
    assert failed(look(rows, spec, max_tokens=len(made.ids))) == {}
    assert failed(look(rows, spec, max_tokens=3, too_long="drop")) == {"gates.too_long": [0, 1, 2]}


def test_prompts_that_are_not_those_of_serving() -> None:
    spec = spec_for("thinking")
    rows = try_render_rows(GOOD, spec)
    served = spec_for("thinking", enable_thinking=False)
    assert failed(check_rows(GOOD, rows, served)) == {"gates.prompt_differs": [0, 1]}
    (row,) = render_rows(GOOD[:1], spec)[0]
    leaking = replace(row, weights=(0.0, 1.0, *row.weights[2:]))
    assert failed(check_rows(GOOD[:1], [(leaking,)], spec)) == {"gates.prompt_differs": [0]}


def test_two_or_missing_bos_tokens() -> None:
    doubled = resolve_spec(byte_level(), date="", template="{{ bos_token }}" + BRACKETS)
    assert failed(look(GOOD, doubled)) == {"gates.bos": [0, 1]}
    sometimes = "{% if messages | length > 2 %}{{ bos_token }}{% endif %}" + BRACKETS.replace("{{- bos_token -}}", "")
    assert failed(look(GOOD[:1], resolve_spec(byte_level(), date="", template=sometimes))) == {}
    rows = (GOOD[1], GOOD[0])
    spec = resolve_spec(byte_level(), date="", template=sometimes)
    report = check_rows(rows, try_render_rows(rows, spec, "last"), spec)
    assert failed(report) == {"gates.bos": [1]}
    assert "does not start with the BOS token <|bos|>" in report.failures[0].first[0].problem


def test_a_template_without_the_bos_of_its_tokenizer_is_told() -> None:
    report = look(GOOD, spec_for("chatml", with_bos()))
    assert failed(report) == {}
    assert any("writes no <|bos|>" in note for note in report.notes)
    assert not any("<|bos|>" in note for note in look(GOOD, spec_for("turns", with_bos())).notes)


def test_one_token_for_start_and_end_is_allowed() -> None:
    spec = spec_for("brackets", renamed(bos_token="<|eos|>"))
    assert failed(look(GOOD, spec)) == {}
    doubled = replace(spec, template="{{ bos_token }}" + BRACKETS)
    assert failed(look(GOOD, doubled)) == {"gates.bos": [0, 1]}


def test_padding_that_is_also_a_stop_token_is_allowed_and_told() -> None:
    spec = spec_for("brackets", renamed(pad_token="<|eos|>"))
    report = look(GOOD, spec)
    assert failed(report) == {}
    assert any("padding token is also a stop token" in note for note in report.notes)
    row = render_rows(GOOD[:1], spec)[0][0]
    assert (row.ids[-1], row.weights[-1]) == (spec.tokenizer.pad_token_id, 1.0)


def test_padding_within_an_answer() -> None:
    spec = spec_for("chatml")
    (row,) = render_rows(GOOD[:1], spec)[0]
    start = row.spans[0].start
    ids = tuple(spec.tokenizer.pad_token_id if place == start else token for place, token in enumerate(row.ids))
    assert failed(check_rows(GOOD[:1], [(replace(row, ids=ids),)], spec)) == {
        "gates.answer_cut": [0],  # the padding stands where the answer began
        "gates.pad_trained": [0],
    }


@pytest.mark.parametrize("where", ["user", "answer", "target", "call", "tool"])
def test_special_tokens_in_the_text_of_a_row(where: str) -> None:
    bad = "a <|im_end|>\n<|im_start|>system\nb"
    row = {
        "user": example(Message("user", bad)),
        "answer": example(USER, Message("assistant", bad), USER),
        "target": example(USER, target=bad),
        "call": example(
            USER, target="", tools=(TOOL,), target_calls=(replace(CALL, arguments=json.dumps({"a": bad})),)
        ),
        "tool": example(USER, tools=(TOOL.replace("object", "<|im_end|>"),)),
    }[where]
    report = look((GOOD[0], row), spec_for("tools"))
    found = next(gate for gate in report.failures if gate.code == "gates.special_text")
    assert [finding.row for finding in found.first] == [1]
    assert "<|im_end|>" in found.first[0].problem


def test_tags_that_are_no_special_tokens_may_stand_in_a_text() -> None:
    rows = (example(Message("user", "Think in <think> tags."), target="<think>\na\n</think>\n\nb"),)
    assert failed(look(rows, spec_for("thinking"))) == {}


def test_tokenizer_and_embedding_must_fit() -> None:
    spec = spec_for("chatml")
    size = len(spec.tokenizer)
    assert failed(look(GOOD, spec, embedding_rows=size)) == {}
    report = look(GOOD, spec, embedding_rows=size - 1)
    assert failed(report) == {"gates.vocabulary": [0]}
    far = Rendered((1, size + 5, spec.stop[0]), (0.0, 1.0, 1.0), (Span(1, 3, 1),))
    report = check_rows(GOOD[:1], [(far,)], spec, embedding_rows=size)
    assert "gates.vocabulary" in failed(report)


@pytest.mark.parametrize("style", ["chatml", "turns", "plain"])
def test_a_template_that_drops_tool_calls(style: str) -> None:
    target = example(USER, target="Let me see.", target_calls=(CALL,), line=3)
    report = look((GOOD[0], target), spec_for(style))
    assert failed(report) == {"gates.tool_calls_lost": [1]}
    assert "leaves out the call of 'weather' in message 2" in report.failures[0].first[0].problem


def test_a_template_that_drops_the_calls_of_the_context() -> None:
    talk = (USER, Message("assistant", "I ask about the weather.", (ToolCall("weather", "{}"),), weight=0), USER)
    assert failed(look((example(*talk),), spec_for("chatml"))) == {"gates.tool_calls_lost": [0]}
    assert failed(look((example(*talk, tools=(TOOL,)),), spec_for("tools"))) == {}


def test_calls_that_the_template_writes_pass() -> None:
    rows = (
        example(USER, target="", target_calls=(CALL, CALL), tools=(TOOL,)),
        example(USER, Message("assistant", "", (CALL,)), Message("tool", "sun"), tools=(TOOL,)),
    )
    assert failed(look(rows, spec_for("tools"))) == {}
    assert failed(look(rows[1:], spec_for("headers"))) == {}


def test_tools_that_the_template_does_not_show_are_told() -> None:
    rows = (example(USER, tools=(TOOL,)), GOOD[0])
    assert any("does not show the tools that 1 rows offer" in note for note in look(rows, spec_for("chatml")).notes)
    assert look(rows, spec_for("tools")).notes == ()


def test_a_template_that_asks_otherwise_than_it_answers_is_told() -> None:
    assert any("opened thought" in note for note in look(GOOD, spec_for("opened")).notes)
    assert look(GOOD, spec_for("thinking")).notes == ()


def test_all_rows_and_all_gates_are_collected() -> None:
    rows = tuple(example(USER, target="a <|im_end|> b", line=n) for n in range(1, 9))
    rows += (example(ANSWER, USER, line=9), example(USER, target_weight=0.0, line=10))
    spec = spec_for("chatml")
    report = look(rows, spec, max_tokens=20)
    assert failed(report) == {
        "gates.special_text": [0, 1, 2, 3, 4],
        "gates.template_refused": [8],
        "gates.nothing_trained": [9],
        "gates.too_long": [0, 1, 2, 3, 4],
    }
    assert {gate.code: gate.failed for gate in report.failures}["gates.special_text"] == 8
    assert "  and 3 more" in report.lines()
    json.dumps(report.as_dict())
    with pytest.raises(InputError, match="3 other checks failed too"):
        report.raise_if_failed()


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ('{"name": "weather", "arguments": {"days": 3, "city": "K\\u00f6ln"}}', []),
        ('weather({"city":"Köln","days":3})', []),
        ("<function=weather><parameter=city>Köln</parameter><parameter=days>3</parameter>", []),
        ("weather(city='Köln', days=3)", []),
        ("weather(city='Köln', days=4)", ["3 of the call of 'weather'"]),
        ("weather(city='K', days=3)", ["Köln of the call of 'weather'"]),
        ('{"city":"Köln","days":3}', ["the call of 'weather'"]),
        ("", ["the call of 'weather'"]),
    ],
)
def test_calls_are_read_back_from_a_text(text: str, missing: list[str]) -> None:
    assert missing_calls(text, (CALL,)) == missing


def test_two_equal_calls_must_stand_twice() -> None:
    once = '{"name": "weather", "arguments": {"city": "Köln", "days": 3}}'
    assert missing_calls(once, (CALL, CALL)) == ["the call of 'weather'"]
    assert missing_calls(once + once, (CALL, CALL)) == []


def test_findings_show_the_end_of_the_text() -> None:
    spec = resolve_spec(byte_level(), date="", template="{% for m in messages %}{{ m.content }} {% endfor %}")
    report = look((example(USER, target="Grüße 🙂 " * 40),), spec)
    shown = report.failures[0].first[0].text
    assert len(shown) < 200
    assert decoded(spec.tokenizer(" 🙂").input_ids, spec.tokenizer).strip() in shown


def test_a_base_without_a_template_is_told_where_roles_are_lost() -> None:
    rows = (*GOOD, example(Message("system", "s"), USER, line=3))
    (note,) = look(rows, spec_for("plain")).notes
    assert note.startswith("There is no chat template")
    assert "2 of 3 rows have more than one message" in note
    assert look(GOOD[:1], spec_for("plain")).notes == ()
    assert look(rows, spec_for("chatml")).notes == ()
