"""``tunewright chat``: a language model and a conversation with it. The terminal is the business of ``cli/chat.py``.

Messages are rendered as training and evaluation render them, so that what answers here is what is compared there. No
figures come from here: a conversation proves nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tunewright.errors import InputError
from tunewright.language import embedded
from tunewright.language.decoder import LoadedDecoder, load_decoder, locate_decoder
from tunewright.language.decoder_files import SIDECAR, DecoderFiles
from tunewright.language.generate import Decoding, context_tokens
from tunewright.language.render import prompt_ids
from tunewright.language.spec import AUTO, PLAIN, RenderSpec, resolve_spec
from tunewright.language.stream import StreamCache, stream
from tunewright.records.example import Message
from tunewright.training.adapters import Sidecar, load_trained
from tunewright.training.precision import choose_precision

PRACTICE = "a practice model: small, and honest about it"
_ROOM_SHARE = 4  # a quarter of the context is kept free for an answer, where an answer may be that long

Ending = Literal["stop", "length", "interrupted"]


@dataclass(frozen=True, slots=True)
class ChatModel:
    """A model to talk to. ``about`` says in one line what it is; ``notes`` are remarks for people."""

    name: str
    model: Any
    spec: RenderSpec
    about: str
    notes: tuple[str, ...]

    @property
    def limit(self) -> int | None:
        """The most tokens that a conversation and its next answer may have together."""
        return context_tokens(self.model)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. ``tokens`` counts the stop token too; ``seconds`` is from the question to the last token."""

    text: str
    tokens: int
    prompt_tokens: int
    seconds: float
    finish: Ending


def open_model(name: str, *, plain: bool, date: str) -> ChatModel:
    """Find and load what is to be talked to.

    Args:
        name: an embedded model, a model folder, a hub id, or a folder that ``tunewright train`` wrote; the last brings
            the rendering that it was trained with.
        plain: messages as they are, without a chat template.
        date: ISO date for templates that tell it.

    Raises:
        InputError: there is no such model, or it cannot be used.
        WorkError: its files could not be had.
    """
    device = choose_precision().device
    folder = Path(name).expanduser()
    sidecar: Sidecar | None = None
    if name not in embedded.EMBEDDED and (folder / SIDECAR).is_file():
        trained = load_trained(folder, device=device)
        decoder, spec, sidecar = trained.decoder, trained.spec, trained.sidecar
    else:
        decoder = load_decoder(locate_decoder(name), device=device)
        spec = resolve_spec(
            decoder.tokenizer,
            date=date,
            model_config=decoder.config,
            generation_config=getattr(decoder.model, "generation_config", None),
            template=PLAIN if plain else AUTO,
        )
    notes = list(decoder.notes)
    if plain:
        spec = replace(spec, template=None)
    elif spec.template is None:
        notes.append("There is no chat template: messages are written one below the other, as plain text.")
    return ChatModel(name, decoder.model, spec, _about(name, decoder, sidecar), tuple(notes))


class Conversation:
    """Messages and what the model has read of them.

    Args:
        chat: the model.
        decoding: how it answers; the stop tokens are those of the rendering. The random numbers of an answer depend on
            the seed and on its place in the conversation.
        system: the system message, or None.

    Raises:
        InputError: the template takes no system message, or it fills the context.
    """

    def __init__(self, chat: ChatModel, decoding: Decoding, system: str | None = None) -> None:
        self._chat = chat
        self._decoding = replace(decoding, stop=chat.spec.stop)
        self._system = (Message("system", _checked(system, "the system message")),) if system else ()
        self._cache = StreamCache()
        self._asked = 0
        self.turns: list[tuple[Message, Message]] = []
        self._prompt(Message("user", "?"))

    @property
    def messages(self) -> tuple[Message, ...]:
        """All that will stand before the next question."""
        return (*self._system, *(message for turn in self.turns for message in turn))

    def start_over(self) -> None:
        """Forget all but the system message."""
        self.turns.clear()
        self._cache.forget()
        self._asked = 0

    def ask(self, text: str, write: Callable[[str], None], say: Callable[[str], None] = lambda _line: None) -> Answer:
        """Answer a message and keep both. Interrupted from the keyboard, what was written so far is kept.

        Args:
            text: what the person says.
            write: takes the answer, piece by piece.
            say: takes remarks, before the answer and after it.

        Raises:
            InputError: the message is empty, is no text, or leaves no room for an answer; it is not kept.
        """
        question = Message("user", _checked(text, "the message"))
        started = time.perf_counter()
        prompt = self._prompt(question, say)
        decoding = replace(self._decoding, seed=self._decoding.seed + self._asked)
        ids: list[int] = []
        shown: list[str] = []
        made = stream(self._chat.model, self._chat.spec.tokenizer, prompt, decoding, self._cache)
        try:
            with closing(made) as pieces:
                for piece in pieces:
                    ids.append(piece.token)
                    shown.append(piece.text)
                    if piece.text:
                        write(piece.text)
            finish: Ending = "stop" if ids[-1] in decoding.stop else "length"
        except KeyboardInterrupt:
            finish = "interrupted"
        answer = Answer("".join(shown), len(ids), len(prompt), time.perf_counter() - started, finish)
        self._asked += 1
        if finish != "interrupted" or answer.text:
            self.turns.append((question, Message("assistant", answer.text)))
        return answer

    def describe_cut(self, answer: Answer) -> str | None:
        """One sentence where an answer was cut, else None."""
        if answer.finish != "length":
            return None
        if answer.tokens < self._decoding.max_new_tokens:
            return f"The answer was cut: the context of {self._chat.limit:,} tokens is full."
        return f"The answer was cut after {answer.tokens:,} tokens; --max-new-tokens allows more."

    def _prompt(self, question: Message, say: Callable[[str], None] = lambda _line: None) -> tuple[int, ...]:
        """The tokens to send; turns for which the context has no room are left out for good, the oldest first."""
        limit = self._chat.limit
        most = None if limit is None else limit - min(self._decoding.max_new_tokens, limit // _ROOM_SHARE)
        left_out = 0
        while True:
            ids = prompt_ids((*self._system, *_flat(self.turns[left_out:]), question), (), self._chat.spec)
            if most is None or len(ids) <= most or left_out == len(self.turns):
                break
            left_out += 1
        if limit is not None and len(ids) >= limit:
            raise _too_long(len(ids), limit, bool(self._system))
        if left_out:
            del self.turns[:left_out]
            turns = "The oldest turn is" if left_out == 1 else f"The {left_out} oldest turns are"
            say(f"{turns} left out from here on: the model reads at most {limit:,} tokens.")
        return ids


def _flat(turns: Sequence[tuple[Message, Message]]) -> list[Message]:
    return [message for turn in turns for message in turn]


def _checked(text: str, what: str) -> str:
    """The text, if it is one."""
    if not text.strip():
        raise InputError("chat.empty", f"There is nothing in {what}.", hint="Write a text.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            "chat.not_text",
            f"There are bytes in {what} that are no text in UTF-8.",
            where=f"character {error.start + 1}",
            hint="Set the terminal to UTF-8, or convert the file.",
        ) from error
    return text


def _too_long(tokens: int, limit: int, with_system: bool) -> InputError:
    what = "The message and the system message have" if with_system else "The message has"
    return InputError(
        "chat.too_long",
        f"{what} {tokens:,} tokens, which leaves no room for an answer.",
        why=f"The model reads at most {limit:,} tokens, its answer included.",
        hint="Say it shorter, or use a model with a longer context.",
    )


def _about(name: str, decoder: LoadedDecoder, sidecar: Sidecar | None) -> str:
    """One line: what it is, how large, and whether it is one of those that come with the program."""
    files = decoder.files
    base = sidecar.base_name if sidecar else (files.base.name if files.base else "")
    if sidecar is not None:
        kind = f"{sidecar.kind} of `tunewright train` on {base}"
    elif base:
        kind = f"adapter on {base}"
    else:
        kind = _origin(files)
    values = sum(parameter.numel() for parameter in decoder.model.parameters())
    limit = context_tokens(decoder.model)
    reads = f", reads {limit:,} tokens" if limit else ""
    line = f"{name}: {kind}, {values / 1e6:,.1f} M parameters{reads}"
    if name in embedded.EMBEDDED:
        return f"{line}; {PRACTICE}"
    return f"{line}; its base is {PRACTICE}" if base in embedded.EMBEDDED else line


def _origin(files: DecoderFiles) -> str:
    if files.source == "hub":
        return f"from the hub, revision {files.revision[:12]}"
    return "comes with Tunewright" if files.source == "embedded" else "a model folder"
