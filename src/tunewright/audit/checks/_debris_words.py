"""How each kind of debris is told; the words of ``text_debris``."""

from __future__ import annotations

from collections.abc import Mapping

from tunewright.audit.checks._by_kind import Words

_SAFE = "The suggested edits cannot hurt: apply them together after a look at the changes."

WORDS: Mapping[str, Words] = {
    "template_tokens": Words(
        "error",
        "1 row has control tokens of a chat template in its text",
        "{n} rows have control tokens of a chat template in their text",
        "Something like <|im_end|> or [INST] ends or opens turns when it is read as a token, and is learned as text "
        "when it is not. Models tuned on such rows do not stop, or write these tokens to people.",
        "Cut the tokens, and split the row where they part two turns.",
    ),
    "mojibake": Words(
        "warning",
        "1 row has text in the wrong encoding",
        "{n} rows have text in the wrong encoding",
        "Letters such as 'é' turned into 'Ã©' when a file was read wrongly. The model learns to write them so.",
        _SAFE,
    ),
    "lost_characters": Words(
        "warning",
        "1 row has characters that were lost",
        "{n} rows have characters that were lost",
        "The sign \ufffd stands where a program could not read a character. What it was cannot be told any more.",
        "Export the rows again from where they came, as UTF-8.",
    ),
    "control": Words(
        "warning",
        "1 row has control characters",
        "{n} rows have control characters",
        "They come from terminals and damaged files, and are tokens that the model learns to write.",
        "Cut them; look at one or two rows first.",
    ),
    "ui_residue": Words(
        "warning",
        "1 answer holds words of a web page's buttons",
        "{n} answers hold words of a web page's buttons",
        "'Copy code' or 'Regenerate response' came along when the text was copied. The model learns to write them.",
        "Cut these lines. Where they stand at the very end the suggested edit is safe.",
    ),
    "html": Words(
        "note",
        "1 answer has HTML tags in it",
        "{n} answers have HTML tags in them",
        "Unless people see the answers as a web page, they will see the tags.",
        "Turn the tags into plain text or Markdown.",
    ),
    "entities": Words(
        "note",
        "1 row has characters written as HTML codes",
        "{n} rows have characters written as HTML codes",
        "The model learns to write '&amp;' where people expect '&'.",
        "Turn the codes into the characters they stand for.",
    ),
    "escaped_newlines": Words(
        "warning",
        "1 answer has its line breaks written as \\n",
        "{n} answers have their line breaks written as \\n",
        "The text was escaped once too often. People will see a backslash and an n instead of a new line.",
        "Turn them into line breaks.",
    ),
    "invisible_ends": Words(
        "note",
        "1 row has an invisible character at the start or end of a text",
        "{n} rows have an invisible character at the start or end of a text",
        "Nobody sees it, but it is a token of its own and makes equal texts differ.",
        _SAFE,
    ),
    "trailing_space": Words(
        "note",
        "1 answer ends in white space",
        "{n} answers end in white space",
        "The model learns to write it before it stops, and some servers then do not recognise the end.",
        _SAFE,
    ),
}
