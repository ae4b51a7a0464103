"""Vectors of texts, made once and kept: what an audit is handed in place of the bare encoder.

Only texts of the examples at hand are kept, under the inputs that they belong to, so that erasing a row takes its
vectors along; any other text is embedded and forgotten.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tunewright.records.example import Example
from tunewright.store.audit_cache import AuditCache
from tunewright.store.secret import Keyring

FloatArray = NDArray[np.float32]
Embed = Callable[[Sequence[str]], FloatArray]
# Vectors are kept in parts of so many texts: interrupted, the next audit goes on from the last part.
TEXTS_PER_PART = 2_048


def kept_vectors(embed: Embed, cache: AuditCache, keyring: Keyring, encoder: str, examples: Sequence[Example]) -> Embed:
    """A function that gives the vectors ``[len(texts), width]`` of ``embed``, taking from the cache what is there.

    Args:
        encoder: digest of everything that decides the vectors (weights, tokenizer, pooling, lengths).
        examples: whose texts (the whole input, every message, the target) may be kept.
    """
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for example in examples:
        key = keyring.input_key(example)
        texts = (example.text, example.target, *(m.content for m in (*example.messages, *example.rejected)))
        for text in texts:
            owners[text].add(key)

    def embed_or_recall(texts: Sequence[str]) -> FloatArray:
        distinct = list(dict.fromkeys(texts))
        known = {distinct[place]: vector for place, vector in cache.get_vectors(encoder, distinct).items()}
        missing = [text for text in distinct if text not in known]
        for start in range(0, len(missing), TEXTS_PER_PART):
            part = missing[start : start + TEXTS_PER_PART]
            made = np.asarray(embed(part), dtype=np.float32)
            cache.put_vectors(encoder, part, made, [sorted(owners.get(text, ())) for text in part])
            known.update(zip(part, made, strict=True))
        return np.stack([known[text] for text in texts]) if texts else np.asarray(embed([]), dtype=np.float32)

    return embed_or_recall
