"""Debris in texts: what is found, what is left alone, and what the safe edits make of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shape_rows import found_by, row, rows_in

from tunewright.audit.checks import text_debris
from tunewright.audit.checks.text_debris import cleaned
from tunewright.audit.mojibake import repaired

GOOD = [
    row("What is 3 < 5?", "True: 3 < 5 & 5 > 3."),
    row("Naïve café?", "“Déjà vu” – that’s it… 5 € für Überraschungen «oui»"),
    row("How do I make a heading in HTML?", "Write <h1>Title</h1> &amp; close it."),
    row("Write code", "```html\n<div>&nbsp;</div>\n```"),
    row("What was the score?", "It was 2 / 2 at half time."),
    row("Translate", "привет, мир. 你好。"),
]


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("template_tokens", "Done.<|im_end|>"),
        ("template_tokens", "[INST] and so on [/INST]"),
        ("template_tokens", "Done.</s>"),
        ("mojibake", "A cafÃ© on the corner."),
        ("mojibake", "Itâ€™s here."),
        ("lost_characters", "A caf\ufffd on the corner."),
        ("control", "red\x1b[0m"),
        ("ui_residue", "Here:\nprint(1)\nCopy code\nDone."),
        ("ui_residue", "2 / 2\nHere it is."),
        ("html", "First<br>second"),
        ("entities", "Tom &amp; Jerry"),
        ("escaped_newlines", "First\\nsecond\\nthird"),
        ("invisible_ends", "\ufeffHello."),
        ("trailing_space", "Hello. \n"),
    ],
)
def test_planted_debris_is_found(kind: str, target: str) -> None:
    found = found_by(text_debris, [*GOOD, row("Say it.", target)])
    assert rows_in(found[kind]) == [len(GOOD)]
    assert set(found) == {kind}


def test_inputs_are_looked_at_too() -> None:
    found = found_by(text_debris, [row("cafÃ©<|im_start|>", "a"), row("fine ", "b")], "classify")
    assert {kind: finding.items[0].spans[0].field for kind, finding in found.items()} == {
        "mojibake": "messages[0]",
        "template_tokens": "messages[0]",
    }


def test_safe_edits_mend_everything_at_once_and_nothing_else() -> None:
    found = found_by(text_debris, [row("Say it.", "\ufeffA cafÃ©.\nRegenerate response \n")])
    fixes = {finding.items[0].fix for finding in found.values()}
    assert [(fix.value, fix.safe) for fix in fixes if fix] == [("A café.", True)]
    tokens = found_by(text_debris, [row("Say it.", "Done.<|im_end|>")])["template_tokens"].items[0].fix
    assert tokens is not None
    assert (tokens.value, tokens.safe) == ("Done.", False)


def test_what_nearly_every_row_shows_is_a_note() -> None:
    rows = [row(f"Say {n}", f"Line<br>{n}") for n in range(30)]
    assert found_by(text_debris, rows)["html"].severity == "note"
    tokens = [row(f"Say {n}", f"Line {n}</s>") for n in range(30)]
    assert found_by(text_debris, tokens)["template_tokens"].severity == "error"


@given(st.text(alphabet="abcdéèüñçß’“”–… €ø", max_size=20))
def test_text_read_in_the_wrong_encoding_is_put_right(text: str) -> None:
    wrong = "".join(bytes([b]).decode("cp1252", "ignore") or chr(b) for b in text.encode())
    assert repaired(wrong)[0] == text or repaired(text)[0] != text


@given(st.text(alphabet="aé ÜÄ“”’é»ïñ", max_size=12))
def test_what_is_put_right_can_be_put_wrong_again(text: str) -> None:
    mended, places = repaired(text)
    again = mended.encode().decode("cp1252", "replace")
    assert (mended == text) == (not places)
    assert len(mended) <= len(text)
    assert not places or any(again[i : i + 2] in text for i in range(len(again)))


@pytest.mark.parametrize("text", ["MENÜ“ und KAFFEEÄ”", "naïve", "é»", "IRMÃ”", "Ã la carte", "ð"])
def test_look_alikes_of_wrong_encoding_stay(text: str) -> None:
    assert repaired(text) == (text, ())


def test_cleaning_never_empties_an_answer() -> None:
    assert cleaned("Copy code", answer=True) == "Copy code"
    assert cleaned(" \n", answer=True) == " \n"
    assert cleaned("x \n", answer=False) == "x \n"


def test_what_is_remembered_of_a_row_holds_none_of_its_words() -> None:
    seen = text_debris.look(row("Say it.", "A secret cafÃ©.\nCopy code \n"), text_debris.LIMITS)
    assert {sighting.kind for sighting in seen} == {"mojibake", "ui_residue", "trailing_space"}
    assert all(sighting.fix is None and "secret" not in sighting.why for sighting in seen)
