"""What a system offers to whoever wants to know what a change of it would bring: the diagnosis.

A changed system reads the fits of the unchanged one (``load``); to whoever fits it, it is another system, by its
identity. Which model a system asks, ``Traits.models`` says; another model is another entry of the project file.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from tunewright.records.system import System
from tunewright.systems._prompting.held import HeldForm
from tunewright.systems._retrieval.sources import Sources


@runtime_checkable
class FormSettable(Protocol):
    """A system whose model can be held to a form while it writes."""

    def with_form(self, form: HeldForm) -> System | None:
        """The same system held to it; None where its decoding cannot be held from outside."""
        ...


@runtime_checkable
class LooksUp(Protocol):
    """A system that looks things up in documents."""

    @property
    def known(self) -> str:
        """The column that names the right passage; empty for none."""
        ...

    def with_known_first(self) -> System:
        """The same system, whose search brings the passages that ``known`` names before all others."""
        ...


@runtime_checkable
class Searching(Protocol):
    """A fitted system that searches ``sources`` and looks at the best ``count`` passages."""

    @property
    def sources(self) -> Sources: ...

    @property
    def count(self) -> int: ...
