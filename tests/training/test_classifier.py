"""The classifier and its tuning: fast paths against their plain twins, loss by hand, the part used for searching."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tunewright.language.encoder import load_encoder
from tunewright.language.files import locate
from tunewright.training.batches import plan_epochs
from tunewright.training.classifier import Classifier, parameter_groups, predict, small_vocabulary
from tunewright.training.classifier_loss import SmoothedLoss
from tunewright.training.encoder_tuning import stratified_part
from tunewright.training.loop import LoopSettings, train
from tunewright.training.precision import Precision
from tunewright.training.tuned_classifier import new_classifier

FP32 = Precision("cpu", "fp32", "for tests")
ROWS = [[2, 5, 6, 3], [2, 7, 3], [2, 8, 9, 10, 3], [2, 5, 9, 3], [2, 11, 3], [2, 6, 6, 7, 3]]
TARGETS = np.array([0, 1, 2, 0, 1, 2])
HEAD = np.random.default_rng(0).normal(size=(3, 32))


def make_model(tiny_encoder: Path) -> Classifier:
    return new_classifier(load_encoder(locate(str(tiny_encoder))), HEAD, np.zeros(3)).model


def test_small_vocabulary_trains_to_the_same_weights(tiny_encoder: Path) -> None:
    states = []
    for small in (False, True):
        model = make_model(tiny_encoder)
        start = model.encoder.get_input_embeddings().weight.detach().clone()  # type: ignore[operator, union-attr]
        plan = plan_epochs([len(row) for row in ROWS], rows_per_step=2, max_tokens=99, seed=0, epochs=3)
        settings = LoopSettings(seed=0, precision=FP32, patience=9)

        def run(rows: list[list[int]], model: Classifier = model) -> None:
            groups = parameter_groups(model, 1e-2, 1.0, 0.1)
            train(model, groups, plan, SmoothedLoss(model, rows, TARGETS, 0.1), lambda: 0.0, settings)  # noqa: B023

        if small:
            with small_vocabulary(model, {token for row in ROWS for token in row}) as shrink:
                run([list(row) for row in shrink(ROWS)])
        else:
            run(ROWS)
        states.append(model.state_dict())
        table = model.encoder.get_input_embeddings().weight.detach()  # type: ignore[operator, union-attr]
        assert torch.equal(table[12:], start[12:]), "rows of tokens that do not occur must not move"
        assert not torch.equal(table[5], start[5])
    assert states[0].keys() == states[1].keys()
    for name, value in states[0].items():
        torch.testing.assert_close(states[1][name], value, atol=1e-5, rtol=1e-5)


def test_small_vocabulary_is_undone_after_an_error(tiny_encoder: Path) -> None:
    model = make_model(tiny_encoder)
    size = model.encoder.get_input_embeddings().weight.shape  # type: ignore[operator, union-attr]
    with pytest.raises(RuntimeError), small_vocabulary(model, {5}):
        raise RuntimeError
    assert model.encoder.get_input_embeddings().weight.shape == size  # type: ignore[operator, union-attr]


def test_loss_by_hand(tiny_encoder: Path) -> None:
    model = make_model(tiny_encoder)
    value, weight = SmoothedLoss(model, ROWS, TARGETS, label_smoothing=0.3)((0, 4))
    # Szegedy et al. 2016, section 7: the target is 1 - s on the label plus s / K everywhere
    logs = np.log(predict(model, [ROWS[0], ROWS[4]]).astype(np.float64))
    wanted = np.full((2, 3), 0.1) + 0.7 * np.eye(3)[[0, 1]]
    assert float(value.detach()) == pytest.approx(-(wanted * logs).sum(), abs=1e-5)
    assert weight == 2.0


def test_predictions_are_in_order_and_do_not_depend_on_the_batch(tiny_encoder: Path) -> None:
    model = make_model(tiny_encoder)
    together = predict(model, ROWS)
    np.testing.assert_allclose(together.sum(axis=1), 1.0, atol=1e-6)
    for row, chances in zip(ROWS, together, strict=True):
        np.testing.assert_allclose(predict(model, [row])[0], chances, atol=1e-6)


def test_every_parameter_is_in_one_group(tiny_encoder: Path) -> None:
    model = make_model(tiny_encoder)
    groups = parameter_groups(model, 1e-3, 10.0, 0.1)
    listed = [id(parameter) for group in groups for parameter in group.parameters]
    assert sorted(listed) == sorted(id(parameter) for parameter in model.parameters())
    table = model.encoder.get_input_embeddings().weight  # type: ignore[operator, union-attr]
    decayed = {id(parameter) for parameter in groups[0].parameters}
    assert id(table) not in decayed, "the small vocabulary is exact only without decay on embeddings"
    assert all(parameter.ndim == 2 for parameter in groups[0].parameters)
    assert [group.weight_decay for group in groups] == [0.1, 0.0, 0.0]
    assert groups[2].learning_rate == pytest.approx(1e-2)


def test_the_part_for_searching_keeps_proportions() -> None:
    targets = np.array([0] * 800 + [1] * 190 + [2] * 10)
    part = stratified_part(targets, 100, seed=0)
    assert np.bincount(targets[part]).tolist() == [80, 19, 1]
    assert len(set(part.tolist())) == 100
    assert np.array_equal(part, stratified_part(targets, 100, seed=0))
    assert not np.array_equal(part, stratified_part(targets, 100, seed=1))
    assert np.array_equal(stratified_part(targets, 1000, seed=0), np.arange(1000))
    assert np.bincount(targets[stratified_part(targets, 5, seed=0)]).tolist() == [4, 1, 1]


# Several labels a row


SETS = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]], dtype=np.bool_)


def make_several(tiny_encoder: Path) -> Classifier:
    return new_classifier(load_encoder(locate(str(tiny_encoder))), HEAD, np.zeros(3), several=True).model


def test_loss_of_several_labels_is_that_of_each_label_by_hand(tiny_encoder: Path) -> None:
    fast, slow = make_several(tiny_encoder), make_several(tiny_encoder)
    batch, smoothing = (1, 3, 4), 0.3
    value, weight = SmoothedLoss(fast, ROWS, SETS, smoothing)(batch)
    value.backward()  # type: ignore[no-untyped-call]
    total = torch.zeros(())
    for row in batch:  # a row at a time, a label at a time, from probabilities
        (chances,) = slow.logits_of([ROWS[row]]).sigmoid()
        for label in range(3):
            wanted = (1 - smoothing) * float(SETS[row, label]) + smoothing / 3
            total = total - wanted * chances[label].log() - (1 - wanted) * (1 - chances[label]).log()
    total.backward()  # type: ignore[no-untyped-call]
    assert float(value.detach()) == pytest.approx(float(total.detach()), abs=1e-4)
    assert weight == 3.0
    moved = 0
    for one, other in zip(fast.parameters(), slow.parameters(), strict=True):
        assert (one.grad is None) == (other.grad is None)
        if one.grad is not None and other.grad is not None:
            torch.testing.assert_close(one.grad, other.grad, atol=1e-4, rtol=1e-3)
            moved += 1
    assert moved > 10


def test_probabilities_of_several_labels_stand_for_themselves(tiny_encoder: Path) -> None:
    model = make_several(tiny_encoder)
    with torch.inference_mode():
        twin = torch.stack([torch.sigmoid(model.logits_of([row]))[0] for row in ROWS]).numpy()
    np.testing.assert_allclose(predict(model, ROWS), twin, atol=1e-6)
    assert not np.allclose(twin.sum(axis=1), 1.0)


def test_the_part_for_searching_has_every_label_of_rows_with_several() -> None:
    rng = np.random.default_rng(1)
    targets = np.column_stack([np.ones(600, dtype=bool), rng.random(600) < 0.3, np.arange(600) % 200 == 0])
    targets[:50] = False
    part = stratified_part(targets, 60, seed=0)
    assert len(part) in range(55, 66)
    assert targets[part].any(axis=0).all()
    assert (~targets[part].any(axis=1)).sum() == 5
    assert targets[part].mean(axis=0) == pytest.approx(targets.mean(axis=0), abs=0.05)
