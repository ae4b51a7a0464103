"""``{prompt: MODEL}``: a language model asked in plain words, without examples.

Three ways of asking are tried on validation rows, or a person's own prompt is taken as it is. With labels the model
scores each label; with JSON it is held to the schema that the training targets show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tunewright.errors import InputError
from tunewright.records.example import Example
from tunewright.records.system import Budget, FitContext, Setting
from tunewright.systems._prompting.asking import Asking, best_choice
from tunewright.systems._prompting.compose import STYLES, require_placeholders
from tunewright.systems._prompting.prompted import NoShots, Prompted, read_prompted
from tunewright.systems._prompting.repair import checked_extra_calls
from tunewright.systems.around import Around
from tunewright.systems.fitlog import FitLog
from tunewright.systems.options import Option, read

SUMMARY = "a language model asked in plain words, without examples; the wording is chosen on validation"
OPTIONS: Mapping[str, Option] = {
    "text": Option("", "file with your own prompt", "yours is taken as it is; placeholders {task}, {labels}, {schema}"),
    "style": Option("", "brief, listed or reminded", "without one all three are tried on validation rows"),
    "max_tokens": Option(512, "tokens of an answer", "bounds what one answer may cost"),
    "tuning_rows": Option(100, "validation rows", "enough to tell wordings apart; more costs more calls"),
    "repair": Option(
        1, "extra calls for a case, 0 or 1", "an answer in no usable form is sent back once with the reason"
    ),
}


MAY_BE_NONE = frozenset({"repair", "examples"})


@dataclass(frozen=True, slots=True)
class Prompt(Asking):
    """The system before it has seen rows."""

    SIMPLICITY: ClassVar[int] = 40
    LEARNS: ClassVar[bool] = False

    def fit(self, train: Sequence[Example], validation: Sequence[Example], context: FitContext) -> Prompted:
        job = self.job([*train, *validation], context.labels, context.several)
        usual = STYLES if self.own is None else ("listed",)
        styles = (str(self.values["style"]),) if self.values["style"] else usual
        tried = self.compared(
            "style", styles, lambda style: self.ready(job, style, NoShots(), FitLog()), validation, context
        )
        trials = tried.trials
        best = best_choice("style", styles, trials)
        note = f"asked in the style '{best}'" if self.own is None else "asked with your own prompt"
        log = FitLog(trials, Budget(len(trials), len(trials), exhausted=True), (note,), tried.honest)
        return self.ready(job, best, NoShots(), log)

    def load(self, folder: Path) -> Prompted:
        job, style, _ = read_prompted(folder)
        return self.ready(job, style, NoShots(), FitLog.read(folder))


def read_own(path: str, root: Path) -> str | None:
    """A person's own prompt from its file; None where none is named.

    Raises:
        InputError: the file cannot be read, is empty, or has an unknown placeholder.
    """
    if not path:
        return None
    file = root / path
    try:
        text = file.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("prompt.unreadable", f"The prompt cannot be read: {error}", where=str(file)) from None
    if not text:
        raise InputError("prompt.empty", "The prompt file is empty.", where=str(file))
    require_placeholders(text, str(file))
    return text


def read_values(options: Mapping[str, Setting], declared: Mapping[str, Option], kind: str) -> dict[str, Setting]:
    """The options of a kind that prompts, checked.

    Raises:
        InputError: an option that is none, or a value out of its range.
    """
    values = read(options, declared, kind)
    if values["style"] not in ("", *STYLES):
        raise InputError(
            "systems.option_value",
            f"There is no style {values['style']!r}.",
            where=f"systems: {kind}",
            hint=f"Use one of {', '.join(STYLES)}, or leave it out to have all tried.",
        )
    for name in (name for name, option in declared.items() if isinstance(option.default, int)):
        least = 0 if name in MAY_BE_NONE else 1
        if int(values[name]) < least:
            raise InputError("systems.option_value", f"{name} must be {least} or more.", where=f"systems: {kind}")
    checked_extra_calls(int(values.get("repair", 0)), kind)
    return values


def require_model(argument: str | None, kind: str) -> str:
    """The model that an entry names.

    Raises:
        InputError: it names none.
    """
    if argument:
        return argument
    raise InputError(
        "systems.no_model",
        f"The system {kind!r} asks a language model, and none is named.",
        where="systems",
        hint=f"Write {{{kind}: small}} and say under models what small is: models: {{small: {{local: wren}}}}",
    )


def build_around(name: str, argument: str | None, options: Mapping[str, Setting], root: Path, around: Around) -> Prompt:
    """The system as named in the project file: ``{prompt: small}``, or with options ``{prompt: {use: small, ...}}``."""
    values = read_values(options, OPTIONS, "prompt")
    model = require_model(argument, "prompt")
    return Prompt(name, model, values, read_own(str(values["text"]), root), around, around.describe_model(model))
