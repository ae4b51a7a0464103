"""What an audit leaves: ``report.html`` and ``audit.json`` in its folder, and the summary on the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from tunewright.audit.checks import topics
from tunewright.audit.registry import Limits, all_checks
from tunewright.audit.run import AuditOptions, limits_of
from tunewright.audit.topics import topics_of
from tunewright.reporting.audit_document import audit_document, write_audit
from tunewright.reporting.audit_page import TopicMap, audit_page
from tunewright.reporting.audit_terminal import print_audit
from tunewright.reporting.audit_words import AuditContext
from tunewright.workflow.auditing.audit import Audited, audit_folder


@dataclass(frozen=True, slots=True)
class WrittenAudit:
    """An audit with its files."""

    audited: Audited
    context: AuditContext
    document: dict[str, Any]
    texts: bool

    def show(self, console: Console) -> None:
        """The summary for a person."""
        print_audit(self.audited.result, self.audited.view, self.context, console, texts=self.texts)


def leave(audited: Audited, root: Path, *, texts: bool) -> WrittenAudit:
    """Write the files of an audit into a new folder."""
    folder, created = audit_folder(audited, root)
    page = folder / "report.html"
    options = AuditOptions(limits=audited.limits)
    context = AuditContext(
        file=_as_typed(audited.request.path),
        digest=audited.digest,
        command=audited.request.command,
        created=created,
        report=page,
        limits={check.NAME: limits_of(check, options) for check in all_checks()},
        notes=audited.data.notes,
    )
    document = audit_document(audited.result, audited.view, context, texts=texts)
    write_audit(document, folder / "audit.json")
    drawn = _topics(audited, context.limits[topics.NAME])
    page.write_text(audit_page(audited.result, audited.view, context, texts=texts, topics=drawn), encoding="utf-8")
    return WrittenAudit(audited, context, document.model_dump(mode="json"), texts)


def _as_typed(path: Path) -> str:
    """The file as a command in the current folder names it."""
    whole, here = path.resolve(), Path.cwd()
    return str(whole.relative_to(here) if whole.is_relative_to(here) else whole)


def _topics(audited: Audited, limits: Limits) -> TopicMap | None:
    """The map as the page draws it; none where topics were not looked at."""
    if not any(check.name == topics.NAME for check in audited.result.checks):
        return None
    found = topics_of(audited.view)
    if found is None:
        return None
    thin = found.counts < topics.least_rows(found.counts, limits)
    return TopicMap(found.points, found.topic, found.names, tuple(found.counts.tolist()), tuple(thin.tolist()))
