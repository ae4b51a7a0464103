"""Characters that nobody sees, and the places where a script needs them."""

from __future__ import annotations

import pickle

import pytest
from small_sets import example, view_of

from tunewright.audit.checks import invisible_characters as check
from tunewright.audit.fields import text_of, with_text
from tunewright.audit.findings import Finding
from tunewright.records.example import Example


def _findings(row: Example) -> tuple[Finding, ...]:
    seen = check.look(row, check.LIMITS)
    assert pickle.loads(pickle.dumps(seen)) == seen
    return check.conclude(view_of([row], "generate"), {0: seen} if seen else {}, check.LIMITS).findings


PLANTED = [
    ("zero_width", "my c\u200bard", "my card"),
    ("zero_width", "soft\u00adhyphen and \u2060joiner", "softhyphen and joiner"),
    ("zero_width", "\ufeffHello", "Hello"),
    ("zero_width", "a\u200db in Latin", "ab in Latin"),
    ("direction", "pay \u202e001\u202c now", "pay 001 now"),
    ("direction", "left\u200fmark", "leftmark"),
    ("tag_letters", "hi\U000e0069\U000e0067\U000e006e\U000e006f there", "hi there"),
    ("tag_letters", "x\U000e0100\U000e0155 y", "x y"),
    ("control", "bell\x07 here", "bell here"),
    ("control", "the model\x19s look \x13 it", "the model\u2019s look \u2013 it"),
    ("look_alikes", "my p\u0430ypal account", "my paypal account"),
    ("look_alikes", "\u0410pple Pay", "Apple Pay"),
]


@pytest.mark.parametrize(("kind", "text", "clean"), PLANTED)
def test_what_is_hidden_is_found_and_mended(kind: str, text: str, clean: str) -> None:
    row = example(text, "fine")
    (finding,) = _findings(row)
    assert finding.kind == f"invisible_characters.{kind}"
    (item,) = finding.items
    assert item.fix is not None
    assert item.fix.safe is (kind not in ("look_alikes", "control"))
    mended = with_text(row, item.fix.field, item.fix.value or "")
    assert mended.text == clean
    assert _findings(mended) == ()


@pytest.mark.parametrize(
    "text",
    [
        "plain text, with\ttab\nand line",
        "family 👨‍👩‍👧 and flag 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f and ❤️",
        "می‌خواهم کارت",
        "क्‍ष",
        "שלום \u200fABC\u200e עולם",
        "葛\U000e0100城市",
        "Δt = 5 μm, TNFα and β-blocker",
        "Привет, это Москва",
        "Καλημέρα",
        "café naïve Straße",
    ],
)
def test_what_a_script_needs_is_left_alone(text: str) -> None:
    assert _findings(example(text, "fine")) == ()


def test_the_target_is_looked_at_and_the_place_is_right() -> None:
    row = example("plain", "an ans\u200bwer")
    (finding,) = _findings(row)
    (span,) = finding.items[0].spans
    assert text_of(row, span.field)[span.start : span.end] == "\u200b"
    assert span.field == "target"


def test_a_text_of_nothing_else_gets_no_edit() -> None:
    (finding,) = _findings(example("\u200b\u200b", "fine"))
    assert finding.items[0].fix is None
