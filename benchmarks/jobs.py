"""The comparison on public jobs that are no plain classification, with the embedded models alone.

python benchmarks/jobs.py DATA WORK --job snips_slots --job goemotions

DATA holds a folder per data set; WORK gets a project folder per job, which a second call goes on from. Each job is a
project file as a person would write it; rows are the first ones of the official files in the order of a fixed hash, so
that a smaller number is a part of a larger one. Prints a markdown table per job.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

Row = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """One job: its project file, and how its rows are made from the files of the set."""

    settings: Mapping[str, Any]
    train: tuple[str, int]
    test: tuple[str, int] | None = None


ASKED: tuple[Any, ...] = (
    {"prompt": {"use": "wren", "style": "brief"}},
    {"few_shot": {"use": "wren", "choice": "nearest"}},
)
JOBS: Mapping[str, Job] = {
    "snips_slots": Job(
        {
            "task": "Extract intent and slots of a voice command as JSON",
            "kind": "extract",
            "data": {"input": "text", "target": "target"},
            "systems": ["majority", *ASKED, {"finetune": "wren"}],
        },
        ("train_small", 1000),
        ("test", 300),
    ),
    "goemotions": Job(
        {
            "task": "Name the emotions of a comment",
            "kind": "classify",
            "grader": "labels",
            "data": {"input": "text", "target": "label"},
            "systems": ["majority", "tfidf", "embedding", {"finetune": "minilm"}],
        },
        ("train", 6000),
        ("test", 2000),
    ),
    "spider_sql": Job(
        {
            "task": "Write the SQL query that answers the question from the tables given",
            "kind": "generate",
            "grader": "normalised",
            "data": {"input": ["context", "text"], "target": "target", "group": "db_id"},
            "systems": ["majority", *ASKED, {"finetune": "wren"}],
        },
        ("train", 600),
        ("validation", 300),
    ),
    "mts_dialog": Job(
        {
            "task": "Write the section of the clinical note that this conversation is about",
            "kind": "generate",
            "grader": "rouge",
            "data": {"input": "text", "target": "target"},
            "systems": ["majority", *ASKED, {"finetune": "wren"}],
        },
        ("train", 400),
        ("test2", 200),
    ),
    "squad2_dev": Job(
        {
            "task": "Answer the question from the documents in a few words, or say: not in the documents",
            "kind": "generate",
            "grader": {"span": {"references": "lines"}},
            "data": {"input": "question", "target": "answer", "group": "title"},
            "systems": [
                "majority",
                {"retrieval": {"documents": "documents", "name": "quote"}},
                {"retrieval": {"use": "wren", "documents": "documents", "passages": 1}},
                {"finetune": "wren"},
            ],
        },
        ("validation", 1600),
    ),
}
MOST_CONTEXT_CHARS = 4000
ABSENT = "not in the documents"


def read_rows(folder: Path, name: str, most: int) -> list[Row]:
    """The first rows of a split in the order of a hash of their content; none with a context that Wren cannot read."""
    path = next(path for path in (folder / f"{name}.jsonl", folder / f"{name}.jsonl.gz") if path.is_file())
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines = sorted(set(content.splitlines()), key=lambda line: hashlib.sha256(line).hexdigest())
    rows = (json.loads(line) for line in lines)
    return list(islice((row for row in rows if len(row.get("context", "")) <= MOST_CONTEXT_CHARS), most))


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def squad_rows(rows: Sequence[Row], documents: Path) -> Iterator[Row]:
    """Questions with one answer a line, without their passages, which become a folder of documents."""
    documents.mkdir(exist_ok=True)
    for row in rows:
        name = hashlib.sha256(row["context"].encode()).hexdigest()[:12]
        (documents / f"{name}.txt").write_text(row["context"], encoding="utf-8")
        answers = list(dict.fromkeys(row["answers"])) or [ABSENT]
        yield {"question": row["question"], "answer": "\n".join(answers), "title": row["title"], "page": f"{name}.txt"}


def make_project(name: str, job: Job, data: Path, folder: Path) -> None:
    """The folder with its tables and project file; one that stands is left as it is."""
    if (folder / "tunewright.yaml").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    settings = json.loads(json.dumps(job.settings))
    settings["data"]["path"] = "train.jsonl"
    train = read_rows(data / name, *job.train)
    if name == "squad2_dev":
        everything = read_rows(data / name, job.train[0], 1_000_000)
        list(squad_rows(everything, folder / "documents"))
        train = list(squad_rows(train, folder / "documents"))
    write_rows(folder / "train.jsonl", train)
    if job.test is not None:
        write_rows(folder / "test.jsonl", read_rows(data / name, *job.test))
        settings["data"]["test"] = "test.jsonl"
    settings["volume_per_day"] = 1000
    (folder / "tunewright.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


def run_job(name: str, folder: Path) -> None:
    """One run from the command line, and its table."""
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"}
    program = str(Path(sys.executable).with_name("tunewright"))
    command = [program, "run", str(folder), "--final", "--go-on", "--json"]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    seconds = time.perf_counter() - began
    if done.returncode not in (0, 3):
        print(f"{name}: failed\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        return
    verdict = json.loads(done.stdout)
    print(f"\n{name}: {verdict['test_set']['n']} test cases, {seconds:,.0f} s, {verdict['headline']}\n")
    print("| system | score (95 %) | no usable answer | measures | tokens read / written | training |")
    print("|---|---|---|---|---|---|")
    for system in verdict["systems"]:
        if not system["available"]:
            print(f"| {system['name']} | not available: {system['reason']} | | | | |")
            continue
        low, high = system["interval"] or (float("nan"), float("nan"))
        measures = ", ".join(f"{key} {value:.3f}" for key, value in system["measures"].items())
        taken = system["per_answer"]
        tokens = f"{taken['input_tokens'] + taken['cached_tokens']:.0f} / {taken['output_tokens']:.0f}" if taken else ""
        print(
            f"| {system['name']} | {system['score']:.3f} ({low:.3f} to {high:.3f}) | {system['no_usable_answer']} "
            f"| {measures} | {tokens} | {system['training_seconds']:.0f} s |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--job", action="append", choices=list(JOBS), default=None)
    arguments = parser.parse_args()
    print(f"{date.today()}, {platform.machine()}, {os.cpu_count()} processors, seed 0")
    for name in arguments.job or list(JOBS):
        make_project(name, JOBS[name], arguments.data, arguments.work / name)
        run_job(name, arguments.work / name)


if __name__ == "__main__":
    main()
