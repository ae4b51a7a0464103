"""What choosing rows brings is measured: found where it is planted, and denied where labels follow from nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tunewright.audit.next_rows import next_batch
from tunewright.errors import Cancelled, InputError
from tunewright.records.example import Example, Message, Source
from tunewright.workflow.reviewing import labelling_gain as module
from tunewright.workflow.reviewing.labelling_gain import LabellingGain, _labels_for, labelling_gain


def _example(number: int, text: str, target: str) -> Example:
    return Example((Message("user", text),), target, Source("t.csv", number), f"t.csv:{number}")


def _uneven(n: int = 700, seed: int = 0) -> list[Example]:
    """Sixteen classes of own words, of which two hold most of the rows: by chance the others are seldom met."""
    random = np.random.default_rng(seed)
    shares = np.array([0.35, 0.35] + [0.3 / 14] * 14)
    rows = []
    for number in range(n):
        kind = int(random.choice(16, p=shares))
        words = [f"w{kind}x{m}" for m in random.integers(25, size=4)] + [f"all{m}" for m in random.integers(60, size=4)]
        rows.append(_example(number, " ".join([*words, f"own{number}"]), f"class {kind}"))
    return rows


@pytest.fixture(scope="module")
def gained() -> LabellingGain:
    return labelling_gain(_uneven(), sizes=(80, 160), replays=3)


def test_a_gain_is_found_where_chance_seldom_meets_the_rare(gained: LabellingGain) -> None:
    assert gained.outcome == "choosing is better"
    assert [at.labels for at in gained.at] == [80, 160]
    last = gained.at[-1]
    assert 0 < last.low < last.gain < last.high
    assert last.gain == pytest.approx(last.chosen - last.by_chance)
    assert last.chosen_of_classes > last.by_chance_of_classes
    assert last.worth is None or last.worth > 160
    assert gained.text.startswith("Choosing beats chance on these rows. With 160 labels ")
    assert f"{100 * last.low:+.1f} to {100 * last.high:+.1f}" in gained.text


def test_a_fifth_is_held_out_and_the_rest_may_be_asked_for(gained: LabellingGain) -> None:
    assert gained.pool + gained.held_out == 700
    assert 100 < gained.held_out < 180
    assert (gained.classes, gained.replays) == (16, 3)


def test_no_gain_where_labels_follow_from_nothing() -> None:
    labels = np.random.default_rng(1).integers(3, size=500)
    rows = [replace(row, target=f"class {label}") for row, label in zip(_uneven(500), labels, strict=True)]
    found = labelling_gain(rows, sizes=(100, 200), replays=3)
    assert found.outcome == "no difference shown"
    assert found.at[-1].low < 0 < found.at[-1].high
    assert found.at[-1].worth is None
    assert "no gain over chance" in found.text
    assert "random order" in found.text


def test_a_worse_choice_is_called_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    def commonest_only(features, known, labels, waiting, size, share, seed):  # type: ignore[no-untyped-def]
        batch = next_batch(features, known, labels, waiting, len(waiting), 1.0, seed)
        common = np.bincount(labels).argmax()
        order = np.argsort(truth[batch.rows] != common, kind="stable")[:size]
        return replace(batch, rows=batch.rows[order], by_chance=batch.by_chance[order], guess=batch.guess[order])

    rows = _uneven()
    truth = np.unique([row.target for row in rows], return_inverse=True)[1]
    monkeypatch.setattr(module, "next_batch", commonest_only)
    found = labelling_gain(rows, sizes=(80, 160), replays=3)
    assert found.outcome == "choosing is worse"
    assert found.text.endswith("Label in a random order.")


def test_all_by_chance_is_the_control_itself() -> None:
    found = labelling_gain(_uneven(400), sizes=(80,), replays=3, chance_share=1.0)
    assert (found.at[0].gain, found.at[0].chosen) == (0.0, found.at[0].by_chance)
    assert found.outcome == "no difference shown"


def test_it_is_the_same_twice() -> None:
    assert labelling_gain(_uneven(400), sizes=(80,), replays=3) == labelling_gain(_uneven(400), sizes=(80,), replays=3)


def test_labels_by_chance_that_are_worth_as_much() -> None:
    # Halfway in score is halfway in the logarithm: 100 * sqrt(4).
    assert _labels_for(0.6, [(100, 0.5), (400, 0.7)]) == 200
    assert _labels_for(0.8, [(100, 0.5), (400, 0.7)]) is None
    assert _labels_for(0.65, [(100, 0.5), (200, 0.6), (400, 0.7)]) == 280


def test_what_cannot_be_compared_is_refused() -> None:
    rows = _uneven(400)
    free = [replace(row, target=f"answer {n}") for n, row in enumerate(rows)]
    for given, sizes, replays, code in (
        (rows[:299], (), 3, "labelling.too_few"),
        (free, (), 3, "labelling.classes"),
        ([replace(row, target="one") for row in rows], (), 3, "labelling.classes"),
        (rows, (10,), 3, "labelling.sizes"),
        (rows, (100, 399), 3, "labelling.sizes"),
        (rows, (), 2, "labelling.replays"),
    ):
        with pytest.raises(InputError) as caught:
            labelling_gain(given, sizes=sizes, replays=replays)
        assert caught.value.code == code


def test_sizes_without_being_told_and_stopping() -> None:
    seen: list[float] = []
    with pytest.raises(Cancelled):
        labelling_gain(_uneven(400), progress=lambda _what, share: seen.append(share), cancelled=lambda: len(seen) > 2)
    assert len(seen) == 3
    assert module._sizes((), 800) == [100, 200, 400]
