"""``{finetune: {use: MODEL, retrieval: NAME}}``: a tuned model that reads the documents as they are now."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Never

import pytest
from test_finetune import make_context
from test_finetune_decoder import easy_examples

from tiny_decoders import write_chat_decoder
from tunewright.errors import InputError
from tunewright.records.example import Inputs, Message
from tunewright.systems import finetune, majority, retrieval
from tunewright.systems._retrieval import sources as _retrieval_sources
from tunewright.systems._retrieval.tuned import FittedWithPassages, TunedWithPassages
from tunewright.systems.around import Around, Member


@pytest.fixture(autouse=True)
def _words_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_retrieval_sources, "open_vectors", lambda _documents, _kept: None)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_chat_decoder(tmp_path_factory.mktemp("decoder"), max_position_embeddings=1024)


@pytest.fixture
def system(base: Path, tmp_path: Path) -> TunedWithPassages:
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "desk.md").write_text("# Desk\n\nThe case desk opens at nine.\n", encoding="utf-8")
    (pages / "fees.md").write_text("# Fees\n\nA fee is paid within ten days.\n", encoding="utf-8")
    options = {"retrieval": "quote", "epochs": 1, "rank": 2, "rows_per_step": 8}
    made = finetune.build_around("tuned", str(base), options, tmp_path, around_of(tmp_path))
    assert isinstance(made, TunedWithPassages)
    return made


def around_of(root: Path) -> Around:
    def closed(name: str) -> Never:
        raise AssertionError(f"no model is asked: {name}")

    def member(name: str) -> Member:
        if name == "plain":
            return Member(name, "majority", majority.Majority(name))
        options = {"documents": "pages", "passages": 1}
        return Member(name, "retrieval", retrieval.build_around(name, None, options, root, plain))

    plain = Around(root, "Answer.", "generate", closed, closed)
    return replace(plain, member=member)


def asked(text: str) -> Inputs:
    return Inputs((Message("user", text),), "r")


def files_of(fitted: FittedWithPassages, text: str) -> list[str]:
    (answer,) = fitted.answer([asked(text)])
    return [source["file"] for source in json.loads(answer.trace)["sources"]]


def test_it_reads_the_documents_as_they_are_now(system: TunedWithPassages, tmp_path: Path) -> None:
    rows = easy_examples(12)
    fitted = system.fit(rows[:9], rows[9:], make_context())
    assert files_of(fitted, "when does the case desk open") == ["desk.md"]
    (answer,) = fitted.answer([asked("when does the case desk open")])
    assert answer.spent is not None
    assert answer.spent.usage.input > len("The case desk opens at nine.")
    (tmp_path / "pages" / "desk.md").unlink()
    assert files_of(fitted, "when is a fee paid") == ["fees.md"]
    assert any("1 passages stand before every case" in note for note in fitted.notes)


def test_saved_and_loaded_it_answers_the_same(system: TunedWithPassages, tmp_path: Path) -> None:
    rows = easy_examples(12)
    fitted = system.fit(rows[:9], rows[9:], make_context())
    folder = tmp_path / "saved"
    folder.mkdir()
    fitted.save(folder)
    before, after = (one.answer([row.inputs for row in rows[:3]]) for one in (fitted, system.load(folder)))
    assert [(one.text, one.trace) for one in before] == [(one.text, one.trace) for one in after]
    assert not any("ten days" in path.read_text(encoding="utf-8", errors="replace") for path in folder.rglob("*.json"))


def test_other_documents_are_another_system(system: TunedWithPassages, tmp_path: Path) -> None:
    first = dict(system.identity())
    (tmp_path / "pages" / "fees.md").write_text("# Fees\n\nA fee is paid within five days.\n", encoding="utf-8")
    assert dict(system.identity()) != first


def test_a_system_that_looks_nothing_up_is_refused(base: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        finetune.build_around("tuned", str(base), {"retrieval": "plain"}, tmp_path, around_of(tmp_path))
    assert caught.value.code == "finetune.no_retrieval"
