"""After training: what the tuned model answers to held-out cases, and whether the saved folder answers the same.

A loss says little; this counts answers that are the target to the letter, and those that never stop. No verdict: the
cases are few and were watched during training; ``tunewright run`` compares.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunewright.errors import WorkError
from tunewright.language.generate import Decoding, Generated, context_tokens, generate
from tunewright.language.render import Rendered
from tunewright.language.spec import RenderSpec
from tunewright.training.adapters import load_trained
from tunewright.training.after_training import room_for_copy
from tunewright.training.export import compare_greedy
from tunewright.training.methods import Prepared

MOST_ROWS = 64
REPLAYED = 8
REPLAYED_TOKENS = 32
_LONGEST_ANSWER = 256
_ROOM = 8


@dataclass(frozen=True, slots=True)
class AnswersAfter:
    """Held-out cases answered greedily.

    Attributes:
        rows: how many were asked (64 at most).
        exact: answers equal to the target in every token.
        exact_before: the same of the base model; None where it is gone.
        endless: answers that did not stop where there was room for the target and more.
    """

    rows: int
    exact: int
    exact_before: int | None
    endless: int


@dataclass(frozen=True, slots=True)
class _Case:
    prompt: tuple[int, ...]
    target: tuple[int, ...]


def answer_held_out(
    prepared: Prepared, rows: Sequence[Rendered], spec: RenderSpec, cancelled: Callable[[], bool]
) -> AnswersAfter:
    """Ask the tuned model and, where the adapter can be switched off, the base model."""
    cases = _cases(rows, context_tokens(prepared.model))
    after = _answers(prepared.model, cases, spec, cancelled)
    before = None
    if prepared.is_adapter and not prepared.start:
        with prepared.model.disable_adapter():
            before = _exact(cases, _answers(prepared.model, cases, spec, cancelled))
    endless = sum(answer.finish == "length" for answer in after)
    return AnswersAfter(len(cases), _exact(cases, after), before, endless)


def replay_saved(prepared: Prepared, folder: Path, rows: Sequence[Rendered], spec: RenderSpec) -> str:
    """Let the saved folder answer some of the same prompts, token by token, in the same number format.

    Skipped, said so, where there is no room for a second model, or the base is quantised.

    Raises:
        WorkError: what was saved does not answer as the model that was trained.
    """
    if getattr(prepared.model, "is_loaded_in_4bit", False):
        return "not read back: the base is quantised"
    weight = prepared.model.get_input_embeddings().weight
    if not room_for_copy(prepared.model):
        return "not read back: there is no room for a second copy of the model"
    cases = _cases(rows, context_tokens(prepared.model))[:REPLAYED]
    decoding = Decoding(REPLAYED_TOKENS, spec.stop)
    prompts = [case.prompt for case in cases]
    expected = generate(prepared.model, None, prompts, decoding)
    saved = load_trained(folder, device=str(weight.device), dtype=weight.dtype).decoder.model
    replay = compare_greedy("read back from disk", expected, generate(saved, None, prompts, decoding))
    if not replay.passed:
        raise WorkError(
            "training.saved_differs",
            "The folder that was written does not answer as the model that was trained.",
            where=str(folder),
            why=replay.describe(),
            hint="Do not use it; keep the folder and report this.",
        )
    return replay.describe()


def _cases(rows: Sequence[Rendered], limit: int | None) -> list[_Case]:
    """Prompt and target of the last trained turn of each row; rows without room for an answer are passed over."""
    found = []
    for row in rows[:MOST_ROWS]:
        last = row.spans[-1]
        if limit is None or last.start < limit:
            found.append(_Case(row.ids[: last.start], row.ids[last.start : last.end]))
    return found


def _answers(model: Any, cases: Sequence[_Case], spec: RenderSpec, cancelled: Callable[[], bool]) -> list[Generated]:
    if not cases:
        return []
    longest = max(len(case.target) for case in cases)
    decoding = Decoding(min(_LONGEST_ANSWER, longest + longest // 4 + _ROOM), spec.stop)
    return generate(model, None, [case.prompt for case in cases], decoding, cancelled=cancelled)


def _exact(cases: Sequence[_Case], answers: Sequence[Generated]) -> int:
    return sum(case.target == answer.ids for case, answer in zip(cases, answers, strict=True))
