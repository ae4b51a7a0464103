"""Local generation against ``transformers.generate``: processor seconds on one thread, in one run.

Two kinds of work, two models (Wren as shipped, and random weights in the shape of a 135 M Llama): classification behind
a common prompt of about 400 tokens with 20 labels, and generation from prompts of many lengths with answers of many
lengths. ``generate`` runs in left-padded batches of 16 in the order given, and one by one; the better counts.
A random model is undecided between labels, so that for it nearly all of their trie is read: the worst case. It never
ends an answer either: lengths are drawn (geometric, mean 32), and a batch of ``generate`` runs to its longest.

    python benchmarks/generation.py [--small] [--only wren]
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")

import numpy as np
import torch
import transformers

from tunewright.backends.local import LocalBackend
from tunewright.backends.local_model import LocalModel
from tunewright.backends.local_prefix import sharing_problem
from tunewright.language.render import prompt_ids
from tunewright.records.example import Message
from tunewright.records.generation import Decoding, Reply, Request

SEED = 7
BATCH = 16
PROMPT_TOKENS = 400
# What people ask for, by intent; said with a few words before and after.
SAID = {
    "find_restaurants": "a place to eat some pasta", "book_table": "a table for four at the steak house",
    "search_hotel": "a hotel near the station", "reserve_hotel": "a room for two nights with breakfast",
    "find_flights": "a flight from Boston to Paris", "book_flight": "two economy seats on that plane",
    "rent_car": "a rental car for the week", "get_weather": "the weather forecast for tomorrow",
    "play_song": "some jazz music on the speaker", "find_movies": "a good comedy film to watch",
    "buy_movie_ticket": "three tickets for the late show", "find_events": "a concert or a game this weekend",
    "find_dentist": "a dentist close to my home", "book_appointment": "an appointment with the doctor on Monday",
    "find_apartment": "an apartment with two bedrooms", "schedule_visit": "a visit to the property on Friday",
    "check_balance": "the balance of my savings account", "transfer_money": "to send fifty dollars to my sister",
    "find_bus": "a bus to San Diego in the morning", "set_alarm": "an alarm for seven in the morning",
}  # fmt: skip
LABELS = tuple(SAID)
OPENINGS = ("I need", "I am looking for", "Can you help me get", "Hi, I would like", "Please find me", "I want")
CLOSINGS = ("please.", "as soon as you can.", "if that is possible.", "today.", "thanks.", "and nothing too expensive.")
WORDS = "the order came late and my new card was not working at the shop on monday so please send it back again to me"


@dataclass(frozen=True, slots=True)
class Work:
    """Requests with the settings of ``generate`` that ask for the same."""

    name: str
    requests: list[Request]
    new_tokens: int
    aim: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Processor seconds and the replies."""

    seconds: float
    texts: list[str]


def message(random: np.random.Generator, label: str) -> str:
    """Something that a person with this wish may say."""
    return f"{random.choice(OPENINGS)} {SAID[label]} {random.choice(CLOSINGS)}"


def classification(backend: LocalBackend, rows: int) -> Work:
    """One instruction for all with examples, a short message each."""
    random = np.random.default_rng(SEED)
    system = "Classify the message into one of these labels:\n" + "\n".join(f"- {label}" for label in LABELS) + "\n"
    while len(prompt_ids((Message("system", system), Message("user", "")), (), backend.model.spec)) < PROMPT_TOKENS:
        label = str(random.choice(LABELS))
        system += f"\nMessage: {message(random, label)}\nLabel: {label}"
    texts = [message(random, str(random.choice(LABELS))) for _ in range(rows)]
    decoding = Decoding(choices=LABELS)
    requests = [Request((Message("system", system), Message("user", text)), decoding) for text in texts]
    return Work("classification, 20 labels", requests, 8, 10.0)


def ragged(rows: int, new_tokens: int, *, cut: bool = False) -> Work:
    """Nothing in common but the template, from 10 to 120 words; ``cut`` gives each answer a length of its own."""
    random = np.random.default_rng(SEED + 1)
    words = WORDS.split()
    texts = [" ".join(random.choice(words, int(random.integers(10, 120)))) for _ in range(rows)]
    sizes = random.geometric(3 / new_tokens, rows).clip(1, new_tokens) if cut else [new_tokens] * rows
    requests = [
        Request((Message("user", text),), Decoding(max_tokens=int(size)))
        for text, size in zip(texts, sizes, strict=True)
    ]
    return Work("ragged generation", requests, new_tokens, 2.0)


def timed(act: Callable[[], list[str]]) -> Measured:
    """Processor seconds of this process, all threads."""
    started = time.process_time()
    texts = act()
    return Measured(time.process_time() - started, texts)


def ours(backend: LocalBackend, work: Work) -> list[str]:
    """Replies in order."""
    found: dict[int, Reply] = dict(backend.complete(work.requests))
    return [found[place].text or "" for place in range(len(work.requests))]


def theirs(backend: LocalBackend, work: Work, batch: int, rows: Sequence[Request]) -> list[str]:
    """``transformers.generate``, greedy, left-padded."""
    model, spec = backend.model.weights, backend.model.spec
    texts: list[str] = []
    for start in range(0, len(rows), batch):
        ids = [list(prompt_ids(row.messages, (), spec)) for row in rows[start : start + batch]]
        width = max(map(len, ids))
        padded = torch.tensor([[0] * (width - len(row)) + row for row in ids])
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in ids])
        most = [work.new_tokens if row.decoding.choices else row.decoding.max_tokens for row in rows[start:][:batch]]
        made = model.generate(
            padded,
            attention_mask=mask,
            max_new_tokens=max(most),
            do_sample=False,
            eos_token_id=list(spec.stop),
            pad_token_id=0,
        )
        for row, size in zip(made[:, width:].tolist(), most, strict=True):
            end = min(size, next((place for place, token in enumerate(row) if token in spec.stop), len(row)))
            texts.append(spec.tokenizer.decode(row[:end], skip_special_tokens=False))
    return texts


def compare(backend: LocalBackend, work: Work, alone: int) -> None:
    """One line of the table; one-by-one ``generate`` is timed on ``alone`` rows and scaled up."""
    count = len(work.requests)
    mine = timed(lambda: ours(backend, work))
    batched = timed(lambda: theirs(backend, work, BATCH, work.requests))
    single = timed(lambda: theirs(backend, work, 1, work.requests[:alone])).seconds * count / alone
    best = min(batched.seconds, single)
    same = sum(one == other for one, other in zip(mine.texts, batched.texts, strict=True))
    print(
        f"| {backend.name} | {work.name} | {count} | {mine.seconds:.2f} | {batched.seconds:.2f} | {single:.2f} "
        f"| **{best / mine.seconds:.1f}** | {work.aim:g} | {same} |",
        flush=True,
    )


def shaped_135m(base: LocalBackend) -> LocalBackend:
    """Random weights in the shape of SmolLM2-135M with Wren's tokenizer."""
    untyped: Any = transformers
    config = untyped.LlamaConfig(
        vocab_size=49_152,
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=30,
        num_attention_heads=9,
        num_key_value_heads=3,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    torch.manual_seed(SEED)
    model = untyped.AutoModelForCausalLM.from_config(config).eval()
    return LocalBackend(LocalModel("135 M, random", model, base.model.spec, base.model.files, sharing_problem(model)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a few rows, to see that it runs")
    parser.add_argument("--only", choices=("wren", "135m"), help="one of the models")
    given = parser.parse_args()
    small = given.small
    torch.set_num_threads(1)
    print(
        f"torch {torch.__version__}, transformers {transformers.__version__}, {platform.machine()}, 1 thread, float32"
    )
    print("| model | work | calls | ours s | generate, batches of 16, s | one by one, s | ratio | aim | equal texts |")
    print("|---|---|---|---|---|---|---|---|---|")
    wren = LocalBackend.open("wren", device="cpu", dtype=torch.float32)
    if given.only != "135m":
        compare(wren, classification(wren, 16 if small else 256), 8)
        compare(wren, ragged(16 if small else 128, 64), 8)
    if given.only != "wren":
        large = shaped_135m(wren)
        compare(large, classification(large, 4 if small else 32), 1)
        compare(large, ragged(4 if small else 48, 96, cut=True), 2)


if __name__ == "__main__":
    main()
