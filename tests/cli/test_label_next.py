"""`label --order next` and `label --measure` as a person types them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from review_desk import document, in_folder, typed

from tunewright.store import Store

pytestmark = pytest.mark.usefixtures(in_folder.__name__)

WORDS = {"lost": ("card", "gone", "stolen", "wallet"), "arrival": ("post", "wait", "letter", "days")}
NEXT = ("label", "inputs.csv", "--input", "text", "--by", "ann", "--order", "next")


def _rows(n: int, own: str) -> list[tuple[str, str]]:
    """Texts and labels in turn; each text has a word of its own."""
    names = list(WORDS)
    return [
        (f"{WORDS[names[i % 2]][i // 2 % 4]} {WORDS[names[i % 2]][i // 8 % 4]} {own}{i}", names[i % 2])
        for i in range(n)
    ]


def _write(name: str, rows: list[tuple[str, ...]], *columns: str) -> None:
    with Path(name).open("w", newline="") as stream:
        csv.writer(stream).writerows([columns, *rows])


def test_labelled_rows_teach_which_come_next() -> None:
    _write("inputs.csv", [(text,) for text, _ in _rows(60, "new")], "text")
    _write("known.csv", _rows(40, "old"), "text", "label")
    words = (*NEXT, "--learn-from", "known.csv", "--target", "label")
    shown = typed(*words, answers="lost\n\n" * 10)
    assert "40 labelled rows of known.csv teach which rows to ask about." in shown.stderr
    # Neither what the classifier expects nor why a row was chosen is seen.
    assert "chance" not in shown.stderr.split("60 answered")[-1]
    assert "answered rows are a random sample of the file, the others were chosen: " in shown.stdout
    assert "the model knew your answer beforehand" in shown.stdout
    assert "rows were chosen, so it is no test set" in shown.stdout
    assert "--test" not in shown.stdout
    with Store.open(Path(".tunewright")) as store:
        facts = [dict(decision.extra) for decision in store.decisions.standing()]
    assert {fact["asked"] for fact in facts} == {"chance", "chosen"}
    assert {fact["guess"] for fact in facts} <= set(WORDS)
    told = document(*words, answers="arrival\n\n")
    fair = told["by_chance"]
    assert 0 < told["chosen"] < told["answered"] == 11
    assert fair["rows"] >= 1
    assert fair["rows"] == sum(count for _, count in fair["labels"])


def test_labels_must_be_known_to_choose() -> None:
    _write("inputs.csv", [(text,) for text, _ in _rows(20, "new")], "text")
    refused = typed(*NEXT, code=2)
    assert "can be told for labels only" in refused.stderr
    assert "--learn-from FILE" in refused.stderr
    begun = typed(*NEXT, "--label", "lost", "--label", "arrival", answers="lost\n\n")
    assert "your answers teach which rows to ask about" in begun.stderr
    assert "1 answered rows are a random sample" not in begun.stdout
    assert "1 answered row is a random sample" in begun.stdout
    assert "as your own test: --test" in begun.stdout


def test_what_choosing_brings_is_measured() -> None:
    _write("known.csv", _rows(320, "old"), "text", "label")
    words = ("label", "known.csv", "--input", "text", "--target", "label", "--measure", "--at", "60", "--at", "100")
    shown = typed(*words).stdout
    assert "5 replays: " in shown
    assert "20% of the chosen rows come by chance" in shown
    assert [line.split()[0] for line in shown.splitlines() if line.strip()[:1].isdigit()][1:] == ["60", "100"]
    assert "random order" in shown
    assert "linear model on words" in shown
    told = document(*words)
    assert told["outcome"] == "no difference shown"
    assert [at["labels"] for at in told["at"]] == [60, 100]
    assert not Path(".tunewright").exists()
    few = typed("label", "tickets.csv", "--input", "text", "--target", "label", "--measure", code=2)
    assert "too few to measure" in few.stderr
