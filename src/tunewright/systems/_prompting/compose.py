"""From a case to the messages that a language model is sent: role, task, labels or schema, constraints, examples.

Pure functions of their arguments, shared by every system that prompts. A person's own prompt takes the place of the
written one; its placeholders are {task}, {labels} and {schema}.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from tunewright.errors import InputError
from tunewright.records.example import Example, Inputs, Message
from tunewright.systems._several import names_in
from tunewright.systems.around import Kind

PLACEHOLDERS = ("{task}", "{labels}", "{schema}")
# Ways of saying the same job, tried on validation rows.
STYLES = ("brief", "listed", "reminded")


@dataclass(frozen=True, slots=True)
class Job:
    """What the model is asked to do: the task in words, and what an answer may be (labels, or a JSON schema).

    With ``several`` the answer is a JSON list of labels, which ``schema`` describes; ``none_fits``: it may be empty.
    """

    task: str
    kind: Kind
    labels: tuple[str, ...] = ()
    schema: str | None = None
    own: str | None = None
    several: bool = False
    none_fits: bool = False


def several_job(task: str, labels: tuple[str, ...], rows: Sequence[Example], own: str | None = None) -> Job:
    """The job of naming all labels that fit; how many there may be is seen from rows."""
    sizes = [len(names_in(row.target)) for row in rows] or [1]
    items = {"type": "string", "enum": list(labels)}
    schema = {"type": "array", "items": items, "minItems": min(1, *sizes), "maxItems": max(1, *sizes)}
    text = json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
    return Job(task, "classify", labels, text, own, several=True, none_fits=min(sizes) == 0)


def compose(inputs: Inputs, job: Job, style: str, shots: Sequence[Example] = ()) -> tuple[Message, ...]:
    """The messages for one case: instruction, examples as earlier turns, the case itself.

    A system message that the case brings along follows the instruction. ``reminded`` says the form of the answer again
    behind the case, where a small model attends most.
    """
    own = "\n\n".join(m.content for m in inputs.messages if m.role == "system")
    system = "\n\n".join(part for part in (instruction(job, style), own) if part)
    turns = [m for shot in shots for m in (*_asked(shot.inputs, job, style), Message("assistant", shot.target))]
    return (Message("system", system), *turns, *_asked(inputs, job, style))


def instruction(job: Job, style: str) -> str:
    """The system message."""
    if job.own is not None:
        text = job.own
        for placeholder, value in zip(PLACEHOLDERS, (job.task, ", ".join(job.labels), job.schema or ""), strict=True):
            text = text.replace(placeholder, value)
        return text.strip()
    task = job.task.strip() or "Answer the case as the examples show."
    task = task if task.endswith((".", "!", "?", ":")) else f"{task}."
    return f"{task} {_form(job)}" if style == "brief" else f"{task}\n\n{_listed(job)}"


def _form(job: Job) -> str:
    if job.several:
        none = " Write [] where none fits." if job.none_fits else ""
        return f"Answer with a JSON list of all labels that fit, out of: {', '.join(job.labels)}.{none}"
    if job.kind == "classify":
        return f"Answer with one of: {', '.join(job.labels)}."
    if job.kind == "extract":
        return f"Answer with one JSON object that fits this schema: {job.schema}" if job.schema else "Answer in JSON."
    return "Answer with the text alone."


def _listed(job: Job) -> str:
    if job.kind == "classify":
        names = "\n".join(f"- {label}" for label in job.labels)
        if job.several:
            shown = json.dumps(list(job.labels[:2]), ensure_ascii=False)
            none = " Write [] where none fits." if job.none_fits else ""
            return f"Labels:\n{names}\n\nWrite a JSON list of all that fit, such as {shown}, and nothing else.{none}"
        return f"Labels:\n{names}\n\nWrite exactly one label from the list and nothing else."
    if job.kind == "extract":
        schema = f"JSON schema of the answer:\n{job.schema}\n\n" if job.schema else ""
        return f"{schema}Write one JSON object and nothing else. Leave out nothing that the text says, add nothing."
    return "Write the answer alone, without a word before or after it."


def _asked(inputs: Inputs, job: Job, style: str) -> list[Message]:
    turns = [m for m in inputs.messages if m.role != "system"]
    if style != "reminded" or not turns or turns[-1].role != "user":
        return turns
    reminder = {"classify": "Label:", "extract": "JSON:", "generate": "Answer:"}[job.kind]
    reminder = "Labels:" if job.several else reminder
    return [*turns[:-1], Message("user", f"{turns[-1].content}\n\n{reminder}")]


def require_placeholders(text: str, where: str) -> None:
    """A person's own prompt holds no placeholder that nobody fills.

    Raises:
        InputError: it names one that does not exist.
    """
    for word in (piece.partition("}")[0] for piece in text.split("{")[1:]):
        if word.isidentifier() and f"{{{word}}}" not in PLACEHOLDERS:
            raise InputError(
                "prompt.placeholder",
                f"The prompt has a placeholder {{{word}}} that nothing fills.",
                where=where,
                hint=f"Placeholders are {', '.join(PLACEHOLDERS)}; the case itself is sent behind the prompt.",
            )
