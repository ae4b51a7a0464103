"""``{few_shot: MODEL}``: a language model asked with examples in front of the case.

``nearest`` shows the training rows most like the case (TF-IDF), ``fixed`` a few that cover the training rows, the same
for every case. Without a choice both are tried on validation rows, in the way of asking that is best.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from tunewright.errors import InputError
from tunewright.records.example import Example, Inputs, Message, Source, ToolCall, input_digest
from tunewright.records.system import Budget, FitContext, Setting
from tunewright.systems._prompting.asking import Asking, best_choice
from tunewright.systems._prompting.prompted import Prompted, Shots, read_prompted
from tunewright.systems._several import names_in
from tunewright.systems.around import Around
from tunewright.systems.fitlog import FitLog
from tunewright.systems.options import Option
from tunewright.systems.prompt import read_own, read_values, require_model

SUMMARY = "a language model shown examples before the case: the nearest ones, or a few that cover the data"
ROOM = 6000
MOST_COVERING = 64
OPTIONS: Mapping[str, Option] = {
    "examples": Option(
        8, "examples in front of a case; 0 is as many as fit", "more help until they crowd out the case"
    ),
    "choice": Option("", "nearest or fixed", "without one both are tried on validation rows"),
    "text": Option("", "file with your own prompt", "placeholders {task}, {labels}, {schema}"),
    "style": Option("brief", "brief, listed or reminded", "examples say more than the wording"),
    "max_tokens": Option(512, "tokens of an answer", "bounds what one answer may cost"),
    "tuning_rows": Option(100, "validation rows", "enough to tell choices apart; more costs more calls"),
    "room": Option(ROOM, "characters of all examples together", "what a small model still reads beside the case"),
    "repair": Option(
        1, "extra calls for a case, 0 or 1", "an answer in no usable form is sent back once with the reason"
    ),
}
CHOICES = ("nearest", "fixed")
SHOTS_FILE = "shots.json"


@dataclass(frozen=True, slots=True)
class NearestShots:
    """The rows most like a case, the most like last, where a model attends most.

    At most ``count`` of them (0: as many as fit) in ``room`` characters; a row that is too long for what is left of it
    is passed over.
    """

    rows: tuple[Example, ...]
    count: int
    room: int = ROOM
    _index: dict[str, Any] = field(default_factory=dict, compare=False)

    def of(self, inputs: Inputs) -> Sequence[Example]:
        own = input_digest(inputs.messages)
        order = np.argsort(-self._likeness(inputs.text), kind="stable")
        picked: list[Example] = []
        left = self.room
        for place in order.tolist():
            row = self.rows[place]
            if len(picked) == (self.count or len(self.rows)) or left < self._shortest():
                break
            if length_of(row) <= left and input_digest(row.messages) != own:
                picked.append(row)
                left -= length_of(row)
        return picked[::-1]

    def _shortest(self) -> int:
        if "shortest" not in self._index:
            self._index["shortest"] = min(map(length_of, self.rows), default=0)
        return int(self._index["shortest"])

    def save(self, folder: Path) -> None:
        _save(folder, "nearest", self.rows, self.count, self.room)

    def _likeness(self, text: str) -> NDArray[np.float64]:
        if "words" not in self._index:
            words = TfidfVectorizer(sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
            self._index["rows"] = words.fit_transform([row.text or " " for row in self.rows])
            self._index["words"] = words
        case = self._index["words"].transform([text])
        return np.asarray((self._index["rows"] @ case.T).todense(), dtype=np.float64).ravel()


def length_of(row: Example) -> int:
    """Characters that an example takes in a prompt."""
    return len(row.text) + len(row.target)


def within(rows: Sequence[Example], room: int) -> tuple[Example, ...]:
    """The rows in their order that fit into so many characters together."""
    kept: list[Example] = []
    for row in rows:
        if length_of(row) <= room:
            kept.append(row)
            room -= length_of(row)
    return tuple(kept)


@dataclass(frozen=True, slots=True)
class FixedShots:
    """The same rows for every case, without the case itself."""

    rows: tuple[Example, ...]

    def of(self, inputs: Inputs) -> Sequence[Example]:
        own = input_digest(inputs.messages)
        return [row for row in self.rows if input_digest(row.messages) != own]

    def save(self, folder: Path) -> None:
        _save(folder, "fixed", self.rows, len(self.rows), ROOM)


def covering(rows: Sequence[Example], count: int, labels: bool, several: bool = False) -> tuple[Example, ...]:
    """Rows that cover the others: first one of each label (the most typical), then those least like any chosen.

    A greedy k-centre (Gonzalez 1985) on TF-IDF vectors; the result hangs on contents alone.
    """
    ordered = sorted(rows, key=lambda row: input_digest(row.messages))
    if not ordered:
        return ()
    matrix = TfidfVectorizer(sublinear_tf=True, token_pattern=r"(?u)\b\w+\b").fit_transform(
        [row.text or " " for row in ordered]
    )
    typical = np.asarray(matrix @ matrix.mean(axis=0).T).ravel()
    chosen = [int(typical.argmax())]
    nearest = np.asarray((matrix @ matrix[chosen[0]].T).todense()).ravel()
    names = [set(names_in(row.target)) if several else {row.target} for row in ordered]
    seen = set(names[chosen[0]])
    while len(chosen) < min(count, len(ordered)):
        score = nearest.copy()
        if labels:
            fresh = np.array([bool(own - seen) for own in names])
            score = np.where(fresh, score - 2.0, score) if fresh.any() else score
        score[chosen] = np.inf
        place = int(score.argmin())
        chosen.append(place)
        seen |= names[place]
        nearest = np.maximum(nearest, np.asarray((matrix @ matrix[place].T).todense()).ravel())
    return tuple(ordered[place] for place in chosen)


@dataclass(frozen=True, slots=True)
class FewShot(Asking):
    """The system before it has seen rows."""

    SIMPLICITY: ClassVar[int] = 45

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> Prompted:
        job = self.job([*train, *validation], context.labels, context.several)
        style = str(self.values["style"])
        choices = (str(self.values["choice"]),) if self.values["choice"] else CHOICES

        def made(choice: str) -> Prompted:
            return self.ready(job, style, self._shots(choice, train, context), FitLog())

        tried = self.compared("choice", choices, made, validation, context)
        trials = tried.trials
        best = best_choice("choice", choices, trials)
        log = FitLog(trials, Budget(len(trials), len(trials), exhausted=True), (f"examples: {best}",), tried.honest)
        # What was tuned on validation may show its rows from now on.
        return self.ready(job, style, self._shots(best, [*train, *validation], context), log)

    def load(self, folder: Path) -> Prompted:
        job, style, _ = read_prompted(folder)
        value = json.loads((folder / SHOTS_FILE).read_text(encoding="utf-8"))
        rows = tuple(_example(row) for row in value["rows"])
        shots = (
            NearestShots(rows, int(value["count"]), int(value["room"]))
            if value["choice"] == "nearest"
            else FixedShots(rows)
        )
        return self.ready(job, style, shots, FitLog.read(folder))

    def _shots(self, choice: str, rows: Sequence[Example], context: FitContext) -> Shots:
        room, count = int(self.values["room"]), int(self.values["examples"])
        fitting = [row for row in rows if length_of(row) <= room]
        if choice == "nearest":
            return NearestShots(tuple(fitting), count, room)
        cover = covering(fitting, count or MOST_COVERING, bool(context.labels), context.several)
        return FixedShots(within(cover, room))


def _save(folder: Path, choice: str, rows: Sequence[Example], count: int, room: int) -> None:
    value = {"choice": choice, "count": count, "room": room, "rows": [_plain(row) for row in rows]}
    (folder / SHOTS_FILE).write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def _plain(row: Example) -> dict[str, Any]:
    messages = [
        {
            "role": m.role,
            "content": m.content,
            "tool_calls": [[c.name, c.arguments, c.id] for c in m.tool_calls],
            "tool_call_id": m.tool_call_id,
            "name": m.name,
        }
        for m in row.messages
    ]
    return {"messages": messages, "target": row.target, "tools": list(row.tools)}


def _example(value: Mapping[str, Any]) -> Example:
    messages = tuple(
        Message(
            m["role"], m["content"], tuple(ToolCall(*call) for call in m["tool_calls"]), m["tool_call_id"], m["name"]
        )
        for m in value["messages"]
    )
    return Example(messages, value["target"], Source("", 0), "", tools=tuple(value["tools"]))


def build_around(
    name: str, argument: str | None, options: Mapping[str, Setting], root: Path, around: Around
) -> FewShot:
    """The system as named in the project file: ``{few_shot: small}``, or ``{few_shot: {use: small, examples: 4}}``."""
    values = read_values(options, OPTIONS, "few_shot")
    if values["choice"] not in ("", *CHOICES):
        raise InputError(
            "systems.option_value",
            f"Examples are chosen as {' or '.join(CHOICES)}, not {values['choice']!r}.",
            where="systems: few_shot",
        )
    model = require_model(argument, "few_shot")
    return FewShot(name, model, values, read_own(str(values["text"]), root), around, around.describe_model(model))
