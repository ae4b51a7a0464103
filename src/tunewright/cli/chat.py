"""``tunewright chat``: talk to a language model. The model's words go to stdout, all others to stderr."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from tunewright.cli.common import DebugOption, JsonOption, guarded, print_json
from tunewright.errors import InputError

if TYPE_CHECKING:
    from tunewright.workflow.chat import Answer, Conversation

NEW, QUIT = "/new", "/quit"
HOW = f"{NEW} starts over, {QUIT} or Ctrl-D ends, Ctrl-C stops an answer."
# An answer could move the cursor, change the title or worse: in a terminal only lines and tabs have their effect.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def command(
    model: Annotated[str, typer.Argument(help="An embedded model, a folder (also one of `train`), or a hub id.")],
    system: Annotated[str | None, typer.Option(help="System message.")] = None,
    temperature: Annotated[float, typer.Option(help="0 takes the likeliest token; 1 draws as the model says.")] = 0.0,
    max_new_tokens: Annotated[int, typer.Option(help="The longest answer.")] = 512,
    seed: Annotated[int, typer.Option(min=0, help="Start of all randomness.")] = 1,
    once: Annotated[str | None, typer.Option(help="Answer this message and stop.")] = None,
    plain: Annotated[bool, typer.Option("--plain", help="No chat template: the text as it is.")] = False,
    json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Talk to a language model, to see what it can and cannot do; without a terminal, one message per line."""
    with guarded(as_json=json, debug=debug):
        if json and once is None:
            raise InputError(
                "chat.json_without_once", "--json gives one answer.", where="--json", hint="Add --once TEXT."
            )
        _need_models()
        from datetime import date

        from tunewright.language.generate import Decoding
        from tunewright.language.threads import fixed_threads
        from tunewright.workflow.chat import Conversation, open_model

        decoding = Decoding(max_new_tokens, (), temperature=temperature, seed=seed)
        with fixed_threads():
            chat = open_model(model, plain=plain, date=date.today().isoformat())
            conversation = Conversation(chat, decoding, system)
            if not json:
                for line in (f"Talking to {chat.about}.", *chat.notes):
                    _say(line)
            if once is None:
                _converse(conversation)
                return
            answer = _answered(conversation, once, quiet=json)
            if answer.finish == "interrupted":
                raise KeyboardInterrupt
        if json:
            print_json({"model": chat.name, **_document(answer)})


def _need_models() -> None:
    from tunewright.language.extra import missing_models

    missing = missing_models()
    if missing is not None:
        raise InputError("chat.no_models", missing)


def _converse(conversation: Conversation) -> None:
    """Until there is no more to answer. At a terminal a mistake costs one message, elsewhere it ends the command."""
    terminal = _at_terminal()
    if terminal:
        _say(HOW)
    for line in _typed_lines() if terminal else _piped_lines():
        text = line.strip()
        if text == QUIT:
            return
        if text == NEW:
            conversation.start_over()
            _say("A new conversation.")
            continue
        if not text:
            continue
        try:
            if _answered(conversation, text).finish == "interrupted":
                raise KeyboardInterrupt
        except (InputError, KeyboardInterrupt) as error:
            if not terminal:
                raise
            if isinstance(error, InputError):
                _show(error)
            else:
                _say("Stopped.")


def _answered(conversation: Conversation, text: str, *, quiet: bool = False) -> Answer:
    """One answer, written as it comes."""
    if quiet:
        return conversation.ask(text, lambda _piece: None)
    answer = conversation.ask(text, _write, _say)
    _write("\n")
    cut = conversation.describe_cut(answer)
    if cut is not None:
        _say(cut)
    return answer


def _document(answer: Answer) -> dict[str, object]:
    return {
        "answer": answer.text,
        "tokens": answer.tokens,
        "prompt_tokens": answer.prompt_tokens,
        "seconds": round(answer.seconds, 3),
        "finish": answer.finish,
    }


def _at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _typed_lines() -> Iterator[str]:
    """Lines that a person types, with editing where the system has it; Ctrl-C at the prompt drops the line."""
    with suppress(ImportError):
        import readline  # noqa: F401
    while True:
        try:
            yield input("> ")
        except EOFError:
            _say("")
            return
        except KeyboardInterrupt:
            _say(f"\n{HOW}")


def _piped_lines() -> Iterator[str]:
    for number, line in enumerate(sys.stdin.buffer, start=1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(
                "chat.not_text",
                "There are bytes in a message that are no text in UTF-8.",
                where=f"line {number}, byte {error.start + 1}",
                hint="Convert the file to UTF-8.",
            ) from error


def _write(text: str) -> None:
    sys.stdout.write(_CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text) if sys.stdout.isatty() else text)
    sys.stdout.flush()


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _show(error: InputError) -> None:
    from rich.console import Console

    from tunewright.reporting.terminal import print_error

    print_error(error, Console(stderr=True))
