"""Guesses about columns, with their reasons."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tunewright.data.guess import Guesses, guess_columns
from tunewright.data.read import peek


def write(folder: Path, content: str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_text(content)
    return path


def columns_of(guesses: Guesses) -> dict[str, str | None]:
    roles = {"input": guesses.input, "target": guesses.target, "id": guesses.id}
    roles |= {"group": guesses.group, "time": guesses.time}
    return {role: guess.column if guess else None for role, guess in roles.items()}


def test_a_ticket_table(tmp_path: Path) -> None:
    header = "ticket_id,created_at,customerId,message,priority,category\n"
    rows = "".join(
        f"T{i},2024-01-{i % 28 + 1:02d},c{i % 7},my card number {i} does not work at all,{i % 3},desk {i % 4}\n"
        for i in range(50)
    )
    found = peek(write(tmp_path, header + rows))
    assert columns_of(found.guesses) == {
        "input": "message",
        "target": "category",
        "id": "ticket_id",
        "group": "customerId",
        "time": "created_at",
    }
    assert found.guesses.target is not None
    assert found.guesses.target.reason == "its name says category; 4 different values in the first 50 rows"
    assert len(found.first_rows) == 5
    assert found.first_rows[0]["ticket_id"] == "T0"
    assert 45 <= found.rows_about <= 55
    assert (found.container, found.shape) == ("csv", "table")


def test_values_decide_where_names_say_nothing() -> None:
    rows = [{"a": f"some longer text number {i}", "b": f"L{i % 3}", "c": str(i)} for i in range(30)]
    guesses = guess_columns(["a", "b", "c"], rows)
    assert columns_of(guesses) == {"input": "a", "target": "b", "id": None, "group": None, "time": None}
    assert guesses.input is not None
    assert not guesses.input.by_name


def test_a_column_named_label_that_never_repeats_is_no_target() -> None:
    rows = [{"text": f"words {i}", "label": f"a free answer, number {i}", "kind": f"K{i % 2}"} for i in range(30)]
    guesses = guess_columns(["text", "label", "kind"], rows)
    assert columns_of(guesses)["target"] == "kind"


def test_a_date_column_must_hold_dates() -> None:
    rows = [{"text": f"words {i}", "time": "soon"} for i in range(12)]
    assert guess_columns(["text", "time"], rows).time is None


def test_a_file_with_one_row(tmp_path: Path) -> None:
    found = peek(write(tmp_path, "text,label\nhello there,a\n"))
    assert columns_of(found.guesses)["input"] == "text"
    assert columns_of(found.guesses)["target"] == "label"
    assert found.rows_about == 1


@pytest.mark.parametrize("shape", ["chat", "prompt/completion"])
def test_shapes_that_speak_for_themselves(tmp_path: Path, shape: str) -> None:
    chat = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
    row = chat if shape == "chat" else {"prompt": "q", "completion": "a"}
    found = peek(write(tmp_path, "\n".join([json.dumps(row)] * 7), "t.jsonl"))
    assert found.shape == shape
    assert found.rows_about == 7
    assert columns_of(found.guesses)["input"] == ("messages" if shape == "chat" else "prompt")


def test_a_half_empty_column_is_no_target() -> None:
    rows = [
        {
            "Anfrage": f"Meine Karte {i} geht nicht mehr",
            "Notizen": "ja" if i % 2 else "",
            "Ergebnis (geprüft)": f"K{i % 4}",
        }
        for i in range(40)
    ]
    assert (
        columns_of(guess_columns(["Anfrage", "Notizen", "Ergebnis (geprüft)"], rows))["target"] == "Ergebnis (geprüft)"
    )


@pytest.mark.parametrize(
    ("text", "target", "group", "time"),
    [
        ("Nachricht", "Kategorie (geprüft)", "Kunde", "Datum"),
        ("Demande", "Catégorie", "Client", "Date"),
        ("Mensaje", "Categoría", "Cliente", "Fecha"),
        ("Bericht", "Afdeling", "Klant", "Datum"),
        ("Messaggio", "Reparto", "Cliente", "Data"),
    ],
)
def test_names_in_other_languages(text: str, target: str, group: str, time: str) -> None:
    names = [time, group, text, target]
    rows = [
        dict(zip(names, (f"2024-01-{i % 28 + 1:02d}", f"c{i % 7}", f"some words {i}", f"K{i % 4}"), strict=True))
        for i in range(40)
    ]
    found = columns_of(guess_columns(names, rows))
    assert found == {"input": text, "target": target, "id": None, "group": group, "time": time}
