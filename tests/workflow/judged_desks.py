"""Small projects whose answers a language model judges, and people who judge them too.

Every answer says in its own words whether it is good (``fine``) or bad (``poor``), how long it is, and whose style it
has; the judge of a test is a function of that text. People go by ``fine`` alone.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import yaml
from desks import write_table

from tunewright.project.file import FILE_NAME, load_project
from tunewright.records.generation import Reply, Request, Watch
from tunewright.store import Store
from tunewright.workflow.judging.desk import JudgingDesk
from tunewright.workflow.runs import STATE

YES_OR_NO = {"judge": {"model": "referee", "criteria": "- helps (1): it solves the case", "levels": 1}}
Says = Callable[[str, int], int]  # the text of an answer, and how often it was asked before: a mark


@dataclass
class Referee:
    """A backend that marks by a function of the answer."""

    says: Says
    name: str = "referee"
    network: bool = False
    asked: list[Request] = field(default_factory=list)

    def identity(self) -> Mapping[str, str]:
        return {"weights": "w1"}

    def complete(self, requests: Sequence[Request], watch: Watch) -> Iterator[tuple[int, Reply]]:
        self.asked += requests
        for place, request in enumerate(requests):
            text = request.messages[-1].content
            found = re.search(r"<<answer \w+>>\n(.*?)\n<</answer", text, re.DOTALL)
            if found is not None:
                mark = self.says(found[1], request.repetition // 2)
                yield place, Reply(json.dumps({"reason": "read", "marks": {"helps": mark}}), usd=0.0)
            elif "<<first" not in text:
                yield place, Reply("fine words", usd=0.0)
            else:
                first, second = re.findall(r"<<(?:first|second) \w+>>\n(.*?)\n<<", text, re.DOTALL)
                better = self.says(first, 0) - self.says(second, 0)
                word = "first" if better > 0 else "second" if better < 0 else "tie"
                yield place, Reply(json.dumps({"reason": "read", "better": word}), usd=0.0)

    def close(self) -> None:
        pass


def luck(text: str, salt: str = "") -> float:
    """A number from 0 to 1 that hangs on the text alone."""
    return int(hashlib.sha256(f"{salt}{text}".encode()).hexdigest()[:12], 16) / 16**12


def honest(text: str, _again: int) -> int:
    """Right nine times in ten, whoever wrote it."""
    return int(("fine" in text) == (luck(text) < 0.9))


def likes_its_style(text: str, _again: int) -> int:
    """The same, but what is bad passes more often where it is long and flowery."""
    if "flowery" in text and "poor" in text and luck(text, "style") < 0.5:
        return 1
    return honest(text, _again)


def coin(text: str, _again: int) -> int:
    return int(luck(text) < 0.5)


def moody(text: str, again: int) -> int:
    """Changes its mind on one answer in five when asked again."""
    said = honest(text, 0)
    return 1 - said if again and luck(text, f"mood{again}") < 0.2 else said


def make_judged_project(
    folder: Path,
    n: int,
    *,
    tuned: float,
    simple: float,
    seed: int = 1,
    groups: int = 1,
    grader: object = YES_OR_NO,
    **fields: object,
) -> Path:
    """A project of ``n`` cases with a share ``tuned`` and ``simple`` of good answers of its two systems."""
    rng = np.random.default_rng(seed)
    rows, told, today = [], [], []
    for number in range(n):
        name = f"C{number:04d}"
        word = hashlib.sha256(name.encode()).hexdigest()[:10]
        rows.append(
            {"id": name, "text": f"case {word} {' '.join(word)}", "target": f"do {word}", "who": f"p{number // groups}"}
        )
        told.append({"id": name, "answer": f"{'fine' if rng.random() < tuned else 'poor'} {word} flowery long words"})
        today.append({"id": name, "answer": f"{'fine' if rng.random() < simple else 'poor'} {word} plain"})
    for file, table in (("cases.csv", rows), ("told.csv", told), ("today.csv", today)):
        write_table(folder / file, table)
    settings = {
        "task": "Answer the case",
        "kind": "generate",
        "data": {"path": "cases.csv", "input": "text", "target": "target", "id": "id"},
        "models": {"referee": {"openai": "llama-70b", "base_url": "http://127.0.0.1:9/v1"}},
        "grader": grader,
        "min_improvement": 0.02,
        "folds": 3,
        "systems": [
            {"answers": {"file": "today.csv", "name": "today"}},
            {"told": {"file": "told.csv", "name": "tuned"}},
        ],
        **fields,
    }
    if groups > 1:
        settings["data"]["group"] = "who"  # type: ignore[index]
    (folder / FILE_NAME).write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return folder


def desk_of(folder: Path, store: Store, who: str = "ann", **options: object) -> JudgingDesk:
    return JudgingDesk(store, load_project(folder / FILE_NAME), folder, who, **options)  # type: ignore[arg-type]


def people_judge(
    folder: Path, *, cases: int = 200, who: str = "ann", says: Says | None = None, second: bool = False
) -> int:
    """A person judges everything that is asked; returns how many answers."""
    says = says or (lambda text, _again: int("fine" in text))
    with Store.open(folder / STATE) as store:
        desk = desk_of(folder, store, who, cases=cases, second=second)
        (mark,) = desk.scale.marks
        todo = [item for item in desk.items if desk.is_open(item)]
        desk.judge_all([(item, {mark.name: mark.most * says(item.answer.text, 0)}) for item in todo])
    return len(todo)
