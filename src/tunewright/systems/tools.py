"""``{tools: {use: MODEL, functions: tools.py}}``: a language model that may call your functions before it answers.

Every public function of the file is a tool: its types become the JSON schema of its arguments, its docstring the
description. They run in a process of their own with a limit of time. What writes runs dry, always
(``docs/tools.md``).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar, cast

import numpy as np

from tunewright.errors import InputError
from tunewright.records.example import Example
from tunewright.records.generation import Watch
from tunewright.records.system import Budget, FitContext, Needs, Setting, Traits
from tunewright.sandbox.local_sources import local_digest
from tunewright.sandbox.tool_file import check_file
from tunewright.sandbox.tools import Toolbox, ToolProcess, ToolResult, ToolSpec
from tunewright.systems._prompting.asking import Asking, best_choice
from tunewright.systems._prompting.choosing import NOTHING, Tried, require_answered
from tunewright.systems._prompting.compose import Job
from tunewright.systems._prompting.prompted import NoShots, read_prompted, row_scores
from tunewright.systems._prompting.repair import checked_extra_calls
from tunewright.systems._tools.calls import Calling, Tally
from tunewright.systems._tools.loop import STATE_FILE, FittedTools
from tunewright.systems.around import Around
from tunewright.systems.fitlog import FitLog
from tunewright.systems.options import Option, read
from tunewright.systems.prompt import read_own, require_model

SUMMARY = "a language model that may call your Python functions before it answers"
OPTIONS: Mapping[str, Option] = {
    "functions": Option("", "Python file", "every public function with types and a docstring is a tool"),
    "calling": Option("", "native or json", "as the model's template writes calls, or as JSON; without one both tried"),
    "steps": Option(3, "rounds of calls for a case", "look up, look closer, once more; then it must answer"),
    "repair": Option(1, "extra calls for a case, 0 or 1", "an answer in a wrong form is asked for once more"),
    "timeout_s": Option(10.0, "seconds for a call of a tool", "a tool that takes longer hangs"),
    "text": Option("", "file with your own prompt", "placeholders {task}, {labels}, {schema}"),
    "max_tokens": Option(512, "tokens of a reply", "bounds what one step may cost"),
}
TUNING_ROWS = 100
FIRST_STYLE, OTHER_STYLES = "listed", ("brief", "reminded")
CALLINGS: tuple[Calling, ...] = ("native", "json")
_WRITING = re.compile(
    r"^(add|approve|book|cancel|change|close|create|delete|drop|edit|insert|order|pay|post|refund|remove|reset|save|send"
    r"|set|submit|transfer|update|write)(_|$)"
)
_WHERE = "systems: tools"


@dataclass(frozen=True, slots=True)
class Borrowed:
    """Tools that somebody else closes, so that what is tried one after another starts no process each."""

    box: Toolbox

    def specs(self) -> tuple[ToolSpec, ...]:
        return self.box.specs()

    def call(self, tool: str, arguments: Mapping[str, object]) -> ToolResult:
        return self.box.call(tool, arguments)

    def close(self) -> None:
        """Nothing: it is not ours."""


@dataclass(frozen=True, slots=True)
class Tools(Asking):
    """The system before it has seen rows; ``box`` opens the tools."""

    SIMPLICITY: ClassVar[int] = 52
    LEARNS: ClassVar[bool] = False

    path: Path = Path()
    box: Callable[[], Toolbox] | None = None

    @property
    def needs(self) -> Needs:
        """Every step is a call, and the answer one more."""
        alone = self.needs_of_asking()
        return replace(alone, seconds_per_call=alone.seconds_per_call * (int(self.values["steps"]) + 1))

    @property
    def traits(self) -> Traits:
        """A call for every step."""
        return replace(self.traits_of_asking(), steps=int(self.values["steps"]))

    def identity(self) -> Mapping[str, Setting]:
        return {**Asking.identity(self), "code": local_digest(self.path, self.around.root)}

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> FittedTools:
        """Try both ways of calling, then other words, on validation rows.

        Raises:
            InputError: the file cannot be loaded, or holds a function that can be no tool.
        """
        box = self.open_box()
        try:
            return self._fit(train, validation, context, box)
        finally:
            box.close()

    def _fit(
        self, train: Sequence[Example], validation: Sequence[Example], context: FitContext, box: Toolbox
    ) -> FittedTools:
        specs = box.specs()
        job = self.job([*train, *validation], context.labels, context.several)
        tallies: dict[tuple[str, str], Tally] = {}

        def made(calling: str, style: str) -> FittedTools:
            one = self._fitted(job, style, cast(Calling, calling), FitLog())
            one.open_box = lambda: Borrowed(box)
            tallies[calling, style] = one.tally
            return one

        asked = str(self.values["calling"])
        callings = (asked,) if asked else CALLINGS if self.facts.served else CALLINGS[::-1]
        tried, failed = self._tried_callings(callings, made, validation, context)
        calling = best_choice("calling", [callings[0]], tried.trials)
        styles = OTHER_STYLES if tried.choices else (FIRST_STYLE, *OTHER_STYLES)
        if self.own is None:
            more = self.compared("style", styles, lambda one: made(calling, one), validation, context)
            tried = tried.and_then(more)
        usual: dict[str, Setting] = {"calling": calling, "style": FIRST_STYLE}
        trials = [replace(trial, settings={**usual, **trial.settings}) for trial in tried.trials]
        style = best_choice("style", [FIRST_STYLE], trials)
        notes = (*_notes(specs, calling), *failed, *_tallied(tallies.get((calling, style))))
        passes = len(trials) + len(failed)
        log = FitLog(tuple(trials), Budget(passes, passes, exhausted=True), notes, tried.honest)
        return self._fitted(job, style, cast(Calling, calling), log)

    def _tried_callings(
        self,
        callings: Sequence[str],
        made: Callable[[str, str], FittedTools],
        validation: Sequence[Example],
        context: FitContext,
    ) -> tuple[Tried, list[str]]:
        """Each way of calling on the same rows, none where there is no choice; and what went wrong: some servers know
        no tools and answer nothing.

        Raises:
            WorkError: too many rows were not answered in one way, or none in any.
        """
        rows = list(validation)[:TUNING_ROWS]
        tried = NOTHING
        failed: list[str] = []
        if len(callings) < 2 or not rows:
            return tried, failed
        for number, calling in enumerate(callings):
            started = time.perf_counter()
            candidate = made(calling, FIRST_STYLE)
            watch = Watch(context.cancelled, partial(_report, context, number, len(callings)))
            try:
                scores, why = row_scores(candidate, rows, context.grade, watch)
            finally:
                candidate.close()
            if np.isnan(scores).all() and (tried.choices or number < len(callings) - 1):
                failed.append(f"not called as {calling}: no row was answered; {next(filter(None, why), 'no reason')}")
                continue
            require_answered(scores[None], why)
            seconds = time.perf_counter() - started
            tried = tried.and_then(Tried(("calling",), (calling,), scores[None], (seconds,)))
        return tried, failed

    def load(self, folder: Path) -> FittedTools:
        job, style, _ = read_prompted(folder)
        calling = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))["calling"]
        return self._fitted(job, style, calling, FitLog.read(folder))

    def open_box(self) -> Toolbox:
        """The person's functions in their process."""
        if self.box is not None:
            return self.box()
        return ToolProcess(self.path, seconds_per_call=float(self.values["timeout_s"]))

    def _fitted(self, job: Job, style: str, calling: Calling, log: FitLog) -> FittedTools:
        return FittedTools(
            self.open_model,
            job,
            style,
            NoShots(),
            int(self.values["max_tokens"]),
            log,
            open_box=self.open_box,
            calling=calling,
            steps=int(self.values["steps"]),
            extra_calls=int(self.values["repair"]),
            scored=not self.facts.served,
        )


def _report(context: FitContext, number: int, count: int, done: float) -> None:
    context.progress("choosing the way of calling", (number + done) / count)


def _notes(specs: Sequence[ToolSpec], calling: str) -> list[str]:
    listed = ", ".join(f"{one.name} (writes)" if one.writes else one.name for one in specs)
    how = "in the model's own form" if calling == "native" else "as JSON"
    notes = [f"tools: {listed}; called {how}"]
    if any(one.writes for one in specs):
        notes.append("tools that write run dry, in evaluations and in use")
    doubtful = [one.name for one in specs if not one.writes and _WRITING.match(one.name)]
    if doubtful:
        notes.append(
            f"they sound as if they wrote and are not marked: {', '.join(doubtful)}; they really run, also in "
            f"evaluations; mark them with {doubtful[0]}.writes = True"
        )
    return notes


def _tallied(tally: Tally | None) -> list[str]:
    return [tally.sentence()] if tally is not None and tally.cases else []


def build_around(name: str, argument: str | None, options: Mapping[str, Setting], root: Path, around: Around) -> Tools:
    """The system as named in the project file: ``{tools: {use: small, functions: tools.py}}``.

    Raises:
        InputError: no model or no file is named, the file cannot be read as tools (as far as that shows without running
            it), or an option is out of its range.
    """
    values = read(options, OPTIONS, "tools")
    model = require_model(argument, "tools")
    _check(values)
    own = read_own(str(values["text"]), root)
    told = {**values, "tuning_rows": TUNING_ROWS}
    path = root / str(values["functions"])
    check_file(path)
    return Tools(name, model, told, own, around, around.describe_model(model), path=path)


def _check(values: Mapping[str, Setting]) -> None:
    if not values["functions"]:
        raise InputError(
            "tools.no_file",
            "Tools need a Python file with functions.",
            where=_WHERE,
            hint="Write {tools: {use: MODEL, functions: tools.py}}.",
        )
    if values["calling"] not in ("", *CALLINGS):
        raise InputError(
            "systems.option_value",
            f"There is no way of calling {values['calling']!r}.",
            where=_WHERE,
            hint=f"Use one of {', '.join(CALLINGS)}, or leave it out to have both tried.",
        )
    checked_extra_calls(int(values["repair"]), "tools")
    for option, most in (("steps", 20), ("max_tokens", 10**6)):
        if not 1 <= int(values[option]) <= most:
            raise InputError("systems.option_value", f"{option} must be 1 to {most}.", where=_WHERE)
    if float(values["timeout_s"]) <= 0:
        raise InputError("systems.option_value", "timeout_s must be more than 0.", where=_WHERE)
