"""A tuned language model that writes its answers: greedy text from the prompts that serving would send.

Called by ``_finetune_decoder`` where targets are texts or JSON rather than labels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tunewright.errors import InputError
from tunewright.records.answers import Answer, Status
from tunewright.records.example import Inputs, with_system
from tunewright.records.generation import TOO_LONG
from tunewright.records.usage import Spent, Usage

if TYPE_CHECKING:
    from tunewright.language.spec import RenderSpec

# A tuned model that does not stop where the longest target did and a half more has lost its thread.
ROOM = 1.5
LEAST_ROOM_TOKENS = 16


@dataclass(slots=True)
class Writer:
    """A model with its rendering; ``longest`` bounds an answer, in tokens."""

    model: Any
    spec: RenderSpec
    instruction: str
    longest: int

    def write(self, inputs: Sequence[Inputs], cancelled: Callable[[], bool] = lambda: False) -> list[Answer]:
        """One answer per input, in order; a case that is too long for the model is its own failure.

        The confidence is the probability of the whole answer.
        """
        from tunewright.language.generate import Decoding, context_tokens, generate
        from tunewright.language.render import render_prompts

        messages = [(with_system(item.messages, self.instruction), item.tools) for item in inputs]
        prompts = render_prompts(messages, self.spec)
        limit = context_tokens(self.model)
        fitting = [place for place, prompt in enumerate(prompts) if limit is None or len(prompt) < limit]
        too_long = Answer(None, Status.MODEL_FAIL, detail=TOO_LONG)
        answers = [too_long] * len(prompts)
        decoding = Decoding(self.longest, self.spec.stop)
        made = (
            generate(self.model, self.spec.tokenizer, [prompts[p] for p in fitting], decoding, cancelled=cancelled)
            if fitting
            else []
        )
        for place, one in zip(fitting, made, strict=True):
            text = one.text.strip()
            cut = "did not stop" if one.finish == "length" else ""
            spent = Spent(1, Usage(input=len(prompts[place]), output=len(one.ids)))
            if text:
                sure = round(math.exp(sum(one.logprobs)), 6)
                answers[place] = Answer(text, confidence=sure, detail=cut, spent=spent)
            else:
                answers[place] = Answer(None, Status.MODEL_FAIL, detail="empty", spent=spent)
        return answers


def longest_answer(targets: Sequence[str], tokenizer: Any) -> int:
    """Tokens of the longest target, and room.

    Raises:
        InputError: there are no targets.
    """
    if not targets:
        raise InputError("finetune.no_rows", "There are no rows to learn from.")
    return max(LEAST_ROOM_TOKENS, int(ROOM * max(len(tokenizer(target).input_ids) for target in targets)))
