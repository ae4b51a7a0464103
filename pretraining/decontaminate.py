"""Which generated tasks touch an evaluation set: equal short texts, or a run of 13 words in common.

Words are runs of letters and digits in lower case (the rule of Brown et al. 2020, arXiv 2005.14165, appendix C, for 13
words). Every split of the data folder that is not a training split counts as evaluation. Run as
``python -m pretraining.decontaminate``; the packer drops what it finds, and the counts go into the model card.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pretraining.tasks.base import Task

RUN_WORDS = 13
SHORT_WORDS = (6, 12)  # an equal text of so many words counts, shorter ones ("yes please") are everyone's
_WORD = re.compile(r"[a-z0-9]+")
_SIDES = ("train", "oos_train", "sentences_train", "documents_train")


def words_of(text: str) -> list[str]:
    """Lower-case words of a text, letters and digits only."""
    return _WORD.findall(text.lower())


def runs_of(words: list[str]) -> Iterator[str]:
    """All runs of 13 words."""
    for start in range(len(words) - RUN_WORDS + 1):
        yield " ".join(words[start : start + RUN_WORDS])


@dataclass(slots=True)
class Reserved:
    """The texts of all evaluation splits: runs of 13 words, whole short texts, all words, and rows by split."""

    runs: set[str] = field(default_factory=set)
    short: set[str] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, texts: list[str]) -> None:
        """Take in one row."""
        self.rows[name] = self.rows.get(name, 0) + 1
        for text in texts:
            words = words_of(text)
            if len(words) < SHORT_WORDS[0]:
                continue
            self.texts.append(" ".join(words))
            self.runs.update(runs_of(words))
            if SHORT_WORDS[0] <= len(words) <= SHORT_WORDS[1]:
                self.short.add(" ".join(words))

    def touches(self, text: str) -> bool:
        """True when ``text`` shares a run of 13 words with an evaluation row, or a line of it is one."""
        if any(" ".join(words_of(line)) in self.short for line in text.splitlines()):
            return True
        return any(run in self.runs for run in runs_of(words_of(text)))


def texts_of(value: object) -> list[str]:
    """All strings inside a JSON value."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts_of(inner)]
    return [text for inner in value for text in texts_of(inner)] if isinstance(value, list) else []


def is_evaluation(path: Path) -> bool:
    """True for a split that nobody trains on (validation, test, and sets that have no training split)."""
    side = path.name.split(".")[0]
    return side not in _SIDES and not side.startswith("train") and ".jsonl" in path.name


def read_reserved(folder: Path) -> Reserved:
    """All evaluation splits under a data folder (``<set>/<split>.jsonl[.gz]``)."""
    reserved = Reserved()
    for path in sorted(folder.glob("*/*.jsonl*")):
        if not is_evaluation(path):
            continue
        content = path.read_bytes()
        text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
        for line in text.splitlines():
            reserved.add(f"{path.parent.name}/{path.name.split('.')[0]}", texts_of(json.loads(line)))
    return reserved


def task_touches(reserved: Reserved, task: Task) -> bool:
    """True when any message of a task touches an evaluation row."""
    return any(reserved.touches(str(message.get("content") or "")) for message in task.messages)


@dataclass(slots=True)
class Filter:
    """Keeps the tasks that touch no evaluation row, and counts both."""

    reserved: Reserved
    kept: int = 0
    dropped: dict[str, int] = field(default_factory=dict)

    def __call__(self, tasks: list[Task]) -> list[Task]:
        """The tasks that may be trained on."""
        clean = []
        for task in tasks:
            if task_touches(self.reserved, task):
                self.dropped[task.kind] = self.dropped.get(task.kind, 0) + 1
            else:
                clean.append(task)
        self.kept += len(clean)
        return clean
