"""The checks of personal data and of repeated persons: planted rows, look-alikes, and what is said to be unchecked."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace

import pytest

from tunewright.audit.checks import identity_exposure, personal_data
from tunewright.audit.findings import CheckResult, Finding
from tunewright.audit.privacy import presidio
from tunewright.audit.privacy.rows import in_words, side_of
from tunewright.audit.registry import all_checks, is_row_check, is_set_check
from tunewright.audit.view import View
from tunewright.errors import InputError
from tunewright.records.example import Example, Message, Source, ToolCall


def example(user: str, answer: str = "Thank you.", **more: object) -> Example:
    row = Example((Message("system", "You help."), Message("user", user)), answer, Source("f", 1), "1")
    return replace(row, **more)  # type: ignore[arg-type]


def audit(rows: list[Example], **limits: float) -> CheckResult:
    chosen = dict(personal_data.LIMITS) | limits
    found = {n: seen for n, row in enumerate(rows) if (seen := personal_data.look(row, chosen))}
    return personal_data.conclude(View(tuple(rows), "generate"), found, chosen)


def by_kind(result: CheckResult) -> dict[str, Finding]:
    return {finding.kind.split(".")[1]: finding for finding in result.findings}


def test_the_checks_are_found_and_are_of_their_kind() -> None:
    checks = {check.NAME: check for check in all_checks()}
    assert is_row_check(checks["personal_data"])
    assert is_row_check(checks["secrets"])
    assert is_set_check(checks["identity_exposure"])
    for name in ("personal_data", "secrets", "identity_exposure"):
        assert checks[name].QUALITY == "privacy-reviewed"


def test_severity_follows_place_and_kind() -> None:
    rows = [
        example("hello"),
        example("hi", "Your card 4111 1111 1111 1111 is active."),
        example("hi", "Mail jane@web.de."),
        example("my card is 4111111111111111"),
        example("mail me: joe@web.de, call 030 1234567"),
        example("from 86.121.97.248"),
    ]
    found = by_kind(audit(rows))
    assert {name: (f.severity, f.items[0].rows) for name, f in found.items()} == {
        "sensitive_in_targets": ("error", (1,)),
        "in_targets": ("warning", (2,)),
        "sensitive_in_inputs": ("warning", (3,)),
        "in_inputs": ("warning", (4,)),
        "weak_in_inputs": ("note", (5,)),
    }
    item = found["in_inputs"].items[0]
    assert item.why == "The input holds 1 e-mail address and 1 phone number."
    assert [(span.field, span.kind) for span in item.spans] == [("messages[1]", "email"), ("messages[1]", "phone")]
    assert item.fix is not None
    assert item.fix.action == "mask"
    assert dict(audit(rows).numbers)["card.in_targets"] == 1.0


def test_no_value_is_repeated_in_words() -> None:
    result = audit([example("I am at jane@web.de", "Dear Ms. Lovelace, call 030 1234567")])
    said = " ".join([f.title + f.why + f.advice + " ".join(item.why for item in f.items) for f in result.findings])
    assert result.findings
    assert not any(value in said for value in ("jane", "Lovelace", "1234567"))


def test_tool_arguments_rejected_answers_and_earlier_turns_count_as_said() -> None:
    call = ToolCall("mail", json.dumps({"to": "a@web.de"}))
    row = example("hi", "", target_calls=(call,), rejected=(Message("assistant", "ask b@web.de"),))
    (finding,) = audit([row]).findings
    assert finding.kind == "personal_data.in_targets"
    assert [span.field for span in finding.items[0].spans] == ["target_calls[0]", "rejected[0]"]
    turns = (
        Message("user", "a"),
        Message("assistant", "b"),
        Message("assistant", "c", weight=0.0),
        Message("tool", "d"),
    )
    sides = [side_of(example("x", messages=turns), f"messages[{n}]") for n in range(4)]
    assert sides == ["input", "target", "input", "input"]


def test_a_contact_of_the_house_is_a_note() -> None:
    rows = [example("help", "Call our hotline: 030 1234567.") for _ in range(30)]
    found = by_kind(audit(rows))
    assert list(found) == ["shared_contacts"]
    assert found["shared_contacts"].severity == "note"
    cards = [example("help", "Use card 4111 1111 1111 1111.") for _ in range(30)]
    assert list(by_kind(audit(cards))) == ["sensitive_in_targets"]


def test_record_numbers_are_learned_and_do_not_hide_other_kinds() -> None:
    rows = [example(f"Where is my order ORD-{n:05d}?", f"ORD-{n:05d} is late.") for n in range(20)]
    finding = by_kind(audit(rows))["record_ids"]
    assert finding.affected == 20
    assert {span.field for span in finding.items[0].spans} == {"messages[1]", "target"}
    assert finding.items[0].why == "It holds 2 order or customer numbers, some in the answer."
    assert "record_ids" not in by_kind(audit(rows[:3]))


def test_strings_of_one_group_are_a_note() -> None:
    names = ["Tamsin", "Odalys", "Bartok", "Quill", "Ferran", "Ilse"]
    rows = [example(f"I saw {name} at the market again.", group=name) for name in names for _ in range(2)]
    finding = by_kind(audit(rows))["one_group_only"]
    assert len(finding.items) == 6
    assert finding.severity == "note"
    assert finding.items[0].spans[0].row == 4
    assert "one_group_only" not in by_kind(audit([replace(row, group=None) for row in rows]))


def test_clean_rows_give_no_finding_but_say_what_was_not_checked() -> None:
    result = audit([example("What is my balance?", "It is 12 euros."), example("page 4711-0815", "ok")])
    assert result.findings == ()
    assert {n.kind for n in result.not_checked} == {f"personal_data.{k}" for k in ("person", "place", "organisation")}
    assert all("presidio" in n.hint for n in result.not_checked)


def test_counts_in_words() -> None:
    assert in_words(["card", "email", "email"]) == "2 e-mail addresses and 1 payment card number"
    assert in_words(["person"] * 2) == "2 names of persons"
    assert in_words(["iban"] * 2) == "2 bank accounts (IBAN)"


def exposed(rows: list[Example]) -> CheckResult:
    return identity_exposure.run(View(tuple(rows), "generate"), identity_exposure.LIMITS)


def test_the_same_person_in_many_rows_is_found_whatever_the_spelling() -> None:
    rows = [
        example("I am at Jane@web.de"),
        example("mail jane@web.de"),
        example("x", "I mailed jane@web.de"),
        example("y"),
    ]
    rows += [example("ring 030 1234567"), example("ring (030) 123 45 67"), example("ring 030-1234567")]
    result = exposed(rows)
    said, read = result.findings
    assert (said.kind, said.severity) == ("identity_exposure.in_answers", "warning")
    assert said.items[0].rows == (0, 1, 2)
    assert read.items[0].rows == (4, 5, 6)
    assert said.items[0].why == "The same e-mail address stands in 3 rows, 1 of them in answers."
    assert [span.row for span in said.items[0].spans] == [0, 1, 2]
    assert dict(result.numbers)["identities"] == 2.0
    assert dict(result.numbers)["rows_per_identity_most"] == 3.0


def test_few_rows_and_house_contacts_are_no_finding() -> None:
    assert exposed([example("jane@web.de"), example("joe@web.de")]).findings == ()
    result = exposed([example("hi", "Write to help@shop.example.") for _ in range(40)])
    assert result.findings == ()
    assert dict(result.numbers)["house_contacts"] == 1.0
    assert exposed([]).findings == ()


@pytest.mark.skipif(presidio.installed_model() is not None, reason="presidio and a model are installed")
def test_without_presidio_the_name_model_is_refused_in_words() -> None:
    presidio._engine.cache_clear()
    with pytest.raises(InputError, match="presidio-analyzer") as raised:
        audit([example("Tamara left early")], name_model=1.0)
    assert raised.value.code == "privacy.no_presidio"


@pytest.mark.skipif(presidio.installed_model() is None, reason="presidio-analyzer or its spaCy model is not installed")
def test_presidio_finds_names_in_prose() -> None:
    assert importlib.util.find_spec("presidio_analyzer") is not None
    result = audit([example("Yesterday John Smith left London early.")], name_model=1.0)
    assert "in_inputs" in by_kind(result)
    assert result.not_checked == ()
