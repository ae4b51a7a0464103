"""Small tokenizers and chat templates in the styles of well-known models, for the tests of rendering."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from tunewright.language.spec import RenderSpec, resolve_spec

DATE = "2026-03-31"
SENTENCES = [
    "The card was stolen yesterday and the bank sent a new one.",
    "What is the fee for a transfer to Spain? It is two euros.",
    'Call the tool with {"city": "Paris", "days": 3} and wait for the answer.',
    "assistant user system tool name arguments function Thinking about it\n\n\nI cannot help with that.",
    "Grüße aus Köln, 東京 and Москва, a naïve café 🙂 at night.",
]
SPECIAL = [
    "<|bos|>",
    "<|eos|>",
    "<|pad|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|head|>",
    "<|/head|>",
    "<|eot|>",
    "<turn>",
    "</turn>",
    "[INST]",
    "[/INST]",
    "<|Assistant|>",
    "<|User|>",
]
NOT_SPECIAL = ["<think>", "</think>", "<tool_call>", "</tool_call>"]

CHATML = """{%- for m in messages -%}
{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>' + '\\n' }}
{%- endfor -%}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif -%}"""

# BOS of its own, trimmed contents, the date told, tools in the system message, calls as JSON.
HEADERS = """{{- bos_token }}
{%- if messages[0].role == 'system' %}{% set system = messages[0].content | trim %}{% set rest = messages[1:] %}
{%- else %}{% set system = '' %}{% set rest = messages %}{% endif %}
{{- '<|head|>system<|/head|>\\n\\nToday is ' + strftime_now('%d %b %Y') + '\\n' + system }}
{%- if tools %}{{ '\\nTools: ' }}{% for tool in tools %}{{ tool | tojson(indent=2) }}{% endfor %}{% endif %}
{{- '<|eot|>' }}
{%- for m in rest %}
  {{- '<|head|>' + m.role + '<|/head|>\\n\\n' }}
  {%- if m.tool_calls %}
    {%- if m.tool_calls | length != 1 %}{{ raise_exception('only one call at a time') }}{% endif %}
    {%- set call = m.tool_calls[0].function %}
    {{- m.content }}{{ '{"name": "' + call.name + '", "parameters": ' }}{{ call.arguments | tojson }}{{ '}<|eot|>' }}
  {%- else %}{{ m.content | trim + '<|eot|>' }}{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|head|>assistant<|/head|>\\n\\n' }}{% endif %}"""

# Roles must take turns, no system role, the assistant is called model.
TURNS = """{{ bos_token }}
{%- if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}
{%- for message in messages %}
{%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
{{- raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}
{%- endif %}
{%- set role = 'model' if message['role'] == 'assistant' else message['role'] %}
{{- '<turn>' + role + '\\n' + message['content'] | trim + '</turn>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<turn>model\\n' }}{% endif %}"""

# No generation prompt of its own: the answer follows the bracket; the end token is the tokenizer's.
BRACKETS = """{%- set ns = namespace(system='') -%}
{{- bos_token -}}
{%- for m in messages -%}
{%- if m.role == 'system' -%}{%- set ns.system = m.content + '\\n\\n' -%}{%- continue -%}{%- endif -%}
{%- if m.role == 'user' -%}{{- '[INST] ' + ns.system + m.content + ' [/INST]' -}}{%- set ns.system = '' -%}
{%- elif m.role == 'assistant' -%}{%- generation -%}{{- ' ' + m.content + eos_token -}}{%- endgeneration -%}
{%- else -%}{{- raise_exception('Only user and assistant roles are supported!') -}}{%- endif -%}
{%- endfor -%}"""

# Thoughts of turns before the last question are dropped; without thinking an empty thought is in the prompt.
THINKING = """{%- set ns = namespace(last=0) %}
{%- for m in messages %}{% if m.role == 'user' %}{% set ns.last = loop.index0 %}{% endif %}{% endfor %}
{%- for m in messages %}
  {{- '<|im_start|>' + m.role + '\\n' }}
  {%- set content = m.content %}
  {%- if m.role == 'assistant' %}
    {%- set thought = '' %}
    {%- if '</think>' in content %}
      {%- set thought = content.split('</think>')[0].split('<think>')[-1].strip('\\n') %}
      {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
    {%- endif %}
    {%- if loop.index0 > ns.last %}{{ '<think>\\n' + thought + '\\n</think>\\n\\n' }}{% endif %}
  {%- endif %}
  {{- content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
  {{- '<|im_start|>assistant\\n' }}
  {%- if enable_thinking is defined and enable_thinking is false %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}
{%- endif %}"""

# The generation prompt opens a thought that the full rendering never writes.
OPENED = """{{ bos_token }}{% for m in messages %}
{%- if m.role == 'user' %}{{ '<|User|>' + m.content }}
{%- elif m.role == 'assistant' %}{{ '<|Assistant|></think>' + m.content + eos_token }}
{%- else %}{{ m.content }}{% endif %}{% endfor %}
{%- if add_generation_prompt %}{{ '<|Assistant|><think>\\n' }}{% endif %}"""

TOOLS = """{%- if tools %}{{ '<|im_start|>system\\n# Tools\\n' }}
{%- for tool in tools %}{{ tool | tojson + '\\n' }}{% endfor %}{{ '<|im_end|>\\n' }}{% endif %}
{%- for m in messages %}
  {%- if m.role == 'tool' %}
    {{- '<|im_start|>user\\n<tool_response>\\n' + m.content + '\\n</tool_response><|im_end|>\\n' }}
  {%- else %}{{ '<|im_start|>' + m.role + '\\n' + m.content }}
    {%- for call in m.tool_calls or [] %}
      {%- if (loop.first and m.content) or not loop.first %}{{ '\\n' }}{% endif %}
      {{- '<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' }}
      {{- call.function.arguments if call.function.arguments is string else call.function.arguments | tojson }}
      {{- '}\\n</tool_call>' }}
    {%- endfor %}{{ '<|im_end|>\\n' }}
  {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""

# Written as people write pages: tags on lines of their own, which the renderer takes away.
LOOSE = """{% for m in messages %}
<|im_start|>{{ m.role }}
  {% if m.content %}
{{ m.content }}<|im_end|>
  {% else %}
<|im_end|>
  {% endif %}
{% endfor %}
{% if add_generation_prompt %}
<|im_start|>assistant
{% endif %}"""

TEMPLATES = {
    "chatml": CHATML,
    "headers": HEADERS,
    "turns": TURNS,
    "brackets": BRACKETS,
    "thinking": THINKING,
    "opened": OPENED,
    "tools": TOOLS,
    "loose": LOOSE,
}
WITH_CALLS = ("headers", "tools")


@lru_cache
def byte_level() -> Any:
    """A byte-level BPE tokenizer of a few hundred tokens, with no BOS of its own."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES * 3, trainer)
    return wrapped(tokenizer)


@lru_cache
def with_bos() -> Any:
    """The same, putting BOS before plain text."""
    tokenizer = Tokenizer.from_str(byte_level().backend_tokenizer.to_str())
    bos = tokenizer.token_to_id("<|bos|>")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|bos|> $A", pair=None, special_tokens=[("<|bos|>", bos)]
    )
    return wrapped(tokenizer)


@lru_cache
def metaspace() -> Any:
    """A tokenizer in the manner of sentencepiece: a mark for spaces, one before the first word, bytes as a fallback."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    letters = sorted({letter for text in SENTENCES for letter in text.replace(" ", "▁")})
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=["<unk>", *(f"<0x{byte:02X}>" for byte in range(256))],
        initial_alphabet=letters,
        show_progress=False,
    )
    tokenizer.train_from_iterator([text.replace(" ", "▁") for text in SENTENCES * 3], trainer)
    return wrapped(tokenizer)


def wrapped(tokenizer: Tokenizer, **names: str) -> Any:
    """The tokenizer as transformers has it; ``names`` give other tokens for ``pad_token`` and the like."""
    named = {"bos_token": "<|bos|>", "eos_token": "<|eos|>", "pad_token": "<|pad|>", **names}
    made = PreTrainedTokenizerFast(tokenizer_object=tokenizer, clean_up_tokenization_spaces=False, **named)
    made.add_special_tokens({"additional_special_tokens": SPECIAL[3:]})
    made.add_tokens(NOT_SPECIAL)
    return made


def renamed(**names: str) -> Any:
    """A byte-level tokenizer of its own, with other named tokens."""
    return wrapped(Tokenizer.from_str(byte_level().backend_tokenizer.to_str()), **names)


def spec_for(style: str, tokenizer: Any = None, **arguments: object) -> RenderSpec:
    """The spec of a template above, or of plain text."""
    template = "plain" if style == "plain" else TEMPLATES[style]
    return resolve_spec(tokenizer or byte_level(), date=DATE, template=template, arguments=arguments)
