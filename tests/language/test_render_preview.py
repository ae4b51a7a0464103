"""The preview: text in runs of equal weight, whole characters only."""

from __future__ import annotations

from typing import Any

import pytest
from chat_samples import byte_level, metaspace, spec_for
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.language.preview import Run, decode_pieces, preview
from tunewright.language.render import Rendered, render
from tunewright.language.spec import decoded
from tunewright.records.example import Message


def test_a_row_in_runs() -> None:
    spec = spec_for("chatml")
    talk = (Message("user", "Fee 🙂?"), Message("assistant", "Zwei 東京."), Message("user", "a"))
    talk += (Message("assistant", "b", weight=0.5),)
    (row,) = render(talk, (), spec, "all")
    shown = preview(row, spec)
    assert shown.runs == (
        Run("<|im_start|>user\nFee 🙂?<|im_end|>\n<|im_start|>assistant\n", 0.0),
        Run("Zwei 東京.<|im_end|>", 1.0),
        Run("\n<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n", 0.0),
        Run("b<|im_end|>", 0.5),
        Run("\n", 0.0),
    )
    assert shown.trained_text == "Zwei 東京.<|im_end|>b<|im_end|>"
    assert shown.trained_tokens == sum(weight > 0 for weight in row.weights)
    assert shown.trained_tokens + shown.context_tokens == len(row.ids)


def test_a_character_of_several_tokens_is_shown_once() -> None:
    spec = spec_for("plain")
    ids = tuple(spec.tokenizer("a 龘 b", add_special_tokens=False).input_ids)
    assert len(ids) > len("a 龘 b")
    pieces = decode_pieces(ids, spec.tokenizer)
    assert "".join(text for _, text in pieces) == "a 龘 b"
    end, piece = next((end, text) for end, text in pieces if "龘" in text)
    for place in (end - 1, end - 2):
        weights = tuple(float(place == other) for other in range(len(ids)))
        assert preview(Rendered(ids, weights, ()), spec).trained_text == piece


def test_a_row_that_ends_within_a_character_still_shows_it() -> None:
    spec = spec_for("plain")
    ids = tuple(spec.tokenizer("龘", add_special_tokens=False).input_ids)[:-1]
    shown = preview(Rendered(ids, (0.0,) * len(ids), ()), spec)
    assert shown.text == "\N{REPLACEMENT CHARACTER}"
    assert preview(Rendered((), (), ()), spec).runs == ()


@pytest.mark.parametrize("tokenizer", [byte_level, metaspace])
@settings(max_examples=60, deadline=None, derandomize=True)
@given(text=st.text(max_size=30), data=st.data())
def test_the_runs_together_are_the_text(tokenizer: Any, text: str, data: st.DataObject) -> None:
    made = tokenizer()
    ids = tuple(made(text, add_special_tokens=False).input_ids)
    weights = tuple(data.draw(st.sampled_from([0.0, 1.0])) for _ in ids)
    shown = preview(Rendered(ids, weights, ()), spec_for("plain", made))
    assert shown.text == decoded(ids, made)
    assert all(one.weight != two.weight for one, two in zip(shown.runs, shown.runs[1:], strict=False))
    assert (sum(weights) > 0) == (shown.trained_tokens > 0)
