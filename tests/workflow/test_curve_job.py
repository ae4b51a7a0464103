"""The learning curve as a job: which rows learn and which score, what is found again, what is said, what is refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from desks import MAJORITY, WORDS_ONLY, Row, make_project, make_rows, open_state, run_project, settings_of, study_of

from tunewright.errors import Cancelled, InputError, WorkError
from tunewright.records.system import SystemRole
from tunewright.reporting.curve_document import DOCUMENT, CurveDocument, read_curve, write_curve
from tunewright.reporting.curve_page import curve_page, text_lines
from tunewright.statistics.learning_curve import Repeat, learning_curve
from tunewright.systems.tfidf import Tfidf
from tunewright.workflow.advising.advise import evidence_of, place_of
from tunewright.workflow.advising.advise_facts import facts_of_curve
from tunewright.workflow.curve.choose import learner, simpler_than
from tunewright.workflow.curve.design import design_of
from tunewright.workflow.curve.job import CurveRequest, CurveResult, draw_curve
from tunewright.workflow.curve.latest import latest_curve
from tunewright.workflow.curve.words import Asked, chance, crosses, headline, sentences
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.study import Hooks, Study


def desk(folder: Path, rows: int = 75, **fields: object) -> Path:
    return make_project(folder, make_rows(rows, noise=0.1), fields=fields)


def drawn(root: Path, request: CurveRequest | None = None, hooks: Hooks | None = None) -> CurveResult:
    return draw_curve(settings_of(root), root, replace(request or CurveRequest(), draws=100), hooks or Hooks())


def study_at(root: Path) -> Study:
    with open_state(root) as store:
        return study_of(root, store)[0]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CurveResult, list[str]]:
    """A small project whose curve was drawn once, and what was said."""
    root, said = desk(tmp_path_factory.mktemp("curve") / "desk"), list[str]()
    return root, drawn(root, CurveRequest(system="words"), Hooks(say=said.append)), said


# Which rows


def test_subsets_are_nested_and_never_score_themselves(tmp_path: Path) -> None:
    study = study_at(desk(tmp_path, 120))
    design = design_of(study, (), 3)
    assert len(design.sizes) == 5
    assert design.sizes[-1] == pytest.approx(96, abs=1)
    for repeat in design.repeats:
        for small, large in zip(repeat.parts, repeat.parts[1:], strict=False):
            assert set(small.train) < set(large.train)
            assert set(small.validation) <= set(large.validation)
            assert small.scored == large.scored
        full = repeat.parts[-1]
        assert full in study.parts
        assert not {*full.train, *full.validation} & set(full.scored)
        assert all(part.validation for part in repeat.parts)
    assert [repeat.seed for repeat in design.repeats] == [0, 1, 2]
    assert len({repeat.parts[0].scored for repeat in design.repeats}) == 3
    assert len({repeat.parts[0].train for repeat in design.repeats}) == 3


def test_every_subset_has_its_share_of_every_label(tmp_path: Path) -> None:
    rows = [row for row in make_rows(300) if row.category != "repair" or int(row.id[1:]) % 4 == 2]
    study = study_at(make_project(tmp_path, rows))
    for repeat in design_of(study, (), 3).repeats:
        whole = Counter(study.examples[row].target for row in repeat.parts[-1].train)
        for part in repeat.parts:
            counts = Counter(study.examples[row].target for row in part.train)
            for label, number in whole.items():
                assert abs(counts[label] - number * len(part.train) / sum(whole.values())) <= 1


def test_groups_are_never_broken(tmp_path: Path) -> None:
    rows = make_rows(240, group_size=3)
    study = study_at(make_project(tmp_path, rows, data={"group": "customer"}))
    for repeat in design_of(study, (), 3).repeats:
        for part in repeat.parts:
            sides = [part.train, part.validation, part.scored]
            groups = [{study.examples[row].group for row in side} for side in sides]
            assert not groups[0] & groups[1]
            assert not (groups[0] | groups[1]) & groups[2]
            for side, names in zip(sides, groups, strict=True):
                assert len(side) == 3 * len(names)


def test_the_locked_test_is_never_touched(tmp_path: Path) -> None:
    rows = make_rows(130)
    root = make_project(tmp_path, rows[:90], data={"test": "test.csv"})
    from desks import write_rows

    write_rows(root / "test.csv", rows[90:])
    study = study_at(root)
    assert study.regime == "locked"
    design = design_of(study, (), 4)
    locked = set(study.parts[0].scored)
    for repeat in design.repeats:
        for part in repeat.parts:
            assert not locked & {*part.train, *part.validation, *part.scored}
    assert design.pool == 90
    assert "locked test was not touched" in design.notes[0]
    result = drawn(root, CurveRequest(system="words"))
    with open_state(root) as store:
        assert store.uses(study.test_hash) == []
    assert result.document.held_out == 54


def test_more_seeds_than_folds_go_round(tmp_path: Path) -> None:
    study = study_at(desk(tmp_path, 90))
    design = design_of(study, (), 7)
    assert [repeat.fold for repeat in design.repeats] == [0, 1, 2, 3, 4, 0, 1]
    assert design.repeats[0].parts[0].train != design.repeats[5].parts[0].train
    assert design.held_out == 90
    assert design.overlap[0] < design.overlap[-1]


def test_own_sizes_end_with_all_examples(tmp_path: Path) -> None:
    study = study_at(desk(tmp_path, 120))
    design = design_of(study, (60, 15, 30, 20), 3)
    np.testing.assert_allclose(design.sizes, [15, 20, 30, 60, 96], atol=1.5)


@pytest.mark.parametrize(
    ("rows", "sizes", "seeds", "code"),
    [
        (45, (), 3, "curve.too_few_rows"),
        (90, (), 2, "curve.seeds"),
        (90, (20, 40), 3, "curve.few_sizes"),
        (90, (5, 10, 20, 40, 60), 3, "curve.sizes"),
        (90, (10, 20, 30, 40, 90), 3, "curve.sizes"),
        (90, (50, 51, 52, 53, 54), 3, "curve.few_groups"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    tmp_path: Path, rows: int, sizes: tuple[int, ...], seeds: int, code: str
) -> None:
    study = study_at(desk(tmp_path, rows))
    with pytest.raises(InputError) as error:
        design_of(study, sizes, seeds)
    assert error.value.code == code
    assert error.value.hint


def test_a_few_large_groups_are_refused(tmp_path: Path) -> None:
    study = study_at(make_project(tmp_path, make_rows(120, group_size=12), data={"group": "customer"}))
    with pytest.raises(InputError) as error:
        design_of(study, (), 3)
    assert error.value.code == "curve.few_groups"


# The job


def test_a_curve_is_drawn_and_written(finished: tuple[Path, CurveResult, list[str]]) -> None:
    root, result, said = finished
    document = result.document
    assert (document.system, document.role) == ("words", "baseline")
    assert document.line is not None
    assert document.line.system == "majority"
    # The three of the simpler system were made when it was chosen, by their validation rows.
    assert (document.trained, document.found_again) == (15, 3)
    assert len(document.curve.points) == 5
    assert all(len(point.by_seed) == 3 for point in document.curve.points)
    assert document.curve.points[-1].score > document.curve.points[0].score
    # 45 rows score: nothing is said of four times the data.
    assert [look.times for look in document.outlook] == [1, 2]
    assert document.outlook[-1].n == pytest.approx(2 * document.curve.points[-1].n, abs=0.5)
    assert "four times" not in document.headline + " ".join(document.sentences)
    assert "Nothing is said beyond twice the data" in " ".join(document.sentences)
    assert "15 trainings" in said[0]
    assert "3 seeds" in said[0]
    assert read_curve(result.report.parent / DOCUMENT) == document
    page = result.report.read_text(encoding="utf-8")
    assert page == curve_page(document)
    assert "<svg" in page
    assert "http" not in page.replace("http-equiv", "")
    assert result.report.parent.parent == root / "runs"


def test_scores_are_those_of_the_trainings(finished: tuple[Path, CurveResult, list[str]]) -> None:
    """The slow twin: one training by hand, on the rows of the design, asked its held-out rows."""
    root, result, _ = finished
    study = study_at(root)
    repeat = design_of(study, (), 3).repeats[1]
    part = repeat.parts[2]
    from tunewright.records.system import FitContext
    from tunewright.workflow.grading import measure_texts

    system = Tfidf("words", False, 1)
    measure = measure_texts(study.grading.grader)
    fitted = system.fit(
        [study.examples[row] for row in part.train],
        [study.examples[row] for row in part.validation],
        FitContext(seed=repeat.seed, labels=study.labels, measure=measure),
    )
    answers = fitted.answer([study.examples[row].inputs for row in part.scored])
    right = [answer.text == study.examples[row].target for answer, row in zip(answers, part.scored, strict=True)]
    assert result.document.curve.points[2].by_seed[1] == pytest.approx(np.mean(right), abs=1e-6)


def test_everything_is_found_again(finished: tuple[Path, CurveResult, list[str]]) -> None:
    root, before, _ = finished
    said: list[str] = []
    again = drawn(root, CurveRequest(system="words"), Hooks(say=said.append)).document
    assert (again.trained, again.found_again) == (0, 18)
    assert "Nothing has to be trained" in said[0]
    assert again.curve == before.document.curve
    assert again.outlook == before.document.outlook


def test_a_stopped_curve_goes_on_where_it_was(tmp_path: Path) -> None:
    root, asked = desk(tmp_path), 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 60

    with pytest.raises(Cancelled):
        drawn(root, CurveRequest(system="words"), Hooks(cancelled=stop))
    assert not list((root / "runs").glob("curve-*"))
    document = drawn(root, CurveRequest(system="words")).document
    assert document.found_again > 0
    assert document.found_again + document.trained == 18


def test_the_fits_of_a_run_are_used_and_its_pace_is_told(tmp_path: Path) -> None:
    root, said = desk(tmp_path), list[str]()
    verdict = run_project(root)
    document = drawn(root, CurveRequest(system="words"), Hooks(say=said.append)).document
    # The line is the run's own in all repeats; of the curve the first repeat at full size is, which has the run's seed.
    assert document.found_again == 4
    assert f"at the pace of run {verdict.run}" in said[0]
    assert document.line is not None
    assert document.line.chosen == f"best on validation in run {verdict.run}"


def test_a_learner_as_the_simpler_system_gets_its_own_curve(tmp_path: Path) -> None:
    frequent = {"tfidf": {"name": "frequent", "character_ngrams": False, "min_rows": 2}}
    root = make_project(tmp_path, make_rows(60), systems=[MAJORITY, WORDS_ONLY, frequent])
    document = drawn(root, CurveRequest(system="frequent", against="words")).document
    assert document.own is not None
    assert document.line is not None
    assert document.own.points[-1].score == document.line.score
    assert all(look.p_passes_own is not None for look in document.outlook)
    assert "where that has twice the examples too" in " ".join(document.sentences)


def test_a_system_that_is_not_in_the_project_can_be_named(tmp_path: Path) -> None:
    root = make_project(tmp_path, make_rows(60), systems=[MAJORITY])
    with pytest.raises(InputError) as error:
        drawn(root)
    assert error.value.code == "curve.nothing_learns"
    with pytest.raises(InputError) as error:
        drawn(root, CurveRequest(system="tfidff"))
    assert (error.value.code, error.value.hint) == ("curve.unknown_system", "Did you mean 'tfidf'?")


def test_targets_that_are_dealt_out_by_chance_bring_nothing(tmp_path: Path) -> None:
    from desks import shuffled_labels

    root = make_project(tmp_path, shuffled_labels(make_rows(150), seed=2), fields={"target": {"at_least": 0.9}})
    document = drawn(root, CurveRequest(system="words")).document
    assert document.curve_crosses is not True
    assert document.reaches_target is not None
    assert document.reaches_target.outcome != "is above"
    look = document.outlook[1]
    assert look.p_target is not None
    assert look.p_target < 0.2


class Fragile:
    """A linear model that cannot learn from a few rows."""

    def __init__(self, least: int) -> None:
        self.inner, self.least = Tfidf("fragile", False, 1, strengths=(1.0,)), least
        self.name, self.role, self.needs = "fragile", "candidate", self.inner.needs

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def fit(self, train: list[object], *rest: object) -> object:
        if len(train) < self.least:
            raise WorkError("fragile.few", "One class alone cannot be learned.")
        return self.inner.fit(train, *rest)  # type: ignore[arg-type]


@pytest.mark.parametrize(("least", "sizes"), [(14, 4), (50, 0)])
def test_a_size_that_cannot_be_trained_is_left_out_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, least: int, sizes: int
) -> None:
    from tunewright.workflow.curve import job

    root, entries = desk(tmp_path), job.contestants_of

    def with_fragile(*given: object) -> tuple[list[Contestant], str | None]:
        contestants, incumbent = entries(*given)  # type: ignore[arg-type]
        fragile = Contestant(replace(contestants[-1].entry, name="fragile"), Fragile(least))  # type: ignore[arg-type]
        return [*contestants, fragile], incumbent

    monkeypatch.setattr(job, "contestants_of", with_fragile)
    if not sizes:
        with pytest.raises(WorkError) as error:
            drawn(root)
        assert error.value.code == "curve.too_few_points"
        assert "One class alone" in str(error.value.where)
        return
    document = drawn(root).document
    assert (document.system, document.role) == ("fragile", "candidate")
    assert len(document.curve.points) == sizes
    assert any("One class alone cannot be learned" in warning for warning in document.warnings)


def test_the_fine_tune_goes_first_and_only_simpler_systems_stand_beside(tmp_path: Path) -> None:
    from desks import stand_in

    tuned, linear, plain = stand_in("tuned", "candidate"), stand_in("linear", "baseline"), majority()
    both = [plain, linear, tuned]
    assert learner(both, None, "classify", None).name == "tuned"
    assert learner(both[:2], None, "classify", None).name == "linear"
    assert [one.name for one in simpler_than(both, tuned, "classify")] == ["majority", "linear"]
    assert [one.name for one in simpler_than(both, linear, "classify")] == ["majority"]


def majority() -> Contestant:
    from tunewright.systems.registry import build_system, parse_entry

    entry = parse_entry("majority")
    return Contestant(entry, build_system(entry, Path()))


# What is said


def studied(scores: list[float], line: float | None, *, own: float | None = None) -> tuple[list[float], list[Repeat]]:
    rows, sizes = 3000, [50.0, 100, 200, 400, 800]
    rng = np.random.default_rng(1)

    def right(score: float) -> np.ndarray:  # type: ignore[type-arg]
        return rng.permutation(rows) < score * rows

    repeats = [
        Repeat(
            np.array([right(score) for score in scores], dtype=np.float64),
            None if line is None else right(line).astype(np.float64),
            None if own is None else np.array([right(own) for _ in scores], dtype=np.float64),
            fold=fold,
        )
        for fold in range(3)
    ]
    return sizes, repeats


RISING = [0.6966, 0.7404, 0.7748, 0.8017, 0.8229]


@pytest.mark.parametrize(
    ("line", "words", "fact"),
    [
        (0.70, "new is probably above old by more than 2 points already: +", True),
        (0.80, "probably passes old by 2 points", True),
        (0.84, "new may pass old by 2 points within four times the data (3,200 examples), with a chance of", None),
        (0.97, "new probably does not pass old by 2 points within four times the data (800 to 3,200 examples).", False),
    ],
)
def test_the_answer_in_one_sentence(line: float, words: str, fact: bool | None) -> None:
    curve = learning_curve(*studied(RISING, line), draws=150)
    asked = Asked("new", "old", 0.02, 0.99)
    assert words in headline(curve, asked)
    assert crosses(curve, asked) is fact
    told = sentences(curve, asked)
    assert "On 800 examples new has 82.3 % right" in told[0]
    assert "does not reach the target of 99 %" in " ".join(told)
    assert ("More examples alone" in told[-1]) == (fact is False)


def test_a_simpler_system_that_learns_as_fast_stays_unbeaten() -> None:
    """The flat line is passed; the same system on as many examples is not: the fact must not say that it is."""
    curve = learning_curve(*studied(RISING, 0.75, own=0.9), draws=100)
    asked = Asked("new", "old", 0.02, None)
    assert crosses(curve, asked) is True
    rising = learning_curve(*studied(RISING, 0.815, own=0.97), draws=100)
    assert crosses(rising, asked) is False


def test_without_a_simpler_system_the_target_or_the_outlook_is_told() -> None:
    curve = learning_curve(*studied(RISING, None), draws=100)
    assert "does not reach the target of 99 %" in headline(curve, Asked("new", None, 0.02, 0.99))
    assert "with twice the examples (1,600) about" in headline(curve, Asked("new", None, 0.02, None))
    assert crosses(curve, Asked("new", None, 0.02, None)) is None


def test_chances_are_written_whole() -> None:
    assert [chance(value) for value in (0.0, 0.004, 0.126, 0.999)] == ["under 1 %", "under 1 %", "13 %", "over 99 %"]


# What advice makes of it


def with_role(document: CurveDocument, role: SystemRole, fact: bool | None) -> CurveDocument:
    return document.model_copy(update={"role": role, "curve_crosses": fact})


def leave(root: Path, document: CurveDocument, name: str) -> None:
    folder = root / "runs" / name
    folder.mkdir(parents=True)
    write_curve(document, folder / DOCUMENT)


def test_advice_reads_the_latest_curve_of_a_fine_tune(
    finished: tuple[Path, CurveResult, list[str]], tmp_path: Path
) -> None:
    document = finished[1].document
    root = desk(tmp_path)
    leave(root, with_role(document, "candidate", True), "curve-2026-01-01-000000-0000")
    leave(root, with_role(document, "candidate", False), "curve-2026-01-02-000000-0000")
    leave(root, with_role(document, "baseline", True), "curve-2026-01-03-000000-0000")
    (root / "runs" / "curve-2026-01-04-000000-0000").mkdir()
    (root / "runs" / "curve-2026-01-04-000000-0000" / DOCUMENT).write_text("{", encoding="utf-8")
    found = latest_curve(root)
    assert found is not None
    assert found[1].parent.name == "curve-2026-01-02-000000-0000"
    evidence = evidence_of(place_of(root))
    facts = {fact.name: fact for fact in evidence.facts}
    assert facts["curve_crosses"].value is False
    assert "words against majority by 2 points" in facts["curve_crosses"].where
    assert "runs/curve-2026-01-02-000000-0000/curve.json" in evidence.sources
    assert facts_of_curve(with_role(document, "candidate", None), "x") == []
    held = document.model_copy(update={"role": "candidate", "command": "tunewright curve hold.csv"})
    leave(root, held, "curve-2026-01-05-000000-0000")
    assert latest_curve(root, Path("old.csv")) is None
    assert latest_curve(root, Path("hold.csv")) is not None


def test_the_terminal_shows_the_same_numbers(finished: tuple[Path, CurveResult, list[str]]) -> None:
    document = finished[1].document
    text = "\n".join(text_lines(document))
    assert text.startswith("Warning: Only 45 rows score")
    assert text.index(document.headline) < text.index("examples  ")
    for point in document.curve.points:
        assert f"{100 * point.score:.1f} %" in text
    for look in document.outlook:
        assert f"{100 * look.band[0]:.1f} to {100 * look.band[1]:.1f} %" in text


def test_no_text_of_a_row_is_in_what_is_written(finished: tuple[Path, CurveResult, list[str]]) -> None:
    root, result, _ = finished
    rows: list[Row] = make_rows(75, noise=0.1)
    written = "".join(path.read_text(encoding="utf-8") for path in result.report.parent.iterdir())
    assert not [row.id for row in rows if row.text in written or row.id in written]
    assert root.is_dir()
