"""Packed tokens and the batches drawn from them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pretraining.config import CONFIGS, Stage
from pretraining.stream import ANSWER, CORPUS, PADDING, PROMPT, Stream, copy_row, weights_of
from pretraining.tokenizer import BOS, END, SPECIAL, load

TINY = CONFIGS["tiny"]
HALF, TASKS = Stage(0.0, 0.5), Stage(0.0, 1.0)


@pytest.fixture(scope="module")
def stream(build_folder: Path) -> Stream:
    return Stream(build_folder, TINY)


def test_packed_rows_begin_and_end_with_their_marks(build_folder: Path) -> None:
    for part in ("prose", "dialogues"):
        tokens = np.load(build_folder / f"{part}.npy")
        assert tokens.dtype == np.uint16
        assert (tokens[0], tokens[-1]) == (BOS, END)
        assert (tokens == BOS).sum() == 24
    notes = json.loads((build_folder / "corpus.json").read_text())
    assert notes["prose.jsonl.zst"]["tokens"] == len(np.load(build_folder / "prose.npy"))


def test_shards_mark_answers_only(build_folder: Path) -> None:
    with np.load(build_folder / "tasks-0000.npz") as shard:
        tokens, mask, starts = shard["tokens"], shard["mask"], shard["starts"]
    assert (tokens[starts] == BOS).all()
    assert (mask[np.append(starts[1:] - 1, len(tokens) - 1)] == 1).all()
    assert 0.05 < mask.mean() < 0.6
    counts = json.loads((build_folder / "tasks-0000.json").read_text())
    assert counts["kept"] == len(starts)


def test_a_batch_is_a_function_of_seed_and_step(stream: Stream, build_folder: Path) -> None:
    first = [stream.batch(step, HALF) for step in range(12)]
    again = Stream(build_folder, TINY)
    for step in (11, 3, 7):
        batch = again.batch(step, HALF)
        assert (batch.rows == first[step].rows).all()
        assert (batch.roles == first[step].roles).all()
    other = Stream(build_folder, replace(TINY, seed=2)).batch(3, HALF)
    assert (other.rows != first[3].rows).any()
    assert not all(
        (one.rows[:, :60] == first[0].rows[:, :60]).all() for one in first[1:] if one.rows.shape == first[0].rows.shape
    )


def test_every_tenth_step_is_long(stream: Stream) -> None:
    assert stream.batch(8, HALF).rows.shape == (4, 65)
    assert stream.batch(9, HALF).rows.shape == (2, 129)


def test_task_rows_begin_with_a_task_and_have_the_wanted_share(stream: Stream) -> None:
    shares = []
    for step in range(40):
        batch = stream.batch(step, HALF)
        is_task = (batch.roles != CORPUS).all(axis=1)
        assert (batch.rows[is_task, 0] == BOS).all()
        shares.append(is_task.mean())
    assert np.mean(shares) == pytest.approx(0.5, abs=0.1)


def test_answers_in_a_batch_end_with_the_stop_token(stream: Stream, build_folder: Path) -> None:
    tokenizer = load(build_folder / "tokenizer")
    batches = [stream.batch(step, TASKS) for step in (9, 19, 29, 39)]
    ends = [
        batch.rows[row, at]
        for batch in batches
        for row, at in np.ndindex(batch.rows.shape[0], batch.rows.shape[1] - 1)
        if batch.roles[row, at] == ANSWER and batch.roles[row, at + 1] == PROMPT
    ]
    assert ends
    assert {tokenizer.id_to_token(int(token)) for token in ends} == {"<|end|>"}


def test_loss_weights_follow_the_roles() -> None:
    roles = np.array([[CORPUS, CORPUS, PROMPT, ANSWER, PADDING]], np.uint8)
    assert weights_of(roles, TINY).tolist() == [[1.0, pytest.approx(TINY.prompt_weight), TINY.answer_weight, 0.0]]


def test_copy_rows_train_what_stood_there_before(build_folder: Path) -> None:
    rng, source = np.random.default_rng(4), np.load(build_folder / "prose.npy")
    for _ in range(20):
        row, roles = copy_row(rng, 200, source, 512)
        trained = np.flatnonzero(roles == CORPUS)
        assert 60 < len(trained) < 130
        segment: list[int] = []
        for at in trained.tolist():
            if row[at] == END:
                segment = []
                continue
            segment.append(int(row[at]))
            start = at - len(segment) + 1
            before = [int(token) for token in row[:start] if token >= len(SPECIAL)]
            text = " ".join(str(token) for token in before)
            assert " ".join(str(token) for token in segment) in text


def test_copies_take_their_share_of_the_rows(stream: Stream) -> None:
    batches = [stream.batch(step, Stage(0.0, 0.25, 0.5)) for step in range(30)]
    copied = [((batch.roles == PADDING) & (batch.rows >= len(SPECIAL))).any(axis=1).mean() for batch in batches]
    assert np.mean(copied) == pytest.approx(0.5, abs=0.1)
