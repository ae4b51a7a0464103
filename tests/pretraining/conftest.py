"""A tiny corpus, its tokenizer and packed tokens, made once; the recipe lies beside ``src`` and is not installed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
zstandard = pytest.importorskip("zstandard", reason="the recipe reads zstd files; install the extra 'pretraining'")

_CITIES = ("Lima", "Oslo", "Rome", "Basel", "Quito", "Kyoto")


def _dialogue(number: int) -> dict[str, Any]:
    city, day = _CITIES[number % 6], ("Monday", "Friday")[number % 2]
    intent = ("FindHotel", "BuyTicket", "CheckWeather", "PlaySong")[number % 4]
    return {
        "turns": [
            {
                "speaker": "user",
                "text": f"I want something nice in {city} please.",
                "intent": intent,
                "slots": {"city": city},
            },
            {"speaker": "system", "text": "Which day do you have in mind?", "acts": ["REQUEST"]},
            {
                **{"speaker": "user", "text": f"On {day} would be good for us.", "intent": intent},
                **{"slots": {"day": day}, "acts": ["AFFIRM"]},
            },
            {
                **{"speaker": "system", "text": f"There are {number + 2} offers in {city}.", "acts": ["OFFER"]},
                "call": {"method": intent, "parameters": {"city": city, "day": day}},
            },
            {"speaker": "user", "text": "Thank you very much for that.", "intent": intent, "acts": ["THANK_YOU"]},
        ],
        "id": str(number),
    }


def _document(number: int) -> dict[str, Any]:
    source = ("philschatz/biology-book", "python/peps", "rust-lang/book")[number % 3]
    first = f"The river number {number} runs slowly through the wide valley behind {_CITIES[number % 6]}."
    second = "Every traveller remembers the remarkable mountains that surround it on both sides."
    return {"text": f"A heading\n\n{first} {second}\n\n{second} {first}", "source": source, "licence": "CC0-1.0"}


def _question(number: int) -> dict[str, Any]:
    choices = ["a river", "a mountain", "a city", f"number {number}"]
    return {
        "text": "",
        "question": f"What is thing {number}?",
        "choices": choices,
        "answer": choices[number % 4],
        "kind": "trivia",
    }


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_bytes(zstandard.ZstdCompressor().compress(text.encode()))


@pytest.fixture(scope="session")
def corpus_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four small parts with validation files, in the form of the real corpus."""
    folder = tmp_path_factory.mktemp("corpus")
    makers = {"prose": _document, "technical": _document, "dialogues": _dialogue, "qa": _question}
    for part, make in makers.items():
        _write(folder / f"{part}.jsonl.zst", [make(number) for number in range(24)])
        _write(folder / f"{part}.val.jsonl.zst", [make(number) for number in range(24, 36)])
    return folder


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One evaluation set with a test split and a training split."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "desks").mkdir()
    test = {"text": "the quick brown fox jumps over the lazy dog and then goes home to sleep", "label": "fox"}
    (folder / "desks" / "test.jsonl").write_text(json.dumps(test) + "\n", "utf-8")
    train = {"text": "one two three four five six seven eight nine ten eleven twelve thirteen fourteen", "label": "n"}
    (folder / "desks" / "train.jsonl").write_text(json.dumps(train) + "\n", "utf-8")
    return folder


@pytest.fixture(scope="session")
def build_folder(corpus_folder: Path, data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tokenizer, packed corpus, two task shards and held-out tasks of the tiny configuration."""
    from pretraining.config import CONFIGS
    from pretraining.decontaminate import read_reserved
    from pretraining.tasks.material import read_material

    from pretraining import corpus, pack, tokenizer

    folder = tmp_path_factory.mktemp("build")
    texts = [*corpus.sample_texts(corpus_folder, 1.0, 1), *tokenizer.task_texts(corpus_folder, 200, 1)]
    tokenizer.save(tokenizer.train(texts, CONFIGS["tiny"].shape.vocabulary), folder / "tokenizer")
    pack.write_corpus(folder, corpus_folder)
    pack.write_held_out(folder, corpus_folder, each=2)
    pack.write_shards(folder, read_material(corpus_folder), read_reserved(data_folder), range(2), 12_000)
    return folder
