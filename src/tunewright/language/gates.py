"""The gates before any step: every silent way in which rows can teach the wrong thing, as an error with its row.

Each gate looks at all rows and collects. Rows come in as examples with what ``try_render_rows`` made of them; nothing
is changed and nothing is cut here. Called by training, and by whoever shows rows to a person first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tunewright.errors import InputError
from tunewright.language.gates_notes import notes_on
from tunewright.language.gates_report import GateFinding, GateReport, GateResult, result_of
from tunewright.language.gates_rows import Rows
from tunewright.language.render import Rendered, render_prompts
from tunewright.language.render_text import prompt_text
from tunewright.language.spec import RenderSpec, control_tokens, decoded
from tunewright.language.tools import missing_calls
from tunewright.records.example import Example

__all__ = ["GateFinding", "GateReport", "GateResult", "TooLong", "check_rows"]

TooLong = Literal["refuse", "drop"]
PROMPTS_PER_BATCH = 512


def check_rows(
    examples: Sequence[Example],
    rendered: Sequence[tuple[Rendered, ...] | InputError],
    spec: RenderSpec,
    *,
    max_tokens: int | None = None,
    too_long: TooLong = "refuse",
    embedding_rows: int | None = None,
) -> GateReport:
    """Look at all rows before any of them is trained on.

    Args:
        examples: the rows.
        rendered: what ``try_render_rows`` made of them, in the same order.
        spec: how they were rendered.
        max_tokens: the longest row that will be trained; None is no limit. Nothing is ever cut.
        too_long: whether a longer row is an error or is left out, and listed either way.
        embedding_rows: rows of the model's embedding matrix, where the model is known.

    Returns:
        One result per gate with counts and first rows; ``raise_if_failed`` stops on them.
    """
    rows = Rows(examples, rendered, spec)
    long = _too_long(rows, max_tokens)
    over = {finding.row for finding in long}
    dropped = tuple(sorted(over)) if too_long == "drop" else ()
    gates = [
        *_whole_file(rows, embedding_rows),
        *(result_of(gate.code, gate.title, gate.why, gate.hint, list(gate.look(rows))) for gate in _GATES),
        result_of(
            "gates.too_long",
            f"Rows longer than {max_tokens} tokens",
            "Cutting a row would cut its answer, and the model would learn to stop in mid-sentence.",
            "Raise the limit, leave these rows out (drop), or shorten them.",
            [] if too_long == "drop" and len(dropped) < len(examples) else long,
        ),
    ]
    left_out = frozenset(dropped)
    notes = notes_on(rows)
    if dropped:
        lost = sum(_trained(made) for number, _, made in rows.done() if number in over)
        told = f"{len(dropped)} of {len(examples)} rows are over {max_tokens} tokens and are left out"
        notes.insert(0, f"{told}: {lost} answer tokens.")
    kept = tuple(number for number in range(len(examples)) if number not in left_out)
    return GateReport(len(examples), kept, dropped, tuple(gates), tuple(notes))


def _trained(made: Sequence[Rendered]) -> int:
    return sum(1 for row in made for weight in row.weights if weight > 0)


def _too_long(rows: Rows, max_tokens: int | None) -> list[GateFinding]:
    if max_tokens is None:
        return []
    findings = []
    for number, _, made in rows.done():
        longest = max((len(row.ids) for row in made), default=0)
        if longest <= max_tokens:
            continue
        lost = sum(1 for row in made for weight in row.weights[max_tokens:] if weight > 0)
        problem = f"{longest} tokens; a cut at {max_tokens} would lose {lost} of {_trained(made)} answer tokens"
        findings.append(rows.finding(number, problem))
    return findings


def _whole_file(rows: Rows, embedding_rows: int | None) -> list[GateResult]:
    """The gate that concerns tokenizer and model rather than rows."""
    findings: list[GateFinding] = []
    if embedding_rows is not None:
        size = len(rows.spec.tokenizer)
        if size > embedding_rows:
            problem = f"the tokenizer has {size} tokens and the model's embedding {embedding_rows} rows"
            findings.append(GateFinding(0, "tokenizer and model", problem, ""))
        for number, _, made in rows.done():
            highest = max((token for row in made for token in row.ids), default=0)
            if highest >= embedding_rows:
                findings.append(rows.finding(number, f"token {highest} is beyond the {embedding_rows} embedding rows"))
    why = "A token without an embedding stops the run, or reads memory that is not its own."
    hint = "Use the tokenizer that came with this model, or resize its embedding first."
    return [result_of("gates.vocabulary", "Tokenizer and embedding do not fit", why, hint, findings)]


def _refused(rows: Rows) -> Iterator[GateFinding]:
    for number, made in enumerate(rows.rendered):
        if isinstance(made, InputError):
            example = rows.examples[number]
            roles = " ".join(message.role for message in example.conversation)
            yield rows.finding(number, f"{made.message.rstrip('.')} (roles: {roles})", text=example.text)


def _untrained(rows: Rows) -> Iterator[GateFinding]:
    for number, _, made in rows.done():
        for row in made:
            if not any(weight > 0 for weight in row.weights):
                yield rows.finding(number, "no token of this row is trained", row.ids)


def _cut(rows: Rows) -> Iterator[GateFinding]:
    """The trained text must hold the whole answer, however the template treats white space and quotes."""
    spec = rows.spec
    for number, example, made in rows.done():
        for row in made:
            for span in row.spans:
                content = example.conversation[span.message].content
                trained = _dense(decoded(row.ids[span.start : span.end], spec.tokenizer))
                if any(_dense(text) in trained for text in _spellings(content)):
                    continue
                # A tokenizer that lower-cases or lacks letters loses them in training and in serving alike.
                read = decoded(spec.tokenizer(content, add_special_tokens=False)["input_ids"], spec.tokenizer)
                if _dense(read) not in trained:
                    problem = f"a part of the answer in message {span.message + 1} is not trained"
                    yield rows.finding(number, problem, text=content)


def _dense(text: str) -> str:
    return "".join(text.split())


def _spellings(content: str) -> Iterator[str]:
    """A text as it is, and as it stands within JSON."""
    yield content
    yield json.dumps(content, ensure_ascii=False)[1:-1]
    yield json.dumps(content)[1:-1]


def _unstopped(rows: Rows) -> Iterator[GateFinding]:
    stops = " or ".join(rows.word(token) for token in rows.spec.stop) or "none known"
    for number, _, made in rows.done():
        for row in made:
            for span in row.spans:
                if row.ids[span.end - 1] not in rows.spec.stop:
                    problem = f"the answer in message {span.message + 1} does not end with a stop token ({stops})"
                    yield rows.finding(number, problem, row.ids[span.start : span.end])
                elif row.weights[span.end - 1] <= 0:
                    problem = f"the stop token of message {span.message + 1} has the weight 0"
                    yield rows.finding(number, problem, row.ids[span.start : span.end])


def _unlike_serving(rows: Rows) -> Iterator[GateFinding]:
    wanted = [
        (number, example, row, span) for number, example, made in rows.done() for row in made for span in row.spans
    ]
    for start in range(0, len(wanted), PROMPTS_PER_BATCH):
        part = wanted[start : start + PROMPTS_PER_BATCH]
        asked = [(example.conversation[: span.message], example.tools) for _, example, _, span in part]
        for (number, _, row, span), prompt in zip(part, render_prompts(asked, rows.spec), strict=True):
            if row.ids[: span.start] != prompt:
                problem = f"the tokens before message {span.message + 1} are not those that a server sends"
                yield rows.finding(number, problem, row.ids[: span.start])
            elif any(row.weights[place] > 0 for place in _between(row, span.start)):
                yield rows.finding(number, "tokens outside of the answers are trained", row.ids)


def _between(row: Rendered, before: int) -> Iterator[int]:
    """Places before ``before`` that belong to no answer."""
    inside = {place for span in row.spans for place in range(span.start, span.end)}
    return (place for place in range(before) if place not in inside)


def _bos(rows: Rows) -> Iterator[GateFinding]:
    bos = getattr(rows.spec.tokenizer, "bos_token_id", None)
    if bos is None:
        return
    made_rows = [(number, row) for number, _, made in rows.done() for row in made]
    in_use = any(row.ids[:1] == (bos,) for _, row in made_rows)
    word = rows.word(bos)
    for number, row in made_rows:
        # Where one token both starts texts and ends answers, only a doubled start can be told from the ends.
        count = row.ids[:2].count(bos) if bos in rows.spec.stop else row.ids.count(bos)
        if count > 1:
            yield rows.finding(number, f"{count} BOS tokens ({word}) instead of one", row.ids[:64])
        elif in_use and row.ids[:1] != (bos,):
            yield rows.finding(number, f"the row does not start with the BOS token {word}, as others do", row.ids[:64])


def _pad(rows: Rows) -> Iterator[GateFinding]:
    pad = getattr(rows.spec.tokenizer, "pad_token_id", None)
    if pad is None or pad in rows.spec.stop:
        return
    for number, _, made in rows.done():
        for row in made:
            if any(token == pad and weight > 0 for token, weight in zip(row.ids, row.weights, strict=True)):
                yield rows.finding(number, f"the padding token {rows.word(pad)} is trained", row.ids)


def _special_text(rows: Rows) -> Iterator[GateFinding]:
    tokens = {token for token in control_tokens(rows.spec.tokenizer).values() if token.strip()}
    if not tokens:
        return
    pattern = re.compile("|".join(re.escape(token) for token in sorted(tokens, key=len, reverse=True)))
    for number, example in enumerate(rows.examples):
        for place, message in enumerate(example.conversation, start=1):
            calls = [text for call in message.tool_calls for text in (call.name, call.arguments, call.id or "")]
            for text in (message.content, message.name or "", message.tool_call_id or "", *calls):
                if found := pattern.search(text):
                    around = text[max(0, found.start() - 60) : found.end() + 60]
                    problem = f"message {place} has the special token {found.group()} in its text"
                    yield rows.finding(number, problem, text=around)
        for place, tool in enumerate(example.tools, start=1):
            if found := pattern.search(tool):
                yield rows.finding(number, f"tool {place} has the special token {found.group()} in its text")


def _lost_calls(rows: Rows) -> Iterator[GateFinding]:
    for number, example, made in rows.done():
        conversation = example.conversation
        if not any(message.tool_calls for message in conversation):
            continue
        trained = {span.message: row.ids[span.start : span.end] for row in made for span in row.spans}
        longest = max((row.ids for row in made), key=len)
        for place, message in enumerate(conversation):
            if not message.tool_calls:
                continue
            ids = trained.get(place, longest)
            lost = missing_calls(decoded(ids, rows.spec.tokenizer), message.tool_calls)
            if not lost and place not in trained and _same_without_calls(example, place, rows.spec):
                lost = ["all calls"]
            if lost:
                yield rows.finding(number, f"the template leaves out {', '.join(lost)} in message {place + 1}", ids)


def _same_without_calls(example: Example, place: int, spec: RenderSpec) -> bool:
    """Whether the template writes a message of the context alike with and without its calls."""
    silent = replace(example.conversation[place], tool_calls=())
    messages = (*example.conversation[:place], silent, *example.conversation[place + 1 :])
    try:
        return prompt_text(messages, example.tools, spec) == prompt_text(example.conversation, example.tools, spec)
    except InputError:
        return False


@dataclass(frozen=True, slots=True)
class _Gate:
    """One gate: its code, its words, and the function that looks."""

    code: str
    title: str
    why: str
    hint: str
    look: Callable[[Rows], Iterator[GateFinding]]


_GATES = (
    _Gate(
        "gates.template_refused",
        "Rows that cannot be rendered",
        "What the template cannot write, a server cannot send to the model either.",
        "Bring roles and their order into the form the template asks for, or choose another template.",
        _refused,
    ),
    _Gate(
        "gates.special_text",
        "Special tokens stand in the text of rows",
        "They would be read as the template's own marks: a message could end, or another begin, in mid-text.",
        "Remove or rewrite them in the data.",
        _special_text,
    ),
    _Gate(
        "gates.nothing_trained",
        "Rows without a trained token",
        "Such a row teaches nothing and still costs time.",
        "Give the row an answer, or a weight above 0.",
        _untrained,
    ),
    _Gate(
        "gates.answer_cut",
        "Answers of which a part is not trained",
        "The model would learn to leave that part out.",
        "The template may drop thoughts or other parts of an answer: choose another, or write answers as it expects.",
        _cut,
    ),
    _Gate(
        "gates.no_stop_token",
        "Answers without a trained stop token",
        "A model that never learns to stop runs on until the limit; format scores collapse.",
        "Use a template that closes assistant turns, or name its closing token as eos_token.",
        _unstopped,
    ),
    _Gate(
        "gates.prompt_differs",
        "Prompts in training are not those in serving",
        "The model would be asked in another form than it learned.",
        "Render rows and prompts with one template and one date.",
        _unlike_serving,
    ),
    _Gate(
        "gates.bos",
        "BOS is not there exactly once",
        "A doubled or missing first token shifts everything that the model knows of how texts begin.",
        "Let the template or the tokenizer write BOS, once; a template that writes it per turn fits one turn.",
        _bos,
    ),
    _Gate(
        "gates.pad_trained",
        "The padding token is trained",
        "A model that learns to write padding fills its answers with it.",
        "Remove the padding token from the answers, or set another pad_token.",
        _pad,
    ),
    _Gate(
        "gates.tool_calls_lost",
        "Tool calls are lost in the template",
        "The model would learn to say nothing where it should call.",
        "Use the model's template for tools, or another model.",
        _lost_calls,
    ),
)
