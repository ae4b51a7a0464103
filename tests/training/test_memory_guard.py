"""The guard with a formula and a free memory that the test sets; the meter on real arrays."""

from __future__ import annotations

import gc
import sys

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from tunewright.errors import WorkError
from tunewright.training.memory_guard import GIB, BatchSize, MemoryGuard, PeakMeter, batch_bytes
from tunewright.training.memory_model import MemorySetup
from tunewright.training.model_shapes import public_shape, shape_from_config

MB = 1e6


def _guard(free: float, **settings: object) -> MemoryGuard:
    """A formula of 1 MB a padded token."""
    return MemoryGuard(lambda batch: batch.tokens * MB, lambda: free, reserve_bytes=0.0, **settings)


def test_a_batch_that_fits_goes() -> None:
    assert _guard(1250 * MB).before(BatchSize(4, 250)) == "go"


def test_a_batch_of_several_rows_is_split() -> None:
    assert _guard(1249 * MB).before(BatchSize(4, 250)) == "split"


def test_a_single_row_that_does_not_fit_is_an_error_with_numbers_and_advice() -> None:
    with pytest.raises(WorkError) as caught:
        _guard(500 * MB).before(BatchSize(1, 1000))
    error = caught.value
    assert error.code == "memory.row_too_long"
    assert (
        error.where == f"a row of 1,000 tokens needs about {1250 * MB / GIB:.2f} GiB; {500 * MB / GIB:.2f} GiB are free"
    )
    assert error.hint is not None
    assert "400 tokens" in error.hint
    assert "checkpointing" in error.hint
    with pytest.raises(WorkError) as caught:
        _guard(500 * MB, checkpointing=True).before(BatchSize(1, 1000))
    assert "checkpointing" not in str(caught.value.hint)


def test_what_went_well_once_is_not_asked_again() -> None:
    free = [2000 * MB]
    guard = MemoryGuard(lambda batch: batch.tokens * MB, lambda: free[0], reserve_bytes=0.0)
    assert guard.before(BatchSize(4, 250)) == "go"
    guard.after(BatchSize(4, 250), None)
    free[0] = 10 * MB
    assert guard.before(BatchSize(2, 500)) == "go"
    assert guard.before(BatchSize(2, 501)) == "split"


def test_observed_peaks_correct_the_formula_both_ways() -> None:
    batch, larger = BatchSize(1, 100), BatchSize(2, 100)
    guard = _guard(160 * MB)
    assert guard.before(larger) == "split"
    guard.after(batch, 70 * MB)
    assert guard.factor == pytest.approx(0.7 * 1.1)
    assert guard.before(larger) == "go"
    guard.after(batch, 90 * MB)  # the same size, a higher peak: the higher one counts
    assert guard.before(larger) == "split"
    guard.after(BatchSize(1, 101), 202 * MB)
    assert guard.needed_bytes(larger) == pytest.approx(200 * MB * 2 * 1.1)


def test_small_peaks_and_smaller_batches_teach_nothing() -> None:
    guard = _guard(1e12)
    guard.after(BatchSize(1, 10), 20 * MB)
    assert guard.factor == 1.25
    guard.after(BatchSize(1, 200), 180 * MB)
    guard.after(BatchSize(1, 100), 300 * MB)
    assert guard.factor == pytest.approx(0.9 * 1.1)
    guard.after(BatchSize(1, 300), 90 * MB)  # gradients were there already: no batch may look cheaper than 0.7
    assert guard.factor == pytest.approx(0.7 * 1.1)


def test_a_reserve_stays_free() -> None:
    guard = MemoryGuard(lambda batch: batch.tokens * MB, lambda: 200 * MB, reserve_bytes=100 * MB)
    assert guard.before(BatchSize(2, 40)) == "go"
    assert guard.before(BatchSize(2, 41)) == "split"


def test_the_formula_of_a_model_knows_rows_and_lengths() -> None:
    shape = public_shape("135M")
    flash = batch_bytes(shape, MemorySetup(method="lora", device="cpu", base_bytes=4, autocast=False))
    eager = batch_bytes(
        shape, MemorySetup(method="lora", device="cpu", base_bytes=4, autocast=False, attention="eager")
    )
    assert flash(BatchSize(1, 2048)) == pytest.approx(flash(BatchSize(4, 512)))
    assert eager(BatchSize(1, 2048)) > 1.5 * eager(BatchSize(4, 512))


@pytest.mark.skipif(sys.platform != "linux", reason="the high-water mark can be reset on Linux alone")
def test_the_formula_foretells_what_a_real_step_takes() -> None:
    config = LlamaConfig(
        vocab_size=500,
        hidden_size=64,
        intermediate_size=192,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=True,
    )
    model = LlamaForCausalLM(config)
    setup = MemorySetup(method="full", device="cpu", autocast=False, head="all")
    formula = batch_bytes(shape_from_config(config.to_dict()), setup)
    meter, batch = PeakMeter(), BatchSize(16, 1024)
    ids = torch.randint(0, 500, (batch.rows, batch.row_tokens))
    model(ids[:1], labels=ids[:1], use_cache=False).loss.backward()  # the first step loads code as well
    model.zero_grad(set_to_none=True)
    meter.start()
    model(ids, labels=ids, use_cache=False).loss.backward()
    peak = meter.stop()
    assert peak is not None
    assert peak > 100 * MB
    assert 0.75 < peak / formula(batch) < 1.25


@pytest.mark.skipif(sys.platform != "linux", reason="the high-water mark can be reset on Linux alone")
def test_the_meter_sees_a_peak_that_is_gone_when_it_looks() -> None:
    gc.collect()  # nothing of other tests may be freed in between
    meter = PeakMeter()
    for megabytes in (80, 40):  # the second peak is the smaller one, and is still seen
        meter.start()
        block = np.ones(megabytes * 125_000)
        assert block[0] == 1
        del block
        peak = meter.stop()
        assert peak is not None
        assert peak == pytest.approx(megabytes * MB, abs=15 * MB)


def test_the_meter_is_silent_where_an_earlier_peak_hides_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from tunewright.training import memory_guard

    monkeypatch.setattr(memory_guard, "reset_peak", lambda: False)
    monkeypatch.setattr(memory_guard, "resident_bytes", lambda: 100)
    monkeypatch.setattr(memory_guard, "peak_resident_bytes", lambda: 500)
    meter = PeakMeter()
    meter.start()
    assert meter.stop() is None
    monkeypatch.setattr(memory_guard, "peak_resident_bytes", lambda: 600)
    assert meter.stop() == 500.0
