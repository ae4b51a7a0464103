"""An audit as one HTML file that needs nothing else: scorecard, findings with their queues, balance, topics, gaps.

Uses the environment, the style and the rules of the report (``html``): everything is escaped, personal data and
secrets are covered (``audit_privacy``), nothing is loaded. ``tunewright audit`` calls ``audit_page``.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from tunewright.audit.findings import Severity
from tunewright.audit.result import SEVERITIES, AuditResult, FoundBy
from tunewright.audit.view import View
from tunewright.reporting import audit_words, words
from tunewright.reporting.audit_figures import TopicMap, class_balance, topic_figure
from tunewright.reporting.audit_privacy import Cover
from tunewright.reporting.audit_queue import MOST_ITEMS, QueueView, queue_view
from tunewright.reporting.audit_words import AuditContext
from tunewright.reporting.html import environment

__all__ = ["TopicMap", "audit_page"]

_TEMPLATE = "audit.html.j2"
OPEN_ITEMS = 5
MOST_TOPICS = 60


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding in shown words; ``anchor`` is its id in the page."""

    anchor: str
    severity: Severity
    title: str
    why: str
    advice: str
    check: str
    quality: str
    affected: str
    numbers: tuple[tuple[str, str], ...]
    queue: QueueView


@dataclass(frozen=True, slots=True)
class GradeRow:
    """One line of the scorecard; ``first`` is the anchor of its gravest finding or empty."""

    quality: str
    meaning: str
    grade: str
    rows: str
    tally: str
    first: str


@dataclass(frozen=True, slots=True)
class GapRow:
    """Something that could not be judged."""

    check: str
    because: str
    hint: str


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check that ran, with its thresholds."""

    title: str
    name: str
    version: int
    seconds: str
    remembered: int
    numbers: tuple[tuple[str, str], ...]
    limits: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TopicRow:
    """One topic of the map."""

    number: int
    name: str
    rows: int
    thin: bool


def audit_page(
    result: AuditResult, view: View, context: AuditContext, texts: bool = True, topics: TopicMap | None = None
) -> str:
    """The whole page.

    Args:
        result: what the audit found in ``view``.
        view: the rows; private places in them are covered before anything is shown.
        context: what neither knows: names, time, command, limits.
        texts: False leaves out every text of a row; row ids, places and the labels of a classifier stay.
        topics: the topic map, where one was made.

    Returns:
        HTML; equal arguments give equal text.
    """
    cover = Cover(result, view, context.limits, texts)
    findings = [_finding(number, found, view, cover) for number, found in enumerate(result.findings, 1)]
    drawn = topics if topics is not None and len(topics.points) else None
    return (
        environment()
        .get_template(_TEMPLATE)
        .render(
            tone=audit_words.tone_of(result),
            label=audit_words.LABEL[audit_words.tone_of(result)],
            answer=audit_words.answer(result),
            context=context,
            created=words.moment(context.created),
            notes=[cover.sentence(note) for note in context.notes],
            next_command=audit_words.next_command(result, context),
            facts=_facts(result, view),
            scorecard=_scorecard(result),
            groups=[
                (audit_words.HEADING[severity], severity, [f for f in findings if f.severity == severity])
                for severity in SEVERITIES
            ],
            texts=texts,
            open_items=OPEN_ITEMS,
            most_items=MOST_ITEMS,
            balance=class_balance(view, cover),
            topic_svg=Markup(topic_figure(drawn)) if drawn else "",
            topics=_topics(drawn, cover) if drawn else [],
            gaps=[
                GapRow(audit_words.name_words(check), cover.sentence(gap.because), cover.sentence(gap.hint))
                for check, gap in result.not_checked
            ],
            not_asked=audit_words.not_asked(result),
            data_rows=_data_rows(result, view),
            checks=_checks(result, context),
        )
    )


def _finding(number: int, found: FoundBy, view: View, cover: Cover) -> FindingView:
    finding = found.finding
    rows = [row for item in finding.items[:MOST_ITEMS] for row in item.rows]
    return FindingView(
        anchor=f"finding-{number}",
        severity=finding.severity,
        title=cover.sentence(finding.title, rows),
        why=cover.sentence(finding.why, rows),
        advice=cover.sentence(finding.advice, rows),
        check=audit_words.name_words(found.check),
        quality=found.quality,
        affected=words.counted(finding.affected, "row"),
        numbers=tuple((cover.sentence(name, rows), value) for name, value in _numbers(finding.numbers)),
        queue=queue_view(finding, view, cover),
    )


def _scorecard(result: AuditResult) -> list[GradeRow]:
    first: dict[str, str] = {}
    for number, found in enumerate(result.findings, 1):
        first.setdefault(found.quality, f"finding-{number}")
    return [
        GradeRow(
            line.quality,
            audit_words.MEANING[line.quality],
            line.grade,
            audit_words.rows_concerned(line),
            audit_words.tally(line),
            first.get(line.quality, ""),
        )
        for line in result.scorecard()
    ]


def _facts(result: AuditResult, view: View) -> list[tuple[str, str, str]]:
    """(label, figure, detail) of the large figures under the answer."""
    found = {severity: sum(f.finding.severity == severity for f in result.findings) for severity in SEVERITIES}
    aside = words.counted(len(view.set_aside), "row") if view.set_aside else "no row"
    gaps = len(result.not_checked)
    ran = words.counted(len(result.checks), "check")
    return [
        ("Rows looked at", words.count(result.rows), f"{aside} set aside as unreadable"),
        ("To settle", words.count(found["error"]), "before anything is trained"),
        ("To mend", words.count(found["warning"]), f"and {words.count(found['note'])} good to know"),
        ("Could not be checked", words.count(gaps), f"{ran} ran"),
    ]


def _topics(topics: TopicMap, cover: Cover) -> list[TopicRow]:
    """Thin topics first, then the largest; topics are named after words of rows, which may have to be left out."""
    order = sorted(range(len(topics.names)), key=lambda topic: (not topics.thin[topic], -topics.sizes[topic], topic))
    return [
        TopicRow(
            topic + 1,
            cover.sentence(topics.names[topic]) if cover.with_texts else f"topic {topic + 1}",
            topics.sizes[topic],
            topics.thin[topic],
        )
        for topic in order[:MOST_TOPICS]
    ]


def _data_rows(result: AuditResult, view: View) -> list[tuple[str, str]]:
    kinds = {"classify": "labels", "generate": "answers in text or tool calls", "preference": "preference pairs"}
    rows = [
        ("Rows in = looked at + set aside", _sum(result.rows, len(view.set_aside))),
        ("Kind of rows", kinds[view.kind]),
    ]
    for part in ("train", "validation", "test") if view.parts else ():
        rows.append((f"Part: {part}", words.count(sum(side == part for side in view.parts or ()))))
    for code in sorted({row.code for row in view.set_aside}):
        rows.append((f"Set aside: {code}", words.count(sum(row.code == code for row in view.set_aside))))
    return rows


def _sum(rows: int, aside: int) -> str:
    return f"{words.count(rows + aside)} = {words.count(rows)} + {words.count(aside)}"


def _checks(result: AuditResult, context: AuditContext) -> list[CheckRow]:
    return [
        CheckRow(
            check.title,
            check.name,
            check.version,
            words.duration(check.seconds),
            check.remembered,
            _numbers(check.result.numbers),
            tuple((name, f"{value:g}") for name, value in sorted(context.limits.get(check.name, {}).items())),
        )
        for check in result.checks
    ]


def _numbers(numbers: tuple[tuple[str, float], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((audit_words.name_words(name), audit_words.number_words(value)) for name, value in numbers)
