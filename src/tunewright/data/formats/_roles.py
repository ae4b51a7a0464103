"""Names that people give to the sides of a conversation, and which of the four roles each probably means."""

from __future__ import annotations

from tunewright.records.example import Role

ALIASES: dict[str, Role] = {
    "human": "user",
    "customer": "user",
    "client": "user",
    "person": "user",
    "prompter": "user",
    "question": "user",
    "instruction": "user",
    "input": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "claude": "assistant",
    "bot": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "agent": "assistant",
    "answer": "assistant",
    "response": "assistant",
    "output": "assistant",
    "context": "system",
    "instructions": "system",
    "observation": "tool",
    "function_response": "tool",
    "tool_response": "tool",
    "tool_result": "tool",
    "ipython": "tool",
}


def suggestion(role: str) -> str:
    """``; perhaps it is 'assistant'`` for a role of a known other name, nothing otherwise."""
    known = ALIASES.get(role.strip().lower())
    return f"; perhaps it is '{known}'" if known else ""
