"""Graders of texts against known answers: exact, normalised, numeric, regex, span, ROUGE, BLEU, chrF, similarity."""

from __future__ import annotations

import json
import re
import string
from collections import Counter
from decimal import Decimal

import numpy as np
import pytest
from grader_cases import graded, score
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.evaluation import rouge
from tunewright.evaluation.grader_options import GraderContext
from tunewright.evaluation.graders import build, measures
from tunewright.evaluation.normal_text import digits_of, normal, squad_normal
from tunewright.evaluation.numbers_in_text import numbers_in
from tunewright.evaluation.spans import token_f1
from tunewright.records.answers import Status

_words = st.lists(st.sampled_from(["a", "b", "c", "d", "the", "cat,", "Cat.", "x-y"]), max_size=12).map(" ".join)


def test_exact() -> None:
    assert score("exact", " Paris\n", "Paris") == 1
    assert score("exact", " Paris\n", "Paris", trim=False) == 0
    assert score("exact", "paris", "Paris") == 0
    assert score("exact", "b", "a\nb\n\nc", references="lines") == 1
    assert score("exact", "b", '["a", "b"]', references="json") == 1
    assert score("exact", '["a", "b"]', '["a", "b"]', references="json") == 0
    assert score("exact", "", "[]", references="json") == 1


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ("The U.S. Army", "us army", True),
        ("“Well-known”, he said!", "well known he said", True),
        ("don't", "dont", True),
        ("1,234.50 kg", "1234.50 KG", True),
        ("ﬁne", "fine", True),
        ("3.5", "35", False),
        ("-5", "5", False),
        ("x.5", "x5", True),
        ("12%", "12", False),
        ("1,2", "12", False),
        ("the", "a", False),
        ("...", "!!!", False),
        ("twenty-one", "21", False),
    ],
)
def test_normalised(left: str, right: str, equal: bool) -> None:
    assert score("normalised", left, right) == float(equal)
    assert score("normalised", right, left) == float(equal)


def test_what_normalising_sets_aside_can_be_made_to_count() -> None:
    assert score("normalised", "Cat", "cat", case=False) == 0
    assert score("normalised", "cat.", "cat", punctuation=False) == 0
    assert score("normalised", "the cat", "cat", articles=False) == 0
    assert score("normalised", "Twenty-one cats.", "21 cats", numbers=True) == 1


@pytest.mark.parametrize(
    ("words", "digits"),
    [
        ("zero", "0"),
        ("twenty one", "21"),
        ("one two", "1 2"),
        ("twenty eleven", "20 11"),
        ("a hundred", "a 100"),
        ("one hundred and five", "105"),
        ("nineteen hundred", "1900"),
        ("two thousand five hundred and sixty seven dogs", "2567 dogs"),
        ("three million two hundred thousand and one", "3200001"),
        ("black and white", "black and white"),
        ("five and six", "5 and 6"),
        ("hundred thousand", "100000"),
        ("one and", "1 and"),
        ("ten hundred hundred", "1000 100"),
    ],
)
def test_numbers_in_words(words: str, digits: str) -> None:
    assert digits_of(words.split()) == digits.split()


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normal(text, articles=False)
    assert normal(once, articles=False) == once


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("It costs $1,234.50, or 12% more.", ["1234.50", "12"]),
        ("16-3-4=9", ["16", "3", "4", "9"]),
        ("-$5 and $-5 and −5 °C", ["-5", "-5", "-5"]),
        ("1.5e3 and 2E-2", ["1500", "0.02"]),
        ("v2 x3y 4,5", ["4", "5"]),
        ("₹12,34,567 or 1,00,000 or 1,2,345", ["1234567", "100000", "1", "2345"]),
        ("1,2,3", ["1", "2", "3"]),
        ("1,234,56", ["1", "234", "56"]),
        (".5 is half", ["0.5"]),
        ("1'000'000", ["1000000"]),
    ],
)
def test_numbers_are_found(text: str, values: list[str]) -> None:
    assert [found.value for found in numbers_in(text)] == [Decimal(value) for value in values]


def test_numeric() -> None:
    assert score("numeric", "1,234.0", "1234") == 1
    assert score("numeric", "€ 1.234,50", "1234,5", decimal=",") == 1
    assert score("numeric", "1235", "1234") == 0
    assert score("numeric", "1235", "1234", absolute=1.0) == 1
    assert score("numeric", "101", "100", relative=0.01) == 1
    assert score("numeric", "102", "100", relative=0.01) == 0
    # 0.1 + 0.2 is not 0.3 in floats; decimals are compared as they are written.
    assert score("numeric", "0.30000000000000004", "0.3") == 0
    assert score("numeric", "twenty-one", "21", in_words=True) == 1
    assert graded("numeric", "I think 5", "5").status is Status.MODEL_FAIL
    assert graded("numeric", "5", "five").status is Status.JUDGE_FAIL


def test_units() -> None:
    assert score("numeric", "2.5 kg", "2.5") == 1
    assert score("numeric", "2500 g", "2.5 kg") == 0
    assert score("numeric", "2500 g", "2.5 kg", unit="kg, g=0.001") == 1
    assert score("numeric", "12%", "0.12", unit="%=0.01") == 1
    assert graded("numeric", "2.5 lb", "2.5 kg", {"unit": "kg, g=0.001"}).status is Status.MODEL_FAIL


def test_the_number_of_prose() -> None:
    # GSM8K, test set, first problem: its worked answer and a model's usual form.
    target = (
        "Janet sells 16 - 3 - 4 = <<16-3-4=9>>9 duck eggs a day.\nShe makes 9 * 2 = $<<9*2=18>>18 every day.\n#### 18"
    )
    assert score("numeric", "So she makes 9 * 2 = $18 per day.", target, find="last") == 1
    assert score("numeric", "She makes $18. That is for 9 eggs.", target, find="last") == 0
    assert score("numeric", "18 dollars, as 9 * 2", target, find="first") == 1
    assert score("numeric", "#### 18\n", target, find="last") == 1
    assert score("numeric", "18", target) == 1


def test_regex_finds_the_answer() -> None:
    options = {"pattern": r"answer is \(?([A-D])\)?"}
    assert graded("regex", "First the answer is A, no: the answer is (B).", "B", options).score == 1
    assert graded("regex", "the answer is (C)", "the answer is B", options).score == 0
    assert graded("regex", "Not B", "B", options).status is Status.MODEL_FAIL
    assert graded("regex", "so it is c", "C", {"pattern": r"is (?P<answer>\w)", "case": False}).score == 1


def test_regex_as_target() -> None:
    assert score("regex", "colour", "colou?r") == 1
    assert score("regex", "the colour", "colou?r") == 0
    assert score("regex", "the colour", "colou?r", anywhere=True) == 1
    assert score("regex", "Color", "colou?r", case=False) == 1
    assert graded("regex", "x", "(").status is Status.JUDGE_FAIL


def test_a_pattern_that_never_ends_grades_nothing() -> None:
    slow = graded("regex", "a" * 2_000 + "!", "(?:(?:a|aa)+)+$")
    assert (slow.status, slow.score) == (Status.JUDGE_FAIL, None)


def official_f1(prediction: str, gold: str) -> float:
    """The slow twin: ``compute_f1`` of the official SQuAD 2.0 script, written out."""

    def normalised(text: str) -> list[str]:
        text = "".join(c for c in text.lower() if c not in set(string.punctuation))
        return re.sub(r"\b(a|an|the)\b", " ", text).split()

    gold_tokens, tokens = normalised(gold), normalised(prediction)
    if not gold_tokens or not tokens:
        return float(gold_tokens == tokens)
    same = sum((Counter(gold_tokens) & Counter(tokens)).values())
    if same == 0:
        return 0.0
    precision, recall = same / len(tokens), same / len(gold_tokens)
    return 2 * precision * recall / (precision + recall)


@settings(max_examples=200, deadline=None)
@given(_words, _words)
def test_token_f1_is_the_official_one(left: str, right: str) -> None:
    assert token_f1(left, right) == pytest.approx(official_f1(left, right))


def test_span() -> None:
    # SQuAD 2.0, development set, "In what country is Normandy located?"; below, questions without an answer.
    references = json.dumps(["France", "France", "in France", "the French Republic"])
    assert score("span", "the France.", references) == 1
    assert score("span", "in northern France", references) == pytest.approx(2 * 1.0 * (2 / 3) / (1 + 2 / 3))
    assert score("span", "in northern France", references, measure="exact") == 0
    assert score("span", "", "[]") == 1
    assert score("span", "France", "[]") == 0
    assert score("span", "", references) == 0
    assert dict(graded("span", "France!", references).parts) == {"f1": 1.0, "exact": 1.0}
    assert squad_normal("The  U.S. Army's an A-team") == "us armys ateam"


def test_rouge_of_lin_2004() -> None:
    # Lin 2004, section 3.1: the reference and the candidates S2 to S4.
    reference = "police killed the gunman"
    second, third, fourth = "police kill the gunman", "the gunman kill police", "the gunman police killed"
    assert rouge.rouge(second, reference, "rougeL").recall == 0.75
    assert rouge.rouge(third, reference, "rougeL").recall == 0.5
    assert rouge.rouge(fourth, reference, "rougeL").recall == 0.5
    assert rouge.rouge(second, reference, "rouge2") == rouge.rouge(third, reference, "rouge2")
    assert rouge.rouge(fourth, reference, "rouge2").recall == pytest.approx(2 / 3)


def test_rouge_of_the_package_rouge_score() -> None:
    # google-research/rouge, rouge_scorer_test.py: testRouge1, testRouge2, testRougeL.
    one = rouge.rouge("testing", "testing one two", "rouge1")
    assert (one.precision, one.recall, one.f1) == (1.0, pytest.approx(1 / 3), 0.5)
    two = rouge.rouge("testing one", "testing one two", "rouge2")
    assert (two.precision, two.recall, two.f1) == (1.0, 0.5, pytest.approx(2 / 3))
    last = rouge.rouge("testing two", "testing one two", "rougeL")
    assert (last.precision, last.recall, last.f1) == (1.0, pytest.approx(2 / 3), pytest.approx(0.8))


def longest_common(left: list[str], right: list[str]) -> int:
    """The slow twin: the textbook table."""
    table = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i, one in enumerate(left):
        for j, other in enumerate(right):
            table[i + 1][j + 1] = table[i][j] + 1 if one == other else max(table[i][j + 1], table[i + 1][j])
    return table[-1][-1]


@settings(max_examples=150, deadline=None)
@given(_words, _words)
def test_rouge_l_is_the_textbook_one(left: str, right: str) -> None:
    given_tokens, wanted = rouge.tokens(left), rouge.tokens(right)
    common = longest_common(given_tokens, wanted)
    total = len(given_tokens) + len(wanted)
    assert rouge.rouge(left, right, "rougeL").f1 == pytest.approx(2 * common / total if common else 0.0)


def test_rouge_in_any_script_and_with_references() -> None:
    assert rouge.tokens("Größe 東京は x_y") == ["größe", "東", "京", "は", "x", "y"]
    assert score("rouge", "b c", "a\nb c d", references="lines", measure="rouge1", side="precision") == 1
    assert dict(graded("rouge", "a c", "a b c").parts) == {"rouge1": 0.8, "rouge2": 0.0, "rougeL": 0.8}
    assert score("rouge", "a", "a", measure="rouge2") == 1


SYSTEM = ["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."]
REFERENCES = [
    "The dog bit the man.\nThe dog had bit the man.",
    "It was not unexpected.\nNo one was surprised.",
    "The man bit him first.\nThe man had bitten the dog.",
]


def test_bleu_and_chrf_of_the_sacrebleu_readme() -> None:
    # sacrebleu README, "Using SacreBLEU from Python": BLEU 48.53, chrF2 59.73.
    (bleu,) = measures("bleu", {"references": "lines"}, GraderContext())
    (chrf,) = measures("chrf", {"references": "lines"}, GraderContext())
    assert bleu.measure(SYSTEM, REFERENCES) == pytest.approx(0.4853, abs=5e-5)
    assert chrf.measure(SYSTEM, REFERENCES) == pytest.approx(0.5973, abs=5e-5)
    assert bleu.measure([None, *SYSTEM[1:]], REFERENCES) < 0.4
    assert bleu.measure([], []) == 0


def test_bleu_with_fewer_references_in_some_cases() -> None:
    (bleu,) = measures("bleu", {"references": "lines"}, GraderContext())
    fewer = [REFERENCES[0].splitlines()[0], *REFERENCES[1:]]
    doubled = ["\n".join([fewer[0]] * 2), *REFERENCES[1:]]
    assert bleu.measure(SYSTEM, fewer) == bleu.measure(SYSTEM, doubled)


def test_signatures() -> None:
    assert "tok:13a|smooth:exp" in build("bleu", {}, GraderContext()).identity()["signature"]
    assert "nw:2" in build("chrf", {"words": True}, GraderContext()).identity()["signature"]


def test_similarity() -> None:
    vectors = {"cat": [1.0, 0.0], "kitten": [0.8, 0.6], "stone": [-1.0, 0.0], "zero": [0.0, 0.0], "bad": [np.nan, 1.0]}
    context = GraderContext(embed=lambda texts: np.array([vectors[t] for t in texts]), embed_identity="toy")
    assert graded("similarity", "kitten", "cat", {}, context).score == pytest.approx(0.8)
    assert graded("similarity", "stone", "cat", {}, context).score == 0
    assert graded("similarity", "zero", "cat", {}, context).score == 0
    assert graded("similarity", "bad", "cat", {}, context).status is Status.JUDGE_FAIL
    bound = build("similarity", {"at_least": 0.75}, context)
    assert bound.binary
    assert graded("similarity", "kitten", "cat", {"at_least": 0.75}, context).score == 1
    assert graded("similarity", "kitten", "stone\ncat", {"references": "lines"}, context).score == pytest.approx(0.8)
