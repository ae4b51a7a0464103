"""How the audit grows with the number of rows: seconds and memory of the whole process tree, first and second run.

``python benchmarks/audit.py banking77/ --rows 10000 100000 1000000``. The folder holds ``train.jsonl.gz`` with texts
and labels; rows are mixed from it word by word, so that they differ, with planted copies, near copies, wrong labels and
addresses. Every size gets a fresh project; nothing is compared by meaning (``--no-vectors``). Memory is the sum of the
resident sets of the command and its workers, read four times a second: shared pages count twice. Where other work runs
beside it, seconds say little and processor seconds more; ``load`` is that of the last quarter of an hour. Linux only.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import math
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

READ_EVERY_S = 0.25
# Shares of rows: an equal copy of a former row, one that differs in its politeness, a label of another row, an address.
COPIES, NEAR_COPIES, WRONG_LABELS, ADDRESSES = 0.02, 0.01, 0.01, 0.001
# Of the words of a row: drawn from all rows, and made up (names, products), which keeps the vocabulary growing.
FOREIGN_WORDS, MADE_UP_WORDS = 0.15, 0.05
SYLLABLES = ("ba", "den", "ko", "lin", "mar", "no", "pel", "ri", "sto", "tu", "va", "zer")
KEPT_FOR_COPIES = 20_000

Row = tuple[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 50_000, 100_000, 300_000, 1_000_000])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only-write", type=Path, help="Write the rows as CSV here and run nothing.")
    parser.add_argument("--second", action=argparse.BooleanOptionalAction, default=True)
    given = parser.parse_args()
    source = source_rows(given.folder)
    if given.only_write:
        write_rows(given.only_write, source, max(given.rows), given.seed)
        return
    date = datetime.now(UTC).date().isoformat()
    print(f"{given.folder.name}, seed {given.seed}, {date}, {machine()}\n", flush=True)
    print("| rows | seconds | of processor | peak MB | second run, seconds | of processor | load |", flush=True)
    print("|---|---|---|---|---|---|---|", flush=True)
    for rows in given.rows:
        print(table_line(source, rows, given.seed, second=given.second), flush=True)


def table_line(source: list[Row], rows: int, seed: int, *, second: bool) -> str:
    """One line of the table, from a fresh project."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.csv"
        write_rows(file, source, rows, seed)
        wall, processor, peak = audited(file)
        again, again_processor, again_peak = audited(file) if second else (math.nan, math.nan, 0)
    peak, load = max(peak, again_peak), os.getloadavg()[2]
    first = f"| {rows:,} | {wall:.0f} | {processor:.0f} | {peak / 1e6:,.0f} |"
    return f"{first} {again:.0f} | {again_processor:.0f} | {load:.0f} |"


def source_rows(folder: Path) -> list[Row]:
    """(text, label) of the training rows of a folder."""
    with gzip.open(folder / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [(row["text"], row["label"]) for row in map(json.loads, lines)]


def write_rows(path: Path, source: list[Row], rows: int, seed: int) -> None:
    """A table of mixed rows; the same for the same source, number and seed."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(("text", "label"))
        out.writerows(mixed_rows(source, rows, seed))


def mixed_rows(source: list[Row], rows: int, seed: int) -> Iterator[Row]:
    """Rows with the first words of one row and the last of another of its label, some words exchanged."""
    draw = random.Random(seed)
    vocabulary = [word for text, _ in source for word in text.split()]
    by_label: dict[str, list[list[str]]] = {}
    for text, label in source:
        by_label.setdefault(label, []).append(text.split())
    former: list[Row] = []
    for _ in range(rows):
        chance = draw.random()
        if former and chance < COPIES + NEAR_COPIES:
            text, label = draw.choice(former)
            row = (text if chance < COPIES else f"{text} thanks", label)
        else:
            label = draw.choice(source)[1]
            row = (_mixed(draw, by_label[label], vocabulary), label)
            if draw.random() < WRONG_LABELS:
                row = (row[0], draw.choice(source)[1])
        yield row
        if len(former) < KEPT_FOR_COPIES:
            former.append(row)
        else:
            former[draw.randrange(KEPT_FOR_COPIES)] = row


def _mixed(draw: random.Random, of_label: list[list[str]], vocabulary: list[str]) -> str:
    first, last = draw.choice(of_label), draw.choice(of_label)
    words = first[: (len(first) + 1) // 2] + last[len(last) // 2 :]
    for place in range(len(words)):
        chance = draw.random()
        if chance < FOREIGN_WORDS:
            words[place] = draw.choice(vocabulary)
        elif chance < FOREIGN_WORDS + MADE_UP_WORDS:
            words[place] = "".join(draw.choices(SYLLABLES, k=draw.randint(2, 4)))
    if draw.random() < ADDRESSES:
        words.append(f"{draw.choice(SYLLABLES)}.{draw.choice(SYLLABLES)}{draw.randrange(1000)}@example.com")
    return " ".join(words)


def audited(file: Path) -> tuple[float, float, int]:
    """Audit a file in its own folder: wall seconds, processor seconds of all processes, peak bytes of all together."""
    command = [str(Path(sys.executable).with_name("tunewright")), "audit", file.name, "--no-vectors"]
    before, start = os.times(), time.perf_counter()
    process = subprocess.Popen(command, cwd=file.parent, stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        peak = max(peak, resident_bytes(process.pid))
        time.sleep(READ_EVERY_S)
    wall, after = time.perf_counter() - start, os.times()
    if process.returncode:
        raise SystemExit(f"the audit failed with {process.returncode}")
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, spent, peak


def resident_bytes(root: int) -> int:
    """The resident sets of a process and all its descendants, together."""
    parents: dict[int, int] = {}
    sizes: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            # proc(5), /proc/pid/stat: fields 4 (ppid) and 24 (rss, pages); the split begins with field 3.
            parents[int(folder.name)], sizes[int(folder.name)] = int(fields[1]), int(fields[21])
    tree, grown = {root}, True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in tree} - tree
        tree, grown = tree | more, bool(more)
    return sum(sizes.get(pid, 0) for pid in tree) * os.sysconf("SC_PAGE_SIZE")


def machine() -> str:
    """Processor, cores and system in words."""
    names = [line for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if "model name" in line]
    name = names[0].partition(":")[2].strip() if names else platform.machine()
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
