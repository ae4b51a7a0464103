"""Names, places and organisations in free prose by presidio-analyzer, an optional extra with a language model.

Nothing is fetched: the spaCy model must be installed already, for presidio would otherwise download it and end the
process where it cannot. Imported by nothing unless a person asks for the name model.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from tunewright.audit.privacy.hits import Hit
from tunewright.errors import InputError

# The kinds that need a model; structured kinds are left to our own recognisers, whose figures are known.
KINDS = {"PERSON": "person", "LOCATION": "place", "GPE": "place", "ORGANIZATION": "organisation", "ORG": "organisation"}
MODELS = ("en_core_web_lg", "en_core_web_md", "en_core_web_sm")


def installed_model() -> str | None:
    """The spaCy model that presidio can use here; None where presidio or every model is missing."""
    if importlib.util.find_spec("presidio_analyzer") is None or importlib.util.find_spec("spacy") is None:
        return None
    return next((name for name in MODELS if importlib.util.find_spec(name) is not None), None)


def find(text: str) -> Iterator[Hit]:
    """Persons, places and organisations with presidio's own scores.

    Raises:
        InputError: ``privacy.no_presidio``: presidio-analyzer or its spaCy model is not installed.
    """
    for result in _engine().analyze(text=text, language="en", entities=list(KINDS)):
        yield Hit(result.start, result.end, KINDS[result.entity_type], float(result.score))


@lru_cache(maxsize=1)
def _engine() -> Any:
    model = installed_model()
    if model is None:
        raise InputError(
            "privacy.no_presidio",
            "Names in free prose need presidio-analyzer and a spaCy model.",
            hint="pip install presidio-analyzer, then python -m spacy download en_core_web_lg",
        )
    analyzer = importlib.import_module("presidio_analyzer")
    provider = importlib.import_module("presidio_analyzer.nlp_engine").NlpEngineProvider(
        nlp_configuration={"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": model}]}
    )
    return analyzer.AnalyzerEngine(nlp_engine=provider.create_engine(), supported_languages=["en"])
