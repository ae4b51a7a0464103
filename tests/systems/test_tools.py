"""A model that calls tools: what it is offered, what is run, what runs dry, what it may answer, and what is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from calling import CASE, HERE, LABELS, TRAIN, Box, Calling, Say, calls, clear, fitted, results, row
from talking import around

from tunewright.backends.local_constraints import _library
from tunewright.errors import InputError
from tunewright.records.answers import Status
from tunewright.records.example import input_digest
from tunewright.records.generation import Reply, Request
from tunewright.records.system import FitContext, Setting
from tunewright.records.usage import Usage
from tunewright.systems import tools
from tunewright.systems._prompting.repair import Form
from tunewright.systems._tools.calls import choice_schema
from tunewright.systems.around import ModelFacts


@pytest.fixture(autouse=True)
def clean() -> None:
    clear()


def look_up(request: Request) -> Reply | str:
    """Look the customer up, then answer by what was found."""
    if request.decoding.choices:
        return "repair"
    return "done" if results(request) else calls(("contract", {"customer": "Ada"}))


def test_a_call_is_made_and_its_result_read_before_the_answer() -> None:
    system, backend = fitted(look_up)
    (answer,) = system.answer([CASE])
    first, second, closing = backend.asked
    offered = [json.loads(text)["function"]["name"] for text in first.tools]
    assert offered == ["contract", "refund", "close_case"]
    assert "dry_run" not in first.tools[2]
    assert [m.role for m in second.messages] == ["system", "user", "assistant", "tool"]
    assert second.messages[2].tool_calls[0].arguments == '{"customer": "Ada"}'
    assert second.messages[3].tool_call_id == "c0"
    assert '"plan": "gold"' in second.messages[3].content
    assert (closing.tools, closing.decoding.choices) == ((), LABELS)
    assert (answer.text, answer.status) == ("repair", Status.OK)
    assert answer.confidence == pytest.approx(1 / (1 + 2.718281828**-2), abs=1e-6)
    assert answer.spent is not None
    assert (answer.spent.calls, answer.spent.usage) == (3, Usage(30, output=6))
    (call,) = json.loads(answer.trace)["calls"]
    assert call["tool"] == "contract"
    assert (call["arguments"], call["dry"], call["seconds"]) == ({"customer": "Ada"}, False, 0.25)
    assert call["result"]["plan"] == "gold"
    assert all(request.owners == (input_digest(CASE.messages),) for request in backend.asked)


def test_requests_belong_to_the_case_that_the_input_was_made_of() -> None:
    system, backend = fitted(look_up)
    system.answer([replace(CASE, origin="the case")])
    assert {request.owners for request in backend.asked} == {("the case",)}
    assert system.request(replace(CASE, origin="the case")).owners == ("the case",)


def test_a_server_is_spared_the_closing_question_where_its_answer_is_a_label() -> None:
    system, backend = fitted(lambda r: "Repair." if results(r) else calls(("contract", {"customer": "A"})), served=True)
    (answer,) = system.answer([CASE])
    assert (answer.text, answer.confidence, len(backend.asked)) == ("repair", None, 2)
    assert answer.detail == "repaired: marks around the label"


def test_a_wrong_form_is_asked_for_once_more_within_the_budget() -> None:
    say: Say = lambda r: "repair" if r.decoding.choices else "I think so"  # noqa: E731
    (answer,) = fitted(say, served=True)[0].answer([CASE])
    assert answer.text == "repair"
    assert answer.detail.startswith("asked again: 'I think so' is none of the labels")
    (answer,) = fitted(say, served=True, repair=0)[0].answer([CASE])
    assert (answer.text, answer.status) == (None, Status.MODEL_FAIL)


def test_arguments_that_do_not_fit_go_back_to_the_model_and_are_counted() -> None:
    asked = [("contract", {"name": "Ada"}), ("contract", '{"customer": '), ("delete_all", {}), ("contract", "[1]")]

    def say(request: Request) -> Reply | str:
        if request.decoding.choices:
            return "bill"
        seen = len(results(request))
        return calls(asked[seen]) if seen < len(asked) else "done"

    box = Box()
    system, backend = fitted(say, box=box, steps=5)
    (answer,) = system.answer([CASE])
    assert box.made == []
    told = results(backend.asked[-1])
    assert "'customer' is required and missing" in told[0]
    assert "no JSON" in told[1]
    assert "there is no tool 'delete_all'; there are: contract, refund, close_case" in told[2].replace('\\"', "'")
    assert "should be object" in told[3]
    assert (answer.text, answer.detail) == ("bill", "calls not allowed or with arguments that do not fit: 4")
    made = [m for m in backend.asked[-1].messages if m.role == "assistant"]
    assert all(isinstance(json.loads(c.arguments), dict) for m in made for c in m.tool_calls)


def test_nearly_right_arguments_are_mended() -> None:
    box = Box()
    system, _ = fitted(lambda r: "bill" if results(r) else calls(("contract", "{'customer': 'Ada',}")), box=box)
    system.answer([CASE])
    assert box.made == [("contract", {"customer": "Ada"})]


def test_a_tool_that_fails_is_shown_to_the_model() -> None:
    system, backend = fitted(lambda r: "bill" if results(r) else calls(("contract", {"customer": "broken"})))
    (answer,) = system.answer([CASE])
    assert "KeyError" in results(backend.asked[1])[0]
    assert (answer.text, answer.detail) == ("bill", "calls that failed: 1")


def test_after_its_steps_a_model_must_answer_and_the_same_call_is_not_made_twice() -> None:
    box = Box()

    def say(request: Request) -> Reply | str:
        return "bill" if request.decoding.choices else calls(("contract", {"customer": "Ada"}))

    system, backend = fitted(say, box=box, steps=3)
    (answer,) = system.answer([CASE])
    assert len(box.made) == 1
    assert "call it no more" in results(backend.asked[-1])[1]
    assert (answer.text, answer.detail) == ("bill", "all 3 steps were taken by calls")
    assert answer.spent is not None
    assert answer.spent.calls == 4


def test_too_many_calls_at_once_are_cut() -> None:
    box = Box()
    many = calls(*[("contract", {"customer": f"c{n}"}) for n in range(20)])
    system, _ = fitted(lambda r: "bill" if results(r) else many, box=box)
    (answer,) = system.answer([CASE])
    assert len(box.made) == 5
    assert answer.detail == "20 calls at once, of which 5 were made"


def test_a_lost_connection_in_the_middle_is_missing_and_keeps_what_was_done() -> None:
    system, _ = fitted(lambda r: None if results(r) else calls(("contract", {"customer": "Ada"})))
    (answer,) = system.answer([CASE])
    assert (answer.text, answer.status, answer.detail) == (None, Status.INFRA_FAIL, "connection lost")
    assert len(json.loads(answer.trace)["calls"]) == 1


def test_an_extraction_is_held_to_its_schema() -> None:
    def say(request: Request) -> Reply | str:
        if request.decoding.schema:
            return '{"plan": "gold"}'
        return 'It is {"plan": 3}' if results(request) else calls(("contract", {"customer": "Ada"}))

    system, backend = fitted(say, "extract")
    (answer,) = system.answer([CASE])
    assert answer.text == '{"plan": "gold"}'
    assert answer.detail.startswith("asked again: 'plan' should be string")
    assert json.loads(backend.asked[-1].decoding.schema or "")["required"] == ["plan"]


def test_a_text_is_taken_as_it_is() -> None:
    system, _ = fitted(
        lambda r: "Ada has gold." if results(r) else calls(("contract", {"customer": "Ada"})), "generate"
    )
    assert system.answer([CASE])[0].text == "Ada has gold."


# Models without tool calling


def as_json(request: Request) -> str:
    if request.decoding.choices:
        return "repair"
    if "RESULT" in request.messages[-1].content:
        return '{"answer": "repair"}'
    return '{"tool": "contract", "arguments": {"customer": "Ada"}}'


def test_a_model_without_calls_chooses_in_json() -> None:
    system, backend = fitted(as_json, calling="json")
    (answer,) = system.answer([CASE])
    first, second, _ = backend.asked
    assert first.tools == ()
    assert "- contract: The contract of a customer." in first.messages[0].content
    branches = json.loads(first.decoding.schema or "")["oneOf"]
    assert [branch["required"] for branch in branches] == [["tool", "arguments"]] * 3 + [["answer"]]
    assert branches[-1]["properties"]["answer"] == {"type": "string", "enum": list(LABELS)}
    assert [m.role for m in second.messages] == ["system", "user", "assistant", "user"]
    assert answer.text == "repair"
    assert len(json.loads(answer.trace)["calls"]) == 1


@pytest.mark.parametrize(
    "form",
    [
        Form("classify", LABELS),
        Form("generate"),
        Form("extract", (), '{"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]}'),
    ],
)
def test_the_choice_can_be_held_by_grammar(form: Form) -> None:
    library = _library()
    grammar = library.LLMatcher.grammar_from_json_schema(choice_schema(Box().specs(), form))
    matcher = library.LLMatcher(library.LLTokenizer("byte"), grammar, log_level=0)
    assert not matcher.is_error(), matcher.get_error()
    assert matcher.consume_tokens(list(b'{"tool":"contract","arguments":{"customer":"A'))
    other = library.LLMatcher(library.LLTokenizer("byte"), grammar, log_level=0)
    assert other.try_consume_tokens(list(b'{"tool":"delete"')) == len(b'{"tool":"')


# Fitting, saving, options


def test_both_ways_of_calling_are_tried_and_the_better_one_is_kept() -> None:
    def say(request: Request) -> Reply | str:
        if request.decoding.choices:
            return "repair" if any("gold" in m.content for m in request.messages) else "bill"
        return look_up(request) if request.tools else "no"

    backend = Calling(lambda _request: None, replies=say)
    given = {"functions": "people_tools.py"}
    system = replace(tools.build_around("t", "small", given, HERE, around(backend)), box=Box)
    made = system.fit(TRAIN, [row("who", "repair", 5)], FitContext(0, LABELS, lambda _t, _a: 0.0))
    tried = [(dict(trial.settings), trial.validation_score) for trial in made.trials]
    assert tried == [
        ({"calling": "json", "style": "listed"}, 0.0),
        ({"calling": "native", "style": "listed"}, 1.0),
        ({"style": "brief", "calling": "native"}, 1.0),
        ({"style": "reminded", "calling": "native"}, 1.0),
    ]
    assert (made.calling, made.style) == ("native", "listed")
    assert (made.budget.declared, made.budget.spent) == (4, 4)
    assert "refund (writes)" in made.notes[0]
    assert "run dry, in evaluations and in use" in made.notes[1]
    assert made.notes[-1] == "tools were called in 1 of 1 validation cases, 1 calls in all"


def test_a_server_that_knows_no_tools_is_asked_in_json() -> None:
    backend = Calling(lambda _request: None, replies=lambda r: None if r.tools else as_json(r))
    given = {"functions": "people_tools.py"}
    system = replace(tools.build_around("t", "small", given, HERE, around(backend)), box=Box)
    served = replace(system, facts=ModelFacts("talking 1", False, served=True))
    made = served.fit(TRAIN, [row("who", "repair", 5)], FitContext(0, LABELS, lambda _t, _a: 0.0))
    assert made.calling == "json"
    assert (made.budget.spent, len(made.trials)) == (4, 3)
    assert any(note.startswith("not called as native: no row was answered; connection lost") for note in made.notes)


def test_functions_that_sound_like_writing_are_pointed_out() -> None:
    def send_mail(to: str) -> str:
        """Send a mail."""
        return to

    made, _ = fitted(look_up, box=Box({"send_mail": send_mail}))
    assert "not marked: send_mail" in made.notes[-1]


def test_saved_and_loaded_it_asks_the_same(tmp_path: Path) -> None:
    backend = Calling(lambda _request: None, replies=look_up)
    given = {"functions": "people_tools.py", "calling": "json"}
    system = replace(tools.build_around("t", "small", given, HERE, around(backend)), box=Box)
    made = system.fit(TRAIN, TRAIN, FitContext(0, LABELS, lambda _t, _a: 0.0))
    made.save(tmp_path)
    loaded = system.load(tmp_path)
    assert loaded.request(CASE) == made.request(CASE)
    assert (loaded.notes, loaded.trials, loaded.calling) == (made.notes, made.trials, "json")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({}, "tools.no_file"),
        ({"functions": "people_tools.py", "calling": "xml"}, "systems.option_value"),
        ({"functions": "people_tools.py", "steps": 0}, "systems.option_value"),
        ({"functions": "people_tools.py", "repair": 2}, "systems.option_value"),
        ({"functions": "people_tools.py", "timeout_s": 0.0}, "systems.option_value"),
        ({"functions": "people_tools.py", "stepps": 2}, "systems.unknown_option"),
        ({"functions": "people_tools.py", "write": True}, "systems.unknown_option"),
        ({"functions": "nofile.py"}, "tools.missing"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Setting], code: str) -> None:
    with pytest.raises(InputError) as caught:
        tools.build_around("t", "small", options, HERE, around(Calling(lambda _r: None)))
    assert caught.value.code == code


def test_the_code_of_the_tools_is_part_of_the_identity(tmp_path: Path) -> None:
    (tmp_path / "t.py").write_text("def a(b: str) -> str:\n    'A.'\n", encoding="utf-8")
    system = tools.build_around("t", "small", {"functions": "t.py"}, tmp_path, around(Calling(lambda _r: None)))
    before = system.identity()
    (tmp_path / "t.py").write_text("def a(c: str) -> str:\n    'A.'\n", encoding="utf-8")
    assert system.missing() is None
    assert system.identity() != before
