"""How well personal data and secrets are found: recall and precision per kind, false alarms on clean sets, speed.

``python benchmarks/privacy.py FOLDER [KIND]`` where FOLDER holds presidio_pii, wnut17 and the clean sets; prints the
tables of ``docs/privacy.md``, and with KIND every miss and every wrong hit of it. A span counts as found when hits of
its kind cover at least half of its characters; a hit is right when it overlaps a span of its type. Seconds are those
of the processor, one thread.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tunewright.audit.privacy import secrets
from tunewright.audit.privacy.hits import REPORTED, Hit
from tunewright.audit.privacy.recognise import find_all

KINDS = {
    "EMAIL_ADDRESS": {"email"},
    "CREDIT_CARD": {"card"},
    "IBAN_CODE": {"iban"},
    "IP_ADDRESS": {"ip"},
    "US_SSN": {"us_ssn"},
    "DOMAIN_NAME": {"url", "url_login"},
    "PHONE_NUMBER": {"phone"},
    "US_DRIVER_LICENSE": {"us_driver_licence"},
    "ZIP_CODE": {"postal_code", "postal_address"},
    "STREET_ADDRESS": {"postal_address", "postal_code"},
    "ADDRESS": {"postal_address", "postal_code"},
    "PERSON": {"person"},
}
CLEAN = ("banking77", "gsm8k", "snips_slots", "spider_sql", "mts_dialog", "squad2_dev", "wnut17")
AROUND = 40
Row = dict[str, object]


def rows(folder: Path) -> Iterator[Row]:
    """Every row of the JSON Lines files of a folder."""
    for path in sorted([*folder.glob("*.jsonl"), *folder.glob("*.jsonl.gz")]):
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        yield from (json.loads(line) for line in raw.decode().split("\n") if line.startswith("{"))


def texts_of(row: Row) -> Iterator[str]:
    """The texts of a row of any of the sets."""
    messages = row.get("messages")
    for message in messages if isinstance(messages, list) else ():
        yield str(message["content"])
    for key in ("text", "question", "context", "target"):
        if isinstance(row.get(key), str):
            yield str(row[key])


def covered(start: int, end: int, hits: list[Hit]) -> bool:
    """Whether half of the span's characters are covered."""
    inside = sum(max(0, min(end, hit.end) - max(start, hit.start)) for hit in hits)
    return 2 * inside >= end - start


def show(what: str, text: str, start: int, end: int) -> None:
    """A place with what stands around it."""
    print(
        f"  {what}: {text[max(0, start - AROUND) : start]!r} << {text[start:end]} >> {text[end : end + AROUND // 2]!r}"
    )


def measure(path: Path, shown: str) -> None:
    """Recall per labelled type and precision per kind of hit."""
    found, wanted, right, made = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for line in path.read_text(encoding="utf-8").strip().split("\n"):
        row = json.loads(line)
        text, spans = row["text"], [s for s in json.loads(row["target"]) if s["type"] in KINDS]
        hits = [hit for hit in find_all(text) if hit.confidence >= REPORTED]
        for span in spans:
            ok = covered(span["start"], span["end"], [hit for hit in hits if hit.kind in KINDS[span["type"]]])
            wanted[span["type"]] += 1
            found[span["type"]] += ok
            if not ok and shown == span["type"]:
                show("missed", text, span["start"], span["end"])
        for hit in hits:
            of_kind = [s for s in spans if hit.kind in KINDS[s["type"]]]
            ok = any(min(hit.end, s["end"]) > max(hit.start, s["start"]) for s in of_kind)
            made[hit.kind] += 1
            right[hit.kind] += ok
            if not ok and shown == hit.kind:
                show("wrong", text, hit.start, hit.end)
    table(path.name, found, wanted, right, made)


def table(name: str, found: Counter[str], wanted: Counter[str], right: Counter[str], made: Counter[str]) -> None:
    """One file's figures."""
    print(f"\n| {name} | found | of | recall | hits right | of | precision |\n|---|---|---|---|---|---|---|")
    for kind, count in wanted.most_common():
        good, of = (sum(counter[k] for k in KINDS[kind]) for counter in (right, made))
        precision = f"{good / of:.3f}" if of else "no hit"
        print(f"| {kind} | {found[kind]} | {count} | {found[kind] / count:.3f} | {good} | {of} | {precision} |")
    print("hits of other kinds:", {k: n for k, n in made.items() if not any(k in kinds for kinds in KINDS.values())})


def false_alarms(folder: Path, shown: str) -> None:
    """Hits per kind on sets that hold next to no personal data, and the speed in million characters a second."""
    print(
        "\n| set | rows | M characters | hits | rows with secrets | M/s personal | M/s secrets "
        "|\n|---|---|---|---|---|---|---|"
    )
    for name in CLEAN:
        each = [list(texts_of(row)) for row in rows(folder / name)]
        size = sum(len(text) for texts in each for text in texts) / 1e6
        counts: Counter[str] = Counter()
        start = time.process_time()
        for text in (text for texts in each for text in texts):
            for hit in find_all(text):
                if hit.confidence >= REPORTED:
                    counts[hit.kind] += 1
                    if shown == hit.kind:
                        show(name, text, hit.start, hit.end)
        personal = size / (time.process_time() - start)
        start = time.process_time()
        leaks = sum(any(hit.confidence >= REPORTED for t in texts for hit in secrets.find(t)) for texts in each)
        speed = size / (time.process_time() - start)
        kinds = ", ".join(f"{kind} {n}" for kind, n in counts.most_common()) or "none"
        print(f"| {name} | {len(each)} | {size:.1f} | {kinds} | {leaks} | {personal:.1f} | {speed:.1f} |")


if __name__ == "__main__":
    place, asked = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""
    for file in sorted((place / "presidio_pii").glob("*.jsonl")):
        measure(file, asked)
    false_alarms(place, asked)
