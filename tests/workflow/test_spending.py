"""What an answer takes of language models: means, what is missing, and the money made of it."""

from __future__ import annotations

from tunewright.records.answers import Answer, Status
from tunewright.records.usage import Spent, Usage
from tunewright.workflow.costing.spending import per_answer


def test_means_over_answers() -> None:
    answers = [
        Answer("a", spent=Spent(1, Usage(100, 50, 0, 10), 0.002)),
        Answer("b", spent=Spent(3, Usage(300, 0, 20, 30), 0.004)),
    ]
    taken = per_answer(answers)
    assert taken is not None
    assert (taken.n, taken.calls, taken.input_tokens, taken.cached_tokens) == (2, 2.0, 200.0, 25.0)
    assert (taken.cache_written_tokens, taken.output_tokens, taken.usd) == (10.0, 20.0, 0.003)


def test_one_unpriced_call_makes_the_whole_unpriced() -> None:
    taken = per_answer([Answer("a", spent=Spent(1, Usage(1), 0.5)), Answer("b", spent=Spent(1, Usage(1), None))])
    assert taken is not None
    assert taken.usd is None


def test_an_answer_without_a_call_counts_as_none_among_others() -> None:
    taken = per_answer([Answer("a", spent=Spent(1, Usage(10), 0.5)), Answer("b")])
    assert taken is not None
    assert (taken.calls, taken.usd) == (0.5, 0.25)


def test_missing_answers_are_left_out() -> None:
    taken = per_answer([Answer("a", spent=Spent(1, Usage(10), 0.5)), Answer(None, Status.INFRA_FAIL)])
    assert taken is not None
    assert (taken.n, taken.usd) == (1, 0.5)


def test_systems_that_ask_no_model_have_none() -> None:
    assert per_answer([Answer("a"), Answer("b")]) is None
