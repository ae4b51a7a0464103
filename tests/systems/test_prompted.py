"""Systems that ask a language model: what is sent, what is chosen, what comes back, and what is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from talking import Talking, around

from tunewright.errors import InputError
from tunewright.records.answers import Status
from tunewright.records.example import Example, Inputs, Message, Source, input_digest
from tunewright.records.generation import TOO_LONG, Reply, Request, Watch
from tunewright.records.system import FitContext
from tunewright.systems import few_shot, prompt
from tunewright.systems._prompting.compose import Job, compose, instruction
from tunewright.systems._prompting.schema import learned_schema
from tunewright.systems.around import Kind

LABELS = ("bill", "repair")


def row(text: str, target: str, number: int = 0) -> Example:
    return Example((Message("user", text),), target, Source("t.csv", number), f"r{number}")


TRAIN = [row("pay the invoice", "bill", 1), row("invoice is wrong", "bill", 2), row("broken pump", "repair", 3)]
VALIDATION = [row("the invoice again", "bill", 4), row("broken valve", "repair", 5)]


def context(labels: Sequence[str] = LABELS) -> FitContext:
    return FitContext(0, tuple(labels), lambda targets, answers: 0.0)


def built(backend: Talking, kind: Kind = "classify", **options: str | int) -> prompt.Prompt:
    return prompt.build_around("p", "small", options, Path(), around(backend, kind))


def knows(request: Request) -> str:
    return "bill" if "invoice" in request.messages[-1].content else "repair"


def test_the_way_of_asking_that_is_best_on_validation_is_kept() -> None:
    def say(request: Request) -> str:
        return knows(request) if "Label:" in request.messages[-1].content else "bill"

    backend = Talking(say)
    fitted = built(backend).fit(TRAIN, VALIDATION, context())
    assert [dict(trial.settings)["style"] for trial in fitted.trials] == ["brief", "listed", "reminded"]
    assert [trial.validation_score for trial in fitted.trials] == [0.5, 0.5, 1.0]
    assert fitted.style == "reminded"
    assert (fitted.budget.declared, fitted.budget.spent, fitted.budget.exhausted) == (3, 3, True)
    assert [answer.text for answer in fitted.answer([one.inputs for one in VALIDATION])] == ["bill", "repair"]


def test_only_labels_can_be_answered_and_the_share_of_certainty_is_told() -> None:
    backend = Talking(knows)
    fitted = built(backend, style="brief").fit(TRAIN, VALIDATION, context())
    (answer,) = fitted.answer([VALIDATION[0].inputs])
    assert backend.asked[-1].decoding.choices == LABELS
    assert answer.confidence == pytest.approx(1 / (1 + 2.718281828**-2), abs=1e-6)


def test_a_lost_connection_is_missing_and_never_wrong() -> None:
    fitted = built(Talking(lambda _request: None), style="brief").fit(TRAIN, VALIDATION, context())
    (answer,) = fitted.answer([VALIDATION[0].inputs])
    assert (answer.text, answer.status, answer.detail) == (None, Status.INFRA_FAIL, "connection lost")


def test_an_extraction_is_held_to_the_schema_of_its_targets() -> None:
    rows = [row(f"order {n}", json.dumps({"item": "pump", "count": n}), n) for n in range(4)]
    backend = Talking(lambda _request: '{"item": "pump", "count": 2}')
    fitted = built(backend, "extract", style="brief").fit(rows, rows[:1], context(()))
    fitted.answer([rows[0].inputs])
    schema = json.loads(backend.asked[-1].decoding.schema or "")
    assert schema["required"] == ["item", "count"]
    assert schema["properties"]["count"] == {"type": "integer"}


def test_an_own_prompt_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("Do: {task} One of {labels}!", encoding="utf-8")
    backend = Talking(knows)
    system = prompt.build_around("p", "small", {"text": "mine.txt"}, tmp_path, around(backend))
    fitted = system.fit(TRAIN, VALIDATION, context())
    fitted.answer([VALIDATION[0].inputs])
    assert backend.asked[-1].messages[0].content == "Do: Sort the mail. One of bill, repair!"
    assert fitted.trials == ()


@pytest.mark.parametrize(("text", "code"), [("", "prompt.empty"), ("Use {case}.", "prompt.placeholder")])
def test_a_prompt_that_cannot_be_used_is_refused(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "mine.txt").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        prompt.build_around("p", "small", {"text": "mine.txt"}, tmp_path, around(Talking(knows)))
    assert caught.value.code == code


def test_a_model_must_be_named() -> None:
    with pytest.raises(InputError, match="none is named"):
        prompt.build_around("p", None, {}, Path(), around(Talking(knows)))


def test_saved_and_loaded_it_asks_the_same(tmp_path: Path) -> None:
    backend = Talking(knows)
    for kind in (prompt, few_shot):
        system = kind.build_around("s", "small", {}, Path(), around(backend))
        fitted = system.fit(TRAIN, VALIDATION, context())
        folder = tmp_path / kind.__name__
        folder.mkdir()
        fitted.save(folder)
        loaded = system.load(folder)
        assert loaded.request(VALIDATION[0].inputs) == fitted.request(VALIDATION[0].inputs)
        assert loaded.trials == fitted.trials


# Few-shot


def test_the_nearest_rows_are_shown_the_nearest_last_and_never_the_case_itself() -> None:
    backend = Talking(knows)
    system = few_shot.build_around("f", "small", {"choice": "nearest", "examples": 2}, Path(), around(backend))
    fitted = system.fit(TRAIN, VALIDATION, context())
    shown = fitted.shots.of(TRAIN[1].inputs)
    assert TRAIN[1] not in shown
    assert shown[-1].text in ("the invoice again", "pay the invoice")
    request = fitted.request(TRAIN[1].inputs)
    assert [m.role for m in request.messages] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert set(request.owners) == {input_digest(one.messages) for one in (TRAIN[1], *shown)}


def test_fixed_examples_cover_every_label_before_they_repeat_one() -> None:
    rows = [row(f"invoice number {n} is wrong", "bill", n) for n in range(9)] + [row("pump broken", "repair", 9)]
    chosen = few_shot.covering(rows, 2, labels=True)
    assert {one.target for one in chosen} == {"bill", "repair"}
    assert few_shot.covering(rows, 2, labels=True) == few_shot.covering(rows[::-1], 2, labels=True)


def test_a_case_with_a_system_message_keeps_it_behind_the_instruction() -> None:
    inputs = Inputs((Message("system", "Customer: gold"), Message("user", "hello")), "r")
    messages = compose(inputs, Job("Sort.", "classify", LABELS), "brief")
    assert messages[0].content == "Sort. Answer with one of: bill, repair.\n\nCustomer: gold"
    assert [m.role for m in messages] == ["system", "user"]


def test_without_a_task_the_instruction_is_still_one() -> None:
    assert instruction(Job("", "generate"), "brief").startswith("Answer the case")


# Schema


def test_the_schema_tells_types_choices_and_what_may_be_missing() -> None:
    targets = [
        '{"kind": "a", "n": 1, "tags": ["x"], "note": null}',
        '{"kind": "b", "n": 2.5, "tags": [], "note": "long"}',
        '{"kind": "a", "n": 3, "tags": ["y", "z"]}',
        '{"kind": "b", "n": 4, "tags": ["x"]}',
        '{"kind": "a", "n": 4, "tags": ["x"]}',
        '{"kind": "b", "n": 4, "tags": ["x"]}',
    ]
    schema = json.loads(learned_schema(targets) or "")
    assert schema["required"] == ["kind", "n", "tags"]
    assert schema["properties"]["kind"] == {"type": "string", "enum": ["a", "b"]}
    assert schema["properties"]["n"] == {"type": "number"}
    assert schema["properties"]["tags"]["items"]["type"] == "string"
    assert schema["properties"]["note"]["type"] == ["string", "null"]
    assert learned_schema(["no json"]) is None
    assert learned_schema(["[1]"]) is None


def test_examples_fill_the_room_and_no_more() -> None:
    rows = [row(f"invoice {n} " + "x" * 20 * n, "bill", n) for n in range(8)]
    shots = few_shot.NearestShots(tuple(rows), 0, room=150)
    shown = shots.of(row("invoice", "bill", 99).inputs)
    taken = sum(map(few_shot.length_of, shown))
    assert 0 < taken <= 150
    left_out = [one for one in rows if one not in shown]
    assert all(few_shot.length_of(one) > 150 - taken for one in left_out)
    assert len(few_shot.NearestShots(tuple(rows), 2, room=10_000).of(row("invoice", "bill", 99).inputs)) == 2


def test_an_answer_in_no_form_is_sent_back_once_and_both_calls_are_paid() -> None:
    def say(request: Request) -> str:
        return '{"city": "Ulm"}' if "cannot be used" in request.messages[-1].content else "I think it is Ulm."

    rows = [row(f"to Ulm {n}", '{"city": "Ulm"}', n) for n in range(4)]
    for repair, text, calls in ((1, '{"city": "Ulm"}', 2), (0, None, 1)):
        fitted = built(Talking(say), "extract", style="brief", repair=repair).fit(rows, [], context(()))
        (answer,) = fitted.answer([rows[0].inputs])
        assert answer.text == text
        assert answer.spent is not None
        assert answer.spent.calls == calls
    assert answer.status is Status.MODEL_FAIL


def test_nearly_json_is_mended_without_a_call() -> None:
    rows = [row(f"to Ulm {n}", '{"city": "Ulm"}', n) for n in range(4)]
    backend = Talking(lambda _request: "```json\n{'city': 'Ulm',}\n```")
    (answer,) = built(backend, "extract", style="brief").fit(rows, [], context(())).answer([rows[0].inputs])
    assert json.loads(answer.text or "") == {"city": "Ulm"}
    assert "repaired" in answer.detail
    assert len(backend.asked) == 1


def test_a_request_that_is_too_long_is_sent_with_fewer_examples() -> None:
    @dataclass
    class Narrow(Talking):
        def complete(self, requests: Sequence[Request], watch: Watch) -> Iterator[tuple[int, Reply]]:
            for place, request in enumerate(requests):
                self.asked.append(request)
                if len(request.messages) > 2 + 2 * 3:
                    yield place, Reply(None, Status.MODEL_FAIL, "none", detail=f"{TOO_LONG}: 3,000 tokens")
                else:
                    yield place, Reply("bill", choices=(0.0, -2.0))

    backend = Narrow(lambda _request: "bill")
    rows = [row(f"invoice {n}", "bill" if n % 2 else "repair", n) for n in range(20)]
    made = few_shot.build_around("f", "small", {"choice": "nearest"}, Path(), around(backend))
    (answer,) = made.fit(rows, [], context()).answer([row("invoice", "bill", 99).inputs])
    assert (answer.text, answer.status) == ("bill", Status.OK)
    assert [(len(request.messages) - 2) // 2 for request in backend.asked] == [8, 4, 2]
    assert backend.asked[-1].messages[1:5] == backend.asked[0].messages[13:17]
