"""Answers for use: what the project file says now holds, answers are written as they come, and a stop keeps them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from desks import MAJORITY, WORDS, make_project, make_rows, run_project, settings_of, write_rows

from misbehaving import Answer, Server, reply
from tunewright.data.containers import open_table
from tunewright.errors import Cancelled, InputError
from tunewright.evaluation.runner import BATCH_ROWS
from tunewright.project.file import FILE_NAME
from tunewright.project.settings import ProjectSettings
from tunewright.records import answers as records
from tunewright.records.example import Inputs
from tunewright.records.generation import Watch
from tunewright.records.system import FittedSystem
from tunewright.workflow import predict as predict_module
from tunewright.workflow.predict import BILLED_ROWS, predict
from tunewright.workflow.settings_now import settings_now, what_differs
from tunewright.workflow.study import Hooks

FAR = {"prompt": {"use": "far", "name": "asked"}}
NEW = make_rows(40, seed=9, noise=0.0, prefix="N")


def by_word(_place: int, body: dict[str, Any]) -> Answer:
    """The class of the first known word of the case."""
    text = body["messages"][-1]["content"]
    return reply(next((label for label, words in WORDS.items() if any(word in text for word in words)), "none"))


def project(folder: Path, url: str, **fields: object) -> Path:
    """A project after its run, with a table of new rows in ``new.csv``."""
    made = make_project(
        folder,
        make_rows(60, noise=0.0),
        systems=(MAJORITY, FAR),
        data={"test": "test.csv"},
        fields={"models": {"far": {"openai": "m", "base_url": url, "retry_s": 0}}, **fields},
    )
    write_rows(made / "test.csv", make_rows(20, seed=7, noise=0.0, prefix="X"))
    write_rows(made / "new.csv", NEW)
    run_project(made)
    return made


def change(folder: Path, **fields: object) -> None:
    """Set fields of the project file."""
    value = yaml.safe_load((folder / FILE_NAME).read_text(encoding="utf-8"))
    (folder / FILE_NAME).write_text(yaml.safe_dump({**value, **fields}), encoding="utf-8")


def answers(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return [line["answer"] for line in csv.DictReader(stream)]


# What the project file says now


def test_the_server_that_the_file_names_now_is_asked_and_it_is_said(tmp_path: Path) -> None:
    with Server(by_word) as old, Server(by_word) as new:
        folder = project(tmp_path, old.url)
        before = seen(old)
        change(folder, models={"far": {"openai": "m", "base_url": new.url, "retry_s": 0}})
        said: list[str] = []
        predict("asked", folder / "new.csv", tmp_path / "a.csv", folder, Hooks(say=said.append))
        assert (seen(new), seen(old)) == (40, before)
    assert any("changed since" in line and "models.far. What it says now holds" in line for line in said)


def test_egress_none_now_refuses_what_was_allowed_and_nothing_else(tmp_path: Path) -> None:
    with Server(by_word) as server:
        folder = project(tmp_path, server.url)
        change(folder, egress="none", models={"far": {"openai": "m", "base_url": "https://far.example/v1"}})
        before = seen(server)
        with pytest.raises(InputError, match="asked would send cases over the network"):
            predict("asked", folder / "new.csv", tmp_path / "a.csv", folder, Hooks())
        assert seen(server) == before
    assert not (tmp_path / "a.csv").exists()
    assert predict(MAJORITY, folder / "new.csv", tmp_path / "b.csv", folder, Hooks()).answered == 40


COMPARED = ProjectSettings.model_validate(
    {
        "task": "Sort",
        "systems": [MAJORITY, {"tools": {"use": "far", "functions": "t.py", "steps": 3, "name": "helped"}}, "tfidf"],
        "models": {"far": {"openai": "m", "base_url": "http://a/v1", "key": "OLD"}},
        "data": {"input": "text"},
    }
)


def test_limits_models_and_options_come_from_the_file_and_the_job_from_the_run(tmp_path: Path) -> None:
    helped = {"tools": {"use": "far", "functions": "t.py", "steps": 1, "name": "helped"}}
    write_project(tmp_path, task="Other", egress="none", max_usd_per_run=0.5, systems=[MAJORITY, helped])
    now = settings_now(COMPARED, tmp_path)
    assert (now.egress, now.max_usd_per_run, now.models) == ("none", 0.5, {})
    assert now.compared == (MAJORITY, helped, "tfidf")
    assert (now.task, now.data) == ("Sort", COMPARED.data)
    changed, kept = what_differs(COMPARED, now, tmp_path, "run-1")
    assert "egress, max_usd_per_run, models.far, systems.helped. What it says now holds" in changed
    assert kept == "the project file says otherwise of task; here it stays as run-1 compared it."


def test_a_file_that_says_less_lifts_a_limit_and_no_file_changes_nothing(tmp_path: Path) -> None:
    limited = COMPARED.model_copy(update={"egress": "none", "max_usd_per_run": 1.0})
    assert settings_now(limited, tmp_path) == limited
    write_project(tmp_path, systems=[MAJORITY])
    now = settings_now(limited, tmp_path)
    assert (now.egress, now.max_usd_per_run) == ("allow", None)


def test_nothing_is_said_where_nothing_changed(tmp_path: Path) -> None:
    folder = make_project(tmp_path, make_rows(12))
    settings = settings_of(folder)
    assert what_differs(settings, settings_now(settings, folder), folder, "run-1") == []


def write_project(folder: Path, **fields: object) -> None:
    (folder / FILE_NAME).write_text(yaml.safe_dump(fields), encoding="utf-8")


def seen(server: Server) -> int:
    return len(server.bodies)


# Writing, and stopping


def stopping(server: Server, after: int, said: Callable[[str], None] = lambda _line: None) -> Hooks:
    """Stopped once the server was asked so many more times."""
    before = seen(server)
    return Hooks(say=said, cancelled=lambda: seen(server) >= before + after)


def test_a_stop_keeps_what_was_answered_and_the_rest_is_asked_later(tmp_path: Path) -> None:
    with Server(by_word) as server:
        folder = project(tmp_path, server.url)
        before = seen(server)
        with pytest.raises(Cancelled) as caught:
            predict("asked", folder / "new.csv", tmp_path / "a.csv", folder, stopping(server, BILLED_ROWS + 1))
        part = answers(tmp_path / "a.csv")
        assert len(part) == BILLED_ROWS
        assert seen(server) <= before + 2 * BILLED_ROWS  # it stopped within the second batch, or just at its end
        assert f"holds {BILLED_ROWS} of 40 answers, {40 - BILLED_ROWS} rows are missing" in str(caught.value.why)
        with pytest.raises(InputError, match="exists already"):
            predict("asked", folder / "new.csv", tmp_path / "a.csv", folder, Hooks())
        assert answers(tmp_path / "a.csv") == part
        predict("asked", folder / "new.csv", tmp_path / "b.csv", folder, Hooks())
        assert seen(server) - before <= 40 + BILLED_ROWS
        again = seen(server)
        predict("asked", folder / "new.csv", tmp_path / "c.csv", folder, Hooks())
        assert seen(server) == again
    assert answers(tmp_path / "b.csv")[:BILLED_ROWS] == part
    assert answers(tmp_path / "b.csv") == [row.category for row in NEW]


def test_a_stopped_workbook_and_a_broken_system_leave_what_was_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_project(tmp_path, make_rows(60), systems=(MAJORITY,))
    run_project(folder)
    write_rows(folder / "new.csv", make_rows(300, seed=9, prefix="N"))
    shares: list[float] = []
    hooks = Hooks(progress=lambda _s, _stage, share: shares.append(share), cancelled=lambda: bool(shares))
    with pytest.raises(Cancelled):
        predict(MAJORITY, folder / "new.csv", tmp_path / "a.xlsx", folder, hooks)
    assert len(list(open_table(tmp_path / "a.xlsx").rows([]))) == BATCH_ROWS
    assert sorted(path.name for path in tmp_path.glob("a*")) == ["a.xlsx"]

    real, said = predict_module.answers_of, list[str]()

    def breaking(fitted: FittedSystem, batch: Sequence[Inputs], watch: Watch) -> list[records.Answer]:
        if len(batch) < BATCH_ROWS:
            raise RuntimeError("broken")
        return real(fitted, batch, watch)

    monkeypatch.setattr(predict_module, "answers_of", breaking)
    with pytest.raises(RuntimeError):
        predict(MAJORITY, folder / "new.csv", tmp_path / "b.csv", folder, Hooks(say=said.append))
    assert len(answers(tmp_path / "b.csv")) == BATCH_ROWS
    assert any("256 of 300 answers, 44 rows are missing" in line for line in said)


def test_a_stop_at_once_says_what_was_kept_and_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_project(tmp_path, make_rows(60), systems=(MAJORITY,))
    run_project(folder)
    write_rows(folder / "new.csv", make_rows(300, seed=9, prefix="N"))
    real = predict_module.answers_of

    def pressed_twice(fitted: FittedSystem, batch: Sequence[Inputs], watch: Watch) -> list[records.Answer]:
        if len(batch) < BATCH_ROWS:
            raise KeyboardInterrupt
        return real(fitted, batch, watch)

    monkeypatch.setattr(predict_module, "answers_of", pressed_twice)
    said: list[str] = []
    with pytest.raises(Cancelled) as caught:
        predict(MAJORITY, folder / "new.csv", tmp_path / "b.csv", folder, Hooks(say=said.append))
    assert "256 of 300 answers, 44 rows are missing" in (caught.value.why or "")
    assert (caught.value.hint or "").startswith("Run it again with another --output")
    assert not any("answers, 44 rows" in line for line in said)


def test_an_unwritable_place_is_refused_before_any_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_project(tmp_path, make_rows(60), systems=(MAJORITY,))
    run_project(folder)
    real = Path.open

    def closed(self: Path, mode: str = "r", **more: Any) -> Any:
        if mode == "x":
            raise PermissionError(13, "Permission denied")
        return real(self, mode, **more)

    asked: list[str] = []
    hooks = Hooks(progress=lambda system, _stage, _share: asked.append(system))
    monkeypatch.setattr(Path, "open", closed)
    with pytest.raises(InputError) as caught:
        predict(MAJORITY, folder / "tickets.csv", tmp_path / "a.csv", folder, hooks)
    monkeypatch.setattr(Path, "open", real)
    assert (caught.value.code, asked) == ("output.unwritable", [])
    with pytest.raises(InputError, match="no system"):
        predict("nobody", folder / "tickets.csv", tmp_path / "a.csv", folder, hooks)
    assert not (tmp_path / "a.csv").exists()


def test_rows_set_aside_stand_in_their_place(tmp_path: Path) -> None:
    folder = make_project(tmp_path, make_rows(60), systems=(MAJORITY,))
    run_project(folder)
    rows = [{"id": row.id, "text": " " if n in (0, 20, 39) else row.text} for n, row in enumerate(NEW)]
    with (folder / "new.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ["id", "text"])
        writer.writeheader()
        writer.writerows(rows)
    for suffix in (".csv", ".xlsx"):
        done = predict(MAJORITY, folder / "new.csv", tmp_path / f"a{suffix}", folder, Hooks())
        assert (done.answered, done.unusable, done.set_aside) == (37, 0, 3)
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert [line["line"] for line in lines] == [str(n) for n in range(2, 42)]
    assert [n for n, line in enumerate(lines) if line["status"] == "set_aside"] == [0, 20, 39]
