"""The search of our own for an instruction and examples: a race, then challengers of its winner until the budget ends.

Starts with the written styles (or a person's own prompt) and the usual ways of choosing examples. Then, generation by
generation: the winner answers training rows; a writer mends, shortens or rewords its instruction by what went wrong;
rows that came out right, and some that did not, become sets of examples; all race against the winner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tunewright.records.example import Example
from tunewright.systems._optimised.pick import gap, one_standard_error, picked_elsewhere
from tunewright.systems._optimised.race import ERRORS_BEHIND, FIRST_RUNG, race, rungs, standing
from tunewright.systems._optimised.table import Candidate, Shown, Table, digest_of_rows
from tunewright.systems._optimised.writing import Miss, Proposal, Way, Writer
from tunewright.systems._prompting.choosing import require_answered
from tunewright.systems._prompting.compose import STYLES, Job
from tunewright.systems._prompting.prompted import NoShots
from tunewright.systems.few_shot import FixedShots, NearestShots, covering

# A candidate that is compared to the end takes this share of the budget at most.
COMPARISONS = 6
# Training rows that the first winner answers: one in so many calls.
LESSONS = 12
MORE_LESSONS = 8
RIGHT = 0.999
# Sets of examples that race in one generation.
SETS_AT_ONCE = 2
LONGEST_EXAMPLE_CHARACTERS = 2000
GENERATIONS = 200
# Challengers gone dry: generations in a row that could add no candidate.
DRY = 3
NONE = Shown("none", NoShots())


@dataclass(frozen=True, slots=True)
class Refused:
    """A proposal that could not be tried."""

    proposal: Proposal
    parent: str


@dataclass(slots=True)
class Search:
    """The state of a search: ``count`` validation rows compare candidates to the end; a prompt shows ``examples``."""

    table: Table
    job: Job
    writer: Writer
    count: int
    examples: int
    seed: int
    refused: list[Refused] = field(default_factory=list)

    @property
    def train(self) -> Sequence[Example]:
        """The training rows, whose places follow the validation rows."""
        return self.table.rows[self.table.compared :]

    def first_race(self) -> list[Candidate]:
        """The winners among what needs no writer, best first."""
        return race(self.table, self.start(), self.count, least=2)

    def ahead(self) -> list[Candidate]:
        """All that are compared to the end so far, best first."""
        tried = [entry.candidate for entry in self.table.entries.values()]
        return standing(self.table, [one for one in tried if self.table.reached(one) >= self.count], self.count)

    def start(self) -> list[Candidate]:
        """The written styles, or a person's own prompt, without examples; and the first of them with examples."""
        styles = STYLES if self.job.own is None else ("listed",)
        plain = [Candidate(self.job.own, style, NONE, "written") for style in styles]
        shown = [replace(plain[0], shown=one, origin="examples") for one in self.usual_examples()]
        return [one for one in (*plain, *shown) if self.table.add(one)]

    def usual_examples(self) -> list[Shown]:
        """The nearest rows for each case, and a few that cover the training rows."""
        rows = [row for row in self.train if _short(row)]
        if not rows or self.examples == 0:
            return []
        cover = covering(rows, self.examples, self.job.kind == "classify", self.job.several)
        nearest = NearestShots(tuple(rows), self.examples)
        return [
            Shown("nearest", nearest, digest_of_rows(rows)),
            Shown("covering", FixedShots(cover), digest_of_rows(cover)),
        ]

    def challenge(self, champions: list[Candidate]) -> list[Candidate]:
        """Generations of challengers until the budget ends, nothing can be better, or nobody has ideas."""
        dry = 0
        for generation in range(GENERATIONS):
            if self.done(champions[0]) or dry >= DRY:
                break
            rows = self.lessons(champions[0], generation)
            new = [] if generation % 2 else self.written(champions[0], rows, generation)
            new = new or self.other_examples(champions[0], generation)
            dry = 0 if new else dry + 1
            left_over = race(self.table, [*champions[:2], *new], self.count, least=2, champion=champions[0])
            self._judge_writer(new, champions[0])
            champions = left_over or champions
        return champions

    def done(self, champion: Candidate) -> bool:
        """Whether a larger budget changes nothing, or what is left is too little to try another candidate."""
        spent = self.table.spent or self.table.ledger.left < min(FIRST_RUNG, self.count)
        return spent or self.perfect(champion)

    def perfect(self, champion: Candidate) -> bool:
        """Whether every row of the comparison is right, so that no budget could better the score."""
        scores = self.table.scores(champion, self.count)
        return bool(self.count) and not np.isnan(scores).any() and bool((scores >= RIGHT).all())

    def lessons(self, champion: Candidate, generation: int) -> list[int]:
        """Places of training rows that the champion answered, after it was asked some more of them."""
        size = len(self.train)
        first = max(MORE_LESSONS, self.table.ledger.calls // LESSONS)
        wanted, begin = (first, 0) if generation == 0 else (MORE_LESSONS, first + (generation - 1) * MORE_LESSONS)
        affordable = min(wanted, size, max(0, self.table.ledger.left - FIRST_RUNG))
        places = [self.table.compared + (begin + step) % size for step in range(affordable)]
        self.table.ask(champion, places)
        cells = self.table.entries[champion.key].cells
        return [place for place in sorted(cells) if place >= self.table.compared]

    def written(self, champion: Candidate, places: Sequence[int], generation: int) -> list[Candidate]:
        """What the writer makes of the champion's instruction."""
        ways: tuple[Way, ...] = ("mend", "mend", "shorten" if generation % 4 else "reword")
        text, made = champion.text(self.job), []
        misses = self.misses(champion, places)
        for number, way in enumerate(ways):
            if self.writer.given_up or self.table.ledger.left <= FIRST_RUNG:
                break
            if way == "mend" and not misses:
                continue
            turn = (generation // 2 * len(ways) + number) % max(1, len(misses))
            proposal = self.writer.propose(text, [*misses[turn:], *misses[:turn]], way)
            made += self.taken(proposal, champion, way)
        return made

    def taken(self, proposal: Proposal | None, parent: Candidate, way: Way) -> list[Candidate]:
        """The candidate that a proposal makes, if it is one and new."""
        if proposal is None:
            return []
        if proposal.text is not None:
            one = replace(parent, own=proposal.text, origin=f"written by a model: {way}", parent=parent.key)
            if self.table.add(one):
                return [one]
            proposal = replace(proposal, why="the same as one that was tried")
            self.writer.was_of_no_use()
        self.refused.append(Refused(proposal, parent.key))
        return []

    def misses(self, champion: Candidate, places: Sequence[int]) -> list[Miss]:
        """Training rows that the champion did not get right, in their order."""
        cells = self.table.entries[champion.key].cells
        wrong = [place for place in places if (score := cells[place].score) is not None and score < RIGHT]
        return [Miss(self.table.rows[place], cells[place].answer, cells[place].words) for place in wrong]

    def other_examples(self, champion: Candidate, generation: int) -> list[Candidate]:
        """Sets of examples drawn from training rows that came out right, and mixed with some that did not."""
        if self.examples == 0:
            return []
        cells = self.table.entries[champion.key].cells
        known = [place for place in sorted(cells) if place >= self.table.compared and cells[place].score is not None]
        fits = [place for place in known if _short(self.table.rows[place])]
        right = [place for place in fits if (cells[place].score or 0.0) >= RIGHT]
        wrong = [place for place in fits if place not in right]
        chance = np.random.default_rng([self.seed, generation])
        made = []
        for name, pool in (("right", right), ("mixed", _mixed(right, wrong, self.examples, chance))):
            if pool:
                chosen = chance.permutation(pool)[: self.examples].tolist()
                rows = tuple(self.table.rows[place] for place in chosen)
                shown = Shown(f"{name} {generation + 1}", FixedShots(rows), digest_of_rows(rows))
                made.append(replace(champion, shown=shown, origin="examples", parent=champion.key))
        made += [replace(champion, shown=one, origin="examples", parent=champion.key) for one in self._unlike(champion)]
        new = [one for one in made if one.key not in self.table.entries][:SETS_AT_ONCE]
        return [one for one in new if self.table.add(one)]

    def _unlike(self, champion: Candidate) -> list[Shown]:
        """For a new instruction: the usual examples, and none at all, where the champion has others."""
        return [one for one in (NONE, *self.usual_examples()) if one.digest != champion.shown.digest]

    def _judge_writer(self, new: Sequence[Candidate], champion: Candidate) -> None:
        """A writer whose instructions are clearly worse than what they should mend is asked no more after a while."""
        first = rungs(self.count)[0]
        for one in new:
            if one.origin.startswith("written by") and self.table.reached(one) >= first:
                behind = gap(
                    self.table.scores(champion, first), self.table.scores(one, first), self.table.groups(first)
                )
                if behind.behind > ERRORS_BEHIND * behind.error:
                    self.writer.was_of_no_use()
                else:
                    self.writer.was_of_use()


def rows_compared(validation: int, calls: int) -> int:
    """How many validation rows compare candidates to the end, so that several can be within the budget."""
    return min(validation, max(FIRST_RUNG, calls // COMPARISONS))


@dataclass(frozen=True, slots=True)
class Final:
    """The end of a search: the candidates on the same ``count`` rows, the chosen one and the best.

    ``honest`` is what choosing among them in this way is worth on rows that did not choose.
    """

    finalists: tuple[Candidate, ...]
    count: int
    chosen: Candidate
    best: Candidate
    honest: float | None


def final_pick(table: Table, candidates: Sequence[Candidate]) -> Final | None:
    """The one-standard-error pick among all candidates that reached as far as the second furthest; None without any.

    Raises:
        WorkError: too many of the rows lack a score for one of them.
    """
    reached = sorted((table.reached(one) for one in candidates), reverse=True)
    count = reached[min(1, len(reached) - 1)] if reached else 0
    finalists = [one for one in candidates if count and table.reached(one) >= count]
    finalists = [one for one in finalists if np.isfinite(table.mean(one, count))]
    if not finalists:
        return None
    scores = np.stack([table.scores(one, count) for one in finalists])
    require_answered(scores)
    lengths, groups = [table.length(one, count) for one in finalists], table.groups(count)
    pick = one_standard_error(scores, lengths, groups)
    for place, one in enumerate(finalists):
        behind = pick.gaps[place]
        within = "within" if behind.within else "more than"
        words = f"{behind.behind:.3f} behind the best on {count} rows, {within} one standard error ({behind.error:.3f})"
        longer = "" if place == pick.chosen or not behind.within else ", and longer than the chosen one"
        table.entries[one.key].why = f"{'the best' if place == pick.best else words}{longer}"
    honest = picked_elsewhere(scores, lengths, groups)
    return Final(tuple(finalists), count, finalists[pick.chosen], finalists[pick.best], honest)


def _short(row: Example) -> bool:
    return len(row.text) + len(row.target) <= LONGEST_EXAMPLE_CHARACTERS


def _mixed(right: list[int], wrong: list[int], count: int, chance: np.random.Generator) -> list[int]:
    """About half of each; empty where nothing went wrong."""
    if not wrong:
        return []
    some = chance.permutation(wrong)[: max(1, count // 2)].tolist()
    return [*some, *chance.permutation(right)[: max(0, count - len(some))].tolist()] if right else some
