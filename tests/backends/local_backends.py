"""Local backends on tiny random models with a tokenizer of single bytes, for the tests of this room."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import torch

from tiny_decoders import CHATML, tiny_model, write_chat_decoder
from tunewright.backends.local import LocalBackend
from tunewright.backends.local_model import LocalModel
from tunewright.backends.local_prefix import sharing_problem
from tunewright.language.decoder import LoadedDecoder, load_decoder, locate_decoder
from tunewright.language.spec import resolve_spec
from tunewright.records.example import Message
from tunewright.records.generation import Decoding, Reply, Request

CONTEXT = 512
TOOL_TEMPLATE = (
    "{% if tools %}TOOLS{% for tool in tools %}{{ tool | tojson }}{% endfor %}\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}{% for call in m.tool_calls or [] %}"
    '<tool_call>\n{"name": {{ call.function.name | tojson }}, "arguments": {{ call.function.arguments | tojson }}}\n'
    "</tool_call>{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@cache
def byte_decoder() -> LoadedDecoder:
    """A Llama of 2 layers that reads bytes."""
    folder = write_chat_decoder(Path(tempfile.mkdtemp(prefix="bytes-")) / "model", max_position_embeddings=CONTEXT)
    return load_decoder(locate_decoder(str(folder)))


def local(family: str = "llama", *, alone: bool = False, template: str = CHATML, stop: tuple[int, ...] = ()) -> Any:
    """A backend over random weights of a family; ``alone`` takes the slow path, ``stop`` are further stop tokens."""
    decoder = byte_decoder()
    sizes: dict[str, Any] = {"vocab_size": len(decoder.tokenizer), "bos_token_id": None}
    context = "n_positions" if family == "gpt2" else "max_position_embeddings"
    model = tiny_model(family, **sizes, **{context: CONTEXT})
    spec = replace(resolve_spec(decoder.tokenizer, date="", template=template), template=template)
    spec = replace(spec, stop=(*spec.stop, *stop))
    problem = "asked for" if alone else sharing_problem(model)
    return LocalBackend(LocalModel(family, model, spec, decoder.files, problem))


def ask(
    *texts: str, system: str = "", repetition: int = 0, tools: tuple[str, ...] = (), **decoding: Any
) -> list[Request]:
    """A request for each text."""
    before = (Message("system", system),) if system else ()
    settings = Decoding(**({"max_tokens": 12} | decoding))
    return [Request((*before, Message("user", text)), settings, tools, repetition) for text in texts]


def replies(backend: LocalBackend, requests: list[Request]) -> list[Reply]:
    """In the order of the requests, each exactly once."""
    found = list(backend.complete(requests))
    assert sorted(place for place, _ in found) == list(range(len(requests)))
    return [dict(found)[place] for place in range(len(requests))]


def plain_logits(model: Any, ids: list[int]) -> torch.Tensor:
    """``[T, V]`` of one plain forward."""
    with torch.inference_mode():
        logits: torch.Tensor = model(torch.tensor([ids]), use_cache=False).logits[0]
    return logits


def favour(backend: Any, token: int, amount: float) -> None:
    """Raise one logit for good."""

    def raised(_module: Any, _inputs: Any, output: Any) -> Any:
        output = output.clone()
        output[..., token] += amount
        return output

    backend.model.weights.lm_head.register_forward_hook(raised)
