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
from tunewright.records.generation import Decoding, Reply, Request, Watch
from tunewright.records.system import FitContext
from tunewright.records.usage import Spent, Usage
from tunewright.systems._honest import Graded

if TYPE_CHECKING:
    from tunewright.backends.local import LocalBackend
    from tunewright.language.decoder_files import DecoderFiles
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
    files: DecoderFiles

    def write(self, inputs: Sequence[Inputs], cancelled: Callable[[], bool] = lambda: False) -> list[Answer]:
        """One answer per input, in order; a case that is too long for the model is its own failure.

        The confidence is the probability of the whole answer. Nothing that the model read is kept between two calls,
        for its weights may change.
        """
        decoding = Decoding(self.longest, logprobs=True)
        asked = [Request(with_system(item.messages, self.instruction), decoding, tuple(item.tools)) for item in inputs]
        answers: dict[int, Answer] = {}
        training = self.model.training
        self.model.eval()
        try:
            for place, reply in self._backend().complete(asked, Watch(cancelled=cancelled)):
                answers[place] = _answer(reply)
        finally:
            self.model.train(training)
        return [answers[place] for place in range(len(inputs))]

    def _backend(self) -> LocalBackend:
        from tunewright.backends.local import LocalBackend
        from tunewright.backends.local_model import LocalModel
        from tunewright.backends.local_prefix import sharing_problem

        model = LocalModel("tuned", self.model, self.spec, self.files, sharing_problem(self.model))
        return LocalBackend(model, calls=False)


def _answer(reply: Reply) -> Answer:
    read = reply.usage.input + reply.usage.cached + reply.usage.cache_written
    spent = Spent(1, Usage(input=read, output=reply.usage.output))
    text = (reply.text or "").strip()
    if not text:
        return Answer(None, Status.MODEL_FAIL, detail=reply.detail or "empty", spent=spent)
    cut = "did not stop" if reply.finish == "length" else ""
    sure = None if reply.logprob is None else round(math.exp(reply.logprob), 6)
    return Answer(text, confidence=sure, detail=cut, spent=spent)


def longest_answer(targets: Sequence[str], tokenizer: Any) -> int:
    """Tokens of the longest target, and room.

    Raises:
        InputError: there are no targets.
    """
    if not targets:
        raise InputError("finetune.no_rows", "There are no rows to learn from.")
    return max(LEAST_ROOM_TOKENS, int(ROOM * max(len(tokenizer(target).input_ids) for target in targets)))


def text_measure(writer: Writer, passes: Graded, context: FitContext) -> Callable[[], float]:
    """The job's own measure on validation rows, written out; on some of many, for writing takes time."""

    def measure() -> float:
        return passes.add(writer.write([row.inputs for row in passes.rows], context.cancelled))

    return measure
