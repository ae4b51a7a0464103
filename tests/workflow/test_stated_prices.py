"""Prices that are stated belong to what is fixed before a look; a label does not. A saving says on what it rests."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from desks import MAJORITY, make_project, make_rows, open_state, run_project, study_of

from tunewright.decision.money import Margin
from tunewright.project.settings import SystemEntry
from tunewright.records.system import Needs, Setting
from tunewright.records.verdict import Verdict
from tunewright.systems.answers import build
from tunewright.systems.registry import parse_entry
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.outcome import Outcome
from tunewright.workflow.run import RunOptions
from tunewright.workflow.stated_prices import saving_basis, stated_prices
from tunewright.workflow.study import Study
from tunewright.workflow.use_keys import margins_hash

MARGIN = Margin(0.02, "")
TODAY: SystemEntry = {"answers": {"file": "today.csv", "name": "today"}}
PRICES = "- {model: gpt-x, from: 2026-01-01, input: 2.5, output: 10, train: 25}\n"


def recorded(reason: str | None = None, **options: Setting) -> Outcome:
    """Answers recorded elsewhere."""
    return Outcome(Contestant(parse_entry(TODAY), build("today", "today.csv", options, Path())), reason)


def serving(*, own_machine: bool = False, billed: bool = False) -> Outcome:
    """A system that runs on a machine of its own, or is billed."""
    system = build("served", "served.csv", {}, Path())
    needs = Needs(simplicity=50, own_machine=own_machine, billed=billed)
    return Outcome(
        Contestant(parse_entry({"answers": {"file": "served.csv", "name": "served"}}), replace(system, needs=needs))
    )


@pytest.fixture
def study(tmp_path: Path) -> Study:
    folder = make_project(tmp_path, make_rows(90), systems=(MAJORITY, "keywords"))
    with open_state(folder) as store:
        return study_of(folder, store)[0]


def stated(study: Study, **fields: object) -> Study:
    return replace(study, settings=study.settings.model_copy(update=fields))


def test_without_stated_prices_the_hash_is_that_of_before_they_counted(study: Study) -> None:
    for incumbent in (None, "tfidf", TODAY):
        asked = stated(study, incumbent=incumbent)
        settings = asked.settings
        fixed: list[object] = [
            0.02,
            [settings.min_saving, None, settings.volume_per_day],
            [None, None, settings.guards],
            "None",
            str(incumbent),
            settings.seed,
            None,
        ]
        outcomes = [recorded(), serving(own_machine=True, billed=True)]
        assert margins_hash(asked, outcomes, MARGIN) == hashlib.sha256(json.dumps(fixed).encode()).hexdigest()


def test_every_stated_price_that_can_decide_makes_another_look(study: Study) -> None:
    before = margins_hash(study, [recorded(), serving(own_machine=True, billed=True)], MARGIN)
    seen = {before}
    for price in ({"usd_per_month": 500.0}, {"usd_per_month": 0.0}, {"usd_per_call": 0.5}, {"usd_per_call": 500.0}):
        seen.add(margins_hash(study, [recorded(**price), serving(own_machine=True, billed=True)], MARGIN))
    for dollars in (0.0, 2.0):
        seen.add(margins_hash(stated(study, machine_usd_per_hour=dollars), [serving(own_machine=True)], MARGIN))
    for content in (PRICES, PRICES.replace("10", "11")):
        (study.root / "prices.yaml").write_text(content, encoding="utf-8")
        seen.add(margins_hash(study, [serving(billed=True)], MARGIN))
    assert len(seen) == 1 + 4 + 2 + 2


def test_what_decides_nothing_makes_none(study: Study) -> None:
    plain = stated(study, incumbent=TODAY)
    before = margins_hash(plain, [recorded()], MARGIN)
    named = stated(study, incumbent={"answers": {"file": "today.csv", "name": "today", "model": "GPT-x"}})
    assert margins_hash(named, [recorded(model="GPT-x")], MARGIN) == before
    assert margins_hash(stated(plain, machine_usd_per_hour=3.0), [recorded()], MARGIN) == before
    assert margins_hash(plain, [recorded("no file", usd_per_month=500.0)], MARGIN) == before
    (study.root / "prices.yaml").write_text(PRICES, encoding="utf-8")
    assert margins_hash(plain, [recorded()], MARGIN) == before
    billed = margins_hash(plain, [serving(billed=True)], MARGIN)
    (study.root / "prices.yaml").write_text(f"# a word\n{PRICES.replace('train: 25', 'train: 9')}", encoding="utf-8")
    assert margins_hash(plain, [serving(billed=True)], MARGIN) == billed


def test_a_saving_says_on_what_it_rests(study: Study) -> None:
    priced, unpriced = [recorded(usd_per_call=0.1)], [recorded()]
    assert (bool(stated_prices(study, priced)), bool(stated_prices(study, unpriced))) == (True, False)
    known = stated(study, volume_per_day=300.0)
    assert saving_basis(known, priced) == "at the stated price and volume"
    assert saving_basis(known, unpriced) == "at listed prices and the stated volume"
    assert saving_basis(study, priced) == "at a guessed volume of 1,000 a day"


def desk(folder: Path, **today: object) -> Verdict:
    """A desk whose recorded answers are as good as the fine-tune, opened for good."""
    rows = make_rows(1500, noise=0.0)
    entry: SystemEntry = {"answers": {"file": "today.csv", "name": "today", **today}}  # type: ignore[dict-item]
    folder.mkdir(exist_ok=True)
    lines = "\n".join(f"{row.id},{row.category}" for row in rows)
    (folder / "today.csv").write_text(f"id,answer\n{lines}\n", encoding="utf-8")
    fields = {"min_improvement": 0.05, "incumbent": entry}
    tuned: SystemEntry = {"keywords": {"machine": 0.02}}
    make_project(folder, rows, systems=(MAJORITY, tuned), fields=fields)
    return run_project(folder, RunOptions(final=True, go_on=True))


def looks(verdict: Verdict) -> str:
    """The number of a later look as the verdict says it; empty for the first."""
    found = re.search(r"This was look (\d+)", " ".join([*verdict.warnings, verdict.test_set.text]))
    return found[1] if found else ""


def test_a_price_found_afterwards_is_a_second_look(tmp_path: Path) -> None:
    first = desk(tmp_path / "desk")
    assert (first.headline, looks(first)) == ("KEEP_SIMPLER", "")
    second = desk(tmp_path / "desk", usd_per_month=500)
    assert (second.headline, looks(second)) == ("SHIP_FINE_TUNE", "2")
    assert second.headline_text.endswith("a month at a guessed volume of 1,000 a day.")
