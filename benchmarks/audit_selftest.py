"""How well the audit's checks find planted defects in four public sets; makes ``docs/audit-selftest.md``.

``python benchmarks/audit_selftest.py FOLDER --date 2026-11-21 --seed 1 --rows 2000`` where FOLDER holds banking77,
clinc150, snips_slots and gsm8k, each with ``train.jsonl.gz``. One set after the other, vectors included. With
``--show`` the tables go to standard output and the document stays as it is.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tunewright.audit.planted_score import Score
from tunewright.data.read import ColumnMap
from tunewright.workflow.auditing.audit import AuditRequest
from tunewright.workflow.auditing.audit_selftest import AuditSelfTest, CheckLine, audit_selftest, by_check
from tunewright.workflow.study import Hooks

SETS: dict[str, tuple[str, ColumnMap | None]] = {
    "banking77": ("labels: 77 intents of bank customers", None),
    "clinc150": ("labels: 150 intents in ten domains", None),
    "snips_slots": ("JSON answers: intent and slots of voice commands", ColumnMap(("text",), "target")),
    "gsm8k": ("worked answers to word problems", None),
}
PAGE = Path(__file__).parent.parent / "docs" / "audit-selftest.md"
INTRO = """# How well the checks find what is planted

Made by `python benchmarks/audit_selftest.py FOLDER --date {date} --seed {seed} --rows {rows}`. For your own data:

```
tunewright audit FILE --self-test
```

It plants each kind of defect in a copy of your rows, with known row ids, runs the checks that should find it, and
counts. Nothing is written and your file is not touched. Up to 5,000 rows are used; of a larger file a sample is drawn.

- **rows**: rows that hold the defect and were not flagged before. `5x` is a defect of the whole set, planted in five
  copies, and found or not each time. Trigger words, refused parts and slipped answers are found in one piece too: they
  are planted in five copies, and their interval counts copies.
- **recall**: share of these rows that were found, with Wilson's 95 % interval.
- **precision**: share of planted rows among all rows that were flagged in the copy and not before. An item that names a
  planted row beside others counts as speaking of the planted one.
- **flagged before**: rows that the same checks flag with nothing planted. These sets are mostly clean but not wholly:
  some of these are real defects (banking77 is known for doubtful labels), the others are false alarms.
- **look-alikes**: rows that only look like the defect (card numbers with a wrong check digit, talk about passwords,
  joined emoji, a tool call that is answered, all other rows behind a shared prompt) and must stay quiet.

Each defect has a copy of its own. In one copy they would hide and make each other: flipped labels blunt the classes by
which triggers are told, twins of flipped rows are contradictions. The figures are about these defects as planted, in
these rows; they say what the checks can see, not how common the defects are. Most planted texts are English and come
from short lists (eight sentences per language, sixteen instructions to the model), so rows of one text are found or
missed together, which the intervals do not know. Read a recall of 1.00 as "not broken here", not as "never misses".
The checks were mended after an earlier run of this very test showed what they missed: these figures are not held out.

`--json` prints the same as one document: `defects` (name, title, status, because, planted, found, flagged_before,
false_alarms, quiet, quiet_flagged, untouched_flagged, recall, recall_95, precision, by_check, and the ids of at most 20
missed and 20 wrongly flagged rows, each the id of its source row, ` + `, and what was done), `checks` (planted, found
and false alarms of each check) and `untried` (checks for which nothing was planted). `--check NAME` plants only what
that check may find (other checks that may find it too are asked as well, so that each answers for its own share and the
figures are those of the whole test), `--no-vectors` saves the time for vectors, `--seed` draws other rows.
"""


def main() -> None:
    """Measure and write."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("folder", type=Path)
    ask.add_argument("--date", required=True)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--rows", type=int, default=2000)
    ask.add_argument("--sets", nargs="*", default=list(SETS))
    ask.add_argument("--show", action="store_true")
    given = ask.parse_args()
    tested = {name: measured(given.folder, name, given.seed, given.rows) for name in given.sets}
    parts = [INTRO.format(date=given.date, seed=given.seed, rows=given.rows)]
    parts += [section(name, result) for name, result in tested.items()]
    parts.append(checks_section(list(tested.values())))
    page = "\n".join(parts)
    if given.show:
        print(page)
    else:
        PAGE.write_text(page, encoding="utf-8")


def measured(folder: Path, name: str, seed: int, rows: int) -> AuditSelfTest:
    """The self-test of one set, with vectors."""
    request = AuditRequest(folder / name / "train.jsonl.gz", columns=SETS[name][1], vectors=True, seed=seed)
    with tempfile.TemporaryDirectory() as root:
        return audit_selftest(request, Path(root), Hooks(), rows)


def section(name: str, tested: AuditSelfTest) -> str:
    """The table of one set, and what has no figure."""
    result = tested.result
    scored = [score for score in result.scores if score.status == "scored"]
    flagged, quiet = sum(score.quiet_flagged for score in scored), sum(score.quiet for score in scored)
    lines = [
        f"## {name}",
        "",
        f"{SETS[name][0][0].upper()}{SETS[name][0][1:]}; {result.rows:,} of {result.rows_given:,} rows, "
        f"{result.seconds:.0f} s. Look-alikes flagged: {flagged:,} of {quiet:,}.",
        "",
        "| planted | rows | found | recall (95 %) | precision | flagged before |",
        "|---|---|---|---|---|---|",
        *(line(score) for score in scored),
        "",
    ]
    for status, title in (("could not judge", "Could not judge"), ("not planted", "Not planted")):
        reasons: dict[str, list[str]] = {}
        for score in result.scores:
            if score.status == status:
                reasons.setdefault(score.because or "", []).append(score.title[0].lower() + score.title[1:])
        lines += [f"{title}: {', '.join(titles)} ({because})." for because, titles in reasons.items()]
        lines += [""] if reasons else []
    lines += [f"Nothing was planted here for: {', '.join(result.untried)}.", ""]
    return "\n".join(lines)


def line(score: Score) -> str:
    """One row of a table."""
    low, high = score.recall_interval or (0.0, 1.0)
    planted = f"{score.planted}x" if score.of_the_set else f"{score.planted:,}"
    precision = "" if score.precision is None else f"{score.precision:.2f}"
    recall = f"{score.recall or 0:.2f} ({low:.2f} to {high:.2f})"
    return f"| {score.title} | {planted} | {score.found:,} | {recall} | {precision} | {score.untouched_flagged:,} |"


def checks_section(tested: Sequence[AuditSelfTest]) -> str:
    """Every check over all sets."""
    lines: dict[str, CheckLine] = {}
    for one in (line for result in tested for line in by_check(result.result.scores)):
        so_far = lines.get(one.check, CheckLine(one.check, 0, 0, 0))
        lines[one.check] = CheckLine(
            one.check,
            so_far.planted + one.planted,
            so_far.found + one.found,
            so_far.false_alarms + one.false_alarms,
        )
    rows = [
        f"| {one.check} | {one.planted:,} | {one.found:,} | {shown(one.recall)} | {shown(one.precision)} |"
        for one in sorted(lines.values(), key=lambda one: one.check)
        if one.planted or one.false_alarms
    ]
    head = ["## By check", "", "Over all sets, for defects of rows. Rows that several checks may find count for those"]
    head += ["that found them, and for the first in line where none did.", ""]
    table = ["| check | planted rows | found | recall | precision |", "|---|---|---|---|---|"]
    return "\n".join([*head, *table, *rows, ""])


def shown(share: float | None) -> str:
    """A share with two decimals; nothing where there is none."""
    return "" if share is None else f"{share:.2f}"


if __name__ == "__main__":
    main()
