"""Views of categories and cases: pairs in order, empty columns left out, masked before cut."""

from __future__ import annotations

from sample_odd_verdicts import many_labels
from sample_parts import changed
from sample_verdicts import not_proven, ship

from tunewright.records.verdict import CaseText, Confusion
from tunewright.reporting.cases import LONGEST_TEXT, MOST_CASES, case_list
from tunewright.reporting.categories import category_table, confusion_views


def test_confused_pairs_come_most_first_and_an_unused_last_column_goes() -> None:
    counts = [[7, 1, 2, 0], [0, 9, 0, 0], [5, 0, 4, 0]]
    verdict = changed(ship(), {"confusion": [Confusion(system="x", labels=["a", "b", "c"], counts=counts)]})
    view = confusion_views(verdict)[0]
    assert view.columns == ["a", "b", "c"]
    assert [(pair.target, pair.answer, pair.text) for pair in view.pairs] == [
        ("c", "a", "5 of 9"),
        ("a", "c", "2 of 10"),
        ("a", "b", "1 of 10"),
    ]
    label, cells = view.rows[0]
    assert label == "a"
    assert [(cell.count, cell.shade, cell.right) for cell in cells] == [
        (7, 0.7, True),
        (1, 0.1, False),
        (2, 0.2, False),
    ]


def test_no_usable_answer_is_a_column_of_its_own() -> None:
    verdict = changed(ship(), {"confusion": [Confusion(system="x", labels=["a", "b"], counts=[[1, 0, 1], [0, 2, 0]])]})
    view = confusion_views(verdict)[0]
    assert view.columns[-1] == "no usable answer"
    assert [(pair.target, pair.answer) for pair in view.pairs] == [("a", "no usable answer")]


def test_many_labels_have_pairs_and_no_matrix() -> None:
    view = confusion_views(many_labels())[0]
    assert view.rows == []
    assert len(view.pairs) == 20
    # 77 labels lose answers to the next one, and the first loses one more to no usable answer.
    assert view.more_pairs == 78 - 20


def test_the_category_table_sets_at_most_three_systems_side_by_side_weakest_first() -> None:
    table = category_table(not_proven())
    assert table
    assert table.systems == ["rules.py:route", "embedding", "finetune:minilm"]
    assert [row[0] for row in table.rows] == sorted((row[0] for row in table.rows), reverse=True)
    assert all(len(figures) == 9 for _, _, figures in table.rows)
    nobody = [entry.model_copy(update={"classes": []}) for entry in ship().systems]
    assert category_table(ship().model_copy(update={"systems": nobody})) is None


def test_texts_are_masked_before_they_are_cut() -> None:
    text = "x" * (LONGEST_TEXT - 5) + " +49 30 1234567"
    case = CaseText(row="jane@example.com", text=text, target="", before=None, after="")
    shown = case_list([case] * (MOST_CASES + 3))
    assert len(shown.rows) == MOST_CASES
    assert shown.more == 3
    row = shown.rows[0]
    assert not any(character.isdigit() for character in row.text)
    assert row.text.endswith("…")
    assert (row.row, row.target, row.before, row.after) == ("[e-mail]", "(empty)", "no usable answer", "(empty)")
