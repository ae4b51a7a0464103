"""Rewriting by rule: case, dates, plural, separators, replaced words, order; and sorting and counting."""

from __future__ import annotations

import random
import re

from pretraining.tasks import words
from pretraining.tasks.base import Task, ask, pick
from pretraining.tasks.material import Material

_LISTS = ("name", "city", "product", "country", "job", "color", "department", "company")


def case(rng: random.Random, material: Material) -> Task:
    """Upper case, lower case, capitals at word starts, snake_case, without vowels."""
    text = " ".join(rng.choice(material.sentences).split()[: rng.randint(2, 9)])
    if rng.random() < 0.4:
        text = " ".join(material.value(rng, rng.choice(_LISTS)) for _ in range(rng.randint(1, 3)))
    plain = re.findall(r"[A-Za-z]+", text)
    told, result = rng.choice(
        (
            ("{Write|Put} {it|the text} in {upper case|capital letters}.", text.upper()),
            ("{Write|Put} {it|the text} in {lower case|small letters}.", text.lower()),
            (
                "{Write|Start} each word with a capital letter, the rest small.",
                " ".join(w.capitalize() for w in text.split()),
            ),
            ("{Turn|Convert} {it|the text} into snake_case.", "_".join(word.lower() for word in plain)),
            ("{Turn|Convert} {it|the text} into kebab-case.", "-".join(word.lower() for word in plain)),
            ("{Turn|Convert} {it|the text} into CamelCase.", "".join(word.capitalize() for word in plain)),
        )
    )
    return ask(rng, "rewriting.case", {"instruction": pick(rng, told), "input": text}, result)


def date(rng: random.Random, material: Material) -> Task:
    """A date from one form into another."""
    year, month, day = rng.randint(1990, 2035), rng.randint(1, 12), rng.randint(1, 28)
    name = words.MONTHS[month - 1]
    forms = {
        "YYYY-MM-DD": f"{year}-{month:02d}-{day:02d}",
        "DD.MM.YYYY": f"{day:02d}.{month:02d}.{year}",
        "DD/MM/YYYY": f"{day:02d}/{month:02d}/{year}",
        "Month D, YYYY": f"{name} {day}, {year}",
        "D Month YYYY": f"{day} {name} {year}",
        "YYYY/MM/DD": f"{year}/{month:02d}/{day:02d}",
    }
    source, target = rng.sample(sorted(forms), 2)
    told = pick(rng, "{Write|Give} the date as @.", "{Convert|Change} the date to @.", "Date in the form @:").replace(
        "@", target
    )
    text = forms[source]
    if rng.random() < 0.3:
        text = pick(rng, "We met on @.", "The bill of @ is open.", "Born @").replace("@", text)
    return ask(rng, "rewriting.date", {"instruction": told, "input": text}, forms[target])


def plural(rng: random.Random, material: Material) -> Task:
    """Nouns into the plural, or back."""
    nouns = [
        material.word(rng, words.CATEGORIES[rng.choice(("animal", "fruit", "tool", "building", "furniture"))])
        for _ in range(rng.randint(1, 4))
    ]
    many = [words.plural(noun) for noun in nouns]
    back = rng.random() < 0.3
    told = pick(rng, "{Write|Give|Put} {the word|the words|it} in the @.", "@ of:", "@?").replace(
        "@", "singular" if back else "plural"
    )
    given, result = (many, nouns) if back else (nouns, many)
    return ask(rng, "rewriting.plural", {"instruction": told, "input": ", ".join(given)}, ", ".join(result))


def separator(rng: random.Random, material: Material) -> Task:
    """A list from one layout into another."""
    field = rng.choice(_LISTS)
    items = [material.value(rng, field) for _ in range(rng.randint(2, 6))]
    layouts = {
        "separated by commas": ", ".join(items),
        "one per line": "\n".join(items),
        "as a list with dashes": "\n".join(f"- {item}" for item in items),
        "as a numbered list": "\n".join(f"{number}. {item}" for number, item in enumerate(items, 1)),
        "separated by semicolons": "; ".join(items),
        "as a JSON list": "[" + ", ".join(f'"{item}"' for item in items) + "]",
    }
    source, target = rng.sample(sorted(layouts), 2)
    told = pick(rng, "{Write|Give} the {items|entries} @.", "{Same list|The list} @{.|, please.}").replace("@", target)
    judged = "json" if "JSON" in target else "text"
    return ask(rng, "rewriting.separator", {"instruction": told, "input": layouts[source]}, layouts[target], judged)


def replace(rng: random.Random, material: Material) -> Task:
    """One word for another, or a name hidden."""
    field = rng.choice(("name", "city", "product", "company"))
    old, new = material.value(rng, field), material.value(rng, field)
    text = pick(
        rng,
        "We wrote to @ {yesterday|on Monday} and got no answer.",
        "@ {is|was} mentioned {twice|in the letter}.",
        "{Please|Do not} forget @{ this time|}.",
        "The {report|list} {names|starts with} @.",
    )
    if rng.random() < 0.4:
        mark = rng.choice(("[NAME]", "***", "<hidden>", "X"))
        told = pick(rng, "{Hide|Replace} @ {by|with} #.").replace("@", old).replace("#", mark)
        result = text.replace("@", mark)
    else:
        told = pick(rng, '{Replace|Change} "@" {by|with|to} "#".').replace("@", old).replace("#", new)
        result = text.replace("@", new)
    return ask(rng, "rewriting.replace", {"instruction": told, "input": text.replace("@", old)}, result)


def order(rng: random.Random, material: Material) -> Task:
    """Sorting words or numbers, or turning a list round."""
    if rng.random() < 0.4:
        numbers = rng.sample(range(1, 100), rng.randint(2, 6))
        given = [str(number) for number in numbers]
        up = rng.random() < 0.6
        told = pick(rng, "{Sort|Order} the numbers from @.", "Numbers from @:")
        told = told.replace("@", "small to large" if up else "large to small")
        result = [str(number) for number in sorted(numbers, reverse=not up)]
    else:
        given = list(dict.fromkeys(material.value(rng, rng.choice(_LISTS)) for _ in range(rng.randint(2, 6))))
        if rng.random() < 0.65:
            told, result = pick(rng, "{Sort|Order} {alphabetically|by the alphabet|from A to Z}."), sorted(given)
        else:
            told, result = pick(rng, "{Turn the list round|Reverse the order}.", "Last first."), given[::-1]
    glue = rng.choice((", ", ", ", "\n", "; "))
    return ask(rng, "rewriting.order", {"instruction": told, "input": glue.join(given)}, glue.join(result))


def count(rng: random.Random, material: Material) -> Task:
    """How many items, words, or items of one kind."""
    if rng.random() < 0.5:
        wanted, other = rng.sample(sorted(words.CATEGORIES), 2)
        some = [rng.choice(words.CATEGORIES[wanted]) for _ in range(rng.randint(0, 4))]
        more = [rng.choice(words.CATEGORIES[other]) for _ in range(rng.randint(0, 3))]
        mixed = rng.sample(some + more, len(some) + len(more)) or ["stone"]
        told, number = (
            pick(rng, "How many @ words are there?", "Count the words for @.").replace("@", wanted),
            len(some),
        )
        text = ", ".join(mixed)
    else:
        items = [material.value(rng, rng.choice(_LISTS)) for _ in range(rng.randint(1, 8))]
        told, number = (
            pick(rng, "How many {items|entries|lines} {are there|does the list have}?", "Count the {items|lines}."),
            len(items),
        )
        text = "\n".join(items)
    as_word = rng.random() < 0.25
    if as_word:
        told += pick(rng, " Answer {in words|with a word}.", " Write the number as a word.")
    return ask(
        rng,
        "rewriting.count",
        {"instruction": told, "input": text},
        words.NUMBER_WORDS[number] if as_word else str(number),
    )


def smallest(rng: random.Random, material: Material) -> Task:
    """The largest, smallest, first or last by value of a few priced or dated items."""
    field, unit = rng.choice((("price", " euros"), ("date", ""), ("quantity", " pieces")))
    rows = {material.value(rng, "product"): material.value(rng, field) for _ in range(rng.randint(2, 4))}
    ranked = sorted(rows, key=lambda item: rows[item] if field == "date" else float(rows[item]))
    low, high = {
        "price": ("cheapest", "most expensive"),
        "date": ("earliest", "latest"),
        "quantity": ("fewest", "most"),
    }[field]
    up = rng.random() < 0.5
    told = pick(rng, "Which is the @?", "{Name|Give} the @ {one|item}.").replace("@", low if up else high)
    text = "\n".join(f"{item}: {value}{unit}" for item, value in rows.items())
    return ask(rng, "rewriting.extreme", {"instruction": told, "input": text}, ranked[0] if up else ranked[-1])


KINDS = {
    "rewriting.case": (case, 1.2),
    "rewriting.date": (date, 0.8),
    "rewriting.plural": (plural, 0.5),
    "rewriting.separator": (separator, 0.8),
    "rewriting.replace": (replace, 0.8),
    "rewriting.order": (order, 1.0),
    "rewriting.count": (count, 0.6),
    "rewriting.extreme": (smallest, 0.4),
}
