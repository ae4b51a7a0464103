"""The page of an audit: loads nothing, escapes and covers everything, shows every part, counts what it leaves out."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest
from sample_audits import ALL, CONTEXT, EMAIL, LABELS, PERSON, SCRIPT, SECRET, TEXTS, as_kind, labels, topic_map
from test_report_html import Page

from tunewright.audit.result import AuditResult
from tunewright.audit.view import View
from tunewright.reporting.audit_figures import (
    FEWEST_OF_A_TOPIC,
    MOST_LARGE,
    MOST_POINTS,
    MOST_SMALL,
    class_balance,
    sample,
    topic_figure,
)
from tunewright.reporting.audit_page import TopicMap, audit_page
from tunewright.reporting.audit_privacy import Cover
from tunewright.reporting.audit_queue import MOST_ITEMS, queue_view


@cache
def html_of(name: str, texts: bool = True) -> str:
    return audit_page(*ALL[name](), CONTEXT, texts=texts, topics=topic_map() if name == "labels" else None)


@cache
def page_of(name: str, texts: bool = True) -> Page:
    return Page(html_of(name, texts))


NAMES = list(ALL)


@pytest.mark.parametrize("texts", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_well_nested_and_loads_nothing(name: str, texts: bool) -> None:
    page = page_of(name, texts)
    assert page.open == []
    assert not {tag for tag, _ in page.tags} & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "base",
        "form",
        "b",
    }
    for tag, attributes in page.tags:
        for attribute, value in attributes.items():
            assert not attribute.startswith("on"), (tag, attribute)
            assert attribute not in ("src", "srcset", "action", "data"), (tag, attribute)
            if attribute in ("href", "xlink:href"):
                assert str(value).startswith("#"), value
    styles = re.findall(r"<style>(.*?)</style>", html_of(name, texts), re.DOTALL)
    assert len(styles) == 1
    assert not re.search(r"@import|url\(|@font-face", styles[0])
    assert "default-src 'none'" in html_of(name, texts)


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_unique_and_every_link_leads_somewhere(name: str) -> None:
    attributes = [attributes for _, attributes in page_of(name).tags]
    ids = [str(found["id"]) for found in attributes if "id" in found]
    assert len(ids) == len(set(ids))
    links = [str(found["href"])[1:] for found in attributes if "href" in found]
    labelled = [str(found["aria-labelledby"]) for found in attributes if "aria-labelledby" in found]
    assert set(links + labelled) <= set(ids)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_missing_is_a_word_of_the_machine_and_equal_audits_give_equal_pages(name: str) -> None:
    assert not re.search(r"\b(None|nan|NaN|inf|undefined|null|True|False)\b", page_of(name).text)
    again = audit_page(*ALL[name](), CONTEXT, topics=topic_map() if name == "labels" else None)
    assert again == html_of(name)


@pytest.mark.parametrize("name", NAMES)
def test_landmarks_headings_and_table_headers(name: str) -> None:
    page = page_of(name)
    for tag in ("header", "main", "nav", "footer", "h1"):
        assert page.count(tag) == 1, tag
    for tag, attributes in page.tags:
        if tag == "th":
            assert attributes.get("scope") in ("row", "col")
        if tag == "svg":
            assert attributes.get("aria-hidden") == "true" or attributes.get("aria-label")


def test_texts_labels_and_row_names_are_shown_as_text() -> None:
    assert SCRIPT not in html_of("labels")
    assert "<b>card</b>" not in html_of("labels")
    text = page_of("labels").text
    assert f"{SCRIPT} tickets.csv:7" in text
    assert "<b>card</b>" in text
    assert f"charge {SCRIPT}" in text


@pytest.mark.parametrize("texts", [True, False])
def test_private_words_stand_nowhere(texts: bool) -> None:
    for word in (EMAIL, SECRET, PERSON, "901820"):
        assert word not in html_of("labels", texts)
    if texts:
        for token in ("[e-mail]", "[api key]", "[name]", "[phone]"):
            assert token in page_of("labels").text


def test_without_texts_rows_are_named_and_labels_stay_but_no_text_is_shown() -> None:
    text = page_of("labels", False).text
    for words in TEXTS:
        assert words not in text
        assert words.startswith(SCRIPT) or words[:12] not in text
    assert "It holds […] in the text." in text
    assert "charged" not in text
    assert "new card" not in text
    assert "left out of this page on request" in text
    assert "tickets.csv:2" in text
    for label in LABELS:
        assert label in text
    assert "Fridya" in page_of("answers").text
    assert "Fridya" not in page_of("answers", False).text


def test_a_suggested_label_stands_beside_the_given_one_and_the_rows_beside_each_other() -> None:
    text = page_of("labels").text
    assert "Label given: charge suggested: refund" in text
    assert "93 % likely" in text
    assert text.index("Most similar row-1") > text.index("Row row-0")
    assert '<mark class="differs">three times</mark>' in html_of("labels")
    assert '<mark class="hit">twice</mark>' in html_of("labels")


def test_answers_show_marked_fields_calls_and_the_suggested_text() -> None:
    text = page_of("answers").text
    assert '<mark class="hit">Fridya</mark>.</dd>' in html_of("answers")
    assert "System prompt You are brief." in text
    assert "Call of book" in text
    assert "Suggested: a new text of the field Answer: “Booked for Friday.” It cannot hurt." in text
    assert "Suggested: give it the weight 0.5 in training." in text
    assert text.count("chat.jsonl:1") == 1
    assert '<dd dir="auto"><mark class="hit">Yes</mark>, of course' in html_of("pairs")
    assert "Preferred answer Yes" in page_of("pairs").text
    assert "Rejected answer Yes" in page_of("pairs").text


def test_a_long_queue_is_cut_and_the_rest_counted() -> None:
    assert html_of("labels").count("starts like many others") == MOST_ITEMS
    assert "The first 50 of 70 are shown; 20 more stand in audit.json." in page_of("labels").text
    assert "45 more here" in page_of("labels").text


def test_what_was_not_checked_the_limits_and_the_command_are_there() -> None:
    text = page_of("labels").text
    for words in (
        "coverage no sample of deployment inputs was given Name one with --deployment FILE.",
        "Not asked for: agreement.",
        "least_margin=0.25",
        CONTEXT.digest,
        CONTEXT.command,
        "9 = 8 + 1",
        "row.empty",
        "estimated share 0.125",
        "broken not measured",
        "The file had a byte order mark.",
        "2026-11-21 09:30 UTC",
    ):
        assert words in text
    assert "could judge it" in page_of("clean").text


def test_queues_mark_nothing_between_rows_that_are_hardly_alike() -> None:
    result, view = labels()
    found = next(f.finding for f in result.findings if f.finding.kind == "openers.skew")
    far = type(found)("x", "note", "t", "w", "a", (type(found.items[0])((0, 4), "far apart"),))
    rows = queue_view(far, view, Cover(result, view, {})).items[0].rows
    assert [row.role for row in rows] == ["First row", "Beside it"]
    assert not any(piece.mark == "differs" for row in rows for field in row.fields for piece in field.pieces)


def test_class_balance_counts_every_class_once() -> None:
    result, view = labels()
    balance = class_balance(view, Cover(result, view, {}))
    assert balance is not None
    assert [(bar.label, bar.rows) for bar in balance.large][:2] == [("app", 2), ("card", 2)]
    assert sum(bar.rows for bar in (*balance.large, *balance.small)) == len(view)
    assert class_balance(as_kind("generate"), Cover(result, as_kind("generate"), {})) is None


def test_many_classes_show_both_ends() -> None:
    many = tuple(e.with_target(f"c{n:03}") for n in range(100) for e in labels()[1].examples[:1] * (100 - n))
    view = View(many, "classify")
    balance = class_balance(view, Cover(AuditResult(len(many), ()), view, {}))
    assert balance is not None
    assert (len(balance.large), balance.between, len(balance.small)) == (MOST_LARGE, 60, MOST_SMALL)
    assert balance.small[-1].label == "c099"
    assert balance.large[0].length == 100


def test_the_map_draws_a_dot_a_row_and_names_thin_topics_in_the_table() -> None:
    svg = topic_figure(topic_map())
    assert svg.count("<use ") == 96
    assert "var(--warm)" in svg
    assert not re.search(r"#0[1-5]0\d0", svg)
    text = page_of("labels").text
    assert "3 write to [e-mail] 40 thin" in text
    assert "topic 3" in page_of("labels", False).text
    nothing = TopicMap(np.zeros((0, 2), np.float32), np.zeros(0, np.int64), (), (), ())
    assert topic_figure(nothing) == ""
    assert 'id="topics"' not in audit_page(*labels(), CONTEXT, topics=nothing)


def test_large_maps_are_drawn_in_part_and_small_topics_stay() -> None:
    cluster = np.array([0] * 50_000 + [1] * 3 + [2] * 60, dtype=np.int64)
    drawn = sample(cluster)
    assert len(np.unique(drawn)) == len(drawn) <= MOST_POINTS + 3 * FEWEST_OF_A_TOPIC
    assert (cluster[drawn] == 1).sum() == 3
    assert (cluster[drawn] == 2).sum() == FEWEST_OF_A_TOPIC
