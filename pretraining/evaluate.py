"""The evaluation of a finished model: bits per byte, task accuracy on new instances and new kinds, valid JSON.

Answers are decoded greedily with transformers' own ``generate`` from the exported folder, so that what is measured is
what ships. Run as ``python -m pretraining.evaluate``; writes ``evaluation.json``.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from pretraining import corpus
from pretraining.model import token_losses
from pretraining.tasks import GENERATORS, HELD_OUT, draw_tasks
from pretraining.tasks.base import Task
from pretraining.tasks.material import Material, read_material
from pretraining.tokenizer import ChatRenderer

_NEW_TOKENS = 160


@dataclass(slots=True)
class Tally:
    """Counts of one kind of task."""

    right: int = 0
    asked: int = 0
    json_valid: int = 0
    json_asked: int = 0

    def add(self, task: Task, said: str) -> None:
        """Judge one answer."""
        self.asked += 1
        self.right += is_right(task, said)
        if task.judged_as in ("json", "call"):
            self.json_asked += 1
            self.json_valid += parsed(task, said) is not None


def parsed(task: Task, said: str) -> object | None:
    """The JSON value that was said (inside a call for a task that wants one), or None."""
    if task.judged_as == "call":
        before, _, rest = said.partition("<|call|>")
        said = rest.partition("<|call_end|>")[0] if rest and not before.strip() else ""
    try:
        value: object = json.loads(said)
    except ValueError:
        return None
    return value


def is_right(task: Task, said: str) -> bool:
    """Whether an answer is the wanted one: equal text, or equal JSON value where JSON was asked for."""
    last = task.messages[-1]
    if task.judged_as == "call":
        return bool(parsed(task, said) == last["tool_calls"][0])
    if task.judged_as == "json":
        return bool(parsed(task, said) == json.loads(last["content"]))
    return said.strip() == str(last["content"]).strip()


@torch.no_grad()
def bits_per_byte(model: Any, tokenizer: Any, path: Path, part: str, most_tokens: int) -> float:
    """Total loss in bits over the bytes of the text that was scored.

    Rows are taken in file order until ``most_tokens`` have been scored; a row counts with its first 1,024 tokens. Role
    and stop tokens of dialogues and questions add bits but no bytes.
    """
    render = ChatRenderer()
    nats, length_bytes, seen = 0.0, 0, 0
    for row in corpus.read_rows(path):
        chat = corpus.chat_of(part, row)
        text = "<|bos|>" + str(row["text"]) if chat is None else render(chat)
        ids = tokenizer(text, add_special_tokens=False).input_ids[:1025]
        nats += float(token_losses(model, torch.tensor([ids])).sum())
        length_bytes += len(tokenizer.decode(ids, skip_special_tokens=True).encode())
        seen += len(ids)
        if seen >= most_tokens:
            break
    return nats / math.log(2) / max(1, length_bytes)


@torch.no_grad()
def answer_tasks(model: Any, tokenizer: Any, tasks: list[Task]) -> dict[str, Tally]:
    """Greedy answers to the last turn of each task, judged, by kind."""
    render = ChatRenderer()
    tallies: dict[str, Tally] = defaultdict(Tally)
    call = tokenizer.convert_tokens_to_ids("<|call|>")
    for task in tasks:
        text = render(task.messages[:-1], task.tools, prompt=True)
        ids = torch.tensor([tokenizer(text, add_special_tokens=False).input_ids])
        wanted = render(task.messages, task.tools)[len(text) :]
        room = min(_NEW_TOKENS, 8 + 2 * len(tokenizer(wanted).input_ids))
        made = model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=room, do_sample=False, use_cache=True
        )[0, ids.shape[1] :].tolist()
        if made and made[-1] == tokenizer.eos_token_id:
            made = made[:-1]
        tallies[task.kind].add(task, tokenizer.decode(made, skip_special_tokens=call not in made))
    return tallies


def held_out_tasks(material: Material, each: int, seed: int) -> list[Task]:
    """``each`` new instances of every kind."""
    return [task for kind in GENERATORS for task in draw_tasks(material, seed, each, [kind])]


def report(tallies: dict[str, Tally]) -> dict[str, Any]:
    """Accuracy per kind, over trained and over new kinds, and the share of valid JSON."""
    trained = [tally for kind, tally in tallies.items() if kind not in HELD_OUT]
    new = [tally for kind, tally in tallies.items() if kind in HELD_OUT]

    def share(some: list[Tally]) -> float:
        return round(sum(t.right for t in some) / max(1, sum(t.asked for t in some)), 4)

    wanted = sum(tally.json_asked for tally in tallies.values())
    valid = sum(tally.json_valid for tally in tallies.values())
    return {
        "accuracy_new_instances": share(trained),
        "accuracy_new_kinds": share(new),
        "valid_json": round(valid / max(1, wanted), 4),
        "json_answers": wanted,
        "by_kind": {kind: {"right": t.right, "of": t.asked} for kind, t in sorted(tallies.items())},
    }


def decode_speed(model: Any, tokens: int = 96) -> float:
    """Tokens a second of greedy decoding with a KV cache, one sequence, a prompt of 64 tokens."""
    ids = torch.randint(20, 400, (1, 64), generator=torch.Generator().manual_seed(0))
    begin = time.perf_counter()
    model.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=tokens, min_new_tokens=tokens, do_sample=False
    )
    return tokens / (time.perf_counter() - begin)


def main() -> None:
    parser = argparse.ArgumentParser(description="Evaluate an exported folder.")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--each", type=int, default=25, help="new instances of every kind of task")
    parser.add_argument("--tokens", type=int, default=25_000, help="tokens of each validation file")
    arguments = parser.parse_args()
    begin = time.perf_counter()
    model: Any = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32)
    load_s = time.perf_counter() - begin
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    bits = {
        part: round(
            bits_per_byte(model, tokenizer, corpus.part_path(arguments.corpus, part, True), part, arguments.tokens), 4
        )
        for part in corpus.PARTS
    }
    tasks = held_out_tasks(read_material(arguments.corpus, held_out=True), arguments.each, 4242)
    found = {
        "bits_per_byte": bits,
        "bits_per_byte_mean": round(float(np.mean(list(bits.values()))), 4),
        **report(answer_tasks(model, tokenizer, tasks)),
        "load_s": round(load_s, 3),
        "decode_tokens_per_s": round(decode_speed(model), 1),
    }
    arguments.out.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
