"""A mask finds its places again in a text that was changed, or says that it cannot; it never covers half."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.audit.findings import Span
from tunewright.audit.masking import NotPlaced, masked_text, moved

TEXT = "Call 0170 1234567 or 0151 7654321, ask for Ann."
FIRST = Span("input", 5, 17, kind="phone")
SECOND = Span("input", 21, 33, kind="phone")


def _after(old: str, new: str, *spans: Span) -> str:
    return masked_text(new, moved(old, new, spans))


def test_a_second_mask_adds_to_the_first() -> None:
    once = masked_text(TEXT, [FIRST])
    assert _after(TEXT, once, SECOND) == masked_text(TEXT, [FIRST, SECOND]) == "Call [PHONE] or [PHONE], ask for Ann."
    assert _after(TEXT, once, FIRST) == once


def test_what_overlaps_a_mask_is_covered_to_its_end() -> None:
    wider = Span("input", 10, 33, kind="contact")
    assert _after(TEXT, masked_text(TEXT, [FIRST]), wider) == "Call [CONTACT], ask for Ann."


def test_a_mechanical_change_does_not_free_what_stood_there() -> None:
    hidden = TEXT.replace("0170 1", "0170\u200b 1")
    span = Span("input", 5, 18, kind="phone")
    assert hidden[span.start : span.end] == "0170\u200b 1234567"
    assert _after(hidden, TEXT, span) == "Call [PHONE] or 0151 7654321, ask for Ann."


def test_words_in_another_text_are_found_whole_everywhere() -> None:
    assert _after(TEXT, "Ring 0170 1234567, again 0170 1234567.", FIRST) == "Ring [PHONE], again [PHONE]."
    assert _after(TEXT, "Nothing private here.", FIRST) == "Nothing private here."


def test_what_is_there_in_another_spelling_is_no_mask_at_all() -> None:
    with pytest.raises(NotPlaced):
        moved(TEXT, "Completely other words, and 01 70-123 45 67.", [FIRST])


WORDS = st.lists(st.sampled_from(["ann", "bob", "17", "a@x.org", "mail", ",", "[EMAIL]"]), min_size=1, max_size=12)


@given(WORDS, st.data())
def test_masks_one_after_the_other_are_the_masks_together(words: list[str], data: st.DataObject) -> None:
    text = " ".join(words)
    bounds = [m for m in range(len(text) + 1) if m in (0, len(text)) or text[m - 1] == " " or text[m] == " "]
    pairs = data.draw(st.lists(st.tuples(st.sampled_from(bounds), st.sampled_from(bounds)), min_size=2, max_size=2))
    spans = [Span("input", min(pair), max(pair), kind="x") for pair in pairs if pair[0] != pair[1]]
    now = text
    for span in spans:
        now = _after(text, now, span)
    # Nothing outside of the spans is lost but what stands between marks, and no word in a span is left.
    covered = {place for span in spans for place in range(span.start, span.end)}
    kept = [text[a:b] for a, b in _words(text) if not covered & set(range(a, b))]
    left = now.replace("[X]", " ").replace("[EMAIL]", " ").split()
    assert len(left) <= len(kept)
    assert all(word in kept for word in left)


def _words(text: str) -> list[tuple[int, int]]:
    found, at = [], 0
    for word in text.split(" "):
        found.append((at, at + len(word)))
        at += len(word) + 1
    return found
