"""Audits for tests of the reports: a set of labels with everything wrong, answers with tool calls, pairs, nothing."""

from __future__ import annotations

import numpy as np

from tunewright.audit.findings import CheckResult, Cost, Finding, Fix, Item, NotChecked, Quality, Span
from tunewright.audit.result import AuditResult, CheckReport
from tunewright.audit.view import Kind, View
from tunewright.data.rows import SetAside
from tunewright.records.example import Example, Message, Source, ToolCall
from tunewright.reporting.audit_figures import TopicMap
from tunewright.reporting.audit_words import AuditContext

EMAIL, SECRET, PERSON = "ada.king@example.org", "sk-live-QQ77abcdEFGH1234", "Ottilie Brandvold"
SCRIPT = "<script>alert('x')</script>"
CONTEXT = AuditContext(
    file="tickets of may.csv",
    digest="ab" * 32,
    command="tunewright audit 'tickets of may.csv'",
    created="2026-11-21T09:30:00+00:00",
    limits={"label_errors": {"least_margin": 0.25}},
    notes=("The file had a byte order mark.",),
)


def row(number: int, text: str, target: str, row_id: str | None = None, **more: object) -> Example:
    """One row of a file; its line is its number plus 2."""
    source = Source("tickets.csv", number + 2)
    return Example((Message("user", text),), target, source, row_id or f"row-{number}", **more)  # type: ignore[arg-type]


def report(name: str, quality: Quality, result: CheckResult, cost: Cost = "seconds") -> CheckReport:
    """A check that ran."""
    return CheckReport(name, name.replace("_", " ").capitalize(), quality, cost, 1, result, 0.25, 3)


def span_of(text: str, part: str, field: str = "input", number: int = -1, kind: str = "") -> Span:
    """The place of a part in a text."""
    return Span(field, text.index(part), text.index(part) + len(part), number, kind)


TEXTS = (
    "my card was charged twice for the same taxi",
    "my card was charged three times for the same taxi",
    f"write to {EMAIL} about the refund",
    f"the key is {SECRET} and it does not work",
    f"Ms {PERSON} asked for a new card, says {PERSON}",
    f"{SCRIPT} when does my card come",
    "call me on +49 30 901820 please, the app is broken",
    "where is my new card",
)
LABELS = ("charge", "refund", "refund", "app", "card", "<b>card</b>", "app", "card")


def _label_findings() -> list[CheckReport]:
    slip = Item((0, 1), "Most rows like it say refund.", 0.93, fix=Fix("relabel", "refund"))
    slips = Finding(
        "label_errors.slips",
        "error",
        "1 label looks like a slip",
        "A wrong label teaches the opposite.",
        "Go through the queue, most likely slips first.",
        (slip,),
        (("estimated_share", 0.125), ("rows", 1.0), ("broken", float("nan"))),
    )
    pair = Item((0, 1), "They differ in two words.", 0.8, (span_of(TEXTS[0], "twice", number=0),))
    near = Finding("near.pairs", "warning", "2 rows say nearly the same", "They count twice.", "Drop one.", (pair,))
    many = tuple(Item((n % 8,), f"Case {n} starts like many others.", 0.5, fix=Fix("drop")) for n in range(70))
    openers = Finding(
        "openers.skew", "warning", "70 openings are alike", "Variety is lost.", "Write some anew.", many, (), 1_200
    )
    hidden = Finding("lengths.long", "note", "Some rows are long", "Good to know.", "Nothing to do.")
    return [
        report("label_errors", "correct", CheckResult((slips,), numbers=(("accuracy", 0.91),)), "minutes"),
        report("near_duplicates", "diverse", CheckResult((near,))),
        report("openers", "diverse", CheckResult((openers, hidden))),
        report("balance", "balanced", CheckResult(numbers=(("classes", 5.0),))),
    ]


def _privacy_findings() -> list[CheckReport]:
    mail = Item((2,), "There is an e-mail address.", 1.0, (span_of(TEXTS[2], EMAIL, kind="email"),), Fix("mask", EMAIL))
    key = Item((3,), "There is a key.", 1.0, (span_of(TEXTS[3], SECRET, "messages[0]", 3, "api_key"),), Fix("mask"))
    name = Item((4,), "There is a name.", 0.9, (span_of(TEXTS[4], PERSON, kind="name"),), Fix("mask"))
    script = Item(
        (5,),
        f"It holds {SCRIPT} in the text.",
        1.0,
        (span_of(TEXTS[5], SCRIPT),),
        Fix("edit", f"when {SCRIPT}", "input"),
    )
    return [
        report(
            "personal_data",
            "privacy-reviewed",
            CheckResult(
                (
                    Finding("personal_data.email", "error", "1 row holds an address", "It leaks.", "Mask it.", (mail,)),
                    Finding("identity.names", "warning", "1 row names a person", "It leaks.", "Mask it.", (name,)),
                ),
                (NotChecked("personal_data.places", "no model for places is installed", "Install the extra ner."),),
            ),
        ),
        report(
            "secrets",
            "privacy-reviewed",
            CheckResult((Finding("secrets.keys", "error", "1 row holds a key", "It leaks.", "Revoke it.", (key,)),)),
        ),
        report(
            "poison",
            "privacy-reviewed",
            CheckResult((Finding("poison.markup", "note", "1 row holds markup", "Odd.", "Look.", (script,)),)),
        ),
    ]


def labels() -> tuple[AuditResult, View]:
    """Labels with every sort of finding."""
    ids = {5: SCRIPT, 6: EMAIL}
    examples = tuple(row(n, text, LABELS[n], ids.get(n)) for n, text in enumerate(TEXTS))
    aside = (SetAside(Source("tickets.csv", 99), "row.empty", "no text", ""),)
    view = View(examples, "classify", ("train",) * 6 + ("test",) * 2, aside)
    gap = NotChecked("coverage.none", "no sample of deployment inputs was given", "Name one with --deployment FILE.")
    checks = [
        *_label_findings(),
        *_privacy_findings(),
        report("coverage", "representative", CheckResult(not_checked=(gap,))),
    ]
    checks.sort(key=lambda check: check.name)
    return AuditResult(len(view), tuple(checks), ("agreement",)), view


def answers() -> tuple[AuditResult, View]:
    """Answers with a system prompt, earlier turns and tool calls; one has a suggested text."""
    system, asked = Message("system", "You are brief."), Message("user", "Book me the flight to Oslo")
    said = Message("assistant", "Which day?")
    first = Example(
        (system, asked, said, Message("user", "Friday")),
        "Booked for Fridya.",
        Source("chat.jsonl", 1),
        "chat.jsonl:1",
        target_calls=(ToolCall("book", '{"day": "Fridya"}'),),
    )
    second = Example((system, Message("user", "Cancel it")), "Done.", Source("chat.jsonl", 2), "chat.jsonl:2")
    spans = (Span("target", 11, 17, 0), Span("target_calls[0]", 9, 15, 0), Span("messages[0]", 0, 3, 0))
    edit = Item((0,), "The day “Fridya” is no day.", 0.7, spans, Fix("edit", "Booked for Friday.", safe=True))
    weigh = Item((1,), "It is a short answer.", 0.4, fix=Fix("weigh", "0.5"))
    finding = Finding("days.odd", "warning", "2 answers look odd", "They mislead.", "Mend them.", (edit, weigh))
    return AuditResult(2, (report("days", "correct", CheckResult((finding,))),)), View((first, second), "generate")


def pairs() -> tuple[AuditResult, View]:
    """Preference pairs with one that is the same on both sides."""
    other = (Message("assistant", "Yes, of course, gladly."),)
    examples = (row(0, "may I come", "Yes, of course.", rejected=other), row(1, "why", "So.", rejected=other))
    item = Item((0,), "Both answers say the same.", 0.9, (Span("rejected[0]", 0, 3, 0),), Fix("drop"))
    finding = Finding("pairs.same", "error", "1 pair teaches nothing", "It is noise.", "Leave it out.", (item,))
    return AuditResult(2, (report("pairs", "correct", CheckResult((finding,))),)), View(examples, "preference")


def clean_set() -> tuple[AuditResult, View]:
    """Nothing to mend, everything looked at."""
    view = View(tuple(row(n, text, "card") for n, text in enumerate(("one", "two"))), "classify")
    return AuditResult(2, (report("shape", "complete", CheckResult()),)), view


def unjudged() -> tuple[AuditResult, View]:
    """Nothing could be judged."""
    _, view = clean_set()
    gap = CheckResult(not_checked=(NotChecked("x.y", "there are too few rows"),))
    return AuditResult(2, (report("label_errors", "correct", gap),)), view


def no_rows() -> tuple[AuditResult, View]:
    """An empty set."""
    return AuditResult(0, (report("shape", "complete", CheckResult()),)), View((), "generate")


ALL = {
    "labels": labels,
    "answers": answers,
    "pairs": pairs,
    "clean": clean_set,
    "unjudged": unjudged,
    "no rows": no_rows,
}


def as_kind(kind: Kind) -> View:
    """The rows of ``labels`` as another kind."""
    return View(labels()[1].examples, kind)


def topic_map() -> TopicMap:
    """Three topics, one of them thin, and rows of no topic."""
    random = np.random.default_rng(5)
    cluster = np.array([0] * 60 + [1] * 30 + [2] * 4 + [-1] * 2, dtype=np.int64)
    centres = np.array([[0, 0], [4, 4], [-3, 5], [9, 9]], dtype=np.float32)
    points = (centres[cluster] + random.normal(size=(96, 2))).astype(np.float32)
    return TopicMap(
        points, cluster, (f"charge {SCRIPT}", "new card", "write to " + EMAIL), (600, 300, 40), (False, False, True)
    )
