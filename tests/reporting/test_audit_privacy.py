"""What is covered in shown rows: marked places, what a check of rows sees now, known shapes; nothing else is lost."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_audits import EMAIL, PERSON, SECRET, TEXTS, answers, labels, report, row

from tunewright.audit.findings import CheckResult, Finding, Item, Span
from tunewright.audit.registry import Sighting
from tunewright.audit.result import AuditResult
from tunewright.audit.view import View
from tunewright.reporting import audit_privacy
from tunewright.reporting.audit_privacy import Cover, Mark, Piece, is_private
from tunewright.reporting.masking import mask
from tunewright.reporting.words import clean


def nothing(text: str, target: str = "card") -> Cover:
    """A cover of one row about which nothing was found."""
    return Cover(AuditResult(1, ()), View((row(0, text, target),), "classify"), {})


def found(text: str, spans: Iterable[Span], target: str = "card", kind: str = "secrets.keys") -> Cover:
    """A cover of one row with places that a check marked."""
    finding = Finding(kind, "error", "t", "w", "a", (Item((0,), "why", 1.0, tuple(spans)),))
    result = AuditResult(1, (report("any", "privacy-reviewed", CheckResult((finding,))),))
    return Cover(result, View((row(0, text, target),), "classify"), {})


def joined(pieces: tuple[Piece, ...] | None) -> str:
    assert pieces is not None
    return "".join(piece.text for piece in pieces)


@pytest.mark.parametrize("kind", ["personal_data", "personal_data.email", "secrets.keys", "identity.same"])
def test_private_kinds(kind: str) -> None:
    assert is_private(kind)
    assert not is_private(kind.replace("a", "o").replace("s", "z").replace("i", "y"))


def test_marked_places_become_words_under_every_name_of_the_field() -> None:
    result, view = labels()
    cover = Cover(result, view, {})
    assert (
        joined(cover.text(2, "input")) == joined(cover.text(2, "messages[0]")) == "write to [e-mail] about the refund"
    )
    assert joined(cover.text(3, "input")) == "the key is [api key] and it does not work"
    assert Piece("[api key]", "hidden") in (cover.text(3, "input") or ())


def test_the_same_word_is_covered_elsewhere_in_the_row_and_in_sentences() -> None:
    result, view = labels()
    cover = Cover(result, view, {})
    assert joined(cover.text(4, "input")) == "Ms [name] asked for a new card, says [hidden]"
    assert cover.sentence(f"{PERSON.upper()} stands here", (4,)) == "[hidden] stands here"
    assert cover.sentence("Brandvoldia stands here", (4,)) == "Brandvoldia stands here"
    spans = (Span("input", 0, 5, 0),)
    assert joined(found("Quell said so", spans, target="Quell").text(0, "target")) == "[hidden]"


def test_known_shapes_are_masked_in_texts_names_and_sentences() -> None:
    result, view = labels()
    cover = Cover(result, view, {})
    assert joined(cover.text(6, "input")) == "call me on [phone] please, the app is broken"
    assert cover.name(6) == "[e-mail]"
    assert EMAIL not in cover.sentence(f"ask {EMAIL}")


@pytest.mark.parametrize(
    "spans",
    [
        (),
        (Span("input", 3, 400, 0),),
        (Span("input", -1, 4, 0),),
        (Span("input", 4, 4, 0),),
        (Span("messages[9]", 0, 1),),
    ],
)
def test_a_row_whose_private_places_cannot_be_told_is_not_shown(spans: tuple[Span, ...]) -> None:
    cover = found("some words", spans)
    assert cover.text(0, "input") is None
    assert cover.text(0, "target") is None
    assert cover.new_text(0, "input", "others") is None


def test_a_place_that_another_kind_of_finding_marks_is_shown() -> None:
    cover = found("some words", (Span("input", 0, 4, 0),), kind="lengths.long")
    assert joined(cover.text(0, "input")) == "some words"


class Looker:
    """A check of rows that knows one secret."""

    NAME, LIMITS = "secrets", {"least": 1.0}

    def look(self, example: object, limits: dict[str, float]) -> tuple[Sighting, ...]:
        text = str(example.messages[0].content)  # type: ignore[attr-defined]
        place = text.find(SECRET)
        if place < 0 or limits["least"] > 1:
            return ()
        return (Sighting("secrets.keys", "a key", spans=(Span("input", place, place + len(SECRET), kind="key"),)),)


def test_a_secret_is_covered_although_its_check_was_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    other = SimpleNamespace(NAME="openers", run=lambda view, limits: CheckResult())
    monkeypatch.setattr(audit_privacy, "all_checks", lambda: [other, Looker()])
    view = View((row(0, TEXTS[3], "app"),), "classify")
    cover = Cover(AuditResult(1, ()), view, {})
    assert joined(cover.text(0, "input")) == "the key is [key] and it does not work"
    assert cover.new_text(0, "input", f"key {SECRET}!") == "key [key]!"
    loose = Cover(AuditResult(1, ()), view, {"secrets": {"least": 2.0}})
    assert SECRET in joined(loose.text(0, "input"))


def test_a_cut_never_leaves_half_of_a_number_behind() -> None:
    number = "+49 30 901820"
    for before in range(0, 2_400, 23):
        text = "a" * before + f" {number} " + "b" * 2_000
        for mark in (0, 700, 1_400, 2_200):
            shown = joined(nothing(text).text(0, "input", [(mark, mark + 3, "hit")], longest=80))
            assert not any(character.isdigit() for character in shown)


def test_many_numbers_in_a_row_shrink_and_none_shows_at_the_edge() -> None:
    text = " / ".join(["+49 30 901820"] * 400)
    for start in range(0, len(text), 101):
        shown = joined(nothing(text).text(0, "input", [(start, start + 2, "hit")], longest=90))
        assert not any(character.isdigit() for character in shown)


def test_a_long_text_is_shown_around_the_mark() -> None:
    text = "a " * 2_000 + "NEEDLE" + " b" * 2_000
    pieces = nothing(text).text(0, "input", [(4_000, 4_006, "hit")], longest=100) or ()
    assert Piece("NEEDLE", "hit") in pieces
    assert pieces[0].text == pieces[-1].text == "…"
    assert len(joined(pieces)) <= 102


def test_a_cut_begins_with_a_word_and_a_marked_character_without_shape_is_named() -> None:
    text = "lorem ipsum " * 300 + "zero\u200bwidth"
    pieces = nothing(text).text(0, "input", [(3_604, 3_605, "hit")], longest=90) or ()
    assert Piece("U+200B", "hit") in pieces
    assert joined(pieces)[1:6] in ("lorem", "ipsum")
    assert joined(nothing("zero\u200bwidth").text(0, "input")) == "zero\u200bwidth"


WORDS = st.sampled_from(["call", "+49 30 901820", "a@b.org", "[phone]", "now\x07", "", "\u202e", "é", "x" * 9, "12"])


@given(st.lists(WORDS, max_size=12), st.integers(0, 60), st.integers(0, 20))
def test_pieces_together_are_the_masked_text_and_marks_only_tell_them_apart(
    words: list[str], start: int, length: int
) -> None:
    text = " ".join(words)
    marks: list[tuple[int, int, Mark]] = [(start, start + length, "hit")]
    pieces = nothing(text).text(0, "input", marks)
    assert joined(pieces) == mask(clean(text))
    for piece in pieces or ():
        if piece.mark == "hit":
            assert piece.text in clean(text[start : start + length])


def test_without_texts_only_labels_are_shown_and_quotations_are_left_out() -> None:
    result, view = labels()
    cover = Cover(result, view, {}, with_texts=False)
    assert cover.text(0, "input") is None
    assert joined(cover.text(0, "target")) == "charge"
    assert cover.new_text(0, "input", "x") is None
    assert cover.new_text(0, "target", "refund") == "refund"
    assert cover.sentence("It says 'charged twice' and not “refund”.", (0,)) == "It says '[…]' and not “refund”."
    assert cover.sentence(f"All of: {TEXTS[0]}", (0,)) == "All of: […]"
    assert cover.sentence("The same, my card was charged and so on.", (0,)) == "The same, […] and so on."
    assert cover.sentence("It was for the card.", (0,)) == "It was for the card."
    assert Cover(*answers(), {}, with_texts=False).text(0, "target") is None
