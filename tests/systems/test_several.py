"""Several labels per case: cut-offs, the regressions against scikit-learn's, and every system that learns them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sets import LABELS, SETS, case, cases, measure, right, several_context
from talking import Talking, around

from tiny_decoders import write_chat_decoder
from tunewright.errors import Cancelled
from tunewright.records.answers import Status
from tunewright.records.example import Message
from tunewright.records.generation import Request
from tunewright.systems import embedding, few_shot, finetune, prompt
from tunewright.systems._finetune_decoder import FinetuneDecoder
from tunewright.systems._honest import Scored
from tunewright.systems._logistic import fit_sigmoid_head
from tunewright.systems._prompting.compose import several_job
from tunewright.systems._several import THRESHOLDS, Cut, always_some, as_target, choose_cut, indicators, names_in
from tunewright.systems._tuned_prompt import tuned_prompt
from tunewright.systems.few_shot import covering
from tunewright.systems.majority import Majority
from tunewright.systems.temperature import Sigmoid, choose_sigmoid
from tunewright.systems.tfidf import STRENGTHS, Tfidf


def test_targets_and_indicators() -> None:
    assert as_target(["lost", "fee", "lost"]) == '["fee", "lost"]'
    assert names_in(as_target(())) == []
    rows = [case(("lost", "fee"), 0), case((), 1)]
    assert indicators(rows, LABELS).tolist() == [[True, True, False], [False, False, False]]
    assert indicators(rows, ("top_up", "fee")).tolist() == [[False, True], [False, False]]
    assert always_some(cases(10))
    assert not always_some(cases(12, empty=True))


def test_the_likeliest_label_is_answered_only_where_a_case_always_has_one() -> None:
    chances = np.array([[0.6, 0.5, 0.1], [0.2, 0.1, 0.3]])
    assert Cut(0.5, False).texts(chances, LABELS) == ['["fee", "lost"]', "[]"]
    answers = Cut(0.5, True).answers(chances, LABELS)
    assert [answer.text for answer in answers] == ['["fee", "lost"]', '["top_up"]']
    assert [answer.confidence for answer in answers] == pytest.approx([0.6 * 0.5 * 0.9, 0.8 * 0.9 * 0.3])
    assert Cut(0.5, True).answers(np.zeros((0, 3)), LABELS) == []


def test_the_cut_off_is_the_best_of_the_grid_by_the_measure_of_the_job() -> None:
    rng = np.random.default_rng(0)
    targets = [row.target for row in cases(60)]
    chances = np.clip(0.25 * indicators(cases(60), LABELS) + 0.2 * rng.random((60, 3)), 0, 1)
    cut, score = choose_cut(chances, Scored(targets, measure), LABELS, True)
    by_hand = {}
    for threshold in THRESHOLDS:
        texts = []
        for row in chances:
            named = [label for label, chance in zip(LABELS, row, strict=True) if chance >= threshold]
            texts.append(as_target(named or [LABELS[int(row.argmax())]]))
        by_hand[threshold] = measure(targets, texts)
    best = max(by_hand.values())
    assert score == pytest.approx(best)
    assert score == pytest.approx(1.0)
    assert cut.threshold == max(t for t, found in by_hand.items() if found == best and t < 0.5)


def test_all_regressions_at_once_are_those_of_scikit_learn_one_by_one() -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(80, 6)).astype(np.float32)
    wanted = np.column_stack([vectors[:, place] + rng.normal(size=80) > place for place in range(3)])
    wanted = np.column_stack([wanted, np.zeros(80, dtype=bool)])
    head = fit_sigmoid_head(vectors, wanted, (*LABELS, "never"), 3.0)
    assert (head.labels, head.converged) == (LABELS, True)
    for place in range(3):
        twin = LogisticRegression(C=3.0, tol=1e-8, max_iter=1000).fit(vectors.astype(np.float64), wanted[:, place])
        np.testing.assert_allclose(head.weights[place], twin.coef_[0], atol=5e-3)
        assert head.offsets[place] == pytest.approx(float(twin.intercept_[0]), abs=5e-3)


def test_the_sigmoid_of_margins_is_the_likeliest_one() -> None:
    rng = np.random.default_rng(5)
    margins = rng.normal(size=(400, 3))
    wanted = rng.random((400, 3)) < Sigmoid(2.0, -1.0).of(margins)
    found = choose_sigmoid(margins, wanted)

    def loss(one: Sigmoid) -> float:
        chances = one.of(margins)
        return float(-np.log(np.where(wanted, chances, 1 - chances)).sum())

    moved = [(0.05, 0.0), (-0.05, 0.0), (0.0, 0.05), (0.0, -0.05)]
    assert all(loss(found) < loss(Sigmoid(found.slope + a, found.offset + b)) for a, b in moved)
    assert choose_sigmoid(margins, np.zeros((400, 3), dtype=bool)) == Sigmoid()


def test_majority_answers_the_commonest_set() -> None:
    rows = [*cases(5), case(("fee", "lost"), 7)]
    answer = Majority("majority").fit(rows, [], several_context()).answer([rows[0].inputs])[0]
    assert answer.text == '["fee", "lost"]'


def test_tfidf_learns_sets_counts_its_passes_and_is_saved(tmp_path: Path) -> None:
    rows = cases(120, empty=True)
    passes: list[int] = []

    def counted(targets: Sequence[str], answers: Sequence[str]) -> float:
        passes.append(len(answers))
        return measure(targets, answers)

    system = Tfidf("tfidf", False, 1)
    context = replace(several_context(), measure=counted)
    fitted = system.fit(rows[:90], rows[90:108], context)
    assert right(rows[108:], fitted.answer([row.inputs for row in rows[108:]])) == 1.0
    assert sum(passes) == 18 * len(STRENGTHS) * len(THRESHOLDS)
    spent = len(STRENGTHS) * len(THRESHOLDS)
    assert (fitted.budget.declared, fitted.budget.spent, fitted.budget.exhausted) == (spent, spent, True)
    assert [trial.settings["strength"] for trial in fitted.trials] == list(STRENGTHS)
    fitted.save(tmp_path)
    inputs = [row.inputs for row in rows]
    assert system.load(tmp_path).answer(inputs) == fitted.answer(inputs)
    assert fitted.answer([]) == []


def test_tfidf_with_a_label_that_every_row_has_and_one_that_none_has() -> None:
    rows = [case(("lost",) if number % 2 else ("fee", "lost"), number) for number in range(40)]
    fitted = Tfidf("tfidf", False, 1).fit(rows[:30], rows[30:], several_context())
    assert right(rows, fitted.answer([row.inputs for row in rows])) == 1.0


def test_a_search_is_stopped_between_strengths() -> None:
    rows = cases(40)
    with pytest.raises(Cancelled):
        Tfidf("tfidf", False, 1).fit(rows[:30], rows[30:], several_context(cancelled=lambda: True))


def test_embedding_learns_sets_and_is_saved(tiny_encoder: Path, tmp_path: Path) -> None:
    rows = cases(100)
    system = embedding.build("embedding", str(tiny_encoder), {}, Path())
    fitted = system.fit(rows[:70], rows[70:85], several_context())
    answers = fitted.answer([row.inputs for row in rows])
    assert right(rows[85:], answers[85:]) > 0.7
    assert fitted.budget.declared == len(embedding.STRENGTHS) * len(THRESHOLDS)
    fitted.save(tmp_path)
    assert system.load(tmp_path).answer([row.inputs for row in rows]) == answers
    assert fitted.answer([]) == []


def test_a_tuned_encoder_learns_sets_and_is_saved(tiny_encoder: Path, tmp_path: Path) -> None:
    rows = cases(80)
    values: dict[str, str | int | float | bool] = {"learning_rate": 5e-3, "epochs": 4, "rows_per_step": 8}
    system = finetune.build("finetune:tiny", str(tiny_encoder), values, Path())
    fitted = system.fit(rows[:55], rows[55:67], several_context())
    assert isinstance(fitted, finetune.FittedFinetune)
    answers = fitted.answer([row.inputs for row in rows])
    assert right(rows[67:], answers[67:]) > 0.8
    assert all(answer.confidence is not None and 0 < answer.confidence <= 1 for answer in answers)
    assert fitted.budget.declared == 4 * len(THRESHOLDS)
    fitted.save(tmp_path)
    loaded = system.load(tmp_path)
    assert loaded.answer([row.inputs for row in rows]) == answers
    assert loaded.answer([]) == []


def test_what_validation_says_of_a_tuned_encoder_is_what_it_answers(tiny_encoder: Path) -> None:
    rows = cases(60)
    values: dict[str, str | int | float | bool] = {"learning_rate": 1e-3, "epochs": 2, "rows_per_step": 16}
    fitted = finetune.build("finetune:tiny", str(tiny_encoder), values, Path()).fit(
        rows[:40], rows[40:], several_context()
    )
    answers = [str(answer.text) for answer in fitted.answer([row.inputs for row in rows[40:]])]
    assert fitted.trials[-1].validation_score == pytest.approx(measure([row.target for row in rows[40:]], answers))


def test_a_tuned_language_model_writes_the_list(tmp_path: Path) -> None:
    base = write_chat_decoder(tmp_path / "decoder", max_position_embeddings=256)
    marks = {"fee": "$", "lost": "!", "top_up": "+"}
    rows = [
        replace(row, messages=(Message("user", "".join(marks[name] * 3 for name in names_in(row.target))),))
        for row in cases(25)
    ]
    options: dict[str, str | int | float | bool] = {
        "method": "full",
        "epochs": 8,
        "learning_rate": 0.01,
        "rows_per_step": 4,
    }
    system = finetune.build("finetune:tiny", str(base), options, tmp_path)
    assert isinstance(system, FinetuneDecoder)
    fitted = system.fit(rows[:20], rows[20:], several_context(grade=_grade))
    answers = fitted.answer([row.inputs for row in rows[:5]])
    assert fitted.labels == ()
    assert right(rows[:5], answers) >= 0.6
    folder = tmp_path / "saved"
    folder.mkdir()
    fitted.save(folder)
    again = system.load(folder).answer([row.inputs for row in rows[:5]])
    assert [answer.text for answer in again] == [answer.text for answer in answers]


def _grade(examples, answers):  # type: ignore[no-untyped-def]
    return [measure([row.target], [answer.text or ""]) for row, answer in zip(examples, answers, strict=True)]


def test_the_full_prompt_of_a_tuned_model_asks_for_a_list(tmp_path: Path) -> None:
    whole = around(Talking(lambda _request: "[]"))
    text = tuned_prompt("full", cases(12, empty=True), several_context().labels, whole, several=True)
    assert text.startswith("Sort the mail.")
    assert "JSON list of all that fit" in text
    assert "- top_up" in text
    assert "Write [] where none fits." in text


def knows(request: Request) -> str:
    words = request.messages[-1].content
    return as_target(
        name for name, word in (("fee", "charged"), ("lost", "stolen"), ("top_up", "money")) if word in words
    )


def test_a_prompt_is_held_to_a_list_of_the_labels() -> None:
    backend = Talking(knows)
    rows = cases(20)
    fitted = prompt.build_around("p", "small", {}, Path(), around(backend)).fit(
        rows[:12], rows[12:], several_context(grade=_grade)
    )
    assert [trial.validation_score for trial in fitted.trials] == [1.0, 1.0, 1.0]
    (answer,) = fitted.answer([rows[3].inputs])
    assert (answer.text, answer.status, answer.confidence) == ('["fee", "lost"]', Status.OK, None)
    decoding = backend.asked[-1].decoding
    assert decoding.choices == ()
    assert json.loads(decoding.schema or "") == {
        "type": "array",
        "items": {"type": "string", "enum": list(LABELS)},
        "minItems": 1,
        "maxItems": 2,
    }
    asked = "\n".join(message.content for request in backend.asked for message in request.messages)
    assert "Answer with a JSON list of all labels that fit, out of: fee, lost, top_up." in asked
    assert "\n\nLabels:" in asked
    assert "exactly one" not in asked
    assert "Write []" not in asked


def test_a_prompt_may_answer_none_only_where_rows_have_none(tmp_path: Path) -> None:
    job = several_job("Sort.", LABELS, cases(12, empty=True))
    assert job.none_fits
    assert json.loads(job.schema or "")["minItems"] == 0
    rows = cases(20)
    system = prompt.build_around("p", "small", {}, tmp_path, around(Talking(knows)))
    fitted = system.fit(rows[:12], rows[12:], several_context(grade=_grade))
    fitted.save(tmp_path)
    assert system.load(tmp_path).job == fitted.job


def test_few_shot_shows_lists_and_covers_every_label() -> None:
    backend = Talking(knows)
    rows = [*(case(("fee",), number) for number in range(20)), *(case(SETS[4], number) for number in range(20, 24))]
    fitted = few_shot.build_around("f", "small", {"choice": "fixed", "examples": 2}, Path(), around(backend)).fit(
        rows[:22], rows[22:], several_context(grade=_grade)
    )
    fitted.answer([case(("lost",), 99).inputs])
    shown = {message.content for message in backend.asked[-1].messages if message.role == "assistant"}
    assert shown == {'["fee"]', '["lost", "top_up"]'}
    assert {row.target for row in covering(rows, 2, True, several=True)} == shown
