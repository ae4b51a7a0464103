"""Every check of shape keeps the contract of the registry."""

from __future__ import annotations

import pickle
from types import ModuleType
from typing import get_args

import pytest
from shape_rows import result_of, row, view_of

from tunewright.audit.checks import (
    conversation_shape,
    cut_targets,
    dangling_references,
    deployment_format,
    empty_targets,
    impossible_dates,
    json_targets,
    label_spelling,
    merged_turns,
    missing_slots,
    order_of_rows,
    preference_pairs,
    sql_targets,
    text_debris,
    tool_calls,
    unanswered_parts,
    unsupported_targets,
    unusable_rows,
    wrong_arithmetic,
)
from tunewright.audit.findings import QUALITIES
from tunewright.audit.view import Kind

CHECKS = (
    conversation_shape,
    cut_targets,
    dangling_references,
    deployment_format,
    empty_targets,
    impossible_dates,
    json_targets,
    label_spelling,
    merged_turns,
    missing_slots,
    order_of_rows,
    preference_pairs,
    sql_targets,
    text_debris,
    tool_calls,
    unanswered_parts,
    unsupported_targets,
    unusable_rows,
    wrong_arithmetic,
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.rpartition(".")[2])
def test_a_check_says_what_it_is_and_takes_any_set(check: ModuleType) -> None:
    assert check.__name__.rpartition(".")[2] == check.NAME
    assert check.QUALITY in QUALITIES
    assert 1 <= len(check.TITLE.split()) <= 5
    assert hasattr(check, "look") != hasattr(check, "run")
    for kind in get_args(Kind):
        assert result_of(check, view_of([], kind)).findings == ()
        assert result_of(check, view_of([row("What is it?", "A bridge.", rejected="A house.")], kind)).findings == ()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.rpartition(".")[2])
def test_same_view_same_words_and_no_row_twice_in_the_count(check: ModuleType) -> None:
    strange = [
        "",
        " ",
        "{",
        "[1",
        "\x00",
        "\ufffd",
        "a" * 300,
        "2 + 2 = 5",
        "SELECT",
        "```",
        "<|im_end|>",
        "ä" * 40,
        "31/02/2020",
    ]
    rows = [row(user or "x", target) for user in strange for target in strange]
    view = view_of(rows)
    first, second = result_of(check, view), result_of(check, view_of(rows))
    assert first == second
    assert pickle.loads(pickle.dumps(first)) == first
    for finding in first.findings:
        assert finding.affected <= len(rows)
        assert finding.title[0].isupper() or finding.title[0].isdigit()
        assert all(span.field for item in finding.items for span in item.spans)
