"""The language models of a project: from a name to a backend whose replies are kept.

``models:`` of the project file says what a name stands for; an embedded model needs no entry. A model is opened when it
is first asked, and what it is made of is known without opening it.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
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

LOCAL, REMOTE = "local", "openai"
# A person's own table of prices, beside the project file; it stands above the dated list.
PRICES = "prices.yaml"
# Within the state of the project: what is dear to make of documents, and can be made again.
KEPT = "documents"


@dataclass(frozen=True, slots=True)
class Models:
    """The models that a project names. Opening one twice gives two backends with one memory."""

    settings: ProjectSettings
    root: Path
    store: Store
    budget: Budget = field(default_factory=Budget)

    @classmethod
    def of(cls, settings: ProjectSettings, root: Path, store: Store) -> Models:
        """The models of one run, which share what it may spend."""
        return cls(settings, root, store, Budget(settings.max_usd_per_run))

    def around(self) -> Around:
        """What systems that ask a model may know."""
        settings, kept = self.settings, self.store.folder / KEPT
        return Around(self.root, settings.task, settings.kind, self.open, self.describe, kept=kept)

    def open(self, name: str) -> Backend:
        """The model under a name, with its replies kept.

        Raises:
            InputError: no such model, or its entry cannot be read.
        """
        entry = self._entry(name)
        return KeptBackend(_open(name, entry, self.root, self.budget), self.store.replies)

    def describe(self, name: str) -> ModelFacts:
        """What is known of a model without opening it."""
        entry = self._entry(name)
        if LOCAL in entry:
            missing = missing_models()
            identity = json.dumps({**entry, "digest": "" if missing else _digest(str(entry[LOCAL]), self.root)})
            return ModelFacts(identity, False, missing, practice=entry[LOCAL] in EMBEDDED)
        shown = {key: value for key, value in entry.items() if key != "key"}
        return ModelFacts(
            json.dumps(shown, sort_keys=True), not _here(entry), _no_client() or _no_key(entry), served=True
        )

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


def _open(name: str, entry: Mapping[str, Setting], root: Path, budget: Budget) -> Backend:
    if LOCAL in entry:
        from tunewright.backends.local import LocalBackend
        from tunewright.training.precision import choose_precision

        return LocalBackend.open(str(entry[LOCAL]), root=root, device=choose_precision().device)
    from datetime import UTC, datetime

    from tunewright.backends.http import HttpBackend
    from tunewright.backends.http_client import http_model
    from tunewright.prices.own_table import price_of, read_own_table

    model = http_model(name, entry)
    table = root / PRICES
    own = read_own_table(table) if table.is_file() else None
    return HttpBackend(name, model, price_of(model.openai, model.base_url, datetime.now(UTC).date(), own), budget)


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
