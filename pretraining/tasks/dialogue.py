"""Tasks from the annotated dialogues: slots and intent of a turn, state, next service call, whether a turn asks."""

from __future__ import annotations

import random
from typing import Any

from pretraining.tasks.base import Task, ask, pick, to_json
from pretraining.tasks.material import Material

Turn = dict[str, Any]


def _turn_with_slots(rng: random.Random, material: Material) -> Turn:
    for _ in range(200):
        turn = rng.choice(material.user_turns)
        if turn.get("slots"):
            return turn
    raise ValueError("the material has no turn with slots")


def slots(rng: random.Random, material: Material) -> Task:
    """The slots of one user turn as JSON: flat, with the intent, or as a list in order of appearance."""
    turn = _turn_with_slots(rng, material)
    found = {name: str(value) for name, value in turn["slots"].items()}
    layout = rng.randrange(4)
    if layout == 0:
        value: object = found
        told = "{Extract|Give} the slots {of the message|} as {a|one} JSON object."
    elif layout == 1:
        value = {"intent": turn["intent"], "slots": found}
        told = '{Give|Return|Write} JSON with the keys "intent" and "slots".'
    elif layout == 2:
        order = sorted(found.items(), key=lambda item: str(turn["text"]).lower().find(item[1].lower()))
        value = {"intent": turn["intent"], "slots": [{"slot": name, "value": text} for name, text in order]}
        told = '{Give|Extract} the intent and the slots{ in order|} as JSON: intent, slots (each "slot" and "value").'
    else:
        value = [{"slot": name, "value": text} for name, text in found.items()]
        told = "{List|Tag} the slots as a JSON list of slot and value."
    answer, how = to_json(rng, value)
    told = pick(rng, told) + how
    parts = {"instruction": told, "input": str(turn["text"])}
    if rng.random() < 0.6:
        others = list(rng.choice(material.user_turns).get("slots") or {})
        names = list(dict.fromkeys([*found, *others]))
        rng.shuffle(names)
        parts["context"] = rng.choice(("Slots: ", "Possible slots: ", "Allowed slot names: ")) + ", ".join(names)
    return ask(rng, "dialogue.slots", parts, answer, "json")


def one_slot(rng: random.Random, material: Material) -> Task:
    """The value of one slot, copied from the message."""
    turn = _turn_with_slots(rng, material)
    name, value = rng.choice(sorted(turn["slots"].items()))
    told = pick(rng, "What is the @?", "{Copy|Give|Extract} the @{.| from the message.}", "Which @ does the user want?")
    instruction = told.replace("@", str(name).replace("_", " "))
    return ask(rng, "dialogue.one_slot", {"instruction": instruction, "input": str(turn["text"])}, str(value))


def _spoken(turns: list[Turn], rng: random.Random) -> str:
    user, system = rng.choice((("User", "System"), ("Customer", "Agent"), ("U", "S"), ("user", "assistant")))
    return "\n".join(f"{user if turn['speaker'] == 'user' else system}: {turn['text']}" for turn in turns)


def _state(turns: list[Turn]) -> dict[str, str]:
    state: dict[str, str] = {}
    for turn in turns:
        for source in ("slots", "accepted"):
            state.update({name: str(value) for name, value in (turn.get(source) or {}).items()})
    return state


def state(rng: random.Random, material: Material) -> Task:
    """What the user has asked for so far, as one JSON object."""
    row = rng.choice(material.dialogues)
    turns = row["turns"][: rng.choice((3, 5, 5, 7))]
    known = _state(turns)
    if not known:
        return slots(rng, material)
    answer, how = to_json(rng, known)
    told = pick(
        rng,
        "{Summarise|Write|Give} what the user {wants|has said} so far as {JSON|a JSON object}.",
        "{Track|What is} the dialogue state? {Answer in JSON.|JSON.|}",
        "Which slots are {filled|known} {now|}? {JSON.|Answer with a JSON object.}",
    )
    return ask(rng, "dialogue.state", {"instruction": told + how, "input": _spoken(turns, rng)}, answer, "json")


def _function(name: str, parameters: list[str], optional: list[str]) -> dict[str, Any]:
    properties = {key: {"type": "string"} for key in [*parameters, *optional]}
    return {
        "name": name,
        "description": "".join(" " + part.lower() if part.isupper() else part for part in name).strip(),
        "parameters": {"type": "object", "properties": properties},
    }


def call(rng: random.Random, material: Material) -> Task:
    """The next service call of a dialogue, among a few declared functions."""
    for _ in range(200):
        row = rng.choice(material.dialogues)
        at = [number for number, turn in enumerate(row["turns"]) if turn.get("call")]
        if at and at[0] <= 7:
            break
    else:
        raise ValueError("the material has no early service call")
    made = row["turns"][at[0]]["call"]
    tools = [_function(str(made["method"]), sorted(made["parameters"]), [])]
    for other in rng.sample(material.dialogues, rng.randint(0, 2)):
        calls = [turn["call"] for turn in other["turns"] if turn.get("call")]
        if calls and all(calls[0]["method"] != tool["name"] for tool in tools):
            tools.append(_function(str(calls[0]["method"]), sorted(calls[0]["parameters"]), []))
    rng.shuffle(tools)
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": pick(rng, "", "Use the tools.", "Call a function.")}
    ]
    for turn in row["turns"][: at[0]]:
        role = "user" if turn["speaker"] == "user" else "assistant"
        messages.append({"role": role, "content": str(turn["text"])})
    wanted = {"name": str(made["method"]), "arguments": {k: str(v) for k, v in made["parameters"].items()}}
    messages.append({"role": "assistant", "content": "", "tool_calls": [wanted]})
    return Task("dialogue.call", tuple(messages), tuple(tools), "call")


def next_call_json(rng: random.Random, material: Material) -> Task:
    """The same question as text: which service call follows, as JSON."""
    task = call(rng, material)
    turns = [
        {"speaker": "user" if message["role"] == "user" else "system", "text": message["content"]}
        for message in task.messages[1:-1]
    ]
    names = " | ".join(f"{tool['name']}({', '.join(tool['parameters']['properties'])})" for tool in task.tools)
    made = task.messages[-1]["tool_calls"][0]
    answer, how = to_json(rng, {"method": made["name"], "parameters": made["arguments"]})
    told = pick(
        rng, "{Which|What} {service call|API call} comes next? {JSON.|Answer in JSON.}", "Give the next call as JSON."
    )
    parts = {"instruction": told + how, "context": names, "input": _spoken(turns, rng)}
    return ask(rng, "dialogue.next_call", parts, answer, "json")


def asks(rng: random.Random, material: Material) -> Task:
    """Whether the user accepts, refuses, asks for other offers, thanks or says goodbye."""
    names = {
        "AFFIRM": "yes",
        "NEGATE": "no",
        "REQUEST_ALTS": "other",
        "THANK_YOU": "thanks",
        "GOODBYE": "goodbye",
        "SELECT": "accept",
    }
    for _ in range(400):
        turn = rng.choice(rng.choice(material.dialogues)["turns"])
        acts = [act for act in turn.get("acts") or [] if act in names]
        if turn["speaker"] == "user" and len(acts) == 1:
            break
    else:
        return one_slot(rng, material)
    label = names[acts[0]]
    options = [*rng.sample(sorted(set(names.values()) - {label}), rng.randint(1, 4)), label]
    rng.shuffle(options)
    told = pick(rng, "What does the user {do|mean}? ", "{Dialogue act|Act} of the turn: ", "Choose: ") + ", ".join(
        options
    )
    return ask(rng, "dialogue.act", {"instruction": told, "input": str(turn["text"])}, label)


KINDS = {
    "dialogue.slots": (slots, 3.0),
    "dialogue.one_slot": (one_slot, 1.5),
    "dialogue.state": (state, 1.0),
    "dialogue.call": (call, 1.5),
    "dialogue.next_call": (next_call_json, 0.6),
    "dialogue.act": (asks, 0.7),
}
