"""Few-shot patterns (the rule is only shown) and calls of declared tools with made-up functions."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from pretraining.tasks import words
from pretraining.tasks.base import Task, pick
from pretraining.tasks.labels import spell
from pretraining.tasks.material import Material
from pretraining.tasks.topics import DOMAINS
from pretraining.tasks.values import FIELDS

Pair = tuple[str, str]


def _category_pairs(rng: random.Random, material: Material, count: int) -> list[Pair]:
    labels = rng.sample(sorted(words.CATEGORIES), rng.randint(2, 4))
    names = (
        spell(rng, labels)
        if rng.random() < 0.6
        else {label: f"{rng.choice('ABCDXYZ')}{rng.randint(1, 99)}" for label in labels}
    )
    chosen = [*labels, *rng.choices(labels, k=count)][:count]
    rng.shuffle(chosen)
    chosen[-1] = rng.choice(chosen[:-1])
    return [(material.word(rng, words.CATEGORIES[label]), names[label]) for label in chosen]


def _desk_pairs(rng: random.Random, material: Material, count: int) -> list[Pair]:
    domain = DOMAINS[rng.choice(sorted(DOMAINS))]
    labels = rng.sample(sorted(domain), rng.randint(2, 3))
    names = spell(rng, labels)
    chosen = rng.choices(labels, k=count)
    chosen[-1] = rng.choice(chosen[:-1])
    return [("About the " + rng.choice(words.phrases(domain[label])), names[label]) for label in chosen]


def _rule_pairs(rng: random.Random, material: Material, count: int) -> list[Pair]:
    rules: list[Callable[[str], str]] = [
        str.upper,
        str.lower,
        lambda text: text.split()[0],
        lambda text: text.split()[-1],
        lambda text: f"[{text}]",
        lambda text: f"{text}!",
        lambda text: " ".join(text.split()[::-1]),
        lambda text: f'{{"value": "{text}"}}',
        lambda text: f"{text} {text}",
        lambda text: text[0],
        lambda text: text.replace(" ", "_").lower(),
    ]
    rule = rng.choice(rules)
    field = rng.choice(("name", "product", "company", "city"))
    texts = [material.value(rng, field) for _ in range(count)]
    return [(text, rule(text)) for text in texts]


def _field_pairs(rng: random.Random, material: Material, count: int) -> list[Pair]:
    first, second = rng.sample(("name", "city", "product", "weekday", "age", "company"), 2)
    template = pick(
        rng, "@1, @2", "{From|For} @1: @2", "@2 - @1", "{We saw|I met} @1 {and|with} @2.", "@1 ({code |}@2)"
    )
    which = rng.random() < 0.5
    pairs = []
    for _ in range(count):
        one, two = material.value(rng, first), material.value(rng, second)
        pairs.append((template.replace("@1", one).replace("@2", two), one if which else two))
    return pairs


def few_shot(rng: random.Random, material: Material) -> Task:
    """Two to six shown pairs, then a new input; as one text or as turns."""
    pairs = rng.choice((_category_pairs, _desk_pairs, _rule_pairs, _field_pairs))(rng, material, rng.randint(3, 7))
    opening = pick(
        rng, "", "{Continue|Go on with} the pattern.", "{Examples|A few examples}:", "{Do the same|Answer likewise}."
    )
    if rng.random() < 0.5:
        messages: list[dict[str, Any]] = [{"role": "system", "content": opening}] if opening else []
        for text, answer in pairs:
            messages += [{"role": "user", "content": text}, {"role": "assistant", "content": answer}]
        return Task("patterns.few_shot", tuple(messages))
    names = rng.choice((("Input", "Output"), ("Text", "Label"), ("Q", "A"), ("in", "out"), ("Message", "Answer")))
    glue = rng.choice(("\n", "\n", " -> "))
    shown = [
        f"{text}{glue}{answer}" if "->" in glue else f"{names[0]}: {text}\n{names[1]}: {answer}"
        for text, answer in pairs[:-1]
    ]
    last = f"{pairs[-1][0]} ->" if "->" in glue else f"{names[0]}: {pairs[-1][0]}\n{names[1]}:"
    body = rng.choice(("\n", "\n\n")).join([*shown, last])
    content = f"{opening}\n\n{body}" if opening else body
    return Task(
        "patterns.few_shot", ({"role": "user", "content": content}, {"role": "assistant", "content": pairs[-1][1]})
    )


def _tool(rng: random.Random, material: Material) -> tuple[dict[str, Any], list[str], str, str]:
    verb, noun = material.word(rng, words.VERBS), material.word(rng, words.THINGS)
    keys = rng.sample([field for field in FIELDS if field != noun], rng.randint(1, 3))
    name = rng.choice((f"{verb}_{noun}", f"{verb}{noun.capitalize()}", f"{noun}.{verb}"))
    number = {"quantity", "age", "floor", "room", "seats", "year"}
    properties = {key: {"type": "integer" if key in number else "string"} for key in keys}
    schema = {"type": "object", "properties": properties, "required": keys}
    return {"name": name, "description": f"{verb} a {noun}", "parameters": schema}, keys, verb, noun


def tool_call(rng: random.Random, material: Material) -> Task:
    """A request that one of a few declared tools can do; half of them go on with the tool's result and an answer."""
    tools, wanted = [], rng.randrange(3)
    made = [_tool(rng, material) for _ in range(rng.randint(1, 3))]
    wanted %= len(made)
    tools = [tool for tool, _, _, _ in made]
    if len({tool["name"] for tool in tools}) < len(tools):
        tools, made, wanted = tools[:1], made[:1], 0
    tool, keys, verb, noun = made[wanted]
    values = {key: material.value(rng, key) for key in keys}
    said = rng.choice((", ", " and ", "; ")).join(f"{key.replace('_', ' ')} {value}" for key, value in values.items())
    request = pick(
        rng, "{Please|Could you|I want to} @ a # {with|for} ", "@ a #: ", "{I need you to|Can you} @ the #, "
    )
    request = request.replace("@", verb).replace("#", noun) + said
    properties = tool["parameters"]["properties"]
    given = {key: int(value) if properties[key]["type"] == "integer" else value for key, value in values.items()}
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": request},
        {"role": "assistant", "content": "", "tool_calls": [{"name": tool["name"], "arguments": given}]},
    ]
    if rng.random() < 0.6:
        messages.insert(
            0, {"role": "system", "content": pick(rng, "Use {the|a} {tools|functions}.", "You {can|may} call tools.")}
        )
    if rng.random() < 0.3:
        result = material.value(rng, rng.choice(("status", "code", "date", "time")))
        messages.append({"role": "tool", "content": f'{{"result": "{result}"}}'})
        messages.append({"role": "assistant", "content": f"The result is {result}."})
        return Task("patterns.tool_result", tuple(messages), tuple(tools))
    return Task("patterns.tool_call", tuple(messages), tuple(tools), "call")


KINDS = {"patterns.few_shot": (few_shot, 2.5), "patterns.tool_call": (tool_call, 1.5)}
