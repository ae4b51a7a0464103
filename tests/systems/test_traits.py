"""What systems say of themselves, and watching them answer; a person's own kind need say nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from noting import FittedNoted, Noted
from talking import Talking, around

from tunewright.errors import Cancelled, WorkError
from tunewright.records.answers import Answer, Status
from tunewright.records.example import Example, Inputs, Message, Source
from tunewright.records.generation import Watch
from tunewright.records.system import FitContext, Member, Needs, Setting, Traits, Watched, answers_of, traits_of
from tunewright.systems import cascade, distil, optimised_prompt, pipeline, prompt, registry
from tunewright.systems._combined.pipeline_rows import reads_plain
from tunewright.systems.around import Around
from tunewright.systems.fitlog import FitLog
from tunewright.systems.tfidf import Tfidf

LABELS = ("bill", "repair")
CASES = [Inputs((Message("user", f"case {n}"),), f"r{n}") for n in range(3)]


@dataclass
class Silent:
    """A kind of a person's own that says no more than it must."""

    name: str = "silent"
    role: str = "baseline"
    needs: Needs = Needs(simplicity=10)

    def identity(self) -> dict[str, Setting]:
        return {}

    def missing(self) -> str | None:
        return None

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> FittedNoted:
        return FittedNoted(Noted("n"), {})

    def load(self, folder: Path) -> FittedNoted:
        return FittedNoted(Noted("n"), {}, FitLog.read(folder))


@dataclass
class Slow(FittedNoted):
    """Can be watched; the person stops it once it has answered one case."""

    watched: list[Watch] = field(default_factory=list)

    def ask(self, inputs: Sequence[Inputs], watch: Watch) -> list[Answer]:
        self.watched.append(watch)
        if watch.cancelled():
            raise Cancelled
        watch.progress(1.0)
        return self.answer(inputs)


def surroundings(*systems: object) -> Around:
    members = {one.name: Member(one.name, "noted", one) for one in systems}  # type: ignore[attr-defined]
    return Around(
        Path(), "Sort.", "classify", around(Talking(lambda _r: "bill")).open_model, lambda _n: None, members.__getitem__
    )  # type: ignore[arg-type, return-value]


def test_a_kind_that_says_nothing_has_the_defaults() -> None:
    own = Silent()
    assert traits_of(own) == Traits()  # type: ignore[arg-type]
    assert Traits().kinds == ("classify", "extract", "generate")
    assert not reads_plain(Member("silent", "silent", own))  # type: ignore[arg-type]
    fitted = own.fit([], [], FitContext(0, (), lambda _t, _a: 0.0))
    assert fitted.validation_score is None


def test_every_kind_of_the_house_says_what_its_readers_ask() -> None:
    served = around(Talking(lambda _r: "bill"))
    asked = prompt.build_around("p", "small", {"max_tokens": 9}, Path(), served)
    assert asked.traits == Traits(learns=False, models=("small",), max_tokens=9)
    searched = optimised_prompt.build_around("o", "small", {"writer": "large"}, Path(), served)
    assert (searched.traits.models, searched.traits.learns) == (("small", "large"), True)
    assert Tfidf("t", False, 1).traits == Traits(("classify",))
    recorded = registry.parse_entry({"answers": {"file": "a.csv", "usd_per_month": 12.5}})
    told = traits_of(registry.build_system(recorded, Path()))
    assert (told.usd_per_month, told.usd_per_call, told.learns) == (12.5, None, False)
    billed = registry.parse_entry({"answers": {"file": "a.csv", "usd_per_call": 0.00018}})
    assert traits_of(registry.build_system(billed, Path())).usd_per_call == 0.00018


def test_systems_made_of_others_say_so() -> None:
    first, last = (
        Noted("a", traits=Traits(("classify", "extract"))),
        Noted("b", traits=Traits(("classify",), practice=True)),
    )
    both = cascade.build_around("c", "a > b > person", {}, Path(), surroundings(first, last))
    assert both.traits == Traits(("classify",), practice=True, members=both.members, person=True)
    line = pipeline.build_around("l", "a > b", {"targets": "desk"}, Path(), surroundings(first, last))
    assert (line.traits.kinds, line.traits.members) == (("classify",), line.members)
    taught = distil.Distil("d", Member("a", "noted", first), Member("b", "noted", last), {})
    assert (taught.traits.members, taught.traits.own_fits) == ((taught.teacher,), (taught.student,))


def test_answering_is_watched_where_a_system_knows_a_watch_and_goes_on_as_before_elsewhere() -> None:
    plain, slow = FittedNoted(Noted("n"), {}), Slow(Noted("s"), {})
    assert (isinstance(plain, Watched), isinstance(slow, Watched)) == (False, True)
    seen: list[float] = []
    watch = Watch(progress=seen.append)
    assert answers_of(plain, CASES, watch) == answers_of(slow, CASES, watch)
    assert seen == [1.0]
    with pytest.raises(Cancelled):
        answers_of(slow, CASES, Watch(lambda: True))


def test_a_watch_reaches_the_members_of_a_system() -> None:
    slow = Slow(Noted("s"), {})
    names = ("a", "b")
    quick = FittedNoted(Noted("q"), {})
    line = pipeline.FittedPipeline(names, (quick, slow), FitLog(), "append", (True, True))
    line.answer(CASES)
    with pytest.raises(Cancelled):
        line.ask(CASES, Watch(lambda: True))
    taught = distil.FittedDistil(slow, FitLog())
    with pytest.raises(Cancelled):
        taught.ask(CASES, Watch(lambda: True))
    assert len(slow.watched) == 3


def rows(count: int) -> list[Example]:
    return [
        Example(
            (Message("user", f"case {n}"),), LABELS[n % 2], Source("t.csv", n), f"r{n}", tags=(("desk", LABELS[n % 2]),)
        )
        for n in range(count)
    ]


LOST = {f"r{n}": Answer(None, Status.INFRA_FAIL, detail="connection lost") for n in (1, 45)}


@pytest.mark.parametrize("network", [True, False])
def test_nothing_is_made_for_good_of_answers_that_a_connection_lost(network: bool) -> None:
    far = Noted(
        "a", fixed=LOST, needs=Needs(10, network=network), traits=Traits(("classify", "generate"), learns=False)
    )
    near = Noted("b")
    whole = surroundings(far, near)
    made = [
        cascade.build_around("c", "a > b", {}, Path(), whole),
        pipeline.build_around("l", "a > b", {}, Path(), whole),
        distil.Distil(
            "d", Member("a", "noted", far), Member("b", "noted", near), {"keep": "all", "least": 0.5, "terms": ""}
        ),
    ]
    context = FitContext(0, LABELS, lambda _t, _a: 0.0)
    for system in made:
        if not network:
            system.fit(rows(40), rows(60)[40:], context).close()
            continue
        with pytest.raises(WorkError, match="which never came back") as caught:
            system.fit(rows(40), rows(60)[40:], context)
        assert "connection lost" in (caught.value.why or "")
