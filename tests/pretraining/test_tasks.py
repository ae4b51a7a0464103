"""Generated tasks: pure functions whose answers follow from their prompts."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from pretraining.tasks import GENERATORS, HELD_OUT, TRAINED, draw_tasks, words
from pretraining.tasks.base import Task, pick
from pretraining.tasks.material import Material, read_material
from pretraining.tasks.values import FIELDS


@pytest.fixture(scope="module")
def material(corpus_folder: Path) -> Material:
    return read_material(corpus_folder)


def prompt_of(task: Task) -> str:
    return "\n".join(str(message["content"]) for message in task.messages[:-1])


@pytest.mark.parametrize("kind", sorted(GENERATORS))
def test_tasks_are_pure_and_well_formed(kind: str, material: Material) -> None:
    first = list(draw_tasks(material, 3, 40, [kind]))
    assert first == list(draw_tasks(material, 3, 40, [kind]))
    assert first != list(draw_tasks(material, 4, 40, [kind]))
    for task in first:
        last = task.messages[-1]
        assert last["role"] == "assistant"
        assert last["content"] or last["tool_calls"]
        assert task.messages[-2]["role"] in ("user", "system", "tool")
        if task.judged_as == "json":
            json.loads(last["content"])
        assert not any(mark in prompt_of(task) for mark in ("@t", "@1", "@2", "@ "))


@pytest.mark.parametrize("kind", [kind for kind in sorted(GENERATORS) if kind.startswith(("labels.", "copying."))])
def test_the_answer_stands_in_the_prompt(kind: str, material: Material) -> None:
    for task in draw_tasks(material, 5, 60, [kind]):
        said = str(task.messages[-1]["content"])
        if kind.startswith("labels."):
            said = said.removeprefix("Label: ").removeprefix('{"label": "').removesuffix('"}')
        assert said in prompt_of(task)


def test_calls_name_a_declared_tool_with_its_arguments(material: Material) -> None:
    for kind in ("dialogue.call", "patterns.tool_call"):
        for task in draw_tasks(material, 6, 40, [kind]):
            if task.judged_as != "call":
                continue
            call = task.messages[-1]["tool_calls"][0]
            declared = {tool["name"]: tool["parameters"]["properties"] for tool in task.tools}
            assert set(call["arguments"]) <= set(declared[call["name"]])


def test_known_answers() -> None:
    assert [words.plural(noun) for noun in ("box", "city", "day", "mouse", "shelf")] == [
        "boxes",
        "cities",
        "days",
        "mice",
        "shelves",
    ]
    assert pick(random.Random(0), "{a|a} {b|b}{| }c").replace(" ", "") == "abc"


def test_fields_of_absent_facts_become_null(material: Material) -> None:
    nulls = [
        task for task in draw_tasks(material, 7, 200, ["extraction.record"]) if "null" in task.messages[-1]["content"]
    ]
    assert nulls
    for task in nulls:
        value = json.loads(task.messages[-1]["content"])
        assert sum(entry is None for entry in value.values()) == 1


def test_held_out_values_never_occur_in_training(corpus_folder: Path, material: Material) -> None:
    new = read_material(corpus_folder, held_out=True)
    rng = random.Random(1)
    for field in ("name", "city", "product", "company"):
        seen = {material.value(rng, field) for _ in range(400)}
        assert not seen & {new.value(rng, field) for _ in range(100)}
    assert new.dialogues[0]["id"] not in {row["id"] for row in material.dialogues}


def test_every_field_can_be_drawn(material: Material) -> None:
    assert all(material.value(random.Random(2), field) for field in FIELDS)


def test_held_out_kinds_are_never_drawn_for_training(material: Material) -> None:
    drawn = {task.kind for task in draw_tasks(material, 8, 600)}
    assert not drawn & set(HELD_OUT)
    assert set(HELD_OUT) <= set(GENERATORS)
    assert len(drawn) > len(TRAINED) // 2
