"""``distil``: lessons of a teacher, its terms, and a student that goes by the job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from talking import Talking, around

from tunewright.errors import InputError, WorkError
from tunewright.language.files import MINILM
from tunewright.records.answers import Answer
from tunewright.records.example import Example, Inputs, Message, Source
from tunewright.records.generation import Request
from tunewright.records.system import Budget, FitContext, Needs, Setting, SystemRole, Trial
from tunewright.systems import distil, finetune, prompt
from tunewright.systems.around import Around, Member
from tunewright.systems.distil import Distil

LABELS = ("bill", "repair")


def row(text: str, target: str, number: int) -> Example:
    return Example((Message("user", text),), target, Source("t.csv", number), f"r{number}")


TRAIN = [row(f"invoice {n}", "bill" if n % 4 else "repair", n) for n in range(8)]
VALIDATION = [row("invoice again", "bill", 20), row("broken valve", "repair", 21)]


@dataclass
class Pupil:
    """Remembers what it was taught; answers with its lessons by text."""

    lessons: dict[str, str] = field(default_factory=dict)
    tuned_on: list[str] = field(default_factory=list)
    role: SystemRole = "candidate"
    name: str = "finetune:tiny"
    needs: Needs = Needs(simplicity=60, extras=("models",), seconds_per_call=0.1, own_machine=True)
    trials: Sequence[Trial] = (Trial({"rate": 1.0}, 0.5, 0.0),)
    budget: Budget = field(default_factory=lambda: Budget(2, 1))
    notes: Sequence[str] = ("learned",)

    def identity(self) -> Mapping[str, Setting]:
        return {"base": "tiny"}

    def missing(self) -> str | None:
        return None

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> Pupil:
        return Pupil({r.text: r.target for r in train}, [r.target for r in validation])

    def load(self, folder: Path) -> Pupil:
        text = (folder / "lessons.txt").read_text(encoding="utf-8")
        return Pupil(dict(line.split("=") for line in text.splitlines()))

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        return [Answer(self.lessons.get(item.text, "bill")) for item in inputs]

    def save(self, folder: Path) -> None:
        lines = [f"{text}={target}" for text, target in self.lessons.items()]
        (folder / "lessons.txt").write_text("\n".join(lines), encoding="utf-8")

    def close(self) -> None:
        """Nothing is held."""


def surroundings(backend: Talking, *, served: bool = False) -> Around:
    made = around(backend)
    facts = replace(made.describe_model("large"), served=served)

    def member(name: str) -> Member:
        if name.startswith("finetune:"):
            return Member(name, "finetune", Pupil())
        model = name.removeprefix("prompt:")
        return Member(name, "prompt", prompt.build_around(name, model, {"style": "brief"}, Path(), whole))

    whole = replace(made, member=member, describe_model=lambda _name: facts)
    return whole


def built(backend: Talking, served: bool = False, **options: Setting) -> Distil:
    return distil.build_around("d", "large -> tiny", options, Path(), surroundings(backend, served=served))


def context() -> FitContext:
    return FitContext(0, LABELS, lambda targets, answers: 0.0)


def always(label: str) -> Talking:
    return Talking(lambda _request: label)


def test_the_student_learns_the_teachers_answers_and_is_chosen_by_the_job() -> None:
    fitted = built(always("repair")).fit(TRAIN, VALIDATION, context())
    pupil = fitted.student
    assert isinstance(pupil, Pupil)
    assert pupil.lessons == {r.text: "repair" for r in TRAIN}
    assert pupil.tuned_on == ["bill", "repair"]
    assert "8 of 8 rows, which it answers 25.0% right" in fitted.notes[0]
    assert any("teaching took 8 calls" in note for note in fitted.notes)
    assert (fitted.budget, fitted.trials) == (pupil.budget, pupil.trials)


def test_only_right_answers_are_kept_on_wish() -> None:
    fitted = built(always("bill"), keep="right").fit(TRAIN, VALIDATION, context())
    assert isinstance(fitted.student, Pupil)
    assert sorted(fitted.student.lessons) == [r.text for r in TRAIN if r.target == "bill"]


def test_a_teacher_that_answers_little_teaches_nobody() -> None:
    def say(request: Request) -> str | None:
        return "bill" if request.messages[-1].content == "invoice 1" else None

    with pytest.raises(WorkError) as caught:
        built(Talking(say)).fit(TRAIN, VALIDATION, context())
    assert caught.value.code == "distil.few_lessons"


def test_a_server_teaches_only_when_its_terms_are_stated() -> None:
    reason = built(always("bill"), served=True).missing()
    assert reason is not None
    assert "terms" in reason
    allowed = built(always("bill"), served=True, terms="allowed, section 3")
    assert allowed.missing() is None
    assert "terms of the teacher, as stated: allowed, section 3" in allowed.fit(TRAIN, VALIDATION, context()).notes
    assert built(always("bill")).missing() is None


def test_a_student_that_is_no_model_is_named_before_the_terms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TUNEWRIGHT_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    taught = built(always("bill"), served=True)
    reasons = {}
    for name in ("nix", "owner/name", MINILM):
        student = Member(name, "finetune", finetune.build(name, name, {}, tmp_path))
        reasons[name] = replace(taught, student=student).missing() or ""
    assert "no model 'nix'" in reasons["nix"]
    assert "wren" in reasons["nix"]
    assert "terms" not in reasons["nix"]
    assert "terms" in reasons["owner/name"]
    assert "terms" in reasons[MINILM]


def test_saved_and_loaded_it_answers_the_same(tmp_path: Path) -> None:
    system = built(always("repair"))
    fitted = system.fit(TRAIN, VALIDATION, context())
    fitted.save(tmp_path)
    loaded = system.load(tmp_path)
    inputs = [r.inputs for r in (*TRAIN, *VALIDATION)]
    assert loaded.answer(inputs) == fitted.answer(inputs)
    assert loaded.told.notes == fitted.told.notes


@pytest.mark.parametrize("argument", [None, "large", "-> tiny", "large ->"])
def test_teacher_and_student_must_be_named(argument: str | None) -> None:
    with pytest.raises(InputError) as caught:
        distil.build_around("d", argument, {}, Path(), surroundings(always("bill")))
    assert caught.value.code == "distil.who"
