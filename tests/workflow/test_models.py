"""The models of a run: opened when first asked, once for all that ask, closed for room and at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from desks import MAJORITY, make_project, make_rows, open_state, settings_of

from tunewright.errors import InputError
from tunewright.project.settings import ProjectSettings
from tunewright.records.example import Message
from tunewright.records.generation import Backend, Reply, Request, Watch
from tunewright.store import Store
from tunewright.workflow import models as module
from tunewright.workflow.grading import grading_of
from tunewright.workflow.models import Models


@dataclass
class Loaded:
    """A model in memory that says which one it is."""

    name: str
    closed: int = 0
    network: bool = False

    def identity(self) -> Mapping[str, str]:
        return {"weights": self.name}

    def complete(self, requests: Sequence[Request], watch: Watch) -> Iterator[tuple[int, Reply]]:
        assert not self.closed
        for place, _ in enumerate(requests):
            yield place, Reply(self.name, usd=0.0)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Loaded]:
    """Every model that was opened, in order."""
    found: list[Loaded] = []

    def open_one(name: str, *_: object) -> Loaded:
        found.append(Loaded(name))
        return found[-1]

    monkeypatch.setattr(module, "_open", open_one)
    return found


def settings(folder: Path) -> ProjectSettings:
    named = {"a": {"local": "./a"}, "b": {"local": "./b"}}
    return settings_of(make_project(folder, make_rows(30), systems=(MAJORITY,), fields={"models": named}))


def ask(backend: Backend, text: str) -> str | None:
    ((_, reply),) = backend.complete([Request((Message("user", text),))], Watch())
    return reply.text


def models_of(folder: Path, store: Store) -> Models:
    return Models.of(settings(folder), folder, store)


def test_a_model_is_opened_at_the_first_request_and_once_for_all_choices(tmp_path: Path, opened: list[Loaded]) -> None:
    with open_state(tmp_path) as store:
        models = models_of(tmp_path, store)
        for choice in range(3):
            backend = models.open("a")
            assert len(opened) == min(choice, 1)
            assert ask(backend, f"text {choice}") == "a"
            backend.close()
            backend.close()
        assert [one.closed for one in opened] == [0]
    assert [one.closed for one in opened] == [1]


def test_one_that_nobody_holds_makes_room_for_another_and_is_opened_again(tmp_path: Path, opened: list[Loaded]) -> None:
    with open_state(tmp_path) as store:
        models = models_of(tmp_path, store)
        first, second = models.open("a"), models.open("b")
        ask(first, "1")
        first.close()
        ask(second, "2")
        assert [(one.name, one.closed) for one in opened] == [("a", 1), ("b", 0)]
        assert ask(first, "3") == "a"  # both are held now, as by a search with a writer
        assert ask(second, "4") == "b"
        assert [(one.name, one.closed) for one in opened] == [("a", 1), ("b", 0), ("a", 0)]
        models.around().rest()
        assert [one.closed for one in opened] == [1, 0, 0]
        second.close()
        models.around().rest()
        assert [one.closed for one in opened] == [1, 1, 0]
    assert [one.closed for one in opened] == [1, 1, 1]


def test_an_unknown_model_is_refused_before_it_is_asked(tmp_path: Path, opened: list[Loaded]) -> None:
    with open_state(tmp_path) as store, pytest.raises(InputError, match="no model named 'c'"):
        models_of(tmp_path, store).open("c")
    assert opened == []


def test_the_identity_of_a_judge_is_known_without_opening_it(
    tmp_path: Path, opened: list[Loaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_digest", lambda model, _root: f"digest of {model}")
    made = settings(tmp_path).model_copy(
        update={"kind": "generate", "grader": {"judge": {"model": "a", "criteria": "clear: it is clear"}}}
    )
    with open_state(tmp_path) as store:
        grader = grading_of(made, tmp_path, (), Models.of(made, tmp_path, store).around()).grader
        assert "digest of ./a" in grader.identity()["judge:model"]
        assert opened == []
        monkeypatch.setattr(module, "_digest", lambda model, _root: f"another digest of {model}")
        assert "another" in grader.identity()["judge:model"]
