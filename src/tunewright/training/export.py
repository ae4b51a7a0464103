"""From an adapter to a model that needs none, and the proof that every form of it writes the same answers.

``export_merged`` folds an adapter into its base model and lets each form answer the same prompts;
``compare_greedy`` compares two models' greedy answers token by token. Called by ``tunewright merge``, and after
training.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from tunewright.errors import InputError, WorkError
from tunewright.language.decoder_files import SIDECAR, DecoderFiles
from tunewright.language.generate import Decoding, Generated, generate
from tunewright.language.spec import control_tokens
from tunewright.training.adapters import (
    check_free,
    describe,
    load_trained,
    new_folder,
    read_sidecar,
    save_model,
    save_tokenizer,
)
from tunewright.training.after_training import (
    Probe,
    check_live,
    check_reloaded,
    check_same_outputs,
    probe_outputs,
    tolerance_of,
)

NEAR_TIE = 1e-4
_PROMPT_TOKENS = (4, 6, 8, 10, 12, 14)


@dataclass(frozen=True, slots=True)
class Exported:
    """A merged model folder with what was compared: each form against the model with its adapter on.

    ``merged_difference`` and ``reloaded_difference`` are of the probe's logits, in memory and after reading the folder
    back; ``replays`` are greedy answers to the probe's rows by the same two forms.
    """

    folder: Path
    base: DecoderFiles
    merged_difference: float
    reloaded_difference: float
    replays: tuple[Replay, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """The first token in which two answers to a prompt differ.

    ``margin`` is how far the reference's best logit lay above its second there, ``tie`` up to which margin float noise
    alone explains the difference.
    """

    prompt: int
    position: int
    expected: int | None
    found: int | None
    margin: float
    tie: float = NEAR_TIE

    @property
    def near_tie(self) -> bool:
        """Whether float noise alone explains it."""
        return self.margin <= self.tie


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
    probe: Probe | None = None,
    *,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
    base: str | None = None,
    overwrite: bool = False,
    new_tokens: int = 24,
) -> Exported:
    """Write the model that an adapter and its base make together, as a plain folder.

    The base is loaded unquantised: an adapter trained by QLoRA on 4-bit weights is merged into the weights those were
    made from, so score the merged model again before it replaces the unmerged one.

    Args:
        adapter: a folder of ``save_trained``.
        folder: made new, with the tokenizer and the sidecar.
        probe: rows of token ids on which the three forms are compared, and which they answer; None makes some.
        dtype: number format of the merged weights; merge in float32, a coarser one rounds the adapter away.
        new_tokens: the longest answer that is compared.

    Raises:
        InputError: the folder holds no adapter, the method cannot be merged, or ``folder`` holds something.
        WorkError: the adapter does nothing, or the merged model does not say the same.
    """
    if read_sidecar(adapter).kind != "adapter":
        raise InputError(
            "export.no_adapter",
            "There is no adapter to merge in this folder.",
            where=str(adapter),
            hint="It holds a whole model already: use it as it is.",
        )
    check_free(folder, overwrite)
    trained = load_trained(adapter, device=device, dtype=dtype, base=base)
    files, model = trained.decoder.files, trained.decoder.model
    assert files.base is not None
    probe = probe_prompts(trained.decoder.tokenizer) if probe is None else probe
    check_live(model, probe)
    decoding = Decoding(new_tokens, trained.spec.stop)
    on, expected = probe_outputs(model, probe), generate(model, None, probe, decoding)
    merged = _merged(model, adapter)
    merged_difference = check_same_outputs(on, probe_outputs(merged, probe), tolerance_of(merged), "merging")
    found = generate(merged, None, probe, decoding)
    method = dict(trained.sidecar.method) | {"merged": True}
    sidecar = describe("model", files.base, trained.spec, method)
    with new_folder(folder, overwrite=overwrite) as staged:
        save_model(staged, merged, trained.spec)
        save_tokenizer(staged, trained.decoder.tokenizer, trained.spec)
        (staged / SIDECAR).write_text(sidecar.to_json(), encoding="utf-8")
        back = load_trained(staged, device=device, dtype=dtype).decoder.model
        reloaded_difference = check_reloaded(on, lambda: back, probe)
        scale = max(1.0, float(on.abs().max()))
        replays = tuple(
            compare_greedy(form, expected, answers, max(NEAR_TIE, 2.0 * scale * seen))
            for form, answers, seen in (
                ("merged, in memory", found, merged_difference),
                ("merged, read back from disk", generate(back, None, probe, decoding), reloaded_difference),
            )
        )
        _check_replays(replays)
    return Exported(folder, files.base, merged_difference, reloaded_difference, replays)


def probe_prompts(tokenizer: Any) -> list[list[int]]:
    """Rows of ids of ordinary tokens, the same for every call: short, and from all of the vocabulary."""
    special = set(control_tokens(tokenizer))
    ordinary = sorted(set(tokenizer.get_vocab().values()) - special)
    chance = random.Random(0)
    return [chance.choices(ordinary, k=length) for length in _PROMPT_TOKENS]


def compare_greedy(
    form: str, expected: Sequence[Generated], found: Sequence[Generated], tie: float = NEAR_TIE
) -> Replay:
    """Greedy answers of two models to the same prompts, token by token, up to the first difference of each.

    Args:
        tie: margins of two logits up to which float noise may turn the choice: twice the noise of one logit.
    """
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
            differences.append(Difference(prompt, place, _at(one.ids, place), _at(two.ids, place), margin, tie))
    return Replay(form, len(expected), tokens, tuple(differences), largest)


def _merged(model: Any, adapter: Path) -> Any:
    try:
        return model.merge_and_unload(safe_merge=True)
    except (ValueError, AttributeError, NotImplementedError) as error:
        raise InputError(
            "export.cannot_merge",
            "PEFT cannot merge this adapter into its base model.",
            where=str(adapter),
            why=str(error).splitlines()[0] if str(error) else type(error).__name__,
            hint="Serve it unmerged on its base model.",
        ) from error


def _check_replays(replays: Sequence[Replay]) -> None:
    for replay in replays:
        if not replay.passed:
            raise WorkError(
                "training.answers_changed",
                "The merged model does not answer as the one with its adapter on.",
                where=replay.describe(),
                why="What was measured would not be what is used.",
                hint="Serve the adapter unmerged on its base model.",
            )


def _first_difference(one: Sequence[int], two: Sequence[int]) -> int | None:
    for place in range(max(len(one), len(two))):
        if _at(one, place) != _at(two, place):
            return place
    return None


def _at(ids: Sequence[int], place: int) -> int | None:
    return ids[place] if place < len(ids) else None
