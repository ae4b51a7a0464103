"""Where an answer's training ends: at the first stop token behind it, whatever stop tokens the answer itself holds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from chat_samples import CHATML, DATE, TOOLS, byte_level, metaspace, spec_for, with_bos

from tunewright.language.gates import GateReport, check_rows
from tunewright.language.render import Rendered, render, try_render_rows
from tunewright.language.spec import RenderSpec, decoded, resolve_spec
from tunewright.records.example import Example, Message, Source, ToolCall

USER = Message("user", "q")
LINES = "{% for m in messages %}{{ m.role }}|{{ m.content }}{{ END if m.role == 'assistant' }}\n{% endfor %}"
ASKED = "{% if add_generation_prompt %}assistant|{% endif %}"
WITH_EOS = LINES.replace("END", "eos_token") + ASKED
LINE_ONLY = LINES.replace("{{ END if m.role == 'assistant' }}", "") + ASKED
TRIMMED = WITH_EOS.replace("m.content", "m.content | trim")


def newline_spec(template: str, tokenizer: Any = None) -> RenderSpec:
    """A rendering that also stops at the newline, a token whose spelling in the vocabulary is not its text."""
    tokenizer = tokenizer or byte_level()
    newline = tokenizer("a\n", add_special_tokens=False)["input_ids"][-1]
    settings = SimpleNamespace(eos_token_id=[tokenizer.eos_token_id, newline])
    return resolve_spec(tokenizer, date=DATE, generation_config=settings, template=template)


def trained_text(row: Rendered, spec: RenderSpec) -> str:
    return decoded([token for token, weight in zip(row.ids, row.weights, strict=True) if weight > 0], spec.tokenizer)


def example(target: str, line: int = 1, **more: Any) -> Example:
    source = Source("t.jsonl", line)
    return Example((USER,), target, source, str(source), **more)


def look(rows: list[Example], spec: RenderSpec) -> GateReport:
    return check_rows(rows, try_render_rows(rows, spec), spec)


@pytest.mark.parametrize("tokenizer", [byte_level, with_bos, metaspace])
@pytest.mark.parametrize(
    ("template", "answer", "wanted"),
    [
        (WITH_EOS, "line 0\nline two", "line 0\nline two<|eos|>"),
        (WITH_EOS, "one", "one<|eos|>"),
        (WITH_EOS, "a\nb\n\nc\n", "a\nb\n\nc\n<|eos|>"),
        (TRIMMED, "\n a\nb \n", "a\nb<|eos|>"),
        (LINE_ONLY, "a\nb", "a\nb\n"),
        (LINE_ONLY, "a", "a\n"),
        (LINE_ONLY, "", "\n"),
        (CHATML, "a\nb", "a\nb<|im_end|>"),
        (CHATML, "a <|im_end|> b <|eos|> c", "a <|im_end|> b <|eos|> c<|im_end|>"),
    ],
)
def test_no_stop_token_within_an_answer_ends_its_training(
    template: str, answer: str, wanted: str, tokenizer: Any
) -> None:
    spec = newline_spec(template, tokenizer())
    (row,) = render((USER, Message("assistant", answer)), (), spec)
    assert trained_text(row, spec).replace(" ", "") == wanted.replace(" ", "")
    assert row.ids[row.spans[0].end - 1] in spec.stop


def test_stop_tokens_within_the_arguments_of_a_call() -> None:
    template = TOOLS.replace("tojson }}", "tojson(indent=2) }}").replace("call.function.arguments is string", "false")
    spec = newline_spec(template)
    call = ToolCall("weather", '{"city":"Paris","days":3}')
    (row,) = render((USER, Message("assistant", "I\nlook.", (call, call))), (), spec)
    assert trained_text(row, spec).count('"days": 3\n}') == 2
    assert trained_text(row, spec).endswith("</tool_call><|im_end|>")


def test_each_turn_of_a_conversation_ends_behind_its_own_answer() -> None:
    spec = newline_spec(WITH_EOS)
    talk = (USER, Message("assistant", "a\nb"), USER, Message("assistant", "c\nd\ne"))
    (row,) = render(talk, (), spec, "all")
    assert trained_text(row, spec) == "a\nb<|eos|>c\nd\ne<|eos|>"


def test_a_template_that_closes_no_turn_is_trained_whole_and_fails_the_gate_of_stop_tokens() -> None:
    spec = newline_spec("{% for m in messages %}{{ m.role }}: {{ m.content }} {% endfor %}")
    (row,) = render((USER, Message("assistant", "a\nb")), (), spec)
    assert trained_text(row, spec).strip() == "assistant: a\nb"
    assert [gate.code for gate in look([example("a\nb")], spec).failures] == ["gates.no_stop_token"]


def test_the_gate_finds_an_answer_of_which_only_a_part_is_trained() -> None:
    spec = newline_spec(WITH_EOS)
    rows = [example("line 0\nline two"), example("one", 2)]
    ((whole,), (short,)) = (render((USER, Message("assistant", row.target)), (), spec) for row in rows)
    assert look(rows, spec).failures == ()
    span = whole.spans[0]
    end = span.start + list(whole.ids[span.start :]).index(spec.stop[-1]) + 1
    weights = tuple(weight if place < end else 0.0 for place, weight in enumerate(whole.weights))
    cut = Rendered(whole.ids, weights, (type(span)(span.start, end, span.message),))
    report = check_rows(rows, [(cut,), (short,)], spec)
    assert [gate.code for gate in report.failures] == ["gates.answer_cut"]
    (finding,) = report.failures[0].first
    assert finding.where == "t.jsonl:1"
    assert "message 2" in finding.problem
    assert "line two" in finding.text


@pytest.mark.parametrize("thought", ["", "<think>\nhm\n</think>\n\n"])
def test_the_gate_lets_templates_tidy_white_space_and_write_json(thought: str) -> None:
    quoted = CHATML.replace("m.content", "m.content | tojson")
    for template in ("headers", "turns", "thinking", "tools", quoted):
        spec = spec_for(template) if template != quoted else resolve_spec(byte_level(), date=DATE, template=quoted)
        rows = [example(f'{thought}  A "b"\n\n  é\n ')]
        assert look(rows, spec).failures == (), template


def test_the_gate_knows_tokenizers_that_lose_letters() -> None:
    from tiny_decoders import tiny_tokenizer

    spec = resolve_spec(tiny_tokenizer(), date=DATE)
    assert look([example("w1 unheard-of w2")], spec).failures == ()


def test_a_template_that_leaves_out_a_thought_of_the_answer_fails_the_gate() -> None:
    template = CHATML.replace("m.content", "m.content.split('</think>')[-1]")
    report = look([example("<think>hm</think>yes")], resolve_spec(byte_level(), date=DATE, template=template))
    assert [gate.code for gate in report.failures] == ["gates.answer_cut"]


def test_answers_at_which_a_server_would_stop_half_way_are_told() -> None:
    rows = [example("line 0\nline two"), example("one", 2)]
    notes = look(rows, newline_spec(WITH_EOS)).notes
    assert any("1 answers hold a stop token" in note for note in notes)
    assert look(rows[1:], newline_spec(WITH_EOS)).notes == ()
    assert look(rows, spec_for("chatml")).notes == ()
