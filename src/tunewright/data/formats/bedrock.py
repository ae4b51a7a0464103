"""Conversations of Amazon Bedrock: ``schemaVersion``, system texts, and contents that are lists of ``{"text"}``."""

from __future__ import annotations

from tunewright.data.cells import cell_text
from tunewright.data.formats import TEXT_USES
from tunewright.data.formats._turns import Turns
from tunewright.data.formats.chat import conversation_of, draft_of, turns_to_write
from tunewright.data.rows import Cells, ColumnMap, Draft, Refusal, Written
from tunewright.records.example import Example, Message

ORDER = 3
NAME = "bedrock"
DESCRIPTION = "conversations of Amazon Bedrock (schemaVersion, contents as lists of texts)"
USES = TEXT_USES
FAMILY = NAME
ALONE = False
VERSION_KEY = "schemaVersion"
VERSION = "bedrock-conversation-2024"
# The second is a misprint of the maker's own documentation.
STARTS = ("bedrock-conversation", "bedrock-conversion")


def matches(cells: Cells, columns: ColumnMap | None) -> bool:
    messages = cells.get("messages")
    if (columns is not None and columns.input) or not isinstance(messages, list):
        return False
    if cell_text(cells.get(VERSION_KEY)).startswith(STARTS):
        return True
    return bool(messages) and all(
        isinstance(item, dict) and "role" in item and _is_blocks(item.get("content")) for item in messages
    )


def _is_blocks(content: object) -> bool:
    if not isinstance(content, list) or not content:
        return False
    return all(isinstance(block, dict) and "text" in block and "type" not in block for block in content)


def consumed(columns: ColumnMap | None) -> frozenset[str]:
    target = {columns.target} if columns and columns.target else set()
    return frozenset({"messages", "system", VERSION_KEY} | target)


def convert(cells: Cells, columns: ColumnMap | None, require_target: bool) -> Draft | Refusal:
    turns = cells.get("messages")
    if not isinstance(turns, list):
        return Refusal("data.other_shape", "there is no list of messages")
    messages: list[Message] = []
    if cells.get("system"):
        text = _text(cells["system"], "the system prompt")
        if isinstance(text, Refusal):
            return text
        messages.append(Message("system", text))
    for place, item in enumerate(turns, start=1):
        role = cell_text(item.get("role")) if isinstance(item, dict) else ""
        if role not in ("user", "assistant"):
            return Refusal("chat.unknown_role", f"message {place} has the role '{role}', not user or assistant", role)
        text = _text(item.get("content"), f"message {place}")
        if isinstance(text, Refusal):
            return text
        messages.append(Message("user" if role == "user" else "assistant", text))
    found = conversation_of(Turns(tuple(messages), _version(cells)), {}, None, require_target)
    if isinstance(found, Refusal) or columns is None or columns.target is None:
        return found if isinstance(found, Refusal) else draft_of(found)
    return Draft(tuple(messages), cells.get(columns.target), tags=_version(cells))


def _version(cells: Cells) -> tuple[tuple[str, str], ...]:
    version = cell_text(cells.get(VERSION_KEY))
    return () if version in ("", VERSION) else ((VERSION_KEY, version),)


def _text(blocks: object, what: str) -> str | Refusal:
    if isinstance(blocks, str):
        return blocks
    if not isinstance(blocks, list):
        return Refusal("chat.content", f"{what} is neither text nor a list of texts")
    texts = []
    for block in blocks:
        if not isinstance(block, dict) or not isinstance(block.get("text"), str):
            kind = ", ".join(block) if isinstance(block, dict) else type(block).__name__
            return Refusal("chat.not_text", f"{what} has a part '{kind}'; only text can be used")
        texts.append(block["text"])
    return "\n".join(texts)


def write(example: Example, columns: ColumnMap) -> Written | Refusal:
    turns = turns_to_write(example)
    system = turns[0].content if turns and turns[0].role == "system" else None
    rest = turns[1:] if system is not None else turns
    if any(message.role not in ("user", "assistant") for message in rest):
        return Refusal("write.roles", "it has messages of tools, or a system message that does not stand first")
    version = dict(example.tags).get(VERSION_KEY, VERSION)
    cells: dict[str, object] = {VERSION_KEY: version}
    if system is not None:
        cells["system"] = [{"text": system}]
    cells["messages"] = [{"role": message.role, "content": [{"text": message.content}]} for message in rest]
    return Written(cells, frozenset({VERSION_KEY}))
