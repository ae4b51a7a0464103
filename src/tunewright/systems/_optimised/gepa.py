"""The search through GEPA (Agrawal et al. 2025, arXiv 2507.19457) where the grader says in words what is wrong.

GEPA keeps a Pareto front over validation rows, mends a candidate of it by what went wrong on a few training rows, and
tries what is better on those. It goes through our table, so that its calls are counted, kept and never past the budget,
and the final choice is ours, over every candidate that it visited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from tunewright.errors import Cancelled
from tunewright.systems._optimised.search import RIGHT, Search
from tunewright.systems._optimised.table import Candidate
from tunewright.systems._optimised.writing import Miss

COMPONENT = "instruction"
ROWS_AT_ONCE = 4
# Rounds in which nothing new was asked, until it is stopped.
IDLE = 50


def gepa_version() -> str:
    """The version installed, or ``none``."""
    try:
        return version("gepa")
    except PackageNotFoundError:
        return "none"


class _BudgetSpent(Exception):
    """The budget has no room for what GEPA asks."""


class _Quiet:
    """GEPA's own log; ours is the table."""

    def log(self, message: str) -> None:
        """Nothing is written."""


@dataclass(slots=True)
class _Stop:
    """Says when to stop: no room, nobody to write, nothing new, or a person's wish."""

    search: Search
    champion: Candidate
    idle: int = 0
    seen: int = -1

    def __call__(self, gepa_state: object) -> bool:
        ledger, context = self.search.table.ledger, self.search.table.context
        self.idle = self.idle + 1 if ledger.spent_calls == self.seen else 0
        self.seen = ledger.spent_calls
        spent = self.search.table.spent or ledger.left < 1
        return context.cancelled() or self.search.writer.given_up or spent or self.idle > IDLE


@dataclass(slots=True)
class _Adapter:
    """Our table as GEPA's system; rows are their places in it."""

    search: Search
    champion: Candidate
    parent: str

    def candidate(self, texts: Mapping[str, str]) -> Candidate:
        """The candidate that has this instruction, as it was first thought of."""
        text = texts[COMPONENT]
        if text == self.champion.text(self.search.job):
            return self.champion
        made = replace(self.champion, own=text, origin="written by a model: mend, through gepa", parent=self.parent)
        known = self.search.table.entries.get(made.key)
        return made if known is None else known.candidate

    def evaluate(self, batch: list[int], candidate: dict[str, str], capture_traces: bool = False) -> Any:
        """Scores by row, those missing in the place of the others' mean, which moves nothing."""
        from gepa.core.adapter import EvaluationBatch

        one, table = self.candidate(candidate), self.search.table
        if not table.ask(one, batch):
            raise _BudgetSpent
        cells = [table.entries[one.key].cells[place] for place in batch]
        known = [cell.score for cell in cells if cell.score is not None]
        usual = float(np.mean(known)) if known else 0.0
        scores = [usual if cell.score is None else cell.score for cell in cells]
        return EvaluationBatch([cell.answer for cell in cells], scores, list(batch) if capture_traces else None)

    def make_reflective_dataset(
        self, candidate: dict[str, str], eval_batch: Any, components_to_update: list[str]
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """The places of the rows that did not come out right, as GEPA hands them on."""
        places: list[int] = eval_batch.trajectories or []
        cells = self.search.table.entries[self.candidate(candidate).key].cells
        wrong = [place for place in places if (score := cells[place].score) is not None and score < RIGHT]
        return {COMPONENT: [{"place": place} for place in wrong]}

    def propose_new_texts(
        self,
        candidate: dict[str, str],
        reflective_dataset: Mapping[str, Sequence[Mapping[str, Any]]],
        components_to_update: list[str],
    ) -> dict[str, str]:
        """The writer's instruction; nothing where it is of no use or not new."""
        parent = self.candidate(candidate)
        self.parent = parent.key
        cells, rows = self.search.table.entries[parent.key].cells, self.search.table.rows
        places = [int(record["place"]) for record in reflective_dataset.get(COMPONENT, ())]
        misses = [Miss(rows[place], cells[place].answer, cells[place].words) for place in places]
        proposal = self.search.writer.propose(parent.text(self.search.job), misses, "mend" if misses else "reword")
        made = self.search.taken(proposal, parent, "mend")
        if made:
            self.search.writer.was_of_use()
        return {COMPONENT: made[0].text(self.search.job)} if made else {}


def gepa_search(search: Search, champion: Candidate) -> None:
    """Let GEPA spend what is left of the budget from the champion on; what it visits stands in the table.

    Raises:
        Cancelled: the person asked to stop.
    """
    from gepa.api import optimize

    table = search.table
    train = list(range(table.compared, len(table.rows)))
    if not train or search.done(champion):
        return
    adapter: Any = _Adapter(search, champion, champion.key)
    with suppress(_BudgetSpent):
        optimize(
            seed_candidate={COMPONENT: champion.text(search.job)},
            trainset=train,
            valset=list(range(search.count)),
            adapter=adapter,
            reflection_minibatch_size=min(ROWS_AT_ONCE, len(train)),
            perfect_score=RIGHT,
            stop_callbacks=_Stop(search, champion),
            logger=_Quiet(),
            track_best_outputs=False,
            seed=search.seed,
        )
    if table.context.cancelled():
        raise Cancelled
