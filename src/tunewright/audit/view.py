"""What a check may look at: the examples, where they go, what deployment looks like, and shared work done once.

Vectors and fits are made when a check asks for them and kept for the next. The view reads no file and knows no model:
how texts become vectors is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from tunewright.data.duplicates import Duplicates, find_duplicates
from tunewright.data.fingerprint import Fingerprint, fingerprints
from tunewright.data.normalise import light_form
from tunewright.data.rows import SetAside
from tunewright.errors import Cancelled
from tunewright.records.example import Example

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
Kind = Literal["classify", "generate", "preference"]
Part = Literal["train", "validation", "test"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Deployment:
    """What is known of the place where the model will work; None and empty mean not told.

    ``inputs`` are inputs seen there, ``system`` the system prompt that will be sent, ``tools`` the tools offered (JSON
    schemas as text), ``model`` the name or folder of the model whose template will be used, ``expected`` shares that
    the person stated, such as {"refusal": 0.02}.
    """

    inputs: tuple[str, ...] = ()
    system: str | None = None
    tools: tuple[str, ...] | None = None
    model: str | None = None
    expected: tuple[tuple[str, float], ...] = ()


@dataclass(eq=False)
class View:
    """One set of examples under audit.

    ``parts`` is the side of each example where a split is known. ``embed`` makes unit vectors ``[n, width]`` of texts;
    None where no encoder can be had, and ``no_vectors`` says why. ``seed`` starts all randomness.
    """

    examples: tuple[Example, ...]
    kind: Kind
    parts: tuple[Part, ...] | None = None
    set_aside: tuple[SetAside, ...] = ()
    deployment: Deployment = field(default_factory=Deployment)
    embed: Callable[[Sequence[str]], FloatArray] | None = None
    no_vectors: str = "no encoder was given"
    seed: int = 0
    cancelled: Callable[[], bool] = lambda: False
    progress: Callable[[str, float], None] = lambda _what, _share: None
    _made: dict[str, object] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.examples)

    def stop_if_asked(self) -> None:
        """To be called between the parts of long work.

        Raises:
            Cancelled: the person asked to stop.
        """
        if self.cancelled():
            raise Cancelled

    @cached_property
    def prints(self) -> list[Fingerprint]:
        """Fingerprints of the varying part of every input."""
        return fingerprints(self.examples)

    @cached_property
    def duplicates(self) -> Duplicates:
        """Equal and nearly equal inputs."""
        return find_duplicates(self.examples, self.prints)

    @cached_property
    def vectors(self) -> FloatArray | None:
        """Unit vectors ``[rows, width]`` of the varying part of every input; None where they cannot be had.

        Texts go to the encoder as they are written, unless they hold boilerplate, which would make all of them alike.
        """
        if self.embed is None:
            return None
        texts = [example.text for example in self.examples]
        varying = (print_.varying for print_ in self.prints)
        shown = [part if len(part) < len(light_form(text)) else text for part, text in zip(varying, texts, strict=True)]
        return self.embed(shown)

    @cached_property
    def labels(self) -> tuple[tuple[str, ...], IntArray]:
        """The sorted distinct targets, and the number of each row's target ``[rows]``."""
        names = sorted({example.target for example in self.examples})
        number = {name: place for place, name in enumerate(names)}
        return tuple(names), np.array([number[example.target] for example in self.examples], dtype=np.int64)

    def once(self, name: str, make: Callable[[], T]) -> T:
        """What ``make`` gives, made once per view: work that several checks share, such as cross-validated fits."""
        if name not in self._made:
            self._made[name] = make()
        return cast(T, self._made[name])

    def rows_of(self, part: Part) -> list[int]:
        """Rows of one side; all rows are training rows where no split is known."""
        if self.parts is None:
            return list(range(len(self.examples))) if part == "train" else []
        return [row for row, side in enumerate(self.parts) if side == part]
