"""Changes that systems offer of themselves: a form that holds what a model writes, and a search told what to find."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from talking import Talking, around

from tunewright.records.example import Example, Inputs, Message, Source
from tunewright.records.system import FitContext, System
from tunewright.systems import few_shot, majority, optimised_prompt, prompt, retrieval
from tunewright.systems._changeable import FormSettable, LooksUp, Searching
from tunewright.systems._prompting.held import HeldForm
from tunewright.systems._retrieval import sources
from tunewright.systems._retrieval.known_first import KnownFirst, named_passages

YES_OR_NO = HeldForm(choices=("no", "yes"))
PAGES = {"lamp.md": "# Lamp\n\nThe lamp costs 12 euro.", "pay.md": "# Pay\n\nA buyer earns 900 euro.", "boat.md": "# B"}


def row(text: str, target: str, **tags: str) -> Example:
    return Example((Message("user", text),), target, Source("t.csv", 1), text, tags=tuple(tags.items()))


ROWS = [row(f"is it {n}", "yes" if n % 2 else "no") for n in range(6)]
CONTEXT = FitContext(0, (), lambda _t, _a: 0.0)


def freely_or_held(request: object) -> str:
    choices = request.decoding.choices  # type: ignore[attr-defined]
    return choices[1] if choices else "yes, I think"


@pytest.mark.parametrize("kind", [prompt, few_shot])
def test_a_held_system_reads_the_fit_of_the_free_one_and_all_it_writes_is_held(kind: object, tmp_path: Path) -> None:
    talker = Talking(freely_or_held)
    own = around(talker, "generate")
    free = kind.build_around("p", "small", {"style": "brief"}, Path(), own)  # type: ignore[attr-defined]
    assert isinstance(free, FormSettable)
    free.fit(ROWS, [], CONTEXT).save(tmp_path)
    held = free.with_form(YES_OR_NO)
    assert held is not None
    assert free.load(tmp_path).answer([ROWS[0].inputs])[0].text == "yes, I think"
    assert held.load(tmp_path).answer([ROWS[0].inputs])[0].text == "yes"
    first, second = talker.asked[-2:]
    assert first.messages == second.messages
    assert (first.decoding.choices, second.decoding.choices) == ((), ("no", "yes"))
    # Nobody who fits it may find the fit of the free one.
    assert held.identity() == {**free.identity(), "form": json.dumps({"choices": ["no", "yes"]})}
    assert "form" not in free.identity()


def test_a_form_is_a_schema_or_choices() -> None:
    assert json.loads(HeldForm('{"type": "object"}').as_text()) == {"schema": '{"type": "object"}'}
    assert json.loads(YES_OR_NO.as_text()) == {"choices": ["no", "yes"]}


def test_who_cannot_be_held_says_so() -> None:
    searched = optimised_prompt.build_around("o", "small", {}, Path(), around(Talking(lambda _r: "")))
    assert searched.with_form(YES_OR_NO) is None
    assert not isinstance(majority.build("m", None, {}, Path()), FormSettable)


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sources, "open_vectors", lambda *_args: None)
    (tmp_path / "pages").mkdir()
    for name, text in PAGES.items():
        (tmp_path / "pages" / name).write_text(text, encoding="utf-8")
    (tmp_path / "pages" / "rights.yaml").write_text("pay.md: [anna]", encoding="utf-8")
    return tmp_path


def looking_up(root: Path, use: str | None, **options: str | int) -> System:
    values = {"documents": "pages", "reader": "who", "passages": 1, **options}
    if use:
        values |= {"style": "brief"}
    own = around(Talking(lambda _r: "12 euro"), "generate", root)
    return retrieval.build_around("r", use, values, root, own)


@pytest.mark.parametrize("use", [None, "small"])
def test_a_search_that_is_told_the_page_brings_it_first_to_who_may_see_it(
    pages: Path, tmp_path: Path, use: str | None
) -> None:
    system = looking_up(pages, use, known="page")
    assert isinstance(system, LooksUp)
    assert system.known == "page"
    rows = [row("what does the lamp cost", "12 euro", page="lamp.md", who="ben") for _ in range(4)]
    fit = tmp_path / "fit"
    fit.mkdir()
    system.fit(rows, [], CONTEXT).save(fit)
    plain, told = system.load(fit), system.with_known_first().load(fit)
    assert isinstance(plain, Searching)
    assert isinstance(told, Searching)
    assert plain.count == told.count == (1 if use else retrieval.QUOTED_PASSAGES)

    def files(fitted: Searching, inputs: Inputs) -> list[str]:
        return [one.passage.file for one in fitted.sources.find(inputs, fitted.count)]

    misled = row("what does the lamp cost", "", page="pay.md", who="anna").inputs
    assert files(plain, misled)[0] == "lamp.md"
    assert files(told, misled)[0] == "pay.md"
    assert len(files(told, misled)) <= told.count
    # Ben may not see that page, whatever the column says, and a column that names nothing changes nothing.
    for case in (row("what does the lamp cost", "", page="pay.md", who="ben"), row("the lamp", "", who="anna")):
        assert files(told, case.inputs) == files(plain, case.inputs)
        assert named_passages(told.sources, case.inputs, "page") == []
    assert isinstance(told.sources, KnownFirst)
    assert system.with_known_first().identity() == {**system.identity(), "first": "page"}


def test_a_system_without_a_known_column_names_none(pages: Path) -> None:
    system = looking_up(pages, None)
    assert isinstance(system, LooksUp)
    assert system.known == ""
    assert not isinstance(majority.build("m", None, {}, Path()), LooksUp)
