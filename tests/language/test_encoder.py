"""Tokenising and embedding with a tiny random encoder; the real one in a slow test."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from tunewright.errors import Cancelled, InputError
from tunewright.language.encoder import Encoder, length_batches, load_encoder, pad_rows, pool, shared_encoder
from tunewright.language.files import EncoderFiles, locate, read_folder

TEXTS = ["my card is lost", "why was i charged a fee twice", "", "money " * 40, "close my account", "my card is lost"]


@pytest.fixture(scope="module")
def encoder(tiny_encoder: Path) -> Encoder:
    return Encoder(locate(str(tiny_encoder)))


def test_vectors_are_those_of_plain_transformers(encoder: Encoder, tiny_encoder: Path) -> None:
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    model = AutoModel.from_pretrained(tiny_encoder).eval()
    with torch.inference_mode():
        ids = tokenizer(["why was i charged a fee twice"], return_tensors="pt")
        mean = model(**ids).last_hidden_state[0].mean(dim=0)
    expected = (mean / mean.norm()).numpy()
    np.testing.assert_allclose(encoder.embed(TEXTS)[1], expected, atol=1e-6)


def test_order_duplicates_and_shape(encoder: Encoder) -> None:
    vectors = encoder.embed(TEXTS)
    assert vectors.shape == (6, 32)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    np.testing.assert_array_equal(vectors[0], vectors[5])
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-3
    assert encoder.embed([]).shape == (0, 32)


def test_a_vector_does_not_depend_on_its_batch(tiny_encoder: Path) -> None:
    files = locate(str(tiny_encoder))
    together = Encoder(files).embed(TEXTS)
    for text, vector in zip(TEXTS, together, strict=True):
        np.testing.assert_allclose(Encoder(files).embed([text])[0], vector, atol=2e-6)


def test_equal_texts_are_computed_once(tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = Encoder(locate(str(tiny_encoder)))
    rows: list[int] = []
    plain = encoder._embed_rows
    monkeypatch.setattr(encoder, "_embed_rows", lambda batch: rows.append(len(batch)) or plain(batch))
    encoder.embed(["a", "b", "a"])
    encoder.embed(["b", "c", "a"])
    assert sum(rows) == 3


def test_one_encoder_per_process(tiny_encoder: Path) -> None:
    files = locate(str(tiny_encoder))
    assert shared_encoder(files) is shared_encoder(locate(str(tiny_encoder)))


def test_rows_cut_and_unknown_scripts_are_counted(encoder: Encoder) -> None:
    tokens = encoder.tokenise([*TEXTS, "Карта утеряна"])
    assert (tokens.cut, tokens.foreign) == (1, 1)
    assert tokens.lengths.max() == 16
    separator = tokens.ids[0][-1]
    assert all(row[-1] == separator for row in tokens.ids), "a cut row lost its last special token"
    assert tokens.notes(16, "training texts") == [
        "1 of 7 training texts are longer than 16 tokens and were cut at the end",
        "1 of 7 training texts are in a script this encoder does not know",
    ]
    assert encoder.tokenise(["my card"]).notes(16) == []


def test_a_lone_surrogate_does_not_stop_anything(encoder: Encoder) -> None:
    assert np.isfinite(encoder.embed(["my \ud800 card"])).all()


def test_embedding_can_be_stopped(tiny_encoder: Path) -> None:
    with pytest.raises(Cancelled):
        Encoder(locate(str(tiny_encoder))).embed(["my card"], cancelled=lambda: True)


def test_pooling_by_first_token(tiny_encoder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cls"
    shutil.copytree(tiny_encoder, folder)
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": True}), encoding="utf-8")
    assert load_encoder(read_folder(folder)).shape.pooling == "cls"
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_max_tokens": True}), encoding="utf-8")
    with pytest.raises(InputError, match="pooling_mode_max_tokens"):
        load_encoder(read_folder(folder))


def test_shape_without_sentence_files(tiny_encoder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    shutil.copytree(tiny_encoder, folder)
    shutil.rmtree(folder / "1_Pooling")
    (folder / "sentence_bert_config.json").unlink()
    shape = load_encoder(read_folder(folder)).shape
    assert (shape.pooling, shape.max_tokens) == ("mean", 64)


def test_length_limit_given_by_a_person(tiny_encoder: Path) -> None:
    files = locate(str(tiny_encoder))
    assert Encoder(files, max_tokens=8).tokenise(["money " * 40]).lengths.tolist() == [8]
    with pytest.raises(InputError, match="between 3 and 64"):
        Encoder(files, max_tokens=65)


def test_code_in_a_model_folder_is_not_run(tiny_encoder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "with-code"
    shutil.copytree(tiny_encoder, folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config |= {"model_type": "their-own", "auto_map": {"AutoConfig": "x.C", "AutoModel": "x.M"}}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    mark = tmp_path / "was-run"
    (folder / "x.py").write_text(f"open({str(mark)!r}, 'w').close()", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_encoder(read_folder(folder))
    assert caught.value.code == "encoder.unreadable"
    assert not mark.exists()


def test_pool_by_hand() -> None:
    hidden = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [9.0, 9.0]]])
    mask = torch.tensor([[1, 1, 0]])
    assert pool(hidden, mask, "mean").tolist() == [[2.0, 3.0]]
    assert pool(hidden, mask, "cls").tolist() == [[1.0, 2.0]]


def test_padding_by_hand() -> None:
    ids, mask = pad_rows([[5, 6, 7], [8]], padding=1)
    assert ids.tolist() == [[5, 6, 7], [8, 1, 1]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]


def test_length_batches_hold_the_budget() -> None:
    lengths = np.array([5, 1, 9, 30, 2, 2])
    batches = list(length_batches(lengths, max_tokens=10))
    assert batches == [[1, 4, 5], [0], [2], [3]]


@pytest.mark.slow
def test_minilm_knows_which_sentences_are_near() -> None:
    files = locate("minilm")
    assert read_folder(files.folder) == EncoderFiles(files.folder, files.digest), "the pins are not those of the files"
    encoder = Encoder(files)
    assert (encoder.dimension, encoder.max_tokens) == (384, 256)
    card, lost, press = encoder.embed(["My card was stolen.", "Someone took my bank card.", "The press leaks oil."])
    assert card @ lost > 0.6 > 0.2 > card @ press
    foreign = [
        "Добрый день, машина не работает",
        "機械が動かなくなりました",
        "기계가 작동하지 않습니다",
        "המכונה לא עובדת",
    ]
    known = ["Die Maschine läuft nicht", "Makine sabahtan beri çalışmıyor", "F17 0x44, 12 bar 😀"]
    assert encoder.tokenise([*foreign, *known]).foreign == len(foreign)
