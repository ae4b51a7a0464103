"""Parts of a run's cases: which there are, flags that count all of them in, planted losses found, and real runs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from desks import LABELS, MAJORITY, WORDS_ONLY, make_project, make_rows, run_project, write_answers, write_table

from tunewright.records.example import Example, Message, Source
from tunewright.workflow.evidence.slices import SystemsPair, parts_of, slice_records


def case(
    number: int, text: str, target: str = "a", tags: tuple[tuple[str, str], ...] = (), file: str = "f.csv"
) -> Example:
    return Example((Message("user", text),), target, Source(file, number), str(number), tags=tags)


def test_parts_come_from_columns_categories_files_languages_and_lengths() -> None:
    english = "where is my parcel and when will it be here please"
    german = "wo ist mein Paket und wann wird es bitte hier bei mir sein, ich habe lange gewartet"
    examples = [
        case(
            k,
            english if k % 2 else german,
            "ab"[k % 4 > 1],
            (("channel", "mail" if k < 60 else "chat"), ("ticket", str(k)), ("same", "mail" if k < 60 else "chat")),
            f"{k // 50}.csv",
        )
        for k in range(120)
    ]
    parts = parts_of(examples, ("a", "b"))
    assert list(parts) == [
        *("category: a", "category: b", "channel: chat", "channel: mail"),
        *("file: 0.csv", "file: 1.csv", "language: English", "language: German"),
    ]
    assert parts["channel: mail"].tolist() == [True] * 60 + [False] * 60
    assert "category: a" not in parts_of(examples, ())
    assert parts_of(examples[:40], ("a", "b")) == {}


def test_lengths_are_thirds() -> None:
    parts = parts_of([case(k, "x" * (k + 1)) for k in range(99)], ())
    assert {name: int(inside.sum()) for name, inside in parts.items()} == {
        "length: up to 33 characters": 33,
        "length: 34 to 66 characters": 33,
        "length: over 66 characters": 33,
    }


def test_a_planted_loss_is_flagged_and_luck_is_not() -> None:
    """600 cases in 20 parts; in one of them the new system is right in 40 %, everywhere else both are in 80 %."""
    found, false = 0, []
    for seed in range(60):
        random = np.random.default_rng(seed)
        place = np.arange(600) % 20
        old = (random.random(600) < 0.8).astype(float)
        new = (random.random(600) < np.where(place == 3, 0.4, 0.8)).astype(float)
        parts = {str(number): place == number for number in range(20)}
        records = slice_records([SystemsPair("new", "old", new, old)], parts, None, seed=seed)
        assert len(records) == 20
        flagged = {one.slice for one in records if one.flagged}
        found += "3" in flagged
        false.append(len(flagged - {"3"}) / max(len(flagged), 1))
    assert found > 30
    assert np.mean(false) <= 0.10


def test_groups_and_missing_answers() -> None:
    n = 240
    groups = np.arange(n) // 40
    old, new = np.zeros(n), np.where(groups < 3, 1.0, 0.0)
    part = {"all but one": np.arange(n) > 0}
    alone, grouped = (
        slice_records([SystemsPair("new", "old", new, old)], part, each, seed=0)[0] for each in (None, groups)
    )
    assert alone.flagged
    assert not grouped.flagged
    new[:215] = np.nan
    assert slice_records([SystemsPair("new", "old", new, old)], part, None, seed=0) == []


def test_pairs_are_flagged_together() -> None:
    random = np.random.default_rng(4)
    old, new = (random.random(100) < 0.5).astype(float), (random.random(100) < 0.72).astype(float)
    part = {"half": np.arange(100) % 2 == 0}
    one = SystemsPair("new", "old", new, old)
    (alone,) = slice_records([one], part, None, seed=0)
    both = slice_records([one, SystemsPair("old", "other", old, old)], part, None, seed=0)
    assert both[0].p_adjusted == pytest.approx(2 * alone.p_adjusted, abs=1e-5)
    assert (both[1].gain, both[1].p_adjusted, both[1].flagged) == (0.0, 1.0, False)


def test_a_run_looks_at_its_own_columns(tmp_path: Path) -> None:
    rows = make_rows(180, noise=0.05)
    folder = make_project(
        tmp_path, rows, systems=(MAJORITY, WORDS_ONLY), fields={"incumbent": {"answers": "today.csv"}}
    )
    write_table(
        folder / "tickets.csv", [{**asdict(row), "desk": "north" if k % 5 else "south"} for k, row in enumerate(rows)]
    )
    write_answers(folder / "today.csv", rows, right=0.6)
    verdict = run_project(folder)
    names = {one.slice for one in verdict.slices}
    assert {f"category: {label}" for label in LABELS} | {"desk: north", "desk: south"} <= names
    assert {(one.system, one.against) for one in verdict.slices} == {(verdict.use.system, verdict.incumbent)}
    north = next(one for one in verdict.slices if one.slice == "desk: north")
    assert north.n == 144
    assert north.flagged
    assert north.gain == pytest.approx(north.score - north.reference, abs=2e-6)
    assert north.interval[0] < north.gain < north.interval[1]


def test_a_fine_tune_is_looked_at_against_both_and_by_macro_f1(tmp_path: Path) -> None:
    rows = make_rows(150, noise=0.05)
    folder = make_project(tmp_path, rows, systems=(MAJORITY, WORDS_ONLY, "keywords"), fields={"incumbent": MAJORITY})
    verdict = run_project(folder)
    assert {(one.system, one.against) for one in verdict.slices} == {("keywords", "words"), ("keywords", MAJORITY)}
    (measure,) = verdict.measure_gains
    figures = {system.name: system.macro_f1 for system in verdict.systems}
    assert (measure.system, measure.against) == ("keywords", "words")
    assert (measure.score, measure.reference) == (figures["keywords"], figures["words"])
    assert 0 < measure.p <= 1
