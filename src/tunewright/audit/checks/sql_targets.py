"""Sets whose answers are SQL: statements that cannot be parsed, that end too early, or that name tables the input
does not have.

Whether a statement answers the question is not judged.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping

from tunewright.audit.checks._by_kind import Words, finding_of
from tunewright.audit.findings import CheckResult, Cost, Item, NotChecked, Quality, Span
from tunewright.audit.json_leaves import without_fence
from tunewright.audit.registry import Limits
from tunewright.audit.sql import cut_sign, is_like_sql, syntax_error, tables_of
from tunewright.audit.view import View

NAME = "sql_targets"
TITLE = "SQL answers"
QUALITY: Quality = "correct"
COST: Cost = "seconds"
VERSION = 2
LIMITS: Mapping[str, float] = {
    "sql_share": 0.8,
    "least_rows": 20,
    "other_dialect_share": 0.1,  # where more cannot be parsed, it is another dialect
    "cut_most": 0.1,  # where more seem to end too early, that is how they are written
    "table_share": 0.98,  # where so many statements read a table, all should
    "name_rows": 3,  # a name that ends no other statement is known from so many of them
    "rule_share": 0.95,  # so many inputs name their tables: then they hold the schema
}

_WORD = re.compile(r"\w+")
UNPARSED = Words(
    "error",
    "1 statement cannot be parsed as SQL",
    "{n} statements cannot be parsed as SQL",
    "The database will refuse it, and the model learns to write it so.",
    "Mend the statement, or leave the row out.",
)
CUT = Words(
    "error",
    "1 statement ends too early",
    "{n} statements end too early",
    "They can be parsed as far as they go, but what they end with makes no whole: the database will refuse them or "
    "answer another question.",
    "Write the end of the statement, or leave the row out.",
)
UNKNOWN = Words(
    "warning",
    "1 statement names a table that its input does not have",
    "{n} statements name a table that their input does not have",
    "The other inputs hold the tables that are asked. Here the model learns to invent one, or the schema is "
    "incomplete.",
    "Mend the name of the table, or complete the schema in the input.",
)


def run(view: View, limits: Limits) -> CheckResult:
    """Statements that do not parse, and tables that no input names."""
    if view.kind == "classify" or len(view) < limits["least_rows"]:
        return CheckResult()
    statements = {row: without_fence(e.target) for row, e in enumerate(view.examples)}
    statements = {row: text for row, text in statements.items() if is_like_sql(text)}
    if len(statements) < limits["sql_share"] * len(view) or not _is_sql(statements.values()):
        return CheckResult()
    wrong: list[Item] = []
    for number, (row, text) in enumerate(statements.items()):
        if number % 1_000 == 0:
            view.stop_if_asked()
        reason = syntax_error(text)
        if reason is not None:
            span = Span("target", 0, len(view.examples[row].target), row)
            wrong.append(Item((row,), f"This statement is no SQL: {reason}.", 0.9, (span,)))
    numbers = (("unparsed_share", len(wrong) / len(statements)),)
    unchecked: tuple[NotChecked, ...] = ()
    if len(wrong) > limits["other_dialect_share"] * len(statements):
        because = (
            f"{len(wrong):,} of {len(statements):,} statements are of a dialect that SQLite's parser does not read"
        )
        unchecked = (NotChecked(f"{NAME}.unparsed", because, "Parse them with your own database."),)
        wrong = []
    unknown = _unknown_tables(view, statements, limits)
    findings = [finding_of(f"{NAME}.unparsed", UNPARSED, wrong)] if wrong else []
    told = {item.rows[0] for item in wrong}
    cut = _cut(view, {row: text for row, text in statements.items() if row not in told}, limits)
    findings += [finding_of(f"{NAME}.cut", CUT, cut)] if cut else []
    findings += [finding_of(f"{NAME}.unknown_table", UNKNOWN, unknown)] if unknown else []
    return CheckResult(tuple(findings), unchecked, numbers)


def _is_sql(texts: Collection[str]) -> bool:
    """Whether these are statements and not sentences that begin with 'With' or 'Create'."""
    parts = re.compile(r"\b(?:from|into|set|table|values)\b", re.IGNORECASE)
    return sum(parts.search(text) is not None for text in texts) >= 0.9 * len(texts)


def _cut(view: View, statements: Mapping[int, str], limits: Limits) -> list[Item]:
    """Statements that parse and still end too early."""
    names = {row: set(_WORD.findall(text.lower())) for row, text in statements.items()}
    counts = Counter(name for found in names.values() for name in found)
    common = {name for name, n in counts.items() if n >= limits["name_rows"]}
    reading = {row for row, text in statements.items() if tables_of(text)}
    all_read = len(reading) >= limits["table_share"] * len(statements)
    items = []
    for row, text in statements.items():
        words = set(_WORD.findall("\n".join(m.content for m in view.examples[row].messages).lower()))
        reason = cut_sign(text, words | common)
        if reason is None and all_read and row not in reading:
            reason = "it reads no table, as nearly all others do"
        if reason is not None:
            span = Span("target", max(0, len(text) - 60), len(view.examples[row].target), row)
            items.append(Item((row,), f"The statement seems cut: {reason}.", 0.8, (span,)))
    return items if len(items) <= limits["cut_most"] * len(statements) else []


def _unknown_tables(view: View, statements: Mapping[int, str], limits: Limits) -> list[Item]:
    named = {row: tables_of(text) for row, text in statements.items()}
    named = {row: tables for row, tables in named.items() if tables}
    items = []
    for row, tables in named.items():
        words = set(re.findall(r"\w+", "\n".join(m.content for m in view.examples[row].messages).lower()))
        unknown = sorted(table for table in tables if table not in words)
        if unknown:
            items.append(Item((row,), f"The input names no table '{unknown[0]}'.", 0.85))
    return items if len(named) and len(items) <= (1 - limits["rule_share"]) * len(named) else []
