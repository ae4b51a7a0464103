"""Splitting loses no word, parts no sentence, and keeps the headings; sentences end where sentences end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.documents.blocks import Block, Parsed
from tunewright.documents.markdown import parse_markdown
from tunewright.documents.plain_text import parse_text
from tunewright.documents.sentences import sentences
from tunewright.documents.split import LEAST_WORDS, MOST_WORDS, split

SAMPLE = "the Pump costs 3.5 euro Dr. Weir e.g. etc. in May. What? (Yes!) „so“ No. 7 z.B. end."
WORDS = st.sampled_from(SAMPLE.split())
TEXT = st.lists(WORDS, min_size=1, max_size=120).map(" ".join)


@st.composite
def blocks(draw: st.DrawFn) -> list[Block]:
    made = []
    for number in range(1, draw(st.integers(1, 12)) + 1):
        kind = draw(st.sampled_from(["heading", "prose", "prose", "line", "row"]))
        if kind == "heading":
            made.append(Block("heading", f"Title {number}", number, number, draw(st.integers(1, 4))))
        elif kind == "prose":
            made.append(Block("prose", draw(TEXT), number, number))
        else:
            made.append(Block("line", draw(TEXT), number, number, alone=kind == "row"))
    return made


@given(blocks())
@settings(max_examples=150, deadline=None)
def test_every_word_stands_in_exactly_one_passage_in_order_and_every_heading_is_told(made: list[Block]) -> None:
    passages = split("f.md", Parsed(tuple(made), "line"))
    titles = [block.text for block in made if block.kind == "heading"]
    bodies = [block.text for block in made if block.kind != "heading"]
    texts = [passage.text for passage in passages if passage.text not in titles]
    assert " ".join(texts).split() == " ".join(bodies).split()
    told = {title for passage in passages for title in (*passage.heading, passage.text)}
    assert set(titles) <= told


@given(blocks())
@settings(max_examples=100, deadline=None)
def test_passages_are_whole_sentences_of_bounded_length(made: list[Block]) -> None:
    whole = {text for block in made for text in (sentences(block.text) if block.kind == "prose" else [block.text])}
    for passage in split("f.md", Parsed(tuple(made), "line")):
        assert set(passage.sentences) <= whole
        assert passage.text.split() == " ".join(passage.sentences).split()
        count = len(passage.text.split())
        assert count <= MOST_WORDS + LEAST_WORDS or len(passage.sentences) == 1


@given(st.text(max_size=400))
@settings(max_examples=200, deadline=None)
def test_no_text_breaks_a_reader_and_sentences_give_their_words_back(text: str) -> None:
    flat = " ".join(text.split())
    assert "".join(" ".join(sentences(flat)).split()) == "".join(flat.split())
    for parsed in (parse_markdown(text), parse_text(text)):
        passages = split("f", parsed)
        assert all(passage.text.strip() for passage in passages)


@given(st.lists(st.lists(st.sampled_from(["pump", "valve", "May", "7", "so."]), min_size=1, max_size=9), max_size=9))
def test_plain_text_keeps_every_word(paragraphs: list[list[str]]) -> None:
    text = "\n\n".join(" ".join(words) for words in paragraphs)
    assert " ".join(block.text for block in parse_text(text).blocks).split() == text.split()


def test_a_long_section_is_parted_between_paragraphs_and_never_inside_a_sentence() -> None:
    paragraph = "One two three four five six seven eight nine ten. " * 8
    passages = split("a.md", parse_markdown("# Top\n\n## Part\n\n" + "\n\n".join([paragraph] * 5)))
    assert [len(passage.text.split()) for passage in passages] == [160, 160, 80]
    assert {passage.heading for passage in passages} == {("Top", "Part")}
    assert [passage.place for passage in passages] == ["lines 5-7", "lines 9-11", "line 13"]


def test_headings_form_a_path_and_a_heading_without_text_is_not_lost() -> None:
    passages = split("a.md", parse_markdown("# A\n## B\none\n## C\n# D\ntwo"))
    assert [(passage.heading, passage.text) for passage in passages] == [
        (("A", "B"), "one"),
        (("A",), "C"),
        (("D",), "two"),
    ]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It costs 3.5 euro. See Dr. Weir, e.g. on Monday. Done!", 3),
        ("Call No. 7 first. Then the U.S. Embassy.", 2),
        ("Paper, pens etc. The rest is free.", 2),
        ("1. Ask first. 2. Then go.", 2),
        ('He said "Stop." Then he left.', 2),
        ("今天开门。明天关门。", 2),
        ("no end at all", 1),
    ],
)
def test_sentences_end_where_they_end(text: str, parts: int) -> None:
    assert len(sentences(text)) == parts


def test_what_never_ends_is_parted_at_white_space() -> None:
    assert [len(part.split()) for part in sentences("word " * 900)] == [400, 400, 100]
