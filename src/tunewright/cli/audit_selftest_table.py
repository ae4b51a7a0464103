"""The table of ``tunewright audit --self-test``, for a terminal or a pipe. Called by ``audit`` alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from tunewright.audit.planted_score import Score
    from tunewright.workflow.auditing.audit_selftest import AuditSelfTest, CheckLine

_HEAD = f"{'planted':33}{'rows':>5}{'found':>6}{'recall':>7}{'(95 %)':>11}{'precision':>10}{'before':>8}"
_WORST = 5
GOOD = 0.9


def print_self_test(tested: AuditSelfTest, console: Console) -> None:
    """The figures, what could not be judged, what was not planted, and the checks that fared worst."""
    result = tested.result
    sample = f"{result.rows:,} rows" + (
        f", a sample of {result.rows_given:,}" if result.rows < result.rows_given else ""
    )
    vectors = "with vectors" if tested.vectors else "without vectors"
    head = f"{tested.file}: {sample}, {vectors}, seed {result.seed}, {result.seconds:.0f} s"
    lines = [Text(head, style="bold"), Text(), Text(_HEAD), Text("-" * len(_HEAD))]
    lines += [_line(score) for score in result.scores if score.status == "scored"]
    lines += [
        Text(),
        Text("rows: planted; 5x: planted in five copies, and found as a whole or not. recall: share found."),
        Text("precision: share of planted rows among those newly flagged. before: rows flagged with nothing planted."),
        _quiet(result.scores),
    ]
    lines += _set_apart(result.scores, "could not judge", "Could not judge")
    lines += _set_apart(result.scores, "not planted", "Not planted")
    if result.untried:
        lines += [Text(), Text(f"Checks for which nothing was planted: {', '.join(result.untried)}.")]
    lines += _worst(tested.checks)
    for line in lines:
        line.rstrip()
        console.print(line, soft_wrap=True, highlight=False)


def _line(score: Score) -> Text:
    low, high = score.recall_interval or (0.0, 1.0)
    recall, precision = score.recall or 0.0, score.precision
    text = f"{score.title[:32]:33}{_planted(score):>5}{score.found:>6,}{recall:>7.2f}{f'{low:.2f}-{high:.2f}':>11}"
    text += f"{'-' if precision is None else f'{precision:.2f}':>10}{score.untouched_flagged:>8,}"
    quiet = f"  {score.quiet_flagged} of {score.quiet} look-alikes flagged" if score.quiet_flagged else ""
    return Text(text + quiet, style="" if recall >= GOOD and not quiet else "yellow")


def _quiet(scores: Sequence[Score]) -> Text:
    flagged, all_ = sum(score.quiet_flagged for score in scores), sum(score.quiet for score in scores)
    return Text(f"Of {all_:,} rows that only look like a defect, {flagged:,} were flagged.")


def _planted(score: Score) -> str:
    return f"{score.planted}x" if score.of_the_set else f"{score.planted:,}"


def _set_apart(scores: Sequence[Score], status: str, title: str) -> list[Text]:
    """Titles by reason, for what has no figure."""
    reasons: dict[str, list[str]] = {}
    for score in scores:
        if score.status == status:
            reasons.setdefault(score.because or "", []).append(score.title[0].lower() + score.title[1:])
    if not reasons:
        return []
    return [
        Text(),
        Text(f"{title}:"),
        *(Text(f"  {', '.join(names)}: {because}") for because, names in reasons.items()),
    ]


def _worst(lines: Sequence[CheckLine]) -> list[Text]:
    """The checks with the most planted rows missed or other rows flagged."""
    bad = [line for line in lines if line.found < line.planted or line.false_alarms]
    bad.sort(key=lambda line: (-(line.planted - line.found + line.false_alarms), line.check))
    if not bad:
        return [Text(), Text("Every check found all that was planted for it, and flagged nothing else.")]
    told = [
        Text(f"  {line.check}: missed {line.planted - line.found} of {line.planted}, {line.false_alarms} false alarms")
        for line in bad[:_WORST]
    ]
    return [Text(), Text("Checks to look at first:"), *told]
