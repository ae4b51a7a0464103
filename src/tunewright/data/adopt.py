"""Taking over a test file of the person's own: its rows are the test, whatever the hash would say.

Training rows that equal a test row are set aside and listed; near copies stay and are reported, because a person's test
may be meant to hold them. The rest of the training rows is split into train and validation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tunewright.data.folds import inner_split
from tunewright.data.leaks import LeakReport, find_leaks
from tunewright.data.rows import SetAside
from tunewright.data.split import SHARES, Side, Split
from tunewright.data.splittable import largest_share
from tunewright.data.units import make_units
from tunewright.errors import InputError
from tunewright.records.example import Example

VALIDATION_SHARE = SHARES[1] / (SHARES[0] + SHARES[1])
SHOWN = 5


@dataclass(frozen=True, slots=True)
class AdoptedTest:
    """``split`` covers the training rows and then the test rows, in the order given; ``leaks`` are between the two
    files as they came, before training copies were set aside."""

    split: Split
    leaks: LeakReport


def adopt_test_file(
    train_examples: Sequence[Example],
    test_examples: Sequence[Example],
    component_of: Sequence[int],
    *,
    seed: int,
    validation_share: float = VALIDATION_SHARE,
) -> AdoptedTest:
    """Make the test rows the test side, and split the others into train and validation.

    Args:
        train_examples: rows of the training file.
        test_examples: rows of the test file.
        component_of: component of each training row.
        seed: changes the hash by which components are dealt out.
        validation_share: share of the training rows that becomes validation.

    Raises:
        InputError: one file is empty, or nothing to learn from is left.
    """
    if not test_examples or not train_examples:
        which = "training" if not train_examples else "test"
        raise InputError("split.empty_file", f"The {which} file holds no usable row.", hint="Check that file.")
    leaks = find_leaks(train_examples, test_examples)
    equal_to = {leak.train_row: leak.test_row for leak in leaks.exact}
    usable = [i for i in range(len(train_examples)) if i not in equal_to]
    if len({train_examples[i].target for i in usable}) < 2:
        raise InputError(
            "split.nothing_to_learn_from",
            "Without the copies of test rows, the training file has fewer than two classes.",
            where=f"{len(equal_to)} of {len(train_examples)} training rows equal a test row",
            hint="Check that the two files are not the same, and that both have the target column.",
        )
    train, validation = inner_split(train_examples, usable, component_of, seed=seed, share=validation_share)
    sides: list[Side | None] = [None] * len(train_examples) + ["test"] * len(test_examples)
    for i in train.tolist():
        sides[i] = "train"
    for i in validation.tolist():
        sides[i] = "validation"
    set_aside = []
    for i, test_row in sorted(equal_to.items()):
        example = train_examples[i]
        reason = f"it equals the test row {test_examples[test_row].source}"
        set_aside.append(SetAside(example.source, "split.copy_of_test_row", reason, example.text))
    units = make_units(train_examples, component_of, seed=seed)
    notes = _notes(train_examples, test_examples, leaks, len(equal_to))
    return AdoptedTest(Split(tuple(sides), tuple(set_aside), tuple(notes), largest_share(units)), leaks)


def _notes(train: Sequence[Example], test: Sequence[Example], leaks: LeakReport, dropped: int) -> list[str]:
    notes = []
    if dropped:
        notes.append(
            f"{dropped} training rows equal {len(leaks.exact_test_rows)} test rows and were left out of training."
        )
    if leaks.near:
        notes.append(f"{len(leaks.near_test_rows)} of {len(test)} test rows have a near copy in training.")
    shared = sorted({e.group for e in train if e.group} & {e.group for e in test if e.group})
    if shared:
        notes.append(f"{len(shared)} groups occur in both files, such as {', '.join(shared[:SHOWN])}.")
    unknown = sorted({e.target for e in test} - {e.target for e in train})
    if unknown:
        notes.append(f"{len(unknown)} classes of the test never occur in training: {', '.join(unknown[:SHOWN])}.")
    return notes
