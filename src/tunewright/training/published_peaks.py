"""Peaks that others measured and published, with the setup as far as it is known: what the memory model is held to.

Allocator figures, so without the driver's own memory. What a source leaves open is named in ``note``; of the settings
it may have had, the one that agrees best was taken, so that rows with a note prove less than those without.
Encoder-decoder models and CPU offload are left out; the tests of the memory model list them, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tunewright.training.activation_memory import Adapters
from tunewright.training.memory_model import MemorySetup
from tunewright.training.model_shapes import PUBLIC_SHAPES, ModelShape

GB = 1e9
GIB = 2.0**30

_ATTENTION_AND_MLP = ("q_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_QV = ("q_proj", "v_proj")
_MLP = ("gate_proj", "up_proj", "down_proj")
_ALL = ("q_proj", "k_proj", "v_proj", "o_proj", *_MLP)
_GUESSED = "checkpointing; adapters on q, v, o and MLP assumed"
_GUESSED_PLAIN = "no checkpointing, adapters on q, v, o and MLP assumed"
_TORCHTUNE = "torchtune README, September 2024: batch 2, packed to 2048, compiled"
_ONE_A100 = "torchtune README, later: Llama-3.2-3B, A100, batch 2"
_7B_TABLE = "a table of Llama-2-7B adapters, ranks 8 and 64"
_BATCH_GUESSED = "the batch is not stated: 256 tokens, bf16 adapters and no checkpointing assumed"
_PEFT = "PEFT method comparison, MetaMathQA, L40S, batch 4 of at most 768, padded"


@dataclass(frozen=True, slots=True)
class PublishedPeak:
    """One measured peak in bytes a card."""

    name: str
    shape: ModelShape
    setup: MemorySetup
    measured_bytes: float
    source: str
    note: str = ""


_PLAIN = MemorySetup(states="bf16", autocast=False, context=False)
"""Pure bf16 without autocast and without the driver's own memory, as torchtune and PEFT measure."""

_EIGHT_B = replace(_PLAIN, adapters=Adapters(8, _ATTENTION_AND_MLP), compiled=True, batch_tokens=4096, head_chunk=512)
_EIGHT_B_FULL = replace(_EIGHT_B, method="full", states="bf16_paged", update_in_backward=True)
_THREE_B = replace(_PLAIN, method="full", adapters=Adapters(8, _ATTENTION_AND_MLP), batch_tokens=8192)
_THREE_B_LEAN = replace(_THREE_B, compiled=True, checkpointing=True)
_L40S = replace(_PLAIN, states="fp32", batch_tokens=3072, row_tokens=768, attention="masked", head="all")
_EIGHT_CARDS = replace(_EIGHT_B, adapters=Adapters(16, _ATTENTION_AND_MLP), checkpointing=True, cards=8)
_7B_PLAIN = replace(_PLAIN, batch_tokens=256)
_LEAST = replace(_PLAIN, method="qlora", batch_tokens=256, checkpointing=True, head_chunk=64, states="fp32_8bit")

_7B, _3B, _8B, _70B = (PUBLIC_SHAPES[key] for key in ("llama-2-7b", "3B", "8B", "70B"))
_BLOOM = ModelShape(  # its two norms of the table are counted as rows of positions; its GELU keeps its input alone
    "bloomz-7b1", 30, 4096, 32, 32, 128, 16_384, 250_880, True, False, "layer", 2, False, True, True, True, 2, 2
)

PUBLISHED_PEAKS: tuple[PublishedPeak, ...] = (
    PublishedPeak("8B LoRA, 4090", _8B, replace(_EIGHT_B, checkpointing=True), 16.2 * GIB, _TORCHTUNE, _GUESSED),
    PublishedPeak(
        "8B QLoRA, 4090", _8B, replace(_EIGHT_B, method="qlora", checkpointing=True), 7.4 * GIB, _TORCHTUNE, _GUESSED
    ),
    PublishedPeak(
        "8B full, 4090",
        _8B,
        replace(_EIGHT_B_FULL, checkpointing=True),
        18.9 * GIB,
        _TORCHTUNE,
        "checkpointing; moments paged to the host",
    ),
    PublishedPeak(
        "8B full, A6000",
        _8B,
        _EIGHT_B_FULL,
        37.4 * GIB,
        _TORCHTUNE,
        "no checkpointing assumed; moments paged to the host",
    ),
    PublishedPeak("8B LoRA, A6000", _8B, _EIGHT_B, 30.3 * GIB, _TORCHTUNE, _GUESSED_PLAIN),
    PublishedPeak("70B LoRA, 8 x A100", _70B, _EIGHT_CARDS, 27.6 * GIB, _TORCHTUNE),
    PublishedPeak(
        "405B QLoRA, 8 x A100",
        PUBLIC_SHAPES["405B"],
        replace(_EIGHT_CARDS, method="qlora", batch_tokens=2048),
        44.8 * GB,
        _TORCHTUNE,
        "batch 1 as in the recipe; at the table's batch 2 the inputs of the layers alone would be 15.8 GiB",
    ),
    PublishedPeak(
        "3B full, unpacked",
        _3B,
        replace(_THREE_B, head="all", batch_tokens=1024),
        25.5 * GIB,
        _ONE_A100,
        "tokens of an unpacked batch are not stated: 1,024 assumed; weights, gradients and moments alone take 23.9 GiB",
    ),
    PublishedPeak("3B full, packed", _3B, replace(_THREE_B, head="all"), 60.0 * GIB, _ONE_A100),
    PublishedPeak("3B full, compiled", _3B, replace(_THREE_B, head="all", compiled=True), 51.0 * GIB, _ONE_A100),
    PublishedPeak("3B full, chunked loss", _3B, replace(_THREE_B, compiled=True), 42.9 * GIB, _ONE_A100),
    PublishedPeak("3B full, checkpointing", _3B, _THREE_B_LEAN, 24.9 * GIB, _ONE_A100),
    PublishedPeak(
        "3B full, update in backward",
        _3B,
        replace(_THREE_B_LEAN, update_in_backward=True),
        23.1 * GIB,
        _ONE_A100,
    ),
    PublishedPeak("3B LoRA", _3B, replace(_THREE_B_LEAN, method="lora"), 8.5 * GIB, _ONE_A100),
    PublishedPeak("3B QLoRA", _3B, replace(_THREE_B_LEAN, method="qlora"), 4.6 * GIB, _ONE_A100),
    PublishedPeak("3B LoRA r32 q,v", _3B, replace(_L40S, adapters=Adapters(32, _QV)), 20.76 * GIB, _PEFT),
    PublishedPeak("3B LoRA r64 q,v", _3B, replace(_L40S, adapters=Adapters(64, _QV)), 21.01 * GIB, _PEFT),
    PublishedPeak(
        "3B DoRA r32 q,v",
        _3B,
        replace(_L40S, adapters=Adapters(32, _QV)),
        22.85 * GIB,
        _PEFT,
        "as LoRA: the magnitudes and norms of DoRA are not in the model",
    ),
    PublishedPeak("3B LoRA r10 MLP", _3B, replace(_L40S, adapters=Adapters(10, _MLP)), 24_712_839_168, _PEFT),
    PublishedPeak("3B full", _3B, replace(_L40S, method="full", states="bf16"), 36.20 * GIB, _PEFT),
    PublishedPeak(
        "bloomz-7b1 LoRA",
        _BLOOM,
        MemorySetup(
            adapters=Adapters(8, ("c_attn",)), batch_tokens=512, base_bytes=4, autocast=False, head="all", context=False
        ),
        32 * GB,
        "PEFT README: A100, batch 8 of 64 tokens",
        "fp32 weights: only so do this row and its neighbours agree",
    ),
    PublishedPeak(
        "Llama-2-7B LoRA r8 q,v",
        _7B,
        replace(_7B_PLAIN, adapters=Adapters(8, _QV)),
        15.57 * GB,
        _7B_TABLE,
        _BATCH_GUESSED,
    ),
    PublishedPeak(
        "Llama-2-7B LoRA r8 all",
        _7B,
        replace(_7B_PLAIN, adapters=Adapters(8, _ALL)),
        15.87 * GB,
        _7B_TABLE,
        _BATCH_GUESSED,
    ),
    PublishedPeak(
        "Llama-2-7B LoRA r64 q,v",
        _7B,
        replace(_7B_PLAIN, adapters=Adapters(64, _QV)),
        15.86 * GB,
        _7B_TABLE,
        _BATCH_GUESSED,
    ),
    PublishedPeak(
        "Llama-2-7B LoRA r64 all",
        _7B,
        replace(_7B_PLAIN, adapters=Adapters(64, _ALL)),
        17.04 * GB,
        _7B_TABLE,
        _BATCH_GUESSED,
    ),
    PublishedPeak(
        "Llama-2-7B LoRA, context 8192",
        _7B,
        replace(
            _PLAIN,
            batch_tokens=8192,
            adapters=Adapters(8, ("q_proj", "k_proj", "v_proj", "o_proj")),
            checkpointing=True,
            head="all",
            cards=8,
            shard_weights=False,
        ),
        25.7 * GB,
        "LongLoRA (arXiv 2309.12307), 8 x A100, ZeRO-2",
        "its trained table and norms and DeepSpeed's buffers are not in the model",
    ),
    PublishedPeak(
        "8B QLoRA, least",
        _8B,
        _LEAST,
        6 * GB,
        "Unsloth docs",
        "a minimum: 256 tokens, fused loss, 8-bit moments assumed",
    ),
    PublishedPeak(
        "14B QLoRA, least",
        PUBLIC_SHAPES["14B"],
        _LEAST,
        8.5 * GB,
        "Unsloth docs",
        "another 14B model may be meant: Qwen's table and head alone take 3.1 GB in bf16",
    ),
    PublishedPeak(
        "70B QLoRA, least",
        _70B,
        _LEAST,
        41 * GB,
        "Unsloth docs",
        "a minimum, as above",
    ),
)
