"""Rules of the decision table on the levers before fine-tuning: what goes wrong, what was tried, what the job is.

Called by ``table``, which holds the order and the thresholds.
"""

from __future__ import annotations

from typing import Final

from tunewright.decision.advice_conditions import Compare, Condition, Limit, at_least, below, every, is_, some
from tunewright.decision.advice_rule import Rule, Says
from tunewright.decision.advice_rules_first import CHAT, OWN, RUN

FEW_SHOT = "tunewright run {what} --system few_shot:MODEL"
RETRIEVE = "tunewright run {what} --system retrieval"
RULES = "tunewright run {what} --system rules:rules.py:route"
CLASSICAL = "tunewright run {what} --system majority --system tfidf --system embedding"
NOT_SHIPPED = is_("shipped", False)
NOT_JUDGED = is_("judged", False)


def _errors_are(kind: str, limit: str = "error_share") -> Condition:
    """Enough errors were read and so many are of a kind; or somebody says so, which is weaker and shown as such."""
    counted = every(at_least("errors_tagged", Limit("tagged_errors")), at_least(f"share_{kind}", Limit(limit)))
    return every(some(counted, is_("main_failure", kind)), NOT_SHIPPED)


TAGGED = "50 errors of the best system, read and named, with another kind in front."

LEVER_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "errors_want_facts",
        "5",
        "What is missing is facts",
        _errors_are("facts"),
        (
            Says("retrieval", "do", "Put the facts beside the question: search them and quote them.", RETRIEVE),
            Says("tools", "try", "Where the fact is in a database, let the model ask it.", RUN),
            Says("fine_tune", "hold", "It teaches behaviour, not facts: afterwards, for style only.", RETRIEVE),
        ),
        TAGGED,
        "Our own limit; Ovadia et al. 2024: retrieval beat unsupervised fine-tuning for new and old facts.",
    ),
    Rule(
        "errors_of_form",
        "6",
        "What is wrong is the form",
        _errors_are("format"),
        (
            Says("tools", "do", "Force the form: a schema, a fixed list of answers, a call.", RUN),
            Says("fine_tune", "hold", "A forced form is free and never slips.", RUN),
        ),
        TAGGED,
        "Our own limit; a schema that is enforced while writing cannot be missed.",
    ),
    Rule(
        "errors_of_reasoning",
        "7",
        "What is wrong is the reasoning",
        _errors_are("reasoning"),
        (
            Says("other_model", "do", "A larger or a reasoning model, or the job cut into steps.", RUN),
            Says("fine_tune", "hold", "A few hundred answers do not teach a small model to reason.", RUN),
        ),
        TAGGED,
        "Our own limit.",
    ),
    Rule(
        "retrieval_misses",
        "8",
        "The right passage is not found",
        every(
            some(_errors_are("retrieval", "retrieval_share"), below("recall", Limit("least_recall"))),
            NOT_SHIPPED,
        ),
        (
            Says("retrieval", "do", "Mend the search before anything behind it.", RETRIEVE),
            Says("fine_tune", "hold", "It would learn to answer without the passage, which is to invent.", RETRIEVE),
        ),
        "The passage among those found in {least_recall} of the questions.",
        "Our own limits: no reader answers from a passage that was not found.",
    ),
    Rule(
        "facts_change",
        "9",
        "The facts change faster than a model is tuned again",
        every(is_("needs_facts", True), below("facts_change_days", Limit("retrain_days")), NOT_SHIPPED),
        (
            Says("retrieval", "do", "Keep the facts outside the model, where a person can change them.", RETRIEVE),
            Says("fine_tune", "no", "Facts that change every {facts_change_days} never belong into weights.", RETRIEVE),
        ),
        "Facts that stay for {retrain_days}, or a job that needs none.",
        "Our own limit: weights are as old as their last training.",
    ),
    Rule(
        "needs_facts",
        "5",
        "It needs facts",
        every(is_("needs_facts", True), is_("tried_retrieval", False), NOT_SHIPPED),
        (
            Says("retrieval", "do", "Search the facts and put them beside the question.", RETRIEVE),
            Says(
                "fine_tune", "hold", "It does not teach facts reliably. Retrieval first; style on top of it.", RETRIEVE
            ),
        ),
        "A run in which retrieval finds the passage and the answer is wrong all the same.",
        "Together: 'if you only need factual grounding, try RAG first'; Ovadia et al. 2024.",
    ),
    Rule(
        "calculation",
        "6",
        "It is a calculation",
        every(is_("work", "calculation"), NOT_SHIPPED),
        (
            Says("tools", "do", "Let a program calculate; a model may read the numbers out of the text for it.", RUN),
            Says("fine_tune", "no", "A model guesses digits; a program does not.", RUN),
        ),
        "A part of the job that is judgement: ask again about that part alone.",
        OWN,
    ),
    Rule(
        "lookup",
        "",
        "It is a lookup",
        every(is_("work", "lookup"), NOT_SHIPPED),
        (
            Says(
                "rules", "do", "A table, a database query or a search answers it, and a person can correct it.", RULES
            ),
            Says("retrieval", "try", "Where questions come in free words, search by meaning.", RETRIEVE),
            Says("fine_tune", "no", "Looking up is not a behaviour to learn.", RULES),
        ),
        "Questions that the table cannot answer although the answer is in it.",
        OWN,
    ),
    Rule(
        "task_changes",
        "9",
        "What counts as right changes fast",
        every(below("task_changes_days", Limit("retrain_days")), NOT_SHIPPED),
        (
            Says("rules", "try", "What changes often belongs where a person can change it: rules, templates.", RULES),
            Says("prompt", "do", "Write the rules of today into the prompt; changing a sentence takes a minute.", CHAT),
            Says("fine_tune", "no", "It would learn rules that change every {task_changes_days}.", RUN),
        ),
        "A definition of right that stays for {retrain_days}.",
        "Our own limit, for rules as for facts.",
    ),
    Rule(
        "small_volume",
        "",
        "Few answers are wanted",
        below("volume_per_day", Limit("small_volume")),
        (Says("workflow", "do", "{volume_per_day} a day: a person with a checklist or a template does it.", RULES),),
        "A volume of {small_volume} a day or more, or answers that take a person long.",
        OWN,
    ),
    Rule(
        "prompt_to_begin",
        "5.2 R2",
        "Nobody said that a prompt was tried",
        is_("prompt_open", True),
        (
            Says(
                "prompt",
                "do",
                "Begin with the job written out for a good model, with the form of the answer; it takes an hour.",
                CHAT,
            ),
        ),
        "A word on what was tried, or a run with a prompted model in it.",
        "OpenAI, Anthropic, Hugging Face, Mistral and DSPy all begin with a prompt (5.1).",
    ),
    Rule(
        "prompt_first",
        "5.2 R2",
        "No prompt was tried",
        every(is_("tried_prompt", False), NOT_SHIPPED),
        (
            Says(
                "prompt",
                "do",
                "Write the job out for a good model, with the form of the answer; it takes an hour.",
                CHAT,
            ),
            Says("fine_tune", "hold", "Nobody knows yet that a prompt does not do it.", CHAT),
        ),
        "A prompted model in the comparison that falls short.",
        "OpenAI, Anthropic, Hugging Face, Mistral and DSPy all begin with a prompt (5.1).",
    ),
    Rule(
        "prompt_not_compared",
        "5.2 R2",
        "No serious prompted model stands in the comparison",
        every(is_("prompt_compared", False), NOT_SHIPPED),
        (
            Says(
                "prompt",
                "do",
                "Add a prompted model, or the answers it gave: nobody knows yet whether it does better than what was "
                "compared.",
                RUN,
            ),
        ),
        "A run with a large prompted model among the simpler systems.",
        "DSPy's authors: what a fine-tune adds to an optimised prompt is usually small and sometimes negative.",
    ),
    Rule(
        "win_without_prompt",
        "5.2 R2",
        "The fine-tune won over no serious prompted model",
        every(is_("prompt_compared", False), is_("shipped", True)),
        (
            Says(
                "prompt", "do", "Add a prompted model, or the answers it gave: without it the win is over little.", RUN
            ),
        ),
        "A run with a large prompted model among the simpler systems.",
        "DSPy's authors: what a fine-tune adds to an optimised prompt is usually small and sometimes negative.",
    ),
    Rule(
        "few_shot_first",
        "5.2 R4",
        "No examples in the prompt were tried",
        every(is_("tried_few_shot", False), at_least("labelled", Limit("few_shot_rows")), NOT_JUDGED),
        (
            Says("few_shot", "do", "Show the model examples of yours, best those nearest to the question.", FEW_SHOT),
            Says("fine_tune", "hold", "The same examples in a prompt cost nothing and may do it.", FEW_SHOT),
        ),
        "Examples in the prompt that fall short in the comparison.",
        "DSPy: examples in the prompt are the honest baseline; Microsoft: tune when they no longer fit.",
    ),
    Rule(
        "closed_answers",
        "5.2 R1",
        "Answers come from a fixed list",
        every(is_("closed_answers", True), at_least("train_rows", Limit("fewest_rows")), NOT_JUDGED),
        (Says("classical", "try", "For fixed answers a linear model is often as good, and nearly free.", CLASSICAL),),
        "A run in which it falls behind by {min_improvement} or more.",
        "Ladder 5.2, R1.",
    ),
    Rule(
        "other_model",
        "5.2 R7",
        "Only one model was tried",
        every(is_("tried_prompt", True), is_("tried_other_model", False), NOT_JUDGED),
        (Says("other_model", "try", "Give the same prompt to a larger model and to another maker's.", RUN),),
        "Two sizes of model in the comparison.",
        "Ladder 5.2, R2: two sizes; Anthropic: not every failing eval is a matter of the prompt.",
    ),
)


def comparisons(condition: Condition) -> tuple[Compare, ...]:
    """All comparisons of a condition, for pages and tests."""
    if isinstance(condition, Compare):
        return (condition,)
    return tuple(one for part in condition.parts for one in comparisons(part))
