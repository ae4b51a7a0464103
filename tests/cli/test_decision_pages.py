"""docs/decision.md is made from the table; every command of the pages and of the rules exists with its options."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest
import typer

from tunewright.audit.registry import all_checks
from tunewright.cli.main import app
from tunewright.decision.advice_rule import Words
from tunewright.decision.table import LIMITS, TABLE
from tunewright.systems.registry import kinds

DOCS = Path(__file__).parents[2] / "docs"
QUESTIONS = (DOCS / "questions.md").read_text(encoding="utf-8")
IN_PAGE = re.findall(r"^tunewright .+$", QUESTIONS, re.MULTILINE)
IN_RULES = sorted({Words("FILE", "FOLDER", "--project FOLDER").command(s.command) for r in TABLE for s in r.says})


def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_decision", DOCS / "make_decision.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def parsed(line: str) -> dict[str, Any]:
    """The parameters that the command line makes of a command; a wrong name or option ends the test."""
    _, name, *words = shlex.split(line)
    group = cast(Any, typer.main.get_command(app))
    command = group.get_command(group.make_context("tunewright", [name], resilient_parsing=True), name)
    assert command is not None, line
    return dict(command.make_context(name, words).params)


@pytest.mark.parametrize("line", [*IN_PAGE, *IN_RULES])
def test_every_command_can_be_typed(line: str) -> None:
    found = parsed(line)
    for system in found["system"] or () if shlex.split(line)[1] == "run" else ():
        assert system.partition(":")[0] in kinds(), line
    for check in found.get("check") or ():
        assert check in {one.NAME for one in all_checks()}, line


def test_a_command_that_does_not_exist_would_be_noticed() -> None:
    for line in ("tunewright advice", "tunewright run FILE --no-such-option", "tunewright plan --rows many"):
        with pytest.raises(BaseException, match=r"No such|valid integer|advice"):
            parsed(line)


def test_every_question_ends_with_a_command() -> None:
    sections = QUESTIONS.split("\n## ")[1:]
    assert 10 <= len(sections) <= 14
    for section in sections:
        assert re.search(r"```\ntunewright .+\n```\s*\Z", section), section.splitlines()[0]
        assert section.splitlines()[0].endswith("?")


def test_the_page_of_the_table_is_up_to_date() -> None:
    assert (DOCS / "decision.md").read_text(encoding="utf-8") == maker().text()


def test_the_page_holds_every_rule_threshold_and_node() -> None:
    page = (DOCS / "decision.md").read_text(encoding="utf-8")
    for rule in TABLE:
        assert f"`{rule.id}`" in page
        assert page.count(f'{{"{rule.title}?"}}') == int(
            rule.id != "otherwise" and any(says.lever == "fine_tune" for says in rule.says)
        )
    assert all(f"| `{name}` |" in page for name in LIMITS)
    assert re.findall(r"\{[a-z_]+\}", page) == []
