"""From an adapter to a model that needs none, and the proof that every form of it writes the same answers.

``export_merged`` folds an adapter into its base model; ``replay`` lets each exported form answer held-out prompts
greedily and compares token by token.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from tunewright.errors import InputError
from tunewright.language.decoder_files import SIDECAR
from tunewright.language.generate import Decoding, Generated, generate
from tunewright.training.adapters import describe, load_trained, new_folder, save_model, save_tokenizer
from tunewright.training.after_training import (
    Probe,
    check_live,
    check_reloaded,
    check_same_outputs,
    probe_outputs,
    tolerance_of,
)

NEAR_TIE = 1e-4


@dataclass(frozen=True, slots=True)
class Exported:
    """A merged model folder; differences of the probe's logits against adapter-on, in memory and after loading."""

    folder: Path
    merged_difference: float
    reloaded_difference: float


@dataclass(frozen=True, slots=True)
class Difference:
    """The first token in which two answers to a prompt differ.

    ``margin`` is how far the reference's best logit lay above its second there.
    """

    prompt: int
    position: int
    expected: int | None
    found: int | None
    margin: float

    @property
    def near_tie(self) -> bool:
        """Whether float noise alone explains it."""
        return self.margin <= NEAR_TIE


@dataclass(frozen=True, slots=True)
class Replay:
    """How the answers of one form compare with the reference's, on the same prompts."""

    form: str
    prompts: int
    tokens: int
    differences: tuple[Difference, ...]
    largest_logprob_difference: float

    @property
    def equal(self) -> int:
        """Answers equal in every token."""
        return self.prompts - len(self.differences)

    @property
    def near_ties(self) -> int:
        """Answers that part where the two best tokens were as good as equal."""
        return sum(difference.near_tie for difference in self.differences)

    @property
    def different(self) -> int:
        """Answers that part where they should not."""
        return len(self.differences) - self.near_ties

    @property
    def passed(self) -> bool:
        """Whether no answer differs beyond float noise."""
        return self.different == 0

    def describe(self) -> str:
        """One line for people."""
        ties = f", {self.near_ties} part at a tie of two tokens" if self.near_ties else ""
        wrong = f", {self.different} DIFFER" if self.different else ""
        return f"{self.form}: {self.equal} of {self.prompts} answers equal in all tokens{ties}{wrong}"


def export_merged(
    adapter: Path,
    folder: Path,
    probe: Probe,
    *,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
    base: str | None = None,
    overwrite: bool = False,
) -> Exported:
    """Write the model that an adapter and its base make together, as a plain folder.

    The base is loaded unquantised: an adapter trained by QLoRA on 4-bit weights is merged into the weights those were
    made from, so score the merged model again before it replaces the unmerged one.

    Args:
        adapter: a folder of ``save_trained``.
        folder: made new, with the tokenizer and the sidecar.
        probe: rows of token ids on which the three forms are compared.
        dtype: number format of the merged weights; merge in float32, a coarser one rounds the adapter away.

    Raises:
        InputError: the folder holds no adapter, or ``folder`` holds something.
        WorkError: the adapter does nothing, or the merged model does not say the same.
    """
    trained = load_trained(adapter, device=device, dtype=dtype, base=base)
    files = trained.decoder.files
    if files.base is None:
        raise InputError("export.no_adapter", "There is no adapter to merge in this folder.", where=str(adapter))
    model = trained.decoder.model
    check_live(model, probe)
    on = probe_outputs(model, probe)
    merged = model.merge_and_unload(safe_merge=True)
    merged_difference = check_same_outputs(on, probe_outputs(merged, probe), tolerance_of(merged), "merging")
    method = dict(trained.sidecar.method) | {"merged": True}
    sidecar = describe("model", files.base, trained.spec, method)

    def load(where: Path) -> Callable[[], Any]:
        return lambda: load_trained(where, device=device, dtype=dtype).decoder.model

    with new_folder(folder, overwrite=overwrite) as staged:
        save_model(staged, merged, trained.spec)
        save_tokenizer(staged, trained.decoder.tokenizer, trained.spec)
        (staged / SIDECAR).write_text(sidecar.to_json(), encoding="utf-8")
        reloaded_difference = check_reloaded(on, load(staged), probe)
    return Exported(folder, merged_difference, reloaded_difference)


def replay(
    reference: Any,
    forms: dict[str, Any],
    prompts: Sequence[Sequence[int]],
    *,
    stop: tuple[int, ...],
    max_new_tokens: int = 64,
) -> list[Replay]:
    """Let a reference (the model with its adapter on) and each exported form answer held-out prompts, and compare.

    Args:
        reference: the model that was measured.
        forms: names to models: merged, reloaded from disk, ...
        prompts: token ids as serving would send them.
    """
    decoding = Decoding(max_new_tokens, stop)
    expected = generate(reference, None, prompts, decoding)
    return [compare_greedy(form, expected, generate(model, None, prompts, decoding)) for form, model in forms.items()]


def compare_greedy(form: str, expected: Sequence[Generated], found: Sequence[Generated]) -> Replay:
    """Greedy answers of two models to the same prompts, token by token, up to the first difference of each."""
    differences: list[Difference] = []
    largest, tokens = 0.0, 0
    for prompt, (one, two) in enumerate(zip(expected, found, strict=True)):
        place = _first_difference(one.ids, two.ids)
        equal = len(one.ids) if place is None else place
        tokens += equal
        for mine, other in zip(one.logprobs[:equal], two.logprobs[:equal], strict=True):
            largest = max(largest, abs(mine - other))
        if place is not None:
            margin = one.margins[place] if place < len(one.margins) else float("inf")
            differences.append(Difference(prompt, place, _at(one.ids, place), _at(two.ids, place), margin))
    return Replay(form, len(expected), tokens, tuple(differences), largest)


def _first_difference(one: Sequence[int], two: Sequence[int]) -> int | None:
    for place in range(max(len(one), len(two))):
        if _at(one, place) != _at(two, place):
            return place
    return None


def _at(ids: Sequence[int], place: int) -> int | None:
    return ids[place] if place < len(ids) else None
