"""The fields of ``tunewright.yaml``: each with a unit, a default and a reason.

At most 40 fields in all; a test counts them and proves that each is read somewhere. Nothing is computed here.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

MAX_FIELDS = 40
Setting = str | int | float | bool
SystemEntry = str | dict[str, str | list[str] | dict[str, Setting]]

DEFAULT_SYSTEMS: tuple[SystemEntry, ...] = ("majority", "tfidf", "embedding", {"finetune": "minilm"})
DEFAULT_WRITING_SYSTEMS: tuple[SystemEntry, ...] = (
    "majority",
    {"prompt": "wren"},
    {"few_shot": "wren"},
    {"finetune": "wren"},
)


class Settings(BaseModel):
    """Base: immutable, an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DataSettings(Settings):
    """Where the labelled examples are and what their columns mean."""

    path: str | None = Field(None, description="table of labelled examples, relative to the project folder")
    test: str | None = Field(None, description="your own test file; then no test set is split off")
    input: str | list[str] | None = Field(None, description="column or columns with the input text")
    target: str | None = Field(None, description="column with the right answer")
    id: str | None = Field(None, description="column with your own row names, shown in reports")
    group: str | None = Field(None, description="rows of one group never stand on two sides of a split")
    time: str | None = Field(None, description="column with the time of a row; the newest become the test set")
    critical: str | None = Field(None, description="column that marks cases that must not go wrong (yes, true, 1)")
    merge_case: bool = Field(
        False,
        description="read labels that differ only in case or white space as one; off, for they may be two classes",
    )
    allow_set_aside: float = Field(
        0.01, ge=0, le=1, description="share of rows that may be unusable before the run stops; more hides a mistake"
    )

    @property
    def input_columns(self) -> tuple[str, ...]:
        """The input columns as a tuple, empty when none is named."""
        if self.input is None:
            return ()
        return (self.input,) if isinstance(self.input, str) else tuple(self.input)


class TargetSettings(Settings):
    """How good is good enough."""

    metric: Literal["accuracy"] = Field("accuracy", description="the measure that decides")
    at_least: float = Field(ge=0, le=1, description="the share of right answers that the job needs")


class ProjectSettings(Settings):
    """A whole ``tunewright.yaml``."""

    task: str = Field("", description="the job in one sentence")
    kind: Literal["classify", "extract", "generate"] = Field(
        "classify", description="what an answer is: a label, a JSON object, or a text"
    )
    grader: str | dict[str, dict[str, Setting]] | None = Field(
        None, description="what an answer is worth; by default label, fields or text, as the kind is"
    )
    models: dict[str, dict[str, Setting]] = Field(
        default_factory=dict,
        description="language models by a name of your own: {small: {local: wren}, large: {openai: gpt-x, ...}}",
    )
    data: DataSettings = Field(default_factory=lambda: DataSettings())
    target: TargetSettings | None = Field(None, description="stated before the run; none means: the best wins")
    min_improvement: float | None = Field(
        None, gt=0, le=1, description="smallest gain worth paying for; by default 2 points or a tenth of the errors"
    )
    gate: Literal["exact", "midp"] = Field(
        "exact",
        description="the test that a win must pass where cases are independent and right or wrong: exact McNemar, or "
        "its mid-p, which finds a little more at nearly the whole 2.5 % (from 100 locked cases on)",
    )
    strong: bool = Field(
        False, description="a better fine-tune ships only when the whole 95 % interval of its gain is worth paying for"
    )
    error_cost: float | None = Field(None, gt=0, description="dollars that one wrong answer costs")
    min_saving: float = Field(
        50.0, ge=0, description="dollars a month from which a saving is worth a change; about an hour of work"
    )
    volume_per_day: float = Field(1000.0, gt=0, description="answers wanted per day; drives cost per month")
    machine_usd_per_hour: float | None = Field(
        None, ge=0, description="price of the machine that would serve; by default the dated price of a small server"
    )
    max_latency_ms: float | None = Field(None, gt=0, description="hard limit on one call (95th percentile)")
    max_usd_per_month: float | None = Field(None, gt=0, description="hard limit on running cost")
    max_usd_per_run: float | None = Field(
        None, ge=0, description="dollars that one run may pay for language models; it stops before it is passed"
    )
    egress: Literal["allow", "none"] = Field(
        "allow", description="none forbids every network call, model downloads included"
    )
    incumbent: SystemEntry | None = Field(None, description="the system that you use today")
    systems: list[SystemEntry] = Field(
        default_factory=lambda: list(DEFAULT_SYSTEMS), description="what to compare, simplest first"
    )
    folds: int = Field(5, ge=2, le=20, description="parts of the cross-fit for small data; more is slower and steadier")
    seed: int = Field(0, ge=0, description="start of all randomness: the same seed gives the same verdict")
    guards: Literal["optional", "required"] = Field(
        "optional", description="required: no fine-tune ships before `tunewright guard` has measured what else breaks"
    )
    unanswerable: str | None = Field(
        None,
        description="words of a right answer that say that there is none; a run counts how often one is made up",
    )
    stop_when_target_met: bool = Field(
        True, description="skip the fine-tune when a simpler system is shown to meet the target"
    )

    @property
    def compared(self) -> tuple[SystemEntry, ...]:
        """The systems to compare; where none are named, those that suit the kind of answer."""
        if self.kind != "classify" and "systems" not in self.model_fields_set:
            return DEFAULT_WRITING_SYSTEMS
        return tuple(self.systems)

    @field_validator("systems")
    @classmethod
    def _at_least_one(cls, value: list[SystemEntry]) -> list[SystemEntry]:
        if not value:
            raise ValueError("name at least one system, for example: [majority, tfidf]")
        return value


def field_names(model: type[BaseModel] = ProjectSettings, prefix: str = "") -> list[str]:
    """Dotted names of all fields, nested ones included."""
    names: list[str] = []
    for name, field in model.model_fields.items():
        nested = _nested_model(field.annotation)
        names += field_names(nested, f"{prefix}{name}.") if nested else [prefix + name]
    return names


def _nested_model(annotation: object) -> type[BaseModel] | None:
    candidates = [annotation, *getattr(annotation, "__args__", ())]
    for candidate in candidates:
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
