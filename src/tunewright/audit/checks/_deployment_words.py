"""How each difference from deployment is told; the words of ``deployment_format``."""

from __future__ import annotations

from collections.abc import Mapping

from tunewright.audit.checks._by_kind import Words

_LEARNS = (
    "A model answers best under the prompt it was tuned with; under another one part of what it learned does not show."
)

WORDS: Mapping[str, Words] = {
    "no_system": Words(
        "warning",
        "1 row has no system prompt, and deployment will send one",
        "{n} rows have no system prompt, and deployment will send one",
        _LEARNS,
        "Put the system prompt of deployment into every row, or send none.",
    ),
    "other_system": Words(
        "warning",
        "1 row has another system prompt than deployment will send",
        "{n} rows have another system prompt than deployment will send",
        _LEARNS,
        "Put the system prompt of deployment into these rows (the suggested edit does), or send theirs.",
    ),
    "system_space": Words(
        "note",
        "1 row has the system prompt of deployment but for white space",
        "{n} rows have the system prompt of deployment but for white space",
        "Other white space is other tokens, and the stored beginning of the prompt cannot be reused.",
        "Use one text in both places; the suggested edit does.",
    ),
    "some_without_system": Words(
        "note",
        "1 row differs from the others in having a system prompt or not",
        "{n} rows differ from the others in having a system prompt or not",
        "Deployment will send the prompt or not. What is learned in the other form will show less.",
        "Give all rows the same form, that of deployment.",
    ),
    "nearly_one_system": Words(
        "warning",
        "1 row has a system prompt that is nearly that of other rows",
        "{n} rows have a system prompt that is nearly that of other rows",
        "It differs in white space or case only, so it was most likely meant to be the same.",
        "Use one text in all rows.",
    ),
    "no_tools": Words(
        "warning",
        "1 row offers no tools, and deployment will offer some",
        "{n} rows offer no tools, and deployment will offer some",
        _LEARNS,
        "Put the tools of deployment beside the messages of every row.",
    ),
    "other_tools": Words(
        "warning",
        "1 row offers other tools than deployment will",
        "{n} rows offer other tools than deployment will",
        _LEARNS,
        "Offer in every row what deployment will offer, or keep the difference on purpose.",
    ),
    "tool_schema": Words(
        "error",
        "1 row offers a tool of deployment with another schema",
        "{n} rows offer a tool of deployment with another schema",
        "The model learns arguments that the tool in deployment does not take.",
        "Use the schema of deployment and mend the calls that no longer fit.",
    ),
    "frame": Words(
        "warning",
        "",
        "Nearly all training inputs {what}; inputs of deployment do not",
        "The frame was put around the inputs for training only. " + _LEARNS,
        "Put the same frame around the inputs in deployment, or take it out of the rows.",
    ),
    "frame_missing": Words(
        "warning",
        "",
        "Nearly all inputs of deployment {what}; training inputs do not",
        _LEARNS,
        "Put the same frame around the training inputs.",
    ),
    "unread_name": Words(
        "note",
        "1 row names the speaker of a message beside its text",
        "{n} rows name the speaker of a message beside its text",
        "Nearly no chat template shows this name to the model, so what it says is lost.",
        "If the name matters, write it into the text.",
    ),
}
