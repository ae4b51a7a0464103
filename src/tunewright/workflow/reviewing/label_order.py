"""The order in which a person is asked for labels: by chance, or the doubtful and diverse with some by chance between.

Rows labelled before and the answers so far teach a classifier, again after each batch. Why a row was asked about, and
what the classifier expected, is not shown to the person but goes into the record of the answer: from the rows by
chance come fair figures. Called by ``label``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tunewright.audit.next_rows import START_ROWS, batch_size, chance_order, next_batch
from tunewright.audit.out_of_sample import features
from tunewright.audit.view import View
from tunewright.data.read import ColumnMap, check_set_aside_share, read_table
from tunewright.errors import InputError
from tunewright.project.file import FILE_NAME, load_project
from tunewright.records.example import Example
from tunewright.statistics.proportions import wilson_interval
from tunewright.store import Decision, Store
from tunewright.workflow.load import load
from tunewright.workflow.prepare import LOCKED_FROM_ROWS, prepare
from tunewright.workflow.reviewing.review_data import without_erased

IntArray = NDArray[np.int64]

CHANCE_SHARE = 0.2
# More rows cost time and hardly move the choice; those looked at are a random part of the others.
MOST_CANDIDATES = 20_000
MOST_KNOWN = 20_000
CHANCE, CHOSEN = "chance", "chosen"
# Some rows of the sample may have been skipped.
LEAST_ANSWERED = 0.8


@dataclass(frozen=True, slots=True)
class Asked:
    """Why a row is asked about (``chance`` or ``chosen``), and the label that the classifier expects, if any."""

    by: str
    guess: str | None = None

    def facts(self) -> tuple[tuple[str, str], ...]:
        """As they are written into the record of an answer."""
        return (("asked", self.by), *((("guess", self.guess),) if self.guess is not None else ()))


@dataclass(frozen=True, slots=True)
class FairSample:
    """The answered rows that are a random sample of all rows: their number, how often the classifier expected the
    answer (``right`` of ``guessed``, with the 95 % interval of the share), and the answers by label."""

    rows: int
    right: int
    guessed: int
    low: float
    high: float
    labels: tuple[tuple[str, int], ...]


class NextOrder:
    """Chooses the rows of a table that are asked about next.

    Args:
        examples: the rows without a label.
        known: rows with a label, which teach the classifier from the start; they are not asked about.
        chance_share: the share of rows that come by chance, in [0, 1].

    Raises:
        InputError: ``label.chance_share`` outside [0, 1].
    """

    def __init__(
        self,
        examples: Sequence[Example],
        known: Sequence[Example] = (),
        *,
        chance_share: float = CHANCE_SHARE,
        seed: int = 0,
    ) -> None:
        if not 0 <= chance_share <= 1:
            raise InputError("label.chance_share", f"A share of {chance_share:g} is none.", hint="Name 0 to 1.")
        self._chance_share, self._seed = chance_share, seed
        self._by_chance = chance_order(examples, seed)
        self._candidates = self._by_chance[:MOST_CANDIDATES]
        taught = [known[row] for row in np.sort(chance_order(known, seed)[:MOST_KNOWN]).tolist()]
        self._known_labels = [example.target for example in taught]
        self._place = {row: place for place, row in enumerate(self._candidates.tolist())}
        view = View((*(examples[row] for row in self._place), *taught), "classify", seed=seed)
        self._features, _ = features(view, np.arange(len(view)), max(2, len(set(self._known_labels))))
        self._plan: list[int] = []
        self._asked: dict[int, Asked] = {}

    @property
    def n_known(self) -> int:
        """Rows that teach from the start."""
        return len(self._known_labels)

    def next(self, answers: Mapping[int, str], skipped: Collection[int]) -> int | None:
        """The row to ask about, or None where all were asked; ``answers`` are labels by row."""
        for again in (False, True):
            if again:
                self._choose(answers, skipped)
            row = next((r for r in self._plan if r not in answers and r not in skipped), None)
            if row is not None:
                return row
        rest = self._by_chance[len(self._candidates) :].tolist()
        return next((row for row in rest if row not in answers and row not in skipped), None)

    def asked(self, row: int) -> Asked:
        """Why a row is asked about; a row beyond the candidates comes by chance."""
        return self._asked.get(row, Asked(CHANCE))

    def remember(self, decision: Decision, row: int) -> None:
        """Keep the facts of an answer that is taken back: the row is asked again for the same reason."""
        facts = dict(decision.extra)
        if "asked" in facts:
            self._asked[row] = Asked(facts["asked"], facts.get("guess"))

    def _choose(self, answers: Mapping[int, str], skipped: Collection[int]) -> None:
        """Plan the next batch."""
        answered = [row for row in answers if row in self._place]
        labels = [*(answers[row] for row in answered), *self._known_labels]
        names = sorted(set(labels))
        number = {name: place for place, name in enumerate(names)}
        places = [self._place[row] for row in answered] + [len(self._place) + n for n in range(self.n_known)]
        gone = {*answers, *skipped}
        waiting = [place for place, row in enumerate(self._candidates.tolist()) if row not in gone]
        batch = next_batch(
            self._features,
            np.array(places, dtype=np.int64),
            np.array([number[label] for label in labels], dtype=np.int64),
            np.array(waiting, dtype=np.int64),
            START_ROWS - len(places) if len(places) < START_ROWS else batch_size(len(places)),
            self._chance_share,
            self._seed + len(places),
        )
        self._plan = self._candidates[batch.rows].tolist()
        for row, chance, guess in zip(self._plan, batch.by_chance.tolist(), batch.guess.tolist(), strict=True):
            self._asked[row] = Asked(CHANCE if chance else CHOSEN, names[guess] if guess >= 0 else None)

    def fair_sample(self, answers: Mapping[int, Decision]) -> FairSample:
        """What the rows by chance say of all rows.

        The rows by chance are the beginning of one random order. A row of that beginning that had been chosen before
        its turn came belongs to the sample too; without it the doubtful ones would be missing.
        """
        marked = [row for row, d in answers.items() if dict(d.extra).get("asked") == CHANCE]
        turn = {int(row): place for place, row in enumerate(self._by_chance.tolist())}
        last = max((turn[row] for row in marked), default=-1)
        beginning = self._by_chance[: last + 1].tolist()
        # With another seed than before there is no such beginning: then those that came by chance must do.
        there = [row for row in beginning if row in answers]
        sample = there if len(there) >= LEAST_ANSWERED * len(beginning) else marked
        return _fair([answers[row] for row in sample])


def _fair(decisions: Iterable[Decision]) -> FairSample:
    facts = [(dict(d.changes)["target"], dict(d.extra).get("guess")) for d in decisions]
    guessed = [(said, guess) for said, guess in facts if guess is not None]
    right = sum(said == guess for said, guess in guessed)
    low, high = wilson_interval(right, len(guessed))
    labels = sorted(Counter(said for said, _ in facts).items(), key=lambda item: (-item[1], item[0]))
    return FairSample(len(facts), right, len(guessed), float(low), float(high), tuple(labels))


def make_order(
    examples: Sequence[Example],
    known: Sequence[Example],
    labels: Sequence[str],
    *,
    chance_share: float = CHANCE_SHARE,
    seed: int = 0,
) -> tuple[NextOrder, tuple[str, ...]]:
    """The chooser, and the labels that a person may give: those named, else those of the known rows.

    Raises:
        InputError: ``label.order`` where no labels are known, for texts have no doubt that could be told.
    """
    offered = tuple(labels) or tuple(sorted({example.target for example in known}))
    if not offered:
        raise InputError(
            "label.order",
            "Which row is doubtful can be told for labels only, and none are known.",
            hint="Name them with --label, or labelled rows with --learn-from FILE --target COLUMN.",
        )
    return NextOrder(examples, known, chance_share=chance_share, seed=seed), offered


def known_rows(
    store: Store, root: Path, learn_from: Path | None, columns: Sequence[str], target: str | None
) -> tuple[tuple[Example, ...], str]:
    """Rows with a label that teach which rows to ask about, and a sentence on where they come from.

    Those of ``learn_from`` where it is given, else those of the project in ``root``, without its test rows: the choice
    of training rows must not know them.

    Raises:
        InputError: a file cannot be read, or the answers of the project are no labels.
    """
    if learn_from is not None:
        result = read_table(learn_from, columns=ColumnMap(tuple(columns), target or "target"), kind="classify")
        check_set_aside_share(result)
        rows = without_erased(store, result)[0].examples
        return rows, f"{len(rows):,} labelled rows of {learn_from} teach which rows to ask about."
    if not (root / FILE_NAME).exists():
        return (), "No labelled rows are known yet: your answers teach which rows to ask about."
    settings = load_project(root / FILE_NAME)
    if settings.kind != "classify":
        raise InputError(
            "label.order",
            "Which row is doubtful can be told for labels only, and this project asks for texts.",
            where=str(root / FILE_NAME),
            hint="Use --order random.",
        )
    loaded = load(settings, root, store)
    if loaded.test is None and len(loaded.examples) < LOCKED_FROM_ROWS:
        rows = loaded.examples
        return rows, f"{len(rows):,} labelled rows of the project teach which rows to ask about."
    study = prepare(settings, root, loaded, store).study
    rows = tuple(study.examples[row] for row in sorted({*study.all_rows.train, *study.all_rows.validation}))
    return rows, f"{len(rows):,} labelled rows of the project teach which rows to ask about; its test rows do not."
