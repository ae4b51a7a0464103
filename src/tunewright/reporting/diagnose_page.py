"""A diagnosis as one HTML file that needs nothing else: what levers fix and break, kinds of errors, the errors.

Uses the environment and the style of the report (``html``): everything is escaped, nothing is loaded.
"""

from __future__ import annotations

from tunewright.decision.diagnosis import Diagnosis
from tunewright.decision.failure_modes import BY_ID
from tunewright.reporting import diagnose_words, words
from tunewright.reporting.html import environment

_TEMPLATE = "diagnose.html.j2"
MOST_CASES = 200


def diagnose_page(document: Diagnosis) -> str:
    """The whole page.

    Args:
        document: what to show; texts that it does not hold are not shown.

    Returns:
        HTML; equal documents give equal text.
    """
    heads, table = diagnose_words.mode_table(document)
    return (
        environment()
        .get_template(_TEMPLATE)
        .render(
            document=document,
            created=words.moment(document.created),
            headline=diagnose_words.headline(document),
            answer=diagnose_words.answer(document),
            levers=diagnose_words.lever_rows(document),
            systems=diagnose_words.system_rows(document),
            modes=diagnose_words.mode_lines(document),
            unknown=diagnose_words.UNKNOWN,
            tag_notes=diagnose_words.tag_notes(document),
            mode_heads=heads,
            mode_rows=table,
            signals=[f"{one.count} of {one.of} {one.text}" for one in document.signals if one.of],
            titles={name: mode.title for name, mode in BY_ID.items()},
            cases=document.cases[:MOST_CASES],
            more=max(len(document.cases) - MOST_CASES, 0),
        )
    )
