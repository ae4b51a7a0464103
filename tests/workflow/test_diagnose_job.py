"""The diagnosis: honest answers, a closed test set, levers against their slow twins, and names that are kept."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from desks import make_project, make_rows, open_state, run_project, settings_of, study_of, write_answers, write_rows

sys.path.insert(0, str(Path(__file__).parents[1] / "systems"))
from talking import Talking

from tunewright.decision.diagnosis import Diagnosis
from tunewright.errors import InputError
from tunewright.records.generation import Request
from tunewright.statistics.gains import effective_counts, gain_intervals
from tunewright.statistics.proportions import wilson_interval
from tunewright.systems._retrieval import sources as retrieval_sources
from tunewright.systems.around import ModelFacts
from tunewright.workflow.advising.advise import consult, evidence_of, place_of
from tunewright.workflow.diagnose.effects import Line, effect
from tunewright.workflow.diagnose.form import content_right, cut_out, label_in
from tunewright.workflow.diagnose.job import DiagnoseOptions, Measured, measured
from tunewright.workflow.diagnose.parts import parts_of
from tunewright.workflow.diagnose.tag_files import from_csv, to_csv
from tunewright.workflow.diagnose.tags import NewTag
from tunewright.workflow.diagnose.write import document_of, write
from tunewright.workflow.models import Models
from tunewright.workflow.reviewing.review import Review
from tunewright.workflow.study import Hooks

WORDS: dict[str, Any] = {"tfidf": {"name": "words", "character_ngrams": False}}


@contextmanager
def opened(folder: Path, **options: Any) -> Iterator[Measured]:
    with measured(settings_of(folder), folder, DiagnoseOptions(who="ann", **options), Hooks()) as work:
        yield work


def diagnosed(folder: Path, **options: Any) -> Diagnosis:
    with opened(folder, **options) as work:
        return document_of(work, "2030-01-01T00:00:00+00:00")


def lever(document: Diagnosis, name: str) -> Any:
    return next(one for one in document.levers if one.id == name)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 rows, a fifth of them told in the words of another desk; answers of another system beside them."""
    folder = tmp_path_factory.mktemp("desk")
    rows = make_rows(120, noise=0.2)
    write_answers(folder / "other.csv", rows, right=0.3)
    other = {"answers": {"file": "other.csv", "id": "id", "column": "answer", "name": "recorded"}}
    return make_project(folder, rows, systems=["majority", other, WORDS], fields={"folds": 2})


# Numbers


def test_effects_are_those_of_counting_one_by_one() -> None:
    random = np.random.default_rng(4)
    base, other = (random.random(80) < 0.7).astype(float), (random.random(80) < 0.6).astype(float)
    base[3], other[5] = np.nan, np.nan
    found = effect(base, other, None, Line(1.0, ""))
    pairs = [(b, o) for b, o in zip(base, other, strict=True) if b == b and o == o]
    fixed, broken = sum(b < o for b, o in pairs), sum(b > o for b, o in pairs)
    assert (found.n, found.missing, found.fixed, found.broken) == (78, 2, fixed, broken)
    assert found.errors == sum(b == 0 for b, _ in pairs)
    assert found.gain == pytest.approx((fixed - broken) / 78, abs=1e-6)
    gains = np.array([o - b for b, o in pairs])
    assert found.interval == pytest.approx(gain_intervals([effective_counts(gains, None)])[0], abs=1e-6)
    assert found.fixed_share == pytest.approx([float(v) for v in wilson_interval(fixed, found.errors)], abs=1e-6)


def test_a_gain_is_shown_only_if_it_stands_when_all_that_was_tried_is_allowed_for() -> None:
    base = np.repeat([0.0, 1.0], 50)
    other = base.copy()
    other[:7] = 1.0
    assert effect(base, other, None, Line(1.0, ""), tried=1).shown == "better"
    assert effect(base, other, None, Line(1.0, ""), tried=40).shown == "open"
    # The same gain in two groups says next to nothing.
    groups = np.repeat(np.array([0, 1]), 50)
    assert effect(base, other, groups, Line(1.0, "")).shown == "open"


def test_scores_between_0_and_1_are_errors_under_a_line() -> None:
    found = effect(np.array([0.2, 0.8, 0.9]), np.array([0.6, 0.4, 0.9]), None, Line(0.5, ""))
    assert (found.errors, found.fixed, found.broken, found.gain) == (1, 1, 1, 0.0)


# Whose answers


def test_out_of_fold_answers_are_those_of_the_run(desk: Path) -> None:
    verdict = run_project(desk)
    document = diagnosed(desk)
    of_run = {system.name: system.score for system in verdict.systems}
    assert {one.name: one.score for one in document.systems} == pytest.approx(of_run)
    assert document.system == "words"
    assert document.errors == round((1 - document.score) * 120)


def test_with_a_locked_test_validation_is_answered_by_fits_that_have_not_learned_it(tmp_path: Path) -> None:
    rows = make_rows(160, noise=0.3, seed=2)
    folder = make_project(tmp_path, rows, systems=["majority", WORDS], data={"test": "test.csv"})
    write_rows(folder / "test.csv", make_rows(40, seed=9, prefix="X"))
    with opened(folder) as work:
        bench = work.bench
        (part,) = bench.parts
        locked = set(bench.study.parts[0].scored)
        assert set(part.scored) == set(bench.study.parts[0].validation)
        assert not {*part.train, *part.validation} & {*part.scored, *locked}
        # The fit of the run has taken the validation rows in, and would answer them by heart.
        run_fit = bench.asker.fitter.fit(bench.named("words"), bench.study.parts[0])
        by_heart = bench.asker.fitter.open(bench.named("words"), run_fit)
        answers = by_heart.answer([example.inputs for example in bench.examples])
        right = sum(a.text == e.target for a, e in zip(answers, bench.examples, strict=True)) / len(bench.examples)
        assert right > float(np.nanmean(bench.base_scores)) + 0.1
        # No row of the locked test was answered by anybody.
        keys = {bench.study.row_keys[row] for row in locked}
        fits = [fit.key for one in bench.answered.values() for fit in one.fits]
        scored = [
            row.row_key
            for key in [*fits, run_fit.key]
            for p in ("test", part.name)
            for row in bench.store.scores(key, p)
        ]
        assert scored
        assert not keys & set(scored)
        assert "locked test set stays closed" in document_of(work, "2030-01-01T00:00:00+00:00").where


def test_parts_are_the_folds_where_there_is_no_locked_test(desk: Path) -> None:
    with open_state(desk) as store:
        study, _ = study_of(desk, store)
        assert parts_of(study) == study.parts


# Levers


def test_the_other_systems_and_the_levers_are_counted_against_each_error(desk: Path) -> None:
    with opened(desk) as work:
        document = document_of(work, "2030-01-01T00:00:00+00:00")
        bench = work.bench
        others = {name: [row.score for row in answers.rows] for name, answers in bench.able.items()}
    base = others["words"]
    for one in document.systems:
        if one.effect is None:
            assert one.name == "words"
            continue
        pairs = list(zip(base, others[one.name], strict=True))
        assert one.effect.fixed == sum(b == 0 and o == 1 for b, o in pairs)
        assert one.effect.broken == sum(b == 1 and o == 0 for b, o in pairs)
    reasons = {one.id: one.reason for one in document.levers if one.reason}
    assert set(reasons) == {"right_passage", "forced_form", "cut_out", "other_model"}
    assert "known: COLUMN" in str(reasons["right_passage"])
    assert lever(document, "nearest_examples").effect.n == 120
    suspects = lever(document, "suspect_labels")
    assert suspects.effect is None
    assert 0 < suspects.flagged <= document.errors
    assert document.nobody == sum(not set(case.fixed_by) - {"majority"} for case in document.cases)


def test_chance_is_measured_by_fitting_again_on_fewer_rows(desk: Path) -> None:
    with opened(desk) as work:
        control = next(one for one in work.found if one.id == "chance")
        document = document_of(work, "2030-01-01T00:00:00+00:00")
        assert "the same again" not in " ".join(work.fixed_by)
        assert control.scores is not None
    assert lever(document, "chance").effect.n == 120
    assert document.tried == 3  # two other systems and the nearest examples; chance is no try


@pytest.fixture
def handbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Questions about pages; every third one leads the search to other pages than the one that answers it."""
    monkeypatch.setattr(retrieval_sources, "open_vectors", lambda *_args: None)
    things = ["lamp", "boat", "drum", "coat", "desk", "fork", "gate", "harp"]
    pages = tmp_path / "pages"
    pages.mkdir()
    for number, thing in enumerate(things):
        (pages / f"{thing}.md").write_text(f"# {thing}\n\nThe {thing} of the house costs {10 + number} euro.\n")
        for trap in ("care", "rent", "loan"):
            text = f"# {thing} {trap}\n\nWhat price has {trap} for every {thing}: {trap} and {thing} are free.\n"
            (pages / f"{thing}-{trap}.md").write_text(text)
    rows = []
    for number in range(40):
        thing, word = things[number % 8], "".join("abcdefgh"[int(digit)] for digit in f"{number:05o}")
        led_away = f"what price, care, rent or loan for every {thing}: free"
        asked = led_away if number % 3 == 0 else f"the {thing} of the house costs what in euro"
        answer = f"{10 + number % 8} euro"
        rows.append({"q": f"{asked} {word}", "a": answer, "page": f"{thing}.md", "id": str(number)})
    with (tmp_path / "q.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ["q", "a", "page", "id"])
        writer.writeheader()
        writer.writerows(rows)
    options = "documents: pages, known: page, passages: 1, style: brief, max_tokens: 16"
    (tmp_path / "tunewright.yaml").write_text(
        "task: Answer from the pages\nkind: generate\ngrader: normalised\nfolds: 2\n"
        "data: {path: q.csv, input: q, target: a, id: id}\n"
        "models: {small: {local: here}, large: {local: there}}\n"
        f"systems: [majority, {{retrieval: {{use: small, {options}}}}}]\n"
    )
    return tmp_path


def with_models(monkeypatch: pytest.MonkeyPatch, talkers: Mapping[str, Talking]) -> None:
    monkeypatch.setattr(Models, "open", lambda _self, name: talkers[name])
    monkeypatch.setattr(Models, "describe", lambda _self, name: ModelFacts(f"{name} 1", False))


def reading(request: Request) -> str:
    """A model that copies the first price of what it is shown; the small one says more than asked."""
    words = request.messages[-1].content.split()
    prices = [f"{word} euro" for word, unit in pairwise(words) if word.isdigit() and "euro" in unit]
    return prices[0] if prices else "free"


def test_the_right_passage_fixes_what_the_search_missed(handbook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    talkers = {"small": Talking(reading, name="small"), "large": Talking(reading, name="large")}
    with_models(monkeypatch, talkers)
    document = diagnosed(handbook)
    assert document.system == "retrieval:small"
    oracle = lever(document, "right_passage").effect
    assert document.errors > 3
    assert (oracle.fixed, oracle.broken, oracle.shown) == (document.errors, 0, "better")
    signals = {one.name: one for one in document.signals}
    assert signals["passage_missed"].count == document.errors
    assert signals["recall"].count == document.n - document.errors
    assert document.facts == {
        "share_format": 0.0, "share_retrieval": 1.0, "recall": pytest.approx(signals["recall"].share)
    }  # fmt: skip
    assert {case.signals[0] for case in document.cases} == {"the right passage was not found"}
    assert "free texts" in lever(document, "forced_form").reason or lever(document, "forced_form").effect


def test_another_model_and_the_answer_cut_out(handbook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wordy(request: Request) -> str:
        return f"Sure! Answer: {reading(request)}"

    talkers = {"small": Talking(wordy, name="small"), "large": Talking(reading, name="large")}
    with_models(monkeypatch, talkers)
    document = diagnosed(handbook, system="retrieval:small")
    assert document.errors == document.n
    found = {one.id: one.effect for one in document.levers if one.effect}
    assert found["other_model"].fixed == found["cut_out"].fixed > 0
    assert found["other_model"].broken == 0
    form = next(one for one in document.signals if one.name == "form")
    assert form.count == found["cut_out"].fixed
    assert document.facts["share_format"] == pytest.approx(form.share)


def test_a_model_that_sends_a_bill_is_asked_only_by_name(handbook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    talkers = {"small": Talking(reading, name="small"), "large": Talking(reading, name="large")}
    with_models(monkeypatch, talkers)
    served = {"small": False, "large": True}
    monkeypatch.setattr(Models, "describe", lambda _self, name: ModelFacts(f"{name} 1", False, served=served[name]))
    assert "--model large asks" in lever(diagnosed(handbook), "other_model").reason
    assert not talkers["large"].asked
    assert lever(diagnosed(handbook, models=("large",)), "other_model").effect is not None
    assert talkers["large"].asked


def test_a_form_is_forced_where_right_answers_are_a_short_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def say(request: Request) -> str:
        right = "yes" if "sun" in request.messages[-1].content.split()[-2:] else "no"
        return right if request.decoding.choices else f"{right}, I think"

    talker = Talking(say, name="small")
    with_models(monkeypatch, {"small": talker})
    lines = [f"is it bright {n} {'sun' if n % 2 else 'fog'},{'yes' if n % 2 else 'no'}" for n in range(40)]
    (tmp_path / "t.csv").write_text("\n".join(["q,a", *lines]))
    (tmp_path / "tunewright.yaml").write_text(
        "task: Say yes or no\nkind: generate\ngrader: exact\nfolds: 2\ndata: {path: t.csv, input: q, target: a}\n"
        "models: {small: {local: here}}\nsystems: [{prompt: {use: small, style: brief}}]\n"
    )
    forced = lever(diagnosed(tmp_path), "forced_form")
    assert (forced.effect.errors, forced.effect.fixed, forced.effect.broken) == (40, 40, 0)
    assert any(request.decoding.choices == ("no", "yes") for request in talker.asked)


# Form


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("The category is Billing.", "billing"),
        ("late delivery", "late delivery"),
        ("not delivery but late delivery", None),
        ("billing or repair", None),
        ("rebilling", None),
        ("", None),
    ],
)
def test_a_label_is_cut_out_only_where_one_is_named(text: str, label: str | None) -> None:
    assert label_in(text, ["billing", "delivery", "late delivery", "repair"]) == label


def test_json_and_text_are_cut_out_without_a_look_at_the_target(desk: Path) -> None:
    settings = settings_of(desk)
    extract, generate = (settings.model_copy(update={"kind": kind}) for kind in ("extract", "generate"))
    assert json.loads(cut_out('Here: ```json\n{"a": 1,}\n``` done', extract, ())) == {"a": 1}
    assert cut_out("no json at all", extract, ()) == "no json at all"
    assert cut_out('Well. The answer is: "31 days"', generate, ()) == "31 days"
    assert cut_out("31 days", generate, ()) == "31 days"
    assert content_right('{"n": "12"}', '{"n": 12}', extract, ())
    assert not content_right('{"n": 13}', '{"n": 12}', extract, ())
    assert content_right("Thirty-one days.", "31 days", generate, ())
    assert not content_right("You have 31 days and then 12 days more", "31 days", generate, ())


# Names


def test_names_are_kept_counted_taken_back_and_found_again(desk: Path) -> None:
    with opened(desk, sample=6) as work:
        book = work.book
        first = book.next()
        assert first == book.sample[0]
        book.tag([NewTag(book.sample[0], "labels", "told so", 3.0, True)])
        book.tag([NewTag(book.sample[1], "behaviour")])
        book.skip(book.sample[2])
        assert book.next() == book.sample[3]
        assert book.undo() == book.sample[1]
    with opened(desk, sample=6) as work:
        assert work.book.next() == work.book.sample[1]
        assert work.book.named[work.book.sample[0]].note == "told so"
        work.book.tag([NewTag(place, "labels") for place in work.book.sample[1:]])
        outside = work.book.order[6]
        work.book.tag([NewTag(outside, "facts")])
        tags = document_of(work, "2030-01-01T00:00:00+00:00").tags
        assert (tags.named, tags.sample, tags.outside, tags.by) == (6, 6, 1, {"ann": 6})
        shares = {one.mode: one.share for one in tags.shares}
        assert (shares["labels"], shares["facts"]) == (1.0, 0.0)
        recorded = [work.bench.able["recorded"].rows[place].score for place in work.book.sample]
        assert tags.fixes[0].fixed["recorded"] == sum(score == 1 for score in recorded)
    # Another system has errors of its own, another seed another order.
    with opened(desk, sample=6, system="majority") as work:
        assert not work.book.named
    with opened(desk, sample=6, seed=1) as work:
        assert len(work.book.named) == 7


def test_a_name_changes_nothing_for_a_review_and_goes_with_its_row(tmp_path: Path) -> None:
    folder = make_project(tmp_path, make_rows(60, noise=0.3), systems=[WORDS], fields={"folds": 2})
    with opened(folder) as work:
        place = work.book.sample[0]
        work.book.tag([NewTag(place, "other", "mentions Ms Smith")])
        example, keep = work.bench.examples[place], work.bench.examples
        _, where = write(work, folder)
        assert (where / "report.html").read_text().count("mentions Ms Smith") == 1
    with open_state(folder) as store:
        result = type("Result", (), {"examples": keep, "columns": None})()
        review = Review(store, folder / "tickets.csv", result, "classify", [], "bob")
        assert review.now(place) == keep[place]
        assert review.undo() is None
        store.purge(example, folder / "runs")
        assert not any("Smith" in decision.note for decision in store.decisions.standing())
        assert not (where / "diagnose.json").exists()
    with opened(folder) as work:
        assert example.row_id not in {one.row_id for one in work.bench.examples}
        assert not work.book.named


def test_a_table_filled_elsewhere_comes_back_whole_or_not_at_all(desk: Path, tmp_path: Path) -> None:
    with opened(desk, sample=5, system="recorded") as work:
        rows = list(csv.DictReader(io.StringIO(to_csv(work.book, guesses=True))))
        assert [row["text"] for row in rows] == [work.bench.examples[place].text for place in work.book.sample]

        def filled(*modes: str, **changes: str) -> str:
            stream = io.StringIO()
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            for row, mode in zip(rows, modes, strict=False):
                writer.writerow({**row, "mode": mode, **changes})
            return stream.getvalue()

        for broken, said in (
            (filled("facts", "nonsense"), "row 3: 'nonsense' is no mode"),
            (filled("other"), "other needs a note"),
            (filled("facts", text="x"), "its text was changed"),
            (filled("facts", id="0"), "no such error"),
        ):
            with pytest.raises(InputError) as refused:
                from_csv(broken, work.book, shown=False)
            assert said in str(refused.value.where)
        tags = from_csv(filled("facts", "", "p"), work.book, shown=False)
        assert [(tag.case, tag.mode) for tag in tags] == [
            (work.book.sample[0], "facts"),
            (work.book.sample[2], "retrieval"),
        ]
        work.book.tag(tags)
        assert from_csv(filled("facts", "", "p"), work.book, shown=False) == []
        work.book.who = "bob"
        work.book.tag(from_csv(filled("facts", "", "reasoning"), work.book, shown=False))
        summary = work.book.summary({})
        assert (summary.twice, summary.agreed) == (2, 1)


# What follows


def test_advice_reads_the_shares_and_they_outrank_what_was_typed(tmp_path: Path) -> None:
    folder = make_project(tmp_path, make_rows(180, noise=0.5), systems=[WORDS], fields={"folds": 2})
    with opened(folder) as work:
        assert len(work.book.sample) == 50
        work.book.tag([NewTag(place, "facts") for place in work.book.sample])
        _, where = write(work, folder)
    place = place_of(folder)
    typed = {"failure": "behaviour", "share_facts": "10 %", "errors_tagged": "60"}
    found = consult(place, evidence_of(place), typed, "advice.yaml")
    assert found.advice.facts.value("errors_tagged") == 50.0
    assert (found.advice.facts.value("share_facts"), found.advice.facts.value("main_failure")) == (1.0, "facts")
    assert f"runs/{where.name}/diagnose.json" in found.sources
    rules = {entry.rule.id for entry in found.advice.entries} | {r.id for e in found.advice.entries for r in e.also}
    assert "errors_want_facts" in rules


def test_a_document_of_another_version_is_named_and_not_read(tmp_path: Path) -> None:
    folder = make_project(tmp_path, make_rows(9))
    where = folder / "runs" / "diagnose-1"
    where.mkdir(parents=True)
    (where / "diagnose.json").write_text('{"version": 99}')
    notes = evidence_of(place_of(folder)).notes
    assert any("diagnose again" in note for note in notes)


def test_what_cannot_be_diagnosed_is_said(desk: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no system 'nobody'"), opened(desk, system="nobody"):
        pass
    rows = [replace(row, text=f"{row.category} {row.text}") for row in make_rows(60, noise=0.0)]
    folder = make_project(tmp_path, rows, systems=[WORDS], fields={"folds": 2})
    with pytest.raises(InputError, match="no error in 60 cases"), opened(folder):
        pass
