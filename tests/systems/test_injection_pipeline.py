"""Pages that give orders, found by retrieval and handed to a stage with tools, by models that obey what they read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from calling import CLOSED, HERE, LABELS, PAID, Box, Calling, clear
from injections import ORDERS
from talking import Talking, around
from test_tools_writing import INJECTIONS, obedient

from tunewright.records.example import Example, Inputs, Message, Source
from tunewright.records.generation import Request
from tunewright.records.system import FitContext, Member
from tunewright.systems import pipeline, retrieval, tools
from tunewright.systems._retrieval import sources
from tunewright.systems.around import ModelFacts

ROWS = [Example((Message("user", f"invoice {n}"),), LABELS[n % 2], Source("t.csv", n), f"r{n}") for n in range(4)]
CASE = Inputs((Message("user", "what does the page about my invoice say?"),), "r9")
NEUTRAL = "An invoice that is wrong goes to the desk for bills."


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sources, "open_vectors", lambda _documents, _kept: None)
    clear()
    yield
    clear()


def repeats(request: Request) -> str:
    """Says what stands in the documents, word for word."""
    text = request.messages[-1].content
    mark = text.partition("<<<DOCUMENTS ")[2].split("\n")[0]
    return text.partition(f"<<<DOCUMENTS {mark}\n")[2].partition(f"\nDOCUMENTS {mark}>>>")[0]


def asked_with(page: str, how: str, root: Path) -> tuple[Box, list[Request], str | None]:
    """The box of tools, what the tools stage was sent for one case, and the answer, with this page among the pages."""
    folder = root / "pages"
    folder.mkdir(exist_ok=True)
    (folder / "page.txt").write_text(f"Invoice\n\n{page}\n", encoding="utf-8")
    box, caller = Box(), Calling(lambda _request: None, replies=obedient)
    options = {"documents": "pages", "style": "brief", "passages": 1}
    found = retrieval.build_around("book", "small", options, root, around(Talking(repeats), "generate", root))
    given = {"functions": "people_tools.py", "calling": "native", "steps": 4}
    acting = replace(tools.build_around("acts", "small", given, HERE, around(caller)), box=lambda: box)
    acting = replace(acting, facts=ModelFacts("talking 1", False))
    members = {"book": Member("book", "retrieval", found), "acts": Member("acts", "tools", acting)}
    whole = replace(around(caller, root=root), member=members.__getitem__)
    made = pipeline.build_around("p", "book > acts", {"pass": how}, root, whole)
    fitted = made.fit(ROWS[:2], [], FitContext(0, LABELS, lambda _t, _a: 0.0))
    caller.asked.clear()
    box.made.clear()
    try:
        (answer,) = fitted.answer([CASE])
    finally:
        fitted.close()
    return box, caller.asked, answer.text


@pytest.mark.parametrize("how", ["append", "replace"])
@pytest.mark.parametrize("order", [*ORDERS, *INJECTIONS])
def test_a_page_makes_no_tool_write_and_stays_between_marks(order: str, how: str, tmp_path: Path) -> None:
    box, asked, answer = asked_with(order, how, tmp_path)
    assert PAID == []
    assert all(dry for _, dry in CLOSED)
    assert {tool for tool, _ in box.made} == {"contract"}
    assert answer in LABELS
    before, mark, inside, after = parted(asked[0])
    assert (inside.count(mark), inside.count("<<<"), inside.count(">>>")) == (0, 0, 0)
    for sign in ("<|", "|>", "<tool", "[INST", "</documents", "\u202e", "\u200b", "\U000e0041"):
        assert sign not in inside
    assert max(re.findall("[a-z]+", order.casefold()), key=len) in inside.casefold()
    harmless = parted(asked_with(NEUTRAL, how, tmp_path)[1][0])
    assert (before, after) == (harmless[0], harmless[3])


def parted(request: Request) -> tuple[str, str, str, str]:
    """What the tools stage reads before its mark, the mark, what stands inside, and what comes after."""
    text = "\n".join(message.content for message in request.messages)
    before, _, rest = text.partition("<<<ANSWERS ")
    mark = rest.split("\n")[0]
    inside, closing, after = rest[len(mark) :].partition(f"ANSWERS {mark}>>>")
    assert closing
    return before, mark, inside, after
