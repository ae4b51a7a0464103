"""Check ``answers.csv`` against the style guide: ``python check_pairs.py``. Prints faults; exits 1 if there are any.

Every fact of the draft stands in the rewritten answer, the answer scores 1.0, greeting and sign-off have their shape,
nobody is sorry unasked, and no two rows are copies.
"""

import csv
import re
import sys
from pathlib import Path

import grade

CASES = {"normal", "messy", "edge", "ask_back"}
LENGTH_RATIO = (0.3, 1.6)  # words of the answer over words of the draft; notes in telegram style grow
DRAFT_WORDS = (20, 125)
# Facts that a draft takes back in its next words ("Tuesday, no, Wednesday").
TAKEN_BACK = {"A-36004": {"Tuesday"}}


def faults(row: dict[str, str]) -> list[str]:
    """What is wrong with one row, in words."""
    draft, answer = row["plain"], row["voice"]
    shown, source = grade.canonical(answer), grade.canonical(draft)
    needed = grade.facts(draft) - TAKEN_BACK.get(row["id"], set())
    found = [f"lost {fact}" for fact in sorted(needed) if not grade.has(shown, fact)]
    invented = grade.facts(answer) - {"Pannier"}
    found += [f"invented {fact}" for fact in sorted(invented) if not grade.has(source, fact)]
    graded = grade.voice(answer, answer, {"input": draft})
    if graded["score"] != 1.0:
        found.append(f"scores {graded['score']}: {graded['detail']}")
    shape = re.fullmatch(r"Hello(?: ([^,\n]+))?,\n\n.+\n\n(?:Safe roads|Yours),\n([^\n,]+)", answer, re.DOTALL)
    if shape is None:
        found.append("greeting or sign-off has another shape")
    elif (shape[1] and shape[1] not in draft) or (shape[2] != "Wick & Pannier" and shape[2] not in draft):
        found.append("a name in greeting or sign-off is not in the draft")
    if grade.SORRY.search(answer) and not re.search(r"sorry|apolog|regret", draft, re.IGNORECASE):
        found.append("sorry, though the draft is not")
    words = len(draft.split())
    if not DRAFT_WORDS[0] <= words <= DRAFT_WORDS[1]:
        found.append(f"the draft has {words} words")
    if not LENGTH_RATIO[0] <= len(answer.split()) / words <= LENGTH_RATIO[1]:
        found.append("the answer is too short or too long for its draft")
    if row["case"] not in CASES or not row["topic"] or not row["writer"]:
        found.append("topic, writer or case is missing")
    return found


def main() -> int:
    """Number of rows with a fault."""
    with Path(__file__).with_name("answers.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    wrong = {row["id"]: faults(row) for row in rows}
    for column in ("id", "plain", "voice"):
        seen: set[str] = set()
        for row in rows:
            if row[column] in seen:
                wrong[row["id"]].append(f"{column} stands twice")
            seen.add(row[column])
    bad = {name: found for name, found in wrong.items() if found}
    for name, found in bad.items():
        print(f"{name}: {', '.join(found)}")
    print(f"{len(rows)} rows, {len(bad)} with faults")
    return len(bad)


if __name__ == "__main__":
    sys.exit(min(1, main()))
