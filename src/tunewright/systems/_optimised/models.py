"""Models that stay open for a whole search, though every candidate of it opens and closes its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tunewright.records.generation import Backend, Reply, Request, Watch


@dataclass(slots=True)
class HeldModels:
    """Opens each model once, by name."""

    open_model: Callable[[str], Backend]
    _open: dict[str, Backend] = field(default_factory=dict)

    def open(self, name: str) -> Backend:
        """The model, which stays open when whoever asked closes it."""
        if name not in self._open:
            self._open[name] = self.open_model(name)
        return _Held(self._open[name])

    def close(self) -> None:
        """Close what was opened."""
        while self._open:
            self._open.popitem()[1].close()


@dataclass(frozen=True, slots=True)
class _Held:
    inner: Backend

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def network(self) -> bool:
        return self.inner.network

    def identity(self) -> Mapping[str, str]:
        return self.inner.identity()

    def complete(self, requests: Sequence[Request], watch: Watch) -> Iterator[tuple[int, Reply]]:
        return self.inner.complete(requests, watch)

    def close(self) -> None:
        """The model stays open."""
