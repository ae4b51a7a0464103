"""``similarity``: cosine of the embeddings of answer and reference; what embeds is handed in by the project."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tunewright.evaluation import normal_text
from tunewright.evaluation.grader_options import Embed, GraderContext, Option, Settings, bad_option, make_identity, read
from tunewright.evaluation.grades import Grade
from tunewright.evaluation.normal_text import references
from tunewright.evaluation.text_grader import TextGrader, scored, unjudged
from tunewright.records.example import Example

NAME = "similarity"
SUMMARY = "Cosine of the embeddings of answer and reference."
VERSION = 1
OPTIONS: Mapping[str, Option] = {
    "at_least": Option(0.0, "cosine", "0 scores the cosine itself; above it, 1 where the cosine reaches it and else 0"),
    "references": Option(
        "one",
        "one, lines or json",
        "a target is one text unless the person says it holds several",
        normal_text.REFERENCES,
    ),
}


class SimilarityGrader(TextGrader):
    """Scores the cosine, negative ones as 0, or whether it reaches a bound."""

    def __init__(self, settings: Settings, embed: Embed, weights: str) -> None:
        files = [__file__, normal_text.__file__]
        at_least = float(settings["at_least"])
        super().__init__(make_identity(NAME, VERSION, settings, files, embeddings=weights), binary=at_least > 0)
        self._embed = embed
        self._at_least = at_least
        self._references = str(settings["references"])

    def judge(self, text: str, target: str, example: Example) -> Grade:
        """The cosine to the nearest reference; equal text is 1."""
        accepted = references(target, self._references)
        if text.split() in [one.split() for one in accepted]:
            return scored(1.0, text.strip(), (("cosine", 1.0),))
        vectors = np.asarray(self._embed([text, *accepted]), dtype=np.float64)
        lengths = np.linalg.norm(vectors, axis=1)
        if vectors.shape[0] != 1 + len(accepted) or not np.isfinite(lengths).all():
            return unjudged("the embeddings are no finite vectors, one for each text")
        products = lengths[1:] * lengths[0]
        cosines = np.divide(vectors[1:] @ vectors[0], products, out=np.zeros(len(accepted)), where=products > 0)
        cosine = float(cosines.max())
        score = float(cosine >= self._at_least) if self.binary else cosine
        return scored(score, text.strip(), (("cosine", cosine),))


def build(options: Settings, context: GraderContext) -> SimilarityGrader:
    """The grader.

    Raises:
        InputError: the project has no embedding model.
    """
    settings = read(options, OPTIONS, NAME)
    if context.embed is None or not context.embed_identity:
        hint = "Install the extra 'models' for the embedded one."
        raise bad_option(NAME, "at_least", "cannot be reached: no embedding model is at hand", hint)
    return SimilarityGrader(settings, context.embed, context.embed_identity)
