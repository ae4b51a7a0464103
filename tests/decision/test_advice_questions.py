"""What answers mean, which jobs are sent back, and that nonsense is refused with a sentence."""

from __future__ import annotations

import pytest

from tunewright.decision.advice_facts import FACTS
from tunewright.decision.advice_job import read_job
from tunewright.decision.advice_questions import A_DAY_MS, QUESTIONS, Question, Values, read_answer


@pytest.mark.parametrize(
    ("key", "answer", "values"),
    [
        ("job", "Sort each ticket into one of 12 desks", {"job_clear": True}),
        ("job", "something with AI", {"job_clear": False}),
        ("failure", "form", {"main_failure": "format"}),
        ("failure", "broken JSON", {"main_failure": "format"}),
        ("failure", "4", {"main_failure": "retrieval"}),
        ("facts", "no", {"needs_facts": False}),
        ("facts", "yes", {"needs_facts": True}),
        ("facts", "weekly", {"needs_facts": True, "facts_change_days": 7.0}),
        ("facts", "every 10 days", {"needs_facts": True, "facts_change_days": 10.0}),
        ("facts", "3 months", {"needs_facts": True, "facts_change_days": 90.0}),
        ("work", "1", {"work": "sorting", "closed_answers": True}),
        ("work", "calc", {"work": "calculation"}),
        ("stable", "never", {"task_changes_days": 3650.0}),
        ("volume", "2000", {"volume_per_day": 2000.0}),
        ("volume", "2,000 a day", {"volume_per_day": 2000.0}),
        ("volume", "about 1.5k, 500 ms", {"volume_per_day": 1500.0, "latency_limit_ms": 500.0}),
        ("volume", "2 s", {"latency_limit_ms": 2000.0}),
        ("volume", "300 a day, no limit", {"volume_per_day": 300.0, "latency_limit_ms": A_DAY_MS}),
        ("privacy", "No", {"data_may_leave": False}),
        ("target", "no", {"has_measure": False}),
        ("target", "yes", {"has_measure": True}),
        ("target", "95 %", {"has_measure": True, "target": 0.95}),
        ("target", "0.9, today 0.87", {"has_measure": True, "target": 0.9, "simple_score": 0.87}),
        ("examples", "none", {"labelled": 0.0}),
        ("examples", "about 600", {"labelled": 600.0}),
        ("budget", "$1,500", {"budget_usd": 1500.0}),
        ("keeper", "nobody", {"kept_alive": False}),
        ("keeper", "Anna", {"kept_alive": True}),
        ("share_facts", "55 %", {"share_facts": 0.55}),
        ("errors_tagged", "60", {"errors_tagged": 60.0}),
        ("gates_hold", "no", {"gates_hold": False}),
        ("keeper", "  ", {}),
    ],
)
def test_answers(key: str, answer: str, values: Values) -> None:
    assert read_answer(key, answer) == values


def test_what_was_tried_leaves_the_rest_untried() -> None:
    tried = read_answer("tried", "prompt, few-shot and RAG")
    assert {name for name, yes in tried.items() if yes} == {"tried_prompt", "tried_few_shot", "tried_retrieval"}
    assert set(read_answer("tried", "nothing").values()) == {False}
    assert read_answer("tried", "1,2") == read_answer("tried", "prompt, examples")


def test_a_score_on_cases_has_its_exact_lower_bound() -> None:
    """Clopper-Pearson of 522 in 600, one-sided 97.5 %: 0.8405 (R: binom.test)."""
    for text in ("95 %, today 522 of 600", "95 %, 87 % of 600"):
        found = read_answer("target", text)
        assert found["simple_score"] == pytest.approx(0.87)
        assert found["simple_low"] == pytest.approx(0.8405, abs=2e-4)


@pytest.mark.parametrize(
    ("key", "nonsense"),
    [
        ("tried", "magic"),
        ("failure", "everything"),
        ("facts", "perhaps"),
        ("facts", "-3 days"),
        ("work", "7"),
        ("stable", "soon"),
        ("volume", "-5"),
        ("volume", "nan"),
        ("volume", "many"),
        ("privacy", "maybe"),
        ("target", "140 %"),
        ("target", "-5 %"),
        ("target", "good"),
        ("target", "90 of 0"),
        ("examples", "lots"),
        ("budget", "1e9999"),
        ("share_facts", "most"),
    ],
)
def test_nonsense_is_refused_with_what_could_be_said(key: str, nonsense: str) -> None:
    with pytest.raises(ValueError, match=r"[A-Z].+\.$"):
        read_answer(key, nonsense)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.id)
def test_every_question_has_a_reason_and_gives_facts_that_exist(question: Question) -> None:
    example = question.form.split(";")[0].split(":")[0].split(", no")[0]
    assert question.why.endswith(".")
    assert set(read_answer(question.id, example)) <= set(FACTS)


@pytest.mark.parametrize(
    "text",
    [
        "Sort each support ticket into one of 12 desks, for the night shift",
        "Route support tickets of an industrial-equipment maker into one of 12 categories",
        "Extract amount, date and vendor from invoices as JSON for accounting",
        "Draft a reply to each complaint in our tone so that agents only correct it",
        "Decide whether a claim is covered",
        "Summarise call notes for the sales team",
        "Calculate the VAT of each invoice as a number",
        "Sortiere jedes Support-Ticket nach Abteilung",
    ],
)
def test_jobs_that_somebody_could_act_upon(text: str) -> None:
    assert read_job(text).clear, read_job(text)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("help customers", "verb"),
        ("use AI", "verb"),
        ("chatbot", "verb"),
        ("I want an AI that handles everything", "output"),
        ("Classify text", "input"),
        ("classify tickets", "output"),
        ("make it better", "input"),
        ("summarise", "input"),
        ("", "verb"),
    ],
)
def test_vague_jobs_are_sent_back_with_what_is_missing(text: str, missing: str) -> None:
    job = read_job(text)
    assert not job.clear
    assert missing in job.missing
    assert job.sent_back.startswith("It does not say ")
