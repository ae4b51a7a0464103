"""What is allowed in the rows of a file, and a person should know before training on them. Called by ``gates``."""

from __future__ import annotations

from tunewright.language.gates_rows import Rows
from tunewright.language.render_encoder import own_prefix
from tunewright.language.render_text import prompt_text, turn_text
from tunewright.language.spec import RenderSpec, control_tokens
from tunewright.records.example import Example


def notes_on(rows: Rows) -> list[str]:
    """One plain sentence for each remark."""
    tokenizer, spec = rows.spec.tokenizer, rows.spec
    notes = []
    if getattr(tokenizer, "pad_token_id", None) in spec.stop:
        notes.append("The padding token is also a stop token. That does no harm here: rows are masked by position.")
    done = [(example, made) for _, example, made in rows.done() if any(row.spans for row in made)]
    bos = own_prefix(tokenizer)
    if bos and done and done[0][1][0].ids[:1] != bos:
        notes.append(f"The template writes no {rows.word(bos[0])}, which the tokenizer puts before plain text.")
    if spec.template is not None and done:
        example, made = done[0]
        last = made[-1].spans[-1].message
        if not turn_text(example.conversation, last, example.tools, spec).joined:
            notes.append(
                "The template asks for an answer in another form than it writes one (such as an opened thought). "
                "Training asks as serving will; check the arguments of the template, such as enable_thinking."
            )
    if spec.template is None:
        several = sum(len(example.messages) > 1 for _, example, _ in rows.done())
        if several:
            notes.append(
                "There is no chat template: messages are written one below the other as plain text, without their "
                f"roles. {several} of {len(rows.examples)} rows have more than one message before the answer."
            )
    halfway = _stopped_halfway(rows)
    if halfway:
        words = " or ".join(sorted({repr(spec.tokenizer.decode([token])) for token in halfway}))
        notes.append(
            f"{len(halfway)} answers hold a stop token ({words}) before their end. They are trained whole, but whoever "
            "serves the model will stop there: take it out of eos_token_id in generation_config.json."
        )
    hidden = sum(_hides_tools(example, spec) for _, example, _ in rows.done() if example.tools)
    if hidden:
        notes.append(f"The template does not show the tools that {hidden} rows offer.")
    return notes


def _stopped_halfway(rows: Rows) -> list[int]:
    """The first stop token within each answer that has one before its end; text that holds special tokens fails a gate
    of its own."""
    plain = set(rows.spec.stop) - set(control_tokens(rows.spec.tokenizer))
    if not plain:
        return []
    found = []
    for _, _, made in rows.done():
        for row in made:
            for span in row.spans:
                found += [token for token in row.ids[span.start : span.end - 1] if token in plain][:1]
    return found


def _hides_tools(example: Example, spec: RenderSpec) -> bool:
    shown, without = (prompt_text(example.messages, tools, spec) for tools in (example.tools, ()))
    return shown == without
