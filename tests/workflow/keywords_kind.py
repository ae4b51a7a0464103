"""``keywords``: a system for tests in the part of a fine-tune, which knows from the start what others must learn.

It can write down every row that it is shown, lose answers, and change them when rows come in another order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from desks import LABELS, WORDS

from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example, Inputs
from tunewright.records.system import FitContext, Needs, Setting, SystemRole
from tunewright.systems.fitlog import FitLog, Logged
from tunewright.systems.options import Option, read

SUMMARY = "a stand-in for a fine-tune"
OPTIONS: Mapping[str, Option] = {
    "diary": Option("", "path", "where to write the id of every row that it learned from or was asked"),
    "moody": Option(False, "yes or no", "to answer some rows differently when they are asked in another order"),
    "loses": Option(0, "rows", "every so many-th row never comes back; 0 is none"),
    "luck": Option(0, "rows", "every so many-th row is wrong, which ones hangs on the seed of training; 0 is none"),
    "network": Option(False, "yes or no", "to declare that it calls a server"),
    "machine": Option(0.0, "seconds", "to declare that a call takes so long on a machine of its own; 0 is none"),
    "role": Option("candidate", "role", "what it stands in for"),
}


@dataclass(frozen=True)
class Behaviour:
    """The options that matter when it answers."""

    diary: str
    moody: bool
    loses: int
    luck: int = 0


@dataclass(frozen=True)
class FittedKeywords(Logged):
    """What learned nothing."""

    behaviour: Behaviour
    log: FitLog = FitLog()
    seed: int = 0

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        names = [item.row_id for item in inputs]
        note(self.behaviour.diary, names)
        upset = self.behaviour.moody and names != sorted(names)
        return [self._one(item, upset) for item in inputs]

    def _one(self, item: Inputs, upset: bool) -> Answer:
        number = int(item.row_id[1:]) if item.row_id[1:].isdigit() else 1
        if self.behaviour.loses and number % self.behaviour.loses == 0:
            return Answer(None, Status.INFRA_FAIL, detail="never came back")
        unlucky = bool(self.behaviour.luck) and number % (self.behaviour.luck + self.seed) == 0
        return Answer(_label(item.text, unlucky or (upset and number % 3 == 0)))

    def save(self, folder: Path) -> None:
        self.log.write(folder)
        (folder / "seed.txt").write_text(str(self.seed), encoding="utf-8")

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True)
class Keywords:
    """The system before it has seen rows."""

    name: str
    behaviour: Behaviour
    role: SystemRole
    needs: Needs

    def identity(self) -> Mapping[str, Setting]:
        return {"loses": self.behaviour.loses, "luck": self.behaviour.luck}

    def missing(self) -> str | None:
        return None

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> FittedKeywords:
        note(self.behaviour.diary, [example.row_id for example in [*train, *validation]])
        return FittedKeywords(self.behaviour, seed=context.seed)

    def load(self, folder: Path) -> FittedKeywords:
        seed = int((folder / "seed.txt").read_text(encoding="utf-8"))
        return FittedKeywords(self.behaviour, FitLog.read(folder), seed)


def build(name: str, argument: str | None, options: Mapping[str, Setting], root: Path) -> Keywords:
    """The system as named in the project file."""
    values = read(options, OPTIONS, "keywords")
    behaviour = Behaviour(str(values["diary"]), bool(values["moody"]), int(values["loses"]), int(values["luck"]))
    role: SystemRole = "candidate" if values["role"] == "candidate" else "baseline"
    seconds = float(values["machine"])
    needs = Needs(simplicity=50, network=bool(values["network"]), seconds_per_call=seconds, own_machine=seconds > 0)
    return Keywords(name, behaviour, role, needs)


def note(diary: str, row_ids: Sequence[str]) -> None:
    """Write down what was seen."""
    if diary:
        with Path(diary).open("a", encoding="utf-8") as stream:
            stream.writelines(f"{row_id}\n" for row_id in row_ids)


def _label(text: str, upset: bool) -> str:
    words = text.split()
    order = sorted(LABELS, key=lambda label: -sum(word in WORDS[label] for word in words))
    return order[1] if upset else order[0]
