"""The terminal: fits, reads without colour, keeps the order of sentences, and obeys no text."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console
from sample_odd_verdicts import ALL
from sample_verdicts import cannot_judge, explore, ship

from tunewright.errors import InputError, WorkError
from tunewright.records.verdict import Verdict, WholesaleFailure
from tunewright.reporting.html import render_report
from tunewright.reporting.terminal import print_error, print_verdict

REPORT = Path("runs") / "r-20261007-0912" / "report.html"


def printed(verdict: Verdict, width: int = 80, report: Path | None = REPORT) -> str:
    stream = io.StringIO()
    print_verdict(verdict, Console(file=stream, width=width), report)
    return stream.getvalue()


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("width", [80, 100, 200])
@pytest.mark.parametrize("name", list(ALL))
def test_every_line_fits_and_none_ends_in_blanks(name: str, width: int) -> None:
    lines = printed(ALL[name](), width).splitlines()
    assert max(len(line) for line in lines) <= min(width, 100)
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize("name", list(ALL))
def test_a_pipe_gets_plain_text_without_words_of_the_machine(name: str) -> None:
    text = printed(ALL[name]())
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\ud800-\udfff]", text)
    assert not re.search(r"\b(None|nan|inf|null)\b", text)


@pytest.mark.parametrize("name", [name for name in ALL if name != "hostile"])
def test_every_system_is_there_and_the_unavailable_one_with_its_reason(name: str) -> None:
    text = flat(printed(ALL[name]()))
    for system in ALL[name]().systems:
        assert system.name in text
        if system.reason:
            assert f"{system.name}: not available. {system.reason}" in text


def test_one_row_a_system_with_all_its_figures() -> None:
    rows = [line.split() for line in printed(ship(), 100).splitlines()]
    assert [">", "finetune:minilm", "94.3", "(92.2-95.9)", "58", "/", "15", "-", "11", "13", "6.9", "min"] in rows
    assert ["rules.py:route", "87.2", "(84.3-89.6)", "today", "-", "3", "0.3", "-"] in rows


def test_the_answer_comes_in_the_promised_order() -> None:
    text = flat(printed(ship()))
    order = [
        ship().today_text,
        ship().headline_text,
        ship().use.text,
        ship().next_step,
        "Target 92 %: met",
        str(REPORT),
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    failed = flat(printed(cannot_judge()))
    assert failed.index("STOP This cannot be judged") < failed.index("Failed check exact leaks: 41 of 600")
    assert "these figures decide nothing" in failed


def test_without_a_headline_it_says_what_could_be_proven() -> None:
    text = flat(printed(explore()))
    assert "the 600 test cases are still closed" in text
    assert "Provable The smallest gain that 600 cases can show is about 3.1 points." in text
    assert "fixed/broken" not in text


def test_missing_is_missing() -> None:
    text = printed(ALL["two_files"]())
    assert text.count("unpriced") == 2
    assert "old.csv: 1 case not answered, and not counted as wrong." in text
    assert "$0" not in text


def test_texts_are_no_markup_and_no_commands() -> None:
    text = printed(ALL["hostile"](), 100)
    stream = io.StringIO()
    print_verdict(ALL["hostile"](), Console(file=stream, width=100, force_terminal=True, color_system="truecolor"))
    assert "[red]x[/red]" in flat(text)
    assert "\x1b[31m" not in stream.getvalue()
    assert "\x1b[38" not in stream.getvalue()


def test_a_long_path_is_never_broken() -> None:
    path = Path("/" + "/".join(["a long folder"] * 12)) / "report.html"
    assert str(path) in printed(ship(), 80, path)
    assert "Report" not in printed(ship(), 80, None)


def test_an_error_shows_its_parts_and_only_those() -> None:
    stream = io.StringIO()
    error = InputError(
        "data.ragged_row", "Row 12 has [3] fields.", where="tickets.csv:12", why="A shifted row lies.", hint="Quote it."
    )
    print_error(error, Console(file=stream, width=80))
    assert stream.getvalue().splitlines() == [
        "Error         Row 12 has [3] fields.",
        "  where       tickets.csv:12",
        "  why         A shifted row lies.",
        "  do          Quote it.",
        "  code        data.ragged_row",
    ]
    stream = io.StringIO()
    print_error(WorkError("x.y", "It failed. " * 20), Console(file=stream, width=60))
    assert max(len(line) for line in stream.getvalue().splitlines()) <= 60
    assert "where" not in stream.getvalue()


def test_a_kind_of_cases_lost_one_and_all_is_shown() -> None:
    text = "finetune:minilm has none of the 4 cases of group 'Nordic Pumps' right; rules.py:route has 4."
    failure = WholesaleFailure(
        kind="group", name="Nordic Pumps", n=4, system="finetune:minilm", against="rules.py:route", right=4, text=text
    )
    verdict = ship().model_copy(update={"wholesale_failures": [failure]})
    assert f"Warning {text}" in flat(printed(verdict))
    assert "Nordic Pumps" in render_report(verdict)
    assert "Warning" not in printed(ship())


def test_a_volume_that_nobody_stated_is_called_a_guess() -> None:
    guessed = ship().model_copy(update={"volume_per_day": 1000.0, "volume_stated": False})
    stated = ship().model_copy(update={"volume_per_day": 1000.0})
    words = "at 1,000 answers a day, which is a guess: nobody said how many"
    assert f"$ a month is {words}." in flat(printed(guessed))
    assert words in render_report(guessed)
    assert "guess" not in printed(stated)
    assert "a month at 1,000 answers a day</caption>" in render_report(stated)
    assert "stated volume" not in render_report(ship())
