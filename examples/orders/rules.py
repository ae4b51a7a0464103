"""The order desk's reader: an order mail in, the order as JSON text out.

Written over the years for the customers who send tidy lists: one line per article, number first or last. Quoted mails
are cut off, the usual German, Dutch and French words for boxes and rolls are known. What stands in a sentence, is
taken back further down, or is asked back by phone is still done by hand.
"""

import json
import re
from calendar import monthrange
from datetime import date, timedelta

UNITS = {
    "box": r"box(?:es)?|bxs?|cartons?|ctns?|packs?|pkg|kartons?|packung(?:en)?|schachteln?|dozen|cajas?|bo[iî]tes?",
    "roll": r"rolls?|rls?|rolle[nr]?|rouleaux|rotoli|rollos?|rolki|rolek",
    "pallet": r"pallets?|palettes?|paletten?|plt",
    "pair": r"pairs?|prs?|paar|paires?|pary",
    "kg": r"kg|kilos?",
    "l": r"litres?|liter",
    "m": r"met(?:re|er)s?|m",
    "set": r"sets|kpl",
    "pc": r"pcs?|pieces|pi[eè]ces|each|ea|stück|stk|szt|uds?|off|pz",
}
ANY_UNIT = "|".join(UNITS.values())
ARTICLE = re.compile(r"\b([A-Z]{2})[- ]?(\d{4})\b", re.IGNORECASE)
AMOUNT = re.compile(rf"(?<![\w.,])([1-9]\d{{0,2}} \d{{3}}|\d[\d.,]*)\s*(?:({ANY_UNIT})\b|[x×]\s)", re.IGNORECASE)
PRICE = re.compile(
    r"(?:@|\bat|\bà|\bzu|€|\$|£|EUR|GBP)\s*(?:€|\$|£|EUR|GBP)?\s*(\d+[.,]\d\d)\b|(\d+[.,]\d\d)\s*(?:€|EUR)"
)
REFERENCE = re.compile(
    r"\b(?:PO#?|order(?: number| no\.?)?|our ref\.?|bestell(?:ung|-?nr\.?)(?: nr\.?)?|commande|pedido)[\s:#]*"
    r"((?=[\w/-]*\d)[\w/-]+)",
    re.IGNORECASE,
)
PLACE = re.compile(r"^.*(?:deliver(?:y)? to|ship(?:ping)? to|lieferanschrift|lieferung an)[:\s]+([^.\n]+)", re.I | re.M)
NUMERIC_DAY = re.compile(r"\b(\d{1,2})[./](\d{1,2})[./](20\d\d)\b")
NAMED_DAY = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)?(?: of)? ([A-Za-z]{3})[a-z]* (20\d\d)\b")
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
HEADER = re.compile(
    r"^(?:date|datum|sent|gesendet|verzonden|envoy\w+|from|to|subject)\s?:.*$", re.IGNORECASE | re.MULTILINE
)
QUOTED = re.compile(r"^(?:>.*|-{2,} ?original message.*|on .* wrote:)$", re.IGNORECASE | re.MULTILINE)


def number(text: str) -> float:
    """1.200 and 1,200 are twelve hundred; 1,20 and 1.20 are one twenty."""
    text = text.rstrip(".,")
    if re.fullmatch(r"\d{1,3}(?:[., ]\d{3})+", text):
        text = re.sub(r"[., ]", "", text)
    return float(text.replace(",", "."))


def days(text: str) -> list[date]:
    """Every full date that the text names, the day before the month."""
    found = [(int(y), int(m), int(d)) for d, m, y in NUMERIC_DAY.findall(text)]
    names = [(int(y), month.lower(), int(d)) for d, month, y in NAMED_DAY.findall(text)]
    found += [(y, MONTHS.index(month) + 1, d) for y, month, d in names if month in MONTHS]
    return [date(y, m, d) for y, m, d in found if 1 <= m <= 12 and 1 <= d <= monthrange(y, m)[1]]


def wanted_day(body: str, header: str) -> str | None:
    """The last date in the body, else the first weekday after the day of the mail."""
    if days(body):
        return days(body)[-1].isoformat()
    weekday = re.search("|".join(WEEKDAYS), body.lower())
    if weekday is None or not days(header):
        return None
    sent = days(header)[0]
    ahead = (WEEKDAYS.index(weekday[0]) - sent.weekday() - 1) % 7 + 1
    return (sent + timedelta(days=ahead)).isoformat()


def read_line(text: str) -> dict[str, object] | None:
    """One order line; None where a line names neither an article nor an amount with its unit."""
    article, price = ARTICLE.search(text), PRICE.search(text)
    text = PRICE.sub(" ", ARTICLE.sub(" | ", text))
    amount = AMOUNT.search(text)
    if article is None and amount is None:
        return None
    rest = AMOUNT.sub(" ", text)
    bare = re.search(r"(?<![\w.,])[1-9][\d.,]*(?!\w)", rest)
    found = amount[1] if amount else bare[0] if bare else None
    word = (amount[2] or "").lower() if amount else ""
    unit = next((name for name, words in UNITS.items() if re.fullmatch(words, word)), "pc")
    return {
        "article": f"{article[1].upper()}-{article[2]}" if article else None,
        "description": re.sub(r"^\W*(?:of|the)?\s*|[\W_]+$", "", " ".join(rest.split())) or None,
        "quantity": number(found) if found else None,
        "unit": unit if found else None,
        "price": number(price[1] or price[2]) if price else None,
    }


def extract(text: str) -> str:
    """The order in a mail, as JSON text that fits order.schema.json."""
    body = QUOTED.sub("", HEADER.sub("", text))
    header = "\n".join(match[0] for match in HEADER.finditer(text))
    reference, place = REFERENCE.search(text), PLACE.search(body)
    pieces = [piece for row in body.splitlines() for piece in re.split(r"[;:]\s|,\s(?=[A-Z]{2}-?\d{4}|\d)|\.\s", row)]
    lines = [line for line in map(read_line, pieces) if line]
    order = {
        "reference": reference[1] if reference else None,
        "delivery_date": wanted_day(body, header),
        "ship_to": place[1].strip(" ,") if place else None,
        "lines": lines,
        "notes": None,
        "missing": ["quantity"] if any(line["quantity"] is None for line in lines) else [],
    }
    return json.dumps(order, ensure_ascii=False)
