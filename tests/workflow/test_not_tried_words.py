"""Sentences of a verdict on what stood in the comparison and what did not."""

from __future__ import annotations

from pathlib import Path

import pytest
from desks import MAJORITY, WORDS_ONLY, make_project, make_rows, run_project

from misbehaving import Server, reply
from tunewright.project.settings import SystemEntry
from tunewright.records.verdict import Cost, PerAnswer, SystemResult
from tunewright.workflow.words import not_tried

NONE = "no large prompted model was tried"


def result(kind: str, *, calls: float = 0.0, usd: float | None = 0.0, **more: object) -> SystemResult:
    taken = PerAnswer(
        n=10, calls=calls, input_tokens=9, cached_tokens=0, cache_written_tokens=0, output_tokens=1, usd=usd
    )
    fields: dict[str, object] = {
        "name": kind,
        "kind": kind,
        "role": "baseline",
        "available": True,
        "reason": None,
        "simplicity": 1,
        "n": 10,
        "per_answer": taken if calls else None,
        "cost": Cost.model_construct(),
    }
    return SystemResult.model_construct(**{**fields, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "tried",
    [
        result("prompt", calls=1),
        result("tools", calls=2.5),
        result("tools", calls=2.5, usd=None),
        result("cascade", calls=0.2, usd=0.001),
        result("cascade", calls=0.2, usd=None, practice=True),
        result("cascade", calls=1.2, usd=0.001, role="candidate"),
        result("pipeline", calls=1),
        result("retrieval", calls=1),
        result("answers", asked_elsewhere="a model of theirs"),
    ],
    ids=lambda one: f"{one.kind}-{one.per_answer.usd if one.per_answer else one.asked_elsewhere}",
)
def test_a_model_that_stood_in_the_comparison_was_tried(tried: SystemResult) -> None:
    assert not_tried([result("tfidf"), tried]) == []


@pytest.mark.parametrize(
    "other",
    [
        result("tfidf"),
        result("answers"),
        result("cascade"),
        result("retrieval"),
        result("cascade", calls=1, role="candidate"),
        result("finetune", calls=1, role="candidate"),
    ],
    ids=["words", "answers of nobody knows whom", "cascade of words", "a quote", "a tuned member", "a tuned model"],
)
def test_where_no_model_was_asked_none_was_tried(other: SystemResult) -> None:
    assert not_tried([other]) == [NONE]


@pytest.mark.parametrize("kind", ["prompt", "tools", "cascade"])
def test_a_practice_model_is_none_either(kind: str) -> None:
    (said,) = not_tried([result(kind, calls=1, practice=True)])
    assert said.startswith(f"{NONE} (what was prompted is a practice model")


def test_in_a_run_a_served_model_within_a_cascade_counts(tmp_path: Path) -> None:
    turn: SystemEntry = {"cascade": {"use": "majority > prompt:far", "name": "turn"}}
    with Server(lambda _place, _body: reply("repair")) as server:
        models = {"far": {"openai": "m", "base_url": server.url, "retry_s": 0}}
        systems = [MAJORITY, WORDS_ONLY, turn]
        verdict = run_project(
            make_project(tmp_path, make_rows(60), systems=systems, fields={"models": models, "folds": 3})
        )
    assert verdict.systems[-1].per_answer is not None
    assert not any(NONE in line for line in verdict.not_tried)


@pytest.mark.parametrize(
    ("entry", "kind", "able"),
    [
        ({"retrieval": {"documents": "pages"}}, "classify", "generate"),
        (WORDS_ONLY, "generate", "classify"),
    ],
    ids=["a quote for labels", "labels for a text"],
)
def test_a_system_that_cannot_do_the_job_says_what_it_can(
    tmp_path: Path, entry: SystemEntry, kind: str, able: str
) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a.txt").write_text("A parcel comes within a week.\n", encoding="utf-8")
    folder = make_project(tmp_path, make_rows(60), systems=[MAJORITY, entry], fields={"kind": kind})
    reason = run_project(folder).systems[-1].reason
    assert reason == f"it can do jobs of the kind {able}, and this one is {kind}; ask or tune a language model instead"
