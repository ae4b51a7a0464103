"""The rows of ``tunewright train``: read, held-out rows put apart without leakage, rendered, and through the gates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tunewright.data.components import find_components
from tunewright.data.duplicates import find_duplicates
from tunewright.data.folds import inner_split
from tunewright.data.read import ColumnMap, ReadResult, SetAside, check_set_aside_share, read_table
from tunewright.errors import InputError
from tunewright.language.gates import GateReport, TooLong, check_rows
from tunewright.language.render import Rendered, Train, try_render_rows
from tunewright.language.spec import RenderSpec
from tunewright.records.example import Example, dataset_digest, with_system
from tunewright.workflow.auditing.privacy_gate import require_learnable_file

HELD_OUT_SHARE = 0.1
MOST_HELD_OUT = 1_000
LABELS_AT_MOST = 0.2


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Examples to learn from and held-out ones, what could not be used, and plain notes."""

    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    set_aside: tuple[SetAside, ...]
    notes: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over both parts."""
        return f"{dataset_digest(list(self.train))}+{dataset_digest(list(self.validation))}"


@dataclass(frozen=True, slots=True)
class RenderedData:
    """Rows to train on and held-out rows; ``names`` says which example a training row came from."""

    rows: tuple[Rendered, ...]
    names: tuple[str, ...]
    validation: tuple[Rendered, ...]
    gates: GateReport


def read_training_data(
    path: Path, columns: ColumnMap | None, validation: Path | None, system: str | None, seed: int
) -> TrainingData:
    """Read the table; without a file of held-out rows a tenth of the rows (1,000 at most) is put apart.

    Rows that are copies or near copies of one another, or share a group, stay on one side.

    Args:
        system: a system message to put before every row that has none.

    Raises:
        InputError: a file cannot be read, too many rows are unusable, or there are too few rows.
    """
    main = _read(path, columns)
    require_learnable_file(path, main.examples)
    examples = [replace(example, messages=with_system(example.messages, system)) for example in main.examples]
    notes, set_aside = [*main.notes, *_of_pairs(main.examples)], list(main.set_aside)
    if validation is not None:
        other = _read(validation, columns)
        require_learnable_file(validation, other.examples)
        held_out = [replace(example, messages=with_system(example.messages, system)) for example in other.examples]
        set_aside += other.set_aside
        notes += [*other.notes, *_shared(examples, held_out)]
    else:
        examples, held_out = _hold_out(examples, seed)
    return TrainingData(tuple(examples), tuple(held_out), tuple(set_aside), tuple(dict.fromkeys(notes)))


def _of_pairs(examples: Sequence[Example]) -> list[str]:
    """What becomes of preference pairs here."""
    pairs = sum(bool(example.rejected) for example in examples)
    if not pairs:
        return []
    return [f"{pairs} rows are preference pairs: the preferred answers are learned, the others are not looked at."]


def _read(path: Path, columns: ColumnMap | None) -> ReadResult:
    result = read_table(path, columns=columns, kind="generate")
    try:
        check_set_aside_share(result)
    except InputError as error:
        error.hint = "Mend these rows, or train on a file without them."
        raise
    return result


def render_data(
    data: TrainingData,
    spec: RenderSpec,
    *,
    train: Train,
    max_tokens: int,
    whole_context: bool,
    too_long: TooLong,
    embedding_rows: int | None = None,
) -> RenderedData:
    """Render all rows and look at them; nothing is trained unless every gate is passed.

    Args:
        whole_context: whether ``max_tokens`` is all that the model has room for, so that it cannot be raised.

    Raises:
        InputError: a gate failed; the error names rows and texts.
    """

    def looked_at(examples: Sequence[Example]) -> tuple[Sequence[tuple[Rendered, ...] | InputError], GateReport]:
        rendered = try_render_rows(examples, spec, train)
        report = check_rows(
            examples, rendered, spec, max_tokens=max_tokens, too_long=too_long, embedding_rows=embedding_rows
        )
        try:
            report.raise_if_failed()
        except InputError as error:
            if error.code == "gates.too_long" and whole_context:
                error.hint = "It is all the room that the base model has: use --too-long drop, or shorten these rows."
            raise
        return rendered, report

    rendered, gates = looked_at(data.train)
    held_out, other = looked_at(data.validation)
    rows = [(row, data.train[number].row_id) for number in gates.kept for row in _made(rendered[number])]
    return RenderedData(
        rows=tuple(row for row, _ in rows),
        names=tuple(name for _, name in rows),
        validation=tuple(row for number in other.kept for row in _made(held_out[number])),
        gates=gates,
    )


def _made(result: tuple[Rendered, ...] | InputError) -> tuple[Rendered, ...]:
    """The rows of a result that passed the gates."""
    assert not isinstance(result, InputError), "the gates let a row pass that could not be rendered"
    return result


def _hold_out(examples: Sequence[Example], seed: int) -> tuple[list[Example], list[Example]]:
    if len(examples) < 2:
        raise InputError(
            "training.too_few_rows",
            f"There are {len(examples)} usable rows; training needs two at least, one of them to watch the loss on.",
            hint="Give more rows, or held-out rows in a file of their own with --validation.",
        )
    components = find_components(examples, find_duplicates(examples).edges())
    share = min(HELD_OUT_SHARE, MOST_HELD_OUT / len(examples))
    labels = len({example.target for example in examples}) <= LABELS_AT_MOST * len(examples)
    alike = examples if labels else [example.with_target("") for example in examples]  # texts have no shares to keep
    try:
        rows, held_out = inner_split(alike, range(len(examples)), components.tolist(), seed=seed, share=share)
    except InputError as error:
        error.hint = "Give held-out rows in a file of their own with --validation."
        raise
    return [examples[row] for row in rows], [examples[row] for row in held_out]


def _shared(train: Sequence[Example], validation: Sequence[Example]) -> list[str]:
    known = {example.messages for example in train}
    same = sum(example.messages in known for example in validation)
    if not same:
        return []
    return [f"{same} held-out rows have the input of a training row: their loss says little about new cases."]
