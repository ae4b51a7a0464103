"""After a row was erased no reply is kept whose request held its words: probes of speed and judges too."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from desks import MAJORITY, WORDS, WORDS_ONLY, Row, make_project, make_rows, open_state, run_project

from misbehaving import Answer, Server, reply
from tunewright.project.settings import SystemEntry
from tunewright.store.replies import KeptReply, ReplyShelf
from tunewright.workflow.erase import purge

BRIEF: SystemEntry = {"prompt": {"use": "far", "style": "brief", "name": "asked"}}
SHOWN: SystemEntry = {"few_shot": {"use": "far", "name": "shown"}}
LINE: SystemEntry = {"pipeline": {"use": "words > asked", "targets": "customer", "name": "line"}}
IN_TURN: SystemEntry = {"cascade": {"use": "words > asked", "name": "in_turn"}}


def right(_place: int, body: dict[str, Any]) -> Answer:
    text = body["messages"][-1]["content"].split()
    return reply(max(WORDS, key=lambda label: sum(word in WORDS[label] for word in text)))


def judged(_place: int, body: dict[str, Any]) -> Answer:
    return reply(json.dumps({"reason": "read", "marks": {"right": int("invoice" in body["messages"][-1]["content"])}}))


def own_word(row: Row, rows: Sequence[Row]) -> str:
    others = {word for other in rows if other is not row for word in other.text.split()}
    (word,) = set(row.text.split()) - others
    return word


@pytest.fixture
def asked_for(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keys of all replies that were ever kept: each holds the whole request as text."""
    keys: list[str] = []
    put = ReplyShelf.put

    def put_and_tell(shelf: ReplyShelf, kept: Sequence[KeptReply]) -> None:
        keys.extend(one.key for one in kept)
        put(shelf, kept)

    monkeypatch.setattr(ReplyShelf, "put", put_and_tell)
    return keys


def still_kept(folder: Path, keys: Sequence[str]) -> int:
    with open_state(folder) as store:
        return len(store.replies.get(keys))


def is_probe(key: str, row: Row) -> bool:
    """Whether a request holds the text of the row with a number behind it that the row itself has not."""
    return any(f"{row.text} {number}" in key for number in range(300))


@pytest.mark.parametrize(
    "systems",
    [(MAJORITY, BRIEF), (MAJORITY, SHOWN), (WORDS_ONLY, BRIEF, IN_TURN), (WORDS_ONLY, BRIEF, LINE)],
    ids=["prompt", "shots", "cascade", "pipeline"],
)
def test_no_reply_to_an_erased_row_is_left(tmp_path: Path, asked_for: list[str], systems: list[SystemEntry]) -> None:
    rows = make_rows(60, group_size=10)
    with Server(right) as server:
        models = {"far": {"openai": "m", "base_url": server.url, "retry_s": 0}}
        folder = make_project(tmp_path, rows, systems=systems, fields={"models": models, "folds": 3})
        run_project(folder)
    row = next(row for row in rows if any(is_probe(key, row) for key in asked_for))
    word = own_word(row, rows)
    held = [key for key in asked_for if word in key]
    assert still_kept(folder, held) == len(set(held)) > 1
    others = [key for key in asked_for if word not in key]

    purge(row.id, folder)
    assert still_kept(folder, held) == 0
    assert still_kept(folder, others) == len(set(others)), "nothing else goes"


def test_no_reply_of_a_judge_of_an_erased_row_is_left(tmp_path: Path, asked_for: list[str]) -> None:
    rows = make_rows(60)
    grader = {"judge": {"model": "far", "criteria": "- right (1): says what the target says", "levels": 1}}
    with Server(judged) as server:
        models = {"far": {"openai": "m", "base_url": server.url, "retry_s": 0}}
        fields = {"models": models, "folds": 3, "kind": "generate", "grader": grader}
        folder = make_project(tmp_path, rows, systems=[MAJORITY], fields=fields)
        run_project(folder)
    row = rows[7]
    held = [key for key in asked_for if own_word(row, rows) in key]
    assert still_kept(folder, held) == len(set(held)) > 0
    purge(row.id, folder)
    assert still_kept(folder, held) == 0
