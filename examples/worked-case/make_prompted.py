"""Makes `prompted.csv`: MADE-UP answers of a prompted model that is right on 87 % of the 600 tickets of `../tickets`.

No model was asked. The worked case of `docs/worked-case.md` needs "a prompted model at 87 %", and no such model runs on
the machine that it was written on; so 78 of the 600 right answers (13 %) are exchanged for a category that lies near,
with hard tickets (`case` other than normal) three times as likely to be hit. Seeded: it always writes the same file.

    python make_prompted.py ../tickets/tickets.csv prompted.csv
"""

from __future__ import annotations

import csv
import random
import sys
from pathlib import Path

SEED = 7
RIGHT = 0.87
HARD_TIMES = 3
NEAR = {
    "billing": ("delivery", "quote"),
    "breakdown": ("maintenance", "warranty", "operation"),
    "delivery": ("spare_parts", "billing"),
    "documents": ("training", "operation"),
    "installation": ("maintenance", "delivery"),
    "maintenance": ("breakdown", "spare_parts", "installation"),
    "operation": ("software", "training", "breakdown"),
    "quote": ("spare_parts", "billing"),
    "software": ("operation", "breakdown"),
    "spare_parts": ("quote", "delivery", "warranty"),
    "training": ("documents", "operation"),
    "warranty": ("breakdown", "spare_parts"),
}


def made_answers(rows: list[dict[str, str]]) -> list[str]:
    """An answer for each row: its category, or for 13 % of the rows one that lies near."""
    chance = random.Random(SEED)
    wrong = round((1 - RIGHT) * len(rows))
    weight = [1 if row["case"] == "normal" else HARD_TIMES for row in rows]
    # Drawing without replacement, by weight (Efraimidis and Spirakis 2006): the largest u^(1/w) are taken.
    keys = [chance.random() ** (1 / one) for one in weight]
    hit = set(sorted(range(len(rows)), key=lambda place: -keys[place])[:wrong])
    return [chance.choice(NEAR[row["category"]]) if place in hit else row["category"] for place, row in enumerate(rows)]


def main(source: str, target: str) -> None:
    with Path(source).open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with Path(target).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("id", "answer"))
        writer.writerows((row["id"], answer) for row, answer in zip(rows, made_answers(rows), strict=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
