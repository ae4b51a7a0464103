"""Small labelled tables and projects, fast enough for a whole run in about a second.

A text is a few words of its class among everyday words and one word that no other text has, so that no two rows are
near copies unless a test asks for them. ``noise`` is the share of rows whose words are those of another class.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import yaml

from tunewright.data.rows import SetAside
from tunewright.project.file import FILE_NAME, load_project
from tunewright.project.settings import ProjectSettings, SystemEntry
from tunewright.records.verdict import Verdict
from tunewright.store import Store
from tunewright.systems.registry import parse_entry
from tunewright.systems.tfidf import Tfidf
from tunewright.workflow.fitting import Contestant
from tunewright.workflow.load import load
from tunewright.workflow.prepare import prepare
from tunewright.workflow.run import RunOptions, run
from tunewright.workflow.runs import STATE
from tunewright.workflow.selftest_tricks import StandIn
from tunewright.workflow.study import Hooks, Study

WORDS: Mapping[str, tuple[str, ...]] = {
    "billing": ("invoice", "charge", "refund", "receipt", "amount", "overdue", "payment", "tax"),
    "delivery": ("parcel", "courier", "tracking", "shipment", "doorstep", "delayed", "address", "warehouse"),
    "repair": ("broken", "noise", "leaking", "motor", "spare", "technician", "warranty", "overheats"),
}
LABELS = tuple(WORDS)
EVERYDAY = (
    "please could you help with this matter because yesterday our team noticed something about the order and since "
    "then everyone has waited we would like to know today whether anything can be done before friday thanks again "
    "kind regards from office morning upper floor machine account number still waiting"
)
FILLER = EVERYDAY.split()
SYLLABLES = ("ba", "co", "di", "fu", "ga", "ke", "li", "mo", "nu", "pa", "re", "si", "to", "vu", "wa", "zi")

MAJORITY = "majority"
WORDS_ONLY: SystemEntry = {"tfidf": {"name": "words", "character_ngrams": False}}


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    id: str
    text: str
    category: str
    customer: str
    received: str


def make_rows(n: int, *, seed: int = 1, noise: float = 0.15, group_size: int = 1, prefix: str = "T") -> list[Row]:
    """``n`` rows, classes in turn, ``group_size`` rows to a customer, one row a quarter of an hour."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(n):
        label = LABELS[number % len(LABELS)]
        told = str(rng.choice([other for other in LABELS if other != label])) if rng.random() < noise else label
        words = [*rng.choice(WORDS[told], 2, replace=False), *rng.choice(FILLER, 9, replace=False), _own_word(rng)]
        received = (
            f"2026-{1 + number // 2688:02d}-{1 + number // 96 % 28:02d}T{number // 4 % 24:02d}:{number % 4 * 15:02d}"
        )
        text = " ".join(str(word) for word in rng.permutation(words))
        rows.append(Row(f"{prefix}{number:04d}", text, label, f"{prefix}-customer-{number // group_size}", received))
    return rows


def _own_word(rng: np.random.Generator) -> str:
    return "".join(rng.choice(SYLLABLES, 6))


def near_copy(row: Row, name: str) -> Row:
    """The same words in another order: a near copy, and no exact one."""
    first, *rest = row.text.split()
    return replace(row, id=name, text=" ".join([*rest, first]))


def shuffled_labels(rows: Sequence[Row], seed: int) -> list[Row]:
    """The same rows with their labels dealt out at random."""
    labels = np.random.default_rng(seed).permutation([row.category for row in rows])
    return [replace(row, category=str(label)) for row, label in zip(rows, labels, strict=True)]


def write_rows(path: Path, rows: Sequence[Row]) -> Path:
    """A csv file with a column per field."""
    return write_table(path, [asdict(row) for row in rows])


def write_table(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    """A csv file of any columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_answers(path: Path, rows: Sequence[Row], *, right: float, seed: int = 3, id_column: str = "id") -> Path:
    """Answers recorded elsewhere to these rows, a share ``right`` of them right."""
    rng = np.random.default_rng(seed)
    lines = []
    for row in rows:
        wrong = str(rng.choice([label for label in LABELS if label != row.category]))
        lines.append({id_column: row.id, "answer": row.category if rng.random() < right else wrong})
    return write_table(path, lines)


def make_project(
    folder: Path,
    rows: Sequence[Row],
    *,
    systems: Sequence[SystemEntry] = (MAJORITY, WORDS_ONLY),
    data: Mapping[str, object] | None = None,
    fields: Mapping[str, object] | None = None,
) -> Path:
    """A project folder with ``tickets.csv`` and a project file; ``data`` and ``fields`` add to the latter."""
    write_rows(folder / "tickets.csv", rows)
    columns = {"path": "tickets.csv", "input": "text", "target": "category", "id": "id", **(data or {})}
    settings = {"task": "Send each ticket to its desk", "data": columns, "systems": list(systems), **(fields or {})}
    (folder / FILE_NAME).write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return folder


def settings_of(folder: Path) -> ProjectSettings:
    return load_project(folder / FILE_NAME)


def run_project(folder: Path, options: RunOptions | None = None, hooks: Hooks | None = None) -> Verdict:
    """The main job in a project folder."""
    return run(settings_of(folder), folder, options or RunOptions(), hooks or Hooks()).verdict


def study_of(folder: Path, store: Store) -> tuple[Study, tuple[SetAside, ...]]:
    """The study of a project folder and the rows set aside, without fitting anything."""
    settings = settings_of(folder)
    prepared = prepare(settings, folder, load(settings, folder, store), store)
    return prepared.study, prepared.set_aside


def open_state(folder: Path) -> Store:
    return Store.open(folder / STATE)


def stand_in(name: str, role: str, *, sample: int | None = None) -> Contestant:
    """A linear model in the part of a baseline or of a fine-tune, as in the selftest."""
    assert role in ("baseline", "candidate")
    return Contestant(parse_entry({"tfidf": {"name": name}}), StandIn(name, role, sample))  # type: ignore[arg-type]


def words_only(name: str = "words") -> Contestant:
    """A quick linear model on words, in the part of a baseline."""
    entry = parse_entry({"tfidf": {"name": name, "character_ngrams": False}})
    return Contestant(entry, Tfidf(name, False, 1, strengths=(1.0,)))


def fits_made(folder: Path) -> list[str]:
    """Every fit that any run of the project has made, as ``system, part``, from the logs of the runs."""
    made = []
    for log in sorted((folder / "runs").glob("*/log.txt")):
        for line in log.read_text(encoding="utf-8").splitlines():
            _, _, text = line.partition(" ")
            name, _, _ = text.partition(": ")
            if ", fold-" in name or ", all" in name or ", test" in name:
                made.append(name)
    return made


def run_folders(folder: Path) -> list[Path]:
    return sorted((folder / "runs").glob("*/"))
