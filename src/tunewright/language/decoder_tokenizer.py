"""The tokenizer of a decoder: a fast one, and the one that its ``tokenizer.json`` describes.

transformers builds the tokenizer of some model types (Qwen2 among them) from the vocabulary and rules of its own, and
passes over the rules in the file, whatever class the folder asks for. Where that changes the ids of plain text the file
is believed, because the model was trained on it, and a note says so.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tunewright.errors import InputError

_PROBE_TEXTS = (
    "The quick brown fox; 3,141.59 dollars (USD)!  Two  spaces\tand a tab.\n\nNew paragraph: it's 'quoted' \"twice\".",
    "def f(x):\n    return {'a': [x, 2]}  # comment\n",
    "Zürich, naïve café, ½ €, Ελληνικά, русский, 日本語, العربية, 👍🏽",
)
_PROBE_WORDS = 64


def load_tokenizer(folder: Path) -> tuple[Any, tuple[str, ...]]:
    """The fast tokenizer of a folder, with notes for people.

    Raises:
        InputError: there is no fast one, or none that agrees with ``tokenizer.json``.
        OSError, ValueError, ImportError: transformers could not read it.
    """
    import transformers

    library: Any = transformers

    tokenizer: Any = library.AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    if not getattr(tokenizer, "is_fast", False):
        raise InputError(
            "decoder.slow_tokenizer",
            "This model has no fast tokenizer.",
            where=str(folder),
            why="What is trained is found by character offsets, which only fast tokenizers give.",
            hint="Use a model that comes with a tokenizer.json.",
        )
    if not (folder / "tokenizer.json").is_file():
        return tokenizer, ()
    stated: Any = library.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    if _agree(tokenizer, stated):
        return tokenizer, ()
    plain: Any = library.PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    if not _agree(plain, stated):
        raise InputError(
            "decoder.tokenizer_differs",
            "The tokenizer that loads is not the one in tokenizer.json.",
            where=str(folder),
            why="The model would read other tokens than it was trained on.",
            hint="Save model and tokenizer again with a current version of transformers.",
        )
    return plain, (
        f"transformers would read this model's text with its own {type(tokenizer).__name__} and get other tokens than "
        "tokenizer.json says; the file is used here. Other programs may get the other tokens: compare before serving.",
    )


def _agree(one: Any, other: Any) -> bool:
    """Whether two tokenizers give the same ids to some texts of many kinds and to words of the vocabulary."""
    vocabulary = sorted(other.get_vocab().items(), key=lambda entry: entry[1])
    some = vocabulary[:: max(1, len(vocabulary) // _PROBE_WORDS)]
    words = " ".join(other.convert_tokens_to_string([token]).strip() for token, _ in some)
    return all(
        one(text, add_special_tokens=False)["input_ids"] == other(text, add_special_tokens=False)["input_ids"]
        for text in (*_PROBE_TEXTS, words)
    )
