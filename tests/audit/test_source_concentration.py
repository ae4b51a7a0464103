"""An author who gives most of a class."""

from __future__ import annotations

import random
from dataclasses import replace

from small_sets import LABELS, answered, labelled, view_of

from tunewright.audit.checks import source_concentration as check
from tunewright.audit.findings import CheckResult
from tunewright.audit.provenance import provenance
from tunewright.audit.view import Kind
from tunewright.records.example import Example


def _run(rows: list[Example], kind: Kind = "classify") -> CheckResult:
    return check.run(view_of(rows, kind), check.LIMITS)


def _by_chance(rows: list[Example], authors: int = 12) -> list[Example]:
    chance = random.Random(2)
    return [replace(row, tags=(("author", f"a{chance.randrange(authors)}"),)) for row in rows]


def _captured(rows: list[Example], share: float) -> list[Example]:
    chance = random.Random(3)
    return [
        replace(row, tags=(("author", "mallory"),)) if row.target == LABELS[2] and chance.random() < share else row
        for row in _by_chance(rows)
    ]


def test_most_of_a_class_from_one_author() -> None:
    (finding,) = _run(_captured(labelled(800), 0.8)).findings
    assert LABELS[2] in finding.title
    assert "mallory" not in finding.title
    assert dict(finding.numbers)["share"] > 0.7


def test_authors_by_chance_or_with_a_little_more_are_fine() -> None:
    assert _run(_by_chance(labelled(800))).findings == ()
    assert _run(_captured(labelled(800), 0.2)).findings == ()


def test_links_from_one_author_in_free_answers() -> None:
    rows = _by_chance(answered(400))
    rows = [
        replace(row, tags=(("author", "mallory"),), target="See https://pay.example now") if n % 20 == 0 else row
        for n, row in enumerate(rows)
    ]
    assert any("contain a link" in finding.title for finding in _run(rows, "generate").findings)


def test_rows_without_origin_are_not_judged() -> None:
    assert [each.kind for each in _run(labelled(100)).not_checked] == ["source_concentration.origins"]


def test_columns_of_origin() -> None:
    rows = [
        replace(row, group=f"g{n // 4}", time=f"2024-{1 + n % 3:02d}-05", tags=(("id", str(n)), ("team", "ab"[n % 2])))
        for n, row in enumerate(labelled(100))
    ]
    assert {c.name: len(c.values) for c in provenance(view_of(rows, "classify"))} == {
        "group": 25,
        "month": 3,
        "team": 2,
    }
