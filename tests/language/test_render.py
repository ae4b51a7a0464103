"""Rows to train on: what is trained, and that everything before it is what a server sends."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
from chat_samples import TEMPLATES, WITH_CALLS, byte_level, metaspace, spec_for, with_bos
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tunewright.errors import InputError
from tunewright.language.render import Rendered, prompt_ids, render, render_rows, try_render_rows
from tunewright.language.spec import RenderSpec, decoded, resolve_spec, special_tokens
from tunewright.language.templates import as_template_message, render_text
from tunewright.records.example import Example, Message, Source, ToolCall

TOKENIZERS = {"byte_level": byte_level, "with_bos": with_bos, "metaspace": metaspace}
KEEPS_PREFIXES = ("chatml", "turns", "brackets", "tools", "loose")
TALK = (
    Message("user", "What is the fee?"),
    Message("assistant", "Two euros."),
    Message("user", "Why?"),
    Message("assistant", "It is so."),
)


def trained(rows: tuple[Rendered, ...], spec: RenderSpec) -> list[tuple[int, str]]:
    return [(s.message, decoded(row.ids[s.start : s.end], spec.tokenizer)) for row in rows for s in row.spans]


def whole_text(messages: tuple[Message, ...], spec: RenderSpec, ask: bool) -> str:
    assert spec.template is not None
    return render_text(
        spec.template,
        messages,
        add_generation_prompt=ask,
        arguments=spec.arguments,
        special_tokens=special_tokens(spec.tokenizer),
        date=spec.date,
    )


@pytest.mark.parametrize(
    ("style", "answers"),
    [
        ("chatml", ["Two euros.<|im_end|>", "It is so.<|im_end|>"]),
        ("headers", ["Two euros.<|eot|>", "It is so.<|eot|>"]),
        ("turns", ["Two euros.</turn>", "It is so.</turn>"]),
        ("brackets", [" Two euros.<|eos|>", " It is so.<|eos|>"]),
        ("thinking", ["<think>\n\n</think>\n\nTwo euros.<|im_end|>", "<think>\n\n</think>\n\nIt is so.<|im_end|>"]),
        ("loose", ["Two euros.<|im_end|>", "It is so.<|im_end|>"]),
        ("opened", ["</think>Two euros.<|eos|>", "</think>It is so.<|eos|>"]),
        ("plain", ["Two euros.<|eos|>", "It is so.<|eos|>"]),
    ],
)
def test_answers_through_their_stop_token_are_trained(style: str, answers: list[str]) -> None:
    spec = spec_for(style)
    rows = render(TALK, (), spec, "all")
    assert trained(rows, spec) == [(1, answers[0]), (3, answers[1])]
    assert trained(render(TALK, (), spec, "last"), spec) == [(3, answers[1])]
    for row in rows:
        inside = {place for span in row.spans for place in range(span.start, span.end)}
        assert [weight for place, weight in enumerate(row.weights) if place in inside] == [1.0] * len(inside)
        assert all(weight == 0 for place, weight in enumerate(row.weights) if place not in inside)


@pytest.mark.parametrize("style", TEMPLATES)
def test_templates_that_keep_prefixes_make_one_row(style: str) -> None:
    spec = spec_for(style)
    rows = render(TALK, (), spec, "all")
    # In "headers" the two newlines after a role are one token alone and two before a word, in this vocabulary.
    assert len(rows) == (1 if style in KEEPS_PREFIXES else 2)
    if style in KEEPS_PREFIXES:
        assert rows[0].ids == tuple(spec.tokenizer(whole_text(TALK, spec, False), add_special_tokens=False).input_ids)


def test_what_the_template_writes_after_the_stop_token_is_context() -> None:
    spec = spec_for("chatml")
    (row,) = render(TALK, (), spec, "last")
    assert decoded(row.ids[row.spans[0].end :], spec.tokenizer) == "\n"
    assert row.weights[-1] == 0


def test_weights_of_turns() -> None:
    spec = spec_for("chatml")
    talk = (*TALK[:1], Message("assistant", "Two.", weight=0.25), *TALK[2:3], Message("assistant", "So.", weight=0))
    (row,) = render(talk, (), spec, "all")
    assert trained((row,), spec) == [(1, "Two.<|im_end|>")]
    assert {row.weights[place] for place in range(row.spans[0].start, row.spans[0].end)} == {0.25}
    # Nothing follows the last trained turn, for nothing would be learned from it.
    assert decoded(row.ids, spec.tokenizer).endswith("Two.<|im_end|>\n")
    (untrained,) = render(talk, (), spec, "last")
    assert untrained.spans == ()
    assert set(untrained.weights) == {0.0}
    with pytest.raises(InputError) as caught:
        render((TALK[0], Message("assistant", "a", weight=-1)), (), spec)
    assert caught.value.code == "render.weight"


def test_thoughts_of_earlier_turns_are_trained_as_they_are_served() -> None:
    spec = spec_for("thinking")
    thought = "<think>\nfees\n</think>\n\nTwo euros."
    talk = (TALK[0], Message("assistant", thought), *TALK[2:])
    rows = render(talk, (), spec, "all")
    assert trained(rows, spec)[0] == (1, thought + "<|im_end|>")
    assert "fees" not in decoded(rows[1].ids, spec.tokenizer)
    closed = spec_for("thinking", enable_thinking=False)
    assert trained(render(TALK, (), closed, "last"), closed) == [(3, "It is so.<|im_end|>")]


def test_an_opened_thought_in_the_prompt_stays_there() -> None:
    spec = spec_for("opened")
    (row,) = render(TALK, (), spec, "last")
    assert decoded(row.ids[: row.spans[0].start], spec.tokenizer).endswith("<|Assistant|><think>\n")
    odd = (TALK[0], Message("assistant", "<think is not a tag"))
    assert trained(render(odd, (), spec), spec) == [(1, "</think><think is not a tag<|eos|>")]


def test_newlines_that_melt_into_the_prompt_are_tokenised_apart() -> None:
    spec = spec_for("chatml")
    talk = (TALK[0], Message("assistant", "\n\n\nTwo."))
    whole = spec.tokenizer(whole_text(talk, spec, False), add_special_tokens=False).input_ids
    asked = prompt_ids(talk[:1], (), spec)
    assert tuple(whole[: len(asked)]) != asked
    (row,) = render(talk, (), spec)
    assert trained((row,), spec) == [(1, "\n\n\nTwo.<|im_end|>")]
    assert row.ids[: row.spans[0].start] == asked


def test_a_stop_token_in_the_words_of_an_answer_does_not_end_it() -> None:
    spec = spec_for("chatml")
    talk = (TALK[0], Message("assistant", "Write <|im_end|> at the end."))
    assert trained(render(talk, (), spec), spec) == [(1, "Write <|im_end|> at the end.<|im_end|>")]


def test_a_template_without_a_stop_token_trains_the_whole_answer() -> None:
    spec = resolve_spec(
        byte_level(), date="", template="{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    )
    (row,) = render((TALK[0], Message("assistant", "Two.")), (), spec)
    assert row.spans[0].end == len(row.ids)
    assert not set(row.ids) & set(spec.stop)


def test_the_first_of_several_stop_tokens_ends_the_answer() -> None:
    spec = spec_for("chatml")
    spec = replace(spec, template=str(spec.template).replace("'<|im_end|>'", "'<|im_end|>' + eos_token"))
    (row,) = render((TALK[0], Message("assistant", "Two.")), (), spec)
    assert trained((row,), spec) == [(1, "Two.<|im_end|>")]
    assert decoded(row.ids[row.spans[0].end :], spec.tokenizer) == "<|eos|>\n"


def test_a_context_that_is_written_otherwise_is_asked_as_it_is_served() -> None:
    chatml = spec_for("chatml")
    head = "{{ 'learn ' if messages[-1].role == 'assistant' else 'serve ' }}"
    spec = replace(chatml, template=head + str(chatml.template))
    rows = render(TALK, (), spec, "all")
    assert trained(rows, spec) == [(1, "Two euros.<|im_end|>"), (3, "It is so.<|im_end|>")]
    for row in rows:
        assert decoded(row.ids, spec.tokenizer).startswith("serve <|im_start|>user\nWhat is the fee?")


def test_plain_text_is_joined_with_the_system_prompt_first() -> None:
    spec = spec_for("plain", with_bos())
    talk = (TALK[0], Message("system", "Be short."), Message("assistant", " Two."))
    (row,) = render(talk, (), spec)
    assert decoded(row.ids, spec.tokenizer) == "<|bos|>Be short.\nWhat is the fee?\n Two.<|eos|>"
    assert prompt_ids((Message("user", "Fee: "),), (), spec) == tuple(spec.tokenizer("Fee: ").input_ids)
    bare = spec_for("plain", byte_level())
    assert decoded(prompt_ids(talk[:1], (), bare), bare.tokenizer) == "What is the fee?\n"


@pytest.mark.parametrize("style", WITH_CALLS)
def test_tool_calls_are_trained(style: str) -> None:
    spec = spec_for(style)
    call = ToolCall("weather", '{"city":"Köln","days":3}')
    tool = '{"type":"function","function":{"name":"weather","parameters":{"type":"object"}}}'
    talk = (TALK[0], Message("assistant", "", (call,)), Message("tool", "sun"), Message("assistant", "Sun."))
    rows = render(talk, (tool,), spec, "all")
    assert '{"city": "Köln", "days": 3}' in trained(rows, spec)[0][1]
    assert trained(rows, spec)[1][1].startswith("Sun.")
    for row in rows:
        assert "Tools" in decoded(row.ids[: row.spans[0].start], spec.tokenizer)


def test_prompts_are_those_of_transformers() -> None:
    for style in ("chatml", "turns", "brackets", "thinking", "opened", "tools"):
        spec = spec_for(style, with_bos())
        theirs = spec.tokenizer.apply_chat_template(
            [as_template_message(m) for m in TALK[:3]],
            chat_template=spec.template,
            add_generation_prompt=True,
            return_dict=False,
        )
        assert prompt_ids(TALK[:3], (), spec) == tuple(theirs)


def test_conversations_that_cannot_be_rows() -> None:
    spec = spec_for("chatml")
    for talk, code in [
        ((), "render.no_target"),
        (TALK[:3], "render.no_target"),
        ((TALK[1],), "render.no_context"),
    ]:
        with pytest.raises(InputError) as caught:
            render(talk, (), spec)
        assert caught.value.code == code
    greeting = (Message("assistant", "Hello", weight=0), *TALK)
    assert [turn for turn, _ in trained(render(greeting, (), spec, "all"), spec)] == [2, 4]


def test_an_error_in_many_rows_names_its_row() -> None:
    rows = [example(TALK), example((Message("system", "s"), *TALK)), example(TALK)]
    spec = spec_for("turns")
    with pytest.raises(InputError, match="System role not supported") as caught:
        render_rows(rows, spec)
    assert caught.value.where == "row r1 (t.jsonl:1)"
    made = try_render_rows(rows, spec)
    assert [isinstance(row, InputError) for row in made] == [False, True, False]
    assert made[0] == made[2]


def example(talk: tuple[Message, ...], tools: tuple[str, ...] = ()) -> Example:
    last = talk[-1]
    return Example(
        talk[:-1],
        last.content,
        Source("t.jsonl", 1),
        "r1",
        tools=tools,
        target_calls=last.tool_calls,
        target_weight=last.weight,
    )


words = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "\n", "\n\nThe card", " fee ", "Grüße 東京 🙂", "<think>\na\n</think>\n\nb", "a\r\n b\t"]),
)
calls = st.builds(
    ToolCall,
    st.sampled_from(["weather", "bank_fee"]),
    st.sampled_from(["{}", '{"city":"Köln"}', '{"a":[1,{"b":null}],"c":"x\\"y"}']),
)
weights = st.sampled_from([None, None, 1.0, 0.5, 0.0])


@st.composite
def talks(draw: st.DrawFn, with_calls: bool, system: bool) -> tuple[Message, ...]:
    messages = [Message("system", draw(words))] if system and draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 3))):
        messages.append(Message("user", draw(words)))
        made = (draw(calls),) if with_calls and draw(st.booleans()) else ()
        if made:
            messages += [Message("assistant", draw(words), made, weight=draw(weights)), Message("tool", draw(words))]
        messages.append(Message("assistant", draw(words), weight=draw(weights)))
    return tuple(messages)


def check_row_invariants(
    talk: tuple[Message, ...], rows: tuple[Rendered, ...], spec: RenderSpec, train: Literal["all", "last"]
) -> None:
    wanted = [
        index
        for index, message in enumerate(talk)
        if message.role == "assistant" and message.weight != 0 and (train == "all" or index == len(talk) - 1)
    ]
    assert [span.message for row in rows for span in row.spans] == wanted
    assert len(rows) == 1 or len(rows) == len(wanted)
    for row in rows:
        assert len(row.ids) == len(row.weights)
        expected = [0.0] * len(row.ids)
        for span in row.spans:
            assert row.ids[: span.start] == prompt_ids(talk[: span.message], (), spec)
            assert row.ids[span.end - 1] in spec.stop
            assert sum(token in spec.stop for token in row.ids[span.start : span.end]) == 1
            weight = talk[span.message].weight
            expected[span.start : span.end] = [1.0 if weight is None else weight] * (span.end - span.start)
        assert list(row.weights) == expected
        assert row.weights[0] == 0
        assert all(before.end <= after.start for before, after in zip(row.spans, row.spans[1:], strict=False))


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("style", [*TEMPLATES, "plain"])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(data=st.data())
def test_rows_keep_their_promises(style: str, tokenizer: str, data: st.DataObject) -> None:
    spec = spec_for(style, TOKENIZERS[tokenizer]())
    some = st.lists(talks(style in WITH_CALLS, style != "turns"), min_size=1, max_size=4)
    conversations = data.draw(some)
    train: Literal["all", "last"] = data.draw(st.sampled_from(["all", "last"]))
    one_by_one = [render(talk, (), spec, train) for talk in conversations]
    for talk, rows in zip(conversations, one_by_one, strict=True):
        check_row_invariants(talk, rows, spec, train)
        if spec.template is not None:
            check_texts(talk, rows, spec)
    assert render_rows([example(talk) for talk in conversations], spec, train) == one_by_one


def check_texts(talk: tuple[Message, ...], rows: tuple[Rendered, ...], spec: RenderSpec) -> None:
    """Where the template joins prompt and answer, the decoded row is what it writes, letter for letter."""
    last = max((span.message for row in rows for span in row.spans), default=len(talk) - 1)
    whole = whole_text(talk[: last + 1], spec, False)
    if whole.startswith(whole_text(talk[:last], spec, True)):
        # By way of ids, for a tokenizer in the manner of sentencepiece shows spaces behind its special tokens.
        ids = spec.tokenizer(whole, add_special_tokens=False).input_ids
        assert decoded(rows[-1].ids, spec.tokenizer) == decoded(ids, spec.tokenizer)
