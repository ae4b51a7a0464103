"""``{optimised_prompt: MODEL}``: a language model asked with an instruction and examples that a search chose.

The search has a declared budget in calls (and dollars), compares candidates on validation rows alone, and picks by the
one-standard-error rule: the shortest prompt that is not shown to be worse than the best. Every candidate is kept in
``candidates.jsonl``. Where the grader says in words what is wrong it goes through GEPA, else through a search of ours.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Self

from tunewright.errors import InputError
from tunewright.records.answers import Answer
from tunewright.records.example import Example, Inputs, input_digest
from tunewright.records.generation import Backend, Request, Watch
from tunewright.records.system import Budget, FitContext, Needs, Setting, Traits
from tunewright.systems._optimised.budget import Ledger
from tunewright.systems._optimised.gepa import gepa_search, gepa_version
from tunewright.systems._optimised.log import Line, line, notes, refused_line, trial
from tunewright.systems._optimised.search import NONE, Final, Search, final_pick, rows_compared
from tunewright.systems._optimised.table import Candidate, Shown, Table, digest_of_rows
from tunewright.systems._optimised.writing import Writer
from tunewright.systems._prompting.asking import Asking
from tunewright.systems._prompting.compose import Job, instruction
from tunewright.systems._prompting.held import HeldForm
from tunewright.systems._prompting.prompted import Prompted
from tunewright.systems.around import Around, ModelFacts
from tunewright.systems.few_shot import SHOTS_FILE, FewShot, NearestShots
from tunewright.systems.fitlog import NO_TUNING, FitLog, Logged
from tunewright.systems.options import Option, read
from tunewright.systems.prompt import Prompt, read_own, require_model

SUMMARY = "a language model asked with an instruction and examples that a search on validation chose, within a budget"
OPTIONS: Mapping[str, Option] = {
    "writer": Option("", "model that writes instructions", "without one the model writes its own; a larger one helps"),
    "calls": Option(600, "calls of models, all told", "some ten candidates on 50 rows; a budget makes it comparable"),
    "usd": Option(0.0, "dollars, all told", "a second cap beside the calls; 0 is none"),
    "examples": Option(4, "examples in front of a case, at most", "each is paid with every case; 0 shows none"),
    "search": Option("", "gepa or plain", "without one gepa, where it is installed and the grader gives words"),
    "text": Option("", "file with your own prompt", "where the search starts; placeholders {task}, {labels}, {schema}"),
    "max_tokens": Option(512, "tokens of an answer", "bounds what one answer may cost"),
}
SEARCHES = ("gepa", "plain")
LOG_FILE = "candidates.jsonl"


@dataclass(slots=True)
class FittedOptimised(Logged):
    """The chosen way of asking, and the log of the search by which it was chosen."""

    prompted: Prompted
    candidates: Sequence[Line]
    log: FitLog = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.prompted.log

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        return self.prompted.answer(inputs)

    def ask(self, inputs: Sequence[Inputs], watch: Watch) -> list[Answer]:
        """One answer per input, in order; raises Cancelled."""
        return self.prompted.ask(inputs, watch)

    def request(self, inputs: Inputs) -> Request:
        """What the model is sent for one case."""
        return self.prompted.request(inputs)

    def save(self, folder: Path) -> None:
        self.prompted.save(folder)
        lines = [json.dumps(one, ensure_ascii=False) + "\n" for one in self.candidates]
        (folder / LOG_FILE).write_text("".join(lines), encoding="utf-8")

    def close(self) -> None:
        self.prompted.close()


@dataclass(frozen=True, slots=True)
class OptimisedPrompt(Asking):
    """The system before it has seen rows; ``writer`` is the model that proposes instructions, ``counted`` says that a
    person stated the budget in calls."""

    SIMPLICITY: ClassVar[int] = 48

    writer: str = ""
    counted: bool = False
    writer_facts: ModelFacts = field(kw_only=True)

    @property
    def needs(self) -> Needs:
        own = self.needs_of_asking()
        writer = self.writer_facts
        extras = own.extras if writer.served else ("models",)
        return replace(own, network=own.network or writer.network, billed=own.billed or writer.served, extras=extras)

    @property
    def traits(self) -> Traits:
        """Two models are asked."""
        return replace(self.traits_of_asking(), models=tuple(dict.fromkeys((self.model, self.writer))))

    def with_form(self, form: HeldForm) -> Self | None:
        """None: the prompt was chosen by what the model writes freely."""
        return None

    def identity(self) -> Mapping[str, Setting]:
        own: dict[str, Setting] = {"writer": self.writer_facts.identity, "gepa": gepa_version(), "usd": self.usd}
        return {**Asking.identity(self), **own}

    def missing(self) -> str | None:
        return self.facts.missing or self.writer_facts.missing or self._without_price()

    @property
    def usd(self) -> float:
        """The dollars that are kept to: none where a model has no price and calls are what bounds the search."""
        return 0.0 if self._unpriced and self.counted else float(self.values["usd"])

    @property
    def _unpriced(self) -> list[str]:
        """The models that send a bill at a price that nobody knows."""
        both = {self.model: self.facts, self.writer: self.writer_facts}
        return [name for name, facts in both.items() if not facts.priced]

    def _without_price(self) -> str | None:
        if self.usd <= 0 or not self._unpriced:
            return None
        names = " and ".join(self._unpriced)
        return (
            f"a budget of ${self.usd:.2f} cannot be kept, for no price is known of {names}: state it in "
            "prices.yaml (zeros where it is free), or state a budget in calls, which then stands alone"
        )

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> FittedOptimised:
        """Search and pick.

        Raises:
            InputError: dollars are capped and a model has no price.
            WorkError: the model answered nothing.
            Cancelled: the person asked to stop.
        """
        job = self.job([*train, *validation], context.labels, context.several)
        if not validation:
            return self._unsearched(job)
        writer = self.around.open_model(self.writer)
        try:
            search = self._search(job, train, validation, context, writer)
            how = self._run(search)
        finally:
            writer.close()
        final = final_pick(search.table, [entry.candidate for entry in search.table.entries.values()])
        chosen = final.chosen if final else next(iter(search.table.entries.values())).candidate
        return self._fitted(search, final, chosen, [*train, *validation], how)

    def load(self, folder: Path) -> FittedOptimised:
        kind = FewShot if (folder / SHOTS_FILE).is_file() else Prompt
        prompted = kind(self.name, self.model, self.values, self.own, self.around, self.facts).load(folder)
        lines = (folder / LOG_FILE).read_text(encoding="utf-8").splitlines()
        return FittedOptimised(prompted, [json.loads(one) for one in lines])

    def _search(
        self, job: Job, train: Sequence[Example], validation: Sequence[Example], context: FitContext, writer: Backend
    ) -> Search:
        ledger = Ledger(int(self.values["calls"]), self.usd)

        def made(one: Candidate) -> Prompted:
            return self.ready(replace(job, own=one.own), one.style, one.shown.shots, FitLog())

        rows = [*_by_chance(validation, context.seed), *_by_chance(train, context.seed)]
        table = Table(rows, len(validation), self.model, made, context, ledger)
        count = rows_compared(len(validation), ledger.calls)
        proposing = Writer(self.writer, writer, job, context, ledger)
        return Search(table, job, proposing, count, int(self.values["examples"]), context.seed)

    def _run(self, search: Search) -> str:
        """Search until the budget ends; says how."""
        wanted, installed = str(self.values["search"]), gepa_version() != "none"
        champions = search.first_race()
        words = search.table.explained
        if installed and (wanted == "gepa" or (wanted == "" and words)):
            gepa_search(search, champions[0])
            # Where gepa ends before the budget does, for its writer only repeats itself, examples may still help.
            search.challenge(search.ahead() or champions)
            return f"through gepa {gepa_version()}"
        search.challenge(champions)
        absent = " (gepa is not installed)" if not installed and (wanted == "gepa" or words) else ""
        return f"by a race of our own{absent}"

    def _unsearched(self, job: Job) -> FittedOptimised:
        style = "listed"
        said = ("there are no validation rows, so nothing was searched: asked in the style 'listed'",)
        return FittedOptimised(self.ready(job, style, NONE.shots, FitLog((), NO_TUNING, said)), [])

    def _fitted(
        self, search: Search, final: Final | None, chosen: Candidate, rows: Sequence[Example], how: str
    ) -> FittedOptimised:
        table, passes = search.table, search.table.compared
        ledger = table.ledger
        trials = tuple(trial(table, one, final, chosen) for one in final.finalists) if final else ()
        budget = Budget(
            math.ceil(ledger.calls / passes), math.ceil(ledger.spent_calls / passes), exhausted=search.perfect(chosen)
        )
        shown = chosen.shown
        if isinstance(shown.shots, NearestShots):
            # What was tuned on validation may show its rows from now on.
            shown = Shown(shown.name, NearestShots(tuple(rows), shown.shots.count), digest_of_rows(rows))
        job = replace(search.job, own=chosen.own)
        said = notes(search, final, chosen, instruction(job, chosen.style), how)
        if self.usd < float(self.values["usd"]):
            names = " and ".join(self._unpriced)
            said = (*said, f"the budget in dollars could not be kept (no price is known of {names}): calls bounded it")
        log = FitLog(trials, budget, said, final.honest if final else None)
        lines = [line(table, entry, search.job, final, chosen) for entry in table.entries.values()]
        lines += [refused_line(one) for one in search.refused]
        return FittedOptimised(self.ready(job, chosen.style, shown.shots, log), lines)


def _by_chance(rows: Sequence[Example], seed: int) -> list[Example]:
    """The rows in an order that hangs on the seed and their contents alone."""

    def place(row: Example) -> str:
        return hashlib.sha256(f"{seed} {input_digest(row.messages)} {row.row_id}".encode()).hexdigest()

    return sorted(rows, key=place)


def build_around(
    name: str, argument: str | None, options: Mapping[str, Setting], root: Path, around: Around
) -> OptimisedPrompt:
    """The system as named: ``{optimised_prompt: small}``, or ``{optimised_prompt: {use: small, writer: large}}``.

    Raises:
        InputError: no model, an unknown option, or a value out of its range.
    """
    values = read(options, OPTIONS, "optimised_prompt")
    _require_range(values)
    model = require_model(argument, "optimised_prompt")
    writer = str(values["writer"]) or model
    return OptimisedPrompt(
        name,
        model,
        values,
        read_own(str(values["text"]), root),
        around,
        around.describe_model(model),
        writer=writer,
        writer_facts=around.describe_model(writer),
        counted="calls" in options,
    )


def _require_range(values: Mapping[str, Setting]) -> None:
    least = {"calls": 1, "usd": 0.0, "examples": 0, "max_tokens": 1}
    for name, low in least.items():
        if not (math.isfinite(float(values[name])) and float(values[name]) >= low):
            raise InputError(
                "systems.option_value",
                f"{name} must be {low:g} or more, not {values[name]}.",
                where="systems: optimised_prompt",
            )
    if values["search"] not in ("", *SEARCHES):
        raise InputError(
            "systems.option_value",
            f"There is no search {values['search']!r}.",
            where="systems: optimised_prompt",
            hint=f"Use {' or '.join(SEARCHES)}, or leave it out.",
        )
