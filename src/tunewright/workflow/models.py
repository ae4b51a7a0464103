"""The language models of a project: from a name to a backend whose replies are kept.

``models:`` of the project file says what a name stands for; an embedded model needs no entry. A model is opened when it
is first asked, once for all that ask it, and what it is made of is known without opening it.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tunewright.backends.budget import Budget
from tunewright.errors import InputError
from tunewright.language.embedded import EMBEDDED
from tunewright.language.extra import missing_models
from tunewright.project.settings import ProjectSettings, Setting
from tunewright.records.generation import Backend
from tunewright.store import Store
from tunewright.systems.around import Around, ModelFacts
from tunewright.workflow.kept_backend import KeptBackend

if TYPE_CHECKING:
    from tunewright.backends.http_client import HttpModel
    from tunewright.prices.models import TokenPrice

LOCAL, REMOTE = "local", "openai"
# A person's own table of prices, beside the project file; it stands above the dated list.
PRICES = "prices.yaml"
# Within the state of the project: what is dear to make of documents, and can be made again.
KEPT = "documents"


@dataclass(slots=True)
class _Opened:
    """A model in memory, and how many hold it."""

    backend: Backend
    holders: int = 0


@dataclass(frozen=True, slots=True)
class Models:
    """The models that a project names, each opened once for as long as anybody holds it.

    One that nobody holds stays open, for the next system asks it again, until another one that runs in this program is
    opened, ``rest`` is called, or the state of the project closes: two large models at once may be more than fits.
    """

    settings: ProjectSettings
    root: Path
    store: Store
    budget: Budget = field(default_factory=Budget)
    _open: dict[str, _Opened] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: ProjectSettings, root: Path, store: Store) -> Models:
        """The models of one run, which share what it may spend; they close with the state."""
        models = cls(settings, root, store, Budget(settings.max_usd_per_run))
        store.at_close(models.close)
        return models

    def around(self) -> Around:
        """What systems that ask a model may know."""
        settings, kept = self.settings, self.store.folder / KEPT
        job = (self.root, settings.task, settings.kind)
        target = settings.data.target or ""
        return Around(*job, self.open, self.describe, kept=kept, rest=self.rest, target=target)

    def open(self, name: str) -> Backend:
        """The model under a name, with its replies kept; it is in memory from the first request on.

        Raises:
            InputError: no such model, or its entry cannot be read.
        """
        self._entry(name)
        return KeptBackend(_Named(name, self), self.store.replies)

    def take(self, name: str) -> Backend:
        """The model itself, for one more holder.

        Raises:
            InputError: it cannot be opened.
        """
        if name not in self._open:
            entry = self._entry(name)
            if LOCAL in entry:
                self.rest()
            self._open[name] = _Opened(_open(name, entry, self.root, self.budget))
        self._open[name].holders += 1
        return self._open[name].backend

    def leave(self, name: str) -> None:
        """One holder less."""
        if name in self._open:
            self._open[name].holders -= 1

    def rest(self) -> None:
        """Close the models that nobody holds, to have their memory back."""
        for name in [name for name, one in self._open.items() if one.holders <= 0]:
            self._open.pop(name).backend.close()

    def close(self) -> None:
        """Close all of them; calling it twice is harmless."""
        while self._open:
            self._open.popitem()[1].backend.close()

    def describe(self, name: str) -> ModelFacts:
        """What is known of a model without opening it."""
        entry = self._entry(name)
        if LOCAL in entry:
            missing = missing_models()
            identity = json.dumps({**entry, "digest": "" if missing else _digest(str(entry[LOCAL]), self.root)})
            return ModelFacts(identity, False, missing, practice=entry[LOCAL] in EMBEDDED)
        shown = {key: value for key, value in entry.items() if key != "key"}
        priced = self._is_priced(name, entry)
        return ModelFacts(
            json.dumps(shown, sort_keys=True),
            not _here(entry),
            _no_client() or _no_key(entry) or (None if priced else self._no_cap_without_price(name)),
            served=True,
            priced=priced,
        )

    def _no_cap_without_price(self, name: str) -> str | None:
        """Why a model without a price cannot be asked: what its calls add up to could not be held below the cap."""
        if self.budget.cap_usd is None:
            return None
        return (
            f"there is a dollar cap (max_usd_per_run), but no price is known for {name}: state it in {PRICES} beside "
            "the project file (0: it is free), or take the cap away"
        )

    def _is_priced(self, name: str, entry: Mapping[str, Setting]) -> bool:
        """Whether the price of a call is known; also where that cannot be told here, which ``missing`` says."""
        if _no_client() is not None:
            return True
        from tunewright.backends.http_client import http_model

        try:
            return _price(http_model(name, entry), self.root) is not None
        except InputError:
            return True

    def _entry(self, name: str) -> Mapping[str, Setting]:
        models = self.settings.models
        if name in models:
            entry = models[name]
            if sum(kind in entry for kind in (LOCAL, REMOTE)) != 1:
                raise InputError(
                    "models.kind",
                    f"The model {name!r} is neither local nor behind a server, or both.",
                    where=f"models: {name}",
                    hint="Write {local: FOLDER} or {openai: MODEL, base_url: URL, key: NAME_OF_A_VARIABLE}.",
                )
            return entry
        if name in EMBEDDED:
            return {LOCAL: name}
        near = difflib.get_close_matches(name, [*models, *EMBEDDED], n=1, cutoff=0.5)
        raise InputError(
            "models.unknown",
            f"There is no model named {name!r} in this project.",
            where="models",
            hint=f"Did you mean {near[0]!r}?" if near else f"Say what it is: models: {{{name}: {{local: ./folder}}}}",
        )


@dataclass(frozen=True, slots=True)
class _Named:
    """A model by its name, as a holder takes it."""

    name: str
    models: Models

    @property
    def network(self) -> bool:
        return self.models.describe(self.name).network

    def identity(self) -> Mapping[str, str]:
        return {"model": self.models.describe(self.name).identity}

    def take(self) -> Backend:
        return self.models.take(self.name)

    def leave(self) -> None:
        self.models.leave(self.name)


def _open(name: str, entry: Mapping[str, Setting], root: Path, budget: Budget) -> Backend:
    if LOCAL in entry:
        from tunewright.backends.local import LocalBackend
        from tunewright.training.precision import choose_precision

        return LocalBackend.open(str(entry[LOCAL]), root=root, device=choose_precision().device)
    from tunewright.backends.http import HttpBackend
    from tunewright.backends.http_client import http_model

    model = http_model(name, entry)
    return HttpBackend(name, model, _price(model, root), budget)


def _price(model: HttpModel, root: Path) -> TokenPrice | None:
    """What a call costs today; raises InputError where the person's own table cannot be read."""
    from tunewright.prices.own_table import price_of, read_own_table

    table = root / PRICES
    own = read_own_table(table) if table.is_file() else None
    return price_of(model.openai, model.base_url, datetime.now(UTC).date(), own)


def _digest(model: str, root: Path) -> str:
    from tunewright.language.decoder import locate_decoder

    return locate_decoder(model, root).digest


def _here(entry: Mapping[str, Setting]) -> bool:
    """Whether the server is this machine itself, so that nothing leaves it."""
    host = urlsplit(str(entry.get("base_url", ""))).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def _no_client() -> str | None:
    """Why no server can be asked: the packages of the extra are absent."""
    if all(find_spec(package) is not None for package in ("openai", "httpx2", "genai_prices")):
        return None
    return 'needs the extra "remote": pip install "tunewright[remote]"'


def _no_key(entry: Mapping[str, Setting]) -> str | None:
    """Why a server cannot be asked: the variable that holds its key is not set."""
    variable = str(entry.get("key", "")).strip().removeprefix("${env:").removesuffix("}")
    if variable and variable not in os.environ:
        return f"the environment variable {variable} with its key is not set: export {variable}=..."
    return None
