"""How likely a decoder finds each of some labels as its whole answer, stop token included.

Exact, not sampled: prompt and labels form one token tree, so that a prompt is read once for all labels, and labels that
begin alike share that too. The stop token is scored, because a label can begin as another does. Models that cannot run
on trees score each label behind its own prompt, slower.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tunewright.errors import Cancelled, InputError
from tunewright.language.generate import context_tokens
from tunewright.language.labels import Ids
from tunewright.training.batches import Batch
from tunewright.training.forward import PathFlags
from tunewright.training.layout import Trees
from tunewright.training.loss import DecoderLoss
from tunewright.training.rows import TokenRow
from tunewright.training.tree import merge


@dataclass(frozen=True, slots=True)
class LabelScorer:
    """Scores a fixed list of labels.

    Attributes:
        model: a causal language model in evaluation mode, with its adapter on.
        labels: token ids of each label as the assistant would write it, stop token included.
        flags: ``share`` says whether the model can run on trees.
        max_tokens: padded tokens of one forward pass.
        context: positions of the model, for a prompt and its label together; None takes those of its configuration.
    """

    model: Any
    labels: tuple[Ids, ...]
    flags: PathFlags
    max_tokens: int = 4096
    context: int | None = None

    @property
    def longest_prompt(self) -> int | None:
        """The most tokens that a prompt may have beside the longest label; None where the model states no limit."""
        context = self.context or context_tokens(self.model)
        return None if context is None else context - max(len(label) for label in self.labels)

    def problem(self, prompt: Ids) -> InputError | None:
        """Why a prompt cannot be answered: it and the longest label have more tokens than the model has positions."""
        limit = self.longest_prompt
        if limit is None or len(prompt) <= limit:
            return None
        return InputError(
            "labels.prompt_too_long",
            f"The case has {len(prompt):,} tokens; at most {limit:,} leave room for an answer.",
            why="Beyond its context a model fails, or answers nonsense without an error.",
            hint="Shorten the case, or use a base model with a longer context.",
        )

    def log_probabilities(
        self,
        prompts: Sequence[Ids],
        progress: Callable[[float], None] = lambda _share: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> NDArray[np.float64]:
        """``[N, labels]`` the log-probability of each label behind each prompt; equal prompts are computed once.

        The row of a prompt that does not fit into the context is NaN, so that one long case does not end a run;
        ``problem`` says why. An argmax of such a row means nothing: ask ``np.isnan`` first.

        Raises:
            Cancelled: asked to stop, between two forward passes.
        """
        distinct = list(dict.fromkeys(prompts))
        found = np.full((len(distinct), len(self.labels)), np.nan)
        fitting = [number for number, prompt in enumerate(distinct) if self.problem(prompt) is None]
        done = 0
        for stack in self._stacks(distinct, fitting):
            if cancelled():
                raise Cancelled
            found[stack] = self._score([distinct[number] for number in stack])
            done += len(stack)
            progress(done / len(fitting))
        place = {prompt: number for number, prompt in enumerate(distinct)}
        return found[[place[prompt] for prompt in prompts]]

    def _stacks(self, prompts: Sequence[Ids], chosen: Sequence[int]) -> Iterator[list[int]]:
        """Numbers of chosen prompts that are computed together, those of like length."""
        own = merge([_row((0,), label) for label in self.labels]).tokens
        stack: list[int] = []
        for number in sorted(chosen, key=lambda number: (len(prompts[number]), number)):
            if stack and (len(stack) + 1) * (len(prompts[number]) + own) > self.max_tokens:
                yield stack
                stack = []
            stack.append(number)
        if stack:
            yield stack

    def _score(self, prompts: Sequence[Ids]) -> NDArray[np.float64]:
        count = len(self.labels)
        rows = [_row(prompt, label) for prompt in prompts for label in self.labels]
        trees: Trees = tuple(tuple(range(n * count, (n + 1) * count)) for n in range(len(prompts)))
        batches: dict[Batch, Trees] = {tuple(range(len(rows))): trees}
        if not self.flags.share:
            batches = {(number,): ((number,),) for number in range(len(rows))}
        loss = DecoderLoss(self.model, rows, self.flags, batches)
        with torch.inference_mode():
            for batch in batches:
                loss(batch)
        return -loss.take_row_losses().astype(np.float64).reshape(len(prompts), count)


def probabilities(log_probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """``[N, labels]`` shares that add up to 1 over the labels: the model's answer, given that it is one of them.

    Rows of NaN (prompts that do not fit) stay NaN.
    """
    shifted = np.exp(log_probabilities - log_probabilities.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def _row(prompt: Ids, label: Ids) -> TokenRow:
    return TokenRow.of((*prompt, *label), (0.0,) * len(prompt) + (1.0,) * len(label))
