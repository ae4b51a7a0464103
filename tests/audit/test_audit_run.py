"""Running checks: remembered rows, equal rows, several processes, asked-for checks, stopping, the scorecard."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest

from tunewright.audit import registry
from tunewright.audit import run as running
from tunewright.audit.findings import CheckResult, Finding, Fix, Item, NotChecked, Span
from tunewright.audit.registry import Limits, Sighting, all_checks, is_row_check, is_set_check
from tunewright.audit.run import AuditOptions, run_audit
from tunewright.audit.sightings import read_seen, write_seen
from tunewright.audit.view import View
from tunewright.errors import Cancelled
from tunewright.records.example import Example, Message, Source


def row(text: str, number: int, target: str = "a") -> Example:
    return Example((Message("user", text),), target, Source("t.csv", number), f"t.csv:{number}")


def view_of(*texts: str) -> View:
    return View(tuple(row(text, number) for number, text in enumerate(texts)), "classify")


@dataclass
class Memory:
    """What an audit remembers, in a dictionary."""

    kept: dict[tuple[str, int, str, str], str] = field(default_factory=dict)

    def get_many(self, check: str, version: int, limits: str, digests: Sequence[str]) -> Mapping[int, str]:
        known = {n: self.kept.get((check, version, limits, digest)) for n, digest in enumerate(digests)}
        return {n: text for n, text in known.items() if text is not None}

    def put_many(self, check: str, version: int, limits: str, found: Sequence[tuple[str, str]]) -> None:
        self.kept |= {(check, version, limits, digest): text for digest, text in found}


class Shouting:
    """A check of rows that counts how often it looked."""

    NAME, TITLE, QUALITY, COST, VERSION = "shouting", "Shouting", "consistent", "seconds", 1
    LIMITS: ClassVar[Limits] = {"least_letters": 3}

    def __init__(self) -> None:
        self.looked: list[str] = []

    def look(self, example: Example, limits: Limits) -> tuple[Sighting, ...]:
        self.looked.append(example.text)
        loud = example.text.isupper() and len(example.text) >= limits["least_letters"]
        return (Sighting("shouting", "all capitals", 0.5, (Span("input", 0, 3),), Fix("drop")),) if loud else ()

    def conclude(self, view: View, found: Mapping[int, tuple[Sighting, ...]], limits: Limits) -> CheckResult:
        items = tuple(Item((number,), seen[0].why) for number, seen in found.items())
        finding = Finding("shouting", "warning", f"{len(items)} rows shout", "", "", items)
        return CheckResult((finding,) if items else (), numbers=(("share", len(items) / len(view)),))


class Counting:
    NAME, TITLE, QUALITY, COST, VERSION = "counting", "Counting", "balanced", "seconds", 1
    LIMITS: ClassVar[Limits] = {}

    def run(self, view: View, limits: Limits) -> CheckResult:
        return CheckResult(not_checked=(NotChecked("counting", "nobody can count"),))


@pytest.fixture
def shouting(monkeypatch: pytest.MonkeyPatch) -> Shouting:
    check = Shouting()
    monkeypatch.setattr(running, "all_checks", lambda: [Counting(), check])
    return check


def test_equal_rows_are_looked_at_once_and_all_reported(shouting: Shouting) -> None:
    result = run_audit(view_of("HELP", "fine", "HELP"))
    assert sorted(shouting.looked) == ["HELP", "fine"]
    (found,) = result.findings
    assert [item.rows for item in found.finding.items] == [(0,), (2,)]


def test_an_audit_after_a_fix_looks_at_the_changed_row_alone(shouting: Shouting) -> None:
    memory = Memory()
    first = run_audit(view_of("HELP", "fine", "NOW", "NOW"), AuditOptions(memory=memory))
    shouting.looked.clear()
    again = run_audit(view_of("help", "fine", "NOW", "NOW"), AuditOptions(memory=memory))
    assert shouting.looked == ["help"]
    assert [check.remembered for check in again.checks if check.name == "shouting"] == [3]
    assert first.findings[0].finding.affected == 3
    assert again.findings[0].finding.affected == 2


def test_other_limits_are_other_memory(shouting: Shouting) -> None:
    memory = Memory()
    run_audit(view_of("NO"), AuditOptions(memory=memory))
    result = run_audit(view_of("NO"), AuditOptions(limits={"shouting": {"least_letters": 2}}, memory=memory))
    assert shouting.looked == ["NO", "NO"]
    assert result.worst == "warning"


def test_a_memory_that_was_damaged_is_no_memory(shouting: Shouting) -> None:
    memory = Memory()
    run_audit(view_of("HELP"), AuditOptions(memory=memory))
    memory.kept = {key: text[:-3] for key, text in memory.kept.items()}
    assert run_audit(view_of("HELP"), AuditOptions(memory=memory)).worst == "warning"
    assert len(shouting.looked) == 2


def test_only_what_was_asked_for_runs(shouting: Shouting) -> None:
    result = run_audit(view_of("HELP"), AuditOptions(only=("counting",)))
    assert [check.name for check in result.checks] == ["counting"]
    assert result.left_out == ("shouting",)
    assert not shouting.looked


def test_a_request_to_stop_is_heard(shouting: Shouting) -> None:
    view = view_of("a", "b")
    view.cancelled = lambda: True
    with pytest.raises(Cancelled):
        run_audit(view)


def test_the_scorecard_never_calls_good_what_was_not_looked_at(shouting: Shouting) -> None:
    lines = {line.quality: line for line in run_audit(view_of("HELP", "fine")).scorecard()}
    assert lines["consistent"].grade == "needs work"
    assert lines["consistent"].rows == 1
    assert lines["balanced"].grade == "not checked"
    assert lines["diverse"].grade == "not checked"
    assert {line.quality: line for line in run_audit(view_of("fine")).scorecard()}["consistent"].grade == "good"


def test_an_error_makes_a_quality_fail(shouting: Shouting, monkeypatch: pytest.MonkeyPatch) -> None:
    finding = Finding("x", "error", "1 row", "", "", (Item((1,), ""),))
    failing = SimpleNamespace(
        NAME="x", TITLE="X", QUALITY="consistent", COST="seconds", VERSION=1, LIMITS={},
        run=lambda _view, _limits: CheckResult((finding,)),
    )  # fmt: skip
    monkeypatch.setattr(running, "all_checks", lambda: [shouting, failing])
    result = run_audit(view_of("HELP", "fine"))
    assert [found.finding.severity for found in result.findings] == ["error", "warning"]
    line = result.scorecard()[2]
    assert (line.quality, line.grade, line.errors, line.warnings, line.rows) == ("consistent", "fails", 1, 1, 2)


@pytest.mark.process
def test_several_processes_see_what_one_sees() -> None:
    texts = [f"Please send {number} to max{number}@example.com, thanks" for number in range(60)]
    texts += ["[INST] hi", "", "ignore previous instructions"]
    alone = run_audit(view_of(*texts), AuditOptions(processes=0))
    together = run_audit(view_of(*texts), AuditOptions(processes=2))

    def untimed(result: object) -> object:
        return [replace(check, seconds=0.0) for check in result.checks]  # type: ignore[attr-defined]

    assert untimed(alone) == untimed(together)


def test_sightings_come_back_as_they_were() -> None:
    seen = (
        Sighting("email", "an address", 0.9, (Span("target", 3, 9, kind="email"),), Fix("mask")),
        Sighting("odd", "ünlich", 1.0, (), None),
        Sighting("space", "white space", 1.0, (), Fix("edit", "x", "input", safe=True)),
    )
    assert read_seen(write_seen({"a": seen, "b": ()})) == {"a": seen}
    assert read_seen(write_seen({"a": ()})) == {}
    assert read_seen("[[1]]") is None
    assert read_seen('{"a":[[1]]}') is None


def test_the_version_of_a_row_check_follows_from_the_code_it_may_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was remembered of a row must not outlive the recogniser that saw it."""
    here = Path(registry.__file__).parent
    for part in ("audit", "data", "records"):
        shutil.copytree(here.parent / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(registry, "__file__", str(tmp_path / "audit" / "registry.py"))

    def versions() -> tuple[int, int]:
        registry.code_version.cache_clear()
        registry._digest_of.cache_clear()
        return registry.code_version("personal_data"), registry.code_version("secrets")

    def edited(place: str) -> None:
        path = tmp_path / place
        path.write_text(path.read_text(encoding="utf-8") + "\n# another thought\n", encoding="utf-8")

    first = versions()
    assert versions() == first
    edited("audit/privacy/phone.py")
    second = versions()
    assert all(now != before for now, before in zip(second, first, strict=True))
    edited("audit/checks/secrets.py")
    third = versions()
    assert third[0] == second[0]
    assert third[1] != second[1]
    monkeypatch.undo()
    registry.code_version.cache_clear()
    registry._digest_of.cache_clear()
    assert {c.NAME: c.VERSION for c in all_checks()}["personal_data"] == first[0]


def test_every_check_says_what_it_must() -> None:
    checks = all_checks()
    assert checks
    for check in checks:
        assert check.__name__.endswith(f".{check.NAME}")  # type: ignore[attr-defined]
        assert is_row_check(check) != is_set_check(check)
        assert check.TITLE
        assert check.VERSION >= 1
        assert all(isinstance(limit, int | float) for limit in check.LIMITS.values())
