"""Naming errors: a random sample of them in a fixed order, one mode each, kept in the project's ledger of decisions.

A tag is about an answer and decides nothing about the row: in the ledger it stands as an entry that reviews pass over,
with who made it, when and how long it took. It counts as long as the system gives that answer. Notes go when the row is
erased. The dialogue and the files of tags (``tag_files``) call ``TagBook``.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tunewright.decision.diagnosis import ModeFixes, ModeShare, Tags, empty_shares
from tunewright.decision.failure_modes import BY_ID, MODES
from tunewright.records.example import example_digest
from tunewright.store import Decision, NewDecision
from tunewright.store.decisions import SKIP
from tunewright.workflow.diagnose.bench import Bench
from tunewright.workflow.diagnose.effects import Flags, share_of
from tunewright.workflow.diagnose.signals import Sign

FINDING = "diagnose"
SAMPLE = 50


@dataclass(frozen=True, slots=True)
class Tag:
    """What a person named an error; ``shown``: the guess was in sight."""

    mode: str
    note: str
    who: str
    happened: str
    guess: str
    shown: bool
    number: int


@dataclass(frozen=True, slots=True)
class NewTag:
    """A tag to be written down; ``case`` is the number of the error among the cases."""

    case: int
    mode: str
    note: str = ""
    seconds: float | None = None
    shown: bool = False


class TagBook:
    """The errors of one system, which of them are to be named, and what was named so far.

    Args:
        said: what the system said to each case ``[n]``.
        guesses: the sign of each error that has one.
        size: how many errors are to be named.
        seed: start of the random order; the same errors come in the same order again.
    """

    def __init__(
        self, bench: Bench, said: Sequence[str | None], guesses: Mapping[int, Sign], who: str, size: int, seed: int
    ) -> None:
        self.bench, self.said, self.guesses, self.who = bench, said, guesses, who
        self._ledger = bench.store.decisions
        names = bench.store.versions.names(bench.study.examples)
        self._name = {place: names[bench.rows[place]] for place in bench.errors}
        self._digest = {place: self._digest_of(place) for place in bench.errors}
        self.order = sorted(bench.errors, key=lambda place: self._chance(place, seed))
        self.sample = tuple(self.order[:size])
        self._skipped: set[int] = set()
        self._session: list[int] = []
        self.read()

    def read(self) -> None:
        """Read the ledger again: others may have named errors meanwhile."""
        place_of = {(name, self._digest[place]): place for place, name in self._name.items()}
        self._all: defaultdict[int, list[Tag]] = defaultdict(list)
        self._decisions: dict[int, Decision] = {}
        for decision in self._ledger.standing():
            extra = dict(decision.extra)
            place = place_of.get((decision.row, extra.get("answer", "")))
            mode = extra.get("mode", "")
            mine = decision.finding == FINDING and extra.get("system") == self.bench.system
            if place is None or not mine or mode not in BY_ID:
                continue
            guess, shown = extra.get("guess", ""), extra.get("shown") == "yes"
            tag = Tag(mode, decision.note, decision.who, decision.happened, guess, shown, decision.number)
            self._all[place].append(tag)
            self._decisions[decision.number] = decision
        self.named = {place: tags[-1] for place, tags in self._all.items()}

    def next(self) -> int | None:
        """The next error of the sample that nobody named; None where all are named or put off."""
        return next((p for p in self.sample if p not in self.named and p not in self._skipped), None)

    def skip(self, case: int) -> None:
        """Put an error off until the next time."""
        self._skipped.add(case)

    def tag(self, tags: Sequence[NewTag]) -> None:
        """Write tags down, all or none."""
        self._session += self._ledger.add(self.who, [self._entry(tag) for tag in tags])
        self.read()

    def undo(self) -> int | None:
        """Take the latest tag of this person back; the error that it was about, or None where there is none."""
        own = [number for number in self._session if number in self._decisions]
        own = own or [number for number, decision in self._decisions.items() if decision.who == self.who]
        if not own:
            return None
        last = self._decisions[max(own)]
        case = next(place for place, tags in self._all.items() if any(tag.number == last.number for tag in tags))
        self._ledger.undo(last, self.who)
        self.read()
        return case

    def id_of(self, case: int) -> str:
        """A lasting name of an error for files: row and answer."""
        whole = f"{self._name[case]} {self._digest[case]} {self.bench.system}"
        return hashlib.sha256(whole.encode()).hexdigest()[:16]

    def summary(self, fixed_by: Mapping[str, Flags]) -> Tags:
        """Shares of the named errors of the sample, and who fixes them; ``fixed_by`` ``[n]`` per system and lever."""
        named = [place for place in self.sample if place in self.named]
        modes = np.array([self.named[place].mode for place in named], dtype=object)
        groups = None if self.bench.groups is None else self.bench.groups[named]
        shares = empty_shares()
        if named:
            shares = []
            for mode in MODES:
                share, interval = share_of(np.asarray(modes == mode.id, dtype=bool), groups)
                n = int((modes == mode.id).sum())
                shares.append(ModeShare(mode=mode.id, title=mode.title, n=n, share=share, interval=interval))
        latest = [self.named[place] for place in named]
        twice = [tags for tags in map(self._all.__getitem__, named) if len({tag.who for tag in tags}) > 1]
        blind = [tag for tag in latest if tag.guess and not tag.shown]
        return Tags(
            errors=len(self.bench.errors),
            sample=len(self.sample),
            named=len(named),
            skipped=len(self._skipped),
            outside=sum(place not in self.sample for place in self.named),
            by=dict(Counter(tag.who for tag in latest)),
            twice=len(twice),
            agreed=sum(len({tag.mode for tag in _latest_of_each(tags)}) == 1 for tags in twice),
            blind=len(blind),
            blind_agreed=sum(tag.mode == tag.guess for tag in blind),
            shares=shares,
            fixes=[_fixes(mode.id, named, modes, fixed_by) for mode in MODES if (modes == mode.id).any()],
        )

    def _entry(self, tag: NewTag) -> NewDecision:
        guess = self.guesses.get(tag.case)
        extra = (
            ("mode", tag.mode),
            ("system", self.bench.system),
            ("answer", self._digest[tag.case]),
            ("guess", guess.mode if guess else ""),
            ("shown", "yes" if tag.shown else "no"),
        )
        example, name = self.bench.examples[tag.case], self._name[tag.case]
        return NewDecision(example, name, FINDING, SKIP, note=tag.note, extra=extra, seconds=tag.seconds)

    def _digest_of(self, place: int) -> str:
        return hashlib.sha256((self.said[place] or "").encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def _chance(self, place: int, seed: int) -> str:
        return hashlib.sha256(f"{seed} {example_digest(self.bench.examples[place])}".encode()).hexdigest()


def _latest_of_each(tags: Sequence[Tag]) -> list[Tag]:
    return list({tag.who: tag for tag in tags}.values())


def _fixes(mode: str, named: Sequence[int], modes: np.ndarray, fixed_by: Mapping[str, Flags]) -> ModeFixes:
    mine = [place for place, one in zip(named, modes, strict=True) if one == mode]
    return ModeFixes(mode=mode, n=len(mine), fixed={name: int(flags[mine].sum()) for name, flags in fixed_by.items()})
