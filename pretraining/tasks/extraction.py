"""Fields out of a text into JSON of a given schema; what the text does not say becomes null."""

from __future__ import annotations

import random

from pretraining.tasks.base import Task, ask, pick, to_json
from pretraining.tasks.material import Material

# Ways to say one field in running text; @ stands for the value.
_SAID: dict[str, tuple[str, ...]] = {
    "name": ("{My name is|This is|I am} @.", "{Regards|Thanks|Best wishes}, @", "@ {wrote|called|asked about this}."),
    "customer": ("The customer is @.", "@ is the customer.", "{Order|Request} of @."),
    "employee": ("@ {works here|joined the team}.", "Our employee @ {asked|answered}."),
    "guest": ("The guest is @.", "@ {will stay with us|is the guest}."),
    "author": ("Written by @.", "@ is the author."),
    "email": ("{You can reach me at|Write to|My address is} @.", "Email: @"),
    "phone": ("{Call me at|My number is|Phone} @.", "Tel. @"),
    "city": ("I live in @.", "It is in @.", "{We are|The office is} in @."),
    "destination": ("{We go|The trip goes|I want to travel} to @.", "Destination @."),
    "origin": ("{We leave|I start} from @.", "{Departure|Starting point}: @."),
    "country": ("The country is @.", "{Made|Sold|Registered} in @."),
    "company": ("I {work|am calling} for @.", "{Company|Firm}: @.", "@ {sent|ordered} this."),
    "supplier": ("The supplier is @.", "{Delivered|Supplied} by @."),
    "product": ("I {bought|ordered|need} the @.", "It is about the @.", "The @ {arrived|is broken|is missing}."),
    "item": ("Item: @.", "The item is a @."),
    "job": ("{I work|She works|He works} as a @.", "{Job|Profession}: @."),
    "department": ("{It is for|Please send it to|Ask} the @ department.", "Department: @."),
    "weekday": ("{Come|See you|It happened} on @.", "Every @."),
    "date": ("{The date is|It was on|Dated} @.", "On @ {it arrived|we met|it began}."),
    "time": ("{At|Around|Not before} @.", "It starts at @."),
    "price": ("{It cost|The price was|I paid} @ {euros|dollars}.", "Price: @."),
    "total": ("The total is @.", "{In all|Together} @."),
    "quantity": ("{I need|We ordered|Send} @ {of them|pieces}.", "Quantity: @."),
    "age": ("{I am|She is|He is} @ years old.", "Age @."),
    "room": ("{In|It is} room @.", "Room number @."),
    "year": ("{Built|Bought|Founded} in @.", "The year was @."),
    "order_id": ("{My order is|Order number|Order} @.", "It is about order @."),
    "ticket_id": ("Ticket @.", "{See|Reference} @."),
    "invoice": ("Invoice @.", "{The invoice number is|As in invoice} @."),
    "status": ("The status is @.", "It is {still|now} @."),
    "priority": ("Priority: @.", "{Please treat it as|It has} @ priority."),
    "color": ("{The colour is|I want it in} @.", "Colour: @."),
}
_NUMBERS = ("price", "total", "quantity", "age", "room", "year")
_ABOUT = {
    "name": "name of the person",
    "email": "email address",
    "phone": "phone number",
    "order_id": "number of the order",
    "price": "price as a number",
    "date": "date as written",
    "destination": "where the trip goes",
    "origin": "where the trip starts",
    "job": "what the person works as",
    "quantity": "how many",
}


def typed(field: str, value: str) -> str | int | float:
    """The value as it stands in JSON: a number for fields that are numbers."""
    if field not in _NUMBERS:
        return value
    return float(value) if "." in value else int(value)


def compose(rng: random.Random, material: Material, fields: list[str]) -> tuple[str, dict[str, str]]:
    """A text that says all ``fields``, in sentences, as lines or as a header, and their values."""
    values = {field: material.value(rng, field) for field in fields}
    layout = rng.random()
    if layout < 0.65:
        text = " ".join(pick(rng, *_SAID[field]).replace("@", value) for field, value in values.items())
        opening = pick(rng, "", "", "Hello, ", "Good morning. ", "Dear team, ", "Note: ")
        return opening + text, values
    colon = rng.choice((": ", " = ", " - ", ":"))
    lines = [field.replace("_", " ").capitalize() + colon + value for field, value in values.items()]
    return rng.choice(("\n", "\n", "; ", ", ")).join(lines), values


def schema_text(rng: random.Random, fields: list[str]) -> str:
    """How the wanted fields are told: a list, a JSON schema, a sample object or descriptions."""
    style = rng.randrange(5)
    kinds = {field: "number" if field in _NUMBERS else "string" for field in fields}
    if style == 0:
        return "{Fields|Keys}: ".replace("{Fields|Keys}", rng.choice(("Fields", "Keys"))) + ", ".join(fields)
    if style == 1:
        return "{" + ", ".join(f'"{field}": {kinds[field]}' for field in fields) + "}"
    if style == 2:
        return "\n".join(
            f"- {field} ({kinds[field]}): {_ABOUT.get(field, field.replace('_', ' '))}" for field in fields
        )
    if style == 3:
        inner = ", ".join(f'"{field}": {{"type": "{kinds[field]}"}}' for field in fields)
        return '{"type": "object", "properties": {' + inner + "}}"
    return "\n".join(fields)


def record(rng: random.Random, material: Material) -> Task:
    """Some of the fields that a text says, as one flat object; one in four tasks asks for a field that is absent."""
    fields = rng.sample(sorted(_SAID), rng.randint(2, 6))
    absent = fields[:1] if rng.random() < 0.25 and len(fields) > 2 else []
    text, values = compose(rng, material, [field for field in fields if field not in absent])
    wanted = rng.sample(fields, rng.randint(min(2, len(fields)), len(fields)))
    answer, how = to_json(rng, {field: typed(field, values[field]) if field in values else None for field in wanted})
    told = pick(
        rng,
        "{Extract|Get|Take} the {fields|details} {from|out of} the {text|message} as JSON.",
        "{Return|Write|Give} a JSON object with {these fields|this schema}.",
        "{Fill|Complete} the {schema|JSON object} from the {text|message}.",
        "{Read the text and answer|Answer} {in|with} JSON {only|}.",
        "JSON, please. {Use the keys below.|}",
    )
    told += pick(rng, "", "", " Use null for what is not {said|there}.", " Missing {values|fields}: null.") + how
    parts = {"instruction": told, "context": schema_text(rng, wanted), "input": text}
    return ask(rng, "extraction.record", parts, answer, "json")


def single(rng: random.Random, material: Material) -> Task:
    """One field of a text, as plain text or as an object with one key."""
    fields = rng.sample(sorted(_SAID), rng.randint(2, 5))
    text, values = compose(rng, material, fields)
    field = rng.choice(fields)
    plain = _ABOUT.get(field, field.replace("_", " "))
    if rng.random() < 0.4:
        answer, how = to_json(rng, {field: typed(field, values[field])})
        told = pick(rng, "{Extract|Give} the ", "What is the ") + plain + f' as JSON with the key "{field}".' + how
        return ask(rng, "extraction.single", {"instruction": told, "input": text}, answer, "json")
    told = pick(rng, "What is the @?", "{Find|Extract|Copy|Give} the @{.| from the text.}", "@?", "Which @ is named?")
    return ask(rng, "extraction.single", {"instruction": told.replace("@", plain), "input": text}, values[field])


def items(rng: random.Random, material: Material) -> Task:
    """A list of objects from an order, a table or a shopping list."""
    first, second = rng.choice((("product", "quantity"), ("name", "age"), ("city", "date"), ("item", "price")))
    rows = [(material.value(rng, first), material.value(rng, second)) for _ in range(rng.randint(2, 5))]
    layout = rng.randrange(4)
    if layout == 0:
        text = "\n".join(f"{one} | {two}" for one, two in rows)
    elif layout == 1:
        text = "\n".join(f"- {one} ({two})" for one, two in rows)
    elif layout == 2:
        text = f"{first},{second}\n" + "\n".join(f"{one},{two}" for one, two in rows)
    else:
        text = "; ".join(f"{one}: {two}" for one, two in rows)
    answer, how = to_json(rng, [{first: one, second: typed(second, two)} for one, two in rows])
    told = pick(
        rng,
        "{Write|Give|Turn} the {rows|lines|list} {as|into} a JSON list of objects with the keys @1 and @2.",
        "JSON list with @1 and @2 for each {line|entry|row}.",
        "{Convert|Parse} to JSON. Keys: @1, @2.",
    )
    told = told.replace("@1", first).replace("@2", second) + how
    return ask(rng, "extraction.items", {"instruction": told, "input": text}, answer, "json")


def entities(rng: random.Random, material: Material) -> Task:
    """All persons, cities or companies of a text as a list of type and value, or those of one type."""
    kinds = rng.sample(("name", "city", "company", "product", "date"), rng.randint(2, 3))
    drawn = [(kind, material.value(rng, kind)) for kind in kinds for _ in range(rng.randint(1, 2))]
    rng.shuffle(drawn)
    text = " ".join(pick(rng, *_SAID[kind]).replace("@", value) for kind, value in drawn)
    if rng.random() < 0.5:
        answer, how = to_json(rng, [{"type": kind, "value": value} for kind, value in drawn])
        told = (
            pick(rng, "{List|Find|Tag} all {entities|names} of these types in order, as JSON: ")
            + ", ".join(kinds)
            + "."
        )
        return ask(rng, "extraction.entities", {"instruction": told + how, "input": text}, answer, "json")
    wanted = rng.choice(kinds)
    answer, how = to_json(rng, [value for kind, value in drawn if kind == wanted])
    told = pick(rng, "{List|Find} every @ in the text as a JSON list.", "JSON list of each @.").replace("@", wanted)
    return ask(rng, "extraction.entities", {"instruction": told + how, "input": text}, answer, "json")


KINDS = {
    "extraction.record": (record, 3.0),
    "extraction.single": (single, 2.0),
    "extraction.items": (items, 1.0),
    "extraction.entities": (entities, 1.2),
}
